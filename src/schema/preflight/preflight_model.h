/*
 * preflight_model.h
 *	  The tables of a plan as they are after the steps so far.
 *
 * A table stands here as it would be after the steps so far: each of its columns has a
 * value, which is an expression over the row as it is now.  So what a later step asks of a
 * column that an earlier one renames, adds or converts is asked of the live rows.
 */
#ifndef DB_ADAPTER_PREFLIGHT_MODEL_H
#define DB_ADAPTER_PREFLIGHT_MODEL_H

#include "nodes/parsenodes.h"
#include "schema/preflight/preflight_blockers.h"

/* A type that the plan makes: an enum's values stand as text, a domain's as its base type. */
typedef struct PreflightType
{
	char	   *schema;
	char	   *name;
	List	   *labels;			/* char *: of an enum */
	TypeName   *base;			/* of a domain */
	List	   *checks;			/* Constraint *, as parsed */
} PreflightType;

typedef struct PreflightColumn
{
	char	   *name;
	AttrNumber	attnum;			/* of the live column; 0: the plan adds it */
	Node	   *value;			/* analysed, over the live row; NULL: not known */
	char	   *unknown;		/* why it is not */
	bool		filled;			/* a value of its own in each row, from a sequence say */
	PreflightType *made;		/* stands as text or as the base type, and not as it will be */
} PreflightColumn;

typedef struct PreflightTable
{
	char	   *schema;
	char	   *name;
	Oid			relid;			/* whose rows it has; InvalidOid: none */
	char		kind;			/* relkind of that; RELKIND_RELATION for one without */
	bool		partitioned;	/* rows are in its partitions */
	bool		part;			/* reached by way of a parent: a partition or an heir */
	Oid			runner;			/* as whom its rows are read; InvalidOid: nobody */
	char	   *unknown;		/* why its rows cannot be told */
	bool		shown;			/* the caller may see its rows */
	List	   *columns;		/* PreflightColumn * */
	CreateStmt *definition;		/* of one that the plan makes, while it has no rows */
	List	   *pending;		/* Constraint *: not valid yet, or of such a table */
	bool		divided;		/* a step has added or taken a partition */
	List	   *gone;			/* char *: constraints and indexes that steps have dropped */
	List	   *probes;			/* PreflightProbe *: rows are asked these, all in one pass */
} PreflightTable;

/* What a sample shows: a name and an expression over the live row. */
typedef struct PreflightShown
{
	char	   *name;
	Node	   *value;
} PreflightShown;

/* One question for each row.  Whatever it raises is a row that makes the step fail. */
typedef struct PreflightProbe
{
	const PlannedStep *step;
	PreflightKind kind;			/* of a row for which the condition is true */
	char	   *problem;
	char	   *hint;
	char	   *raised_problem; /* of a row for which it raises */
	Node	   *condition;
	Node	   *value;			/* what a column gets by the step; or NULL */
	List	   *shown;			/* PreflightShown *: what a sample says beside the key */
	/* what came of it */
	Blocker	   *met;
	Blocker	   *raised;
	bool		limited;		/* so many rows raise that no more are asked */
} PreflightProbe;

typedef struct Preflight
{
	const PlanDocument *plan;
	int			samples;
	const PlannedStep *step;	/* the one that is looked at */
	List	   *tables;			/* PreflightTable * */
	List	   *types;			/* PreflightType * */
	List	   *domain_checks;	/* List * (domain as String *, Constraint *): not valid yet */
	List	   *functions;		/* char *: qualified names of those that the plan makes */
	List	   *keys;			/* PreflightKey *: what takes a statement of its own */
	List	   *blockers;		/* Blocker * */
} Preflight;

/* NULL: there is none of that name. */
extern PreflightTable *model_table(Preflight *pf, const RangeVar *name);
/* The same of a live one. */
extern PreflightTable *model_table_of(Preflight *pf, Oid relid, bool part);
/* The table and, where the command reaches them, those below it, locked; PreflightTable *. */
extern List *model_tree(Preflight *pf, PreflightTable *table, bool inherits);
/* Those of them that have rows, which the server looks at: no partitioned or foreign tables. */
extern List *model_rows(Preflight *pf, PreflightTable *table, bool inherits);
extern PreflightTable *model_new_table(Preflight *pf, const RangeVar *name);
extern PreflightColumn *model_column(const PreflightTable *table, const char *name);
extern PreflightColumn *model_live_column(const PreflightTable *table, AttrNumber attnum);
extern PreflightColumn *model_add_column(PreflightTable *table, const char *name);
extern PreflightType *model_type(const Preflight *pf, const List *names);
/* By the name's parts, as parsed: the schema, or NULL, and the name. */
extern void model_split(const List *names, char **schema, char **name);

/* A constraint or index of the table is dropped. */
extern void model_remove(Preflight *pf, PreflightTable *table, const char *name);

/* Of the step that is looked at something cannot be told. */
extern void model_unknown(Preflight *pf, char *problem);
/* The step asks this of each row. */
extern PreflightProbe *model_probe(Preflight *pf, PreflightTable *table, PreflightKind kind,
								   char *problem, char *hint, Node *condition, List *shown);
/* The step up to this one for which rows of the table raise; or 0. */
extern int model_raised_before(const PreflightTable *table, int step);

#endif							/* DB_ADAPTER_PREFLIGHT_MODEL_H */
