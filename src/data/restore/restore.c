/*
 * restore.c
 *	  Restoring a backup: the way of a file through its parts.
 *
 * A whole file is read twice: once to verify it, once to restore it.  Bytes that
 * come as a stream are restored as they come (restore_session.c); the end of the
 * reader verifies them, and its error rolls everything back.
 *
 * It assumes nothing of the file but that it is the same in both readings; where it is
 * not, the second one finds a damage as it would in a stream, and all is rolled back.
 * It never commits: that is its caller's transaction.
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/query.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "data/backup/backupparts.h"
#include "data/restore/restore.h"
#include "data/restore/restore_private.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "storage/fd.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#define FILE_CHUNK (256 * 1024)

/* The words in the order of their enums.  The defaults are those of the SQL script. */
void
restore_options_set(RestoreOptions *options, const char *mode, const char *ids,
					const char *on_error, const char *constraints, const char *on_unknown,
					const char *on_raw)
{
	static const char *const modes[] = {
		[RESTORE_SKIP] = "skip",	   [RESTORE_OVERWRITE] = "overwrite", [RESTORE_FAIL] = "fail",
		[RESTORE_REPLACE] = "replace", [RESTORE_COMPARE] = "compare",	  NULL};
	static const char *const id_choices[] = {
		[IDS_AUTO] = "auto", [IDS_NEW] = "new", [IDS_KEEP] = "keep", NULL};
	static const char *const error_choices[] = {[false] = "record", [true] = "abort", NULL};
	static const char *const constraint_choices[] = {[false] = "keep", [true] = "revalidate", NULL};
	static const char *const unknown_choices[] = {[false] = "error", [true] = "drop", NULL};
	static const char *const raw_choices[] = {[false] = "error", [true] = "copy", NULL};

	options->mode = argument_choose(mode, modes, "mode");
	options->ids = argument_choose(ids, id_choices, "ids");
	options->abort_on_error = argument_choose(on_error, error_choices, "on_error");
	options->revalidate = argument_choose(constraints, constraint_choices, "constraints");
	options->copy_raw = argument_choose(on_raw, raw_choices, "on_raw");
	options->drop_unknown = argument_choose(on_unknown, unknown_choices, "on_unknown");
	if (options->mode == RESTORE_REPLACE && !options->abort_on_error)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("mode \"replace\" is all or nothing"),
						errdetail("A row that fails cannot be recorded and passed over."),
						errhint("Use on_error => 'abort'.")));
}

/* Tables of a circle are closed when the next table begins, so nothing may stand between. */
static void
check_components(const BackupSchema *schema)
{
	int		   *last = palloc0(sizeof(int) * Max(schema->ncomponents, 1));	/* its table, from 1 */

	for (int i = 0; i < schema->ntables; i++)
	{
		int			component = schema->tables[i].component;

		if (last[component] > 0 && last[component] < i)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("tables \"%s\" and \"%s\" of the backup schema reference "
							"each other but do not stand together",
							schema->tables[last[component] - 1].name, schema->tables[i].name)));
		last[component] = i + 1;
	}
}

static void
warn_of_unknown(const BackupSchema *schema)
{
	ListCell   *lc;

	foreach(lc, schema->unknown)
		ereport(WARNING, (errmsg("%s", (char *) lfirst(lc)),
						  errhint("It is passed over: the file may be of a later release.")));
}

