/*
 * keylist.c
 *	  Keys of many rows as one condition: "the row has one of these".
 *
 * One column is compared with = ANY, which the executor hashes.  Several are a
 * semi join with unnest(), planned without nested loops: beside a tenant that
 * the statistics do not know the planner would take one, and compare each row
 * with each key.  NULLs are made comparable, since IS NOT DISTINCT FROM cannot
 * be hashed.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "catalog/pg_type.h"
#include "data/select/keylist.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"

/* A type without equality is compared as text. */
Oid
keylist_type(Oid type)
{
	Oid			base = getBaseType(type);

	return relation_equality(base) == NULL ? TEXTOID : base;
}

KeyList *
keylist_create(int ncolumns)
{
	KeyList	   *list = palloc0(sizeof(KeyList));

	list->cxt = CurrentMemoryContext;
	list->ncolumns = ncolumns;
	list->columns = palloc0(sizeof(KeyColumn) * Max(ncolumns, 1));
	list->maxkeys = 64;
	list->values = palloc(sizeof(Datum) * list->maxkeys * ncolumns);
	list->nulls = palloc(sizeof(bool) * list->maxkeys * ncolumns);
	return list;
}

KeyList *
keylist_empty(const KeyList *list)
{
	KeyList	   *empty = keylist_create(list->ncolumns);

	for (int i = 0; i < list->ncolumns; i++)
	{
		empty->columns[i] = list->columns[i];
		empty->columns[i].nulls = 0;
	}
	return empty;
}

/* Huge allocations, for keys may be more than a gigabyte holds. */
static void
enlarge(KeyList *list)
{
	Size		count;

	if (list->nkeys < list->maxkeys)
		return;
	list->maxkeys *= 2;
	count = (Size) list->maxkeys * list->ncolumns;
	list->values = repalloc_huge(list->values, sizeof(Datum) * count);
	list->nulls = repalloc_huge(list->nulls, sizeof(bool) * count);
}

/*
 * Copied, since a slot's values go with its row.  How many NULLs a column has decides how
 * it is compared.
 */
void
keylist_add(KeyList *list, const Datum *values, const bool *nulls)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(list->cxt);
	Size		at = (Size) list->nkeys * list->ncolumns;

	enlarge(list);
	for (int i = 0; i < list->ncolumns; i++)
	{
		KeyColumn  *column = &list->columns[i];

		if (column->length == 0)
			get_typlenbyval(keylist_type(column->type), &column->length, &column->byval);
		list->nulls[at + i] = nulls[i];
		list->values[at + i] =
			nulls[i] ? (Datum) 0 : datumCopy(values[i], column->byval, column->length);
		column->nulls += nulls[i];
	}
	list->nkeys++;
	MemoryContextSwitchTo(oldcxt);
}

/* The values of one column as an array: the parameter's "$n". */
static char *
array_argument(const KeyList *list, Selection *s, int column)
{
	Oid			type = keylist_type(list->columns[column].type);
	Datum	   *values = palloc_extended(sizeof(Datum) * list->nkeys, MCXT_ALLOC_HUGE);
	bool	   *nulls = palloc_extended(list->nkeys, MCXT_ALLOC_HUGE);
	int			dims[1] = {list->nkeys};
	int			lower[1] = {1};
	int16		length;
	bool		byval;
	char		align;

	for (int i = 0; i < list->nkeys; i++)
	{
		values[i] = list->values[(Size) i * list->ncolumns + column];
		nulls[i] = list->nulls[(Size) i * list->ncolumns + column];
	}
	get_typlenbyvalalign(type, &length, &byval, &align);
	return selection_add(s, get_array_type(type),
						 PointerGetDatum(construct_md_array(values, nulls, 1, dims, lower, type,
															length, byval, align)));
}

/* Some value of the column, to stand for NULL on both sides. */
static char *
stand_in(const KeyList *list, Selection *s, int column)
{
	int			at = column;

	while (list->nulls[at])
		at += list->ncolumns;
	return selection_add(s, keylist_type(list->columns[column].type), list->values[at]);
}

/* Only where the list holds texts in the place of values. */
static char *
comparable(const KeyColumn *column)
{
	if (keylist_type(column->type) == TEXTOID && getBaseType(column->type) != TEXTOID)
		return relation_text(psprintf("(%s)", column->expression), column->type);
	return column->expression;
}

/* 1.0 and 1.00 are equal, and yet a row that is told by all it holds has but one of them. */
static void
append_sameness(Selection *s, const KeyColumn *column, int i)
{
	appendStringInfo(&s->sql, " AND COALESCE(%s, '') OPERATOR(pg_catalog.=) COALESCE(%s, '')",
					 relation_text(psprintf("(%s)", column->expression), column->type),
					 relation_text(psprintf("k.c%d", i + 1), keylist_type(column->type)));
}

