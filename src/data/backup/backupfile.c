/*
 * backupfile.c
 *	  A backup to a file of the server.
 *
 * Written beside its place under a name of its own, flushed, and only then put
 * there: who looks sees the old file or the whole new one.
 */
#include "postgres.h"

#include <unistd.h>

#include "base/compat.h"
#include "data/backup/backup.h"
#include "data/backup/backupfile.h"
#include "data/backup/backupparts.h"
#include "data/backup/serverfile.h"
#include "miscadmin.h"
#include "storage/fd.h"

typedef struct BackupFile
{
	char	   *path;
	char	   *part;			/* where it is written until it is whole; NULL once that is gone */
	ServerFile *file;
	MemoryContextCallback on_reset;
} BackupFile;

void
backup_check_path(const char *path, bool overwrite, int workers)
{
	if (workers < 1 || workers > BACKUP_MAX_WORKERS)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("argument \"workers\" must be between 1 and %d", BACKUP_MAX_WORKERS)));
	serverfile_check(path, workers > 1, overwrite);
}

/* Leaves nothing half-written behind, whatever ended the backup. */
static void
remove_part(void *arg)
{
	BackupFile *file = arg;

	if (file->part != NULL)
		(void) unlink(file->part);
	file->part = NULL;
}

static void
open_part(BackupFile *file)
{
	char	   *part = psprintf("%s.part-%d", file->path, MyProcPid);

	file->file = serverfile_create(part);
	file->part = part;
	file->on_reset.func = remove_part;
	file->on_reset.arg = file;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &file->on_reset);
}

static void
publish(BackupFile *file, bool overwrite)
{
	char	   *directory;

	serverfile_finish(file->file);
	/* A link fails where somebody was faster; a rename would replace their file. */
	if (!overwrite)
	{
		if (link(file->part, file->path) != 0)
			ereport(ERROR, (errcode_for_file_access(),
							errmsg("could not create file \"%s\": %m", file->path)));
		remove_part(file);
		directory = pstrdup(file->path);
		get_parent_directory(directory);
		fsync_fname(directory, true);
		return;
	}
	(void) durable_rename(file->part, file->path, ERROR);
	file->part = NULL;
}

static Jsonb *
write_file(const BackupOptions *options, char *path, bool overwrite)
{
	BackupFile *file = palloc0(sizeof(BackupFile));
	Backup	   *backup = backup_begin(options);
	StringInfoData chunk;
	JsonWriter	w;

	file->path = path;
	open_part(file);
	initStringInfo(&chunk);
	while (backup_next(backup, &chunk))
	{
		appendStringInfoChar(&chunk, '\n');
		serverfile_write(file->file, &chunk);
		backup_tell(backup);
		resetStringInfo(&chunk);
	}
	publish(file, overwrite);

	json_init(&w);
	json_begin_object(&w);
	json_put_string(&w, "path", file->path);
	backup_summary(backup, &w);
	json_end_object(&w);
	return json_finish(&w);
}

Jsonb *
backup_to_file(const BackupOptions *options, const char *path, bool overwrite, int workers)
{
	char	   *canonical = pstrdup(path);

	canonicalize_path(canonical);
	backup_check_path(canonical, overwrite, workers);
	if (workers > 1)
		return backupparts_write(options, canonical, workers);
	return write_file(options, canonical, overwrite);
}
