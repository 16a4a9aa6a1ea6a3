/*
 * plan_rebuild.c
 *	  Steps that rebuild a table in the declared order of its columns.
 *
 * Asked for by recreate_threshold.  A new table is filled from the old one, takes
 * its name, and gets back all that hung on it: what the expected schema says of
 * the table, and what the live one says where the expected is silent.  Views and
 * foreign keys that stand on the table make of and come back.  What cannot
 * follow to another table (child tables, columns of its row type) makes the
 * planner refuse, naming it.
 */
#include "postgres.h"

#include "base/compat.h"
#include "commands/defrem.h"
#include "common/hashfn.h"
#include "mb/pg_wchar.h"
#include "schema/ddl/ddl.h"
#include "schema/plan/plan_identity.h"
#include "schema/plan/plan_not_null.h"
#include "schema/plan/plan_dependents.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

#define REASON "it is rebuilt, with its columns in the declared order"

typedef struct Rebuild
{
	Planner	   *p;
	const SchemaTable *from;	/* actual */
	const SchemaTable *to;		/* expected */
	SchemaTable *merged;		/* what the new table shall be */
	SchemaTable *bare;			/* the same under its first name, columns only */
} Rebuild;

static int
count_missing_columns(const SchemaTable *to, const SchemaTable *from)
{
	int			missing = 0;
	ListCell   *lc;

	foreach(lc, to->columns)
		if (schema_find_child(from->columns, ((SchemaObject *) lfirst(lc))->name) == NULL)
			missing++;
	return missing;
}

/* ---------- what stands against it ---------- */

static void
add_obstacle(StringInfo list, const char *format, const char *name)
{
	if (list->len > 0)
		appendStringInfoString(list, ", ");
	appendStringInfo(list, format, name);
}

static void
find_dependents(StringInfo list, const char *format, List *objects, const char *key,
				const SchemaTable *self)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		const SchemaObject *object = lfirst(lc);

		if (object != &self->object && schema_lists(object->depends_on, key))
			add_obstacle(list, format, schema_identity(object));
	}
}

static char *
find_obstacles(const Planner *p, const SchemaTable *table)
{
	StringInfoData list;
	char	   *key = psprintf("table %s", schema_identity(table));

	initStringInfo(&list);
	if (strcmp(table->kind, "table") != 0)
		add_obstacle(&list, "its being a %s", table->kind);
	if (table->partition_of != NULL)
		add_obstacle(&list, "its being a partition of %s", table->partition_of);
	if (table->inherits != NIL)
		add_obstacle(&list, "its inheriting from %s", linitial(table->inherits));
	if (table->of_type != NULL)
		add_obstacle(&list, "its type %s", table->of_type);
	find_dependents(&list, "the table %s that inherits from it or uses its row type",
					p->actual->tables, key, table);
	find_dependents(&list, "the routine %s", p->actual->functions, key, table);
	find_dependents(&list, "the type %s", p->actual->types, key, table);
	return list.len > 0 ? list.data : NULL;
}

static void
refuse_obstacles(const Planner *p, const SchemaTable *table)
{
	char	   *obstacles = find_obstacles(p, table);

	if (obstacles != NULL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("cannot rebuild table \"%s\"", schema_identity(table)),
						errdetail("A rebuild cannot keep %s.", obstacles),
						errhint("Plan with recreate_threshold => 0 to add the columns instead.")));
}

/* ---------- what the new table shall be ---------- */

/* Of two lists of children by name: the expected ones, then those that are only there. */
static List *
merge_children(const Planner *p, List *expected, List *actual)
{
	List	   *result = list_copy(expected);
	ListCell   *lc;

	if (p->options->allow_drop)
		return result;
	foreach(lc, actual)
		if (schema_find_child(expected, ((SchemaObject *) lfirst(lc))->name) == NULL)
			result = lappend(result, lfirst(lc));
	return result;
}

/* NOT NULL on a new column without a value for the rows there are cannot hold. */
static SchemaColumn *
merge_column(Rebuild *r, const SchemaColumn *expected)
{
	SchemaColumn *column = palloc(sizeof(SchemaColumn));
	const SchemaColumn *actual = schema_find_child(r->from->columns, expected->object.name);

	*column = *expected;
	if (actual != NULL)
		plan_keep_description(r->p, &column->object, &actual->object);
	else if (column->not_null && !column->not_null_not_valid && column->default_value == NULL &&
			 column->identity == NULL && column->generated == NULL &&
			 planner_has_rows(r->p, r->from))
	{
		column->not_null = false;
		plan_remain_nullable(r->p, r->to, r->from, expected, column);
	}
	plan_name_not_null(r->to, column, actual);
	return column;
}

