/*
 * deletion.h
 *	  Rows by match key, gone: the verb delete_rows.
 */
#ifndef DB_ADAPTER_DELETION_H
#define DB_ADAPTER_DELETION_H

#include "funcapi.h"
#include "utils/jsonb.h"

/* One row a table that keys name: table, deleted. */
extern void deletion_run(Jsonb *backup_schema, Jsonb *keys, const char *user_id,
						 ReturnSetInfo *result);

#endif							/* DB_ADAPTER_DELETION_H */
