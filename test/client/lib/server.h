/*
 * server.h
 *		A PostgreSQL server of the test's own, and a proxy before it.
 *
 * Everything is in a temporary directory and gone after server_free, or soon
 * after a test that ended without it (TEST_KEEP keeps the directory).  As root
 * the server runs as TEST_USER (default: postgres, else nobody).
 */
#ifndef TEST_SERVER_H
#define TEST_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

typedef struct Server Server;

/* initdb, start; conf: lines for postgresql.conf, may be NULL.  Exits on failure. */
extern Server *server_start(const char *conf);

/* a copy of it that follows it (a hot standby), started */
extern Server *server_standby(Server *primary);
extern void server_promote(Server *server);

/* pg_ctl; mode: "fast" or "immediate" */
extern void server_stop(Server *server, const char *mode);
extern void server_start_again(Server *server);
extern void server_free(Server *server);

/* postgresql://… over the socket; over TCP (127.0.0.1) */
extern const char *server_url(const Server *server);
extern const char *server_tcp_url(const Server *server);
extern int server_port(const Server *server);
extern const char *server_dir(const Server *server);

/* runs SQL with libpq, blocking; the first value as text (static), "" for none.
 * Exits when it fails. */
extern const char *server_sql(const Server *server, const char *sql);

/* waits until the query answers `value` */
extern void server_poll(const Server *server, const char *sql, const char *value);

/* appends to pg_hba.conf's place: the whole file's new text, reloaded */
extern void server_set_hba(Server *server, const char *text);

/* a free TCP port */
extern int free_port(void);

/* runs a program; as_owner: as the user servers run as.  Its exit status. */
extern int run_program(bool as_owner, const char *const *argv);

/* a directory that user can write, removed by remove_dir */
extern char *make_dir(void);
extern void remove_dir(const char *dir);

/* --- a proxy to the server's socket, in a process of its own */
typedef enum ProxyMode
{
	PROXY_PASS,
	PROXY_BYTES,				/* one byte at a time, both ways */
	PROXY_DELAY,				/* holds each piece back for `limit` milliseconds */
	PROXY_CUT,					/* closes after `limit` bytes from the server */
	PROXY_CUT_UP,				/* closes after `limit` bytes to the server */
	PROXY_SILENT,				/* accepts and says nothing */
	PROXY_HANG,					/* passes `limit` bytes from the server, then nothing more */
	PROXY_COUNT					/* counts what passes */
} ProxyMode;

/* Of connections that stand. */
typedef struct Traffic
{
	long		trips;			/* times the client spoke after the server had */
	long		executes;		/* portals that were run */
} Traffic;

typedef struct Proxy
{
	pid_t		pid;
	int			port;
	char		url[128];
	volatile Traffic *traffic;	/* with PROXY_COUNT */
} Proxy;

extern Proxy proxy_start(const Server *server, ProxyMode mode, long limit);
extern void proxy_stop(Proxy *proxy);

#endif							/* TEST_SERVER_H */
