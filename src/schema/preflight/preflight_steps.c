/*
 * preflight_steps.c
 *	  The commands of a plan, one after the other.
 *
 * What a command does to the model is done here or below; what it asks of rows is noted,
 * and asked when all commands have been seen.  A command that reads rows in a way that is
 * not known here is said to be so.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/index.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "schema/preflight/preflight_steps.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* ---- names ---- */

static void
rename_column(Preflight *pf, PreflightTable *table, const RenameStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, model_tree(pf, table, stmt->relation->inh))
	{
		PreflightColumn *column = model_column(lfirst(lc), stmt->subname);

		if (column != NULL)
			column->name = stmt->newname;
	}
}

static void
rename_type(Preflight *pf, const RenameStmt *stmt)
{
	PreflightType *type = model_type(pf, (List *) stmt->object);

	if (type != NULL)
		type->name = stmt->newname;
}

static void
rename_object(Preflight *pf, const RenameStmt *stmt)
{
	PreflightTable *table;

	if (stmt->renameType == OBJECT_TYPE || stmt->renameType == OBJECT_DOMAIN)
	{
		rename_type(pf, stmt);
		return;
	}
	if ((stmt->renameType != OBJECT_TABLE && stmt->renameType != OBJECT_COLUMN &&
		 stmt->renameType != OBJECT_MATVIEW) ||
		(table = model_table(pf, stmt->relation)) == NULL)
		return;
	if (stmt->renameType == OBJECT_COLUMN)
		rename_column(pf, table, stmt);
	else
		table->name = stmt->newname;
}

static void
move_object(Preflight *pf, const AlterObjectSchemaStmt *stmt)
{
	PreflightTable *table =
		stmt->objectType == OBJECT_TABLE ? model_table(pf, stmt->relation) : NULL;

	if (table != NULL)
		table->schema = stmt->newschema;
}

/* A table that is gone has no name any more; another may take it. */
static void
drop_object(Preflight *pf, ObjectType type, List *names)
{
	RangeVar   *range = makeRangeVarFromNameList(names);
	PreflightTable *table;
	Oid			relid;

	if (type == OBJECT_INDEX)
	{
		relid = RangeVarGetRelid(range, NoLock, true);
		if (OidIsValid(relid) && get_rel_relkind(relid) == RELKIND_INDEX)
			model_remove(pf, model_table_of(pf, IndexGetRelation(relid, false), false),
						 range->relname);
		return;
	}
	table = model_table(pf, range);
	if (table != NULL)
		table->name = "";
}

static void
drop_objects(Preflight *pf, const DropStmt *stmt)
{
	ListCell   *lc;

	if (stmt->removeType == OBJECT_TABLE || stmt->removeType == OBJECT_MATVIEW ||
		stmt->removeType == OBJECT_INDEX)
		foreach(lc, stmt->objects)
			drop_object(pf, stmt->removeType, lfirst(lc));
}

/* ---- what is made ---- */

static void
make_table(Preflight *pf, CreateStmt *stmt)
{
	if (stmt->partbound != NULL)
		bounds_create(pf, stmt);
	if (stmt->relation->schemaname != NULL)
		model_new_table(pf, stmt->relation)->definition = stmt;
}

static void
make_function(Preflight *pf, const CreateFunctionStmt *stmt)
{
	char	   *schema;
	char	   *name;

	model_split(stmt->funcname, &schema, &name);
	if (schema != NULL)
		pf->functions = lappend(pf->functions, quote_qualified_identifier(schema, name));
}

static bool
evaluates(const IndexStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->indexParams)
		if (lfirst_node(IndexElem, lc)->expr != NULL)
			return true;
	return stmt->unique || stmt->whereClause != NULL;
}

/* Of a relation that the plan makes and fills, nothing is known. */
static void
make_index(Preflight *pf, IndexStmt *stmt)
{
	PreflightTable *table = model_table(pf, stmt->relation);

	if (table != NULL)
		keys_index(pf, stmt, table, false);
	else if (evaluates(stmt))
		model_unknown(pf, "the rows that the index is for are not there yet");
}

void
steps_look_at(Preflight *pf, Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			table_alter(pf, (AlterTableStmt *) stmt);
			break;
		case T_IndexStmt:
			make_index(pf, (IndexStmt *) stmt);
			break;
		case T_CreateStmt:
			make_table(pf, (CreateStmt *) stmt);
			break;
		case T_InsertStmt:
			columns_copy(pf, (InsertStmt *) stmt);
			break;
		case T_RenameStmt:
			rename_object(pf, (RenameStmt *) stmt);
			break;
		case T_AlterObjectSchemaStmt:
			move_object(pf, (AlterObjectSchemaStmt *) stmt);
			break;
		case T_DropStmt:
			drop_objects(pf, (DropStmt *) stmt);
			break;
		case T_CreateEnumStmt:
			types_make_enum(pf, (CreateEnumStmt *) stmt);
			break;
		case T_CreateDomainStmt:
			types_make_domain(pf, (CreateDomainStmt *) stmt);
			break;
		case T_AlterDomainStmt:
			types_alter_domain(pf, (AlterDomainStmt *) stmt);
			break;
		case T_CreateFunctionStmt:
			make_function(pf, (CreateFunctionStmt *) stmt);
			break;
		case T_CreateTableAsStmt:
			if (!((CreateTableAsStmt *) stmt)->into->skipData)
				model_unknown(pf, "what its query comes to is known when it runs");
			break;
		case T_RefreshMatViewStmt:
			if (!((RefreshMatViewStmt *) stmt)->skipData)
				model_unknown(pf, "what its query comes to is known when it runs");
			break;
		default:
			break;
	}
}
