/*
 * saving.c
 *		A backup streamed from the server into a file.
 *
 * Each piece goes on as it comes: memory does not grow with the backup.  A file that cannot
 * be written stops the request, and then it is the file that is complained of, not the
 * request that was stopped.
 */
#include <string.h>

#include "print.h"
#include "command.h"
#include "file.h"

typedef struct Sink
{
	CliCall		call;			/* first: it is what cli_called gets */
	CliOutput  *output;
	CliProgress progress;
} Sink;

static dba_flow
sink_write(dba_client *db, const char *data, size_t size, void *arg)
{
	Sink	   *sink = arg;

	(void) db;
	return output_write(sink->output, data, size) ? DBA_CONTINUE : DBA_STOP;
}

static void
sink_progress(dba_client *db, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	Sink	   *sink = arg;

	(void) db;
	progress_show(&sink->progress, table, rows, bytes);
}

/* The arguments of the server's verb. */
static char *
backup_arguments(const char *format, const char *backup_schema, const char *user_id)
{
	cJSON	   *arguments = cJSON_CreateObject();
	char	   *text;

	cJSON_AddRawToObject(arguments, "backup_schema", backup_schema);
	if (user_id != NULL)
		cJSON_AddStringToObject(arguments, "user_id", user_id);
	cJSON_AddStringToObject(arguments, "format", format);
	text = cJSON_PrintUnformatted(arguments);
	cJSON_Delete(arguments);
	return text;
}

/* Of the lines written, those that are rows: each table has a line of its own, a
 * jsonl file a header, and both formats an end. */
static int64_t
rows_of(const dba_result *result, const char *format, const char *backup_schema)
{
	cJSON	   *schema = cJSON_Parse(backup_schema);
	int			tables = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(schema, "tables"));

	cJSON_Delete(schema);
	return dba_result_count(result) - tables - (strcmp(format, "jsonl") == 0 ? 2 : 1);
}

/* The output is opened first: where it cannot be written to, the server need not begin. */
int
saving_write(Cli *cli, const char *path, const char *format, const char *backup_schema,
			 const char *user_id, int64_t *rows)
{
	char	   *arguments = backup_arguments(format, backup_schema, user_id);
	Sink		sink = {.output = output_open(path, options_has(cli, "overwrite"))};
	int			code = CODE_FAILED;

	if (sink.output != NULL)
	{
		cli->stdout_taken = output_is_stdout(sink.output);
		progress_begin(&sink.progress, cli, 0);
		code = call_wait(
			cli, &sink.call,
			dba_backup(cli->db, arguments, sink_write, sink_progress, call_called, &sink));
		progress_end(&sink.progress);
		if (code != CODE_DONE)
			output_abandon(sink.output);
		else if (!output_commit(sink.output))
			code = CODE_FAILED;
	}
	if (code == CODE_DONE)
		*rows = rows_of(sink.call.result, format, backup_schema);
	call_free(&sink.call);
	cJSON_free(arguments);
	return code;
}
