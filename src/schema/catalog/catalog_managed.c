/*
 * catalog_managed.c
 *	  Tables that an extension makes and drops by itself.
 *
 * What belongs to an extension is no part of anybody's schema.  pg_partman makes
 * partitions that do not belong to it, for the tables its configuration names: which there
 * are changes from day to day, and nobody writes them into a file.
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "base/compat.h"
#include "base/depends.h"
#include "catalog/dependency.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "schema/catalog/catalog.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#define EXTENSION "pg_partman"
#define CONFIGURATION "part_config"
#define COLUMN "parent_table"

static bool
find_table(const FormData_pg_depend *dependency, void *arg)
{
	Oid		   *relid = arg;
	char	   *name =
		dependency->classid == RelationRelationId && dependency->deptype == DEPENDENCY_EXTENSION
			? get_rel_name(dependency->objid)
			: NULL;

	if (name != NULL && strcmp(name, CONFIGURATION) == 0 &&
		get_rel_relkind(dependency->objid) == RELKIND_RELATION)
		*relid = dependency->objid;
	return !OidIsValid(*relid);
}

/* Its table of configuration, where the caller may read it. */
static Oid
find_configuration(void)
{
	Oid			extension = get_extension_oid(EXTENSION, true);
	Oid			relid = InvalidOid;

	if (OidIsValid(extension))
		depends_visit(ExtensionRelationId, extension, find_table, &relid);
	return OidIsValid(relid) && pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK
			   ? relid
			   : InvalidOid;
}

/* Row by row as catalogs are: what a policy or a view would run, runs with nobody's rights. */
static List *
read_parents(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	AttrNumber	column = get_attnum(relid, COLUMN);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	Snapshot	snapshot =
		RegisterSnapshot(ActiveSnapshotSet() ? GetActiveSnapshot() : GetTransactionSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	List	   *result = NIL;

	while (column != InvalidAttrNumber && get_atttype(relid, column) == TEXTOID &&
		   table_scan_getnextslot(scan, ForwardScanDirection, slot))
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, column, &isnull);

		CHECK_FOR_INTERRUPTS();
		if (!isnull)
			result = lappend(result, TextDatumGetCString(value));
	}
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	ExecDropSingleTupleTableSlot(slot);
	table_close(rel, AccessShareLock);
	return result;
}

/* Names as the extension keeps them: schema.table, mostly not quoted. */
static bool
is_parent(List *parents, Oid relid)
{
	char	   *relname = get_rel_name(relid);
	char	   *nspname = get_namespace_name(get_rel_namespace(relid));

	return relname != NULL && nspname != NULL &&
		   (schema_lists(parents, psprintf("%s.%s", nspname, relname)) ||
			schema_lists(parents, quote_qualified_identifier(nspname, relname)));
}

static bool
is_below(List *parents, Oid relid)
{
	ListCell   *lc;

	if (!OidIsValid(relid) || !get_rel_relispartition(relid))
		return false;
	foreach(lc, get_partition_ancestors(relid))
		if (is_parent(parents, lfirst_oid(lc)))
			return true;
	return false;
}

void
catalog_mark_managed(Schema *schema)
{
	Oid			relid = find_configuration();
	List	   *parents = OidIsValid(relid) ? read_parents(relid) : NIL;
	ListCell   *lc;

	foreach(lc, parents != NIL ? schema->tables : NIL)
	{
		SchemaTable *table = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		table->managed = is_below(parents, table->object.oid);
	}
}
