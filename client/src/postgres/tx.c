/*
 * tx.c
 *		Transactions and savepoints: clients bound to one connection.
 *
 * A transaction's requests go out in bursts that share one Sync, in the order in which
 * they were submitted.  One that is made of several statements asks for the later ones
 * when the first has been answered: until it is done, what was submitted behind it is
 * held.  Whatever fails, at the server or here, poisons the transaction (poison.c), so
 * that a commit submitted behind it commits nothing.  Savepoints are
 * transactions of the same connection whose outer one waits; they begin and end
 * only when the connection is quiet, so that it is known which of them a failure
 * belongs to.
 */
#include "postgres/tx.h"

#include <stdio.h>
#include <string.h>

#include "postgres/conn.h"
#include "base/mem.h"
#include "core/clock.h"
#include "postgres/poison.h"

static Tx *
tx_new(dba_client *db)
{
	Tx		   *outer = db->tx;
	Pool	   *pool = pool_of(db->core);
	Tx		   *tx = mem_zalloc(sizeof(Tx));

	if (tx == NULL)
		return NULL;
	tx->self.core = db->core;
	tx->self.tx = tx;
	tx->outer = outer;
	tx->depth = outer != NULL ? outer->depth + 1 : 0;
	tx->next = pool->transactions;
	pool->transactions = tx;
	return tx;
}

static void
tx_free(Tx *tx)
{
	Tx		  **link = &pool_of(tx->self.core)->transactions;

	while (*link != tx)
		link = &(*link)->next;
	*link = tx->next;
	dba_error_free(tx->poison);
	mem_free(tx);
}

void
tx_free_all(Pool *pool)
{
	while (pool->transactions != NULL)
		tx_free(pool->transactions);
}

void
tx_bind(Tx *tx, Conn *conn)
{
	tx->conn = conn;
	conn->tx = tx;
}

/* --- failures */

static dba_error *
tx_lost_error(const Tx *tx)
{
	return error_new(DBA_CONNECT, "transaction was lost with its connection%s%s",
					 tx->poison != NULL ? ": " : "", dba_error_message(tx->poison));
}

void
tx_lost(Tx *tx, const dba_error *reason)
{
	for (; tx != NULL; tx = tx->inner)
	{
		tx->conn = NULL;
		tx->lost = true;
		dba_error_free(tx->poison);
		tx->poison = error_copy(reason);
		clock_due(tx->self.core, 0);
	}
}

/* --- requests */

static bool
tx_is_end(const Request *request)
{
	return request->kind == REQUEST_COMMIT || request->kind == REQUEST_ROLLBACK;
}

/* What may not be submitted now, and why; NULL: it may.  Steps were allowed with their group. */
static const char *
tx_objection(const Tx *tx, const Request *request)
{
	if (request->db->of != NULL)
		return tx->closed || tx->self.gone ? "the transaction was closed" : NULL;
	if (tx->state == TX_ENDING)
		return "the transaction is being ended";
	if (tx->inner != NULL && (request->tx.begun == NULL || request->tx.begun->tx != tx->inner) &&
		!(tx_is_end(request) && tx->closed))
		return "a savepoint of this transaction is open";
	return NULL;
}

/* Its turn has come. */
static void
tx_admit(Tx *tx, Request *request)
{
	if (request->kind != REQUEST_GROUP)
	{
		list_append(&tx->queue, LINK_QUEUE, request);
		return;
	}
	/* a group that is a step of another runs as part of that */
	if (request->db->of == NULL)
		tx->running = request;
	request->group.start(request);
}

void
tx_queue(Request *request)
{
	Tx		   *tx = request->db->tx;
	const char *objection = tx_objection(tx, request);

	if (objection != NULL)
	{
		request->tx.stray = true;
		request_fail(request, error_new(DBA_INVALID, "%s", objection));
		return;
	}
	if (tx_is_end(request))
		tx->state = TX_ENDING;
	/* the rollback of dba_close waits for nothing */
	if (request->db->of == NULL && (tx->running != NULL || tx->held.head != NULL) &&
		!(tx_is_end(request) && tx->closed))
		list_append(&tx->held, LINK_QUEUE, request);
	else
		tx_admit(tx, request);
}

static void
tx_release(Tx *tx)
{
	Request	   *request;

	while (tx->running == NULL && (request = tx->held.head) != NULL)
	{
		list_remove(&tx->held, LINK_QUEUE, request);
		tx_admit(tx, request);
	}
}

