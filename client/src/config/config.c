/*
 * config.c
 *		db.toml in memory.
 *
 * Everything that the file says is kept as items with the place they stand at, so that
 * a message about a value names line and column.
 * A file that is not there is an empty one, unless it was asked for by name.  Secrets
 * are no values here: db.toml holds the names of environment variables, and what it
 * holds in spite of that is shown to nobody (configread.c).
 */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/conninfo.h"

#define DEFAULT_FILE "db.toml"
#define MAX_FILE_SIZE (16 * 1024 * 1024)
#define MAX_SILENCE 30000 /* milliseconds that a writer may let a FIFO wait */

/* ---------------------------------------------------------------- loading */

static bool
is_fifo(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode);
}

/* Is there more to come, of what has nothing now? */
static bool
wait_for_more(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	int			n = poll(&ready, 1, MAX_SILENCE);

	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

/* The whole file; false with errno when it cannot be read.  A FIFO may stand in for it,
 * as a shell's <(command) does; one that nobody writes into is no configuration, and not
 * waited for. */
static bool
read_file(const char *path, Buf *text)
{
	int			fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	ssize_t		got = -1;
	int			saved;

	if (fd < 0)
		return false;
	errno = 0;
	while (buf_reserve(text, 4096) && text->len <= MAX_FILE_SIZE)
	{
		got = read(fd, text->data + text->len, text->size - text->len - 1);
		if (got < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_more(fd))))
			continue;
		if (got == 0 && text->len == 0 && is_fifo(fd))
		{
			errno = ENODATA;
			got = -1;
		}
		if (got <= 0)
			break;
		text->len += (size_t) got;
		text->data[text->len] = '\0';
	}
	saved = text->len > MAX_FILE_SIZE ? EFBIG : errno;
	close(fd);
	errno = saved;
	return got == 0;
}

/* The folder a file stands in, with its slash; "" for the working directory. */
static const char *
folder_of(Arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return arena_strndup(arena, path, slash != NULL ? (size_t) (slash - path) + 1 : 0);
}

/* Where a file of the working directory is, for messages: as precise as possible. */
static const char *
absolute_path(Arena *arena, const char *name)
{
	char	   *folder = getcwd(NULL, 0);
	Buf			path = BUF_INIT;
	const char *result = NULL;

	if (folder != NULL)
		buf_printf(&path, "%s/", folder);
	buf_puts(&path, name);
	if (buf_ok(&path))
		result = arena_strndup(arena, buf_text(&path), path.len);
	free(folder);
	buf_free(&path);
	return result;
}

/* A path that has what URLs have is shown as one: it may be one that stands in the wrong place. */
static void
fail_read(const char *file, int number, dba_error **err)
{
	char	   *shown = strpbrk(file, "@=") != NULL ? conninfo_mask(file) : mem_strdup(file);

	error_set(err, DBA_CONFIG, "could not read \"%s\": %s", shown != NULL ? shown : "",
			  strerror(number));
	mem_free(shown);
}

static bool
config_fill(dba_config *config, const char *path, const char *env_prefix, dba_error **err)
{
	const char *file = path != NULL ? path : DEFAULT_FILE;
	Buf			text = BUF_INIT;
	bool		ok = false;

	config->path = arena_strndup(&config->arena, file, strlen(file));
	config->folder = folder_of(&config->arena, file);
	config->env_prefix = arena_strndup(&config->arena, env_prefix != NULL ? env_prefix : "",
									   env_prefix != NULL ? strlen(env_prefix) : 0);
	if (config->path == NULL || config->folder == NULL || config->env_prefix == NULL)
		return error_set_no_memory(err);
	if (read_file(file, &text))
		ok = config_read(config, buf_text(&text), text.len, err);
	else if (!buf_ok(&text))
		error_set_no_memory(err);
	else if (path == NULL && errno == ENOENT)
	{
		config->missing = true;
		config->path = absolute_path(&config->arena, file);
		ok = config->path != NULL ? config_read(config, "", 0, err) : error_set_no_memory(err);
	}
	else
		fail_read(file, errno, err);
	buf_free(&text);
	return ok;
}

