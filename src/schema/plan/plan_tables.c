/*
 * plan_tables.c
 *	  Steps for tables and their columns.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/plan/plan_identity.h"
#include "schema/plan/plan_not_null.h"
#include "schema/plan/plan_room.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

#define NEW_TABLE_REASON "it is created with its table"

static bool
is_foreign(const SchemaTable *table)
{
	return strcmp(table->kind, "foreign table") == 0;
}

/* ALTER TABLE of table, followed by what is formatted. */
static char *alter_table(const SchemaTable *table, const char *format, ...)
	pg_attribute_printf(2, 3);

static char *
alter_table(const SchemaTable *table, const char *format, ...)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "ALTER %s %s ", ddl_keyword(&schema_table_kind, table),
					 schema_identity(table));
	for (;;)
	{
		va_list		args;
		int			needed;

		va_start(args, format);
		needed = appendStringInfoVA(&out, format, args);
		va_end(args);
		if (needed == 0)
			return out.data;
		enlargeStringInfo(&out, needed);
	}
}

/* A step that alters a table: every form of ALTER TABLE used here locks it. */
static PlanStep *
alter_step(Planner *p, PlanPhase phase, const char *action, const char *object,
		   const SchemaTable *table, char *sql, const char *reason)
{
	PlanStep   *step = planner_step(p, phase, action, object, table, sql, reason);

	step->relation = &table->object;
	planner_hazard(step, "access_exclusive_lock");
	return step;
}

PlanStep *
plan_alter_table(Planner *p, PlanPhase phase, const char *action, const char *object,
				 const SchemaTable *table, const char *clause, const char *reason)
{
	return alter_step(p, phase, action, object, table, alter_table(table, "%s", clause), reason);
}

/* ---------- columns ---------- */

/* Attributes of a column that CREATE TABLE and ADD COLUMN cannot say. */
void
plan_column_extras(Planner *p, const SchemaTable *table, const SchemaColumn *column,
				   const char *reason)
{
	const char *name = quote_identifier(column->object.name);
	char	   *object = planner_child(table, column);

	if (column->statistics != SCHEMA_UNSET)
		alter_step(p, PHASE_ATTACH, "alter_column", object, table,
				   alter_table(table, "ALTER COLUMN %s SET STATISTICS " INT64_FORMAT, name,
							   column->statistics),
				   reason);
	if (column->storage != NULL)
		alter_step(p, PHASE_ATTACH, "alter_column", object, table,
				   alter_table(table, "ALTER COLUMN %s SET STORAGE %s", name, column->storage),
				   reason);
	if (column->not_null_not_valid && !column->inherited)
		plan_set_not_null(p, table, column, reason);
	if (column->options != NIL)
		alter_step(
			p, PHASE_ATTACH, "alter_column", object, table,
			alter_table(table, "ALTER COLUMN %s SET %s", name, ddl_parameters(column->options)),
			reason);
	plan_describe_new(p, &schema_column_kind, &schema_table_kind, table, column);
}

/* The clause the caller gave for a column that the expectation only names. */
static const char *
find_definition(const Planner *p, const SchemaTable *table, const char *column)
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
	const char *clause = find_definition(p, d->parent, column->object.name);
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
	step = alter_step(
		p, PHASE_BUILD, "add_column", planner_child(actual, column), actual,
		alter_table(actual, "ADD COLUMN %s %s", quote_identifier(column->object.name), clause),
		reason);
	step->rank = 0;
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

	if (column.not_null && !column.not_null_not_valid && !filled && has_rows)
	{
		column.not_null = false;
		reason = "the column is missing; it is left nullable, as the table has rows and the "
				 "column no default";
		plan_remain_nullable(p, table, d->parent_actual, d->expected, &column);
	}
	step = alter_step(p, PHASE_BUILD, "add_column", planner_child(table, &column), table,
					  alter_table(table, "ADD COLUMN %s", ddl_column(&column)), reason);
	if (column.not_null && has_rows)
		planner_hazard(step, "not_null_backfill");
	if (column.generated != NULL)
		planner_run_late(step);
	if (column.generated != NULL || column.identity != NULL)
		planner_hazard(step, "table_rewrite");
	plan_column_extras(p, table, d->expected, reason);
}

bool
plan_follows_parent(const SchemaTable *to, const SchemaTable *from)
{
	ListCell   *lc;

	if (to->partition_of != NULL)
		return from->partition_of != NULL && strcmp(from->partition_of, to->partition_of) == 0;
	foreach(lc, to->inherits)
		if (schema_lists(from->inherits, lfirst(lc)))
			return true;
	return false;
}

