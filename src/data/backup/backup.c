/*
 * backup.c
 *	  Rows to chunks of lines: the verb backup.
 *
 * One cursor a table, all on the caller's snapshot.  Memory holds a chunk, the
 * rows of one fetch that did not fit into it, and one row in the making.
 *
 * It assumes that the caller's statement keeps one snapshot over all calls, and that
 * what was named and checked in backup_begin() still holds in later ones: tables stay
 * locked, and the guard on calls is kept by who calls (funcs.c).  It never changes a
 * row, and holds no row back but those of one fetch.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/progress.h"
#include "base/query.h"
#include "catalog/pg_class.h"
#include "data/backup/backup.h"
#include "data/backup/backuplines.h"
#include "data/backupschema/backupschema.h"
#include "data/backupschema/backupschemaoutside.h"
#include "data/backupschema/backupschematenant.h"
#include "data/row/crccombine.h"
#include "data/select/closure.h"
#include "data/select/leaks.h"
#include "data/select/naturalrow.h"
#include "data/select/rowscan.h"
#include "data/select/tenant.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#define CHUNK_SIZE (64 * 1024)
#define KEPT_PAGES (4 * 1024 * 1024)
#define FETCH_FIRST 16
#define FETCH_MAX 1000
#define LEAKS_NAMED 5 /* in the detail of the warning */

typedef enum BackupPhase
{
	PHASE_HEADER,
	PHASE_TABLE,
	PHASE_ROWS,
	PHASE_TRAILER,
	PHASE_DONE
} BackupPhase;

struct Backup
{
	BackupOptions options;
	BackupSchema *schema;
	BackupLines *lines;
	MemoryContext cxt;
	MemoryContext callcxt;		/* of one call of backup_next() */
	MemoryContext tablecxt;
	BackupPhase phase;
	int			table;
	Closure	   *closure;		/* of the rows chosen; NULL: all are */
	int64	   *none;			/* rows that are nobody's and come along, one count a table */
	RowScan	   *scan;
	bool		referenced;		/* the scan is of rows that are there for others */
	Leaks	   *leaks;
	BackupHomes *homes;			/* NULL where no table is remembered */
	int64		table_bytes;	/* of rows written, to guess how many fill a chunk */
	StringInfo	out;			/* while backup_next() runs */
	int			full;			/* the length of out at which the chunk is */
	StringInfoData leaked;		/* keys named so far for the table */
	const BackupPiece *piece;	/* NULL: the whole */
};

/* Words are read before any work, so that a job can be refused when it is submitted. */
void
backup_options_set(BackupOptions *options, const char *format, const char *on_leak,
				   const char *checksum)
{
	static const char *const formats[] = {[BACKUP_JSONL] = "jsonl", [BACKUP_JSON] = "json", NULL};
	static const char *const leaks[] = {
		[LEAK_REPORT] = "report", [LEAK_ERROR] = "error", [LEAK_DROP] = "drop", NULL};
	static const char *const checksums[] = {
		[CHECKSUM_CRC32C] = "crc32c", [CHECKSUM_SHA256] = "sha256", NULL};

	options->format = argument_choose(format, formats, "format");
	options->on_leak = argument_choose(on_leak, leaks, "on_leak");
	options->checksum = argument_choose(checksum, checksums, "checksum");
}

/*
 * Row security would hide rows without a word: that is no backup.  Asked of each table as
 * the current role, after the tables were bound: their locks keep the policies as they
 * are.
 */
static void
refuse_hidden_rows(const BackupSchema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
		if (relation_hides_rows(schema->tables[i].rel->oid))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("row-level security would hide rows of table \"%s\"",
							schema->tables[i].name),
					 errhint("Use a role that sees all rows, or row_security => true to back up "
							 "those that the policies show.")));
}

/* Nobody who saves nothing means to: it would be found out when it is to be restored. */
static void
refuse_nothing(const BackupSchema *schema)
{
	if (schema->ntables == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("the backup schema names no table"),
						errdetail("A backup of no table holds nothing.")));
}

/* A filter for a table that is not there would be passed over without a word. */
static bool
check_filter(const char *key, JsonbValue *value, void *arg)
{
	backupschema_table(arg, key, "filters");
	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid filters: member \"%s\" must be an object", key),
						errhint("Give {\"table\": {\"column\": value}}.")));
	return true;
}

