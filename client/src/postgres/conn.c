/*
 * conn.c
 *		One established connection: what was sent, and what is to come back.
 *
 * The ring of operations holds what was given to libpq and is not answered yet,
 * in order: a request that is gone leaves its operations behind, with nobody to
 * hear their answers.  A connection is never repaired; whatever goes wrong closes
 * it, and closing fails or gives back every request on it, once.
 */
#include "postgres/conn.h"

#include <string.h>

#include "base/mem.h"
#include "core/clock.h"
#include "core/trace.h"

#define CONN_FIRST_OPS 16

Conn *
conn_new(Core *core)
{
	Conn	   *conn = mem_zalloc(sizeof(Conn));

	if (conn == NULL)
		return NULL;
	conn->core = core;
	conn->pool = pool_of(core);
	conn->number = ++conn->pool->numbered;
	conn->socket.fd = -1;
	conn->time.deadline = CORE_NEVER;
	conn->time.recycle = CORE_NEVER;
	return conn;
}

/* --- the ring */

/* Operations keep their order while the ring grows: the oldest goes to the front. */
static bool
conn_grow_ops(Conn *conn)
{
	unsigned	size = conn->ring.size == 0 ? CONN_FIRST_OPS : conn->ring.size * 2;
	Op		   *ops = mem_alloc(size * sizeof(Op));

	if (ops == NULL)
		return false;
	for (unsigned i = 0; i < conn->ring.count; i++)
		ops[i] = conn->ring.ops[(conn->ring.head + i) % conn->ring.size];
	mem_free(conn->ring.ops);
	conn->ring.ops = ops;
	conn->ring.size = size;
	conn->ring.head = 0;
	return true;
}

/* Room for the operations of one request, so that what libpq was given is
 * always in the ring. */
bool
conn_reserve(Conn *conn, unsigned more)
{
	while (conn->ring.count + more > conn->ring.size)
		if (!conn_grow_ops(conn))
			return false;
	return true;
}

bool
conn_expect(Conn *conn, OpKind kind, Request *request, Stmt *stmt)
{
	Op		   *op;

	if (!conn_reserve(conn, 1))
		return false;
	op = &conn->ring.ops[(conn->ring.head + conn->ring.count++) % conn->ring.size];
	*op = (Op){.kind = kind, .request = request, .stmt = stmt != NULL ? stmt_ref(stmt) : NULL};
	if (request != NULL)
		request->wire.ops++;
	/* Until a Sync the server keeps its answers back, and may skip what follows an error. */
	conn->unsynced = kind != OP_SYNC;
	return true;
}

Op *
conn_op(Conn *conn)
{
	return conn->ring.count > 0 ? &conn->ring.ops[conn->ring.head] : NULL;
}

void
conn_pop(Conn *conn)
{
	Op		   *op = &conn->ring.ops[conn->ring.head];

	if (op->request != NULL)
		op->request->wire.ops--;
	stmt_unref(op->stmt);
	conn->ring.head = (conn->ring.head + 1) % conn->ring.size;
	conn->ring.count--;
}

