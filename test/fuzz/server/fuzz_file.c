/*
 * fuzz_file.c
 *		The reader of whole backups, lines and documents alike: whatever the bytes, and
 *		wherever they are cut, it tells of the same parts or refuses them.
 *
 * The first byte of the input says how the rest is cut.
 */
#include "server.h"

#include "data/file/filereader.h"
#include "data/row/rowreader.h"

typedef struct Told
{
	int64		headers;
	int64		sections;
	int64		rows;
	uint64		sum;			/* over names, places and bytes of what was told */
} Told;

typedef struct Run
{
	const char *bytes;
	size_t		size;
	size_t		piece;
	Told		told;
} Run;

static void
add(Told *told, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		told->sum = (told->sum ^ (unsigned char) bytes[i]) * UINT64CONST(1099511628211);
}

static void
tell_header(const FileHeader *header, void *arg)
{
	Told	   *told = arg;

	told->headers++;
	if (header->version == NULL)
		__builtin_trap();
}

static void
tell_table(const FileSection *section, void *arg)
{
	Told	   *told = arg;

	told->sections++;
	add(told, section->name, strlen(section->name));
	for (int i = 0; i < section->ncolumns; i++)
		add(told, section->columns[i].utf8, strlen(section->columns[i].utf8) + 1);
}

/* A row is handed to the row reader, as a restore does. */
static void
tell_row(const char *object, int len, int64 line, void *arg)
{
	Told	   *told = arg;
	RowScanner	s;
	RowField	name;
	RowField	value;
	char	   *copy = palloc(len + 1);

	if (line < 1 || told->sections == 0)
		__builtin_trap();
	told->rows++;
	add(told, object, len);
	memcpy(copy, object, len);
	copy[len] = '\0';
	row_scan_begin(&s, copy, len, (len & 1) != 0);
	while (row_scan_next(&s, &name, &value))
		if (name.data < copy || value.data < copy || value.data + value.len > copy + len)
			__builtin_trap();
}

static const FileEvents events = {tell_header, tell_table, tell_row};

static void
read_file(void *arg)
{
	Run		   *run = arg;
	FileReader *reader = filereader_create(&events, &run->told, false);

	for (size_t at = 0; at < run->size; at += run->piece)
	{
		size_t		count = Min(run->piece, run->size - at);
		char	   *piece = palloc(count);

		/* So that a step too far is seen. */
		memcpy(piece, run->bytes + at, count);
		filereader_feed(reader, piece, count);
		pfree(piece);
	}
	filereader_finish(reader);
	if (filereader_rows(reader) != run->told.rows)
		__builtin_trap();
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	Run			cut;
	Run			whole;
	int			result;

	if (size < 2)
		return 0;
	memset(&cut, 0, sizeof(cut));
	cut.bytes = (const char *) data + 1;
	cut.size = size - 1;
	cut.piece = data[0] % 97 + 1;
	whole = cut;
	whole.piece = whole.size;
	result = server_run(read_file, &cut);
	if (server_run(read_file, &whole) != result)
		__builtin_trap();
	if (memcmp(&cut.told, &whole.told, sizeof(Told)) != 0)
		__builtin_trap();
	return 0;
}
