/*
 * apply_rights.c
 *	  Whose rights a step of a plan runs with.
 *
 * ALTER TABLE evaluates what the owner of a table put into it (checks, generated
 * columns, index expressions, casts) with the rights of whoever gives the command.
 * So an owner could wait for a superuser.  Where the server sees that danger itself
 * (REINDEX, REFRESH, ANALYZE, CREATE INDEX) it acts as the owner, in an operation
 * that gives no other rights back.  A step does the same, but only if it must: an
 * owner may not be allowed all that a step needs, say to create in the schema.
 * It runs as the current user first, under a guard that stops it before the first
 * call of a function of somebody who does not have his rights, or of one that could
 * act with them, is made; then, from its start, as the owner.
 *
 * A superuser's rights are never lent in that way: his tables must not call
 * functions of others.  Anybody else agreed to those in his own tables.
 *
 * Every step is guarded but those on such tables: which commands evaluate something
 * is the server's to change.
 */
#include "postgres.h"

#include "base/calls.h"
#include "base/compat.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/namespace.h"
#include "commands/tablecmds.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "parser/parse_type.h"
#include "schema/apply/apply_rights.h"
#include "schema/expected/expected_guard.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"

typedef struct Rights
{
	CallRule	rule;
	Oid			lender;			/* the owner to act as; InvalidOid: nobody */
} Rights;

/* ---- whose the code is ---- */

/*
 * What a step evaluates expressions of, locked as the step will lock it, so that
 * it cannot become another's meanwhile; InvalidOid where it is a new one.
 */
static Oid
find_relation(const PlannedStep *step, Node *stmt)
{
	AlterTableStmt *alter;

	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
			alter = (AlterTableStmt *) stmt;
			return AlterTableLookupRelation(alter, AlterTableGetLockLevel(alter->cmds));
		case T_InsertStmt:
			return RangeVarGetRelid(((InsertStmt *) stmt)->relation, RowExclusiveLock, true);
		case T_SelectStmt:
			return step->table != NULL ? relation_find(step->table) : InvalidOid;
		default:
			return InvalidOid;
	}
}

static Rights
rights_on(Oid owner)
{
	Rights		rights = {CALLS_PURE};

	/* Unless it is a superuser, for he agreed to what his tables call. */
	if (owner == GetUserId() && !superuser())
		rights.rule = CALLS_ANY;
	else if (OidIsValid(owner) && superuser_arg(owner))
		rights.rule = CALLS_TRUSTED;
	else if (OidIsValid(owner) && has_privs_of_role(GetUserId(), owner))
		rights.lender = owner;
	return rights;
}

/* What a command makes belongs to who gives it. */
static Rights
find_rights(const PlannedStep *step, Node *stmt)
{
	Rights		rights = {CALLS_TRUSTED};
	Oid			relid;

	switch (nodeTag(stmt))
	{
		case T_AlterTableStmt:
		case T_InsertStmt:
		case T_SelectStmt:
			relid = find_relation(step, stmt);
			return OidIsValid(relid) ? rights_on(relation_tree_owner(relid)) : rights;
		case T_AlterDomainStmt:
			return rights_on(relation_type_owner(typenameTypeId(
				NULL, makeTypeNameFromNameList(((AlterDomainStmt *) stmt)->typeName))));
		case T_RefreshMatViewStmt:
			relid = RangeVarGetRelid(((RefreshMatViewStmt *) stmt)->relation, AccessExclusiveLock,
									 true);
			if (OidIsValid(relid) && relation_fills_from_others(relid))
				rights.rule = CALLS_READING;
			return rights;
		case T_CreateTableAsStmt:
			rights.rule = CALLS_READING;
			return rights;
		default:
			return rights;
	}
}

/* ---- running ---- */

static void
run_text(void *arg)
{
	query_command(arg);
}

/* Text as a body of query_attempt(). */
typedef struct GuardedRun
{
	char	   *sql;
	CallGuard	guard;
} GuardedRun;

static void
run_guarded(void *arg)
{
	GuardedRun *run = arg;

	calls_run(&run->guard, run_text, run->sql);
}

/*
 * In a subtransaction, for what was done before it stopped.  Only a call that was
 * stopped is a reason to lend: any other error of the step would come again, and is
 * raised as it is.
 */
static void
run_or_lend(const Rights *rights, char *sql)
{
	GuardedRun	run = {sql, {rights->rule}};
	ErrorData  *error = query_attempt(run_guarded, &run, true);

	if (error == NULL)
		return;
	if (!OidIsValid(run.guard.stopped))
		ReThrowError(error);
	query_run_as_other(sql, rights->lender);
}

/*
 * What a swap would show as the live schema is not live, so nothing may be applied
 * within one.  Plans are forgotten because they may hold bodies of functions, which no
 * guard meets.
 */
void
rights_begin(void)
{
	if (guard_is_watching())
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("a plan cannot be applied by DDL text that is being executed")));
	calls_forget_plans();
}

void
rights_run_guarded(void (*body)(void *arg), void *arg)
{
	CallGuard	guard = {CALLS_TRUSTED};

	calls_run(&guard, body, arg);
}

bool
rights_index_evaluates(const IndexStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->indexParams)
		if (lfirst_node(IndexElem, lc)->expr != NULL)
			return true;
	return stmt->whereClause != NULL;
}

/*
 * ALTER TABLE may rebuild indexes, whichever of its commands it is: so the table's are
 * asked.
 */
static bool
builds_by_evaluating(const PlannedStep *step, Node *stmt)
{
	Oid			relid;

	if (IsA(stmt, IndexStmt))
		return rights_index_evaluates((IndexStmt *) stmt);
	if (!IsA(stmt, AlterTableStmt))
		return false;
	relid = find_relation(step, stmt);
	return OidIsValid(relid) && relation_index_evaluates(relid);
}

void
rights_run_step(const PlannedStep *step, Node *stmt)
{
	Rights		rights = find_rights(step, stmt);
	CallGuard	guard = {rights.rule};
	int			nestlevel = NewGUCNestLevel();

	/* Workers that build an index have no watch. */
	if (builds_by_evaluating(step, stmt))
		query_set("max_parallel_maintenance_workers", "0");
	if (OidIsValid(rights.lender))
		run_or_lend(&rights, step->sql);
	else
		calls_run(&guard, run_text, step->sql);
	AtEOXact_GUC(false, nestlevel);
}
