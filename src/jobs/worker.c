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

/* Says at the very end, however it comes, that the slot's worker is gone. */
static void
leave_slot(int code, Datum arg)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	my_slot->state = SLOT_ENDED;
	my_slot->pid = 0;
	LWLockRelease(shared_jobs->lock);
	shared_wake_launcher();
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

/* From now on nobody looks for what came of the job: its row says it. */
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
	XactIsoLevel = XACT_READ_COMMITTED;
	XactReadOnly = false;
	PushActiveSnapshot(GetTransactionSnapshot());
}

static void
end_bookkeeping(void)
{
	PopActiveSnapshot();
	CommitTransactionCommand();
	shared_announce();
}

/* Failures to start are counted in a row, and this worker has started. */
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

/* A cancellation may have come before there was a job to cancel. */
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
	PushActiveSnapshot(GetTransactionSnapshot());
	result = verbs_run(job->command, job->args);
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
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
	if (retry)
		post_again(due);
}

static void
run_job(MemoryContext cxt)
{
	Job			job;
	ErrorData *volatile error = NULL;

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
		EmitErrorReport();
		FlushErrorState();
		AbortCurrentTransaction();
	}
	PG_END_TRY();
	pqsignal(SIGINT, SIG_IGN);
	QueryCancelPending = false;
	progress_attach(NULL, NULL);
	if (error != NULL)
		record_failure(&job, error);
	settle();
	shared_announce();
}

/* What is older than the setting says, now that somebody is here. */
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
	enter_slot(DatumGetInt32(slot));

	/* Only a scan, which runs nobody's code, has no role of its own. */
	if (!my_slot->scan && !OidIsValid(my_slot->job.role))
		elog(ERROR, "a job without a role");
	BackgroundWorkerInitializeConnectionByOid(my_slot->job.database,
											  my_slot->scan ? InvalidOid : my_slot->job.role,
											  my_slot->scan ? 0 : COMPAT_WORKER_BYPASS_LOGIN);
	compat_allow_long_transactions();
	cxt = AllocSetContextCreate(TopMemoryContext, "db_adapter job", ALLOCSET_DEFAULT_SIZES);
	if (my_slot->scan)
		scan();
	else
		run_job(cxt);
	purge();
	proc_exit(0);
}
