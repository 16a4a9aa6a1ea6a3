/*
 * columntype.c
 *	  What a file says of the type of a column, and whether a value fits another type.
 *
 * A type's input function takes more than its values can hold: it rounds a number, cuts
 * the seconds of a time, the time of a timestamp, the blanks at the end of a text.  Nobody
 * is told.  So where the file's type is not the column's, or is not known, a value is
 * compared with what its text says: read again without the modifier of the type, or as
 * a number or a timestamp.
 *
 * Only texts that the wider type takes are read again, so that no row fails by being
 * asked.  json and jsonb are each other's: blanks and the order of members are no values.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_type.h"
#include "data/row/columntype.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

typedef enum NarrowKind
{
	NARROW_MODIFIER,			/* by what the type reads without its modifier */
	NARROW_NUMBER,				/* by the number that the text is */
	NARROW_DAY,					/* of a timestamp */
	NARROW_ALWAYS,				/* of a timestamp its time, of a time its zone */
	NARROW_TEXT,				/* by the text that it prints */
	NARROW_BLANKS				/* by the blanks at the end of the text */
} NarrowKind;

struct NarrowType
{
	NarrowKind	kind;
	bool		blanks;			/* and by these */
	FmgrInfo	input;
	FmgrInfo	output;
	Oid			ioparam;
	Oid			collation;
	FmgrInfo   *equal;			/* NULL: of varchar, which is its text */
};

char *
columntype_name(Oid type, int32 typmod)
{
	Oid			element = get_element_type(type);
	HeapTuple	tuple;
	Form_pg_type form;
	char	   *name;

	if (OidIsValid(element))
		return psprintf("%s[]", columntype_name(element, typmod));
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	form = (Form_pg_type) GETSTRUCT(tuple);
	if (form->typnamespace == PG_CATALOG_NAMESPACE)
		name = pstrdup(NameStr(form->typname));
	else
		name = quote_qualified_identifier(get_namespace_name(form->typnamespace),
										  NameStr(form->typname));
	if (typmod >= 0 && OidIsValid(form->typmodout))
		name = psprintf("%s%s", name,
						DatumGetCString(OidFunctionCall1(form->typmodout, Int32GetDatum(typmod))));
	ReleaseSysCache(tuple);
	return name;
}

/* Whether the file's type is that one, whatever its modifier. */
static bool
is_type(const char *from, const char *name)
{
	size_t		len = strlen(name);

	return from != NULL && strncmp(from, name, len) == 0 && (from[len] == '\0' || from[len] == '(');
}

static bool
is_timestamp(const char *from)
{
	return is_type(from, "timestamp") || is_type(from, "timestamptz");
}

/* What types lose that have no modifier, or whatever it is; false: nothing that is known. */
static bool
choose_kind(Oid type, const char *from, NarrowKind *kind)
{
	switch (type)
	{
		case FLOAT4OID:
		case FLOAT8OID:
		case CASHOID:
			*kind = NARROW_NUMBER;
			return true;
		case DATEOID:
			*kind = NARROW_DAY;
			return is_timestamp(from);
		case TIMEOID:
			*kind = NARROW_ALWAYS;
			return is_timestamp(from) || is_type(from, "timetz");
		case TIMETZOID:
			*kind = NARROW_ALWAYS;
			return is_timestamp(from);
		case NAMEOID:
		case CHAROID:
			*kind = NARROW_TEXT;
			return true;
		case INT2OID:
		case INT4OID:
		case INT8OID:
			/* 007 */
			*kind = NARROW_TEXT;
			return is_type(from, "text") || is_type(from, "varchar") || is_type(from, "bpchar");
		default:
			return false;
	}
}

