/*
 * answer.c
 *		What the server sends back, given to the request it belongs to.
 *
 * The first operation of the ring owns each result libpq hands out; the NULL
 * after its last result, or PGRES_PIPELINE_SYNC, ends it.
 */
#include "postgres/answer.h"

#include <string.h>

#include "postgres/conn.h"
#include "base/mem.h"
#include "core/clock.h"
#include "core/params.h"
#include "core/trace.h"
#include "sql/result.h"
#include "postgres/poison.h"

dba_error *
answer_error(const Request *request, const PGresult *result)
{
	static const struct
	{
		ErrorField	field;
		int			code;
	} fields[] = {
		{ERROR_SQLSTATE, PG_DIAG_SQLSTATE},	 {ERROR_DETAIL, PG_DIAG_MESSAGE_DETAIL},
		{ERROR_HINT, PG_DIAG_MESSAGE_HINT},	 {ERROR_WHERE, PG_DIAG_CONTEXT},
		{ERROR_SCHEMA, PG_DIAG_SCHEMA_NAME}, {ERROR_TABLE, PG_DIAG_TABLE_NAME},
		{ERROR_COLUMN, PG_DIAG_COLUMN_NAME}, {ERROR_CONSTRAINT, PG_DIAG_CONSTRAINT_NAME},
	};
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	dba_error  *error;

	if (PQresultStatus(result) != PGRES_FATAL_ERROR)
		return NULL;
	if (message == NULL)
		message = PQresultErrorMessage(result);
	/* a server that ends the session in the middle of a statement */
	if (severity != NULL && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0))
		error = error_new(DBA_CONNECT, "%s%s", message, request->reads_only ? "" : MAY_HAVE_RUN);
	else
		error = error_new(DBA_SERVER, "%s", message);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		error_set_field(error, fields[i].field, PQresultErrorField(result, fields[i].code));
	return error;
}

/* Errors that say a prepared statement is not what this client believes; the
 * statement has not run. */
static bool
answer_is_stale(const Op *op, const PGresult *result, bool *mixed_up)
{
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *function = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

	*mixed_up = false;
	/* What the caller's own SQL says of statements that it prepared is the caller's. */
	if (state == NULL || (op->kind != OP_PREPARE && !op->request->wire.prepared))
		return false;
	if (strcmp(state, "26000") == 0 || strcmp(state, "42P05") == 0)
	{
		*mixed_up = true;
		return true;
	}
	/* It keeps the types of its parameters, which may fit no more. */
	if (op->kind == OP_DESCRIBE && op->request->sql.stmt->run == NULL &&
		params_count(op->request->sql.params) > 0)
		return true;
	return function != NULL &&
		   ((strcmp(state, "0A000") == 0 && strcmp(function, "RevalidateCachedQuery") == 0) ||
			(strcmp(state, "40001") == 0 && strcmp(function, "paramtypes_refuse") == 0));
}

/* Forget what the connection has prepared for a statement that failed. */
static void
answer_unprepare(Conn *conn, Stmt *stmt)
{
	if (stmt != NULL && stmt->slot >= 0 && conn->slots != NULL &&
		conn->slots[stmt->slot].serial == stmt->serial)
		conn->slots[stmt->slot].serial = 0;
}

/* Deallocated and prepared again, with its next use. */
static void
answer_prepare_again(Conn *conn, const Stmt *stmt)
{
	if (conn->slots != NULL && stmt->slot >= 0)
		conn->slots[stmt->slot].serial = UINT64_MAX;
}

#define MAX_STRAYS 3

/*
 * Statements prepared here are not those that the client believes: a pooler mixes them
 * up, or a function deallocated them.  In the latter case another connection has them;
 * what happens again and again is a pooler that nobody noticed.
 */
static void
answer_mixed_up(Conn *conn)
{
	conn->tainted = true;
	if (conn->pool->pooler || ++conn->pool->strays > MAX_STRAYS)
		conn->pool->prepare_off = true;
}

/*
 * Make the next attempt prepare afresh: off altogether where a pooler mixes
 * statements up, else under a new serial, so that the old one is deallocated.
 */
