/*
 * apply.c
 *	  A plan executed: rows saved, steps run, the result validated.
 *
 * All of it is one subtransaction: kept when the result is what the plan
 * promises, rolled back for a dry run and for any error.  A lock that does not
 * come within lock_timeout undoes the whole, frees all locks taken, and the whole
 * is tried again, a few times.
 *
 * Steps run under a pinned search_path: their names are qualified, and expressions
 * were printed for that path.
 *
 * It assumes nothing of where a plan comes from: it may have been edited, or be another
 * database's.  So each step is read as one command of the kinds that plans are made of,
 * the fingerprint says whether this is the schema planned for, and what was reached is
 * compared anew.  It never decides a step, and never changes the order of those it is
 * given.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/query.h"
#include "catalog/namespace.h"
#include "catalog/pg_namespace.h"
#include "executor/instrument.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "schema/apply/apply.h"
#include "schema/apply/apply_locks.h"
#include "schema/apply/apply_results.h"
#include "schema/apply/apply_rights.h"
#include "schema/catalog/catalog.h"
#include "schema/plan/plan_command.h"
#include "schema/plan/plan_document.h"
#include "schema/apply/apply_saved.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/snapmgr.h"

/* How often a plan is tried when a lock does not come in time. */
#define APPLY_ATTEMPTS 3

/* How many differences an error lists. */
#define APPLY_REPORTED 5

typedef struct ApplyRun
{
	PlanDocument *plan;
	const ApplyOptions *options;
	MemoryContext cxt;			/* outlives an attempt that is rolled back */
	List	   *steps;			/* StepResult * */
	List	   *saved;			/* SavedTable * */
	List	   *differences;	/* after the steps */
} ApplyRun;

/*
 * One apply a schema at a time: the later one waits here and then finds the schema
 * changed, rather than fail in a step.  It reads what was committed meanwhile.
 *
 * The lock is of the transaction and not of an attempt: it stays when an attempt is
 * rolled back.  It is the one that a swap takes, so nobody derives or tries a plan in
 * the same schema meanwhile; who creates or alters what is in it is not held up.  A
 * schema that is not there cannot be locked: the plan makes it.
 */
static void
check_unchanged(const ApplyRun *run)
{
	int			nestlevel = query_pin(PIN_PATH);
	ListCell   *lc;

	query_set("lock_timeout", psprintf("%d", run->options->lock_timeout_ms));
	foreach(lc, run->plan->header.expectation->schemas)
	{
		Oid			schema = get_namespace_oid(lfirst(lc), true);

		if (OidIsValid(schema))
			LockDatabaseObject(NamespaceRelationId, schema, 0, ShareUpdateExclusiveLock);
	}
	query_unpin(nestlevel);
	PushActiveSnapshot(GetLatestSnapshot());
	catalog_check_fingerprint(run->plan->header.expectation->schemas,
							  run->plan->header.fingerprint);
	PopActiveSnapshot();
}

/* The step's number and text with whatever error comes out of it. */
static void
add_step_context(void *arg)
{
	const PlannedStep *step = arg;

	errcontext("step %d of the plan: %s", step->number, step->sql);
}

/*
 * Read again at each attempt: what runs is the text, and its parse tree is the
 * attempt's.  What is noted of a step outlives a rollback, for the result of a dry run.
 */
static void
run_step(ApplyRun *run, PlannedStep *step)
{
	ErrorContextCallback context = {.callback = add_step_context, .arg = step};
	StepResult *result = MemoryContextAllocZero(run->cxt, sizeof(StepResult));
	MemoryContext oldcxt;
	Node	   *stmt;
	instr_time	start;
	instr_time	end;
	uint64		wal = pgWalUsage.wal_bytes;

	context.previous = error_context_stack;
	error_context_stack = &context;
	stmt = plan_command_read(step->number, step->sql);
	elog(DEBUG2, "apply: step %d: %s", step->number, step->sql);
	progress_phase(psprintf("step %d of %d", step->number, list_length(run->plan->steps)),
				   step->object);
	INSTR_TIME_SET_CURRENT(start);
	rights_run_step(step, stmt);
	INSTR_TIME_SET_CURRENT(end);
	error_context_stack = context.previous;

	INSTR_TIME_SUBTRACT(end, start);
	result->step = step;
	result->ms = INSTR_TIME_GET_MILLISEC(end);
	result->wal_bytes = (int64) (pgWalUsage.wal_bytes - wal);
	oldcxt = MemoryContextSwitchTo(run->cxt);
	run->steps = lappend(run->steps, result);
	MemoryContextSwitchTo(oldcxt);
}

