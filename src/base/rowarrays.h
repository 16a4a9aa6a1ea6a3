/*
 * rowarrays.h
 *	  Rows of ours as arrays, one a column, which a statement takes as parameters.
 */
#ifndef DB_ADAPTER_ROWARRAYS_H
#define DB_ADAPTER_ROWARRAYS_H

#include "access/tupdesc.h"

typedef struct RowArrays RowArrays;

/* Lives in cxt; the descriptor is copied. */
extern RowArrays *rowarrays_create(MemoryContext cxt, TupleDesc desc);

/* The values are copied into valuecxt; after a reset of that, rowarrays_clear() is called. */
extern void rowarrays_put(RowArrays *rows, MemoryContext valuecxt, Datum *values, bool *nulls);
extern void rowarrays_clear(RowArrays *rows);

/* One parameter a column. */
extern int rowarrays_count(const RowArrays *rows);
extern void rowarrays_types(const RowArrays *rows, Oid *types);
/* Their values, in the current context; empty arrays where no row was put. */
extern void rowarrays_values(RowArrays *rows, Datum *values);

/* A query that gives the rows, columns named as in the descriptor, from $first on. */
extern char *rowarrays_select(const RowArrays *rows, int first);

/* Whether some column travels as text, which is read under the settings of the statement. */
extern bool rowarrays_has_text(const RowArrays *rows);
/* The type that the array of a column has; InvalidOid for one that travels as text. */
extern Oid rowarrays_type(const RowArrays *rows, int column);

#endif							/* DB_ADAPTER_ROWARRAYS_H */
