/*
 * apply_saved.c
 *	  Rows put aside before a step that may lose them.
 *
 * They are kept as a backup of the one table, in the lines of the jsonl format, so
 * that restore puts them back.  They stand in two tables that only the extension
 * touches: saved (who, when, what) and saved_chunk (the lines).  Rows are read as
 * the caller and stored as the extension's owner; a view shows everyone their own.
 *
 * It assumes a lock under which nobody writes (take_locks()).  It never holds more than
 * a chunk in memory, however large the table.  Rows are saved in the attempt that loses
 * them: if it is rolled back, so are they, and no saved rows tell of a step that never
 * was.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/origin.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/pg_type.h"
#include "data/backup/backup.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "schema/apply/apply_saved.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

static bool
take_int8(TupleTableSlot *slot, void *arg)
{
	bool		isnull;

	*(int64 *) arg = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	return true;
}

/* The caller owns them, by oid: a role that is renamed keeps its rows. */
static int64
insert_saved(const char *table)
{
	Oid			types[2] = {TEXTOID, OIDOID};
	Datum		values[2] = {CStringGetTextDatum(table), ObjectIdGetDatum(GetUserId())};
	int64		id = 0;

	query_run_as_owner("INSERT INTO db_adapter.saved (\"table\", owner) "
					   "VALUES ($1, $2::pg_catalog.regrole) RETURNING id",
					   2, types, values, NULL, false, take_int8, &id);
	return id;
}

static void
insert_chunk(int64 id, int number, StringInfo lines)
{
	Oid			types[3] = {INT8OID, INT4OID, TEXTOID};
	Datum		values[3] = {Int64GetDatum(id), Int32GetDatum(number),
					   PointerGetDatum(cstring_to_text_with_len(lines->data, lines->len))};

	query_run_as_owner("INSERT INTO db_adapter.saved_chunk (saved, number, lines) "
					   "VALUES ($1, $2, $3)",
					   3, types, values, NULL, false, NULL, NULL);
}

static void
update_rows(int64 id, int64 rows)
{
	Oid			types[2] = {INT8OID, INT8OID};
	Datum		values[2] = {Int64GetDatum(id), Int64GetDatum(rows)};

	query_run_as_owner("UPDATE db_adapter.saved SET rows = $2 WHERE id = $1", 2, types, values,
					   NULL, false, NULL, NULL);
}

/*
 * A table is saved whole: without tenant, match key or references.  Its primary
 * key, where it has one, lets restore tell rows that are still there.
 */
static Jsonb *
one_table_schema(const char *table)
{
	JsonWriter	w;
	RelationInfo *rel = relation_read(relation_resolve(table));
	List	   *pk = NIL;

	for (int i = 0; rel->primary_key != NULL && i < rel->primary_key->ncolumns; i++)
		pk = lappend(pk, relation_column_by_number(rel, rel->primary_key->columns[i])->name);
	json_init(&w);
	json_begin_object(&w);
	json_key(&w, "tables");
	json_begin_array(&w);
	json_begin_object(&w);
	json_put_string(&w, "name", table);
	if (pk != NIL)
		json_put_strings(&w, "pk", pk);
	else
		json_put_string(&w, "pk", NULL);
	json_put_string(&w, "slug_field", NULL);
	json_put_string(&w, "user_field", NULL);
	json_end_object(&w);
	json_end_array(&w);
	json_end_object(&w);
	return json_finish(&w);
}

static Jsonb *
empty_object(void)
{
	JsonWriter	w;

	json_init(&w);
	json_begin_object(&w);
	json_end_object(&w);
	return json_finish(&w);
}

/* Memory of the backup goes with its context; the result is made in the caller's. */
SavedTable *
saved_save_table(const char *table)
{
	SavedTable *saved = palloc0(sizeof(SavedTable));
	BackupOptions options = {.backup_schema = one_table_schema(table),
							 .format = BACKUP_JSONL,
							 .on_leak = LEAK_REPORT,
							 .checksum = CHECKSUM_CRC32C,
							 .complete = true};
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "db_adapter saved rows",
											  ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcxt = MemoryContextSwitchTo(cxt);
	Backup	   *backup;
	StringInfoData chunk;

	options.filters = options.metadata = empty_object();
	/* Its references are copied: they go home, and home must have a name. */
	(void) origin_ensure();
	PushActiveSnapshot(GetTransactionSnapshot());
	backup = backup_begin(&options);
	initStringInfo(&chunk);
	saved->id = insert_saved(table);
	for (int number = 0; backup_next(backup, &chunk); number++)
	{
		CHECK_FOR_INTERRUPTS();
		insert_chunk(saved->id, number, &chunk);
		resetStringInfo(&chunk);
	}
	saved->rows = backup_row_count(backup);
	update_rows(saved->id, saved->rows);
	PopActiveSnapshot();
	MemoryContextSwitchTo(oldcxt);
	MemoryContextDelete(cxt);
	saved->table = pstrdup(table);
	return saved;
}

bool
saved_contains(List *saved, const char *table)
{
	ListCell   *lc;

	foreach(lc, saved)
		if (strcmp(((SavedTable *) lfirst(lc))->table, table) == 0)
			return true;
	return false;
}

void
saved_write(JsonWriter *w, List *saved)
{
	ListCell   *lc;

	json_begin_array(w);
	foreach(lc, saved)
	{
		SavedTable *table = lfirst(lc);

		json_begin_object(w);
		json_put_int(w, "id", table->id);
		json_put_string(w, "table", table->table);
		json_put_int(w, "rows", table->rows);
		json_end_object(w);
	}
	json_end_array(w);
}

typedef struct ChunkSink
{
	SavedChunk	chunk;
	void	   *arg;
} ChunkSink;

static bool
take_chunk(TupleTableSlot *slot, void *arg)
{
	ChunkSink  *sink = arg;
	bool		isnull;

	sink->chunk(text_to_cstring(DatumGetTextPP(slot_getattr(slot, 1, &isnull))), sink->arg);
	return true;
}

/* What belongs to the caller: what they saved, or a role they are a member of. */
#define IS_OWN "pg_catalog.pg_has_role($2, s.owner, 'USAGE')"

/* Somebody else's rows are as absent as none: an id tells nobody that they exist. */
void
saved_read(int64 id, SavedChunk chunk, void *arg)
{
	Oid			types[2] = {INT8OID, OIDOID};
	Datum		values[2] = {Int64GetDatum(id), ObjectIdGetDatum(GetUserId())};
	ChunkSink	sink = {chunk, arg};
	uint64		found;

	found = query_run_as_owner("SELECT c.lines FROM db_adapter.saved s "
							   "JOIN db_adapter.saved_chunk c ON c.saved = s.id "
							   "WHERE s.id = $1 AND " IS_OWN " ORDER BY c.number",
							   2, types, values, NULL, true, take_chunk, &sink);
	if (found == 0)
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("there are no saved rows with id " INT64_FORMAT, id),
						errhint("The view db_adapter.saved_rows shows what there is.")));
}

/* Chunks go with their row, by the foreign key. */
int64
saved_purge(Datum older_than)
{
	Oid			types[2] = {INTERVALOID, OIDOID};
	Datum		values[2] = {older_than, ObjectIdGetDatum(GetUserId())};

	return (int64) query_run_as_owner("DELETE FROM db_adapter.saved s "
									  "WHERE s.saved_at <= pg_catalog.now() - $1 AND " IS_OWN,
									  2, types, values, NULL, false, NULL, NULL);
}