dba_config *
dba_config_load(const char *path, const char *env_prefix, dba_error **err)
{
	dba_config *config = mem_zalloc(sizeof(dba_config));

	if (config == NULL)
		error_set_no_memory(err);
	else if (!config_fill(config, path, env_prefix, err))
	{
		dba_config_free(config);
		config = NULL;
	}
	return config;
}

void
dba_config_free(dba_config *config)
{
	if (config == NULL)
		return;
	if (config->close_clients != NULL)
		config->close_clients(config);
	arena_free(&config->arena);
	mem_free(config);
}

/* ---------------------------------------------------------------- asking */

const ConfigProfile *
config_find_profile(const dba_config *config, const char *name)
{
	const ConfigProfile *profile = config->profiles;

	while (profile != NULL && strcmp(profile->name, name) != 0)
		profile = profile->next;
	return profile;
}

/* the index-th element, or the value itself at 0 */
static const ConfigItem *
find_item(const dba_config *config, SettingId id, const char *profile, size_t index)
{
	for (const ConfigItem *item = config->items; item != NULL; item = item->next)
	{
		if (item->id == id && item->index == index &&
			(profile == NULL ? item->profile == NULL
							 : item->profile != NULL && strcmp(item->profile, profile) == 0))
			return item;
	}
	return NULL;
}

const ConfigItem *
config_find(const dba_config *config, SettingId id, const char *profile)
{
	return find_item(config, id, profile, 0);
}

const char *
config_text(const dba_config *config, SettingId id)
{
	const ConfigItem *item = config_find(config, id, NULL);

	return item != NULL ? item->shown : config->defaults[id];
}

void
config_write_where(Buf *buf, const dba_config *config, const ConfigItem *item)
{
	buf_puts(buf, config->path);
	if (item != NULL)
		buf_printf(buf, ":%zu:%zu", item->line, item->column);
}

const char *
dba_config_warning(const dba_config *config, size_t index)
{
	const ConfigWarning *warning = config->warnings;

	while (warning != NULL && index-- > 0)
		warning = warning->next;
	return warning != NULL ? warning->text : NULL;
}

const char *
dba_config_profile(const dba_config *config, size_t index)
{
	const ConfigProfile *profile = config->profiles;

	while (profile != NULL && index-- > 0)
		profile = profile->next;
	return profile != NULL ? profile->name : NULL;
}

/* Is `key` profiles.NAME.rest, with `rest` as in the table? */
static bool
is_profile_key(const char *key, const char *name, const char *pattern)
{
	size_t		len = strlen(name);

	return strncmp(key, "profiles.", 9) == 0 && strncmp(key + 9, name, len) == 0 &&
		   key[9 + len] == '.' && strcmp(key + 9 + len + 1, pattern + strlen("profiles.*.")) == 0;
}

/* The value or the default at a dotted key. */
static const char *
config_element(const dba_config *config, const char *key, size_t index, bool with_default)
{
	for (int i = 0; i < SETTING_COUNT; i++)
	{
		const ConfigItem *item = NULL;
		bool		found = false;

		if (setting_table[i].key == NULL)
			continue;
		if (strcmp(setting_table[i].key, key) == 0)
		{
			found = true;
			item = find_item(config, (SettingId) i, NULL, index);
		}
		for (const ConfigProfile *p = config->profiles;
			 p != NULL && !found && strchr(setting_table[i].key, '*'); p = p->next)
		{
			found = is_profile_key(key, p->name, setting_table[i].key);
			if (found)
				item = find_item(config, (SettingId) i, p->name, index);
		}
		if (found)
			return item != NULL ? item->shown : with_default ? config->defaults[i] : NULL;
	}
	return NULL;
}

const char *
dba_config_value(const dba_config *config, const char *key)
{
	return config_element(config, key, 0, true);
}

const char *
dba_config_element(const dba_config *config, const char *key, size_t index)
{
	return config_element(config, key, index, false);
}

/* ---------------------------------------------------------------- environment */

const char *
config_environment(const dba_config *config, const char *name, bool *known)
{
	Buf			variable = BUF_INIT;
	const char *value = NULL;

	buf_puts(&variable, config->env_prefix);
	buf_puts(&variable, name);
	*known = buf_ok(&variable);
	if (*known)
		value = getenv(buf_text(&variable));
	buf_free(&variable);
	return value != NULL && *value != '\0' ? value : NULL;
}
