/*
 * keyform.h
 *	  One value that stands for all that its type calls equal.
 *
 * Keys are equal when the default equality of their type says so, under their column's
 * collation, whatever their texts: 1.0 is 1.00, 'a' of char(5) is 'a' of char(3), one
 * month is thirty days.  Whoever remembers keys, hashes them or sends them to another
 * server does it by their form, never by the text as it stands.
 */
#ifndef DB_ADAPTER_KEYFORM_H
#define DB_ADAPTER_KEYFORM_H

#include "lib/stringinfo.h"

typedef enum KeyFormKind
{
	KEYFORM_PLAIN,				/* equal values have one text, different ones have two */
	KEYFORM_CHOSEN,				/* one of the equal values is chosen */
	KEYFORM_OPAQUE				/* only the type and the collation can tell */
} KeyFormKind;

typedef struct KeyForm KeyForm;

/* For values of type, which may be a domain, in the current memory context. */
extern KeyForm *keyform_create(Oid type, Oid collation);

extern KeyFormKind keyform_kind(const KeyForm *form);

/*
 * The value that stands for value and its equals: the same on every server for a
 * form that is chosen, value itself for one that is plain or opaque.
 */
extern Datum keyform_value(KeyForm *form, Datum value);

/*
 * Appends bytes that are the same for equal values and, but for odds of 1 in 2^128,
 * for no others.  They mean nothing outside this server.
 */
extern void keyform_append(KeyForm *form, StringInfo out, Datum value);

#endif							/* DB_ADAPTER_KEYFORM_H */
