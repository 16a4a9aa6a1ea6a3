/*
 * filelines.c
 *	  The reader of jsonl 2.0: header, table lines, rows and trailer.
 *
 * A line is told by its first bytes: {"table": begins a table line and {"end":
 * the trailer.  The writer spells a row's member of such a name with an escape,
 * so that no row, whatever it holds, can pass for either.
 *
 * It assumes nothing of the file: every line may be damaged or made to harm.  What the
 * sums can tell is a damage, which a tolerant reader passes over with a warning; what
 * cannot be read on from is refused in any case.  One line is held in memory, and of
 * those before it the header and the tables' names and columns.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/json.h"
#include "common/sha2.h"
#include "data/file/fileparts_private.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#define TABLE_PREFIX "{\"table\":"
#define TRAILER_PREFIX "{\"end\":"
#define FORMAT_NAME "db_adapter.backup"
#define VERSION "2.0"
#define NEWER_VERSION "2.1" /* has rows that are looked up, or say where they were born */

static bool
begins_with(const char *line, int len, const char *prefix)
{
	int			n = strlen(prefix);

	return len >= n && memcmp(line, prefix, n) == 0;
}

/* Names are compared after their escapes, as the row scanner has undone them. */
static bool
is_called(const RowField *name, const char *what)
{
	return name->len == (int) strlen(what) && memcmp(name->data, what, name->len) == 0;
}

/*
 * A copy of the line to be read in place.  The scanner unescapes in place, while the
 * bytes may be the caller's own, and the header is counted after it was read.
 */
static char *
take_line(FileReader *r, const char *line, int len)
{
	char	   *copy = palloc(len + 1);

	if (!pg_verify_mbstr(PG_UTF8, line, len, true))
		fileparts_refuse(r->line, "it is not valid UTF-8");
	memcpy(copy, line, len);
	copy[len] = '\0';
	return copy;
}

static void
check_scan(FileReader *r, const RowScanner *scanner)
{
	const RowError *error = &scanner->error;

	if (error->message == NULL)
		return;
	if (error->member == NULL)
		fileparts_refuse(r->line, "%s", error->message);
	fileparts_refuse(r->line, "member \"%s\" %s", fileparts_text(error->member, error->member_len),
					 error->message);
}

/* While a transaction aborts, the owner of the hash frees it; otherwise we do. */
static void
free_hash(void *arg)
{
	if (IsTransactionState())
		lines_forget(arg);
}

void
lines_forget(FileReader *r)
{
	if (r->sha != NULL)
		pg_cryptohash_free(r->sha);
	r->sha = NULL;
}

/*
 * The hash lasts as long as the reader: it belongs to the resource owner of that time.
 * By then the header itself has not been counted: lines_feed() counts it after it was
 * read.
 */
static void
begin_sha256(FileReader *r)
{
	ResourceOwner owner = CurrentResourceOwner;

	CurrentResourceOwner = r->owner;
	r->sha = pg_cryptohash_create(PG_SHA256);
	CurrentResourceOwner = owner;
	if (r->sha == NULL || pg_cryptohash_init(r->sha) < 0)
		elog(ERROR, "could not compute a SHA-256 hash");
	r->on_reset.func = free_hash;
	r->on_reset.arg = r;
	MemoryContextRegisterResetCallback(r->cxt, &r->on_reset);
}

/* As it stands in the file, before anything is read from it. */
static void
count_line(FileReader *r, const char *line, size_t len)
{
	r->bytes += len;
	COMP_CRC32C(r->crc, line, len);
	if (r->sha != NULL && pg_cryptohash_update(r->sha, (const uint8 *) line, len) < 0)
		elog(ERROR, "could not compute a SHA-256 hash");
}

/* What is no text keeps its place, and names nobody. */
static bool
add_origin(const char *key, JsonbValue *value, void *arg)
{
	List	  **origins = arg;

	*origins = lappend(*origins, value->type == jbvString ? json_value_string(value) : pstrdup(""));
	return true;
}

/* Members nobody knows are passed over: a file may say more than its reader needs. */
static void
read_header(FileReader *r, const char *line, int len)
{
	RowScanner	s;
	RowField	name;
	RowField	value;
	char	   *format = NULL;
	bool		sha256 = false;

	row_scan_begin(&s, take_line(r, line, len), len, false);
	while (row_scan_next(&s, &name, &value))
	{
		if (is_called(&name, "format") && value.kind == FIELD_STRING)
			format = fileparts_text(value.data, value.len);
		else if (is_called(&name, "version") && value.kind == FIELD_STRING)
			r->header.version = fileparts_text(value.data, value.len);
		else if (is_called(&name, "metadata") && value.kind == FIELD_NESTED)
			r->header.metadata = fileparts_jsonb(&value);
		else if (is_called(&name, "backup_schema") && value.kind == FIELD_NESTED)
			r->header.backup_schema = fileparts_jsonb(&value);
		else if (is_called(&name, "raw") && value.kind == FIELD_NESTED)
			r->header.raw = fileparts_jsonb(&value);
		else if (is_called(&name, "origin") && value.kind == FIELD_STRING)
			r->header.origin = fileparts_text(value.data, value.len);
		else if (is_called(&name, "origins") && value.kind == FIELD_NESTED)
			json_visit(&fileparts_jsonb(&value)->root, add_origin, &r->header.origins);
		else if (is_called(&name, "checksum"))
			sha256 = is_called(&value, "sha256");
	}
	check_scan(r, &s);
	/* Asked after the whole line was read: members may stand in any order. */
	if (format == NULL || strcmp(format, FORMAT_NAME) != 0)
		fileparts_refuse(r->line, "its format is not \"" FORMAT_NAME "\"");
	if (r->header.version == NULL ||
		(strcmp(r->header.version, VERSION) != 0 && strcmp(r->header.version, NEWER_VERSION) != 0))
		fileparts_refuse(r->line, "its version is \"%s\", which this reader does not know",
						 r->header.version ? r->header.version : "");
	if (sha256)
		begin_sha256(r);
	if (r->events->header != NULL)
		r->events->header(&r->header, r->arg);
}

