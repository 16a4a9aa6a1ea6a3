/*
 * values.c
 *		What the accessors say of the server's text, and the twins that take cJSON.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "fixture.h"

static int
setup(void **state)
{
	(void) state;
	return fixture_client(
		"CREATE TABLE item (id int PRIMARY KEY, name text, tags text[], doc jsonb)");
}

static void
check_integers(const dba_result *result)
{
	int64_t		number = 0;

	assert_true(dba_result_int64(result, 0, "least", &number));
	assert_true(number == INT64_MIN);
	assert_false(dba_result_int64(result, 0, "beyond", &number));
	assert_false(dba_result_int64(result, 0, "half", &number));
	assert_false(dba_result_int64(result, 0, "nothing", &number));
	assert_false(dba_result_int64(result, 0, "absent", &number));
	assert_false(dba_result_int64(result, 1, "least", &number));
	assert_true(number == INT64_MIN);	/* untouched */
}

static void
check_doubles(const dba_result *result)
{
	double		number = 0;

	assert_true(dba_result_double(result, 0, "half", &number) && number == 0.5);
	assert_true(dba_result_double(result, 0, "tiny", &number) && number > 0);
	assert_true(dba_result_double(result, 0, "infinite", &number) && isinf(number));
	assert_true(dba_result_double(result, 0, "nan", &number) && isnan(number));
	assert_false(dba_result_double(result, 0, "huge", &number));
	assert_false(dba_result_double(result, 0, "word", &number));
	assert_false(dba_result_double(result, 0, "nothing", &number));
}

/* Text that strtoll or strtod would take, but no number of the server's. */
static void
check_strict(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	int64_t		integer = 0;
	double		number = 0;

	(void) client;
	assert_string_equal(dba_error_message(error), "");
	for (size_t row = 0; row < dba_result_rows(result); row++)
	{
		const char *text = dba_result_text(result, row, "text");
		bool		is_integer = strcmp(dba_result_text(result, row, "kind"), "integer") == 0;
		bool		is_float = strcmp(dba_result_text(result, row, "kind"), "no") != 0;

		if (dba_result_int64(result, row, "text", &integer) != is_integer ||
			dba_result_double(result, row, "text", &number) != is_float)
			fail_msg("\"%s\"", text);
		++*(int *) arg;
	}
}

static void
test_strict(void **state)
{
	int			rows = 0;

	(void) state;
	dba_execute(db,
				"SELECT * FROM (VALUES ('1', 'integer'), ('-1', 'integer'), ('1.5', 'float'),"
				" ('-0.5', 'float'), ('1e+20', 'float'), ('1E-7', 'float'), ('1.25e5', 'float'),"
				" ('Infinity', 'float'), ('-Infinity', 'float'), ('NaN', 'float'), ('', 'no'),"
				" (' 1', 'no'), ('1 ', 'no'), (E'\\t1', 'no'), ('+1', 'no'), ('-', 'no'),"
				" ('--1', 'no'), ('0x10', 'no'), ('0x1p3', 'no'), ('nan', 'no'), ('-NaN', 'no'),"
				" ('nan(1)', 'no'), ('NaN(1)', 'no'), ('inf', 'no'), ('infinity', 'no'),"
				" ('.5', 'no'), ('5.', 'no'), ('1e', 'no'), ('1e+', 'no'), ('1.e5', 'no'),"
				" ('1,5', 'no'), ('1.5.5', 'no')) AS v (text, kind)",
				NULL, check_strict, &rows);
	dba_run(db);
	assert_int_equal(rows, 32);
}

static void
check_others(const dba_result *result)
{
	bool		flag = false;
	size_t		word = (size_t) dba_result_column(result, "word");

	assert_true(dba_result_bool(result, 0, "yes", &flag) && flag);
	assert_false(dba_result_bool(result, 0, "half", &flag));
	assert_int_equal(dba_result_length_at(result, 0, word), 4);
	assert_string_equal(dba_result_name(result, word), "word");
	assert_null(dba_result_name(result, dba_result_columns(result)));
	assert_int_equal(dba_result_column(result, "WORD"), -1);
	assert_true(dba_result_is_null(result, 0, "nothing"));
	assert_true(dba_result_is_null(result, 0, "absent"));
	assert_null(dba_result_text(result, 7, "word"));
	assert_null(dba_result_json(result, 0, "absent"));
	assert_null(dba_result_row(result, 1));
}

static void
take_values(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	(void) client;
	assert_string_equal(dba_error_message(error), "");
	check_integers(result);
	check_doubles(result);
	check_others(result);
	++*(int *) arg;
}

static void
test_accessors(void **state)
{
	int			called = 0;

	(void) state;
	dba_execute(db,
				"SELECT (-9223372036854775808)::int8 AS least, 9223372036854775808 AS beyond,"
				" 0.5 AS half, 5e-324::float8 AS tiny, 'Infinity'::float8 AS infinite,"
				" 'NaN'::numeric AS nan, 1e400 AS huge, 'w\xc3\xb6r' AS word, true AS yes,"
				" NULL::int AS nothing",
				NULL, take_values, &called);
	dba_run(db);
	assert_int_equal(called, 1);
}

static void
expect(dba_request id, Outcome *out, const char *text)
{
	assert_true(id != 0);
	outcome_wait(db, id, out);
	assert_string_equal(out->message, "");
	assert_string_equal(out->text, text);
}

/* Each twin does what its plain call does, and the values stay the caller's. */
static void
test_twins(void **state)
{
	Outcome		out = {0};
	cJSON	   *row = cJSON_Parse("{\"id\": 1, \"name\": \"a\", \"tags\": [\"x\"], \"doc\": [1]}");
	cJSON	   *change = cJSON_Parse("{\"name\": \"b\"}");
	cJSON	   *key = cJSON_Parse("{\"id\": 1}");
	cJSON	   *args = cJSON_Parse("[\"b\", 3]");

	(void) state;
	expect(dba_insert_json(db, "item", row, outcome_take, &out), &out, "1");
	cJSON_ReplaceItemInObjectCaseSensitive(row, "name", cJSON_CreateString("c"));
	expect(dba_upsert_json(db, "item", row, "id", outcome_take, &out), &out, "1");
	expect(dba_select_json(db, "item", "name", key, NULL, outcome_take, &out), &out, "c");
	outcome_wait(db, dba_update_json(db, "item", change, key, outcome_take, &out), &out);
	assert_int_equal(out.count, 1);
	expect(dba_select_json(db, "item", "name, tags, doc", key, "id", outcome_take, &out), &out,
		   "b");
	expect(dba_call_json(db, "repeat", args, outcome_take, &out), &out, "bbb");
	cJSON_DeleteItemFromArray(args, 1);
	expect(
		dba_execute_json(db, "SELECT tags[1] FROM item WHERE name = $1", args, outcome_take, &out),
		&out, "x");
	outcome_wait(db, dba_delete_json(db, "item", key, outcome_take, &out), &out);
	assert_int_equal(out.count, 1);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item"), "0");
	cJSON_Delete(row);
	cJSON_Delete(change);
	cJSON_Delete(key);
	cJSON_Delete(args);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accessors),
		cmocka_unit_test(test_strict),
		cmocka_unit_test(test_twins),
	};

	return cmocka_run_group_tests(tests, setup, fixture_end);
}
