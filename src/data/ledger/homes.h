/*
 * homes.h
 *	  The homes of a table's rows, for those who write rows out.
 */
#ifndef DB_ADAPTER_HOMES_H
#define DB_ADAPTER_HOMES_H

#include "data/ledger/homekey.h"
#include "nodes/pg_list.h"

typedef struct Homes Homes;

/*
 * Adds the origins of rows of the table, char *, that are not among them; false where
 * keys are others' now, and so no row's home is known: with a warning.
 */
extern bool homes_origins(Oid table, const char *name, HomeKey *key, List **origins);

/*
 * Of the table, in the current context and on the active snapshot.  origins: as indexes
 * into it homes are told; the first is this database.
 */
extern Homes *homes_create(Oid table, HomeKey *key, List *origins);

/*
 * Where the row with the key of these values was born: the origin's index, and what it was
 * called there.  false: here, under the key it has.  Memory is the current context's.
 */
extern bool homes_find(Homes *homes, const Datum *values, int *origin, char **source);

#endif							/* DB_ADAPTER_HOMES_H */
