/*
 * roundtrip.c
 *		What is read can be written back, value for value.
 *
 * The property: a row read as JSON, as a tree and as its text, goes back through every
 * verb that takes values, and plain SQL finds each row written to hold what the row read
 * holds.  The server compares, by the text of the values: equality would call 1.0 and
 * 1.00 the same.
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

#include "base/buf.h"
#include "fixture.h"

#define MANY 101 /* so many even rows go by COPY */

/* what stands beside the built-in types */
static const char schema[] =
	"CREATE TYPE mood AS ENUM ('sad', 'so, so', 'it''s \"fine\"', 'NULL');"
	"CREATE TYPE pair AS (a int, b text);"
	"CREATE TYPE \"Odd name\" AS (\"A b\" int, \"c\"\"d\" text[], e jsonb);"
	"CREATE TYPE nest AS (p pair, ps pair[], t timestamptz, j json);"
	"CREATE TYPE one AS (p pair);"
	"CREATE TYPE empty AS ();"
	"CREATE DOMAIN small AS int CHECK (VALUE < 1000);"
	"CREATE DOMAIN smaller AS small CHECK (VALUE < 100);"
	"CREATE DOMAIN word AS varchar(20) COLLATE \"C\";"
	"CREATE DOMAIN numbers AS int[] CHECK (cardinality(VALUE) > 0);"
	"CREATE DOMAIN couple AS pair CHECK ((VALUE).a > 0);"
	"CREATE DOMAIN document AS jsonb CHECK (jsonb_typeof(VALUE) <> 'null');"
	"CREATE TYPE floatrange AS RANGE (subtype = float8, multirange_type_name = floatmultirange);"
	"CREATE TYPE textrange AS RANGE (subtype = text, collation = \"C\");"
	"CREATE TYPE pairrange AS RANGE (subtype = pair);"
	"CREATE TYPE holder AS (r int4range, rs numrange[], m tsmultirange, d smaller, ds numbers);";

/* A type, and an expression of a value; same: "=" finds it */
typedef struct Case
{
	const char *type;
	const char *value;
	bool		same;
} Case;

