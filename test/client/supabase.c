/*
 * supabase.c
 *		The provider over a real PostgREST, and what both providers must agree on.
 *
 * PostgREST answers with at most ten rows, so that every longer select is paged.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "calls.h"
#include "fixture.h"

/* the example, as it is */
extern int tasks_main(int argc, char **argv);
#define main tasks_main
#include "../../client/examples/tasks.c"
#undef main

static char direct_url[512];
static dba_client *hosted;		/* over PostgREST */
static dba_client *direct;		/* over libpq, as the same role */

static const char schema[] =
	"CREATE TYPE mood AS ENUM ('sad', 'ok');"
	"CREATE TABLE item (id int PRIMARY KEY, name text UNIQUE, \"select\" text, \"Odd.Name\" text,"
	" tags text[], nums int[], doc jsonb, n numeric, ns numeric[], big int8, f float8,"
	" at timestamptz, d date, ok boolean DEFAULT true, m mood);"
	"CREATE TABLE pair (a text, b int, note text, PRIMARY KEY (a, b));"
	"CREATE TABLE heap (v int); CREATE TABLE plain (v int DEFAULT 7);"
	"CREATE EXTENSION hstore; CREATE TABLE kept (id int PRIMARY KEY, h hstore, j json);"
	"CREATE TABLE parent (id int PRIMARY KEY); "
	"CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, n int CHECK (n > 0),"
	" must text NOT NULL DEFAULT 'x');"
	"CREATE SCHEMA other; CREATE TABLE other.item (id int PRIMARY KEY, name text);"
	"CREATE TABLE mine (id int PRIMARY KEY, owner text); ALTER TABLE mine ENABLE ROW LEVEL "
	"SECURITY;"
	"CREATE POLICY own ON mine USING (owner ="
	" current_setting('request.jwt.claims', true)::json ->> 'user');"
	"CREATE TABLE closed (id int PRIMARY KEY);"
	"INSERT INTO mine VALUES (1, 'u1'), (2, 'u2'), (3, 'u1');"
	"CREATE TABLE task (id bigint PRIMARY KEY, title text, done boolean);"
	"CREATE SEQUENCE ran;"
	"CREATE FUNCTION one(x int DEFAULT 1) RETURNS int LANGUAGE sql AS 'SELECT x';"
	"CREATE FUNCTION doc(a jsonb) RETURNS jsonb LANGUAGE sql AS 'SELECT a';"
	"CREATE FUNCTION series(n int) RETURNS SETOF int LANGUAGE sql VOLATILE AS"
	" 'SELECT nextval(''ran'') - nextval(''ran'') + 1 + g FROM generate_series(1, n) g';"
	"CREATE FUNCTION rows() RETURNS TABLE (a int, b text) LANGUAGE sql AS"
	" 'VALUES (1, ''x''), (2, NULL)';"
	"CREATE FUNCTION nothing() RETURNS void LANGUAGE sql AS '';"
	"CREATE FUNCTION fail() RETURNS void LANGUAGE plpgsql AS"
	" $$BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'P0099', HINT = 'hint', DETAIL = 'detail'; "
	"END$$;"
	"GRANT ALL ON ALL TABLES IN SCHEMA public TO web_anon, member; REVOKE ALL ON closed FROM "
	"web_anon;"
	"GRANT ALL ON SEQUENCE ran TO web_anon; GRANT USAGE ON SCHEMA other TO web_anon;"
	"GRANT ALL ON other.item TO web_anon;";

static dba_client *
open_hosted(const char *key)
{
	if (key != NULL)
		setenv("SUPABASE_KEY", key, 1);
	else
		unsetenv("SUPABASE_KEY");
	return open_client(rest.url, "rest_path", "/", NULL);
}

static int
setup(void **state)
{
	(void) state;
	fixture_postgrest(schema, "public,other,db_adapter");
	hosted = open_hosted(NULL);
	snprintf(direct_url, sizeof(direct_url), "%s&options=-c%%20role%%3Dweb_anon",
			 server_url(server));
	direct = open_client(direct_url, NULL);
	return 0;
}

static int
teardown(void **state)
{
	dba_close(hosted);
	dba_close(direct);
	return fixture_end(state);
}

