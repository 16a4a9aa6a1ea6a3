/*
 * configread.c
 *		The text of db.toml against the table of settings.
 *
 * Every key is looked up in the table: what it does not know is a warning with
 * the nearest key, what has another type is an error, both with line and column.
 */
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/conninfo.h"
#include "base/mem.h"
#include "config/toml.h"

#define KEY_PARTS 8

typedef struct ConfigReader
{
	dba_config *config;
	ConfigItem **item_tail;
	ConfigWarning **warning_tail;
	dba_error **err;
} ConfigReader;

/* a key of the table in its parts: "profiles", "*", "pool", "size" */
typedef struct KeyParts
{
	const char *start[KEY_PARTS];
	size_t		len[KEY_PARTS];
	size_t		count;
} KeyParts;

static void
split_key(const char *key, KeyParts *parts)
{
	parts->count = 0;
	while (parts->count < KEY_PARTS)
	{
		size_t		len = strcspn(key, ".");

		parts->start[parts->count] = key;
		parts->len[parts->count++] = len;
		if (key[len] == '\0')
			break;
		key += len + 1;
	}
}

static bool
part_equals(const KeyParts *parts, size_t i, const char *text)
{
	if (parts->len[i] == 1 && *parts->start[i] == '*')
		return true;
	return strlen(text) == parts->len[i] && memcmp(parts->start[i], text, parts->len[i]) == 0;
}

/* How many parts from the left agree. */
static size_t
common_parts(const KeyParts *parts, const TomlItem *item)
{
	size_t		n = 0;

	while (n < parts->count && n < item->depth && part_equals(parts, n, item->path[n]))
		n++;
	return n;
}

/* The setting at item's key, SETTING_COUNT when there is none; is it on the way to one? */
static int
find_key(const TomlItem *item, bool *on_the_way)
{
	KeyParts	parts;

	*on_the_way = false;
	for (int i = 0; i < SETTING_COUNT; i++)
	{
		if (setting_table[i].key == NULL)
			continue;
		split_key(setting_table[i].key, &parts);
		if (common_parts(&parts, item) < item->depth)
			continue;
		if (parts.count == item->depth)
			return i;
		*on_the_way = true;
	}
	return SETTING_COUNT;
}

/* ---------------------------------------------------------------- messages */

static void
write_place(Buf *buf, const ConfigReader *reader, const TomlItem *item)
{
	buf_printf(buf, "%s:%zu:%zu", reader->config->path, item->line, item->column);
}

static void
write_key(Buf *buf, const TomlItem *item)
{
	for (size_t i = 0; i < item->depth; i++)
		buf_printf(buf, "%s%s", i > 0 ? "." : "", item->path[i]);
}

static TomlAnswer
stop_without_memory(ConfigReader *reader)
{
	error_set_no_memory(reader->err);
	return TOML_STOP;
}

/* "db.toml:3:1: profiles.a.url must be …" */
static TomlAnswer
fail_type(ConfigReader *reader, const TomlItem *item, const char *expected)
{
	Buf			text = BUF_INIT;

	write_place(&text, reader, item);
	buf_puts(&text, ": ");
	write_key(&text, item);
	buf_printf(&text, " must be %s", expected);
	if (buf_ok(&text))
		error_set(reader->err, DBA_CONFIG, "%s", buf_text(&text));
	else
		error_set_no_memory(reader->err);
	buf_free(&text);
	return TOML_STOP;
}

/* The known key that stands where item does and is spelt most like it. */
static void
write_nearest(Buf *buf, const TomlItem *item)
{
	char		words[SETTING_COUNT][64];
	const char *list[SETTING_COUNT];
	const char *nearest;
	size_t		last = item->depth - 1;

	for (int i = 0; i < SETTING_COUNT; i++)
	{
		KeyParts	parts;

		list[i] = NULL;
		if (setting_table[i].key == NULL)
			continue;
		split_key(setting_table[i].key, &parts);
		if (common_parts(&parts, item) < last || parts.count <= last ||
			parts.len[last] >= sizeof(words[i]))
			continue;
		memcpy(words[i], parts.start[last], parts.len[last]);
		words[i][parts.len[last]] = '\0';
		list[i] = words[i];
	}
	nearest = dba_nearest(item->path[last], list, SETTING_COUNT);
	if (nearest != NULL)
		buf_printf(buf, "; perhaps you meant \"%s\"", nearest);
}

static TomlAnswer
warn_unknown(ConfigReader *reader, const TomlItem *item)
{
	ConfigWarning *warning = arena_alloc(&reader->config->arena, sizeof(ConfigWarning));
	Buf			text = BUF_INIT;

	write_place(&text, reader, item);
	buf_puts(&text, ": unknown key \"");
	write_key(&text, item);
	buf_puts(&text, "\" is ignored");
	write_nearest(&text, item);
	if (warning != NULL && buf_ok(&text))
		warning->text = arena_strndup(&reader->config->arena, buf_text(&text), text.len);
	buf_free(&text);
	if (warning == NULL || warning->text == NULL)
		return stop_without_memory(reader);
	*reader->warning_tail = warning;
	reader->warning_tail = &warning->next;
	return TOML_SKIP;
}

/* ---------------------------------------------------------------- values */

/* What may stand in the file for a setting of this type; NULL: item is that. */
static const char *
expected_type(SettingType type, const TomlItem *item)
{
	switch (type)
	{
		case SETTING_INTEGER:
			return item->type == TOML_INTEGER ? NULL : "an integer";
		case SETTING_SECONDS:
			return item->type == TOML_INTEGER || item->type == TOML_FLOAT ? NULL
																		  : "a number of seconds";
		case SETTING_BOOLEAN:
			return item->type == TOML_BOOLEAN ? NULL : "true or false";
		case SETTING_LIST:
			return item->type == (item->element ? TOML_STRING : TOML_ARRAY) ? NULL
																			: "an array of strings";
		default:
			return item->type == TOML_STRING ? NULL : "a string";
	}
}

