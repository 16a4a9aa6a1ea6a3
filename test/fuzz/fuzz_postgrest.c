/*
 * fuzz_postgrest.c
 *		A service's answer: rows, what a function returned, an error, its
 *		description, and the request for the page behind a row of it.
 *
 * The first byte says what the answer is of, the rest is its body.
 */
#include "fuzz.h"

#include <string.h>

#include <cjson/cJSON.h>

#include "sql/result.h"
#include "supabase/rows.h"
#include "supabase/wire.h"

static void
look_at(PGresult *rows)
{
	Types	   *types = types_new();
	dba_result	result;
	cJSON	   *json;

	result_init(&result, rows, types, 0);
	json = dba_result_rows_json(&result);
	cJSON_Delete(json);
	PQclear(rows);
	types_unref(types);
}

static void
read_as_rows(const JsonValue *value, ApiTable *table, dba_error **error)
{
	PGresult   *rows = NULL;

	if (rows_read(&rows, value, NULL, table, error))
		look_at(rows);
	else
		PQclear(rows);
}

/* Rows of a table that describes itself, and the page behind the last of them. */
static void
read_as_description(Arena *arena, const JsonValue *value, dba_error **error)
{
	const JsonValue *rows = json_member(value, "rows");
	ApiTable   *tables = NULL;
	dba_query	query;
	Wire		wire = {0};

	if (!api_read(arena, value, &tables) || tables == NULL)
		return;
	query_init(&query, "t");
	query_filters(&query, "{\"a\": [1, {}], \"b\": {\"contains\": [1]}}", NULL);
	if (wire_select(&wire, &query, tables, error) && rows != NULL && rows->first != NULL &&
		wire_has_key_order(&query, tables))
		wire_after_key(&wire, tables, rows->first);
	if (rows != NULL)
		read_as_rows(rows, tables, error);
	wire_free(&wire);
	query_free(&query);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	Arena		arena = {NULL};
	HttpReply	reply = {.status = 400};
	dba_error  *error = NULL;
	PGresult   *rows = NULL;

	if (size == 0)
		return 0;
	reply.value = json_parse(&arena, (const char *) data + 1, size - 1, "answer", NULL);
	if (data[0] % 4 == 0)
		error = reply_error(&reply);
	else if (reply.value != NULL && data[0] % 4 == 1)
		read_as_rows(reply.value, NULL, &error);
	else if (reply.value != NULL && data[0] % 4 == 2)
	{
		if (rows_of_call(&rows, reply.value, "f", data[0] / 4 - 1, &error))
			look_at(rows);
		else
			PQclear(rows);
	}
	else if (reply.value != NULL)
		read_as_description(&arena, reply.value, &error);
	dba_error_free(error);
	arena_free(&arena);
	return 0;
}
