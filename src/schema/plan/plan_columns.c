/*
 * plan_columns.c
 *	  Steps for the columns of tables.
 *
 * A column is never compared here: a difference has been found, and a step is what mends
 * it.  What can be said while the column is added is said there; the rest are clauses of
 * one ALTER COLUMN, each a step of its own, for the reader has to see which of them
 * rewrites the table or may lose values.
 *
 * A type is changed by the cast that is known to keep values, else through text; whatever
 * reads the column stands aside meanwhile (plan_dependents.c).  What a partition or an heir
 * gets from its parent has no step, and where each has its own, parents come first.  NOT
 * NULL is apart (plan_not_null.c), as it depends on rows.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/model/graph.h"
#include "schema/plan/plan_dependents.h"
#include "schema/plan/plan_identity.h"
#include "schema/plan/plan_not_null.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

#define COLUMN_REASON "a column it reads changes"
#define TYPE_REASON "its type changes"

static bool
is_generation(const Difference *d)
{
	return difference_is(d, SchemaColumn, generated) ||
		   difference_is(d, SchemaColumn, generated_kind);
}

static bool
is_not_null(const Difference *d)
{
	return difference_is(d, SchemaColumn, not_null) ||
		   difference_is(d, SchemaColumn, not_null_constraint) ||
		   difference_is(d, SchemaColumn, not_null_not_valid) ||
		   difference_is(d, SchemaColumn, not_null_no_inherit);
}

static bool
is_identity(const Difference *d)
{
	return difference_is(d, SchemaColumn, identity) ||
		   difference_is(d, SchemaColumn, identity_options);
}

static bool
is_foreign(const SchemaTable *table)
{
	return strcmp(table->kind, "foreign table") == 0;
}

/* A column that gets a type, be it the one it had, loses what it had of its own. */
void
plan_keep_storage(Planner *p, const SchemaTable *table, const SchemaColumn *column,
				  const char *reason)
{
	const char *name = quote_identifier(column->object.name);
	char	   *object = planner_child(table, column);

	if (planner_is_gone(p, &column->storage))
		return;
	planner_set_gone(p, &column->storage, NULL);
	if (column->storage != NULL)
		planner_alter_table(p, PHASE_ATTACH, "alter_column", object, table,
							psprintf("ALTER COLUMN %s SET STORAGE %s", name, column->storage),
							reason);
	if (column->compression != NULL)
		planner_alter_table(p, PHASE_ATTACH, "alter_column", object, table,
							psprintf("ALTER COLUMN %s SET COMPRESSION %s", name,
									 quote_identifier(column->compression)),
							reason);
}

/* Attributes of a column that CREATE TABLE and ADD COLUMN cannot say. */
void
plan_column_extras(Planner *p, const SchemaTable *table, const SchemaColumn *column,
				   const char *reason)
{
	const char *name = quote_identifier(column->object.name);
	char	   *object = planner_child(table, column);

	if (column->statistics != SCHEMA_UNSET)
		planner_alter_table(
			p, PHASE_ATTACH, "alter_column", object, table,
			psprintf("ALTER COLUMN %s SET STATISTICS " INT64_FORMAT, name, column->statistics),
			reason);
	if (column->storage != NULL)
		planner_alter_table(p, PHASE_ATTACH, "alter_column", object, table,
							psprintf("ALTER COLUMN %s SET STORAGE %s", name, column->storage),
							reason);
	if (column->not_null_not_valid && !column->inherited)
		plan_set_not_null(p, table, column, reason);
	if (column->options != NIL)
		planner_alter_table(
			p, PHASE_ATTACH, "alter_column", object, table,
			psprintf("ALTER COLUMN %s SET %s", name, ddl_parameters(column->options)), reason);
	plan_describe_new(p, &schema_column_kind, &schema_table_kind, table, column);
}

/*
 * The clause the caller gave for a column that the expectation only names.  By the bare
 * name of the table, in whatever schema, or by the qualified one.
 */
