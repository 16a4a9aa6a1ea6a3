/*
 * pool.c
 *		Which connection a request goes to, and when there are more or fewer.
 *
 * Requests wait in one fair queue.  The first takes the connection used last;
 * without an idle one a connection is opened, up to size + overflow; only when
 * that is reached and all are busy do shareable requests join the least loaded
 * connection.  While connecting fails and no connection is left, requests fail
 * with its reason, unless that may pass (the server starts or is full).
 */
#include "postgres/pool.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "postgres/conn.h"
#include "base/mem.h"
#include "core/clock.h"
#include "core/trace.h"
#include "postgres/tx.h"

#define BACKOFF_FIRST_MS 50
#define BACKOFF_MAX_MS 2000
#define OVERFLOW_IDLE_MS 1000
#define TRUST_IDLE_MS 1 /* an idle socket is looked at again after this */

static bool
pool_conn_is_connecting(const Conn *conn)
{
	return conn->state == CONN_RESOLVING || conn->state == CONN_CONNECTING ||
		   conn->state == CONN_SETUP;
}

static bool
pool_conn_is_pooled(const Conn *conn)
{
	return conn->state != CONN_DEAD && conn->dedicated == NULL;
}

/* --- opening */

static bool
pool_add_conn(Pool *pool, Request *dedicated)
{
	Conn	   *conn = conn_new(pool->core);

	if (conn == NULL)
		return false;
	conn->dedicated = dedicated;
	conn->next = pool->conns;
	pool->conns = conn;
	if (dedicated != NULL)
		dedicated->wire.wanted = conn;
	else
		pool->count++;
	connect_start(conn);
	return true;
}

/* Spread in time what would otherwise happen to all connections at once. */
static int64_t
pool_jitter(const Conn *conn, int64_t ms)
{
	uint64_t	x =
		(uint64_t) (uintptr_t) conn * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t) conn->time.opened;

	return ms + (int64_t) ((x >> 40) % (uint64_t) (ms / 10 + 1));
}

static void
pool_conn_opened(Conn *conn)
{
	Core	   *core = conn->core;
	Pool	   *pool = conn->pool;

	conn->state = CONN_BUSY;
	conn->time.opened = clock_now();
	conn->time.deadline = CORE_NEVER;
	if (core->settings.recycle > 0)
		conn->time.recycle = conn->time.opened + pool_jitter(conn, core->settings.recycle);
	connect_free(conn);			/* the list of hosts has served */
	TRACE(core,
		  trace_note(core, NULL, conn->number, "opened", "backend %d", PQbackendPID(conn->pg)));
	core->stats.opened++;
	pool->ever_connected = true;
}

/* Only what is of use ends the backing off: a server, or what stands before it, may
 * accept a connection and close it at once. */
static void
pool_conn_serves(Conn *conn)
{
	conn->served = true;
	conn->pool->backoff = 0;
	conn->pool->backoff_until = 0;
}

/* May the reason a connection failed pass by itself? */
static bool
pool_may_pass(const Pool *pool, const dba_error *reason)
{
	const char *state = dba_error_sqlstate(reason);

	if (strcmp(state, "57P03") == 0 || strcmp(state, "53300") == 0)
		return true;
	return pool->ever_connected && state[0] == '\0' && dba_error_code(reason) != DBA_NO_MEMORY;
}

/* No connection is left or under way and the attempt failed: the requests that
 * have waited long enough hear why. */
static void
pool_fail_waiting(Pool *pool, const dba_error *reason)
{
	bool		patient = pool_may_pass(pool, reason);
	bool		full = dba_error_sqlstate(reason)[0] != '\0';
	int64_t		timeout = pool->core->settings.connect_timeout;
	int64_t		now = clock_now();
	Request	   *next;

	for (Request *r = pool->core->requests.waiting.head; r != NULL; r = next)
	{
		int64_t		waited = now - (r->due.checkout - pool->core->settings.checkout_timeout);
		dba_error  *error;

		next = r->links[LINK_QUEUE].next;
		/*
		 * A server that is full or starting may be waited for as long as the request likes; one
		 * that is gone, no longer than a connection attempt may take.
		 */
		if (patient && (full || timeout == 0 || waited < timeout))
			continue;
		error = error_copy(reason);
		if (!error->constant)
			error->retryable = true;
		request_fail(r, error);
	}
}

