/*
 * restore_table.c
 *	  One table of a restore: what its rows bring, what makes them exist, and
 *	  the statements that find and write them.
 *
 * A batch is a relation of our own, read by the statements under the name
 * db_adapter_rows.  Its columns are called c1, c2, … in the table's order and n,
 * the row's number, so that no name of the table can mean anything else there.
 * Every other name is qualified, since the statements run under the caller's
 * settings.
 *
 * It assumes that the table has been bound, and so is locked.  It never looks at a
 * row's values but the tenant's, and executes no statement that writes: those it
 * prepares for others.
 */
#include "postgres.h"

#include "access/transam.h"
#include "base/compat.h"
#include "base/json.h"
#include "catalog/pg_am.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "data/restore/restore_private.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

/*
 * Everything about a table's columns is kept by this index, not by attribute number:
 * dropped columns have none.
 */
static int
column_index(const RestoreTable *t, const RelationColumn *column)
{
	return column - t->rel->columns;
}

/*
 * Whether the file's value of it is another row's key, and so means nothing here until it
 * is mapped.  The place inside a json value is mapped in the value.
 */
static bool
is_referencing(const RestoreTable *t, const RelationColumn *column)
{
	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			if (t->table->refs[i].kind != REF_JSON && t->table->refs[i].columns[j] == column)
				return true;
	return false;
}

/* Whether it refers to a row that may come after its own. */
static bool
is_circular(const RestoreTable *t, const RelationColumn *column)
{
	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			if (t->table->refs[i].circular && t->table->refs[i].columns[j] == column)
				return true;
	return false;
}

/* Whether the caller's tenant stands in the place of the file's. */
static bool
is_tenant(const RestoreTable *t, const RelationColumn *column)
{
	return t->restore->options.user_id != NULL && column == t->table->user_column;
}

bool
restore_table_is_tenant(const RestoreTable *t, int column)
{
	return is_tenant(t, &t->rel->columns[column]);
}

bool
restore_table_keeps_ids(const RestoreTable *t)
{
	return t->restore->options.ids == IDS_KEEP ||
		   (t->restore->options.ids == IDS_AUTO && t->section->keep_ids);
}

/* Where a key column that neither refers nor names the tenant gets its value. */
static KeySource
choose_source(const RestoreTable *t, const RelationColumn *column)
{
	bool		in_file = t->columns.fields[column_index(t, column)] >= 0;

	if (in_file && restore_table_keeps_ids(t))
		return KEY_KEPT;
	if (in_file && t->restore->options.ids == IDS_AUTO && !OidIsValid(column->sequence))
		return KEY_KEPT;
	if (OidIsValid(column->sequence))
		return KEY_SEQUENCE;
	return column->has_default ? KEY_DEFAULT : KEY_KEPT;
}

/* Whether rows get other keys than the file's: then nothing is found by the key. */
bool
restore_table_draws(const RestoreTable *t)
{
	for (int i = 0; i < t->key.count; i++)
		if (t->key.sources[i] == KEY_SEQUENCE || t->key.sources[i] == KEY_DEFAULT)
			return true;
	return false;
}

/*
 * A part that refers or names the tenant is mapped, whatever ids says.  New ids for a key
 * that nothing can draw would be the old ones: refused before the first row, rather than at
 * the first collision.
 */
static void
choose_key(RestoreTable *t)
{
	bool		mapped = false;

	t->key.count = t->table->npk;
	t->key.columns = palloc(sizeof(int) * Max(t->key.count, 1));
	t->key.sources = palloc(sizeof(KeySource) * Max(t->key.count, 1));
	t->key.defaults = palloc0(sizeof(QueryPlan *) * Max(t->key.count, 1));
	t->key.renamed = palloc0(sizeof(bool) * Max(t->key.count, 1));
	for (int i = 0; i < t->key.count; i++)
	{
		RelationColumn *column = t->table->pk_columns[i];

		t->key.columns[i] = column_index(t, column);
		t->key.sources[i] = is_referencing(t, column) || is_tenant(t, column)
								? KEY_MAPPED
								: choose_source(t, column);
		mapped |= t->key.sources[i] == KEY_MAPPED;
	}
	if (t->restore->options.ids == IDS_NEW && t->key.count > 0 && !mapped &&
		t->lookup != LOOKUP_FIND && !restore_table_draws(t))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("table \"%s\" cannot be given new ids", t->table->name),
						errdetail("Its key has neither a sequence nor a default."),
						errhint("Use ids => 'auto'.")));
}

