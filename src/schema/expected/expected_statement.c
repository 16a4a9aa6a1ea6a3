/*
 * expected_statement.c
 *	  Statements of DDL text: run, passed over or refused.
 *
 * Nothing of the text may act beyond the transaction, and as little as can be is
 * executed at all: a SELECT without volatile functions changes no schema and is
 * left out, tables and materialized views made from queries are made without data,
 * and where every table is empty, defaults need no evaluation and constraints no
 * check.  What remains runs as utility statements under the guard.
 *
 * It assumes that a statement is named by its command tag and by its parse tree, and is
 * fail-safe in both: a tag that is in no table is refused, so that a command which a
 * later release of the server brings waits for somebody to think about it.  What is
 * passed over is told with the document; nothing is dropped in silence.  It never judges
 * by the text of a statement, and it leaves what a statement does to objects to
 * expected_target.c before, and to the guard while it runs.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/query.h"
#include "catalog/namespace.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "commands/extension.h"
#include "commands/matview.h"
#include "commands/proclang.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parse_type.h"
#include "schema/expected/expected_statement.h"
#include "schema/expected/expected_target.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/regproc.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

typedef enum StatementFate
{
	FATE_IGNORE,				/* pass over, with the reason */
	FATE_DATABASE,				/* the same, inside functions too */
	FATE_NEEDS_DO,				/* refuse unless allow_do */
	FATE_REFUSE
} StatementFate;

#define REASON_ROWS "rows are no part of a schema"
#define REASON_TRANSACTION "the whole text is one transaction"
#define REASON_SESSION "it concerns the session"
#define REASON_UPKEEP "it changes no schema"
#define REASON_DATABASE "it concerns the database or the cluster"