static void
append_column(const KeyList *list, Selection *s, int i)
{
	const KeyColumn *column = &list->columns[i];
	const char *equals = relation_equality(keylist_type(column->type));
	char	   *value;

	if (column->nulls == 0)
	{
		appendStringInfo(&s->sql, "%s %s k.c%d", comparable(column), equals, i + 1);
		return;
	}
	appendStringInfo(&s->sql, "(%s IS NULL) OPERATOR(pg_catalog.=) (k.c%d IS NULL)",
					 column->expression, i + 1);
	/* Nothing but NULLs: there is no value that could stand for them, and none is needed. */
	if (column->nulls == list->nkeys)
		return;
	value = stand_in(list, s, i);
	appendStringInfo(&s->sql, " AND COALESCE(%s, %s) %s COALESCE(k.c%d, %s)", comparable(column),
					 value, equals, i + 1, value);
}

/* There are no arrays of arrays, and in FROM unnest() takes a composite apart. */
static bool
is_listable(const KeyColumn *column)
{
	Oid			type = keylist_type(column->type);

	return OidIsValid(get_array_type(type)) && !type_is_rowtype(type);
}

static bool
is_all_listable(const KeyList *list)
{
	for (int i = 0; i < list->ncolumns; i++)
		if (!is_listable(&list->columns[i]))
			return false;
	return true;
}

/* The keys as an array of records: the parameter's "$n". */
static char *
records_argument(const KeyList *list, Selection *s)
{
	TupleDesc	desc = CreateTemplateTupleDesc(list->ncolumns);
	Datum	   *records = palloc_extended(sizeof(Datum) * list->nkeys, MCXT_ALLOC_HUGE);

	for (int i = 0; i < list->ncolumns; i++)
		TupleDescInitEntry(desc, i + 1, psprintf("c%d", i + 1), keylist_type(list->columns[i].type),
						   -1, 0);
	/* A record's type is known to the executor only once it was registered. */
	desc = BlessTupleDesc(desc);
	for (int i = 0; i < list->nkeys; i++)
	{
		size_t		at = (size_t) i * list->ncolumns;

		CHECK_FOR_INTERRUPTS();
		records[i] = HeapTupleGetDatum(heap_form_tuple(desc, &list->values[at], &list->nulls[at]));
	}
	return selection_add(s, RECORDARRAYOID,
						 PointerGetDatum(construct_array(records, list->nkeys, RECORDOID, -1, false,
														 TYPALIGN_DOUBLE)));
}

/* The keys as rows called k, with columns c1, c2, … */
static void
append_keys(const KeyList *list, Selection *s)
{
	bool		listable = is_all_listable(list);

	if (!listable)
		appendStringInfo(&s->sql, "pg_catalog.unnest(%s)", records_argument(list, s));
	else
	{
		appendStringInfoString(&s->sql, "ROWS FROM (");
		for (int i = 0; i < list->ncolumns; i++)
			appendStringInfo(&s->sql, "%spg_catalog.unnest(%s)", i > 0 ? ", " : "",
							 array_argument(list, s, i));
		appendStringInfoChar(&s->sql, ')');
	}
	appendStringInfoString(&s->sql, " AS k (");
	for (int i = 0; i < list->ncolumns; i++)
		appendStringInfo(
			&s->sql, "%sc%d%s%s", i > 0 ? ", " : "", i + 1, listable ? "" : " ",
			listable ? ""
					 : format_type_extended(keylist_type(list->columns[i].type), -1,
											FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	appendStringInfoChar(&s->sql, ')');
}

static void
append_semi_join(const KeyList *list, Selection *s)
{
	s->listed = true;
	appendStringInfoString(&s->sql, "EXISTS (SELECT 1 FROM ");
	append_keys(list, s);
	appendStringInfoString(&s->sql, " WHERE ");
	for (int i = 0; i < list->ncolumns; i++)
	{
		if (i > 0)
			appendStringInfoString(&s->sql, " AND ");
		append_column(list, s, i);
		if (list->exact)
			append_sameness(s, &list->columns[i], i);
	}
	appendStringInfoChar(&s->sql, ')');
}

void
keylist_condition(const KeyList *list, Selection *s)
{
	if (list->nkeys == 0 || list->ncolumns == 0)
		appendStringInfoString(&s->sql, "false");
	else if (list->ncolumns == 1 && list->columns[0].nulls == 0 && !list->exact &&
			 is_listable(&list->columns[0]))
		appendStringInfo(&s->sql, "%s %s ANY (%s)", comparable(&list->columns[0]),
						 relation_equality(keylist_type(list->columns[0].type)),
						 array_argument(list, s, 0));
	else
		append_semi_join(list, s);
}

/* Not by <> ALL, which the executor of PostgreSQL 14 does not hash. */
void
keylist_exclusion(const KeyList *list, Selection *s)
{
	if (list->nkeys == 0 || list->ncolumns == 0)
	{
		appendStringInfoString(&s->sql, "true");
		return;
	}
	appendStringInfoString(&s->sql, "NOT ");
	append_semi_join(list, s);
}
