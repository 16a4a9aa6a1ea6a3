/*
 * faults.c
 *		What goes wrong outside: servers that stop, connections that break, fall
 *		silent or are refused.  Every request is called back once, and the pool
 *		recovers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

static int
setup(void **state)
{
	(void) state;
	return fixture_server("CREATE TABLE item (id serial PRIMARY KEY, name text)");
}

/* A request that is running on the server when this returns. */
static dba_request
start_sleep(dba_client *db, Outcome *out)
{
	dba_request id = dba_execute(db, "SELECT pg_sleep(3600)", NULL, outcome_take, out);

	for (long start = now_ms(); now_ms() - start < 300000;)
	{
		dba_wait(db, id, 10);
		if (strcmp(server_sql(
					   server,
					   "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3600)%'"
					   " AND state = 'active' AND pid <> pg_backend_pid()"),
				   "1") == 0)
			return id;
	}
	abort();
}

static void
test_restart_idle(void **state)
{
	dba_client *db = open_client(server_url(server), "pool_pre_ping", "false", NULL);

	(void) state;
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	server_stop(server, "fast");
	server_start_again(server);
	assert_string_equal(outcome_of(db, "SELECT 2").text, "2");
	dba_close(db);
}

static void
test_restart_busy(void **state)
{
	dba_client *db = open_client(server_url(server), NULL);
	Outcome		out = {0};
	dba_request id = start_sleep(db, &out);

	(void) state;
	server_stop(server, "fast");
	outcome_wait(db, id, &out);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_false(out.retryable);
	assert_non_null(strstr(out.message, "may have run"));
	out = (Outcome){0};
	id = dba_execute(db, "SELECT 3", NULL, outcome_take, &out);
	dba_wait(db, id, 300);		/* refused meanwhile, but it was there before */
	server_start_again(server);
	outcome_wait(db, id, &out);
	assert_string_equal(out.message, "");
	assert_string_equal(out.text, "3");
	dba_close(db);
}

static void
test_crash_busy(void **state)
{
	dba_client *db = open_client(server_url(server), NULL);
	Outcome		out = {0};
	dba_request id = start_sleep(db, &out);

	(void) state;
	server_stop(server, "immediate");
	server_start_again(server);
	outcome_wait(db, id, &out);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_string_equal(outcome_of(db, "SELECT 4").text, "4");
	dba_close(db);
}

#define TERMINATE                                                                                  \
	"SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"                                \
	" WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
#define NOBODY_ELSE                                                                                \
	"SELECT count(*) FROM pg_stat_activity"                                                        \
	" WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"

