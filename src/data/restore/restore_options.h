/*
 * restore_options.h
 *	  How a backup is to be restored.
 */
#ifndef DB_ADAPTER_RESTORE_OPTIONS_H
#define DB_ADAPTER_RESTORE_OPTIONS_H

#include "utils/jsonb.h"

/* What becomes of a row that exists already. */
typedef enum RestoreMode
{
	RESTORE_SKIP,
	RESTORE_OVERWRITE,
	RESTORE_FAIL,
	RESTORE_REPLACE,			/* and rows of the tenant that the file does not have go */
	RESTORE_COMPARE				/* nothing is written: what overwriting would do is counted */
} RestoreMode;

/* Which keys new rows get. */
typedef enum RestoreIds
{
	IDS_AUTO,
	IDS_NEW,
	IDS_KEEP
} RestoreIds;

typedef struct RestoreOptions
{
	Jsonb	   *backup_schema;	/* NULL: the one in the file */
	char	   *user_id;		/* NULL: the tenants of the file */
	RestoreMode mode;
	RestoreIds	ids;
	bool		dry_run;
	bool		abort_on_error;
	bool		revalidate;		/* foreign keys are dropped and added again */
	bool		drop_unknown;
	bool		copy_raw;		/* values that mean other rows elsewhere */
	bool		accept_damaged;
} RestoreOptions;

#endif							/* DB_ADAPTER_RESTORE_OPTIONS_H */
