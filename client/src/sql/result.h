/*
 * result.h
 *		A dba_result is a PGresult with the type table that explains it.
 */
#ifndef DBA_RESULT_H
#define DBA_RESULT_H

#include "sql/types.h"

struct dba_result
{
	PGresult   *pg;				/* NULL: no rows, no columns */
	Types	   *types;
	int64_t		count;
	bool		owned;			/* made by dba_result_keep */
	bool		raw_null;		/* JSON's null is a cJSON_Raw */
	dba_result *kept;			/* the owner made from this one */
};

/* a result on the stack for the length of a callback */
extern void result_init(dba_result *result, PGresult *pg, Types *types, int64_t count);

/* has dba_result_keep taken the PGresult over? */
extern bool result_kept(const dba_result *result);

/* the count a server's answer means: rows returned, or affected */
extern int64_t result_count(const PGresult *pg);

/* a result made here: names of its columns, then values[row * columns + column],
 * NULL for NULL; NULL: no memory */
extern PGresult *result_make(int columns, const char *const *names, const Oid *types, int rows,
							 const char *const *values);

#endif							/* DBA_RESULT_H */