static const Case cases[] = {
	{"bool", "true", true},
	{"bool", "false", true},
	{"bool[]", "'{t,f,NULL}'", true},
	{"int2", "-32768", true},
	{"int4", "2147483647", true},
	{"int8", "9223372036854775807", true},
	{"int8", "-9223372036854775808", true},
	{"int8", "9007199254740993", true},
	{"int8[]", "'{9007199254740993,-1,NULL}'", true},
	{"numeric", "'123456789012345678901234567890.123456789012345678900'", true},
	{"numeric", "'1e-300'", true},
	{"numeric", "'NaN'", true},
	{"numeric", "'-Infinity'", true},
	{"numeric(20,5)", "1.1", true},
	{"numeric[]", "'{1.10,NaN,1e100}'", true},
	{"float4", "'0.1'", true},
	{"float4", "'-0'", true},
	{"float4", "'Infinity'", true},
	{"float8", "'0.1'", true},
	{"float8", "'1.7976931348623157e308'", true},
	{"float8", "'5e-324'", true},
	{"float8", "'-0'", true},
	{"float8", "'NaN'", true},
	{"float8", "'12345678901234567890'", true},
	{"float8[]", "'{NaN,-Infinity,0.30000000000000004,NULL}'", true},
	{"money", "'-1234.56'", true},
	{"text", "''", true},
	{"text", "'NULL'", true},
	{"text", "E'a\\tb\\nc\\\\ \"d\" ''e'' \\u00e9\\U0001F600'", true},
	{"text", "E'\\001\\002\\177\\u0085\\u2028'", true},
	{"text", "'{\"a\": 1}'", true},
	{"text", "'\\N'", true},
	{"text", "'\\.'", true},
	{"varchar(3)", "'ab '", true},
	{"char(4)", "'ab'", true},
	{"\"char\"", "'x'", true},
	{"name", "'A b'", true},
	{"text[]", "ARRAY['', 'NULL', NULL, 'a,b', 'a\"b', 'a\\b', '{}', ' a ', E'a\\nb']", true},
	{"text[]", "'{}'", true},
	{"text[]", "'{{a,b},{c,NULL}}'", true},
	{"text[]", "'{{{a},{b}},{{c},{\"d e\"}}}'", true},
	{"varchar(3)[]", "'{ab,c}'", true},
	{"char(4)[]", "'{ab,c}'", true},
	{"bytea", "'\\x00ff5c27'", true},
	{"bytea", "''", true},
	{"bytea[]", "ARRAY['\\x00'::bytea, '\\xff5c', NULL]", true},
	{"date", "'2024-02-29'", true},
	{"date", "'infinity'", true},
	{"date", "'0044-03-15 BC'", true},
	{"date", "'10000-01-01'", true},
	{"date[]", "'{2024-02-29,-infinity}'", true},
	{"time", "'24:00:00'", true},
	{"time", "'00:00:00.000001'", true},
	{"timetz", "'10:00:00.5+05:30:15'", true},
	{"timestamp", "'2024-01-31 10:00:00.123456'", true},
	{"timestamp", "'0044-03-15 10:00:00 BC'", true},
	{"timestamp", "'infinity'", true},
	{"timestamp[]", "'{\"2024-01-31 10:00:00\",NULL}'", true},
	{"timestamptz", "'2024-01-31 10:00:00.1+05:30'", true},
	{"timestamptz", "'0044-03-15 10:00:00+00 BC'", true},
	{"timestamptz", "'1800-01-01 00:00:00+00'", true},
	{"timestamptz", "'-infinity'", true},
	{"timestamptz(0)[]", "'{\"2024-01-31 10:00:00+02\"}'", true},
	{"interval", "'1 year -2 mons 3 days -04:05:06.789'", true},
	{"interval", "'-178000000 years'", true},
	{"interval[]", "'{\"1 day\",NULL,\"-1 mon 2 days\"}'", true},
	{"uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", true},
	{"uuid[]", "'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,NULL}'", true},
	{"inet", "'::ffff:10.0.0.1/120'", true},
	{"cidr", "'10.0.0.0/8'", true},
	{"cidr[]", "'{10.0.0.0/8}'", true},
	{"macaddr", "'08:00:2b:01:02:03'", true},
	{"macaddr8", "'08:00:2b:01:02:03:04:05'", true},
	{"bit(5)", "B'10101'", true},
	{"varbit", "B''", true},
	{"varbit[]", "ARRAY[B'101', B'']", true},
	{"xml", "'<a b=\"c\">d &amp; e</a>'", false},
	{"xml[]", "ARRAY['<a>b,c</a>'::xml]", false},
	{"point", "'(1.5,-0.1)'", false},
	{"point[]", "ARRAY['(1.5,2)'::point, NULL]", false},
	{"lseg", "'[(1,2),(3,4)]'", true},
	{"box", "'(3,4),(1,2)'", false},
	{"box[]", "'{(3,4),(1,2);(1,1),(0,0)}'", false},
	{"box[]", "'{{(3,4),(1,2)};{(1,1),(0,0)}}'", false},
	{"path", "'[(1,2),(3,4)]'", false},
	{"polygon", "'((1,2),(3,4),(5,6))'", false},
	{"line", "'{1,2,3}'", false},
	{"line[]", "ARRAY['{1,2,3}'::line]", false},
	{"circle", "'<(1,2),3>'", false},
	{"circle[]", "ARRAY['<(1,2),3>'::circle]", false},
	{"tsvector", "'a:1A ''b c'':2 ''d''''e'''", true},
	{"tsvector[]", "ARRAY['a:1A ''b c'':2'::tsvector]", true},
	{"tsquery", "'a & !(b | ''c d'')'", true},
	{"oid", "4294967295", true},
	{"oid[]", "'{4294967295,1}'", true},
	{"regclass", "'pg_catalog.pg_class'", false},
	{"regtype[]", "'{integer,\"timestamp with time zone\"}'", true},
	{"regprocedure", "'pg_catalog.abs(integer)'", false},
	{"tid", "'(1,2)'", true},
	{"xid", "'7'", true},
	{"xid8", "'18446744073709551615'", true},
	{"pg_lsn", "'16/B374D848'", true},
	{"pg_snapshot", "'10:20:10,14,15'", false},
	{"int2vector", "'1 2 3'", true},
	{"oidvector", "'1 2'", true},
	{"aclitem[]", "ARRAY['=r/' || quote_ident(CURRENT_USER)]::aclitem[]", true},
	{"jsonpath", "'$.\"a b\"[*] ? (@ > 1)'", false},
	{"json", "'{}'", false},
	{"json", "'\"a\"'", false},
	{"json", "'1'", false},
	{"json", "'true'", false},
	{"json", "'[1,100000,-0,1e-08,123456789012345678901234567890,0.1234567890123456789]'", false},
	{"json", "'1E400'", false},
	{"json", "'{\"b\":1,\"a\":[],\"\":{},\"_c\":null,\"A\":2}'", false},
	{"json", "'{\"a\":1,\"a\":2}'", false},
	{"json", "'[{\"a\":{\"b\":1,\"b\":[1,1],\"c\":0,\"b\":null}}]'", false},
	{"json", "'\"a\\u0000b\"'", false},
	{"json", "'{\"\\u0000\":1,\"\\u0000\":\"\\u0000\\u0000\"}'", false},
	{"json", "'[\"\\ud800\",\"\\udc00\\ud800x\",\"\\ud83d\"]'", false},
	{"json[]", "ARRAY['{\"a\":1,\"a\":\"\\u0000\"}','[1,2]','\"x\"',NULL]::json[]", false},
	{"jsonb", "'{\"a\": [1, \"x\", null, 1e400, {\"b\": 1.5}], \"\": \"\\\"\\\\\"}'", true},
	{"jsonb", "'\"{\\\"a\\\": 1}\"'", true},
	{"jsonb", "'\"null\"'", true},
	{"jsonb", "'-123456789012345678901234567890.10'", true},
	{"jsonb[]", "ARRAY['{\"a\": \"b,c\"}', '[1, 2]', '\"x\"', '1', NULL]::jsonb[]", true},
	{"int4range", "'[1,10)'", true},
	{"int4range", "'empty'", true},
	{"int4range[]", "'{\"[1,10)\",empty,\"(,)\",NULL}'", true},
	{"numrange", "'(1.50,)'", true},
	{"tstzrange", "'[\"2024-01-01 00:00:00+00\",infinity)'", true},
	{"daterange[]", "'{\"[2024-01-01,2024-02-01)\",\"(,2024-01-01)\"}'", true},
	{"int4multirange", "'{[1,3),[5,8)}'", true},
	{"int4multirange", "'{}'", true},
	{"int4multirange[]", "ARRAY['{[1,3),[5,8)}', '{}', NULL]::int4multirange[]", true},
	{"tsmultirange", "'{[\"2024-01-01 00:00:00\",\"2024-01-02 00:00:00\")}'", true},
	{"floatrange", "'[0.1,0.2]'", true},
	{"floatmultirange[]", "ARRAY['{[0.1,0.2],[1,2)}']::floatmultirange[]", true},
	{"textrange", "textrange('a\"b', 'c,d\\e', '[]')", true},
	{"textrange[]", "ARRAY[textrange('', 'a''b'), textrange(NULL, 'x')]", true},
	{"pairrange", "pairrange(ROW(1, 'a')::pair, ROW(2, 'b,\"c')::pair)", true},
	{"mood", "'it''s \"fine\"'", true},
	{"hstore", "'a=>1, \"b c\"=>NULL, \"\"=>\"\\\"\\\\\"'", true},
	{"hstore", "''", true},
	{"hstore[]", "ARRAY['a=>1', '\"{\"=>\",\"', NULL]::hstore[]", true},
	{"hstore[]", "ARRAY[['a=>1'::hstore], [''::hstore]]", true},
	{"mood[]", "ARRAY['sad', 'so, so', 'NULL', NULL]::mood[]", true},
	{"small", "7", true},
	{"smaller", "99", true},
	{"smaller[]", "'{1,NULL}'", true},
	{"word", "'a \"b\"'", true},
	{"word[]", "ARRAY['a,b', 'NULL', NULL]::word[]", true},
	{"numbers", "'{1,NULL,3}'", true},
	{"numbers[]", "ARRAY['{1,2}'::numbers, '{3}'::numbers]", true},
	{"couple", "ROW(1, 'x')", true},
	{"couple[]", "ARRAY[ROW(1, 'x'), ROW(2, NULL)]::couple[]", true},
	{"document", "'{\"a\": 1}'", true},
	{"document[]", "ARRAY['{\"a\": 1}', '[]']::document[]", true},
	{"pair", "ROW(1, 'a (b), \"c\" \\d')", true},
	{"pair", "ROW(NULL, '')", true},
	{"pair", "ROW(NULL, NULL)::pair", true},
	{"pair[]", "ARRAY[ROW(1, 'a'), ROW(NULL, NULL), NULL]::pair[]", true},
	{"pair[]", "ARRAY[ARRAY[ROW(1, 'a'), NULL], ARRAY[ROW(2, NULL), ROW(3, '{}')]]::pair[]", true},
	{"pair[]", "ARRAY[ARRAY[NULL::pair, NULL], ARRAY[NULL::pair, NULL]]", true},
	{"pair[]", "ARRAY[[[ROW(1, '\"')::pair]], [[ROW(2, 'x')::pair]]]", true},
	{"one", "ROW(ROW(1, 'a')::pair)", true},
	{"one[]", "ARRAY[ARRAY[ROW(ROW(1, 'a')::pair)::one], ARRAY[ROW(NULL)::one]]", true},
	{"empty", "ROW()", false},
	{"empty[]", "ARRAY[ROW()::empty, NULL]", false},
	{"\"Odd name\"", "ROW(1, ARRAY['x', '\"'], '{\"k\": \"(,)\"}')", true},
	{"\"Odd name\"[]",
	 "ARRAY[ROW(1, '{{a,b},{c,d}}', '[[1]]'), ROW(2, NULL, '\"s\"')]::\"Odd name\"[]", true},
	{"nest",
	 "ROW(ROW(1, 'a'), ARRAY[ROW(2, '{'), ROW(3, NULL)]::pair[], '2024-01-31 10:00:00+02',"
	 " '{\"a\":1,\"a\":\"\\u0000\"}')",
	 false},
	{"nest[]",
	 "ARRAY[[ROW(NULL, ARRAY[[ROW(2, '{')], [ROW(3, NULL)]]::pair[], 'infinity', '\"x\"')::nest]]",
	 false},
	{"holder", "ROW('[1,2)', '{\"[1.5,2]\",empty}', '{[2024-01-01,2024-01-02)}', 7, '{1,2}')",
	 true},
	{"holder[]", "ARRAY[ROW('[1,2)', NULL, '{}', NULL, '{1,NULL}'), NULL]::holder[]", true},
};

