/*
 * sql.c
 *		From columns, orders, filters and rows to statements and parameters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "oom.h"
#include "sql/sql.h"

static char answer[4096];

/* The statement and its parameters, or what is wrong (and the hint). */
static const char *
describe(SqlStatement *st, bool ok, dba_error *error)
{
	Buf			buf = BUF_INIT;

	if (ok)
		buf_puts(&buf, buf_text(&st->text));
	else
		buf_printf(&buf, "%s%s%s", dba_error_message(error), *dba_error_hint(error) ? " HINT " : "",
				   dba_error_hint(error));
	for (size_t i = 0; ok && i < st->params.count; i++)
	{
		buf_puts(&buf, " [");
		if (!sql_param_write(&buf, st->params.items[i], NULL))
			buf_puts(&buf, "NULL");
		buf_putc(&buf, ']');
	}
	assert_true(ok || dba_error_code(error) == DBA_INVALID);
	snprintf(answer, sizeof(answer), "%s", buf_text(&buf));
	buf_free(&buf);
	dba_error_free(error);
	sql_free(st);
	return answer;
}

static const char *
selecting(const char *table, const char *columns, const char *filters, const char *order)
{
	dba_query  *query = dba_query_new(table);
	SqlStatement st = {0};
	dba_error  *error = NULL;
	bool		ok;

	dba_query_columns(query, columns);
	dba_query_filters(query, filters);
	dba_query_order(query, order);
	ok = sql_select(&st, query, &error);
	dba_query_free(query);
	return describe(&st, ok, error);
}

static void
test_select(void **state)
{
	dba_query  *query;
	SqlStatement st = {0};

	(void) state;
	assert_string_equal(
		selecting("users", "id, Name", "{\"active\":true,\"x\":null}", "name desc nulls last, id"),
		"SELECT \"id\", \"name\" FROM \"users\" WHERE \"active\" = $1 AND \"x\" IS NULL"
		" ORDER BY \"name\" DESC NULLS LAST, \"id\" [true]");
	assert_string_equal(selecting("Public.\"Odd \"\"T\"",
								  "count(*) as cnt, max(Age) m, count(distinct a)", NULL, NULL),
						"SELECT pg_catalog.count(*) AS \"cnt\", pg_catalog.max(\"age\") AS \"m\","
						" pg_catalog.count(DISTINCT \"a\") FROM \"public\".\"Odd \"\"T\"");
	assert_string_equal(selecting("t", NULL, NULL, NULL), "SELECT * FROM \"t\"");
	assert_string_equal(selecting("t", "*", "{}", NULL), "SELECT * FROM \"t\"");
	query = dba_query_new("t");
	dba_query_limit(query, 10);
	dba_query_offset(query, 20);
	dba_query_where(query, "age", ">=", "18");
	dba_query_where(query, "\"Mixed\"", "like", "\"a%\"");
	assert_string_equal(describe(&st, sql_select(&st, query, NULL), NULL),
						"SELECT * FROM \"t\" WHERE \"age\" >= $1 AND \"Mixed\" LIKE $2 LIMIT 10 "
						"OFFSET 20 [18] [a%]");
	dba_query_free(query);
}

static void
test_filters(void **state)
{
	static const struct
	{
		const char *filter;
		const char *where;
	} cases[] = {
		{"{\"a\":{\"gt\":1,\"le\":9.50}}", "\"a\" > $1 AND \"a\" <= $2 [1] [9.50]"},
		{"{\"a\":{\"in\":[1,2]}}", "\"a\" = ANY ($1) [{\"1\",\"2\"}]"},
		{"{\"a\":{\"in\":[1,null]}}", "(\"a\" = ANY ($1) OR \"a\" IS NULL) [{\"1\",NULL}]"},
		{"{\"a\":{\"in\":[]}}", "\"a\" = ANY ($1) [{}]"},
		{"{\"a\":{\"ne\":null}}", "\"a\" IS NOT NULL"},
		{"{\"a\":{\"ne\":1}}", "\"a\" <> $1 [1]"},
		{"{\"a\":{\"is_null\":false}}", "\"a\" IS NOT NULL"},
		{"{\"a\":{\"between\":[1,2]}}", "\"a\" BETWEEN $1 AND $2 [1] [2]"},
		{"{\"a\":{\"contains\":{\"k\":[1]}}}", "\"a\" @> $1 [{\"k\":[1]}]"},
		{"{\"a\":{\"eq\":{\"k\":1}}}", "\"a\" = CASE WHEN true THEN $1 ELSE \"a\" END [{\"k\":1}]"},
		{"{\"a\":{\"in\":[[1],null,{\"k\":1}]}}",
		 "(\"a\" IN ($1, CASE WHEN true THEN $2 ELSE \"a\" END) OR \"a\" IS NULL) [{\"1\"}] "
		 "[{\"k\":1}]"},
		{"{\"a\":[true,\"x\\\"y\",[]]}", "\"a\" = $1 [{t,\"x\\\"y\",{}}]"},
		{"{\"x\\\" OR 1=1 --\":1}", "\"x\"\" OR 1=1 --\" = $1 [1]"},
		{"{\"or\":[{\"a\":1},{\"b\":2,\"c\":3}],\"d\":4}",
		 "(\"a\" = $1 OR (\"b\" = $2 AND \"c\" = $3)) AND \"d\" = $4 [1] [2] [3] [4]"},
		{"{\"and\":[{\"or\":[{\"a\":1},{\"a\":2}]},{\"b\":1}]}",
		 "((\"a\" = $1 OR \"a\" = $2) AND \"b\" = $3) [1] [2] [1]"},
	};
	static const char start[] = "SELECT * FROM \"t\" WHERE ";

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(selecting("t", NULL, cases[i].filter, NULL) + strlen(start),
							cases[i].where);
}

