/*
 * restore_statement.c
 *	  The statements of one table that find rows and insert them.
 *
 * A batch is a relation of our own, read by the statements under the name
 * db_adapter_rows.  Its columns are called c1, c2, … in the table's order and n,
 * the row's number, so that no name of the table can mean anything else there.
 * Every other name is qualified, since the statements run under the caller's
 * settings.
 *
 * None is executed here.
 */
#include "postgres.h"

#include "access/transam.h"
#include "base/compat.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "data/restore/restore_private.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/syscache.h"

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

/* A parent that is NULL on both sides is the same parent; a NULL match key matches nothing. */
void
restore_statement_where(StringInfo out, const RestoreTable *t, bool with_tenant)
{
	bool		some = false;

	for (int i = 0; i < t->match.count; i++)
	{
		RelationColumn *column = &t->rel->columns[t->match.columns[i]];
		bool		nullable = restore_match_nulls(t, t->match.columns[i]) && !column->not_null;

		if (column == t->table->user_column && !with_tenant)
			continue;
		appendStringInfoString(out, some ? " AND " : "");
		some = true;
		appendStringInfoString(out, nullable ? "(" : "");
		append_columns(out, t, &t->match.columns[i], 1, "");
		if (nullable)
			appendStringInfo(out, " OR (x.%s IS NULL AND b.c%d IS NULL))", column->quoted,
							 t->match.columns[i] + 1);
		restore_transport_narrow(out, t, t->match.columns[i], nullable);
	}
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
restore_statement_keys(StringInfo out, const RestoreTable *t)
{
	append_key(out, t);
	for (int i = 1; i < t->table->nkeys; i++)
		for (int j = 0; j < t->table->keys[i].count; j++)
		{
			RelationColumn *column = t->table->keys[i].columns[j];

			appendStringInfo(out, ", %s AS a%d_%d",
							 restore_table_cast(t, restore_table_index(t, column),
												psprintf("x.%s", column->quoted)),
							 i, j + 1);
		}
}

static QueryPlan *
prepare_probe(RestoreTable *t, bool locking, const Bitmapset *given)
{
	StringInfoData sql;

	initStringInfo(&sql);
	restore_transport_begin_probe(&sql, t);
	restore_statement_keys(&sql, t);
	if (t->sql.tells_origin)
		appendStringInfoString(&sql, ", x.xmin AS origin");
	if (t->restore->comparing && t->key.count == 0 && t->rel->has_places)
		appendStringInfoString(&sql, ", x.ctid AS place");
	if (given != NULL)
		restore_update_same(&sql, t, given);
	restore_transport_probe_from(&sql, t);
	restore_statement_where(&sql, t, true);
	/* KEY SHARE, as a foreign key takes it: others may change the row, but not its key. */
	restore_transport_end_probe(&sql, t, 1, locking);
	return query_prepare_over(t->cxt, sql.data, t->sql.relations);
}

/*
 * Without locks, for a look at what is committed by now and not visible to us: such rows
 * cannot be locked.
 */
QueryPlan *
restore_statement_probe_latest(RestoreTable *t)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);

	if (t->sql.probe_latest == NULL)
		t->sql.probe_latest = prepare_probe(t, false, NULL);
	MemoryContextSwitchTo(oldcxt);
	return t->sql.probe_latest;
}

void
restore_statement_run(const RestoreTable *t, QueryPlan *plan, QueryRow row, void *arg)
{
	query_execute_over_as(plan, t->sql.relations, t->restore->frozen, row, arg);
}

/* One column a column that an update sets; what it does not set does not differ. */
QueryPlan *
restore_statement_differing(RestoreTable *t)
{
	RestoreStatements *s = t->sql.current;
	MemoryContext oldcxt;
	StringInfoData sql;

	if (s->differing != NULL)
		return s->differing;
	oldcxt = MemoryContextSwitchTo(t->cxt);
	initStringInfo(&sql);
	restore_transport_begin_probe(&sql, t);
	for (int i = 0; i < t->rel->ncolumns; i++)
		if (bms_is_member(i, s->given) && restore_update_sets(t, i))
			appendStringInfo(&sql, ", pg_catalog.record_image_ne(ROW(%s), ROW(%s))",
							 restore_table_cast(t, i, psprintf("x.%s", t->rel->columns[i].quoted)),
							 restore_table_cast(t, i, psprintf("b.c%d", i + 1)));
		else
			appendStringInfoString(&sql, ", false");
	restore_transport_probe_from(&sql, t);
	restore_statement_where(&sql, t, true);
	restore_transport_end_probe(&sql, t, 1, false);
	s->differing = query_prepare_over(t->cxt, sql.data, t->sql.relations);
	MemoryContextSwitchTo(oldcxt);
	return s->differing;
}

bool
restore_statement_tells_same(const RestoreTable *t)
{
	return restore_overwrites(t->restore) && !bms_is_empty(t->sql.current->given);
}

/* While overwriting, what an update would change is asked along with what is here. */
QueryPlan *
restore_statement_probe(RestoreTable *t)
{
	RestoreStatements *s = t->sql.current;
	MemoryContext oldcxt;

	if (!restore_statement_tells_same(t))
		return t->sql.probe;
	oldcxt = MemoryContextSwitchTo(t->cxt);
	if (s->probe == NULL)
		s->probe = prepare_probe(t, t->sql.may_lock, s->given);
	MemoryContextSwitchTo(oldcxt);
	return s->probe;
}

