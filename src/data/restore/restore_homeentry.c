/*
 * restore_homeentry.c
 *	  Rows that went in are remembered: their homes, and the keys they have here.
 *
 * Entries are written after the batch, outside of its attempts and in the same
 * transaction: whatever takes back the rows takes them back too.  A row that was born here
 * and has the key it had needs none.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/restore/restore_home_private.h"
#include "utils/memutils.h"

/*
 * Whether the row is remembered as a copy, which no file but this tenant's finds again, and
 * whose own home is here.  So is one in whose way another tenant's row has the home that it
 * claims: where that was born here, or where the caller has said whose rows these are.
 */
static bool
is_copy(const RestoreTable *t, const RestoreRow *row)
{
	if (row->home.copy)
		return true;
	if (row->home.own && row->key.redrawn > 0)
		return true;
	return row->home.taken && (row->home.own || t->restore->options.user_id != NULL);
}

static HomeEntry *
add_entry(RestoreTable *t)
{
	RestoreHome *home = t->home;

	if (home->cxt == NULL)
		home->cxt =
			AllocSetContextCreate(t->cxt, "db_adapter home entries", ALLOCSET_DEFAULT_SIZES);
	if (home->entries == NULL)
		home->entries = MemoryContextAlloc(t->cxt, sizeof(HomeEntry) * BATCH_ROWS);
	if (home->nentries == BATCH_ROWS)
		restore_homeentry_write(t);
	return &home->entries[home->nentries++];
}

static bool
get_key(const RestoreTable *t, const RestoreRow *row, Datum *values)
{
	for (int i = 0; i < t->key.count; i++)
	{
		if (row->nulls[t->key.columns[i]])
			return false;
		values[i] = row->values[t->key.columns[i]];
	}
	return true;
}

/* Whether another row may have had the key that a row has now. */
static bool
may_be_reused(const RestoreHome *home, int64 number)
{
	return number == PG_INT64_MIN || number <= home->highest;
}

void
restore_homeentry_add(RestoreTable *t, const RestoreRow *row)
{
	RestoreHome *home = t->home;
	Datum	   *values = palloc(sizeof(Datum) * t->key.count);
	MemoryContext oldcxt;
	HomeEntry  *entry;
	char	   *key;
	int64		number;
	bool		copy;
	bool		at_home;

	if (row->state != ROW_INSERTED || row->home.source == NULL || !get_key(t, row, values))
		return;
	key = homekey_text(home->key, values);
	number = homekey_number(home->key, values);
	copy = is_copy(t, row);
	at_home = row->home.own && !copy && !row->home.entered && strcmp(key, row->home.source) == 0;
	if (at_home && !may_be_reused(home, number))
		return;
	entry = add_entry(t);
	oldcxt = MemoryContextSwitchTo(home->cxt);
	entry->set = restore_home_set(t, row, copy);
	entry->source = at_home ? NULL : pstrdup(row->home.source);
	entry->key = pstrdup(key);
	entry->reused = may_be_reused(home, number);
	MemoryContextSwitchTo(oldcxt);
	entry->set->top = Max(entry->set->top, number);
}

static void
clear_reused(const RestoreTable *t)
{
	char	   *keys[BATCH_ROWS];
	int			count = 0;

	for (int i = 0; i < t->home->nentries; i++)
		if (t->home->entries[i].reused)
			keys[count++] = t->home->entries[i].key;
	if (count > 0)
		ledger_clear(t->rel->oid, keys, count);
}

/* Those of the set of the entry at that place, which are then done. */
static void
put_set(const RestoreTable *t, int from)
{
	LedgerSet  *set = t->home->entries[from].set;
	char	   *sources[BATCH_ROWS];
	char	   *keys[BATCH_ROWS];
	int			count = 0;

	if (t->home->entries[from].source == NULL)
		return;
	for (int i = from; i < t->home->nentries; i++)
	{
		HomeEntry  *entry = &t->home->entries[i];

		if (entry->set != set || entry->source == NULL)
			continue;
		sources[count] = entry->source;
		keys[count++] = entry->key;
		entry->source = NULL;
	}
	if (!set->known)
		ledger_set_make(set);
	ledger_put(set, sources, keys, count);
}

void
restore_homeentry_write(RestoreTable *t)
{
	RestoreHome *home = t->home;

	if (home->nentries == 0)
		return;
	clear_reused(t);
	for (int i = 0; i < home->nentries; i++)
		put_set(t, i);
	home->nentries = 0;
	MemoryContextReset(home->cxt);
}

void
restore_homeentry_finish(RestoreTable *t)
{
	RestoreHome *home = t->home;
	ListCell   *lc;

	if (home == NULL)
		return;
	restore_homeentry_write(t);
	for (int i = 0; i < t->restore->homes->count; i++)
		if (home->sets[i] != NULL)
			ledger_set_raise(home->sets[i]);
	foreach(lc, home->copies)
		ledger_set_raise(lfirst(lc));
}