const char *
plan_find_definition(const Planner *p, const SchemaTable *table, const char *column)
{
	ListCell   *lc;

	foreach(lc, p->options->definitions)
	{
		PlanDefinition *definition = lfirst(lc);

		if (strcmp(definition->column, column) == 0 &&
			(strcmp(definition->table, table->object.name) == 0 ||
			 strcmp(definition->table, schema_identity(table)) == 0))
			return definition->clause;
	}
	return NULL;
}

/*
 * The column as the caller defines it: the clause as it stands, and what it says
 * about null and default.  The clause was parsed when the argument was read.
 */
static void
add_defined_column(Planner *p, const Difference *d, const SchemaTable *actual)
{
	const SchemaColumn *column = d->expected;
	const char *clause = plan_find_definition(p, d->parent, column->object.name);
	PlanStep   *step;
	char	   *reason = "the column is missing";

	if (clause == NULL)
	{
		planner_remain(p, d, "its type is not known: column_definitions does not name it");
		return;
	}
	if (plan_clause_is_not_null(clause) && !plan_clause_has_default(clause) &&
		planner_has_rows(p, actual))
	{
		clause = plan_clause_nullable(clause);
		reason = "the column is missing; it is left nullable, as the table has rows and the "
				 "column no default";
	}
	step = planner_alter_table(
		p, PHASE_BUILD, "add_column", planner_child(actual, column), actual,
		psprintf("ADD COLUMN %s %s", quote_identifier(column->object.name), clause), reason);
	step->place.rank = 0;
}

/* The difference that is there once the column has been added. */
void
plan_remain_nullable(Planner *p, const void *parent, const void *parent_actual,
					 const SchemaColumn *expected, const SchemaColumn *added)
{
	Difference *later = palloc0(sizeof(Difference));
	SchemaColumn *nullable = palloc(sizeof(SchemaColumn));

	*nullable = *added;
	later->kind = DIFFERENCE_CHANGED;
	later->is_error = true;
	later->object_kind = &schema_column_kind;
	later->parent_kind = &schema_table_kind;
	later->parent = parent;
	later->parent_actual = parent_actual;
	later->expected = expected;
	later->actual = nullable;
	later->member = schema_find_member(&schema_column_kind, "not_null");
	planner_remain(p, later, "the table has rows and the column no default");
}

/*
 * The server refuses to rewrite a table whose row type is that of a column somewhere.
 * NULL where none is, or where that goes before.
 */
const GraphNode *
plan_find_row_column(const Planner *p, const SchemaTable *actual)
{
	const GraphNode *node = actual != NULL ? actual->object.node : NULL;
	ListCell   *lc;

	foreach(lc, node != NULL && node->rowtype != NULL ? node->rowtype->dependents : NIL)
	{
		const GraphNode *user = lfirst(lc);

		if (user->kind == &schema_column_kind && user->part == GRAPH_OBJECT &&
			user->parent_kind == &schema_table_kind && !planner_is_gone(p, user->object) &&
			!planner_is_gone(p, user->parent) && !planner_is_gone(p, user))
			return user;
	}
	return NULL;
}

void
plan_check_refilled(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->refilled)
	{
		const GraphNode *user = plan_find_row_column(p, lfirst(lc));

		if (user != NULL)
			planner_obstruct(
				p,
				psprintf("rows of table %s cannot be given the values of a column that is made "
						 "again while column %s uses their type",
						 schema_identity(lfirst(lc)), planner_child(user->parent, user->object)));
	}
}

/*
 * No row is given a value while its type is used elsewhere, nor one that needs the
 * table by way of others: a default comes afterwards, to no rows.
 *
 * False: nothing stands in the way, and the column is added in the ordinary way.
 */
