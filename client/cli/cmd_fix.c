/*
 * cmd_fix.c
 *		fix: what the declared schema needs, planned, shown and applied.
 *
 * The order is what makes it safe.  The comparison comes first, the plan is made from it
 * by the server, which has tried it, and all of it is shown.  With --confirm the rows are
 * saved to a file before the first statement; where that fails, nothing is changed.  The
 * plan that is applied is the text that was shown, not one made anew.
 *
 * What comes of it is found by comparing again, never by the absence of errors: the exit
 * code says whether the schema is as declared now.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "print.h"
#include "command.h"
#include "file.h"

static const char plan_sql[] =
	"SELECT pg_catalog.jsonb_pretty(p.plan) AS plan, p.plan::pg_catalog.text AS text"
	" FROM (SELECT db_adapter.plan(db_adapter.expected($1::pg_catalog.text)@) AS plan) p";

/* ---------------------------------------------------------------- planning */

/* What db.toml and files say, beside the options; NULL: said. */
static cJSON *
plan_arguments(Cli *cli)
{
	const char *path = options_value_or_config(cli, "column-defs", "schema.column_defs");
	const char *threshold = dba_config_value(cli->config, "schema.recreate_threshold");
	cJSON	   *arguments = opening_compared(cli, options_arguments(cli));
	cJSON	   *definitions = NULL;

	if (!options_has(cli, "no-preflight"))
		cJSON_AddTrueToObject(arguments, "preflight");
	if (threshold != NULL && !options_has(cli, "recreate-threshold"))
		cJSON_AddRawToObject(arguments, "recreate_threshold", threshold);
	if (path == NULL)
		return arguments;
	definitions = document_read_file(path, "column definitions", NULL);
	if (cJSON_IsObject(definitions))
	{
		cJSON_AddItemToObject(arguments, "column_definitions", definitions);
		return arguments;
	}
	if (definitions != NULL)
		message_usage("column definitions \"%s\" are not a JSON object", path);
	cJSON_Delete(definitions);
	cJSON_Delete(arguments);
	return NULL;
}

/* From the same text that was compared: the file is not read twice, since it might change. */
static int
make_plan(Cli *cli, const Comparison *comparison, CliCall *call)
{
	cJSON	   *arguments = plan_arguments(cli);
	cJSON	   *params;

	if (arguments == NULL)
		return CODE_USAGE;
	params = cJSON_CreateArray();
	cJSON_AddItemToArray(params, cJSON_CreateString(comparison->schema_sql));
	return call_execute_verb(cli, call, plan_sql, params, arguments);
}

/* Which database will be changed, and who said so. */
static void
print_target(const Cli *cli)
{
	message_note(
		cli, "%s %s (%s, chosen by %s)", options_has(cli, "confirm") ? "changing" : "looking at",
		*dba_profile_name(cli->profile) != '\0' ? dba_profile_name(cli->profile) : "the database",
		dba_profile_url(cli->profile), dba_profile_source(cli->profile));
}

/* ---------------------------------------------------------------- applying */

/* backups/pre-fix-PROFILE-20260131-140500.jsonl */
static int
save_rows(Cli *cli, const char *schema)
{
	char		name[300];
	char		path[320];
	char		when[32];
	time_t		now = time(NULL);
	struct tm	local;
	Saved		saved;
	int			code = CODE_FAILED;

	localtime_r(&now, &local);
	strftime(when, sizeof(when), "%Y%m%d-%H%M%S", &local);
	snprintf(name, sizeof(name), "backups/pre-fix-%.200s-%s",
			 *dba_profile_name(cli->profile) != '\0' ? dba_profile_name(cli->profile) : "url",
			 when);
	/* a profile's name may hold anything; it stays in the folder */
	for (char *c = name + strlen("backups/"); *c != '\0'; c++)
	{
		if (*c == '/')
			*c = '_';
	}
	file_unused_name(path, sizeof(path), name, ".jsonl");
	if (file_make_folder(path))
		code = saving_write(cli, path, cJSON_CreateObject(), schema, &saved);
	if (code == CODE_DONE)
		message_note(cli, "saved %s rows to %s", text_thousands(saved.rows), path);
	return code;
}

/* All rows of the schemas that the plan changes, whatever the search_path shows of them. */
static int
save_before(Cli *cli, const char *plan)
{
	bool		empty;
	char	   *schema;
	int			code = CODE_DONE;

	if (options_has(cli, "no-backup"))
		return CODE_DONE;
	schema = backupschema_read_planned(cli, plan, &empty);
	if (schema == NULL)
		code = backupschema_code(cli);
	else if (empty)
		message_note(cli, "there is no table yet whose rows could be saved");
	else
		code = save_rows(cli, schema);
	free(schema);
	if (code != CODE_DONE && !signals_interrupted())
		message_warn(
			"the rows could not be saved, so nothing was changed; --no-backup does without");
	return code;
}

/* From the commit on an interruption undoes nothing any more, and must not say so. */
static int
apply_plan(Cli *cli, const char *plan, char **applied)
{
	CliCall		call = {0};
	cJSON	   *params = cJSON_CreateArray();
	int			code;

	cJSON_AddItemToArray(params, cJSON_CreateRaw(plan));
	code = call_execute(
		cli, &call,
		"SELECT db_adapter.apply($1::pg_catalog.jsonb, confirm => true)::pg_catalog.text AS result",
		params);
	if (code == CODE_DONE)
	{
		*applied = strdup(dba_result_text(call.result, 0, "result"));
		cli->committed = "interrupted; the plan was applied before that";
	}
	call_free(&call);
	return code;
}

