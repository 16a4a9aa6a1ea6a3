/*
 * plan_order.c
 *	  The order of a plan: places, and what steps wait for.
 *
 * Each step has a place: its phase, a band of it, the rank of its object (plan_ranks.c),
 * the order of adding.
 *
 * That alone would do if phases and whole objects told all.  Where they do not (a key
 * under a foreign key, a function in a policy) the nodes of the live schema do: what
 * takes a thing away waits for whatever takes away what needs it.  The steps are sorted
 * so that each stands as early as its place has it, once it need not wait any more.
 *
 * It assumes that all is planned: a step that is added afterwards is not ordered.  It
 * never drops or changes a step, and never fails for a circle: where steps
 * wait for each other, some order is given, and the trial tells whether it is one that
 * the server takes.  Steps of equal place keep the order in which they were added, so
 * that the same two schemas give the same plan.
 */
#include "postgres.h"

#include "base/compat.h"
#include "common/hashfn.h"
#include "lib/binaryheap.h"
#include "miscadmin.h"
#include "schema/model/graph.h"
#include "schema/plan/planner.h"

typedef struct OrderNode
{
	PlanStep   *step;
	List	   *followers;		/* int: those that wait for it */
	int			waits;			/* for so many */
	int			urgency;		/* the place of the first that waits for it, or its own */
	bool		placed;
} OrderNode;

/* The one place where members of a PlanPlace are weighed against each other. */
static int
compare_places(const PlanStep *x, const PlanStep *y)
{
	if (x->place.phase != y->place.phase)
		return x->place.phase < y->place.phase ? -1 : 1;
	if (x->place.band != y->place.band)
		return x->place.band < y->place.band ? -1 : 1;
	if (x->place.rank != y->place.rank)
		return x->place.rank < y->place.rank ? -1 : 1;
	if (x->place.late != y->place.late)
		return x->place.late ? 1 : -1;
	return x->place.sequence < y->place.sequence ? -1 : 1;
}

static int
compare_steps(const ListCell *a, const ListCell *b)
{
	return compare_places(lfirst(a), lfirst(b));
}

/*
 * The step that takes a part of the live schema out of the way, by itself or with the
 * whole.  NULL: nothing of the plan takes it away.  It may be noted by its node (a
 * default), by its object, or by what it is part of, from the narrowest to the widest.
 */
static PlanStep *
find_gone(const Planner *p, const GraphNode *node)
{
	PlanStep   *step = planner_find_gone(p, node);

	if (step == NULL)
		step = planner_find_gone(p, node->object);
	return step != NULL || node->parent == NULL ? step : planner_find_gone(p, node->parent);
}

/* A step does not wait for itself: a table goes with its own constraints. */
static void
add_edge(OrderNode *nodes, const PlanStep *before, const PlanStep *after)
{
	OrderNode  *first = &nodes[before->number];

	if (before == after)
		return;
	first->followers = lappend_int(first->followers, after->number);
	nodes[after->number].waits++;
}

/* Things of the expected schema -> the steps that make them. */
typedef struct Maker
{
	const char *key;			/* hash key: where the name is */
	List	   *steps;
} Maker;

static uint32
hash_name(const void *key, Size size)
{
	const char *name = *(const char *const *) key;

	return DatumGetUInt32(hash_any((const unsigned char *) name, strlen(name)));
}

static int
match_names(const void *a, const void *b, Size size)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static HTAB *
find_makers(const Planner *p)
{
	HASHCTL		ctl = {.keysize = sizeof(char *), .entrysize = sizeof(Maker)};
	HTAB	   *makers;
	ListCell   *lc;

	ctl.hcxt = CurrentMemoryContext;
	ctl.hash = hash_name;
	ctl.match = match_names;
	makers = hash_create("db_adapter makers", 256, &ctl,
						 HASH_ELEM | HASH_FUNCTION | HASH_COMPARE | HASH_CONTEXT);
	foreach(lc, p->plan->steps)
	{
		PlanStep   *step = lfirst(lc);
		ListCell   *lcm;

		foreach(lcm, step->makes)
		{
			char	   *key = lfirst(lcm);
			bool		found;
			Maker	   *maker = hash_search(makers, &key, HASH_ENTER, &found);

			maker->steps = lappend(found ? maker->steps : NIL, step);
		}
	}
	return makers;
}

