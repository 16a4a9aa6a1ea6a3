/*
 * pool.c
 *		The pool's life: connections that grow old, stay idle, hang or are too many;
 *		notices; results and settings beyond their request.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "fixture.h"

static int
setup(void **state)
{
	(void) state;
	return fixture_server("CREATE TABLE item (id int PRIMARY KEY, doc jsonb, big int8, n numeric);"
						  "INSERT INTO item VALUES (1, '{\"a\": 9007199254740993}', "
						  "9007199254740993, 1.10)");
}

/* Time passes for a client that has nothing to do. */
static void
pass_time(dba_client *db)
{
	struct timespec pause = {0, 20 * 1000 * 1000};

	nanosleep(&pause, NULL);
	dba_process(db, -1, 0);
}

/* Waits until the counter is `value`. */
static void
wait_stat(dba_client *db, const char *name, int64_t value)
{
	for (long start = now_ms(); dba_pool_stats(db, name) != value;)
	{
		if (now_ms() - start > 300000)
			fail_msg("%s is %ld", name, (long) dba_pool_stats(db, name));
		pass_time(db);
	}
}

static void
test_recycle(void **state)
{
	dba_client *db = open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0",
								 "pool_recycle_seconds", "1", NULL);

	(void) state;
	for (long start = now_ms(); dba_pool_stats(db, "opened") < 3;)
	{
		assert_true(now_ms() - start < 300000);
		assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	}
	assert_true(dba_pool_stats(db, "connections") <= 1);
	assert_int_equal(dba_pool_stats(db, "retried"), 0);
	dba_close(db);
}

static void
test_idle_timeout(void **state)
{
	dba_client *db = open_client(server_url(server), "idle_timeout_seconds", "0.2", NULL);

	(void) state;
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	assert_int_equal(dba_pool_stats(db, "opened"), 1);
	wait_stat(db, "connections", 0);
	assert_string_equal(outcome_of(db, "SELECT 2").text, "2");
	dba_close(db);
}

/* What is beyond the pool's size goes when it is no longer needed. */
static void
test_overflow(void **state)
{
	dba_client *db =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "2", NULL);
	dba_client *tx[3];
	Outcome		out = {0};

	(void) state;
	for (int i = 0; i < 3; i++)
	{
		outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
		tx[i] = out.db;
	}
	assert_int_equal(dba_pool_stats(db, "connections"), 3);
	/* a fourth has to wait, and is served in its turn */
	out.submitted += dba_begin(db, NULL, outcome_take, &out) != 0;
	pass_time(db);
	assert_int_equal(dba_pool_stats(db, "waiting"), 1);
	for (int i = 0; i < 3; i++)
		dba_close(tx[i]);
	dba_run(db);
	assert_int_equal(out.called, out.submitted);
	assert_int_equal(out.failed, 0);
	dba_close(out.db);
	/* the one used last serves, the others go */
	for (long start = now_ms(); dba_pool_stats(db, "connections") > 1;)
	{
		assert_true(now_ms() - start < 300000);
		assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	}
	dba_close(db);
}

/* An idle connection whose network is gone is found out before it is used. */
static void
test_pre_ping(void **state)
{
	Proxy		proxy = proxy_start(server, PROXY_PASS, 0);
	char		url[256];
	dba_client *db;
	Outcome		out;

	(void) state;
	snprintf(url, sizeof(url), "postgresql://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres",
			 proxy.port, server_port(server));
	db = open_client(url, "pool_size", "1", "pool_max_overflow", "0", "pre_ping_idle_seconds",
					 "0.1", "connect_timeout_seconds", "8", NULL);
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	for (long start = now_ms(); now_ms() - start < 300;)	/* idle for long enough to be asked */
		pass_time(db);
	kill(proxy.pid, SIGSTOP);
	out = outcome_of(db, "SELECT 2");
	assert_string_equal(out.message, "");
	assert_string_equal(out.text, "2");
	assert_int_equal(dba_pool_stats(db, "opened"), 2);
	kill(proxy.pid, SIGCONT);
	dba_close(db);
	proxy_stop(&proxy);
}

