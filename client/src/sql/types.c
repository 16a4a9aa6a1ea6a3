/*
 * types.c
 *		What the client knows of the server's types.
 *
 * Built-in types never change, so they are a constant table, sorted by oid.  Those of
 * users are asked for by oid when a description first names one.  What an oid stands for
 * stays, but for a composite's fields: those are asked for again whenever a statement
 * takes or returns one.  A type that could not be learned is treated as text, which
 * every value has.
 */
#include "sql/types.h"

#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "json/json.h"
#include "base/mem.h"

/* the types every server has, by oid; their arrays follow from them */
static const struct
{
	Oid			oid;
	Oid			array;
	TypeKind	kind;
	char		delim;
} builtin[] = {
	{16, 1000, TYPE_BOOL, ','}, /* bool */
	{17, 1001, TYPE_TEXT, ','}, /* bytea */
	{18, 1002, TYPE_TEXT, ','}, /* char */
	{19, 1003, TYPE_TEXT, ','}, /* name */
	{20, 1016, TYPE_INT, ','},	/* int8 */
	{21, 1005, TYPE_INT, ','},	/* int2 */
	{22, 1006, TYPE_TEXT, ','}, /* int2vector */
	{23, 1007, TYPE_INT, ','},	/* int4 */
	{24, 1008, TYPE_TEXT, ','}, /* regproc */
	{25, 1009, TYPE_TEXT, ','}, /* text */
	{26, 1028, TYPE_TEXT, ','}, /* oid */
	{27, 1010, TYPE_TEXT, ','}, /* tid */
	{28, 1011, TYPE_TEXT, ','}, /* xid */
	{29, 1012, TYPE_TEXT, ','}, /* cid */
	{30, 1013, TYPE_TEXT, ','}, /* oidvector */
	{114, 199, TYPE_JSON, ','}, /* json */
	{142, 143, TYPE_TEXT, ','}, /* xml */
	{600, 1017, TYPE_TEXT, ','},	/* point */
	{601, 1018, TYPE_TEXT, ','},	/* lseg */
	{602, 1019, TYPE_TEXT, ','},	/* path */
	{603, 1020, TYPE_TEXT, ';'},	/* box */
	{604, 1027, TYPE_TEXT, ','},	/* polygon */
	{628, 629, TYPE_TEXT, ','}, /* line */
	{650, 651, TYPE_TEXT, ','}, /* cidr */
	{700, 1021, TYPE_FLOAT, ','},	/* float4 */
	{701, 1022, TYPE_FLOAT, ','},	/* float8 */
	{718, 719, TYPE_TEXT, ','}, /* circle */
	{774, 775, TYPE_TEXT, ','}, /* macaddr8 */
	{790, 791, TYPE_TEXT, ','}, /* money */
	{829, 1040, TYPE_TEXT, ','},	/* macaddr */
	{869, 1041, TYPE_TEXT, ','},	/* inet */
	{1033, 1034, TYPE_TEXT, ','},	/* aclitem */
	{1042, 1014, TYPE_TEXT, ','},	/* bpchar */
	{1043, 1015, TYPE_TEXT, ','},	/* varchar */
	{1082, 1182, TYPE_TEXT, ','},	/* date */
	{1083, 1183, TYPE_TEXT, ','},	/* time */
	{1114, 1115, TYPE_TIMESTAMP, ','},	/* timestamp */
	{1184, 1185, TYPE_TIMESTAMPTZ, ','},	/* timestamptz */
	{1186, 1187, TYPE_TEXT, ','},	/* interval */
	{1266, 1270, TYPE_TEXT, ','},	/* timetz */
	{1560, 1561, TYPE_TEXT, ','},	/* bit */
	{1562, 1563, TYPE_TEXT, ','},	/* varbit */
	{1700, 1231, TYPE_NUMERIC, ','},	/* numeric */
	{1790, 2201, TYPE_TEXT, ','},	/* refcursor */
	{2202, 2207, TYPE_TEXT, ','},	/* regprocedure */
	{2203, 2208, TYPE_TEXT, ','},	/* regoper */
	{2204, 2209, TYPE_TEXT, ','},	/* regoperator */
	{2205, 2210, TYPE_TEXT, ','},	/* regclass */
	{2206, 2211, TYPE_TEXT, ','},	/* regtype */
	{2950, 2951, TYPE_TEXT, ','},	/* uuid */
	{2970, 2949, TYPE_TEXT, ','},	/* txid_snapshot */
	{3220, 3221, TYPE_TEXT, ','},	/* pg_lsn */
	{3614, 3643, TYPE_TEXT, ','},	/* tsvector */
	{3615, 3645, TYPE_TEXT, ','},	/* tsquery */
	{3642, 3644, TYPE_TEXT, ','},	/* gtsvector */
	{3734, 3735, TYPE_TEXT, ','},	/* regconfig */
	{3769, 3770, TYPE_TEXT, ','},	/* regdictionary */
	{3802, 3807, TYPE_JSON, ','},	/* jsonb */
	{3904, 3905, TYPE_TEXT, ','},	/* int4range */
	{3906, 3907, TYPE_TEXT, ','},	/* numrange */
	{3908, 3909, TYPE_TEXT, ','},	/* tsrange */
	{3910, 3911, TYPE_TEXT, ','},	/* tstzrange */
	{3912, 3913, TYPE_TEXT, ','},	/* daterange */
	{3926, 3927, TYPE_TEXT, ','},	/* int8range */
	{4072, 4073, TYPE_TEXT, ','},	/* jsonpath */
	{4089, 4090, TYPE_TEXT, ','},	/* regnamespace */
	{4096, 4097, TYPE_TEXT, ','},	/* regrole */
	{4191, 4192, TYPE_TEXT, ','},	/* regcollation */
	{4451, 6150, TYPE_TEXT, ','},	/* int4multirange */
	{4532, 6151, TYPE_TEXT, ','},	/* nummultirange */
	{4533, 6152, TYPE_TEXT, ','},	/* tsmultirange */
	{4534, 6153, TYPE_TEXT, ','},	/* tstzmultirange */
	{4535, 6155, TYPE_TEXT, ','},	/* datemultirange */
	{4536, 6157, TYPE_TEXT, ','},	/* int8multirange */
	{5038, 5039, TYPE_TEXT, ','},	/* pg_snapshot */
	{5069, 271, TYPE_TEXT, ','},	/* xid8 */
};

