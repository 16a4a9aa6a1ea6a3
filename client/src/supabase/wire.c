/*
 * wire.c
 *		From the parts of a statement to a PostgREST request.
 *
 * A condition is written in one of two places.  As a parameter of its own
 * (name=op.value) the value is everything up to its end, nothing in it is
 * special.  Inside and(…), or(…) and in.(…) it stands in double quotes with \
 * before " and \.
 */
#include "supabase/wire.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"

void
wire_free(Wire *wire)
{
	buf_free(&wire->url);
	buf_free(&wire->body);
	buf_free(&wire->prefer);
	*wire = (Wire){0};
}

/* ---------------------------------------------------------------- encoding */

static void
put_encoded(Buf *url, const char *text, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			(c != '\0' && strchr("-._~*(),:", c) != NULL))
			buf_putc(url, (char) c);
		else
		{
			buf_putc(url, '%');
			buf_putc(url, hex[c >> 4]);
			buf_putc(url, hex[c & 15]);
		}
	}
}

void
wire_parameter(Wire *wire, const char *name, const char *value, size_t len)
{
	buf_putc(&wire->url, wire->parameters ? '&' : '?');
	wire->parameters = true;
	put_encoded(&wire->url, name, strlen(name));
	buf_putc(&wire->url, '=');
	put_encoded(&wire->url, value, len);
}

static void
wire_take(Wire *wire, const char *name, Buf *value)
{
	if (!buf_ok(value))
		wire->url.failed = true;
	wire_parameter(wire, name, buf_text(value), value->len);
	buf_free(value);
}

void
wire_number(Wire *wire, const char *name, int64_t number)
{
	Buf			text = BUF_INIT;

	buf_printf(&text, "%" PRId64, number);
	wire_take(wire, name, &text);
}

void
wire_prefer(Wire *wire, const char *preference)
{
	if (wire->prefer.len > 0)
		buf_putc(&wire->prefer, ',');
	buf_puts(&wire->prefer, preference);
}

/* ---------------------------------------------------------------- quoting */

/* PostgREST's own quoting: inside it nothing but the quote and the backslash means anything. */
static void
put_quoted(Buf *buf, const char *text, size_t len)
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

/* Names of parameters that are no columns; a column of such a name is quoted. */
static bool
is_reserved(const char *name)
{
	static const char *const words[] = {"select",	   "order", "limit", "offset", "columns",
										"on_conflict", "and",	"or",	 "not"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], name) == 0)
			return true;
	return false;
}

static bool
is_simple_name(const char *name)
{
	const char *p = name;

	if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_'))
		return false;
	while ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		   *p == '_')
		p++;
	return *p == '\0' && !is_reserved(name);
}

static void
put_name(Buf *buf, const char *name)
{
	if (is_simple_name(name))
		buf_puts(buf, name);
	else
		put_quoted(buf, name, strlen(name));
}

/* May a value stand in a list without quotes? */
static bool
is_plain(const char *text, size_t len)
{
	if (len == 0 || text[0] == ' ' || text[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c < ' ' || c == 0x7F || strchr("\"\\(),{}", c) != NULL)
			return false;
	}
	return true;
}

static void
put_in_list(Buf *buf, const char *text, size_t len)
{
	if (is_plain(text, len))
		buf_append(buf, text, len);
	else
		put_quoted(buf, text, len);
}

/* The name of a column; one of "table.column" is the query's own table. */
static const char *
column_name(const dba_query *query, const SqlName *name, dba_error **err)
{
	if (name->count == 1)
		return name->parts[0];
	if (strcmp(name->parts[0], query->table.parts[query->table.count - 1]) == 0)
		return name->parts[1];
	error_set(err, DBA_INVALID, "\"%s\" is not the table that is read", name->parts[0]);
	return NULL;
}

/* ---------------------------------------------------------------- conditions */

typedef struct FilterWriter
{
	const dba_query *query;
	const ApiTable *table;
	dba_error **err;
	bool		failed;
} FilterWriter;

/* A LIKE pattern as a regular expression, because PostgREST takes * for %. */
static void
put_like_as_regex(Buf *buf, const JsonValue *pattern)
{
	buf_putc(buf, '^');
	for (size_t i = 0; i < pattern->len; i++)
	{
		char		c = pattern->text[i];

		if (c == '%')
			buf_puts(buf, ".*");
		else if (c == '_')
			buf_putc(buf, '.');
		else
		{
			if (c == '\\' && i + 1 < pattern->len)
				c = pattern->text[++i];
			if (strchr("\\^$.|?*+()[]{}", c) != NULL)
				buf_putc(buf, '\\');
			buf_putc(buf, c);
		}
	}
	buf_putc(buf, '$');
}

