/*
 * plan_command.c
 *	  What the text of a step may be: one command of those that plans are made of.
 *
 * Steps are put together from definitions in a document that may be anybody's, and
 * plans may be edited.  A text of several commands could hide what is not shown,
 * and some commands act on the session, on other sessions or on the cluster, and
 * so outlast a dry run.  This keeps a plan to what it is for; it makes no stranger's
 * plan safe to apply, since a function in a definition can do anything.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "parser/parser.h"
#include "schema/expected/expected_statement.h"
#include "schema/plan/plan_command.h"
#include "utils/guc.h"

/*
 * setval(...) and nothing beside it: where a sequence goes on.  FROM and what it reads
 * are free: the value comes from rows and from pg_sequence.
 */
static bool
is_setval(const SelectStmt *stmt)
{
	ResTarget  *target;
	FuncCall   *call;

	if (stmt->op != SETOP_NONE || stmt->intoClause != NULL || stmt->withClause != NULL ||
		list_length(stmt->targetList) != 1)
		return false;
	target = linitial_node(ResTarget, stmt->targetList);
	if (!IsA(target->val, FuncCall))
		return false;
	call = (FuncCall *) target->val;
	return list_length(call->funcname) == 2 &&
		   strcmp(strVal(linitial(call->funcname)), "pg_catalog") == 0 &&
		   strcmp(strVal(lsecond(call->funcname)), "setval") == 0;
}

static bool
is_plan_command(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
			return is_setval((SelectStmt *) stmt);
		case T_VacuumStmt:
			return !((VacuumStmt *) stmt)->is_vacuumcmd;
		case T_CreateTableAsStmt:
			return ((CreateTableAsStmt *) stmt)->objtype == OBJECT_MATVIEW;
		case T_InsertStmt:
		case T_RefreshMatViewStmt:
		case T_CreateStmt:
		case T_CreateForeignTableStmt:
		case T_AlterTableStmt:
		case T_IndexStmt:
		case T_ViewStmt:
		case T_RuleStmt:
		case T_CreateTrigStmt:
		case T_CreatePolicyStmt:
		case T_AlterPolicyStmt:
		case T_CreateStatsStmt:
		case T_AlterStatsStmt:
		case T_CreateSeqStmt:
		case T_AlterSeqStmt:
		case T_CreateSchemaStmt:
		case T_CreateFunctionStmt:
		case T_AlterFunctionStmt:
		case T_CreateEnumStmt:
		case T_AlterEnumStmt:
		case T_CreateRangeStmt:
		case T_CompositeTypeStmt:
		case T_CreateDomainStmt:
		case T_AlterDomainStmt:
		case T_AlterTypeStmt:
		case T_DefineStmt:
		case T_CreateOpClassStmt:
		case T_CreateOpFamilyStmt:
		case T_AlterOpFamilyStmt:
		case T_AlterOperatorStmt:
		case T_AlterTSDictionaryStmt:
		case T_AlterTSConfigurationStmt:
		case T_AlterCollationStmt:
		case T_CreateConversionStmt:
		case T_CreateCastStmt:
		case T_CreatePublicationStmt:
		case T_AlterPublicationStmt:
		case T_RenameStmt:
		case T_DropStmt:
		case T_AlterOwnerStmt:
		case T_AlterObjectSchemaStmt:
		case T_AlterObjectDependsStmt:
		case T_CommentStmt:
		case T_GrantStmt:
		case T_AlterDefaultPrivilegesStmt:
			return !statement_is_of_database(stmt);
		default:
			return false;
	}
}

/* The one command of a text; NULL where it is none or several. */
static Node *
parse_one(const char *sql)
{
	bool		other_strings = !standard_conforming_strings;
	int			nestlevel = 0;
	List	   *statements;

	/*
	 * Constants of a plan are written so, whatever the caller's setting is.  The job
	 * that reads commands outside of transactions, where no setting can be saved, has
	 * made this one before.
	 */
	if (other_strings)
	{
		nestlevel = NewGUCNestLevel();
		query_set("standard_conforming_strings", "on");
	}
	statements = raw_parser(sql, RAW_PARSE_DEFAULT);
	if (other_strings)
		AtEOXact_GUC(false, nestlevel);
	return list_length(statements) == 1 ? linitial_node(RawStmt, statements)->stmt : NULL;
}

Node *
plan_command_read(int number, const char *sql)
{
	Node	   *stmt = parse_one(sql);

	if (stmt == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid plan: step %d is not one SQL command", number)));
	if (!is_plan_command(stmt))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid plan: step %d is not a command that plans are made of", number)));
	return stmt;
}

/* A column's type, say, that goes on with ", DROP COLUMN". */
static bool
drops_column(Node *stmt)
{
	ListCell   *lc;

	if (!IsA(stmt, AlterTableStmt))
		return false;
	foreach(lc, ((AlterTableStmt *) stmt)->cmds)
		if (lfirst_node(AlterTableCmd, lc)->subtype == AT_DropColumn)
			return true;
	return false;
}

/* A place in the step is not one in the caller's statement. */
static void
name_step(void *arg)
{
	const PlanStep *step = arg;

	errposition(0);
	errcontext("step \"%s\" for %s: %s", step->action, step->object, step->sql);
}

/*
 * Of a plan that was just made, so that what is wrong is blamed on the document and not
 * on the plan: its definitions are what the text came from.
 */
Node *
plan_command_check(const PlanStep *step)
{
	ErrorContextCallback context = {.previous = error_context_stack,
									.callback = name_step,
									.arg = unconstify(PlanStep *, step)};
	Node	   *stmt;

	error_context_stack = &context;
	stmt = parse_one(step->sql);
	if (stmt == NULL || !is_plan_command(stmt) ||
		(drops_column(stmt) && strncmp(step->action, "drop_", 5) != 0))
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid schema document: what defines %s is not one command of "
							   "its kind",
							   step->object)));
	error_context_stack = context.previous;
	return stmt;
}
