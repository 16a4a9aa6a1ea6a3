/*
 * ddl.c
 *	  Objects of a Schema -> the SQL commands that make them.  Pure.
 *
 * It assumes a document that was introspected or validated: definitions and expressions
 * are the server's own text and go in as they stand, while every name is quoted here.
 * It never looks into a catalog and never decides what is to be done, or in which order:
 * that is the planner's.  A command makes its object alone; what may only be said when
 * others are there (foreign keys, what is not valid yet) is left to commands of its own.
 */
#include "postgres.h"

#include "base/compat.h"
#include "lib/stringinfo.h"
#include "schema/ddl/ddl.h"
#include "utils/formatting.h"
#include "utils/builtins.h"

/* What stands behind CREATE, ALTER and DROP. */
const char *
ddl_keyword(const SchemaKind *kind, const void *object)
{
	static const struct
	{
		const SchemaKind *kind;
		const char *keyword;
	} plain[] = {{&schema_sequence_kind, "SEQUENCE"},
				 {&schema_statistics_kind, "STATISTICS"},
				 {&schema_namespace_kind, "SCHEMA"},
				 {&schema_index_kind, "INDEX"},
				 {&schema_column_kind, "COLUMN"},
				 {&schema_constraint_kind, "CONSTRAINT"},
				 {&schema_trigger_kind, "TRIGGER"},
				 {&schema_policy_kind, "POLICY"},
				 {&schema_rule_kind, "RULE"},
				 {&schema_extension_kind, "EXTENSION"},
				 {&schema_publication_kind, "PUBLICATION"}};

	if (kind == &schema_table_kind)
		return strcmp(((const SchemaTable *) object)->kind, "foreign table") == 0 ? "FOREIGN TABLE"
																				  : "TABLE";
	if (kind == &schema_view_kind)
		return strcmp(((const SchemaView *) object)->kind, "view") == 0 ? "VIEW"
																		: "MATERIALIZED VIEW";
	if (kind == &schema_function_kind)
	{
		const char *routine = ((const SchemaFunction *) object)->kind;

		return strcmp(routine, "procedure") == 0   ? "PROCEDURE"
			   : strcmp(routine, "aggregate") == 0 ? "AGGREGATE"
												   : "FUNCTION";
	}
	if (kind == &schema_type_kind)
		return strcmp(((const SchemaType *) object)->kind, "domain") == 0 ? "DOMAIN" : "TYPE";
	if (kind == &schema_other_kind)
		return asc_toupper(((const SchemaOther *) object)->kind,
						   strlen(((const SchemaOther *) object)->kind));
	for (int i = 0; i < lengthof(plain); i++)
		if (plain[i].kind == kind)
			return plain[i].keyword;
	elog(ERROR, "no command for a %s", kind->name);
	return NULL;
}

/* An object whose signature tells its kind apart rather than its arguments. */
static char *
other_target(const SchemaOther *other)
{
	static const char before[] = " using ";
	const SchemaObject *o = &other->object;
	const char *method = o->signature != NULL ? strstr(o->signature, before) : NULL;

	if (strcmp(other->kind, "operator") == 0)
		return psprintf("%s.%s (%s)", quote_identifier(o->schema), o->name, o->signature);
	if (strcmp(other->kind, "cast") == 0)
		return psprintf("(%s)", o->name);
	if (method != NULL)
		return psprintf("%s USING %s", quote_qualified_identifier(o->schema, o->name),
						method + strlen(before));
	return quote_qualified_identifier(o->schema, o->name);
}

/*
 * What a command calls the object.  Routines are named with their arguments always,
 * even where the name alone would do: another of the name may come.
 */
char *
ddl_target(const SchemaKind *kind, const void *object)
{
	const SchemaFunction *function = object;

	if (kind == &schema_other_kind)
		return other_target(object);
	/* The identity of an aggregate without arguments is name(*). */
	if (kind == &schema_function_kind && strcmp(function->kind, "aggregate") == 0 &&
		function->object.signature[0] == '\0')
		return psprintf("%s(*)",
						quote_qualified_identifier(function->object.schema, function->object.name));
	return schema_identity(object);
}

