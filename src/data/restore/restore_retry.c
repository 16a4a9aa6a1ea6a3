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
#include "catalog/pg_type.h"
#include "data/restore/restore_private.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Stops the attempt in which some rows could not be given their values. */
#define ERRCODE_STEP_BACK MAKE_SQLSTATE('D', 'B', '0', '0', '1')

/* --- where a row can step to */

/* A value for column x that no row has; b is the row.  NULL: for this type we know none. */
static char *
free_value(const RestoreTable *t, int column, bool below)
{
	const RelationColumn *c = &t->rel->columns[column];
	Oid			type = valuereader_type(t->columns.readers[column]);
	int32		typmod = valuereader_typmod(t->columns.readers[column]);
	char	   *cast =
		format_type_extended(type, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);
	char *farthest = psprintf("(SELECT pg_catalog.%s(q.v) FROM (SELECT y.%s FROM %s AS y UNION ALL "
							  "SELECT r.c%d FROM " ROWS_NAME " AS r) AS q (v))",
							  below ? "min" : "max", c->quoted, t->rel->qualified, column + 1);
	char	   *step =
		psprintf("OPERATOR(pg_catalog.%s) (b.n OPERATOR(pg_catalog.+) 1)", below ? "-" : "+");

	if (!c->not_null)
		return "NULL";
	switch (type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return psprintf("CAST(CAST(%s AS pg_catalog.int8) %s AS %s)", farthest, step, cast);
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
			return psprintf("CAST(CAST(%s AS pg_catalog.numeric) %s AS %s)", farthest, step, cast);
		case DATEOID:
			return psprintf("(%s %s)", farthest, step);
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return psprintf("(%s OPERATOR(pg_catalog.%s) pg_catalog.make_interval(days => b.n "
							"OPERATOR(pg_catalog.+) 1))",
							farthest, below ? "-" : "+");
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return psprintf(
				"CAST(pg_catalog.left(CAST(pg_catalog.gen_random_uuid() AS pg_catalog.text), %d) "
				"AS %s)",
				typmod < 0 ? 36 : typmod - (int) VARHDRSZ, cast);
		case UUIDOID:
			return "pg_catalog.gen_random_uuid()";
		default:
			return type_is_range(type) ? psprintf("CAST('empty' AS %s)", cast) : NULL;
	}
}

/* Whether the column is the row's own affair: no key, no reference, no tenant. */
static bool
is_free(const RestoreTable *t, const RestoreStatements *s, int column)
{
	bool		result =
		bms_is_member(column, s->given) && &t->rel->columns[column] != t->table->user_column;

	for (int i = 0; i < t->key.count; i++)
		result &= t->key.columns[i] != column;
	for (int i = 0; i < t->match.count; i++)
		result &= t->match.columns[i] != column;
	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			result &= t->refs[i].columns[j] != column;
	return result;
}

typedef struct ColumnNumbers
{
	MemoryContext cxt;
	List	   *numbers;
} ColumnNumbers;

static bool
take_number(TupleTableSlot *slot, void *arg)
{
	ColumnNumbers *list = arg;
	bool		isnull;
	int			number = DatumGetInt16(slot_getattr(slot, 1, &isnull));
	MemoryContext oldcxt = MemoryContextSwitchTo(list->cxt);

	list->numbers = lappend_int(list->numbers, number);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* The columns of the unique index or exclusion constraint of that name, by their numbers. */
static List *
columns_of(const RestoreTable *t, const char *constraint)
{
	static const char *const sql =
		"SELECT k FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid,"
		" LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY AS u (k, o)"
		" WHERE i.indrelid = $1 AND c.relname = $2::text AND o <= i.indnkeyatts AND k > 0 ORDER BY "
		"o "
		"DESC";
	Oid			types[] = {OIDOID, TEXTOID};
	Datum		values[] = {ObjectIdGetDatum(t->rel->oid), CStringGetTextDatum(constraint)};
	ColumnNumbers list = {CurrentMemoryContext, NIL};
	int			nestlevel = query_pin(PIN_PATH);

	query_run(sql, 2, types, values, NULL, true, take_number, &list);
	query_unpin(nestlevel);
	return list.numbers;
}

/* A column of the constraint by which rows can step aside; -1 without one. */
static int
choose_column(const RestoreTable *t, const RestoreMove *move)
{
	ListCell   *lc;

	if (move->row.moving == NULL)
		return -1;
	foreach(lc, columns_of(t, move->row.moving))
	{
		int			column =
			relation_column_by_number(t->rel, (AttrNumber) lfirst_int(lc)) - t->rel->columns;

		if (is_free(t, move->statements, column) && free_value(t, column, false) != NULL)
			return column;
	}
	return -1;
}

/* --- rows that trade their values */

typedef struct Trade
{
	RestoreTable *t;
	List	   *rows;			/* RestoreMove * */
	Bitmapset  *columns;
	bool		below;
	List	   *stuck;			/* of them, those that cannot be given their values */
} Trade;

static char *
trade_sql(const Trade *trade)
{
	RestoreTable *t = trade->t;
	StringInfoData set;
	int			i = -1;

	initStringInfo(&set);
	while ((i = bms_next_member(trade->columns, i)) >= 0)
		appendStringInfo(&set, "%s%s = %s", set.len > 0 ? ", " : "", t->rel->columns[i].quoted,
						 free_value(t, i, trade->below));
	return restore_update_sql(t, set.data);
}

static void
put_row(RestoreTable *t, RestoreRow *row, int number)
{
	row->values[t->rel->ncolumns] = Int32GetDatum(number);
	row->nulls[t->rel->ncolumns] = false;
	query_rows_put(t->sql.rows, row->values, row->nulls);
}

static void
step_aside(Trade *trade)
{
	RestoreTable *t = trade->t;
	QueryPlan  *plan = query_prepare_over(CurrentMemoryContext, trade_sql(trade), t->sql.relations);
	bool	   *updated = palloc0(sizeof(bool) * list_length(trade->rows));
	ListCell   *lc;

	query_rows_clear(t->sql.rows);
	foreach(lc, trade->rows)
		put_row(t, &((RestoreMove *) lfirst(lc))->row, foreach_current_index(lc));
	query_execute_over(plan, t->sql.relations, restore_update_take, updated);
	query_free(plan);
}

typedef struct Step
{
	RestoreTable *t;
	RestoreMove *move;
} Step;

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
		int			column = move->row.state == ROW_EXISTS && move->statements->update != NULL
						 ? choose_column(trade->t, move)
						 : -1;

		if (column < 0)
		{
			*others = lappend(*others, move);
			continue;
		}
		trade->columns = bms_add_member(trade->columns, column);
		trade->rows = lappend(trade->rows, move);
	}
}

/* Rows may trade several values: what else is in their way steps aside too. */
static bool
add_columns(Trade *trade)
{
	Bitmapset  *columns = bms_copy(trade->columns);
	ListCell   *lc;

	foreach(lc, trade->stuck)
	{
		int			column = choose_column(trade->t, lfirst(lc));

		if (column >= 0)
			columns = bms_add_member(columns, column);
	}
	if (bms_equal(columns, trade->columns))
		return false;
	trade->columns = columns;
	return true;
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
		else if (!trade->below)
			trade->below = true;	/* a check may not like what lies above */
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
	Trade		trade = {t};
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
