/*
 * preflight.c
 *	  What in the live rows will make steps of a plan fail, before anything is locked.
 *
 * A plan is tried on empty copies, so that its trial says nothing of rows.  Here its steps
 * are gone through without being run: what each would ask of the rows is asked of them as
 * they are now, with the values that the steps before would give them.  All that is asked
 * of one row goes into one pass over its table.
 *
 * It changes nothing, takes no lock above ACCESS SHARE, and so runs on a standby too.  It
 * never says that a step will succeed: whatever it cannot tell is said to be unknown.
 */
#include "postgres.h"

#include "base/calls.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "schema/catalog/catalog.h"
#include "schema/model/fingerprint.h"
#include "schema/plan/plan_command.h"
#include "schema/preflight/preflight.h"
#include "schema/preflight/preflight_steps.h"

static void
look_at_steps(Preflight *pf)
{
	ListCell   *lc;

	foreach(lc, pf->plan->steps)
	{
		pf->step = lfirst(lc);
		CHECK_FOR_INTERRUPTS();
		steps_look_at(pf, plan_command_read(pf->step->number, pf->step->sql));
	}
}

/* Plans that were made without a watch may hold bodies of functions, which no guard meets. */
static void
forget_plans(const Preflight *pf)
{
	ListCell   *lc;

	foreach(lc, pf->tables)
	{
		const PreflightTable *table = lfirst(lc);

		if (OidIsValid(table->runner) && superuser_arg(table->runner))
		{
			calls_forget_plans();
			return;
		}
	}
}

static void
ask(Preflight *pf)
{
	ListCell   *lc;

	forget_plans(pf);
	foreach(lc, pf->tables)
		rows_ask(pf, lfirst(lc));
	foreach(lc, pf->keys)
		pairs_ask(pf, lfirst(lc));
}

static int
compare_blockers(const ListCell *left, const ListCell *right)
{
	const Blocker *a = lfirst(left);
	const Blocker *b = lfirst(right);

	if (a->step != b->step)
		return a->step < b->step ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return strcmp(a->problem, b->problem);
}

List *
preflight_run(const PlanDocument *plan, int samples)
{
	Preflight	pf = {.plan = plan, .samples = samples};

	look_at_steps(&pf);
	ask(&pf);
	list_sort(pf.blockers, compare_blockers);
	return pf.blockers;
}

/* As apply asks it. */
void
preflight_check_plan(const PlanDocument *plan)
{
	catalog_check_fingerprint(plan->header.expectation->schemas, plan->header.fingerprint);
}