/* By command tag.  Other tags of CREATE, ALTER, DROP, COMMENT, GRANT and REVOKE run. */
static const struct
{
	const char *tag;
	StatementFate fate;
	const char *reason;
} fates[] = {
	{"INSERT", FATE_IGNORE, REASON_ROWS},
	{"UPDATE", FATE_IGNORE, REASON_ROWS},
	{"DELETE", FATE_IGNORE, REASON_ROWS},
	{"MERGE", FATE_IGNORE, REASON_ROWS},
	{"COPY", FATE_IGNORE, REASON_ROWS},
	{"COPY FROM", FATE_IGNORE, REASON_ROWS},
	{"TRUNCATE TABLE", FATE_IGNORE, REASON_ROWS},
	{"ALTER LARGE OBJECT", FATE_IGNORE, REASON_ROWS},
	{"BEGIN", FATE_IGNORE, REASON_TRANSACTION},
	{"START TRANSACTION", FATE_IGNORE, REASON_TRANSACTION},
	{"COMMIT", FATE_IGNORE, REASON_TRANSACTION},
	{"ROLLBACK", FATE_IGNORE, REASON_TRANSACTION},
	{"SAVEPOINT", FATE_IGNORE, REASON_TRANSACTION},
	{"RELEASE", FATE_IGNORE, REASON_TRANSACTION},
	{"PREPARE TRANSACTION", FATE_IGNORE, REASON_TRANSACTION},
	{"COMMIT PREPARED", FATE_IGNORE, REASON_TRANSACTION},
	{"ROLLBACK PREPARED", FATE_IGNORE, REASON_TRANSACTION},
	{"SET CONSTRAINTS", FATE_IGNORE, REASON_TRANSACTION},
	{"LOCK TABLE", FATE_IGNORE, REASON_TRANSACTION},
	{"PREPARE", FATE_IGNORE, REASON_SESSION},
	{"EXECUTE", FATE_IGNORE, REASON_SESSION},
	{"DEALLOCATE", FATE_IGNORE, REASON_SESSION},
	{"DEALLOCATE ALL", FATE_IGNORE, REASON_SESSION},
	{"DECLARE CURSOR", FATE_IGNORE, REASON_SESSION},
	{"FETCH", FATE_IGNORE, REASON_SESSION},
	{"MOVE", FATE_IGNORE, REASON_SESSION},
	{"CLOSE", FATE_IGNORE, REASON_SESSION},
	{"CLOSE CURSOR", FATE_IGNORE, REASON_SESSION},
	{"CLOSE CURSOR ALL", FATE_IGNORE, REASON_SESSION},
	{"DISCARD", FATE_IGNORE, REASON_SESSION},
	{"DISCARD ALL", FATE_IGNORE, REASON_SESSION},
	{"DISCARD PLANS", FATE_IGNORE, REASON_SESSION},
	{"DISCARD SEQUENCES", FATE_IGNORE, REASON_SESSION},
	{"DISCARD TEMP", FATE_IGNORE, REASON_SESSION},
	{"LISTEN", FATE_IGNORE, REASON_SESSION},
	{"UNLISTEN", FATE_IGNORE, REASON_SESSION},
	{"NOTIFY", FATE_IGNORE, REASON_SESSION},
	{"SHOW", FATE_IGNORE, REASON_SESSION},
	{"EXPLAIN", FATE_IGNORE, REASON_SESSION},
	{"LOAD", FATE_DATABASE, REASON_SESSION},
	{"VACUUM", FATE_IGNORE, REASON_UPKEEP},
	{"ANALYZE", FATE_IGNORE, REASON_UPKEEP},
	{"REINDEX", FATE_IGNORE, REASON_UPKEEP},
	{"CHECKPOINT", FATE_DATABASE, REASON_UPKEEP},
	{"REFRESH MATERIALIZED VIEW", FATE_IGNORE, REASON_ROWS},
	{"SECURITY LABEL", FATE_IGNORE, "security labels are not compared"},
	{"CREATE DATABASE", FATE_DATABASE, REASON_DATABASE},
	{"ALTER DATABASE", FATE_DATABASE, REASON_DATABASE},
	{"DROP DATABASE", FATE_DATABASE, REASON_DATABASE},
	{"CREATE TABLESPACE", FATE_DATABASE, REASON_DATABASE},
	{"ALTER TABLESPACE", FATE_DATABASE, REASON_DATABASE},
	{"DROP TABLESPACE", FATE_DATABASE, REASON_DATABASE},
	{"CREATE ROLE", FATE_DATABASE, REASON_DATABASE},
	{"ALTER ROLE", FATE_DATABASE, REASON_DATABASE},
	{"DROP ROLE", FATE_DATABASE, REASON_DATABASE},
	{"GRANT ROLE", FATE_DATABASE, REASON_DATABASE},
	{"REVOKE ROLE", FATE_DATABASE, REASON_DATABASE},
	{"ALTER SYSTEM", FATE_DATABASE, REASON_DATABASE},
	{"CREATE EVENT TRIGGER", FATE_DATABASE, REASON_DATABASE},
	{"ALTER EVENT TRIGGER", FATE_DATABASE, REASON_DATABASE},
	{"DROP EVENT TRIGGER", FATE_DATABASE, REASON_DATABASE},
	{"CREATE SUBSCRIPTION", FATE_DATABASE, REASON_DATABASE},
	{"ALTER SUBSCRIPTION", FATE_DATABASE, REASON_DATABASE},
	{"DROP SUBSCRIPTION", FATE_DATABASE, REASON_DATABASE},
	{"ALTER EXTENSION", FATE_DATABASE, REASON_DATABASE},
	{"DROP EXTENSION", FATE_DATABASE, REASON_DATABASE},
	{"CREATE USER MAPPING", FATE_DATABASE, REASON_DATABASE},
	{"ALTER USER MAPPING", FATE_DATABASE, REASON_DATABASE},
	{"DROP USER MAPPING", FATE_DATABASE, REASON_DATABASE},
	{"DO", FATE_NEEDS_DO, NULL},
	{"CALL", FATE_NEEDS_DO, NULL},
	{"DROP OWNED", FATE_REFUSE, "It reaches beyond the schemas derived."},
	{"REASSIGN OWNED", FATE_REFUSE, "It reaches beyond the schemas derived."},
	{"IMPORT FOREIGN SCHEMA", FATE_REFUSE, "It reads another database."},
};

