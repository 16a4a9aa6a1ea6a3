/*
 * deletion_private.h
 *	  What the steps of a deletion share.
 *
 * deletion.c has the statement and what foreign keys take along; deletion_held.c the
 * rows that cannot go, where the caller wants the others gone all the same.
 */
#ifndef DB_ADAPTER_DELETION_PRIVATE_H
#define DB_ADAPTER_DELETION_PRIVATE_H

#include "data/digest/deletion.h"
#include "data/select/closure.h"
#include "storage/itemptr.h"

/* Rows of one table that do not go, and why. */
typedef struct HeldTable
{
	int			count;
	int			max;
	Oid		   *tables;			/* where they lie */
	ItemPointerData *places;
	int		   *reasons;		/* by its place in Deletion.reasons, from 0 */
} HeldTable;

typedef struct Deletion
{
	const DeletionOptions *options;
	MemoryContext cxt;
	BackupSchema *schema;
	Closure	   *closure;
	Selection  *s;
	List	   *tables;			/* BackupTable *, those that keys name */
	int64	   *counts;			/* rows deleted, one a table of those */
	List	   *loosened;		/* Loosened * */
	List	   *reached;		/* Reached *, before and then what came of it */

	List	   *holders;		/* Holder *: foreign keys to those tables */
	bool		holders_known;
	HeldTable  *held;			/* one a table of the schema */
	List	   *reasons;		/* HeldReason * */
} Deletion;

/* AND the row, called t, is none of those held. */
extern void deletion_held_except(const Deletion *d, Selection *s, const BackupTable *table);
/* Finds rows that others refer to which stay, the current user being able to see these. */
extern bool deletion_held_find(Deletion *d);
/* Holds what the error may mean: the table that its foreign key leads to, else all. */
extern void deletion_held_by(Deletion *d, const ErrorData *error);
/* Foreign keys that are deferred are checked now. */
extern void deletion_held_check(Deletion *d);
/* Of up to 100 of the table's rows, their keys and why they stay; table: or NULL. */
extern Jsonb *deletion_held_details(const Deletion *d, const BackupTable *table);

#endif							/* DB_ADAPTER_DELETION_PRIVATE_H */
