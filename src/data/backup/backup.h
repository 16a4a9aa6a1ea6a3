/*
 * backup.h
 *	  Rows to chunks of lines: the verb backup.
 */
#ifndef DB_ADAPTER_BACKUP_H
#define DB_ADAPTER_BACKUP_H

#include "base/json.h"
#include "data/backup/backupoptions.h"
#include "lib/stringinfo.h"
#include "port/pg_crc32c.h"
#include "storage/block.h"

typedef struct Backup Backup;

/* The options as SQL gives them; raises 22023 for a word that is none. */
extern void backup_options_set(BackupOptions *options, const char *format, const char *on_leak,
							   const char *checksum);

/*
 * Begins a backup in the current memory context, which must outlive it.  It sees
 * what the active snapshot sees, at every call of backup_next().
 */
extern Backup *backup_begin(const BackupOptions *options);

/*
 * The next chunk, appended to out in the server's encoding: whole lines without
 * the last line break, about 64 KB.  False when there is none.
 */
extern bool backup_next(Backup *backup, StringInfo out);

/* The rows written so far, of all tables. */
extern int64 backup_row_count(const Backup *backup);

/* Tells whoever watches how far it has come. */
extern void backup_tell(const Backup *backup);

/* What a backup that has come to its end held, into an open object of w. */
extern void backup_summary(const Backup *backup, JsonWriter *w);

/*
 * A backup in pieces, for those who put one together: each piece has the rows of a
 * table, or of a range of its pages, and the first of a table begins with its line.
 */
typedef struct BackupPiece
{
	int			table;
	BlockNumber from;
	BlockNumber to;				/* not this one; InvalidBlockNumber: to the end */
} BackupPiece;

typedef struct BackupTotals
{
	int64		rows;
	int64		leaks;
	int64		bytes;
	pg_crc32c	crc;			/* finished */
} BackupTotals;

/* From here on backup_next() gives the lines of the piece, which must stay. */
extern void backup_begin_piece(Backup *backup, const BackupPiece *piece);
/* Of the piece so far. */
extern void backup_piece_totals(const Backup *backup, BackupTotals *totals);

/* What it was asked, with the backup schema as it is in the header. */
extern const BackupOptions *backup_asked(const Backup *backup);
extern int backup_table_count(const Backup *backup);
extern const char *backup_table_name(const Backup *backup, int table);
/* The pages of a table that is read from end to end and may be cut; else 0. */
extern BlockNumber backup_table_pages(Backup *backup, int table);

/* The whole around its pieces: added in their order, between header and trailer. */
extern void backup_header(Backup *backup, StringInfo out);
extern void backup_add_totals(Backup *backup, int table, const BackupTotals *totals);
extern void backup_trailer(Backup *backup, StringInfo out);

#endif							/* DB_ADAPTER_BACKUP_H */
