/*
 * sqlrows.c
 *		Many rows in one INSERT: their columns, their batches, their VALUES.
 *
 * Rows need not be alike: the columns are all that any row has, in the order in which
 * they were first seen, and a row that lacks one takes its default.  Members whose name
 * begins with "_" are the caller's own notes.  Rows read from one text share their
 * names, so most comparisons end at the address.
 */
#include <stdlib.h>
#include <string.h>

#include "base/hashset.h"
#include "base/mem.h"
#include "sql/sql.h"

static bool
add_column(Arena *arena, JsonValue *columns, JsonValue ***tail, const char *name)
{
	JsonValue  *column = arena_alloc(arena, sizeof(JsonValue));

	if (column == NULL)
		return false;
	column->type = JSON_TYPE_STRING;
	column->text = name;
	column->len = strlen(name);
	columns->count++;
	**tail = column;
	*tail = &column->next;
	return true;
}

/* Check one row, add its new columns, count those it has. */
static bool
add_row(Arena *arena, HashSet *set, JsonValue *columns, JsonValue ***tail, const JsonValue *row,
		size_t	   *count, dba_error **err)
{
	const JsonValue *expected = columns->first;

	*count = 0;
	json_foreach(member, row)
	{
		int			added;

		if (member->name[0] == '_')
			continue;
		/* rows read from one text share their names */
		if (expected != NULL && expected->text == member->name)
		{
			expected = expected->next;
			(*count)++;
			continue;
		}
		if (member->name[0] == '\0')
			return error_set(err, DBA_INVALID, "rows: a column without a name");
		(*count)++;
		added = hashset_add_name(set, member->name);
		if (added < 0 || (added > 0 && !add_column(arena, columns, tail, member->name)))
			return error_set_no_memory(err);
	}
	return true;
}

JsonValue *
sql_rows_columns(Arena *arena, const JsonValue *rows, bool *even, dba_error **err)
{
	JsonValue  *columns = arena_alloc(arena, sizeof(JsonValue));
	JsonValue **tail;
	HashSet		set = HASHSET_OF_NAMES;
	size_t		number = 0;
	bool		ok = columns != NULL || error_set_no_memory(err);

	*even = true;
	if (ok && (rows->type != JSON_TYPE_ARRAY || rows->count == 0))
		ok = error_set(err, DBA_INVALID, "rows: expected an array of at least one object, found %s",
					   rows->type == JSON_TYPE_ARRAY ? "an empty one" : json_type_name(rows->type));
	if (ok)
	{
		columns->type = JSON_TYPE_ARRAY;
		tail = &columns->first;
		for (const JsonValue *row = rows->first; row != NULL && ok; row = row->next)
		{
			size_t		before = columns->count;
			size_t		count = 0;

			number++;
			if (row->type != JSON_TYPE_OBJECT)
				ok = error_set(err, DBA_INVALID, "rows: expected an object as row %zu, found %s",
							   number, json_type_name(row->type));
			else
				ok = add_row(arena, &set, columns, &tail, row, &count, err);
			if (ok && count == 0 && row->count > 0)
				ok = error_set(err, DBA_INVALID, "rows: no columns in row %zu", number);
			if (count != columns->count || (number > 1 && columns->count != before))
				*even = false;
		}
	}
	hashset_free(&set);
	return ok ? columns : NULL;
}

/* --- shapes */

/* The next member that is a column. */
static const JsonValue *
column_from(const JsonValue *member)
{
	while (member != NULL && member->name[0] == '_')
		member = member->next;
	return member;
}

static bool
same_shape(const JsonValue *a, const JsonValue *b)
{
	const JsonValue *x = column_from(a->first);
	const JsonValue *y = column_from(b->first);

	while (x != NULL && y != NULL && (x->name == y->name || strcmp(x->name, y->name) == 0))
	{
		x = column_from(x->next);
		y = column_from(y->next);
	}
	return x == NULL && y == NULL;
}

static SqlShape *
find_shape(SqlShape *shapes, const JsonValue *row)
{
	while (shapes != NULL && !same_shape(shapes->first, row))
		shapes = shapes->next;
	return shapes;
}

/* One shape for each kind of row, with its first row only. */
static SqlShape *
list_shapes(Arena *arena, JsonValue *rows, dba_error **err)
{
	SqlShape   *shapes = NULL;
	SqlShape  **tail = &shapes;
	size_t		count = 0;

	for (JsonValue *row = rows->first; row != NULL; row = row->next)
	{
		if (find_shape(shapes, row) != NULL)
			continue;
		/* So unlike that a statement a shape would be one for almost every row. */
		if (count++ == SQL_MAX_SHAPES)
			return NULL;
		*tail = arena_alloc(arena, sizeof(SqlShape));
		if (*tail == NULL)
		{
			error_set_no_memory(err);
			return NULL;
		}
		(*tail)->first = row;
		(*tail)->tail = &(*tail)->first;
		tail = &(*tail)->next;
	}
	return shapes;
}

