/*
 * db_adapter.h
 *		libdbadapter: an asynchronous PostgreSQL client with a pool,
 *		transactions, streams and profiles, driven by the caller's event loop.
 *
 * Requests.  A call that submits work returns a dba_request, a number never
 * used twice.  0 means it was not accepted (no memory, or the client is
 * closing) and no callback comes.  For every other return value the callback
 * comes exactly once, with a result or an error, never from inside the
 * submitting call; bad arguments too are reported that way.  Result and error
 * belong to the library and live until the callback returns (dba_result_keep
 * takes a result over).  A callback may submit more, cancel, and close.
 *
 * Strings and JSON given to a call are copied before it returns.  Pointers
 * returned as `const` are borrowed; every other one is the caller's, and its
 * comment says what frees it.  Every *_free accepts NULL.
 *
 * Threads.  One thread at a time may use a client and what came from it;
 * different clients are independent of each other.  A configuration and the
 * clients in its cache (dba_get) count as one.  Not usable after fork.
 *
 * Functions with a `dba_error **err` store an error there when they fail (the
 * caller frees it with dba_error_free) and leave it alone otherwise; err may be
 * NULL, and *err must be NULL on entry.
 */
#ifndef DB_ADAPTER_H
#define DB_ADAPTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C"
{
#endif

#if defined(__GNUC__)
#define DBA_API __attribute__((visibility("default")))
#else
#define DBA_API
#endif

typedef struct cJSON cJSON;		/* from libcjson: cJSON_Delete and friends */

typedef struct dba_client
	dba_client;					/* a pool of connections to one database, or one transaction */
typedef struct dba_result dba_result;	/* rows, or a count */
typedef struct dba_error dba_error;
typedef struct dba_query dba_query; /* what the plain calls cannot say */
typedef struct dba_loop dba_loop;	/* the built-in event loop */
typedef struct dba_config dba_config;	/* a db.toml, its environment and its clients */
typedef struct dba_profile dba_profile; /* a profile, resolved */
typedef struct dba_backup_check dba_backup_check;	/* a backup file under examination */

typedef uint64_t dba_request;

/* "1.0.0" */
extern DBA_API const char *dba_version(void);

/* ---------------------------------------------------------------- errors */

typedef enum dba_code
{
	DBA_OK = 0,
	DBA_INVALID,				/* an argument: what and where is in the message */
	DBA_PROFILE_NOT_FOUND,		/* no profile, or none of that name */
	DBA_CONFIG,					/* db.toml, a setting, an environment variable */
	DBA_CONNECT,				/* no connection, or it was lost */
	DBA_TIMEOUT,				/* connecting, waiting for a connection, or the request itself */
	DBA_SERVER,					/* the server said no: see dba_error_sqlstate */
	DBA_CANCELLED,				/* dba_cancel, or a callback that stopped its stream */
	DBA_CLOSED,					/* dba_close while it was outstanding */
	DBA_NOT_SUPPORTED,			/* not with this provider or this build */
	DBA_NO_MEMORY
} dba_code;

/* All of these accept NULL (DBA_OK, "" and false).  The texts are borrowed from
 * the error, never NULL, "" where the server gave none.  No message holds a
 * password. */
extern DBA_API dba_code dba_error_code(const dba_error *error);
extern DBA_API const char *dba_error_message(const dba_error *error);
extern DBA_API const char *dba_error_sqlstate(const dba_error *error);
extern DBA_API const char *dba_error_detail(const dba_error *error);
extern DBA_API const char *dba_error_hint(const dba_error *error);
extern DBA_API const char *dba_error_where(const dba_error *error);
extern DBA_API const char *dba_error_schema(const dba_error *error);
extern DBA_API const char *dba_error_table(const dba_error *error);
extern DBA_API const char *dba_error_column(const dba_error *error);
extern DBA_API const char *dba_error_constraint(const dba_error *error);

/* true only when nothing of the request was sent: trying again cannot do it twice */
extern DBA_API bool dba_error_retryable(const dba_error *error);

/* a code in words, for messages: "timeout" */
extern DBA_API const char *dba_code_name(dba_code code);

/* a copy of an error given to a callback, to outlive it; dba_error_free */
extern DBA_API dba_error *dba_error_keep(const dba_error *error);

/* frees an error that a function stored through `err`; never one given to a callback */
extern DBA_API void dba_error_free(dba_error *error);

/* frees text that a function handed over (char *, not const) */
extern DBA_API void dba_free(void *text);

/* of `count` words the one spelt most like `word`, for a hint; NULL when none is near */
extern DBA_API const char *dba_nearest(const char *word, const char *const *words, size_t count);

/* ---------------------------------------------------------------- opening and closing */

/*
 * Opens a client; nothing is sent until the first request.  profile_or_url is a
 * profile of ./db.toml, a postgres:// or https:// URL or a libpq key=value
 * string; NULL resolves DB_PROFILE, the lock file and DATABASE_URL, in this
 * order.  Returns NULL with DBA_PROFILE_NOT_FOUND, DBA_CONFIG, DBA_NOT_SUPPORTED
 * (this build lacks the profile's provider) or DBA_NO_MEMORY.  The caller closes it.
 */
extern DBA_API dba_client *dba_open(const char *profile_or_url, dba_error **err);

/* the same with a loaded configuration, which must outlive only this call */
extern DBA_API dba_client *dba_open_config(dba_config *config, const char *profile_or_url,
										   dba_error **err);

/*
 * Closes: every outstanding request is called back with DBA_CLOSED before it
 * returns, connections are dropped, and db is gone.  From inside a callback of
 * the same client it takes effect when that callback has returned.  On a
 * transaction it rolls back instead, without waiting.
 */
extern DBA_API void dba_close(dba_client *db);

/*
 * Settings, by name (docs/client.md lists them: pool_size, connect_timeout_seconds,
 * request_timeout_seconds, …).  dba_set returns false with DBA_INVALID for an
 * unknown name (the nearest one is in the hint), a value that does not parse, or
 * after the first request.  dba_setting returns the text in force, borrowed until
 * the next dba_set; NULL for an unknown name.
 *
 * "reset": what a request leaves in its session (settings, role, advisory locks,
 * temporary tables, LISTEN, cursors, sequences' last values) the next one does not
 * meet, also when a function did it or the request failed.  "smart": undone after
 * execute, call, streams of SQL and transactions with one of these, at no further
 * round trip; "always": after every request; "never".  Not undone: statements that a
 * function prepared (unless the database has the extension), the seed of random(), what
 * other extensions keep.
 *
 * "trace" names a file, or a descriptor by its number, that gets a line for each
 * event of a request: submitted, connection, sent, answered, retried, ended; values
 * stay out of it unless "trace_values" is on.  DBA_CONFIG when it cannot be opened.
 */
extern DBA_API bool dba_set(dba_client *db, const char *name, const char *value, dba_error **err);
extern DBA_API const char *dba_setting(const dba_client *db, const char *name);

/* facts about a client, borrowed: the profile's name ("" for a URL), "postgres"
 * or "supabase", the URL with its password masked */
extern DBA_API const char *dba_profile_of(const dba_client *db);
extern DBA_API const char *dba_provider(const dba_client *db);
extern DBA_API const char *dba_url(const dba_client *db);

/* the caller's own pointer, kept with the client; a transaction shows its parent's */
extern DBA_API void dba_set_data(dba_client *db, void *data);
extern DBA_API void *dba_data(const dba_client *db);

/* ---------------------------------------------------------------- the event loop */

#define DBA_READ 1u
#define DBA_WRITE 2u

/*
 * What a loop must offer.  watch: call dba_process(db, fd, what is ready) when fd
 * is ready for `events`; 0 stops watching.  The library stops watching before it
 * closes a descriptor.  timer: call dba_process(db, -1, 0) once after `ms`
 * milliseconds, replacing the earlier timer; ms < 0 stops it.  *slot is the
 * adapter's to keep a pointer in, one for each descriptor and one for the timer,
 * NULL at first and again after a stop.  Neither may call back into the library.
 * Both return 0, or anything else when there was no memory.
 */
typedef int (*dba_watch_fn)(void *loop, dba_client *db, int fd, unsigned events, void **slot);
typedef int (*dba_timer_fn)(void *loop, dba_client *db, int64_t ms, void **slot);

/*
 * Gives a client to a loop, before its first request; DBA_OK, or DBA_INVALID
 * when it is in use.  The adapters in db_adapter/{libuv,libev,libevent,glib}.h
 * call this.
 */
extern DBA_API dba_code dba_attach(dba_client *db, void *loop, dba_watch_fn watch,
								   dba_timer_fn timer);

/* called by the loop: fd is ready for `events`, or (fd -1) the timer fired */
extern DBA_API void dba_process(dba_client *db, int fd, unsigned events);

/*
 * The built-in loop, over poll().  A client has a loop of its own until it is
 * added to another or attached.  dba_loop_add: DBA_OK, DBA_INVALID when the
 * client is in use, DBA_NO_MEMORY.  dba_loop_run returns when no client of the
 * loop has a request in flight (listeners do not count); DBA_INVALID from inside
 * a callback.  All clients of a loop belong to the thread that runs it.
 * dba_loop_new: NULL when there is no memory; free a loop after its clients are
 * closed.
 */
extern DBA_API dba_loop *dba_loop_new(void);
extern DBA_API dba_code dba_loop_add(dba_loop *loop, dba_client *db);
extern DBA_API dba_code dba_loop_run(dba_loop *loop);
extern DBA_API void dba_loop_free(dba_loop *loop);

/*
 * dba_run: runs every client of db's loop until nothing is in flight.
 * dba_wait: until this request has called back, at most `ms` (-1: for ever);
 * true when it has, also when it had long before.  With a foreign loop both
 * serve db alone.  From inside a callback they return at once (DBA_INVALID, false).
 */
extern DBA_API dba_code dba_run(dba_client *db);
extern DBA_API bool dba_wait(dba_client *db, dba_request request, int64_t ms);

/* requests that have not called back yet, listeners included */
extern DBA_API size_t dba_in_flight(const dba_client *db);

/* ---------------------------------------------------------------- requests */

/*
 * How a request ends.  Exactly one of result and error is not NULL.  db is the
 * client the request was given to; for dba_begin it is the new transaction.
 */
typedef void (*dba_callback)(dba_client *db, const dba_result *result, const dba_error *error,
							 void *arg);

/*
 * Asks for a request to end early; its callback still comes, with DBA_CANCELLED
 * if it was in time.  Harmless on a finished or unknown id.  A statement that
 * shares its connection goes on at the server: the error then says that it may
 * have run.
 */
extern DBA_API void dba_cancel(dba_client *db, dba_request request);

/*
 * The plain calls.  `table` is a name or schema.name, as in SQL (quote it there
 * if it needs quotes).  columns ("id, name", "count(*) as n", NULL or "*": all)
 * and order_by ("name desc, id", NULL: none) are parsed and quoted; what does not
 * parse is DBA_INVALID.  Rows are JSON objects (members starting with "_" are
 * left out; {}: all defaults, among rows too), filters a JSON object: {"a": 1} is equality, null means IS NULL,
 * {"a": {"gt": 1}} with ne lt le gt ge in is_null like ilike between contains,
 * {"or": [{…}, {…}]} and {"and": [...]}; NULL: all rows.
 *
 * Results: select the rows; insert the created row; insert_many the count; update
 * the updated rows; delete the count; upsert the row written, in conflict with
 * the columns named ("id" or "a, b").  update and delete without a filter are
 * DBA_INVALID (dba_query_all_rows is the way).
 */
extern DBA_API dba_request dba_select(dba_client *db, const char *table, const char *columns,
									  const char *filters, const char *order_by, dba_callback cb,
									  void *arg);
extern DBA_API dba_request dba_insert(dba_client *db, const char *table, const char *row,
									  dba_callback cb, void *arg);
extern DBA_API dba_request dba_insert_many(dba_client *db, const char *table, const char *rows,
										   dba_callback cb, void *arg);
extern DBA_API dba_request dba_update(dba_client *db, const char *table, const char *row,
									  const char *filters, dba_callback cb, void *arg);
extern DBA_API dba_request dba_delete(dba_client *db, const char *table, const char *filters,
									  dba_callback cb, void *arg);
extern DBA_API dba_request dba_upsert(dba_client *db, const char *table, const char *row,
									  const char *conflict_columns, dba_callback cb, void *arg);

/*
 * After a change of the schema (ALTER COLUMN TYPE, a type or table made anew) the plain
 * calls do what those of a new client would: types are the columns' of when the statement
 * runs.  In a transaction the first one may end with SQLSTATE 40001 instead: begin it
 * again.  execute and call write parameters for the types of when the statement runs, and
 * are in a transaction as plain calls are, where the database has the extension and no
 * pooler is between; elsewhere numbers, booleans and NULL only, and others for the types of
 * one round trip before.
 *
 * execute: one SQL statement with $1, $2, …; params is a JSON array or NULL.
 * call: SELECT * FROM function(name => value, …); args is a JSON object (named)
 * or array (positional) or NULL.
 */
extern DBA_API dba_request dba_execute(dba_client *db, const char *sql, const char *params,
									   dba_callback cb, void *arg);
extern DBA_API dba_request dba_call(dba_client *db, const char *function, const char *args,
									dba_callback cb, void *arg);

/* The same with cJSON values, which stay the caller's.  A number beyond +-2^53 is
 * DBA_INVALID there (use a string or cJSON_Raw); a cJSON_Raw is JSON text, and "null" in
 * one is JSON's null where the type is json or jsonb. */
extern DBA_API dba_request dba_select_json(dba_client *db, const char *table, const char *columns,
										   const cJSON *filters, const char *order_by,
										   dba_callback cb, void *arg);
extern DBA_API dba_request dba_insert_json(dba_client *db, const char *table, const cJSON *row,
										   dba_callback cb, void *arg);
extern DBA_API dba_request dba_insert_many_json(dba_client *db, const char *table,
												const cJSON *rows, dba_callback cb, void *arg);
extern DBA_API dba_request dba_update_json(dba_client *db, const char *table, const cJSON *row,
										   const cJSON *filters, dba_callback cb, void *arg);
extern DBA_API dba_request dba_delete_json(dba_client *db, const char *table, const cJSON *filters,
										   dba_callback cb, void *arg);
extern DBA_API dba_request dba_upsert_json(dba_client *db, const char *table, const cJSON *row,
										   const char *conflict_columns, dba_callback cb,
										   void *arg);
extern DBA_API dba_request dba_execute_json(dba_client *db, const char *sql, const cJSON *params,
											dba_callback cb, void *arg);
extern DBA_API dba_request dba_call_json(dba_client *db, const char *function, const cJSON *args,
										 dba_callback cb, void *arg);

/* ---------------------------------------------------------------- queries */

/*
 * A statement in the making.  The setters keep a first mistake and the request
 * reports it (DBA_INVALID); each call adds to what was said before, all
 * conditions must hold.  The query stays the caller's, may be used again and with
 * any client, and is done with when the submitting call has returned.  new: NULL
 * when there is no memory; the setters need a query.
 */
extern DBA_API dba_query *dba_query_new(const char *table);
extern DBA_API void dba_query_free(dba_query *query);
extern DBA_API void dba_query_columns(dba_query *query, const char *columns);

/* op: = != < <= > >= in is_null like ilike between contains, or their names in
 * filters; value: JSON text ("18", "\"x\"", "[1, 2]") */
extern DBA_API void dba_query_where(dba_query *query, const char *column, const char *op,
									const char *value);
extern DBA_API void dba_query_filters(dba_query *query, const char *filters);
extern DBA_API void dba_query_order(dba_query *query, const char *order_by);
extern DBA_API void dba_query_limit(dba_query *query, int64_t limit);
extern DBA_API void dba_query_offset(dba_query *query, int64_t offset);

/* columns that insert_many, delete, … return as rows instead of a count */
extern DBA_API void dba_query_returning(dba_query *query, const char *columns);

/* columns of conflict for dba_query_insert, which then is an upsert */
extern DBA_API void dba_query_conflict(dba_query *query, const char *columns);

/* allows update and delete without a condition */
extern DBA_API void dba_query_all_rows(dba_query *query);

/*
 * JSON's null, told apart from SQL NULL.  In rows written with this query a null is JSON's
 * own in these columns ("a, b"; NULL: in all) where their type is json or jsonb, or holds
 * one (an array, a composite); elsewhere it is SQL NULL, as without this call.  In rows
 * that the query returns dba_result_json, _row and _rows_json give JSON's null as a
 * cJSON_Raw "null", and SQL NULL as a cJSON null; the calls that take cJSON read both so.
 * DBA_NOT_SUPPORTED of a supabase profile: PostgREST knows one null.
 */
extern DBA_API void dba_query_json_null(dba_query *query, const char *columns);

/* for programs written against the Python library of the same name: column types
 * are known from the server, so this changes nothing but is checked */
extern DBA_API void dba_query_jsonb_columns(dba_query *query, const char *columns);

/* The plain calls of these names, with a query; their results and errors.  insert:
 * `rows` is one JSON object or an array of them. */
extern DBA_API dba_request dba_query_select(dba_client *db, const dba_query *query, dba_callback cb,
											void *arg);
extern DBA_API dba_request dba_query_insert(dba_client *db, const dba_query *query,
											const char *rows, dba_callback cb, void *arg);
extern DBA_API dba_request dba_query_update(dba_client *db, const dba_query *query, const char *row,
											dba_callback cb, void *arg);
extern DBA_API dba_request dba_query_delete(dba_client *db, const dba_query *query, dba_callback cb,
											void *arg);

/* ---------------------------------------------------------------- results */

/*
 * A result's shape.  name is borrowed from the result, NULL beyond the last;
 * column finds a name as it is written, -1 when there is none; count is of the
 * rows written, deleted or returned.  No function of results accepts NULL, but
 * dba_result_free.
 */
extern DBA_API size_t dba_result_rows(const dba_result *result);
extern DBA_API size_t dba_result_columns(const dba_result *result);
extern DBA_API const char *dba_result_name(const dba_result *result, size_t column);
extern DBA_API int dba_result_column(const dba_result *result, const char *name);
extern DBA_API int64_t dba_result_count(const dba_result *result);

/*
 * Values, by column name or (…_at) by number.  text is the server's text, borrowed
 * from the result; NULL for SQL NULL or when there is no such row or column, and
 * is_null then says true.  length is the text's in bytes, 0 where text is NULL.
 * int64, double and bool store the value and return true, or return false for
 * NULL, no such column, and text that is no such value or does not fit.  json
 * returns the value in to_json's form, to be freed with cJSON_Delete; NULL when
 * there is no such column or no memory (SQL NULL is a cJSON null).  What no tree
 * holds, a number of many digits or a json with a name twice or \u0000, is a
 * cJSON_Raw.  Given to the calls that write, it is the value that was read.
 */
extern DBA_API bool dba_result_is_null(const dba_result *result, size_t row, const char *column);
extern DBA_API const char *dba_result_text(const dba_result *result, size_t row,
										   const char *column);
extern DBA_API bool dba_result_int64(const dba_result *result, size_t row, const char *column,
									 int64_t *value);
extern DBA_API bool dba_result_double(const dba_result *result, size_t row, const char *column,
									  double *value);
extern DBA_API bool dba_result_bool(const dba_result *result, size_t row, const char *column,
									bool *value);
extern DBA_API cJSON *dba_result_json(const dba_result *result, size_t row, const char *column);
extern DBA_API bool dba_result_is_null_at(const dba_result *result, size_t row, size_t column);
extern DBA_API const char *dba_result_text_at(const dba_result *result, size_t row, size_t column);
extern DBA_API size_t dba_result_length_at(const dba_result *result, size_t row, size_t column);
extern DBA_API cJSON *dba_result_json_at(const dba_result *result, size_t row, size_t column);

/* one row as an object, all rows as an array; cJSON_Delete frees; NULL: no memory,
 * or no such row */
extern DBA_API cJSON *dba_result_row(const dba_result *result, size_t row);
extern DBA_API cJSON *dba_result_rows_json(const dba_result *result);

/* takes over a result inside its callback: it then lives until dba_result_free,
 * longer than the client if need be; NULL: no memory */
extern DBA_API dba_result *dba_result_keep(const dba_result *result);
extern DBA_API void dba_result_free(dba_result *result);

/* ---------------------------------------------------------------- transactions */

/*
 * Begins a transaction; the callback's client is bound to one connection and
 * every call takes it.  options: NULL or {"isolation": "serializable",
 * "read_only": true, "deferrable": true}.  On a transaction it makes a savepoint;
 * until that ends, calls on the outer one are DBA_INVALID.  What is submitted on it runs
 * in that order, without waiting for callbacks; of several statements (insert_many,
 * restore, sync) each as a whole.  A failed request, also one that was cancelled or never
 * sent, poisons the transaction: later ones, and commit, get DBA_SERVER with SQLSTATE
 * 25P02 and the first failure's text; commit then rolls back.
 * The client given is gone when the callback of dba_commit or dba_rollback has
 * returned (whatever it said), or at dba_close of it or of its parent.
 */
extern DBA_API dba_request dba_begin(dba_client *db, const char *options, dba_callback cb,
									 void *arg);
extern DBA_API dba_request dba_commit(dba_client *tx, dba_callback cb, void *arg);
extern DBA_API dba_request dba_rollback(dba_client *tx, dba_callback cb, void *arg);

/* ---------------------------------------------------------------- streams */

/* what a row or chunk function answers */
typedef enum dba_flow
{
	DBA_CONTINUE = 0,
	DBA_PAUSE,					/* nothing more until dba_resume */
	DBA_STOP					/* end now; the callback gets DBA_CANCELLED */
} dba_flow;

/* one row at a time: `row` is a result of one row, borrowed until return */
typedef dba_flow (*dba_row_fn)(dba_client *db, const dba_result *row, void *arg);

/* The rows come to `row`, memory stays constant, pausing pushes back to the
 * server.  The callback comes last, with a result of no rows and the count. */
extern DBA_API dba_request dba_select_stream(dba_client *db, const char *table, const char *columns,
											 const char *filters, const char *order_by,
											 dba_row_fn row, dba_callback cb, void *arg);
extern DBA_API dba_request dba_query_stream(dba_client *db, const dba_query *query, dba_row_fn row,
											dba_callback cb, void *arg);
extern DBA_API dba_request dba_execute_stream(dba_client *db, const char *sql, const char *params,
											  dba_row_fn row, dba_callback cb, void *arg);

/* goes on with a paused request; harmless otherwise */
extern DBA_API void dba_resume(dba_client *db, dba_request request);

/* how far a backup or restore is: table "" before the first one; borrowed */
typedef void (*dba_progress_fn)(dba_client *db, const char *table, int64_t rows, int64_t bytes,
								void *arg);

/* takes `size` bytes of a backup, whole lines, each with its newline */
typedef dba_flow (*dba_sink_fn)(dba_client *db, const char *data, size_t size, void *arg);

/*
 * Streams db_adapter.backup (the server needs the extension).  options: a JSON
 * object with the verb's arguments, backup_schema required: {"backup_schema": …,
 * "user_id": "u1", "filters": …, "metadata": …, "format": "jsonl", …}.  "tenant" is
 * the same as "user_id", and may be an object of columns: {"id": 7}.  progress
 * may be NULL.  The callback's result has no rows; its count is the lines written.
 */
extern DBA_API dba_request dba_backup(dba_client *db, const char *options, dba_sink_fn sink,
									  dba_progress_fn progress, dba_callback cb, void *arg);

/* what a source answers besides the number of bytes it wrote to `data` (0: the end) */
#define DBA_SOURCE_FAILED ((int64_t) -1) /* give up: everything is rolled back */
#define DBA_SOURCE_PAUSE ((int64_t) -2)	 /* nothing yet: asked again after dba_resume */

typedef int64_t (*dba_source_fn)(dba_client *db, char *data, size_t size, void *arg);

/*
 * Streams a backup into restore_begin, restore_data, restore_end, in one
 * transaction (on a transaction: in that one).  options: a JSON object with
 * restore's arguments but the document ("tenant" as in dba_backup); NULL: none.  The result has one row a
 * table.  With dry_run the transaction is rolled back by the server's verb.
 */
extern DBA_API dba_request dba_restore(dba_client *db, const char *options, dba_source_fn source,
									   dba_progress_fn progress, dba_callback cb, void *arg);

/*
 * Brings the rows of one database that another lacks, or has otherwise, into that
 * one: both are compared by match key, and only what differs is moved, in one
 * transaction of the destination (on a transaction: in that one).  options: a JSON
 * object, backup_schema required: {"backup_schema": …, "tables": ["a"] (the others
 * are there to be referred to), "user_id": "u1" (or "tenant", whose columns are of the
 * match key, as ids differ), "mode": "overwrite" (default), "skip"
 * or "fail", "dry_run": true, "delete": true (also delete rows that only the
 * destination has; of tables with rows that could not be brought, and of those that
 * refer to them, none), "cascade": true (rows of tables that are none of these may go
 * along)}.  Both clients must be on one loop and
 * stay open until the callback.  progress tells first of rows compared (bytes 0),
 * then of rows moved.  The result has one row a table: table, source_rows,
 * destination_rows, new, changed, same, only_there, ambiguous (several rows under
 * one match key, or changed under one with a NULL in it: left alone), deleted, and restore's
 * columns (rows that others hold: "not_deleted" in notes, and in failure_details; unchanged
 * at the end); rows with outside true are of other tables that a deletion reached.  The
 * request is the destination's; an error of the source says so.
 */
extern DBA_API dba_request dba_sync(dba_client *source, dba_client *destination,
									const char *options, dba_progress_fn progress, dba_callback cb,
									void *arg);

/*
 * Checks a backup file of either format without a server, in constant memory but
 * for the keys that others refer to.  backup_schema: JSON text, or NULL for the
 * one in the file; NULL with DBA_INVALID when it is wrong.  feed takes the file's
 * bytes cut anywhere (false: no memory).  end says whether the file is valid;
 * else DBA_INVALID with the number of errors and the first.
 */
extern DBA_API dba_backup_check *dba_backup_check_new(const char *backup_schema, dba_error **err);
extern DBA_API bool dba_backup_check_feed(dba_backup_check *check, const char *data, size_t size);
extern DBA_API bool dba_backup_check_end(dba_backup_check *check, dba_error **err);

/* What was found, borrowed: "jsonl" or "json"; errors (the first 100; the count has
 * all), warnings and table names, NULL beyond the last; rows of a table (NULL: of all).
 * All live until dba_backup_check_free. */
extern DBA_API const char *dba_backup_check_format(const dba_backup_check *check);
extern DBA_API const char *dba_backup_check_error(const dba_backup_check *check, size_t index);
extern DBA_API size_t dba_backup_check_error_count(const dba_backup_check *check);
extern DBA_API const char *dba_backup_check_warning(const dba_backup_check *check, size_t index);
extern DBA_API const char *dba_backup_check_table(const dba_backup_check *check, size_t index);
extern DBA_API int64_t dba_backup_check_rows(const dba_backup_check *check, const char *table);
extern DBA_API void dba_backup_check_free(dba_backup_check *check);

/* Does a regular file end as a backup does (trailer, or closing brace)?  Rewinds it.
 * true too for what cannot be asked, a pipe; DBA_INVALID says what is missing. */
extern DBA_API bool dba_backup_check_tail(int fd, dba_error **err);

/*
 * Listens on a channel, on a connection of its own, until cancelled, closed or
 * lost (DBA_CONNECT): then the callback comes.  `notify` is called once with a
 * NULL payload when the server has confirmed, then for each notification.
 * Listeners do not keep dba_run running.
 */
typedef void (*dba_notify_fn)(dba_client *db, const char *channel, const char *payload,
							  int server_pid, void *arg);
extern DBA_API dba_request dba_listen(dba_client *db, const char *channel, dba_notify_fn notify,
									  dba_callback cb, void *arg);

/* Notices and warnings of the server, one line each, borrowed until return; the
 * last function given counts, NULL: they are dropped. */
typedef void (*dba_notice_fn)(dba_client *db, const char *severity, const char *message, void *arg);
extern DBA_API void dba_on_notice(dba_client *db, dba_notice_fn notice, void *arg);

/* ---------------------------------------------------------------- pool */

/*
 * A counter of the pool: "connections", "idle", "busy", "connecting", "waiting",
 * "in_flight", "opened", "closed", "failed", "requests", "errors", "timeouts",
 * "cancelled", "prepared", "retried"; -1 for another name.
 */
extern DBA_API int64_t dba_pool_stats(const dba_client *db, const char *name);

/* ---------------------------------------------------------------- configuration */

/*
 * Reads a configuration: path NULL means ./db.toml, and then a missing file is an
 * empty configuration; a path given must exist.  env_prefix (NULL: "") precedes
 * DB_PROFILE and DATABASE_URL.  NULL with DBA_CONFIG naming file, line and column.
 * dba_config_free also closes the clients of dba_get.
 */
extern DBA_API dba_config *dba_config_load(const char *path, const char *env_prefix,
										   dba_error **err);
extern DBA_API void dba_config_free(dba_config *config);

/* unknown keys and the like, borrowed; NULL beyond the last */
extern DBA_API const char *dba_config_warning(const dba_config *config, size_t index);

/* profile names in the file's order, borrowed; NULL beyond the last */
extern DBA_API const char *dba_config_profile(const dba_config *config, size_t index);

/* a key by its dotted path ("schema.file", "profiles.local.description"), paths made
 * relative to the file's folder, defaults included; an element of an array by its
 * index ("sync.tables", 0).  Borrowed; NULL when there is none. */
extern DBA_API const char *dba_config_value(const dba_config *config, const char *key);
extern DBA_API const char *dba_config_element(const dba_config *config, const char *key,
											  size_t index);

/*
 * Which database: explicit (a profile or URL, may be NULL), then DB_PROFILE, the
 * lock file, DATABASE_URL.  NULL with DBA_PROFILE_NOT_FOUND (what was tried, the
 * nearest name) or DBA_CONFIG (a missing variable).  Facts, borrowed: the name
 * ("" for a URL), where it came from ("argument", "environment", "lock file",
 * "DATABASE_URL"), "postgres" or "supabase", the URL with its password masked,
 * the description; a warning, "" when there is none.
 */
extern DBA_API dba_profile *dba_resolve_profile(dba_config *config, const char *explicit_choice,
												dba_error **err);
extern DBA_API const char *dba_profile_name(const dba_profile *profile);
extern DBA_API const char *dba_profile_source(const dba_profile *profile);
extern DBA_API const char *dba_profile_provider(const dba_profile *profile);
extern DBA_API const char *dba_profile_url(const dba_profile *profile);
extern DBA_API const char *dba_profile_description(const dba_profile *profile);
extern DBA_API const char *dba_profile_warning(const dba_profile *profile);
extern DBA_API void dba_profile_free(dba_profile *profile);

/*
 * The lock file (.db-profile) holds the name of the profile in use.  read: the
 * name (dba_free), NULL without an error when there is none.  write is atomic;
 * clear is content when there is none.  Else DBA_CONFIG with file and reason, or
 * DBA_INVALID from write for a name that is not one line.
 */
extern DBA_API char *dba_lock_read(const dba_config *config, dba_error **err);
extern DBA_API bool dba_lock_write(const dba_config *config, const char *profile, dba_error **err);
extern DBA_API bool dba_lock_clear(const dba_config *config, dba_error **err);

/* The client of a profile (NULL: resolved), opened once and kept in the
 * configuration, which closes it: never dba_close it.  NULL with dba_open's errors. */
extern DBA_API dba_client *dba_get(dba_config *config, const char *profile_or_url, dba_error **err);

/*
 * Connects, compares the database with schema.file, and on success writes the
 * lock file (not for a URL).  The result has one row: profile, source, connected,
 * valid (NULL when not checked), report (db_adapter.validate's JSON, NULL when
 * not checked), reason (why not checked), lock_written.  A schema that differs
 * is a result with valid = f, not an error.  The client is the callback's db.
 */
extern DBA_API dba_request dba_connect_and_validate(dba_client *db, dba_callback cb, void *arg);

/* One round trip; the result has one row: database, username, server_version,
 * extension_version (NULL when not installed), in_recovery, ssl.  Of a supabase
 * profile also tables: the tables and views that the service describes, as JSON. */
extern DBA_API dba_request dba_test_connection(dba_client *db, dba_callback cb, void *arg);

#ifdef __cplusplus
}
#endif

#endif							/* DB_ADAPTER_H */