/* Session settings that decide what a statement makes; all others are passed over. */
static const char *const applied_settings[] = {"search_path",
											   "default_tablespace",
											   "default_table_access_method",
											   "default_toast_compression",
											   "datestyle",
											   "intervalstyle",
											   "timezone",
											   "xmloption"};

/* Tags of statements that run begin with one of these. */
static const char *const runnable[] = {"CREATE ", "ALTER ",	 "DROP ",  "COMMENT", "GRANT",
									   "REVOKE",  "CLUSTER", "SELECT", "SET",	  "RESET"};

static const char *
tag_of(Node *stmt)
{
	return GetCommandTagName(CreateCommandTag(stmt));
}

static int
find_fate(const char *tag)
{
	for (int i = 0; i < lengthof(fates); i++)
		if (strcmp(fates[i].tag, tag) == 0)
			return i;
	return -1;
}

/*
 * The guard asks this for statements within functions and DO blocks: what is passed
 * over in the text for being no part of a schema is no more part of one there.
 */
bool
statement_is_of_database(Node *stmt)
{
	int			fate = find_fate(tag_of(stmt));

	return IsA(stmt, CreateExtensionStmt) || (fate >= 0 && fates[fate].fate == FATE_DATABASE);
}

static void
refuse(const char *tag, const char *detail, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					errmsg("%s is not supported in schema_sql", tag),
					detail ? errdetail("%s", detail) : 0, hint ? errhint("%s", hint) : 0));
}

/* The reason to pass over a statement for its kind alone, or NULL. */
static const char *
check_kind(Swap *swap, const char *tag)
{
	int			i = find_fate(tag);

	if (i < 0)
	{
		for (int j = 0; j < lengthof(runnable); j++)
			if (strncmp(tag, runnable[j], strlen(runnable[j])) == 0)
				return NULL;
		refuse(tag, NULL, "Leave the statement out.");
	}
	switch (fates[i].fate)
	{
		case FATE_IGNORE:
		case FATE_DATABASE:
			return fates[i].reason;
		case FATE_NEEDS_DO:
			if (!swap_allows_do(swap))
				refuse(tag, "What code does outside of the transaction cannot be rolled back.",
					   "Use allow_do => true if you trust schema_sql.");
			return NULL;
		case FATE_REFUSE:
			refuse(tag, fates[i].reason, "Leave the statement out.");
	}
	return NULL;
}

/* ---- settings ---- */

/* Names of settings have no case. */
static bool
setting_is_applied(const char *name)
{
	for (int i = 0; i < lengthof(applied_settings); i++)
		if (pg_strcasecmp(name, applied_settings[i]) == 0)
			return true;
	return false;
}

/*
 * What begins with SET but sets no single parameter (TRANSACTION, SESSION
 * CHARACTERISTICS) decides nothing of a schema.  Another user would own what is made
 * and give default privileges, of which alone the text can say whose they are.
 */
static const char *
check_setting(VariableSetStmt *stmt)
{
	if (stmt->name != NULL && (pg_strcasecmp(stmt->name, "role") == 0 ||
							   pg_strcasecmp(stmt->name, "session_authorization") == 0))
		return "all is derived as the caller's; default privileges can say FOR ROLE";
	if (stmt->kind == VAR_SET_MULTI || stmt->kind == VAR_RESET_ALL || stmt->name == NULL ||
		!setting_is_applied(stmt->name))
		return "this setting decides nothing here";
	return NULL;
}

/*
 * True if stmt is a call of set_config; the setting is applied where it counts. pg_dump
 * sets search_path by a query rather than by SET.
 */