static void
test_refused(void **state)
{
	(void) state;
	assert_string_equal(selecting("t", "id; drop table x", NULL, NULL),
						"columns: expected \",\", found ; at position 3 of \"id; drop table x\"");
	assert_string_equal(selecting("t", "id,", NULL, NULL),
						"columns: expected a column at the end of \"id,\"");
	assert_string_equal(selecting("t", "", NULL, NULL),
						"columns: expected a column at the end of \"\"");
	assert_string_equal(selecting("t", "pg_sleep(a)", NULL, NULL),
						"columns: function \"pg_sleep\" is not one that a column list may call");
	assert_string_equal(selecting("t", "max('a')", NULL, NULL),
						"columns: expected a column, found ' at position 5 of \"max('a')\"");
	assert_non_null(strstr(selecting("t", "\"a", NULL, NULL), "expected a closing double quote"));
	assert_non_null(
		strstr(selecting("t", "\"ab\"\"", NULL, NULL), "expected a closing double quote"));
	assert_string_equal(selecting("t", NULL, NULL, "a dsc"),
						"order: expected \",\", found dsc at position 3 of \"a dsc\"");
	assert_string_equal(selecting("t", NULL, NULL, "a nulls"),
						"order: expected FIRST or LAST at the end of \"a nulls\"");
	assert_string_equal(selecting("a.b.c", NULL, NULL, NULL),
						"table: expected no further \".\", found . at position 4 of \"a.b.c\"");
	assert_string_equal(
		selecting("t", NULL, "{\"a\":{\"gte\":1}}", NULL),
		"filter: unknown operator \"gte\" for column \"a\" HINT Perhaps you meant \"ge\".");
	assert_string_equal(selecting("t", NULL, "{\"a\":{}}", NULL),
						"filter: no operator for column \"a\"");
	assert_string_equal(selecting("t", NULL, "{\"or\":[]}", NULL),
						"filter: \"or\" takes an array of at least one object, not an empty one");
	assert_string_equal(selecting("t", NULL, "{\"or\":[{}]}", NULL),
						"filter: an empty object in \"or\"");
	assert_string_equal(
		selecting("t", NULL, "{\"a\":{\"between\":[1]}}", NULL),
		"filter: operator \"between\" of column \"a\" takes an array of two values, not an array");
	assert_string_equal(selecting("t", NULL, "[1]", NULL),
						"filter: expected an object, found an array");
	assert_non_null(strstr(selecting("t", NULL, "{\"a\":}", NULL), "filters: invalid JSON"));
}

/* ---------------------------------------------------------------- writing */

typedef bool (*RowStatement)(SqlStatement *, const dba_query *, const JsonValue *, dba_error **);

static const char *
writing(RowStatement statement, dba_query *query, const char *row)
{
	SqlStatement st = {0};
	dba_error  *error = NULL;
	JsonValue  *value = json_parse(&st.arena, row, strlen(row), "row", NULL);
	bool		ok = statement(&st, query, value, &error);

	dba_query_free(query);
	return describe(&st, ok, error);
}

