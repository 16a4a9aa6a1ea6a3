/*
 * supabase.c
 *		The provider over PostgREST: from calls to exchanges, and when they are sent.
 *
 * Requests wait in the core's queue as with the other provider, and the pool's settings
 * bound what is in flight; the connections themselves are libcurl's.  There is no
 * session, so whatever needs one (transactions, notifications, a caller's own SQL) is
 * refused when it is queued, with what to use instead: never when it is half done.
 */
#include "supabase/supabase.h"

#include <ctype.h>
#include <string.h>

#include "core/clock.h"

/* --- sending */

/* Send one that waits, as far as it goes. */
static void
exchange_dispatch(Request *request, Supabase *supa)
{
	Exchange   *x = request->exchange;
	dba_error  *error = NULL;

	x->supa = supa;
	x->answered = pages_answered;
	if (describe_ready(x, &error))
	{
		list_remove(&request->core->requests.waiting, LINK_QUEUE, request);
		if (exchange_send(x, &error))
			return;
	}
	if (error != NULL)
		request_fail(request, error);
}

static void
supabase_dispatch(Core *core)
{
	int			places = core->settings.pool_size + core->settings.pool_overflow;
	dba_error  *error = NULL;
	Supabase   *supa;
	Request	   *next;

	supa = core->state;
	if (supa != NULL && supa->resume)
	{
		supa->resume = false;
		for (Request *r = core->requests.live.head; r != NULL; r = r->links[LINK_LIVE].next)
			if (r->exchange != NULL && r->exchange->resumed)
			{
				r->exchange->resumed = false;
				pages_go_on(r->exchange);
			}
	}
	if (core->requests.waiting.head == NULL)
		return;
	supa = service_get(core, &error);
	for (Request *r = core->requests.waiting.head; r != NULL; r = next)
	{
		next = r->links[LINK_QUEUE].next;
		if (supa == NULL)
			request_fail(r, error_copy(error));
		else if (supa->in_flight < places)
			exchange_dispatch(r, supa);
		else
			break;
	}
	dba_error_free(error);
}

/* --- requests under way */

static void
supabase_queue(Request *request)
{
	Core	   *core = request->core;

	/* Only what has an exchange can be said in HTTP. */
	if (request->exchange != NULL)
		list_append(&core->requests.waiting, LINK_QUEUE, request);
	else if (request->kind == REQUEST_LISTEN)
		request_fail(request,
					 exchange_refusal("notifications", "Listen on a postgres profile, or ask again "
													   "from time to time."));
	else if (request->kind == REQUEST_STATEMENT)
		request_fail(request,
					 exchange_refusal("SQL statements",
									  "Use select, insert, update, delete and upsert, make "
									  "it a function and call that, or use a postgres "
									  "profile."));
	else
		request_fail(request, exchange_refusal("transactions",
											   "What belongs together goes into a function of the "
											   "database, which dba_call runs in one transaction; "
											   "or use a postgres profile."));
}

/* There is nobody to ask: PostgREST does not stop what it has begun. */
static bool
supabase_cancel(Request *request)
{
	(void) request;
	return false;
}

static void
supabase_leave(Request *request)
{
	exchange_free(request->exchange);
	request->exchange = NULL;
}

static void
supabase_resume(Request *request)
{
	Exchange   *x = request->exchange;

	if (x == NULL || !x->page_open)
		return;
	x->resumed = true;
	x->supa->resume = true;
	clock_due(request->core, 0);
}

static void
supabase_serve(Core *core, int fd, unsigned events)
{
	Supabase   *supa = core->state;

	if (supa != NULL)
		http_serve(supa->client, fd, events);
}

static void
supabase_timers(Core *core, int64_t now)
{
	Supabase   *supa = core->state;

	request_timers(core, now);
	if (supa != NULL)
		http_timers(supa->client, now);
}

static void
supabase_sweep(Core *core)
{
	(void) core;
}

static void
supabase_watches(const Core *core, ProviderWatchFn fn, void *arg)
{
	const Supabase *supa = core->state;

	if (supa != NULL)
		http_watches(supa->client, fn, arg);
}

static PoolCounts
supabase_count(const Core *core)
{
	const Supabase *supa = core->state;

	return supa != NULL ? http_count(supa->client) : (PoolCounts){0};
}

static void
supabase_close(Core *core)
{
	if (core->state != NULL)
		service_free(core->state);
	core->state = NULL;
}

/* --- the calls */

/* An exchange with a copy of the query and what it is given; the request is
 * refused where there is an error. */