/* What follows a failure fails too, also where the server knows nothing of it. */
void
tx_leave(Request *request)
{
	Tx		   *tx = request->db->tx;

	if (request->error != NULL && !request->tx.stray)
		poison_note(tx, request);
	if (tx->running == request)
		tx->running = NULL;		/* tx_dispatch lets go what is held */
}

/* A request that needs no answer of the server: true when it has ended. */
static bool
tx_settle(Tx *tx, Request *request)
{
	/* refused when it was submitted */
	if (request->error != NULL)
	{
		request_finish(request);
		return true;
	}
	/* With its connection the transaction was rolled back: that is what was asked. */
	if (tx->lost && request->kind == REQUEST_ROLLBACK)
		request_finish(request);
	else if (tx->lost)
		request_fail(request, tx_lost_error(tx));
	else if (tx->poison != NULL && request->kind != REQUEST_ROLLBACK &&
			 request->kind != REQUEST_COMMIT)
		request_fail(request, poison_error(tx));
	else
		return false;
	return true;
}

/* Must the connection be quiet before this request is sent? */
static bool
tx_needs_quiet(const Tx *tx, const Request *request)
{
	if (request->kind == REQUEST_COPY || request->stream.row != NULL ||
		request->stream.chunk != NULL)
		return true;
	return request->kind != REQUEST_STATEMENT && (tx->depth > 0 || request->kind != REQUEST_COMMIT);
}

static const char *
tx_end_sql(const Tx *tx, const Request *request, char *sql, size_t size)
{
	bool		commit = request->kind == REQUEST_COMMIT && tx->poison == NULL;

	if (tx->depth == 0)
		return commit ? "COMMIT" : "ROLLBACK";
	snprintf(sql, size, commit ? "RELEASE SAVEPOINT dba_%d" : "ROLLBACK TO SAVEPOINT dba_%d",
			 tx->depth);
	return sql;
}

/* The statement that ends a transaction is chosen when it is sent: only then is
 * it known whether something failed. */
static bool
tx_choose_end(Tx *tx, Request *request)
{
	char		buffer[64];
	const char *sql = tx_end_sql(tx, request, buffer, sizeof(buffer));

	stmt_unref(request->sql.stmt);
	request->sql.stmt = stmt_get(&request->core->stmts, sql, strlen(sql), false);
	if (request->sql.stmt != NULL)
		return true;
	request_fail(request, error_new(DBA_NO_MEMORY, "out of memory"));
	return false;
}

static void
tx_dispatch_one(Tx *tx)
{
	Request	   *request;
	Conn	   *conn;

	while ((request = tx->queue.head) != NULL)
	{
		conn = tx->conn;
		if (tx_settle(tx, request))
			continue;
		if (conn == NULL || !conn_accepts(conn))
			break;
		/* It goes out when what is before it has been answered. */
		if (conn->ring.count > 0 && tx_needs_quiet(tx, request))
			break;
		if (tx_is_end(request) && !tx_choose_end(tx, request))
			continue;
		if (request->kind != REQUEST_STATEMENT)
			conn_sync(conn);
		if (conn->state == CONN_DEAD)
			continue;
		list_remove(&tx->queue, LINK_QUEUE, request);
		conn_send(conn, request);
		if (conn->state == CONN_DEAD)
			return;
		if (request->kind != REQUEST_STATEMENT && request->kind != REQUEST_COPY)
			conn_sync(conn);
	}
	conn = tx->conn;
	if (conn != NULL && conn->copying == NULL)
		conn_sync(conn);
	if (tx->conn != NULL)
		conn_flush(tx->conn);
}

void
tx_dispatch(Pool *pool)
{
	for (Tx *tx = pool->transactions; tx != NULL; tx = tx->next)
	{
		tx_release(tx);
		if (tx->queue.head != NULL)
			tx_dispatch_one(tx);
		else if (tx->conn != NULL && tx->conn->unsynced &&
				 (conn_accepts(tx->conn) || tx->conn->stream != NULL))
		{
			conn_sync(tx->conn);
			if (tx->conn != NULL)
				conn_flush(tx->conn);
		}
	}
}

/* --- ends */

/* Nobody will send what is left. */
static void
tx_fail_rest(Tx *tx)
{
	while (tx->held.head != NULL)
		request_fail(tx->held.head, error_new(DBA_CLOSED, "transaction was closed"));
	while (tx->queue.head != NULL)
		request_fail(tx->queue.head, error_new(DBA_CLOSED, "transaction was closed"));
	if (tx->running != NULL)
		request_abort(tx->running, DBA_CLOSED);
}

