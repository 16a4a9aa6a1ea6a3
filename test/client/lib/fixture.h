/*
 * fixture.h
 *		What most suites stand on: a server, and a client or PostgREST before it.
 *
 * A group's set-up calls one of fixture_server, fixture_client and fixture_postgrest
 * with what the server is to hold; fixture_end is the group's end for all of them.
 */
#ifndef TEST_FIXTURE_H
#define TEST_FIXTURE_H

#include "httpserver.h"
#include "outcome.h"
#include "server.h"

extern Server *server;
extern dba_client *db;
extern Web	rest;				/* pid 0: there is no PostgREST */

/* a server, and SQL run there; with a client of it; with PostgREST for these schemas */
extern int fixture_server(const char *sql);
extern int fixture_client(const char *sql);
extern int fixture_postgrest(const char *sql, const char *schemas);
extern int fixture_end(void **state);

/* around each test: those tables empty and a client with a pool of two and one more;
 * after it nothing is in flight, and the client gone */
extern int fixture_open(const char *tables);
extern int fixture_close(void **state);

/* What is missing is said as the suite's only result; then it has nothing to do. */
extern bool fixture_without_npm(void);
extern bool fixture_without_extension(void);

#endif							/* TEST_FIXTURE_H */
