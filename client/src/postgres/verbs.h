/*
 * verbs.h
 *		Statements of the library's own, and what makes requests of statements.
 */
#ifndef DBA_VERBS_H
#define DBA_VERBS_H

#include "core/core.h"
#include "sql/sql.h"

/* gives a request its statement and parameters (taken from st) and submits it,
 * or its failure (error, taken) */
extern dba_request verbs_submit(Request *request, SqlStatement *st, dba_error *error);

/* what the public calls of these names do over SQL */
extern dba_request verbs_backup(dba_client *db, const char *options, dba_sink_fn sink,
								dba_progress_fn progress, dba_callback cb, void *arg);
extern dba_request verbs_restore(dba_client *db, const char *options, dba_source_fn source,
								 dba_progress_fn progress, dba_callback cb, void *arg);
extern dba_request verbs_test(dba_client *db, dba_callback cb, void *arg);
extern dba_request verbs_validate(dba_client *db, dba_callback cb, void *arg);

/* Ends a group with the one row of dba_connect_and_validate, and writes the lock file
 * unless the database differs.  valid: "t", "f" or NULL. */
extern void verbs_end_validation(Group *group, const Identity *identity, const char *valid,
								 const char *report, const char *reason);

#endif							/* DBA_VERBS_H */