void
conn_leave(Conn *conn, Request *request)
{
	bool		early = request->wire.ops > 0 && conn->describing != request;	/* it may run */

	for (unsigned i = 0; i < conn->ring.count && request->wire.ops > 0; i++)
	{
		Op		   *op = &conn->ring.ops[(conn->ring.head + i) % conn->ring.size];

		if (op->request == request)
		{
			op->request = NULL;
			request->wire.ops--;
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
	/* The session would go on listening for nobody. */
	if (conn->listener == request)
	{
		conn->listener = NULL;
		conn->doomed = true;
	}
	/* Nobody hears whether it was PREPARE, which no reset would undo. */
	if (request->sql.caller_sql && early && conn->core->settings.reset != RESET_NEVER)
		conn->tainted = true;
	request->wire.conn = NULL;
	conn->requests--;
	conn->pool->news->changed(conn);
}

/*
 * Prepared statements are the library's: what the caller makes or drops among them, and
 * a library loaded, no reset undoes (connreset.c).
 */
void
conn_note_command(Conn *conn, const Request *request, const PGresult *result)
{
	const char *tag = PQcmdStatus((PGresult *) result);

	if (request == NULL || !request->sql.caller_sql)
		return;
	if (strcmp(tag, "DISCARD ALL") == 0 || strncmp(tag, "DEALLOCATE", 10) == 0)
		conn->tainted = true;
	else if (conn->core->settings.reset != RESET_NEVER &&
			 (strcmp(tag, "PREPARE") == 0 || strcmp(tag, "LOAD") == 0))
		conn->tainted = true;
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
	if (!conn_reserve(conn, 1) || conn_pipeline_sync(conn->pg) != 1)
	{
		conn_close(conn, NULL);
		return;
	}
	conn_expect(conn, OP_SYNC, NULL, NULL);
}

void
conn_ping(Conn *conn)
{
	conn->state = CONN_PINGING;
	conn->time.deadline = clock_after(conn->core->settings.connect_timeout);
	clock_due(conn->core, conn->time.deadline);
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
	if (rc < 0 && conn->ring.count == 0)
	{
		conn_close(conn, NULL);
		return;
	}
	/* after a failed write the server's last words may still be readable */
	conn->socket.wanted = (conn->paused ? 0 : DBA_READ) | (rc > 0 ? DBA_WRITE : 0);
	conn_watch(conn);
}

void
conn_watch(Conn *conn)
{
	Core	   *core = conn->core;

	if (conn->socket.wanted == conn->socket.watched || conn->socket.fd < 0)
		return;
	if (core->loop.watch(core->loop.data, &core->self, conn->socket.fd, conn->socket.wanted,
						 &conn->socket.slot) != 0)
	{
		dba_error  *error = NULL;

		error_set_no_memory(&error);
		conn->socket.watched = 0;
		conn->socket.fd = -1;
		conn_close(conn, error);
		return;
	}
	conn->socket.watched = conn->socket.wanted;
}

/* --- ending */

/* Fail or give back what was on the connection. */
static void
conn_lose_request(Conn *conn, Request *request, const dba_error *reason)
{
	dba_error  *error;

	/* Only the reset of its session did not come back, which went with the session. */
	if (request->wire.answered && !request->wire.retry &&
		(request->abort_code == DBA_OK || !request_is_stream(request)))
	{
		request_finish(request);
		return;
	}
	if (request->abort_code != DBA_OK)
		error = request_cancelled_error(request);
	else
	{
		bool		begins = request->kind == REQUEST_BEGIN && request->db->tx == NULL;
		bool		sent = request->state == REQUEST_SENT && !begins;

		/*
		 * A request that never ran may go out on another connection, once: twice would hide
		 * a server that closes every connection it accepts.  In a transaction there is no
		 * other connection.
		 */
		if (!sent && request->db->tx == NULL && !request->wire.retried)
		{
			if (begins)
			{
				conn->tx = NULL;
				request->tx.begun->tx->conn = NULL;
			}
			TRACE(conn->core, trace_failed(conn->core, request, conn->number, "retried", reason));
			request->wire.retried = true;
			conn->core->stats.retried++;
			conn_leave(conn, request);
			request->state = REQUEST_QUEUED;
			list_prepend(&conn->core->requests.waiting, LINK_QUEUE, request);
			return;
		}
		error = error_new(dba_error_code(reason), "%s%s", dba_error_message(reason),
						  sent && !request->reads_only ? MAY_HAVE_RUN : "");
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
		if (special[i] != NULL && special[i]->wire.conn == conn)
			conn_lose_request(conn, special[i], reason);
	for (unsigned i = 0; i < conn->ring.count; i++)
	{
		Op		   *op = &conn->ring.ops[(conn->ring.head + i) % conn->ring.size];

		if (op->request != NULL)
			conn_lose_request(conn, op->request, reason);
	}
	while (conn->ring.count > 0)
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
	if (error != NULL)
		TRACE(core, trace_failed(core, NULL, conn->number, "closed", error));
	else
	{
		TRACE(core, trace_note(core, NULL, conn->number, "closed", "%s",
							   PQstatus(conn->pg) == CONNECTION_BAD ? "lost" : "not wanted"));
		error = conn_lost_error(conn, "connection to the server was lost");
	}
	conn->state = CONN_DEAD;
	conn->time.deadline = CORE_NEVER;
	if (conn->socket.fd >= 0 && conn->socket.watched != 0)
		core->loop.watch(core->loop.data, &core->self, conn->socket.fd, 0, &conn->socket.slot);
	conn->socket.fd = -1;
	conn->socket.watched = 0;
	if (established)
		core->stats.closed++;
	/* Dead first, then the requests: what they set off finds no connection to use. */
	conn_lose_requests(conn, error);
	conn->pool->news->closed(conn, error);
	dba_error_free(error);
	clock_due(core, 0);
}

void
conn_note_last_words(Conn *conn, const PGresult *result)
{
	const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (conn->last_words != NULL || message == NULL || severity == NULL ||
		(strcmp(severity, "FATAL") != 0 && strcmp(severity, "PANIC") != 0))
		return;
	conn->last_words = error_new(DBA_CONNECT, "%s", message);
	error_set_field(conn->last_words, ERROR_SQLSTATE, PQresultErrorField(result, PG_DIAG_SQLSTATE));
	error_set_field(conn->last_words, ERROR_DETAIL,
					PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL));
}

dba_error *
conn_lost_error(Conn *conn, const char *what)
{
	const char *text = conn->pg != NULL ? PQerrorMessage(conn->pg) : "";
	size_t		len = strlen(text);
	Buf			line = BUF_INIT;
	dba_error  *error;

	if (conn->state >= CONN_IDLE && conn->last_words != NULL)
	{
		error = error_new(DBA_CONNECT, "%s: %s", what, dba_error_message(conn->last_words));
		error_set_field(error, ERROR_SQLSTATE, conn->last_words->fields[ERROR_SQLSTATE]);
		error_set_field(error, ERROR_DETAIL, conn->last_words->fields[ERROR_DETAIL]);
		return error;
	}
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
