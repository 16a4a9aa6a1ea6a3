/*
 * bulk.c
 *		insert_many: many rows in one request, all or none.
 *
 * Few rows are one INSERT … VALUES.  More are a transaction that first asks what
 * the relation is.  A plain table without row security and rules takes COPY, when
 * every row has every column and nothing is to be returned.  Everything else is
 * inserted from arrays, one a column: rows that lack different columns, which take
 * their defaults, in one statement a shape.
 */
#include "postgres/bulk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "postgres/pgverbs.h"

#define FEW_ROWS 100
#define BATCH_ROWS 10000
#define BATCHES_UNDER_WAY 2

static void
bulk_release(Group *group)
{
	Bulk	   *bulk = (Bulk *) group;

	arena_free(&bulk->arena);
	buf_free(&bulk->tail);
	buf_free(&bulk->copy);
	buf_free(&bulk->missing);
	buf_free(&bulk->names[0]);
	buf_free(&bulk->names[1]);
	types_unref(bulk->types);
	mem_free(bulk);
}

/* --- INSERT in batches */

static void bulk_pump(Bulk *bulk);

static void
bulk_batch_done(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Bulk	   *bulk = arg;

	(void) db;
	bulk->under_way--;
	if (!group_failed(&bulk->group, error))
	{
		if (bulk->returning)
			group_take_result(&bulk->group, result);
		else
			bulk->group.count += dba_result_count(result);
	}
	bulk_pump(bulk);
}

/* Rows that are too unlike, and columns that are not there: VALUES does, or says. */
static dba_request
bulk_send_values(Bulk *bulk, Request *request, size_t count)
{
	dba_query	query = {.table = bulk->table, .limit = -1};
	SqlStatement st = {0};
	dba_error  *error = NULL;

	sql_insert_values(&st, &query, bulk->columns, bulk->next, count, &error);
	return verbs_submit(request, &st, error);
}

/* The facts of the columns that the rows of a shape have, in their order. */
static size_t
bulk_shape_columns(Bulk *bulk, SqlColumn *columns)
{
	size_t		count = 0;

	json_foreach(member, bulk->next)
	{
		for (size_t i = 0; member->name[0] != '_' && i < bulk->columns->count; i++)
			if (strcmp(bulk->facts[i].name, member->name) == 0)
				columns[count++] = bulk->facts[i];
	}
	return count;
}

static dba_request
bulk_send_arrays(Bulk *bulk, Request *request, size_t count)
{
	SqlColumn  *columns = arena_alloc(&bulk->arena, sizeof(SqlColumn) * bulk->columns->count);
	Buf			sql = BUF_INIT;
	size_t		n;

	if (columns != NULL)
	{
		n = bulk_shape_columns(bulk, columns);
		if (n > 0)
			sql_write_unnest(&sql, &bulk->table, columns, n, buf_text(&bulk->tail));
		else
			sql_write_defaults(&sql, &bulk->table, count);
		request->owned = sql_write_arrays(columns, n, bulk->next, count);
		request->sql.binding.count = (int) n;
		request->sql.binding.values = request->owned;
		/* rows to be returned may have types of the user's: a description tells */
		request->sql.unprepared = !bulk->returning;
		if (buf_ok(&sql) && request->owned != NULL)
			request->sql.stmt = stmt_get(&request->core->stmts, buf_text(&sql), sql.len, false);
	}
	buf_free(&sql);
	if (request->sql.stmt == NULL)
		return request_refuse(request, error_new(DBA_NO_MEMORY, "out of memory"));
	return request_submit(request);
}

static size_t
bulk_batch_size(const Bulk *bulk)
{
	size_t		count = bulk->shape != NULL ? BATCH_ROWS : sql_batch_rows(bulk->columns);

	/* a statement's rows are one result, and one ON CONFLICT's */
	return count < bulk->left && bulk->tail.len == 0 ? count : bulk->left;
}

static void
bulk_send_batch(Bulk *bulk)
{
	Group	   *group = &bulk->group;
	Request	   *request = group_step(group, REQUEST_STATEMENT, bulk_batch_done);
	size_t		count = bulk_batch_size(bulk);

	if (request == NULL)
	{
		error_set_no_memory(&group->error);
		return;
	}
	bulk->under_way++;
	group_submitted(group, bulk->shape != NULL ? bulk_send_arrays(bulk, request, count)
											   : bulk_send_values(bulk, request, count));
	bulk->left -= count;
	while (count-- > 0)
		bulk->next = bulk->next->next;
	if (bulk->left == 0 && bulk->shape != NULL && bulk->shape->next != NULL)
	{
		bulk->shape = bulk->shape->next;
		bulk->next = bulk->shape->first;
		bulk->left = bulk->shape->count;
	}
}

