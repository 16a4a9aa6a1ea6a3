/*
 * queue.c
 *	  The table of jobs: every statement on it.
 *
 * A row carries the database it was made in: a copy of the database, as CREATE
 * DATABASE makes one, must not run the jobs of its model again.
 *
 * It assumes that a caller's rights are part of a statement or have been asked before:
 * everything here runs as the extension's owner, one statement at a time, with values
 * as parameters.  It never commits, interrupts no worker, and holds no lock but those
 * of its statements.  Every statement that a session may reach by a number names the
 * database as well.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "jobs/queue.h"
#include "jobs/shared.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/elog.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

/* How often a worker is tried for a job before it counts as failed. */
#define START_ATTEMPTS 5

/* What a job ends in.  The table allows two more, "queued" and "running", and no other. */
static const char *const final_states[] = {"succeeded", "failed", "cancelled"};

static bool
take_int8(TupleTableSlot *slot, void *arg)
{
	bool		isnull;

	*(int64 *) arg = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	return true;
}

/*
 * As the extension's owner, in the caller's transaction: the job is there when that
 * commits.  Returns its id.
 */
int64
queue_insert(const char *command, Jsonb *args, int priority, Jsonb *settings)
{
	Oid			types[] = {OIDOID, OIDOID, TEXTOID, JSONBOID, INT4OID, JSONBOID};
	Datum		values[] = {ObjectIdGetDatum(MyDatabaseId), ObjectIdGetDatum(GetUserId()),
					  CStringGetTextDatum(command),	  JsonbPGetDatum(args),
					  Int32GetDatum(priority),		  JsonbPGetDatum(settings)};
	int64		id = 0;

	query_run_as_owner("INSERT INTO db_adapter.job"
					   " (database, owner, command, args, priority, settings)"
					   " VALUES ($1, $2::pg_catalog.regrole, $3, $4, $5, $6) RETURNING id",
					   6, types, values, NULL, false, take_int8, &id);
	return id;
}

/* What a caller may know of a job, copied out of the row. */
typedef struct StatusRow
{
	MemoryContext cxt;
	JobStatus	status;
} StatusRow;

static bool
take_status(TupleTableSlot *slot, void *arg)
{
	StatusRow  *row = arg;
	bool		isnull;
	char	   *state = TextDatumGetCString(slot_getattr(slot, 1, &isnull));

	row->status.state = MemoryContextStrdup(row->cxt, state);
	row->status.may_cancel = DatumGetBool(slot_getattr(slot, 2, &isnull));
	row->status.command =
		MemoryContextStrdup(row->cxt, TextDatumGetCString(slot_getattr(slot, 3, &isnull)));
	return true;
}

/*
 * By the latest snapshot: whoever waits in one transaction must see another's commit,
 * under REPEATABLE READ too.  Who may read all statistics sees that there is a job, and
 * may not cancel it.
 */
JobStatus
queue_status(int64 id)
{
	Oid			types[] = {INT8OID, OIDOID, OIDOID};
	Datum		values[] = {Int64GetDatum(id), ObjectIdGetDatum(MyDatabaseId),
					  ObjectIdGetDatum(GetUserId())};
	StatusRow	row = {CurrentMemoryContext};

	/* Read only statements take the active snapshot, so this is the one it sees. */
	PushActiveSnapshot(GetLatestSnapshot());
	query_run_as_owner("SELECT state, pg_has_role($3, owner, 'USAGE'), command FROM db_adapter.job"
					   " WHERE id = $1 AND database = $2"
					   " AND (pg_has_role($3, owner, 'USAGE')"
					   " OR pg_has_role($3, 'pg_read_all_stats', 'USAGE'))",
					   3, types, values, NULL, true, take_status, &row);
	PopActiveSnapshot();
	return row.status;
}

/*
 * One that runs is not ended here but by its worker, which may be about to succeed.  Two
 * that cancel at once meet at the row: the second waits, and finds it cancelled (or,
 * under REPEATABLE READ, cannot serialize).
 */
bool
queue_cancel(int64 id)
{
	Oid			types[] = {INT8OID, OIDOID};
	Datum		values[] = {Int64GetDatum(id), ObjectIdGetDatum(MyDatabaseId)};

	return query_run_as_owner("UPDATE db_adapter.job"
							  " SET state = 'cancelled', finished_at = clock_timestamp()"
							  " WHERE id = $1 AND database = $2 AND state = 'queued'",
							  2, types, values, NULL, false, NULL, NULL) > 0;
}

