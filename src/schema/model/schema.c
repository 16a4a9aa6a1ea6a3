/*
 * schema.c
 *	  A database schema in memory: the description of its structs, and what
 *	  follows from the description alone.
 *
 * The tables below are the one place that knows which members an object has.  Whoever
 * adds one adds a line, and it is written, read, fingerprinted and compared: nothing
 * else lists members.  The structs stay plain, so that code which means one kind reads
 * its fields directly.  Order is bytewise everywhere, never a collation's, or two
 * servers would write the same schema in two ways.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/model/schema.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define MEMBER(s, f, json, t, c, k, r)                                                             \
	{                                                                                              \
		json, offsetof(s, f), MEMBER_##t, COMPARE_##c, k, r                                        \
	}
/* A member whose JSON name is the field's; NAMED_* where C does not let it be. */
#define TEXT(s, f, c) MEMBER(s, f, #f, TEXT, c, NULL, false)
#define REQUIRED_TEXT(s, f, c) MEMBER(s, f, #f, TEXT, c, NULL, true)
#define NAMED_TEXT(s, f, json, c) MEMBER(s, f, json, TEXT, c, NULL, false)
#define BOOL(s, f, c) MEMBER(s, f, #f, BOOL, c, NULL, false)
#define NAMED_BOOL(s, f, json, c) MEMBER(s, f, json, BOOL, c, NULL, false)
#define INT(s, f, c) MEMBER(s, f, #f, INT, c, NULL, false)
#define STRINGS(s, f, c) MEMBER(s, f, #f, STRINGS, c, NULL, false)
#define OBJECTS(s, f, kind) MEMBER(s, f, #f, OBJECTS, ALWAYS, &kind, false)

#define OBJECT_SCHEMA(s) MEMBER(s, object.schema, "schema", TEXT, KEY, NULL, true)
#define OPTIONAL_SCHEMA(s) MEMBER(s, object.schema, "schema", TEXT, KEY, NULL, false)
#define OBJECT_NAME(s) MEMBER(s, object.name, "name", TEXT, KEY, NULL, true)
#define OBJECT_SIGNATURE(s) MEMBER(s, object.signature, "signature", TEXT, KEY, NULL, true)
#define OBJECT_OWNER(s) MEMBER(s, object.owner, "owner", TEXT, OWNER, NULL, false)
#define OBJECT_PRIVILEGES(s)                                                                       \
	MEMBER(s, object.privileges, "privileges", STRINGS, PRIVILEGES, NULL, false)
#define OBJECT_COMMENT(s) MEMBER(s, object.comment, "comment", TEXT, COMMENT, NULL, false)
#define OBJECT_DEPENDS(s) MEMBER(s, object.depends_on, "depends_on", STRINGS, NEVER, NULL, false)

