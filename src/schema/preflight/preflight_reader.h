/*
 * preflight_reader.h
 *	  Statements over the live rows, as the owner of their table.
 */
#ifndef DB_ADAPTER_PREFLIGHT_READER_H
#define DB_ADAPTER_PREFLIGHT_READER_H

#include "base/calls.h"
#include "base/query.h"
#include "schema/preflight/preflight_model.h"

/*
 * A statement whose $1 … are expressions over the row of the first table in the FROM clause
 * of a level: 0 is the outermost SELECT, 1 one within it.  The first of them may be left to
 * the execution: places of rows.
 */
typedef struct Statement
{
	int			places;			/* how many are left */
	List	   *expressions;	/* Node * */
	List	   *levels;			/* int: of each */
} Statement;

/* Adds an expression of that level; returns its number. */
extern int reader_add(Statement *statement, Node *expression, int level);
extern QueryPlan *reader_prepare(Statement *statement, const char *sql);

/*
 * Runs body as the owner of the table's rows, reading only.  NULL, or the error that ended
 * it; *stopped says that the error is of a function that was not to be called.
 */
typedef struct Reader
{
	const PreflightTable *table;
	void (*body)(void *arg);
	void	   *arg;
	CallGuard	guard;
} Reader;
extern ErrorData *reader_run(Reader *reader);

/* "[ONLY] schema.table", as the live table is called. */
extern char *reader_from(const PreflightTable *table);
/* The table's primary key, or else the place of the row: PreflightShown *. */
extern List *reader_key(const PreflightTable *table);
/* A sample out of a row that has the values of the key and then those shown, from column on. */
extern Sample *reader_sample(TupleTableSlot *slot, int column, List *key, List *shown);

/* Text as it is shown: no more of it than a sample holds. */
extern char *reader_clip(char *text);

#endif							/* DB_ADAPTER_PREFLIGHT_READER_H */