static void
bulk_pump(Bulk *bulk)
{
	/* Two at a time: the server works on one while the next is written and sent. */
	while (bulk->group.error == NULL && bulk->left > 0 && bulk->under_way < BATCHES_UNDER_WAY)
		bulk_send_batch(bulk);
	if (bulk->under_way == 0)
		group_end(&bulk->group);
}

/* --- which way */

/*
 * What the relation is, and of its columns, in the order asked for: how a cast names
 * the type, the type, and whether its values can be an array's elements.  A column that
 * does not exist, or takes no value, is left to the INSERT to complain of.
 */
static const char facts_sql[] =
	"SELECT c.relkind IN ('r', 'p') AND NOT c.relrowsecurity AND NOT c.relhasrules,"
	" pg_catalog.format_type(t.oid, -1), t.oid,"
	" t.typarray OPERATOR(pg_catalog.=) 0::pg_catalog.oid OR t.typtype IN ('c', 'd') OR t.typdelim "
	"<> ',' OR t.typcategory = 'A'"
	" FROM pg_catalog.unnest($2::pg_catalog.text[]) WITH ORDINALITY AS n (name, position)"
	" JOIN pg_catalog.pg_attribute a ON a.attrelid = $1::pg_catalog.regclass::pg_catalog.oid AND "
	"a.attname = n.name"
	" AND NOT a.attisdropped AND a.attnum > 0 AND a.attgenerated = '' AND a.attidentity <> 'a'"
	" JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
	" JOIN pg_catalog.pg_type t ON t.oid = a.atttypid ORDER BY n.position";

static bool
bulk_take_facts(Bulk *bulk, const dba_result *result)
{
	SqlColumn  *facts = arena_alloc(&bulk->arena, sizeof(SqlColumn) * bulk->columns->count);
	const JsonValue *column = bulk->columns->first;

	for (size_t i = 0; facts != NULL && column != NULL; i++, column = column->next)
	{
		const char *type = dba_result_text_at(result, i, 1);
		const char *oid = dba_result_text_at(result, i, 2);

		facts[i].name = column->text;
		facts[i].type = arena_strndup(&bulk->arena, type, strlen(type));
		facts[i].param.oid = (Oid) strtoul(oid, NULL, 10);
		facts[i].as_text = dba_result_text_at(result, i, 3)[0] == 't';
		if (facts[i].type == NULL)
			facts = NULL;
	}
	bulk->facts = facts;
	bulk->copyable = dba_result_text_at(result, 0, 0)[0] == 't';
	return facts != NULL || error_set_no_memory(&bulk->group.error);
}

/* The rows as shapes to be inserted from arrays: one when they are even. */
static bool
bulk_take_shapes(Bulk *bulk)
{
	JsonValue	rows = {.first = (JsonValue *) bulk->next};

	if (bulk->even)
	{
		bulk->shape = arena_alloc(&bulk->arena, sizeof(SqlShape));
		return bulk->shape != NULL || error_set_no_memory(&bulk->group.error);
	}
	bulk->shape = sql_rows_shapes(&bulk->arena, &rows, &bulk->group.error);
	if (bulk->shape != NULL)
	{
		bulk->next = bulk->shape->first;
		bulk->left = bulk->shape->count;
	}
	return bulk->group.error == NULL;
}

static bool
bulk_check_values(Bulk *bulk)
{
	for (const JsonValue *row = bulk->next; row != NULL && bulk->odd; row = row->next)
		for (size_t i = 0; i < bulk->columns->count; i++)
		{
			const JsonValue *value = json_member(row, bulk->facts[i].name);

			if (value != NULL && !sql_param_check(value, &bulk->facts[i].param, &bulk->group.error))
				return false;
		}
	return true;
}

/* All is known. */
static void
bulk_choose(Bulk *bulk)
{
	Types	   *types = types_ref(bulk->group.request->core->types);

	bulk->types = types;		/* also when the client gets another table meanwhile */
	for (size_t i = 0; i < bulk->columns->count; i++)
		bulk->facts[i].param = sql_param_type(types, bulk->facts[i].param.oid);
	if (!bulk_check_values(bulk))
	{
		group_end(&bulk->group);
		return;
	}
	/*
	 * COPY knows no ON CONFLICT and returns nothing; under row security it is refused,
	 * and rules it passes by.
	 */
	if (bulk->copyable && bulk->even && bulk->tail.len == 0)
	{
		bulk_copy(bulk);
		return;
	}
	bulk_take_shapes(bulk);
	bulk_pump(bulk);
}

