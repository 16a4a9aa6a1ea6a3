/*
 * validation.c
 *	  The result of comparing the live schema with an expected one.
 *
 * An expectation is a schema document or the flat form, {"table": ["column", …]}, which
 * says nothing but names and is compared by names alone.  What is excluded, or stands in
 * a schema that is not compared, is taken out of the expected side here and never read
 * on the other, so that it can be no difference.  The result is one list of differences
 * and three ways to write it: the document, whose members are relied on, the report for
 * people, and the few lines of an error's detail.
 *
 * It never decides what a difference is, or how bad (diff.c), and never repairs one.  A
 * document may come from anybody, so every member is checked before it is used.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "mb/pg_wchar.h"
#include "schema/catalog/catalog.h"
#include "schema/model/document.h"
#include "schema/model/leave.h"
#include "schema/catalog/validation.h"
#include "utils/builtins.h"

/* How much of a text validation_detail() shows. */
#define DETAIL_TEXT_BYTES 200

/* Columns have a name and nothing else; they are never compared by anything else. */
static bool
read_flat_table(const char *name, JsonbValue *value, void *arg)
{
	Expectation *expectation = arg;
	SchemaTable *table = schema_new(&schema_table_kind);
	JsonbContainer *columns = value->val.binary.data;
	int			count = JsonContainerSize(columns);

	table->object.schema = linitial(expectation->schemas);
	table->object.name = pstrdup(name);
	for (int i = 0; i < count; i++)
	{
		SchemaColumn *column = schema_new(&schema_column_kind);

		column->object.name = json_value_string(getIthJsonbValueFromContainer(columns, i));
		table->columns = lappend(table->columns, column);
	}
	expectation->schema->tables = lappend(expectation->schema->tables, table);
	return true;
}

/* Stops at the first member that is not an array of strings. */
static bool
check_flat_table(const char *name, JsonbValue *value, void *arg)
{
	const char **reason = arg;
	int			count;

	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
	{
		*reason = psprintf("Member \"%s\" is not an array of column names.", name);
		return false;
	}
	count = JsonContainerSize(value->val.binary.data);
	for (int i = 0; i < count; i++)
	{
		if (getIthJsonbValueFromContainer(value->val.binary.data, i)->type != jbvString)
		{
			*reason = psprintf("Member \"%s\" holds something else than column names.", name);
			return false;
		}
	}
	return true;
}

/* Nothing but names is known, so nothing but names will be compared. */
static void
read_flat(Expectation *expectation, Jsonb *expected)
{
	const char *reason = NULL;

	if (!JB_ROOT_IS_OBJECT(expected))
		reason = "It must be a JSON object.";
	else
		json_visit(&expected->root, check_flat_table, &reason);
	if (reason != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid expected schema"), errdetail("%s", reason),
						errhint("Give a schema document, as made by db_adapter.expected(), or "
								"{\"table\": [\"column\", ...]}.")));
	if (list_length(expectation->schemas) > 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a list of table and column names is compared with one schema"),
						errhint("Give argument schemas one name.")));
	expectation->is_flat = true;
	expectation->schema = schema_new(&schema_kind);
	if (expectation->schemas == NIL)
		expectation->schemas = list_make1("public");
	expectation->schema->schemas = expectation->schemas;
	json_visit(&expected->root, read_flat_table, expectation);
	schema_sort(expectation->schema);
}

/*
 * Takes out of a list of objects what is excluded by name and what stands in a
 * schema that is not compared.
 */
static void
filter_objects(List **objects, List *schemas, List *exclude)
{
	ListCell   *lc;

	foreach(lc, *objects)
	{
		const SchemaObject *object = lfirst(lc);

		if ((object->schema != NULL && !schema_lists(schemas, object->schema)) ||
			schema_lists(exclude, object->name))
			*objects = foreach_delete_current(*objects, lc);
	}
}

/*
 * Names to exclude are of relations: a function that bears one of them is compared all the
 * same.
 */
