/*
 * restore_compare.c
 *	  What a restore would do, counted: a restore without its writing.
 *
 * Rows are read, given their references and looked for as ever.  One that is not here would
 * be made and has no key; what refers to it is known to differ.  The keys of rows that were
 * found are kept, and all others of the tenant are the ones that only this database has: one
 * query a table, when the file has been read.
 *
 * It assumes that nothing fails but what can be told by looking: constraints, triggers and
 * policies have their say when rows are written.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "data/restore/restore_private.h"
#include "data/select/keylist.h"
#include "data/select/tenant.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

#define COMPARE_COLUMNS 6

typedef enum CompareKind
{
	COMPARE_NEW,
	COMPARE_CHANGED,
	COMPARE_ONLY_HERE,
	COMPARE_KINDS
} CompareKind;

/* One row, for people. */
typedef struct CompareDetail
{
	CompareKind kind;
	int64		index;			/* in the file */
	char	   *key;			/* as JSON; or NULL */
	char	   *match;			/* the same: an object of the row's own match columns */
	Bitmapset  *columns;		/* those that differ */
} CompareDetail;

struct RestoreCompare
{
	KeyList	   *stays;
	KeyList	   *goes;
	IdMap	   *fresh;			/* keys of rows that would be made */
	int64		only_here;
	List	   *details;		/* CompareDetail * */
	int			ndetails[COMPARE_KINDS];
};

/* --- keys */

/* Rows without a key are told by where they lie, in a table where that says which. */
static KeyList *
create_keys(const RestoreTable *t)
{
	KeyList	   *keys = keylist_create(Max(t->key.count, 1));

	if (t->key.count == 0)
		keys->columns[0] = (KeyColumn){"t.ctid", TIDOID, InvalidOid};
	for (int i = 0; i < t->key.count; i++)
	{
		const RelationColumn *column = &t->rel->columns[t->key.columns[i]];

		keys->columns[i] =
			(KeyColumn){psprintf("t.%s", column->quoted),
						valuereader_type(t->columns.readers[t->key.columns[i]]), column->collation};
	}
	return keys;
}

void
restore_compare_begin(RestoreTable *t)
{
	MemoryContext oldcxt;

	if (!t->restore->comparing)
		return;
	oldcxt = MemoryContextSwitchTo(t->cxt);
	t->compare = palloc0(sizeof(RestoreCompare));
	t->compare->stays = create_keys(t);
	t->compare->goes = create_keys(t);
	MemoryContextSwitchTo(oldcxt);
}

bool
restore_compare_is_fresh(const RestoreTable *t, const IdKey *source)
{
	IdKey		target;

	return t->compare != NULL && t->compare->fresh != NULL &&
		   idmap_get(t->compare->fresh, source, &target);
}

bool
restore_compare_must_be_new(const RestoreTable *t, const RestoreRow *row)
{
	for (int i = 0; row->refs.fresh != 0 && i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			for (int k = 0; k < t->match.count; k++)
				if ((row->refs.fresh & (UINT64CONST(1) << i)) != 0 &&
					t->match.columns[k] == t->refs[i].columns[j])
					return true;
	return false;
}

/* A row here that is one of the file's. */
static void
keep(RestoreTable *t, const RestoreRow *row)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(t->key.count, 1));
	bool	   *nulls = palloc0(sizeof(bool) * Max(t->key.count, 1));
	ItemPointerData place = row->match.place;

	if (t->key.count == 0 && !row->match.has_place)
		return;
	values[0] = PointerGetDatum(&place);
	for (int i = 0; i < t->key.count; i++)
	{
		values[i] = row->values[t->key.columns[i]];
		nulls[i] = row->nulls[t->key.columns[i]];
	}
	keylist_add(t->compare->stays, values, nulls);
}

/* --- details */

