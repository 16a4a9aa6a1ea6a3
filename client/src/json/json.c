/*
 * json.c
 *		JSON values in memory: read from text, copied, written.
 *
 * A tree lives in an arena and is never freed by parts.  Of the many objects of an
 * array that are alike each name is kept once, so rows compare their names by address
 * first.  Building stops at the first mistake and keeps it: the reader that feeds it
 * then knows its line and column.
 */
#include "json/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* up to this many members are compared with each other directly */
#define FEW_MEMBERS 8

const char *
json_type_name(JsonType type)
{
	static const char *const names[] = {"null",		"a boolean", "a number",
										"a string", "an array",	 "an object"};

	return names[type];
}

/* ---------------------------------------------------------------- building */

static int
compare_names(const void *a, const void *b)
{
	return strcmp((*(const JsonValue *const *) a)->name, (*(const JsonValue *const *) b)->name);
}

static const char *
find_duplicate_among_few(const JsonValue *object)
{
	json_foreach(a, object)
	{
		for (const JsonValue *b = a->next; b != NULL; b = b->next)
		{
			if (strcmp(a->name, b->name) == 0)
				return b->name;
		}
	}
	return NULL;
}

bool
json_find_duplicate(const JsonValue *object, const char **name)
{
	const JsonValue **members;
	size_t		n = 0;

	/* Comparing each with each beats sorting while there are few, and takes no memory. */
	if (object->count <= FEW_MEMBERS)
	{
		*name = find_duplicate_among_few(object);
		return true;
	}
	*name = NULL;
	members = mem_alloc(object->count * sizeof(*members));
	if (members == NULL)
		return false;
	json_foreach(member, object) members[n++] = member;
	qsort(members, n, sizeof(*members), compare_names);
	for (size_t i = 1; i < n && *name == NULL; i++)
	{
		if (strcmp(members[i - 1]->name, members[i]->name) == 0)
			*name = members[i]->name;
	}
	mem_free(members);
	return true;
}

/* Put a new value where the next one belongs. */
static JsonValue *
builder_add(JsonBuilder *builder, JsonType type)
{
	JsonValue  *value = arena_alloc(builder->arena, sizeof(JsonValue));

	if (value == NULL)
	{
		builder->no_memory = true;
		return NULL;
	}
	value->type = type;
	value->name = builder->name;
	builder->name = NULL;
	if (builder->depth == 0)
		builder->root = value;
	else
	{
		JsonLevel  *level = &builder->levels[builder->depth - 1];

		*level->tail = value;
		level->tail = &value->next;
		level->last = value;
		level->open->count++;
	}
	return value;
}

static bool
builder_open(JsonBuilder *builder, JsonType type)
{
	const JsonValue *before = builder->depth > 0 ? builder->levels[builder->depth - 1].last : NULL;
	JsonValue  *value = builder_add(builder, type);

	if (value == NULL)
		return false;
	builder->levels[builder->depth++] = (JsonLevel){
		.open = value,
		.tail = &value->first,
		.hint = before != NULL && before->type == JSON_TYPE_OBJECT ? before->first : NULL,
		.alike = true};
	return true;
}

static bool
builder_close(JsonBuilder *builder)
{
	const JsonLevel *level = &builder->levels[--builder->depth];
	JsonValue  *value = level->open;

	if (value->type != JSON_TYPE_OBJECT || level->alike ||
		(builder->loose && builder->depth >= builder->loose_depth))
		return true;
	if (!json_find_duplicate(value, &builder->duplicate))
		builder->no_memory = true;
	return !builder->no_memory && builder->duplicate == NULL;
}

/* Of many objects with the same members each name is kept once. */
static bool
builder_name(JsonBuilder *builder, const char *text, size_t len)
{
	JsonLevel  *level = &builder->levels[builder->depth - 1];
	const char *expected = level->hint != NULL ? level->hint->name : NULL;

	if (expected != NULL && strncmp(expected, text, len) == 0 && expected[len] == '\0')
	{
		builder->name = expected;
		level->hint = level->hint->next;
		return true;
	}
	level->hint = NULL;
	level->alike = false;
	builder->name = arena_strndup(builder->arena, text, len);
	builder->no_memory = builder->name == NULL;
	return !builder->no_memory;
}

