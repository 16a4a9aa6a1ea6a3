/*
 * diagram.c
 *	  An entity-relationship diagram of a schema: tables with their columns and
 *	  keys, foreign keys with their cardinalities.
 *
 * Partitions are left out: their partitioned table stands for them.  On the
 * referenced side a foreign key meets exactly one row, or none or one where a
 * column of it may be null; on the referencing side any number, or at most one
 * where a key of that table lies within its columns.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "schema/model/diagram.h"

/* One way of writing a diagram down. */
typedef struct DiagramFormat
{
	const char *header;
	const char *footer;
	void (*table)(StringInfo out, const SchemaTable *table, bool qualified);
	void (*reference)(StringInfo out, const SchemaTable *table, const SchemaConstraint *key,
					  bool qualified);
} DiagramFormat;

/* Nothing lies within nothing: a key without columns tells nothing apart. */
static bool
contains(List *names, List *all)
{
	ListCell   *lc;

	foreach(lc, all)
		if (!schema_lists(names, lfirst(lc)))
			return false;
	return all != NIL;
}

static bool
is_kind(const SchemaConstraint *constraint, const char *kind)
{
	return strcmp(constraint->kind, kind) == 0;
}

static bool
is_unique(const SchemaConstraint *constraint)
{
	return is_kind(constraint, "primary key") || is_kind(constraint, "unique");
}

/*
 * At most one row of the table has the same values in these columns.  An index with a
 * predicate is unique for some rows only, and an invalid one for none that can be
 * relied on.  Keys on expressions name no column and so are never contained.
 */
static bool
is_one_to_one(const SchemaTable *table, const SchemaConstraint *key)
{
	ListCell   *lc;

	foreach(lc, table->constraints)
	{
		SchemaConstraint *constraint = lfirst(lc);

		if (is_unique(constraint) && contains(key->columns, constraint->columns))
			return true;
	}
	foreach(lc, table->indexes)
	{
		SchemaIndex *index = lfirst(lc);

		if (index->is_unique && index->predicate == NULL && !index->invalid &&
			contains(key->columns, index->columns))
			return true;
	}
	return false;
}

/* One column of the key that may be null is enough: MATCH SIMPLE then asks for no row. */
static bool
is_optional(const SchemaTable *table, const SchemaConstraint *key)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		SchemaColumn *column = lfirst(lc);

		if (!column->not_null && schema_lists(key->columns, column->object.name))
			return true;
	}
	return false;
}

/* The row cannot be told from others without the row it refers to. */
static bool
is_identifying(const SchemaTable *table, const SchemaConstraint *key)
{
	ListCell   *lc;

	foreach(lc, table->constraints)
	{
		SchemaConstraint *constraint = lfirst(lc);

		if (is_kind(constraint, "primary key"))
			return contains(constraint->columns, key->columns);
	}
	return false;
}

/* "PK", "FK", "UK", as many as apply; "" for none. */
static char *
column_keys(const SchemaTable *table, const char *column)
{
	static const char *const kinds[] = {"primary key", "foreign key", "unique"};
	static const char *const marks[] = {"PK", "FK", "UK"};
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	for (int i = 0; i < lengthof(kinds); i++)
		foreach(lc, table->constraints)
		{
			SchemaConstraint *constraint = lfirst(lc);

			if (!is_kind(constraint, kinds[i]) || !schema_lists(constraint->columns, column))
				continue;
			appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "", marks[i]);
			break;
		}
	return out.data;
}

static char *
table_name(const char *schema, const char *name, bool qualified)
{
	return qualified ? psprintf("%s.%s", schema, name) : pstrdup(name);
}

/*
 * A word as mermaid's grammar has it for types and columns: ASCII letters,
 * digits, hyphens, underscores, brackets; anything else becomes an underscore.
 */
static char *
mermaid_word(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	if (strchr("0123456789-()[]", text[0]) != NULL)
		appendStringInfoChar(&out, '_');
	for (const char *p = text; *p != '\0'; p += pg_mblen(p))
	{
		if (IS_HIGHBIT_SET(*p) || (!isalnum((unsigned char) *p) && strchr("-_()[]", *p) == NULL))
			appendStringInfoChar(&out, '_');
		else
			appendStringInfoChar(&out, *p);
	}
	return out.data;
}

/* Text in double quotes: mermaid has no way to write some characters there. */
static char *
mermaid_quoted(const char *text)
{
	char	   *quoted = psprintf("\"%s\"", text);

	for (char *p = quoted + 1; p[1] != '\0'; p++)
	{
		if (*p == '"')
			*p = '\'';
		else if (*p == '%' || *p == '\\' || (unsigned char) *p < ' ')
			*p = '_';
	}
	return quoted;
}

/* Brackets mean an alias in the name of an entity, where they are letters in a type. */
static char *
mermaid_entity(const char *schema, const char *name, bool qualified)
{
	char	   *entity = table_name(schema, name, qualified);

	return strcmp(entity, mermaid_word(entity)) == 0 && strpbrk(entity, "()[]") == NULL
			   ? entity
			   : mermaid_quoted(entity);
}

