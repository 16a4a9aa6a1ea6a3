/*
 * plan_prepare.c
 *	  What has to be out of the way before anything is made or changed.
 *
 * Most of what is not expected goes when everything else is in its place: nothing
 * expected needs it any more.  Early go those things that are made again, that hold a
 * name, or that something needs which does not change by itself: a policy, say, that
 * calls a function by its name and is to call another of that name.
 *
 * It assumes that ranks and what is rebuilt are known.  It only takes out of the way,
 * and has what comes back made again; the difference itself is planned later, by the
 * file for its kind, which asks here what is gone.  Without allow_drop nothing goes
 * that does not come back.
 */
#include "postgres.h"

#include "base/compat.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "schema/model/expression.h"
#include "schema/model/graph.h"
#include "schema/plan/plan_dependents.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

static List *
list_of(const Schema *schema, const SchemaKind *kind)
{
	for (int i = 0; i < schema_kind.nmembers; i++)
		if (schema_kind.members[i].type == MEMBER_OBJECTS && schema_kind.members[i].child == kind)
			return SCHEMA_LIST(schema, &schema_kind.members[i]);
	return NIL;
}

/*
 * The part of the expected schema that a node of the live one stands for, or NULL.
 * Found by kind and name, since the expected side has no nodes.
 */
static const void *
find_expected(const Planner *p, const GraphNode *node)
{
	const SchemaObject *top = graph_top(node);
	const void *expected = schema_find(list_of(p->expected, graph_top_kind(node)), top->schema,
									   top->name, top->signature);

	if (expected == NULL || node->parent == NULL)
		return expected;
	for (int i = 0; i < node->parent_kind->nmembers; i++)
	{
		const SchemaMember *list = &node->parent_kind->members[i];

		if (list->type == MEMBER_OBJECTS && list->child == node->kind)
			return schema_find_child(SCHEMA_LIST(expected, list), node->object->name);
	}
	return NULL;
}

/*
 * Whether it is expected just as it is, in so far as it needs others.  What is not
 * expected stays as well where nothing may be dropped.
 */
static bool
stays(const Planner *p, const GraphNode *node)
{
	const void *expected = find_expected(p, node);
	const SchemaMember *definition = schema_find_member(node->kind, "definition");

	if (expected == NULL)
		return !p->options->allow_drop;
	if (node->kind == &schema_column_kind)
		return node->part == GRAPH_DEFAULT &&
			   expression_equal(((const SchemaColumn *) expected)->default_value,
								((const SchemaColumn *) node->object)->default_value) &&
			   expression_equal(((const SchemaColumn *) expected)->generated,
								((const SchemaColumn *) node->object)->generated);
	return definition == NULL || expression_equal(SCHEMA_TEXT(expected, definition),
												  SCHEMA_TEXT(node->object, definition));
}

/* Whether a drop at the end would fail for something that no step takes away. */
static bool
is_needed(const Planner *p, const SchemaKind *kind, const void *object)
{
	ListCell   *lc;

	foreach(lc, graph_nodes(kind, object, NULL))
	{
		ListCell   *lcd;

		foreach(lcd, ((const GraphNode *) lfirst(lc))->dependents)
			if (stays(p, lfirst(lcd)))
				return true;
	}
	return false;
}

/*
 * Whether something expected takes the name of an index, in another place than it is.
 * Indexes share their names with tables, views and sequences of the schema.
 */
static bool
is_name_taken(const Planner *p, const SchemaTable *holder, const char *name)
{
	ListCell   *lc;

	if (schema_find_view(p->expected, holder->object.schema, name) != NULL ||
		schema_find(p->expected->sequences, holder->object.schema, name, NULL) != NULL)
		return true;
	foreach(lc, p->expected->tables)
	{
		const SchemaTable *table = lfirst(lc);

		if (strcmp(table->object.schema, holder->object.schema) == 0 &&
			(strcmp(table->object.name, name) == 0 ||
			 schema_find_child(table->indexes, name) != NULL))
			return true;
	}
	return false;
}

/* Indexes of a table that goes late are in nobody's way under another name. */
static void
free_names(Planner *p, const SchemaTable *table)
{
	ListCell   *lc;

	foreach(lc, table->indexes)
	{
		const SchemaIndex *index = lfirst(lc);
		char	   *name = quote_qualified_identifier(table->object.schema, index->object.name);
		char	   *other = makeObjectName(index->object.name, NULL, "old");

		CHECK_FOR_INTERRUPTS();
		if (index->inherited || !is_name_taken(p, table, index->object.name))
			continue;
		for (int i = 1; planner_is_taken(p, table->object.schema, other); i++)
			other = makeObjectName(index->object.name, psprintf("%d", i), "old");
		planner_run_first(
			planner_step(p, PHASE_DETACH, "rename_index", name, table,
						 psprintf("ALTER INDEX %s RENAME TO %s", name, quote_identifier(other)),
						 "something else takes its name"));
	}
}

