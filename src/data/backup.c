/*
 * backup.c
 *	  Rows to chunks of lines: the verb backup.
 *
 * One cursor a table, all on the caller's snapshot.  Rows are written as the
 * executor delivers them, but for two cases in which they are set aside as
 * they lie, with large values still in their toast table: when the chunk is
 * full, and when a column's text depends on settings.  In the second case the
 * rows set aside are written under pinned settings between two fetches, never
 * while the executor, and with it the code of users, is running.
 *
 * Memory holds a chunk, the rows set aside and one row in the making.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "data/backup.h"
#include "data/backuplines.h"
#include "data/backupschema.h"
#include "data/rowcodec.h"
#include "data/selection.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#define CHUNK_SIZE (64 * 1024)
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

/* The table being read; all of it lives in the context of the table. */
typedef struct TableScan
{
	QueryCursor *cursor;
	RowWriter  *writer;			/* made when the first row shows its descriptor */
	int			ncolumns;
	List	   *leaking_refs;	/* BackupRef *, each with a boolean after the columns */
	bool		exhausted;
	int64		bytes;			/* written so far, to guess how many rows fill a chunk */
	List	   *aside;			/* MinimalTuple, in asidecxt */
	int			next_aside;
	MemoryContext asidecxt;
	MemoryContext rowcxt;
	TupleTableSlot *slot;		/* for the rows set aside */
	TupleDesc	desc;
} TableScan;

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
	TableScan  *scan;
	StringInfo	out;			/* while backup_next() runs */
	int			full;			/* the length of out at which the chunk is */
	StringInfoData leaked;		/* keys named so far for the table */
};

void
backup_options_set(BackupOptions *options, const char *format, const char *on_leak,
				   const char *checksum)
{
	static const char *const formats[] = {"jsonl", "json", NULL};
	static const char *const leaks[] = {"report", "error", "drop", NULL};
	static const char *const checksums[] = {"crc32c", "sha256", NULL};

	options->format = json_choose(format, formats, "format");
	options->on_leak = json_choose(on_leak, leaks, "on_leak");
	options->checksum = json_choose(checksum, checksums, "checksum");
}

/* Row security would hide rows without a word: that is no backup. */
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

Backup *
backup_begin(const BackupOptions *options)
{
	Backup	   *b = palloc0(sizeof(Backup));

	b->options = *options;
	b->cxt = CurrentMemoryContext;
	check_object(options->filters, "filters");
	check_object(options->metadata, "metadata");
	b->schema = backupschema_parse(&options->backup_schema->root, true);
	backupschema_bind(b->schema);
	json_visit(&options->filters->root, check_filter, b->schema);
	if (!options->row_security)
		refuse_hidden_rows(b->schema);
	b->lines = backuplines_create(&b->options, b->schema);
	initStringInfo(&b->leaked);
	b->callcxt = AllocSetContextCreate(b->cxt, "db_adapter backup call", ALLOCSET_DEFAULT_SIZES);
	b->tablecxt = AllocSetContextCreate(b->cxt, "db_adapter backup table", ALLOCSET_DEFAULT_SIZES);
	return b;
}

/* ---- rows ---- */

/* The key of the row in slot, for people: id = 5. */
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
	bool		first = b->lines->leaks[table->index]++ == 0;

	if (b->options.on_leak == LEAK_ERROR || b->lines->leaks[table->index] <= LEAKS_NAMED)
	{
		if (!first)
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

/* Looks at the booleans behind the columns; false when the row is to be left out. */
static bool
check_leaks(Backup *b, TupleTableSlot *slot)
{
	TableScan  *scan = b->scan;
	int			column = scan->ncolumns;
	ListCell   *lc;

	slot_getsomeattrs(slot, column + list_length(scan->leaking_refs));
	foreach(lc, scan->leaking_refs)
	{
		if (!slot->tts_isnull[column] && DatumGetBool(slot->tts_values[column]))
		{
			note_leak(b, slot, &b->schema->tables[b->table], lfirst(lc));
			return b->options.on_leak != LEAK_DROP;
		}
		column++;
	}
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
				 errdetail(leaks > LEAKS_NAMED ? "Among them the rows with %s." : "With %s.",
						   b->leaked.data),
				 errhint(b->options.on_leak == LEAK_DROP
							 ? "They are not in the backup."
							 : "They are in the backup; a restore cannot map these references.")));
}

static void
write_row(Backup *b, TupleTableSlot *slot)
{
	TableScan  *scan = b->scan;
	int			before = b->out->len;

	if (scan->leaking_refs != NIL && !check_leaks(b, slot))
		return;
	if (b->options.format == BACKUP_JSON && b->lines->rows[b->table] > 0)
		appendStringInfoCharMacro(b->out, ',');
	rowwriter_write(scan->writer, b->out, slot);
	appendStringInfoCharMacro(b->out, '\n');
	b->lines->rows[b->table]++;
	scan->bytes += b->out->len - before;
}

static void
set_aside(TableScan *scan, TupleTableSlot *slot)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(scan->asidecxt);

	scan->aside = lappend(scan->aside, ExecCopySlotMinimalTuple(slot));
	MemoryContextSwitchTo(oldcxt);
}

