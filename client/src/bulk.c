/*
 * bulk.c
 *		insert_many: many rows in one request, all or none.
 *
 * Few rows are one INSERT … VALUES.  More are a transaction that first asks what
 * the relation is: a plain table without row security and rules takes COPY, when
 * every row has every column and nothing is to be returned; other relations, and
 * uneven rows, take INSERT in batches.
 */
#include "bulk.h"

#include <stdlib.h>
#include <string.h>

#include "group.h"
#include "mem.h"
#include "verbs.h"

#define FEW_ROWS 100
#define BATCHES_UNDER_WAY 4
#define COPY_PIECE (64 * 1024)

typedef struct Bulk
{
	Group		group;
	Arena		arena;			/* rows and columns live here */
	dba_query	query;			/* a copy of what matters: table, conflict, returning */
	JsonValue  *columns;
	JsonValue  *rows;
	const JsonValue *next;		/* the first row not sent */
	size_t		left;			/* rows from there */
	bool		even;
	int			under_way;
	Buf			table;			/* quoted */
	Buf			names;			/* {"a","b"} */
	Buf			copy;			/* a piece of COPY's data */
	SqlParamForm *forms;		/* of the columns */
	const char *values[2];
} Bulk;

static void
bulk_release(Group *group)
{
	Bulk	   *bulk = (Bulk *) group;

	arena_free(&bulk->arena);
	buf_free(&bulk->table);
	buf_free(&bulk->names);
	buf_free(&bulk->copy);
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
		bulk->group.count += dba_result_count(result);
	bulk_pump(bulk);
}

static void
bulk_send_batch(Bulk *bulk)
{
	Group	   *group = &bulk->group;
	Request	   *request = group_step(group, REQUEST_STATEMENT, bulk_batch_done);
	SqlStatement st = {0};
	dba_error  *error = NULL;
	size_t		count = sql_batch_rows(bulk->columns);

	if (request == NULL)
	{
		error_set_no_memory(&group->error);
		return;
	}
	if (count > 1000)
		count = 1000;
	if (count > bulk->left)
		count = bulk->left;
	sql_insert_values(&st, &bulk->query, bulk->columns, bulk->next, count, &error);
	bulk->left -= count;
	while (count-- > 0)
		bulk->next = bulk->next->next;
	bulk->under_way++;
	group_submitted(group, verbs_submit(request, &st, error));
}

static void
bulk_pump(Bulk *bulk)
{
	while (bulk->group.error == NULL && bulk->left > 0 && bulk->under_way < BATCHES_UNDER_WAY)
		bulk_send_batch(bulk);
	if (bulk->under_way == 0)
		group_end(&bulk->group);
}

/* --- COPY */

static void
copy_write_text(Buf *buf, const char *text, size_t len)
{
	while (len > 0)
	{
		size_t		plain = 0;
		char		c;

		while (plain < len && text[plain] != '\\' && text[plain] != '\n' && text[plain] != '\r' &&
			   text[plain] != '\t')
			plain++;
		buf_append(buf, text, plain);
		if (plain == len)
			return;
		c = text[plain];
		buf_putc(buf, '\\');
		buf_putc(buf, c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c);
		text += plain + 1;
		len -= plain + 1;
	}
}

/* A row's members in the order of columns; rows mostly have it already. */
static const JsonValue *
copy_member(const JsonValue *row, const JsonValue *hint, const char *name)
{
	while (hint != NULL && hint->name[0] == '_')
		hint = hint->next;
	return hint != NULL && strcmp(hint->name, name) == 0 ? hint : json_member(row, name);
}

static void
copy_write_value(Bulk *bulk, Buf *scratch, const JsonValue *member, SqlParamForm form)
{
	buf_reset(scratch);
	if (member == NULL || member->type == JSON_TYPE_NULL)
		buf_append(&bulk->copy, "\\N", 2);
	else if (member->type == JSON_TYPE_NUMBER)
		buf_append(&bulk->copy, member->text, member->len);
	else if (member->type == JSON_TYPE_STRING && form == SQL_PARAM_PLAIN)
		copy_write_text(&bulk->copy, member->text, member->len);
	else if (sql_param_write(scratch, member, form))
		copy_write_text(&bulk->copy, buf_text(scratch), scratch->len);
	if (!buf_ok(scratch))
		bulk->copy.failed = true;
}

static void
copy_write_row(Bulk *bulk, Buf *scratch, const JsonValue *row)
{
	const JsonValue *hint = row->first;
	size_t		i = 0;

	json_foreach(column, bulk->columns)
	{
		const JsonValue *member = copy_member(row, hint, column->text);

		if (i > 0)
			buf_putc(&bulk->copy, '\t');
		copy_write_value(bulk, scratch, member, bulk->forms[i]);
		hint = member != NULL ? member->next : NULL;
		i++;
	}
	buf_putc(&bulk->copy, '\n');
}

/* The next rows, as many as make a piece; the server works on one while the next
 * is written. */
static bool
copy_fill(Request *request)
{
	Bulk	   *bulk = request->arg;
	Buf			scratch = BUF_INIT;

	buf_reset(&bulk->copy);
	while (bulk->next != NULL && bulk->copy.len < COPY_PIECE)
	{
		copy_write_row(bulk, &scratch, bulk->next);
		bulk->next = bulk->next->next;
	}
	buf_free(&scratch);
	request->copy_data = buf_text(&bulk->copy);
	request->copy_size = bulk->copy.len;
	return buf_ok(&bulk->copy);
}

