/*
 * comparison.c
 *		The declared schema compared with the live one, by the server.
 *
 * Executing the declared statements takes rights and a server that can be written to.
 * Without either, tables and columns alone are compared, and that is said: a weaker answer
 * never passes for the full one.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "command.h"
#include "file.h"

/* EXPECTED is the declared schema, $1 its text */
#define COMPARE(expected)                                                                          \
	"SELECT r.v::pg_catalog.text AS validation, db_adapter.report(r.v) AS report, (r.v ->> "       \
	"'valid')::pg_catalog.bool AS valid FROM (SELECT db_adapter.validate(" expected "@) AS v) r"

/* A comparison of zeros is fine. */
void
comparison_free(Comparison *comparison)
{
	free(comparison->schema_sql);
	free(comparison->validation);
	free(comparison->report);
	*comparison = (Comparison){0};
}

static cJSON *
schema_parameter(const Comparison *comparison)
{
	cJSON	   *params = cJSON_CreateArray();

	cJSON_AddItemToArray(params, cJSON_CreateString(comparison->schema_sql));
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

/* The full comparison first.  Only what says that the statements may not be executed here
 * leads to the lesser one; any other error is told. */
static int
compare(Cli *cli, Comparison *comparison, CliCall *call)
{
	if (call_execute_verb_quietly(cli, call, COMPARE("db_adapter.expected($1::pg_catalog.text)"),
								  schema_parameter(comparison),
								  opening_compared(cli, cJSON_CreateObject())))
		return CODE_DONE;
	if (call->error != NULL)
		comparison->limited = limitation(call->error);
	if (comparison->limited == NULL)
		return call_wait(cli, call, 0);
	call_free(call);
	return call_execute_verb(cli, call, COMPARE("db_adapter.expected_columns($1)"),
							 schema_parameter(comparison),
							 opening_compared(cli, cJSON_CreateObject()));
}

/*
 * Where the server cannot execute the text as a schema, columns are compared alone, and why
 * is said: an answer that is less than the whole must not look like it.
 */
int
comparison_run(Cli *cli, Comparison *comparison)
{
	const char *path = options_value_or_config(cli, "schema-file", "schema.file");
	CliCall		call = {0};
	int			code;

	*comparison = (Comparison){0};
	comparison->schema_sql = file_read(path, "schema file", NULL);
	if (comparison->schema_sql == NULL)
		return CODE_USAGE;
	code = compare(cli, comparison, &call);
	if (code == CODE_DONE)
	{
		comparison->validation = strdup(dba_result_text(call.result, 0, "validation"));
		comparison->report = strdup(dba_result_text(call.result, 0, "report"));
		dba_result_bool(call.result, 0, "valid", &comparison->valid);
	}
	call_free(&call);
	return code;
}