#define BUILTIN_COUNT (sizeof(builtin) / sizeof(builtin[0]))

struct Types
{
	int			refs;
	ARRAY_OF(Type) learned;		/* from the server */
};

Types *
types_new(void)
{
	Types	   *types = mem_zalloc(sizeof(Types));

	if (types != NULL)
		types->refs = 1;
	return types;
}

Types *
types_ref(Types *types)
{
	types->refs++;
	return types;
}

static void
type_free_fields(Type *type)
{
	for (size_t i = 0; i < type->fields.count; i++)
		mem_free(type->fields.items[i].name);
	array_free(&type->fields);
}

void
types_unref(Types *types)
{
	if (types == NULL || --types->refs > 0)
		return;
	for (size_t i = 0; i < types->learned.count; i++)
		type_free_fields(&types->learned.items[i]);
	array_free(&types->learned);
	mem_free(types);
}

/* --- looking up */

static bool
builtin_find(Oid oid, Type *type)
{
	for (size_t i = 0; i < BUILTIN_COUNT; i++)
	{
		if (builtin[i].oid == oid)
		{
			*type = (Type){.oid = oid,
						   .kind = builtin[i].kind,
						   .array = builtin[i].array,
						   .delim = builtin[i].delim};
			return true;
		}
		if (builtin[i].array == oid)
		{
			*type = (Type){.oid = oid,
						   .kind = TYPE_ARRAY,
						   .element = builtin[i].oid,
						   .delim = builtin[i].delim};
			return true;
		}
	}
	return false;
}

