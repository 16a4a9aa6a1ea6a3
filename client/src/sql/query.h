/*
 * query.h
 *		A statement in the making, as its parts: what every provider starts from.
 *
 * The public setters (dba_query_…) are here; those below take what the plain
 * calls have.  The first mistake is kept in `error` and answered by
 * query_check.
 */
#ifndef DBA_QUERY_H
#define DBA_QUERY_H

#include <stdint.h>

#include "sql/filter.h"

struct dba_query
{
	Arena		arena;
	dba_error  *error;			/* the first mistake */
	SqlName		table;			/* one or two parts */
	SqlItem	   *columns;		/* NULL: all */
	Filter	   *filter;			/* an AND; NULL: none */
	SqlItem	   *order;
	SqlItem	   *returning;
	SqlItem	   *conflict;		/* insert: an upsert on these */
	int64_t		limit;			/* -1: none */
	int64_t		offset;			/* 0: none */
	bool		all_rows;		/* update and delete without a filter */
	bool		json_null;		/* null is JSON's own in these columns */
	SqlItem	   *json_nulls;		/* NULL: in all */
};

/* like dba_query_new, but never allocates the query itself; query_free releases what it holds */
extern void query_init(dba_query *query, const char *table);
extern void query_free(dba_query *query);

/* a copy in a query of zeros; false: no memory (query_free it all the same) */
extern bool query_copy(dba_query *to, const dba_query *from);

/* filters as JSON text or a cJSON tree; NULL: none */
extern void query_filters(dba_query *query, const char *text, const cJSON *tree);

/* the nulls of rows (an object, or an array of them) that the query calls JSON's own */
extern void query_mark_nulls(const dba_query *query, JsonValue *rows);

/* false with a copy of the first mistake */
extern bool query_check(const dba_query *query, dba_error **err);

#endif							/* DBA_QUERY_H */
