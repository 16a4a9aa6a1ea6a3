/*
 * restore_batch.c
 *	  Rows in batches: read, looked for, and written, so that a row that fails
 *	  costs that row alone.
 *
 * A batch is tried in one subtransaction.  Where reading a value fails, the row
 * is known at once: it is set aside and the batch tried again.  Where a
 * statement fails, the batch is written in halves until the failing rows stand
 * alone.  What has been read and drawn is kept across the attempts, in our memory;
 * what was found is looked for again, as the lock on it went with its attempt.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/query.h"
#include "common/hashfn.h"
#include "data/restore/restore_private.h"
#include "miscadmin.h"
#include "utils/memutils.h"

typedef struct Range
{
	RestoreTable *t;
	int			from;
	int			to;
} Range;

static int
row_number(const RestoreTable *t, const RestoreRow *row)
{
	return row - t->batch.rows;
}

/* The columns that a row brings, among them those we fill ourselves. */
static Bitmapset *
given_columns(const RestoreTable *t, const RestoreRow *row)
{
	Bitmapset  *given = NULL;

	for (int i = 0; i < t->rel->ncolumns; i++)
	{
		int			field = t->columns.fields[i];

		if (field >= 0 && (row == NULL || row->fields[field].kind != FIELD_ABSENT))
			given = bms_add_member(given, i);
	}
	if (t->restore->options.user_id != NULL && t->table->user_column != NULL)
		given = bms_add_member(given, t->table->user_column - t->rel->columns);
	for (int i = 0; i < t->key.count; i++)
		if (t->key.sources[i] == KEY_SEQUENCE || t->key.sources[i] == KEY_DEFAULT)
			given = bms_add_member(given, t->key.columns[i]);
	return given;
}

void
restore_batch_init(RestoreTable *t)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);

	if (!t->columns.shape.lenient)
		restore_table_use(t, given_columns(t, NULL));
	MemoryContextSwitchTo(oldcxt);
}

/* Whether the row brings the columns that the batch's statements are for. */
static bool
fits_statements(const RestoreTable *t, const RestoreRow *row)
{
	if (!t->columns.shape.lenient)
		return true;
	if (t->sql.current == NULL)
		return false;
	for (int i = 0; i < t->columns.shape.count; i++)
		if (t->columns.shape_columns[i] >= 0 &&
			!restore_table_is_filled(t, t->columns.shape_columns[i]) &&
			(row->fields[i].kind != FIELD_ABSENT) !=
				bms_is_member(t->columns.shape_columns[i], t->sql.current->given))
			return false;
	return true;
}

/*
 * A hash of what makes the row exist, as the file has it.  Equal rows have equal
 * hashes; unequal ones that share a hash cost a smaller batch and nothing else.
 */
static uint32
match_hash(const RestoreTable *t, const RestoreRow *row)
{
	uint32		hash = 0;

	for (int i = 0; i < t->match.count; i++)
	{
		int			field = t->columns.fields[t->match.columns[i]];

		if (field >= 0 && row->fields[field].kind > FIELD_NULL)
			hash = hash_combine(hash, hash_bytes((unsigned char *) row->fields[field].data,
												 row->fields[field].len));
	}
	return hash;
}

/*
 * One query a batch finds what is here: two rows of the batch that are alike would both
 * be new.
 */
static bool
is_repeated(const RestoreTable *t, uint32 hash)
{
	for (int i = 0; i < t->batch.count; i++)
		if (t->batch.match_hashes[i] == hash)
			return true;
	return false;
}

/* In place, so of a copy: the reader's buffer goes on to the next line. */
static void
read_fields(RestoreTable *t, RestoreRow *row, const char *object, int len)
{
	char	   *copy = palloc(len + 1);
	RowError	error;

	memcpy(copy, object, len);
	row->fields = palloc(sizeof(RowField) * Max(t->columns.shape.count, 1));
	if (row_read(&t->columns.shape, copy, len, row->fields, &error))
		return;
	if (error.member == NULL)
		fileparts_refuse(row->line, "%s", error.message);
	fileparts_refuse(row->line, "member \"%s\" %s", pnstrdup(error.member, error.member_len),
					 error.message);
}