/* ---------------------------------------------------------------- both providers */

/* One call and what comes of it: rows as JSON, "#n" for a count alone, or the
 * error as "!code SQLSTATE constraint".  Both providers must give it. */
typedef struct Case
{
	Verb		verb;
	const char *table;			/* or the function */
	const char *columns;		/* of a select; of an upsert: of conflict */
	const char *json;			/* the row, rows, arguments */
	const char *filters;
	const char *order;
	const char *expected;
} Case;

static const Case cases[] = {
	{INSERT, "item", NULL, "{\"id\": 1, \"name\": \"a\", \"_hidden\": 1}", NULL, NULL,
	 "[{\"id\":1,\"name\":\"a\",\"select\":null,\"Odd.Name\":null,\"tags\":null,\"nums\":null,"
	 "\"doc\":null,\"n\":null,\"ns\":null,\"big\":null,\"f\":null,\"at\":null,\"d\":null,"
	 "\"ok\":true,\"m\":null}]"},
	{INSERT, "item", NULL,
	 "{\"id\": 2, \"name\": \"b \\\"q\\\", (x) \\\\ 'y' \\u00e4\\u20ac\", \"select\": \"s\", "
	 "\"Odd.Name\": \"o\","
	 " \"tags\": [\"a,b\", \"{c}\", \"\\\"\", null], \"nums\": [1, 2], \"doc\": {\"k\": [1, "
	 "{\"z\": null}]},"
	 " \"n\": 12345678901234567890.1230, \"ns\": [1.50, null], \"big\": 9007199254740993, \"f\": "
	 "1.5,"
	 " \"at\": \"2024-01-31 10:00:00+02\", \"d\": \"2024-02-29\", \"ok\": false, \"m\": \"sad\"}",
	 NULL, NULL,
	 "[{\"id\":2,\"name\":\"b \\\"q\\\", (x) \\\\ 'y' \xc3\xa4\xe2\x82\xac\",\"select\":\"s\","
	 "\"Odd.Name\":\"o\",\"tags\":[\"a,b\",\"{c}\",\"\\\"\",null],\"nums\":[1,2],"
	 "\"doc\":{\"k\":[1,{\"z\":null}]},\"n\":\"12345678901234567890.1230\",\"ns\":[\"1.50\",null],"
	 "\"big\":9007199254740993,\"f\":1.5,\"at\":\"2024-01-31T08:00:00+00:00\",\"d\":\"2024-02-29\","
	 "\"ok\":false,\"m\":\"sad\"}]"},
	{MANY, "item", NULL, "[{\"id\": 3}, {\"id\": 4, \"name\": \"d\", \"ok\": null}]", NULL, NULL,
	 "#2"},
	{MANY, "item", NULL, "[{\"id\": 5, \"name\": \"\"}, {\"id\": 6, \"name\": \"*a%\"}]", NULL,
	 NULL, "#2"},
	{SELECT, "item", "id, ok", NULL, "{\"id\": [3]}", NULL, "!DBA_SERVER 22P02 "},
	{SELECT, "item", "id, ok", NULL, "{\"id\": {\"in\": [3, 4]}}", "id",
	 "[{\"id\":3,\"ok\":true},{\"id\":4,\"ok\":null}]"},
	{SELECT, "item", "id", NULL, "{\"id\": {\"in\": []}}", NULL, "[]"},
	{SELECT, "item", "id", NULL, "{\"name\": {\"in\": [\"\"]}}", NULL, "[{\"id\":5}]"},
	{SELECT, "item", "id", NULL, "{\"name\": {\"in\": [\"\", \"a\"]}}", "id",
	 "[{\"id\":1},{\"id\":5}]"},
	{SELECT, "item", "id", NULL,
	 "{\"name\": {\"in\": [\"b \\\"q\\\", (x) \\\\ 'y' \\u00e4\\u20ac\", \"NULL\"]}}", NULL,
	 "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"name\": {\"in\": [\"a\", null]}}", "id",
	 "[{\"id\":1},{\"id\":3}]"},
	{SELECT, "item", "id", NULL, "{\"name\": null}", NULL, "[{\"id\":3}]"},
	{SELECT, "item", "id", NULL, "{\"name\": {\"ne\": null}, \"id\": {\"lt\": 3}}", "id desc",
	 "[{\"id\":2},{\"id\":1}]"},
	{SELECT, "item", "id", NULL, "{\"name\": {\"is_null\": false}, \"id\": {\"ge\": 5}}", "id",
	 "[{\"id\":5},{\"id\":6}]"},
	{SELECT, "item", "id", NULL, "{\"name\": \"b \\\"q\\\", (x) \\\\ 'y' \\u00e4\\u20ac\"}", NULL,
	 "[{\"id\":2}]"},
	{SELECT, "item", "id, \"Odd.Name\"", NULL, "{\"select\": \"s\", \"Odd.Name\": \"o\"}", NULL,
	 "[{\"id\":2,\"Odd.Name\":\"o\"}]"},
	{SELECT, "item", "id as \"the id\", name x", NULL, "{\"id\": 1}", NULL,
	 "[{\"the id\":1,\"x\":\"a\"}]"},
	{SELECT, "item", "item.id", NULL, "{\"ok\": false}", NULL, "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"ok\": true}", "id",
	 "[{\"id\":1},{\"id\":3},{\"id\":5},{\"id\":6}]"},
	{SELECT, "item", "id", NULL, "{\"big\": 9007199254740993}", NULL, "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"n\": 12345678901234567890.123}", NULL, "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"nums\": [1, 2]}", NULL, "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"tags\": {\"contains\": [\"a,b\", \"\\\"\"]}}", NULL,
	 "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"doc\": {\"contains\": {\"k\": [1]}}}", NULL, "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"doc\": {\"eq\": {\"k\": [1, {\"z\": null}]}}}", NULL,
	 "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"at\": \"2024-01-31T08:00:00+00:00\"}", NULL, "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"d\": {\"between\": [\"2024-02-01\", \"2024-03-01\"]}}", NULL,
	 "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"m\": \"sad\"}", NULL, "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"name\": {\"like\": \"b %\"}}", NULL, "[{\"id\":2}]"},
	{SELECT, "item", "id", NULL, "{\"name\": {\"like\": \"*_\\\\%\"}}", NULL, "[{\"id\":6}]"},
	{SELECT, "item", "id", NULL, "{\"name\": {\"ilike\": \"*A%\"}}", NULL, "[{\"id\":6}]"},
	{SELECT, "item", "id", NULL, "{\"name\": {\"ilike\": \"A\"}}", NULL, "[{\"id\":1}]"},
	{SELECT, "item", "id", NULL,
	 "{\"or\": [{\"id\": 1}, {\"name\": \"b \\\"q\\\", (x) \\\\ 'y' \\u00e4\\u20ac\"},"
	 " {\"and\": [{\"name\": null}, {\"id\": {\"between\": [3, 9]}}]}, {\"id\": {\"in\": [6, "
	 "null]}}]}",
	 "id", "[{\"id\":1},{\"id\":2},{\"id\":3},{\"id\":6}]"},
	{SELECT, "item", "id", NULL,
	 "{\"or\": [{\"tags\": {\"contains\": [\"{c}\"]}}, {\"doc\": {\"contains\": {\"x\": 1}}}]}",
	 NULL, "[{\"id\":2}]"},
	{SELECT, "item", "id, name", NULL, "{\"id\": {\"le\": 4}}", "name desc nulls last, id",
	 "[{\"id\":4,\"name\":\"d\"},{\"id\":2,\"name\":\"b \\\"q\\\", (x) \\\\ 'y' "
	 "\xc3\xa4\xe2\x82\xac\"},"
	 "{\"id\":1,\"name\":\"a\"},{\"id\":3,\"name\":null}]"},
	{SELECT, "item", "count(*)", NULL, NULL, NULL, "[{\"count\":6}]"},
	{SELECT, "item", "count(*) as n", NULL, "{\"name\": {\"ne\": null}}", NULL, "[{\"n\":5}]"},
	{SELECT, "nowhere", "count(*)", NULL, NULL, NULL, "!DBA_SERVER 42P01 "},
	{SELECT, "closed", "count(*)", NULL, NULL, NULL, "!DBA_SERVER 42501 "},
	{SELECT, "other.item", NULL, NULL, NULL, NULL, "[]"},
	{INSERT, "other.item", NULL, "{\"id\": 1, \"name\": \"o\"}", NULL, NULL,
	 "[{\"id\":1,\"name\":\"o\"}]"},
	{UPDATE, "other.item", NULL, "{\"name\": null}", "{\"id\": 1}", NULL,
	 "[{\"id\":1,\"name\":null}]"},
	{DELETE, "other.item", NULL, NULL, "{\"id\": 1}", NULL, "#1"},
	{UPSERT, "pair", "a, b", "{\"a\": \"x\", \"b\": 1, \"note\": \"n\"}", NULL, NULL,
	 "[{\"a\":\"x\",\"b\":1,\"note\":\"n\"}]"},
	{UPSERT, "pair", "a, b", "{\"a\": \"x\", \"b\": 1, \"note\": \"m\"}", NULL, NULL,
	 "[{\"a\":\"x\",\"b\":1,\"note\":\"m\"}]"},
	{UPSERT, "pair", "a, b", "{\"a\": \"x\", \"b\": 1}", NULL, NULL,
	 "[{\"a\":\"x\",\"b\":1,\"note\":\"m\"}]"},
	{UPDATE, "pair", NULL, "{\"note\": \"k\"}", "{\"b\": 2}", NULL, "[]"},
	{UPDATE, "pair", NULL, "{\"note\": \"k\"}", NULL, NULL, "!DBA_INVALID  "},
	{DELETE, "pair", NULL, NULL, NULL, NULL, "!DBA_INVALID  "},
	{DELETE, "pair", NULL, NULL, "{\"a\": \"none\"}", NULL, "#0"},
	{INSERT, "item", NULL, "{\"id\": 1}", NULL, NULL, "!DBA_SERVER 23505 item_pkey"},
	{INSERT, "child", NULL, "{\"id\": 1, \"parent\": 9}", NULL, NULL,
	 "!DBA_SERVER 23503 child_parent_fkey"},
	{INSERT, "child", NULL, "{\"id\": 1, \"n\": 0}", NULL, NULL, "!DBA_SERVER 23514 child_n_check"},
	{INSERT, "child", NULL, "{\"id\": 1, \"must\": null}", NULL, NULL, "!DBA_SERVER 23502 "},
	{INSERT, "child", NULL, "{\"id\": \"x\"}", NULL, NULL, "!DBA_SERVER 22P02 "},
	{INSERT, "child", NULL, "{}", NULL, NULL, "!DBA_SERVER 23502 "},
	{INSERT, "plain", NULL, "{}", NULL, NULL, "[{\"v\":7}]"},
	{INSERT, "plain", NULL, "{\"_x\": 1}", NULL, NULL, "!DBA_INVALID  "},
	{UPSERT, "pair", "a, b", "{}", NULL, NULL, "!DBA_INVALID  "},
	{MANY, "item", NULL, "[]", NULL, NULL, "#0"},
	{MANY, "item", NULL, "{}", NULL, NULL, "!DBA_INVALID  "},
	{INSERT, "child", NULL, "[1]", NULL, NULL, "!DBA_INVALID  "},
	{SELECT, "nowhere", NULL, NULL, NULL, NULL, "!DBA_SERVER 42P01 "},
	{SELECT, "item", "nothing", NULL, NULL, NULL, "!DBA_SERVER 42703 "},
	{SELECT, "item", NULL, NULL, "{\"nothing\": 1}", NULL, "!DBA_SERVER 42703 "},
	{SELECT, "closed", NULL, NULL, NULL, NULL, "!DBA_SERVER 42501 "},
	{SELECT, "mine", NULL, NULL, NULL, NULL, "[]"},
	{CALL, "one", NULL, NULL, NULL, NULL, "[{\"one\":1}]"},
	{CALL, "one", NULL, "{\"x\": 7}", NULL, NULL, "[{\"one\":7}]"},
	{CALL, "doc", NULL, "{\"a\": {\"n\": 9007199254740993}}", NULL, NULL,
	 "[{\"doc\":{\"n\":9007199254740993}}]"},
	{CALL, "rows", NULL, NULL, NULL, NULL, "[{\"a\":1,\"b\":\"x\"},{\"a\":2,\"b\":null}]"},
	{CALL, "fail", NULL, NULL, NULL, NULL, "!DBA_SERVER P0099 "},
	{CALL, "nofunction", NULL, NULL, NULL, NULL, "!DBA_SERVER 42883 "},
};

