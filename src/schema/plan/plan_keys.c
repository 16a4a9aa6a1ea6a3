/*
 * plan_keys.c
 *	  What keys, their indexes and those of the whole have to do with each other.  Pure.
 *
 * A key and its index are two objects of one name, in most cases; the index of a partition
 * is part of one of the whole, and comes with that unless the whole's is to lack parts.
 *
 * It adds no steps.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/model/expression.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

const SchemaIndex *
plan_find_index(const SchemaTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->indexes)
	{
		SchemaIndex *index = lfirst(lc);

		if (strcmp(quote_qualified_identifier(table->object.schema, index->object.name), name) == 0)
			return index;
	}
	return NULL;
}

/* What an index is to be part of, and of which table that is; or NULL. */
static const SchemaIndex *
find_whole(const Planner *p, const SchemaTable *table, const SchemaIndex *index,
		   const SchemaTable **whole)
{
	*whole = table->partition_of != NULL ? planner_find_table(p, table->partition_of) : NULL;
	return *whole != NULL && index->parent != NULL ? plan_find_index(*whole, index->parent) : NULL;
}

bool
plan_lacks_parts(const Planner *p, const SchemaTable *table, const SchemaIndex *index)
{
	const SchemaTable *whole;
	const SchemaIndex *of = find_whole(p, table, index, &whole);

	return of != NULL && of->invalid;
}

void
plan_need_whole(const Planner *p, const SchemaTable *table, const SchemaIndex *index,
				PlanStep *step)
{
	const SchemaTable *whole;
	const SchemaIndex *of = find_whole(p, table, index, &whole);

	if (of != NULL)
		step->needs = lappend(step->needs, schema_key(&schema_index_kind, of, whole));
}

/*
 * The constraint that an index belongs to, or NULL. By the index's name, which is the
 * constraint's unless somebody gave it another.
 */
const SchemaConstraint *
plan_find_key(const SchemaTable *table, const SchemaIndex *index)
{
	ListCell   *lc;

	foreach(lc, table->constraints)
	{
		const SchemaConstraint *key = lfirst(lc);

		if (key->referenced_table == NULL && strcmp(key->kind, "check") != 0 &&
			strcmp(key->index != NULL ? key->index : key->object.name, index->object.name) == 0)
			return key;
	}
	return NULL;
}

/* The table, or a copy whose keys are its own where they come with none of the whole. */
static SchemaTable *
own_keys_of(const Planner *p, SchemaTable *table)
{
	SchemaTable *copy = table;
	ListCell   *lc;

	foreach(lc, table->partition_of != NULL ? table->indexes : NIL)
	{
		const SchemaIndex *index = lfirst(lc);
		const SchemaConstraint *key =
			index->constraint != NULL ? plan_find_key(table, index) : NULL;
		SchemaConstraint *own;
		ListCell   *lcc;

		if (key == NULL || !key->inherited || !plan_lacks_parts(p, table, index))
			continue;
		if (copy == table)
		{
			copy = palloc(sizeof(SchemaTable));
			*copy = *table;
			copy->constraints = list_copy(table->constraints);
		}
		own = palloc(sizeof(SchemaConstraint));
		*own = *key;
		own->inherited = false;
		foreach(lcc, copy->constraints)
			if (lfirst(lcc) == key)
				lfirst(lcc) = own;
	}
	return copy;
}

/*
 * A key that lacks parts is made for the whole alone: those that it has do not come with it,
 * though the server would have them so.
 */
void
plan_own_keys(Planner *p)
{
	Schema	   *expected = palloc(sizeof(Schema));
	List	   *tables = NIL;
	bool		differs = false;
	ListCell   *lc;

	foreach(lc, p->expected->tables)
	{
		SchemaTable *table = lfirst(lc);
		SchemaTable *copy = own_keys_of(p, table);

		differs |= copy != table;
		tables = lappend(tables, copy);
	}
	if (!differs)
		return;
	*expected = *p->expected;
	expected->tables = tables;
	p->expected = expected;
}

/*
 * Whether the index there is will do for a new key of its name.  A key that takes the
 * index there is spares a build.  The server renames an index that is adopted, so the
 * names have to agree already; a partitioned table cannot adopt.
 */
bool
plan_adopts_index(const Planner *p, const SchemaTable *live, const SchemaTable *table,
				  const SchemaConstraint *key)
{
	const SchemaIndex *from =
		live != NULL ? schema_find_child(live->indexes, key->object.name) : NULL;
	const SchemaIndex *to = schema_find_child(table->indexes, key->object.name);

	return from != NULL && to != NULL && from != to && from->constraint == NULL &&
		   !planner_is_gone(p, from) && to->constraint != NULL && key->index == NULL &&
		   table->partition_key == NULL && expression_equal(from->definition, to->definition);
}
