/*
 * main.c
 *		The db-adapter command: from the arguments to the exit code.
 *
 * Everything below is called from here and calls downwards; only this file ends the
 * program, so that each client is closed and the last word of standard output is known to
 * have been written.
 */
#include <locale.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"
#include "print.h"

static bool
wants_color(const Cli *cli)
{
	const char *no_color = getenv("NO_COLOR");

	return !options_has(cli, "no-color") && (no_color == NULL || *no_color == '\0') &&
		   isatty(STDOUT_FILENO) && text_terminal_moves();
}

static int
run(Cli *cli)
{
	int			code;

	if (options_has(cli, "version"))
	{
		printf("db-adapter %s\n", dba_version());
		return CODE_DONE;
	}
	if (options_has(cli, "help"))
	{
		if (cli->command != NULL)
			help_command(stdout, cli->command);
		else
			help_program(stdout, cli->commands);
		return CODE_DONE;
	}
	if (cli->command == NULL)
	{
		help_program(stderr, cli->commands);
		return CODE_USAGE;
	}
	if (cli->command->operand != NULL && *cli->command->operand != '[' && cli->operand == NULL)
		return message_usage("%s needs an argument: %s", cli->command->name, cli->command->operand);
	cli->json = options_has(cli, "json");
	cli->quiet = options_has(cli, "quiet");
	cli->verbose = options_has(cli, "verbose");
	cli->color = wants_color(cli);
	signals_catch();
	code = cli->command->run(cli);
	if (code <= CODE_NO || !signals_interrupted())
		return code;
	/* whatever failed because of it */
	if (!cli->interruption_said)
	{
		message_break_line();
		message_warn("interrupted");
	}
	return CODE_INTERRUPTED;
}

/* What the build asks for: "man", "bash", "zsh". */
static bool
generate(const char *what)
{
	if (strcmp(what, "man") == 0)
		help_man_page(commands_table);
	else if (strcmp(what, "bash") == 0)
		completion_bash(commands_table);
	else if (strcmp(what, "zsh") == 0)
		completion_zsh(commands_table);
	else
		return false;
	return true;
}

int
main(int argc, char **argv)
{
	Cli			cli = {.commands = commands_table};
	int			code = CODE_USAGE;

	setlocale(LC_ALL, "");
	/* for the build alone: db-adapter --generate man */
	if (argc == 3 && strcmp(argv[1], "--generate") == 0)
		return generate(argv[2]) ? CODE_DONE : CODE_USAGE;
	if (options_read(&cli, argv))
		code = run(&cli);
	dba_close(cli.source);
	dba_close(cli.db);
	dba_loop_free(cli.loop);
	dba_profile_free(cli.profile);
	dba_config_free(cli.config);
	if (options_has(&cli, "json") && code != CODE_DONE)
		json_print_failure(cli.failure);
	else
		cJSON_Delete(cli.failure);
	for (size_t i = 0; i < cli.given_count; i++)
		free(cli.hidden[i]);
	if (fflush(stdout) != 0 && code == CODE_DONE)
	{
		message_warn("could not write to standard output");
		code = CODE_FAILED;
	}
	return code;
}
