/*
 * restore.h
 *	  Restoring a backup: lines to rows, ids and references remapped.
 */
#ifndef DB_ADAPTER_RESTORE_H
#define DB_ADAPTER_RESTORE_H

#include "data/restore/restore_options.h"
#include "funcapi.h"

/* Raises 22023 for a word that is none of the choices. */
extern void restore_options_set(RestoreOptions *options, const char *mode, const char *ids,
								const char *on_error, const char *constraints,
								const char *on_unknown, const char *on_raw);

/* The whole at once: verified, then restored.  One row a table goes to result. */
extern void restore_document(const RestoreOptions *options, text *document, ReturnSetInfo *result);
/* With mode RESTORE_COMPARE: one row a table, of what a restore would do. */
extern void restore_compare(const RestoreOptions *options, text *document, ReturnSetInfo *result);
/* Raises unless the current user may read files of the server. */
extern void restore_check_rights(void);
extern void restore_file(const RestoreOptions *options, const char *path, ReturnSetInfo *result);

/*
 * In chunks, within one transaction.  What the chunks bring is restored as it
 * comes and verified by restore_end(); the transaction cannot commit before.
 */
extern void restore_begin(const RestoreOptions *options);
extern int64 restore_data(const char *bytes, size_t len);
/* The same from text in the server's encoding. */
extern int64 restore_data_text(text *chunk);
extern void restore_end(ReturnSetInfo *result);

#endif							/* DB_ADAPTER_RESTORE_H */
