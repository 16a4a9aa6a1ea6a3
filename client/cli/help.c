/*
 * help.c
 *		Help, man page and completions, made from the table of commands.
 */
#include <string.h>

#include "cli.h"

#define WIDTH 80

/* Text broken at spaces, each line after the first indented. */
static void
print_wrapped(FILE *file, const char *text, size_t indent, size_t column)
{
	while (*text != '\0')
	{
		size_t		len = strcspn(text, " ");

		if (column > indent && column + len + 1 > WIDTH)
		{
			fprintf(file, "\n%*s", (int) indent, "");
			column = indent;
		}
		else if (column > indent)
		{
			fputc(' ', file);
			column++;
		}
		fwrite(text, 1, len, file);
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	fputc('\n', file);
}

static void
print_options(FILE *file, const CliOption *options)
{
	for (; options->name != NULL; options++)
	{
		char		left[64];
		char		letter[8] = "    ";

		if (options->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", options->letter);
		snprintf(left, sizeof(left), "  %s--%s%s%s", letter, options->name,
				 options->argument != NULL ? " " : "",
				 options->argument != NULL ? options->argument : "");
		fprintf(file, "%-30s", left);
		print_wrapped(file, options->help, 30, 30);
	}
}

void
help_program(FILE *file)
{
	fputs("db-adapter keeps databases true to a declared schema and moves rows between them.\n\n"
		  "Usage:\n  db-adapter [OPTION]... COMMAND [OPTION]...\n\nCommands:\n",
		  file);
	for (const CliCommand *c = cli_commands; c->name != NULL; c++)
		fprintf(file, "  %-12s %s\n", c->name, c->summary);
	fputs("\nOptions of every command:\n", file);
	print_options(file, cli_global_options);
	fputs("\nExit codes: 0 done or valid, 1 the answer is no, 2 usage or configuration,\n"
		  "3 cannot connect, 4 the server refused or the work failed, 130 interrupted.\n"
		  "db-adapter COMMAND --help explains a command.\n",
		  file);
}

void
help_command(FILE *file, const CliCommand *command)
{
	fprintf(file, "Usage:\n  db-adapter [OPTION]... %s%s%s%s\n\n", command->name,
			command->options->name != NULL ? " [OPTION]..." : "",
			command->operand != NULL ? " " : "", command->operand != NULL ? command->operand : "");
	print_wrapped(file, command->description, 0, 0);
	if (command->options->name != NULL)
	{
		fprintf(file, "\nOptions:\n");
		print_options(file, command->options);
	}
	fprintf(file, "\nOptions of every command: db-adapter --help\n");
}

/* ---------------------------------------------------------------- man page */

/* A hyphen that is typed, not one that may break a line. */
static void
man_text(const char *text)
{
	for (; *text != '\0'; text++)
	{
		if (*text == '-')
			fputs("\\-", stdout);
		else if (*text == '\\')
			fputs("\\e", stdout);
		else
			putchar(*text);
	}
}

static void
man_options(const CliOption *options)
{
	for (; options->name != NULL; options++)
	{
		fputs(".TP\n", stdout);
		if (options->letter != 0)
			printf("\\fB\\-%c\\fR, ", options->letter);
		fputs("\\fB\\-\\-", stdout);
		man_text(options->name);
		fputs("\\fR", stdout);
		if (options->argument != NULL)
			printf(" \\fI%s\\fR", options->argument);
		putchar('\n');
		man_text(options->help);
		fputs(".\n", stdout);
	}
}

static void
man_page(void)
{
	printf(".TH DB\\-ADAPTER 1 \"\" \"db_adapter %s\" \"db_adapter\"\n"
		   ".SH NAME\ndb\\-adapter \\- keep databases true to a declared schema, move rows between "
		   "them\n"
		   ".SH SYNOPSIS\n\\fBdb\\-adapter\\fR [\\fIOPTION\\fR]... \\fICOMMAND\\fR "
		   "[\\fIOPTION\\fR]...\n"
		   ".SH OPTIONS\n",
		   dba_version());
	man_options(cli_global_options);
	fputs(".SH COMMANDS\n", stdout);
	for (const CliCommand *c = cli_commands; c->name != NULL; c++)
	{
		printf(".SS %s%s%s\n", c->name, c->operand != NULL ? " " : "",
			   c->operand != NULL ? c->operand : "");
		man_text(c->description);
		putchar('\n');
		man_options(c->options);
	}
	fputs(".SH EXIT STATUS\n"
		  "0 done or valid; 1 the answer is no (drift, an invalid backup, failed rows); 2 usage or "
		  "configuration;\n"
		  "3 cannot connect; 4 the server refused or the work failed; 130 interrupted.\n"
		  ".SH ENVIRONMENT\n.TP\n\\fBDB_PROFILE\\fR\nThe profile, unless \\fB\\-\\-profile\\fR is "
		  "given.\n"
		  ".TP\n\\fBDATABASE_URL\\fR\nThe database, where no profile is chosen otherwise.\n"
		  ".TP\n\\fBNO_COLOR\\fR\nNo colours.\n"
		  ".SH FILES\n.TP\n\\fIdb.toml\\fR\nProfiles and settings.\n"
		  ".TP\n\\fI.db\\-profile\\fR\nThe current profile's name.\n"
		  ".SH SEE ALSO\n\\fBdb_adapter\\fR(3)\n",
		  stdout);
}

/* ---------------------------------------------------------------- completions */

static void
bash_options(const CliOption *options)
{
	for (; options->name != NULL; options++)
		printf(" --%s", options->name);
}

static void
bash_completion(void)
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
	for (const CliCommand *c = cli_commands; c->name != NULL; c++)
		printf("%s%s", c != cli_commands ? "|" : "", c->name);
	fputs(") command=$w; break ;;\n\t\tesac\n\tdone\n\tcase $command in\n\t'') w=\"", stdout);
	for (const CliCommand *c = cli_commands; c->name != NULL; c++)
		printf("%s%s", c != cli_commands ? " " : "", c->name);
	fputs("\" ;;\n", stdout);
	for (const CliCommand *c = cli_commands; c->name != NULL; c++)
	{
		printf("\t%s) w=\"", c->name);
		bash_options(c->options);
		fputs("\" ;;\n", stdout);
	}
	fputs("\tesac\n\tif [[ $word == -* || -z $command ]]\n\tthen\n\t\tmapfile -t COMPREPLY < "
		  "<(compgen -W \"$w",
		  stdout);
	bash_options(cli_global_options);
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

static void
zsh_completion(void)
{
	fputs(
		"#compdef db-adapter\n_db_adapter()\n{\n\tlocal -a commands\n\tlocal state\n\tcommands=(\n",
		stdout);
	for (const CliCommand *c = cli_commands; c->name != NULL; c++)
	{
		printf("\t\t'%s:", c->name);
		zsh_text(c->summary);
		fputs("'\n", stdout);
	}
	fputs("\t)\n\t_arguments -C", stdout);
	zsh_options(cli_global_options);
	fputs(" \\\n\t\t\t'1:command:->command' '*::argument:->argument'\n\tcase $state in\n"
		  "\tcommand) _describe command commands ;;\n\targument)\n\t\tcase $words[1] in\n",
		  stdout);
	for (const CliCommand *c = cli_commands; c->name != NULL; c++)
	{
		printf("\t\t%s) _arguments", c->name);
		zsh_options(c->options);
		printf(" \\\n\t\t\t'*:file:%s' ;;\n", c->operand != NULL ? "_files" : "");
	}
	fputs("\t\tesac ;;\n\tesac\n}\n_db_adapter \"$@\"\n", stdout);
}

bool
help_generate(const char *what)
{
	if (strcmp(what, "man") == 0)
		man_page();
	else if (strcmp(what, "bash") == 0)
		bash_completion();
	else if (strcmp(what, "zsh") == 0)
		zsh_completion();
	else
		return false;
	return true;
}
