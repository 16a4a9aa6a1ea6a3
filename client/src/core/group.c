/*
 * group.c
 *		Requests that are made of others.
 *
 * A group holds no connection and no loop of its own: each step's callback decides what
 * comes next.  It has one error, the first, because those that follow are consequences
 * of it.  When it has begun a transaction it also ends it, so that whatever happens the
 * caller hears of one outcome: all of it, or nothing.  In a transaction of the caller's
 * it has its turn like any request there, and nothing else runs between its steps: they
 * are told from what the caller submits by the handle that they are submitted on.
 *
 * Somebody must always be left to end it.  A step that could not be submitted ends it
 * at once; a cancel that finds no step under way wakes it by an empty request, for a
 * callback must not run inside dba_cancel.
 */
#include "core/group.h"

#include <string.h>

#include "base/mem.h"
#include "core/provider.h"

static Group *
group_of(Request *request)
{
	return request->group.owner;
}

/* The newest first: the oldest, which the server is at, then has the connection to
 * itself, so that the server can be asked to cancel it.  False: there are none. */
static bool
group_abort_steps(Group *group)
{
	bool		found = false;

	for (Request *r = group->request->core->requests.live.tail; r != NULL;
		 r = r->links[LINK_LIVE].prev)
	{
		if (!r->internal || r->arg != group)
			continue;
		found = true;
		request_abort(r, DBA_CANCELLED);
	}
	return found;
}

static void
group_cancel(Request *request)
{
	Group	   *group = group_of(request);

	/* A failure that is there already is the reason, not the cancel that followed it. */
	if (group->error == NULL)
		group->error = error_new(request->abort_code,
								 request->abort_code == DBA_TIMEOUT
									 ? "request timed out; everything it did is rolled back"
									 : "request was cancelled; everything it did is rolled back");
	if (!group_abort_steps(group))
		group_wake(group);
}

static void
group_resume(Request *request)
{
	Group	   *group = group_of(request);

	if (group->resumed != NULL)
		group_wake(group);
}

static void
group_free(Group *group)
{
	PQclear(group->result);
	dba_error_free(group->error);
	group->release(group);
}

static void
group_start(Request *request)
{
	Group	   *group = group_of(request);

	if (group->error != NULL)	/* cancelled while it waited */
		group_end(group);
	else
		group->begun(group);
}

dba_request
group_submit(Group *group, dba_client *db, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_GROUP, cb, arg);

	if (request == NULL)
	{
		group->release(group);
		return 0;
	}
	group->request = request;
	group->db = db;
	request->group.owner = group;
	request->group.start = group_start;
	request->group.cancel = group_cancel;
	request->group.resume = group_resume;
	request->group.free = group_free;
	return request_submit(request);
}

Request *
group_step(Group *group, RequestKind kind, dba_callback cb)
{
	Request	   *request = request_new(group->tx != NULL ? group->tx : group->db, kind, cb, group);

	if (request != NULL)
		request->internal = true;
	return request;
}

/* Without a step under way nothing would ever end the group. */
void
group_submitted(Group *group, dba_request id)
{
	dba_error  *error = NULL;

	if (id != 0)
	{
		group->step = id;
		return;
	}
	error_set_no_memory(&error);
	group_failed(group, error);
	dba_error_free(error);
	group_end(group);
}

bool
group_failed(Group *group, const dba_error *error)
{
	if (error != NULL && group->error == NULL)
	{
		group->error = error_copy(error);
		/* unless it was the commit that met it */
		if (group->tx != NULL && !group->ending)
			error_say_rolled_back(group->error);
	}
	return group->error != NULL;
}

void
group_take_result(Group *group, const dba_result *result)
{
	dba_result *kept = dba_result_keep(result);

	if (kept == NULL)
	{
		error_set_no_memory(&group->error);
		return;
	}
	group->result = kept->pg;
	group->count = kept->count;
	kept->pg = NULL;
	dba_result_free(kept);
}

void
group_run(Group *group, const char *sql, int count, const char *const *values, dba_callback cb)
{
	Request	   *request = group_step(group, REQUEST_STATEMENT, cb);

	if (request == NULL)
	{
		group_submitted(group, 0);
		return;
	}
	request->sql.unprepared = true;
	request->sql.stmt = stmt_get(&request->core->stmts, sql, strlen(sql), false);
	request->sql.binding.count = count;
	request->sql.binding.values = (const char **) values;
	if (request->sql.stmt == NULL)
		group_submitted(group, request_refuse(request, error_new(DBA_NO_MEMORY, "out of memory")));
	else
		group_submitted(group, request_submit(request));
}

/* --- the transaction around it */

static void
group_begun(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Group	   *group = arg;

	(void) result;
	if (error == NULL)
	{
		group->tx = db;
		group->own_tx = true;
	}
	if (group_failed(group, error))
		group_end(group);
	else
		group->begun(group);
}

bool
group_goes_on(Group *group, dba_request id, dba_error *error)
{
	if (id == 0)
		dba_error_free(error);
	else if (error != NULL)
		request_fail(group->request, error);
	return id != 0 && error == NULL;
}

void
group_begin(Group *group)
{
	dba_request id;

	/* Inside the caller's transaction nothing is begun: who began it decides how it ends. */
	if (group->db->tx != NULL)
	{
		group->steps.core = group->db->core;
		group->steps.tx = group->db->tx;
		group->steps.of = group->request;
		group->tx = &group->steps;
		group->db->core->provider->queue(group->request);
		return;
	}
	id = dba_begin(group->db, group->tx_options, group_begun, group);
	request_make_internal(group->db->core, id);
	group_submitted(group, id);
}

static void
group_finish(Group *group)
{
	Request	   *request = group->request;

	request->result = group->result;
	request->count = group->count;
	group->result = NULL;
	request->error = group->error;
	group->error = NULL;
	if (request->error != NULL)
	{
		PQclear(request->result);
		request->result = NULL;
	}
	request_finish(request);
}

static void
group_ended(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Group	   *group = arg;

	(void) db;
	(void) result;
	group->tx = NULL;
	group_failed(group, error);
	group_finish(group);
}

void
group_end(Group *group)
{
	Request	   *request;

	/* Several steps may be under way when the first fails, and each of them ends here. */
	if (group->ending)
		return;
	group->ending = true;
	if (!group->own_tx || group->tx == NULL)
	{
		group_finish(group);
		return;
	}
	request =
		group_step(group, group->error != NULL ? REQUEST_ROLLBACK : REQUEST_COMMIT, group_ended);
	if (request == NULL)
	{
		error_set_no_memory(&group->error);
		dba_close(group->tx);
		group_finish(group);
		return;
	}
	group->step = request->core->provider->end(request);
}

/* --- waking */

static void
group_woken(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Group	   *group = arg;

	(void) db;
	(void) result;
	group->waking = false;
	if (dba_error_code(error) == DBA_CLOSED)
		group_failed(group, error);
	if (group->resumed != NULL && group->error == NULL)
		group->resumed(group);
	else if (group->error != NULL && request_find(group->request->core, group->step) == NULL)
		group_end(group);
}

/* A request that has nothing to do: its callback comes with the next round. */
void
group_wake(Group *group)
{
	Request	   *request;

	if (group->waking || group->ending)
		return;
	request = request_new(&group->db->core->self, REQUEST_STATEMENT, group_woken, group);
	if (request == NULL)
		return;
	request->internal = true;
	group->waking = true;
	request_refuse(request, error_new(DBA_INVALID, "awake"));
}
