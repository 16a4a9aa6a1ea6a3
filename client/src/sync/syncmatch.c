/*
 * syncmatch.c
 *		Keys that two databases write in two ways, and the destination calls equal.
 *
 * Most keys their servers write alike (digest_rows).  Of those that are on one side
 * only, some may be equal even so: the destination is asked, since it is there that
 * one row must not be taken for another.
 */
#include <string.h>

#include "sync/sync.h"

static const char match_sql[] =
	"SELECT x.i, m.key, m.other FROM pg_catalog.jsonb_to_recordset($2::pg_catalog.jsonb)"
	" AS x (i int, name text, keys jsonb, others jsonb), LATERAL"
	" db_adapter.match_keys($1::pg_catalog.jsonb, x.name, x.keys, x.others,"
	" $3::pg_catalog.text) AS m";

static dba_flow
sync_take_pair(dba_client *db, const dba_result *row, void *arg)
{
	Sync	   *sync = arg;
	int64_t		index;
	int64_t		key;
	int64_t		other;

	(void) db;
	if (dba_result_int64(row, 0, "i", &index) && index >= 0 && (size_t) index < sync->count &&
		dba_result_int64(row, 0, "key", &key) && dba_result_int64(row, 0, "other", &other) &&
		sync_take_match(&sync->tables[index], key, other))
		return DBA_CONTINUE;
	sync_fail(sync, DBA_SERVER, "the match of two keys was not understood");
	return DBA_STOP;
}

/* {"i": 0, "name": "authors", "keys": [keys], "others": [keys]}, … */
static bool
sync_write_lone(Sync *sync, Buf *list)
{
	for (size_t i = 0; i < sync->count; i++)
	{
		SyncTable  *table = &sync->tables[i];
		Buf			keys = BUF_INIT;
		Buf			others = BUF_INIT;
		bool		ok = !table->listed || sync_lone_keys(table, &keys, &others);

		if (ok && others.len > 0)
		{
			buf_printf(list, "%s{\"i\": %zu, \"name\": ", list->len > 0 ? ", " : "", i);
			json_write_string(list, table->name, strlen(table->name));
			buf_puts(list, ", \"keys\": [");
			buf_append(list, keys.data, keys.len);
			buf_puts(list, "], \"others\": [");
			buf_append(list, others.data, others.len);
			buf_puts(list, "]}");
		}
		buf_free(&keys);
		buf_free(&others);
		if (!ok)
			return false;
	}
	return buf_ok(list);
}

/* Asks the destination which of its keys are keys of the source; false: there is no doubt. */
bool
sync_match(Sync *sync, dba_callback done)
{
	Buf			list = BUF_INIT;
	Buf			params = BUF_INIT;
	bool		some;

	if (!sync_write_lone(sync, &list))
		error_set_no_memory(&sync->group.error);
	some = list.len > 0 && sync->group.error == NULL;
	if (some)
	{
		buf_puts(&params, "[");
		json_write(&params, sync->schema);
		buf_puts(&params, ", [");
		buf_append(&params, list.data, list.len);
		buf_putc(&params, ']');
		sync_write_user(sync, &params);
		buf_putc(&params, ']');
		if (!buf_ok(&params))
			error_set_no_memory(&sync->group.error);
	}
	if (some && sync->group.error == NULL)
	{
		sync->waiting = 1;
		sync_submitted(sync, dba_execute_stream(sync->group.tx, match_sql, buf_text(&params),
												sync_take_pair, done, sync));
	}
	buf_free(&list);
	buf_free(&params);
	return some && !sync_failed(sync);
}
