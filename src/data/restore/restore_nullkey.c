/*
 * restore_nullkey.c
 *	  Rows that no key tells apart, as with a NULL in it: they are told by all they hold.
 *
 * Without a match key that goes for rows that are there for others to refer to alone: a
 * digest has told them to be here by the same means.
 *
 * Such a row exists when one with a NULL there holds the same in every column that
 * the file has, and each row here is found by one of the file's alone, so that two
 * alike stay two.  The rows here are read once, when the first such row comes, as
 * hashes of 128 bits; what this restore puts in is not among them.  One that is found
 * is held; if it has gone since, the next one that holds the same is taken.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "data/restore/restore_private.h"
#include "miscadmin.h"
#include "storage/itemptr.h"
#include "utils/array.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

/* A row that is here. */
typedef struct NullkeyRow
{
	IdKey		key;
	ItemPointerData place;		/* where rows have no key */
	bool		used;			/* it is one of the file's, or has gone */
	struct NullkeyEntry *entry;
} NullkeyRow;

/*
 * All rows here of one content; each serves one row of the file, so that two alike stay
 * two.
 */
typedef struct NullkeyEntry
{
	uint64		content[2];
	List	   *rows;			/* NullkeyRow *, those that hold this */
	int			used;			/* of them, how many from the first on */
} NullkeyEntry;

/*
 * Made when the first such row comes: many files have none, and making it reads the table.
 */
struct RestoreNullkey
{
	RestoreTable *t;
	HTAB	   *entries;
	QueryPlan  *plan;			/* hashes rows of a batch */
	QueryPlan  *hold;			/* locks those that were found; NULL: that cannot be */
	bool		by_place;		/* it is told where they lie */
};

/* Whether only its content tells the row from others. */
bool
restore_nullkey_is(const RestoreTable *t, const RestoreRow *row)
{
	if (t->match.count == 0)
		return row->referenced || restore_accounts(t->restore);
	for (int i = 0; i < t->match.count; i++)
		if (row->nulls[t->match.columns[i]] && !restore_match_nulls(t, t->match.columns[i]))
			return true;
	return false;
}

/* Whether the file's value is what stands in the column when all is done. */
static bool
is_compared(const RestoreTable *t, int column)
{
	bool		is_tenant =
		t->restore->options.user_id != NULL && &t->rel->columns[column] == t->table->user_column;

	if ((t->columns.fields[column] < 0 && !is_tenant) || restore_table_is_drawn(t, column))
		return false;
	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			if (t->table->refs[i].circular && t->refs[i].columns[j] == column)
				return false;
	return true;
}

/* Two hashes of a row called x, the table's, or b, a batch's. */
static void
append_content(StringInfo out, const RestoreTable *t, char alias)
{
	for (int seed = 0; seed < 2; seed++)
	{
		const char *separator = "";

		appendStringInfo(out, "%spg_catalog.hash_record_extended(ROW(", seed > 0 ? ", " : "");
		for (int i = 0; i < t->rel->ncolumns; i++)
		{
			Oid			type = valuereader_type(t->columns.readers[i]);
			const char *name = alias == 'b' ? psprintf("b.c%d", i + 1)
											: psprintf("x.%s", t->rel->columns[i].quoted);

			if (!is_compared(t, i))
				continue;
			name = restore_table_cast(t, i, name);
			if (!OidIsValid(
					lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC)->hash_extended_proc))
				name = relation_text(name, type);
			appendStringInfo(out, "%s%s", separator, name);
			separator = ", ";
		}
		appendStringInfo(out, "), %d)", seed);
	}
}

/* Two columns of the slot, one hash of 128 bits. */
static void
read_content(TupleTableSlot *slot, int column, uint64 *content)
{
	bool		isnull;

	content[0] = (uint64) DatumGetInt64(slot_getattr(slot, column, &isnull));
	content[1] = (uint64) DatumGetInt64(slot_getattr(slot, column + 1, &isnull));
}

