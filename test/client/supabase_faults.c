/*
 * supabase_faults.c
 *		What a service, a gateway or the network may do to the supabase provider.
 *
 * The server is the test's own and answers with bytes written here.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "httpserver.h"
#include "oom.h"
#include "outcome.h"
#include "server.h"

#define KEY "eyJh.a-secret-key.x"

static char *dir;

static const char description[] =
	"{\"info\": {\"version\": \"12\"}, \"definitions\": {\"item\": {\"properties\": {"
	"\"id\": {\"format\": \"integer\", \"description\": \"Note:\\nThis is a Primary Key.<pk/>\"},"
	" \"name\": {\"format\": \"text\"}}}}}";

#define HEAD(status) "HTTP/1.1 " status "\r\nConnection: close\r\n"
#define JSON "Content-Type: application/json; charset=utf-8\r\n"
#define ROW HEAD("200 OK") JSON "Content-Range: 0-0/1\r\n\r\n[{\"id\": 1, \"name\": \"a\"}]"
#define UNAVAILABLE HEAD("503 Service Unavailable") "Retry-After: 0\r\nContent-Length: 0\r\n\r\n"

typedef struct Fault
{
	const char *name;
	const char *answers[6];
	bool		insert;			/* else a select */
	dba_code	code;
	const char *sqlstate;
	const char *message;		/* a part of it */
	int			requests;		/* that reached the service */
} Fault;

