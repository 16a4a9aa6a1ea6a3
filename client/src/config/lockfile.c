/*
 * lockfile.c
 *		The lock file: the name of the profile in use, and nothing else.
 *
 * Written to a name beside it, fsynced and renamed, so that whoever reads it sees
 * the old name or the new one.  A link is followed to the file that it means, which keeps
 * its mode, and never where somebody else could have put it: in a sticky directory that
 * others write to.  What is no regular file is written into, and never waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "base/mem.h"

#define MAX_NAME 1024

/* A profile's name is one line without control characters. */
static bool
is_profile_name(const char *name)
{
	if (*name == '\0' || strlen(name) > MAX_NAME)
		return false;
	for (; *name != '\0'; name++)
	{
		if ((unsigned char) *name < 0x20 || *name == 0x7F)
			return false;
	}
	return true;
}

static bool
fail_errno(const char *doing, const char *path, dba_error **err)
{
	return error_set(err, DBA_CONFIG, "could not %s \"%s\": %s", doing, path, strerror(errno));
}

/* Read all of a small file; -1 with errno.  A FIFO or terminal is not waited for. */
static ssize_t
read_small(const char *path, char *text, size_t size)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t		got;
	int			saved;

	if (fd < 0)
		return -1;
	do
		got = read(fd, text, size);
	while (got < 0 && errno == EINTR);
	saved = errno;
	close(fd);
	errno = saved;
	return got;
}

char *
dba_lock_read(const dba_config *config, dba_error **err)
{
	const char *path = config_text(config, SETTING_LOCK_FILE);
	char		text[MAX_NAME + 16];
	ssize_t		got = read_small(path, text, sizeof(text) - 1);
	char	   *name;
	char	   *start = text;

	if (got < 0)
	{
		if (errno != ENOENT)
			fail_errno("read lock file", path, err);
		return NULL;
	}
	text[got] = '\0';
	start += strspn(start, " \t\r\n");
	for (char *end = start + strlen(start); end > start && strchr(" \t\r\n", end[-1]) != NULL;)
		*--end = '\0';
	if (got == 0 || (*start == '\0' && memchr(text, '\0', (size_t) got) == NULL))
		return NULL;
	if (!is_profile_name(start))
	{
		error_set(err, DBA_CONFIG, "lock file \"%s\" does not hold a profile's name", path);
		return NULL;
	}
	name = mem_strdup(start);
	if (name == NULL)
		error_set_no_memory(err);
	return name;
}

static bool
write_line(int fd, const char *profile)
{
	char		line[MAX_NAME + 2];
	size_t		len = (size_t) snprintf(line, sizeof(line), "%s\n", profile);

	return write(fd, line, len) == (ssize_t) len;
}

/* The new content, safely on disk under a name of its own; mode is the old file's, or 0. */
static bool
write_beside(const char *temporary, const char *profile, mode_t mode, dba_error **err)
{
	int			fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool		ok;

	if (fd < 0)
		return fail_errno("create", temporary, err);
	ok = write_line(fd, profile) && (mode == 0 || fchmod(fd, mode) == 0) && fsync(fd) == 0;
	if (!ok)
		fail_errno("write", temporary, err);
	if (close(fd) != 0 && ok)
		ok = fail_errno("write", temporary, err);
	return ok;
}

/* Into a device or FIFO that stands where the file would. */
static bool
write_into(const char *path, const char *profile, dba_error **err)
{
	int			fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
	bool		ok = fd >= 0 && write_line(fd, profile);

	if (!ok)
		fail_errno("write lock file", path, err);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Could somebody else have put the entry there?  That is one who may make entries in its
 * folder, and is neither we nor the folder's owner. */
static bool
is_foreign(const char *path, const struct stat *entry)
{
	char		folder[PATH_MAX];
	const char *slash = strrchr(path, '/');
	struct stat status;

	snprintf(folder, sizeof(folder), "%.*s", slash != NULL ? (int) (slash - path) + 1 : 1,
			 slash != NULL ? path : ".");
	if (stat(folder, &status) != 0)
		return true;
	return (status.st_mode & S_ISVTX) != 0 && (status.st_mode & (S_IWOTH | S_IWGRP)) != 0 &&
		   entry->st_uid != geteuid() && entry->st_uid != status.st_uid;
}

/* The file that path means, in target, and what it is; st_mode 0: it is not there. */
static bool
find_target(const char *path, char target[PATH_MAX], struct stat *status, dba_error **err)
{
	char	   *real;

	status->st_mode = 0;
	if ((size_t) snprintf(target, PATH_MAX, "%s", path) >= PATH_MAX)
	{
		errno = ENAMETOOLONG;
		return fail_errno("write lock file", path, err);
	}
	if (lstat(path, status) != 0)
	{
		status->st_mode = 0;
		return errno == ENOENT || fail_errno("write lock file", path, err);
	}
	if (is_foreign(path, status))
		return error_set(err, DBA_CONFIG,
						 "lock file \"%s\" is somebody else's, in a folder that others write to",
						 path);
	if (!S_ISLNK(status->st_mode))
		return true;
	real = realpath(path, NULL);
	if (real == NULL)
		return fail_errno("write lock file", path, err);
	snprintf(target, PATH_MAX, "%s", real);
	free(real);
	if (lstat(target, status) != 0)
		return fail_errno("write lock file", target, err);
	return true;
}

/* Make a rename or unlink in path's folder lasting; some file systems cannot. */
static bool
sync_folder(const char *path, dba_error **err)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash != NULL ? mem_strndup(path, (size_t) (slash - path) + 1) : mem_strdup(".");
	int			fd;
	bool		ok;

	if (folder == NULL)
		return error_set_no_memory(err);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
	if (!ok)
		fail_errno("sync", folder, err);
	if (fd >= 0)
		close(fd);
	mem_free(folder);
	return ok;
}

/* Renamed over the file that is there, if any. */
static bool
replace_file(const char *target, const char *profile, mode_t mode, dba_error **err)
{
	Buf			temporary = BUF_INIT;
	bool		ok;

	buf_printf(&temporary, "%s.%ld", target, (long) getpid());
	if (!buf_ok(&temporary))
		return error_set_no_memory(err);
	/* one left behind by a crash, under a process number that came again */
	unlink(buf_text(&temporary));
	ok = write_beside(buf_text(&temporary), profile, mode, err);
	if (ok && rename(buf_text(&temporary), target) != 0)
		ok = fail_errno("write lock file", target, err);
	if (!ok)
		unlink(buf_text(&temporary));
	else
		ok = sync_folder(target, err);
	buf_free(&temporary);
	return ok;
}

bool
lockfile_write(const char *path, const char *profile, dba_error **err)
{
	char		target[PATH_MAX];
	struct stat status;

	if (profile == NULL || !is_profile_name(profile))
		return error_set(err, DBA_INVALID, "a profile's name must be one line of text");
	if (!find_target(path, target, &status, err))
		return false;
	if (status.st_mode == 0 || S_ISREG(status.st_mode) || S_ISDIR(status.st_mode))
		return replace_file(target, profile, status.st_mode & 0777, err);
	return write_into(target, profile, err);
}

bool
dba_lock_write(const dba_config *config, const char *profile, dba_error **err)
{
	return lockfile_write(config_text(config, SETTING_LOCK_FILE), profile, err);
}

bool
dba_lock_clear(const dba_config *config, dba_error **err)
{
	const char *path = config_text(config, SETTING_LOCK_FILE);

	if (unlink(path) == 0)
		return sync_folder(path, err);
	return errno == ENOENT || fail_errno("remove lock file", path, err);
}