typedef struct Answer
{
	int			calls;
	char		text[2048];
} Answer;

static void
take(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	static const char *const codes[] = {
		"DBA_OK",		"DBA_INVALID", "DBA_PROFILE_NOT_FOUND", "DBA_CONFIG", "DBA_CONNECT",
		"DBA_TIMEOUT",	"DBA_SERVER",  "DBA_CANCELLED",			"DBA_CLOSED", "DBA_NOT_SUPPORTED",
		"DBA_NO_MEMORY"};
	Answer	   *answer = arg;
	cJSON	   *rows;
	char	   *text;

	(void) db;
	answer->calls++;
	if (error != NULL)
	{
		snprintf(answer->text, sizeof(answer->text), "!%s %s %s", codes[dba_error_code(error)],
				 dba_error_sqlstate(error), dba_error_constraint(error));
		return;
	}
	if (dba_result_columns(result) == 0)
	{
		snprintf(answer->text, sizeof(answer->text), "#%ld", (long) dba_result_count(result));
		return;
	}
	rows = dba_result_rows_json(result);
	text = cJSON_PrintUnformatted(rows);
	snprintf(answer->text, sizeof(answer->text), "%s", text);
	assert_int_equal(dba_result_count(result), dba_result_rows(result));
	free(text);
	cJSON_Delete(rows);
}

