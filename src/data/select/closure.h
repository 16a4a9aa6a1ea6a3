/*
 * closure.h
 *	  The rows of a backup of chosen rows: those, and those they refer to.
 */
#ifndef DB_ADAPTER_CLOSURE_H
#define DB_ADAPTER_CLOSURE_H

#include "base/query.h"
#include "data/select/selection.h"

typedef struct Closure Closure;

/*
 * keys: {"table": [match key, …] or true}, as for backup; filters hold too.  Reads
 * the database, on the active snapshot.  Unless row_security, it fails where
 * policies would hide rows.  exact: as for naturalrow_from().
 */
extern Closure *closure_create(const BackupSchema *schema, const char *user_id,
							   JsonbContainer *keys, JsonbContainer *filters, bool row_security,
							   bool exact);

/* How many rows of the table are there only for others to refer to. */
extern int64 closure_referenced(const Closure *closure, const BackupTable *table);

/* FROM and WHERE of those rows, and of the rows chosen. */
extern void closure_from_referenced(const Closure *closure, Selection *s, const BackupTable *table);
extern void closure_from_chosen(const Closure *closure, Selection *s, const BackupTable *table);

/* WHERE of the rows chosen, for a statement over t; false when no key leads to them. */
extern bool closure_where_chosen(const Closure *closure, Selection *s, const BackupTable *table);

/* Runs a statement over such conditions. */
extern void closure_run(Selection *s, bool read_only, bool row_security, QueryRow row, void *arg);

#endif							/* DB_ADAPTER_CLOSURE_H */
