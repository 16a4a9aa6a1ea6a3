/*
 * restore_cycle.c
 *	  Tables that reference each other, or themselves, in any order of rows.
 *
 * While the tables of a circle are read, a reference to a row that has not come
 * yet is left NULL and set by an UPDATE when the circle is complete.  Where NULL
 * will not do, the row waits instead, with its key already drawn.  In the end
 * the waiting rows go in by dependency: a row after those it refers to, and rows
 * that refer to each other (a strongly connected component) in one statement,
 * since foreign keys are checked at a statement's end.  That takes no privilege
 * and no deferrable constraint.
 *
 * It assumes that the tables of a circle stand together in the file (restore.c refuses
 * others), so it can be closed when the next table begins.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "data/restore/restore_cycle_private.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/* The waiting row that a reference of w leads to, or NULL. */
static WaitingRow *
neighbour(RestoreCycle *cycle, WaitingRow *w, int ref)
{
	IdKey		source;
	int			table;

	/* A place inside a document has no foreign key that would ask for an order. */
	if (!w->t->table->refs[ref].circular || w->t->table->refs[ref].kind == REF_JSON ||
		!restore_refs_source(w->t, &w->row, ref, &source, &table) || table < 0 ||
		w->t->restore->tables[table] == NULL)
		return NULL;
	return restore_waiting_find(cycle, w->t->restore->tables[table], &source);
}

/* The rows of a strongly connected component, taken from the stack. */
static List *
pop_component(List **stack, WaitingRow *root)
{
	List	   *component = NIL;
	WaitingRow *w;

	do
	{
		w = llast(*stack);
		*stack = list_delete_last(*stack);
		w->on_stack = false;
		component = lappend(component, w);
	} while (w != root);
	return component;
}

/*
 * A step of the path from the row where the search began: Tarjan's algorithm without
 * recursion, since a chain of rows may be as long as the file.
 */
typedef struct Visit
{
	WaitingRow *w;
	int			next;			/* reference to follow */
} Visit;

/*
 * Number and low are of Tarjan's algorithm; number 0 says that the row has not been
 * visited.
 */
static void
enter(RestoreCycle *cycle, List **path, List **stack, WaitingRow *w)
{
	Visit	   *visit = palloc(sizeof(Visit));

	visit->w = w;
	visit->next = 0;
	w->number = w->low = ++cycle->visited;
	w->on_stack = true;
	*path = lappend(*path, visit);
	*stack = lappend(*stack, w);
}

/*
 * Tarjan's algorithm without recursion, since a chain may be as long as a table.
 * Components come out with those they depend on first.
 */
static List *
components_from(RestoreCycle *cycle, WaitingRow *start, List **stack)
{
	List	   *components = NIL;
	List	   *path = NIL;

	enter(cycle, &path, stack, start);
	while (path != NIL)
	{
		Visit	   *visit = llast(path);
		WaitingRow *w = visit->w;

		CHECK_FOR_INTERRUPTS();
		if (visit->next < w->t->table->nrefs)
		{
			WaitingRow *other = neighbour(cycle, w, visit->next++);

			if (other != NULL && other->number == 0)
				enter(cycle, &path, stack, other);
			else if (other != NULL && other->on_stack)
				w->low = Min(w->low, other->number);
			continue;
		}
		path = list_delete_last(path);
		if (path != NIL)
		{
			Visit	   *above = llast(path);

			above->w->low = Min(above->w->low, w->low);
		}
		if (w->low == w->number)
			components = lappend(components, pop_component(stack, w));
	}
	return components;
}

/* A table and the columns its rows bring: one INSERT of a statement. */
typedef struct Lane
{
	RestoreTable *t;
	RestoreStatements *statements;
	QueryRows  *rows;
} Lane;

