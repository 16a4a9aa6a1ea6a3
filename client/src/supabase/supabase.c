/*
 * supabase.c
 *		The provider over PostgREST: from calls to exchanges, and when they are sent.
 */
#include "supabase/supabase.h"

#include <ctype.h>
#include <string.h>

#include "core/identity.h"
#include "base/mem.h"

#define STREAM_PAGE 1000 /* rows of a stream held at a time */
#define API_TIMEOUT_MS 30000
#define API_LOOK_AGAIN_MS 10000 /* a table not described may be new */

/* --- exchanges */

Exchange *
exchange_new(Request *request, ExchangeKind kind)
{
	Exchange   *x = mem_zalloc(sizeof(Exchange));

	if (x == NULL)
		return NULL;
	x->request = request;
	x->kind = kind;
	x->total = -1;
	x->query.limit = -1;
	request->exchange = x;
	return x;
}

static void
exchange_land(Exchange *x)
{
	if (x->flying)
		x->supa->in_flight--;
	x->flying = false;
}

void
exchange_free(Exchange *x)
{
	if (x == NULL)
		return;
	exchange_land(x);
	http_stop(&x->http);
	if (x->headers != NULL)
		http_headers_free(x->supa->client, x->headers);
	PQclear(x->rows);
	PQclear(x->head);
	wire_free(&x->wire);
	buf_free(&x->url);
	query_free(&x->query);
	mem_free(x);
}

dba_error *
supabase_refusal(const char *what, const char *instead)
{
	dba_error  *error = error_new(DBA_NOT_SUPPORTED,
								  "the provider \"supabase\" has no %s: PostgREST is asked one "
								  "request at a time",
								  what);

	error_hint(error, instead);
	return error;
}

/* --- the description */

static const char *
exchange_schema(const Exchange *x)
{
	const SqlName *name = x->kind == EXCHANGE_CALL ? &x->function : &x->query.table;

	return name->count > 1 ? name->parts[0] : "";
}

static Api *
api_of(Supabase *supa, const char *schema)
{
	Api		   *api;

	for (api = supa->apis; api != NULL; api = api->next)
		if (strcmp(api->schema, schema) == 0)
			return api;
	api = mem_zalloc(sizeof(Api));
	if (api == NULL || (api->schema = mem_strdup(schema)) == NULL)
	{
		mem_free(api);
		return NULL;
	}
	api->supa = supa;
	api->next = supa->apis;
	supa->apis = api;
	return api;
}

const ApiTable *
exchange_table(const Exchange *x)
{
	Api		   *api = api_of(x->supa, exchange_schema(x));

	return api != NULL && x->query.table.count > 0
			   ? api_table(api->tables, x->query.table.parts[x->query.table.count - 1])
			   : NULL;
}

/* apikey, and Authorization but for keys of the new form, which are no JWT */
static bool
supabase_headers(Supabase *supa, struct curl_slist **headers, const char *accept,
				 const char *profile_header, const char *schema)
{
	const char *key = supa->core->identity->profile->api_key;
	bool		ok = http_header(supa->client, headers, "Accept", accept) &&
			  http_header(supa->client, headers, "Expect", "");

	if (key != NULL)
		ok = ok && http_header(supa->client, headers, "apikey", key);
	if (supa->authorization.len > 0)
		ok = ok &&
			 http_header(supa->client, headers, "Authorization", buf_text(&supa->authorization));
	if (schema != NULL && *schema != '\0')
		ok = ok && http_header(supa->client, headers, profile_header, schema);
	return ok;
}

static void
api_forget(Supabase *supa, Api *api)
{
	http_stop(&api->http);
	http_headers_free(supa->client, api->headers);
	api->headers = NULL;
	buf_free(&api->url);
}

static bool
needs_description(const Exchange *x)
{
	return x->kind != EXCHANGE_CALL && x->kind != EXCHANGE_TEST;
}

