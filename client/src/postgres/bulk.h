/*
 * bulk.h
 *		insert_many: many rows in one request.
 */
#ifndef DBA_BULK_H
#define DBA_BULK_H

#include "core/group.h"
#include "sql/sql.h"

typedef struct Bulk
{
	Group		group;
	Arena		arena;			/* rows, columns, names live here */
	SqlName		table;
	Buf			tail;			/* ON CONFLICT, RETURNING */
	bool		returning;
	JsonValue  *columns;		/* of all rows, as strings */
	bool		even;			/* every row has every one */
	bool		odd;			/* a value is one that only json can hold */
	const JsonValue *next;		/* the first row not sent */
	size_t		left;			/* rows from there, of its shape */
	SqlShape   *shape;			/* the one being sent, or NULL */
	int			under_way;		/* statements */
	SqlColumn  *facts;			/* of the columns, in their order; NULL: not known */
	bool		copyable;		/* the relation takes COPY */
	Types	   *types;			/* that the facts are of */
	Buf			missing;		/* types to be looked up */
	Buf			copy;			/* a piece of COPY's data */
	Buf			names[2];		/* the table's and the columns', as parameters */
	const char *values[2];
} Bulk;

/* --- bulkcopy.c */
extern void bulk_copy(Bulk *bulk);

/* takes arena (where rows lives) and error; rows NULL: error says why */
extern dba_request bulk_insert(dba_client *db, const dba_query *query, Arena *arena,
							   JsonValue *rows, dba_error *error, dba_callback cb, void *arg);

#endif							/* DBA_BULK_H */
