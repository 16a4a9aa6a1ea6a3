/*
 * apply_rights.h
 *	  Whose rights a step of a plan runs with.
 */
#ifndef DB_ADAPTER_APPLY_RIGHTS_H
#define DB_ADAPTER_APPLY_RIGHTS_H

#include "schema/plan/plan_document.h"

/* Before the first step: what was planned earlier in the session is forgotten. */
extern void rights_begin(void);

/*
 * Executes the one command of a step, stmt being its parse tree: as the current
 * user or, where that would run code of somebody who does not have his rights, as
 * the owner of the table; 42501 where that is not possible either.
 */
extern void rights_run_step(const PlannedStep *step, Node *stmt);

/* Whether what the command builds evaluates expressions, in workers of their own it may be. */
extern bool rights_index_evaluates(const IndexStmt *stmt);

/* Calls body(arg), which is to run no code of others: 42501 where it would. */
extern void rights_run_guarded(void (*body)(void *arg), void *arg);

#endif							/* DB_ADAPTER_APPLY_RIGHTS_H */
