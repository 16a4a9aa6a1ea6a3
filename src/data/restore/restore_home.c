/*
 * restore_home.c
 *	  Rows that nothing names, known by where they were born.
 *
 * A row's home is a database's origin and the key it had there.  One that was born here is
 * looked for by that key itself, any other by the key that the ledger has for its home.
 * What is found that way counts only while it is there and of the row's tenant; else the
 * row goes in as a new one, under its own key where it was born here and that is free.
 *
 * The file's word for a home is anybody's.  It leads to rows of the row's own tenant
 * alone; where another tenant's row has the key, and the caller has said whose rows these
 * are, that row stays known as what it is, and the new one becomes a copy: a tenant's
 * file cannot take another's rows from their homes.  Who is under row security is not
 * served at all.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/origin.h"
#include "base/sequence.h"
#include "common/hashfn.h"
#include "data/restore/restore_home_private.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* --- what the file says */

static const char *
check_origin(const char *origin)
{
	IdKey		key = idkey_make(origin, strlen(origin));

	if (key.kind != ID_UUID)
		fileparts_refuse(1, "\"%s\" is no origin of a database", origin);
	return origin;
}

/* A text of the metadata; NULL: it has none of that name. */
static char *
metadata_text(const FileHeader *header, const char *name)
{
	JsonbValue	v;

	if (header->metadata == NULL || !JB_ROOT_IS_OBJECT(header->metadata) ||
		getKeyJsonValueFromContainer(&header->metadata->root, name, strlen(name), &v) == NULL ||
		v.type != jbvString)
		return NULL;
	return pnstrdup(v.val.string.val, v.val.string.len);
}

/*
 * Rows that were chosen by what a digest tells them by are new here if that says so, or
 * are found by it: what their homes are is only remembered.
 */
static bool
is_chosen(const FileHeader *header)
{
	const char *type = metadata_text(header, "backup_type");

	return type != NULL && strcmp(type, "partial") == 0;
}

static RestoreHomes *
get_homes(Restore *restore)
{
	const FileHeader *header = filereader_header(restore->reader);
	MemoryContext oldcxt;
	RestoreHomes *homes;
	ListCell   *lc;

	if (restore->homes != NULL)
		return restore->homes;
	oldcxt = MemoryContextSwitchTo(restore->cxt);
	homes = palloc0(sizeof(RestoreHomes));
	homes->origins = palloc(sizeof(char *) * (list_length(header->origins) + 1));
	homes->origins[homes->count++] = pstrdup(check_origin(header->origin));
	foreach(lc, header->origins)
		homes->origins[homes->count++] = pstrdup(check_origin(lfirst(lc)));
	homes->here = origin_ensure();
	homes->tenant = metadata_text(header, "user_id");
	restore->homes = homes;
	MemoryContextSwitchTo(oldcxt);
	return homes;
}

/* A column that rows and the table are asked for by is one of the key. */
static HomeKey *
home_key(const RestoreTable *t)
{
	if (t->table->per_tenant || !ledger_is_here())
		return NULL;
	return homekey_create(t->table->pk_columns, t->table->npk);
}

void
restore_home_begin(RestoreTable *t)
{
	const FileHeader *header = filereader_header(t->restore->reader);
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	HomeKey	   *key = NULL;
	RestoreHomes *homes;
	Oid			sequence;

	if (t->table->remember)
	{
		t->notes.not_remembered = relation_hides_rows(t->rel->oid) || (key = home_key(t)) == NULL;
		t->notes.no_origin = header->origin == NULL || t->section->home == NULL;
	}
	/* Where all rows are accounted for, those without a match key are told by what they hold. */
	if (key != NULL && !t->notes.no_origin && !restore_accounts(t->restore))
	{
		homes = get_homes(t->restore);
		t->home = palloc0(sizeof(RestoreHome));
		t->home->key = key;
		t->home->field = t->columns.shape.count - 1;
		t->home->searching = !restore_table_keeps_ids(t) && !is_chosen(header);
		t->home->sequence = homekey_sequence(key, &sequence);
		t->home->position = OidIsValid(sequence) ? sequence_last(sequence) : PG_INT64_MAX;
		t->home->highest = ledger_highest(t->rel->oid);
		t->home->sets = palloc0(sizeof(LedgerSet *) * homes->count);
	}
	MemoryContextSwitchTo(oldcxt);
}

/* Of the key's fields where the row was born where the file was made. */
uint32
restore_home_hash(const RestoreTable *t, const RestoreRow *row)
{
	const RowField *home = &row->fields[t->home->field];
	uint32		hash = 0;

	if (home->kind > FIELD_NULL)
		return hash_bytes((const unsigned char *) home->data, home->len);
	for (int i = 0; i < t->key.count; i++)
	{
		const char *text;
		int			len;

		if (restore_table_field(t, row, t->key.columns[i], &text, &len))
			hash = hash_combine(hash, hash_bytes((const unsigned char *) text, len));
	}
	return hash;
}

