/*
 * freevalue.c
 *	  Values that no row has: where rows step aside that are in each other's way.
 *
 * Where the column may be NULL, that is in nobody's way.  Else it is what lies beyond
 * all others, or a new uuid.  What an expression reads is given values of its type all
 * together, in the order of the columns: of a period given by its ends, both lie beyond
 * all ends there are, the first before the second.
 *
 * It assumes that rows are numbered from 0 without gaps (b.n), and that the statement
 * it is put into is rolled back where a check refuses the value: a value is free of
 * other rows, and nothing else is promised.  It never chooses a column that the caller
 * has not named as usable.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "data/select/freevalue.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

typedef enum FreeKind
{
	FREE_NONE,					/* of this type we know none */
	FREE_INTEGER,
	FREE_NUMBER,
	FREE_DATE,
	FREE_TIME,
	FREE_TEXT,
	FREE_UUID,
	FREE_RANGE
} FreeKind;

/* Types of the server alone: of another's nobody knows what lies beyond. */
static FreeKind
kind_of(Oid basetype)
{
	switch (basetype)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return FREE_INTEGER;
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
			return FREE_NUMBER;
		case DATEOID:
			return FREE_DATE;
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return FREE_TIME;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
			return FREE_TEXT;
		case UUIDOID:
			return FREE_UUID;
		default:
			return type_is_range(basetype) ? FREE_RANGE : FREE_NONE;
	}
}

/*
 * The value of all columns of its type that lies farthest out.  Of the rows that come as
 * well, where the caller has some: they want values too.
 */
static char *
farthest(const FreeValues *values, Oid basetype)
{
	StringInfoData sql;
	const char *separator = "";
	int			i = -1;

	initStringInfo(&sql);
	appendStringInfo(&sql, "(SELECT pg_catalog.%s(q.v) FROM (", values->below ? "min" : "max");
	while ((i = bms_next_member(values->columns, i)) >= 0)
	{
		if (values->rel->columns[i].basetype != basetype)
			continue;
		appendStringInfo(&sql, "%sSELECT y.%s FROM %s AS y", separator,
						 values->rel->columns[i].quoted, values->rel->qualified);
		separator = " UNION ALL ";
		if (values->rows != NULL)
			appendStringInfo(&sql, " UNION ALL SELECT r.c%d FROM %s AS r", i + 1, values->rows);
	}
	appendStringInfoString(&sql, ") AS q (v))");
	return sql.data;
}

/* How far from there: no two rows and no two columns meet. */
static char *
step(const FreeValues *values, int column)
{
	Oid			basetype = values->rel->columns[column].basetype;
	int			count = 0;
	int			place = 0;
	int			i = -1;

	while ((i = bms_next_member(values->columns, i)) >= 0)
		if (values->rel->columns[i].basetype == basetype)
		{
			count++;
			place += i < column;
		}
	return psprintf("(b.n OPERATOR(pg_catalog.*) %d OPERATOR(pg_catalog.+) %d)", count,
					values->below ? count - place : place + 1);
}

static char *
beyond(const FreeValues *values, int column, FreeKind kind, const char *cast)
{
	Oid			basetype = values->rel->columns[column].basetype;
	const char *sign = values->below ? "-" : "+";
	char	   *from = farthest(values, basetype);
	char	   *by = step(values, column);

	switch (kind)
	{
		case FREE_INTEGER:
			return psprintf("CAST(CAST(%s AS pg_catalog.int8) OPERATOR(pg_catalog.%s) %s AS %s)",
							from, sign, by, cast);
		case FREE_NUMBER:
			return psprintf("CAST(CAST(%s AS pg_catalog.numeric) OPERATOR(pg_catalog.%s) %s AS %s)",
							from, sign, by, cast);
		case FREE_DATE:
			return psprintf("(%s OPERATOR(pg_catalog.%s) %s)", from, sign, by);
		default:
			return psprintf("(%s OPERATOR(pg_catalog.%s) pg_catalog.make_interval(days => %s))",
							from, sign, by);
	}
}

/* NULL: of this type we know none. */
static char *
free_value(const FreeValues *values, int column)
{
	const RelationColumn *c = &values->rel->columns[column];
	FreeKind	kind = kind_of(c->basetype);
	int32		typmod = c->typmod;
	Oid			base = getBaseTypeAndTypmod(c->type, &typmod);
	char	   *cast =
		format_type_extended(base, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY);

	/*
	 * NULLs are in nobody's way in a unique index.  Where an expression reads the column,
	 * NULL may well be a value to it.
	 */
	if (!c->not_null && !bms_is_member(column, values->evaluated))
		return "NULL";
	switch (kind)
	{
		case FREE_NONE:
			return NULL;
		case FREE_TEXT:
			return psprintf(
				"CAST(pg_catalog.left(CAST(pg_catalog.gen_random_uuid() AS pg_catalog.text), %d) "
				"AS %s)",
				typmod < 0 ? 36 : typmod - (int) VARHDRSZ, cast);
		case FREE_UUID:
			return "pg_catalog.gen_random_uuid()";
		/* An empty range overlaps nothing, itself included. */
		case FREE_RANGE:
			return psprintf("CAST('empty' AS %s)", cast);
		default:
			return beyond(values, column, kind, cast);
	}
}