static void
check_object(Jsonb *document, const char *what)
{
	if (!JB_ROOT_IS_OBJECT(document))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid %s: it must be a JSON object", what)));
}

/*
 * A chunk is copied a few times on its way to the client, and malloc may give
 * the pages of each copy back to the system only to fault them in again for the
 * next.  One that sees a large block freed stops doing so; elsewhere this is
 * idle, as no page of the block is touched.
 */
static void
keep_freed_pages(void)
{
	pfree(palloc(KEPT_PAGES));
}

/* Version 1.1 has no place to say which rows are there for others alone. */
static void
begin_chosen(Backup *b)
{
	check_object(b->options.keys, "keys");
	if (b->options.format != BACKUP_JSONL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("a backup of chosen rows is not possible in format \"json\""),
						errhint("Use format => 'jsonl'.")));
	b->closure = closure_create(b->schema, b->options.user_id, &b->options.keys->root,
								&b->options.filters->root, b->options.row_security, false);
}

/*
 * For whoever watches; 0, not known, where not all rows of the tables are wanted.  The
 * estimate of the catalog: to count would be to read everything twice.
 */
static int64
expected_rows(const Backup *b)
{
	int64		total = 0;

	if (b->options.user_id != NULL || b->options.keys != NULL ||
		JB_ROOT_COUNT(b->options.filters) > 0)
		return 0;
	for (int i = 0; i < b->schema->ntables; i++)
	{
		int64		rows;
		int64		bytes;

		if (b->schema->tables[i].lookup != LOOKUP_NONE)
			continue;
		relation_measure(b->schema->tables[i].rel->oid, &rows, &bytes);
		total += rows;
	}
	return total;
}

/* --- references that lead out of the schema */

static void
warn_raws(const Backup *b)
{
	StringInfoData names;
	int			count = 0;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, b->lines->raws)
	{
		const OutsideKey *raw = lfirst(lc);

		if (raw->tenant && b->options.user_id != NULL)
			continue;
		appendStringInfo(&names, "%s\"%s\" of table \"%s\" to \"%s\"", count++ > 0 ? ", " : "",
						 raw->name, raw->table, raw->target);
	}
	if (count > 0)
		ereport(WARNING,
				(errmsg_plural("%d foreign key leads to rows that have no match key",
							   "%d foreign keys lead to rows that have no match key", count, count),
				 errdetail("Values are saved as they stand, and mean other rows in another "
						   "database: %s.",
						   names.data),
				 errhint("Give those rows a unique index that is no number, declare the reference "
						 "\"raw\", or restore with on_raw => 'copy'.")));
}

/* Whether a reader of 2.0 would take what is looked up, or copied, for something else. */
static bool
needs_newer(const BackupSchema *schema)
{
	if (schema->tenant != NULL)
		return true;
	for (int i = 0; i < schema->ntables; i++)
		if (schema->tables[i].lookup != LOOKUP_NONE || schema->tables[i].nraws > 0 ||
			schema->tables[i].nkeys > 1)
			return true;
	return false;
}

/* Format json has no place for it, as it has none for the database that it is of. */
static BackupHomes *
begin_homes(const Backup *b)
{
	bool		remember = false;

	for (int i = 0; i < b->schema->ntables; i++)
		remember |= b->schema->tables[i].remember;
	return remember && b->options.format == BACKUP_JSONL ? backuphomes_create(b->schema) : NULL;
}

/* Format json has no place for what is looked up, nor for who is nobody's. */
static List *
bind_schema(Backup *b)
{
	static const BackupSchema no_lookups = {0};
	List	   *raws = NIL;

	if (b->options.complete)
	{
		b->schema = backupschema_parse(&b->options.backup_schema->root, true);
		refuse_nothing(b->schema);
		backupschema_bind(b->schema);
	}
	else
	{
		refuse_nothing(backupschema_parse(&b->options.backup_schema->root, true));
		b->schema = outside_bind(&b->options.backup_schema, true, b->options.row_security,
								 b->options.format == BACKUP_JSON ? &no_lookups : NULL, &raws);
		outside_refuse_undeclared(b->schema, NULL);
		b->options.complete = true;
	}
	if (b->options.format == BACKUP_JSON && needs_newer(b->schema))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg(b->schema->tenant != NULL
								   ? "format \"json\" has no place for tenants that are rows"
								   : "format \"json\" has no place for rows that are looked up"),
						errhint("Use format => 'jsonl'.")));
	b->schema->none_travels = b->options.format == BACKUP_JSONL;
	return raws;
}