/* The lane of a waiting row; NULL where the group has none for it yet. */
static Lane *
find_lane(List *lanes, const WaitingRow *w)
{
	ListCell   *lc;

	foreach(lc, lanes)
	{
		Lane	   *lane = lfirst(lc);

		if (lane->t == w->t && lane->statements == w->statements)
			return lane;
	}
	return NULL;
}

/*
 * All lanes are CTEs of one statement: foreign keys are checked when it ends, and by then
 * all rows of the group are here, whatever refers to what.
 */
static void
prepare_lanes(RestoreCycle *cycle)
{
	StringInfoData sql;
	List	   *relations = NIL;
	ListCell   *lc;

	initStringInfo(&sql);
	foreach(lc, cycle->lanes)
	{
		Lane	   *lane = lfirst(lc);
		int			number = foreach_current_index(lc);
		char	   *name = psprintf("db_adapter_rows_%d", number);

		lane->rows = restore_statement_rows(lane->t, name);
		relations = lappend(relations, lane->rows);
		appendStringInfo(&sql, "%s w%d AS (", number == 0 ? "WITH" : ",", number);
		restore_statement_insert(&sql, lane->t, lane->statements->given, name);
		appendStringInfoChar(&sql, ')');
	}
	appendStringInfoString(&sql, " SELECT 1");
	if (cycle->plan != NULL)
		query_free(cycle->plan);
	cycle->plan = query_prepare_over(cycle->cxt, sql.data, relations);
}

/* The statement's plan is kept for as long as the groups have rows of the same kinds. */
static void
choose_lanes(RestoreCycle *cycle, List *group)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(cycle->cxt);
	bool		fits = cycle->plan != NULL;
	ListCell   *lc;

	foreach(lc, group)
	{
		WaitingRow *w = lfirst(lc);
		Lane	   *lane;

		if (find_lane(cycle->lanes, w) != NULL)
			continue;
		fits = false;
		lane = palloc0(sizeof(Lane));
		lane->t = w->t;
		lane->statements = w->statements;
		cycle->lanes = lappend(cycle->lanes, lane);
	}
	if (!fits)
		prepare_lanes(cycle);
	MemoryContextSwitchTo(oldcxt);
}

/* A group as the body of query_attempt(). */
typedef struct GroupWrite
{
	RestoreCycle *cycle;
	List	   *rows;
} GroupWrite;

/*
 * Rows are numbered by their place in the group, though they go into several tables: the
 * number is only needed to tell rows of one statement apart.
 */
static void
write_group(void *arg)
{
	GroupWrite *g = arg;
	List	   *relations = NIL;
	ListCell   *lc;

	foreach(lc, g->cycle->lanes)
	{
		Lane	   *lane = lfirst(lc);

		query_rows_clear(lane->rows);
		relations = lappend(relations, lane->rows);
	}
	foreach(lc, g->rows)
	{
		WaitingRow *w = lfirst(lc);

		w->row.values[w->t->rel->ncolumns] = Int32GetDatum(foreach_current_index(lc));
		query_rows_put(find_lane(g->cycle->lanes, w)->rows, w->row.values, w->row.nulls);
	}
	query_execute_over(g->cycle->plan, relations, NULL, NULL);
}

/*
 * Maps references within the group until no row falls out of it any more.  A row that
 * falls out takes with it those that cannot do without it, in the next round.
 */
static List *
map_group(RestoreCycle *cycle, List *group)
{
	List	   *rows = NIL;
	bool		again = true;
	ListCell   *lc;
	int			nestlevel = query_pin(PIN_VALUES);

	while (again)
	{
		again = false;
		foreach(lc, group)
		{
			WaitingRow *w = lfirst(lc);

			if (w->row.state != ROW_NEW)
				continue;
			restore_refs_map(w->t, &w->row, true);
			again |= w->row.state != ROW_NEW;
		}
	}
	query_unpin(nestlevel);
	foreach(lc, group)
		if (((WaitingRow *) lfirst(lc))->row.state == ROW_NEW)
			rows = lappend(rows, lfirst(lc));
	return rows;
}

