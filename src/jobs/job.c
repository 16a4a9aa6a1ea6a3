/*
 * job.c
 *	  Background jobs as sessions see them: submit, cancel, wait, watch.
 *
 * What a transaction does to jobs others learn when it commits, and not before:
 * until then it is noted here, with the subtransaction that may yet take it back.
 *
 * It assumes that the table of jobs is the truth and shared memory a hint: whatever is
 * told after the commit may be lost, by a crash in between, and the next scan finds it
 * in the table.  It never runs a verb, never reads the table but through queue.c, and
 * never tells one role of another's job.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "jobs/job.h"
#include "jobs/queue.h"
#include "jobs/settings.h"
#include "jobs/shared.h"
#include "jobs/verbs.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "storage/condition_variable.h"
#include "storage/proc.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

/* A standby is told nothing of the states that change: it looks. */
#define STANDBY_POLL_MS 1000

/* Whoever may submit can go before others, but not so that nobody goes before him. */
#define PRIORITY_MAX 100

/* Something to tell at commit. */
typedef struct JobEvent
{
	SubTransactionId subid;
	bool		cancelled;		/* else submitted */
	WaitingJob	job;
} JobEvent;

/*
 * Kept across statements, so it cannot be in anybody's struct; both callbacks below see
 * to it that no pointer outlives its transaction.
 */
static List *events = NIL;		/* in TopTransactionContext */
static bool callbacks_registered = false;

/* ---- at the end of the transaction ---- */

/* After the commit: a worker that was started before would not see the row. */
static void
tell_events(void)
{
	ListCell   *lc;

	foreach(lc, events)
	{
		JobEvent   *event = lfirst(lc);

		if (event->cancelled)
			shared_withdraw(event->job.database, event->job.id);
		else
			shared_post(&event->job);
	}
	/*
	 * Once for all of them, and last: whoever wakes looks at rows that are committed by
	 * now.
	 */
	shared_announce();
}

/*
 * What a prepared transaction has submitted nobody could tell later, as this backend may
 * be gone.  An abort only forgets the list, whose memory goes with TopTransactionContext.
 */
static void
at_transaction_end(XactEvent event, void *arg)
{
	if (events == NIL)
		return;
	switch (event)
	{
		case XACT_EVENT_PRE_PREPARE:
			ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
							errmsg("cannot PREPARE a transaction that has submitted or cancelled "
								   "background jobs")));
			break;
		case XACT_EVENT_COMMIT:
			tell_events();
			events = NIL;
			break;
		case XACT_EVENT_ABORT:
			events = NIL;
			break;
		default:
			break;
	}
}

/*
 * What is rolled back was never submitted; what is committed is its parent's.  A start
 * tells nothing, and PRE_COMMIT_SUB may yet fail.
 */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId subid, SubTransactionId parent,
					  void *arg)
{
	ListCell   *lc;

	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	foreach(lc, events)
	{
		JobEvent   *e = lfirst(lc);

		if (e->subid != subid)
			continue;
		if (event == SUBXACT_EVENT_COMMIT_SUB)
			e->subid = parent;
		else
			events = foreach_delete_current(events, lc);
	}
}

/*
 * In the transaction's memory, which goes with it; the list is then set to NIL, not freed.
 */
static void
note_event(const WaitingJob *job, bool cancelled)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(TopTransactionContext);
	JobEvent   *event = palloc(sizeof(JobEvent));

	/*
	 * With the first event of the backend: a session that never submits pays nothing at
	 * its commits.
	 */
	if (!callbacks_registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		callbacks_registered = true;
	}
	event->subid = GetCurrentSubTransactionId();
	event->cancelled = cancelled;
	event->job = *job;
	events = lappend(events, event);
	MemoryContextSwitchTo(oldcxt);
}

/*
 * Waiting for it would be for ever.  A job that was only cancelled here is another
 * matter: it was submitted by somebody who has committed, and its row says by now that it
 * has ended.
 */
static bool
is_of_this_transaction(int64 id)
{
	ListCell   *lc;

	foreach(lc, events)
	{
		JobEvent   *event = lfirst(lc);

		if (!event->cancelled && event->job.id == id)
			return true;
	}
	return false;
}

/* ---- submit ---- */

/* What a worker needs to start as the role. */
typedef struct RoleFacts
{
	bool		may_connect;
	bool		may_log_in;
} RoleFacts;

/* Neither column can be null: the one row is the current role's own. */
static bool
take_facts(TupleTableSlot *slot, void *arg)
{
	RoleFacts  *facts = arg;

	slot_getallattrs(slot);
	facts->may_connect = DatumGetBool(slot->tts_values[0]);
	facts->may_log_in = DatumGetBool(slot->tts_values[1]);
	return true;
}

/*
 * The worker connects as this very role: what would stop it is said now.  This is a
 * courtesy to who submits, no guard: the worker's own connection asks the server again.
 */
