/*
 * sql.c
 *		From the parts of a statement to SQL text and parameters.
 *
 * Names are quoted and values are parameters, always: no text of the caller's becomes
 * part of a statement but in sql_execute, which is there for that.  A call's text should
 * not depend on its values, so that a prepared statement is found again: a list goes in
 * as one array, not as a parameter an element.
 *
 * update and delete without a filter are refused unless the query says all_rows: a
 * filter that was forgotten, or came out empty, must not be a table's end.
 */
#include "sql/sql.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

/* A statement of zeros is fine, before and after. */
void
sql_free(SqlStatement *st)
{
	buf_free(&st->text);
	array_free(&st->params);
	arena_free(&st->arena);
	guard_free(&st->guard);
	*st = (SqlStatement){0};
}

/* ---------------------------------------------------------------- names */

void
sql_write_name(Buf *buf, const SqlName *name)
{
	for (size_t i = 0; i < name->count; i++)
	{
		if (i > 0)
			buf_putc(buf, '.');
		quote_write_identifier(buf, name->parts[i]);
	}
}

/*
 * Functions are the server's own, by name and schema: a query must not mean what somebody
 * has put in the way.
 */
static void
write_expr(Buf *buf, const SqlExpr *expr)
{
	if (expr->function == NULL)
	{
		if (expr->star)
			buf_putc(buf, '*');
		else
			sql_write_name(buf, &expr->columns[0]);
		return;
	}
	buf_printf(buf, "pg_catalog.%s(", expr->function);
	if (expr->star)
		buf_putc(buf, '*');
	if (expr->distinct)
		buf_puts(buf, "DISTINCT ");
	for (size_t i = 0; i < expr->count; i++)
	{
		if (i > 0)
			buf_puts(buf, ", ");
		sql_write_name(buf, &expr->columns[i]);
	}
	buf_putc(buf, ')');
}

/* A list of columns, "*" when there is none. */
static void
write_columns(Buf *buf, const SqlItem *items)
{
	if (items == NULL)
		buf_putc(buf, '*');
	for (const SqlItem *item = items; item != NULL; item = item->next)
	{
		if (item != items)
			buf_puts(buf, ", ");
		write_expr(buf, &item->expr);
		if (item->alias != NULL)
		{
			buf_puts(buf, " AS ");
			quote_write_identifier(buf, item->alias);
		}
	}
}

/* Without a word on NULLs it is the server's default for the direction. */
static void
write_order(Buf *buf, const SqlItem *items)
{
	static const char *const nulls[] = {"", " NULLS FIRST", " NULLS LAST"};

	for (const SqlItem *item = items; item != NULL; item = item->next)
	{
		buf_puts(buf, item == items ? " ORDER BY " : ", ");
		write_expr(buf, &item->expr);
		if (item->descending)
			buf_puts(buf, " DESC");
		buf_puts(buf, nulls[item->nulls]);
	}
}

/* ---------------------------------------------------------------- parameters */

/* Values are borrowed: they live in the request's arena. */
static bool
add_param(SqlStatement *st, const JsonValue *value)
{
	const JsonValue **param = array_add(&st->params);

	if (param != NULL)
		*param = value;
	return param != NULL;
}

/* Write $n and keep its value, which lives as long as st. */
static void
write_param(SqlStatement *st, const JsonValue *value)
{
	if (value == NULL || !add_param(st, value))
	{
		st->no_memory = true;
		return;
	}
	buf_putc(&st->text, '$');
	buf_put_number(&st->text, st->params.count);
}

/* The same with a value of a query, which may be gone before the statement. */
static void
write_copied_param(SqlStatement *st, const JsonValue *value)
{
	write_param(st, json_copy(&st->arena, value));
}

/* How a statement ends: with an error, when memory ran out on the way. */
static bool
finish(SqlStatement *st, dba_error **err)
{
	if (st->no_memory || !buf_ok(&st->text) || !buf_ok(&st->guard.table) ||
		!buf_ok(&st->guard.columns))
		return error_set_no_memory(err);
	if (st->params.count > SQL_MAX_PARAMS)
		return error_set(err, DBA_INVALID, "more than %d parameters in one statement",
						 SQL_MAX_PARAMS);
	return true;
}

/* ---------------------------------------------------------------- guards */

/* The column that a parameter goes to, or is compared with. */
static void
guard_column(SqlStatement *st, const SqlName *column)
{
	guard_add(&st->guard, column->parts[column->count - 1]);
}

/*
 * Where the guard's condition goes when the columns' types are known: behind the filter, or
 * as the only one.
 */
static void
guard_condition(SqlStatement *st, const dba_query *query, const char *word)
{
	sql_write_name(&st->guard.table, &query->table);
	st->guard.word = word;
	st->guard.from = st->guard.to = st->text.len;
}

