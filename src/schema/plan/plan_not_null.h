/*
 * plan_not_null.h
 *	  Steps for NOT NULL, which is a constraint from PostgreSQL 18 on.
 */
#ifndef DB_ADAPTER_PLAN_NOT_NULL_H
#define DB_ADAPTER_PLAN_NOT_NULL_H

#include "schema/plan/planner.h"

/* Whether a new column is to be NOT NULL and rows that are there have no value for it. */
extern bool plan_is_left_nullable(const Planner *p, const SchemaTable *live,
								  const SchemaColumn *column);
/* A member of a column whose name begins with not_null differs. */
extern void plan_change_not_null(Planner *p, const Difference *d);
/* A column of a table just made, or just added, gets what its definition cannot say. */
extern void plan_set_not_null(Planner *p, const SchemaTable *table, const SchemaColumn *column,
							  const char *reason);
/* Names it in the definition of a column whose table bears another name at first. */
extern void plan_name_not_null(const SchemaTable *table, SchemaColumn *column,
							   const SchemaColumn *actual);

#endif							/* DB_ADAPTER_PLAN_NOT_NULL_H */
