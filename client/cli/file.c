/*
 * file.c
 *		Small files read whole, names of files, folders.
 *
 * A schema file or a column list is read whole, as bytes, from whatever it is: a process
 * substitution is as good as a file.  What they hold is judged by who reads them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "file.h"

bool
file_ends_with(const char *text, const char *end)
{
	return strlen(text) > strlen(end) && strcmp(text + strlen(text) - strlen(end), end) == 0;
}

/* Compression does not count: NAME.json.gz is a json backup. */
const char *
file_format_of(const char *path)
{
	char		name[4096];

	snprintf(name, sizeof(name), "%s", path);
	if (file_ends_with(name, ".gz") || file_ends_with(name, ".zst"))
		*strrchr(name, '.') = '\0';
	if (file_ends_with(name, ".json"))
		return "json";
	return file_ends_with(name, ".jsonl") ? "jsonl" : NULL;
}

/* The last folder alone: a whole path that is missing is rather a typing mistake. */
bool
file_make_folder(const char *path)
{
	char		folder[4096];
	char	   *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL || slash == folder)
		return true;
	*slash = '\0';
	/* what stands in it is for nobody else */
	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return true;
	message_warn("could not make folder \"%s\": %s", folder, strerror(errno));
	return false;
}

/* A link that leads nowhere exists as well: to write over it would make what it names. */
bool
file_exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

/* A courtesy, not a guard: whoever opens the file does so without replacing one. */
void
file_unused_name(char *path, size_t size, const char *name, const char *ending)
{
	snprintf(path, size, "%s%s", name, ending);
	for (int i = 2; file_exists(path) && i < 10000; i++)
		snprintf(path, size, "%s.%d%s", name, i, ending);
}

/* All that the file has; NULL: errno says why. */
static char *
read_all(int fd, size_t *read_len)
{
	size_t		size = 128 * 1024;
	size_t		len = 0;
	ssize_t		got = 1;
	char	   *text = malloc(size);

	while (text != NULL && got > 0)
	{
		char	   *larger = text;

		do
			got = signals_wait_readable(fd) ? read(fd, text + len, size - len - 1) : -1;
		while (got < 0 && (errno == EINTR || errno == EAGAIN) && !signals_interrupted());
		len += got > 0 ? (size_t) got : 0;
		if (got < 0 || (size - len < 64 * 1024 && (larger = realloc(text, size *= 2)) == NULL))
		{
			free(text);
			return NULL;
		}
		text = larger;
		text[len] = '\0';
	}
	*read_len = len;
	return text;
}

/* "PATH:LINE: a NUL byte": what comes after it would be passed over in silence. */
static bool
has_nul(const char *path, const char *text, size_t len)
{
	const char *nul = memchr(text, '\0', len);
	size_t		line = 1;

	for (const char *c = text; nul != NULL && c < nul; c++)
		line += *c == '\n';
	if (nul != NULL)
		message_warn("%s:%zu: a NUL byte, which text cannot have", path, line);
	return nul != NULL;
}

/* Without len the text must be C's: a NUL byte in it is refused. */
char *
file_read(const char *path, const char *what, size_t *len)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t		size = 0;
	char	   *text = fd >= 0 ? read_all(fd, &size) : NULL;

	if (text == NULL && !signals_interrupted())
		message_warn("could not read %s \"%s\": %s", what, path, strerror(errno));
	if (fd >= 0)
		close(fd);
	if (len != NULL)
		*len = size;
	else if (text != NULL && has_nul(path, text, size))
	{
		free(text);
		return NULL;
	}
	return text;
}
