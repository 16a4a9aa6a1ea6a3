/*
 * bulk.c
 *		insert_many: few rows, COPY and arrays store the same; rows that lack
 *		columns, rows that are returned, upserts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "fixture.h"

/* types without an array of their own, arrays, and those whose array would cut or
 * split a value */
#define COLUMNS                                                                                    \
	"(id int PRIMARY KEY, big int8, num numeric(8,2), yes bool, name text, short varchar(9),"      \
	" fixed char(5), one \"char\", bits bit(3), vbits bit varying, bytes bytea, at timestamptz,"   \
	" day date, uid uuid, doc jsonb, docs jsonb[], tags text[], grid int[], mood mood,"            \
	" moods mood[], pair pair, pairs pair[], b box, boxes box[], pos positive, list list,"         \
	" jdoc jdoc, deep deep, deeps deep[], vec int2vector, r int4range, \"Odd \"\"name\" text)"

static int
setup(void **state)
{
	(void) state;
	return fixture_client(
		"CREATE TYPE mood AS ENUM ('sad', 'ok, \"well\"');"
		"CREATE TYPE pair AS (a int, b text); CREATE TYPE deep AS (p pair, l int[], j jsonb);"
		"CREATE DOMAIN positive AS int CHECK (VALUE > 0);"
		"CREATE DOMAIN list AS int[];"
		"CREATE DOMAIN jdoc AS jsonb;"
		"CREATE TABLE by_values " COLUMNS "; CREATE TABLE by_copy " COLUMNS ";"
		"CREATE TABLE by_arrays " COLUMNS ";"
		"ALTER TABLE by_arrays ENABLE ROW LEVEL SECURITY;"
		"CREATE TABLE item (id serial PRIMARY KEY, name text DEFAULT 'none',"
		" n int DEFAULT 7, mood mood);");
}

static const char row_format[] =
	"%s{\"id\": %d, \"big\": 9007199254740993, \"num\": 12.50, \"yes\": true, \"name\": "
	"\"t\\t\\\\ \\\"q\\\" {%d,NULL}\\n\", \"short\": \"NULL\", \"fixed\": \"ab\", \"one\": \"x\","
	" \"bits\": \"101\", \"vbits\": \"1011\", \"bytes\": \"\\\\x00ff\", \"at\": \"2024-02-29 "
	"12:00:00+00\", \"day\": \"2024-02-29\", \"uid\": \"00000000-0000-0000-0000-000000000001\","
	" \"doc\": {\"a\":[1.10,\"x\\\"\"]}, \"docs\": [{\"a\": 1}, [2], null], \"tags\": "
	"[\"a\", \"\", null, \"b,{}\"], \"grid\": [[1, 2], [3, 4]], \"mood\": \"ok, \\\"well\\\"\","
	" \"moods\": [\"sad\", \"ok, \\\"well\\\"\"], \"pair\": \"(1,\\\"x y\\\")\", \"pairs\": "
	"[\"(1,x)\", \"(2,)\"], \"b\": \"(1,1),(0,0)\", \"boxes\": \"{(1,1),(0,0);(2,2),(0,0)}\","
	" \"pos\": 3, \"list\": [1, null], \"jdoc\": \"text\", \"deep\": {\"p\": {\"b\": "
	"\"x,\\\"y\",\"a\": 1},\"l\": [1,null],\"j\": [\"s\"]}, \"deeps\": [null, {\"l\": []}, "
	"\"(,,)\"], \"vec\": \"1 2\", \"r\": \"[1,3)\", "
	"\"Odd \\\"name\": null, \"_note\": 1}";

/* Rows from..to of every kind of column, those divisible by ten all NULL. */
static char *
make_rows(int from, int to)
{
	char	   *json = malloc((size_t) (to - from) * 1200 + 16);
	size_t		len = (size_t) sprintf(json, "[");

	for (int i = from; i < to; i++)
	{
		size_t		start = len;

		len += (size_t) sprintf(json + len, row_format, i > from ? "," : "", i, i);
		if (i % 10 == 0)		/* every column is named, so the rows are even */
		{
			len = start + (size_t) sprintf(json + start, "%s{\"id\": %d", i > from ? "," : "", i);
			for (const char *p = row_format; (p = strstr(p, ", \"")) != NULL; p += 2)
			{
				const char *end = p + 3;

				while (*end != '"' || end[-1] == '\\')
					end++;
				if (strncmp(end, "\":", 2) == 0)
					len += (size_t) sprintf(json + len, "%.*s: null", (int) (end + 1 - p), p);
			}
			len += (size_t) sprintf(json + len, "}");
		}
	}
	sprintf(json + len, "]");
	return json;
}

