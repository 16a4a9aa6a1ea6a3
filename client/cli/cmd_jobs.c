/*
 * cmd_jobs.c
 *		jobs: the server's background jobs, listed, shown, cancelled, awaited, submitted.
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

static const char *
progress_of(const dba_result *result, size_t row, char *text, size_t size)
{
	int64_t		total;

	if (dba_result_is_null(result, row, "phase"))
		return "";
	if (dba_result_int64(result, row, "rows_total", &total) && total > 0)
		snprintf(text, size, "%s %s of %s rows", dba_result_text(result, row, "phase"),
				 text_thousands(request_number(result, row, "rows_done")), text_thousands(total));
	else
		snprintf(text, size, "%s %s rows", dba_result_text(result, row, "phase"),
				 text_thousands(request_number(result, row, "rows_done")));
	return text;
}

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

static int
list_jobs(Cli *cli)
{
	CliCall		call = {0};
	int			code = request_execute(cli, &call, jobs_sql, NULL);

	if (code == CODE_DONE && cli->json)
	{
		cJSON	   *document = cJSON_CreateObject();

		cJSON_AddItemToObject(document, "jobs", dba_result_rows_json(call.result));
		json_print(document);
	}
	else if (code == CODE_DONE)
		print_jobs(cli, call.result);
	request_free(&call);
	return code;
}

/* ---------------------------------------------------------------- one job */

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

static cJSON *
job_number(const char *text)
{
	cJSON	   *params = cJSON_CreateArray();

	cJSON_AddItemToArray(params, cJSON_CreateRaw(text));
	return params;
}

static int
show_job(Cli *cli, const char *job)
{
	CliCall		call = {0};
	int			code = request_execute(cli, &call, job_sql, job_number(job));

	if (code == CODE_DONE && dba_result_rows(call.result) == 0)
	{
		message_warn("there is no job %s, or it is not yours", job);
		code = CODE_NO;
	}
	else if (code == CODE_DONE)
	{
		if (cli->json)
			json_print(dba_result_row(call.result, 0));
		else
			print_job(cli, call.result);
		code = code_of_state(dba_result_text(call.result, 0, "state"));
	}
	request_free(&call);
	return code;
}

static int
cancel_job(Cli *cli, const char *job)
{
	CliCall		call = {0};
	bool		cancelled = false;
	int			code =
		request_execute(cli, &call, "SELECT db_adapter.cancel($1) AS cancelled", job_number(job));

	if (code == CODE_DONE)
	{
		dba_result_bool(call.result, 0, "cancelled", &cancelled);
		if (cli->json)
			json_print(dba_result_row(call.result, 0));
		else
			puts(cancelled ? "cancelled" : "it has ended already");
		code = cancelled ? CODE_DONE : CODE_NO;
	}
	request_free(&call);
	return code;
}

/* The server waits in slices, so that --timeout and Ctrl-C are heeded in between. */
static int
wait_for_job(Cli *cli, const char *job)
{
	long		left = -1;
	int			code = CODE_DONE;

	if (!options_number(cli, "timeout", &left))
		return CODE_USAGE;
	while (code == CODE_DONE)
	{
		long		slice = left >= 0 && left < WAIT_SLICE ? left : WAIT_SLICE;
		CliCall		call = {0};
		cJSON	   *params = job_number(job);
		bool		ended;

		cJSON_AddItemToArray(params, cJSON_CreateNumber((double) slice));
		code = request_execute(
			cli, &call, "SELECT db_adapter.wait($1, pg_catalog.make_interval(secs => $2)) AS state",
			params);
		ended = code == CODE_DONE && !dba_result_is_null(call.result, 0, "state");
		request_free(&call);
		if (ended)
			return show_job(cli, job);
		left -= left >= 0 ? slice : 0;
		if (code == CODE_DONE && left == 0)
		{
			message_warn("job %s has not ended yet", job);
			return CODE_NO;
		}
	}
	return code;
}

static int
submit_job(Cli *cli)
{
	CliCall		call = {0};
	cJSON	   *params = cJSON_CreateArray();
	cJSON	   *args = cJSON_Parse(cli->operand_count > 2 ? cli->operands[2] : "{}");
	long		priority = 0;
	int			code;

	if (!cJSON_IsObject(args) || !options_number(cli, "priority", &priority))
	{
		code = cJSON_IsObject(args) ? CODE_USAGE
									: message_usage("the arguments of a job are a JSON object");
		cJSON_Delete(args);
		cJSON_Delete(params);
		return code;
	}
	cJSON_Delete(args);
	cJSON_AddItemToArray(params, cJSON_CreateString(cli->operands[1]));
	/* as it was typed: no digit passes through a double */
	cJSON_AddItemToArray(params, cJSON_CreateRaw(cli->operand_count > 2 ? cli->operands[2] : "{}"));
	cJSON_AddItemToArray(params, cJSON_CreateNumber((double) priority));
	code = request_execute(cli, &call, "SELECT db_adapter.submit($1, $2, $3) AS id", params);
	if (code == CODE_DONE && cli->json)
		json_print(dba_result_row(call.result, 0));
	else if (code == CODE_DONE)
		puts(dba_result_text(call.result, 0, "id"));
	request_free(&call);
	return code;
}

/* ---------------------------------------------------------------- the command */

static bool
is_number(const char *text)
{
	return *text != '\0' && strlen(text) < 19 && text[strspn(text, "0123456789")] == '\0';
}

int
cmd_jobs(Cli *cli)
{
	static const char *const actions[] = {"list", "show", "cancel", "wait", "submit"};
	static int (*const of_job[])(Cli * cli, const char *job) = {NULL, show_job, cancel_job,
																wait_for_job};
	const char *name = cli->operand != NULL ? cli->operand : "list";
	const char *near = dba_nearest(name, actions, 5);
	int			action = 0;
	int			code;

	while (action < 5 && strcmp(actions[action], name) != 0)
		action++;
	if (action == 5)
		return message_usage("unknown action \"%s\" of jobs%s%s%s", name,
							 near != NULL ? "; perhaps you meant \"" : "", near != NULL ? near : "",
							 near != NULL ? "\"" : "");
	if (cli->operand_count < 2 && action > 0)
		return message_usage("jobs %s needs %s", name,
							 action == 4 ? "a verb" : "the number of a job");
	if (action > 0 && action < 4 && !is_number(cli->operands[1]))
		return message_usage("\"%s\" is not the number of a job", cli->operands[1]);
	if (cli->operand_count > (action == 0 ? 1 : action == 4 ? 3 : 2))
		return message_usage("unexpected argument \"%s\" of jobs %s",
							 cli->operands[cli->operand_count - 1], name);
	code = opening_open(cli);
	if (code != CODE_DONE)
		return code;
	return action == 0	 ? list_jobs(cli)
		   : action == 4 ? submit_job(cli)
						 : of_job[action](cli, cli->operands[1]);
}