/* The description in the reply takes the place of an older one; false: no memory. */
static bool
api_take(Api *api)
{
	Arena		arena = {NULL};
	ApiTable   *tables = NULL;

	if (!api_read(&arena, api->http.reply.value, &tables))
	{
		arena_free(&arena);
		return false;
	}
	arena_free(&api->arena);
	api->arena = arena;
	api->tables = tables;
	return true;
}

static void
api_answered(Http *http, dba_error *error)
{
	Api		   *api = http->arg;
	Supabase   *supa = api->supa;
	Core	   *core = supa->core;
	HttpReply  *reply = &http->reply;
	Request	   *next;

	supa->in_flight--;
	if (error == NULL && reply->status >= 500)
		error = read_error(reply);
	/* a service that does not describe itself is used without; what it once said holds */
	if (error == NULL && reply->status == 200 && reply->value != NULL && !api_take(api))
		error = error_new(DBA_NO_MEMORY, "out of memory");
	api_forget(supa, api);
	api->state = error == NULL ? API_KNOWN : API_UNKNOWN;
	api->loaded_at = core_now();
	for (Request *r = error != NULL ? core->waiting.head : NULL; r != NULL; r = next)
	{
		next = r->links[LINK_QUEUE].next;
		if (needs_description(r->exchange) &&
			strcmp(exchange_schema(r->exchange), api->schema) == 0)
		{
			dba_error  *copy = error_copy(error);

			if (!copy->constant)
				copy->retryable = true; /* nothing of the request itself was sent */
			request_fail(r, copy);
		}
	}
	dba_error_free(error);
	core_due(core, 0);
}

static bool
api_load(Supabase *supa, Api *api)
{
	bool		ok;

	buf_printf(&api->url, "%s/", supa->root);
	ok = buf_ok(&api->url) && supabase_headers(supa, &api->headers, "application/openapi+json",
											   "Accept-Profile", api->schema);
	api->http.method = "GET";
	api->http.url = buf_text(&api->url);
	api->http.headers = api->headers;
	api->http.timeout = API_TIMEOUT_MS;
	api->http.arg = api;
	api->http.done = api_answered;
	ok = ok && http_start(supa->client, &api->http);
	if (!ok)
	{
		api_forget(supa, api);
		return false;
	}
	supa->in_flight++;
	api->state = API_LOADING;
	return true;
}

/* Is what the service says of the exchange's table known?  Asks when it is not. */
static bool
api_ready(Exchange *x, dba_error **err)
{
	Api		   *api;

	if (!needs_description(x))
		return true;
	api = api_of(x->supa, exchange_schema(x));
	if (api == NULL)
		return error_set_no_memory(err);
	if (api->state == API_KNOWN && exchange_table(x) == NULL &&
		core_now() - api->loaded_at > API_LOOK_AGAIN_MS)
		api->state = API_UNKNOWN;
	if (api->state == API_UNKNOWN && !api_load(x->supa, api))
		return error_set_no_memory(err);
	return api->state == API_KNOWN;
}

/* --- the provider's own state */

/* A key goes into a header: it must be one word. */
static bool
check_key(const char *key, dba_error **err)
{
	for (; *key != '\0'; key++)
		if (!isgraph((unsigned char) *key))
			return error_set(err, DBA_CONFIG,
							 "the service's key holds a blank or a character that "
							 "no key has");
	return true;
}

static bool
supabase_authorize(Supabase *supa, const char *key)
{
	if (key == NULL || strncmp(key, "sb_publishable_", 15) == 0 ||
		strncmp(key, "sb_secret_", 10) == 0)
		return true;
	buf_printf(&supa->authorization, "Bearer %s", key);
	return buf_ok(&supa->authorization);
}