/* What a thing needs comes before it. */
static void
add_needs(HTAB *makers, OrderNode *nodes, const PlanStep *step)
{
	ListCell   *lc;

	foreach(lc, step->needs)
	{
		char	   *key = lfirst(lc);
		const Maker *maker = hash_search(makers, &key, HASH_FIND, NULL);
		ListCell   *lcm;

		foreach(lcm, maker != NULL ? maker->steps : NIL)
			add_edge(nodes, lfirst(lcm), step);
	}
}

/* What needs a thing goes before it. */
static void
add_edges(Planner *p, OrderNode *nodes)
{
	HTAB	   *makers = find_makers(p);
	ListCell   *lc;

	foreach(lc, p->plan->steps)
	{
		PlanStep   *step = lfirst(lc);
		ListCell   *lcn;

		CHECK_FOR_INTERRUPTS();
		add_needs(makers, nodes, step);
		foreach(lcn, step->after)
			add_edge(nodes, lfirst(lcn), step);
		foreach(lcn, step->takes)
		{
			const GraphNode *node = lfirst(lcn);
			ListCell   *lcd;

			planner_concern(p, node);
			foreach(lcd, node->dependents)
			{
				PlanStep   *before = find_gone(p, lfirst(lcd));

				if (before != NULL)
					add_edge(nodes, before, step);
			}
		}
	}
}

/* The heap gives the largest first. */
static int
compare_urgency(Datum a, Datum b, void *arg)
{
	const OrderNode *nodes = arg;
	int			x = DatumGetInt32(a);
	int			y = DatumGetInt32(b);

	if (nodes[x].urgency != nodes[y].urgency)
		return nodes[y].urgency - nodes[x].urgency;
	return y - x;
}

/*
 * What a step waits for comes as early as that step would stand: a table that could go
 * last goes first, where a view that makes way for a column cannot be dropped before
 * it.
 *
 * By rounds, until none changes anything; they end because an urgency only falls.
 */
static void
pass_urgency_on(OrderNode *nodes, int count)
{
	bool		changed = true;

	for (int i = 0; i < count; i++)
		nodes[i].urgency = i;
	while (changed)
	{
		changed = false;
		for (int i = count - 1; i >= 0; i--)
		{
			ListCell   *lc;

			CHECK_FOR_INTERRUPTS();
			foreach(lc, nodes[i].followers)
			{
				if (nodes[lfirst_int(lc)].urgency >= nodes[i].urgency)
					continue;
				nodes[i].urgency = nodes[lfirst_int(lc)].urgency;
				changed = true;
			}
		}
	}
}

/*
 * The first in place of those that wait for each other. from only moves up, so that all
 * calls together look at each step once.
 */
static int
first_waiting(const OrderNode *nodes, int count, int *from)
{
	while (*from < count && nodes[*from].placed)
		(*from)++;
	return *from;
}

/*
 * Kahn's algorithm; of what need not wait, the first in place.  Where steps wait for
 * each other, the first of them does not: the trial says what comes of it.
 */
static List *
sort_nodes(OrderNode *nodes, int count)
{
	binaryheap *ready = binaryheap_allocate(count + 1, compare_urgency, nodes);
	List	   *result = NIL;
	int			from = 0;

	pass_urgency_on(nodes, count);
	for (int i = 0; i < count; i++)
		if (nodes[i].waits == 0)
			binaryheap_add_unordered(ready, Int32GetDatum(i));
	binaryheap_build(ready);
	while (list_length(result) < count)
	{
		int			i = binaryheap_empty(ready) ? first_waiting(nodes, count, &from)
										: DatumGetInt32(binaryheap_remove_first(ready));
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		if (nodes[i].placed)
			continue;
		nodes[i].placed = true;
		result = lappend(result, nodes[i].step);
		foreach(lc, nodes[i].followers)
			if (--nodes[lfirst_int(lc)].waits == 0 && !nodes[lfirst_int(lc)].placed)
				binaryheap_add(ready, Int32GetDatum(lfirst_int(lc)));
	}
	binaryheap_free(ready);
	return result;
}

/* Numbers are places in the array here, and those of the document only in the end. */
static OrderNode *
number_steps(Planner *p)
{
	OrderNode  *nodes = palloc0(sizeof(OrderNode) * (list_length(p->plan->steps) + 1));
	ListCell   *lc;
	int			number = 0;

	foreach(lc, p->plan->steps)
	{
		PlanStep   *step = lfirst(lc);

		step->number = number;
		nodes[number++].step = step;
	}
	add_edges(p, nodes);
	return nodes;
}

