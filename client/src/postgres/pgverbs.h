/*
 * pgverbs.h
 *		Statements of the library's own, and what makes requests of statements.
 */
#ifndef DBA_PGVERBS_H
#define DBA_PGVERBS_H

#include "core/core.h"
#include "sql/sql.h"

/* gives a request its statement and parameters (taken from st) and submits it,
 * or its failure (error, taken) */
extern dba_request verbs_submit(Request *request, SqlStatement *st, dba_error *error);

/* what the public calls of these names do over SQL */
extern dba_request stream_backup(dba_client *db, const char *options, dba_sink_fn sink,
								 dba_progress_fn progress, dba_callback cb, void *arg);
extern dba_request restore_run(dba_client *db, const char *options, dba_source_fn source,
							   dba_progress_fn progress, dba_callback cb, void *arg);
extern dba_request session_test(dba_client *db, dba_callback cb, void *arg);
extern dba_request session_validate(dba_client *db, dba_callback cb, void *arg);

#endif							/* DBA_PGVERBS_H */
