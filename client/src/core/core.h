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

struct Request
{
	dba_request id;
	Core	   *core;
	dba_client *db;				/* the handle it was submitted on */
	RequestKind kind;
	RequestState state;
	bool		internal;		/* made by the library: not counted, not by number */
	bool		shareable;		/* may share a connection with others */
	bool		unprepared;		/* not worth a prepared statement */
	bool		caller_sql;		/* may change the session */
	bool		retried;		/* once is enough */
	bool		retry;			/* a stale statement: to be sent again */
	char	   *missing_types;	/* to be looked up before it runs */
	dba_callback cb;
	void	   *arg;
	void	   *owned;			/* freed with mem_free after the callback */

	Stmt	   *stmt;			/* what to run */
	Binding		binding;		/* its parameters, once the types are known */
	ParamSet   *params;			/* where they come from; NULL: binding is complete */

	dba_row_fn	row;			/* a stream: gets each row */
	dba_flow (*chunk)(Request *request, char *data, size_t size);	/* or each row's value */
	bool		paused;
	int64_t		count;			/* rows so far, or affected */

	bool (*copy_fill)(Request *request);	/* REQUEST_COPY: the next piece; false: no memory */
	const char *copy_data;		/* the piece; of size 0: the end */
	size_t		copy_size;
	size_t		copy_sent;
	bool		copy_in;		/* the server takes data */
	bool		copy_ended;

	dba_notify_fn notify;		/* REQUEST_LISTEN */
	char	   *channel;

	Group	   *owned_group;	/* REQUEST_GROUP */
	void (*group_cancel)(Request *request);
	void (*group_resume)(Request *request);
	void (*group_free)(Group *group);

	Exchange   *exchange;		/* with the supabase provider: what it is and how far */

	Conn	   *conn;			/* where it is DESCRIBING or SENT */
	Conn	   *conn_wanted;	/* a listener's, while it connects */
	int			ops;			/* of its connection's, not answered */
	dba_client *begun;			/* REQUEST_BEGIN: what its callback gets */
	bool		accepted_end;	/* the transaction is over after its callback */
	dba_code	abort_code;		/* DBA_CANCELLED or DBA_TIMEOUT was asked for */
	int64_t		deadline;		/* of the request, CORE_NEVER: none */
	int64_t		checkout_deadline;

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

struct dba_client
{
	Core	   *core;
	Tx		   *tx;				/* NULL for the pool's own handle */
	bool		gone;			/* takes nothing more: its transaction is over */
	int			requests;		/* submitted on it, not called back yet */
};

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
	int			pipeline_depth;
	int			prepare;		/* -1: by detection, 0 off, 1 on */
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

struct Core
{
	dba_client	self;
	Identity   *identity;		/* profile, URL, settings (client.c) */
	const Provider *provider;
	void	   *state;			/* the provider's own */
	CoreSettings settings;
	CoreStats	stats;
	void	   *user_data;
	dba_notice_fn notice;
	void	   *notice_arg;

	/* the loop */
	void	   *loop;
	dba_watch_fn watch;
	dba_timer_fn timer;
	void	   *timer_slot;
	void	   *helper_slot;
	dba_loop   *own_loop;		/* the built-in one it is in, or NULL */
	bool		own_loop_private;	/* made for this client: freed with it */
	Core	   *loop_next;
	int64_t		timer_at;		/* what the loop was asked for; CORE_NEVER: none */
	int64_t		due_at;			/* what it should be asked for */
	bool		used;			/* a request was submitted: settings are fixed */
	bool		processing;		/* inside dba_process: calls of the caller's code */
	bool		serving;		/* inside dba_run or dba_wait */
	bool		closing;
	bool		again;			/* there is more to do before dba_process returns */
	bool	   *gone;			/* told when the core is freed */
	bool		close_later;	/* dba_close from inside a callback */

	/* requests */
	dba_request last_id;
	RequestList live;
	RequestList waiting;		/* for a connection of the pool, fair */
	RequestList listening;		/* listeners without their connection */
	RequestList done;			/* to be called back */
	Request	  **hash;
	size_t		hash_size;		/* a power of two */
	size_t		visible;		/* live and not internal */
	size_t		listeners;

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

/* a function for the `binding` of its request (params.c) */
extern bool request_bind(Request *request, dba_error **err);

#endif							/* DBA_CORE_H */