static bool
take_count(TupleTableSlot *slot, void *arg)
{
	bool		isnull;

	*(int64 *) arg = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	return false;
}

static void
select_none(Selection *s, const BackupTable *table)
{
	selection_from(s, table);
	s->owner = ROWS_OF_NONE;
	selection_where(s, table, NULL);
	selection_referred(s, table);
}

/* Most tables have no such row at all. */
static bool
has_none(const Backup *b, const BackupTable *table)
{
	Selection  *s = selection_create(b->schema, NULL);

	appendStringInfo(&s->sql, "SELECT 1 FROM %s AS t WHERE ", table->source);
	selection_of_none(s, table, "t");
	appendStringInfoString(&s->sql, " LIMIT 1");
	return query_run(s->sql.data, 0, NULL, NULL, NULL, true, NULL, NULL) > 0;
}

/* Rows that are nobody's, to which the tenant's refer. */
static int64
count_none(const Backup *b, const BackupTable *table)
{
	Selection  *s = selection_create(b->schema, b->options.user_id);
	int64		count = 0;
	int			nestlevel;

	if (!b->schema->none_travels || b->options.user_id == NULL || b->closure != NULL ||
		table->lookup != LOOKUP_NONE || !backupschematenant_may_be_of_none(table) ||
		!has_none(b, table))
		return 0;
	s->filters = &b->options.filters->root;
	appendStringInfoString(&s->sql, "SELECT pg_catalog.count(*)");
	select_none(s, table);
	nestlevel = query_pin(PIN_PLAN);
	query_run(s->sql.data, s->nargs, s->types, s->values, s->nulls, true, take_count, &count);
	query_unpin(nestlevel);
	return count;
}

static void
count_all_none(Backup *b)
{
	b->none = palloc0(sizeof(int64) * Max(b->schema->ntables, 1));
	for (int i = 0; i < b->schema->ntables; i++)
	{
		b->none[i] = count_none(b, &b->schema->tables[i]);
		b->lines->newer |= b->none[i] > 0;
	}
}

const BackupOptions *
backup_asked(const Backup *b)
{
	return &b->options;
}

Backup *
backup_begin(const BackupOptions *options)
{
	Backup	   *b = palloc0(sizeof(Backup));
	List	   *raws;

	keep_freed_pages();
	b->options = *options;
	b->cxt = CurrentMemoryContext;
	check_object(options->filters, "filters");
	check_object(options->metadata, "metadata");
	raws = bind_schema(b);
	json_visit(&options->filters->root, check_filter, b->schema);
	if (!options->row_security)
		refuse_hidden_rows(b->schema);
	tenant_need(b->schema, b->options.user_id);
	b->lines = backuplines_create(&b->options, b->schema);
	b->lines->raws = raws;
	b->lines->homes = b->homes = begin_homes(b);
	b->lines->newer = raws != NIL || b->homes != NULL || needs_newer(b->schema);
	warn_raws(b);
	if (options->keys != NULL)
		begin_chosen(b);
	/*
	 * Where rows are chosen by key, what was saved is not all that the tenant has, so no
	 * key can be judged by it: NULL says so.
	 */
	b->leaks = leaks_create(b->schema, options->user_id,
							b->closure == NULL ? &options->filters->root : NULL);
	count_all_none(b);
	initStringInfo(&b->leaked);
	progress_total(expected_rows(b));
	b->callcxt = AllocSetContextCreate(b->cxt, "db_adapter backup call", ALLOCSET_DEFAULT_SIZES);
	b->tablecxt = AllocSetContextCreate(b->cxt, "db_adapter backup table", ALLOCSET_DEFAULT_SIZES);
	return b;
}

/*
 * The key of the row in slot, for people: id = 5.  By name, since a scan has columns of
 * its own choice.
 */
static void
append_key(Backup *b, TupleTableSlot *slot, const BackupTable *table)
{
	for (int i = 0; i < table->npk; i++)
		for (int j = 0; j < b->scan->ncolumns; j++)
			if (strcmp(NameStr(TupleDescAttr(b->scan->desc, j)->attname),
					   table->pk_columns[i]->name) == 0 &&
				!slot->tts_isnull[j])
			{
				appendStringInfo(&b->leaked, "%s%s = ", i > 0 ? ", " : "", table->pk[i]);
				rowwriter_value(b->scan->writer, &b->leaked, j, slot->tts_values[j]);
			}
}