/* Numbers that rows are counted by are numbers, all else is text. */
static void
put_text(StringInfo out, const RestoreTable *t, int column, const char *text, int len)
{
	Oid			type = valuereader_type(t->columns.readers[column]);

	if (type == INT2OID || type == INT4OID || type == INT8OID)
		appendBinaryStringInfo(out, text, len);
	else
		json_escape(out, text, len);
}

/* A value of the row as JSON, as the file has it. */
static void
put_field(StringInfo out, const RestoreTable *t, const RestoreRow *row, int column)
{
	const char *text;
	int			len;

	if (restore_table_field(t, row, column, &text, &len))
	{
		const char *own = pg_any_to_server(pnstrdup(text, len), len, PG_UTF8);

		put_text(out, t, column, own, strlen(own));
	}
	else
		appendStringInfoString(out, "null");
}

static bool
is_own(const RestoreTable *t, int column)
{
	return !restore_table_refers(t, &t->rel->columns[column]) &&
		   &t->rel->columns[column] != t->table->user_column;
}

/* References stand by other databases' ids, and are left out. */
static char *
match_of_file(const RestoreTable *t, const RestoreRow *row)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < t->match.count; i++)
	{
		const char *name = t->rel->columns[t->match.columns[i]].name;

		if (!is_own(t, t->match.columns[i]))
			continue;
		appendStringInfoString(&out, out.len > 0 ? ", " : "{");
		json_escape(&out, name, strlen(name));
		appendStringInfoString(&out, ": ");
		put_field(&out, t, row, t->match.columns[i]);
	}
	if (out.len > 0)
		appendStringInfoChar(&out, '}');
	return out.len > 0 ? out.data : NULL;
}

static char *
key_of_file(const RestoreTable *t, const RestoreRow *row)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < t->key.count; i++)
	{
		appendStringInfoString(&out, i > 0 ? ", " : t->key.count > 1 ? "[" : "");
		put_field(&out, t, row, t->key.columns[i]);
	}
	if (t->key.count > 1)
		appendStringInfoChar(&out, ']');
	return out.len > 0 ? out.data : NULL;
}

/* NULL once there are enough of the kind. */
static CompareDetail *
add_detail(RestoreTable *t, CompareKind kind, int64 index)
{
	CompareDetail *detail;

	if (t->compare->ndetails[kind] == MAX_FAILURES)
		return NULL;
	t->compare->ndetails[kind]++;
	detail = palloc0(sizeof(CompareDetail));
	detail->kind = kind;
	detail->index = index;
	t->compare->details = lappend(t->compare->details, detail);
	return detail;
}

static CompareDetail *
find_detail(const RestoreTable *t, int64 index)
{
	ListCell   *lc;

	foreach(lc, t->compare->details)
		if (((CompareDetail *) lfirst(lc))->index == index)
			return lfirst(lc);
	return NULL;
}

static void
add_row_detail(RestoreTable *t, const RestoreRow *row, CompareKind kind)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	CompareDetail *detail = kind == COMPARE_NEW ? NULL : find_detail(t, row->index);

	if (detail == NULL)
		detail = add_detail(t, kind, row->index);
	if (detail != NULL && row->fields != NULL)
	{
		detail->key = key_of_file(t, row);
		detail->match = match_of_file(t, row);
	}
	for (int i = 0; detail != NULL && i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			if (kind == COMPARE_CHANGED && (row->refs.fresh & (UINT64CONST(1) << i)) != 0)
				detail->columns = bms_add_member(detail->columns, t->refs[i].columns[j]);
	MemoryContextSwitchTo(oldcxt);
}

void
restore_compare_note(RestoreTable *t, const RestoreRow *row)
{
	if (t->compare == NULL)
		return;
	if (row->match.found)
		keep(t, row);
	if (row->referenced)
		return;
	if (row->state == ROW_UPDATED)
		add_row_detail(t, row, COMPARE_CHANGED);
	if (row->state != ROW_INSERTED)
		return;
	add_row_detail(t, row, COMPARE_NEW);
	if (!row->key.has_source || t->map == NULL)
		return;
	if (t->compare->fresh == NULL)
		t->compare->fresh = idmap_create(t->cxt);
	(void) idmap_put(t->compare->fresh, &row->key.source, &row->key.source);
}

