/*
 * connsend.c
 *		A request given to a connection: what is sent of it, and how.
 *
 * An autocommit request ends with its own Sync, and only the Sync's answer ends
 * it: deferred constraints fail there.  Inside a transaction a Sync closes a
 * burst, and each request ends with its own answer.  A statement the client has
 * not met is described first; whatever was given to the connection later waits, so
 * that order is kept.
 *
 * Types change under a client that lives long.  What we write ourselves has a guard
 * (sql/guard.h) and runs with the types of its description, prepared where that is
 * worth it.  Of the caller's own text nobody knows which columns its parameters go to:
 * it is never prepared with parameters, for their types would stay, and described each
 * time when the text of one depends on its type.
 */
#include <string.h>

#include "base/mem.h"
#include "core/params.h"
#include "core/trace.h"
#include "postgres/conn.h"

/* The Sync that ends an autocommit request. */
static bool
conn_sync_request(Conn *conn, Request *request)
{
	return conn_pipeline_sync(conn->pg) == 1 && conn_expect(conn, OP_SYNC, request, NULL);
}

static ConnSlot *
conn_slot(Conn *conn, const Stmt *stmt)
{
	if (conn->slots == NULL)
		conn->slots = mem_zalloc(sizeof(ConnSlot) * (size_t) conn->core->stmts.limit);
	return conn->slots != NULL ? &conn->slots[stmt->slot] : NULL;
}

static bool
conn_use_prepared(const Conn *conn, const Request *request)
{
	const Core *core = conn->core;

	/* A stream is run once, for long: its plan is not worth a place in the cache. */
	if (request->sql.stmt->slot < 0 || request->sql.unprepared || request_is_stream(request) ||
		conn->pool->prepare_off || core->settings.prepare == 0)
		return false;
	/* The server would keep the types that parameters have today, unless it looks again. */
	if (params_count(request->sql.params) > 0 && request->sql.stmt->run == NULL &&
		conn->watch != WATCH_ON)
		return false;
	return core->settings.prepare == 1 || !conn->pool->pooler;
}

/*
 * A statement that lost its place in the cache and got another may still be
 * prepared here under its name: what the two places hold changes sides.
 */
static void
conn_find_prepared(Conn *conn, ConnSlot *slot, const Stmt *stmt)
{
	for (int i = 0; i < conn->core->stmts.limit; i++)
	{
		ConnSlot   *other = &conn->slots[i];
		ConnSlot	found = *other;

		if (other == slot || other->serial == 0 ||
			memcmp(other->hash, stmt->hash, STMT_HASH_SIZE) != 0)
			continue;
		*other = *slot;
		*slot = found;
		if (slot->serial != UINT64_MAX)
			slot->serial = stmt->serial;
		return;
	}
}

/* From libpq 17 on by the protocol's Close, which poolers follow. */
static int
conn_send_deallocate(Conn *conn, const char *name)
{
#ifdef LIBPQ_HAS_CLOSE_PREPARED
	return PQsendClosePrepared(conn->pg, name);
#else
	char		sql[STMT_NAME_SIZE + 16] = "DEALLOCATE ";

	strcat(sql, name);
	return PQsendQueryParams(conn->pg, sql, 0, NULL, NULL, NULL, NULL, 0);
#endif
}

/* For src/session/paramtypes.c, which refuses it once its types are others. */
#define MARK "\n/* db_adapter: types as in the text */"

static bool
conn_send_parse(Conn *conn, const char *name, const Request *request)
{
	const Stmt *stmt = request->sql.stmt;
	Buf			text = BUF_INIT;
	bool		sent;

	if (stmt->run != NULL)
		return PQsendPrepare(conn->pg, name, stmt->run, stmt->nparams, stmt->params) == 1;
	buf_puts(&text, stmt->sql);
	if (params_count(request->sql.params) > 0)
		buf_puts(&text, MARK);
	sent = buf_ok(&text) && PQsendPrepare(conn->pg, name, buf_text(&text), 0, NULL) == 1;
	buf_free(&text);
	return sent;
}

/* Send Parse for a statement this connection has not prepared, first
 * deallocating what its slot held. */
