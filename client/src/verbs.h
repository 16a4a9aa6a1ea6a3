/*
 * verbs.h
 *		Statements of the library's own, and what makes requests of statements.
 */
#ifndef DBA_VERBS_H
#define DBA_VERBS_H

#include "core.h"
#include "sql.h"

/* gives a request its statement and parameters (taken from st) and submits it,
 * or its failure (error, taken) */
extern dba_request verbs_submit(Request *request, SqlStatement *st, dba_error *error);

/* a statement of the library's own, with text parameters that live until the
 * callback; types NULL: inferred.  0: not accepted. */
extern dba_request verbs_internal(dba_client *db, const char *sql, int count,
								  const char *const *values, dba_callback cb, void *arg);

#endif							/* DBA_VERBS_H */
