/*
 * backupparts.c
 *	  A backup in parts: a directory that several processes fill.
 *
 * The work is cut into pieces: a table, or a range of the pages of one that is read
 * from end to end.  The server's own parallel workers take piece after piece from a
 * counter in shared memory, and so does the process that asked for them; each piece
 * becomes a file.  They share snapshot, role and settings with it, and their errors
 * and its cancellation are the server's business.  Where the server has no worker
 * to give, there is one process and the result is the same.
 *
 * It assumes that a worker sees just what the leader does, which the server's parallel
 * mode promises.  Workers never write outside of the directory that is being made, and
 * the leader never publishes before all have ended without an error.
 */
#include "postgres.h"

#include <sys/stat.h>
#include <unistd.h>

#include "access/parallel.h"
#include "access/xact.h"
#include "base/calls.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/progress.h"
#include "common/file_perm.h"
#include "data/backup/backup.h"
#include "data/backup/backupparts.h"
#include "data/backup/serverfile.h"
#include "miscadmin.h"
#include "port/atomics.h"
#include "storage/fd.h"
#include "utils/builtins.h"

#define MANIFEST "manifest.json"
#define MANIFEST_FORMAT "db_adapter.backup.parts"

/* Pieces a process gets of one table, more or less, and the least pages of one. */
#define PIECES_EACH 4
#define PIECE_MIN_PAGES 1024

#define KEY_WORK UINT64CONST(0xDBADA001)
#define KEY_REQUEST UINT64CONST(0xDBADA002)

/* A piece, and what came of it. */
typedef struct PartPiece
{
	BackupPiece piece;
	BackupTotals totals;
} PartPiece;

typedef struct PartsWork
{
	pg_atomic_uint32 next;		/* piece to be taken */
	pg_atomic_uint64 rows;
	pg_atomic_uint64 bytes;
	int			npieces;
	PartPiece	pieces[FLEXIBLE_ARRAY_MEMBER];
} PartsWork;

/* The directory while it is written. */
typedef struct PartsDirectory
{
	char	   *path;			/* where it will be */
	char	   *part;			/* where it is; NULL once that is gone */
	int			nfiles;
	MemoryContextCallback on_reset;
} PartsDirectory;

static char *
part_name(const char *directory, int number)
{
	return psprintf("%s/%05d.jsonl", directory, number);
}

/* ---- the pieces ---- */

/* Where each table is cut; the files are numbered from 1, after the header's. */
static List *
cut_tables(Backup *backup, int processes)
{
	List	   *pieces = NIL;

	for (int table = 0; table < backup_table_count(backup); table++)
	{
		BlockNumber pages = backup_table_pages(backup, table);
		/*
		 * Several pieces for each process, so that one which got the large rows does not
		 * keep the others waiting long.
		 */
		BlockNumber step = Max(PIECE_MIN_PAGES, pages / (processes * PIECES_EACH) + 1);
		BlockNumber from = 0;

		do
		{
			BackupPiece *piece = palloc(sizeof(BackupPiece));

			piece->table = table;
			piece->from = from;
			/* The last one goes on to the end, wherever that is by now. */
			piece->to = from + step < pages ? from + step : InvalidBlockNumber;
			pieces = lappend(pieces, piece);
			from += step;
		} while (from < pages);
	}
	return pieces;
}

static void
write_piece(Backup *backup, PartsWork *work, int number, const char *directory)
{
	PartPiece  *p = &work->pieces[number];
	ServerFile *file = serverfile_create(part_name(directory, number + 1));
	StringInfoData chunk;
	BackupTotals before = {0};

	initStringInfo(&chunk);
	backup_begin_piece(backup, &p->piece);
	while (backup_next(backup, &chunk))
	{
		appendStringInfoChar(&chunk, '\n');
		serverfile_write(file, &chunk);
		resetStringInfo(&chunk);
		backup_piece_totals(backup, &p->totals);
		/*
		 * Added as differences: all processes tell one progress, and each piece begins at
		 * 0.
		 */
		pg_atomic_fetch_add_u64(&work->rows, p->totals.rows - before.rows);
		pg_atomic_fetch_add_u64(&work->bytes, p->totals.bytes - before.bytes);
		before = p->totals;
		progress_done(pg_atomic_read_u64(&work->rows), pg_atomic_read_u64(&work->bytes));
	}
	backup_piece_totals(backup, &p->totals);
	serverfile_finish(file);
	pfree(chunk.data);
}

