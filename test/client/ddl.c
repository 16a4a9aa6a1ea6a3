/*
 * ddl.c
 *		A client that lives through changes of the schema behaves as a new one.
 *
 * The property: for every pair of types between which ALTER COLUMN TYPE goes without
 * USING, and some that need it, a client that has used the table before does and answers
 * just what a client opened afterwards does: with prepared statements, without, with the
 * extension, and behind PgBouncer in both modes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <cjson/cJSON.h>
#include <libpq-fe.h>

#include "bouncer.h"
#include "outcome.h"
#include "server.h"

static Server *server;
static PGconn *pg;

/* Each with a value that others would read otherwise, and one below it. */
static const struct
{
	const char *name;
	const char *value;
	const char *low;
} types[] = {
	{"int2", "7", "1"},
	{"int4", "70000", "1"},
	{"int8", "3000000000", "1"},
	{"numeric", "1.23456789012345678", "0.5"},
	{"numeric(10,2)", "1.25", "0.5"},
	{"float4", "0.5", "0.25"},
	{"float8", "0.1234567890123", "0.01"},
	{"oid", "4000000000", "1"},
	{"text", "\"[1]\"", "\"A\""},
	{"varchar", "\"{}\"", "\"A\""},
	{"varchar(4)", "\"abcd\"", "\"A\""},
	{"char(4)", "\"ab  \"", "\"A\""},
	{"name", "\"null\"", "\"A\""},
	{"\"char\"", "\"x\"", "\"A\""},
	{"json", "\"abc\"", "\"A\""},
	{"jsonb", "\"abc\"", "\"A\""},
	{"jsonb", "[\"a\"]", "[]"},
	{"text[]", "[\"a\", null]", "[]"},
	{"varchar[]", "[\"a\"]", "[]"},
	{"int4[]", "[1, 2]", "[1]"},
	{"int8[]", "[3000000000]", "[1]"},
	{"timestamp", "\"2024-01-01T12:00:00\"", "\"2000-01-01\""},
	{"timestamptz", "\"2024-01-01T12:00:00+05:00\"", "\"2000-01-01\""},
	{"date", "\"2024-01-01\"", "\"2000-01-01\""},
	{"time", "\"10:00\"", "\"01:00\""},
	{"timetz", "\"10:00+05\"", "\"01:00+05\""},
	{"interval", "\"30:00:00\"", "\"00:00:01\""},
	{"bool", "true", "false"},
	{"uuid", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\"",
	 "\"00000000-0000-0000-0000-000000000000\""},
	{"inet", "\"10.0.0.1/8\"", "\"1.0.0.0\""},
	{"cidr", "\"10.0.0.0/8\"", "\"1.0.0.0\""},
	{"bytea", "\"\\\\xff\"", "\"\\\\x00\""},
	{"bit(4)", "\"1010\"", "\"0000\""},
	{"varbit", "\"101\"", "\"0\""},
	{"money", "\"12.50\"", "\"1\""},
	{"mood", "\"sad\"", "\"glad\""},
	{"addr", "{\"b\": \"y\", \"a\": \"x\"}", "{\"a\": \"\", \"b\": \"\"}"},
};

#define TYPE_COUNT (sizeof(types) / sizeof(types[0]))

/* ---------------------------------------------------------------- the server */

static bool
try_sql(const char *sql)
{
	PGresult   *result = PQexec(pg, sql);
	bool		ok =
		PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;

	PQclear(result);
	return ok;
}

static void
must(const char *sql)
{
	if (!try_sql(sql))
	{
		print_error("%s: %s", sql, PQerrorMessage(pg));
		abort();
	}
}

static int
setup(void **state)
{
	(void) state;
	server = server_start("timezone = 'America/New_York'\nclient_min_messages = error\n");
	pg = PQconnectdb(server_url(server));
	must("CREATE TYPE mood AS ENUM ('glad', 'sad')");
	must("CREATE TYPE addr AS (a text, b text)");
	return 0;
}

static int
teardown(void **state)
{
	(void) state;
	PQfinish(pg);
	server_free(server);
	return 0;
}

/* ---------------------------------------------------------------- what a client does */

/* Appends what became of a request: its code, and count and first value, or SQLSTATE. */
static void
note(char *story, size_t size, const char *step, const Outcome *out)
{
	size_t		len = strlen(story);

	snprintf(story + len, size - len, "%s: %s %s %lld %zu %s\n", step, dba_code_name(out->code),
			 out->sqlstate, (long long) out->count, out->rows, out->text);
}