static void
check_role(void)
{
	Oid			types[] = {OIDOID, OIDOID};
	Datum		values[] = {ObjectIdGetDatum(GetUserId()), ObjectIdGetDatum(MyDatabaseId)};
	RoleFacts	facts = {0};
	/*
	 * The names in the statement are not qualified: without the pin they would mean what
	 * the caller's search_path says.
	 */
	int			nestlevel = query_pin(PIN_PATH);

	query_run("SELECT has_database_privilege(oid, $2, 'CONNECT'), rolcanlogin"
			  "  FROM pg_roles WHERE oid = $1",
			  2, types, values, NULL, true, take_facts, &facts);
	query_unpin(nestlevel);
	if (!facts.may_connect)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" cannot submit a job", GetUserNameFromId(GetUserId(), false)),
				 errdetail("The job would run as that role, which may not connect to this "
						   "database.")));
	if (compat_worker_needs_login && !facts.may_log_in)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" cannot submit a job", GetUserNameFromId(GetUserId(), false)),
				 errdetail("The job would run as that role, which is not permitted to log "
						   "in."),
				 errhint("Give it LOGIN, or submit as a role that has it.")));
}

/*
 * Looks at all that can be known now, so that a mistake is told to who made it and not to
 * the log.
 */
int64
job_submit(const char *command, Jsonb *args, int priority)
{
	WaitingJob	job = {.database = MyDatabaseId, .role = GetUserId(), .priority = priority};

	/* First, because without the library preloaded no worker would ever come for the row. */
	shared_require();
	if (priority < -PRIORITY_MAX || priority > PRIORITY_MAX)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("priority must be between %d and %d", -PRIORITY_MAX, PRIORITY_MAX)));
	verbs_check(command, args);
	check_role();
	/*
	 * The settings are read where no pin of ours is in force: one would be taken for the
	 * session's own.
	 */
	job.id = queue_insert(command, args, priority, settings_capture());
	note_event(&job, false);
	return job.id;
}

/* ---- cancel and wait ---- */

/*
 * A job that may not be seen does not exist.  The same words for one that is not there
 * and one that may not be seen, lest numbers be tried out.
 */
static JobStatus
get_status(int64 id)
{
	JobStatus	status = queue_status(id);

	if (status.state == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("there is no job " INT64_FORMAT, id),
				 errhint("The view db_adapter.jobs shows those that you may see.")));
	return status;
}

/*
 * false: it has ended already.  A queued one is gone with the commit, a running one is
 * interrupted.
 */
bool
job_cancel(int64 id)
{
	WaitingJob	job = {.database = MyDatabaseId, .id = id};
	JobStatus	status;

	shared_require();
	status = get_status(id);
	if (!status.may_cancel)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied to cancel job " INT64_FORMAT, id),
						errhint("Only the role that submitted it and its members may.")));
	/*
	 * Asked before the UPDATE, which would find nothing.  Between the two a worker may
	 * take the job: then the UPDATE misses it, and the signal below reaches it.
	 */
	if (queue_is_final(status.state))
		return false;
	if (queue_cancel(id))
	{
		note_event(&job, true);
		return true;
	}
	/*
	 * At once, not at commit, and no rollback calls it back: nothing was written that
	 * could be undone.
	 */
	return shared_cancel(MyDatabaseId, id);
}

/* On a standby nothing wakes a waiter, so it looks now and then. */
static long
milliseconds_until(TimestampTz then)
{
	long		left = TimestampDifferenceMilliseconds(GetCurrentTimestamp(), then);

	return Min(left, RecoveryInProgress() ? STANDBY_POLL_MS : INT_MAX);
}

/* Indexes made concurrently wait for older snapshots, and whoever waits here has one. */
static void
refuse_index_job(int64 id, const char *command)
{
	if (verbs_is_nontransactional(command))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("cannot wait for job " INT64_FORMAT ", which waits for the "
							   "transactions of others",
							   id),
						errhint("Look at its state in db_adapter.jobs, in one transaction each "
								"time.")));
}

static bool
take_bool(TupleTableSlot *slot, void *arg)
{
	bool		isnull;

	*(bool *) arg = DatumGetBool(slot_getattr(slot, 1, &isnull));
	return true;
}

/*
 * Whether each of the processes waits, maybe for one that waits itself, for this one.
 * Each of them has to: while one can get on, a place in the queue, or the job itself,
 * comes free.  The UNION drops what has been seen, so that processes which wait for each
 * other in a circle end the recursion.
 */
static bool
all_wait_for_me(const int *pids, int count)
{
	Datum	   *elements = palloc(count * sizeof(Datum));
	Oid			types[] = {INT4ARRAYOID};
	Datum		values[1];
	bool		result = false;

	for (int i = 0; i < count; i++)
		elements[i] = Int32GetDatum(pids[i]);
	values[0] = PointerGetDatum(
		construct_array(elements, count, INT4OID, sizeof(int32), true, TYPALIGN_INT));
	query_run_as_owner("WITH RECURSIVE chain (first, pid) AS (SELECT p, p FROM unnest($1) p UNION"
					   " SELECT c.first, b FROM chain c, unnest(pg_blocking_pids(c.pid)) b)"
					   " SELECT count(DISTINCT first) FILTER (WHERE pid = pg_backend_pid())"
					   " = cardinality($1) FROM chain",
					   1, types, values, NULL, true, take_bool, &result);
	return result;
}

