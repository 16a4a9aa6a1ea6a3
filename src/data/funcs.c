/*
 * funcs.c
 *	  SQL entry points of the data wing: unpack the arguments, call one verb,
 *	  return its result.
 */
#include "postgres.h"

#include "base/compat.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(db_adapter_derive_backup_schema);

Datum
db_adapter_derive_backup_schema(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_check_backup_schema);

Datum
db_adapter_check_backup_schema(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_backup);

Datum
db_adapter_backup(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_backup_document);

Datum
db_adapter_backup_document(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_backup_to_file);

Datum
db_adapter_backup_to_file(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_validate_backup);

Datum
db_adapter_validate_backup(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore);

Datum
db_adapter_restore(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_from_file);

Datum
db_adapter_restore_from_file(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_begin);

Datum
db_adapter_restore_begin(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_data);

Datum
db_adapter_restore_data(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_data_text);

Datum
db_adapter_restore_data_text(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_end);

Datum
db_adapter_restore_end(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_digest);

Datum
db_adapter_digest(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_digest_rows);

Datum
db_adapter_digest_rows(PG_FUNCTION_ARGS)
{
	ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("not built yet")));
	PG_RETURN_NULL();
}
