/*
 * pooler.c
 *		Behind PgBouncer, in session and in transaction mode.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <libpq-fe.h>

#include "outcome.h"
#include "server.h"

static Server *server;
static char *dir;
static int	port;
static char url[256];

static const char *
pgbouncer(void)
{
	return access("/usr/sbin/pgbouncer", X_OK) == 0 ? "/usr/sbin/pgbouncer" : "pgbouncer";
}

static void
write_ini(const char *mode)
{
	char		path[256];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/pgbouncer.ini", dir);
	file = fopen(path, "w");
	fprintf(file,
			"[databases]\npostgres = host=%s port=%d\n[pgbouncer]\nlisten_addr = "
			"127.0.0.1\nlisten_port = %d\n"
			"unix_socket_dir =\nauth_type = trust\nauth_file = %s/users\nlogfile = %s/log\npidfile "
			"= %s/pid\npool_mode = %s\ndefault_pool_size = 3\n",
			server_dir(server), server_port(server), port, dir, dir, dir, mode);
	fclose(file);
	snprintf(path, sizeof(path), "%s/users", dir);
	file = fopen(path, "w");
	fprintf(file, "\"postgres\" \"\"\n");
	fclose(file);
}

static void
start(const char *mode)
{
	char		ini[256];
	const char *argv[] = {pgbouncer(), "-d", "-q", ini, NULL};
	struct timespec pause = {0, 20000000};

	port = free_port();
	write_ini(mode);
	snprintf(ini, sizeof(ini), "%s/pgbouncer.ini", dir);
	assert_int_equal(run_program(true, argv), 0);
	snprintf(url, sizeof(url), "postgresql://postgres@127.0.0.1:%d/postgres", port);
	for (int i = 0; i < 500; i++)
	{
		PGconn	   *pg = PQconnectdb(url);
		bool		ok = PQstatus(pg) == CONNECTION_OK;

		PQfinish(pg);
		if (ok)
			return;
		nanosleep(&pause, NULL);
	}
	abort();
}

static void
stop(void)
{
	char		command[256];
	const char *argv[] = {"sh", "-c", command, NULL};

	snprintf(command, sizeof(command),
			 "kill $(cat %s/pid) && while kill -0 $(cat %s/pid 2>/dev/null) 2>/dev/null;"
			 " do sleep 0.05; done; rm -f %s/pid",
			 dir, dir, dir);
	run_program(false, argv);
}

static int
setup(void **state)
{
	(void) state;
	server = server_start(NULL);
	server_sql(server,
			   "CREATE TABLE item (id serial PRIMARY KEY, name text, doc jsonb, tags text[])");
	server_sql(server, "ALTER SYSTEM SET datestyle = 'SQL, DMY'");
	server_sql(server, "SELECT pg_reload_conf()");
	dir = make_dir();
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

static void
use(dba_client *db)
{
	Outcome		out = {0};
	Outcome		slow = {0};
	dba_request id;
	dba_client *tx;

	for (int i = 0; i < 300; i++)
		out.submitted +=
			(i % 2 ? dba_insert(db, "item", "{\"doc\": [1], \"tags\": [\"a\"]}", outcome_take, &out)
				   : dba_select(db, "item", "id, doc", "{\"tags\": [\"a\"]}", NULL, outcome_take,
								&out)) != 0;
	dba_run(db);
	assert_string_equal(out.message, "");
	assert_int_equal(out.called, 300);
	assert_int_equal(out.failed, 0);
	outcome_wait(db, dba_begin(db, NULL, outcome_take, &out), &out);
	tx = out.db;
	for (int i = 0; i < 20; i++)
		out.submitted += dba_insert(tx, "item", "{\"name\": \"t\"}", outcome_take, &out) != 0;
	out.submitted += dba_commit(tx, outcome_take, &out) != 0;
	dba_run(db);
	assert_int_equal(out.failed, 0);
	assert_int_equal(out.called, out.submitted);
	assert_string_equal(server_sql(server, "SELECT count(*) FROM item WHERE name = 't'"), "20");
	assert_string_equal(outcome_of(db, "SELECT '2024-01-31'::date").text, "2024-01-31");
	id = dba_execute(db, "SELECT pg_sleep(60)", NULL, outcome_take, &slow);
	while (strcmp(server_sql(
					  server,
					  "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'"
					  " AND state = 'active'"),
				  "1") != 0)
		dba_wait(db, id, 10);
	dba_cancel(db, id);
	outcome_wait(db, id, &slow);
	assert_int_equal(slow.code, DBA_CANCELLED);
	server_sql(server, "TRUNCATE item");
}

static void
test_mode(const char *mode)
{
	dba_client *db;
	dba_client *other;
	const char *size = strcmp(mode, "session") == 0 ? "1" : "4";
	Outcome		out = {0};

	start(mode);
	db = open_client(url, "pool_size", "3", "pool_max_overflow", "0", NULL);
	use(db);
	assert_int_equal(dba_pool_stats(db, "retried"), 0);
	dba_close(db);

	/* prepared statements forced: what another client prepared there is met */
	db = open_client(url, "pool_size", size, "pool_max_overflow", "0", "prepare", "on", NULL);
	other = open_client(url, "pool_size", size, "pool_max_overflow", "0", "prepare", "on", NULL);
	for (int round = 0; round < 3; round++)
	{
		for (int i = 0; i < 50; i++)
		{
			out.submitted +=
				dba_select(db, "item", "id, name", "{\"id\": 1}", NULL, outcome_take, &out) != 0;
			out.submitted +=
				dba_select(other, "item", "id, name", "{\"id\": 1}", NULL, outcome_take, &out) != 0;
		}
		dba_run(db);
		dba_run(other);
	}
	assert_int_equal(out.called, 300);
	assert_int_equal(out.failed, 0);
	dba_close(db);
	dba_close(other);
	stop();
}

static void
test_session(void **state)
{
	(void) state;
	test_mode("session");
}

static void
test_transaction(void **state)
{
	(void) state;
	test_mode("transaction");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_transaction),
	};
	const char *probe[] = {pgbouncer(), "--version", NULL};

	if (run_program(false, probe) != 0)
	{
		printf("1..1\nok 1 # skip PgBouncer is not installed\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
