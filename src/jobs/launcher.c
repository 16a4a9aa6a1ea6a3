/*
 * launcher.c
 *	  The process that starts workers for jobs.
 *
 * It is connected to no database, so that it is in nobody's way, and sleeps until
 * a session that has submitted a job commits, or a worker comes or goes.  With
 * nothing to do it does not wake at all.
 *
 * What waits is listed in shared memory.  The list is filled by the sessions and,
 * when it may lack something, from the tables: by a scan of each database, one at
 * a time.  That is so after a start, when there is room again for what did not fit,
 * and when a worker went without recording the end of its job.
 *
 * It assumes that a process without a database can read shared catalogs only, so all
 * that concerns a table of jobs is a worker's.  It never decides what becomes of a
 * job: it starts a process, and looks after the one that went without a word.  Local
 * state (handles, scans, turns) dies with the process, which is why a new one begins
 * with scans of everything.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "base/compat.h"
#include "catalog/pg_database.h"
#include "jobs/shared.h"
#include "jobs/worker.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"
#include "utils/wait_event.h"

/* How long until the launcher is back if it fails. */
#define RESTART_SECONDS 2

/* Until another attempt when the server has no room for a worker, or a database refuses one. */
#define NO_WORKER_MS 1000
#define NO_DATABASE_MS 5000
#define SCAN_ATTEMPTS 3

/* A database to look through, perhaps because of a job whose worker failed. */
typedef struct ScanRequest
{
	WaitingJob	job;			/* id 0: none in particular */
	int			attempts;
} ScanRequest;

/* Whose turn it is. */
typedef struct DatabaseTurn
{
	Oid			database;		/* hash key */
	uint64		served;			/* when its last job was started; 0: never */
	int			running;
} DatabaseTurn;

/*
 * Settings, of which a reload may make others at any round.  Fewer workers than run
 * already stop none: no new one is started until enough have ended.
 */
int			launcher_max_workers = 2;
int			launcher_job_retention = 7 * 24 * 60;

static BackgroundWorkerHandle **handles;	/* one a slot; NULL: started by a launcher before */
static List *scans = NIL;		/* ScanRequest *, in TopMemoryContext */
static HTAB *turns;
static uint64 turn = 0;
static uint32 sleep_event;

/* ---- scans ---- */

/* A database asks again and again while it has jobs left out; one scan answers all. */
static bool
is_requested(const WaitingJob *job)
{
	ListCell   *lc;

	foreach(lc, scans)
	{
		ScanRequest *request = lfirst(lc);

		if (request->job.database == job->database && request->job.id == job->id)
			return true;
	}
	return false;
}

/*
 * In TopMemoryContext, since requests live across rounds; start_scan() frees each when
 * its worker was started. attempts counts the workers that were started for it before.
 */
static void
request_scan(const WaitingJob *job, int attempts, int delay_ms)
{
	MemoryContext oldcxt;
	ScanRequest *request;

	if (is_requested(job))
		return;
	oldcxt = MemoryContextSwitchTo(TopMemoryContext);
	request = palloc(sizeof(ScanRequest));
	request->job = *job;
	request->attempts = attempts;
	request->job.due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), delay_ms);
	scans = lappend(scans, request);
	MemoryContextSwitchTo(oldcxt);
}

/* Every database that can be connected to; models are left in peace. */
static void
request_all_scans(void)
{
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	StartTransactionCommand();
	/*
	 * As autovacuum's launcher does: the snapshot itself is not used, but taking one sets
	 * the horizon by which pages that are read may be pruned.
	 */
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);
		WaitingJob	none = {.database = form->oid};

		if (form->datallowconn && !form->datistemplate)
			request_scan(&none, 0, 0);
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();
}

/*
 * Nobody can be asked about its jobs; if it comes back, its table has them still.
 * Backwards, since the last entry moves into the place of one that goes.
 */
static void
forget_database(Oid database)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	for (int i = shared_jobs->nwaiting - 1; i >= 0; i--)
		if (shared_jobs->waiting[i].database == database)
			shared_jobs->waiting[i] = shared_jobs->waiting[--shared_jobs->nwaiting];
	LWLockRelease(shared_jobs->lock);
}

/* ---- slots ---- */

/*
 * A worker tells by its slot; one that died before it could is known by its handle alone.
 * The state is read without the lock: it is one word, only this process frees a slot, and
 * a worker that ends meanwhile sets our latch, so that the next round sees it.
 */
static bool
has_ended(int i)
{
	WorkerSlot *slot = &shared_jobs->slots[i];
	pid_t		pid;

	if (slot->state == SLOT_FREE)
		return false;
	return slot->state == SLOT_ENDED ||
		   (handles[i] != NULL && GetBackgroundWorkerPid(handles[i], &pid) == BGWH_STOPPED);
}

