/*
 * rowwriter.c
 *	  Rows to JSON objects.
 *
 * Each column has an emitter chosen once.  The frequent types are written from
 * their datum without a detour through a C string, in exactly the words of
 * their output function under the pinned settings; every other type goes
 * through its output function.
 *
 * It assumes that whoever writes a row with pinned columns has set the pins
 * (rowwriter_needs_pins()), and that the buffer is a StringInfo, which says when a row
 * is too long.  It never reads a setting for types that it writes by itself.
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "base/compat.h"
#include "base/json.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "data/row/rowcodec.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

typedef struct ColumnWriter ColumnWriter;
typedef void (*Emitter)(StringInfo out, ColumnWriter *column, Datum value);

/* How a column becomes a member; chosen once a scan, not once a row. */
struct ColumnWriter
{
	char	   *key;			/* ,"name": */
	int			keylen;
	Emitter		emit;
	FmgrInfo	output;
	bool		pinned;			/* its text depends on settings */
	KeyForm	   *form;			/* for keys; NULL for none */
	bool		form_always;	/* and for rows */

	/* 1.1 only: what an array or a composite is made of */
	RowFormat	format;
	Oid			type;
	ColumnWriter *element;
	int16		typlen;
	bool		byval;
	char		align;
	RowWriter  *fields;
	TupleDesc	desc;
};

/* Keeps no row: a row is written while its slot is filled. */
struct RowWriter
{
	RowFormat	format;
	int			ncolumns;
	bool		pinned;
	ColumnWriter *columns;
};

static void choose_emitter(ColumnWriter *column, Oid type, RowFormat format);

static void
emit_bool(StringInfo out, ColumnWriter *column, Datum value)
{
	if (DatumGetBool(value))
		appendBinaryStringInfo(out, "true", 4);
	else
		appendBinaryStringInfo(out, "false", 5);
}

/* Straight into the buffer: of a backup's time most goes into values like these. */
static void
emit_int2(StringInfo out, ColumnWriter *column, Datum value)
{
	enlargeStringInfo(out, 8);
	out->len += pg_ltoa(DatumGetInt16(value), out->data + out->len);
}

/* pg_ltoa() ends with a NUL, for which there is room but no count. */
static void
emit_int4(StringInfo out, ColumnWriter *column, Datum value)
{
	enlargeStringInfo(out, 12);
	out->len += pg_ltoa(DatumGetInt32(value), out->data + out->len);
}

static void
emit_int8(StringInfo out, ColumnWriter *column, Datum value)
{
	enlargeStringInfo(out, MAXINT8LEN + 1);
	out->len += pg_lltoa(DatumGetInt64(value), out->data + out->len);
}

/* What is no number in JSON goes as the text its type prints. */
static void
emit_infinite(StringInfo out, double value)
{
	appendStringInfoString(out, isnan(value) ? "\"NaN\""
								: value > 0	 ? "\"Infinity\""
											 : "\"-Infinity\"");
}

/* The shortest text that reads back as the same value, whatever extra_float_digits says. */
static void
emit_float4(StringInfo out, ColumnWriter *column, Datum value)
{
	float		f = DatumGetFloat4(value);

	if (isnan(f) || isinf(f))
	{
		emit_infinite(out, f);
		return;
	}
	enlargeStringInfo(out, FLOAT_SHORTEST_DECIMAL_LEN);
	out->len += float_to_shortest_decimal_buf(f, out->data + out->len);
}

/* The shortest text that is read as the same number: what extra_float_digits = 1 gives. */
static void
emit_float8(StringInfo out, ColumnWriter *column, Datum value)
{
	double		d = DatumGetFloat8(value);

	if (isnan(d) || isinf(d))
	{
		emit_infinite(out, d);
		return;
	}
	enlargeStringInfo(out, DOUBLE_SHORTEST_DECIMAL_LEN);
	out->len += double_to_shortest_decimal_buf(d, out->data + out->len);
}

/*
 * As a number in the exact format, so that readers see one; in 1.1 as text, as that release
 * had it.
 */
static void
emit_numeric(StringInfo out, ColumnWriter *column, Datum value)
{
	char	   *text = DatumGetCString(DirectFunctionCall1(numeric_out, value));
	char		last = text[strlen(text) - 1];

	/* NaN, Infinity and -Infinity end in a letter */
	if (column->format == ROW_EXACT && last >= '0' && last <= '9')
		appendStringInfoString(out, text);
	else
		json_escape(out, text, strlen(text));
	pfree(text);
}

/* A copy only where the value is compressed or stored elsewhere. */
static void
emit_text(StringInfo out, ColumnWriter *column, Datum value)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);

	json_escape(out, VARDATA_ANY(text), VARSIZE_ANY_EXHDR(text));
	if ((Pointer) text != DatumGetPointer(value))
		pfree(text);
}

