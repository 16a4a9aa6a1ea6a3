/*
 * catalog_count.c
 *	  How many objects the live schema has: a first, cheap look.
 *
 * What a document declares, the schema must have at least, or it differs: a count
 * of relations, indexes and constraints tells that in a small part of the time that
 * reading them takes.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/compat.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "miscadmin.h"
#include "schema/catalog/catalog.h"

typedef bool (*CountTuple)(HeapTuple tuple, List *namespaces);

static bool
count_relation(HeapTuple tuple, List *namespaces)
{
	Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

	if (form->relkind == RELKIND_SEQUENCE || form->relkind == RELKIND_TOASTVALUE ||
		form->relkind == RELKIND_COMPOSITE_TYPE)
		return false;
	return list_member_oid(namespaces, form->relnamespace);
}

static bool
count_constraint(HeapTuple tuple, List *namespaces)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);

	return OidIsValid(form->conrelid) && list_member_oid(namespaces, form->connamespace);
}

static int64
count_catalog(Oid catalog, CountTuple count, List *namespaces)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	int64		result = 0;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		CHECK_FOR_INTERRUPTS();
		result += count(tuple, namespaces);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

bool
catalog_has_objects(List *schemas, int64 relations, int64 constraints)
{
	List	   *namespaces = NIL;
	ListCell   *lc;

	foreach(lc, schemas)
		namespaces = lappend_oid(namespaces, get_namespace_oid(lfirst(lc), true));
	return count_catalog(RelationRelationId, count_relation, namespaces) >= relations &&
		   count_catalog(ConstraintRelationId, count_constraint, namespaces) >= constraints;
}
