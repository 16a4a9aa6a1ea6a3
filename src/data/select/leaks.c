/*
 * leaks.c
 *	  References from a tenant's rows to rows of other tenants.
 *
 * The sure way is to ask the database with each row, by columns of the statement
 * that reads it.  For a reference by one integer to a table saved before there
 * is a faster one: what was saved is the tenant's, so a key among the saved ones
 * needs no question, and only the others are asked for, one by one.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "catalog/pg_type.h"
#include "data/select/keyset.h"
#include "data/select/leaks.h"
#include "utils/memutils.h"

/* A reference whose rows are judged by the keys saved before. */
typedef struct FastRef
{
	const BackupRef *ref;
	KeySet	   *saved;
	int			attribute;		/* of the row, from 0 */
	char	   *sql;			/* asks for one key, its first parameter */
	Selection  *question;
	QueryPlan  *plan;			/* of sql, once it was needed */
} FastRef;

struct Leaks
{
	const BackupSchema *schema;
	const char *user_id;
	JsonbContainer *filters;	/* NULL: rows are chosen in another way */
	MemoryContext cxt;
	KeySet	  **saved;			/* one a table; NULL where nobody will ask */

	/* of the table being read */
	const BackupTable *table;
	int			key_attribute;	/* of its own key, from 0 */
	List	   *asked;			/* BackupRef *: each has a boolean in the row */
	List	   *fast;			/* FastRef * */
	MemoryContext tablecxt;
};

static bool
is_integer(const RelationColumn *column)
{
	return column->type == INT2OID || column->type == INT4OID || column->type == INT8OID;
}

