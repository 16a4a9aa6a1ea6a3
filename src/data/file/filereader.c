/*
 * filereader.c
 *	  The bytes of a backup, cut anywhere, as its parts: header, tables, rows.
 *
 * The first member of the file decides: a line that begins with "format" is the
 * header of jsonl 2.0, anything else is one document of version 1.1.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "common/hashfn.h"
#include "data/file/filereader.h"
#include "data/file/filereader_private.h"
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
/* Bytes taken at a time until they say which format it is. */
#define FIRST_BYTES 64

static char *format_reason(const char *format, va_list args) pg_attribute_printf(1, 0);

static char *
format_reason(const char *format, va_list args)
{
	StringInfoData text;
	va_list		copy;
	int			needed;

	initStringInfo(&text);
	for (;;)
	{
		va_copy(copy, args);
		needed = appendStringInfoVA(&text, format, copy);
		va_end(copy);
		if (needed == 0)
			return text.data;
		enlargeStringInfo(&text, needed);
	}
}

void
filereader_refuse(int64 line, const char *format, ...)
{
	va_list		args;
	char	   *reason;

	va_start(args, format);
	reason = format_reason(format, args);
	va_end(args);
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid backup, line " INT64_FORMAT ": %s", line, reason)));
}

void
filereader_damage(const FileReader *r, const char *format, ...)
{
	va_list		args;
	char	   *reason;

	va_start(args, format);
	reason = format_reason(format, args);
	va_end(args);
	ereport(r->tolerant ? WARNING : ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("damaged backup, line " INT64_FORMAT ": %s", r->line, reason)));
}

FileReader *
filereader_create(const FileEvents *events, void *arg, bool tolerant)
{
	FileReader *r = palloc0(sizeof(FileReader));

	r->events = events;
	r->arg = arg;
	r->cxt = CurrentMemoryContext;
	r->owner = CurrentResourceOwner;
	r->tolerant = tolerant;
	r->line = 1;
	r->by_name = sections_create(64, NULL);
	initStringInfo(&r->pending);
	INIT_CRC32C(r->crc);
	return r;
}

void
filereader_abandon(FileReader *r)
{
	lines_forget(r);
}

const FileHeader *
filereader_header(const FileReader *r)
{
	return &r->header;
}

List *
filereader_sections(const FileReader *r)
{
	return r->sections;
}

int64
filereader_line(const FileReader *r)
{
	return r->line;
}

int64
filereader_rows(const FileReader *r)
{
	return r->nrows;
}

void
filereader_keep(FileReader *r, const char *bytes, size_t len)
{
	if (r->pending.len + len > MAX_PENDING)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("line " INT64_FORMAT " of the backup is too long", r->line),
						errdetail("A row cannot be longer than 1 GB.")));
	appendBinaryStringInfo(&r->pending, bytes, len);
}

char *
filereader_text(const char *utf8, int len)
{
	char	   *text = pg_any_to_server(utf8, len, PG_UTF8);

	return text == utf8 ? pnstrdup(utf8, len) : text;
}

Jsonb *
filereader_jsonb(const RowField *value)
{
	char	   *text = filereader_text(value->data, value->len);

	return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

FileSection *
filereader_find_section(const FileReader *r, const char *name)
{
	FileSection key = {.name = name};
	SectionEntry *entry = sections_lookup(r->by_name, &key);

	return entry != NULL ? entry->section : NULL;
}

void
filereader_begin_section(FileReader *r, FileSection *section)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(r->cxt);
	bool		found;

	(void) sections_insert(r->by_name, section, &found);
	if (found)
		filereader_refuse(r->line, "table \"%s\" stands in it twice", section->name);
	r->sections = lappend(r->sections, section);
	MemoryContextSwitchTo(oldcxt);
	r->section = section;
	if (r->events->table != NULL)
		r->events->table(section, r->arg);
}

void
filereader_row(FileReader *r, const char *object, int len, int64 line)
{
	if (!pg_verify_mbstr(PG_UTF8, object, len, true))
		filereader_refuse(line, "it is not valid UTF-8");
	r->section->nrows++;
	r->nrows++;
	if (r->events->row != NULL)
		r->events->row(object, len, line, r->arg);
}

static const char *
skip_blank(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\r' || *p == '\n'))
		p++;
	return p;
}

/*
 * Whether the bytes begin a file of lines: 1 yes, 0 no, -1 too few to tell.
 */
static int
begins_lines(const char *p, const char *end, bool at_end)
{
	static const char *const pieces[] = {"{", "\"format\"", ":", "\"", NULL};

	for (const char *const *piece = pieces; *piece != NULL; piece++)
	{
		int			len = strlen(*piece);
		int			have;

		p = skip_blank(p, end);
		have = Min(end - p, len);
		if (memcmp(p, *piece, have) != 0)
			return 0;
		if (have < len)
			return at_end ? 0 : -1;
		p += len;
	}
	return 1;
}

static void
feed_decided(FileReader *r, const char *bytes, size_t len)
{
	if (r->header.is_document)
		document_feed(r, bytes, len);
	else
		lines_feed(r, bytes, len);
}

/* The first bytes wait until they say which format it is. */
static void
decide(FileReader *r, bool at_end)
{
	int			lines = begins_lines(r->pending.data, r->pending.data + r->pending.len, at_end);
	StringInfoData first = r->pending;

	if (lines < 0)
		return;
	r->decided = true;
	r->header.is_document = lines == 0;
	r->header.version = lines ? NULL : "1.1";
	initStringInfo(&r->pending);
	feed_decided(r, first.data, first.len);
	pfree(first.data);
}

void
filereader_feed(FileReader *r, const char *bytes, size_t len)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(r->cxt);

	while (!r->decided && len > 0)
	{
		size_t		count = Min(len, FIRST_BYTES);

		filereader_keep(r, bytes, count);
		decide(r, false);
		bytes += count;
		len -= count;
	}
	if (len > 0)
		feed_decided(r, bytes, len);
	MemoryContextSwitchTo(oldcxt);
}

void
filereader_finish(FileReader *r)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(r->cxt);

	if (!r->decided)
		decide(r, true);
	if (r->header.is_document)
		document_finish(r);
	else
		lines_finish(r);
	MemoryContextSwitchTo(oldcxt);
}
