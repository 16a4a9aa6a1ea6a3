/*
 * poison.h
 *		The first failure in a transaction: nothing but its end runs after it.
 */
#ifndef DBA_POISON_H
#define DBA_POISON_H

#include "postgres/pgcore.h"

/* a statement of it has failed */
extern void poison_note(Tx *tx, const Request *request);

/* what later statements end with */
extern dba_error *poison_error(const Tx *tx);

#endif							/* DBA_POISON_H */