/* In the order of the list, which is that of columns in a key. */
char *
ddl_names(List *names)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, names)
		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "", quote_identifier(lfirst(lc)));
	return out.data;
}

/*
 * The part of "name=value" after the sign; name gets the part before it.  The first
 * sign divides: a value may hold others, a name of an option none.
 */
static const char *
split_option(const char *option, char **name)
{
	const char *sign = strchr(option, '=');

	if (sign == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid schema document: option \"%s\" has no value", option)));
	*name = pnstrdup(option, sign - option);
	return sign + 1;
}

/* toast.autovacuum_enabled: each part is an identifier of its own. */
static const char *
quote_parameter(const char *name)
{
	const char *dot = strchr(name, '.');

	if (dot == NULL)
		return quote_identifier(name);
	return quote_qualified_identifier(pnstrdup(name, dot - name), dot + 1);
}

/* Values are quoted always: what needs it changes with the parameter. */
char *
ddl_parameters(List *options)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	appendStringInfoChar(&out, '(');
	foreach(lc, options)
	{
		char	   *name;
		const char *value = split_option(lfirst(lc), &name);

		appendStringInfo(&out, "%s%s = %s", out.len > 1 ? ", " : "", quote_parameter(name),
						 quote_literal_cstr(value));
	}
	appendStringInfoChar(&out, ')');
	return out.data;
}

/* The value of an option in a list, or NULL. */
static const char *
find_option(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		char	   *other;
		const char *value = split_option(lfirst(lc), &other);

		if (strcmp(other, name) == 0)
			return value;
	}
	return NULL;
}

/*
 * SET for what is new or other, RESET for what is there no more; as clauses of one
 * command.  What has another value is set and not reset, and what is equal is not
 * named, so that the command takes no lock for it.
 */
char *
ddl_change_parameters(List *to, List *from)
{
	StringInfoData reset;
	List	   *set = NIL;
	ListCell   *lc;

	initStringInfo(&reset);
	foreach(lc, from)
	{
		char	   *name;

		split_option(lfirst(lc), &name);
		if (find_option(to, name) == NULL)
			appendStringInfo(&reset, "%s%s", reset.len > 0 ? ", " : "", quote_parameter(name));
	}
	foreach(lc, to)
		if (!schema_lists(from, lfirst(lc)))
			set = lappend(set, lfirst(lc));
	if (reset.len == 0)
		return psprintf("SET %s", ddl_parameters(set));
	if (set == NIL)
		return psprintf("RESET (%s)", reset.data);
	return psprintf("RESET (%s), SET %s", reset.data, ddl_parameters(set));
}

/* ADD, SET and DROP are words of their own here, and the wrong one is an error. */
char *
ddl_change_fdw_options(List *to, List *from)
{
	StringInfoData out;
	const char *separator = "";
	ListCell   *lc;

	initStringInfo(&out);
	appendStringInfoString(&out, "OPTIONS (");
	foreach(lc, from)
	{
		char	   *name;

		split_option(lfirst(lc), &name);
		if (find_option(to, name) != NULL)
			continue;
		appendStringInfo(&out, "%sDROP %s", separator, quote_identifier(name));
		separator = ", ";
	}
	foreach(lc, to)
	{
		char	   *name;
		const char *value = split_option(lfirst(lc), &name);

		if (schema_lists(from, lfirst(lc)))
			continue;
		appendStringInfo(&out, "%s%s %s %s", separator,
						 find_option(from, name) != NULL ? "SET" : "ADD", quote_identifier(name),
						 quote_literal_cstr(value));
		separator = ", ";
	}
	appendStringInfoChar(&out, ')');
	return out.data;
}