static void
run_cases(dba_client *db, const char *provider)
{
	int			wrong = 0;

	server_sql(server, "TRUNCATE item, pair, parent, child, other.item");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		Answer		answer = {0};
		dba_request id;

		id = call_verb(db, c->verb, c->table, c->columns, c->json, c->filters, c->order, take,
					   &answer);
		assert_true(dba_wait(db, id, 300000));
		assert_int_equal(answer.calls, 1);
		if (strcmp(answer.text, cases[i].expected) == 0)
			continue;
		wrong++;
		printf("# %s, case %zu (%s %s):\n#   %s\n# expected\n#   %s\n", provider, i, cases[i].table,
			   cases[i].filters != NULL ? cases[i].filters : "", answer.text, cases[i].expected);
	}
	assert_int_equal(wrong, 0);
}

static void
test_cases_postgres(void **state)
{
	(void) state;
	run_cases(direct, "postgres");
}

static void
test_cases_supabase(void **state)
{
	(void) state;
	run_cases(hosted, "supabase");
}

/* ---------------------------------------------------------------- accessors */

static void
look_at_values(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	int64_t		big = 0;
	double		f = 0;
	bool		ok = true;

	(void) db;
	assert_null(error);
	assert_true(dba_result_int64(result, 0, "big", &big));
	assert_true(big == INT64_C(9007199254740993));
	assert_true(dba_result_double(result, 0, "f", &f));
	assert_true(f == 1.5);
	assert_true(dba_result_bool(result, 0, "ok", &ok));
	assert_false(ok);
	assert_string_equal(dba_result_text(result, 0, "n"), "12345678901234567890.1230");
	assert_string_equal(dba_result_text(result, 0, "doc"), "{\"k\":[1,{\"z\":null}]}");
	assert_true(dba_result_is_null(result, 0, "tags"));
	assert_int_equal(dba_result_column(result, "big"), 0);
	++*(int *) arg;
}

