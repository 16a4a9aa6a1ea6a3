/*
 * restore_update.c
 *	  Rows that are here, changed: which row a statement means, and no other.
 *
 * A key declared for a table may be unique within its tenant only, so no statement
 * trusts it alone: WHERE names the key, the tenant and, where a unique index needs
 * it, the match key, and a table without a unique index behind these is not updated.
 * NULL is equal to NULL there; that a row was hit once and once only is counted.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "data/restore/restore_private.h"
#include "data/row/keyform.h"
#include "miscadmin.h"
#include "utils/acl.h"

/* A column may be part of several of them, and is compared once. */
static void
add_where(RestoreTable *t, int column)
{
	for (int i = 0; i < t->place.count; i++)
		if (t->place.columns[i] == column)
			return;
	t->place.columns[t->place.count++] = column;
}

/* Whether a unique index makes the columns of WHERE lead to one row. */
static bool
where_is_unique(const RestoreTable *t)
{
	AttrNumber *columns = palloc(sizeof(AttrNumber) * Max(t->place.count, 1));
	ListCell   *lc;

	for (int i = 0; i < t->place.count; i++)
		columns[i] = t->rel->columns[t->place.columns[i]].attnum;
	foreach(lc, t->rel->keys)
		if (relation_key_within(lfirst(lc), columns, t->place.count))
			return true;
	return false;
}

/*
 * The match key is added only where key and tenant are not unique together: each column
 * more is one that must not change while the restore runs.
 */
static void
choose_where(RestoreTable *t)
{
	t->place.columns = MemoryContextAlloc(t->cxt, sizeof(int) * Max(t->rel->ncolumns, 1));
	for (int i = 0; i < t->key.count; i++)
		if (t->key.data[i] != KEY_DATA_WRITTEN)
			add_where(t, t->key.columns[i]);
	if (t->table->user_column != NULL)
		add_where(t, t->table->user_column - t->rel->columns);
	t->place.unique = t->key.count > 0 && where_is_unique(t);
	for (int i = 0; i < t->match.count && !t->place.unique; i++)
		add_where(t, t->match.columns[i]);
	t->place.unique |= where_is_unique(t);
}

/* Views and foreign tables have no indexes: there the count must do. */
static void
need_where(RestoreTable *t)
{
	bool indexed = t->rel->kind == RELKIND_RELATION || t->rel->kind == RELKIND_PARTITIONED_TABLE;

	if (t->place.columns == NULL)
		choose_where(t);
	if (indexed && !t->place.unique)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("rows of table \"%s\" cannot be updated", t->table->name),
				 errdetail("No unique index stands behind its key, its tenant column and its "
						   "match key, so an update of one row could change another."),
				 errhint("Create one, or use mode => 'skip'.")));
}

/* NULL is the same as NULL here: the row to be found has been found already. */
static void
append_equality(StringInfo out, const RestoreTable *t, int column)
{
	const RelationColumn *c = &t->rel->columns[column];
	bool		nullable = !c->not_null;

	appendStringInfo(out, "%sx.%s %s b.c%d", nullable ? "(" : "", c->quoted,
					 relation_equality(c->basetype), column + 1);
	if (nullable)
		appendStringInfo(out, " OR (x.%s IS NULL AND b.c%d IS NULL))", c->quoted, column + 1);
}

static void
append_condition(StringInfo out, const RestoreTable *t)
{
	appendStringInfoString(out, " WHERE ");
	for (int i = 0; i < t->place.count; i++)
	{
		appendStringInfoString(out, i > 0 ? " AND " : "");
		append_equality(out, t, t->place.columns[i]);
	}
	for (int i = 0; i < t->place.count; i++)
		restore_transport_narrow(out, t, t->place.columns[i],
								 !t->rel->columns[t->place.columns[i]].not_null);
}

static void
append_where(StringInfo out, const RestoreTable *t)
{
	appendStringInfoString(out, " FROM " ROWS_NAME " AS b");
	append_condition(out, t);
}

/* Such a column names the row, so it is set last or not at all. */
static bool
is_where(const RestoreTable *t, int column)
{
	for (int i = 0; i < t->place.count; i++)
		if (t->place.columns[i] == column)
			return true;
	return false;
}

static bool
is_matched(const RestoreTable *t, int column)
{
	for (int i = 0; i < t->match.count; i++)
		if (t->match.columns[i] == column)
			return true;
	return false;
}

/*
 * Whether the file has a say in the key of a row that is found: where it is found by
 * the key itself, which may be equal and yet read otherwise.
 */
bool
restore_update_renames(const RestoreTable *t, int part)
{
	const RelationColumn *column = &t->rel->columns[t->key.columns[part]];

	return is_matched(t, t->key.columns[part]) && t->key.sources[part] == KEY_KEPT &&
		   t->columns.fields[t->key.columns[part]] >= 0 &&
		   keyform_kind(keyform_create(column->basetype, column->collation)) != KEYFORM_PLAIN;
}

