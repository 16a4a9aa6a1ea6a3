/*
 * apply_locks.h
 *	  The locks of a plan's steps, taken before the first.
 */
#ifndef DB_ADAPTER_APPLY_LOCKS_H
#define DB_ADAPTER_APPLY_LOCKS_H

#include "nodes/pg_list.h"

/*
 * Locks what the commands (Node *) will lock, relations of the current user's, in one
 * order; *wanting is the place in the list of the command that the next lock is for.
 */
extern void locks_take(List *commands, int *wanting);

#endif							/* DB_ADAPTER_APPLY_LOCKS_H */
