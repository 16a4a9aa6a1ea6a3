/*
 * restore_report.c
 *	  What came of a restore: counts, failing rows and notes, one row a table.
 *
 * Counts are exact whatever happens; failing rows are described up to a limit, since a
 * file may hold nothing else.  A key is told as the file has it, never as a value that a
 * conversion has touched; where the server's encoding cannot hold it, it is left out, and
 * the row is still counted and numbered.  With on_error => abort nothing is collected:
 * the first failure is raised, with the row named.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "data/restore/restore_private.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#define RESULT_COLUMNS 10

/* on_error => abort: the error itself goes on, with the row named beside what it said. */
static void
raise_failure(const RestoreTable *t, const RestoreRow *row, const ErrorData *error)
{
	ereport(ERROR, (errcode(error->sqlerrcode), errmsg("%s", error->message),
					errdetail("Row " INT64_FORMAT " of table \"%s\", line " INT64_FORMAT
							  " of the backup.%s%s",
							  row->index, t->table->name, row->line, error->detail ? " " : "",
							  error->detail ? error->detail : ""),
					error->hint ? errhint("%s", error->hint) : 0,
					error->constraint_name
						? err_generic_string(PG_DIAG_CONSTRAINT_NAME, error->constraint_name)
						: 0));
}

static char *
copy_text(const char *text)
{
	return text == NULL ? NULL : pstrdup(text);
}

typedef struct KeyTexts
{
	const RestoreTable *t;
	const IdKey *key;
	bool		utf8;			/* else in the server's encoding */
	char	  **parts;
} KeyTexts;

/* A key of several columns is one text with its parts in it; of one column it is the part. */
static void
take_apart(void *arg)
{
	KeyTexts   *k = arg;
	char	  **parts = palloc(sizeof(char *) * k->t->key.count);
	char		buffer[IDKEY_BUFFER];
	int			len;
	const char *text = idkey_text(k->key, buffer, &len);
	const char *at = text;

	for (int i = 0; i < k->t->key.count; i++)
	{
		if (k->t->key.count > 1)
			text = idkey_next_part(&at, &len);
		parts[i] = pnstrdup(text, len);
		if (k->utf8)
			parts[i] = pg_any_to_server(parts[i], len, PG_UTF8);
	}
	k->parts = parts;
}

/* A key in parts, as text; or NULL where the server's encoding lacks its characters. */
static char **
key_texts(const RestoreTable *t, const IdKey *key, bool utf8)
{
	KeyTexts	k = {t, key, utf8};

	if (!utf8 || GetDatabaseEncoding() == PG_UTF8)
		take_apart(&k);
	else
		/*
		 * Conversion may fail for a character that the server's encoding has not; the
		 * report must not fail with it.
		 */
		(void) query_attempt(take_apart, &k, true);
	return k.parts;
}

typedef struct FieldTexts
{
	const RestoreTable *t;
	const RestoreRow *row;
	char	  **parts;
} FieldTexts;

/* A key whose part the file does not have is not known. */
static void
convert_fields(void *arg)
{
	FieldTexts *f = arg;
	char	  **parts = palloc(sizeof(char *) * f->t->key.count);

	for (int i = 0; i < f->t->key.count; i++)
	{
		const char *text;
		int			len;

		if (!restore_table_field(f->t, f->row, f->t->key.columns[i], &text, &len))
			return;
		parts[i] = pnstrdup(text, len);
		parts[i] = pg_any_to_server(parts[i], len, PG_UTF8);
	}
	f->parts = parts;
}

/* The key as the file has it; NULL where it is not known any more. */
static char **
source_texts(RestoreTable *t, const RestoreRow *row)
{
	FieldTexts	f = {t, row};
	IdKey		bare;

	/*
	 * The row's text is gone, as where a reference was set later: its key in the map is
	 * told where that is the file's own text.
	 */
	if (row->fields == NULL || t->key.count == 0)
	{
		if (!row->key.has_source || !restore_source_is_plain(t->restore, t->table->index, 0))
			return NULL;
		bare = restore_source_bare(t->restore, t->table->index, &row->key.source);
		return key_texts(t, &bare, true);
	}
	if (GetDatabaseEncoding() == PG_UTF8)
		convert_fields(&f);
	else
		(void) query_attempt(convert_fields, &f, true);
	return f.parts;
}

