/*
 * planner.c
 *	  What all who add steps to a plan ask for.
 *
 * Questions about both schemas and about what has been planned so far, and the few ways to
 * say something of a step.  Nothing here decides what is to be done: that is the matter of
 * the file for each kind of object, which calls these.  Both sides are found by identity
 * (schema-qualified name and, for routines, arguments), never by oid: the expected side has
 * none.  What is marked here (gone, handled, rebuilt, taken) is marked once, and asked by
 * all, so that two kinds never plan the same step.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/model/graph.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

PlanStep *
planner_step(Planner *p, PlanPhase phase, const char *action, const char *object, const void *top,
			 char *sql, const char *reason)
{
	PlanStep   *step = palloc0(sizeof(PlanStep));

	plan_set_place(p, step, phase, top);
	step->action = action;
	step->object = pstrdup(object);
	step->sql = sql;
	step->reason = pstrdup(reason);
	step->rows = step->bytes = -1;
	p->plan->steps = lappend(p->plan->steps, step);
	return step;
}

static const char *const hazard_names[] = {
	[HAZARD_SHARE_UPDATE_EXCLUSIVE_LOCK] = "share_update_exclusive_lock",
	[HAZARD_SHARE_LOCK] = "share_lock",
	[HAZARD_SHARE_ROW_EXCLUSIVE_LOCK] = "share_row_exclusive_lock",
	[HAZARD_ACCESS_EXCLUSIVE_LOCK] = "access_exclusive_lock",
	[HAZARD_TABLE_REWRITE] = "table_rewrite",
	[HAZARD_TABLE_SCAN] = "table_scan",
	[HAZARD_INDEX_BUILD] = "index_build",
	[HAZARD_NOT_NULL_BACKFILL] = "not_null_backfill",
	[HAZARD_DATA_LOSS] = "data_loss",
	[HAZARD_IRREVERSIBLE] = "irreversible"};

StaticAssertDecl(lengthof(hazard_names) == PLAN_HAZARDS, "each hazard has a name");

const char *
plan_hazard_name(PlanHazard hazard)
{
	return hazard_names[hazard];
}

void
plan_set_hazard(PlanStep *step, PlanHazard hazard, bool present)
{
	if (present)
		step->hazards |= PLAN_HAZARD(hazard);
	else
		step->hazards &= ~PLAN_HAZARD(hazard);
}

void
planner_hazard(PlanStep *step, PlanHazard hazard)
{
	plan_set_hazard(step, hazard, true);
}

PlanStep *
planner_run_first(PlanStep *step)
{
	step->place.band = BAND_FIRST;
	return step;
}

PlanStep *
planner_run_last(PlanStep *step)
{
	step->place.band = BAND_LAST;
	return step;
}

PlanStep *
planner_run_late(PlanStep *step)
{
	step->place.late = true;
	return step;
}

/* A node as a message names it. */
static char *
planner_describe(const GraphNode *node)
{
	return psprintf("%s %s", node->kind->name,
					node->parent != NULL ? planner_child(node->parent, node->object)
										 : schema_identity(node->object));
}

/* step may be NULL: it goes, and nobody needs to wait for that. */
void
planner_set_gone(Planner *p, const void *thing, PlanStep *step)
{
	GoneEntry  *entry = hash_search(p->gone, &thing, HASH_ENTER, NULL);

	entry->step = step;
}

bool
planner_is_gone(const Planner *p, const void *thing)
{
	return hash_search(p->gone, &thing, HASH_FIND, NULL) != NULL;
}

PlanStep *
planner_find_gone(const Planner *p, const void *thing)
{
	GoneEntry  *entry = hash_search(p->gone, &thing, HASH_FIND, NULL);

	return entry != NULL ? entry->step : NULL;
}

void
planner_take(Planner *p, PlanStep *step, const SchemaKind *kind, const void *object,
			 const void *parent)
{
	planner_set_gone(p, object, step);
	step->takes = list_concat(step->takes, graph_nodes(kind, object, parent));
}

void
planner_retype(PlanStep *step, const SchemaTable *actual)
{
	if (actual->object.node != NULL && actual->object.node->rowtype != NULL)
		step->takes = lappend(step->takes, actual->object.node->rowtype);
}

/*
 * What needs it has to be in a trial, or the trial would not notice that it is in the
 * way; what is in no schema planned cannot be, and is an obstacle.
 */
void
planner_concern(Planner *p, const GraphNode *node)
{
	ListCell   *lc;

	p->plan->concerned = list_concat(p->plan->concerned, node->dependents);
	foreach(lc, node->outside)
	{
		planner_obstruct(p, psprintf("%s, in no schema planned, needs %s", (char *) lfirst(lc),
									 planner_describe(node)));
	}
}

