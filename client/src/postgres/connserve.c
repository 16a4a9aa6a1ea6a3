/*
 * connserve.c
 *		A connection served: its descriptor, its deadline, its end.
 *
 * It stands above the files that connect, cancel and take answers: they know
 * connections, and only this file and the pool know them.
 */
#include "base/mem.h"
#include "core/clock.h"
#include "postgres/answer.h"
#include "postgres/conn.h"

#define CANCEL_TIMEOUT_MS 5000

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
	/* The server's last words, why it ends the session, come before the end of the stream. */
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
	if (conn->state == CONN_IDLE && conn->ring.count == 0 && (events & DBA_READ))
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
	/* It has been answered, and its end is near: what the server is at is the reset. */
	if (request->wire.answered)
	{
		conn->time.deadline = clock_after(CANCEL_TIMEOUT_MS);
		clock_due(conn->core, conn->time.deadline);
		return true;
	}
	if (conn->requests != 1 || conn->cancelling != NULL || conn->listener == request)
		return false;
	if (!cancel_start(conn))
		return false;
	conn->cancel_check = true;
	conn->time.deadline = clock_after(CANCEL_TIMEOUT_MS);
	clock_due(conn->core, conn->time.deadline);
	/* A stream whose consumer is full would never hear of the end. */
	if (conn->paused)
	{
		conn->paused = false;
		conn->resumed = conn->pool->resume = true;
		clock_due(conn->core, 0);
	}
	return true;
}

void
conn_free(Conn *conn)
{
	connect_free(conn);
	cancel_free(conn);
	while (conn->ring.count > 0)
		conn_pop(conn);
	PQfinish(conn->pg);
	buf_free(&conn->restore);
	dba_error_free(conn->last_words);
	mem_free(conn->ring.ops);
	mem_free(conn->slots);
	mem_free(conn);
}
