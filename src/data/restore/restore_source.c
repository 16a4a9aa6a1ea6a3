/*
 * restore_source.c
 *	  What the file calls a row: its key there, and the keys it refers to.
 *
 * Two texts are one key when the key column's equality says so, so keys are remembered
 * by the value that stands for all equal ones (keyform.c).  For most types that is the
 * text as the file has it, and nothing is read for it.  A column that refers to a key
 * may be of another type than the key: its text is read as the key's.
 *
 * Where ids repeat over tenants (BackupTable.per_tenant) the tenant that the file says is
 * part of what a row is called, in the row and in what refers to it alike.  It is the
 * file's word in any case: a restore that gives all rows to one tenant still has to tell
 * their keys there apart.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/pg_type.h"
#include "data/restore/restore_private.h"
#include "data/row/keyform.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/numeric.h"

/* One column of a table's key. */
typedef struct SourcePart
{
	Oid			type;			/* no domain */
	ValueReader *reader;		/* of any length */
	KeyForm	   *form;
} SourcePart;

/*
 * Made when a table's keys are first asked for, for tables too that the file does not have.
 */
struct RestoreSource
{
	int			nparts;
	SourcePart *parts;
	SourcePart *tenant;			/* NULL where the key alone leads to one row */
	bool		plain;			/* keys are their texts */
};

/*
 * The domain's checks and the column's length are for values that are stored; a key of the
 * file is only compared.
 */
static void
init_part(SourcePart *part, const Restore *restore, const RelationColumn *of)
{
	RelationColumn column = *of;

	column.type = column.basetype;
	column.typmod = -1;
	part->type = column.type;
	part->reader = valuereader_create(&column, filereader_header(restore->reader)->is_document);
	part->form = keyform_create(column.type, column.collation);
}

static RestoreSource *
create_source(Restore *restore, const BackupTable *table, int key)
{
	const BackupKey *columns = &table->keys[key];
	MemoryContext oldcxt = MemoryContextSwitchTo(restore->cxt);
	RestoreSource *source = palloc0(sizeof(RestoreSource));

	source->nparts = columns->count;
	source->parts = palloc(sizeof(SourcePart) * Max(columns->count, 1));
	source->plain = true;
	for (int i = 0; i < columns->count; i++)
	{
		init_part(&source->parts[i], restore, columns->columns[i]);
		source->plain &= keyform_kind(source->parts[i].form) == KEYFORM_PLAIN;
	}
	if (table->per_tenant && key == 0)
	{
		source->tenant = palloc(sizeof(SourcePart));
		init_part(source->tenant, restore, table->user_column);
	}
	MemoryContextSwitchTo(oldcxt);
	return source;
}

/* By the table's index in the schema. */
static RestoreSource *
get_key_source(Restore *restore, int table, int key)
{
	const BackupTable *of = &restore->schema->tables[table];

	if (restore->sources[table] == NULL)
		restore->sources[table] =
			MemoryContextAllocZero(restore->cxt, sizeof(RestoreSource *) * of->nkeys);
	if (restore->sources[table][key] == NULL)
		restore->sources[table][key] = create_source(restore, of, key);
	return restore->sources[table][key];
}

static RestoreSource *
get_source(Restore *restore, int table)
{
	return get_key_source(restore, table, 0);
}

bool
restore_source_is_plain(Restore *restore, int table, int key)
{
	return get_key_source(restore, table, key)->plain;
}

/*
 * Types whose texts are read alike, so that a reference may be of another of them than the
 * key.
 */
static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID || type == OIDOID;
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID || type == NAMEOID;
}

/*
 * Whether the text of a column of that type is the key's own as it stands.  A text that
 * names rows of several tables may be no value of this one's key at all: that is no
 * error, only a row that is not there.
 */
static bool
reads_alike(const SourcePart *part, Oid from, const RowField *field)
{
	if (is_text(from) &&
		(part->type == NUMERICOID || part->type == FLOAT4OID || part->type == FLOAT8OID))
		return !row_is_number(field->data, field->len);
	if (keyform_kind(part->form) != KEYFORM_PLAIN)
		return false;
	return from == part->type || is_integer(part->type) || is_text(from) ||
		   (is_text(part->type) && from != BPCHAROID);
}