/* The row begins a batch of its own. */
static void
move_to_next_batch(RestoreTable *t, const char *object, int len, int64 line, int64 index)
{
	restore_batch_flush(t);
	t->batch.next_row = index;
	restore_batch_add(t, object, len, line);
}

void
restore_batch_add(RestoreTable *t, const char *object, int len, int64 line)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->batch.cxt);
	RestoreRow *row = &t->batch.rows[t->batch.count];
	bool		distinct = t->match.count > 0 && !t->match.covered;

	memset(row, 0, sizeof(RestoreRow));
	row->index = t->batch.next_row++;
	row->referenced = row->index < t->section->referenced;
	row->line = line;
	read_fields(t, row, object, len);
	restore_lookup_mark(t, row);
	if (distinct)
		t->batch.match_hashes[t->batch.count] = match_hash(t, row);
	if (t->batch.count > 0 && (!fits_statements(t, row) ||
							   (distinct && is_repeated(t, t->batch.match_hashes[t->batch.count]))))
	{
		move_to_next_batch(t, object, len, line, row->index);
		MemoryContextSwitchTo(oldcxt);
		return;
	}
	if (!fits_statements(t, row))
		restore_table_use(t, given_columns(t, row));
	row->values = palloc0(sizeof(Datum) * (t->rel->ncolumns + 1));
	row->nulls = palloc(sizeof(bool) * (t->rel->ncolumns + 1));
	memset(row->nulls, true, sizeof(bool) * t->rel->ncolumns);
	row->values[t->rel->ncolumns] = Int32GetDatum(t->batch.count);
	row->nulls[t->rel->ncolumns] = false;
	t->batch.count++;
	t->batch.bytes += len;
	MemoryContextSwitchTo(oldcxt);
	if (t->batch.count == BATCH_ROWS || t->batch.bytes >= BATCH_BYTES)
		restore_batch_flush(t);
}

/* Rows of one batch bring the same columns, since they share its statements. */
void
restore_batch_put(RestoreTable *t, const RestoreRow *row, RestoreStatements *statements)
{
	if (t->sql.current != statements || t->batch.count == BATCH_ROWS)
		restore_batch_flush(t);
	t->sql.current = statements;
	t->batch.rows[t->batch.count] = *row;
	t->batch.rows[t->batch.count].values[t->rel->ncolumns] = Int32GetDatum(t->batch.count);
	t->batch.count++;
}

