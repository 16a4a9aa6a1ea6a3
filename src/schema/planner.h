/*
 * planner.h
 *	  What the plan_*.c files share while one plan is made.
 */
#ifndef DB_ADAPTER_PLANNER_H
#define DB_ADAPTER_PLANNER_H

#include "schema/plan.h"
#include "utils/hsearch.h"

typedef struct Planner
{
	SchemaPlan *plan;
	const Schema *expected;
	const Schema *actual;
	const PlanOptions *options;
	bool		is_flat;
	HTAB	   *ranks;			/* top-level object -> its place in dependency order */
	List	   *detached;		/* views of the actual schema dropped and made again */
	List	   *dropped;		/* children of actual tables and views that have a step for it */
	List	   *rebuilt;		/* tables made anew (SchemaTable *, expected) */
	const void *handled;		/* the object whose further changes need no step of their own */
} Planner;

/* planner.c */

/* A step; object is what it acts on (its rank that of top, a top-level object). */
extern PlanStep *planner_step(Planner *p, PlanPhase phase, const char *action, const char *object,
							  const void *top, char *sql, const char *reason);
extern void planner_hazard(PlanStep *step, const char *hazard);
/*
 * Gives a copy the place of its original among what is made; an original that only
 * the live schema has comes after everything expected.
 */
extern void planner_rank_copy(Planner *p, const void *copy, const void *original);
extern void planner_remain(Planner *p, const Difference *difference, const char *reason);
/* Each change of one object is a difference; true for the second and later ones. */
extern bool planner_was_handled(Planner *p, const void *object);
extern bool planner_is_detached(const Planner *p, const void *view);
extern bool planner_has_rows(const Planner *p, const SchemaTable *table);
/* A table of the expected schema by its quoted, qualified name; or NULL. */
extern SchemaTable *planner_find_table(const Planner *p, const char *identity);
/* "schema.table.child", quoted. */
extern char *planner_child(const void *parent, const void *child);

/* plan_renames.c */
extern void plan_suspect_renames(Planner *p);

/* plan_options.c: what a type clause of column_definitions says */
extern bool plan_clause_is_not_null(const char *clause);
extern bool plan_clause_has_default(const char *clause);
/* The clause without its NOT NULL and PRIMARY KEY. */
extern char *plan_clause_nullable(const char *clause);

/* plan_tables.c: tables, columns and what hangs on them */
extern void plan_create_table(Planner *p, const SchemaTable *table, const char *reason);
/* All that CREATE TABLE with bare columns leaves: constraints, indexes, triggers, grants, … */
extern void plan_furnish_table(Planner *p, const SchemaTable *table, const char *reason);
/* Notes that a column was added without its NOT NULL. */
extern void plan_remain_nullable(Planner *p, const void *parent, const void *parent_actual,
								 const SchemaColumn *expected, const SchemaColumn *added);
extern void plan_table(Planner *p, const Difference *d);
extern void plan_column(Planner *p, const Difference *d);
/* Triggers of a table one of whose columns changes its type; policies and rules that read it. */
extern void plan_detach_children(Planner *p, const SchemaTable *actual, const SchemaTable *expected,
								 const char *column);
/* Its indexes and constraints that read a column, which would go with it unseen. */
extern void plan_detach_stored(Planner *p, const SchemaTable *actual, const SchemaTable *expected,
							   const char *column);

/* plan_children.c: constraints, indexes, triggers, policies, rules */
extern void plan_child(Planner *p, const Difference *d);
extern void plan_create_children(Planner *p, const SchemaKind *kind, const void *parent,
								 bool is_bare, const char *reason);
extern void plan_create_trigger(Planner *p, const void *parent, const SchemaTrigger *trigger,
								const char *reason);
/* One child, by the phase of its kind; dropping says false where a step does so already. */
extern void plan_create_child(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
							  const void *parent, const void *child, const char *reason);
extern bool plan_drop_child(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
							const void *parent, const void *child, PlanPhase phase,
							const char *reason);

/* plan_rebuild.c: recreate_threshold */
extern void plan_find_rebuilt(Planner *p);
extern bool plan_is_rebuilt(const Planner *p, const void *table);

/* plan_objects.c: views, functions, types, sequences, others */
extern void plan_create_view(Planner *p, const SchemaView *view, const char *reason);
extern void plan_view_default(Planner *p, const SchemaView *view, const SchemaColumn *column,
							  const char *reason);
extern void plan_object(Planner *p, const Difference *d);
/* Whether a changed view or function must be dropped rather than replaced. */
extern bool plan_must_recreate(const Difference *d);

/* plan_describe.c: owners, privileges, comments */
extern void plan_describe(Planner *p, const Difference *d);
extern void plan_default_privileges(Planner *p, const Difference *d);
/*
 * What the owner, privileges and comment of an expected object are when it takes
 * the place of a live one, into a copy of the expected.
 */
extern void plan_keep_description(const Planner *p, SchemaObject *merged,
								  const SchemaObject *actual);
/* The same for an object just made: what differs from what CREATE gives. */
extern void plan_describe_new(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
							  const void *parent, const void *object);

#endif							/* DB_ADAPTER_PLANNER_H */
