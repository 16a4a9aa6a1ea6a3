/*
 * plan_children.c
 *	  Steps for what hangs on a table or view: constraints, indexes, triggers,
 *	  policies and rules.
 *
 * Such an object is made from its definition.  One that changed is dropped and
 * made again, unless the change has a cheaper command; an index is made beside
 * the old one first, so that no moment is without it.
 */
#include "postgres.h"

#include "base/compat.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

static const char *
relation_keyword(const SchemaKind *parent_kind, const void *parent)
{
	return ddl_keyword(parent_kind, parent);
}

static char *
in_schema(const void *parent, const char *name)
{
	return quote_qualified_identifier(((const SchemaObject *) parent)->schema, name);
}

/* ---------- constraints ---------- */

/*
 * A view that groups by a primary key and shows other columns needs the key: nothing
 * but the query says so of one that is only expected.
 */
static bool
is_grouped_by(const Planner *p, const SchemaTable *table)
{
	char	   *key = psprintf("table %s", schema_identity(table));
	ListCell   *lc;

	foreach(lc, p->expected->views)
	{
		const SchemaView *view = lfirst(lc);

		if (strstr(view->definition, "GROUP BY") != NULL &&
			schema_lists(view->object.depends_on, key))
			return true;
	}
	return false;
}

/*
 * A foreign key or check is added NOT VALID and validated by a step of its own: the
 * scan then holds a lock that lets others write.
 */
static void
create_constraint(Planner *p, const SchemaTable *table, const SchemaConstraint *constraint,
				  const char *reason)
{
	/* What takes the place of a live table is known by its oid, others by their name. */
	const SchemaTable *live =
		OidIsValid(table->object.oid)
			? table
			: schema_find_table(p->actual, table->object.schema, table->object.name);
	bool		reference = strcmp(constraint->kind, "foreign key") == 0;
	bool		staged = !constraint->not_valid && live != NULL && planner_has_rows(p, live) &&
				  (reference || strcmp(constraint->kind, "check") == 0) &&
				  table->partition_key == NULL && !constraint->not_enforced;
	PlanPhase	phase = reference ? PHASE_REFERENCE : PHASE_CONSTRAIN;
	char	   *object = planner_child(table, constraint);
	PlanStep   *step;

	step = planner_step(p, phase, "add_constraint", object, table,
						psprintf("ALTER TABLE %s ADD %s%s", schema_identity(table),
								 ddl_constraint(constraint), staged ? " NOT VALID" : ""),
						reason);
	if (strcmp(constraint->kind, "primary key") == 0 && is_grouped_by(p, table))
	{
		step->place.phase = PHASE_BUILD;
		planner_run_late(step);
	}
	step->relation = &table->object;
	planner_hazard(step, reference ? "share_row_exclusive_lock" : "access_exclusive_lock");
	if (!reference && strcmp(constraint->kind, "check") != 0)
		planner_hazard(step, "index_build");
	if (staged)
	{
		step =
			planner_step(p, phase, "validate_constraint", object, table,
						 psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", schema_identity(table),
								  quote_identifier(constraint->object.name)),
						 reason);
		step->relation = &table->object;
		planner_hazard(step, "table_scan");
	}
	plan_describe_new(p, &schema_constraint_kind, &schema_table_kind, table, constraint);
}

/* ---------- indexes ---------- */

/*
 * The index of a partitioned table is made on the table alone, those of its
 * partitions by their own names; together they are valid once all are attached.
 */
static void
attach_index(Planner *p, const void *parent, const SchemaIndex *index, const char *reason)
{
	char	   *object = in_schema(parent, index->object.name);

	planner_step(p, PHASE_REFERENCE, "attach_index", object, parent,
				 psprintf("ALTER INDEX %s ATTACH PARTITION %s", index->parent, object), reason);
}

/* What neither CREATE INDEX nor the constraint of an index says. */
static void
set_index_extras(Planner *p, const SchemaKind *parent_kind, const void *parent,
				 const SchemaIndex *index, const char *reason)
{
	char	   *object = in_schema(parent, index->object.name);
	ListCell   *lc;

	if (index->clustered)
		planner_step(p, PHASE_ATTACH, "alter_table", schema_identity(parent), parent,
					 psprintf("ALTER %s %s CLUSTER ON %s", relation_keyword(parent_kind, parent),
							  schema_identity(parent), quote_identifier(index->object.name)),
					 reason);
	foreach(lc, index->statistics)
	{
		const char *entry = lfirst(lc);
		const char *sign = strchr(entry, '=');

		if (sign != NULL)
			planner_step(p, PHASE_ATTACH, "alter_index", object, parent,
						 psprintf("ALTER INDEX %s ALTER COLUMN %.*s SET STATISTICS %s", object,
								  (int) (sign - entry), entry, sign + 1),
						 reason);
	}
}

