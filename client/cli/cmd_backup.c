/*
 * cmd_backup.c
 *		backup: rows to a file, or a file checked without a database.
 *
 * Checking a file (--validate) is the other half of the command, and takes no database, no
 * profile and no connection: a file that came by mail is checked where it lies.
 *
 * Whose rows is never guessed: without --tenant, a tenant of db.toml or --all-users the
 * answer is a mistake of usage, since a backup of the wrong tenant looks like a good one.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "print.h"
#include "command.h"
#include "file.h"

#define PIECE 65536
#define SHOWN_ERRORS 20

/* ---------------------------------------------------------------- a file checked */

/* All errors go into the document, the first of them to the terminal: a file of the wrong
 * tenant has as many as it has rows. */
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
		document_print(document);
		return valid ? CODE_DONE : CODE_NO;
	}
	for (size_t i = 0; i < SHOWN_ERRORS && (text = dba_backup_check_error(check, i)) != NULL; i++)
		printf("%serror%s    %s\n", text_style(cli, "red"), text_style(cli, "off"), text);
	if (dba_backup_check_error_count(check) > SHOWN_ERRORS)
		printf("         … and %s more\n",
			   text_thousands((int64_t) dba_backup_check_error_count(check) - SHOWN_ERRORS));
	for (size_t i = 0; i < SHOWN_ERRORS && (text = dba_backup_check_warning(check, i)) != NULL; i++)
		printf("%swarning%s  %s\n", text_style(cli, "yellow"), text_style(cli, "off"), text);
	printf("%s: %s%s%s, format %s, %s rows\n", path, text_style(cli, valid ? "green" : "red"),
		   valid ? "valid" : "not valid", text_style(cli, "off"), dba_backup_check_format(check),
		   text_thousands(dba_backup_check_rows(check, NULL)));
	cJSON_Delete(document);
	return valid ? CODE_DONE : CODE_NO;
}

/* Progress goes by bytes of the file, which are known, not by rows, which are not. */
static int
check_input(Cli *cli, const char *path, CliInput *input, dba_backup_check *check)
{
	dba_error  *error = NULL;
	CliProgress progress;
	char		piece[PIECE];
	int64_t		got;
	bool		ok = true;
	int			code;

	progress_begin(&progress, cli, input_size(input));
	while (ok && !signals_interrupted() && (got = input_read(input, piece, sizeof(piece))) > 0)
	{
		ok = dba_backup_check_feed(check, piece, (size_t) got);
		progress_show(&progress, path, dba_backup_check_rows(check, NULL), input_consumed(input));
	}
	progress_end(&progress);
	if (signals_interrupted())
		return CODE_INTERRUPTED;
	ok = dba_backup_check_end(check, &error);
	/* a file that cannot be read to its end has said so, and has no trailer */
	code = dba_error_code(error) == DBA_NO_MEMORY ? failure_tell(cli, error)
												  : print_check(cli, path, check, ok);
	dba_error_free(error);
	return code;
}

/*
 * Without a database and without a profile.  The backup schema is asked for only where
 * somebody has named one: a jsonl file has its own.
 */
static int
validate_file(Cli *cli, const char *path)
{
	const char *schema_path = options_value_or_config(cli, "backup-schema", "schema.backup_schema");
	cJSON	   *parsed = NULL;
	char	   *schema = NULL;
	dba_error  *error = NULL;
	dba_backup_check *check = NULL;
	CliInput   *input = NULL;
	int			code = CODE_USAGE;

	if (schema_path != NULL)
		parsed = document_read_file(schema_path, "backup schema", &schema);
	cJSON_Delete(parsed);
	if (schema_path == NULL || schema != NULL)
	{
		check = dba_backup_check_new(schema, &error);
		if (check == NULL)
			code = failure_tell(cli, error);
		else if ((input = input_open(path)) != NULL)
			code = check_input(cli, path, input, check);
	}
	dba_error_free(error);
	dba_backup_check_free(check);
	input_free(input);
	free(schema);
	return code;
}

/* ---------------------------------------------------------------- the command */

/* backups/backup-2026-01-31-1405-TENANT.jsonl: each backup has a name of its own, so that
 * a loop over tenants leaves a file for each.  The name tells the format, and so asks for
 * the one that streams where nobody has said another. */
