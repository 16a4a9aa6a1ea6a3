/*
 * expected_filter.h
 *	  Queries that ask the catalogs, and are not to find what was swapped away.
 */
#ifndef DB_ADAPTER_EXPECTED_FILTER_H
#define DB_ADAPTER_EXPECTED_FILTER_H

#include "nodes/parsenodes.h"

/*
 * Changes a query that is about to be planned: where it reads the catalogs, rows about
 * what is in schemas (Oids) are not there.
 */
extern void filter_query(Query *query, List *schemas);

#endif							/* DB_ADAPTER_EXPECTED_FILTER_H */
