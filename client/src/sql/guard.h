/*
 * guard.h
 *		What a statement of ours asks of its table's columns before it touches a row.
 *
 * A parameter's text was made for the type that a column had when the statement was
 * described.  The guard makes the server refuse the statement once that is another
 * type, so that no value is read as what it was not written for.
 */
#ifndef DBA_GUARD_H
#define DBA_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <libpq-fe.h>

#include "base/buf.h"

/* zeroed: none */
typedef struct SqlGuard
{
	size_t		from;			/* where it goes in the text */
	size_t		to;				/* of a value: where that ends */
	const char *word;			/* " WHERE ", " AND "; NULL: around the value */
	Buf			table;			/* its name, quoted */
	Buf			columns;		/* their names, each with its NUL */
	size_t		count;
} SqlGuard;

extern void guard_add(SqlGuard *guard, const char *column);
extern void guard_free(SqlGuard *guard);

/* the query that finds the columns' types, its two parameters (the second is built
 * in `columns`; false: no memory), and whether its answer has a type for each column; else
 * the guard cannot be had */
extern const char *guard_query(void);
extern bool guard_params(const SqlGuard *guard, const char *values[2], Buf *columns);
extern bool guard_fits(const SqlGuard *guard, const char *answer);

/* the statement with its guard; types: the answer */
extern void guard_write(Buf *out, const char *sql, const SqlGuard *guard, const char *types);

/* is it the guard that failed? */
extern bool guard_refused(const PGresult *result);

#endif							/* DBA_GUARD_H */
