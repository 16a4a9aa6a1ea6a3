/*
 * options.c
 *		What stands on the command line, and what it says.
 *
 * Options may stand before or after the command, as --name VALUE, --name=VALUE, -n VALUE,
 * or shortened as long as they remain unique.  A mistake is answered with the nearest word
 * that would have been right, and nothing is done: no option is ever ignored.
 *
 * URLs are overwritten where they stood in argv as soon as they are read: everybody on the
 * machine may look at a program's arguments, and there may be a password in them.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"

#define MAX_WORDS 32

const CliOption options_global[] = {
	{"env-prefix", 0, "PREFIX", .help = "put PREFIX before DB_PROFILE and DATABASE_URL"},
	{"config", 0, "FILE", .help = "read FILE instead of ./db.toml"},
	{"profile", 0, "NAME", .help = "use this profile, or URL, instead of the current one"},
	{"json", 0, NULL, .help = "print one JSON document"},
	{"quiet", 'q', NULL, .help = "print the answer alone"},
	{"verbose", 'v', NULL, .help = "print notices of the server and SQLSTATEs too"},
	{"no-color", 0, NULL, .help = "no colours; NO_COLOR and TERM=dumb do the same"},
	{"help", 'h', NULL, .help = "explain the program or a command"},
	{"version", 0, NULL, .help = "print the version"},
	{0}};

/* "unknown WHAT "name"; perhaps you meant …" */
static void
tell_unknown(const char *what, const char *name, const char *of, const char *const *words,
			 size_t count, const char *otherwise)
{
	const char *nearest = dba_nearest(name, words, count);

	if (nearest != NULL)
		message_usage("unknown %s \"%s\"%s; perhaps you meant \"%s\"", what, name, of, nearest);
	else
		message_usage("unknown %s \"%s\"%s%s", what, name, of, otherwise);
}

/* By its whole name: abbreviations would change meaning with the next command. */
const CliCommand *
options_find_command(const Cli *cli, const char *name)
{
	const char *names[MAX_WORDS];
	size_t		count = 0;

	for (const CliCommand *c = cli->commands; c->name != NULL; c++)
	{
		if (strcmp(c->name, name) == 0)
			return c;
		names[count++] = c->name;
	}
	tell_unknown("command", name, "", names, count, "; db-adapter --help lists them");
	return NULL;
}

/* The option of that name; else counts those that begin so. */
static const CliOption *
find_long(const CliOption *options, const char *name, size_t len, const CliOption **prefix,
		  size_t *matches)
{
	for (; options->name != NULL; options++)
	{
		if (strncmp(options->name, name, len) != 0)
			continue;
		if (options->name[len] == '\0')
			return options;
		*prefix = options;
		(*matches)++;
	}
	return NULL;
}

/* The program's first: a command cannot give -q another meaning. */
static const CliOption *
find_letter(const Cli *cli, char letter)
{
	for (const CliOption *o = options_global; o->name != NULL; o++)
	{
		if (o->letter == letter)
			return o;
	}
	for (const CliOption *o = cli->command != NULL ? cli->command->options : options_global;
		 o->name != NULL; o++)
	{
		if (o->letter == letter)
			return o;
	}
	message_usage("unknown option -%c%s%s", letter, cli->command != NULL ? " of " : "",
				  cli->command != NULL ? cli->command->name : "");
	return NULL;
}

static const CliOption *
fail_unknown_option(const Cli *cli, const char *name, size_t len)
{
	const char *names[MAX_WORDS * 2];
	const char *nearest;
	size_t		count = 0;
	char		word[64];

	for (const CliOption *o = options_global; o->name != NULL; o++)
		names[count++] = o->name;
	for (const CliOption *o = cli->command != NULL ? cli->command->options : NULL;
		 o != NULL && o->name != NULL; o++)
		names[count++] = o->name;
	snprintf(word, sizeof(word), "%.*s", (int) (len < 60 ? len : 60), name);
	nearest = dba_nearest(word, names, count);
	if (nearest != NULL)
		message_usage("unknown option --%s; perhaps you meant --%s", word, nearest);
	else
		message_usage("unknown option --%s%s%s", word, cli->command != NULL ? " of " : "",
					  cli->command != NULL ? cli->command->name : "");
	return NULL;
}