static const Fault faults[] = {
	{"an answer", {ROW}, false, DBA_OK, "", "", 1},
	{"closed without an answer", {"DROP"}, false, DBA_CONNECT, "", "connection to the service", 4},
	{"closed once", {"DROP", ROW}, false, DBA_OK, "", "", 2},
	{"closed on a write", {"DROP", ROW}, true, DBA_CONNECT, "", "the request may have run", 1},
	{"cut mid-body",
	 {HEAD("200 OK") JSON "Content-Range: 0-0/1\r\nContent-Length: 1000\r\n\r\n[{\"id\": 1, "},
	 false,
	 DBA_CONNECT,
	 "",
	 "lost",
	 4},
	{"cut mid-body once",
	 {HEAD("200 OK") JSON "Content-Range: 0-0/1\r\nContent-Length: 1000\r\n\r\n[{\"id\": 1, ", ROW},
	 false,
	 DBA_OK,
	 "",
	 "",
	 2},
	{"JSON that ends early",
	 {HEAD("200 OK") JSON "Content-Range: 0-0/1\r\n\r\n[{\"id\": 1, "},
	 false,
	 DBA_SERVER,
	 "08P01",
	 "not valid JSON",
	 1},
	{"malformed JSON",
	 {HEAD("200 OK") JSON "Content-Range: 0-0/1\r\n\r\n[{\"id\": 01}]"},
	 false,
	 DBA_SERVER,
	 "08P01",
	 "line 1, column 9",
	 1},
	{"a name twice",
	 {HEAD("200 OK") JSON "Content-Range: 0-0/1\r\n\r\n[{\"id\": 1, \"id\": 2}]"},
	 false,
	 DBA_SERVER,
	 "08P01",
	 "\"id\" comes twice",
	 1},
	{"a web page",
	 {HEAD("200 OK") "Content-Type: text/html\r\n\r\n<html>[]</html>"},
	 false,
	 DBA_SERVER,
	 "08P01",
	 "content type \"text/html\"",
	 1},
	{"no content type", {HEAD("200 OK") "\r\n[]"}, false, DBA_SERVER, "08P01", "not JSON", 1},
	{"no rows but a number",
	 {HEAD("200 OK") JSON "Content-Range: 0-0/1\r\n\r\n7"},
	 false,
	 DBA_SERVER,
	 "",
	 "did not answer with rows",
	 1},
	{"rows of different columns",
	 {HEAD("200 OK") JSON "Content-Range: 0-1/2\r\n\r\n[{\"id\": 1}, {\"name\": 1}]"},
	 false,
	 DBA_SERVER,
	 "",
	 "different columns",
	 1},
	{"no count",
	 {HEAD("200 OK") JSON "Content-Range: 0-0/*\r\n\r\n[{\"id\": 1}]"},
	 false,
	 DBA_SERVER,
	 "40001",
	 "did not count",
	 1},
	{"fewer rows than counted",
	 {HEAD("206 Partial Content") JSON "Content-Range: 0-0/3\r\n\r\n[{\"id\": 1, \"name\": \"a\"}]",
	  HEAD("200 OK") JSON "Content-Range: */3\r\n\r\n[]"},
	 false,
	 DBA_SERVER,
	 "40001",
	 "gave 1 rows and counted 3",
	 2},
	{"more rows than counted",
	 {HEAD("200 OK") JSON "Content-Range: 0-0/1\r\n\r\n[{\"id\": 1}, {\"id\": 2}]"},
	 false,
	 DBA_SERVER,
	 "40001",
	 "gave 2 rows and counted 1",
	 1},
	{"a count that overflows",
	 {HEAD("200 OK") JSON "Content-Range: 0-0/99999999999999999999999\r\n\r\n[]"},
	 false,
	 DBA_SERVER,
	 "40001",
	 "",
	 1},
	{"429",
	 {HEAD("429 Too Many Requests") "Retry-After: 1\r\nContent-Length: 0\r\n\r\n"},
	 false,
	 DBA_SERVER,
	 "53000",
	 "429",
	 1},
	{"503 for ever", {UNAVAILABLE}, false, DBA_SERVER, "", "503", 4},
	{"503 once", {UNAVAILABLE, ROW}, false, DBA_OK, "", "", 2},
	{"503 on a write", {UNAVAILABLE, ROW}, true, DBA_SERVER, "", "503", 1},
	{"503 for an hour",
	 {HEAD("503 Service Unavailable") "Retry-After: 3600\r\nContent-Length: 0\r\n\r\n", ROW},
	 false,
	 DBA_SERVER,
	 "",
	 "503",
	 1},
	{"520 once", {HEAD("520 Unknown") "\r\n", ROW}, false, DBA_OK, "", "", 2},
	{"500",
	 {HEAD("500 Oops") "Content-Type: text/html\r\n\r\n<b>", ROW},
	 false,
	 DBA_SERVER,
	 "",
	 "500",
	 1},
	{"PostgREST without its database",
	 {HEAD("500 Oops") JSON
	  "\r\n{\"code\":\"PGRST000\",\"message\":\"no database\",\"details\":null,"
	  "\"hint\":null}"},
	 false,
	 DBA_CONNECT,
	 "08006",
	 "no database",
	 1},
	{"PostgREST's pool is full",
	 {HEAD("504 Timeout") JSON "\r\n{\"code\":\"PGRST003\",\"message\":\"timed out\"}"},
	 false,
	 DBA_TIMEOUT,
	 "53300",
	 "timed out",
	 1},
	{"a gateway that wants a key",
	 {HEAD("401 Unauthorized") JSON "\r\n{\"message\":\"No API key found in request\"}"},
	 false,
	 DBA_CONNECT,
	 "28000",
	 "No API key found",
	 1},
	{"an error that is no object",
	 {HEAD("400 Bad Request") JSON "\r\n[1, 2]"},
	 false,
	 DBA_SERVER,
	 "",
	 "400",
	 1},
	{"an error of strange members",
	 {HEAD("400 Bad Request") JSON "\r\n{\"code\": 7, \"message\": {}}"},
	 false,
	 DBA_SERVER,
	 "",
	 "400",
	 1},
	{"no content for a select",
	 {HEAD("204 No Content") "Content-Range: */1\r\n\r\n"},
	 false,
	 DBA_SERVER,
	 "08P01",
	 "",
	 1},
	{"not HTTP", {"hello\r\n\r\n"}, false, DBA_CONNECT, "", "", 1},
};

static dba_client *
open_service(const char *url)
{
	return open_client(url, "rest_path", "/rest/v1", NULL);
}

static dba_request
ask(dba_client *db, bool insert, Outcome *out)
{
	return insert ? dba_insert(db, "item", "{\"id\": 1}", outcome_take, out)
				  : dba_select(db, "item", NULL, NULL, NULL, outcome_take, out);
}

static void
test_faults(void **state)
{
	(void) state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
	{
		const Fault *fault = &faults[i];
		Web			web = web_start(dir, description, fault->answers);
		dba_client *db = open_service(web.url);
		Outcome		out = {0};

		outcome_wait(db, ask(db, fault->insert, &out), &out);
		if (out.code != fault->code || strcmp(out.sqlstate, fault->sqlstate) != 0 ||
			strstr(out.message, fault->message) == NULL || web_count(&web) != fault->requests)
			fail_msg("%s: code %d, SQLSTATE \"%s\", %d requests: %s", fault->name, out.code,
					 out.sqlstate, web_count(&web), out.message);
		assert_int_equal(out.called, 1);
		assert_null(strstr(out.message, "secret-key"));
		assert_null(strstr(out.hint, "secret-key"));
		dba_close(db);
		web_stop(&web);
	}
}