/*
 * A name nobody has, and short enough to stand whole in those of the sequences that
 * the server names after it.
 */
static char *
first_name(const Planner *p, const SchemaObject *table)
{
	const int	longest = NAMEDATALEN / 3;
	char	   *base =
		strlen(table->name) <= longest
			? psprintf("%s_new", table->name)
			: psprintf("%.*s_%08x_new", pg_mbcliplen(table->name, strlen(table->name), longest),
					   table->name,
					   hash_bytes((const unsigned char *) table->name, strlen(table->name)));
	char	   *name = base;

	for (int i = 1; planner_is_taken(p, table->schema, name); i++)
		name = psprintf("%s%d", base, i);
	return name;
}

static void
merge_table(Rebuild *r)
{
	SchemaTable *merged = palloc(sizeof(SchemaTable));
	ListCell   *lc;

	*merged = *r->to;
	planner_rank_copy(r->p, merged, r->to);
	plan_keep_description(r->p, &merged->object, &r->from->object);
	merged->columns = NIL;
	foreach(lc, merge_children(r->p, r->to->columns, r->from->columns))
		merged->columns = lappend(merged->columns, merge_column(r, lfirst(lc)));
	merged->constraints = merge_children(r->p, r->to->constraints, r->from->constraints);
	merged->indexes = merge_children(r->p, r->to->indexes, r->from->indexes);
	merged->triggers = merge_children(r->p, r->to->triggers, r->from->triggers);
	merged->policies = merge_children(r->p, r->to->policies, r->from->policies);
	merged->rules = merge_children(r->p, r->to->rules, r->from->rules);
	r->merged = merged;

	r->bare = palloc(sizeof(SchemaTable));
	*r->bare = *merged;
	r->bare->object.name = first_name(r->p, &merged->object);
	r->bare->constraints = NIL;
}

/* ---------- steps ---------- */

static PlanStep *
rebuild_step(Rebuild *r, PlanPhase phase, const char *action, char *sql)
{
	PlanStep *step = planner_step(r->p, phase, action, schema_identity(r->to), r->to, sql, REASON);

	step->relation = &r->from->object;
	return step;
}

/* The columns both tables have; generated ones fill themselves. */
static void
copy_rows(Rebuild *r)
{
	StringInfoData columns;
	StringInfoData values;
	ListCell   *lc;
	PlanStep   *step;

	initStringInfo(&columns);
	initStringInfo(&values);
	foreach(lc, r->merged->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *source = schema_find_child(r->from->columns, column->object.name);
		const char *name = quote_identifier(column->object.name);
		const char *separator = columns.len > 0 ? ", " : "";

		if (source == NULL || column->generated != NULL)
			continue;
		appendStringInfo(&columns, "%s%s", separator, name);
		appendStringInfo(&values, "%s%s", separator, name);
		if (strcmp(source->type, column->type) != 0)
			appendStringInfo(&values, "::%s", column->type);
	}
	step = rebuild_step(
		r, PHASE_BUILD, "copy_rows",
		psprintf("INSERT INTO %s (%s) OVERRIDING SYSTEM VALUE SELECT %s FROM ONLY %s",
				 schema_identity(r->bare), columns.data, values.data, schema_identity(r->from)));
	planner_hazard(step, "access_exclusive_lock");
	planner_hazard(step, "table_rewrite");
}

/* An identity's sequence goes on where the old one stood. */
static void
move_identities(Rebuild *r)
{
	ListCell   *lc;

	foreach(lc, r->merged->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *source = schema_find_child(r->from->columns, column->object.name);

		if (column->identity == NULL || source == NULL || source->identity == NULL)
			continue;
		rebuild_step(
			r, PHASE_BUILD, "set_sequence",
			psprintf("SELECT pg_catalog.setval(%s::pg_catalog.regclass, last_value, is_called) "
					 "FROM %s",
					 quote_literal_cstr(plan_identity_sequence(r->bare, column)),
					 plan_identity_sequence(r->from, source)));
	}
}

static void
rename_identities(Rebuild *r)
{
	ListCell   *lc;

	foreach(lc, r->merged->columns)
	{
		const SchemaColumn *column = lfirst(lc);

		if (column->identity != NULL)
			rebuild_step(r, PHASE_BUILD, "rename_sequence",
						 psprintf("ALTER SEQUENCE %s RENAME TO %s",
								  plan_identity_sequence(r->bare, column),
								  quote_identifier(makeObjectName(r->merged->object.name,
																  column->object.name, "seq"))));
	}
}