static const char *
operator_name(FilterOp op)
{
	static const char *const names[] = {
		[FILTER_EQ] = "eq",		  [FILTER_NE] = "neq",	  [FILTER_LT] = "lt",
		[FILTER_LE] = "lte",	  [FILTER_GT] = "gt",	  [FILTER_GE] = "gte",
		[FILTER_IN] = "in",		  [FILTER_LIKE] = "like", [FILTER_ILIKE] = "ilike",
		[FILTER_CONTAINS] = "cs",
	};

	return names[op];
}

/* op.value; quoted: it stands inside and(…) or or(…) */
static void
put_operation(Buf *buf, FilterOp op, const JsonValue *value, SqlParamType type, bool quoted)
{
	Buf			text = BUF_INIT;
	bool		like = op == FILTER_LIKE || op == FILTER_ILIKE;

	/* A star of the caller's would mean any text: the pattern goes as a regular expression. */
	if (like && memchr(value->text, '*', value->len) != NULL)
	{
		buf_puts(buf, op == FILTER_LIKE ? "match." : "imatch.");
		put_like_as_regex(&text, value);
	}
	else
	{
		buf_puts(buf, operator_name(op));
		buf_putc(buf, '.');
		sql_param_write(&text, value, &type);
	}
	if (!buf_ok(&text))
		buf->failed = true;
	if (!quoted)
		buf_append(buf, buf_text(&text), text.len);
	/* Inside a group commas and parentheses end a value, outside nothing does. */
	else if (value->type == JSON_TYPE_NUMBER || value->type == JSON_TYPE_BOOL)
		put_in_list(buf, buf_text(&text), text.len);
	else
		put_quoted(buf, buf_text(&text), text.len);
	buf_free(&text);
}

/* in.(…) without its NULLs; of one value eq, because PostgREST takes in.("") for
 * the empty list. */
static void
put_in(Buf *buf, const JsonValue *list, SqlParamType type, bool quoted)
{
	const JsonValue *only = NULL;
	size_t		count = 0;

	json_foreach(item, list)
	{
		if (item->type != JSON_TYPE_NULL)
		{
			only = item;
			count++;
		}
	}
	if (count == 1)
	{
		put_operation(buf, FILTER_EQ, only, type, quoted);
		return;
	}
	buf_puts(buf, "in.(");
	count = 0;
	json_foreach(item, list)
	{
		Buf			text = BUF_INIT;

		if (!sql_param_write(&text, item, &type))
			continue;
		if (count++ > 0)
			buf_putc(buf, ',');
		put_in_list(buf, buf_text(&text), text.len);
		if (!buf_ok(&text))
			buf->failed = true;
		buf_free(&text);
	}
	buf_putc(buf, ')');
}

static bool
list_has_null(const JsonValue *list)
{
	json_foreach(item, list)
	{
		if (item->type == JSON_TYPE_NULL)
			return true;
	}
	return false;
}

/* Is it a condition that needs a group of its own: between, in with NULL? */
static bool
is_compound(const Filter *filter)
{
	return filter->op == FILTER_AND || filter->op == FILTER_OR || filter->op == FILTER_BETWEEN ||
		   (filter->op == FILTER_IN && list_has_null(filter->value));
}

/* op.value of a condition on one column */
static void
put_condition(FilterWriter *w, Buf *buf, const Filter *filter, const char *column, bool quoted)
{
	SqlParamType type = api_param_type(api_column(w->table, column));
	const JsonValue *value = filter->value;

	if (filter->op == FILTER_IS_NULL)
		buf_puts(buf, value->boolean ? "is.null" : "not.is.null");
	else if (value->type == JSON_TYPE_NULL)
		buf_puts(buf, filter->op == FILTER_NE ? "not.is.null" : "is.null");
	else if (filter->op == FILTER_IN)
		put_in(buf, value, type, quoted);
	else
		put_operation(buf, filter->op, value, type, quoted);
}

