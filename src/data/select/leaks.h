/*
 * leaks.h
 *	  References from a tenant's rows to rows of other tenants.
 */
#ifndef DB_ADAPTER_LEAKS_H
#define DB_ADAPTER_LEAKS_H

#include "data/select/rowscan.h"

typedef struct Leaks Leaks;

/*
 * For the tables of a bound schema, in the current context.  user_id may be NULL: no
 * tenant.  filters are the caller's; NULL when not all rows are saved anyway.
 */
extern Leaks *leaks_create(const BackupSchema *schema, const char *user_id,
						   JsonbContainer *filters);

/*
 * Appends to s the columns that tell of leaks of this table, and returns how
 * many.  The scan of that statement then asks leaks_find() for each row: the
 * first reference that leaks, or NULL.  Both in the table's memory context.
 */
extern int leaks_begin_table(Leaks *leaks, Selection *s, const BackupTable *table);
extern const BackupRef *leaks_find(Leaks *leaks, const RowScan *scan, TupleTableSlot *slot);

/* Tells that the row is in the backup, so that references to it are no leaks. */
extern void leaks_row_saved(Leaks *leaks, const RowScan *scan, TupleTableSlot *slot);

#endif							/* DB_ADAPTER_LEAKS_H */