static void
insert(const char *table, int from, int to)
{
	char	   *rows = make_rows(from, to);
	Outcome		out = {0};

	outcome_wait(db, dba_insert_many(db, table, rows, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.count, to - from);
	free(rows);
}

static void
test_same_values(void **state)
{
	(void) state;
	for (int i = 0; i < 300; i += 50)
		insert("by_values", i, i + 50);
	insert("by_copy", 0, 300);
	insert("by_arrays", 0, 300);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM by_values WHERE doc IS NULL"),
						"30");
	assert_string_equal(
		server_sql(server, "SELECT name || fixed || '|' || bits || docs::text || tags::text ||"
						   " jdoc::text FROM by_values WHERE id = 1"),
		"t\t\\ \"q\" {1,NULL}\nab|101{\"{\\\"a\\\": 1}\",[2],NULL}{a,\"\",NULL,\"b,{}\"}"
		"\"text\"");
	for (int i = 0; i < 2; i++)
	{
		char		sql[200];

		snprintf(sql, sizeof(sql),
				 "SELECT count(*) FROM by_values v FULL JOIN %s o USING (id)"
				 " WHERE v::text IS DISTINCT FROM o::text",
				 i == 0 ? "by_copy" : "by_arrays");
		assert_string_equal(server_sql(server, sql), "0");
	}
	/* more than one batch, and all or none */
	insert("by_arrays", 300, 300 + 10500);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM by_arrays"), "10800");
}

static void
test_refused(void **state)
{
	char	   *rows = make_rows(20000, 20200);
	Outcome		out = {0};
	char	   *pos = rows;

	(void) state;
	for (int i = 0; i < 150; i++)
		pos = strstr(pos + 1, "\"pos\": 3");
	pos[7] = '0';
	outcome_wait(db, dba_insert_many(db, "by_arrays", rows, outcome_take, &out), &out);
	assert_string_equal(out.sqlstate, "23514");
	assert_string_equal(server_sql(server, "SELECT count(*) FROM by_arrays WHERE id >= 20000"),
						"0");
	free(rows);
}

/* Rows 0..count: what is missing takes the column's default. */
static char *
uneven_rows(int count, int shapes)
{
	char	   *json = malloc((size_t) count * 80 + 16);
	size_t		len = (size_t) sprintf(json, "[");

	for (int i = 0; i < count; i++)
		len += (size_t) sprintf(json + len, "%s{%s\"n\": %d%s}", i ? "," : "",
								i % shapes ? "\"name\": \"x\", " : "", i,
								i % 3 ? ", \"mood\": \"sad\"" : "");
	sprintf(json + len, "]");
	return json;
}

static void
test_uneven(void **state)
{
	char	   *rows = uneven_rows(3000, 2);
	Outcome		out = {0};

	(void) state;
	outcome_wait(db, dba_insert_many(db, "item", rows, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.count, 3000);
	assert_string_equal(server_sql(server, "SELECT string_agg(format('%s %s %s', name, mood, c), "
										   "', ' ORDER BY name, mood) FROM (SELECT name, mood, "
										   "count(*) AS c FROM item GROUP BY 1, 2) s"),
						"none sad 1000, none  500, x sad 1000, x  500");
	assert_string_equal(
		server_sql(server,
				   "SELECT count(*) || ' ' || count(DISTINCT n) || ' ' || max(n) FROM item"),
		"3000 3000 2999");
	free(rows);
}

static void
take_names(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	outcome_take(client, result, error, arg);
	for (size_t i = 0; error == NULL && i < dba_result_rows(result); i++)
	{
		int64_t		n = 0;

		assert_true(dba_result_int64(result, i, "n", &n));
		assert_int_equal(n, (int64_t) i);
	}
}

static void
test_returning(void **state)
{
	dba_query  *query = dba_query_new("item");
	char	   *rows = malloc(4 << 20);
	size_t		len = (size_t) sprintf(rows, "[");
	Outcome		out = {0};

	(void) state;
	server_sql(server, "TRUNCATE item");
	/* far more than a statement has parameters */
	for (int i = 0; i < 30000; i++)
		len += (size_t) sprintf(rows + len, "%s{\"id\": %d, \"n\": %d, \"name\": \"n%d\"}",
								i ? "," : "", i, i, i);
	sprintf(rows + len, "]");
	dba_query_returning(query, "id, n, mood");
	outcome_wait(db, dba_query_insert(db, query, rows, take_names, &out), &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.rows, 30000);
	dba_query_conflict(query, "id");
	for (char *p = rows; (p = strstr(p, "\"name\": \"n")) != NULL; p += 10)
		p[9] = 'm';
	outcome_wait(db, dba_query_insert(db, query, rows, take_names, &out), &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.rows, 30000);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item WHERE name = 'm' || n"),
						"30000");
	dba_query_free(query);
	free(rows);
}