void
planner_obstruct(Planner *p, char *obstacle)
{
	if (!schema_lists(p->plan->obstacles, obstacle))
		p->plan->obstacles = lappend(p->plan->obstacles, obstacle);
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

/*
 * Differences of one object come one after the other, so the last one is all that has
 * to be remembered.
 */
bool
planner_was_handled(Planner *p, const void *object)
{
	if (p->handled == object)
		return true;
	p->handled = object;
	return false;
}

/* By name: it may be asked of either side's struct. */
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
planner_is_shell(const Planner *p, const void *object)
{
	ListCell   *lc;

	foreach(lc, p->shells)
		if (schema_compare_keys(lfirst(lc), object) == 0)
			return true;
	return false;
}

bool
planner_is_later(const Planner *p, const void *part)
{
	return list_member_ptr(p->later, part);
}

void
planner_need(PlanStep *step, const void *part)
{
	step->needs = list_concat(step->needs, ((const SchemaObject *) part)->depends_on);
}

void
planner_complete(PlanStep *step, const SchemaTable *table)
{
	step->makes = lappend(step->makes, schema_key(&schema_table_kind, table, NULL));
}

void
planner_make(PlanStep *step, const SchemaKind *kind, const void *object, const void *parent)
{
	step->makes = lappend(step->makes, schema_key(kind, object, parent));
	planner_need(step, object);
	/* A key makes its index. */
	if (kind == &schema_constraint_kind && parent != NULL)
	{
		const SchemaConstraint *key = object;
		SchemaObject index = {.name = key->index != NULL ? key->index : key->object.name};

		if (key->referenced_table == NULL && strcmp(key->kind, "check") != 0)
			step->makes = lappend(step->makes, schema_key(&schema_index_kind, &index, parent));
	}
}

/* Without facts, as when copies are planned, nothing has rows. */
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

/* The rows of a foreign table are not here to be converted. */
const char *
planner_using(const SchemaTable *table, const char *expression)
{
	return strcmp(table->kind, "foreign table") == 0 ? "" : psprintf(" USING %s", expression);
}

bool
planner_may_alter(const Planner *p, const SchemaTable *table, bool by_trigger)
{
	return p->options->facts.may_alter == NULL ||
		   p->options->facts.may_alter(table, by_trigger, p->options->facts.arg);
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

/*
 * A rebuild would make it as expected; where there is none, it stays as it is with all
 * that hangs on it.
 */
static bool
is_partitioned_otherwise(const Planner *p, const char *table)
{
	const SchemaTable *to = table != NULL ? planner_find_table(p, table) : NULL;
	const SchemaTable *from = table != NULL ? planner_find_live(p, table) : NULL;

	return to != NULL && from != NULL && !planner_is_rebuilt(p, to) &&
		   (strcmp(to->kind, from->kind) != 0 ||
			!expression_equal(to->partition_key, from->partition_key));
}

bool
planner_is_frozen(const Planner *p, const SchemaTable *expected, const SchemaTable *actual)
{
	return is_partitioned_otherwise(p, schema_identity(expected)) ||
		   is_partitioned_otherwise(p, expected->partition_of) ||
		   is_partitioned_otherwise(p, actual->partition_of);
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

/* Early where its name is wanted, else when nothing expected needs it any more. */
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

bool
planner_is_rebuilt(const Planner *p, const void *table)
{
	ListCell   *lc;

	foreach(lc, p->rebuilt)
		if (schema_compare_keys(lfirst(lc), table) == 0)
			return true;
	return false;
}

bool
planner_depends_on(const SchemaObject *object, const SchemaType *type)
{
	return schema_lists(object->depends_on, psprintf("type %s", schema_identity(type)));
}

/* By the words of a type, as columns have it: with brackets where it is an array. */
bool
planner_is_recreated(const Planner *p, const char *type)
{
	ListCell   *lc;

	foreach(lc, p->recreated)
	{
		char	   *identity = schema_identity(lfirst(lc));

		if (strcmp(type, identity) == 0 || strcmp(type, psprintf("%s[]", identity)) == 0)
			return true;
	}
	return false;
}

bool
planner_stands_on_recreated(const Planner *p, const void *object)
{
	ListCell   *lc;

	foreach(lc, p->recreated)
		if (planner_depends_on(object, lfirst(lc)))
			return true;
	return false;
}

bool
planner_follows_parent(const SchemaTable *to, const SchemaTable *from)
{
	ListCell   *lc;

	if (to->partition_of != NULL)
		return from->partition_of != NULL && strcmp(from->partition_of, to->partition_of) == 0;
	foreach(lc, to->inherits)
		if (schema_lists(from->inherits, lfirst(lc)))
			return true;
	return false;
}

bool
planner_column_follows(const Planner *p, const SchemaTable *to, const SchemaTable *from,
					   const char *name, DifferenceKind kind)
{
	ListCell   *lc;

	if (to->partition_of != NULL)
		return planner_follows_parent(to, from);
	foreach(lc, to->inherits)
	{
		const SchemaTable *expected = planner_find_table(p, lfirst(lc));
		const SchemaTable *live = planner_find_live(p, lfirst(lc));

		if (!schema_lists(from->inherits, lfirst(lc)))
			continue;
		/* One that is not known here has whatever its children have from it. */
		if ((kind == DIFFERENCE_EXTRA || expected == NULL ||
			 schema_find_child(expected->columns, name) != NULL) &&
			(kind == DIFFERENCE_MISSING || live == NULL ||
			 schema_find_child(live->columns, name) != NULL))
			return true;
	}
	return false;
}

bool
planner_comes_by_itself(const SchemaKind *kind, const void *child)
{
	if (kind == &schema_constraint_kind)
		return ((const SchemaConstraint *) child)->inherited;
	if (kind == &schema_index_kind)
		return ((const SchemaIndex *) child)->constraint != NULL;
	if (kind == &schema_trigger_kind)
		return ((const SchemaTrigger *) child)->inherited;
	return false;
}

/* A part of a partitioned index goes and changes with the whole. */
bool
planner_is_part(const SchemaKind *kind, const void *child)
{
	return planner_comes_by_itself(kind, child) ||
		   (kind == &schema_index_kind && ((const SchemaIndex *) child)->inherited);
}

/*
 * The worst lock is assumed; where it is less, trial.c asks the server for it
 * afterwards.
 */
PlanStep *
planner_alter_table(Planner *p, PlanPhase phase, const char *action, const char *object,
					const SchemaTable *table, const char *clause, const char *reason)
{
	PlanStep *step = planner_step(p, phase, action, object, table,
								  psprintf("ALTER %s %s %s", ddl_keyword(&schema_table_kind, table),
										   schema_identity(table), clause),
								  reason);

	step->relation = &table->object;
	planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	return step;
}