#define CASE_COUNT (sizeof(cases) / sizeof(cases[0]))

static int
setup(void **state)
{
	(void) state;
	fixture_client("CREATE EXTENSION hstore");
	server_sql(server, schema);
	return 0;
}

/* ---------------------------------------------------------------- one value */

static char *
text_of(const char *fmt, ...)
{
	static char texts[4][16384];
	static int	next;
	char	   *text = texts[next++ % 4];
	va_list		args;

	va_start(args, fmt);
	assert_true(vsnprintf(text, sizeof(texts[0]), fmt, args) < (int) sizeof(texts[0]));
	va_end(args);
	return text;
}

static void
make_table(const Case *c)
{
	server_sql(server, text_of("DROP ROUTINE IF EXISTS put; DROP TABLE IF EXISTS v; CREATE TABLE v "
							   "(k int PRIMARY KEY, v %s);"
							   "INSERT INTO v VALUES (0, %s), (4, NULL), (5, NULL);"
							   "CREATE FUNCTION put(k int, v %s) RETURNS void LANGUAGE sql"
							   " AS 'INSERT INTO v VALUES (k, v)'",
							   c->type, c->value, c->type));
}

static void
take_tree(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	(void) client;
	assert_string_equal(dba_error_message(error), "");
	assert_int_equal(dba_result_rows(result), 1);
	*(cJSON **) arg = dba_result_row(result, 0);
}

