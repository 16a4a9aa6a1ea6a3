/*
 * syncstep.c
 *		What each step of a sync asks of the destination, and how it fails.
 */
#include <string.h>

#include "json/json.h"
#include "sync/sync.h"

/* After a failure: true, and the end is near. */
bool
sync_failed(Sync *sync)
{
	Request	   *step;

	if (sync->group.error == NULL)
		return false;
	if (!sync->busy)
	{
		group_end(&sync->group);
		return true;
	}
	step = request_find(sync->group.db->core, sync->group.step);
	if (step != NULL)
		request_abort(step, DBA_CANCELLED);
	return true;
}

void
sync_fail(Sync *sync, dba_code code, const char *message)
{
	error_set(&sync->group.error, code, "%s", message);
}

void
sync_submitted(Sync *sync, dba_request id)
{
	request_make_internal(sync->group.db->core, id);
	sync->group.step = id;
	sync->busy = id != 0;
	if (id == 0)
		sync_fail(sync, DBA_NO_MEMORY, "out of memory, or the destination is being closed");
}

void
sync_source_submitted(Sync *sync, dba_request id)
{
	request_make_internal(sync->source, id);
	sync->source_id = id;
	sync->source_busy = id != 0;
	if (id == 0)
		sync_fail(sync, DBA_NO_MEMORY, "out of memory, or the source is being closed");
}

void
sync_write_user(Sync *sync, Buf *buf)
{
	buf_puts(buf, ", ");
	if (sync->user_id != NULL)
		json_write(buf, sync->user_id);
	else
		buf_puts(buf, "null");
}

/* {"authors": [keys], "books": true}, none of those withheld; false: there are none. */
bool
sync_write_keys(const Sync *sync, Buf *keys, bool drop)
{
	bool		some = false;

	buf_putc(keys, '{');
	for (size_t i = 0; i < sync->count; i++)
	{
		const SyncTable *table = &sync->tables[i];
		const Buf  *list = drop ? &table->drop : &table->move;

		if ((list->len == 0 && (drop || !table->move_all)) || (drop && table->withheld))
			continue;
		buf_puts(keys, some ? ", " : "");
		some = true;
		json_write_string(keys, table->name, strlen(table->name));
		buf_puts(keys, ": ");
		if (!drop && table->move_all)
			buf_puts(keys, "true");
		else
		{
			buf_putc(keys, '[');
			buf_append(keys, list->data, list->len);
			buf_putc(keys, ']');
		}
	}
	buf_putc(keys, '}');
	return some;
}
