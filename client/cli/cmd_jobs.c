/*
 * cmd_jobs.c
 *		jobs: the server's background jobs, listed, shown, cancelled, awaited, submitted.
 *
 * Each action is one call of the server, whose rows it shows.  A job is named by its number
 * as it was typed, and that goes into the parameter as it is: numbers beyond 2^53 do not
 * pass through a double.
 *
 * Waiting is done by the server, which knows when a job ends, in slices short enough that
 * Ctrl-C and --timeout are heeded between them.  An interrupted wait leaves the job as it
 * is; cancelling takes its own command.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "command.h"

#define WAIT_SLICE 5 /* seconds that the server waits before we look at Ctrl-C again */

static const char jobs_sql[] =
	"SELECT j.id, j.owner::pg_catalog.text AS owner, j.command, j.state, j.priority,"
	" pg_catalog.to_char(j.submitted_at, 'YYYY-MM-DD HH24:MI:SS') AS submitted,"
	" p.phase, p.\"table\", p.rows_done, p.rows_total"
	" FROM db_adapter.jobs j LEFT JOIN db_adapter.job_progress p ON p.id OPERATOR(pg_catalog.=) "
	"j.id"
	" ORDER BY j.id";

static const char job_sql[] =
	"SELECT j.id, j.owner::pg_catalog.text AS owner, j.command, j.args, j.state, j.priority,"
	" j.submitted_at, j.started_at, j.finished_at, j.attempts, j.result, j.reason, j.sqlstate,"
	" j.error, j.detail, j.hint, p.phase, p.\"table\", p.rows_done, p.rows_total, p.bytes_done,"
	" p.estimated_end"
	" FROM db_adapter.jobs j LEFT JOIN db_adapter.job_progress p ON p.id OPERATOR(pg_catalog.=) "
	"j.id"
	" WHERE j.id OPERATOR(pg_catalog.=) $1";

/* ---------------------------------------------------------------- list */

/* "" for a job that does not run. */
static const char *
progress_of(const dba_result *result, size_t row, char *text, size_t size)
{
	int64_t		total;

	if (dba_result_is_null(result, row, "phase"))
		return "";
	if (dba_result_int64(result, row, "rows_total", &total) && total > 0)
		snprintf(text, size, "%s %s of %s rows", dba_result_text(result, row, "phase"),
				 text_thousands(call_number(result, row, "rows_done")), text_thousands(total));
	else
		snprintf(text, size, "%s %s rows", dba_result_text(result, row, "phase"),
				 text_thousands(call_number(result, row, "rows_done")));
	return text;
}

/* Newest last, as they were submitted: what was just done stands above the prompt. */
static void
print_jobs(const Cli *cli, const dba_result *result)
{
	CliTable   *table;

	if (dba_result_rows(result) == 0)
	{
		puts("no jobs");
		return;
	}
	table = table_new(cli, ">Job|State|~Command|Owner|Submitted|Progress");
	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		char		progress[128];

		table_add(table, (const char *[]){dba_result_text(result, i, "id"),
										  dba_result_text(result, i, "state"),
										  dba_result_text(result, i, "command"),
										  dba_result_text(result, i, "owner"),
										  dba_result_text(result, i, "submitted"),
										  progress_of(result, i, progress, sizeof(progress))});
	}
	table_print(table);
}

/* Only those that the view shows: one's own, and those of roles that one is a member of. */
static int
list_jobs(Cli *cli)
{
	CliCall		call = {0};
	int			code = opening_open(cli);

	if (code == CODE_DONE)
		code = call_execute(cli, &call, jobs_sql, NULL);
	if (code == CODE_DONE && cli->json)
	{
		cJSON	   *document = cJSON_CreateObject();

		cJSON_AddItemToObject(document, "jobs", dba_result_rows_json(call.result));
		document_print(document);
	}
	else if (code == CODE_DONE)
		print_jobs(cli, call.result);
	call_free(&call);
	return code;
}

/* ---------------------------------------------------------------- one job */

/* Every column that has a value, so that what a later server adds is shown as well. */
static void
print_job(const Cli *cli, const dba_result *result)
{
	for (size_t i = 0; i < dba_result_columns(result); i++)
	{
		const char *value = dba_result_text_at(result, 0, i);
		char		name[32];

		snprintf(name, sizeof(name), "%s", dba_result_name(result, i));
		for (char *c = name; *c != '\0'; c++)
			*c = *c == '_' ? ' ' : *c;
		if (value != NULL)
		{
			printf("%s%-14s%s ", text_style(cli, "bold"), name, text_style(cli, "off"));
			text_print_value(value, 15);
		}
	}
}

/* What the state means for the exit code. */
static int
code_of_state(const char *state)
{
	return state != NULL && (strcmp(state, "failed") == 0 || strcmp(state, "cancelled") == 0)
			   ? CODE_NO
			   : CODE_DONE;
}

/* The number of the job that is meant, as a parameter. */
static cJSON *
job_number(const Cli *cli)
{
	cJSON	   *params = cJSON_CreateArray();

	cJSON_AddItemToArray(params, cJSON_CreateRaw(cli->operands[0]));
	return params;
}

