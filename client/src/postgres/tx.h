/*
 * tx.h
 *		Transactions and savepoints: clients bound to one connection.
 */
#ifndef DBA_TX_H
#define DBA_TX_H

#include "core/core.h"

/* queues a request of a transaction, or fails it */
extern void tx_queue(Request *request);

/* sends what transactions have queued, each as one burst */
extern void tx_dispatch(Core *core);

/* a connection was found for the transaction's BEGIN */
extern void tx_bind(Tx *tx, Conn *conn);

/* its connection is gone */
extern void tx_lost(Tx *tx, const dba_error *reason);

/* a statement of it has failed */
extern void tx_poison(Tx *tx, const Request *request);
extern dba_error *tx_poisoned_error(const Tx *tx);

/* a request's callback has returned: is the transaction over? */
extern void tx_called_back(Request *request);

/* dba_close on a transaction */
extern void tx_close(Tx *tx);
extern void tx_free_all(Core *core);

#endif							/* DBA_TX_H */
