/*
 * bulk.c
 *		insert_many: many rows in one request.
 */
#include "bulk.h"

#include "verbs.h"

dba_request
bulk_insert(dba_client *db, const dba_query *query, Arena *arena, JsonValue *rows, dba_error *error,
			dba_callback cb, void *arg)
{
	Request    *request = request_new(db, REQUEST_STATEMENT, cb, arg);
	SqlStatement st = {.arena = *arena};
	JsonValue  *columns = NULL;
	bool		even;

	*arena = (Arena) {NULL};
	if (request == NULL)
	{
		sql_free(&st);
		dba_error_free(error);
		return 0;
	}
	if (rows != NULL)
		columns = sql_rows_columns(&st.arena, rows, &even, &error);
	if (columns != NULL)
		sql_insert_values(&st, query, columns, rows->first, rows->count, &error);
	return verbs_submit(request, &st, error);
}
