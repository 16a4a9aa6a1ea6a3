/*
 * plan_partitions.c
 *	  Partitions that leave the whole for the time of a plan.
 *
 * The index of a partition that serves one of the whole is bound to it for good: no
 * command lets it go, and a key among them can neither be dropped by itself nor let
 * the whole's be dropped.  But a partition that is detached keeps all it has as its
 * own, and one that is attached binds what it has, by whatever name, to the indexes
 * and keys of the whole.  So a partition whose indexes are to serve the whole
 * otherwise than they do is detached first of all and attached last.  In between it is
 * a table like any other: the plan is made from a live schema in which it stands apart.
 *
 * Whatever ALTER INDEX … ATTACH PARTITION can do is done so instead, and what comes and
 * goes with the whole's index is left to the server.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/model/graph.h"
#include "schema/plan/plan_dependents.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

#define REASON "its indexes serve those of the whole otherwise"
#define TWIN_REASON "another is to be part of the whole's"

/* A partition that stays one of the same table, as it is and as it shall be. */
typedef struct Place
{
	const SchemaTable *to;
	const SchemaTable *from;
	const SchemaTable *whole;	/* expected */
	const SchemaTable *live_whole;
} Place;

/* Whether it need not be made again. */
static bool
is_kept(const SchemaIndex *to, const SchemaIndex *from)
{
	return to != NULL && from != NULL && expression_equal(to->definition, from->definition) &&
		   (to->constraint == NULL) == (from->constraint == NULL) && to->invalid == from->invalid;
}

static bool
is_key(const SchemaIndex *index)
{
	return index != NULL && index->constraint != NULL;
}

/* Of an index that is part of a live one of the whole. */
static bool
is_bound_wrongly(const Place *at, const SchemaIndex *from, const SchemaIndex *to)
{
	const SchemaIndex *live_whole = plan_find_index(at->live_whole, from->parent);
	const SchemaIndex *whole = plan_find_index(at->whole, from->parent);
	bool		stuck = is_key(from) && !is_key(live_whole);

	if (to == NULL)
		return whole != NULL || stuck;
	if (to->parent == NULL || strcmp(to->parent, from->parent) != 0)
		return true;
	/* The key of the whole is made again, and must not take its parts along. */
	if (is_key(whole) && is_key(live_whole) && whole->invalid != live_whole->invalid)
		return true;
	if (is_kept(whole, live_whole))
		return !is_kept(to, from);
	return stuck || is_key(from) != is_key(live_whole) || is_key(to) != is_key(from) ||
		   (is_key(to) && !is_key(whole));
}

/* Of one that is to be part of one of the whole's, and is not. */
static bool
is_not_bound(const Place *at, const SchemaIndex *from, const SchemaIndex *to)
{
	const SchemaIndex *whole = plan_find_index(at->whole, to->parent);
	const SchemaIndex *live_whole = plan_find_index(at->live_whole, to->parent);

	if (from == NULL)
		return is_key(whole) && live_whole != NULL && is_kept(whole, live_whole);
	return from->parent == NULL && (!is_kept(to, from) || (is_key(whole) && !is_key(from)));
}

/*
 * An index of the whole that lacks a part gets it when a partition is attached, unless it is
 * made anew: then it is made after that.
 */
static bool
can_come_back(const Place *at)
{
	ListCell   *lc;

	foreach(lc, at->whole->indexes)
	{
		const SchemaIndex *index = lfirst(lc);

		if (index->invalid &&
			is_kept(index, schema_find_child(at->live_whole->indexes, index->object.name)))
			return false;
	}
	return true;
}

static bool
has_to_leave(const Place *at)
{
	ListCell   *lc;

	foreach(lc, at->from->indexes)
	{
		const SchemaIndex *from = lfirst(lc);

		if (from->parent != NULL &&
			is_bound_wrongly(at, from, schema_find_child(at->to->indexes, from->object.name)))
			return true;
	}
	foreach(lc, at->to->indexes)
	{
		const SchemaIndex *to = lfirst(lc);

		if (to->parent != NULL &&
			is_not_bound(at, schema_find_child(at->from->indexes, to->object.name), to))
			return true;
	}
	return false;
}

