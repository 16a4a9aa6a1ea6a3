/*
 * restore_nullkey.c
 *	  Rows that no key tells apart, as with a NULL in it: they are told by all they hold.
 *
 * Without a match key that goes for rows that are there for others to refer to alone: a
 * digest has told them to be here by the same means.
 *
 * Such a row exists when one with a NULL there holds the same in every column that
 * the file has, and each row here is found by one of the file's alone, so that two
 * alike stay two.  The rows here are read once, when the first such row comes, as
 * hashes of 128 bits; what this restore puts in is not among them.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "data/restore/restore_private.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

typedef struct NullkeyEntry
{
	uint64		content[2];
	List	   *keys;			/* IdKey *, of the rows here that hold this */
	int			used;			/* of them, by rows of the file */
} NullkeyEntry;

struct RestoreNullkey
{
	RestoreTable *t;
	HTAB	   *entries;
	QueryPlan  *plan;			/* hashes rows of a batch */
};

bool
restore_nullkey_is(const RestoreTable *t, const RestoreRow *row)
{
	if (t->match.count == 0)
		return row->referenced;
	for (int i = 0; i < t->match.count; i++)
		if (row->nulls[t->match.columns[i]] && !restore_table_matches_null(t, t->match.columns[i]))
			return true;
	return false;
}

/* Whether the file's value is what stands in the column when all is done. */
static bool
is_compared(const RestoreTable *t, int column)
{
	bool		is_tenant =
		t->restore->options.user_id != NULL && &t->rel->columns[column] == t->table->user_column;

	if ((t->columns.fields[column] < 0 && !is_tenant) || restore_table_is_drawn(t, column))
		return false;
	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			if (t->table->refs[i].circular && t->refs[i].columns[j] == column)
				return false;
	return true;
}

/* Two hashes of a row called x, the table's, or b, a batch's. */
static void
append_content(StringInfo out, const RestoreTable *t, char alias)
{
	for (int seed = 0; seed < 2; seed++)
	{
		const char *separator = "";

		appendStringInfo(out, "%spg_catalog.hash_record_extended(ROW(", seed > 0 ? ", " : "");
		for (int i = 0; i < t->rel->ncolumns; i++)
		{
			Oid			type = valuereader_type(t->columns.readers[i]);
			const char *name = alias == 'b' ? psprintf("b.c%d", i + 1)
											: psprintf("x.%s", t->rel->columns[i].quoted);

			if (!is_compared(t, i))
				continue;
			name = restore_table_cast(t, i, name);
			if (!OidIsValid(
					lookup_type_cache(type, TYPECACHE_HASH_EXTENDED_PROC)->hash_extended_proc))
				name = relation_text(name, type);
			appendStringInfo(out, "%s%s", separator, name);
			separator = ", ";
		}
		appendStringInfo(out, "), %d)", seed);
	}
}

static void
read_content(TupleTableSlot *slot, int column, uint64 *content)
{
	bool		isnull;

	content[0] = (uint64) DatumGetInt64(slot_getattr(slot, column, &isnull));
	content[1] = (uint64) DatumGetInt64(slot_getattr(slot, column + 1, &isnull));
}

