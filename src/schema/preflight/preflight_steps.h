/*
 * preflight_steps.h
 *	  What each kind of step asks of the rows.
 */
#ifndef DB_ADAPTER_PREFLIGHT_STEPS_H
#define DB_ADAPTER_PREFLIGHT_STEPS_H

#include "schema/preflight/preflight_model.h"

/* preflight_steps.c: any command of a plan */
extern void steps_look_at(Preflight *pf, Node *stmt);

/* preflight_table.c */
extern void table_alter(Preflight *pf, AlterTableStmt *stmt);

/* preflight_constraints.c */

/* Of one table that has rows, and of all that have some. */
extern void constraints_not_null(Preflight *pf, PreflightTable *table, const char *column);
extern void constraints_not_null_rows(Preflight *pf, PreflightTable *table, const char *column,
									  bool inherits);
/* column: the one whose definition says it; live_names: columns are called as they are now. */
extern void constraints_add(Preflight *pf, PreflightTable *table, Constraint *constraint,
							const char *column, bool live_names);
/* How the catalog prints one that is there, of a table or a domain; NULL for none of that name. */
extern char *constraints_live(Oid table, Oid domain, const char *name);
/* "CHECK (…)" and the like, as the catalog prints it. */
extern Constraint *constraints_read(const char *name, const char *definition);

/* preflight_recheck.c: what is checked again when a column is converted */
extern void recheck_column(Preflight *pf, PreflightTable *table, AttrNumber attnum);

/* preflight_columns.c: columns that are added or converted */
extern void columns_add(Preflight *pf, PreflightTable *table, ColumnDef *def);
extern void columns_convert(Preflight *pf, PreflightTable *table, const char *name, ColumnDef *def);
/* Rows of one table copied into another that the plan has made. */
extern void columns_copy(Preflight *pf, InsertStmt *stmt);

/* preflight_keys.c: what takes more than one row to tell */

typedef enum KeyKind
{
	KEY_UNIQUE,
	KEY_EXCLUSION,
	KEY_FOREIGN
} KeyKind;

typedef struct PreflightKey
{
	KeyKind		kind;
	const PlannedStep *step;
	PreflightTable *table;
	PreflightTable *target;		/* of a foreign key */
	char	   *problem;
	char	   *hint;
	List	   *values;			/* Node *: over the row of table */
	List	   *targets;		/* Node *: the same of target */
	List	   *operators;		/* char *: of an exclusion or foreign key */
	Node	   *predicate;		/* which rows it is about; NULL: all */
	bool		nulls_equal;
	bool		match_full;
} PreflightKey;

/* Of an index, or of a constraint that has one. */
extern void keys_index(Preflight *pf, IndexStmt *stmt, PreflightTable *table, bool live_names);
extern void keys_constraint(Preflight *pf, PreflightTable *table, Constraint *constraint,
							const char *column, bool live_names);
/* preflight_pairs.c: asks, when all rows have been asked */
extern void pairs_ask(Preflight *pf, PreflightKey *key);

/* preflight_types.c: types that are made, and changed under columns that have them */
extern void types_make_enum(Preflight *pf, CreateEnumStmt *stmt);
extern void types_make_domain(Preflight *pf, CreateDomainStmt *stmt);
extern void types_alter_domain(Preflight *pf, AlterDomainStmt *stmt);

/* preflight_bounds.c: rows and the bounds of partitions */
extern void bounds_attach(Preflight *pf, PreflightTable *parent, PartitionCmd *cmd);
extern void bounds_create(Preflight *pf, CreateStmt *stmt);

/* preflight_rows.c: asks all rows of a table what its probes ask, in one pass */
extern void rows_ask(Preflight *pf, PreflightTable *table);

#endif							/* DB_ADAPTER_PREFLIGHT_STEPS_H */
