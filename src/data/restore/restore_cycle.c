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
 * others), so it can be closed when the next table begins.  Memory is that of the rows
 * that wait and of the references that are set later; a file without circles has none
 * of it.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "common/hashfn.h"
#include "data/restore/restore_private.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/memutils.h"

/*
 * A row that cannot be written until others are; its fields and values are copies in the
 * circle's memory, as its batch ends before.
 */
typedef struct WaitingRow
{
	RestoreTable *t;
	RestoreStatements *statements;
	RestoreRow	row;
	int			group;			/* being written together; 0 before */
	/* Tarjan */
	int			number;
	int			low;
	bool		on_stack;
} WaitingRow;

/* A reference to be set on a row that is here. */
typedef struct LaterRef
{
	RestoreTable *t;
	int			ref;
	int64		row_index;
	int64		line;
	bool		existed;		/* it was here before: NULL must be set as well */
	IdKey		row_source;
	RestorePlace place;
	bool		has_source;		/* else the reference is NULL in the file */
	IdKey		source;
	int			target_table;	/* -1: none is known */
	bool		resolved;
	IdKey		target;
} LaterRef;

typedef struct WaitingEntry
{
	WaitingRow *waiting;
	uint32		hash;
	char		status;
} WaitingEntry;

/* Found by the key that it has in the file, which is what others call it. */
static inline uint32
waiting_hash(const WaitingRow *w)
{
	return hash_combine(idkey_hash(&w->row.key.source), w->t->table->index);
}

static inline bool
waiting_equal(const WaitingRow *a, const WaitingRow *b)
{
	return a->t == b->t && idkey_equal(&a->row.key.source, &b->row.key.source);
}

#define SH_PREFIX waiting_rows
#define SH_ELEMENT_TYPE WaitingEntry
#define SH_KEY_TYPE WaitingRow *
#define SH_KEY waiting
#define SH_HASH_KEY(tb, key) waiting_hash(key)
#define SH_EQUAL(tb, a, b) waiting_equal(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct RestoreCycle
{
	MemoryContext cxt;
	waiting_rows_hash *index;
	List	   *waiting;		/* WaitingRow * */
	List	   *later;			/* LaterRef * */
	int			group;			/* the one being written */
	int			visited;
	List	   *lanes;			/* of the plan below */
	QueryPlan  *plan;
};

/* Made with the first row that needs it, so that files without circles pay nothing. */
static RestoreCycle *
get_cycle(Restore *restore)
{
	if (restore->cycle == NULL)
	{
		MemoryContext cxt =
			AllocSetContextCreate(restore->cxt, "db_adapter restore cycle", ALLOCSET_DEFAULT_SIZES);

		restore->cycle = MemoryContextAllocZero(cxt, sizeof(RestoreCycle));
		restore->cycle->cxt = cxt;
		restore->cycle->index = waiting_rows_create(cxt, 64, NULL);
	}
	return restore->cycle;
}

/* Fields point into the chunk that was read, or into the batch's memory: both go. */
static void
copy_field(const RestoreTable *t, const RestoreRow *row, int column, RowField *fields)
{
	int			at = column < 0 ? -1 : t->columns.fields[column];

	if (at < 0 || fields[at].kind != FIELD_ABSENT)
		return;
	fields[at] = row->fields[at];
	if (fields[at].kind > FIELD_NULL)
		fields[at].data = pnstrdup(fields[at].data, fields[at].len);
}

/* Only what references are read from, and the key. */
static RowField *
copy_fields(const RestoreTable *t, const RestoreRow *row)
{
	RowField   *fields = palloc0(sizeof(RowField) * Max(t->columns.shape.count, 1));

	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = -1; t->table->refs[i].circular && j < t->table->refs[i].nfields; j++)
			copy_field(t, row, j < 0 ? t->refs[i].type_column : t->refs[i].columns[j], fields);
	for (int i = 0; i < t->table->nkeys; i++)
		for (int j = 0; j < t->table->keys[i].count; j++)
			copy_field(t, row, t->table->keys[i].columns[j] - t->rel->columns, fields);
	return fields;
}

/*
 * The row has its key, drawn or kept, so that others that wait can be mapped to it already;
 * only its references are missing.  The statements are remembered with it, since the
 * table's current ones will be others by then.
 */
void
restore_cycle_wait(RestoreTable *t, RestoreRow *row)
{
	RestoreCycle *cycle = get_cycle(t->restore);
	MemoryContext oldcxt = MemoryContextSwitchTo(cycle->cxt);
	WaitingRow *w = palloc0(sizeof(WaitingRow));
	bool		found;

	w->t = t;
	w->statements = t->sql.current;
	w->row = *row;
	w->row.state = ROW_NEW;
	/* Mapped anew when it is written: what was missing then may have come. */
	w->row.refs.later = 0;
	w->row.fields = copy_fields(t, row);
	w->row.key.source = idkey_copy(&row->key.source);
	w->row.key.target = idkey_copy(&row->key.target);
	w->row.values = palloc(sizeof(Datum) * (t->rel->ncolumns + 1));
	w->row.nulls = palloc(sizeof(bool) * (t->rel->ncolumns + 1));
	memcpy(w->row.nulls, row->nulls, sizeof(bool) * (t->rel->ncolumns + 1));
	for (int i = 0; i < t->rel->ncolumns; i++)
		if (!row->nulls[i])
			w->row.values[i] = valuereader_copy(t->columns.readers[i], row->values[i]);
	cycle->waiting = lappend(cycle->waiting, w);
	/* One that nobody can refer to is only in the list. */
	if (row->key.has_source)
		waiting_rows_insert(cycle->index, w, &found);
	MemoryContextSwitchTo(oldcxt);
}

