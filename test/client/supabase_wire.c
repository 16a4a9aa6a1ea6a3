/*
 * supabase_wire.c
 *		Requests of the supabase provider against those of the official client,
 *		@supabase/postgrest-js, for the same calls.
 *
 * Both talk to a server of the test's own that writes down what it is asked.
 * Compared are method, path, parameters (decoded, in any order), the headers that
 * mean something to PostgREST, and the body.  Where they differ, the table says
 * why ours is right, and the test fails when they do not differ after all.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include <cmocka.h>

#include "calls.h"
#include "fixture.h"

/* a table without a key, so that ours adds no order to it */
static const char description[] =
	"{\"definitions\": {\"t\": {\"properties\": {\"id\": {\"format\": \"bigint\"},"
	" \"s\": {\"format\": \"text\"}, \"n\": {\"format\": \"numeric\"}, \"tags\": {\"format\": "
	"\"text[]\"},"
	" \"j\": {\"format\": \"jsonb\"}, \"ok\": {\"format\": \"boolean\"}}}}}";

static const char *const answer[] = {
	"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json\r\n"
	"Content-Range: */0\r\nContent-Length: 2\r\n\r\n[]",
	NULL};

typedef struct Case
{
	Verb		verb;
	const char *table;
	const char *columns;		/* of an upsert: of conflict */
	const char *json;			/* a row, rows, arguments */
	const char *filters;
	const char *order;
	const char *official;		/* the same with `c`, the official client */
	const char *why;			/* they differ because …; NULL: they must not */
} Case;

#define LIST_QUOTES "a quote or backslash in a list needs a backslash, which it leaves out"
#define NULL_TEXT "it compares with the text \"null\""
#define RESERVED "a column of such a name is taken for a parameter unless quoted"
#define ELEMENTS "it joins elements with commas and quotes none"
#define C_COUNT ", {count: 'exact'})"
#define SEL(what) "c.from('t').select('*'" C_COUNT what
#define GET(filters, official, why)                                                                \
	{                                                                                              \
		SELECT, "t", NULL, NULL, filters, NULL, SEL(official), why                                 \
	}

