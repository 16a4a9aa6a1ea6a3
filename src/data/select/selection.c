/*
 * selection.c
 *	  The rows of a table that belong to a backup, as one SELECT.
 *
 * Everything in the statement is either a name from the catalog, quoted, or a
 * parameter; the filter of the backup schema is no exception (selectionfilter.c).  The statement runs under the caller's settings, so
 * every operator is written with its schema.
 *
 * It assumes that tables are bound, and so locked, and that the context it was made in
 * outlives the statement.  It never runs what it writes, and puts no text of a
 * document or a caller into it: not the name of a column, which the catalog gives, nor
 * a value.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "data/backupschema/backupschematenant.h"
#include "data/select/selection.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "miscadmin.h"
#include "utils/typcache.h"

/* Ways from one table up to filtered ones that one statement may hold. */
#define MAX_WAYS 500
/* Subqueries of a statement; only references to many tables that lead in circles have so many. */
#define MAX_ALIASES 5000

enum
{
	NARROWED_UNKNOWN,
	NARROWED_YES,
	NARROWED_NO
};

/* In the current context, with everything that is added to it; freed with that. */
Selection *
selection_create(const BackupSchema *schema, const char *user_id)
{
	Selection  *s = palloc0(sizeof(Selection));

	initStringInfo(&s->sql);
	s->schema = schema;
	s->user_id = user_id;
	s->maxargs = 8;
	s->types = palloc(sizeof(Oid) * s->maxargs);
	s->values = palloc(sizeof(Datum) * s->maxargs);
	s->nulls = palloc(s->maxargs);
	return s;
}

/*
 * Without its schema: asked for "lo" alone.  Who calls a domain so in a schema of his own
 * is asked to exclude the column: that is on the safe side.
 */
static char *
type_name(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	name = pstrdup(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname));
	ReleaseSysCache(tuple);
	return name;
}

/*
 * Returns the parameter's text, "$n".  Values are the caller's, and must live as long as
 * the statement runs.
 */
char *
selection_add(Selection *s, Oid type, Datum value)
{
	if (s->nargs == s->maxargs)
	{
		s->maxargs *= 2;
		s->types = repalloc(s->types, sizeof(Oid) * s->maxargs);
		s->values = repalloc(s->values, sizeof(Datum) * s->maxargs);
		s->nulls = repalloc(s->nulls, s->maxargs);
	}
	s->types[s->nargs] = type;
	s->values[s->nargs] = value;
	s->nulls[s->nargs] = ' ';
	return psprintf("$%d", ++s->nargs);
}

/* By the type's input function under the pins that the caller has set. */
Datum
selection_datum(Oid base, const char *text)
{
	Oid			input;
	Oid			ioparam;

	getTypeInputInfo(base, &input, &ioparam);
	return OidInputFunctionCall(input, unconstify(char *, text), ioparam, -1);
}

/*
 * A value as text becomes a parameter of the column's base type: no domain's checks are run
 * for what is only compared.
 */
char *
selection_argument(Selection *s, Oid type, const char *text)
{
	Oid			base = getBaseType(type);
	/* The text of a filter means the same whatever the session's DateStyle or TimeZone. */
	int			nestlevel = query_pin(PIN_VALUES);
	Datum		value = selection_datum(base, text);

	query_unpin(nestlevel);
	return selection_add(s, base, value);
}

/* The operator that says a value of this column equals another. */
static char *
equality(const BackupTable *table, const RelationColumn *column)
{
	char	   *equals = relation_equality(column->type);

	if (equals == NULL)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
						errmsg("column \"%s\" of table \"%s\" cannot be compared", column->name,
							   table->name),
						errdetail("Its type has no equality operator.")));
	return equals;
}

/*
 * Declared tables below this one give their rows themselves.  A row of theirs would come
 * twice, once as the parent's.  Asked by tableoid, and so of rows further below as well.
 */
