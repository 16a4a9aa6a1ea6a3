/*
 * funcs.c
 *	  SQL entry points of the jobs: unpack the arguments, call one verb, return its
 *	  result.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "fmgr.h"
#include "funcapi.h"
#include "jobs/job.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(db_adapter_submit);

Datum
db_adapter_submit(PG_FUNCTION_ARGS)
{
	char	   *command = argument_text(fcinfo, "command", ARGUMENT_REQUIRED);
	Jsonb	   *args = argument_jsonb(fcinfo, "args", ARGUMENT_REQUIRED);

	PG_RETURN_INT64(job_submit(command, args, argument_int(fcinfo, "priority", ARGUMENT_REQUIRED)));
}

PG_FUNCTION_INFO_V1(db_adapter_cancel);

Datum
db_adapter_cancel(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(job_cancel(argument_bigint(fcinfo, "job", ARGUMENT_REQUIRED)));
}

PG_FUNCTION_INFO_V1(db_adapter_wait);

Datum
db_adapter_wait(PG_FUNCTION_ARGS)
{
	int64		job = argument_bigint(fcinfo, "job", ARGUMENT_REQUIRED);
	/*
	 * Null, no timeout, waits for ever: -1 says that to job_wait(), as a time of 0 is a
	 * look without a wait.
	 */
	const char *state =
		job_wait(job, argument_milliseconds(fcinfo, "timeout", (int64) INT_MAX * 1000, -1));

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(state));
}

/*
 * When it will be done if it goes on as it did; 0 when that cannot be said.  More rows
 * than were expected make a total of their own: an end that lies in the past would say
 * that the estimate was wrong, not when it ends.
 */
static TimestampTz
estimate_end(const Progress *p)
{
	double		passed = GetCurrentTimestamp() - p->started_at;

	if (p->rows_done <= 0 || p->rows_total <= 0)
		return 0;
	return p->started_at + (int64) (passed * Max(p->rows_total, p->rows_done) / p->rows_done);
}

/*
 * What is not known is null: 0 rows of a total, or the year 2000, would be taken for
 * facts.
 */
static void
put_progress(const JobProgress *job, void *arg)
{
	ReturnSetInfo *rsinfo = arg;
	const Progress *p = &job->progress;
	TimestampTz end = estimate_end(p);
	Datum		values[] = {Int64GetDatum(job->id),		 Int32GetDatum(job->pid),
					  CStringGetTextDatum(p->phase), CStringGetTextDatum(p->table),
					  Int64GetDatum(p->rows_done),	 Int64GetDatum(p->rows_total),
					  Int64GetDatum(p->bytes_done),	 TimestampTzGetDatum(p->started_at),
					  TimestampTzGetDatum(end)};
	bool		nulls[lengthof(values)] = {0};

	nulls[2] = p->phase[0] == '\0';
	nulls[3] = p->table[0] == '\0';
	nulls[5] = p->rows_total == 0;
	nulls[8] = end == 0;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(db_adapter_jobs_running);

Datum
db_adapter_jobs_running(PG_FUNCTION_ARGS)
{
	/*
	 * All at once, since nothing of it is locked between two rows: a caller that reads
	 * slowly would get slots of different times.
	 */
	InitMaterializedSRF(fcinfo, 0);
	job_visit_progress(put_progress, fcinfo->resultinfo);
	return (Datum) 0;
}
