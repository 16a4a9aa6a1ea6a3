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
	bool		begun;			/* the first piece has come, and told the format */
	bool		has_header;		/* a jsonl file; a json one has the same at its end */
} Sink;

/* The format is the server's to choose where nobody has asked for one, so it is seen from
 * what comes: a table of a json file is an array, even one that is called "format". */
static dba_flow
sink_write(dba_client *db, const char *data, size_t size, void *arg)
{
	static const char header[] = "{\"format\":\"";
	Sink	   *sink = arg;

	(void) db;
	if (!sink->begun)
		sink->has_header = size >= strlen(header) && memcmp(data, header, strlen(header)) == 0;
	sink->begun = true;
	return output_write(sink->output, data, size) ? DBA_CONTINUE : DBA_STOP;
}

static void
sink_progress(dba_client *db, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	Sink	   *sink = arg;

	(void) db;
	progress_show(&sink->progress, table, rows, bytes);
}

/* The arguments of the server's verb as text, taken over: a name that tells a format asks
 * for it, unless somebody has said another one.  NULL: no memory. */
static char *
complete_arguments(cJSON *arguments, const char *path, const char *backup_schema)
{
	const char *format = file_format_of(path);
	char	   *text;

	if (format != NULL && !cJSON_HasObjectItem(arguments, "format"))
		cJSON_AddStringToObject(arguments, "format", format);
	cJSON_AddRawToObject(arguments, "backup_schema", backup_schema);
	text = cJSON_PrintUnformatted(arguments);
	cJSON_Delete(arguments);
	return text;
}

/* Of the lines written, those that are rows: each table has a line of its own, a
 * jsonl file a header, and both formats an end. */
static int64_t
rows_of(const Sink *sink, const char *backup_schema)
{
	cJSON	   *schema = cJSON_Parse(backup_schema);
	int			tables = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(schema, "tables"));

	cJSON_Delete(schema);
	return dba_result_count(sink->call.result) - tables - (sink->has_header ? 2 : 1);
}

/* The output is opened first: where it cannot be written to, the server need not begin. */
int
saving_write(Cli *cli, const char *path, cJSON *arguments, const char *backup_schema, Saved *saved)
{
	char	   *text = complete_arguments(arguments, path, backup_schema);
	Sink		sink = {.output = output_open(path, options_has(cli, "overwrite"))};
	int			code = CODE_FAILED;
	dba_request request;

	if (sink.output != NULL)
	{
		cli->stdout_taken = output_is_stdout(sink.output);
		progress_begin(&sink.progress, cli, 0);
		request = dba_backup(cli->db, text, sink_write, sink_progress, call_called, &sink);
		(void) call_wait_quietly(cli, &sink.call, request);
		progress_end(&sink.progress);
		/* an output that failed has said so: the request's own error is only its echo */
		if (!output_failed(sink.output) || signals_interrupted())
			code = call_wait(cli, &sink.call, request);
		if (code != CODE_DONE)
			output_abandon(sink.output);
		else if (!output_commit(sink.output))
			code = CODE_FAILED;
	}
	if (code == CODE_DONE)
		*saved = (Saved){rows_of(&sink, backup_schema), sink.has_header ? "jsonl" : "json"};
	call_free(&sink.call);
	cJSON_free(text);
	return code;
}
