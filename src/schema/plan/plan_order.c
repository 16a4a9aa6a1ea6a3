/*
 * plan_order.c
 *	  The order of a plan: ranks of objects, places of steps.
 *
 * Ranks come from depends_on: of what is made, from the expected schema; of what
 * is taken away, from the actual one, backwards.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

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
add_ranks(HTAB *ranks, const Schema *schema, int direction)
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

void
plan_rank_objects(Planner *p)
{
	HASHCTL		ctl = {.keysize = sizeof(void *), .entrysize = sizeof(Rank)};

	ctl.hcxt = CurrentMemoryContext;
	p->ranks = hash_create("db_adapter ranks", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	add_ranks(p->ranks, p->actual, -1);
	add_ranks(p->ranks, p->expected, 1);
}

int
planner_rank(const Planner *p, const void *object)
{
	Rank	   *entry = object != NULL ? hash_search(p->ranks, &object, HASH_FIND, NULL) : NULL;

	return entry != NULL ? entry->rank : 0;
}

void
planner_rank_copy(Planner *p, const void *copy, const void *original)
{
	int			rank = planner_rank(p, original);
	Rank	   *entry = hash_search(p->ranks, &copy, HASH_ENTER, NULL);

	/* Live objects are ranked downwards, dependents first. */
	entry->rank = rank < 0 ? PG_INT32_MAX / 2 - rank : rank;
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

void
plan_order_steps(SchemaPlan *plan, const PlanFacts *facts)
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