/* The transaction is over: its handle is no longer valid. */
static void
tx_over(Tx *tx)
{
	Conn	   *conn = tx->conn;

	if (tx->inner != NULL)
		tx_over(tx->inner);
	tx->self.gone = true;
	tx_fail_rest(tx);
	tx->conn = NULL;
	if (tx->outer != NULL)
		tx->outer->inner = NULL;
	else if (conn != NULL)
	{
		conn->tx = NULL;
		conn->pool->news->changed(conn);
	}
	/* What is still to call back has the handle; the last one frees it. */
	if (tx->self.requests == 0)
		tx_free(tx);
}

static void
tx_begun(Request *request)
{
	Tx		   *tx = request->tx.begun->tx;

	if (request->error != NULL)
		tx_over(tx);
	else if (tx->state == TX_BEGINNING)
	{
		tx->state = TX_OPEN;
		if (tx->closed)
			tx_close(tx);
	}
}

void
tx_called_back(Request *request)
{
	Tx		   *tx = request->db->tx;

	if (request->tx.begun != NULL)
		tx_begun(request);
	if (tx == NULL)
		return;
	if (tx_is_end(request))
	{
		if (!tx->self.gone && tx->state == TX_ENDING && request->tx.ends)
			tx_over(tx);
	}
	else if (tx->self.gone && tx->self.requests == 0)
		tx_free(tx);
}

void
tx_close(Tx *tx)
{
	Request	   *request;

	tx->closed = true;
	if (tx->state == TX_BEGINNING || tx->state == TX_ENDING || tx->self.gone)
		return;
	tx_fail_rest(tx);
	if (tx->inner != NULL)
		tx_close(tx->inner);
	request = request_new(&tx->self, REQUEST_ROLLBACK, NULL, NULL);
	if (request == NULL)
	{
		if (tx->conn != NULL)
			tx->conn->doomed = true;
		return;
	}
	request->internal = true;
	request->sql.unprepared = true;
	request->tx.ends = true;
	request_submit(request);
}

/* --- what the table of providers asks */

static void
tx_write_begin(Buf *sql, const Tx *tx, const BeginOptions *options)
{
	if (tx->depth > 0)
	{
		buf_printf(sql, "SAVEPOINT dba_%d", tx->depth);
		return;
	}
	buf_puts(sql, "BEGIN");
	if (options->isolation != NULL)
		buf_printf(sql, " ISOLATION LEVEL %s", options->isolation);
	if (options->read_only >= 0)
		buf_puts(sql, options->read_only ? " READ ONLY" : " READ WRITE");
	if (options->deferrable >= 0)
		buf_puts(sql, options->deferrable ? " DEFERRABLE" : " NOT DEFERRABLE");
}

dba_request
tx_begin(Request *request, const BeginOptions *options, dba_error *error)
{
	dba_client *db = request->db;
	Buf			sql = BUF_INIT;
	Tx		   *tx;

	if (error == NULL && db->tx != NULL && db->tx->inner != NULL)
		error_set(&error, DBA_INVALID, "a savepoint of this transaction is open");
	if (error != NULL)
		return request_refuse(request, error);
	tx = tx_new(db);
	if (tx != NULL)
	{
		tx_write_begin(&sql, tx, options);
		if (buf_ok(&sql))
			request->sql.stmt = stmt_get(&db->core->stmts, buf_text(&sql), sql.len, false);
		buf_free(&sql);
		if (request->sql.stmt == NULL)
			tx_free(tx);
	}
	if (request->sql.stmt == NULL)
		return request_refuse(request, error_new(DBA_NO_MEMORY, "out of memory"));
	request->sql.unprepared = true;
	request->tx.begun = &tx->self;
	if (db->tx != NULL)
	{
		db->tx->inner = tx;
		tx->conn = db->tx->conn;
	}
	return request_submit(request);
}

/* A second end, or one over the head of a savepoint, is refused like any statement
 * there, and the transaction stays. */
dba_request
tx_end(Request *request)
{
	Tx		   *tx = request->db->tx;

	request->sql.unprepared = true;
	if (tx->state == TX_ENDING || tx->inner != NULL)
		request->kind = REQUEST_STATEMENT;
	else
		request->tx.ends = true;
	return request_submit(request);
}
