/*
 * apply_results.h
 *	  What came of each step of a plan.
 */
#ifndef DB_ADAPTER_APPLY_RESULTS_H
#define DB_ADAPTER_APPLY_RESULTS_H

#include "base/json.h"
#include "schema/plan/plan_document.h"

typedef struct StepResult
{
	const PlannedStep *step;
	double		ms;
	int64		wal_bytes;
	ErrorData  *error;			/* NULL: it was done */
	int			cause;			/* the step that failed, for want of which this one did; or 0 */
} StepResult;

/*
 * Notes a step that failed, after those that came before it.  An error that a failed step
 * has brought about is no failure of its own.
 */
extern List *results_add_error(List *results, const PlannedStep *step, ErrorData *error);
/* Whether one of them failed. */
extern bool results_have_error(List *results);
/* [{"step", "status", "ms", "wal_bytes", "error"}] */
extern void results_write(JsonWriter *w, List *results);
/* The numbers of those that failed by themselves. */
extern void results_write_failed(JsonWriter *w, List *results);

#endif							/* DB_ADAPTER_APPLY_RESULTS_H */
