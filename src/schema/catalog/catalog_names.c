/*
 * catalog_names.c
 *	  How roles, types, functions and the rest print in a schema document.
 *
 * Each name is made once and shared by all who use it; ten thousand columns of
 * type text point to one string.
 *
 * Names are qualified, whatever the search_path, but for those of pg_catalog, so that a
 * document reads the same in every session.  It never raises an error of its own for a
 * role that is gone, since an ACL may hold one; any other object that is gone means
 * that the read is torn, and starts anew.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "catalog/pg_am.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_ts_dict.h"
#include "catalog/pg_ts_parser.h"
#include "catalog/pg_ts_template.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

typedef struct NameKey
{
	Oid			class;
	Oid			oid;
	int32		detail;			/* type modifier, or the other thing the name depends on */
} NameKey;

typedef struct CatalogName
{
	NameKey		key;
	char	   *text;
	char		storage;
	Oid			collation;
} CatalogName;

/* The entry of a name; text is NULL while it has not been made. */
static CatalogName *
find_name(CatalogReader *r, Oid class, Oid oid, int32 detail)
{
	NameKey		key = {class, oid, detail};
	bool		found;
	CatalogName *name;

	if (r->names == NULL)
	{
		HASHCTL		ctl = {
			.keysize = sizeof(NameKey), .entrysize = sizeof(CatalogName), .hcxt = r->work};

		r->names = hash_create("names", 256, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	}
	name = hash_search(r->names, &key, HASH_ENTER, &found);
	if (!found)
	{
		name->text = NULL;
		name->storage = '\0';
		name->collation = InvalidOid;
	}
	return name;
}

/* In the memory of the result: names outlive the reader. */
static char *
keep(CatalogReader *r, CatalogName *name, const char *text)
{
	return name->text = MemoryContextStrdup(r->result, text);
}

/*
 * A snapshot of the catalog is older than the caches: what was dropped since is said to be
 * so, rather than read in halves.
 */
static HeapTuple
fetch(int cache, Oid oid)
{
	HeapTuple	tuple = SearchSysCache1(cache, ObjectIdGetDatum(oid));

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR, (errcode(ERRCODE_UNDEFINED_OBJECT),
						errmsg("an object was dropped while the schema was read")));
	return tuple;
}

char *
catalog_role(CatalogReader *r, Oid role)
{
	CatalogName *name = find_name(r, AuthIdRelationId, role, 0);
	char	   *text;

	if (name->text != NULL)
		return name->text;
	text = GetUserNameFromId(role, true);
	/* A role that is gone prints as the server prints it. */
	return keep(r, name, text != NULL ? text : psprintf("%u", role));
}

/* Not quoted; who puts names together quotes them. */
char *
catalog_namespace_name(CatalogReader *r, Oid namespace)
{
	CatalogName *name = find_name(r, NamespaceRelationId, namespace, 0);
	HeapTuple	tuple;

	if (name->text != NULL)
		return name->text;
	tuple = fetch(NAMESPACEOID, namespace);
	keep(r, name, NameStr(((Form_pg_namespace) GETSTRUCT(tuple))->nspname));
	ReleaseSysCache(tuple);
	return name->text;
}

/* Qualified and quoted; what is in pg_catalog stands alone. */
static char *
qualify(CatalogReader *r, Oid namespace, const char *name)
{
	if (namespace == PG_CATALOG_NAMESPACE)
		return pstrdup(quote_identifier(name));
	return quote_qualified_identifier(catalog_namespace_name(r, namespace), name);
}

/*
 * The name of a type without its modifier.  Those of pg_catalog print bare: the
 * quotes that quote_identifier() puts around varchar or time would be wrong.
 */
static char *
bare_type(CatalogReader *r, Form_pg_type form)
{
	if (form->typnamespace != PG_CATALOG_NAMESPACE)
		return qualify(r, form->typnamespace, NameStr(form->typname));
	if (form->oid == CHAROID)
		return pstrdup("\"char\"");
	/* A word that the grammar keeps for itself, unlike all other types' names. */
	if (form->oid == ANYOID)
		return pstrdup("\"any\"");
	return pstrdup(NameStr(form->typname));
}

