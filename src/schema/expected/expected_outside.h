/*
 * expected_outside.h
 *	  A fingerprint of what DDL text may see outside of its own schemas.
 */
#ifndef DB_ADAPTER_EXPECTED_OUTSIDE_H
#define DB_ADAPTER_EXPECTED_OUTSIDE_H

#include "nodes/pg_list.h"

/*
 * Over the rows of the catalogs for: every object in the schemas that words or
 * search_path name and that are not swapped; the schemas swapped themselves, which
 * lend owner, privileges and comment; the roles words name; servers and languages.
 * Both lists hold char *, words sorted bytewise.
 */
extern bytea *outside_fingerprint(List *schemas, List *words, const char *search_path);

#endif							/* DB_ADAPTER_EXPECTED_OUTSIDE_H */