/* A path as seen from where the program runs. */
static const char *
complete_path(dba_config *config, const char *path)
{
	Buf			buf = BUF_INIT;
	const char *result = NULL;

	if (path[0] == '/' || config->folder[0] == '\0')
		return arena_strndup(&config->arena, path, strlen(path));
	buf_puts(&buf, config->folder);
	buf_puts(&buf, path);
	if (buf_ok(&buf))
		result = arena_strndup(&config->arena, buf_text(&buf), buf.len);
	buf_free(&buf);
	return result;
}

bool
config_is_variable(const char *text)
{
	if (*text != '_' && (*text < 'A' || *text > 'Z'))
		return false;
	return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] == '\0';
}

/* What dba_config_value answers: no secret.  false: no memory */
static bool
set_shown(dba_config *config, ConfigItem *item)
{
	char	   *masked;

	switch (item->id)
	{
		case SETTING_URL:
			masked = conninfo_mask(item->value);
			if (masked != NULL)
				item->shown = arena_strndup(&config->arena, masked, strlen(masked));
			mem_free(masked);
			return item->shown != NULL;
		case SETTING_DB_PASSWORD:
		case SETTING_API_KEY:
			item->shown = config_is_variable(item->value) ? item->value : NULL;
			return true;
		default:
			item->shown = item->value;
			if (setting_table[item->id].type == SETTING_PATH)
				item->shown = complete_path(config, item->value);
			return item->shown != NULL;
	}
}

static TomlAnswer
add_item(ConfigReader *reader, const TomlItem *toml, SettingId id)
{
	dba_config *config = reader->config;
	ConfigItem *item = arena_alloc(&config->arena, sizeof(ConfigItem));

	if (item == NULL)
		return stop_without_memory(reader);
	item->id = id;
	item->index = toml->index;
	item->line = toml->line;
	item->column = toml->column;
	item->value = arena_strndup(&config->arena, toml->text, strlen(toml->text));
	if (strncmp(setting_table[id].key, "profiles.", 9) == 0)
		item->profile = arena_strndup(&config->arena, toml->path[1], strlen(toml->path[1]));
	if (item->value == NULL || (item->profile == NULL && toml->path[0][0] == 'p') ||
		!set_shown(config, item))
		return stop_without_memory(reader);
	*reader->item_tail = item;
	reader->item_tail = &item->next;
	return TOML_CONTINUE;
}

static TomlAnswer
add_profile(ConfigReader *reader, const TomlItem *item)
{
	dba_config *config = reader->config;
	ConfigProfile **place = &config->profiles;
	ConfigProfile *profile = arena_alloc(&config->arena, sizeof(ConfigProfile));

	if (profile == NULL)
		return stop_without_memory(reader);
	profile->name = arena_strndup(&config->arena, item->path[1], strlen(item->path[1]));
	profile->line = item->line;
	profile->column = item->column;
	if (profile->name == NULL)
		return stop_without_memory(reader);
	/* the parser sorts by name; put them back into the file's order */
	while (*place != NULL && ((*place)->line < item->line ||
							  ((*place)->line == item->line && (*place)->column < item->column)))
		place = &(*place)->next;
	profile->next = *place;
	*place = profile;
	return TOML_CONTINUE;
}

static TomlAnswer
visit_value(ConfigReader *reader, const TomlItem *item, SettingId id)
{
	const Setting *setting = &setting_table[id];
	const char *expected = expected_type(setting->type, item);
	Buf			place = BUF_INIT;
	bool		ok;

	if (expected != NULL)
		return fail_type(reader, item, expected);
	if (setting->type == SETTING_LIST && !item->element)
		return TOML_CONTINUE;
	write_place(&place, reader, item);
	ok = buf_ok(&place) ? setting_check(setting, item->text, buf_text(&place), reader->err)
						: error_set_no_memory(reader->err);
	buf_free(&place);
	return ok ? add_item(reader, item, id) : TOML_STOP;
}

static TomlAnswer
visit(void *arg, const TomlItem *item)
{
	ConfigReader *reader = arg;
	bool		on_the_way;
	int			id = find_key(item, &on_the_way);

	if (id != SETTING_COUNT)
		return visit_value(reader, item, (SettingId) id);
	if (!on_the_way)
		return warn_unknown(reader, item);
	if (item->type != TOML_TABLE)
		return fail_type(reader, item, "a table");
	if (item->depth == 2 && strcmp(item->path[0], "profiles") == 0)
		return add_profile(reader, item);
	return TOML_CONTINUE;
}

bool
config_read(dba_config *config, const char *text, size_t len, dba_error **err)
{
	ConfigReader reader = {config, &config->items, &config->warnings, err};
	TomlProblem problem = {"", 0, 0};

	for (int i = 0; i < SETTING_COUNT; i++)
	{
		config->defaults[i] = setting_table[i].value;
		if (setting_table[i].type != SETTING_PATH || setting_table[i].value == NULL)
			continue;
		config->defaults[i] = complete_path(config, setting_table[i].value);
		if (config->defaults[i] == NULL)
			return error_set_no_memory(err);
	}
	switch (toml_read(text, len, visit, &reader, &problem))
	{
		case TOML_OK:
			return true;
		case TOML_STOPPED:
			return false;
		case TOML_NO_MEMORY:
			return error_set_no_memory(err);
		default:
			return error_set(err, DBA_CONFIG, "%s:%zu:%zu: malformed TOML: %s", config->path,
							 problem.line, problem.column, problem.text);
	}
}
