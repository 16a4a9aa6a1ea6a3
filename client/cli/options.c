/*
 * options.c
 *		What stands on the command line, and what it says.
 *
 * Options may stand before or after the command, as --name VALUE, --name=VALUE, -n VALUE,
 * or shortened as long as they remain unique.  A mistake is answered with the nearest word
 * that would have been right, and nothing is done: no option is ever ignored.
 */
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define MAX_WORDS 32

const CliOption options_global[] = {
	{"env-prefix", 0, "PREFIX", "put PREFIX before DB_PROFILE and DATABASE_URL"},
	{"config", 0, "FILE", "read FILE instead of ./db.toml"},
	{"profile", 0, "NAME", "use this profile, or URL, instead of the current one"},
	{"json", 0, NULL, "print one JSON document"},
	{"quiet", 'q', NULL, "print the answer alone"},
	{"verbose", 'v', NULL, "print notices of the server and SQLSTATEs too"},
	{"no-color", 0, NULL, "no colours; NO_COLOR and TERM=dumb do the same"},
	{"help", 'h', NULL, "explain the program or a command"},
	{"version", 0, NULL, "print the version"},
	{0}};

static const CliCommand *
find_command(const Cli *cli, const char *name)
{
	const char *names[MAX_WORDS];
	const char *nearest;
	size_t		count = 0;

	for (const CliCommand *c = cli->commands; c->name != NULL; c++)
	{
		if (strcmp(c->name, name) == 0)
			return c;
		names[count++] = c->name;
	}
	nearest = dba_nearest(name, names, count);
	if (nearest != NULL)
		message_usage("unknown command \"%s\"; perhaps you meant \"%s\"", name, nearest);
	else
		message_usage("unknown command \"%s\"; db-adapter --help lists them", name);
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

/* Everybody on the machine may read a program's arguments: a password does not stay
 * there.  NULL: no memory. */
static const char *
hide_url(Cli *cli, char *value)
{
	char	   *copy;

	if (strstr(value, "://") == NULL && strstr(value, "password") == NULL)
		return value;
	copy = strdup(value);
	if (copy == NULL)
	{
		message_warn("out of memory");
		return NULL;
	}
	memset(value, '*', strlen(value));
	cli->hidden[cli->given_count] = copy;
	return copy;
}

static bool
add_option(Cli *cli, const CliOption *option, char *value)
{
	if (cli->given_count == MAX_GIVEN)
	{
		message_usage("too many options");
		return false;
	}
	cli->given[cli->given_count] = option;
	if (value != NULL &&
		(strcmp(option->name, "profile") == 0 || strcmp(option->name, "from") == 0))
		cli->values[cli->given_count] = hide_url(cli, value);
	else
		cli->values[cli->given_count] = value != NULL ? value : "";
	return cli->values[cli->given_count++] != NULL;
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

static bool
read_word(Cli *cli, const char *word)
{
	if (cli->command == NULL)
	{
		cli->command = find_command(cli, word);
		return cli->command != NULL;
	}
	if (cli->command->operand == NULL ||
		cli->operand_count == (*cli->command->operand == '[' ? MAX_OPERANDS : 1))
	{
		message_usage("unexpected argument \"%s\" of %s", word, cli->command->name);
		return false;
	}
	if (cli->operand == NULL)
		cli->operand = word;
	cli->operands[cli->operand_count++] = word;
	return true;
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
	return true;
}

/* ---------------------------------------------------------------- asking */

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

const char *
options_value_or_config(const Cli *cli, const char *option, const char *key)
{
	const char *value = options_value(cli, option);

	return value != NULL || cli->config == NULL ? value : dba_config_value(cli->config, key);
}

bool
options_number(const Cli *cli, const char *option, long *value)
{
	const char *text = options_value(cli, option);
	char	   *end;

	if (text == NULL)
		return true;
	*value = strtol(text, &end, 10);
	if (*text != '\0' && *end == '\0' && *value >= 0 && strlen(text) < 10)
		return true;
	message_usage("option --%s needs a number, not \"%s\"", option, text);
	return false;
}
