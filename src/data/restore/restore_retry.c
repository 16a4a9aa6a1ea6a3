/*
 * restore_retry.c
 *	  Unique values that move from row to row: an order, or a step aside.
 *
 * The rows that were refused are written again, the last first and then the first
 * first, for as long as that brings some of them in: in a chain there is an order that
 * works.  Rows that trade their values have none.  They step aside together: each is
 * given a value that nobody has, or NULL, and then its own.  One that cannot be given
 * its own even so has a row in its way that does not move: it stays as it was, and fails.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "data/restore/restore_private.h"
#include "data/select/freevalue.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* Stops the attempt in which some rows could not be given their values. */
#define ERRCODE_STEP_BACK MAKE_SQLSTATE('D', 'B', '0', '0', '1')

/* --- where a row can step to */

/* Whether the column is the row's own affair: no key, no reference, no tenant. */
static bool
is_free(const RestoreTable *t, const RestoreStatements *s, int column)
{
	bool		result =
		bms_is_member(column, s->given) && &t->rel->columns[column] != t->table->user_column;

	for (int i = 0; i < t->key.count; i++)
		result &= t->key.columns[i] != column || t->key.data[i] == KEY_DATA_WRITTEN;
	for (int i = 0; i < t->match.count; i++)
		result &= t->match.columns[i] != column;
	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			result &= t->refs[i].columns[j] != column;
	return result;
}

/* Those that can take a value nobody has, as far as these statements write them. */
static Bitmapset *
free_columns(const RestoreTable *t, const RestoreStatements *s)
{
	Bitmapset  *columns = NULL;

	for (int i = 0; i < t->rel->ncolumns; i++)
		if (is_free(t, s, i))
			columns = bms_add_member(columns, i);
	return columns;
}

/* Adds the columns by which the row can step aside; false when there are none. */
static bool
choose_columns(const RestoreTable *t, const RestoreMove *move, FreeValues *values)
{
	Bitmapset  *usable;
	ListCell   *lc;

	if (move->row.moving == NULL)
		return false;
	usable = free_columns(t, move->statements);
	foreach(lc, freevalue_indexes(t->rel, move->row.moving))
		if (freevalue_choose(values, lfirst(lc), usable))
			return true;
	return false;
}

/* --- rows that trade their values */

/* Rows that trade unique values, all of one table and one set of columns. */
typedef struct Trade
{
	RestoreTable *t;
	List	   *rows;			/* RestoreMove * */
	FreeValues	values;			/* theirs for a moment */
	List	   *stuck;			/* of them, those that cannot be given their values */
} Trade;

/* The number is the row's place in this statement, by which the answer names it. */
static void
put_row(RestoreTable *t, RestoreRow *row, int number)
{
	row->values[t->rel->ncolumns] = Int32GetDatum(number);
	row->nulls[t->rel->ncolumns] = false;
	query_rows_put(t->sql.rows, row->values, row->nulls);
}

/*
 * One UPDATE for all: while some stand aside and others not, two may still be in each
 * other's way.
 */
static void
step_aside(Trade *trade)
{
	RestoreTable *t = trade->t;
	QueryPlan  *plan = query_prepare_over(
		 CurrentMemoryContext, restore_update_sql(t, freevalue_assignments(&trade->values)),
		 t->sql.relations);
	bool	   *updated = palloc0(sizeof(bool) * list_length(trade->rows));
	ListCell   *lc;

	query_rows_clear(t->sql.rows);
	foreach(lc, trade->rows)
		put_row(t, &((RestoreMove *) lfirst(lc))->row, foreach_current_index(lc));
	query_execute_over(plan, t->sql.relations, restore_update_take, updated);
	query_free(plan);
}

/* One row on its way from the value it had for a moment to its own. */
typedef struct Step
{
	RestoreTable *t;
	RestoreMove *move;
} Step;

/* Alone: the others have let their values go, so what refuses it does not move. */
static void
take_value(void *arg)
{
	Step	   *step = arg;
	bool		updated[1] = {false};

	query_rows_clear(step->t->sql.rows);
	put_row(step->t, &step->move->row, 0);
	query_execute_over(step->move->statements->update, step->t->sql.relations, restore_update_take,
					   updated);
	step->move->row.written.returned = updated[0];
}

/* All of them, or nothing has happened. */
static void
trade_values(void *arg)
{
	Trade	   *trade = arg;
	ListCell   *lc;

	step_aside(trade);
	foreach(lc, trade->rows)
	{
		Step		step = {trade->t, lfirst(lc)};
		ErrorData  *error;

		CHECK_FOR_INTERRUPTS();
		error = query_attempt(take_value, &step, true);
		if (error == NULL)
			continue;
		trade->stuck = lappend(trade->stuck, lfirst(lc));
		step.move->row.moving = error->constraint_name;
	}
	if (trade->stuck != NIL)
		ereport(ERROR, (errcode(ERRCODE_STEP_BACK), errmsg("rows could not trade their values")));
}