bool
restore_home_searches(const RestoreTable *t)
{
	return t->home != NULL && t->home->searching;
}

void
restore_home_copy(RowHome *home)
{
	if (home->source != NULL)
		home->source = pstrdup(home->source);
	/* What it was looked for by has been answered. */
	home->here = NULL;
}

/* --- sets */

/*
 * Where the sequence was set back, rows that came since may have keys that the ledger has
 * for others.
 */
static void
check_sequence(RestoreTable *t, const LedgerSet *set)
{
	if (!t->home->searching || t->home->position >= Max(set->high, set->kept))
		return;
	/* That is no row's fault. */
	t->batch.culprit = NULL;
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("keys of table \"%s\" remembered from %s may be others' now", t->table->name,
					set->origin),
			 errdetail("The sequence of the key was set back behind keys that are remembered."),
			 errhint("SELECT db_adapter.forget('%s', '%s') forgets them; rows of that origin go in "
					 "as new ones then.",
					 set->origin, t->table->name)));
}

static LedgerSet *
read_set(RestoreTable *t, const char *origin, const char *tenant)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	LedgerSet  *set = ledger_set_find(t->rel->oid, origin, tenant, true);

	check_sequence(t, set);
	MemoryContextSwitchTo(oldcxt);
	return set;
}

/* To whom the row is copied. */
static const char *
copied_to(const RestoreTable *t, const RestoreRow *row)
{
	const char *text;
	int			len;

	if (t->restore->options.user_id != NULL)
		return t->restore->options.user_id;
	if (t->table->user_column != NULL &&
		restore_table_field(t, row, t->table->user_column - t->rel->columns, &text, &len))
		return pg_any_to_server(pnstrdup(text, len), len, PG_UTF8);
	return t->restore->homes->tenant != NULL ? t->restore->homes->tenant : "";
}

static LedgerSet *
copies_set(RestoreTable *t, const char *origin, const char *tenant)
{
	ListCell   *lc;
	LedgerSet  *set;
	MemoryContext oldcxt;

	foreach(lc, t->home->copies)
	{
		set = lfirst(lc);
		if (strcmp(set->origin, origin) == 0 && strcmp(set->tenant, tenant) == 0)
			return set;
	}
	set = read_set(t, origin, tenant);
	oldcxt = MemoryContextSwitchTo(t->cxt);
	t->home->copies = lappend(t->home->copies, set);
	MemoryContextSwitchTo(oldcxt);
	return set;
}

LedgerSet *
restore_home_set(RestoreTable *t, const RestoreRow *row, bool copy)
{
	const char *origin = t->restore->homes->origins[row->home.origin];

	if (copy)
		return copies_set(t, origin, copied_to(t, row));
	if (t->home->sets[row->home.origin] == NULL)
		t->home->sets[row->home.origin] = read_set(t, origin, NULL);
	return t->home->sets[row->home.origin];
}

/* --- homes of rows */

/* Without the columns' types: a name that is spelt otherwise is another tenant's. */
static bool
same_tenant(const RestoreTable *t, const char *text, int len)
{
	const char *user_id = t->restore->options.user_id;
	bool		uuid = t->table->user_column != NULL && t->table->user_column->basetype == UUIDOID;

	if (len != (int) strlen(user_id))
		return false;
	return uuid ? pg_strncasecmp(text, user_id, len) == 0 : memcmp(text, user_id, len) == 0;
}

/* Whether the row is another tenant's in the file than the one it is given to. */
static bool
is_copy(const RestoreTable *t, const RestoreRow *row)
{
	const char *of = t->restore->homes->tenant;
	const char *text;
	int			len;

	if (t->restore->options.user_id == NULL || t->table->tenant_depth < 0)
		return false;
	if (of != NULL)
		return !same_tenant(t, of, strlen(of));
	return t->table->user_column == NULL ||
		   !restore_table_field(t, row, t->table->user_column - t->rel->columns, &text, &len) ||
		   !same_tenant(t, text, len);
}

/* "1/55": the origin by its place, and the key there. */
static void
parse_home(const RestoreTable *t, RestoreRow *row, const RowField *field)
{
	char	   *end;
	long		origin = strtol(field->data, &end, 10);

	if (field->kind != FIELD_STRING || end == field->data || *end != '/' || origin < 0 ||
		origin >= t->restore->homes->count)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("the row says no origin of the backup and key as its home")));
	row->home.origin = origin;
	end++;
	row->home.source = pg_any_to_server(pstrdup(end), field->len - (end - field->data), PG_UTF8);
}

