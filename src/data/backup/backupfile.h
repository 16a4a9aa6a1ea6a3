/*
 * backupfile.h
 *	  A backup to a file of the server, or to several in a directory.
 */
#ifndef DB_ADAPTER_BACKUPFILE_H
#define DB_ADAPTER_BACKUPFILE_H

#include "data/backup/backupoptions.h"

#define BACKUP_MAX_WORKERS 1024

/* Raises unless the current user may write a new backup there, or replace an old one. */
extern void backup_check_path(const char *path, bool overwrite, int workers);
/* The whole, written beside its place first and then renamed; what it holds. */
extern Jsonb *backup_to_file(const BackupOptions *options, const char *path, bool overwrite,
							 int workers);

#endif							/* DB_ADAPTER_BACKUPFILE_H */