static void
note_leak(Backup *b, TupleTableSlot *slot, const BackupTable *table, const BackupRef *ref)
{
	int64		leaks = ++b->lines->leaks[table->index];

	/* Some are named so that they can be found; all are counted. */
	if (leaks <= LEAKS_NAMED)
	{
		if (leaks > 1)
			appendStringInfoString(&b->leaked, "; ");
		append_key(b, slot, table);
		appendStringInfo(&b->leaked, " through \"%s\"", ref->fields[0]);
	}
	if (b->options.on_leak == LEAK_ERROR)
		ereport(ERROR,
				(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
				 errmsg("a row of table \"%s\" references a row of another tenant", table->name),
				 errdetail("It is the row with %s.", b->leaked.data)));
}

/*
 * False for a row that is to be left out.  A row that is kept is remembered as the
 * tenant's own, for rows of later tables that refer to it.
 */
static bool
sift_row(TupleTableSlot *slot, void *arg)
{
	Backup	   *b = arg;
	const BackupRef *ref = leaks_find(b->leaks, b->scan, slot);

	if (ref != NULL)
		note_leak(b, slot, &b->schema->tables[b->table], ref);
	if (ref != NULL && b->options.on_leak == LEAK_DROP)
		return false;
	leaks_row_saved(b->leaks, b->scan, slot);
	return true;
}

static void
warn_leaks(const Backup *b, const BackupTable *table)
{
	int64		leaks = b->lines->leaks[table->index];

	if (leaks > 0)
		ereport(WARNING,
				(errmsg_plural("%lld row of table \"%s\" references a row of another tenant",
							   "%lld rows of table \"%s\" reference rows of another tenant", leaks,
							   (long long) leaks, table->name),
				 b->leaked.len == 0
					 ? 0
					 : errdetail(leaks > LEAKS_NAMED ? "Among them the rows with %s." : "With %s.",
								 b->leaked.data),
				 errhint(b->options.on_leak == LEAK_DROP
							 ? "They are not in the backup."
							 : "They are in the backup; a restore cannot map these references.")));
}

/* False when the chunk is full. */
static bool
write_row(TupleTableSlot *slot, void *arg)
{
	Backup	   *b = arg;
	int			before = b->out->len;

	if (b->options.format == BACKUP_JSON && b->lines->rows[b->table] > 0)
		appendStringInfoCharMacro(b->out, ',');
	rowwriter_write(b->scan->writer, b->out, slot);
	if (b->homes != NULL)
		backuphomes_append(b->homes, b->out, slot);
	appendStringInfoCharMacro(b->out, '\n');
	b->lines->rows[b->table]++;
	b->table_bytes += b->out->len - before;
	return b->out->len < b->full;
}

/*
 * As many rows as should fill the chunk, judged by those before.  Too few cost a call of
 * the executor, too many are kept in memory until the next chunk.  The first rows of a
 * table are a guess.
 */
static uint64
rows_to_fetch(const Backup *b)
{
	int64		written = b->lines->rows[b->table];
	int64		room = b->full - b->out->len;

	if (written == 0)
		return FETCH_FIRST;
	return Min(FETCH_MAX, room * written / Max(b->table_bytes, 1) + 1);
}

/* A row that is nobody's is saved like others, so that no row that refers to it is asked. */
static bool
note_saved(TupleTableSlot *slot, void *arg)
{
	Backup	   *b = arg;

	slot_getallattrs(slot);
	leaks_row_saved(b->leaks, b->scan, slot);
	return true;
}

/* Rows that are there for others to refer to: their leaks are nobody's concern. */
static void
open_referenced(Backup *b, Selection *s, const BackupTable *table)
{
	selection_columns(s, table);
	if (b->closure != NULL)
		closure_from_referenced(b->closure, s, table);
	else
	{
		(void) leaks_begin_table(b->leaks, selection_create(b->schema, b->options.user_id), table);
		s->filters = &b->options.filters->root;
		select_none(s, table);
	}
	selection_order(s, table);
	b->scan = rowscan_open(s, ROW_EXACT, 0, b->options.row_security,
						   b->closure == NULL ? note_saved : NULL, write_row, b);
}

