/*
 * homekey.c
 *	  A key as the ledger has it: one text for all values that are equal.
 *
 * The same row has to be found by another database, and years later: of equal values one
 * is chosen (keyform.h), and settings have no say in its text.  That is the text by which
 * a restore knows a row of the file, so that a row that was born where the file was made
 * says nothing of its home.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "data/ledger/homekey.h"
#include "data/row/keyform.h"
#include "data/row/valuereader.h"
#include "utils/memutils.h"

typedef struct KeyPart
{
	ValueReader *reader;
	KeyForm	   *form;
	Oid			sequence;
} KeyPart;

struct HomeKey
{
	int			count;
	KeyPart	   *parts;
	bool		pinned;
};

HomeKey *
homekey_create(RelationColumn **columns, int count)
{
	HomeKey	   *key = palloc0(sizeof(HomeKey));

	key->count = count;
	key->parts = palloc0(sizeof(KeyPart) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		RelationColumn column = *columns[i];

		/* What is stored has passed the domain's checks and the column's length. */
		column.type = column.basetype;
		column.typmod = -1;
		key->parts[i].reader = valuereader_create(&column, false);
		key->parts[i].form = keyform_create(column.type, column.collation);
		key->parts[i].sequence = column.sequence;
		key->pinned |= valuereader_needs_pins(key->parts[i].reader);
		if (keyform_kind(key->parts[i].form) == KEYFORM_OPAQUE)
			return NULL;
	}
	return count > 0 ? key : NULL;
}

int
homekey_sequence(const HomeKey *key, Oid *sequence)
{
	for (int i = 0; i < key->count; i++)
		if (OidIsValid(key->parts[i].sequence))
		{
			*sequence = key->parts[i].sequence;
			return i;
		}
	*sequence = InvalidOid;
	return -1;
}

static IdKey
part_key(KeyPart *part, Datum value)
{
	return valuereader_make_key(part->reader, keyform_value(part->form, value));
}

char *
homekey_text(HomeKey *key, const Datum *values)
{
	int			nestlevel = key->pinned ? query_pin(PIN_VALUES) : 0;
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < key->count; i++)
	{
		IdKey		part = part_key(&key->parts[i], values[i]);
		char		buffer[IDKEY_BUFFER];
		int			len;
		const char *text = idkey_text(&part, buffer, &len);

		if (key->count == 1)
			appendBinaryStringInfo(&out, text, len);
		else
			idkey_append_part(&out, text, len);
	}
	if (key->pinned)
		query_unpin(nestlevel);
	return out.data;
}

int64
homekey_number(HomeKey *key, const Datum *values)
{
	Oid			sequence;
	int			at = homekey_sequence(key, &sequence);
	IdKey		part;

	if (at < 0)
		return PG_INT64_MIN;
	part = part_key(&key->parts[at], values[at]);
	return part.kind == ID_INTEGER ? part.number : PG_INT64_MIN;
}

/* As idkey_next_part() takes it apart, which trusts it. */
static char *
split_part(const char **at)
{
	const char *p = *at;
	int			len = 0;

	if (*p < '0' || *p > '9')
		return NULL;
	for (; *p >= '0' && *p <= '9'; p++)
	{
		len = len * 10 + (*p - '0');
		if (len > MaxAllocSize / 16)
			return NULL;
	}
	if (*p++ != ':' || strnlen(p, len) < (size_t) len)
		return NULL;
	*at = p + len;
	return pnstrdup(p, len);
}

bool
homekey_split(const HomeKey *key, const char *text, char **parts)
{
	const char *at = text;

	if (key->count == 1)
	{
		parts[0] = pstrdup(text);
		return true;
	}
	for (int i = 0; i < key->count; i++)
		if ((parts[i] = split_part(&at)) == NULL)
			return false;
	return *at == '\0';
}

Datum
homekey_value(HomeKey *key, int part, const char *text)
{
	int			nestlevel = key->pinned ? query_pin(PIN_VALUES) : 0;
	IdKey		id = idkey_make(text, strlen(text));
	Datum		value = valuereader_key(key->parts[part].reader, &id);

	if (key->pinned)
		query_unpin(nestlevel);
	return value;
}
