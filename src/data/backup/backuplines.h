/*
 * backuplines.h
 *	  The lines of a backup that are no rows, and the sums over all of them.
 */
#ifndef DB_ADAPTER_BACKUPLINES_H
#define DB_ADAPTER_BACKUPLINES_H

#include "base/json.h"
#include "common/cryptohash.h"
#include "data/backup/backuphomes.h"
#include "data/backup/backupoptions.h"
#include "data/backupschema/backupschema.h"
#include "port/pg_crc32c.h"

typedef struct BackupLines
{
	const BackupOptions *options;
	const BackupSchema *schema;
	List	   *raws;			/* OutsideKey *, copied although they mean other rows elsewhere */
	const BackupHomes *homes;	/* of rows that are remembered; or NULL */
	bool		newer;			/* a reader of 2.0 would go wrong */
	int64	   *rows;			/* counted by the caller, one a table; and so are leaks */
	int64	   *leaks;
	int64		bytes;			/* of the file, which is UTF-8 */
	pg_crc32c	crc;
	pg_cryptohash_ctx *sha;		/* NULL unless asked for */
	char	   *sha256;
	MemoryContextCallback on_reset;
} BackupLines;

extern BackupLines *backuplines_create(const BackupOptions *options, const BackupSchema *schema);

extern void backuplines_header(const BackupLines *l, StringInfo out);

/*
 * Of a backup of chosen rows: that many come first, for others to refer to; and
 * whether rows mean the same only under the same key.
 */
typedef struct BackupSection
{
	int64		referenced;
	bool		keep_ids;
} BackupSection;

extern void backuplines_table(const BackupLines *l, StringInfo out, const BackupTable *table,
							  const BackupSection *section);
extern void backuplines_trailer(BackupLines *l, StringInfo out);

/* Takes finished lines into bytes and checksums; all but the trailer. */
extern void backuplines_count(BackupLines *l, const char *data, int len);

/* Counts and checksums as members of an open object. */
extern void backuplines_summary(const BackupLines *l, JsonWriter *w);

#endif							/* DB_ADAPTER_BACKUPLINES_H */