/* The file's own schema is the word of whoever made the file; one given is the caller's. */
static void
begin_file(const FileHeader *header, void *arg)
{
	Restore	   *restore = arg;
	Jsonb	   *given = restore->options.backup_schema;
	Jsonb	   *document = given != NULL ? given : header->backup_schema;

	if (document == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the backup has no backup schema"),
						errhint("Give one as backup_schema => '{\"tables\": …}'.")));
	restore_raw_bind(restore, header, document);
	warn_of_unknown(restore->schema);
	check_components(restore->schema);
	restore->tables = palloc0(sizeof(RestoreTable *) * Max(restore->schema->ntables, 1));
	restore->sources = palloc0(sizeof(RestoreSource **) * Max(restore->schema->ntables, 1));
	restore_raw_mark(restore, header);
	/* Before any row is looked at or changed. */
	restore_tenant_check(restore);
	restore_raw_check(restore, header);
	restore_named_find(restore);
	/*
	 * Before the first row is looked for, so that what another restore has committed is
	 * seen.
	 */
	if (!restore->frozen)
		restore_tenant_lock(restore);
	/* Whom another restore has made meanwhile. */
	restore_named_find(restore);
	restore->begun = ReadNextTransactionId();
	if (restore->comparing)
		return;
	if (restore->options.revalidate)
		restore_constraints_drop(restore);
	restore_constraints_check(restore);
	restore_replace_before(restore);
}

/* Ends the table that is being read, and its circle unless other is part of it too. */
static void
end_table(Restore *restore, const BackupTable *other)
{
	RestoreTable *t = restore->current;

	/* First: an error on the way leaves no table that seems to be read still. */
	restore->current = NULL;
	if (t == NULL)
		return;
	restore_batch_flush(t);
	restore_retry_moves(t);
	if (other == NULL || other->component != t->table->component)
		restore_cycle_close(restore);
}

/* A table whose rows have been read must not depend on one that comes now. */
static void
check_order(const Restore *restore, const BackupTable *table, int64 line)
{
	for (int i = 0; i < restore->schema->ntables; i++)
	{
		const BackupTable *before = &restore->schema->tables[i];

		CHECK_FOR_INTERRUPTS();
		if (restore->tables[i] == NULL || before->component == table->component)
			continue;
		for (int j = 0; j < before->nrefs; j++)
			for (int k = 0; k < before->refs[j].ntargets; k++)
				if (before->refs[j].targets[k].index == table->index)
					fileparts_refuse(line,
									 "table \"%s\" stands after table \"%s\", which "
									 "references it",
									 table->name, before->name);
	}
}

/* A table that the schema lacks is an error unless the caller has said otherwise. */
static void
begin_section(const FileSection *section, void *arg)
{
	Restore	   *restore = arg;
	BackupTable *table = backupschema_find_meant(restore->schema, section->name);
	RestoreTable *t;

	restore->skipping = table == NULL;
	if (table == NULL && !restore->options.drop_unknown)
		(void) backupschema_table(restore->schema, section->name,
								  psprintf("line " INT64_FORMAT " of the backup", section->line));
	if (table == NULL)
	{
		ereport(WARNING, (errmsg("table \"%s\" of the backup is left out", section->name),
						  errdetail("The backup schema does not contain it.")));
		return;
	}
	if (restore->tables[table->index] != NULL)
		fileparts_refuse(section->line, "table \"%s\" stands in it twice, once as \"%s\"",
						 table->name, section->name);
	/* The table before ends here, since nothing in a file says where its rows end. */
	end_table(restore, table);
	check_order(restore, table, section->line);
	t = restore_table_create(restore, table);
	restore_refs_create(t);
	restore->tables[table->index] = t;
	progress_phase("restoring rows", section->name);
	restore_lookup_begin(t, section);
	restore_table_begin(t, section);
	restore_match_begin(t);
	restore_compare_begin(t);
	restore_statement_begin(t);
	restore_home_begin(t);
	restore_batch_init(t);
	restore_tenant_check_keys(t);
	restore->current = t;
}

/* An event of the file's reader; object is its text, valid during the call alone. */
static void
add_row(const char *object, int len, int64 line, void *arg)
{
	Restore	   *restore = arg;

	if (!restore->skipping)
		restore_batch_add(restore->current, object, len, line);
}

static const FileEvents restore_events = {begin_file, begin_section, add_row};
static const FileEvents no_events = {NULL, NULL, NULL};

/*
 * A child of parent, which frees it; options are copied, since a restore by chunks outlives
 * the call that began it.
 */
