/*
 * help.c
 *		Help and man page, made from the table of commands.
 */
#include <string.h>

#include "command.h"

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
help_program(FILE *file, const CliCommand *commands)
{
	fputs("db-adapter keeps databases true to a declared schema and moves rows between them.\n\n"
		  "Usage:\n  db-adapter [OPTION]... COMMAND [OPTION]...\n\nCommands:\n",
		  file);
	for (const CliCommand *c = commands; c->name != NULL; c++)
		fprintf(file, "  %-12s %s\n", c->name, c->summary);
	fputs("\nOptions of every command:\n", file);
	print_options(file, options_global);
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

void
help_man_page(const CliCommand *commands)
{
	printf(".TH DB\\-ADAPTER 1 \"\" \"db_adapter %s\" \"db_adapter\"\n"
		   ".SH NAME\ndb\\-adapter \\- keep databases true to a declared schema, move rows between "
		   "them\n"
		   ".SH SYNOPSIS\n\\fBdb\\-adapter\\fR [\\fIOPTION\\fR]... \\fICOMMAND\\fR "
		   "[\\fIOPTION\\fR]...\n"
		   ".SH OPTIONS\n",
		   dba_version());
	man_options(options_global);
	fputs(".SH COMMANDS\n", stdout);
	for (const CliCommand *c = commands; c->name != NULL; c++)
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
