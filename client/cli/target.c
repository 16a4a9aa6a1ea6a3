/*
 * target.c
 *		Where the bytes of an output go, so that nobody else decides it.
 *
 * Rows of all tenants may be written by root into /tmp.  So a path is walked component by
 * component from an open directory, each step by *at() calls that follow nothing: what was
 * checked is what is used, whatever others rename meanwhile.  Links are followed by us, and
 * never where somebody else could have put them: in a sticky directory that others write
 * to, an entry must be ours or the directory owner's (the kernel's fs.protected_symlinks,
 * _regular and _fifos, which may be off).
 *
 * A regular file is made under a temporary name beside it, with mode 0600, and renamed when
 * it is whole.  One that is there keeps its mode and, where we may, its owner; without
 * leave to overwrite, it keeps its content too, even when it comes up while we write.
 * Devices, FIFOs, sockets and descriptors of ours are written into: replacing them would
 * destroy them.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "file.h"

#define MAX_LINKS 40 /* as the kernel has it */
#define MAX_TRIES 100

/* Why not, where no errno says it. */
#define EXISTS "it exists, and is replaced with --overwrite only"
#define FOREIGN "it is somebody else's, in a directory that others write to"

/* A walk under way: the rest of the path, seen from a directory. */
typedef struct Walk
{
	int			dir;
	char		rest[PATH_MAX];
	int			links;
	const char *why;			/* it cannot go on */
} Walk;

static bool
stop(Walk *walk, const char *why)
{
	walk->why = why;
	return false;
}

/* May the entry be somebody's trap?  That is one who may make entries here, but is neither
 * we nor the directory's owner. */
static bool
is_foreign(int dir, const struct stat *entry)
{
	struct stat status;

	if (fstat(dir, &status) != 0)
		return true;
	return (status.st_mode & S_ISVTX) != 0 && (status.st_mode & (S_IWOTH | S_IWGRP)) != 0 &&
		   entry->st_uid != geteuid() && entry->st_uid != status.st_uid;
}

static bool
enter(Walk *walk, const char *name, int flags)
{
	int			dir = openat(walk->dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC | flags);

	if (dir < 0)
		return stop(walk, strerror(errno));
	close(walk->dir);
	walk->dir = dir;
	return true;
}

/* The link's text takes the place of its name. */
static bool
follow(Walk *walk, const char *name, const char *after)
{
	char		text[PATH_MAX];
	char		rest[PATH_MAX];
	ssize_t		len = readlinkat(walk->dir, name, text, sizeof(text) - 1);

	if (len < 0)
		return stop(walk, strerror(errno));
	text[len] = '\0';
	if (++walk->links > MAX_LINKS)
		return stop(walk, strerror(ELOOP));
	if ((size_t) snprintf(rest, sizeof(rest), "%s%s", text, after) >= sizeof(rest))
		return stop(walk, strerror(ENAMETOOLONG));
	memcpy(walk->rest, rest, sizeof(rest));
	return *text != '/' || enter(walk, "/", 0);
}

/* The entry is a link of /proc: its text is no path, but its name a descriptor of ours. */
static bool
take_descriptor(Walk *walk, Target *target, const char *name)
{
	struct stat there;
	struct stat ours;
	int			fd = name[strspn(name, "0123456789")] == '\0' ? atoi(name) : -1;

	if (fd < 0 || fstatat(walk->dir, name, &there, 0) != 0 || fstat(fd, &ours) != 0 ||
		there.st_dev != ours.st_dev || there.st_ino != ours.st_ino)
		return stop(walk, "it is not a descriptor of this program");
	target->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	target->in_place = true;
	return target->fd >= 0 || stop(walk, strerror(errno));
}

static bool
is_in_proc(int dir)
{
	struct statfs status;

	return fstatfs(dir, &status) == 0 && status.f_type == PROC_SUPER_MAGIC;
}

