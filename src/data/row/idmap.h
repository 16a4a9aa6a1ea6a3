/*
 * idmap.h
 *	  Which key a row of the backup has here: source key -> destination key.
 *
 * One map a table.
 */
#ifndef DB_ADAPTER_IDMAP_H
#define DB_ADAPTER_IDMAP_H

#include "data/row/idkey.h"

typedef struct IdMap IdMap;

extern IdMap *idmap_create(MemoryContext cxt);
/* A key that is there already keeps its first value; false if that is another. */
extern bool idmap_put(IdMap *map, const IdKey *source, const IdKey *target);
extern bool idmap_get(const IdMap *map, const IdKey *source, IdKey *target);

#endif							/* DB_ADAPTER_IDMAP_H */
