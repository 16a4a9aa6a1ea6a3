/*
 * homekey.h
 *	  A key as the ledger has it: one text for all values that are equal.
 */
#ifndef DB_ADAPTER_HOMEKEY_H
#define DB_ADAPTER_HOMEKEY_H

#include "base/relation.h"
#include "data/row/idkey.h"

typedef struct HomeKey HomeKey;

/*
 * For the columns of a key, in the current context; NULL where some column's equality is
 * known to this server alone, so that no text stands for a value.
 */
extern HomeKey *homekey_create(RelationColumn **columns, int count);

/* Which part a sequence draws; -1: none. */
extern int homekey_sequence(const HomeKey *key, Oid *sequence);

/* The text, in the current context, of values that are not NULL, one a column. */
extern char *homekey_text(HomeKey *key, const Datum *values);
/* The number that part has in values; PG_INT64_MIN: none. */
extern int64 homekey_number(HomeKey *key, const Datum *values);

/*
 * The parts of a text; false where it is no key of as many.  Whoever made the text may
 * have meant harm.
 */
extern bool homekey_split(const HomeKey *key, const char *text, char **parts);

/* The value of a part, which raises what the type does for a text that is none. */
extern Datum homekey_value(HomeKey *key, int part, const char *text);

#endif							/* DB_ADAPTER_HOMEKEY_H */