static void
exclude_descendants(Selection *s, const BackupTable *table, const char *alias)
{
	List	   *below = NIL;
	Datum	   *oids;
	int			count = 0;
	ListCell   *lc;

	if (!has_subclass(table->rel->oid))
		return;
	for (int i = 0; i < s->schema->ntables; i++)
	{
		Oid			other = s->schema->tables[i].rel->oid;

		if (i != table->index &&
			list_member_oid(find_all_inheritors(table->rel->oid, AccessShareLock, NULL), other))
			below =
				list_concat_unique_oid(below, find_all_inheritors(other, AccessShareLock, NULL));
	}
	if (below == NIL)
		return;
	oids = palloc(sizeof(Datum) * list_length(below));
	foreach(lc, below)
		oids[count++] = ObjectIdGetDatum(lfirst_oid(lc));
	appendStringInfo(&s->sql, " AND %s.tableoid OPERATOR(pg_catalog.<>) ALL (%s)", alias,
					 selection_add(s, OIDARRAYOID,
								   PointerGetDatum(construct_array(oids, count, OIDOID, sizeof(Oid),
																   true, TYPALIGN_INT))));
}

/* Rows of the table itself: source says ONLY where heirs are not its partitions. */
void
selection_table(Selection *s, const BackupTable *table, const char *alias)
{
	appendStringInfo(&s->sql, "%s AS %s", table->source, alias);
}

char *
selection_column_text(const char *alias, const RelationColumn *column)
{
	return relation_text(psprintf("%s.%s", alias, column->quoted), column->type);
}

/* By the equality of the column's type, under its own collation. */
static void
append_comparison(Selection *s, const char *alias, const BackupTable *table,
				  const RelationColumn *column, const char *other)
{
	appendStringInfo(&s->sql, "%s.%s %s %s", alias, column->quoted, equality(table, column), other);
}

/* The key's collation says what is equal, as it does for a foreign key. */
static char *
key_collation(const RelationColumn *key, const RelationColumn *column)
{
	if (!OidIsValid(key->collation) || !OidIsValid(column->collation) ||
		key->collation == column->collation)
		return "";
	return psprintf(" COLLATE %s", relation_collation_text(key->collation));
}

/* Ids that repeat over tenants lead to a row of the tenant whose row refers. */
static void
append_same_tenant(Selection *s, const char *alias, const BackupTable *target, const char *from,
				   const BackupRef *ref)
{
	const RelationColumn *tenant = target->user_column;

	appendStringInfoString(&s->sql, " AND ");
	append_comparison(s, alias, target, tenant,
					  psprintf("%s.%s%s", from, ref->user_column->quoted,
							   key_collation(tenant, ref->user_column)));
}

/*
 * A column that refers, and the key it refers to, need not be of one type: where these have
 * no equality in common, both are compared as text, by their output functions.
 */
void
selection_join(Selection *s, const char *alias, const BackupTable *target, const char *from,
			   const BackupRef *ref)
{
	for (int i = 0; i < ref->nfields; i++)
	{
		const RelationColumn *key = target->keys[ref->key].columns[i];
		const RelationColumn *column = ref->columns[i];

		if (i > 0)
			appendStringInfoString(&s->sql, " AND ");
		/* A column that refers to several tables may be text where a key is a number. */
		if (relation_comparable(key->type, column->type))
			append_comparison(
				s, alias, target, key,
				psprintf("%s.%s%s", from, column->quoted, key_collation(key, column)));
		else
			appendStringInfo(&s->sql, "%s OPERATOR(pg_catalog.=) %s",
							 selection_column_text(alias, key),
							 selection_column_text(from, column));
	}
	if (target->per_tenant && ref->key == 0)
		append_same_tenant(s, alias, target, from, ref);
}

/*
 * Parents are joined by subqueries of any depth, so names are numbered over the whole
 * statement.
 */
static char *
new_alias(Selection *s)
{
	return psprintf("p%d", ++s->naliases);
}