static const char *
filter_column(FilterWriter *w, const Filter *filter)
{
	const char *name = column_name(w->query, &filter->column, w->err);

	if (name == NULL)
		w->failed = true;
	return name;
}

static void put_filter(FilterWriter *w, Buf *buf, const Filter *filter);

/* (a.gte.1,a.lte.2) or (a.in.(1,2),a.is.null), with the word before it */
static void
put_compound(FilterWriter *w, Buf *buf, const Filter *filter)
{
	const char *name;

	if (filter->op == FILTER_AND || filter->op == FILTER_OR)
	{
		buf_puts(buf, filter->op == FILTER_OR ? "or(" : "and(");
		for (const Filter *item = filter->first; item != NULL; item = item->next)
		{
			if (item != filter->first)
				buf_putc(buf, ',');
			put_filter(w, buf, item);
		}
		buf_putc(buf, ')');
		return;
	}
	name = filter_column(w, filter);
	if (name == NULL)
		return;
	buf_puts(buf, filter->op == FILTER_BETWEEN ? "and(" : "or(");
	put_name(buf, name);
	buf_putc(buf, '.');
	if (filter->op == FILTER_BETWEEN)
	{
		SqlParamType type = api_param_type(api_column(w->table, name));

		put_operation(buf, FILTER_GE, filter->value->first, type, true);
		buf_putc(buf, ',');
		put_name(buf, name);
		buf_putc(buf, '.');
		put_operation(buf, FILTER_LE, filter->value->first->next, type, true);
	}
	else
	{
		put_condition(w, buf, filter, name, true);
		buf_putc(buf, ',');
		put_name(buf, name);
		buf_puts(buf, ".is.null");
	}
	buf_putc(buf, ')');
}

/* a condition inside a group */
static void
put_filter(FilterWriter *w, Buf *buf, const Filter *filter)
{
	const char *name;

	/* a group of one is that one: PostgREST knows no empty ones either */
	while ((filter->op == FILTER_AND || filter->op == FILTER_OR) && filter->first->next == NULL)
		filter = filter->first;
	if (is_compound(filter))
	{
		put_compound(w, buf, filter);
		return;
	}
	name = filter_column(w, filter);
	if (name == NULL)
		return;
	put_name(buf, name);
	buf_putc(buf, '.');
	put_condition(w, buf, filter, name, true);
}

/* a condition as a parameter of its own */
static void
wire_filter(Wire *wire, FilterWriter *w, const Filter *filter)
{
	Buf			name = BUF_INIT;
	Buf			value = BUF_INIT;
	const char *column;

	while ((filter->op == FILTER_AND || filter->op == FILTER_OR) && filter->first->next == NULL)
		filter = filter->first;
	if (is_compound(filter))
	{
		/* or(…) becomes or=(…) */
		put_compound(w, &value, filter);
		buf_append(&name, buf_text(&value), strcspn(buf_text(&value), "("));
		if (buf_ok(&value) && value.len > name.len)
			wire_parameter(wire, buf_text(&name), value.data + name.len, value.len - name.len);
	}
	else if ((column = filter_column(w, filter)) != NULL)
	{
		put_name(&name, column);
		put_condition(w, &value, filter, column, false);
		wire_parameter(wire, buf_text(&name), buf_text(&value), value.len);
	}
	if (!buf_ok(&name) || !buf_ok(&value))
		wire->url.failed = true;
	buf_free(&name);
	buf_free(&value);
}

static bool
has_filter(const dba_query *query)
{
	return query->filter != NULL && query->filter->first != NULL;
}

static bool
wire_filters(Wire *wire, const dba_query *query, const ApiTable *table, dba_error **err)
{
	FilterWriter w = {.query = query, .table = table, .err = err};

	if (!has_filter(query))
		return true;
	for (const Filter *item = query->filter->first; item != NULL && !w.failed; item = item->next)
		wire_filter(wire, &w, item);
	return !w.failed;
}

/* ---------------------------------------------------------------- columns, order */

static bool
fail_expression(const SqlExpr *expr, dba_error **err)
{
	dba_error  *error;

	error = error_new(DBA_NOT_SUPPORTED, "the provider \"supabase\" cannot compute %s%s()",
					  expr->distinct ? "DISTINCT in " : "", expr->function);
	error_hint(error, "Make it a view or a function of the database, or use a postgres profile.");
	error_move(err, error);
	return false;
}

