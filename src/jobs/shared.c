/*
 * shared.c
 *	  What launcher, workers and sessions share: who waits, who runs, how far.
 *
 * Whatever changes the list or a slot holds the one lock, for a pass over the list at
 * most, and no error is raised while it is held.  What stands here is a hint: a job
 * that is listed may be gone, which its worker finds out, and one that is not listed
 * is found by a scan, as long as its database is noted as left out.  So nothing is
 * ever lost by dropping an entry that has been noted, and nothing waits here for a
 * database.
 */
#include "postgres.h"

#include <signal.h>

#include "base/compat.h"
#include "jobs/shared.h"
#include "miscadmin.h"
#include "postmaster/bgworker.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

JobsShared *shared_jobs = NULL;

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
	shared_jobs = ShmemInitStruct("db_adapter jobs", shared_size(), &found);
	if (!found)
	{
		memset(shared_jobs, 0, shared_size());
		shared_jobs->lock = &GetNamedLWLockTranche("db_adapter")->lock;
		shared_jobs->nslots = max_worker_processes;
		ConditionVariableInit(&shared_jobs->changed);
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
	if (shared_jobs == NULL)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("background jobs need db_adapter to be preloaded"),
						errhint("Add db_adapter to shared_preload_libraries and restart the "
								"server.")));
}

static int
find_waiting(Oid database, int64 id)
{
	for (int i = 0; i < shared_jobs->nwaiting; i++)
		if (shared_jobs->waiting[i].id == id && shared_jobs->waiting[i].database == database)
			return i;
	return -1;
}

static WorkerSlot *
find_worker(Oid database, int64 id)
{
	for (int i = 0; i < shared_jobs->nslots; i++)
	{
		WorkerSlot *slot = &shared_jobs->slots[i];

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

	for (int i = 0; i < shared_jobs->nwaiting; i++)
	{
		WaitingJob *job = &shared_jobs->waiting[i];

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

	for (int i = 0; i < shared_jobs->nwaiting; i++)
	{
		Oid			database = shared_jobs->waiting[i].database;
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

	for (int i = 0; i < shared_jobs->nwaiting; i++)
		if (shared_jobs->waiting[i].database == database)
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
	for (int i = 0; i < shared_jobs->nleft_out; i++)
		if (shared_jobs->left_out[i] == database || shared_jobs->left_out[i] == InvalidOid)
			return true;
	return false;
}

static void
note_left_out(Oid database)
{
	if (is_left_out(database))
		return;
	if (shared_jobs->nleft_out == LEFT_OUT_MAX)
	{
		shared_jobs->nleft_out = 0;
		database = InvalidOid;
	}
	shared_jobs->left_out[shared_jobs->nleft_out++] = database;
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
	if (shared_jobs->nwaiting < WAITING_MAX)
		shared_jobs->waiting[shared_jobs->nwaiting++] = *job;
	else
		add_to_full_list(job);
}

void
shared_post(const WaitingJob *job)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	add_waiting(job);
	LWLockRelease(shared_jobs->lock);
	shared_wake_launcher();
}

void
shared_leave_out(Oid database)
{
	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	note_left_out(database);
	LWLockRelease(shared_jobs->lock);
}

/* A list that stays full is read for nobody: there is nothing to gain. */
static bool
has_room_for(Oid database)
{
	return shared_jobs->nwaiting < WAITING_MAX / 2 ||
		   (shared_jobs->nwaiting < WAITING_MAX && OidIsValid(database) &&
			count_waiting(database) == 0);
}

int
shared_take_left_out(Oid *databases)
{
	int			taken = 0;

	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	for (int i = shared_jobs->nleft_out - 1; i >= 0; i--)
		if (has_room_for(shared_jobs->left_out[i]))
		{
			databases[taken++] = shared_jobs->left_out[i];
			shared_jobs->left_out[i] = shared_jobs->left_out[--shared_jobs->nleft_out];
		}
	LWLockRelease(shared_jobs->lock);
	return taken;
}

void
shared_withdraw(Oid database, int64 id)
{
	int			found;

	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	found = find_waiting(database, id);
	if (found >= 0)
		shared_jobs->waiting[found] = shared_jobs->waiting[--shared_jobs->nwaiting];
	LWLockRelease(shared_jobs->lock);
}

void
shared_wake_launcher(void)
{
	LWLockAcquire(shared_jobs->lock, LW_SHARED);
	if (shared_jobs->launcher != NULL)
		SetLatch(shared_jobs->launcher);
	LWLockRelease(shared_jobs->lock);
}

bool
shared_has_worker(Oid database, int64 id)
{
	bool		found;

	LWLockAcquire(shared_jobs->lock, LW_SHARED);
	found = find_worker(database, id) != NULL;
	LWLockRelease(shared_jobs->lock);
	return found;
}

/* One that is only starting has no number yet: nothing keeps it from getting on. */
int
shared_list_ahead(Oid database, int64 id, int *pids)
{
	const WorkerSlot *own;
	int			count = 0;
	bool		starting = false;

	LWLockAcquire(shared_jobs->lock, LW_SHARED);
	own = find_worker(database, id);
	for (int i = 0; i < shared_jobs->nslots; i++)
	{
		const WorkerSlot *slot = &shared_jobs->slots[i];

		if (slot->state == SLOT_FREE || slot->scan ||
			(own == NULL ? !shared_jobs->full : own != slot))
			continue;
		starting = starting || slot->pid == 0;
		pids[count++] = slot->pid;
	}
	LWLockRelease(shared_jobs->lock);
	return starting ? 0 : count;
}

void
shared_announce(void)
{
	ConditionVariableBroadcast(&shared_jobs->changed);
}

/*
 * A worker that has not got its job yet finds the note when it has.  The signal
 * is that of a cancelled statement, never one that would cost the server.
 */
bool
shared_cancel(Oid database, int64 id)
{
	WorkerSlot *slot;

	LWLockAcquire(shared_jobs->lock, LW_EXCLUSIVE);
	slot = find_worker(database, id);
	if (slot != NULL)
	{
		slot->cancelled = true;
		if (slot->state == SLOT_RUNNING)
			(void) kill(slot->pid, SIGINT);
	}
	LWLockRelease(shared_jobs->lock);
	return slot != NULL;
}