Restore *
restore_create(const RestoreOptions *options, MemoryContext parent)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "db_adapter restore", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcxt = MemoryContextSwitchTo(cxt);
	Restore	   *restore = palloc0(sizeof(Restore));

	restore->cxt = cxt;
	restore->options = *options;
	restore->comparing = restore->frozen = options->mode == RESTORE_COMPARE;
	if (options->user_id != NULL)
		restore->options.user_id = pstrdup(options->user_id);
	if (options->backup_schema != NULL)
	{
		restore->options.backup_schema = palloc(VARSIZE(options->backup_schema));
		memcpy(restore->options.backup_schema, options->backup_schema,
			   VARSIZE(options->backup_schema));
	}
	restore->reader = filereader_create(&restore_events, restore, options->accept_damaged);
	MemoryContextSwitchTo(oldcxt);
	return restore;
}

/* Bytes in any pieces: the reader keeps what a piece leaves unfinished. */
void
restore_feed(Restore *restore, const char *bytes, size_t len)
{
	filereader_feed(restore->reader, bytes, len);
}

/*
 * The end of the file verifies it first.  Sequences are moved after all rows, when the
 * highest number is known; constraints last of all.
 */
void
restore_finish(Restore *restore)
{
	filereader_finish(restore->reader);
	if (restore->schema == NULL)
		elog(ERROR, "backup without a header was not refused");
	end_table(restore, NULL);
	if (restore->comparing)
	{
		restore_compare_finish(restore);
		return;
	}
	restore_replace_after(restore);
	for (int i = 0; i < restore->schema->ntables; i++)
		if (restore->tables[i] != NULL)
		{
			restore_key_advance(restore->tables[i]);
			restore_homeentry_finish(restore->tables[i]);
		}
	restore_constraints_defer(restore);
	if (restore->options.revalidate)
		restore_constraints_add(restore);
}

/* The first of two readings: which rows of the tenant the file does not have. */
static void
find_others(Restore *restore, RestoreRead read, void *arg)
{
	RestoreOptions options = restore->options;
	Restore	   *compared;
	int			count;

	options.mode = RESTORE_COMPARE;
	options.revalidate = false;
	compared = restore_create(&options, restore->cxt);
	compared->frozen = false;
	read(compared->reader, arg);
	restore_finish(compared);
	restore_replace_check(compared);
	count = Max(compared->schema->ntables, 1);
	restore->goes = MemoryContextAllocZero(restore->cxt, sizeof(KeyList *) * count);
	restore->deleted = MemoryContextAllocZero(restore->cxt, sizeof(int64) * count);
	for (int i = 0; i < compared->schema->ntables; i++)
		if (compared->tables[i] != NULL)
			restore->goes[i] = restore_compare_goes(compared->tables[i]);
}

void
restore_run(Restore *restore, RestoreRead read, void *arg)
{
	if (restore->options.mode == RESTORE_REPLACE)
		find_others(restore, read, arg);
	read(restore->reader, arg);
	restore_finish(restore);
}

/* Where the bytes of a whole backup come from: again from the start, then chunk by chunk. */
typedef struct Source
{
	const char *bytes;			/* all of them, or */
	size_t		len;
	List	   *paths;			/* char *: a file, or the parts of one in their order */
} Source;

/* Returns the bytes read so far, those of files before it included. */
static int64
read_file(const char *path, FileReader *reader, int64 before)
{
	FILE	   *file = AllocateFile(path, PG_BINARY_R);
	char	   *buffer = palloc(FILE_CHUNK);
	size_t		count;

	if (file == NULL)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not open file \"%s\" for reading: %m", path)));
	while ((count = fread(buffer, 1, FILE_CHUNK, file)) > 0)
	{
		CHECK_FOR_INTERRUPTS();
		filereader_feed(reader, buffer, count);
		before += count;
		progress_done(filereader_rows(reader), before);
	}
	if (ferror(file))
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not read file \"%s\": %m", path)));
	pfree(buffer);
	FreeFile(file);
	return before;
}

