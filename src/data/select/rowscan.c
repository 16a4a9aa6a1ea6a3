/*
 * rowscan.c
 *	  The rows of a selection, handed to who writes them under the right settings.
 *
 * A row is visited while the executor holds it, but for two cases in which it is
 * set aside as it lies, with large values still in their toast table: when the
 * visitor is full, and when a column's text depends on settings.  In the second
 * case rows are visited under pinned settings between two fetches, never while
 * the executor, and with it the code of users, is running.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/select/rowscan.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Not of a row's own description: one that a foreign server has joined has no names. */
static void
prepare_writer(RowScan *scan)
{
	TupleDesc	desc = query_cursor_desc(scan->cursor);
	MemoryContext oldcxt = MemoryContextSwitchTo(scan->cxt);

	scan->desc = CreateTupleDescCopy(desc);
	scan->ncolumns = desc->natts - scan->extra;
	scan->writer = rowwriter_create(scan->desc, scan->ncolumns, scan->format);
	scan->slot = MakeSingleTupleTableSlot(scan->desc, &TTSOpsMinimalTuple);
	MemoryContextSwitchTo(oldcxt);
}

static bool
receive_row(TupleTableSlot *slot, void *arg)
{
	RowScan	   *scan = arg;

	if (scan->writer == NULL)
		prepare_writer(scan);
	if (scan->sift != NULL && !scan->sift(slot, scan->arg))
		return true;
	if (scan->full || rowwriter_needs_pins(scan->writer))
	{
		MemoryContext oldcxt = MemoryContextSwitchTo(scan->asidecxt);

		scan->aside = lappend(scan->aside, ExecCopySlotMinimalTuple(slot));
		MemoryContextSwitchTo(oldcxt);
	}
	else
		scan->full = !scan->visit(slot, scan->arg);
	return true;
}

static void
visit_aside(RowScan *scan)
{
	bool		pins = rowwriter_needs_pins(scan->writer);
	int			nestlevel = pins ? query_pin(PIN_VALUES) : 0;
	MemoryContext oldcxt = MemoryContextSwitchTo(scan->rowcxt);

	while (!scan->full && scan->next_aside < list_length(scan->aside))
	{
		CHECK_FOR_INTERRUPTS();
		ExecStoreMinimalTuple(list_nth(scan->aside, scan->next_aside++), scan->slot, false);
		scan->full = !scan->visit(scan->slot, scan->arg);
		MemoryContextReset(scan->rowcxt);
	}
	ExecClearTuple(scan->slot);
	MemoryContextSwitchTo(oldcxt);
	if (pins)
		query_unpin(nestlevel);
	if (scan->next_aside == list_length(scan->aside))
	{
		MemoryContextReset(scan->asidecxt);
		scan->aside = NIL;
		scan->next_aside = 0;
	}
}

RowScan *
rowscan_open(Selection *s, RowFormat format, int extra, bool row_security, QueryRow sift,
			 QueryRow visit, void *arg)
{
	RowScan	   *scan = palloc0(sizeof(RowScan));
	int			nestlevel;
	int			listed;

	scan->format = format;
	scan->extra = extra;
	scan->sift = sift;
	scan->visit = visit;
	scan->arg = arg;
	scan->cxt = CurrentMemoryContext;
	scan->rowcxt = AllocSetContextCreate(scan->cxt, "db_adapter scan row", ALLOCSET_DEFAULT_SIZES);
	scan->asidecxt =
		AllocSetContextCreate(scan->cxt, "db_adapter rows aside", ALLOCSET_DEFAULT_SIZES);
	elog(DEBUG2, "rows are read by: %s", s->sql.data);
	nestlevel = query_pin(row_security ? PIN_PLAN : PIN_PLAN_ALL_ROWS);
	listed = s->listed ? query_pin(PIN_PLAN_LISTED) : 0;
	scan->cursor = query_cursor_open(s->sql.data, s->nargs, s->types, s->values, s->nulls, true);
	if (s->listed)
		query_unpin(listed);
	query_unpin(nestlevel);
	return scan;
}

/*
 * A scan of a whole table joins others in their midst unless told not to when it
 * begins, with the first row: then its order would be a matter of chance.
 */
static void
fetch(RowScan *scan, uint64 count)
{
	int			nestlevel = scan->begun ? 0 : query_pin(PIN_SCAN);

	scan->exhausted = query_cursor_fetch(scan->cursor, count, receive_row, scan) < count;
	if (!scan->begun)
		query_unpin(nestlevel);
	scan->begun = true;
}

bool
rowscan_advance(RowScan *scan, uint64 count)
{
	scan->full = false;
	if (scan->aside == NIL && !scan->exhausted)
		fetch(scan, count);
	if (scan->aside != NIL && !scan->full)
		visit_aside(scan);
	return scan->aside != NIL || !scan->exhausted;
}

bool
rowscan_is_sequential(const RowScan *scan)
{
	return query_cursor_is_sequential(scan->cursor);
}

void
rowscan_close(RowScan *scan)
{
	query_cursor_close(scan->cursor);
}