static bool
answer_retry(Conn *conn, Op *op, const PGresult *result)
{
	Request	   *request = op->request;
	Core	   *core = conn->core;
	bool		mixed_up;

	if (request->sql.stmt == NULL || !answer_is_stale(op, result, &mixed_up))
		return false;
	if (mixed_up)
		answer_mixed_up(conn);
	else
		answer_prepare_again(conn, request->sql.stmt);
	stmt_forget(request->sql.stmt);
	/*
	 * Inside a transaction the statement's failure has aborted it: only its owner can begin
	 * again.
	 */
	if (request->db->tx != NULL || request->wire.retried || request->abort_code != DBA_OK)
		return false;
	TRACE(core, trace_note(core, request, conn->number, "retried", "statement is stale"));
	request->wire.retried = true;
	request->wire.retry = true;
	request->wire.described = false;
	/* Other connections may have lost theirs in the same way. */
	if (mixed_up)
		request->sql.unprepared = true;
	core->stats.retried++;
	return true;
}

/*
 * Could the error come of types that changed since the statement was described?  Of a
 * wrong value, an operator that does not exist, a type that is gone, and of the guard.
 */
static bool
answer_is_doubtful(const Request *request, const PGresult *result)
{
	static const char *const classes[] = {"22", "42", "XX", "0A"};
	const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);

	if (state == NULL || request->sql.stmt == NULL || !request->sql.stmt->described ||
		params_count(request->sql.params) == 0)
		return false;
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strncmp(state, classes[i], 2) == 0)
			return true;
	return false;
}

/*
 * It failed, so nothing of it is left: it is described anew, and sent again if the
 * description is another one now.
 */
static bool
answer_doubt(Conn *conn, Request *request, const PGresult *result)
{
	if (!answer_is_doubtful(request, result))
		return false;
	stmt_forget(request->sql.stmt);
	/* Of the caller's, prepared with the types of then, it would fail once more. */
	if (request->wire.prepared && request->sql.stmt->run == NULL)
		answer_prepare_again(conn, request->sql.stmt);
	if (request->db->tx != NULL || request->wire.retried || request->wire.described ||
		request->abort_code != DBA_OK || request->count > 0)
		return false;
	TRACE(conn->core,
		  trace_note(conn->core, request, conn->number, "retried", "types may have changed"));
	request->sql.doubt = answer_error(request, result);
	request->wire.retried = true;
	request->wire.retry = true;
	return true;
}

/* In a transaction it cannot be sent again: what came before it is lost as well. */
static dba_error *
answer_refusal(const Request *request)
{
	dba_error  *error =
		error_new(DBA_SERVER, "the type of a column changed after the statement was described");

	error_set_field(error, ERROR_SQLSTATE, "40001");
	error_hint(error, request->db->tx != NULL ? "Begin the transaction again." : "Try again.");
	return error;
}

