/*
 * catalog_publications.c
 *	  Publications, as far as they concern the schemas read: those for all
 *	  tables, and those that name one of the tables or schemas.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_rel.h"
#ifdef COMPAT_PUBLISHED_SCHEMAS
#include "catalog/pg_publication_namespace.h"
#endif
#include "miscadmin.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/builtins.h"

/* The publications by oid while their tables are collected. */
static SchemaPublication *
find_publication(CatalogReader *r, Oid oid)
{
	ListCell   *lc;

	foreach(lc, r->schema->publications)
		if (((SchemaPublication *) lfirst(lc))->object.oid == oid)
			return lfirst(lc);
	return NULL;
}

static void
add_publication(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_publication form = (Form_pg_publication) GETSTRUCT(tuple);
	SchemaPublication *publication;

	if (catalog_is_member(r, PublicationRelationId, form->oid))
		return;
	publication = schema_new(&schema_publication_kind);
	publication->object.name = pstrdup(NameStr(form->pubname));
	publication->object.oid = form->oid;
	publication->object.owner = catalog_role(r, form->pubowner);
	publication->object.comment = catalog_comment(r, PublicationRelationId, form->oid, 0);
	publication->all_tables = form->puballtables;
	publication->via_root = form->pubviaroot;
	if (form->pubinsert)
		publication->operations = lappend(publication->operations, "insert");
	if (form->pubupdate)
		publication->operations = lappend(publication->operations, "update");
	if (form->pubdelete)
		publication->operations = lappend(publication->operations, "delete");
	if (form->pubtruncate)
		publication->operations = lappend(publication->operations, "truncate");
	r->schema->publications = lappend(r->schema->publications, publication);
}

static void
append_published_columns(CatalogReader *r, StringInfo out, Oid relation, HeapTuple tuple,
						 TupleDesc desc)
{
	int			count = 0;
	int16	   *numbers = NULL;

	if (compat_published_columns != InvalidAttrNumber)
		numbers = catalog_int2_array(tuple, desc, compat_published_columns, &count);
	for (int i = 0; i < count; i++)
		appendStringInfo(out, "%s%s", i == 0 ? " (" : ", ",
						 quote_identifier(catalog_column_name(r, relation, numbers[i])));
	if (count > 0)
		appendStringInfoChar(out, ')');
}

static void
add_table(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_publication_rel form = (Form_pg_publication_rel) GETSTRUCT(tuple);
	SchemaPublication *publication = find_publication(r, form->prpubid);
	StringInfoData out;
	char	   *condition = NULL;
	char	   *name;

	if (publication == NULL)
		return;
	name = catalog_find_relation(r, form->prrelid) != NULL ? catalog_relation_name(r, form->prrelid)
														   : catalog_outside_name(r, form->prrelid);
	if (name == NULL)
		return;
	initStringInfo(&out);
	appendStringInfoString(&out, name);
	append_published_columns(r, &out, form->prrelid, tuple, desc);
	if (compat_published_condition != InvalidAttrNumber)
		condition = catalog_expression(r, tuple, desc, compat_published_condition, form->prrelid);
	if (condition != NULL)
		appendStringInfo(&out, " WHERE %s", condition);
	publication->tables = lappend(publication->tables, out.data);
}

#ifdef COMPAT_PUBLISHED_SCHEMAS
static void
add_schema(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_publication_namespace form = (Form_pg_publication_namespace) GETSTRUCT(tuple);
	SchemaPublication *publication = find_publication(r, form->pnpubid);
	const char *schema = catalog_find_namespace(r, form->pnnspid);

	if (publication != NULL && schema != NULL)
		publication->schemas = lappend(publication->schemas, unconstify(char *, schema));
}
#endif

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

void
catalog_read_publications(CatalogReader *r)
{
	List	   *concerned = NIL;
	ListCell   *lc;

	catalog_scan(r, PublicationRelationId, add_publication);
	if (r->schema->publications == NIL)
		return;
	catalog_scan(r, PublicationRelRelationId, add_table);
#ifdef COMPAT_PUBLISHED_SCHEMAS
	catalog_scan(r, PublicationNamespaceRelationId, add_schema);
#endif
	foreach(lc, r->schema->publications)
	{
		SchemaPublication *publication = lfirst(lc);

		list_sort(publication->tables, compare_strings);
		list_sort(publication->schemas, compare_strings);
		if (publication->all_tables || publication->tables != NIL || publication->schemas != NIL ||
			schema_find_child(r->publications, publication->object.name) != NULL)
			concerned = lappend(concerned, publication);
	}
	r->schema->publications = concerned;
}
