/*
 * completion.c
 *		Completions for bash and zsh, made from the table of commands.
 */
#include <string.h>

#include "command.h"

static void
bash_options(const CliOption *options)
{
	for (; options->name != NULL; options++)
		printf(" --%s", options->name);
}

void
completion_bash(const CliCommand *commands)
{
	fputs(
		"# bash completion for db-adapter\n_db_adapter()\n{\n\tlocal "
		"word=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= w\n"
		"\tCOMPREPLY=()\n"
		"\tcase $prev in\n"
		"\t--profile) mapfile -t COMPREPLY < <(compgen -W \"$(sed -n "
		"'s/^\\[profiles\\.\\([^].]*\\)].*/\\1/p' db.toml 2>/dev/null)\" -- \"$word\"); return ;;\n"
		"\t--mode|-m) mapfile -t COMPREPLY < <(compgen -W 'skip overwrite fail' -- \"$word\"); "
		"return ;;\n"
		"\tesac\n"
		"\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"\n\tdo\n\t\tcase $w in\n\t\t",
		stdout);
	for (const CliCommand *c = commands; c->name != NULL; c++)
		printf("%s%s", c != commands ? "|" : "", c->name);
	fputs(") command=$w; break ;;\n\t\tesac\n\tdone\n\tcase $command in\n\t'') w=\"", stdout);
	for (const CliCommand *c = commands; c->name != NULL; c++)
		printf("%s%s", c != commands ? " " : "", c->name);
	fputs("\" ;;\n", stdout);
	for (const CliCommand *c = commands; c->name != NULL; c++)
	{
		printf("\t%s) w=\"", c->name);
		bash_options(c->options);
		fputs("\" ;;\n", stdout);
	}
	fputs("\tesac\n\tif [[ $word == -* || -z $command ]]\n\tthen\n\t\tmapfile -t COMPREPLY < "
		  "<(compgen -W \"$w",
		  stdout);
	bash_options(options_global);
	fputs(
		"\" -- \"$word\")\n\telse\n\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n\tfi\n}\n"
		"complete -o filenames -F _db_adapter db-adapter\n",
		stdout);
}

/* zsh takes no bracket or colon unquoted in an explanation. */
static void
zsh_text(const char *text)
{
	for (; *text != '\0'; text++)
	{
		if (strchr("[]:\\", *text) != NULL)
			putchar('\\');
		if (*text == '\'')
			fputs("'\\'", stdout);
		putchar(*text);
	}
}

static void
zsh_options(const CliOption *options)
{
	for (; options->name != NULL; options++)
	{
		printf(" \\\n\t\t\t'--%s%s[", options->name, options->argument != NULL ? "=" : "");
		zsh_text(options->help);
		putchar(']');
		if (options->argument != NULL)
			printf(":%s:%s", options->argument,
				   strcmp(options->argument, "FILE") == 0 ? "_files" : "");
		putchar('\'');
	}
}

void
completion_zsh(const CliCommand *commands)
{
	fputs(
		"#compdef db-adapter\n_db_adapter()\n{\n\tlocal -a commands\n\tlocal state\n\tcommands=(\n",
		stdout);
	for (const CliCommand *c = commands; c->name != NULL; c++)
	{
		printf("\t\t'%s:", c->name);
		zsh_text(c->summary);
		fputs("'\n", stdout);
	}
	fputs("\t)\n\t_arguments -C", stdout);
	zsh_options(options_global);
	fputs(" \\\n\t\t\t'1:command:->command' '*::argument:->argument'\n\tcase $state in\n"
		  "\tcommand) _describe command commands ;;\n\targument)\n\t\tcase $words[1] in\n",
		  stdout);
	for (const CliCommand *c = commands; c->name != NULL; c++)
	{
		printf("\t\t%s) _arguments", c->name);
		zsh_options(c->options);
		printf(" \\\n\t\t\t'*:file:%s' ;;\n", c->operand != NULL ? "_files" : "");
	}
	fputs("\t\tesac ;;\n\tesac\n}\n_db_adapter \"$@\"\n", stdout);
}