/*
 * Such a state never changes any more.  So a caller that has seen one need not lock the
 * row to act on it.
 */
bool
queue_is_final(const char *state)
{
	for (int i = 0; i < lengthof(final_states); i++)
		if (strcmp(state, final_states[i]) == 0)
			return true;
	return false;
}

/*
 * A job that has been claimed, copied into the worker's memory, which outlives the claim's
 * transaction.
 */
typedef struct ClaimRow
{
	MemoryContext cxt;
	Job		   *job;
} ClaimRow;

static bool
take_job(TupleTableSlot *slot, void *arg)
{
	ClaimRow   *row = arg;
	/* All of it is copied: the slot and what it points to go with the row. */
	MemoryContext oldcxt = MemoryContextSwitchTo(row->cxt);

	slot_getallattrs(slot);
	row->job->command = TextDatumGetCString(slot->tts_values[0]);
	row->job->args = DatumGetJsonbPCopy(slot->tts_values[1]);
	row->job->settings = DatumGetJsonbPCopy(slot->tts_values[2]);
	row->job->attempts = DatumGetInt32(slot->tts_values[3]);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/*
 * A row that a session holds, to cancel it perhaps, is not waited for: the worker would
 * take a process for as long as that session likes.  The role must be the row's own: the
 * list in shared memory is a hint, and a job must never run as another role than its row
 * names.  The second look tells one that is held, which is to be tried later, from one
 * that has ended.
 */
bool
queue_claim(int64 id, Oid role, Job *job, bool *queued)
{
	Oid			types[] = {INT8OID, OIDOID, OIDOID};
	Datum values[] = {Int64GetDatum(id), ObjectIdGetDatum(MyDatabaseId), ObjectIdGetDatum(role)};
	ClaimRow	row = {CurrentMemoryContext, job};
	bool		claimed;

	job->id = id;
	claimed = query_run_as_owner("UPDATE db_adapter.job SET state = 'running',"
								 " started_at = clock_timestamp(), attempts = attempts + 1"
								 " WHERE id = (SELECT id FROM db_adapter.job WHERE id = $1"
								 " AND database = $2 AND owner = $3 AND state = 'queued'"
								 " FOR UPDATE SKIP LOCKED)"
								 " RETURNING command, args, settings, attempts",
								 3, types, values, NULL, false, take_job, &row) > 0;
	*queued =
		!claimed && query_run_as_owner("SELECT FROM db_adapter.job WHERE id = $1 AND database = $2"
									   " AND owner = $3 AND state = 'queued'",
									   3, types, values, NULL, false, NULL, NULL) > 0;
	return claimed;
}

/* In the transaction of the work itself, so that both are committed or neither is. */
void
queue_succeed(int64 id, Jsonb *result)
{
	Oid			types[] = {INT8OID, JSONBOID};
	Datum		values[] = {Int64GetDatum(id), result ? JsonbPGetDatum(result) : (Datum) 0};

	/*
	 * Without a look at the state: only this worker has the row since it said "running",
	 * and a cancellation of it comes by signal.
	 */
	query_run_as_owner("UPDATE db_adapter.job SET state = 'succeeded', result = $2,"
					   " finished_at = clock_timestamp() WHERE id = $1",
					   2, types, values, result ? NULL : " n", false, NULL, NULL);
}

/*
 * Whatever the work had done is rolled back before.  By the worker itself, which has met
 * the signal.
 */
void
queue_cancelled(int64 id)
{
	Oid			types[] = {INT8OID};
	Datum		values[] = {Int64GetDatum(id)};

	query_run_as_owner("UPDATE db_adapter.job SET state = 'cancelled',"
					   " finished_at = clock_timestamp() WHERE id = $1",
					   1, types, values, NULL, false, NULL, NULL);
}

/* The reason is one word that programs may ask for; the rest is the error's. */
void
queue_fail(int64 id, const char *reason, const ErrorData *error)
{
	Oid			types[] = {INT8OID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
	const char *texts[] = {reason, unpack_sql_state(error->sqlerrcode), error->message,
						   error->detail, error->hint};
	Datum		values[lengthof(types)] = {Int64GetDatum(id)};
	/* The first is the id, which is never null. */
	char		nulls[lengthof(types)] = {' '};

	for (int i = 0; i < lengthof(texts); i++)
	{
		nulls[i + 1] = texts[i] == NULL ? 'n' : ' ';
		values[i + 1] = texts[i] == NULL ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	query_run_as_owner("UPDATE db_adapter.job SET state = 'failed',"
					   " finished_at = clock_timestamp(), reason = $2, sqlstate = $3,"
					   " error = $4, detail = $5, hint = $6 WHERE id = $1",
					   lengthof(types), types, values, nulls, false, NULL, NULL);
}

/*
 * With a delay: whatever it collided with is likely to be there still.  What the attempt
 * counted stays: the claim counts on, and the worker gives up by it.
 */
void
queue_retry(int64 id, TimestampTz not_before)
{
	Oid			types[] = {INT8OID, TIMESTAMPTZOID};
	Datum		values[] = {Int64GetDatum(id), TimestampTzGetDatum(not_before)};

	query_run_as_owner("UPDATE db_adapter.job SET state = 'queued', not_before = $2 WHERE id = $1",
					   2, types, values, NULL, false, NULL, NULL);
}

/*
 * Asked of the server's clock: a transaction may be older than what it purges.  One that
 * has not ended has no such time, and the comparison is never true of it.
 */
void
queue_purge(int minutes)
{
	Oid			types[] = {INT4OID};
	Datum		values[] = {Int32GetDatum(minutes)};

	query_run_as_owner("DELETE FROM db_adapter.job WHERE finished_at <"
					   " clock_timestamp() - make_interval(mins => $1)",
					   1, types, values, NULL, false, NULL, NULL);
}

/* ---- the scan ---- */

typedef struct JobIds
{
	int			count;
	int			max;
	Datum	   *values;
	MemoryContext cxt;
} JobIds;

/*
 * Of the jobs said to run, those that no worker has.  The memory of a row goes with it,
 * so ids lie in a context that outlives the query.
 */
static bool
take_abandoned(TupleTableSlot *slot, void *arg)
{
	JobIds	   *ids = arg;
	bool		isnull;
	int64		id = DatumGetInt64(slot_getattr(slot, 1, &isnull));

	if (shared_has_worker(MyDatabaseId, id))
		return true;
	if (ids->count == ids->max)
	{
		ids->max = Max(16, ids->max * 2);
		ids->values = ids->values ? repalloc(ids->values, ids->max * sizeof(Datum))
								  : MemoryContextAlloc(ids->cxt, ids->max * sizeof(Datum));
	}
	ids->values[ids->count++] = Int64GetDatum(id);
	return true;
}

/* For a parameter that ANY() reads. */
static Datum
int8_array(const JobIds *ids)
{
	return PointerGetDatum(construct_array(ids->values, ids->count, INT8OID, sizeof(int64),
										   FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/*
 * A worker records the end of its job before it goes, so one that has neither a worker
 * nor an end was left behind.  Rows are read before the workers are asked for: a job that
 * a worker takes in between is not among them, and one that ended in between is no longer
 * "running" when the UPDATE comes.  What began before the first launcher of this server
 * ran under one that has stopped since.
 */
static void
fail_abandoned(void)
{
	Oid			types[] = {OIDOID, INT8ARRAYOID, TIMESTAMPTZOID};
	Datum		values[] = {ObjectIdGetDatum(MyDatabaseId), (Datum) 0,
					  TimestampTzGetDatum(shared_jobs->began_at)};
	JobIds		ids = {.cxt = CurrentMemoryContext};

	query_run_as_owner("SELECT id FROM db_adapter.job WHERE database = $1 AND state = 'running'", 1,
					   types, values, NULL, false, take_abandoned, &ids);
	if (ids.count == 0)
		return;
	values[1] = int8_array(&ids);
	query_run_as_owner(
		"UPDATE db_adapter.job SET state = 'failed',"
		" finished_at = clock_timestamp(), sqlstate = '57P01',"
		" reason = CASE WHEN started_at < $3 THEN 'server_crash'"
		" ELSE 'terminated' END,"
		" error = CASE WHEN started_at < $3 THEN 'the server stopped while the job ran'"
		" ELSE 'the worker of the job was terminated' END"
		" WHERE database = $1 AND id = ANY ($2) AND state = 'running'",
		3, types, values, NULL, false, NULL, NULL);
}

#define FAIL_QUEUED                                                                                \
	"UPDATE db_adapter.job SET state = 'failed', finished_at = clock_timestamp(),"                 \
	" reason = %s, sqlstate = %s, error = %s WHERE database = $1 AND state = 'queued' AND %s"

/* condition is ours and names $1 and $2 alone; reasons are literals. */
static void
fail_queued(const char *reason, const char *sqlstate, const char *error, const char *condition,
			int64 id)
{
	Oid			types[] = {OIDOID, INT8OID};
	Datum		values[] = {ObjectIdGetDatum(MyDatabaseId), Int64GetDatum(id)};
	char *sql = psprintf(FAIL_QUEUED, quote_literal_cstr(reason), quote_literal_cstr(sqlstate),
						 quote_literal_cstr(error), condition);

	query_run_as_owner(sql, 2, types, values, NULL, false, NULL, NULL);
}

/*
 * Whoever submitted them is gone, or may not connect any more.  A role that has been
 * dropped leaves its number behind in the column, since nothing depends on it there.
 * Were its jobs posted, each would cost a worker that cannot connect.
 */
static void
fail_orphans(void)
{
	fail_queued("role_dropped", "42704", "the role that submitted the job does not exist",
				"NOT EXISTS (SELECT FROM pg_authid WHERE oid = owner)", 0);
	if (compat_worker_needs_login)
		fail_queued("role_cannot_login", "28000",
					"the role that submitted the job is not permitted to log in",
					"NOT (SELECT rolcanlogin FROM pg_authid WHERE oid = owner)", 0);
}

/*
 * Not where a worker has it already: it would be started twice, and one of them would
 * find nothing to claim.  A row without a time is due at once.
 */
static bool
post_row(TupleTableSlot *slot, void *arg)
{
	WaitingJob	job = {.database = MyDatabaseId};

	slot_getallattrs(slot);
	job.id = DatumGetInt64(slot->tts_values[0]);
	job.role = DatumGetObjectId(slot->tts_values[1]);
	job.priority = DatumGetInt32(slot->tts_values[2]);
	job.due = slot->tts_isnull[3] ? 0 : DatumGetTimestampTz(slot->tts_values[3]);
	if (!shared_has_worker(MyDatabaseId, job.id))
		shared_post(&job);
	return true;
}

/*
 * One more than there is room for: then there may be others.  In the order in which this
 * database would start them: those that do not fit are the last.
 */
static void
post_queued(void)
{
	Oid			types[] = {OIDOID, INT4OID};
	Datum		values[] = {ObjectIdGetDatum(MyDatabaseId), Int32GetDatum(WAITING_MAX + 1)};

	if (query_run_as_owner("SELECT id, owner, priority, not_before FROM db_adapter.job"
						   " WHERE database = $1 AND state = 'queued'"
						   " ORDER BY priority DESC, id LIMIT $2",
						   2, types, values, NULL, false, post_row, NULL) > WAITING_MAX)
		shared_leave_out(MyDatabaseId);
}

/* A database that was made from a template has that one's jobs: they are not its own. */
static void
delete_copies(void)
{
	Oid			types[] = {OIDOID};
	Datum		values[] = {ObjectIdGetDatum(MyDatabaseId)};

	query_run_as_owner("DELETE FROM db_adapter.job WHERE database <> $1", 1, types, values, NULL,
					   false, NULL, NULL);
}

/*
 * The order matters: what is no job of this database, or can never run, is not to be
 * posted.
 */
void
queue_scan(void)
{
	delete_copies();
	fail_abandoned();
	fail_orphans();
	post_queued();
}

static bool
take_role(TupleTableSlot *slot, void *arg)
{
	WaitingJob *job = arg;
	bool		isnull;

	job->role = DatumGetObjectId(slot_getattr(slot, 1, &isnull));
	job->priority = DatumGetInt32(slot_getattr(slot, 2, &isnull));
	return true;
}

/*
 * failures counts in a row; after the last the job is given up, lest the launcher try for
 * ever.  The delay doubles with each failure, since what keeps a worker from starting (no
 * room, a database that lets nobody in) seldom goes at once.
 */
void
queue_start_failed(int64 id, int failures)
{
	Oid			types[] = {OIDOID, INT8OID};
	Datum		values[] = {ObjectIdGetDatum(MyDatabaseId), Int64GetDatum(id)};
	WaitingJob	job = {.database = MyDatabaseId, .id = id, .failures = failures};

	fail_orphans();
	if (failures >= START_ATTEMPTS)
		fail_queued("not_started", "53300", "no worker could be started for the job", "id = $2",
					id);
	if (query_run_as_owner("SELECT owner, priority FROM db_adapter.job"
						   " WHERE database = $1 AND id = $2 AND state = 'queued'",
						   2, types, values, NULL, false, take_role, &job) == 0)
		return;
	job.due = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), 500 << failures);
	shared_post(&job);
}
