/*
 * provider.h
 *		What a service must be able to do: one table of functions a provider.
 *
 * The public calls check and read what they are given, make a Request, and hand
 * both over; a provider says what to send and takes part in dba_process.  Nothing
 * above this table knows which provider a client has.
 */
#ifndef DBA_PROVIDER_H
#define DBA_PROVIDER_H

#include "core/core.h"
#include "sql/query.h"

/* a descriptor that the built-in loop polls */
typedef void (*ProviderWatchFn)(void *arg, int fd, unsigned events);

/* connections, for dba_pool_stats */
typedef struct PoolCounts
{
	int64_t		connections;	/* idle and busy */
	int64_t		idle;
	int64_t		busy;
	int64_t		connecting;
} PoolCounts;

/* how a transaction is to begin */
typedef struct BeginOptions
{
	const char *isolation;		/* "read committed" …; NULL: the session's */
	int			read_only;		/* 1, 0; -1: the session's */
	int			deferrable;
} BeginOptions;

struct Provider
{
	const char *name;

	/* makes core->state; NULL: it is made at first need.  false: an error */
	bool (*open)(Core *core, dba_error **err);

	/*
	 * What a request of each public call does.  Each submits the request, or its
	 * failure (`error`, taken; NULL: none so far), and returns its number.  Rows
	 * and arguments live in `arena`, which is taken over.
	 */
	dba_request (*select)(Request *request, const dba_query *query);
	dba_request (*insert)(Request *request, const dba_query *query, Arena *arena,
						  const JsonValue *row, dba_error *error);
	/* Several statements, perhaps, so it makes its own request. */
	dba_request (*insert_many)(dba_client *db, const dba_query *query, Arena *arena,
							   JsonValue *rows, dba_error *error, dba_callback cb, void *arg);
	dba_request (*update)(Request *request, const dba_query *query, Arena *arena,
						  const JsonValue *row, dba_error *error);
	dba_request (*remove)(Request *request, const dba_query *query);
	dba_request (*execute)(Request *request, const char *sql, Arena *arena, const JsonValue *params,
						   dba_error *error);
	dba_request (*call)(Request *request, const char *function, Arena *arena, const JsonValue *args,
						dba_error *error);
	dba_request (*backup)(dba_client *db, const char *options, dba_sink_fn sink,
						  dba_progress_fn progress, dba_callback cb, void *arg);
	dba_request (*restore)(dba_client *db, const char *options, dba_source_fn source,
						   dba_progress_fn progress, dba_callback cb, void *arg);
	dba_request (*test)(dba_client *db, dba_callback cb, void *arg);
	dba_request (*validate)(dba_client *db, dba_callback cb, void *arg);
	dba_request (*listen)(Request *request, dba_error *error);	/* on request->listen.channel */

	/*
	 * --- transactions: begin gives its request the handle that its callback gets
	 * (request->tx.begun); end commits or rolls back request->db, by the request's kind.
	 */
	dba_request (*begin)(Request *request, const BeginOptions *options, dba_error *error);
	dba_request (*end)(Request *request);
	void (*abandon)(dba_client *tx);	/* dba_close on it: rolls back, tells nobody */

	/* --- requests under way */
	void (*queue)(Request *request);	/* submitted: into a queue, or failed */
	bool (*cancel)(Request *request);	/* sent: asks the server to end it; false: nobody to ask */
	void (*leave)(Request *request);	/* it has its result or error */
	void (*resume)(Request *request);	/* a stream goes on */
	void (*called_back)(Request *request);	/* its callback has returned: frees what is over */

	/* --- dba_process */
	void (*serve)(Core *core, int fd, unsigned events);
	void (*timers)(Core *core, int64_t now);	/* ends what is too late, announces what will be */
	void (*dispatch)(Core *core);	/* sends what waits */
	void (*sweep)(Core *core);	/* frees what is over */
	void (*watches)(const Core *core, ProviderWatchFn fn, void *arg);
	PoolCounts (*count)(const Core *core);
	void (*close)(Core *core);	/* every request has called back */
};

#endif							/* DBA_PROVIDER_H */
