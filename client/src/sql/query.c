/*
 * query.c
 *		A statement in the making, as its parts.
 *
 * A query keeps its first mistake instead of answering each call with one, so a chain
 * of calls needs one check, where it is submitted.  The query stays the caller's: who
 * needs it beyond the call (a select of many pages, rows in batches) copies it.
 */
#include "sql/query.h"

#include <string.h>

#include "base/mem.h"

void
query_init(dba_query *query, const char *table)
{
	memset(query, 0, sizeof(*query));
	query->limit = -1;
	sql_read_name(&query->arena, table != NULL ? table : "", "table", 2, &query->table,
				  &query->error);
}

void
query_free(dba_query *query)
{
	dba_error_free(query->error);
	arena_free(&query->arena);
}

/* --- copying; each piece into the arena of the copy */

static bool
copy_name(Arena *arena, SqlName *to, const SqlName *from)
{
	to->count = from->count;
	for (size_t i = 0; i < from->count; i++)
	{
		to->parts[i] = arena_strndup(arena, from->parts[i], strlen(from->parts[i]));
		if (to->parts[i] == NULL)
			return false;
	}
	return true;
}

static bool
copy_items(Arena *arena, SqlItem **to, const SqlItem *from)
{
	for (; from != NULL; from = from->next, to = &(*to)->next)
	{
		SqlItem	   *item = *to = arena_alloc(arena, sizeof(SqlItem));

		if (item == NULL)
			return false;
		*item = *from;
		item->next = NULL;
		if (from->alias != NULL &&
			(item->alias = arena_strndup(arena, from->alias, strlen(from->alias))) == NULL)
			return false;
		for (size_t i = 0; i < from->expr.count; i++)
			if (!copy_name(arena, &item->expr.columns[i], &from->expr.columns[i]))
				return false;
	}
	return true;
}

static bool
copy_filters(Arena *arena, Filter **to, const Filter *from)
{
	for (; from != NULL; from = from->next, to = &(*to)->next)
	{
		Filter	   *filter = *to = arena_alloc(arena, sizeof(Filter));

		if (filter == NULL)
			return false;
		filter->op = from->op;
		if (from->value != NULL && (filter->value = json_copy(arena, from->value)) == NULL)
			return false;
		if (!copy_name(arena, &filter->column, &from->column) ||
			!copy_filters(arena, &filter->first, from->first))
			return false;
	}
	return true;
}

bool
query_copy(dba_query *to, const dba_query *from)
{
	to->limit = from->limit;
	to->offset = from->offset;
	to->all_rows = from->all_rows;
	to->json_null = from->json_null;
	return copy_name(&to->arena, &to->table, &from->table) &&
		   copy_items(&to->arena, &to->columns, from->columns) &&
		   copy_filters(&to->arena, &to->filter, from->filter) &&
		   copy_items(&to->arena, &to->order, from->order) &&
		   copy_items(&to->arena, &to->returning, from->returning) &&
		   copy_items(&to->arena, &to->conflict, from->conflict);
}

bool
query_check(const dba_query *query, dba_error **err)
{
	if (query->error == NULL)
		return true;
	error_move(err, error_copy(query->error));
	return false;
}

dba_query *
dba_query_new(const char *table)
{
	dba_query  *query = mem_alloc(sizeof(dba_query));

	if (query != NULL)
		query_init(query, table);
	return query;
}

void
dba_query_free(dba_query *query)
{
	if (query == NULL)
		return;
	query_free(query);
	mem_free(query);
}

/* Add what was read to a list; NULL was a mistake that is already kept. */
static void
add_items(SqlItem **list, SqlItem *items)
{
	while (*list != NULL)
		list = &(*list)->next;
	*list = items;
}

void
dba_query_columns(dba_query *query, const char *columns)
{
	if (columns != NULL)
		add_items(&query->columns,
				  sql_read_columns(&query->arena, columns, "columns", &query->error));
}

void
dba_query_order(dba_query *query, const char *order_by)
{
	if (order_by != NULL)
		add_items(&query->order, sql_read_order(&query->arena, order_by, &query->error));
}

void
dba_query_returning(dba_query *query, const char *columns)
{
	if (columns != NULL)
		add_items(&query->returning,
				  sql_read_columns(&query->arena, columns, "returning", &query->error));
}

