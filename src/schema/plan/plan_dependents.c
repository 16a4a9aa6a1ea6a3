/*
 * plan_dependents.c
 *	  Whatever needs what goes or changes: dropped before, made again after.
 *
 * PostgreSQL drops nothing that something else needs, and alters no type of a column
 * that a view, policy, rule, trigger, generated column, publication or SQL-standard
 * function reads.  What needs a thing, the nodes of the live schema tell, whatever kind
 * it is.  It is taken out of the way in PHASE_DETACH, once however many ask for it, with
 * all that needs it in turn, and comes back as expected, or as it is where the expected
 * schema does not know it.
 *
 * Two things need not go.  A function that reads a column or relation in a body in SQL
 * gets an empty body for the time being, so that what calls it stays.  Indexes,
 * constraints and statistics follow a change of type by themselves.
 *
 * It assumes that the live schema was read with its graph; without nodes nothing is
 * found to need anything.  It never takes away what needs something from outside of the
 * schemas planned: that is an obstacle (planner_concern()).  What it takes away comes
 * back whether or not drops are allowed, but for what is not expected where they are.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/model/graph.h"
#include "schema/plan/plan_dependents.h"
#include "utils/builtins.h"

#define REASON "a column it reads changes"

/*
 * What its dependents are taken out of the way of.  The target and how it changes
 * decide together what has to go: an index may follow a change of type, and cannot
 * outlive its column.
 */
typedef struct Dependents
{
	Planner	   *p;
	const GraphNode *target;
	bool		is_retyped;		/* a column that gets another type; else it goes */
	const void *whole;			/* the object that goes: its own parts go with it */
	const char *reason;
} Dependents;

static void recreate_dependents(const Dependents *of);
static void recreate_readers(Planner *p, const SchemaTable *actual, const SchemaColumn *column,
							 bool is_retyped, const char *reason);

/*
 * The table or view as it shall be; as it is where the expected schema does not know
 * it.
 *
 * The answer is the live parent itself where it is not expected, which callers
 * recognize by its address.
 */
static const void *
expected_parent(Planner *p, const GraphNode *node)
{
	const SchemaObject *parent = node->parent;
	const SchemaObject *expected =
		node->parent_kind == &schema_table_kind
			? (const SchemaObject *) schema_find_table(p->expected, parent->schema, parent->name)
		: node->parent_kind == &schema_view_kind
			? (const SchemaObject *) schema_find_view(p->expected, parent->schema, parent->name)
			: schema_find(p->expected->types, parent->schema, parent->name, NULL);

	if (expected == NULL && node->parent_kind == &schema_table_kind)
		expected =
			(const SchemaObject *) schema_find_outside(p->expected, parent->schema, parent->name);
	return expected != NULL ? expected : parent;
}

static List *
children_of(const SchemaKind *parent_kind, const SchemaKind *kind, const void *parent)
{
	for (int i = 0; i < parent_kind->nmembers; i++)
		if (parent_kind->members[i].type == MEMBER_OBJECTS && parent_kind->members[i].child == kind)
			return SCHEMA_LIST(parent, &parent_kind->members[i]);
	return NIL;
}

/* The child of that name as it shall be, or NULL. */
static const void *
expected_child(const Planner *p, const GraphNode *node, const void *parent)
{
	/* Its parent is not expected. */
	if (parent == (const void *) node->parent && p->options->allow_drop)
		return NULL;
	return schema_find_child(children_of(node->parent_kind, node->kind, parent),
							 node->object->name);
}

/* ---------- what hangs on a relation ---------- */

/*
 * They went with the index of the whole; each is made again by its own definition, down
 * all levels.
 */
