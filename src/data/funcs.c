/*
 * funcs.c
 *	  SQL entry points of the data wing: unpack the arguments, call one verb,
 *	  return its result.
 *
 * Verbs that read run under a guard, so that nobody lends his rights to who wrote what
 * he reads.  Those that write fire triggers, as INSERT does: nothing but the settings
 * these leave behind is undone.
 *
 * Nothing is decided here.  Arguments are read by name (base/argument.c); a null is
 * refused wherever the script gives another default, since a backup or restore with an
 * option that fell away unseen would be another one.  A set of rows goes through a
 * tuplestore, but for backup(): called in the SELECT list it makes one chunk a call, so
 * that no memory holds the whole.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/calls.h"
#include "base/compat.h"
#include "catalog/pg_type.h"
#include "data/backup/backup.h"
#include "data/backup/backupfile.h"
#include "data/backupschema/backupschema.h"
#include "data/file/backupvalidate.h"
#include "data/digest/aside.h"
#include "data/digest/deletion.h"
#include "data/digest/digest.h"
#include "data/digest/keymatch.h"
#include "data/restore/restore.h"
#include "fmgr.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"

/*
 * What reading runs is the reader's, unless he has asked for what policies leave him:
 * then it is theirs too, as in any SELECT.  None apply to a superuser.
 */
static CallRule
read_rule(FunctionCallInfo fcinfo)
{
	return argument_bool(fcinfo, "row_security", ARGUMENT_REQUIRED) && !superuser() ? CALLS_ANY
																					: CALLS_READING;
}

/* The arguments that the three forms of backup share. */
static void
get_backup_options(FunctionCallInfo fcinfo, BackupOptions *options)
{
	options->backup_schema = argument_jsonb(fcinfo, "backup_schema", ARGUMENT_REQUIRED);
	options->user_id = argument_text(fcinfo, "user_id", ARGUMENT_OPTIONAL);
	options->filters = argument_jsonb(fcinfo, "filters", ARGUMENT_REQUIRED);
	options->metadata = argument_jsonb(fcinfo, "metadata", ARGUMENT_REQUIRED);
	options->keys = NULL;
	options->complete = false;
	options->row_security = argument_bool(fcinfo, "row_security", ARGUMENT_REQUIRED);
	backup_options_set(options, argument_text(fcinfo, "format", ARGUMENT_REQUIRED),
					   argument_text(fcinfo, "on_leak", ARGUMENT_REQUIRED),
					   argument_text(fcinfo, "checksum", ARGUMENT_REQUIRED));
}

static Datum
run_derive_backup_schema(PG_FUNCTION_ARGS)
{
	List	   *tables = argument_oids(fcinfo, "tables");
	Oid			root = argument_oid(fcinfo, "root", ARGUMENT_OPTIONAL);
	List	   *schemas = argument_strings(fcinfo, "schemas", ARGUMENT_OPTIONAL);

	PG_RETURN_JSONB_P(backupschema_derive(tables, root, schemas));
}

PG_FUNCTION_INFO_V1(db_adapter_derive_backup_schema);

Datum
db_adapter_derive_backup_schema(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_READING, run_derive_backup_schema, fcinfo);
}

