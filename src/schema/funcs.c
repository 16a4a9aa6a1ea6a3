/*
 * funcs.c
 *	  SQL entry points of the schema wing: unpack the arguments, call one verb,
 *	  return its result.
 */
#include "postgres.h"

#include "base/compat.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(db_adapter_introspect);

Datum
db_adapter_introspect(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_fingerprint);

Datum
db_adapter_fingerprint(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_column_names);

Datum
db_adapter_column_names(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_diagram);

Datum
db_adapter_diagram(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_expected);

Datum
db_adapter_expected(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_expected_files);

Datum
db_adapter_expected_files(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_expected_columns);

Datum
db_adapter_expected_columns(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_validate);

Datum
db_adapter_validate(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_differences);

Datum
db_adapter_differences(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_report);

Datum
db_adapter_report(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_plan);

Datum
db_adapter_plan(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_plan_steps);

Datum
db_adapter_plan_steps(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_apply);

Datum
db_adapter_apply(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}
