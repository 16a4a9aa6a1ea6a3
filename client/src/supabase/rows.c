/*
 * rows.c
 *		From a PostgREST answer to rows.
 *
 * Rows are kept as a PGresult, like those of the other provider, so that results
 * need not know where they came from.  A value's text is that of its JSON: digits
 * as they came, strings decoded, arrays and objects as compact JSON.
 */
#include "supabase/rows.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/pgtypes.h"

/* --- columns */

static bool
is_integer(const JsonValue *value)
{
	return value->len < 19 && strpbrk(value->text, ".eE") == NULL;
}

/* The type that values suggest; 0 when they are all NULL or of several kinds. */
static Oid
guess_type(const JsonValue *array, const char *name)
{
	Oid			guess = 0;

	json_foreach(row, array)
	{
		const JsonValue *value = json_member(row, name);
		Oid			type = TEXTOID;

		if (value == NULL || value->type == JSON_TYPE_NULL)
			continue;
		if (value->type == JSON_TYPE_BOOL)
			type = BOOLOID;
		else if (value->type == JSON_TYPE_NUMBER)
			type = is_integer(value) ? INT8OID : FLOAT8OID;
		else if (value->type != JSON_TYPE_STRING || value->odd)
			type = JSONOID;
		if (type == INT8OID && guess == FLOAT8OID)
			type = FLOAT8OID;
		else if (guess != 0 && guess != type && !(guess == INT8OID && type == FLOAT8OID))
			return JSONOID;
		guess = type;
	}
	return guess;
}

/* The table's column behind a column of the result. */
static const ApiColumn *
source_column(const SqlItem *items, const ApiTable *table, const char *name)
{
	for (const SqlItem *item = items; item != NULL; item = item->next)
	{
		const SqlName *column = &item->expr.columns[0];

		if (item->alias != NULL && strcmp(item->alias, name) == 0)
			return item->expr.function == NULL ? api_column(table, column->parts[column->count - 1])
											   : NULL;
		if (item->expr.function != NULL && strcmp(item->expr.function, name) == 0)
			return NULL;
	}
	return api_column(table, name);
}

static Oid
column_type(const JsonValue *array, const SqlItem *items, const ApiTable *table, const char *name)
{
	Oid			type = api_result_type(source_column(items, table, name));

	if (type == 0)
		type = guess_type(array, name);
	return type != 0 ? type : TEXTOID;
}

/* What the columns of no rows are called. */
static size_t
expected_columns(const SqlItem *items, const ApiTable *table, const char **names)
{
	size_t		count = 0;

	for (const SqlItem *item = items; item != NULL; item = item->next)
	{
		const SqlName *column = &item->expr.columns[0];

		if (item->expr.star && item->expr.function == NULL)
			count += expected_columns(NULL, table, names != NULL ? names + count : NULL);
		else
		{
			if (names != NULL)
				names[count] = item->alias != NULL			 ? item->alias
							   : item->expr.function != NULL ? item->expr.function
															 : column->parts[column->count - 1];
			count++;
		}
	}
	for (const ApiColumn *column = items == NULL && table != NULL ? table->columns : NULL;
		 column != NULL; column = column->next)
	{
		if (names != NULL)
			names[count] = column->name;
		count++;
	}
	return count;
}

PGresult *
rows_begin(const JsonValue *array, const SqlItem *items, const ApiTable *table)
{
	const JsonValue *row = array->first;
	size_t		count = row != NULL ? row->count : expected_columns(items, table, NULL);
	const char **names = mem_zalloc(sizeof(char *) * (count + 1));
	Oid		   *types = mem_zalloc(sizeof(Oid) * (count + 1));
	PGresult   *rows = NULL;
	size_t		i = 0;

	if (names != NULL && types != NULL)
	{
		if (row == NULL)
			expected_columns(items, table, names);
		else
			json_foreach(member, row) names[i++] = member->name;
		for (i = 0; i < count; i++)
			types[i] = column_type(array, items, table, names[i]);
		rows = result_make((int) count, names, types, 0, NULL);
	}
	mem_free(names);
	mem_free(types);
	return rows;
}

/* --- values */

