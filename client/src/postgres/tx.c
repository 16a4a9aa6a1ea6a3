/*
 * tx.c
 *		Transactions and savepoints: clients bound to one connection.
 *
 * A transaction's requests go out in bursts that share one Sync.  Savepoints are
 * transactions of the same connection whose outer one waits; they begin and end
 * only when the connection is quiet, so that it is known which of them a failure
 * belongs to.
 */
#include "postgres/tx.h"

#include <stdio.h>
#include <string.h>

#include "postgres/conn.h"
#include "json/json.h"
#include "base/mem.h"
#include "postgres/pool.h"

static Tx *
tx_new(Core *core, Tx *outer)
{
	Tx		   *tx = mem_zalloc(sizeof(Tx));

	if (tx == NULL)
		return NULL;
	tx->self.core = core;
	tx->self.tx = tx;
	tx->outer = outer;
	tx->depth = outer != NULL ? outer->depth + 1 : 0;
	tx->next = core->transactions;
	core->transactions = tx;
	return tx;
}

static void
tx_free(Tx *tx)
{
	Tx		  **link = &tx->self.core->transactions;

	while (*link != tx)
		link = &(*link)->next;
	*link = tx->next;
	dba_error_free(tx->poison);
	mem_free(tx);
}

void
tx_free_all(Core *core)
{
	while (core->transactions != NULL)
		tx_free(core->transactions);
}

void
tx_bind(Tx *tx, Conn *conn)
{
	tx->conn = conn;
	conn->tx = tx;
}

/* --- failures */

dba_error *
tx_poisoned_error(const Tx *tx)
{
	dba_error  *error = error_new(
		 DBA_SERVER, "transaction is aborted by an earlier failure and must be rolled back: %s",
		 tx->poison != NULL ? dba_error_message(tx->poison) : "unknown");

	error_set_field(error, ERROR_SQLSTATE, "25P02");
	if (!error->constant)
		error->retryable = false;
	return error;
}

void
tx_poison(Tx *tx, const Request *request)
{
	if (tx->poison == NULL && request->kind == REQUEST_STATEMENT)
		tx->poison = error_copy(request->error);
	else if (tx->poison == NULL && request->kind == REQUEST_COPY)
		tx->poison = error_copy(request->error);
}

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
		core_due(tx->self.core, 0);
	}
}

/* --- requests */

void
tx_queue(Request *request)
{
	Tx		   *tx = request->tx;
	bool		ends = request->kind == REQUEST_COMMIT || request->kind == REQUEST_ROLLBACK;

	if (tx->state == TX_ENDING)
		request_fail(request, error_new(DBA_INVALID, "the transaction is being ended"));
	else if (tx->inner != NULL && request->new_tx != tx->inner && !(ends && tx->closed))
		request_fail(request, error_new(DBA_INVALID, "a savepoint of this transaction is open"));
	else
	{
		if (ends)
			tx->state = TX_ENDING;
		list_append(&tx->queue, LINK_QUEUE, request);
	}
}

/* A request that needs no answer of the server: true when it has ended. */
static bool
tx_settle(Tx *tx, Request *request)
{
	if (tx->lost && request->kind == REQUEST_ROLLBACK)
		request_finish(request);
	else if (tx->lost)
		request_fail(request, tx_lost_error(tx));
	else if (tx->poison != NULL && request->kind != REQUEST_ROLLBACK &&
			 request->kind != REQUEST_COMMIT)
		request_fail(request, tx_poisoned_error(tx));
	else
		return false;
	return true;
}