static bool
apply_set_config(const SelectStmt *stmt, const char **reason)
{
	char	   *name;
	char	   *value;

	if (!ddltext_set_config(stmt, &name, &value))
		return false;
	*reason = "this setting decides nothing here";
	if (!setting_is_applied(name))
		return true;
	*reason = NULL;
	query_set(name, value);
	return true;
}

/* ---- queries ---- */

/* A walker's callback: true ends the walk, and arg names the function in the error. */
static bool
function_is_users_volatile(Oid function, void *arg)
{
	if (function < FirstNormalObjectId || func_volatile(function) != PROVOLATILE_VOLATILE)
		return false;
	*(Oid *) arg = function;
	return true;
}

static bool
find_volatile(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, function_is_users_volatile, arg))
		return true;
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_volatile, arg, 0);
	return expression_tree_walker(node, find_volatile, arg);
}

/*
 * A query is run for nothing but what its functions do.  Those of the server
 * itself (setval, lo_create, …) make nothing that is part of a schema.
 */
static const char *
check_query(Swap *swap, const DdlStatement *statement)
{
	const char *reason = "a query changes no schema";
	Oid			function = InvalidOid;
	List	   *queries;

	if (apply_set_config((SelectStmt *) statement->raw->stmt, &reason))
		return reason ? reason : "";
	/* A copy: analysis scribbles on the tree it is given. */
	queries = compat_analyze_and_rewrite(copyObject(statement->raw), statement->file->sql);
	if (!find_volatile((Node *) linitial_node(Query, queries), &function))
		return reason;
	if (!swap_allows_do(swap))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("schema_sql calls the volatile function %s", format_procedure(function)),
				 errdetail("What code does outside of the transaction cannot be rolled "
						   "back."),
				 errhint("Use allow_do => true if you trust schema_sql.")));
	return NULL;
}

/* ---- what is there already ---- */

/* Whether a cast stands in the schema of one of its types; one that is not known is an error soon. */
static bool
cast_is_of_text(Swap *swap, CreateCastStmt *stmt)
{
	Oid			source = LookupTypeNameOid(NULL, stmt->sourcetype, true);
	Oid			target = LookupTypeNameOid(NULL, stmt->targettype, true);

	return !OidIsValid(source) || !OidIsValid(target) ||
		   guard_made(swap_guard(swap), TypeRelationId, source) ||
		   guard_made(swap_guard(swap), TypeRelationId, target);
}

/* What is made and then compared with nothing, because it is in no schema. */
static const char *
reason_not_compared(Node *stmt)
{
	switch (nodeTag(stmt))
	{
		case T_CreateForeignServerStmt:
		case T_AlterForeignServerStmt:
		case T_CreateFdwStmt:
		case T_AlterFdwStmt:
		case T_CreatePLangStmt:
		case T_CreateAmStmt:
		case T_CreateTransformStmt:
			return "it is in no schema: it is neither compared nor made by a plan";
		default:
			return NULL;
	}
}

/*
 * It is never executed: its script would run with rights that the caller may not have,
 * and what it makes is there already, moved along by the swap.
 */
static const char *
check_extension(CreateExtensionStmt *stmt)
{
	if (OidIsValid(get_extension_oid(stmt->extname, true)))
		return "the extension is there";
	ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
					errmsg("extension \"%s\" does not exist in this database", stmt->extname),
					errhint("Run CREATE EXTENSION \"%s\" first.", stmt->extname)));
	return NULL;
}

/* A schema without a name is that of its owner, and is made like any other. */
static const char *
check_schema(CreateSchemaStmt *stmt)
{
	if (stmt->schemaname == NULL)
		return NULL;
	if (strcmp(stmt->schemaname, "db_adapter") == 0)
		return "it belongs to this extension";
	if (strcmp(stmt->schemaname, "public") == 0 && OidIsValid(get_namespace_oid("public", true)))
		return "it is there in a new database";
	return NULL;
}