void
dependents_recreate_parts(Planner *p, const SchemaTable *table, const SchemaIndex *index,
						  const char *reason)
{
	char	   *name = quote_qualified_identifier(table->object.schema, index->object.name);
	ListCell   *lc;

	foreach(lc, p->expected->tables)
	{
		const SchemaTable *part = lfirst(lc);
		const SchemaTable *live;
		ListCell   *lci;

		live = schema_find_table(p->actual, part->object.schema, part->object.name);
		if (live == NULL || !planner_follows_parent(part, live))
			continue;
		foreach(lci, part->indexes)
		{
			const SchemaIndex *below = lfirst(lci);

			if (below->parent == NULL || strcmp(below->parent, name) != 0 ||
				below->constraint != NULL || planner_is_gone(p, below))
				continue;
			planner_set_gone(p, below, NULL);
			plan_create_child(p, &schema_index_kind, &schema_table_kind, part, below, reason);
			dependents_recreate_parts(p, part, below, reason);
		}
	}
}

/*
 * Out of the way and back.  What is extra and may be dropped does not come back.
 *
 * What needs the child in its turn goes too, for the same reason.
 */
static void
recreate_child(const Dependents *of, const GraphNode *node)
{
	Planner	   *p = of->p;
	const void *expected = expected_parent(p, node);
	const void *again = expected_child(p, node, expected);

	if (schema_find_outside(p->actual, node->parent->schema, node->parent->name) != NULL &&
		!planner_may_alter(p, (const SchemaTable *) node->parent, false))
		planner_obstruct(
			p, psprintf("the current role does not own table %s, whose %s %s is in the way",
						schema_identity(node->parent), node->kind->name,
						quote_identifier(node->object->name)));
	if (planner_is_part(node->kind, node->object) ||
		!plan_drop_child(p, node->kind, node->parent_kind, node->parent, node->object, PHASE_DETACH,
						 of->reason))
		return;
	if (again == NULL && !p->options->allow_drop)
		again = node->object;
	/* A key makes its index by itself. */
	if (again != NULL && node->kind == &schema_index_kind &&
		((const SchemaIndex *) again)->constraint != NULL)
		again = NULL;
	if (again != NULL)
		plan_create_child(p, node->kind, node->parent_kind, expected, again, of->reason);
	if (again != NULL && node->kind == &schema_index_kind &&
		node->parent_kind == &schema_table_kind &&
		((const SchemaTable *) expected)->partition_key != NULL)
		dependents_recreate_parts(p, expected, again, of->reason);
	dependents_recreate_object(p, node->kind, node->object, node->parent, of->reason);
}

/*
 * A foreign key that needs the key, the column or the table that goes.  A copy on a
 * partition goes with the key that it is of.
 */
static void
recreate_reference(const Dependents *of, const GraphNode *node)
{
	const SchemaConstraint *key = (const SchemaConstraint *) node->object;

	if (!key->inherited)
		recreate_child(of, node);
}

static const SchemaColumn *
find_column(const SchemaTable *table, const char *name)
{
	return table != NULL ? schema_find_child(table->columns, name) : NULL;
}

static bool
is_retyped(const Planner *p, const SchemaTable *actual, const char *name)
{
	const SchemaTable *expected =
		actual != NULL ? schema_find_table(p->expected, actual->object.schema, actual->object.name)
					   : NULL;
	const SchemaColumn *to = find_column(expected, name);
	const SchemaColumn *from = find_column(actual, name);

	return to != NULL && from != NULL &&
		   (!expression_equal(to->type, from->type) || planner_is_recreated(p, from->type));
}

/*
 * A foreign key is checked again whenever one of its columns changes.  Where both
 * sides change, it has to wait for the other: in between they do not compare.
 */
static bool
must_wait(const Dependents *of, const GraphNode *node)
{
	const SchemaConstraint *key = (const SchemaConstraint *) node->object;
	const SchemaTable *table = (const SchemaTable *) node->parent;
	const SchemaTable *other =
		schema_find_table(of->p->actual, key->referenced_schema, key->referenced_table);

	for (int i = 0; i < list_length(key->columns); i++)
		if (is_retyped(of->p, table, list_nth(key->columns, i)) &&
			is_retyped(of->p, other, list_nth(key->referenced_columns, i)))
			return true;
	return false;
}