static void
do_work(const BackupOptions *options, PartsWork *work, const char *directory)
{
	Backup	   *backup = backup_begin(options);

	for (;;)
	{
		uint32		number = pg_atomic_fetch_add_u32(&work->next, 1);

		if (number >= work->npieces)
			break;
		write_piece(backup, work, number, directory);
	}
}

/* ---- the workers ---- */

/*
 * Documents and words alone: a worker parses and binds for itself, since no pointer means
 * anything in another process.
 */
static Jsonb *
write_request(const BackupOptions *options, const char *directory)
{
	JsonWriter	w;

	json_init(&w);
	json_begin_object(&w);
	json_put_string(&w, "directory", directory);
	json_key(&w, "backup_schema");
	json_container(&w, &options->backup_schema->root);
	json_key(&w, "filters");
	json_container(&w, &options->filters->root);
	json_put_string(&w, "user_id", options->user_id);
	json_put_int(&w, "on_leak", options->on_leak);
	json_put_bool(&w, "row_security", options->row_security);
	json_end_object(&w);
	return json_finish(&w);
}

/* A copy, so that nothing points into the segment. */
static Jsonb *
get_document(JsonbContainer *request, const char *key)
{
	JsonbValue	value;

	if (!json_get(request, key, &value))
		elog(ERROR, "request without \"%s\"", key);
	return JsonbValueToJsonb(&value);
}

typedef struct WorkerRun
{
	PartsWork  *work;
	JsonbContainer *request;
	BackupOptions options;
} WorkerRun;

/* As the body under a guard. */
static void
run_worker(void *arg)
{
	WorkerRun  *run = arg;

	do_work(&run->options, run->work, json_get_string(run->request, "directory", "request"));
}

/* A guard does not come along from the leader. */
void
db_adapter_backup_worker_main(dsm_segment *segment, shm_toc *toc)
{
	JsonbContainer *request = &((Jsonb *) shm_toc_lookup(toc, KEY_REQUEST, false))->root;
	BackupOptions options = {.format = BACKUP_JSONL, .checksum = CHECKSUM_CRC32C, .complete = true};
	WorkerRun	run = {shm_toc_lookup(toc, KEY_WORK, false), request};
	CallGuard	guard = {CALLS_READING};

	options.backup_schema = get_document(request, "backup_schema");
	/* Metadata is the header's, which no worker writes; the option only must be an object. */
	options.filters = options.metadata = get_document(request, "filters");
	options.user_id = json_get_string(request, "user_id", "request");
	options.on_leak = json_get_int(request, "on_leak", LEAK_REPORT, "request");
	options.row_security = json_get_bool(request, "row_security", false, "request");
	/* As the leader does: policies run as the caller's own query would run them. */
	if (options.row_security && !superuser())
		guard.rule = CALLS_ANY;
	run.options = options;
	calls_run(&guard, run_worker, &run);
}

/*
 * In the segment that all workers see; pieces are taken from it by number, one after the
 * other.
 */
static PartsWork *
make_work(ParallelContext *context, Size size, List *pieces)
{
	PartsWork  *work = shm_toc_allocate(context->toc, size);
	ListCell   *lc;

	memset(work, 0, size);
	pg_atomic_init_u32(&work->next, 0);
	pg_atomic_init_u64(&work->rows, 0);
	pg_atomic_init_u64(&work->bytes, 0);
	foreach(lc, pieces)
		work->pieces[work->npieces++].piece = *(BackupPiece *) lfirst(lc);
	shm_toc_insert(context->toc, KEY_WORK, work);
	return work;
}

/* Returns the pieces as they are done, in memory of our own. */
static PartsWork *
do_parallel(const BackupOptions *options, List *pieces, int workers, const char *directory)
{
	Size		size = offsetof(PartsWork, pieces) + list_length(pieces) * sizeof(PartPiece);
	Jsonb	   *request = write_request(options, directory);
	ParallelContext *context;
	PartsWork  *work;
	PartsWork  *result = palloc(size);
	void	   *copy;

	EnterParallelMode();
	context = CreateParallelContext("db_adapter", "db_adapter_backup_worker_main", workers - 1);
	shm_toc_estimate_chunk(&context->estimator, size);
	shm_toc_estimate_chunk(&context->estimator, VARSIZE(request));
	shm_toc_estimate_keys(&context->estimator, 2);
	InitializeParallelDSM(context);
	work = make_work(context, size, pieces);
	copy = shm_toc_allocate(context->toc, VARSIZE(request));
	memcpy(copy, request, VARSIZE(request));
	shm_toc_insert(context->toc, KEY_REQUEST, copy);
	/*
	 * As many as the server has to give, perhaps none.  The leader takes pieces too, so
	 * nothing is waited for that nobody does.
	 */
	LaunchParallelWorkers(context);
	do_work(options, work, directory);
	/*
	 * Raises what a worker has raised; the directory goes then with the context it was
	 * made in.
	 */
	WaitForParallelWorkersToFinish(context);
	memcpy(result, work, size);
	DestroyParallelContext(context);
	ExitParallelMode();
	return result;
}

