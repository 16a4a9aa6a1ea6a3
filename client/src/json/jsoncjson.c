/*
 * jsoncjson.c
 *		JSON values from and to the caller's cJSON trees.
 *
 * A cJSON number is a double: up to 2^53 every integer is itself, beyond that
 * nobody knows which one was meant, so it is refused on the way in and becomes a
 * cJSON_Raw, digits as they are, on the way out.  cJSON cuts a string at NUL and
 * looks names up without regard to case: its strings are checked here and its
 * look-ups not used.
 */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "json/json.h"

#define EXACT_LIMIT 9007199254740992.0 /* 2^53 */

/* ---------------------------------------------------------------- doubles */

/* printf and strtod take the point from the program's locale; JSON does not. */
static void
double_print(char *text, size_t size, int digits, double number)
{
	snprintf(text, size, "%.*g", digits, number);
	for (char *c = text; *c != '\0'; c++)
	{
		if (strchr("0123456789+-e", *c) == NULL)
			*c = '.';
	}
}

static double
double_read(const char *digits)
{
	const struct lconv *locale = localeconv();
	char		text[128];
	size_t		len = strlen(digits);

	if (locale->decimal_point[0] == '.' || len >= sizeof(text))
		return strtod(digits, NULL);
	memcpy(text, digits, len + 1);
	for (char *c = text; *c != '\0'; c++)
	{
		if (*c == '.')
			*c = locale->decimal_point[0];
	}
	return strtod(text, NULL);
}

/* ---------------------------------------------------------------- from cJSON */

typedef struct Import
{
	Arena	   *arena;
	bool		loose;			/* as JsonBuilder has it */
	int			loose_depth;
	const char *what;			/* for messages */
	dba_error **err;
} Import;

static JsonValue *import_value(const Import *import, const cJSON *item, int depth);

static JsonValue *
import_no_memory(const Import *import)
{
	error_set_no_memory(import->err);
	return NULL;
}

static JsonValue *
import_new(const Import *import, JsonType type)
{
	JsonValue  *value = arena_alloc(import->arena, sizeof(JsonValue));

	if (value == NULL)
		return import_no_memory(import);
	value->type = type;
	return value;
}

/* the member's name, for messages */
static const char *
item_name(const cJSON *item)
{
	return item->string != NULL ? item->string : "";
}

static JsonValue *
import_text(const Import *import, JsonType type, const char *text)
{
	JsonValue  *value = import_new(import, type);

	if (value == NULL)
		return NULL;
	value->len = strlen(text);
	value->text = arena_strndup(import->arena, text, value->len);
	return value->text != NULL ? value : import_no_memory(import);
}

static JsonValue *
import_number(const Import *import, const cJSON *item)
{
	double		number = item->valuedouble;
	char		text[64];

	if (!isfinite(number))
	{
		error_set(import->err, DBA_INVALID, "%s: number \"%s\" is not finite", import->what,
				  item_name(item));
		return NULL;
	}
	if (fabs(number) > EXACT_LIMIT)
	{
		error_set(import->err, DBA_INVALID,
				  "%s: number \"%s\" is beyond 2^53, where a double is not exact; use a string or "
				  "cJSON_Raw",
				  import->what, item_name(item));
		return NULL;
	}
	if (number == floor(number))
		snprintf(text, sizeof(text), "%.0f", number == 0 ? 0.0 : number);
	else
	{
		/* the fewest digits that read back as the same double */
		int			digits = DBL_DIG;

		do
			double_print(text, sizeof(text), digits, number);
		while (double_read(text) != number && digits++ < DBL_DECIMAL_DIG);
	}
	return import_text(import, JSON_TYPE_NUMBER, text);
}

static JsonValue *
import_string(const Import *import, const char *text)
{
	if (text == NULL || !json_valid_utf8(text, strlen(text)))
	{
		error_set(import->err, DBA_INVALID, "%s: a string is not valid UTF-8", import->what);
		return NULL;
	}
	return import_text(import, JSON_TYPE_STRING, text);
}