/* ---------- circles ---------- */

/*
 * Takes away all steps that sooner or later need not wait; true for those that are
 * left.  What is left is in a circle, or waits for one.
 */
static void
peel(OrderNode *nodes, int count)
{
	List	   *free = NIL;

	for (int i = 0; i < count; i++)
		if (nodes[i].waits == 0)
			free = lappend_int(free, i);
	while (free != NIL)
	{
		OrderNode  *node = &nodes[llast_int(free)];
		ListCell   *lc;

		free = list_delete_last(free);
		node->placed = true;
		foreach(lc, node->followers)
			if (--nodes[lfirst_int(lc)].waits == 0)
				free = lappend_int(free, lfirst_int(lc));
	}
}

/*
 * What can go by itself, without what it is part of.  An inherited constraint goes with
 * its parent's alone, and a generated column without its expression would be another
 * column.
 */
static bool
is_severable(const GraphNode *node)
{
	const SchemaConstraint *constraint = (const SchemaConstraint *) node->object;

	if (node->kind == &schema_policy_kind || node->kind == &schema_rule_kind)
		return node->parent_kind == &schema_table_kind;
	if (node->kind == &schema_constraint_kind)
		return !constraint->inherited &&
			   (constraint->referenced_table != NULL || strcmp(constraint->kind, "check") == 0);
	return node->part == GRAPH_DEFAULT && node->parent_kind == &schema_table_kind &&
		   ((const SchemaColumn *) node->object)->generated == NULL;
}

List *
plan_find_circles(Planner *p)
{
	OrderNode  *nodes = number_steps(p);
	List	   *result = NIL;
	ListCell   *lc;

	peel(nodes, list_length(p->plan->steps));
	foreach(lc, p->plan->steps)
	{
		const PlanStep *step = lfirst(lc);
		ListCell   *lcn;

		if (nodes[step->number].placed)
			continue;
		foreach(lcn, step->takes)
		{
			ListCell   *lcd;

			foreach(lcd, ((const GraphNode *) lfirst(lcn))->dependents)
			{
				const PlanStep *before = find_gone(p, lfirst(lcd));

				if (before != NULL && before != step && !nodes[before->number].placed &&
					is_severable(lfirst(lcd)))
					result = lappend(result, lfirst(lcd));
			}
		}
	}
	return result;
}

/* ---------- all of it ---------- */

/*
 * Why each step stands where it does: by its place, or for those that it waits for or
 * that wait for it.  nodes are in the order of places, steps in that of the plan.
 */
static void
trace_order(const OrderNode *nodes, const List *steps)
{
	static const char *const phases[] = {"rename",	  "detach",	  "schema",	   "build",
										 "constrain", "index",	  "reference", "attach",
										 "drop",	  "describe", "online"};
	ListCell   *lc;

	StaticAssertStmt(lengthof(phases) == PHASE_COUNT, "a phase has no name");

	if (!message_level_is_interesting(DEBUG2))
		return;
	foreach(lc, steps)
	{
		const PlanStep *step = lfirst(lc);
		const OrderNode *node = &nodes[step->number];
		const PlanStep *urgent = nodes[node->urgency].step;

		elog(DEBUG2, "plan: step %d, %s %s, is number %d by its place (%s, rank %d)%s%s%s%s",
			 foreach_current_index(lc) + 1, step->action, step->object, step->number + 1,
			 phases[step->place.phase], step->place.rank, urgent != step ? ", and before " : "",
			 urgent != step ? urgent->action : "", urgent != step ? " " : "",
			 urgent != step ? urgent->object : "");
	}
}

void
plan_order_steps(Planner *p)
{
	SchemaPlan *plan = p->plan;
	const PlanFacts *facts = &p->options->facts;
	OrderNode  *nodes;
	ListCell   *lc;
	int			number = 0;

	list_sort(plan->steps, compare_steps);
	nodes = number_steps(p);
	plan->steps = sort_nodes(nodes, list_length(plan->steps));
	trace_order(nodes, plan->steps);
	foreach(lc, plan->steps)
	{
		PlanStep   *step = lfirst(lc);

		step->number = ++number;
		if (facts->measure != NULL && step->relation != NULL && step->hazards != 0)
			facts->measure(step->relation, &step->rows, &step->bytes, facts->arg);
	}
}