static void
use(dba_client *db, const char *value, const char *low, char *story, size_t size)
{
	char		row[256];
	char		rows[600];
	char		filter[256];
	char		below[256];
	char		params[256];
	char		set[256];
	Outcome		out = {0};

	snprintf(row, sizeof(row), "{\"k\": 2, \"v\": %s}", value);
	snprintf(rows, sizeof(rows), "[{\"k\": 3, \"v\": %s}, {\"k\": 4}, {\"k\": 5, \"v\": %s}]",
			 value, low);
	snprintf(filter, sizeof(filter), "{\"v\": {\"eq\": %s}}", value);
	snprintf(below, sizeof(below), "{\"v\": {\"lt\": %s}}", low);
	snprintf(params, sizeof(params), "[%s]", value);
	snprintf(set, sizeof(set), "{\"v\": %s}", value);
	story[0] = '\0';
#define STEP(name, id) (outcome_wait(db, id, &out), note(story, size, name, &out))
	STEP("insert", dba_insert(db, "t", row, outcome_take, &out));
	STEP("select", dba_select(db, "t", "v, k", filter, "k", outcome_take, &out));
	STEP("below", dba_select(db, "t", "count(*)", below, NULL, outcome_take, &out));
	STEP("many", dba_insert_many(db, "t", rows, outcome_take, &out));
	STEP("update", dba_update(db, "t", set, "{\"k\": 1}", outcome_take, &out));
	STEP("upsert", dba_upsert(db, "t", row, "k", outcome_take, &out));
	STEP("execute",
		 dba_execute(db, "INSERT INTO t VALUES (6, $1) RETURNING v", params, outcome_take, &out));
	STEP("execute",
		 dba_execute(db, "SELECT count(*) FROM t WHERE v = $1", params, outcome_take, &out));
	STEP("execute", dba_execute(db, "SELECT v FROM t ORDER BY k", NULL, outcome_take, &out));
	STEP("delete", dba_delete(db, "t", below, outcome_take, &out));
#undef STEP
	snprintf(story + strlen(story), size - strlen(story), "left: %s\n",
			 server_sql(server,
						"SELECT string_agg(k || ' ' || COALESCE(v::text, '-'), ', ' ORDER BY k)"
						" FROM t"));
}

static void
fill(void)
{
	must("TRUNCATE t; INSERT INTO t SELECT * FROM saved");
}

/* From one type to another: false when there is no way without USING. */
static bool
change(dba_client *living, size_t from, size_t to, dba_client *(*open)(void *), void *arg)
{
	static char before[4000];
	static char lived[4000];
	static char fresh[4000];
	char		sql[512];
	dba_client *young;

	must("DROP TABLE IF EXISTS t, saved");
	snprintf(sql, sizeof(sql), "CREATE TABLE t (k int PRIMARY KEY, v %s)", types[from].name);
	must(sql);
	snprintf(sql, sizeof(sql), "ALTER TABLE t ALTER v TYPE %s", types[to].name);
	if (!try_sql(sql))
		return false;
	snprintf(sql, sizeof(sql),
			 "DROP TABLE t; CREATE TABLE t (k int PRIMARY KEY, v %s);"
			 " INSERT INTO t VALUES (1)",
			 types[from].name);
	must(sql);
	use(living, types[from].value, types[from].low, before, sizeof(before));
	must("DELETE FROM t WHERE k <> 1; UPDATE t SET v = NULL");
	snprintf(sql, sizeof(sql), "ALTER TABLE t ALTER v TYPE %s", types[to].name);
	must(sql);
	must("CREATE TABLE saved AS TABLE t");
	use(living, types[to].value, types[to].low, lived, sizeof(lived));
	fill();
	young = open(arg);
	use(young, types[to].value, types[to].low, fresh, sizeof(fresh));
	dba_close(young);
	if (strcmp(lived, fresh) != 0)
		print_error("%s -> %s\nliving:\n%snew:\n%s", types[from].name, types[to].name, lived,
					fresh);
	assert_string_equal(lived, fresh);
	return true;
}

static void
change_all(dba_client *(*open)(void *), void *arg)
{
	dba_client *living = open(arg);
	int			changes = 0;

	for (size_t from = 0; from < TYPE_COUNT; from++)
		for (size_t to = 0; to < TYPE_COUNT; to++)
			changes += change(living, from, to, open, arg);
	/* so that it is seen when the list no longer fits the server */
	assert_true(changes > 150);
	dba_close(living);
}

static dba_client *
open_prepared(void *arg)
{
	return open_client(arg, "pool_size", "1", "pool_max_overflow", "0", "prepare", "on", NULL);
}

static dba_client *
open_unprepared(void *arg)
{
	return open_client(arg, "pool_size", "1", "pool_max_overflow", "0", "prepare", "off", NULL);
}

static dba_client *
open_plain(void *arg)
{
	return open_client(arg, "pool_size", "2", "pool_max_overflow", "0", NULL);
}

