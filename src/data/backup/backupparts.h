/*
 * backupparts.h
 *	  A backup in parts: a directory that several processes fill.
 *
 * One after the other, in the order of their names, the parts are the very file that
 * one process would have written.  A manifest names them.
 */
#ifndef DB_ADAPTER_BACKUPPARTS_H
#define DB_ADAPTER_BACKUPPARTS_H

#include "data/backup/backupoptions.h"
#include "nodes/pg_list.h"
#include "storage/dsm.h"
#include "storage/shm_toc.h"

/* Writes the directory, replacing one that is there; what it holds. */
extern Jsonb *backupparts_write(const BackupOptions *options, char *path, int workers);
/* The paths of the parts in their order, char *; NIL when path is no directory. */
extern List *backupparts_list(const char *path);

/* Where the parallel workers begin. */
extern PGDLLEXPORT void db_adapter_backup_worker_main(dsm_segment *segment, shm_toc *toc);

#endif							/* DB_ADAPTER_BACKUPPARTS_H */