/* false for columns that are no part of the key, and for parts that the file gives. */
bool
restore_table_is_drawn(const RestoreTable *t, int column)
{
	for (int i = 0; i < t->key.count; i++)
		if (t->key.columns[i] == column)
			return t->key.sources[i] == KEY_SEQUENCE || t->key.sources[i] == KEY_DEFAULT;
	return false;
}

/* Such columns need not be in the file; what it says of them is not read. */
bool
restore_table_is_filled(const RestoreTable *t, int column)
{
	return restore_table_is_drawn(t, column) || is_tenant(t, &t->rel->columns[column]);
}

/* A column may be part of the key, the tenant and a reference at once, and counts once. */
static void
match_add(RestoreTable *t, const RelationColumn *column)
{
	int			index = column_index(t, column);

	for (int i = 0; i < t->match.count; i++)
		if (t->match.columns[i] == index)
			return;
	if (relation_equality(column->basetype) == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("column \"%s\" of table \"%s\" cannot identify rows", column->name,
							   t->table->name),
						errdetail("Its type has no equality.")));
	t->match.columns[t->match.count++] = index;
}

/* The columns that make rows without a match key unique, but for a key that is drawn. */
static RelationKey *
other_key(const RestoreTable *t)
{
	ListCell   *lc;

	foreach(lc, t->rel->keys)
	{
		RelationKey *key = lfirst(lc);
		bool		usable = !key->partial && !key->expressions;

		for (int i = 0; usable && i < key->ncolumns; i++)
		{
			RelationColumn *column = relation_column_by_number(t->rel, key->columns[i]);
			int			index = column_index(t, column);

			usable = !restore_table_is_drawn(t, index) && !is_circular(t, column) &&
					 !backupschema_makes(t->table, column) &&
					 (t->columns.fields[index] >= 0 || is_tenant(t, column));
		}
		if (usable)
			return key;
	}
	return NULL;
}

/*
 * Whether one unique index would refuse a second row with the same match key.  Then the
 * table itself keeps out what was not looked for; else each row is looked for, and a batch
 * holds no two alike.  A drawn column makes each row unique, which says nothing.
 */
static bool
match_is_covered(const RestoreTable *t)
{
	AttrNumber *columns = palloc(sizeof(AttrNumber) * Max(t->match.count, 1));
	ListCell   *lc;

	for (int i = 0; i < t->match.count; i++)
	{
		columns[i] = t->rel->columns[t->match.columns[i]].attnum;
		if (restore_table_is_drawn(t, t->match.columns[i]))
			return false;
	}
	foreach(lc, t->rel->keys)
		if (relation_key_within(lfirst(lc), columns, t->match.count))
			return true;
	return false;
}

/*
 * Circular references cannot take part: they are not mapped yet when a row is looked for.
 * A place inside json is not one value to compare.
 */
static void
match_add_parents(RestoreTable *t)
{
	for (int i = 0; i < t->table->nrefs; i++)
	{
		BackupRef  *ref = &t->table->refs[i];

		if (!ref->required || ref->circular || ref->kind == REF_JSON ||
			backupschema_is_lookup(t->restore->schema, ref) || !backupschema_needs(t->table, ref))
			continue;
		for (int j = 0; j < ref->nfields; j++)
			match_add(t, ref->columns[j]);
		if (ref->type_column != NULL)
			match_add(t, ref->type_column);
	}
}

