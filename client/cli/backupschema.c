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

static const char derive_sql[] =
	"SELECT db_adapter.derive_backup_schema()::pg_catalog.text AS schema";

/* A schema that the plan is going to make has no rows yet. */
static const char derive_planned_sql[] =
	"SELECT CASE WHEN n.names IS NULL THEN '{\"tables\": []}'"
	" ELSE db_adapter.derive_backup_schema(schemas => n.names)::pg_catalog.text END AS schema"
	"  FROM (SELECT pg_catalog.array_agg(s.nspname) AS names FROM pg_catalog.pg_namespace s"
	" WHERE s.nspname::pg_catalog.text OPERATOR(pg_catalog.=) ANY (ARRAY("
	"SELECT pg_catalog.jsonb_array_elements_text(($1::pg_catalog.jsonb)"
	" OPERATOR(pg_catalog.->) 'schemas')))) AS n";

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

/* "" for what bears none: who reads the schema for real refuses it. */
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
 * each command that relies on it says so.
 *
 * plan: only of the schemas that it looked at; NULL: of all. */
static char *
derive_backup_schema(Cli *cli, const char *plan)
{
	CliCall		call = {0};
	cJSON	   *params = plan != NULL ? cJSON_CreateArray() : NULL;
	char	   *text = NULL;

	if (plan != NULL)
		cJSON_AddItemToArray(params, cJSON_CreateRaw(plan));
	if (call_execute(cli, &call, plan != NULL ? derive_planned_sql : derive_sql, params) ==
		CODE_DONE)
		text = strdup(dba_result_text(call.result, 0, "schema"));
	call_free(&call);
	return text;
}

static bool
has_tables(const cJSON *schema)
{
	return cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(schema, "tables")) > 0;
}

/* The text of the schema and the schema itself; NULL: said. */
static char *
load_backup_schema(Cli *cli, const char *plan, cJSON **schema)
{
	const char *path = options_value_or_config(cli, "backup-schema", "schema.backup_schema");
	char	   *text = NULL;

	if (path != NULL)
		*schema = document_read_file(path, "backup schema", &text);
	else if ((text = derive_backup_schema(cli, plan)) != NULL)
		*schema = document_parse("derived backup schema", text, strlen(text));
	if (*schema == NULL || cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(*schema, "tables")))
		return text;
	message_usage("backup schema \"%s\" is not a JSON object with an array \"tables\"",
				  path != NULL ? path : "derived");
	free(text);
	return NULL;
}

/* list: only the tables named in it; NULL: all.  No table at all is said, and is NULL too. */
static char *
read_backup_schema(Cli *cli, const char *list)
{
	cJSON	   *schema = NULL;
	char	   *text = load_backup_schema(cli, NULL, &schema);

	if (text != NULL && !has_tables(schema))
	{
		message_usage("there is no table: neither the backup schema nor the database has one");
		free(text);
		text = NULL;
	}
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

/*
 * A plan may change schemas that no backup schema of the project speaks of, so theirs is
 * derived.
 */
char *
backupschema_read_planned(Cli *cli, const char *plan, bool *empty)
{
	cJSON	   *schema = NULL;
	char	   *text = load_backup_schema(cli, plan, &schema);

	*empty = text != NULL && !has_tables(schema);
	cJSON_Delete(schema);
	return text;
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
