/*
 * cmd_profiles.c
 *		profiles: those of db.toml, the current one marked.
 *
 * URLs come from the library, which has masked their passwords.
 */
#include <string.h>

#include "print.h"
#include "command.h"

/* Valid until the next call. */
static const char *
profile_value(const Cli *cli, const char *profile, const char *key)
{
	static char path[1024];

	snprintf(path, sizeof(path), "profiles.%s.%s", profile, key);
	return dba_config_value(cli->config, path);
}

/* The current profile's name, without a word when there is none. */
static const char *
current_profile(Cli *cli)
{
	cli->profile = dba_resolve_profile(cli->config, options_value(cli, "profile"), NULL);
	return cli->profile != NULL ? dba_profile_name(cli->profile) : "";
}

/*
 * A row of the table, or an entry of the list: whichever there is.  URLs come without their
 * passwords.
 */
static void
add_profile(cJSON *list, CliTable *table, const Cli *cli, const char *name, bool current)
{
	const char *provider = profile_value(cli, name, "provider");
	const char *url = profile_value(cli, name, "url");
	const char *description = profile_value(cli, name, "description");
	cJSON	   *entry;

	if (table != NULL)
	{
		table_add(table, (const char *[]){current ? "*" : "", name, provider, url, description});
		return;
	}
	entry = cJSON_CreateObject();
	cJSON_AddStringToObject(entry, "name", name);
	cJSON_AddBoolToObject(entry, "current", current);
	cJSON_AddStringToObject(entry, "provider", provider);
	cJSON_AddStringToObject(entry, "url", url != NULL ? url : "");
	cJSON_AddStringToObject(entry, "description", description != NULL ? description : "");
	cJSON_AddItemToArray(list, entry);
}

int
cmd_profiles(Cli *cli)
{
	cJSON	   *document;
	cJSON	   *list;
	CliTable   *table;
	const char *current;
	const char *name;
	int			code = opening_load(cli);

	if (code != CODE_DONE)
		return code;
	current = current_profile(cli);
	document = cJSON_CreateObject();
	list = cJSON_AddArrayToObject(document, "profiles");
	table = cli->json ? NULL : table_new(cli, " |Profile|Provider|~URL|Description");
	for (size_t i = 0; (name = dba_config_profile(cli->config, i)) != NULL; i++)
		add_profile(list, table, cli, name, strcmp(name, current) == 0);
	if (cli->json)
		document_print(document);
	else
	{
		cJSON_Delete(document);
		if (dba_config_profile(cli->config, 0) == NULL)
			message_note(cli, "no profiles");
		table_print(table);
	}
	return CODE_DONE;
}