/* Another of its name comes: calls would not know which of the two they mean. */
static bool
is_overloaded(const Planner *p, const SchemaFunction *function)
{
	ListCell   *lc;

	foreach(lc, p->expected->functions)
	{
		const SchemaObject *other = lfirst(lc);

		if (strcmp(other->name, function->object.name) == 0 &&
			strcmp(other->schema, function->object.schema) == 0 &&
			schema_find(p->actual->functions, other->schema, other->name, other->signature) == NULL)
			return true;
	}
	return false;
}

/* Without allow_drop nothing is taken away, so nothing has to make way for that. */
static void
prepare_extra(Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->object_kind;

	if (!p->options->allow_drop)
		return;
	if (d->parent_kind != NULL)
	{
		/* What hangs on a table goes before all else is made. */
		if ((d->parent_kind == &schema_table_kind && kind != &schema_column_kind) ||
			(d->parent_kind == &schema_view_kind && kind == &schema_index_kind))
			dependents_recreate_object(p, kind, d->actual, d->parent_actual, "what it needs goes");
	}
	else if (planner_drop_phase(p, kind, d->actual) == PHASE_DETACH)
	{
		if (kind == &schema_view_kind)
			plan_detach_view(p, d->actual);
		else
			dependents_recreate_object(p, kind, d->actual, NULL,
									   "something else takes the name of what it needs");
	}
	else if (kind == &schema_table_kind)
		free_names(p, d->actual);
	else if (kind == &schema_function_kind &&
			 (is_needed(p, kind, d->actual) || is_overloaded(p, d->actual)))
		plan_recreate_function(p, d->actual, NULL, "the function is not expected");
	else if (kind == &schema_other_kind && is_needed(p, kind, d->actual))
		plan_recreate_other(p, d->actual, NULL, "it is not expected");
}

/*
 * A key or index that is made again.  What is excepted here is changed in place, and
 * nothing that needs it has to go.
 */
static bool
is_dropped_key(const Difference *d)
{
	return d->parent_kind == &schema_table_kind &&
		   ((d->object_kind == &schema_constraint_kind &&
			 !difference_is(d, SchemaConstraint, not_valid) &&
			 d->member->compare != COMPARE_COMMENT) ||
			(d->object_kind == &schema_index_kind && !difference_is(d, SchemaIndex, clustered) &&
			 !difference_is(d, SchemaIndex, statistics) && !difference_is(d, SchemaIndex, parent) &&
			 !difference_is(d, SchemaIndex, invalid) && d->member->compare != COMPARE_COMMENT));
}

static void
prepare_changed(Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->object_kind;

	if (kind == &schema_column_kind && d->parent_kind == &schema_table_kind)
		plan_prepare_column(p, d);
	else if (kind == &schema_view_kind && plan_must_recreate(p, d))
		plan_detach_view(p, d->actual);
	else if (kind == &schema_function_kind && plan_must_recreate(p, d))
		plan_recreate_function(p, d->actual, d->expected, "its definition differs");
	else if (kind == &schema_other_kind && difference_is(d, SchemaOther, definition))
		plan_recreate_other(p, d->actual, d->expected, "its definition differs");
	else if (d->parent_kind == &schema_type_kind && kind == &schema_column_kind &&
			 (difference_is(d, SchemaColumn, type) || difference_is(d, SchemaColumn, collation)))
		dependents_convert_columns(p, d->parent_actual, "its composite type changes");
	else if (is_dropped_key(d))
		dependents_recreate_object(p, kind, d->actual, d->parent_actual,
								   "the key it needs is made again");
}

bool
plan_is_of_frozen(const Planner *p, const Difference *d)
{
	const SchemaTable *to = d->parent_kind == &schema_table_kind ? d->parent : d->expected;
	const SchemaTable *from = d->parent_kind == &schema_table_kind ? d->parent_actual : d->actual;

	if (p->is_flat || to == NULL || from == NULL)
		return false;
	if (d->parent_kind == &schema_table_kind)
		return (d->object_kind == &schema_index_kind || d->object_kind == &schema_constraint_kind ||
				d->object_kind == &schema_trigger_kind) &&
			   planner_is_frozen(p, to, from);
	return (difference_is(d, SchemaTable, partition_of) ||
			difference_is(d, SchemaTable, partition_bound)) &&
		   planner_is_frozen(p, to, from);
}

/*
 * Before any step is made for a difference itself: each of these asks what is gone
 * already.
 */
void
plan_prepare(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (plan_is_of_rebuilt(p, d) || plan_is_of_frozen(p, d))
			continue;
		if (d->kind == DIFFERENCE_CHANGED)
			prepare_changed(p, d);
		else if (d->kind == DIFFERENCE_EXTRA)
			prepare_extra(p, d);
	}
}
