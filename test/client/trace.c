/*
 * trace.c
 *		What the trace says of requests and connections, and what it keeps to itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "outcome.h"
#include "server.h"
#include "sql/sqlmask.h"

static Server *server;
static char *dir;
static char path[256];

static int
setup(void **state)
{
	(void) state;
	server = server_start(NULL);
	server_sql(server, "CREATE TABLE item (id int PRIMARY KEY, name text)");
	dir = make_dir();
	snprintf(path, sizeof(path), "%s/trace", dir);
	return 0;
}

static int
teardown(void **state)
{
	(void) state;
	remove_dir(dir);
	free(dir);
	server_free(server);
	return 0;
}

static int
forget(void **state)
{
	(void) state;
	unlink(path);
	return 0;
}

/* What was traced; the caller frees it. */
static char *
read_trace(void)
{
	FILE	   *file = fopen(path, "r");
	char	   *text = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) < (1 << 20) - 1);
	fclose(file);
	return text;
}

/* The events of a request ("-": of none), with one space between. */
static void
events_of(const char *trace, const char *request, char *events, size_t size)
{
	char	   *copy = strdup(trace);
	char	   *rest = copy;
	char	   *line;

	events[0] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL && *line != '\0')
	{
		char	   *fields[6] = {NULL};

		for (int i = 0; i < 6; i++)
			fields[i] = i < 5 ? strsep(&line, "\t") : line;
		for (int i = 0; i < 6; i++)
			assert_non_null(fields[i]);
		assert_int_equal(strlen(fields[0]), strlen("2026-01-01T00:00:00.000000Z"));
		assert_true(fields[1][0] == '-' ? fields[2][0] == '-' : strtod(fields[1], NULL) >= 0);
		if (strcmp(fields[2], request) == 0)
			snprintf(events + strlen(events), size - strlen(events), "%s%s",
					 events[0] != '\0' ? " " : "", fields[4]);
	}
	free(copy);
}