/* As itself, not as a text that holds JSON. */
static void
emit_jsonb(StringInfo out, ColumnWriter *column, Datum value)
{
	Jsonb	   *jb = DatumGetJsonbP(value);

	JsonbToCString(out, &jb->root, VARSIZE(jb));
	if ((Pointer) jb != DatumGetPointer(value))
		pfree(jb);
}

/* json embedded: its text may hold line breaks, and a line of ours may not. */
static void
emit_json_embedded(StringInfo out, ColumnWriter *column, Datum value)
{
	struct varlena *text = PG_DETOAST_DATUM_PACKED(value);
	const char *p = VARDATA_ANY(text);
	int			len = VARSIZE_ANY_EXHDR(text);

	enlargeStringInfo(out, len);
	for (int i = 0; i < len; i++)
		out->data[out->len++] = p[i] == '\n' || p[i] == '\r' ? ' ' : p[i];
	out->data[out->len] = '\0';
}

/* Written the ISO way, for 1.1 with a T between date and time. */
static int
iso_style(const ColumnWriter *column)
{
	return column->format == ROW_EXACT ? USE_ISO_DATES : USE_XSD_DATES;
}

/* For texts of ours, in which nothing needs an escape. */
static void
emit_quoted_ascii(StringInfo out, const char *text)
{
	appendStringInfoCharMacro(out, '"');
	appendStringInfoString(out, text);
	appendStringInfoCharMacro(out, '"');
}

/* ISO in any case, whatever DateStyle is: the text is read elsewhere. */
static void
emit_timestamp_text(StringInfo out, ColumnWriter *column, Timestamp value, bool zoned)
{
	char		text[MAXDATELEN + 1];
	struct pg_tm tm;
	fsec_t		fsec;

	if (TIMESTAMP_NOT_FINITE(value))
		EncodeSpecialTimestamp(value, text);
	else if (timestamp2tm(value, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	else
	{
		tm.tm_isdst = 0;
		EncodeDateTime(&tm, fsec, zoned, 0, NULL, iso_style(column), text);
	}
	emit_quoted_ascii(out, text);
}

static void
emit_timestamp(StringInfo out, ColumnWriter *column, Datum value)
{
	emit_timestamp_text(out, column, DatumGetTimestamp(value), false);
}

static void
emit_timestamptz(StringInfo out, ColumnWriter *column, Datum value)
{
	emit_timestamp_text(out, column, DatumGetTimestampTz(value), true);
}

/* As timestamps. */
static void
emit_date(StringInfo out, ColumnWriter *column, Datum value)
{
	DateADT		date = DatumGetDateADT(value);
	char		text[MAXDATELEN + 1];
	struct pg_tm tm;

	if (DATE_NOT_FINITE(date))
		EncodeSpecialDate(date, text);
	else
	{
		j2date(date + POSTGRES_EPOCH_JDATE, &tm.tm_year, &tm.tm_mon, &tm.tm_mday);
		EncodeDateOnly(&tm, iso_style(column), text);
	}
	emit_quoted_ascii(out, text);
}

static void
emit_uuid(StringInfo out, ColumnWriter *column, Datum value)
{
	static const char hex[] = "0123456789abcdef";
	pg_uuid_t  *uuid = DatumGetUUIDP(value);
	char	   *p;

	enlargeStringInfo(out, 40);
	p = out->data + out->len;
	*p++ = '"';
	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[uuid->data[i] >> 4];
		*p++ = hex[uuid->data[i] & 0xf];
	}
	*p++ = '"';
	*p = '\0';
	out->len = p - out->data;
}

/* Hex, as bytea_output has it by default; the other form could not be told from text. */
static void
emit_bytea(StringInfo out, ColumnWriter *column, Datum value)
{
	struct varlena *bytes = PG_DETOAST_DATUM_PACKED(value);
	int			len = VARSIZE_ANY_EXHDR(bytes);

	/* hex counts in size_t, StringInfo in int: the latter says when it is too much */
	if (len > (MaxAllocSize - 16) / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("a bytea value of %d bytes is too long for a backup", len)));
	enlargeStringInfo(out, 2 * len + 8);
	memcpy(out->data + out->len, "\"\\\\x", 4);
	out->len += 4;
	out->len += hex_encode(VARDATA_ANY(bytes), len, out->data + out->len);
	out->data[out->len++] = '"';
	out->data[out->len] = '\0';
	if ((Pointer) bytes != DatumGetPointer(value))
		pfree(bytes);
}

/* Any other type prints itself; what its text depends on is pinned by whoever writes the row. */
static void
emit_output(StringInfo out, ColumnWriter *column, Datum value)
{
	char	   *text = OutputFunctionCall(&column->output, value);

	json_escape(out, text, strlen(text));
	pfree(text);
}

