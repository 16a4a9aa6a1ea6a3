/*
 * verbs.h
 *	  What a job can do: which verbs, with which arguments.
 *
 * A verb is a function of the schema db_adapter, called as anybody calls it: its
 * arguments are those the catalog names, its privileges those of the function.  One
 * verb is for jobs alone, because it makes transactions of its own.
 */
#ifndef DB_ADAPTER_JOBS_VERBS_H
#define DB_ADAPTER_JOBS_VERBS_H

#include "utils/jsonb.h"

/*
 * Refuses, as the current user, what is sure to fail later: an unknown verb or
 * argument, one that is missing or of the wrong type (22023), a verb or a file the
 * user has no right to (42501), a file that is in the way.
 */
extern void verbs_check(const char *command, Jsonb *args);

/* Runs it as the current user; its result as one document, or NULL. */
extern Jsonb *verbs_run(const char *command, Jsonb *args);

/* Whether it makes transactions of its own: then run it outside of any. */
extern bool verbs_is_nontransactional(const char *command);
extern Jsonb *verbs_run_nontransactional(const char *command, Jsonb *args);

#endif							/* DB_ADAPTER_JOBS_VERBS_H */
