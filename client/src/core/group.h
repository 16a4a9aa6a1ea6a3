/*
 * group.h
 *		Requests that are made of others: restore, insert_many, connect and validate.
 *
 * A group is one request to the caller.  Its steps are internal requests whose
 * callbacks drive it; it ends when a step says so, and cancelling it cancels the
 * steps under way.
 */
#ifndef DBA_GROUP_H
#define DBA_GROUP_H

#include "core/core.h"

struct Group
{
	Request	   *request;		/* what the caller waits for */
	dba_client *db;				/* where it was submitted */
	dba_client *tx;				/* its transaction; NULL: none yet */
	bool		own_tx;			/* begun here, ended here */
	dba_client	steps;			/* what tx is in a transaction of the caller's */
	const char *tx_options;		/* of dba_begin; NULL: none */
	bool		waking;
	bool		ending;
	dba_error  *error;			/* the first failure: what the caller hears */
	PGresult   *result;			/* what the caller gets */
	int64_t		count;
	dba_request step;			/* the step under way, the latest of several */
	void (*begun)(Group *group);	/* there is a transaction now */
	void (*resumed)(Group *group);	/* dba_resume; NULL: nothing to resume */
	void (*release)(Group *group);	/* frees the larger struct it is the head of */
};

/*
 * Makes a group of a struct that begins with a Group, zeroed by mem_zalloc; with
 * group->release set it is freed by it in every case.  0: not accepted (then it
 * has been released).
 */
extern dba_request group_submit(Group *group, dba_client *db, dba_callback cb, void *arg);

/* After group_submit, with what was found wrong before it (taken): true when the group
 * may go on; else it has been released, or ends with the error. */
extern bool group_goes_on(Group *group, dba_request id, dba_error *error);

/* begins a transaction (on a transaction: waits there for its turn) and calls group->begun */
extern void group_begin(Group *group);

/* runs a statement of the library's own; parameters are text and must live until
 * the callback, whose arg is the group */
extern void group_run(Group *group, const char *sql, int count, const char *const *values,
					  dba_callback cb);

/* takes over an internal request made by the caller's code and submits it */
extern Request *group_step(Group *group, RequestKind kind, dba_callback cb);
extern void group_submitted(Group *group, dba_request id);

/* keeps the first failure; false when error is NULL */
extern bool group_failed(Group *group, const dba_error *error);

/* what a step was answered is what the caller gets */
extern void group_take_result(Group *group, const dba_result *result);

/* commits or, after a failure, rolls back what the group began; then it is done */
extern void group_end(Group *group);

/* calls `resumed` from the next dba_process */
extern void group_wake(Group *group);

#endif							/* DBA_GROUP_H */