static void
pool_conn_closed(Conn *conn, const dba_error *reason)
{
	Core	   *core = conn->core;
	Pool	   *pool = conn->pool;
	Request	   *dedicated = conn->dedicated;
	bool		alive = false;

	pool->dead_conns = true;
	if (conn->tx != NULL)
		tx_lost(conn->tx, reason);
	conn->tx = NULL;
	if (dedicated != NULL)
	{
		dedicated->wire.wanted = NULL;
		if (dedicated->state == REQUEST_QUEUED)
			request_fail(dedicated, error_copy(reason));
		return;
	}
	pool->count--;
	/* One that has served and ended is no sign that the server is out of order. */
	if (conn->time.opened != 0 && (conn->served || core->requests.waiting.head == NULL))
		return;
	core->stats.failed++;
	/* Doubled each time, with jitter: a crowd of clients must not come back as one. */
	pool->backoff = pool->backoff == 0 ? BACKOFF_FIRST_MS : pool->backoff * 2;
	if (pool->backoff > BACKOFF_MAX_MS)
		pool->backoff = BACKOFF_MAX_MS;
	pool->backoff_until = clock_now() + pool_jitter(conn, pool->backoff);
	clock_due(core, pool->backoff_until);
	dba_error_free(core->connect_error);
	core->connect_error = error_copy(reason);
	for (Conn *c = pool->conns; c != NULL; c = c->next)
		alive = alive ||
				(pool_conn_is_pooled(c) && (c->time.opened != 0 || pool_conn_is_connecting(c)));
	if (!alive && !core->turn.closing)
		pool_fail_waiting(pool, reason);
}

/* --- returning */

/* The server has a transaction open that nobody owns: it is rolled back. */
static void
pool_roll_back(Conn *conn)
{
	/* What was reset inside it comes back with it. */
	conn->dirty = true;
	if (PQsendQueryParams(conn->pg, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0) != 1 ||
		!conn_expect(conn, OP_IGNORED, NULL, NULL))
	{
		conn_close(conn, NULL);
		return;
	}
	conn_sync(conn);
	conn_flush(conn);
}

static void
pool_conn_changed(Conn *conn)
{
	Core	   *core = conn->core;
	Pool	   *pool = conn->pool;

	if (conn->ring.count > 0 || conn->requests > 0 || conn->cancelling != NULL ||
		conn->state == CONN_DEAD || conn->state == CONN_IDLE)
	{
		if (conn->tx != NULL || conn->state == CONN_BUSY)
			clock_due(core, 0);
		return;
	}
	if (conn->tx == NULL)
		conn_look_changed(conn);
	if (conn->state == CONN_SETUP)
		conn_close(conn,
				   error_new(DBA_CONNECT, "the server did not answer as a PostgreSQL server does"));
	else if (conn->state != CONN_BUSY && conn->state != CONN_PINGING)
		return;
	else if (conn->doomed)
		conn_close(conn, NULL);
	else if (conn->cancel_check)
	{
		conn->cancel_check = false;
		conn->unsynced = true;
		conn_sync(conn);
		conn_flush(conn);
	}
	else if (conn->tx != NULL)
		conn->time.deadline = CORE_NEVER;
	else if (PQtransactionStatus(conn->pg) == PQTRANS_INTRANS ||
			 PQtransactionStatus(conn->pg) == PQTRANS_INERROR)
		pool_roll_back(conn);
	else if (conn->tainted || conn->time.recycle <= clock_now() || core->turn.closing)
		conn_close(conn, NULL);
	else if (conn->dirty && core->settings.reset != RESET_NEVER)
		conn_reset(conn);
	else
	{
		conn->state = CONN_IDLE;
		conn->time.deadline = CORE_NEVER;
		conn->shared = false;
		conn->time.idle_since = clock_now();
		if (pool->count > core->settings.pool_size)
			clock_due(core, conn->time.idle_since + OVERFLOW_IDLE_MS);
		else if (core->settings.idle_timeout > 0)
			clock_due(core, conn->time.idle_since + core->settings.idle_timeout);
	}
	clock_due(core, 0);
}

/* --- choosing */

