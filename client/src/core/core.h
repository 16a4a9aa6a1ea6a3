/*
 * core.h
 *		The asynchronous core: client and request.
 *
 * Submitting only queues.  All work happens in dba_process (coreprocess.c): sockets are
 * served, finished requests are called back, queued ones are sent, and watches
 * and the timer are brought up to date, in this order.  So a callback never runs
 * inside a submitting call, and what callbacks submit goes out in one burst.
 *
 * A dba_client is either the pool's handle (core->self) or a transaction's; both
 * lead to the same Core.  What a transaction, a connection or an exchange is, its
 * provider alone knows: here they are names.
 */
#ifndef DBA_CORE_H
#define DBA_CORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "db_adapter.h"
#include "base/error.h"
#include "base/helper.h"
#include "sql/result.h"
#include "sql/stmt.h"
#include "sql/types.h"

typedef struct Core Core;
typedef struct Conn Conn;
typedef struct Tx Tx;
typedef struct Request Request;
typedef struct Group Group;
typedef struct ParamSet ParamSet;
typedef struct Identity Identity;
typedef struct Provider Provider;
typedef struct Exchange Exchange;
typedef struct Trace Trace;

#define CORE_NEVER INT64_MAX

/* a doubly linked list of requests through `links[which]` */
typedef struct RequestList
{
	Request	   *head;
	Request	   *tail;
	size_t		count;
} RequestList;

typedef enum RequestLink
{
	LINK_LIVE,					/* every request that has not called back, oldest first */
	LINK_QUEUE,					/* waiting: for a connection, in its transaction, or to call back */
	REQUEST_LINKS
} RequestLink;

typedef enum RequestKind
{
	REQUEST_STATEMENT,			/* one statement, its rows or its count */
	REQUEST_BEGIN,				/* BEGIN or SAVEPOINT */
	REQUEST_COMMIT,
	REQUEST_ROLLBACK,
	REQUEST_COPY,				/* COPY … FROM STDIN of one buffer */
	REQUEST_LISTEN,
	REQUEST_GROUP				/* done when the requests it made are (group.c) */
} RequestKind;

typedef enum RequestState
{
	REQUEST_NEW,
	REQUEST_QUEUED,
	REQUEST_DESCRIBING,			/* prepare and describe are out, nothing executed */
	REQUEST_SENT,				/* may have run */
	REQUEST_DONE				/* waits for its callback */
} RequestState;

/* Values of a statement's parameters, ready to send.  A NULL value is NULL. */
typedef struct Binding
{
	int			count;
	const char **values;
	int		   *lengths;		/* of binary values */
	int		   *formats;
	Oid		   *types;			/* NULL: the server infers them */
} Binding;

/* A statement's text and parameters. */
typedef struct RequestSql
{
	Stmt	   *stmt;
	Binding		binding;		/* its parameters, once the types are known */
	ParamSet   *params;			/* where they come from; NULL: binding is complete */
	char	   *missing_types;	/* to be looked up before it runs, or its rows are read */
	int			lookups;		/* of types, so far */
	dba_error  *doubt;			/* it failed, perhaps because its description is out of date */
	bool		unprepared;		/* not worth a prepared statement */
	bool		caller_sql;		/* may change the session */
} RequestSql;

/* A stream: gets each row, or each row's one value. */
typedef struct RequestStream
{
	dba_row_fn	row;
	dba_flow (*chunk)(Request *request, char *data, size_t size);
} RequestStream;

/* REQUEST_COPY: the next piece is asked for when the one before is with libpq. */
typedef struct RequestCopy
{
	bool (*fill)(Request *request); /* false: no memory */
	const char *data;			/* the piece; of size 0: the end */
	size_t		size;
	size_t		sent;
	bool		taken;			/* the server takes data */
	bool		ended;
} RequestCopy;

/* REQUEST_LISTEN */
typedef struct RequestListen
{
	dba_notify_fn notify;
	char	   *channel;
} RequestListen;

/* REQUEST_GROUP: what it is made of, and how that is cancelled, resumed, freed */
typedef struct RequestGroup
{
	Group	   *owner;
	void (*start)(Request *request);	/* in a transaction: when its turn has come */
	void (*cancel)(Request *request);
	void (*resume)(Request *request);
	void (*free)(Group *group);
} RequestGroup;