/* Whether the match key leads to one row at most: with a NULL in it, it does not. */
static bool
match_leads(const RestoreTable *t)
{
	bool		leads = t->match.covered;

	for (int i = 0; i < t->match.count; i++)
		leads &= t->rel->columns[t->match.columns[i]].not_null;
	return leads;
}

/* Data can be written where an UPDATE finds the row without it. */
KeyData
restore_update_data(const RestoreTable *t, int part)
{
	int			column = t->key.columns[part];

	if (t->match.count == 0 || is_matched(t, column) || t->key.sources[part] != KEY_KEPT ||
		t->columns.fields[column] < 0 ||
		!backupschema_is_key_data(t->table, &t->rel->columns[column]))
		return KEY_DATA_NONE;
	return match_leads(t) ? KEY_DATA_WRITTEN : KEY_DATA_FIXED;
}

/*
 * Not identities that only the server fills, nor references of the circle, which are set
 * when it is closed, nor key columns, unless they are data, or an equal key that reads
 * otherwise is to be taken over.
 */
bool
restore_update_sets(const RestoreTable *t, int column)
{
	bool		set = t->rel->columns[column].identity != ATTRIBUTE_IDENTITY_ALWAYS;

	for (int i = 0; i < t->key.count; i++)
		if (t->key.columns[i] == column)
			set &= t->key.renamed[i] || t->key.data[i] == KEY_DATA_WRITTEN;
	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			if (t->table->refs[i].circular && t->refs[i].columns[j] == column)
				set = false;
	return set;
}

/* What was there may be compared by those who may read it. */
static bool
may_read(const RestoreTable *t, const int *columns, int count)
{
	Oid			relid = t->rel->oid;

	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK)
		return true;
	for (int i = 0; i < count; i++)
		if (pg_attribute_aclcheck(relid, t->rel->columns[columns[i]].attnum, GetUserId(),
								  ACL_SELECT) != ACLCHECK_OK)
			return false;
	return true;
}

/*
 * By their bytes: json has no other equality, and 1.00 is not 1.0 to who reads it.  Both
 * sides have the column's type, as that asks for.
 */
static void
append_same(StringInfo out, const RestoreTable *t, const int *columns, int count)
{
	if (!may_read(t, columns, count))
	{
		appendStringInfoString(out, "false");
		return;
	}
	for (int side = 0; side < 2; side++)
	{
		appendStringInfoString(out, side == 0 ? "pg_catalog.record_image_eq(ROW(" : "), ROW(");
		for (int i = 0; i < count; i++)
		{
			const char *value = side == 0 ? psprintf("x.%s", t->rel->columns[columns[i]].quoted)
										  : psprintf("b.c%d", columns[i] + 1);

			appendStringInfo(out, "%s%s", i > 0 ? ", " : "",
							 restore_table_cast(t, columns[i], value));
		}
	}
	appendStringInfoString(out, "))");
}

static void
append_same_given(StringInfo out, const RestoreTable *t, const Bitmapset *given)
{
	int		   *columns = palloc(sizeof(int) * Max(t->rel->ncolumns, 1));
	int			count = 0;
	int			i = -1;

	while ((i = bms_next_member(given, i)) >= 0)
		if (restore_update_sets(t, i))
			columns[count++] = i;
	if (count > 0)
		append_same(out, t, columns, count);
	else
		appendStringInfoString(out, "true");
}

void
restore_update_same(StringInfo out, RestoreTable *t, const Bitmapset *given)
{
	appendStringInfoString(out, ", ");
	append_same_given(out, t, given);
	appendStringInfoString(out, " AS same");
}

/* Rows by their place that are what the batch's are; select says which columns count. */
static QueryPlan *
prepare_same(RestoreTable *t, const char *same)
{
	StringInfoData sql;

	/* Who only looks need not be able to update. */
	if (!t->restore->comparing)
		need_where(t);
	else if (t->place.columns == NULL)
		choose_where(t);
	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT b.n FROM %s AS x, " ROWS_NAME " AS b", t->table->source);
	append_condition(&sql, t);
	appendStringInfo(&sql, " AND %s", same);
	return query_prepare_over(t->cxt, sql.data, t->sql.relations);
}

/* Kept for rows that were found by all they hold, which are few. */
QueryPlan *
restore_update_find_same(RestoreTable *t)
{
	RestoreStatements *s = t->sql.current;
	StringInfoData same;

	if (s->same == NULL)
	{
		initStringInfo(&same);
		append_same_given(&same, t, s->given);
		s->same = prepare_same(t, same.data);
	}
	return s->same;
}

