/*
 * plan_not_null.c
 *	  Steps for NOT NULL, which is a constraint from PostgreSQL 18 on.
 *
 * There it has a name and may be not valid: added so and validated by a step of its
 * own, it is scanned for under a lock that lets others write.  Before, it is a flag
 * of its column, and setting it scans while all others wait.
 */
#include "postgres.h"

#include "base/compat.h"
#include "commands/defrem.h"
#include "schema/ddl/ddl.h"
#include "schema/plan/plan_not_null.h"
#include "utils/builtins.h"

/* Constraints share one space of names with those of NOT NULL. */
static bool
is_taken(const SchemaTable *table, const char *name)
{
	ListCell   *lc;

	if (schema_find_child(table->constraints, name) != NULL)
		return true;
	foreach(lc, table->columns)
	{
		const SchemaColumn *column = lfirst(lc);

		if (column->not_null_name != NULL && strcmp(column->not_null_name, name) == 0)
			return true;
	}
	return false;
}

/* The expected name, or the one that the server would choose. */
static const char *
choose_name(const SchemaTable *live, const SchemaColumn *column)
{
	const char *table = live->object.name;
	char	   *name = column->not_null_constraint;

	if (name != NULL)
		return name;
	name = makeObjectName(table, column->object.name, "not_null");
	for (int i = 1; is_taken(live, name); i++)
		name = makeObjectName(table, column->object.name, psprintf("not_null%d", i));
	return name;
}

static PlanStep *
alter_column(Planner *p, PlanPhase phase, const SchemaTable *table, const SchemaColumn *column,
			 const char *clause, const char *reason)
{
	return planner_alter_table(
		p, phase, "alter_column", planner_child(table, column), table,
		psprintf("ALTER COLUMN %s %s", quote_identifier(column->object.name), clause), reason);
}

static void
validate(Planner *p, const SchemaTable *table, const SchemaColumn *column, const char *name,
		 const char *reason)
{
	PlanStep   *step =
		planner_step(p, PHASE_CONSTRAIN, "validate_constraint", planner_child(table, column), table,
					 psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", schema_identity(table),
							  quote_identifier(name)),
					 reason);

	step->relation = &table->object;
	planner_hazard(step, HAZARD_TABLE_SCAN);
}

/* staged: it is not valid yet, and validated afterwards. */
static void
add_constraint(Planner *p, const SchemaTable *table, const SchemaTable *live,
			   const SchemaColumn *column, bool staged, const char *reason)
{
	const char *name = choose_name(live, column);

	planner_alter_table(p, PHASE_CONSTRAIN, "add_constraint", planner_child(table, column), table,
						psprintf("ADD %s%s", ddl_not_null(column, name),
								 staged || column->not_null_not_valid ? " NOT VALID" : ""),
						reason);
	if (staged)
		validate(p, table, column, name, reason);
}

/* Whether SET NOT NULL does not say all there is to it. */
static bool
is_special(const SchemaColumn *column)
{
	return compat_stages_not_null && (column->not_null_constraint != NULL ||
									  column->not_null_not_valid || column->not_null_no_inherit);
}

static void
set_not_null(Planner *p, const Difference *d, const char *reason)
{
	const SchemaTable *table = d->parent;
	const SchemaTable *live = d->parent_actual;
	const SchemaColumn *column = d->expected;
	bool		staged = compat_stages_not_null && !column->not_null_not_valid &&
				  strcmp(live->kind, "table") == 0 && planner_has_rows(p, live);

	if (staged || is_special(column))
		add_constraint(p, table, live, column, staged, reason);
	else
		planner_hazard(alter_column(p, PHASE_CONSTRAIN, table, column, "SET NOT NULL", reason),
					   HAZARD_TABLE_SCAN);
}

/* A valid one is made again to be not valid; the other way it is validated. */
static void
change_validity(Planner *p, const Difference *d)
{
	const SchemaColumn *column = d->expected;
	const SchemaColumn *from = d->actual;

	if (column->not_null_not_valid)
	{
		const char *reason = "its NOT NULL is valid, expected not valid";

		alter_column(p, PHASE_DETACH, d->parent_actual, from, "DROP NOT NULL", reason);
		add_constraint(p, d->parent, d->parent_actual, column, false, reason);
	}
	else
		validate(p, d->parent, column, from->not_null_name, "its NOT NULL is not valid");
}

static void
change_constraint(Planner *p, const Difference *d)
{
	const SchemaColumn *to = d->expected;
	const char *name = ((const SchemaColumn *) d->actual)->not_null_name;
	bool		is_remade =
		to->not_null_not_valid && !((const SchemaColumn *) d->actual)->not_null_not_valid;

	if (name == NULL && difference_is(d, SchemaColumn, not_null_constraint))
		return;					/* a parent named it: no more than a warning */
	if (name == NULL)
		planner_remain(p, d, "its NOT NULL is that of a parent");
	else if (difference_is(d, SchemaColumn, not_null_not_valid))
		change_validity(p, d);
	else if (is_remade)
		return;
	else if (difference_is(d, SchemaColumn, not_null_no_inherit))
		planner_alter_table(p, PHASE_CONSTRAIN, "alter_column", planner_child(d->parent, to),
							d->parent,
							psprintf("ALTER CONSTRAINT %s %sINHERIT", quote_identifier(name),
									 to->not_null_no_inherit ? "NO " : ""),
							"whether its NOT NULL is inherited differs");
	else
		/* The last of them: the others know it by the name it has. */
		planner_alter_table(p, PHASE_ATTACH, "rename_constraint", planner_child(d->parent, to),
							d->parent,
							psprintf("RENAME CONSTRAINT %s TO %s", quote_identifier(name),
									 quote_identifier(to->not_null_constraint)),
							"its NOT NULL differs in its name alone");
}

/* NOT NULL on a new column without a value for the rows there are cannot hold. */
bool
plan_is_left_nullable(const Planner *p, const SchemaTable *live, const SchemaColumn *column)
{
	return column->not_null && !column->not_null_not_valid && column->default_value == NULL &&
		   column->identity == NULL && column->generated == NULL &&
		   schema_find_child(live->columns, column->object.name) == NULL &&
		   planner_has_rows(p, live);
}

void
plan_change_not_null(Planner *p, const Difference *d)
{
	const SchemaColumn *to = d->expected;
	const SchemaColumn *from = d->actual;

	if (!difference_is(d, SchemaColumn, not_null))
	{
		/* Otherwise the step that adds or drops it does all. */
		if (to->not_null && from->not_null)
			change_constraint(p, d);
	}
	else if (to->not_null)
		set_not_null(p, d, "its not_null is not set, expected true");
	else
		alter_column(p, PHASE_CONSTRAIN, d->parent, to, "DROP NOT NULL",
					 "its not_null is true, expected not set");
}

void
plan_set_not_null(Planner *p, const SchemaTable *table, const SchemaColumn *column,
				  const char *reason)
{
	if (is_special(column))
		add_constraint(p, table, table, column, false, reason);
	else
		alter_column(p, PHASE_BUILD, table, column, "SET NOT NULL", reason);
}

void
plan_name_not_null(const SchemaTable *table, SchemaColumn *column, const SchemaColumn *actual)
{
	if (!compat_stages_not_null || !column->not_null || column->inherited ||
		column->not_null_constraint != NULL)
		return;
	column->not_null_constraint =
		actual != NULL && actual->not_null_name != NULL
			? actual->not_null_name
			: makeObjectName(table->object.name, column->object.name, "not_null");
}