/* A stream's functions share their argument. */
static dba_flow
take_row(dba_client *client, const dba_result *row, void *arg)
{
	(void) client;
	*(cJSON **) arg = dba_result_row(row, 0);
	return DBA_CONTINUE;
}

static void
take_end(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	(void) client;
	(void) result;
	assert_string_equal(dba_error_message(error), "");
	assert_non_null(*(cJSON **) arg);
}

static int	tried;
static int	lost;

/* Which way did the value go, and did it arrive? */
static void
check_written(const Case *c, const char *way, const Outcome *out, const char *keys, int count,
			  const char *json)
{
	const char *same;

	tried++;
	same =
		server_sql(server, text_of("SELECT count(*) FROM v WHERE k IN (%s) AND v::text = (SELECT "
								   "v::text FROM v WHERE k = 0)",
								   keys));
	if (out->failed == 0 && atoi(same) == count)
		return;
	lost++;
	print_message("# %s %s by %s: %s, now %s, was %s\n", c->type, json, way, out->message,
				  server_sql(server, text_of("SELECT v FROM v WHERE k IN (%s) LIMIT 1", keys)),
				  c->value);
}

static Outcome
wait_for(dba_request id, Outcome *out)
{
	*out = outcome_wait(db, id, out);
	return *out;
}

