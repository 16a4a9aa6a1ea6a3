/*
 * pooler.c
 *		Behind PgBouncer, in session and in transaction mode; from its 1.21 on
 *		with prepared statements of its own.
 *
 * PGBOUNCER names another program than the one installed.
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
	const char *chosen = getenv("PGBOUNCER");

	if (chosen != NULL && chosen[0] != '\0')
		return chosen;
	return access("/usr/sbin/pgbouncer", X_OK) == 0 ? "/usr/sbin/pgbouncer" : "pgbouncer";
}

/* "PgBouncer 1.18.0" */
static bool
knows_prepared_statements(void)
{
	char		command[300];
	int			major = 0;
	int			minor = 0;
	FILE	   *pipe;

	snprintf(command, sizeof(command), "%s --version 2>/dev/null", pgbouncer());
	pipe = popen(command, "r");
	if (pipe == NULL)
		return false;
	if (fscanf(pipe, "PgBouncer %d.%d", &major, &minor) != 2)
		minor = 0;
	pclose(pipe);
	return major > 1 || minor >= 21;
}

static void
write_ini(const char *mode, const char *more)
{
	char		path[256];
	FILE	   *file;

	snprintf(path, sizeof(path), "%s/pgbouncer.ini", dir);
	file = fopen(path, "w");
	fprintf(file,
			"[databases]\npostgres = host=%s port=%d\n[pgbouncer]\nlisten_addr = "
			"127.0.0.1\nlisten_port = %d\n"
			"unix_socket_dir =\nauth_type = trust\nauth_file = %s/users\nlogfile = %s/log\npidfile "
			"= %s/pid\npool_mode = %s\ndefault_pool_size = 3\n%s",
			server_dir(server), server_port(server), port, dir, dir, dir, mode, more);
	fclose(file);
	snprintf(path, sizeof(path), "%s/users", dir);
	file = fopen(path, "w");
	fprintf(file, "\"postgres\" \"\"\n");
	fclose(file);
}

static void
start(const char *mode, const char *more)
{
	char		ini[256];
	const char *argv[] = {pgbouncer(), "-d", "-q", ini, NULL};
	struct timespec pause = {0, 20000000};

	port = free_port();
	write_ini(mode, more);
	snprintf(ini, sizeof(ini), "%s/pgbouncer.ini", dir);
	assert_int_equal(run_program(true, argv), 0);
	snprintf(url, sizeof(url), "postgresql://postgres@127.0.0.1:%d/postgres", port);
	for (int i = 0; i < 15000; i++)
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
	id = dba_execute(db, "SELECT pg_sleep(3600)", NULL, outcome_take, &slow);
	while (strcmp(server_sql(
					  server,
					  "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)'"
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

	start(mode, knows_prepared_statements() ? "max_prepared_statements = 0\n" : "");
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

/* The pooler follows prepared statements: they may be on, and none is mixed up,
 * not even when more are made than a connection keeps. */
static void
test_prepared(void **state)
{
	dba_client *clients[2];
	Outcome		out = {0};

	(void) state;
	if (!knows_prepared_statements())
	{
		printf("# this PgBouncer is older than 1.21 and knows no prepared statements\n");
		skip();
	}
	start("transaction", "max_prepared_statements = 20\n");
	for (int i = 0; i < 2; i++)
		clients[i] = open_client(url, "pool_size", "4", "pool_max_overflow", "0", "prepare", "on",
								 "prepared_max", "8", NULL);
	for (int i = 0; i < 600; i++)
	{
		char		columns[64];

		snprintf(columns, sizeof(columns), "id, name as n%d", i / 2 % 15);
		out.submitted += dba_select(clients[i % 2], "item", columns, "{\"id\": 1}", NULL,
									outcome_take, &out) != 0;
		if (i % 50 == 49)
		{
			dba_run(clients[0]);
			dba_run(clients[1]);
		}
	}
	assert_int_equal(out.called, 600);
	assert_int_equal(out.failed, 0);
#ifdef LIBPQ_HAS_CLOSE_PREPARED
	assert_int_equal(dba_pool_stats(clients[0], "retried"), 0);
	assert_int_equal(dba_pool_stats(clients[1], "retried"), 0);
#endif
	dba_close(clients[0]);
	dba_close(clients[1]);
	stop();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_session),
		cmocka_unit_test(test_transaction),
		cmocka_unit_test(test_prepared),
	};
	const char *probe[] = {pgbouncer(), "--version", NULL};

	if (run_program(false, probe) != 0)
	{
		printf("1..1\nok 1 # skip PgBouncer is not installed\n");
		return 0;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
