/*
 * typejson.c
 *		A value's text in to_json's form.
 *
 * The form is to_json's, so that a value reads the same whether the server or the
 * client made JSON of it.  It trusts nothing: text that is not what its type promises
 * (a service's, a future server's) becomes a string, never an error, and nesting deeper
 * than the limit stays text.  No digit goes through a double (see json.h).
 */
#include <string.h>

#include <cjson/cJSON.h>

#include "json/json.h"
#include "base/mem.h"
#include "sql/types.h"

#define MAX_NESTING 64 /* composites of arrays of composites … */

typedef struct Writer
{
	const Types *types;
	Buf			scratch;		/* NUL-terminated pieces */
	int			depth;
	bool		raw_null;
	bool		failed;
} Writer;

static cJSON *write_value(Writer *w, Oid oid, const char *text, size_t len);

static cJSON *
write_string(Writer *w, const char *text, size_t len)
{
	buf_reset(&w->scratch);
	buf_append(&w->scratch, text, len);
	return buf_ok(&w->scratch) ? cJSON_CreateString(buf_text(&w->scratch)) : NULL;
}

static cJSON *
write_number(Writer *w, const char *text, size_t len)
{
	if (len == 0 || strspn(text, "+-0123456789.eE") < len)
		return write_string(w, text, len);	/* NaN, Infinity */
	buf_reset(&w->scratch);
	buf_append(&w->scratch, text, len);
	return buf_ok(&w->scratch) ? json_number_to_cjson(buf_text(&w->scratch)) : NULL;
}

/* 2024-01-31 10:00:00+02 BC becomes 2024-01-31T10:00:00+02:00 BC */
static cJSON *
write_timestamp(Writer *w, const char *text, size_t len, bool zone)
{
	size_t		date = strcspn(text, " ");
	size_t		end;
	size_t		sign;

	if (date >= len)
		return write_string(w, text, len);	/* infinity */
	for (end = date + 1; end < len && text[end] != ' ';)
		end++;
	buf_reset(&w->scratch);
	buf_append(&w->scratch, text, date);
	buf_putc(&w->scratch, 'T');
	buf_append(&w->scratch, text + date + 1, end - date - 1);
	for (sign = end; sign > date && text[sign - 1] != '+' && text[sign - 1] != '-';)
		sign--;
	if (zone && sign > date + 1 && end - sign == 2)
		buf_puts(&w->scratch, ":00");
	buf_append(&w->scratch, text + end, len - end);
	return buf_ok(&w->scratch) ? cJSON_CreateString(buf_text(&w->scratch)) : NULL;
}

static cJSON *
write_raw(Writer *w, const char *text, size_t len)
{
	buf_reset(&w->scratch);
	buf_append(&w->scratch, text, len);
	return buf_ok(&w->scratch) ? cJSON_CreateRaw(buf_text(&w->scratch)) : NULL;
}

static cJSON *
write_json(Writer *w, const char *text, size_t len)
{
	Arena		arena = {NULL};
	dba_error  *error = NULL;
	const JsonValue *value = json_parse(&arena, text, len, "value", &error);
	cJSON	   *item = NULL;

	if (value != NULL)
		item = value->type == JSON_TYPE_NULL && w->raw_null ? cJSON_CreateRaw("null")
															: json_to_cjson(value);
	else if (dba_error_code(error) != DBA_NO_MEMORY)
		item = write_raw(w, text, len); /* a name twice, \u0000: no tree holds it */
	dba_error_free(error);
	arena_free(&arena);
	return item;
}

/* --- arrays: [2:3]={1,"a b",NULL,{…}} */

/* Read one quoted or bare item into buf; returns what follows it. */
static const char *
read_item(const char *p, const char *end, const char *stops, bool doubled, Buf *item, bool *quoted)
{
	bool		inside = false;

	*quoted = false;
	for (; p < end; p++)
	{
		if (*p == '\\' && p + 1 < end)
			buf_putc(item, *++p);
		else if (*p == '"' && inside && doubled && p + 1 < end && p[1] == '"')
			buf_putc(item, *++p);
		else if (*p == '"')
		{
			inside = !inside;
			*quoted = true;
		}
		else if (!inside && strchr(stops, *p) != NULL)
			break;
		else
			buf_putc(item, *p);
	}
	return p;
}

/* A failure is kept, and the tree is thrown away as a whole at the end. */
static bool
add_item(Writer *w, cJSON *list, const char *name, cJSON *item)
{
	if (item != NULL &&
		(name != NULL ? cJSON_AddItemToObject(list, name, item) : cJSON_AddItemToArray(list, item)))
		return true;
	cJSON_Delete(item);
	w->failed = true;
	return false;
}