/* A parenthesis in a key is taken for an expression. */
static bool
has_expression(const GraphNode *node)
{
	const SchemaIndex *index = (const SchemaIndex *) node->object;
	ListCell   *lc;

	if (node->kind == &schema_constraint_kind)
		return strcmp(((const SchemaConstraint *) node->object)->kind, "check") == 0;
	foreach(lc, index->columns)
		if (strchr(lfirst(lc), '(') != NULL)
			return true;
	return index->predicate != NULL;
}

/* Whether it follows a change of type: as it is, it would be what is expected. */
static bool
follows_type(const Planner *p, const GraphNode *node, const void *expected)
{
	const SchemaMember *definition = schema_find_member(node->kind, "definition");
	const void *again = expected_child(p, node, expected);

	if (!has_expression(node))
		return true;
	return again != NULL &&
		   expression_equal(SCHEMA_TEXT(again, definition), SCHEMA_TEXT(node->object, definition));
}

/* An index that not all partitions have a part of would come back as if they had. */
static bool
lacks_parts(const GraphNode *node)
{
	if (node->kind == &schema_index_kind)
		return ((const SchemaIndex *) node->object)->invalid;
	return ddl_is_of_whole_alone((const SchemaTable *) node->parent,
								 (const SchemaConstraint *) node->object);
}

/* Names in it are those of the new type by then, or it goes: not while the old one is there. */
static void
recreate_stored(const Dependents *of, const GraphNode *node)
{
	if (!of->is_retyped || lacks_parts(node) ||
		!follows_type(of->p, node, expected_parent(of->p, node)))
		recreate_child(of, node);
}

/* A key's index goes with the key. */
static void
recreate_index(const Dependents *of, const GraphNode *node)
{
	const SchemaIndex *index = (const SchemaIndex *) node->object;
	ListCell   *lc;

	if (index->constraint == NULL)
	{
		recreate_stored(of, node);
		return;
	}
	foreach(lc, ((const SchemaTable *) node->parent)->constraints)
	{
		const SchemaConstraint *key = lfirst(lc);

		if (key->object.node != NULL && key->referenced_table == NULL &&
			strcmp(key->index != NULL ? key->index : key->object.name, index->object.name) == 0)
			recreate_stored(of, key->object.node);
	}
}

/* A domain's check follows a change of type. */
static void
recreate_constraint(const Dependents *of, const GraphNode *node)
{
	const SchemaConstraint *constraint = (const SchemaConstraint *) node->object;

	if (node->parent_kind == &schema_type_kind)
	{
		if (!of->is_retyped)
			plan_recreate_domain_constraint(of->p, (const SchemaType *) node->parent, constraint,
											of->reason);
	}
	else if (constraint->referenced_table == NULL)
		recreate_stored(of, node);
	else if (!of->is_retyped || must_wait(of, node))
		recreate_reference(of, node);
}

/* They follow a change of type, but lose their target and their owner. */
static void
recreate_statistics(const Dependents *of, const GraphNode *node)
{
	Planner	   *p = of->p;
	const SchemaStatistics *statistics = (const SchemaStatistics *) node->object;
	const SchemaStatistics *again =
		schema_find(p->expected->statistics, node->object->schema, node->object->name, NULL);

	planner_take(p,
				 planner_step(p, PHASE_DETACH, "drop_statistics", schema_identity(statistics),
							  statistics, ddl_drop(&schema_statistics_kind, statistics),
							  of->reason),
				 node->kind, statistics, NULL);
	if (again != NULL || !p->options->allow_drop)
		plan_create_statistics(p, again != NULL ? again : statistics, statistics, of->reason);
}

/* ---------- columns ---------- */