static const Case cases[] = {
	GET(NULL, "", NULL),
	GET("{\"id\": 1}", ".eq('id', 1)", NULL),
	GET("{\"id\": -5}", ".eq('id', -5)", NULL),
	GET("{\"id\": 9007199254740993}", ".eq('id', '9007199254740993')", NULL),
	GET("{\"id\": 9223372036854775807}", ".eq('id', 9223372036854775807)",
		"a JavaScript number loses digits"),
	GET("{\"n\": 12345678901234567890.12345}", ".eq('n', '12345678901234567890.12345')", NULL),
	GET("{\"n\": 1e400}", ".eq('n', 1e400)", "a JavaScript number becomes Infinity"),
	GET("{\"n\": 0.1}", ".eq('n', 0.1)", NULL),
	GET("{\"ok\": true}", ".eq('ok', true)", NULL),
	GET("{\"ok\": false}", ".eq('ok', false)", NULL),
	GET("{\"s\": null}", ".is('s', null)", NULL),
	GET("{\"s\": null}", ".eq('s', null)", NULL_TEXT),
	GET("{\"s\": {\"ne\": null}}", ".not('s', 'is', null)", NULL),
	GET("{\"s\": {\"ne\": null}}", ".neq('s', null)", NULL_TEXT),
	GET("{\"s\": {\"is_null\": true}}", ".is('s', null)", NULL),
	GET("{\"s\": {\"is_null\": false}}", ".not('s', 'is', null)", NULL),
	GET("{\"s\": \"\"}", ".eq('s', '')", NULL),
	GET("{\"s\": \"null\"}", ".eq('s', 'null')", NULL),
	GET("{\"s\": \"plain\"}", ".eq('s', 'plain')", NULL),
	GET("{\"s\": \"a b\"}", ".eq('s', 'a b')", NULL),
	GET("{\"s\": \"a+b&c=d%20?#/\"}", ".eq('s', 'a+b&c=d%20?#/')", NULL),
	GET("{\"s\": \"it's\"}", ".eq('s', \"it's\")", NULL),
	GET("{\"s\": \"\\\"q\\\"\"}", ".eq('s', '\"q\"')", NULL),
	GET("{\"s\": \"back\\\\slash\"}", ".eq('s', 'back\\\\slash')", NULL),
	GET("{\"s\": \"a,b\"}", ".eq('s', 'a,b')", NULL),
	GET("{\"s\": \"(a.b)\"}", ".eq('s', '(a.b)')", NULL),
	GET("{\"s\": \"gr\\u00fc\\u00df \\u20ac \\ud83d\\ude00\"}",
		".eq('s', 'gr\\u00fc\\u00df \\u20ac \\ud83d\\ude00')", NULL),
	GET("{\"s\": \"line\\nbreak\\ttab\"}", ".eq('s', 'line\\nbreak\\ttab')", NULL),
	GET("{\"s\": \"not.eq.1\"}", ".eq('s', 'not.eq.1')", NULL),
	GET("{\"s\": \" blanks \"}", ".eq('s', ' blanks ')", NULL),
	GET("{\"id\": {\"ne\": 1}}", ".neq('id', 1)", NULL),
	GET("{\"id\": {\"lt\": 1}}", ".lt('id', 1)", NULL),
	GET("{\"id\": {\"le\": 1}}", ".lte('id', 1)", NULL),
	GET("{\"id\": {\"gt\": 1}}", ".gt('id', 1)", NULL),
	GET("{\"id\": {\"ge\": 1}}", ".gte('id', 1)", NULL),
	GET("{\"id\": {\"ge\": 1, \"lt\": 9}}", ".gte('id', 1).lt('id', 9)", NULL),
	GET("{\"id\": {\"between\": [1, 9]}}", ".gte('id', 1).lte('id', 9)",
		"the same as one parameter: and=(…)"),
	GET("{\"s\": \"2024-02-29\"}", ".eq('s', '2024-02-29')", NULL),
	GET("{\"s\": {\"ge\": \"2024-01-31T10:00:00+02:00\"}}",
		".gte('s', '2024-01-31T10:00:00+02:00')", NULL),
	GET("{\"s\": {\"like\": \"a%_b\"}}", ".like('s', 'a%_b')", NULL),
	GET("{\"s\": {\"ilike\": \"%A\"}}", ".ilike('s', '%A')", NULL),
	GET("{\"s\": {\"like\": \"2*3%\"}}", ".like('s', '2*3%')",
		"PostgREST takes * for %, so that a pattern with a star must be a regular expression"),
	GET("{\"id\": {\"in\": [1, 2, 3]}}", ".in('id', [1, 2, 3])", NULL),
	GET("{\"s\": {\"in\": [\"a\", \"b c\", \"d.e\"]}}", ".in('s', ['a', 'b c', 'd.e'])", NULL),
	GET("{\"s\": {\"in\": [\"a,b\", \"(c)\"]}}", ".in('s', ['a,b', '(c)'])", NULL),
	GET("{\"s\": {\"in\": [\"a\\\"b\", \"c\"]}}", ".in('s', ['a\"b', 'c'])", LIST_QUOTES),
	GET("{\"s\": {\"in\": [\"a\\\\b\", \"c\"]}}", ".in('s', ['a\\\\b', 'c'])", LIST_QUOTES),
	GET("{\"s\": {\"in\": [\"a\\\",b\", \"c\"]}}", ".in('s', ['a\",b', 'c'])", LIST_QUOTES),
	GET("{\"s\": {\"in\": [\"one\"]}}", ".in('s', ['one'])",
		"one value is eq, which means the same"),
	GET("{\"s\": {\"in\": [\"\"]}}", ".in('s', [''])", "PostgREST takes in.() for the empty list"),
	GET("{\"id\": {\"in\": []}}", ".in('id', [])", NULL),
	GET("{\"s\": {\"in\": [\"a\", null]}}", ".in('s', ['a', null])", NULL_TEXT),
	GET("{\"tags\": {\"contains\": [\"a\", \"b,c\"]}}", ".contains('tags', ['a', 'b,c'])",
		ELEMENTS),
	GET("{\"j\": {\"contains\": {\"a\": 1}}}", ".contains('j', {a: 1})", NULL),
	GET("{\"j\": {\"contains\": [1, {\"b\": \"c\"}]}}", ".contains('j', [1, {b: 'c'}])",
		"to it every array is an array of the database, to ours the column's type decides"),
	GET("{\"s\": {\"contains\": \"[1,2)\"}}", ".contains('s', '[1,2)')", NULL),
	GET("{\"or\": [{\"id\": 1}, {\"id\": {\"gt\": 5}}]}", ".or('id.eq.1,id.gt.5')", NULL),
	GET("{\"or\": [{\"s\": \"a,b\"}, {\"s\": null}]}", ".or('s.eq.\"a,b\",s.is.null')", NULL),
	GET("{\"or\": [{\"s\": \"q\\\"\\\\\"}, {\"ok\": true}]}",
		".or('s.eq.\"q\\\\\"\\\\\\\\\",ok.eq.true')", NULL),
	GET("{\"or\": [{\"id\": 1, \"ok\": true}, {\"id\": 2}]}",
		".or('and(id.eq.1,ok.eq.true),id.eq.2')", NULL),
	GET("{\"select\": \"x\"}", ".eq('select', 'x')", RESERVED),
	GET("{\"order\": 1, \"limit\": 2}", ".eq('order', 1).eq('limit', 2)", RESERVED),
	GET("{\"MixedCase\": 1}", ".eq('MixedCase', 1)", NULL),
	GET("{\"od.d\": 1}", ".eq('\"od.d\"', 1)", NULL),
	GET("{\"od.d\": 1}", ".eq('od.d', 1)", "a point joins a table's name and a column's"),
	{SELECT, "t", "id, s", NULL, NULL, NULL, "c.from('t').select('id,s'" C_COUNT, NULL},
	{SELECT, "t", "id as number", NULL, NULL, NULL, "c.from('t').select('number:id'" C_COUNT, NULL},
	{SELECT, "t", "\"Mixed\", \"a b\"", NULL, NULL, NULL,
	 "c.from('t').select('Mixed,\"a b\"'" C_COUNT, NULL},
	{SELECT, "t", "count(*)", NULL, "{\"id\": 1}", NULL,
	 "c.from('t').select('*', {count: 'exact', head: true}).eq('id', 1)",
	 "the answer to HEAD does not say what is wrong"},
	{SELECT, "t", "sum(n) as total", NULL, NULL, NULL, "c.from('t').select('total:n.sum()'" C_COUNT,
	 NULL},
	{SELECT, "t", NULL, NULL, NULL, "id", SEL(".order('id')"), NULL},
	{SELECT, "t", NULL, NULL, NULL, "s desc nulls last, id asc",
	 SEL(".order('s', {ascending: false, nullsFirst: false}).order('id')"), NULL},
	{SELECT, "t", NULL, NULL, NULL, "s nulls first", SEL(".order('s', {nullsFirst: true})"), NULL},
	{SELECT, "other.t", NULL, NULL, NULL, NULL, "c.schema('other').from('t').select('*'" C_COUNT,
	 NULL},
	{SELECT, "\"Odd Name\"", NULL, NULL, NULL, NULL, "c.from('Odd Name').select('*'" C_COUNT, NULL},
	{INSERT, "t", NULL, "{\"id\": 1, \"s\": \"a\", \"j\": {\"k\": [1, null]}, \"tags\": [\"x\"]}",
	 NULL, NULL,
	 "c.from('t').insert({id: 1, s: 'a', j: {k: [1, null]}, tags: ['x']}, {count: "
	 "'exact'}).select()",
	 NULL},
	{INSERT, "t", NULL, "{\"id\": 9007199254740993}", NULL, NULL,
	 "c.from('t').insert({id: 9007199254740993}, {count: 'exact'}).select()",
	 "a JavaScript number loses digits"},
	{INSERT, "other.t", NULL, "{\"id\": 1}", NULL, NULL,
	 "c.schema('other').from('t').insert({id: 1}, {count: 'exact'}).select()", NULL},
	{MANY, "t", NULL, "[{\"id\": 1}, {\"id\": 2}]", NULL, NULL,
	 "c.from('t').insert([{id: 1}, {id: 2}], {count: 'exact'})",
	 "it quotes names that need no quotes, and says return=minimal by saying nothing"},
	{MANY, "t", NULL, "[{\"id\": 1}, {\"s\": \"x\"}]", NULL, NULL,
	 "c.from('t').insert([{id: 1}, {s: 'x'}], {count: 'exact', defaultToNull: false})",
	 "ours wants a refusal where missing=default is not known"},
	{UPSERT, "t", "id", "{\"id\": 1, \"s\": \"a\"}", NULL, NULL,
	 "c.from('t').upsert({id: 1, s: 'a'}, {onConflict: 'id', count: 'exact'}).select()", NULL},
	{UPSERT, "t", "id, s", "{\"id\": 1, \"s\": \"a\"}", NULL, NULL,
	 "c.from('t').upsert({id: 1, s: 'a'}, {onConflict: 'id,s', count: 'exact'}).select()", NULL},
	{UPDATE, "t", NULL, "{\"s\": null}", "{\"id\": 1}", NULL,
	 "c.from('t').update({s: null}, {count: 'exact'}).eq('id', 1).select()", NULL},
	{UPDATE, "t", NULL, "{\"s\": \"\\u20ac\\\"\"}", "{\"s\": \"a&b\"}", NULL,
	 "c.from('t').update({s: '\\u20ac\"'}, {count: 'exact'}).eq('s', 'a&b').select()", NULL},
	{DELETE, "t", NULL, NULL, "{\"id\": {\"lt\": 3}}", NULL,
	 "c.from('t').delete({count: 'exact'}).lt('id', 3)", "return=minimal is what it leaves unsaid"},
	{CALL, "f", NULL, "{\"a\": 1, \"b\": [1, 2], \"c\": {\"d\": null}}", NULL, NULL,
	 "c.rpc('f', {a: 1, b: [1, 2], c: {d: null}}, {count: 'exact'})", NULL},
	{CALL, "f", NULL, NULL, NULL, NULL, "c.rpc('f', {}, {count: 'exact'})", NULL},
	{CALL, "other.f", NULL, NULL, NULL, NULL, "c.schema('other').rpc('f', {}, {count: 'exact'})",
	 NULL},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

/* ---------------------------------------------------------------- asking */

static char *dir;

static void
ask_ours(const Web *web)
{
	dba_client *db = open_client(web->url, "rest_path", "", NULL);

	for (size_t i = 0; i < CASES; i++)
	{
		const Case *c = &cases[i];
		Outcome		out = {0};
		dba_request id = call_verb(db, c->verb, c->table, c->columns, c->json, c->filters, c->order,
								   outcome_take, &out);

		outcome_wait(db, id, &out);
		if (out.code != DBA_OK)
			fail_msg("case %zu: %s", i, out.message);
	}
	dba_close(db);
}

static void
ask_official(const Web *web)
{
	char		path[300];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/official.cjs", dir);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file,
			"const { PostgrestClient } = require('%s/node_modules/@supabase/postgrest-js');\n"
			"const c = new PostgrestClient('%s');\n"
			"(async () => {\n",
			npm_folder(), web->url);
	for (size_t i = 0; i < CASES; i++)
		fprintf(file, "await %s;\n", cases[i].official);
	fputs("})();\n", file);
	fclose(file);
	assert_int_equal(run_program(false, (const char *[]){"node", path, NULL}), 0);
}

