/*
 * plan_dependents.h
 *	  Whatever needs what goes or changes: dropped before, made again after.
 */
#ifndef DB_ADAPTER_PLAN_DEPENDENTS_H
#define DB_ADAPTER_PLAN_DEPENDENTS_H

#include "schema/model/graph.h"
#include "schema/plan/planner.h"

/* What would not let a column get another type. */
extern void dependents_recreate(Planner *p, const SchemaTable *actual, const SchemaTable *expected,
								const SchemaColumn *column, const char *reason);
/* What would not let an object of the live schema be dropped; parent is what a child hangs on. */
extern void dependents_recreate_object(Planner *p, const SchemaKind *kind, const void *object,
									   const void *parent, const char *reason);
/* The same of a type whose columns are converted by other steps. */
extern void dependents_recreate_of_type(Planner *p, const SchemaType *type, const char *reason);
/* The index of a partitioned table goes with its parts, and comes without them. */
extern void dependents_recreate_parts(Planner *p, const SchemaTable *table,
									  const SchemaIndex *index, const char *reason);
/* Columns of a composite type, which are of text while it changes. */
extern void dependents_convert_columns(Planner *p, const SchemaType *type, const char *reason);
/* A part that goes before what it is part of goes. */
extern void dependents_sever(Planner *p, GraphNode *node);
/* A column dropped, and made again where to is not NULL. */
extern void dependents_recreate_generated(Planner *p, const SchemaTable *actual,
										  const SchemaTable *expected, const SchemaColumn *from,
										  const SchemaColumn *to, const char *reason);
/* A function with a body in SQL reads nothing until it is made again. */
extern void dependents_empty_function(Planner *p, const SchemaFunction *function,
									  const char *reason);

#endif							/* DB_ADAPTER_PLAN_DEPENDENTS_H */