static bool
add_text(Writer *w, cJSON *list, const char *name, Oid oid, const Buf *text, bool null)
{
	if (!buf_ok(text))
	{
		w->failed = true;
		return false;
	}
	return add_item(w, list, name,
					null ? cJSON_CreateNull() : write_value(w, oid, buf_text(text), text->len));
}

/* p is behind the opening brace; returns what follows the closing one. */
static const char *
read_array(Writer *w, cJSON *list, const Type *type, const char *p, const char *end)
{
	char		stops[3] = {type->delim, '}', '\0'};
	Buf			item = BUF_INIT;
	bool		quoted;

	while (p < end && *p != '}' && !w->failed)
	{
		if (*p == '{')
		{
			cJSON	   *inner = cJSON_CreateArray();

			p = inner != NULL ? read_array(w, inner, type, p + 1, end) : end;
			add_item(w, list, NULL, inner);
		}
		else
		{
			buf_reset(&item);
			p = read_item(p, end, stops, false, &item, &quoted);
			add_text(w, list, NULL, type->element, &item,
					 !quoted && strcmp(buf_text(&item), "NULL") == 0);
		}
		if (p < end && *p == type->delim)
			p++;
	}
	buf_free(&item);
	return p < end ? p + 1 : end;
}

/* Numbers of a JSON array as strings: numeric, whose digits no double holds. */
static void
numbers_to_strings(JsonValue *value)
{
	if (value->type == JSON_TYPE_NUMBER)
		value->type = JSON_TYPE_STRING;
	for (JsonValue *item = value->first; item != NULL; item = item->next)
		numbers_to_strings(item);
}

/* An array that a service gave as JSON. */
static cJSON *
write_json_array(Writer *w, const char *text, size_t len)
{
	Arena		arena = {NULL};
	JsonValue  *value = json_parse(&arena, text, len, "value", NULL);
	cJSON	   *item;

	if (value != NULL)
		numbers_to_strings(value);
	item = value != NULL ? json_to_cjson(value) : write_string(w, text, len);
	arena_free(&arena);
	return item;
}

static cJSON *
write_array(Writer *w, const Type *type, const char *text, size_t len)
{
	const char *end = text + len;
	const char *p = memchr(text, '{', len);
	cJSON	   *list;

	/* A service gives arrays as JSON, which has no brace where an array's text has one. */
	if (p == NULL)
		return write_json_array(w, text, len);
	list = cJSON_CreateArray();
	if (list != NULL)
		read_array(w, list, type, p + 1, end);
	return list;
}

/* --- composites: (1,"a ""b""",) */

static cJSON *
write_composite(Writer *w, const Type *type, const char *text, size_t len)
{
	const char *end = text + len;
	const char *p = text + 1;
	Buf			item = BUF_INIT;
	cJSON	   *object;
	bool		quoted;

	if (len < 2 || text[0] != '(')
		return write_string(w, text, len);
	object = cJSON_CreateObject();
	for (size_t i = 0; object != NULL && i < type->fields.count && !w->failed; i++)
	{
		buf_reset(&item);
		p = read_item(p, end, ",)", true, &item, &quoted);
		add_text(w, object, type->fields.items[i].name, type->fields.items[i].type, &item,
				 !quoted && item.len == 0);
		if (p < end)
			p++;
	}
	buf_free(&item);
	return object;
}

static cJSON *
write_value(Writer *w, Oid oid, const char *text, size_t len)
{
	Type		type;
	cJSON	   *item;

	/* A type not learned, or nested deeper than any sane one: its text says it all. */
	if (w->depth >= MAX_NESTING || !types_find(w->types, oid, &type))
		return write_string(w, text, len);
	w->depth++;
	switch (type.kind)
	{
		case TYPE_BOOL:
			item = cJSON_CreateBool(text[0] == 't');
			break;
		case TYPE_INT:
		case TYPE_FLOAT:
			item = write_number(w, text, len);
			break;
		case TYPE_JSON:
			item = write_json(w, text, len);
			break;
		case TYPE_TIMESTAMP:
		case TYPE_TIMESTAMPTZ:
			item = write_timestamp(w, text, len, type.kind == TYPE_TIMESTAMPTZ);
			break;
		case TYPE_ARRAY:
			item = write_array(w, &type, text, len);
			break;
		case TYPE_COMPOSITE:
			item = write_composite(w, &type, text, len);
			break;
		case TYPE_DOMAIN:
			item = write_value(w, type.element, text, len);
			break;
		default:
			item = write_string(w, text, len);
	}
	w->depth--;
	return item;
}

cJSON *
type_to_json(const Types *types, Oid oid, const char *text, size_t len, bool raw_null)
{
	Writer		writer = {.types = types, .raw_null = raw_null};
	cJSON	   *item = write_value(&writer, oid, text, len);

	buf_free(&writer.scratch);
	if (writer.failed)
	{
		cJSON_Delete(item);
		return NULL;
	}
	return item;
}