/* Has the server closed it, or said something, since it was last looked at? */
static bool
pool_conn_is_quiet(Conn *conn)
{
	struct pollfd p = {.fd = conn->socket.fd, .events = POLLIN | POLLRDHUP};

	if (poll(&p, 1, 0) == 0)
		return true;
	conn_process(conn, DBA_READ);
	return conn->state == CONN_IDLE;
}

/* The connection used last of those idle; one idle for long is asked first
 * whether it lives, and does not count meanwhile. */
static Conn *
pool_pick_idle(Pool *pool, int64_t now)
{
	for (;;)
	{
		Conn	   *best = NULL;

		for (Conn *c = pool->conns; c != NULL; c = c->next)
			if (c->state == CONN_IDLE && c->dedicated == NULL &&
				(best == NULL || c->time.idle_since > best->time.idle_since))
				best = c;
		if (best == NULL)
			return NULL;
		/* Asking the kernel costs a system call; under load connections come back at once. */
		if (now - best->time.idle_since < TRUST_IDLE_MS)
			return best;
		if (pool->core->settings.pre_ping &&
			now - best->time.idle_since > pool->core->settings.pre_ping_idle)
		{
			conn_ping(best);
			conn_flush(best);
			return NULL;
		}
		if (pool_conn_is_quiet(best))
			return best;
	}
}

static bool
pool_is_full(const Pool *pool)
{
	if (pool->count < pool->core->settings.pool_size + pool->core->settings.pool_overflow)
		return false;
	for (const Conn *c = pool->conns; c != NULL; c = c->next)
		if (c->dedicated == NULL && (pool_conn_is_connecting(c) || c->state == CONN_PINGING))
			return false;
	return true;
}

static Conn *
pool_pick_shared(Pool *pool)
{
	Conn	   *best = NULL;

	for (Conn *c = pool->conns; c != NULL; c = c->next)
		if (c->shared && c->requests < pool->core->settings.pipeline_depth && conn_accepts(c) &&
			c->tx == NULL && !c->doomed && !c->tainted && c->dedicated == NULL &&
			(best == NULL || c->requests < best->requests))
			best = c;
	return best;
}

static Conn *
pool_pick(Pool *pool, const Request *request, int64_t now, bool *full_known, bool *full)
{
	Conn	   *conn = pool_pick_idle(pool, now);

	if (conn != NULL)
	{
		conn->shared = request->wire.shareable;
		return conn;
	}
	if (!request->wire.shareable || pool->core->settings.pipeline_depth <= 1)
		return NULL;
	if (!*full_known)
		*full = pool_is_full(pool);
	*full_known = true;
	return *full ? pool_pick_shared(pool) : NULL;
}

static void
pool_send(Conn *conn, Request *request)
{
	if (request->kind == REQUEST_BEGIN)
		tx_bind(request->tx.begun->tx, conn);
	conn_send(conn, request);
	if (conn->state != CONN_DEAD && conn->tx != NULL)
		conn_sync(conn);
	if (conn->state != CONN_DEAD)
		conn_flush(conn);
}

/* A listener's connection, once it is there. */
static void
pool_dispatch_dedicated(Pool *pool, Request *request)
{
	Conn	   *conn = request->wire.wanted;

	if (conn == NULL)
	{
		if (!pool_add_conn(pool, request))
			clock_due(pool->core, clock_now() + BACKOFF_FIRST_MS);
	}
	else if (conn->state == CONN_IDLE)
	{
		list_remove(&pool->core->requests.listening, LINK_QUEUE, request);
		request->wire.wanted = NULL;
		pool_send(conn, request);
	}
}

/* Open connections for requests that have none coming. */
static void
pool_grow(Pool *pool, size_t wanted, int64_t now)
{
	size_t		coming = 0;

	if (wanted == 0 || now < pool->backoff_until)
		return;
	for (Conn *c = pool->conns; c != NULL; c = c->next)
		if (c->dedicated == NULL && (pool_conn_is_connecting(c) || c->state == CONN_PINGING))
			coming++;
	while (coming < wanted &&
		   pool->count < pool->core->settings.pool_size + pool->core->settings.pool_overflow &&
		   now >= pool->backoff_until)
	{
		if (!pool_add_conn(pool, NULL))
		{
			if (pool->count == 0)
				request_fail(pool->core->requests.waiting.head,
							 error_new(DBA_NO_MEMORY, "out of memory"));
			return;
		}
		coming++;
	}
}

