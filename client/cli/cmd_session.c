/*
 * cmd_session.c
 *		profiles, status, connect, install: which database, and is it ready?
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static const char *
profile_value(const Cli *cli, const char *profile, const char *key)
{
	static char path[1024];

	snprintf(path, sizeof(path), "profiles.%s.%s", profile, key);
	return dba_config_value(cli->config, path);
}

/* ---------------------------------------------------------------- profiles */

/* The current profile's name, without a word when there is none. */
static const char *
current_profile(Cli *cli)
{
	cli->profile = dba_resolve_profile(cli->config, cli_value(cli, "profile"), NULL);
	return cli->profile != NULL ? dba_profile_name(cli->profile) : "";
}

static void
add_profile(cJSON *list, CliTable *table, const Cli *cli, const char *name, bool current)
{
	const char *provider = profile_value(cli, name, "provider");
	const char *url = profile_value(cli, name, "url");
	const char *description = profile_value(cli, name, "description");
	cJSON	   *entry;

	if (table != NULL)
	{
		cli_table_add(table,
					  (const char *[]){current ? "*" : "", name, provider, url, description});
		return;
	}
	entry = cJSON_CreateObject();
	cJSON_AddStringToObject(entry, "name", name);
	cJSON_AddBoolToObject(entry, "current", current);
	cJSON_AddStringToObject(entry, "provider", provider);
	cJSON_AddStringToObject(entry, "url", url != NULL ? url : "");
	cJSON_AddStringToObject(entry, "description", description != NULL ? description : "");
	cJSON_AddItemToArray(list, entry);
}

int
cmd_profiles(Cli *cli)
{
	cJSON	   *document;
	cJSON	   *list;
	CliTable   *table;
	const char *current;
	const char *name;
	int			code = cli_load(cli);

	if (code != CODE_DONE)
		return code;
	current = current_profile(cli);
	document = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(document, "profiles");
	table = cli->json ? NULL : cli_table_new(cli, " |Profile|Provider|~URL|Description");
	for (size_t i = 0; (name = dba_config_profile(cli->config, i)) != NULL; i++)
		add_profile(list, table, cli, name, strcmp(name, current) == 0);
	if (cli->json)
		cli_print_json(document);
	else
	{
		cJSON_Delete(document);
		if (dba_config_profile(cli->config, 0) == NULL)
			cli_note(cli, "no profiles");
		cli_table_print(table);
	}
	return CODE_DONE;
}

/* ---------------------------------------------------------------- status */

static void
print_fact(const Cli *cli, cJSON *document, const char *key, const char *label, const char *value)
{
	if (value == NULL || *value == '\0')
		return;
	if (cli->json)
		cJSON_AddStringToObject(document, key, value);
	else
	{
		printf("%s%-10s%s ", cli_style(cli, "bold"), label, cli_style(cli, "off"));
		cli_print_value(value, 11);
	}
}

/* What the server says of itself; false: it cannot be reached. */
static bool
print_server(Cli *cli, cJSON *document)
{
	CliCall		call = {0};
	bool		ok = cli_wait_quietly(cli, &call, dba_test_connection(cli->db, cli_called, &call));
	const char *extension;

	if (cli->json)
		cJSON_AddBoolToObject(document, "connected", ok);
	if (!ok)
		print_fact(cli, document, "connection_error", "Connection",
				   call.error != NULL ? dba_error_message(call.error) : "");
	else
	{
		extension = dba_result_text(call.result, 0, "extension_version");
		print_fact(cli, document, "database", "Database",
				   dba_result_text(call.result, 0, "database"));
		print_fact(cli, document, "role", "Role", dba_result_text(call.result, 0, "username"));
		print_fact(cli, document, "server_version", "Server",
				   dba_result_text(call.result, 0, "server_version"));
		print_fact(cli, document, "extension_version", "Extension",
				   extension != NULL				 ? extension
				   : cli->json || cli_is_hosted(cli) ? NULL
													 : "not installed; db-adapter install does it");
	}
	cli_call_free(&call);
	return ok;
}

/* The rows of each table, into the document or as a table. */
static void
print_rows(Cli *cli, cJSON *document)
{
	cJSON	   *counts = cli_count_rows(cli);

	if (counts == NULL)
		return;
	if (cli->json)
		cJSON_AddItemToObject(document, "tables", counts);
	else
	{
		putchar('\n');
		cli_print_rows(cli, counts);
		cJSON_Delete(counts);
	}
}

