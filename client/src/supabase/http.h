/*
 * http.h
 *		HTTP exchanges in the client's own event loop, over libcurl's multi interface.
 *
 * libcurl says which sockets to watch and when to be called; both are passed on
 * to the loop the client is in.  Reading requests are tried again, at most three
 * times, on 503, 520 and failures of the network.  Redirects are not followed.
 */
#ifndef DBA_HTTP_H
#define DBA_HTTP_H

#include "core/core.h"
#include "json/json.h"
#include "core/provider.h"
#include "supabase/supabasecurl.h"

typedef struct Http Http;
typedef struct HttpClient HttpClient;

/* what came back */
typedef struct HttpReply
{
	long		status;
	bool		json;			/* by its content type */
	char		content_type[80];
	char		location[200];	/* of a redirect */
	char		server[40];		/* "postgrest/12.0.2" */
	int64_t		rows;			/* Content-Range: how many; -1 unsaid */
	int64_t		total;			/* of how many; -1 unsaid */
	int64_t		retry_after;	/* milliseconds; -1 unsaid */
	Arena		arena;
	JsonValue  *value;			/* the body, when it is JSON and was whole; else NULL */
	char		problem[160];	/* what is wrong with its JSON; "" nothing */
	Buf			text;			/* the beginning of a body that is not JSON */
} HttpReply;

struct Http
{
	/* the owner's; all must live until `done` or http_stop */
	const char *method;
	const char *url;
	struct curl_slist *headers;
	const char *body;			/* NULL: none */
	size_t		body_size;
	int64_t		timeout;		/* milliseconds; 0: none */
	void	   *arg;

	/* Called once, not from inside http_start: error is taken, NULL when there is a reply. */
	void (*done)(Http *http, dba_error *error);

	HttpReply	reply;

	/* private */
	HttpClient *client;
	CURL	   *easy;
	JsonReader	reader;
	JsonBuilder builder;
	int			attempts;
	int64_t		retry_at;		/* waits to be tried again */
	int64_t		heard;			/* when something of the answer came last; CORE_NEVER: not yet */
	bool		interim;		/* a head of status 1xx comes */
	bool		sent;			/* something of it may have reached the service */
	char		message[CURL_ERROR_SIZE];
	Http	   *next;			/* those started */
	Http	   *prev;
};

/* NULL with DBA_NOT_SUPPORTED (no libcurl) or DBA_NO_MEMORY */
extern HttpClient *http_client_new(Core *core, dba_error **err);
extern void http_client_free(HttpClient *client);
extern void http_serve(HttpClient *client, int fd, unsigned events);
extern void http_timers(HttpClient *client, int64_t now);
extern void http_watches(const HttpClient *client, ProviderWatchFn fn, void *arg);
extern PoolCounts http_count(const HttpClient *client);

/* appends a header; false: no memory */
extern bool http_header(HttpClient *client, struct curl_slist **headers, const char *name,
						const char *value);
extern void http_headers_free(HttpClient *client, struct curl_slist *headers);

/* false: no memory.  A second start forgets the first reply. */
extern bool http_start(HttpClient *client, Http *http);
extern void http_stop(Http *http);	/* `done` will not come; frees the reply */

#endif							/* DBA_HTTP_H */
