/*
 * preflight_table.c
 *	  ALTER TABLE, command by command.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "parser/parser.h"
#include "schema/preflight/preflight_steps.h"
#include "utils/builtins.h"

/* The one that a step before has added, or else a live one. */
static void
validate(Preflight *pf, PreflightTable *table, const char *name)
{
	char	   *definition;
	Constraint *constraint;
	ListCell   *lc;

	foreach(lc, table->pending)
	{
		constraint = lfirst(lc);
		if (constraint->conname == NULL || strcmp(constraint->conname, name) != 0)
			continue;
		constraint = copyObject(constraint);
		constraint->skip_validation = false;
		constraints_add(pf, table, constraint, NULL, false);
		return;
	}
	definition = OidIsValid(table->relid) ? constraints_live(table->relid, InvalidOid, name) : NULL;
	if (definition == NULL)
		model_unknown(pf, psprintf("constraint \"%s\" is not there yet", name));
	else
		constraints_add(pf, table, constraints_read(name, definition), NULL, true);
}

/* ---- ALTER TABLE ---- */

static void
add_columns(Preflight *pf, PreflightTable *table, ColumnDef *def, bool inherits)
{
	ListCell   *lc;

	foreach(lc, model_tree(pf, table, inherits))
		columns_add(pf, lfirst(lc), def);
}

static void
convert_columns(Preflight *pf, PreflightTable *table, const char *name, ColumnDef *def,
				bool inherits)
{
	ListCell   *lc;

	foreach(lc, model_tree(pf, table, inherits))
		columns_convert(pf, lfirst(lc), name, def);
}

static void
drop_columns(Preflight *pf, PreflightTable *table, const char *name, bool inherits)
{
	ListCell   *lc;

	foreach(lc, model_tree(pf, table, inherits))
	{
		PreflightTable *part = lfirst(lc);
		PreflightColumn *column = model_column(part, name);

		if (column != NULL)
			part->columns = list_delete_ptr(part->columns, column);
	}
}

static void
run_command(Preflight *pf, PreflightTable *table, AlterTableCmd *cmd, bool inherits)
{
	switch (cmd->subtype)
	{
		case AT_AddColumn:
			add_columns(pf, table, (ColumnDef *) cmd->def, inherits);
			break;
		case AT_DropColumn:
			drop_columns(pf, table, cmd->name, inherits);
			break;
		case AT_AlterColumnType:
			convert_columns(pf, table, cmd->name, (ColumnDef *) cmd->def, inherits);
			break;
		case AT_SetNotNull:
			constraints_not_null_rows(pf, table, cmd->name, inherits);
			break;
		case AT_AddConstraint:
			constraints_add(pf, table, (Constraint *) cmd->def, NULL, false);
			break;
		case AT_ValidateConstraint:
			validate(pf, table, cmd->name);
			break;
		case AT_DropConstraint:
			model_remove(pf, table, cmd->name);
			break;
		case AT_AttachPartition:
			bounds_attach(pf, table, (PartitionCmd *) cmd->def);
			break;
		default:
			if (compat_computes_values(cmd->subtype))
				model_unknown(pf,
							  psprintf("column \"%s\" is computed anew for each row", cmd->name));
			break;
	}
}

/* Whether a command looks at rows: what is not known of the table matters then. */
static bool
reads_rows(const AlterTableCmd *cmd)
{
	switch (cmd->subtype)
	{
		case AT_AlterColumnType:
		case AT_SetNotNull:
		case AT_AddConstraint:
		case AT_ValidateConstraint:
		case AT_AttachPartition:
			return true;
		default:
			return false;
	}
}

/* Tables of a composite type change with it. */
static void
alter_type(Preflight *pf, AlterTableStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->cmds)
		if (lfirst_node(AlterTableCmd, lc)->subtype == AT_AlterColumnType)
			model_unknown(pf, "values of tables of this type are converted with it");
}

void
table_alter(Preflight *pf, AlterTableStmt *stmt)
{
	PreflightTable *table;
	ListCell   *lc;

	if (stmt->objtype == OBJECT_TYPE)
		alter_type(pf, stmt);
	if (stmt->objtype != OBJECT_TABLE)
		return;
	table = model_table(pf, stmt->relation);
	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (table != NULL && table->kind != RELKIND_FOREIGN_TABLE)
			run_command(pf, table, cmd, stmt->relation->inh);
		else if (table == NULL && reads_rows(cmd))
			model_unknown(pf, psprintf("table %s is not there yet",
									   quote_qualified_identifier(stmt->relation->schemaname,
																  stmt->relation->relname)));
	}
}
