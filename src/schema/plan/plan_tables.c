/*
 * plan_tables.c
 *	  Steps for tables; those for their columns are in plan_columns.c.
 *
 * A table is made bare, with its columns alone, then gets its contents in later phases:
 * keys when all columns are there, foreign keys when all keys are, so that no order among
 * tables has to be found.  A partition is made as one where that is enough; where its rows or
 * keys have to be its own first it is made apart and attached.
 *
 * What ALTER TABLE cannot do (becoming partitioned, or ceasing to be) is a rebuild
 * (plan_rebuild.c).  Dropping is only planned where the caller allows it.
 *
 * It assumes that ranks are set and dependents detached by others.  It never moves
 * columns, whose order is reported and left; and a member that no command changes
 * remains, with that reason, rather than lead to a table made anew.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/model/graph.h"
#include "schema/plan/plan_identity.h"
#include "schema/plan/plan_not_null.h"
#include "schema/plan/plan_dependents.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

#define NEW_TABLE_REASON "it is created with its table"

/* A step that alters a table: every form of ALTER TABLE used here locks it. */
static PlanStep *
alter_step(Planner *p, PlanPhase phase, const char *action, const char *object,
		   const SchemaTable *table, char *sql, const char *reason)
{
	PlanStep   *step = planner_step(p, phase, action, object, table, sql, reason);

	step->relation = &table->object;
	planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	return step;
}

/*
 * Properties that have a command of their own; before is NULL for a new table.  In the
 * attach phase, as its policies are.
 */
static void
set_row_security(Planner *p, const SchemaTable *table, const SchemaTable *before,
				 const char *reason)
{
	if (table->row_security != (before != NULL && before->row_security))
		planner_alter_table(
			p, PHASE_ATTACH, "alter_table", schema_identity(table), table,
			psprintf("%s ROW LEVEL SECURITY", table->row_security ? "ENABLE" : "DISABLE"), reason);
	if (table->force_row_security != (before != NULL && before->force_row_security))
		planner_alter_table(
			p, PHASE_ATTACH, "alter_table", schema_identity(table), table,
			psprintf("%sFORCE ROW LEVEL SECURITY", table->force_row_security ? "" : "NO "), reason);
}

/* "index NAME" names an index that must be there first. */
static void
set_replica_identity(Planner *p, const SchemaTable *table, const char *reason)
{
	const char *identity = table->replica_identity;
	char	   *clause;

	if (identity == NULL)
		clause = "DEFAULT";
	else if (strncmp(identity, "index ", 6) == 0)
		clause = psprintf("USING INDEX %s", quote_identifier(identity + 6));
	else
		clause = strcmp(identity, "full") == 0 ? "FULL" : "NOTHING";
	planner_alter_table(p, PHASE_ATTACH, "alter_table", schema_identity(table), table,
						psprintf("REPLICA IDENTITY %s", clause), reason);
}

/* Whether the index that tells rows apart has a column that cannot be NOT NULL yet. */
static bool
is_of_nullable(const Planner *p, const SchemaTable *table, const SchemaTable *live)
{
	const char *identity = table->replica_identity;
	const SchemaIndex *index = identity != NULL && strncmp(identity, "index ", 6) == 0
								   ? schema_find_child(table->indexes, identity + 6)
								   : NULL;
	ListCell   *lc;

	foreach(lc, index != NULL ? index->columns : NIL)
	{
		const SchemaColumn *column = schema_find_child(table->columns, lfirst(lc));

		if (column != NULL && plan_is_left_nullable(p, live, column))
			return true;
	}
	return false;
}

/*
 * A table that the expectation only names can be made when all its columns are defined
 * by the caller.  All or nothing: a table without one of its columns would not be what
 * was asked for.
 */
static void
create_defined_table(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->expected;
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfo(&sql, "CREATE TABLE %s (", schema_identity(table));
	foreach(lc, table->columns)
	{
		const SchemaObject *column = lfirst(lc);
		const char *clause = plan_find_definition(p, table, column->name);

		if (clause == NULL)
		{
			planner_remain(p, d,
						   psprintf("the type of its column \"%s\" is not known: "
									"column_definitions does not name it",
									column->name));
			return;
		}
		appendStringInfo(&sql, "%s\n    %s %s", lc == list_head(table->columns) ? "" : ",",
						 quote_identifier(column->name), clause);
	}
	appendStringInfoString(&sql, "\n)");
	planner_step(p, PHASE_BUILD, "create_table", schema_identity(table), table, sql.data,
				 "the table is missing");
}