static bool
take_columns(TupleTableSlot *slot, void *arg)
{
	RestoreTable *t = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	bool		isnull;
	RestoreRow *row = &t->batch.rows[DatumGetInt32(slot_getattr(slot, 1, &isnull))];
	CompareDetail *detail = find_detail(t, row->index);

	for (int i = 0; detail != NULL && i < t->rel->ncolumns; i++)
		if (DatumGetBool(slot_getattr(slot, i + 3, &isnull)))
			detail->columns = bms_add_member(detail->columns, i);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* Only of the first rows that differ: it is one more query a batch. */
void
restore_compare_columns(RestoreTable *t, int from, int to)
{
	int			count = 0;

	if (t->match.count == 0)
		return;
	query_rows_clear(t->sql.rows);
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];
		MemoryContext oldcxt;

		if (row->state != ROW_EXISTS || row->referenced || row->match.superseded ||
			row->match.same || row->match.nullkey != NULL)
			continue;
		oldcxt = MemoryContextSwitchTo(t->cxt);
		if (find_detail(t, row->index) != NULL ||
			add_detail(t, COMPARE_CHANGED, row->index) != NULL)
		{
			query_rows_put(t->sql.rows, row->values, row->nulls);
			count++;
		}
		MemoryContextSwitchTo(oldcxt);
	}
	if (count > 0)
		restore_statement_run(t, restore_statement_differing(t), take_columns, t);
}

static char *
key_of_source(const RestoreTable *t, const IdKey *source)
{
	StringInfoData out;
	const char *at = source->text;

	initStringInfo(&out);
	for (int i = 0; i < t->key.count; i++)
	{
		char		buffer[IDKEY_BUFFER];
		int			len;
		const char *text =
			t->key.count > 1 ? idkey_next_part(&at, &len) : idkey_text(source, buffer, &len);
		char	   *own = pg_any_to_server(pnstrdup(text, len), len, PG_UTF8);

		appendStringInfoString(&out, i > 0 ? ", " : t->key.count > 1 ? "[" : "");
		put_text(&out, t, t->key.columns[i], own, strlen(own));
	}
	if (t->key.count > 1)
		appendStringInfoChar(&out, ']');
	return out.len > 0 ? out.data : NULL;
}

/* Counted as the same so far, unless something else of it differs. */
void
restore_compare_note_later(RestoreTable *t, int64 index, int ref, const IdKey *source)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	CompareDetail *detail = find_detail(t, index);

	if (detail == NULL)
		detail = add_detail(t, COMPARE_CHANGED, index);
	if (detail != NULL && detail->key == NULL)
		detail->key = key_of_source(t, source);
	for (int i = 0; detail != NULL && i < t->table->refs[ref].nfields; i++)
		detail->columns = bms_add_member(detail->columns, t->refs[ref].columns[i]);
	MemoryContextSwitchTo(oldcxt);
}

/* --- rows that only this database has */

/* One column of the slot as JSON. */
static void
put_slot(StringInfo out, const RestoreTable *t, int column, TupleTableSlot *slot, int at)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, at, &isnull);
	char	   *word = isnull ? NULL : TextDatumGetCString(value);

	if (isnull)
		appendStringInfoString(out, "null");
	else
		put_text(out, t, column, word, strlen(word));
}

static char *
key_of_slot(const RestoreTable *t, TupleTableSlot *slot, int at)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < t->key.count; i++)
	{
		appendStringInfoString(&out, i > 0 ? ", " : t->key.count > 1 ? "[" : "");
		put_slot(&out, t, t->key.columns[i], slot, at + i);
	}
	if (t->key.count > 1)
		appendStringInfoChar(&out, ']');
	return out.len > 0 ? out.data : NULL;
}

