/*
 * jsonplace.h
 *	  Places inside jsonb values where keys of other rows stand.
 */
#ifndef DB_ADAPTER_JSONPLACE_H
#define DB_ADAPTER_JSONPLACE_H

#include "utils/jsonb.h"

typedef struct JsonPlace JsonPlace;

/*
 * $.member."member"[3][*]: the part of the SQL/JSON path language that leads to
 * places.  Raises 22023 for anything else.
 */
extern JsonPlace *jsonplace_parse(const char *path);

/* May change the scalar; returns false when it left it as it is. */
typedef bool (*JsonPlaceVisit)(JsonbValue *value, void *arg);

/* The document with what visit made of the scalars there; NULL when nothing changed. */
extern Jsonb *jsonplace_map(const JsonPlace *place, Jsonb *document, JsonPlaceVisit visit,
							void *arg);

#endif							/* DB_ADAPTER_JSONPLACE_H */