static bool
conn_send_prepare(Conn *conn, ConnSlot *slot, Request *request)
{
	Stmt	   *stmt = request->sql.stmt;
	char		name[STMT_NAME_SIZE];

	if (slot->serial != stmt->serial)
		conn_find_prepared(conn, slot, stmt);
	if (slot->serial == stmt->serial)
		return true;
	/* Deallocated before the new one is prepared: the name may be the same. */
	if (slot->serial != 0)
	{
		stmt_name(slot->hash, name);
		if (conn_send_deallocate(conn, name) != 1)
			return false;
		conn_expect(conn, OP_PREPARE, request, NULL);
	}
	stmt_name(stmt->hash, name);
	slot->serial = stmt->serial;
	slot->described = false;
	memcpy(slot->hash, stmt->hash, STMT_HASH_SIZE);
	if (!conn_send_parse(conn, name, request))
		return false;
	return conn_expect(conn, OP_PREPARE, request, stmt);
}

/* In the same transaction as the description, so that both speak of one table. */
static bool
conn_send_guard(Conn *conn, Request *request)
{
	Stmt	   *stmt = request->sql.stmt;
	const char *values[2];
	Buf			columns = BUF_INIT;
	bool		ok = guard_params(&stmt->guard, values, &columns) &&
			  PQsendQueryParams(conn->pg, guard_query(), 2, NULL, values, NULL, NULL, 0) == 1 &&
			  conn_expect(conn, OP_GUARD, request, stmt);

	buf_free(&columns);
	return ok;
}

/* Ask what the statement's parameters and columns are; nothing is executed. */
static bool
conn_send_describe(Conn *conn, Request *request)
{
	char		name[STMT_NAME_SIZE] = "";
	Stmt	   *stmt = request->sql.stmt;
	ConnSlot   *slot;

	request->state = REQUEST_DESCRIBING;
	request->wire.prepared = false;
	TRACE(conn->core, trace_sent(request, conn->number, "describe", stmt->sql));
	conn->describing = request;
	/* With parameters it is prepared when their types are known, which the name tells. */
	if ((params_count(request->sql.params) == 0 || (stmt->run == NULL && stmt->params != NULL)) &&
		conn_use_prepared(conn, request) && (slot = conn_slot(conn, stmt)) != NULL)
	{
		stmt_name(stmt->hash, name);
		request->wire.prepared = true;
		if (!conn_send_prepare(conn, slot, request))
			return false;
	}
	else if (PQsendPrepare(conn->pg, "", stmt->sql, 0, NULL) != 1 ||
			 !conn_expect(conn, OP_PREPARE, request, NULL))
		return false;
	if (PQsendDescribePrepared(conn->pg, name) != 1 ||
		!conn_expect(conn, OP_DESCRIBE, request, stmt))
		return false;
	return (stmt->guard.count == 0 || conn_send_guard(conn, request)) &&
		   conn_sync_request(conn, request);
}

/* Composites in its rows are read by the names that their fields have now. */
static bool
conn_send_composites(Conn *conn, Request *request)
{
	const Stmt *stmt = request->sql.stmt;
	const Types *types = conn->core->types;
	const char *values[1];
	Buf			oids = BUF_INIT;
	bool		ok = true;

	for (int i = 0; i < stmt->ncolumns; i++)
		if (types_composite(types, stmt->columns[i]))
			types_want_again(types, stmt->columns[i], &oids);
	if (types_close_list(&oids))
	{
		values[0] = buf_text(&oids);
		ok = PQsendQueryParams(conn->pg, types_query(), 1, NULL, values, NULL, NULL, 0) == 1 &&
			 conn_expect(conn, OP_TYPES, request, NULL);
	}
	ok = ok && buf_ok(&oids);
	buf_free(&oids);
	return ok;
}

