/*
 * question.c
 *		Questions, asked at the terminal itself: standard input may be the backup.
 *
 * The answer is read from there too.  Where there is no terminal, nobody can have agreed:
 * that is a mistake of usage, and --yes is how scripts say yes.  Ctrl-C at the question is
 * an interruption, not a no.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "print.h"

bool
question_possible(void)
{
	FILE	   *terminal = fopen("/dev/tty", "r+e");

	if (terminal != NULL)
		fclose(terminal);
	return terminal != NULL;
}

int
question_ask(Cli *cli, const char *question)
{
	FILE	   *terminal;
	FILE	   *guarded;
	char		answer[16] = "";

	if (options_has(cli, "yes"))
		return CODE_DONE;
	if (signals_interrupted())
		return CODE_INTERRUPTED;
	terminal = fopen("/dev/tty", "r+e");
	if (terminal == NULL)
		return message_usage("there is no terminal to ask; --yes says yes");
	guarded = terminal_open(fileno(terminal));
	if (guarded != NULL)
	{
		fprintf(guarded, "%s [y/N] ", question);
		fclose(guarded);
	}
	if (!signals_wait_readable(fileno(terminal)) || fgets(answer, sizeof(answer), terminal) == NULL)
	{
		answer[0] = '\0';
		fputc('\n', terminal);
	}
	fclose(terminal);
	if (answer[0] == 'y' || answer[0] == 'Y')
		return CODE_DONE;
	message_note(cli, "nothing done");
	if (cli->json)
	{
		cJSON_Delete(cli->failure);
		cli->failure = cJSON_CreateObject();
		cJSON_AddStringToObject(cli->failure, "message", "nothing done");
	}
	cli->interruption_said = true;
	return signals_interrupted() ? CODE_INTERRUPTED : CODE_NO;
}
