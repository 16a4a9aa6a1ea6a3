/*
 * sync.c
 *		The rows of one database into another: what differs, and nothing else.
 *
 * A transaction on each side, both of one snapshot.  The first round trip brings
 * digests of all tables in buckets, the second the rows of buckets that differ
 * (syncdiff.c).  Then a backup of the rows to be moved streams from the source
 * into a restore at the destination, whose transaction is committed at the very
 * end: whatever fails before leaves nothing behind.
 *
 * To its caller it is a request of the destination.  Requests to the source have
 * callbacks of their own; should the sync end before them, it lives on until the
 * last has come.
 */
#include <string.h>

#include "base/mem.h"
#include "sync/sync.h"

/* Of a backup on its way: above the one the source pauses, below the other it goes on. */
#define BUFFER_FULL (1024 * 1024)
#define BUFFER_LOW (256 * 1024)

static void sync_advance(Sync *sync);

/* --- ends */

static void
sync_free(Sync *sync)
{
	for (size_t i = 0; i < sync->count; i++)
		sync_table_free(&sync->tables[i]);
	arena_free(&sync->arena);
	buf_free(&sync->chunk);
	mem_free(sync->table);
	dba_result_free(sync->restored);
	dba_result_free(sync->dropped);
	dba_result_free(sync->first);
	mem_free(sync);
}

static void
sync_leave_source(Sync *sync)
{
	if (sync->source_busy)
		dba_cancel(&sync->source->self, sync->source_id);
	if (sync->source_tx != NULL)
		dba_close(sync->source_tx);
	sync->source_tx = NULL;
}

static void
sync_release(Group *group)
{
	Sync	   *sync = (Sync *) group;

	sync_leave_source(sync);
	/* The source's callback is still to come and has a pointer to this: it frees it. */
	if (sync->source_busy)
		sync->orphan = true;
	else
		sync_free(sync);
}

/* The source's error, so that it cannot be taken for the destination's. */
static void
sync_source_error(Sync *sync, const dba_error *error)
{
	Buf			message = BUF_INIT;

	if (error == NULL || sync->group.error != NULL)
		return;
	sync->group.error = error_copy(error);
	if (sync->source_tx != NULL)
		error_say_rolled_back(sync->group.error);
	buf_printf(&message, "source: %s", dba_error_message(sync->group.error));
	if (buf_ok(&message) && !sync->group.error->constant)
		error_set_field(sync->group.error, ERROR_MESSAGE, buf_text(&message));
	buf_free(&message);
}

/* First thing in each callback of the source; false: nobody waits for it any more. */
static bool
sync_source_came(Sync *sync, const dba_error *error)
{
	sync->source_busy = false;
	/* The transaction went with its client: it is not ours to close any more. */
	if (dba_error_code(error) == DBA_CLOSED)
		sync->source_tx = NULL;
	if (sync->orphan)
	{
		sync_free(sync);
		return false;
	}
	sync_source_error(sync, error);
	return !sync->group.ending;
}

/* --- statements that both sides run */

static void
sync_write_member(Buf *buf, const char *name, const JsonValue *value)
{
	buf_printf(buf, ", \"%s\": ", name);
	json_write(buf, value);
}

static void
sync_here_done(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	(void) result;
	sync->busy = false;
	group_failed(&sync->group, error);
	sync->waiting--;
	sync_advance(sync);
}

static void
sync_there_done(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	(void) result;
	if (!sync_source_came(sync, error))
		return;
	sync->waiting--;
	sync_advance(sync);
}

/* The same statement on both sides, its rows to two functions; params are taken. */
static void
sync_ask_both(Sync *sync, const char *sql, Buf *params, dba_row_fn here, dba_row_fn there)
{
	sync->waiting = 2;
	if (!buf_ok(params))
		error_set_no_memory(&sync->group.error);
	else
	{
		sync_submitted(sync, dba_execute_stream(sync->group.tx, sql, buf_text(params), here,
												sync_here_done, sync));
		sync_source_submitted(sync, dba_execute_stream(sync->source_tx, sql, buf_text(params),
													   there, sync_there_done, sync));
	}
	buf_free(params);
	sync_failed(sync);
}

