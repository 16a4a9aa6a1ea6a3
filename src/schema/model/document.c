/*
 * document.c
 *	  The schema document: a Schema as jsonb, and back.
 *
 * Both directions walk the description of the structs in schema.c.  What is
 * false, NULL, empty or unset is left out, so that a document stays small and
 * a member added by a later version means nothing to older content.
 *
 * It assumes nothing of a document that it reads: it may come from anybody, of any
 * release.  An unknown member is refused and not passed over, since what somebody
 * expects would not be compared; a null is an absent member.  It never checks that a
 * definition is SQL: that is the server's, when a plan is tried.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/jsonpack.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "schema/model/document.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

/* Members of the document that stand beside those of its Schema. */
#define ENVELOPE_MEMBERS 2
#define MAX_MEMBERS 64

static void read_object(JsonbContainer *container, const SchemaKind *kind, void *object);
static void write_object(JsonPack *p, JsonFrame *frame, const SchemaKind *kind, const void *object);

/* The members of a kind in the order jsonb stores keys in. */
typedef struct StoredOrder
{
	const SchemaKind *kind;
	int			count;
	const SchemaMember *members[MAX_MEMBERS];
} StoredOrder;

static const SchemaMember format_member = {"format"};
static const SchemaMember version_member = {"version"};

/* The order is jsonb's own; it must be the same, or look-ups by name fail. */
static int
compare_members(const void *a, const void *b)
{
	return pack_compare_keys((*(const SchemaMember *const *) a)->name,
							 (*(const SchemaMember *const *) b)->name);
}

/* Once for each kind and backend: the description does not change. */
static StoredOrder *
make_order(const SchemaKind *kind, StoredOrder *order)
{
	Assert(kind->nmembers + ENVELOPE_MEMBERS <= MAX_MEMBERS);
	for (int i = 0; i < kind->nmembers; i++)
		order->members[i] = &kind->members[i];
	order->count = kind->nmembers;
	if (kind == &schema_kind)
	{
		order->members[order->count++] = &format_member;
		order->members[order->count++] = &version_member;
	}
	qsort(order->members, order->count, sizeof(order->members[0]), compare_members);
	order->kind = kind;
	return order;
}

/* Made once a kind and backend: the descriptions never change. */
static const StoredOrder *
find_order(const SchemaKind *kind)
{
	static StoredOrder orders[32];
	int			i;

	for (i = 0; orders[i].kind != NULL; i++)
		if (orders[i].kind == kind)
			return &orders[i];
	if (i == lengthof(orders) - 1)
		elog(ERROR, "too many kinds of objects");
	return make_order(kind, &orders[i]);
}

/*
 * What is absent here is absent from the document, and so from fingerprint and comparison.
 */
static bool
is_present(const SchemaMember *member, const void *object)
{
	if (member == &format_member || member == &version_member)
		return true;
	/* Readers may count on a list of tables, even an empty one. */
	return schema_is_present(member, object) ||
		   (member->child == &schema_table_kind && member->compare == COMPARE_ALWAYS);
}

/* Objects of a list are sorted by their keys already. */
static void
write_list(JsonPack *p, JsonFrame *outer, const SchemaMember *member, List *list)
{
	JsonFrame	frame;
	ListCell   *lc;

	pack_begin_array(p, &frame, list_length(list));
	foreach(lc, list)
	{
		CHECK_FOR_INTERRUPTS();
		if (member->type == MEMBER_STRINGS)
			pack_string(p, &frame, lfirst(lc));
		else
			write_object(p, &frame, member->child, lfirst(lc));
	}
	pack_nested(p, outer, &frame);
}

/* false is never written: a boolean that is there is true. */
static void
write_value(JsonPack *p, JsonFrame *frame, const SchemaMember *member, const void *object)
{
	if (member == &format_member)
		pack_string(p, frame, DOCUMENT_FORMAT);
	else if (member == &version_member)
		pack_int(p, frame, DOCUMENT_VERSION);
	else if (member->type == MEMBER_TEXT)
		pack_string(p, frame, SCHEMA_TEXT(object, member));
	else if (member->type == MEMBER_BOOL)
		pack_bool(p, frame, true);
	else if (member->type == MEMBER_INT)
		pack_int(p, frame, SCHEMA_INT(object, member));
	else
		write_list(p, frame, member, SCHEMA_LIST(object, member));
}

