/*
 * cmd_backup.c
 *		backup: rows to a file, or a file checked without a database.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"

#define PIECE 65536
#define SHOWN_ERRORS 20

/* ---------------------------------------------------------------- to a file */

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
	return cli_output_write(sink->output, data, size) ? DBA_CONTINUE : DBA_STOP;
}

static void
sink_progress(dba_client *db, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	Sink	   *sink = arg;

	(void) db;
	cli_progress(&sink->progress, table, rows, bytes);
}

/* The arguments of the server's verb. */
static char *
backup_options(const char *format, const char *backup_schema, const char *user_id)
{
	cJSON	   *options = cJSON_CreateObject();
	char	   *text;

	cJSON_AddRawToObject(options, "backup_schema", backup_schema);
	if (user_id != NULL)
		cJSON_AddStringToObject(options, "user_id", user_id);
	cJSON_AddStringToObject(options, "format", format);
	text = cJSON_PrintUnformatted(options);
	cJSON_Delete(options);
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

int
backup_to(Cli *cli, const char *path, const char *format, const char *backup_schema,
		  const char *user_id, int64_t *rows)
{
	char	   *options = backup_options(format, backup_schema, user_id);
	Sink		sink = {.output = cli_output_open(path)};
	int			code = CODE_FAILED;

	if (sink.output != NULL)
	{
		cli_progress_begin(&sink.progress, cli, 0);
		code = cli_wait(cli, &sink.call,
						dba_backup(cli->db, options, sink_write, sink_progress, cli_called, &sink));
		cli_progress_end(&sink.progress);
		if (code != CODE_DONE)
			cli_output_abandon(sink.output);
		else if (!cli_output_commit(sink.output))
			code = CODE_FAILED;
	}
	if (code == CODE_DONE)
		*rows = rows_of(sink.call.result, format, backup_schema);
	cli_call_free(&sink.call);
	cJSON_free(options);
	return code;
}

/* ---------------------------------------------------------------- a file checked */

static int
print_check(Cli *cli, const char *path, const dba_backup_check *check, bool valid)
{
	cJSON	   *document = cJSON_CreateObject();
	cJSON	   *errors = cJSON_AddArrayToObject(document, "errors");
	cJSON	   *warnings = cJSON_AddArrayToObject(document, "warnings");
	cJSON	   *counts = cJSON_AddObjectToObject(document, "record_counts");
	const char *text;

	for (size_t i = 0; (text = dba_backup_check_table(check, i)) != NULL; i++)
		cJSON_AddNumberToObject(counts, text, (double) dba_backup_check_rows(check, text));
	for (size_t i = 0; (text = dba_backup_check_error(check, i)) != NULL; i++)
		cJSON_AddItemToArray(errors, cJSON_CreateString(text));
	for (size_t i = 0; (text = dba_backup_check_warning(check, i)) != NULL; i++)
		cJSON_AddItemToArray(warnings, cJSON_CreateString(text));
	cJSON_AddBoolToObject(document, "valid", valid);
	cJSON_AddNumberToObject(document, "error_count", (double) dba_backup_check_error_count(check));
	if (cli->json)
	{
		cli_print_json(document);
		return valid ? CODE_DONE : CODE_NO;
	}
	for (size_t i = 0; i < SHOWN_ERRORS && (text = dba_backup_check_error(check, i)) != NULL; i++)
		printf("%serror%s    %s\n", cli_style(cli, "red"), cli_style(cli, "off"), text);
	if (dba_backup_check_error_count(check) > SHOWN_ERRORS)
		printf("         … and %s more\n",
			   cli_thousands((int64_t) dba_backup_check_error_count(check) - SHOWN_ERRORS));
	for (size_t i = 0; i < SHOWN_ERRORS && (text = dba_backup_check_warning(check, i)) != NULL; i++)
		printf("%swarning%s  %s\n", cli_style(cli, "yellow"), cli_style(cli, "off"), text);
	printf("%s: %s%s%s, format %s, %s rows\n", path, cli_style(cli, valid ? "green" : "red"),
		   valid ? "valid" : "not valid", cli_style(cli, "off"), dba_backup_check_format(check),
		   cli_thousands(dba_backup_check_rows(check, NULL)));
	cJSON_Delete(document);
	return valid ? CODE_DONE : CODE_NO;
}

static int
check_input(Cli *cli, const char *path, CliInput *input, dba_backup_check *check)
{
	dba_error  *error = NULL;
	CliProgress progress;
	char		piece[PIECE];
	int64_t		got;
	bool		ok = true;
	int			code;

	cli_progress_begin(&progress, cli, cli_input_size(input));
	while (ok && !cli_interrupted() && (got = cli_input_read(input, piece, sizeof(piece))) > 0)
	{
		ok = dba_backup_check_feed(check, piece, (size_t) got);
		cli_progress(&progress, path, dba_backup_check_rows(check, NULL),
					 cli_input_consumed(input));
	}
	cli_progress_end(&progress);
	if (cli_interrupted())
		return CODE_INTERRUPTED;
	ok = dba_backup_check_end(check, &error);
	/* a file that cannot be read to its end has said so, and has no trailer */
	code = dba_error_code(error) == DBA_NO_MEMORY ? cli_fail(cli, error)
												  : print_check(cli, path, check, ok);
	dba_error_free(error);
	return code;
}

static int
validate_file(Cli *cli, const char *path)
{
	const char *schema_path = cli_value_or_config(cli, "backup-schema", "schema.backup_schema");
	char *schema = schema_path != NULL ? cli_read_file(cli, schema_path, "backup schema") : NULL;
	dba_error  *error = NULL;
	dba_backup_check *check = NULL;
	CliInput   *input = NULL;
	int			code = CODE_USAGE;

	if (schema_path == NULL || schema != NULL)
	{
		check = dba_backup_check_new(schema, &error);
		if (check == NULL)
			code = cli_fail(cli, error);
		else if ((input = cli_input_open(path)) != NULL)
			code = check_input(cli, path, input, check);
	}
	dba_error_free(error);
	dba_backup_check_free(check);
	cli_input_free(input);
	free(schema);
	return code;
}

/* ---------------------------------------------------------------- the command */

/* backups/backup-2026-01-31-1405.json */
static const char *
default_path(void)
{
	static char path[64];
	time_t		now = time(NULL);
	struct tm	local;

	localtime_r(&now, &local);
	strftime(path, sizeof(path), "backups/backup-%Y-%m-%d-%H%M.json", &local);
	return path;
}

static int
print_written(Cli *cli, const char *path, const char *format, int64_t rows)
{
	cJSON	   *document;

	if (strcmp(path, "-") == 0)
		return CODE_DONE;
	if (!cli->json)
	{
		cli_note(cli, "%s rows", cli_thousands(rows));
		puts(path);
		return CODE_DONE;
	}
	document = cJSON_CreateObject();
	cJSON_AddStringToObject(document, "file", path);
	cJSON_AddStringToObject(document, "format", format);
	cJSON_AddNumberToObject(document, "rows", (double) rows);
	cli_print_json(document);
	return CODE_DONE;
}

static int
write_backup(Cli *cli, const char *user_id)
{
	const char *path = cli_value(cli, "output");
	const char *format = cli_value(cli, "format");
	char	   *schema;
	int64_t		rows = 0;
	int			code;

	if (path == NULL)
		path = default_path();
	if (format == NULL)
		format = cli_format_of(path);
	code = cli_open(cli);
	if (code != CODE_DONE)
		return code;
	schema = cli_backup_schema(cli);
	if (schema == NULL)
		return cli_schema_code(cli);
	if (strcmp(path, "-") == 0 || cli_has(cli, "output") || cli_make_folder(path))
		code = backup_to(cli, path, format, schema, user_id, &rows);
	else
		code = CODE_FAILED;
	free(schema);
	return code == CODE_DONE ? print_written(cli, path, format, rows) : code;
}

int
cmd_backup(Cli *cli)
{
	const char *format = cli_value(cli, "format");
	const char *user_id;
	int			code = cli_load(cli);

	if (code != CODE_DONE)
		return code;
	if (cli_has(cli, "validate"))
		return validate_file(cli, cli_value(cli, "validate"));
	if (format != NULL && strcmp(format, "json") != 0 && strcmp(format, "jsonl") != 0)
		return cli_usage("--format must be jsonl or json, not \"%s\"", format);
	user_id = cli_user_id(cli);
	if (cli_has(cli, "all-users"))
	{
		if (cli_has(cli, "user-id"))
			return cli_usage("--user-id and --all-users exclude each other");
		user_id = NULL;
	}
	else if (user_id == NULL)
		return cli_usage("whose rows? --user-id ID, or --all-users");
	return write_backup(cli, user_id);
}
