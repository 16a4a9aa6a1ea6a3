/*
 * plan_online.c
 *	  Indexes that are built while others write, once the rest of a plan is applied.
 *
 * CREATE INDEX CONCURRENTLY is several transactions, so it is no step of apply, which
 * is one.  Such steps come after all others, and the plan announces their indexes as
 * remaining.  Only an index that nothing else in the plan waits for can come so late.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

/* Whether a foreign key could rest on the index, columns in whatever order. */
static bool
serves_reference(const SchemaConstraint *constraint, const SchemaTable *table,
				 const SchemaIndex *index)
{
	ListCell   *lc;

	if (constraint->referenced_table == NULL ||
		strcmp(constraint->referenced_table, table->object.name) != 0 ||
		strcmp(constraint->referenced_schema, table->object.schema) != 0 ||
		list_length(constraint->referenced_columns) != list_length(index->columns))
		return false;
	foreach(lc, constraint->referenced_columns)
	{
		ListCell   *lck;

		/* A key may go on with its collation, class and order. */
		foreach(lck, index->columns)
			if (strncmp(lfirst(lck), lfirst(lc), strlen(lfirst(lc))) == 0)
				break;
		if (lck == NULL)
			return false;
	}
	return true;
}

static bool
is_referenced(const Planner *p, const SchemaTable *table, const SchemaIndex *index)
{
	ListCell   *lc;

	foreach(lc, p->expected->tables)
	{
		ListCell   *lck;

		foreach(lck, ((const SchemaTable *) lfirst(lc))->constraints)
			if (serves_reference(lfirst(lck), table, index))
				return true;
	}
	return false;
}

static bool
is_identity(const SchemaTable *table, const SchemaIndex *index)
{
	return table->replica_identity != NULL && strncmp(table->replica_identity, "index ", 6) == 0 &&
		   strcmp(table->replica_identity + 6, index->object.name) == 0;
}

static bool
can_come_late(const Planner *p, const Difference *d)
{
	const SchemaTable *table = d->parent;
	const SchemaTable *live = d->parent_actual;
	const SchemaIndex *index = d->expected;

	return d->object_kind == &schema_index_kind && d->parent_kind == &schema_table_kind &&
		   live != NULL && planner_has_rows(p, live) && table->partition_key == NULL &&
		   live->partition_key == NULL && !planner_is_rebuilt(p, table) && index->parent == NULL &&
		   index->constraint == NULL && !index->invalid && !index->clustered &&
		   index->statistics == NIL && index->object.comment == NULL &&
		   !is_identity(table, index) && !(index->is_unique && is_referenced(p, table, index));
}

/* The definition with CONCURRENTLY in its place; NULL where it does not begin as one does. */
static char *
concurrent_definition(const SchemaIndex *index)
{
	static const char *const beginnings[] = {"CREATE INDEX ", "CREATE UNIQUE INDEX "};

	for (int i = 0; i < lengthof(beginnings); i++)
		if (strncmp(index->definition, beginnings[i], strlen(beginnings[i])) == 0)
			return psprintf("%sCONCURRENTLY %s", beginnings[i],
							index->definition + strlen(beginnings[i]));
	return NULL;
}

bool
plan_index_online(Planner *p, const Difference *d)
{
	char	   *sql;
	PlanStep   *step;

	if (!p->options->online || !can_come_late(p, d))
		return false;
	sql = concurrent_definition(d->expected);
	if (sql == NULL)
		return false;
	step = planner_step(p, PHASE_ONLINE, "create_index",
						quote_qualified_identifier(((const SchemaObject *) d->parent)->schema,
												   ((const SchemaObject *) d->expected)->name),
						d->parent, sql, "the index is missing, and is built while others write");
	step->relation = d->parent;
	step->online = true;
	planner_hazard(step, HAZARD_SHARE_UPDATE_EXCLUSIVE_LOCK);
	planner_hazard(step, HAZARD_INDEX_BUILD);
	planner_remain(p, d, "it is built online, once the plan is applied");
	return true;
}