static void
test_accessors(void **state)
{
	Outcome		out = {0};
	int			calls = 0;

	(void) state;
	server_sql(server, "TRUNCATE item; INSERT INTO item (id, big, f, ok, n, doc) VALUES"
					   " (1, 9007199254740993, 1.5, false, 12345678901234567890.1230,"
					   " '{\"k\": [1, {\"z\": null}]}')");
	dba_wait(
		hosted,
		dba_select(hosted, "item", "big, f, ok, n, doc, tags", NULL, NULL, look_at_values, &calls),
		30000);
	assert_int_equal(calls, 1);
	/* no rows have columns too */
	outcome_wait(hosted,
				 dba_select(hosted, "item", "id, name", "{\"id\": 99}", NULL, outcome_take, &out),
				 &out);
	assert_int_equal(out.rows, 0);
	assert_int_equal(out.code, DBA_OK);
}

/* ---------------------------------------------------------------- pages */

static Outcome
page_query(const char *table, const char *columns, const char *order, int64_t limit, int64_t offset)
{
	dba_query  *query = dba_query_new(table);
	Outcome		out = {0};

	dba_query_columns(query, columns);
	dba_query_order(query, order);
	if (limit >= 0)
		dba_query_limit(query, limit);
	if (offset > 0)
		dba_query_offset(query, offset);
	outcome_wait(hosted, dba_query_select(hosted, query, outcome_take, &out), &out);
	dba_query_free(query);
	return out;
}

