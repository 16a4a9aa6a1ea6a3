/*
 * expected_swap.h
 *	  Running DDL where the live schemas seem to be empty, and rolling it back.
 *
 * In a subtransaction the live schemas get other names and new ones take
 * theirs.  Other sessions see nothing of it and wait for nothing, save those that
 * would rename or drop one of these schemas.
 */
#ifndef DB_ADAPTER_EXPECTED_SWAP_H
#define DB_ADAPTER_EXPECTED_SWAP_H

#include "nodes/pg_list.h"
#include "schema/expected/expected_guard.h"

typedef struct SwapRequest
{
	List	   *schemas;		/* char *: present and empty when the body begins */
	List	   *created;		/* char *: absent when the body begins; it creates them */
	const char *search_path;	/* as in SET search_path */
	bool		allow_do;		/* DO blocks, CALL and volatile functions may run */
} SwapRequest;

typedef struct Swap Swap;

/*
 * Runs in the subtransaction, in a memory context that is deleted after it; what
 * is to last goes into swap_result_context().
 */
typedef void (*SwapBody)(Swap *swap, void *arg);

/*
 * Raises 42501 unless the current user has the privileges of the owner of every
 * schema swapped, and CREATE on the database; 25006 in a read-only transaction.
 * An error of the body is raised after everything has been rolled back.
 */
extern void swap_run(const SwapRequest *request, SwapBody body, void *arg);

/* The checks it begins with. */
extern void swap_check(const SwapRequest *request);

/* Whether those of privileges would pass, for who serves an earlier result. */
extern bool swap_may(List *schemas);

/* The schemas swapped or made by the body that exist now (char *), sorted. */
extern List *swap_schemas(Swap *swap);

extern MemoryContext swap_result_context(Swap *swap);
extern Guard *swap_guard(Swap *swap);
extern bool swap_allows_do(Swap *swap);

/*
 * Called by the body when it has made all, before it reads what came of it: under
 * the caller's own settings (search_path, what the text SET) and a snapshot that
 * sees it.
 */
extern void swap_begin_reading(Swap *swap);

/* Called around CREATE SCHEMA and DROP SCHEMA: extension members live in their schema. */
extern void swap_place_members(Swap *swap);
extern void swap_withdraw_members(Swap *swap, const char *schema);

/* How much of the work is done, for the message when locks run out. */
extern void swap_progress(Swap *swap, int64 done, int64 total);

#endif							/* DB_ADAPTER_EXPECTED_SWAP_H */
