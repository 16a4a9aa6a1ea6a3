/*
 * json.c
 *		JSON: what is read, what is refused and where, what becomes of numbers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <locale.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "json/json.h"
#include "oom.h"

/* The text read and written again, "ERROR: …" when it is refused. */
static const char *
again(const char *text)
{
	static char answer[4096];
	Arena		arena = {0};
	Buf			buf = BUF_INIT;
	dba_error  *error = NULL;
	JsonValue  *value = json_parse(&arena, text, strlen(text), "row", &error);

	if (value != NULL)
		json_write(&buf, value);
	else
		buf_printf(&buf, "%s", dba_error_message(error));
	assert_true((value == NULL) == (dba_error_code(error) == DBA_INVALID));
	snprintf(answer, sizeof(answer), "%s", buf_text(&buf));
	dba_error_free(error);
	buf_free(&buf);
	arena_free(&arena);
	return answer;
}

static void
test_values(void **state)
{
	(void) state;
	assert_string_equal(again(" {\"a\" : [ true,false , null ], \"b\":{}} "),
						"{\"a\":[true,false,null],\"b\":{}}");
	assert_string_equal(again("[0,-0,1.50,1e400,-2.5E-3,9007199254740993,0.30000000000000004]"),
						"[0,-0,1.50,1e400,-2.5E-3,9007199254740993,0.30000000000000004]");
	assert_string_equal(again("\"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\""),
						"\"é😀\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\"");
	assert_string_equal(again("\"\""), "\"\"");
	assert_string_equal(again("{\"A\": 1, \"a\": 2}"), "{\"A\":1,\"a\":2}");
}

