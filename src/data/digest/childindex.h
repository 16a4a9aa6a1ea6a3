/*
 * childindex.h
 *	  Foreign keys that make deletions slow: no index finds the rows that refer.
 */
#ifndef DB_ADAPTER_CHILDINDEX_H
#define DB_ADAPTER_CHILDINDEX_H

#include "base/relation.h"

/*
 * Names in a WARNING each such foreign key to the table of which rows are to be deleted,
 * where that reads so much that it will be felt.
 */
extern void childindex_notice(const RelationInfo *rel, int64 rows);

#endif							/* DB_ADAPTER_CHILDINDEX_H */
