/*
 * bouncer.h
 *		PgBouncer before a test's server.
 *
 * PGBOUNCER names another program than the one installed.
 */
#ifndef TEST_BOUNCER_H
#define TEST_BOUNCER_H

#include "server.h"

typedef struct Bouncer
{
	char	   *dir;
	int			port;
	char		url[256];
} Bouncer;

extern bool bouncer_installed(void);

/* does it follow prepared statements (from 1.21 on)? */
extern bool bouncer_knows_prepared(void);

/* mode: "session" or "transaction"; more: further lines of its configuration */
extern void bouncer_start(Bouncer *bouncer, const Server *server, const char *mode,
						  const char *more);
extern void bouncer_stop(Bouncer *bouncer);

#endif							/* TEST_BOUNCER_H */
