/*
 * conn.c
 *		One established connection: what was sent, and what is to come back.
 *
 * An autocommit request ends with its own Sync, and only the Sync's answer ends
 * it: deferred constraints fail there.  Inside a transaction a Sync closes a
 * burst, and each request ends with its own answer.  A statement the client has
 * not met is prepared and described first; whatever was given to the connection
 * later waits, so that order is kept.
 */
#include "postgres/conn.h"

#include <string.h>

#include "postgres/answer.h"
#include "base/mem.h"
#include "core/params.h"
#include "postgres/pool.h"

#define CONN_FIRST_OPS 16
#define CANCEL_TIMEOUT_MS 5000

Conn *
conn_new(Core *core)
{
	Conn	   *conn = mem_zalloc(sizeof(Conn));

	if (conn == NULL)
		return NULL;
	conn->core = core;
	conn->fd = -1;
	conn->deadline = CORE_NEVER;
	conn->recycle_at = CORE_NEVER;
	return conn;
}

/* --- the ring */

static bool
conn_grow_ops(Conn *conn)
{
	unsigned	size = conn->op_size == 0 ? CONN_FIRST_OPS : conn->op_size * 2;
	Op		   *ops = mem_alloc(size * sizeof(Op));

	if (ops == NULL)
		return false;
	for (unsigned i = 0; i < conn->op_count; i++)
		ops[i] = conn->ops[(conn->op_head + i) % conn->op_size];
	mem_free(conn->ops);
	conn->ops = ops;
	conn->op_size = size;
	conn->op_head = 0;
	return true;
}

/* Room for the operations of one request, so that what libpq was given is
 * always in the ring. */
static bool
conn_reserve_ops(Conn *conn, unsigned more)
{
	while (conn->op_count + more > conn->op_size)
		if (!conn_grow_ops(conn))
			return false;
	return true;
}

bool
conn_expect(Conn *conn, OpKind kind, Request *request, Stmt *stmt)
{
	Op		   *op;

	if (!conn_reserve_ops(conn, 1))
		return false;
	op = &conn->ops[(conn->op_head + conn->op_count++) % conn->op_size];
	*op = (Op){.kind = kind, .request = request, .stmt = stmt != NULL ? stmt_ref(stmt) : NULL};
	if (request != NULL)
		request->ops++;
	conn->unsynced = kind != OP_SYNC;
	return true;
}

Op *
conn_op(Conn *conn)
{
	return conn->op_count > 0 ? &conn->ops[conn->op_head] : NULL;
}

void
conn_pop(Conn *conn)
{
	Op		   *op = &conn->ops[conn->op_head];

	if (op->request != NULL)
		op->request->ops--;
	stmt_unref(op->stmt);
	conn->op_head = (conn->op_head + 1) % conn->op_size;
	conn->op_count--;
}

void
conn_leave(Conn *conn, Request *request)
{
	for (unsigned i = 0; i < conn->op_count && request->ops > 0; i++)
	{
		Op		   *op = &conn->ops[(conn->op_head + i) % conn->op_size];

		if (op->request == request)
		{
			op->request = NULL;
			request->ops--;
		}
	}
	if (conn->describing == request)
		conn->describing = NULL;
	if (conn->stream == request)
	{
		conn->stream = NULL;
		conn->paused = false;
	}
	if (conn->copying == request)
		conn->doomed = true;	/* a COPY cut short: not worth saving */
	if (conn->copying == request)
		conn->copying = NULL;
	if (conn->listener == request)
	{
		conn->listener = NULL;
		conn->doomed = true;
	}
	request->conn = NULL;
	conn->requests--;
	pool_conn_changed(conn);
}

/* --- sending */

bool
conn_accepts(const Conn *conn)
{
	return (conn->state == CONN_IDLE || conn->state == CONN_BUSY) && conn->describing == NULL &&
		   conn->stream == NULL && conn->copying == NULL && conn->listener == NULL &&
		   conn->cancelling == NULL && !conn->cancel_check;
}

