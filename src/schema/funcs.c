/*
 * funcs.c
 *	  SQL entry points of the schema wing: unpack the arguments, call one verb,
 *	  return its result.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "schema/apply/apply.h"
#include "schema/catalog/catalog.h"
#include "schema/declare/declare.h"
#include "schema/model/diagram.h"
#include "schema/model/diff.h"
#include "schema/model/document.h"
#include "schema/expected/expected.h"
#include "schema/expected/expected_columns.h"
#include "schema/apply/apply_saved.h"
#include "schema/declare/touched.h"
#include "schema/apply/trial.h"
#include "schema/catalog/validation.h"
#include "schema/declare/watch.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* A text argument; NULL stands for the default. */
static char *
text_argument(FunctionCallInfo fcinfo, int n, const char *otherwise)
{
	return PG_ARGISNULL(n) ? pstrdup(otherwise) : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

/* An argument of type name[] or text[] as a List of char *; NULL gives NIL. */
static List *
list_argument(FunctionCallInfo fcinfo, int n)
{
	ArrayType  *array;
	Datum	   *values;
	bool	   *nulls;
	int			count;
	List	   *result = NIL;

	if (PG_ARGISNULL(n))
		return NIL;
	array = PG_GETARG_ARRAYTYPE_P(n);
	if (ARR_ELEMTYPE(array) == NAMEOID)
		deconstruct_array(array, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR, &values, &nulls,
						  &count);
	else
		deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
	{
		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
							errmsg("array of names must not contain nulls")));
		result = lappend(result, ARR_ELEMTYPE(array) == NAMEOID
									 ? pstrdup(NameStr(*DatumGetName(values[i])))
									 : TextDatumGetCString(values[i]));
	}
	return result;
}

/* Schemas to read; NULL stands for public. */
static List *
schemas_argument(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? list_make1("public") : list_argument(fcinfo, n);
}

/* One row of texts into a materialised result. */
static void
put_texts(ReturnSetInfo *rsinfo, char **texts, int count)
{
	Datum		values[8];
	bool		nulls[8];

	Assert(count <= lengthof(values));
	for (int i = 0; i < count; i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
check_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (PG_ARGISNULL(n))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument %s must not be null", name)));
}

static Jsonb *
jsonb_argument(FunctionCallInfo fcinfo, int n, const char *name)
{
	check_argument(fcinfo, n, name);
	return PG_GETARG_JSONB_P(n);
}

/* The arguments after the first that validate, validate_text and differences share. */
static List *
compare_live(FunctionCallInfo fcinfo, Jsonb *expected)
{
	Expectation *expectation =
		validation_expect(expected, list_argument(fcinfo, 1), list_argument(fcinfo, 2));

	return validation_compare(expectation, diff_parse_ignore(list_argument(fcinfo, 3)));
}

/* An interval as the settings of timeouts have it; 0 is none. */
static int
interval_milliseconds(const Interval *interval, const char *name)
{
	double		days = interval->day + interval->month * 30.0;
	double		ms = (interval->time + days * USECS_PER_DAY) / 1000.0;

	if (ms < 0 || ms > INT_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("argument %s is out of range", name)));
	return (int) ms;
}

static ArrayType *
strings_to_array(List *strings)
{
	Datum	   *values = palloc(sizeof(Datum) * (list_length(strings) + 1));
	int			count = 0;
	ListCell   *lc;

	foreach(lc, strings)
		values[count++] = CStringGetTextDatum(lfirst(lc));
	return construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT);
}

/* The steps of a plan as rows. */
static void
put_plan_steps(ReturnSetInfo *rsinfo, Jsonb *document)
{
	PlanDocument *plan = plan_read(document);
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		PlannedStep *step = lfirst(lc);
		char	   *texts[] = {NULL, step->action, step->object, step->sql, NULL, step->reason};
		Datum		values[lengthof(texts)];
		bool		nulls[lengthof(texts)];

		for (int i = 0; i < lengthof(texts); i++)
		{
			nulls[i] = texts[i] == NULL;
			values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
		}
		nulls[0] = nulls[4] = false;
		values[0] = Int32GetDatum(step->number);
		values[4] = PointerGetDatum(strings_to_array(step->hazards));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(db_adapter_introspect);

Datum
db_adapter_introspect(PG_FUNCTION_ARGS)
{
	Schema	   *schema = catalog_read(schemas_argument(fcinfo, 0), list_argument(fcinfo, 1));
	Jsonb	   *document = document_write(schema);

	/* What prints the document needs the memory. */
	schema_free(schema);
	PG_RETURN_JSONB_P(document);
}

PG_FUNCTION_INFO_V1(db_adapter_fingerprint);

Datum
db_adapter_fingerprint(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(catalog_fingerprint(schemas_argument(fcinfo, 0))));
}

