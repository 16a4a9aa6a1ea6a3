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
	else if (type.kind == TYPE_ARRAY || type.kind == TYPE_COMPOSITE || type.kind == TYPE_HSTORE)
		param.form = SQL_PARAM_NESTED;
	return param;
}

bool
sql_param_null(const JsonValue *value, const SqlParamType *type)
{
	return value->type == JSON_TYPE_NULL && !(value->boolean && type->form == SQL_PARAM_JSON);
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
	const char *duplicate = NULL;

	if (value->type == JSON_TYPE_ARRAY)
		return value->count == type->fields.count;
	json_foreach(member, value)
	{
		if (!has_field(type, member->name))
			return false;
	}
	return json_find_duplicate(value, &duplicate) && duplicate == NULL;
}

/* Arrays down to objects of the type, or NULL: one more dimension of an array of it. */
static bool
is_dimension(const JsonValue *value, const Type *type)
{
	if (value->type == JSON_TYPE_OBJECT)
		return fits_composite(type, value);
	json_foreach(item, value)
	{
		if (!is_dimension(item, type))
			return false;
	}
	return value->type == JSON_TYPE_ARRAY || value->type == JSON_TYPE_NULL;
}

/*
 * Is an array among the elements one more dimension, or an element?  Of scalars it can
 * only be a dimension, of json only an element.  A composite may be given as an array, by
 * the order of its fields, but comes as an object: where all there is are objects, they
 * are the elements.
 */
static bool
has_dimensions(const JsonValue *array, const SqlParamType *element)
{
	Type		type = {0};

	if (element->form != SQL_PARAM_NESTED)
		return element->form == SQL_PARAM_PLAIN;
	if (!find_type(element->types, element->oid, &type) || type.kind != TYPE_COMPOSITE)
		return type.kind == TYPE_HSTORE;
	json_foreach(item, array)
	{
		if (item->type == JSON_TYPE_ARRAY && !is_dimension(item, &type))
			return false;
	}
	return true;
}

/* element: of the array; of an array of arrays too, as the server has it */
static void
write_array(Buf *buf, const JsonValue *array, const SqlParamType *element, char delim)
{
	bool		dimensions = has_dimensions(array, element);

	buf_putc(buf, '{');
	json_foreach(item, array)
	{
		if (item != array->first)
			buf_putc(buf, delim);
		if (sql_param_null(item, element))
			buf_puts(buf, "NULL");
		else if (item->type == JSON_TYPE_ARRAY && dimensions)
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

/* of a composite's member: by its name in an object, by its place in an array */
static Oid
field_type(const Type *type, size_t place, const char *name)
{
	for (size_t i = 0; name != NULL && i < type->fields.count; i++)
		if (strcmp(type->fields.items[i].name, name) == 0)
			return type->fields.items[i].type;
	return type->fields.items[place].type;
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
		if (member != NULL && !sql_param_null(member, &field))
			write_inner(buf, member, &field);
		if (item != NULL)
			item = item->next;
	}
	buf_putc(buf, ')');
}

/* "a"=>"1", "b"=>NULL */
void
sql_write_hstore(Buf *buf, const JsonValue *object)
{
	const SqlParamType plain = {.form = SQL_PARAM_PLAIN};

	json_foreach(member, object)
	{
		if (member != object->first)
			buf_putc(buf, ',');
		quote_write_element(buf, member->name, strlen(member->name));
		buf_puts(buf, "=>");
		if (member->type == JSON_TYPE_NULL)
			buf_puts(buf, "NULL");
		else
			write_inner(buf, member, &plain);
	}
}

/* An array or object of a type whose values are made of others. */
static void
write_nested(Buf *buf, const JsonValue *value, const SqlParamType *param)
{
	Type		type;
	SqlParamType element;
	const char *duplicate = NULL;

	if (!find_type(param->types, param->oid, &type))
		return;
	if (type.kind == TYPE_COMPOSITE && fits_composite(&type, value))
		write_composite(buf, value, &type, param->types);
	else if (type.kind == TYPE_HSTORE && value->type == JSON_TYPE_OBJECT &&
			 json_find_duplicate(value, &duplicate) && duplicate == NULL)
		sql_write_hstore(buf, value);
	else if (type.kind == TYPE_ARRAY && value->type == JSON_TYPE_ARRAY)
	{
		element = sql_param_type(param->types, type.element);
		write_array(buf, value, &element, type.delim);
	}
	else
		json_write(buf, value);
}

static bool
is_hstore(const JsonValue *value, const SqlParamType *param)
{
	Type		type;

	return value->type == JSON_TYPE_OBJECT && param->form == SQL_PARAM_NESTED &&
		   find_type(param->types, param->oid, &type) && type.kind == TYPE_HSTORE;
}

static bool check_items(const JsonValue *value, const SqlParamType *param, const char *name,
						dba_error **err);

static bool
check(const JsonValue *value, const SqlParamType *param, const char *name, dba_error **err)
{
	/* an object that is no composite goes as its JSON text, which has the escapes */
	if (!value->odd || param->form == SQL_PARAM_JSON)
		return true;
	if (value->type == JSON_TYPE_STRING || is_hstore(value, param))
		return error_set(err, DBA_INVALID,
						 "%s%s%s: \\u0000 or half of a surrogate pair, which only a value of type "
						 "json can hold",
						 name != NULL ? "\"" : "", name != NULL ? name : "a parameter",
						 name != NULL ? "\"" : "");
	return check_items(value, param, name, err);
}

static bool
check_items(const JsonValue *value, const SqlParamType *param, const char *name, dba_error **err)
{
	SqlParamType inner = {.form = SQL_PARAM_PLAIN};
	Type		type = {0};
	size_t		field = 0;

	if (param->form == SQL_PARAM_NESTED && !find_type(param->types, param->oid, &type))
		return true;
	if (type.kind == TYPE_COMPOSITE ? !fits_composite(&type, value)
									: value->type != JSON_TYPE_ARRAY)
		return true;
	if (type.kind == TYPE_ARRAY)
		inner = sql_param_type(param->types, type.element);
	json_foreach(item, value)
	{
		if (type.kind == TYPE_COMPOSITE)
			inner = sql_param_type(param->types, field_type(&type, field++, item->name));
		/* a dimension's elements are of the array's own type */
		if (!check(item,
				   item->type == JSON_TYPE_ARRAY && has_dimensions(value, &inner) ? param : &inner,
				   name, err))
			return false;
	}
	return true;
}

bool
sql_param_check(const JsonValue *value, const SqlParamType *type, dba_error **err)
{
	return check(value, type, value->name, err);
}

bool
sql_param_write(Buf *buf, const JsonValue *value, const SqlParamType *type)
{
	const SqlParamType unknown = {.form = SQL_PARAM_PLAIN};

	if (type == NULL)
		type = &unknown;
	if (sql_param_null(value, type))
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
