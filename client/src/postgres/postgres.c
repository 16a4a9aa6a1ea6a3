/*
 * postgres.c
 *		The provider over libpq: each call is one SQL statement on a pooled
 *		connection.
 *
 * What a call means in SQL is decided in sql/, which connection it gets in pool.c; here
 * the two meet.  dba_process comes in as serve, timers, dispatch and sweep, in this
 * order, and each looks only at what has something to do: a client with a thousand idle
 * connections pays for none of them.
 */
#include "postgres/postgres.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "postgres/bulk.h"
#include "postgres/conn.h"
#include "core/clock.h"
#include "postgres/pool.h"
#include "core/provider.h"
#include "postgres/tx.h"
#include "postgres/pgverbs.h"

/* --- statements */

/* A statement that owns what its parameters live in. */
static SqlStatement
postgres_statement(Arena *arena)
{
	SqlStatement st = {.arena = *arena};

	*arena = (Arena){NULL};
	return st;
}

static dba_request
postgres_select(Request *request, const dba_query *query)
{
	SqlStatement st = {0};
	dba_error  *error = NULL;

	sql_select(&st, query, &error);
	return verbs_submit(request, &st, error);
}

static dba_request
postgres_insert(Request *request, const dba_query *query, Arena *arena, const JsonValue *row,
				dba_error *error)
{
	SqlStatement st = postgres_statement(arena);

	if (error == NULL)
		sql_insert(&st, query, row, &error);
	return verbs_submit(request, &st, error);
}

static dba_request
postgres_update(Request *request, const dba_query *query, Arena *arena, const JsonValue *row,
				dba_error *error)
{
	SqlStatement st = postgres_statement(arena);

	if (error == NULL)
		sql_update(&st, query, row, &error);
	return verbs_submit(request, &st, error);
}

static dba_request
postgres_remove(Request *request, const dba_query *query)
{
	SqlStatement st = {0};
	dba_error  *error = NULL;

	sql_delete(&st, query, &error);
	return verbs_submit(request, &st, error);
}

/* Statements that return rows come again; others, without parameters, rarely do
 * and are not worth a prepared statement. */
static bool
postgres_worth_preparing(const char *sql)
{
	static const char *const words[] = {"select", "with",	"values", "table",
										"insert", "update", "delete", "merge"};

	sql += strspn(sql, " \t\r\n(");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		size_t		len = strlen(words[i]);

		if (strncasecmp(sql, words[i], len) == 0 && !isalnum((unsigned char) sql[len]) &&
			sql[len] != '_')
			return true;
	}
	return false;
}

static dba_request
postgres_execute(Request *request, const char *sql, Arena *arena, const JsonValue *params,
				 dba_error *error)
{
	SqlStatement st = postgres_statement(arena);

	/* It may SET, LISTEN or lock: its session is reset behind it. */
	request->sql.caller_sql = true;
	if (error == NULL && sql_execute(&st, sql, params, &error))
		request->sql.unprepared = st.params.count == 0 && !postgres_worth_preparing(sql);
	return verbs_submit(request, &st, error);
}

static dba_request
postgres_call(Request *request, const char *function, Arena *arena, const JsonValue *args,
			  dba_error *error)
{
	SqlStatement st = postgres_statement(arena);

	request->sql.caller_sql = true;
	if (error == NULL)
		sql_call(&st, function, args, &error);
	return verbs_submit(request, &st, error);
}

static dba_request
postgres_listen(Request *request, dba_error *error)
{
	Buf			sql = BUF_INIT;

	request->sql.unprepared = true;
	if (error == NULL)
	{
		buf_puts(&sql, "LISTEN ");
		quote_write_identifier(&sql, request->listen.channel);
		if (buf_ok(&sql))
			request->sql.stmt = stmt_get(&request->core->stmts, buf_text(&sql), sql.len, false);
		buf_free(&sql);
		if (request->sql.stmt == NULL)
			error_set_no_memory(&error);
	}
	return error != NULL ? request_refuse(request, error) : request_submit(request);
}

