/*
 * apply_online.c
 *	  The online steps of a plan: indexes made while others write.
 *
 * CREATE INDEX CONCURRENTLY is several transactions, so it cannot be a step of apply,
 * and needs a process that has nobody else's transaction.  The steps run in order.
 * Run again after whatever ended it, a job goes on where it was: an index that is
 * there is passed over, and the invalid one that an attempt leaves behind when it
 * fails is dropped, concurrently too, and made again.
 *
 * It assumes nothing of the plan either: it comes from the queue of jobs, where anybody
 * may have put one that was edited.  A step can be nothing but CREATE INDEX
 * CONCURRENTLY with both names said.  It never holds a lock or a snapshot from one step
 * to the next.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/calls.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "schema/apply/apply_online.h"
#include "schema/apply/apply_rights.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "schema/plan/plan_command.h"
#include "schema/plan/plan_document.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"

/* How the table of an index stands, and the index. */
typedef struct IndexState
{
	bool		has_table;
	bool		is_owner;
	bool		may_create;		/* in the schema */
	bool		present;
	bool		valid;
} IndexState;

/* The command of an online step, which can be no other. */
static IndexStmt *
read_command(const PlannedStep *step)
{
	IndexStmt  *stmt = (IndexStmt *) plan_command_read(step->number, step->sql);

	if (!IsA(stmt, IndexStmt) || !stmt->concurrent || stmt->idxname == NULL ||
		stmt->relation->schemaname == NULL || stmt->relation->catalogname != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid plan: step %d is no command that runs online", step->number),
				 errdetail("Online steps are CREATE INDEX CONCURRENTLY, with the name of the "
						   "index and the schema of its table.")));
	return stmt;
}

static bool
take_state(TupleTableSlot *slot, void *arg)
{
	IndexState *state = arg;

	slot_getallattrs(slot);
	state->has_table = true;
	state->is_owner = DatumGetBool(slot->tts_values[0]);
	state->may_create = DatumGetBool(slot->tts_values[1]);
	state->present = !slot->tts_isnull[2];
	state->valid = state->present && DatumGetBool(slot->tts_values[2]);
	return true;
}

/*
 * By names under a pinned path: nothing of the caller's stands between them and the
 * catalogs.  An index of the name on another table is not this one; making it will
 * fail, and say so.
 */
static IndexState
find_state(const IndexStmt *stmt)
{
	Oid			types[] = {TEXTOID, TEXTOID, TEXTOID};
	Datum		values[] = {CStringGetTextDatum(stmt->relation->schemaname),
					  CStringGetTextDatum(stmt->relation->relname),
					  CStringGetTextDatum(stmt->idxname)};
	IndexState	state = {0};
	int			nestlevel = query_pin(PIN_PATH);

	query_run("SELECT pg_has_role(t.relowner, 'USAGE'), has_schema_privilege(n.oid, 'CREATE'),"
			  "       (SELECT i.indisvalid FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
			  "         WHERE i.indrelid = t.oid AND c.relname = $3)"
			  "  FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace"
			  " WHERE n.nspname = $1 AND t.relname = $2",
			  3, types, values, NULL, true, take_state, &state);
	query_unpin(nestlevel);
	return state;
}

/* What the server would ask as well, but in a job, after the caller has gone. */
static void
check_rights(const IndexStmt *stmt)
{
	IndexState	state = find_state(stmt);
	const char *table =
		quote_qualified_identifier(stmt->relation->schemaname, stmt->relation->relname);

	if (!state.has_table)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation %s does not exist", table)));
	if (!state.is_owner)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("must be owner of table %s", table)));
	if (!state.may_create)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied for schema %s", stmt->relation->schemaname)));
}

void
online_check_index(Jsonb *plan)
{
	PlanDocument *document = plan_read(plan);
	bool		found = false;
	ListCell   *lc;

	foreach(lc, document->steps)
	{
		const PlannedStep *step = lfirst(lc);

		if (!step->online)
			continue;
		check_rights(read_command(step));
		found = true;
	}
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the plan has no online steps"),
				 errhint("Plan with online => true; indexes of tables without rows are "
						 "made by apply all the same.")));
}