static void
test_write(void **state)
{
	dba_query  *query = dba_query_new("t");
	SqlStatement st = {0};
	dba_error  *error = NULL;
	bool		ok;

	(void) state;
	assert_string_equal(writing(sql_insert, query, "{\"id\":1,\"_note\":2,\"N\":null}"),
						"INSERT INTO \"t\" (\"id\", \"N\") VALUES ($1, $2) RETURNING * [1] [NULL]");
	query = dba_query_new("t");
	dba_query_conflict(query, "id, b");
	dba_query_returning(query, "id");
	assert_string_equal(
		writing(sql_insert, query, "{\"id\":1,\"b\":2,\"n\":3}"),
		"INSERT INTO \"t\" (\"id\", \"b\", \"n\") VALUES ($1, $2, $3) ON CONFLICT (\"id\", \"b\")"
		" DO UPDATE SET \"n\" = EXCLUDED.\"n\" RETURNING \"id\" [1] [2] [3]");
	query = dba_query_new("t");
	dba_query_conflict(query, "id");
	assert_string_equal(writing(sql_insert, query, "{\"id\":1}"),
						"INSERT INTO \"t\" (\"id\") VALUES ($1) ON CONFLICT (\"id\")"
						" DO UPDATE SET \"id\" = EXCLUDED.\"id\" RETURNING * [1]");
	query = dba_query_new("t");
	dba_query_filters(query, "{\"id\":7}");
	assert_string_equal(writing(sql_update, query, "{\"a\":1,\"b\":{\"c\":[]}}"),
						"UPDATE \"t\" SET \"a\" = $1, \"b\" = $2 WHERE \"id\" = $3 RETURNING * [1] "
						"[{\"c\":[]}] [7]");
	assert_string_equal(writing(sql_insert, dba_query_new("t"), "{}"),
						"INSERT INTO \"t\" DEFAULT VALUES RETURNING *");
	assert_string_equal(writing(sql_insert, dba_query_new("t"), "{\"_x\":1}"), "row: no columns");
	assert_string_equal(writing(sql_insert, dba_query_new("t"), "[]"),
						"row: expected an object, found an array");
	assert_string_equal(writing(sql_update, dba_query_new("t"), "{\"a\":1}"),
						"update without a filter would change every row of \"t\""
						" HINT If that is meant, say so with dba_query_all_rows.");
	query = dba_query_new("t");
	dba_query_filters(query, "{}");
	ok = sql_delete(&st, query, &error);
	assert_non_null(strstr(describe(&st, ok, error), "delete without a filter"));
	dba_query_all_rows(query);
	assert_string_equal(describe(&st, sql_delete(&st, query, NULL), NULL), "DELETE FROM \"t\"");
	dba_query_free(query);
}

static void
test_many_rows(void **state)
{
	static const char text[] = "[{\"id\":1,\"n\":2},{\"n\":3,\"_x\":0,\"z\":{\"a\":[1]}}]";
	static const char evenly[] = "[{\"a\":1,\"b\":2},{\"b\":3,\"a\":4}]";
	dba_query  *query = dba_query_new("t");
	SqlStatement st = {0};
	JsonValue  *rows = json_parse(&st.arena, text, strlen(text), "rows", NULL);
	bool		even;
	JsonValue  *columns = sql_rows_columns(&st.arena, rows, &even, NULL);

	(void) state;
	assert_false(even);
	assert_int_equal(sql_batch_rows(columns), 21845);
	assert_string_equal(
		describe(&st, sql_insert_values(&st, query, columns, rows->first, 2, NULL), NULL),
		"INSERT INTO \"t\" (\"id\", \"n\", \"z\") VALUES ($1,$2,DEFAULT),(DEFAULT,$3,$4)"
		" [1] [2] [3] [{\"a\":[1]}]");
	rows = json_parse(&st.arena, evenly, strlen(evenly), "rows", NULL);
	columns = sql_rows_columns(&st.arena, rows, &even, NULL);
	assert_true(even);
	assert_string_equal(
		describe(&st, sql_insert_values(&st, query, columns, rows->first, 2, NULL), NULL),
		"INSERT INTO \"t\" (\"a\", \"b\") VALUES ($1,$2),($3,$4) [1] [2] [4] [3]");
	dba_query_free(query);
}

