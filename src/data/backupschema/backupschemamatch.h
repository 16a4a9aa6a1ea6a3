/*
 * backupschemamatch.h
 *	  Whether a match key means the same row in every database.
 */
#ifndef DB_ADAPTER_BACKUPSCHEMAMATCH_H
#define DB_ADAPTER_BACKUPSCHEMAMATCH_H

#include "data/backupschema/backupschema.h"

/*
 * The column of the bound table's match key that holds a reference in a circle to rows
 * whose keys differ from database to database; NULL without one.  Such a reference is
 * mapped when all rows are there, too late to find any by it.
 */
extern const RelationColumn *backupschemamatch_circular(const BackupSchema *schema,
														const BackupTable *table);

/* Raises 22023 where there is such a column. */
extern void backupschemamatch_check(const BackupSchema *schema, const BackupTable *table);

#endif							/* DB_ADAPTER_BACKUPSCHEMAMATCH_H */