static bool
builder_text(JsonBuilder *builder, JsonType type, const char *text, size_t len)
{
	JsonValue  *value = builder_add(builder, type);

	if (value == NULL)
		return false;
	value->text = arena_strndup(builder->arena, text, len);
	value->len = len;
	builder->no_memory = value->text == NULL;
	return !builder->no_memory;
}

static bool
builder_word(JsonBuilder *builder, JsonType type, bool boolean)
{
	JsonValue  *value = builder_add(builder, type);

	if (value == NULL)
		return false;
	value->boolean = boolean;
	return true;
}

bool
json_builder_token(void *arg, JsonToken token, const char *text, size_t len)
{
	JsonBuilder *builder = arg;
	bool		ok = true;

	switch (token)
	{
		case JSON_OBJECT_START:
		case JSON_ARRAY_START:
			return builder_open(builder,
								token == JSON_OBJECT_START ? JSON_TYPE_OBJECT : JSON_TYPE_ARRAY);
		case JSON_NAME:
			return builder_name(builder, text, len);
		case JSON_OBJECT_END:
		case JSON_ARRAY_END:
			ok = builder_close(builder);
			break;
		case JSON_STRING:
			ok = builder_text(builder, JSON_TYPE_STRING, text, len);
			break;
		case JSON_NUMBER:
			ok = builder_text(builder, JSON_TYPE_NUMBER, text, len);
			break;
		case JSON_TRUE:
		case JSON_FALSE:
			ok = builder_word(builder, JSON_TYPE_BOOL, token == JSON_TRUE);
			break;
		case JSON_NULL:
			ok = builder_word(builder, JSON_TYPE_NULL, false);
			break;
	}
	builder->done = ok && builder->depth == 0;
	return ok;
}

/* ---------------------------------------------------------------- reading */

static void
set_parse_error(const JsonReader *reader, const JsonBuilder *builder, const char *what,
				dba_error **err)
{
	if (reader->no_memory || builder->no_memory)
		error_set_no_memory(err);
	else if (reader->problem == NULL && builder->duplicate != NULL)
		error_set(err, DBA_INVALID,
				  "%s: member \"%s\" comes twice in the object that ends at line %zu, column %zu",
				  what, builder->duplicate, reader->line, reader->column);
	else
		error_set(err, DBA_INVALID, "%s: invalid JSON, %s at line %zu, column %zu", what,
				  reader->problem, reader->line, reader->column);
}

/* Bytes that only an escape of the odd kind is read as; how many at p, or 0. */
static size_t
odd_bytes(const char *p, const char *end)
{
	if (*p == '\xC0' && end - p >= 2)
		return 2;
	return *p == '\xED' && end - p >= 3 && (unsigned char) p[1] >= 0xA0 ? 3 : 0;
}

static bool
is_odd(const char *text, size_t len)
{
	for (const char *p = text; p < text + len; p++)
		if (odd_bytes(p, text + len) > 0)
			return true;
	return false;
}

/* Marks what is odd.  false: a name is that has no business to be. */
static bool
mark_odd(JsonValue *value, size_t depth)
{
	if (value->type == JSON_TYPE_STRING)
		value->odd = is_odd(value->text, value->len);
	for (JsonValue *item = value->first; item != NULL; item = item->next)
	{
		bool		name = item->name != NULL && is_odd(item->name, strlen(item->name));

		if ((name && depth > 0) || !mark_odd(item, depth > 0 ? depth - 1 : 0))
			return false;
		value->odd = value->odd || name || item->odd;
	}
	return true;
}

void
json_mark_odd(JsonValue *value)
{
	mark_odd(value, 0);
}

static JsonValue *
parse(Arena *arena, const char *text, size_t len, JsonReader *reader, JsonBuilder *builder,
	  const char *what, dba_error **err)
{
	JsonValue  *root = NULL;

	builder->arena = arena;
	if (json_reader_feed(reader, text, len) && json_reader_finish(reader))
		root = builder->root;
	else
		set_parse_error(reader, builder, what, err);
	if (root != NULL && reader->odd && !mark_odd(root, builder->loose_depth))
	{
		error_set(err, DBA_INVALID, "%s: \\u0000 or half of a surrogate pair in a name", what);
		root = NULL;
	}
	json_reader_free(reader);
	return root;
}

/* the levels are written before they are read: clearing them would cost more than
 * reading a filter does */
#define BUILDER_CLEAR(builder) memset(builder, 0, offsetof(JsonBuilder, levels))