bool
types_find(const Types *types, Oid oid, Type *type)
{
	for (size_t i = 0; types != NULL && i < types->learned.count; i++)
		if (types->learned.items[i].oid == oid)
		{
			*type = types->learned.items[i];
			return true;
		}
	return builtin_find(oid, type);
}

void
types_want(const Types *types, Oid oid, Buf *oids)
{
	Type		type;

	if (oid == 0 || types_find(types, oid, &type))
		return;
	if (oid < 10000)
		return;					/* a pseudo-type, or one whose text is its JSON */
	buf_printf(oids, "%s%u", oids->len == 0 ? "{" : ",", oid);
}

bool
types_close_list(Buf *oids)
{
	if (oids->len == 0)
		return false;
	buf_putc(oids, '}');
	return buf_ok(oids);
}

#define MAX_NESTING 16

/* Is there a composite in a type: it, its elements?  Adds them, and those in fields. */
static bool
find_composites(const Types *types, Oid oid, Buf *oids, int depth)
{
	Type		type;
	bool		found = false;

	if (oid < 10000 || depth > MAX_NESTING || !types_find(types, oid, &type))
		return false;
	if (type.kind == TYPE_ARRAY || type.kind == TYPE_DOMAIN)
		return find_composites(types, type.element, oids, depth + 1);
	if (type.kind != TYPE_COMPOSITE)
		return false;
	found = true;
	if (oids != NULL)
		buf_printf(oids, "%s%u", oids->len == 0 ? "{" : ",", oid);
	for (size_t i = 0; oids != NULL && i < type.fields.count; i++)
		find_composites(types, type.fields.items[i].type, oids, depth + 1);
	return found;
}

bool
types_composite(const Types *types, Oid oid)
{
	return find_composites(types, oid, NULL, 0);
}

void
types_want_again(const Types *types, Oid oid, Buf *oids)
{
	types_want(types, oid, oids);
	find_composites(types, oid, oids, 0);
}

/* --- learning */

/* typtype decides: an array has an element and the array output function, a
 * composite has its attributes in order. */
const char *
types_query(void)
{
	return "SELECT t.oid, t.typtype, t.typelem, t.typdelim,"
		   " CASE WHEN t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc "
		   "THEN 't' WHEN t.typtype = 'b' AND t.typname = 'hstore' THEN 'h' ELSE 'f' END,"
		   " a.attname, a.atttypid, t.typbasetype"
		   " FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_attribute a"
		   " ON t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped"
		   " WHERE t.oid = ANY ($1::pg_catalog.oid[]) ORDER BY t.oid, a.attnum";
}

static Oid
oid_of(const PGresult *rows, int row, int column)
{
	return (Oid) strtoul(PQgetvalue(rows, row, column), NULL, 10);
}

/* Adds to the last one while it is of the same oid: a composite has a row a field. */
static Type *
types_add(Types *types, Oid oid)
{
	size_t		count = types->learned.count;
	Type	   *type;

	if (count > 0 && types->learned.items[count - 1].oid == oid)
		return &types->learned.items[count - 1];
	type = array_add(&types->learned);
	if (type != NULL)
		*type = (Type){.oid = oid, .delim = ','};
	return type;
}

static bool
type_add_field(Type *type, const char *name, Oid oid)
{
	TypeField  *field = array_add(&type->fields);

	if (field == NULL)
		return false;
	field->type = oid;
	field->name = mem_strdup(name);
	if (field->name == NULL)
		type->fields.count--;
	return field->name != NULL;
}