/* --- the digests of all tables */

static const char digest_sql[] =
	"SELECT t.i, x.total, x.sums"
	" FROM pg_catalog.unnest($2::pg_catalog.text[]) WITH ORDINALITY AS t (name, i), LATERAL"
	" (SELECT pg_catalog.sum(d.rows)::pg_catalog.int8 AS total, pg_catalog.encode("
	"pg_catalog.string_agg(pg_catalog.int4send(d.bucket) OPERATOR(pg_catalog.||)"
	" pg_catalog.substr(d.digest, 1, 8), ''),"
	" 'base64') AS sums FROM db_adapter.digest($1::pg_catalog.jsonb, t.name, $3::pg_catalog.text)"
	" AS d) AS x WHERE t.name IS NOT NULL";

/*
 * One table's sums from one side; tables come in any order, and a table without rows comes
 * with none.
 */
static dba_flow
sync_take_digest(Sync *sync, const dba_result *row, SyncWhere where)
{
	int64_t		index;
	int64_t		total = 0;		/* NULL where there is no row */

	dba_result_int64(row, 0, "total", &total);
	if (!dba_result_int64(row, 0, "i", &index) || index < 1 || (size_t) index > sync->count ||
		!sync_take_sums(&sync->tables[index - 1], where, total, dba_result_text(row, 0, "sums")))
	{
		sync_fail(sync, DBA_SERVER, "the digest of a table was not understood");
		return DBA_STOP;
	}
	if (sync->progress != NULL)
		sync->progress(sync->group.db, sync->tables[index - 1].name, total, 0,
					   sync->group.request->arg);
	return DBA_CONTINUE;
}

static dba_flow
sync_digest_here(dba_client *db, const dba_result *row, void *arg)
{
	(void) db;
	return sync_take_digest(arg, row, SYNC_DESTINATION);
}

static dba_flow
sync_digest_there(dba_client *db, const dba_result *row, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	return sync->group.ending ? DBA_STOP : sync_take_digest(sync, row, SYNC_SOURCE);
}

/* Digests of both sides are asked for at once: the longer of the two is what it takes. */
static void
sync_compare(Sync *sync)
{
	Buf			params = BUF_INIT;

	buf_puts(&params, "[");
	json_write(&params, sync->schema);
	buf_puts(&params, ", [");
	for (size_t i = 0; i < sync->count; i++)
	{
		buf_puts(&params, i > 0 ? ", " : "");
		if (sync->tables[i].chosen)
			json_write_string(&params, sync->tables[i].name, strlen(sync->tables[i].name));
		else
			buf_puts(&params, "null");
	}
	buf_putc(&params, ']');
	sync_write_user(sync, &params);
	buf_putc(&params, ']');
	sync_ask_both(sync, digest_sql, &params, sync_digest_here, sync_digest_there);
}

/* --- the rows of buckets that differ */

static const char rows_sql[] =
	"SELECT x.i, r.match_key AS key,"
	" pg_catalog.encode(pg_catalog.substr(r.digest, 1, 9), 'base64') AS digest"
	" FROM pg_catalog.jsonb_to_recordset($2::pg_catalog.jsonb)"
	" AS x (i int, name text, buckets int[], n int), LATERAL"
	" db_adapter.digest_rows($1::pg_catalog.jsonb, x.name, x.buckets, $3::pg_catalog.text, x.n)"
	" AS r";

