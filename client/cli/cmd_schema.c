/*
 * cmd_schema.c
 *		validate and introspect: the live schema, compared or shown.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* EXPECTED is the declared schema, $1 its text, $2 what is left out (JSON or NULL) */
#define COMPARE(expected)                                                                          \
	"SELECT r.v::pg_catalog.text AS validation, db_adapter.report(r.v) AS report, (r.v ->> "       \
	"'valid')::pg_catalog.bool AS valid"                                                           \
	"  FROM (SELECT CASE WHEN $2::pg_catalog.jsonb IS NULL THEN db_adapter.validate(" expected ")" \
	"   ELSE db_adapter.validate(" expected ", exclude =>"                                         \
	"    ARRAY(SELECT pg_catalog.jsonb_array_elements_text($2)::pg_catalog.name)) END AS v) r"

void
comparison_free(Comparison *comparison)
{
	free(comparison->schema_sql);
	free(comparison->validation);
	free(comparison->report);
	*comparison = (Comparison){0};
}

static cJSON *
comparison_params(const Cli *cli, const Comparison *comparison)
{
	cJSON	   *params = cJSON_CreateArray();
	cJSON	   *exclude = cli_exclude(cli);

	cJSON_AddItemToArray(params, cJSON_CreateString(comparison->schema_sql));
	cJSON_AddItemToArray(params, exclude != NULL ? exclude : cJSON_CreateNull());
	return params;
}

/* Why the statements of the file cannot be executed here; NULL: they can. */
static const char *
limitation(const dba_error *error)
{
	const char *state = dba_error_sqlstate(error);

	if (strcmp(state, "42501") == 0)
		return "only tables and columns were compared: no right to execute the schema's statements";
	if (strcmp(state, "25006") == 0)
		return "only tables and columns were compared: the server is read-only";
	return NULL;
}

static int
compare(Cli *cli, Comparison *comparison, CliCall *call)
{
	cJSON	   *params = comparison_params(cli, comparison);
	dba_request request = dba_execute_json(
		cli->db, COMPARE("db_adapter.expected($1::pg_catalog.text)"), params, cli_called, call);
	int			code = CODE_DONE;

	if (!cli_wait_quietly(cli, call, request))
	{
		comparison->limited = limitation(call->error);
		if (comparison->limited == NULL)
			code = cli_wait(cli, call, request);
		else
		{
			cli_call_free(call);
			request = dba_execute_json(cli->db, COMPARE("db_adapter.expected_columns($1)"), params,
									   cli_called, call);
			code = cli_wait(cli, call, request);
		}
	}
	cJSON_Delete(params);
	return code;
}

int
comparison_run(Cli *cli, Comparison *comparison)
{
	const char *path = cli_value_or_config(cli, "schema-file", "schema.file");
	CliCall		call = {0};
	int			code;

	*comparison = (Comparison){0};
	comparison->schema_sql = cli_read_file(cli, path, "schema file");
	if (comparison->schema_sql == NULL)
		return CODE_USAGE;
	code = compare(cli, comparison, &call);
	if (code == CODE_DONE)
	{
		comparison->validation = strdup(dba_result_text(call.result, 0, "validation"));
		comparison->report = strdup(dba_result_text(call.result, 0, "report"));
		dba_result_bool(call.result, 0, "valid", &comparison->valid);
	}
	cli_call_free(&call);
	return code;
}

int
cmd_validate(Cli *cli)
{
	Comparison	comparison = {0};
	int			code = cli_open(cli);

	if (code == CODE_DONE)
		code = comparison_run(cli, &comparison);
	if (code == CODE_DONE)
	{
		if (comparison.limited != NULL)
			cli_note(cli, "%s", comparison.limited);
		if (cli->json)
			cli_print_json(cJSON_CreateRaw(comparison.validation));
		else
			puts(comparison.report);
		code = comparison.valid ? CODE_DONE : CODE_NO;
	}
	comparison_free(&comparison);
	return code;
}

int
cmd_introspect(Cli *cli)
{
	const char *format = cli_value(cli, "format");
	cJSON	   *params = NULL;
	CliCall		call = {0};
	bool		json = format == NULL || strcmp(format, "json") == 0;
	int			code;

	if (!json && strcmp(format, "mermaid") != 0 && strcmp(format, "dot") != 0)
		return cli_usage("--format must be json, mermaid or dot, not \"%s\"", format);
	code = cli_open(cli);
	if (code != CODE_DONE)
		return code;
	if (!json)
	{
		params = cJSON_CreateArray();
		cJSON_AddItemToArray(params, cJSON_CreateString(format));
	}
	code = cli_execute(cli, &call,
					   json ? "SELECT pg_catalog.jsonb_pretty(db_adapter.introspect()) AS document"
							: "SELECT db_adapter.diagram(format => $1) AS document",
					   params);
	if (code == CODE_DONE && cli->json && !json)
	{
		cJSON	   *document = cJSON_CreateObject();

		cJSON_AddStringToObject(document, "format", format);
		cJSON_AddStringToObject(document, "diagram", dba_result_text(call.result, 0, "document"));
		cli_print_json(document);
	}
	else if (code == CODE_DONE)
		puts(dba_result_text(call.result, 0, "document"));
	cli_call_free(&call);
	return code;
}