/* Must the connection be quiet before this request is sent? */
static bool
tx_needs_quiet(const Tx *tx, const Request *request)
{
	if (request->kind == REQUEST_COPY || request->row != NULL || request->chunk != NULL)
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

	stmt_unref(request->stmt);
	request->stmt = stmt_get(&request->core->stmts, sql, strlen(sql), false);
	if (request->stmt != NULL)
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
		if (conn->op_count > 0 && tx_needs_quiet(tx, request))
			break;
		if ((request->kind == REQUEST_COMMIT || request->kind == REQUEST_ROLLBACK) &&
			!tx_choose_end(tx, request))
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
tx_dispatch(Core *core)
{
	for (Tx *tx = core->transactions; tx != NULL; tx = tx->next)
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

/* --- ends */

/* The transaction is over: its handle is no longer valid. */
static void
tx_end(Tx *tx)
{
	Conn	   *conn = tx->conn;

	if (tx->inner != NULL)
		tx_end(tx->inner);
	tx->state = TX_GONE;
	tx->conn = NULL;
	if (tx->outer != NULL)
		tx->outer->inner = NULL;
	else if (conn != NULL)
		pool_release(conn);
	if (tx->requests == 0)
		tx_free(tx);
}

static void
tx_begun(Request *request)
{
	Tx		   *tx = request->new_tx;

	if (request->error != NULL)
		tx_end(tx);
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
	Tx		   *tx = request->tx;

	if (request->new_tx != NULL)
		tx_begun(request);
	if (tx == NULL)
		return;
	tx->requests--;
	if (request->kind == REQUEST_COMMIT || request->kind == REQUEST_ROLLBACK)
	{
		if (tx->state != TX_GONE && tx->state == TX_ENDING && request->accepted_end)
			tx_end(tx);
	}
	else if (tx->state == TX_GONE && tx->requests == 0)
		tx_free(tx);
}

void
tx_close(Tx *tx)
{
	Request	   *request;

	tx->closed = true;
	if (tx->state == TX_BEGINNING || tx->state == TX_ENDING || tx->state == TX_GONE)
		return;
	while (tx->queue.head != NULL)
		request_fail(tx->queue.head, error_new(DBA_CLOSED, "transaction was closed"));
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
	request->unprepared = true;
	request->accepted_end = true;
	request_submit(request);
}

/* --- the calls */

static bool
begin_isolation(Buf *sql, const JsonValue *value)
{
	static const char *const levels[] = {"read uncommitted", "read committed", "repeatable read",
										 "serializable"};

	if (value->type != JSON_TYPE_STRING)
		return false;
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(value->text, levels[i]) == 0)
		{
			buf_printf(sql, " ISOLATION LEVEL %s", levels[i]);
			return true;
		}
	return false;
}

static bool
begin_option(Buf *sql, const JsonValue *option, dba_error **err)
{
	if (strcmp(option->name, "isolation") == 0)
	{
		if (!begin_isolation(sql, option))
			return error_set(
				err, DBA_INVALID,
				"isolation must be \"read committed\", \"repeatable read\" or \"serializable\"");
		return true;
	}
	if (strcmp(option->name, "read_only") != 0 && strcmp(option->name, "deferrable") != 0)
		return error_set(err, DBA_INVALID, "unknown transaction option \"%s\"", option->name);
	if (option->type != JSON_TYPE_BOOL)
		return error_set(err, DBA_INVALID, "transaction option \"%s\" must be true or false",
						 option->name);
	if (strcmp(option->name, "read_only") == 0)
		buf_puts(sql, option->boolean ? " READ ONLY" : " READ WRITE");
	else
		buf_puts(sql, option->boolean ? " DEFERRABLE" : " NOT DEFERRABLE");
	return true;
}

static bool
begin_sql(Buf *sql, const Tx *tx, const char *options, dba_error **err)
{
	Arena		arena = {NULL};
	const JsonValue *value;
	bool		ok = true;

	if (tx->depth > 0)
	{
		buf_printf(sql, "SAVEPOINT dba_%d", tx->depth);
		return options == NULL || error_set(err, DBA_INVALID, "a savepoint takes no options");
	}
	buf_puts(sql, "BEGIN");
	if (options == NULL)
		return true;
	value = json_parse(&arena, options, strlen(options), "transaction options", err);
	if (value != NULL && value->type != JSON_TYPE_OBJECT)
		ok = error_set(err, DBA_INVALID, "transaction options must be a JSON object");
	else if (value != NULL)
	{
		json_foreach(option, value) ok = ok && begin_option(sql, option, err);
	}
	arena_free(&arena);
	return value != NULL && ok;
}

dba_request
dba_begin(dba_client *db, const char *options, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_BEGIN, cb, arg);
	Tx		   *tx = request != NULL ? tx_new(db->core, db->tx) : NULL;
	Buf			sql = BUF_INIT;
	dba_error  *error = NULL;

	if (tx == NULL)
	{
		mem_free(request);
		return 0;
	}
	if (db->tx != NULL && db->tx->inner != NULL)
		error_set(&error, DBA_INVALID, "a savepoint of this transaction is open");
	else if (begin_sql(&sql, tx, options, &error))
	{
		request->stmt =
			buf_ok(&sql) ? stmt_get(&db->core->stmts, buf_text(&sql), sql.len, false) : NULL;
		if (request->stmt == NULL)
			error_set_no_memory(&error);
	}
	buf_free(&sql);
	if (error != NULL)
	{
		tx_free(tx);
		return request_refuse(request, error);
	}
	request->unprepared = true;
	request->new_tx = tx;
	if (db->tx != NULL)
	{
		db->tx->inner = tx;
		tx->conn = db->tx->conn;
	}
	return request_submit(request);
}

static dba_request
tx_submit_end(dba_client *db, RequestKind kind, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, kind, cb, arg);

	if (request == NULL)
		return 0;
	if (db->tx == NULL)
	{
		request->kind = REQUEST_STATEMENT;
		return request_refuse(
			request,
			error_new(DBA_INVALID,
					  "there is no transaction to end: this is not a client of dba_begin"));
	}
	request->unprepared = true;
	if (db->tx->state == TX_ENDING || db->tx->inner != NULL)
	{
		request->kind = REQUEST_STATEMENT;
		return request_submit(request); /* refused there, and the transaction stays */
	}
	request->accepted_end = true;
	return request_submit(request);
}

dba_request
dba_commit(dba_client *tx, dba_callback cb, void *arg)
{
	return tx_submit_end(tx, REQUEST_COMMIT, cb, arg);
}

dba_request
dba_rollback(dba_client *tx, dba_callback cb, void *arg)
{
	return tx_submit_end(tx, REQUEST_ROLLBACK, cb, arg);
}
