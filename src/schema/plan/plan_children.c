/*
 * plan_children.c
 *	  Steps for what hangs on a table or view: constraints, indexes, triggers,
 *	  policies and rules.
 *
 * Such an object is made from its definition.  One that changed is dropped and
 * made again, unless the change has a cheaper command; an index is made beside
 * the old one first, so that no moment is without it.
 *
 * It assumes that definitions are the server's own text and go in as they stand.  What
 * comes with a parent (a partition's part of an index, an inherited check, a copied
 * trigger) has no step here, unless the table comes to that parent, or leaves it, with
 * this plan.  It never takes away what is not expected without allow_drop.
 */
#include "postgres.h"

#include "base/compat.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/plan/plan_dependents.h"
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

static char *
adopting_constraint(const SchemaConstraint *key)
{
	return psprintf("CONSTRAINT %s %s USING INDEX %s%s%s", quote_identifier(key->object.name),
					strcmp(key->kind, "primary key") == 0 ? "PRIMARY KEY" : "UNIQUE",
					quote_identifier(key->object.name), key->deferrable ? " DEFERRABLE" : "",
					key->initially_deferred ? " INITIALLY DEFERRED" : "");
}

static void
validate_constraint(Planner *p, PlanPhase phase, const SchemaTable *table,
					const SchemaConstraint *constraint, const char *reason)
{
	PlanStep   *step =
		planner_step(p, phase, "validate_constraint", planner_child(table, constraint), table,
					 psprintf("ALTER TABLE %s VALIDATE CONSTRAINT %s", schema_identity(table),
							  quote_identifier(constraint->object.name)),
					 reason);

	step->relation = &table->object;
	planner_hazard(step, HAZARD_TABLE_SCAN);
}

/*
 * A check that comes with a parent's, which is not valid, is not valid either; unless the
 * table came to a parent that had it.
 */
static void
validate_inherited(Planner *p, const SchemaTable *table, const SchemaConstraint *constraint,
				   const char *reason)
{
	List *parents = table->partition_of != NULL ? list_make1(table->partition_of) : table->inherits;
	ListCell   *lc;

	if (constraint->not_valid || constraint->not_enforced)
		return;
	foreach(lc, parents)
	{
		const SchemaTable *parent = planner_find_table(p, lfirst(lc));
		const SchemaConstraint *from =
			parent != NULL ? schema_find_child(parent->constraints, constraint->object.name) : NULL;

		if (from != NULL && from->not_valid)
		{
			validate_constraint(p, PHASE_REFERENCE, table, constraint, reason);
			return;
		}
	}
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

	step = planner_step(
		p, phase, "add_constraint", object, table,
		psprintf("ALTER TABLE %s%s ADD %s%s",
				 ddl_is_of_whole_alone(table, constraint) ? "ONLY " : "", schema_identity(table),
				 plan_adopts_index(p, live, table, constraint) ? adopting_constraint(constraint)
															   : ddl_constraint(constraint),
				 staged ? " NOT VALID" : ""),
		reason);
	planner_make(step, &schema_constraint_kind, constraint, table);
	step->relation = &table->object;
	planner_hazard(step,
				   reference ? HAZARD_SHARE_ROW_EXCLUSIVE_LOCK : HAZARD_ACCESS_EXCLUSIVE_LOCK);
	if (!reference && strcmp(constraint->kind, "check") != 0)
		planner_hazard(step, HAZARD_INDEX_BUILD);
	if (staged)
		validate_constraint(p, phase, table, constraint, reason);
	plan_describe_new(p, &schema_constraint_kind, &schema_table_kind, table, constraint);
}

/* ---------- indexes ---------- */

/*
 * The index of a partitioned table is made on the table alone, those of its partitions
 * by their own names; together they are valid once all are attached.
 *
 * Last of its phase, so that all parts are there.
 */
static void
attach_index(Planner *p, const void *parent, const SchemaIndex *index, const char *reason)
{
	char	   *object = in_schema(parent, index->object.name);

	/* A foreign key may want the whole. */
	plan_need_whole(
		p, parent, index,
		planner_run_last(planner_step(
			p, PHASE_INDEX, "attach_index", object, parent,
			psprintf("ALTER INDEX %s ATTACH PARTITION %s", index->parent, object), reason)));
}

