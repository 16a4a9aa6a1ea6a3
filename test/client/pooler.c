/*
 * pooler.c
 *		Behind PgBouncer, in session and in transaction mode; from its 1.21 on
 *		with prepared statements of its own.
 *
 * PGBOUNCER names another program than the one installed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <libpq-fe.h>

#include "bouncer.h"
#include "outcome.h"
#include "server.h"

static Server *server;
static Bouncer bouncer;

static int
setup(void **state)
{
	(void) state;
	server = server_start(NULL);
	server_sql(server,
			   "CREATE TABLE item (id serial PRIMARY KEY, name text, doc jsonb, tags text[])");
	server_sql(server, "ALTER SYSTEM SET datestyle = 'SQL, DMY'");
	server_sql(server, "SELECT pg_reload_conf()");
	/* what the pooler's own connections begin with */
	server_sql(server, "ALTER ROLE ALL SET client_encoding = 'LATIN1'");
	return 0;
}

static int
teardown(void **state)
{
	(void) state;
	server_free(server);
	return 0;
}

static void
use(dba_client *db)
{
	Outcome		out = {0};
	Outcome		slow = {0};
	dba_request id;
	dba_client *tx;

	for (int i = 0; i < 300; i++)
		out.submitted +=
			(i % 2 ? dba_insert(db, "item", "{\"doc\": [1], \"tags\": [\"a\"]}", outcome_take, &out)
				   : dba_select(db, "item", "id, doc", "{\"tags\": [\"a\"]}", NULL, outcome_take,
								&out)) != 0;
	dba_run(db);
	assert_string_equal(out.message, "");
	assert_int_equal(out.called, 300);
	assert_int_equal(out.failed, 0);
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	tx = out.db;
	for (int i = 0; i < 20; i++)
		out.submitted += dba_insert(tx, "item", "{\"name\": \"t\"}", outcome_take, &out) != 0;
	out.submitted += dba_commit(tx, outcome_take, &out) != 0;
	dba_run(db);
	assert_int_equal(out.failed, 0);
	assert_int_equal(out.called, out.submitted);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item WHERE name = 't'"), "20");
	assert_string_equal(outcome_of(db, "SELECT '2024-01-31'::date").text, "2024-01-31");
	id = dba_execute(db, "SELECT pg_sleep(3600)", NULL, outcome_take, &slow);
	while (strcmp(server_sql(
					  server,
					  "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)'"
					  " AND state = 'active'"),
				  "1") != 0)
		dba_wait(db, id, 10);
	dba_cancel(db, id);
	outcome_wait(db, id, &slow);
	assert_int_equal(slow.code, DBA_CANCELLED);
	server_sql(server, "TRUNCATE item");
}

/* What a session is changed to is gone; what the pooler set for us is there. */
static void
use_changed(dba_client *db)
{
	dba_client *tx;
	Outcome		out = {0};

	for (int i = 0; i < 10; i++)
	{
		outcome_of(db, "SELECT set_config('app.user_id', '7', false), pg_advisory_lock(1),"
					   " set_config('application_name', 'other', false),"
					   " set_config('client_encoding', 'LATIN1', false)");
		assert_string_equal(
			outcome_of(db,
					   "SELECT concat_ws(' ', coalesce(current_setting('app.user_id', true), ''),"
					   " current_setting('application_name'), current_setting('DateStyle'),"
					   " octet_length('\xc3\xa4'), (SELECT count(*) FROM pg_locks WHERE locktype"
					   " = 'advisory' AND pid = pg_backend_pid()))")
				.text,
			" db_adapter ISO, DMY 2 0");
		outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
		tx = out.db;
		assert_string_equal(outcome_of(tx, "SELECT set_config('app.user_id', '7', false)").text,
							"7");
		assert_string_equal(outcome_of(tx, "SHOW app.user_id").text, "7");
		outcome_wait(db, dba_commit(tx, outcome_take, &out), &out);
	}
	outcome_wait(db, dba_insert(db, "item", "{\"name\": \"\xc3\xa4\"}", outcome_take, &out), &out);
	assert_string_equal(server_sql(server, "SELECT octet_length(name) FROM item"), "2");
	server_sql(server, "TRUNCATE item");
}

static void
test_mode(const char *mode)
{
	dba_client *db;
	dba_client *other;
	const char *size = strcmp(mode, "session") == 0 ? "1" : "4";
	Outcome		out = {0};

	bouncer_start(&bouncer, server, mode,
				  bouncer_knows_prepared() ? "max_prepared_statements = 0\n" : "");
	db = open_client(bouncer.url, "pool_size", "3", "pool_max_overflow", "0", NULL);
	use(db);
	assert_int_equal(dba_pool_stats(db, "retried"), 0);
	use_changed(db);
	dba_close(db);

	/* prepared statements forced: what another client prepared there is met */
	db = open_client(bouncer.url, "pool_size", size, "pool_max_overflow", "0", "prepare", "on",
					 NULL);
	other = open_client(bouncer.url, "pool_size", size, "pool_max_overflow", "0", "prepare", "on",
						NULL);
	for (int round = 0; round < 3; round++)
	{
		for (int i = 0; i < 50; i++)
		{
			out.submitted +=
				dba_select(db, "item", "id, name", "{\"id\": 1}", NULL, outcome_take, &out) != 0;
			out.submitted +=
				dba_select(other, "item", "id, name", "{\"id\": 1}", NULL, outcome_take, &out) != 0;
		}
		dba_run(db);
		dba_run(other);
	}
	assert_int_equal(out.called, 300);
	assert_int_equal(out.failed, 0);
	dba_close(db);
	dba_close(other);
	bouncer_stop(&bouncer);
}

static void
test_session(void **state)
{
	(void) state;
	test_mode("session");
}

static void
test_transaction(void **state)
{
	(void) state;
	test_mode("transaction");
}

/* The pooler follows prepared statements: they may be on, and none is mixed up,
 * not even when more are made than a connection keeps. */
static void
test_prepared(void **state)
{
	dba_client *clients[2];
	Outcome		out = {0};

	(void) state;
	if (!bouncer_knows_prepared())
	{
		printf("# this PgBouncer is older than 1.21 and knows no prepared statements\n");
		skip();
	}
	bouncer_start(&bouncer, server, "transaction", "max_prepared_statements = 20\n");
	for (int i = 0; i < 2; i++)
		clients[i] = open_client(bouncer.url, "pool_size", "4", "pool_max_overflow", "0", "prepare",
								 "on", "prepared_max", "8", NULL);
	for (int i = 0; i < 600; i++)
	{
		char		columns[64];

		snprintf(columns, sizeof(columns), "id, name as n%d", i / 2 % 15);
		out.submitted += dba_select(clients[i % 2], "item", columns, "{\"id\": 1}", NULL,
									outcome_take, &out) != 0;
		if (i % 50 == 49)
		{
			dba_run(clients[0]);
			dba_run(clients[1]);
		}
	}
	assert_int_equal(out.called, 600);
	assert_int_equal(out.failed, 0);
#ifdef LIBPQ_HAS_CLOSE_PREPARED
	assert_int_equal(dba_pool_stats(clients[0], "retried"), 0);
	assert_int_equal(dba_pool_stats(clients[1], "retried"), 0);
#endif
	dba_close(clients[0]);
	dba_close(clients[1]);
	bouncer_stop(&bouncer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_transaction),
		cmocka_unit_test(test_prepared),
	};
	if (!bouncer_installed())
	{
		printf("1..1\nok 1 # skip PgBouncer is not installed\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