void
validation_filter(Schema *schema, List *schemas, List *exclude)
{
	ListCell   *lc;

	filter_objects(&schema->tables, schemas, exclude);
	filter_objects(&schema->views, schemas, exclude);
	filter_objects(&schema->sequences, schemas, exclude);
	filter_objects(&schema->functions, schemas, NIL);
	filter_objects(&schema->types, schemas, NIL);
	filter_objects(&schema->statistics, schemas, NIL);
	filter_objects(&schema->others, schemas, NIL);
	filter_objects(&schema->default_privileges, schemas, NIL);
	foreach(lc, schema->namespaces)
	{
		if (!schema_lists(schemas, ((SchemaObject *) lfirst(lc))->name))
			schema->namespaces = foreach_delete_current(schema->namespaces, lc);
	}
}

/*
 * The schemas of the document, unless the caller names some.  A document that names
 * schemas is compared with those, so that whoever gives one need not repeat it;
 * arguments go first.  The lists are shared with the document's and not copied.
 */
Expectation *
validation_expect(Jsonb *expected, List *schemas, List *exclude)
{
	Expectation *expectation = palloc0(sizeof(Expectation));

	expectation->schemas = schemas;
	expectation->exclude = exclude;
	if (!document_recognize(expected))
		read_flat(expectation, expected);
	else
	{
		expectation->schema = document_read(expected);
		if (schemas == NIL)
			expectation->schemas = expectation->schema->schemas;
	}
	validation_filter(expectation->schema, expectation->schemas, exclude);
	elog(DEBUG1, "validate: %s, tables expected: %d, schemas: %d, which %s",
		 expectation->is_flat ? "names of columns" : "a schema document",
		 list_length(expectation->schema->tables), list_length(expectation->schemas),
		 schemas != NIL ? "were asked for" : "the document names");
	return expectation;
}

/* actual is changed too: tables that an extension manages are marked in it. */
Schema *
validation_leave_alone(const Schema *expected, Schema *actual, List *ignore)
{
	catalog_mark_managed(actual);
	return leave_alone(expected, actual, leave_parse(ignore));
}

/*
 * Excluded relations are not read at all: what they hold costs nothing.  For names
 * alone, nothing but names is read: on a large database that is a small part of the
 * time.
 */
List *
validation_compare(const Expectation *expectation, List *ignore)
{
	int			bits = diff_parse_ignore(ignore);
	Schema	   *actual;
	Schema	   *expected;

	if (expectation->is_flat)
		actual = catalog_read_columns(expectation->schemas, expectation->exclude);
	else
		actual = catalog_read_comparable(expectation->schemas, expectation->exclude,
										 expectation->schema);
	expected = validation_leave_alone(expectation->schema, actual, ignore);
	return expectation->is_flat ? diff_names(expected, actual)
								: diff_schemas(expected, actual, bits);
}

/* A table as the document's readers know it: bare in public, else with its schema. */
static char *
table_name(const void *table)
{
	const SchemaObject *object = table;

	if (strcmp(object->schema, "public") == 0)
		return object->name;
	return schema_identity(object);
}

/* Tables and nothing else: "differences" has all kinds. */
static void
write_tables(JsonWriter *w, const char *key, List *differences, DifferenceKind kind)
{
	ListCell   *lc;

	json_key(w, key);
	json_begin_array(w);
	foreach(lc, differences)
	{
		Difference *d = lfirst(lc);

		if (d->kind == kind && d->object_kind == &schema_table_kind)
			json_string(w, table_name(d->expected != NULL ? d->expected : d->actual));
	}
	json_end_array(w);
}