PG_FUNCTION_INFO_V1(db_adapter_column_names);

Datum
db_adapter_column_names(PG_FUNCTION_ARGS)
{
	List *schemas = list_make1(PG_ARGISNULL(0) ? "public" : pstrdup(NameStr(*PG_GETARG_NAME(0))));

	PG_RETURN_JSONB_P(
		document_write_columns(catalog_read_columns(schemas, list_argument(fcinfo, 1))));
}

PG_FUNCTION_INFO_V1(db_adapter_diagram);

Datum
db_adapter_diagram(PG_FUNCTION_ARGS)
{
	char	   *format = text_argument(fcinfo, 1, "mermaid");

	PG_RETURN_TEXT_P(
		cstring_to_text(diagram_draw(catalog_read(schemas_argument(fcinfo, 0), NIL), format)));
}

static Datum
expected_of(FunctionCallInfo fcinfo, List *texts, bool numbered)
{
	ExpectedRequest request = {0};

	request.texts = texts;
	request.numbered = numbered;
	request.schemas_given = !PG_ARGISNULL(1);
	request.schemas = list_argument(fcinfo, 1);
	request.search_path = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	request.allow_do = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
	PG_RETURN_JSONB_P(expected_document(&request));
}

PG_FUNCTION_INFO_V1(db_adapter_expected);

Datum
db_adapter_expected(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return expected_of(fcinfo, list_make1(text_to_cstring(PG_GETARG_TEXT_PP(0))), false);
}

PG_FUNCTION_INFO_V1(db_adapter_expected_files);

Datum
db_adapter_expected_files(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	return expected_of(fcinfo, list_argument(fcinfo, 0), true);
}

PG_FUNCTION_INFO_V1(db_adapter_expected_columns);

Datum
db_adapter_expected_columns(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(expected_columns(text_to_cstring(PG_GETARG_TEXT_PP(0)),
									   PG_ARGISNULL(1) ? "public" : NameStr(*PG_GETARG_NAME(1))));
}

PG_FUNCTION_INFO_V1(db_adapter_validate);

Datum
db_adapter_validate(PG_FUNCTION_ARGS)
{
	PG_RETURN_JSONB_P(
		validation_write(compare_live(fcinfo, jsonb_argument(fcinfo, 0, "expected"))));
}

PG_FUNCTION_INFO_V1(db_adapter_validate_text);

Datum
db_adapter_validate_text(PG_FUNCTION_ARGS)
{
	ExpectedRequest request = {0};

	check_argument(fcinfo, 0, "schema_sql");
	request.texts = list_make1(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	request.schemas_given = !PG_ARGISNULL(1);
	request.schemas = list_argument(fcinfo, 1);
	PG_RETURN_JSONB_P(validation_write(compare_live(fcinfo, expected_document(&request))));
}

static void
put_differences(ReturnSetInfo *rsinfo, List *differences)
{
	ListCell   *lc;

	foreach(lc, differences)
	{
		Difference *d = lfirst(lc);
		char	   *texts[6] = {d->is_error ? "error" : "warning", NULL};

		texts[1] = unconstify(char *, difference_object_type(d));
		texts[2] = difference_object(d);
		texts[3] = unconstify(char *, difference_attribute(d));
		texts[4] = difference_expected(d);
		texts[5] = difference_actual(d);
		put_texts(rsinfo, texts, lengthof(texts));
	}
}

PG_FUNCTION_INFO_V1(db_adapter_differences);

Datum
db_adapter_differences(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	put_differences((ReturnSetInfo *) fcinfo->resultinfo,
					compare_live(fcinfo, jsonb_argument(fcinfo, 0, "expected")));
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_declared_differences);

Datum
db_adapter_declared_differences(PG_FUNCTION_ARGS)
{
	Declaration d = {.name = text_to_cstring(PG_GETARG_TEXT_PP(0)),
					 .document = PG_GETARG_JSONB_P(1)};
	ErrorData  *error;

	InitMaterializedSRF(fcinfo, 0);
	put_differences((ReturnSetInfo *) fcinfo->resultinfo, watch_preview(&d, &error));
	if (error != NULL)
	{
		char	   *texts[6] = {"error", "declaration", d.name, "document", NULL, error->message};

		put_texts((ReturnSetInfo *) fcinfo->resultinfo, texts, lengthof(texts));
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_report);

Datum
db_adapter_report(PG_FUNCTION_ARGS)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(
		cstring_to_text(validation_report(PG_GETARG_JSONB_P(0), text_argument(fcinfo, 1, "text"))));
}

PG_FUNCTION_INFO_V1(db_adapter_plan);

Datum
db_adapter_plan(PG_FUNCTION_ARGS)
{
	PlanRequest request = {.recreate_threshold = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2),
						   .allow_drop = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3),
						   .verify = PG_ARGISNULL(4) || PG_GETARG_BOOL(4)};

	request.expected = jsonb_argument(fcinfo, 0, "expected");
	request.definitions = PG_ARGISNULL(1) ? NULL : PG_GETARG_JSONB_P(1);
	request.schemas = list_argument(fcinfo, 5);
	request.exclude = list_argument(fcinfo, 6);
	request.ignore = list_argument(fcinfo, 7);
	request.renames = PG_ARGISNULL(8) ? NULL : PG_GETARG_JSONB_P(8);
	request.online = !PG_ARGISNULL(9) && PG_GETARG_BOOL(9);
	PG_RETURN_JSONB_P(trial_make_plan(&request));
}