/* Types that the client has not met are looked up, then those they are made of. */
static void
bulk_types(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Bulk	   *bulk = arg;

	(void) db;
	buf_reset(&bulk->missing);
	if (!group_failed(&bulk->group, error) &&
		!types_learn(&bulk->group.request->core->types, result->pg, &bulk->missing))
		error_set_no_memory(&bulk->group.error);
	bulk->values[0] = buf_text(&bulk->missing);
	if (bulk->group.error != NULL)
		group_end(&bulk->group);
	else if (bulk->missing.len > 0)
		group_run(&bulk->group, types_query(), 1, bulk->values, bulk_types);
	else
		bulk_choose(bulk);
}

static void
bulk_facts(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Bulk	   *bulk = arg;
	const Types *types = bulk->group.request->core->types;

	(void) db;
	if (group_failed(&bulk->group, error) || dba_result_rows(result) != bulk->columns->count ||
		!bulk_take_facts(bulk, result))
	{
		bulk_pump(bulk);
		return;
	}
	for (size_t i = 0; i < bulk->columns->count; i++)
		types_want_again(types, bulk->facts[i].param.oid, &bulk->missing);
	if (!types_close_list(&bulk->missing))
	{
		bulk_choose(bulk);
		return;
	}
	bulk->values[0] = buf_text(&bulk->missing);
	group_run(&bulk->group, types_query(), 1, bulk->values, bulk_types);
}

static void
bulk_begun(Group *group)
{
	Bulk	   *bulk = (Bulk *) group;

	sql_write_name(&bulk->names[0], &bulk->table);
	sql_param_write(&bulk->names[1], bulk->columns, NULL);
	if (!buf_ok(&bulk->names[0]) || !buf_ok(&bulk->names[1]))
	{
		error_set_no_memory(&group->error);
		group_end(group);
		return;
	}
	bulk->values[0] = buf_text(&bulk->names[0]);
	bulk->values[1] = buf_text(&bulk->names[1]);
	group_run(group, facts_sql, 2, bulk->values, bulk_facts);
}

/* One statement does. */
static dba_request
bulk_insert_few(dba_client *db, const dba_query *query, Arena *arena, JsonValue *rows,
				JsonValue  *columns, dba_error *error, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_STATEMENT, cb, arg);
	SqlStatement st = {.arena = *arena};

	*arena = (Arena){NULL};
	if (request == NULL)
	{
		sql_free(&st);
		dba_error_free(error);
		return 0;
	}
	request->sql.unprepared = rows != NULL && rows->count > FEW_ROWS;
	if (error == NULL)
		sql_insert_values(&st, query, columns, rows->first, rows->count, &error);
	return verbs_submit(request, &st, error);
}

/* The caller's query may be gone when the statements are written. */
static bool
bulk_copy_query(Bulk *bulk, const dba_query *query)
{
	SqlStatement tail = {0};

	bulk->table.count = query->table.count;
	for (size_t i = 0; i < query->table.count; i++)
	{
		const char *part = query->table.parts[i];

		bulk->table.parts[i] = arena_strndup(&bulk->arena, part, strlen(part));
		if (bulk->table.parts[i] == NULL)
			return false;
	}
	if (query->conflict != NULL)
		sql_write_conflict(&tail, query, bulk->columns);
	if (query->returning != NULL)
		sql_write_returning(&tail, query);
	bulk->returning = query->returning != NULL;
	bulk->tail = tail.text;
	return buf_ok(&bulk->tail);
}

dba_request
bulk_insert(dba_client *db, const dba_query *query, Arena *arena, JsonValue *rows, dba_error *error,
			dba_callback cb, void *arg)
{
	JsonValue  *columns = NULL;
	bool		even = false;
	Bulk	   *bulk;
	dba_request id;

	if (error == NULL && query_check(query, &error) && rows != NULL)
		columns = sql_rows_columns(arena, rows, &even, &error);
	/*
	 * Also what cannot be sent by arrays: rows that differ in their columns are several
	 * statements then, whose rows returned, or conflicts, would not be those of one.
	 */
	if (columns == NULL || rows->count <= FEW_ROWS || columns->count == 0 ||
		(!even && (query->returning != NULL || query->conflict != NULL)))
		return bulk_insert_few(db, query, arena, rows, columns, error, cb, arg);
	bulk = mem_zalloc(sizeof(Bulk));
	if (bulk == NULL)
	{
		arena_free(arena);
		return 0;
	}
	bulk->arena = *arena;
	*arena = (Arena){NULL};
	bulk->columns = columns;
	bulk->next = rows->first;
	bulk->left = rows->count;
	bulk->even = even;
	bulk->odd = rows->odd;
	bulk->group.begun = bulk_begun;
	bulk->group.release = bulk_release;
	if (!bulk_copy_query(bulk, query))
	{
		bulk_release(&bulk->group);
		return 0;
	}
	id = group_submit(&bulk->group, db, cb, arg);
	if (id != 0)
	{
		bulk->group.request->json_null = query->json_null;
		group_begin(&bulk->group);
	}
	return id;
}