static Exchange *
exchange_of_query(Request *request, ExchangeKind kind, const dba_query *query, Arena *arena,
				  dba_error **err)
{
	Exchange   *x = exchange_new(request, kind);

	if (x != NULL)
	{
		if (arena != NULL)
			arena_absorb(&x->query.arena, arena);
		if (*err == NULL && query_check(query, err) && !query_copy(&x->query, query))
			error_set_no_memory(err);
		if (query->json_null)
			error_set(err, DBA_NOT_SUPPORTED,
					  "the provider \"supabase\" cannot tell JSON's null from SQL NULL");
	}
	else
	{
		error_set_no_memory(err);
		if (arena != NULL)
			arena_free(arena);
	}
	return x;
}

static dba_request
supabase_select(Request *request, const dba_query *query)
{
	bool		count = wire_is_count(query) && request->stream.row == NULL;
	dba_error  *error = NULL;
	Exchange   *x =
		exchange_of_query(request, count ? EXCHANGE_COUNT : EXCHANGE_SELECT, query, NULL, &error);

	return exchange_submit(request, x, NULL, error);
}

static dba_request
supabase_insert(Request *request, const dba_query *query, Arena *arena, const JsonValue *row,
				dba_error *error)
{
	Exchange   *x = exchange_of_query(request, EXCHANGE_INSERT, query, arena, &error);

	if (error == NULL)
		sql_check_new_row(query, row, &error);
	return exchange_submit(request, x, row, error);
}

static dba_request
supabase_insert_many(dba_client *db, const dba_query *query, Arena *arena, JsonValue *rows,
					 dba_error *error, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_STATEMENT, cb, arg);
	Exchange   *x;

	if (request == NULL)
	{
		arena_free(arena);
		dba_error_free(error);
		return 0;
	}
	x = exchange_of_query(request, EXCHANGE_INSERT_MANY, query, arena, &error);
	if (error == NULL)
		x->columns = sql_rows_columns(&x->query.arena, rows, &x->even, &error);
	if (error == NULL && x->columns->count == 0)
		error_set(&error, DBA_NOT_SUPPORTED,
				  "rows without columns: a service is asked for one of them at a time");
	return exchange_submit(request, x, rows, error);
}

static dba_request
supabase_update(Request *request, const dba_query *query, Arena *arena, const JsonValue *row,
				dba_error *error)
{
	Exchange   *x = exchange_of_query(request, EXCHANGE_UPDATE, query, arena, &error);

	if (error == NULL && sql_check_row(row, &error))
		sql_check_filtered(query, "update", &error);
	return exchange_submit(request, x, row, error);
}

static dba_request
supabase_remove(Request *request, const dba_query *query)
{
	dba_error  *error = NULL;
	Exchange   *x = exchange_of_query(request, EXCHANGE_DELETE, query, NULL, &error);

	if (error == NULL)
		sql_check_filtered(query, "delete", &error);
	return exchange_submit(request, x, NULL, error);
}

/* Refused by the queue, like every SQL statement; a mistake of the caller's first. */
static dba_request
supabase_execute(Request *request, const char *sql, Arena *arena, const JsonValue *params,
				 dba_error *error)
{
	(void) sql;
	(void) params;
	arena_free(arena);
	return error != NULL ? request_refuse(request, error) : request_submit(request);
}

/* --- transactions and notifications: the queue says why there are none */

static dba_request
supabase_refused(Request *request, dba_error *error)
{
	return error != NULL ? request_refuse(request, error) : request_submit(request);
}

static dba_request
supabase_begin(Request *request, const BeginOptions *options, dba_error *error)
{
	(void) options;
	return supabase_refused(request, error);
}

/* There is no transaction, so nothing ends one. */
static dba_request
supabase_end(Request *request)
{
	return request_submit(request);
}

static void
supabase_abandon(dba_client *tx)
{
	(void) tx;
}

static void
supabase_called_back(Request *request)
{
	(void) request;
}

static dba_request
supabase_test(dba_client *db, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_STATEMENT, cb, arg);
	dba_error  *error = NULL;

	if (request == NULL)
		return 0;
	if (exchange_new(request, EXCHANGE_TEST) == NULL)
		error_set_no_memory(&error);
	return exchange_submit(request, request->exchange, NULL, error);
}

const Provider supabase_provider = {
	.name = "supabase",
	.select = supabase_select,
	.insert = supabase_insert,
	.insert_many = supabase_insert_many,
	.update = supabase_update,
	.remove = supabase_remove,
	.execute = supabase_execute,
	.call = exchange_call,
	.listen = supabase_refused,
	.begin = supabase_begin,
	.end = supabase_end,
	.abandon = supabase_abandon,
	.called_back = supabase_called_back,
	.backup = supabase_backup,
	.restore = supabase_restore,
	.test = supabase_test,
	.validate = supabase_validate,
	.queue = supabase_queue,
	.cancel = supabase_cancel,
	.leave = supabase_leave,
	.resume = supabase_resume,
	.serve = supabase_serve,
	.timers = supabase_timers,
	.dispatch = supabase_dispatch,
	.sweep = supabase_sweep,
	.watches = supabase_watches,
	.count = supabase_count,
	.close = supabase_close,
};
