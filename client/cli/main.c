/*
 * main.c
 *		The db-adapter command: from the arguments to the exit code.
 *
 * Everything below is called from here and calls downwards; only this file ends the
 * program, so that each client is closed and the last word of standard output is known to
 * have been written.
 */
#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "print.h"

/* Colour is for people: not into files and pipes, not against NO_COLOR, which any value but
 * the empty one sets (no-color.org), and not where the terminal cannot. */
static bool
wants_color(const Cli *cli)
{
	const char *no_color = getenv("NO_COLOR");

	return !options_has(cli, "no-color") && (no_color == NULL || *no_color == '\0') &&
		   isatty(STDOUT_FILENO) && text_terminal_moves();
}

/* Of the library, which is the program's own. */
static int
print_version(const Cli *cli)
{
	cJSON	   *document;

	if (!cli->json)
	{
		printf("db-adapter %s\n", dba_version());
		return CODE_DONE;
	}
	document = cJSON_CreateObject();
	cJSON_AddStringToObject(document, "version", dba_version());
	document_print(document);
	return CODE_DONE;
}

/* An interruption is the answer only where it kept the command from its own: one that had
 * ended with 0 or 1 by then keeps that. */
static int
run_command(Cli *cli)
{
	int			code;

	signals_catch();
	code = cli->action != NULL ? cli->action->run(cli) : cli->command->run(cli);
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

/* --help and --version need no command, and win over one. */
static int
run(Cli *cli)
{
	cli->json = options_has(cli, "json");
	cli->quiet = options_has(cli, "quiet");
	cli->verbose = options_has(cli, "verbose");
	cli->color = wants_color(cli);
	if (options_has(cli, "version"))
		return print_version(cli);
	if (options_has(cli, "help"))
		return cmd_help(cli);
	if (cli->command != NULL)
		return run_command(cli);
	if (cli->json)
		return message_usage("no command; db-adapter --help lists them");
	help_program(stderr, cli->commands);
	return CODE_USAGE;
}

/* The names of the profiles, for the completions, which read no TOML. */
static bool
list_profiles(const char *path)
{
	dba_config *config = dba_config_load(path, NULL, NULL);
	const char *name;

	for (size_t i = 0; config != NULL && (name = dba_config_profile(config, i)) != NULL; i++)
		puts(name);
	dba_config_free(config);
	return config != NULL;
}

/* What the build and the completions ask for. */
static bool
generate(const char *what, const char *path)
{
	if (strcmp(what, "profiles") == 0)
		return list_profiles(path);
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

/*
 * --json is looked for before the options are read, since a mistake among them has to be
 * told in that form.
 */
int
main(int argc, char **argv)
{
	Cli			cli = {.commands = commands_table};
	int			code = CODE_USAGE;
	int			failed;

	if (!signals_open_standard())
		return CODE_USAGE;
	setlocale(LC_ALL, "");
	if (!terminal_guard() || !secrets_hide(argv))
		return CODE_FAILED;
	/* db-adapter --generate man; not for people */
	if ((argc == 3 || argc == 4) && strcmp(argv[1], "--generate") == 0)
		return generate(argv[2], argv[3]) ? CODE_DONE : CODE_USAGE;
	/* a mistake among the arguments is answered as JSON too */
	cli.json = options_want_json(argv);
	if (options_read(&cli, argv))
		code = run(&cli);
	dba_close(cli.source);
	dba_close(cli.db);
	dba_loop_free(cli.loop);
	dba_profile_free(cli.profile);
	dba_config_free(cli.config);
	if (cli.json && code != CODE_DONE)
		document_print_failure(cli.stdout_taken ? stderr : stdout, cli.failure);
	else
		cJSON_Delete(cli.failure);
	cJSON_Delete(cli.said);
	secrets_free();
	/* what could not be written before is not tried again */
	failed = fflush(stdout) != 0 ? errno : 0;
	if ((failed != 0 || ferror(stdout) != 0) && code == CODE_DONE)
	{
		message_warn("could not write to standard output%s%s", failed != 0 ? ": " : "",
					 failed != 0 ? strerror(failed) : "");
		code = CODE_FAILED;
	}
	return code;
}