/* A shortened name counts while it is unique among those of the program and the command;
 * an exact one always does, even where it begins another. */
static const CliOption *
find_option(const Cli *cli, const char *name, size_t len)
{
	const CliOption *prefix = NULL;
	size_t		matches = 0;
	const CliOption *found = find_long(options_global, name, len, &prefix, &matches);

	if (found == NULL && cli->command != NULL)
		found = find_long(cli->command->options, name, len, &prefix, &matches);
	if (found != NULL)
		return found;
	if (matches == 1 && len > 0)
		return prefix;
	if (matches > 1)
	{
		message_usage("option --%.*s is not unique", (int) len, name);
		return NULL;
	}
	return fail_unknown_option(cli, name, len);
}

/* Does the option take that value?  false: said, with all that it takes. */
static bool
check_value(const CliOption *option, const char *value)
{
	char		list[128];
	const char *nearest;
	size_t		count = 0;

	if (option->number)
	{
		if (*value != '\0' && strlen(value) < 10 && value[strspn(value, "0123456789")] == '\0')
			return true;
		message_usage("option --%s needs a number, not \"%s\"", option->name, value);
		return false;
	}
	if (option->words == NULL)
		return true;
	for (; option->words[count] != NULL; count++)
	{
		if (strcmp(option->words[count], value) == 0)
			return true;
	}
	nearest = dba_nearest(value, option->words, count);
	text_list(list, sizeof(list), option->words, "or");
	message_usage("--%s must be %s, not \"%s\"%s%s%s", option->name, list, value,
				  nearest != NULL ? "; perhaps you meant \"" : "", nearest != NULL ? nearest : "",
				  nearest != NULL ? "\"" : "");
	return false;
}

/* In the order given; those that are given twice are kept both, and the last is found. */
static bool
add_option(Cli *cli, const CliOption *option, char *value)
{
	if (value != NULL && !check_value(option, value))
		return false;
	if (cli->given_count == MAX_GIVEN)
	{
		message_usage("too many options");
		return false;
	}
	cli->given[cli->given_count] = option;
	cli->values[cli->given_count++] = value != NULL ? value : "";
	return true;
}

/* --name, --name=value, --name value */
static bool
read_long(Cli *cli, char **argv, int *i)
{
	char	   *name = argv[*i] + 2;
	size_t		len = strcspn(name, "=");
	char	   *value = name[len] == '=' ? name + len + 1 : NULL;
	const CliOption *option = find_option(cli, name, len);

	if (option == NULL)
		return false;
	if (option->argument == NULL && value != NULL)
	{
		message_usage("option --%s takes no value", option->name);
		return false;
	}
	if (option->argument != NULL && value == NULL && (value = argv[*i + 1]) == NULL)
	{
		message_usage("option --%s needs a value: %s", option->name, option->argument);
		return false;
	}
	if (option->argument != NULL && name[len] != '=')
		(*i)++;
	return add_option(cli, option, value);
}

/* -q, -qv, -o value, -ovalue */
static bool
read_short(Cli *cli, char **argv, int *i)
{
	for (char *letter = argv[*i] + 1; *letter != '\0'; letter++)
	{
		const CliOption *option = find_letter(cli, *letter);
		char	   *value = NULL;

		if (option == NULL)
			return false;
		if (option->argument != NULL)
		{
			value = letter[1] != '\0' ? letter + 1 : argv[++*i];
			if (value == NULL)
			{
				message_usage("option -%c needs a value: %s", option->letter, option->argument);
				return false;
			}
		}
		if (!add_option(cli, option, value))
			return false;
		if (value != NULL)
			break;
	}
	return true;
}

/* The command's action of that name; NULL: said. */
static const CliAction *
find_action(const CliCommand *command, const char *name)
{
	const char *names[MAX_WORDS];
	char		of[64];
	size_t		count = 0;

	for (const CliAction *a = command->actions; a->name != NULL; a++)
	{
		if (strcmp(a->name, name) == 0)
			return a;
		names[count++] = a->name;
	}
	snprintf(of, sizeof(of), " of %s", command->name);
	tell_unknown("action", name, of, names, count, "");
	return NULL;
}

