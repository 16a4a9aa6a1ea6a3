/*
 * sqlparam.c
 *		A parameter's JSON value as the text its type reads.
 *
 * What a JSON array or object becomes is the type's to say: JSON again, an array,
 * or a composite by the names of its fields.  An object that has a member no field
 * answers to goes as its JSON text, so that the server refuses it and nothing is
 * left out in silence.
 */
#include <string.h>

#include "sql/sql.h"

#define MAX_NESTING 64 /* domains over arrays of composites … */

/* The type's kind, domains seen through. */
static bool
find_type(const Types *types, Oid oid, Type *type)
{
	for (int i = 0; i < MAX_NESTING && types_find(types, oid, type); i++)
	{
		if (type->kind != TYPE_DOMAIN)
			return true;
		oid = type->element;
	}
	return false;
}

SqlParamType
sql_param_type(const Types *types, Oid oid)
{
	SqlParamType param = {.types = types, .oid = oid};
	Type		type;

	if (oid == 0 || !find_type(types, oid, &type))
		return param;
	if (type.kind == TYPE_JSON)
		param.form = SQL_PARAM_JSON;
	else if (type.kind == TYPE_ARRAY || type.kind == TYPE_COMPOSITE)
		param.form = SQL_PARAM_NESTED;
	return param;
}

/* An element or field that is itself the text of a type. */
static void
write_inner(Buf *buf, const JsonValue *value, const SqlParamType *type)
{
	Buf			text = BUF_INIT;

	sql_param_write(&text, value, type);
	if (buf_ok(&text))
		quote_write_element(buf, buf_text(&text), text.len);
	else
		buf->failed = true;
	buf_free(&text);
}

/* element: of the array; of an array of arrays too, as the server has it */
static void
write_array(Buf *buf, const JsonValue *array, const SqlParamType *element, char delim)
{
	buf_putc(buf, '{');
	json_foreach(item, array)
	{
		if (item != array->first)
			buf_putc(buf, delim);
		if (item->type == JSON_TYPE_NULL)
			buf_puts(buf, "NULL");
		else if (item->type == JSON_TYPE_ARRAY && element->form == SQL_PARAM_PLAIN)
			write_array(buf, item, element, delim);
		else if (item->type == JSON_TYPE_BOOL && element->form != SQL_PARAM_JSON)
			buf_puts(buf, item->boolean ? "t" : "f");
		else if (item->type == JSON_TYPE_STRING && element->form != SQL_PARAM_JSON)
			quote_write_element(buf, item->text, item->len);
		else
			write_inner(buf, item, element);
	}
	buf_putc(buf, '}');
}

static bool
has_field(const Type *type, const char *name)
{
	for (size_t i = 0; i < type->fields.count; i++)
		if (strcmp(type->fields.items[i].name, name) == 0)
			return true;
	return false;
}

static bool
fits_composite(const Type *type, const JsonValue *value)
{
	if (value->type == JSON_TYPE_ARRAY)
		return value->count == type->fields.count;
	json_foreach(member, value)
	{
		if (!has_field(type, member->name))
			return false;
	}
	return true;
}

/* An object by the names of the fields, an array by their order. */
static void
write_composite(Buf *buf, const JsonValue *value, const Type *type, const Types *types)
{
	const JsonValue *item = value->first;

	buf_putc(buf, '(');
	for (size_t i = 0; i < type->fields.count; i++)
	{
		SqlParamType field = sql_param_type(types, type->fields.items[i].type);
		const JsonValue *member =
			value->type == JSON_TYPE_ARRAY ? item : json_member(value, type->fields.items[i].name);

		if (i > 0)
			buf_putc(buf, ',');
		if (member != NULL && member->type != JSON_TYPE_NULL)
			write_inner(buf, member, &field);
		if (item != NULL)
			item = item->next;
	}
	buf_putc(buf, ')');
}

/* An array or object of a type whose values are made of others. */
static void
write_nested(Buf *buf, const JsonValue *value, const SqlParamType *param)
{
	Type		type;
	SqlParamType element;

	if (!find_type(param->types, param->oid, &type))
		return;
	if (type.kind == TYPE_COMPOSITE && fits_composite(&type, value))
		write_composite(buf, value, &type, param->types);
	else if (type.kind == TYPE_ARRAY && value->type == JSON_TYPE_ARRAY)
	{
		element = sql_param_type(param->types, type.element);
		write_array(buf, value, &element, type.delim);
	}
	else
		json_write(buf, value);
}

bool
sql_param_write(Buf *buf, const JsonValue *value, const SqlParamType *type)
{
	const SqlParamType unknown = {.form = SQL_PARAM_PLAIN};

	if (type == NULL)
		type = &unknown;
	if (value->type == JSON_TYPE_NULL)
		return false;
	if (type->form == SQL_PARAM_JSON)
		json_write(buf, value);
	else if (value->type == JSON_TYPE_BOOL)
		buf_puts(buf, value->boolean ? "true" : "false");
	else if (value->type == JSON_TYPE_NUMBER || value->type == JSON_TYPE_STRING)
		buf_append(buf, value->text, value->len);
	else if (type->form == SQL_PARAM_NESTED)
		write_nested(buf, value, type);
	else if (value->type == JSON_TYPE_ARRAY)
		write_array(buf, value, &unknown, ',');
	else
		json_write(buf, value);
	return true;
}
