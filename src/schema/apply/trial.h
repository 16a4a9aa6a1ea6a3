/*
 * trial.h
 *	  A plan made from the live schema, and tried before it is offered.
 */
#ifndef DB_ADAPTER_TRIAL_H
#define DB_ADAPTER_TRIAL_H

#include "schema/plan/plan_document.h"
#include "utils/jsonb.h"

typedef struct PlanRequest
{
	Jsonb	   *expected;
	Jsonb	   *definitions;	/* NULL: none */
	Jsonb	   *renames;
	List	   *schemas;
	List	   *exclude;
	List	   *ignore;
	int			recreate_threshold;
	bool		allow_drop;
	bool		verify;
	bool		online;
	bool		preflight;		/* rows are asked what steps will ask of them */
} PlanRequest;

/* The verb plan: reads the live schema, plans, tries the plan in a swap. */
extern Jsonb *trial_make_plan(const PlanRequest *request);

#endif							/* DB_ADAPTER_TRIAL_H */