/* The first row shows what the statement returns: the writer is made for that. */
static void
prepare_writer(Backup *b, TupleDesc desc)
{
	TableScan  *scan = b->scan;
	MemoryContext oldcxt = MemoryContextSwitchTo(b->tablecxt);

	scan->desc = CreateTupleDescCopy(desc);
	scan->ncolumns = desc->natts - list_length(scan->leaking_refs);
	scan->writer = rowwriter_create(scan->desc, scan->ncolumns,
									b->options.format == BACKUP_JSON ? ROW_PLAIN : ROW_EXACT);
	scan->slot = MakeSingleTupleTableSlot(scan->desc, &TTSOpsMinimalTuple);
	MemoryContextSwitchTo(oldcxt);
}

static bool
receive_row(TupleTableSlot *slot, void *arg)
{
	Backup	   *b = arg;

	if (b->scan->writer == NULL)
		prepare_writer(b, slot->tts_tupleDescriptor);
	if (b->out->len >= b->full || rowwriter_needs_pins(b->scan->writer))
		set_aside(b->scan, slot);
	else
		write_row(b, slot);
	return true;
}

/* Writes rows set aside until the chunk is full. */
static void
drain_aside(Backup *b)
{
	TableScan  *scan = b->scan;
	bool		pins = rowwriter_needs_pins(scan->writer);
	int			nestlevel = pins ? query_pin(PIN_VALUES) : 0;
	MemoryContext oldcxt = MemoryContextSwitchTo(scan->rowcxt);

	while (scan->next_aside < list_length(scan->aside) && b->out->len < b->full)
	{
		CHECK_FOR_INTERRUPTS();
		ExecStoreMinimalTuple(list_nth(scan->aside, scan->next_aside++), scan->slot, false);
		write_row(b, scan->slot);
		MemoryContextReset(scan->rowcxt);
	}
	ExecClearTuple(scan->slot);
	MemoryContextSwitchTo(oldcxt);
	if (pins)
		query_unpin(nestlevel);
	if (scan->next_aside == list_length(scan->aside))
	{
		MemoryContextReset(scan->asidecxt);
		scan->aside = NIL;
		scan->next_aside = 0;
	}
}

/* As many rows as should fill the chunk, judged by those before. */
static uint64
rows_to_fetch(const Backup *b)
{
	int64		written = b->lines->rows[b->table];
	int64		room = b->full - b->out->len;

	if (written == 0)
		return 16;
	return Min(FETCH_MAX, room * written / Max(b->scan->bytes, 1) + 1);
}

static void
open_table(Backup *b)
{
	const BackupTable *table = &b->schema->tables[b->table];
	MemoryContext oldcxt = MemoryContextSwitchTo(b->tablecxt);
	Selection  *s = selection_create(b->schema, b->options.user_id);
	TableScan  *scan = palloc0(sizeof(TableScan));
	int			nestlevel = 0;

	selection_columns(s, table);
	selection_leaks(s, table);
	selection_from(s, table);
	selection_where(s, table, json_get_object(&b->options.filters->root, table->name, "filters"));
	selection_order(s, table);
	scan->leaking_refs = selection_leaking_refs(s, table);
	scan->asidecxt =
		AllocSetContextCreate(b->tablecxt, "db_adapter backup aside", ALLOCSET_DEFAULT_SIZES);
	scan->rowcxt =
		AllocSetContextCreate(b->tablecxt, "db_adapter backup row", ALLOCSET_DEFAULT_SIZES);
	if (!b->options.row_security)
		nestlevel = query_pin(PIN_ALL_ROWS);
	scan->cursor = query_cursor_open(s->sql.data, s->nargs, s->types, s->values, s->nulls, true);
	if (!b->options.row_security)
		query_unpin(nestlevel);
	b->scan = scan;
	resetStringInfo(&b->leaked);
	MemoryContextSwitchTo(oldcxt);
}

static void
close_table(Backup *b)
{
	warn_leaks(b, &b->schema->tables[b->table]);
	query_cursor_close(b->scan->cursor);
	MemoryContextReset(b->tablecxt);
	b->scan = NULL;
}

/* Goes on with the rows of the table; false when there are no more. */
static bool
advance_rows(Backup *b)
{
	TableScan  *scan = b->scan;

	if (scan->aside == NIL && !scan->exhausted)
	{
		uint64		wanted = rows_to_fetch(b);

		scan->exhausted = query_cursor_fetch(scan->cursor, wanted, receive_row, b) < wanted;
	}
	if (scan->aside != NIL)
		drain_aside(b);
	return scan->aside != NIL || !scan->exhausted;
}

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
			backuplines_table(b->lines, b->out, &b->schema->tables[b->table]);
			open_table(b);
			b->phase = PHASE_ROWS;
			break;
		case PHASE_ROWS:
			if (advance_rows(b))
				break;
			close_table(b);
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
	while (b->phase != PHASE_TRAILER && out->len < b->full)
	{
		CHECK_FOR_INTERRUPTS();
		advance(b);
	}
	backuplines_count(b->lines, out->data + start, out->len - start);
	if (b->phase == PHASE_TRAILER)
	{
		backuplines_trailer(b->lines, out);
		b->phase = PHASE_DONE;
	}
	b->out = NULL;
	/* The line break after the chunk is its reader's. */
	out->data[--out->len] = '\0';
	MemoryContextSwitchTo(oldcxt);
	return true;
}

int64
backup_row_count(const Backup *backup)
{
	int64		rows = 0;

	for (int i = 0; i < backup->schema->ntables; i++)
		rows += backup->lines->rows[i];
	return rows;
}

void
backup_summary(const Backup *b, JsonWriter *w)
{
	backuplines_summary(b->lines, w);
}
