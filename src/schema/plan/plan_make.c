/*
 * plan_make.c
 *	  Differences -> ordered DDL steps with their hazards: the driver.
 *
 * Each difference is given to the code of its kind of object, which adds steps to
 * phases.  plan_order.c says in which order they run.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/plan/plan_dependents.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* A step is added by the code of the kind of object; the schema wing has no other map of kinds. */
static void
plan_difference(Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->object_kind;

	if (plan_is_of_rebuilt(p, d))
		return;
	if (plan_is_of_frozen(p, d))
	{
		if (d->is_error)
			planner_remain(p, d, "the table stays partitioned as it is");
		return;
	}
	if (kind == &schema_default_privileges_kind)
	{
		plan_default_privileges(p, d);
		return;
	}
	if (d->kind == DIFFERENCE_CHANGED &&
		(d->member->compare == COMPARE_OWNER || d->member->compare == COMPARE_PRIVILEGES ||
		 d->member->compare == COMPARE_COMMENT))
		plan_describe(p, d);
	else if (kind == &schema_table_kind)
		plan_table(p, d);
	else if (kind == &schema_column_kind && d->parent_kind == &schema_table_kind)
		plan_column(p, d);
	else if (d->parent_kind == &schema_table_kind || d->parent_kind == &schema_view_kind)
		plan_child(p, d);
	else
		plan_object(p, d);
}

static SchemaPlan *
make_once(const Schema *expected, const Schema *actual, bool expected_is_flat,
		  const PlanOptions *options, List *used_enums)
{
	Planner		planner = {.expected = expected,
					   .actual = actual,
					   .options = options,
					   .is_flat = expected_is_flat,
					   .used_enums = used_enums};
	HASHCTL		ctl = {.keysize = sizeof(void *), .entrysize = sizeof(GoneEntry)};
	ListCell   *lc;

	ctl.hcxt = CurrentMemoryContext;
	planner.gone = hash_create("db_adapter gone", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	planner.plan = palloc0(sizeof(SchemaPlan));
	planner.plan->differences = expected_is_flat ? diff_names(expected, actual)
												 : diff_schemas(expected, actual, options->ignore);
	plan_take_apart(&planner);
	if (planner.apart != NIL)
		planner.plan->differences = diff_schemas(expected, planner.actual, options->ignore);
	plan_rank_objects(&planner);
	foreach(lc, options->rename_steps)
	{
		((PlanStep *) lfirst(lc))->place.sequence = list_length(planner.plan->steps);
		planner.plan->steps = lappend(planner.plan->steps, lfirst(lc));
	}
	plan_suspect_renames(&planner);
	plan_detach_apart(&planner);
	plan_find_recreated(&planner);
	plan_find_rebuilt(&planner);
	plan_recreate_enums(&planner);
	plan_prepare(&planner);
	plan_rename_children(&planner);
	foreach(lc, planner.plan->differences)
	{
		CHECK_FOR_INTERRUPTS();
		plan_difference(&planner, lfirst(lc));
	}
	plan_order_inherited(&planner);
	plan_order_logged(&planner);
	plan_order_attached(&planner);
	plan_check_refilled(&planner);
	foreach(lc, plan_find_circles(&planner))
		dependents_sever(&planner, lfirst(lc));
	plan_order_steps(&planner);
	return planner.plan;
}

SchemaPlan *
plan_make(const Schema *expected, const Schema *actual, bool expected_is_flat,
		  const PlanOptions *options)
{
	SchemaPlan *plan = make_once(expected, actual, expected_is_flat, options, NIL);
	List	   *used = plan_used_enums(plan);

	return used == NIL ? plan : make_once(expected, actual, expected_is_flat, options, used);
}