/* Sequences that columns own would go with the old table. */
static void
keep_sequences(Rebuild *r)
{
	char	   *prefix = psprintf("%s.", schema_identity(r->from));
	ListCell   *lc;

	foreach(lc, r->p->actual->sequences)
	{
		const SchemaSequence *sequence = lfirst(lc);

		if (sequence->owned_by == NULL || strncmp(sequence->owned_by, prefix, strlen(prefix)) != 0)
			continue;
		rebuild_step(r, PHASE_DETACH, "alter_sequence",
					 psprintf("ALTER SEQUENCE %s OWNED BY NONE", schema_identity(sequence)));
		rebuild_step(r, PHASE_ATTACH, "alter_sequence",
					 psprintf("ALTER SEQUENCE %s OWNED BY %s", schema_identity(sequence),
							  sequence->owned_by));
	}
}

static void
move_publications(Rebuild *r)
{
	char	   *name = schema_identity(r->from);
	int			length = strlen(name);
	ListCell   *lc;

	foreach(lc, r->p->actual->publications)
	{
		const SchemaPublication *publication = lfirst(lc);
		ListCell   *lct;

		foreach(lct, publication->tables)
		{
			const char *entry = lfirst(lct);

			if (strncmp(entry, name, length) == 0 &&
				(entry[length] == '\0' || entry[length] == ' '))
				rebuild_step(r, PHASE_DESCRIBE, "alter_publication",
							 psprintf("ALTER PUBLICATION %s ADD TABLE %s",
									  quote_identifier(publication->object.name), entry));
		}
	}
}

static void
replace_table(Rebuild *r)
{
	PlanStep   *step;

	rebuild_step(r, PHASE_BUILD, "create_table", ddl_create_table(r->bare));
	/* Copying evaluates what the owner chose, so it is his by then. */
	if (r->merged->object.owner != NULL)
		rebuild_step(r, PHASE_BUILD, "alter_owner",
					 psprintf("ALTER TABLE %s OWNER TO %s", schema_identity(r->bare),
							  quote_identifier(r->merged->object.owner)));
	copy_rows(r);
	move_identities(r);
	step = rebuild_step(r, PHASE_BUILD, "drop_table",
						psprintf("DROP TABLE %s", schema_identity(r->from)));
	planner_hazard(step, "access_exclusive_lock");
	planner_hazard(step, "data_loss");
	rebuild_step(r, PHASE_BUILD, "rename_table",
				 psprintf("ALTER TABLE %s RENAME TO %s", schema_identity(r->bare),
						  quote_identifier(r->merged->object.name)));
	rename_identities(r);
}

static void
rebuild_table(Planner *p, const SchemaTable *to, const SchemaTable *from)
{
	Rebuild		r = {.p = p, .from = from, .to = to};

	refuse_obstacles(p, from);
	merge_table(&r);
	keep_sequences(&r);
	replace_table(&r);
	p->rebuilt = lappend(p->rebuilt, unconstify(SchemaTable *, to));
	/* Its own children, which are not asked, are among those that the new table gets. */
	dependents_recreate_object(p, &schema_table_kind, from, NULL,
							   "the table it stands on is rebuilt");
	plan_table_contents(p, r.merged, REASON);
	move_publications(&r);
	rebuild_step(&r, PHASE_DESCRIBE, "analyze", psprintf("ANALYZE %s", schema_identity(to)));
	p->plan->recreated = lappend(p->plan->recreated, schema_identity(to));
}

void
plan_find_rebuilt(Planner *p)
{
	ListCell   *lc;

	if (p->options->recreate_threshold <= 0 || p->is_flat)
		return;
	foreach(lc, p->expected->tables)
	{
		const SchemaTable *to = lfirst(lc);
		const SchemaTable *from = schema_find_table(p->actual, to->object.schema, to->object.name);

		if (from != NULL && count_missing_columns(to, from) >= p->options->recreate_threshold)
			rebuild_table(p, to, from);
	}
}

/* A table that is made anew is made as expected. */
bool
plan_is_of_rebuilt(const Planner *p, const Difference *d)
{
	if (d->parent_kind == &schema_table_kind)
		return planner_is_rebuilt(p, d->parent);
	return d->object_kind == &schema_table_kind && d->kind == DIFFERENCE_CHANGED &&
		   planner_is_rebuilt(p, d->expected);
}
