/*
 * rowarrays.c
 *	  Rows of ours as arrays, one a column, which a statement takes as parameters.
 *
 * A named relation of rows is known to this backend's executor alone.  Where another one
 * runs the statement (a distributed table, one behind a foreign server) the same rows go
 * as parameters, and unnest() makes rows of them again, in their order.
 *
 * unnest() would flatten an array of arrays and spread rows over columns, and some types
 * have no array: such columns travel as text and are cast back.  The caller sees to it
 * that text is written and read under settings that make it the same value again.
 */
#include "postgres.h"

#include "base/rowarrays.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"

typedef struct ArrayColumn
{
	Oid			element;
	Oid			array;
	bool		as_text;
	Oid			output;			/* where it goes as text */
	ArrayBuildState *state;		/* NULL while no row was put */
} ArrayColumn;

struct RowArrays
{
	TupleDesc	desc;
	bool		has_text;
	ArrayColumn columns[FLEXIBLE_ARRAY_MEMBER];
};

static void
begin_column(ArrayColumn *column, Oid type)
{
	bool		spreads = OidIsValid(get_base_element_type(type)) || type_is_rowtype(type);
	bool		varlena;

	column->element = type;
	column->array = spreads ? InvalidOid : get_array_type(type);
	if (OidIsValid(column->array))
		return;
	column->as_text = true;
	column->element = TEXTOID;
	column->array = TEXTARRAYOID;
	getTypeOutputInfo(type, &column->output, &varlena);
}

RowArrays *
rowarrays_create(MemoryContext cxt, TupleDesc desc)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(cxt);
	RowArrays  *rows =
		palloc0(offsetof(RowArrays, columns) + sizeof(ArrayColumn) * Max(desc->natts, 1));

	rows->desc = CreateTupleDescCopy(desc);
	for (int i = 0; i < desc->natts; i++)
	{
		begin_column(&rows->columns[i], TupleDescAttr(desc, i)->atttypid);
		rows->has_text |= rows->columns[i].as_text;
	}
	MemoryContextSwitchTo(oldcxt);
	return rows;
}

void
rowarrays_put(RowArrays *rows, MemoryContext valuecxt, Datum *values, bool *nulls)
{
	for (int i = 0; i < rows->desc->natts; i++)
	{
		ArrayColumn *column = &rows->columns[i];
		Datum		value = values[i];

		if (column->as_text && !nulls[i])
			value = CStringGetTextDatum(OidOutputFunctionCall(column->output, value));
		if (column->state == NULL)
			column->state = initArrayResult(column->element, valuecxt, false);
		column->state = accumArrayResult(column->state, value, nulls[i], column->element, valuecxt);
	}
}

void
rowarrays_clear(RowArrays *rows)
{
	for (int i = 0; i < rows->desc->natts; i++)
		rows->columns[i].state = NULL;
}

int
rowarrays_count(const RowArrays *rows)
{
	return rows->desc->natts;
}

void
rowarrays_types(const RowArrays *rows, Oid *types)
{
	for (int i = 0; i < rows->desc->natts; i++)
		types[i] = rows->columns[i].array;
}

void
rowarrays_values(RowArrays *rows, Datum *values)
{
	for (int i = 0; i < rows->desc->natts; i++)
	{
		ArrayColumn *column = &rows->columns[i];

		if (column->state == NULL)
			values[i] = PointerGetDatum(construct_empty_array(column->element));
		else
			values[i] = makeArrayResult(column->state, CurrentMemoryContext);
	}
}

static void
append_column(StringInfo out, const RowArrays *rows, int i)
{
	Form_pg_attribute attribute = TupleDescAttr(rows->desc, i);
	const char *name = quote_identifier(NameStr(attribute->attname));

	appendStringInfoString(out, i > 0 ? ", " : "");
	if (rows->columns[i].as_text)
		appendStringInfo(
			out, "CAST(u.%s AS %s)", name,
			format_type_extended(attribute->atttypid, attribute->atttypmod,
								 FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
	else
		appendStringInfo(out, "u.%s", name);
	if (OidIsValid(attribute->attcollation))
		appendStringInfo(out, " COLLATE %s", generate_collation_name(attribute->attcollation));
	appendStringInfo(out, " AS %s", name);
}

/* A parameter needs no cast: its type is fixed with the plan. */
char *
rowarrays_select(const RowArrays *rows, int first)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "SELECT ");
	for (int i = 0; i < rows->desc->natts; i++)
		append_column(&out, rows, i);
	appendStringInfoString(&out, " FROM ROWS FROM (");
	for (int i = 0; i < rows->desc->natts; i++)
		appendStringInfo(&out, "%spg_catalog.unnest($%d)", i > 0 ? ", " : "", first + i);
	appendStringInfoString(&out, ") AS u (");
	for (int i = 0; i < rows->desc->natts; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? ", " : "",
						 quote_identifier(NameStr(TupleDescAttr(rows->desc, i)->attname)));
	appendStringInfoChar(&out, ')');
	return out.data;
}

bool
rowarrays_has_text(const RowArrays *rows)
{
	return rows->has_text;
}

Oid
rowarrays_type(const RowArrays *rows, int column)
{
	return rows->columns[column].as_text ? InvalidOid : rows->columns[column].array;
}
