/*
 * freevalue.h
 *	  Values that no row has: where rows step aside that are in each other's way.
 */
#ifndef DB_ADAPTER_FREEVALUE_H
#define DB_ADAPTER_FREEVALUE_H

#include "base/relation.h"
#include "nodes/bitmapset.h"

typedef struct FreeValues
{
	const RelationInfo *rel;
	Bitmapset  *columns;		/* by their place in rel: those that are given one */
	Bitmapset *evaluated; /* of them, what an expression reads: there NULL may mean anything */
	const char *rows;			/* a relation whose columns c1, … hold more values; or NULL */
	bool		below;			/* below all others rather than above */
} FreeValues;

/* What a unique index or an exclusion constraint is over. */
typedef struct FreeIndex
{
	List	   *plain;			/* of int: columns by their place, the last first */
	List	   *evaluated;		/* those that its expressions or its predicate read */
} FreeIndex;

/* Those of the table and of its partitions, FreeIndex *: the ones of that name; NULL: all. */
extern List *freevalue_indexes(const RelationInfo *rel, const char *name);

/*
 * Adds the columns by which rows can step aside in that index, among those that are
 * usable; false when there are none.
 */
extern bool freevalue_choose(FreeValues *values, const FreeIndex *index, const Bitmapset *usable);

/* "column = value, …" for an UPDATE; n of the relation b counts the rows from 0. */
extern char *freevalue_assignments(const FreeValues *values);

#endif							/* DB_ADAPTER_FREEVALUE_H */
