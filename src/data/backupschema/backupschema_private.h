/*
 * backupschema_private.h
 *	  What reading and binding a backup schema share.
 */
#ifndef DB_ADAPTER_BACKUPSCHEMA_PRIVATE_H
#define DB_ADAPTER_BACKUPSCHEMA_PRIVATE_H

#include "data/backupschema/backupschema.h"

/* A member that names columns, and the one that is meant where a table does not have it. */
typedef struct BackupKeyMember
{
	const char *name;
	char	   *otherwise;
} BackupKeyMember;

extern const BackupKeyMember backupschema_pk;
extern const BackupKeyMember backupschema_slug;
extern const BackupKeyMember backupschema_user;

/* Once all tables are read, and that of the tenants is known: each one's way to its tenant. */
extern void backupschema_find_tenants(BackupSchema *schema);
/* Finds out which parts of keys are ids: backupschema_is_id(). */
extern void backupschema_bind_ids(BackupSchema *schema);

#endif							/* DB_ADAPTER_BACKUPSCHEMA_PRIVATE_H */
