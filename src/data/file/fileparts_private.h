/*
 * fileparts_private.h
 *	  What the readers of the two formats share.
 */
#ifndef DB_ADAPTER_FILEPARTS_PRIVATE_H
#define DB_ADAPTER_FILEPARTS_PRIVATE_H

#include "common/cryptohash.h"
#include "data/file/fileparts.h"
#include "data/row/rowreader.h"
#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "port/pg_crc32c.h"
#include "utils/resowner.h"

/* Where the reader of a document stands. */
typedef enum DocumentState
{
	DOC_START,
	DOC_FIRST_KEY,				/* behind the opening brace: a key or the end */
	DOC_KEY,
	DOC_COLON,
	DOC_VALUE,
	DOC_AFTER_VALUE,
	DOC_FIRST_ROW,				/* behind the opening bracket: a row or the end */
	DOC_ROW,
	DOC_AFTER_ROW,
	DOC_END
} DocumentState;

/* What a value is collected for. */
typedef enum DocumentCapture
{
	CAPTURE_NONE,
	CAPTURE_KEY,
	CAPTURE_ROW,
	CAPTURE_METADATA,
	CAPTURE_NOTHING				/* a member nobody reads */
} DocumentCapture;

struct FileReader
{
	const FileEvents *events;
	void	   *arg;
	MemoryContext cxt;
	ResourceOwner owner;
	bool		tolerant;
	bool		decided;		/* the format is known */
	StringInfoData pending;		/* a line or value whose end has not come */
	int64		line;
	int64		nrows;
	FileHeader	header;
	List	   *sections;
	struct sections_hash *by_name;
	FileSection *section;		/* the one being read */

	/* lines */
	bool		ended;			/* the trailer has been read */
	int64		bytes;
	pg_crc32c	crc;
	pg_cryptohash_ctx *sha;
	MemoryContextCallback on_reset;

	/* a document */
	DocumentState state;
	DocumentCapture capture;
	bool		in_string;
	bool		escaped;
	int			depth;
	int64		capture_line;
	char	   *key;
};

extern void lines_feed(FileReader *r, const char *bytes, size_t len);
extern void lines_finish(FileReader *r);
extern void lines_forget(FileReader *r);
extern void document_feed(FileReader *r, const char *bytes, size_t len);
extern void document_finish(FileReader *r);

/* Nothing pending, and no section yet. */
extern void fileparts_init(FileReader *r);
/* An error, or a warning for a tolerant reader. */
extern void fileparts_damage(const FileReader *r, const char *format, ...)
	pg_attribute_printf(2, 3);
extern void fileparts_begin_section(FileReader *r, FileSection *section);
extern void fileparts_row(FileReader *r, const char *object, int len, int64 line);
extern void fileparts_keep(FileReader *r, const char *bytes, size_t len);
/* UTF-8 to a terminated string in the server's encoding. */
extern char *fileparts_text(const char *utf8, int len);
extern Jsonb *fileparts_jsonb(const RowField *value);
extern FileSection *fileparts_find_section(const FileReader *r, const char *name);

#endif							/* DB_ADAPTER_FILEPARTS_PRIVATE_H */
