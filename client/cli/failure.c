/*
 * failure.c
 *		An error of the library or the server: said, kept for --json, made an exit code.
 *
 * The codes are a promise to scripts (docs/cli.md): 2 before anything was tried, 3 where
 * there is no connection, 4 where the server refused, 130 where the user did.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"

/* SQLSTATEs decide where they say more than the library's class: a server that is starting
 * up refuses the connection as one that is not there does. */
static int
code_of(const dba_error *error)
{
	const char *state = dba_error_sqlstate(error);

	if (signals_interrupted())
		return CODE_INTERRUPTED;
	switch (dba_error_code(error))
	{
		case DBA_INVALID:
		case DBA_PROFILE_NOT_FOUND:
		case DBA_CONFIG:
			return CODE_USAGE;
		case DBA_CONNECT:
		case DBA_TIMEOUT:
			return CODE_CONNECT;
		default:
			/* too many connections, starting up, wrong password */
			if (strncmp(state, "08", 2) == 0 || strncmp(state, "28", 2) == 0 ||
				strcmp(state, "57P03") == 0 || strcmp(state, "3D000") == 0 ||
				strcmp(state, "53300") == 0)
				return CODE_CONNECT;
			return CODE_FAILED;
	}
}

/* Is it that the extension is not there? */
static bool
lacks_extension(const dba_error *error)
{
	const char *state = dba_error_sqlstate(error);

	return (strcmp(state, "3F000") == 0 &&
			strstr(dba_error_message(error), "\"db_adapter\"") != NULL) ||
		   (strcmp(state, "42P01") == 0 &&
			strstr(dba_error_message(error), "\"db_adapter.") != NULL);
}

/* The first one counts: what comes after is its consequence. */
static void
keep_failure(Cli *cli, const dba_error *error, const char *message, const char *hint)
{
	cJSON	   *object = cJSON_CreateObject();
	char		shown[4096];

	snprintf(shown, sizeof(shown), "%s", message);
	secrets_remove(shown);
	cJSON_AddStringToObject(object, "code", dba_code_name(dba_error_code(error)));
	cJSON_AddStringToObject(object, "message", shown);
	if (*dba_error_sqlstate(error) != '\0')
		cJSON_AddStringToObject(object, "sqlstate", dba_error_sqlstate(error));
	if (*dba_error_detail(error) != '\0')
		cJSON_AddStringToObject(object, "detail", dba_error_detail(error));
	if (*hint != '\0')
		cJSON_AddStringToObject(object, "hint", hint);
	if (*dba_error_where(error) != '\0')
		cJSON_AddStringToObject(object, "context", dba_error_where(error));
	cJSON_Delete(cli->failure);
	cli->failure = object;
}

/* The library's words stand, but for three cases in which the command knows more than the
 * library: who pressed Ctrl-C, how to install what is missing, and that a service behind
 * PostgREST takes no SQL. */
int
failure_tell(Cli *cli, const dba_error *error)
{
	const char *message = dba_error_message(error);
	const char *hint = dba_error_hint(error);
	char		text[256];

	if (signals_interrupted())
	{
		message_break_line();
		cli->interruption_said = true;
		message = cli->committed != NULL ? cli->committed
										 : "interrupted; the transaction was rolled back";
	}
	else if (lacks_extension(error))
	{
		bool		source = strncmp(message, "source: ", 8) == 0;
		const char *where = options_value(cli, source ? "from" : "profile");

		message = source ? "the extension db_adapter is not installed in the source database"
						 : "the extension db_adapter is not installed in this database";
		snprintf(text, sizeof(text), "Install it: db-adapter%s%s install",
				 where != NULL ? " --profile " : "",
				 where == NULL				  ? ""
				 : strchr(where, ':') == NULL ? where
											  : "URL");
		hint = text;
	}
	else if (dba_error_code(error) == DBA_NOT_SUPPORTED && cli_is_hosted(cli))
	{
		message =
			"this command speaks SQL to the server, and the profile's provider is \"supabase\"";
		hint =
			"Use a postgres profile: the service gives a postgresql:// URL of the same database.";
	}
	if (cli->json)
		keep_failure(cli, error, message, hint);
	message_warn("%s", message);
	if (*dba_error_detail(error) != '\0')
		fprintf(stderr, "DETAIL: %s\n", dba_error_detail(error));
	if (*hint != '\0')
		fprintf(stderr, "HINT: %s\n", hint);
	/* which step of a plan, which statement of a file, which row */
	if (*dba_error_where(error) != '\0' && !signals_interrupted())
		fprintf(stderr, "CONTEXT: %s\n", dba_error_where(error));
	if (cli->verbose && *dba_error_sqlstate(error) != '\0')
		fprintf(stderr, "SQLSTATE: %s\n", dba_error_sqlstate(error));
	cli->failure_code = code_of(error);
	return cli->failure_code;
}

int
failure_tell_and_free(Cli *cli, dba_error *error)
{
	int			code = failure_tell(cli, error);

	dba_error_free(error);
	return code;
}