/*
 * The table to alter once it is as expected; one that stays as it is comes after all
 * others.  A copy, because a live object is ranked for being taken away, and this step
 * makes something.
 */
static const SchemaTable *
altered_table(Planner *p, const GraphNode *node)
{
	const SchemaTable *expected = expected_parent(p, node);
	SchemaTable *copy;

	if (expected != (const SchemaTable *) node->parent)
		return expected;
	copy = palloc(sizeof(SchemaTable));
	*copy = *expected;
	plan_rank_copy(p, copy, expected);
	return copy;
}

/* The column as it shall be, or stays; NULL where it goes. */
static const SchemaColumn *
expected_column(Planner *p, const GraphNode *node)
{
	const SchemaColumn *to = expected_child(p, node, expected_parent(p, node));

	if (to == NULL && !p->options->allow_drop)
		to = (const SchemaColumn *) node->object;
	return to;
}

static void
recreate_default(const Dependents *of, const GraphNode *node)
{
	Planner	   *p = of->p;
	const SchemaColumn *from = (const SchemaColumn *) node->object;
	const SchemaTable *actual = (const SchemaTable *) node->parent;
	const SchemaTable *table = altered_table(p, node);
	const SchemaColumn *to = expected_column(p, node);
	const char *name = quote_identifier(from->object.name);
	char	   *object = planner_child(actual, from);

	planner_set_gone(p, node,
					 planner_alter_table(p, PHASE_DETACH, "alter_column", object, actual,
										 psprintf("ALTER COLUMN %s DROP DEFAULT", name),
										 of->reason));
	/* A step that changes the type sets the default too. */
	if (to != NULL && to->default_value != NULL && to->generated == NULL &&
		!is_retyped(p, actual, from->object.name))
		planner_need(
			planner_run_late(planner_alter_table(
				p, PHASE_BUILD, "alter_column", object, table,
				psprintf("ALTER COLUMN %s SET DEFAULT %s", name, to->default_value), of->reason)),
			to);
}

static void
recreate_view_default(const Dependents *of, const GraphNode *node)
{
	Planner	   *p = of->p;
	const SchemaColumn *from = (const SchemaColumn *) node->object;
	const SchemaView *view = expected_parent(p, node);
	const SchemaColumn *to = schema_find_child(view->columns, from->object.name);

	planner_set_gone(
		p, node,
		planner_step(p, PHASE_DETACH, "alter_view", planner_child(node->parent, from), node->parent,
					 psprintf("ALTER VIEW %s ALTER COLUMN %s DROP DEFAULT",
							  schema_identity(node->parent), quote_identifier(from->object.name)),
					 of->reason));
	if (to != NULL && to->default_value != NULL)
		plan_view_default(p, view, to, of->reason);
}

/*
 * A generated column takes a new expression only by being made again, and so it does
 * where something it needs changes.
 *
 * The table is noted as refilled: rows get values, which cannot be while its row type
 * is used by a column elsewhere (plan_check_refilled()).
 */
void
dependents_recreate_generated(Planner *p, const SchemaTable *actual, const SchemaTable *expected,
							  const SchemaColumn *from, const SchemaColumn *to, const char *reason)
{
	char	   *object = planner_child(expected, from);
	SchemaColumn again;
	PlanStep   *step;

	if (planner_is_gone(p, from))
		return;
	planner_set_gone(p, from, NULL);
	dependents_recreate_object(p, &schema_column_kind, from, actual, reason);
	plan_republish(p, actual, from->object.name, true);
	step = planner_alter_table(p, PHASE_DETACH, "drop_column", object, actual,
							   psprintf("DROP COLUMN %s", quote_identifier(from->object.name)),
							   reason);
	planner_take(p, step, &schema_column_kind, from, actual);
	if (from->generated == NULL)
		planner_hazard(step, HAZARD_DATA_LOSS);
	if (to == NULL)
		return;
	p->refilled = lappend(p->refilled, unconstify(SchemaTable *, actual));
	again = *to;
	plan_keep_description(p, &again.object, &from->object);
	step = planner_run_late(planner_alter_table(p, PHASE_BUILD, "add_column", object, expected,
												psprintf("ADD COLUMN %s", ddl_column(to)), reason));
	planner_retype(step, actual);
	planner_hazard(step, HAZARD_TABLE_REWRITE);
	plan_column_extras(p, expected, &again, reason);
}