/* ---- outside of transactions ---- */

/* For what is left of the job's session. */
static void
set(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SET, true, 0,
							 false);
}

/* Nothing that is looked up while an index is made is the caller's to choose. */
static PlanDocument *
begin_work(Jsonb *plan)
{
	MemoryContext cxt = CurrentMemoryContext;
	PlanDocument *document;

	StartTransactionCommand();
	MemoryContextSwitchTo(cxt);
	set("search_path", "pg_catalog, pg_temp");
	set("standard_conforming_strings", "on");
	calls_forget_plans();
	document = plan_read(plan);
	CommitTransactionCommand();
	MemoryContextSwitchTo(cxt);
	return document;
}

/* A transaction of its own, since the commands before and after it must not run in one. */
static IndexState
look(const IndexStmt *stmt)
{
	MemoryContext cxt = CurrentMemoryContext;
	IndexState	state;

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	state = find_state(stmt);
	PopActiveSnapshot();
	CommitTransactionCommand();
	MemoryContextSwitchTo(cxt);
	return state;
}

/*
 * Concurrently, as all here: the table is in use.  The tree is made, for a name that
 * was read needs no parser.
 */
static void
drop_invalid(const IndexStmt *stmt)
{
	DropStmt   *drop = makeNode(DropStmt);

	drop->removeType = OBJECT_INDEX;
	drop->concurrent = true;
	drop->objects =
		list_make1(list_make2(makeString(stmt->relation->schemaname), makeString(stmt->idxname)));
	query_run_nontransactional(
		(Node *) drop,
		psprintf("DROP INDEX CONCURRENTLY %s",
				 quote_qualified_identifier(stmt->relation->schemaname, stmt->idxname)));
}

typedef struct IndexRun
{
	IndexStmt  *stmt;
	const char *sql;
} IndexRun;

static void
run_index(void *arg)
{
	IndexRun   *run = arg;

	query_run_nontransactional((Node *) run->stmt, run->sql);
}

/*
 * The server acts as the table's owner; where that is the superuser, others' functions
 * stop.  An error leaves the setting as it is: the job ends with it, and its session
 * too.
 */
static void
run_guarded(IndexStmt *stmt, const PlannedStep *step)
{
	CallGuard	guard = {CALLS_TRUSTED};
	IndexRun	run = {stmt, step->sql};
	char *workers = pstrdup(GetConfigOption("max_parallel_maintenance_workers", false, false));

	/* Workers that build an index have no watch. */
	if (rights_index_evaluates(stmt))
		set("max_parallel_maintenance_workers", "0");
	calls_run_alone(&guard, run_index, &run);
	set("max_parallel_maintenance_workers", workers);
}

/*
 * The state is read before each step, not once: an earlier run, or somebody else, may
 * have made some of the indexes.
 */
Jsonb *
online_create_index(Jsonb *plan)
{
	PlanDocument *document = begin_work(plan);
	List	   *created = NIL;
	List	   *repaired = NIL;
	List	   *present = NIL;
	JsonWriter	w;
	ListCell   *lc;

	foreach(lc, document->steps)
	{
		PlannedStep *step = lfirst(lc);
		IndexStmt  *stmt;
		IndexState	state;

		CHECK_FOR_INTERRUPTS();
		if (!step->online)
			continue;
		stmt = read_command(step);
		state = look(stmt);
		if (state.valid)
		{
			present = lappend(present, step->object);
			continue;
		}
		progress_phase("building an index", step->object);
		if (state.present)
			drop_invalid(stmt);
		run_guarded(stmt, step);
		if (state.present)
			repaired = lappend(repaired, step->object);
		else
			created = lappend(created, step->object);
	}
	json_init(&w);
	json_begin_object(&w);
	json_put_strings(&w, "created", created);
	json_put_strings(&w, "repaired", repaired);
	json_put_strings(&w, "present", present);
	json_end_object(&w);
	return json_finish(&w);
}
