/*
 * filter.h
 *		Conditions: read from JSON or from (column, operator, value), kept as a tree.
 *
 *	{"a": 1, "b": null}							a = 1 AND b IS NULL
 *	{"a": {"gt": 1, "le": 9}}					a > 1 AND a <= 9
 *	{"or": [{"a": 1}, {"a": {"is_null": true}}]}
 *
 * Column names in JSON are taken as they are, upper case and all.
 */
#ifndef DBA_FILTER_H
#define DBA_FILTER_H

#include "json/json.h"
#include "sql/sqlread.h"

typedef enum FilterOp
{
	FILTER_AND,
	FILTER_OR,
	FILTER_EQ,
	FILTER_NE,
	FILTER_LT,
	FILTER_LE,
	FILTER_GT,
	FILTER_GE,
	FILTER_IN,
	FILTER_IS_NULL,				/* value: true or false */
	FILTER_LIKE,
	FILTER_ILIKE,
	FILTER_BETWEEN,				/* value: an array of two */
	FILTER_CONTAINS
} FilterOp;

typedef struct Filter Filter;

struct Filter
{
	FilterOp	op;
	SqlName		column;			/* not of AND and OR */
	const JsonValue *value;		/* not of AND and OR */
	Filter	   *first;			/* of AND and OR; an empty AND is true, there is no empty OR */
	Filter	   *next;			/* the sibling */
};

/* An object; NULL with DBA_INVALID (what is wrong with which member) or
 * DBA_NO_MEMORY.  The tree borrows value, which must live in the same arena. */
extern Filter *filter_read(Arena *arena, const JsonValue *value, dba_error **err);

/* one condition; op is a sign ("<=") or a name ("le") */
extern Filter *filter_condition(Arena *arena, const SqlName *column, const char *op,
								const JsonValue *value, dba_error **err);

#endif							/* DBA_FILTER_H */