/* The tenant asked for goes in last: what the file says of it does not count. */
static void
convert_row(RestoreTable *t, RestoreRow *row)
{
	int			i = -1;

	restore_key_source(t, row);
	while ((i = bms_next_member(t->sql.current->given, i)) >= 0)
	{
		int			field = t->columns.fields[i];

		if (field >= 0 && row->fields[field].kind != FIELD_ABSENT)
			row->values[i] =
				valuereader_read(t->columns.readers[i], &row->fields[field], &row->nulls[i]);
	}
	if (t->restore->options.user_id != NULL && t->table->user_column != NULL)
	{
		i = t->table->user_column - t->rel->columns;
		row->values[i] = t->columns.tenant;
		row->nulls[i] = false;
	}
	restore_refs_map(t, row, false);
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

/* Whether the row, which is here, is given what the file says. */
static bool
updates(const RestoreTable *t, const RestoreRow *row)
{
	return row->state == ROW_EXISTS && !row->referenced && !row->match.superseded &&
		   (t->restore->options.mode == RESTORE_OVERWRITE || row->match.made);
}

/* A row that exists: number, a constant, its key, and perhaps what made it. */
static bool
take_existing(TupleTableSlot *slot, void *arg)
{
	RestoreTable *t = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(t->batch.cxt);
	bool		isnull;
	RestoreRow *row = &t->batch.rows[DatumGetInt32(slot_getattr(slot, 1, &isnull))];
	int			column;

	row->state = ROW_EXISTS;
	row->match.found = true;
	row->match.held = t->sql.locking;
	column = restore_key_take_others(t, row, slot, t->key.count + 3);
	if (t->sql.tells_origin)
	{
		TransactionId origin = DatumGetTransactionId(slot_getattr(slot, column, &isnull));

		row->match.made = was_made(t, origin);
		row->match.repeated = was_written(t, origin);
	}
	for (int i = 0; i < t->key.count; i++)
	{
		Datum		value;

		if (t->key.renamed[i] && updates(t, row))
			continue;
		value = slot_getattr(slot, i + 3, &row->nulls[t->key.columns[i]]);
		if (!row->nulls[t->key.columns[i]])
			row->values[t->key.columns[i]] =
				valuereader_copy(t->columns.readers[t->key.columns[i]], value);
	}
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
		query_execute_over_latest(restore_table_probe_latest(t), t->sql.relations, take_committed,
								  committed);
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
		if (updates(t, other) && other->key.has_source &&
			idkey_equal(&other->key.target, &row->key.target))
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
		if (updates(t, row))
			restore_update_use(t);
		restore_key_target(t, row);
		if (updates(t, row) && row->key.has_source)
			supersede_others(t, from, row);
	}
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
static void
find_existing(RestoreTable *t, int from, int to)
{
	if (put_unsearched(t, from, to) > 0)
		query_execute_over(t->sql.probe, t->sql.relations, take_existing, t);
	if (IsolationUsesXactSnapshot() && !t->match.covered)
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
		if (t->batch.rows[i].referenced && t->batch.rows[i].state == ROW_READ)
		{
			t->batch.rows[i].state = ROW_SKIPPED;
			t->batch.rows[i].written.suppressed = true;
		}
}

/* Everything but the writing, of rows for which it is not done. */
static void
prepare_rows(RestoreTable *t, int from, int to)
{
	convert_rows(t, from, to);
	for (int i = from; i < to; i++)
		if (t->batch.rows[i].state == ROW_READ && !restore_table_may_exist(t, &t->batch.rows[i]))
			t->batch.rows[i].match.searched = true;
	if (t->match.count > 0)
	{
		find_existing(t, from, to);
		restore_nullkey_find(t, from, to);
		accept_existing(t, from, to);
	}
	else
	{
		restore_nullkey_find(t, from, to);
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
		restore_key_draw(t, row);
		restore_key_target(t, row);
		row->state = ROW_NEW;
	}
	t->batch.culprit = NULL;
}

/* The row is looked for again. */
static void
release_row(RestoreTable *t, RestoreRow *row)
{
	restore_nullkey_release(t, row);
	row->state = ROW_READ;
	row->match.held = row->match.found = row->match.made = row->match.repeated = false;
	row->match.superseded = false;
	row->match.searched = row->converted = false;
	row->refs.json_done = row->refs.later = 0;
	row->refs.nulled = 0;
}

/* The locks of an attempt end with it: what it held is looked for again. */
static void
release_rows(RestoreTable *t, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->match.held && (row->state == ROW_EXISTS || row->state == ROW_SKIPPED))
			release_row(t, row);
	}
}

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
		if (update ? updates(t, &t->batch.rows[i]) : t->batch.rows[i].state == ROW_NEW)
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
		if (t->batch.rows[i].state == ROW_NEW || t->batch.rows[i].state == ROW_EXISTS)
		{
			t->batch.culprit = &t->batch.rows[i];
			restore_refs_map(t, &t->batch.rows[i], true);
		}
	t->batch.culprit = NULL;
	if (t->columns.pinned)
		query_unpin(nestlevel);
}

