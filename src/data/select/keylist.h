/*
 * keylist.h
 *	  Keys of many rows as one condition: "the row has one of these".
 */
#ifndef DB_ADAPTER_KEYLIST_H
#define DB_ADAPTER_KEYLIST_H

#include "data/select/selection.h"

typedef struct KeyColumn
{
	char	   *expression;		/* over the rows of the statement */
	Oid			type;			/* of the expression; its values have keylist_type() of it */
	Oid			collation;		/* of the expression */
	int			nulls;			/* keys that have NULL here */
	int16		length;			/* of the values; 0 until the first comes */
	bool		byval;
} KeyColumn;

typedef struct KeyList
{
	MemoryContext cxt;
	int			ncolumns;
	KeyColumn  *columns;
	bool		exact;			/* equal is not enough: they read the same as well */
	int			nkeys;
	int			maxkeys;
	Datum	   *values;			/* ncolumns for each key; and so are nulls */
	bool	   *nulls;
} KeyList;

/* The type in which a column's values are listed: text where its own cannot be. */
extern Oid keylist_type(Oid type);

/* In the current memory context; the caller fills columns. */
extern KeyList *keylist_create(int ncolumns);
/* The same columns, and no key. */
extern KeyList *keylist_empty(const KeyList *list);
/* Copies the values. */
extern void keylist_add(KeyList *list, const Datum *values, const bool *nulls);

/*
 * Appends the condition.  The keys are parameters; NULL is equal to NULL.  It
 * costs one lookup in a hash for each row of the table, or one in an index for
 * each key, whichever the planner takes: never one comparison for each pair.
 */
extern void keylist_condition(const KeyList *list, Selection *s);
/* The reverse: the row has none of the keys, whatever their number. */
extern void keylist_exclusion(const KeyList *list, Selection *s);

#endif							/* DB_ADAPTER_KEYLIST_H */
