/*
 * bulkcopy.c
 *		insert_many by COPY: rows as its text format, a piece at a time.
 */
#include "postgres/bulk.h"

#include "base/mem.h"

#define COPY_PIECE (64 * 1024)

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

static void
copy_write_value(Bulk *bulk, Buf *scratch, const JsonValue *member, const SqlParamType *type)
{
	if (member == NULL || sql_param_null(member, type))
		buf_append(&bulk->copy, "\\N", 2);
	else if (member->type == JSON_TYPE_NUMBER)
		buf_append(&bulk->copy, member->text, member->len);
	else if (member->type == JSON_TYPE_STRING && type->form != SQL_PARAM_JSON)
		copy_write_text(&bulk->copy, member->text, member->len);
	else
	{
		buf_reset(scratch);
		sql_param_write(scratch, member, type);
		copy_write_text(&bulk->copy, buf_text(scratch), scratch->len);
		bulk->copy.failed = bulk->copy.failed || !buf_ok(scratch);
	}
}

static void
copy_write_row(Bulk *bulk, Buf *scratch, const JsonValue *row)
{
	const JsonValue *hint = row->first;

	for (size_t i = 0; i < bulk->columns->count; i++)
	{
		const JsonValue *member = sql_row_member(row, hint, bulk->facts[i].name);

		if (i > 0)
			buf_putc(&bulk->copy, '\t');
		copy_write_value(bulk, scratch, member, &bulk->facts[i].param);
		hint = member != NULL ? member->next : NULL;
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
	/* An empty piece is the end: there are no rows left. */
	request->copy.data = buf_text(&bulk->copy);
	request->copy.size = bulk->copy.len;
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
	buf_puts(sql, "COPY ");
	sql_write_name(sql, &bulk->table);
	for (size_t i = 0; i < bulk->columns->count; i++)
	{
		buf_puts(sql, i == 0 ? " (" : ", ");
		quote_write_identifier(sql, bulk->facts[i].name);
	}
	buf_puts(sql, ") FROM STDIN");
	return buf_ok(sql);
}

void
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
	request->sql.unprepared = true;
	request->copy.fill = copy_fill;
	if (copy_sql(bulk, &sql))
		request->sql.stmt = stmt_get(&request->core->stmts, buf_text(&sql), sql.len, false);
	buf_free(&sql);
	if (request->sql.stmt == NULL)
		group_submitted(group, request_refuse(request, error_new(DBA_NO_MEMORY, "out of memory")));
	else
		group_submitted(group, request_submit(request));
}