static void
test_server_down(void **state)
{
	char		url[64];
	dba_client *db;
	Outcome		out = {0};

	(void) state;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", free_port());
	db = open_service(url);
	outcome_wait(db, ask(db, true, &out), &out);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_true(out.retryable);
	assert_int_equal(dba_pool_stats(db, "retried"), 3); /* of the description */
	dba_close(db);
}

/* A redirect is an error, and nobody is asked there. */
static void
test_redirect(void **state)
{
	Web			other = web_start(dir, NULL, (const char *[]){ROW, NULL});
	char		answer[256];
	Web			web;
	dba_client *db;
	Outcome		out = {0};

	(void) state;
	snprintf(answer, sizeof(answer),
			 HEAD("301 Moved") "Location: %s/item\r\nContent-Length: 0\r\n\r\n", other.url);
	web = web_start(dir, description, (const char *[]){answer, NULL});
	db = open_service(web.url);
	outcome_wait(db, ask(db, false, &out), &out);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_non_null(strstr(out.message, "redirects"));
	assert_int_equal(web_count(&other), 0);
	dba_close(db);
	web_stop(&web);
	web_stop(&other);
}

/* The headers of the first request for a table, with a key. */
static char *
headers_with_key(const char *key)
{
	Web			web = web_start(dir, description, (const char *[]){ROW, NULL});
	dba_client *db;
	Outcome		out = {0};
	char	   *log;

	setenv("SUPABASE_KEY", key, 1);
	db = open_service(web.url);
	setenv("SUPABASE_KEY", KEY, 1);
	outcome_wait(db, ask(db, false, &out), &out);
	assert_int_equal(out.code, DBA_OK);
	assert_null(strstr(dba_url(db), key));
	dba_close(db);
	log = web_log(&web);
	web_stop(&web);
	return log;
}

static void
test_keys(void **state)
{
	static const char *const bare[] = {"sb_publishable_abc", "sb_secret_abc"};
	char	   *log = headers_with_key(KEY);

	(void) state;
	assert_non_null(strstr(log, "apikey: " KEY "\r\n"));
	assert_non_null(strstr(log, "Authorization: Bearer " KEY "\r\n"));
	assert_non_null(strstr(log, "GET /rest/v1/item?"));
	free(log);
	for (size_t i = 0; i < 2; i++)
	{
		char		line[64];

		log = headers_with_key(bare[i]);
		snprintf(line, sizeof(line), "apikey: %s\r\n", bare[i]);
		assert_non_null(strstr(log, line));
		assert_null(strstr(log, "Authorization"));
		free(log);
	}
}

