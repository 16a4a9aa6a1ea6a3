/*
 * planner_state.h
 *	  What is known while one plan is made, and what all who add steps to it ask.
 */
#ifndef DB_ADAPTER_PLANNER_STATE_H
#define DB_ADAPTER_PLANNER_STATE_H

#include "schema/plan/plan.h"
#include "utils/hsearch.h"

typedef struct Planner
{
	SchemaPlan *plan;
	const Schema *expected;
	const Schema *actual;
	const PlanOptions *options;
	bool		is_flat;
	List	   *shells;			/* expected views in circles: made in two steps */
	List	   *later;			/* expected columns, whose defaults, and checks that come later */
	HTAB	   *ranks;			/* top-level object -> its place in dependency order */
	List	   *detached;		/* views of the actual schema dropped and made again */
	HTAB	   *gone;			/* what is out of the way -> the step that takes it there */
	List	   *used_enums;		/* char *: enums whose new labels other steps use */
	List	   *recreated;		/* live enums that are made anew */
	List	   *rebuilt;		/* tables made anew (SchemaTable *), as expected and as they are */
	List *refilled;		 /* live tables with a column that is made again, whose rows get values */
	List	   *apart;			/* live partitions that are none while the steps run */
	const void *handled;		/* the object whose further changes need no step of their own */
} Planner;

/* An element of gone. */
typedef struct GoneEntry
{
	const void *thing;			/* hash key */
	PlanStep   *step;
} GoneEntry;

/* planner.c */

/* A step; object is what it acts on (its rank that of top, a top-level object). */
extern PlanStep *planner_step(Planner *p, PlanPhase phase, const char *action, const char *object,
							  const void *top, char *sql, const char *reason);
extern void planner_hazard(PlanStep *step, PlanHazard hazard);
/* Before or after all others of its phase. */
extern PlanStep *planner_run_first(PlanStep *step);
extern PlanStep *planner_run_last(PlanStep *step);
/* After the other steps of its phase and object: a generated column, after those it reads. */
extern PlanStep *planner_run_late(PlanStep *step);
/*
 * What is out of the way, by its address: an object, or a node for one of its parts
 * (a column's default; the body of a function).  No other step may concern it.  step is
 * NULL where there is none.  What comes or changes is kept by the address of a member.
 */
extern void planner_set_gone(Planner *p, const void *thing, PlanStep *step);
extern bool planner_is_gone(const Planner *p, const void *thing);
extern PlanStep *planner_find_gone(const Planner *p, const void *thing);
/* A step drops an object of the live schema; parent is what a child hangs on. */
extern void planner_take(Planner *p, PlanStep *step, const SchemaKind *kind, const void *object,
						 const void *parent);
/* A step gives a column another type: columns of the table's row type are not in its way. */
extern void planner_retype(PlanStep *step, const SchemaTable *actual);
/*
 * What needs a node is to be there when the plan is tried; what needs it from outside of
 * the schemas planned is an obstacle.
 */
extern void planner_concern(Planner *p, const struct GraphNode *node);
/* Says why the plan will not apply, whatever a trial says. */
extern void planner_obstruct(Planner *p, char *obstacle);
extern void planner_remain(Planner *p, const Difference *difference, const char *reason);
/* Each change of one object is a difference; true for the second and later ones. */
extern bool planner_was_handled(Planner *p, const void *object);
extern bool planner_is_detached(const Planner *p, const void *view);
/*
 * Whether a live table is partitioned otherwise than expected, or a partition of such a
 * one, which no command changes: its keys, indexes and triggers then stay as they are.
 */
extern bool planner_is_frozen(const Planner *p, const SchemaTable *expected,
							  const SchemaTable *actual);
/* Whether an expected view needs something that needs it: made in two steps. */
extern bool planner_is_shell(const Planner *p, const void *object);
/* The same of a column's default, and of a check of a table or domain: made after the whole. */
extern bool planner_is_later(const Planner *p, const void *part);
/*
 * What a step makes of the expected schema, and with it what that needs: whatever step
 * makes that, it waits for; and what a step needs beside.
 */