static int64
integer_value(Oid type, Datum value)
{
	switch (type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

/*
 * One column to one column, both integers, to a table that is read before.  The table
 * must stand before: only then all of its rows have been seen when the first of these is
 * read.
 */
static bool
could_be_fast(const BackupSchema *schema, const BackupTable *table, const BackupRef *ref)
{
	const BackupTable *target = &schema->tables[ref->targets[0].index];

	return ref->kind == REF_COLUMNS && ref->nfields == 1 && ref->key == 0 &&
		   target->index < table->index && is_integer(ref->columns[0]) &&
		   is_integer(target->pk_columns[0]);
}

/*
 * Where every row of the tenant is saved, a key that was not is worth a question.  With a
 * filter many keys that are the tenant's were not saved, and each would be asked for.
 */
static bool
all_rows_saved(const Leaks *leaks, const BackupTable *table)
{
	JsonbValue	v;

	return leaks->filters != NULL && table->filter == NULL &&
		   !json_get(leaks->filters, table->name, &v);
}

Leaks *
leaks_create(const BackupSchema *schema, const char *user_id, JsonbContainer *filters)
{
	Leaks	   *leaks = palloc0(sizeof(Leaks));

	leaks->schema = schema;
	leaks->user_id = user_id;
	leaks->filters = filters;
	leaks->cxt = CurrentMemoryContext;
	leaks->saved = palloc0(sizeof(KeySet *) * Max(schema->ntables, 1));
	/* Without a tenant nothing leaks, and no key is kept. */
	for (int i = 0; user_id != NULL && i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
		{
			const BackupRef *ref = &schema->tables[i].refs[j];
			int			target = ref->targets[0].index;

			if (could_be_fast(schema, &schema->tables[i], ref) && leaks->saved[target] == NULL &&
				all_rows_saved(leaks, &schema->tables[target]))
				leaks->saved[target] = keyset_create();
		}
	return leaks;
}

/* The place of a column among those that selection_columns() writes. */
static int
attribute_of(const BackupTable *table, const RelationColumn *column)
{
	int			attribute = 0;

	for (const RelationColumn *c = table->rel->columns; c < column; c++)
		if (selection_has_column(table, c))
			attribute++;
	return attribute;
}

static void
add_fast(Leaks *leaks, const BackupTable *table, const BackupRef *ref, KeySet *saved)
{
	FastRef	   *fast = palloc0(sizeof(FastRef));

	fast->ref = ref;
	fast->saved = saved;
	fast->attribute = attribute_of(table, ref->columns[0]);
	leaks->fast = lappend(leaks->fast, fast);
}

int
leaks_begin_table(Leaks *leaks, Selection *s, const BackupTable *table)
{
	ListCell   *lc;

	leaks->table = table;
	leaks->tablecxt = CurrentMemoryContext;
	leaks->asked = leaks->fast = NIL;
	if (leaks->saved[table->index] != NULL)
		leaks->key_attribute = attribute_of(table, table->pk_columns[0]);
	foreach(lc, selection_leaking_refs(s, table))
	{
		const BackupRef *ref = lfirst(lc);
		KeySet	   *saved = leaks->saved[ref->targets[0].index];

		/*
		 * A set that grew too large gave up: it cannot say of a key that it is not the
		 * tenant's.
		 */
		if (saved != NULL && keyset_is_complete(saved) && could_be_fast(leaks->schema, table, ref))
			add_fast(leaks, table, ref, saved);
		else
		{
			selection_leak(s, table, ref);
			leaks->asked = lappend(leaks->asked, lfirst(lc));
		}
	}
	return list_length(leaks->asked);
}

/* SELECT leak FROM (SELECT $1 AS column) AS t */
static void
prepare_question(Leaks *leaks, FastRef *fast)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(leaks->tablecxt);
	const RelationColumn *column = fast->ref->columns[0];
	Selection  *s = selection_create(leaks->schema, leaks->user_id);
	char	   *key = selection_argument(s, column->type, "0");

	appendStringInfoString(&s->sql, "SELECT true");
	selection_leak(s, leaks->table, fast->ref);
	appendStringInfo(&s->sql, " FROM (SELECT %s AS %s) AS t", key, column->quoted);
	fast->question = s;
	fast->plan = query_prepare(leaks->tablecxt, s->sql.data, s->nargs, s->types);
	MemoryContextSwitchTo(oldcxt);
}

/* NULL is no leak: the reference leads nowhere. */
static bool
take_answer(TupleTableSlot *slot, void *arg)
{
	bool		isnull;
	Datum		leaks = slot_getattr(slot, 2, &isnull);

	*(bool *) arg = !isnull && DatumGetBool(leaks);
	return false;
}

/* Prepared with the first key that was not among the saved ones. */
static bool
ask(Leaks *leaks, FastRef *fast, Datum key)
{
	bool		answer = false;

	if (fast->plan == NULL)
		prepare_question(leaks, fast);
	fast->question->values[0] = key;
	query_execute(fast->plan, fast->question->values, fast->question->nulls, true, take_answer,
				  &answer);
	return answer;
}

const BackupRef *
leaks_find(Leaks *leaks, const RowScan *scan, TupleTableSlot *slot)
{
	int			column = scan->ncolumns;
	ListCell   *lc;

	slot_getsomeattrs(slot, column + scan->extra);
	foreach(lc, leaks->asked)
	{
		if (!slot->tts_isnull[column] && DatumGetBool(slot->tts_values[column]))
			return lfirst(lc);
		column++;
	}
	foreach(lc, leaks->fast)
	{
		FastRef	   *fast = lfirst(lc);
		Datum		key = slot->tts_values[fast->attribute];

		if (!slot->tts_isnull[fast->attribute] &&
			!keyset_has(fast->saved, integer_value(fast->ref->columns[0]->type, key)) &&
			ask(leaks, fast, key))
			return fast->ref;
	}
	return NULL;
}

/*
 * After the row was judged: a row that leaves the backup is not among those that others
 * may refer to.
 */
void
leaks_row_saved(Leaks *leaks, const RowScan *scan, TupleTableSlot *slot)
{
	KeySet	   *saved = leaks->saved[leaks->table->index];
	int			attribute = leaks->key_attribute;

	if (saved != NULL && !slot->tts_isnull[attribute])
		keyset_add(saved,
				   integer_value(leaks->table->pk_columns[0]->type, slot->tts_values[attribute]));
}
