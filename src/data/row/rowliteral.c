/*
 * rowliteral.c
 *	  Nested JSON as the text an array or composite type reads.
 *
 * Files of version 1.1 nest arrays and composites.  Turning them into the text
 * of the type leaves every check and every conversion to its input function.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "catalog/pg_type.h"
#include "data/row/rowliteral.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/typcache.h"

/* In double quotes, which arrays and composites read alike. */
static void
append_quoted(StringInfo out, const char *text)
{
	appendStringInfoChar(out, '"');
	for (; *text != '\0'; text++)
	{
		if (*text == '"' || *text == '\\')
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, *text);
	}
	appendStringInfoChar(out, '"');
}

/* Always quoted, so that an empty text, NULL and a comma mean themselves. */
static void
append_part(StringInfo out, Oid type, JsonbValue *value)
{
	StringInfoData part;

	initStringInfo(&part);
	rowliteral_append(&part, type, value);
	append_quoted(out, part.data);
	pfree(part.data);
}

static void
append_array(StringInfo out, Oid element, JsonbContainer *array)
{
	int			count = JsonContainerSize(array);

	check_stack_depth();
	appendStringInfoChar(out, '{');
	for (int i = 0; i < count; i++)
	{
		JsonbValue *value = getIthJsonbValueFromContainer(array, i);

		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoChar(out, ',');
		if (value->type == jbvNull)
			appendStringInfoString(out, "NULL");
		else if (json_is_array(value) && element != JSONOID && element != JSONBOID)
			append_array(out, element, value->val.binary.data);
		else
			append_part(out, element, value);
		pfree(value);
	}
	appendStringInfoChar(out, '}');
}

/* By the members' names: their order in the file need not be that of the type here. */
static void
append_composite(StringInfo out, Oid type, JsonbContainer *object)
{
	TupleDesc	desc = lookup_rowtype_tupdesc_copy(type, -1);
	bool		first = true;

	check_stack_depth();
	appendStringInfoChar(out, '(');
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		JsonbValue	value;

		if (attr->attisdropped)
			continue;
		if (!first)
			appendStringInfoChar(out, ',');
		first = false;
		if (json_get(object, NameStr(attr->attname), &value))
			append_part(out, attr->atttypid, &value);
	}
	appendStringInfoChar(out, ')');
}

static void
append_scalar(StringInfo out, const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			appendBinaryStringInfo(out, value->val.string.val, value->val.string.len);
			break;
		case jbvNumeric:
			appendStringInfoString(out, DatumGetCString(DirectFunctionCall1(
											numeric_out, NumericGetDatum(value->val.numeric))));
			break;
		case jbvBool:
			appendStringInfoString(out, value->val.boolean ? "true" : "false");
			break;
		default:
			elog(ERROR, "unexpected JSON value of type %d", (int) value->type);
	}
}

/*
 * Nested values that the type has no place for go as their JSON, for its input function
 * to refuse.
 */
void
rowliteral_append(StringInfo out, Oid type, JsonbValue *value)
{
	Oid			base = getBaseType(type);
	Oid			element = get_element_type(base);
	JsonbContainer *nested = value->type == jbvBinary ? value->val.binary.data : NULL;

	if (base == JSONOID || base == JSONBOID)
	{
		Jsonb	   *json = JsonbValueToJsonb(value);

		JsonbToCString(out, &json->root, VARSIZE(json));
	}
	else if (OidIsValid(element) && json_is_array(value))
		append_array(out, element, nested);
	else if (type_is_rowtype(base) && nested != NULL && JsonContainerIsObject(nested))
		append_composite(out, base, nested);
	else if (nested != NULL)
		JsonbToCString(out, nested, 0);
	else
		append_scalar(out, value);
}
