/*
 * syncresult.c
 *		What came of a sync: one row a table, counted here and told by the server.
 *
 * Counts come from three places: the comparison (how many rows are the same), the restore
 * at the destination (inserted, updated, failed, left alone) and the deletion.  They are
 * brought together by a table's name, as the backup schema has it; tables that foreign keys
 * reached outside of it get rows of their own at the end.  The result is an ordinary one, so
 * callers read it as they read any other.  Numbers are texts of the arena until then.
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
	COLUMN_OUTSIDE,
	COLUMN_UNCHANGED,
	COLUMNS
} SyncColumn;

static const char *const column_names[COLUMNS] = {
	"table",	   "source_rows",	  "destination_rows",
	"new",		   "changed",		  "same",
	"only_there",  "ambiguous",		  "inserted",
	"updated",	   "skipped",		  "failed",
	"nulled_refs", "failure_details", "notes",
	"deleted",	   "outside",		  "unchanged"};

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

static int64_t
sync_note(const JsonValue *notes, const char *name)
{
	const JsonValue *count =
		notes != NULL && notes->type == JSON_TYPE_OBJECT ? json_member(notes, name) : NULL;

	return count != NULL && count->type == JSON_TYPE_NUMBER ? strtoll(count->text, NULL, 10) : 0;
}

/* A row that did not find what it refers to is skipped, and is not here either. */
static int64_t
sync_orphans(const dba_result *restored, size_t row)
{
	Arena		arena = {0};
	const char *text = dba_result_text(restored, row, column_names[COLUMN_NOTES]);
	const JsonValue *notes =
		text != NULL ? json_parse(&arena, text, strlen(text), "notes", NULL) : NULL;
	int64_t		orphans = sync_note(notes, "parent_missing") + sync_note(notes, "lookup_missing");

	arena_free(&arena);
	return orphans;
}

int64_t
sync_failures(const dba_result *restored, const char *table)
{
	int64_t		failures = 0;

	for (size_t i = 0; restored != NULL && i < dba_result_rows(restored); i++)
	{
		const char *name = dba_result_text(restored, i, column_names[COLUMN_TABLE]);
		int64_t		failed = 0;

		if (table != NULL && (name == NULL || strcmp(name, table) != 0))
			continue;
		if (dba_result_int64(restored, i, column_names[COLUMN_FAILED], &failed))
			failures += failed;
		failures += sync_orphans(restored, i);
	}
	return failures;
}

static const SyncTable *
sync_table_named(const Sync *sync, const char *name)
{
	for (size_t i = 0; name != NULL && i < sync->count; i++)
		if (strcmp(sync->tables[i].name, name) == 0)
			return &sync->tables[i];
	return NULL;
}

/*
 * Of the rows that are brought those are inserted that are new, and those that went along
 * with others: fewer, and some that went was not among them.
 */
bool
sync_lost(const Sync *sync)
{
	for (size_t i = 0; sync->dropped != NULL && i < dba_result_rows(sync->dropped); i++)
	{
		const SyncTable *table = sync_table_named(sync, dba_result_text(sync->dropped, i, "table"));
		int64_t		along = 0;
		bool		outside = false;

		if (!dba_result_int64(sync->dropped, i, "changed", &along) || along == 0 ||
			(dba_result_bool(sync->dropped, i, "outside", &outside) && outside))
			continue;
		if (table == NULL || !table->chosen ||
			sync_count(sync->first, table->name, COLUMN_INSERTED) +
					sync_count(sync->restored, table->name, COLUMN_INSERTED) <
				table->fresh + along)
			return true;
	}
	return false;
}

bool
sync_stuck(Sync *sync, bool gone)
{
	bool		more = sync_failures(sync->restored, NULL) > sync_failures(sync->first, NULL);
	bool		stuck = false;

	for (size_t i = 0; i < sync->count; i++)
	{
		SyncTable  *table = &sync->tables[i];

		if (!table->aside)
			continue;
		if (more || sync_failures(sync->restored, table->name) > 0 ||
			(gone && sync_count(sync->dropped, table->name, COLUMN_DELETED) < table->only_there))
			stuck = table->stuck = true;
	}
	return stuck;
}

/* What stands in front of the last character, then a comma where there is something, then more. */
static const char *
sync_add_to_json(Sync *sync, const char *json, const char *more)
{
	size_t		len = strlen(json);
	Buf			text = BUF_INIT;
	const char *result = NULL;

	buf_append(&text, json, len - 1);
	buf_printf(&text, "%s%s%c", len > 2 ? ", " : "", more, json[len - 1]);
	if (buf_ok(&text))
		result = arena_strndup(&sync->arena, buf_text(&text), text.len);
	buf_free(&text);
	return result;
}

