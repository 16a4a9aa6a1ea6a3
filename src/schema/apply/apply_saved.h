/*
 * apply_saved.h
 *	  Rows put aside before a step that may lose them.
 */
#ifndef DB_ADAPTER_APPLY_SAVED_H
#define DB_ADAPTER_APPLY_SAVED_H

#include "base/json.h"

typedef struct SavedTable
{
	int64		id;
	char	   *table;			/* qualified and quoted */
	int64		rows;
} SavedTable;

/*
 * Saves all rows of a table, which may be none, as a backup of its own.  The caller's rights decide what can be read; a table whose policies hide
 * rows makes it fail, as for a backup.
 */
extern SavedTable *saved_save_table(const char *table);

/* Whether a List of SavedTable * holds the table. */
extern bool saved_contains(List *saved, const char *table);
/* [{"id", "table", "rows"}] */
extern void saved_write(JsonWriter *w, List *saved);

/* The backup with this id, one chunk a call; 42704 where the caller has none of this id. */
typedef void (*SavedChunk)(const char *chunk, void *arg);
extern void saved_read(int64 id, SavedChunk chunk, void *arg);

/* Deletes what the caller saved longer ago than that; returns how many. */
extern int64 saved_purge(Datum older_than);

#endif							/* DB_ADAPTER_APPLY_SAVED_H */
