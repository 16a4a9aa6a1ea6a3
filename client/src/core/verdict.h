/*
 * verdict.h
 *		What dba_connect_and_validate compares, and the one row it answers.
 */
#ifndef DBA_VERDICT_H
#define DBA_VERDICT_H

#include "core/group.h"
#include "core/identity.h"

/* Reads the schema file; false with a reason why there is nothing to compare, or
 * with an error. */
extern bool verdict_read_schema(const Identity *identity, Buf *schema, Buf *reason,
								dba_error **err);

/* Ends a group with the row, and writes the lock file unless the database differs.
 * valid: "t", "f" or NULL. */
extern void verdict_end(Group *group, const Identity *identity, const char *valid,
						const char *report, const char *reason);

#endif							/* DBA_VERDICT_H */