/* A row whose key another row has, where nothing can draw it another one. */
static char *
hint_for_key(const RestoreTable *t, const ErrorData *error)
{
	const RelationKey *key = t->rel->primary_key;

	if (error->sqlerrcode != ERRCODE_UNIQUE_VIOLATION || key == NULL ||
		error->constraint_name == NULL || strcmp(error->constraint_name, key->name) != 0 ||
		restore_table_keeps_ids(t))
		return NULL;
	for (int i = 0; i < t->key.count; i++)
		if (t->key.sources[i] == KEY_KEPT &&
			backupschema_is_id(t->table, &t->rel->columns[t->key.columns[i]]))
			return psprintf("Nothing draws other keys for table \"%s\": with an identity or a "
							"default for column \"%s\" such rows get keys of their own.",
							t->table->name, t->rel->columns[t->key.columns[i]].name);
	return NULL;
}

void
restore_report_failure(RestoreTable *t, RestoreRow *row, ErrorData *error)
{
	MemoryContext oldcxt;

	row->state = ROW_FAILED;
	if (t->restore->options.abort_on_error)
		raise_failure(t, row, error);
	if (list_length(t->notes.failures) < MAX_FAILURES)
	{
		RestoreFailure *failure;
		IdKey		existing;

		oldcxt = MemoryContextSwitchTo(t->cxt);
		failure = palloc0(sizeof(RestoreFailure));
		failure->row_index = row->index;
		failure->sqlerrcode = error->sqlerrcode;
		failure->message = copy_text(error->message);
		failure->constraint = copy_text(error->constraint_name);
		failure->hint = hint_for_key(t, error);
		failure->keys = source_texts(t, row);
		/*
		 * What stands in the way is looked for only up to the limit: it costs a query for
		 * each.
		 */
		if (error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION &&
			restore_key_conflict(t, row, error->constraint_name, &existing))
			failure->existing_keys = key_texts(t, &existing, false);
		t->notes.failures = lappend(t->notes.failures, failure);
		MemoryContextSwitchTo(oldcxt);
	}
}

void
restore_report_missing(RestoreTable *t, const RestoreRow *row, const char *message)
{
	MemoryContext oldcxt;
	RestoreFailure *failure;

	if (list_length(t->notes.failures) >= MAX_FAILURES)
		return;
	oldcxt = MemoryContextSwitchTo(t->cxt);
	failure = palloc0(sizeof(RestoreFailure));
	failure->row_index = row->index;
	failure->sqlerrcode = ERRCODE_FOREIGN_KEY_VIOLATION;
	failure->message = pstrdup(message != NULL ? message : "a row that it refers to is not here");
	failure->keys = source_texts(t, row);
	t->notes.failures = lappend(t->notes.failures, failure);
	MemoryContextSwitchTo(oldcxt);
}

void
restore_report_repeated(RestoreTable *t, const RestoreRow *row)
{
	MemoryContext oldcxt;
	RestoreFailure *repeated;

	t->counts.repeated++;
	if (list_length(t->notes.repeated) == MAX_FAILURES)
		return;
	oldcxt = MemoryContextSwitchTo(t->cxt);
	repeated = palloc0(sizeof(RestoreFailure));
	repeated->row_index = row->index;
	repeated->keys = source_texts(t, row);
	t->notes.repeated = lappend(t->notes.repeated, repeated);
	MemoryContextSwitchTo(oldcxt);
}

/* A canonical integer as a number, everything else as a string. */
static void
put_key_part(JsonWriter *w, const char *text)
{
	IdKey		key = idkey_make(text, strlen(text));

	if (key.kind == ID_INTEGER)
		json_int(w, key.number);
	else
		json_string(w, text);
}

static void
put_key(JsonWriter *w, const RestoreTable *t, const char *name, char **keys)
{
	json_key(w, name);
	if (keys == NULL)
		json_null(w);
	else if (t->key.count == 1)
		put_key_part(w, keys[0]);
	else
	{
		json_begin_array(w);
		for (int i = 0; i < t->key.count; i++)
			put_key_part(w, keys[i]);
		json_end_array(w);
	}
}

static void
put_failure(JsonWriter *w, const RestoreTable *t, const RestoreFailure *failure)
{
	json_begin_object(w);
	json_put_int(w, "row_index", failure->row_index);
	put_key(w, t, "old_pk", failure->keys);
	if (failure->existing_keys != NULL)
		put_key(w, t, "existing_pk", failure->existing_keys);
	json_put_string(w, "sqlstate", pstrdup(unpack_sql_state(failure->sqlerrcode)));
	json_put_string(w, "error", failure->message);
	json_put_string(w, "constraint", failure->constraint);
	if (failure->hint != NULL)
		json_put_string(w, "hint", failure->hint);
	json_end_object(w);
}