static bool
add_unfilled(Planner *p, const Difference *d, const SchemaColumn *column, bool has_rows)
{
	const GraphNode *user = plan_find_row_column(p, d->parent_actual);
	SchemaColumn bare = *column;
	PlanStep   *step;

	if (user == NULL && !planner_is_later(p, d->expected))
		return false;
	if (user == NULL && has_rows)
	{
		planner_remain(p, d, "rows cannot be given its default, which needs what needs the table");
		return true;
	}
	if (has_rows || column->generated != NULL || column->identity != NULL)
	{
		planner_remain(p, d,
					   psprintf("rows cannot be given values while column %s uses their type",
								planner_child(user->parent, user->object)));
		return true;
	}
	bare.default_value = NULL;
	step = planner_alter_table(p, PHASE_BUILD, "add_column", planner_child(d->parent, column),
							   d->parent, psprintf("ADD COLUMN %s", ddl_column(&bare)),
							   "the column is missing");
	planner_set_gone(p, &((const SchemaColumn *) d->expected)->attnum, step);
	planner_complete(step, d->parent);
	planner_need(planner_alter_table(
					 p, PHASE_BUILD, "alter_column", planner_child(d->parent, column), d->parent,
					 psprintf("ALTER COLUMN %s %s", quote_identifier(column->object.name),
							  plan_default_clause(column)),
					 "the column is missing"),
				 d->expected);
	plan_column_extras(p, d->parent, d->expected, "the column is missing");
	return true;
}

/*
 * ADD COLUMN with a constant default touches no row, however large the table is;
 * with a volatile one, an identity or a generation expression it rewrites it.
 */
static void
add_column(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent;
	SchemaColumn column = *(const SchemaColumn *) d->expected;
	const char *reason = "the column is missing";
	bool		filled =
		column.default_value != NULL || column.identity != NULL || column.generated != NULL;
	bool		has_rows = planner_has_rows(p, d->parent_actual);
	PlanStep   *step;

	if (filled && add_unfilled(p, d, &column, has_rows))
		return;
	if (plan_is_left_nullable(p, d->parent_actual, d->expected))
	{
		column.not_null = false;
		reason = "the column is missing; it is left nullable, as the table has rows and the "
				 "column no default";
		plan_remain_nullable(p, table, d->parent_actual, d->expected, &column);
	}
	step = planner_alter_table(p, PHASE_BUILD, "add_column", planner_child(table, &column), table,
							   psprintf("ADD COLUMN %s", ddl_column(&column)), reason);
	planner_set_gone(p, &((const SchemaColumn *) d->expected)->attnum, step);
	planner_need(step, d->expected);
	planner_complete(step, table);
	if (filled)
		planner_retype(step, d->parent_actual);
	if (column.not_null && has_rows)
		planner_hazard(step, HAZARD_NOT_NULL_BACKFILL);
	if (column.generated != NULL)
		planner_run_late(step);
	if (column.generated != NULL || column.identity != NULL)
		planner_hazard(step, HAZARD_TABLE_REWRITE);
	plan_column_extras(p, table, d->expected, reason);
}

/*
 * Whether a child of the table keeps the column for itself.  DROP COLUMN would go down
 * to that child as well; with ONLY it becomes the child's own.
 */
static bool
stays_below(const Planner *p, const SchemaTable *table, const SchemaColumn *column)
{
	char	   *name = schema_identity(table);
	ListCell   *lc;

	foreach(lc, p->actual->tables)
	{
		const SchemaTable *child = lfirst(lc);
		const SchemaTable *expected;

		if (!schema_lists(child->inherits, name))
			continue;
		expected = schema_find_table(p->expected, child->object.schema, child->object.name);
		if (expected != NULL && schema_find_child(expected->columns, column->object.name) != NULL)
			return true;
	}
	return false;
}

/* Whether the column goes with that of a parent. */
static bool
goes_with_parent(const Planner *p, const SchemaTable *table, const SchemaColumn *column)
{
	ListCell   *lc;

	if (!column->inherited)
		return false;
	foreach(lc, table->inherits)
	{
		const SchemaTable *parent = planner_find_live(p, lfirst(lc));

		if (parent != NULL && stays_below(p, parent, column))
			return false;
	}
	return true;
}

/* A column that several tables of a line declare goes from the top: below, it is inherited. */
static void
wait_for_parents(const Planner *p, const SchemaTable *table, const SchemaColumn *column,
				 PlanStep *step)
{
	ListCell   *lc;

	foreach(lc, table->inherits)
	{
		const SchemaTable *parent = planner_find_live(p, lfirst(lc));
		const SchemaColumn *above =
			parent != NULL ? schema_find_child(parent->columns, column->object.name) : NULL;
		PlanStep   *first = above != NULL ? planner_find_gone(p, above) : NULL;

		if (first != NULL)
			step->after = lappend(step->after, first);
	}
}