static void
alter_index(Planner *p, const void *parent, const SchemaIndex *index, const char *clause,
			const char *reason)
{
	char	   *object = in_schema(parent, index->object.name);

	planner_step(p, PHASE_ATTACH, "alter_index", object, parent,
				 psprintf("ALTER INDEX %s %s", object, clause), reason);
}

/*
 * The target of a column in a list of "column number=target", or NULL. Columns of an
 * index go by their numbers: expressions have no names.
 */
static const char *
find_target(List *statistics, const char *entry)
{
	int			length = strcspn(entry, "=") + 1;
	ListCell   *lc;

	foreach(lc, statistics)
		if (strncmp(lfirst(lc), entry, length) == 0)
			return (const char *) lfirst(lc) + length;
	return NULL;
}

/*
 * Targets of an index's expressions; before is NIL for a new one. -1 is the server's
 * default, for what had a target and is to have none.
 */
static void
set_targets(Planner *p, const void *parent, const SchemaIndex *index, List *before,
			const char *reason)
{
	ListCell   *lc;

	foreach(lc, before)
		if (find_target(index->statistics, lfirst(lc)) == NULL)
			alter_index(p, parent, index,
						psprintf("ALTER COLUMN %.*s SET STATISTICS -1",
								 (int) strcspn(lfirst(lc), "="), (char *) lfirst(lc)),
						reason);
	foreach(lc, index->statistics)
	{
		const char *entry = lfirst(lc);

		if (!schema_lists(before, entry) && strchr(entry, '=') != NULL)
			alter_index(p, parent, index,
						psprintf("ALTER COLUMN %.*s SET STATISTICS %s", (int) strcspn(entry, "="),
								 entry, strchr(entry, '=') + 1),
						reason);
	}
}

/*
 * A table that becomes a partition brings its indexes along; not to one that lacks parts, which
 * is made when all partitions are there.
 */
static bool
comes_to_parent(const Planner *p, const SchemaTable *table, const SchemaIndex *index)
{
	const SchemaTable *live =
		schema_find_table(p->actual, table->object.schema, table->object.name);

	return live != NULL && !planner_follows_parent(table, live) &&
		   !plan_lacks_parts(p, table, index);
}

/*
 * The key of a partition that comes with the whole's has a name of the server's choice.
 *
 * So the name that the server will choose is worked out, as it does it, and renamed.
 */
static void
name_key(Planner *p, const SchemaTable *table, const SchemaIndex *index, const char *reason)
{
	bool		primary = strcmp(index->constraint, "primary key") == 0;
	char	   *columns = NULL;
	char	   *name;
	ListCell   *lc;

	foreach(lc, index->columns)
		columns = columns == NULL ? lfirst(lc) : psprintf("%s_%s", columns, (char *) lfirst(lc));
	name = makeObjectName(table->object.name, primary ? NULL : columns, primary ? "pkey" : "key");
	if (strcmp(name, index->object.name) == 0)
		return;
	planner_step(p, PHASE_INDEX, "rename_index",
				 quote_qualified_identifier(table->object.schema, name), table,
				 psprintf("ALTER INDEX %s RENAME TO %s",
						  quote_qualified_identifier(table->object.schema, name),
						  quote_identifier(index->object.name)),
				 reason);
}

/*
 * What neither CREATE INDEX nor the constraint of an index says.  The index of a key
 * has no CREATE INDEX, so its options and tablespace are set afterwards.
 */
static void
set_index_extras(Planner *p, const SchemaKind *parent_kind, const void *parent,
				 const SchemaIndex *index, const char *reason)
{
	const SchemaConstraint *key = index->constraint != NULL ? plan_find_key(parent, index) : NULL;

	if (key != NULL && index->options != NIL)
		alter_index(p, parent, index, ddl_change_parameters(index->options, NIL), reason);
	if (key != NULL && index->tablespace != NULL)
		alter_index(p, parent, index,
					psprintf("SET TABLESPACE %s", quote_identifier(index->tablespace)), reason);
	if (key != NULL && key->inherited && index->parent != NULL &&
		!comes_to_parent(p, parent, index))
		name_key(p, parent, index, reason);
	/* A key that the partition has for itself serves an index of the whole. */
	if (key != NULL && !key->inherited && index->parent != NULL)
		attach_index(p, parent, index, reason);
	if (index->clustered)
		planner_step(p, PHASE_ATTACH, "alter_table", schema_identity(parent), parent,
					 psprintf("ALTER %s %s CLUSTER ON %s", relation_keyword(parent_kind, parent),
							  schema_identity(parent), quote_identifier(index->object.name)),
					 reason);
	set_targets(p, parent, index, NIL, reason);
}

