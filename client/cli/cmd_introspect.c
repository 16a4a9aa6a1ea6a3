/*
 * cmd_introspect.c
 *		introspect: the live schema, as a document or a diagram.
 *
 * The document is the server's, printed as it came: an order of members that we made up
 * would be another document to whoever compares them.
 */
#include <string.h>

#include "print.h"
#include "command.h"

/* A diagram is text and goes out as it is; with --json it is a member of the document. */
int
cmd_introspect(Cli *cli)
{
	const char *format = options_value(cli, "format");
	CliCall		call = {0};
	bool		json = format == NULL || strcmp(format, "json") == 0;
	int			code = opening_open(cli);

	if (code != CODE_DONE)
		return code;
	if (json)
		code = call_execute(cli, &call,
							"SELECT pg_catalog.jsonb_pretty(db_adapter.introspect()) AS document",
							NULL);
	else
		code = call_execute_verb(cli, &call, "SELECT db_adapter.diagram(@) AS document", NULL,
								 options_arguments(cli));
	if (code == CODE_DONE && cli->json && !json)
	{
		cJSON	   *document = cJSON_CreateObject();

		cJSON_AddStringToObject(document, "format", format);
		cJSON_AddStringToObject(document, "diagram", dba_result_text(call.result, 0, "document"));
		document_print(document);
	}
	else if (code == CODE_DONE)
		puts(dba_result_text(call.result, 0, "document"));
	call_free(&call);
	return code;
}
