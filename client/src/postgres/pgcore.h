/*
 * pgcore.h
 *		The provider over libpq: pool, connection, transaction.
 *
 * A connection knows nothing of who uses it.  What becomes of it, its owner (the
 * pool) hears through a table of functions, so that calls run one way: the pool
 * drives connections, and they answer by news.
 */
#ifndef DBA_PGCORE_H
#define DBA_PGCORE_H

#include <libpq-fe.h>

#include "core/core.h"

typedef struct Pool Pool;
typedef struct HostList HostList;
typedef struct Cancel Cancel;

typedef enum TxState
{
	TX_BEGINNING,
	TX_OPEN,
	TX_ENDING					/* commit or rollback submitted */
} TxState;

/* From dba_begin until its end has called back, or it never began; self.gone from
 * then on, and freed when nothing submitted on it is left. */
struct Tx
{
	dba_client	self;
	TxState		state;
	Conn	   *conn;			/* NULL before BEGIN is sent and after loss */
	Tx		   *outer;			/* of a savepoint */
	Tx		   *inner;			/* the open savepoint */
	int			depth;			/* 0: the transaction itself */
	bool		closed;			/* dba_close: roll back, tell nobody */
	bool		lost;			/* with its connection */
	dba_error  *poison;			/* the first failure */
	RequestList queue;			/* not sent yet */
	Request	   *running;		/* of several statements: nothing else is queued meanwhile */
	RequestList held;			/* what was submitted behind it, and waits for its end */
	Tx		   *next;			/* pool->transactions */
};

/* a prepared statement's place on a connection */
typedef struct ConnSlot
{
	uint64_t	serial;			/* of the Stmt, 0: none */
	uint8_t		hash[STMT_HASH_SIZE];	/* its name there */
	bool		described;		/* since then, as the Stmt says: the server refuses it otherwise */
} ConnSlot;

typedef enum OpKind
{
	OP_PREPARE,
	OP_DESCRIBE,
	OP_GUARD,					/* the types of a guard's columns */
	OP_TYPES,					/* looks up types a description named */
	OP_EXECUTE,
	OP_SYNC,
	OP_RESET_PREPARE,
	OP_RESET,					/* a step that undoes what may have changed the session */
	OP_WATCH,					/* the last step: the server tells from now on what changed */
	OP_SETUP,					/* a new connection's first question */
	OP_IGNORED					/* its outcome matters to nobody */
} OpKind;

/* one thing the server has still to answer, in order */
typedef struct Op
{
	OpKind		kind;
	bool		failed;
	Request	   *request;		/* NULL: nobody's, or cancelled locally */
	Stmt	   *stmt;			/* OP_PREPARE, OP_DESCRIBE: referenced */
} Op;

/*
 * Does the server tell which transactions leave the session changed?  The extension's
 * watch_session() can; each step on the way goes along with a reset.
 */
typedef enum WatchState
{
	WATCH_NONE,
	WATCH_THERE,				/* a function of that name is */
	WATCH_TRUSTED,				/* it is the extension's, and may be called */
	WATCH_ON					/* what it tells is counted in conn->changes */
} WatchState;

/* RESOLVING -> CONNECTING -> SETUP -> BUSY <-> IDLE <-> PINGING; each -> DEAD */
typedef enum ConnState
{
	CONN_UNUSED,
	CONN_RESOLVING,				/* names, in the helper thread */
	CONN_CONNECTING,
	CONN_SETUP,					/* first round trip: pooler?  date style */
	CONN_IDLE,
	CONN_PINGING,				/* alive after a long idle time? */
	CONN_BUSY,
	CONN_DEAD
} ConnState;

/* What was given to libpq and is not answered yet, oldest first. */
typedef struct ConnRing
{
	Op		   *ops;
	unsigned	head;
	unsigned	count;
	unsigned	size;
} ConnRing;

typedef struct ConnSocket
{
	int			fd;				/* -1: none */
	unsigned	watched;		/* events the loop was asked for */
	unsigned	wanted;
	void	   *slot;			/* the loop adapter's */
} ConnSocket;

typedef struct ConnTime
{
	int64_t		opened;			/* 0: not yet */
	int64_t		idle_since;
	int64_t		recycle;		/* when it is old enough to be replaced */
	int64_t		deadline;		/* of connecting, pinging or cancelling */
} ConnTime;

struct Conn
{
	Core	   *core;
	Pool	   *pool;
	int			number;			/* for the trace: the client's first is 1 */
	ConnState	state;
	PGconn	   *pg;
	ConnSocket	socket;
	ConnRing	ring;
	ConnTime	time;

	/* whom it serves */
	int			requests;		/* on it, not done */
	Request	   *dedicated;		/* the listener it was opened for */
	Request	   *describing;		/* everything behind it waits */
	Request	   *stream;			/* rows go to it one by one */
	Request	   *copying;
	Request	   *listener;
	Tx		   *tx;				/* the transaction (outermost) it belongs to */

	/* how it stands */
	bool		unsynced;		/* something sent after the last Sync */
	bool		paused;			/* not reading: a stream's consumer is full */
	bool		resumed;		/* what libpq holds of it is still to be taken */
	bool		tainted;		/* session state changed for good: drop it after use */
	bool		dirty;			/* session state may have changed: reset it after use */
	bool		reset_prepared; /* what resets it is prepared there */
	WatchState	watch;
	unsigned	changes;		/* the server's count of them, as last seen */
	bool		restyled;		/* its date style was set */
	bool		doomed;			/* drop it after use */
	bool		shared;			/* what it serves may share it */
	bool		served;			/* a request was given to it */
	bool		cancel_check;	/* cancelled: a round trip is due before new work */

	dba_error  *last_words;		/* the server's, before it ended the session */
	Buf			restore;		/* SETs, each with its NUL, that a reset is followed by */
	HelperJob  *resolving;
	HostList   *hosts;			/* to be tried (connect.c) */
	Cancel	   *cancelling;		/* the server-side cancel under way */
	ConnSlot   *slots;			/* core->stmts.limit of them, or NULL */
	Conn	   *next;			/* pool->conns */
};

/* news of a connection, to its owner */
typedef struct ConnNews
{
	void (*opened)(Conn *conn);
	void (*serves)(Conn *conn); /* its first request */
	void (*changed)(Conn *conn);	/* something on it ended: idle now? */
	void (*closed)(Conn *conn, const dba_error *reason);
} ConnNews;

/* what core->state is with this provider */
struct Pool
{
	Core	   *core;
	const ConnNews *news;
	Conn	   *conns;
	int			count;			/* but for listeners' */
	int			numbered;		/* so many were made */
	Tx		   *transactions;
	int64_t		backoff_until;	/* no new connection before */
	int64_t		backoff;
	bool		ever_connected;
	bool		pooler;			/* a pooler stands between */
	bool		prepare_off;	/* prepared statements failed there */
	int			strays;			/* prepared statements that were gone, without a pooler */
	bool		dead_conns;		/* to be freed */
	bool		resume;			/* a stream goes on */
};

static inline Pool *
pool_of(const Core *core)
{
	return core->state;
}

#endif							/* DBA_PGCORE_H */