/* The plan made true: the exit code says whether the schema is valid now. */
static int
fix_database(Cli *cli, const char *plan, cJSON *document)
{
	Comparison	after = {0};
	char	   *applied = NULL;
	int			code = save_before(cli, plan);

	if (code == CODE_DONE)
		code = apply_plan(cli, plan, &applied);
	if (code == CODE_DONE)
		code = comparison_run(cli, &after);
	if (code == CODE_DONE)
	{
		if (document != NULL)
		{
			cJSON_AddRawToObject(document, "applied", applied);
			cJSON_AddRawToObject(document, "validation", after.validation);
		}
		else
			printf("\n%s\n", after.report);
		code = after.valid ? CODE_DONE : CODE_NO;
	}
	comparison_free(&after);
	free(applied);
	return code;
}

/* What trying has not proven is applied only where somebody says so. */
static int
ask_about_doubt(Cli *cli, const cJSON *plan)
{
	if (planview_doubt(plan) == NULL)
		return CODE_DONE;
	if (cli->json)
		message_warn("the plan is not verified: %s", planview_doubt(plan));
	return question_ask(cli, "The plan could not be verified. Apply it all the same?");
}

/* What rows are known to stop is applied only where somebody insists. */
static int
refuse_failing(Cli *cli, const cJSON *plan)
{
	int			first = 0;
	int			count = planview_failing(plan, &first);

	if (count == 0 || options_has(cli, "force"))
		return CODE_DONE;
	if (count == 1)
		message_warn("rows will make step %d fail, so nothing was changed; --force tries it all "
					 "the same",
					 first);
	else
		message_warn("rows will make %d steps fail, step %d the first, so nothing was changed; "
					 "--force tries it all the same",
					 count, first);
	return CODE_NO;
}

/* Whether it would apply, as far as anybody knows: the exit code of a preview. */
static bool
is_promising(const cJSON *plan)
{
	int			first;

	return planview_doubt(plan) == NULL && planview_failing(plan, &first) == 0;
}

/* The plan as it is, for who keeps or applies it elsewhere. */
static int
print_plan_only(const char *pretty)
{
	cJSON	   *plan = cJSON_Parse(pretty);
	int			code = is_promising(plan) ? CODE_DONE : CODE_NO;

	puts(pretty);
	document_printed();
	if (planview_doubt(plan) != NULL)
		message_warn("the plan is not verified: %s", planview_doubt(plan));
	cJSON_Delete(plan);
	return code;
}

/* The document is printed when the work is done, with all that was found on the way; where
 * it fails, the failure is the document. */
static int
show_and_fix(Cli *cli, const Comparison *comparison, const char *text)
{
	cJSON	   *plan = cJSON_Parse(text);
	cJSON	   *document = cli->json ? cJSON_CreateObject() : NULL;
	int			steps = cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(plan, "steps"));
	int			code = CODE_DONE;

	if (document != NULL)
	{
		cJSON_AddRawToObject(document, "before", comparison->validation);
		cJSON_AddRawToObject(document, "plan", text);
	}
	else
	{
		printf("%s\n", comparison->report);
		if (steps > 0)
			putchar('\n');
		planview_print(cli, plan);
	}
	if (options_has(cli, "confirm") && steps > 0)
	{
		code = refuse_failing(cli, plan);
		if (code == CODE_DONE)
			code = ask_about_doubt(cli, plan);
		if (code == CODE_DONE)
			code = fix_database(cli, text, document);
	}
	else if (options_has(cli, "confirm"))
		code = comparison->valid ? CODE_DONE : CODE_NO;
	else if (steps > 0)
		message_note(
			cli,
			"\nnothing was changed; --confirm saves the rows to a file under backups/ and does it");
	if (!options_has(cli, "confirm") && !is_promising(plan))
		code = CODE_NO;
	if (document != NULL && (code == CODE_DONE || code == CODE_NO))
		document_print(document);
	else
		cJSON_Delete(document);
	cJSON_Delete(plan);
	return code;
}

/*
 * --plan-only prints the plan alone, since another program reads it; what else is to be
 * said goes to standard error.
 */
int
cmd_fix(Cli *cli)
{
	Comparison	comparison = {0};
	CliCall		call = {0};
	int			code = opening_open(cli);

	if (code != CODE_DONE)
		return code;
	if (!options_has(cli, "plan-only"))
		print_target(cli);
	code = comparison_run(cli, &comparison);
	if (code == CODE_DONE && comparison.limited != NULL)
		message_note(cli, "%s", comparison.limited);
	if (code == CODE_DONE)
		code = make_plan(cli, &comparison, &call);
	if (code == CODE_DONE && options_has(cli, "plan-only"))
		code = print_plan_only(dba_result_text(call.result, 0, "plan"));
	else if (code == CODE_DONE)
		code = show_and_fix(cli, &comparison, dba_result_text(call.result, 0, "text"));
	call_free(&call);
	comparison_free(&comparison);
	return code;
}
