/*
 * cmd_restore.c
 *		restore: a backup file into the database, in one transaction.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define SHOWN_FAILURES 10

typedef struct Source
{
	CliCall		call;			/* first: it is what cli_called gets */
	CliInput   *input;
	CliProgress progress;
	bool		failed;			/* said */
} Source;

static int64_t
source_read(dba_client *db, char *data, size_t size, void *arg)
{
	Source	   *source = arg;
	int64_t		got = cli_interrupted() ? -1 : cli_input_read(source->input, data, size);

	(void) db;
	source->failed |= got < 0;
	return got < 0 ? DBA_SOURCE_FAILED : got;
}

static void
source_progress(dba_client *db, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	Source	   *source = arg;

	(void) db;
	(void) bytes;
	cli_progress(&source->progress, table, rows, cli_input_consumed(source->input));
}

/* ---------------------------------------------------------------- what came of it */

static int64_t
total_of(const dba_result *result, const char *column)
{
	int64_t		total = 0;

	for (size_t i = 0; i < dba_result_rows(result); i++)
		total += cli_number_at(result, i, column);
	return total;
}

static void
print_restored_json(const dba_result *result, bool dry_run)
{
	cJSON	   *document = cJSON_CreateObject();

	cJSON_AddBoolToObject(document, "dry_run", dry_run);
	cJSON_AddNumberToObject(document, "failed", (double) total_of(result, "failed"));
	cJSON_AddItemToObject(document, "tables", dba_result_rows_json(result));
	cli_print_json(document);
}

static const char *
text_member(const cJSON *object, const char *name)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

	return text != NULL ? text : "";
}

void
cli_print_failures(const dba_result *result)
{
	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		cJSON	   *details = dba_result_json(result, i, "failure_details");
		const cJSON *detail;
		int			shown = 0;

		cJSON_ArrayForEach(detail, details)
		{
			char *key = cJSON_PrintUnformatted(cJSON_GetObjectItemCaseSensitive(detail, "old_pk"));

			if (shown++ < SHOWN_FAILURES)
				fprintf(stderr, "%s, row %s: %s (%s)\n", dba_result_text(result, i, "table"),
						key != NULL ? key : "?", text_member(detail, "error"),
						text_member(detail, "sqlstate"));
			cJSON_free(key);
		}
		cJSON_Delete(details);
	}
}

static void
print_restored(Cli *cli, const dba_result *result, bool dry_run)
{
	static const char *const columns[] = {"inserted", "updated", "skipped", "failed",
										  "nulled_refs"};
	CliTable   *table =
		cli_table_new(cli, "Table|>Inserted|>Updated|>Skipped|>Failed|>References set to NULL");

	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		char		numbers[5][40];
		const char *texts[6] = {dba_result_text(result, i, "table")};

		for (int c = 0; c < 5; c++)
		{
			snprintf(numbers[c], sizeof(numbers[c]), "%s",
					 cli_thousands(cli_number_at(result, i, columns[c])));
			texts[c + 1] = numbers[c];
		}
		cli_table_add(table, texts);
	}
	cli_table_print(table);
	cli_print_failures(result);
	if (dry_run)
		cli_note(cli, "dry run: everything was rolled back");
}

/* ---------------------------------------------------------------- the command */

/* The arguments of the server's verb; schema NULL: the file has its own. */
static char *
restore_options(const Cli *cli, const char *schema)
{
	cJSON	   *options = cJSON_CreateObject();
	char	   *text;

	if (schema != NULL)
		cJSON_AddRawToObject(options, "backup_schema", schema);
	if (cli_has(cli, "user-id"))
		cJSON_AddStringToObject(options, "user_id", cli_value(cli, "user-id"));
	if (cli_has(cli, "mode"))
		cJSON_AddStringToObject(options, "mode", cli_value(cli, "mode"));
	cJSON_AddBoolToObject(options, "dry_run", cli_has(cli, "dry-run"));
	text = cJSON_PrintUnformatted(options);
	cJSON_Delete(options);
	return text;
}

static int
run_restore(Cli *cli, Source *source, const char *schema)
{
	char	   *options = restore_options(cli, schema);
	bool		dry_run = cli_has(cli, "dry-run");
	dba_request request;
	int			code;

	cli_progress_begin(&source->progress, cli, cli_input_size(source->input));
	request = dba_restore(cli->db, options, source_read, source_progress, cli_called, source);
	(void) cli_wait_quietly(cli, &source->call, request);
	cli_progress_end(&source->progress);
	if (source->failed && !cli_interrupted())
		code = CODE_FAILED;
	else
		code = cli_wait(cli, &source->call, request);
	if (code == CODE_DONE)
	{
		if (cli->json)
			print_restored_json(source->call.result, dry_run);
		else
			print_restored(cli, source->call.result, dry_run);
		code = total_of(source->call.result, "failed") > 0 ? CODE_NO : CODE_DONE;
	}
	cJSON_free(options);
	return code;
}

/* Is it a json backup?  That format does not say how its tables hang together. */
static bool
needs_schema(Cli *cli)
{
	return strcmp(cli->operand, "-") != 0 && strcmp(cli_format_of(cli->operand), "json") == 0;
}

static int
confirm(Cli *cli)
{
	char		question[512];

	if (cli_has(cli, "dry-run"))
		return CODE_DONE;
	snprintf(question, sizeof(question), "Restore into %s (%s, chosen by %s)?",
			 *dba_profile_name(cli->profile) != '\0' ? dba_profile_name(cli->profile)
													 : "the database",
			 dba_profile_url(cli->profile), dba_profile_source(cli->profile));
	return cli_ask(cli, question);
}

int
cmd_restore(Cli *cli)
{
	const char *mode = cli_value(cli, "mode");
	Source		source = {0};
	char	   *schema = NULL;
	int			code = cli_load(cli);

	if (mode != NULL && strcmp(mode, "skip") != 0 && strcmp(mode, "overwrite") != 0 &&
		strcmp(mode, "fail") != 0)
		return cli_usage("--mode must be skip, overwrite or fail, not \"%s\"", mode);
	if (code != CODE_DONE)
		return code;
	/* the file first: a damaged one is refused before anybody connects */
	source.input = cli_input_open(cli->operand);
	if (source.input == NULL)
		return CODE_USAGE;
	code = cli_input_check_tail(source.input) ? cli_resolve(cli) : CODE_NO;
	if (code == CODE_DONE)
		code = confirm(cli);
	if (code == CODE_DONE)
		code = cli_open(cli);
	if (code == CODE_DONE &&
		(cli_value_or_config(cli, "backup-schema", "schema.backup_schema") != NULL ||
		 needs_schema(cli)))
	{
		schema = cli_backup_schema(cli);
		if (schema == NULL)
			code = cli_schema_code(cli);
	}
	if (code == CODE_DONE)
		code = run_restore(cli, &source, schema);
	free(schema);
	cli_call_free(&source.call);
	cli_input_free(source.input);
	return code;
}