/* A row that says nothing was born where the file was made, under the key it has there. */
static void
read_home(RestoreTable *t, RestoreRow *row)
{
	const RowField *field = &row->fields[t->home->field];
	char		buffer[IDKEY_BUFFER];
	const char *text;
	int			len;

	if (row->home.source != NULL || !row->key.has_source)
		return;
	if (field->kind > FIELD_NULL)
		parse_home(t, row, field);
	else
	{
		text = idkey_text(&row->key.source, buffer, &len);
		row->home.source = pg_any_to_server(pnstrdup(text, len), len, PG_UTF8);
	}
	row->home.copy = is_copy(t, row);
}

/* Where this database was copied, rows up to some number have kept their keys. */
static bool
has_kept(RestoreTable *t, const RestoreRow *row)
{
	const LedgerSet *set = restore_home_set(t, row, false);
	char	  **parts = palloc(sizeof(char *) * t->key.count);
	IdKey		number;

	if (set->kept == PG_INT64_MIN || t->home->sequence < 0 ||
		!homekey_split(t->home->key, row->home.source, parts))
		return false;
	number = idkey_make(parts[t->home->sequence], strlen(parts[t->home->sequence]));
	return number.kind == ID_INTEGER && number.number <= set->kept;
}

static bool
is_own(RestoreTable *t, const RestoreRow *row)
{
	const RestoreHomes *homes = t->restore->homes;

	if (homes->here != NULL && strcmp(homes->origins[row->home.origin], homes->here) == 0)
		return true;
	return t->home->searching && has_kept(t, row);
}

static void
read_homes(RestoreTable *t, int from, int to)
{
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->state != ROW_READ)
			continue;
		t->batch.culprit = row;
		read_home(t, row);
		row->home.taken = row->home.entered = false;
		row->home.own = row->home.source != NULL && is_own(t, row);
	}
	t->batch.culprit = NULL;
}

/* --- looking for them */

typedef struct Search
{
	RestoreTable *t;
	QueryRow	take;
	int			count;
	RestoreRow **rows;			/* those of one set, by what they are called there */
} Search;

static int
compare_sources(const void *a, const void *b)
{
	return strcmp((*(RestoreRow *const *) a)->home.source, (*(RestoreRow *const *) b)->home.source);
}

static char *
copy_column(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return isnull ? pstrdup("") : TextDatumGetCString(value);
}

/* An entry: what rows are called at home, and here.  More than one may say the same home. */
static bool
take_entry(TupleTableSlot *slot, void *arg)
{
	Search	   *search = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(search->t->batch.cxt);
	RestoreRow	probe = {.home.source = copy_column(slot, 1)};
	RestoreRow *wanted = &probe;
	RestoreRow **found =
		bsearch(&wanted, search->rows, search->count, sizeof(RestoreRow *), compare_sources);
	char	   *here = copy_column(slot, 2);

	while (found != NULL && found > search->rows && compare_sources(found - 1, &wanted) == 0)
		found--;
	for (; found != NULL && found < search->rows + search->count &&
		   compare_sources(found, &wanted) == 0;
		 found++)
	{
		(*found)->home.here = here;
		(*found)->home.entered = true;
	}
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* One query a set, of the rows from that one on. */
static void
find_entries(Search *search, int from, int to, LedgerSet *set)
{
	RestoreTable *t = search->t;
	char	   *sources[BATCH_ROWS];

	search->count = 0;
	for (int i = from; i < to; i++)
		if (t->batch.rows[i].home.set == set)
		{
			search->rows[search->count++] = &t->batch.rows[i];
			t->batch.rows[i].home.set = NULL;
		}
	qsort(search->rows, search->count, sizeof(RestoreRow *), compare_sources);
	for (int i = 0; i < search->count; i++)
		sources[i] = search->rows[i]->home.source;
	ledger_find(set, sources, search->count, take_entry, search);
}

/* Whether the row is looked for among the copies, or else among rows of its origin. */
static bool
is_wanted(const RestoreRow *row, bool copies)
{
	return row->state == ROW_READ && row->home.source != NULL &&
		   (copies ? row->home.copy || row->home.taken : !row->home.copy);
}

/* The keys by which rows may be here. */
static void
choose_keys(Search *search, int from, int to, bool copies)
{
	RestoreTable *t = search->t;

	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];
		LedgerSet  *set;

		row->home.here = NULL;
		row->home.set = NULL;
		if (!is_wanted(row, copies))
			continue;
		set = restore_home_set(t, row, copies);
		row->home.set = set->known && !set->fresh ? set : NULL;
		row->home.here = row->home.own && !copies ? row->home.source : NULL;
	}
	for (int i = from; i < to; i++)
		if (t->batch.rows[i].home.set != NULL)
			find_entries(search, i, to, t->batch.rows[i].home.set);
}