/* A row that is here: its two hashes, then its key. */
static bool
take_row(TupleTableSlot *slot, void *arg)
{
	RestoreNullkey *u = arg;
	RestoreTable *t = u->t;
	RestoreRow	row = {ROW_READ};
	uint64		content[2];
	bool		found;
	NullkeyEntry *entry;
	IdKey	   *key;
	MemoryContext oldcxt;

	read_content(slot, 1, content);
	row.values = palloc0(sizeof(Datum) * t->rel->ncolumns);
	row.nulls = palloc0(sizeof(bool) * t->rel->ncolumns);
	row.key.has_source = true;
	for (int i = 0; i < t->key.count; i++)
		row.values[t->key.columns[i]] = slot_getattr(slot, i + 3, &row.nulls[t->key.columns[i]]);
	restore_key_target(t, &row);
	oldcxt = MemoryContextSwitchTo(t->cxt);
	entry = hash_search(u->entries, content, HASH_ENTER, &found);
	if (!found)
	{
		entry->keys = NIL;
		entry->used = 0;
	}
	key = palloc(sizeof(IdKey));
	*key = idkey_copy(&row.key.target);
	entry->keys = lappend(entry->keys, key);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* The rows here that no key tells apart, of the tenant if there is one. */
static void
read_rows(RestoreNullkey *u)
{
	RestoreTable *t = u->t;
	const RelationColumn *user = t->restore->options.user_id ? t->table->user_column : NULL;
	Oid type = user ? valuereader_type(t->columns.readers[user - t->rel->columns]) : InvalidOid;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT ");
	append_content(&sql, t, 'x');
	for (int i = 0; i < t->key.count; i++)
		appendStringInfo(
			&sql, ", %s",
			restore_table_cast(t, t->key.columns[i],
							   psprintf("x.%s", t->rel->columns[t->key.columns[i]].quoted)));
	appendStringInfo(&sql, " FROM %s AS x WHERE (%s", t->table->source,
					 t->match.count == 0 ? "true" : "false");
	for (int i = 0; i < t->match.count; i++)
		if (!restore_table_matches_null(t, t->match.columns[i]))
			appendStringInfo(&sql, " OR x.%s IS NULL", t->rel->columns[t->match.columns[i]].quoted);
	appendStringInfoChar(&sql, ')');
	if (user != NULL)
		appendStringInfo(&sql, " AND x.%s %s $1", user->quoted, relation_equality(user->basetype));
	query_run(sql.data, user ? 1 : 0, &type, &t->columns.tenant, NULL, false, take_row, u);
}

static RestoreNullkey *
create(RestoreTable *t)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);
	RestoreNullkey *u = palloc0(sizeof(RestoreNullkey));
	HASHCTL		control = {0};
	StringInfoData sql;

	u->t = t;
	control.keysize = sizeof(((NullkeyEntry *) NULL)->content);
	control.entrysize = sizeof(NullkeyEntry);
	control.hcxt = t->cxt;
	u->entries =
		hash_create("db_adapter nullkey rows", 64, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT b.n, ");
	append_content(&sql, t, 'b');
	appendStringInfoString(&sql, " FROM " ROWS_NAME " AS b");
	u->plan = query_prepare_over(t->cxt, sql.data, t->sql.relations);
	MemoryContextSwitchTo(oldcxt);
	read_rows(u);
	return u;
}

/* A row of the batch: the next of those here that hold the same is this one. */
static bool
take_content(TupleTableSlot *slot, void *arg)
{
	RestoreNullkey *u = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(u->t->batch.cxt);
	bool		isnull;
	RestoreRow *row = &u->t->batch.rows[DatumGetInt32(slot_getattr(slot, 1, &isnull))];
	uint64		content[2];
	NullkeyEntry *entry;

	read_content(slot, 2, content);
	row->match.nullkey_searched = true;
	entry = hash_search(u->entries, content, HASH_FIND, NULL);
	if (entry != NULL && entry->used < list_length(entry->keys))
	{
		restore_key_values(u->t, row, list_nth(entry->keys, entry->used++));
		row->state = ROW_EXISTS;
		row->match.found = true;
	}
	MemoryContextSwitchTo(oldcxt);
	return true;
}

void
restore_nullkey_find(RestoreTable *t, int from, int to)
{
	int			count = 0;

	query_rows_clear(t->sql.rows);
	for (int i = from; i < to; i++)
	{
		RestoreRow *row = &t->batch.rows[i];

		if (row->state != ROW_READ || row->match.nullkey_searched || !restore_nullkey_is(t, row))
			continue;
		if (count++ == 0 && t->match.nullkey == NULL)
			t->match.nullkey = create(t);
		query_rows_put(t->sql.rows, row->values, row->nulls);
	}
	if (count > 0)
		query_execute_over(t->match.nullkey->plan, t->sql.relations, take_content,
						   t->match.nullkey);
}