/* Two of a name would make one of them lose its values without a word. */
static void
read_columns(FileReader *r, FileSection *section, RowField *object)
{
	RowScanner	s;
	RowField	name;
	RowField	value;
	int			max = 16;

	section->columns = palloc(sizeof(FileColumn) * max);
	row_scan_begin(&s, object->data, object->len, false);
	while (row_scan_next(&s, &name, &value))
	{
		FileColumn *column;

		if (section->ncolumns == ROW_SHAPE_MAX)
			fileparts_refuse(r->line, "it names more than %d columns", ROW_SHAPE_MAX);
		if (section->ncolumns == max)
			section->columns = repalloc(section->columns, sizeof(FileColumn) * (max *= 2));
		column = &section->columns[section->ncolumns++];
		column->utf8 = pnstrdup(name.data, name.len);
		column->name = fileparts_text(name.data, name.len);
		column->type = value.kind == FIELD_STRING ? fileparts_text(value.data, value.len) : "";
		for (int i = 0; i < section->ncolumns - 1; i++)
			if (strcmp(section->columns[i].utf8, column->utf8) == 0)
				fileparts_refuse(r->line, "it names column \"%s\" twice", column->name);
	}
	check_scan(r, &s);
}

/* Its rows are read by the shape of its columns, so it may not leave them out. */
static void
read_table(FileReader *r, const char *line, int len)
{
	FileSection *section = palloc0(sizeof(FileSection));
	RowScanner	s;
	RowField	name;
	RowField	value;
	RowField	columns = {NULL, 0, FIELD_ABSENT};

	section->line = r->line;
	row_scan_begin(&s, take_line(r, line, len), len, false);
	while (row_scan_next(&s, &name, &value))
	{
		if (is_called(&name, "table") && value.kind == FIELD_STRING)
			section->name = fileparts_text(value.data, value.len);
		else if (is_called(&name, "columns") && value.kind == FIELD_NESTED)
			columns = value;
		else if (is_called(&name, "referenced") && value.kind == FIELD_LITERAL)
			section->referenced = strtoll(value.data, NULL, 10);
		else if (is_called(&name, "lookup"))
			section->lookup = is_called(&value, "create") ? LOOKUP_CREATE : LOOKUP_FIND;
		else if (is_called(&name, "home") && value.kind == FIELD_STRING)
			section->home = pnstrdup(value.data, value.len);
		else if (is_called(&name, "ids"))
			section->keep_ids = is_called(&value, "keep");
	}
	check_scan(r, &s);
	if (section->name == NULL)
		fileparts_refuse(r->line, "member \"table\" is not a name");
	if (columns.kind == FIELD_ABSENT || *columns.data != '{')
		fileparts_refuse(r->line, "table \"%s\" has no object \"columns\"", section->name);
	read_columns(r, section, &columns);
	fileparts_begin_section(r, section);
}

/* Of each table alone: a row that moved from one to another would not change the sum. */
static void
check_counts(FileReader *r, RowField *object)
{
	RowScanner	s;
	RowField	name;
	RowField	value;
	int			counted = 0;

	row_scan_begin(&s, object->data, object->len, false);
	while (row_scan_next(&s, &name, &value))
	{
		char	   *table = fileparts_text(name.data, name.len);
		FileSection *section = fileparts_find_section(r, table);
		int64		expected = strtoll(value.data, NULL, 10);
		int64		found = section ? section->nrows : 0;

		/* A table that the trailer alone knows differs by its count, unless that is 0. */
		counted += section != NULL;
		if (expected != found)
			fileparts_damage(
				r, "table \"%s\" has " INT64_FORMAT " rows, but the trailer says " INT64_FORMAT,
				table, found, expected);
	}
	check_scan(r, &s);
	if (counted < list_length(r->sections))
		fileparts_damage(r, "the trailer does not count every table");
}