/* Generated columns that read it and are to go too go first. */
static void
drop_one_column(Planner *p, const SchemaTable *expected, const SchemaTable *table,
				const SchemaColumn *column)
{
	PlanStep   *step;
	ListCell   *lc;

	if (list_member_ptr(p->dropped, column))
		return;
	p->dropped = lappend(p->dropped, unconstify(SchemaColumn *, column));
	foreach(lc, table->columns)
	{
		const SchemaColumn *reader = lfirst(lc);

		if (expression_mentions(reader->generated, column->object.name) &&
			schema_find_child(expected->columns, reader->object.name) == NULL)
			drop_one_column(p, expected, table, reader);
	}
	plan_leave_room(p, table, column->object.name);
	step = plan_alter_table(p, PHASE_DROP, "drop_column", planner_child(table, column), table,
							psprintf("DROP COLUMN %s", quote_identifier(column->object.name)),
							"the column is not expected");
	planner_hazard(step, "data_loss");
	planner_hazard(step, "irreversible");
}

static void
drop_column(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent_actual;
	const SchemaColumn *column = d->actual;
	const SchemaPublication *publication = plan_find_publication(p, table, column->object.name);

	if (!p->options->allow_drop ||
		(column->inherited && plan_follows_parent(d->parent, d->parent_actual)))
		return;
	if (publication != NULL)
		planner_remain(p, d,
					   psprintf("publication %s chooses rows by it or publishes nothing else",
								quote_identifier(publication->object.name)));
	else
		drop_one_column(p, d->parent, table, column);
}

static PlanCast
find_cast(const Planner *p, const char *from, const char *to)
{
	if (p->options->facts.cast == NULL)
		return CAST_EXPLICIT;
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
	PlanCast	cast = find_cast(p, from->type, to->type);
	StringInfoData sql;
	PlanStep   *step;

	initStringInfo(&sql);
	if (from->default_value != NULL)
		appendStringInfo(&sql, "ALTER COLUMN %s DROP DEFAULT, ", name);
	appendStringInfo(&sql, "ALTER COLUMN %s TYPE %s", name, to->type);
	if (to->collation != NULL)
		appendStringInfo(&sql, " COLLATE %s", to->collation);
	if (!is_foreign(table) && cast == CAST_EXPLICIT)
		appendStringInfo(&sql, " USING %s::%s", name, to->type);
	if (to->default_value != NULL)
		appendStringInfo(&sql, ", ALTER COLUMN %s SET DEFAULT %s", name, to->default_value);
	step = alter_step(p, PHASE_BUILD, "alter_column", planner_child(table, to), table,
					  alter_table(table, "%s", sql.data),
					  psprintf("its type is %s, expected %s", from->type, to->type));
	planner_hazard(step, "table_rewrite");
	if (cast != CAST_SAFE)
		planner_hazard(step, "data_loss");
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
static char *
default_clause(const SchemaColumn *to)
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
	if (strcmp(d->member->name, "generated") == 0)
		plan_alter_table(
			p, PHASE_DETACH, "alter_column", planner_child(table, to), d->parent_actual,
			psprintf("ALTER COLUMN %s DROP EXPRESSION", quote_identifier(to->object.name)),
			"its generation expression differs");
}

/* The clause after ALTER COLUMN for a change of one member; NULL where there is none. */
static char *
column_clause(const Difference *d)
{
	const SchemaColumn *to = d->expected;
	const SchemaColumn *from = d->actual;
	const char *member = d->member->name;

	if (strcmp(member, "default") == 0)
		return default_clause(to);
	if (strcmp(member, "identity") == 0)
		return plan_identity_clause(to, from);
	if (strcmp(member, "identity_options") == 0 && from->identity != NULL && to->identity != NULL)
		return plan_identity_options_clause(to);
	if (strcmp(member, "storage") == 0)
		return psprintf("SET STORAGE %s", to->storage != NULL ? to->storage : "DEFAULT");
	if (strcmp(member, "compression") == 0)
		return psprintf("SET COMPRESSION %s",
						to->compression != NULL ? quote_identifier(to->compression) : "DEFAULT");
	if (strcmp(member, "statistics") == 0)
		return psprintf("SET STATISTICS " INT64_FORMAT,
						to->statistics != SCHEMA_UNSET ? to->statistics : -1);
	if (strcmp(member, "options") == 0 && to->options != NIL)
		return psprintf("SET %s", ddl_parameters(to->options));
	return NULL;
}