/* Is a job meant, and can the server be asked about it? */
static int
open_job(Cli *cli)
{
	const char *job = cli->operands[0];

	if (*job == '\0' || strlen(job) >= 19 || job[strspn(job, "0123456789")] != '\0' ||
		(*job == '0' && job[1] != '\0'))
		return message_usage("\"%s\" is not the number of a job", job);
	return opening_open(cli);
}

/* A job that is not there and one that is not to be seen are the same to the caller. */
static int
show_job(Cli *cli)
{
	CliCall		call = {0};
	int			code = open_job(cli);

	if (code == CODE_DONE)
		code = call_execute(cli, &call, job_sql, job_number(cli));
	if (code == CODE_DONE && dba_result_rows(call.result) == 0)
	{
		message_warn("there is no job %s, or it is not yours", cli->operands[0]);
		code = CODE_NO;
	}
	else if (code == CODE_DONE)
	{
		if (cli->json)
			document_print(dba_result_row(call.result, 0));
		else
			print_job(cli, call.result);
		code = code_of_state(dba_result_text(call.result, 0, "state"));
	}
	call_free(&call);
	return code;
}

/* That it has ended before is no failure of ours, but not what was asked for: 1. */
static int
cancel_job(Cli *cli)
{
	CliCall		call = {0};
	bool		cancelled = false;
	int			code = open_job(cli);

	if (code == CODE_DONE)
		code =
			call_execute(cli, &call, "SELECT db_adapter.cancel($1) AS cancelled", job_number(cli));
	if (code == CODE_DONE)
	{
		dba_result_bool(call.result, 0, "cancelled", &cancelled);
		if (cli->json)
			document_print(dba_result_row(call.result, 0));
		else
			puts(cancelled ? "cancelled" : "it has ended already");
		code = cancelled ? CODE_DONE : CODE_NO;
	}
	call_free(&call);
	return code;
}

/* Has it ended within that many seconds? */
static int
wait_slice(Cli *cli, long seconds, bool *ended)
{
	CliCall		call = {0};
	cJSON	   *params = job_number(cli);
	int			code;

	cJSON_AddItemToArray(params, cJSON_CreateNumber((double) seconds));
	code = call_execute(cli, &call,
						"SELECT db_adapter.wait($1, pg_catalog.make_interval(secs => $2)) AS state",
						params);
	*ended = code == CODE_DONE && !dba_result_is_null(call.result, 0, "state");
	call_free(&call);
	return code;
}

/* The server waits in slices, so that --timeout and Ctrl-C are heeded in between. */
static int
wait_for_job(Cli *cli)
{
	long		left = options_number(cli, "timeout", -1);
	bool		ended = false;
	int			code = open_job(cli);

	while (code == CODE_DONE)
	{
		long		slice = left >= 0 && left < WAIT_SLICE ? left : WAIT_SLICE;

		code = wait_slice(cli, slice, &ended);
		if (ended)
			return show_job(cli);
		left -= left >= 0 ? slice : 0;
		if (code == CODE_DONE && left == 0)
		{
			message_warn("job %s has not ended yet", cli->operands[0]);
			return CODE_NO;
		}
	}
	return code;
}

/* The arguments are checked here for being JSON, so that a typing mistake is told with its
 * place; what they mean is the verb's to judge. */
static int
submit_job(Cli *cli)
{
	const char *args = cli->operand_count > 1 ? cli->operands[1] : "{}";
	cJSON	   *value = document_parse("arguments of the job", args, strlen(args));
	bool		is_object = cJSON_IsObject(value);
	CliCall		call = {0};
	cJSON	   *params;
	int			code;

	if (value == NULL)
		return CODE_USAGE;
	cJSON_Delete(value);
	if (!is_object)
		return message_usage("the arguments of a job are a JSON object");
	code = opening_open(cli);
	if (code != CODE_DONE)
		return code;
	params = cJSON_CreateArray();
	cJSON_AddItemToArray(params, cJSON_CreateString(cli->operands[0]));
	/* as it was typed: no digit passes through a double */
	cJSON_AddItemToArray(params, cJSON_CreateRaw(args));
	code = call_execute_verb(cli, &call, "SELECT db_adapter.submit($1, $2@) AS id", params,
							 options_arguments(cli));
	if (code == CODE_DONE && cli->json)
		document_print(dba_result_row(call.result, 0));
	else if (code == CODE_DONE)
		puts(dba_result_text(call.result, 0, "id"));
	call_free(&call);
	return code;
}

/* ---------------------------------------------------------------- the table */

/* What can be submitted to a server of this version; the server decides. */
static const char *const verb_words[] = {"apply",
										 "backup_to_file",
										 "create_index_concurrently",
										 "digest",
										 "expected",
										 "restore_from_file",
										 "validate",
										 NULL};

const CliAction cmd_jobs_actions[] = {{"list", NULL, 0, 0, NULL, list_jobs},
									  {"show", "N", 1, 1, NULL, show_job},
									  {"cancel", "N", 1, 1, NULL, cancel_job},
									  {"wait", "N", 1, 1, NULL, wait_for_job},
									  {"submit", "VERB [ARGS]", 1, 2, verb_words, submit_job},
									  {0}};
