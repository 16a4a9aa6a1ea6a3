/*
 * restore_refs.c
 *	  References of restored rows: source keys to the keys rows have here.
 *
 * A reference is always mapped from what the file says, never from a value that
 * has been mapped before: one number may be a key in both databases.  A reference
 * with a NULL in it refers to nothing (MATCH SIMPLE) and is copied as it stands.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "catalog/pg_type.h"
#include "data/backupschema/backupschematenant.h"
#include "data/restore/restore_private.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

/* A row keeps one bit a reference. */
#define MAX_REFS 64

/* What became of a reference; of several in one json value the last of these counts. */
typedef enum RefResult
{
	REF_IS_NULL,
	REF_MAPPED,
	REF_FRESH,					/* the row it refers to would be made */
	REF_MISSING,				/* the row it refers to is not here, nor will be */
	REF_LATER					/* it may still come */
} RefResult;

/* The tenant that is given needs no row to be found by. */
static bool
is_tenant_alone(const RestoreTable *t, const BackupRef *ref)
{
	return t->restore->options.user_id != NULL && ref->kind == REF_COLUMNS && ref->nfields == 1 &&
		   t->table->user_column != NULL && ref->columns[0] == t->table->user_column;
}

/*
 * A reference of several columns can be set to NULL when one of them can, which is enough
 * for MATCH SIMPLE to refer to nothing; the tenant's column stays the tenant's.
 */
void
restore_refs_create(RestoreTable *t)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	int			count = t->table->nrefs;

	if (count > MAX_REFS)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("table \"%s\" has more than %d references in the backup schema",
							   t->table->name, MAX_REFS)));
	t->refs = palloc0(sizeof(RestoreRef) * Max(count, 1));
	for (int i = 0; i < count; i++)
	{
		RestoreRef *r = &t->refs[i];

		r->ref = &t->table->refs[i];
		r->columns = palloc(sizeof(int) * Max(r->ref->nfields, 1));
		r->nullable = false;
		for (int j = 0; j < r->ref->nfields; j++)
		{
			r->columns[j] = r->ref->columns[j] - t->rel->columns;
			r->nullable |=
				!r->ref->columns[j]->not_null && r->ref->columns[j] != t->table->user_column;
		}
		r->type_column = r->ref->type_column ? r->ref->type_column - t->rel->columns : -1;
		if (r->ref->kind == REF_JSON)
			r->place = jsonplace_parse(r->ref->json_path);
		r->copied = t->restore->copied[t->table->index][i] || is_tenant_alone(t, r->ref);
		t->circular |= r->ref->circular;
	}
	MemoryContextSwitchTo(oldcxt);
}

/* The table meant: the only one, or that whose word stands in the type column. */
static int
choose_target(const RestoreTable *t, const RestoreRow *row, const RestoreRef *r)
{
	const char *text;
	int			len;

	if (r->type_column < 0)
		return r->ref->targets[0].index;
	if (!restore_table_field(t, row, r->type_column, &text, &len))
		return -1;
	for (int i = 0; i < r->ref->ntargets; i++)
		if (strlen(r->ref->targets[i].value) == len &&
			memcmp(r->ref->targets[i].value, text, len) == 0)
			return r->ref->targets[i].index;
	return -1;
}

/* A reference to no table that is known is no reference where it is NULL. */
static bool
has_null(const RestoreTable *t, const RestoreRow *row, const RestoreRef *r)
{
	const char *text;
	int			len;

	for (int i = 0; i < r->ref->nfields; i++)
		if (!restore_table_field(t, row, r->columns[i], &text, &len))
			return true;
	return false;
}

/* Rows of the same batch, up to the row itself: one statement inserts them all. */
static bool
find_in_batch(const RestoreTable *t, const RestoreRow *row, const IdKey *source, IdKey *target)
{
	for (const RestoreRow *other = t->batch.rows; other <= row; other++)
		if ((other->state == ROW_NEW || other->state == ROW_EXISTS ||
			 other->state == ROW_INSERTED || other->state == ROW_SKIPPED) &&
			!other->written.suppressed && other->key.has_source &&
			idkey_equal(&other->key.source, source))
		{
			*target = other->key.target;
			return true;
		}
	return false;
}

/*
 * Looks in order of what is certain: rows that are here, rows of the same batch, rows that
 * wait.  A reference that is not circular has its table complete, so what is not there will
 * not come.
 */
static RefResult
find_target(const RestoreTable *t, const RestoreRow *row, const RestoreRef *r, int index,
			const IdKey *source, IdKey *target)
{
	RestoreTable *other = index < 0 ? NULL : t->restore->tables[index];

	IdMap	   *map = other == NULL		? NULL
				 : r->ref->key == 0 ? other->map
									: other->others[r->ref->key - 1];

	if (map != NULL && idmap_get(map, source, target))
		return REF_MAPPED;
	if (other != NULL && restore_compare_is_fresh(other, source))
		return REF_FRESH;
	if (!r->ref->circular || index < 0)
		return REF_MISSING;
	if (other == t && row >= t->batch.rows && row < t->batch.rows + BATCH_ROWS &&
		find_in_batch(t, row, source, target))
		return REF_MAPPED;
	if (restore_waiting_target(t->restore, index, source, target))
		return REF_MAPPED;
	return t->restore->closing ? REF_MISSING : REF_LATER;
}