/* By what a row of the file is told to be here already: the first thing to ask of a restore. */
static void
trace_match(const RestoreTable *t)
{
	StringInfoData columns;

	if (!message_level_is_interesting(DEBUG1))
		return;
	initStringInfo(&columns);
	for (int i = 0; i < t->match.count; i++)
		appendStringInfo(&columns, "%s%s", i > 0 ? ", " : "",
						 t->rel->columns[t->match.columns[i]].name);
	if (t->match.count == 0)
		elog(DEBUG1, "restore: nothing tells rows of table \"%s\" apart, each is new",
			 t->table->name);
	else
		elog(DEBUG1, "restore: a row of table \"%s\" is here when its (%s) is%s", t->table->name,
			 columns.data, t->match.covered ? ", which is unique" : "");
}

/*
 * What makes a row exist: match key and tenant, and the parent where the backup
 * schema says so, where these are not unique or where the row is the tenant's by it.  Without a match key the
 * key itself, unless it is drawn; then another unique index.
 */
static void
choose_match(RestoreTable *t)
{
	RelationKey *key;

	t->match.columns = palloc(sizeof(int) * Max(t->rel->ncolumns, 1));
	for (int i = 0; i < t->table->nslug; i++)
		match_add(t, t->table->slug_columns[i]);
	if (t->match.count == 0 && t->key.count > 0 && !restore_table_draws(t))
		for (int i = 0; i < t->key.count; i++)
			match_add(t, t->table->pk_columns[i]);
	else if (t->match.count == 0 && (key = other_key(t)) != NULL)
		for (int i = 0; i < key->ncolumns; i++)
			match_add(t, relation_column_by_number(t->rel, key->columns[i]));
	if (t->match.count == 0)
		return;
	if (t->table->user_column != NULL)
		match_add(t, t->table->user_column);
	if (t->table->match_parents || !match_is_covered(t) ||
		(t->restore->options.user_id != NULL && t->table->tenant_depth > 0))
		match_add_parents(t);
	t->match.covered = match_is_covered(t);
	for (int i = 0; i < t->key.count; i++)
		t->key.renamed[i] = restore_update_renames(t, i);
}

/* Whether the table has rows of that tenant; of any, where it has none. */
static bool
has_rows_of(RestoreTable *t, const RelationColumn *user, Datum tenant)
{
	Oid type = user ? valuereader_type(t->columns.readers[column_index(t, user)]) : InvalidOid;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT 1 FROM %s AS x", t->rel->qualified);
	if (user != NULL)
		appendStringInfo(&sql, " WHERE x.%s %s $1", user->quoted,
						 relation_equality(user->basetype));
	appendStringInfoString(&sql, " LIMIT 1");
	return query_run(sql.data, user ? 1 : 0, &type, &tenant, NULL, false, NULL, NULL) > 0;
}

/* Without a tenant of the caller's every row says whose it is. */
static bool
rows_tell_tenant(const RestoreTable *t)
{
	return t->table->user_column != NULL && t->restore->options.user_id == NULL;
}

/* The text of a column as the file has it; false where it is NULL or not there. */
bool
restore_table_field(const RestoreTable *t, const RestoreRow *row, int column, const char **text,
					int *len)
{
	int			at = t->columns.fields[column];
	const RowField *field = at < 0 ? NULL : &row->fields[at];

	if (field == NULL || field->kind <= FIELD_NULL)
		return false;
	*text = field->data;
	*len = field->len;
	return true;
}

/*
 * A row of a tenant that had none here cannot exist, so long as a unique index
 * keeps the file from bringing it twice.
 */