static void
postgres_abandon(dba_client *tx)
{
	tx_close(tx->tx);
}

/* --- requests under way */

static void
postgres_queue(Request *request)
{
	Core	   *core = request->core;

	if (request->db->tx != NULL)
		tx_queue(request);
	else
		list_append(request->kind == REQUEST_LISTEN ? &core->requests.listening
													: &core->requests.waiting,
					LINK_QUEUE, request);
}

static bool
postgres_cancel(Request *request)
{
	return conn_cancel(request->wire.conn, request);
}

/* A listener whose connection is not there yet needs it no more. */
static void
postgres_leave(Request *request)
{
	if (request->db->tx != NULL)
		tx_leave(request);
	if (request->wire.conn != NULL)
		conn_leave(request->wire.conn, request);
	if (request->wire.wanted != NULL)
		conn_close(request->wire.wanted, NULL);
}

static void
postgres_resume(Request *request)
{
	Conn	   *conn = request->wire.conn;

	if (conn == NULL || conn->stream != request || !conn->paused)
		return;
	conn->paused = false;
	conn->resumed = true;
	conn->pool->resume = true;
	clock_due(request->core, 0);
}

/* --- dba_process */

static void
postgres_serve(Core *core, int fd, unsigned events)
{
	for (Conn *conn = pool_of(core)->conns; conn != NULL; conn = conn->next)
		if (conn->socket.fd == fd && conn->state != CONN_DEAD)
		{
			conn_process(conn, events);
			return;
		}
		else if (cancel_process(conn, fd))
			return;
}

/* Take what libpq still holds of streams that go on. */
static void
postgres_go_on(Pool *pool)
{
	pool->resume = false;
	for (Conn *conn = pool->conns; conn != NULL; conn = conn->next)
		if (conn->resumed)
		{
			conn->resumed = false;
			conn_process(conn, 0);
		}
}

static void
postgres_dispatch(Core *core)
{
	Pool	   *pool = pool_of(core);

	if (pool->resume)
		postgres_go_on(pool);
	if (core->requests.waiting.head != NULL || core->requests.listening.head != NULL)
		pool_dispatch(core);
	if (pool->transactions != NULL)
		tx_dispatch(pool);
}

static void
postgres_sweep(Core *core)
{
	if (pool_of(core)->dead_conns)
		pool_sweep(core);
}

static void
postgres_watches(const Core *core, ProviderWatchFn fn, void *arg)
{
	for (const Conn *conn = pool_of(core)->conns; conn != NULL; conn = conn->next)
	{
		unsigned	events;
		int			fd;

		if (conn->socket.fd >= 0 && conn->socket.watched != 0)
			fn(arg, conn->socket.fd, conn->socket.watched);
		if (cancel_watched(conn, &fd, &events))
			fn(arg, fd, events);
	}
}

const Provider postgres_provider = {
	.name = "postgres",
	.open = pool_open,
	.select = postgres_select,
	.insert = postgres_insert,
	.insert_many = bulk_insert,
	.update = postgres_update,
	.remove = postgres_remove,
	.execute = postgres_execute,
	.call = postgres_call,
	.backup = stream_backup,
	.restore = restore_run,
	.test = session_test,
	.validate = session_validate,
	.listen = postgres_listen,
	.begin = tx_begin,
	.end = tx_end,
	.abandon = postgres_abandon,
	.queue = postgres_queue,
	.cancel = postgres_cancel,
	.leave = postgres_leave,
	.resume = postgres_resume,
	.called_back = tx_called_back,
	.serve = postgres_serve,
	.timers = pool_timers,
	.dispatch = postgres_dispatch,
	.sweep = postgres_sweep,
	.watches = postgres_watches,
	.count = pool_count,
	.close = pool_close,
};