static dba_flow
sync_take_listed(Sync *sync, const dba_result *row, SyncWhere where)
{
	int64_t		index;
	const char *key = dba_result_text(row, 0, "key");
	const char *digest = dba_result_text(row, 0, "digest");

	if (dba_result_int64(row, 0, "i", &index) && index >= 0 && (size_t) index < sync->count &&
		key != NULL && digest != NULL && sync_take_row(&sync->tables[index], where, key, digest))
		return DBA_CONTINUE;
	sync_fail(sync, DBA_NO_MEMORY, "out of memory for the rows that differ");
	return DBA_STOP;
}

static dba_flow
sync_row_here(dba_client *db, const dba_result *row, void *arg)
{
	(void) db;
	return sync_take_listed(arg, row, SYNC_DESTINATION);
}

static dba_flow
sync_row_there(dba_client *db, const dba_result *row, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	return sync->group.ending ? DBA_STOP : sync_take_listed(sync, row, SYNC_SOURCE);
}

/* {"i": 0, "name": "authors", "buckets": [3, 17], "n": 64}, … */
static bool
sync_write_listed(Sync *sync, Buf *list)
{
	for (size_t i = 0; i < sync->count; i++)
	{
		SyncTable  *table = &sync->tables[i];
		Buf			buckets = BUF_INIT;
		bool		ok = !table->chosen || sync_compare_sums(table, sync->drop, &buckets);

		if (ok && table->listed)
		{
			buf_printf(list, "%s{\"i\": %zu, \"name\": ", list->len > 0 ? ", " : "", i);
			json_write_string(list, table->name, strlen(table->name));
			buf_printf(list, ", \"buckets\": [%s], \"n\": %zu}", buf_text(&buckets),
					   table->buckets);
		}
		buf_free(&buckets);
		if (!ok)
			return false;
	}
	return buf_ok(list);
}

/* False when there are none. */
static bool
sync_list_rows(Sync *sync)
{
	Buf			list = BUF_INIT;
	Buf			params = BUF_INIT;
	bool		some;

	if (!sync_write_listed(sync, &list))
		error_set_no_memory(&sync->group.error);
	some = list.len > 0 && sync->group.error == NULL;
	if (some)
	{
		buf_puts(&params, "[");
		json_write(&params, sync->schema);
		buf_printf(&params, ", [%s]", buf_text(&list));
		sync_write_user(sync, &params);
		buf_putc(&params, ']');
		sync_ask_both(sync, rows_sql, &params, sync_row_here, sync_row_there);
	}
	buf_free(&list);
	return some;
}

/* --- the rows that are moved */

/*
 * The source tells its tables, the destination only rows: progress is told of the table
 * that was sent last.
 */
static void
sync_note_table(Sync *sync, const char *table)
{
	if (sync->table != NULL && strcmp(sync->table, table) == 0)
		return;
	mem_free(sync->table);
	sync->table = mem_strdup(table);
}

static void
sync_sent(dba_client *db, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	(void) rows;
	(void) bytes;
	if (!sync->group.ending)
		sync_note_table(sync, table);
}

static void
sync_received(dba_client *db, const char *table, int64_t rows, int64_t bytes, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	(void) table;
	if (sync->progress != NULL)
		sync->progress(sync->group.db, sync->table != NULL ? sync->table : "", rows, bytes,
					   sync->group.request->arg);
}

static void
sync_wake_restore(Sync *sync)
{
	if (!sync->restore_waits)
		return;
	sync->restore_waits = false;
	dba_resume(sync->group.tx, sync->group.step);
}

/* What the source sends. */
static dba_flow
sync_sink(dba_client *db, const char *data, size_t size, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	if (sync->group.ending || sync->group.error != NULL)
		return DBA_STOP;
	buf_append(&sync->chunk, data, size);
	if (!buf_ok(&sync->chunk))
	{
		error_set_no_memory(&sync->group.error);
		return DBA_STOP;
	}
	sync_wake_restore(sync);
	/* The slower side sets the pace: what is between them stays small. */
	sync->source_paused = sync->chunk.len - sync->sent >= BUFFER_FULL;
	return sync->source_paused ? DBA_PAUSE : DBA_CONTINUE;
}

