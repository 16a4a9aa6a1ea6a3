/*
 * restore_find.c
 *	  Rows of a batch that are read, given their references, and looked for.
 *
 * What was found is looked for again by another attempt, as the lock on it went with
 * the one before.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/query.h"
#include "data/restore/restore_private.h"

/* The tenant asked for goes in last: what the file says of it does not count. */
static void
convert_row(RestoreTable *t, RestoreRow *row)
{
	int			i = -1;

	restore_key_source(t, row);
	row->narrowed = NULL;
	while ((i = bms_next_member(t->sql.current->given, i)) >= 0)
	{
		int			field = t->columns.fields[i];

		if (field < 0 || row->fields[field].kind == FIELD_ABSENT)
			continue;
		row->values[i] =
			valuereader_read(t->columns.readers[i], &row->fields[field], &row->nulls[i]);
		if (valuereader_changed(t->columns.readers[i]))
			row->narrowed = bms_add_member(row->narrowed, i);
	}
	if (t->restore->options.user_id != NULL && t->table->user_column != NULL)
	{
		i = t->table->user_column - t->rel->columns;
		row->values[i] = t->columns.tenant;
		row->nulls[i] = false;
	}
	restore_refs_map(t, row, false);
	restore_named_fill(t, row);
	row->converted = true;
}

static void
convert_rows(RestoreTable *t, int from, int to)
{
	int			nestlevel = t->columns.pinned ? query_pin(PIN_VALUES) : 0;

	for (int i = from; i < to; i++)
	{
		t->batch.culprit = &t->batch.rows[i];
		if (t->batch.culprit->state == ROW_READ && !t->batch.culprit->converted)
			convert_row(t, t->batch.culprit);
	}
	t->batch.culprit = NULL;
	if (t->columns.pinned)
		query_unpin(nestlevel);
}

/* Whether a row here came of a trigger while this restore wrote another table. */
static bool
was_made(const RestoreTable *t, TransactionId origin)
{
	return t->sql.may_be_made && TransactionIdIsNormal(origin) &&
		   TransactionIdFollowsOrEquals(origin, t->restore->begun) &&
		   TransactionIdPrecedes(origin, t->sql.begun) &&
		   TransactionIdIsCurrentTransactionId(origin);
}

/* Whether this restore wrote it, for another row of the file: their keys are equal here. */
static bool
was_written(const RestoreTable *t, TransactionId origin)
{
	return TransactionIdIsNormal(origin) && TransactionIdFollowsOrEquals(origin, t->sql.begun) &&
		   TransactionIdIsCurrentTransactionId(origin);
}

/* Whether the row, which is here, shall be what the file says. */
static bool
wants(const RestoreTable *t, const RestoreRow *row)
{
	return row->state == ROW_EXISTS && !row->referenced && !row->match.superseded &&
		   (restore_overwrites(t->restore) || row->match.made);
}

bool
restore_find_updates(const RestoreTable *t, const RestoreRow *row)
{
	return wants(t, row) && !row->match.same;
}

bool
restore_find_unchanged(const RestoreRow *row)
{
	return row->state == ROW_SKIPPED && row->match.same && !row->referenced &&
		   !row->match.superseded;
}

/* The key of a row that exists, but for what it is to be given of the file's. */
static void
take_key(RestoreTable *t, RestoreRow *row, TupleTableSlot *slot)
{
	for (int i = 0; i < t->key.count; i++)
	{
		int			at = t->key.columns[i];
		bool		isnull;
		Datum		value;

		if ((t->key.renamed[i] || t->key.data[i] == KEY_DATA_WRITTEN) && wants(t, row) &&
			!t->restore->comparing)
			continue;
		value = slot_getattr(slot, i + 3, &isnull);
		if (t->key.data[i] == KEY_DATA_FIXED && wants(t, row) &&
			!restore_key_is_same(t, row, i, value, isnull))
		{
			row->key.differs = i + 1;
			row->match.same = false;
		}
		row->nulls[at] = isnull;
		if (!isnull)
			row->values[at] = valuereader_copy(t->columns.readers[at], value);
	}
}