void
pool_dispatch(Core *core)
{
	Pool	   *pool = pool_of(core);
	int64_t		now = core->requests.waiting.head != NULL ? clock_now() : 0;
	bool		full_known = false;
	bool		full = false;
	Request	   *request;
	Request	   *next;

	for (request = core->requests.listening.head; request != NULL; request = next)
	{
		next = request->links[LINK_QUEUE].next;
		pool_dispatch_dedicated(pool, request);
	}
	while ((request = core->requests.waiting.head) != NULL)
	{
		Conn	   *conn = pool_pick(pool, request, now, &full_known, &full);

		if (conn == NULL)
			break;				/* fair: nobody overtakes the first */
		if (core->requests.waiting.head != request)
			continue;			/* looking at a connection changed the queue */
		list_remove(&core->requests.waiting, LINK_QUEUE, request);
		pool_send(conn, request);
	}
	pool_grow(pool, core->requests.waiting.count, now);
}

/* --- time */

static void
pool_conn_timers(Pool *pool, Conn *conn, int64_t now)
{
	int64_t		idle_for = conn->state == CONN_IDLE ? now - conn->time.idle_since : -1;
	int64_t		limit =
		pool->core->settings.idle_timeout > 0 ? pool->core->settings.idle_timeout : CORE_NEVER;

	if (conn->state == CONN_DEAD)
		return;
	if (pool->count > pool->core->settings.pool_size && limit > OVERFLOW_IDLE_MS)
		limit = OVERFLOW_IDLE_MS;
	if (conn->time.deadline <= now)
		conn_deadline(conn);
	else if (idle_for >= 0 && conn->dedicated == NULL &&
			 (idle_for >= limit || conn->time.recycle <= now))
		conn_close(conn, NULL);
	else
	{
		if (conn->time.deadline != CORE_NEVER)
			clock_due(pool->core, conn->time.deadline);
		if (idle_for >= 0 && limit != CORE_NEVER)
			clock_due(pool->core, conn->time.idle_since + limit);
	}
}

void
pool_timers(Core *core, int64_t now)
{
	Pool	   *pool = pool_of(core);
	for (Conn *c = pool->conns; c != NULL; c = c->next)
		pool_conn_timers(pool, c, now);
	request_timers(core, now);
	if (pool->backoff_until > now && core->requests.waiting.head != NULL)
		clock_due(core, pool->backoff_until);
}

void
pool_sweep(Core *core)
{
	Pool	   *pool = pool_of(core);
	Conn	  **link = &pool->conns;

	pool->dead_conns = false;
	while (*link != NULL)
	{
		Conn	   *conn = *link;

		if (conn->state == CONN_DEAD)
		{
			*link = conn->next;
			conn_free(conn);
		}
		else
			link = &conn->next;
	}
}

static const ConnNews pool_news = {
	.opened = pool_conn_opened,
	.serves = pool_conn_serves,
	.changed = pool_conn_changed,
	.closed = pool_conn_closed,
};

bool
pool_open(Core *core, dba_error **err)
{
	Pool	   *pool = mem_zalloc(sizeof(Pool));

	if (pool == NULL)
		return error_set_no_memory(err);
	pool->core = core;
	pool->news = &pool_news;
	core->state = pool;
	return true;
}

void
pool_close(Core *core)
{
	Pool	   *pool = pool_of(core);

	if (pool == NULL)
		return;
	for (Conn *c = pool->conns; c != NULL; c = c->next)
		conn_close(c, error_new(DBA_CLOSED, "client was closed"));
	pool_sweep(core);
	tx_free_all(pool);
	mem_free(pool);
	core->state = NULL;
}

/* --- statistics */

PoolCounts
pool_count(const Core *core)
{
	Pool	   *pool = pool_of(core);
	PoolCounts	counts = {0};

	for (const Conn *conn = pool->conns; conn != NULL; conn = conn->next)
	{
		counts.idle += conn->state == CONN_IDLE || conn->state == CONN_PINGING;
		counts.busy += conn->state == CONN_BUSY;
		counts.connecting += conn->state >= CONN_RESOLVING && conn->state <= CONN_SETUP;
	}
	counts.connections = counts.idle + counts.busy;
	return counts;
}
