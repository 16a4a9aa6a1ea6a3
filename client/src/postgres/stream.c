/*
 * stream.c
 *		Backups out of the server as a stream.
 *
 * A backup is a SELECT whose rows are chunks of lines: it streams when the
 * function stands in the SELECT list.
 */
#include <string.h>

#include "postgres/conn.h"
#include "base/mem.h"
#include "core/params.h"
#include "postgres/pgverbs.h"
#include "sql/sqltenant.h"

typedef struct Backup
{
	dba_sink_fn sink;
	dba_progress_fn progress;
	int64_t		rows;			/* of the table being sent */
	int64_t		bytes;
	char		table[256];
} Backup;

#define TABLE_LINE "{\"table\":\""
#define TABLE_LINE_LEN (sizeof(TABLE_LINE) - 1)

/* Is a line the head of a table?  {"table":"name","columns":{ */
static bool
backup_is_table_line(const char *line, size_t len, size_t *name_len)
{
	const char *end;

	if (len <= TABLE_LINE_LEN || memcmp(line, TABLE_LINE, TABLE_LINE_LEN) != 0)
		return false;
	end = memchr(line + TABLE_LINE_LEN, '"', len - TABLE_LINE_LEN);
	if (end == NULL || len - (size_t) (end - line) < 14 || memcmp(end, "\",\"columns\":{", 13) != 0)
		return false;
	*name_len = (size_t) (end - line) - TABLE_LINE_LEN;
	return true;
}

static void
backup_count(Backup *backup, const char *data, size_t size, int64_t *lines)
{
	const char *end = data + size;

	while (data < end)
	{
		const char *newline = memchr(data, '\n', (size_t) (end - data));
		size_t		len = newline != NULL ? (size_t) (newline - data) : (size_t) (end - data);
		size_t		name_len;

		(*lines)++;
		if (backup_is_table_line(data, len, &name_len))
		{
			if (name_len >= sizeof(backup->table))
				name_len = sizeof(backup->table) - 1;
			memcpy(backup->table, data + TABLE_LINE_LEN, name_len);
			backup->table[name_len] = '\0';
			backup->rows = 0;
		}
		else if (backup->table[0] != '\0')
			backup->rows++;
		data += len + 1;
	}
}

/* A chunk has whole lines without the last newline, which takes the place of the
 * NUL that libpq puts behind every value. */
static dba_flow
backup_chunk(Request *request, char *data, size_t size)
{
	Backup	   *backup = request->owned;
	dba_client *db = request->db;
	int64_t		lines = 0;
	dba_flow	flow;

	backup_count(backup, data, size, &lines);
	request->count += lines;
	backup->bytes += (int64_t) size + 1;
	data[size] = '\n';
	flow = backup->sink(db, data, size + 1, request->arg);
	data[size] = '\0';
	if (backup->progress != NULL)
		backup->progress(db, backup->table, backup->rows, backup->bytes, request->arg);
	return flow;
}

/* SELECT * FROM f(…) becomes SELECT f(…) */
static void
backup_into_select_list(SqlStatement *st)
{
	static const char from[] = "SELECT * FROM ";
	Buf			text = BUF_INIT;

	if (strncmp(buf_text(&st->text), from, sizeof(from) - 1) != 0)
		return;
	buf_puts(&text, "SELECT ");
	buf_puts(&text, buf_text(&st->text) + sizeof(from) - 1);
	buf_free(&st->text);
	st->text = text;
}

/* The server's verb reads documents: a JSON value given for one stays JSON. */
dba_request
stream_backup(dba_client *db, const char *options, dba_sink_fn sink, dba_progress_fn progress,
			  dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_STATEMENT, cb, arg);
	SqlStatement st = {0};
	Backup	   *backup;
	JsonValue  *args = NULL;
	dba_error  *error = NULL;

	if (request == NULL)
		return 0;
	request->stream.chunk = backup_chunk;
	request->reads_only = true;
	request->owned = backup = mem_zalloc(sizeof(Backup));
	if (backup == NULL)
		error_set_no_memory(&error);
	else
	{
		backup->sink = sink;
		backup->progress = progress;
		if (options == NULL)
			error_set(&error, DBA_INVALID, "backup needs options with a backup_schema");
		else
			args = json_parse(&st.arena, options, strlen(options), "backup options", &error);
	}
	if (args != NULL && args->type != JSON_TYPE_OBJECT)
		error_set(&error, DBA_INVALID, "backup options must be a JSON object");
	else if (args != NULL && sqltenant_read(&st.arena, args, "backup options", &error) &&
			 sql_call(&st, "db_adapter.backup", args, &error))
		backup_into_select_list(&st);
	return verbs_submit(request, &st, error);
}
