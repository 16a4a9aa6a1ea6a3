/*
 * tx.h
 *		Transactions and savepoints: clients bound to one connection.
 */
#ifndef DBA_TX_H
#define DBA_TX_H

#include "core/provider.h"
#include "postgres/pgcore.h"

/* queues a request of a transaction, or fails it */
extern void tx_queue(Request *request);

/* one of them has its result or error: a failed one fails what follows */
extern void tx_leave(Request *request);

/* sends what transactions have queued, each as one burst */
extern void tx_dispatch(Pool *pool);

/* a connection was found for the transaction's BEGIN */
extern void tx_bind(Tx *tx, Conn *conn);

/* its connection is gone */
extern void tx_lost(Tx *tx, const dba_error *reason);

/* a request's callback has returned: is the transaction over? */
extern void tx_called_back(Request *request);

/* what the table of providers asks */
extern dba_request tx_begin(Request *request, const BeginOptions *options, dba_error *error);
extern dba_request tx_end(Request *request);
extern void tx_close(Tx *tx);
extern void tx_free_all(Pool *pool);

#endif							/* DBA_TX_H */