/* What is there, but of another tenant, is not the row, and keeps its key. */
static bool
take_probed(TupleTableSlot *slot, void *arg)
{
	Search	   *search = arg;
	RestoreTable *t = search->t;
	bool		isnull;
	RestoreRow *row = &t->batch.rows[DatumGetInt32(slot_getattr(slot, 1, &isnull))];

	if (DatumGetBool(slot_getattr(slot, 2, &isnull)))
		return search->take(slot, t);
	row->home.taken = true;
	return true;
}

/* The ledger is nobody's to write: a key that is none was not written by us. */
static void
refuse_key(const RestoreTable *t, const RestoreRow *row)
{
	ereport(
		ERROR,
		(errcode(row->home.entered ? ERRCODE_DATA_CORRUPTED : ERRCODE_INVALID_TEXT_REPRESENTATION),
		 row->home.entered
			 ? errmsg("the ledger's entry for a row of table \"%s\" is damaged", t->table->name)
			 : errmsg("the home of a row of table \"%s\" is no key of it", t->table->name),
		 errdetail("The key is \"%s\".", row->home.here)));
}

/* What the type says of a text that is none of its values is said of the entry. */
static Datum
read_part(const RestoreTable *t, const RestoreRow *row, int part, const char *text)
{
	volatile Datum value = 0;

	PG_TRY();
	{
		value = homekey_value(t->home->key, part, text);
	}
	PG_CATCH();
	{
		if (query_error_is_foreign(geterrcode()))
			PG_RE_THROW();
		FlushErrorState();
		refuse_key(t, row);
	}
	PG_END_TRY();
	return value;
}

/* The drawn and kept parts of a key as values; what is mapped is as the row's own. */
static void
put_key(RestoreTable *t, const RestoreRow *row, const char *text, Datum *values, bool *nulls)
{
	char	  **parts = palloc(sizeof(char *) * t->key.count);

	if (!homekey_split(t->home->key, text, parts))
		refuse_key(t, row);
	for (int i = 0; i < t->key.count; i++)
		if (t->key.sources[i] != KEY_MAPPED)
		{
			values[t->key.columns[i]] = read_part(t, row, i, parts[i]);
			nulls[t->key.columns[i]] = false;
		}
}

static void
put_probed(RestoreTable *t, RestoreRow *row)
{
	int			count = t->rel->ncolumns + 1;
	Datum	   *values = palloc(sizeof(Datum) * count);
	bool	   *nulls = palloc(sizeof(bool) * count);

	memcpy(values, row->values, sizeof(Datum) * count);
	memcpy(nulls, row->nulls, sizeof(bool) * count);
	/* What the file says wrong is that row's fault, what the ledger does is everybody's. */
	t->batch.culprit = row->home.entered ? NULL : row;
	put_key(t, row, row->home.here, values, nulls);
	t->batch.culprit = NULL;
	query_rows_put(t->sql.rows, values, nulls);
}

static void
find_rows(Search *search, int from, int to, bool copies)
{
	RestoreTable *t = search->t;
	int			count = 0;

	choose_keys(search, from, to, copies);
	query_rows_clear(t->sql.rows);
	for (int i = from; i < to; i++)
		if (t->batch.rows[i].home.here != NULL && t->batch.rows[i].state == ROW_READ)
		{
			put_probed(t, &t->batch.rows[i]);
			count++;
		}
	if (count == 0)
		return;
	if (t->sql.current->home_probe == NULL)
		t->sql.current->home_probe = restore_homeprobe_prepare(t);
	query_execute_over(t->sql.current->home_probe, t->sql.relations, take_probed, search);
	elog(DEBUG2, "restore: table \"%s\", %d rows of the batch are known by their homes",
		 t->table->name, count);
}

void
restore_home_find(RestoreTable *t, int from, int to, QueryRow take)
{
	RestoreRow *rows[BATCH_ROWS];
	Search		search = {t, take, 0, rows};
	bool		again = false;

	read_homes(t, from, to);
	if (!t->home->searching)
		return;
	find_rows(&search, from, to, false);
	for (int i = from; i < to; i++)
		again |= is_wanted(&t->batch.rows[i], true);
	if (again)
		find_rows(&search, from, to, true);
}

/*
 * The sequence is brought behind it in the end, lest it draw the key again.
 */
bool
restore_home_key(RestoreTable *t, RestoreRow *row)
{
	MemoryContext oldcxt;

	if (t->home == NULL || !t->home->searching || !row->home.own || row->home.copy ||
		row->home.taken || t->restore->options.ids == IDS_NEW)
		return false;
	row->home.here = row->home.source;
	row->home.entered = false;
	put_key(t, row, row->home.source, row->values, row->nulls);
	oldcxt = MemoryContextSwitchTo(t->cxt);
	if (t->home->sequence >= 0)
		t->columns.serials = bms_add_member(t->columns.serials, t->key.columns[t->home->sequence]);
	MemoryContextSwitchTo(oldcxt);
	return true;
}
