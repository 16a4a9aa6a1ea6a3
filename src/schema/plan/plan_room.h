/*
 * plan_room.h
 *	  What reads a column makes room while the column changes.
 */
#ifndef DB_ADAPTER_PLAN_ROOM_H
#define DB_ADAPTER_PLAN_ROOM_H

#include "schema/plan/planner.h"

extern void plan_make_room(Planner *p, const SchemaTable *actual, const SchemaTable *expected,
						   const char *column);
/* The same for a type that is made anew: what names it, and routines that take or give it. */
extern void plan_make_room_for_type(Planner *p, const char *type);
/* The same for a column that is dropped for good; what it cannot leave, or NULL. */
extern void plan_leave_room(Planner *p, const SchemaTable *actual, const char *column);
extern const SchemaPublication *plan_find_publication(const Planner *p, const SchemaTable *table,
													  const char *column);
/* A column dropped, and made again where to is not NULL. */
extern void plan_remake_generated(Planner *p, const SchemaTable *actual,
								  const SchemaTable *expected, const SchemaColumn *from,
								  const SchemaColumn *to, const char *reason);
extern void plan_remake_reference(Planner *p, const SchemaTable *table, const SchemaConstraint *key,
								  const char *reason);

#endif							/* DB_ADAPTER_PLAN_ROOM_H */