static void
recreate_generated(const Dependents *of, const GraphNode *node)
{
	const SchemaColumn *column = (const SchemaColumn *) node->object;
	const SchemaTable *actual = (const SchemaTable *) node->parent;
	const SchemaTable *expected = expected_parent(of->p, node);
	const SchemaColumn *to = expected_column(of->p, node);

	if (column->inherited &&
		planner_column_follows(of->p, expected, actual, column->object.name, DIFFERENCE_CHANGED))
		return;
	/* One that is to be plain becomes so before anything else. */
	if (to == NULL || to->generated != NULL)
		dependents_recreate_generated(of->p, actual, expected, column, to, of->reason);
}

/* The server would let indexes and checks go along with a column: of these no edge is told. */
static void
wait_for_stored(const Planner *p, PlanStep *step, const SchemaColumn *column)
{
	ListCell   *lc;

	foreach(lc, column->object.node->followers)
	{
		PlanStep   *before = planner_find_gone(p, ((const GraphNode *) lfirst(lc))->object);

		if (before != NULL)
			step->after = lappend(step->after, before);
	}
}

/*
 * A column of a type that cannot change while columns have it, or whose collation goes,
 * is of another in between: text, by which its values get through.
 */
static void
convert_column(const Dependents *of, const GraphNode *node)
{
	Planner	   *p = of->p;
	const SchemaColumn *from = (const SchemaColumn *) node->object;
	const SchemaTable *actual = (const SchemaTable *) node->parent;
	const SchemaTable *table = altered_table(p, node);
	const SchemaColumn *to = expected_column(p, node);
	const char *name = quote_identifier(from->object.name);
	char	   *object = planner_child(actual, from);
	StringInfoData sql;

	/* A table that is not expected goes before; one that is rebuilt has a column by then. */
	if (planner_is_gone(p, node) ||
		(p->options->allow_drop && expected_parent(p, node) == (const void *) actual))
		return;
	initStringInfo(&sql);
	if (from->default_value != NULL)
		appendStringInfo(&sql, "ALTER COLUMN %s DROP DEFAULT, ", name);
	appendStringInfo(&sql, "ALTER COLUMN %s TYPE pg_catalog.text COLLATE pg_catalog.\"default\"%s",
					 name, planner_using(actual, psprintf("%s::pg_catalog.text", name)));
	planner_set_gone(
		p, node,
		planner_alter_table(p, PHASE_DETACH, "alter_column", object, actual, sql.data, of->reason));
	planner_hazard(planner_find_gone(p, node), HAZARD_TABLE_REWRITE);
	planner_find_gone(p, node)->takes = list_make1(unconstify(GraphNode *, node));
	planner_retype(planner_find_gone(p, node), actual);
	/* What is stored of it might not be of text: an index by operators that text has not. */
	recreate_readers(p, actual, from, false, of->reason);
	wait_for_stored(p, planner_find_gone(p, node), from);
	if (to == NULL || planner_is_rebuilt(p, actual))
		return;
	resetStringInfo(&sql);
	appendStringInfo(&sql, "ALTER COLUMN %s TYPE %s", name, to->type);
	if (to->collation != NULL)
		appendStringInfo(&sql, " COLLATE %s", to->collation);
	appendStringInfoString(&sql, planner_using(actual, psprintf("%s::%s", name, to->type)));
	if (to->default_value != NULL)
		appendStringInfo(&sql, ", ALTER COLUMN %s SET DEFAULT %s", name, to->default_value);
	planner_hazard(planner_run_late(planner_alter_table(p, PHASE_BUILD, "alter_column", object,
														table, sql.data, of->reason)),
				   HAZARD_TABLE_REWRITE);
	plan_keep_storage(p, table, to, of->reason);
}

