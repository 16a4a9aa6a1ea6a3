/*
 * shared.h
 *	  What launcher, workers and sessions share: who waits, who runs, how far.
 *
 * The truth about jobs is their table.  Shared memory holds what must be known
 * without a database: the jobs that wait, up to a limit (the rest is read from
 * the table when there is room), and one slot for each running worker.  All of it
 * is made anew after a crash.
 */
#ifndef DB_ADAPTER_JOBS_SHARED_H
#define DB_ADAPTER_JOBS_SHARED_H

#include "base/progress.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "storage/lwlock.h"

/* Jobs that are known to wait, at most. */
#define WAITING_MAX 512
/* Databases that are known to have more of them, at most. */
#define LEFT_OUT_MAX 64

/* A job that waits. */
typedef struct WaitingJob
{
	Oid			database;
	Oid			role;
	int64		id;
	int			priority;
	int			failures;		/* of workers to start for it */
	TimestampTz due;			/* not before */
} WaitingJob;

typedef enum SlotState
{
	SLOT_FREE,
	SLOT_STARTING,				/* a worker has been asked for */
	SLOT_RUNNING,				/* it has its job */
	SLOT_ENDED					/* it is gone */
} SlotState;

/* A worker.  A scan reads the table of one database; it has no job, or the one to look after. */
typedef struct WorkerSlot
{
	SlotState	state;
	uint32		generation;		/* of the slot's use: a worker that comes late sees another */
	bool		scan;
	bool		settled;		/* what it had to do is done, or recorded as failed */
	bool		cancelled;		/* somebody asked for that */
	int			attempts;		/* of the scan so far */
	int			pid;
	WaitingJob	job;
	Progress	progress;
} WorkerSlot;

typedef struct JobsShared
{
	LWLock	   *lock;			/* over all that follows, but for the boards of progress */
	Latch	   *launcher;		/* NULL while there is none */
	TimestampTz began_at;		/* of the first launcher: what ran before, another server did */
	bool		full;			/* no more can be started until one ends */
	int			nleft_out;
	Oid			left_out[LEFT_OUT_MAX]; /* databases with jobs that wait and are not listed */
	int			nwaiting;
	WaitingJob	waiting[WAITING_MAX];
	ConditionVariable changed;	/* the state of some job */
	int			nslots;
	WorkerSlot	slots[FLEXIBLE_ARRAY_MEMBER];
} JobsShared;

/* NULL unless the library was preloaded. */
extern JobsShared *shared_jobs;

/* Called while the postmaster loads the library. */
extern void shared_register(void);
/* Raises 55000 unless the library was preloaded. */
extern void shared_require(void);

/* Enters a job that waits, unless it is known already, and wakes the launcher. */
extern void shared_post(const WaitingJob *job);
/* Says that a database has more jobs that wait than are listed. */
extern void shared_leave_out(Oid database);
/* Takes those for which there is room now; InvalidOid: all.  At most LEFT_OUT_MAX. */
extern int shared_take_left_out(Oid *databases);
/* Forgets a job that waits no longer. */
extern void shared_withdraw(Oid database, int64 id);
extern void shared_wake_launcher(void);
/* Whether a worker has the job. */
extern bool shared_has_worker(Oid database, int64 id);
/*
 * The processes of which one must get on before a job does: its own worker, or,
 * while no more can be started, all that run jobs.  There is room for nslots of them.
 */
extern int shared_list_ahead(Oid database, int64 id, int *pids);
/* Wakes everybody who waits for a job. */
extern void shared_announce(void);

/* Asks the worker of a job to stop; false when it has none. */
extern bool shared_cancel(Oid database, int64 id);

#endif							/* DB_ADAPTER_JOBS_SHARED_H */
