/*
 * planner.c
 *	  What all who add steps to a plan ask for.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

PlanStep *
planner_step(Planner *p, PlanPhase phase, const char *action, const char *object, const void *top,
			 char *sql, const char *reason)
{
	PlanStep   *step = palloc0(sizeof(PlanStep));

	step->phase = phase;
	step->rank = planner_rank(p, top);
	step->number = list_length(p->plan->steps);
	step->action = action;
	step->object = pstrdup(object);
	step->sql = sql;
	step->reason = pstrdup(reason);
	step->rows = step->bytes = -1;
	p->plan->steps = lappend(p->plan->steps, step);
	return step;
}

void
plan_set_hazard(PlanStep *step, const char *hazard, bool present)
{
	ListCell   *lc;

	foreach(lc, step->hazards)
	{
		if (strcmp(lfirst(lc), hazard) != 0)
			continue;
		if (!present)
			step->hazards = foreach_delete_current(step->hazards, lc);
		return;
	}
	if (present)
		step->hazards = lappend(step->hazards, pstrdup(hazard));
}

void
planner_hazard(PlanStep *step, const char *hazard)
{
	plan_set_hazard(step, hazard, true);
}

void
planner_run_late(PlanStep *step)
{
	step->number += PG_INT32_MAX / 2;
}

void
planner_remain(Planner *p, const Difference *difference, const char *reason)
{
	PlanRemainder *remainder = palloc(sizeof(PlanRemainder));

	remainder->difference = difference;
	remainder->reason = pstrdup(reason);
	p->plan->remaining = lappend(p->plan->remaining, remainder);
}

/* Both are told by their words: the structs of a later comparison are others. */
bool
plan_leaves(const SchemaPlan *plan, const Difference *difference)
{
	char	   *key = difference_key(difference);
	ListCell   *lc;

	foreach(lc, plan->remaining)
		if (strcmp(difference_key(((PlanRemainder *) lfirst(lc))->difference), key) == 0)
			return true;
	return false;
}

bool
planner_was_handled(Planner *p, const void *object)
{
	if (p->handled == object)
		return true;
	p->handled = object;
	return false;
}

bool
planner_is_detached(const Planner *p, const void *view)
{
	const SchemaObject *v = view;
	ListCell   *lc;

	foreach(lc, p->detached)
	{
		if (schema_compare_keys(lfirst(lc), v) == 0)
			return true;
	}
	return false;
}

bool
planner_has_rows(const Planner *p, const SchemaTable *table)
{
	return p->options->facts.has_rows != NULL &&
		   p->options->facts.has_rows(table, p->options->facts.arg);
}

static SchemaTable *
find_table(const Schema *schema, const char *identity)
{
	List	   *parts;

	if (!SplitIdentifierString(pstrdup(identity), '.', &parts) || list_length(parts) != 2)
		return NULL;
	return schema_find_table(schema, linitial(parts), lsecond(parts));
}

SchemaTable *
planner_find_table(const Planner *p, const char *identity)
{
	return find_table(p->expected, identity);
}

SchemaTable *
planner_find_live(const Planner *p, const char *identity)
{
	return find_table(p->actual, identity);
}

/* The object of another kind that has an object's name in the other schema, or NULL. */
static const SchemaObject *
find_name_conflict(const Schema *schema, const SchemaKind *kind, const SchemaObject *object)
{
	const struct
	{
		const SchemaKind *kind;
		List	   *objects;
	} lists[] = {{&schema_table_kind, schema->tables},
				 {&schema_view_kind, schema->views},
				 {&schema_sequence_kind, schema->sequences},
				 {&schema_type_kind, schema->types}};
	const SchemaObject *holder = NULL;
	bool		shares = false;

	for (int i = 0; i < lengthof(lists); i++)
	{
		if (lists[i].kind == kind)
			shares = true;
		else if (holder == NULL)
			holder = schema_find(lists[i].objects, object->schema, object->name, NULL);
	}
	return shares ? holder : NULL;
}

bool
planner_has_name_conflict(Planner *p, const Difference *d)
{
	if (p->options->allow_drop ||
		find_name_conflict(p->actual, d->object_kind, d->expected) == NULL)
		return false;
	planner_remain(p, d, "something else has its name, and goes only with allow_drop");
	return true;
}

PlanPhase
planner_drop_phase(const Planner *p, const SchemaKind *kind, const void *object)
{
	return find_name_conflict(p->expected, kind, object) != NULL ? PHASE_DETACH : PHASE_DROP;
}

bool
planner_is_taken(const Planner *p, const char *schema, const char *name)
{
	return schema_find_table(p->actual, schema, name) != NULL ||
		   schema_find_view(p->actual, schema, name) != NULL ||
		   schema_find(p->actual->sequences, schema, name, NULL) != NULL;
}

char *
planner_child(const void *parent, const void *child)
{
	return psprintf("%s.%s", schema_identity(parent),
					quote_identifier(((const SchemaObject *) child)->name));
}