/* Views and tables that are elsewhere have no rows of their own to be locked, and no xmin. */
static bool
has_storage(const RestoreTable *t)
{
	return !t->sql.far &&
		   (t->rel->kind == RELKIND_RELATION || t->rel->kind == RELKIND_PARTITIONED_TABLE);
}

/*
 * What is found is held until the end, lest others delete what was counted as here, and
 * what the file's rows refer to.  A lock asks for the right to UPDATE, and under row
 * security for its policies.
 */
static bool
may_lock(const RestoreTable *t)
{
	return !t->restore->comparing && has_storage(t) && !relation_hides_rows(t->rel->oid) &&
		   pg_class_aclcheck(t->rel->oid, GetUserId(), ACL_UPDATE) == ACLCHECK_OK;
}

/* Whether triggers of a table restored before may have made rows of this one. */
static bool
may_be_made(const RestoreTable *t)
{
	for (int i = 0; i < t->restore->schema->ntables; i++)
	{
		const RestoreTable *other = t->restore->tables[i];

		if (other != NULL && other != t &&
			(other->notes.triggers != NIL || other->notes.rules != NIL))
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

	if (!has_storage(t))
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
restore_statement_insert(StringInfo out, const RestoreTable *t, const Bitmapset *given,
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
	restore_statement_insert(&sql, t, given, ROWS_NAME);
	if (t->sql.may_suppress && t->key.count > 0 && !t->sql.confirms)
	{
		appendStringInfoString(&sql, " RETURNING 1");
		append_key(&sql, t);
	}
	return query_prepare_over(t->cxt, sql.data, t->sql.relations);
}

QueryPlan *
restore_statement_by_key(RestoreTable *t, bool locking)
{
	StringInfoData sql;

	initStringInfo(&sql);
	restore_transport_begin_probe(&sql, t);
	restore_transport_probe_from(&sql, t);
	append_columns(&sql, t, t->key.columns, t->key.count, " AND ");
	for (int i = 0; i < t->key.count; i++)
		restore_transport_narrow(&sql, t, t->key.columns[i], false);
	restore_transport_end_probe(&sql, t, 1, locking);
	return query_prepare_over(t->cxt, sql.data, t->sql.relations);
}

/* Finds the key of the row that has the values of a row of ours under a unique index. */
QueryPlan *
restore_statement_conflict(RestoreTable *t, const RelationKey *key)
{
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT 1");
	append_key(&sql, t);
	appendStringInfo(&sql, " FROM %s AS x, " ROWS_NAME " AS b WHERE ", t->table->source);
	for (int i = 0; i < key->ncolumns; i++)
	{
		int column = restore_table_index(t, relation_column_by_number(t->rel, key->columns[i]));

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
restore_statement_use(RestoreTable *t, const Bitmapset *given)
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
	while (t->lookup != LOOKUP_FIND && !t->restore->comparing &&
		   (i = bms_next_member(given, i)) >= 0)
		relation_check_privilege(t->rel, &t->rel->columns[i].attnum, 1, ACL_INSERT);
	oldcxt = MemoryContextSwitchTo(t->cxt);
	s = palloc0(sizeof(RestoreStatements));
	s->given = bms_copy(given);
	if (t->lookup != LOOKUP_FIND && !t->restore->comparing)
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
restore_statement_rows(RestoreTable *t, const char *name)
{
	TupleDesc	desc = CreateTemplateTupleDesc(t->rel->ncolumns + 1);
	QueryRows  *rows;

	for (int i = 0; i < t->rel->ncolumns; i++)
	{
		TupleDescInitEntry(desc, i + 1, psprintf("c%d", i + 1),
						   valuereader_type(t->columns.readers[i]),
						   valuereader_typmod(t->columns.readers[i]), 0);
		TupleDescInitEntryCollation(desc, i + 1, t->rel->columns[i].collation);
	}
	TupleDescInitEntry(desc, t->rel->ncolumns + 1, "n", INT4OID, -1, 0);
	rows = query_rows_create(t->cxt, name, desc, BATCH_ROWS);
	if (t->sql.arrays)
		query_rows_as_arrays(rows);
	return rows;
}

void
restore_statement_begin(RestoreTable *t)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);

	t->sql.far = restore_transport_is_far(t->rel);
	t->sql.arrays = restore_transport_is_arrays(t);
	t->sql.rows = restore_statement_rows(t, ROWS_NAME);
	t->sql.relations = list_make1(t->sql.rows);
	t->sql.may_lock = may_lock(t);
	if (t->match.count > 0 || t->table->remember)
	{
		t->sql.tells_origin = may_tell_origin(t);
		t->sql.may_be_made = may_be_made(t);
		/* A row whose xmin is ours from here on is one of the file's that came before. */
		t->sql.begun = ReadNextTransactionId();
	}
	if (t->match.count > 0)
		t->sql.probe = prepare_probe(t, t->sql.may_lock, NULL);
	MemoryContextSwitchTo(oldcxt);
}