/*
 * A new partition gets its part of an index that its parent has, under a name of the
 * server's choice.  Without a live parent, or with one that is rebuilt, the parts are
 * attached one by one instead.  True: the index comes by itself.
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

	if (live == NULL || planner_is_rebuilt(p, parent) ||
		schema_find_table(p->actual, table->object.schema, table->object.name) != NULL)
		return false;
	foreach(lc, live->indexes)
		found |= !planner_is_gone(p, lfirst(lc)) &&
				 strcmp(in_schema(live, ((SchemaObject *) lfirst(lc))->name), index->parent) == 0;
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
		planner_make(step, &schema_index_kind, index, parent);
		planner_hazard(step, HAZARD_SHARE_LOCK);
		planner_hazard(step, HAZARD_INDEX_BUILD);
	}
	set_index_extras(p, parent_kind, parent, index, reason);
	if (index->parent != NULL && !comes && !comes_to_parent(p, parent, index))
		attach_index(p, parent, index, reason);
	plan_describe_new(p, &schema_index_kind, parent_kind, parent, index);
}

/*
 * The new index under a name of its own, the old one dropped, the new one renamed.
 * Queries that need it find one or the other; dropping first would leave them without.
 */
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
	planner_hazard(step, HAZARD_SHARE_LOCK);
	planner_hazard(step, HAZARD_INDEX_BUILD);
	step = planner_step(p, PHASE_INDEX, "drop_index", object, d->parent,
						psprintf("DROP INDEX %s", object), reason);
	planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	planner_step(p, PHASE_INDEX, "rename_index", object, d->parent,
				 psprintf("ALTER INDEX %s RENAME TO %s", in_schema(d->parent, name),
						  quote_identifier(index->object.name)),
				 reason);
	if (index->clustered || index->statistics != NIL)
		set_index_extras(p, d->parent_kind, d->parent, index, reason);
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

/* How it fires is set by a command of its own: CREATE TRIGGER cannot say it. */
void
plan_create_trigger(Planner *p, const void *parent, const SchemaTrigger *trigger,
					const char *reason)
{
	PlanStep *step = planner_step(p, PHASE_ATTACH, "create_trigger", planner_child(parent, trigger),
								  parent, pstrdup(trigger->definition), reason);

	planner_make(step, &schema_trigger_kind, trigger, parent);
	planner_hazard(step, HAZARD_SHARE_ROW_EXCLUSIVE_LOCK);
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
		planner_make(planner_step(p, PHASE_ATTACH, "create_policy", object, parent,
								  pstrdup(((const SchemaPolicy *) child)->definition), reason),
					 kind, child, parent);
		plan_describe_new(p, kind, parent_kind, parent, child);
	}
	else if (kind == &schema_rule_kind)
	{
		planner_make(planner_step(p, PHASE_ATTACH, "create_rule", object, parent,
								  pstrdup(((const SchemaRule *) child)->definition), reason),
					 kind, child, parent);
		if (((const SchemaRule *) child)->enabled != NULL)
			enable_rule(p, parent, child, reason);
		plan_describe_new(p, kind, parent_kind, parent, child);
	}
}

/* is_bare: not even the constraints that CREATE TABLE takes were made with the table. */
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
				else if (member->child == &schema_constraint_kind)
					validate_inherited(p, parent, child, reason);
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

/*
 * False where another step has taken it away already: then it is not for the caller to
 * make it again.
 */
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
	planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	return true;
}

/* The index of a partitioned table is valid once each partition has its part. */
static bool
becomes_whole(const Difference *d)
{
	return d->parent_kind == &schema_table_kind &&
		   ((const SchemaTable *) d->parent)->partition_key != NULL &&
		   ((const SchemaIndex *) d->actual)->invalid;
}

