/*
 * crud.c
 *		The plain calls against a real server: rows, values, callbacks, errors.
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

#include "fixture.h"

static int
setup(void **state)
{
	(void) state;
	return fixture_server(
		"CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b text[]);"
		"CREATE TABLE item (id int PRIMARY KEY, name text UNIQUE, tags text[], nums int[], "
		"doc jsonb, n numeric,"
		" big int8, f float8, at timestamptz, ts timestamp, ok boolean, m mood, ms mood[], "
		"p pair, raw bytea);"
		"CREATE TABLE parent (id int PRIMARY KEY);"
		"CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent DEFERRABLE "
		"INITIALLY DEFERRED);");
}

static int
open_db(void **state)
{
	(void) state;
	return fixture_open("item, parent, child");
}

static void
test_insert_select(void **state)
{
	Outcome		out = {0};

	(void) state;
	outcome_wait(
		db,
		dba_insert(db, "item", "{\"id\": 1, \"name\": \"a\", \"_hidden\": 1}", outcome_take, &out),
		&out);
	assert_int_equal(out.code, DBA_OK);
	assert_int_equal(out.rows, 1);
	assert_string_equal(out.text, "1");
	outcome_wait(db,
				 dba_insert_many(db, "item", "[{\"id\": 2, \"name\": \"b\"}, {\"id\": 3}]",
								 outcome_take, &out),
				 &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.count, 2);
	outcome_wait(
		db, dba_select(db, "item", "id, name", "{\"name\": null}", NULL, outcome_take, &out), &out);
	assert_int_equal(out.rows, 1);
	assert_string_equal(out.text, "3");
	outcome_wait(
		db,
		dba_update(db, "item", "{\"name\": \"z\"}", "{\"id\": {\"ge\": 2}}", outcome_take, &out),
		&out);
	assert_string_equal(out.sqlstate, "23505");
	outcome_wait(db, dba_update(db, "item", "{\"name\": \"z\"}", "{\"id\": 2}", outcome_take, &out),
				 &out);
	assert_int_equal(out.rows, 1);
	outcome_wait(
		db, dba_upsert(db, "item", "{\"id\": 2, \"name\": \"y\"}", "id", outcome_take, &out), &out);
	assert_int_equal(out.rows, 1);
	outcome_wait(db, dba_delete(db, "item", "{\"id\": [1, 2]}", outcome_take, &out), &out);
	outcome_wait(db, dba_delete(db, "item", "{\"id\": {\"in\": [1, 2]}}", outcome_take, &out),
				 &out);
	assert_int_equal(out.count, 2);
	assert_int_equal(out.submitted, out.called);
}

static void
test_refusals(void **state)
{
	Outcome		out = {0};

	(void) state;
	outcome_wait(db, dba_delete(db, "item", NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(db, dba_update(db, "item", "{\"name\": 1}", NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(db, dba_select(db, "item", "id; drop table item", NULL, NULL, outcome_take, &out),
				 &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(
		db, dba_select(db, "item", NULL, "{\"id\": {\"gtt\": 1}}", NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(db, dba_insert(db, "item", "{\"_x\": 1}", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(db, dba_insert(db, "item", "not json", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(db, dba_execute(db, "SELECT $1::int", "[1, 2]", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(db, dba_commit(db, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	assert_int_equal(out.submitted, out.called);
}

static void
take_fields(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	(void) client;
	(void) result;
	assert_int_equal(dba_error_code(error), DBA_SERVER);
	assert_string_equal(dba_error_message(error), "no such luck");
	assert_string_equal(dba_error_sqlstate(error), "P0099");
	assert_string_equal(dba_error_detail(error), "the detail");
	assert_string_equal(dba_error_hint(error), "the hint");
	assert_non_null(strstr(dba_error_where(error), "PL/pgSQL"));
	assert_string_equal(dba_error_schema(error), "the schema");
	assert_string_equal(dba_error_table(error), "the table");
	assert_string_equal(dba_error_column(error), "the column");
	assert_string_equal(dba_error_constraint(error), "the constraint");
	++*(int *) arg;
}

/* Every field that the server sent. */
static void
test_error_fields(void **state)
{
	int			called = 0;

	(void) state;
	dba_execute(db,
				"DO $$BEGIN RAISE EXCEPTION 'no such luck' USING ERRCODE = 'P0099', DETAIL = 'the"
				" detail', HINT = 'the hint', SCHEMA = 'the schema', TABLE = 'the table', COLUMN ="
				" 'the column', CONSTRAINT = 'the constraint'; END$$",
				NULL, take_fields, &called);
	dba_run(db);
	assert_int_equal(called, 1);
}