/* One dimension of an array from *item on, and the dimensions below it. */
static void
emit_dimension(StringInfo out, ColumnWriter *column, ArrayType *array, int dimension, Datum *values,
			   bool *nulls, int *item)
{
	int			count = ARR_DIMS(array)[dimension];

	appendStringInfoCharMacro(out, '[');
	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			appendStringInfoCharMacro(out, ',');
		if (dimension + 1 < ARR_NDIM(array))
			emit_dimension(out, column, array, dimension + 1, values, nulls, item);
		else
		{
			if (nulls[*item])
				appendBinaryStringInfo(out, "null", 4);
			else
				column->element->emit(out, column->element, values[*item]);
			(*item)++;
		}
	}
	appendStringInfoCharMacro(out, ']');
}

/* Every dimension a JSON array; lower bounds are lost, which version 1.1 cannot say. */
static void
emit_array(StringInfo out, ColumnWriter *column, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	Datum	   *values;
	bool	   *nulls;
	int			count;
	int			item = 0;

	deconstruct_array(array, ARR_ELEMTYPE(array), column->typlen, column->byval, column->align,
					  &values, &nulls, &count);
	if (ARR_NDIM(array) == 0)
		appendBinaryStringInfo(out, "[]", 2);
	else
		emit_dimension(out, column, array, 0, values, nulls, &item);
}

/*
 * Only in 1.1, as an object; in the exact format its text is written, which the type's
 * input function reads.
 */
static void
emit_composite(StringInfo out, ColumnWriter *column, Datum value)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	HeapTupleData tuple;
	TupleTableSlot *slot;

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	ItemPointerSetInvalid(&tuple.t_self);
	tuple.t_tableOid = InvalidOid;
	tuple.t_data = header;
	slot = MakeSingleTupleTableSlot(column->desc, &TTSOpsHeapTuple);
	ExecStoreHeapTuple(&tuple, slot, false);
	rowwriter_write(column->fields, out, slot);
	ExecDropSingleTupleTableSlot(slot);
}

/* Types whose output function reads no setting. */
static bool
output_is_constant(Oid type)
{
	Oid			element;

	switch (type)
	{
		case BOOLOID:
		case CHAROID:
		case NAMEOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case OIDOID:
		case TIDOID:
		case XIDOID:
		case CIDOID:
		case TEXTOID:
		case BPCHAROID:
		case VARCHAROID:
		case NUMERICOID:
		case JSONOID:
		case JSONBOID:
		case UUIDOID:
		case INETOID:
		case CIDROID:
		case MACADDROID:
		case MACADDR8OID:
		case BITOID:
		case VARBITOID:
		case TSVECTOROID:
		case TSQUERYOID:
			return true;
		default:
			element = get_element_type(type);
			if (OidIsValid(element))
				return output_is_constant(getBaseType(element));
			return get_typtype(type) == TYPTYPE_ENUM;
	}
}

/* Types whose text is the same under every setting, or is made here without asking any. */
static Emitter
emitter_for(Oid base)
{
	switch (base)
	{
		case BOOLOID:
			return emit_bool;
		case INT2OID:
			return emit_int2;
		case INT4OID:
			return emit_int4;
		case INT8OID:
			return emit_int8;
		case FLOAT4OID:
			return emit_float4;
		case FLOAT8OID:
			return emit_float8;
		case NUMERICOID:
			return emit_numeric;
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case JSONOID:
			return emit_text;
		case JSONBOID:
			return emit_jsonb;
		case TIMESTAMPOID:
			return emit_timestamp;
		case TIMESTAMPTZOID:
			return emit_timestamptz;
		case DATEOID:
			return emit_date;
		case UUIDOID:
			return emit_uuid;
		case BYTEAOID:
			return emit_bytea;
		default:
			return NULL;
	}
}

/* 1.1 nests what 2.0 prints as text. */
static void
choose_nested(ColumnWriter *column, Oid base)
{
	Oid			element = get_element_type(base);

	check_stack_depth();
	if (base == JSONOID)
		column->emit = emit_json_embedded;
	else if (OidIsValid(element))
	{
		column->emit = emit_array;
		column->element = palloc0(sizeof(ColumnWriter));
		get_typlenbyvalalign(element, &column->typlen, &column->byval, &column->align);
		choose_emitter(column->element, element, ROW_PLAIN);
		column->pinned = column->element->pinned;
	}
	else if (get_typtype(base) == TYPTYPE_COMPOSITE)
	{
		column->emit = emit_composite;
		column->desc = lookup_rowtype_tupdesc_copy(base, -1);
		column->fields = rowwriter_create(column->desc, column->desc->natts, ROW_PLAIN);
		column->pinned = column->fields->pinned;
	}
}

