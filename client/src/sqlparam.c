/*
 * sqlparam.c
 *		A parameter's JSON value as the text its type reads.
 */
#include <string.h>

#include "sql.h"

#define JSON_OID 114
#define JSONB_OID 3802
#define JSON_ARRAY_OID 199
#define JSONB_ARRAY_OID 3807

SqlParamForm
sql_param_form(uint32_t type_oid)
{
	switch (type_oid)
	{
		case JSON_OID:
		case JSONB_OID:
			return SQL_PARAM_JSON;
		case JSON_ARRAY_OID:
		case JSONB_ARRAY_OID:
			return SQL_PARAM_JSON_ARRAY;
		default:
			return SQL_PARAM_PLAIN;
	}
}

/* An element in double quotes, so that nothing in it means anything. */
static void
write_quoted_element(Buf *buf, const char *text, size_t len)
{
	buf_putc(buf, '"');
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '"' || text[i] == '\\')
			buf_putc(buf, '\\');
		buf_putc(buf, text[i]);
	}
	buf_putc(buf, '"');
}

static void
write_json_element(Buf *buf, const JsonValue *value)
{
	Buf			json = BUF_INIT;

	json_write(&json, value);
	if (buf_ok(&json))
		write_quoted_element(buf, buf_text(&json), json.len);
	else
		buf->failed = true;
	buf_free(&json);
}

static void write_array(Buf *buf, const JsonValue *array, SqlParamForm form);

static void
write_element(Buf *buf, const JsonValue *value, SqlParamForm form)
{
	if (value->type == JSON_TYPE_NULL)
		buf_puts(buf, "NULL");
	else if (form == SQL_PARAM_JSON_ARRAY || value->type == JSON_TYPE_OBJECT)
		write_json_element(buf, value);
	else if (value->type == JSON_TYPE_ARRAY)
		write_array(buf, value, form);
	else if (value->type == JSON_TYPE_BOOL)
		buf_puts(buf, value->boolean ? "t" : "f");
	else
		write_quoted_element(buf, value->text, value->len);
}

static void
write_array(Buf *buf, const JsonValue *array, SqlParamForm form)
{
	buf_putc(buf, '{');
	json_foreach(item, array)
	{
		if (item != array->first)
			buf_putc(buf, ',');
		write_element(buf, item, form);
	}
	buf_putc(buf, '}');
}

bool
sql_param_write(Buf *buf, const JsonValue *value, SqlParamForm form)
{
	if (value->type == JSON_TYPE_NULL)
		return false;
	if (form == SQL_PARAM_JSON)
		json_write(buf, value);
	else if (value->type == JSON_TYPE_ARRAY)
		write_array(buf, value, form);
	else if (value->type == JSON_TYPE_OBJECT)
		json_write(buf, value);
	else if (value->type == JSON_TYPE_BOOL)
		buf_puts(buf, value->boolean ? "true" : "false");
	else
		buf_append(buf, value->text, value->len);
	return true;
}
