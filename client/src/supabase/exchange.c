/*
 * exchange.c
 *		What a request is with this provider: written, sent, and sent again for
 *		each page of a select.
 *
 * An exchange is written from the service's description once it is there, so what
 * it says of keys and types holds for all pages of a select, unless the description
 * changes meanwhile: then pages go on by offset.
 */
#include "supabase/supabase.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "core/trace.h"

#define STREAM_PAGE 1000 /* rows of a stream held at a time */

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
exchange_refusal(const char *what, const char *instead)
{
	dba_error  *error = error_new(DBA_NOT_SUPPORTED,
								  "the provider \"supabase\" has no %s: PostgREST is asked one "
								  "request at a time",
								  what);

	error_hint(error, instead);
	return error;
}

/* --- what it is about */

const char *
exchange_schema(const Exchange *x)
{
	const SqlName *name = x->kind == EXCHANGE_CALL ? &x->function : &x->query.table;

	return name->count > 1 ? name->parts[0] : "";
}

const ApiTable *
exchange_table(const Exchange *x)
{
	Api		   *api = service_api(x->supa, exchange_schema(x));

	return api != NULL && x->query.table.count > 0
			   ? api_table(api->tables, x->query.table.parts[x->query.table.count - 1])
			   : NULL;
}

bool
exchange_needs_description(const Exchange *x)
{
	return x->kind != EXCHANGE_CALL && x->kind != EXCHANGE_TEST;
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
			ok = wire_insert(&x->wire, &x->query, table, x->value, err);
			break;
		case EXCHANGE_INSERT_MANY:
			ok = wire_insert_many(&x->wire, &x->query, table, x->value, x->columns, x->even, err);
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
	if (x->request->stream.row != NULL && (left < 0 || left > STREAM_PAGE))
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
	/*
	 * Counted once where pages go by key; by offset each time, to see that rows have come
	 * or gone.
	 */
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
	ok = service_headers(supa, &x->headers,
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

	/* Written once; of a page only its limit, offset or key is written anew. */
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
					 .done = x->answered};
	if (!http_start(x->supa->client, &x->http))
		return error_set_no_memory(err);
	TRACE(x->supa->core, trace_sent(x->request, 0, wire->method, buf_text(&wire->url)));
	if (!x->flying)
		x->supa->in_flight++;
	x->flying = true;
	x->request->state = REQUEST_SENT;
	return true;
}

/* --- submitting */

/* A schema's name goes into a header, where a line's end would begin another. */
static void
exchange_check_schema(const Exchange *x, dba_error **err)
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
dba_request
exchange_submit(Request *request, Exchange *x, const JsonValue *value, dba_error *error)
{
	if (x != NULL)
		x->value = value;
	if (error == NULL)
		exchange_check_schema(x, &error);
	return error != NULL ? request_refuse(request, error) : request_submit(request);
}

dba_request
exchange_call(Request *request, const char *function, Arena *arena, const JsonValue *args,
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
	return exchange_submit(request, x, args, error);
}