/* The rows that can step aside, by the columns that let them. */
static void
choose_rows(Trade *trade, List *rows, List **others)
{
	ListCell   *lc;

	foreach(lc, rows)
	{
		RestoreMove *move = lfirst(lc);

		if (move->row.state == ROW_EXISTS && move->statements->update != NULL &&
			choose_columns(trade->t, move, &trade->values))
			trade->rows = lappend(trade->rows, move);
		else
			*others = lappend(*others, move);
	}
}

/* Rows may trade several values: what else is in their way steps aside too. */
static bool
add_columns(Trade *trade)
{
	int			before = bms_num_members(trade->values.columns);
	ListCell   *lc;

	foreach(lc, trade->stuck)
		(void) choose_columns(trade->t, lfirst(lc), &trade->values);
	return bms_num_members(trade->values.columns) > before;
}

/* Tries until those that are left succeed together; the rows that do not come back. */
static List *
trade_until_done(Trade *trade)
{
	List	   *others = NIL;

	while (trade->rows != NIL)
	{
		ErrorData  *error;

		trade->stuck = NIL;
		error = query_attempt(trade_values, trade, true);
		if (error == NULL)
			break;
		if (error->sqlerrcode == ERRCODE_STEP_BACK && add_columns(trade))
			continue;
		if (error->sqlerrcode == ERRCODE_STEP_BACK)
		{
			others = list_concat(others, trade->stuck);
			trade->rows = list_difference_ptr(trade->rows, trade->stuck);
		}
		else if (!trade->values.below)
			trade->values.below = true; /* a check may not like what lies above */
		else
		{
			others = list_concat(others, trade->rows);
			trade->rows = NIL;
		}
	}
	return others;
}

/* Rows that do not come in by themselves; those that are left are returned. */
static List *
trade_rows(RestoreTable *t, List *rows)
{
	Trade		trade = {.t = t, .values = {.rel = t->rel, .rows = ROWS_NAME}};
	List	   *others = NIL;
	ListCell   *lc;

	choose_rows(&trade, rows, &others);
	others = list_concat(others, trade_until_done(&trade));
	foreach(lc, trade.rows)
	{
		RestoreRow *row = &((RestoreMove *) lfirst(lc))->row;

		row->written.untouched = !row->written.returned;
		row->state = row->written.returned ? ROW_UPDATED : ROW_SKIPPED;
		restore_batch_finish_row(t, row);
	}
	return others;
}

/* --- round by round */

/*
 * By the table's ordinary batches, so that rows which are refused again come back to the
 * list of moves.
 */
static void
write_again(RestoreTable *t, List *rows, bool backwards)
{
	int			count = list_length(rows);

	for (int i = 0; i < count; i++)
	{
		RestoreMove *move = list_nth(rows, backwards ? count - 1 - i : i);

		CHECK_FOR_INTERRUPTS();
		restore_batch_put(t, &move->row, move->statements);
	}
	restore_batch_flush(t);
}

/* In the order in which the file has them. */
static int
compare_moves(const ListCell *a, const ListCell *b)
{
	int64		x = ((RestoreMove *) lfirst(a))->row.index;
	int64		y = ((RestoreMove *) lfirst(b))->row.index;

	return x < y ? -1 : x > y;
}

/* Writes the rows again; those refused again take their place.  Whether some were not. */
static bool
write_round(RestoreTable *t, List **rows, MemoryContext *cxt, bool backwards)
{
	MemoryContext before = *cxt;
	int			count = list_length(*rows);

	write_again(t, *rows, backwards);
	*rows = restore_moves_take(t, cxt);
	list_sort(*rows, compare_moves);
	MemoryContextDelete(before);
	return list_length(*rows) < count;
}

/*
 * Each turn must bring at least one row in, by an order or by a trade; when neither does,
 * the rest fails.  So the loop ends after as many turns as there are rows.
 */
void
restore_retry_moves(RestoreTable *t)
{
	MemoryContext cxt;
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	List	   *rows = restore_moves_take(t, &cxt);

	while (rows != NIL)
	{
		int			count;

		if (write_round(t, &rows, &cxt, true) || rows == NIL ||
			write_round(t, &rows, &cxt, false) || rows == NIL)
			continue;
		count = list_length(rows);
		MemoryContextSwitchTo(cxt);
		rows = trade_rows(t, rows);
		MemoryContextSwitchTo(t->cxt);
		if (list_length(rows) < count)
			continue;
		/* What is in their way does not move: they fail as they would have at once. */
		t->moves.closed = true;
		write_again(t, rows, false);
		rows = NIL;
	}
	if (cxt != NULL)
		MemoryContextDelete(cxt);
	MemoryContextSwitchTo(oldcxt);
}