/* What the restore asks for. */
static int64_t
sync_give(dba_client *db, char *data, size_t size, void *arg)
{
	Sync	   *sync = arg;
	size_t		left = sync->chunk.len - sync->sent;

	(void) db;
	if (sync->group.error != NULL)
		return DBA_SOURCE_FAILED;
	if (left == 0 && sync->source_ended)
		return 0;
	sync->restore_waits = left == 0;
	if (left == 0)
		return DBA_SOURCE_PAUSE;
	if (size > left)
		size = left;
	memcpy(data, sync->chunk.data + sync->sent, size);
	sync->sent += size;
	left -= size;
	if (left == 0)
	{
		buf_reset(&sync->chunk);
		sync->sent = 0;
	}
	/* Before it is empty, so that the destination need not wait for the first of it. */
	if (left < BUFFER_LOW && sync->source_paused)
	{
		sync->source_paused = false;
		dba_resume(sync->source_tx, sync->source_id);
	}
	return (int64_t) size;
}

static void
sync_backed_up(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	(void) result;
	if (!sync_source_came(sync, error))
		return;
	sync->source_ended = true;
	if (!sync_failed(sync))
		sync_wake_restore(sync);
	/* Its snapshot holds back the source's vacuum: it ends when the last row has been read. */
	/* What fails may be brought once more, after rows that are only there are gone. */
	if (sync->group.error == NULL && !sync->drop)
		sync_leave_source(sync);
}

static void
sync_restored(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	sync->busy = false;
	sync->waiting = 0;
	if (!group_failed(&sync->group, error) && (sync->restored = dba_result_keep(result)) == NULL)
		error_set_no_memory(&sync->group.error);
	sync_advance(sync);
}

/* A tenant named by columns has to be there for a restore: one who is not comes with his row. */
static void
sync_write_options(Sync *sync, Buf *options, bool restore)
{
	buf_puts(options, "{\"backup_schema\": ");
	json_write(options, sync->schema);
	if (sync->user_id != NULL && !(restore && sync->tenant_by_columns))
		sync_write_member(options, "user_id", sync->user_id);
}

/* False when nothing is to be moved. */
static bool
sync_move(Sync *sync)
{
	Buf			backup = BUF_INIT;
	Buf			restore = BUF_INIT;
	bool		some;

	sync_write_options(sync, &restore, true);
	buf_printf(&restore, ", \"mode\": \"%s\"}", sync_mode_names[sync->mode]);
	sync_write_options(sync, &backup, false);
	buf_puts(&backup, ", \"keys\": ");
	some = sync_write_keys(sync, &backup, false);
	buf_putc(&backup, '}');
	if (!buf_ok(&backup) || !buf_ok(&restore))
		error_set_no_memory(&sync->group.error);
	else if (some)
	{
		sync->waiting = 1;
		sync->source_ended = sync->source_paused = sync->restore_waits = false;
		buf_reset(&sync->chunk);
		sync->sent = 0;
		sync_source_submitted(sync, dba_backup(sync->source_tx, buf_text(&backup), sync_sink,
											   sync_sent, sync_backed_up, sync));
		sync_submitted(sync, dba_restore(sync->group.tx, buf_text(&restore), sync_give,
										 sync_received, sync_restored, sync));
	}
	buf_free(&backup);
	buf_free(&restore);
	return some && !sync_failed(sync);
}

/* --- rows that are only at the destination */

static void
sync_dropped(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	sync->busy = false;
	sync->waiting = 0;
	if (!group_failed(&sync->group, error) && (sync->dropped = dba_result_keep(result)) == NULL)
		error_set_no_memory(&sync->group.error);
	sync_advance(sync);
}

static void
sync_was_set_aside(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Sync	   *sync = arg;

	for (size_t i = 0; error == NULL && i < dba_result_rows(result); i++)
	{
		int64_t		rows = 0;

		dba_result_int64(result, i, "rows", &rows);
		sync->aside += rows;
	}
	sync_here_done(db, result, error, arg);
}