static void
test_server_errors(void **state)
{
	Outcome		out = {0};

	(void) state;
	out = outcome_of(db, "SELECT 1/0");
	assert_int_equal(out.code, DBA_SERVER);
	assert_string_equal(out.sqlstate, "22012");
	assert_false(out.retryable);
	out = outcome_of(db, "SELEC");
	assert_string_equal(out.sqlstate, "42601");
	out = outcome_of(db, "SELECT 1; SELECT 2");
	assert_string_equal(out.sqlstate, "42601");
	/* a deferred constraint fails when the statement's own transaction ends */
	out = outcome_of(db, "INSERT INTO child VALUES (1, 99)");
	assert_string_equal(out.sqlstate, "23503");
	out = outcome_of(db, "COPY item TO STDOUT");
	assert_int_equal(out.code, DBA_NOT_SUPPORTED);
	out = outcome_of(db, "SELECT 7");
	assert_string_equal(out.text, "7");
}

/* What one row looks like as JSON. */
static void
take_row(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	(void) client;
	if (error != NULL)
		snprintf(arg, 1024, "%s", dba_error_message(error));
	else
	{
		cJSON	   *row = dba_result_row(result, 0);
		char	   *text = cJSON_PrintUnformatted(row);

		snprintf(arg, 1024, "%s", text);
		cJSON_free(text);
		cJSON_Delete(row);
	}
}

static void
test_values(void **state)
{
	char		json[1024] = "";
	dba_request id;

	(void) state;
	id = dba_insert(
		db, "item",
		"{\"id\": 1, \"name\": \"it's \\\"q\\\"\", \"tags\": [\"a b\", null, \"c,d\"], \"nums\": "
		"[[1, 2], [3, 4]],"
		" \"doc\": {\"k\": [1, 12345678901234567890.10]}, \"n\": 12345678901234567890.10,"
		" \"big\": 9007199254740993, \"f\": 0.1, \"at\": \"2024-01-31T10:00:00Z\","
		" \"ts\": \"2024-01-31 10:00:00.5\", \"ok\": true, \"m\": \"sad\", \"ms\": [\"sad\", "
		"\"ok\"],"
		" \"p\": \"(1,\\\"{x,y}\\\")\", \"raw\": \"\\\\x00ff\"}",
		take_row, json);
	assert_true(dba_wait(db, id, 300000));
	assert_string_equal(
		json, "{\"id\":1,\"name\":\"it's \\\"q\\\"\",\"tags\":[\"a "
			  "b\",null,\"c,d\"],\"nums\":[[1,2],[3,4]],"
			  "\"doc\":{\"k\":[1,12345678901234567890.10]},\"n\":\"12345678901234567890.10\","
			  "\"big\":9007199254740993,\"f\":0.1,\"at\":\"2024-01-31T10:00:00+00:00\","
			  "\"ts\":\"2024-01-31T10:00:00.5\",\"ok\":true,\"m\":\"sad\",\"ms\":[\"sad\",\"ok\"],"
			  "\"p\":{\"a\":1,\"b\":[\"x\",\"y\"]},\"raw\":\"\\\\x00ff\"}");
}

static void
count_once(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	Outcome	   *out = arg;

	outcome_take(client, result, error, out);
	if (out->submitted < 500)
	{
		out->submitted++;
		if (dba_execute(client, "SELECT $1::int", out->submitted % 3 ? "[1]" : "[\"x\"]",
						count_once, out) == 0)
			abort();
	}
}

static void
test_callbacks(void **state)
{
	Outcome		out = {0};

	(void) state;
	for (int i = 0; i < 100; i++)
	{
		out.submitted++;
		assert_true(dba_select(db, "item", NULL, i % 2 ? "{\"id\": 1}" : "{\"id\":", NULL,
							   outcome_take, &out) != 0);
		assert_int_equal(out.called, 0);	/* never inside the submitting call */
	}
	assert_int_equal(dba_run(db), DBA_OK);
	assert_int_equal(out.called, 100);
	assert_int_equal(out.failed, 50);
	out = (Outcome){.submitted = 1};
	dba_execute(db, "SELECT 1", NULL, count_once, &out);
	dba_run(db);
	assert_int_equal(out.called, 500);
	assert_int_equal(out.failed, 166);
	assert_int_equal(dba_in_flight(db), 0);
}

static dba_flow
take_stream_row(dba_client *client, const dba_result *row, void *arg)
{
	long	   *sum = arg;
	int64_t		value;

	(void) client;
	assert_true(dba_result_int64(row, 0, "i", &value));
	*sum += value;
	return *sum == 3 ? DBA_PAUSE : *sum == 21 ? DBA_STOP : DBA_CONTINUE;
}

static Outcome stream_out;

static void
take_stream_end(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	(void) arg;
	outcome_take(client, result, error, &stream_out);
}

