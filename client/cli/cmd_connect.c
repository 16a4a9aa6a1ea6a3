/*
 * cmd_connect.c
 *		connect: is the database ready?  Then its profile becomes the current one.
 *
 * The lock file is written only when all is well, so that later commands do not work on a
 * database that this one has warned of.
 */
#include <string.h>

#include "print.h"
#include "command.h"

/* A column that an older server does not have is false. */
static bool
is_true(const dba_result *result, const char *column)
{
	bool		value = false;

	return dba_result_bool(result, 0, column, &value) && value;
}

/* The report in words, by the server. */
static void
print_report(Cli *cli, const char *validation)
{
	CliCall		call = {0};
	cJSON	   *params = cJSON_CreateArray();

	cJSON_AddItemToArray(params, cJSON_CreateRaw(validation));
	if (call_execute(cli, &call, "SELECT db_adapter.report($1::pg_catalog.jsonb) AS report",
					 params) == CODE_DONE)
		printf("%s\n", dba_result_text(call.result, 0, "report"));
	call_free(&call);
}

/* How the schema compares, in words. */
static void
print_validity(Cli *cli, const dba_result *result)
{
	const char *reason = dba_result_text(result, 0, "reason");

	if (dba_result_is_null(result, 0, "valid"))
	{
		printf("schema validation skipped: %s\n", reason != NULL ? reason : "");
		if (reason != NULL && strstr(reason, "extension") != NULL)
			puts("db-adapter install installs it");
	}
	else
	{
		if (reason != NULL)
			printf("%s\n", reason);
		if (cli_is_hosted(cli))
			puts(is_true(result, "valid") ? "the schema is as declared"
										  : "the schema differs from what is declared; --json "
											"shows how");
		else
			print_report(cli, dba_result_text(result, 0, "report"));
	}
}

/* The same facts in both forms; drift is an answer, so its exit code is 1, not a failure. */
static int
print_connected(Cli *cli, const dba_result *result)
{
	cJSON	   *document = cli->json ? cJSON_CreateObject() : NULL;
	bool		drift = !dba_result_is_null(result, 0, "valid") && !is_true(result, "valid");
	bool		locked = is_true(result, "lock_written");

	fact_print(cli, document, "profile", "Profile", dba_profile_name(cli->profile));
	fact_print(cli, document, "source", "Chosen by", dba_profile_source(cli->profile));
	fact_print(cli, document, "url", "URL", dba_profile_url(cli->profile));
	if (cli->json)
	{
		cJSON_AddItemToObject(document, "valid", dba_result_json(result, 0, "valid"));
		cJSON_AddItemToObject(document, "reason", dba_result_json(result, 0, "reason"));
		cJSON_AddItemToObject(document, "validation", dba_result_json(result, 0, "report"));
		cJSON_AddBoolToObject(document, "lock_written", locked);
	}
	else
	{
		putchar('\n');
		print_validity(cli, result);
	}
	fact_print_rows(cli, document);
	if (cli->json)
		document_print(document);
	else if (locked)
		message_note(cli, "profile \"%s\" is the current one now", dba_profile_name(cli->profile));
	return drift ? CODE_NO : CODE_DONE;
}

int
cmd_connect(Cli *cli)
{
	CliCall		call = {0};
	int			code = opening_open(cli);

	if (code == CODE_DONE)
		code = call_wait(cli, &call, dba_connect_and_validate(cli->db, call_called, &call));
	if (code == CODE_DONE)
		code = print_connected(cli, call.result);
	call_free(&call);
	return code;
}