bool
restore_table_may_exist(RestoreTable *t, const RestoreRow *row)
{
	int			column = t->table->user_column ? column_index(t, t->table->user_column) : -1;
	RestoreTenant *tenant;
	const char *text;
	int			len;
	ListCell   *lc;
	MemoryContext oldcxt;

	if (t->match.count == 0 || t->match.probing || !rows_tell_tenant(t))
		return t->match.count > 0 && t->match.probing;
	if (!restore_table_field(t, row, column, &text, &len) || row->nulls[column])
		return false;
	foreach(lc, t->match.tenants)
	{
		tenant = lfirst(lc);
		if (tenant->len == len && memcmp(tenant->text, text, len) == 0)
			return tenant->has_rows;
	}
	/* Past what is remembered a row may exist, and is looked for. */
	if (list_length(t->match.tenants) == MAX_TENANTS)
		return true;
	oldcxt = MemoryContextSwitchTo(t->cxt);
	tenant = palloc(sizeof(RestoreTenant));
	tenant->text = pnstrdup(text, len);
	tenant->len = len;
	tenant->has_rows = has_rows_of(t, t->table->user_column, row->values[column]);
	t->match.tenants = lappend(t->match.tenants, tenant);
	MemoryContextSwitchTo(oldcxt);
	return tenant->has_rows;
}

/* x is the table, b the batch. */
static void
append_columns(StringInfo out, const RestoreTable *t, const int *columns, int count,
			   const char *separator)
{
	for (int i = 0; i < count; i++)
	{
		RelationColumn *column = &t->rel->columns[columns[i]];

		appendStringInfo(out, "%sx.%s %s b.c%d", i > 0 ? separator : "", column->quoted,
						 relation_equality(column->basetype), columns[i] + 1);
	}
}

/* References alone: two rows without a parent have the same one. */
bool
restore_table_matches_null(const RestoreTable *t, int column)
{
	return is_referencing(t, &t->rel->columns[column]);
}

/* A parent that is NULL on both sides is the same parent; a NULL match key matches nothing. */
void
restore_table_match(StringInfo out, const RestoreTable *t, bool with_tenant)
{
	bool		some = false;

	for (int i = 0; i < t->match.count; i++)
	{
		RelationColumn *column = &t->rel->columns[t->match.columns[i]];
		bool nullable = restore_table_matches_null(t, t->match.columns[i]) && !column->not_null;

		if (column == t->table->user_column && !with_tenant)
			continue;
		appendStringInfoString(out, some ? " AND " : "");
		some = true;
		appendStringInfoString(out, nullable ? "(" : "");
		append_columns(out, t, &t->match.columns[i], 1, "");
		if (nullable)
			appendStringInfo(out, " OR (x.%s IS NULL AND b.c%d IS NULL))", column->quoted,
							 t->match.columns[i] + 1);
	}
}

/*
 * An expression of the type that the column's values have here.  What a statement
 * gives back is read as that type, whatever the table's owner makes of the column
 * while we are at it.
 */