/* One component; *done when it was the last one: target->name, and status if it is there. */
static bool
step(Walk *walk, Target *target, struct stat *status, bool *done)
{
	char	   *name = walk->rest + strspn(walk->rest, "/");
	size_t		len = strcspn(name, "/");
	char		part[NAME_MAX + 1];
	char	   *after = name + len;
	bool		last = after[strspn(after, "/")] == '\0';

	if (len > NAME_MAX)
		return stop(walk, strerror(ENAMETOOLONG));
	memcpy(part, name, len);
	part[len] = '\0';
	if (len == 0 || (last && (*after == '/' || strcmp(part, ".") == 0 || strcmp(part, "..") == 0)))
		return stop(walk, strerror(EISDIR));
	target->there = fstatat(walk->dir, part, status, AT_SYMLINK_NOFOLLOW) == 0;
	if (!target->there && (errno != ENOENT || !last))
		return stop(walk, strerror(errno));
	if (target->there && S_ISLNK(status->st_mode))
	{
		if (is_foreign(walk->dir, status))
			return stop(walk, "a link on the way is somebody else's, in a directory that "
							  "others write to");
		if (is_in_proc(walk->dir) && last)
			return take_descriptor(walk, target, part);
		return follow(walk, part, after);
	}
	*done = last;
	if (last)
		memcpy(target->name, part, len + 1);
	else
	{
		char		rest[PATH_MAX];

		snprintf(rest, sizeof(rest), "%s", after);
		memcpy(walk->rest, rest, sizeof(rest));
		return enter(walk, part, O_NOFOLLOW);
	}
	return true;
}

/* ---------------------------------------------------------------- opening */