/* Objects without a schema are not swapped: a file finds them as they are. */
static const char *
check_presence(Swap *swap, Node *stmt)
{
	bool		exists = false;

	switch (nodeTag(stmt))
	{
		case T_CreateExtensionStmt:
			return check_extension((CreateExtensionStmt *) stmt);
		case T_CreateSchemaStmt:
			return check_schema((CreateSchemaStmt *) stmt);
		case T_CreateForeignServerStmt:
			exists = OidIsValid(
				get_foreign_server_oid(((CreateForeignServerStmt *) stmt)->servername, true));
			break;
		case T_CreateFdwStmt:
			exists =
				OidIsValid(get_foreign_data_wrapper_oid(((CreateFdwStmt *) stmt)->fdwname, true));
			break;
		case T_CreatePLangStmt:
			exists = OidIsValid(get_language_oid(((CreatePLangStmt *) stmt)->plname, true));
			break;
		case T_CreateAmStmt:
			exists = OidIsValid(get_am_oid(((CreateAmStmt *) stmt)->amname, true));
			break;
		case T_CreateCastStmt:
			if (!cast_is_of_text(swap, (CreateCastStmt *) stmt))
				return "both types are of other schemas than those derived";
			break;
		default:
			break;
	}
	return exists ? "it is there" : NULL;
}

/* ---- nothing to evaluate on empty tables ---- */

/*
 * ADD COLUMN … DEFAULT would evaluate the default for the rows there are; added by a
 * command of its own it is only stored.
 *
 * With IF NOT EXISTS it stays as it is, for the column may be there, with a default of
 * its own.  A check is recorded as valid all the same: skip_validation leaves out the
 * scan, not the promise.
 */
static List *
split_default(AlterTableCmd *cmd, List *cmds)
{
	ColumnDef  *column = (ColumnDef *) cmd->def;
	ListCell   *lc;

	foreach(lc, column->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		if (constraint->contype == CONSTR_CHECK && constraint->initially_valid)
			constraint->skip_validation = true;
		if (constraint->contype == CONSTR_DEFAULT && !cmd->missing_ok)
		{
			AlterTableCmd *set_default = makeNode(AlterTableCmd);

			set_default->subtype = AT_ColumnDefault;
			set_default->name = column->colname;
			set_default->def = constraint->raw_expr;
			cmds = lappend(cmds, set_default);
			column->constraints = foreach_delete_current(column->constraints, lc);
		}
	}
	return cmds;
}

/* The commands split off go to the end, where the columns they are about exist. */
static void
prepare_alter_table(AlterTableStmt *stmt)
{
	List	   *cmds = list_copy(stmt->cmds);
	ListCell   *lc;

	foreach(lc, stmt->cmds)
	{
		AlterTableCmd *cmd = lfirst_node(AlterTableCmd, lc);

		if (cmd->subtype == AT_AddColumn)
			cmds = split_default(cmd, cmds);
		else if (cmd->subtype == AT_AddConstraint)
		{
			Constraint *constraint = (Constraint *) cmd->def;

			if ((constraint->contype == CONSTR_CHECK || constraint->contype == CONSTR_FOREIGN) &&
				constraint->initially_valid)
				constraint->skip_validation = true;
		}
	}
	stmt->cmds = cmds;
}

/* ---- running ---- */

static void
run_utility(RawStmt *raw, const char *sql)
{
	List	   *plans;
	ListCell   *lc;

	PushActiveSnapshot(GetTransactionSnapshot());
	plans = pg_plan_queries(compat_analyze_and_rewrite(raw, sql), sql, 0, NULL);
	foreach(lc, plans)
	{
		PlannedStmt *plan = lfirst_node(PlannedStmt, lc);

		if (plan->utilityStmt == NULL)
			elog(ERROR, "statement is not a utility statement");
		/*
		 * Its query would read live tables and run what they call; only its columns
		 * matter.
		 */
		if (IsA(plan->utilityStmt, CreateTableAsStmt))
			((CreateTableAsStmt *) plan->utilityStmt)->into->skipData = true;
		ProcessUtility(plan, sql, false, PROCESS_UTILITY_SUBCOMMAND, NULL, NULL, None_Receiver,
					   NULL);
		CommandCounterIncrement();
	}
	PopActiveSnapshot();
}