static void
test_prepared(void **state)
{
	(void) state;
	change_all(open_prepared, (void *) server_url(server));
}

static void
test_unprepared(void **state)
{
	(void) state;
	change_all(open_unprepared, (void *) server_url(server));
}

/* With the extension the caller's SQL is prepared too. */
static void
test_watched(void **state)
{
	(void) state;
	if (!try_sql("CREATE EXTENSION db_adapter"))
	{
		printf("# the extension is not installed\n");
		skip();
	}
	change_all(open_prepared, (void *) server_url(server));
	must("DROP EXTENSION db_adapter");
}

static void
test_pooled(const char *mode)
{
	Bouncer		bouncer = {0};

	if (!bouncer_installed())
	{
		printf("# PgBouncer is not installed\n");
		skip();
	}
	bouncer_start(&bouncer, server, mode, "");
	change_all(open_plain, bouncer.url);
	bouncer_stop(&bouncer);
}

static void
test_session(void **state)
{
	(void) state;
	test_pooled("session");
}

static void
test_transaction(void **state)
{
	(void) state;
	test_pooled("transaction");
}

/* Composites, enums, tables that are made anew, under one client. */
static void
test_made_anew(void **state)
{
	dba_client *db = open_prepared((void *) server_url(server));
	Outcome		out = {0};

	(void) state;
	must("DROP TABLE IF EXISTS t; CREATE TYPE place AS (street text, city text);"
		 "CREATE TABLE t (k int PRIMARY KEY, m mood, p place)");
	outcome_wait(
		db,
		dba_insert(db, "t",
				   "{\"k\": 1, \"m\": \"sad\", \"p\": {\"street\": \"s\", \"city\": \"c\"}}",
				   outcome_take, &out),
		&out);
	assert_string_equal(out.message, "");
	must("ALTER TYPE place RENAME ATTRIBUTE street TO x; ALTER TYPE place RENAME ATTRIBUTE city TO "
		 "street;"
		 "ALTER TYPE place RENAME ATTRIBUTE x TO city; ALTER TABLE t DROP COLUMN m; DROP TYPE mood "
		 "CASCADE;"
		 "CREATE TYPE mood AS ENUM ('sad', 'mad'); ALTER TABLE t ADD COLUMN m mood");
	outcome_wait(
		db,
		dba_insert(db, "t",
				   "{\"k\": 2, \"m\": \"mad\", \"p\": {\"street\": \"s\", \"city\": \"c\"}}",
				   outcome_take, &out),
		&out);
	assert_string_equal(out.message, "");
	assert_string_equal(server_sql(server, "SELECT (p).city || (p).street || m FROM t WHERE k = 2"),
						"csmad");
	must("DROP TABLE t; CREATE TABLE t (m mood, p place, k bigint PRIMARY KEY)");
	outcome_wait(
		db,
		dba_insert(
			db, "t",
			"{\"k\": 3000000000, \"m\": \"mad\", \"p\": {\"street\": \"s\", \"city\": \"c\"}}",
			outcome_take, &out),
		&out);
	assert_string_equal(out.message, "");
	dba_close(db);
}

static char *rows_json;
static dba_result *kept;

static void
take_rows(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	cJSON	   *rows = error == NULL ? dba_result_rows_json(result) : NULL;

	outcome_take(db, result, error, arg);
	free(rows_json);
	rows_json = cJSON_PrintUnformatted(rows);
	cJSON_Delete(rows);
	if (kept == NULL && error == NULL)
		kept = dba_result_keep(result);
}

