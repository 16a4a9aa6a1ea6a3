/*
 * cmd_status.c
 *		status: the current profile, who chose it, and what its server says.
 *
 * What is not to be had (a profile, a server, a right) is part of the answer here, not a
 * failure: who asks for the status wants to know just that.
 */
#include "print.h"
#include "command.h"

/* What the server says of itself; false: it cannot be reached. */
static bool
print_server(Cli *cli, cJSON *document)
{
	CliCall		call = {0};
	bool ok = call_wait_quietly(cli, &call, dba_test_connection(cli->db, call_called, &call));
	const char *extension;

	if (cli->json)
		cJSON_AddBoolToObject(document, "connected", ok);
	if (!ok)
		fact_print(cli, document, "connection_error", "Connection",
				   call.error != NULL ? dba_error_message(call.error) : "");
	else
	{
		extension = dba_result_text(call.result, 0, "extension_version");
		fact_print(cli, document, "database", "Database",
				   dba_result_text(call.result, 0, "database"));
		fact_print(cli, document, "role", "Role", dba_result_text(call.result, 0, "username"));
		fact_print(cli, document, "server_version", "Server",
				   dba_result_text(call.result, 0, "server_version"));
		fact_print(cli, document, "extension_version", "Extension",
				   extension != NULL				 ? extension
				   : cli->json || cli_is_hosted(cli) ? NULL
													 : "not installed; db-adapter install does it");
	}
	call_free(&call);
	return ok;
}

/* What keeps us from knowing the database, as the answer. */
static int
print_problem(Cli *cli, const char *key, const char *label, dba_error *error)
{
	cJSON	   *document = cJSON_CreateObject();

	fact_print(cli, document, key, label, dba_error_message(error));
	fact_print(cli, document, "hint", "Hint", dba_error_hint(error));
	dba_error_free(error);
	if (cli->json)
		document_print(document);
	else
		cJSON_Delete(document);
	return CODE_DONE;
}

/* Always 0: that there is no database is an answer too. */
int
cmd_status(Cli *cli)
{
	dba_error  *error = NULL;
	cJSON	   *document;

	cli->config =
		dba_config_load(options_value(cli, "config"), options_value(cli, "env-prefix"), &error);
	if (cli->config == NULL)
		return print_problem(cli, "config_error", "Settings", error);
	opening_tell_warnings(cli);
	document = cJSON_CreateObject();
	cli->profile = dba_resolve_profile(cli->config, options_value(cli, "profile"), &error);
	if (cli->profile == NULL)
	{
		cJSON_Delete(document);
		return print_problem(cli, "profile_error", "Profile", error);
	}
	else
	{
		if (*dba_profile_warning(cli->profile) != '\0')
			message_note(cli, "warning: %s", dba_profile_warning(cli->profile));
		fact_print(cli, document, "profile", "Profile", dba_profile_name(cli->profile));
		fact_print(cli, document, "source", "Chosen by", dba_profile_source(cli->profile));
		fact_print(cli, document, "provider", "Provider", dba_profile_provider(cli->profile));
		fact_print(cli, document, "url", "URL", dba_profile_url(cli->profile));
		cli->db = dba_open_config(cli->config, options_value(cli, "profile"), NULL);
		if (cli->db != NULL && print_server(cli, document))
			fact_print_rows(cli, document);
	}
	if (cli->json)
		document_print(document);
	else
		cJSON_Delete(document);
	return CODE_DONE;
}
