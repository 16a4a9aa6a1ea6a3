/*
 * plan_ranks.c
 *	  Ranks of objects and places of steps.
 *
 * Ranks come from depends_on: of what is made, from the expected schema; of what is
 * taken away, from the actual one, backwards.  Objects that need each other in a circle
 * are made in two steps, beginning with a table or a view.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

typedef struct Rank
{
	const void *object;			/* hash key */
	PlanBand	band;
	int			rank;
} Rank;

/* An object by the name that depends_on uses. */
typedef struct RankNode
{
	char	   *key;
	const SchemaObject *object;
	const SchemaKind *kind;
	bool		visited;
	bool		is_open;		/* what it needs is being visited */
	bool		is_first;		/* in a circle: made without what it needs */
} RankNode;

typedef struct RankList
{
	RankNode   *nodes;			/* sorted by key */
	int			count;
	HTAB	   *ranks;
	int			next;
	int			direction;		/* 1: dependencies first; -1: dependents first */
	List	   *open;			/* RankNode *: the way to the one that is visited */
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
		node->kind = kind;
		node->key = psprintf("%s %s", kind->name, schema_identity(node->object));
		node->visited = node->is_open = node->is_first = false;
	}
}

static void
set_rank(HTAB *ranks, const void *object, PlanBand band, int rank)
{
	Rank	   *entry = hash_search(ranks, &object, HASH_ENTER, NULL);

	entry->band = band;
	entry->rank = rank;
}

static RankNode *
find_rank_node(const RankList *list, char *key)
{
	RankNode	probe = {.key = key};

	return bsearch(&probe, list->nodes, list->count, sizeof(RankNode), compare_nodes);
}

/*
 * A circle is broken at a table, whose defaults then come later, or at a view, of which
 * there is a shell at first.
 */
static void
break_circle(RankList *list, const RankNode *last)
{
	const SchemaKind *const kinds[] = {&schema_table_kind, &schema_view_kind};

	for (int i = 0; i < lengthof(kinds); i++)
		for (int j = list_length(list->open) - 1; j >= 0; j--)
		{
			RankNode   *node = list_nth(list->open, j);

			if (node->kind == kinds[i])
			{
				node->is_first = true;
				return;
			}
			if (node == last)
				break;
		}
}

static void
find_circles(RankList *list, RankNode *node)
{
	ListCell   *lc;

	check_stack_depth();
	if (node->visited)
		return;
	node->visited = node->is_open = true;
	list->open = lappend(list->open, node);
	foreach(lc, node->object->depends_on)
	{
		RankNode   *found = find_rank_node(list, lfirst(lc));

		if (found != NULL && found->is_open)
			break_circle(list, found);
		else if (found != NULL)
			find_circles(list, found);
	}
	list->open = list_delete_last(list->open);
	node->is_open = false;
}

/* Of what it needs, what a table or view that breaks a circle waits for: its columns' types. */
static bool
is_waited_for(const RankNode *node, const RankNode *found)
{
	return !node->is_first || found->kind == &schema_type_kind ||
		   found->kind == &schema_namespace_kind ||
		   (node->kind == &schema_table_kind && found->kind == &schema_table_kind);
}

static void
visit_node(RankList *list, RankNode *node)
{
	ListCell   *lc;

	check_stack_depth();
	if (node->visited)
		return;
	node->visited = true;
	foreach(lc, node->object->depends_on)
	{
		RankNode   *found = find_rank_node(list, lfirst(lc));

		if (found != NULL && is_waited_for(node, found))
			visit_node(list, found);
	}
	set_rank(list->ranks, node->object, BAND_NORMAL, list->direction * ++list->next);
}

/*
 * Gives each top-level object of a schema its place, dependencies first; returns those
 * that are made in two steps.
 */
static List *
add_ranks(HTAB *ranks, const Schema *schema, int direction)
{
	List	   *shells = NIL;
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
		find_circles(&list, &list.nodes[i]);
	for (int i = 0; i < list.count; i++)
		list.nodes[i].visited = false;
	for (int i = 0; i < list.count; i++)
	{
		visit_node(&list, &list.nodes[i]);
		if (list.nodes[i].is_first)
			shells = lappend(shells, unconstify(SchemaObject *, list.nodes[i].object));
	}
	return shells;
}

void
plan_rank_objects(Planner *p)
{
	HASHCTL		ctl = {.keysize = sizeof(void *), .entrysize = sizeof(Rank)};

	ctl.hcxt = CurrentMemoryContext;
	p->ranks = hash_create("db_adapter ranks", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	add_ranks(p->ranks, p->actual, -1);
	p->shells = add_ranks(p->ranks, p->expected, 1);
}

static Rank
rank_of(const Planner *p, const void *object)
{
	Rank	   *entry = object != NULL ? hash_search(p->ranks, &object, HASH_FIND, NULL) : NULL;

	return entry != NULL ? *entry : (Rank){.band = BAND_NORMAL};
}

void
plan_rank_copy(Planner *p, const void *copy, const void *original)
{
	Rank		rank = rank_of(p, original);

	/* Live objects are ranked downwards, dependents first. */
	if (rank.rank < 0)
		set_rank(p->ranks, copy, BAND_LAST, -rank.rank);
	else
		set_rank(p->ranks, copy, rank.band, rank.rank);
}

void
plan_set_rank(Planner *p, PlanStep *step, const void *top)
{
	Rank		rank = rank_of(p, top);

	step->place.band = rank.band;
	step->place.rank = rank.rank;
}

void
plan_set_place(Planner *p, PlanStep *step, PlanPhase phase, const void *top)
{
	step->place.phase = phase;
	plan_set_rank(p, step, top);
	step->place.sequence = list_length(p->plan->steps);
}
