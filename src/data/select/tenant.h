/*
 * tenant.h
 *	  The row that is the tenant whom somebody has named.
 */
#ifndef DB_ADAPTER_TENANT_H
#define DB_ADAPTER_TENANT_H

#include "data/backupschema/backupschema.h"

/*
 * Where tenants are rows of a table, finds the one that user_id names, as this statement
 * sees it: by the match key, or as a JSON object by columns.  Without a user_id, and where
 * tenants are no rows, nothing is done.  Two rows of a name raise 22023.
 */
extern void tenant_resolve(BackupSchema *schema, const char *user_id);
/* The same as of now, for who has waited for others. */
extern void tenant_resolve_latest(BackupSchema *schema, const char *user_id);
/* The same as tenant_resolve(); P0002 where there is none. */
extern void tenant_need(BackupSchema *schema, const char *user_id);
pg_noreturn extern void tenant_refuse_missing(const BackupSchema *schema, const char *user_id);

/* Whether the text is an object of columns rather than the value of a match key. */
extern bool tenant_is_object(const char *user_id);

#endif							/* DB_ADAPTER_TENANT_H */
