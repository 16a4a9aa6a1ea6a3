/*
 * plan_views.c
 *	  Views that stand in the way of what changes.
 *
 * PostgreSQL alters no column that a view reads.  Views that are in the way are
 * found first, with all that depend on them, dropped in PHASE_DETACH and made again
 * in PHASE_BUILD, from the expected schema or, where it does not know them, from
 * their own definition.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

/* ---------- views that make of ---------- */

static bool
depends_on_any(const SchemaObject *object, List *keys)
{
	ListCell   *lc;

	foreach(lc, object->depends_on)
	{
		ListCell   *lck;

		foreach(lck, keys)
			if (strcmp(lfirst(lc), lfirst(lck)) == 0)
				return true;
	}
	return false;
}

/* What a difference takes the ground from under: a key as in depends_on, or NULL. */
static char *
uprooted_key(const Planner *p, const Difference *d)
{
	if (d->object_kind == &schema_column_kind && d->parent_kind == &schema_table_kind)
	{
		bool		retyped =
			d->kind == DIFFERENCE_CHANGED &&
			(strcmp(d->member->name, "type") == 0 || strcmp(d->member->name, "collation") == 0 ||
			 strncmp(d->member->name, "generated", 9) == 0);

		if (retyped)
			return psprintf("table %s", schema_identity(d->parent_actual));
	}
	if (d->kind == DIFFERENCE_EXTRA && p->options->allow_drop &&
		planner_drop_phase(p, d->object_kind, d->actual) == PHASE_DETACH)
		return psprintf("%s %s", d->object_kind->name, schema_identity(d->actual));
	if (d->kind == DIFFERENCE_CHANGED && d->object_kind == &schema_function_kind &&
		plan_must_recreate(p, d))
		return psprintf("function %s", schema_identity(d->actual));
	return NULL;
}

/*
 * The view itself is to be made anew: it changed in a way that OR REPLACE does not
 * take, or one of its columns did.
 */
static const SchemaObject *
changed_view(const Planner *p, const Difference *d)
{
	if (d->kind == DIFFERENCE_CHANGED && d->object_kind == &schema_view_kind &&
		plan_must_recreate(p, d))
		return d->actual;
	return NULL;
}

/* Enums that are made anew, and what has columns or arguments of them. */
static List *
recreated_keys(const Planner *p)
{
	List	   *keys = NIL;
	ListCell   *lc;

	foreach(lc, p->recreated)
		keys = lappend(keys, psprintf("type %s", schema_identity(lfirst(lc))));
	if (keys == NIL)
		return NIL;
	foreach(lc, p->actual->tables)
		if (plan_stands_on_recreated(p, lfirst(lc)))
			keys = lappend(keys, psprintf("table %s", schema_identity(lfirst(lc))));
	foreach(lc, p->actual->functions)
		if (plan_stands_on_recreated(p, lfirst(lc)))
			keys = lappend(keys, psprintf("function %s", schema_identity(lfirst(lc))));
	return keys;
}

/* Of what makes of, that which goes: tables stay where one of their columns changes. */
static List *
gone_keys(const Planner *p, List *keys)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, keys)
		if (strncmp(lfirst(lc), "view ", 5) == 0)
			result = lappend(result, lfirst(lc));
	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);

		if (d->kind == DIFFERENCE_EXTRA && d->object_kind == &schema_table_kind)
		{
			char	   *key = uprooted_key(p, d);

			if (key != NULL)
				result = lappend(result, key);
		}
	}
	return result;
}

void
plan_find_detached(Planner *p)
{
	List	   *keys = NIL;
	ListCell   *lc;
	bool		grown = true;

	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);
		char	   *key = uprooted_key(p, d);
		const SchemaObject *view = changed_view(p, d);

		if (key != NULL)
			keys = lappend(keys, key);
		if (view != NULL && !planner_is_detached(p, view))
		{
			p->detached = lappend(p->detached, unconstify(SchemaObject *, view));
			keys = lappend(keys, psprintf("view %s", schema_identity(view)));
		}
	}
	keys = list_concat(keys, recreated_keys(p));
	foreach(lc, p->rebuilt)
		keys = lappend(keys, psprintf("table %s", schema_identity(lfirst(lc))));
	while (grown && keys != NIL)
	{
		grown = false;
		foreach(lc, p->actual->views)
		{
			SchemaObject *view = lfirst(lc);

			CHECK_FOR_INTERRUPTS();
			if (planner_is_detached(p, view) || !depends_on_any(view, keys))
				continue;
			p->detached = lappend(p->detached, view);
			keys = lappend(keys, psprintf("view %s", schema_identity(view)));
			grown = true;
		}
	}
	keys = gone_keys(p, keys);
	foreach(lc, p->actual->functions)
	{
		if (depends_on_any(lfirst(lc), keys))
			dependents_empty_function(p, lfirst(lc), "it reads what makes of");
	}
}

/* The view as expected, or as it is, described as it shall be. */
static SchemaView *
merge_view(Planner *p, const SchemaView *expected, const SchemaView *actual)
{
	SchemaView *merged = palloc(sizeof(SchemaView));
	ListCell   *lc;

	*merged = *expected;
	planner_rank_copy(p, merged, expected);
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
plan_detached(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->detached)
	{
		const SchemaView *view = lfirst(lc);
		const SchemaView *again =
			schema_find_view(p->expected, view->object.schema, view->object.name);
		const char *reason = "it depends on what changes, and is made again";
		PlanStep   *step;

		step = planner_step(p, PHASE_DETACH, "drop_view", schema_identity(view), view,
							psprintf("DROP %s %s",
									 strcmp(view->kind, "view") == 0 ? "VIEW" : "MATERIALIZED VIEW",
									 schema_identity(view)),
							reason);
		planner_hazard(step, "access_exclusive_lock");
		if (again != NULL || !p->options->allow_drop)
			plan_create_view(p, merge_view(p, again != NULL ? again : view, view), reason);
	}
}