static const char *
default_path(const char *format, const char *user_id)
{
	static char path[256];
	char		name[128];
	char		ending[16];
	time_t		now = time(NULL);
	struct tm	local;
	size_t		len;

	localtime_r(&now, &local);
	len = strftime(name, sizeof(name), "backups/backup-%Y-%m-%d-%H%M", &local);
	if (user_id != NULL)
		snprintf(name + len, sizeof(name) - len, "-%.80s", user_id);
	/* a tenant's name may hold anything; it stays in the folder, and on one line */
	for (char *c = name + len; *c != '\0'; c++)
	{
		if (strchr("/\\:*?\"<>|", *c) != NULL || (unsigned char) *c <= ' ' || *c == 0x7F)
			*c = '_';
	}
	snprintf(ending, sizeof(ending), ".%s", format != NULL ? format : "jsonl");
	file_unused_name(path, sizeof(path), name, ending);
	return path;
}

/*
 * Where the rows went to standard output, the document goes to standard error: neither may
 * be in the other.
 */
static int
print_written(Cli *cli, const char *path, const Saved *saved)
{
	cJSON	   *document;

	if (!cli->json)
	{
		if (!cli->stdout_taken)
		{
			message_note(cli, "%s rows", text_thousands(saved->rows));
			puts(path);
		}
		return CODE_DONE;
	}
	document = cJSON_CreateObject();
	cJSON_AddStringToObject(document, "file", path);
	cJSON_AddStringToObject(document, "format", saved->format);
	cJSON_AddNumberToObject(document, "rows", (double) saved->rows);
	document_print_to(cli->stdout_taken ? stderr : stdout, document);
	return CODE_DONE;
}

/* Is the place of the file one that a backup may take?  Asked before any work. */
static bool
check_output(Cli *cli, const char *path)
{
	struct stat status;

	if (options_has(cli, "overwrite") || stat(path, &status) != 0 || !S_ISREG(status.st_mode) ||
		strncmp(path, "/dev/", 5) == 0 || strncmp(path, "/proc/", 6) == 0)
		return true;
	message_usage("\"%s\" exists; --overwrite replaces it", path);
	return false;
}

/* The options that were given, and a tenant that only db.toml names. */
static cJSON *
backup_arguments(const Cli *cli, const char *user_id)
{
	cJSON	   *arguments = options_arguments(cli);

	if (user_id != NULL && !cJSON_HasObjectItem(arguments, "user_id"))
		cJSON_AddStringToObject(arguments, "user_id", user_id);
	return arguments;
}

/* What can be refused without a database is refused before anybody connects: a name that is
 * taken, a format that nobody knows. */
static int
write_backup(Cli *cli, const char *user_id)
{
	const char *path = options_value(cli, "output");
	char	   *schema;
	Saved		saved;
	int			code;

	if (path != NULL && !check_output(cli, path))
		return CODE_USAGE;
	if (path == NULL)
		path = default_path(options_value(cli, "format"), user_id);
	code = opening_open(cli);
	if (code != CODE_DONE)
		return code;
	schema = backupschema_read(cli);
	if (schema == NULL)
		return backupschema_code(cli);
	if (strcmp(path, "-") == 0 || options_has(cli, "output") || file_make_folder(path))
		code = saving_write(cli, path, backup_arguments(cli, user_id), schema, &saved);
	else
		code = CODE_FAILED;
	free(schema);
	return code == CODE_DONE ? print_written(cli, path, &saved) : code;
}

/* The mistakes of usage first, while nothing has been opened. */
int
cmd_backup(Cli *cli)
{
	const char *user_id;
	int			code = opening_load(cli);

	if (code != CODE_DONE)
		return code;
	if (options_has(cli, "validate"))
		return validate_file(cli, options_value(cli, "validate"));
	user_id = tenant_name(cli);
	if (options_has(cli, "all-users"))
	{
		if (options_has(cli, "tenant") || options_has(cli, "user-id"))
			return message_usage("--tenant and --all-users exclude each other");
		user_id = NULL;
	}
	else if (user_id == NULL)
		return message_usage("whose rows? --tenant NAME, or --all-users");
	return write_backup(cli, user_id);
}
