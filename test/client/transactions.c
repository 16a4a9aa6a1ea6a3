/*
 * transactions.c
 *		Transactions and savepoints, insert_many, listening, a session's state.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

static int
setup(void **state)
{
	(void) state;
	fixture_server(
		"CREATE TABLE item (id int PRIMARY KEY, name text, doc jsonb, tags text[], hidden int)");
	server_sql(
		server,
		"CREATE TABLE guarded (id int, name text); ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;"
		"CREATE TABLE ruled (id int, name text); CREATE RULE r AS ON INSERT TO ruled DO ALSO "
		"NOTHING;");
	return 0;
}

static int
open_db(void **state)
{
	(void) state;
	return fixture_open("item, guarded, ruled");
}

static dba_client *
begin(dba_client *client, const char *options)
{
	Outcome		out = {0};

	outcome_wait(client, dba_begin(client, options, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_true(out.db != client);
	return out.db;
}

static Outcome
end(dba_client *tx, bool commit)
{
	Outcome		out = {0};

	return outcome_wait(
		tx == NULL ? tx : db,
		commit ? dba_commit(tx, outcome_take, &out) : dba_rollback(tx, outcome_take, &out), &out);
}

static void
insert(dba_client *client, int id, dba_code expected)
{
	char		row[64];
	Outcome		out = {0};

	snprintf(row, sizeof(row), "{\"id\": %d}", id);
	outcome_wait(db, dba_insert(client, "item", row, outcome_take, &out), &out);
	assert_int_equal(out.code, expected);
}

static void
test_commit_rollback(void **state)
{
	dba_client *tx = begin(db, NULL);

	(void) state;
	insert(tx, 1, DBA_OK);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item"), "0");
	assert_int_equal(end(tx, true).code, DBA_OK);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item"), "1");
	tx = begin(db, "{\"isolation\": \"serializable\", \"read_only\": true, \"deferrable\": true}");
	assert_string_equal(outcome_of(tx, "SHOW transaction_isolation").text, "serializable");
	assert_string_equal(outcome_of(tx, "SHOW transaction_read_only").text, "on");
	insert(tx, 2, DBA_SERVER);
	assert_int_equal(end(tx, false).code, DBA_OK);
	assert_string_equal(
		server_sql(server, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in tr%'"),
		"0");
}

static void
test_poison(void **state)
{
	dba_client *tx = begin(db, NULL);
	Outcome		out;
	Outcome		burst = {0};

	(void) state;
	insert(tx, 1, DBA_OK);
	out = outcome_of(tx, "SELECT 1/0");
	assert_string_equal(out.sqlstate, "22012");
	out = outcome_of(tx, "SELECT 1");
	assert_string_equal(out.sqlstate, "25P02");
	assert_non_null(strstr(out.message, "division by zero"));
	out = end(tx, true);
	assert_string_equal(out.sqlstate, "25P02");
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item"), "0");

	/* in one burst: what follows the failure fails too, commit included */
	tx = begin(db, NULL);
	for (int i = 0; i < 20; i++)
		burst.submitted +=
			dba_execute(tx, i == 5 ? "SELECT 1/0" : "SELECT 1", NULL, outcome_take, &burst) != 0;
	burst.submitted += dba_commit(tx, outcome_take, &burst) != 0;
	dba_run(db);
	assert_int_equal(burst.called, 21);
	assert_int_equal(burst.failed, 16);
	assert_string_equal(burst.sqlstate, "25P02");
}

static void
test_savepoints(void **state)
{
	dba_client *tx = begin(db, NULL);
	dba_client *inner;
	Outcome		out;

	(void) state;
	insert(tx, 1, DBA_OK);
	inner = begin(tx, NULL);
	out = outcome_of(tx, "SELECT 1");
	assert_int_equal(out.code, DBA_INVALID);
	insert(inner, 2, DBA_OK);
	insert(inner, 1, DBA_SERVER);
	assert_string_equal(end(inner, true).sqlstate, "25P02");
	insert(tx, 3, DBA_OK);
	inner = begin(tx, NULL);
	insert(inner, 4, DBA_OK);
	assert_int_equal(end(inner, true).code, DBA_OK);
	inner = begin(tx, NULL);
	insert(inner, 5, DBA_OK);
	assert_int_equal(end(inner, false).code, DBA_OK);
	assert_int_equal(end(tx, true).code, DBA_OK);
	assert_string_equal(
		server_sql(server, "SELECT string_agg(id::text, ',' ORDER BY id) FROM item"), "1,3,4");
}