void
dba_query_conflict(dba_query *query, const char *columns)
{
	add_items(&query->conflict, sql_read_names(&query->arena, columns != NULL ? columns : "",
											   "conflict columns", &query->error));
}

/* Their types are known from the server: the names are read to find mistakes, no more. */
void
dba_query_jsonb_columns(dba_query *query, const char *columns)
{
	if (columns != NULL)
		sql_read_names(&query->arena, columns, "jsonb columns", &query->error);
}

void
dba_query_json_null(dba_query *query, const char *columns)
{
	query->json_null = true;
	if (columns != NULL)
		add_items(&query->json_nulls,
				  sql_read_names(&query->arena, columns, "columns of JSON's null", &query->error));
}

static void
mark_nulls(JsonValue *value)
{
	if (value->type == JSON_TYPE_NULL)
		value->boolean = true;
	for (JsonValue *item = value->first; item != NULL; item = item->next)
		mark_nulls(item);
}

static bool
has_json_null(const dba_query *query, const char *name)
{
	const SqlItem *item = query->json_nulls;

	while (item != NULL && strcmp(item->expr.columns[0].parts[0], name) != 0)
		item = item->next;
	return item != NULL || query->json_nulls == NULL;
}

void
query_mark_nulls(const dba_query *query, JsonValue *rows)
{
	if (!query->json_null || rows == NULL)
		return;
	for (JsonValue *item = rows->first; item != NULL; item = item->next)
	{
		if (rows->type == JSON_TYPE_ARRAY)
			query_mark_nulls(query, item);
		else if (rows->type == JSON_TYPE_OBJECT && has_json_null(query, item->name))
			mark_nulls(item);
	}
}

void
dba_query_all_rows(dba_query *query)
{
	query->all_rows = true;
}

void
dba_query_limit(dba_query *query, int64_t limit)
{
	if (limit < 0)
		error_set(&query->error, DBA_INVALID, "limit cannot be negative");
	else
		query->limit = limit;
}

void
dba_query_offset(dba_query *query, int64_t offset)
{
	if (offset < 0)
		error_set(&query->error, DBA_INVALID, "offset cannot be negative");
	else
		query->offset = offset;
}

/* ---------------------------------------------------------------- conditions */

/* Add conditions to those that must all hold. */
static void
add_filter(dba_query *query, Filter *filter)
{
	Filter	  **tail;

	if (filter == NULL)
		return;
	/* Conditions from several calls must all hold. */
	if (query->filter == NULL)
	{
		query->filter = arena_alloc(&query->arena, sizeof(Filter));
		if (query->filter == NULL)
		{
			error_set_no_memory(&query->error);
			return;
		}
		query->filter->op = FILTER_AND;
	}
	for (tail = &query->filter->first; *tail != NULL;)
		tail = &(*tail)->next;
	*tail = filter;
}

static void
add_filter_value(dba_query *query, const JsonValue *value)
{
	if (value != NULL)
	{
		Filter	   *group = filter_read(&query->arena, value, &query->error);

		add_filter(query, group != NULL ? group->first : NULL);
	}
}

void
query_filters(dba_query *query, const char *text, const cJSON *tree)
{
	if (text != NULL)
		add_filter_value(query,
						 json_parse(&query->arena, text, strlen(text), "filters", &query->error));
	else if (tree != NULL)
		add_filter_value(query, json_from_cjson(&query->arena, tree, "filters", &query->error));
}

void
dba_query_filters(dba_query *query, const char *filters)
{
	query_filters(query, filters, NULL);
}

void
dba_query_where(dba_query *query, const char *column, const char *op, const char *value)
{
	const JsonValue *parsed;
	SqlName		name;

	if (column == NULL || op == NULL || value == NULL)
	{
		error_set(&query->error, DBA_INVALID, "filter: column, operator and value must be given");
		return;
	}
	if (!sql_read_name(&query->arena, column, "filter", 2, &name, &query->error))
		return;
	parsed = json_parse(&query->arena, value, strlen(value), "filter value", &query->error);
	if (parsed != NULL)
		add_filter(query, filter_condition(&query->arena, &name, op, parsed, &query->error));
}
