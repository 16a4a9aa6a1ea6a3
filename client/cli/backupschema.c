/*
 * backupschema.c
 *		The backup schema: read, or derived by the server from its foreign keys.
 *
 * A list of tables narrows it.  A name in that list which is not there is an error with
 * the nearest one, never a shorter backup.
 *
 * The text goes to the server as it stood in the file, unless tables were picked from it:
 * what we do not know in it is the server's to judge.
 */
#include <stdlib.h>
#include <string.h>

#include "print.h"
#include "command.h"
#include "file.h"

#define MAX_NEAREST 1000 /* tables among which the one meant is looked for */

/* Is the name in "a,b, c"? */
static bool
is_listed(const char *list, const char *name)
{
	while (*list != '\0')
	{
		size_t		len;

		list += strspn(list, ", ");
		len = strcspn(list, ", ");
		if (len > 0 && len == strlen(name) && memcmp(list, name, len) == 0)
			return true;
		list += len;
	}
	return false;
}

static const char *
table_name(const cJSON *table)
{
	const char *name = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(table, "name"));

	return name != NULL ? name : "";
}

/* Is a table of that name among them?  False: said, with the nearest one. */
static bool
has_table(const cJSON *tables, const char *name)
{
	const char *names[MAX_NEAREST];
	const char *nearest;
	const cJSON *table;
	size_t		count = 0;

	cJSON_ArrayForEach(table, tables)
	{
		if (strcmp(table_name(table), name) == 0)
			return true;
		if (count < MAX_NEAREST)
			names[count++] = table_name(table);
	}
	nearest = dba_nearest(name, names, count);
	message_usage("table \"%s\" is not in the backup schema%s%s%s", name,
				  nearest != NULL ? "; perhaps you meant \"" : "", nearest != NULL ? nearest : "",
				  nearest != NULL ? "\"" : "");
	return false;
}

/* Keep the tables that are listed; a listed one that is not there is an error. */
static bool
keep_tables(cJSON *schema, const char *list)
{
	cJSON	   *tables = cJSON_GetObjectItemCaseSensitive(schema, "tables");
	char	   *copy = strdup(list);
	bool		ok = copy != NULL;

	for (char *name = ok ? strtok(copy, ", ") : NULL; name != NULL && ok; name = strtok(NULL, ", "))
		ok = has_table(tables, name);
	free(copy);
	for (int i = cJSON_GetArraySize(tables) - 1; i >= 0 && ok; i--)
	{
		if (!is_listed(list, table_name(cJSON_GetArrayItem(tables, i))))
			cJSON_DeleteItemFromArray(tables, i);
	}
	return ok;
}

/* By the server, from the foreign keys that it knows; what it makes up is shown by nobody, so
 * each command that relies on it says so. */
static char *
derive_backup_schema(Cli *cli)
{
	CliCall		call = {0};
	char	   *text = NULL;

	if (call_execute(cli, &call,
					 "SELECT db_adapter.derive_backup_schema()::pg_catalog.text AS schema",
					 NULL) == CODE_DONE)
		text = strdup(dba_result_text(call.result, 0, "schema"));
	call_free(&call);
	return text;
}

/* The text of the schema and the schema itself; NULL: said. */
static char *
load_backup_schema(Cli *cli, cJSON **schema)
{
	const char *path = options_value_or_config(cli, "backup-schema", "schema.backup_schema");
	char	   *text = NULL;

	if (path != NULL)
		*schema = document_read_file(path, "backup schema", &text);
	else if ((text = derive_backup_schema(cli)) != NULL)
		*schema = document_parse("derived backup schema", text, strlen(text));
	if (*schema == NULL || cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(*schema, "tables")))
		return text;
	message_usage("backup schema \"%s\" is not a JSON object with an array \"tables\"",
				  path != NULL ? path : "derived");
	free(text);
	return NULL;
}

/* list: only the tables named in it; NULL: all. */
static char *
read_backup_schema(Cli *cli, const char *list)
{
	cJSON	   *schema = NULL;
	char	   *text = load_backup_schema(cli, &schema);

	if (text != NULL && list != NULL)
	{
		free(text);
		text = keep_tables(schema, list) ? cJSON_PrintUnformatted(schema) : NULL;
	}
	cJSON_Delete(schema);
	return text;
}

char *
backupschema_read(Cli *cli)
{
	return read_backup_schema(cli, options_value(cli, "tables"));
}

char *
backupschema_read_whole(Cli *cli)
{
	return read_backup_schema(cli, NULL);
}

/* Where the server failed that has its own code; else the file was wrong, which is usage. */
int
backupschema_code(const Cli *cli)
{
	return cli->failure_code != CODE_DONE ? cli->failure_code : CODE_USAGE;
}
