/*
 * keyform.c
 *	  One value that stands for all that its type calls equal.
 *
 * Of most types equal values print one text.  Where they do not and the rule is known,
 * one of them is chosen, by content alone, so that two servers choose alike: a number
 * without its last zeros, characters without the blanks that fill them up.  What is
 * made of others (arrays, ranges, composites) follows from its parts.  Left are texts
 * under a collation that calls different ones equal, and types that others brought:
 * there the type's own hash function decides, which is valid in this server only.
 *
 * It assumes that a type's equality is that of its default operator class.  A form
 * belongs to the context it was made in and is never changed afterwards; values that
 * it gives may be the given ones, uncopied.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "data/row/keyform.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "tsearch/ts_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/float.h"
#include "utils/formatting.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/multirangetypes.h"
#include "utils/numeric.h"
#include "utils/rangetypes.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

typedef Datum (*Choice)(KeyForm *form, Datum value);

struct KeyForm
{
	Oid			type;			/* no domain */
	Oid			collation;
	KeyFormKind kind;
	Choice		choose;			/* for KEYFORM_CHOSEN */
	int16		typlen;
	bool		byval;
	char		align;
	FmgrInfo	output;
	TypeCacheEntry *cache;		/* for ranges, and for the hash of what is opaque */
	int			nparts;			/* of an array, a range or a composite */
	KeyForm	  **parts;			/* NULL for an attribute that was dropped */
	TupleDesc	desc;			/* of a composite */
};

/* --- scalars */

static Datum
choose_numeric(KeyForm *form, Datum value)
{
	return DirectFunctionCall1(numeric_trim_scale, value);
}

/* Every NaN equals every other, and -0 equals 0, whatever their bits. */
static Datum
choose_float4(KeyForm *form, Datum value)
{
	float4		number = DatumGetFloat4(value);

	return Float4GetDatum(isnan(number) ? get_float4_nan() : number == 0 ? 0 : number);
}

static Datum
choose_float8(KeyForm *form, Datum value)
{
	float8		number = DatumGetFloat8(value);

	return Float8GetDatum(isnan(number) ? get_float8_nan() : number == 0 ? 0 : number);
}

static Datum
choose_bpchar(KeyForm *form, Datum value)
{
	BpChar	   *text = DatumGetBpCharPP(value);
	int			len = VARSIZE_ANY_EXHDR(text);

	while (len > 0 && VARDATA_ANY(text)[len - 1] == ' ')
		len--;
	return PointerGetDatum(cstring_to_text_with_len(VARDATA_ANY(text), len));
}

/* As citext compares: in lower case under the default collation. */
static Datum
choose_citext(KeyForm *form, Datum value)
{
	text	   *given = DatumGetTextPP(value);

	return CStringGetTextDatum(
		str_tolower(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given), DEFAULT_COLLATION_OID));
}

/* Months of 30 days and days of 24 hours, as intervals are compared. */
static Datum
choose_interval(KeyForm *form, Datum value)
{
	Interval   *given = DatumGetIntervalP(value);
	Interval   *chosen = palloc(sizeof(Interval));
	int64		days;
	int64		months;

	/* Two infinities are equal only as they are. */
	if (compat_interval_is_infinite(given))
		return value;
	days = given->time / USECS_PER_DAY + (int64) given->month * DAYS_PER_MONTH + given->day;
	chosen->time = given->time % USECS_PER_DAY;
	if (chosen->time < 0)
	{
		chosen->time += USECS_PER_DAY;
		days--;
	}
	months = days / DAYS_PER_MONTH;
	/* What no month can hold stays in the days: it is one form still. */
	months = Max(Min(months, PG_INT32_MAX), PG_INT32_MIN);
	chosen->month = (int32) months;
	chosen->day = (int32) (days - months * DAYS_PER_MONTH);
	return IntervalPGetDatum(chosen);
}

/* Compared are words and operators, not what a word may begin or weigh. */
static Datum
choose_tsquery(KeyForm *form, Datum value)
{
	TSQuery		query = DatumGetTSQueryCopy(value);
	QueryItem  *items = GETQUERY(query);

	for (int i = 0; i < query->size; i++)
		if (items[i].type == QI_VAL)
		{
			items[i].qoperand.weight = 0;
			items[i].qoperand.prefix = false;
		}
	return TSQueryGetDatum(query);
}

