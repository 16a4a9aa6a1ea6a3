/*
 * pages.c
 *		What came back for an exchange: rows, pages of them, a count.
 *
 * A service may cut any answer short without a word.  So each select asks for the
 * exact count with its first page and goes on until it has that many rows; too
 * few, too many, or a count that changed on the way is an error.  Pages follow
 * the primary key where the order is its alone, and an offset elsewhere.
 */
#include "supabase/supabase.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/pgtypes.h"
#include "core/trace.h"

static void
exchange_fail(Exchange *x, dba_error *error)
{
	request_fail(x->request, error);
}

/* The request's work is done: its rows, or their number. */
static void
exchange_finish(Exchange *x, int64_t count)
{
	Request	   *request = x->request;

	request->result = x->rows;
	x->rows = NULL;
	request->count = count;
	request_finish(request);
}

static bool
fail_count(const Exchange *x, int64_t rows, int64_t total, dba_error **err)
{
	dba_error  *error;

	if (total < 0)
		error = error_new(DBA_SERVER, "the service did not count the rows, so that an answer cut "
									  "short would not show");
	else
		error = error_new(DBA_SERVER,
						  "the service gave %" PRId64 " rows and counted %" PRId64
						  ": they changed while they were read, or were cut off",
						  rows, total);
	error_set_field(error, ERROR_SQLSTATE, "40001");
	if (x->kind == EXCHANGE_CALL)
		error_hint(error, "The service limits the rows of an answer (db-max-rows); the function "
						  "has run. Let it return one JSON value, or fewer rows.");
	error_move(err, error);
	return false;
}

/* --- selects */

/* How many rows there are to be had, by the first page; later ones must agree. */
static bool
select_count(Exchange *x, dba_error **err)
{
	const HttpReply *reply = &x->http.reply;
	int64_t		wanted;

	if (x->got > 0 && x->by_key)
		return true;
	if (reply->total < 0)
		return fail_count(x, 0, -1, err);
	if (x->got > 0)
		return reply->total == x->total || fail_count(x, x->total, reply->total, err);
	x->total = reply->total;
	wanted = x->total > x->query.offset ? x->total - x->query.offset : 0;
	if (x->query.limit >= 0 && wanted > x->query.limit)
		wanted = x->query.limit;
	x->wanted = wanted;
	return true;
}

/* May there be another page?  Only in an order that holds from page to page. */
static bool
select_check_order(const Exchange *x, dba_error **err)
{
	dba_error  *error;

	if (wire_is_ordered(&x->query, exchange_table(x)))
		return true;
	error = error_new(DBA_INVALID,
					  "the service gives \"%s\" in pages, and without an order rows would be "
					  "missing or come twice",
					  x->query.table.parts[x->query.table.count - 1]);
	error_hint(error, "Order by columns that tell the rows apart; no primary key is known.");
	error_move(err, error);
	return false;
}

/* The page in the reply was taken: another one, or the end. */
static bool
select_next_page(Exchange *x, dba_error **err)
{
	const JsonValue *array = x->http.reply.value;

	x->page_open = false;
	if (x->got == x->wanted)
	{
		exchange_finish(x, x->got);
		return true;
	}
	if (x->got > x->wanted || array == NULL || array->first == NULL)
		return fail_count(x, x->got, x->wanted, err);
	if (!select_check_order(x, err))
		return false;
	for (x->last = array->first; x->last->next != NULL;)
		x->last = x->last->next;
	return exchange_send(x, err);
}

/* --- streams */

/* One row to the caller; false: the stream stops or pauses. */
static bool
stream_give(Exchange *x, Buf *scratch, dba_error **err)
{
	Request	   *request = x->request;
	Core	   *core = request->core;
	PGresult   *row = PQcopyResult(x->head, PG_COPYRES_ATTRS);
	dba_result	result;
	dba_flow	flow;

	if (row == NULL || !rows_add(row, x->next, scratch, err))
	{
		if (row == NULL)
			error_set_no_memory(err);
		PQclear(row);
		return false;
	}
	x->next = x->next->next;
	request->count = ++x->got;
	result_init(&result, row, core->types, 1);
	flow = request->stream.row(&core->self, &result, request->arg);
	if (!result_kept(&result))
		PQclear(row);
	if (request->state == REQUEST_DONE)
		return false;			/* cancelled by the row function: x is gone */
	if (flow == DBA_STOP)
		error_set(err, DBA_CANCELLED, "the stream was stopped by its row function");
	return flow == DBA_CONTINUE;
}

static void
stream_give_page(Exchange *x)
{
	Request	   *request = x->request;
	Buf			scratch = BUF_INIT;
	dba_error  *error = NULL;

	while (x->next != NULL && stream_give(x, &scratch, &error))
		;
	buf_free(&scratch);
	if (request->state == REQUEST_DONE)
		return;
	if (error == NULL && x->next == NULL)
		select_next_page(x, &error);
	if (error != NULL)
		exchange_fail(x, error);
}

void
pages_go_on(Exchange *x)
{
	if (x->page_open)
		stream_give_page(x);
}