/* Of an index: true when there was a command for it. */
static bool
change_index(Planner *p, const Difference *d)
{
	const SchemaIndex *to = d->expected;
	const SchemaIndex *from = d->actual;

	if (difference_is(d, SchemaIndex, statistics))
		set_targets(p, d->parent, to, from->statistics, "the statistics target differs");
	else if (difference_is(d, SchemaIndex, invalid) && becomes_whole(d))
		return true;
	else if (difference_is(d, SchemaIndex, parent))
	{
		if (from->parent == NULL && !comes_to_parent(p, d->parent, to))
			attach_index(p, d->parent, to, "it is to be part of an index of the whole");
	}
	else if (difference_is(d, SchemaIndex, options))
		alter_index(p, d->parent, to, ddl_change_parameters(to->options, from->options),
					"its options differ");
	else if (difference_is(d, SchemaIndex, tablespace))
		alter_index(p, d->parent, to,
					psprintf("SET TABLESPACE %s", to->tablespace != NULL
													  ? quote_identifier(to->tablespace)
													  : "pg_default"),
					"its tablespace differs");
	else if (difference_is(d, SchemaIndex, clustered))
		planner_step(
			p, PHASE_ATTACH, "alter_table", schema_identity(d->parent), d->parent,
			to->clustered
				? psprintf("ALTER %s %s CLUSTER ON %s", relation_keyword(d->parent_kind, d->parent),
						   schema_identity(d->parent), quote_identifier(to->object.name))
				: psprintf("ALTER %s %s SET WITHOUT CLUSTER",
						   relation_keyword(d->parent_kind, d->parent), schema_identity(d->parent)),
			"the index it is clustered on differs");
	else
		return false;
	return true;
}

/*
 * Changes that have a cheaper command than making the object again; true when it was
 * one.
 *
 * A constraint that is to be not valid, and is valid, has no command: it is made again.
 */
static bool
change_in_place(Planner *p, const Difference *d)
{
	if (difference_is(d, SchemaConstraint, not_valid) &&
		!((const SchemaConstraint *) d->expected)->not_valid)
	{
		validate_constraint(p, PHASE_REFERENCE, d->parent, d->expected,
							"the constraint is not valid");
		return true;
	}
	if (d->object_kind == &schema_index_kind)
		return change_index(p, d);
	if (difference_is(d, SchemaTrigger, enabled))
		enable_trigger(p, d->parent, d->expected, "whether it fires differs");
	else if (difference_is(d, SchemaRule, enabled))
		enable_rule(p, d->parent, d->expected, "whether it fires differs");
	else
		return false;
	return true;
}

/*
 * An index becomes a key's, or a key's index one of its own.  No command makes an index
 * a key's but ADD CONSTRAINT, and none takes it away from one.
 */
static bool
changes_hands(const Difference *d)
{
	return (((const SchemaIndex *) d->expected)->constraint == NULL) !=
		   (((const SchemaIndex *) d->actual)->constraint == NULL);
}

/*
 * The step of the constraint makes the index, takes the one there is, or drops it.
 *
 * One that is in the key's way is dropped before, whether or not drops are allowed: the
 * key makes another.
 */
static void
change_hands(Planner *p, const Difference *d)
{
	const SchemaIndex *to = d->expected;
	const SchemaTable *table = d->parent;
	const char *reason = "it is the index of a constraint, or was";

	if (planner_was_handled(p, to) || d->parent_kind != &schema_table_kind)
		return;
	if (to->constraint == NULL)
		create_index(p, d->parent_kind, table, to, reason);
	else
	{
		const SchemaConstraint *key = plan_find_key(table, to);

		if (key == NULL || !plan_adopts_index(p, d->parent_actual, table, key))
			plan_drop_child(p, &schema_index_kind, d->parent_kind, d->parent_actual, d->actual,
							PHASE_DETACH, reason);
	}
}

/*
 * Whether a parent that stays has a constraint of the name, as it is or as it shall be.
 * A parent outside of the schemas planned is taken to have it: its children are not to
 * lose anything for what is not known.
 */
static bool
has_parents(const Planner *p, const Difference *d, const char *name, bool live)
{
	const SchemaTable *from = d->parent_actual;
	ListCell   *lc;

	foreach(lc, ((const SchemaTable *) d->parent)->inherits)
	{
		const SchemaTable *parent =
			live ? planner_find_live(p, lfirst(lc)) : planner_find_table(p, lfirst(lc));

		if (schema_lists(from->inherits, lfirst(lc)) &&
			(parent == NULL || schema_find_child(parent->constraints, name) != NULL))
			return true;
	}
	return false;
}

/* Whether the table comes to a parent with this plan, or leaves one, of which it has a part. */
static bool
changes_parent(const Planner *p, const Difference *d)
{
	const SchemaObject *child = d->expected != NULL ? d->expected : d->actual;

	if (d->parent_kind != &schema_table_kind)
		return false;
	if (d->object_kind == &schema_constraint_kind &&
		((const SchemaTable *) d->parent)->inherits != NIL)
		return !has_parents(p, d, child->name, d->expected == NULL);
	return !planner_follows_parent(d->parent, d->parent_actual);
}

