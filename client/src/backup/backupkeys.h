/*
 * backupkeys.h
 *		The key of a row, as a hash of its columns' texts.
 */
#ifndef DBA_BACKUPKEYS_H
#define DBA_BACKUPKEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BACKUP_MAX_KEY 32 /* columns of a key */

/* columns by name; hashes of a row's values stand beside them */
typedef struct BackupKey
{
	size_t		count;
	const char *columns[BACKUP_MAX_KEY];
	uint64_t	values[BACKUP_MAX_KEY];
	bool		present[BACKUP_MAX_KEY];	/* not NULL in this row */
} BackupKey;

/* the row's value of a column, if it is one of a key: text NULL is SQL NULL */
extern void backupkey_set(BackupKey *key, const char *column, const char *text, size_t len);
extern void backupkey_clear(BackupKey *key);

/* the key of the row, never 0; false: a part of it is NULL */
extern bool backupkey_hash(const BackupKey *key, uint64_t *hash);

#endif							/* DBA_BACKUPKEYS_H */
