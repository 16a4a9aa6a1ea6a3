/*
 * httpserver.h
 *		PostgREST before a test server, and an HTTP server that answers what a test
 *		tells it to.
 */
#ifndef TEST_HTTP_H
#define TEST_HTTP_H

#include <sys/types.h>

#include "server.h"

/* keys for JWT_SECRET: a member u1, a member u2, one that has expired */
#define JWT_SECRET "reallyreallyreallyreallyverysafe"
#define JWT_U1                                                                                     \
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoibWVtYmVyIiwidXNlciI6InUxIn0."                \
	"Qul4v0cHOp2fyGtBoLFJngjdzXGZcMoWxnfkyjLS7dY"
#define JWT_U2                                                                                     \
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoibWVtYmVyIiwidXNlciI6InUyIn0."                \
	"SQafWRivbvvH9XF4rqh9zpZYVvGSg7lPrbxfJuWK118"
#define JWT_EXPIRED                                                                                \
	"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJyb2xlIjoibWVtYmVyIiwiZXhwIjoxfQ."                     \
	"6yEL4muPapR_37XJUs31_pWThgxnz969of_6WTLBJ_0"

/* until somebody listens there */
extern void wait_for_port(int port);

/* where npm's packages are; NULL, having said why, where there are none */
extern const char *npm_folder(void);

typedef struct Web
{
	pid_t		pid;
	int			port;
	char		url[64];		/* http://127.0.0.1:port */
	char		log[256];		/* web_start: a file of the requests */
} Web;

/* Roles web_anon, member and authenticator, then PostgREST with 10 rows an answer;
 * tables must be there.  schemas: "public". */
extern void postgrest_roles(const Server *server);
extern Web postgrest_start(const Server *server, const char *schemas);

/*
 * An HTTP server.  GET of its root (…/) is answered with `description` (NULL: like the others);
 * the n-th other request with answers[n], raw bytes, the last one from then on.
 * "HANG": never answered, "STALL:…": that, and then no end, "DROP": closed.  After every answer it closes.
 * Requests are logged as they came, each after a line "---".
 */
extern Web web_start(const char *dir, const char *description, const char *const *answers);
extern void web_stop(Web *web);

/* the log, to be freed, and how many requests it has but for those of the root */
extern char *web_log(const Web *web);
extern int web_count(const Web *web);

#endif							/* TEST_HTTP_H */
