/*
 * backupfile.h
 *		Backup files of both formats, read without a server.
 *
 * The public dba_backup_check_… calls feed a file, cut anywhere, through one
 * reader a format; both hand their rows to backuprows.c.  Everything found wrong
 * is written down, up to a limit, and reading goes on where that is possible.
 */
#ifndef DBA_BACKUPFILE_H
#define DBA_BACKUPFILE_H

#include "backup/backuptables.h"
#include "base/checksum.h"

#define BACKUP_LINE_START "{\"format\":\"db_adapter.backup\""
#define BACKUP_PREFIX_MAX 32
#define BACKUP_MAX_TEXT 65536			   /* of a row's name or value: keys are shorter */
#define BACKUP_MAX_HEAD (16 * 1024 * 1024) /* header, table line, trailer, metadata */
#define BACKUP_MAX_MESSAGES 100

typedef enum BackupFormat
{
	BACKUP_UNKNOWN,
	BACKUP_JSONL,
	BACKUP_JSON
} BackupFormat;

/* what the current line (jsonl) or member (json) is */
typedef enum BackupPart
{
	BACKUP_START,				/* not known yet */
	BACKUP_HEADER,				/* json: metadata */
	BACKUP_TABLE,
	BACKUP_ROWS,
	BACKUP_TRAILER,
	BACKUP_SKIP					/* was wrong: the rest is passed over */
} BackupPart;

typedef struct BackupMessages
{
	char	   *texts[BACKUP_MAX_MESSAGES];
	size_t		kept;
	size_t		count;			/* found, kept or not */
} BackupMessages;

/* the row being read */
typedef struct BackupRow
{
	BackupTable *table;			/* NULL: none */
	size_t		depth;			/* inside the row; 0: outside */
	size_t		next;			/* the column expected next */
	long		column;			/* of the value that comes; -1: unknown */
	size_t		line;			/* where it begins */
} BackupRow;

struct dba_backup_check
{
	BackupTables tables;
	BackupFormat format;
	bool		schema_given;	/* by the caller: the file's own is not used */
	bool		has_schema;
	bool		no_memory;
	bool		ended;			/* the trailer or the closing brace was read */
	bool		fatal;			/* nothing more can be read */

	char		prefix[BACKUP_PREFIX_MAX];	/* the first bytes, until they say what this is */
	size_t		prefix_len;
	BackupPart	part;
	size_t		line;			/* jsonl: the current one */
	bool		summed;			/* jsonl: it is no trailer and counts in the sums */
	bool		skip_rows;		/* jsonl: their table line was wrong */
	size_t		part_bytes;		/* read of this line or metadata */
	size_t		doc_depth;		/* json: of the document, outside rows */

	JsonReader	reader;
	JsonBuilder *builder;		/* of header, table line, trailer, metadata */
	Arena		head_arena;		/* what it builds */
	JsonValue  *metadata;		/* json: kept for the end, in head_arena */

	uint64_t	bytes;			/* before the trailer */
	uint32_t	crc;
	bool		with_sha256;	/* the header announces one; it is summed up from line 1 on */
	Sha256		sha256;

	BackupRow	row;
	BackupMessages errors;
	BackupMessages warnings;
};

/* backupcheck.c: write down what is wrong; both return false */
extern bool backup_error(dba_backup_check *check, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
extern bool backup_warning(dba_backup_check *check, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* the line being read, in either format */
extern size_t backup_line(const dba_backup_check *check);

/* prepares builder and arena for the next value that is kept */
extern void backup_begin_head(dba_backup_check *check);

/* backuplines.c, backupdoc.c: a piece of the file; the end of it */
extern void backup_lines_begin(dba_backup_check *check);
extern void backup_lines_feed(dba_backup_check *check, const char *data, size_t len);
extern void backup_lines_end(dba_backup_check *check);
extern void backup_doc_begin(dba_backup_check *check);
extern void backup_doc_feed(dba_backup_check *check, const char *data, size_t len);
extern void backup_doc_end(dba_backup_check *check);

/*
 * backuprows.c: a table begins; tokens of its rows (false: the row is wrong in a
 * way that ends it); its end; the end of all.
 */
extern bool backup_table_begin(dba_backup_check *check, const char *name);
extern bool backup_row_token(dba_backup_check *check, JsonToken token, const char *text,
							 size_t len);
extern void backup_table_end(dba_backup_check *check);
extern void backup_rows_end(dba_backup_check *check);

#endif							/* DBA_BACKUPFILE_H */
