/*
 * jsonpack.c
 *	  Writing a large jsonb straight into its stored form.
 *
 * The layout is the one of utils/jsonb.h: a container is a header, then one
 * entry a key and value, then their bytes in the same order; every
 * JB_OFFSET_STRIDE-th entry holds an offset instead of a length.
 *
 * JsonbValueToJsonb() keeps the whole document as a tree of values, several times its
 * size, before it copies.  Here the caller says first how many members come, and gives
 * them in the order of pack_compare_keys(); that both hold is not checked, and a
 * document where they do not is corrupt.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/jsonpack.h"
#include "utils/numeric.h"

/*
 * As lengthCompareJsonbString(): shorter ones first, which is jsonb's order and no
 * alphabet's.
 */
int
pack_compare_keys(const char *a, const char *b)
{
	size_t		x = strlen(a);
	size_t		y = strlen(b);

	return x != y ? (x > y) - (x < y) : memcmp(a, b, x);
}

void
pack_init(JsonPack *p)
{
	initStringInfo(&p->out);
	appendStringInfoSpaces(&p->out, VARHDRSZ);
}

/* Containers and numbers are aligned in the stored form; strings are not. */
static void
pad(JsonPack *p)
{
	while (p->out.len % ALIGNOF_INT != 0)
		appendStringInfoChar(&p->out, '\0');
}

static void
begin(JsonPack *p, JsonFrame *frame, uint32 flag, int count, int entries)
{
	uint32		header = (uint32) count | flag;
	int			size = entries * sizeof(JEntry);

	/* Before the padding, which counts to the container's own length. */
	frame->start = p->out.len;
	pad(p);
	appendBinaryStringInfo(&p->out, (char *) &header, sizeof(header));
	frame->entries = p->out.len;
	frame->next = 0;
	frame->total = 0;
	enlargeStringInfo(&p->out, size);
	memset(p->out.data + p->out.len, 0, size);
	p->out.len += size;
}

void
pack_begin_object(JsonPack *p, JsonFrame *frame, int members)
{
	begin(p, frame, JB_FOBJECT, members, 2 * members);
}

void
pack_begin_array(JsonPack *p, JsonFrame *frame, int elements)
{
	begin(p, frame, JB_FARRAY, elements, elements);
}

/*
 * The entry of what has been written since `start`.  Keys of an object have to be added
 * before its values: the entries of all keys stand first.
 */
static void
add_entry(JsonPack *p, JsonFrame *frame, uint32 type, int start)
{
	uint32		length = p->out.len - start;
	JEntry		entry;

	frame->total += length;
	if (frame->total > JENTRY_OFFLENMASK)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("document exceeds the maximum size of a jsonb value, %u bytes",
							   JENTRY_OFFLENMASK)));
	if (frame->next % JB_OFFSET_STRIDE == 0)
		entry = type | frame->total | JENTRY_HAS_OFF;
	else
		entry = type | length;
	memcpy(p->out.data + frame->entries + frame->next * sizeof(JEntry), &entry, sizeof(entry));
	frame->next++;
}

void
pack_nested(JsonPack *p, JsonFrame *outer, const JsonFrame *inner)
{
	add_entry(p, outer, JENTRY_ISCONTAINER, inner->start);
}

void
pack_string(JsonPack *p, JsonFrame *frame, const char *value)
{
	int			start = p->out.len;

	appendBinaryStringInfo(&p->out, value, strlen(value));
	add_entry(p, frame, JENTRY_ISSTRING, start);
}

void
pack_key(JsonPack *p, JsonFrame *frame, const char *key)
{
	pack_string(p, frame, key);
}

void
pack_bool(JsonPack *p, JsonFrame *frame, bool value)
{
	add_entry(p, frame, value ? JENTRY_ISBOOL_TRUE : JENTRY_ISBOOL_FALSE, p->out.len);
}

void
pack_int(JsonPack *p, JsonFrame *frame, int64 value)
{
	int			start = p->out.len;
	Numeric		numeric = int64_to_numeric(value);

	pad(p);
	appendBinaryStringInfo(&p->out, (char *) numeric, VARSIZE_ANY(numeric));
	add_entry(p, frame, JENTRY_ISNUMERIC, start);
	pfree(numeric);
}

Jsonb *
pack_finish(JsonPack *p)
{
	Jsonb	   *result = (Jsonb *) p->out.data;

	SET_VARSIZE(result, p->out.len);
	return result;
}