/* is_bare: the table was made with its columns alone. */
static void
add_contents(Planner *p, const SchemaTable *table, bool is_bare, const char *reason)
{
	ListCell   *lc;

	foreach(lc, table->columns)
		plan_column_extras(p, table, lfirst(lc), reason);
	plan_create_children(p, &schema_table_kind, table, is_bare, reason);
	set_row_security(p, table, NULL, reason);
	if (table->replica_identity != NULL)
		set_replica_identity(p, table, reason);
	plan_describe_new(p, &schema_table_kind, NULL, NULL, table);
}

void
plan_table_contents(Planner *p, const SchemaTable *table, const char *reason)
{
	add_contents(p, table, true, reason);
}

/*
 * The table without defaults and checks that come later.  A copy under the rank of the
 * original: what was left out needs something that needs this table.
 */
static const SchemaTable *
without_later(Planner *p, const SchemaTable *table)
{
	SchemaTable *copy = palloc(sizeof(SchemaTable));
	ListCell   *lc;

	*copy = *table;
	plan_rank_copy(p, copy, table);
	copy->columns = copy->constraints = NIL;
	foreach(lc, table->columns)
	{
		SchemaColumn *column = lfirst(lc);

		if (planner_is_later(p, column))
		{
			column = memcpy(palloc(sizeof(SchemaColumn)), column, sizeof(SchemaColumn));
			column->default_value = NULL;
		}
		copy->columns = lappend(copy->columns, column);
	}
	foreach(lc, table->constraints)
		if (!planner_is_later(p, lfirst(lc)))
			copy->constraints = lappend(copy->constraints, lfirst(lc));
	return copy;
}

/* When what they need is made. */
static void
add_later(Planner *p, const SchemaTable *table)
{
	const char *reason = "what it needs needs the table";
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		const SchemaColumn *column = lfirst(lc);

		if (planner_is_later(p, column))
			planner_need(planner_alter_table(
							 p, PHASE_BUILD, "alter_column", planner_child(table, column), table,
							 psprintf("ALTER COLUMN %s SET DEFAULT %s",
									  quote_identifier(column->object.name), column->default_value),
							 reason),
						 column);
	}
	foreach(lc, table->constraints)
		if (planner_is_later(p, lfirst(lc)))
			plan_create_child(p, &schema_constraint_kind, &schema_table_kind, table, lfirst(lc),
							  reason);
}

/*
 * The table with what is made with it, and needs what all of it does.  What only a part
 * put off needs is no need of the table: it would close the circle again.
 */
static void
make_table(const Planner *p, PlanStep *step, const SchemaTable *whole, const SchemaTable *table)
{
	List	   *later = NIL;
	ListCell   *lc;

	foreach(lc, p->later)
		if (list_member_ptr(whole->columns, lfirst(lc)) ||
			list_member_ptr(whole->constraints, lfirst(lc)))
			later = list_concat(later, ((const SchemaObject *) lfirst(lc))->depends_on);
	planner_make(step, &schema_table_kind, table, NULL);
	foreach(lc, table->constraints)
		if (ddl_is_in_create_table(table, lfirst(lc)))
			planner_make(step, &schema_constraint_kind, lfirst(lc), table);
	step->needs = list_copy(step->needs);
	foreach(lc, step->needs)
		if (schema_lists(later, lfirst(lc)))
			step->needs = foreach_delete_current(step->needs, lc);
}

/*
 * A new partition whose own key serves an index that the parent has: made as a partition
 * it would get an index of its own for that.
 */
static bool
brings_key(const Planner *p, const SchemaTable *table)
{
	ListCell   *lc;

	if (table->partition_of == NULL || planner_find_live(p, table->partition_of) == NULL)
		return false;
	foreach(lc, table->indexes)
	{
		const SchemaIndex *index = lfirst(lc);
		const SchemaConstraint *key =
			index->constraint != NULL && index->parent != NULL
				? schema_find_child(table->constraints, index->object.name)
				: NULL;

		if (key != NULL && !key->inherited)
			return true;
	}
	return false;
}