/* In the order of the file: rows that waited have failed after later ones. */
static int
compare_failures(const ListCell *a, const ListCell *b)
{
	const RestoreFailure *x = lfirst(a);
	const RestoreFailure *y = lfirst(b);

	return x->row_index < y->row_index ? -1 : x->row_index > y->row_index;
}

static Jsonb *
failures_json(RestoreTable *t)
{
	JsonWriter	w;
	ListCell   *lc;

	json_init(&w);
	json_begin_array(&w);
	if (t != NULL)
	{
		list_sort(t->notes.failures, compare_failures);
		foreach(lc, t->notes.failures)
			put_failure(&w, t, lfirst(lc));
	}
	json_end_array(&w);
	return json_finish(&w);
}

static void
put_count(JsonWriter *w, const char *key, int64 count)
{
	if (count > 0)
		json_put_int(w, key, count);
}

static void
put_names(JsonWriter *w, const char *key, List *names)
{
	if (names != NIL)
		json_put_strings(w, key, names);
}

/* Which rows of the file are one here with a row before them. */
static void
put_repeated(JsonWriter *w, RestoreTable *t)
{
	ListCell   *lc;

	if (t->counts.repeated == 0)
		return;
	json_put_int(w, "repeated_match_key", t->counts.repeated);
	json_key(w, "repeated_rows");
	json_begin_array(w);
	list_sort(t->notes.repeated, compare_failures);
	foreach(lc, t->notes.repeated)
	{
		const RestoreFailure *repeated = lfirst(lc);

		json_begin_object(w);
		json_put_int(w, "row_index", repeated->row_index);
		put_key(w, t, "old_pk", repeated->keys);
		json_end_object(w);
	}
	json_end_array(w);
}

/* How many values of which columns were rounded, or cut to fit. */
static void
put_narrowed(JsonWriter *w, const RestoreTable *t)
{
	bool		some = false;

	for (int i = 0; i < t->rel->ncolumns; i++)
	{
		if (t->columns.narrowed[i] == 0)
			continue;
		if (!some)
		{
			json_key(w, "narrowed_values");
			json_begin_object(w);
		}
		some = true;
		json_put_int(w, t->rel->columns[i].name, t->columns.narrowed[i]);
	}
	if (some)
		json_end_object(w);
}

/*
 * Whether the backup schema has a word for the column: a reference, or the tenant.  Of
 * those a restore knows what to do with the value; nobody need be told.
 */
static bool
is_declared(const BackupTable *table, const RelationColumn *column)
{
	if (column == table->user_column)
		return true;
	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; j < table->refs[i].nfields; j++)
			if (table->refs[i].columns[j] == column)
				return true;
	return false;
}

/* All or nothing: what would be passed over otherwise is an error. */
void
restore_report_demand(const RestoreTable *t, const RestoreRow *row)
{
	if (t->restore->options.mode != RESTORE_REPLACE || row->referenced)
		return;
	if (row->state == ROW_ORPHANED)
		ereport(ERROR, (errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
						errmsg("row " INT64_FORMAT " of table \"%s\" has nothing to refer to here",
							   row->index, t->table->name),
						row->refs.missing != NULL ? errdetail_internal("%s", row->refs.missing) : 0,
						errhint("Use mode => 'overwrite' to leave such rows out.")));
	if (row->written.suppressed || row->written.untouched)
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("row " INT64_FORMAT " of table \"%s\" is kept from being written",
							   row->index, t->table->name),
						errdetail("A trigger, a policy or a view would not have it.")));
	if (row->match.repeated)
		ereport(ERROR, (errcode(ERRCODE_UNIQUE_VIOLATION),
						errmsg("row " INT64_FORMAT " of table \"%s\" is one with another row of "
							   "the file here",
							   row->index, t->table->name)));
}

static bool
has_table(const BackupSchema *schema, Oid relid)
{
	for (int i = 0; i < schema->ntables; i++)
		if (schema->tables[i].rel->oid == relid)
			return true;
	return false;
}

static List *
add_names(List *names, RelationColumn **columns, int count)
{
	for (int i = 0; i < count; i++)
		names = list_append_unique_ptr(names, columns[i]->name);
	return names;
}