static void
test_close_transaction(void **state)
{
	dba_client *tx = begin(db, NULL);
	dba_client *inner;

	(void) state;
	insert(tx, 1, DBA_OK);
	dba_close(tx);
	server_poll(server, "SELECT 1", "1");
	tx = begin(db, NULL);
	inner = begin(tx, NULL);
	insert(inner, 2, DBA_OK);
	dba_close(tx);
	for (int i = 0; i < 5; i++) /* every connection of the pool is usable */
		assert_string_equal(outcome_of(db, "SELECT count(*) FROM item").text, "0");
	tx = begin(db, NULL);
	insert(tx, 3, DBA_OK);		/* left open: dba_close of the client ends it */
}

static void
test_session_state(void **state)
{
	(void) state;
	assert_int_equal(outcome_of(db, "SET work_mem = '1MB'").code, DBA_OK);
	assert_string_equal(outcome_of(db, "SHOW work_mem").text, "4MB");
	assert_int_equal(outcome_of(db, "BEGIN").code, DBA_OK);
	assert_int_equal(outcome_of(db, "INSERT INTO item VALUES (9)").code, DBA_OK);
	assert_string_equal(outcome_of(db, "SELECT count(*) FROM item").text, "1");
	assert_true(dba_pool_stats(db, "connections") <= 2);
}

/* What no reset undoes costs the connection; all else does not. */
static void
test_tainted(void **state)
{
	static const struct
	{
		const char *sql;
		int			opened;
	} cases[] = {
		{"SELECT 1", 0},
		{"SET work_mem = '1MB'", 0},
		{"SET SESSION AUTHORIZATION DEFAULT", 0},
		{"RESET work_mem", 0},
		{"SET LOCAL work_mem = '1MB'", 0},
		{"SELECT set_config('work_mem', '1MB', false)", 0},
		{"LISTEN c", 0},
		{"PREPARE p AS SELECT 1", 1},
		{"DEALLOCATE ALL", 1},
		{"DISCARD PLANS", 0},
		{"DISCARD ALL", 1},
		{"DECLARE c CURSOR WITH HOLD FOR SELECT 1", 0},
		{"CREATE TEMP TABLE x (id int)", 0},
		{"SELECT 1 AS id INTO TEMPORARY y", 0},
		{"SELECT pg_advisory_lock(1)", 0},
		{"SELECT 1 AS temperature, 'set_config pg_advisory'", 0},
		{"CREATE TABLE IF NOT EXISTS z (id int)", 0},
		{"VACUUM item", 0},
	};
	dba_client *one =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);

	(void) state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		int64_t		before;

		outcome_of(one, "SELECT 1");
		before = dba_pool_stats(one, "opened");
		assert_string_equal(outcome_of(one, cases[i].sql).message, "");
		outcome_of(one, "SELECT 1");
		if (dba_pool_stats(one, "opened") - before != cases[i].opened)
			fail_msg("%s", cases[i].sql);
	}
	dba_close(one);
}

/*
 * What a statement leaves in its session is gone for the next one, however it got there:
 * by a function, by a statement that failed, in a transaction.
 */
static void
test_reset(void **state)
{
	static const struct
	{
		const char *change;
		const char *look;
		const char *clean;
	} cases[] = {
		{"SELECT login('7')", "SELECT current_setting('app.user_id', true)", ""},
		{"SET datestyle = 'SQL, DMY'", "SELECT '2024-01-31'::date::text", "2024-01-31"},
		{"SET ROLE guest", "SELECT current_user = session_user", "t"},
		{"SET SESSION AUTHORIZATION guest", "SELECT session_user = 'guest'", "f"},
		{"SELECT pg_advisory_lock(1)", "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'",
		 "0"},
		{"SELECT pg_advisory_lock(1), 1 / (random() * 0)::int",
		 "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'", "0"},
		{"LISTEN c", "SELECT count(*) FROM pg_listening_channels()", "0"},
		{"DECLARE c CURSOR WITH HOLD FOR SELECT 1",
		 "SELECT count(*) FROM pg_cursors WHERE name <> ''", "0"},
		{"CREATE TEMP TABLE gone (id int)", "SELECT to_regclass('gone') IS NULL", "t"},
		{"SELECT nextval('numbers')", "SELECT lastval()", ""},
	};

	(void) state;
	server_sql(server, "CREATE ROLE guest; CREATE SEQUENCE numbers;"
					   "CREATE FUNCTION login(id text) RETURNS text LANGUAGE sql AS "
					   "$$SELECT set_config('app.user_id', id, false)$$");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		dba_client *one =
			open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
		dba_client *tx;
		Outcome		out = {0};

		outcome_of(one, cases[i].change);
		assert_string_equal(outcome_of(one, cases[i].look).text, cases[i].clean);
		outcome_wait(one, dba_begin(one, NULL, outcome_take, &out), &out);
		tx = out.db;
		outcome_of(tx, cases[i].change);
		outcome_wait(tx, dba_commit(tx, outcome_take, &out), &out);
		assert_string_equal(outcome_of(one, cases[i].look).text, cases[i].clean);
		assert_int_equal(dba_pool_stats(one, "opened"), 1);
		dba_close(one);
	}
}