/* The value as text goes in where a caller would print it. */
static void
write_texts(const Case *c, const char *json)
{
	Outcome		out = {0};

	wait_for(dba_insert(db, "v", text_of("{\"k\": 1, \"v\": %s}", json), outcome_take, &out), &out);
	check_written(c, "insert", &out, "1", 1, json);
	out = (Outcome){0};
	wait_for(dba_update(db, "v", text_of("{\"v\": %s}", json), "{\"k\": 4}", outcome_take, &out),
			 &out);
	check_written(c, "update", &out, "4", 1, json);
	out = (Outcome){0};
	wait_for(dba_upsert(db, "v", text_of("{\"k\": 5, \"v\": %s}", json), "k", outcome_take, &out),
			 &out);
	check_written(c, "upsert", &out, "5", 1, json);
	out = (Outcome){0};
	wait_for(dba_insert_many(db, "v",
							 text_of("[{\"k\": 6, \"v\": %s}, {\"v\": %s, \"k\": 7}]", json, json),
							 outcome_take, &out),
			 &out);
	check_written(c, "insert_many", &out, "6, 7", 2, json);
	out = (Outcome){0};
	wait_for(dba_execute(db, "INSERT INTO v VALUES ($1, $2)", text_of("[8, %s]", json),
						 outcome_take, &out),
			 &out);
	check_written(c, "execute", &out, "8", 1, json);
	out = (Outcome){0};
	wait_for(dba_call(db, "put", text_of("{\"k\": 9, \"v\": %s}", json), outcome_take, &out), &out);
	check_written(c, "call", &out, "9", 1, json);
}

/* Rows enough for COPY, or with rows to return for arrays of columns. */
static void
write_many(const Case *c, const char *json, int from, const char *returning)
{
	dba_query  *query = dba_query_new("v");
	char	   *rows = malloc(MANY * (strlen(json) + 64));
	size_t		len = 0;
	Outcome		out = {0};

	assert_non_null(rows);
	for (int i = 0; i < MANY; i++)
		len += (size_t) sprintf(rows + len, "%s{\"k\": %d, \"v\": %s}", i == 0 ? "[" : ", ",
								from + i, json);
	strcpy(rows + len, "]");
	dba_query_returning(query, returning);
	wait_for(dba_query_insert(db, query, rows, outcome_take, &out), &out);
	check_written(c, returning != NULL ? "insert_many returning" : "copy", &out,
				  text_of("SELECT generate_series(%d, %d)", from, from + MANY - 1), MANY, json);
	dba_query_free(query);
	free(rows);
}

static cJSON *
row_with(int key, const cJSON *value)
{
	cJSON	   *row = cJSON_CreateObject();

	cJSON_AddNumberToObject(row, "k", key);
	cJSON_AddItemToObject(row, "v", cJSON_Duplicate(value, true));
	return row;
}

static void
write_trees(const Case *c, const cJSON *value, const char *json)
{
	cJSON	   *row = row_with(21, value);
	cJSON	   *rows = cJSON_CreateArray();
	Outcome		out = {0};

	cJSON_AddItemToArray(rows, row_with(22, value));
	wait_for(dba_insert_json(db, "v", row, outcome_take, &out), &out);
	check_written(c, "insert_json", &out, "21", 1, json);
	out = (Outcome){0};
	wait_for(dba_insert_many_json(db, "v", rows, outcome_take, &out), &out);
	check_written(c, "insert_many_json", &out, "22", 1, json);
	out = (Outcome){0};
	wait_for(dba_upsert_json(db, "v", row, "k", outcome_take, &out), &out);
	check_written(c, "upsert_json", &out, "21", 1, json);
	cJSON_Delete(row);
	cJSON_Delete(rows);
}

/* Rows are found by the value, and go by it. */
static void
write_filters(const Case *c, const char *json)
{
	Outcome		out = {0};
	const char *all;

	if (!c->same)
		return;
	tried += 2;
	all = server_sql(server, "SELECT count(*) FROM v");
	wait_for(dba_select(db, "v", "count(*)", text_of("{\"v\": {\"eq\": %s}}", json), NULL,
						outcome_take, &out),
			 &out);
	if (strcmp(out.text, all) != 0 && ++lost)
		print_message("# %s %s as a filter: %s, %s of %s rows\n", c->type, json, out.message,
					  out.text, all);
	out = (Outcome){0};
	wait_for(dba_delete(db, "v", text_of("{\"v\": {\"in\": [%s]}}", json), outcome_take, &out),
			 &out);
	if (out.count != atoi(all) && ++lost)
		print_message("# %s %s as a list's filter: %s, %d of %s rows\n", c->type, json, out.message,
					  (int) out.count, all);
}