/*
 * For statements without a condition of their own: their first value is guarded, which the
 * others stand or fall with.
 */
void
sql_guard_value(SqlStatement *st, const dba_query *query, size_t from)
{
	if (st->guard.to > 0)
		return;
	sql_write_name(&st->guard.table, &query->table);
	st->guard.from = from;
	st->guard.to = st->text.len;
}

/* ---------------------------------------------------------------- conditions */

/* IN never finds a NULL; it is asked for beside it. */
static bool
has_null(const JsonValue *list)
{
	json_foreach(item, list)
	{
		if (item->type == JSON_TYPE_NULL)
			return true;
	}
	return false;
}

/*
 * A value to compare a column with.  Beside a composite the server would take a parameter
 * for any record, which has no input: the CASE, gone before planning, lends it the type.
 */
static void
write_operand(SqlStatement *st, const SqlName *column, const JsonValue *value)
{
	if (value->type != JSON_TYPE_OBJECT)
	{
		write_copied_param(st, value);
		return;
	}
	buf_puts(&st->text, "CASE WHEN true THEN ");
	write_copied_param(st, value);
	buf_puts(&st->text, " ELSE ");
	sql_write_name(&st->text, column);
	buf_puts(&st->text, " END");
}

/* Such values are json, whose equality is not that of arrays. */
static bool
has_structure(const JsonValue *list)
{
	json_foreach(item, list)
	{
		if (item->type == JSON_TYPE_ARRAY || item->type == JSON_TYPE_OBJECT)
			return true;
	}
	return false;
}

/* Of arrays there is no array: each is a parameter of its own. */
static void
write_list(SqlStatement *st, const SqlName *column, const JsonValue *list)
{
	const char *word = " IN (";

	json_foreach(item, list)
	{
		if (item->type == JSON_TYPE_NULL)
			continue;
		buf_puts(&st->text, word);
		write_operand(st, column, item);
		word = ", ";
	}
}

/* in [1, null]: a NULL in the list means that NULL is wanted */
static void
write_in(SqlStatement *st, const Filter *filter)
{
	bool		nulls = has_null(filter->value);

	if (nulls)
		buf_putc(&st->text, '(');
	sql_write_name(&st->text, &filter->column);
	if (has_structure(filter->value))
		write_list(st, &filter->column, filter->value);
	else
	{
		buf_puts(&st->text, " = ANY (");
		write_copied_param(st, filter->value);
	}
	guard_column(st, &filter->column);
	buf_putc(&st->text, ')');
	if (nulls)
	{
		buf_puts(&st->text, " OR ");
		sql_write_name(&st->text, &filter->column);
		buf_puts(&st->text, " IS NULL)");
	}
}

static void
write_condition(SqlStatement *st, const Filter *filter)
{
	static const char *const signs[] = {
		[FILTER_EQ] = " = ",	  [FILTER_NE] = " <> ",		  [FILTER_LT] = " < ",
		[FILTER_LE] = " <= ",	  [FILTER_GT] = " > ",		  [FILTER_GE] = " >= ",
		[FILTER_LIKE] = " LIKE ", [FILTER_ILIKE] = " ILIKE ", [FILTER_CONTAINS] = " @> ",
	};
	bool		null = filter->value->type == JSON_TYPE_NULL;
	bool		negated = filter->op == FILTER_NE;

	if (filter->op == FILTER_IN)
	{
		write_in(st, filter);
		return;
	}
	sql_write_name(&st->text, &filter->column);
	if (filter->op == FILTER_IS_NULL)
	{
		null = true;
		negated = !filter->value->boolean;
	}
	/* In SQL nothing equals NULL; in a filter null means what it says. */
	if (null)
	{
		buf_puts(&st->text, negated ? " IS NOT NULL" : " IS NULL");
		return;
	}
	guard_column(st, &filter->column);
	if (filter->op == FILTER_BETWEEN)
	{
		buf_puts(&st->text, " BETWEEN ");
		write_operand(st, &filter->column, filter->value->first);
		buf_puts(&st->text, " AND ");
		write_operand(st, &filter->column, filter->value->first->next);
	}
	else
	{
		buf_puts(&st->text, signs[filter->op]);
		if (filter->op == FILTER_CONTAINS)
			write_copied_param(st, filter->value);
		else
			write_operand(st, &filter->column, filter->value);
	}
}

static void write_filter(SqlStatement *st, const Filter *filter);

/* Conditions joined by a word. */
static void
write_group(SqlStatement *st, const Filter *group, bool parentheses)
{
	if (parentheses)
		buf_putc(&st->text, '(');
	for (const Filter *item = group->first; item != NULL; item = item->next)
	{
		if (item != group->first)
			buf_puts(&st->text, group->op == FILTER_OR ? " OR " : " AND ");
		write_filter(st, item);
	}
	if (parentheses)
		buf_putc(&st->text, ')');
}

