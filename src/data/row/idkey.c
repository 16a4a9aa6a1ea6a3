/*
 * idkey.c
 *	  A key of a row, by its text: what it is, packed where it can be.
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "data/row/idkey.h"

#define MAX_DIGITS 18
#define UUID_TEXT_LEN 36

/* Only what int8out() would print: "007" and "-0" are other keys than 7 and 0. */
static bool
make_integer(IdKey *key, const char *p, int len)
{
	const char *end = p + len;
	bool		negative = len > 1 && *p == '-';
	int64		value = 0;

	if (negative)
		p++;
	if (p == end || end - p > MAX_DIGITS || (*p == '0' && (negative || end - p > 1)))
		return false;
	for (; p < end; p++)
	{
		if (*p < '0' || *p > '9')
			return false;
		value = value * 10 + (*p - '0');
	}
	key->kind = ID_INTEGER;
	key->number = negative ? -value : value;
	return true;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Only as uuid_out() prints it, in lower case: the text must come back as it was. */
static bool
make_uuid(IdKey *key, const char *text, int len)
{
	int			byte = 0;

	if (len != UUID_TEXT_LEN)
		return false;
	for (int i = 0; i < len;)
	{
		int			high;
		int			low;

		if (i == 8 || i == 13 || i == 18 || i == 23)
		{
			if (text[i++] != '-')
				return false;
			continue;
		}
		high = hex_digit(text[i++]);
		low = hex_digit(text[i++]);
		if (high < 0 || low < 0)
			return false;
		key->uuid.data[byte++] = high << 4 | low;
	}
	key->kind = ID_UUID;
	return true;
}

IdKey
idkey_make(const char *text, int len)
{
	IdKey		key;

	key.text = text;
	key.len = len;
	if (!make_integer(&key, text, len) && !make_uuid(&key, text, len))
		key.kind = ID_TEXT;
	return key;
}

IdKey
idkey_integer(int64 number)
{
	IdKey		key = {.kind = ID_INTEGER, .number = number};

	return key;
}

const char *
idkey_text(const IdKey *key, char *buffer, int *len)
{
	char	   *out = buffer;

	if (key->kind == ID_TEXT)
	{
		*len = key->len;
		return key->text;
	}
	if (key->kind == ID_INTEGER)
	{
		*len = snprintf(buffer, IDKEY_BUFFER, INT64_FORMAT, key->number);
		return buffer;
	}
	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		*out++ = "0123456789abcdef"[key->uuid.data[i] >> 4];
		*out++ = "0123456789abcdef"[key->uuid.data[i] & 15];
	}
	*out = '\0';
	*len = UUID_TEXT_LEN;
	return buffer;
}

/* Packed keys hold no pointer, and are their own copy. */
IdKey
idkey_copy(const IdKey *key)
{
	IdKey		copy = *key;

	if (key->kind == ID_TEXT)
		copy.text = pnstrdup(key->text, key->len);
	return copy;
}

/* Kinds need no mixing in: keys of two kinds are never equal, and share a bucket at worst. */
uint32
idkey_hash(const IdKey *key)
{
	switch (key->kind)
	{
		case ID_INTEGER:
			return hash_bytes((const unsigned char *) &key->number, sizeof(int64));
		case ID_UUID:
			return hash_bytes(key->uuid.data, UUID_LEN);
		default:
			return hash_bytes((const unsigned char *) key->text, key->len);
	}
}

bool
idkey_equal(const IdKey *a, const IdKey *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind)
	{
		case ID_INTEGER:
			return a->number == b->number;
		case ID_UUID:
			return memcmp(a->uuid.data, b->uuid.data, UUID_LEN) == 0;
		default:
			return a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
	}
}

void
idkey_append_part(StringInfo out, const char *text, int len)
{
	appendStringInfo(out, "%d:", len);
	appendBinaryStringInfo(out, text, len);
}

const char *
idkey_next_part(const char **at, int *len)
{
	const char *part = strchr(*at, ':') + 1;

	*len = atoi(*at);
	*at = part + *len;
	return part;
}
