/*
 * request.c
 *		Requests from submission to callback: numbers, lists, ends.
 *
 * A request is in core->requests.live from submission until its callback has returned,
 * and in at most one queue: of its transaction, of the pool, or of those to be
 * called back.
 */
#include "core/core.h"

#include "base/mem.h"
#include "core/clock.h"
#include "core/params.h"
#include "core/provider.h"
#include "core/trace.h"

#define REQUEST_FIRST_BUCKETS 64

/* Grow the table of ids so that chains stay short; failing to grow is no error
 * once there is one. */
static bool
request_grow_hash(Core *core)
{
	size_t		size =
		core->requests.hash_size == 0 ? REQUEST_FIRST_BUCKETS : core->requests.hash_size * 2;
	Request	  **hash;

	if (core->requests.live.count < core->requests.hash_size)
		return true;
	hash = mem_zalloc(size * sizeof(Request *));
	if (hash == NULL)
		return core->requests.hash != NULL;
	for (Request *r = core->requests.live.head; r != NULL; r = r->links[LINK_LIVE].next)
	{
		r->hash_next = hash[r->id & (size - 1)];
		hash[r->id & (size - 1)] = r;
	}
	mem_free(core->requests.hash);
	core->requests.hash = hash;
	core->requests.hash_size = size;
	return true;
}

static void
request_unhash(Core *core, Request *request)
{
	Request	  **link = &core->requests.hash[request->id & (core->requests.hash_size - 1)];

	while (*link != request)
		link = &(*link)->hash_next;
	*link = request->hash_next;
}

Request *
request_find(Core *core, dba_request id)
{
	Request	   *request;

	if (core->requests.hash == NULL)
		return NULL;
	request = core->requests.hash[id & (core->requests.hash_size - 1)];
	while (request != NULL && request->id != id)
		request = request->hash_next;
	return request;
}

static void
request_free(Request *request)
{
	stmt_unref(request->sql.stmt);
	params_free(request->sql.params);
	mem_free(request->listen.channel);
	mem_free(request->sql.missing_types);
	mem_free(request->owned);
	if (request->group.owner != NULL)
		request->group.free(request->group.owner);
	PQclear(request->result);
	dba_error_free(request->error);
	dba_error_free(request->sql.doubt);
	mem_free(request);
}

/*
 * A request that is not submitted yet; NULL when the client takes none (no
 * memory, closing).  request_submit or request_refuse must follow.
 */
Request *
request_new(dba_client *db, RequestKind kind, dba_callback cb, void *arg)
{
	Core	   *core = db->core;
	Request	   *request;

	if (core->turn.closing || db->gone || !request_grow_hash(core))
		return NULL;
	request = mem_zalloc(sizeof(Request));
	if (request == NULL)
		return NULL;
	request->core = core;
	request->db = db;
	request->kind = kind;
	request->cb = cb;
	request->arg = arg;
	request->due.end = CORE_NEVER;
	request->due.checkout = CORE_NEVER;
	return request;
}

static void
request_accept(Request *request)
{
	Core	   *core = request->core;

	core->turn.used = true;
	/* Numbers are never used again: a late dba_cancel must not hit another request. */
	request->id = ++core->requests.last_id;
	request->hash_next = core->requests.hash[request->id & (core->requests.hash_size - 1)];
	core->requests.hash[request->id & (core->requests.hash_size - 1)] = request;
	list_append(&core->requests.live, LINK_LIVE, request);
	request->db->requests++;
	if (!request->internal)
	{
		core->requests.visible++;
		core->stats.requests++;
	}
	TRACE(core, trace_submitted(request));
	clock_due(core, 0);
}

/* A step of a group, made by a public call: not the caller's, not counted. */
void
request_make_internal(Core *core, dba_request id)
{
	Request	   *request = id != 0 ? request_find(core, id) : NULL;

	if (request == NULL || request->internal)
		return;
	request->internal = true;
	core->requests.visible--;
	core->stats.requests--;
}

/* Queue a request; it is sent by the next dba_process. */
dba_request
request_submit(Request *request)
{
	Core	   *core = request->core;

	request_accept(request);
	request->state = REQUEST_QUEUED;
	if (request->kind == REQUEST_GROUP)
		return request->id;
	core->provider->queue(request);
	if (request->state == REQUEST_DONE)
		return request->id;
	/* Inside a transaction there is no connection to wait for: it has its own. */
	if (request->db->tx == NULL)
		request->due.checkout = clock_after(core->settings.checkout_timeout);
	if (core->settings.request_timeout > 0 && request->kind != REQUEST_LISTEN)
		request->due.end = clock_after(core->settings.request_timeout);
	return request->id;
}

/*
 * Accept a request only to call its failure back; takes the error.  In a transaction it
 * fails when its turn comes: what was submitted before it runs, what comes after does not.
 */
dba_request
request_refuse(Request *request, dba_error *error)
{
	if (!error->constant)
		error->retryable = error->code != DBA_INVALID;
	request_accept(request);
	if (request->db->tx != NULL && request->kind == REQUEST_STATEMENT)
	{
		request->error = error;
		request->state = REQUEST_QUEUED;
		request->core->provider->queue(request);
	}
	else
		request_fail(request, error);
	return request->id;
}

