/*
 * worker.c
 *	  The process that runs one job, and the one that looks through a table of jobs.
 *
 * A job has three transactions.  The first takes it: its row says "running" from
 * then on.  The second does the work, as the role that submitted the job, and
 * records the success: both are there or neither is.  Where that one fails, the
 * third records why, or puts the job back when another try may succeed.  A verb that
 * makes transactions of its own cannot be one with its success, and must bear being
 * run again.
 *
 * A cancelled job gets the signal of a cancelled statement, so that it can record
 * its end itself.  SIGTERM ends the process; the launcher then sends a scan.
 *
 * It assumes that anything may have changed since the job was submitted: role,
 * database, extension, arguments; each is looked at again, and none is trusted for
 * what shared memory says.  It never runs a job whose row it has not taken, and never
 * ends without a word where it can still speak.
 */
#include "postgres.h"

#include <signal.h>

#include "access/xact.h"
#include "base/compat.h"
#include "base/progress.h"
#include "base/query.h"
#include "jobs/queue.h"
#include "jobs/settings.h"
#include "jobs/shared.h"
#include "jobs/verbs.h"
#include "jobs/worker.h"
#include "commands/extension.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* A job that loses a race is tried this often, after 1/2 s, 1 s, 2 s, ... */
#define JOB_ATTEMPTS 5
#define RETRY_DELAY_MS 500

/* Before a row is looked at again that a session holds. */
#define HELD_DELAY_MS 1000

static WorkerSlot *my_slot = NULL;

/*
 * Says at the very end, however it comes, that the slot's worker is gone.  The pid goes
 * with the state, under the lock: from then on nobody signals it.
 */
static void
leave_slot(int code, Datum arg)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	my_slot->state = SLOT_ENDED;
	my_slot->pid = 0;
	LWLockRelease(shared_jobs->lock);
	shared_wake_launcher();
	/*
	 * Whoever waits looks at the row: the launcher's scan may yet change it, and wakes
	 * them again.
	 */
	shared_announce();
}

static void
enter_slot(int number)
{
	uint32		generation;
	bool		mine;

	memcpy(&generation, MyBgworkerEntry->bgw_extra, sizeof(generation));
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	my_slot = &shared_jobs->slots[number];
	mine = my_slot->state == SLOT_STARTING && my_slot->generation == generation;
	/*
	 * Only from here on can the job be cancelled by a signal; a cancellation from before
	 * stands in the slot.
	 */
	if (mine)
	{
		my_slot->state = SLOT_RUNNING;
		my_slot->pid = MyProcPid;
	}
	LWLockRelease(shared_jobs->lock);
	/* It came too late: a new launcher has given the slot to another. */
	if (!mine)
		proc_exit(0);
	on_shmem_exit(leave_slot, (Datum) 0);
}

/*
 * From now on nobody looks for what came of the job: its row says it.  A worker that dies
 * with this unsaid has a scan sent after it.
 */
static void
settle(void)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	my_slot->settled = true;
	LWLockRelease(shared_jobs->lock);
}

/*
 * A transaction on the table of jobs.  What the role's settings say of transactions
 * is meant for its own statements.
 */