static void
trace_rows(const Backup *b, const BackupTable *table, JsonbContainer *filter)
{
	elog(DEBUG1, "backup: table \"%s\", %s%s", table->name,
		 b->closure != NULL			  ? "the rows that were asked for, and what they refer to"
		 : b->options.user_id == NULL ? "the rows of every tenant"
									  : "the rows of the tenant",
		 filter != NULL ? ", as filtered" : "");
}

static void
open_rows(Backup *b, Selection *s, const BackupTable *table)
{
	JsonbContainer *filter = json_get_object(&b->options.filters->root, table->name, "filters");
	int			leaks;

	progress_phase("writing rows", table->name);
	trace_rows(b, table, filter);
	/* All tables' filters: a row whose parent is filtered out goes with it. */
	s->filters = &b->options.filters->root;
	selection_columns(s, table);
	leaks = leaks_begin_table(b->leaks, s, table);
	if (b->closure != NULL)
		closure_from_chosen(b->closure, s, table);
	else
	{
		if (table->lookup != LOOKUP_NONE)
			s->owner = ROWS_OR_OF_NONE;
		selection_from(s, table);
		selection_where(s, table, filter);
		if (table->lookup != LOOKUP_NONE)
			selection_referred(s, table);
		/* The caller has asked before whether the scan is by place (backup_table_pages()). */
		if (b->piece != NULL)
			selection_pages(s, b->piece->from, b->piece->to);
	}
	selection_order(s, table);
	b->scan = rowscan_open(s, b->options.format == BACKUP_JSON ? ROW_PLAIN : ROW_EXACT, leaks,
						   b->options.row_security, b->options.user_id != NULL ? sift_row : NULL,
						   write_row, b);
}

static void
open_scan(Backup *b)
{
	const BackupTable *table = &b->schema->tables[b->table];
	MemoryContext oldcxt = MemoryContextSwitchTo(b->tablecxt);
	Selection  *s = selection_create(b->schema, b->options.user_id);

	if (b->referenced)
		open_referenced(b, s, table);
	else
		open_rows(b, s, table);
	MemoryContextSwitchTo(oldcxt);
}

static void
open_table(Backup *b)
{
	const BackupTable *table = &b->schema->tables[b->table];
	BackupSection section = {0};

	if (b->closure != NULL)
	{
		section.referenced = closure_referenced(b->closure, table);
		section.keep_ids =
			naturalrow_is_key(selection_create(b->schema, b->options.user_id), table);
	}
	else
		section.referenced = b->none[table->index];
	if (b->homes != NULL)
		backuphomes_open(b->homes, table);
	/* The table's line stands once, before its first piece. */
	if (b->piece == NULL || b->piece->from == 0)
		backuplines_table(b->lines, b->out, table, &section);
	b->referenced = section.referenced > 0 && (b->piece == NULL || b->piece->from == 0);
	b->table_bytes = 0;
	resetStringInfo(&b->leaked);
	open_scan(b);
}

/*
 * False when the table has no more rows.  The rows for others to refer to come first, in
 * a scan of their own: a row that refers to them in the same table then finds them
 * restored.
 */
static bool
close_scan(Backup *b)
{
	bool		more = b->referenced;

	if (!more && b->piece == NULL)
		warn_leaks(b, &b->schema->tables[b->table]);
	rowscan_close(b->scan);
	MemoryContextReset(b->tablecxt);
	b->scan = NULL;
	b->referenced = false;
	if (more)
		open_scan(b);
	return more;
}

/* One step at a time, so that a chunk can end between any two. */
static void
advance(Backup *b)
{
	switch (b->phase)
	{
		case PHASE_HEADER:
			backuplines_header(b->lines, b->out);
			b->phase = b->schema->ntables > 0 ? PHASE_TABLE : PHASE_TRAILER;
			break;
		case PHASE_TABLE:
			open_table(b);
			b->phase = PHASE_ROWS;
			break;
		case PHASE_ROWS:
			if (rowscan_advance(b->scan, rows_to_fetch(b)) || close_scan(b))
				break;
			if (b->piece != NULL)
				b->phase = PHASE_DONE;
			else
				b->phase = ++b->table < b->schema->ntables ? PHASE_TABLE : PHASE_TRAILER;
			break;
		case PHASE_TRAILER:
		case PHASE_DONE:
			break;
	}
}

