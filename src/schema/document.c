/*
 * document.c
 *	  The schema document: a Schema as jsonb, and back.
 *
 * Both directions walk the description of the structs in schema.c.  What is
 * false, NULL, empty or unset is left out, so that a document stays small and
 * a member added by a later version means nothing to older content.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "schema/document.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

static void write_members(JsonWriter *w, const SchemaKind *kind, const void *object);
static void read_object(JsonbContainer *container, const SchemaKind *kind, void *object);

static void
write_objects(JsonWriter *w, const SchemaKind *kind, List *objects)
{
	ListCell *lc;

	json_begin_array(w);
	foreach (lc, objects)
	{
		CHECK_FOR_INTERRUPTS();
		json_begin_object(w);
		write_members(w, kind, lfirst(lc));
		json_end_object(w);
	}
	json_end_array(w);
}

static void
write_member(JsonWriter *w, const SchemaMember *member, const void *object)
{
	switch (member->type)
	{
		case MEMBER_TEXT:
			if (SCHEMA_TEXT(object, member) != NULL)
				json_put_string(w, member->name, SCHEMA_TEXT(object, member));
			break;
		case MEMBER_BOOL:
			if (SCHEMA_BOOL(object, member))
				json_put_bool(w, member->name, true);
			break;
		case MEMBER_INT:
			if (SCHEMA_INT(object, member) != SCHEMA_UNSET)
				json_put_int(w, member->name, SCHEMA_INT(object, member));
			break;
		case MEMBER_STRINGS:
			if (SCHEMA_LIST(object, member) != NIL)
				json_put_strings(w, member->name, SCHEMA_LIST(object, member));
			break;
		case MEMBER_OBJECTS:
			if (SCHEMA_LIST(object, member) != NIL)
			{
				json_key(w, member->name);
				write_objects(w, member->child, SCHEMA_LIST(object, member));
			}
			break;
	}
}

static void
write_members(JsonWriter *w, const SchemaKind *kind, const void *object)
{
	for (int i = 0; i < kind->nmembers; i++)
		write_member(w, &kind->members[i], object);
}

Jsonb *
document_write(const Schema *schema)
{
	JsonWriter w;

	json_init(&w);
	json_begin_object(&w);
	json_put_string(&w, "format", DOCUMENT_FORMAT);
	json_put_int(&w, "version", DOCUMENT_VERSION);
	write_members(&w, &schema_kind, schema);
	/* Readers may count on a list of tables, even an empty one. */
	if (schema->tables == NIL)
		json_put_strings(&w, "tables", NIL);
	json_end_object(&w);
	return json_finish(&w);
}

Jsonb *
document_write_columns(const Schema *schema)
{
	JsonWriter w;
	ListCell *table_cell;
	ListCell *column_cell;

	json_init(&w);
	json_begin_object(&w);
	foreach (table_cell, schema->tables)
	{
		SchemaTable *table = lfirst(table_cell);

		CHECK_FOR_INTERRUPTS();
		json_key(&w, table->object.name);
		json_begin_array(&w);
		foreach (column_cell, table->columns)
			json_string(&w, ((SchemaColumn *) lfirst(column_cell))->object.name);
		json_end_array(&w);
	}
	json_end_object(&w);
	return json_finish(&w);
}

static void
raise_type(const SchemaKind *kind, const char *member, const char *wanted, const JsonbValue *value)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid schema document: member \"%s\" of a %s must be %s", member,
						   kind->name, wanted),
					errdetail("It is a JSON %s.", json_type_name(value))));
}

static void
raise_unknown(const SchemaKind *kind, const char *member)
{
	const char *names[64];
	const char *nearest;

	Assert(kind->nmembers < lengthof(names));
	for (int i = 0; i < kind->nmembers; i++)
		names[i] = kind->members[i].name;
	names[kind->nmembers] = NULL;
	nearest = json_nearest(member, names);
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid schema document: a %s has no member \"%s\"", kind->name, member),
			 nearest ? errhint("Perhaps you meant \"%s\".", nearest) : 0));
}

/* The container of an array, or an error. */
static JsonbContainer *
expect_array(const SchemaKind *kind, const SchemaMember *member, JsonbValue *value)
{
	if (value->type != jbvBinary || !JsonContainerIsArray(value->val.binary.data))
		raise_type(kind, member->name, "an array", value);
	return value->val.binary.data;
}

static List *
read_strings(const SchemaKind *kind, const SchemaMember *member, JsonbValue *value)
{
	JsonbIterator *it = JsonbIteratorInit(expect_array(kind, member, value));
	JsonbIteratorToken token;
	JsonbValue v;
	List *result = NIL;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token != WJB_ELEM)
			continue;
		if (v.type != jbvString)
			raise_type(kind, member->name, "an array of strings", &v);
		result = lappend(result, json_value_string(&v));
	}
	return result;
}