/*
 * Locks and the snapshot of whoever waits here may be what the job waits for, or,
 * where it has its turn to wait for, those before it.  The server does not know.
 */
static void
refuse_deadlock(int64 id)
{
	int		   *pids = palloc(shared_jobs->nslots * sizeof(int));
	int			count = shared_list_ahead(MyDatabaseId, id, pids);

	if (count > 0 && all_wait_for_me(pids, count))
		ereport(ERROR, (errcode(ERRCODE_T_R_DEADLOCK_DETECTED), errmsg("deadlock detected"),
						errdetail("Job " INT64_FORMAT " cannot go on before this transaction ends, "
								  "which waits for the job.",
								  id),
						errhint("Wait for it in a new transaction, or with a timeout.")));
}

/* Memory of one look goes before the next: a job may take days. */
static const char *
wait_for_end(int64 id, TimestampTz deadline, uint32 event)
{
	MemoryContext cxt =
		AllocSetContextCreate(CurrentMemoryContext, "db_adapter wait", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcxt = MemoryContextSwitchTo(cxt);
	TimestampTz check_at = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), DeadlockTimeout);
	const char *result = NULL;

	/*
	 * Before the first look, so that an end which comes between a look and the sleep
	 * wakes us: we are on the list already.
	 */
	ConditionVariablePrepareToSleep(&shared_jobs->changed);
	for (;;)
	{
		JobStatus	status;
		TimestampTz now;

		MemoryContextReset(cxt);
		status = get_status(id);
		now = GetCurrentTimestamp();
		if (queue_is_final(status.state))
			result = MemoryContextStrdup(oldcxt, status.state);
		else
			refuse_index_job(id, status.command);
		if (result != NULL || deadline <= now)
			break;
		/*
		 * Only without a limit: who gave one gets on by himself.  As for the server's own
		 * locks it is looked at after deadlock_timeout, since most waits end sooner and
		 * the look costs a query.
		 */
		if (deadline == DT_NOEND && check_at <= now)
		{
			refuse_deadlock(id);
			check_at = TimestampTzPlusMilliseconds(now, DeadlockTimeout);
		}
		(void) ConditionVariableTimedSleep(
			&shared_jobs->changed, milliseconds_until(deadline == DT_NOEND ? check_at : deadline),
			event);
	}
	/*
	 * An error needs no such step: the server cancels the sleep when the transaction
	 * aborts.
	 */
	ConditionVariableCancelSleep();
	MemoryContextSwitchTo(oldcxt);
	MemoryContextDelete(cxt);
	return result;
}

/* The state that it has ended in, or NULL when the time is over.  Negative: no limit. */
const char *
job_wait(int64 id, int64 timeout_ms)
{
	static uint32 event = 0;
	TimestampTz deadline =
		timeout_ms < 0 ? DT_NOEND : GetCurrentTimestamp() + timeout_ms * INT64CONST(1000);

	shared_require();
	if (is_of_this_transaction(id))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot wait for job " INT64_FORMAT " in the transaction that submitted it",
						id),
				 errhint("It runs once the transaction has committed.")));
	if (event == 0)
		event = compat_wait_event("DbAdapterJobWait");
	return wait_for_end(id, deadline, event);
}

/* ---- progress ---- */

/* As pg_stat_activity has it. */
static bool
may_see(Oid owner)
{
	return has_privs_of_role(GetUserId(), owner) ||
		   has_privs_of_role(GetUserId(), ROLE_PG_READ_ALL_STATS);
}

/* Each slot is copied under the lock and told without it: visit may do as it likes. */
void
job_visit_progress(void (*visit)(const JobProgress *job, void *arg), void *arg)
{
	shared_require();
	for (int i = 0; i < shared_jobs->nslots; i++)
	{
		WorkerSlot	slot;
		JobProgress job;

		LWLockAcquire(shared_jobs->lock, LW_SHARED);
		slot = shared_jobs->slots[i];
		LWLockRelease(shared_jobs->lock);
		if (slot.state != SLOT_RUNNING || slot.scan || slot.job.database != MyDatabaseId ||
			!may_see(slot.job.role))
			continue;
		job.id = slot.job.id;
		job.pid = slot.pid;
		/*
		 * Boards are not under the lock: the reader tells by the board's own counter when
		 * it was written meanwhile.  By now it may be another job's; then its numbers
		 * stand beside the old id this once.
		 */
		progress_read(&shared_jobs->slots[i].progress, &job.progress);
		/* 0: the worker has the job but has not begun on it, so there is nothing to tell. */
		if (job.progress.started_at != 0)
			visit(&job, arg);
	}
}