/* A group of one needs no brackets. */
static void
write_filter(SqlStatement *st, const Filter *filter)
{
	if (filter->op == FILTER_AND || filter->op == FILTER_OR)
		write_group(st, filter, filter->first->next != NULL);
	else
		write_condition(st, filter);
}

static bool
has_filter(const dba_query *query)
{
	return query->filter != NULL && query->filter->first != NULL;
}

/* All conditions at the top hold, so the guard's can follow them. */
static void
write_where(SqlStatement *st, const dba_query *query)
{
	if (has_filter(query))
	{
		buf_puts(&st->text, " WHERE ");
		write_group(st, query->filter, false);
	}
	guard_condition(st, query, has_filter(query) ? " AND " : " WHERE ");
}

/* ---------------------------------------------------------------- statements */

/* false: err says why; the statement is then freed as usual. */
bool
sql_select(SqlStatement *st, const dba_query *query, dba_error **err)
{
	if (!query_check(query, err))
		return false;
	buf_puts(&st->text, "SELECT ");
	write_columns(&st->text, query->columns);
	buf_puts(&st->text, " FROM ");
	sql_write_name(&st->text, &query->table);
	write_where(st, query);
	write_order(&st->text, query->order);
	if (query->limit >= 0)
		buf_printf(&st->text, " LIMIT %" PRId64, query->limit);
	if (query->offset > 0)
		buf_printf(&st->text, " OFFSET %" PRId64, query->offset);
	return finish(st, err);
}

/* Members starting with "_" are the caller's own notes. */
static bool
is_column(const JsonValue *member)
{
	return member->name[0] != '_';
}

bool
sql_check_row(const JsonValue *row, dba_error **err)
{
	size_t		columns = 0;

	if (row->type != JSON_TYPE_OBJECT)
		return error_set(err, DBA_INVALID, "row: expected an object, found %s",
						 json_type_name(row->type));
	json_foreach(member, row)
	{
		if (member->name[0] == '\0')
			return error_set(err, DBA_INVALID, "row: a column without a name");
		columns += is_column(member);
	}
	if (columns == 0)
		return error_set(err, DBA_INVALID, "row: no columns");
	return true;
}

bool
sql_check_new_row(const dba_query *query, const JsonValue *row, dba_error **err)
{
	if (row->type == JSON_TYPE_OBJECT && row->count == 0 && query->conflict == NULL)
		return true;
	return sql_check_row(row, err);
}

void
sql_write_returning(SqlStatement *st, const dba_query *query)
{
	buf_puts(&st->text, " RETURNING ");
	write_columns(&st->text, query->returning);
}

static bool
is_conflict_column(const dba_query *query, const char *name)
{
	for (const SqlItem *item = query->conflict; item != NULL; item = item->next)
	{
		if (strcmp(item->expr.columns[0].parts[0], name) == 0)
			return true;
	}
	return false;
}

static void
write_excluded(SqlStatement *st, bool first, const char *column)
{
	buf_puts(&st->text, first ? " DO UPDATE SET " : ", ");
	quote_write_identifier(&st->text, column);
	buf_puts(&st->text, " = EXCLUDED.");
	quote_write_identifier(&st->text, column);
}

void
sql_write_conflict(SqlStatement *st, const dba_query *query, const JsonValue *columns)
{
	bool		rows = columns->type == JSON_TYPE_ARRAY;
	bool		first = true;

	buf_puts(&st->text, " ON CONFLICT (");
	for (const SqlItem *item = query->conflict; item != NULL; item = item->next)
	{
		if (item != query->conflict)
			buf_puts(&st->text, ", ");
		quote_write_identifier(&st->text, item->expr.columns[0].parts[0]);
	}
	buf_putc(&st->text, ')');
	json_foreach(column, columns)
	{
		const char *name = rows ? column->text : column->name;

		if ((!rows && !is_column(column)) || is_conflict_column(query, name))
			continue;
		write_excluded(st, first, name);
		first = false;
	}
	/* Nothing to change: DO NOTHING would return no row, so a key is set to itself. */
	if (first)
		write_excluded(st, true, query->conflict->expr.columns[0].parts[0]);
}