/* It was made without data only because data do not matter here. */
static void
mark_populated(RangeVar *relation)
{
	Relation	rel = table_openrv(relation, AccessExclusiveLock);

	if (rel->rd_rel->relkind == RELKIND_MATVIEW)
		SetMatViewPopulatedState(rel, true);
	table_close(rel, NoLock);
	CommandCounterIncrement();
}

/* A query with functions that may change the schema: allow_do was given. */
static void
run_query(const DdlStatement *statement)
{
	query_run(pnstrdup(statement->file->sql + statement->location, statement->length), 0, NULL,
			  NULL, NULL, false, NULL, NULL);
	CommandCounterIncrement();
}

/* What EXECUTE would run was prepared in the session: it is no part of the text. */
static void
run_create_table_as(const DdlStatement *statement)
{
	CreateTableAsStmt *stmt = (CreateTableAsStmt *) statement->raw->stmt;
	bool		populated = stmt->objtype == OBJECT_MATVIEW && !stmt->into->skipData;
	RangeVar   *relation = stmt->into->rel;

	if (IsA(stmt->query, ExecuteStmt))
		refuse("CREATE TABLE AS EXECUTE", NULL, "Write the query itself.");
	run_utility(statement->raw, statement->file->sql);
	if (populated)
		mark_populated(relation);
}

/* Before the statement runs: CASCADE would go on from a member to its extension. */
static void
withdraw_members(Swap *swap, DropStmt *stmt)
{
	ListCell   *lc;

	if (stmt->removeType != OBJECT_SCHEMA)
		return;
	foreach(lc, stmt->objects)
		swap_withdraw_members(swap, strVal(lfirst(lc)));
}

static void
run(const DdlStatement *statement)
{
	Node	   *stmt = statement->raw->stmt;

	switch (nodeTag(stmt))
	{
		case T_SelectStmt:
			if (((SelectStmt *) stmt)->intoClause == NULL)
				run_query(statement);
			else
				run_utility(statement->raw, statement->file->sql);
			break;
		case T_CreateTableAsStmt:
			run_create_table_as(statement);
			break;
		case T_AlterTableStmt:
			prepare_alter_table((AlterTableStmt *) stmt);
			run_utility(statement->raw, statement->file->sql);
			break;
		default:
			run_utility(statement->raw, statement->file->sql);
			break;
	}
	/* Values added to an enum of the text's own can be used at once. */
	if (IsA(stmt, AlterEnumStmt))
		AtEOXact_Enum();
}

/*
 * The reason to pass over a statement, or NULL; "" where all is done already.
 * left_out is the reason why it will run without a part of it.
 */
static const char *
check_statement(Swap *swap, const DdlStatement *statement, const char **left_out)
{
	Node	   *stmt = statement->raw->stmt;
	const char *reason = check_presence(swap, stmt);

	/* It names a tablespace and no object, so no check of targets would stop it. */
	if (IsA(stmt, AlterTableMoveAllStmt))
		refuse("ALL IN TABLESPACE", "It reaches beyond the schemas derived.",
			   "Leave the statement out.");
	if (reason == NULL && !IsA(stmt, CreateExtensionStmt))
		reason = check_kind(swap, tag_of(stmt));
	if (reason != NULL)
		return reason;
	if (IsA(stmt, VariableSetStmt))
		return check_setting((VariableSetStmt *) stmt);
	if (IsA(stmt, SelectStmt) && ((SelectStmt *) stmt)->intoClause == NULL)
		return check_query(swap, statement);
	*left_out = reason_not_compared(stmt);
	return target_check(swap_guard(swap), stmt, left_out);
}