static Datum
run_check_backup_schema(PG_FUNCTION_ARGS)
{
	Jsonb	   *document = argument_jsonb(fcinfo, "backup_schema", ARGUMENT_REQUIRED);

	InitMaterializedSRF(fcinfo, 0);
	backupschema_check(backupschema_parse(&document->root, true),
					   (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_check_backup_schema);

Datum
db_adapter_check_backup_schema(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_READING, run_check_backup_schema, fcinfo);
}

/* A backup that is made call by call, in the memory of all calls. */
typedef struct BackupCall
{
	CallGuard	guard;			/* one over all calls, for tables are named in the first alone */
	FunctionCallInfo fcinfo;	/* of this call */
	MemoryContext cxt;
	Backup	   *backup;			/* NULL until the first call has begun it */
	StringInfoData chunk;
	bool		more;			/* chunk has been filled */
} BackupCall;

static void
begin_backup(BackupCall *state)
{
	FunctionCallInfo fcinfo = state->fcinfo;
	MemoryContext oldcxt = MemoryContextSwitchTo(state->cxt);
	BackupOptions options;

	get_backup_options(fcinfo, &options);
	options.keys = argument_jsonb(fcinfo, "keys", ARGUMENT_OPTIONAL);
	state->backup = backup_begin(&options);
	initStringInfo(&state->chunk);
	MemoryContextSwitchTo(oldcxt);
}

static void
run_backup(void *arg)
{
	BackupCall *state = arg;

	if (state->backup == NULL)
		begin_backup(state);
	/* The chunk is built as the datum it becomes; the one before has been read. */
	state->chunk.len = VARHDRSZ;
	state->more = backup_next(state->backup, &state->chunk);
}

PG_FUNCTION_INFO_V1(db_adapter_backup);

Datum
db_adapter_backup(PG_FUNCTION_ARGS)
{
	FuncCallContext *call;
	BackupCall *state;

	if (SRF_IS_FIRSTCALL())
	{
		call = SRF_FIRSTCALL_INIT();
		state = MemoryContextAllocZero(call->multi_call_memory_ctx, sizeof(BackupCall));
		state->cxt = call->multi_call_memory_ctx;
		call->user_fctx = state;
	}
	call = SRF_PERCALL_SETUP();
	state = call->user_fctx;
	state->fcinfo = fcinfo;
	state->guard.rule = read_rule(fcinfo);
	calls_run(&state->guard, run_backup, state);
	/* Not within the guard, which lies in the memory that the last call gives back. */
	if (!state->more)
		SRF_RETURN_DONE(call);
	SET_VARSIZE(state->chunk.data, state->chunk.len);
	SRF_RETURN_NEXT(call, PointerGetDatum(state->chunk.data));
}

static Datum
run_backup_document(PG_FUNCTION_ARGS)
{
	BackupOptions options;
	Backup	   *backup;
	StringInfoData document;

	get_backup_options(fcinfo, &options);
	options.keys = argument_jsonb(fcinfo, "keys", ARGUMENT_OPTIONAL);
	backup = backup_begin(&options);
	initStringInfo(&document);
	document.len = VARHDRSZ;
	while (backup_next(backup, &document))
		appendStringInfoChar(&document, '\n');
	SET_VARSIZE(document.data, document.len);
	PG_RETURN_TEXT_P(document.data);
}

PG_FUNCTION_INFO_V1(db_adapter_backup_document);

Datum
db_adapter_backup_document(PG_FUNCTION_ARGS)
{
	return calls_run_function(read_rule(fcinfo), run_backup_document, fcinfo);
}

static Datum
run_backup_to_file(PG_FUNCTION_ARGS)
{
	BackupOptions options;
	char	   *path = argument_text(fcinfo, "path", ARGUMENT_REQUIRED);
	bool		overwrite = argument_bool(fcinfo, "overwrite", ARGUMENT_REQUIRED);

	get_backup_options(fcinfo, &options);
	PG_RETURN_JSONB_P(backup_to_file(&options, path, overwrite,
									 argument_int(fcinfo, "workers", ARGUMENT_REQUIRED)));
}

PG_FUNCTION_INFO_V1(db_adapter_backup_to_file);

Datum
db_adapter_backup_to_file(PG_FUNCTION_ARGS)
{
	return calls_run_function(read_rule(fcinfo), run_backup_to_file, fcinfo);
}

PG_FUNCTION_INFO_V1(db_adapter_validate_backup);

Datum
db_adapter_validate_backup(PG_FUNCTION_ARGS)
{
	char	   *document = argument_text(fcinfo, "document", ARGUMENT_REQUIRED);
	char	   *utf8 = pg_server_to_any(document, strlen(document), PG_UTF8);

	PG_RETURN_JSONB_P(backup_validate(utf8, strlen(utf8),
									  argument_jsonb(fcinfo, "backup_schema", ARGUMENT_OPTIONAL)));
}

/* The arguments that the three forms of restore share. */
static void
get_restore_options(FunctionCallInfo fcinfo, RestoreOptions *options)
{
	options->backup_schema = argument_jsonb(fcinfo, "backup_schema", ARGUMENT_OPTIONAL);
	options->user_id = argument_text(fcinfo, "user_id", ARGUMENT_OPTIONAL);
	options->dry_run = argument_bool(fcinfo, "dry_run", ARGUMENT_REQUIRED);
	options->accept_damaged = argument_bool(fcinfo, "accept_damaged", ARGUMENT_REQUIRED);
	restore_options_set(options, argument_text(fcinfo, "mode", ARGUMENT_REQUIRED),
						argument_text(fcinfo, "ids", ARGUMENT_REQUIRED),
						argument_text(fcinfo, "on_error", ARGUMENT_REQUIRED),
						argument_text(fcinfo, "constraints", ARGUMENT_REQUIRED),
						argument_text(fcinfo, "on_unknown", ARGUMENT_REQUIRED),
						argument_text(fcinfo, "on_raw", ARGUMENT_REQUIRED));
}

static Datum
run_restore(PG_FUNCTION_ARGS)
{
	RestoreOptions options;
	text	   *document = argument_bytes(fcinfo, "document");

	get_restore_options(fcinfo, &options);
	InitMaterializedSRF(fcinfo, 0);
	restore_document(&options, document, (ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore);

Datum
db_adapter_restore(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_ANY, run_restore, fcinfo);
}

/* Raw references are compared as they stand. */
static Datum
run_compare(PG_FUNCTION_ARGS)
{
	RestoreOptions options = {0};

	options.backup_schema = argument_jsonb(fcinfo, "backup_schema", ARGUMENT_OPTIONAL);
	options.user_id = argument_text(fcinfo, "user_id", ARGUMENT_OPTIONAL);
	options.mode = RESTORE_COMPARE;
	options.copy_raw = true;
	InitMaterializedSRF(fcinfo, 0);
	restore_compare(&options, argument_bytes(fcinfo, "document"),
					(ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_compare);

Datum
db_adapter_compare(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_READING, run_compare, fcinfo);
}

static Datum
run_restore_from_file(PG_FUNCTION_ARGS)
{
	RestoreOptions options;
	char	   *path = argument_text(fcinfo, "path", ARGUMENT_REQUIRED);

	get_restore_options(fcinfo, &options);
	InitMaterializedSRF(fcinfo, 0);
	restore_file(&options, path, (ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_from_file);

Datum
db_adapter_restore_from_file(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_ANY, run_restore_from_file, fcinfo);
}

static Datum
run_restore_begin(PG_FUNCTION_ARGS)
{
	RestoreOptions options;

	get_restore_options(fcinfo, &options);
	restore_begin(&options);
	PG_RETURN_VOID();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_begin);

Datum
db_adapter_restore_begin(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_ANY, run_restore_begin, fcinfo);
}

static Datum
run_restore_data(PG_FUNCTION_ARGS)
{
	bytea	   *chunk = argument_bytes(fcinfo, "chunk");

	PG_RETURN_INT64(restore_data(VARDATA_ANY(chunk), VARSIZE_ANY_EXHDR(chunk)));
}

PG_FUNCTION_INFO_V1(db_adapter_restore_data);

Datum
db_adapter_restore_data(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_ANY, run_restore_data, fcinfo);
}

static Datum
run_restore_data_text(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(restore_data_text(argument_bytes(fcinfo, "chunk")));
}

PG_FUNCTION_INFO_V1(db_adapter_restore_data_text);

Datum
db_adapter_restore_data_text(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_ANY, run_restore_data_text, fcinfo);
}

static Datum
run_restore_end(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, 0);
	restore_end((ReturnSetInfo *) fcinfo->resultinfo);
	PG_RETURN_NULL();
}