NarrowType *
columntype_narrow(Oid type, int32 typmod, const char *from)
{
	NarrowType *narrow = palloc0(sizeof(NarrowType));
	bool		blanks = type == BPCHAROID && !is_type(from, "bpchar") && from != NULL;
	TypeCacheEntry *cache;
	Oid			function;
	bool		varlena;

	if (from != NULL && strcmp(from, columntype_name(type, typmod)) == 0)
		return NULL;
	if (!choose_kind(type, from, &narrow->kind))
	{
		if (typmod < 0 && !blanks)
			return NULL;
		narrow->kind = typmod < 0 ? NARROW_BLANKS : NARROW_MODIFIER;
	}
	narrow->blanks = blanks;
	getTypeInputInfo(type, &function, &narrow->ioparam);
	fmgr_info(function, &narrow->input);
	getTypeOutputInfo(type, &function, &varlena);
	fmgr_info(function, &narrow->output);
	cache = lookup_type_cache(type, TYPECACHE_EQ_OPR_FINFO);
	narrow->collation = cache->typcollation;
	if (type != VARCHAROID)
		narrow->equal = &cache->eq_opr_finfo;
	/* Nothing tells whether such values are the same. */
	if (narrow->kind == NARROW_MODIFIER && narrow->equal != NULL &&
		!OidIsValid(narrow->equal->fn_oid))
		return NULL;
	return narrow;
}

/* A number as every type of numbers reads it. */
static bool
is_number(const char *text)
{
	return *text != '\0' && strspn(text, "0123456789+-.eE") == strlen(text);
}

static Datum
number_of(const char *text)
{
	return DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
							   Int32GetDatum(-1));
}

/* What a type of numbers prints, without the signs of a currency; pins have it in C. */
static char *
digits_of(const char *printed)
{
	char	   *digits = palloc(strlen(printed) + 1);
	char	   *to = digits;

	for (; *printed != '\0'; printed++)
		if (*printed != '$' && *printed != ',')
			*to++ = *printed;
	*to = '\0';
	return digits;
}

static bool
is_other_number(NarrowType *narrow, const char *text, Datum value)
{
	char	   *printed = OutputFunctionCall(&narrow->output, value);
	char	   *digits = digits_of(printed);

	if (strcmp(printed, text) == 0 || !is_number(text) || !is_number(digits))
		return false;
	return !DatumGetBool(DirectFunctionCall2(numeric_eq, number_of(text), number_of(digits)));
}

static bool
is_other_day(const char *text, Datum value)
{
	Datum		whole = DirectFunctionCall3(timestamp_in, CStringGetDatum(text),
											ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

	return !DatumGetBool(
		DirectFunctionCall2(timestamp_eq, whole, DirectFunctionCall1(date_timestamp, value)));
}

static bool
is_other_text(NarrowType *narrow, const char *text, Datum value)
{
	return strcmp(OutputFunctionCall(&narrow->output, value), text) != 0;
}

static bool
is_other_value(NarrowType *narrow, const char *text, int len, Datum value)
{
	Datum		whole;

	if (narrow->equal == NULL)
		return VARSIZE_ANY_EXHDR(DatumGetPointer(value)) != len ||
			   memcmp(VARDATA_ANY(DatumGetPointer(value)), text, len) != 0;
	whole = InputFunctionCall(&narrow->input, unconstify(char *, text), narrow->ioparam, -1);
	return !DatumGetBool(FunctionCall2Coll(narrow->equal, narrow->collation, whole, value));
}

bool
columntype_narrows(NarrowType *narrow, const char *text, int len, Datum value)
{
	if (narrow->blanks && len > 0 && text[len - 1] == ' ')
		return true;
	switch (narrow->kind)
	{
		case NARROW_MODIFIER:
			return is_other_value(narrow, text, len, value);
		case NARROW_NUMBER:
			return is_other_number(narrow, text, value);
		case NARROW_DAY:
			return is_other_day(text, value);
		case NARROW_ALWAYS:
			return true;
		case NARROW_TEXT:
			return is_other_text(narrow, text, value);
		case NARROW_BLANKS:
			return false;
	}
	return false;
}
