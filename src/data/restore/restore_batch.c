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
	for (int i = 0; restore_named_is(t) && i < t->table->nslug; i++)
		given = bms_add_member(given, t->table->slug_columns[i] - t->rel->columns);
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
		restore_statement_use(t, given_columns(t, NULL));
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
	uint32		hash = t->home != NULL ? restore_home_hash(t, row) : 0;

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
	bool		distinct = (t->match.count > 0 && !t->match.covered) || t->home != NULL;

	memset(row, 0, sizeof(RestoreRow));
	row->index = t->batch.next_row++;
	row->referenced = row->index < t->section->referenced;
	row->line = line;
	restore_named_count(t, row);
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
		restore_statement_use(t, given_columns(t, row));
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

/* In one subtransaction, so that what a failed row has done goes with what it wrote. */
static void
try_range(void *arg)
{
	Range	   *range = arg;

	restore_find_prepare(range->t, range->from, range->to);
	restore_write_range(range->t, range->from, range->to);
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
	restore_find_release_range(t, range->from, range->to);
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
			restore_find_existing(t, at, at + 1);
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
		restore_write_settle(t, from, to);
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

/*
 * Whether the row was given the file's value: not where a restore puts its own, or keeps the
 * id that is here.
 */
static bool
was_given(const RestoreTable *t, const RestoreRow *row, int column)
{
	if (restore_table_is_filled(t, column) || restore_match_nulls(t, column))
		return false;
	for (int i = 0; i < t->key.count; i++)
		if (t->key.columns[i] == column)
			return row->state == ROW_INSERTED || t->key.data[i] == KEY_DATA_WRITTEN;
	return true;
}

static void
count_narrowed(RestoreTable *t, const RestoreRow *row)
{
	int			i = -1;

	while ((i = bms_next_member(row->narrowed, i)) >= 0)
		t->columns.narrowed[i] += was_given(t, row, i);
}

/* Once a row, whatever it went through; a row that is there for others is not counted. */
static void
count_row(RestoreTable *t, RestoreRow *row)
{
	t->counts.alike += row->match.alike;
	switch (row->state)
	{
		case ROW_INSERTED:
			t->counts.inserted++;
			t->counts.unmatched +=
				t->match.count > 0 && !restore_home_searches(t) && restore_nullkey_is(t, row);
			if (!t->restore->comparing)
				restore_key_note(t, row);
			break;
		case ROW_UPDATED:
			t->counts.updated++;
			t->counts.made += row->match.made;
			break;
		case ROW_SKIPPED:
			if (row->referenced)
				break;
			if (restore_find_unchanged(row))
			{
				t->counts.unchanged++;
				break;
			}
			t->counts.skipped++;
			t->counts.suppressed += row->written.suppressed && !row->found_only;
			t->counts.untouched += row->written.untouched;
			break;
		case ROW_ORPHANED:
			if (row->referenced)
				break;
			t->counts.skipped++;
			if (row->refs.lookup_missing)
				t->counts.lookup_missing++;
			else
				t->counts.orphaned++;
			if (row->refs.lookup_missing || row->refs.missing != NULL)
				restore_report_missing(t, row, row->refs.missing);
			break;
		case ROW_FAILED:
			t->counts.failed++;
			break;
		default:
			elog(ERROR, "row in state %d was not settled", row->state);
	}
	/* What is here already was carried over no better. */
	if (row->state == ROW_INSERTED || row->state == ROW_UPDATED || restore_find_unchanged(row))
	{
		t->counts.nulled += row->refs.nulled;
		count_narrowed(t, row);
	}
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
		restore_waiting_add(t, row);
		return;
	}
	if (row->state == ROW_MOVING || row->state == ROW_NEW_MOVING)
	{
		restore_moves_keep(t, row);
		return;
	}
	count_row(t, row);
	restore_report_demand(t, row);
	restore_compare_note(t, row);
	restore_named_note(t, row);
	if (row->state == ROW_ORPHANED || row->state == ROW_FAILED || row->written.suppressed)
	{
		if (!row->referenced)
			restore_key_lead(t, row, false);
		return;
	}
	/* What a comparison would make has no key here. */
	if (row->state == ROW_INSERTED && t->restore->comparing)
		return;
	restore_key_lead(t, row, true);
	if (t->home != NULL)
		restore_homeentry_add(t, row);
	if ((row->state != ROW_SKIPPED || restore_find_unchanged(row)) && row->refs.later != 0)
		restore_waiting_remember(t, row);
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
	if (t->home != NULL)
		restore_homeentry_write(t);
	MemoryContextSwitchTo(oldcxt);
	t->batch.count = 0;
	t->batch.bytes = 0;
	MemoryContextReset(t->batch.cxt);
}
