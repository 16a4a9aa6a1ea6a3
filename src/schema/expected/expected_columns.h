/*
 * expected_columns.h
 *	  The columns that DDL text declares, found by parsing alone.
 */
#ifndef DB_ADAPTER_EXPECTED_COLUMNS_H
#define DB_ADAPTER_EXPECTED_COLUMNS_H

#include "utils/jsonb.h"

/*
 * {"table": ["column", …], …}: the tables of one schema once the text has run.
 * Executes nothing, reads no catalog: it works on a standby.  Names without a
 * schema belong to this one until the text sets search_path.
 */
extern Jsonb *expected_columns(const char *sql, const char *schema);

#endif							/* DB_ADAPTER_EXPECTED_COLUMNS_H */
