/*
 * plan_command.h
 *	  What the text of a step may be: one command of those that plans are made of.
 */
#ifndef DB_ADAPTER_PLAN_COMMAND_H
#define DB_ADAPTER_PLAN_COMMAND_H

#include "nodes/parsenodes.h"
#include "schema/plan/plan.h"

/* Of a plan to be applied: 22023 where the text is something else. */
extern Node *plan_command_read(int number, const char *sql);

/*
 * Of a plan just made: 22P02 where a definition of the schema document would make
 * more of the step than it says.
 */
extern Node *plan_command_check(const PlanStep *step);

#endif							/* DB_ADAPTER_PLAN_COMMAND_H */