/* Columns by which rows refer to tables that are not in the backup: as another database
 * has it there. */
static List *
copied_references(const Restore *restore, const RestoreTable *t)
{
	List	   *names = NIL;
	ListCell   *lc;

	for (int i = 0; i < t->table->nrefs; i++)
		if (restore->copied[t->table->index][i])
			names = add_names(names, t->table->refs[i].columns, t->table->refs[i].nfields);
	for (int i = 0; i < t->table->nraws; i++)
		names = add_names(names, t->table->raws[i].columns, t->table->raws[i].nfields);

	foreach(lc, relation_references(t->rel))
	{
		const RelationForeignKey *fk = lfirst(lc);

		for (int i = 0; !has_table(restore->schema, fk->target) && i < fk->ncolumns; i++)
		{
			const RelationColumn *column = relation_column_by_number(t->rel, fk->columns[i]);

			if (!is_declared(t->table, column))
				names = list_append_unique_ptr(names, column->name);
		}
	}
	return names;
}

static Jsonb *
notes_json(const Restore *restore, RestoreTable *t)
{
	JsonWriter	w;

	json_init(&w);
	json_begin_object(&w);
	if (t != NULL)
	{
		if (restore_named_told(t) != NULL)
			json_put_string(&w, "tenant", restore_named_told(t));
		if (t->compare != NULL)
		{
			json_key(&w, "compared");
			json_container(&w, &restore_compare_details(t)->root);
		}
		put_count(&w, "parent_missing", t->counts.orphaned);
		put_count(&w, "lookup_missing", t->counts.lookup_missing);
		put_count(&w, "not_found", t->counts.not_found);
		put_count(&w, "null_match_key", t->counts.unmatched);
		put_count(&w, "suppressed_by_trigger", t->counts.suppressed);
		put_count(&w, "not_updated", t->counts.untouched);
		put_count(&w, "made_by_trigger", t->counts.made);
		put_count(&w, "not_held", t->counts.unheld);
		put_count(&w, "alike", t->counts.alike);
		put_narrowed(&w, t);
		if (t->notes.no_origin)
			json_put_bool(&w, "no_origin", true);
		if (t->notes.not_remembered)
			json_put_bool(&w, "not_remembered", true);
		put_repeated(&w, t);
		put_names(&w, "defaulted_columns", t->notes.defaulted);
		put_names(&w, "dropped_columns", t->notes.dropped);
		put_names(&w, "copied_references",
				  t->counts.inserted + t->counts.updated > 0 ? copied_references(restore, t) : NIL);
		if (t->counts.inserted + t->counts.updated > 0)
		{
			put_names(&w, "triggers", t->notes.triggers);
			put_names(&w, "rules", t->notes.rules);
		}
		/* To run it again would put the rows in twice. */
		if (t->counts.inserted > 0 && t->match.count == 0 && !restore_home_searches(t))
		{
			json_put_bool(&w, "no_match_key", true);
			if (t->notes.had_rows)
				json_put_bool(&w, "had_rows", true);
		}
	}
	json_end_object(&w);
	return json_finish(&w);
}

/*
 * A table that the file does not have stands in it with zeros: its absence is told by
 * that, not by a missing row.
 */
void
restore_report(Restore *restore, ReturnSetInfo *result)
{
	for (int i = 0; i < restore->schema->ntables; i++)
	{
		RestoreTable *t = restore->tables[i];
		Datum		values[RESULT_COLUMNS];
		bool		nulls[RESULT_COLUMNS] = {false};
		int64		none = 0;
		int			n = 0;

		values[n++] = CStringGetTextDatum(restore->schema->tables[i].name);
		values[n++] = Int64GetDatum(t ? t->counts.inserted : none);
		values[n++] = Int64GetDatum(t ? t->counts.updated : none);
		values[n++] = Int64GetDatum(t ? t->counts.skipped : none);
		values[n++] = Int64GetDatum(t ? t->counts.failed : none);
		values[n++] = Int64GetDatum(t ? t->counts.nulled : none);
		values[n++] = JsonbPGetDatum(failures_json(t));
		values[n++] = JsonbPGetDatum(notes_json(restore, t));
		values[n++] = Int64GetDatum(t ? t->counts.unchanged : none);
		values[n++] = Int64GetDatum(t == NULL			 ? none
									: t->compare != NULL ? restore_compare_only_here(t)
														 : t->counts.deleted);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}