/* Values are strings, whatever they mean. */
char *
ddl_fdw_options(List *options)
{
	StringInfoData out;
	ListCell   *lc;
	const char *separator = "";

	initStringInfo(&out);
	appendStringInfoString(&out, "OPTIONS (");
	foreach(lc, options)
	{
		char	   *name;
		const char *value = split_option(lfirst(lc), &name);

		appendStringInfo(&out, "%s%s %s", separator, quote_identifier(name),
						 quote_literal_cstr(value));
		separator = ", ";
	}
	appendStringInfoChar(&out, ')');
	return out.data;
}

/*
 * STORED is written out, since 18 means VIRTUAL where nothing is said.
 *
 * The three exclude each other; of a column that has none nothing is said.
 */
static void
append_generation(StringInfo out, const SchemaColumn *column)
{
	if (column->generated != NULL)
		appendStringInfo(out, " GENERATED ALWAYS AS (%s) %s", column->generated,
						 column->generated_kind != NULL &&
								 strcmp(column->generated_kind, "virtual") == 0
							 ? "VIRTUAL"
							 : "STORED");
	else if (column->identity != NULL)
	{
		appendStringInfo(out, " GENERATED %s AS IDENTITY",
						 strcmp(column->identity, "always") == 0 ? "ALWAYS" : "BY DEFAULT");
		if (column->identity_options != NULL)
			appendStringInfo(out, " (%s)", column->identity_options);
	}
	else if (column->default_value != NULL)
		appendStringInfo(out, " DEFAULT %s", column->default_value);
}

/* An identity column is not null by itself, and nothing here says NOT VALID. */
static void
append_not_null(StringInfo out, const SchemaColumn *column)
{
	if (!column->not_null || column->not_null_not_valid ||
		(column->identity != NULL && column->not_null_constraint == NULL))
		return;
	if (column->not_null_constraint != NULL)
		appendStringInfo(out, " CONSTRAINT %s", quote_identifier(column->not_null_constraint));
	appendStringInfo(out, " NOT NULL%s", column->not_null_no_inherit ? " NO INHERIT" : "");
}

/* All that may be said where a column is made; storage, statistics and comments cannot. */
char *
ddl_column(const SchemaColumn *column)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "%s %s", quote_identifier(column->object.name), column->type);
	if (column->fdw_options != NIL)
		appendStringInfo(&out, " %s", ddl_fdw_options(column->fdw_options));
	if (column->compression != NULL)
		appendStringInfo(&out, " COMPRESSION %s", quote_identifier(column->compression));
	if (column->collation != NULL)
		appendStringInfo(&out, " COLLATE %s", column->collation);
	append_generation(&out, column);
	append_not_null(&out, column);
	return out.data;
}

/* With a name, as constraints of the table have from 18 on. */
char *
ddl_not_null(const SchemaColumn *column, const char *name)
{
	return psprintf("CONSTRAINT %s NOT NULL %s%s", quote_identifier(name),
					quote_identifier(column->object.name),
					column->not_null_no_inherit ? " NO INHERIT" : "");
}

/* The definition is the server's own text. */
char *
ddl_constraint(const SchemaConstraint *constraint)
{
	return psprintf("CONSTRAINT %s %s", quote_identifier(constraint->object.name),
					constraint->definition);
}

bool
ddl_is_of_whole_alone(const SchemaTable *table, const SchemaConstraint *constraint)
{
	const SchemaIndex *index;

	if (table->partition_key == NULL || constraint->referenced_table != NULL ||
		strcmp(constraint->kind, "check") == 0)
		return false;
	index = schema_find_child(table->indexes, constraint->index != NULL ? constraint->index
																		: constraint->object.name);
	return index != NULL && index->invalid;
}

static bool
same_names(List *a, List *b)
{
	ListCell   *la;
	ListCell   *lb;

	if (list_length(a) != list_length(b))
		return false;
	forboth(la, a, lb, b)
		if (strcmp(lfirst(la), lfirst(lb)) != 0)
			return false;
	return true;
}

