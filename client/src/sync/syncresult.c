/*
 * syncresult.c
 *		What came of a sync: one row a table, counted here and told by the server.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pgtypes.h"
#include "sync/sync.h"

typedef enum SyncColumn
{
	COLUMN_TABLE,
	COLUMN_SOURCE,
	COLUMN_DESTINATION,
	COLUMN_NEW,
	COLUMN_CHANGED,
	COLUMN_SAME,
	COLUMN_ONLY_THERE,
	COLUMN_AMBIGUOUS,
	COLUMN_INSERTED,
	COLUMN_UPDATED,
	COLUMN_SKIPPED,
	COLUMN_FAILED,
	COLUMN_NULLED,
	COLUMN_DETAILS,
	COLUMN_NOTES,
	COLUMN_DELETED,
	COLUMNS
} SyncColumn;

static const char *const column_names[COLUMNS] = {
	"table",	   "source_rows",	  "destination_rows",
	"new",		   "changed",		  "same",
	"only_there",  "ambiguous",		  "inserted",
	"updated",	   "skipped",		  "failed",
	"nulled_refs", "failure_details", "notes",
	"deleted"};

static const char *
sync_number(Sync *sync, int64_t number)
{
	char		text[32];
	int			len = snprintf(text, sizeof(text), "%lld", (long long) number);

	return arena_strndup(&sync->arena, text, (size_t) len);
}

/* What the verb said of the table; NULL where it said nothing. */
static const char *
sync_said(const dba_result *result, const char *table, const char *column)
{
	for (size_t i = 0; result != NULL && i < dba_result_rows(result); i++)
	{
		const char *name = dba_result_text(result, i, "table");

		if (name != NULL && strcmp(name, table) == 0)
			return dba_result_text(result, i, column);
	}
	return NULL;
}

static int64_t
sync_count(const dba_result *result, const char *table, SyncColumn column)
{
	const char *text = sync_said(result, table, column_names[column]);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

int64_t
sync_failures(const dba_result *restored)
{
	int64_t		failures = 0;

	for (size_t i = 0; restored != NULL && i < dba_result_rows(restored); i++)
	{
		int64_t		failed = 0;

		if (dba_result_int64(restored, i, column_names[COLUMN_FAILED], &failed))
			failures += failed;
	}
	return failures;
}

/* Rows that came the first time were found when all were brought once more. */
static void
sync_add_first(Sync *sync, const char *table, const char **values)
{
	int64_t		inserted = sync_count(sync->first, table, COLUMN_INSERTED);
	SyncColumn	found = sync->mode == MODE_SKIP ? COLUMN_SKIPPED : COLUMN_UPDATED;
	int64_t		again = sync_count(sync->restored, table, found);

	values[COLUMN_INSERTED] =
		sync_number(sync, inserted + sync_count(sync->restored, table, COLUMN_INSERTED));
	values[found] = sync_number(sync, again > inserted ? again - inserted : 0);
}

static void
sync_fill_row(Sync *sync, const SyncTable *table, const char **values)
{
	const int64_t numbers[] = {table->sides[SYNC_SOURCE].total,
							   table->sides[SYNC_DESTINATION].total,
							   table->fresh,
							   table->changed,
							   table->same,
							   table->only_there,
							   table->ambiguous};

	values[COLUMN_TABLE] = table->name;
	for (int i = COLUMN_SOURCE; i <= COLUMN_AMBIGUOUS; i++)
		values[i] = sync_number(sync, numbers[i - COLUMN_SOURCE]);
	for (int i = COLUMN_INSERTED; i <= COLUMN_NOTES; i++)
	{
		values[i] = sync_said(sync->restored, table->name, column_names[i]);
		if (values[i] == NULL)
			values[i] = i == COLUMN_DETAILS ? "[]" : i == COLUMN_NOTES ? "{}" : "0";
	}
	if (sync->first != NULL)
		sync_add_first(sync, table->name, values);
	values[COLUMN_DELETED] = sync_said(sync->dropped, table->name, "deleted");
	if (values[COLUMN_DELETED] == NULL)
		values[COLUMN_DELETED] = "0";
}

void
sync_make_result(Sync *sync)
{
	Oid			types[COLUMNS];
	const char **values = arena_alloc(&sync->arena, sizeof(char *) * COLUMNS * (sync->count + 1));
	int			rows = 0;

	for (int i = 0; i < COLUMNS; i++)
		types[i] = i == COLUMN_TABLE						  ? TEXTOID
				   : i == COLUMN_DETAILS || i == COLUMN_NOTES ? JSONBOID
															  : INT8OID;
	for (size_t i = 0; values != NULL && i < sync->count; i++)
		if (sync->tables[i].chosen)
			sync_fill_row(sync, &sync->tables[i], values + rows++ * COLUMNS);
	if (values != NULL)
		sync->group.result = result_make(COLUMNS, column_names, types, rows, values);
	if (sync->group.result == NULL)
		error_set_no_memory(&sync->group.error);
	sync->group.count = rows;
}