/*
 * Before foreign keys are checked: the whole has to have its rows by then.  Noted under
 * the address of the bound, by which others wait for the step.
 */
PlanStep *
plan_attach_partition(Planner *p, const SchemaTable *table, const char *reason)
{
	PlanStep   *step =
		alter_step(p, PHASE_INDEX, "attach_partition", schema_identity(table), table,
				   psprintf("ALTER TABLE %s ATTACH PARTITION %s %s", table->partition_of,
							schema_identity(table), table->partition_bound),
				   reason);

	planner_set_gone(p, &table->partition_bound, step);
	return planner_run_last(step);
}

static void
create_apart(Planner *p, const SchemaTable *table, const char *reason)
{
	SchemaTable *apart = plan_apart(table);

	plan_rank_copy(p, apart, table);
	plan_create_table(p, apart, reason);
	plan_attach_partition(p, table, reason);
}

void
plan_create_table(Planner *p, const SchemaTable *table, const char *reason)
{
	const SchemaTable *whole = table;
	PlanStep   *step;
	ListCell   *lc;

	if (brings_key(p, table))
	{
		create_apart(p, table, reason);
		return;
	}
	if (p->later != NIL)
		table = without_later(p, table);
	step = planner_step(p, PHASE_BUILD, "create_table", schema_identity(table), table,
						ddl_create_table(table), reason);
	step->relation = &table->object;
	make_table(p, step, whole, table);
	if (p->later != NIL)
		add_later(p, whole);
	foreach(lc, table->columns)
		plan_own_column(p, table, lfirst(lc), NEW_TABLE_REASON);
	add_contents(p, table, false, NEW_TABLE_REASON);
}

/* First of its phase: what is done to either of the two then does not reach the other. */
PlanStep *
plan_detach_partition(Planner *p, const SchemaTable *partition, const char *reason)
{
	return planner_run_first(
		alter_step(p, PHASE_DETACH, "detach_partition", schema_identity(partition), partition,
				   psprintf("ALTER TABLE %s DETACH PARTITION %s", partition->partition_of,
							schema_identity(partition)),
				   reason));
}

static void
drop_table(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->actual;
	const char *reason = "the table is not expected";
	PlanStep   *step;

	if (!p->options->allow_drop)
		return;
	/* Foreign keys to the partitioned table hold on to each of its partitions. */
	if (table->partition_of != NULL && planner_find_table(p, table->partition_of) != NULL)
		plan_detach_partition(p, table, reason);
	step = planner_step(p, planner_drop_phase(p, &schema_table_kind, table), "drop_table",
						schema_identity(table), table, ddl_drop(&schema_table_kind, table), reason);
	if (step->place.phase == PHASE_DETACH)
		planner_run_last(step);
	planner_take(p, step, &schema_table_kind, table, NULL);
	step->relation = &table->object;
	planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	/* The rows of a foreign table stay where they are. */
	if (strcmp(table->kind, "foreign table") != 0)
		planner_hazard(step, HAZARD_DATA_LOSS);
	planner_hazard(step, HAZARD_IRREVERSIBLE);
}

/*
 * The clause after ALTER TABLE for a change of one member; NULL where there is none.  A
 * new place or form of storage is a new file, hence the hazard.
 */
static char *
table_clause(const Difference *d, bool *rewrites)
{
	const SchemaTable *to = d->expected;
	const SchemaTable *from = d->actual;

	*rewrites = difference_is(d, SchemaTable, unlogged) ||
				difference_is(d, SchemaTable, access_method) ||
				difference_is(d, SchemaTable, tablespace);
	if (difference_is(d, SchemaTable, options))
		return ddl_change_parameters(to->options, from->options);
	if (difference_is(d, SchemaTable, fdw_options))
		return ddl_change_fdw_options(to->fdw_options, from->fdw_options);
	if (difference_is(d, SchemaTable, unlogged))
		return to->unlogged ? "SET UNLOGGED" : "SET LOGGED";
	if (difference_is(d, SchemaTable, access_method))
		return psprintf("SET ACCESS METHOD %s",
						to->access_method != NULL ? quote_identifier(to->access_method) : "heap");
	if (difference_is(d, SchemaTable, tablespace))
		return psprintf("SET TABLESPACE %s",
						to->tablespace != NULL ? quote_identifier(to->tablespace) : "pg_default");
	if (difference_is(d, SchemaTable, of_type))
		return to->of_type != NULL ? psprintf("OF %s", to->of_type) : "NOT OF";
	return NULL;
}