static bool
put_value(PGresult *rows, int row, int column, const JsonValue *value, Buf *scratch)
{
	Oid			type = PQftype(rows, column);
	const char *text = value->text;
	size_t		len = value->len;

	if (value->type == JSON_TYPE_NULL)
		return PQsetvalue(rows, row, column, NULL, -1) != 0;
	if (value->type == JSON_TYPE_BOOL)
	{
		text = value->boolean ? "true" : "false";
		len = strlen(text);
	}
	else if (value->type == JSON_TYPE_ARRAY || value->type == JSON_TYPE_OBJECT ||
			 (value->type == JSON_TYPE_STRING &&
			  (value->odd || type == JSONOID || type == JSONBOID)))
	{
		buf_reset(scratch);
		json_write(scratch, value);
		if (!buf_ok(scratch))
			return false;
		text = buf_text(scratch);
		len = scratch->len;
	}
	return len <= INT32_MAX && PQsetvalue(rows, row, column, (char *) text, (int) len) != 0;
}

/* Column by column; members mostly come in the order of the columns. */
bool
rows_add(PGresult *rows, const JsonValue *object, Buf *scratch, dba_error **err)
{
	int			row = PQntuples(rows);
	int			columns = PQnfields(rows);
	const JsonValue *hint = object->first;

	if (object->type != JSON_TYPE_OBJECT || object->count != (size_t) columns)
		return error_set(err, DBA_SERVER, "the service's rows have different columns");
	for (int i = 0; i < columns; i++)
	{
		const char *name = PQfname(rows, i);
		const JsonValue *value = hint;

		if (value == NULL || strcmp(value->name, name) != 0)
			value = json_member(object, name);
		if (value == NULL)
			return error_set(err, DBA_SERVER, "the service's rows have different columns");
		if (!put_value(rows, row, i, value, scratch))
			return error_set_no_memory(err);
		hint = value->next;
	}
	return true;
}

bool
rows_read(PGresult **rows, const JsonValue *array, const SqlItem *items, const ApiTable *table,
		  dba_error **err)
{
	Buf			scratch = BUF_INIT;
	bool		ok = true;

	if (array == NULL || array->type != JSON_TYPE_ARRAY ||
		(array->first != NULL && array->first->type != JSON_TYPE_OBJECT))
		return error_set(err, DBA_SERVER, "the service did not answer with rows");
	if (*rows == NULL)
		*rows = rows_begin(array, items, table);
	if (*rows == NULL)
		return error_set_no_memory(err);
	if (PQnfields(*rows) == 0)
		return true;
	for (const JsonValue *row = array->first; row != NULL && ok; row = row->next)
		ok = rows_add(*rows, row, &scratch, err);
	buf_free(&scratch);
	return ok;
}

/* --- calls */

/* A value as a row of one column. */
static bool
put_single(Arena *arena, JsonValue *list, JsonValue ***tail, const JsonValue *value,
		   const char *name)
{
	JsonValue  *row = arena_alloc(arena, sizeof(JsonValue));
	JsonValue  *member = json_copy(arena, value);

	if (row == NULL || member == NULL)
		return false;
	member->name = name;
	row->type = JSON_TYPE_OBJECT;
	row->count = 1;
	row->first = member;
	list->count++;
	**tail = row;
	*tail = &row->next;
	return true;
}

static bool
are_objects(const JsonValue *array)
{
	json_foreach(item, array)
	{
		if (item->type != JSON_TYPE_OBJECT || item->count != array->first->count)
			return false;
	}
	return true;
}

bool
rows_of_call(PGresult **rows, const JsonValue *value, const char *function, int64_t set,
			 dba_error **err)
{
	Arena		arena = {NULL};
	JsonValue	list = {.type = JSON_TYPE_ARRAY};
	JsonValue **tail = &list.first;
	bool		ok = true;

	/* An array of as many elements as there were rows is a set; one of one element
	 * could be either, and is taken for a set.  An object is a json value: a
	 * composite looks the same. */
	if (value->type == JSON_TYPE_ARRAY && (set < 0 || (size_t) set == value->count))
	{
		if (value->first == NULL || are_objects(value))
			return rows_read(rows, value, NULL, NULL, err);
		for (const JsonValue *item = value->first; item != NULL && ok; item = item->next)
			ok = put_single(&arena, &list, &tail, item, function);
	}
	else
		ok = put_single(&arena, &list, &tail, value, function);
	ok = ok ? rows_read(rows, &list, NULL, NULL, err) : error_set_no_memory(err);
	arena_free(&arena);
	return ok;
}