/* ---- the directory ---- */

/* Leaves nothing half-written behind, whatever ended the backup. */
static void
remove_directory(void *arg)
{
	PartsDirectory *d = arg;
	char		path[MAXPGPATH + 32];

	if (d->part == NULL)
		return;
	for (int i = 0; i < d->nfiles; i++)
	{
		snprintf(path, sizeof(path), "%s/%05d.jsonl", d->part, i);
		(void) unlink(path);
	}
	snprintf(path, sizeof(path), "%s/" MANIFEST, d->part);
	(void) unlink(path);
	(void) rmdir(d->part);
	d->part = NULL;
}

/*
 * Beside its destination, so that a rename puts it in place, and with the process's
 * number, so that two backups to one path do not meet.
 */
static PartsDirectory *
make_directory(char *path, int nfiles)
{
	PartsDirectory *d = palloc0(sizeof(PartsDirectory));
	char	   *part = psprintf("%s.part-%d", path, MyProcPid);

	if (mkdir(part, PG_DIR_MODE_OWNER) != 0)
		ereport(ERROR,
				(errcode_for_file_access(), errmsg("could not create directory \"%s\": %m", part)));
	d->path = path;
	d->part = part;
	d->nfiles = nfiles;
	d->on_reset.func = remove_directory;
	d->on_reset.arg = d;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &d->on_reset);
	return d;
}

static void
write_text(const char *path, StringInfo text)
{
	ServerFile *file = serverfile_create(path);

	serverfile_write(file, text);
	serverfile_finish(file);
}

/* An old backup is moved out of the way first, and goes when the new one is there. */
static void
publish(PartsDirectory *d)
{
	PartsDirectory old = {.part = psprintf("%s.old-%d", d->path, MyProcPid)};
	char	   *parent = pstrdup(d->path);
	List	   *parts = backupparts_list(d->path);
	bool		replaces = parts != NIL;

	get_parent_directory(parent);
	/*
	 * The files are on disk already (serverfile_finish()), now their names are; only then
	 * may the directory get the name by which others look for it.
	 */
	fsync_fname(d->part, true);
	if (replaces && rename(d->path, old.part) != 0)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not rename directory \"%s\": %m", d->path)));
	if (rename(d->part, d->path) != 0)
	{
		int			save_errno = errno;

		/* The new one has not come: what was there is there again. */
		if (replaces)
			(void) rename(old.part, d->path);
		errno = save_errno;
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not create directory \"%s\": %m", d->path)));
	}
	/* From here on it is a backup, and no error that follows may remove it. */
	d->part = NULL;
	fsync_fname(parent, true);
	old.nfiles = list_length(parts);
	if (replaces)
		remove_directory(&old);
}

static void
put_part(JsonWriter *w, int number, const char *table, const BackupTotals *totals)
{
	json_begin_object(w);
	json_put_string(w, "file", psprintf("%05d.jsonl", number));
	if (table != NULL)
		json_put_string(w, "table", table);
	json_put_int(w, "rows", totals->rows);
	json_put_int(w, "bytes", totals->bytes);
	json_end_object(w);
}

static void
write_manifest(const Backup *backup, const PartsWork *work, const PartsDirectory *d)
{
	BackupTotals none = {0};
	JsonWriter	w;
	StringInfoData text;
	Jsonb	   *manifest;

	json_init(&w);
	json_begin_object(&w);
	json_put_string(&w, "format", MANIFEST_FORMAT);
	json_put_string(&w, "version", "1.0");
	backup_summary(backup, &w);
	json_key(&w, "parts");
	json_begin_array(&w);
	put_part(&w, 0, NULL, &none);
	for (int i = 0; i < work->npieces; i++)
		put_part(&w, i + 1, backup_table_name(backup, work->pieces[i].piece.table),
				 &work->pieces[i].totals);
	put_part(&w, work->npieces + 1, NULL, &none);
	json_end_array(&w);
	json_end_object(&w);
	manifest = json_finish(&w);
	initStringInfo(&text);
	(void) JsonbToCStringIndent(&text, &manifest->root, VARSIZE(manifest));
	appendStringInfoChar(&text, '\n');
	write_text(psprintf("%s/" MANIFEST, d->part), &text);
}