static void
free_slot(int i)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	shared_jobs->slots[i].state = SLOT_FREE;
	/*
	 * Whoever waits for a job may look for a deadlock before our next round: with room
	 * again the jobs that run are not in its way.
	 */
	shared_jobs->full = false;
	LWLockRelease(shared_jobs->lock);
	if (handles[i] != NULL)
		pfree(handles[i]);
	handles[i] = NULL;
}

/*
 * Looks after a worker that went before its time.  A job is looked up by a scan;
 * a scan is tried again, and then its database is left alone: it is gone, most
 * likely, or lets nobody in.
 */
static void
look_after(const WorkerSlot *slot)
{
	WaitingJob	job = slot->job;

	if (!slot->scan)
	{
		elog(DEBUG1, "job " INT64_FORMAT " is looked up: its worker went before its time", job.id);
		/*
		 * Counted as a failure to start, though it may have got on: one that did start
		 * and died says "running" in its row, and the scan fails it for that whatever the
		 * count.
		 */
		job.failures++;
		request_scan(&job, 0, 0);
	}
	else if (slot->attempts < SCAN_ATTEMPTS)
		request_scan(&job, slot->attempts, NO_DATABASE_MS);
	else
		forget_database(job.database);
}

static void
collect_ended(void)
{
	for (int i = 0; i < shared_jobs->nslots; i++)
	{
		WorkerSlot	copy = shared_jobs->slots[i];

		if (!has_ended(i))
			continue;
		/*
		 * The copy holds what the slot forgets once it may be taken again.  One taken a
		 * moment before the worker had settled costs a scan that finds nothing to do.
		 */
		free_slot(i);
		if (!copy.settled)
			look_after(&copy);
	}
}

/* Asks for a worker in a free slot; false when the server has none to give. */
static bool
start_worker(int i, const WaitingJob *job, bool scan, int attempts)
{
	WorkerSlot *slot = &shared_jobs->slots[i];
	BackgroundWorker worker = {0};
	MemoryContext oldcxt = MemoryContextSwitchTo(TopMemoryContext);
	bool		started;

	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	slot->state = SLOT_STARTING;
	/*
	 * A worker that an earlier launcher asked for in this slot may still come: it brings
	 * the number that it was asked for with, and goes.
	 */
	slot->generation++;
	slot->scan = scan;
	slot->settled = slot->cancelled = false;
	slot->attempts = attempts;
	slot->pid = 0;
	slot->job = *job;
	memset(&slot->progress, 0, sizeof(slot->progress));
	/* Filled before the worker is asked for: it may run before the call below returns. */
	LWLockRelease(shared_jobs->lock);

	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	/* On a standby no job can be taken, for its row could not say so. */
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	/*
	 * The server must not start it again by itself: whether the job may run a second time
	 * its row decides.
	 */
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	worker.bgw_main_arg = Int32GetDatum(i);
	/*
	 * So that our latch is set when it starts and stops: a worker that dies before it
	 * reaches its slot tells us nothing else.
	 */
	worker.bgw_notify_pid = MyProcPid;
	memcpy(worker.bgw_extra, &slot->generation, sizeof(slot->generation));
	strlcpy(worker.bgw_library_name, "db_adapter", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "db_adapter_worker_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_type, scan ? "db_adapter scan" : "db_adapter job", sizeof(worker.bgw_type));
	snprintf(worker.bgw_name, sizeof(worker.bgw_name),
			 scan ? "db_adapter scan" : "db_adapter job " INT64_FORMAT, job->id);
	started = RegisterDynamicBackgroundWorker(&worker, &handles[i]);
	MemoryContextSwitchTo(oldcxt);
	if (!started)
		free_slot(i);
	return started;
}

/*
 * Slots are few: a pass over all costs nothing beside the process that takes it.  Without
 * the lock: no other process takes one.
 */
static int
find_free_slot(void)
{
	for (int i = 0; i < shared_jobs->nslots; i++)
		if (shared_jobs->slots[i].state == SLOT_FREE)
			return i;
	return -1;
}

/* ---- whose turn it is ---- */

/*
 * One that was never served comes before all that were.  Entries are never removed; a
 * database that is gone costs a few bytes until the launcher ends.
 */
static DatabaseTurn *
get_turn(Oid database)
{
	bool		found;
	DatabaseTurn *entry = hash_search(turns, &database, HASH_ENTER, &found);

	if (!found)
	{
		entry->served = 0;
		entry->running = 0;
	}
	return entry;
}

/*
 * Counts the jobs of each database that run; returns how many there are.  Counted anew
 * each round, so that a count cannot drift by an end that was missed.
 */
static int
count_running(void)
{
	HASH_SEQ_STATUS status;
	DatabaseTurn *entry;
	int			running = 0;

	hash_seq_init(&status, turns);
	while ((entry = hash_seq_search(&status)) != NULL)
		entry->running = 0;
	for (int i = 0; i < shared_jobs->nslots; i++)
		if (shared_jobs->slots[i].state != SLOT_FREE && !shared_jobs->slots[i].scan)
		{
			get_turn(shared_jobs->slots[i].job.database)->running++;
			running++;
		}
	return running;
}

/*
 * The database with the fewest jobs that run comes first, then the one that was served
 * longest ago; within one, priority counts and then age.  Databases before priorities: a
 * priority is what its submitter says, and none must put all other databases last.
 */
static bool
goes_before(const WaitingJob *a, const WaitingJob *b)
{
	DatabaseTurn *of_a = get_turn(a->database);
	DatabaseTurn *of_b = get_turn(b->database);

	if (of_a->running != of_b->running)
		return of_a->running < of_b->running;
	if (of_a->served != of_b->served)
		return of_a->served < of_b->served;
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return a->id < b->id;
}

/* Takes the next job off the list; false when none is due. */
static bool
take_next(TimestampTz now, WaitingJob *job)
{
	int			next = -1;

	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	for (int i = 0; i < shared_jobs->nwaiting; i++)
		if (shared_jobs->waiting[i].due <= now &&
			(next < 0 || goes_before(&shared_jobs->waiting[i], &shared_jobs->waiting[next])))
			next = i;
	if (next >= 0)
	{
		*job = shared_jobs->waiting[next];
		shared_jobs->waiting[next] = shared_jobs->waiting[--shared_jobs->nwaiting];
	}
	LWLockRelease(shared_jobs->lock);
	return next >= 0;
}

/* ---- the round ---- */

/* Whoever waits for a job reads it, to tell what waits for a slot from what waits for others. */
static void
note_full(bool full)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	shared_jobs->full = full;
	LWLockRelease(shared_jobs->lock);
}