/* As they are called here; NULL where that is no name. */
static char *
match_of_slot(const RestoreTable *t, TupleTableSlot *slot, int at)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < t->match.count; i++)
	{
		const char *name = t->rel->columns[t->match.columns[i]].name;

		if (!is_own(t, t->match.columns[i]))
			continue;
		appendStringInfoString(&out, out.len > 0 ? ", " : "{");
		json_escape(&out, name, strlen(name));
		appendStringInfoString(&out, ": ");
		put_slot(&out, t, t->match.columns[i], slot, at++);
	}
	if (out.len > 0)
		appendStringInfoChar(&out, '}');
	return out.len > 0 ? out.data : NULL;
}

static bool
take_other(TupleTableSlot *slot, void *arg)
{
	RestoreTable *t = arg;
	RestoreCompare *c = t->compare;
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	int			count = Max(t->key.count, 1);
	Datum	   *values = palloc(sizeof(Datum) * count);
	bool	   *nulls = palloc(sizeof(bool) * count);
	CompareDetail *detail;

	for (int i = 0; i < count; i++)
		values[i] = slot_getattr(slot, i + 1, &nulls[i]);
	c->only_here++;
	if (!t->restore->frozen)
		keylist_add(c->goes, values, nulls);
	detail = add_detail(t, COMPARE_ONLY_HERE, -1);
	if (detail != NULL)
	{
		detail->key = key_of_slot(t, slot, count + 1);
		detail->match = match_of_slot(t, slot, count + t->key.count + 1);
	}
	pfree(values);
	pfree(nulls);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* Whose rows the file's are: the caller's word, or the file's; NULL: of all tenants. */
static char *
tenant_of(const Restore *restore)
{
	const FileHeader *header = filereader_header(restore->reader);
	JsonbValue	v;

	if (restore->options.user_id != NULL)
		return restore->options.user_id;
	if (header->metadata == NULL || !json_get(&header->metadata->root, "user_id", &v) ||
		v.type != jbvString)
		return NULL;
	return json_value_string(&v);
}

/* What is nobody's, or only looked up, is left alone. */
static bool
is_accounted(const RestoreTable *t, const char *tenant)
{
	return t != NULL && t->lookup == LOOKUP_NONE && t->table->lookup == LOOKUP_NONE &&
		   (tenant == NULL || t->table->tenant_depth >= 0);
}

static void
append_text(StringInfo out, const RestoreTable *t, int column)
{
	const RelationColumn *c = &t->rel->columns[column];

	appendStringInfo(out, ", %s", relation_text(psprintf("t.%s", c->quoted), c->type));
}

/* The keys, the same as texts, and what the row is called. */
static void
append_columns(StringInfo out, const RestoreTable *t)
{
	if (t->key.count == 0)
		appendStringInfoString(out, "t.ctid");
	for (int i = 0; i < t->key.count; i++)
		appendStringInfo(
			out, "%s%s", i > 0 ? ", " : "",
			restore_table_cast(t, t->key.columns[i],
							   psprintf("t.%s", t->rel->columns[t->key.columns[i]].quoted)));
	for (int i = 0; i < t->key.count; i++)
		append_text(out, t, t->key.columns[i]);
	for (int i = 0; i < t->match.count; i++)
		if (is_own(t, t->match.columns[i]))
			append_text(out, t, t->match.columns[i]);
}

static void
find_others(RestoreTable *t, const char *tenant)
{
	Selection  *s = selection_create(t->restore->schema, tenant);
	int			nestlevel;

	if (t->key.count == 0 && !t->rel->has_places)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("rows of table \"%s\" cannot be accounted for", t->table->name),
						errdetail("It has no key and is no plain table."),
						errhint("Name a unique key as its \"pk\" in the backup schema.")));
	appendStringInfoString(&s->sql, "SELECT ");
	append_columns(&s->sql, t);
	selection_from(s, t->table);
	selection_where(s, t->table, NULL);
	appendStringInfoString(&s->sql, " AND ");
	keylist_exclusion(t->compare->stays, s);
	nestlevel = query_pin(PIN_PLAN_LISTED);
	query_run(s->sql.data, s->nargs, s->types, s->values, s->nulls, t->restore->frozen, take_other,
			  t);
	query_unpin(nestlevel);
}

