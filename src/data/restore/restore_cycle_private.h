/*
 * restore_cycle_private.h
 *	  Rows and references that wait until a circle of tables is complete.
 */
#ifndef DB_ADAPTER_RESTORE_CYCLE_PRIVATE_H
#define DB_ADAPTER_RESTORE_CYCLE_PRIVATE_H

#include "data/restore/restore_private.h"

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
	bool	   *unchanged;		/* of the row, as counted so far; NULL where it was written */
	IdKey		row_source;
	RestorePlace place;
	bool		has_source;		/* else the reference is NULL in the file */
	IdKey		source;
	int			target_table;	/* -1: none is known */
	bool		resolved;
	bool		fresh;			/* the target is to be made */
	IdKey		target;
} LaterRef;

struct RestoreCycle
{
	MemoryContext cxt;
	struct waiting_rows_hash *index;
	List	   *waiting;		/* WaitingRow * */
	List	   *later;			/* LaterRef * */
	int			group;			/* the one being written */
	int			visited;
	List	   *lanes;			/* of the plan below */
	QueryPlan  *plan;
};

/* restore_waiting.c */
/*
 * The row that waits under this key of the file; NULL: it does not wait, and so has been
 * settled or will not come.
 */
extern WaitingRow *restore_waiting_find(const RestoreCycle *cycle, RestoreTable *t,
										const IdKey *source);

/* restore_later.c */
/* Sets the references that were left NULL. */
extern void restore_later_write(RestoreCycle *cycle);

#endif							/* DB_ADAPTER_RESTORE_CYCLE_PRIVATE_H */