/* The columns are those that the row names, in its order. */
bool
sql_insert(SqlStatement *st, const dba_query *query, const JsonValue *row, dba_error **err)
{
	const char *separator = " (";
	size_t		from;

	if (!query_check(query, err) || !sql_check_new_row(query, row, err))
		return false;
	buf_puts(&st->text, "INSERT INTO ");
	sql_write_name(&st->text, &query->table);
	if (row->count == 0)
	{
		buf_puts(&st->text, " DEFAULT VALUES");
		sql_write_returning(st, query);
		return finish(st, err);
	}
	json_foreach(member, row)
	{
		if (!is_column(member))
			continue;
		buf_puts(&st->text, separator);
		quote_write_identifier(&st->text, member->name);
		separator = ", ";
	}
	separator = ") VALUES (";
	json_foreach(member, row)
	{
		if (!is_column(member))
			continue;
		buf_puts(&st->text, separator);
		from = st->text.len;
		write_param(st, member);
		sql_guard_value(st, query, from);
		guard_add(&st->guard, member->name);
		separator = ", ";
	}
	buf_putc(&st->text, ')');
	if (query->conflict != NULL)
		sql_write_conflict(st, query, row);
	sql_write_returning(st, query);
	return finish(st, err);
}

/* An update or delete that has lost its filter must not run on every row. */
bool
sql_check_filtered(const dba_query *query, const char *verb, dba_error **err)
{
	dba_error  *error;

	if (has_filter(query) || query->all_rows)
		return true;
	error = error_new(DBA_INVALID, "%s without a filter would change every row of \"%s\"", verb,
					  query->table.parts[query->table.count - 1]);
	error_hint(error, "If that is meant, say so with dba_query_all_rows.");
	error_move(err, error);
	return false;
}

/* Values before conditions: the parameters are numbered in the order of the text. */
bool
sql_update(SqlStatement *st, const dba_query *query, const JsonValue *row, dba_error **err)
{
	const char *separator = " SET ";

	if (!query_check(query, err) || !sql_check_row(row, err) ||
		!sql_check_filtered(query, "update", err))
		return false;
	buf_puts(&st->text, "UPDATE ");
	sql_write_name(&st->text, &query->table);
	json_foreach(member, row)
	{
		if (!is_column(member))
			continue;
		buf_puts(&st->text, separator);
		quote_write_identifier(&st->text, member->name);
		buf_puts(&st->text, " = ");
		write_param(st, member);
		guard_add(&st->guard, member->name);
		separator = ", ";
	}
	write_where(st, query);
	sql_write_returning(st, query);
	return finish(st, err);
}

bool
sql_delete(SqlStatement *st, const dba_query *query, dba_error **err)
{
	if (!query_check(query, err) || !sql_check_filtered(query, "delete", err))
		return false;
	buf_puts(&st->text, "DELETE FROM ");
	sql_write_name(&st->text, &query->table);
	write_where(st, query);
	if (query->returning != NULL)
		sql_write_returning(st, query);
	return finish(st, err);
}

/* Named arguments of an object, or positions of an array; a set of rows in any case. */
bool
sql_call(SqlStatement *st, const char *function, const JsonValue *args, dba_error **err)
{
	SqlName		name;

	if (!sql_read_name(&st->arena, function != NULL ? function : "", "function", 2, &name, err))
		return false;
	if (args != NULL && args->type != JSON_TYPE_OBJECT && args->type != JSON_TYPE_ARRAY)
		return error_set(err, DBA_INVALID, "arguments: expected an object or an array, found %s",
						 json_type_name(args->type));
	buf_puts(&st->text, "SELECT * FROM ");
	sql_write_name(&st->text, &name);
	buf_putc(&st->text, '(');
	for (const JsonValue *arg = args != NULL ? args->first : NULL; arg != NULL; arg = arg->next)
	{
		if (arg != args->first)
			buf_puts(&st->text, ", ");
		if (arg->name != NULL && arg->name[0] == '\0')
			return error_set(err, DBA_INVALID, "arguments: an argument without a name");
		if (arg->name != NULL)
		{
			quote_write_identifier(&st->text, arg->name);
			buf_puts(&st->text, " => ");
		}
		write_param(st, arg);
	}
	buf_putc(&st->text, ')');
	return finish(st, err);
}

/* The caller's text goes to the server as it is; nothing in it is looked at. */
bool
sql_execute(SqlStatement *st, const char *text, const JsonValue *params, dba_error **err)
{
	if (text == NULL || text[strspn(text, " \t\r\n")] == '\0')
		return error_set(err, DBA_INVALID, "no SQL statement");
	if (params != NULL && params->type != JSON_TYPE_ARRAY)
		return error_set(err, DBA_INVALID, "parameters: expected an array, found %s",
						 json_type_name(params->type));
	buf_puts(&st->text, text);
	for (const JsonValue *param = params != NULL ? params->first : NULL; param != NULL;
		 param = param->next)
	{
		if (!add_param(st, param))
			return error_set_no_memory(err);
	}
	return finish(st, err);
}
