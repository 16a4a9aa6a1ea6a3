/*
 * api.c
 *		What the service says of itself.
 *
 * PostgREST describes itself as OpenAPI: names and formats of columns, and primary keys
 * by a mark in the text of their description, for OpenAPI has no word for them.  What is
 * missing is not guessed: a table without a key has no pages by key.
 */
#include "supabase/api.h"

#include <string.h>

#include "base/pgtypes.h"

#define KEY_MARK "<pk/>" /* PostgREST's, in a column's description */

static const char *
member_text(const JsonValue *object, const char *name)
{
	const JsonValue *value = json_member(object, name);

	return value != NULL && value->type == JSON_TYPE_STRING ? value->text : NULL;
}

static bool
read_column(Arena *arena, const JsonValue *property, ApiTable *table, ApiColumn ***tail)
{
	const char *format = member_text(property, "format");
	const char *description = member_text(property, "description");
	ApiColumn  *column = arena_alloc(arena, sizeof(ApiColumn));

	if (column == NULL)
		return false;
	column->name = arena_strndup(arena, property->name, strlen(property->name));
	column->format =
		arena_strndup(arena, format != NULL ? format : "", format != NULL ? strlen(format) : 0);
	column->key = description != NULL && strstr(description, KEY_MARK) != NULL;
	table->has_key = table->has_key || column->key;
	**tail = column;
	*tail = &column->next;
	return column->name != NULL && column->format != NULL;
}

static ApiTable *
read_table(Arena *arena, const JsonValue *definition)
{
	const JsonValue *properties = json_member(definition, "properties");
	ApiTable   *table = arena_alloc(arena, sizeof(ApiTable));
	ApiColumn **tail;

	if (table == NULL)
		return NULL;
	table->name = arena_strndup(arena, definition->name, strlen(definition->name));
	if (table->name == NULL)
		return NULL;
	tail = &table->columns;
	if (properties == NULL || properties->type != JSON_TYPE_OBJECT)
		return table;
	json_foreach(property, properties)
	{
		if (!read_column(arena, property, table, &tail))
			return NULL;
	}
	return table;
}

bool
api_read(Arena *arena, const JsonValue *document, ApiTable **tables)
{
	const JsonValue *definitions = json_member(document, "definitions");
	ApiTable  **tail = tables;

	*tables = NULL;
	if (definitions == NULL || definitions->type != JSON_TYPE_OBJECT)
		return true;
	json_foreach(definition, definitions)
	{
		*tail = read_table(arena, definition);
		if (*tail == NULL)
			return false;
		tail = &(*tail)->next;
	}
	return true;
}

const ApiTable *
api_table(const ApiTable *tables, const char *name)
{
	while (tables != NULL && strcmp(tables->name, name) != 0)
		tables = tables->next;
	return tables;
}

const ApiColumn *
api_column(const ApiTable *table, const char *name)
{
	const ApiColumn *column = table != NULL ? table->columns : NULL;

	while (column != NULL && strcmp(column->name, name) != 0)
		column = column->next;
	return column;
}

/* --- types */

static const struct
{
	const char *format;
	uint32_t	type;
} formats[] = {
	{"boolean", BOOLOID},
	{"smallint", INT2OID},
	{"integer", INT4OID},
	{"bigint", INT8OID},
	{"real", FLOAT4OID},
	{"double precision", FLOAT8OID},
	{"numeric", NUMERICOID},
	{"numeric[]", NUMERICARRAYOID},
	{"json", JSONOID},
	{"jsonb", JSONBOID},
	{"json[]", JSONARRAYOID},
	{"jsonb[]", JSONARRAYOID},
	{"text", TEXTOID},
	{"character varying", TEXTOID},
	{"character", TEXTOID},
	{"uuid", TEXTOID},
	{"date", TEXTOID},
	{"timestamp with time zone", TEXTOID},
	{"timestamp without time zone", TEXTOID},
};

static uint32_t
format_type(const ApiColumn *column)
{
	for (size_t i = 0; column != NULL && i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(formats[i].format, column->format) == 0)
			return formats[i].type;
	return 0;
}

SqlParamType
api_param_type(const ApiColumn *column)
{
	return sql_param_type(NULL, format_type(column));
}

bool
api_is_hstore(const ApiColumn *column)
{
	const char *name = column != NULL ? strrchr(column->format, '.') : NULL;

	return column != NULL && strcmp(name != NULL ? name + 1 : column->format, "hstore") == 0;
}

/* Arrays arrive as JSON's, whatever their elements: only numeric's need more. */
uint32_t
api_result_type(const ApiColumn *column)
{
	uint32_t	type = format_type(column);

	return type == JSONARRAYOID ? JSONOID : type;
}