/* False when the server had no worker to give. */
static bool
start_jobs(TimestampTz now)
{
	int			running = count_running();
	bool		enough = true;
	int			slot;
	WaitingJob	job;

	while (enough && running < launcher_max_workers && (slot = find_free_slot()) >= 0 &&
		   take_next(now, &job))
	{
		enough = start_worker(slot, &job, false, 0);
		if (!enough)
		{
			elog(DEBUG1, "job " INT64_FORMAT " waits: the server has no worker to give", job.id);
			/*
			 * Back on the list it was taken from; it may have become full meanwhile, and
			 * then its database is noted as left out.
			 */
			shared_post(&job);
			break;
		}
		elog(DEBUG1,
			 "job " INT64_FORMAT " of database %u is next: priority %d, %d of its database and %d "
			 "in all run",
			 job.id, job.database, job.priority, get_turn(job.database)->running, running);
		get_turn(job.database)->served = ++turn;
		get_turn(job.database)->running++;
		running++;
	}
	/* Also where nothing waits: a job posted in a moment may find all workers taken. */
	note_full(!enough || running >= launcher_max_workers || find_free_slot() < 0);
	return enough;
}

static bool
is_scanning(void)
{
	for (int i = 0; i < shared_jobs->nslots; i++)
		if (shared_jobs->slots[i].state != SLOT_FREE && shared_jobs->slots[i].scan)
			return true;
	return false;
}

/*
 * One at a time: nobody waits for them, and workers are few.  True as well when there was
 * nothing to start: only a server that has no worker to give calls for another round by
 * the clock.  A scan is not counted against max_workers, or jobs that run for long would
 * keep a database from being looked through.
 */
static bool
start_scan(TimestampTz now)
{
	ListCell   *lc;
	int			slot = find_free_slot();

	if (slot < 0 || is_scanning())
		return true;
	foreach(lc, scans)
	{
		ScanRequest *request = lfirst(lc);

		if (request->job.due > now)
			continue;
		if (!start_worker(slot, &request->job, true, request->attempts + 1))
			return false;
		elog(DEBUG1, "database %u is looked through for jobs, attempt %d", request->job.database,
			 request->attempts + 1);
		scans = foreach_delete_current(scans, lc);
		pfree(request);
		break;
	}
	return true;
}

/* The list has room again for what did not fit. */
static void
refill(void)
{
	Oid			databases[LEFT_OUT_MAX];
	int			count = shared_take_left_out(databases);

	for (int i = 0; i < count; i++)
	{
		WaitingJob	none = {.database = databases[i]};

		if (OidIsValid(databases[i]))
			request_scan(&none, 0, 0);
		else
			request_all_scans();
	}
}

