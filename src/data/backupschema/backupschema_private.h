/*
 * backupschema_private.h
 *	  What reading and binding a backup schema share.
 */
#ifndef DB_ADAPTER_BACKUPSCHEMA_PRIVATE_H
#define DB_ADAPTER_BACKUPSCHEMA_PRIVATE_H

/* A member that names columns, and the one that is meant where a table does not have it. */
typedef struct BackupKeyMember
{
	const char *name;
	char	   *otherwise;
} BackupKeyMember;

extern const BackupKeyMember backupschema_pk;
extern const BackupKeyMember backupschema_slug;
extern const BackupKeyMember backupschema_user;

#endif							/* DB_ADAPTER_BACKUPSCHEMA_PRIVATE_H */