static bool
sync_execute(Sync *sync, const char *sql)
{
	sync->waiting = 1;
	sync_submitted(sync, dba_execute(sync->group.tx, sql, NULL, sync_here_done, sync));
	return !sync_failed(sync);
}

/* Rows that are there already must not be brought in mode fail: nothing can be tried again. */
static bool
sync_mark(Sync *sync)
{
	if (!sync->drop || sync->dry_run || sync->mode == MODE_FAIL ||
		sync_failures(sync->restored, NULL) == 0)
		return false;
	sync->marked = true;
	return sync_execute(sync, "SAVEPOINT db_adapter_sync");
}

static bool
sync_move_again(Sync *sync)
{
	if (!sync->marked || sync->first != NULL || (sync->aside == 0 && sync->dropped == NULL))
		return false;
	sync->first = sync->restored;
	sync->restored = NULL;
	return sync_move(sync);
}

/* To before rows were brought once more. */
static bool
sync_go_back(Sync *sync)
{
	dba_result_free(sync->restored);
	dba_result_free(sync->dropped);
	sync->restored = sync->first;
	sync->first = sync->dropped = NULL;
	sync->aside = 0;
	return sync_execute(sync, "ROLLBACK TO SAVEPOINT db_adapter_sync");
}

/* And on without the tables whose rows have stepped aside in vain. */
static bool
sync_undo_aside(Sync *sync)
{
	if (sync->aside == 0 || !sync_stuck(sync, sync->step > STEP_DROP))
		return false;
	sync->step = STEP_ASIDE;
	return sync_go_back(sync);
}

/* Where some fail all the same or are lost. */
static bool
sync_undo_drop(Sync *sync)
{
	if (sync->dropped == NULL || (sync_failures(sync->restored, NULL) == 0 && !sync_lost(sync)))
		return false;
	return sync_go_back(sync);
}

static void
sync_end(Sync *sync)
{
	if (sync->group.error == NULL)
		sync_make_result(sync);
	if (!sync_failed(sync))
		group_end(&sync->group);
}

/* --- step by step */

static bool
sync_compare_tables(Sync *sync)
{
	for (size_t i = 0; i < sync->count; i++)
		if (sync->tables[i].chosen && !sync_compare_rows(&sync->tables[i], sync->mode != MODE_SKIP))
			return error_set_no_memory(&sync->group.error);
	return true;
}

static void
sync_schema_came(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	if (!sync_source_came(sync, error))
		return;
	sync->waiting = 0;
	if (sync->group.error == NULL)
		sync_take_schema(sync, result);
	sync_advance(sync);
}

static bool
step_schema(Sync *sync)
{
	return sync_ask_schema(sync, sync_schema_came);
}

static void
sync_origin_came(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Sync	   *sync = arg;

	(void) db;
	sync->busy = false;
	sync->waiting = 0;
	if (!group_failed(&sync->group, error))
		sync_take_origin(sync, result);
	sync_advance(sync);
}

static bool
step_origin(Sync *sync)
{
	return sync_ask_origin(sync, sync_origin_came);
}

static bool
step_compare(Sync *sync)
{
	sync_compare(sync);
	return true;
}

static bool
step_match(Sync *sync)
{
	return sync_match(sync, sync_here_done);
}

static bool
step_move(Sync *sync)
{
	return sync_compare_tables(sync) && !sync->dry_run && sync_move(sync);
}

static bool
step_aside(Sync *sync)
{
	return sync_set_aside(sync, sync_was_set_aside);
}

static bool
step_drop_first(Sync *sync)
{
	return sync_drop_first(sync, sync_dropped);
}

static bool
step_drop(Sync *sync)
{
	return sync_drop(sync, sync_dropped);
}

