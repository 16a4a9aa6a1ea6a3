/*
 * ledger.h
 *	  Where rows were born: which key a row of another database has here.
 *
 * A row's home is an origin and the key it had there.  Of rows that were born elsewhere
 * the ledger holds homes and keys here, in sets: one for each origin and table; and one
 * for each tenant to whom another's rows were copied, whose homes are here.
 *
 * Its tables are the extension's owner's, and so are the statements here: whoever calls
 * has made sure that the current user may know which rows there are.
 */
#ifndef DB_ADAPTER_LEDGER_H
#define DB_ADAPTER_LEDGER_H

#include "base/query.h"
#include "data/row/idkey.h"

typedef struct LedgerSet
{
	Oid			table;
	char	   *origin;			/* a uuid, as it is printed */
	char	   *tenant;			/* NULL: rows, no copies of rows */
	bool		known;			/* it is there; what follows says nothing before */
	bool		fresh;			/* it was made here, and held no entry before */
	pg_uuid_t	id;
	int64		high;			/* the highest key it knows; PG_INT64_MIN: no number */
	int64		top;			/* the same of entries that were put since */
	int64		kept;			/* rows up to this one came with a copy of the database */
} LedgerSet;

/* false where the extension's script is older than its library. */
extern bool ledger_is_here(void);

/*
 * The set of that name, in the current context; known is false where there is none.
 * latest: as it is committed by now, else as the active snapshot has it.
 */
extern LedgerSet *ledger_set_find(Oid table, const char *origin, const char *tenant, bool latest);
/* Makes it. */
extern void ledger_set_make(LedgerSet *set);
/* Notes the highest key that was put. */
extern void ledger_set_raise(LedgerSet *set);
/* Those of the table that are no copies, LedgerSet *, by origin; none where it has no rows. */
extern List *ledger_sets(Oid table, bool latest);
/* The highest key of all sets of the table; PG_INT64_MIN: none. */
extern int64 ledger_highest(Oid table);

/*
 * Entries of a set, by what the rows are called at home: row receives that and the key
 * here, both as text in the server's encoding.
 */
extern void ledger_find(const LedgerSet *set, char **sources, int count, QueryRow row, void *arg);
/* All of them, on the active snapshot. */
extern void ledger_read(const LedgerSet *set, QueryRow row, void *arg);

/* The rows have these keys from now on. */
extern void ledger_put(const LedgerSet *set, char **sources, char **keys, int count);
/* What had these keys is gone: they are other rows' now. */
extern void ledger_clear(Oid table, char **keys, int count);

#endif							/* DB_ADAPTER_LEDGER_H */