static void
test_pages(void **state)
{
	Outcome		out;

	(void) state;
	server_sql(server,
			   "TRUNCATE item, pair, heap; INSERT INTO item (id, name) SELECT g, 'n' || g % 7 "
			   "|| '-' || g FROM generate_series(1, 95) g;"
			   "INSERT INTO pair SELECT 'k,\"' || g % 5, g, NULL FROM generate_series(1, 43) g;"
			   "INSERT INTO heap SELECT generate_series(1, 25)");
	out = page_query("item", "id", NULL, -1, 0);	/* by the key */
	assert_string_equal(out.message, "");
	assert_int_equal(out.rows, 95);
	out = page_query("item", "name", "name desc", -1, 0);	/* by an offset */
	assert_int_equal(out.rows, 95);
	out = page_query("pair", NULL, NULL, -1, 0);	/* by a key of two columns */
	assert_string_equal(out.message, "");
	assert_int_equal(out.rows, 43);
	out = page_query("item", "id", NULL, 25, 15);
	assert_int_equal(out.rows, 25);
	assert_string_equal(out.text, "16");
	out = page_query("item", "id", NULL, 0, 0);
	assert_int_equal(out.rows, 0);
	out = page_query("item", "id", NULL, -1, 200);
	assert_int_equal(out.rows, 0);
	assert_int_equal(out.code, DBA_OK);
	out = page_query("heap", NULL, NULL, -1, 0);
	assert_int_equal(out.code, DBA_INVALID);
	assert_non_null(strstr(out.message, "without an order"));
	out = page_query("heap", NULL, NULL, 10, 0);
	assert_int_equal(out.rows, 10);
	out = page_query("heap", NULL, "v", -1, 0);
	assert_int_equal(out.rows, 25);
}

typedef struct Stream
{
	int			rows;
	int			pauses;
	int			stop_at;
	int64_t		last;
	bool		ordered;
} Stream;

static Stream stream;

static dba_flow
stream_row(dba_client *db, const dba_result *row, void *arg)
{
	int64_t		id = 0;

	(void) db;
	(void) arg;
	assert_int_equal(dba_result_rows(row), 1);
	assert_true(dba_result_int64(row, 0, "id", &id));
	stream.ordered = stream.ordered && id > stream.last;
	stream.last = id;
	stream.rows++;
	if (stream.rows == stream.stop_at)
		return DBA_STOP;
	if (stream.pauses > 0 && stream.rows % 10 == 7)
		return DBA_PAUSE;
	return DBA_CONTINUE;
}

static void
test_stream(void **state)
{
	Outcome		out = {0};
	dba_request id;

	(void) state;
	stream = (Stream){.ordered = true, .pauses = 1};
	id = dba_select_stream(hosted, "item", "id", NULL, NULL, stream_row, outcome_take, &out);
	while (!dba_wait(hosted, id, 20))
		dba_resume(hosted, id);
	assert_int_equal(out.code, DBA_OK);
	assert_int_equal(out.count, 95);
	assert_int_equal(stream.rows, 95);
	assert_true(stream.ordered);
	stream = (Stream){.ordered = true, .stop_at = 15};
	id = dba_select_stream(hosted, "item", "id", NULL, NULL, stream_row, outcome_take, &out);
	assert_true(dba_wait(hosted, id, 300000));
	assert_int_equal(out.code, DBA_CANCELLED);
	assert_int_equal(stream.rows, 15);
}

/* ---------------------------------------------------------------- roles, calls, refusals */

