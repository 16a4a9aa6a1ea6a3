/*
 * watched.c
 *		What a request leaves in its session, told by the server; and round trips.
 *
 * With the extension the server tells which transactions leave a session changed, and
 * refuses statements whose parameters have other types by now.  A connection comes to
 * that by its first statements, so each test begins with some.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "calls.h"
#include "fixture.h"

static int
setup(void **state)
{
	(void) state;
	fixture_server("CREATE EXTENSION db_adapter");
	server_sql(server, "CREATE ROLE guest; CREATE SEQUENCE numbers; CREATE SCHEMA other;"
					   "CREATE TABLE item (id int PRIMARY KEY, name text, n int);"
					   "INSERT INTO item VALUES (1, 'a', 1);"
					   "CREATE FUNCTION login(id text) RETURNS text LANGUAGE sql AS"
					   " $$SELECT set_config('app.user_id', id, false)$$;"
					   "CREATE FUNCTION run(command text) RETURNS text LANGUAGE plpgsql AS"
					   " $$BEGIN EXECUTE command; RETURN 'done'; END$$;"
					   "CREATE PROCEDURE locked() LANGUAGE plpgsql AS $$BEGIN"
					   " PERFORM pg_advisory_lock(5); COMMIT;"
					   " INSERT INTO item SELECT 100, count(*)::text FROM pg_locks"
					   "  WHERE locktype = 'advisory' AND pid = pg_backend_pid(); END$$");
	return 0;
}

/* One connection, whose session is watched. */
static dba_client *
open_watched(const char *url)
{
	dba_client *one = open_client(url, "pool_size", "1", "pool_max_overflow", "0", NULL);

	for (int i = 0; i < 3; i++)
		assert_string_equal(outcome_of(one, "SELECT 1").text, "1");
	return one;
}

/* What changes a session, how the next request would see it, and what it sees. */
typedef struct Change
{
	const char *sql;
	const char *look;
	const char *clean;
} Change;

#define ADVISORY "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
#define USER_ID "SELECT COALESCE(current_setting('app.user_id', true), '')"

static const Change changes[] = {
	{"SELECT login('7')", USER_ID, ""},
	{"SELECT run('SET app.user_id = 8')", USER_ID, ""},
	{"DO $$BEGIN PERFORM login('9'); END$$", USER_ID, ""},
	{"SET app.user_id = '7'", USER_ID, ""},
	{"SET datestyle = 'SQL, DMY'", "SELECT '2024-01-31'::date::text", "2024-01-31"},
	{"SET extra_float_digits = 0", "SHOW extra_float_digits", "1"},
	{"RESET ALL", "SELECT 0.1::float8 + 0.2::float8", "0.30000000000000004"},
	{"SET ROLE guest", "SELECT current_user = session_user", "t"},
	{"SET SESSION AUTHORIZATION guest", "SELECT session_user = 'guest'", "f"},
	{"SELECT set_config('role', 'guest', false)", "SELECT current_user = 'guest'", "f"},
	{"SET default_transaction_read_only = on", "SHOW transaction_read_only", "off"},
	{"SELECT pg_advisory_lock(1)", ADVISORY, "0"},
	{"SELECT pg_advisory_lock(1), 1 / (random() * 0)::int", ADVISORY, "0"},
	{"LISTEN c", "SELECT count(*) FROM pg_listening_channels()", "0"},
	{"SELECT run('LISTEN c')", "SELECT count(*) FROM pg_listening_channels()", "0"},
	{"DECLARE c CURSOR WITH HOLD FOR SELECT 1", "SELECT count(*) FROM pg_cursors WHERE name = 'c'",
	 "0"},
	{"SELECT run('DECLARE c CURSOR WITH HOLD FOR SELECT 1')",
	 "SELECT count(*) FROM pg_cursors WHERE name = 'c'", "0"},
	{"CREATE TEMP TABLE gone (id int)", "SELECT to_regclass('gone') IS NULL", "t"},
	{"SELECT run('CREATE TEMP TABLE gone (id int)')", "SELECT to_regclass('gone') IS NULL", "t"},
	{"SELECT 1 AS id INTO TEMPORARY gone", "SELECT to_regclass('gone') IS NULL", "t"},
	{"CREATE FUNCTION pg_temp.gone() RETURNS int LANGUAGE sql AS 'SELECT 1'",
	 "SELECT to_regproc('pg_temp.gone') IS NULL", "t"},
	{"SELECT nextval('numbers')", "SELECT lastval()", ""},
	{"SELECT run('SELECT nextval(''numbers'')')", "SELECT lastval()", ""},
};