/*
 * A modifier as it stands behind a short type name.  The time types' own output ends in
 * "with time zone", which belongs to the long names.
 *
 * A type without an output function for it prints the number alone, as format_type()
 * does.
 */
static char *
modifier(Form_pg_type form, int32 typmod)
{
	char	   *text;
	char	   *end;

	if (!OidIsValid(form->typmodout))
		return psprintf("(%d)", typmod);
	text = DatumGetCString(OidFunctionCall1(form->typmodout, Int32GetDatum(typmod)));
	end = strchr(text, ')');
	if (end != NULL && (form->oid == TIMESTAMPTZOID || form->oid == TIMETZOID ||
						form->oid == TIMESTAMPOID || form->oid == TIMEOID))
		end[1] = '\0';
	return text;
}

/*
 * As format_type() prints it, but with the schema for all that is not the server's own,
 * whatever the search_path.
 */
static char *
make_type(CatalogReader *r, Oid type, int32 typmod)
{
	HeapTuple	tuple = fetch(TYPEOID, type);
	Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);
	char	   *text;

	if (IsTrueArrayType(form))
		text = psprintf("%s[]", catalog_type(r, form->typelem, typmod));
	else
	{
		text = bare_type(r, form);
		if (typmod >= 0)
			text = psprintf("%s%s", text, modifier(form, typmod));
	}
	ReleaseSysCache(tuple);
	return text;
}

char *
catalog_type(CatalogReader *r, Oid type, int32 typmod)
{
	CatalogName *name = find_name(r, TypeRelationId, type, typmod);

	return name->text != NULL ? name->text : keep(r, name, make_type(r, type, typmod));
}

/*
 * Under a type modifier that no type has, so that it shares the table of names.  What a
 * column has beyond these is what its statement has to say.
 */
void
catalog_type_defaults(CatalogReader *r, Oid type, char *storage, Oid *collation)
{
	CatalogName *name = find_name(r, TypeRelationId, type, PG_INT32_MIN);

	if (name->storage == '\0')
	{
		HeapTuple	tuple = fetch(TYPEOID, type);

		name->storage = ((Form_pg_type) GETSTRUCT(tuple))->typstorage;
		name->collation = ((Form_pg_type) GETSTRUCT(tuple))->typcollation;
		ReleaseSysCache(tuple);
	}
	*storage = name->storage;
	*collation = name->collation;
}

char *
catalog_collation(CatalogReader *r, Oid collation)
{
	CatalogName *name = find_name(r, CollationRelationId, collation, 0);
	HeapTuple	tuple;
	Form_pg_collation form;
	char	   *text;

	if (name->text != NULL)
		return name->text;
	tuple = fetch(COLLOID, collation);
	form = (Form_pg_collation) GETSTRUCT(tuple);
	text = qualify(r, form->collnamespace, NameStr(form->collname));
	ReleaseSysCache(tuple);
	return keep(r, name, text);
}

/*
 * Of relations outside of what is read too.  A foreign key or a parent may lead to a
 * schema that is not read.
 */
void
catalog_relation_parts(CatalogReader *r, Oid relation, char **schema, char **name)
{
	CatalogRelation *known = catalog_find_relation(r, relation);
	HeapTuple	tuple;
	Form_pg_class form;

	if (known != NULL)
	{
		*schema = known->schema;
		*name = known->name;
		return;
	}
	tuple = fetch(RELOID, relation);
	form = (Form_pg_class) GETSTRUCT(tuple);
	*schema = catalog_namespace_name(r, form->relnamespace);
	*name = pstrdup(NameStr(form->relname));
	ReleaseSysCache(tuple);
}

char *
catalog_relation_name(CatalogReader *r, Oid relation)
{
	char	   *schema;
	char	   *name;

	catalog_relation_parts(r, relation, &schema, &name);
	return quote_qualified_identifier(schema, name);
}

/*
 * The reader's own first: looking it up costs a search of the cache for each column of each
 * key.
 */
