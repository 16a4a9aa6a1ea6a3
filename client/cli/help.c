/*
 * help.c
 *		Help and man page, made from the table of commands.
 *
 * Help fits the terminal: 80 columns at most, since longer lines are hard to read, and as
 * few as there are.  Where two columns do not fit side by side, an explanation stands
 * below what it explains.  What is no terminal gets 80, so that help can be searched and
 * compared.
 *
 * The man page takes the same rows.  Neither says what a default is: defaults are the
 * server's, and what stands in two places is wrong in one.
 */
#include <stdlib.h>
#include <unistd.h>

#include "print.h"
#include "command.h"

#define WIDTH 80
#define NARROW 60 /* below this explanations go on a line of their own */
#define LEFT 30	  /* where they begin otherwise, of options */
#define LEFT_COMMAND 15

/* Narrow terminals are filled, wide ones not: long lines are hard to read. */
static size_t
help_width(FILE *file)
{
	size_t		width = text_terminal_width(text_descriptor(file));

	return width > 0 && width < WIDTH ? width : WIDTH;
}

/* Text broken at spaces, each line after the first indented. */
static void
print_wrapped(FILE *file, const char *text, size_t indent, size_t column)
{
	size_t		width = help_width(file);

	while (*text != '\0')
	{
		size_t		len = strcspn(text, " ");

		if (column > indent && column + len + 1 > width)
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

/* "  LEFT      what it does", below one another where the terminal is narrow. */
static void
print_entry(FILE *file, const char *left, size_t column, const char *text)
{
	if (help_width(file) < NARROW || strlen(left) + 2 > column)
	{
		fprintf(file, "%s\n%*s", left, 6, "");
		column = 6;
	}
	else
		fprintf(file, "%-*s", (int) column, left);
	print_wrapped(file, text, column, column);
}

/* An option's explanation with the words it may be. */
static void
write_explanation(char *text, size_t size, const CliOption *option)
{
	char		list[128] = "";

	if (option->words != NULL)
		text_list(list, sizeof(list), option->words, "or");
	snprintf(text, size, "%s%s%s", option->help, *list != '\0' ? ": " : "", list);
}

static void
print_options(FILE *file, const CliOption *options)
{
	for (; options->name != NULL; options++)
	{
		char		left[64];
		char		text[256];
		char		letter[8] = "    ";

		if (options->letter != 0)
			snprintf(letter, sizeof(letter), "-%c, ", options->letter);
		snprintf(left, sizeof(left), "  %s--%s%s%s", letter, options->name,
				 options->argument != NULL ? " " : "",
				 options->argument != NULL ? options->argument : "");
		write_explanation(text, sizeof(text), options);
		print_entry(file, left, LEFT, text);
	}
}

/* The first is what the command does without one. */
static void
print_actions(FILE *file, const CliAction *actions)
{
	for (const CliAction *a = actions; a->name != NULL; a++)
	{
		char		list[256];

		fprintf(file, "  %s%s%s%s\n", a->name, a->operands != NULL ? " " : "",
				a->operands != NULL ? a->operands : "", a == actions ? " (also without)" : "");
		if (a->words == NULL)
			continue;
		text_list(list, sizeof(list), a->words, "or");
		fprintf(file, "%6s", "");
		print_wrapped(file, list, 6, 6);
	}
}

void
help_program(FILE *file, const CliCommand *commands)
{
	print_wrapped(
		file, "db-adapter keeps databases true to a declared schema and moves rows between them.",
		0, 0);
	fputs("\nUsage:\n  ", file);
	print_wrapped(file, "db-adapter [OPTION]... COMMAND [OPTION]...", 2, 2);
	fputs("\nCommands:\n", file);
	for (const CliCommand *c = commands; c->name != NULL; c++)
	{
		char		left[32];

		snprintf(left, sizeof(left), "  %s", c->name);
		print_entry(file, left, LEFT_COMMAND, c->summary);
	}
	fputs("\nOptions of every command:\n", file);
	print_options(file, options_global);
	fputc('\n', file);
	print_wrapped(file,
				  "Exit codes: 0 done or valid, 1 the answer is no, 2 usage or configuration, "
				  "3 cannot connect, 4 the server refused or the work failed, 130 interrupted.",
				  0, 0);
	print_wrapped(
		file, "db-adapter COMMAND --help, or db-adapter help COMMAND, explains a command.", 0, 0);
}

void
help_command(FILE *file, const CliCommand *command)
{
	char		usage[128];

	snprintf(usage, sizeof(usage), "db-adapter [OPTION]... %s%s%s%s%s", command->name,
			 command->actions != NULL ? " [ACTION]" : "",
			 command->options->name != NULL ? " [OPTION]..." : "",
			 command->operand != NULL ? " " : "", command->operand != NULL ? command->operand : "");
	fputs("Usage:\n  ", file);
	print_wrapped(file, usage, 2, 2);
	fputc('\n', file);
	print_wrapped(file, command->description, 0, 0);
	if (command->actions != NULL)
	{
		fputs("\nActions:\n", file);
		print_actions(file, command->actions);
	}
	if (command->options->name != NULL)
	{
		fputs("\nOptions:\n", file);
		print_options(file, command->options);
	}
	fputc('\n', file);
	print_wrapped(file, "Options of every command: db-adapter --help", 0, 0);
}

/* ---------------------------------------------------------------- as a document */

static cJSON *
words_document(const char *const *words)
{
	cJSON	   *list = cJSON_CreateArray();

	for (; *words != NULL; words++)
		cJSON_AddItemToArray(list, cJSON_CreateString(*words));
	return list;
}

/* A member that has no value is absent. */
static void
add_text(cJSON *object, const char *name, const char *text)
{
	if (text != NULL)
		cJSON_AddStringToObject(object, name, text);
}

static cJSON *
options_document(const CliOption *options)
{
	cJSON	   *list = cJSON_CreateArray();

	for (; options->name != NULL; options++)
	{
		cJSON	   *option = cJSON_CreateObject();
		char		letter[2] = {options->letter};

		cJSON_AddStringToObject(option, "name", options->name);
		add_text(option, "letter", *letter != '\0' ? letter : NULL);
		add_text(option, "argument", options->argument);
		add_text(option, "verb_argument", options->verb);
		cJSON_AddStringToObject(option, "help", options->help);
		if (options->words != NULL)
			cJSON_AddItemToObject(option, "words", words_document(options->words));
		cJSON_AddItemToArray(list, option);
	}
	return list;
}

cJSON *
help_document(const CliCommand *command)
{
	cJSON	   *document = cJSON_CreateObject();
	cJSON	   *actions;

	cJSON_AddStringToObject(document, "command", command->name);
	add_text(document, "operand", command->operand);
	cJSON_AddStringToObject(document, "summary", command->summary);
	cJSON_AddStringToObject(document, "description", command->description);
	cJSON_AddItemToObject(document, "options", options_document(command->options));
	if (command->actions == NULL)
		return document;
	actions = cJSON_AddArrayToObject(document, "actions");
	for (const CliAction *a = command->actions; a->name != NULL; a++)
	{
		cJSON	   *action = cJSON_CreateObject();

		cJSON_AddStringToObject(action, "name", a->name);
		add_text(action, "operands", a->operands);
		if (a->words != NULL)
			cJSON_AddItemToObject(action, "words", words_document(a->words));
		cJSON_AddItemToArray(actions, action);
	}
	return document;
}

/* The table as it is, for programs that complete or document. */
cJSON *
help_program_document(const CliCommand *commands)
{
	cJSON	   *document = cJSON_CreateObject();
	cJSON	   *list = cJSON_AddArrayToObject(document, "commands");

	for (const CliCommand *c = commands; c->name != NULL; c++)
		cJSON_AddItemToArray(list, help_document(c));
	cJSON_AddItemToObject(document, "options", options_document(options_global));
	return document;
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
		char		text[256];

		fputs(".TP\n", stdout);
		if (options->letter != 0)
			printf("\\fB\\-%c\\fR, ", options->letter);
		fputs("\\fB\\-\\-", stdout);
		man_text(options->name);
		fputs("\\fR", stdout);
		if (options->argument != NULL)
			printf(" \\fI%s\\fR", options->argument);
		putchar('\n');
		write_explanation(text, sizeof(text), options);
		man_text(text);
		fputs(".\n", stdout);
	}
}

static void
man_actions(const CliAction *actions)
{
	for (; actions->name != NULL; actions++)
	{
		char		list[256];

		printf(".TP\n\\fB%s\\fR%s%s\n", actions->name, actions->operands != NULL ? " " : "",
			   actions->operands != NULL ? actions->operands : "");
		if (actions->words == NULL)
			continue;
		text_list(list, sizeof(list), actions->words, "or");
		man_text(list);
		fputs(".\n", stdout);
	}
}

/* At build time, so that the page is always the program's. */
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
		if (c->actions != NULL)
			man_actions(c->actions);
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
