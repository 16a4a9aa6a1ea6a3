/*
 * restore_lookup.c
 *	  Rows that are not the backup's own: found here by what names them.
 *
 * A file has of them no more than their keys and what names them.  They are looked for as
 * other rows are, but with two differences.  Where rows have tenants, the tenant's own
 * come first and then those that are nobody's.  And two rows of a name are none: whichever
 * was taken, half of those who meant the other would be led astray.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "data/backupschema/backupschematenant.h"
#include "data/restore/restore_private.h"
#include "mb/pg_wchar.h"
#include "utils/jsonb.h"
#include "utils/memutils.h"

void
restore_lookup_begin(RestoreTable *t, const FileSection *section)
{
	t->lookup = t->table->lookup;
	/* What the file holds decides whether more can be done with it. */
	if (t->lookup == LOOKUP_NONE || section->lookup == LOOKUP_FIND)
		t->lookup = section->lookup == LOOKUP_NONE ? t->lookup : section->lookup;
	if (t->lookup != LOOKUP_NONE && t->table->nslug == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("rows of table \"%s\" are to be looked up, and have no match key",
						t->table->name),
				 errhint("Name in \"slug_field\" the columns that are the same everywhere.")));
}

/* The tenant of whom the file is; NULL where it is of all of them. */
static char *
tenant_of_file(const RestoreTable *t)
{
	const FileHeader *header = filereader_header(t->restore->reader);
	JsonbValue	v;

	if (header->metadata == NULL || !json_get(&header->metadata->root, "user_id", &v) ||
		v.type != jbvString)
		return NULL;
	return json_value_string(&v);
}

static bool
is_of_none(const RestoreTable *t, const RestoreRow *row)
{
	const char *text;
	int			len;

	const BackupRef *ref = t->table->tenant_parent;

	if (!backupschematenant_may_be_of_none(t->table) ||
		(t->restore->options.user_id == NULL && tenant_of_file(t) == NULL))
		return false;
	if (t->table->user_column != NULL)
		return t->match.count > 0 &&
			   !restore_table_field(t, row, t->table->user_column - t->rel->columns, &text, &len);
	for (int i = 0; i < ref->nfields; i++)
		if (!restore_table_field(t, row, ref->columns[i] - t->rel->columns, &text, &len))
			return true;
	return false;
}

/* A tenant's file has no such rows of its own, and one that has makes none. */
static bool
is_only_found(const RestoreTable *t, const RestoreRow *row)
{
	return row->referenced ||
		   (t->restore->options.user_id != NULL && t->table->user_column == NULL);
}

void
restore_lookup_mark(const RestoreTable *t, RestoreRow *row)
{
	if (t->lookup != LOOKUP_NONE)
	{
		row->referenced = row->looked_up = true;
		row->found_only = t->lookup == LOOKUP_FIND;
	}
	else if (is_only_found(t, row) && is_of_none(t, row))
		row->looked_up = row->found_only = true;
}

/* The reference by which rows of the table say whose they are; or NULL. */
static const BackupRef *
tenant_reference(const RestoreTable *t)
{
	for (int i = 0; i < t->table->nrefs; i++)
	{
		const BackupRef *ref = &t->table->refs[i];

		if (ref->kind == REF_COLUMNS && ref->nfields == 1 &&
			ref->columns[0] == t->table->user_column && !t->restore->copied[t->table->index][i])
			return ref;
	}
	return NULL;
}

/* What is nobody's is looked for among the rows of the file's tenant first. */
static void
find_tenant(RestoreTable *t)
{
	const BackupRef *ref;
	ValueReader *reader;
	char	   *text = tenant_of_file(t);
	RestoreTable *target;
	IdKey		key;

	if (t->table->user_column == NULL || t->restore->options.user_id != NULL || text == NULL)
		return;
	ref = tenant_reference(t);
	reader = t->columns.readers[t->table->user_column - t->rel->columns];
	if (ref == NULL)
		t->columns.file_tenant = valuereader_text(reader, text, strlen(text));
	else
	{
		IdKey		source = idkey_make(text, strlen(text));

		target = t->restore->tables[ref->targets[0].index];
		if (ref->key > 0 || target == NULL || target->map == NULL ||
			!idmap_get(target->map, &source, &key))
			return;
		t->columns.file_tenant = valuereader_key(reader, &key);
	}
	t->columns.file_has_tenant = true;
}

/* AND x is nobody's, by the reference that would say whose it is. */
static void
append_of_none(StringInfo sql, const RestoreTable *t)
{
	const BackupRef *ref = t->table->tenant_parent;
	const char *separator = " AND (";

	for (int i = 0; i < ref->nfields; i++)
	{
		if (ref->columns[i]->not_null)
			continue;
		appendStringInfo(sql, "%sx.%s IS NULL", separator, ref->columns[i]->quoted);
		separator = " OR ";
	}
	appendStringInfoChar(sql, ')');
}