static void
set_null(RestoreTable *t, RestoreRow *row, const RestoreRef *r)
{
	/* The row stays its tenant's. */
	for (int i = 0; i < r->ref->nfields; i++)
		if (!r->ref->columns[i]->not_null && r->ref->columns[i] != t->table->user_column)
			row->nulls[r->columns[i]] = true;
}

/* To a row that has no key here. */
static void
set_unknown(RestoreTable *t, RestoreRow *row, const RestoreRef *r)
{
	for (int i = 0; i < r->ref->nfields; i++)
		if (r->ref->columns[i] != t->table->user_column)
			row->nulls[r->columns[i]] = true;
	row->refs.fresh |= UINT64CONST(1) << (r - t->refs);
}

/*
 * The key's text is read as the type of the column that refers, which may differ from the
 * key's.
 */
static void
set_target(RestoreTable *t, RestoreRow *row, const RestoreRef *r, const IdKey *target)
{
	const char *at = target->text;

	for (int i = 0; i < r->ref->nfields; i++)
	{
		int			column = r->columns[i];
		IdKey		part = *target;

		if (r->ref->nfields > 1)
		{
			int			len;
			const char *text = idkey_next_part(&at, &len);

			part = idkey_make(text, len);
		}
		row->values[column] = valuereader_key(t->columns.readers[column], &part);
		row->nulls[column] = false;
	}
}

/* What the row was read with. */
static void
set_own(RestoreRow *row, const RestoreRef *r)
{
	for (int i = 0; i < r->ref->nfields; i++)
		row->nulls[r->columns[i]] = false;
}

/* What the places in a json column refer to, and the worst that happened. */
typedef struct JsonMapping
{
	RestoreTable *t;
	RestoreRow *row;
	RestoreRef *r;
	RefResult	worst;
	int			missing;
} JsonMapping;

/*
 * As jsonplace_map() asks: whether the value was changed.  Of values that are no key
 * (objects, booleans) nothing is known, so they stay.
 */
static bool
map_json_key(JsonbValue *value, void *arg)
{
	JsonMapping *m = arg;
	char	   *text;
	IdKey		source;
	IdKey		target;
	char		buffer[IDKEY_BUFFER];
	RefResult	result;

	if (value->type == jbvString)
		text = json_value_string(value);
	else if (value->type == jbvNumeric)
		text = numeric_normalize(value->val.numeric);
	else
		return false;
	restore_source_text(m->t, text, m->r->ref->targets[0].index, &source);
	result = find_target(m->t, m->row, m->r, m->r->ref->targets[0].index, &source, &target);
	m->worst = Max(m->worst, result);
	if (result != REF_MAPPED)
	{
		m->missing++;
		value->type = jbvNull;
		return true;
	}
	if (target.kind == ID_INTEGER && value->type == jbvNumeric)
		value->val.numeric = int64_to_numeric(target.number);
	else
	{
		int			len;
		const char *mapped = idkey_text(&target, buffer, &len);

		value->type = jbvString;
		value->val.string.val = pnstrdup(mapped, len);
		value->val.string.len = len;
	}
	return true;
}

/*
 * All keys in the value are mapped at once, or none: a value that waits for one row would
 * otherwise be mapped in part, and then once more.
 */
static RefResult
map_json(RestoreTable *t, RestoreRow *row, RestoreRef *r)
{
	uint64		bit = UINT64CONST(1) << (r - t->refs);
	int			column = r->columns[0];
	bool		is_text = valuereader_type(t->columns.readers[column]) == JSONOID;
	JsonMapping m = {t, row, r, REF_IS_NULL, 0};
	int			field = t->columns.fields[column];
	Datum		value;
	Jsonb	   *document;
	Jsonb	   *mapped;

	if (field < 0 || row->fields[field].kind <= FIELD_NULL || (row->refs.json_done & bit) != 0)
		return REF_IS_NULL;
	/* Several references may stand in one value, so what another has mapped stays. */
	value = row->values[column];
	document = is_text ? DatumGetJsonbP(DirectFunctionCall1(
							 jsonb_in, CStringGetDatum(text_to_cstring(DatumGetTextPP(value)))))
					   : DatumGetJsonbP(value);
	mapped = jsonplace_map(r->place, document, map_json_key, &m);
	if (m.worst == REF_LATER)
		return REF_LATER;
	row->refs.json_done |= bit;
	if (mapped != NULL)
		row->values[column] =
			is_text ? CStringGetTextDatum(JsonbToCString(NULL, &mapped->root, VARSIZE(mapped)))
					: JsonbPGetDatum(mapped);
	if (m.worst == REF_MISSING && !r->ref->required)
		row->refs.nulled += m.missing;
	return m.worst;
}

/* Whether rows of that table are only looked up, so that it is nobody's fault here. */
static bool
is_lookup(const RestoreTable *t, int table)
{
	return table >= 0 && t->restore->tables[table] != NULL &&
		   t->restore->tables[table]->lookup != LOOKUP_NONE;
}

