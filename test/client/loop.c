/*
 * loop.c
 *		A loop of the test's own: what the library asks of it, when requests leave,
 *		in what order they are served; and clients in threads of their own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture.h"

static int
setup(void **state)
{
	(void) state;
	return fixture_server("CREATE TABLE item (id serial PRIMARY KEY, name text)");
}

/* ---------------------------------------------------------------- the loop */

#define MAX_WATCHED 64

typedef struct Loop
{
	struct pollfd fds[MAX_WATCHED];
	nfds_t		count;
	int64_t		timer;			/* milliseconds from when it was set; -1: none */
	int			slots;			/* what hangs on the library's slots, counted */
} Loop;

static int
watch(void *arg, dba_client *db, int fd, unsigned events, void **slot)
{
	Loop	   *loop = arg;
	nfds_t		i = 0;

	(void) db;
	while (i < loop->count && loop->fds[i].fd != fd)
		i++;
	/* an adapter may keep something of its own with each descriptor */
	assert_int_equal(*slot != NULL, i < loop->count);
	if (events == 0)
	{
		assert_true(i < loop->count);
		loop->fds[i] = loop->fds[--loop->count];
		*slot = NULL;
		loop->slots--;
		return 0;
	}
	if (i == loop->count)
	{
		assert_true(loop->count++ < MAX_WATCHED);
		*slot = loop;
		loop->slots++;
	}
	loop->fds[i].fd = fd;
	loop->fds[i].events =
		(short) ((events & DBA_READ ? POLLIN : 0) | (events & DBA_WRITE ? POLLOUT : 0));
	return 0;
}

static int
set_timer(void *arg, dba_client *db, int64_t ms, void **slot)
{
	(void) db;
	(void) slot;
	((Loop *) arg)->timer = ms;
	return 0;
}

static void
turn(Loop *loop, dba_client *db)
{
	struct pollfd ready[MAX_WATCHED];
	nfds_t		count = loop->count;
	int			timeout = (int) loop->timer;

	memcpy(ready, loop->fds, sizeof(ready));
	if (poll(ready, count, timeout) == 0)
	{
		loop->timer = -1;
		dba_process(db, -1, 0);
		return;
	}
	for (nfds_t i = 0; i < count; i++)
		if (ready[i].revents != 0)
			dba_process(db, ready[i].fd,
						(ready[i].revents & ~POLLOUT ? DBA_READ : 0) |
							(ready[i].revents & POLLOUT ? DBA_WRITE : 0));
}

static void
take_inside(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Outcome	   *out = arg;
	int			called = out->called;

	/* a loop inside a loop: nothing happens */
	dba_process(db, -1, 0);
	assert_int_equal(dba_run(db), DBA_INVALID);
	assert_int_equal(out->called, called);
	outcome_take(db, result, error, arg);
}

static void
test_attach(void **state)
{
	Loop		loop = {.timer = -1};
	dba_client *db = open_client(server_tcp_url(server), "pool_size", "3", NULL);
	Outcome		out = {0};
	dba_request id;

	(void) state;
	assert_int_equal(dba_attach(db, &loop, NULL, set_timer), DBA_INVALID);
	assert_int_equal(dba_attach(db, &loop, watch, set_timer), DBA_OK);
	/* what is refused is called back from the next dba_process, at once */
	id = dba_delete(db, "item", NULL, take_inside, &out);
	assert_true(id != 0);
	assert_int_equal(out.called, 0);
	assert_int_equal(loop.timer, 0);
	loop.timer = -1;
	dba_process(db, -1, 0);
	assert_int_equal(out.called, 1);
	assert_int_equal(out.code, DBA_INVALID);
	assert_int_equal(dba_attach(db, &loop, watch, set_timer), DBA_INVALID); /* too late */
	/* a finished request is nothing to wait for or to cancel; so is one that never was */
	assert_true(dba_wait(db, id, 0));
	dba_cancel(db, id);
	dba_resume(db, id);
	assert_true(dba_wait(db, id + 1000, 0));
	dba_cancel(db, id + 1000);
	for (int i = 0; i < 200; i++)
		assert_true(dba_insert(db, "item", "{\"name\": \"x\"}", take_inside, &out) > id);
	while (dba_in_flight(db) > 0)
		turn(&loop, db);
	assert_int_equal(out.called, 201);
	assert_int_equal(out.failed, 1);
	assert_true(loop.count >= 1);
	dba_insert(db, "item", "{\"name\": \"x\"}", outcome_take, &out);
	turn(&loop, db);
	dba_close(db);
	assert_int_equal(out.code, DBA_CLOSED);
	/* nothing is watched any more, nothing timed */
	assert_int_equal(loop.count, 0);
	assert_int_equal(loop.slots, 0);
	assert_int_equal(loop.timer, -1);
}

/* ---------------------------------------------------------------- what leaves when */