/* A domain prints as its base type does. */
static void
choose_emitter(ColumnWriter *column, Oid type, RowFormat format)
{
	Oid			base = getBaseType(type);
	Oid			output;
	bool		is_varlena;

	column->type = type;
	column->format = format;
	column->emit = emitter_for(base);
	if (format == ROW_PLAIN)
		choose_nested(column, base);
	if (column->emit != NULL)
		return;
	getTypeOutputInfo(type, &output, &is_varlena);
	fmgr_info(output, &column->output);
	column->emit = emit_output;
	column->pinned = !output_is_constant(base);
}

/*
 * A line that begins with "table" or "end" is no row to a reader.  A column of
 * such a name is spelt with an escape, so that no row can pass for such a line.
 */
static void
append_name(StringInfo out, const char *name, RowFormat format)
{
	bool		reserved = strcmp(name, "table") == 0 || strcmp(name, "end") == 0;

	if (format == ROW_EXACT && reserved)
		appendStringInfo(out, "\"\\u%04x%s\"", (unsigned char) *name, name + 1);
	else
		json_escape(out, name, strlen(name));
}

/*
 * In the current context. ncolumns may be less than the descriptor has: what stands behind
 * is read by others.
 */
RowWriter *
rowwriter_create(TupleDesc desc, int ncolumns, RowFormat format)
{
	RowWriter  *writer = palloc0(sizeof(RowWriter));

	writer->format = format;
	writer->ncolumns = ncolumns;
	writer->columns = palloc0(sizeof(ColumnWriter) * Max(ncolumns, 1));
	for (int i = 0; i < ncolumns; i++)
	{
		Form_pg_attribute attr = TupleDescAttr(desc, i);
		ColumnWriter *column = &writer->columns[i];
		StringInfoData key;

		if (attr->attisdropped)
			continue;
		initStringInfo(&key);
		appendStringInfoChar(&key, ',');
		append_name(&key, NameStr(attr->attname), format);
		appendStringInfoChar(&key, ':');
		column->key = key.data;
		column->keylen = key.len;
		choose_emitter(column, attr->atttypid, format);
		writer->pinned |= column->pinned;
	}
	return writer;
}

/*
 * Whether the text of some column depends on settings, which the caller then pins around
 * the rows.
 */
bool
rowwriter_needs_pins(const RowWriter *writer)
{
	return writer->pinned;
}

/*
 * From then on keys are written in the form that all equal values share; always says that
 * rows are, too.
 */
void
rowwriter_use_form(RowWriter *writer, int column, KeyForm *form, bool always)
{
	writer->columns[column].form = form;
	writer->columns[column].form_always = always;
}

/* The column's value alone, without its name; the slot's datum must not be NULL. */
void
rowwriter_value(RowWriter *writer, StringInfo out, int column, Datum value)
{
	writer->columns[column].emit(out, &writer->columns[column], value);
}

/* A member, or nothing where NULL is an absent one; returns how much of the next key is skipped. */
static inline int
write_member(RowWriter *writer, StringInfo out, TupleTableSlot *slot, int index, int skip, bool key)
{
	ColumnWriter *column = &writer->columns[index];
	bool		isnull = slot->tts_isnull[index];

	if (column->key == NULL || (isnull && writer->format == ROW_EXACT))
		return skip;
	appendBinaryStringInfo(out, column->key + skip, column->keylen - skip);
	if (isnull)
		appendBinaryStringInfo(out, "null", 4);
	else if (column->form != NULL && (key || column->form_always))
		column->emit(out, column, keyform_value(column->form, slot->tts_values[index]));
	else
		column->emit(out, column, slot->tts_values[index]);
	return 0;
}

/* An object of all columns, NULLs included, in their order. */
void
rowwriter_write(RowWriter *writer, StringInfo out, TupleTableSlot *slot)
{
	int			skip = 1;		/* the first key goes without its comma */

	slot_getsomeattrs(slot, writer->ncolumns);
	appendStringInfoCharMacro(out, '{');
	for (int i = 0; i < writer->ncolumns; i++)
		skip = write_member(writer, out, slot, i, skip, false);
	appendStringInfoCharMacro(out, '}');
}

/* Some columns, in the order asked for, written as keys. */
void
rowwriter_write_columns(RowWriter *writer, StringInfo out, TupleTableSlot *slot, const int *columns,
						int count)
{
	int			skip = 1;

	slot_getsomeattrs(slot, writer->ncolumns);
	appendStringInfoCharMacro(out, '{');
	for (int i = 0; i < count; i++)
		skip = write_member(writer, out, slot, columns[i], skip, true);
	appendStringInfoCharMacro(out, '}');
}