/*
 * One that is added to both is merged, if the child has it first, and of the same type.
 * Steps are found by the address of the member that they are about.
 */
static void
come_before_parents(const Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent;
	const SchemaColumn *column = d->expected;
	PlanStep   *step =
		planner_find_gone(p, d->kind == DIFFERENCE_MISSING ? (const void *) &column->attnum
														   : (const void *) &column->type);
	ListCell   *lc;

	if (step == NULL)
		return;
	foreach(lc, table->inherits)
	{
		const SchemaTable *parent = planner_find_table(p, lfirst(lc));
		const SchemaColumn *above =
			parent != NULL ? schema_find_child(parent->columns, column->object.name) : NULL;
		PlanStep   *later = above != NULL ? planner_find_gone(p, &above->attnum) : NULL;

		if (later != NULL)
			later->after = lappend(later->after, step);
	}
}

static PlanStep *
find_maker(const Planner *p, const SchemaTable *table)
{
	char	   *key = schema_key(&schema_table_kind, table, NULL);
	ListCell   *lc;

	foreach(lc, p->plan->steps)
		if (schema_lists(((const PlanStep *) lfirst(lc))->makes, key))
			return lfirst(lc);
	return NULL;
}

/*
 * Columns that the parents of a new table have too much: they might be of another type than the
 * table, or than another parent, has under their name.
 */
static void
wait_for_leaner_parents(const Planner *p, const SchemaTable *table)
{
	PlanStep   *step = table->inherits != NIL ? find_maker(p, table) : NULL;
	ListCell   *lc;

	foreach(lc, step != NULL ? table->inherits : NIL)
	{
		const SchemaTable *parent = planner_find_live(p, lfirst(lc));
		ListCell   *lcc;

		foreach(lcc, parent != NULL ? parent->columns : NIL)
		{
			const SchemaColumn *column = lfirst(lcc);
			PlanStep   *drop = planner_find_gone(p, column);

			if (drop != NULL && schema_find_child(table->columns, column->object.name) != NULL)
				step->after = lappend(step->after, drop);
		}
	}
}

void
plan_order_inherited(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);

		if (d->kind == DIFFERENCE_MISSING && d->object_kind == &schema_table_kind)
			wait_for_leaner_parents(p, d->expected);
		if (d->object_kind != &schema_column_kind || d->parent_kind != &schema_table_kind)
			continue;
		if (d->kind == DIFFERENCE_EXTRA && planner_find_gone(p, d->actual) != NULL)
			wait_for_parents(p, d->parent_actual, d->actual, planner_find_gone(p, d->actual));
		/* It changes by itself when it is inherited no more. */
		else if (difference_is(d, SchemaColumn, type) &&
				 planner_find_gone(p, &((const SchemaColumn *) d->expected)->type) != NULL)
			wait_for_parents(p, d->parent_actual, d->actual,
							 planner_find_gone(p, &((const SchemaColumn *) d->expected)->type));
		if (d->kind != DIFFERENCE_EXTRA && planner_follows_parent(d->parent, d->parent_actual))
			come_before_parents(p, d);
	}
}

/* Generated columns that read it and are to go too go first. */
static void
drop_one_column(Planner *p, const SchemaTable *expected, const SchemaTable *table,
				const SchemaColumn *column)
{
	PlanStep   *step;
	ListCell   *lc;

	if (planner_is_gone(p, column))
		return;
	planner_set_gone(p, column, NULL);
	foreach(lc, table->columns)
	{
		const SchemaColumn *reader = lfirst(lc);

		if (expression_mentions(reader->generated, column->object.name) &&
			schema_find_child(expected->columns, reader->object.name) == NULL)
			drop_one_column(p, expected, table, reader);
	}
	plan_republish(p, table, column->object.name, false);
	step = planner_alter_table(p, PHASE_DROP, "drop_column", planner_child(table, column), table,
							   psprintf("DROP COLUMN %s", quote_identifier(column->object.name)),
							   "the column is not expected");
	if (stays_below(p, table, column))
		step->sql = psprintf("ALTER TABLE ONLY %s DROP COLUMN %s", schema_identity(table),
							 quote_identifier(column->object.name));
	planner_take(p, step, &schema_column_kind, column, table);
	if (!is_foreign(table))
		planner_hazard(step, HAZARD_DATA_LOSS);
	planner_hazard(step, HAZARD_IRREVERSIBLE);
}