char *
freevalue_assignments(const FreeValues *values)
{
	StringInfoData set;
	int			i = -1;

	initStringInfo(&set);
	while ((i = bms_next_member(values->columns, i)) >= 0)
		appendStringInfo(&set, "%s%s = %s", set.len > 0 ? ", " : "", values->rel->columns[i].quoted,
						 free_value(values, i));
	return set.data;
}

/* --- what an index is over */

typedef struct IndexList
{
	const RelationInfo *rel;
	MemoryContext cxt;
	List	   *indexes;		/* FreeIndex * */
	Oid			last;			/* the one whose columns come */
} IndexList;

/* An index, whether an expression reads the column, and the column's name. */
static bool
take_column(TupleTableSlot *slot, void *arg)
{
	IndexList  *list = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(list->cxt);
	bool		isnull;
	Oid			oid = DatumGetObjectId(slot_getattr(slot, 1, &isnull));
	bool		evaluated = DatumGetBool(slot_getattr(slot, 2, &isnull));
	char	   *name = TextDatumGetCString(slot_getattr(slot, 3, &isnull));
	FreeIndex  *index;

	if (oid != list->last)
		list->indexes = lappend(list->indexes, palloc0(sizeof(FreeIndex)));
	list->last = oid;
	index = llast(list->indexes);
	for (int i = 0; i < list->rel->ncolumns; i++)
	{
		if (strcmp(list->rel->columns[i].name, name) != 0)
			continue;
		if (evaluated)
			index->evaluated = lappend_int(index->evaluated, i);
		else
			index->plain = lappend_int(index->plain, i);
	}
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/*
 * Columns by their names: a partition may have them in another order.  The last column of
 * a key first, which as a rule tells rows of one parent apart.  A column that only an
 * expression reads is known by what the index depends on.
 */
List *
freevalue_indexes(const RelationInfo *rel, const char *name)
{
	static const char *const sql =
		"SELECT i.indexrelid, x.evaluated, a.attname::text"
		" FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
		" CROSS JOIN LATERAL (SELECT false AS evaluated, k AS attnum, -o AS o"
		"           FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS u (k, o)"
		"          WHERE o <= i.indnkeyatts AND k > 0"
		"          UNION ALL"
		"         SELECT DISTINCT true, d.refobjsubid, d.refobjsubid FROM pg_depend d"
		"          WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid"
		"            AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid"
		"            AND d.refobjsubid > 0 AND i.indexprs IS NOT NULL"
		"            AND d.refobjsubid <> ALL (i.indkey::int2[])) AS x"
		" JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = x.attnum"
		" WHERE (i.indisunique OR i.indisexclusion) AND i.indisvalid AND c.relname = coalesce($2, "
		"c.relname::text)"
		"   AND (i.indrelid = $1 OR i.indrelid IN (SELECT relid FROM pg_partition_tree($1)))"
		" ORDER BY i.indexrelid, x.evaluated, x.o";
	Oid			types[] = {OIDOID, TEXTOID};
	Datum		values[] = {ObjectIdGetDatum(rel->oid), (Datum) 0};
	IndexList	list = {rel, CurrentMemoryContext};
	int			nestlevel = query_pin(PIN_PATH);

	if (name != NULL)
		values[1] = CStringGetTextDatum(name);
	query_run(sql, 2, types, values, name != NULL ? NULL : " n", true, take_column, &list);
	query_unpin(nestlevel);
	return list.indexes;
}

bool
freevalue_choose(FreeValues *values, const FreeIndex *index, const Bitmapset *usable)
{
	bool		chosen = false;
	ListCell   *lc;

	foreach(lc, index->plain)
	{
		int			column = lfirst_int(lc);

		if (!bms_is_member(column, usable) || free_value(values, column) == NULL)
			continue;
		values->columns = bms_add_member(values->columns, column);
		/* One column that changes frees the whole key. */
		return true;
	}
	foreach(lc, index->evaluated)
	{
		int			column = lfirst_int(lc);

		if (!bms_is_member(column, usable) ||
			kind_of(values->rel->columns[column].basetype) == FREE_NONE)
			continue;
		values->columns = bms_add_member(values->columns, column);
		values->evaluated = bms_add_member(values->evaluated, column);
		chosen = true;
	}
	return chosen;
}
