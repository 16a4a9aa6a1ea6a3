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

/* The table that a difference is of, or that it hangs on, where it is one of another schema. */
static const SchemaTable *
find_outside(const Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->parent_kind != NULL ? d->parent_kind : d->object_kind;
	const SchemaObject *expected = d->parent_kind != NULL ? d->parent : d->expected;
	const SchemaObject *actual = d->parent_kind != NULL ? d->parent_actual : d->actual;
	const SchemaObject *table = actual != NULL ? actual : expected;

	if (kind != &schema_table_kind || table == NULL)
		return NULL;
	return actual != NULL ? schema_find_outside(p->actual, table->schema, table->name)
						  : schema_find_outside(p->expected, table->schema, table->name);
}

/* Who may make triggers may make one in the place of another; it keeps what else it has. */
static void
replace_trigger(Planner *p, const Difference *d, const SchemaTable *table)
{
	const SchemaTrigger *trigger = d->expected;

	if (planner_was_handled(p, trigger))
		return;
	planner_make(
		planner_step(p, PHASE_ATTACH, "create_trigger", planner_child(table, trigger), table,
					 psprintf("CREATE OR REPLACE%s", trigger->definition + strlen("CREATE")),
					 "its definition differs"),
		&schema_trigger_kind, trigger, table);
}

/* For a trigger that takes no more than the right to make it, true: it has its steps. */
static bool
plan_by_right(Planner *p, const Difference *d, const SchemaTable *table)
{
	SchemaTrigger *bare;

	if (d->object_kind != &schema_trigger_kind || d->expected == NULL ||
		!planner_may_alter(p, table, true))
		return false;
	if (d->kind == DIFFERENCE_CHANGED)
	{
		if (((const SchemaTrigger *) d->expected)->constraint ||
			((const SchemaTrigger *) d->actual)->constraint ||
			difference_is(d, SchemaTrigger, enabled) || d->member->compare == COMPARE_COMMENT)
			return false;
		replace_trigger(p, d, table);
		return true;
	}
	bare = memcpy(palloc(sizeof(SchemaTrigger)), d->expected, sizeof(SchemaTrigger));
	if (bare->enabled != NULL)
		return false;
	bare->object.comment = NULL;
	plan_create_trigger(p, d->parent, bare, "the trigger is missing");
	return true;
}

/*
 * What is made on a table of another schema is made as on any other, if it may be.  A step
 * that the caller has no right to would undo all the others.
 */
static bool
may_plan(Planner *p, const Difference *d, const SchemaTable *table)
{
	if (planner_may_alter(p, table, false) && d->parent_kind != NULL)
		return true;
	if (d->kind == DIFFERENCE_EXTRA && !p->options->allow_drop)
		return false;
	if (d->kind == DIFFERENCE_MISSING && d->parent_kind == NULL)
		planner_remain(p, d, "the table is in a schema that is not planned");
	else if (planner_may_alter(p, table, false))
		return true;
	else if (!plan_by_right(p, d, table))
		planner_remain(p, d,
					   psprintf("the current role does not own table %s", schema_identity(table)));
	return false;
}

/* A step is added by the code of the kind of object; the schema wing has no other map of kinds. */
static void
plan_difference(Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->object_kind;
	const SchemaTable *outside = find_outside(p, d);

	if (outside != NULL && !may_plan(p, d, outside))
		return;
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
	if (planner.apart != NIL || planner.expected != expected)
		planner.plan->differences = diff_schemas(planner.expected, planner.actual, options->ignore);
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
	plan_order_parents(&planner);
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