void
selection_of_none(Selection *s, const BackupTable *table, const char *alias)
{
	const BackupRef *ref = table->tenant_parent;
	int			count = 0;

	if (table->user_column != NULL)
	{
		appendStringInfo(&s->sql, "%s.%s IS NULL", alias, table->user_column->quoted);
		return;
	}
	appendStringInfoChar(&s->sql, '(');
	for (int i = 0; i < ref->nfields; i++)
		if (!ref->columns[i]->not_null)
			appendStringInfo(&s->sql, "%s%s.%s IS NULL", count++ > 0 ? " OR " : "", alias,
							 ref->columns[i]->quoted);
	appendStringInfoChar(&s->sql, ')');
}

static void
append_owned(Selection *s, const BackupTable *table, const char *alias)
{
	if (!s->schema->none_travels || !backupschematenant_may_be_of_none(table))
		return;
	appendStringInfoString(&s->sql, " AND NOT ");
	selection_of_none(s, table, alias);
}

/*
 * EXISTS (the row of target that ref of the row called from leads to), of the tenant if
 * asked.  Under an alias of its own, for a table may refer to itself.
 */
static void
append_exists(Selection *s, const BackupTable *target, const BackupRef *ref, const char *from,
			  bool of_tenant)
{
	char	   *alias = new_alias(s);

	appendStringInfoString(&s->sql, "EXISTS (SELECT 1 FROM ");
	selection_table(s, target, alias);
	appendStringInfoString(&s->sql, " WHERE ");
	selection_join(s, alias, target, from, ref);
	if (of_tenant)
	{
		appendStringInfoString(&s->sql, " AND ");
		selection_membership(s, target, alias);
	}
	else
		append_owned(s, target, alias);
	appendStringInfoChar(&s->sql, ')');
}

/*
 * Of a polymorphic reference: that the row means this target.  Others need no test, and
 * nothing is written.
 */
void
selection_type_test(Selection *s, const BackupTable *table, const BackupRef *ref, int target,
					const char *from)
{
	if (ref->kind != REF_POLYMORPHIC)
		return;
	append_comparison(s, from, table, ref->type_column,
					  selection_argument(s, ref->type_column->type, ref->targets[target].value));
	appendStringInfoString(&s->sql, " AND ");
}

/* That the columns of the row called alias hold that key of the tenant's own row. */
static void
append_tenant_key(Selection *s, const BackupTable *table, const char *alias,
				  RelationColumn *const *columns, int key)
{
	const BackupTenant *tenant = s->schema->tenant_row;
	const BackupKey *held = &s->schema->tenant->keys[key];

	if (tenant == NULL)
		elog(ERROR, "the tenant was not looked for");
	for (int i = 0; i < held->count; i++)
	{
		char	   *value;

		appendStringInfoString(&s->sql, i > 0 ? " AND " : "");
		if (!tenant->found || tenant->nulls[key][i])
		{
			appendStringInfoString(&s->sql, "false");
			continue;
		}
		value = selection_add(s, held->columns[i]->basetype, tenant->keys[key][i]);
		if (relation_comparable(columns[i]->type, held->columns[i]->type))
			append_comparison(s, alias, table, columns[i], value);
		else
			appendStringInfo(&s->sql, "%s OPERATOR(pg_catalog.=) %s",
							 selection_column_text(alias, columns[i]),
							 relation_text(value, held->columns[i]->basetype));
	}
}

/* That the reference of the row called alias leads to a row of the tenant's, of that target. */
static void
append_way(Selection *s, const BackupTable *table, const BackupTable *target, const BackupRef *ref,
		   const char *alias)
{
	if (target == s->schema->tenant)
		append_tenant_key(s, table, alias, ref->columns, ref->key);
	else
		append_exists(s, target, ref, alias, true);
}