/* Until something falls due, in milliseconds; -1: nothing will by itself. */
static long
time_to_sleep(TimestampTz now, bool no_worker)
{
	TimestampTz next = no_worker ? TimestampTzPlusMilliseconds(now, NO_WORKER_MS) : DT_NOEND;
	ListCell   *lc;

	foreach(lc, scans)
		/*
		 * What is due already could not be started for want of a slot or a turn: the end
		 * of a worker wakes us, and a timeout of none would spin.
		 */
		if (((ScanRequest *) lfirst(lc))->job.due > now)
			next = Min(next, ((ScanRequest *) lfirst(lc))->job.due);
	LWLockAcquire(shared_jobs->lock, LW_SHARED);
	for (int i = 0; i < shared_jobs->nwaiting; i++)
		if (shared_jobs->waiting[i].due > now)
			next = Min(next, shared_jobs->waiting[i].due);
	LWLockRelease(shared_jobs->lock);
	/* One more: to wake early would be to come round for nothing. */
	return next == DT_NOEND ? -1 : TimestampDifferenceMilliseconds(now, next) + 1;
}

static long
do_round(void)
{
	TimestampTz now = GetCurrentTimestamp();
	bool		enough;

	/*
	 * Ends first: they free slots, and may ask for a scan.  Then scans before jobs, for a
	 * scan may know of jobs that go before those on the list.
	 */
	collect_ended();
	refill();
	enough = start_scan(now);
	enough = start_jobs(now) && enough;
	return time_to_sleep(now, !enough);
}

/* ---- the process ---- */

/*
 * Sessions set the latch under this lock, so none sets the latch of a process that is
 * gone.
 */
static void
leave_shared(int code, Datum arg)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	shared_jobs->launcher = NULL;
	LWLockRelease(shared_jobs->lock);
}

/*
 * Workers that a launcher before has asked for, and that have not begun, are not
 * waited for: nobody would be told if they never do.
 */
static void
enter_shared(void)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	shared_jobs->launcher = MyLatch;
	/*
	 * Of the first launcher since shared memory was made, not of this one: a job that ran
	 * before it lost its server, one that began later only its worker.
	 */
	if (shared_jobs->began_at == 0)
		shared_jobs->began_at = GetCurrentTimestamp();
	for (int i = 0; i < shared_jobs->nslots; i++)
		if (shared_jobs->slots[i].state == SLOT_STARTING)
			shared_jobs->slots[i].state = SLOT_FREE;
	LWLockRelease(shared_jobs->lock);
	on_shmem_exit(leave_shared, (Datum) 0);
}

static void
make_local_state(void)
{
	HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(DatabaseTurn)};

	handles = MemoryContextAllocZero(TopMemoryContext, shared_jobs->nslots * sizeof(*handles));
	turns = hash_create("db_adapter databases", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	sleep_event = compat_wait_event("DbAdapterLauncherMain");
}

void
db_adapter_launcher_main(Datum arg)
{
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	make_local_state();
	enter_shared();
	/*
	 * After the latch is known to sessions: what they commit from now on is posted, and
	 * what they committed before is in the tables.
	 */
	request_all_scans();

	for (;;)
	{
		long		timeout = do_round();

		(void) WaitLatch(MyLatch,
						 WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | (timeout >= 0 ? WL_TIMEOUT : 0),
						 timeout, sleep_event);
		/*
		 * Before the next round looks, never after: what is posted during a round sets
		 * the latch again.
		 */
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
}

/* Defined in any case: a session that loads the library by itself can show them too. */
static void
define_settings(void)
{
	DefineCustomIntVariable("db_adapter.max_workers",
							"Sets how many background jobs run at the same time.",
							"0 lets them wait. Each takes one of max_worker_processes.",
							&launcher_max_workers, 2, 0, INT_MAX, PGC_SIGHUP, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("db_adapter.job_retention",
							"Sets how long background jobs are kept after their end.",
							"-1 keeps them for ever.", &launcher_job_retention, 7 * 24 * 60, -1,
							INT_MAX, PGC_SIGHUP, GUC_UNIT_MIN, NULL, NULL, NULL);
}

void
launcher_init(void)
{
	BackgroundWorker worker = {0};

	define_settings();
	/* pg_upgrade wants to be alone. */
	if (!process_shared_preload_libraries_in_progress || IsBinaryUpgrade)
		return;
	shared_register();
	worker.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = RESTART_SECONDS;
	strlcpy(worker.bgw_library_name, "db_adapter", sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "db_adapter_launcher_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "db_adapter launcher", sizeof(worker.bgw_name));
	strlcpy(worker.bgw_type, "db_adapter launcher", sizeof(worker.bgw_type));
	RegisterBackgroundWorker(&worker);
}