/* While the server is down it is not stormed, and then everything goes on. */
static void
test_backoff(void **state)
{
	dba_client *db = open_client(server_url(server), NULL);
	Outcome		out = {0};
	dba_request id = 0;

	(void) state;
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	server_stop(server, "fast");
	for (int i = 0; i < 50; i++)
	{
		id = dba_execute(db, "SELECT 2", NULL, outcome_take, &out);
		out.submitted += id != 0;
	}
	for (long start = now_ms(); now_ms() - start < 1000 || dba_pool_stats(db, "failed") < 2;)
		dba_wait(db, id, 10);
	assert_int_equal(out.called, 0);
	assert_true(dba_pool_stats(db, "failed") < 100);
	server_start_again(server);
	dba_run(db);
	assert_int_equal(out.called, 50);
	assert_int_equal(out.failed, 0);
	dba_close(db);
}

static int	pipes;

static void
count_pipe(int sig)
{
	(void) sig;
	pipes++;
}

static void
test_no_sigpipe(void **state)
{
	dba_client *db = open_client(server_url(server), "pool_pre_ping", "false", NULL);
	static char rows[200000];
	size_t		len = (size_t) sprintf(rows, "[");
	Outcome		out = {0};
	dba_client *tx;

	(void) state;
	signal(SIGPIPE, count_pipe);
	for (int i = 0; i < 5000; i++)
		len += (size_t) sprintf(rows + len, "%s{\"id\": %d}", i ? "," : "", i + 10);
	sprintf(rows + len, "]");
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	tx = out.db;
	server_sql(server, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
					   "backend_type = 'client backend' AND pid <> pg_backend_pid()");
	outcome_wait(db, dba_insert_many(tx, "item", rows, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_CONNECT);
	assert_int_equal(pipes, 0);
	dba_close(db);
	signal(SIGPIPE, SIG_DFL);
}

static char notice[200];

static void
take_notice(dba_client *db, const char *severity, const char *message, void *arg)
{
	assert_ptr_equal(dba_data(db), arg);
	snprintf(notice, sizeof(notice), "%s: %s", severity, message);
}

static void
test_notices_and_data(void **state)
{
	int			mine = 0;
	dba_client *db = open_client(server_url(server), NULL);
	Outcome		out = {0};

	(void) state;
	dba_set_data(db, &mine);
	dba_on_notice(db, take_notice, &mine);
	outcome_of(db, "DO $$BEGIN RAISE WARNING 'of %', 'mine'; END$$");
	assert_string_equal(notice, "WARNING: of mine");
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	assert_ptr_equal(dba_data(out.db), &mine);
	dba_close(out.db);
	dba_on_notice(db, NULL, NULL);
	outcome_of(db, "DO $$BEGIN RAISE WARNING 'dropped'; END$$");
	assert_string_equal(notice, "WARNING: of mine");
	dba_close(db);
}

typedef struct Kept
{
	dba_result *result;
	dba_error  *error;
} Kept;

static void
keep(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Kept	   *kept = arg;

	(void) db;
	if (result != NULL)
		kept->result = dba_result_keep(result);
	if (error != NULL)
		kept->error = dba_error_keep(error);
}

/* Results and errors that were kept outlive their client. */
static void
test_keep(void **state)
{
	dba_client *db = open_client(server_url(server), NULL);
	Kept		kept = {NULL, NULL};
	cJSON	   *row;
	char	   *text;
	int64_t		big = 0;

	(void) state;
	dba_select(db, "item", NULL, "{\"id\": 1}", NULL, keep, &kept);
	dba_select(db, "nowhere", NULL, NULL, NULL, keep, &kept);
	dba_run(db);
	dba_close(db);
	assert_int_equal(dba_result_rows(kept.result), 1);
	assert_true(dba_result_int64(kept.result, 0, "big", &big));
	assert_true(big == INT64_C(9007199254740993));
	row = dba_result_row(kept.result, 0);
	text = cJSON_PrintUnformatted(row);
	/* no digit passed through a double */
	assert_string_equal(text, "{\"id\":1,\"doc\":{\"a\":9007199254740993},\"big\":"
							  "9007199254740993,\"n\":\"1.10\"}");
	cJSON_free(text);
	cJSON_Delete(row);
	assert_string_equal(dba_error_sqlstate(kept.error), "42P01");
	dba_result_free(kept.result);
	dba_error_free(kept.error);
}

static void
test_settings(void **state)
{
	static const char *const words[] = {"insert", "update", "delete"};
	static const struct
	{
		const char *name;
		int64_t		value;
	} stats[] = {{"connections", 1}, {"idle", 1},	   {"busy", 0},	  {"connecting", 0},
				 {"waiting", 0},	 {"in_flight", 0}, {"opened", 1}, {"closed", 0},
				 {"failed", 0},		 {"requests", 1},  {"errors", 0}, {"timeouts", 0},
				 {"cancelled", 0},	 {"prepared", 1},  {"retried", 0}};
	dba_client *db = open_client(server_url(server), NULL);
	dba_error  *err = NULL;

	(void) state;
	assert_false(dba_set(db, "pol_size", "3", &err));
	assert_int_equal(dba_error_code(err), DBA_INVALID);
	assert_non_null(strstr(dba_error_hint(err), "pool_size"));
	dba_error_free(err);
	err = NULL;
	assert_false(dba_set(db, "pool_size", "many", &err));
	dba_error_free(err);
	err = NULL;
	assert_true(dba_set(db, "pool_size", "3", &err));
	assert_string_equal(dba_setting(db, "pool_size"), "3");
	assert_null(dba_setting(db, "pol_size"));
	outcome_of(db, "SELECT 1");
	assert_false(dba_set(db, "pool_size", "4", &err));	/* too late */
	assert_string_equal(dba_setting(db, "pool_size"), "3");
	dba_error_free(err);
	assert_string_equal(dba_profile_of(db), "");
	assert_string_equal(dba_provider(db), "postgres");
	assert_int_equal(dba_pool_stats(db, "nonsense"), -1);
	for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
		assert_int_equal(dba_pool_stats(db, stats[i].name), stats[i].value);
	dba_close(db);
	assert_int_equal(dba_error_code(NULL), DBA_OK);
	assert_string_equal(dba_error_message(NULL), "");
	assert_false(dba_error_retryable(NULL));
	assert_string_equal(dba_code_name(DBA_TIMEOUT), "timeout");
	assert_string_equal(dba_nearest("updat", words, 3), "update");
	assert_null(dba_nearest("zzzzzz", words, 3));
	dba_result_free(NULL);
	dba_error_free(NULL);
	dba_query_free(NULL);
	dba_config_free(NULL);
	dba_profile_free(NULL);
	dba_free(NULL);
	dba_close(NULL);
}

/* Known from the server, so it changes nothing, but it is checked. */
static void
test_jsonb_columns(void **state)
{
	dba_client *db = open_client(server_url(server), NULL);
	dba_query  *query = dba_query_new("item");
	Outcome		out = {0};

	(void) state;
	dba_query_jsonb_columns(query, "doc");
	outcome_wait(db,
				 dba_query_insert(db, query, "{\"id\": 2, \"doc\": \"text\"}", outcome_take, &out),
				 &out);
	assert_string_equal(out.message, "");
	assert_string_equal(server_sql(server, "SELECT doc::text FROM item WHERE id = 2"), "\"text\"");
	dba_query_jsonb_columns(query, "doc; DROP TABLE item");
	outcome_wait(db, dba_query_select(db, query, outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
	dba_query_free(query);
	dba_close(db);
}

/* How many descriptors a program that is run would have. */
static int
count_inherited(void)
{
	int			count = 0;

	for (int fd = 0; fd < 1024; fd++)
	{
		int			flags = fcntl(fd, F_GETFD);

		count += flags >= 0 && (flags & FD_CLOEXEC) == 0;
	}
	return count;
}

/* A child of the program may not use the client: what it runs has nothing of it, and
 * its end is nothing to the client. */
static void
test_fork(void **state)
{
	int			inherited = count_inherited();
	dba_client *db = open_client(server_url(server), NULL);
	Outcome		out = {0};

	(void) state;
	assert_string_equal(outcome_of(db, "SELECT 1").text, "1");
	for (int i = 0; i < 2; i++)
	{
		dba_request id = dba_execute(db, "SELECT count(*) FROM generate_series(1, 500000)", NULL,
									 outcome_take, &out);
		int			status;
		pid_t		pid;

		dba_wait(db, id, 0);	/* sent */
		assert_int_equal(count_inherited(), inherited);
		pid = fork();
		if (pid == 0 && i == 0)
			execl("/bin/true", "true", (char *) NULL);
		if (pid == 0)
			_exit(0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		outcome_wait(db, id, &out);
		assert_string_equal(out.text, "500000");
	}
	assert_int_equal(dba_pool_stats(db, "opened"), 1);
	dba_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recycle),
		cmocka_unit_test(test_idle_timeout),
		cmocka_unit_test(test_overflow),
		cmocka_unit_test(test_pre_ping),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_no_sigpipe),
		cmocka_unit_test(test_notices_and_data),
		cmocka_unit_test(test_keep),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_jsonb_columns),
		cmocka_unit_test(test_fork),
	};

	return cmocka_run_group_tests(tests, setup, fixture_end);
}