/* Columns of tables that are missing as a whole are not listed again. */
static void
write_missing_columns(JsonWriter *w, List *differences)
{
	ListCell   *lc;

	json_key(w, "missing_columns");
	json_begin_array(w);
	foreach(lc, differences)
	{
		Difference *d = lfirst(lc);
		char	   *table;
		char	   *column;

		if (d->kind != DIFFERENCE_MISSING || d->object_kind != &schema_column_kind ||
			d->parent_kind != &schema_table_kind)
			continue;
		table = table_name(d->parent);
		column = ((SchemaObject *) d->expected)->name;
		json_begin_object(w);
		json_put_string(w, "table", table);
		json_put_string(w, "column", column);
		json_put_string(w, "message",
						psprintf(strcmp(table, ((SchemaObject *) d->parent)->name) == 0
									 ? "column \"%s\" of table \"%s\" is missing"
									 : "column \"%s\" of table %s is missing",
								 column, table));
		json_end_object(w);
	}
	json_end_array(w);
}

void
validation_write_difference(JsonWriter *w, const Difference *d)
{
	json_begin_object(w);
	json_put_string(w, "severity", d->is_error ? "error" : "warning");
	json_put_string(w, "object_type", difference_object_type(d));
	json_put_string(w, "object", difference_object(d));
	json_put_string(w, "attribute", difference_attribute(d));
	json_put_string(w, "expected", difference_expected(d));
	json_put_string(w, "actual", difference_actual(d));
	json_end_object(w);
}

static void
write_differences(JsonWriter *w, List *differences)
{
	ListCell   *lc;

	json_key(w, "differences");
	json_begin_array(w);
	foreach(lc, differences)
		validation_write_difference(w, lfirst(lc));
	json_end_array(w);
}

/* Members that other programs rely on: they are added to, never changed. */
Jsonb *
validation_write(List *differences)
{
	JsonWriter	w;
	int			errors = diff_count_errors(differences);

	json_init(&w);
	json_begin_object(&w);
	json_put_bool(&w, "valid", errors == 0);
	write_tables(&w, "missing_tables", differences, DIFFERENCE_MISSING);
	write_missing_columns(&w, differences);
	write_tables(&w, "extra_tables", differences, DIFFERENCE_EXTRA);
	write_differences(&w, differences);
	json_put_int(&w, "error_count", errors);
	json_end_object(&w);
	return json_finish(&w);
}

/* ---------- the report ---------- */

/* While a report is written, one severity after the other. */
typedef struct Report
{
	StringInfoData out;
	bool		markdown;
	bool		errors;			/* the severity being listed */
	int			listed;
} Report;

/* Text that stands in a line of its own: newlines of a definition become spaces. */
static char *
one_line(char *text)
{
	for (char *p = text; *p != '\0'; p++)
		if (*p == '\n' || *p == '\r' || *p == '\t')
			*p = ' ';
	return text;
}

/*
 * In a markdown table a bar would end the cell.  A "<" would begin a tag, and a
 * backslash would take the bar's escape away.
 */
static void
append_cell(StringInfo out, const char *text)
{
	appendStringInfoString(out, " ");
	for (; *text != '\0'; text++)
	{
		if (*text == '|' || *text == '\\' || *text == '<')
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, *text);
	}
	appendStringInfoString(out, " |");
}

/* A line a difference; what has no value is "not set", since NULL may be a value. */
static void
append_text_line(StringInfo out, const char *type, const char *object, const char *attribute,
				 const char *expected, const char *actual)
{
	appendStringInfo(out, "  %s %s", type, object);
	if (attribute != NULL)
		appendStringInfo(out, ": %s is %s, expected %s\n", attribute, actual ? actual : "not set",
						 expected ? expected : "not set");
	else
		appendStringInfo(out, "%s\n", actual == NULL ? " is missing" : " is not expected");
}

/* Definitions can be of any length. */
static char *
shorten(char *text)
{
	int			len;

	if (text == NULL || strlen(text) <= DETAIL_TEXT_BYTES)
		return text;
	len = pg_mbcliplen(text, strlen(text), DETAIL_TEXT_BYTES);
	return psprintf("%.*s...", len, text);
}