/* Of two keys over the same columns CREATE TABLE makes one, whatever their names. */
static bool
is_repeated(const SchemaTable *table, const SchemaConstraint *key)
{
	bool		is_before = true;
	ListCell   *lc;

	if (strcmp(key->kind, "unique") != 0)
		return false;
	foreach(lc, table->constraints)
	{
		const SchemaConstraint *other = lfirst(lc);

		if (strcmp(other->object.name, key->object.name) == 0)
			is_before = false;
		else if (same_names(other->columns, key->columns) &&
				 (strcmp(other->kind, "primary key") == 0 ||
				  (is_before && strcmp(other->kind, "unique") == 0)))
			return true;
	}
	return false;
}

/*
 * Foreign keys come later, when all tables are there; what is inherited comes from
 * the parent; and CREATE TABLE cannot say that a constraint is not valid, that partitions
 * are to be without it, or that there are two of them.
 */
bool
ddl_is_in_create_table(const SchemaTable *table, const SchemaConstraint *constraint)
{
	return table->partition_of == NULL && table->of_type == NULL && !constraint->inherited &&
		   !constraint->not_valid && strcmp(constraint->kind, "foreign key") != 0 &&
		   !ddl_is_of_whole_alone(table, constraint) && !is_repeated(table, constraint);
}

/*
 * What stands between the parentheses of CREATE TABLE. Inherited columns come from the
 * parents that INHERITS names.  A child that declares one of them itself says it again,
 * and the server merges both.
 */
static char *
table_elements(const SchemaTable *table)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, table->columns)
	{
		const SchemaColumn *column = lfirst(lc);

		if (!column->inherited)
			appendStringInfo(&out, "%s\n    %s", out.len > 0 ? "," : "", ddl_column(column));
	}
	foreach(lc, table->constraints)
	{
		const SchemaConstraint *constraint = lfirst(lc);

		if (ddl_is_in_create_table(table, constraint))
			appendStringInfo(&out, "%s\n    %s", out.len > 0 ? "," : "",
							 ddl_constraint(constraint));
	}
	return out.data;
}

/* Names of tables that are qualified and quoted already. */
static char *
join(List *names)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, names)
		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "", (char *) lfirst(lc));
	return out.data;
}

/* Up to the columns.  A partition or a typed table gets them from elsewhere. */
static void
append_table_head(StringInfo out, const SchemaTable *table)
{
	char	   *elements = table_elements(table);

	appendStringInfo(out, "CREATE %s%s %s", table->unlogged ? "UNLOGGED " : "",
					 ddl_keyword(&schema_table_kind, table), schema_identity(table));
	if (table->partition_of != NULL)
	{
		/* Columns come from the parent; constraints of its own are added after it. */
		appendStringInfo(out, " PARTITION OF %s %s", table->partition_of, table->partition_bound);
		return;
	}
	if (table->of_type != NULL)
		appendStringInfo(out, " OF %s", table->of_type);
	else
		appendStringInfo(out, " (%s%s)", elements, elements[0] != '\0' ? "\n" : "");
	if (table->inherits != NIL)
		appendStringInfo(out, " INHERITS (%s)", join(table->inherits));
}

/* Without what other tables must be there for. */
char *
ddl_create_table(const SchemaTable *table)
{
	StringInfoData out;

	initStringInfo(&out);
	append_table_head(&out, table);
	if (table->partition_key != NULL)
		appendStringInfo(&out, " PARTITION BY %s", table->partition_key);
	if (table->access_method != NULL)
		appendStringInfo(&out, " USING %s", quote_identifier(table->access_method));
	if (table->options != NIL)
		appendStringInfo(&out, " WITH %s", ddl_parameters(table->options));
	if (table->tablespace != NULL)
		appendStringInfo(&out, " TABLESPACE %s", quote_identifier(table->tablespace));
	if (table->server != NULL)
		appendStringInfo(&out, " SERVER %s", quote_identifier(table->server));
	if (table->fdw_options != NIL)
		appendStringInfo(&out, " %s", ddl_fdw_options(table->fdw_options));
	return out.data;
}