static void
drop_column(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent_actual;
	const SchemaColumn *column = d->actual;
	const SchemaPublication *publication = plan_find_publication(p, table, column->object.name);

	if (!p->options->allow_drop ||
		(planner_column_follows(p, d->parent, d->parent_actual, column->object.name, d->kind) &&
		 goes_with_parent(p, d->parent_actual, column)))
		return;
	if (publication != NULL)
		planner_remain(p, d,
					   psprintf("publication %s chooses rows by it or publishes nothing else",
								quote_identifier(publication->object.name)));
	else
		drop_one_column(p, d->parent, table, column);
}

PlanCast
plan_find_cast(const Planner *p, const char *from, const char *to)
{
	/* The live one of the name is another type by then. */
	if (p->options->facts.cast == NULL || planner_is_recreated(p, from) ||
		planner_is_recreated(p, to))
		return CAST_BY_TEXT;
	return p->options->facts.cast(from, to, p->options->facts.arg);
}

/*
 * One command drops the default, changes the type and sets the new default: a
 * default of the old type would stand in the way.  USING stands only where nothing
 * else converts: an explicit cast would cut a text short where assignment raises.
 */
static void
alter_type(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent;
	const SchemaColumn *to = d->expected;
	const SchemaColumn *from = d->actual;
	const char *name = quote_identifier(to->object.name);
	PlanCast	cast = plan_find_cast(p, from->type, to->type);
	StringInfoData sql;
	PlanStep   *step;

	initStringInfo(&sql);
	if (from->default_value != NULL)
		appendStringInfo(&sql, "ALTER COLUMN %s DROP DEFAULT, ", name);
	appendStringInfo(&sql, "ALTER COLUMN %s TYPE %s", name, to->type);
	if (to->collation != NULL)
		appendStringInfo(&sql, " COLLATE %s", to->collation);
	if (!is_foreign(table) && cast == CAST_BY_TEXT)
		appendStringInfo(&sql, " USING %s::pg_catalog.text::%s", name, to->type);
	else if (!is_foreign(table) && cast == CAST_EXPLICIT)
		appendStringInfo(&sql, " USING %s::%s", name, to->type);
	if (to->default_value != NULL)
		appendStringInfo(&sql, ", ALTER COLUMN %s SET DEFAULT %s", name, to->default_value);
	step = planner_alter_table(p, PHASE_BUILD, "alter_column", planner_child(table, to), table,
							   sql.data,
							   psprintf("its type is %s, expected %s", from->type, to->type));
	planner_hazard(step, HAZARD_TABLE_REWRITE);
	planner_need(step, to);
	planner_set_gone(p, &to->type, step);
	planner_retype(step, d->parent_actual);
	if (cast != CAST_SAFE)
		planner_hazard(step, HAZARD_DATA_LOSS);
}

static bool
type_changes(const Difference *d)
{
	const SchemaColumn *to = d->expected;
	const SchemaColumn *from = d->actual;

	return !expression_equal(to->type, from->type) ||
		   !expression_equal(to->collation, from->collation);
}

/* SET DEFAULT and DROP DEFAULT touch no row. */
char *
plan_default_clause(const SchemaColumn *to)
{
	if (to->default_value == NULL)
		return "DROP DEFAULT";
	return psprintf("SET DEFAULT %s", to->default_value);
}

/* A plain column becomes a generated one by being made again: plan_prepare_column() does it. */
static void
alter_generated(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent;
	const SchemaColumn *to = d->expected;

	/* Its kind differs with it, and its type may have. */
	if (difference_is(d, SchemaColumn, generated))
		planner_alter_table(
			p, PHASE_DETACH, "alter_column", planner_child(table, to), d->parent_actual,
			psprintf("ALTER COLUMN %s DROP EXPRESSION", quote_identifier(to->object.name)),
			"its generation expression differs");
}

