/*
 * cmd_restore.c
 *		restore: a backup file into the database, in one transaction.
 *
 * The file comes first: one that is cut off is refused before anybody is asked or connects.
 * Then the question, with the name of the database and who chose it, then the connection;
 * before the question where it says of a tenant whether he is there.
 *
 * The library sends pieces as they are read, and the server commits when it has seen the
 * end.  A file that turns out damaged on the way leaves nothing behind.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "command.h"
#include "file.h"

/* The file while it is restored. */
typedef struct Source
{
	CliCall		call;			/* first: it is what cli_called gets */
	CliInput   *input;
	CliProgress progress;
	bool		failed;			/* said */
} Source;

/* Called by the library when it can take more.  Ctrl-C ends the source, since a pipe may say
 * nothing for ever. */
static int64_t
source_read(dba_client *db, char *data, size_t size, void *arg)
{
	Source	   *source = arg;
	int64_t		got = signals_interrupted() ? -1 : input_read(source->input, data, size);

	(void) db;
	source->failed |= got < 0;
	return got < 0 ? DBA_SOURCE_FAILED : got;
}

/* The server counts rows; bytes are those of the file, which is what people see growing. */
static void
source_progress(dba_client *db, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	Source	   *source = arg;

	(void) db;
	(void) bytes;
	progress_show(&source->progress, table, rows, input_consumed(source->input));
}

/* The rows as the server gave them, all columns of them. */
static void
print_restored_json(const dba_result *result, bool dry_run)
{
	cJSON	   *document = cJSON_CreateObject();

	cJSON_AddBoolToObject(document, "dry_run", dry_run);
	cJSON_AddNumberToObject(document, "failed", (double) call_total(result, "failed"));
	cJSON_AddItemToObject(document, "tables", dba_result_rows_json(result));
	document_print(document);
}

/* What the rows of a table are found again by; "": their key, as it should be. */
static const char *
doubt_of(const dba_result *result, size_t row)
{
	cJSON	   *notes = dba_result_json(result, row, "notes");
	bool		unkeyed = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(notes, "no_match_key"));
	bool		repeated = cJSON_HasObjectItem(notes, "repeated_match_key");

	cJSON_Delete(notes);
	if (unkeyed)
		return "no match key: each restore inserts its rows again";
	return repeated ? "several rows of the file have one match key: they are one row here" : "";
}

/* A count, and whether its column is there where all tables have none. */
typedef struct Column
{
	const char *name;
	const char *heading;
	bool		always;
} Column;

static const Column columns[] = {{"inserted", "Inserted", true},
								 {"updated", "Updated", true},
								 {"deleted", "Deleted", false},
								 {"unchanged", "Unchanged", false},
								 {"skipped", "Skipped", true},
								 {"failed", "Failed", true},
								 {"nulled_refs", "References set to NULL", true}};

#define COLUMNS (sizeof(columns) / sizeof(*columns))

static bool
is_shown(const dba_result *result, size_t column)
{
	return columns[column].always || call_total(result, columns[column].name) > 0;
}

/* The last column is there only where some table needs a note. */
static CliTable *
begin_table(Cli *cli, const dba_result *result)
{
	char		header[256] = "Table";
	bool		doubts = false;

	for (size_t c = 0; c < COLUMNS; c++)
		if (is_shown(result, c))
		{
			strcat(strcat(header, "|>"), columns[c].heading);
		}
	for (size_t i = 0; i < dba_result_rows(result); i++)
		doubts |= *doubt_of(result, i) != '\0';
	if (doubts)
		strcat(header, "|Note");
	return table_new(cli, header);
}

static void
print_restored(Cli *cli, const dba_result *result, bool dry_run)
{
	CliTable   *table = begin_table(cli, result);

	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		char		numbers[COLUMNS][40];
		const char *texts[COLUMNS + 2] = {dba_result_text(result, i, "table")};
		int			n = 1;

		for (size_t c = 0; c < COLUMNS; c++)
		{
			if (!is_shown(result, c))
				continue;
			snprintf(numbers[c], sizeof(numbers[c]), "%s",
					 text_thousands(call_number(result, i, columns[c].name)));
			texts[n++] = numbers[c];
		}
		texts[n] = doubt_of(result, i);
		table_add(table, texts);
	}
	table_print(table);
	tenant_note_restored(cli, result);
	outcome_print_failures(result);
	if (dry_run)
		message_note(cli, "dry run: everything was rolled back");
}

/* ---------------------------------------------------------------- the command */

