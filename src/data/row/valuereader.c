/*
 * valuereader.c
 *	  Fields of a row to values of a column's type.
 *
 * The type decides how a field is read, never the field: the same digits are a
 * number in one column and text in another.  Frequent types are read here from
 * the slice itself; all others go through their input function, which is looked
 * up once a column.
 *
 * A field is anybody's: a value that the type refuses is the server's own error,
 * raised from here, and what it costs is its caller's attempt.  Values lie in the
 * current context.  It never runs a domain's checks: those are the assignment's.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/pg_type.h"
#include "data/row/columntype.h"
#include "data/row/rowliteral.h"
#include "data/row/valuereader.h"
#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/json.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#define MAX_FAST_DIGITS 18

struct ValueReader
{
	Oid			type;
	int32		typmod;
	Oid			declared;		/* the column's own type, which may be a domain */
	bool		plain;
	bool		composed;		/* an array or a composite: JSON may be nested in it */
	bool		pinned;
	bool		from_jsonb;		/* the file's column is jsonb: a string there is a string */
	bool		from_other;		/* it is of another type, whose text a string is */
	int16		typlen;
	bool		byval;
	FmgrInfo	input;
	FmgrInfo	output;
	Oid			ioparam;
	NarrowType *narrow;			/* NULL where a value is what its text says */
	bool		changed;		/* the last one was not */
};

/* Types whose text means the same under every setting. */
static bool
is_independent(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case NUMERICOID:
		case FLOAT4OID:
		case FLOAT8OID:
		case TEXTOID:
		case VARCHAROID:
		case BPCHAROID:
		case NAMEOID:
		case UUIDOID:
		case BYTEAOID:
		case JSONOID:
		case JSONBOID:
		case INETOID:
		case CIDROID:
			return true;
		default:
			return type_is_enum(type);
	}
}

/*
 * As the base type: a domain is checked where the value is assigned, under the caller's
 * settings.
 */
ValueReader *
valuereader_create(const RelationColumn *column, bool plain)
{
	ValueReader *r = palloc0(sizeof(ValueReader));
	Oid			function;
	Oid			element;
	bool		varlena;

	r->typmod = column->typmod;
	r->declared = column->type;
	r->type = getBaseTypeAndTypmod(column->type, &r->typmod);
	r->plain = plain;
	element = get_element_type(r->type);
	r->composed = OidIsValid(element) || type_is_rowtype(r->type);
	r->pinned = OidIsValid(element) || !is_independent(r->type);
	get_typlenbyval(r->type, &r->typlen, &r->byval);
	getTypeInputInfo(r->type, &function, &r->ioparam);
	fmgr_info(function, &r->input);
	getTypeOutputInfo(r->type, &function, &varlena);
	fmgr_info(function, &r->output);
	return r;
}

/* Of a type with a schema's name before it, a domain perhaps, nothing is known here. */
void
valuereader_from(ValueReader *r, const char *type)
{
	bool		known = type != NULL && *type != '\0' && strchr(type, '.') == NULL;

	r->narrow = columntype_narrow(r->type, r->typmod, known ? type : NULL);
	r->from_jsonb = !r->plain && type != NULL && strcmp(type, "jsonb") == 0;
	r->from_other = !r->plain && type != NULL && !r->from_jsonb && strchr(type, '.') == NULL;
}

Oid
valuereader_type(const ValueReader *r)
{
	return r->type;
}

int32
valuereader_typmod(const ValueReader *r)
{
	return r->typmod;
}

bool
valuereader_needs_pins(const ValueReader *r)
{
	return r->pinned;
}

/* An integer of few digits; false sends everything else to the input function. */
static bool
read_integer(const char *p, int len, int64 *value)
{
	const char *end = p + len;
	bool		negative = len > 0 && *p == '-';
	int64		n = 0;

	if (negative)
		p++;
	if (p == end || end - p > MAX_FAST_DIGITS)
		return false;
	for (; p < end; p++)
	{
		if (*p < '0' || *p > '9')
			return false;
		n = n * 10 + (*p - '0');
	}
	*value = negative ? -n : n;
	return true;
}

