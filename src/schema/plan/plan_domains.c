/*
 * plan_domains.c
 *	  Steps for domains: their defaults, NOT NULL and checks.
 *
 * The server looks through all values of a domain before it takes another condition.  It
 * cannot look into arrays and rows, so it refuses where a column anywhere has such a type
 * with the domain in it, whatever the column holds.  Where nothing else stands on the domain it is
 * made anew (plan_enums.c).  Else a check comes NOT VALID, which new values have to meet, and
 * the rest remains.
 *
 * It never drops a domain.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/model/graph.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

#define HELD_REASON "columns hold arrays or rows of the domain, which the server does not look into"

/* ---------- who has values ---------- */

/* Columns of a type, and of the rows of tables that have such columns, and so on. */
static void
concern_columns(Planner *p, const GraphNode *type)
{
	ListCell   *lc;

	check_stack_depth();
	if (type == NULL)
		return;
	foreach(lc, type->dependents)
	{
		GraphNode  *node = lfirst(lc);

		if (list_member_ptr(p->plan->concerned, node))
			continue;
		p->plan->concerned = lappend(p->plan->concerned, node);
		if (node->kind == &schema_column_kind && node->parent != NULL && node->parent->node != NULL)
			concern_columns(p, node->parent_kind == &schema_type_kind
								   ? node->parent->node
								   : node->parent->node->rowtype);
	}
}

/* What has a domain in it may not let it change: a trial shows that, if it is there. */
static void
concern_users(Planner *p, const SchemaType *domain)
{
	concern_columns(p, domain->object.node);
}

/* Whether a column of a table is of the type, or of one that has it inside.  seen: GraphNode *. */
static bool
is_stored(const GraphNode *type, List **seen)
{
	ListCell   *lc;

	check_stack_depth();
	if (type == NULL || list_member_ptr(*seen, type))
		return false;
	*seen = lappend(*seen, unconstify(GraphNode *, type));
	foreach(lc, type->dependents)
	{
		const GraphNode *node = lfirst(lc);

		if (node->kind == &schema_type_kind && is_stored(node, seen))
			return true;
		if (node->kind != &schema_column_kind || node->part != GRAPH_OBJECT)
			continue;
		if (node->parent_kind == &schema_table_kind)
			return true;
		if (node->parent_kind == &schema_type_kind && is_stored(node->parent->node, seen))
			return true;
	}
	return false;
}

/* Of a dependent of a domain: whether it is, or is part of, something with the domain inside. */
static bool
is_holder(const GraphNode *node, const char *domain, List **seen)
{
	const SchemaObject *parent = node->parent;

	if (node->kind == &schema_type_kind)
		return strcmp(((const SchemaType *) node->object)->kind, "domain") == 0
				   ? plan_is_domain_held((const SchemaType *) node->object)
				   : is_stored(node, seen);
	if (node->kind != &schema_column_kind || node->part != GRAPH_OBJECT || parent->node == NULL)
		return false;
	if (node->parent_kind == &schema_type_kind)
		return is_stored(parent->node, seen);
	return node->parent_kind == &schema_table_kind &&
		   (strcmp(((const SchemaColumn *) node->object)->type, domain) != 0 ||
			is_stored(parent->node->rowtype, seen));
}

bool
plan_is_domain_held(const SchemaType *domain)
{
	const char *identity = schema_identity(domain);
	List	   *seen = NIL;
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, domain->object.node != NULL ? domain->object.node->dependents : NIL)
		if (is_holder(lfirst(lc), identity, &seen))
			return true;
	return false;
}

/* ---------- checks ---------- */

/* What is left of a check that is there, and holds for new values only. */
static void
remain_not_valid(Planner *p, const SchemaType *expected, const SchemaType *actual,
				 const SchemaConstraint *check)
{
	Difference *left = palloc0(sizeof(Difference));
	SchemaConstraint *not_valid = palloc(sizeof(SchemaConstraint));

	*not_valid = *check;
	not_valid->not_valid = true;
	left->kind = DIFFERENCE_CHANGED;
	left->is_error = true;
	left->object_kind = &schema_constraint_kind;
	left->parent_kind = &schema_type_kind;
	left->parent = expected;
	left->parent_actual = actual;
	left->expected = check;
	left->actual = not_valid;
	left->member = schema_find_member(&schema_constraint_kind, "not_valid");
	planner_remain(p, left, HELD_REASON);
}

