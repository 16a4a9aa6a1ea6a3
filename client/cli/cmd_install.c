/*
 * cmd_install.c
 *		install: the extension, created or updated.
 *
 * A command of its own, since it takes rights that the others do not, and since each of
 * them names it where the extension is missing.
 */
#include <string.h>

#include "print.h"
#include "command.h"

static const char versions_sql[] =
	"SELECT default_version, installed_version, pg_catalog.current_database() AS database"
	" FROM pg_catalog.pg_available_extensions WHERE name = 'db_adapter'";

/* action: what was done, in the words of both forms. */
static int
print_installed(const Cli *cli, const char *action, const char *version)
{
	cJSON	   *document;

	if (!cli->json)
	{
		printf("extension db_adapter %s: %s\n", version, action);
		return CODE_DONE;
	}
	document = cJSON_CreateObject();
	cJSON_AddStringToObject(document, "extension", "db_adapter");
	cJSON_AddStringToObject(document, "version", version);
	cJSON_AddStringToObject(document, "action", action);
	document_print(document);
	return CODE_DONE;
}

/* Looks before it changes anything: what is installed is updated, else it is created. */
int
cmd_install(Cli *cli)
{
	CliCall		versions = {0};
	CliCall		call = {0};
	const char *installed;
	const char *available;
	int			code = opening_open(cli);

	if (code == CODE_DONE)
		code = call_execute(cli, &versions, versions_sql, NULL);
	if (code == CODE_DONE && dba_result_rows(versions.result) == 0)
	{
		message_warn("the server has no extension db_adapter: its files are not installed there");
		code = CODE_FAILED;
	}
	if (code == CODE_DONE)
	{
		installed = dba_result_text(versions.result, 0, "installed_version");
		available = dba_result_text(versions.result, 0, "default_version");
		if (installed != NULL && strcmp(installed, available) == 0)
			code = print_installed(cli, "already installed", available);
		else
		{
			code = call_execute(cli, &call,
								installed == NULL ? "CREATE EXTENSION db_adapter"
												  : "ALTER EXTENSION db_adapter UPDATE",
								NULL);
			if (code == CODE_DONE)
				print_installed(cli, installed == NULL ? "created" : "updated", available);
		}
	}
	call_free(&call);
	call_free(&versions);
	return code;
}