/* An integer of the type, where it is one and the number fits. */
static bool
integer_datum(Oid type, int64 n, Datum *value)
{
	if (type == INT8OID)
		*value = Int64GetDatum(n);
	else if (type == INT4OID && n >= PG_INT32_MIN && n <= PG_INT32_MAX)
		*value = Int32GetDatum((int32) n);
	else if (type == INT2OID && n >= PG_INT16_MIN && n <= PG_INT16_MAX)
		*value = Int16GetDatum((int16) n);
	else
		return false;
	return true;
}

/* text[len] is NUL. */
Datum
valuereader_text(ValueReader *r, const char *text, int len)
{
	int64		n;
	Datum		value;

	if (r->narrow != NULL)
	{
		value = InputFunctionCall(&r->input, unconstify(char *, text), r->ioparam, r->typmod);
		r->changed |= columntype_narrows(r->narrow, text, len, value);
		return value;
	}
	switch (r->type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			if (read_integer(text, len, &n) && integer_datum(r->type, n, &value))
				return value;
			break;
		case TEXTOID:
			return PointerGetDatum(cstring_to_text_with_len(text, len));
		case VARCHAROID:
			if (r->typmod < 0)
				return PointerGetDatum(cstring_to_text_with_len(text, len));
			break;
		default:
			break;
	}
	return InputFunctionCall(&r->input, unconstify(char *, text), r->ioparam, r->typmod);
}

/* The field's bytes are UTF-8; values are made from the server's encoding. */
static void
to_server_encoding(RowField *field)
{
	char	   *text;

	if (GetDatabaseEncoding() == PG_UTF8)
		return;
	text = pg_any_to_server(field->data, field->len, PG_UTF8);
	if (text != field->data)
	{
		field->data = text;
		field->len = strlen(text);
	}
}

/* A string inside jsonb is a string; one in json is quoted again. */
static Datum
read_json_string(ValueReader *r, RowField *field)
{
	StringInfoData quoted;
	JsonbValue	v;

	if (r->type == JSONBOID)
	{
		v.type = jbvString;
		v.val.string.val = field->data;
		v.val.string.len = field->len;
		return JsonbPGetDatum(JsonbValueToJsonb(&v));
	}
	initStringInfo(&quoted);
	escape_json(&quoted, field->data);
	return valuereader_text(r, quoted.data, quoted.len);
}