/* Through the reference that leads to one; of several possible targets any may do. */
static void
append_ways(Selection *s, const BackupTable *table, const char *alias)
{
	const BackupRef *ref = table->tenant_parent;
	bool		first = true;

	check_stack_depth();
	if (s->passing == NULL)
		s->passing = palloc0(sizeof(bool) * s->schema->ntables);
	s->passing[table->index] = true;
	appendStringInfoChar(&s->sql, '(');
	for (int i = 0; i < ref->ntargets; i++)
	{
		const BackupTable *target = &s->schema->tables[ref->targets[i].index];

		/* A way that comes back to where it was ends here, or it never would. */
		if (target->tenant_depth < 0 || target->lookup != LOOKUP_NONE || s->passing[target->index])
			continue;
		if (s->naliases > MAX_ALIASES)
			ereport(ERROR, (errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
							errmsg("too many references lead from table \"%s\" to its tenant",
								   table->name)));
		if (!first)
			appendStringInfoString(&s->sql, " OR ");
		first = false;
		selection_type_test(s, table, ref, i, alias);
		append_way(s, table, target, ref, alias);
	}
	appendStringInfoString(&s->sql, first ? "false)" : ")");
	s->passing[table->index] = false;
}

/* By the tenant column, as the tenant itself, or through a reference. */
void
selection_membership(Selection *s, const BackupTable *table, const char *alias)
{
	if (table->user_column != NULL)
		append_comparison(s, alias, table, table->user_column,
						  selection_argument(s, table->user_column->type, s->user_id));
	else if (table == s->schema->tenant)
		append_tenant_key(s, table, alias, table->pk_columns, 0);
	else
		append_ways(s, table, alias);
}

/* Generated columns are computed anew where they are restored. */
bool
selection_has_column(const BackupTable *table, const RelationColumn *column)
{
	return !column->generated && !table->excluded[column - table->rel->columns] &&
		   backupschema_needs_column(table, column);
}

/*
 * A domain "lo" over oid is what the contrib module lo has: its rows hold numbers of large
 * objects, which a backup of rows does not have.
 */
bool
selection_is_large_object(const RelationColumn *column)
{
	return column->type != column->basetype && column->basetype == OIDOID &&
		   strcmp(type_name(column->type), "lo") == 0;
}

/* Large objects live elsewhere: their numbers mean nothing in another database. */
static void
refuse_large_object(const BackupTable *table, const RelationColumn *column)
{
	if (selection_is_large_object(column))
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("column \"%s\" of table \"%s\" refers to large objects",
							   column->name, table->name),
						errhint("Name it in \"exclude_columns\".")));
}

/* In the order of the table; a table of generated columns alone has rows without any. */
void
selection_columns(Selection *s, const BackupTable *table)
{
	const char *separator = "SELECT ";

	for (int i = 0; i < table->rel->ncolumns; i++)
	{
		const RelationColumn *column = &table->rel->columns[i];

		if (!selection_has_column(table, column))
			continue;
		refuse_large_object(table, column);
		appendStringInfo(&s->sql, "%st.%s", separator, column->quoted);
		separator = ", ";
	}
	if (*separator == 'S')
		appendStringInfoString(&s->sql, "SELECT");
}

/*
 * Whether the row could refer to another tenant's: not by the parent that makes it this
 * tenant's.
 */
static bool
may_leak(const Selection *s, const BackupTable *table, const BackupRef *ref)
{
	/* The parent by which the row belongs to the tenant is the tenant's own. */
	if (ref == table->tenant_parent && ref->kind == REF_COLUMNS)
		return false;
	for (int i = 0; i < ref->ntargets; i++)
		if (s->schema->tables[ref->targets[i].index].tenant_depth >= 0)
			return true;
	return false;
}

/* None without a tenant: then every row is wanted, and none is another's. */
List *
selection_leaking_refs(const Selection *s, const BackupTable *table)
{
	List	   *refs = NIL;

	for (int i = 0; s->user_id != NULL && i < table->nrefs; i++)
		if (may_leak(s, table, &table->refs[i]))
			refs = lappend(refs, &table->refs[i]);
	return refs;
}