static void
recreate_column(const Dependents *of, const GraphNode *node)
{
	const SchemaColumn *column = (const SchemaColumn *) node->object;

	/* It is converted with all columns of the type, or with its parent's. */
	if (planner_is_recreated(of->p, column->type) || node->parent_kind == &schema_type_kind ||
		(column->inherited && planner_column_follows(of->p, expected_parent(of->p, node),
													 (const SchemaTable *) node->parent,
													 column->object.name, DIFFERENCE_CHANGED)))
		return;
	if (of->target->part == GRAPH_ROWTYPE || of->target->kind == &schema_other_kind ||
		of->target->kind == &schema_type_kind)
		convert_column(of, node);
}

/* ---------- functions ---------- */

/* Where the body in SQL begins of a function that has one, parsed when it was made. */
static const char *
find_body(const SchemaFunction *function)
{
	const char *atomic = strstr(function->definition, "\nBEGIN ATOMIC\n");

	if (strcmp(function->language, "sql") != 0 || strstr(function->definition, "\nAS ") != NULL)
		return NULL;
	return atomic != NULL ? atomic : strstr(function->definition, "\nRETURN ");
}

static const SchemaFunction *
expected_function(const Planner *p, const SchemaFunction *function)
{
	const SchemaObject *o = &function->object;

	return schema_find(p->expected->functions, o->schema, o->name, o->signature);
}

void
dependents_empty_function(Planner *p, const SchemaFunction *function, const char *reason)
{
	const char *body = find_body(function);
	const SchemaFunction *again = expected_function(p, function);
	SchemaFunction *copy;

	if (body == NULL || planner_is_gone(p, function->object.node))
		return;
	/* Before the views that it reads go. */
	planner_set_gone(
		p, function->object.node,
		planner_run_first(planner_step(
			p, PHASE_DETACH, "empty_function", schema_identity(function), function,
			psprintf("%.*s\nAS ''", (int) (body - function->definition), function->definition),
			reason)));
	if (again != NULL ? !expression_equal(again->definition, function->definition)
					  : p->options->allow_drop)
		return;					/* there is a step for it */
	copy = palloc(sizeof(SchemaFunction));
	*copy = *function;
	plan_rank_copy(p, copy, again != NULL ? again : function);
	planner_make(planner_step(p, PHASE_BUILD, "replace_function", schema_identity(function), copy,
							  plan_create_function(function, true), reason),
				 &schema_function_kind, function, NULL);
}

/* What a body reads lets go of it when the body is empty; a type of its arguments does not. */
static void
recreate_function(const Dependents *of, const GraphNode *node)
{
	Planner	   *p = of->p;
	const SchemaFunction *function = (const SchemaFunction *) node->object;
	const GraphNode *target = of->target;
	bool		by_body = target->part != GRAPH_ROWTYPE && target->kind != &schema_type_kind &&
				   target->kind != &schema_function_kind && target->kind != &schema_other_kind;
	const SchemaFunction *again = expected_function(p, function);

	if (by_body && find_body(function) != NULL)
		dependents_empty_function(p, function, of->reason);
	else
		plan_recreate_function(
			p, function, again == NULL && !p->options->allow_drop ? function : again, of->reason);
}

static void
recreate_other(const Dependents *of, const GraphNode *node)
{
	Planner	   *p = of->p;
	const SchemaOther *other = (const SchemaOther *) node->object;
	const SchemaOther *again = schema_find(p->expected->others, node->object->schema,
										   node->object->name, node->object->signature);

	plan_recreate_other(p, other, again == NULL && !p->options->allow_drop ? other : again,
						of->reason);
}

