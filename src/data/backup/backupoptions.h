/*
 * backupoptions.h
 *	  What a backup is asked to hold, and how.
 */
#ifndef DB_ADAPTER_BACKUPOPTIONS_H
#define DB_ADAPTER_BACKUPOPTIONS_H

#include "utils/jsonb.h"

typedef enum BackupFormat
{
	BACKUP_JSONL,
	BACKUP_JSON
} BackupFormat;

typedef enum BackupOnLeak
{
	LEAK_REPORT,
	LEAK_ERROR,
	LEAK_DROP
} BackupOnLeak;

typedef enum BackupChecksum
{
	CHECKSUM_CRC32C,
	CHECKSUM_SHA256				/* beside the other */
} BackupChecksum;

typedef struct BackupOptions
{
	Jsonb	   *backup_schema;
	char	   *user_id;		/* NULL: every tenant */
	Jsonb	   *filters;
	Jsonb	   *metadata;
	Jsonb	   *keys;			/* NULL: every row */
	BackupFormat format;
	BackupOnLeak on_leak;
	BackupChecksum checksum;
	bool		row_security;
	bool		complete;		/* the backup schema speaks of all foreign keys, or need not */
} BackupOptions;

#endif							/* DB_ADAPTER_BACKUPOPTIONS_H */