/* By word: a plan may come from a file, where a hazard is text. */
static bool
has_hazard(const PlannedStep *step, const char *hazard)
{
	ListCell   *lc;

	foreach(lc, step->hazards)
		if (strcmp(lfirst(lc), hazard) == 0)
			return true;
	return false;
}

/*
 * What a table that a step names is called before the steps: one of them may rename it.
 *
 * Rows are saved before any step, so they are read by the name that the table has then.
 */
static const char *
name_before(const ApplyRun *run, const char *table)
{
	ListCell   *lc;

	foreach(lc, run->plan->steps)
	{
		const PlannedStep *step = lfirst(lc);
		Node	   *stmt;

		/* They stand first; a table that is rebuilt takes its name later. */
		if (step->action == NULL || strncmp(step->action, "rename_", 7) != 0)
			break;
		if (strcmp(step->action, "rename_table") != 0)
			continue;
		stmt = plan_command_read(step->number, step->sql);
		if (IsA(stmt, RenameStmt) && ((RenameStmt *) stmt)->relation != NULL &&
			((RenameStmt *) stmt)->relation->schemaname != NULL &&
			strcmp(quote_qualified_identifier(((RenameStmt *) stmt)->relation->schemaname,
											  ((RenameStmt *) stmt)->newname),
				   table) == 0)
			return quote_qualified_identifier(((RenameStmt *) stmt)->relation->schemaname,
											  ((RenameStmt *) stmt)->relation->relname);
	}
	return table;
}

/*
 * Rows that a step may lose are saved before the first step, once a table.  Under the
 * locks of take_locks(), so that no row is written between its being saved and the
 * step.  It runs guarded: reading a table must not run what its owner put there.
 */
static void
save_rows(void *arg)
{
	ApplyRun   *run = arg;
	ListCell   *lc;

	foreach(lc, run->plan->steps)
	{
		PlannedStep *step = lfirst(lc);
		MemoryContext oldcxt;
		SavedTable *saved;
		const char *table;

		if (step->table == NULL || !has_hazard(step, plan_hazard_name(HAZARD_DATA_LOSS)))
			continue;
		table = name_before(run, step->table);
		if (saved_contains(run->saved, table))
			continue;
		elog(DEBUG1, "apply: rows of table %s are put aside, step %d may lose some", step->table,
			 step->number);
		oldcxt = MemoryContextSwitchTo(run->cxt);
		saved = saved_save_table(table);
		if (saved != NULL)
			run->saved = lappend(run->saved, saved);
		MemoryContextSwitchTo(oldcxt);
	}
}

/* A remainder without an attribute, "column public.a.b ", speaks for all of them. */
static bool
is_promised(const ApplyRun *run, const Difference *d)
{
	char	   *key = difference_key(d);
	ListCell   *lc;

	foreach(lc, run->plan->remaining)
	{
		const char *remainder = lfirst(lc);
		size_t		len = strlen(remainder);

		if (strcmp(remainder, key) == 0 ||
			(remainder[len - 1] == ' ' && strncmp(remainder, key, len) == 0))
			return true;
	}
	return false;
}

/*
 * Every error that the plan did not announce as remaining.  The error undoes all steps,
 * which is why its hint can say that nothing was changed.
 */
