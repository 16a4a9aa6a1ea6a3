/*
 * ddltext.h
 *	  DDL text as people keep it in files, read into statements.
 *
 * A file written for psql or by pg_dump holds more than SQL: meta-commands and
 * the data of COPY.  They are blanked in place, so that every position in what
 * the server parses is a position in the file.
 */
#ifndef DB_ADAPTER_DDLTEXT_H
#define DB_ADAPTER_DDLTEXT_H

#include "nodes/parsenodes.h"
#include "utils/elog.h"

typedef struct DdlFile
{
	int			number;			/* from 1; 0 where the text came alone */
	const char *text;			/* as given */
	char	   *sql;			/* as long, with meta-commands and COPY data blanked */
} DdlFile;

typedef struct DdlStatement
{
	RawStmt	   *raw;
	const DdlFile *file;
	int			location;		/* of its first token, in bytes */
	int			length;			/* up to its semicolon */
} DdlStatement;

/* What is passed over; equal neighbours are counted, not repeated. */
typedef struct DdlIgnored
{
	const DdlFile *file;
	int			line;
	int			count;
	const char *tag;			/* CREATE EXTENSION, \connect, … */
	char	   *statement;		/* its beginning, on one line */
	char	   *reason;
} DdlIgnored;

/* A comment "-- renamed from OLD" behind a column or a table. */
typedef struct DdlRename
{
	char	   *schema;			/* as written, or NULL */
	char	   *table;			/* the new name where a table was renamed */
	char	   *column;			/* the new name, or NULL */
	char	   *old_name;
} DdlRename;

typedef struct DdlText
{
	List	   *files;			/* DdlFile * */
	List	   *statements;		/* DdlStatement *, in order */
	List	   *ignored;		/* DdlIgnored *, in order of finding */
	List	   *renames;		/* DdlRename * */
} DdlText;

/*
 * Reads texts (List of char *); numbered when they came as an array.  Raises
 * 42601 with file, line and column.  The result lives in the current context.
 */
extern DdlText *ddltext_read(List *texts, bool numbered);

/* Notes that statement was passed over. */
extern void ddltext_ignore(DdlText *ddl, const DdlStatement *statement, const char *reason);

/*
 * True if stmt is SELECT [pg_catalog.]set_config('name', 'value', …), as pg_dump
 * sets search_path.
 */
extern bool ddltext_set_config(const SelectStmt *stmt, char **name, char **value);

/* The words (identifiers, not keywords) of all files, each once, sorted. */
extern List *ddltext_words(const DdlText *ddl);

/*
 * While it is on the error context stack, errors get the file's line and column
 * and that line's text as their context.
 */
typedef struct DdlErrorContext
{
	ErrorContextCallback callback;
	const DdlFile *file;
	const DdlStatement *statement;	/* NULL while a whole file is parsed */
	int			base;			/* where in the file positions are counted from */
} DdlErrorContext;

extern void ddltext_push_context(DdlErrorContext *context, const DdlFile *file,
								 const DdlStatement *statement);
extern void ddltext_pop_context(DdlErrorContext *context);

#endif							/* DB_ADAPTER_DDLTEXT_H */
