/*
 * texts.c
 *	  Strings as PostgreSQL's interfaces want them: formatted, and as arrays.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/texts.h"
#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"

/* The arguments are read anew in each attempt, so each has a copy of its own. */
char *
texts_format(const char *format, va_list args)
{
	StringInfoData text;
	va_list		copy;
	int			needed;

	initStringInfo(&text);
	for (;;)
	{
		va_copy(copy, args);
		needed = appendStringInfoVA(&text, format, copy);
		va_end(copy);
		if (needed == 0)
			return text.data;
		enlargeStringInfo(&text, needed);
	}
}

Datum
texts_to_array(List *strings)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(list_length(strings), 1));
	int			count = 0;
	ListCell   *lc;

	foreach(lc, strings)
		values[count++] = CStringGetTextDatum(lfirst(lc));
	return PointerGetDatum(construct_array(values, count, TEXTOID, -1, false, TYPALIGN_INT));
}

/* A null in it is an error of the server's. */
List *
texts_from_array(Datum array)
{
	Datum	   *values;
	int			count;
	List	   *strings = NIL;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &values, NULL,
					  &count);
	for (int i = 0; i < count; i++)
		strings = lappend(strings, TextDatumGetCString(values[i]));
	return strings;
}