static void
submit_all(dba_client *db)
{
	Outcome		out = {0};

	outcome_wait(
		db, dba_insert(db, "item", "{\"id\": 4711, \"name\": \"hush\"}", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_OK);
	out = outcome_of(db, "SELECT 'hush' AS \"column\", 4711 -- hush");
	assert_int_equal(out.code, DBA_OK);
	out = outcome_of(db, "SELECT $q$hush$q$::int");
	assert_string_equal(out.sqlstate, "22P02");
}

static void
test_events(void **state)
{
	dba_client *db = open_client(server_url(server), "trace", path, NULL);
	struct stat st;
	char		events[512];
	char	   *trace;

	(void) state;
	submit_all(db);
	dba_close(db);
	trace = read_trace();
	events_of(trace, "1", events, sizeof(events));
	assert_string_equal(events,
						"submitted connection sent answered answered sent answered answered ended");
	events_of(trace, "3", events, sizeof(events));
	assert_string_equal(events, "submitted connection sent answered ended");
	events_of(trace, "-", events, sizeof(events));
	assert_string_equal(events, "opened closed");
	assert_non_null(strstr(trace, "\tsent\texecute: INSERT INTO \"item\""));
	assert_non_null(strstr(trace, "\tsent\texecute: SELECT '...' AS \"column\", ?"));
	assert_non_null(strstr(trace, "\tanswered\terror 22P02\n"));
	assert_non_null(strstr(trace, "\tended\tok, count 1\n"));
	assert_null(strstr(trace, "hush"));
	assert_null(strstr(trace, "4711"));
	free(trace);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	server_sql(server, "TRUNCATE item");
}

static void
test_values(void **state)
{
	dba_client *db = open_client(server_url(server), "trace", path, "trace_values", "on", NULL);
	char	   *trace;

	(void) state;
	submit_all(db);
	dba_close(db);
	trace = read_trace();
	assert_non_null(strstr(trace, "\t$1='4711' $2='hush'\n"));
	assert_non_null(strstr(trace, "execute: SELECT 'hush' AS \"column\", 4711 -- hush"));
	assert_non_null(strstr(trace, "invalid input syntax for type integer: \"hush\""));
	free(trace);
	server_sql(server, "TRUNCATE item");
}

/* A statement that is stale is sent again, and the trace says so. */
static void
test_retried(void **state)
{
	dba_client *db = open_client(server_url(server), "trace", path, "pool_size", "1", NULL);
	Outcome		out = {0};
	char		events[512];
	char	   *trace;

	(void) state;
	outcome_wait(db, dba_select(db, "item", NULL, NULL, NULL, outcome_take, &out), &out);
	server_sql(server, "ALTER TABLE item ADD COLUMN more text");
	outcome_wait(db, dba_select(db, "item", NULL, NULL, NULL, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_OK);
	dba_close(db);
	trace = read_trace();
	events_of(trace, "2", events, sizeof(events));
	assert_non_null(strstr(events, "submitted connection sent answered retried connection sent"));
	assert_non_null(strstr(trace, "\tretried\tstatement is stale\n"));
	free(trace);
	server_sql(server, "ALTER TABLE item DROP COLUMN more");
}

static void
take_transaction(dba_client *tx, const dba_result *result, const dba_error *error, void *arg)
{
	Outcome	   *out = arg;

	outcome_take(tx, result, error, out);
	assert_null(error);
	out->submitted += dba_execute(tx, "SELECT 1", NULL, outcome_take, out) != 0;
	out->submitted += dba_rollback(tx, outcome_take, out) != 0;
}

static void
test_transaction(void **state)
{
	dba_client *db = open_client(server_url(server), "trace", path, NULL);
	Outcome		out = {.submitted = 1};
	char		events[512];
	char	   *trace;

	(void) state;
	assert_int_not_equal(dba_begin(db, NULL, take_transaction, &out), 0);
	assert_int_equal(dba_run(db), DBA_OK);
	assert_int_equal(out.called, 3);
	dba_close(db);
	trace = read_trace();
	assert_non_null(strstr(trace, "\tsubmitted\tbegin\n"));
	assert_non_null(strstr(trace, "\tsubmitted\trollback\n"));
	assert_non_null(strstr(trace, "\tconnection\tof its transaction\n"));
	events_of(trace, "2", events, sizeof(events));
	assert_string_equal(events, "submitted connection sent answered answered sent answered ended");
	free(trace);
}

/* A session that the server ends, and a client that says why. */
static void
test_lost(void **state)
{
	dba_client *db = open_client(server_url(server), "trace", path, "pool_size", "1", NULL);
	char	   *trace;
	Outcome		out;

	(void) state;
	out = outcome_of(db, "SELECT pg_terminate_backend(pg_backend_pid())");
	assert_int_equal(out.code, DBA_CONNECT);
	dba_close(db);
	trace = read_trace();
	assert_non_null(strstr(trace, "\tclosed\tlost\n"));
	assert_non_null(strstr(trace, "\tended\terror "));
	free(trace);
}

/* A trace that cannot be is refused when it is set, and the client goes on without. */
static void
test_refused(void **state)
{
	dba_client *db = open_client(server_url(server), NULL);
	dba_error  *error = NULL;
	Outcome		out;

	(void) state;
	assert_false(dba_set(db, "trace", "/nowhere/trace", &error));
	assert_int_equal(dba_error_code(error), DBA_CONFIG);
	assert_non_null(strstr(dba_error_message(error), "/nowhere/trace"));
	assert_non_null(strstr(dba_error_message(error), "No such file"));
	dba_error_free(error);
	error = NULL;
	assert_false(dba_set(db, "trace", "99999", &error));
	dba_error_free(error);
	assert_true(dba_set(db, "pool_size", "2", NULL));
	out = outcome_of(db, "SELECT 1");
	assert_int_equal(out.code, DBA_OK);
	dba_close(db);
}

/* To a descriptor; nobody reads any more, which ends the trace and nothing else. */
static void
test_descriptor(void **state)
{
	char		number[16];
	char		text[4096];
	int			ends[2];
	dba_client *db;
	Outcome		out;
	ssize_t		got;

	(void) state;
	assert_int_equal(pipe(ends), 0);
	snprintf(number, sizeof(number), "%d", ends[1]);
	db = open_client(server_url(server), "trace", number, NULL);
	out = outcome_of(db, "SELECT 1");
	assert_int_equal(out.code, DBA_OK);
	got = read(ends[0], text, sizeof(text) - 1);
	assert_true(got > 0);
	text[got] = '\0';
	assert_non_null(strstr(text, "\tended\tok, count 1\n"));
	close(ends[0]);
	out = outcome_of(db, "SELECT 1");
	assert_int_equal(out.code, DBA_OK);
	dba_close(db);
	assert_int_equal(close(ends[1]), 0);	/* the caller's, and still open */
}

/* --- masking */

static void
check_mask(const char *sql, const char *masked)
{
	Buf			out = BUF_INIT;

	sqlmask_write(&out, sql);
	assert_string_equal(buf_text(&out), masked);
	buf_free(&out);
}

static void
test_mask(void **state)
{
	(void) state;
	check_mask("", "");
	check_mask("SELECT  a1,\n\t\"it's 5\" FROM t_2 WHERE b = $1",
			   "SELECT a1, \"it's 5\" FROM t_2 WHERE b = $1");
	check_mask("SELECT 'it''s', E'it\\'s', e'\\\\', name'a\\' , U&'d'",
			   "SELECT '...', E'...', e'...', name'...' , U&'...'");
	check_mask("SELECT 1, -2.5e+10, .5, 0x1F, 1_000, x1", "SELECT ?, -?, ?, ?, ?, x1");
	check_mask("SELECT $$a 'b' $$, $t$ $$ $u$ $t$, a$b$c", "SELECT '...', '...', a$b$c");
	check_mask("SELECT 1 -- 'secret\n, 2 /* a /* b */ 'c' */ , 3", "SELECT ? , ? , ?");
	check_mask("SELECT \"a\"\"b\" || 'c'", "SELECT \"a\"\"b\" || '...'");
	/* without an end: to the end */
	check_mask("SELECT 'secret", "SELECT '...'");
	check_mask("SELECT $x$ secret", "SELECT '...'");
	check_mask("SELECT /* secret", "SELECT ");
	check_mask("SELECT E'\\", "SELECT E'...'");
	check_mask("SELECT \"secret", "SELECT \"secret");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_events, forget),
		cmocka_unit_test_teardown(test_values, forget),
		cmocka_unit_test_teardown(test_retried, forget),
		cmocka_unit_test_teardown(test_transaction, forget),
		cmocka_unit_test_teardown(test_lost, forget),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_descriptor),
		cmocka_unit_test(test_mask),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