/* In a subtransaction; NULL: all of the group is written. */
static ErrorData *
try_group(RestoreCycle *cycle, List *rows)
{
	GroupWrite	g = {cycle, rows};

	choose_lanes(cycle, rows);
	return query_attempt(write_group, &g, true);
}

/*
 * Other keys for the rows of the table whose keys are taken; false when it was not that.
 * All rows of the group whose key the constraint is about, since the error names none of
 * them.
 */
static bool
redraw_keys(List *rows, const ErrorData *error)
{
	bool		redrawn = false;
	ListCell   *lc;

	if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION)
		return false;
	foreach(lc, rows)
	{
		WaitingRow *w = lfirst(lc);

		redrawn |= restore_key_redraw(w->t, &w->row, error->constraint_name);
	}
	return redrawn;
}

/* Rows that refer to each other stand or fall together. */
static void
write_component(RestoreCycle *cycle, List *component)
{
	List	   *rows;
	ErrorData  *error = NULL;
	ListCell   *lc;

	cycle->group++;
	foreach(lc, component)
		((WaitingRow *) lfirst(lc))->group = cycle->group;
	rows = map_group(cycle, component);
	if (rows != NIL)
		error = try_group(cycle, rows);
	/* Mapped again each time: rows of the group refer to keys that have been drawn anew. */
	while (error != NULL && redraw_keys(rows, error))
	{
		CHECK_FOR_INTERRUPTS();
		rows = map_group(cycle, rows);
		error = try_group(cycle, rows);
	}
	foreach(lc, rows)
	{
		WaitingRow *w = lfirst(lc);

		if (error != NULL)
			restore_report_failure(w->t, &w->row, error);
		else
			w->row.state = ROW_INSERTED;
	}
	foreach(lc, component)
	{
		WaitingRow *w = lfirst(lc);

		restore_batch_finish_row(w->t, &w->row);
	}
}

/*
 * One after the other they may go in as usual; in the same batch only in order.  The
 * table before is written first: this row may refer to one that waits in its batch.
 */
static void
write_singly(WaitingRow *w, RestoreTable **last)
{
	if (*last != NULL && *last != w->t)
		restore_batch_flush(*last);
	restore_batch_put(w->t, &w->row, w->statements);
	*last = w->t;
}

/*
 * Components come out of the search in the order in which they can be written: one after
 * those it refers to.  Rows that stand alone are gathered in their table's batch, as if
 * they had just been read.
 */
static void
write_waiting(RestoreCycle *cycle)
{
	RestoreTable *last = NULL;
	List	   *stack = NIL;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, cycle->waiting)
	{
		List	   *components;

		if (((WaitingRow *) lfirst(lc))->number > 0)
			continue;
		components = components_from(cycle, lfirst(lc), &stack);
		foreach(lc2, components)
		{
			List	   *component = lfirst(lc2);

			if (list_length(component) == 1)
			{
				write_singly(linitial(component), &last);
				continue;
			}
			if (last != NULL)
				restore_batch_flush(last);
			last = NULL;
			write_component(cycle, component);
		}
	}
	if (last != NULL)
		restore_batch_flush(last);
}

/*
 * Everything of the circle has been read.  Waiting rows go first, since references that are
 * set later may lead to them.  While closing, a target that is not found is known not to
 * come.
 */
void
restore_cycle_close(Restore *restore)
{
	RestoreCycle *cycle = restore->cycle;
	MemoryContext oldcxt;

	if (cycle == NULL)
		return;
	oldcxt = MemoryContextSwitchTo(cycle->cxt);
	restore->closing = true;
	write_waiting(cycle);
	restore_later_write(cycle);
	restore->closing = false;
	/* The next circle of the file begins anew. */
	restore->cycle = NULL;
	MemoryContextSwitchTo(oldcxt);
	MemoryContextDelete(cycle->cxt);
}