PG_FUNCTION_INFO_V1(db_adapter_restore_end);

Datum
db_adapter_restore_end(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_ANY, run_restore_end, fcinfo);
}

/* The arguments that both forms of digest share. */
static void
get_digest_options(FunctionCallInfo fcinfo, DigestOptions *options)
{
	options->backup_schema = argument_jsonb(fcinfo, "backup_schema", ARGUMENT_REQUIRED);
	options->table = argument_text(fcinfo, "table", ARGUMENT_REQUIRED);
	options->user_id = argument_text(fcinfo, "user_id", ARGUMENT_OPTIONAL);
	options->has_buckets = !argument_is_null(fcinfo, "buckets");
	options->buckets = argument_int(fcinfo, "buckets", ARGUMENT_OPTIONAL);
	options->hash = argument_text(fcinfo, "hash", ARGUMENT_REQUIRED);
}

static Datum
run_digest(PG_FUNCTION_ARGS)
{
	DigestOptions options;

	get_digest_options(fcinfo, &options);
	InitMaterializedSRF(fcinfo, 0);
	digest_buckets(&options, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_digest);

Datum
db_adapter_digest(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_READING, run_digest, fcinfo);
}

static Datum
run_digest_rows(PG_FUNCTION_ARGS)
{
	DigestOptions options;
	List	   *buckets = argument_ints(fcinfo, "bucket");

	get_digest_options(fcinfo, &options);
	InitMaterializedSRF(fcinfo, 0);
	/* None at all is no rows; a null is the rows of all. */
	if (buckets != NIL || argument_is_null(fcinfo, "bucket"))
		digest_rows(&options, buckets, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_digest_rows);

Datum
db_adapter_digest_rows(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_READING, run_digest_rows, fcinfo);
}