/* A socket is connected to: by a path through /proc, since connect() knows no *at(). */
static int
connect_socket(int dir, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int			len =
		snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", dir, name);
	int			fd;

	if ((size_t) len >= sizeof(address.sun_path))
	{
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *) &address, sizeof(address)) != 0)
	{
		int			saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* A device, FIFO or socket: written into. */
static bool
open_in_place(Target *target, const struct stat *expected, const char **why)
{
	struct stat status;

	target->in_place = true;
	if (S_ISSOCK(expected->st_mode))
		target->fd = connect_socket(target->dir, target->name);
	else
		target->fd =
			openat(target->dir, target->name, O_WRONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
	*why = target->fd < 0 ? strerror(errno) : NULL;
	if (target->fd < 0 || S_ISSOCK(expected->st_mode))
		return target->fd >= 0;
	if (fstat(target->fd, &status) == 0 && status.st_dev == expected->st_dev &&
		status.st_ino == expected->st_ino)
		return true;
	*why = "it was replaced meanwhile";
	return false;
}

/* A file of ours alone beside the target, under a name that nobody had. */
static bool
open_temporary(Target *target, const char **why)
{
	for (int i = 0; i < MAX_TRIES; i++)
	{
		char		number[32] = "";

		if (i > 0)
			snprintf(number, sizeof(number), "-%d", i);
		/* the name may be as long as a name can be */
		snprintf(target->temporary, sizeof(target->temporary), "%.200s.%ld%s.tmp", target->name,
				 (long) getpid(), number);
		target->fd = openat(target->dir, target->temporary,
							O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (target->fd >= 0)
		{
			signals_set_unfinished(target->dir, target->temporary);
			return true;
		}
		if (errno != EEXIST)
			break;
	}
	*target->temporary = '\0';
	*why = strerror(errno);
	return false;
}

/* What stands at the name decides; is_foreign() comes before all else, for a FIFO of
 * somebody else's would get the rows as well. */
static bool
open_file(Target *target, const struct stat *status, const char **why)
{
	if (target->there && is_foreign(target->dir, status))
	{
		*why = FOREIGN;
		return false;
	}
	if (target->there && S_ISDIR(status->st_mode))
	{
		*why = strerror(EISDIR);
		return false;
	}
	if (target->there && !S_ISREG(status->st_mode))
		return open_in_place(target, status, why);
	if (target->there && !target->overwrite)
	{
		*why = EXISTS;
		return false;
	}
	if (target->there)
	{
		target->mode = status->st_mode & 0777;
		target->owner = status->st_uid;
		target->group = status->st_gid;
	}
	return open_temporary(target, why);
}

/* The directory stays open until the end: the rename later is in the directory that was
 * checked, wherever that has been moved to. */
const char *
target_open(Target *target, const char *path, bool overwrite)
{
	Walk		walk = {.dir = -1};
	struct stat status;
	bool		done = false;
	bool		ok;

	*target = (Target){.fd = -1, .dir = -1, .overwrite = overwrite};
	if ((size_t) snprintf(walk.rest, sizeof(walk.rest), "%s", path) >= sizeof(walk.rest))
		return strerror(ENAMETOOLONG);
	if (*path == '\0')
		return strerror(ENOENT);
	walk.dir = open(*path == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ok = walk.dir >= 0 || stop(&walk, strerror(errno));
	while (ok && !done && target->fd < 0)
		ok = step(&walk, target, &status, &done);
	target->dir = walk.dir;
	if (ok && target->fd < 0)
		ok = open_file(target, &status, &walk.why);
	if (!ok)
		target_abandon(target);
	return ok ? NULL : walk.why;
}

/* ---------------------------------------------------------------- ending */

/* The owner and mode that the file had.  Who may read it by its group alone is not
 * another group's member. */
static bool
restore_mode(Target *target)
{
	mode_t		mode = target->mode;
	struct stat status;

	if (fstat(target->fd, &status) != 0)
		return false;
	if ((status.st_uid != target->owner || status.st_gid != target->group) &&
		fchown(target->fd, target->owner, target->group) != 0 &&
		fchown(target->fd, (uid_t) -1, target->group) != 0 && status.st_gid != target->group)
		mode &= ~(mode_t) 070;
	return fchmod(target->fd, mode) == 0;
}

/* To its name, which nobody has: rename() would replace who took it meanwhile. */
static bool
rename_to_new(const Target *target)
{
	if (renameat2(target->dir, target->temporary, target->dir, target->name, RENAME_NOREPLACE) == 0)
		return true;
	if (errno != EINVAL && errno != ENOSYS)
		return false;
	/* some file systems do not know that */
	if (linkat(target->dir, target->temporary, target->dir, target->name, 0) != 0)
		return false;
	return unlinkat(target->dir, target->temporary, 0) == 0;
}

/* Mode and owner first, while nobody else has the name; then the bytes to disk, then the
 * name. */
const char *
target_commit(Target *target)
{
	int			folder;

	if (target->in_place)
		return NULL;
	if (target->there && !restore_mode(target))
		return strerror(errno);
	if (fsync(target->fd) != 0)
		return strerror(errno);
	if (target->overwrite ? renameat(target->dir, target->temporary, target->dir, target->name) != 0
						  : !rename_to_new(target))
		return errno == EEXIST ? EXISTS : strerror(errno);
	*target->temporary = '\0';
	signals_set_unfinished(-1, NULL);
	/* the new name is on disk before it is told; some file systems cannot */
	folder = openat(target->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0)
	{
		(void) fsync(folder);
		close(folder);
	}
	return NULL;
}

const char *
target_abandon(Target *target)
{
	const char *why = NULL;

	signals_set_unfinished(-1, NULL);
	if (*target->temporary != '\0')
		unlinkat(target->dir, target->temporary, 0);
	/* a full disk behind NFS says so here */
	if (target->fd >= 0 && close(target->fd) != 0 && errno != EINTR)
		why = strerror(errno);
	if (target->dir >= 0)
		close(target->dir);
	target->fd = target->dir = -1;
	*target->temporary = '\0';
	return why;
}
