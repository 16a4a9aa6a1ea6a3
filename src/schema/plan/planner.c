/*
 * planner.c
 *	  Differences -> ordered DDL steps with their hazards: the driver.
 *
 * Each difference is given to the code of its kind of object, which adds steps to
 * phases.  The order of a plan is then: phase, dependency rank, order of adding.
 * Ranks come from depends_on: of what is made, from the expected schema; of what
 * is taken away, from the actual one, backwards.
 *
 * Views are the one thing that stands in the way of others: PostgreSQL alters no
 * column that a view reads.  Views that must make room are found first, with all
 * that depend on them, dropped in PHASE_DETACH and made again in PHASE_BUILD, from
 * the expected schema or, where it does not know them, from their own definition.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "miscadmin.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/varlena.h"

/* ---------- ranks ---------- */

typedef struct Rank
{
	const void *object;			/* hash key */
	int			rank;
} Rank;

/* An object by the name that depends_on uses. */
typedef struct RankNode
{
	char	   *key;
	const SchemaObject *object;
	bool		visited;
} RankNode;

typedef struct RankList
{
	RankNode   *nodes;			/* sorted by key */
	int			count;
	HTAB	   *ranks;
	int			next;
	int			direction;		/* 1: dependencies first; -1: dependents first */
} RankList;

static int
compare_nodes(const void *a, const void *b)
{
	return strcmp(((const RankNode *) a)->key, ((const RankNode *) b)->key);
}

static void
add_nodes(RankList *list, const SchemaKind *kind, List *objects)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		RankNode   *node = &list->nodes[list->count++];

		node->object = lfirst(lc);
		node->key = psprintf("%s %s", kind->name, schema_identity(node->object));
		node->visited = false;
	}
}

static void
visit_node(RankList *list, RankNode *node)
{
	ListCell   *lc;
	Rank	   *entry;

	check_stack_depth();
	if (node->visited)
		return;
	node->visited = true;
	foreach(lc, node->object->depends_on)
	{
		RankNode	key = {.key = lfirst(lc)};
		RankNode *found = bsearch(&key, list->nodes, list->count, sizeof(RankNode), compare_nodes);

		if (found != NULL)
			visit_node(list, found);
	}
	entry = hash_search(list->ranks, &node->object, HASH_ENTER, NULL);
	entry->rank = list->direction * ++list->next;
}

/* Gives each top-level object of a schema its place, dependencies first. */
static void
rank_objects(HTAB *ranks, const Schema *schema, int direction)
{
	RankList	list = {.ranks = ranks, .direction = direction};
	int			total = list_length(schema->namespaces) + list_length(schema->types) +
				list_length(schema->sequences) + list_length(schema->functions) +
				list_length(schema->tables) + list_length(schema->views) +
				list_length(schema->statistics) + list_length(schema->others);

	list.nodes = palloc(sizeof(RankNode) * (total + 1));
	add_nodes(&list, &schema_namespace_kind, schema->namespaces);
	add_nodes(&list, &schema_type_kind, schema->types);
	add_nodes(&list, &schema_other_kind, schema->others);
	add_nodes(&list, &schema_sequence_kind, schema->sequences);
	add_nodes(&list, &schema_function_kind, schema->functions);
	add_nodes(&list, &schema_table_kind, schema->tables);
	add_nodes(&list, &schema_view_kind, schema->views);
	add_nodes(&list, &schema_statistics_kind, schema->statistics);
	qsort(list.nodes, list.count, sizeof(RankNode), compare_nodes);
	for (int i = 0; i < list.count; i++)
		visit_node(&list, &list.nodes[i]);
}

static int
rank_of(const Planner *p, const void *object)
{
	Rank	   *entry = object != NULL ? hash_search(p->ranks, &object, HASH_FIND, NULL) : NULL;

	return entry != NULL ? entry->rank : 0;
}

int
planner_rank(const Planner *p, const void *object)
{
	return rank_of(p, object);
}

void
planner_rank_copy(Planner *p, const void *copy, const void *original)
{
	int			rank = rank_of(p, original);
	Rank	   *entry = hash_search(p->ranks, &copy, HASH_ENTER, NULL);

	/* Live objects are ranked downwards, dependents first. */
	entry->rank = rank < 0 ? PG_INT32_MAX / 2 - rank : rank;
}

/* ---------- steps ---------- */