static void
check_sha256(FileReader *r, const RowField *value)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	char		text[PG_SHA256_DIGEST_LENGTH * 2 + 1];

	if (r->sha == NULL)
		return;
	if (pg_cryptohash_final(r->sha, digest, sizeof(digest)) < 0)
		elog(ERROR, "could not compute a SHA-256 hash");
	/* What follows the trailer is refused; newer OpenSSL would not hash it any more. */
	pg_cryptohash_free(r->sha);
	r->sha = NULL;
	for (int i = 0; i < PG_SHA256_DIGEST_LENGTH; i++)
		snprintf(text + i * 2, 3, "%02x", digest[i]);
	if (value->kind == FIELD_ABSENT || !is_called(value, text))
		fileparts_damage(r, "its sha256 does not match the one in the trailer");
}

/* One complaint is enough: with other bytes the sum differs too. */
static void
check_sums(FileReader *r, const RowField *bytes, const RowField *crc)
{
	char		text[9];

	FIN_CRC32C(r->crc);
	snprintf(text, sizeof(text), "%08x", r->crc);
	if (bytes->kind != FIELD_LITERAL || strtoll(bytes->data, NULL, 10) != r->bytes)
		fileparts_damage(r, "it has " INT64_FORMAT " bytes, but the trailer says %.*s", r->bytes,
						 bytes->kind == FIELD_LITERAL ? bytes->len : 7,
						 bytes->kind == FIELD_LITERAL ? bytes->data : "nothing");
	else if (crc->kind != FIELD_STRING || !is_called(crc, text))
		fileparts_damage(r, "its crc32c does not match the one in the trailer");
}

static void
read_trailer(FileReader *r, const char *line, int len)
{
	RowScanner	s;
	RowField	name;
	RowField	value;
	RowField	counts = {NULL, 0, FIELD_ABSENT};
	RowField	bytes = counts;
	RowField	crc = counts;
	RowField	sha256 = counts;

	row_scan_begin(&s, take_line(r, line, len), len, false);
	while (row_scan_next(&s, &name, &value))
	{
		if (is_called(&name, "record_counts") && value.kind == FIELD_NESTED)
			counts = value;
		else if (is_called(&name, "bytes"))
			bytes = value;
		else if (is_called(&name, "crc32c"))
			crc = value;
		else if (is_called(&name, "sha256"))
			sha256 = value;
	}
	check_scan(r, &s);
	r->ended = true;
	r->section = NULL;
	if (counts.kind == FIELD_ABSENT)
		fileparts_damage(r, "the trailer has no \"record_counts\"");
	else
		check_counts(r, &counts);
	check_sums(r, &bytes, &crc);
	check_sha256(r, &sha256);
}

/* One line without its newline; whole bytes of it are counted by len + 1. */
static void
read_line(FileReader *r, const char *line, int len)
{
	/* An editor, or a shell, may have ended the last line once more. */
	if (r->ended && len == 0)
		return;
	if (r->ended)
		fileparts_refuse(r->line, "something follows the trailer");
	if (r->line == 1)
		read_header(r, line, len);
	else if (begins_with(line, len, TRAILER_PREFIX))
	{
		read_trailer(r, line, len);
		r->line++;
		return;
	}
	else if (begins_with(line, len, TABLE_PREFIX))
		read_table(r, line, len);
	else if (r->section == NULL)
		fileparts_refuse(r->line, "a row stands before the first table");
	else
		fileparts_row(r, line, len, r->line);
	r->line++;
}

void
lines_feed(FileReader *r, const char *bytes, size_t len)
{
	const char *end = bytes + len;

	while (bytes < end)
	{
		const char *newline = memchr(bytes, '\n', end - bytes);
		const char *line = bytes;

		CHECK_FOR_INTERRUPTS();
		if (newline == NULL)
		{
			fileparts_keep(r, bytes, end - bytes);
			return;
		}
		bytes = newline + 1;
		/*
		 * Whole lines are read where they lie; only one that was cut by the end of a
		 * chunk is put together first.
		 */
		if (r->pending.len > 0)
		{
			fileparts_keep(r, line, bytes - line);
			line = r->pending.data;
			newline = line + r->pending.len - 1;
		}
		/* No such line fits into memory: this raises the error that says so. */
		else if (newline - line > MaxAllocSize - 1024)
			fileparts_keep(r, line, newline - line);
		/* The header says whether there is a second sum, which covers it too. */
		if (r->line > 1 && !begins_with(line, newline - line, TRAILER_PREFIX))
			count_line(r, line, newline + 1 - line);
		read_line(r, line, newline - line);
		if (r->line == 2)
			count_line(r, line, newline + 1 - line);
		resetStringInfo(&r->pending);
	}
}

void
lines_finish(FileReader *r)
{
	if (r->pending.len > 0 && begins_with(r->pending.data, r->pending.len, TRAILER_PREFIX))
	{
		/* The trailer may have lost its newline on the way. */
		read_line(r, r->pending.data, r->pending.len);
		resetStringInfo(&r->pending);
	}
	if (r->line == 1)
		fileparts_refuse(1, "the header is not complete");
	/* A tolerant reader goes on: what is incomplete is left out. */
	if (r->pending.len > 0)
		fileparts_damage(r, "the file ends within the line");
	if (!r->ended)
		fileparts_damage(r, "the file ends without its trailer");
}
