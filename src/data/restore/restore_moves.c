/*
 * restore_moves.c
 *	  Rows that want a unique value which another row has for now.
 *
 * While a restore overwrites, values may move from row to row: places in a list, the
 * number of whoever came first.  A row that a unique index or an exclusion constraint
 * refuses is kept here until its table's rows have been read (restore_retry.c).
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/restore/restore_private.h"
#include "utils/memutils.h"

/* Rows of a table that are kept; more than that fail at once. */
#define MAX_MOVES 20000

/*
 * Only where rows may let values go, that is where they are overwritten and found by a key;
 * at most MAX_MOVES, since each is kept in memory.
 */
bool
restore_moves_may(const RestoreTable *t, const ErrorData *error)
{
	return restore_overwrites(t->restore) && !t->restore->closing && !t->moves.closed &&
		   t->match.count > 0 && list_length(t->moves.rows) < MAX_MOVES &&
		   (error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION ||
			error->sqlerrcode == ERRCODE_EXCLUSION_VIOLATION);
}

/* The constraint's name is kept for the failure that it may become yet. */
void
restore_moves_refused(RestoreTable *t, RestoreRow *row, const ErrorData *error)
{
	row->state = row->state == ROW_NEW ? ROW_NEW_MOVING : ROW_MOVING;
	row->moving =
		error->constraint_name == NULL ? NULL : MemoryContextStrdup(t->cxt, error->constraint_name);
}

/* The fields of a row point into the chunk that it came in. */
static RowField *
copy_fields(const RestoreTable *t, const RowField *fields)
{
	int			count = t->columns.shape.count;
	RowField   *copy = palloc(sizeof(RowField) * Max(count, 1));

	for (int i = 0; i < count; i++)
	{
		copy[i] = fields[i];
		if (copy[i].kind > FIELD_NULL)
			copy[i].data = pnstrdup(copy[i].data, copy[i].len);
	}
	return copy;
}

/* The batch goes: a copy of the row stays, as it was before it was refused. */
void
restore_moves_keep(RestoreTable *t, const RestoreRow *row)
{
	MemoryContext oldcxt;
	RestoreMove *move;
	RestoreRow *copy;
	int			ncolumns = t->rel->ncolumns;

	if (t->moves.cxt == NULL)
		t->moves.cxt =
			AllocSetContextCreate(t->cxt, "db_adapter restore moves", ALLOCSET_DEFAULT_SIZES);
	oldcxt = MemoryContextSwitchTo(t->moves.cxt);
	move = palloc(sizeof(RestoreMove));
	move->statements = t->sql.current;
	copy = &move->row;
	*copy = *row;
	copy->state = row->state == ROW_NEW_MOVING ? ROW_NEW : ROW_EXISTS;
	copy->match.searched = true;
	copy->match.held = false;
	copy->fields = copy_fields(t, row->fields);
	copy->key.source = idkey_copy(&row->key.source);
	copy->key.target = idkey_copy(&row->key.target);
	copy->key.here = idkey_copy(&row->key.here);
	copy->narrowed = bms_copy(row->narrowed);
	restore_home_copy(&copy->home);
	copy->values = palloc0(sizeof(Datum) * (ncolumns + 1));
	copy->nulls = palloc(sizeof(bool) * (ncolumns + 1));
	memcpy(copy->nulls, row->nulls, sizeof(bool) * (ncolumns + 1));
	for (int i = 0; i < ncolumns; i++)
		if (!row->nulls[i])
			copy->values[i] = valuereader_copy(t->columns.readers[i], row->values[i]);
	t->moves.rows = lappend(t->moves.rows, move);
	MemoryContextSwitchTo(oldcxt);
}

/* The rows kept so far, in their order, and what holds them; then there are none. */
List *
restore_moves_take(RestoreTable *t, MemoryContext *cxt)
{
	List	   *rows = t->moves.rows;

	*cxt = t->moves.cxt;
	t->moves.rows = NIL;
	t->moves.cxt = NULL;
	return rows;
}