static void
test_roles(void **state)
{
	static const struct
	{
		const char *key;
		dba_code	code;
		const char *sqlstate;
		size_t		rows;
	} roles[] = {{JWT_U1, DBA_OK, "", 2},
				 {JWT_U2, DBA_OK, "", 1},
				 {NULL, DBA_OK, "", 0},
				 {JWT_EXPIRED, DBA_CONNECT, "28000", 0},
				 {"no.such.key", DBA_CONNECT, "28000", 0},
				 {"two words", DBA_CONFIG, "", 0}};

	(void) state;
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
	{
		dba_client *db = open_hosted(roles[i].key);
		Outcome		out = {0};

		outcome_wait(db, dba_select(db, "mine", NULL, NULL, NULL, outcome_take, &out), &out);
		assert_int_equal(out.code, roles[i].code);
		assert_string_equal(out.sqlstate, roles[i].sqlstate);
		assert_int_equal(out.rows, roles[i].rows);
		if (roles[i].key != NULL)
			assert_null(strstr(out.message, roles[i].key));
		dba_close(db);
	}
	unsetenv("SUPABASE_KEY");
}

static void
test_connection(void **state)
{
	dba_client *db = open_hosted(JWT_U1);
	Answer		answer = {0};

	(void) state;
	dba_wait(db, dba_test_connection(db, take, &answer), 300000);
	assert_string_equal(
		answer.text,
		"[{\"database\":null,\"username\":\"member\",\"server_version\":\"PostgREST "
		"12.0.2\",\"extension_version\":null,\"in_recovery\":null,\"ssl\":false,"
		"\"tables\":[\"child\",\"closed\",\"heap\",\"item\",\"kept\",\"mine\",\"pair\","
		"\"parent\",\"plain\",\"task\"]}]");
	dba_close(db);
}

