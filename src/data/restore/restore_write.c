/*
 * restore_write.c
 *	  Rows of a batch inserted and updated, and what became of each.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "data/restore/restore_private.h"

/* The keys that an INSERT returned, in its order. */
typedef struct Returned
{
	RestoreTable *t;
	int			count;
	Datum	   *keys;
} Returned;

/* Copied: the slot's memory goes with the statement. */
static bool
take_inserted(TupleTableSlot *slot, void *arg)
{
	Returned   *r = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(r->t->batch.cxt);

	for (int i = 0; i < r->t->key.count; i++)
	{
		ValueReader *reader = r->t->columns.readers[r->t->key.columns[i]];
		bool		isnull;
		Datum		value = slot_getattr(slot, i + 2, &isnull);

		r->keys[r->count * r->t->key.count + i] =
			isnull ? (Datum) 0 : valuereader_copy(reader, value);
	}
	r->count++;
	MemoryContextSwitchTo(oldcxt);
	return true;
}

static bool
same_key(const RestoreTable *t, const RestoreRow *row, const Datum *key)
{
	for (int i = 0; i < t->key.count; i++)
		if (!valuereader_same(t->columns.readers[t->key.columns[i]], key[i],
							  row->values[t->key.columns[i]]))
			return false;
	return true;
}

/*
 * Which rows a table with triggers has taken.  When all came back they are in
 * order, and a key may be another than ours; else a key says which row it is of.
 */
static void
match_returned(RestoreTable *t, const Returned *r, int from, int to, int put)
{
	int			next = 0;

	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];
		const Datum *key = &r->keys[next * t->key.count];

		if (row->state != ROW_NEW || next == r->count)
			continue;
		row->written.returned = r->count == put || same_key(t, row, key);
		if (!row->written.returned)
			continue;
		if (r->count == put && !same_key(t, row, key))
		{
			for (int j = 0; j < t->key.count; j++)
				row->values[t->key.columns[j]] = key[j];
			restore_key_target(t, row);
		}
		next++;
	}
}

/* Those to be inserted, or those to be updated. */
static int
put_rows(RestoreTable *t, int from, int to, bool update)
{
	int			count = 0;

	query_rows_clear(t->sql.rows);
	for (int i = from; i < to; i++)
		if (update ? restore_find_updates(t, &t->batch.rows[i]) : t->batch.rows[i].state == ROW_NEW)
		{
			query_rows_put(t->sql.rows, t->batch.rows[i].values, t->batch.rows[i].nulls);
			t->batch.rows[i].written.returned = false;
			count++;
		}
	return count;
}

/* Only now: the rows of the batch have their keys, and may refer to each other. */
static void
map_circular(RestoreTable *t, int from, int to)
{
	int			nestlevel = t->columns.pinned ? query_pin(PIN_VALUES) : 0;

	for (int i = from; i < to; i++)
		if ((t->batch.rows[i].state == ROW_NEW && !t->restore->comparing) ||
			t->batch.rows[i].state == ROW_EXISTS)
		{
			t->batch.culprit = &t->batch.rows[i];
			restore_refs_map(t, &t->batch.rows[i], true);
		}
	t->batch.culprit = NULL;
	if (t->columns.pinned)
		query_unpin(nestlevel);
}

static bool
take_confirmed(TupleTableSlot *slot, void *arg)
{
	RestoreTable *t = arg;
	bool		isnull;

	t->batch.rows[DatumGetInt32(slot_getattr(slot, 1, &isnull))].written.returned = true;
	return true;
}

/*
 * What is behind a foreign table may leave rows out or give them other keys: rows that
 * are not there under theirs count as left out.  One question a batch.
 */
static void
confirm_rows(RestoreTable *t, int from, int to)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);

	if (t->sql.confirm == NULL)
		t->sql.confirm = restore_statement_by_key(t, false);
	MemoryContextSwitchTo(oldcxt);
	(void) put_rows(t, from, to, false);
	query_execute_over(t->sql.confirm, t->sql.relations, take_confirmed, t);
}

static void
insert_rows(RestoreTable *t, int from, int to)
{
	bool		returns = t->sql.may_suppress && t->key.count > 0;
	int			count = put_rows(t, from, to, false);
	Returned	returned = {t};

	if (count == 0)
		return;
	if (returns && !t->sql.confirms)
		returned.keys = palloc(sizeof(Datum) * t->key.count * count);
	query_execute_over(t->sql.current->insert, t->sql.relations,
					   returned.keys != NULL ? take_inserted : NULL, &returned);
	if (returned.keys != NULL)
		match_returned(t, &returned, from, to, count);
	else if (returns)
		confirm_rows(t, from, to);
}

/*
 * A row that the UPDATE has missed though it was here, and that nothing held: others may
 * have deleted it meanwhile, or made it another one.  Then it is new.
 */
static void
look_again(RestoreTable *t, int number)
{
	RestoreRow *row = &t->batch.rows[number];

	t->batch.writing = false;
	restore_find_release(t, row);
	restore_find_prepare(t, number, number + 1);
	t->batch.writing = true;
	row->written.returned = false;
	insert_rows(t, number, number + 1);
}

static void
update_rows(RestoreTable *t, int from, int to)
{
	bool		updated[BATCH_ROWS] = {false};

	if (t->sql.current->update == NULL || put_rows(t, from, to, true) == 0)
		return;
	query_execute_over(t->sql.current->update, t->sql.relations, restore_update_take, updated);
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (!restore_find_updates(t, row))
			continue;
		row->written.returned = updated[i];
		if (!updated[i] && !row->match.held && !row->match.nullkey_searched)
			look_again(t, i);
	}
}

/* Never passed over in silence: what the file says of the key would be lost. */
static void
refuse_differing(RestoreTable *t, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (!restore_find_updates(t, row) || row->key.differs == 0)
			continue;
		t->batch.culprit = row;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("key column \"%s\" of the row has another value here",
						t->rel->columns[t->key.columns[row->key.differs - 1]].name),
				 errdetail("No unique index over columns that are never NULL leads to the row "
						   "without its key, so it cannot be updated."),
				 errhint("Create one over the match key, or use mode => 'skip'.")));
	}
}

void
restore_write_range(RestoreTable *t, int from, int to)
{
	refuse_differing(t, from, to);
	if (t->circular)
		map_circular(t, from, to);
	if (t->restore->comparing)
	{
		restore_compare_columns(t, from, to);
		return;
	}
	t->batch.writing = true;
	insert_rows(t, from, to);
	update_rows(t, from, to);
	t->batch.writing = false;
}

/* The rows that were written. */
void
restore_write_settle(RestoreTable *t, int from, int to)
{
	bool		returns = t->sql.may_suppress && t->key.count > 0 && !t->restore->comparing;

	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->state == ROW_NEW)
			row->state = returns && !row->written.returned ? ROW_SKIPPED : ROW_INSERTED;
		else if (row->state == ROW_EXISTS)
		{
			bool		wanted = restore_find_updates(t, row);

			row->written.untouched =
				wanted && t->sql.current->update != NULL && !row->written.returned;
			row->state = wanted && !row->written.untouched ? ROW_UPDATED : ROW_SKIPPED;
		}
		else
			continue;
		row->written.suppressed = returns && row->state == ROW_SKIPPED && !row->match.found;
	}
}
