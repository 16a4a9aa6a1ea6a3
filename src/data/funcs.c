/*
 * funcs.c
 *	  SQL entry points of the data wing: unpack the arguments, call one verb,
 *	  return its result.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "catalog/pg_type.h"
#include "data/backup/backup.h"
#include "data/backup/backupfile.h"
#include "data/backupschema/backupschema.h"
#include "data/file/backupvalidate.h"
#include "data/digest/deletion.h"
#include "data/digest/digest.h"
#include "data/restore/restore.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"

static void
refuse_null(FunctionCallInfo fcinfo, int arg, const char *name)
{
	if (PG_ARGISNULL(arg))
		ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						errmsg("argument \"%s\" cannot be null", name)));
}

/* A text argument; NULL or an error where none is given. */
static char *
get_text(FunctionCallInfo fcinfo, int arg, const char *required_name)
{
	if (required_name != NULL)
		refuse_null(fcinfo, arg, required_name);
	return PG_ARGISNULL(arg) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

static Jsonb *
get_jsonb(FunctionCallInfo fcinfo, int arg, const char *required_name)
{
	if (required_name != NULL)
		refuse_null(fcinfo, arg, required_name);
	return PG_ARGISNULL(arg) ? NULL : PG_GETARG_JSONB_P(arg);
}

static bool
get_bool(FunctionCallInfo fcinfo, int arg, const char *name)
{
	refuse_null(fcinfo, arg, name);
	return PG_GETARG_BOOL(arg);
}

static List *
get_oids(ArrayType *array)
{
	List	   *oids = NIL;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, ARR_ELEMTYPE(array), sizeof(Oid), true, TYPALIGN_INT, &values, &nulls,
					  &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			oids = lappend_oid(oids, DatumGetObjectId(values[i]));
	return oids;
}

/* The eight arguments that the three forms of backup share. */
static void
get_backup_options(FunctionCallInfo fcinfo, int arg, BackupOptions *options)
{
	options->backup_schema = get_jsonb(fcinfo, arg, "backup_schema");
	options->user_id = get_text(fcinfo, arg + 1, NULL);
	options->filters = get_jsonb(fcinfo, arg + 2, "filters");
	options->metadata = get_jsonb(fcinfo, arg + 3, "metadata");
	options->keys = NULL;
	options->row_security = get_bool(fcinfo, arg + 5, "row_security");
	backup_options_set(options, get_text(fcinfo, arg + 4, "format"),
					   get_text(fcinfo, arg + 6, "on_leak"), get_text(fcinfo, arg + 7, "checksum"));
}

PG_FUNCTION_INFO_V1(db_adapter_derive_backup_schema);

Datum
db_adapter_derive_backup_schema(PG_FUNCTION_ARGS)
{
	List	   *tables = PG_ARGISNULL(0) ? NIL : get_oids(PG_GETARG_ARRAYTYPE_P(0));
	Oid			root = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);

	PG_RETURN_JSONB_P(backupschema_derive(tables, root));
}

PG_FUNCTION_INFO_V1(db_adapter_check_backup_schema);