/*
 * Whether the bounds are those of another partition key than there is, or of another
 * type.  Such a bound has no meaning for the key there is: the difference remains,
 * unless the parent is rebuilt.
 */
static bool
is_key_changed(const Planner *p, const char *parent)
{
	const SchemaTable *to = parent != NULL ? planner_find_table(p, parent) : NULL;
	const SchemaTable *from = parent != NULL ? planner_find_live(p, parent) : NULL;
	ListCell   *lc;

	if (from == NULL || to == NULL || planner_is_rebuilt(p, to))
		return false;
	if (!expression_equal(from->partition_key, to->partition_key))
		return true;
	foreach(lc, to->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *live = schema_find_child(from->columns, column->object.name);

		if (live != NULL && strcmp(live->type, column->type) != 0 &&
			plan_is_partition_key(p, from, column->object.name))
			return true;
	}
	return false;
}

/*
 * A table that is or is not a partition, or one with other bounds.  One that stays
 * with its parent goes back before that changes, so that the changes reach it; one
 * that comes to it is its like only when all has changed.
 */
static void
move_partition(Planner *p, const Difference *d)
{
	const SchemaTable *to = d->expected;
	const SchemaTable *from = d->actual;
	const char *reason = "its place among the partitions differs";
	bool		stays = to->partition_of != NULL && planner_follows_parent(to, from);
	PlanStep   *step;

	if (planner_was_handled(p, to))
		return;
	if (is_key_changed(p, to->partition_of))
	{
		planner_remain(p, d, "the partition key stays as it is");
		return;
	}
	if (!stays)
		plan_move_triggers(p, to, from, reason);
	if (from->partition_of != NULL)
	{
		step = plan_detach_partition(p, from, reason);
		if (stays)
			step->place.phase = PHASE_SCHEMA;	/* its indexes still go with those of its parent */
	}
	if (to->partition_of == NULL)
		return;
	step = plan_attach_partition(p, to, reason);
	if (stays)
	{
		step->place.phase = PHASE_SCHEMA;
		step->place.band = BAND_NORMAL;
	}
	planner_hazard(step, HAZARD_TABLE_SCAN);
}

/* Whether the columns of a table stay as they are but for what is said of them. */
static bool
keeps_columns(const SchemaTable *to, const SchemaTable *from)
{
	ListCell   *lc;

	if (list_length(to->columns) != list_length(from->columns))
		return false;
	foreach(lc, from->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *again = schema_find_child(to->columns, column->object.name);

		if (again == NULL || !expression_equal(again->type, column->type) ||
			!expression_equal(again->collation, column->collation) ||
			!expression_equal(again->generated, column->generated))
			return false;
	}
	return true;
}

/* Whether a column that comes from one parent is to come from another. */
static bool
shares_column(const SchemaTable *to, const SchemaTable *from, const SchemaTable *left,
			  const SchemaTable *joined)
{
	ListCell   *lc;

	foreach(lc, from->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *again = schema_find_child(to->columns, column->object.name);

		if (column->inherited && again != NULL && again->inherited &&
			schema_find_child(left->columns, column->object.name) != NULL &&
			schema_find_child(joined->columns, column->object.name) != NULL)
			return true;
	}
	return false;
}

/*
 * The parent that gives a table what another gave it; or NULL.  A column that it has from nobody
 * for a moment is its own for good, so the new one is joined before the old one is left.  Not
 * where more changes than that, which the old one would not allow.
 */
