/*
 * columntype.h
 *	  What a file says of the type of a column, and whether a value fits another type.
 */
#ifndef DB_ADAPTER_COLUMNTYPE_H
#define DB_ADAPTER_COLUMNTYPE_H

#include "postgres.h"

/*
 * The short name of a type as people write it: int4, varchar(100), text[].  A restore
 * reads it to know what the texts of the column were; types outside of pg_catalog are
 * told with their schema.
 */
extern char *columntype_name(Oid type, int32 typmod);

/* Asks of values that were read as one type whether they still say what their text does. */
typedef struct NarrowType NarrowType;

/*
 * For a column of that type, whose texts the type called from in the file has printed; NULL:
 * nobody knows.  The answer is NULL where every value is kept.
 */
extern NarrowType *columntype_narrow(Oid type, int32 typmod, const char *from);

/*
 * Whether the value, read from this text in the server's encoding, is another: rounded, or
 * cut to fit.  Under the pins that the type needs.
 */
extern bool columntype_narrows(NarrowType *narrow, const char *text, int len, Datum value);

#endif							/* DB_ADAPTER_COLUMNTYPE_H */
