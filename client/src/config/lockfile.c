/*
 * lockfile.c
 *		The lock file: the name of the profile in use, and nothing else.
 *
 * Written to a name beside it, fsynced and renamed, so that whoever reads it sees
 * the old name or the new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

/* Read all of a small file; -1 with errno. */
static ssize_t
read_small(const char *path, char *text, size_t size)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC);
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

/* The new content, safely on disk under a name of its own. */
static bool
write_beside(const char *temporary, const char *profile, dba_error **err)
{
	int			fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	char		line[MAX_NAME + 2];
	size_t		len = (size_t) snprintf(line, sizeof(line), "%s\n", profile);
	bool		ok;

	if (fd < 0)
		return fail_errno("create", temporary, err);
	ok = write(fd, line, len) == (ssize_t) len && fsync(fd) == 0;
	if (!ok)
		fail_errno("write", temporary, err);
	if (close(fd) != 0 && ok)
		ok = fail_errno("write", temporary, err);
	return ok;
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

bool
lockfile_write(const char *path, const char *profile, dba_error **err)
{
	Buf			temporary = BUF_INIT;
	bool		ok;

	if (profile == NULL || !is_profile_name(profile))
		return error_set(err, DBA_INVALID, "a profile's name must be one line of text");
	buf_printf(&temporary, "%s.%ld", path, (long) getpid());
	if (!buf_ok(&temporary))
		return error_set_no_memory(err);
	/* one left behind by a crash, under a process number that came again */
	unlink(buf_text(&temporary));
	ok = write_beside(buf_text(&temporary), profile, err);
	if (ok && rename(buf_text(&temporary), path) != 0)
		ok = fail_errno("write lock file", path, err);
	if (!ok)
		unlink(buf_text(&temporary));
	else
		ok = sync_folder(path, err);
	buf_free(&temporary);
	return ok;
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
