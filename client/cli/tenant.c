/*
 * tenant.c
 *		Whose rows: what the command says of the tenant it was given.
 *
 * Where the backup schema says that tenants are rows of a table, a restore finds the one
 * named or makes him.  Which of the two it will be is asked of the server before anybody
 * is asked to agree: a name that is misspelt makes a tenant whom nobody meant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "print.h"

/* The option goes before the environment, and an empty value is no tenant: else a variable
 * that was not set would mean all rows without one. */
const char *
tenant_name(const Cli *cli)
{
	const char *name = options_value(cli, "tenant");
	const char *variable = dba_config_value(cli->config, "defaults.tenant_env");

	if (name == NULL)
		name = options_value(cli, "user-id");
	if (variable == NULL)
		variable = dba_config_value(cli->config, "defaults.user_id_env");
	if (name == NULL && variable != NULL)
		name = getenv(variable);
	return name != NULL && *name != '\0' ? name : NULL;
}

int
tenant_check(const Cli *cli)
{
	if (options_has(cli, "tenant") && options_has(cli, "user-id"))
		return message_usage("--tenant and --user-id are one option: give one of them");
	return CODE_DONE;
}

/* The table whose rows are the tenants, in memory of the document; NULL: the schema has none. */
static const char *
root_of(const cJSON *schema)
{
	const cJSON *tenant = cJSON_GetObjectItemCaseSensitive(schema, "tenant");

	return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(tenant, "table"));
}

/* What is wrong with schema or name is told by the verb itself. */
TenantState
tenant_look(Cli *cli, const char *schema)
{
	static const char sql[] = "SELECT EXISTS (SELECT FROM db_adapter.digest($1::pg_catalog.jsonb,"
							  " $2::pg_catalog.text, user_id => $3::pg_catalog.text)) AS found";
	cJSON	   *document = schema != NULL ? cJSON_Parse(schema) : NULL;
	cJSON	   *params = cJSON_CreateArray();
	CliCall		call = {0};
	TenantState state = TENANT_UNKNOWN;
	bool		found;
	dba_request request = 0;

	if (root_of(document) != NULL && tenant_name(cli) != NULL)
	{
		cJSON_AddItemToArray(params, cJSON_CreateRaw(schema));
		cJSON_AddItemToArray(params, cJSON_CreateString(root_of(document)));
		cJSON_AddItemToArray(params, cJSON_CreateString(tenant_name(cli)));
		request = dba_execute_json(cli->db, sql, params, call_called, &call);
	}
	if (call_wait_quietly(cli, &call, request) && dba_result_bool(call.result, 0, "found", &found))
		state = found ? TENANT_FOUND : TENANT_MADE;
	call_free(&call);
	cJSON_Delete(params);
	cJSON_Delete(document);
	return state;
}

/* After a sync's comparison: a row of the tenants' table that is new is the tenant. */
void
tenant_note_sync(const Cli *cli, const dba_result *result, const char *schema)
{
	cJSON	   *document = cJSON_Parse(schema);
	const char *root = root_of(document);

	for (size_t i = 0; root != NULL && tenant_name(cli) != NULL && i < dba_result_rows(result); i++)
	{
		const char *table = dba_result_text(result, i, "table");

		if (table != NULL && strcmp(table, root) == 0)
			message_note(cli, "tenant \"%s\" %s", tenant_name(cli),
						 call_number(result, i, "new") > 0 ? "is not here yet, and is made"
														   : "is here already");
	}
	cJSON_Delete(document);
}

void
tenant_note_restored(const Cli *cli, const dba_result *result)
{
	for (size_t i = 0; i < dba_result_rows(result); i++)
	{
		cJSON	   *notes = dba_result_json(result, i, "notes");
		const char *tenant =
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(notes, "tenant"));

		if (tenant != NULL)
			message_note(cli, "the tenant was %s", tenant);
		cJSON_Delete(notes);
	}
}
