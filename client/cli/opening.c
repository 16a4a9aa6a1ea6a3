/*
 * opening.c
 *		Which database, and the way to it: db.toml, the profile, the client.
 *
 * Each step includes the one before and is taken once, so that a command says how far it
 * needs to go: a list of profiles needs no profile, `status` needs no server.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"

/* Different warnings of the server that are shown: triggers may have one a row. */
#define MAX_SAID 50

/* Unknown keys and the like: db.toml is used all the same, but not silently. */
void
opening_tell_warnings(const Cli *cli)
{
	for (size_t i = 0; dba_config_warning(cli->config, i) != NULL; i++)
		message_note(cli, "warning: %s", dba_config_warning(cli->config, i));
}

/* Once: others may have loaded it before. */
int
opening_load(Cli *cli)
{
	dba_error  *error = NULL;

	if (cli->config != NULL)
		return CODE_DONE;
	cli->config =
		dba_config_load(options_value(cli, "config"), options_value(cli, "env-prefix"), &error);
	if (cli->config == NULL)
		return failure_tell_and_free(cli, error);
	opening_tell_warnings(cli);
	return tenant_check(cli);
}

/* Chooses the profile without connecting, so that a question can name the database. */
int
opening_resolve(Cli *cli)
{
	dba_error  *error = NULL;
	int			code = opening_load(cli);

	if (code != CODE_DONE || cli->profile != NULL)
		return code;
	cli->profile = dba_resolve_profile(cli->config, options_value(cli, "profile"), &error);
	if (cli->profile == NULL)
		return failure_tell_and_free(cli, error);
	if (*dba_profile_warning(cli->profile) != '\0')
		message_note(cli, "warning: %s", dba_profile_warning(cli->profile));
	return CODE_DONE;
}

/* Each once: a preview and what it previews say the same. */
static bool
was_said(Cli *cli, const char *message)
{
	const cJSON *said;

	cJSON_ArrayForEach(said, cli->said)
	{
		if (strcmp(said->valuestring, message) == 0)
			return true;
	}
	if (cli->said == NULL)
		cli->said = cJSON_CreateArray();
	cJSON_AddItemToArray(cli->said, cJSON_CreateString(message));
	return cJSON_GetArraySize(cli->said) > MAX_SAID;
}

/* A warning is for whoever runs the command; the rest is for whoever wants to know more. */
static void
on_notice(dba_client *db, const char *severity, const char *message, void *arg)
{
	Cli		   *cli = arg;

	(void) db;
	if (cli->verbose)
		fprintf(stderr, "%s: %s\n", severity, message);
	else if (strcmp(severity, "WARNING") == 0 && !was_said(cli, message))
		message_warn("warning: %s", message);
}

/* The client connects at its first request, so a mistake in a URL is told here, and a server
 * that is not there by who asks it something. */
int
opening_open(Cli *cli)
{
	dba_error  *error = NULL;
	int			code = opening_resolve(cli);

	if (code != CODE_DONE || cli->db != NULL)
		return code;
	cli->db = dba_open_config(cli->config, options_value(cli, "profile"), &error);
	if (cli->db == NULL)
		return failure_tell_and_free(cli, error);
	dba_on_notice(cli->db, on_notice, cli);
	return CODE_DONE;
}

/* Where db.toml names none the argument is absent, and the verb's own default holds. */
static void
add_setting(const Cli *cli, cJSON *arguments, const char *key, const char *argument)
{
	cJSON	   *list = NULL;
	const char *name;

	for (size_t i = 0; (name = dba_config_element(cli->config, key, i)) != NULL; i++)
	{
		if (list == NULL)
			list = cJSON_AddArrayToObject(arguments, argument);
		cJSON_AddItemToArray(list, cJSON_CreateString(name));
	}
}

/* A comma within the arguments of a function, or within quotes, ends no pattern. */
static size_t
pattern_length(const char *text)
{
	bool		quoted = false;
	int			depth = 0;
	size_t		length;

	for (length = 0; text[length] != '\0'; length++)
	{
		if (text[length] == '"')
			quoted = !quoted;
		else if (!quoted && text[length] == '(')
			depth++;
		else if (!quoted && text[length] == ')')
			depth--;
		else if (!quoted && depth <= 0 && text[length] == ',')
			break;
	}
	return length;
}

/* What --ignore lists. */
static void
add_ignored(cJSON *arguments, const char *text)
{
	cJSON	   *list = cJSON_AddArrayToObject(arguments, "ignore");

	while (*text != '\0')
	{
		size_t		length = pattern_length(text);
		char	   *pattern = strndup(text, length);

		if (length > 0)
			cJSON_AddItemToArray(list, cJSON_CreateString(pattern));
		free(pattern);
		text += length + (text[length] == ',');
	}
}

cJSON *
opening_compared(const Cli *cli, cJSON *arguments)
{
	const char *ignore = options_value(cli, "ignore");

	/* as it is written: who names a pattern alone has owners compared, as in SQL */
	add_setting(cli, arguments, "schema.exclude", "exclude");
	if (ignore != NULL)
		add_ignored(arguments, ignore);
	else
		add_setting(cli, arguments, "schema.ignore", "ignore");
	return arguments;
}