/* ---------- all of them ---------- */

/* What is gone already, or comes back with something else. */
static bool
is_moot(Planner *p, const GraphNode *node)
{
	if (node->part == GRAPH_DEFAULT && planner_is_gone(p, node))
		return true;
	if (planner_is_gone(p, node->object))
		return true;
	return node->parent_kind == &schema_view_kind && planner_is_detached(p, node->parent);
}

/*
 * The table makes way for a new one, which has it as it shall be; until its rows are
 * copied it is there, without what needs something that goes before.
 */
static void
release_one(const Dependents *of, const GraphNode *node)
{
	Planner	   *p = of->p;
	const SchemaColumn *column = (const SchemaColumn *) node->object;
	const char *clause;

	if (node->kind != &schema_column_kind)
	{
		if (!planner_is_part(node->kind, node->object))
			plan_drop_child(p, node->kind, node->parent_kind, node->parent, node->object,
							PHASE_DETACH, of->reason);
		return;
	}
	if (node->part != GRAPH_DEFAULT || (column->generated != NULL && column->inherited))
		return;
	clause = column->generated != NULL ? "DROP EXPRESSION" : "DROP DEFAULT";
	planner_set_gone(p, node,
					 planner_alter_table(p, PHASE_DETACH, "alter_column",
										 planner_child(node->parent, column),
										 (const SchemaTable *) node->parent,
										 psprintf("ALTER COLUMN %s %s",
												  quote_identifier(column->object.name), clause),
										 of->reason));
}

static void
recreate_one(const Dependents *of, const GraphNode *node)
{
	const SchemaKind *kind = node->kind;

	check_stack_depth();
	if (is_moot(of->p, node) || (of->whole != NULL && of->whole == graph_top(node)))
		return;
	if (node->parent_kind == &schema_table_kind && planner_is_rebuilt(of->p, node->parent) &&
		(kind != &schema_column_kind || node->part != GRAPH_OBJECT))
		release_one(of, node);
	else if (kind == &schema_view_kind ||
			 (kind == &schema_column_kind && node->part == GRAPH_OBJECT &&
			  node->parent_kind == &schema_view_kind))
		plan_detach_view(of->p, (const SchemaView *) graph_top(node));
	else if (kind == &schema_function_kind)
		recreate_function(of, node);
	else if (kind == &schema_other_kind)
		recreate_other(of, node);
	else if (kind == &schema_statistics_kind)
		recreate_statistics(of, node);
	else if (kind == &schema_constraint_kind)
		recreate_constraint(of, node);
	else if (kind == &schema_index_kind)
		recreate_index(of, node);
	else if (kind == &schema_column_kind && node->part == GRAPH_OBJECT)
		recreate_column(of, node);
	else if (kind == &schema_column_kind && node->parent_kind == &schema_view_kind)
		recreate_view_default(of, node);
	else if (kind == &schema_column_kind && ((const SchemaColumn *) node->object)->generated)
		recreate_generated(of, node);
	else if (kind == &schema_column_kind && node->parent_kind == &schema_table_kind &&
			 !planner_is_recreated(of->p, ((const SchemaColumn *) node->object)->type))
		recreate_default(of, node);
	else if (kind == &schema_trigger_kind || kind == &schema_policy_kind ||
			 kind == &schema_rule_kind)
		recreate_child(of, node);
}

static void
recreate_dependents(const Dependents *of)
{
	ListCell   *lc;

	if (of->target == NULL)
		return;
	planner_concern(of->p, of->target);
	foreach(lc, of->target->dependents)
	{
		CHECK_FOR_INTERRUPTS();
		recreate_one(of, lfirst(lc));
	}
	foreach(lc, of->target->followers)
		recreate_one(of, lfirst(lc));
}