extern void planner_make(PlanStep *step, const SchemaKind *kind, const void *object,
						 const void *parent);
extern void planner_need(PlanStep *step, const void *part);
/* What needs a table waits for the step too: it has a column only then. */
extern void planner_complete(PlanStep *step, const SchemaTable *table);
extern bool planner_has_rows(const Planner *p, const SchemaTable *table);
/* A table of the expected schema by its quoted, qualified name; or NULL. */
extern SchemaTable *planner_find_table(const Planner *p, const char *identity);
/* The same of the live schema. */
extern SchemaTable *planner_find_live(const Planner *p, const char *identity);
/* The clause that says how a column's values get another type, with a blank before it. */
extern const char *planner_using(const SchemaTable *table, const char *expression);
/* Whether a table of another schema may be altered, or have a trigger made on it. */
extern bool planner_may_alter(const Planner *p, const SchemaTable *table, bool by_trigger);
/*
 * Relations and types share their names.  Whether a missing object cannot be made
 * because one of another kind has its name and may not be dropped (the difference
 * then remains); and when an extra one is dropped: early, where it has such a holder.
 */
extern bool planner_has_name_conflict(Planner *p, const Difference *d);
extern PlanPhase planner_drop_phase(const Planner *p, const SchemaKind *kind, const void *object);
/* Whether a live table, view or sequence has that name. */
extern bool planner_is_taken(const Planner *p, const char *schema, const char *name);
/* "schema.table.child", quoted. */
extern char *planner_child(const void *parent, const void *child);
/* ALTER TABLE of table with a clause: every form used here locks it. */
extern PlanStep *planner_alter_table(Planner *p, PlanPhase phase, const char *action,
									 const char *object, const SchemaTable *table,
									 const char *clause, const char *reason);
/* A table that recreate_threshold has made anew. */
extern bool planner_is_rebuilt(const Planner *p, const void *table);
extern bool planner_depends_on(const SchemaObject *object, const SchemaType *type);
/* Whether a column of that type is converted, or an object depends on such a one. */
extern bool planner_is_recreated(const Planner *p, const char *type);
extern bool planner_stands_on_recreated(const Planner *p, const void *object);
/* Whether a table stays the child of a parent, whose own steps then change it too. */
extern bool planner_follows_parent(const SchemaTable *to, const SchemaTable *from);
/* The same of one column: whether a parent that stays has it, before and after where it changes. */
extern bool planner_column_follows(const Planner *p, const SchemaTable *to, const SchemaTable *from,
								   const char *name, DifferenceKind kind);
/* What comes and goes with something else: its constraint, its table, its parent's. */
extern bool planner_comes_by_itself(const SchemaKind *kind, const void *child);
/* The same, or is part of a partitioned index. */
extern bool planner_is_part(const SchemaKind *kind, const void *child);

/* plan_ranks.c and plan_order.c */

/* Gives every top-level object of both schemas its place in dependency order. */
extern void plan_rank_objects(Planner *p);
extern void plan_set_place(Planner *p, PlanStep *step, PlanPhase phase, const void *top);
/* The same place but for what comes after the rank: beside the steps of another object. */
extern void plan_set_rank(Planner *p, PlanStep *step, const void *top);
/*
 * Gives a copy the place of its original among what is made; an original that only
 * the live schema has comes after everything expected.
 */
extern void plan_rank_copy(Planner *p, const void *copy, const void *original);
/*
 * What is to go by itself (GraphNode *: foreign keys, checks, policies, defaults …), because what it is
 * part of and what it needs go too, and each would have to go first.
 */
extern List *plan_find_circles(Planner *p);
/* Steps that take things away wait for those that take away what needs them. */
extern void plan_order_steps(Planner *p);

#endif							/* DB_ADAPTER_PLANNER_STATE_H */
