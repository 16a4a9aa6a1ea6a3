/*
 * cmd_sync.c
 *		sync: what another profile's database has, into this one.
 *
 * Everything is done by one call of the library: both databases are compared by match key,
 * and what differs is moved in one transaction of this one.  Here stands what goes round
 * it: which two databases, which tables, and a question before rows are deleted.
 *
 * The command never changes anything without --confirm, and says which database it would
 * change and who chose that one before it looks: the two are easily taken for each other.
 * A deletion is asked about with its number of rows, counted by a run of its own, since a
 * wrong --from is noticed by that number or not at all.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "command.h"

/* A sync while it runs. */
typedef struct SyncRun
{
	CliCall		call;			/* first: it is what cli_called gets */
	CliProgress progress;
} SyncRun;

/* Rows of the table that is being moved. */
static void
on_progress(dba_client *db, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	SyncRun	   *run = arg;

	(void) db;
	progress_show(&run->progress, table, rows, bytes);
}

/* ---------------------------------------------------------------- both databases */

/* The profile's name, else the URL, without its password. */
static const char *
name_of(const dba_client *db)
{
	return *dba_profile_of(db) != '\0' ? dba_profile_of(db) : dba_url(db);
}

/* One URL for both is a mistake: everything would be the same, and look as if all were well. */
static int
open_source(Cli *cli)
{
	dba_error  *error = NULL;
	int			code = CODE_DONE;

	cli->source = dba_open_config(cli->config, options_value(cli, "from"), &error);
	if (cli->source == NULL)
		code = failure_tell(cli, error);
	dba_error_free(error);
	if (code == CODE_DONE && strcmp(dba_url(cli->source), dba_url(cli->db)) == 0)
		code = message_usage("%s and %s are the same database", name_of(cli->source),
							 name_of(cli->db));
	return code;
}

/* Both clients on one loop, which has to be before their first request. */
static int
open_both(Cli *cli)
{
	int			code = opening_open(cli);

	if (code == CODE_DONE)
		code = open_source(cli);
	if (code != CODE_DONE)
		return code;
	cli->loop = dba_loop_new();
	if (cli->loop != NULL && dba_loop_add(cli->loop, cli->db) == DBA_OK &&
		dba_loop_add(cli->loop, cli->source) == DBA_OK)
		return CODE_DONE;
	message_warn("out of memory");
	return CODE_FAILED;
}

/* Both sides are named, and who chose them: to mix them up would be the worst mistake. */
static void
print_target(const Cli *cli, bool confirmed)
{
	const char *what = confirmed ? "changing" : "looking at";
	const char *chosen = dba_profile_source(cli->profile);

	if (*dba_profile_of(cli->db) != '\0')
		message_note(cli, "%s %s (%s, chosen by %s)", what, name_of(cli->db), dba_url(cli->db),
					 chosen);
	else
		message_note(cli, "%s %s (chosen by %s)", what, dba_url(cli->db), chosen);
	if (*dba_profile_of(cli->source) != '\0')
		message_note(cli, "from %s (%s)", name_of(cli->source), dba_url(cli->source));
	else
		message_note(cli, "from %s", dba_url(cli->source));
}

/* ---------------------------------------------------------------- what to sync */

/* --tables, else sync.tables of db.toml; NULL: all */
static cJSON *
chosen_tables(const Cli *cli)
{
	const char *list = options_value(cli, "tables");
	cJSON	   *tables = cJSON_CreateArray();
	char	   *copy = list != NULL ? strdup(list) : NULL;
	const char *name;

	for (char *word = copy != NULL ? strtok(copy, ", ") : NULL; word != NULL;
		 word = strtok(NULL, ", "))
		cJSON_AddItemToArray(tables, cJSON_CreateString(word));
	for (size_t i = 0;
		 list == NULL && (name = dba_config_element(cli->config, "sync.tables", i)) != NULL; i++)
		cJSON_AddItemToArray(tables, cJSON_CreateString(name));
	free(copy);
	if (cJSON_GetArraySize(tables) > 0)
		return tables;
	cJSON_Delete(tables);
	return NULL;
}

/* Good enough for a warning: a schema whose tables refer to nothing needs no more than keys. */
static bool
has_references(const char *schema)
{
	return strstr(schema, "\"parent\"") != NULL || strstr(schema, "\"parents\"") != NULL ||
		   strstr(schema, "\"optional_refs\"") != NULL;
}

/* A schema that is derived may take rows for the same that are not, which is said. */
static char *
backup_schema(Cli *cli)
{
	char	   *schema = backupschema_read_whole(cli);

	if (schema != NULL && has_references(schema) &&
		options_value_or_config(cli, "backup-schema", "schema.backup_schema") == NULL)
		message_note(
			cli, "warning: these tables have foreign keys and no backup schema is known; one was "
				 "derived from them (see schema.backup_schema of db.toml)");
	return schema;
}