static const char *
find_successor(const Planner *p, const Difference *d, const char *left)
{
	const SchemaTable *to = d->expected;
	const SchemaTable *from = d->actual;
	const SchemaTable *old = planner_find_live(p, left);
	ListCell   *lc;

	if (old == NULL || old->constraints != NIL || old->inherits != NIL || !keeps_columns(to, from))
		return NULL;
	foreach(lc, to->inherits)
	{
		const SchemaTable *new = planner_find_table(p, lfirst(lc));

		if (!schema_lists(from->inherits, lfirst(lc)) && new != NULL &&new->inherits == NIL &&
			!schema_lists(new->object.depends_on, schema_key(&schema_table_kind, old, NULL)) &&
			shares_column(to, from, old, new))
			return lfirst(lc);
	}
	return NULL;
}

/*
 * Left before anything changes and joined when all is like the parent: INHERIT asks
 * that columns and checks agree.
 */
static void
change_parents(Planner *p, const Difference *d)
{
	const SchemaTable *to = d->expected;
	const SchemaTable *from = d->actual;
	ListCell   *lc;

	foreach(lc, from->inherits)
	{
		PlanStep   *step;

		if (schema_lists(to->inherits, lfirst(lc)))
			continue;
		step = planner_run_first(planner_alter_table(
			p, PHASE_DETACH, "alter_table", schema_identity(to), from,
			psprintf("NO INHERIT %s", (char *) lfirst(lc)), "it must not inherit from this table"));
		if (find_successor(p, d, lfirst(lc)) != NULL)
			planner_set_gone(p, lfirst(lc), step);
	}
	foreach(lc, to->inherits)
	{
		if (!schema_lists(from->inherits, lfirst(lc)))
			planner_set_gone(p, lfirst(lc),
							 planner_alter_table(p, PHASE_DROP, "alter_table", schema_identity(to),
												 to, psprintf("INHERIT %s", (char *) lfirst(lc)),
												 "it must inherit from this table"));
	}
}

static bool
is_about(const PlanStep *step, const char *table)
{
	return strcmp(step->object, table) == 0 ||
		   (step->relation != NULL && strcmp(schema_identity(step->relation), table) == 0);
}

/*
 * The parent to leave stays as it is until it is left; the one to join, and the table, are as they
 * shall be before that.
 */
static void
join_before_leaving(Planner *p, const SchemaTable *table, const char *left, PlanStep *leave,
					const char *joined, PlanStep *join)
{
	char	   *child = schema_identity(table);
	ListCell   *lc;

	leave->after = lappend(leave->after, join);
	foreach(lc, p->plan->steps)
	{
		PlanStep   *step = lfirst(lc);

		if (step == leave || step == join)
			continue;
		if (is_about(step, left))
			step->after = lappend(step->after, leave);
		else if ((is_about(step, joined) && strcmp(step->action, "drop_column") == 0) ||
				 ((is_about(step, joined) || is_about(step, child)) &&
				  step->place.phase <= PHASE_CONSTRAIN && strstr(step->sql, " INHERIT ") == NULL))
			join->after = lappend(join->after, step);
	}
}

void
plan_order_parents(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);
		const SchemaTable *from = d->actual;
		ListCell   *lcp;

		if (d->kind != DIFFERENCE_CHANGED || !difference_is(d, SchemaTable, inherits))
			continue;
		foreach(lcp, from->inherits)
		{
			PlanStep   *leave = planner_find_gone(p, lfirst(lcp));
			const char *successor = leave != NULL ? find_successor(p, d, lfirst(lcp)) : NULL;

			if (successor != NULL)
				join_before_leaving(p, from, lfirst(lcp), leave, successor,
									planner_find_gone(p, successor));
		}
	}
}

/*
 * A table is of a type once it is just like it, and ceases to be before the type changes, which
 * would change it too.
 */
static void
place_of_type(Planner *p, const Difference *d, PlanStep *step)
{
	step->place.phase =
		((const SchemaTable *) d->expected)->of_type != NULL ? PHASE_DROP : PHASE_DETACH;
	if (step->place.phase == PHASE_DETACH)
		planner_run_first(step);
	else
		planner_run_last(step);
}