/*
 * One entry for each reference that was left NULL. The row is remembered by what names it
 * here, and the target by its key in the file, which may not have a row here yet.
 */
void
restore_cycle_remember(RestoreTable *t, RestoreRow *row)
{
	RestoreCycle *cycle = get_cycle(t->restore);
	MemoryContext oldcxt = MemoryContextSwitchTo(cycle->cxt);

	for (int i = 0; i < t->table->nrefs; i++)
	{
		LaterRef   *later;

		if ((row->refs.later & (UINT64CONST(1) << i)) == 0)
			continue;
		later = palloc0(sizeof(LaterRef));
		later->t = t;
		later->ref = i;
		later->row_index = row->index;
		later->line = row->line;
		later->existed = row->match.found;
		later->row_source = idkey_copy(&row->key.source);
		later->place = restore_update_place(t, row);
		later->has_source = restore_refs_source(t, row, i, &later->source, &later->target_table);
		if (later->has_source)
			later->source = idkey_copy(&later->source);
		cycle->later = lappend(cycle->later, later);
	}
	MemoryContextSwitchTo(oldcxt);
}

/*
 * The row that waits under this key of the file; NULL: it does not wait, and so has been
 * settled or will not come.
 */
static WaitingRow *
find_waiting(const RestoreCycle *cycle, RestoreTable *t, const IdKey *source)
{
	WaitingRow	probe = {t};
	WaitingEntry *entry;

	probe.row.key.source = *source;
	entry = waiting_rows_lookup(cycle->index, &probe);
	return entry == NULL ? NULL : entry->waiting;
}

/* Rows written by the same statement may refer to each other. */
bool
restore_cycle_find(const Restore *restore, int table, const IdKey *source, IdKey *target)
{
	WaitingRow *w;

	if (restore->cycle == NULL || restore->cycle->group == 0 || restore->tables[table] == NULL)
		return false;
	w = find_waiting(restore->cycle, restore->tables[table], source);
	if (w == NULL || w->group != restore->cycle->group || w->row.state != ROW_NEW)
		return false;
	*target = w->row.key.target;
	return true;
}

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
	return find_waiting(cycle, w->t->restore->tables[table], &source);
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

		lane->rows = restore_table_rows(lane->t, name);
		relations = lappend(relations, lane->rows);
		appendStringInfo(&sql, "%s w%d AS (", number == 0 ? "WITH" : ",", number);
		restore_table_insert(&sql, lane->t, lane->statements->given, name);
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

/* The references of one kind, a batch at a time. */
typedef struct LaterBatch
{
	RestoreTable *t;
	int			ref;
	List	   *later;
	bool		updated[BATCH_ROWS];
} LaterBatch;

/*
 * Rows for the UPDATE hold what names them and the new value, nothing else; where the
 * target was not found the value stays NULL, which is what the row has, or gets where it
 * was here before.
 */
static void
set_later(void *arg)
{
	LaterBatch *batch = arg;
	int			columns = batch->t->rel->ncolumns;
	ListCell   *lc;

	memset(batch->updated, false, sizeof(batch->updated));
	query_rows_clear(batch->t->sql.rows);
	foreach(lc, batch->later)
	{
		LaterRef   *later = lfirst(lc);
		RestoreRow	row = {0};

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
	query_execute_over(restore_update_later(batch->t, batch->ref), batch->t->sql.relations,
					   restore_update_take, batch->updated);
}

/* What a trigger or a policy has left as it was. */
static void
count_untouched(LaterBatch *batch)
{
	ListCell   *lc;

	foreach(lc, batch->later)
		if (!batch->updated[foreach_current_index(lc)])
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
	if (later->resolved)
		return true;
	if (later->has_source)
		t->counts.nulled++;
	return later->existed && !(later->has_source && t->table->refs[later->ref].required);
}

/* They are sorted by table and reference, so that each batch is of one statement. */
static void
write_all_later(RestoreCycle *cycle)
{
	LaterBatch	batch = {NULL};
	ListCell   *lc;

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
	list_sort(cycle->later, compare_later);
	write_all_later(cycle);
	restore->closing = false;
	/* The next circle of the file begins anew. */
	restore->cycle = NULL;
	MemoryContextSwitchTo(oldcxt);
	MemoryContextDelete(cycle->cxt);
}