/*
 * The guard watches nothing but the run itself: what is asked before looks names up and
 * makes nothing.  Where the statement fails, swap_run() puts the guard to rest.
 */
static void
run_one(Swap *swap, DdlText *ddl, const DdlStatement *statement)
{
	DdlErrorContext context;
	const char *left_out = NULL;
	const char *reason;

	ddltext_push_context(&context, statement->file, statement);
	PushActiveSnapshot(GetTransactionSnapshot());
	reason = check_statement(swap, statement, &left_out);
	PopActiveSnapshot();
	if (reason == NULL)
	{
		if (IsA(statement->raw->stmt, DropStmt))
			withdraw_members(swap, (DropStmt *) statement->raw->stmt);
		guard_watch(swap_guard(swap), statement_is_of_database);
		run(statement);
		guard_rest();
		guard_check_places(swap_guard(swap));
		if (IsA(statement->raw->stmt, CreateSchemaStmt) || IsA(statement->raw->stmt, RenameStmt))
			swap_place_members(swap);
		if (left_out != NULL)
			ddltext_ignore(ddl, statement, left_out);
	}
	else if (reason[0] != '\0')
		ddltext_ignore(ddl, statement, reason);
	ddltext_pop_context(&context);
}

/* Roughly how many locks a statement takes, for the message when they run out. */
static int
weight(const DdlStatement *statement)
{
	switch (nodeTag(statement->raw->stmt))
	{
		case T_CreateStmt:
			return 6;
		case T_IndexStmt:
		case T_AlterTableStmt:
		case T_ViewStmt:
		case T_CreateSeqStmt:
		case T_CreateTableAsStmt:
			return 2;
		case T_InsertStmt:
			return 0;
		default:
			return 1;
	}
}

/*
 * The parse trees are older than this context, so each statement's memory can go when
 * it is done.  A snapshot is taken for each: it has to see what those before have made.
 */
void
statement_run_all(Swap *swap, DdlText *ddl)
{
	MemoryContext cxt =
		AllocSetContextCreate(CurrentMemoryContext, "db_adapter statement", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcxt = MemoryContextSwitchTo(cxt);
	int64		total = 0;
	int64		done = 0;
	ListCell   *lc;

	foreach(lc, ddl->statements)
		total += weight(lfirst(lc));
	foreach(lc, ddl->statements)
	{
		CHECK_FOR_INTERRUPTS();
		swap_progress(swap, done, total);
		run_one(swap, ddl, lfirst(lc));
		done += weight(lfirst(lc));
		MemoryContextReset(cxt);
	}
	MemoryContextSwitchTo(oldcxt);
	MemoryContextDelete(cxt);
}

/* The name of the schema, which may be that of its owner. */
static char *
created_schema(const CreateSchemaStmt *stmt)
{
	if (stmt->schemaname != NULL)
		return stmt->schemaname;
	if (stmt->authrole->roletype == ROLESPEC_CSTRING)
		return stmt->authrole->rolename;
	return GetUserNameFromId(GetUserId(), false);
}

/*
 * Known before anything runs, because the live schemas of these names have to be out of
 * the way by then.  One that a DO block makes is not seen here.
 */
List *
statement_created_schemas(const DdlText *ddl)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, ddl->statements)
	{
		Node	   *stmt = ((DdlStatement *) lfirst(lc))->raw->stmt;
		char	   *name = NULL;

		if (IsA(stmt, CreateSchemaStmt))
			name = created_schema((CreateSchemaStmt *) stmt);
		else if (IsA(stmt, RenameStmt) && ((RenameStmt *) stmt)->renameType == OBJECT_SCHEMA)
			name = ((RenameStmt *) stmt)->newname;
		if (name != NULL && strcmp(name, "public") != 0 && strcmp(name, "db_adapter") != 0)
			names = lappend(names, name);
	}
	return names;
}