char *
restore_table_cast(const RestoreTable *t, int column, const char *expression)
{
	return psprintf("CAST(%s AS %s)", expression,
					format_type_extended(valuereader_type(t->columns.readers[column]), -1,
										 FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

/*
 * In the order of the key, as k1, k2, …; take_existing() and its like read them by
 * position.
 */
static void
append_key(StringInfo out, const RestoreTable *t)
{
	for (int i = 0; i < t->key.count; i++)
	{
		const char *name = psprintf("x.%s", t->rel->columns[t->key.columns[i]].quoted);

		appendStringInfo(out, ", %s AS k%d", restore_table_cast(t, t->key.columns[i], name), i + 1);
	}
}

void
restore_table_keys(StringInfo out, const RestoreTable *t)
{
	append_key(out, t);
	for (int i = 1; i < t->table->nkeys; i++)
		for (int j = 0; j < t->table->keys[i].count; j++)
		{
			RelationColumn *column = t->table->keys[i].columns[j];

			appendStringInfo(
				out, ", %s AS a%d_%d",
				restore_table_cast(t, column_index(t, column), psprintf("x.%s", column->quoted)), i,
				j + 1);
		}
}

/* LATERAL with LIMIT 1 keeps the planner from joining the whole of the table. */
static QueryPlan *
prepare_probe(RestoreTable *t, bool locking)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT b.n, y.* FROM " ROWS_NAME " AS b, LATERAL (SELECT 1");
	restore_table_keys(&sql, t);
	if (t->sql.tells_origin)
		appendStringInfoString(&sql, ", x.xmin AS origin");
	appendStringInfo(&sql, " FROM %s AS x WHERE ", t->table->source);
	restore_table_match(&sql, t, true);
	/* KEY SHARE, as a foreign key takes it: others may change the row, but not its key. */
	appendStringInfo(&sql, " LIMIT 1%s) AS y", locking ? " FOR KEY SHARE OF x" : "");
	return query_prepare_over(t->cxt, sql.data, t->sql.relations);
}

/*
 * Without locks, for a look at what is committed by now and not visible to us: such rows
 * cannot be locked.
 */
QueryPlan *
restore_table_probe_latest(RestoreTable *t)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);

	if (t->sql.probe_latest == NULL)
		t->sql.probe_latest = prepare_probe(t, false);
	MemoryContextSwitchTo(oldcxt);
	return t->sql.probe_latest;
}

/* Foreign tables and views have no rows of their own to be locked, and no xmin. */
static bool
has_storage(const RelationInfo *rel)
{
	return rel->kind == RELKIND_RELATION || rel->kind == RELKIND_PARTITIONED_TABLE;
}

/*
 * What is found is held until the end, lest others delete what the file's rows refer
 * to.  A lock asks for the right to UPDATE, and under row security for its policies.
 */
static bool
may_lock(const RelationInfo *rel)
{
	return has_storage(rel) && !relation_hides_rows(rel->oid) &&
		   pg_class_aclcheck(rel->oid, GetUserId(), ACL_UPDATE) == ACLCHECK_OK;
}

/*
 * Whether other rows of the file may refer to what is found, which must be there then.
 * Who deletes any other row does it as if after us, or an UPDATE misses it and looks again.
 */
static bool
must_hold(const RestoreTable *t)
{
	const BackupSchema *schema = t->restore->schema;

	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
			for (int k = 0; k < schema->tables[i].refs[j].ntargets; k++)
				if (schema->tables[i].refs[j].targets[k].index == t->table->index)
					return true;
	return false;
}

/* Whether triggers of a table restored before may have made rows of this one. */
static bool
may_be_made(const RestoreTable *t)
{
	for (int i = 0; i < t->restore->schema->ntables; i++)
	{
		const RestoreTable *other = t->restore->tables[i];

		if (other != NULL && other != t && other->notes.triggers != NIL)
			return true;
	}
	return false;
}

static bool
is_heap(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	bool		result;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	result = ((Form_pg_class) GETSTRUCT(tuple))->relam == HEAP_TABLE_AM_OID ||
			 ((Form_pg_class) GETSTRUCT(tuple))->relkind == RELKIND_PARTITIONED_TABLE;
	ReleaseSysCache(tuple);
	return result;
}

/* Which transaction wrote a row only heaps tell. */
static bool
may_tell_origin(const RestoreTable *t)
{
	ListCell   *lc;

	if (!has_storage(t->rel))
		return false;
	foreach(lc, find_all_inheritors(t->rel->oid, AccessShareLock, NULL))
		if (!is_heap(lfirst_oid(lc)))
			return false;
	return true;
}

/* The columns by their names, or as columns of the batch where format is given. */
static void
append_list(StringInfo out, const RestoreTable *t, const Bitmapset *columns, const char *format)
{
	int			i = -1;
	bool		first = true;

	while ((i = bms_next_member(columns, i)) >= 0)
	{
		appendStringInfoString(out, first ? "" : ", ");
		if (format == NULL)
			appendStringInfoString(out, t->rel->columns[i].quoted);
		else
			appendStringInfo(out, "b.c%d", i + 1);
		first = false;
	}
}

/* Rows go in as they were put: a scan of them is in that order, and nothing sorts it. */
void
restore_table_insert(StringInfo out, const RestoreTable *t, const Bitmapset *given,
					 const char *name)
{
	bool		overriding = false;
	int			i = -1;

	while ((i = bms_next_member(given, i)) >= 0)
		overriding |= t->rel->columns[i].identity == ATTRIBUTE_IDENTITY_ALWAYS;
	appendStringInfo(out, "INSERT INTO %s AS x", t->rel->qualified);
	if (!bms_is_empty(given))	/* else every column has its default */
	{
		appendStringInfoString(out, " (");
		append_list(out, t, given, NULL);
		appendStringInfoChar(out, ')');
	}
	appendStringInfo(out, "%s SELECT ", overriding ? " OVERRIDING SYSTEM VALUE" : "");
	append_list(out, t, given, "b");
	appendStringInfo(out, " FROM %s AS b", name);
}

/* A key that comes back is read by the type it has in the plan (restore_table_cast()). */
static QueryPlan *
prepare_insert(RestoreTable *t, const Bitmapset *given)
{
	StringInfoData sql;

	initStringInfo(&sql);
	restore_table_insert(&sql, t, given, ROWS_NAME);
	if (t->sql.may_suppress && t->key.count > 0)
	{
		appendStringInfoString(&sql, " RETURNING 1");
		append_key(&sql, t);
	}
	return query_prepare_over(t->cxt, sql.data, t->sql.relations);
}

/* Finds the key of the row that has the values of a row of ours under a unique index. */
QueryPlan *
restore_table_conflict(RestoreTable *t, const RelationKey *key)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT 1");
	append_key(&sql, t);
	appendStringInfo(&sql, " FROM %s AS x, " ROWS_NAME " AS b WHERE ", t->table->source);
	for (int i = 0; i < key->ncolumns; i++)
	{
		int			column = column_index(t, relation_column_by_number(t->rel, key->columns[i]));

		appendStringInfoString(&sql, i > 0 ? " AND " : "");
		append_columns(&sql, t, &column, 1, "");
	}
	appendStringInfoString(&sql, " LIMIT 1");
	/* Not kept: it is asked for rows that a statement has refused. */
	return query_prepare_over(CurrentMemoryContext, sql.data, t->sql.relations);
}

