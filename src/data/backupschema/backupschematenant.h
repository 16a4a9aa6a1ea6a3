/*
 * backupschematenant.h
 *	  How the rows of a backup schema's tables belong to tenants.
 */
#ifndef DB_ADAPTER_BACKUPSCHEMATENANT_H
#define DB_ADAPTER_BACKUPSCHEMATENANT_H

#include "data/backupschema/backupschema.h"

/* Once columns are known: which references of a circle need not wait, where tenants are rows. */
extern void backupschematenant_settle(BackupSchema *schema);
/* Why the table cannot stand in a schema whose tenants are rows, as an error's words; or NULL. */
extern const char *backupschematenant_astray(const BackupSchema *schema, const BackupTable *table);
extern void backupschematenant_check(const BackupSchema *schema);
/* Whether the column that says whose rows are is their own number, drawn anew elsewhere. */
extern bool backupschematenant_is_drawn(const BackupTable *table);
/* Whether a row may be nobody's: those of every tenant refer to it and reveal nothing. */
extern bool backupschematenant_may_be_of_none(const BackupTable *table);
/* Whether the reference is how rows of the table belong to tenants, and may be NULL. */
extern bool backupschematenant_is_optional_way(const BackupTable *table, const BackupRef *ref);

#endif							/* DB_ADAPTER_BACKUPSCHEMATENANT_H */