/* The parts of one backup, read in their order, are one file. */
static void
read_source(const Source *source, FileReader *reader)
{
	ListCell   *lc;
	int64		bytes = 0;

	if (source->paths == NIL)
		filereader_feed(reader, source->bytes, source->len);
	foreach(lc, source->paths)
		bytes = read_file(lfirst(lc), reader, bytes);
}

/* All of it before the first row is written: a damaged end must not be found half-way. */
static void
verify_source(const Source *source)
{
	MemoryContext cxt =
		AllocSetContextCreate(CurrentMemoryContext, "db_adapter verify", ALLOCSET_DEFAULT_SIZES);
	MemoryContext oldcxt = MemoryContextSwitchTo(cxt);
	/* Not tolerant: who accepts damage does not come here. */
	FileReader *reader = filereader_create(&no_events, NULL, false);

	progress_phase("verifying the file", NULL);
	read_source(source, reader);
	filereader_finish(reader);
	progress_total(filereader_rows(reader));
	MemoryContextSwitchTo(oldcxt);
	MemoryContextDelete(cxt);
}

static void
read_again(FileReader *reader, void *arg)
{
	read_source(arg, reader);
}

/* A restore as the body of an attempt, which a dry run rolls back. */
typedef struct Execution
{
	Restore	   *restore;
	const Source *source;
} Execution;

/* The second reading of the source: the first has verified it. */
static void
execute(void *arg)
{
	Execution  *e = arg;

	restore_run(e->restore, read_again, unconstify(Source *, e->source));
}

/* A dry run does everything, triggers included, and takes it back. */
static void
restore_source(const RestoreOptions *options, const Source *source, ReturnSetInfo *result)
{
	Execution	e = {NULL, source};

	/* A dry run writes too, and rolls back. */
	if (options->mode != RESTORE_COMPARE)
		query_refuse_standby("db_adapter.restore()");
	/*
	 * What is accepted damaged cannot be verified; it is read once.  A comparison verifies it
	 * on its way.
	 */
	if (!options->accept_damaged && options->mode != RESTORE_COMPARE &&
		options->mode != RESTORE_REPLACE)
		verify_source(source);
	e.restore = restore_create(options, CurrentMemoryContext);
	if (options->dry_run)
	{
		ErrorData  *error = query_attempt(execute, &e, false);

		if (error != NULL)
			ReThrowError(error);
	}
	else
		execute(&e);
	restore_report(e.restore, result);
	MemoryContextDelete(e.restore->cxt);
}

/* Text has come in the server's encoding, while a file's sums are over UTF-8. */
void
restore_document(const RestoreOptions *options, text *document, ReturnSetInfo *result)
{
	Source		source = {VARDATA_ANY(document), VARSIZE_ANY_EXHDR(document)};
	char	   *utf8 = pg_server_to_any(source.bytes, source.len, PG_UTF8);

	if (utf8 != source.bytes)
	{
		source.bytes = utf8;
		source.len = strlen(utf8);
	}
	restore_source(options, &source, result);
}

void
restore_compare(const RestoreOptions *options, text *document, ReturnSetInfo *result)
{
	char	   *bytes = VARDATA_ANY(document);
	int			len = VARSIZE_ANY_EXHDR(document);
	char	   *utf8 = pg_server_to_any(bytes, len, PG_UTF8);
	Restore	   *restore = restore_create(options, CurrentMemoryContext);

	filereader_feed(restore->reader, utf8, utf8 == bytes ? len : strlen(utf8));
	restore_finish(restore);
	restore_compare_report(restore, result);
	MemoryContextDelete(restore->cxt);
}

/* As COPY FROM a file asks. */
void
restore_check_rights(void)
{
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("permission denied to read a file of the server"),
						errhint("Only members of \"pg_read_server_files\" may.")));
}

/* A directory with a manifest is one backup in parts, read as one file. */
void
restore_file(const RestoreOptions *options, const char *path, ReturnSetInfo *result)
{
	Source		source = {NULL};

	restore_check_rights();
	source.paths = backupparts_list(path);
	if (source.paths == NIL)
		source.paths = list_make1(pstrdup(path));
	restore_source(options, &source, result);
}