/* the aggregates PostgREST knows: amount.sum(), count() */
static bool
put_aggregate(Buf *buf, const dba_query *query, const SqlExpr *expr, dba_error **err)
{
	static const char *const known[] = {"avg", "count", "max", "min", "sum"};
	const char *name;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
	{
		if (strcmp(known[i], expr->function) != 0 || expr->distinct || expr->count > 1)
			continue;
		if (!expr->star)
		{
			name = column_name(query, &expr->columns[0], err);
			if (name == NULL)
				return false;
			put_name(buf, name);
			buf_putc(buf, '.');
		}
		buf_printf(buf, "%s()", known[i]);
		return true;
	}
	return fail_expression(expr, err);
}

static bool
put_item(Buf *buf, const dba_query *query, const SqlItem *item, dba_error **err)
{
	const char *name;

	if (item->alias != NULL)
	{
		put_name(buf, item->alias);
		buf_putc(buf, ':');
	}
	if (item->expr.function != NULL)
		return put_aggregate(buf, query, &item->expr, err);
	if (item->expr.star)
	{
		buf_putc(buf, '*');
		return true;
	}
	name = column_name(query, &item->expr.columns[0], err);
	if (name == NULL)
		return false;
	put_name(buf, name);
	return true;
}

static bool
wire_columns(Wire *wire, const dba_query *query, const SqlItem *items, dba_error **err)
{
	Buf			list = BUF_INIT;

	if (items == NULL)
		buf_putc(&list, '*');
	for (const SqlItem *item = items; item != NULL; item = item->next)
	{
		if (item != items)
			buf_putc(&list, ',');
		if (!put_item(&list, query, item, err))
		{
			buf_free(&list);
			return false;
		}
	}
	wire_take(wire, "select", &list);
	return true;
}

static bool
has_aggregate(const dba_query *query)
{
	for (const SqlItem *item = query->columns; item != NULL; item = item->next)
		if (item->expr.function != NULL)
			return true;
	return false;
}

static void
put_order_item(Buf *buf, const char *name, const char *direction)
{
	if (buf->len > 0)
		buf_putc(buf, ',');
	put_name(buf, name);
	buf_puts(buf, direction);
}

static bool
order_has(const dba_query *query, const char *name)
{
	for (const SqlItem *item = query->order; item != NULL; item = item->next)
	{
		const SqlName *column = &item->expr.columns[0];

		if (item->expr.function == NULL && strcmp(column->parts[column->count - 1], name) == 0)
			return true;
	}
	return false;
}

/* What the caller wants, and the key behind it: pages need an order without ties. */
static bool
wire_order(Wire *wire, const dba_query *query, const ApiTable *table, dba_error **err)
{
	static const char *const nulls[] = {"", ".nullsfirst", ".nullslast"};
	Buf			list = BUF_INIT;
	bool		ok = true;

	for (const SqlItem *item = query->order; item != NULL && ok; item = item->next)
	{
		const char *name = NULL;

		if (item->expr.function != NULL)
			ok = fail_expression(&item->expr, err);
		else
			ok = (name = column_name(query, &item->expr.columns[0], err)) != NULL;
		if (ok)
		{
			put_order_item(&list, name, item->descending ? ".desc" : ".asc");
			buf_puts(&list, nulls[item->nulls]);
		}
	}
	if (ok && table != NULL && table->has_key && !has_aggregate(query))
		for (const ApiColumn *column = table->columns; column != NULL; column = column->next)
			if (column->key && !order_has(query, column->name))
				put_order_item(&list, column->name, ".asc");
	if (ok && list.len > 0)
		wire_take(wire, "order", &list);
	buf_free(&list);
	return ok;
}

/* ---------------------------------------------------------------- pages */

bool
wire_is_ordered(const dba_query *query, const ApiTable *table)
{
	return query->order != NULL || (table != NULL && table->has_key && !has_aggregate(query));
}

static bool
selects_column(const dba_query *query, const char *name)
{
	if (query->columns == NULL)
		return true;
	for (const SqlItem *item = query->columns; item != NULL; item = item->next)
	{
		const SqlName *column = &item->expr.columns[0];

		if (item->alias == NULL && item->expr.function == NULL &&
			(item->expr.star || strcmp(column->parts[column->count - 1], name) == 0))
			return true;
	}
	return false;
}

