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

/* Whether a database starts the first of its jobs before the other one. */
static bool
comes_before(const WaitingJob *a, const WaitingJob *b)
{
	return a->priority != b->priority ? a->priority > b->priority : a->id < b->id;
}

/* The one that its database would start last; NULL when none is listed. */
static WaitingJob *
last_waiting(Oid database)
{
	WaitingJob *last = NULL;

	for (int i = 0; i < jobs_shared->nwaiting; i++)
	{
		WaitingJob *job = &jobs_shared->waiting[i];

		if (job->database == database && (last == NULL || comes_before(last, job)))
			last = job;
	}
	return last;
}

/* How much of the list a database has. */
typedef struct Share
{
	Oid			database;
	int			listed;
} Share;

static Share
largest_share(void)
{
	Share		shares[WAITING_MAX];
	Share		largest = {InvalidOid, 0};
	int			count = 0;

	for (int i = 0; i < jobs_shared->nwaiting; i++)
	{
		Oid			database = jobs_shared->waiting[i].database;
		int			at = 0;

		while (at < count && shares[at].database != database)
			at++;
		if (at == count)
			shares[count++] = (Share){database, 0};
		if (++shares[at].listed > largest.listed)
			largest = shares[at];
	}
	return largest;
}

static int
count_waiting(Oid database)
{
	int			count = 0;

	for (int i = 0; i < jobs_shared->nwaiting; i++)
		if (jobs_shared->waiting[i].database == database)
			count++;
	return count;
}

/*
 * The place that a job takes in a full list, or NULL.  Its database takes one from
 * another that has more of the list: or it would wait for all that others have
 * submitted before.
 */
static WaitingJob *
find_place(const WaitingJob *job)
{
	Share		largest = largest_share();
	WaitingJob *last;

	if (largest.database != job->database && largest.listed > count_waiting(job->database) + 1)
		return last_waiting(largest.database);
	last = last_waiting(job->database);
	return last != NULL && comes_before(job, last) ? last : NULL;
}

/* InvalidOid stands for every database: there are too many to name. */
static bool
is_left_out(Oid database)
{
	for (int i = 0; i < jobs_shared->nleft_out; i++)
		if (jobs_shared->left_out[i] == database || jobs_shared->left_out[i] == InvalidOid)
			return true;
	return false;
}

static void
note_left_out(Oid database)
{
	if (is_left_out(database))
		return;
	if (jobs_shared->nleft_out == LEFT_OUT_MAX)
	{
		jobs_shared->nleft_out = 0;
		database = InvalidOid;
	}
	jobs_shared->left_out[jobs_shared->nleft_out++] = database;
}

static void
add_to_full_list(const WaitingJob *job)
{
	WaitingJob *place = find_place(job);

	note_left_out(place == NULL ? job->database : place->database);
	if (place != NULL)
		*place = *job;
}

/*
 * What is left out stands in the table, and the launcher has that read when there is
 * room.  Until then those that come after it are left out as well.
 */
static void
add_waiting(const WaitingJob *job)
{
	if (find_waiting(job->database, job->id) >= 0)
		return;
	if (is_left_out(job->database))
	{
		WaitingJob *last = last_waiting(job->database);

		if (last == NULL || comes_before(last, job))
			return;
	}
	if (jobs_shared->nwaiting < WAITING_MAX)
		jobs_shared->waiting[jobs_shared->nwaiting++] = *job;
	else
		add_to_full_list(job);
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
shared_leave_out(Oid database)
{
	LWLockAcquire(jobs_shared->lock, LW_EXCLUSIVE);
	note_left_out(database);
	LWLockRelease(jobs_shared->lock);
}

/* A list that stays full is read for nobody: there is nothing to gain. */
static bool
has_room_for(Oid database)
{
	return jobs_shared->nwaiting < WAITING_MAX / 2 ||
		   (jobs_shared->nwaiting < WAITING_MAX && OidIsValid(database) &&
			count_waiting(database) == 0);
}

int
shared_take_left_out(Oid *databases)
{
	int			taken = 0;

	LWLockAcquire(jobs_shared->lock, LW_EXCLUSIVE);
	for (int i = jobs_shared->nleft_out - 1; i >= 0; i--)
		if (has_room_for(jobs_shared->left_out[i]))
		{
			databases[taken++] = jobs_shared->left_out[i];
			jobs_shared->left_out[i] = jobs_shared->left_out[--jobs_shared->nleft_out];
		}
	LWLockRelease(jobs_shared->lock);
	return taken;
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

/* One that is only starting has no number yet: nothing keeps it from getting on. */
int
shared_list_ahead(Oid database, int64 id, int *pids)
{
	const WorkerSlot *own;
	int			count = 0;
	bool		starting = false;

	LWLockAcquire(jobs_shared->lock, LW_SHARED);
	own = find_worker(database, id);
	for (int i = 0; i < jobs_shared->nslots; i++)
	{
		const WorkerSlot *slot = &jobs_shared->slots[i];

		if (slot->state == SLOT_FREE || slot->scan ||
			(own == NULL ? !jobs_shared->full : own != slot))
			continue;
		starting = starting || slot->pid == 0;
		pids[count++] = slot->pid;
	}
	LWLockRelease(jobs_shared->lock);
	return starting ? 0 : count;
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
