/*
 * backupvalidate.h
 *	  Whether a backup is whole and consistent, without touching a table.
 */
#ifndef DB_ADAPTER_BACKUPVALIDATE_H
#define DB_ADAPTER_BACKUPVALIDATE_H

#include "utils/jsonb.h"

/*
 * {"valid", "errors", "warnings"} for a document in UTF-8.  backup_schema may be
 * NULL: then the file's own is used, if it has one.
 */
extern Jsonb *backup_validate(const char *document, size_t len, Jsonb *backup_schema);

#endif							/* DB_ADAPTER_BACKUPVALIDATE_H */