static bool
supabase_root(Supabase *supa)
{
	const dba_profile *profile = supa->core->identity->profile;
	const char *path = settings_text(&profile->settings, SETTING_REST_PATH);
	Buf			root = BUF_INIT;

	buf_puts(&root, profile->url);
	while (root.len > 0 && root.data[root.len - 1] == '/')
		root.data[--root.len] = '\0';
	path += strspn(path, "/");
	if (*path != '\0')
		buf_printf(&root, "/%s", path);
	while (root.len > 0 && root.data[root.len - 1] == '/')
		root.data[--root.len] = '\0';
	supa->root = buf_take(&root);
	return supa->root != NULL;
}

static void
supabase_free(Supabase *supa)
{
	while (supa->apis != NULL)
	{
		Api		   *api = supa->apis;

		supa->apis = api->next;
		api_forget(supa, api);
		arena_free(&api->arena);
		mem_free(api->schema);
		mem_free(api);
	}
	http_client_free(supa->client);
	buf_free(&supa->authorization);
	mem_free(supa->root);
	mem_free(supa);
}

static Supabase *
supabase_get(Core *core, dba_error **err)
{
	const char *key = core->identity->profile->api_key;
	Supabase   *supa;

	if (core->supabase != NULL)
		return core->supabase;
	if (key != NULL && !check_key(key, err))
		return NULL;
	supa = mem_zalloc(sizeof(Supabase));
	if (supa == NULL)
	{
		error_set_no_memory(err);
		return NULL;
	}
	supa->core = core;
	supa->client = http_client_new(core, err);
	if (supa->client != NULL && supabase_root(supa) && supabase_authorize(supa, key))
		core->supabase = supa;
	else
	{
		error_set_no_memory(err);	/* an error that is there stays */
		supabase_free(supa);
	}
	return core->supabase;
}

/* --- sending */

static bool
exchange_write(Exchange *x, dba_error **err)
{
	const ApiTable *table = exchange_table(x);
	bool		ok = true;

	switch (x->kind)
	{
		case EXCHANGE_SELECT:
			ok = wire_select(&x->wire, &x->query, table, err);
			x->by_key = wire_has_key_order(&x->query, table);
			break;
		case EXCHANGE_COUNT:
			ok = wire_count(&x->wire, &x->query, table, err);
			break;
		case EXCHANGE_INSERT:
			ok = wire_insert(&x->wire, &x->query, x->value, err);
			break;
		case EXCHANGE_INSERT_MANY:
			ok = wire_insert_many(&x->wire, &x->query, x->value, x->columns, x->even, err);
			break;
		case EXCHANGE_UPDATE:
			ok = wire_update(&x->wire, &x->query, table, x->value, err);
			break;
		case EXCHANGE_DELETE:
			ok = wire_delete(&x->wire, &x->query, table, err);
			break;
		case EXCHANGE_CALL:
			ok = wire_call(&x->wire, &x->function, x->value, err);
			break;
		case EXCHANGE_TEST:
			x->wire.method = "GET";
			buf_puts(&x->wire.url, "/");
			break;
	}
	x->base = x->wire.url.len;
	x->base_parameters = x->wire.parameters;
	return ok;
}

/* What makes a page of a select: its limit, and where it begins. */
static void
exchange_page(Exchange *x)
{
	Wire	   *wire = &x->wire;
	int64_t		left = x->query.limit >= 0 ? x->query.limit - x->got : -1;

	wire->url.len = x->base;
	wire->url.data[x->base] = '\0';
	wire->parameters = x->base_parameters;
	if (x->request->row != NULL && (left < 0 || left > STREAM_PAGE))
		left = STREAM_PAGE;
	if (left >= 0)
		wire_number(wire, "limit", left);
	/* the description may have changed since the first page */
	x->by_key = x->by_key && wire_has_key_order(&x->query, exchange_table(x));
	if (x->by_key && x->got > 0)
		wire_after_key(wire, exchange_table(x), x->last);
	else if (x->query.offset + x->got > 0)
		wire_number(wire, "offset", x->query.offset + x->got);
	buf_reset(&wire->prefer);
	if (!x->by_key || x->got == 0)
		wire_prefer(wire, "count=exact");
}