static Datum
run_match_keys(PG_FUNCTION_ARGS)
{
	KeyMatchOptions options;

	options.backup_schema = argument_jsonb(fcinfo, "backup_schema", ARGUMENT_REQUIRED);
	options.table = argument_text(fcinfo, "table", ARGUMENT_REQUIRED);
	options.keys = argument_jsonb(fcinfo, "keys", ARGUMENT_REQUIRED);
	options.others = argument_jsonb(fcinfo, "others", ARGUMENT_REQUIRED);
	options.user_id = argument_text(fcinfo, "user_id", ARGUMENT_OPTIONAL);
	InitMaterializedSRF(fcinfo, 0);
	keymatch_run(&options, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_match_keys);

Datum
db_adapter_match_keys(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_READING, run_match_keys, fcinfo);
}

static Datum
run_delete_rows(PG_FUNCTION_ARGS)
{
	static const char *const error_choices[] = {[false] = "abort", [true] = "record", NULL};
	DeletionOptions options = {NULL};

	options.backup_schema = argument_jsonb(fcinfo, "backup_schema", ARGUMENT_REQUIRED);
	options.keys = argument_jsonb(fcinfo, "keys", ARGUMENT_REQUIRED);
	options.user_id = argument_text(fcinfo, "user_id", ARGUMENT_OPTIONAL);
	options.cascade = argument_bool(fcinfo, "cascade", ARGUMENT_REQUIRED);
	options.brought_again = argument_bool(fcinfo, "brought_again", ARGUMENT_REQUIRED);
	options.dry_run = argument_bool(fcinfo, "dry_run", ARGUMENT_REQUIRED);
	options.record = argument_choose(argument_text(fcinfo, "on_error", ARGUMENT_REQUIRED),
									 error_choices, "on_error");
	InitMaterializedSRF(fcinfo, 0);
	deletion_run(&options, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_delete_rows);

Datum
db_adapter_delete_rows(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_ANY, run_delete_rows, fcinfo);
}

static Datum
run_set_aside(PG_FUNCTION_ARGS)
{
	AsideOptions options;

	options.backup_schema = argument_jsonb(fcinfo, "backup_schema", ARGUMENT_REQUIRED);
	options.keys = argument_jsonb(fcinfo, "keys", ARGUMENT_REQUIRED);
	options.user_id = argument_text(fcinfo, "user_id", ARGUMENT_OPTIONAL);
	InitMaterializedSRF(fcinfo, 0);
	aside_run(&options, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_set_aside);

Datum
db_adapter_set_aside(PG_FUNCTION_ARGS)
{
	return calls_run_function(CALLS_ANY, run_set_aside, fcinfo);
}