/*
 * A table must have its parent's checks, and has its keys, before it becomes a child.
 * INHERIT and ATTACH refuse a table that lacks a check of the parent's; foreign keys
 * ATTACH makes itself.
 */
static bool
comes_with_parent(const Planner *p, const Difference *d, const void *child)
{
	if (d->object_kind == &schema_constraint_kind && changes_parent(p, d) &&
		strcmp(((const SchemaConstraint *) child)->kind, "foreign key") != 0)
		return false;
	return planner_comes_by_itself(d->object_kind, child);
}

/* A foreign key that it had from the whole stays with a partition that leaves. */
static bool
is_left_over(const Planner *p, const Difference *d)
{
	const SchemaConstraint *key = d->actual;

	return d->object_kind == &schema_constraint_kind && key->referenced_table != NULL &&
		   changes_parent(p, d) && comes_with_parent(p, d, d->expected);
}

/* Triggers are left behind, and come anew: those that stay by name are no difference. */
void
plan_move_triggers(Planner *p, const SchemaTable *to, const SchemaTable *from, const char *reason)
{
	ListCell   *lc;

	foreach(lc, from->triggers)
	{
		const SchemaTrigger *trigger = lfirst(lc);
		const SchemaTrigger *again = schema_find_child(to->triggers, trigger->object.name);

		if (again == NULL || again->inherited == trigger->inherited)
			continue;
		if (again->inherited)
			plan_drop_child(p, &schema_trigger_kind, &schema_table_kind, from, trigger,
							PHASE_DETACH, reason);
		else
		{
			planner_set_gone(p, trigger, NULL);
			plan_create_trigger(p, to, again, reason);
		}
	}
}

/* A check that its parents get, or lose, with this plan comes and goes with theirs. */
static bool
change_inherited(Planner *p, const Difference *d)
{
	const char *name = ((const SchemaObject *) d->expected)->name;
	const char *reason = "its parents have another, or have it no more";

	if (d->object_kind != &schema_constraint_kind || d->parent_kind != &schema_table_kind ||
		((const SchemaTable *) d->parent)->inherits == NIL ||
		has_parents(p, d, name, true) == has_parents(p, d, name, false))
		return false;
	if (planner_was_handled(p, d->expected))
		return true;
	if (has_parents(p, d, name, true))
	{
		planner_set_gone(p, d->actual, NULL);
		plan_create_child(p, d->object_kind, d->parent_kind, d->parent, d->expected, reason);
	}
	else
		plan_drop_child(p, d->object_kind, d->parent_kind, d->parent_actual, d->actual,
						PHASE_DETACH, reason);
	return true;
}

/*
 * The key of the whole is to lack parts, or to lack none any more: no command makes it so.  True
 * when it is such a difference.
 */
static bool
remake_key(Planner *p, const Difference *d)
{
	const SchemaConstraint *to;
	const SchemaConstraint *from;
	const char *reason = "not all partitions have it, or all have it now";

	if (d->parent_kind != &schema_table_kind || !difference_is(d, SchemaIndex, invalid) ||
		((const SchemaTable *) d->parent)->partition_key == NULL)
		return false;
	to = plan_find_key(d->parent, d->expected);
	from = plan_find_key(d->parent_actual, d->actual);
	if (to == NULL || from == NULL)
		return false;
	if (plan_drop_child(p, &schema_constraint_kind, &schema_table_kind, d->parent_actual, from,
						PHASE_DETACH, reason))
		plan_create_child(p, &schema_constraint_kind, &schema_table_kind, d->parent, to, reason);
	dependents_recreate_object(p, &schema_index_kind, d->actual, d->parent_actual, reason);
	return true;
}

/*
 * In this order: what another step does; what a parent does; what has a cheaper
 * command; and only then drop and create.
 */