/*
 * Rights to the columns are asked once for each set of them, here: the error names the
 * table, where that of the statement would be taken for a row's.
 */
void
restore_table_use(RestoreTable *t, const Bitmapset *given)
{
	RestoreStatements *s;
	ListCell   *lc;
	MemoryContext oldcxt;
	int			i = -1;

	foreach(lc, t->sql.all)
	{
		t->sql.current = lfirst(lc);
		if (bms_equal(t->sql.current->given, given))
			return;
	}
	while (t->lookup != LOOKUP_FIND && (i = bms_next_member(given, i)) >= 0)
		relation_check_privilege(t->rel, &t->rel->columns[i].attnum, 1, ACL_INSERT);
	oldcxt = MemoryContextSwitchTo(t->cxt);
	s = palloc0(sizeof(RestoreStatements));
	s->given = bms_copy(given);
	if (t->lookup != LOOKUP_FIND)
		s->insert = prepare_insert(t, given);
	t->sql.all = lappend(t->sql.all, s);
	t->sql.current = s;
	MemoryContextSwitchTo(oldcxt);
}

/*
 * The relation that stands for a batch: the table's columns with their types, all of them,
 * of which statements name those that rows bring; and the number.
 */
QueryRows *
restore_table_rows(RestoreTable *t, const char *name)
{
	TupleDesc	desc = CreateTemplateTupleDesc(t->rel->ncolumns + 1);

	for (int i = 0; i < t->rel->ncolumns; i++)
	{
		TupleDescInitEntry(desc, i + 1, psprintf("c%d", i + 1),
						   valuereader_type(t->columns.readers[i]),
						   valuereader_typmod(t->columns.readers[i]), 0);
		TupleDescInitEntryCollation(desc, i + 1, t->rel->columns[i].collation);
	}
	TupleDescInitEntry(desc, t->rel->ncolumns + 1, "n", INT4OID, -1, 0);
	return query_rows_create(t->cxt, name, desc, BATCH_ROWS);
}