dba_request
request_settle(Request *request)
{
	request_accept(request);
	request_finish(request);
	return request->id;
}

/* The request has its result or error: its callback is due. */
void
request_finish(Request *request)
{
	Core	   *core = request->core;

	if (request->state == REQUEST_DONE)
		return;
	if (request->queue != NULL)
		list_remove(request->queue, LINK_QUEUE, request);
	request->state = REQUEST_DONE;
	core->provider->leave(request);
	list_append(&core->requests.done, LINK_QUEUE, request);
	clock_due(core, 0);
}

void
request_fail(Request *request, dba_error *error)
{
	if (request->state == REQUEST_DONE || request->error != NULL)
		dba_error_free(error);
	else
		request->error = error;
	PQclear(request->result);
	request->result = NULL;
	request_finish(request);
}

static dba_error *
request_abort_error(const Request *request, dba_code code, bool sent)
{
	dba_error  *error;
	const char *what = code == DBA_CANCELLED ? "request was cancelled"
					   : code == DBA_CLOSED	 ? "client was closed"
											 : "request timed out";

	error = error_new(code, "%s%s", what, sent && !request->reads_only ? MAY_HAVE_RUN : "");
	if (!error->constant)
		error->retryable = !sent && request->kind == REQUEST_STATEMENT;
	return error;
}

/*
 * End a request early with DBA_CANCELLED, DBA_TIMEOUT or DBA_CLOSED: at once
 * when it was not sent or shares its connection, else by asking the server.
 */
void
request_abort(Request *request, dba_code code)
{
	if (request->state == REQUEST_DONE || request->abort_code != DBA_OK)
		return;
	if (code == DBA_CANCELLED)
		request->core->stats.cancelled++;
	else if (code == DBA_TIMEOUT)
		request->core->stats.timeouts++;
	if (request->kind == REQUEST_GROUP)
	{
		request->abort_code = code;
		request->group.cancel(request);
		return;
	}
	/* Who closes a client waits for no server: what was sent is left to its fate. */
	if (request->state == REQUEST_SENT && code != DBA_CLOSED &&
		request->core->provider->cancel(request))
	{
		request->abort_code = code; /* the server's answer ends it */
		return;
	}
	request_fail(request, request_abort_error(request, code, request->state == REQUEST_SENT));
}

/* Too long without a connection, or too long altogether. */
void
request_timers(Core *core, int64_t now)
{
	Request	   *next;

	while (core->requests.waiting.head != NULL && core->requests.waiting.head->due.checkout <= now)
	{
		Request	   *request = core->requests.waiting.head;
		dba_error  *error;

		core->stats.timeouts++;
		error = error_new(DBA_TIMEOUT, "no connection became free in %d ms%s%s",
						  (int) core->settings.checkout_timeout,
						  core->connect_error != NULL ? ": " : "",
						  dba_error_message(core->connect_error));
		if (!error->constant)
			error->retryable = true;
		request_fail(request, error);
	}
	if (core->requests.waiting.head != NULL)
		clock_due(core, core->requests.waiting.head->due.checkout);
	if (core->settings.request_timeout <= 0)
		return;
	for (Request *r = core->requests.live.head; r != NULL; r = next)
	{
		next = r->links[LINK_LIVE].next;
		if (r->due.end == CORE_NEVER || r->state == REQUEST_DONE || r->abort_code != DBA_OK)
			continue;
		if (r->due.end > now)
		{
			clock_due(core, r->due.end);	/* the oldest is due first */
			return;
		}
		request_abort(r, DBA_TIMEOUT);
	}
}

/* The error that a cancelled request ends with once the server has answered. */
dba_error *
request_cancelled_error(const Request *request)
{
	return request_abort_error(request, request->abort_code, true);
}

/*
 * Call a finished request back and free it.  It leaves the lists first: the
 * callback may look, submit, and ask for close.
 */
void
request_call_back(Request *request)
{
	Core	   *core = request->core;
	dba_client *db = request->db;
	dba_result	result;

	list_remove(&core->requests.done, LINK_QUEUE, request);
	request_unhash(core, request);
	list_remove(&core->requests.live, LINK_LIVE, request);
	if (!request->internal)
		core->requests.visible--;
	if (request->kind == REQUEST_LISTEN)
		core->requests.listeners--;
	if (request->error != NULL)
		core->stats.errors++;
	if (request->tx.begun != NULL && request->error == NULL)
		db = request->tx.begun;
	/*
	 * It is in no list any more, so whatever the callback does, closing the client included,
	 * cannot reach it; db lives as long as it has requests.
	 */
	TRACE(core, trace_ended(request));
	result_init(&result, request->result, core->types, request->count);
	result.raw_null = request->json_null;
	if (request->cb != NULL)
		request->cb(db, request->error == NULL ? &result : NULL, request->error, request->arg);
	if (result_kept(&result))
		request->result = NULL;
	request->db->requests--;
	core->provider->called_back(request);
	request_free(request);
}
