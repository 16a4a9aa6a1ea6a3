/*
 * sync.h
 *		What the parts of a sync share: its options, its steps (sync.c), its result.
 */
#ifndef DBA_SYNC_H
#define DBA_SYNC_H

#include "core/group.h"
#include "sync/syncdiff.h"

typedef enum SyncMode
{
	MODE_OVERWRITE,
	MODE_SKIP,
	MODE_FAIL
} SyncMode;

typedef enum SyncStep
{
	STEP_SCHEMA,
	STEP_ORIGIN,
	STEP_COMPARE,
	STEP_LIST,
	STEP_MATCH,
	STEP_MOVE,
	STEP_MARK,
	STEP_ASIDE,
	STEP_AGAIN,
	STEP_BACK,
	STEP_DROP_FIRST,
	STEP_AGAIN_AFTER,
	STEP_BACK_AFTER,
	STEP_DROP,
	STEP_BACK_HELD,
	STEP_END
} SyncStep;

typedef struct Sync
{
	Group		group;
	Core	   *source;
	dba_client *source_tx;
	dba_request source_id;		/* the request under way there */
	bool		source_busy;
	bool		busy;			/* a step is under way at the destination */
	bool		orphan;			/* the group is gone; the source's callback frees this */
	dba_progress_fn progress;

	/* what was asked for */
	Arena		arena;
	const JsonValue *schema;
	const JsonValue *user_id;	/* or NULL */
	bool		tenant_by_columns;	/* it is an object, and finds the tenant on either side */
	const JsonValue *raw;		/* the first reference that nothing names; NULL: there is none */
	const char *origin;			/* of the source */
	SyncMode	mode;
	bool		dry_run;
	bool		drop;
	bool		cascade;		/* rows of other tables may go with those dropped */

	SyncStep	step;			/* the next one */
	SyncTable  *tables;
	size_t		count;
	int			waiting;		/* sides that the step under way still waits for */

	/* the backup on its way */
	Buf			chunk;
	size_t		sent;			/* of chunk */
	bool		source_paused;
	bool		restore_waits;
	bool		source_ended;
	char	   *table;			/* for progress: the one being read */

	dba_result *restored;
	dba_result *dropped;
	dba_result *first;			/* of the restore before, where rows were brought once more */
	bool		marked;			/* the transaction can go back to before that */
	int64_t		aside;			/* rows only there that let others have their unique values */
} Sync;

/* "overwrite", "skip", "fail" */
extern const char *const sync_mode_names[];

/* syncoptions.c: the caller's options into *sync */
extern bool sync_read_options(Sync *sync, const char *text, dba_error **err);

/* syncstep.c: what the steps share */
extern bool sync_failed(Sync *sync);
extern void sync_fail(Sync *sync, dba_code code, const char *message);
extern void sync_submitted(Sync *sync, dba_request id);
/* a request to the source is under way; 0 is a failure too */
extern void sync_source_submitted(Sync *sync, dba_request id);
extern void sync_write_user(Sync *sync, Buf *buf);

/* syncschema.c: what the source makes of the backup schema, and whose ids it has */
extern bool sync_ask_schema(Sync *sync, dba_callback done);
extern bool sync_take_schema(Sync *sync, const dba_result *result);
/* false: nothing depends on where the destination comes from */
extern bool sync_ask_origin(Sync *sync, dba_callback done);
extern bool sync_take_origin(Sync *sync, const dba_result *result);

/* syncmatch.c: asks the destination which of its keys are keys of the source; false: no
 * need */
extern bool sync_match(Sync *sync, dba_callback done);

/* sync.c: {"authors": [keys], "books": true}, to be moved or dropped; false: there are none */
extern bool sync_write_keys(const Sync *sync, Buf *keys, bool drop);

/* syncdrop.c: what becomes of rows that are only at the destination; false: there are none */
/* Of tables with rows that could not be brought: they give up their unique values. */
extern bool sync_set_aside(Sync *sync, dba_callback done);
/* All of them are deleted before the rows are brought once more. */
extern bool sync_drop_first(Sync *sync, dba_callback done);
/* They are deleted, but for those that may be what could not be brought. */
extern bool sync_drop(Sync *sync, dba_callback done);

/* syncresult.c: how many rows have failed, or found no parent: of a table, or NULL, of all */
extern int64_t sync_failures(const dba_result *restored, const char *table);

/*
 * syncresult.c: whether a table's rows have given up their unique values in vain: some that
 * come fail all the same, or, where they should be, not all of them are gone.
 */
extern bool sync_stuck(Sync *sync, bool gone);

/* syncresult.c: whether rows went along with those dropped and did not come again */
extern bool sync_lost(const Sync *sync);

/* syncresult.c: the group's result, one row a table */
extern void sync_make_result(Sync *sync);

#endif							/* DBA_SYNC_H */