PG_FUNCTION_INFO_V1(db_adapter_plan_steps);

Datum
db_adapter_plan_steps(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	if (!PG_ARGISNULL(0))
		put_plan_steps((ReturnSetInfo *) fcinfo->resultinfo, PG_GETARG_JSONB_P(0));
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_apply);

Datum
db_adapter_apply(PG_FUNCTION_ARGS)
{
	ApplyOptions options = {.confirm = !PG_ARGISNULL(1) && PG_GETARG_BOOL(1),
							.backup = PG_ARGISNULL(2) || PG_GETARG_BOOL(2)};
	Jsonb	   *plan = jsonb_argument(fcinfo, 0, "plan");

	options.lock_timeout_ms =
		PG_ARGISNULL(3) ? 0 : interval_milliseconds(PG_GETARG_INTERVAL_P(3), "lock_timeout");
	PG_RETURN_JSONB_P(apply_plan(plan, &options));
}

static void
put_chunk(const char *chunk, void *arg)
{
	char	   *texts[] = {unconstify(char *, chunk)};

	put_texts(arg, texts, 1);
}

PG_FUNCTION_INFO_V1(db_adapter_saved_document);

Datum
db_adapter_saved_document(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	saved_read(PG_GETARG_INT64(0), put_chunk, fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_purge_saved_rows);

Datum
db_adapter_purge_saved_rows(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(saved_purge(PG_GETARG_DATUM(0)));
}

PG_FUNCTION_INFO_V1(db_adapter_declare);

Datum
db_adapter_declare(PG_FUNCTION_ARGS)
{
	ExpectedRequest request = {0};

	for (int i = 0; i < 2; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("argument %s must not be null", i == 0 ? "name" : "schema_sql")));
	request.texts = list_make1(text_to_cstring(PG_GETARG_TEXT_PP(1)));
	request.schemas_given = !PG_ARGISNULL(2);
	request.schemas = list_argument(fcinfo, 2);
	PG_RETURN_JSONB_P(declare_schema(text_to_cstring(PG_GETARG_TEXT_PP(0)), &request,
									 text_argument(fcinfo, 3, "warn")));
}

PG_FUNCTION_INFO_V1(db_adapter_undeclare);

Datum
db_adapter_undeclare(PG_FUNCTION_ARGS)
{
	declare_undo(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	PG_RETURN_VOID();
}

/* Of both event triggers: the end of a command, and what it has dropped. */
PG_FUNCTION_INFO_V1(db_adapter_note_ddl);

Datum
db_adapter_note_ddl(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = (EventTriggerData *) fcinfo->context;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("db_adapter.note_ddl() can only be called by an event trigger")));
	if (strcmp(data->event, "ddl_command_start") == 0)
		watch_refuse_halfway(data->parsetree);
	else if (strcmp(data->event, "sql_drop") == 0)
		touched_note_drops();
	else
		touched_note_command(data->parsetree);
	PG_RETURN_VOID();
}
