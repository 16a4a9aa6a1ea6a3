/*
 * apply.h
 *	  A plan executed: rows saved, steps run, the result validated.
 */
#ifndef DB_ADAPTER_APPLY_H
#define DB_ADAPTER_APPLY_H

#include "schema/model/schema.h"
#include "utils/jsonb.h"

typedef struct ApplyOptions
{
	bool		confirm;
	bool		survey;			/* a dry run that goes on after a step that fails */
	bool		backup;
	int			lock_timeout_ms;
} ApplyOptions;

/*
 * The verb apply.  Raises 55000 when the live schema is not the one the plan was
 * made for, 22023 when its steps do not reach what it promises; whatever it
 * raises, nothing is left of it.  A survey raises no error of a step: it is in the result.
 */
extern Jsonb *apply_plan(Jsonb *plan, const ApplyOptions *options);

/* A trial holds others up no longer than this. */
#define TRIAL_LOCK_TIMEOUT_MS 1000

/* The settings that steps run under, in the caller's subtransaction. */
extern void apply_set_timeouts(int lock_timeout_ms);
/* The live schema with what this transaction has just done to it. */
extern Schema *apply_read_schema(List *schemas, const Schema *wanted);

/* Executes a plan and rolls it back: NULL when it reaches what it promises, else why not. */
extern char *apply_try_plan(Jsonb *plan);

#endif							/* DB_ADAPTER_APPLY_H */
