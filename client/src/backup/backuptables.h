/*
 * backuptables.h
 *		The tables of a backup file, their keys, and who refers to whom.
 *
 * Keys are kept as 64-bit hashes, and only of tables that others refer to: that
 * is the memory a check takes.
 */
#ifndef DBA_BACKUPTABLES_H
#define DBA_BACKUPTABLES_H

#include "backup/backupkeys.h"
#include "base/array.h"
#include "base/hashset.h"
#include "json/json.h"

typedef struct BackupTable BackupTable;
typedef struct BackupRef BackupRef;

/* a reference that was not there when its row was read */
typedef struct PendingRef
{
	uint64_t	key;
	size_t		line;
} PendingRef;

struct BackupRef
{
	BackupRef  *next;
	BackupTable *table;			/* referred to */
	BackupKey	fields;
	bool		optional;
	ARRAY_OF(PendingRef) pending;
};

/* a column as the table line names it */
typedef struct BackupColumn
{
	const char *name;
	size_t		len;
	size_t		row;			/* the last row that had it: to find it twice */
} BackupColumn;

struct BackupTable
{
	BackupTable *next;
	const char *name;
	bool		declared;		/* in the backup schema */
	bool		referenced;		/* its keys are kept */
	bool		seen;			/* in the file */
	bool		finished;		/* its rows are all read */
	size_t		line;			/* where its rows begin */
	size_t		rows;
	BackupKey	pk;
	BackupRef  *refs;
	HashSet		keys;
	ARRAY_OF(BackupColumn) columns;
};

typedef struct BackupTables
{
	Arena		arena;
	BackupTable *first;			/* declared ones first, in order; then as found */
} BackupTables;

/* A backup schema into tables; false with DBA_INVALID or DBA_NO_MEMORY. */
extern bool backuptables_declare(BackupTables *tables, const JsonValue *schema, dba_error **err);
extern void backuptables_free(BackupTables *tables);

/* of that name; made when there is none.  NULL: no memory */
extern BackupTable *backuptables_get(BackupTables *tables, const char *name);
extern BackupTable *backuptables_find(const BackupTables *tables, const char *name);

/* remembers a reference to look at again when all keys are known */
extern bool backuptable_postpone(BackupRef *ref, uint64_t key, size_t line);

/* finds a column of the table by name, `from` being a guess; -1: none */
extern long backuptable_column(const BackupTable *table, const char *name, size_t len, size_t from);

/* adds one; name is copied; false: no memory */
extern bool backuptable_add_column(BackupTables *tables, BackupTable *table, const char *name,
								   size_t len);

#endif							/* DBA_BACKUPTABLES_H */