SqlShape *
sql_rows_shapes(Arena *arena, JsonValue *rows, dba_error **err)
{
	SqlShape   *shapes = list_shapes(arena, rows, err);
	JsonValue  *next;

	for (JsonValue *row = rows->first; row != NULL && shapes != NULL; row = next)
	{
		SqlShape   *shape = find_shape(shapes, row);

		next = row->next;
		row->next = NULL;
		*shape->tail = row;
		shape->tail = &row->next;
		shape->count++;
	}
	return shapes;
}

/* --- VALUES */

size_t
sql_batch_rows(const JsonValue *columns)
{
	size_t		rows = SQL_MAX_PARAMS / (columns->count > 0 ? columns->count : 1);

	return rows > 0 ? rows : 1;
}

/* Append a parameter, whose value lives as long as st. */
static void
write_value(SqlStatement *st, const JsonValue *value)
{
	if (value == NULL)
	{
		buf_puts(&st->text, "DEFAULT");
		return;
	}
	st->params.items[st->params.count++] = value;
	buf_putc(&st->text, '$');
	buf_put_number(&st->text, st->params.count);
}

/*
 * Members mostly come in the order of the columns: the one after the last is looked at
 * first.
 */
const JsonValue *
sql_row_member(const JsonValue *row, const JsonValue *hint, const char *name)
{
	while (hint != NULL && hint->name[0] == '_')
		hint = hint->next;
	if (hint != NULL && (hint->name == name || strcmp(hint->name, name) == 0))
		return hint;
	return json_member(row, name);
}

static void
write_row(SqlStatement *st, const dba_query *query, const JsonValue *columns, const JsonValue *row)
{
	const JsonValue *hint = row->first;
	size_t		from;

	json_foreach(column, columns)
	{
		const JsonValue *member = sql_row_member(row, hint, column->text);

		buf_putc(&st->text, column == columns->first ? '(' : ',');
		from = st->text.len;
		write_value(st, member);
		if (member != NULL)
			sql_guard_value(st, query, from);
		hint = member != NULL ? member->next : hint;
	}
	buf_putc(&st->text, ')');
}

/* As many as `count` say, with nothing but defaults. */
void
sql_write_defaults(Buf *sql, const SqlName *table, size_t count)
{
	buf_puts(sql, "INSERT INTO ");
	sql_write_name(sql, table);
	buf_printf(sql, " SELECT FROM pg_catalog.generate_series(1, %zu)", count);
}

static void
write_values(SqlStatement *st, const dba_query *query, const JsonValue *columns,
			 const JsonValue *first, size_t count)
{
	buf_puts(&st->text, "INSERT INTO ");
	sql_write_name(&st->text, &query->table);
	json_foreach(column, columns)
	{
		buf_puts(&st->text, column == columns->first ? " (" : ", ");
		quote_write_identifier(&st->text, column->text);
		guard_add(&st->guard, column->text);
	}
	buf_puts(&st->text, ") VALUES ");
	for (const JsonValue *row = first; row != NULL && count > 0; row = row->next, count--)
	{
		if (row != first)
			buf_putc(&st->text, ',');
		write_row(st, query, columns, row);
	}
}

bool
sql_insert_values(SqlStatement *st, const dba_query *query, const JsonValue *columns,
				  const JsonValue *first, size_t count, dba_error **err)
{
	if (!query_check(query, err))
		return false;
	if (columns->count == 0 && query->conflict != NULL)
		return error_set(err, DBA_INVALID, "rows: no columns in row 1");
	if (!array_reserve(&st->params, count * columns->count))
		return error_set_no_memory(err);
	if (columns->count == 0)
		sql_write_defaults(&st->text, &query->table, count);
	else
		write_values(st, query, columns, first, count);
	if (query->conflict != NULL)
		sql_write_conflict(st, query, columns);
	if (query->returning != NULL)
		sql_write_returning(st, query);
	if (!buf_ok(&st->text) || !buf_ok(&st->guard.table) || !buf_ok(&st->guard.columns))
		return error_set_no_memory(err);
	if (st->params.count > SQL_MAX_PARAMS)
		return error_set(err, DBA_INVALID, "more than %d parameters in one statement",
						 SQL_MAX_PARAMS);
	return true;
}
