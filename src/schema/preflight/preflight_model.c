/*
 * preflight_model.c
 *	  The tables of a plan as they are after the steps so far.
 *
 * A table is looked up when a step first names it, by the name that it has then, and locked
 * with ACCESS SHARE, so that it stays what it is until all is told.  Whoever may not do as
 * its owner does gets no look at its rows: the step would not run for him either.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/relation.h"
#include "base/compat.h"
#include "base/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "schema/preflight/preflight_model.h"
#include "storage/lmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"

static PreflightTable *
find_named(const Preflight *pf, const char *schema, const char *name)
{
	ListCell   *lc;

	foreach(lc, pf->tables)
	{
		PreflightTable *table = lfirst(lc);

		if (strcmp(table->name, name) == 0 && strcmp(table->schema, schema) == 0)
			return table;
	}
	return NULL;
}

static PreflightTable *
find_live(const Preflight *pf, Oid relid)
{
	ListCell   *lc;

	foreach(lc, pf->tables)
	{
		PreflightTable *table = lfirst(lc);

		if (table->relid == relid)
			return table;
	}
	return NULL;
}

static void
read_columns(PreflightTable *table)
{
	Relation	rel = relation_open(table->relid, NoLock);

	for (int i = 0; i < RelationGetNumberOfAttributes(rel); i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);

		PreflightColumn *column;

		if (att->attisdropped)
			continue;
		column = model_add_column(table, NameStr(att->attname));
		column->attnum = att->attnum;
		column->value =
			(Node *) makeVar(1, att->attnum, att->atttypid, att->atttypmod, att->attcollation, 0);
	}
	relation_close(rel, NoLock);
}

/*
 * Whether the caller may see rows himself: what he is shown of them.  A policy that hides
 * some from him hides all here, since nobody can tell which.
 */
static bool
may_see(Oid relid)
{
	return (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK ||
			pg_attribute_aclcheck_all(relid, GetUserId(), ACL_SELECT, ACLMASK_ALL) ==
				ACLCHECK_OK) &&
		   check_enable_rls(relid, InvalidOid, true) != RLS_ENABLED;
}

/*
 * As its owner, for whoever may do as he does.  Partitions are read as the owner of the
 * whole, whose step it is that reaches them, so they must be his.
 */
static void
choose_runner(PreflightTable *table)
{
	Oid			owner = relation_owner(table->relid);

	if (!has_privs_of_role(GetUserId(), owner))
		table->unknown = psprintf("only its owner may look what is in table %s",
								  quote_qualified_identifier(table->schema, table->name));
	else
		table->runner = owner;
}

static PreflightTable *
add_table(Preflight *pf, Oid relid, bool part)
{
	PreflightTable *table = palloc0(sizeof(PreflightTable));

	table->relid = relid;
	table->schema = get_namespace_name(get_rel_namespace(relid));
	table->name = get_rel_name(relid);
	table->kind = get_rel_relkind(relid);
	table->partitioned = table->kind == RELKIND_PARTITIONED_TABLE;
	table->part = part;
	table->shown = may_see(relid);
	choose_runner(table);
	read_columns(table);
	pf->tables = lappend(pf->tables, table);
	return table;
}

PreflightTable *
model_table_of(Preflight *pf, Oid relid, bool part)
{
	PreflightTable *table = find_live(pf, relid);

	return table != NULL ? table : add_table(pf, relid, part);
}

/* A live one that has been renamed or dropped meanwhile has not this name any more. */
PreflightTable *
model_table(Preflight *pf, const RangeVar *name)
{
	PreflightTable *table;
	Oid			relid;

	if (name == NULL || name->schemaname == NULL)
		return NULL;
	table = find_named(pf, name->schemaname, name->relname);
	if (table != NULL)
		return table;
	if (!OidIsValid(get_namespace_oid(name->schemaname, true)))
		return NULL;
	relid = RangeVarGetRelid(name, AccessShareLock, true);
	if (!OidIsValid(relid) || find_live(pf, relid) != NULL || !relation_is_allowed(relid))
		return NULL;
	switch (get_rel_relkind(relid))
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_MATVIEW:
		case RELKIND_FOREIGN_TABLE:
			return add_table(pf, relid, false);
		default:
			return NULL;
	}
}