/*
 * An object into the frame of the list that holds it, or as the document itself.
 * Members are counted first, because jsonb wants the number of keys before them.
 */
static void
write_object(JsonPack *p, JsonFrame *outer, const SchemaKind *kind, const void *object)
{
	const StoredOrder *order = find_order(kind);
	const SchemaMember *present[MAX_MEMBERS];
	JsonFrame	frame;
	int			count = 0;

	for (int i = 0; i < order->count; i++)
		if (is_present(order->members[i], object))
			present[count++] = order->members[i];
	pack_begin_object(p, &frame, count);
	for (int i = 0; i < count; i++)
		pack_key(p, &frame, present[i]->name);
	for (int i = 0; i < count; i++)
		write_value(p, &frame, present[i], object);
	if (outer != NULL)
		pack_nested(p, outer, &frame);
}

/* The schema must be sorted (schema_sort()). */
Jsonb *
document_write(const Schema *schema)
{
	JsonPack	p;

	pack_init(&p);
	write_object(&p, NULL, &schema_kind, schema);
	return pack_finish(&p);
}

/*
 * The flat form, {"table": ["column", …]}, in the order of columns.  A member for each
 * table by its bare name: this form is of one schema.
 */
Jsonb *
document_write_columns(const Schema *schema)
{
	JsonWriter	w;
	ListCell   *table_cell;
	ListCell   *column_cell;

	json_init(&w);
	json_begin_object(&w);
	foreach(table_cell, schema->tables)
	{
		SchemaTable *table = lfirst(table_cell);

		CHECK_FOR_INTERRUPTS();
		json_key(&w, table->object.name);
		json_begin_array(&w);
		foreach(column_cell, table->columns)
			json_string(&w, ((SchemaColumn *) lfirst(column_cell))->object.name);
		json_end_array(&w);
	}
	json_end_object(&w);
	return json_finish(&w);
}

/*
 * Names the kind and the member: a document is written by programs, which want to know
 * where.
 */
static void
raise_type(const SchemaKind *kind, const char *member, const char *wanted, const JsonbValue *value)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					errmsg("invalid schema document: member \"%s\" of a %s must be %s", member,
						   kind->name, wanted),
					errdetail("It is a JSON %s.", json_type_name(value))));
}

/* Most likely a slip in a document that somebody has edited: the nearest name helps. */
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

/* Order is kept: for labels of enums and names of columns it has a meaning. */
static List *
read_strings(const SchemaKind *kind, const SchemaMember *member, JsonbValue *value)
{
	JsonbIterator *it = JsonbIteratorInit(expect_array(kind, member, value));
	JsonbIteratorToken token;
	JsonbValue	v;
	List	   *result = NIL;

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

/* Order is kept; the reader of the document sorts what has to be sorted. */
static List *
read_objects(const SchemaKind *kind, const SchemaMember *member, JsonbValue *value)
{
	JsonbIterator *it = JsonbIteratorInit(expect_array(kind, member, value));
	JsonbIteratorToken token;
	JsonbValue	v;
	List	   *result = NIL;

	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		void	   *child;

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

/* Refuses fractions and what no integer holds, where a cast would round or raise 22003. */
static int64
read_int(const SchemaKind *kind, const SchemaMember *member, JsonbValue *value)
{
	char	   *text =
		DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
	char	   *end;
	int64		result;

	errno = 0;
	result = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0')
		raise_type(kind, member->name, "an integer", value);
	return result;
}

/* The member's type decides what JSON it may be; nothing is converted. */
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
			SCHEMA_INT(object, member) = read_int(kind, member, value);
			break;
		case MEMBER_STRINGS:
			SCHEMA_LIST(object, member) = read_strings(kind, member, value);
			break;
		case MEMBER_OBJECTS:
			SCHEMA_LIST(object, member) = read_objects(kind, member, value);
			break;
	}
}

