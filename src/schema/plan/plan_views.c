/*
 * plan_views.c
 *	  Views that stand in the way of what changes.
 *
 * PostgreSQL alters no column that a view reads.  Views that are in the way are
 * dropped in PHASE_DETACH and made again in PHASE_BUILD, from the expected schema or,
 * where it does not know them, from their own definition.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/plan/plan_dependents.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

/* ---------- views that make of ---------- */

/* The view as expected, or as it is, described as it shall be. */
static SchemaView *
merge_view(Planner *p, const SchemaView *expected, const SchemaView *actual)
{
	SchemaView *merged = palloc(sizeof(SchemaView));
	ListCell   *lc;

	*merged = *expected;
	plan_rank_copy(p, merged, expected);
	plan_keep_description(p, &merged->object, &actual->object);
	merged->not_populated = actual->not_populated;
	merged->columns = NIL;
	foreach(lc, expected->columns)
	{
		SchemaColumn *column = palloc(sizeof(SchemaColumn));
		const SchemaObject *live;

		*column = *(SchemaColumn *) lfirst(lc);
		live = schema_find_child(actual->columns, column->object.name);
		if (live != NULL)
			plan_keep_description(p, &column->object, live);
		merged->columns = lappend(merged->columns, column);
	}
	return merged;
}

void
plan_detach_view(Planner *p, const SchemaView *view)
{
	const SchemaView *again = schema_find_view(p->expected, view->object.schema, view->object.name);
	const char *reason = "it depends on what changes, and is made again";
	PlanStep   *step;

	if (planner_is_detached(p, view))
		return;
	p->detached = lappend(p->detached, unconstify(SchemaView *, view));
	step = planner_step(p, PHASE_DETACH, "drop_view", schema_identity(view), view,
						ddl_drop(&schema_view_kind, view), reason);
	planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	planner_take(p, step, &schema_view_kind, view, NULL);
	dependents_recreate_object(p, &schema_view_kind, view, NULL, "a view it reads is made again");
	if (again != NULL || !p->options->allow_drop)
		plan_create_view(p, merge_view(p, again != NULL ? again : view, view), reason);
}