static void
test_terminate(void **state)
{
	dba_client *db = open_client(server_url(server), NULL);
	Outcome		out = {0};
	dba_request id;
	dba_client *tx;

	(void) state;
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	server_sql(server, TERMINATE);
	server_poll(server, NOBODY_ELSE, "0");
	assert_string_equal(outcome_of(db, "SELECT 5").text, "5");
	id = start_sleep(db, &out);
	server_sql(server, TERMINATE);
	outcome_wait(db, id, &out);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_string_equal(out.sqlstate, "57P01");

	/* a transaction does not survive its connection; its end says so */
	out = (Outcome){0};
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	tx = out.db;
	server_sql(server, TERMINATE);
	server_poll(server, NOBODY_ELSE, "0");
	assert_int_equal(outcome_of(tx, "SELECT 1").code, DBA_CONNECT);
	outcome_wait(db, dba_commit(tx, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_string_equal(outcome_of(db, "SELECT 6").text, "6");
	dba_close(db);
}

static void
test_silent_server(void **state)
{
	Proxy		proxy = proxy_start(server, PROXY_SILENT, 0);
	dba_client *db = open_client(proxy.url, "connect_timeout_seconds", "0.3", NULL);
	long		start = now_ms();
	Outcome		out = outcome_of(db, "SELECT 1");

	(void) state;
	assert_int_equal(out.code, DBA_TIMEOUT);
	assert_true(out.retryable);
	assert_true(now_ms() - start < 200000);
	dba_close(db);
	proxy_stop(&proxy);
}

static void
test_silent_first_host(void **state)
{
	Proxy		proxy = proxy_start(server, PROXY_SILENT, 0);
	char		url[256];
	dba_client *db;

	(void) state;
	snprintf(url, sizeof(url), "postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres",
			 proxy.port, server_port(server));
	db = open_client(url, "connect_timeout_seconds", "10", NULL);	/* long for the second */
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	dba_close(db);
	proxy_stop(&proxy);
}

static void
test_hang(void **state)
{
	Proxy		proxy = proxy_start(server, PROXY_HANG, 1000);
	dba_client *db =
		open_client(proxy.url, "request_timeout_seconds", "0.3", "pool_size", "1", NULL);
	Outcome		out;
	long		start = now_ms();

	(void) state;
	out = outcome_of(db, "SELECT repeat('x', 5000)");
	assert_int_equal(out.code, DBA_TIMEOUT);
	assert_true(now_ms() - start < 200000);
	dba_close(db);
	proxy_stop(&proxy);
}

static void
test_bytes(void **state)
{
	Proxy		proxy = proxy_start(server, PROXY_BYTES, 0);
	dba_client *db = open_client(proxy.url, NULL);
	Outcome		out = {0};

	(void) state;
	for (int i = 0; i < 20; i++)
		out.submitted += dba_insert(db, "item", "{\"name\": \"x\"}", outcome_take, &out) != 0;
	dba_run(db);
	assert_int_equal(out.called, out.submitted);
	assert_int_equal(out.failed, 0);
	assert_string_equal(outcome_of(db, "SELECT repeat('y', 100)").text + 99, "y");
	dba_close(db);
	proxy_stop(&proxy);
}

static void
test_cut(void **state)
{
	(void) state;
	/* each byte where the first round trip ends: a connection that is cut there was
	 * established, and served nobody */
	for (long limit = 1; limit < 900; limit += limit < 440 ? 7 : limit < 560 ? 1 : 13)
	{
		Proxy		proxy = proxy_start(server, PROXY_CUT, limit);
		dba_client *db = open_client(proxy.url, "pool_size", "1", "pool_max_overflow", "0",
									 "connect_timeout_seconds", "1", NULL);
		Outcome		out = {0};

		for (int i = 0; i < 3; i++)
			out.submitted +=
				dba_select(db, "item", "id, name", "{\"id\": 1}", NULL, outcome_take, &out) != 0;
		dba_run(db);
		assert_int_equal(out.called, 3);
		assert_true(dba_pool_stats(db, "opened") < 30);
		dba_close(db);
		proxy_stop(&proxy);
	}
}

static void
test_delay(void **state)
{
	Proxy		proxy = proxy_start(server, PROXY_DELAY, 10);
	dba_client *db = open_client(proxy.url, "pool_size", "2", "pool_max_overflow", "0", NULL);
	Outcome		out = {0};

	(void) state;
	for (int i = 0; i < 60; i++)
		out.submitted += dba_insert(db, "item", "{\"name\": \"slow\"}", outcome_take, &out) != 0;
	dba_run(db);
	assert_int_equal(out.called, 60);
	assert_int_equal(out.failed, 0);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item WHERE name = 'slow'"), "60");
	dba_close(db);
	proxy_stop(&proxy);
}

/* The network goes while rows are sent: all or none, and the caller is told. */
static void
test_cut_upload(void **state)
{
	static char rows[400000];
	size_t		len = (size_t) sprintf(rows, "[");

	(void) state;
	server_sql(server, "CREATE TABLE copied (id int, name text);"
					   "CREATE TABLE inserted (id int, name text);"
					   "ALTER TABLE inserted ENABLE ROW LEVEL SECURITY");
	for (int i = 0; i < 5000; i++)
		len += (size_t) sprintf(rows + len, "%s{\"id\": %d, \"name\": \"some text of a row\"}",
								i ? "," : "", i);
	sprintf(rows + len, "]");
	for (long limit = 500; limit < 100000; limit += limit < 2000 ? 300 : 30000)
		for (int i = 0; i < 2; i++)
		{
			const char *table = i == 0 ? "copied" : "inserted";
			Proxy		proxy = proxy_start(server, PROXY_CUT_UP, limit);
			dba_client *db =
				open_client(proxy.url, "pool_size", "1", "pool_max_overflow", "0", NULL);
			Outcome		out = {0};
			char		sql[100];

			outcome_wait(db, dba_insert_many(db, table, rows, outcome_take, &out), &out);
			assert_int_equal(out.code, DBA_CONNECT);
			assert_int_equal(out.called, 1);
			dba_close(db);
			proxy_stop(&proxy);
			snprintf(sql, sizeof(sql), "SELECT count(*) FROM %s", table);
			assert_string_equal(server_sql(server, sql), "0");
		}
}

static void
test_too_many_connections(void **state)
{
	char		url[256];
	dba_client *db;
	Outcome		out = {0};

	(void) state;
	server_sql(server, "CREATE ROLE few LOGIN CONNECTION LIMIT 3; GRANT ALL ON item TO few;");
	snprintf(url, sizeof(url), "postgresql://few@/postgres?host=%s&port=%d", server_dir(server),
			 server_port(server));
	db = open_client(url, "pool_size", "10", NULL);
	for (int i = 0; i < 200; i++)
		out.submitted += dba_select(db, "item", NULL, NULL, NULL, outcome_take, &out) != 0;
	dba_run(db);
	assert_int_equal(out.called, 200);
	assert_int_equal(out.failed, 0);
	dba_close(db);
}

static void
test_password(void **state)
{
	char		url[256];
	dba_client *db;
	Outcome		out;
	dba_error  *err = NULL;

	(void) state;
	server_sql(server, "CREATE ROLE secret LOGIN PASSWORD 'first-secret'");
	server_set_hba(
		server,
		"local all secret scram-sha-256\nlocal all all trust\nhost all all 127.0.0.1/32 trust\n");
	snprintf(url, sizeof(url), "postgresql://secret:first-secret@/postgres?host=%s&port=%d",
			 server_dir(server), server_port(server));
	db = open_client(url, "pool_size", "1", "pool_max_overflow", "0", NULL);
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	assert_null(strstr(dba_url(db), "first-secret"));
	server_sql(server, "ALTER ROLE secret PASSWORD 'second'");
	assert_string_equal(outcome_of(db, "SELECT 2").text, "2");
	server_sql(server, TERMINATE);
	server_poll(server, NOBODY_ELSE, "0");
	out = outcome_of(db, "SELECT 3");
	assert_int_equal(out.code, DBA_CONNECT);
	assert_string_equal(out.sqlstate, "28P01");
	assert_true(out.retryable);
	assert_null(strstr(out.message, "first-secret"));
	dba_close(db);
	assert_null(dba_open("postgresql://me:hidden@host:port:1/x", &err));
	assert_null(strstr(dba_error_message(err), "hidden"));
	dba_error_free(err);
}

static void
test_failover(void **state)
{
	Server	   *primary = server_start(NULL);
	Server	   *standby = server_standby(primary);
	char		url[512];
	dba_client *db;
	dba_client *old;

	(void) state;
	snprintf(
		url, sizeof(url),
		"postgresql://postgres@localhost:%d,127.0.0.1:%d/postgres?target_session_attrs=read-write",
		server_port(standby), server_port(primary));
	db = open_client(url, NULL);
	assert_string_equal(outcome_of(db, "SELECT pg_is_in_recovery()").text, "f");
	assert_int_equal(outcome_of(db, "CREATE TABLE t (id int)").code, DBA_OK);
	server_poll(standby, "SELECT to_regclass('t') IS NOT NULL", "t");
	server_stop(primary, "immediate");
	server_promote(standby);
	assert_string_equal(outcome_of(db, "SELECT pg_is_in_recovery()").text, "f");
	assert_int_equal(outcome_of(db, "INSERT INTO t VALUES (1)").code, DBA_OK);
	old = open_client(server_tcp_url(primary), NULL);
	assert_int_equal(outcome_of(old, "SELECT 1").code, DBA_CONNECT);
	dba_close(old);
	dba_close(db);
	server_free(standby);
	server_free(primary);
}

static void
test_cancel(void **state)
{
	/* Where sessions are reset, a statement left before its answer costs the connection. */
	dba_client *db = open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0",
								 "reset", "never", NULL);
	Outcome		out = {0};
	dba_request id = dba_execute(db, "SELECT 1", NULL, outcome_take, &out);
	dba_client *tx;

	(void) state;
	dba_cancel(db, id);			/* before anything was done */
	outcome_wait(db, id, &out);
	assert_int_equal(out.code, DBA_CANCELLED);
	assert_true(out.retryable);
	dba_cancel(db, id);			/* finished: harmless */
	id = dba_execute(db, "SELECT 1", NULL, outcome_take, &out);
	dba_wait(db, id, 0);
	dba_cancel(db, id);			/* while connecting */
	outcome_wait(db, id, &out);
	assert_int_equal(out.code, DBA_CANCELLED);
	id = start_sleep(db, &out);
	dba_cancel(db, id);			/* while running */
	outcome_wait(db, id, &out);
	assert_int_equal(out.code, DBA_CANCELLED);
	for (int i = 0; i < 20; i++)	/* the next statement is never hit */
	{
		id = dba_execute(db, "SELECT count(*) FROM generate_series(1, 200000)", NULL, outcome_take,
						 &out);
		dba_wait(db, id, i % 5);
		dba_cancel(db, id);
		out = (Outcome){.submitted = out.submitted, .called = out.called};
		outcome_wait(db, id, &out);
		assert_true(out.code == DBA_CANCELLED || out.code == DBA_OK);
		assert_string_equal(outcome_of(db, "SELECT 9").text, "9");
	}
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	tx = out.db;
	id = start_sleep(tx, &out);
	dba_cancel(tx, id);
	outcome_wait(db, id, &out);
	assert_int_equal(out.code, DBA_CANCELLED);
	outcome_wait(db, dba_rollback(tx, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_OK);
	assert_int_equal(out.called, out.submitted);
	assert_int_equal(dba_pool_stats(db, "opened"), 1);
	dba_close(db);
}

typedef struct Stage
{
	const char *what;
	dba_request (*submit)(dba_client *db, Outcome *out);
} Stage;

static char many_rows[300000];

static dba_request
stage_select(dba_client *db, Outcome *out)
{
	return dba_select(db, "item", "id", "{\"name\": \"nobody\"}", NULL, outcome_take, out);
}

static dba_request
stage_begin(dba_client *db, Outcome *out)
{
	return dba_begin(db, NULL, outcome_take, out);
}

static dba_flow
stage_row(dba_client *db, const dba_result *row, void *arg)
{
	int			id = atoi(dba_result_text_at(row, 0, 0));

	(void) db;
	(void) arg;
	return id == 3000 ? DBA_PAUSE : DBA_CONTINUE;	/* nobody resumes it */
}

static dba_request
stage_stream(dba_client *db, Outcome *out)
{
	return dba_execute_stream(db, "SELECT generate_series(1, 100000)", NULL, stage_row,
							  outcome_take, out);
}

static dba_request
stage_copy(dba_client *db, Outcome *out)
{
	return dba_insert_many(db, "stage_copy", many_rows, outcome_take, out);
}

static dba_request
stage_arrays(dba_client *db, Outcome *out)
{
	return dba_insert_many(db, "stage_arrays", many_rows, outcome_take, out);
}

/* Cancelled after each number of steps until it is done before that (or waits for
 * its consumer): one callback, and the connection serves on. */
static void
cancel_at_every_step(const Stage *stage)
{
	int			code = DBA_CANCELLED;

	for (int steps = 0; steps < 60 && code != DBA_OK; steps++)
	{
		dba_client *db =
			open_client(server_tcp_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
		Outcome		out = {0};
		dba_request id = stage->submit(db, &out);

		for (int i = 0; i < steps; i++)
			dba_wait(db, id, 1);
		dba_cancel(db, id);
		outcome_wait(db, id, &out);
		if (out.code != DBA_OK && out.code != DBA_CANCELLED)
			fail_msg("%s, step %d: %s", stage->what, steps, out.message);
		code = out.code;
		if (code == DBA_OK && out.db != db)
			dba_close(out.db);	/* the transaction */
		assert_string_equal(outcome_of(db, "SELECT 8").text, "8");
		assert_int_equal(out.called, 1);
		dba_close(db);
	}
}

static void
test_cancel_stages(void **state)
{
	static const Stage stages[] = {{"select", stage_select},
								   {"begin", stage_begin},
								   {"stream", stage_stream},
								   {"copy", stage_copy},
								   {"arrays", stage_arrays}};
	size_t		len = (size_t) sprintf(many_rows, "[");

	(void) state;
	server_sql(server, "CREATE TABLE stage_copy (id int); CREATE TABLE stage_arrays (id int);"
					   "ALTER TABLE stage_arrays ENABLE ROW LEVEL SECURITY");
	for (int i = 0; i < 12000; i++)
		len += (size_t) sprintf(many_rows + len, "%s{\"id\": %d}", i ? "," : "", i);
	sprintf(many_rows + len, "]");
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		cancel_at_every_step(&stages[i]);
	/* all or none */
	assert_string_equal(server_sql(server, "SELECT (SELECT count(*) FROM stage_copy) % 12000 +"
										   " (SELECT count(*) FROM stage_arrays) % 12000"),
						"0");
	server_poll(server, NOBODY_ELSE, "0");
}

/* Requests that share a connection are cancelled locally. */
static void
test_cancel_shared(void **state)
{
	dba_client *db =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
	Outcome		out = {0};
	dba_request ids[50];

	(void) state;
	outcome_wait(db, dba_select(db, "item", NULL, NULL, NULL, outcome_take, &out), &out);
	for (int i = 0; i < 50; i++)
	{
		ids[i] = dba_select(db, "item", NULL, NULL, NULL, outcome_take, &out);
		out.submitted++;
	}
	dba_wait(db, ids[0], 0);
	for (int i = 0; i < 50; i += 2)
		dba_cancel(db, ids[i]);
	dba_run(db);
	assert_int_equal(out.called, out.submitted);
	assert_string_equal(outcome_of(db, "SELECT 7").text, "7");
	dba_close(db);
}

static void
close_from_callback(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	outcome_take(db, result, error, arg);
	if (((Outcome *) arg)->called == 100)
		dba_close(db);
	if (((Outcome *) arg)->called >= 100)
		assert_int_equal(dba_execute(db, "SELECT 1", NULL, outcome_take, arg), 0);
}

static void
test_close_in_flight(void **state)
{
	dba_client *db = open_client(server_url(server), NULL);
	Outcome		out = {0};

	(void) state;
	for (int i = 0; i < 1000; i++)
		out.submitted += (i % 3 ? dba_select(db, "item", NULL, NULL, NULL, outcome_take, &out)
								: dba_begin(db, NULL, outcome_take, &out)) != 0;
	dba_wait(db, 1, 20);
	dba_close(db);
	assert_int_equal(out.submitted, 1000);
	assert_int_equal(out.called, 1000);
	assert_int_equal(out.code, DBA_CLOSED);

	out = (Outcome){0};
	db = open_client(server_url(server), NULL);
	for (int i = 0; i < 1000; i++)
		out.submitted += dba_select(db, "item", NULL, NULL, NULL, close_from_callback, &out) != 0;
	dba_run(db);				/* returns when the callback has closed it */
	assert_int_equal(out.called, 1000);
	server_poll(server, NOBODY_ELSE, "0");
}

/* Two clients on one loop: whichever is called back first closes the other. */
typedef struct Pair
{
	dba_client *db[2];
	int			called;
} Pair;

static void
close_other(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Pair	   *pair = arg;
	int			self = db == pair->db[1];

	(void) result;
	assert_int_equal(dba_error_code(error), DBA_INVALID);
	if (pair->called++ > 0)
		return;
	dba_close(pair->db[!self]);
	pair->db[!self] = NULL;
}

static void
test_close_other(void **state)
{
	dba_loop   *loop = dba_loop_new();
	Pair		pair = {0};

	(void) state;
	for (int i = 0; i < 2; i++)
	{
		pair.db[i] = open_client(server_url(server), NULL);
		assert_int_equal(dba_loop_add(loop, pair.db[i]), DBA_OK);
		assert_int_not_equal(dba_delete(pair.db[i], "item", NULL, close_other, &pair), 0);
	}
	assert_int_equal(dba_loop_run(loop), DBA_OK);
	assert_int_equal(pair.called, 2);
	dba_close(pair.db[0]);
	dba_close(pair.db[1]);
	dba_loop_free(loop);
}

static void
test_request_timeout(void **state)
{
	dba_client *db =
		open_client(server_url(server), "request_timeout_seconds", "5", "checkout_timeout_seconds",
					"5", "pool_size", "1", "pool_max_overflow", "0", NULL);
	Outcome		out = outcome_of(db, "SELECT pg_sleep(3600)");
	Outcome		first = {0};

	(void) state;
	assert_int_equal(out.code, DBA_TIMEOUT);
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &first), &first);
	out = outcome_of(db, "SELECT 1");	/* the transaction holds the only connection */
	assert_int_equal(out.code, DBA_TIMEOUT);
	assert_true(out.retryable);
	dba_close(db);
}

static void
test_ddl(void **state)
{
	dba_client *db =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
	dba_client *tx;
	Outcome		out = {0};

	(void) state;
	server_sql(server, "CREATE TABLE changing (id int, v int); INSERT INTO changing VALUES (1, 2)");
	outcome_wait(db, dba_select(db, "changing", NULL, "{\"id\": 1}", NULL, outcome_take, &out),
				 &out);
	server_sql(server,
			   "ALTER TABLE changing ADD COLUMN w text; ALTER TABLE changing ALTER v TYPE text");
	outcome_wait(db, dba_select(db, "changing", NULL, "{\"id\": 1}", NULL, outcome_take, &out),
				 &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.rows, 1);
	outcome_wait(db, dba_insert(db, "changing", "{\"id\": 3, \"v\": \"x\"}", outcome_take, &out),
				 &out);
	assert_int_equal(out.code, DBA_OK);
	/* inside a transaction nothing is repeated: the error is the caller's */
	out = (Outcome){0};
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	tx = out.db;
	server_sql(server, "ALTER TABLE changing ADD COLUMN x text");
	outcome_wait(tx, dba_select(tx, "changing", NULL, "{\"id\": 1}", NULL, outcome_take, &out),
				 &out);
	assert_int_equal(out.code, DBA_SERVER);
	assert_string_equal(out.sqlstate, "0A000");
	outcome_wait(db, dba_rollback(tx, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_OK);
	outcome_wait(db, dba_select(db, "changing", NULL, "{\"id\": 1}", NULL, outcome_take, &out),
				 &out);
	assert_string_equal(out.message, "");
	dba_close(db);
}

/* Why a session ended is told, also where the server said it while nobody asked. */
static void
test_last_words(void **state)
{
	Outcome		out = {0};
	dba_client *tx;

	(void) state;
	db = open_client(server_url(server), "request_timeout_seconds", "300", NULL);
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	tx = out.db;
	assert_string_equal(
		outcome_of(tx, "SELECT set_config('idle_in_transaction_session_timeout', '1', true)")
			.message,
		"");
	server_poll(server,
				"SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'",
				"0");
	out = outcome_of(tx, "SELECT 1");
	assert_int_equal(out.code, DBA_CONNECT);
	assert_string_equal(out.message,
						"connection to the server was lost: terminating connection due to "
						"idle-in-transaction timeout");
	assert_string_equal(out.sqlstate, "25P03");
	out = outcome_of(tx, "SELECT 1");
	assert_non_null(
		strstr(out.message, "terminating connection due to idle-in-transaction timeout"));
	outcome_wait(db, dba_rollback(tx, outcome_take, &out), &out);
	dba_close(db);
	db = NULL;
}

/* A request's own time in a transaction: what comes after it is told that, not that
 * somebody cancelled. */
static void
test_timeout_poisons(void **state)
{
	Outcome		out = {0};
	dba_client *tx;

	(void) state;
	db = open_client(server_url(server), "request_timeout_seconds", "2", NULL);
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	tx = out.db;
	out = outcome_of(tx, "SELECT pg_sleep(600)");
	assert_int_equal(out.code, DBA_TIMEOUT);
	out = outcome_of(tx, "SELECT 1");
	assert_string_equal(out.sqlstate, "25P02");
	assert_non_null(strstr(out.message, ": a request timed out"));
	outcome_wait(db, dba_commit(tx, outcome_take, &out), &out);
	assert_non_null(strstr(out.message, ": a request timed out"));
	dba_close(db);
	db = NULL;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restart_idle),
		cmocka_unit_test(test_restart_busy),
		cmocka_unit_test(test_crash_busy),
		cmocka_unit_test(test_terminate),
		cmocka_unit_test(test_silent_server),
		cmocka_unit_test(test_silent_first_host),
		cmocka_unit_test(test_hang),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_cut_upload),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_too_many_connections),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_cancel_stages),
		cmocka_unit_test(test_cancel_shared),
		cmocka_unit_test(test_close_in_flight),
		cmocka_unit_test(test_close_other),
		cmocka_unit_test(test_request_timeout),
		cmocka_unit_test(test_ddl),
		cmocka_unit_test(test_password),
		cmocka_unit_test(test_failover),
		cmocka_unit_test(test_last_words),
		cmocka_unit_test(test_timeout_poisons),
	};

	return cmocka_run_group_tests(tests, setup, fixture_end);
}
