/*
 * api.h
 *		What the service says of itself: PostgREST's OpenAPI description, kept as
 *		tables, their columns and keys.
 *
 * It decides how a value is written into a filter, what type a result's column
 * has, and by what key rows are put in order.
 */
#ifndef DBA_API_H
#define DBA_API_H

#include "json/json.h"
#include "sql/sql.h"

typedef struct ApiColumn ApiColumn;

struct ApiColumn
{
	const char *name;
	const char *format;			/* as PostgreSQL prints the type: "timestamp with time zone" */
	bool		key;			/* of the primary key */
	ApiColumn  *next;
};

typedef struct ApiTable ApiTable;

struct ApiTable
{
	const char *name;
	ApiColumn  *columns;
	bool		has_key;
	ApiTable   *next;
};

/* Reads the document; the tables live in the arena.  false: no memory.  What it
 * does not understand it leaves out. */
extern bool api_read(Arena *arena, const JsonValue *document, ApiTable **tables);

/* NULL when there is none (of a NULL table: none) */
extern const ApiTable *api_table(const ApiTable *tables, const char *name);
extern const ApiColumn *api_column(const ApiTable *table, const char *name);

/* how the column takes a value; a NULL column: as its JSON type suggests */
extern SqlParamType api_param_type(const ApiColumn *column);

/* of whatever schema */
extern bool api_is_hstore(const ApiColumn *column);

/* the type that explains a result's column; 0: its values decide */
extern uint32_t api_result_type(const ApiColumn *column);

#endif							/* DBA_API_H */