#define CHANGES (sizeof(changes) / sizeof(changes[0]))

static void
check_clean(dba_client *one, const Change *change, const char *how)
{
	Outcome		out = outcome_of(one, change->look);

	if (strcmp(out.text, change->clean) != 0)
		fail_msg("%s %s: %s", change->sql, how, out.text);
}

/* Alone, in a transaction, in one that is rolled back, and what comes after it. */
static void
test_changes(void **state)
{
	dba_client *one = open_watched(server_url(server));
	Outcome		out = {0};

	(void) state;
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < CHANGES; i++)
		{
			outcome_of(one, changes[i].sql);
			check_clean(one, &changes[i], "alone");
			outcome_wait(one, dba_begin(one, NULL, outcome_take, &out), &out);
			outcome_of(out.db, changes[i].sql);
			outcome_wait(one, dba_commit(out.db, outcome_take, &out), &out);
			check_clean(one, &changes[i], "committed");
			outcome_wait(one, dba_begin(one, NULL, outcome_take, &out), &out);
			outcome_of(out.db, changes[i].sql);
			outcome_wait(one, dba_rollback(out.db, outcome_take, &out), &out);
			check_clean(one, &changes[i], "rolled back");
		}
	dba_close(one);
}

/* What is for the transaction alone, or was undone in it, costs nothing. */
static void
test_no_changes(void **state)
{
	static const char *const sql[] = {
		"SELECT 1",
		"SELECT set_config('app.user_id', '7', true)",
		"SELECT nextval('numbers')",
		"SELECT pg_advisory_lock(1)",
		"INSERT INTO item VALUES (2) ON CONFLICT DO NOTHING",
		"CREATE TABLE IF NOT EXISTS other.made (id int)",
		"SELECT run('SET LOCAL work_mem = 100')",
	};
	Proxy		proxy = proxy_start(server, PROXY_COUNT, 0);
	dba_client *one = open_watched(proxy.url);

	(void) state;
	for (size_t i = 0; i < sizeof(sql) / sizeof(sql[0]); i++)
	{
		long		before;

		outcome_of(one, sql[i]);
		before = proxy.traffic->executes;
		assert_string_equal(outcome_of(one, sql[i]).message, "");
		assert_string_equal(outcome_of(one, "SELECT 1").text, "1");
		if (proxy.traffic->executes - before != 2)
			fail_msg("%s: %ld", sql[i], proxy.traffic->executes - before);
	}
	dba_close(one);
	proxy_stop(&proxy);
}

/* A procedure that commits keeps its lock until it is done. */
static void
test_procedure(void **state)
{
	dba_client *one = open_watched(server_url(server));

	(void) state;
	assert_string_equal(outcome_of(one, "CALL locked()").message, "");
	assert_string_equal(outcome_of(one, "SELECT name FROM item WHERE id = 100").text, "1");
	assert_string_equal(outcome_of(one, ADVISORY).text, "0");
	dba_close(one);
}

/* Statements that a function prepares or drops cost the connection, and nothing else. */
static void
test_statements(void **state)
{
	dba_client *one = open_watched(server_url(server));

	(void) state;
	assert_string_equal(outcome_of(one, "SELECT run('PREPARE mine AS SELECT 1')").message, "");
	assert_string_equal(
		outcome_of(one, "SELECT count(*) FROM pg_prepared_statements WHERE from_sql").text, "0");
	assert_int_equal(dba_pool_stats(one, "opened"), 2);
	dba_close(one);
}

