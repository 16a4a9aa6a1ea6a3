/*
 * bulk.h
 *		insert_many: many rows in one request.
 */
#ifndef DBA_BULK_H
#define DBA_BULK_H

#include "core.h"
#include "sql.h"

/* takes arena (where rows lives) and error; rows NULL: error says why */
extern dba_request bulk_insert(dba_client *db, const dba_query *query, Arena *arena,
							   JsonValue *rows, dba_error *error, dba_callback cb, void *arg);

#endif							/* DBA_BULK_H */
