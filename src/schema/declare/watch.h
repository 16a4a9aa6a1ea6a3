/*
 * watch.h
 *	  The check at commit of what DDL has done to declared schemas.
 */
#ifndef DB_ADAPTER_WATCH_H
#define DB_ADAPTER_WATCH_H

#include "nodes/parsenodes.h"
#include "schema/declare/declaration.h"
#include "schema/catalog/validation.h"

/* Defines the setting and hooks into the end of transactions; once, when loaded. */
extern void watch_init(void);

/* What a declaration expects: its document, read, less what no check looks at. */
extern Expectation *watch_expectation(const Declaration *declaration);

/*
 * How the live schema differs from a declaration (List of Difference *), under a
 * snapshot taken now.  The caller holds its lock, so that nobody else has committed
 * a change that is not seen, or will commit one that was not compared.
 */
extern List *watch_compare(const Declaration *declaration);

/*
 * The same under the active snapshot, without a lock: what a reader sees.  Returns
 * NIL, and the error, for a declaration that is broken itself.
 */
extern List *watch_preview(const Declaration *declaration, ErrorData **error);

/* Refuses a command that would break a declaration and that commits before it can be checked. */
extern void watch_refuse_halfway(Node *stmt);

/* A declaration that is not armed is warned of once a session; or once more after this. */
extern void watch_forget_warning(const char *name);

#endif							/* DB_ADAPTER_WATCH_H */