/* Without a reference to it nobody asks for its keys, and no map is kept. */
static bool
is_referenced(const BackupSchema *schema, const BackupTable *table)
{
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
			for (int k = 0; k < schema->tables[i].refs[j].ntargets; k++)
				if (schema->tables[i].refs[j].targets[k].index == table->index)
					return true;
	return false;
}

/*
 * At the table's line in the file, of what this database and the options say;
 * restore_table_begin() adds what the file says.
 */
RestoreTable *
restore_table_create(Restore *restore, BackupTable *table)
{
	RestoreTable *t = MemoryContextAllocZero(restore->cxt, sizeof(RestoreTable));
	MemoryContext oldcxt;
	bool		before;

	t->restore = restore;
	t->table = table;
	t->rel = table->rel;
	t->cxt =
		AllocSetContextCreate(restore->cxt, "db_adapter restore table", ALLOCSET_DEFAULT_SIZES);
	t->batch.cxt = AllocSetContextCreate(restore->cxt, "db_adapter restore batch", 0,
										 ALLOCSET_DEFAULT_INITSIZE * 8, ALLOCSET_DEFAULT_MAXSIZE);
	oldcxt = MemoryContextSwitchTo(t->cxt);
	if (is_referenced(restore->schema, table))
		t->map = idmap_create(t->cxt);
	t->others = palloc(sizeof(IdMap *) * table->nkeys);
	for (int i = 1; i < table->nkeys; i++)
		t->others[i - 1] = idmap_create(t->cxt);
	t->columns.readers = palloc(sizeof(ValueReader *) * Max(t->rel->ncolumns, 1));
	t->columns.kept_min = palloc(sizeof(int64) * Max(t->rel->ncolumns, 1));
	t->columns.kept_max = palloc(sizeof(int64) * Max(t->rel->ncolumns, 1));
	for (int i = 0; i < t->rel->ncolumns; i++)
	{
		t->columns.readers[i] = valuereader_create(&t->rel->columns[i],
												   filereader_header(restore->reader)->is_document);
		t->columns.pinned |= valuereader_needs_pins(t->columns.readers[i]);
		t->columns.kept_min[i] = PG_INT64_MAX;
		t->columns.kept_max[i] = PG_INT64_MIN;
	}
	if (table->user_column != NULL && restore->options.user_id != NULL)
		t->columns.tenant =
			valuereader_text(t->columns.readers[column_index(t, table->user_column)],
							 restore->options.user_id, strlen(restore->options.user_id));
	t->notes.triggers = relation_triggers(t->rel->oid, &before);
	t->sql.may_suppress = before || t->rel->kind != RELKIND_RELATION;
	MemoryContextSwitchTo(oldcxt);
	return t;
}

/* Whether a restore writes the column at all. */
static bool
is_restored(const RestoreTable *t, const RelationColumn *column)
{
	return !column->generated && !t->table->excluded[column_index(t, column)];
}

/*
 * Index of the column, or -1 for one that is not restored.  Generated columns and those
 * that the backup schema leaves out may be in the file; any other that is not here is
 * refused or noted, never passed over without a word.
 */
static int
place_file_column(RestoreTable *t, const FileSection *section, const FileColumn *given)
{
	for (int i = 0; i < t->rel->ncolumns; i++)
		if (strcmp(t->rel->columns[i].name, given->name) == 0)
			return is_restored(t, &t->rel->columns[i]) ? i : -1;
	if (!t->restore->options.drop_unknown)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid backup, line " INT64_FORMAT
							   ": table \"%s\" has no column \"%s\" here",
							   section->line, section->name, given->name),
						errhint("Leave such columns out with on_unknown => 'drop'.")));
	t->notes.dropped = lappend(t->notes.dropped, pstrdup(given->name));
	return -1;
}

