/*
 * fileparts.c
 *	  What the readers of both formats need: pending bytes, sections, complaints.
 *
 * Below them, so that they call down only: the reader that chooses between them is
 * filereader.c.  A section's name and columns are kept for as long as the reader, in
 * a table by name, since nothing limits how many a file has; a row is passed on and
 * forgotten.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/texts.h"
#include "common/hashfn.h"
#include "data/file/fileparts_private.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* The tables of a file by name: nothing limits how many it has. */
typedef struct SectionEntry
{
	FileSection *section;
	uint32		hash;
	char		status;
} SectionEntry;

#define SH_PREFIX sections
#define SH_ELEMENT_TYPE SectionEntry
#define SH_KEY_TYPE FileSection *
#define SH_KEY section
#define SH_HASH_KEY(tb, key) hash_bytes((const unsigned char *) (key)->name, strlen((key)->name))
#define SH_EQUAL(tb, a, b) (strcmp((a)->name, (b)->name) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_RAW_ALLOCATOR palloc0
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* A value is limited to this by the server; a line may be a little longer. */
#define MAX_PENDING ((size_t) MaxAllocSize - 1024)

void
fileparts_refuse(int64 line, const char *format, ...)
{
	va_list		args;
	char	   *reason;

	va_start(args, format);
	reason = texts_format(format, args);
	va_end(args);
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid backup, line " INT64_FORMAT ": %s", line, reason)));
}

void
fileparts_damage(const FileReader *r, const char *format, ...)
{
	va_list		args;
	char	   *reason;

	va_start(args, format);
	reason = texts_format(format, args);
	va_end(args);
	ereport(r->tolerant ? WARNING : ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("damaged backup, line " INT64_FORMAT ": %s", r->line, reason)));
}

void
fileparts_init(FileReader *r)
{
	r->by_name = sections_create(64, NULL);
	initStringInfo(&r->pending);
}

void
fileparts_keep(FileReader *r, const char *bytes, size_t len)
{
	if (r->pending.len + len > MAX_PENDING)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("line " INT64_FORMAT " of the backup is too long", r->line),
						errdetail("A row cannot be longer than 1 GB.")));
	appendBinaryStringInfo(&r->pending, bytes, len);
}

char *
fileparts_text(const char *utf8, int len)
{
	char	   *text = pg_any_to_server(utf8, len, PG_UTF8);

	return text == utf8 ? pnstrdup(utf8, len) : text;
}

Jsonb *
fileparts_jsonb(const RowField *value)
{
	char	   *text = fileparts_text(value->data, value->len);

	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

FileSection *
fileparts_find_section(const FileReader *r, const char *name)
{
	FileSection key = {.name = name};
	SectionEntry *entry = sections_lookup(r->by_name, &key);

	return entry != NULL ? entry->section : NULL;
}

void
fileparts_begin_section(FileReader *r, FileSection *section)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(r->cxt);
	bool		found;

	(void) sections_insert(r->by_name, section, &found);
	if (found)
		fileparts_refuse(r->line, "table \"%s\" stands in it twice", section->name);
	r->sections = lappend(r->sections, section);
	MemoryContextSwitchTo(oldcxt);
	r->section = section;
	if (r->events->table != NULL)
		r->events->table(section, r->arg);
}

void
fileparts_row(FileReader *r, const char *object, int len, int64 line)
{
	if (!pg_verify_mbstr(PG_UTF8, object, len, true))
		fileparts_refuse(line, "it is not valid UTF-8");
	r->section->nrows++;
	r->nrows++;
	if (r->events->row != NULL)
		r->events->row(object, len, line, r->arg);
}