/*
 * The tenant may come from the environment, and tables from db.toml, so these have no row
 * of their own among the options.
 */
static char *
sync_arguments(Cli *cli, const char *schema, bool dry_run)
{
	cJSON	   *arguments = options_arguments(cli);
	cJSON	   *tables = chosen_tables(cli);
	char	   *text;

	cJSON_AddRawToObject(arguments, "backup_schema", schema);
	if (tables != NULL)
		cJSON_AddItemToObject(arguments, "tables", tables);
	if (tenant_name(cli) != NULL)
		cJSON_AddStringToObject(arguments, "user_id", tenant_name(cli));
	cJSON_AddBoolToObject(arguments, "dry_run", dry_run);
	text = cJSON_PrintUnformatted(arguments);
	cJSON_Delete(arguments);
	return text;
}

/* Used twice, for the preview and for the work; the first result is freed. */
static int
run_sync(Cli *cli, SyncRun *run, const char *schema, bool dry_run)
{
	char	   *arguments = sync_arguments(cli, schema, dry_run);
	dba_request request;
	int			code;

	call_free(&run->call);
	progress_begin(&run->progress, cli, 0);
	request = dba_sync(cli->source, cli->db, arguments, on_progress, call_called, run);
	(void) call_wait_quietly(cli, &run->call, request);
	progress_end(&run->progress);
	code = call_wait(cli, &run->call, request);
	cJSON_free(arguments);
	return code;
}

/* ---------------------------------------------------------------- what came of it */

/* Both sides by name: a log of several runs has to tell them apart. */
static void
print_json(const Cli *cli, const dba_result *result, bool dry_run)
{
	cJSON	   *document = cJSON_CreateObject();

	cJSON_AddStringToObject(document, "source", name_of(cli->source));
	cJSON_AddStringToObject(document, "destination", name_of(cli->db));
	cJSON_AddBoolToObject(document, "dry_run", dry_run);
	cJSON_AddItemToObject(document, "tables", dba_result_rows_json(result));
	document_print(document);
}

/* A row for a table that the sync is not about, which a deletion reaches. */
static bool
is_outside(const dba_result *result, size_t row)
{
	bool		outside = false;

	return dba_result_bool(result, row, "outside", &outside) && outside;
}

/* The columns named, but for the last where it has nothing to say. */
static void
print_counts(const Cli *cli, const dba_result *result, const char *head, const char *const *columns,
			 int count, const char *more)
{
	bool		has_more = call_total(result, more) > 0;
	char		heads[128];
	CliTable   *table;

	snprintf(heads, sizeof(heads), "%s%s", head,
			 !has_more						  ? ""
			 : strcmp(more, "ambiguous") == 0 ? "|>Ambiguous"
											  : "|>Failed");
	table = table_new(cli, heads);
	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		char		numbers[8][40];
		const char *texts[8] = {dba_result_text(result, i, "table")};

		if (is_outside(result, i))
			continue;
		for (int c = 0; c < count + has_more; c++)
		{
			snprintf(numbers[c], sizeof(numbers[c]), "%s",
					 text_thousands(call_number(result, i, c < count ? columns[c] : more)));
			texts[c + 1] = numbers[c];
		}
		table_add(table, texts);
	}
	table_print(table);
}

/* Rows that were left alone are not the same as rows that are alike: they are counted apart
 * and make the exit code 1. */
static void
warn_ambiguous(const dba_result *result)
{
	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		int64_t		rows = call_number(result, i, "ambiguous");

		if (rows > 0)
			message_warn(
				"%s rows of table %s were left alone: their match key is NULL or not theirs "
				"alone; name one as its slug_field in the backup schema",
				text_thousands(rows), dba_result_text(result, i, "table"));
	}
}

/* Rows that foreign keys take along or change belong to tables that nobody has named. */
static void
warn_reached(const dba_result *result, bool dry_run)
{
	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		int64_t		deleted = call_number(result, i, "deleted");
		int64_t		changed = call_number(result, i, "updated");
		const char *table = dba_result_text(result, i, "table");

		if (is_outside(result, i) && deleted > 0)
			message_warn("%s rows of table %s, which is none of those synced, %s with them",
						 text_thousands(deleted), table,
						 dry_run ? "would be deleted" : "were deleted");
		if (is_outside(result, i) && changed > 0)
			message_warn("%s rows of table %s, which is none of those synced, %s to them",
						 text_thousands(changed), table,
						 dry_run ? "would lose their reference" : "lost their reference");
	}
}

/* Those that others refer to: they are told with the notes. */
static int64_t
count_held(const dba_result *result, size_t row)
{
	cJSON	   *notes = dba_result_json(result, row, "notes");
	const cJSON *count = cJSON_GetObjectItemCaseSensitive(notes, "not_deleted");
	int64_t		held = cJSON_IsNumber(count) ? (int64_t) count->valuedouble : 0;

	cJSON_Delete(notes);
	return held;
}