static void
change_child(Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->object_kind;
	const char *reason = "its definition differs";

	if (planner_is_gone(p, d->actual))
		return;
	if (change_inherited(p, d))
		return;
	if (is_left_over(p, d))
	{
		if (!planner_was_handled(p, d->expected))
			plan_drop_child(p, kind, d->parent_kind, d->parent_actual, d->actual, PHASE_DETACH,
							"it is the whole's, which it leaves");
		return;
	}
	if (kind == &schema_trigger_kind && changes_parent(p, d) &&
		((const SchemaTrigger *) d->expected)->inherited !=
			((const SchemaTrigger *) d->actual)->inherited)
		return;
	if (kind == &schema_index_kind && remake_key(p, d))
		return;
	if (kind == &schema_index_kind && changes_hands(d))
	{
		change_hands(p, d);
		if (((const SchemaIndex *) d->expected)->constraint != NULL &&
			!planner_is_gone(p, d->actual))
			change_index(p, d);
		return;
	}
	if (change_in_place(p, d) || planner_was_handled(p, d->expected))
		return;
	if (kind == &schema_constraint_kind && planner_comes_by_itself(kind, d->expected))
		validate_inherited(p, d->parent, d->expected, reason);
	if ((changes_parent(p, d) ? comes_with_parent(p, d, d->expected)
							  : planner_is_part(kind, d->expected)) ||
		(difference_is(d, SchemaConstraint, inherited) ||
		 difference_is(d, SchemaIndex, inherited) || difference_is(d, SchemaIndex, parent)))
		return;
	/*
	 * Of a partitioned table it cannot be made beside the old one: its parts go and
	 * come with it.
	 */
	if (kind == &schema_index_kind && d->parent_kind == &schema_table_kind &&
		((const SchemaTable *) d->parent)->partition_key != NULL)
	{
		plan_drop_child(p, kind, d->parent_kind, d->parent_actual, d->actual, PHASE_DETACH, reason);
		create_index(p, d->parent_kind, d->parent, d->expected, reason);
		dependents_recreate_parts(p, d->parent, d->expected, reason);
	}
	else if (kind == &schema_index_kind)
		replace_index(p, d);
	else
	{
		if (plan_drop_child(p, kind, d->parent_kind, d->parent_actual, d->actual, PHASE_DETACH,
							reason))
			plan_create_child(p, kind, d->parent_kind, d->parent, d->expected, reason);
	}
}

/* What comes by itself comes without what is its own. */
static void
come_with_parent(Planner *p, const Difference *d)
{
	const char *reason = "it differs from what it comes with";

	if (!planner_comes_by_itself(d->object_kind, d->expected))
		return;
	if (d->object_kind == &schema_index_kind)
		set_index_extras(p, d->parent_kind, d->parent, d->expected, reason);
	else if (d->object_kind == &schema_constraint_kind)
		validate_inherited(p, d->parent, d->expected, reason);
	else if (d->object_kind == &schema_trigger_kind &&
			 ((const SchemaTrigger *) d->expected)->enabled != NULL)
		enable_trigger(p, d->parent, d->expected, reason);
}

/*
 * A table that leaves its parent keeps what it had from it.  What belongs to a
 * constraint, and copies of triggers, go with what they are of; a part of an index only
 * while the table stays with its parent.
 */
static bool
goes_with_parent(const Planner *p, const Difference *d, const void *child)
{
	if (d->object_kind == &schema_index_kind && ((const SchemaIndex *) child)->constraint != NULL)
		return true;
	if (d->object_kind == &schema_trigger_kind && ((const SchemaTrigger *) child)->inherited)
		return true;
	return planner_is_part(d->object_kind, child) && !changes_parent(p, d);
}

void
plan_child(Planner *p, const Difference *d)
{
	/* Its query decides which columns a view has. */
	if (d->object_kind == &schema_column_kind)
	{
		plan_view_column(p, d);
		return;
	}
	/* A view that is made again is made with all its children. */
	if (d->parent_kind == &schema_view_kind && planner_is_detached(p, d->parent))
		return;
	switch (d->kind)
	{
		case DIFFERENCE_MISSING:
			come_with_parent(p, d);
			if (!comes_with_parent(p, d, d->expected) && !planner_is_gone(p, d->expected) &&
				!plan_index_online(p, d))
				plan_create_child(p, d->object_kind, d->parent_kind, d->parent, d->expected,
								  psprintf("the %s is missing", d->object_kind->name));
			break;
		case DIFFERENCE_EXTRA:
			if (p->options->allow_drop && !goes_with_parent(p, d, d->actual))
				plan_drop_child(p, d->object_kind, d->parent_kind, d->parent_actual, d->actual,
								PHASE_DETACH,
								psprintf("the %s is not expected", d->object_kind->name));
			break;
		case DIFFERENCE_CHANGED:
			change_child(p, d);
			break;
	}
}
