/*
 * crud.c
 *		The plain calls and the queries: each makes a dba_query and a request, and
 *		gives both to the provider.
 *
 * Nothing is sent from here, and nothing about SQL is known here.  Every call comes in
 * two forms, JSON text and cJSON trees, which meet in one tree of our own before the
 * provider sees it; what is wrong with an argument becomes the request's error and
 * arrives by its callback, like any other failure.
 */
#include <string.h>

#include "base/mem.h"
#include "core/provider.h"

/* A plain request of autocommit statements may share a connection. */
static Request *
crud_request(dba_client *db, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_STATEMENT, cb, arg);

	if (request != NULL)
		request->wire.shareable = true;
	return request;
}

/* An argument that is JSON text or a tree, read into the arena; its values are `depth`
 * levels down. */
static JsonValue *
crud_json(Arena *arena, const char *text, const cJSON *tree, size_t depth, const char *what,
		  dba_error **err)
{
	if (text != NULL)
		return json_parse_values(arena, text, strlen(text), depth, what, err);
	if (tree != NULL)
		return json_values_from_cjson(arena, tree, depth, what, err);
	error_set(err, DBA_INVALID, "%s is missing", what);
	return NULL;
}

/* Either form of an optional argument. */
typedef struct Json
{
	const char *text;
	const cJSON *tree;
} Json;

#define JSON_OF_TEXT(t) ((Json){.text = (t)})
#define JSON_OF_TREE(t) ((Json){.tree = (t)})

static bool
json_given(Json json)
{
	return json.text != NULL || json.tree != NULL;
}

/* --- select */

static dba_request
crud_select(Request *request, const dba_query *query)
{
	if (request == NULL)
		return 0;
	request->json_null = query->json_null;
	return request->core->provider->select(request, query);
}

static dba_request
crud_select_plain(Request *request, const char *table, const char *columns, Json filters,
				  const char *order_by)
{
	dba_query	query;
	dba_request id;

	if (request == NULL)
		return 0;
	query_init(&query, table);
	dba_query_columns(&query, columns);
	query_filters(&query, filters.text, filters.tree);
	dba_query_order(&query, order_by);
	id = crud_select(request, &query);
	query_free(&query);
	return id;
}

dba_request
dba_select(dba_client *db, const char *table, const char *columns, const char *filters,
		   const char *order_by, dba_callback cb, void *arg)
{
	return crud_select_plain(crud_request(db, cb, arg), table, columns, JSON_OF_TEXT(filters),
							 order_by);
}

dba_request
dba_select_json(dba_client *db, const char *table, const char *columns, const cJSON *filters,
				const char *order_by, dba_callback cb, void *arg)
{
	return crud_select_plain(crud_request(db, cb, arg), table, columns, JSON_OF_TREE(filters),
							 order_by);
}

dba_request
dba_query_select(dba_client *db, const dba_query *query, dba_callback cb, void *arg)
{
	return crud_select(crud_request(db, cb, arg), query);
}

/* A stream holds its connection: nothing shares it. */
static Request *
crud_stream_request(dba_client *db, dba_row_fn row, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_STATEMENT, cb, arg);

	if (request != NULL)
		request->stream.row = row;
	return request;
}

dba_request
dba_select_stream(dba_client *db, const char *table, const char *columns, const char *filters,
				  const char *order_by, dba_row_fn row, dba_callback cb, void *arg)
{
	return crud_select_plain(crud_stream_request(db, row, cb, arg), table, columns,
							 JSON_OF_TEXT(filters), order_by);
}

dba_request
dba_query_stream(dba_client *db, const dba_query *query, dba_row_fn row, dba_callback cb, void *arg)
{
	return crud_select(crud_stream_request(db, row, cb, arg), query);
}

/* --- insert, upsert */

static dba_request
crud_insert(Request *request, const dba_query *query, Json row)
{
	Arena		arena = {NULL};
	dba_error  *error = NULL;
	JsonValue  *value;

	if (request == NULL)
		return 0;
	value = crud_json(&arena, row.text, row.tree, 1, "row", &error);
	query_mark_nulls(query, value);
	request->json_null = query->json_null;
	return request->core->provider->insert(request, query, &arena, value, error);
}

static dba_request
crud_insert_plain(dba_client *db, const char *table, Json row, const char *conflict,
				  dba_callback cb, void *arg)
{
	dba_query	query;
	dba_request id;

	query_init(&query, table);
	if (conflict != NULL)
		dba_query_conflict(&query, conflict);
	id = crud_insert(crud_request(db, cb, arg), &query, row);
	query_free(&query);
	return id;
}

dba_request
dba_insert(dba_client *db, const char *table, const char *row, dba_callback cb, void *arg)
{
	return crud_insert_plain(db, table, JSON_OF_TEXT(row), NULL, cb, arg);
}