/* Neither a transaction left open nor settings that forbid all keep a reset from its work. */
static void
test_reset_late(void **state)
{
	static const char *const changes[] = {
		"BEGIN",
		"SET default_transaction_read_only = on",
		"SET statement_timeout = 1",
		"SELECT pg_advisory_lock(2), set_config('search_path', 'nowhere', false)",
	};
	dba_client *one =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
	Outcome		out = {0};
	dba_request id;

	(void) state;
	server_sql(server, "CREATE TABLE note (id int)");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
	{
		outcome_of(one, changes[i]);
		assert_string_equal(outcome_of(one, "INSERT INTO note VALUES (1)").message, "");
		outcome_wait(one, dba_begin(one, NULL, outcome_take, &out), &out);
		outcome_of(out.db, changes[i]);
		dba_close(out.db);
		assert_string_equal(outcome_of(one, "INSERT INTO note VALUES (1)").message, "");
		assert_string_equal(
			server_sql(server, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
	}
	assert_int_equal(dba_pool_stats(one, "opened"), 1);
	/* cancelled with the lock taken */
	id = dba_execute(one, "SELECT pg_advisory_lock(3), pg_sleep(3600)", NULL, outcome_take, &out);
	while (strcmp(server_sql(server, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"),
				  "1") != 0)
		dba_wait(one, id, 10);
	dba_cancel(one, id);
	outcome_wait(one, id, &out);
	assert_int_equal(out.code, DBA_CANCELLED);
	assert_string_equal(
		server_sql(server, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
	dba_close(one);
}

/* A cancel that comes when the statement is done costs neither result nor connection. */
static void
test_reset_cancelled(void **state)
{
	dba_client *one =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
	char		params[16];

	(void) state;
	outcome_of(one, "SELECT 1");
	for (int i = 0; i < 120; i++)
	{
		Outcome		out = {0};
		dba_request id;

		snprintf(params, sizeof(params), "[%d]", i % 40);
		id = dba_execute(one, "SELECT pg_sleep($1 / 20000.0)", params, outcome_take, &out);
		dba_process(one, -1, 0);
		dba_wait(one, id, i % 3);
		dba_cancel(one, id);
		outcome_wait(one, id, &out);
		assert_true(out.code == DBA_OK || out.code == DBA_CANCELLED);
		assert_int_equal(out.called, 1);
	}
	assert_string_equal(outcome_of(one, "SELECT 1").text, "1");
	assert_int_equal(dba_pool_stats(one, "opened"), 1);
	dba_close(one);
}

/* The reset is part of the request: a pool of several goes on with one connection. */
static void
test_reset_one_connection(void **state)
{
	dba_client *five = open_client(server_url(server), "pool_size", "5", NULL);
	Outcome		out = {0};

	(void) state;
	for (int i = 0; i < 50; i++)
	{
		assert_string_equal(outcome_of(five, "SELECT 1 AS temperature").text, "1");
		outcome_wait(five, dba_begin(five, NULL, outcome_take, &out), &out);
		outcome_of(out.db, "SELECT 1");
		outcome_wait(five, dba_commit(out.db, outcome_take, &out), &out);
		assert_string_equal(out.message, "");
	}
	assert_int_equal(dba_pool_stats(five, "opened"), 1);
	dba_close(five);
}

static int
prepared_there(dba_client *one)
{
	return atoi(outcome_of(one, "SELECT count(*) FROM pg_prepared_statements"
								" WHERE NOT from_sql AND name !~ '^dba_reset_'")
					.text);
}

/* Our own prepared statements survive a reset; what is lost of them is made again. */
static void
test_reset_prepared(void **state)
{
	dba_client *one =
		open_client(server_url(server), "pool_size", "1", "pool_max_overflow", "0", NULL);
	Outcome		out = {0};

	(void) state;
	server_sql(server, "CREATE FUNCTION forget() RETURNS void LANGUAGE plpgsql AS "
					   "$$BEGIN EXECUTE 'DEALLOCATE ALL'; END$$");
	for (int i = 0; i < 3; i++)
		outcome_wait(one, dba_select(one, "item", "id", "{\"id\": 1}", NULL, outcome_take, &out),
					 &out);
	assert_int_equal(prepared_there(one), 2);
	/* the caller's own mistake is the caller's */
	assert_string_equal(outcome_of(one, "EXECUTE nothing").sqlstate, "26000");
	assert_int_equal(prepared_there(one), 2);
	assert_int_equal(dba_pool_stats(one, "opened"), 1);
	assert_int_equal(dba_pool_stats(one, "retried"), 0);
	for (int i = 0; i < 10; i++)
	{
		assert_string_equal(outcome_of(one, "SELECT forget()").message, "");
		outcome_wait(one, dba_select(one, "item", "id", "{\"id\": 1}", NULL, outcome_take, &out),
					 &out);
		assert_string_equal(out.message, "");
	}
	dba_close(one);
}

/* always: also after plain calls, whose triggers may do anything; never: the caller's. */
static void
test_reset_setting(void **state)
{
	static const char *const settings[] = {"smart", "always", "never"};
	static const char *const after_call[] = {"", "", "8"};
	static const char *const after_insert[] = {"9", "", "9"};

	(void) state;
	server_sql(server, "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS "
					   "$$BEGIN PERFORM set_config('app.user_id', '9', false); RETURN NULL; END$$;"
					   "CREATE TABLE noted (id int); CREATE TRIGGER note AFTER INSERT ON noted "
					   "FOR EACH ROW EXECUTE FUNCTION note()");
	for (size_t i = 0; i < 3; i++)
	{
		dba_client *one = open_client(server_url(server), "pool_size", "1", "pool_max_overflow",
									  "0", "reset", settings[i], NULL);
		Outcome		out = {0};

		outcome_wait(one, dba_call(one, "login", "[\"8\"]", outcome_take, &out), &out);
		assert_string_equal(out.text, "8");
		assert_string_equal(outcome_of(one, "SELECT current_setting('app.user_id', true)").text,
							after_call[i]);
		outcome_wait(one, dba_insert(one, "noted", "{\"id\": 1}", outcome_take, &out), &out);
		assert_string_equal(outcome_of(one, "SELECT current_setting('app.user_id', true)").text,
							after_insert[i]);
		assert_int_equal(dba_pool_stats(one, "opened"), 1);
		dba_close(one);
	}
}

static void
test_options(void **state)
{
	static const char *const wrong[] = {"{\"isolation\": \"serialisable\"}",
										"{\"isolation\": 1}",
										"{\"read_only\": \"yes\"}",
										"{\"readonly\": true}",
										"[]",
										"{"};

	(void) state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
	{
		Outcome		out = {0};

		outcome_wait(db, dba_begin(db, wrong[i], outcome_take, &out), &out);
		if (out.code != DBA_INVALID || out.message[0] == '\0')
			fail_msg("%s", wrong[i]);
	}
	assert_int_equal(dba_pool_stats(db, "opened"), 0);
}

static void
insert_many(const char *table, int rows, bool uneven, dba_code code, int64_t count)
{
	static char json[200000];
	size_t		len = 0;
	Outcome		out = {0};

	len += (size_t) sprintf(json + len, "[");
	for (int i = 0; i < rows; i++)
		len += (size_t) sprintf(json + len, "%s{\"id\": %d, \"name\": \"n\\t\\\\%d\\n\"%s}",
								i ? "," : "", i, i, uneven && i == 7 ? "" : ", \"_x\": 1");
	if (uneven)
		len += (size_t) sprintf(json + len, ",{\"id\": %d}", rows);
	sprintf(json + len, "]");
	outcome_wait(db, dba_insert_many(db, table, json, outcome_take, &out), &out);
	assert_int_equal(out.code, code);
	assert_int_equal(out.count, count);
}

static void
test_insert_many(void **state)
{
	Outcome		out = {0};

	(void) state;
	insert_many("item", 3000, false, DBA_OK, 3000); /* COPY */
	assert_string_equal(
		server_sql(server, "SELECT count(*) FROM item WHERE name = E'n\\t\\\\' || id || E'\\n'"),
		"3000");
	insert_many("item", 3000, false, DBA_SERVER, 0);	/* all or none */
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item"), "3000");
	server_sql(server, "TRUNCATE item");
	insert_many("item", 2500, true, DBA_OK, 2501);	/* uneven: batches */
	insert_many("guarded", 1500, false, DBA_OK, 1500);	/* row security: batches */
	insert_many("ruled", 1500, false, DBA_OK, 1500);
	insert_many("nowhere", 1500, false, DBA_SERVER, 0);
	outcome_wait(db, dba_insert_many(db, "item", "[]", outcome_take, &out), &out);
	outcome_wait(db,
				 dba_insert_many(db, "item",
								 "[{\"id\": 5000, \"doc\": [1], \"tags\": [\"x\"]},"
								 "{\"id\": 5001, \"doc\": null, \"tags\": null}]",
								 outcome_take, &out),
				 &out);
	assert_int_equal(out.count, 2);
	assert_string_equal(
		server_sql(server, "SELECT doc::text || tags::text FROM item WHERE id = 5000"), "[1]{x}");
}

/* {} among rows, or all of them: every column has its default. */
static void
test_insert_many_defaults(void **state)
{
	static char json[20000];
	Outcome		out = {0};
	size_t		len;

	(void) state;
	server_sql(server, "CREATE TABLE made (id serial PRIMARY KEY, name text DEFAULT 'd', n int)");
	outcome_wait(db, dba_insert_many(db, "made", "[{}, {}, {}]", outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.count, 3);
	outcome_wait(
		db,
		dba_insert_many(db, "made", "[{}, {\"n\": 5}, {}, {\"name\": null}]", outcome_take, &out),
		&out);
	assert_int_equal(out.count, 4);
	len = (size_t) sprintf(json, "[{\"n\": 7}");
	for (int i = 0; i < 1000; i++)
		len += (size_t) sprintf(json + len, i % 3 ? ",{}" : ",{\"n\": 7}");
	strcpy(json + len, "]");
	outcome_wait(db, dba_insert_many(db, "made", json, outcome_take, &out), &out);
	assert_string_equal(out.message, "");
	assert_int_equal(out.count, 1001);
	assert_string_equal(server_sql(server,
								   "SELECT concat_ws(' ', count(*), count(name), count(n),"
								   " count(*) FILTER (WHERE name = 'd'), sum(n)) FROM made"),
						"1008 1007 336 1007 2350");
	outcome_wait(db, dba_insert_many(db, "made", "[{\"_x\": 1}]", outcome_take, &out), &out);
	assert_int_equal(out.code, DBA_INVALID);
}

typedef struct Notes
{
	int			ready;
	int			notes;
	char		payload[64];
	Outcome		out;
} Notes;

static void
take_note(dba_client *client, const char *channel, const char *payload, int pid, void *arg)
{
	Notes	   *notes = arg;

	(void) client;
	(void) pid;
	assert_string_equal(channel, "a \"b\"");
	if (payload == NULL)
		notes->ready++;
	else
	{
		notes->notes++;
		snprintf(notes->payload, sizeof(notes->payload), "%s", payload);
	}
}

static void
take_listen_end(dba_client *client, const dba_result *result, const dba_error *error, void *arg)
{
	outcome_take(client, result, error, &((Notes *) arg)->out);
}

static void
test_listen(void **state)
{
	Notes		notes = {0};
	dba_request id = dba_listen(db, "a \"b\"", take_note, take_listen_end, &notes);

	(void) state;
	while (!notes.ready)
		dba_wait(db, id, 10);
	assert_int_equal(dba_run(db), DBA_OK);	/* a listener does not keep it */
	assert_int_equal(outcome_of(db, "SELECT pg_notify('a \"b\"', 'hello')").code, DBA_OK);
	while (!notes.notes)
		dba_wait(db, id, 10);
	assert_string_equal(notes.payload, "hello");
	dba_cancel(db, id);
	assert_true(dba_wait(db, id, 300000));
	assert_int_equal(notes.out.code, DBA_CANCELLED);
	notes = (Notes){0};
	id = dba_listen(db, "a \"b\"", take_note, take_listen_end, &notes);
	while (!notes.ready)
		dba_wait(db, id, 10);
	server_sql(server,
			   "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'");
	assert_true(dba_wait(db, id, 300000));
	assert_int_equal(notes.out.code, DBA_CONNECT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_commit_rollback, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_poison, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_savepoints, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_close_transaction, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_session_state, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_tainted, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_reset, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_reset_late, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_reset_cancelled, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_reset_one_connection, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_reset_prepared, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_reset_setting, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_options, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_insert_many, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_insert_many_defaults, open_db, fixture_close),
		cmocka_unit_test_setup_teardown(test_listen, open_db, fixture_close),
	};

	return cmocka_run_group_tests(tests, setup, fixture_end);
}
