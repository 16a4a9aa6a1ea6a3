/*
 * preflight.h
 *	  What in the live rows will make steps of a plan fail, before anything is locked.
 */
#ifndef DB_ADAPTER_PREFLIGHT_H
#define DB_ADAPTER_PREFLIGHT_H

#include "schema/preflight/preflight_blockers.h"

/* More samples of a problem than these nobody gets. */
#define PREFLIGHT_SAMPLES 1000

/*
 * Reads the rows that the plan's steps concern: nothing is changed, and no lock taken above
 * ACCESS SHARE.  Blocker *, in the order of the steps.
 */
extern List *preflight_run(const PlanDocument *plan, int samples);

/* Raises 55000 where the plan was made for another schema than the live one. */
extern void preflight_check_plan(const PlanDocument *plan);

#endif							/* DB_ADAPTER_PREFLIGHT_H */
