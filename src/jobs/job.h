/*
 * job.h
 *	  Background jobs as sessions see them: submit, cancel, wait, watch.
 */
#ifndef DB_ADAPTER_JOBS_JOB_H
#define DB_ADAPTER_JOBS_JOB_H

#include "base/progress.h"
#include "utils/jsonb.h"

/* Checks everything that can be, and queues it; it runs once the transaction commits. */
extern int64 job_submit(const char *command, Jsonb *args, int priority);
/* True when the job was waiting or running, and has been told to stop. */
extern bool job_cancel(int64 id);
/* The state it ends in; NULL when it does not within the time.  -1: however long it takes. */
extern const char *job_wait(int64 id, int64 timeout_ms);

/* A job that runs, as far as the current user may see it. */
typedef struct JobProgress
{
	int64		id;
	int			pid;
	Progress	progress;
} JobProgress;

/* Calls visit for each of them in this database. */
extern void job_visit_progress(void (*visit)(const JobProgress *job, void *arg), void *arg);

#endif							/* DB_ADAPTER_JOBS_JOB_H */