Datum
db_adapter_check_backup_schema(PG_FUNCTION_ARGS)
{
	Jsonb	   *document = get_jsonb(fcinfo, 0, "backup_schema");

	InitMaterializedSRF(fcinfo, 0);
	backupschema_check(backupschema_parse(&document->root, true),
					   (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

typedef struct BackupCall
{
	Backup	   *backup;
	StringInfoData chunk;
} BackupCall;

PG_FUNCTION_INFO_V1(db_adapter_backup);

Datum
db_adapter_backup(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	BackupCall *state;

	if (SRF_IS_FIRSTCALL())
	{
		BackupOptions options;
		MemoryContext oldcxt;

		call = SRF_FIRSTCALL_INIT();
		oldcxt = MemoryContextSwitchTo(call->multi_call_memory_ctx);
		get_backup_options(fcinfo, 0, &options);
		options.keys = get_jsonb(fcinfo, 8, NULL);
		state = palloc(sizeof(BackupCall));
		state->backup = backup_begin(&options);
		initStringInfo(&state->chunk);
		call->user_fctx = state;
		MemoryContextSwitchTo(oldcxt);
	}
	call = SRF_PERCALL_SETUP();
	state = call->user_fctx;

	/* The chunk is built as the datum it becomes; the one before has been read. */
	state->chunk.len = VARHDRSZ;
	if (!backup_next(state->backup, &state->chunk))
		SRF_RETURN_DONE(call);
	SET_VARSIZE(state->chunk.data, state->chunk.len);
	SRF_RETURN_NEXT(call, PointerGetDatum(state->chunk.data));
}

PG_FUNCTION_INFO_V1(db_adapter_backup_document);

Datum
db_adapter_backup_document(PG_FUNCTION_ARGS)
{
	BackupOptions options;
	Backup	   *backup;
	StringInfoData document;

	get_backup_options(fcinfo, 0, &options);
	options.keys = get_jsonb(fcinfo, 8, NULL);
	backup = backup_begin(&options);
	initStringInfo(&document);
	document.len = VARHDRSZ;
	while (backup_next(backup, &document))
		appendStringInfoChar(&document, '\n');
	SET_VARSIZE(document.data, document.len);
	PG_RETURN_TEXT_P(document.data);
}

PG_FUNCTION_INFO_V1(db_adapter_backup_to_file);

Datum
db_adapter_backup_to_file(PG_FUNCTION_ARGS)
{
	BackupOptions options;
	char	   *path = get_text(fcinfo, 0, "path");
	bool		overwrite = get_bool(fcinfo, 9, "overwrite");

	get_backup_options(fcinfo, 1, &options);
	refuse_null(fcinfo, 10, "workers");
	PG_RETURN_JSONB_P(backup_to_file(&options, path, overwrite, PG_GETARG_INT32(10)));
}

PG_FUNCTION_INFO_V1(db_adapter_validate_backup);

Datum
db_adapter_validate_backup(PG_FUNCTION_ARGS)
{
	char	   *document = get_text(fcinfo, 0, "document");
	char	   *utf8 = pg_server_to_any(document, strlen(document), PG_UTF8);

	PG_RETURN_JSONB_P(backup_validate(utf8, strlen(utf8), get_jsonb(fcinfo, 1, NULL)));
}

/* The arguments that the three forms of restore share. */
static void
get_restore_options(FunctionCallInfo fcinfo, int arg, RestoreOptions *options)
{
	options->backup_schema = get_jsonb(fcinfo, arg, NULL);
	options->user_id = get_text(fcinfo, arg + 1, NULL);
	options->dry_run = get_bool(fcinfo, arg + 3, "dry_run");
	options->accept_damaged = get_bool(fcinfo, arg + 8, "accept_damaged");
	restore_options_set(options, get_text(fcinfo, arg + 2, "mode"),
						get_text(fcinfo, arg + 4, "ids"), get_text(fcinfo, arg + 5, "on_error"),
						get_text(fcinfo, arg + 6, "constraints"),
						get_text(fcinfo, arg + 7, "on_unknown"));
}

PG_FUNCTION_INFO_V1(db_adapter_restore);

Datum
db_adapter_restore(PG_FUNCTION_ARGS)
{
	RestoreOptions options;

	refuse_null(fcinfo, 0, "document");
	get_restore_options(fcinfo, 1, &options);
	InitMaterializedSRF(fcinfo, 0);
	restore_document(&options, PG_GETARG_TEXT_PP(0), (ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_from_file);

Datum
db_adapter_restore_from_file(PG_FUNCTION_ARGS)
{
	RestoreOptions options;
	char	   *path = get_text(fcinfo, 0, "path");

	get_restore_options(fcinfo, 1, &options);
	InitMaterializedSRF(fcinfo, 0);
	restore_file(&options, path, (ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_begin);

Datum
db_adapter_restore_begin(PG_FUNCTION_ARGS)
{
	RestoreOptions options;

	get_restore_options(fcinfo, 0, &options);
	restore_begin(&options);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_data);

Datum
db_adapter_restore_data(PG_FUNCTION_ARGS)
{
	bytea	   *chunk;

	refuse_null(fcinfo, 0, "chunk");
	chunk = PG_GETARG_BYTEA_PP(0);
	PG_RETURN_INT64(restore_data(VARDATA_ANY(chunk), VARSIZE_ANY_EXHDR(chunk)));
}

PG_FUNCTION_INFO_V1(db_adapter_restore_data_text);

Datum
db_adapter_restore_data_text(PG_FUNCTION_ARGS)
{
	text	   *chunk;

	refuse_null(fcinfo, 0, "chunk");
	chunk = PG_GETARG_TEXT_PP(0);
	PG_RETURN_INT64(restore_data_text(chunk));
}

PG_FUNCTION_INFO_V1(db_adapter_restore_end);

Datum
db_adapter_restore_end(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	restore_end((ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

/* What both forms of digest take: two arguments, and from arg on three more. */
static void
get_digest_options(FunctionCallInfo fcinfo, int arg, DigestOptions *options)
{
	options->backup_schema = get_jsonb(fcinfo, 0, "backup_schema");
	options->table = get_text(fcinfo, 1, "table");
	options->user_id = get_text(fcinfo, arg, NULL);
	options->has_buckets = !PG_ARGISNULL(arg + 1);
	options->buckets = options->has_buckets ? PG_GETARG_INT32(arg + 1) : 0;
	options->hash = get_text(fcinfo, arg + 2, "hash");
}

PG_FUNCTION_INFO_V1(db_adapter_digest);

Datum
db_adapter_digest(PG_FUNCTION_ARGS)
{
	DigestOptions options;

	get_digest_options(fcinfo, 2, &options);
	InitMaterializedSRF(fcinfo, 0);
	digest_buckets(&options, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

static List *
get_ints(ArrayType *array)
{
	List	   *ints = NIL;
	Datum	   *values;
	bool	   *nulls;
	int			count;

	deconstruct_array(array, INT4OID, sizeof(int32), true, TYPALIGN_INT, &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			ints = lappend_int(ints, DatumGetInt32(values[i]));
	return ints;
}

PG_FUNCTION_INFO_V1(db_adapter_digest_rows);

Datum
db_adapter_digest_rows(PG_FUNCTION_ARGS)
{
	DigestOptions options;
	List	   *buckets = NIL;

	get_digest_options(fcinfo, 3, &options);
	if (!PG_ARGISNULL(2))
		buckets = get_ints(PG_GETARG_ARRAYTYPE_P(2));
	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(2) || buckets != NIL)
		digest_rows(&options, buckets, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_delete_rows);

Datum
db_adapter_delete_rows(PG_FUNCTION_ARGS)
{
	Jsonb	   *backup_schema = get_jsonb(fcinfo, 0, "backup_schema");
	Jsonb	   *keys = get_jsonb(fcinfo, 1, "keys");

	InitMaterializedSRF(fcinfo, 0);
	deletion_run(backup_schema, keys, get_text(fcinfo, 2, NULL),
				 (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}
