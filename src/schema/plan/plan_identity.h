/*
 * plan_identity.h
 *	  Identity columns, and the sequences they take over from or give way to.
 */
#ifndef DB_ADAPTER_PLAN_IDENTITY_H
#define DB_ADAPTER_PLAN_IDENTITY_H

#include "schema/plan/planner.h"

extern char *plan_identity_sequence(const SchemaTable *table, const SchemaColumn *column);
extern char *plan_identity_clause(const SchemaColumn *to, const SchemaColumn *from);
extern char *plan_identity_options_clause(const SchemaColumn *to, const SchemaColumn *from);
/* Whether a sequence stands outside of new bounds, and so has to begin anew. */
extern bool plan_identity_is_outside(const Planner *p, const SchemaTable *table,
									 const SchemaColumn *to, const SchemaColumn *from);
extern bool plan_sequence_is_outside(const Planner *p, const char *sequence, int64 minimum,
									 int64 maximum);
/* A new sequence that live columns count with goes on where their values end. */
extern void plan_continue_sequence(Planner *p, const SchemaSequence *sequence);
extern void plan_advance_identity(Planner *p, const SchemaTable *table, const SchemaTable *actual,
								  const SchemaColumn *column);
/* A new sequence in place of an identity; false where its column is none. */
extern bool plan_succeeds_identity(Planner *p, const SchemaSequence *sequence, const char *reason);
extern bool plan_is_succeeded(const Planner *p, const SchemaTable *table,
							  const SchemaColumn *column);
extern bool plan_goes_with_column(const Planner *p, const SchemaSequence *sequence);

#endif							/* DB_ADAPTER_PLAN_IDENTITY_H */
