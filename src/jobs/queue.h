/*
 * queue.h
 *	  The table of jobs: every statement on it.
 *
 * Nobody has rights on the table; what stands here runs as the extension's owner,
 * one statement at a time.  Whose job a caller may see or stop is part of the
 * statements.
 */
#ifndef DB_ADAPTER_JOBS_QUEUE_H
#define DB_ADAPTER_JOBS_QUEUE_H

#include "datatype/timestamp.h"
#include "utils/jsonb.h"

typedef struct Job
{
	int64		id;
	char	   *command;
	Jsonb	   *args;
	Jsonb	   *settings;
	int			attempts;
} Job;

/* What the caller may know of a job. */
typedef struct JobStatus
{
	char	   *state;			/* NULL: there is no such job, as far as the caller may see */
	bool		may_cancel;
	char	   *command;
} JobStatus;

extern int64 queue_insert(const char *command, Jsonb *args, int priority, Jsonb *settings);

/* Sees what is committed now, whatever the transaction's own snapshot. */
extern JobStatus queue_status(int64 id);
/* True when it was queued and is no more. */
extern bool queue_cancel(int64 id);
/* Whether the state is one that a job ends in. */
extern bool queue_is_final(const char *state);

/*
 * For the worker.  Takes a queued job of this database and role; false when it is
 * not there to take: then *queued says whether it still waits, in somebody's hands.
 */
extern bool queue_claim(int64 id, Oid role, Job *job, bool *queued);
extern void queue_succeed(int64 id, Jsonb *result);
extern void queue_cancelled(int64 id);
extern void queue_fail(int64 id, const char *reason, const ErrorData *error);
/* Back among the queued ones, not to be taken before the given time. */
extern void queue_retry(int64 id, TimestampTz not_before);
/* Deletes what ended longer ago than that. */
extern void queue_purge(int minutes);

/* For the scan: what nobody runs though it says so, who is gone, and what waits. */
extern void queue_scan(void);
/* A worker could not be started for it: fails it for good, or posts it again. */
extern void queue_start_failed(int64 id, int failures);

#endif							/* DB_ADAPTER_JOBS_QUEUE_H */