void
conn_sync(Conn *conn)
{
	if (!conn->unsynced || conn->state == CONN_DEAD)
		return;
	if (!conn_reserve_ops(conn, 1) || conn_pipeline_sync(conn->pg) != 1)
	{
		conn_close(conn, NULL);
		return;
	}
	conn_expect(conn, OP_SYNC, NULL, NULL);
}

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

	if (request->stmt->slot < 0 || request->unprepared || request->row != NULL ||
		request->chunk != NULL || core->prepare_off || core->settings.prepare == 0)
		return false;
	return core->settings.prepare == 1 || !core->pooler;
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

/* Send Parse for a statement this connection has not prepared, first
 * deallocating what its slot held. */
static bool
conn_send_prepare(Conn *conn, ConnSlot *slot, Request *request)
{
	Stmt	   *stmt = request->stmt;
	char		name[STMT_NAME_SIZE];

	if (slot->serial != stmt->serial)
		conn_find_prepared(conn, slot, stmt);
	if (slot->serial == stmt->serial)
		return true;
	if (slot->serial != 0)
	{
		stmt_name(slot->hash, name);
		if (conn_send_deallocate(conn, name) != 1)
			return false;
		conn_expect(conn, OP_PREPARE, request, NULL);
	}
	stmt_name(stmt->hash, name);
	slot->serial = stmt->serial;
	memcpy(slot->hash, stmt->hash, STMT_HASH_SIZE);
	if (PQsendPrepare(conn->pg, name, stmt->sql, 0, NULL) != 1)
		return false;
	return conn_expect(conn, OP_PREPARE, request, stmt);
}

/* Ask what the statement's parameters and columns are; nothing is executed. */
static bool
conn_send_describe(Conn *conn, Request *request)
{
	char		name[STMT_NAME_SIZE] = "";
	Stmt	   *stmt = request->stmt;
	ConnSlot   *slot;

	request->state = REQUEST_DESCRIBING;
	conn->describing = request;
	if (conn_use_prepared(conn, request) && (slot = conn_slot(conn, stmt)) != NULL)
	{
		stmt_name(stmt->hash, name);
		if (!conn_send_prepare(conn, slot, request))
			return false;
	}
	else if (PQsendPrepare(conn->pg, "", stmt->sql, 0, NULL) != 1 ||
			 !conn_expect(conn, OP_PREPARE, request, NULL))
		return false;
	return PQsendDescribePrepared(conn->pg, name) == 1 &&
		   conn_expect(conn, OP_DESCRIBE, request, stmt) && conn_sync_request(conn, request);
}

static bool
conn_send_execute(Conn *conn, Request *request)
{
	Stmt	   *stmt = request->stmt;
	Binding	   *b = &request->binding;
	bool		stream = request->row != NULL || request->chunk != NULL;
	ConnSlot   *slot = NULL;
	char		name[STMT_NAME_SIZE];

	request->state = REQUEST_SENT;
	if (conn_use_prepared(conn, request))
		slot = conn_slot(conn, stmt);
	if (slot != NULL)
	{
		stmt_name(stmt->hash, name);
		if (!conn_send_prepare(conn, slot, request) ||
			PQsendQueryPrepared(conn->pg, name, b->count, b->values, b->lengths, b->formats, 0) !=
				1)
			return false;
	}
	else if (PQsendQueryParams(conn->pg, stmt->sql, b->count,
							   stmt->described && stmt->nparams == b->count ? stmt->params
																			: b->types,
							   b->values, b->lengths, b->formats, 0) != 1)
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
	return conn->tx != NULL || conn_sync_request(conn, request);
}

/* COPY works outside the pipeline only. */
static bool
conn_send_copy(Conn *conn, Request *request)
{
	request->state = REQUEST_SENT;
	conn->copying = request;
	return PQexitPipelineMode(conn->pg) == 1 && PQsendQuery(conn->pg, request->stmt->sql) == 1 &&
		   conn_expect(conn, OP_EXECUTE, request, NULL);
}

/* JSON parameters need their types; of what is prepared, the columns' types are
 * learned along with them. */
static bool
conn_needs_description(const Request *request)
{
	if (request->stmt->described || request->kind != REQUEST_STATEMENT)
		return false;
	return !request->unprepared || params_count(request->params) > 0;
}