static dba_request
next(dba_client *db, Outcome *out)
{
	out->submitted++;
	return dba_insert(db, "item", "{\"name\": \"x\"}", outcome_take, out);
}

/* What a client that was closed had sent may still run: not into this table. */
static void
empty_item(void)
{
	server_poll(server,
				"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
				" AND pid <> pg_backend_pid()",
				"0");
	server_sql(server, "TRUNCATE item RESTART IDENTITY");
}

/* Sends what is queued and reads nothing. */
static void
send_only(dba_client *db)
{
	dba_process(db, -1, 0);
}

/* Ten statements of a transaction are under way before one has been answered. */
static void
test_pipeline(void **state)
{
	dba_client *db =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
	Outcome		out = {0};
	dba_client *tx;

	(void) state;
	empty_item();
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	tx = out.db;
	dba_wait(db, next(tx, &out), -1);	/* described and prepared */
	for (int i = 0; i < 10; i++)
		next(tx, &out);
	send_only(db);
	server_poll(server, "SELECT last_value FROM item_id_seq", "11");
	assert_int_equal(out.called, 2);
	dba_run(db);
	assert_int_equal(out.called, out.submitted);
	assert_int_equal(out.failed, 0);
	assert_string_equal(out.text, "11");
	dba_close(db);
}

/* Autocommit requests share a connection when all are busy, to the depth that is
 * set; one that shares ends locally when it is cancelled. */
static void
test_shared(void **state)
{
	dba_client *db = open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0",
								 "pipeline_depth", "4", "pool_pre_ping", "false", NULL);
	Outcome		out = {0};
	Outcome		cancelled = {0};
	dba_request id;

	(void) state;
	empty_item();
	dba_wait(db, next(db, &out), -1);
	for (int i = 0; i < 3; i++)
		next(db, &out);
	id = next(db, &cancelled);
	for (int i = 0; i < 6; i++)
		next(db, &out);
	send_only(db);
	server_poll(server, "SELECT last_value FROM item_id_seq", "5");
	assert_int_equal(dba_pool_stats(db, "waiting"), 6);
	assert_int_equal(dba_pool_stats(db, "connections"), 1);
	dba_cancel(db, id);
	send_only(db);
	assert_int_equal(cancelled.called, 1);
	assert_int_equal(cancelled.code, DBA_CANCELLED);
	assert_false(cancelled.retryable);
	assert_non_null(strstr(cancelled.message, "may have run"));
	dba_run(db);
	assert_int_equal(out.called, out.submitted);
	assert_int_equal(out.failed, 0);
	assert_string_equal(out.text, "11");
	dba_close(db);
}

static dba_flow
pause_at_once(dba_client *db, const dba_result *row, void *arg)
{
	(void) db;
	(void) row;
	(void) arg;
	return DBA_PAUSE;
}

/* Nothing is put behind the caller's statement, a stream, or a transaction. */
static void
test_not_shared(void **state)
{
	dba_client *db =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);

	(void) state;
	for (int i = 0; i < 3; i++)
	{
		Outcome		first = {0};
		Outcome		out = {0};
		dba_request id = i == 0
							 ? dba_execute(db, "SELECT pg_sleep(3600)", NULL, outcome_take, &first)
						 : i == 1 ? dba_execute_stream(db, "SELECT generate_series(1, 100000)",
													   NULL, pause_at_once, outcome_take, &first)
								  : dba_begin(db, NULL, outcome_take, &first);

		while (dba_pool_stats(db, "busy") == 0 || (i == 2 && first.called == 0))
			dba_wait(db, id, 1);
		next(db, &out);
		send_only(db);
		assert_int_equal(dba_pool_stats(db, "waiting"), 1);
		dba_cancel(db, id);
		if (i == 2)
			dba_close(first.db);
		dba_run(db);
		assert_int_equal(first.called, 1);
		assert_int_equal(out.called, 1);
		assert_string_equal(out.message, "");
	}
	dba_close(db);
}

typedef struct Order
{
	int			number;
	int		   *last;
} Order;

static void
take_in_order(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Order	   *order = arg;

	(void) db;
	(void) result;
	assert_string_equal(dba_error_message(error), "");
	assert_int_equal(order->number, *order->last + 1);
	*order->last = order->number;
}

/* First come, first served, whatever they are. */
static void
test_fair(void **state)
{
	dba_client *db =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
	Order		orders[60];
	int			last = -1;

	(void) state;
	for (int i = 0; i < 60; i++)
	{
		orders[i] = (Order){i, &last};
		assert_true((i % 3 ? dba_insert(db, "item", "{\"name\": \"x\"}", take_in_order, &orders[i])
						   : dba_execute(db, "SELECT 1", NULL, take_in_order, &orders[i])) != 0);
	}
	dba_run(db);
	assert_int_equal(last, 59);
	dba_close(db);
}