/* The members that rows have: those of the table line, or in 1.1 the table's columns. */
static void
create_shape(RestoreTable *t, const FileSection *section)
{
	bool		plain = filereader_header(t->restore->reader)->is_document;
	int			count = plain ? t->rel->ncolumns : section->ncolumns;
	const char **names = palloc(sizeof(char *) * Max(count, 1));
	int		   *lengths = palloc(sizeof(int) * Max(count, 1));

	t->columns.shape_columns = palloc(sizeof(int) * Max(count, 1));
	t->columns.fields = palloc(sizeof(int) * Max(t->rel->ncolumns, 1));
	memset(t->columns.fields, -1, sizeof(int) * t->rel->ncolumns);
	for (int i = 0; i < count; i++)
	{
		char	   *own = plain ? t->rel->columns[i].name : NULL;

		names[i] = plain ? pg_server_to_any(own, strlen(own), PG_UTF8) : section->columns[i].utf8;
		lengths[i] = strlen(names[i]);
		if (plain)
			t->columns.shape_columns[i] = is_restored(t, &t->rel->columns[i]) ? i : -1;
		else
			t->columns.shape_columns[i] = place_file_column(t, section, &section->columns[i]);
		if (t->columns.shape_columns[i] < 0)
			continue;
		t->columns.fields[t->columns.shape_columns[i]] = i;
		if (!plain)
			valuereader_from(t->columns.readers[t->columns.shape_columns[i]],
							 section->columns[i].type);
	}
	row_shape_init(&t->columns.shape, names, lengths, count,
				   palloc(sizeof(short) * row_shape_slots(count)));
	t->columns.shape.lenient = plain;
	t->columns.shape.drop_unknown = t->restore->options.drop_unknown;
}

/* Columns that the file does not have: rows get their defaults, which the report says. */
static void
note_defaulted(RestoreTable *t)
{
	for (int i = 0; t->lookup != LOOKUP_FIND && i < t->rel->ncolumns; i++)
	{
		RelationColumn *column = &t->rel->columns[i];

		if (t->columns.fields[i] < 0 && is_restored(t, column) && !is_tenant(t, column) &&
			!restore_table_is_drawn(t, i))
			t->notes.defaulted = lappend(t->notes.defaulted, column->name);
	}
}

/*
 * Where the file's numbers are kept, the sequence must go on behind them: their bounds are
 * noted with each row, and the sequence is set at the end.
 */
static void
note_serials(RestoreTable *t)
{
	for (int i = 0; i < t->rel->ncolumns; i++)
		if (t->columns.fields[i] >= 0 && OidIsValid(t->rel->columns[i].sequence) &&
			!restore_table_is_drawn(t, i))
			t->columns.serials = bms_add_member(t->columns.serials, i);
}

/*
 * Called at the table's line in the file.  The order matters: the key's sources are known
 * by what the file brings, the match key by what of the key is drawn, the statements by
 * both.
 */
void
restore_table_begin(RestoreTable *t, const FileSection *section)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);

	t->section = section;
	create_shape(t, section);
	choose_key(t);
	note_defaulted(t);
	note_serials(t);
	choose_match(t);
	trace_match(t);
	t->sql.rows = restore_table_rows(t, ROWS_NAME);
	t->sql.relations = list_make1(t->sql.rows);
	t->sql.may_lock = may_lock(t->rel);
	t->sql.locking = t->sql.may_lock && must_hold(t);
	if (t->match.count > 0)
	{
		t->sql.tells_origin = may_tell_origin(t);
		t->sql.may_be_made = may_be_made(t);
		/* A row whose xmin is ours from here on is one of the file's that came before. */
		t->sql.begun = ReadNextTransactionId();
		t->sql.probe = prepare_probe(t, t->sql.locking);
	}
	t->match.probing =
		t->match.count > 0 &&
		(!t->match.covered || t->lookup != LOOKUP_NONE || section->referenced > 0 ||
		 (!rows_tell_tenant(t) && has_rows_of(t, t->table->user_column, t->columns.tenant)));
	/* Nothing tells such rows from those that come. */
	t->notes.had_rows =
		t->match.count == 0 &&
		has_rows_of(t, t->restore->options.user_id != NULL ? t->table->user_column : NULL,
					t->columns.tenant);
	MemoryContextSwitchTo(oldcxt);
}