/* ---------------------------------------------------------------- comparing */

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Sort what stands between separators. */
static void
sort_list(char *list, const char *separators, char *out, size_t size)
{
	char	   *parts[32];
	size_t		count = 0;
	char	   *save = NULL;

	for (char *p = strtok_r(list, separators, &save); p != NULL && count < 32;
		 p = strtok_r(NULL, separators, &save))
		parts[count++] = p;
	qsort(parts, count, sizeof(char *), by_text);
	*out = '\0';
	for (size_t i = 0; i < count; i++)
		snprintf(out + strlen(out), size - strlen(out), "%s%s", i > 0 ? " & " : "", parts[i]);
}

/* Decode one parameter in place; + is a blank. */
static void
decode(char *text)
{
	char	   *to = text;

	for (; *text != '\0'; text++)
	{
		char		hex[3] = {0};

		if (*text == '%')
		{
			hex[0] = text[1];
			hex[1] = text[2];
			*to++ = (char) strtol(hex, NULL, 16);
			text += 2;
		}
		else
			*to++ = *text == '+' ? ' ' : *text;
	}
	*to = '\0';
}

static void
copy_line(char *to, size_t size, const char *request, const char *name)
{
	char		key[64];
	const char *found;

	snprintf(key, sizeof(key), "\r\n%s: ", name);
	found = strcasestr(request, key);
	*to = '\0';
	if (found != NULL)
		snprintf(to, size, "%.*s", (int) strcspn(found + strlen(key), "\r"), found + strlen(key));
}