void
dependents_recreate_object(Planner *p, const SchemaKind *kind, const void *object,
						   const void *parent, const char *reason)
{
	ListCell   *lc;

	foreach(lc, graph_nodes(kind, object, parent))
	{
		Dependents	of = {p, lfirst(lc), false, parent == NULL ? object : NULL, reason};

		recreate_dependents(&of);
	}
}

/* Children of the table get the other type too. */
static void
recreate_below(Planner *p, const SchemaTable *actual, const SchemaColumn *column, bool is_retyped,
			   const char *reason)
{
	char	   *name = schema_identity(actual);
	ListCell   *lc;

	foreach(lc, p->actual->tables)
	{
		const SchemaTable *child = lfirst(lc);
		const SchemaColumn *below;

		if (child->partition_of != NULL ? strcmp(child->partition_of, name) != 0
										: !schema_lists(child->inherits, name))
			continue;
		below = schema_find_child(child->columns, column->object.name);
		if (below != NULL && below->generated == NULL)
			recreate_readers(p, child, below, is_retyped, reason);
	}
}

/* Views need the whole row of what they read: whichever column it is, they may name it. */
static void
recreate_readers(Planner *p, const SchemaTable *actual, const SchemaColumn *column, bool is_retyped,
				 const char *reason)
{
	Dependents	of = {p, column->object.node, is_retyped, NULL, reason};
	GraphNode  *table = actual->object.node;
	ListCell   *lc;

	recreate_dependents(&of);
	plan_republish(p, actual, column->object.name, true);
	recreate_below(p, actual, column, is_retyped, reason);
	if (table == NULL)
		return;
	p->plan->concerned = list_concat(p->plan->concerned, table->dependents);
	foreach(lc, table->dependents)
	{
		GraphNode  *node = lfirst(lc);

		if (node->kind == &schema_view_kind)
			recreate_one(&of, node);
	}
	of.target = table->rowtype;
	of.is_retyped = false;
	if (table->rowtype != NULL)
		foreach(lc, table->rowtype->dependents)
		{
			GraphNode  *node = lfirst(lc);

			if (node->kind == &schema_column_kind && node->part == GRAPH_OBJECT)
				recreate_one(&of, node);
		}
}

void
dependents_recreate(Planner *p, const SchemaTable *actual, const SchemaTable *expected,
					const SchemaColumn *column, const char *reason)
{
	recreate_readers(p, actual, column, true, reason);
}

void
dependents_recreate_of_type(Planner *p, const SchemaType *type, const char *reason)
{
	dependents_recreate_object(p, &schema_type_kind, type, NULL, reason);
}

void
dependents_sever(Planner *p, GraphNode *node)
{
	Dependents	of = {.p = p, .target = node, .reason = "what it needs goes, and needs it in turn"};

	recreate_one(&of, node);
}

/*
 * Columns of a type, of arrays of it, and of whatever has such a column in it in turn: a
 * composite type, the rows of a table.
 */
static void
convert_columns(Dependents *of, const GraphNode *type, List **visited)
{
	ListCell   *lc;

	check_stack_depth();
	if (type == NULL || list_member_ptr(*visited, type))
		return;
	*visited = lappend(*visited, unconstify(GraphNode *, type));
	planner_concern(of->p, type);
	foreach(lc, type->dependents)
	{
		GraphNode  *user = lfirst(lc);

		if (user->kind != &schema_column_kind || user->part != GRAPH_OBJECT ||
			user->parent->node == NULL)
			continue;
		if (user->parent_kind == &schema_type_kind)
			convert_columns(of, user->parent->node, visited);
		else if (user->parent_kind == &schema_table_kind)
		{
			recreate_one(of, user);
			convert_columns(of, user->parent->node->rowtype, visited);
		}
	}
}

void
dependents_convert_columns(Planner *p, const SchemaType *type, const char *reason)
{
	Dependents	of = {.p = p, .target = type->object.node, .reason = reason};
	List	   *visited = NIL;

	convert_columns(&of, type->object.node, &visited);
}