dba_request
dba_insert_json(dba_client *db, const char *table, const cJSON *row, dba_callback cb, void *arg)
{
	return crud_insert_plain(db, table, JSON_OF_TREE(row), NULL, cb, arg);
}

dba_request
dba_upsert(dba_client *db, const char *table, const char *row, const char *conflict_columns,
		   dba_callback cb, void *arg)
{
	return crud_insert_plain(db, table, JSON_OF_TEXT(row),
							 conflict_columns != NULL ? conflict_columns : "", cb, arg);
}

dba_request
dba_upsert_json(dba_client *db, const char *table, const cJSON *row, const char *conflict_columns,
				dba_callback cb, void *arg)
{
	return crud_insert_plain(db, table, JSON_OF_TREE(row),
							 conflict_columns != NULL ? conflict_columns : "", cb, arg);
}

/* --- insert_many: the provider decides how */

static dba_request
crud_insert_many(dba_client *db, const dba_query *query, Json rows, dba_callback cb, void *arg)
{
	Arena		arena = {NULL};
	dba_error  *error = NULL;
	JsonValue  *value = crud_json(&arena, rows.text, rows.tree, 2, "rows", &error);
	Request	   *request;

	/* No rows are what a program that collects them may well have. */
	if (value != NULL && value->type == JSON_TYPE_ARRAY && value->count == 0 &&
		query_check(query, &error))
	{
		arena_free(&arena);
		request = request_new(db, REQUEST_STATEMENT, cb, arg);
		return request != NULL ? request_settle(request) : 0;
	}
	query_mark_nulls(query, value);
	return db->core->provider->insert_many(db, query, &arena, value, error, cb, arg);
}

static dba_request
crud_insert_many_plain(dba_client *db, const char *table, Json rows, dba_callback cb, void *arg)
{
	dba_query	query;
	dba_request id;

	query_init(&query, table);
	id = crud_insert_many(db, &query, rows, cb, arg);
	query_free(&query);
	return id;
}

dba_request
dba_insert_many(dba_client *db, const char *table, const char *rows, dba_callback cb, void *arg)
{
	return crud_insert_many_plain(db, table, JSON_OF_TEXT(rows), cb, arg);
}

dba_request
dba_insert_many_json(dba_client *db, const char *table, const cJSON *rows, dba_callback cb,
					 void *arg)
{
	return crud_insert_many_plain(db, table, JSON_OF_TREE(rows), cb, arg);
}

dba_request
dba_query_insert(dba_client *db, const dba_query *query, const char *rows, dba_callback cb,
				 void *arg)
{
	/*
	 * One row or many, by what was given: a single object keeps the plain INSERT, which may
	 * share a connection.
	 */
	if (rows != NULL && rows[strspn(rows, " \t\r\n")] == '[')
		return crud_insert_many(db, query, JSON_OF_TEXT(rows), cb, arg);
	return crud_insert(crud_request(db, cb, arg), query, JSON_OF_TEXT(rows));
}

/* --- update, delete */

static dba_request
crud_update(Request *request, const dba_query *query, Json row)
{
	Arena		arena = {NULL};
	dba_error  *error = NULL;
	JsonValue  *value;

	if (request == NULL)
		return 0;
	value = crud_json(&arena, row.text, row.tree, 1, "row", &error);
	query_mark_nulls(query, value);
	request->json_null = query->json_null;
	return request->core->provider->update(request, query, &arena, value, error);
}

static dba_request
crud_update_plain(dba_client *db, const char *table, Json row, Json filters, dba_callback cb,
				  void *arg)
{
	dba_query	query;
	dba_request id;

	query_init(&query, table);
	if (json_given(filters))
		query_filters(&query, filters.text, filters.tree);
	id = crud_update(crud_request(db, cb, arg), &query, row);
	query_free(&query);
	return id;
}

dba_request
dba_update(dba_client *db, const char *table, const char *row, const char *filters, dba_callback cb,
		   void *arg)
{
	return crud_update_plain(db, table, JSON_OF_TEXT(row), JSON_OF_TEXT(filters), cb, arg);
}

dba_request
dba_update_json(dba_client *db, const char *table, const cJSON *row, const cJSON *filters,
				dba_callback cb, void *arg)
{
	return crud_update_plain(db, table, JSON_OF_TREE(row), JSON_OF_TREE(filters), cb, arg);
}

dba_request
dba_query_update(dba_client *db, const dba_query *query, const char *row, dba_callback cb,
				 void *arg)
{
	return crud_update(crud_request(db, cb, arg), query, JSON_OF_TEXT(row));
}

static dba_request
crud_delete(Request *request, const dba_query *query)
{
	if (request == NULL)
		return 0;
	request->json_null = query->json_null;
	return request->core->provider->remove(request, query);
}