/* Where it is on its way to the server and back. */
typedef struct RequestWire
{
	Conn	   *conn;			/* where it is DESCRIBING or SENT */
	Conn	   *wanted;			/* a listener's, while it connects */
	int			ops;			/* of its connection's, not answered */
	bool		shareable;		/* may share a connection with others */
	bool		retried;		/* once is enough */
	bool		retry;			/* a stale statement: to be sent again */
	bool		described;		/* since it was last given to a connection */
	bool		learning;		/* its rows are here, types of theirs are looked up */
	bool		prepared;		/* sent, or described, by the name of a prepared statement */
	bool		resetting;		/* a reset of its session goes out behind it */
	bool		answered;		/* and only that is still to come */
} RequestWire;

/* REQUEST_BEGIN, REQUEST_COMMIT, REQUEST_ROLLBACK, and what is submitted between */
typedef struct RequestTx
{
	dba_client *begun;			/* what the callback of a begin gets */
	bool		ends;			/* the transaction is over after its callback */
	bool		stray;			/* refused by its transaction, which goes on without it */
} RequestTx;

typedef struct RequestDue
{
	int64_t		end;			/* of the request, CORE_NEVER: none */
	int64_t		checkout;		/* of waiting for a connection */
	int64_t		traced;			/* submitted, in microseconds; only with a trace */
} RequestDue;

/*
 * state and wire.conn go together:
 *
 *	NEW			made, to be submitted or refused; in no list
 *	QUEUED		in the queue of its transaction, of the pool, or of listeners
 *	DESCRIBING	on wire.conn, which takes nothing else; may be sent again elsewhere
 *	SENT		on wire.conn, and may have run: only a stale statement is sent again
 *	DONE		has result or error; in the queue of those to be called back
 *
 * A group is QUEUED until it is DONE, in no queue but while it waits for its turn in a
 * transaction.  An error may be there before
 * DONE (the answers still to come are taken first); abort_code says that an early
 * end was asked of the server, whose answer ends it.
 */
struct Request
{
	dba_request id;
	Core	   *core;
	dba_client *db;				/* the handle it was submitted on */
	RequestKind kind;
	RequestState state;
	bool		internal;		/* made by the library: not counted, not by number */
	bool		reads_only;		/* it changes nothing: it does not matter if it has run */
	bool		json_null;		/* its result tells JSON's null from SQL NULL */
	dba_callback cb;
	void	   *arg;
	void	   *owned;			/* freed with mem_free after the callback */

	RequestSql	sql;
	RequestStream stream;
	RequestCopy copy;
	RequestListen listen;
	RequestGroup group;
	RequestTx	tx;
	RequestWire wire;			/* with the postgres provider */
	Exchange   *exchange;		/* with the supabase provider: what it is and how far */
	RequestDue	due;

	dba_code	abort_code;		/* DBA_CANCELLED or DBA_TIMEOUT was asked for */
	int64_t		count;			/* rows so far, or affected */
	PGresult   *result;
	dba_error  *error;

	Request	   *hash_next;
	struct
	{
		Request	   *next;
		Request	   *prev;
	} links[REQUEST_LINKS];
	RequestList *queue;			/* the list it is in by LINK_QUEUE */
};

static inline bool
request_is_stream(const Request *request)
{
	return request->stream.row != NULL || request->stream.chunk != NULL;
}

struct dba_client
{
	Core	   *core;
	Tx		   *tx;				/* NULL for the pool's own handle */
	Request	   *of;				/* a group's handle for its steps in there; else NULL */
	bool		gone;			/* takes nothing more: its transaction is over */
	int			requests;		/* submitted on it, not called back yet */
};

/* After what is a session reset? */
typedef enum ResetMode
{
	RESET_SMART,				/* the caller's own SQL */
	RESET_ALWAYS,				/* every statement */
	RESET_NEVER
} ResetMode;

/* settings as the core uses them, in milliseconds */
typedef struct CoreSettings
{
	int			pool_size;
	int			pool_overflow;
	int64_t		recycle;
	bool		pre_ping;
	int64_t		pre_ping_idle;
	int64_t		connect_timeout;
	int64_t		checkout_timeout;
	int64_t		idle_timeout;
	int64_t		request_timeout;
	int64_t		stall_timeout;
	int			pipeline_depth;
	int			prepare;		/* -1: by detection, 0 off, 1 on */
	ResetMode	reset;
	int64_t		keepalive_idle;
	int64_t		tcp_user_timeout;
	const char *application_name;
} CoreSettings;