/* 5.00 and 5e0 are the key 5 to whoever compares numbers; uuids know no upper case. */
static void
take_text(const SourcePart *part, const RowField *field, const char **text, int *len)
{
	char	   *copy;

	*text = field->data;
	*len = field->len;
	if (part->type == UUIDOID)
		*text = asc_tolower(field->data, field->len);
	if (!is_integer(part->type) || strpbrk(field->data, ".eE") == NULL ||
		!row_is_number(field->data, field->len))
		return;
	copy = numeric_normalize(DatumGetNumeric(
		DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(field->data, field->len)),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1))));
	*text = copy;
	*len = strlen(copy);
}

/* The value as its type has it, and of what equals it the one that stands for all. */
static void
append_value(StringInfo out, SourcePart *part, Datum value)
{
	static const char hex[] = "0123456789abcdef";
	StringInfoData bytes;
	IdKey		key;
	char		buffer[IDKEY_BUFFER];
	const char *text;
	int			len;

	if (keyform_kind(part->form) != KEYFORM_OPAQUE)
	{
		key = valuereader_make_key(part->reader, keyform_value(part->form, value));
		text = idkey_text(&key, buffer, &len);
		appendBinaryStringInfo(out, text, len);
		return;
	}
	initStringInfo(&bytes);
	keyform_append(part->form, &bytes, value);
	for (int i = 0; i < bytes.len; i++)
	{
		appendStringInfoChar(out, hex[(unsigned char) bytes.data[i] >> 4]);
		appendStringInfoChar(out, hex[bytes.data[i] & 15]);
	}
}

/* A text of bpchar is as long as its column, and means what stands before the blanks. */
static RowField
without_blanks(const RowField *field)
{
	RowField	result = *field;

	while (result.len > 0 && result.data[result.len - 1] == ' ')
		result.len--;
	if (result.len < field->len)
		result.data = pnstrdup(field->data, result.len);
	return result;
}

/* Between float4 and float8 it is the numbers that are equal, not what they print. */
static Datum
read_float(const RowField *field)
{
	Datum		value = DirectFunctionCall1(float4in, CStringGetDatum(field->data));

	return Float8GetDatum((float8) DatumGetFloat4(value));
}

/*
 * Under pins, for input and output functions look at settings; the result is in the current
 * context.
 */
static void
read_part(SourcePart *part, const RowField *field, Oid from, const char **text, int *len)
{
	int			nestlevel = query_pin(PIN_VALUES);
	StringInfoData out;
	RowField	stripped = from == BPCHAROID ? without_blanks(field) : *field;
	bool		isnull;
	Datum		value;

	initStringInfo(&out);
	if (from == FLOAT4OID && part->type == FLOAT8OID)
		value = read_float(field);
	else
		value = valuereader_read(part->reader, &stripped, &isnull);
	append_value(&out, part, value);
	*text = out.data;
	*len = out.len;
	query_unpin(nestlevel);
}

/* What the file has in the column, as a key of that part; false where it is NULL. */
static bool
key_part(const RestoreTable *t, const RestoreRow *row, int column, SourcePart *part,
		 const char **text, int *len)
{
	int			at = t->columns.fields[column];
	const RowField *field = at < 0 ? NULL : &row->fields[at];
	Oid			from = t->rel->columns[column].basetype;
	bool		is_null = field == NULL || field->kind <= FIELD_NULL;

	if (field != NULL && field->kind == FIELD_NULL && part->type == JSONBOID && from == JSONBOID)
		is_null = t->columns.shape.lenient; /* null is a value of that type, in 2.0 */
	if (is_null)
		return false;
	if (reads_alike(part, from, field))
		take_text(part, field, text, len);
	else
		read_part(part, field, from, text, len);
	return true;
}

