/*
 * apply.h
 *	  A plan executed: rows saved, steps run, the result validated.
 */
#ifndef DB_ADAPTER_APPLY_H
#define DB_ADAPTER_APPLY_H

#include "utils/jsonb.h"

typedef struct ApplyOptions
{
	bool		confirm;
	bool		backup;
	int			lock_timeout_ms;
} ApplyOptions;

/*
 * The verb apply.  Raises 55000 when the live schema is not the one the plan was
 * made for, 22023 when its steps do not reach what it promises; whatever it
 * raises, nothing is left of it.
 */
extern Jsonb *apply_plan(Jsonb *plan, const ApplyOptions *options);

/* Executes a plan and rolls it back: NULL when it reaches what it promises, else why not. */
extern char *apply_try_plan(Jsonb *plan);

#endif							/* DB_ADAPTER_APPLY_H */