static void
bulk_copied(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Bulk	   *bulk = arg;

	(void) db;
	if (!group_failed(&bulk->group, error))
		bulk->group.count = dba_result_count(result);
	group_end(&bulk->group);
}

static bool
copy_sql(Bulk *bulk, Buf *sql)
{
	buf_printf(sql, "COPY %s (", buf_text(&bulk->table));
	json_foreach(column, bulk->columns)
	{
		if (column != bulk->columns->first)
			buf_puts(sql, ", ");
		sql_write_identifier(sql, column->text);
	}
	buf_puts(sql, ") FROM STDIN");
	return buf_ok(sql);
}

static void
bulk_copy(Bulk *bulk)
{
	Group	   *group = &bulk->group;
	Request	   *request = group_step(group, REQUEST_COPY, bulk_copied);
	Buf			sql = BUF_INIT;

	if (request == NULL)
	{
		group_submitted(group, 0);
		return;
	}
	request->unprepared = true;
	request->copy_fill = copy_fill;
	if (copy_sql(bulk, &sql))
		request->stmt = stmt_get(&request->core->stmts, buf_text(&sql), sql.len, false);
	buf_free(&sql);
	if (request->stmt == NULL)
		group_submitted(group, request_refuse(request, error_new(DBA_NO_MEMORY, "out of memory")));
	else
		group_submitted(group, request_submit(request));
}

/* --- which way */

/* What the relation is, and its columns' types in the order asked for; a column
 * that does not exist is left to the INSERT to complain of. */
static const char facts_sql[] =
	"SELECT c.relkind IN ('r', 'p') AND NOT c.relrowsecurity AND NOT c.relhasrules, a.atttypid"
	" FROM pg_catalog.unnest($2::pg_catalog.text[]) WITH ORDINALITY AS n (name, position)"
	" JOIN pg_catalog.pg_attribute a ON a.attrelid = $1::pg_catalog.regclass AND a.attname = n.name"
	" AND NOT a.attisdropped AND a.attnum > 0 AND a.attgenerated = '' AND a.attidentity <> 'a'"
	" JOIN pg_catalog.pg_class c ON c.oid = a.attrelid ORDER BY n.position";

static void
bulk_facts(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Bulk	   *bulk = arg;
	size_t		columns = bulk->columns->count;

	(void) db;
	if (group_failed(&bulk->group, error))
	{
		group_end(&bulk->group);
		return;
	}
	if (bulk->even && dba_result_rows(result) == columns && columns > 0 &&
		dba_result_text_at(result, 0, 0)[0] == 't')
		bulk->forms = arena_alloc(&bulk->arena, sizeof(SqlParamForm) * columns);
	if (bulk->forms == NULL)
	{
		bulk_pump(bulk);
		return;
	}
	for (size_t i = 0; i < columns; i++)
		bulk->forms[i] =
			sql_param_form((uint32_t) strtoul(dba_result_text_at(result, i, 1), NULL, 10));
	bulk_copy(bulk);
}

static void
bulk_begun(Group *group)
{
	Bulk	   *bulk = (Bulk *) group;
	JsonValue	list = *bulk->columns;

	sql_param_write(&bulk->names, &list, SQL_PARAM_PLAIN);
	if (!buf_ok(&bulk->names) || !buf_ok(&bulk->table))
	{
		error_set_no_memory(&group->error);
		group_end(group);
		return;
	}
	bulk->values[0] = buf_text(&bulk->table);
	bulk->values[1] = buf_text(&bulk->names);
	group_run(group, facts_sql, 2, bulk->values, bulk_facts);
}

/* One statement does: few rows, or rows to be returned. */
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
	request->unprepared = rows != NULL && rows->count > FEW_ROWS;
	if (error == NULL)
		sql_insert_values(&st, query, columns, rows->first, rows->count, &error);
	return verbs_submit(request, &st, error);
}

/* The caller's query may be gone when the batches are written. */
static void
bulk_copy_table(Bulk *bulk, const SqlName *table)
{
	bulk->query.table.count = table->count;
	for (size_t i = 0; i < table->count; i++)
	{
		bulk->query.table.parts[i] =
			arena_strndup(&bulk->arena, table->parts[i], strlen(table->parts[i]));
		if (bulk->query.table.parts[i] == NULL)
			bulk->table.failed = true;
	}
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
	if (columns == NULL || rows->count <= FEW_ROWS || query->returning != NULL ||
		query->conflict != NULL)
		return bulk_insert_few(db, query, arena, rows, columns, error, cb, arg);
	bulk = mem_zalloc(sizeof(Bulk));
	if (bulk == NULL)
	{
		arena_free(arena);
		return 0;
	}
	bulk->arena = *arena;
	*arena = (Arena){NULL};
	sql_write_name(&bulk->table, &query->table);
	bulk_copy_table(bulk, &query->table);
	bulk->query.limit = -1;
	bulk->columns = columns;
	bulk->rows = rows;
	bulk->next = rows->first;
	bulk->left = rows->count;
	bulk->even = even;
	bulk->group.begun = bulk_begun;
	bulk->group.release = bulk_release;
	id = group_submit(&bulk->group, db, cb, arg);
	if (id != 0)
		group_begin(&bulk->group);
	return id;
}
