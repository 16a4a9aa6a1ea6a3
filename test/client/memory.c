/*
 * memory.c
 *		Out of memory at every n-th allocation; and 100,000 requests that leave
 *		nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "oom.h"
#include "fixture.h"

static int
setup(void **state)
{
	(void) state;
	return fixture_server(
		"CREATE TABLE item (id int PRIMARY KEY, name text, tags text[], m int[])");
}

static dba_flow
take_row(dba_client *db, const dba_result *row, void *arg)
{
	(void) db;
	(void) row;
	(void) arg;
	return DBA_CONTINUE;
}

static char rows_json[20000];

static void
submit_on_tx(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Outcome	   *out = arg;

	outcome_take(db, result, error, out);
	if (error != NULL)
		return;
	out->submitted +=
		dba_insert(db, "item", "{\"id\": 2, \"tags\": [\"a\"]}", outcome_take, out) != 0;
	out->submitted += dba_begin(db, NULL, outcome_take, out) != 0;
	dba_close(db);
}

/* A life of a client: what is accepted is called back, whatever fails. */
static void
live(dba_client *db, Outcome *out)
{
	if (db == NULL)
		return;
	out->submitted += dba_select(db, "item", "id, name", "{\"id\": {\"in\": [1, 2]}}", "id",
								 outcome_take, out) != 0;
	out->submitted +=
		dba_insert(db, "item", "{\"id\": 1, \"name\": \"x\", \"m\": [1]}", outcome_take, out) != 0;
	out->submitted += dba_begin(db, "{\"read_only\": false}", submit_on_tx, out) != 0;
	out->submitted +=
		dba_execute_stream(db, "SELECT * FROM pg_class", NULL, take_row, outcome_take, out) != 0;
	out->submitted += dba_insert_many(db, "item", rows_json, outcome_take, out) != 0;
	out->submitted += dba_delete(db, "item", "{\"id\": {\"gt\": 0}}", outcome_take, out) != 0;
	if (dba_run(db) != DBA_OK)
		dba_wait(db, 1, 100);
	dba_close(db);
}

/* A life in which the at-th allocation fails (and all after it); did it come to
 * that one? */
static bool
live_without_memory(const char *url, size_t at, bool stays)
{
	struct timespec pause = {0, 1000000};
	Outcome		out = {0};
	dba_client *db;
	bool		hit;

	if (stays)
		oom_after(at);
	else
		oom_once(at);
	db = dba_open(url, NULL);
	if (db != NULL)
		dba_set(db, "checkout_timeout_seconds", "2", NULL);
	live(db, &out);
	hit = oom_hit();
	oom_after(0);
	if (out.called != out.submitted)
		fail_msg("allocation %zu: %d submitted, %d called back", at, out.submitted, out.called);
	for (int i = 0; i < 60000 && oom_outstanding() != 0; i++)
		nanosleep(&pause, NULL);	/* the helper thread may still be leaving */
	if (oom_outstanding() != 0)
		fail_msg("allocation %zu: %zu blocks left", at, oom_outstanding());
	return hit;
}

static void
test_every_allocation(void **state)
{
	char		url[128];
	Outcome		out = {0};

	(void) state;
	strcpy(rows_json, "[");
	for (int i = 100; i < 220; i++)
		sprintf(rows_json + strlen(rows_json), "%s{\"id\": %d, \"name\": \"n\"}",
				i > 100 ? "," : "", i);
	strcat(rows_json, "]");
	snprintf(url, sizeof(url), "postgresql://postgres@localhost:%d/postgres", server_port(server));
	live(open_client(url, NULL), &out);
	assert_int_equal(out.failed, 2);	/* queued on a transaction that was closed */
	assert_int_equal(out.called, out.submitted);
	for (size_t at = 1, hit = 1; hit; at++)
	{
		if (at % 10 == 0)
			server_sql(server, "TRUNCATE item");
		hit = live_without_memory(url, at, false);
		if (at % 5 == 0)
			live_without_memory(url, at, true);
	}
}

static void
resubmit(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Outcome	   *out = arg;
	char		filter[32];

	outcome_take(db, result, error, out);
	if (out->submitted >= 100000)
		return;
	snprintf(filter, sizeof(filter), "{\"id\": %d}", out->submitted);
	out->submitted += dba_select(db, "item", "id", filter, NULL, resubmit, out) != 0;
}

static void
test_100000_requests(void **state)
{
	dba_client *db =
		open_client(server_url(server), "pool_size", "4", "pool_max_overflow", "2", NULL);
	Outcome		out = {0};
	size_t		blocks;

	(void) state;
	for (int i = 0; i < 1000; i++)
		out.submitted += dba_select(db, "item", "id", NULL, NULL, resubmit, &out) != 0;
	dba_run(db);
	blocks = oom_outstanding();
	assert_int_equal(out.called, 100000);
	assert_int_equal(out.failed, 0);
	assert_int_equal(dba_in_flight(db), 0);
	assert_true(blocks < 500);	/* connections, statements, the client: no requests */
	assert_true(dba_pool_stats(db, "opened") <= 6);
	dba_close(db);
	assert_int_equal(oom_outstanding(), 0);
	server_poll(server,
				"SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
				" AND pid <> pg_backend_pid()",
				"0");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_100000_requests),
		cmocka_unit_test(test_every_allocation),
	};

	return cmocka_run_group_tests(tests, setup, fixture_end);
}
