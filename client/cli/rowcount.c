/*
 * rowcount.c
 *		How many rows each table has, for `status` and `connect`.
 *
 * Exact as long as counting is cheap.  Where the planner knows of very many rows its
 * estimate is shown, and marked.  A table that the role may not read is listed without a
 * number: not to be seen is not the same as empty.
 */
#include <string.h>

#include "print.h"
#include "command.h"

#define EXACT_ROWS 1000000 /* beyond this the planner's estimate will do */

/* Operators of the very types they are given: a closer one may be anybody's, in public. */
static const char tables_sql[] =
	"SELECT n.nspname AS schema, c.relname AS name,"
	" CASE WHEN c.relkind = 'p' THEN -1 ELSE c.reltuples::pg_catalog.int8 END AS estimate"
	"  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
	" WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition"
	"   AND n.nspname NOT IN ('information_schema', 'db_adapter')"
	"   AND NOT pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_'::pg_catalog.text)"
	"   AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = "
	"'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid"
	"                   AND d.objid = c.oid AND d.deptype = 'e')"
	" ORDER BY n.nspname <> 'public', 1, 2";

/* The library's filters take a table by its quoted name; schema "" is left out. */
static void
quote_name(char *to, size_t size, const char *schema, const char *name)
{
	size_t		n = 0;

	for (int part = *schema != '\0' ? 0 : 1; part < 2; part++)
	{
		const char *text = part == 0 ? schema : name;

		if (n > 0)
			to[n++] = '.';
		to[n++] = '"';
		for (; *text != '\0' && n + 4 < size; text++)
		{
			if (*text == '"')
				to[n++] = '"';
			to[n++] = *text;
		}
		to[n++] = '"';
	}
	to[n] = '\0';
}

/* One table's rows: exact, or estimated when there are very many; null: not to be seen.
 * schema "": the service's default. */
static void
add_count(Cli *cli, cJSON *counts, const char *schema, const char *name, int64_t estimate)
{
	cJSON	   *entry = cJSON_CreateObject();
	CliCall		call = {0};
	int64_t		rows = estimate;
	bool		is_public = *schema == '\0' || strcmp(schema, "public") == 0;
	char		quoted[600];

	snprintf(quoted, sizeof(quoted), "%s%s%s", is_public ? "" : schema, is_public ? "" : ".", name);
	cJSON_AddStringToObject(entry, "table", quoted);
	quote_name(quoted, sizeof(quoted), schema, name);
	if (estimate <= EXACT_ROWS && (!call_wait_quietly(cli, &call,
													  dba_select(cli->db, quoted, "count(*) as n",
																 NULL, NULL, call_called, &call)) ||
								   !dba_result_int64(call.result, 0, "n", &rows)))
		cJSON_AddNullToObject(entry, "rows");
	else
		cJSON_AddNumberToObject(entry, "rows", (double) rows);
	cJSON_AddBoolToObject(entry, "estimated", estimate > EXACT_ROWS);
	cJSON_AddItemToArray(counts, entry);
	call_free(&call);
}

/* PostgREST describes tables without their sizes. */
static cJSON *
count_hosted_rows(Cli *cli)
{
	CliCall		call = {0};
	cJSON	   *counts = NULL;
	cJSON	   *tables;
	const cJSON *table;

	if (call_wait(cli, &call, dba_test_connection(cli->db, call_called, &call)) == CODE_DONE)
	{
		counts = cJSON_CreateArray();
		tables = dba_result_json(call.result, 0, "tables");
		cJSON_ArrayForEach(table, tables)
		{
			if (!signals_interrupted())
				add_count(cli, counts, "", table->valuestring, 0);
		}
		cJSON_Delete(tables);
	}
	call_free(&call);
	return counts;
}

/* Ctrl-C ends the counting between two tables, with those that were counted. */
cJSON *
rowcount_read(Cli *cli)
{
	CliCall		call = {0};
	cJSON	   *counts = NULL;

	if (cli_is_hosted(cli))
		return count_hosted_rows(cli);
	if (call_execute(cli, &call, tables_sql, NULL) == CODE_DONE)
	{
		counts = cJSON_CreateArray();
		for (size_t i = 0; i < dba_result_rows(call.result) && !signals_interrupted(); i++)
		{
			int64_t		estimate = -1;

			dba_result_int64(call.result, i, "estimate", &estimate);
			add_count(cli, counts, dba_result_text(call.result, i, "schema"),
					  dba_result_text(call.result, i, "name"), estimate);
		}
	}
	call_free(&call);
	return counts;
}

void
rowcount_print(Cli *cli, const cJSON *counts)
{
	CliTable   *table;
	const cJSON *entry;

	if (cJSON_GetArraySize(counts) == 0)
	{
		puts("no tables");
		return;
	}
	table = table_new(cli, "Table|>Rows");
	cJSON_ArrayForEach(entry, counts)
	{
		const cJSON *rows = cJSON_GetObjectItemCaseSensitive(entry, "rows");
		bool		estimated = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "estimated"));
		char		text[64] = "no right to read";

		if (cJSON_IsNumber(rows))
			snprintf(text, sizeof(text), "%s%s", estimated ? "~" : "",
					 text_thousands((int64_t) rows->valuedouble));
		table_add(table, (const char *[]){
							 cJSON_GetObjectItemCaseSensitive(entry, "table")->valuestring, text});
	}
	table_print(table);
}