/*
 * The server prints a view's query with a semicolon at its end.  More may be put behind
 * it, as WITH NO DATA.
 */
static char *
trim_query(const char *query)
{
	int			len = strlen(query);

	while (len > 0 && (query[len - 1] == ';' || query[len - 1] == ' ' || query[len - 1] == '\n'))
		len--;
	return pnstrdup(query, len);
}

static char *
column_names(List *columns)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, columns)
		names = lappend(names, ((SchemaColumn *) lfirst(lc))->object.name);
	return ddl_names(names);
}

/* With its columns named: one that was renamed has another name in the query. */
char *
ddl_create_view(const SchemaView *view, bool or_replace)
{
	StringInfoData out;
	bool		materialized = strcmp(view->kind, "view") != 0;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE %s%s %s", or_replace ? "OR REPLACE " : "",
					 ddl_keyword(&schema_view_kind, view), schema_identity(view));
	if (view->columns != NIL)
		appendStringInfo(&out, " (%s)", column_names(view->columns));
	if (view->access_method != NULL)
		appendStringInfo(&out, " USING %s", quote_identifier(view->access_method));
	if (view->options != NIL)
		appendStringInfo(&out, " WITH %s", ddl_parameters(view->options));
	if (view->tablespace != NULL)
		appendStringInfo(&out, " TABLESPACE %s", quote_identifier(view->tablespace));
	appendStringInfo(&out, " AS\n%s", trim_query(view->definition));
	/* REFRESH runs the query as the view's owner, CREATE as whoever creates it. */
	if (materialized)
		appendStringInfoString(&out, "\n WITH NO DATA");
	return out.data;
}

static char *
type_attributes(const SchemaType *type)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, type->attributes)
	{
		const SchemaColumn *attribute = lfirst(lc);

		appendStringInfo(&out, "%s%s %s", out.len > 0 ? ", " : "",
						 quote_identifier(attribute->object.name), attribute->type);
		if (attribute->collation != NULL)
			appendStringInfo(&out, " COLLATE %s", attribute->collation);
	}
	return out.data;
}

/* Its checks too, but for those that are not valid. */
static char *
create_domain(const SchemaType *type)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE DOMAIN %s AS %s", schema_identity(type), type->base_type);
	if (type->collation != NULL)
		appendStringInfo(&out, " COLLATE %s", type->collation);
	if (type->default_value != NULL)
		appendStringInfo(&out, " DEFAULT %s", type->default_value);
	if (type->not_null)
		appendStringInfoString(&out, " NOT NULL");
	/* One that is not valid is added afterwards: CREATE DOMAIN cannot say it. */
	foreach(lc, type->constraints)
		if (!((SchemaConstraint *) lfirst(lc))->not_valid)
			appendStringInfo(&out, " %s", ddl_constraint(lfirst(lc)));
	return out.data;
}

/* Labels in their order, which is their meaning. */
static char *
create_enum(const SchemaType *type)
{
	StringInfoData out;
	ListCell   *lc;
	const char *separator = "";

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE TYPE %s AS ENUM (", schema_identity(type));
	foreach(lc, type->labels)
	{
		appendStringInfo(&out, "%s%s", separator, quote_literal_cstr(lfirst(lc)));
		separator = ", ";
	}
	appendStringInfoChar(&out, ')');
	return out.data;
}

/*
 * The multirange's name is said, since the default for it may be taken by something
 * else.  Names and values of its settings are the server's own text, as all
 * definitions.
 */
static char *
create_range(const SchemaType *type)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE TYPE %s AS RANGE (subtype = %s", schema_identity(type),
					 type->base_type);
	if (type->collation != NULL)
		appendStringInfo(&out, ", collation = %s", type->collation);
	if (type->multirange != NULL)
		appendStringInfo(&out, ", multirange_type_name = %s", type->multirange);
	foreach(lc, type->settings)
	{
		char	   *name;
		const char *value = split_option(lfirst(lc), &name);

		appendStringInfo(&out, ", %s = %s", name, value);
	}
	appendStringInfoChar(&out, ')');
	return out.data;
}