static void
check_result(ApplyRun *run)
{
	StringInfoData detail;
	int			unexpected = 0;
	ListCell   *lc;

	initStringInfo(&detail);
	foreach(lc, run->differences)
	{
		Difference *d = lfirst(lc);

		if (!d->is_error || is_promised(run, d))
			continue;
		if (unexpected++ < APPLY_REPORTED)
			appendStringInfo(&detail, "%s%s %s%s%s differs.", detail.len > 0 ? " " : "",
							 difference_object_type(d), difference_object(d),
							 d->member != NULL ? ": " : "",
							 d->member != NULL ? difference_attribute(d) : "");
	}
	if (unexpected > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the steps of the plan do not reach the expected schema"),
				 errdetail("%s", detail.data),
				 errhint("Nothing was changed. Plan again with db_adapter.plan(); plans are not "
						 "meant to be edited.")));
}

void
apply_set_timeouts(int lock_timeout_ms)
{
	query_set("lock_timeout", psprintf("%d", lock_timeout_ms));
	query_set("check_function_bodies", "off");
	/* Steps are written for this one, whatever the caller's is. */
	query_set("standard_conforming_strings", "on");
	/* Rows that a policy would hide are an error, not left behind by a copy. */
	query_set("row_security", "off");
}

/* Reads under a snapshot that sees what the steps did. */
static void
begin_reading(void)
{
	CommandCounterIncrement();
	PushCopiedSnapshot(GetTransactionSnapshot());
	UpdateActiveSnapshotCommandId();
}

/* With the graph, which a planner needs. */
Schema *
apply_read_schema(List *schemas, const Schema *wanted)
{
	Schema	   *schema;

	begin_reading();
	schema = catalog_read_with_graph(schemas, wanted);
	PopActiveSnapshot();
	return schema;
}

/* For its locks; an error is reported as one of the step, as in run_step(). */
static Node *
read_step(PlannedStep *step)
{
	ErrorContextCallback context = {.callback = add_step_context, .arg = step};
	Node	   *stmt;

	context.previous = error_context_stack;
	error_context_stack = &context;
	stmt = plan_command_read(step->number, step->sql);
	error_context_stack = context.previous;
	return stmt;
}

/* The steps whose locks are taken, and which of them waits for one. */
typedef struct LockTurn
{
	List	   *steps;
	int			wanting;
} LockTurn;

static void
add_lock_context(void *arg)
{
	const LockTurn *turn = arg;

	add_step_context(list_nth(turn->steps, turn->wanting));
}

/* Online steps are left out: they run elsewhere, after this has committed. */
static void
take_locks(const ApplyRun *run)
{
	LockTurn	turn = {NIL, 0};
	ErrorContextCallback context = {.callback = add_lock_context, .arg = &turn};
	List	   *commands = NIL;
	ListCell   *lc;

	foreach(lc, run->plan->steps)
	{
		PlannedStep *step = lfirst(lc);

		if (!step->online)
		{
			commands = lappend(commands, read_step(step));
			turn.steps = lappend(turn.steps, step);
		}
	}
	if (commands == NIL)
		return;
	context.previous = error_context_stack;
	error_context_stack = &context;
	locks_take(commands, &turn.wanting);
	error_context_stack = context.previous;
}

/* One step of a survey. */
typedef struct StepTrial
{
	ApplyRun   *run;
	PlannedStep *step;
} StepTrial;

static void
run_trial(void *arg)
{
	StepTrial  *trial = arg;

	run_step(trial->run, trial->step);
}

/* What it did stays for those that follow; what it raises is noted, and undoes it alone. */
static void
try_step(ApplyRun *run, PlannedStep *step)
{
	StepTrial	trial = {run, step};
	MemoryContext oldcxt = MemoryContextSwitchTo(run->cxt);
	ErrorData  *error = query_attempt(run_trial, &trial, true);

	if (error != NULL)
	{
		elog(DEBUG1, "apply: step %d fails: %s", step->number, error->message);
		run->steps = results_add_error(run->steps, step, error);
	}
	MemoryContextSwitchTo(oldcxt);
}

static void
run_steps(ApplyRun *run)
{
	ListCell   *lc;

	foreach(lc, run->plan->steps)
	{
		PlannedStep *step = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		if (step->online)
			continue;
		if (run->options->survey)
			try_step(run, step);
		else
			run_step(run, step);
	}
}