static bool
find_place(const Planner *p, const SchemaTable *from, Place *at)
{
	at->from = from;
	at->to = planner_find_table(p, schema_identity(from));
	if (from->partition_of == NULL || at->to == NULL || !planner_follows_parent(at->to, from))
		return false;
	at->whole = planner_find_table(p, from->partition_of);
	at->live_whole = planner_find_live(p, from->partition_of);
	return at->whole != NULL && at->live_whole != NULL;
}

/* ---------- the table that stands apart ---------- */

/* The copy of a part is what its nodes are about from now on. */
static void
adopt_nodes(GraphNode *node, SchemaObject *object, SchemaObject *parent)
{
	GraphNode  *nodes[] = {node, node != NULL ? node->default_value : NULL,
						  node != NULL ? node->rowtype : NULL};

	for (int i = 0; i < lengthof(nodes); i++)
	{
		if (nodes[i] == NULL)
			continue;
		nodes[i]->object = object;
		nodes[i]->parent = parent;
	}
}

static void
make_own(const SchemaKind *kind, void *part)
{
	if (kind == &schema_column_kind)
		((SchemaColumn *) part)->inherited = false;
	/* Foreign keys come when the partition is attached, if they are not there. */
	else if (kind == &schema_constraint_kind &&
			 ((const SchemaConstraint *) part)->referenced_table == NULL)
		((SchemaConstraint *) part)->inherited = false;
	else if (kind == &schema_index_kind)
	{
		((SchemaIndex *) part)->inherited = false;
		((SchemaIndex *) part)->parent = NULL;
	}
}

/* Triggers of the whole are not among what a partition takes along. */
static List *
own_parts(const SchemaKind *kind, List *parts, SchemaTable *owner)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, parts)
	{
		SchemaObject *part = lfirst(lc);
		SchemaObject *copy;

		if (kind == &schema_trigger_kind && ((SchemaTrigger *) part)->inherited)
			continue;
		copy = memcpy(palloc(kind->size), part, kind->size);
		make_own(kind, copy);
		adopt_nodes(copy->node, copy, &owner->object);
		result = lappend(result, copy);
	}
	return result;
}

SchemaTable *
plan_apart(const SchemaTable *table)
{
	SchemaTable *copy = palloc(sizeof(SchemaTable));

	*copy = *table;
	copy->partition_of = copy->partition_bound = NULL;
	adopt_nodes(copy->object.node, &copy->object, NULL);
	for (int i = 0; i < schema_table_kind.nmembers; i++)
	{
		const SchemaMember *member = &schema_table_kind.members[i];

		if (member->type == MEMBER_OBJECTS)
			SCHEMA_LIST(copy, member) = own_parts(member->child, SCHEMA_LIST(copy, member), copy);
	}
	return copy;
}

/* ---------- steps ---------- */

void
plan_take_apart(Planner *p)
{
	Schema	   *actual = NULL;
	List	   *tables = NIL;
	ListCell   *lc;

	if (p->is_flat)
		return;
	plan_own_keys(p);
	if (!p->options->allow_drop)
		return;
	foreach(lc, p->actual->tables)
	{
		SchemaTable *table = lfirst(lc);
		Place		at;

		CHECK_FOR_INTERRUPTS();
		if (find_place(p, table, &at) && can_come_back(&at) && has_to_leave(&at) &&
			!plan_will_rebuild(p, at.to, table))
		{
			p->apart = lappend(p->apart, table);
			table = plan_apart(table);
		}
		tables = lappend(tables, table);
	}
	if (p->apart == NIL)
		return;
	actual = palloc(sizeof(Schema));
	*actual = *p->actual;
	actual->tables = tables;
	p->actual = actual;
}

/* Foreign keys to the whole hold on to the rows of each partition. */
static void
drop_references(Planner *p, const SchemaTable *partition, PlanStep *step)
{
	const SchemaTable *whole = planner_find_live(p, partition->partition_of);
	ListCell   *lc;

	if (whole == NULL)
		return;
	foreach(lc, p->actual->tables)
	{
		const SchemaTable *table = lfirst(lc);
		ListCell   *lcc;

		foreach(lcc, table->constraints)
		{
			const SchemaConstraint *key = lfirst(lcc);

			if (key->referenced_table == NULL || key->inherited || key->object.node == NULL ||
				strcmp(key->referenced_table, whole->object.name) != 0 ||
				strcmp(key->referenced_schema, whole->object.schema) != 0)
				continue;
			dependents_sever(p, key->object.node);
			if (planner_find_gone(p, key) != NULL)
				step->after = lappend(step->after, planner_find_gone(p, key));
		}
	}
	if (whole->partition_of != NULL)
		drop_references(p, whole, step);
}

