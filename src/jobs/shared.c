/*
 * shared.c
 *	  What launcher, workers and sessions share: who waits, who runs, how far.
 */
#include "postgres.h"

#include <signal.h>

#include "base/compat.h"
#include "jobs/shared.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

JobsShared *jobs_shared = NULL;

static shmem_startup_hook_type next_startup_hook = NULL;

/* Each worker is one of max_worker_processes. */
static Size
shared_size(void)
{
	return add_size(offsetof(JobsShared, slots),
					mul_size(max_worker_processes, sizeof(WorkerSlot)));
}

static void
request_memory(void)
{
	RequestAddinShmemSpace(shared_size());
	RequestNamedLWLockTranche("db_adapter", 1);
}

compat_shmem_request(request_memory);

static void
make_shared(void)
{
	bool		found;

	if (next_startup_hook)
		next_startup_hook();
	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	jobs_shared = ShmemInitStruct("db_adapter jobs", shared_size(), &found);
	if (!found)
	{
		memset(jobs_shared, 0, shared_size());
		jobs_shared->lock = &GetNamedLWLockTranche("db_adapter")->lock;
		jobs_shared->nslots = max_worker_processes;
		ConditionVariableInit(&jobs_shared->changed);
	}
	LWLockRelease(AddinShmemInitLock);
}

void
shared_register(void)
{
	register_request_memory();
	next_startup_hook = shmem_startup_hook;
	shmem_startup_hook = make_shared;
}

void
shared_require(void)
{
	if (jobs_shared == NULL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("background jobs need db_adapter to be preloaded"),
						errhint("Add db_adapter to shared_preload_libraries and restart the "
								"server.")));
}

static int
find_waiting(Oid database, int64 id)
{
	for (int i = 0; i < jobs_shared->nwaiting; i++)
		if (jobs_shared->waiting[i].id == id && jobs_shared->waiting[i].database == database)
			return i;
	return -1;
}

static WorkerSlot *
find_worker(Oid database, int64 id)
{
	for (int i = 0; i < jobs_shared->nslots; i++)
	{
		WorkerSlot *slot = &jobs_shared->slots[i];

		if ((slot->state == SLOT_STARTING || slot->state == SLOT_RUNNING) && !slot->scan &&
			slot->job.id == id && slot->job.database == database)
			return slot;
	}
	return NULL;
}

/* The one that would be started last. */
static WaitingJob *
last_waiting(void)
{
	WaitingJob *last = &jobs_shared->waiting[0];

	for (int i = 1; i < jobs_shared->nwaiting; i++)
	{
		WaitingJob *job = &jobs_shared->waiting[i];

		if (job->priority < last->priority ||
			(job->priority == last->priority && job->id > last->id))
			last = job;
	}
	return last;
}

static void
add_waiting(const WaitingJob *job)
{
	WaitingJob *last;

	if (find_waiting(job->database, job->id) >= 0)
		return;
	if (jobs_shared->nwaiting < WAITING_MAX)
	{
		jobs_shared->waiting[jobs_shared->nwaiting++] = *job;
		return;
	}
	jobs_shared->overflow = true;
	last = last_waiting();
	if (job->priority > last->priority)
		*last = *job;
}

void
shared_post(const WaitingJob *job)
{
	LWLockAcquire(jobs_shared->lock, LW_EXCLUSIVE);
	add_waiting(job);
	LWLockRelease(jobs_shared->lock);
	shared_wake_launcher();
}

void
shared_set_overflow(void)
{
	LWLockAcquire(jobs_shared->lock, LW_EXCLUSIVE);
	jobs_shared->overflow = true;
	LWLockRelease(jobs_shared->lock);
}

void
shared_withdraw(Oid database, int64 id)
{
	int			found;

	LWLockAcquire(jobs_shared->lock, LW_EXCLUSIVE);
	found = find_waiting(database, id);
	if (found >= 0)
		jobs_shared->waiting[found] = jobs_shared->waiting[--jobs_shared->nwaiting];
	LWLockRelease(jobs_shared->lock);
}

void
shared_wake_launcher(void)
{
	LWLockAcquire(jobs_shared->lock, LW_SHARED);
	if (jobs_shared->launcher != NULL)
		SetLatch(jobs_shared->launcher);
	LWLockRelease(jobs_shared->lock);
}

bool
shared_has_worker(Oid database, int64 id)
{
	bool		found;

	LWLockAcquire(jobs_shared->lock, LW_SHARED);
	found = find_worker(database, id) != NULL;
	LWLockRelease(jobs_shared->lock);
	return found;
}

void
shared_announce(void)
{
	ConditionVariableBroadcast(&jobs_shared->changed);
}

/*
 * A worker that has not got its job yet finds the note when it has.  The signal
 * is that of a cancelled statement, never one that would cost the server.
 */
bool
shared_cancel(Oid database, int64 id)
{
	WorkerSlot *slot;

	LWLockAcquire(jobs_shared->lock, LW_EXCLUSIVE);
	slot = find_worker(database, id);
	if (slot != NULL)
	{
		slot->cancelled = true;
		if (slot->state == SLOT_RUNNING)
			(void) kill(slot->pid, SIGINT);
	}
	LWLockRelease(jobs_shared->lock);
	return slot != NULL;
}