PlanStep *
planner_step(Planner *p, PlanPhase phase, const char *action, const char *object, const void *top,
			 char *sql, const char *reason)
{
	PlanStep   *step = palloc0(sizeof(PlanStep));

	step->phase = phase;
	step->rank = rank_of(p, top);
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
find_rival(const Schema *schema, const SchemaKind *kind, const SchemaObject *object)
{
	const struct
	{
		const SchemaKind *kind;
		List	   *objects;
	} lists[] = {{&schema_table_kind, schema->tables},
				 {&schema_view_kind, schema->views},
				 {&schema_sequence_kind, schema->sequences},
				 {&schema_type_kind, schema->types}};
	const SchemaObject *rival = NULL;
	bool		shares = false;

	for (int i = 0; i < lengthof(lists); i++)
	{
		if (lists[i].kind == kind)
			shares = true;
		else if (rival == NULL)
			rival = schema_find(lists[i].objects, object->schema, object->name, NULL);
	}
	return shares ? rival : NULL;
}

bool
planner_is_rivalled(Planner *p, const Difference *d)
{
	if (p->options->allow_drop || find_rival(p->actual, d->object_kind, d->expected) == NULL)
		return false;
	planner_remain(p, d, "something else has its name, and goes only with allow_drop");
	return true;
}

PlanPhase
planner_drop_phase(const Planner *p, const SchemaKind *kind, const void *object)
{
	return find_rival(p->expected, kind, object) != NULL ? PHASE_DETACH : PHASE_DROP;
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

static int
compare_steps(const ListCell *a, const ListCell *b)
{
	const PlanStep *x = lfirst(a);
	const PlanStep *y = lfirst(b);

	if (x->phase != y->phase)
		return x->phase < y->phase ? -1 : 1;
	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

static void
order_steps(SchemaPlan *plan, const PlanFacts *facts)
{
	ListCell   *lc;
	int			number = 0;

	list_sort(plan->steps, compare_steps);
	foreach(lc, plan->steps)
	{
		PlanStep   *step = lfirst(lc);

		step->number = ++number;
		if (facts->measure != NULL && step->relation != NULL && step->hazards != NIL)
			facts->measure(step->relation, &step->rows, &step->bytes, facts->arg);
	}
}

/* ---------- views that make room ---------- */

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
		find_rival(p->expected, d->object_kind, d->actual) != NULL)
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
swapped_keys(const Planner *p)
{
	List	   *keys = NIL;
	ListCell   *lc;

	foreach(lc, p->swapped)
		keys = lappend(keys, psprintf("type %s", schema_identity(lfirst(lc))));
	if (keys == NIL)
		return NIL;
	foreach(lc, p->actual->tables)
		if (plan_stands_on_swapped(p, lfirst(lc)))
			keys = lappend(keys, psprintf("table %s", schema_identity(lfirst(lc))));
	foreach(lc, p->actual->functions)
		if (plan_stands_on_swapped(p, lfirst(lc)))
			keys = lappend(keys, psprintf("function %s", schema_identity(lfirst(lc))));
	return keys;
}

/* Of what makes room, that which goes: tables stay where one of their columns changes. */
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

static void
find_detached(Planner *p)
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
	keys = list_concat(keys, swapped_keys(p));
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
			plan_empty_function(p, lfirst(lc), "it reads what makes room");
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

static void
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

/* ---------- the driver ---------- */

/* A table that is made anew is made as expected. */
static bool
is_of_rebuilt(const Planner *p, const Difference *d)
{
	if (d->parent_kind == &schema_table_kind)
		return plan_is_rebuilt(p, d->parent);
	return d->object_kind == &schema_table_kind && d->kind == DIFFERENCE_CHANGED &&
		   plan_is_rebuilt(p, d->expected);
}

/* A step is added by the code of the kind of object; the schema wing has no other map of kinds. */
static void
plan_difference(Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->object_kind;

	if (is_of_rebuilt(p, d))
		return;
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

/* Before any column has a step: one that makes room takes others along. */
static void
prepare_columns(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (d->kind == DIFFERENCE_CHANGED && d->object_kind == &schema_column_kind &&
			d->parent_kind == &schema_table_kind && !is_of_rebuilt(p, d))
			plan_prepare_column(p, d);
	}
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
	HASHCTL		ctl = {.keysize = sizeof(void *), .entrysize = sizeof(Rank)};
	ListCell   *lc;

	ctl.hcxt = CurrentMemoryContext;
	planner.ranks =
		hash_create("db_adapter ranks", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	rank_objects(planner.ranks, actual, -1);
	rank_objects(planner.ranks, expected, 1);
	planner.plan = palloc0(sizeof(SchemaPlan));
	planner.plan->differences = expected_is_flat ? diff_names(expected, actual)
												 : diff_schemas(expected, actual, options->ignore);
	foreach(lc, options->rename_steps)
	{
		((PlanStep *) lfirst(lc))->number = list_length(planner.plan->steps);
		planner.plan->steps = lappend(planner.plan->steps, lfirst(lc));
	}
	plan_suspect_renames(&planner);
	plan_find_swapped(&planner);
	plan_find_rebuilt(&planner);
	plan_swap_enums(&planner);
	find_detached(&planner);
	plan_detached(&planner);
	prepare_columns(&planner);
	plan_rename_children(&planner);
	foreach(lc, planner.plan->differences)
	{
		CHECK_FOR_INTERRUPTS();
		plan_difference(&planner, lfirst(lc));
	}
	order_steps(planner.plan, &options->facts);
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