static bool
exchange_headers(Exchange *x)
{
	Supabase   *supa = x->supa;
	bool		get = strcmp(x->wire.method, "GET") == 0;
	bool		ok;

	http_headers_free(supa->client, x->headers);
	x->headers = NULL;
	ok =
		supabase_headers(supa, &x->headers,
						 x->kind == EXCHANGE_TEST ? "application/openapi+json" : "application/json",
						 get ? "Accept-Profile" : "Content-Profile", x->wire.schema);
	if (x->wire.prefer.len > 0)
		ok = ok && http_header(supa->client, &x->headers, "Prefer", buf_text(&x->wire.prefer));
	if (x->wire.has_body)
		ok = ok && http_header(supa->client, &x->headers, "Content-Type", "application/json");
	return ok;
}

bool
exchange_send(Exchange *x, dba_error **err)
{
	Wire	   *wire = &x->wire;

	if (wire->method == NULL && !exchange_write(x, err))
		return false;
	if (x->kind == EXCHANGE_SELECT)
		exchange_page(x);
	buf_reset(&x->url);
	buf_puts(&x->url, x->supa->root);
	buf_puts(&x->url, buf_text(&wire->url));
	http_stop(&x->http);
	if (!buf_ok(&wire->url) || !buf_ok(&wire->prefer) || !buf_ok(&x->url) || !exchange_headers(x))
		return error_set_no_memory(err);
	x->http = (Http){.method = wire->method,
					 .url = buf_text(&x->url),
					 .headers = x->headers,
					 .body = wire->has_body ? buf_text(&wire->body) : NULL,
					 .body_size = wire->body.len,
					 .arg = x,
					 .done = exchange_answered};
	if (!http_start(x->supa->client, &x->http))
		return error_set_no_memory(err);
	if (!x->flying)
		x->supa->in_flight++;
	x->flying = true;
	x->request->state = REQUEST_SENT;
	return true;
}