/*
 * A new partition gets its part of an index that its parent has, under a name of
 * the server's choice.
 */
static bool
takes_part(Planner *p, const SchemaTable *table, const SchemaIndex *index, const char *reason)
{
	const SchemaTable *parent =
		table->partition_of != NULL ? planner_find_table(p, table->partition_of) : NULL;
	const SchemaTable *live =
		parent != NULL ? schema_find_table(p->actual, parent->object.schema, parent->object.name)
					   : NULL;
	char	   *columns = NULL;
	char	   *name;
	ListCell   *lc;
	bool		found = false;

	if (live == NULL ||
		schema_find_table(p->actual, table->object.schema, table->object.name) != NULL)
		return false;
	foreach(lc, live->indexes)
		found |= strcmp(in_schema(live, ((SchemaObject *) lfirst(lc))->name), index->parent) == 0;
	if (!found)
		return false;
	foreach(lc, index->columns)
	{
		/* An expression is called something that is not known here. */
		if (schema_find_child(table->columns, lfirst(lc)) == NULL)
			return true;
		columns = columns == NULL ? lfirst(lc) : psprintf("%s_%s", columns, (char *) lfirst(lc));
	}
	name = makeObjectName(table->object.name, columns, "idx");
	if (strcmp(name, index->object.name) != 0)
		planner_step(p, PHASE_INDEX, "rename_index", in_schema(table, name), table,
					 psprintf("ALTER INDEX %s RENAME TO %s", in_schema(table, name),
							  quote_identifier(index->object.name)),
					 reason);
	return true;
}

/* A table that becomes a partition brings its indexes along. */
static bool
comes_to_parent(const Planner *p, const SchemaTable *table)
{
	const SchemaTable *live =
		schema_find_table(p->actual, table->object.schema, table->object.name);

	return live != NULL && !planner_follows_parent(table, live);
}

static void
create_index(Planner *p, const SchemaKind *parent_kind, const void *parent,
			 const SchemaIndex *index, const char *reason)
{
	bool		comes = index->parent != NULL && parent_kind == &schema_table_kind &&
				 takes_part(p, parent, index, reason);

	if (!comes)
	{
		PlanStep   *step =
			planner_step(p, PHASE_INDEX, "create_index", in_schema(parent, index->object.name),
						 parent, pstrdup(index->definition), reason);

		step->relation = parent;
		planner_hazard(step, "share_lock");
		planner_hazard(step, "index_build");
	}
	set_index_extras(p, parent_kind, parent, index, reason);
	if (index->parent != NULL && !comes && !comes_to_parent(p, parent))
		attach_index(p, parent, index, reason);
	plan_describe_new(p, &schema_index_kind, parent_kind, parent, index);
}

/* The new index under a name of its own, the old one dropped, the new one renamed. */
static void
replace_index(Planner *p, const Difference *d)
{
	const SchemaIndex *index = d->expected;
	char	   *name = makeObjectName(index->object.name, NULL, "new");
	char	   *object = in_schema(d->parent, index->object.name);
	const char *reason = "its definition differs";
	PlanStep   *step;

	step = planner_step(p, PHASE_INDEX, "create_index", object, d->parent,
						ddl_index_as(index, name), reason);
	step->relation = d->parent;
	planner_hazard(step, "share_lock");
	planner_hazard(step, "index_build");
	step = planner_step(p, PHASE_INDEX, "drop_index", object, d->parent,
						psprintf("DROP INDEX %s", object), reason);
	planner_hazard(step, "access_exclusive_lock");
	planner_step(p, PHASE_INDEX, "rename_index", object, d->parent,
				 psprintf("ALTER INDEX %s RENAME TO %s", in_schema(d->parent, name),
						  quote_identifier(index->object.name)),
				 reason);
	plan_describe_new(p, &schema_index_kind, d->parent_kind, d->parent, index);
}

/* ---------- triggers ---------- */

static void
enable_trigger(Planner *p, const void *parent, const SchemaTrigger *trigger, const char *reason)
{
	const char *enabled = trigger->enabled;
	const char *clause = enabled == NULL					? "ENABLE"
						 : strcmp(enabled, "disabled") == 0 ? "DISABLE"
						 : strcmp(enabled, "replica") == 0	? "ENABLE REPLICA"
															: "ENABLE ALWAYS";

	planner_step(p, PHASE_ATTACH, "alter_trigger", planner_child(parent, trigger), parent,
				 psprintf("ALTER TABLE %s %s TRIGGER %s", schema_identity(parent), clause,
						  quote_identifier(trigger->object.name)),
				 reason);
}