/* Its numbers are compared as numbers, all else by bytes. */
static Datum
choose_jsonb(KeyForm *form, Datum value)
{
	JsonbIterator *it = JsonbIteratorInit(&DatumGetJsonbP(value)->root);
	JsonbParseState *state = NULL;
	JsonbValue *result = NULL;
	JsonbValue	v;
	JsonbIteratorToken token;

	while ((token = JsonbIteratorNext(&it, &v, false)) != WJB_DONE)
	{
		/*
		 * A scalar document is an array that says it is none: pushed without the value it
		 * would become a real one.
		 */
		bool		raw = token == WJB_BEGIN_ARRAY && v.val.array.rawScalar;

		if ((token == WJB_ELEM || token == WJB_VALUE) && v.type == jbvNumeric)
			v.val.numeric = DatumGetNumeric(
				DirectFunctionCall1(numeric_trim_scale, NumericGetDatum(v.val.numeric)));
		result = pushJsonbValue(&state, token, token < WJB_BEGIN_ARRAY || raw ? &v : NULL);
	}
	return JsonbPGetDatum(JsonbValueToJsonb(result));
}

/* --- what is made of others */

static Datum
choose_array(KeyForm *form, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	KeyForm	   *element = form->parts[0];
	Datum	   *values;
	bool	   *nulls;
	int			count;

	/* There is one empty array, whatever its bounds were. */
	if (ARR_NDIM(array) == 0)
		return PointerGetDatum(array);
	deconstruct_array(array, ARR_ELEMTYPE(array), element->typlen, element->byval, element->align,
					  &values, &nulls, &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			values[i] = keyform_value(element, values[i]);
	return PointerGetDatum(construct_md_array(values, nulls, ARR_NDIM(array), ARR_DIMS(array),
											  ARR_LBOUND(array), ARR_ELEMTYPE(array),
											  element->typlen, element->byval, element->align));
}

static RangeType *
choose_bounds(KeyForm *form, TypeCacheEntry *cache, RangeType *range)
{
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	range_deserialize(cache, range, &lower, &upper, &empty);
	if (empty)
		return range;
	if (!lower.infinite)
		lower.val = keyform_value(form, lower.val);
	if (!upper.infinite)
		upper.val = keyform_value(form, upper.val);
	return compat_range_serialize(cache, &lower, &upper, empty);
}

static Datum
choose_range(KeyForm *form, Datum value)
{
	return RangeTypePGetDatum(
		choose_bounds(form->parts[0], form->cache, DatumGetRangeTypeP(value)));
}

static Datum
choose_multirange(KeyForm *form, Datum value)
{
	MultirangeType *given = DatumGetMultirangeTypeP(value);
	RangeType **ranges;
	int32		count;

	multirange_deserialize(form->cache->rngtype, given, &count, &ranges);
	for (int i = 0; i < count; i++)
		ranges[i] = choose_bounds(form->parts[0], form->cache->rngtype, ranges[i]);
	return MultirangeTypePGetDatum(
		make_multirange(MultirangeTypeGetOid(given), form->cache->rngtype, count, ranges));
}

static Datum
choose_composite(KeyForm *form, Datum value)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header), .t_data = header};
	Datum	   *values = palloc(sizeof(Datum) * Max(form->nparts, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(form->nparts, 1));

	ItemPointerSetInvalid(&tuple.t_self);
	heap_deform_tuple(&tuple, form->desc, values, nulls);
	for (int i = 0; i < form->nparts; i++)
		if (!nulls[i] && form->parts[i] != NULL)
			values[i] = keyform_value(form->parts[i], values[i]);
	return HeapTupleGetDatum(heap_form_tuple(form->desc, values, nulls));
}

/* --- which it is */

/*
 * What a part of that kind makes of the whole.  The kinds are in the order of what they
 * allow, so the strictest part decides.
 */
static void
add_part(KeyForm *form, int i, KeyForm *part)
{
	form->parts[i] = part;
	form->kind = Max(form->kind, part->kind);
}

static void
begin_parts(KeyForm *form, int count, Choice choose)
{
	form->nparts = count;
	form->parts = palloc0(sizeof(KeyForm *) * Max(count, 1));
	form->choose = choose;
}

/* A range may compare its bounds in another way than their type does. */
static void
begin_range(KeyForm *form, TypeCacheEntry *range, Choice choose)
{
	TypeCacheEntry *bound = lookup_type_cache(range->rngelemtype->type_id, TYPECACHE_CMP_PROC);

	begin_parts(form, 1, choose);
	add_part(form, 0, keyform_create(bound->type_id, range->rng_collation));
	if (range->rng_cmp_proc_finfo.fn_oid != bound->cmp_proc)
		form->kind = KEYFORM_OPAQUE;
}

static void
begin_composite(KeyForm *form)
{
	form->desc = lookup_rowtype_tupdesc_copy(form->type, -1);
	begin_parts(form, form->desc->natts, choose_composite);
	for (int i = 0; i < form->nparts; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(form->desc, i);

		if (!attr->attisdropped)
			add_part(form, i, keyform_create(attr->atttypid, attr->attcollation));
	}
}

/*
 * Whether the type's equality is that of the extension citext.  By what its equality
 * calls and not by its name, which anybody may give a type of his; only superusers make
 * functions in C.
 */