bool
backup_next(Backup *b, StringInfo out)
{
	MemoryContext oldcxt;
	int			start = out->len;

	if (b->phase == PHASE_DONE)
		return false;
	MemoryContextReset(b->callcxt);
	oldcxt = MemoryContextSwitchTo(b->callcxt);
	b->out = out;
	b->full = start + CHUNK_SIZE;
	while (b->phase != PHASE_TRAILER && b->phase != PHASE_DONE && out->len < b->full)
	{
		CHECK_FOR_INTERRUPTS();
		advance(b);
	}
	/* Before the trailer is written, which is not part of the sums it names. */
	backuplines_count(b->lines, out->data + start, out->len - start);
	if (b->phase == PHASE_TRAILER)
	{
		backuplines_trailer(b->lines, out);
		b->phase = PHASE_DONE;
	}
	b->out = NULL;
	MemoryContextSwitchTo(oldcxt);
	/* A piece may end where nobody could know yet that it would. */
	if (out->len == start)
		return false;
	/* The line break after the chunk is its reader's. */
	out->data[--out->len] = '\0';
	return true;
}

/* Of rows written so far, those for others to refer to included. */
int64
backup_row_count(const Backup *backup)
{
	int64		rows = 0;

	for (int i = 0; i < backup->schema->ntables; i++)
		rows += backup->lines->rows[i];
	return rows;
}

void
backup_tell(const Backup *backup)
{
	progress_done(backup_row_count(backup), backup->lines->bytes);
}

void
backup_summary(const Backup *b, JsonWriter *w)
{
	backuplines_summary(b->lines, w);
}

/* ---- in pieces ---- */

/* Sums start anew: they are combined in the order of the file by who collects the pieces. */
void
backup_begin_piece(Backup *b, const BackupPiece *piece)
{
	b->piece = piece;
	b->table = piece->table;
	b->phase = PHASE_TABLE;
	b->lines->rows[b->table] = b->lines->leaks[b->table] = b->lines->bytes = 0;
	INIT_CRC32C(b->lines->crc);
}

void
backup_piece_totals(const Backup *b, BackupTotals *totals)
{
	totals->rows = b->lines->rows[b->table];
	totals->leaks = b->lines->leaks[b->table];
	totals->bytes = b->lines->bytes;
	/* A copy is finished: the sum itself goes on. */
	totals->crc = b->lines->crc;
	FIN_CRC32C(totals->crc);
}

int
backup_table_count(const Backup *b)
{
	return b->schema->ntables;
}

const char *
backup_table_name(const Backup *b, int table)
{
	return b->schema->tables[table].name;
}

/* 0: it cannot be cut, and is one piece. */
BlockNumber
backup_table_pages(Backup *b, int table)
{
	const RelationInfo *rel = b->schema->tables[table].rel;
	BlockNumber pages = 0;

	if (!rel->has_places)
		return 0;
	b->table = table;
	open_scan(b);
	/*
	 * A range of pages cuts a plain scan alone; of an index scan each piece would read
	 * the whole index.
	 */
	if (rowscan_is_sequential(b->scan))
		pages = relation_pages(rel->oid);
	rowscan_close(b->scan);
	MemoryContextReset(b->tablecxt);
	b->scan = NULL;
	return pages;
}

void
backup_header(Backup *b, StringInfo out)
{
	backuplines_header(b->lines, out);
	backuplines_count(b->lines, out->data, out->len);
}

void
backup_add_totals(Backup *b, int table, const BackupTotals *totals)
{
	pg_crc32c	crc = b->lines->crc;

	FIN_CRC32C(crc);
	crc = crc_combine(crc, totals->crc, totals->bytes);
	/* To go on with it is the same step as to finish it. */
	FIN_CRC32C(crc);
	b->lines->crc = crc;
	b->lines->bytes += totals->bytes;
	b->lines->rows[table] += totals->rows;
	b->lines->leaks[table] += totals->leaks;
}

void
backup_trailer(Backup *b, StringInfo out)
{
	for (int i = 0; i < b->schema->ntables; i++)
		warn_leaks(b, &b->schema->tables[i]);
	backuplines_trailer(b->lines, out);
}