/* More kinds of rows than are told apart. */
static void
test_many_shapes(void **state)
{
	char		rows[20000] = "[";
	size_t		len = 1;
	Outcome		out = {0};

	(void) state;
	server_sql(server, "CREATE TABLE wide (a int, b int, c int, d int, e int DEFAULT 5)");
	for (int i = 0; i < 310; i++)
	{
		len += (size_t) sprintf(rows + len, "%s{\"e\": 1", i ? "," : "");
		for (int bit = 0; bit < 4; bit++)
			if ((i % 32) >> bit & 1)
				len += (size_t) sprintf(rows + len, ", \"%c\": %d", 'a' + bit, i);
		if (i % 32 >= 16)		/* another order is another kind */
			len += (size_t) sprintf(rows + len, ", \"_skip\": 0");
		len += (size_t) sprintf(rows + len, "}");
	}
	sprintf(rows + len, ", {\"a\": 1}]");
	outcome_wait(db, dba_insert_many(db, "wide", rows, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_string_equal(
		server_sql(server, "SELECT count(*) || ' ' || count(a) || ' ' || count(d) || ' ' || sum(e)"
						   " FROM wide"),
		"311 156 152 315");
}

/* --- submitted in one go, in a transaction */

/* A JSON array of `count` rows from `first` on; the last has what `last` says. */
static const char *
behind_rows(int first, int count, const char *last)
{
	static Buf	rows = BUF_INIT;

	buf_reset(&rows);
	for (int i = 0; i < count; i++)
		buf_printf(&rows, "%c{\"id\": %d, \"v\": %s}", i == 0 ? '[' : ',', first + i,
				   i == count - 1 ? last : "7");
	buf_putc(&rows, ']');
	return buf_text(&rows);
}

static dba_client *
behind_begin(dba_client *client)
{
	Outcome		out = {0};

	server_sql(server, "CREATE TABLE IF NOT EXISTS behind (id int PRIMARY KEY, v int)");
	outcome_wait(db, dba_begin(client, NULL, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	return out.db;
}

static void
behind_many(dba_client *tx, const char *rows, const char *conflict, Outcome *out)
{
	dba_query  *query = dba_query_new("behind");

	*out = (Outcome){0};
	if (conflict != NULL)
		dba_query_conflict(query, conflict);
	assert_true(dba_query_insert(tx, query, rows, outcome_take, out) != 0);
	dba_query_free(query);
}

#define COUNT_SQL "SELECT count(*) || ' ' || COALESCE(sum(v), 0) FROM behind"

/* Each sees what came before it, and nothing of what came after. */
static void
test_order_behind(void **state)
{
	dba_client *tx = behind_begin(db);
	Outcome		outs[9] = {0};
	dba_client *inner;

	(void) state;
	dba_execute(tx, "INSERT INTO behind VALUES (-1, 1)", NULL, outcome_take, &outs[0]);
	behind_many(tx, behind_rows(0, 300, "7"), NULL, &outs[1]);	/* COPY */
	dba_execute(tx, COUNT_SQL, NULL, outcome_take, &outs[2]);
	behind_many(tx, behind_rows(100, 300, "8"), "id", &outs[3]);	/* arrays */
	dba_execute(tx, COUNT_SQL, NULL, outcome_take, &outs[4]);
	dba_execute(tx, "DELETE FROM behind WHERE id >= 0", NULL, outcome_take, &outs[5]);
	behind_many(tx, behind_rows(0, 300, "9"), NULL, &outs[6]);
	dba_begin(tx, NULL, outcome_take, &outs[7]);
	dba_run(db);
	for (int i = 0; i < 8; i++)
		if (outs[i].called != 1 || outs[i].message[0] != '\0')
			fail_msg("%d: %s", i, outs[i].message);
	assert_int_equal(outs[1].count, 300);
	assert_string_equal(outs[2].text, "301 2101");
	assert_int_equal(outs[3].count, 300);
	assert_string_equal(outs[4].text, "401 2802");
	assert_int_equal(outs[5].count, 400);
	/* in a savepoint, whose end and whose transaction's waits as well */
	inner = outs[7].db;
	behind_many(inner, behind_rows(1000, 300, "7"), NULL, &outs[0]);
	dba_execute(inner, COUNT_SQL, NULL, outcome_take, &outs[1]);
	dba_rollback(inner, outcome_take, &outs[2]);
	dba_run(db);
	assert_int_equal(outs[0].count, 300);
	assert_string_equal(outs[1].text, "601 4203");
	assert_string_equal(outs[2].message, "");
	behind_many(tx, behind_rows(1000, 300, "0"), NULL, &outs[3]);
	dba_commit(tx, outcome_take, &outs[4]);
	dba_execute(tx, "SELECT 1", NULL, outcome_take, &outs[5]);
	dba_run(db);
	assert_int_equal(outs[3].count, 300);
	assert_string_equal(outs[4].message, "");
	assert_int_equal(outs[5].code, DBA_INVALID);	/* behind the end */
	assert_string_equal(server_sql(server, COUNT_SQL), "601 4196");
	server_sql(server, "TRUNCATE behind");
}

/* One that fails, at the server or before it, takes along all that was submitted with it. */
static void
test_commit_behind(void **state)
{
	static const struct
	{
		int			first;
		int			count;
		const char *last;
		const char *conflict;
	} cases[] = {
		{-300, 300, "\"x\"", NULL}, /* a value that the server refuses, in COPY */
		{-300, 303, "1", NULL}, /* a key twice */
		{-300, 300, "\"x\"", "id"}, /* in arrays */
		{-300, 300, "{\"a\": 1}", NULL},	/* a value that no int takes */
		{-300, 300, "{\"a\": 1}", "id"},
		{-300, 3, "{\"a\": 1}", NULL},	/* one statement */
		{-300, 3, "?", NULL},	/* no JSON */
		{-300, 300, "?", NULL},
		{-300, 300, "1, \"gone\": 1", NULL},	/* no such column */
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		dba_client *tx = behind_begin(db);
		Outcome		before = {0};
		Outcome		many;
		Outcome		after = {0};
		Outcome		last = {0};

		dba_execute(tx, "INSERT INTO behind VALUES (1, 1), (2, 1)", NULL, outcome_take, &before);
		behind_many(tx, behind_rows(cases[i].first, cases[i].count, cases[i].last),
					cases[i].conflict, &many);
		dba_execute(tx, "INSERT INTO behind VALUES (3, 1)", NULL, outcome_take, &after);
		dba_commit(tx, outcome_take, &last);
		dba_run(db);
		if (before.message[0] != '\0' || many.failed != 1 || strcmp(after.sqlstate, "25P02") != 0 ||
			strcmp(last.sqlstate, "25P02") != 0 ||
			strcmp(server_sql(server, "SELECT count(*) FROM behind"), "0") != 0)
			fail_msg("%zu: %s; %s; %s; %s", i, before.message, many.message, after.message,
					 last.message);
	}
}

/* Cancelled at any station, and closed: nothing is left, and everybody hears of it. */
static void
test_cancel_behind(void **state)
{
	(void) state;
	for (int which = 0; which < 4; which++)
		for (int turns = 0; turns < 12; turns++)
		{
			dba_client *tx = behind_begin(db);
			Outcome		outs[4] = {0};
			dba_request ids[4];

			ids[0] =
				dba_insert_many(tx, "behind", behind_rows(0, 300, "1"), outcome_take, &outs[0]);
			ids[1] = dba_execute(tx, "SELECT 1", NULL, outcome_take, &outs[1]);
			ids[2] =
				dba_insert_many(tx, "behind", behind_rows(300, 300, "1"), outcome_take, &outs[2]);
			ids[3] = which < 3 ? dba_commit(tx, outcome_take, &outs[3]) : 0;
			for (int i = 0; i < turns; i++)
				dba_wait(db, ids[0], 0);
			if (which < 3)
				dba_cancel(db, ids[which]);
			else
				dba_close(tx);
			dba_run(db);
			for (int i = 0; i < 4; i++)
				assert_int_equal(outs[i].called, ids[i] != 0);
			/* too late, or all of it is gone */
			assert_string_equal(
				server_sql(server, "WITH gone AS (DELETE FROM behind RETURNING 1) "
								   "SELECT count(*) FROM gone"),
				which < 3 && outs[0].failed + outs[1].failed + outs[2].failed == 0 ? "600" : "0");
			if (which < 3)
				assert_int_equal(outs[3].failed,
								 outs[0].failed + outs[1].failed + outs[2].failed > 0);
		}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_values),	  cmocka_unit_test(test_refused),
		cmocka_unit_test(test_uneven),		  cmocka_unit_test(test_returning),
		cmocka_unit_test(test_many_shapes),	  cmocka_unit_test(test_order_behind),
		cmocka_unit_test(test_commit_behind), cmocka_unit_test(test_cancel_behind),
	};

	return cmocka_run_group_tests(tests, setup, fixture_end);
}