/* SET STORAGE DEFAULT is not known to all releases; a type that the plan makes is new to none. */
const char *
plan_default_storage(const Planner *p, const char *type)
{
	const char *storage = p->options->facts.storage != NULL
							  ? p->options->facts.storage(type, p->options->facts.arg)
							  : NULL;

	return storage != NULL ? storage : "EXTENDED";
}

/* The clause after ALTER COLUMN for a change of one member; NULL where there is none. */
static char *
column_clause(const Planner *p, const Difference *d)
{
	const SchemaColumn *to = d->expected;
	const SchemaColumn *from = d->actual;

	if (difference_is(d, SchemaColumn, default_value))
		return plan_default_clause(to);
	if (difference_is(d, SchemaColumn, identity))
		return plan_identity_clause(to, from);
	if (difference_is(d, SchemaColumn, identity_options) && from->identity != NULL &&
		to->identity != NULL)
		return psprintf("%s%s", plan_identity_options_clause(to, from),
						plan_identity_is_outside(p, d->parent_actual, to, from) ? " RESTART" : "");
	if (difference_is(d, SchemaColumn, storage))
		return psprintf("SET STORAGE %s",
						to->storage != NULL ? to->storage : plan_default_storage(p, to->type));
	if (difference_is(d, SchemaColumn, compression))
		return psprintf("SET COMPRESSION %s",
						to->compression != NULL ? quote_identifier(to->compression) : "DEFAULT");
	if (difference_is(d, SchemaColumn, statistics))
		return psprintf("SET STATISTICS " INT64_FORMAT,
						to->statistics != SCHEMA_UNSET ? to->statistics : -1);
	if (difference_is(d, SchemaColumn, options))
		return ddl_change_parameters(to->options, from->options);
	if (difference_is(d, SchemaColumn, fdw_options))
		return ddl_change_fdw_options(to->fdw_options, from->fdw_options);
	return NULL;
}

/* A column is no identity before it gets a default. */
static PlanPhase
column_phase(const Difference *d)
{
	if (difference_is(d, SchemaColumn, identity) &&
		((const SchemaColumn *) d->expected)->identity == NULL)
		return PHASE_DETACH;
	return PHASE_BUILD;
}

/* Among the types that an identity may have: int2, int4, int8. */
static bool
is_narrower(const char *to, const char *from)
{
	return strncmp(to, "int", 3) == 0 && strncmp(from, "int", 3) == 0 && strcmp(to, from) < 0;
}

static void
alter_column(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent;
	const SchemaColumn *column = d->expected;
	const char *member = d->member->name;
	const char *expected = difference_expected(d);
	const char *actual = difference_actual(d);
	char	   *clause = column_clause(p, d);
	PlanStep   *step;

	if (clause == NULL)
	{
		planner_remain(p, d, psprintf("no command changes %s of a column", member));
		return;
	}
	step = planner_alter_table(
		p, column_phase(d), "alter_column", planner_child(table, column), table,
		psprintf("ALTER COLUMN %s %s", quote_identifier(column->object.name), clause),
		psprintf("its %s is %s, expected %s", member, actual ? actual : "not set",
				 expected ? expected : "not set"));
	step->bounds = difference_is(d, SchemaColumn, identity_options);
	if (difference_is(d, SchemaColumn, default_value))
		planner_need(step, column);
	/* Bounds that the narrower type cannot hold are no more when it comes. */
	if (step->bounds && is_narrower(column->type, ((const SchemaColumn *) d->actual)->type))
		planner_run_first(step);
	/* It stands before the identity, which wants it. */
	if (strncmp(clause, "SET NOT NULL", strlen("SET NOT NULL")) == 0)
		planner_hazard(step, HAZARD_TABLE_SCAN);
	if (difference_is(d, SchemaColumn, identity) && column->identity != NULL &&
		((const SchemaColumn *) d->actual)->identity == NULL)
		plan_advance_identity(p, table, d->parent_actual, column);
}