static bool
is_mode(const Cli *cli, const char *mode)
{
	const char *given = options_value(cli, "mode");

	return given != NULL && strcmp(given, mode) == 0;
}

/* What is wanted of the server. */
typedef enum Wish
{
	WISH_RESTORE,
	WISH_COPY,					/* the same, and raw references are copied */
	WISH_COMPARE				/* nothing is written */
} Wish;

/* The arguments of the server's verb; schema NULL: the file has its own. */
static char *
restore_arguments(const Cli *cli, const char *schema, Wish wish)
{
	cJSON	   *arguments = options_arguments(cli);
	char	   *text;

	if (schema != NULL)
		cJSON_AddRawToObject(arguments, "backup_schema", schema);
	if (wish == WISH_COMPARE)
	{
		cJSON_DeleteItemFromObjectCaseSensitive(arguments, "mode");
		cJSON_DeleteItemFromObjectCaseSensitive(arguments, "on_raw");
		cJSON_AddStringToObject(arguments, "mode", "compare");
	}
	else if (is_mode(cli, "replace"))
		cJSON_AddStringToObject(arguments, "on_error", "abort");
	if (wish != WISH_RESTORE)
		cJSON_AddStringToObject(arguments, "on_raw", "copy");
	text = cJSON_PrintUnformatted(arguments);
	cJSON_Delete(arguments);
	return text;
}

/* What becomes of it is said by who asked; 0: there was no memory. */
static dba_request
begin_restore(Cli *cli, Source *source, const char *schema, Wish wish)
{
	char	   *arguments = restore_arguments(cli, schema, wish);
	dba_request request;

	progress_begin(&source->progress, cli, input_size(source->input));
	request = dba_restore(cli->db, arguments, source_read, source_progress, call_called, source);
	(void) call_wait_quietly(cli, &source->call, request);
	progress_end(&source->progress);
	cJSON_free(arguments);
	return request;
}

/* For another reading; false, having said so, if it is not there any more. */
static bool
rewind_source(const Cli *cli, Source *source)
{
	call_free(&source->call);
	input_free(source->input);
	source->input = input_open(cli->operands[0]);
	return source->input != NULL;
}

static void
print_compared(Cli *cli, const dba_result *result)
{
	static const char *const counts[] = {"inserted", "updated", "unchanged", "deleted"};
	CliTable   *table = table_new(cli, "Table|>New|>Changed|>Same|>Only here");

	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		char		numbers[4][40];
		const char *texts[5] = {dba_result_text(result, i, "table")};

		for (int c = 0; c < 4; c++)
		{
			snprintf(numbers[c], sizeof(numbers[c]), "%s",
					 text_thousands(call_number(result, i, counts[c])));
			texts[c + 1] = numbers[c];
		}
		table_add(table, texts);
	}
	table_print(table);
}

/* Is what would change shown before the question?  The file must be there to be read twice. */
static bool
shows_changes(const Cli *cli)
{
	return (is_mode(cli, "replace") || is_mode(cli, "overwrite")) && !options_has(cli, "dry-run") &&
		   !options_has(cli, "yes") && !cli->json && question_possible() &&
		   strcmp(cli->operands[0], "-") != 0;
}

/* Rows that would go are counted in *going. */
static int
show_changes(Cli *cli, Source *source, const char *schema, int64_t *going)
{
	dba_request request = begin_restore(cli, source, schema, WISH_COMPARE);
	int			code;

	if (source->failed && !signals_interrupted())
		return CODE_FAILED;
	code = call_wait(cli, &source->call, request);
	if (code != CODE_DONE)
		return code;
	print_compared(cli, source->call.result);
	*going = call_total(source->call.result, "deleted");
	return rewind_source(cli, source) ? CODE_DONE : CODE_USAGE;
}

/*
 * References whose values mean other rows in another database are a question where it
 * can be asked.  --yes does not answer it: who has not heard of it has not agreed.
 */
static bool
may_copy(Cli *cli, const Source *source)
{
	const dba_error *error = source->call.error;
	const char *hint = dba_error_hint(error);

	if (error == NULL || strcmp(dba_error_sqlstate(error), "22023") != 0 || hint == NULL ||
		strstr(hint, "on_raw") == NULL || options_has(cli, "on-raw") || options_has(cli, "yes") ||
		strcmp(cli->operands[0], "-") == 0 || !question_possible())
		return false;
	message_warn("%s", dba_error_message(error));
	return question_ask(cli, "Copy such values as they stand?") == CODE_DONE;
}

