/*
 * naturalrow.h
 *	  A row without its ids: what it references stands by its natural key.
 */
#ifndef DB_ADAPTER_NATURALROW_H
#define DB_ADAPTER_NATURALROW_H

#include "data/row/keyform.h"
#include "data/select/keylist.h"
#include "data/select/selection.h"

typedef struct NaturalRow
{
	int			ncolumns;
	KeyForm	  **forms;			/* one a column, but for those whose text will do */
	bool	   *linked;			/* the column is the key of a row it leads to */
	int			nmatch;
	int		   *match;			/* which of the columns are the match key, in order */
	int			nshared;
	int		   *shared;			/* and which of them another server writes alike */
} NaturalRow;

/*
 * Writes the statement that reads such rows of the table.  Its columns are in
 * the order of their names, so that two databases agree whatever the order in
 * their tables.
 */
extern NaturalRow *naturalrow_select(Selection *s, const BackupTable *table);
/* The same with the columns of the match key alone, and where the row lies behind them. */
extern NaturalRow *naturalrow_select_keys(Selection *s, const BackupTable *table);

/*
 * Whether nothing but its key tells the rows of the table apart, though that is
 * drawn from a sequence: such rows mean the same only under the same key.
 */
extern bool naturalrow_is_key(const Selection *s, const BackupTable *table);

/* Whether its rows are told apart by all they hold, references included. */
extern bool naturalrow_is_content(const BackupSchema *schema, const BackupTable *table);

/* Whether its rows are told by all they hold, and others refer to them. */
extern bool naturalrow_may_have_twins(const BackupSchema *schema, const BackupTable *table);
/*
 * For such a table writes the statement that counts the rows which hold the same as others,
 * where rows refer to some of these: one number, or NULL.
 */
extern void naturalrow_twins(Selection *s, const BackupTable *table);

/* The values of match keys, by the columns in the order of the statement. */
extern KeyList *naturalrow_keys(Selection *s, const BackupTable *table, JsonbContainer *keys);

/*
 * FROM and WHERE of the rows that have one of these match keys, an array of
 * objects as digest_rows() returns them; exact: where a row is told by all it holds,
 * equal is not enough.  filters as for selection_where().
 */
extern void naturalrow_from(Selection *s, const BackupTable *table, JsonbContainer *keys,
							bool		exact, JsonbContainer *filters);

#endif							/* DB_ADAPTER_NATURALROW_H */
