/*
 * deletion.h
 *	  Rows by match key, gone: the verb delete_rows.
 */
#ifndef DB_ADAPTER_DELETION_H
#define DB_ADAPTER_DELETION_H

#include "data/select/keylist.h"
#include "funcapi.h"
#include "utils/jsonb.h"

typedef struct DeletionOptions
{
	Jsonb	   *backup_schema;
	Jsonb	   *keys;			/* as digest_rows() returns them */
	char	   *user_id;		/* NULL: every tenant */
	bool		cascade;		/* rows of tables outside of the schema may go too */
	/* Rows of the schema's tables that go along are the caller's to bring again. */
	bool		brought_again;
	bool		record;			/* rows that others hold stay, and are told, rather than fail */
	bool		dry_run;
	bool		replacing;		/* by a restore that replaces */
} DeletionOptions;

/*
 * One row a table that keys name, and one for each other table whose rows foreign keys
 * take along or change: table, deleted, changed, outside, failed, failure_details.  Rows that went along count
 * as changed in a table of the schema, as deleted in one outside.
 */
extern void deletion_run(const DeletionOptions *options, ReturnSetInfo *result);

/*
 * The rows of lists, one a table of the schema or NULL, by one statement; counts gets how
 * many.  Rows that stay and would be changed by that, of a table in the schema, and rows of
 * other tables that would go along are an error that deletion_is_held() tells.
 */
extern void deletion_of_lists(BackupSchema *schema, KeyList *const *lists, int64 *counts);
/* Whether rows could not go because of others that refer to them. */
extern bool deletion_is_held(const ErrorData *error);

#endif							/* DB_ADAPTER_DELETION_H */