static bool
stream_page(Exchange *x, dba_error **err)
{
	const JsonValue *array = x->http.reply.value;

	if (array->type != JSON_TYPE_ARRAY ||
		(array->first != NULL && array->first->type != JSON_TYPE_OBJECT))
		return error_set(err, DBA_SERVER, "the service did not answer with rows");
	if (x->head == NULL)
		x->head = rows_begin(array, x->query.columns, exchange_table(x));
	if (x->head == NULL)
		return error_set_no_memory(err);
	x->next = array->first;
	x->page_open = true;
	stream_give_page(x);
	return true;
}

static bool
select_answered(Exchange *x, dba_error **err)
{
	const JsonValue *array = x->http.reply.value;

	if (!select_count(x, err))
		return false;
	if (x->request->stream.row != NULL)
		return stream_page(x, err);
	if (!rows_read(&x->rows, array, x->query.columns, exchange_table(x), err))
		return false;
	x->got += (int64_t) array->count;
	return select_next_page(x, err);
}

/* --- the other kinds */

static bool
write_answered(Exchange *x, dba_error **err)
{
	const HttpReply *reply = &x->http.reply;
	bool		rows =
		x->kind == EXCHANGE_INSERT || x->kind == EXCHANGE_UPDATE || x->query.returning != NULL;
	int64_t		count = reply->total;

	if (rows)
	{
		if (!rows_read(&x->rows, reply->value, x->query.returning, exchange_table(x), err))
			return false;
		count = (int64_t) reply->value->count;
		if (reply->total >= 0 && reply->total != count)
			return fail_count(x, count, reply->total, err);
	}
	else if (count < 0)
		return fail_count(x, 0, -1, err);
	exchange_finish(x, count);
	return true;
}

static bool
call_answered(Exchange *x, dba_error **err)
{
	static const JsonValue nothing = {.type = JSON_TYPE_NULL};
	const HttpReply *reply = &x->http.reply;
	const JsonValue *value = reply->value != NULL ? reply->value : &nothing;

	if (reply->rows >= 0 && reply->total >= 0 && reply->rows != reply->total)
		return fail_count(x, reply->rows, reply->total, err);
	if (!rows_of_call(&x->rows, value, x->function.parts[x->function.count - 1], reply->rows, err))
		return false;
	exchange_finish(x, PQntuples(x->rows));
	return true;
}

/* The row that a server gives for count(*). */
static bool
count_answered(Exchange *x, dba_error **err)
{
	const SqlItem *item = x->query.columns;
	const char *name = item->alias != NULL ? item->alias : item->expr.function;
	char		text[24];
	const char *value = text;

	if (x->http.reply.total < 0)
		return fail_count(x, 0, -1, err);
	snprintf(text, sizeof(text), "%" PRId64, x->http.reply.total);
	x->rows = result_make(1, &name, (const Oid[]){INT8OID}, 1, &value);
	if (x->rows == NULL)
		return error_set_no_memory(err);
	exchange_finish(x, 1);
	return true;
}

static bool
test_answered(Exchange *x, dba_error **err)
{
	x->rows = facts_of(x);
	if (x->rows == NULL)
		return error_set_no_memory(err);
	exchange_finish(x, 1);
	return true;
}

/* An offset beyond the last row is no mistake. */
static bool
is_beyond(const Exchange *x)
{
	const HttpReply *reply = &x->http.reply;

	return x->kind == EXCHANGE_SELECT && reply->status == 416 && x->got == 0 && reply->total >= 0;
}

static bool
exchange_read(Exchange *x, dba_error **err)
{
	static const JsonValue no_rows = {.type = JSON_TYPE_ARRAY};
	HttpReply  *reply = &x->http.reply;
	dba_error  *error;

	if (is_beyond(x))
	{
		if (!rows_read(&x->rows, &no_rows, x->query.columns, exchange_table(x), err))
			return false;
		exchange_finish(x, 0);
		return true;
	}
	error = reply_error(reply);
	if (error != NULL)
	{
		error_move(err, error);
		return false;
	}
	/* 204, and 201 of return=minimal, have no body */
	if (reply->value == NULL && (reply->json || reply->text.len > 0 || x->kind == EXCHANGE_SELECT))
		return reply_malformed(reply, "the service's answer", err);
	switch (x->kind)
	{
		case EXCHANGE_SELECT:
			return select_answered(x, err);
		case EXCHANGE_COUNT:
			return count_answered(x, err);
		case EXCHANGE_CALL:
			return call_answered(x, err);
		case EXCHANGE_TEST:
			return test_answered(x, err);
		default:
			return write_answered(x, err);
	}
}

void
pages_answered(Http *http, dba_error *error)
{
	Exchange   *x = http->arg;

	if (error == NULL)
		TRACE(x->supa->core, trace_note(x->supa->core, x->request, 0, "answered", "status %ld",
										http->reply.status));
	if (error != NULL || !exchange_read(x, &error))
		if (error != NULL)
			exchange_fail(x, error);
}