/* Always 0: that there is no database is an answer too. */
int
cmd_status(Cli *cli)
{
	dba_error  *error = NULL;
	cJSON	   *document;

	if (cli_load(cli) != CODE_DONE)
		return CODE_DONE;
	document = cJSON_CreateObject();
	cli->profile = dba_resolve_profile(cli->config, cli_value(cli, "profile"), &error);
	if (cli->profile == NULL)
	{
		print_fact(cli, document, "profile_error", "Profile", dba_error_message(error));
		print_fact(cli, document, "hint", "Hint", dba_error_hint(error));
		dba_error_free(error);
	}
	else
	{
		if (*dba_profile_warning(cli->profile) != '\0')
			cli_note(cli, "warning: %s", dba_profile_warning(cli->profile));
		print_fact(cli, document, "profile", "Profile", dba_profile_name(cli->profile));
		print_fact(cli, document, "source", "Chosen by", dba_profile_source(cli->profile));
		print_fact(cli, document, "provider", "Provider", dba_profile_provider(cli->profile));
		print_fact(cli, document, "url", "URL", dba_profile_url(cli->profile));
		cli->db = dba_open_config(cli->config, cli_value(cli, "profile"), NULL);
		if (cli->db != NULL && print_server(cli, document))
			print_rows(cli, document);
	}
	if (cli->json)
		cli_print_json(document);
	else
		cJSON_Delete(document);
	return CODE_DONE;
}

/* ---------------------------------------------------------------- connect */

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
	if (cli_execute(cli, &call, "SELECT db_adapter.report($1::pg_catalog.jsonb) AS report",
					params) == CODE_DONE)
		printf("%s\n", dba_result_text(call.result, 0, "report"));
	cli_call_free(&call);
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

static int
print_connected(Cli *cli, const dba_result *result)
{
	cJSON	   *document = cli->json ? cJSON_CreateObject() : NULL;
	bool		drift = !dba_result_is_null(result, 0, "valid") && !is_true(result, "valid");
	bool		locked = is_true(result, "lock_written");

	print_fact(cli, document, "profile", "Profile", dba_profile_name(cli->profile));
	print_fact(cli, document, "source", "Chosen by", dba_profile_source(cli->profile));
	print_fact(cli, document, "url", "URL", dba_profile_url(cli->profile));
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
	print_rows(cli, document);
	if (cli->json)
		cli_print_json(document);
	else if (locked)
		cli_note(cli, "profile \"%s\" is the current one now", dba_profile_name(cli->profile));
	return drift ? CODE_NO : CODE_DONE;
}

int
cmd_connect(Cli *cli)
{
	CliCall		call = {0};
	int			code = cli_open(cli);

	if (code == CODE_DONE)
		code = cli_wait(cli, &call, dba_connect_and_validate(cli->db, cli_called, &call));
	if (code == CODE_DONE)
		code = print_connected(cli, call.result);
	cli_call_free(&call);
	return code;
}

/* ---------------------------------------------------------------- install */

static const char versions_sql[] =
	"SELECT default_version, installed_version, pg_catalog.current_database() AS database"
	" FROM pg_catalog.pg_available_extensions WHERE name = 'db_adapter'";

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
	cli_print_json(document);
	return CODE_DONE;
}

int
cmd_install(Cli *cli)
{
	CliCall		versions = {0};
	CliCall		call = {0};
	const char *installed;
	const char *available;
	int			code = cli_open(cli);

	if (code == CODE_DONE)
		code = cli_execute(cli, &versions, versions_sql, NULL);
	if (code == CODE_DONE && dba_result_rows(versions.result) == 0)
	{
		cli_warn("the server has no extension db_adapter: its files are not installed there");
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
			code = cli_execute(cli, &call,
							   installed == NULL ? "CREATE EXTENSION db_adapter"
												 : "ALTER EXTENSION db_adapter UPDATE",
							   NULL);
			if (code == CODE_DONE)
				print_installed(cli, installed == NULL ? "created" : "updated", available);
		}
	}
	cli_call_free(&call);
	cli_call_free(&versions);
	return code;
}