void
plan_detach_apart(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->apart)
	{
		const SchemaTable *partition = lfirst(lc);

		drop_references(p, partition, plan_detach_partition(p, partition, REASON));
	}
}

static void
wait_for_columns(const Planner *p, PlanStep *attach, const SchemaTable *table)
{
	ListCell   *lc;

	foreach(lc, table != NULL ? table->columns : NIL)
		if (planner_find_gone(p, lfirst(lc)) != NULL)
			attach->after = lappend(attach->after, planner_find_gone(p, lfirst(lc)));
}

static bool
makes(const PlanStep *step, const char *key)
{
	return schema_lists(step->makes, key);
}

/* The steps that make an index, which are to come after what attaches a partition. */
static void
let_wait(Planner *p, const SchemaTable *table, const SchemaIndex *index, PlanStep *attach)
{
	char	   *key = schema_key(&schema_index_kind, index, table);
	ListCell   *lc;

	foreach(lc, p->plan->steps)
	{
		PlanStep   *step = lfirst(lc);

		if (makes(step, key))
			step->after = lappend(step->after, attach);
	}
}

/* Attaching would give them the parts that they are to lack. */
static void
wait_with_whole(Planner *p, PlanStep *attach, const SchemaTable *partition)
{
	const SchemaTable *whole = planner_find_table(p, partition->partition_of);
	ListCell   *lc;

	foreach(lc, whole != NULL ? whole->indexes : NIL)
		if (((const SchemaIndex *) lfirst(lc))->invalid)
			let_wait(p, whole, lfirst(lc), attach);
}

static bool
is_twin(const SchemaIndex *a, const SchemaIndex *b)
{
	return a->is_unique == b->is_unique && a->nulls_not_distinct == b->nulls_not_distinct &&
		   strcmp(a->method, b->method) == 0 && expression_equal(a->predicate, b->predicate) &&
		   list_length(a->columns) == list_length(b->columns) &&
		   strcmp(ddl_names(a->columns), ddl_names(b->columns)) == 0;
}

/*
 * Of several indexes that would serve one of the whole the server takes the one that was made
 * first: those that are not to be taken are made afterwards.
 */
static void
wait_with_twins(Planner *p, PlanStep *attach, const SchemaTable *to, const SchemaTable *from)
{
	ListCell   *lc;
	ListCell   *lcp;

	foreach(lc, to->indexes)
	{
		const SchemaIndex *own = lfirst(lc);
		const SchemaIndex *live =
			from != NULL ? schema_find_child(from->indexes, own->object.name) : NULL;
		bool		has_twin = false;

		foreach(lcp, own->parent == NULL && own->constraint == NULL ? to->indexes : NIL)
			has_twin |=
				((const SchemaIndex *) lfirst(lcp))->parent != NULL && is_twin(own, lfirst(lcp));
		if (!has_twin)
			continue;
		if (live != NULL && live->constraint == NULL &&
			plan_drop_child(p, &schema_index_kind, &schema_table_kind, from, live, PHASE_DETACH,
							TWIN_REASON))
			plan_create_child(p, &schema_index_kind, &schema_table_kind, to, own, TWIN_REASON);
		let_wait(p, to, own, attach);
	}
}

/* A partition has no column that the whole has not, and lacks none. */
void
plan_order_attached(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->expected->tables)
	{
		const SchemaTable *to = lfirst(lc);
		const SchemaTable *from = planner_find_live(p, schema_identity(to));
		PlanStep   *attach = planner_find_gone(p, &to->partition_bound);

		if (attach == NULL || (from != NULL && planner_follows_parent(to, from)))
			continue;
		wait_for_columns(p, attach, from);
		wait_for_columns(p, attach, planner_find_live(p, to->partition_of));
		wait_with_whole(p, attach, to);
		wait_with_twins(p, attach, to, from);
	}
}
