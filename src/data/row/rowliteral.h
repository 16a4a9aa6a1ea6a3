/*
 * rowliteral.h
 *	  Nested JSON as the text an array or composite type reads.
 */
#ifndef DB_ADAPTER_ROWLITERAL_H
#define DB_ADAPTER_ROWLITERAL_H

#include "lib/stringinfo.h"
#include "utils/jsonb.h"

/* Appends value, not null, as the input function of type reads it. */
extern void rowliteral_append(StringInfo out, Oid type, JsonbValue *value);

#endif							/* DB_ADAPTER_ROWLITERAL_H */