static void
change_table(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->expected;
	const char *member = d->member->name;
	const char *reason = psprintf("its %s differs", difference_attribute(d));
	bool		rewrites;
	char	   *clause;
	PlanStep   *step;

	if (d->member->type == MEMBER_OBJECTS)
	{
		planner_remain(p, d, "columns are not moved: their order is of no consequence");
		return;
	}
	if (difference_is(d, SchemaTable, inherits))
		change_parents(p, d);
	else if (difference_is(d, SchemaTable, partition_of) ||
			 difference_is(d, SchemaTable, partition_bound))
		move_partition(p, d);
	else if (difference_is(d, SchemaTable, replica_identity) && is_of_nullable(p, table, d->actual))
		planner_remain(p, d, "a column of its index is left nullable, as the table has rows");
	else if (difference_is(d, SchemaTable, replica_identity))
		set_replica_identity(p, table, reason);
	else if (difference_is(d, SchemaTable, row_security) ||
			 difference_is(d, SchemaTable, force_row_security))
	{
		if (!planner_was_handled(p, table))
			set_row_security(p, table, d->actual, reason);
	}
	else if (difference_is(d, SchemaTable, unlogged) && table->unlogged &&
			 plan_find_publisher(p, table) != NULL)
		planner_remain(p, d,
					   psprintf("publication %s publishes the table, which has to be logged for it",
								quote_identifier(plan_find_publisher(p, table)->object.name)));
	else if ((clause = table_clause(d, &rewrites)) != NULL)
	{
		step = planner_alter_table(p, PHASE_BUILD, "alter_table", schema_identity(table), table,
								   clause, reason);
		if (rewrites)
			planner_hazard(step, HAZARD_TABLE_REWRITE);
		if (difference_is(d, SchemaTable, of_type))
			place_of_type(p, d, step);
		if (difference_is(d, SchemaTable, unlogged))
			planner_set_gone(p, &table->unlogged, step);
	}
	else
		planner_remain(p, d, psprintf("no command changes %s of a table that exists", member));
}

/*
 * A table that is logged references none that is not: what is referenced becomes logged
 * first, and unlogged last.
 */
static void
wait_for_logged(const Planner *p, const SchemaTable *table, PlanStep *step)
{
	ListCell   *lc;

	foreach(lc, table->constraints)
	{
		const SchemaConstraint *key = lfirst(lc);
		const SchemaTable *other =
			key->referenced_table != NULL
				? schema_find_table(p->expected, key->referenced_schema, key->referenced_table)
				: NULL;
		PlanStep   *of_other = other != NULL ? planner_find_gone(p, &other->unlogged) : NULL;

		if (of_other == NULL || of_other == step)
			continue;
		if (table->unlogged)
			of_other->after = lappend(of_other->after, step);
		else
			step->after = lappend(step->after, of_other);
	}
}

/* Edges and not phases: how far such a line of references goes is not known. */
void
plan_order_logged(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);
		const SchemaTable *table = d->expected;

		if (difference_is(d, SchemaTable, unlogged) &&
			planner_find_gone(p, &table->unlogged) != NULL)
			wait_for_logged(p, table, planner_find_gone(p, &table->unlogged));
	}
}

/* Servers are objects of the database, and no plan's to make. */
static bool
lacks_server(const Planner *p, const SchemaTable *table)
{
	return table->server != NULL && p->options->facts.has_server != NULL &&
		   !p->options->facts.has_server(table->server, p->options->facts.arg);
}

void
plan_table(Planner *p, const Difference *d)
{
	switch (d->kind)
	{
		case DIFFERENCE_MISSING:
			if (p->is_flat)
				create_defined_table(p, d);
			else if (is_key_changed(p, ((const SchemaTable *) d->expected)->partition_of))
				planner_remain(p, d, "the partition key of its parent stays as it is");
			else if (lacks_server(p, d->expected))
				planner_remain(p, d,
							   psprintf("there is no server %s, which no plan makes",
										((const SchemaTable *) d->expected)->server));
			else if (!planner_has_name_conflict(p, d))
				plan_create_table(p, d->expected, "the table is missing");
			break;
		case DIFFERENCE_EXTRA:
			drop_table(p, d);
			break;
		case DIFFERENCE_CHANGED:
			change_table(p, d);
			break;
	}
}
