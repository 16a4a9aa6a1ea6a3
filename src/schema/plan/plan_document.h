/*
 * plan_document.h
 *	  A plan as jsonb, and back as far as apply needs it.
 */
#ifndef DB_ADAPTER_PLAN_DOCUMENT_H
#define DB_ADAPTER_PLAN_DOCUMENT_H

#include "schema/plan/plan.h"
#include "schema/catalog/validation.h"

/* What the plan says beside its steps. */
typedef struct PlanHeader
{
	Expectation *expectation;
	Jsonb	   *expected;		/* as the caller gave it: apply validates against it */
	List	   *ignore;			/* char * */
	char	   *fingerprint;
	bool		verified;
	char	   *verify_error;	/* why the trial failed; NULL when it did not, or was not made */
} PlanHeader;

extern Jsonb *plan_write(const SchemaPlan *plan, const PlanHeader *header);

/* A step as apply knows it. */
typedef struct PlannedStep
{
	int			number;
	char	   *action;
	char	   *object;
	char	   *sql;
	char	   *reason;
	List	   *hazards;
	char	   *table;			/* whose rows a step with data_loss would lose; or NULL */
	bool		online;			/* makes transactions of its own: no step of apply */
	Jsonb	   *blockers;		/* what in the rows is in its way; NULL where nobody looked */
} PlannedStep;

typedef struct PlanDocument
{
	PlanHeader	header;
	List	   *steps;			/* PlannedStep * */
	List	   *remaining;		/* char *: "object_type object attribute" of what it leaves */
} PlanDocument;

/* Raises 22023 or 22P02 for what is no plan, 0A000 for one of a newer version. */
extern PlanDocument *plan_read(Jsonb *plan);

#endif							/* DB_ADAPTER_PLAN_DOCUMENT_H */