static void
test_refused(void **state)
{
	static const struct
	{
		const char *text;
		const char *problem;
	} cases[] = {
		{"", "row: invalid JSON, no value at line 1, column 1"},
		{"[1,]", "row: invalid JSON, unexpected \"]\" at line 1, column 4"},
		{"{\"a\" 1}", "row: invalid JSON, expected \":\" at line 1, column 6"},
		{"{a: 1}",
		 "row: invalid JSON, expected a member name in double quotes or \"}\" at line 1, column 2"},
		{"[1\n, 2\n  x]", "row: invalid JSON, expected \",\" or \"]\" at line 3, column 3"},
		{"\"é\" x", "row: invalid JSON, expected the end of the text at line 1, column 5"},
		{"01", "row: invalid JSON, a number cannot begin with 0 at line 1, column 1"},
		{"1.", "row: invalid JSON, incomplete number at line 1, column 3"},
		{"-", "row: invalid JSON, incomplete number at line 1, column 2"},
		{"+1", "row: invalid JSON, expected a value at line 1, column 1"},
		{"NaN", "row: invalid JSON, expected a value at line 1, column 1"},
		{"\"\\u0000\"", "row: invalid JSON, \\u0000 cannot be stored at line 1, column 7"},
		{"\"\\ud800\"", "row: invalid JSON, half of a surrogate pair at line 1, column 7"},
		{"\"\\udc00\"", "row: invalid JSON, half of a surrogate pair at line 1, column 7"},
		{"\"\\ud800\\n\"", "row: invalid JSON, half of a surrogate pair at line 1, column 9"},
		{"\"\\x\"", "row: invalid JSON, unknown escape in a string at line 1, column 3"},
		{"\"a\tb\"", "row: invalid JSON, control character in a string at line 1, column 3"},
		{"\"\xff\"", "row: invalid JSON, invalid UTF-8 at line 1, column 2"},
		{"\"\xc0\x80\"", "row: invalid JSON, invalid UTF-8 at line 1, column 2"},
		{"\"\xed\xa0\x80\"", "row: invalid JSON, invalid UTF-8 at line 1, column 3"},
		{"{\"a\": 1, \"b\": {\"x\": 1, \"x\": 2}}",
		 "row: member \"x\" comes twice in the object that ends at line 1, column 30"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(again(cases[i].text), cases[i].problem);
}

/* What json takes and nothing else: only where values stand, and written as it came. */
static void
test_values_of_json(void **state)
{
	static const char *const kept[] = {
		"[1,{\"a\":1,\"a\":[{\"b\":1,\"b\":2}]}]",
		"[\"a\\u0000b\",\"\\u0000\",{\"\\u0000\":1,\"\\u0000x\":\"\"}]",
		"[\"\\ud800\",\"\\udc00\\ud800\",\"\\udbff\\n\",\"\\ud800\\u0000\",\"\\udfffx\"]",
		"[\"\xed\x9f\xbf\xee\x80\x80\xf0\x9f\x98\x80\"]"};
	static const struct
	{
		const char *text;
		const char *problem;
	} refused[] = {
		{"{\"a\":1,\"a\":2}",
		 "row: member \"a\" comes twice in the object that ends at line 1, column 13"},
		{"{\"\\u0000\":1}", "row: \\u0000 or half of a surrogate pair in a name"},
		{"{\"a\":\"\xc0\x80\"}", "row: invalid JSON, invalid UTF-8 at line 1, column 7"}};
	Arena		arena = {NULL};

	(void) state;
	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
	{
		Buf			buf = BUF_INIT;
		JsonValue  *value = json_parse_values(&arena, kept[i], strlen(kept[i]), 1, "row", NULL);

		assert_non_null(value);
		assert_int_equal(value->odd, i == 1 || i == 2);
		json_write(&buf, value);
		assert_string_equal(buf_text(&buf), kept[i]);
		buf_free(&buf);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
	{
		dba_error  *error = NULL;

		assert_null(
			json_parse_values(&arena, refused[i].text, strlen(refused[i].text), 1, "row", &error));
		assert_string_equal(dba_error_message(error), refused[i].problem);
		dba_error_free(error);
	}
	arena_free(&arena);
}

static void
test_many_members(void **state)
{
	Buf			text = BUF_INIT;

	(void) state;
	buf_putc(&text, '{');
	for (int i = 0; i < 1000; i++)
		buf_printf(&text, "\"m%d\":%d,", i, i);
	buf_puts(&text, "\"m500\":1}");
	assert_non_null(strstr(again(buf_text(&text)), "member \"m500\" comes twice"));
	buf_free(&text);
}

static void
test_depth(void **state)
{
	char		text[2 * JSON_MAX_DEPTH + 3] = "";
	Arena		arena = {0};

	(void) state;
	memset(text, '[', JSON_MAX_DEPTH);
	memset(text + JSON_MAX_DEPTH, ']', JSON_MAX_DEPTH);
	assert_non_null(json_parse(&arena, text, strlen(text), "x", NULL));
	memset(text, '[', JSON_MAX_DEPTH + 1);
	memset(text + JSON_MAX_DEPTH + 1, ']', JSON_MAX_DEPTH + 1);
	assert_null(json_parse(&arena, text, 2 * JSON_MAX_DEPTH + 2, "x", NULL));
	arena_free(&arena);
}

/* ---------------------------------------------------------------- cJSON */

static const char *
to_cjson_and_back(const char *text)
{
	static char answer[1024];
	Arena		arena = {0};
	Buf			buf = BUF_INIT;
	JsonValue  *value = json_parse(&arena, text, strlen(text), "x", NULL);
	cJSON	   *tree = json_to_cjson(value);

	value = json_from_cjson(&arena, tree, "x", NULL);
	assert_non_null(value);
	json_write(&buf, value);
	snprintf(answer, sizeof(answer), "%s", buf_text(&buf));
	buf_free(&buf);
	arena_free(&arena);
	cJSON_Delete(tree);
	return answer;
}

static void
test_cjson_digits(void **state)
{
	cJSON	   *number;

	(void) state;
	assert_string_equal(
		to_cjson_and_back("[9007199254740993,0.30000000000000004,3.14159265358979323846,1e400,-0]"),
		"[9007199254740993,0.30000000000000004,3.14159265358979323846,1e400,-0]");
	assert_string_equal(to_cjson_and_back("{\"a\":[1,\"x\",null,true,0.5,-12.25]}"),
						"{\"a\":[1,\"x\",null,true,0.5,-12.25]}");
	number = json_number_to_cjson("4503599627370496");
	assert_true(cJSON_IsNumber(number) && number->valuedouble == 4503599627370496.0);
	cJSON_Delete(number);
	number = json_number_to_cjson("1.50");
	assert_true(cJSON_IsNumber(number) && number->valuedouble == 1.5);
	cJSON_Delete(number);
	/* cJSON takes what is near for the same: no integer is printed as its neighbour */
	for (int64_t start = INT64_C(1) << 49; start <= INT64_C(1) << 53; start *= 2)
		for (int64_t i = -1000; i <= 1000; i++)
		{
			char		digits[32];
			char	   *printed;

			snprintf(digits, sizeof(digits), "%lld", (long long) (start + i * 104729));
			number = json_number_to_cjson(digits);
			printed = cJSON_PrintUnformatted(number);
			assert_string_equal(printed, digits);
			free(printed);
			cJSON_Delete(number);
		}
	number = json_number_to_cjson("9007199254740994");
	assert_true(cJSON_IsRaw(number));
	cJSON_Delete(number);
	number = json_number_to_cjson("9007199254740993");
	assert_true(cJSON_IsRaw(number));
	cJSON_Delete(number);
}

static const char *
import_problem(cJSON *tree)
{
	static char answer[256];
	Arena		arena = {0};
	dba_error  *error = NULL;

	assert_null(json_from_cjson(&arena, tree, "row", &error));
	assert_int_equal(dba_error_code(error), DBA_INVALID);
	snprintf(answer, sizeof(answer), "%s", dba_error_message(error));
	dba_error_free(error);
	arena_free(&arena);
	cJSON_Delete(tree);
	return answer;
}

static void
test_cjson_refused(void **state)
{
	cJSON	   *tree = cJSON_CreateObject();

	(void) state;
	cJSON_AddNumberToObject(tree, "big", 9007199254740994.0);
	assert_string_equal(import_problem(tree), "row: number \"big\" is beyond 2^53, where a double "
											  "is not exact; use a string or cJSON_Raw");
	tree = cJSON_CreateObject();
	cJSON_AddNumberToObject(tree, "a", 1);
	cJSON_AddNumberToObject(tree, "a", 2);
	assert_string_equal(import_problem(tree), "row: member \"a\" comes twice");
	assert_non_null(strstr(import_problem(cJSON_CreateString("\xff")), "not valid UTF-8"));
	assert_non_null(strstr(import_problem(cJSON_CreateRaw("{broken")), "invalid JSON"));
	assert_non_null(strstr(import_problem(cJSON_CreateNumber(1.0 / 0.0)), "not finite"));
}

static void
test_locale(void **state)
{
	(void) state;
	if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL)
		return;
	assert_string_equal(to_cjson_and_back("[0.5,1.25e-3]"), "[0.5,0.00125]");
	setlocale(LC_NUMERIC, "C");
}

/* ---------------------------------------------------------------- memory */

static void
test_no_memory(void **state)
{
	static const char text[] =
		"{\"a\": [1, \"two\\u00e9\", {\"b\": null}], \"m0\": 0, \"m1\": 0, \"m2\": 0, \"m3\": 0, "
		"\"m4\": 0, \"m5\": 0,"
		" \"m6\": 0, \"m7\": 0, \"long\": "
		"\"0123456789012345678901234567890123456789012345678901234567890123456789\"}";
	size_t		before = oom_outstanding();
	int			ended = 0;

	(void) state;
	for (size_t n = 1; !ended; n++)
	{
		Arena		arena = {0};
		dba_error  *error = NULL;
		JsonValue  *value;

		oom_after(n);
		value = json_parse(&arena, text, strlen(text), "x", &error);
		ended = !oom_hit();
		oom_after(0);
		assert_true(ended ? value != NULL
						  : value == NULL && dba_error_code(error) == DBA_NO_MEMORY);
		dba_error_free(error);
		arena_free(&arena);
		assert_int_equal(oom_outstanding(), before);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),		   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_values_of_json), cmocka_unit_test(test_many_members),
		cmocka_unit_test(test_depth),		   cmocka_unit_test(test_cjson_digits),
		cmocka_unit_test(test_cjson_refused),  cmocka_unit_test(test_locale),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
