/*
 * fixture.c
 *		What most suites stand on: a server, and a client or PostgREST before it.
 *
 * A server takes a second to start, so a suite has one and each test empties its
 * tables.  A test ends with nothing in flight: what one leaves behind, the next would
 * have to explain.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

Server	   *server;
dba_client *db;
Web			rest;

int
fixture_server(const char *sql)
{
	if (server == NULL)
		server = server_start(NULL);
	server_sql(server, sql);
	return 0;
}

int
fixture_client(const char *sql)
{
	fixture_server(sql);
	db = open_client(server_url(server), NULL);
	return 0;
}

/* PostgREST reads the schema when it starts. */
int
fixture_postgrest(const char *sql, const char *schemas)
{
	server = server_start(NULL);
	postgrest_roles(server);
	server_sql(server, sql);
	rest = postgrest_start(server, schemas);
	return 0;
}

int
fixture_end(void **state)
{
	(void) state;
	dba_close(db);
	db = NULL;
	web_stop(&rest);
	server_free(server);
	server = NULL;
	return 0;
}

int
fixture_open(const char *tables)
{
	char		sql[256];

	snprintf(sql, sizeof(sql), "TRUNCATE %s", tables);
	server_sql(server, sql);
	db = open_client(server_url(server), "pool_size", "2", "pool_max_overflow", "1", NULL);
	return 0;
}

int
fixture_close(void **state)
{
	(void) state;
	assert_int_equal(dba_in_flight(db), 0);
	dba_close(db);
	db = NULL;
	return 0;
}

static bool
passed_over(const char *why)
{
	printf("1..1\nok 1 # skip %s\n", why);
	return true;
}

bool
fixture_without_npm(void)
{
	return npm_folder() == NULL && passed_over("npm");
}

bool
fixture_without_extension(void)
{
	if (fixture_server("SELECT") == 0 &&
		strcmp(server_sql(server,
						  "SELECT count(*) FROM pg_available_extensions WHERE name = 'db_adapter'"),
			   "1") == 0)
		return false;
	fixture_end(NULL);
	return passed_over("the extension is not installed");
}
