/*
 * sql.h
 *		From the parts of a statement to SQL text and parameters.
 *
 * Every identifier is quoted and every value is a parameter, so that the text
 * depends on names and operators alone and can be prepared once.  Parameters are
 * JSON values; sql_param_write gives the text the server is sent, once the type
 * is known.
 */
#ifndef DBA_SQL_H
#define DBA_SQL_H

#include <stdint.h>

#include "base/array.h"
#include "sql/guard.h"
#include "sql/query.h"
#include "sql/quote.h"
#include "sql/types.h"

typedef struct SqlStatement
{
	Arena arena; /* of the parameters; rows given to the functions below may live here */
	Buf			text;
	ARRAY_OF(const JsonValue *) params;
	SqlGuard	guard;			/* of the columns that the parameters go to */
	bool		no_memory;
} SqlStatement;

/* A SqlStatement of zeros is empty and valid. */
extern void sql_free(SqlStatement *st);

/*
 * Each writes the statement, once.  false with DBA_INVALID or DBA_NO_MEMORY.
 * Values of the query are copied; rows and params must live in st->arena (or as
 * long as st).  The query's own first mistake is reported.
 *
 * insert, update and upsert return the rows (RETURNING, "*" by default); delete
 * and insert_many return rows only where the query says `returning`.
 * A row is an object; members whose name starts with "_" are left out.
 */
extern bool sql_select(SqlStatement *st, const dba_query *query, dba_error **err);
extern bool sql_insert(SqlStatement *st, const dba_query *query, const JsonValue *row,
					   dba_error **err);
extern bool sql_update(SqlStatement *st, const dba_query *query, const JsonValue *row,
					   dba_error **err);
extern bool sql_delete(SqlStatement *st, const dba_query *query, dba_error **err);

/* what insert and update ask of a row, and update and delete of a query: a filter */
extern bool sql_check_row(const JsonValue *row, dba_error **err);

/* of a row to be inserted: {} is one of defaults alone, where nothing can conflict */
extern bool sql_check_new_row(const dba_query *query, const JsonValue *row, dba_error **err);
extern bool sql_check_filtered(const dba_query *query, const char *verb, dba_error **err);

/* SELECT * FROM function(name => $1, …); args: an object, an array or NULL */
extern bool sql_call(SqlStatement *st, const char *function, const JsonValue *args,
					 dba_error **err);

/* the caller's own text; params: an array or NULL */
extern bool sql_execute(SqlStatement *st, const char *text, const JsonValue *params,
						dba_error **err);

/*
 * insert_many in batches.  sql_rows_columns checks an array of row objects and
 * lists the columns of all of them, in order of appearance, as strings of an
 * array; `even` says that every row has every one.  sql_insert_values writes
 * INSERT … VALUES for `count` rows from `first` on (a JsonValue of the array);
 * a row without a column takes its DEFAULT.  At most SQL_MAX_PARAMS parameters:
 * sql_batch_rows says how many rows that makes.
 */
#define SQL_MAX_PARAMS 65535

extern JsonValue *sql_rows_columns(Arena *arena, const JsonValue *rows, bool *even,
								   dba_error **err);
extern size_t sql_batch_rows(const JsonValue *columns);
extern bool sql_insert_values(SqlStatement *st, const dba_query *query, const JsonValue *columns,
							  const JsonValue *first, size_t count, dba_error **err);

/* a row's member of that name; rows mostly have their members in the order asked
 * for, so `hint` is the one behind the last found */
extern const JsonValue *sql_row_member(const JsonValue *row, const JsonValue *hint,
									   const char *name);

/* rows with the same members in the same order, chained through next */
typedef struct SqlShape SqlShape;

struct SqlShape
{
	JsonValue  *first;
	JsonValue **tail;
	size_t		count;
	SqlShape   *next;
};

/* takes the rows of an array apart by shape, in order of appearance; NULL: more
 * than SQL_MAX_SHAPES (then they are as they were) or no memory (then *err is set) */
#define SQL_MAX_SHAPES 16

extern SqlShape *sql_rows_shapes(Arena *arena, JsonValue *rows, dba_error **err);

/* ---------------------------------------------------------------- parameters */

/* how a parameter's type takes its value */
typedef enum SqlParamForm
{
	SQL_PARAM_PLAIN,			/* text of a scalar; a JSON array becomes {…} */
	SQL_PARAM_JSON,				/* json, jsonb: the value's JSON text */
	SQL_PARAM_NESTED			/* an array or a composite: what is in it decides */
} SqlParamForm;

/* zeroed: of a type nobody knows */
typedef struct SqlParamType
{
	SqlParamForm form;
	Oid			oid;
	const Types *types;
} SqlParamType;

extern SqlParamType sql_param_type(const Types *types, Oid oid);

/* appends the text; false: the value is SQL NULL and nothing was appended; type may
 * be NULL */
extern bool sql_param_write(Buf *buf, const JsonValue *value, const SqlParamType *type);

/* DBA_INVALID for a \u0000 where the type is not json */
extern bool sql_param_check(const JsonValue *value, const SqlParamType *type, dba_error **err);

/* an object as hstore has it */
extern void sql_write_hstore(Buf *buf, const JsonValue *object);

/* is it SQL NULL for that type? */
extern bool sql_param_null(const JsonValue *value, const SqlParamType *type);

/* does its text depend on the type?  That of a number, true, false and SQL NULL does not. */
static inline bool
sql_param_depends(const JsonValue *value)
{
	return value->type == JSON_TYPE_STRING || value->type == JSON_TYPE_ARRAY ||
		   value->type == JSON_TYPE_OBJECT || (value->type == JSON_TYPE_NULL && value->boolean);
}

/* ---------------------------------------------------------------- arrays of columns */

typedef struct SqlColumn
{
	const char *name;
	const char *type;			/* as a cast names it */
	SqlParamType param;
	bool		as_text;		/* sent as text: it has no array, or is one */
} SqlColumn;

/* INSERT of `count` rows that have all defaults */
extern void sql_write_defaults(Buf *sql, const SqlName *table, size_t count);

/* INSERT … SELECT unnest, …, then tail */
extern void sql_write_unnest(Buf *sql, const SqlName *table, const SqlColumn *columns, size_t count,
							 const char *tail);

/* its parameters, an array for each column, in one piece for mem_free; NULL: no memory */
extern const char **sql_write_arrays(const SqlColumn *columns, size_t count, const JsonValue *first,
									 size_t rows);

/* ---------------------------------------------------------------- writing */

extern void sql_write_name(Buf *buf, const SqlName *name);
extern void sql_write_returning(SqlStatement *st, const dba_query *query);

/* a statement whose values are guarded at its first one, which has just been written
 * from there on; of others nothing */
extern void sql_guard_value(SqlStatement *st, const dba_query *query, size_t from);

/*
 * ON CONFLICT (…) DO UPDATE.  columns: the row or, of many, strings; where all of
 * them are conflict columns, one is set to itself so that the row comes back.
 */
extern void sql_write_conflict(SqlStatement *st, const dba_query *query, const JsonValue *columns);

#endif							/* DBA_SQL_H */