/* A row that exists: number, a constant, its key, and perhaps what made it. */
static bool
take_existing(TupleTableSlot *slot, void *arg)
{
	RestoreTable *t = arg;
	MemoryContext oldcxt;
	bool		isnull;
	RestoreRow *row = &t->batch.rows[DatumGetInt32(slot_getattr(slot, 1, &isnull))];
	int			column;

	/* Of several answers all are as good as the first. */
	if (row->match.found)
		return true;
	oldcxt = MemoryContextSwitchTo(t->batch.cxt);
	row->state = ROW_EXISTS;
	row->match.found = true;
	row->match.held = t->sql.may_lock;
	column = restore_key_take_others(t, row, slot, t->key.count + 3);
	if (t->sql.tells_origin)
	{
		TransactionId origin = DatumGetTransactionId(slot_getattr(slot, column, &isnull));

		row->match.made = was_made(t, origin);
		row->match.repeated = was_written(t, origin);
		column++;
	}
	if (t->restore->comparing && t->key.count == 0 && t->rel->has_places)
	{
		row->match.place = *(ItemPointer) DatumGetPointer(slot_getattr(slot, column++, &isnull));
		row->match.has_place = true;
	}
	if (restore_statement_tells_same(t))
		row->match.same = DatumGetBool(slot_getattr(slot, column, &isnull)) && row->refs.fresh == 0;
	if (t->key.written && wants(t, row))
		restore_key_here(t, row, slot, 3);
	take_key(t, row, slot);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

static void
refuse_existing(RestoreTable *t, RestoreRow *row)
{
	t->batch.writing = false;
	ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
					errmsg("row " INT64_FORMAT " of table \"%s\" exists already", row->index,
						   t->table->name),
					errdetail("It stands in line " INT64_FORMAT " of the backup.", row->line),
					errhint("Use mode => 'skip' or 'overwrite'.")));
}

static int
put_unsearched(RestoreTable *t, int from, int to)
{
	int			count = 0;

	query_rows_clear(t->sql.rows);
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->match.searched || row->looked_up ||
			(row->state != ROW_READ && row->state != ROW_NEW))
			continue;
		query_rows_put(t->sql.rows, row->values, row->nulls);
		count++;
	}
	return count;
}

static bool
take_committed(TupleTableSlot *slot, void *arg)
{
	bool		isnull;

	((bool *) arg)[DatumGetInt32(slot_getattr(slot, 1, &isnull))] = true;
	return true;
}

/*
 * Where the transaction's snapshot is older than another restore, what that one
 * has committed is not seen, and no unique index would refuse it a second time.
 */
static void
refuse_unseen(RestoreTable *t, int from, int to)
{
	bool		committed[BATCH_ROWS] = {false};

	if (put_unsearched(t, from, to) > 0)
		query_execute_over_latest(restore_statement_probe_latest(t), t->sql.relations,
								  take_committed, committed);
	for (int i = from; i < to; i++)
		if (committed[i] && !t->batch.rows[i].match.found)
			ereport(ERROR,
					(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					 errmsg("could not serialize with another restore of the same rows"),
					 errdetail("Row " INT64_FORMAT " of table \"%s\" was committed meanwhile.",
							   t->batch.rows[i].index, t->table->name)));
}

/* One statement changes a row once: of two rows that are one here the later one counts. */
static void
supersede_others(RestoreTable *t, int from, RestoreRow *row)
{
	for (RestoreRow *other = &t->batch.rows[from]; other < row; other++)
		if (wants(t, other) && other->key.has_source &&
			(t->key.written ? idkey_equal(&other->key.here, &row->key.here)
							: idkey_equal(&other->key.target, &row->key.target)))
		{
			other->match.superseded = true;
			row->match.repeated = true;
		}
}

/* Rows that exist: an error, or their keys are what others refer to. */
static void
accept_existing(RestoreTable *t, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->state != ROW_EXISTS)
			continue;
		if (row->referenced)
			row->state = ROW_SKIPPED;
		else if (t->restore->options.mode == RESTORE_FAIL && !row->match.made)
			refuse_existing(t, row);
		if (restore_find_updates(t, row) && !t->restore->comparing)
			restore_update_use(t);
		restore_key_target(t, row);
		if (wants(t, row) && row->key.has_source)
			supersede_others(t, from, row);
	}
}

