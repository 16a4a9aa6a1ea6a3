/*
 * helper.h
 *		One thread a client, for the two things libpq cannot do without
 *		blocking: looking a host name up, and (below libpq 17) PQcancel.
 *
 * A job owns its memory and never touches a PGconn nor the caller's code.  The
 * thread is started by the first job, blocks all signals, and tells of a
 * finished job by an eventfd, which the client watches.  helper_close does not
 * wait: thread and unfinished jobs end by themselves.
 */
#ifndef DBA_HELPER_H
#define DBA_HELPER_H

#include <stdbool.h>
#include <libpq-fe.h>

typedef struct Helper Helper;
typedef struct HelperJob HelperJob;

/* called by helper_collect, in the client's thread; the job is freed after it */
typedef void (*HelperDone)(HelperJob *job, void *arg);

struct HelperJob
{
	HelperJob  *next;
	void (*run)(HelperJob *job);	/* in the thread */
	void (*free)(HelperJob *job);	/* in either */
	HelperDone	done;			/* NULL: forgotten (helper_forget) */
	void	   *arg;
};

/* a new helper, without its thread yet; NULL: no memory or no eventfd */
extern Helper *helper_new(void);

/* the descriptor that becomes readable when a job is done */
extern int helper_fd(const Helper *helper);

/* hands a job over; false (and the job is still the caller's) without a thread */
extern bool helper_submit(Helper *helper, HelperJob *job);

/* its answer is no longer wanted */
extern void helper_forget(HelperJob *job);

/* calls `done` of every finished job */
extern void helper_collect(Helper *helper);

extern void helper_close(Helper *helper);

#endif							/* DBA_HELPER_H */