/*
 * "the reference leads to a row, and not to one of the tenant's".  The tenant's
 * rows are asked first: that probe the planner can turn into a hash, and the
 * other one runs for suspects alone.
 */
static void
append_column_leak(Selection *s, const BackupTable *table, const BackupRef *ref)
{
	appendStringInfoString(&s->sql, "CASE");
	for (int i = 0; i < ref->ntargets; i++)
	{
		const BackupTable *target = &s->schema->tables[ref->targets[i].index];

		if (target->tenant_depth < 0)
			continue;
		appendStringInfoString(&s->sql, " WHEN ");
		selection_type_test(s, table, ref, i, "t");
		appendStringInfoString(&s->sql, "NOT ");
		append_exists(s, target, ref, "t", true);
		appendStringInfoString(&s->sql, " THEN ");
		append_exists(s, target, ref, "t", false);
	}
	appendStringInfoString(&s->sql, " ELSE false END");
}

/*
 * The same for the keys that a path finds inside a document, compared as text.  A place
 * in a document refers to one table with one column for its key.
 */
static void
append_json_leak(Selection *s, const BackupTable *table, const BackupRef *ref)
{
	const BackupTable *target = &s->schema->tables[ref->targets[0].index];
	char	   *alias[2] = {new_alias(s), new_alias(s)};

	appendStringInfo(&s->sql,
					 "EXISTS (SELECT 1 FROM pg_catalog.jsonb_path_query("
					 "t.%s::pg_catalog.jsonb, %s) AS k (v) WHERE",
					 ref->columns[0]->quoted, selection_argument(s, JSONPATHOID, ref->json_path));
	for (int i = 0; i < 2; i++)
	{
		appendStringInfo(&s->sql, "%s EXISTS (SELECT 1 FROM ", i == 0 ? " NOT" : " AND");
		selection_table(s, target, alias[i]);
		appendStringInfo(&s->sql,
						 " WHERE %s OPERATOR(pg_catalog.=) (k.v OPERATOR(pg_catalog.#>>) '{}')",
						 selection_column_text(alias[i], target->keys[ref->key].columns[0]));
		if (i == 0)
		{
			appendStringInfoString(&s->sql, " AND ");
			selection_membership(s, target, alias[i]);
		}
		else
			append_owned(s, target, alias[i]);
		appendStringInfoChar(&s->sql, ')');
	}
	appendStringInfoChar(&s->sql, ')');
}

/*
 * A boolean column for each such reference, in the order of the list, behind the table's
 * own.
 */
void
selection_leak(Selection *s, const BackupTable *table, const BackupRef *ref)
{
	appendStringInfoString(&s->sql, ", ");
	if (ref->kind == REF_JSON)
		append_json_leak(s, table, ref);
	else
		append_column_leak(s, table, ref);
}

void
selection_from(Selection *s, const BackupTable *table)
{
	appendStringInfoString(&s->sql, " FROM ");
	selection_table(s, table, "t");
}

/*
 * A JSON value as the text that the column's type reads.  Objects and lists are values for
 * json columns alone.
 */
char *
selection_text(const BackupTable *table, const char *column, Oid basetype, const JsonbValue *value)
{
	bool		json = basetype == JSONBOID || basetype == JSONOID;
	JsonbValue	copy = *value;

	if (json || value->type == jbvBinary)
	{
		Jsonb	   *jb = JsonbValueToJsonb(&copy);

		if (!json)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("value for column \"%s\" of table \"%s\" must be a string, a "
								   "number, a boolean or null",
								   column, table->name)));
		return JsonbToCString(NULL, &jb->root, VARSIZE(jb));
	}
	if (value->type == jbvString)
		return json_value_string(value);
	if (value->type == jbvBool)
		return value->val.boolean ? "true" : "false";
	return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
}

/* For json_visit(). */
typedef struct FilterState
{
	Selection  *s;
	const BackupTable *table;
	const char *alias;
} FilterState;