/* A statement's name is a hash of its text: 128 bits, the same for every client. */
static void
test_statement_names(void **state)
{
	char		names[2][256];

	(void) state;
	for (int i = 0; i < 2; i++)
	{
		dba_client *db =
			open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
		Outcome		out = {0};

		if (i == 1)
			outcome_wait(db, dba_select(db, "item", "id", NULL, NULL, outcome_take, &out), &out);
		dba_wait(db, next(db, &out), -1);
		snprintf(names[i], sizeof(names[i]), "%s",
				 outcome_of(db, "SELECT name FROM pg_prepared_statements WHERE name ~"
								" '^dba_[0-9a-f]{32}$' AND statement LIKE 'INSERT%'")
					 .text);
		dba_close(db);
	}
	assert_string_not_equal(names[0], "");
	assert_string_equal(names[0], names[1]);
}

/* ---------------------------------------------------------------- threads */

static void
resubmit(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Outcome	   *out = arg;

	outcome_take(db, result, error, arg);
	if (out->submitted < 500)
		next(db, out);
	if (out->called % 50 == 0)
		dba_select(db, "nowhere", NULL, NULL, NULL, NULL, NULL);
}

/* No assertions of cmocka in here: they belong to the main thread. */
static void *
live(void *arg)
{
	Outcome	   *out = arg;
	char		url[128];
	dba_client *db;

	/* a name to be looked up, so that each has its helper too */
	snprintf(url, sizeof(url), "postgresql://postgres@localhost:%d/postgres", server_port(server));
	db = open_client(url, "pool_size", "2", "pool_max_overflow", "1", NULL);
	for (int i = 0; i < 10; i++)
		out->submitted += dba_select(db, "item", "id", "{\"id\": 1}", NULL, resubmit, out) != 0;
	dba_run(db);
	dba_close(db);
	return NULL;
}

/* Clients share nothing. */
static void
test_threads(void **state)
{
	pthread_t	threads[6];
	Outcome		outs[6] = {0};

	(void) state;
	for (int i = 0; i < 6; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, live, &outs[i]), 0);
	for (int i = 0; i < 6; i++)
	{
		pthread_join(threads[i], NULL);
		assert_int_equal(outs[i].called, outs[i].submitted);
		assert_int_equal(outs[i].failed, 0);
	}
}

/* How many lines of a file hold the text. */
static int
count_lines(const char *path, const char *text)
{
	FILE	   *file = fopen(path, "r");
	char		line[1024];
	int			count = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		count += strstr(line, text) != NULL;
	fclose(file);
	return count;
}

static const char *const described[] = {"id", "id, name"};

/* What a plain call reads of the table. */
static void
select_described(dba_client *db, int which, Outcome *out)
{
	outcome_wait(
		db, dba_select(db, "described", described[which], "{\"id\": 40}", NULL, outcome_take, out),
		out);
	assert_string_equal(out->text, "40");
}

/* The statement of a plain call is described once per client, whatever connection
 * meets it, and prepared once on each. */
static void
test_described_once(void **state)
{
	char		path[300];
	dba_client *db;
	dba_client *tx[3];
	Outcome		out = {0};

	(void) state;
	snprintf(path, sizeof(path), "%s/trace", server_dir(server));
	db = open_client(server_url(server), "pool_size", "3", NULL);
	outcome_of(db, "CREATE TABLE described (id int, name text)");
	outcome_of(db, "INSERT INTO described VALUES (40, 'x')");
	dba_close(db);
	db = open_client(server_url(server), "pool_size", "3", "trace", path, NULL);
	for (int i = 0; i < 3; i++)
	{
		outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
		tx[i] = out.db;
	}
	for (int i = 0; i < 12; i++)
		select_described(tx[i % 3], i / 3 % 2, &out);
	assert_int_equal(count_lines(path, "describe: SELECT"), 2);
	for (int i = 0; i < 3; i++)
	{
		assert_string_equal(
			outcome_of(tx[i],
					   "SELECT count(*) FROM pg_prepared_statements"
					   " WHERE statement LIKE '%described%' AND statement NOT LIKE '%pg_prepared%'")
				.text,
			"2");
		dba_close(tx[i]);
	}
	dba_close(db);
	/* another client knows nothing of it */
	unlink(path);
	db = open_client(server_url(server), "trace", path, NULL);
	for (int i = 0; i < 2; i++)
		select_described(db, 0, &out);
	assert_int_equal(count_lines(path, "describe: SELECT"), 1);
	outcome_of(db, "DROP TABLE described");
	dba_close(db);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_attach),	cmocka_unit_test(test_pipeline),
		cmocka_unit_test(test_shared),	cmocka_unit_test(test_not_shared),
		cmocka_unit_test(test_fair),	cmocka_unit_test(test_statement_names),
		cmocka_unit_test(test_threads), cmocka_unit_test(test_described_once),
	};

	return cmocka_run_group_tests(tests, setup, fixture_end);
}