void
conn_send(Conn *conn, Request *request)
{
	dba_error  *error = NULL;
	bool		sent;

	request->conn = conn;
	conn->requests++;
	conn->state = CONN_BUSY;
	if (!conn->served)
		pool_conn_serves(conn);
	if (!conn_reserve_ops(conn, 6))
	{
		error_set_no_memory(&error);
		request_fail(request, error);
		return;
	}
	if (request->kind == REQUEST_COPY)
		sent = conn_send_copy(conn, request);
	else if (conn_needs_description(request))
		sent = conn_send_describe(conn, request);
	else if (request->params != NULL && request->binding.count == 0 &&
			 !request_bind(request, &error))
	{
		request_fail(request, error);
		return;
	}
	else
		sent = conn_send_execute(conn, request);
	if (!sent)
		conn_close(conn, NULL);
}

void
conn_ping(Conn *conn)
{
	conn->state = CONN_PINGING;
	conn->deadline = core_after(conn->core->settings.connect_timeout);
	core_due(conn->core, conn->deadline);
	conn->unsynced = true;
	conn_sync(conn);
}

void
conn_flush(Conn *conn)
{
	int			rc;

	if (conn->state < CONN_SETUP || conn->state == CONN_DEAD)
		return;
	rc = PQflush(conn->pg);
	if (rc < 0 && conn->op_count == 0)
	{
		conn_close(conn, NULL);
		return;
	}
	/* after a failed write the server's last words may still be readable */
	conn->wanted = (conn->paused ? 0 : DBA_READ) | (rc > 0 ? DBA_WRITE : 0);
	conn_watch(conn);
}

void
conn_watch(Conn *conn)
{
	Core	   *core = conn->core;

	if (conn->wanted == conn->watched || conn->fd < 0)
		return;
	if (core->watch(core->loop, &core->self, conn->fd, conn->wanted, &conn->slot) != 0)
	{
		dba_error  *error = NULL;

		error_set_no_memory(&error);
		conn->watched = 0;
		conn->fd = -1;
		conn_close(conn, error);
		return;
	}
	conn->watched = conn->wanted;
}

/* --- receiving */

void
conn_process(Conn *conn, unsigned events)
{
	switch (conn->state)
	{
		case CONN_UNUSED:
		case CONN_RESOLVING:
		case CONN_DEAD:
			return;
		case CONN_CONNECTING:
			connect_process(conn);
			return;
		default:
			break;
	}
	if ((events & DBA_READ) && !PQconsumeInput(conn->pg))
	{
		answer_drain(conn);		/* what came before the end still counts */
		if (conn->state != CONN_DEAD)
			conn_close(conn, NULL);
		return;
	}
	answer_drain(conn);
	if (conn->state != CONN_DEAD && PQstatus(conn->pg) == CONNECTION_BAD)
		conn_close(conn, NULL);
	if (conn->state == CONN_IDLE && conn->op_count == 0 && (events & DBA_READ))
		answer_idle(conn);
	if (conn->state != CONN_DEAD)
		conn_flush(conn);
}

void
conn_deadline(Conn *conn)
{
	dba_error  *error;

	if (conn->state == CONN_RESOLVING || conn->state == CONN_CONNECTING ||
		conn->state == CONN_SETUP)
	{
		connect_deadline(conn);
		return;
	}
	if (conn->cancelling != NULL || conn->cancel_check)
		error = error_new(DBA_CONNECT, "the server did not answer a cancel request");
	else
		error = error_new(DBA_CONNECT, "the server did not answer");
	conn_close(conn, error);
}

/* --- cancelling */

/*
 * The server cancels whatever the backend is running, so it is asked only when
 * nothing else can be hit: the request is alone, and nothing new is sent until
 * the cancel is answered and one more round trip has come back.
 */
