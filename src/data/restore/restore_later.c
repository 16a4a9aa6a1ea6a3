/*
 * restore_later.c
 *	  References of a circle of tables, set by an UPDATE when all its rows are here.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "data/restore/restore_cycle_private.h"
#include "miscadmin.h"

/* The references of one kind, a batch at a time. */
typedef struct LaterBatch
{
	RestoreTable *t;
	int			ref;
	List	   *later;
	bool		updated[BATCH_ROWS];
	bool		same[BATCH_ROWS];	/* it was so before */
} LaterBatch;

/*
 * Rows for the UPDATE hold what names them and the new value, nothing else; where the
 * target was not found the value stays NULL, which is what the row has, or gets where it
 * was here before.  Those that existed, or all that are not so already; how many.
 */
static int
put_later(LaterBatch *batch, bool existed)
{
	int			columns = batch->t->rel->ncolumns;
	int			count = 0;
	ListCell   *lc;

	query_rows_clear(batch->t->sql.rows);
	foreach(lc, batch->later)
	{
		LaterRef   *later = lfirst(lc);
		RestoreRow	row = {0};

		if (existed ? !later->existed || later->fresh : batch->same[foreach_current_index(lc)])
			continue;
		count++;
		row.values = palloc0(sizeof(Datum) * (columns + 1));
		row.nulls = palloc(sizeof(bool) * (columns + 1));
		/* All NULL but for what is put below. */
		memset(row.nulls, true, columns + 1);
		restore_update_put(batch->t, &row, &later->place);
		if (later->resolved)
			restore_refs_set(batch->t, &row, batch->ref, &later->target);
		row.values[columns] = Int32GetDatum(foreach_current_index(lc));
		row.nulls[columns] = false;
		query_rows_put(batch->t->sql.rows, row.values, row.nulls);
	}
	return count;
}

/* A reference that a row has already is not set again. */
static void
set_later(void *arg)
{
	LaterBatch *batch = arg;
	RestoreTable *t = batch->t;

	memset(batch->updated, false, sizeof(batch->updated));
	memset(batch->same, false, sizeof(batch->same));
	if (put_later(batch, true) > 0)
		restore_statement_run(t, restore_update_later_same(t, batch->ref), restore_update_take_same,
							  batch->same);
	for (int i = 0; t->restore->comparing && i < list_length(batch->later); i++)
		batch->updated[i] = !batch->same[i];
	if (t->restore->comparing)
		return;
	if (put_later(batch, false) > 0)
		query_execute_over(restore_update_later(t, batch->ref), t->sql.relations,
						   restore_update_take, batch->updated);
}

/* A row of which nothing else has changed is one that was updated, after all. */
static void
count_changed(LaterBatch *batch)
{
	ListCell   *lc;

	foreach(lc, batch->later)
	{
		LaterRef   *later = lfirst(lc);

		if (batch->updated[foreach_current_index(lc)] && batch->t->restore->comparing)
			restore_compare_note_later(batch->t, later->row_index, batch->ref, &later->row_source);
		if (!batch->updated[foreach_current_index(lc)] || later->unchanged == NULL ||
			!*later->unchanged)
			continue;
		*later->unchanged = false;
		batch->t->counts.unchanged--;
		batch->t->counts.updated++;
	}
}

/* What a trigger or a policy has left as it was. */
static void
count_untouched(LaterBatch *batch)
{
	ListCell   *lc;

	foreach(lc, batch->later)
		if (!batch->updated[foreach_current_index(lc)] && !batch->same[foreach_current_index(lc)])
		{
			LaterRef   *later = lfirst(lc);

			batch->t->counts.untouched++;
			batch->t->counts.nulled += later->resolved && !later->existed;
		}
}

/*
 * In halves as a batch of rows is: a reference that is refused (by a check, a trigger) must
 * not keep the others from being set.
 */
static void
write_later(LaterBatch *batch)
{
	ErrorData  *error;
	LaterBatch	half = *batch;
	int			count = list_length(batch->later);

	CHECK_FOR_INTERRUPTS();
	if (count == 0)
		return;
	error = query_attempt(set_later, batch, true);
	if (error == NULL)
	{
		count_changed(batch);
		count_untouched(batch);
		return;
	}
	/* The row is there and stays: the failure is told, and its reference counts as nulled. */
	if (count == 1)
	{
		LaterRef   *later = linitial(batch->later);
		RestoreRow	row = {0};

		row.index = later->row_index;
		row.line = later->line;
		row.key.has_source = true;
		row.key.source = later->row_source;
		restore_report_failure(batch->t, &row, error);
		batch->t->counts.nulled++;
		return;
	}
	half.later = list_truncate(list_copy(batch->later), count / 2);
	write_later(&half);
	half.later = list_copy_tail(batch->later, count / 2);
	write_later(&half);
}

/* Where the row is that a reference waited for; false when there is nothing to set. */
static bool
resolve_later(LaterRef *later)
{
	RestoreTable *t = later->t;
	RestoreTable *other = later->target_table < 0 ? NULL : t->restore->tables[later->target_table];

	later->resolved =
		later->has_source && other != NULL && idmap_get(other->map, &later->source, &later->target);
	later->fresh =
		later->has_source && other != NULL && restore_compare_is_fresh(other, &later->source);
	if (later->resolved || later->fresh)
		return true;
	if (later->has_source)
		t->counts.nulled++;
	return later->existed && !(later->has_source && t->table->refs[later->ref].required);
}

/* By the file's lines within a reference, so that what fails is told in their order. */
static int
compare_later(const ListCell *a, const ListCell *b)
{
	const LaterRef *x = lfirst(a);
	const LaterRef *y = lfirst(b);

	if (x->t != y->t)
		return x->t->table->index - y->t->table->index;
	if (x->ref != y->ref)
		return x->ref - y->ref;
	return x->line < y->line ? -1 : x->line > y->line;
}

/* They are sorted by table and reference, so that each batch is of one statement. */
void
restore_later_write(RestoreCycle *cycle)
{
	LaterBatch	batch = {NULL};
	ListCell   *lc;

	list_sort(cycle->later, compare_later);
	foreach(lc, cycle->later)
	{
		LaterRef   *later = lfirst(lc);

		if (!resolve_later(later))
			continue;
		if (batch.t != later->t || batch.ref != later->ref ||
			list_length(batch.later) == BATCH_ROWS)
		{
			write_later(&batch);
			batch.later = NIL;
		}
		batch.t = later->t;
		batch.ref = later->ref;
		batch.later = lappend(batch.later, later);
	}
	write_later(&batch);
}
