/*
 * subset.h
 *	  The part of a schema that some differences concern.  Pure.
 */
#ifndef DB_ADAPTER_SUBSET_H
#define DB_ADAPTER_SUBSET_H

#include "schema/model/diff.h"

/* Keys of top-level objects, as in depends_on: "table public.items". */
typedef struct Subset Subset;

/*
 * The objects that the differences are about, what these need to exist, what
 * depends on them, and what that needs in turn.  touched (SchemaObject *) are
 * relations that steps change beyond the differences; concerned (GraphNode *) is what
 * needs something that goes or changes.
 */
extern Subset *subset_of_differences(const Schema *expected, const Schema *actual,
									 List *differences, List *touched, List *concerned);

extern Subset *subset_of_all(void);

/*
 * A schema with only the objects in the subset; the structs are shared but for
 * tables whose foreign keys lead out of it: these lose those keys.
 */
extern Schema *subset_restrict(const Subset *subset, const Schema *schema);

#endif							/* DB_ADAPTER_SUBSET_H */
