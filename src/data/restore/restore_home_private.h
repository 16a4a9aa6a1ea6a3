/*
 * restore_home_private.h
 *	  What a restore by home keeps in mind.
 */
#ifndef DB_ADAPTER_RESTORE_HOME_PRIVATE_H
#define DB_ADAPTER_RESTORE_HOME_PRIVATE_H

#include "data/ledger/homekey.h"
#include "data/restore/restore_private.h"

/* What the file says of where its rows come from. */
struct RestoreHomes
{
	int			count;
	char	  **origins;		/* the file's own first */
	char	   *here;			/* this database's */
	char	   *tenant;			/* whose rows the file has; NULL: of several, or nobody's */
};

/* An entry of the ledger that waits for its batch. */
typedef struct HomeEntry
{
	LedgerSet  *set;
	char	   *source;			/* NULL: it needs none, and its key is no other row's now */
	char	   *key;
	bool		reused;			/* the ledger may have the key as another row's */
} HomeEntry;

/* Rows of one table. */
struct RestoreHome
{
	HomeKey	   *key;
	int			field;			/* of the shape: where rows say their home */
	bool		searching;		/* rows are looked for by it, unless they keep the file's ids */
	int			sequence;		/* the part of the key that it draws; -1: none */
	int64		position;		/* where it stood when the table began */
	int64		highest;		/* of the keys that the ledger knew then */
	LedgerSet **sets;			/* one an origin; NULL until needed */
	List	   *copies;			/* LedgerSet *, of tenants to whom rows were copied */
	MemoryContext cxt;			/* of the entries that wait */
	int			nentries;
	HomeEntry  *entries;
};

/* The set of rows of that origin; of a copy, the one of its tenant. */
extern LedgerSet *restore_home_set(RestoreTable *t, const RestoreRow *row, bool copy);

#endif							/* DB_ADAPTER_RESTORE_HOME_PRIVATE_H */