/* Fields are read by the names they have now, and of a result kept by those of then. */
static void
test_composites(void **state)
{
	static const char *const modes[] = {"on", "off"};

	(void) state;
	for (size_t i = 0; i < 2; i++)
	{
		dba_client *db = open_client(server_url(server), "prepare", modes[i], NULL);
		Outcome		out = {0};
		cJSON	   *rows;
		char	   *text;

		must("DROP TABLE IF EXISTS t; DROP TYPE IF EXISTS pair CASCADE; CREATE TYPE pair AS (a "
			 "int, b int);"
			 "CREATE TABLE t (p pair, q pair[]); INSERT INTO t VALUES ((1, 2), ARRAY[(3, "
			 "4)::pair])");
		outcome_wait(db, dba_select(db, "t", NULL, NULL, NULL, take_rows, &out), &out);
		assert_string_equal(rows_json, "[{\"p\":{\"a\":1,\"b\":2},\"q\":[{\"a\":3,\"b\":4}]}]");
		must("ALTER TYPE pair RENAME ATTRIBUTE a TO c");
		outcome_wait(db, dba_select(db, "t", NULL, NULL, NULL, take_rows, &out), &out);
		assert_string_equal(rows_json, "[{\"p\":{\"c\":1,\"b\":2},\"q\":[{\"c\":3,\"b\":4}]}]");
		outcome_wait(db, dba_execute(db, "SELECT p FROM t", NULL, take_rows, &out), &out);
		must("ALTER TYPE pair DROP ATTRIBUTE b CASCADE; ALTER TABLE t ADD r pair");
		outcome_wait(db, dba_execute(db, "SELECT p FROM t", NULL, take_rows, &out), &out);
		assert_string_equal(rows_json, "[{\"p\":{\"c\":1}}]");
		outcome_wait(db, dba_select(db, "t", NULL, NULL, NULL, take_rows, &out), &out);
		assert_string_equal(rows_json, "[{\"p\":{\"c\":1},\"q\":[{\"c\":3}],\"r\":null}]");
		rows = dba_result_rows_json(kept);
		text = cJSON_PrintUnformatted(rows);
		assert_string_equal(text, "[{\"p\":{\"a\":1,\"b\":2},\"q\":[{\"a\":3,\"b\":4}]}]");
		free(text);
		cJSON_Delete(rows);
		dba_result_free(kept);
		kept = NULL;
		dba_close(db);
	}
	free(rows_json);
}

/* In a transaction nothing is sent again: the error says what to do, and it was in time. */
static void
test_in_transaction(void **state)
{
	dba_client *db = open_prepared((void *) server_url(server));
	Outcome		out = {0};
	dba_client *tx;

	(void) state;
	must("DROP TABLE IF EXISTS t; CREATE TABLE t (v timestamp); INSERT INTO t VALUES ('2024-01-01 "
		 "07:00')");
	for (int round = 0; round < 3; round++)
	{
		outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
		tx = out.db;
		outcome_wait(tx,
					 dba_delete(tx, "t", "{\"v\": {\"lt\": \"2024-01-01T11:30:00+05:00\"}}",
								outcome_take, &out),
					 &out);
		if (round == 1)
		{
			assert_string_equal(out.sqlstate, "40001");
			assert_string_equal(out.hint, "Begin the transaction again.");
		}
		else
			assert_string_equal(out.message, "");
		outcome_wait(tx, dba_rollback(tx, outcome_take, &out), &out);
		if (round == 0)
			must("ALTER TABLE t ALTER v TYPE timestamptz USING v AT TIME ZONE 'utc'");
	}
	assert_string_equal(server_sql(server, "SELECT count(*) FROM t"), "1");
	dba_close(db);
}

/* A type's name may hide a table's, and names may need quotes. */
static void
test_names(void **state)
{
	static const char *const tables[] = {"date", "\"a.b \"\" c\"", "public.\"É\"", "v"};
	dba_client *db = open_prepared((void *) server_url(server));

	(void) state;
	must("DROP TABLE IF EXISTS t; CREATE TABLE public.date (\"v'\"\"\\x\" int, k int);"
		 "CREATE TABLE \"a.b \"\" c\" (LIKE public.date); CREATE TABLE \"É\" (LIKE public.date);"
		 "CREATE TABLE t (LIKE public.date); CREATE VIEW v AS SELECT * FROM t");
	for (int round = 0; round < 2; round++)
	{
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		{
			Outcome		out = {0};

			outcome_wait(db,
						 dba_insert(db, tables[i],
									round == 0 ? "{\"v'\\\"\\\\x\": 5}"
											   : "{\"v'\\\"\\\\x\": \"3000000000\"}",
									outcome_take, &out),
						 &out);
			assert_string_equal(out.message, "");
			outcome_wait(db,
						 dba_select(db, tables[i], "count(*)",
									round == 0 ? "{\"v'\\\"\\\\x\": \"5\"}"
											   : "{\"v'\\\"\\\\x\": 3000000000}",
									NULL, outcome_take, &out),
						 &out);
			assert_string_equal(out.text, "1");
		}
		must("DROP VIEW v; DO $$DECLARE r text; BEGIN FOREACH r IN ARRAY ARRAY['public.date', "
			 "'\"a.b \"\" c\"', '\"É\"', 't']"
			 " LOOP EXECUTE format('ALTER TABLE %s ALTER %I TYPE bigint', r, 'v''\"\\x'); END "
			 "LOOP; END$$;"
			 "CREATE VIEW v AS SELECT * FROM t");
	}
	dba_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_prepared),	cmocka_unit_test(test_unprepared),
		cmocka_unit_test(test_watched),		cmocka_unit_test(test_session),
		cmocka_unit_test(test_transaction), cmocka_unit_test(test_made_anew),
		cmocka_unit_test(test_composites),	cmocka_unit_test(test_in_transaction),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