char *
catalog_column_name(CatalogReader *r, Oid relation, AttrNumber attnum)
{
	CatalogRelation *known = catalog_find_relation(r, relation);

	if (known != NULL && attnum > 0 && attnum <= known->natts &&
		known->attrs[attnum - 1].column != NULL)
		return known->attrs[attnum - 1].column->object.name;
	return get_attname(relation, attnum, false);
}

char *
catalog_function(CatalogReader *r, Oid function)
{
	CatalogName *name = find_name(r, ProcedureRelationId, function, 0);
	HeapTuple	tuple;
	Form_pg_proc form;
	char	   *text;

	if (name->text != NULL)
		return name->text;
	tuple = fetch(PROCOID, function);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	text = qualify(r, form->pronamespace, NameStr(form->proname));
	ReleaseSysCache(tuple);
	return keep(r, name, text);
}

/*
 * As CREATE AGGREGATE and CREATE OPERATOR take it.  The name of an operator is made of
 * signs and never quoted.
 */
char *
catalog_operator(CatalogReader *r, Oid operator)
{
	HeapTuple	tuple = fetch(OPEROID, operator);
	Form_pg_operator form = (Form_pg_operator) GETSTRUCT(tuple);
	char	   *text;

	text =
		psprintf("OPERATOR(%s.%s)", quote_identifier(catalog_namespace_name(r, form->oprnamespace)),
				 NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return text;
}

char *
catalog_access_method(CatalogReader *r, Oid am)
{
	CatalogName *name = find_name(r, AccessMethodRelationId, am, 0);
	HeapTuple	tuple;

	if (name->text != NULL)
		return name->text;
	tuple = fetch(AMOID, am);
	keep(r, name, NameStr(((Form_pg_am) GETSTRUCT(tuple))->amname));
	ReleaseSysCache(tuple);
	return name->text;
}

/* Text search objects are few: their names are not worth keeping. */
char *
catalog_ts_parser(CatalogReader *r, Oid parser)
{
	HeapTuple	tuple = fetch(TSPARSEROID, parser);
	Form_pg_ts_parser form = (Form_pg_ts_parser) GETSTRUCT(tuple);
	char	   *text = qualify(r, form->prsnamespace, NameStr(form->prsname));

	ReleaseSysCache(tuple);
	return text;
}

char *
catalog_ts_template(CatalogReader *r, Oid template)
{
	HeapTuple	tuple = fetch(TSTEMPLATEOID, template);
	Form_pg_ts_template form = (Form_pg_ts_template) GETSTRUCT(tuple);
	char	   *text = qualify(r, form->tmplnamespace, NameStr(form->tmplname));

	ReleaseSysCache(tuple);
	return text;
}

char *
catalog_ts_dictionary(CatalogReader *r, Oid dictionary)
{
	HeapTuple	tuple = fetch(TSDICTOID, dictionary);
	Form_pg_ts_dict form = (Form_pg_ts_dict) GETSTRUCT(tuple);
	char	   *text = qualify(r, form->dictnamespace, NameStr(form->dictname));

	ReleaseSysCache(tuple);
	return text;
}

/*
 * "": it is the default for that type, and is not printed.  The key holds the type,
 * since a class is the default for some types and not for others.
 */
const char *
catalog_operator_class(CatalogReader *r, Oid opclass, Oid type)
{
	CatalogName *name = find_name(r, OperatorClassRelationId, opclass, (int32) type);
	HeapTuple	tuple;
	Form_pg_opclass form;
	char	   *text = "";

	if (name->text != NULL)
		return name->text;
	tuple = fetch(CLAOID, opclass);
	form = (Form_pg_opclass) GETSTRUCT(tuple);
	if (GetDefaultOpClass(type, form->opcmethod) != opclass)
		text = psprintf(" %s", qualify(r, form->opcnamespace, NameStr(form->opcname)));
	ReleaseSysCache(tuple);
	return keep(r, name, text);
}

/*
 * A role name as in an aclitem, where anything but letters, digits and _ asks for
 * quotes.  As the server's aclitemout() does it, so that an entry can be compared with
 * one in a document of another database.
 */
static void
append_role(StringInfo out, const char *role)
{
	bool		safe = true;

	for (const char *p = role; *p != '\0'; p++)
		if (!isalnum((unsigned char) *p) && *p != '_')
			safe = false;
	if (safe)
	{
		appendStringInfoString(out, role);
		return;
	}
	appendStringInfoChar(out, '"');
	for (const char *p = role; *p != '\0'; p++)
	{
		if (*p == '"')
			appendStringInfoChar(out, '"');
		appendStringInfoChar(out, *p);
	}
	appendStringInfoChar(out, '"');
}

/*
 * The letters of what may be done, each with * where it may be passed on.  All rights
 * on a table print as ALL, because 17 added a letter to them: a schema compares with
 * one of another major.
 *
 * Only where all of them or none may be passed on: anything between is spelled out.
 */
static void
append_rights(StringInfo out, const AclItem *item, ObjectType type)
{
	static const char letters[] = ACL_ALL_RIGHTS_STR;
	AclMode		rights = ACLITEM_GET_PRIVS(*item);
	AclMode		grantable = ACLITEM_GET_GOPTIONS(*item);

	if (type == OBJECT_TABLE && rights == ACL_ALL_RIGHTS_RELATION &&
		(grantable == ACL_NO_RIGHTS || grantable == rights))
	{
		appendStringInfoString(out, grantable == rights ? "ALL*" : "ALL");
		return;
	}
	for (int i = 0; i < (int) strlen(letters); i++)
	{
		if (rights & (((AclMode) 1) << i))
			appendStringInfoChar(out, letters[i]);
		if (grantable & (((AclMode) 1) << i))
			appendStringInfoChar(out, '*');
	}
}

/*
 * One entry.  The owner prints as "$owner", and as grantor not at all, so that
 * privileges compare whoever owns the object.
 */
static char *
acl_string(CatalogReader *r, const AclItem *item, ObjectType type, Oid owner)
{
	StringInfoData out;

	initStringInfo(&out);
	if (item->ai_grantee == owner)
		appendStringInfoString(&out, "$owner");
	else if (item->ai_grantee != ACL_ID_PUBLIC)
		append_role(&out, catalog_role(r, item->ai_grantee));
	appendStringInfoChar(&out, '=');
	append_rights(&out, item, type);
	if (item->ai_grantor != owner)
	{
		appendStringInfoChar(&out, '/');
		append_role(&out, catalog_role(r, item->ai_grantor));
	}
	return out.data;
}

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * Sorted, since the order of an ACL is that in which it was granted.  A fresh list of
 * fresh strings in the current context.
 */
List *
catalog_acl_strings(CatalogReader *r, Datum value, ObjectType type, Oid owner)
{
	Acl		   *acl = DatumGetAclP(value);
	AclItem	   *items = ACL_DAT(acl);
	List	   *result = NIL;

	for (int i = 0; i < ACL_NUM(acl); i++)
		result = lappend(result, acl_string(r, &items[i], type, owner));
	list_sort(result, compare_strings);
	return result;
}

static bool
same_strings(List *a, List *b)
{
	ListCell   *x;
	ListCell   *y;

	if (list_length(a) != list_length(b))
		return false;
	forboth(x, a, y, b)
	{
		if (strcmp(lfirst(x), lfirst(y)) != 0)
			return false;
	}
	return true;
}

/*
 * NIL for what is the owner's by default, however it is written: absent, or granted and
 * taken away again.
 */
List *
catalog_privileges(CatalogReader *r, HeapTuple tuple, TupleDesc desc, AttrNumber column,
				   ObjectType type, Oid owner)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, column, desc, &isnull);
	List	   *privileges;

	if (isnull)
		return NIL;
	privileges = catalog_acl_strings(r, value, type, owner);
	if (same_strings(privileges,
					 catalog_acl_strings(r, PointerGetDatum(acldefault(type, owner)), type, owner)))
		return NIL;
	/* All revoked, even from the owner: that is not the default, so it must show. */
	return privileges != NIL ? privileges : list_make1(pstrdup("$owner="));
}