/* Rows only there that could not go: of a dry run nobody knows. */
static void
sync_add_held(Sync *sync, const char *table, const char **values)
{
	int64_t		held = sync->dry_run ? 0 : sync_count(sync->dropped, table, COLUMN_FAILED);
	const char *details = sync_said(sync->dropped, table, column_names[COLUMN_DETAILS]);
	char		note[64];

	if (held == 0 || details == NULL)
		return;
	snprintf(note, sizeof(note), "\"not_deleted\": %lld", (long long) held);
	values[COLUMN_NOTES] = sync_add_to_json(sync, values[COLUMN_NOTES], note);
	if (strlen(details) > 2)
		values[COLUMN_DETAILS] =
			sync_add_to_json(sync, values[COLUMN_DETAILS],
							 arena_strndup(&sync->arena, details + 1, strlen(details) - 2));
}

/* Rows that came the first time were found when all were brought once more, mostly as they are. */
static void
sync_add_first(Sync *sync, const char *table, const char **values)
{
	SyncColumn	found = sync->mode == MODE_SKIP ? COLUMN_SKIPPED : COLUMN_UPDATED;
	int64_t		inserted = sync_count(sync->first, table, COLUMN_INSERTED);
	int64_t		updated = sync_count(sync->first, table, COLUMN_UPDATED);
	int64_t		unchanged = sync_count(sync->restored, table, COLUMN_UNCHANGED);
	int64_t		twice = inserted + updated > unchanged ? inserted + updated - unchanged : 0;
	int64_t		rest = sync_count(sync->restored, table, found) + updated - twice;

	values[COLUMN_INSERTED] =
		sync_number(sync, inserted + sync_count(sync->restored, table, COLUMN_INSERTED));
	values[COLUMN_UNCHANGED] = sync_number(sync, unchanged - (inserted + updated - twice));
	values[found] = sync_number(sync, rest > 0 ? rest : 0);
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
	values[COLUMN_UNCHANGED] =
		sync_number(sync, sync_count(sync->restored, table->name, COLUMN_UNCHANGED));
	if (sync->first != NULL)
		sync_add_first(sync, table->name, values);
	sync_add_held(sync, table->name, values);
	values[COLUMN_DELETED] =
		sync->dry_run ? NULL : sync_said(sync->dropped, table->name, "deleted");
	if (values[COLUMN_DELETED] == NULL)
		values[COLUMN_DELETED] = "0";
	values[COLUMN_OUTSIDE] = "f";
}

/* Rows of tables that the sync is not about, and foreign keys deleted or let go. */
static bool
sync_is_outside(const dba_result *dropped, size_t row)
{
	bool		outside = false;

	return dba_result_bool(dropped, row, "outside", &outside) && outside;
}

static void
sync_fill_outside(Sync *sync, size_t row, const char **values)
{
	for (int i = 0; i < COLUMNS; i++)
		values[i] = i == COLUMN_DETAILS ? "[]" : i == COLUMN_NOTES ? "{}" : "0";
	values[COLUMN_TABLE] = dba_result_text(sync->dropped, row, "table");
	values[COLUMN_DELETED] = dba_result_text(sync->dropped, row, "deleted");
	values[COLUMN_UPDATED] = dba_result_text(sync->dropped, row, "changed");
	values[COLUMN_OUTSIDE] = "t";
}

void
sync_make_result(Sync *sync)
{
	Oid			types[COLUMNS];
	size_t		dropped = sync->dropped != NULL ? dba_result_rows(sync->dropped) : 0;
	const char **values =
		arena_alloc(&sync->arena, sizeof(char *) * COLUMNS * (sync->count + dropped + 1));
	int			rows = 0;

	for (int i = 0; i < COLUMNS; i++)
		types[i] = i == COLUMN_TABLE						  ? TEXTOID
				   : i == COLUMN_OUTSIDE					  ? BOOLOID
				   : i == COLUMN_DETAILS || i == COLUMN_NOTES ? JSONBOID
															  : INT8OID;
	for (size_t i = 0; values != NULL && i < sync->count; i++)
		if (sync->tables[i].chosen)
			sync_fill_row(sync, &sync->tables[i], values + rows++ * COLUMNS);
	for (size_t i = 0; values != NULL && i < dropped; i++)
		if (sync_is_outside(sync->dropped, i))
			sync_fill_outside(sync, i, values + rows++ * COLUMNS);
	if (values != NULL)
		sync->group.result = result_make(COLUMNS, column_names, types, rows, values);
	if (sync->group.result == NULL)
		error_set_no_memory(&sync->group.error);
	sync->group.count = rows;
}