static void
mermaid_table(StringInfo out, const SchemaTable *table, bool qualified)
{
	ListCell   *lc;

	appendStringInfo(out, "    %s {\n",
					 mermaid_entity(table->object.schema, table->object.name, qualified));
	foreach(lc, table->columns)
	{
		SchemaColumn *column = lfirst(lc);
		const char *name = column->object.name;
		const char *word = mermaid_word(name);
		const char *keys = column_keys(table, name);

		appendStringInfo(out, "        %s %s", mermaid_word(column->type), word);
		if (keys[0] != '\0')
			appendStringInfo(out, " %s", keys);
		if (strcmp(word, name) != 0)
			appendStringInfo(out, " %s", mermaid_quoted(name));
		appendStringInfoChar(out, '\n');
	}
	appendStringInfoString(out, "    }\n");
}

static void
mermaid_reference(StringInfo out, const SchemaTable *table, const SchemaConstraint *key,
				  bool qualified)
{
	appendStringInfo(out, "    %s %s%s%s %s : %s\n",
					 mermaid_entity(key->referenced_schema, key->referenced_table, qualified),
					 is_optional(table, key) ? "|o" : "||",
					 is_identifying(table, key) ? "--" : "..",
					 is_one_to_one(table, key) ? "o|" : "o{",
					 mermaid_entity(table->object.schema, table->object.name, qualified),
					 mermaid_quoted(key->object.name));
}

static char *
dot_quoted(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '"');
	for (; *text != '\0'; text++)
	{
		if (*text == '"' || *text == '\\')
			appendStringInfoChar(&out, '\\');
		appendStringInfoChar(&out, *text);
	}
	appendStringInfoChar(&out, '"');
	return out.data;
}

/* Labels are HTML of dot's own, in which a name must not open a tag. */
static char *
dot_html(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	for (; *text != '\0'; text++)
		switch (*text)
		{
			case '&':
				appendStringInfoString(&out, "&amp;");
				break;
			case '<':
				appendStringInfoString(&out, "&lt;");
				break;
			case '>':
				appendStringInfoString(&out, "&gt;");
				break;
			case '"':
				appendStringInfoString(&out, "&quot;");
				break;
			default:
				appendStringInfoChar(&out, *text);
		}
	return out.data;
}

static void
dot_table(StringInfo out, const SchemaTable *table, bool qualified)
{
	char	   *name = table_name(table->object.schema, table->object.name, qualified);
	ListCell   *lc;

	appendStringInfo(out,
					 "    %s [label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\">"
					 "<tr><td colspan=\"3\"><b>%s</b></td></tr>",
					 dot_quoted(name), dot_html(name));
	foreach(lc, table->columns)
	{
		SchemaColumn *column = lfirst(lc);

		appendStringInfo(out,
						 "<tr><td align=\"left\">%s</td><td align=\"left\">%s%s</td>"
						 "<td>%s</td></tr>",
						 dot_html(column->object.name), dot_html(column->type),
						 column->not_null ? " not null" : "",
						 column_keys(table, column->object.name));
	}
	appendStringInfoString(out, "</table>>];\n");
}

static void
dot_reference(StringInfo out, const SchemaTable *table, const SchemaConstraint *key, bool qualified)
{
	appendStringInfo(
		out, "    %s -> %s [dir=both, arrowtail=%s, arrowhead=%s, style=%s, label=%s];\n",
		dot_quoted(table_name(table->object.schema, table->object.name, qualified)),
		dot_quoted(table_name(key->referenced_schema, key->referenced_table, qualified)),
		is_one_to_one(table, key) ? "teeodot" : "crowodot",
		is_optional(table, key) ? "teeodot" : "teetee",
		is_identifying(table, key) ? "solid" : "dashed", dot_quoted(key->object.name));
}

static const char *const format_names[] = {"mermaid", "dot", NULL};
static const DiagramFormat formats[] = {
	{"erDiagram\n", "", mermaid_table, mermaid_reference},
	{"digraph schema {\n    graph [rankdir=LR];\n    node [shape=plain];\n", "}\n", dot_table,
	 dot_reference},
};

/* Names of tables need their schema as soon as there may be two. */
static bool
needs_schemas(const Schema *schema)
{
	ListCell   *lc;
	ListCell   *key;

	if (list_length(schema->schemas) != 1)
		return true;
	foreach(lc, schema->tables)
		foreach(key, ((SchemaTable *) lfirst(lc))->constraints)
		{
			const char *referenced = ((SchemaConstraint *) lfirst(key))->referenced_schema;

			if (referenced != NULL && !schema_lists(schema->schemas, referenced))
				return true;
		}
	return false;
}

char *
diagram_draw(const Schema *schema, const char *format)
{
	const DiagramFormat *f = &formats[argument_choose(format, format_names, "format")];
	bool		qualified = needs_schemas(schema);
	StringInfoData out;
	ListCell   *lc;
	ListCell   *key;

	initStringInfo(&out);
	appendStringInfoString(&out, f->header);
	foreach(lc, schema->tables)
	{
		CHECK_FOR_INTERRUPTS();
		if (((SchemaTable *) lfirst(lc))->partition_of == NULL)
			f->table(&out, lfirst(lc), qualified);
	}
	foreach(lc, schema->tables)
	{
		SchemaTable *table = lfirst(lc);

		foreach(key, table->constraints)
			if (table->partition_of == NULL && is_kind(lfirst(key), "foreign key"))
				f->reference(&out, table, lfirst(key), qualified);
	}
	appendStringInfoString(&out, f->footer);
	return out.data;
}