/* Rows only here that were to be deleted, and are here still. */
static int64_t
warn_kept(const Cli *cli, const dba_result *result)
{
	int64_t		total = 0;

	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		int64_t kept = call_number(result, i, "only_there") - call_number(result, i, "deleted") -
					   count_held(result, i);

		if (!options_has(cli, "delete") || is_outside(result, i) || kept <= 0)
			continue;
		total += kept;
		message_warn("%s rows of table %s that only %s has were not deleted: not all rows of this "
					 "table, or of one it refers to, could be brought",
					 text_thousands(kept), dba_result_text(result, i, "table"), name_of(cli->db));
	}
	return total;
}

/* A restore counts them in its table.  The rows are not as the source has them. */
static int64_t
warn_nulled(const dba_result *result)
{
	int64_t		total = 0;

	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		int64_t		nulled = call_number(result, i, "nulled_refs");

		if (nulled > 0)
			message_warn("%s references of table %s were set to NULL: the rows they lead to are "
						 "missing",
						 text_thousands(nulled), dba_result_text(result, i, "table"));
		total += nulled;
	}
	return total;
}

/*
 * As SQL would have it done: counts, no rows.  What --confirm would do is said, unless
 * there is nothing to be done.
 */
static void
print_preview(const Cli *cli, const dba_result *result, const char *schema)
{
	static const char *const columns[] = {"new", "changed", "same", "only_there"};

	print_counts(cli, result, "Table|>New|>Changed|>Same|>Only here", columns, 4, "ambiguous");
	tenant_note_sync(cli, result, schema);
	if (options_has(cli, "confirm") || options_has(cli, "dry-run"))
		return;
	if (call_total(result, "new") + call_total(result, "changed") +
			call_total(result, "only_there") ==
		0)
	{
		message_note(cli, "there is nothing to bring");
		return;
	}
	message_note(cli, "nothing was changed; --confirm brings the %s rows that are new or changed%s",
				 text_thousands(call_total(result, "new") + call_total(result, "changed")),
				 options_has(cli, "delete")				? " and deletes those only here"
				 : call_total(result, "only_there") > 0 ? ", --delete also deletes those only here"
														: "");
}

/* A preview answers "how many"; what was done answers "did all of it work". */
static int
print_result(Cli *cli, const dba_result *result, const char *schema, bool dry_run)
{
	static const char *const columns[] = {"inserted", "updated", "deleted", "same"};
	int64_t		left;

	if (cli->json)
		print_json(cli, result, dry_run);
	else if (dry_run)
		print_preview(cli, result, schema);
	else
		print_counts(cli, result, "Table|>Inserted|>Updated|>Deleted|>Same", columns, 4, "failed");
	warn_ambiguous(result);
	warn_reached(result, dry_run);
	shape_warn(cli, result);
	if (dry_run)
		return CODE_DONE;
	outcome_print_failures(result);
	left = outcome_print_notes(result) + warn_kept(cli, result);
	left += call_total(result, "failed") + call_total(result, "ambiguous") + warn_nulled(result);
	return left > 0 ? CODE_NO : CODE_DONE;
}

/* ---------------------------------------------------------------- the command */

/* Deleting is asked about, with the number of rows. */
static int
ask_to_delete(Cli *cli, SyncRun *run, const char *schema)
{
	char		question[512];
	int64_t		rows;
	int			code;

	if (!options_has(cli, "delete") || options_has(cli, "yes"))
		return CODE_DONE;
	code = run_sync(cli, run, schema, true);
	rows = code == CODE_DONE ? call_total(run->call.result, "only_there") : 0;
	if (rows == 0)
		return code;
	if (!cli->json)
		print_preview(cli, run->call.result, schema);
	warn_reached(run->call.result, true);
	snprintf(question, sizeof(question), "Delete %s rows that only %s has?", text_thousands(rows),
			 name_of(cli->db));
	return question_ask(cli, question);
}

/* Deleting is asked about after the preview, when it is known how much it would be. */
int
cmd_sync(Cli *cli)
{
	bool		dry_run = options_has(cli, "dry-run") || !options_has(cli, "confirm");
	SyncRun		run = {0};
	char	   *schema = NULL;
	int			code;

	if (!options_has(cli, "from"))
		return message_usage("sync from where? --from PROFILE");
	code = open_both(cli);
	if (code != CODE_DONE)
		return code;
	print_target(cli, !dry_run);
	schema = backup_schema(cli);
	if (schema == NULL)
		return backupschema_code(cli);
	if (!dry_run)
		code = ask_to_delete(cli, &run, schema);
	if (code == CODE_DONE)
		code = run_sync(cli, &run, schema, dry_run);
	if (code == CODE_DONE)
		code = print_result(cli, run.call.result, schema, dry_run);
	call_free(&run.call);
	free(schema);
	return code;
}