static void
check_options(const BackupOptions *options, const char *path)
{
	if (options->format != BACKUP_JSONL || options->checksum != CHECKSUM_CRC32C)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("a backup by several workers is not possible with this %s",
							   options->format != BACKUP_JSONL ? "format" : "checksum"),
						errhint("Pass workers => 1, or leave format and checksum out.")));
	/* Raises for another directory: what lies there is not ours to delete. */
	(void) backupparts_list(path);
}

Jsonb *
backupparts_write(const BackupOptions *options, char *path, int workers)
{
	Backup	   *backup;
	List	   *pieces;
	PartsDirectory *d;
	PartsWork  *work;
	StringInfoData text;
	JsonWriter	w;

	check_options(options, path);
	backup = backup_begin(options);
	pieces = cut_tables(backup, workers);
	/* After everything that may be refused: until here nothing was written. */
	d = make_directory(path, list_length(pieces) + 2);
	initStringInfo(&text);
	backup_header(backup, &text);
	write_text(part_name(d->part, 0), &text);

	work = do_parallel(backup_asked(backup), pieces, workers, d->part);
	for (int i = 0; i < work->npieces; i++)
		backup_add_totals(backup, work->pieces[i].piece.table, &work->pieces[i].totals);
	resetStringInfo(&text);
	backup_trailer(backup, &text);
	write_text(part_name(d->part, work->npieces + 1), &text);
	write_manifest(backup, work, d);
	publish(d);

	json_init(&w);
	json_begin_object(&w);
	json_put_string(&w, "path", path);
	backup_summary(backup, &w);
	json_put_int(&w, "parts", work->npieces + 2);
	json_end_object(&w);
	return json_finish(&w);
}

/* ---- reading ---- */

static char *
read_manifest(const char *path)
{
	FILE	   *file = AllocateFile(path, PG_BINARY_R);
	StringInfoData text;
	char		buffer[8192];
	size_t		count;

	if (file == NULL)
		ereport(ERROR, (errcode_for_file_access(),
						errmsg("could not open file \"%s\" for reading: %m", path)));
	initStringInfo(&text);
	while ((count = fread(buffer, 1, sizeof(buffer), file)) > 0)
		appendBinaryStringInfo(&text, buffer, count);
	if (ferror(file))
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not read file \"%s\": %m", path)));
	FreeFile(file);
	return text.data;
}

typedef struct PartList
{
	const char *directory;
	List	   *paths;
} PartList;

/* A part lies beside its manifest, under a name without ways out. */
static bool
add_part(const char *key, JsonbValue *value, void *arg)
{
	PartList   *list = arg;
	char	   *name = NULL;

	if (value->type == jbvBinary)
		name = json_get_string(value->val.binary.data, "file", "manifest");
	if (name == NULL || strchr(name, '/') != NULL || name[0] == '.')
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid manifest of backup \"%s\": each part must name a file "
							   "beside it",
							   list->directory)));
	list->paths = lappend(list->paths, psprintf("%s/%s", list->directory, name));
	return true;
}

/* NIL: it is no directory, so a single file or nothing at all. */
List *
backupparts_list(const char *path)
{
	char	   *manifest_path = psprintf("%s/" MANIFEST, path);
	PartList	list = {path};
	struct stat st;
	Jsonb	   *manifest;
	JsonbContainer *parts;
	char	   *format;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return NIL;
	manifest = DatumGetJsonbP(
		DirectFunctionCall1(jsonb_in, CStringGetDatum(read_manifest(manifest_path))));
	format = json_get_string(&manifest->root, "format", "manifest");
	parts = json_get_array(&manifest->root, "parts", "manifest");
	if (format == NULL || strcmp(format, MANIFEST_FORMAT) != 0 || parts == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("file \"%s\" is not the manifest of a backup", manifest_path)));
	json_visit(parts, add_part, &list);
	return list.paths;
}
