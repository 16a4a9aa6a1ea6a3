/*
 * pool.h
 *		Which connection a request goes to, and when there are more or fewer.
 */
#ifndef DBA_POOL_H
#define DBA_POOL_H

#include "core/provider.h"

/* gives waiting requests to connections, opening some as needed */
extern void pool_dispatch(Core *core);

/* ends what is too late; announces what will be (core_due) */
extern void pool_timers(Core *core, int64_t now);

/* frees connections that are dead */
extern void pool_sweep(Core *core);
extern void pool_close(Core *core);
extern PoolCounts pool_count(const Core *core);

/* --- news of a connection */
extern void pool_conn_opened(Conn *conn);
extern void pool_conn_serves(Conn *conn);	/* its first request */
extern void pool_conn_changed(Conn *conn);	/* something on it ended: idle now? */
extern void pool_conn_closed(Conn *conn, const dba_error *reason);

/* notices commands that leave a session changed */
extern void pool_note_command(Conn *conn, const Request *request, const PGresult *result);

/* a transaction lets its connection go */
extern void pool_release(Conn *conn);

#endif							/* DBA_POOL_H */