#define KIND(variable, label, type, is_positional)                                                 \
	const SchemaKind variable = {.name = label,                                                    \
								 .size = sizeof(type),                                             \
								 .members = variable##_members,                                    \
								 .nmembers = lengthof(variable##_members),                         \
								 .positional = is_positional}

static const SchemaMember schema_column_kind_members[] = {
	OBJECT_NAME(SchemaColumn),
	INT(SchemaColumn, position, ORDER),
	REQUIRED_TEXT(SchemaColumn, type, ALWAYS),
	BOOL(SchemaColumn, not_null, ALWAYS),
	TEXT(SchemaColumn, not_null_constraint, NAME),
	BOOL(SchemaColumn, not_null_not_valid, ALWAYS),
	BOOL(SchemaColumn, not_null_no_inherit, ALWAYS),
	NAMED_TEXT(SchemaColumn, default_value, "default", ALWAYS),
	TEXT(SchemaColumn, identity, ALWAYS),
	TEXT(SchemaColumn, identity_options, ALWAYS),
	/* follows renames of the table in one database and not in the other */
	TEXT(SchemaColumn, identity_sequence, NEVER),
	TEXT(SchemaColumn, generated, ALWAYS),
	TEXT(SchemaColumn, generated_kind, ALWAYS),
	TEXT(SchemaColumn, collation, ALWAYS),
	TEXT(SchemaColumn, storage, ALWAYS),
	TEXT(SchemaColumn, compression, ALWAYS),
	INT(SchemaColumn, statistics, ALWAYS),
	STRINGS(SchemaColumn, options, SET),
	STRINGS(SchemaColumn, fdw_options, SET),
	BOOL(SchemaColumn, inherited, NEVER),
	OBJECT_PRIVILEGES(SchemaColumn),
	OBJECT_COMMENT(SchemaColumn),
	OBJECT_DEPENDS(SchemaColumn),
};
KIND(schema_column_kind, "column", SchemaColumn, true);

static const SchemaMember schema_constraint_kind_members[] = {
	OBJECT_NAME(SchemaConstraint),
	REQUIRED_TEXT(SchemaConstraint, kind, ALWAYS),
	STRINGS(SchemaConstraint, columns, ALWAYS),
	STRINGS(SchemaConstraint, include, ALWAYS),
	TEXT(SchemaConstraint, expression, ALWAYS),
	TEXT(SchemaConstraint, referenced_schema, ALWAYS),
	TEXT(SchemaConstraint, referenced_table, ALWAYS),
	STRINGS(SchemaConstraint, referenced_columns, ALWAYS),
	TEXT(SchemaConstraint, match, ALWAYS),
	TEXT(SchemaConstraint, on_update, ALWAYS),
	TEXT(SchemaConstraint, on_delete, ALWAYS),
	STRINGS(SchemaConstraint, on_delete_columns, ALWAYS),
	BOOL(SchemaConstraint, deferrable, ALWAYS),
	BOOL(SchemaConstraint, initially_deferred, ALWAYS),
	BOOL(SchemaConstraint, not_valid, ALWAYS),
	BOOL(SchemaConstraint, not_enforced, ALWAYS),
	BOOL(SchemaConstraint, no_inherit, ALWAYS),
	BOOL(SchemaConstraint, nulls_not_distinct, ALWAYS),
	BOOL(SchemaConstraint, inherited, NEVER),
	TEXT(SchemaConstraint, index, ALWAYS),
	REQUIRED_TEXT(SchemaConstraint, definition, DEFINITION),
	OBJECT_COMMENT(SchemaConstraint),
	OBJECT_DEPENDS(SchemaConstraint),
};
KIND(schema_constraint_kind, "constraint", SchemaConstraint, false);

static const SchemaMember schema_index_kind_members[] = {
	OBJECT_NAME(SchemaIndex),
	REQUIRED_TEXT(SchemaIndex, method, ALWAYS),
	STRINGS(SchemaIndex, columns, ALWAYS),
	STRINGS(SchemaIndex, include, ALWAYS),
	TEXT(SchemaIndex, predicate, ALWAYS),
	NAMED_BOOL(SchemaIndex, is_unique, "unique", ALWAYS),
	BOOL(SchemaIndex, nulls_not_distinct, ALWAYS),
	TEXT(SchemaIndex, constraint, ALWAYS),
	BOOL(SchemaIndex, invalid, ALWAYS),
	/* CLUSTER sets it, which nobody is told of */
	BOOL(SchemaIndex, clustered, UPKEEP),
	BOOL(SchemaIndex, inherited, NEVER),
	TEXT(SchemaIndex, parent, ALWAYS),
	STRINGS(SchemaIndex, options, SET),
	STRINGS(SchemaIndex, statistics, ALWAYS),
	TEXT(SchemaIndex, tablespace, ALWAYS),
	REQUIRED_TEXT(SchemaIndex, definition, DEFINITION),
	OBJECT_COMMENT(SchemaIndex),
	OBJECT_DEPENDS(SchemaIndex),
};
KIND(schema_index_kind, "index", SchemaIndex, false);

static const SchemaMember schema_trigger_kind_members[] = {
	OBJECT_NAME(SchemaTrigger),
	REQUIRED_TEXT(SchemaTrigger, timing, ALWAYS),
	STRINGS(SchemaTrigger, events, ALWAYS),
	STRINGS(SchemaTrigger, columns, ALWAYS),
	REQUIRED_TEXT(SchemaTrigger, level, ALWAYS),
	REQUIRED_TEXT(SchemaTrigger, function, ALWAYS),
	NAMED_TEXT(SchemaTrigger, condition, "when", ALWAYS),
	TEXT(SchemaTrigger, enabled, ALWAYS),
	BOOL(SchemaTrigger, constraint, ALWAYS),
	BOOL(SchemaTrigger, deferrable, ALWAYS),
	BOOL(SchemaTrigger, initially_deferred, ALWAYS),
	BOOL(SchemaTrigger, inherited, NEVER),
	REQUIRED_TEXT(SchemaTrigger, definition, DEFINITION),
	OBJECT_COMMENT(SchemaTrigger),
	OBJECT_DEPENDS(SchemaTrigger),
};
KIND(schema_trigger_kind, "trigger", SchemaTrigger, false);

static const SchemaMember schema_policy_kind_members[] = {
	OBJECT_NAME(SchemaPolicy),
	REQUIRED_TEXT(SchemaPolicy, command, ALWAYS),
	BOOL(SchemaPolicy, restrictive, ALWAYS),
	STRINGS(SchemaPolicy, roles, ALWAYS),
	NAMED_TEXT(SchemaPolicy, using_expression, "using", ALWAYS),
	NAMED_TEXT(SchemaPolicy, check_expression, "check", ALWAYS),
	REQUIRED_TEXT(SchemaPolicy, definition, DEFINITION),
	OBJECT_COMMENT(SchemaPolicy),
	OBJECT_DEPENDS(SchemaPolicy),
};
KIND(schema_policy_kind, "policy", SchemaPolicy, false);

static const SchemaMember schema_rule_kind_members[] = {
	OBJECT_NAME(SchemaRule),
	REQUIRED_TEXT(SchemaRule, event, ALWAYS),
	BOOL(SchemaRule, instead, ALWAYS),
	TEXT(SchemaRule, enabled, ALWAYS),
	REQUIRED_TEXT(SchemaRule, definition, DEFINITION),
	OBJECT_COMMENT(SchemaRule),
	OBJECT_DEPENDS(SchemaRule),
};
KIND(schema_rule_kind, "rule", SchemaRule, false);

static const SchemaMember schema_table_kind_members[] = {
	OBJECT_SCHEMA(SchemaTable),
	OBJECT_NAME(SchemaTable),
	REQUIRED_TEXT(SchemaTable, kind, ALWAYS),
	BOOL(SchemaTable, unlogged, ALWAYS),
	TEXT(SchemaTable, of_type, ALWAYS),
	TEXT(SchemaTable, access_method, ALWAYS),
	TEXT(SchemaTable, tablespace, ALWAYS),
	STRINGS(SchemaTable, options, SET),
	STRINGS(SchemaTable, inherits, ALWAYS),
	TEXT(SchemaTable, partition_of, ALWAYS),
	TEXT(SchemaTable, partition_bound, ALWAYS),
	TEXT(SchemaTable, partition_key, ALWAYS),
	TEXT(SchemaTable, replica_identity, ALWAYS),
	BOOL(SchemaTable, row_security, ALWAYS),
	BOOL(SchemaTable, force_row_security, ALWAYS),
	TEXT(SchemaTable, server, ALWAYS),
	STRINGS(SchemaTable, fdw_options, SET),
	OBJECTS(SchemaTable, columns, schema_column_kind),
	OBJECTS(SchemaTable, constraints, schema_constraint_kind),
	OBJECTS(SchemaTable, indexes, schema_index_kind),
	OBJECTS(SchemaTable, triggers, schema_trigger_kind),
	OBJECTS(SchemaTable, policies, schema_policy_kind),
	OBJECTS(SchemaTable, rules, schema_rule_kind),
	OBJECT_OWNER(SchemaTable),
	OBJECT_PRIVILEGES(SchemaTable),
	OBJECT_COMMENT(SchemaTable),
	OBJECT_DEPENDS(SchemaTable),
};
KIND(schema_table_kind, "table", SchemaTable, false);

static const SchemaMember schema_view_kind_members[] = {
	OBJECT_SCHEMA(SchemaView),
	OBJECT_NAME(SchemaView),
	REQUIRED_TEXT(SchemaView, kind, ALWAYS),
	STRINGS(SchemaView, options, SET),
	TEXT(SchemaView, tablespace, ALWAYS),
	TEXT(SchemaView, access_method, ALWAYS),
	BOOL(SchemaView, not_populated, NEVER),
	REQUIRED_TEXT(SchemaView, definition, ALWAYS),
	OBJECTS(SchemaView, columns, schema_column_kind),
	OBJECTS(SchemaView, indexes, schema_index_kind),
	OBJECTS(SchemaView, triggers, schema_trigger_kind),
	OBJECTS(SchemaView, rules, schema_rule_kind),
	OBJECT_OWNER(SchemaView),
	OBJECT_PRIVILEGES(SchemaView),
	OBJECT_COMMENT(SchemaView),
	OBJECT_DEPENDS(SchemaView),
};
KIND(schema_view_kind, "view", SchemaView, false);

static const SchemaMember schema_function_kind_members[] = {
	OBJECT_SCHEMA(SchemaFunction),
	OBJECT_NAME(SchemaFunction),
	OBJECT_SIGNATURE(SchemaFunction),
	REQUIRED_TEXT(SchemaFunction, kind, ALWAYS),
	TEXT(SchemaFunction, arguments, ALWAYS),
	TEXT(SchemaFunction, result, ALWAYS),
	REQUIRED_TEXT(SchemaFunction, language, ALWAYS),
	TEXT(SchemaFunction, volatility, ALWAYS),
	TEXT(SchemaFunction, parallel, ALWAYS),
	BOOL(SchemaFunction, strict, ALWAYS),
	BOOL(SchemaFunction, security_definer, ALWAYS),
	BOOL(SchemaFunction, leakproof, ALWAYS),
	TEXT(SchemaFunction, cost, ALWAYS),
	TEXT(SchemaFunction, rows, ALWAYS),
	STRINGS(SchemaFunction, settings, ALWAYS),
	REQUIRED_TEXT(SchemaFunction, definition, DEFINITION),
	OBJECT_OWNER(SchemaFunction),
	OBJECT_PRIVILEGES(SchemaFunction),
	OBJECT_COMMENT(SchemaFunction),
	OBJECT_DEPENDS(SchemaFunction),
};
KIND(schema_function_kind, "function", SchemaFunction, false);

static const SchemaMember schema_type_kind_members[] = {
	OBJECT_SCHEMA(SchemaType),
	OBJECT_NAME(SchemaType),
	REQUIRED_TEXT(SchemaType, kind, ALWAYS),
	STRINGS(SchemaType, labels, ALWAYS),
	OBJECTS(SchemaType, attributes, schema_column_kind),
	TEXT(SchemaType, base_type, ALWAYS),
	BOOL(SchemaType, not_null, ALWAYS),
	NAMED_TEXT(SchemaType, default_value, "default", ALWAYS),
	TEXT(SchemaType, collation, ALWAYS),
	OBJECTS(SchemaType, constraints, schema_constraint_kind),
	TEXT(SchemaType, multirange, ALWAYS),
	STRINGS(SchemaType, settings, ALWAYS),
	OBJECT_OWNER(SchemaType),
	OBJECT_PRIVILEGES(SchemaType),
	OBJECT_COMMENT(SchemaType),
	OBJECT_DEPENDS(SchemaType),
};
KIND(schema_type_kind, "type", SchemaType, false);

static const SchemaMember schema_sequence_kind_members[] = {
	OBJECT_SCHEMA(SchemaSequence),
	OBJECT_NAME(SchemaSequence),
	REQUIRED_TEXT(SchemaSequence, type, ALWAYS),
	BOOL(SchemaSequence, unlogged, ALWAYS),
	INT(SchemaSequence, start, ALWAYS),
	INT(SchemaSequence, increment, ALWAYS),
	INT(SchemaSequence, minimum, ALWAYS),
	INT(SchemaSequence, maximum, ALWAYS),
	INT(SchemaSequence, cache, ALWAYS),
	BOOL(SchemaSequence, cycle, ALWAYS),
	TEXT(SchemaSequence, owned_by, ALWAYS),
	OBJECT_OWNER(SchemaSequence),
	OBJECT_PRIVILEGES(SchemaSequence),
	OBJECT_COMMENT(SchemaSequence),
};
KIND(schema_sequence_kind, "sequence", SchemaSequence, false);

static const SchemaMember schema_statistics_kind_members[] = {
	OBJECT_SCHEMA(SchemaStatistics),
	OBJECT_NAME(SchemaStatistics),
	REQUIRED_TEXT(SchemaStatistics, table, ALWAYS),
	STRINGS(SchemaStatistics, kinds, ALWAYS),
	/* The server keeps them in the order of the table's columns, and prints them so. */
	STRINGS(SchemaStatistics, columns, SET),
	INT(SchemaStatistics, target, ALWAYS),
	REQUIRED_TEXT(SchemaStatistics, definition, NEVER),
	OBJECT_OWNER(SchemaStatistics),
	OBJECT_COMMENT(SchemaStatistics),
	OBJECT_DEPENDS(SchemaStatistics),
};
KIND(schema_statistics_kind, "statistics", SchemaStatistics, false);

static const SchemaMember schema_other_kind_members[] = {
	OBJECT_SCHEMA(SchemaOther),
	OBJECT_NAME(SchemaOther),
	OBJECT_SIGNATURE(SchemaOther),
	REQUIRED_TEXT(SchemaOther, kind, ALWAYS),
	REQUIRED_TEXT(SchemaOther, definition, ALWAYS),
	OBJECT_OWNER(SchemaOther),
	OBJECT_COMMENT(SchemaOther),
	OBJECT_DEPENDS(SchemaOther),
};
KIND(schema_other_kind, "object", SchemaOther, false);

static const SchemaMember schema_namespace_kind_members[] = {
	OBJECT_NAME(SchemaNamespace),
	OBJECT_OWNER(SchemaNamespace),
	OBJECT_PRIVILEGES(SchemaNamespace),
	OBJECT_COMMENT(SchemaNamespace),
};
KIND(schema_namespace_kind, "schema", SchemaNamespace, false);

static const SchemaMember schema_default_privileges_kind_members[] = {
	/* none: of the whole database */
	OPTIONAL_SCHEMA(SchemaDefaultPrivileges),
	OBJECT_NAME(SchemaDefaultPrivileges),
	REQUIRED_TEXT(SchemaDefaultPrivileges, role, PRIVILEGES),
	REQUIRED_TEXT(SchemaDefaultPrivileges, object_type, PRIVILEGES),
	OBJECT_PRIVILEGES(SchemaDefaultPrivileges),
};
KIND(schema_default_privileges_kind, "default privileges", SchemaDefaultPrivileges, false);

static const SchemaMember schema_extension_kind_members[] = {
	OBJECT_NAME(SchemaExtension),
	TEXT(SchemaExtension, schema, ALWAYS),
	TEXT(SchemaExtension, version, ALWAYS),
	OBJECT_COMMENT(SchemaExtension),
};
KIND(schema_extension_kind, "extension", SchemaExtension, false);

static const SchemaMember schema_publication_kind_members[] = {
	OBJECT_NAME(SchemaPublication),
	BOOL(SchemaPublication, all_tables, ALWAYS),
	STRINGS(SchemaPublication, operations, ALWAYS),
	BOOL(SchemaPublication, via_root, ALWAYS),
	STRINGS(SchemaPublication, tables, ALWAYS),
	STRINGS(SchemaPublication, schemas, ALWAYS),
	OBJECT_OWNER(SchemaPublication),
	OBJECT_COMMENT(SchemaPublication),
};
KIND(schema_publication_kind, "publication", SchemaPublication, false);

static const SchemaMember schema_ignored_kind_members[] = {
	INT(SchemaIgnored, file, NEVER),	INT(SchemaIgnored, line, NEVER),
	INT(SchemaIgnored, count, NEVER),	TEXT(SchemaIgnored, statement, NEVER),
	TEXT(SchemaIgnored, reason, NEVER),
};
KIND(schema_ignored_kind, "statement", SchemaIgnored, true);

static const SchemaMember schema_rename_kind_members[] = {
	TEXT(SchemaRename, from, NEVER),
	TEXT(SchemaRename, to, NEVER),
};
KIND(schema_rename_kind, "rename", SchemaRename, true);

static const SchemaMember schema_kind_members[] = {
	INT(Schema, server_version, NEVER),
	STRINGS(Schema, schemas, NEVER),
	OBJECTS(Schema, namespaces, schema_namespace_kind),
	OBJECTS(Schema, tables, schema_table_kind),
	OBJECTS(Schema, views, schema_view_kind),
	OBJECTS(Schema, functions, schema_function_kind),
	OBJECTS(Schema, types, schema_type_kind),
	OBJECTS(Schema, sequences, schema_sequence_kind),
	OBJECTS(Schema, statistics, schema_statistics_kind),
	OBJECTS(Schema, others, schema_other_kind),
	MEMBER(Schema, default_privileges, "default_privileges", OBJECTS, PRIVILEGES,
		   &schema_default_privileges_kind, false),
	MEMBER(Schema, extensions, "extensions", OBJECTS, APART, &schema_extension_kind, false),
	MEMBER(Schema, publications, "publications", OBJECTS, APART, &schema_publication_kind, false),
	MEMBER(Schema, outside, "outside", OBJECTS, APART, &schema_table_kind, false),
	MEMBER(Schema, ignored, "ignored", OBJECTS, NEVER, &schema_ignored_kind, false),
	MEMBER(Schema, renames, "renames", OBJECTS, NEVER, &schema_rename_kind, false),
	STRINGS(Schema, ignore, NEVER),
};
KIND(schema_kind, "schema document", Schema, false);

/* 0 is a number like any other: one that is not set is told by a value of its own. */
void *
schema_new(const SchemaKind *kind)
{
	void	   *object = palloc0(kind->size);

	for (int i = 0; i < kind->nmembers; i++)
		if (kind->members[i].type == MEMBER_INT)
			SCHEMA_INT(object, &kind->members[i]) = SCHEMA_UNSET;
	return object;
}

/* Of those that have a memory of their own; others go with their context. */
void
schema_free(Schema *schema)
{
	if (schema->context != NULL)
		MemoryContextDelete(schema->context);
}

/* What is not present is not written, hashed or compared: it is as CREATE makes it. */
bool
schema_is_present(const SchemaMember *member, const void *object)
{
	switch (member->type)
	{
		case MEMBER_TEXT:
			return SCHEMA_TEXT(object, member) != NULL;
		case MEMBER_BOOL:
			return SCHEMA_BOOL(object, member);
		case MEMBER_INT:
			return SCHEMA_INT(object, member) != SCHEMA_UNSET;
		default:
			return SCHEMA_LIST(object, member) != NIL;
	}
}

/* By the name in the document; NULL: there is none. */
const SchemaMember *
schema_find_member(const SchemaKind *kind, const char *name)
{
	for (int i = 0; i < kind->nmembers; i++)
		if (strcmp(kind->members[i].name, name) == 0)
			return &kind->members[i];
	return NULL;
}

/* NULL comes first. */
static int
compare_text(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

/* Bytewise, by schema, name and signature: the same in every database. */
int
schema_compare_keys(const void *a, const void *b)
{
	const SchemaObject *x = a;
	const SchemaObject *y = b;
	int			order = compare_text(x->schema, y->schema);

	if (order == 0)
		order = compare_text(x->name, y->name);
	return order != 0 ? order : compare_text(x->signature, y->signature);
}

static int
compare_cells(const ListCell *a, const ListCell *b)
{
	return schema_compare_keys(lfirst(a), lfirst(b));
}

/*
 * Positional lists keep the order that they mean.  Texts are not sorted here: whoever
 * fills in such a list knows whether its order means something.
 */
static void
sort_members(const SchemaKind *kind, void *object)
{
	for (int i = 0; i < kind->nmembers; i++)
	{
		const SchemaMember *member = &kind->members[i];
		List	   *list;
		ListCell   *lc;

		if (member->type != MEMBER_OBJECTS)
			continue;
		list = SCHEMA_LIST(object, member);
		if (!member->child->positional)
			list_sort(list, compare_cells);
		foreach(lc, list)
			sort_members(member->child, lfirst(lc));
	}
}

/* Lists of objects, at every level; lists of texts keep their order. */
void
schema_sort(Schema *schema)
{
	sort_members(&schema_kind, schema);
}

/*
 * Lists are sorted by the same order: halving finds it.
 *
 * In a list that is not sorted it may miss what is there: the order is the caller's to
 * keep.
 */
void *
schema_find(List *objects, const char *schema, const char *name, const char *signature)
{
	SchemaObject key = {.schema = unconstify(char *, schema),
						.name = unconstify(char *, name),
						.signature = unconstify(char *, signature)};
	int			low = 0;
	int			high = list_length(objects);

	while (low < high)
	{
		int			middle = low + (high - low) / 2;
		void	   *object = list_nth(objects, middle);
		int			order = schema_compare_keys(&key, object);

		if (order == 0)
			return object;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

SchemaTable *
schema_find_table(const Schema *schema, const char *nspname, const char *relname)
{
	return schema_find(schema->tables, nspname, relname, NULL);
}

/* An entry begins with the name, and a list of columns or a condition may follow. */
const char *
schema_publishes(const SchemaPublication *publication, const char *table)
{
	int			length = strlen(table);
	ListCell   *lc;

	foreach(lc, publication->tables)
	{
		const char *entry = lfirst(lc);

		if (strncmp(entry, table, length) == 0 && (entry[length] == '\0' || entry[length] == ' '))
			return entry;
	}
	return NULL;
}

/* NULL too for one of the schemas themselves. */
SchemaTable *
schema_find_outside(const Schema *schema, const char *nspname, const char *relname)
{
	return schema_find(schema->outside, nspname, relname, NULL);
}

SchemaView *
schema_find_view(const Schema *schema, const char *nspname, const char *relname)
{
	return schema_find(schema->views, nspname, relname, NULL);
}

/*
 * Of a list without schemas: columns of a table, constraints, indexes.  Columns are not
 * sorted, and the lists are short: no halving.  A child without a name is one that is
 * being taken out.
 */
void *
schema_find_child(List *objects, const char *name)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		SchemaObject *object = lfirst(lc);

		if (object->name != NULL && strcmp(object->name, name) == 0)
			return object;
	}
	return NULL;
}

/* Texts are compared as they are. */
bool
schema_lists(List *texts, const char *text)
{
	ListCell   *lc;

	foreach(lc, texts)
		if (strcmp(lfirst(lc), text) == 0)
			return true;
	return false;
}

/*
 * As SQL would name it; of a routine with its arguments.  In the current context,
 * always a new text.
 */
char *
schema_identity(const void *object)
{
	const SchemaObject *o = object;
	char	   *name = o->schema != NULL ? quote_qualified_identifier(o->schema, o->name)
								   : pstrdup(quote_identifier(o->name));

	return o->signature != NULL ? psprintf("%s(%s)", name, o->signature) : name;
}

char *
schema_key(const SchemaKind *kind, const void *object, const void *parent)
{
	const SchemaObject *o = object;
	const SchemaObject *above = parent;

	if (above == NULL)
		return psprintf("%s %s", kind->name, schema_identity(object));
	if (kind == &schema_index_kind)
		return psprintf("%s %s", kind->name, quote_qualified_identifier(above->schema, o->name));
	return psprintf("%s %s.%s", kind->name, schema_identity(parent), quote_identifier(o->name));
}