/* The tenant's own first; a second row of the same kind says that the name is not one's. */
static QueryPlan *
prepare(RestoreTable *t)
{
	const RelationColumn *user = t->table->user_column;
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	StringInfoData sql;
	QueryPlan  *plan;

	initStringInfo(&sql);
	restore_transport_begin_probe(&sql, t);
	restore_statement_keys(&sql, t);
	if (user != NULL)
		appendStringInfo(&sql, ", x.%s IS NULL AS of_none", user->quoted);
	restore_transport_probe_from(&sql, t);
	restore_statement_where(&sql, t, false);
	find_tenant(t);
	if (t->lookup == LOOKUP_NONE && user == NULL)
		append_of_none(&sql, t);
	if (user != NULL)
		appendStringInfo(&sql, " AND (x.%s %s b.c%d OR x.%s IS NULL) ORDER BY x.%s IS NULL",
						 user->quoted, relation_equality(user->basetype),
						 (int) (user - t->rel->columns) + 1, user->quoted, user->quoted);
	restore_transport_end_probe(&sql, t, 2, t->sql.may_lock);
	plan = query_prepare_over(t->cxt, sql.data, t->sql.relations);
	MemoryContextSwitchTo(oldcxt);
	return plan;
}

static bool
take_found(TupleTableSlot *slot, void *arg)
{
	RestoreTable *t = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(t->batch.cxt);
	bool		isnull;
	RestoreRow *row = &t->batch.rows[DatumGetInt32(slot_getattr(slot, 1, &isnull))];
	bool		of_none = false;

	if (t->table->user_column != NULL)
		of_none = DatumGetBool(slot_getattr(slot, slot->tts_tupleDescriptor->natts, &isnull));
	if (row->match.found)
		row->match.ambiguous |= row->match.of_none == of_none;
	else
	{
		row->state = ROW_EXISTS;
		row->match.found = true;
		row->match.of_none = of_none;
		for (int i = 0; i < t->key.count; i++)
		{
			int			at = t->key.columns[i];
			Datum		value = slot_getattr(slot, i + 3, &row->nulls[at]);

			if (!row->nulls[at])
				row->values[at] = valuereader_copy(t->columns.readers[at], value);
		}
		(void) restore_key_take_others(t, row, slot, t->key.count + 3);
	}
	MemoryContextSwitchTo(oldcxt);
	return true;
}

void
restore_lookup_find(RestoreTable *t, int from, int to)
{
	int			user = t->table->user_column ? t->table->user_column - t->rel->columns : -1;
	int			count = 0;

	for (int i = from; t->sql.lookup == NULL && i < to; i++)
		if (t->batch.rows[i].looked_up)
			t->sql.lookup = prepare(t);
	query_rows_clear(t->sql.rows);
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (!row->looked_up || row->match.searched || row->state != ROW_READ)
			continue;
		row->match.ambiguous = false;
		if (t->columns.file_has_tenant && row->nulls[user])
		{
			row->values[user] = t->columns.file_tenant;
			row->nulls[user] = false;
		}
		query_rows_put(t->sql.rows, row->values, row->nulls);
		count++;
	}
	if (count == 0)
		return;
	restore_statement_run(t, t->sql.lookup, take_found, t);
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		row->match.held = row->match.found && t->sql.may_lock;
		if (!row->match.ambiguous)
			continue;
		row->state = ROW_READ;
		row->match.found = row->match.held = false;
		row->found_only = true; /* one more of that name would help nobody */
	}
}

/* --- what was not found */

/* code "pro", region "eu": as the file has it. */
static char *
name_of(const RestoreTable *t, const RestoreRow *row)
{
	StringInfoData name;

	initStringInfo(&name);
	for (int i = 0; i < t->table->nslug; i++)
	{
		const RelationColumn *column = t->table->slug_columns[i];
		const char *text;
		int			len;

		appendStringInfo(&name, "%s%s ", i > 0 ? ", " : "", column->name);
		if (restore_table_field(t, row, column - t->rel->columns, &text, &len))
			json_escape(&name, pg_any_to_server(pnstrdup(text, len), len, PG_UTF8), len);
		else
			appendStringInfoString(&name, "NULL");
	}
	return name.data;
}

static void
note_missing(RestoreTable *t, const RestoreRow *row)
{
	MemoryContext oldcxt;
	RestoreMissing *missing;

	t->counts.not_found++;
	if (list_length(t->notes.missing) == MAX_FAILURES)
		return;
	oldcxt = MemoryContextSwitchTo(t->cxt);
	missing = palloc0(sizeof(RestoreMissing));
	missing->text = psprintf(row->match.ambiguous ? "several rows of table \"%s\" have %s here"
												  : "no row of table \"%s\" has %s here",
							 t->table->name, name_of(t, row));
	if (row->key.has_source)
		missing->source = idkey_copy(&row->key.source);
	t->notes.missing = lappend(t->notes.missing, missing);
	restore_report_missing(t, row, missing->text);
	MemoryContextSwitchTo(oldcxt);
}

void
restore_lookup_pass_over(RestoreTable *t, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		/* What names it may be missing itself. */
		if (row->looked_up && !row->match.reported &&
			(row->state == ROW_ORPHANED || (row->state == ROW_READ && row->found_only)))
		{
			note_missing(t, row);
			row->match.reported = true;
		}
		if (!row->found_only || row->state != ROW_READ)
			continue;
		row->state = ROW_SKIPPED;
		row->written.suppressed = true;
	}
}

const char *
restore_lookup_missing(const RestoreTable *t, const IdKey *source)
{
	ListCell   *lc;

	foreach(lc, t->notes.missing)
	{
		const RestoreMissing *missing = lfirst(lc);

		if (idkey_equal(&missing->source, source))
			return missing->text;
	}
	return NULL;
}
