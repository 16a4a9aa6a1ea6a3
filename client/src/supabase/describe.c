/*
 * describe.c
 *		The service's description of a schema: asked for before the first request
 *		that needs it, which waits meanwhile.
 */
#include "supabase/supabase.h"

#include <string.h>

#include "core/clock.h"

#define API_TIMEOUT_MS 30000
#define API_LOOK_AGAIN_MS 10000 /* a table not described may be new */

/* The description in the reply takes the place of an older one; false: no memory. */
static bool
describe_take(Api *api)
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
describe_answered(Http *http, dba_error *error)
{
	Api		   *api = http->arg;
	Supabase   *supa = api->supa;
	Core	   *core = supa->core;
	HttpReply  *reply = &http->reply;
	Request	   *next;

	supa->in_flight--;
	if (error == NULL && reply->status >= 500)
		error = reply_error(reply);
	/* a service that does not describe itself is used without; what it once said holds */
	if (error == NULL && reply->status == 200 && reply->value != NULL && !describe_take(api))
		error = error_new(DBA_NO_MEMORY, "out of memory");
	service_forget(supa, api);
	api->state = error == NULL ? API_KNOWN : API_UNKNOWN;
	api->loaded_at = clock_now();
	for (Request *r = error != NULL ? core->requests.waiting.head : NULL; r != NULL; r = next)
	{
		next = r->links[LINK_QUEUE].next;
		if (exchange_needs_description(r->exchange) &&
			strcmp(exchange_schema(r->exchange), api->schema) == 0)
		{
			dba_error  *copy = error_copy(error);

			if (!copy->constant)
				copy->retryable = true; /* nothing of the request itself was sent */
			request_fail(r, copy);
		}
	}
	dba_error_free(error);
	clock_due(core, 0);
}

static bool
describe_load(Supabase *supa, Api *api)
{
	bool		ok;

	buf_printf(&api->url, "%s/", supa->root);
	ok = buf_ok(&api->url) && service_headers(supa, &api->headers, "application/openapi+json",
											  "Accept-Profile", api->schema);
	api->http.method = "GET";
	api->http.url = buf_text(&api->url);
	api->http.headers = api->headers;
	api->http.timeout = API_TIMEOUT_MS;
	api->http.arg = api;
	api->http.done = describe_answered;
	ok = ok && http_start(supa->client, &api->http);
	if (!ok)
	{
		service_forget(supa, api);
		return false;
	}
	supa->in_flight++;
	api->state = API_LOADING;
	return true;
}

/* Is what the service says of the exchange's table known?  Asks when it is not. */
bool
describe_ready(Exchange *x, dba_error **err)
{
	Api		   *api;

	if (!exchange_needs_description(x))
		return true;
	api = service_api(x->supa, exchange_schema(x));
	if (api == NULL)
		return error_set_no_memory(err);
	/* A table may have been made since: asked again, but not for every request. */
	if (api->state == API_KNOWN && exchange_table(x) == NULL &&
		clock_now() - api->loaded_at > API_LOOK_AGAIN_MS)
		api->state = API_UNKNOWN;
	if (api->state == API_UNKNOWN && !describe_load(x->supa, api))
		return error_set_no_memory(err);
	return api->state == API_KNOWN;
}
