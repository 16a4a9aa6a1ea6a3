/*
 * plan_ranks.c
 *	  Ranks of objects and places of steps.
 *
 * Ranks come from depends_on: of what is made, from the expected schema; of what is
 * taken away, from the actual one, backwards.  Objects that need each other in a circle
 * are made in two steps: a table or domain without the default or check that needs the
 * others, or a view without its query.
 *
 * It assumes that depends_on names objects as schema_identity() prints them; what it
 * names and no list holds has no rank and is waited for by nobody.  It never fails for
 * a circle: what cannot be broken is ranked in some order, and the trial says what
 * comes of it.
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
	List	   *later;			/* SchemaObject *: parts that come after the whole */
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

/*
 * NULL for what depends_on names and nobody here makes: an object of another schema, or
 * of an extension.
 */
static RankNode *
find_rank_node(const RankList *list, char *key)
{
	RankNode	probe = {.key = key};

	return bsearch(&probe, list->nodes, list->count, sizeof(RankNode), compare_nodes);
}

/* Parts that can be made after the whole: what they need is not what that needs. */
static List *
later_parts(const RankNode *node)
{
	const SchemaTable *table = (const SchemaTable *) node->object;
	List	   *parts = NIL;
	ListCell   *lc;

	if (node->kind == &schema_type_kind)
		return ((const SchemaType *) node->object)->constraints;
	if (node->kind != &schema_table_kind)
		return NIL;
	foreach(lc, table->columns)
		if (((const SchemaColumn *) lfirst(lc))->generated == NULL)
			parts = lappend(parts, lfirst(lc));
	foreach(lc, table->constraints)
		if (strcmp(((const SchemaConstraint *) lfirst(lc))->kind, "check") == 0)
			parts = lappend(parts, lfirst(lc));
	return parts;
}

/* Whether that is all that needs a thing; is_later is set for those that are asked for it. */
static bool
put_off(RankList *list, const RankNode *node, const char *key)
{
	bool		found = false;
	ListCell   *lc;

	foreach(lc, later_parts(node))
	{
		if (!schema_lists(((const SchemaObject *) lfirst(lc))->depends_on, key))
			continue;
		found = true;
		if (!list_member_ptr(list->later, lfirst(lc)))
			list->later = lappend(list->later, lfirst(lc));
	}
	return found;
}

static bool
is_put_off(const RankList *list, const RankNode *node, const char *key)
{
	ListCell   *lc;

	if (list->later == NIL)
		return false;
	foreach(lc, later_parts(node))
		if (schema_lists(((const SchemaObject *) lfirst(lc))->depends_on, key))
			return list_member_ptr(list->later, lfirst(lc));
	return false;
}

/*
 * A circle is broken where a part can be made later (a default, a check), else at a view, of
 * which there is a shell at first.  Each node on the way needs the one above it, and
 * the last one needs the first again.
 */
static void
break_circle(RankList *list, RankNode *last)
{
	const RankNode *needed = last;
	RankNode   *view = NULL;

	for (int i = list_length(list->open) - 1; i >= 0; i--)
	{
		RankNode   *node = list_nth(list->open, i);

		if (put_off(list, node, needed->key))
			return;
		if (view == NULL && node->kind == &schema_view_kind)
			view = node;
		if (node == last)
			break;
		needed = node;
	}
	if (view != NULL)
		view->is_first = true;
}

/*
 * A way that closes is broken at once; is_open tells the way from what was visited
 * before.
 */
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

		if (found == NULL || is_put_off(list, node, lfirst(lc)))
			continue;
		if (found->is_open)
			break_circle(list, found);
		else
			find_circles(list, found);
	}
	list->open = list_delete_last(list->open);
	node->is_open = false;
}

/* Of what it needs, what a view that breaks a circle waits for: its columns' types. */
static bool
is_waited_for(const RankList *list, const RankNode *node, const RankNode *found)
{
	if (node->is_first)
		return found->kind == &schema_type_kind || found->kind == &schema_namespace_kind;
	return !is_put_off(list, node, found->key);
}

/*
 * What breaks a circle does not wait for all it needs, so that this ends, and every
 * object gets its rank after those that it does wait for.
 */
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

		if (found != NULL && is_waited_for(list, node, found))
			visit_node(list, found);
	}
	set_rank(list->ranks, node->object, BAND_NORMAL, list->direction * ++list->next);
}

/*
 * Gives each top-level object of a schema its place, dependencies first; adds what is
 * made in two steps, whole views and parts of tables and domains.  Sorted by key first:
 * visits begin in an order that does not depend on the lists.
 */
static void
add_ranks(HTAB *ranks, const Schema *schema, int direction, List **shells, List **later)
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
		find_circles(&list, &list.nodes[i]);
	for (int i = 0; i < list.count; i++)
		list.nodes[i].visited = false;
	for (int i = 0; i < list.count; i++)
	{
		visit_node(&list, &list.nodes[i]);
		if (list.nodes[i].is_first)
			*shells = lappend(*shells, unconstify(SchemaObject *, list.nodes[i].object));
	}
	*later = list.later;
}

/*
 * Live objects have negative ranks, so that what needs others goes before these, and
 * one table serves for both sides.
 */
void
plan_rank_objects(Planner *p)
{
	HASHCTL		ctl = {.keysize = sizeof(void *), .entrysize = sizeof(Rank)};
	List	   *severed = NIL;

	ctl.hcxt = CurrentMemoryContext;
	p->ranks = hash_create("db_adapter ranks", 1024, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	/* What is to go of itself before it is taken away, the nodes of the live schema tell. */
	add_ranks(p->ranks, p->actual, -1, &severed, &severed);
	add_ranks(p->ranks, p->expected, 1, &p->shells, &p->later);
}

/* Objects that no list of add_ranks() holds, such as publications, have rank 0. */
static Rank
rank_of(const Planner *p, const void *object)
{
	Rank	   *entry = object != NULL ? hash_search(p->ranks, &object, HASH_FIND, NULL) : NULL;

	return entry != NULL ? *entry : (Rank){.band = BAND_NORMAL};
}

/* A copy stands for its original under another address, by which ranks are found. */
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