/* METHOD path | parameters | profiles | preferences | body */
static void
summarize(char *request, char *out, size_t size)
{
	char		parameters[4096] = "";
	char		prefer[256];
	char		preferences[256];
	char		profiles[2][64];
	const char *body = strstr(request, "\r\n\r\n") + 4;
	char	   *end;
	char	   *query;
	char	   *save = NULL;

	copy_line(prefer, sizeof(prefer), request, "prefer");
	sort_list(prefer, ", ", preferences, sizeof(preferences));
	copy_line(profiles[0], sizeof(profiles[0]), request, "accept-profile");
	copy_line(profiles[1], sizeof(profiles[1]), request, "content-profile");
	end = strstr(request, " HTTP/");
	*end = '\0';
	query = strchr(request, '?');
	if (query != NULL)
	{
		char		sorted[4096];

		*query++ = '\0';
		for (char *p = query; *p != '\0'; p++)
			if (*p == '%' && p[1] == '2' && p[2] == '6')
				memcpy(p, "\001\001\001", 3);	/* an & inside a value */
		sort_list(query, "&", sorted, sizeof(sorted));
		for (char *p = strtok_r(sorted, "\002", &save); p != NULL;
			 p = strtok_r(NULL, "\002", &save))
			decode(p);
		snprintf(parameters, sizeof(parameters), "%s", sorted);
	}
	snprintf(out, size, "%s | %s | %s%s | %s | %s", request, parameters, profiles[0], profiles[1],
			 preferences, body);
}