/*
 * The member a key of the document names; lengths differ mostly, so they go first.  The
 * key of a jsonb has no end of string: the length is asked of both.
 */
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
	char	   *name;

	if (kind != &schema_kind)
		return false;
	name = json_value_string(key);
	return strcmp(name, "format") == 0 || strcmp(name, "version") == 0;
}

/* Members without which the rest has no meaning; all others may be absent. */
static void
raise_missing(const SchemaKind *kind, const SchemaObject *object, const char *member)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
					object->name != NULL
						? errmsg("invalid schema document: %s \"%s\" has no member \"%s\"",
								 kind->name, object->name, member)
						: errmsg("invalid schema document: a %s has no member \"%s\"", kind->name,
								 member)));
}

/* Everybody who works on a Schema counts on these members. */
static void
check_members(const SchemaKind *kind, const void *object)
{
	for (int i = 0; i < kind->nmembers; i++)
		if (kind->members[i].required && SCHEMA_TEXT(object, &kind->members[i]) == NULL)
			raise_missing(kind, object, kind->members[i].name);
}

/* So they do on what only some kinds of constraints and types need. */
static void
check_constraint(const SchemaConstraint *constraint)
{
	if (strcmp(constraint->kind, "foreign key") != 0)
		return;
	if (constraint->referenced_schema == NULL)
		raise_missing(&schema_constraint_kind, &constraint->object, "referenced_schema");
	if (constraint->referenced_table == NULL)
		raise_missing(&schema_constraint_kind, &constraint->object, "referenced_table");
}

/* Commands are made of these without asking further. */
static void
check_type(const SchemaType *type)
{
	if ((strcmp(type->kind, "domain") == 0 || strcmp(type->kind, "range") == 0) &&
		type->base_type == NULL)
		raise_missing(&schema_type_kind, &type->object, "base_type");
}

/*
 * A null is an absent member.  Recursion is bounded by the description, not by the
 * document: lists nest as kinds do.
 */
static void
read_object(JsonbContainer *container, const SchemaKind *kind, void *object)
{
	JsonbIterator *it = JsonbIteratorInit(container);
	JsonbIteratorToken token;
	JsonbValue	v;
	JsonbValue	key = {0};

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
	check_members(kind, object);
	if (kind == &schema_constraint_kind)
		check_constraint(object);
	else if (kind == &schema_type_kind)
		check_type(object);
}

/* Without raising: anything else is taken for the flat form. */
bool
document_recognize(Jsonb *document)
{
	JsonbValue	v;

	return json_get(&document->root, "format", &v) && v.type == jbvString &&
		   strcmp(json_value_string(&v), DOCUMENT_FORMAT) == 0;
}

/*
 * A later version may have members that this one would misread: refused as a whole.
 * Without a version there is nothing to go by.
 */
static void
check_version(Jsonb *document)
{
	int64		version;

	if (!document_recognize(document))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), errmsg("invalid schema document"),
				 errdetail("Member \"format\" must be \"%s\".", DOCUMENT_FORMAT)));
	version = json_get_int(&document->root, "version", 0, "schema document");
	if (version > DOCUMENT_VERSION)
		ereport(
			ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("schema document of version " INT64_FORMAT " is not supported", version),
			 errdetail("This version of db_adapter reads versions up to %d.", DOCUMENT_VERSION)));
	if (version < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), errmsg("invalid schema document"),
				 errdetail("Member \"version\" must be a positive integer.")));
}

/* Sorted here, whatever the order of the document: who compares or looks up counts on it. */
Schema *
document_read(Jsonb *document)
{
	Schema	   *schema;

	check_version(document);
	schema = schema_new(&schema_kind);
	read_object(&document->root, &schema_kind, schema);
	schema_sort(schema);
	return schema;
}