typedef struct CoreStats
{
	int64_t		opened;
	int64_t		closed;
	int64_t		failed;
	int64_t		requests;
	int64_t		errors;
	int64_t		timeouts;
	int64_t		cancelled;
	int64_t		retried;
} CoreStats;

/* The loop it is in: a foreign one, or the built-in one. */
typedef struct CoreLoop
{
	void	   *data;
	dba_watch_fn watch;
	dba_timer_fn timer;
	void	   *timer_slot;
	void	   *helper_slot;
	dba_loop   *own;			/* the built-in one, or NULL */
	bool		own_private;	/* made for this client: freed with it */
	Core	   *next;			/* of the same built-in loop */
	int64_t		timer_at;		/* what the loop was asked for; CORE_NEVER: none */
	int64_t		due_at;			/* what it should be asked for */
} CoreLoop;

/*
 * What holds now.  processing: inside dba_process, so calls of the caller's code
 * only queue; again: there is more to do before it returns.  closing: nothing more
 * is taken, and what is outstanding is called back; asked for inside a callback it
 * happens when dba_process ends (close_later).
 */
typedef struct CoreTurn
{
	bool		used;			/* a request was submitted: settings are fixed */
	bool		processing;
	bool		again;
	bool		closing;
	bool		close_later;
	bool	   *gone;			/* told when the core is freed */
} CoreTurn;

/* Every request, by its number, by age, and by what it waits for. */
typedef struct CoreRequests
{
	dba_request last_id;
	RequestList live;
	RequestList waiting;		/* for a connection of the pool, fair */
	RequestList listening;		/* listeners without their connection */
	RequestList done;			/* to be called back */
	Request	  **hash;
	size_t		hash_size;		/* a power of two */
	size_t		visible;		/* live and not internal */
	size_t		listeners;
} CoreRequests;

typedef struct CoreNotice
{
	dba_notice_fn fn;
	void	   *arg;
} CoreNotice;

struct Core
{
	dba_client	self;
	Identity   *identity;		/* profile, URL, settings */
	const Provider *provider;
	void	   *state;			/* the provider's own */
	CoreSettings settings;
	CoreStats	stats;
	void	   *user_data;
	Trace	   *trace;			/* NULL: none */
	CoreNotice	notice;
	CoreLoop	loop;
	CoreTurn	turn;
	CoreRequests requests;
	dba_error  *connect_error;	/* why the provider last found no connection */
	Helper	   *helper;
	StmtCache	stmts;
	Types	   *types;
};

/* --- client.c: a client of an identity (taken over) and a provider; NULL: an error */
extern Core *client_new(Identity *identity, const Provider *provider, dba_error **err);

/* --- coreprocess.c */
extern Core *core_new(dba_error **err);
extern void core_close(Core *core); /* calls everything back, then frees */
extern Helper *core_helper(Core *core); /* made and watched at first need */

/* --- request.c */
extern Request *request_new(dba_client *db, RequestKind kind, dba_callback cb, void *arg);
extern dba_request request_submit(Request *request);
extern dba_request request_refuse(Request *request, dba_error *error);	/* submits a failure */
extern dba_request request_settle(Request *request);	/* submits what needs no server: 0 rows */
extern void request_make_internal(Core *core, dba_request id);
extern Request *request_find(Core *core, dba_request id);
extern void request_finish(Request *request);	/* with its result or error: to be called back */
extern void request_fail(Request *request, dba_error *error);	/* takes the error */
extern void request_abort(Request *request, dba_code code);
extern void request_timers(Core *core, int64_t now);	/* ends what is too late */
extern dba_error *request_cancelled_error(const Request *request);
extern void request_call_back(Request *request);

/* --- requestlist.c */
extern void list_append(RequestList *list, RequestLink link, Request *request);
extern void list_prepend(RequestList *list, RequestLink link, Request *request);
extern void list_remove(RequestList *list, RequestLink link, Request *request);

#endif							/* DBA_CORE_H */