static void
test_call_cut_short(void **state)
{
	Outcome		out = {0};

	(void) state;
	server_sql(server, "SELECT setval('ran', 1, false)");
	outcome_wait(hosted, dba_call(hosted, "series", "{\"n\": 10}", outcome_take, &out), &out);
	assert_int_equal(out.rows, 10);
	/* the count does not run it twice */
	assert_string_equal(server_sql(server, "SELECT last_value FROM ran"), "20");
	outcome_wait(hosted, dba_call(hosted, "series", "{\"n\": 11}", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_SERVER);
	assert_non_null(strstr(out.message, "10 rows and counted 11"));
	outcome_wait(hosted, dba_call(hosted, "one", "[1]", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_NOT_SUPPORTED);
	outcome_wait(hosted, dba_call(hosted, "nothing", NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_OK);
}

static void
no_notify(dba_client *db, const char *channel, const char *payload, int pid, void *arg)
{
	(void) db;
	(void) channel;
	(void) payload;
	(void) pid;
	(void) arg;
}

static void
test_not_supported(void **state)
{
	Outcome		out = {0};

	(void) state;
	outcome_wait(hosted, dba_execute(hosted, "SELECT 1", NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_NOT_SUPPORTED);
	assert_non_null(strstr(out.hint, "function"));
	outcome_wait(hosted, dba_begin(hosted, NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_NOT_SUPPORTED);
	assert_non_null(strstr(out.hint, "dba_call"));
	outcome_wait(hosted, dba_listen(hosted, "c", no_notify, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_NOT_SUPPORTED);
	outcome_wait(hosted, dba_select(hosted, "item", "lower(name)", NULL, NULL, outcome_take, &out),
				 &out);
	assert_int_equal(out.code, DBA_NOT_SUPPORTED);
	outcome_wait(
		hosted, dba_select(hosted, "item", "name, count(*)", NULL, NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_NOT_SUPPORTED);	/* PostgREST has aggregates off */
	assert_int_equal(out.submitted, out.called);
}

/* Many at once wait for a place and all come back; a cancelled one does not run. */
static void
test_many_at_once(void **state)
{
	dba_client *db = open_hosted(NULL);
	Outcome		out = {0};
	dba_request last = 0;

	(void) state;
	for (int i = 0; i < 60; i++)
		last = dba_select(db, "item", "id", "{\"id\": 1}", NULL, outcome_take, &out);
	dba_cancel(db, last);
	dba_run(db);
	assert_int_equal(out.called, 60);
	assert_int_equal(out.failed, 1);
	assert_true(dba_pool_stats(db, "opened") <= 15);
	dba_close(db);
}

/* ---------------------------------------------------------------- one program, both providers */

static int
run_example(const char *url, char *out, size_t size)
{
	FILE	   *file = tmpfile();
	int			saved = dup(1);
	int			status;

	fflush(stdout);
	dup2(fileno(file), 1);
	status = tasks_main(2, (char *[]){(char *) "tasks", (char *) url, NULL});
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	rewind(file);
	out[fread(out, 1, size - 1, file)] = '\0';
	fclose(file);
	return status;
}

static void
test_example(void **state)
{
	char		ours[512];
	char		theirs[512];

	(void) state;
	setenv("SUPABASE_REST_PATH", "/", 1);
	assert_int_equal(run_example(rest.url, ours, sizeof(ours)), 0);
	unsetenv("SUPABASE_REST_PATH");
	assert_int_equal(run_example(direct_url, theirs, sizeof(theirs)), 0);
	assert_string_equal(ours, "2 rows written\n1 rows written\n9007199254740993 [x] count \"far\"\n"
							  "1 [x] read, write\n2 rows written\n");
	assert_string_equal(ours, theirs);
}

/* A row of documents, read and written back. */
static void
take_row(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	(void) client;
	assert_string_equal(dba_error_message(error), "");
	*(cJSON **) arg = dba_result_row(result, 0);
}

static void
test_documents(void **state)
{
	static const char *const documents[] = {"{\"a\":1,\"a\":[2]}", "\"a\"", "1.5"};

	cJSON	   *row = NULL;
	Outcome		refused = {0};

	(void) state;
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
	{
		Outcome		out = {0};
		char		sql[256];

		snprintf(sql, sizeof(sql),
				 "TRUNCATE kept; INSERT INTO kept VALUES (1, 'a=>1, \"b c\"=>NULL', '%s')",
				 documents[i]);
		server_sql(server, sql);
		dba_select(hosted, "kept", NULL, NULL, NULL, take_row, &row);
		dba_run(hosted);
		cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(row, "id"), 2);
		outcome_wait(hosted, dba_insert_json(hosted, "kept", row, outcome_take, &out), &out);
		assert_string_equal(out.message, "");
		cJSON_DeleteItemFromObject(row, "id");
		server_sql(server, "INSERT INTO kept VALUES (3)");
		outcome_wait(hosted, dba_update_json(hosted, "kept", row, NULL, outcome_take, &out), &out);
		assert_int_equal(out.code, DBA_INVALID);	/* without a filter */
		assert_string_equal(server_sql(server, "SELECT count(*) FROM kept WHERE id < 3 AND"
											   " h = 'a=>1, \"b c\"=>NULL'"),
							"2");
		assert_string_equal(
			server_sql(server, "SELECT count(DISTINCT j::text) FROM kept WHERE id < 3"), "1");
		cJSON_Delete(row);
	}
	/* can be read; the service itself does not take it */
	server_sql(server, "TRUNCATE kept; INSERT INTO kept VALUES (1, NULL, '\"\\u0000\"')");
	dba_select(hosted, "kept", NULL, NULL, NULL, take_row, &row);
	dba_run(hosted);
	assert_string_equal(cJSON_GetObjectItemCaseSensitive(row, "j")->valuestring, "\"\\u0000\"");
	cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(row, "id"), 2);
	outcome_wait(hosted, dba_insert_json(hosted, "kept", row, outcome_take, &refused), &refused);
	assert_string_equal(refused.sqlstate, "22P05");
	cJSON_Delete(row);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases_postgres), cmocka_unit_test(test_cases_supabase),
		cmocka_unit_test(test_accessors),	   cmocka_unit_test(test_pages),
		cmocka_unit_test(test_stream),		   cmocka_unit_test(test_roles),
		cmocka_unit_test(test_connection),	   cmocka_unit_test(test_call_cut_short),
		cmocka_unit_test(test_not_supported),  cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_example),		   cmocka_unit_test(test_documents),
	};

	if (fixture_without_npm())
		return 0;
	return cmocka_run_group_tests(tests, setup, teardown);
}
