/*
 * backupfile.c
 *	  A backup to a file of the server.
 *
 * Written beside its place under a name of its own, flushed, and only then put
 * there: who looks sees the old file or the whole new one.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "catalog/pg_authid.h"
#include "common/file_perm.h"
#include "data/backup.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"

typedef struct BackupFile
{
	char	   *path;
	char	   *part;			/* where it is written until it is whole; NULL once that is gone */
	int			fd;
	MemoryContextCallback on_reset;
} BackupFile;

void
backup_check_path(const char *path, bool overwrite)
{
	struct stat st;

	if (!has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to write a file of the server"),
				 errhint("Only roles with the privileges of \"pg_write_server_files\" may.")));
	if (!is_absolute_path(path))
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
						errmsg("relative path not allowed for a backup file")));
	if (lstat(path, &st) != 0)
		return;
	if (!S_ISREG(st.st_mode))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a regular file", path)));
	if (!overwrite)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_FILE), errmsg("file \"%s\" exists", path),
						errhint("Pass overwrite => true to replace it.")));
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

	/* O_EXCL: neither an old file nor a link that somebody laid there is followed. */
	file->fd =
		OpenTransientFilePerm(part, O_WRONLY | O_CREAT | O_EXCL | PG_BINARY, PG_FILE_MODE_OWNER);
	if (file->fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not create file \"%s\": %m", part)));
	file->part = part;
	file->on_reset.func = remove_part;
	file->on_reset.arg = file;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &file->on_reset);
}

static void
write_chunk(BackupFile *file, StringInfo chunk)
{
	char	   *utf8 = pg_server_to_any(chunk->data, chunk->len, PG_UTF8);
	size_t		left = utf8 == chunk->data ? chunk->len : strlen(utf8);
	const char *p = utf8;

	while (left > 0)
	{
		ssize_t		written = write(file->fd, p, left);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
		{
			/* a short write sets no error: there is no room */
			if (written == 0)
				errno = ENOSPC;
			ereport(ERROR, (errcode_for_file_access(),
							errmsg("could not write file \"%s\": %m", file->part)));
		}
		p += written;
		left -= written;
	}
	if (utf8 != chunk->data)
		pfree(utf8);
}

static void
publish(BackupFile *file, bool overwrite)
{
	char	   *directory;

	if (pg_fsync(file->fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not fsync file \"%s\": %m", file->part)));
	if (CloseTransientFile(file->fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not close file \"%s\": %m", file->part)));
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

Jsonb *
backup_to_file(const BackupOptions *options, const char *path, bool overwrite)
{
	BackupFile *file = palloc0(sizeof(BackupFile));
	Backup	   *backup;
	StringInfoData chunk;
	JsonWriter	w;

	file->path = pstrdup(path);
	canonicalize_path(file->path);
	backup_check_path(file->path, overwrite);
	backup = backup_begin(options);
	open_part(file);
	initStringInfo(&chunk);
	while (backup_next(backup, &chunk))
	{
		appendStringInfoChar(&chunk, '\n');
		write_chunk(file, &chunk);
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
