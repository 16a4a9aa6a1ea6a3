/*
 * types.h
 *		What the client knows of the server's types: how a value's text becomes
 *		JSON, and how JSON becomes a parameter's text.
 *
 * The built-in types are one constant table; those of users (enums, composites,
 * arrays of them) are looked up when a description first names them, and composites
 * again before their fields are used.  A table is shared by a client and the results kept beyond it.
 */
#ifndef DBA_TYPES_H
#define DBA_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <libpq-fe.h>

#include "base/array.h"
#include "base/buf.h"
#include "db_adapter.h"

typedef struct Types Types;

/* what decides the form of a value */
typedef enum TypeKind
{
	TYPE_TEXT,					/* a string in JSON */
	TYPE_BOOL,
	TYPE_INT,					/* int2, int4, int8 */
	TYPE_FLOAT,
	TYPE_NUMERIC,
	TYPE_JSON,
	TYPE_TIMESTAMP,
	TYPE_TIMESTAMPTZ,
	TYPE_ARRAY,
	TYPE_COMPOSITE,
	TYPE_HSTORE,				/* a string, but may be given as an object */
	TYPE_DOMAIN					/* inside arrays and composites: as its base type */
} TypeKind;

typedef struct TypeField
{
	char	   *name;
	Oid			type;
} TypeField;

typedef struct Type
{
	Oid			oid;
	TypeKind	kind;
	Oid			element;		/* of an array; a domain's base */
	char		delim;			/* between an array's elements */
	Oid			array;			/* the type of an array of it, 0 unknown */
	ARRAY_OF(TypeField) fields; /* of a composite, without dropped columns */
} Type;

extern Types *types_new(void);
extern Types *types_ref(Types *types);
extern void types_unref(Types *types);

/* false when it has not been looked up; fields are borrowed from the table */
extern bool types_find(const Types *types, Oid oid, Type *type);

/*
 * An array literal of the types to be looked up: types_want adds one unless it is known,
 * types_close_list is false when there are none.  Composites, whose fields may change,
 * are asked for again by types_want_again, what holds one by types_composite.
 */
extern void types_want(const Types *types, Oid oid, Buf *oids);
extern void types_want_again(const Types *types, Oid oid, Buf *oids);
extern bool types_composite(const Types *types, Oid oid);
extern bool types_close_list(Buf *oids);

/*
 * The query that looks up the types of $1 (oid[]), and what it returned; false: no
 * memory.  Where one that was known is another now, and results kept by the caller
 * were read with it, *types becomes a table of its own.
 */
extern const char *types_query(void);
extern bool types_learn(Types **types, const PGresult *rows, Buf *missing);

/* a value in to_json's form, JSON's null as a cJSON_Raw if asked for; NULL: no memory */
extern cJSON *type_to_json(const Types *types, Oid oid, const char *text, size_t len,
						   bool raw_null);

#endif							/* DBA_TYPES_H */