static void
test_call(void **state)
{
	static const char args[] = "{\"a b\":1,\"c\":[true,null,\"x\"]}";
	static const char list[] = "[1,\"x\"]";
	SqlStatement st = {0};
	JsonValue  *value = json_parse(&st.arena, args, strlen(args), "x", NULL);
	dba_error  *error = NULL;
	bool		ok;

	(void) state;
	assert_string_equal(
		describe(&st, sql_call(&st, "db_adapter.backup", value, NULL), NULL),
		"SELECT * FROM \"db_adapter\".\"backup\"(\"a b\" => $1, \"c\" => $2) [1] [{t,NULL,\"x\"}]");
	value = json_parse(&st.arena, list, strlen(list), "x", NULL);
	assert_string_equal(describe(&st, sql_call(&st, "f", value, NULL), NULL),
						"SELECT * FROM \"f\"($1, $2) [1] [x]");
	assert_string_equal(describe(&st, sql_call(&st, "f", NULL, NULL), NULL),
						"SELECT * FROM \"f\"()");
	ok = sql_call(&st, "f(); drop table t", NULL, &error);
	assert_non_null(strstr(describe(&st, ok, error), "function: expected the end"));
	error = NULL;
	ok = sql_execute(&st, " \n", NULL, &error);
	assert_string_equal(describe(&st, ok, error), "no SQL statement");
}

static const char *
param(const char *json, Oid oid)
{
	SqlParamType type = sql_param_type(NULL, oid);
	Arena		arena = {0};
	Buf			buf = BUF_INIT;

	sql_param_write(&buf, json_parse(&arena, json, strlen(json), "x", NULL), &type);
	snprintf(answer, sizeof(answer), "%s", buf_text(&buf));
	buf_free(&buf);
	arena_free(&arena);
	return answer;
}

static void
test_params(void **state)
{
	(void) state;
	assert_int_equal(sql_param_type(NULL, 3802).form, SQL_PARAM_JSON);
	assert_int_equal(sql_param_type(NULL, 1007).form, SQL_PARAM_NESTED);
	assert_int_equal(sql_param_type(NULL, 23).form, SQL_PARAM_PLAIN);
	assert_string_equal(param("\"x\"", 25), "x");
	assert_string_equal(param("\"x\"", 3802), "\"x\"");
	assert_string_equal(param("[1,\"a\"]", 3802), "[1,\"a\"]");
	assert_string_equal(param("[[1,2],[3,null]]", 1009), "{{\"1\",\"2\"},{\"3\",NULL}}");
	assert_string_equal(param("[{\"a\":\"\\\"\"},\"s\",null]", 3807),
						"{\"{\\\"a\\\":\\\"\\\\\\\"\\\"}\",\"\\\"s\\\"\",NULL}");
	assert_string_equal(param("\"NULL\"", 25), "NULL");
	assert_string_equal(param("[\"NULL\"]", 1009), "{\"NULL\"}");
}

/* ---------------------------------------------------------------- memory */

/* One of everything; true when it all worked. */
static bool
do_everything(dba_code *code)
{
	static const char text[] = "[{\"id\":1,\"a\":2},{\"id\":2,\"b\":[1]}]";
	dba_query  *query = dba_query_new("s.t");
	SqlStatement st = {0};
	dba_error  *error = NULL;
	JsonValue  *rows;
	JsonValue  *columns;
	bool		even;
	bool		ok = false;

	*code = DBA_NO_MEMORY;
	if (query == NULL)
		return false;
	dba_query_columns(query, "id, count(*) as n, \"A b\"");
	dba_query_filters(query,
					  "{\"a\":{\"in\":[1,null]},\"or\":[{\"b\":1},{\"c\":{\"between\":[1,2]}}]}");
	dba_query_where(query, "x", "like", "\"y\"");
	dba_query_order(query, "id desc");
	dba_query_conflict(query, "id");
	ok = sql_select(&st, query, &error);
	sql_free(&st);
	if (ok)
	{
		rows = json_parse(&st.arena, text, strlen(text), "rows", &error);
		columns = rows != NULL ? sql_rows_columns(&st.arena, rows, &even, &error) : NULL;
		ok = columns != NULL && sql_insert_values(&st, query, columns, rows->first, 2, &error);
	}
	*code = dba_error_code(error);
	dba_error_free(error);
	sql_free(&st);
	dba_query_free(query);
	return ok;
}

static void
test_no_memory(void **state)
{
	size_t		before = oom_outstanding();
	int			ended = 0;

	(void) state;
	for (size_t n = 1; !ended; n++)
	{
		dba_code	code;
		bool		ok;

		oom_after(n);
		ok = do_everything(&code);
		ended = !oom_hit();
		oom_after(0);
		assert_int_equal(ok, ended);
		assert_int_equal(code, ended ? DBA_OK : DBA_NO_MEMORY);
		assert_int_equal(oom_outstanding(), before);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_select),	  cmocka_unit_test(test_filters),
		cmocka_unit_test(test_refused),	  cmocka_unit_test(test_write),
		cmocka_unit_test(test_many_rows), cmocka_unit_test(test_call),
		cmocka_unit_test(test_params),	  cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