/* A reference that cannot be NULL costs the row. */
static void
note_missing(RestoreTable *t, RestoreRow *row, const RestoreRef *r, int table, const IdKey *source)
{
	if (!r->ref->required && r->nullable)
		return;
	row->refs.lookup_missing = true;
	if (r->ref->key == 0)
		row->refs.missing = restore_lookup_missing(t->restore->tables[table], source);
}

/*
 * Where the target is missing the reference becomes NULL if it may, and the caller decides
 * what that makes of the row.
 */
static RefResult
map_columns(RestoreTable *t, RestoreRow *row, RestoreRef *r)
{
	IdKey		source = {0};
	IdKey		target;
	RefResult	result;
	int			table = choose_target(t, row, r);

	if (table < 0 ? has_null(t, row, r)
				  : !restore_source_key(t, row, r->columns, table, r->ref->key, &source))
		return REF_IS_NULL;
	result = find_target(t, row, r, table, &source, &target);
	if (result == REF_MISSING && is_lookup(t, table))
		note_missing(t, row, r, table, &source);
	if (result == REF_FRESH)
		set_unknown(t, row, r);
	else if (result != REF_MAPPED)
		set_null(t, row, r);
	/* An equal key keeps the text that it has in this row. */
	else if (!restore_source_is_plain(t->restore, table, r->ref->key) &&
			 restore_source_is(t, table, r->ref->key, &source, &target))
		set_own(row, r);
	else
		set_target(t, row, r, &target);
	if (result == REF_MISSING && !r->ref->required)
		row->refs.nulled++;
	return result;
}

/* Whether the row would be nobody's without the reference. */
static bool
is_way_to_tenant(const RestoreTable *t, const RestoreRef *r)
{
	return backupschematenant_is_optional_way(t->table, r->ref) &&
		   (t->restore->schema->tenant != NULL || t->restore->options.user_id != NULL);
}

/* Whether the reference is the tenant's column, which the caller has filled in. */
static bool
is_given(const RestoreTable *t, const RestoreRef *r)
{
	return r->ref->nfields == 1 && restore_table_is_tenant(t, r->columns[0]);
}

/*
 * Whether a row without this one's target is left out: its own value would lead to a row
 * of the same key by chance, where it cannot be NULL.
 */
static bool
costs_row(const RestoreTable *t, RestoreRow *row, const RestoreRef *r)
{
	if (r->ref->required || row->refs.lookup_missing || is_way_to_tenant(t, r))
		return true;
	if (r->ref->kind == REF_JSON || r->nullable || is_given(t, r))
		return false;
	row->refs.missing = psprintf("the row that \"%s\" refers to is not here, and it cannot be NULL",
								 r->ref->fields[r->ref->nfields - 1]);
	return true;
}

/*
 * What a result means for the row: without a parent it is left out; with a reference that
 * can be set later it goes in without; one that cannot (not nullable, inside json) keeps
 * the whole row waiting.
 */
static void
map_ref(RestoreTable *t, RestoreRow *row, int index)
{
	RestoreRef *r = &t->refs[index];
	RefResult	result;

	if (r->copied)
		return;
	result = r->ref->kind == REF_JSON ? map_json(t, row, r) : map_columns(t, row, r);
	if (result == REF_MISSING && costs_row(t, row, r))
		row->state = ROW_ORPHANED;
	else if (result == REF_LATER && (r->ref->required || !r->nullable || r->ref->kind == REF_JSON))
		row->state = ROW_WAITING;
	else if (result == REF_LATER)
		row->refs.later |= UINT64CONST(1) << index;
}

/*
 * With no known target the value is a reference all the same, unless it is NULL: the caller
 * sets it to NULL and counts it.
 */
bool
restore_refs_source(const RestoreTable *t, const RestoreRow *row, int ref, IdKey *source,
					int *table)
{
	*table = choose_target(t, row, &t->refs[ref]);
	if (*table >= 0)
		return restore_source_key(t, row, t->refs[ref].columns, *table, t->refs[ref].ref->key,
								  source);
	*source = idkey_integer(0);
	return !has_null(t, row, &t->refs[ref]);
}

void
restore_refs_set(RestoreTable *t, RestoreRow *row, int ref, const IdKey *target)
{
	set_target(t, row, &t->refs[ref], target);
}

/* May be called again for circular references: each time from what the file says. */
void
restore_refs_map(RestoreTable *t, RestoreRow *row, bool circular)
{
	bool		overwrites = row->state == ROW_EXISTS;

	if (circular)
	{
		row->refs.nulled = row->refs.nulled_before;
		row->refs.later = 0;
	}
	for (int i = 0; i < t->table->nrefs; i++)
	{
		if (t->refs[i].ref->circular != circular || row->state == ROW_ORPHANED)
			continue;
		/* The references of a row that exists are set when all rows are here. */
		if (overwrites)
			row->refs.later |= UINT64CONST(1) << i;
		else
			map_ref(t, row, i);
	}
	if (!circular)
		row->refs.nulled_before = row->refs.nulled;
}