List *
model_tree(Preflight *pf, PreflightTable *table, bool inherits)
{
	List	   *tables = list_make1(table);
	Oid			owner = relation_owner(table->relid);
	ListCell   *lc;

	if (!OidIsValid(table->relid) || !inherits || !has_subclass(table->relid))
		return tables;
	foreach(lc, find_all_inheritors(table->relid, AccessShareLock, NULL))
	{
		PreflightTable *part = model_table_of(pf, lfirst_oid(lc), true);

		if (part == table)
			continue;
		/* What the owner of the whole wrote is not to run as somebody else. */
		if (relation_owner(part->relid) != owner && part->unknown == NULL)
			part->unknown = psprintf(
				"table %s belongs to another role than the table above it, whose step it is",
				quote_qualified_identifier(part->schema, part->name));
		tables = lappend(tables, part);
	}
	return tables;
}

PreflightTable *
model_new_table(Preflight *pf, const RangeVar *name)
{
	PreflightTable *table = palloc0(sizeof(PreflightTable));

	table->schema = name->schemaname;
	table->name = name->relname;
	table->kind = RELKIND_RELATION;
	pf->tables = lappend(pf->tables, table);
	return table;
}

PreflightColumn *
model_column(const PreflightTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		PreflightColumn *column = lfirst(lc);

		if (strcmp(column->name, name) == 0)
			return column;
	}
	return NULL;
}

/* Its own name, whatever steps have called it since. */
PreflightColumn *
model_live_column(const PreflightTable *table, AttrNumber attnum)
{
	ListCell   *lc;

	foreach(lc, table->columns)
	{
		PreflightColumn *column = lfirst(lc);

		if (attnum > 0 && column->attnum == attnum)
			return column;
	}
	return NULL;
}

List *
model_rows(Preflight *pf, PreflightTable *table, bool inherits)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, model_tree(pf, table, inherits))
	{
		PreflightTable *part = lfirst(lc);

		if (OidIsValid(part->relid) &&
			(part->kind == RELKIND_RELATION || part->kind == RELKIND_MATVIEW))
			result = lappend(result, part);
	}
	return result;
}

PreflightColumn *
model_add_column(PreflightTable *table, const char *name)
{
	PreflightColumn *column = palloc0(sizeof(PreflightColumn));

	column->name = pstrdup(name);
	table->columns = lappend(table->columns, column);
	return column;
}

void
model_split(const List *names, char **schema, char **name)
{
	*name = strVal(llast(names));
	*schema = list_length(names) > 1 ? strVal(list_nth(names, list_length(names) - 2)) : NULL;
}

PreflightType *
model_type(const Preflight *pf, const List *names)
{
	char	   *schema;
	char	   *name;
	ListCell   *lc;

	if (names == NIL)
		return NULL;
	model_split(names, &schema, &name);
	foreach(lc, pf->types)
	{
		PreflightType *type = lfirst(lc);

		if (schema != NULL && strcmp(type->schema, schema) == 0 && strcmp(type->name, name) == 0)
			return type;
	}
	return NULL;
}

void
model_remove(Preflight *pf, PreflightTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, model_tree(pf, table, true))
	{
		PreflightTable *part = lfirst(lc);

		part->gone = lappend(part->gone, pstrdup(name));
	}
}

void
model_unknown(Preflight *pf, char *problem)
{
	(void) blockers_add(&pf->blockers, pf->step, PREFLIGHT_UNKNOWN, problem, NULL);
}

PreflightProbe *
model_probe(Preflight *pf, PreflightTable *table, PreflightKind kind, char *problem, char *hint,
			Node	   *condition, List *shown)
{
	PreflightProbe *probe = palloc0(sizeof(PreflightProbe));

	probe->step = pf->step;
	probe->kind = kind;
	probe->problem = problem;
	probe->raised_problem = problem;
	probe->hint = hint;
	probe->condition = condition;
	probe->shown = shown;
	table->probes = lappend(table->probes, probe);
	return probe;
}

int
model_raised_before(const PreflightTable *table, int step)
{
	ListCell   *lc;

	foreach(lc, table->probes)
	{
		const PreflightProbe *probe = lfirst(lc);

		if (probe->raised != NULL && probe->step->number <= step)
			return probe->step->number;
	}
	return 0;
}