/* All columns but the key; what closes a circle is set when the circle is complete. */
static QueryPlan *
prepare_update(RestoreTable *t, const Bitmapset *given)
{
	StringInfoData sql;
	int			i = -1;
	int			count = 0;

	need_where(t);
	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s AS x SET ", t->table->source);
	while ((i = bms_next_member(given, i)) >= 0)
	{
		RelationColumn *column = &t->rel->columns[i];

		if (!restore_update_sets(t, i))
			continue;
		relation_check_privilege(t->rel, &column->attnum, 1, ACL_UPDATE);
		appendStringInfo(&sql, "%s%s = b.c%d", count++ > 0 ? ", " : "", column->quoted, i + 1);
	}
	append_where(&sql, t);
	for (i = 0; i < t->match.count; i++)
		if (!is_where(t, t->match.columns[i]))
		{
			appendStringInfoString(&sql, " AND ");
			append_equality(&sql, t, t->match.columns[i]);
		}
	appendStringInfoString(&sql, " RETURNING b.n");
	return count > 0 ? query_prepare_over(t->cxt, sql.data, t->sql.relations) : NULL;
}

/*
 * Prepared with the first row that needs it: the rights to UPDATE are asked then, and a
 * restore that only inserts needs none.
 */
void
restore_update_use(RestoreTable *t)
{
	RestoreStatements *s = t->sql.current;
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);

	if (!s->update_tried)
		s->update = prepare_update(t, s->given);
	s->update_tried = true;
	MemoryContextSwitchTo(oldcxt);
}

/*
 * The answer is the numbers of the rows that were changed: a row that is not in it was left
 * alone by a trigger, a policy or a view.
 */
char *
restore_update_sql(RestoreTable *t, const char *set)
{
	StringInfoData sql;

	need_where(t);
	initStringInfo(&sql);
	appendStringInfo(&sql, "UPDATE %s AS x SET %s", t->table->source, set);
	append_where(&sql, t);
	appendStringInfoString(&sql, " RETURNING b.n");
	return sql.data;
}

/* Prepared once a reference. */
QueryPlan *
restore_update_later(RestoreTable *t, int ref)
{
	RestoreRef *r = &t->refs[ref];
	StringInfoData sql;

	if (r->later != NULL)
		return r->later;
	initStringInfo(&sql);
	for (int i = 0; i < r->ref->nfields; i++)
		appendStringInfo(&sql, "%s%s = b.c%d", i > 0 ? ", " : "", r->ref->columns[i]->quoted,
						 r->columns[i] + 1);
	r->later = query_prepare_over(t->cxt, restore_update_sql(t, sql.data), t->sql.relations);
	return r->later;
}

QueryPlan *
restore_update_later_same(RestoreTable *t, int ref)
{
	RestoreRef *r = &t->refs[ref];
	StringInfoData same;

	if (r->later_same == NULL)
	{
		initStringInfo(&same);
		append_same(&same, t, r->columns, r->ref->nfields);
		r->later_same = prepare_same(t, same.data);
	}
	return r->later_same;
}

/* Where the row is, in the current context: values for WHERE. */
RestorePlace
restore_update_place(RestoreTable *t, const RestoreRow *row)
{
	RestorePlace place;

	if (t->place.columns == NULL)
		choose_where(t);
	place.values = palloc(sizeof(Datum) * Max(t->place.count, 1));
	place.nulls = palloc(sizeof(bool) * Max(t->place.count, 1));
	for (int i = 0; i < t->place.count; i++)
	{
		int			column = t->place.columns[i];

		place.nulls[i] = row->nulls[column];
		if (!place.nulls[i])
			place.values[i] = valuereader_copy(t->columns.readers[column], row->values[column]);
	}
	return place;
}

void
restore_update_put(const RestoreTable *t, RestoreRow *row, const RestorePlace *place)
{
	for (int i = 0; i < t->place.count; i++)
	{
		row->values[t->place.columns[i]] = place->values[i];
		row->nulls[t->place.columns[i]] = place->nulls[i];
	}
}

bool
restore_update_take_same(TupleTableSlot *slot, void *arg)
{
	bool		isnull;

	((bool *) arg)[DatumGetInt32(slot_getattr(slot, 1, &isnull))] = true;
	return true;
}

/* A row that a statement has changed, by its number among those it was given. */
bool
restore_update_take(TupleTableSlot *slot, void *arg)
{
	bool	   *updated = arg;
	bool		isnull;
	int			number = DatumGetInt32(slot_getattr(slot, 1, &isnull));

	if (updated[number])
		ereport(ERROR, (errcode(ERRCODE_CARDINALITY_VIOLATION),
						errmsg("an update of one row would change several")));
	updated[number] = true;
	return true;
}
