/*
 * naturalrow.h
 *	  A row without its ids: what it references stands by its natural key.
 */
#ifndef DB_ADAPTER_NATURALROW_H
#define DB_ADAPTER_NATURALROW_H

#include "data/selection.h"

typedef struct NaturalRow
{
	int			ncolumns;
	int			nmatch;
	int		   *match;			/* which of the columns are the match key, in order */
} NaturalRow;

/*
 * Writes the statement that reads such rows of the table.  Its columns are in
 * the order of their names, so that two databases agree whatever the order in
 * their tables.
 */
extern NaturalRow *naturalrow_select(Selection *s, const BackupTable *table);

#endif							/* DB_ADAPTER_NATURALROW_H */