static JsonValue *
import_raw(const Import *import, const cJSON *item, int depth)
{
	const char *text = item->valuestring != NULL ? item->valuestring : "";
	int			left = import->loose_depth - depth;
	JsonValue  *value;

	if (import->loose)
		value = json_parse_values(import->arena, text, strlen(text), left > 0 ? (size_t) left : 0,
								  import->what, import->err);
	else
		value = json_parse(import->arena, text, strlen(text), import->what, import->err);
	if (value != NULL && value->type == JSON_TYPE_NULL)
		value->boolean = true;	/* a tree has nulls of its own for SQL's */
	return value;
}

static bool
import_name(const Import *import, JsonValue *member, const char *name)
{
	if (name == NULL || !json_valid_utf8(name, strlen(name)))
		return error_set(import->err, DBA_INVALID, "%s: a member's name is not valid UTF-8",
						 import->what);
	member->name = arena_strndup(import->arena, name, strlen(name));
	if (member->name == NULL)
		return error_set_no_memory(import->err);
	return true;
}

static bool
import_check_names(const Import *import, const JsonValue *object)
{
	const char *duplicate;

	if (!json_find_duplicate(object, &duplicate))
		return error_set_no_memory(import->err);
	if (duplicate != NULL)
		return error_set(import->err, DBA_INVALID, "%s: member \"%s\" comes twice", import->what,
						 duplicate);
	return true;
}

static JsonValue *
import_items(const Import *import, const cJSON *item, int depth)
{
	bool		object = cJSON_IsObject(item);
	JsonValue  *value = import_new(import, object ? JSON_TYPE_OBJECT : JSON_TYPE_ARRAY);
	JsonValue **tail;

	if (value == NULL)
		return NULL;
	tail = &value->first;
	for (const cJSON *child = item->child; child != NULL; child = child->next)
	{
		JsonValue  *copy = import_value(import, child, depth + 1);

		if (copy == NULL || (object && !import_name(import, copy, child->string)))
			return NULL;
		*tail = copy;
		tail = &copy->next;
		value->count++;
		value->odd = value->odd || copy->odd;
	}
	if (object && !(import->loose && depth >= import->loose_depth) &&
		!import_check_names(import, value))
		return NULL;
	return value;
}

static JsonValue *
import_value(const Import *import, const cJSON *item, int depth)
{
	if (depth >= JSON_MAX_DEPTH)
	{
		error_set(import->err, DBA_INVALID, "%s: nested too deeply", import->what);
		return NULL;
	}
	switch (item->type & 0xFF)
	{
		case cJSON_NULL:
			return import_new(import, JSON_TYPE_NULL);
		case cJSON_False:
			return import_new(import, JSON_TYPE_BOOL);
		case cJSON_True:
		{
			JsonValue  *value = import_new(import, JSON_TYPE_BOOL);

			if (value != NULL)
				value->boolean = true;
			return value;
		}
		case cJSON_Number:
			return import_number(import, item);
		case cJSON_String:
			return import_string(import, item->valuestring);
		case cJSON_Raw:
			return import_raw(import, item, depth);
		case cJSON_Array:
		case cJSON_Object:
			return import_items(import, item, depth);
		default:
			error_set(import->err, DBA_INVALID, "%s: an item of no cJSON type", import->what);
			return NULL;
	}
}

JsonValue *
json_from_cjson(Arena *arena, const cJSON *tree, const char *what, dba_error **err)
{
	Import		import = {.arena = arena, .what = what, .err = err};

	return import_value(&import, tree, 0);
}

JsonValue *
json_values_from_cjson(Arena *arena, const cJSON *tree, size_t depth, const char *what,
					   dba_error **err)
{
	Import		import = {
		.arena = arena, .loose = true, .loose_depth = (int) depth, .what = what, .err = err};

	return import_value(&import, tree, 0);
}

/* ---------------------------------------------------------------- to cJSON */

/* Significant digits without zeros at either end, and the exponent of the first. */
typedef struct Decimal
{
	bool		negative;
	long		exponent;
	size_t		count;
	char		digits[32];		/* a double has 17 */
} Decimal;