/* From the start at each attempt: what an earlier one noted was rolled back. */
static void
apply_body(void *arg)
{
	ApplyRun   *run = arg;
	int			nestlevel;
	MemoryContext oldcxt;

	run->steps = run->saved = NIL;
	rights_begin();
	nestlevel = query_pin(PIN_PATH);
	apply_set_timeouts(run->options->lock_timeout_ms);
	take_locks(run);
	if (run->options->backup)
		rights_run_guarded(save_rows, run);
	run_steps(run);
	query_unpin(nestlevel);

	begin_reading();
	oldcxt = MemoryContextSwitchTo(run->cxt);
	run->differences = validation_compare(run->plan->header.expectation, run->plan->header.ignore);
	MemoryContextSwitchTo(oldcxt);
	PopActiveSnapshot();
	if (!results_have_error(run->steps))
		check_result(run);
}

/*
 * A lock that did not come may come now; any other error would come again.
 *
 * Between attempts the locks on relations are free, so those who wait for them get
 * their turn.  A dry run goes the same way and is rolled back at its end, with confirm
 * false.
 */
static void
execute(ApplyRun *run)
{
	ErrorData  *error = NULL;

	for (int attempt = 0; attempt < APPLY_ATTEMPTS; attempt++)
	{
		error = query_attempt_catching(apply_body, run, run->options->confirm,
									   ERRCODE_LOCK_NOT_AVAILABLE);
		if (error == NULL)
			return;
		if (error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE)
			break;
		elog(DEBUG1, "apply: attempt %d of %d has not got its locks: %s", attempt + 1,
			 APPLY_ATTEMPTS, error->message);
	}
	ReThrowError(error);
}

/* The steps that are left for afterwards, by number; nothing where there are none. */
static void
write_online(JsonWriter *w, List *steps)
{
	bool		found = false;
	ListCell   *lc;

	foreach(lc, steps)
	{
		PlannedStep *step = lfirst(lc);

		if (!step->online)
			continue;
		if (!found)
		{
			json_key(w, "online");
			json_begin_array(w);
		}
		found = true;
		json_int(w, step->number);
	}
	if (found)
		json_end_array(w);
}

static Jsonb *
write_result(const ApplyRun *run)
{
	JsonWriter	w;

	json_init(&w);
	json_begin_object(&w);
	json_put_bool(&w, "applied", run->options->confirm);
	json_key(&w, "steps");
	results_write(&w, run->steps);
	if (run->options->survey)
	{
		json_key(&w, "failed");
		results_write_failed(&w, run->steps);
	}
	write_online(&w, run->plan->steps);
	json_key(&w, "saved");
	saved_write(&w, run->saved);
	json_key(&w, "validation");
	json_container(&w, &validation_write(run->differences)->root);
	json_end_object(&w);
	return json_finish(&w);
}

/* On a standby and in a read-only transaction it is refused before the plan is read. */
Jsonb *
apply_plan(Jsonb *document, const ApplyOptions *options)
{
	ApplyRun	run = {.options = options, .cxt = CurrentMemoryContext};

	query_refuse_standby("db_adapter.apply()");
	PreventCommandIfReadOnly("db_adapter.apply()");
	run.plan = plan_read(document);
	check_unchanged(&run);
	execute(&run);
	return write_result(&run);
}

/* Locks are waited for as little as a trial may hold others up. */
char *
apply_try_plan(Jsonb *document)
{
	ApplyOptions options = {.lock_timeout_ms = TRIAL_LOCK_TIMEOUT_MS};
	ApplyRun	run = {.options = &options, .cxt = CurrentMemoryContext};
	ErrorData  *error;

	run.plan = plan_read(document);
	error = query_attempt_catching(apply_body, &run, false, ERRCODE_LOCK_NOT_AVAILABLE);
	if (error == NULL)
		return NULL;
	return error->detail != NULL ? psprintf("%s: %s", error->message, error->detail)
								 : error->message;
}
