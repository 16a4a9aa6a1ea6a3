/*
 * serverfile.c
 *	  Files of the server that a backup writes.
 */
#include "postgres.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compat.h"
#include "catalog/pg_authid.h"
#include "common/file_perm.h"
#include "data/backup/serverfile.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"

/*
 * lstat(), so that a link is none of the kinds we replace.  Asked before any work, and no
 * guard against who changes the directory meanwhile: that is serverfile_create()'s
 * O_EXCL.
 */
void
serverfile_check(const char *path, bool is_directory, bool overwrite)
{
	struct stat st;

	if (!has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to write a file of the server"),
				 errhint("Only roles with the privileges of \"pg_write_server_files\" may.")));
	if (path == NULL || !is_absolute_path(path))
		ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
						errmsg("relative path not allowed for a backup file")));
	if (lstat(path, &st) != 0)
		return;
	if (is_directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode))
		ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
						is_directory ? errmsg("\"%s\" is not a directory", path)
									 : errmsg("\"%s\" is not a regular file", path)));
	if (!overwrite)
		ereport(ERROR, (errcode(ERRCODE_DUPLICATE_FILE), errmsg("file \"%s\" exists", path),
						errhint("Pass overwrite => true to replace it.")));
}

/* O_EXCL: neither an old file nor a link that somebody laid there is followed. */
ServerFile *
serverfile_create(const char *path)
{
	ServerFile *file = palloc(sizeof(ServerFile));

	file->path = pstrdup(path);
	file->fd =
		OpenTransientFilePerm(path, O_WRONLY | O_CREAT | O_EXCL | PG_BINARY, PG_FILE_MODE_OWNER);
	if (file->fd < 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not create file \"%s\": %m", path)));
	return file;
}

/* In UTF-8 whatever the server's encoding, as the sums are. */
void
serverfile_write(ServerFile *file, StringInfo text)
{
	char	   *utf8 = pg_server_to_any(text->data, text->len, PG_UTF8);
	size_t		left = utf8 == text->data ? text->len : strlen(utf8);
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
							errmsg("could not write file \"%s\": %m", file->path)));
		}
		p += written;
		left -= written;
	}
	if (utf8 != text->data)
		pfree(utf8);
}

/* Close may report what an earlier write could not put on disk, so it is asked as well. */
void
serverfile_finish(ServerFile *file)
{
	if (pg_fsync(file->fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not fsync file \"%s\": %m", file->path)));
	if (CloseTransientFile(file->fd) != 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not close file \"%s\": %m", file->path)));
}