/* the n-th request that is not for the description */
static char *
next_request(char **log)
{
	for (;;)
	{
		char	   *start = strstr(*log, "---\n");
		char	   *next;

		if (start == NULL)
			return NULL;
		start += 4;
		next = strstr(start, "\n---\n");
		if (next != NULL)
		{
			*next = '\0';
			*log = next + 1;
		}
		else
		{
			*log = start + strlen(start);
			start[strlen(start) - 1] = '\0';	/* the log's own newline */
		}
		if (strncmp(start, "GET / ", 6) != 0)
			return start;
	}
}

static void
test_requests(void **state)
{
	Web			ours = web_start(dir, description, answer);
	Web			official = web_start(dir, NULL, answer);
	char	   *our_log;
	char	   *official_log;
	char	   *p;
	char	   *q;
	int			wrong = 0;

	(void) state;
	ask_ours(&ours);
	ask_official(&official);
	p = our_log = web_log(&ours);
	q = official_log = web_log(&official);
	for (size_t i = 0; i < CASES; i++)
	{
		char		a[8192];
		char		b[8192];
		char	   *mine = next_request(&p);
		char	   *theirs = next_request(&q);

		assert_non_null(mine);
		assert_non_null(theirs);
		summarize(mine, a, sizeof(a));
		summarize(theirs, b, sizeof(b));
		if (getenv("TEST_VERBOSE") != NULL)
			printf("# %s\n# %s\n", a, b);
		if ((strcmp(a, b) == 0) == (cases[i].why == NULL))
			continue;
		wrong++;
		printf("# case %zu, %s:\n#   ours     %s\n#   official %s\n", i,
			   cases[i].why != NULL ? "should differ" : "should be the same", a, b);
	}
	printf("# %zu requests compared\n", CASES);
	assert_int_equal(wrong, 0);
	free(our_log);
	free(official_log);
	web_stop(&ours);
	web_stop(&official);
}

static int
setup(void **state)
{
	(void) state;
	dir = make_dir();
	unsetenv("SUPABASE_KEY");
	return 0;
}

static int
teardown(void **state)
{
	(void) state;
	remove_dir(dir);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_requests)};

	if (fixture_without_npm())
		return 0;
	return cmocka_run_group_tests(tests, setup, teardown);
}