static void
try_case(const Case *c)
{
	cJSON	   *row = NULL;
	cJSON	   *streamed = NULL;
	cJSON	   *value;
	char	   *json;
	char	   *again;

	make_table(c);
	dba_select(db, "v", "v", "{\"k\": 0}", NULL, take_tree, &row);
	dba_run(db);
	assert_non_null(row);
	dba_execute_stream(db, "SELECT v FROM v WHERE k = 0", NULL, take_row, take_end, &streamed);
	dba_run(db);
	value = cJSON_GetObjectItemCaseSensitive(row, "v");
	json = cJSON_PrintUnformatted(value);
	again = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(streamed, "v"));
	assert_string_equal(json, again);
	write_texts(c, json);
	write_many(c, json, 1000, NULL);
	write_many(c, json, 2000, "k");
	write_trees(c, value, json);
	write_filters(c, json);
	cJSON_free(again);
	cJSON_free(json);
	cJSON_Delete(row);
	cJSON_Delete(streamed);
}

/* What to_json's forms do not have, texts do. */
static void
test_texts(void **state)
{
	static const Case texts[] = {
		{"int[]", "'[2:3]={1,2}'", false},
		{"pair[]", "('[0:0]={\"(1,a)\"}')::pair[]", false},
		{"jsonb[]", "ARRAY[['[1]'::jsonb, 'null'], ['2'::jsonb, NULL]]", false},
		{"json[]", "ARRAY[[NULL, '{\"a\":1,\"a\":2}'::json]]", false},
	};
	cJSON	   *text;
	char	   *json;

	(void) state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
	{
		make_table(&texts[i]);
		text = cJSON_CreateString(server_sql(server, "SELECT v FROM v WHERE k = 0"));
		json = cJSON_PrintUnformatted(text);
		write_texts(&texts[i], json);
		write_many(&texts[i], json, 1000, NULL);
		write_many(&texts[i], json, 2000, "k");
		write_trees(&texts[i], text, json);
		write_filters(&texts[i], json);
		cJSON_free(json);
		cJSON_Delete(text);
	}
	assert_int_equal(lost, 0);
}

static void
try_all(void)
{
	for (size_t i = 0; i < CASE_COUNT; i++)
		try_case(&cases[i]);
	assert_true(tried > (int) CASE_COUNT * 10);
	assert_int_equal(lost, 0);
}

static void
test_values(void **state)
{
	(void) state;
	try_all();
}

/* Sessions begin with whatever the database's owner likes; the table's text is compared
 * in a session that likes none of it. */
static void
test_settings(void **state)
{
	static const char *const settings[] = {
		"datestyle = 'German, DMY'", "intervalstyle = 'sql_standard'",
		"extra_float_digits = -3",	 "bytea_output = 'escape'",
		"array_nulls = off",		 "timezone = 'Asia/Kolkata'",
		"xmloption = 'document'",	 "standard_conforming_strings = off"};

	(void) state;
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		server_sql(server, text_of("ALTER ROLE postgres SET %s", settings[i]));
	dba_close(db);
	db = open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0",
					 "pool_recycle_seconds", "0", NULL);
	assert_string_equal(outcome_of(db, "SHOW intervalstyle").text, "sql_standard");
	server_sql(server, "ALTER ROLE postgres RESET ALL");
	try_all();
	assert_string_equal(outcome_of(db, "SHOW intervalstyle").text, "sql_standard");
}

/* ---------------------------------------------------------------- null of two kinds */

static void
make_nulls(void)
{
	server_sql(server,
			   "DROP TABLE IF EXISTS n; DROP TYPE IF EXISTS nulls;"
			   "CREATE TYPE nulls AS (a int, d jsonb);"
			   "CREATE TABLE n (k int, j json, b jsonb, bs jsonb[], r nulls, ds document, t text)");
}

/* What is in the table, in one line: "J" is JSON's null, "-" SQL NULL. */
static const char *
nulls_of(int key)
{
	return server_sql(
		server,
		text_of("SELECT concat_ws(' ', COALESCE(min(j::text), '-'), COALESCE(min(b::text), '-'),"
				" COALESCE(min(bs::text), '-'), COALESCE(min(r::text), '-'),"
				" COALESCE(min(ds::text), '-'), COALESCE(min(t), '-')) FROM n WHERE k = %d"
				" HAVING count(DISTINCT (j::text, b, bs, r, ds, t)) = 1",
				key));
}