/* How many operands there may be: of the action, or of the command itself. */
static size_t
most_operands(const Cli *cli)
{
	if (cli->action != NULL)
		return cli->action->most;
	return cli->command->operand != NULL ? 1 : 0;
}

/* The first word is the command, the next its action where it has some, the rest operands. */
static bool
read_word(Cli *cli, const char *word)
{
	if (cli->command == NULL)
	{
		cli->command = options_find_command(cli, word);
		return cli->command != NULL;
	}
	if (cli->command->actions != NULL && cli->action == NULL)
	{
		cli->action = find_action(cli->command, word);
		return cli->action != NULL;
	}
	if (cli->operand_count == most_operands(cli))
	{
		message_usage("unexpected argument \"%s\" of %s%s%s", word, cli->command->name,
					  cli->action != NULL ? " " : "", cli->action != NULL ? cli->action->name : "");
		return false;
	}
	cli->operands[cli->operand_count++] = word;
	return true;
}

/* Is nothing missing?  --help and --version need nothing more. */
static bool
check_operands(Cli *cli)
{
	const CliCommand *command = cli->command;

	if (command == NULL || options_has(cli, "help") || options_has(cli, "version"))
		return true;
	if (command->actions != NULL && cli->action == NULL)
		cli->action = command->actions;
	if (cli->action != NULL && cli->operand_count < cli->action->least)
		message_usage("%s %s needs an argument: %s", command->name, cli->action->name,
					  cli->action->operands);
	else if (command->operand != NULL && *command->operand != '[' && cli->operand_count == 0)
		message_usage("%s needs an argument: %s", command->name, command->operand);
	else
		return true;
	return false;
}

/* For the answer to a mistake that ends the reading before --json is come to. */
bool
options_want_json(char *const *argv)
{
	for (int i = 1; argv[i] != NULL && strcmp(argv[i], "--") != 0; i++)
	{
		if (strcmp(argv[i], "--json") == 0)
			return true;
	}
	return false;
}

bool
options_read(Cli *cli, char **argv)
{
	bool		options = true;

	for (int i = 1; argv[i] != NULL; i++)
	{
		bool		ok;

		if (options && strcmp(argv[i], "--") == 0)
		{
			options = false;
			continue;
		}
		if (options && strncmp(argv[i], "--", 2) == 0)
			ok = read_long(cli, argv, &i);
		else if (options && argv[i][0] == '-' && argv[i][1] != '\0')
			ok = read_short(cli, argv, &i);
		else
			ok = read_word(cli, argv[i]);
		if (!ok)
			return false;
	}
	return check_operands(cli);
}

/* ---------------------------------------------------------------- asking */

/* Of an option given twice the last one counts, as in a shell alias that is overridden. */
const char *
options_value(const Cli *cli, const char *option)
{
	const char *value = NULL;

	for (size_t i = 0; i < cli->given_count; i++)
	{
		if (strcmp(cli->given[i]->name, option) == 0)
			value = cli->values[i];
	}
	return value;
}

bool
options_has(const Cli *cli, const char *option)
{
	return options_value(cli, option) != NULL;
}

/* An empty value on the command line is a value. */
const char *
options_value_or_config(const Cli *cli, const char *option, const char *key)
{
	const char *value = options_value(cli, option);

	return value != NULL || cli->config == NULL ? value : dba_config_value(cli->config, key);
}

long
options_number(const Cli *cli, const char *option, long otherwise)
{
	const char *text = options_value(cli, option);

	/* the parser has seen that it is one */
	return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

/* This is where an option of the command becomes an argument of a verb. */
cJSON *
options_arguments(const Cli *cli)
{
	cJSON	   *arguments = cJSON_CreateObject();

	for (size_t i = 0; i < cli->given_count; i++)
	{
		const CliOption *option = cli->given[i];
		cJSON	   *value;

		if (option->verb == NULL)
			continue;
		if (option->argument == NULL)
			value = cJSON_CreateTrue();
		else if (option->number)
			value = cJSON_CreateNumber((double) strtol(cli->values[i], NULL, 10));
		else
			value = cJSON_CreateString(cli->values[i]);
		/* of an option given twice the last one counts */
		cJSON_DeleteItemFromObjectCaseSensitive(arguments, option->verb);
		cJSON_AddItemToObject(arguments, option->verb, value);
	}
	return arguments;
}