static dba_request
crud_delete_plain(dba_client *db, const char *table, Json filters, dba_callback cb, void *arg)
{
	dba_query	query;
	dba_request id;

	query_init(&query, table);
	if (json_given(filters))
		query_filters(&query, filters.text, filters.tree);
	id = crud_delete(crud_request(db, cb, arg), &query);
	query_free(&query);
	return id;
}

dba_request
dba_delete(dba_client *db, const char *table, const char *filters, dba_callback cb, void *arg)
{
	return crud_delete_plain(db, table, JSON_OF_TEXT(filters), cb, arg);
}

dba_request
dba_delete_json(dba_client *db, const char *table, const cJSON *filters, dba_callback cb, void *arg)
{
	return crud_delete_plain(db, table, JSON_OF_TREE(filters), cb, arg);
}

dba_request
dba_query_delete(dba_client *db, const dba_query *query, dba_callback cb, void *arg)
{
	return crud_delete(crud_request(db, cb, arg), query);
}

/* --- execute, call */

static dba_request
crud_execute(Request *request, const char *sql, Json params)
{
	Arena		arena = {NULL};
	dba_error  *error = NULL;
	JsonValue  *value = NULL;

	if (request == NULL)
		return 0;
	if (json_given(params))
		value = crud_json(&arena, params.text, params.tree, 1, "params", &error);
	if (sql == NULL)
		error_set(&error, DBA_INVALID, "the statement is missing");
	return request->core->provider->execute(request, sql, &arena, value, error);
}

dba_request
dba_execute(dba_client *db, const char *sql, const char *params, dba_callback cb, void *arg)
{
	return crud_execute(request_new(db, REQUEST_STATEMENT, cb, arg), sql, JSON_OF_TEXT(params));
}

dba_request
dba_execute_json(dba_client *db, const char *sql, const cJSON *params, dba_callback cb, void *arg)
{
	return crud_execute(request_new(db, REQUEST_STATEMENT, cb, arg), sql, JSON_OF_TREE(params));
}

dba_request
dba_execute_stream(dba_client *db, const char *sql, const char *params, dba_row_fn row,
				   dba_callback cb, void *arg)
{
	return crud_execute(crud_stream_request(db, row, cb, arg), sql, JSON_OF_TEXT(params));
}

static dba_request
crud_call(Request *request, const char *function, Json args)
{
	Arena		arena = {NULL};
	dba_error  *error = NULL;
	JsonValue  *value = NULL;

	if (request == NULL)
		return 0;
	if (json_given(args))
		value = crud_json(&arena, args.text, args.tree, 1, "args", &error);
	return request->core->provider->call(request, function, &arena, value, error);
}

dba_request
dba_call(dba_client *db, const char *function, const char *args, dba_callback cb, void *arg)
{
	return crud_call(request_new(db, REQUEST_STATEMENT, cb, arg), function, JSON_OF_TEXT(args));
}

dba_request
dba_call_json(dba_client *db, const char *function, const cJSON *args, dba_callback cb, void *arg)
{
	return crud_call(request_new(db, REQUEST_STATEMENT, cb, arg), function, JSON_OF_TREE(args));
}

/* --- what only the provider knows how to do */

dba_request
dba_backup(dba_client *db, const char *options, dba_sink_fn sink, dba_progress_fn progress,
		   dba_callback cb, void *arg)
{
	return db->core->provider->backup(db, options, sink, progress, cb, arg);
}

dba_request
dba_restore(dba_client *db, const char *options, dba_source_fn source, dba_progress_fn progress,
			dba_callback cb, void *arg)
{
	return db->core->provider->restore(db, options, source, progress, cb, arg);
}

dba_request
dba_test_connection(dba_client *db, dba_callback cb, void *arg)
{
	return db->core->provider->test(db, cb, arg);
}

dba_request
dba_connect_and_validate(dba_client *db, dba_callback cb, void *arg)
{
	return db->core->provider->validate(db, cb, arg);
}

/* A listener is counted until it has called back: it alone keeps no loop running. */
dba_request
dba_listen(dba_client *db, const char *channel, dba_notify_fn notify, dba_callback cb, void *arg)
{
	Request	   *request = request_new(db, REQUEST_LISTEN, cb, arg);
	dba_error  *error = NULL;

	if (request == NULL)
		return 0;
	db->core->requests.listeners++;
	request->listen.notify = notify;
	request->listen.channel = mem_strdup(channel);
	if (db->tx != NULL)
		error_set(&error, DBA_INVALID,
				  "a transaction cannot listen: use the client it was begun on");
	else if (request->listen.channel == NULL)
		error_set_no_memory(&error);
	return db->core->provider->listen(request, error);
}