bool
conn_cancel(Conn *conn, Request *request)
{
	if (conn->requests != 1 || conn->cancelling != NULL || conn->listener == request)
		return false;
	if (!cancel_start(conn))
		return false;
	conn->cancel_check = true;
	conn->deadline = core_after(CANCEL_TIMEOUT_MS);
	core_due(conn->core, conn->deadline);
	if (conn->paused)
	{
		conn->paused = false;
		conn->resumed = conn->core->resume = true;
		core_due(conn->core, 0);
	}
	return true;
}

/* --- ending */

/* Fail or give back what was on the connection. */
static void
conn_lose_request(Conn *conn, Request *request, const dba_error *reason)
{
	dba_error  *error;

	if (request->abort_code != DBA_OK)
		error = request_cancelled_error(request);
	else
	{
		bool		begins = request->kind == REQUEST_BEGIN && request->tx == NULL;
		bool		sent = request->state == REQUEST_SENT && !begins;

		if (!sent && request->tx == NULL && !request->retried)
		{
			if (begins)
			{
				conn->tx = NULL;
				request->new_tx->conn = NULL;
			}
			request->retried = true;
			conn->core->stats.retried++;
			conn_leave(conn, request);
			request->state = REQUEST_QUEUED;
			list_prepend(&conn->core->waiting, LINK_QUEUE, request);
			return;
		}
		error = error_new(dba_error_code(reason), "%s%s", dba_error_message(reason),
						  sent ? "; the statement may have run" : "");
		error_set_field(error, ERROR_SQLSTATE, reason->fields[ERROR_SQLSTATE]);
		error_set_field(error, ERROR_DETAIL, reason->fields[ERROR_DETAIL]);
		if (!error->constant)
			error->retryable = !sent;
	}
	request_fail(request, error);
}

static void
conn_lose_requests(Conn *conn, const dba_error *reason)
{
	Request	   *special[] = {conn->describing, conn->stream, conn->copying, conn->listener};

	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		if (special[i] != NULL && special[i]->conn == conn)
			conn_lose_request(conn, special[i], reason);
	for (unsigned i = 0; i < conn->op_count; i++)
	{
		Op		   *op = &conn->ops[(conn->op_head + i) % conn->op_size];

		if (op->request != NULL)
			conn_lose_request(conn, op->request, reason);
	}
	while (conn->op_count > 0)
		conn_pop(conn);
}

void
conn_close(Conn *conn, dba_error *error)
{
	Core	   *core = conn->core;
	bool		established = conn->state >= CONN_IDLE;

	if (conn->state == CONN_DEAD)
	{
		dba_error_free(error);
		return;
	}
	if (error == NULL)
		error = conn_lost_error(conn, "connection to the server was lost");
	conn->state = CONN_DEAD;
	conn->deadline = CORE_NEVER;
	if (conn->fd >= 0 && conn->watched != 0)
		core->watch(core->loop, &core->self, conn->fd, 0, &conn->slot);
	conn->fd = -1;
	conn->watched = 0;
	if (established)
		core->stats.closed++;
	conn_lose_requests(conn, error);
	pool_conn_closed(conn, error);
	dba_error_free(error);
	core_due(core, 0);
}

void
conn_free(Conn *conn)
{
	connect_free(conn);
	cancel_free(conn);
	while (conn->op_count > 0)
		conn_pop(conn);
	PQfinish(conn->pg);
	mem_free(conn->ops);
	mem_free(conn->slots);
	mem_free(conn);
}

dba_error *
conn_lost_error(Conn *conn, const char *what)
{
	const char *text = conn->pg != NULL ? PQerrorMessage(conn->pg) : "";
	size_t		len = strlen(text);
	Buf			line = BUF_INIT;
	dba_error  *error;

	/* libpq's message may have several lines: they become one; once there was a
	 * connection, those after the first only guess why it was lost */
	if (conn->state >= CONN_IDLE)
		len = strcspn(text, "\n");
	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '\n' || text[i] == '\t')
			buf_puts(&line, text[i] == '\n' ? "; " : "");
		else
			buf_putc(&line, text[i]);
	}
	if (line.len > 0)
		error = error_new(DBA_CONNECT, "%s: %s", what, buf_text(&line));
	else
		error = error_new(DBA_CONNECT, "%s", what);
	buf_free(&line);
	return error;
}
