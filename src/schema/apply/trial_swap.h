/*
 * trial_swap.h
 *	  A plan tried on empty copies of the tables it concerns.
 */
#ifndef DB_ADAPTER_TRIAL_SWAP_H
#define DB_ADAPTER_TRIAL_SWAP_H

#include "schema/plan/plan.h"

typedef enum TrialOutcome
{
	TRIAL_PASSED,
	TRIAL_FAILED,				/* the plan does not reach the expected schema */
	TRIAL_IMPOSSIBLE			/* the copies could not be made: nothing is known */
} TrialOutcome;

typedef struct TrialGoal
{
	const Schema *wanted;		/* what the caller expects */
	const Schema *expected;		/* the same, with what is left alone as it is live */
	bool		is_flat;
	List	   *ignore;			/* the argument: char * */
} TrialGoal;

/*
 * Runs the plan in swapped-in schemas and rolls it back; no lock on a live table
 * is taken.  Adds the hazard table_rewrite to the steps that were seen to rewrite
 * a table.  renames: the plan begins with some, and actual is the schema before
 * them.  *reason says what went wrong, where something did.
 */
extern TrialOutcome trial_run(SchemaPlan *plan, const TrialGoal *goal, const Schema *actual,
							  bool renames, char **reason);

#endif							/* DB_ADAPTER_TRIAL_SWAP_H */