/* Each asks for something and the next is called when that has come; false: it has nothing
 * to ask for. */
static bool (*const steps[])(Sync *sync) = {
	[STEP_SCHEMA] = step_schema,
	[STEP_ORIGIN] = step_origin,
	[STEP_COMPARE] = step_compare,
	[STEP_LIST] = sync_list_rows,
	[STEP_MATCH] = step_match,
	[STEP_MOVE] = step_move,
	[STEP_MARK] = sync_mark,
	[STEP_ASIDE] = step_aside,
	[STEP_AGAIN] = sync_move_again,
	[STEP_BACK] = sync_undo_aside,
	[STEP_DROP_FIRST] = step_drop_first,
	[STEP_AGAIN_AFTER] = sync_move_again,
	[STEP_BACK_AFTER] = sync_undo_drop,
	[STEP_DROP] = step_drop,
	[STEP_BACK_HELD] = sync_undo_aside,
};

static void
sync_advance(Sync *sync)
{
	if (sync_failed(sync) || sync->waiting > 0)
		return;
	while (sync->step < STEP_END && sync->group.error == NULL)
	{
		if (steps[sync->step++](sync))
			return;
	}
	sync_end(sync);
}

static void
sync_source_begun(dba_client *db, const dba_result *result, const dba_error *error, void *arg)
{
	Sync	   *sync = arg;

	(void) result;
	if (sync->orphan || sync->group.ending)
	{
		if (error == NULL)
			dba_close(db);
		sync_source_came(sync, error);
		return;
	}
	if (error == NULL)
		sync->source_tx = db;
	sync_source_came(sync, error);
	sync->waiting = 0;
	sync_advance(sync);
}

/* There is a transaction at the destination. */
static void
sync_begun(Group *group)
{
	Sync	   *sync = (Sync *) group;

	sync->waiting = 1;
	/* The same snapshot for digests, rows and backup: what was compared is what is moved. */
	sync_source_submitted(sync, dba_begin(&sync->source->self,
										  "{\"isolation\": \"repeatable read\", "
										  "\"read_only\": true}",
										  sync_source_begun, sync));
	sync_failed(sync);
}

/* --- the call */

static bool
sync_check_clients(const dba_client *source, const dba_client *destination, dba_error **err)
{
	if (source == NULL || source->core == destination->core)
		return error_set(err, DBA_INVALID, "sync needs two clients");
	if (source->tx != NULL)
		return error_set(err, DBA_INVALID, "the source of a sync cannot be a transaction");
	if (source->core->loop.data != destination->core->loop.data)
		return error_set(err, DBA_INVALID, "source and destination of a sync must be on one loop");
	if (strcmp(dba_provider(source), "postgres") != 0 ||
		strcmp(dba_provider(destination), "postgres") != 0)
		return error_set(err, DBA_NOT_SUPPORTED, "sync works between two postgres databases");
	return true;
}

dba_request
dba_sync(dba_client *source, dba_client *destination, const char *options, dba_progress_fn progress,
		 dba_callback cb, void *arg)
{
	Sync	   *sync = mem_zalloc(sizeof(Sync));
	dba_error  *error = NULL;
	dba_request id;

	if (sync == NULL)
		return 0;
	sync->progress = progress;
	sync->group.begun = sync_begun;
	sync->group.release = sync_release;
	if (sync_check_clients(source, destination, &error))
	{
		sync->source = source->core;
		sync_read_options(sync, options, &error);
	}
	/* What a deletion would take along is told by trying it. */
	sync->group.tx_options = sync->dry_run && !sync->drop
								 ? "{\"isolation\": \"repeatable read\", \"read_only\": true}"
								 : "{\"isolation\": \"repeatable read\"}";
	id = group_submit(&sync->group, destination, cb, arg);
	if (id == 0)
		dba_error_free(error);
	else if (error != NULL)
		request_fail(sync->group.request, error);
	else
		group_begin(&sync->group);
	return id;
}