static void
answer_failure(Conn *conn, Op *op, const PGresult *result)
{
	Request	   *request = op->request;

	if (request != NULL && PQresultStatus(result) != PGRES_PIPELINE_ABORTED)
		TRACE(conn->core, trace_answered(request, conn->number, result));
	op->failed = true;
	conn_note_last_words(conn, result);
	if (PQstatus(conn->pg) == CONNECTION_BAD &&
		PQresultErrorField(result, PG_DIAG_SQLSTATE) == NULL)
		return;					/* libpq's own words on the loss: conn_close has better ones */
	if (op->kind == OP_PREPARE)
		answer_unprepare(conn, op->stmt);
	if (op->kind == OP_RESET_PREPARE || op->kind == OP_RESET || op->kind == OP_WATCH)
		conn_take_reset_failure(conn, op->kind, result);
	if (request == NULL || request->error != NULL || request->wire.retry)
		return;
	if (PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
	{
		if (request->db->tx != NULL)
			request->error = poison_error(request->db->tx);
		return;					/* else the operation that failed has spoken */
	}
	if (answer_retry(conn, op, result) || answer_doubt(conn, request, result))
		return;
	PQclear(request->result);
	request->result = NULL;
	request->error =
		guard_refused(result) ? answer_refusal(request) : answer_error(request, result);
	if (request->db->tx != NULL)
		poison_note(request->db->tx, request);
}

/* One row of a stream. */
static void
answer_row(Conn *conn, Request *request, PGresult *row)
{
	dba_flow	flow = DBA_CONTINUE;
	dba_result	result;

	if (request->abort_code == DBA_OK)
	{
		if (request->stream.chunk != NULL)
			flow = request->stream.chunk(request, PQgetvalue(row, 0, 0),
										 (size_t) PQgetlength(row, 0, 0));
		else
		{
			request->count++;
			result_init(&result, row, conn->core->types, 1);
			result.raw_null = request->json_null;
			flow = request->stream.row(request->db, &result, request->arg);
			if (result_kept(&result))
				row = NULL;
		}
	}
	PQclear(row);
	if (flow == DBA_PAUSE && request->wire.conn == conn && request->abort_code == DBA_OK)
		conn->paused = true;
	else if (flow == DBA_STOP)
		request_abort(request, DBA_CANCELLED);
}

static void
answer_copy_in(Conn *conn, Request *request)
{
	dba_error  *error = NULL;

	request->copy.taken = true;
	for (;;)
	{
		if (request->copy.sent == request->copy.size)
		{
			request->copy.sent = 0;
			if (!request->copy.fill(request))
			{
				error_set_no_memory(&error);
				request_fail(request, error);
				conn_close(conn, NULL);
				return;
			}
			if (request->copy.size == 0)
				break;
		}
		if (PQputCopyData(conn->pg, request->copy.data, (int) request->copy.size) != 1)
		{
			conn_close(conn, NULL);
			return;
		}
		request->copy.sent = request->copy.size;	/* libpq has it all */
		/* Not more than the socket takes: libpq would keep the whole source in memory. */
		if (PQflush(conn->pg) > 0)
			return;				/* goes on when the socket is writable */
	}
	if (PQputCopyEnd(conn->pg, NULL) == 1)
		request->copy.ended = true;
}

/* COPY cannot be served inside a pipeline, and there is no way back from it. */
static void
answer_refuse_copy(Conn *conn, Request *request)
{
	if (request != NULL)
		request_fail(request, error_new(DBA_NOT_SUPPORTED,
										"COPY to or from the client is not supported here"));
	conn_close(conn, NULL);
}

/* What a description says is kept with the statement; types it names that are
 * not known are asked for before the statement runs. */
static void
answer_described(Conn *conn, Op *op, const PGresult *result)
{
	const Types *types = conn->core->types;
	Buf			oids = BUF_INIT;

	for (int i = 0; i < PQnparams(result); i++)
		types_want_again(types, PQparamtype(result, i), &oids);
	for (int i = 0; i < PQnfields(result); i++)
		types_want(types, PQftype(result, i), &oids);
	if (!stmt_describe(op->stmt, result))
		error_set_no_memory(&op->request->error);
	else if (types_close_list(&oids))
		op->request->sql.missing_types = buf_take(&oids);
	buf_free(&oids);
}

static void
answer_guarded(Op *op, const PGresult *result)
{
	const char *types = PQgetisnull(result, 0, 0) ? NULL : PQgetvalue(result, 0, 0);

	if (!stmt_take_guard(op->stmt, types))
		error_set_no_memory(&op->request->error);
}

static void
answer_types(Conn *conn, Op *op, const PGresult *result)
{
	Buf			missing = BUF_INIT;

	if (!types_learn(&conn->core->types, result, &missing))
		error_set_no_memory(&op->request->error);
	else if (missing.len > 0 && op->request->sql.missing_types == NULL)
		op->request->sql.missing_types = buf_take(&missing);
	buf_free(&missing);
}

static bool
stmt_names_column(const Stmt *stmt, Oid oid)
{
	for (int i = 0; stmt != NULL && i < stmt->ncolumns; i++)
		if (stmt->columns[i] == oid)
			return true;
	return false;
}

/* Rows may have types that no description named: of a table that was altered since. */
static void
answer_look_at_types(Conn *conn, Request *request, const PGresult *result)
{
	const Types *types = conn->core->types;
	Buf			oids = BUF_INIT;

	for (int i = 0; i < PQnfields(result); i++)
	{
		Oid			oid = PQftype(result, i);

		if (oid >= 10000 && !stmt_names_column(request->sql.stmt, oid))
			types_want_again(types, oid, &oids);
		else
			types_want(types, oid, &oids);
	}
	if (types_close_list(&oids) && request->sql.missing_types == NULL)
		request->sql.missing_types = buf_take(&oids);
	buf_free(&oids);
}

/* A good answer to the first operation; takes the result. */
static void
answer_success(Conn *conn, Op *op, PGresult *result)
{
	Request	   *request = op->request;

	if (request != NULL && op->kind != OP_GUARD)
		TRACE(conn->core, trace_answered(request, conn->number, result));
	if (op->kind == OP_SETUP)
		connect_setup_done(conn, result);
	else if (op->kind == OP_WATCH)
		conn_take_watch(conn, result);
	else if (op->kind == OP_EXECUTE)
		conn_note_command(conn, request, result);
	if (op->kind == OP_EXECUTE && request != NULL)
	{
		/* A COMMIT of an aborted transaction succeeds, as a ROLLBACK: that is no commit. */
		if (request->kind == REQUEST_COMMIT && strcmp(PQcmdStatus(result), "ROLLBACK") == 0)
			request->error = poison_error(request->db->tx);
		PQclear(request->result);
		request->result = result;
		if (request->stream.row == NULL && request->stream.chunk == NULL)
		{
			request->count = result_count(result);
			if (!request->internal)
				answer_look_at_types(conn, request, result);
		}
		return;
	}
	if (op->kind == OP_DESCRIBE && request != NULL && PQresultStatus(result) == PGRES_COMMAND_OK)
		answer_described(conn, op, result);
	else if (op->kind == OP_GUARD && request != NULL)
		answer_guarded(op, result);
	else if (op->kind == OP_TYPES && request != NULL)
		answer_types(conn, op, result);
	PQclear(result);
}

/* --- the ends of operations */

static void
answer_end_request(Request *request)
{
	Conn	   *conn = request->wire.conn;
	Core	   *core = conn->core;

	if (request->wire.retry)
	{
		request->wire.retry = false;
		request->wire.answered = false;
		conn_leave(conn, request);
		request->state = REQUEST_QUEUED;
		list_prepend(&core->requests.waiting, LINK_QUEUE, request);
		clock_due(core, 0);
		return;
	}
	if (request->abort_code != DBA_OK && request->error != NULL &&
		strcmp(dba_error_sqlstate(request->error), "57014") == 0)
	{
		dba_error_free(request->error);
		request->error = request_cancelled_error(request);
	}
	else if (request->abort_code != DBA_OK && request_is_stream(request) && request->error == NULL)
		request->error = request_cancelled_error(request);
	if (request->error != NULL)
	{
		PQclear(request->result);
		request->result = NULL;
	}
	request_finish(request);
}

#define MAX_LOOKUPS 16 /* types of types of types … */

/* Looks up what is missing; false: nothing is. */
static bool
answer_look_up(Conn *conn, Request *request)
{
	const char *values[1] = {request->sql.missing_types};
	bool		sent;

	if (request->sql.missing_types == NULL || request->sql.lookups++ == MAX_LOOKUPS)
		return false;
	conn->describing = request;
	sent = PQsendQueryParams(conn->pg, types_query(), 1, NULL, values, NULL, NULL, 0) == 1 &&
		   conn_expect(conn, OP_TYPES, request, NULL) && conn_pipeline_sync(conn->pg) == 1 &&
		   conn_expect(conn, OP_SYNC, request, NULL);
	mem_free(request->sql.missing_types);
	request->sql.missing_types = NULL;
	if (!sent)
		conn_close(conn, NULL);
	return true;
}

/* The result is here, and with it perhaps types that are not known. */
static void
answer_end_result(Conn *conn, Request *request)
{
	if (request->error == NULL && !request->wire.retry && request->abort_code == DBA_OK &&
		answer_look_up(conn, request))
		request->wire.learning = true;
	else
		answer_end_request(request);
}

/* Described under its name, and nothing new. */
static void
answer_note_described(Conn *conn, const Stmt *stmt)
{
	ConnSlot   *slot = conn->slots != NULL && stmt->slot >= 0 ? &conn->slots[stmt->slot] : NULL;

	if (slot != NULL && slot->serial == stmt->serial)
		slot->described = true;
}

/* A new description: does it differ from the one that failed?  false: that was right. */
static bool
answer_settle(Request *request)
{
	bool		changed = false;

	request->wire.described = true;
	if (!stmt_settle(&request->core->stmts, request->sql.stmt, &changed))
		error_set_no_memory(&request->error);
	else if (request->sql.doubt != NULL && !changed)
	{
		request->error = request->sql.doubt;
		request->sql.doubt = NULL;
	}
	if (request->wire.prepared && !changed)
		answer_note_described(request->wire.conn, request->sql.stmt);
	return request->error == NULL;
}

/* The description (or the types it lacked) is here: the statement can be sent. */
static void
answer_end_describing(Conn *conn, Request *request)
{
	conn->describing = NULL;
	if (request->error != NULL || request->wire.retry ||
		(!request->wire.described && !answer_settle(request)))
	{
		answer_end_request(request);
		return;
	}
	if (answer_look_up(conn, request))
		return;
	if (request->wire.learning)
	{
		answer_end_request(request);
		return;
	}
	conn->requests--;			/* conn_send counts it again */
	conn_send(conn, request);
	if (conn->state != CONN_DEAD && conn->tx != NULL)
		clock_due(conn->core, 0);
}

static void
answer_end_listening(Conn *conn, Request *request)
{
	(void) conn;
	if (request->error != NULL)
	{
		answer_end_request(request);
		return;
	}
	request->listen.notify(&request->core->self, request->listen.channel, NULL, 0, request->arg);
}

static void
answer_end_op(Conn *conn)
{
	Op		   *op = conn_op(conn);
	Request	   *request = op->request;
	OpKind		kind = op->kind;

	conn_pop(conn);
	if (kind == OP_EXECUTE && conn->stream != NULL && conn->stream == request)
	{
		conn->stream = NULL;
		conn->paused = false;
	}
	if (request == NULL)
		return;
	if (kind == OP_EXECUTE && request->kind == REQUEST_COPY)
	{
		conn->copying = NULL;
		if (PQenterPipelineMode(conn->pg) != 1)
			conn->doomed = true;
		answer_end_request(request);
	}
	else if (kind == OP_EXECUTE && conn->tx != NULL && request->wire.resetting)
		request->wire.answered = true;
	else if (kind == OP_EXECUTE && conn->tx != NULL)
		answer_end_result(conn, request);
	else if (kind == OP_SYNC && conn->describing == request)
		answer_end_describing(conn, request);
	else if (kind == OP_SYNC && request->kind == REQUEST_LISTEN)
		answer_end_listening(conn, request);
	else if (kind == OP_SYNC && request->wire.resetting)
	{
		request->wire.resetting = false;
		request->wire.answered = true;
	}
	else if (kind == OP_SYNC)
		answer_end_result(conn, request);
}

static void
answer_notifications(Conn *conn)
{
	PGnotify   *notify;

	while (conn->state != CONN_DEAD && (notify = PQnotifies(conn->pg)) != NULL)
	{
		Request	   *listener = conn->listener;

		if (listener != NULL && listener->state == REQUEST_SENT)
			listener->listen.notify(&conn->core->self, notify->relname, notify->extra,
									notify->be_pid, listener->arg);
		PQfreemem(notify);
	}
}

/* Take one result; NULL ends the first operation. */
static void
answer_take(Conn *conn, PGresult *result)
{
	Op		   *op = conn_op(conn);
	Request	   *request;

	if (result == NULL)
	{
		if (op->kind != OP_SYNC)
			answer_end_op(conn);
		return;
	}
	request = op->request;
	switch (PQresultStatus(result))
	{
		case PGRES_PIPELINE_SYNC:
			PQclear(result);
			answer_end_op(conn);
			return;
		case PGRES_FATAL_ERROR:
		case PGRES_PIPELINE_ABORTED:
			answer_failure(conn, op, result);
			PQclear(result);
			return;
		case PGRES_SINGLE_TUPLE:
			if (request != NULL)
				answer_row(conn, request, result);
			else
				PQclear(result);
			return;
		case PGRES_COPY_IN:
			if (request != NULL && request->kind == REQUEST_COPY)
				answer_copy_in(conn, request);
			else
				answer_refuse_copy(conn, request);
			PQclear(result);
			return;
		case PGRES_COPY_OUT:
		case PGRES_COPY_BOTH:
			answer_refuse_copy(conn, request);
			PQclear(result);
			return;
		default:
			answer_success(conn, op, result);
	}
}

/* Is the connection in COPY with data still to be sent? */
static bool
answer_copies(const Conn *conn)
{
	return conn->copying != NULL && conn->copying->copy.taken && !conn->copying->copy.ended;
}

void
answer_drain(Conn *conn)
{
	if (answer_copies(conn) && PQflush(conn->pg) == 0)
		answer_copy_in(conn, conn->copying);
	while (conn->state != CONN_DEAD && !conn->paused && conn->ring.count > 0 &&
		   !answer_copies(conn) && !PQisBusy(conn->pg))
	{
		PGresult   *result = PQgetResult(conn->pg);

		/* of a lost connection NULL says nothing more than that */
		if (result == NULL && PQstatus(conn->pg) == CONNECTION_BAD)
			break;
		answer_take(conn, result);
	}
	answer_notifications(conn);
	conn->pool->news->changed(conn);
}

/*
 * Nothing was asked, yet something came: a notice or a parameter's new value
 * (harmless, libpq has taken it), or the server's last word.
 */
void
answer_idle(Conn *conn)
{
	if (PQstatus(conn->pg) == CONNECTION_BAD)
		conn_close(conn, NULL);
}