static void
begin_bookkeeping(void)
{
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	/*
	 * A role may have default_transaction_read_only or an isolation set: with the former
	 * the row could not be written at all, with the latter an UPDATE that meets another's
	 * commit would fail.
	 */
	XactIsoLevel = XACT_READ_COMMITTED;
	XactReadOnly = false;
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
end_bookkeeping(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	/* After the commit: whoever wakes reads the row. */
	shared_announce();
}

/*
 * Failures to start are counted in a row, and this worker has started.  The launcher
 * takes a job off the list when it starts a worker, so it has to be put there again.
 */
static void
post_again(TimestampTz due)
{
	WaitingJob	job = my_slot->job;

	job.failures = 0;
	job.due = due;
	shared_post(&job);
}

static TimestampTz
in_milliseconds(int ms)
{
	return TimestampTzPlusMilliseconds(GetCurrentTimestamp(), ms);
}

static bool
claim(Job *job, MemoryContext cxt)
{
	MemoryContext oldcxt;
	bool		claimed;
	bool		queued = false;

	begin_bookkeeping();
	/* What the claim copies out of the row outlives this transaction. */
	oldcxt = MemoryContextSwitchTo(cxt);
	/* The extension may have been dropped meanwhile: then there is nothing to do. */
	claimed = OidIsValid(get_extension_oid("db_adapter", true)) &&
			  queue_claim(my_slot->job.id, my_slot->job.role, job, &queued);
	MemoryContextSwitchTo(oldcxt);
	end_bookkeeping();
	if (!claimed)
		elog(DEBUG1, "job " INT64_FORMAT " is left alone: %s", my_slot->job.id,
			 queued ? "another holds its row" : "it has ended, or is gone");
	if (queued)
		post_again(in_milliseconds(HELD_DELAY_MS));
	return claimed;
}

/*
 * A cancellation may have come before there was a job to cancel.  The settings are
 * applied in the transaction, since some can be checked in one alone
 * (default_tablespace).
 */
static void
begin_work(const Job *job)
{
	char		label[NAMEDATALEN];

	if (my_slot->cancelled)
		ereport(ERROR, (errcode(ERRCODE_QUERY_CANCELED), errmsg("job was cancelled")));
	SetCurrentStatementStartTimestamp();
	StartTransactionCommand();
	settings_apply(job->settings);
	snprintf(label, sizeof(label), "db_adapter job " INT64_FORMAT ": %s", job->id, job->command);
	progress_attach(&my_slot->progress, label);
}

/* The work, then its success: what stops it in between is a job that is run again. */
static void
perform_alone(const Job *job, MemoryContext cxt)
{
	Jsonb	   *result;

	begin_work(job);
	/*
	 * What begin_work() opened was for the settings alone; they stay, as they are the
	 * session's.
	 */
	CommitTransactionCommand();
	MemoryContextSwitchTo(cxt);
	result = verbs_run_nontransactional(job->command, job->args);
	begin_bookkeeping();
	queue_succeed(job->id, result);
	end_bookkeeping();
}

/* The work, and its success. */
static void
perform(const Job *job)
{
	Jsonb	   *result;

	begin_work(job);
	/*
	 * The verb may take a snapshot of its own meanwhile, but needs one to begin with, as
	 * a statement of a session has.
	 */
	PushActiveSnapshot(GetTransactionSnapshot());
	result = verbs_run(job->command, job->args);
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
	/*
	 * The role's default_transaction_read_only is meant for the verb; its success is ours
	 * to record.
	 */
	XactReadOnly = false;
	queue_succeed(job->id, result);
	PopActiveSnapshot();
	CommitTransactionCommand();
}

/* Whether the same job may well succeed a moment later. */
static bool
is_worth_a_retry(int sqlerrcode)
{
	return sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE ||
		   sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED || sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
}

/* A job that was cancelled is not a failed one, whoever sent the signal. */
static void
record_failure(const Job *job, const ErrorData *error)
{
	bool		retry = is_worth_a_retry(error->sqlerrcode) && job->attempts < JOB_ATTEMPTS;
	TimestampTz due = in_milliseconds(RETRY_DELAY_MS << (job->attempts - 1));

	elog(DEBUG1, "job " INT64_FORMAT " has failed in attempt %d and is %s", job->id, job->attempts,
		 retry ? "tried again" : "not tried again");
	begin_bookkeeping();
	if (error->sqlerrcode == ERRCODE_QUERY_CANCELED)
		queue_cancelled(job->id);
	else if (retry)
		queue_retry(job->id, due);
	else
		queue_fail(job->id, "error", error);
	end_bookkeeping();
	/*
	 * After the commit, as for a job that is submitted: a worker that came before would
	 * not find it queued.
	 */
	if (retry)
		post_again(due);
}

static void
run_job(MemoryContext cxt)
{
	Job			job;
	ErrorData *volatile error = NULL;

	/* Settled: it is another's, or posted again, so nobody need look. */
	if (!claim(&job, cxt))
	{
		settle();
		return;
	}
	PG_TRY();
	{
		if (verbs_is_nontransactional(job.command))
			perform_alone(&job, cxt);
		else
			perform(&job);
	}
	PG_CATCH();
	{
		/* From here on a cancellation has nothing to stop any more. */
		pqsignal(SIGINT, SIG_IGN);
		QueryCancelPending = false;
		MemoryContextSwitchTo(cxt);
		error = CopyErrorData();
		/* To the server's log as well: the row may be purged before anybody reads it. */
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	pqsignal(SIGINT, SIG_IGN);
	QueryCancelPending = false;
	/* What follows is bookkeeping, and no progress of the job. */
	progress_attach(NULL, NULL);
	if (error != NULL)
		record_failure(&job, error);
	settle();
	shared_announce();
}

/*
 * What is older than the setting says, now that somebody is here.  No other process of
 * ours comes to the database, so what has ended stays until its next job or scan at
 * least.
 */
static void
purge(void)
{
	if (launcher_job_retention < 0)
		return;
	begin_bookkeeping();
	if (OidIsValid(get_extension_oid("db_adapter", true)))
		queue_purge(launcher_job_retention);
	end_bookkeeping();
}

static void
scan(void)
{
	begin_bookkeeping();
	pgstat_report_activity(STATE_RUNNING, "db_adapter: looking for jobs");
	if (OidIsValid(get_extension_oid("db_adapter", true)))
	{
		queue_scan();
		/*
		 * Sent because of one job whose worker went: whether it could not start, or died
		 * with it, its row says.
		 */
		if (my_slot->job.id != 0)
			queue_start_failed(my_slot->job.id, my_slot->job.failures);
	}
	end_bookkeeping();
	settle();
}

void
db_adapter_worker_main(Datum slot)
{
	MemoryContext cxt;

	pqsignal(SIGTERM, die);
	pqsignal(SIGINT, StatementCancelHandler);
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	BackgroundWorkerUnblockSignals();
	/*
	 * Before the connection, which may fail for good: a slot that was entered is left by
	 * the exit callback, and the launcher learns of it.
	 */
	enter_slot(DatumGetInt32(slot));

	/* Only a scan, which runs nobody's code, has no role of its own. */
	if (!my_slot->scan && !OidIsValid(my_slot->job.role))
		elog(ERROR, "a job without a role");
	BackgroundWorkerInitializeConnectionByOid(my_slot->job.database,
											  my_slot->scan ? InvalidOid : my_slot->job.role,
											  my_slot->scan ? 0 : COMPAT_WORKER_BYPASS_LOGIN);
	compat_allow_long_transactions();
	/* Apart from the transactions, whose memory goes with each of the three. */
	cxt = AllocSetContextCreate(TopMemoryContext, "db_adapter job", ALLOCSET_DEFAULT_SIZES);
	if (my_slot->scan)
		scan();
	else
		run_job(cxt);
	purge();
	proc_exit(0);
}
