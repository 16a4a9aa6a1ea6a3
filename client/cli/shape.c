/*
 * shape.c
 *		Why rows of two databases may never become equal: columns that one side alone has,
 *		or has of another type.
 *
 * Told of tables whose rows differ, after their rows were compared; where a side cannot be
 * asked nothing is told, for the sync itself has said what became of it.
 */
#include <string.h>

#include "print.h"
#include "command.h"

static const char columns_sql[] =
	"SELECT t.name AS \"table\", a.attname AS name,"
	" pg_catalog.format_type(a.atttypid, a.atttypmod) AS type"
	" FROM pg_catalog.unnest($1::pg_catalog.text[]) AS t (name)"
	" JOIN pg_catalog.pg_attribute a ON a.attrelid OPERATOR(pg_catalog.=) pg_catalog.to_regclass("
	"CASE WHEN pg_catalog.strpos(t.name, '.') OPERATOR(pg_catalog.=) 0"
	" THEN pg_catalog.concat('public.', t.name) ELSE t.name END)"
	" WHERE a.attnum OPERATOR(pg_catalog.>) 0 AND NOT a.attisdropped";

static bool
ask(dba_client *db, cJSON *tables, CliCall *call)
{
	cJSON	   *params = cJSON_CreateArray();
	dba_request request;

	cJSON_AddItemReferenceToArray(params, tables);
	request = dba_execute_json(db, columns_sql, params, call_called, call);
	while (request != 0 && !call->done)
		(void) dba_wait(db, request, 100);
	cJSON_Delete(params);
	return call->result != NULL;
}

static bool
is_text(const dba_result *result, size_t row, const char *column, const char *text)
{
	const char *found = dba_result_text(result, row, column);

	return found != NULL && strcmp(found, text) == 0;
}

/* The type of that column on the other side; NULL: it has none. */
static const char *
type_of(const dba_result *columns, const char *table, const char *name)
{
	for (size_t i = 0; i < dba_result_rows(columns); i++)
		if (is_text(columns, i, "table", table) && is_text(columns, i, "name", name))
			return dba_result_text(columns, i, "type");
	return NULL;
}

static void
compare(const dba_result *here, const dba_result *there, bool types)
{
	for (size_t i = 0; i < dba_result_rows(here); i++)
	{
		const char *table = dba_result_text(here, i, "table");
		const char *name = dba_result_text(here, i, "name");
		const char *type = dba_result_text(here, i, "type");
		const char *other = type_of(there, table, name);

		if (other == NULL)
			message_warn("rows of table %s may differ after every sync: column %s is only %s",
						 table, name, types ? "here" : "in the source");
		else if (types && strcmp(type, other) != 0)
			message_warn("rows of table %s may differ after every sync: column %s is %s here and "
						 "%s in the source",
						 table, name, type, other);
	}
}

void
shape_warn(Cli *cli, const dba_result *synced)
{
	cJSON	   *tables = cJSON_CreateArray();
	CliCall		here = {0};
	CliCall		there = {0};

	for (size_t i = 0; i < dba_result_rows(synced); i++)
		if (call_number(synced, i, "changed") > 0)
			cJSON_AddItemToArray(tables, cJSON_CreateString(dba_result_text(synced, i, "table")));
	if (cJSON_GetArraySize(tables) > 0 && !signals_interrupted() && ask(cli->db, tables, &here) &&
		ask(cli->source, tables, &there))
	{
		compare(here.result, there.result, true);
		compare(there.result, here.result, false);
	}
	call_free(&here);
	call_free(&there);
	cJSON_Delete(tables);
}