void
restore_compare_finish(Restore *restore)
{
	char	   *tenant = tenant_of(restore);

	if (restore->schema->tenant != NULL && tenant != NULL)
	{
		/* Columns of that database's row may be another's here. */
		if (restore->options.user_id == NULL && tenant_is_object(tenant))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("the file does not tell which tenant is meant here"),
							errdetail("It names its tenant by columns, whose values may be "
									  "another one's."),
							errhint("Name the tenant as user_id.")));
		tenant_resolve(restore->schema, tenant);
		if (restore->schema->tenant_row == NULL)
			return;
	}
	for (int i = 0; i < restore->schema->ntables; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (is_accounted(restore->tables[i], tenant))
			find_others(restore->tables[i], tenant);
	}
}

KeyList *
restore_compare_goes(const RestoreTable *t)
{
	return t->compare->goes;
}

/* --- told */

static void
put_detail(JsonWriter *w, const RestoreTable *t, const CompareDetail *detail)
{
	int			i = -1;

	json_begin_object(w);
	if (detail->key != NULL)
	{
		json_key(w, detail->kind == COMPARE_ONLY_HERE ? "here" : "old_pk");
		json_container(
			w, &DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(detail->key)))->root);
	}
	if (detail->match != NULL)
	{
		json_key(w, "match_key");
		json_container(
			w,
			&DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(detail->match)))->root);
	}
	if (detail->kind == COMPARE_CHANGED)
	{
		json_key(w, "columns");
		json_begin_array(w);
		while ((i = bms_next_member(detail->columns, i)) >= 0)
			json_string(w, t->rel->columns[i].name);
		json_end_array(w);
	}
	json_end_object(w);
}

Jsonb *
restore_compare_details(const RestoreTable *t)
{
	static const char *const names[] = {"new", "changed", "only_here"};
	JsonWriter	w;

	json_init(&w);
	json_begin_object(&w);
	for (int kind = 0; t != NULL && kind < COMPARE_KINDS; kind++)
	{
		ListCell   *lc;

		if (t->compare->ndetails[kind] == 0)
			continue;
		json_key(&w, names[kind]);
		json_begin_array(&w);
		foreach(lc, t->compare->details)
			if (((CompareDetail *) lfirst(lc))->kind == kind)
				put_detail(&w, t, lfirst(lc));
		json_end_array(&w);
	}
	/* What would not arrive, and why. */
	if (t != NULL && t->counts.skipped + t->counts.failed > 0)
		json_put_int(&w, "left_out", t->counts.skipped + t->counts.failed);
	json_end_object(&w);
	return json_finish(&w);
}

int64
restore_compare_only_here(const RestoreTable *t)
{
	return t != NULL ? t->compare->only_here : 0;
}

void
restore_compare_report(const Restore *restore, ReturnSetInfo *result)
{
	for (int i = 0; i < restore->schema->ntables; i++)
	{
		const RestoreTable *t = restore->tables[i];
		Datum		values[COMPARE_COLUMNS];
		bool		nulls[COMPARE_COLUMNS] = {false};

		values[0] = CStringGetTextDatum(restore->schema->tables[i].name);
		values[1] = Int64GetDatum(t ? t->counts.inserted : 0);
		values[2] = Int64GetDatum(t ? t->counts.updated : 0);
		values[3] = Int64GetDatum(t ? t->counts.unchanged : 0);
		values[4] = Int64GetDatum(restore_compare_only_here(t));
		values[5] = JsonbPGetDatum(restore_compare_details(t));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}
