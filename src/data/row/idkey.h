/*
 * idkey.h
 *	  A key of a row, by its text: what it is, packed where it can be.
 *
 * A key is taken in its text form, which says what it is: the canonical integers
 * and uuids are packed, everything else, composite keys too, is kept as text.
 */
#ifndef DB_ADAPTER_IDKEY_H
#define DB_ADAPTER_IDKEY_H

#include "lib/stringinfo.h"
#include "utils/uuid.h"

typedef enum IdKind
{
	ID_INTEGER,
	ID_UUID,
	ID_TEXT
} IdKind;

typedef struct IdKey
{
	IdKind		kind;
	int64		number;
	pg_uuid_t	uuid;
	const char *text;			/* not copied, not terminated */
	int			len;
} IdKey;

/* Equal texts give equal keys, and idkey_text() gives the text back. */
extern IdKey idkey_make(const char *text, int len);
extern IdKey idkey_integer(int64 number);
/* The text of key; buffer takes it unless the key has a text of its own. */
#define IDKEY_BUFFER 40
extern const char *idkey_text(const IdKey *key, char *buffer, int *len);
/* With a text of its own. */
extern IdKey idkey_copy(const IdKey *key);
extern uint32 idkey_hash(const IdKey *key);
extern bool idkey_equal(const IdKey *a, const IdKey *b);

/*
 * Composite keys: each part is appended with its length, so that no two
 * sequences of parts look alike.  idkey_next_part() takes them apart.
 */
extern void idkey_append_part(StringInfo out, const char *text, int len);
extern const char *idkey_next_part(const char **at, int *len);

#endif							/* DB_ADAPTER_IDKEY_H */