/* Rows found by all they hold may be equal and yet read otherwise. */
static void
compare_nullkeys(RestoreTable *t, int from, int to)
{
	bool		same[BATCH_ROWS] = {false};
	int			count = 0;

	query_rows_clear(t->sql.rows);
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->match.nullkey == NULL || !restore_find_updates(t, row))
			continue;
		row->match.same = t->key.count == 0;
		if (row->match.same)
			continue;
		query_rows_put(t->sql.rows, row->values, row->nulls);
		count++;
	}
	if (count == 0)
		return;
	restore_statement_run(t, restore_update_find_same(t), restore_update_take_same, same);
	for (int i = from; i < to; i++)
		t->batch.rows[i].match.same |= same[i];
}

static void
trace_found(const RestoreTable *t, int from, int to)
{
	int			found = 0;

	if (!message_level_is_interesting(DEBUG2))
		return;
	for (int i = from; i < to; i++)
		found += t->batch.rows[i].match.found;
	elog(DEBUG2, "restore: table \"%s\", %d of %d rows of the batch are here already",
		 t->table->name, found, to - from);
}

/* Looks for the rows in range that have not been looked for. */
void
restore_find_existing(RestoreTable *t, int from, int to)
{
	if (put_unsearched(t, from, to) > 0)
		restore_statement_run(t, restore_statement_probe(t), take_existing, t);
	if (IsolationUsesXactSnapshot() && !t->restore->comparing && !t->match.covered)
		refuse_unseen(t, from, to);
	restore_lookup_find(t, from, to);
	for (int i = from; i < to; i++)
		t->batch.rows[i].match.searched = true;
	trace_found(t, from, to);
	accept_existing(t, from, to);
}

/* Nothing tells such a row from others, and none holds the same: it cannot be made again. */
static void
pass_over_referenced(RestoreTable *t, int from, int to)
{
	for (int i = from; i < to; i++)
		if (t->batch.rows[i].referenced && t->batch.rows[i].state == ROW_READ &&
			!restore_home_searches(t))
		{
			t->batch.rows[i].state = ROW_SKIPPED;
			t->batch.rows[i].written.suppressed = true;
		}
}

/* Everything but the writing, of rows for which it is not done. */
void
restore_find_prepare(RestoreTable *t, int from, int to)
{
	convert_rows(t, from, to);
	if (t->home != NULL)
		restore_home_find(t, from, to, take_existing);
	for (int i = from; i < to; i++)
		if (t->batch.rows[i].state == ROW_READ &&
			(!restore_match_may_exist(t, &t->batch.rows[i]) ||
			 restore_compare_must_be_new(t, &t->batch.rows[i])))
			t->batch.rows[i].match.searched = true;
	if (t->match.count > 0)
	{
		restore_find_existing(t, from, to);
		restore_nullkey_find(t, from, to);
		compare_nullkeys(t, from, to);
		accept_existing(t, from, to);
	}
	else
	{
		restore_nullkey_find(t, from, to);
		compare_nullkeys(t, from, to);
		accept_existing(t, from, to);
		pass_over_referenced(t, from, to);
	}
	restore_lookup_pass_over(t, from, to);
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->state != ROW_READ)
			continue;
		t->batch.culprit = row;
		if (!t->restore->comparing)
		{
			if (!restore_home_key(t, row))
				restore_key_draw(t, row);
			restore_key_target(t, row);
		}
		row->state = ROW_NEW;
	}
	t->batch.culprit = NULL;
}

/* The row is looked for again. */
void
restore_find_release(RestoreTable *t, RestoreRow *row)
{
	restore_nullkey_release(t, row);
	row->state = ROW_READ;
	row->match.held = row->match.found = row->match.made = row->match.repeated = false;
	row->match.superseded = row->match.same = false;
	row->key.differs = 0;
	row->match.searched = row->converted = false;
	row->refs.json_done = row->refs.later = 0;
	row->refs.nulled = 0;
	row->refs.fresh = 0;
}

/* The locks of an attempt end with it: what it held is looked for again. */
void
restore_find_release_range(RestoreTable *t, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->match.held && (row->state == ROW_EXISTS || row->state == ROW_SKIPPED))
			restore_find_release(t, row);
	}
}