/* A column is no identity before it gets a default. */
static PlanPhase
column_phase(const Difference *d)
{
	const char *member = d->member->name;

	if (strcmp(member, "identity") == 0 && ((const SchemaColumn *) d->expected)->identity == NULL)
		return PHASE_DETACH;
	return PHASE_BUILD;
}

static void
alter_column(Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent;
	const SchemaColumn *column = d->expected;
	const char *member = d->member->name;
	const char *expected = difference_expected(d);
	const char *actual = difference_actual(d);
	char	   *clause = column_clause(d);
	PlanStep   *step;

	if (clause == NULL)
	{
		planner_remain(p, d, psprintf("no command changes %s of a column", member));
		return;
	}
	step = plan_alter_table(
		p, column_phase(d), "alter_column", planner_child(table, column), table,
		psprintf("ALTER COLUMN %s %s", quote_identifier(column->object.name), clause),
		psprintf("its %s is %s, expected %s", member, actual ? actual : "not set",
				 expected ? expected : "not set"));
	/* It stands before the identity, which wants it. */
	if (strncmp(clause, "SET NOT NULL", strlen("SET NOT NULL")) == 0)
		planner_hazard(step, "table_scan");
	if (strcmp(member, "identity") == 0 && column->identity != NULL &&
		((const SchemaColumn *) d->actual)->identity == NULL)
		plan_advance_identity(p, table, d->parent_actual, column);
}

/* Of the table, or of one that it is a partition of. */
static bool
is_partition_key(const Planner *p, const SchemaTable *table, const char *column)
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
	if (type_changes(d) && is_partition_key(p, table, from->object.name))
		return "it is part of the partition key of its table";
	return NULL;
}

void
plan_prepare_column(Planner *p, const Difference *d)
{
	const SchemaColumn *to = d->expected;
	const SchemaColumn *from = d->actual;

	if (column_obstacle(p, d) != NULL ||
		(to->inherited && plan_follows_parent(d->parent, d->parent_actual)))
		return;
	if (strncmp(d->member->name, "generated", strlen("generated")) == 0 && to->generated != NULL)
		plan_remake_generated(p, d->parent_actual, d->parent, from, to,
							  "its generation expression differs");
	else if (strcmp(d->member->name, "type") == 0 || strcmp(d->member->name, "collation") == 0)
		plan_make_room(p, d->parent_actual, d->parent, to->object.name);
}

static void
change_column(Planner *p, const Difference *d)
{
	const char *member = d->member->name;
	const SchemaColumn *column = d->expected;
	const SchemaColumn *actual = d->actual;
	const char *obstacle = column_obstacle(p, d);

	if (obstacle != NULL)
	{
		planner_remain(p, d, obstacle);
		return;
	}
	/* It is made again, or the step that adds or drops an identity does it. */
	if (list_member_ptr(p->dropped, actual) ||
		(strncmp(member, "not_null", strlen("not_null")) == 0 && column->identity != NULL &&
		 actual->identity == NULL && !actual->not_null) ||
		(strcmp(member, "identity_options") == 0 &&
		 (column->identity == NULL) != (actual->identity == NULL)))
		return;
	/* Nothing is altered here that the parent's own step passes on. */
	if (column->inherited && (strcmp(member, "default") != 0 || column->generated != NULL) &&
		plan_follows_parent(d->parent, d->parent_actual))
		return;
	if (strcmp(member, "identity") == 0 && column->identity == NULL &&
		plan_is_succeeded(p, d->parent, column))
		return;
	if (strcmp(member, "type") == 0 || strcmp(member, "collation") == 0)
	{
		if (!planner_was_handled(p, column))
			alter_type(p, d);
	}
	/* The steps that change the type do it. */
	else if (strcmp(member, "default") == 0 &&
			 (type_changes(d) || plan_is_swapped(p, actual->type)))
		return;
	else if (strncmp(member, "generated", strlen("generated")) == 0)
		alter_generated(p, d);
	else if (strncmp(member, "not_null", strlen("not_null")) == 0)
		plan_change_not_null(p, d);
	else
		alter_column(p, d);
}

void
plan_column(Planner *p, const Difference *d)
{
	switch (d->kind)
	{
		case DIFFERENCE_MISSING:
			if (p->is_flat)
				add_defined_column(p, d, d->parent_actual);
			else if (!((const SchemaColumn *) d->expected)->inherited ||
					 !plan_follows_parent(d->parent, d->parent_actual))
				add_column(p, d);
			break;
		case DIFFERENCE_EXTRA:
			drop_column(p, d);
			break;
		case DIFFERENCE_CHANGED:
			change_column(p, d);
			break;
	}
}

/* ---------- tables ---------- */