static bool
is_citext(Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_EQ_OPR);
	Oid			function = OidIsValid(entry->eq_opr) ? get_opcode(entry->eq_opr) : InvalidOid;
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	bool		isnull;
	Datum		source;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return false;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	result = form->prolang == ClanguageId && !isnull &&
			 strcmp(TextDatumGetCString(source), "citext_eq") == 0;
	ReleaseSysCache(tuple);
	return result;
}

static void
choose_by(KeyForm *form, Choice choose)
{
	form->kind = KEYFORM_CHOSEN;
	form->choose = choose;
}

static bool
classify_scalar(KeyForm *form)
{
	switch (form->type)
	{
		case NUMERICOID:
			choose_by(form, choose_numeric);
			return true;
		case FLOAT4OID:
			choose_by(form, choose_float4);
			return true;
		case FLOAT8OID:
			choose_by(form, choose_float8);
			return true;
		case BPCHAROID:
			choose_by(form, choose_bpchar);
			return true;
		case INTERVALOID:
			choose_by(form, choose_interval);
			return true;
		case JSONBOID:
			choose_by(form, choose_jsonb);
			return true;
		case TSQUERYOID:
			choose_by(form, choose_tsquery);
			return true;
		default:
			return false;
	}
}

static void
classify(KeyForm *form)
{
	Oid			element = get_element_type(form->type);
	char		typtype = get_typtype(form->type);

	/* Composites may hold arrays of composites, as deep as their author likes. */
	check_stack_depth();
	if (classify_scalar(form))
		return;
	if (OidIsValid(element))
	{
		begin_parts(form, 1, choose_array);
		add_part(form, 0, keyform_create(element, form->collation));
	}
	else if (typtype == TYPTYPE_RANGE)
	{
		form->cache = lookup_type_cache(form->type, TYPECACHE_RANGE_INFO);
		begin_range(form, form->cache, choose_range);
	}
	else if (typtype == TYPTYPE_MULTIRANGE)
	{
		form->cache = lookup_type_cache(form->type, TYPECACHE_MULTIRANGE_INFO);
		begin_range(form, form->cache->rngtype, choose_multirange);
	}
	else if (typtype == TYPTYPE_COMPOSITE)
		begin_composite(form);
	else if (typtype != TYPTYPE_ENUM && form->type >= FirstNormalObjectId)
	{
		/* A type that compares nothing is its text. */
		if (is_citext(form->type))
			choose_by(form, choose_citext);
		else if (OidIsValid(lookup_type_cache(form->type, TYPECACHE_EQ_OPR)->eq_opr))
			form->kind = KEYFORM_OPAQUE;
	}
}

KeyForm *
keyform_create(Oid type, Oid collation)
{
	KeyForm	   *form = palloc0(sizeof(KeyForm));
	Oid			output;
	bool		varlena;

	form->type = getBaseType(type);
	form->collation = collation;
	get_typlenbyvalalign(form->type, &form->typlen, &form->byval, &form->align);
	getTypeOutputInfo(form->type, &output, &varlena);
	fmgr_info(output, &form->output);
	classify(form);
	if (type_is_collatable(form->type) && OidIsValid(collation) &&
		/*
		 * After the type's own choice: such a collation makes different bytes equal, and
		 * which they are only its hash knows.
		 */
		!get_collation_isdeterministic(collation))
		form->kind = KEYFORM_OPAQUE;
	if (form->kind == KEYFORM_OPAQUE)
		form->cache = lookup_type_cache(form->type, TYPECACHE_HASH_EXTENDED_PROC_FINFO);
	return form;
}

KeyFormKind
keyform_kind(const KeyForm *form)
{
	return form->kind;
}

Datum
keyform_value(KeyForm *form, Datum value)
{
	return form->kind == KEYFORM_CHOSEN ? form->choose(form, value) : value;
}

/* Twice, with two seeds: the 128 bits that keyform.h promises. */
static void
append_hash(KeyForm *form, StringInfo out, Datum value)
{
	for (int seed = 0; seed < 2; seed++)
	{
		uint64 hash = DatumGetUInt64(FunctionCall2Coll(
			&form->cache->hash_extended_proc_finfo, form->collation, value, Int64GetDatum(seed)));

		appendBinaryStringInfo(out, (const char *) &hash, sizeof(hash));
	}
}

void
keyform_append(KeyForm *form, StringInfo out, Datum value)
{
	char	   *text;

	if (form->kind == KEYFORM_OPAQUE && OidIsValid(form->cache->hash_extended_proc))
	{
		append_hash(form, out, value);
		return;
	}
	/*
	 * Also where an opaque type has no hash: then equal values may be told apart, never
	 * different ones be taken for one.
	 */
	text = OutputFunctionCall(&form->output, keyform_value(form, value));
	appendBinaryStringInfo(out, text, strlen(text) + 1);
	pfree(text);
}
