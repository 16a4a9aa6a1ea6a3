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
 *
 * Nothing here allocates: all tables are of fixed size, so that an entry can be made
 * in a callback after commit, where an error would be too late.
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

/*
 * Each worker is one of max_worker_processes.  There can be no more slots in use than the
 * server has workers to give, so none is ever wanting for lack of memory.
 */
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
	/*
	 * Found where a backend attaches that has not inherited the memory by fork(); it must
	 * not clear what runs.
	 */
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
	/* Other preloaded libraries use the same hook: the one that was there is called first. */
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

/* Numbers of jobs are drawn per database, so the number alone tells nothing. */
static int
find_waiting(Oid database, int64 id)
{
	for (int i = 0; i < shared_jobs->nwaiting; i++)
		if (shared_jobs->waiting[i].id == id && shared_jobs->waiting[i].database == database)
			return i;
	return -1;
}

/*
 * One that has ended has no job any more, even if the launcher has not seen it yet; a
 * scan may bear a job's number and does not run it.
 */
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

/*
 * Whether a database starts the first of its jobs before the other one.  The same order
 * as the launcher's and that of the query that fills the list (post_queued()): otherwise
 * what was left out and what was kept would disagree.
 */
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

/* A square of at most 512 entries, under the lock, but only when the list is full. */
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
 * another that has more of the list: or it would wait for all that others have submitted
 * before.  One more than its own is no reason, or the two would take the place from each
 * other in turn.
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

/*
 * An entry may be overwritten or passed over only where this is done under the same lock:
 * a job that is not listed must be found by a scan.
 */
static void
note_left_out(Oid database)
{
	if (is_left_out(database))
		return;
	if (shared_jobs->nleft_out == LEFT_OUT_MAX)
	{
		/* The one entry that stands for all takes the place of the many. */
		shared_jobs->nleft_out = 0;
		database = InvalidOid;
	}
	shared_jobs->left_out[shared_jobs->nleft_out++] = database;
}

/* Whichever of the two does not stay is its database's to have read again. */
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
	/*
	 * Else a late job would overtake those that are in the table alone.  One that goes
	 * before the last listed may enter: it goes before whatever was left out after that
	 * one, too.
	 */
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

/* Known already: a scan and a session may both bring it, or two scans; the first stands. */
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

/*
 * A list that stays full is read for nobody: there is nothing to gain.  Half of the list:
 * to read a table for each place that comes free would be a scan for each job.  A
 * database with none listed gets its turn sooner, or it would wait for what others have.
 */
static bool
has_room_for(Oid database)
{
	return shared_jobs->nwaiting < WAITING_MAX / 2 ||
		   (shared_jobs->nwaiting < WAITING_MAX && OidIsValid(database) &&
			count_waiting(database) == 0);
}

/* From here on only the caller knows them: it asks for a scan of each at once. */
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

/*
 * Not found is no error: the launcher may have taken it, and the worker finds the row
 * cancelled.
 */
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
	/*
	 * Held while the latch is set: the launcher takes its latch out under the same lock
	 * before it goes.
	 */
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

/*
 * One that is only starting has no number yet: nothing keeps it from getting on.  0: it
 * can get on, or nobody knows who is ahead.  While no worker is to be had, a job without
 * one waits for any of those that run; else it waits for nobody.
 */
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
		/*
		 * Under the lock the process is sure to be the slot's own: it clears its number
		 * under the same lock when it leaves, so no signal goes to another that has its
		 * pid since.
		 */
		if (slot->state == SLOT_RUNNING)
			(void) kill(slot->pid, SIGINT);
	}
	LWLockRelease(shared_jobs->lock);
	return slot != NULL;
}