/* Properties that have a command of their own; before is NULL for a new table. */
static void
set_row_security(Planner *p, const SchemaTable *table, const SchemaTable *before,
				 const char *reason)
{
	if (table->row_security != (before != NULL && before->row_security))
		alter_step(
			p, PHASE_ATTACH, "alter_table", schema_identity(table), table,
			alter_table(table, "%s ROW LEVEL SECURITY", table->row_security ? "ENABLE" : "DISABLE"),
			reason);
	if (table->force_row_security != (before != NULL && before->force_row_security))
		alter_step(p, PHASE_ATTACH, "alter_table", schema_identity(table), table,
				   alter_table(table, "%sFORCE ROW LEVEL SECURITY",
							   table->force_row_security ? "" : "NO "),
				   reason);
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
	alter_step(p, PHASE_ATTACH, "alter_table", schema_identity(table), table,
			   alter_table(table, "REPLICA IDENTITY %s", clause), reason);
}

/*
 * A table that the expectation only names can be made when all its columns are
 * defined by the caller.
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
		const char *clause = find_definition(p, table, column->name);

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

/* Where a table differs from its parent, CREATE TABLE does not say so. */
static void
set_own_columns(Planner *p, const SchemaTable *table, const char *reason)
{
	static const SchemaColumn of_type = {0};
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *from = table->of_type != NULL ? &of_type
								   : column->inherited	  ? find_inherited(p, table, column)
														  : NULL;
		const char *name = quote_identifier(column->object.name);

		if (from == NULL || column->generated != NULL || column->identity != NULL)
			continue;
		if (!expression_equal(from->default_value, column->default_value))
			alter_step(p, PHASE_BUILD, "alter_column", planner_child(table, column), table,
					   alter_table(table, "ALTER COLUMN %s %s", name, default_clause(column)),
					   reason);
		/* plan_column_extras() does what is not valid and its own. */
		if (column->not_null && !from->not_null &&
			(column->inherited || !column->not_null_not_valid))
			plan_set_not_null(p, table, column, reason);
	}
}

/* is_bare: the table was made with its columns alone. */
static void
furnish_table(Planner *p, const SchemaTable *table, bool is_bare, const char *reason)
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
plan_furnish_table(Planner *p, const SchemaTable *table, const char *reason)
{
	furnish_table(p, table, true, reason);
}

void
plan_create_table(Planner *p, const SchemaTable *table, const char *reason)
{
	planner_step(p, PHASE_BUILD, "create_table", schema_identity(table), table,
				 ddl_create_table(table), reason)
		->relation = &table->object;
	set_own_columns(p, table, NEW_TABLE_REASON);
	furnish_table(p, table, false, NEW_TABLE_REASON);
}

/* Before anything that its parent would not let it do. */
static PlanStep *
detach_partition(Planner *p, const SchemaTable *partition, const char *reason)
{
	PlanStep   *step =
		alter_step(p, PHASE_DETACH, "detach_partition", schema_identity(partition), partition,
				   psprintf("ALTER TABLE %s DETACH PARTITION %s", partition->partition_of,
							schema_identity(partition)),
				   reason);

	step->rank = PG_INT32_MIN;
	return step;
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
		detach_partition(p, table, reason);
	step = planner_step(p, planner_drop_phase(p, &schema_table_kind, table), "drop_table",
						schema_identity(table), table, ddl_drop(&schema_table_kind, table), reason);
	if (step->phase == PHASE_DETACH)
		step->rank += PG_INT32_MAX; /* after what stands on it */
	step->relation = &table->object;
	planner_hazard(step, "access_exclusive_lock");
	planner_hazard(step, "data_loss");
	planner_hazard(step, "irreversible");
}

/* Storage parameters: what is expected is set, what is not is reset. */
static char *
options_clause(const SchemaTable *to, const SchemaTable *from)
{
	List	   *reset = NIL;
	ListCell   *lc;

	if (to->options != NIL && from->options == NIL)
		return psprintf("SET %s", ddl_parameters(to->options));
	foreach(lc, from->options)
	{
		char	   *name = pstrdup(lfirst(lc));

		*strchrnul(name, '=') = '\0';
		reset = lappend(reset, name);
	}
	if (to->options == NIL)
		return psprintf("RESET (%s)", ddl_names(reset));
	return psprintf("RESET (%s), SET %s", ddl_names(reset), ddl_parameters(to->options));
}