/* The digits of a Python escape \xNN, or -1. */
static int
hex_pair(const char *p)
{
	int			value = 0;

	for (int i = 0; i < 2; i++)
	{
		unsigned char c = p[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value = value * 16 + (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/* One byte of a Python bytes literal; *p moves behind it.  -1 when it is none. */
static int
python_byte(const char **p, const char *end)
{
	static const char from[] = "\\'\"nrt";
	static const char to[] = "\\'\"\n\r\t";
	const char *found;
	int			byte;

	if (**p != '\\')
		return (unsigned char) *(*p)++;
	if (end - *p < 2)
		return -1;
	if ((*p)[1] == 'x' && end - *p >= 4)
	{
		byte = hex_pair(*p + 2);
		*p += 4;
		return byte;
	}
	found = strchr(from, (*p)[1]);
	*p += 2;
	return found == NULL ? -1 : (unsigned char) to[found - from];
}

/* b'…' as Python prints bytes; false when the text is something else. */
static bool
read_python_bytes(const RowField *field, Datum *value)
{
	const char *p = field->data + 2;
	const char *end = field->data + field->len - 1;
	bytea	   *result;
	int			len = 0;

	if (field->len < 3 || field->data[0] != 'b' ||
		(field->data[1] != '\'' && field->data[1] != '"') || *end != field->data[1])
		return false;
	result = palloc(VARHDRSZ + field->len);
	while (p < end)
	{
		int			byte = python_byte(&p, end);

		/* Not such a literal after all: bytea's own input function reads or refuses it. */
		if (byte < 0)
			return false;
		VARDATA(result)[len++] = (char) byte;
	}
	SET_VARSIZE(result, VARHDRSZ + len);
	*value = PointerGetDatum(result);
	return true;
}

/* A json column's string is its JSON text, but in 1.1, as of jsonb, a string inside of it. */
static Datum
read_string(ValueReader *r, RowField *field)
{
	Datum		value;

	if ((r->type == JSONBOID && !r->from_other) ||
		(r->type == JSONOID && (r->plain || r->from_jsonb)))
		return read_json_string(r, field);
	if (r->plain && r->type == BYTEAOID && read_python_bytes(field, &value))
		return value;
	return valuereader_text(r, field->data, field->len);
}

/* A JSON array or object for an array or composite type: as text that its input function reads. */
static Datum
read_composed(ValueReader *r, RowField *field)
{
	Jsonb	   *json = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(field->data)));
	StringInfoData literal;
	JsonbValue	value;

	value.type = jbvBinary;
	value.val.binary.data = &json->root;
	value.val.binary.len = VARSIZE(json) - VARHDRSZ;
	initStringInfo(&literal);
	rowliteral_append(&literal, r->type, &value);
	return valuereader_text(r, literal.data, literal.len);
}

Datum
valuereader_read(ValueReader *r, const RowField *given, bool *isnull)
{
	RowField	copy = *given;
	RowField   *field = &copy;

	*isnull = false;
	r->changed = false;
	if (field->kind == FIELD_NULL)
	{
		/*
		 * The value null of a jsonb column is no SQL NULL; version 1.1 has one word for
		 * both.
		 */
		if ((r->type == JSONBOID && !r->plain) || (r->type == JSONOID && r->from_jsonb))
			return valuereader_text(r, "null", 4);
		*isnull = true;
		return (Datum) 0;
	}
	if (field->kind != FIELD_LITERAL)
		to_server_encoding(field);
	if (field->kind == FIELD_STRING)
		return read_string(r, field);
	if (field->kind == FIELD_NESTED && r->composed)
		return read_composed(r, field);
	return valuereader_text(r, field->data, field->len);
}

bool
valuereader_changed(const ValueReader *r)
{
	return r->changed;
}

Datum
valuereader_copy(const ValueReader *r, Datum value)
{
	return datumCopy(value, r->byval, r->typlen);
}

/*
 * By their bytes: what is asked is whether a statement has changed a value, not whether
 * it is equal.
 */
bool
valuereader_same(const ValueReader *r, Datum a, Datum b)
{
	return datum_image_eq(a, b, r->byval, r->typlen);
}

/*
 * A key whose kind is not the column's goes by its text, which the column's type reads
 * or refuses.
 */
Datum
valuereader_key(ValueReader *r, const IdKey *key)
{
	char		buffer[IDKEY_BUFFER];
	const char *text;
	int			len;
	Datum		value;

	if (key->kind == ID_INTEGER && integer_datum(r->type, key->number, &value))
		return value;
	if (key->kind == ID_UUID && r->type == UUIDOID)
	{
		pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));

		*uuid = key->uuid;
		return UUIDPGetDatum(uuid);
	}
	text = idkey_text(key, buffer, &len);
	if (text != buffer)
		text = pnstrdup(text, len);
	return valuereader_text(r, text, len);
}

/*
 * The kinds are those that idkey_make() would find in the text: equal keys are made
 * equal both ways.
 */
IdKey
valuereader_make_key(ValueReader *r, Datum value)
{
	IdKey		key;
	char	   *text;

	switch (r->type)
	{
		case INT2OID:
			return idkey_integer(DatumGetInt16(value));
		case INT4OID:
			return idkey_integer(DatumGetInt32(value));
		case INT8OID:
			return idkey_integer(DatumGetInt64(value));
		case UUIDOID:
			key.kind = ID_UUID;
			key.uuid = *DatumGetUUIDP(value);
			key.text = NULL;
			key.len = 0;
			return key;
		default:
			text = OutputFunctionCall(&r->output, value);
			return idkey_make(text, strlen(text));
	}
}
