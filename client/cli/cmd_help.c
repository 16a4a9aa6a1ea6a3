/*
 * cmd_help.c
 *		help: the program or one command explained, as --help does it.
 */
#include "print.h"
#include "command.h"

int
cmd_help(Cli *cli)
{
	const CliCommand *command = cli->command;

	/* `help X` and `X --help` are the same; `help` and `--help` too */
	if (command != NULL && command->run == cmd_help && !options_has(cli, "help"))
	{
		command = NULL;
		if (cli->operand_count > 0 &&
			(command = options_find_command(cli, cli->operands[0])) == NULL)
			return CODE_USAGE;
	}
	if (cli->json)
		document_print(command != NULL ? help_document(command)
									   : help_program_document(cli->commands));
	else if (command != NULL)
		help_command(stdout, command);
	else
		help_program(stdout, cli->commands);
	return CODE_DONE;
}
