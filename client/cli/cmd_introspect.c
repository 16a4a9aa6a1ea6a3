/*
 * cmd_introspect.c
 *		introspect: the live schema, as a document or a diagram.
 */
#include <string.h>

#include "print.h"
#include "command.h"

int
cmd_introspect(Cli *cli)
{
	const char *format = options_value(cli, "format");
	cJSON	   *params = NULL;
	CliCall		call = {0};
	bool		json = format == NULL || strcmp(format, "json") == 0;
	int			code;

	if (!json && strcmp(format, "mermaid") != 0 && strcmp(format, "dot") != 0)
		return message_usage("--format must be json, mermaid or dot, not \"%s\"", format);
	code = opening_open(cli);
	if (code != CODE_DONE)
		return code;
	if (!json)
	{
		params = cJSON_CreateArray();
		cJSON_AddItemToArray(params, cJSON_CreateString(format));
	}
	code =
		request_execute(cli, &call,
						json ? "SELECT pg_catalog.jsonb_pretty(db_adapter.introspect()) AS document"
							 : "SELECT db_adapter.diagram(format => $1) AS document",
						params);
	if (code == CODE_DONE && cli->json && !json)
	{
		cJSON	   *document = cJSON_CreateObject();

		cJSON_AddStringToObject(document, "format", format);
		cJSON_AddStringToObject(document, "diagram", dba_result_text(call.result, 0, "document"));
		json_print(document);
	}
	else if (code == CODE_DONE)
		puts(dba_result_text(call.result, 0, "document"));
	request_free(&call);
	return code;
}