void
plan_create_trigger(Planner *p, const void *parent, const SchemaTrigger *trigger,
					const char *reason)
{
	PlanStep *step = planner_step(p, PHASE_ATTACH, "create_trigger", planner_child(parent, trigger),
								  parent, pstrdup(trigger->definition), reason);

	planner_hazard(step, "share_row_exclusive_lock");
	if (trigger->enabled != NULL)
		enable_trigger(p, parent, trigger, reason);
	plan_describe_new(p, &schema_trigger_kind, &schema_table_kind, parent, trigger);
}

static void
enable_rule(Planner *p, const void *parent, const SchemaRule *rule, const char *reason)
{
	const char *clause = rule->enabled == NULL					  ? "ENABLE"
						 : strcmp(rule->enabled, "disabled") == 0 ? "DISABLE"
						 : strcmp(rule->enabled, "replica") == 0  ? "ENABLE REPLICA"
																  : "ENABLE ALWAYS";

	planner_step(p, PHASE_ATTACH, "alter_rule", planner_child(parent, rule), parent,
				 psprintf("ALTER TABLE %s %s RULE %s", schema_identity(parent), clause,
						  quote_identifier(rule->object.name)),
				 reason);
}

/* ---------- all of them ---------- */

void
plan_create_child(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
				  const void *parent, const void *child, const char *reason)
{
	char	   *object = planner_child(parent, child);

	if (kind == &schema_constraint_kind)
		create_constraint(p, parent, child, reason);
	else if (kind == &schema_index_kind)
		create_index(p, parent_kind, parent, child, reason);
	else if (kind == &schema_trigger_kind)
		plan_create_trigger(p, parent, child, reason);
	else if (kind == &schema_policy_kind)
	{
		planner_step(p, PHASE_ATTACH, "create_policy", object, parent,
					 pstrdup(((const SchemaPolicy *) child)->definition), reason);
		plan_describe_new(p, kind, parent_kind, parent, child);
	}
	else if (kind == &schema_rule_kind)
	{
		planner_step(p, PHASE_ATTACH, "create_rule", object, parent,
					 pstrdup(((const SchemaRule *) child)->definition), reason);
		if (((const SchemaRule *) child)->enabled != NULL)
			enable_rule(p, parent, child, reason);
		plan_describe_new(p, kind, parent_kind, parent, child);
	}
}

void
plan_create_children(Planner *p, const SchemaKind *parent_kind, const void *parent, bool is_bare,
					 const char *reason)
{
	for (int i = 0; i < parent_kind->nmembers; i++)
	{
		const SchemaMember *member = &parent_kind->members[i];
		ListCell   *lc;

		if (member->type != MEMBER_OBJECTS || member->child == &schema_column_kind)
			continue;
		foreach(lc, SCHEMA_LIST(parent, member))
		{
			void	   *child = lfirst(lc);

			if (planner_comes_by_itself(member->child, child))
			{
				if (member->child == &schema_index_kind)
					set_index_extras(p, parent_kind, parent, child, reason);
				continue;
			}
			if (parent_kind == &schema_table_kind && !is_bare &&
				member->child == &schema_constraint_kind && ddl_is_in_create_table(parent, child))
				plan_describe_new(p, member->child, parent_kind, parent, child);
			else
				plan_create_child(p, member->child, parent_kind, parent, child, reason);
		}
	}
}

bool
plan_drop_child(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
				const void *parent, const void *child, PlanPhase phase, const char *reason)
{
	const char *name = quote_identifier(((const SchemaObject *) child)->name);
	char	   *object = planner_child(parent, child);
	char	   *action = psprintf("drop_%s", kind->name);
	char	   *sql;
	PlanStep   *step;

	if (planner_is_gone(p, child))
		return false;
	if (kind == &schema_constraint_kind)
		sql = psprintf("ALTER TABLE %s DROP CONSTRAINT %s", schema_identity(parent), name);
	else if (kind == &schema_index_kind)
		sql = psprintf("DROP INDEX %s", in_schema(parent, ((const SchemaObject *) child)->name));
	else
		sql = psprintf("DROP %s %s ON %s", ddl_keyword(kind, child), name, schema_identity(parent));
	step = planner_step(p, phase, action, object, parent, sql, reason);
	step->relation = parent;
	planner_take(p, step, kind, child, parent);
	planner_hazard(step, "access_exclusive_lock");
	return true;
}