static void
insert_rows(RestoreTable *t, int from, int to)
{
	bool		returns = t->sql.may_suppress && t->key.count > 0;
	int			count = put_rows(t, from, to, false);
	Returned	returned = {t};

	if (count == 0)
		return;
	if (returns)
		returned.keys = palloc(sizeof(Datum) * t->key.count * count);
	query_execute_over(t->sql.current->insert, t->sql.relations, returns ? take_inserted : NULL,
					   &returned);
	if (returns)
		match_returned(t, &returned, from, to, count);
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
	release_row(t, row);
	prepare_rows(t, number, number + 1);
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

		if (!updates(t, row))
			continue;
		row->written.returned = updated[i];
		if (!updated[i] && !row->match.held && !row->match.nullkey_searched)
			look_again(t, i);
	}
}

static void
write_rows(RestoreTable *t, int from, int to)
{
	if (t->circular)
		map_circular(t, from, to);
	t->batch.writing = true;
	insert_rows(t, from, to);
	update_rows(t, from, to);
	t->batch.writing = false;
}

/* The rows that were written. */
static void
settle_rows(RestoreTable *t, int from, int to)
{
	bool		returns = t->sql.may_suppress && t->key.count > 0;

	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->state == ROW_NEW)
			row->state = returns && !row->written.returned ? ROW_SKIPPED : ROW_INSERTED;
		else if (row->state == ROW_EXISTS)
		{
			bool		wanted = updates(t, row);

			row->written.untouched =
				wanted && t->sql.current->update != NULL && !row->written.returned;
			row->state = wanted && !row->written.untouched ? ROW_UPDATED : ROW_SKIPPED;
		}
		else
			continue;
		row->written.suppressed = returns && row->state == ROW_SKIPPED && !row->match.found;
	}
}

/* In one subtransaction, so that what a failed row has done goes with what it wrote. */
static void
try_range(void *arg)
{
	Range	   *range = arg;

	prepare_rows(range->t, range->from, range->to);
	write_rows(range->t, range->from, range->to);
}

/* An error that is no row's is everybody's. */
static ErrorData *
attempt(Range *range)
{
	RestoreTable *t = range->t;
	ErrorData  *error;

	t->batch.culprit = NULL;
	t->batch.writing = false;
	error = query_attempt(try_range, range, true);
	if (error == NULL)
		return NULL;
	if (t->batch.culprit == NULL && !t->batch.writing)
		ReThrowError(error);
	release_rows(t, range->from, range->to);
	return error;
}

static void write_range(RestoreTable *t, int from, int to);

/*
 * One row that a statement refused.  A unique index may have refused it because
 * it exists after all, or because another row has taken its key.
 */
static void
handle_refused(RestoreTable *t, RestoreRow *row, ErrorData *error)
{
	int			at = row_number(t, row);

	if (error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION && row->state == ROW_NEW)
	{
		elog(DEBUG1,
			 "restore: table \"%s\", line " INT64_FORMAT " is looked for again: %s is in its way",
			 t->table->name, row->line,
			 error->constraint_name != NULL ? error->constraint_name : "another row");
		if (t->match.count > 0 && !row->match.refused)
		{
			row->match.refused = true;
			row->match.searched = false;
			find_existing(t, at, at + 1);
			row->match.held = false;	/* by no attempt, but until the end */
			if (row->state == ROW_SKIPPED)
				return;
			if (row->state == ROW_EXISTS)
			{
				write_range(t, at, at + 1);
				return;
			}
		}
		if (restore_key_redraw(t, row, error->constraint_name))
		{
			write_range(t, at, at + 1);
			return;
		}
	}
	if (restore_moves_may(t, error))
		restore_moves_refused(t, row, error);
	else
		restore_report_failure(t, row, error);
}