/* For errors and warnings, which have to stay short: errors alone, as many as most says. */
char *
validation_detail(List *differences, int most)
{
	StringInfoData out;
	int			left = most;
	int			errors = diff_count_errors(differences);
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, differences)
	{
		const Difference *d = lfirst(lc);
		char	   *expected;
		char	   *actual;

		if (!d->is_error || left-- <= 0)
			continue;
		expected = difference_expected(d);
		actual = difference_actual(d);
		append_text_line(&out, difference_object_type(d), difference_object(d),
						 difference_attribute(d),
						 expected ? one_line(shorten(pstrdup(expected))) : NULL,
						 actual ? one_line(shorten(pstrdup(actual))) : NULL);
	}
	if (errors > most)
		appendStringInfo(&out, "  and %d more\n", errors - most);
	if (out.len > 0)
		out.data[--out.len] = '\0';
	return out.data;
}

/* The document may be of anybody, and of another release: each member is checked. */
static bool
report_difference(const char *key, JsonbValue *value, void *arg)
{
	Report	   *report = arg;
	JsonbContainer *d = value->val.binary.data;
	const char *what = "validation";
	const char *fields[] = {"object_type", "object", "attribute", "expected", "actual"};
	char	   *texts[lengthof(fields)];
	bool		is_error;

	if (value->type != jbvBinary || !JsonContainerIsObject(d))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid validation: a difference must be an object")));
	is_error = strcmp(json_get_string_or(d, "severity", "error", what), "error") == 0;
	if (is_error != report->errors)
		return true;
	for (int i = 0; i < lengthof(fields); i++)
	{
		texts[i] = json_get_string(d, fields[i], what);
		if (texts[i] != NULL)
			texts[i] = one_line(texts[i]);
	}
	report->listed++;
	if (report->markdown)
	{
		appendStringInfo(&report->out, "| %s |", is_error ? "error" : "warning");
		for (int i = 0; i < lengthof(fields); i++)
			append_cell(&report->out, texts[i] ? texts[i] : "");
		appendStringInfoChar(&report->out, '\n');
	}
	else
		append_text_line(&report->out, texts[0] ? texts[0] : "", texts[1] ? texts[1] : "", texts[2],
						 texts[3], texts[4]);
	return true;
}

/* The differences of one severity under a heading of their own. */
static void
report_severity(Report *report, JsonbContainer *differences, bool errors)
{
	int			start = report->out.len;

	report->errors = errors;
	report->listed = 0;
	if (!report->markdown)
		appendStringInfoString(&report->out, errors ? "errors:\n" : "warnings:\n");
	json_visit(differences, report_difference, report);
	if (report->listed == 0)
	{
		report->out.len = start;
		report->out.data[start] = '\0';
	}
}

/* From the document and not from differences, so that one which was stored can be shown. */
char *
validation_report(Jsonb *validation, const char *format)
{
	static const char *const formats[] = {"text", "markdown", NULL};
	Report		report = {.markdown = argument_choose(format, formats, "format") == 1};
	const char *what = "validation";
	JsonbContainer *differences;
	int64		errors;
	bool		valid;

	if (!JB_ROOT_IS_OBJECT(validation))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid validation: it must be a JSON object"),
						errhint("Give the result of db_adapter.validate().")));
	valid = json_get_bool(&validation->root, "valid", false, what);
	errors = json_get_int(&validation->root, "error_count", 0, what);
	differences = json_get_array(&validation->root, "differences", what);

	initStringInfo(&report.out);
	appendStringInfo(&report.out, "%s%s", report.markdown ? "## " : "",
					 valid ? "The schema is as expected" : "The schema has drifted");
	if (errors > 0)
		appendStringInfo(&report.out, ": " INT64_FORMAT " error%s", errors, errors > 1 ? "s" : "");
	appendStringInfoChar(&report.out, '\n');
	if (differences != NULL && JsonContainerSize(differences) > 0)
	{
		if (report.markdown)
			appendStringInfoString(
				&report.out, "\n| severity | type | object | attribute | expected | actual |\n"
							 "|---|---|---|---|---|---|\n");
		report_severity(&report, differences, true);
		report_severity(&report, differences, false);
	}
	return pnstrdup(report.out.data, report.out.len - 1);
}
