/*
 * fileparts.h
 *	  The parts of a backup as its readers tell of them.
 */
#ifndef DB_ADAPTER_FILEPARTS_H
#define DB_ADAPTER_FILEPARTS_H

#include "data/backupschema/backupschema.h"
#include "utils/jsonb.h"

typedef struct FileHeader
{
	bool		is_document;	/* format json 1.1; else jsonl 2.0 */
	const char *version;		/* as the file has it; 1.1 may say so only at its end */
	Jsonb	   *metadata;		/* NULL when absent or not yet seen */
	Jsonb	   *backup_schema;	/* NULL when absent; always in 1.1 */
	Jsonb	   *raw;			/* references that are copied: a list; NULL when absent */
	const char *origin;			/* of the database whose ids it has; NULL when it does not say */
	List	   *origins;		/* char *, others: homes of rows are told by their index, from 1 */
} FileHeader;

/* A column that a table line names. */
typedef struct FileColumn
{
	const char *utf8;			/* as rows have it */
	const char *name;			/* in the server's encoding */
	const char *type;
} FileColumn;

typedef struct FileSection
{
	const char *name;
	int64		line;
	int64		nrows;			/* so far */
	int			ncolumns;		/* 0 in 1.1, which does not name them */
	FileColumn *columns;
	int64		referenced;		/* that many rows come first, for others to refer to */
	bool		keep_ids;		/* rows mean the same only under the same key */
	const char *home;			/* the member, in UTF-8, by which rows say it; or NULL */
	BackupLookup lookup;		/* what the file holds of each row is enough for that */
} FileSection;

/* Each may be NULL.  What is passed lives as long as the reader, but for rows. */
typedef struct FileEvents
{
	void (*header)(const FileHeader *header, void *arg);
	void (*table)(const FileSection *section, void *arg);
	/* One object in valid UTF-8, not terminated; line is where it begins. */
	void (*row)(const char *object, int len, int64 line, void *arg);
} FileEvents;

typedef struct FileReader FileReader;

/* Raises 22P02 for the part of the file that begins in line. */
pg_noreturn extern void fileparts_refuse(int64 line, const char *format, ...)
	pg_attribute_printf(2, 3);

#endif							/* DB_ADAPTER_FILEPARTS_H */