/* Of the table, or of one that it is a partition of. */
bool
plan_is_partition_key(const Planner *p, const SchemaTable *table, const char *column)
{
	while (table != NULL && !expression_mentions(table->partition_key, column))
		table = table->partition_of != NULL ? planner_find_live(p, table->partition_of) : NULL;
	return table != NULL;
}

/* What no command brings about, in words; NULL for what can be done. */
static const char *
column_obstacle(const Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent_actual;
	const SchemaColumn *to = d->expected;
	const SchemaColumn *from = d->actual;

	if (from->generated == NULL && to->generated != NULL && !p->options->allow_drop &&
		planner_has_rows(p, table))
		return "its values would be lost: a generated column takes its place only with allow_drop";
	if (type_changes(d) && plan_is_partition_key(p, table, from->object.name))
		return "it is part of the partition key of its table";
	return NULL;
}

void
plan_prepare_column(Planner *p, const Difference *d)
{
	const SchemaColumn *to = d->expected;
	const SchemaColumn *from = d->actual;

	if (column_obstacle(p, d) != NULL ||
		(to->inherited &&
		 planner_column_follows(p, d->parent, d->parent_actual, to->object.name, d->kind)))
		return;
	if (is_generation(d) && to->generated != NULL)
		dependents_recreate_generated(p, d->parent_actual, d->parent, from, to,
									  "its generation expression differs");
	else if (difference_is(d, SchemaColumn, type) || difference_is(d, SchemaColumn, collation))
		dependents_recreate(p, d->parent_actual, d->parent, from, COLUMN_REASON);
}

/* Whether some parent's NOT NULL changes in the same way. */
static bool
parent_changes(const Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent;
	const SchemaColumn *column = d->expected;
	List *parents = table->partition_of != NULL ? list_make1(table->partition_of) : table->inherits;
	ListCell   *lc;

	foreach(lc, parents)
	{
		const SchemaTable *to = planner_find_table(p, lfirst(lc));
		const SchemaTable *from = planner_find_live(p, lfirst(lc));
		const SchemaColumn *expected =
			to != NULL ? schema_find_child(to->columns, column->object.name) : NULL;
		const SchemaColumn *actual =
			from != NULL ? schema_find_child(from->columns, column->object.name) : NULL;

		if (expected != NULL && actual != NULL && expected->not_null != actual->not_null &&
			expected->not_null == column->not_null)
			return true;
	}
	return false;
}

/*
 * Whether the step of a parent does it.  A type is the parent's in any case; a default
 * and the like each table has for itself; NOT NULL may be its own.
 */
static bool
is_passed_on(const Planner *p, const Difference *d)
{
	const SchemaColumn *column = d->expected;

	if (!column->inherited ||
		!planner_column_follows(p, d->parent, d->parent_actual, column->object.name, d->kind))
		return false;
	if (difference_is(d, SchemaColumn, not_null))
		return parent_changes(p, d);
	return column->generated != NULL || difference_is(d, SchemaColumn, type) ||
		   difference_is(d, SchemaColumn, collation) || difference_is(d, SchemaColumn, generated) ||
		   difference_is(d, SchemaColumn, generated_kind) || is_not_null(d) || is_identity(d);
}