static void
test_stream(void **state)
{
	long		sum = 0;
	dba_request id;

	(void) state;
	memset(&stream_out, 0, sizeof(stream_out));
	id = dba_execute_stream(db, "SELECT i FROM generate_series(1, $1::int) i", "[5]",
							take_stream_row, take_stream_end, &sum);
	while (sum < 3)
		assert_false(dba_wait(db, id, 10));
	assert_false(dba_wait(db, id, 200));	/* paused after 1 + 2 */
	assert_int_equal(sum, 3);
	dba_resume(db, id);
	assert_true(dba_wait(db, id, 300000));
	assert_int_equal(sum, 15);
	assert_int_equal(stream_out.count, 5);
	sum = 4;
	id = dba_execute_stream(db, "SELECT i FROM generate_series(1, 200000) i", NULL, take_stream_row,
							take_stream_end, &sum);
	assert_true(dba_wait(db, id, 300000));
	assert_int_equal(stream_out.code, DBA_OK);
	sum = 6;
	id = dba_execute_stream(db, "SELECT i FROM generate_series(1, 200000) i", NULL, take_stream_row,
							take_stream_end, &sum);
	assert_true(dba_wait(db, id, 300000));
	assert_int_equal(sum, 21);
	assert_int_equal(stream_out.code, DBA_CANCELLED);
	assert_string_equal(outcome_of(db, "SELECT 8").text, "8");
}

/* What comes as an object of a composite can go back as one. */
static void
test_composites(void **state)
{
	Outcome		out = {0};
	cJSON	   *row;
	cJSON	   *pair;

	(void) state;
	outcome_wait(db,
				 dba_insert(db, "item",
							"{\"id\": 1, \"p\": {\"b\": [\"x,y\", null, \"\"], \"a\": 1}}",
							outcome_take, &out),
				 &out);
	assert_string_equal(out.message, "");
	outcome_wait(db,
				 dba_update(db, "item", "{\"p\": [1, [\"x,y\", null, \"\"]]}", "{\"id\": 1}",
							outcome_take, &out),
				 &out);
	assert_int_equal(out.rows, 1);
	assert_string_equal(server_sql(server, "SELECT p FROM item"),
						"(1,\"{\"\"x,y\"\",NULL,\"\"\"\"}\")");
	row = cJSON_Parse("{\"id\": 2}");
	pair = cJSON_AddObjectToObject(row, "p");
	cJSON_AddNullToObject(pair, "b");
	outcome_wait(db, dba_insert_json(db, "item", row, outcome_take, &out), &out);
	assert_string_equal(server_sql(server, "SELECT p FROM item WHERE id = 2"), "(,)");
	cJSON_Delete(row);
	/* nothing is left out in silence */
	outcome_wait(db, dba_insert(db, "item", "{\"id\": 3, \"p\": {\"c\": 1}}", outcome_take, &out),
				 &out);
	assert_string_equal(out.sqlstate, "22P02");
}

/* Far more statements than a connection keeps, over several connections. */
static void
test_prepared_max(void **state)
{
	dba_client *few = open_client(server_url(server), "pool_size", "4", "pool_max_overflow", "0",
								  "prepared_max", "8", NULL);
	Outcome		out = {0};

	(void) state;
	for (int i = 0; i < 600; i++)
	{
		char		columns[64];

		snprintf(columns, sizeof(columns), "id, name as n%d", i % 15 + i / 200);
		out.submitted +=
			dba_select(few, "item", columns, "{\"id\": 1}", NULL, outcome_take, &out) != 0;
		if (i % 25 == 24)
			dba_run(few);
	}
	assert_int_equal(out.called, 600);
	assert_int_equal(out.failed, 0);
	assert_int_equal(dba_pool_stats(few, "retried"), 0);
	dba_close(few);
}

/* {} is a row of defaults, [] no rows at all. */
static void
test_defaults(void **state)
{
	Outcome		out = {0};
	dba_query  *query = dba_query_new("plain");

	(void) state;
	server_sql(server, "DROP TABLE IF EXISTS plain;"
					   "CREATE TABLE plain (id serial PRIMARY KEY, v text DEFAULT 'x')");
	outcome_wait(db, dba_insert(db, "plain", "{}", outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_string_equal(out.text, "1");
	outcome_wait(db, dba_insert_many(db, "plain", "[]", outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.count, 0);
	assert_int_equal(out.rows, 0);
	dba_query_conflict(query, "id");
	outcome_wait(db, dba_query_insert(db, query, "[]", outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.count, 0);
	dba_query_free(query);
	outcome_wait(db, dba_insert_many(db, "\"", "[]", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(db, dba_upsert(db, "plain", "{}", "id", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM plain WHERE v = 'x'"), "1");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_insert_select, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_refusals, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_server_errors, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_error_fields, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_values, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_callbacks, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_stream, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_composites, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_defaults, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_prepared_max, open_db, fixture_close),
	};

	return cmocka_run_group_tests(tests, setup, fixture_end);
}