/* Send one that waits, as far as it goes. */
static void
exchange_dispatch(Request *request, Supabase *supa)
{
	Exchange   *x = request->exchange;
	dba_error  *error = NULL;

	x->supa = supa;
	if (api_ready(x, &error))
	{
		list_remove(&request->core->waiting, LINK_QUEUE, request);
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

	if (core->resume)
	{
		core->resume = false;
		for (Request *r = core->live.head; r != NULL; r = r->links[LINK_LIVE].next)
			if (r->exchange != NULL && r->exchange->resumed)
			{
				r->exchange->resumed = false;
				exchange_go_on(r->exchange);
			}
	}
	if (core->waiting.head == NULL)
		return;
	supa = supabase_get(core, &error);
	for (Request *r = core->waiting.head; r != NULL; r = next)
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

	if (request->exchange != NULL)
		list_append(&core->waiting, LINK_QUEUE, request);
	else if (request->kind == REQUEST_LISTEN)
		request_fail(request,
					 supabase_refusal("notifications", "Listen on a postgres profile, or ask again "
													   "from time to time."));
	else if (request->kind == REQUEST_STATEMENT)
		request_fail(request,
					 supabase_refusal("SQL statements",
									  "Use select, insert, update, delete and upsert, make "
									  "it a function and call that, or use a postgres "
									  "profile."));
	else
		request_fail(request, supabase_refusal("transactions",
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
	request->core->resume = true;
	core_due(request->core, 0);
}

static void
supabase_serve(Core *core, int fd, unsigned events)
{
	if (core->supabase != NULL)
		http_serve(core->supabase->client, fd, events);
}

static void
supabase_timers(Core *core, int64_t now)
{
	request_timers(core, now);
	if (core->supabase != NULL)
		http_timers(core->supabase->client, now);
}

static void
supabase_sweep(Core *core)
{
	(void) core;
}

static void
supabase_watches(const Core *core, ProviderWatchFn fn, void *arg)
{
	if (core->supabase != NULL)
		http_watches(core->supabase->client, fn, arg);
}

static PoolCounts
supabase_count(const Core *core)
{
	return core->supabase != NULL ? http_count(core->supabase->client) : (PoolCounts){0};
}

static void
supabase_close(Core *core)
{
	if (core->supabase != NULL)
		supabase_free(core->supabase);
	core->supabase = NULL;
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
	}
	else
	{
		error_set_no_memory(err);
		if (arena != NULL)
			arena_free(arena);
	}
	return x;
}

/* A schema's name goes into a header, where a line's end would begin another. */
static void
check_schema(const Exchange *x, dba_error **err)
{
	for (const char *p = exchange_schema(x); *p != '\0'; p++)
		if (iscntrl((unsigned char) *p))
		{
			error_set(err, DBA_INVALID,
					  "PostgREST cannot be told the name of a schema that holds a "
					  "control character");
			return;
		}
}

/* Without an exchange there is an error. */
static dba_request
supabase_submit(Request *request, Exchange *x, const JsonValue *value, dba_error *error)
{
	if (x != NULL)
		x->value = value;
	if (error == NULL)
		check_schema(x, &error);
	return error != NULL ? request_refuse(request, error) : request_submit(request);
}

static dba_request
supabase_select(Request *request, const dba_query *query)
{
	bool		count = wire_is_count(query) && request->row == NULL;
	dba_error  *error = NULL;
	Exchange   *x =
		exchange_of_query(request, count ? EXCHANGE_COUNT : EXCHANGE_SELECT, query, NULL, &error);

	return supabase_submit(request, x, NULL, error);
}

static dba_request
supabase_insert(Request *request, const dba_query *query, Arena *arena, const JsonValue *row,
				dba_error *error)
{
	Exchange   *x = exchange_of_query(request, EXCHANGE_INSERT, query, arena, &error);

	if (error == NULL)
		sql_check_row(row, &error);
	return supabase_submit(request, x, row, error);
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
	return supabase_submit(request, x, rows, error);
}

static dba_request
supabase_update(Request *request, const dba_query *query, Arena *arena, const JsonValue *row,
				dba_error *error)
{
	Exchange   *x = exchange_of_query(request, EXCHANGE_UPDATE, query, arena, &error);

	if (error == NULL && sql_check_row(row, &error))
		sql_check_filtered(query, "update", &error);
	return supabase_submit(request, x, row, error);
}

static dba_request
supabase_remove(Request *request, const dba_query *query)
{
	dba_error  *error = NULL;
	Exchange   *x = exchange_of_query(request, EXCHANGE_DELETE, query, NULL, &error);

	if (error == NULL)
		sql_check_filtered(query, "delete", &error);
	return supabase_submit(request, x, NULL, error);
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

dba_request
supabase_call(Request *request, const char *function, Arena *arena, const JsonValue *args,
			  dba_error *error)
{
	Exchange   *x = exchange_new(request, EXCHANGE_CALL);

	if (x == NULL)
	{
		arena_free(arena);
		error_set_no_memory(&error);
		return request_refuse(request, error);
	}
	arena_absorb(&x->query.arena, arena);
	if (error == NULL && args != NULL && args->type != JSON_TYPE_OBJECT &&
		args->type != JSON_TYPE_ARRAY)
		error_set(&error, DBA_INVALID, "arguments: expected an object or an array, found %s",
				  json_type_name(args->type));
	if (error == NULL)
		sql_read_name(&x->query.arena, function != NULL ? function : "", "function", 2,
					  &x->function, &error);
	return supabase_submit(request, x, args, error);
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
	return supabase_submit(request, request->exchange, NULL, error);
}

const Provider supabase_provider = {
	.name = "supabase",
	.select = supabase_select,
	.insert = supabase_insert,
	.insert_many = supabase_insert_many,
	.update = supabase_update,
	.remove = supabase_remove,
	.execute = supabase_execute,
	.call = supabase_call,
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
