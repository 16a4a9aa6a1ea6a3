/*
 * valuereader.h
 *	  Fields of a row to values of a column's type.
 */
#ifndef DB_ADAPTER_VALUEREADER_H
#define DB_ADAPTER_VALUEREADER_H

#include "base/relation.h"
#include "data/row/idkey.h"
#include "data/row/rowreader.h"
#include "fmgr.h"

typedef struct ValueReader ValueReader;

/*
 * Reads values for column, as its base type: what a domain demands is checked
 * where the value is assigned, under the caller's settings.  plain reads 1.1.
 */
extern ValueReader *valuereader_create(const RelationColumn *column, bool plain);

/*
 * Tells the type that a file of 2.0 gives its column; NULL where it does not.  From then
 * on values are compared with their texts where they may not be the same.
 */
extern void valuereader_from(ValueReader *reader, const char *type);

/* What its values are: the column's type without domains. */
extern Oid valuereader_type(const ValueReader *reader);
extern int32 valuereader_typmod(const ValueReader *reader);

/*
 * Whether settings have a say in how the type's text is read: such values are
 * read between query_pin(PIN_VALUES) and query_unpin().
 */
extern bool valuereader_needs_pins(const ValueReader *reader);

/*
 * The value, in the current memory context; it may share the field's bytes no
 * longer.  The field is there.  What the type refuses raises its own error.
 */
extern Datum valuereader_read(ValueReader *reader, const RowField *field, bool *isnull);

/* Whether that value is not what the field said: rounded, or cut to fit the type. */
extern bool valuereader_changed(const ValueReader *reader);

/* A value from text in the server's encoding, as the type prints it. */
extern Datum valuereader_text(ValueReader *reader, const char *text, int len);

/* A copy of a value in the current context; whether two have the same bytes. */
extern Datum valuereader_copy(const ValueReader *reader, Datum value);
extern bool valuereader_same(const ValueReader *reader, Datum a, Datum b);

/* One part of a key to a value and back; a text lands in the current context. */
extern Datum valuereader_key(ValueReader *reader, const IdKey *key);
extern IdKey valuereader_make_key(ValueReader *reader, Datum value);

#endif							/* DB_ADAPTER_VALUEREADER_H */
