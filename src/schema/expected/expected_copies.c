/*
 * expected_copies.c
 *	  Copies of tables of other schemas, for what DDL text makes on them.
 *
 * A text may make triggers and policies on tables that it does not make itself.  On those
 * tables they would lock out whoever works with them, until the rollback, and would take
 * rights that whoever only asks what a text declares need not have.  So such a statement
 * is given an empty copy with the same name and columns, in a schema of its own, that
 * goes with the rollback; catalog_outside.c reads it in the place of the table.
 *
 * It assumes that a trigger or a policy asks nothing of a table but its name and columns.
 * It never copies keys, defaults or checks, since these may call functions.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/xact.h"
#include "base/compat.h"
#include "catalog/catalog.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/toasting.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "schema/catalog/catalog.h"
#include "schema/expected/expected_copies.h"
#include "schema/model/schema.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

static char *
schema_of_copy(Oid relid)
{
	return catalog_outside_schema(get_rel_namespace(relid));
}

static RangeVar *
name_of_copy(Oid relid)
{
	return makeRangeVar(schema_of_copy(relid), get_rel_name(relid), -1);
}

RangeVar *
copies_find(Guard *guard, Oid relid)
{
	return list_member_oid(guard_copies(guard), relid) ? name_of_copy(relid) : NULL;
}

/* The server's own tables are not for users to add to, and a view has triggers of another kind. */
static bool
can_be_copied(Oid relid)
{
	switch (get_rel_relkind(relid))
	{
		case RELKIND_RELATION:
		case RELKIND_PARTITIONED_TABLE:
		case RELKIND_FOREIGN_TABLE:
			return !IsCatalogRelationOid(relid) && !isAnyTempNamespace(get_rel_namespace(relid));
		default:
			return false;
	}
}

/* Types go by their oids: the copy has those that the table has, wherever they are. */
static List *
copy_columns(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	List	   *columns = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);

		if (!attr->attisdropped)
			columns =
				lappend(columns, makeColumnDef(pstrdup(NameStr(attr->attname)), attr->atttypid,
											   attr->atttypmod, attr->attcollation));
	}
	table_close(rel, AccessShareLock);
	return columns;
}

/* Not counted among what the text makes: nobody asks for the objects of this schema. */
static void
make_schema(Oid relid)
{
	char	   *name = schema_of_copy(relid);

	if (!OidIsValid(get_namespace_oid(name, true)))
	{
		(void) NamespaceCreate(name, GetUserId(), false);
		CommandCounterIncrement();
	}
}

RangeVar *
copies_make(Guard *guard, Oid relid)
{
	CreateStmt *stmt;
	ObjectAddress copy;

	if (!can_be_copied(relid))
		return NULL;
	if (copies_find(guard, relid) != NULL)
		return name_of_copy(relid);
	make_schema(relid);
	stmt = makeNode(CreateStmt);
	stmt->relation = name_of_copy(relid);
	stmt->tableElts = copy_columns(relid);
	stmt->oncommit = ONCOMMIT_NOOP;
	copy = DefineRelation(stmt, RELKIND_RELATION, GetUserId(), NULL, NULL);
	CommandCounterIncrement();
	/* Who switches a trigger off has not the lock to make it then. */
	NewRelationCreateToastTable(copy.objectId, (Datum) 0);
	guard_adopt(guard, RelationRelationId, copy.objectId);
	guard_add_copy(guard, relid);
	return name_of_copy(relid);
}

static bool
rename_columns(Node *node, void *arg)
{
	const RangeVar *relation = arg;

	if (node == NULL)
		return false;
	if (IsA(node, ColumnRef))
	{
		ColumnRef  *column = (ColumnRef *) node;

		if (list_length(column->fields) > 2 &&
			strcmp(strVal(linitial(column->fields)), relation->schemaname) == 0 &&
			strcmp(strVal(lsecond(column->fields)), relation->relname) == 0)
			column->fields = list_delete_first(column->fields);
		return false;
	}
	return raw_expression_tree_walker(node, rename_columns, arg);
}

/* schema.table.column is column of what is now called table. */
void
copies_rename(Node *expression, const RangeVar *relation)
{
	if (relation->schemaname != NULL)
		(void) rename_columns(expression, unconstify(RangeVar *, relation));
}

List *
copies_list(Guard *guard)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, guard_copies(guard))
	{
		SchemaTable *table = schema_new(&schema_table_kind);

		table->object.schema = get_namespace_name(get_rel_namespace(lfirst_oid(lc)));
		table->object.name = get_rel_name(lfirst_oid(lc));
		result = lappend(result, table);
	}
	return result;
}