/* Who may create a schema must not be called by those who connect. */
static void
test_not_ours(void **state)
{
	dba_client *one;
	char		url[300];

	(void) state;
	server_sql(server, "CREATE DATABASE trap");
	snprintf(url, sizeof(url), "postgresql://postgres@/trap?host=%s&port=%d", server_dir(server),
			 server_port(server));
	one = open_client(url, "pool_size", "1", "pool_max_overflow", "0", NULL);
	outcome_of(one, "CREATE SCHEMA db_adapter");
	outcome_of(one, "CREATE TABLE caught (id int)");
	outcome_of(one, "CREATE FUNCTION db_adapter.note() RETURNS int LANGUAGE plpgsql AS"
					" $$BEGIN INSERT INTO caught VALUES (1); RETURN 1; END$$");
	/* immutable, so that to plan a call is to make it */
	outcome_of(one, "CREATE FUNCTION db_adapter.watch_session() RETURNS int IMMUTABLE"
					" LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'caught'; END$$");
	dba_close(one);
	one = open_client(url, "pool_size", "1", "pool_max_overflow", "0", NULL);
	for (int i = 0; i < 5; i++)
	{
		assert_string_equal(outcome_of(one, "SELECT set_config('app.user_id', '7', false)").text,
							"7");
		assert_string_equal(outcome_of(one, USER_ID).text, "");
	}
	assert_int_equal(dba_pool_stats(one, "opened"), 1);
	dba_close(one);
}

/* ---------------------------------------------------------------- round trips */

typedef struct Call
{
	Verb		verb;			/* CALL: sql as it is, with params */
	const char *text;
	const char *json;
	const char *filters;
} Call;

static const Call calls[] = {
	{SELECT, "item", NULL, "{\"id\": 1}"},
	{INSERT, "item", "{\"n\": 5}", NULL},
	{MANY, "item", "[{\"n\": 6}, {\"n\": 7}]", NULL},
	{UPDATE, "item", "{\"n\": 2}", "{\"id\": 1}"},
	{UPSERT, "item", "{\"id\": 1, \"n\": 3}", NULL},
	{DELETE, "item", NULL, "{\"n\": 5}"},
	{CALL, "SELECT n FROM item WHERE id = $1", "[1]", NULL},
	{CALL, "SELECT n FROM item ORDER BY id", NULL, NULL},
};

static dba_request
make_call(dba_client *one, const Call *call, Outcome *out)
{
	if (call->verb == CALL)
		return dba_execute(one, call->text, call->json, outcome_take, out);
	return call_verb(one, call->verb, call->text, call->verb == UPSERT ? "id" : NULL, call->json,
					 call->filters, NULL, outcome_take, out);
}

static void
check_trips(dba_client *one, const Proxy *proxy, const Call *call)
{
	long		before;

	for (int i = 0; i < 3; i++)
	{
		Outcome		out = {0};

		before = proxy->traffic->trips;
		outcome_wait(one, make_call(one, call, &out), &out);
		assert_string_equal(out.message, "");
	}
	if (proxy->traffic->trips - before != 1)
		fail_msg("%s: %ld", call->text, proxy->traffic->trips - before);
}

/* One for each call, once it is known, with each way of resetting. */
static void
test_round_trips(void **state)
{
	static const char *const resets[] = {"smart", "always", "never"};

	(void) state;
	server_sql(server, "CREATE SEQUENCE ids START 1000; ALTER TABLE item ALTER id SET DEFAULT "
					   "nextval('ids')");
	for (size_t i = 0; i < 3; i++)
	{
		Proxy		proxy = proxy_start(server, PROXY_COUNT, 0);
		dba_client *one = open_client(proxy.url, "pool_size", "1", "pool_max_overflow", "0",
									  "reset", resets[i], NULL);
		long		before;
		Outcome		out = {0};

		for (size_t k = 0; k < sizeof(calls) / sizeof(calls[0]); k++)
			check_trips(one, &proxy, &calls[k]);
		outcome_of(one, "SELECT 1");
		before = proxy.traffic->trips;
		outcome_wait(one, dba_begin(one, NULL, outcome_take, &out), &out);
		outcome_of(out.db, "SELECT 1");
		outcome_wait(one, dba_commit(out.db, outcome_take, &out), &out);
		assert_int_equal(proxy.traffic->trips - before, 3);
		dba_close(one);
		proxy_stop(&proxy);
	}
}

/* Strings too, whose text depends on their types, where the server vouches for these. */
static void
test_strings(void **state)
{
	static const Call call = {CALL, "SELECT n FROM item WHERE name = $1", "[\"a\"]", NULL};
	Proxy		proxy = proxy_start(server, PROXY_COUNT, 0);
	dba_client *one = open_watched(proxy.url);

	(void) state;
	check_trips(one, &proxy, &call);
	dba_close(one);
	proxy_stop(&proxy);
}

/* ---------------------------------------------------------------- types */