/* A shell is what a circle of a type and its functions begins with. */
char *
ddl_create_type(const SchemaType *type)
{
	if (strcmp(type->kind, "domain") == 0)
		return create_domain(type);
	if (strcmp(type->kind, "enum") == 0)
		return create_enum(type);
	if (strcmp(type->kind, "range") == 0)
		return create_range(type);
	if (strcmp(type->kind, "composite") == 0)
		return psprintf("CREATE TYPE %s AS (%s)", schema_identity(type), type_attributes(type));
	if (strcmp(type->kind, "shell") == 0)
		return psprintf("CREATE TYPE %s", schema_identity(type));
	/* A base type needs its input and output functions: not something a plan can make. */
	return NULL;
}

/*
 * Bounds and cycle are said also where they are at their default: ALTER has to undo
 * what differs.
 */
static void
append_sequence_options(StringInfo out, const SchemaSequence *s)
{
	appendStringInfo(out, " AS %s", s->type);
	if (s->increment != SCHEMA_UNSET)
		appendStringInfo(out, " INCREMENT BY " INT64_FORMAT, s->increment);
	/* The least there is stands for itself: a member that is not set. */
	if (s->minimum != SCHEMA_UNSET)
		appendStringInfo(out, " MINVALUE " INT64_FORMAT, s->minimum);
	else
		appendStringInfoString(out, " NO MINVALUE");
	if (s->maximum != SCHEMA_UNSET)
		appendStringInfo(out, " MAXVALUE " INT64_FORMAT, s->maximum);
	if (s->start != SCHEMA_UNSET)
		appendStringInfo(out, " START WITH " INT64_FORMAT, s->start);
	if (s->cache != SCHEMA_UNSET)
		appendStringInfo(out, " CACHE " INT64_FORMAT, s->cache);
	appendStringInfoString(out, s->cycle ? " CYCLE" : " NO CYCLE");
}

char *
ddl_create_sequence(const SchemaSequence *sequence)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE %sSEQUENCE %s", sequence->unlogged ? "UNLOGGED " : "",
					 schema_identity(sequence));
	append_sequence_options(&out, sequence);
	return out.data;
}

char *
ddl_alter_sequence(const SchemaSequence *sequence)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "ALTER SEQUENCE %s", schema_identity(sequence));
	append_sequence_options(&out, sequence);
	return out.data;
}

char *
ddl_create_namespace(const SchemaNamespace *namespace)
{
	return psprintf("CREATE SCHEMA %s", quote_identifier(namespace->object.name));
}

char *
ddl_drop(const SchemaKind *kind, const void *object)
{
	return psprintf("DROP %s %s", ddl_keyword(kind, object), ddl_target(kind, object));
}

/*
 * The first match is the name: what stands before it are keywords in capitals, and a
 * name with capitals would be quoted.
 */
char *
ddl_index_as(const SchemaIndex *index, const char *name)
{
	const char *quoted = quote_identifier(index->object.name);
	const char *found = strstr(index->definition, quoted);

	if (found == NULL)
		elog(ERROR, "definition of index \"%s\" does not name it", index->object.name);
	return psprintf("%.*s%s%s", (int) (found - index->definition), index->definition,
					quote_identifier(name), found + strlen(quoted));
}

char *
ddl_comment(const char *keyword, const char *target, const char *comment)
{
	return psprintf("COMMENT ON %s %s IS %s", keyword, target,
					comment != NULL ? quote_literal_cstr(comment) : "NULL");
}