/* The columns as a key of the table, of whatever tenant. */
static bool
own_key(const RestoreTable *t, const RestoreRow *row, const int *columns, RestoreSource *source,
		IdKey *key)
{
	StringInfoData parts;
	const char *text;
	int			len;

	if (source->nparts == 1)
	{
		if (!key_part(t, row, columns[0], &source->parts[0], &text, &len))
			return false;
		*key = idkey_make(text, len);
		return true;
	}
	initStringInfo(&parts);
	for (int i = 0; i < source->nparts; i++)
	{
		if (!key_part(t, row, columns[i], &source->parts[i], &text, &len))
			return false;
		idkey_append_part(&parts, text, len);
	}
	*key = idkey_make(parts.data, parts.len);
	return source->nparts > 0;
}

/* Without a tenant a row has a name too, which no row of a tenant has. */
static void
add_tenant(const RestoreTable *t, const RestoreRow *row, SourcePart *part, IdKey *key)
{
	StringInfoData parts;
	char		buffer[IDKEY_BUFFER];
	const char *text;
	int			len;

	initStringInfo(&parts);
	if (key_part(t, row, t->table->user_column - t->rel->columns, part, &text, &len))
		idkey_append_part(&parts, text, len);
	text = idkey_text(key, buffer, &len);
	idkey_append_part(&parts, text, len);
	*key = idkey_make(parts.data, parts.len);
}

/* false: a part is NULL, and it refers to nothing. */
bool
restore_source_key(const RestoreTable *t, const RestoreRow *row, const int *columns, int table,
				   int key, IdKey *result)
{
	RestoreSource *source = get_key_source(t->restore, table, key);

	if (!own_key(t, row, columns, source, result))
		return false;
	if (source->tenant != NULL)
		add_tenant(t, row, source->tenant, result);
	return true;
}

/*
 * What the file itself says, without the tenant that was put before it to tell keys apart.
 */
IdKey
restore_source_bare(Restore *restore, int table, const IdKey *key)
{
	const char *at = key->text;
	const char *text;
	int			len;

	if (get_source(restore, table)->tenant == NULL)
		return *key;
	do
		text = idkey_next_part(&at, &len);
	while (at < key->text + key->len);
	return idkey_make(text, len);
}

/*
 * For references inside json, which have no column and so no type: the text is read as the
 * key's.
 */
void
restore_source_text(const RestoreTable *t, const char *text, int table, IdKey *key)
{
	SourcePart *part = &get_source(t->restore, table)->parts[0];
	RowField	field = {unconstify(char *, text), strlen(text), FIELD_STRING};
	const char *result;
	int			len;

	if (reads_alike(part, TEXTOID, &field))
		take_text(part, &field, &result, &len);
	else
		read_part(part, &field, TEXTOID, &result, &len);
	*key = idkey_make(result, len);
}

/* Whether a key here is one that the file has under that name. */
bool
restore_source_is(const RestoreTable *t, int table, int of, const IdKey *source_key,
				  const IdKey *target)
{
	RestoreSource *source = get_key_source(t->restore, table, of);
	int			nestlevel;
	StringInfoData parts;
	const char *at = target->text;
	IdKey		bare;
	IdKey		key;

	bare = of == 0 ? restore_source_bare(t->restore, table, source_key) : *source_key;
	if (source->plain)
		return idkey_equal(&bare, target);
	nestlevel = query_pin(PIN_VALUES);
	initStringInfo(&parts);
	for (int i = 0; i < source->nparts; i++)
	{
		IdKey		part = *target;
		StringInfoData text;

		if (source->nparts > 1)
		{
			int			len;
			const char *start = idkey_next_part(&at, &len);

			part = idkey_make(start, len);
		}
		initStringInfo(&text);
		append_value(&text, &source->parts[i], valuereader_key(source->parts[i].reader, &part));
		if (source->nparts > 1)
			idkey_append_part(&parts, text.data, text.len);
		else
			parts = text;
	}
	query_unpin(nestlevel);
	key = idkey_make(parts.data, parts.len);
	return idkey_equal(&bare, &key);
}