bool
wire_has_key_order(const dba_query *query, const ApiTable *table)
{
	if (query->order != NULL || table == NULL || !table->has_key || has_aggregate(query))
		return false;
	for (const ApiColumn *column = table->columns; column != NULL; column = column->next)
		if (column->key && !selects_column(query, column->name))
			return false;
	return true;
}

static const ApiColumn *
next_key(const ApiColumn *column)
{
	while (column != NULL && !column->key)
		column = column->next;
	return column;
}

static void
put_key(Buf *buf, const ApiColumn *column, FilterOp op, const JsonValue *row)
{
	const JsonValue *value = json_member(row, column->name);

	put_name(buf, column->name);
	buf_putc(buf, '.');
	if (value == NULL || value->type == JSON_TYPE_NULL)
		buf_puts(buf, "not.is.null");	/* not of a key */
	else
		put_operation(buf, op, value, api_param_type(column), true);
}

/* a > x, or a = x and (b > y, or …) */
static void
put_after(Buf *buf, const ApiColumn *column, const JsonValue *row)
{
	const ApiColumn *next = next_key(column->next);

	put_key(buf, column, FILTER_GT, row);
	if (next == NULL)
		return;
	buf_puts(buf, ",and(");
	put_key(buf, column, FILTER_EQ, row);
	buf_puts(buf, ",or(");
	put_after(buf, next, row);
	buf_puts(buf, "))");
}

void
wire_after_key(Wire *wire, const ApiTable *table, const JsonValue *row)
{
	Buf			text = BUF_INIT;

	buf_putc(&text, '(');
	put_after(&text, next_key(table->columns), row);
	buf_putc(&text, ')');
	wire_take(wire, "or", &text);
}

/* ---------------------------------------------------------------- requests */

static void
wire_path(Wire *wire, const char *method, const char *prefix, const SqlName *name)
{
	const char *last = name->parts[name->count - 1];

	wire->method = method;
	wire->schema = name->count > 1 ? name->parts[0] : NULL;
	buf_puts(&wire->url, prefix);
	put_encoded(&wire->url, last, strlen(last));
}

static bool
wire_finish(const Wire *wire, dba_error **err)
{
	if (buf_ok(&wire->url) && buf_ok(&wire->body) && buf_ok(&wire->prefer))
		return true;
	return error_set_no_memory(err);
}

bool
wire_is_count(const dba_query *query)
{
	const SqlItem *item = query->columns;

	return item != NULL && item->next == NULL && item->expr.star && item->expr.function != NULL &&
		   strcmp(item->expr.function, "count") == 0 && query->limit < 0 && query->offset == 0;
}

bool
wire_select(Wire *wire, const dba_query *query, const ApiTable *table, dba_error **err)
{
	wire_path(wire, "GET", "/", &query->table);
	return wire_columns(wire, query, query->columns, err) &&
		   wire_filters(wire, query, table, err) && wire_order(wire, query, table, err) &&
		   wire_finish(wire, err);
}

/* No rows, but their number.  Not HEAD, whose answer would not say what is wrong. */
bool
wire_count(Wire *wire, const dba_query *query, const ApiTable *table, dba_error **err)
{
	wire_path(wire, "GET", "/", &query->table);
	wire_prefer(wire, "count=exact");
	if (!wire_filters(wire, query, table, err))
		return false;
	wire_number(wire, "limit", 0);
	return wire_finish(wire, err);
}

/* The service gives hstore as an object, and takes only its text. */
static void
put_member(Buf *body, const JsonValue *member, const ApiTable *table)
{
	Buf			text = BUF_INIT;

	if (member->type != JSON_TYPE_OBJECT || !api_is_hstore(api_column(table, member->name)))
	{
		json_write(body, member);
		return;
	}
	sql_write_hstore(&text, member);
	json_write_string(body, buf_text(&text), text.len);
	body->failed = body->failed || !buf_ok(&text);
	buf_free(&text);
}

/* A row without the members that are the caller's own notes. */
static void
put_row(Buf *body, const JsonValue *row, const ApiTable *table)
{
	bool		first = true;

	buf_putc(body, '{');
	json_foreach(member, row)
	{
		if (member->name[0] == '_')
			continue;
		if (!first)
			buf_putc(body, ',');
		first = false;
		json_write_string(body, member->name, strlen(member->name));
		buf_putc(body, ':');
		put_member(body, member, table);
	}
	buf_putc(body, '}');
}

