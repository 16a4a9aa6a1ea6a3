/*
 * backup.h
 *	  Rows to chunks of lines: the verb backup.
 */
#ifndef DB_ADAPTER_BACKUP_H
#define DB_ADAPTER_BACKUP_H

#include "base/json.h"
#include "data/backupoptions.h"
#include "lib/stringinfo.h"

typedef struct Backup Backup;

/* The options as SQL gives them; raises 22023 for a word that is none. */
extern void backup_options_set(BackupOptions *options, const char *format, const char *on_leak,
							   const char *checksum);

/*
 * Begins a backup in the current memory context, which must outlive it.  It sees
 * what the active snapshot sees, at every call of backup_next().
 */
extern Backup *backup_begin(const BackupOptions *options);

/*
 * The next chunk, appended to out in the server's encoding: whole lines without
 * the last line break, about 64 KB.  False when there is none.
 */
extern bool backup_next(Backup *backup, StringInfo out);

/* The rows written so far, of all tables. */
extern int64 backup_row_count(const Backup *backup);

/* Tells whoever watches how far it has come. */
extern void backup_tell(const Backup *backup);

/* What a backup that has come to its end held, into an open object of w. */
extern void backup_summary(const Backup *backup, JsonWriter *w);

/* Raises unless the current user may write a new file there, or replace an old one. */
extern void backup_check_path(const char *path, bool overwrite);
/* The whole to a file of the server, beside it first and then renamed. */
extern Jsonb *backup_to_file(const BackupOptions *options, const char *path, bool overwrite);

#endif							/* DB_ADAPTER_BACKUP_H */
