/*
 * sqlunnest.c
 *		Many rows in one INSERT of few parameters: an array for each column.
 *
 * An array's elements have the column's type, so that the server reads each value
 * once.  A type that has no array of its own, or whose values unnest would take
 * apart (arrays, composites), goes as text and is cast.  Unnested side by side in
 * the select list, rows go on one by one; in FROM they would be gathered first.
 */
#include <string.h>

#include "base/mem.h"
#include "sql/sql.h"

void
sql_write_unnest(Buf *sql, const SqlName *table, const SqlColumn *columns, size_t count,
				 const char *tail)
{
	buf_puts(sql, "INSERT INTO ");
	sql_write_name(sql, table);
	for (size_t i = 0; i < count; i++)
	{
		buf_puts(sql, i == 0 ? " (" : ", ");
		quote_write_identifier(sql, columns[i].name);
	}
	buf_puts(sql, ") SELECT ");
	for (size_t i = 0; i < count; i++)
	{
		buf_printf(sql, "%spg_catalog.unnest($%zu::%s[])", i == 0 ? "" : ", ", i + 1,
				   columns[i].as_text ? "pg_catalog.text" : columns[i].type);
		if (columns[i].as_text)
			buf_printf(sql, "::%s", columns[i].type);
	}
	buf_puts(sql, tail);
}

static void
write_value(Buf *array, Buf *scratch, const JsonValue *value, const SqlParamType *type)
{
	if (value == NULL || sql_param_null(value, type))
		buf_append(array, "NULL", 4);
	else if (value->type == JSON_TYPE_NUMBER)
		buf_append(array, value->text, value->len);
	else if (value->type == JSON_TYPE_STRING && type->form != SQL_PARAM_JSON)
		quote_write_element(array, value->text, value->len);
	else
	{
		buf_reset(scratch);
		sql_param_write(scratch, value, type);
		quote_write_element(array, buf_text(scratch), scratch->len);
		array->failed = array->failed || !buf_ok(scratch);
	}
}

/* Where each array begins is known when all are written. */
static const char **
join_arrays(const Buf *arrays, size_t count)
{
	size_t		size = sizeof(char *) * count;
	const char **values;
	char	   *text;

	for (size_t i = 0; i < count; i++)
	{
		if (!buf_ok(&arrays[i]))
			return NULL;
		size += arrays[i].len + 1;
	}
	values = mem_alloc(size);
	if (values == NULL)
		return NULL;
	text = (char *) (values + count);
	for (size_t i = 0; i < count; i++)
	{
		memcpy(text, buf_text(&arrays[i]), arrays[i].len + 1);
		values[i] = text;
		text += arrays[i].len + 1;
	}
	return values;
}

const char **
sql_write_arrays(const SqlColumn *columns, size_t count, const JsonValue *first, size_t rows)
{
	Buf		   *arrays = mem_zalloc(sizeof(Buf) * (count + 1));
	const char **values;

	if (arrays == NULL)
		return NULL;
	for (const JsonValue *row = first; row != NULL && rows > 0; row = row->next, rows--)
	{
		const JsonValue *hint = row->first;

		for (size_t i = 0; i < count; i++)
		{
			const JsonValue *member = sql_row_member(row, hint, columns[i].name);

			buf_putc(&arrays[i], row == first ? '{' : ',');
			write_value(&arrays[i], &arrays[count], member, &columns[i].param);
			hint = member != NULL ? member->next : NULL;
		}
	}
	for (size_t i = 0; i < count; i++)
		buf_putc(&arrays[i], '}');
	values = join_arrays(arrays, count);
	for (size_t i = 0; i <= count; i++)
		buf_free(&arrays[i]);
	mem_free(arrays);
	return values;
}