/* Rows come back where they are wanted, and their number in any case. */
static bool
wire_answer(Wire *wire, const dba_query *query, bool rows, dba_error **err)
{
	wire_prefer(wire, rows ? "return=representation" : "return=minimal");
	wire_prefer(wire, "count=exact");
	return !rows || wire_columns(wire, query, query->returning, err);
}

static void
wire_conflict(Wire *wire, const dba_query *query)
{
	Buf			list = BUF_INIT;

	if (query->conflict == NULL)
		return;
	for (const SqlItem *item = query->conflict; item != NULL; item = item->next)
	{
		if (item != query->conflict)
			buf_putc(&list, ',');
		put_name(&list, item->expr.columns[0].parts[0]);
	}
	wire_take(wire, "on_conflict", &list);
	wire_prefer(wire, "resolution=merge-duplicates");
}

bool
wire_insert(Wire *wire, const dba_query *query, const ApiTable *table, const JsonValue *row,
			dba_error **err)
{
	wire_path(wire, "POST", "/", &query->table);
	wire->has_body = true;
	put_row(&wire->body, row, table);
	wire_conflict(wire, query);
	return wire_answer(wire, query, true, err) && wire_finish(wire, err);
}

bool
wire_insert_many(Wire *wire, const dba_query *query, const ApiTable *table, const JsonValue *rows,
				 const JsonValue *columns, bool even, dba_error **err)
{
	Buf			list = BUF_INIT;

	wire_path(wire, "POST", "/", &query->table);
	wire->has_body = true;
	buf_putc(&wire->body, '[');
	json_foreach(row, rows)
	{
		if (row != rows->first)
			buf_putc(&wire->body, ',');
		put_row(&wire->body, row, table);
	}
	buf_putc(&wire->body, ']');
	json_foreach(column, columns)
	{
		if (column != columns->first)
			buf_putc(&list, ',');
		put_name(&list, column->text);
	}
	wire_take(wire, "columns", &list);
	if (!even)
	{
		/* a service that does not know the first refuses because of the second */
		wire_prefer(wire, "missing=default");
		wire_prefer(wire, "handling=strict");
	}
	wire_conflict(wire, query);
	return wire_answer(wire, query, query->returning != NULL, err) && wire_finish(wire, err);
}

/* Every row is meant: a condition that all satisfy, for services that refuse to
 * work without one. */
static void
wire_all_rows(Wire *wire, const dba_query *query, const ApiTable *table)
{
	const ApiColumn *key = table != NULL ? next_key(table->columns) : NULL;
	Buf			name = BUF_INIT;

	if (has_filter(query) || key == NULL)
		return;
	put_name(&name, key->name);
	wire_parameter(wire, buf_text(&name), "not.is.null", strlen("not.is.null"));
	buf_free(&name);
}

bool
wire_update(Wire *wire, const dba_query *query, const ApiTable *table, const JsonValue *row,
			dba_error **err)
{
	wire_path(wire, "PATCH", "/", &query->table);
	wire->has_body = true;
	put_row(&wire->body, row, table);
	wire_all_rows(wire, query, table);
	return wire_filters(wire, query, table, err) && wire_answer(wire, query, true, err) &&
		   wire_finish(wire, err);
}

bool
wire_delete(Wire *wire, const dba_query *query, const ApiTable *table, dba_error **err)
{
	wire_path(wire, "DELETE", "/", &query->table);
	wire_all_rows(wire, query, table);
	return wire_filters(wire, query, table, err) &&
		   wire_answer(wire, query, query->returning != NULL, err) && wire_finish(wire, err);
}

bool
wire_call(Wire *wire, const SqlName *function, const JsonValue *args, dba_error **err)
{
	dba_error  *error;

	if (args != NULL && args->type == JSON_TYPE_ARRAY && args->count > 0)
	{
		error = error_new(DBA_NOT_SUPPORTED, "the provider \"supabase\" calls functions with named "
											 "arguments only");
		error_hint(error, "Give them as an object.");
		error_move(err, error);
		return false;
	}
	wire_path(wire, "POST", "/rpc/", function);
	wire->has_body = true;
	if (args != NULL && args->type == JSON_TYPE_OBJECT)
		json_write(&wire->body, args);
	else
		buf_puts(&wire->body, "{}");
	/* what the service cuts off shows in the count */
	wire_prefer(wire, "count=exact");
	return wire_finish(wire, err);
}