static bool
conn_send_execute(Conn *conn, Request *request)
{
	Stmt	   *stmt = request->sql.stmt;
	Binding	   *b = &request->sql.binding;
	bool		stream = request_is_stream(request);
	ConnSlot   *slot = NULL;
	char		name[STMT_NAME_SIZE];

	request->state = REQUEST_SENT;
	request->wire.prepared = false;
	/* Locks stay also when it fails, or its transaction. */
	if ((conn->tx != NULL || conn->watch == WATCH_ON) &&
		(request->sql.caller_sql || conn->core->settings.reset == RESET_ALWAYS))
		conn->dirty = true;
	TRACE(conn->core, trace_sent(request, conn->number, "execute", stmt->sql));
	if (stmt->ncolumns > 0 && !conn_send_composites(conn, request))
		return false;
	if (conn_use_prepared(conn, request))
		slot = conn_slot(conn, stmt);
	if (slot != NULL)
	{
		stmt_name(stmt->hash, name);
		request->wire.prepared = true;
		if (!conn_send_prepare(conn, slot, request) ||
			PQsendQueryPrepared(conn->pg, name, b->count, b->values, b->lengths, b->formats, 0) !=
				1)
			return false;
	}
	else if (PQsendQueryParams(conn->pg, stmt_text(stmt), b->count,
							   stmt->run != NULL ? stmt->params : b->types, b->values, b->lengths,
							   b->formats, 0) != 1)
		return false;
	conn_expect(conn, OP_EXECUTE, request, NULL);
	if (stream)
	{
		conn->stream = request;
		if (PQsetSingleRowMode(conn->pg) != 1)
			return false;
	}
	if (request->kind == REQUEST_LISTEN)
		conn->listener = request;
	if (conn_resets(conn, request))
		return conn_sync_request(conn, request) && conn_send_reset(conn, request);
	/* In a transaction the burst's end sends the Sync. */
	return conn->tx != NULL || conn_sync_request(conn, request);
}

/* COPY works outside the pipeline only. */
static bool
conn_send_copy(Conn *conn, Request *request)
{
	request->state = REQUEST_SENT;
	TRACE(conn->core, trace_sent(request, conn->number, "copy", request->sql.stmt->sql));
	conn->copying = request;
	if (conn->core->settings.reset == RESET_ALWAYS)
		conn->dirty = true;
	return PQexitPipelineMode(conn->pg) == 1 &&
		   PQsendQuery(conn->pg, request->sql.stmt->sql) == 1 &&
		   conn_expect(conn, OP_EXECUTE, request, NULL);
}

/* Is it refused once its types are not those the client knows?  By its guard, or as it was
 * prepared and described here. */
static bool
conn_vouches(const Conn *conn, const Request *request)
{
	const Stmt *stmt = request->sql.stmt;
	const ConnSlot *slot;

	if (stmt->run != NULL)
		return true;
	if (conn->slots == NULL || !conn_use_prepared(conn, request))
		return false;
	slot = &conn->slots[stmt->slot];
	return slot->serial == stmt->serial && slot->described;
}

/* JSON parameters need their types; of what is prepared, the columns' types are
 * learned along with them. */
static bool
conn_needs_description(const Conn *conn, const Request *request)
{
	if (request->kind != REQUEST_STATEMENT || request->wire.described)
		return false;
	if (request->sql.stmt->described)
		return params_in_doubt(request, conn_vouches(conn, request));
	return !request->sql.unprepared || params_count(request->sql.params) > 0;
}

/* for the trace */
static const char *
conn_how_shared(const Conn *conn)
{
	if (conn->tx != NULL)
		return "of its transaction";
	return conn->requests > 1 ? "shared" : "alone";
}

void
conn_send(Conn *conn, Request *request)
{
	dba_error  *error = NULL;
	bool		sent;

	request->wire.conn = conn;
	conn->requests++;
	conn->state = CONN_BUSY;
	if (request->state == REQUEST_QUEUED)
		TRACE(conn->core, trace_connection(request, conn->number, conn_how_shared(conn)));
	if (!conn->served)
		conn->pool->news->serves(conn);
	/*
	 * As many as the longest way takes: deallocate, prepare, describe, types, execute, Syncs.
	 * Once libpq has been given something, its answer must find its place.
	 */
	if (!conn_reserve(conn, 8))
	{
		error_set_no_memory(&error);
		request_fail(request, error);
		return;
	}
	if (request->kind == REQUEST_COPY)
		sent = conn_send_copy(conn, request);
	else if (conn_needs_description(conn, request))
		sent = conn_send_describe(conn, request);
	else if (request->sql.params != NULL &&
			 (request->sql.binding.count == 0 || request->wire.described) &&
			 !params_bind(request, &error))
	{
		request_fail(request, error);
		return;
	}
	else
		sent = conn_send_execute(conn, request);
	if (!sent)
		conn_close(conn, NULL);
}