/* NULL is asked for as such: an equality would never be true. */
static bool
append_filter(const char *key, JsonbValue *value, void *arg)
{
	FilterState *state = arg;
	Selection  *s = state->s;
	RelationColumn *column = relation_column(state->table->rel, key);

	appendStringInfoString(&s->sql, " AND ");
	if (value->type == jbvNull)
		appendStringInfo(&s->sql, "%s.%s IS NULL", state->alias, column->quoted);
	else
		append_comparison(s, state->alias, state->table, column,
						  selection_argument(
							  s, column->type,
							  selection_text(state->table, column->name, column->basetype, value)));
	return true;
}

/*
 * The backup schema's filter is an expression, the caller's filters are values; both hold.
 */
static void
append_filters(Selection *s, const BackupTable *table, JsonbContainer *filters, const char *alias)
{
	FilterState state = {s, table, alias};

	if (table->filter != NULL)
		appendStringInfo(&s->sql, " AND (%s)", selection_filter_text(table, alias));
	if (filters != NULL)
		json_visit(filters, append_filter, &state);
}

/* NULL: the caller has none for the table. */
static JsonbContainer *
filters_of(const Selection *s, const BackupTable *table)
{
	return s->filters != NULL ? json_get_object(s->filters, table->name, "filters") : NULL;
}

/* A row follows its parents; where tables refer to each other nobody comes first. */
static bool
follows(const BackupRef *ref)
{
	return ref->required && !ref->circular && ref->kind != REF_JSON;
}

/* Whether the caller's filters take not all rows of the table: of it, or of one above it. */
static bool
is_narrowed(Selection *s, const BackupTable *table)
{
	/* Remembered for each table, since many ways lead up through the same ones. */
	bool		narrowed = filters_of(s, table) != NULL;

	check_stack_depth();
	if (s->narrowed == NULL)
		s->narrowed = palloc0(s->schema->ntables);
	if (s->narrowed[table->index] != NARROWED_UNKNOWN)
		return s->narrowed[table->index] == NARROWED_YES;
	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; follows(&table->refs[i]) && j < table->refs[i].ntargets; j++)
			narrowed |= is_narrowed(s, &s->schema->tables[table->refs[i].targets[j].index]);
	s->narrowed[table->index] = narrowed ? NARROWED_YES : NARROWED_NO;
	return narrowed;
}

/*
 * "… OR" before the test of a parent, where the row may have none there.  A reference
 * with a NULL in it leads nowhere, and nothing above can leave its row out.
 */
static void
append_exceptions(Selection *s, const BackupTable *table, const BackupRef *ref, int target,
				  const char *alias)
{
	for (int i = 0; i < ref->nfields; i++)
		if (!ref->columns[i]->not_null)
			appendStringInfo(&s->sql, "%s.%s IS NULL OR ", alias, ref->columns[i]->quoted);
	if (ref->kind != REF_POLYMORPHIC)
		return;
	appendStringInfoChar(&s->sql, '(');
	selection_type_test(s, table, ref, target, alias);
	appendStringInfoString(&s->sql, "true) IS NOT TRUE OR ");
}

/* Children of rows that filters leave out are left out: they could not be restored. */
static void
append_parents(Selection *s, const BackupTable *table, const char *alias)
{
	for (int i = 0; s->filters != NULL && i < table->nrefs; i++)
		for (int j = 0; follows(&table->refs[i]) && j < table->refs[i].ntargets; j++)
		{
			const BackupRef *ref = &table->refs[i];
			const BackupTable *target = &s->schema->tables[ref->targets[j].index];
			char	   *parent;

			if (!is_narrowed(s, target))
				continue;
			if (s->naliases > MAX_WAYS)
				ereport(ERROR, (errcode(ERRCODE_STATEMENT_TOO_COMPLEX),
								errmsg("too many references lead from table \"%s\" to filtered "
									   "tables",
									   table->name),
								errhint("Filter the tables below as well, and back them up "
										"alone.")));
			parent = new_alias(s);
			appendStringInfoString(&s->sql, " AND (");
			append_exceptions(s, table, ref, j, alias);
			appendStringInfoString(&s->sql, "EXISTS (SELECT 1 FROM ");
			selection_table(s, target, parent);
			appendStringInfoString(&s->sql, " WHERE ");
			selection_join(s, parent, target, alias, ref);
			append_filters(s, target, filters_of(s, target), parent);
			append_parents(s, target, parent);
			appendStringInfoString(&s->sql, "))");
		}
}

