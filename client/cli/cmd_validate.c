/*
 * cmd_validate.c
 *		validate: is the live schema as declared?
 *
 * The report is the server's, so that a job's log, psql and this command say the same.
 */
#include "print.h"
#include "command.h"

/* The exit code is the answer: scripts ask nothing else. */
int
cmd_validate(Cli *cli)
{
	Comparison	comparison = {0};
	int			code = opening_open(cli);

	if (code == CODE_DONE)
		code = comparison_run(cli, &comparison);
	if (code == CODE_DONE)
	{
		if (comparison.limited != NULL)
			message_note(cli, "%s", comparison.limited);
		if (cli->json)
			document_print(cJSON_CreateRaw(comparison.validation));
		else
			puts(comparison.report);
		code = comparison.valid ? CODE_DONE : CODE_NO;
	}
	comparison_free(&comparison);
	return code;
}