/* The clause after ALTER TABLE for a change of one member; NULL where there is none. */
static char *
table_clause(const Difference *d, bool *rewrites)
{
	const SchemaTable *to = d->expected;
	const SchemaTable *from = d->actual;
	const char *member = d->member->name;

	*rewrites = strcmp(member, "unlogged") == 0 || strcmp(member, "access_method") == 0 ||
				strcmp(member, "tablespace") == 0;
	if (strcmp(member, "options") == 0)
		return options_clause(to, from);
	if (strcmp(member, "unlogged") == 0)
		return to->unlogged ? "SET UNLOGGED" : "SET LOGGED";
	if (strcmp(member, "access_method") == 0)
		return psprintf("SET ACCESS METHOD %s",
						to->access_method != NULL ? quote_identifier(to->access_method) : "heap");
	if (strcmp(member, "tablespace") == 0)
		return psprintf("SET TABLESPACE %s",
						to->tablespace != NULL ? quote_identifier(to->tablespace) : "pg_default");
	if (strcmp(member, "of_type") == 0)
		return to->of_type != NULL ? psprintf("OF %s", to->of_type) : "NOT OF";
	return NULL;
}

/* Whether the bounds are those of another partition key than there is, or of another type. */
static bool
is_key_changed(const Planner *p, const char *parent)
{
	const SchemaTable *to = parent != NULL ? planner_find_table(p, parent) : NULL;
	const SchemaTable *from = parent != NULL ? planner_find_live(p, parent) : NULL;
	ListCell   *lc;

	if (from == NULL || to == NULL)
		return false;
	if (!expression_equal(from->partition_key, to->partition_key))
		return true;
	foreach(lc, to->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *live = schema_find_child(from->columns, column->object.name);

		if (live != NULL && strcmp(live->type, column->type) != 0 &&
			is_partition_key(p, from, column->object.name))
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
	bool		stays = to->partition_of != NULL && plan_follows_parent(to, from);
	PlanStep   *step;

	if (planner_was_handled(p, to))
		return;
	if (is_key_changed(p, to->partition_of))
	{
		planner_remain(p, d, "the partition key stays as it is");
		return;
	}
	if (from->partition_of != NULL)
	{
		step = detach_partition(p, from, reason);
		if (stays)
			step->phase = PHASE_SCHEMA; /* its indexes still go with those of its parent */
	}
	if (to->partition_of == NULL)
		return;
	step = alter_step(p, stays ? PHASE_SCHEMA : PHASE_DROP, "attach_partition", schema_identity(to),
					  to,
					  psprintf("ALTER TABLE %s ATTACH PARTITION %s %s", to->partition_of,
							   schema_identity(to), to->partition_bound),
					  reason);
	planner_hazard(step, "table_scan");
}

static void
change_parents(Planner *p, const Difference *d)
{
	const SchemaTable *to = d->expected;
	const SchemaTable *from = d->actual;
	ListCell   *lc;

	foreach(lc, from->inherits)
	{
		if (!schema_lists(to->inherits, lfirst(lc)))
			alter_step(p, PHASE_DETACH, "alter_table", schema_identity(to), from,
					   alter_table(to, "NO INHERIT %s", (char *) lfirst(lc)),
					   "it must not inherit from this table")
				->rank = PG_INT32_MIN;
	}
	foreach(lc, to->inherits)
	{
		if (!schema_lists(from->inherits, lfirst(lc)))
			alter_step(p, PHASE_DROP, "alter_table", schema_identity(to), to,
					   alter_table(to, "INHERIT %s", (char *) lfirst(lc)),
					   "it must inherit from this table");
	}
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
	if (strcmp(member, "inherits") == 0)
		change_parents(p, d);
	else if (strncmp(member, "partition_", 10) == 0 && strcmp(member, "partition_key") != 0)
		move_partition(p, d);
	else if (strcmp(member, "replica_identity") == 0)
		set_replica_identity(p, table, reason);
	else if (strcmp(member, "row_security") == 0 || strcmp(member, "force_row_security") == 0)
	{
		if (!planner_was_handled(p, table))
			set_row_security(p, table, d->actual, reason);
	}
	else if ((clause = table_clause(d, &rewrites)) != NULL)
	{
		step = alter_step(p, PHASE_BUILD, "alter_table", schema_identity(table), table,
						  alter_table(table, "%s", clause), reason);
		if (rewrites)
			planner_hazard(step, "table_rewrite");
	}
	else
		planner_remain(p, d, psprintf("no command changes %s of a table that exists", member));
}

void
plan_table(Planner *p, const Difference *d)
{
	switch (d->kind)
	{
		case DIFFERENCE_MISSING:
			if (p->is_flat)
				create_defined_table(p, d);
			else if (!planner_is_rivalled(p, d))
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