/* A name is cut at 63 bytes, a text is not: the frozen type would find another row. */
static void
test_types(void **state)
{
	dba_client *one = open_watched(server_url(server));
	char		params[200];
	Outcome		out = {0};

	(void) state;
	server_sql(server, "CREATE TABLE named (v name, n int)");
	snprintf(params, sizeof(params), "[\"%s\"]",
			 "0123456789012345678901234567890123456789012345678901234567890123456789");
	for (int i = 0; i < 6; i++)
	{
		outcome_wait(
			one,
			dba_execute(one, "SELECT count(*) FROM named WHERE v = $1", params, outcome_take, &out),
			&out);
		assert_string_equal(out.text, i < 3 ? "0" : "1");
		outcome_wait(one,
					 dba_execute(one, "INSERT INTO named (n) VALUES ($1) RETURNING n",
								 i < 3 ? "[5]" : "[3000000000]", outcome_take, &out),
					 &out);
		assert_string_equal(out.text, i < 3 ? "5" : "3000000000");
		if (i == 2)
			server_sql(server, "ALTER TABLE named ALTER v TYPE text, ALTER n TYPE bigint;"
							   "INSERT INTO named VALUES ('012345678901234567890123456789012345678"
							   "9012345678901234567890123456789')");
	}
	assert_int_equal(dba_pool_stats(one, "opened"), 1);
	assert_true(dba_pool_stats(one, "retried") > 0);
	/* other changes of the table are no reason */
	for (int i = 0; i < 3; i++)
	{
		int64_t		before = dba_pool_stats(one, "retried");

		server_sql(server, "ANALYZE named; ALTER TABLE named ADD COLUMN IF NOT EXISTS more int");
		outcome_wait(
			one,
			dba_execute(one, "SELECT count(*) FROM named WHERE v = $1", params, outcome_take, &out),
			&out);
		assert_string_equal(out.text, "1");
		assert_int_equal(dba_pool_stats(one, "retried"), before);
	}
	dba_close(one);
}

/* A function that is nearer to the text than the one there was. */
static void
test_functions(void **state)
{
	dba_client *one = open_watched(server_url(server));
	Outcome		out = {0};

	(void) state;
	server_sql(server, "CREATE FUNCTION kind(v bigint) RETURNS text LANGUAGE sql AS"
					   " $$SELECT 'bigint'$$");
	for (int i = 0; i < 4; i++)
	{
		outcome_wait(one, dba_execute(one, "SELECT kind($1)", "[\"4\"]", outcome_take, &out), &out);
		assert_string_equal(out.text, i < 2 ? "bigint" : "text");
		if (i == 1)
			server_sql(server, "CREATE FUNCTION kind(v text) RETURNS text LANGUAGE sql AS"
							   " $$SELECT 'text'$$");
	}
	dba_close(one);
}

static void
test_types_in_transaction(void **state)
{
	dba_client *one = open_watched(server_url(server));
	Outcome		out = {0};

	(void) state;
	server_sql(server, "CREATE TABLE kept (v timestamp)");
	for (int i = 0; i < 4; i++)
	{
		dba_client *tx;

		outcome_wait(one, dba_begin(one, NULL, outcome_take, &out), &out);
		tx = out.db;
		outcome_wait(tx,
					 dba_execute(tx, "SELECT count(*) FROM kept WHERE v < $1",
								 "[\"2024-01-01T11:30:00+05:00\"]", outcome_take, &out),
					 &out);
		if (i == 2)
		{
			assert_string_equal(out.sqlstate, "40001");
			assert_string_equal(out.hint, "Begin the transaction again.");
		}
		else
			assert_string_equal(out.message, "");
		outcome_wait(tx, dba_rollback(tx, outcome_take, &out), &out);
		if (i == 1)
			server_sql(server, "ALTER TABLE kept ALTER v TYPE timestamptz");
	}
	dba_close(one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_changes),	  cmocka_unit_test(test_no_changes),
		cmocka_unit_test(test_procedure), cmocka_unit_test(test_statements),
		cmocka_unit_test(test_not_ours),  cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_strings),	  cmocka_unit_test(test_types),
		cmocka_unit_test(test_functions), cmocka_unit_test(test_types_in_transaction),
	};

	if (fixture_without_extension())
		return 0;
	return cmocka_run_group_tests(tests, setup, fixture_end);
}