static Outcome
insert_nulls(const char *columns, const char *rows)
{
	dba_query  *query = dba_query_new("n");
	Outcome		out = {0};

	if (columns != NULL)
		dba_query_json_null(query, columns[0] == '*' ? NULL : columns);
	wait_for(dba_query_insert(db, query, rows, outcome_take, &out), &out);
	dba_query_free(query);
	return out;
}

static const char *
null_row(int key)
{
	return text_of("{\"k\": %d, \"j\": null, \"b\": null, \"bs\": [null, 1], \"r\": {\"a\": null, "
				   "\"d\": null}, \"ds\": null, \"t\": null}",
				   key);
}

static void
test_null_written(void **state)
{
	dba_query  *query;
	Outcome		out = {0};

	(void) state;
	make_nulls();
	assert_string_equal(insert_nulls(NULL, null_row(1)).message, "");
	assert_string_equal(nulls_of(1), "- - {NULL,1} (,) - -");
	assert_string_equal(insert_nulls("j, b, t, k", null_row(2)).message, "");
	assert_string_equal(nulls_of(2), "null null {NULL,1} (,) - -");
	assert_string_equal(insert_nulls("bs, r", null_row(3)).message, "");
	assert_string_equal(nulls_of(3), "- - {\"null\",1} (,null) - -");
	/* a domain that refuses JSON's null shows that it arrived */
	assert_string_equal(insert_nulls("*", null_row(4)).sqlstate, "23514");
	assert_string_equal(insert_nulls("nonsense", null_row(5)).message, "");
	assert_string_equal(nulls_of(5), "- - {NULL,1} (,) - -");
	assert_int_equal(insert_nulls("b, ", null_row(6)).code, DBA_INVALID);
	query = dba_query_new("n");
	dba_query_where(query, "k", "=", "1");
	dba_query_json_null(query, "b");
	wait_for(dba_query_update(db, query, "{\"j\": null, \"b\": null}", outcome_take, &out), &out);
	assert_string_equal(nulls_of(1), "- null {NULL,1} (,) - -");
	dba_query_free(query);
}

