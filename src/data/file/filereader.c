/*
 * filereader.c
 *	  The bytes of a backup, cut anywhere, as its parts: header, tables, rows.
 *
 * The first member of the file decides: a line that begins with "format" is the
 * header of jsonl 2.0, anything else is one document of version 1.1.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/file/filereader.h"
#include "data/file/fileparts_private.h"
#include "utils/memutils.h"

/* Bytes taken at a time until they say which format it is. */
#define FIRST_BYTES 64

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
	fileparts_init(r);
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

		fileparts_keep(r, bytes, count);
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
