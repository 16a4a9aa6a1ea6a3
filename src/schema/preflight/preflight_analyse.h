/*
 * preflight_analyse.h
 *	  Parse trees of a plan's steps to expressions over the live row.
 */
#ifndef DB_ADAPTER_PREFLIGHT_ANALYSE_H
#define DB_ADAPTER_PREFLIGHT_ANALYSE_H

#include "parser/parse_node.h"
#include "schema/preflight/preflight_model.h"

typedef struct Analysis
{
	Preflight  *pf;
	PreflightTable *table;
	Node	   *value;			/* what VALUE means, in checks of a domain */
	List	   *parameters;		/* Node *: what $1, $2 … stand for */
	ParseExprKind place;
	const TypeName *to;			/* what it becomes by assignment; or NULL */
	bool		boolean;
	bool		live_names;		/* columns bear the names they have now */
	/* what came of it */
	Node	   *result;			/* NULL: see error */
	char	   *error;
	List	   *made;			/* PreflightType *: whose values stand as others */
	char	   *unknown;		/* why the result means something else when the step runs */
} Analysis;

/* raw is left as it is. */
extern bool analyse_raw(Analysis *analysis, Node *raw);
/* The same of an expression in SQL, in which $1 … are parameters. */
extern bool analyse_text(Analysis *analysis, const char *sql);
/* A condition over one or two values, or NULL where there is none of that kind. */
extern Node *analyse_condition(Preflight *pf, PreflightTable *table, const char *sql, Node *first,
							   Node *second);
/* The names of live columns that an expression reads, for samples. */
extern List *analyse_shown(PreflightTable *table, Node *expression);

#endif							/* DB_ADAPTER_PREFLIGHT_ANALYSE_H */