static void
append_owner(Selection *s, const BackupTable *table)
{
	bool		of_none = s->owner != ROWS_OF_TENANT && backupschematenant_may_be_of_none(table);

	appendStringInfoString(&s->sql, " AND (");
	if (!of_none || s->owner == ROWS_OR_OF_NONE)
		selection_membership(s, table, "t");
	if (of_none && s->owner == ROWS_OR_OF_NONE)
		appendStringInfoString(&s->sql, " OR ");
	if (of_none)
		selection_of_none(s, table, "t");
	appendStringInfoChar(&s->sql, ')');
}

/* "true" first, so that whatever follows begins with AND. */
void
selection_where(Selection *s, const BackupTable *table, JsonbContainer *filters)
{
	appendStringInfoString(&s->sql, " WHERE true");
	exclude_descendants(s, table, "t");
	if (s->user_id != NULL && table->tenant_depth >= 0)
		append_owner(s, table);
	append_filters(s, table, filters, "t");
	append_parents(s, table, "t");
}

/*
 * Offset 0 stands before the first row of a page.  In the context of the statement, as
 * parameters go by reference.
 */
static void
append_page(Selection *s, const char *comparison, BlockNumber page)
{
	ItemPointer tid = palloc(sizeof(ItemPointerData));

	ItemPointerSet(tid, page, 0);
	appendStringInfo(&s->sql, " AND t.ctid OPERATOR(pg_catalog.%s) %s", comparison,
					 selection_add(s, TIDOID, PointerGetDatum(tid)));
}

/* The last range has no end, so that rows in pages which were added since are in it. */
void
selection_pages(Selection *s, BlockNumber from, BlockNumber to)
{
	if (from > 0)
		append_page(s, ">=", from);
	if (to != InvalidBlockNumber)
		append_page(s, "<", to);
}

/* Places of one snapshot and one table alone: in another a place may hold another row. */
void
selection_places(Selection *s, ItemPointerData *places, int count)
{
	Datum	   *values = palloc_extended(sizeof(Datum) * count, MCXT_ALLOC_HUGE);

	for (int i = 0; i < count; i++)
		values[i] = PointerGetDatum(&places[i]);
	appendStringInfo(
		&s->sql, " AND t.ctid OPERATOR(pg_catalog.=) ANY (%s)",
		selection_add(s, TIDARRAYOID,
					  PointerGetDatum(construct_array(
						  values, count, TIDOID, sizeof(ItemPointerData), false, TYPALIGN_SHORT))));
}

/*
 * Backups of the same rows are to be the same.  A plain table gives its rows in
 * the order in which they lie, and that costs nothing: rowscan.c sees to it that
 * the scan begins at the beginning.  Whatever else gives rows is sorted.
 */
void
selection_order(Selection *s, const BackupTable *table)
{
	bool		plain = table->rel->kind == RELKIND_RELATION && !table->rel->has_children;
	RelationColumn **columns = table->npk > 0 ? table->pk_columns : table->slug_columns;
	int			count = table->npk > 0 ? table->npk : table->nslug;
	const char *separator = " ORDER BY ";

	for (int i = 0; i < count && !plain; i++)
	{
		/*
		 * A type without an order cannot be sorted by; rows that are equal in all else
		 * come as they come.
		 */
		if (!OidIsValid(lookup_type_cache(columns[i]->type, TYPECACHE_LT_OPR)->lt_opr))
			continue;
		appendStringInfo(&s->sql, "%st.%s", separator, columns[i]->quoted);
		separator = ", ";
	}
}
