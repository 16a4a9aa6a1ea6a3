/*
 * sqlread.h
 *		The pieces of SQL that callers write as text: names, lists of columns,
 *		orders.
 *
 * A strict grammar; what it does not know is refused, and what it knows is kept
 * as parts, to be quoted when written.  A name follows SQL: folded to lower case
 * unless it stands in double quotes.
 *
 *	name	 table, schema.table, "Odd Name"
 *	columns	 * | item {, item}		  item: expr [[AS] name]
 *	order	 expr [ASC|DESC] [NULLS FIRST|LAST] {, …}
 *	expr	 column | table.column | function([DISTINCT] column {, column}) | count(*)
 *
 * Functions are those of a list (aggregates and a few on text and numbers), always
 * taken from pg_catalog.
 */
#ifndef DBA_SQLREAD_H
#define DBA_SQLREAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

#define SQL_NAME_PARTS 3
#define SQL_MAX_ARGUMENTS 4

/* database.schema.table, schema.table, table.column, column: count parts */
typedef struct SqlName
{
	size_t		count;
	const char *parts[SQL_NAME_PARTS];
} SqlName;

typedef struct SqlExpr
{
	bool		star;			/* * itself, or function(*) */
	bool		distinct;
	const char *function;		/* NULL: a column */
	size_t		count;			/* of columns: 1, or the function's arguments */
	SqlName		columns[SQL_MAX_ARGUMENTS];
} SqlExpr;

/* one member of a column list or an order */
typedef struct SqlItem SqlItem;

struct SqlItem
{
	SqlExpr		expr;
	const char *alias;			/* of a column; NULL: none */
	bool		descending;		/* of an order */
	int			nulls;			/* of an order: 0 unsaid, 1 first, 2 last */
	SqlItem	   *next;
};

/*
 * Each returns false, or NULL, with DBA_INVALID ("columns: unexpected …  at
 * character N") or DBA_NO_MEMORY.  What they return lives in the arena.
 */
extern bool sql_read_name(Arena *arena, const char *text, const char *what, size_t max_parts,
						  SqlName *name, dba_error **err);
extern SqlItem *sql_read_columns(Arena *arena, const char *text, const char *what, dba_error **err);
extern SqlItem *sql_read_order(Arena *arena, const char *text, dba_error **err);

/* plain column names only: "id, name" (conflict targets, jsonb_columns) */
extern SqlItem *sql_read_names(Arena *arena, const char *text, const char *what, dba_error **err);

#endif							/* DBA_SQLREAD_H */