JsonValue *
json_parse(Arena *arena, const char *text, size_t len, const char *what, dba_error **err)
{
	JsonBuilder builder;
	JsonReader	reader;

	BUILDER_CLEAR(&builder);
	json_reader_init(&reader, json_builder_token, &builder);
	return parse(arena, text, len, &reader, &builder, what, err);
}

JsonValue *
json_parse_values(Arena *arena, const char *text, size_t len, size_t depth, const char *what,
				  dba_error **err)
{
	JsonBuilder builder;
	JsonReader	reader;

	BUILDER_CLEAR(&builder);
	builder.loose = true;
	builder.loose_depth = depth;
	json_reader_init(&reader, json_builder_token, &builder);
	reader.any_escape = true;
	return parse(arena, text, len, &reader, &builder, what, err);
}

/* ---------------------------------------------------------------- using */

const JsonValue *
json_member(const JsonValue *value, const char *name)
{
	if (value == NULL || value->type != JSON_TYPE_OBJECT)
		return NULL;
	json_foreach(member, value)
	{
		if (strcmp(member->name, name) == 0)
			return member;
	}
	return NULL;
}

JsonValue *
json_copy(Arena *arena, const JsonValue *value)
{
	JsonValue  *copy = arena_alloc(arena, sizeof(JsonValue));
	JsonValue **tail;

	if (copy == NULL)
		return NULL;
	*copy = *value;
	copy->first = NULL;
	copy->next = NULL;
	if (value->name != NULL &&
		(copy->name = arena_strndup(arena, value->name, strlen(value->name))) == NULL)
		return NULL;
	if (value->text != NULL && (copy->text = arena_strndup(arena, value->text, value->len)) == NULL)
		return NULL;
	tail = &copy->first;
	json_foreach(item, value)
	{
		*tail = json_copy(arena, item);
		if (*tail == NULL)
			return NULL;
		tail = &(*tail)->next;
	}
	return copy;
}

/* ---------------------------------------------------------------- writing */

static void
write_escape(Buf *buf, unsigned char c)
{
	static const char *const names = "\b\f\n\r\t\"\\";
	static const char values[] = "bfnrt\"\\";
	const char *found = c != '\0' ? strchr(names, c) : NULL;

	if (found == NULL)
	{
		buf_printf(buf, "\\u%04x", c);
		return;
	}
	buf_putc(buf, '\\');
	buf_putc(buf, values[found - names]);
}

/* The escape that odd bytes were read from. */
static void
write_odd(Buf *buf, const char *text, size_t len)
{
	unsigned int c = 0;

	if (len == 3)
		c = 0xD000 | ((unsigned int) text[1] & 0x3F) << 6 | ((unsigned int) text[2] & 0x3F);
	buf_printf(buf, "\\u%04x", c);
}

void
json_write_string(Buf *buf, const char *text, size_t len)
{
	size_t		start = 0;

	buf_putc(buf, '"');
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];
		size_t		odd = c >= 0xC0 ? odd_bytes(text + i, text + len) : 0;

		if (c >= 0x20 && c != '"' && c != '\\' && odd == 0)
			continue;
		buf_append(buf, text + start, i - start);
		if (odd > 0)
			write_odd(buf, text + i, odd);
		else
			write_escape(buf, c);
		i += odd > 0 ? odd - 1 : 0;
		start = i + 1;
	}
	buf_append(buf, text + start, len - start);
	buf_putc(buf, '"');
}

static void
write_items(Buf *buf, const JsonValue *value)
{
	bool		object = value->type == JSON_TYPE_OBJECT;

	buf_putc(buf, object ? '{' : '[');
	json_foreach(item, value)
	{
		if (item != value->first)
			buf_putc(buf, ',');
		if (object)
		{
			json_write_string(buf, item->name, strlen(item->name));
			buf_putc(buf, ':');
		}
		json_write(buf, item);
	}
	buf_putc(buf, object ? '}' : ']');
}

void
json_write(Buf *buf, const JsonValue *value)
{
	switch (value->type)
	{
		case JSON_TYPE_NULL:
			buf_puts(buf, "null");
			break;
		case JSON_TYPE_BOOL:
			buf_puts(buf, value->boolean ? "true" : "false");
			break;
		case JSON_TYPE_NUMBER:
			buf_append(buf, value->text, value->len);
			break;
		case JSON_TYPE_STRING:
			json_write_string(buf, value->text, value->len);
			break;
		default:
			write_items(buf, value);
			break;
	}
}