/* No name reaches a header or another path. */
static void
test_names(void **state)
{
	Web			web = web_start(dir, description, (const char *[]){ROW, NULL});
	dba_client *db = open_service(web.url);
	Outcome		out = {0};
	char	   *log;

	(void) state;
	outcome_wait(
		db, dba_select(db, "\"a\r\nX-Evil: 1\".item", NULL, NULL, NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(db, dba_call(db, "\"a\nX-Evil: 1\".f", NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	outcome_wait(db, dba_select(db, "\"..\"", NULL, NULL, NULL, outcome_take, &out), &out);
	outcome_wait(db, dba_select(db, "\"a/b?c#d e\"", NULL, NULL, NULL, outcome_take, &out), &out);
	log = web_log(&web);
	assert_null(strstr(log, "X-Evil"));
	assert_non_null(strstr(log, "GET /rest/v1/..?select="));
	assert_non_null(strstr(log, "GET /rest/v1/a%2Fb%3Fc%23d%20e?select="));
	free(log);
	dba_close(db);
	web_stop(&web);
}

/* ---------------------------------------------------------------- time and ends */

/* Run db until the service has been asked. */
static void
wait_for_request(dba_client *db, dba_request id, const Web *web)
{
	while (web_count(web) == 0)
		assert_false(dba_wait(db, id, 5));
}

static void
test_timeout(void **state)
{
	Web			web = web_start(dir, description, (const char *[]){"HANG", NULL});
	dba_client *db = open_service(web.url);
	Outcome		out = {0};

	(void) state;
	dba_set(db, "request_timeout_seconds", "0.2", NULL);
	outcome_wait(db, ask(db, true, &out), &out);
	assert_int_equal(out.code, DBA_TIMEOUT);
	dba_close(db);
	web_stop(&web);
}

#define LIE                                                                                        \
	"STALL:HTTP/1.1 200 OK\r\n" JSON "Content-Range: 0-0/1\r\nContent-Length: 1000\r\n\r\n"        \
	"[{\"id\": 1, "
#define INTERIM "STALL:HTTP/1.1 100 Continue\r\n\r\n"

/* An answer whose length is a lie ends; one that has not begun may take its time. */
static void
test_stall(void **state)
{
	Web			liar = web_start(dir, description, (const char *[]){LIE, NULL});
	Web			slow = web_start(dir, description, (const char *[]){"HANG", INTERIM, NULL});
	dba_client *db = open_service(liar.url);
	Outcome		out = {0};
	dba_request ids[2];

	(void) state;
	assert_string_equal(dba_setting(db, "stall_timeout_seconds"), "60");
	dba_set(db, "stall_timeout_seconds", "0.3", NULL);
	outcome_wait(db, ask(db, false, &out), &out);
	assert_int_equal(out.code, DBA_TIMEOUT);
	assert_non_null(strstr(out.message, "stopped in the middle of its answer"));
	assert_null(strstr(out.message, "may have run"));
	assert_int_equal(web_count(&liar), 1);
	outcome_wait(db, ask(db, true, &out), &out);
	assert_int_equal(out.code, DBA_TIMEOUT);
	assert_non_null(strstr(out.message, "may have run"));
	dba_close(db);

	db = open_service(slow.url);
	dba_set(db, "stall_timeout_seconds", "0.1", NULL);
	for (int i = 0; i < 2; i++)
	{
		ids[i] = ask(db, true, &out);
		while (web_count(&slow) <= i)
			assert_false(dba_wait(db, ids[i], 5));
	}
	assert_false(dba_wait(db, ids[0], 500));
	assert_false(dba_wait(db, ids[1], 0));
	dba_close(db);
	web_stop(&liar);
	web_stop(&slow);
}

static void
test_cancel(void **state)
{
	Web			silent = web_start(dir, NULL, (const char *[]){"HANG", NULL});
	Web			web = web_start(dir, description, (const char *[]){"HANG", NULL});
	Web busy = web_start(
		dir, description,
		(const char *[]){HEAD("503 Busy") "Retry-After: 60\r\nContent-Length: 0\r\n\r\n", NULL});
	const Web  *webs[] = {&silent, &web, &busy};
	Outcome		out = {0};
	dba_client *db;
	dba_request id;

	(void) state;
	/* while the description, the answer, or another try is waited for */
	for (size_t i = 0; i < 3; i++)
	{
		db = open_service(webs[i]->url);
		id = ask(db, i == 1, &out);
		if (i == 0)
			assert_false(dba_wait(db, id, 20));
		else
			wait_for_request(db, id, webs[i]);
		dba_cancel(db, id);
		outcome_wait(db, id, &out);
		assert_int_equal(out.code, DBA_CANCELLED);
		assert_int_equal(strstr(out.message, "may have run") != NULL, i != 0);
		/* at once, and while others wait; the client stays of use */
		id = ask(db, false, &out);
		dba_cancel(db, id);
		outcome_wait(db, id, &out);
		assert_int_equal(out.code, DBA_CANCELLED);
		/* and closed with requests under way */
		ask(db, false, &out);
		ask(db, true, &out);
		dba_close(db);
		assert_int_equal(out.code, DBA_CLOSED);
	}
	assert_int_equal(out.called, 4 * 3);
	web_stop(&silent);
	web_stop(&web);
	web_stop(&busy);
}

/* ---------------------------------------------------------------- TLS */

static pid_t
tls_start(int port)
{
	char		key[300];
	char		cert[300];
	char		accept[16];
	pid_t		pid;

	snprintf(key, sizeof(key), "%s/key.pem", dir);
	snprintf(cert, sizeof(cert), "%s/cert.pem", dir);
	snprintf(accept, sizeof(accept), "%d", port);
	if (run_program(false, (const char *[]){"openssl", "req", "-x509", "-newkey", "rsa:2048",
											"-nodes", "-subj", "/CN=localhost", "-keyout", key,
											"-out", cert, NULL}) != 0)
		return 0;
	pid = fork();
	if (pid == 0)
	{
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		freopen("/dev/null", "w", stdout);
		freopen("/dev/null", "w", stderr);
		execlp("openssl", "openssl", "s_server", "-accept", accept, "-key", key, "-cert", cert,
			   "-www", "-quiet", (char *) NULL);
		_exit(127);
	}
	return pid;
}

static void
test_certificate(void **state)
{
	int			port = free_port();
	pid_t		pid = tls_start(port);
	char		url[64];
	dba_client *db;
	Outcome		out = {0};

	(void) state;
	if (pid == 0)
	{
		puts("# passed over: there is no openssl");
		return;
	}
	wait_for_port(port);
	snprintf(url, sizeof(url), "https://localhost:%d", port);
	db = open_service(url);
	outcome_wait(db, ask(db, false, &out), &out);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_non_null(strstr(out.message, "certificate"));
	assert_int_equal(dba_pool_stats(db, "retried"), 0);
	dba_close(db);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* ---------------------------------------------------------------- memory */

static dba_flow
take_row(dba_client *db, const dba_result *row, void *arg)
{
	(void) db;
	(void) row;
	(void) arg;
	return DBA_CONTINUE;
}

static bool
live_without_memory(const char *url, size_t at)
{
	Outcome		out = {0};
	dba_client *db;
	bool		hit;

	oom_once(at);
	db = dba_open(url, NULL);
	if (db != NULL)
	{
		out.submitted += dba_select(db, "item", "id, name",
									"{\"or\": [{\"id\": {\"in\": [1, null]}}, "
									"{\"name\": {\"like\": \"*\"}}]}",
									"name desc", outcome_take, &out) != 0;
		out.submitted += dba_insert_many(db, "item", "[{\"id\": 1}, {\"name\": \"x\"}]",
										 outcome_take, &out) != 0;
		out.submitted +=
			dba_select_stream(db, "item", NULL, NULL, NULL, take_row, outcome_take, &out) != 0;
		out.submitted += dba_call(db, "f", "{\"a\": 1}", outcome_take, &out) != 0;
		dba_run(db);
		dba_close(db);
	}
	hit = oom_hit();
	oom_after(0);
	if (out.called != out.submitted)
		fail_msg("allocation %zu: %d submitted, %d called back", at, out.submitted, out.called);
	if (oom_outstanding() != 0)
		fail_msg("allocation %zu: %zu blocks left", at, oom_outstanding());
	return hit;
}

static void
test_every_allocation(void **state)
{
	Web			web = web_start(dir, description, (const char *[]){ROW, NULL});

	(void) state;
	for (size_t at = 1; live_without_memory(web.url, at); at++)
		;
	web_stop(&web);
}

static int
setup(void **state)
{
	(void) state;
	dir = make_dir();
	setenv("SUPABASE_KEY", KEY, 1);
	unsetenv("http_proxy");
	return 0;
}

/* The way of a request in the trace, without the value of its filter and the key. */
static void
test_trace(void **state)
{
	static const char *const answers[] = {UNAVAILABLE, ROW, NULL};
	char		path[300];
	char		trace[8192];
	Outcome		out = {0};
	dba_client *db;
	FILE	   *file;
	size_t		size;
	Web			web;

	(void) state;
	snprintf(path, sizeof(path), "%s/trace", dir);
	web = web_start(dir, description, answers);
	db = open_client(web.url, "trace", path, NULL);
	outcome_wait(db, dba_select(db, "item", NULL, "{\"name\": \"hush\"}", NULL, outcome_take, &out),
				 &out);
	assert_int_equal(out.code, DBA_OK);
	dba_close(db);
	web_stop(&web);
	file = fopen(path, "r");
	assert_non_null(file);
	size = fread(trace, 1, sizeof(trace) - 1, file);
	trace[size] = '\0';
	fclose(file);
	assert_non_null(strstr(trace, "\t1\t-\tsubmitted\tstatement\n"));
	assert_non_null(strstr(trace, "\t1\t-\tsent\tGET: /item\n"));
	assert_non_null(strstr(trace, "\tretried\tstatus 503\n"));
	assert_non_null(strstr(trace, "\t1\t-\tanswered\tstatus 200\n"));
	assert_non_null(strstr(trace, "\t1\t-\tended\tok, count 1\n"));
	assert_null(strstr(trace, "hush"));
	assert_null(strstr(trace, "secret"));
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
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_faults),		cmocka_unit_test(test_server_down),
		cmocka_unit_test(test_redirect),	cmocka_unit_test(test_keys),
		cmocka_unit_test(test_names),		cmocka_unit_test(test_timeout),
		cmocka_unit_test(test_stall),		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_certificate), cmocka_unit_test(test_every_allocation),
		cmocka_unit_test(test_trace),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