/* expected: the domain as it shall be, or as it stays. */
static PlanStep *
add_check(Planner *p, const SchemaType *expected, const SchemaType *actual,
		  const SchemaConstraint *check, const char *reason)
{
	char	   *target = schema_identity(expected);
	bool		is_held = !check->not_valid && plan_is_domain_held(actual);

	if (is_held)
		remain_not_valid(p, expected, actual, check);
	return planner_step(p, PHASE_BUILD, "alter_type", target, expected,
						psprintf("ALTER DOMAIN %s ADD %s%s", target, ddl_constraint(check),
								 is_held ? " NOT VALID" : ""),
						reason);
}

static PlanStep *
drop_check(Planner *p, const SchemaType *domain, const SchemaConstraint *check, const char *reason)
{
	char	   *target = schema_identity(domain);

	return planner_step(p, PHASE_DETACH, "alter_type", target, domain,
						psprintf("ALTER DOMAIN %s DROP CONSTRAINT %s", target,
								 quote_identifier(check->object.name)),
						reason);
}

void
plan_recreate_domain_constraint(Planner *p, const SchemaType *domain,
								const SchemaConstraint *constraint, const char *reason)
{
	const SchemaType *expected =
		schema_find(p->expected->types, domain->object.schema, domain->object.name, NULL);
	const SchemaConstraint *again =
		expected != NULL ? schema_find_child(expected->constraints, constraint->object.name) : NULL;
	SchemaType *merged;

	concern_users(p, domain);
	planner_take(p, drop_check(p, domain, constraint, reason), &schema_constraint_kind, constraint,
				 NULL);
	if (again == NULL && p->options->allow_drop)
		return;
	if (again == NULL)
		again = constraint;
	merged = palloc(sizeof(SchemaType));
	*merged = expected != NULL ? *expected : *domain;
	plan_rank_copy(p, merged, expected != NULL ? expected : domain);
	add_check(p, merged, domain, again, reason);
	plan_describe_new(p, &schema_constraint_kind, &schema_type_kind, merged, again);
}

/* True when the check need not be made again to be valid. */
static bool
validate_check(Planner *p, const Difference *d)
{
	const SchemaConstraint *check = d->expected;

	if (d->kind != DIFFERENCE_CHANGED || !difference_is(d, SchemaConstraint, not_valid) ||
		check->not_valid)
		return false;
	if (plan_is_domain_held(d->parent_actual))
		planner_remain(p, d, HELD_REASON);
	else
		planner_step(p, PHASE_BUILD, "alter_type", schema_identity(d->parent), d->parent,
					 psprintf("ALTER DOMAIN %s VALIDATE CONSTRAINT %s", schema_identity(d->parent),
							  quote_identifier(check->object.name)),
					 "the constraint is not valid");
	return true;
}

void
plan_domain_constraint(Planner *p, const Difference *d)
{
	const char *reason = "the constraint differs";

	concern_users(p, d->parent_actual);
	if (validate_check(p, d))
		return;
	if (d->kind != DIFFERENCE_MISSING)
		drop_check(p, d->parent, d->actual, reason);
	if (d->kind == DIFFERENCE_EXTRA)
		return;
	planner_need(add_check(p, d->parent, d->parent_actual, d->expected, reason), d->expected);
	plan_describe_new(p, d->object_kind, d->parent_kind, d->parent, d->expected);
}

/* ---------- the domain itself ---------- */

void
plan_change_domain(Planner *p, const Difference *d)
{
	const SchemaType *to = d->expected;
	const char *member = d->member->name;
	const char *clause = NULL;

	concern_users(p, d->actual);
	if (difference_is(d, SchemaType, not_null) && to->not_null && plan_is_domain_held(d->actual))
	{
		planner_remain(p, d, HELD_REASON);
		return;
	}
	if (difference_is(d, SchemaType, default_value))
		clause = to->default_value != NULL ? psprintf("SET DEFAULT %s", to->default_value)
										   : "DROP DEFAULT";
	else if (difference_is(d, SchemaType, not_null))
		clause = to->not_null ? "SET NOT NULL" : "DROP NOT NULL";
	if (clause == NULL)
		planner_remain(p, d, psprintf("no command changes %s of a domain", member));
	else
		planner_step(p, PHASE_BUILD, "alter_type", schema_identity(to), to,
					 psprintf("ALTER DOMAIN %s %s", schema_identity(to), clause),
					 psprintf("its %s differs", member));
}
