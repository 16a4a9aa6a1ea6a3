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
	HTAB	   *ranks;			/* top-level object -> its place in dependency order */
	List	   *detached;		/* views of the actual schema dropped and made again */
	List	   *dropped;		/* what is out of the way: no other step may concern it */
	List	   *emptied;		/* functions that read nothing for the time being */
	List	   *used_enums;		/* char *: enums whose new labels other steps use */
	List	   *swapped;		/* live enums that are made anew */
	List	   *rebuilt;		/* tables made anew (SchemaTable *, expected) */
	const void *handled;		/* the object whose further changes need no step of their own */
} Planner;

/* planner.c */

/* A step; object is what it acts on (its rank that of top, a top-level object). */
extern PlanStep *planner_step(Planner *p, PlanPhase phase, const char *action, const char *object,
							  const void *top, char *sql, const char *reason);
extern void planner_hazard(PlanStep *step, const char *hazard);
/* After the other steps of its phase and object: a generated column, after those it reads. */
extern void planner_run_late(PlanStep *step);
/*
 * Gives a copy the place of its original among what is made; an original that only
 * the live schema has comes after everything expected.
 */
extern void planner_rank_copy(Planner *p, const void *copy, const void *original);
extern int planner_rank(const Planner *p, const void *object);
extern void planner_remain(Planner *p, const Difference *difference, const char *reason);
/* Each change of one object is a difference; true for the second and later ones. */
extern bool planner_was_handled(Planner *p, const void *object);
extern bool planner_is_detached(const Planner *p, const void *view);
extern bool planner_has_rows(const Planner *p, const SchemaTable *table);
/* A table of the expected schema by its quoted, qualified name; or NULL. */
extern SchemaTable *planner_find_table(const Planner *p, const char *identity);
/* The same of the live schema. */
extern SchemaTable *planner_find_live(const Planner *p, const char *identity);
/*
 * Relations and types share their names.  Whether a missing object cannot be made
 * because one of another kind has its name and may not be dropped (the difference
 * then remains); and when an extra one is dropped: early, where it has such a rival.
 */
extern bool planner_is_rivalled(Planner *p, const Difference *d);
extern PlanPhase planner_drop_phase(const Planner *p, const SchemaKind *kind, const void *object);
/* Whether a live table, view or sequence has that name. */
extern bool planner_is_taken(const Planner *p, const char *schema, const char *name);
/* "schema.table.child", quoted. */
extern char *planner_child(const void *parent, const void *child);

#endif							/* DB_ADAPTER_PLANNER_STATE_H */