/* Many go by COPY, or by arrays where rows are to be returned. */
static void
test_null_of_many(void **state)
{
	Buf			rows = BUF_INIT;
	dba_query  *query = dba_query_new("n");
	Outcome		out = {0};

	(void) state;
	make_nulls();
	for (int i = 0; i < MANY; i++)
		buf_printf(&rows, "%c%s", i == 0 ? '[' : ',', null_row(1));
	buf_putc(&rows, ']');
	dba_query_json_null(query, "j, b, bs");
	wait_for(dba_query_insert(db, query, buf_text(&rows), outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_string_equal(nulls_of(1), "null null {\"null\",1} (,) - -");
	dba_query_returning(query, "k");
	server_sql(server, "DELETE FROM n");
	wait_for(dba_query_insert(db, query, buf_text(&rows), outcome_take, &out), &out);
	assert_int_equal(out.rows, MANY);
	assert_string_equal(nulls_of(1), "null null {\"null\",1} (,) - -");
	dba_query_free(query);
	buf_free(&rows);
}

/* A tree read with the option is a tree that writes the same, nulls and all. */
static void
test_null_read(void **state)
{
	dba_query  *query = dba_query_new("n");
	cJSON	   *row = NULL;
	Outcome		out = {0};
	char	   *text;

	(void) state;
	make_nulls();
	server_sql(server, "INSERT INTO n VALUES (1, 'null', NULL, ARRAY['null', NULL, '1']::jsonb[],"
					   " ROW(NULL, 'null'), NULL, NULL)");
	dba_query_select(db, query, take_tree, &row);
	dba_run(db);
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(row, "j")));
	cJSON_Delete(row);
	dba_query_json_null(query, NULL);
	dba_query_select(db, query, take_tree, &row);
	dba_run(db);
	assert_true(cJSON_IsRaw(cJSON_GetObjectItemCaseSensitive(row, "j")));
	assert_true(cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(row, "b")));
	text = cJSON_PrintUnformatted(row);
	assert_string_equal(text, "{\"k\":1,\"j\":null,\"b\":null,\"bs\":[null,null,1],"
							  "\"r\":{\"a\":null,\"d\":null},\"ds\":null,\"t\":null}");
	cJSON_SetNumberValue(cJSON_GetObjectItemCaseSensitive(row, "k"), 2);
	wait_for(dba_insert_json(db, "n", row, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_string_equal(nulls_of(2), "null - {\"null\",NULL,1} (,null) - -");
	assert_string_equal(nulls_of(2), nulls_of(1));
	cJSON_free(text);
	cJSON_Delete(row);
	dba_query_free(query);
}

/* ---------------------------------------------------------------- what only json holds */

static void
expect_refused(const char *row)
{
	static const char refusal[] =
		"\\u0000 or half of a surrogate pair, which only a value of type json can hold";
	char	   *rows = malloc(MANY * (strlen(row) + 2) + 8);
	size_t		len = 0;
	Outcome		out = {0};

	assert_non_null(rows);
	wait_for(dba_insert(db, "o", row, outcome_take, &out), &out);
	if (out.code != DBA_INVALID || strstr(out.message, refusal) == NULL)
		fail_msg("%s: %s", row, out.message);
	for (int i = 0; i < MANY; i++)
		len += (size_t) sprintf(rows + len, "%c%s", i == 0 ? '[' : ',', row);
	strcpy(rows + len, "]");
	wait_for(dba_insert_many(db, "o", rows, outcome_take, &out), &out);
	if (out.code != DBA_INVALID || strstr(out.message, refusal) == NULL)
		fail_msg("many of %s: %s", row, out.message);
	free(rows);
}

static void
test_odd_text(void **state)
{
	Outcome		out = {0};

	(void) state;
	server_sql(server, "DROP TABLE IF EXISTS o; CREATE TABLE o (t text, ts text[], w word, r pair,"
					   " rs pair[], h hstore, j json, js json[])");
	expect_refused("{\"t\": \"a\\u0000\"}");
	expect_refused("{\"ts\": [[\"a\"], [\"\\ud800\"]]}");
	expect_refused("{\"w\": \"\\udc00\"}");
	expect_refused("{\"r\": {\"a\": 1, \"b\": \"\\u0000\"}}");
	expect_refused("{\"r\": [1, \"\\u0000\"]}");
	expect_refused("{\"rs\": [[{\"b\": \"\\u0000\"}]]}");
	expect_refused("{\"h\": {\"\\u0000\": \"a\"}}");
	wait_for(dba_execute(db, "SELECT $1::text", "[\"\\u0000\"]", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	wait_for(dba_insert(db, "o", "{\"\\u0000\": 1}", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	wait_for(dba_insert(db, "o", "{\"t\": 1, \"t\": 2}", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	/* two values for one field: the server is asked to read the text, and refuses */
	wait_for(dba_insert(db, "o", "{\"r\": {\"a\": 1, \"a\": 2}}", outcome_take, &out), &out);
	assert_string_equal(out.sqlstate, "22P02");
	/* jsonb keeps the last and says what it cannot hold */
	wait_for(dba_execute(db, "SELECT $1::jsonb", "[{\"a\": 1, \"a\": 2}]", outcome_take, &out),
			 &out);
	assert_string_equal(out.text, "{\"a\": 2}");
	wait_for(dba_execute(db, "SELECT $1::jsonb", "[\"\\u0000\"]", outcome_take, &out), &out);
	assert_string_equal(out.sqlstate, "22P05");
	assert_string_equal(server_sql(server, "SELECT count(*) FROM o"), "0");
}

/* An hstore may be given as an object, which is how others print it. */
static void
test_hstore(void **state)
{
	Outcome		out = {0};

	(void) state;
	server_sql(server, "DROP TABLE IF EXISTS h; CREATE TABLE h (h hstore, hs hstore[])");
	wait_for(dba_insert(db, "h",
						"{\"h\": {\"a\": \"1\", \"b c\": null, \"\\\"\": 2, \"d\": [true]},"
						" \"hs\": [{\"a\": \"=>,\"}, \"b=>1\", null]}",
						outcome_take, &out),
			 &out);
	assert_string_equal(out.message, "");
	assert_string_equal(
		server_sql(server, "SELECT h = 'a=>1, \"b c\"=>NULL, \"\\\"\"=>2, d=>\"{t}\"'::hstore AND"
						   " hs = ARRAY['a=>\"=>,\"', 'b=>1', NULL]::hstore[] FROM h"),
		"t");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),		 cmocka_unit_test(test_settings),
		cmocka_unit_test(test_texts),		 cmocka_unit_test(test_null_written),
		cmocka_unit_test(test_null_of_many), cmocka_unit_test(test_null_read),
		cmocka_unit_test(test_odd_text),	 cmocka_unit_test(test_hstore),
	};

	return cmocka_run_group_tests_name("roundtrip", tests, setup, fixture_end);
}
