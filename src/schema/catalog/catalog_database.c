/*
 * catalog_database.c
 *	  What stands around tables: the schemas themselves, default privileges,
 *	  extended statistics, extensions and publications.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_type.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"

static void
add_namespace(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_namespace form = (Form_pg_namespace) GETSTRUCT(tuple);
	SchemaNamespace *namespace;
	char	   *comment;

	if (catalog_find_namespace(r, form->oid) == NULL)
		return;
	namespace = schema_new(&schema_namespace_kind);
	namespace->object.name = pstrdup(NameStr(form->nspname));
	namespace->object.oid = form->oid;
	namespace->object.owner = catalog_role(r, form->nspowner);
	namespace->object.privileges =
		catalog_privileges(r, tuple, desc, Anum_pg_namespace_nspacl, OBJECT_SCHEMA, form->nspowner);
	comment = catalog_comment(r, NamespaceRelationId, form->oid, 0);
	if (comment != NULL && strcmp(comment, SCHEMA_PUBLIC_COMMENT) != 0)
	namespace->object.comment = comment;
	r->schema->namespaces = lappend(r->schema->namespaces, namespace);
}

static char *
default_type(char type)
{
	switch (type)
	{
		case DEFACLOBJ_RELATION:
			return "tables";
		case DEFACLOBJ_SEQUENCE:
			return "sequences";
		case DEFACLOBJ_FUNCTION:
			return "functions";
		case DEFACLOBJ_TYPE:
			return "types";
		case DEFACLOBJ_NAMESPACE:
			return "schemas";
		default:
			return "large objects";
	}
}

/* Those of the schemas read, and those of the whole database. */
static void
add_default_privileges(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_default_acl form = (Form_pg_default_acl) GETSTRUCT(tuple);
	const char *schema = catalog_find_namespace(r, form->defaclnamespace);
	SchemaDefaultPrivileges *object;
	bool		isnull;
	Datum		acl = heap_getattr(tuple, Anum_pg_default_acl_defaclacl, desc, &isnull);

	if (schema == NULL && OidIsValid(form->defaclnamespace))
		return;
	object = schema_new(&schema_default_privileges_kind);
	object->role = catalog_role(r, form->defaclrole);
	object->object_type = default_type(form->defaclobjtype);
	object->object.schema = unconstify(char *, schema);
	object->object.name = psprintf("%s for %s", object->object_type, object->role);
	object->object.oid = form->oid;
	object->object.privileges = catalog_acl_strings(
		r, acl, form->defaclobjtype == DEFACLOBJ_RELATION ? OBJECT_TABLE : OBJECT_SCHEMA,
		form->defaclrole);
	if (object->object.privileges == NIL)
		object->object.privileges = list_make1("$owner=");
	r->schema->default_privileges = lappend(r->schema->default_privileges, object);
}

static List *
statistics_kinds(HeapTuple tuple, TupleDesc desc)
{
	bool		isnull;
	Datum		value = heap_getattr(tuple, Anum_pg_statistic_ext_stxkind, desc, &isnull);
	ArrayType  *array = DatumGetArrayTypeP(value);
	char	   *kinds = ARR_DATA_PTR(array);
	List	   *result = NIL;

	for (int i = 0; i < ARR_DIMS(array)[0]; i++)
	{
		if (kinds[i] == STATS_EXT_NDISTINCT)
			result = lappend(result, "ndistinct");
		else if (kinds[i] == STATS_EXT_DEPENDENCIES)
			result = lappend(result, "dependencies");
		else if (kinds[i] == STATS_EXT_MCV)
			result = lappend(result, "mcv");
	}
	return result;
}

static void
add_statistics(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_statistic_ext form = (Form_pg_statistic_ext) GETSTRUCT(tuple);
	const char *schema = catalog_find_namespace(r, form->stxnamespace);
	SchemaStatistics *object;

	if (schema == NULL || catalog_find_relation(r, form->stxrelid) == NULL ||
		catalog_is_member(r, StatisticExtRelationId, form->oid))
		return;
	object = schema_new(&schema_statistics_kind);
	object->object.schema = unconstify(char *, schema);
	object->object.name = pstrdup(NameStr(form->stxname));
	object->object.oid = form->oid;
	object->object.owner = catalog_role(r, form->stxowner);
	object->object.comment = catalog_comment(r, StatisticExtRelationId, form->oid, 0);
	object->table = catalog_relation_name(r, form->stxrelid);
	object->kinds = statistics_kinds(tuple, desc);
	for (int i = 0; i < form->stxkeys.dim1; i++)
		object->columns =
			lappend(object->columns, pstrdup(quote_identifier(catalog_column_name(
										 r, form->stxrelid, form->stxkeys.values[i]))));
	object->target = compat_extended_target(tuple, desc, form);
	object->definition = catalog_deparse(r, pg_get_statisticsobjdef, form->oid);
	r->schema->statistics = lappend(r->schema->statistics, object);
}

/* All but this extension itself, which is no part of anybody's schema. */
static void
add_extension(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_extension form = (Form_pg_extension) GETSTRUCT(tuple);
	SchemaExtension *extension;

	if (strcmp(NameStr(form->extname), "db_adapter") == 0)
		return;
	extension = schema_new(&schema_extension_kind);
	extension->object.name = pstrdup(NameStr(form->extname));
	extension->object.oid = form->oid;
	extension->schema = catalog_namespace_name(r, form->extnamespace);
	extension->version = catalog_text(tuple, desc, Anum_pg_extension_extversion);
	r->schema->extensions = lappend(r->schema->extensions, extension);
}

void
catalog_read_database(CatalogReader *r)
{
	catalog_scan(r, NamespaceRelationId, add_namespace);
	catalog_scan(r, DefaultAclRelationId, add_default_privileges);
	catalog_scan(r, StatisticExtRelationId, add_statistics);
	catalog_scan(r, ExtensionRelationId, add_extension);
	catalog_read_publications(r);
}