/* false: more significant digits than a double could have */
static bool
decimal_read(Decimal *decimal, const char *text)
{
	size_t		zeros = 0;		/* not yet known whether significant */
	bool		point = false;
	long		before = 0;		/* digits before the point, from the first significant one */

	memset(decimal, 0, sizeof(*decimal));
	decimal->negative = *text == '-';
	for (text += decimal->negative; *text == '.' || (*text >= '0' && *text <= '9'); text++)
	{
		if (*text == '.')
		{
			point = true;
			continue;
		}
		if (*text == '0' && decimal->count == 0)
		{
			before -= point;
			continue;
		}
		before += !point;
		if (*text == '0')
		{
			zeros++;
			continue;
		}
		for (; zeros > 0 && decimal->count < sizeof(decimal->digits); zeros--)
			decimal->digits[decimal->count++] = '0';
		if (decimal->count >= sizeof(decimal->digits))
			return false;
		decimal->digits[decimal->count++] = *text;
	}
	decimal->exponent = before;
	if (*text == 'e' || *text == 'E')
		decimal->exponent += strtol(text + 1, NULL, 10);
	return true;
}

static bool
decimal_equal(const Decimal *a, const Decimal *b)
{
	if (a->count == 0 && b->count == 0)
		return !a->negative;	/* cJSON prints -0 as 0 */
	return a->negative == b->negative && a->exponent == b->exponent && a->count == b->count &&
		   memcmp(a->digits, b->digits, a->count) == 0;
}

/* cJSON prints 15 digits if it takes what they say for the same number, else 17. */
static bool
integer_is_printed(const char *digits, double number)
{
	char		text[64];

	double_print(text, sizeof(text), DBL_DIG, number);
	if (fabs(double_read(text) - number) > 2 * DBL_EPSILON * fabs(number))
		double_print(text, sizeof(text), DBL_DECIMAL_DIG, number);
	return strcmp(text, digits) == 0;
}

/*
 * Does a double hold exactly what the digits say, and does cJSON print it so?  Integers
 * up to 2^53 are asked one by one; of fractions those with at most 15 digits.
 */
static bool
number_is_exact(const char *digits, double number)
{
	Decimal		given;
	Decimal		held;
	char		text[64];

	if (!isfinite(number) || fabs(number) > EXACT_LIMIT || !decimal_read(&given, digits))
		return false;
	if (strpbrk(digits, ".eE") == NULL)
	{
		snprintf(text, sizeof(text), "%.0f", number);
		if (!integer_is_printed(digits, number))
			return false;
	}
	else
		double_print(text, sizeof(text), DBL_DIG, number);
	return decimal_read(&held, text) && decimal_equal(&given, &held);
}

cJSON *
json_number_to_cjson(const char *digits)
{
	double		number = double_read(digits);

	return number_is_exact(digits, number) ? cJSON_CreateNumber(number) : cJSON_CreateRaw(digits);
}

static cJSON *
export_items(const JsonValue *value)
{
	bool		object = value->type == JSON_TYPE_OBJECT;
	cJSON	   *tree = object ? cJSON_CreateObject() : cJSON_CreateArray();

	if (tree == NULL)
		return NULL;
	json_foreach(item, value)
	{
		cJSON	   *child = json_to_cjson(item);

		if (child == NULL || !(object ? cJSON_AddItemToObject(tree, item->name, child)
									  : cJSON_AddItemToArray(tree, child)))
		{
			cJSON_Delete(child);
			cJSON_Delete(tree);
			return NULL;
		}
	}
	return tree;
}

cJSON *
json_to_cjson(const JsonValue *value)
{
	switch (value->type)
	{
		case JSON_TYPE_NULL:
			return cJSON_CreateNull();
		case JSON_TYPE_BOOL:
			return cJSON_CreateBool(value->boolean);
		case JSON_TYPE_NUMBER:
			return json_number_to_cjson(value->text);
		case JSON_TYPE_STRING:
			return cJSON_CreateString(value->text);
		default:
			return export_items(value);
	}
}