/* Changes that have a cheaper command than making the object again; true when it was one. */
static bool
change_in_place(Planner *p, const Difference *d)
{
	const char *member = d->member->name;

	if (d->object_kind == &schema_constraint_kind && strcmp(member, "not_valid") == 0 &&
		!((const SchemaConstraint *) d->expected)->not_valid)
	{
		PlanStep   *step = planner_step(
			  p, PHASE_REFERENCE, "validate_constraint", planner_child(d->parent, d->expected),
			  d->parent,
			  psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", schema_identity(d->parent),
					   quote_identifier(((const SchemaObject *) d->expected)->name)),
			  "the constraint is not valid");

		step->relation = d->parent;
		planner_hazard(step, "table_scan");
		return true;
	}
	if (strcmp(member, "enabled") == 0 && d->object_kind == &schema_trigger_kind)
		enable_trigger(p, d->parent, d->expected, "whether it fires differs");
	else if (strcmp(member, "enabled") == 0 && d->object_kind == &schema_rule_kind)
		enable_rule(p, d->parent, d->expected, "whether it fires differs");
	else
		return false;
	return true;
}

static void
change_child(Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->object_kind;
	const char *reason = "its definition differs";
	const SchemaIndex *index = d->expected;

	if (planner_is_gone(p, d->actual))
		return;
	if (change_in_place(p, d) || planner_was_handled(p, d->expected) ||
		planner_is_part(kind, d->expected))
		return;
	if (kind == &schema_index_kind && strcmp(d->member->name, "clustered") == 0)
		planner_step(
			p, PHASE_ATTACH, "alter_table", schema_identity(d->parent), d->parent,
			index->clustered
				? psprintf("ALTER TABLE %s CLUSTER ON %s", schema_identity(d->parent),
						   quote_identifier(index->object.name))
				: psprintf("ALTER TABLE %s SET WITHOUT CLUSTER", schema_identity(d->parent)),
			"the index it is clustered on differs");
	else if (kind == &schema_index_kind)
		replace_index(p, d);
	else
	{
		if (plan_drop_child(p, kind, d->parent_kind, d->parent_actual, d->actual, PHASE_DETACH,
							reason))
			plan_create_child(p, kind, d->parent_kind, d->parent, d->expected, reason);
	}
}

/* Whether the table comes to a parent with this plan, or leaves one. */
static bool
changes_parent(const Difference *d)
{
	return d->parent_kind == &schema_table_kind &&
		   !planner_follows_parent(d->parent, d->parent_actual);
}

/* A table must have its parent's checks before it becomes a child. */
static bool
comes_with_parent(const Difference *d, const void *child)
{
	if (d->object_kind == &schema_constraint_kind && changes_parent(d) &&
		strcmp(((const SchemaConstraint *) child)->kind, "check") == 0)
		return false;
	return planner_comes_by_itself(d->object_kind, child);
}

/* A table that leaves its parent keeps what it had from it. */
static bool
goes_with_parent(const Difference *d, const void *child)
{
	if (d->object_kind == &schema_index_kind && ((const SchemaIndex *) child)->constraint != NULL)
		return true;
	return planner_is_part(d->object_kind, child) && !changes_parent(d);
}

void
plan_child(Planner *p, const Difference *d)
{
	/* Its query decides which columns a view has. */
	if (d->object_kind == &schema_column_kind)
	{
		if (d->kind == DIFFERENCE_CHANGED && strcmp(d->member->name, "default") == 0 &&
			!planner_is_detached(p, d->parent))
			plan_view_default(p, d->parent, d->expected, "its default differs");
		return;
	}
	/* A view that is made again is made with all its children. */
	if (d->parent_kind == &schema_view_kind && planner_is_detached(p, d->parent))
		return;
	switch (d->kind)
	{
		case DIFFERENCE_MISSING:
			if (!comes_with_parent(d, d->expected) && !planner_is_gone(p, d->expected) &&
				!plan_index_online(p, d))
				plan_create_child(p, d->object_kind, d->parent_kind, d->parent, d->expected,
								  psprintf("the %s is missing", d->object_kind->name));
			break;
		case DIFFERENCE_EXTRA:
			if (p->options->allow_drop && !goes_with_parent(d, d->actual))
				plan_drop_child(p, d->object_kind, d->parent_kind, d->parent_actual, d->actual,
								PHASE_DETACH,
								psprintf("the %s is not expected", d->object_kind->name));
			break;
		case DIFFERENCE_CHANGED:
			change_child(p, d);
			break;
	}
}