static bool
types_read(Types *types, const PGresult *rows)
{
	for (int i = 0; i < PQntuples(rows); i++)
	{
		Type	   *type = types_add(types, oid_of(rows, i, 0));

		if (type == NULL)
			return false;
		if (PQgetvalue(rows, i, 4)[0] == 't')
		{
			type->kind = TYPE_ARRAY;
			type->element = oid_of(rows, i, 2);
			type->delim = PQgetvalue(rows, i, 3)[0];
		}
		else if (PQgetvalue(rows, i, 4)[0] == 'h')
			type->kind = TYPE_HSTORE;
		else if (PQgetvalue(rows, i, 1)[0] == 'c')
		{
			type->kind = TYPE_COMPOSITE;
			if (!PQgetisnull(rows, i, 5) &&
				!type_add_field(type, PQgetvalue(rows, i, 5), oid_of(rows, i, 6)))
				return false;
		}
		else if (PQgetvalue(rows, i, 1)[0] == 'd')
		{
			type->kind = TYPE_DOMAIN;
			type->element = oid_of(rows, i, 7);
		}
	}
	return true;
}

static bool
type_same(const Type *a, const Type *b)
{
	if (a->kind != b->kind || a->element != b->element || a->fields.count != b->fields.count)
		return false;
	for (size_t i = 0; i < a->fields.count; i++)
		if (a->fields.items[i].type != b->fields.items[i].type ||
			strcmp(a->fields.items[i].name, b->fields.items[i].name) != 0)
			return false;
	return true;
}

static Type *
types_place(const Types *types, Oid oid)
{
	for (size_t i = 0; i < types->learned.count; i++)
		if (types->learned.items[i].oid == oid)
			return &types->learned.items[i];
	return NULL;
}

static bool
type_copy(Type *to, const Type *from)
{
	*to = *from;
	memset(&to->fields, 0, sizeof(to->fields));
	for (size_t i = 0; i < from->fields.count; i++)
		if (!type_add_field(to, from->fields.items[i].name, from->fields.items[i].type))
			return false;
	return true;
}

static Types *
types_copy(const Types *from)
{
	Types	   *types = types_new();

	for (size_t i = 0; types != NULL && i < from->learned.count; i++)
	{
		Type	   *type = array_add(&types->learned);

		if (type == NULL || !type_copy(type, &from->learned.items[i]))
		{
			types_unref(types);
			return NULL;
		}
	}
	return types;
}

/* What results that were kept are read with stays as it is. */
static bool
types_own(Types **types)
{
	Types	   *copy;

	if ((*types)->refs == 1)
		return true;
	copy = types_copy(*types);
	if (copy == NULL)
		return false;
	types_unref(*types);
	*types = copy;
	return true;
}

/* Moves what was read into the table. */
static bool
types_merge(Types **types, Types *read)
{
	for (size_t i = 0; i < read->learned.count; i++)
	{
		Type	   *found = &read->learned.items[i];
		Type	   *place = types_place(*types, found->oid);

		if (place != NULL && type_same(place, found))
			continue;
		if (place != NULL)
		{
			if (!types_own(types))
				return false;
			place = types_place(*types, found->oid);
			type_free_fields(place);
		}
		else
			place = array_add(&(*types)->learned);
		if (place == NULL)
			return false;
		*place = *found;
		memset(&found->fields, 0, sizeof(found->fields));
	}
	return true;
}

bool
types_learn(Types **types, const PGresult *rows, Buf *missing)
{
	Types	   *read = types_new();
	bool		ok = read != NULL && types_read(read, rows) && types_merge(types, read);

	types_unref(read);
	if (!ok)
		return false;
	for (size_t i = 0; i < (*types)->learned.count; i++)
	{
		const Type *type = &(*types)->learned.items[i];

		types_want(*types, type->element, missing);
		for (size_t j = 0; j < type->fields.count; j++)
			types_want(*types, type->fields.items[j].type, missing);
	}
	types_close_list(missing);
	return buf_ok(missing);
}