static void
change_column(Planner *p, const Difference *d)
{
	const SchemaColumn *column = d->expected;
	const SchemaColumn *actual = d->actual;
	const char *obstacle = column_obstacle(p, d);

	if (obstacle != NULL)
	{
		planner_remain(p, d, obstacle);
		return;
	}
	/* It is made again, or the step that adds or drops an identity does it. */
	if (planner_is_gone(p, actual) ||
		(is_not_null(d) && column->identity != NULL && actual->identity == NULL &&
		 !actual->not_null) ||
		(difference_is(d, SchemaColumn, identity_options) &&
		 (column->identity == NULL) != (actual->identity == NULL)))
		return;
	if (difference_is(d, SchemaColumn, type) || difference_is(d, SchemaColumn, collation))
		plan_keep_storage(p, d->parent, column, TYPE_REASON);
	if (is_passed_on(p, d))
		return;
	if (difference_is(d, SchemaColumn, identity) && column->identity == NULL &&
		plan_is_succeeded(p, d->parent, column))
		return;
	if (difference_is(d, SchemaColumn, type) || difference_is(d, SchemaColumn, collation))
	{
		if (!planner_was_handled(p, column))
			alter_type(p, d);
	}
	else if ((difference_is(d, SchemaColumn, storage) ||
			  difference_is(d, SchemaColumn, compression)) &&
			 (type_changes(d) || planner_is_recreated(p, actual->type)))
		return;
	/* The steps that change the type do it, or that make way for what it needs. */
	else if (difference_is(d, SchemaColumn, default_value) &&
			 (type_changes(d) || planner_is_recreated(p, actual->type) ||
			  (actual->object.node != NULL && actual->object.node->default_value != NULL &&
			   planner_is_gone(p, actual->object.node->default_value))))
		return;
	else if (is_generation(d))
		alter_generated(p, d);
	else if (is_not_null(d))
		plan_change_not_null(p, d);
	else
		alter_column(p, d);
}

/* The column that a column is inherited from: the first parent's of that name. */
static const SchemaColumn *
find_inherited(const Planner *p, const SchemaTable *table, const SchemaColumn *column)
{
	List *parents = table->partition_of != NULL ? list_make1(table->partition_of) : table->inherits;
	ListCell   *lc;

	foreach(lc, parents)
	{
		SchemaTable *parent = planner_find_table(p, lfirst(lc));
		const SchemaColumn *found =
			parent != NULL ? schema_find_child(parent->columns, column->object.name) : NULL;

		if (found != NULL)
			return found;
	}
	return NULL;
}

void
plan_own_column(Planner *p, const SchemaTable *table, const SchemaColumn *column,
				const char *reason)
{
	static const SchemaColumn of_type = {0};
	const SchemaColumn *from = table->of_type != NULL ? &of_type
							   : column->inherited	  ? find_inherited(p, table, column)
													  : NULL;

	if (from == NULL || column->generated != NULL || column->identity != NULL)
		return;
	if (!expression_equal(from->default_value, column->default_value))
		planner_need(planner_alter_table(
						 p, PHASE_BUILD, "alter_column", planner_child(table, column), table,
						 psprintf("ALTER COLUMN %s %s", quote_identifier(column->object.name),
								  plan_default_clause(column)),
						 reason),
					 column);
	/* plan_column_extras() does what is not valid and its own. */
	if (column->not_null && !from->not_null && (column->inherited || !column->not_null_not_valid))
		plan_set_not_null(p, table, column, reason);
}

/* Columns of a table of a type come, go and change with the type. */
static bool
follows_type(const Difference *d)
{
	const SchemaTable *to = d->parent;
	const SchemaTable *from = d->parent_actual;

	return to->of_type != NULL && from->of_type != NULL &&
		   strcmp(to->of_type, from->of_type) == 0 &&
		   (d->kind != DIFFERENCE_CHANGED || difference_is(d, SchemaColumn, type) ||
			difference_is(d, SchemaColumn, collation));
}

void
plan_column(Planner *p, const Difference *d)
{
	if (!p->is_flat && follows_type(d))
	{
		if (d->kind == DIFFERENCE_MISSING)
			plan_own_column(p, d->parent, d->expected, "its type says nothing of it");
		return;
	}
	switch (d->kind)
	{
		case DIFFERENCE_MISSING:
			if (p->is_flat)
				add_defined_column(p, d, d->parent_actual);
			else if (!((const SchemaColumn *) d->expected)->inherited ||
					 !planner_column_follows(p, d->parent, d->parent_actual,
											 ((const SchemaObject *) d->expected)->name, d->kind))
				add_column(p, d);
			else
				plan_own_column(p, d->parent, d->expected, "its parent has it otherwise");
			break;
		case DIFFERENCE_EXTRA:
			drop_column(p, d);
			break;
		case DIFFERENCE_CHANGED:
			change_column(p, d);
			break;
	}
}