static List *
read_objects(const SchemaKind *kind, const SchemaMember *member, JsonbValue *value)
{
	JsonbIterator *it = JsonbIteratorInit(expect_array(kind, member, value));
	JsonbIteratorToken token;
	JsonbValue v;
	List *result = NIL;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		void *child;

		if (token != WJB_ELEM)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (v.type != jbvBinary || !JsonContainerIsObject(v.val.binary.data))
			raise_type(kind, member->name, "an array of objects", &v);
		child = schema_new(member->child);
		read_object(v.val.binary.data, member->child, child);
		result = lappend(result, child);
	}
	return result;
}

static void
read_member(const SchemaKind *kind, const SchemaMember *member, JsonbValue *value, void *object)
{
	switch (member->type)
	{
		case MEMBER_TEXT:
			if (value->type != jbvString)
				raise_type(kind, member->name, "a string", value);
			SCHEMA_TEXT(object, member) = json_value_string(value);
			break;
		case MEMBER_BOOL:
			if (value->type != jbvBool)
				raise_type(kind, member->name, "a boolean", value);
			SCHEMA_BOOL(object, member) = value->val.boolean;
			break;
		case MEMBER_INT:
			if (value->type != jbvNumeric)
				raise_type(kind, member->name, "an integer", value);
			SCHEMA_INT(object, member) = DatumGetInt64(
				DirectFunctionCall1(numeric_int8, NumericGetDatum(value->val.numeric)));
			break;
		case MEMBER_STRINGS:
			SCHEMA_LIST(object, member) = read_strings(kind, member, value);
			break;
		case MEMBER_OBJECTS:
			SCHEMA_LIST(object, member) = read_objects(kind, member, value);
			break;
	}
}

/* The member a key of the document names; lengths differ mostly, so they go first. */
static const SchemaMember *
find_member(const SchemaKind *kind, const JsonbValue *key)
{
	for (int i = 0; i < kind->nmembers; i++)
	{
		const char *name = kind->members[i].name;

		if (strncmp(name, key->val.string.val, key->val.string.len) == 0 &&
			name[key->val.string.len] == '\0')
			return &kind->members[i];
	}
	return NULL;
}

/* format and version are the document's, and not part of the Schema. */
static bool
is_envelope(const SchemaKind *kind, const JsonbValue *key)
{
	char *name;

	if (kind != &schema_kind)
		return false;
	name = json_value_string(key);
	return strcmp(name, "format") == 0 || strcmp(name, "version") == 0;
}

/* Every object but the document and what was ignored has a name. */
static void
check_name(const SchemaKind *kind, const SchemaObject *object)
{
	const SchemaMember *name = schema_find_member(kind, "name");

	if (name != NULL && object->name == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid schema document: a %s has no name", kind->name)));
}

static void
read_object(JsonbContainer *container, const SchemaKind *kind, void *object)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue v;
	JsonbValue key = {0};

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		const SchemaMember *member;

		if (token == WJB_KEY)
			key = v;
		if (token != WJB_VALUE || v.type == jbvNull)
			continue;
		member = find_member(kind, &key);
		if (member != NULL)
			read_member(kind, member, &v, object);
		else if (!is_envelope(kind, &key))
			raise_unknown(kind, json_value_string(&key));
	}
	check_name(kind, object);
}

bool
document_recognize(Jsonb *document)
{
	JsonbValue v;

	return json_get(&document->root, "format", &v) && v.type == jbvString &&
		   strcmp(json_value_string(&v), DOCUMENT_FORMAT) == 0;
}

static void
check_version(Jsonb *document)
{
	int64 version;

	if (!document_recognize(document))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), errmsg("invalid schema document"),
				 errdetail("Member \"format\" must be \"%s\".", DOCUMENT_FORMAT)));
	version = json_get_int(&document->root, "version", 0, "schema document");
	if (version > DOCUMENT_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("schema document of version " INT64_FORMAT " is not supported", version),
				 errdetail("This version of db_adapter reads versions up to %d.",
						   DOCUMENT_VERSION)));
	if (version < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), errmsg("invalid schema document"),
				 errdetail("Member \"version\" must be a positive integer.")));
}

Schema *
document_read(Jsonb *document)
{
	Schema *schema;

	check_version(document);
	schema = schema_new(&schema_kind);
	read_object(&document->root, &schema_kind, schema);
	schema_sort(schema);
	return schema;
}