/* A row that is here: its two hashes, then its key. */
static bool
take_row(TupleTableSlot *slot, void *arg)
{
	RestoreNullkey *u = arg;
	RestoreTable *t = u->t;
	RestoreRow	row = {ROW_READ};
	uint64		content[2];
	bool		found;
	NullkeyEntry *entry;
	NullkeyRow *here;
	MemoryContext oldcxt;

	read_content(slot, 1, content);
	row.values = palloc0(sizeof(Datum) * t->rel->ncolumns);
	row.nulls = palloc0(sizeof(bool) * t->rel->ncolumns);
	row.key.has_source = true;
	for (int i = 0; i < t->key.count; i++)
		row.values[t->key.columns[i]] = slot_getattr(slot, i + 3, &row.nulls[t->key.columns[i]]);
	restore_key_target(t, &row);
	oldcxt = MemoryContextSwitchTo(t->cxt);
	entry = hash_search(u->entries, content, HASH_ENTER, &found);
	if (!found)
	{
		entry->rows = NIL;
		entry->used = 0;
	}
	here = palloc0(sizeof(NullkeyRow));
	here->entry = entry;
	if (u->by_place)
		here->place = *(ItemPointer) DatumGetPointer(slot_getattr(slot, 3, &found));
	else
		here->key = idkey_copy(&row.key.target);
	entry->rows = lappend(entry->rows, here);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* The rows here that no key tells apart, of the tenant if there is one. */
static void
read_rows(RestoreNullkey *u)
{
	RestoreTable *t = u->t;
	const RelationColumn *user = t->restore->options.user_id ? t->table->user_column : NULL;
	Oid type = user ? valuereader_type(t->columns.readers[user - t->rel->columns]) : InvalidOid;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	append_content(&sql, t, 'x');
	for (int i = 0; i < t->key.count; i++)
		appendStringInfo(
			&sql, ", %s",
			restore_table_cast(t, t->key.columns[i],
							   psprintf("x.%s", t->rel->columns[t->key.columns[i]].quoted)));
	if (u->by_place)
		appendStringInfoString(&sql, ", x.ctid");
	appendStringInfo(&sql, " FROM %s AS x WHERE (%s", t->table->source,
					 t->match.count == 0 ? "true" : "false");
	for (int i = 0; i < t->match.count; i++)
		if (!restore_match_nulls(t, t->match.columns[i]))
			appendStringInfo(&sql, " OR x.%s IS NULL", t->rel->columns[t->match.columns[i]].quoted);
	appendStringInfoChar(&sql, ')');
	if (user != NULL)
		appendStringInfo(&sql, " AND x.%s %s $1", user->quoted, relation_equality(user->basetype));
	query_run(sql.data, user ? 1 : 0, &type, &t->columns.tenant, NULL, t->restore->frozen, take_row,
			  u);
}

/* --- held */

static QueryPlan *
prepare_hold(const RestoreNullkey *u)
{
	const RestoreTable *t = u->t;
	Oid			types[] = {INT4ARRAYOID, TIDARRAYOID};
	StringInfoData sql;

	initStringInfo(&sql);
	if (u->by_place)
	{
		appendStringInfo(&sql,
						 "SELECT b.n FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2))"
						 " AS b (n, p), %s AS x WHERE x.ctid OPERATOR(pg_catalog.=) b.p"
						 " FOR KEY SHARE OF x",
						 t->table->source);
		return query_prepare(t->cxt, sql.data, 2, types);
	}
	return restore_statement_by_key(u->t, true);
}

static bool
take_held(TupleTableSlot *slot, void *arg)
{
	RestoreNullkey *u = arg;
	bool		isnull;
	int			number = DatumGetInt32(slot_getattr(slot, 1, &isnull));

	u->t->batch.rows[number].match.held = true;
	return true;
}

static void
hold_by_place(RestoreNullkey *u, const int *numbers, int count)
{
	Datum		values[2];
	Datum		places[BATCH_ROWS];
	Datum		which[BATCH_ROWS];

	for (int i = 0; i < count; i++)
	{
		which[i] = Int32GetDatum(numbers[i]);
		places[i] = PointerGetDatum(&u->t->batch.rows[numbers[i]].match.nullkey->place);
	}
	values[0] =
		PointerGetDatum(construct_array(which, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	values[1] = PointerGetDatum(
		construct_array(places, count, TIDOID, sizeof(ItemPointerData), false, TYPALIGN_SHORT));
	query_execute(u->hold, values, NULL, false, take_held, u);
}

static void
hold_by_key(RestoreNullkey *u, const int *numbers, int count)
{
	RestoreTable *t = u->t;

	query_rows_clear(t->sql.rows);
	for (int i = 0; i < count; i++)
		query_rows_put(t->sql.rows, t->batch.rows[numbers[i]].values,
					   t->batch.rows[numbers[i]].nulls);
	query_execute_over(u->hold, t->sql.relations, take_held, u);
}

/* Holds what was found just now; what has gone is looked for again: whether some has. */
static bool
hold_rows(RestoreNullkey *u, int from, int to)
{
	int			numbers[BATCH_ROWS];
	int			count = 0;
	bool		gone = false;

	for (int i = from; i < to && u->hold != NULL; i++)
		if (u->t->batch.rows[i].match.nullkey != NULL && !u->t->batch.rows[i].match.held)
			numbers[count++] = i;
	if (count == 0)
		return false;
	if (u->by_place)
		hold_by_place(u, numbers, count);
	else
		hold_by_key(u, numbers, count);
	for (int i = 0; i < count; i++)
	{
		RestoreRow *row = &u->t->batch.rows[numbers[i]];

		if (row->match.held)
			continue;
		row->match.nullkey = NULL;
		row->match.found = row->match.nullkey_searched = false;
		row->state = ROW_READ;
		gone = true;
	}
	return gone;
}

/* --- found */

/*
 * Hashes are computed by the server, for rows here and rows of the batch by the same
 * expression: what is equal must not depend on how we write a value.
 */
static RestoreNullkey *
create(RestoreTable *t)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	RestoreNullkey *u = palloc0(sizeof(RestoreNullkey));
	HASHCTL		control = {0};
	StringInfoData sql;

	u->t = t;
	u->by_place = t->key.count == 0 && t->rel->has_places;
	control.keysize = sizeof(((NullkeyEntry *) NULL)->content);
	control.entrysize = sizeof(NullkeyEntry);
	control.hcxt = t->cxt;
	u->entries =
		hash_create("db_adapter nullkey rows", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT b.n, ");
	append_content(&sql, t, 'b');
	appendStringInfoString(&sql, " FROM " ROWS_NAME " AS b");
	u->plan = query_prepare_over(t->cxt, sql.data, t->sql.relations);
	if (t->sql.may_lock && (u->by_place || t->key.count > 0))
		u->hold = prepare_hold(u);
	MemoryContextSwitchTo(oldcxt);
	read_rows(u);
	return u;
}

/* The next of the rows here that hold this; NULL when all are taken. */
static NullkeyRow *
take_next(NullkeyEntry *entry)
{
	while (entry != NULL && entry->used < list_length(entry->rows))
	{
		NullkeyRow *here = list_nth(entry->rows, entry->used++);

		if (here->used)
			continue;
		here->used = true;
		return here;
	}
	return NULL;
}

/* A row of the batch: the next of those here that hold the same is this one. */
static bool
take_content(TupleTableSlot *slot, void *arg)
{
	RestoreNullkey *u = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(u->t->batch.cxt);
	bool		isnull;
	RestoreRow *row = &u->t->batch.rows[DatumGetInt32(slot_getattr(slot, 1, &isnull))];
	uint64		content[2];
	NullkeyRow *here;

	read_content(slot, 2, content);
	row->match.nullkey_searched = true;
	here = take_next(hash_search(u->entries, content, HASH_FIND, NULL));
	if (here != NULL)
	{
		if (!u->by_place)
			restore_key_values(u->t, row, &here->key);
		else
		{
			row->match.place = here->place;
			row->match.has_place = true;
		}
		row->state = ROW_EXISTS;
		row->match.found = true;
		row->match.nullkey = here;
		row->match.alike = u->t->map != NULL && list_length(here->entry->rows) > 1;
	}
	MemoryContextSwitchTo(oldcxt);
	return true;
}

static int
find_once(RestoreTable *t, int from, int to)
{
	int			count = 0;

	query_rows_clear(t->sql.rows);
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->state != ROW_READ || row->looked_up || row->match.nullkey_searched ||
			!restore_nullkey_is(t, row))
			continue;
		if (count++ == 0 && t->match.nullkey == NULL)
			t->match.nullkey = create(t);
		query_rows_put(t->sql.rows, row->values, row->nulls);
	}
	if (count > 0)
		restore_statement_run(t, t->match.nullkey->plan, take_content, t->match.nullkey);
	return count;
}

/*
 * Looks for the rows in range for which nothing else could; found ones are EXISTS after it.
 */
void
restore_nullkey_find(RestoreTable *t, int from, int to)
{
	while (find_once(t, from, to) > 0 && hold_rows(t->match.nullkey, from, to))
		CHECK_FOR_INTERRUPTS();
}

void
restore_nullkey_release(RestoreTable *t, RestoreRow *row)
{
	NullkeyRow *here = row->match.nullkey;

	if (here == NULL)
		return;
	here->used = false;
	here->entry->used = 0;
	row->match.nullkey = NULL;
	row->match.nullkey_searched = row->match.alike = false;
}