/* A source that failed has said so; the request's own error is only its echo. */
static int
run_restore(Cli *cli, Source *source, const char *schema)
{
	bool		dry_run = options_has(cli, "dry-run");
	dba_request request = begin_restore(cli, source, schema, WISH_RESTORE);
	int			code;

	if (!source->failed && may_copy(cli, source))
	{
		if (!rewind_source(cli, source))
			return CODE_USAGE;
		request = begin_restore(cli, source, schema, WISH_COPY);
	}
	if (source->failed && !signals_interrupted())
		code = CODE_FAILED;
	else
		code = call_wait(cli, &source->call, request);
	if (code == CODE_DONE)
	{
		if (cli->json)
			print_restored_json(source->call.result, dry_run);
		else
			print_restored(cli, source->call.result, dry_run);
		code =
			outcome_print_notes(source->call.result) + call_total(source->call.result, "failed") > 0
				? CODE_NO
				: CODE_DONE;
	}
	return code;
}

/* Is it a json backup?  That format does not say how its tables hang together. */
static bool
needs_schema(Cli *cli)
{
	const char *format = file_format_of(cli->operands[0]);

	return format != NULL && strcmp(format, "json") == 0;
}

/* A dry run rolls everything back, so there is nothing to agree to. */
static int
confirm(Cli *cli, TenantState tenant, int64_t going)
{
	char		question[1024];
	char		whose[256] = "";
	char		gone[128] = "";

	if (options_has(cli, "dry-run"))
		return CODE_DONE;
	/* what the environment says is for commands that only read */
	if (tenant_name(cli) != NULL && (options_has(cli, "tenant") || options_has(cli, "user-id")))
		snprintf(whose, sizeof(whose), " as tenant \"%.80s\"%s", tenant_name(cli),
				 tenant == TENANT_FOUND	 ? ", who is there already"
				 : tenant == TENANT_MADE ? ", who is not there and is made"
										 : "");
	if (is_mode(cli, "replace"))
		snprintf(gone, sizeof(gone),
				 going < 0 ? ", and delete what the file does not have"
						   : ", and delete %s rows that only it has",
				 text_thousands(going));
	snprintf(question, sizeof(question), "%s%s in%s %s (%s, chosen by %s)%s?",
			 is_mode(cli, "replace") ? "Replace rows" : "Restore", whose,
			 is_mode(cli, "replace") ? "" : "to",
			 *dba_profile_name(cli->profile) != '\0' ? dba_profile_name(cli->profile)
													 : "the database",
			 dba_profile_url(cli->profile), dba_profile_source(cli->profile), gone);
	return question_ask(cli, question);
}

/* Does the question say of the tenant what only the server knows? */
static bool
asks_for_tenant(const Cli *cli)
{
	return (options_has(cli, "tenant") || options_has(cli, "user-id")) &&
		   options_value_or_config(cli, "backup-schema", "schema.backup_schema") != NULL &&
		   !options_has(cli, "dry-run") && !options_has(cli, "yes") && question_possible();
}

/* What was opened is freed in one place, whatever came of it. */
int
cmd_restore(Cli *cli)
{
	Source		source = {0};
	char	   *schema = NULL;
	int64_t		going = -1;
	bool		late;
	int			code = opening_load(cli);

	if (code != CODE_DONE)
		return code;
	/* the file first: a damaged one is refused before anybody connects */
	source.input = input_open(cli->operands[0]);
	if (source.input == NULL)
		return CODE_USAGE;
	code = input_check_tail(source.input) ? opening_resolve(cli) : CODE_NO;
	late = asks_for_tenant(cli) || shows_changes(cli);
	if (code == CODE_DONE && !late)
		code = confirm(cli, TENANT_UNKNOWN, going);
	if (code == CODE_DONE)
		code = opening_open(cli);
	if (code == CODE_DONE &&
		(options_value_or_config(cli, "backup-schema", "schema.backup_schema") != NULL ||
		 needs_schema(cli)))
	{
		schema = backupschema_read(cli);
		if (schema == NULL)
			code = backupschema_code(cli);
	}
	if (code == CODE_DONE && shows_changes(cli))
		code = show_changes(cli, &source, schema, &going);
	if (code == CODE_DONE && late)
		code =
			confirm(cli, asks_for_tenant(cli) ? tenant_look(cli, schema) : TENANT_UNKNOWN, going);
	if (code == CODE_DONE)
		code = run_restore(cli, &source, schema);
	free(schema);
	call_free(&source.call);
	input_free(source.input);
	return code;
}