static void
write_range(RestoreTable *t, int from, int to)
{
	Range		range = {t, from, to};
	ErrorData  *error;

	CHECK_FOR_INTERRUPTS();
	while ((error = attempt(&range)) != NULL && t->batch.culprit != NULL)
		restore_report_failure(t, t->batch.culprit, error);
	if (error == NULL)
		settle_rows(t, from, to);
	else if (to - from == 1)
		handle_refused(t, &t->batch.rows[from], error);
	else
	{
		int			middle = from + (to - from) / 2;

		/* Not its message: a trigger may have written there what the row holds. */
		elog(DEBUG1, "restore: table \"%s\", a batch of %d rows is tried in halves: %s%s%s",
			 t->table->name, to - from, unpack_sql_state(error->sqlerrcode),
			 error->constraint_name != NULL ? ", constraint " : "",
			 error->constraint_name != NULL ? error->constraint_name : "");
		write_range(t, from, middle);
		write_range(t, middle, to);
	}
}

/* Once a row, whatever it went through; a row that is there for others is not counted. */
static void
count_row(RestoreTable *t, RestoreRow *row)
{
	switch (row->state)
	{
		case ROW_INSERTED:
			t->counts.inserted++;
			t->counts.unmatched += restore_nullkey_is(t, row);
			restore_key_note(t, row);
			break;
		case ROW_UPDATED:
			t->counts.updated++;
			t->counts.made += row->match.made;
			break;
		case ROW_SKIPPED:
			if (row->referenced)
				break;
			t->counts.skipped++;
			t->counts.suppressed += row->written.suppressed;
			t->counts.untouched += row->written.untouched;
			break;
		case ROW_ORPHANED:
			if (row->referenced)
				break;
			t->counts.skipped++;
			if (row->refs.lookup_missing)
			{
				t->counts.lookup_missing++;
				restore_report_missing(t, row, row->refs.missing);
			}
			else
				t->counts.orphaned++;
			break;
		case ROW_FAILED:
			t->counts.failed++;
			break;
		default:
			elog(ERROR, "row in state %d was not settled", row->state);
	}
	if (row->state == ROW_INSERTED || row->state == ROW_UPDATED)
		t->counts.nulled += row->refs.nulled;
	if (row->referenced || (row->state != ROW_UPDATED && row->state != ROW_SKIPPED))
		return;
	if (row->match.repeated)
		restore_report_repeated(t, row);
	/* An update holds what it has changed. */
	t->counts.unheld += row->state == ROW_SKIPPED && row->match.nullkey != NULL && !row->match.held;
}

/* Rows that are here now can be referred to; what they refer to later is kept in mind. */
void
restore_batch_finish_row(RestoreTable *t, RestoreRow *row)
{
	restore_trace_row(t, row);
	if (row->state == ROW_WAITING)
	{
		restore_cycle_wait(t, row);
		return;
	}
	if (row->state == ROW_MOVING || row->state == ROW_NEW_MOVING)
	{
		restore_moves_keep(t, row);
		return;
	}
	count_row(t, row);
	if (row->state == ROW_ORPHANED || row->state == ROW_FAILED || row->written.suppressed)
	{
		if (!row->referenced)
			restore_key_lead(t, row, false);
		return;
	}
	restore_key_lead(t, row, true);
	if (row->state != ROW_SKIPPED && row->refs.later != 0)
		restore_cycle_remember(t, row);
}

void
restore_batch_flush(RestoreTable *t)
{
	MemoryContext oldcxt;

	if (t->batch.count == 0)
		return;
	oldcxt = MemoryContextSwitchTo(t->batch.cxt);
	write_range(t, 0, t->batch.count);
	for (int i = 0; i < t->batch.count; i++)
		restore_batch_finish_row(t, &t->batch.rows[i]);
	MemoryContextSwitchTo(oldcxt);
	t->batch.count = 0;
	t->batch.bytes = 0;
	MemoryContextReset(t->batch.cxt);
}
