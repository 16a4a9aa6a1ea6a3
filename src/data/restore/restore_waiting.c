/*
 * restore_waiting.c
 *	  Rows of a circle of tables that wait for others, and references that are set later.
 *
 * Memory is that of the rows that wait and of the references that are set later; a file
 * without circles has none of it.
 */
#include "postgres.h"

#include "base/compat.h"
#include "common/hashfn.h"
#include "data/restore/restore_cycle_private.h"
#include "utils/memutils.h"

typedef struct WaitingEntry
{
	WaitingRow *waiting;
	uint32		hash;
	char		status;
} WaitingEntry;

/* Found by the key that it has in the file, which is what others call it. */
static inline uint32
waiting_hash(const WaitingRow *w)
{
	return hash_combine(idkey_hash(&w->row.key.source), w->t->table->index);
}

static inline bool
waiting_equal(const WaitingRow *a, const WaitingRow *b)
{
	return a->t == b->t && idkey_equal(&a->row.key.source, &b->row.key.source);
}

#define SH_PREFIX waiting_rows
#define SH_ELEMENT_TYPE WaitingEntry
#define SH_KEY_TYPE WaitingRow *
#define SH_KEY waiting
#define SH_HASH_KEY(tb, key) waiting_hash(key)
#define SH_EQUAL(tb, a, b) waiting_equal(a, b)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Made with the first row that needs it, so that files without circles pay nothing. */
static RestoreCycle *
get_cycle(Restore *restore)
{
	if (restore->cycle == NULL)
	{
		MemoryContext cxt =
			AllocSetContextCreate(restore->cxt, "db_adapter restore cycle", ALLOCSET_DEFAULT_SIZES);

		restore->cycle = MemoryContextAllocZero(cxt, sizeof(RestoreCycle));
		restore->cycle->cxt = cxt;
		restore->cycle->index = waiting_rows_create(cxt, 64, NULL);
	}
	return restore->cycle;
}

/* Fields point into the chunk that was read, or into the batch's memory: both go. */
static void
copy_field(const RestoreTable *t, const RestoreRow *row, int column, RowField *fields)
{
	int			at = column < 0 ? -1 : t->columns.fields[column];

	if (at < 0 || fields[at].kind != FIELD_ABSENT)
		return;
	fields[at] = row->fields[at];
	if (fields[at].kind > FIELD_NULL)
		fields[at].data = pnstrdup(fields[at].data, fields[at].len);
}

/* Only what references are read from, and the key. */
static RowField *
copy_fields(const RestoreTable *t, const RestoreRow *row)
{
	RowField   *fields = palloc0(sizeof(RowField) * Max(t->columns.shape.count, 1));

	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = -1; t->table->refs[i].circular && j < t->table->refs[i].nfields; j++)
			copy_field(t, row, j < 0 ? t->refs[i].type_column : t->refs[i].columns[j], fields);
	for (int i = 0; i < t->table->nkeys; i++)
		for (int j = 0; j < t->table->keys[i].count; j++)
			copy_field(t, row, t->table->keys[i].columns[j] - t->rel->columns, fields);
	return fields;
}

/*
 * The row has its key, drawn or kept, so that others that wait can be mapped to it already;
 * only its references are missing.  The statements are remembered with it, since the
 * table's current ones will be others by then.
 */
void
restore_waiting_add(RestoreTable *t, RestoreRow *row)
{
	RestoreCycle *cycle = get_cycle(t->restore);
	MemoryContext oldcxt = MemoryContextSwitchTo(cycle->cxt);
	WaitingRow *w = palloc0(sizeof(WaitingRow));
	bool		found;

	w->t = t;
	w->statements = t->sql.current;
	w->row = *row;
	w->row.state = ROW_NEW;
	/* Mapped anew when it is written: what was missing then may have come. */
	w->row.refs.later = 0;
	w->row.fields = copy_fields(t, row);
	w->row.key.source = idkey_copy(&row->key.source);
	w->row.key.target = idkey_copy(&row->key.target);
	w->row.narrowed = bms_copy(row->narrowed);
	restore_home_copy(&w->row.home);
	w->row.values = palloc(sizeof(Datum) * (t->rel->ncolumns + 1));
	w->row.nulls = palloc(sizeof(bool) * (t->rel->ncolumns + 1));
	memcpy(w->row.nulls, row->nulls, sizeof(bool) * (t->rel->ncolumns + 1));
	for (int i = 0; i < t->rel->ncolumns; i++)
		if (!row->nulls[i])
			w->row.values[i] = valuereader_copy(t->columns.readers[i], row->values[i]);
	cycle->waiting = lappend(cycle->waiting, w);
	/* One that nobody can refer to is only in the list. */
	if (row->key.has_source)
		waiting_rows_insert(cycle->index, w, &found);
	MemoryContextSwitchTo(oldcxt);
}

/*
 * One entry for each reference that was left NULL. The row is remembered by what names it
 * here, and the target by its key in the file, which may not have a row here yet.
 */
void
restore_waiting_remember(RestoreTable *t, RestoreRow *row)
{
	RestoreCycle *cycle = get_cycle(t->restore);
	MemoryContext oldcxt = MemoryContextSwitchTo(cycle->cxt);
	bool	   *unchanged = NULL;

	if (row->state == ROW_SKIPPED)
	{
		unchanged = palloc(sizeof(bool));
		*unchanged = true;
	}
	for (int i = 0; i < t->table->nrefs; i++)
	{
		LaterRef   *later;

		if ((row->refs.later & (UINT64CONST(1) << i)) == 0)
			continue;
		later = palloc0(sizeof(LaterRef));
		later->t = t;
		later->ref = i;
		later->row_index = row->index;
		later->line = row->line;
		later->existed = row->match.found;
		later->unchanged = unchanged;
		later->row_source = idkey_copy(&row->key.source);
		later->place = restore_update_place(t, row);
		later->has_source = restore_refs_source(t, row, i, &later->source, &later->target_table);
		if (later->has_source)
			later->source = idkey_copy(&later->source);
		cycle->later = lappend(cycle->later, later);
	}
	MemoryContextSwitchTo(oldcxt);
}

/*
 * The row that waits under this key of the file; NULL: it does not wait, and so has been
 * settled or will not come.
 */
WaitingRow *
restore_waiting_find(const RestoreCycle *cycle, RestoreTable *t, const IdKey *source)
{
	WaitingRow	probe = {t};
	WaitingEntry *entry;

	probe.row.key.source = *source;
	entry = waiting_rows_lookup(cycle->index, &probe);
	return entry == NULL ? NULL : entry->waiting;
}

/* Rows written by the same statement may refer to each other. */
bool
restore_waiting_target(const Restore *restore, int table, const IdKey *source, IdKey *target)
{
	WaitingRow *w;

	if (restore->cycle == NULL || restore->cycle->group == 0 || restore->tables[table] == NULL)
		return false;
	w = restore_waiting_find(restore->cycle, restore->tables[table], source);
	if (w == NULL || w->group != restore->cycle->group || w->row.state != ROW_NEW)
		return false;
	*target = w->row.key.target;
	return true;
}
