/*
 * catalog_outside.c
 *	  Triggers and policies on tables of other schemas.
 *
 * A schema may act on tables that are not its own: a trigger on auth.users calls a
 * function of public, a policy of its own guards storage.objects.  Most of what hangs on
 * such a table is somebody else's.  So of each table those triggers and policies are read
 * that whoever asks names, and those that call a function of the schemas read, since they
 * cannot be without it.
 *
 * It assumes that functions have been read.  It never reads columns, keys or anything
 * else of such a table, and asks for no right on it.  While DDL text runs, a copy of the
 * table takes its place (expected_outside_table.c), and all that is on that is the text's.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/compat.h"
#include "base/depends.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_trigger.h"
#include "schema/catalog/catalog.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#define COPIES "pg_db_adapter_outside_"

typedef struct OutsideSearch
{
	CatalogReader *r;
	List	   *relids;			/* of tables on which something calls a function of the schemas */
	List	   *triggers;		/* oids of the triggers that do */
	List	   *policies;		/* the same of policies */
} OutsideSearch;

char *
catalog_outside_schema(Oid namespace)
{
	return psprintf(COPIES "%u", namespace);
}

static bool
has_triggers(char relkind)
{
	return relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ||
		   relkind == RELKIND_FOREIGN_TABLE;
}

/* A copy is read in the place of its table. */
static bool
is_copy(Oid relid)
{
	char	   *schema = get_namespace_name(get_rel_namespace(relid));

	return schema != NULL && strncmp(schema, COPIES, strlen(COPIES)) == 0;
}

/* ---------- what calls a function of the schemas ---------- */

/* One column of a catalog's row, by the row's oid; InvalidOid where it is gone. */
static Oid
find_relation_of(CatalogReader *r, Oid catalog, Oid oid)
{
	Relation	rel = table_open(catalog, AccessShareLock);
	bool		is_trigger = catalog == TriggerRelationId;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			result = InvalidOid;

	ScanKeyInit(&key, is_trigger ? Anum_pg_trigger_oid : Anum_pg_policy_oid, BTEqualStrategyNumber,
				F_OIDEQ, ObjectIdGetDatum(oid));
	scan = systable_beginscan(rel, is_trigger ? TriggerOidIndexId : PolicyOidIndexId, true,
							  r->snapshot, 1, &key);
	if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		result = is_trigger ? ((Form_pg_trigger) GETSTRUCT(tuple))->tgrelid
							: ((Form_pg_policy) GETSTRUCT(tuple))->polrelid;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

static bool
note_caller(const FormData_pg_depend *dependency, void *arg)
{
	OutsideSearch *search = arg;
	Oid			relid;

	if (dependency->deptype != DEPENDENCY_NORMAL ||
		(dependency->classid != TriggerRelationId && dependency->classid != PolicyRelationId))
		return true;
	relid = find_relation_of(search->r, dependency->classid, dependency->objid);
	if (!OidIsValid(relid) || catalog_find_relation(search->r, relid) != NULL ||
		!has_triggers(get_rel_relkind(relid)) || is_copy(relid))
		return true;
	search->relids = list_append_unique_oid(search->relids, relid);
	if (dependency->classid == PolicyRelationId)
		search->policies = lappend_oid(search->policies, dependency->objid);
	else
		search->triggers = lappend_oid(search->triggers, dependency->objid);
	return true;
}

/* By the functions: they are fewer than the database's triggers. */
static void
find_callers(OutsideSearch *search)
{
	ListCell   *lc;

	foreach(lc, search->r->schema->functions)
		depends_visit(ProcedureRelationId, ((SchemaObject *) lfirst(lc))->oid, note_caller, search);
}

/* ---------- one table ---------- */

/* Where a copy stands, that is read. */
static Oid
find_copy(Oid namespace, const char *name)
{
	Oid			copies = get_namespace_oid(catalog_outside_schema(namespace), true);

	return OidIsValid(copies) ? get_relname_relid(name, copies) : InvalidOid;
}

/* Its name in a definition is that of the copy. */
static char *
restore_name(char *definition, const char *copy, const SchemaTable *table)
{
	char	   *place = strstr(definition, copy);

	return place == NULL
			   ? definition
			   : psprintf("%.*s%s%s", (int) (place - definition), definition,
						  quote_qualified_identifier(table->object.schema, table->object.name),
						  place + strlen(copy));
}

static void
restore_names(SchemaTable *table, const char *copy)
{
	ListCell   *lc;

	foreach(lc, table->triggers)
	{
		SchemaTrigger *trigger = lfirst(lc);

		trigger->definition = restore_name(trigger->definition, copy, table);
	}
}

/* Those that are named, or call a function of the schemas (oids). */
static List *
keep_wanted(List *objects, List *wanted, List *callers)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		const SchemaObject *object = lfirst(lc);

		if (schema_find_child(wanted, object->name) == NULL &&
			!list_member_oid(callers, object->oid))
			objects = foreach_delete_current(objects, lc);
	}
	return objects;
}

/*
 * For the passes over pg_trigger and pg_policy the table is one of those read, and is so no
 * longer when they are over.
 */
static void
read_attached(CatalogReader *r, SchemaTable *table, Oid relid)
{
	List	   *columns = NIL;
	CatalogRelation *relation = hash_search(r->relations, &relid, HASH_ENTER, NULL);

	*relation = (CatalogRelation){.oid = relid,
								  .relkind = RELKIND_RELATION,
								  .schema = table->object.schema,
								  .name = table->object.name,
								  .object = table,
								  .columns = &columns};
	r->last_oid = InvalidOid;
	catalog_read_attached(r, relid);
	hash_search(r->relations, &relid, HASH_REMOVE, NULL);
	r->last_oid = InvalidOid;
}

static void
set_row_security(SchemaTable *table, Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));

	if (!HeapTupleIsValid(tuple))
		return;
	table->row_security = ((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity;
	table->force_row_security = ((Form_pg_class) GETSTRUCT(tuple))->relforcerowsecurity;
	ReleaseSysCache(tuple);
}

/*
 * wanted is NULL for a table that is found by what calls a function: whether it has row
 * security was not asked for.
 */
static void
add_table(OutsideSearch *search, Oid relid, const SchemaTable *wanted)
{
	CatalogReader *r = search->r;
	SchemaTable *table = schema_new(&schema_table_kind);
	Oid			namespace = get_rel_namespace(relid);
	Oid			copy;

	catalog_relation_parts(r, relid, &table->object.schema, &table->object.name);
	table->object.oid = relid;
	table->kind = "table";
	copy = find_copy(namespace, table->object.name);
	read_attached(r, table, OidIsValid(copy) ? copy : relid);
	if (OidIsValid(copy))
		restore_names(table, quote_qualified_identifier(catalog_outside_schema(namespace),
														table->object.name));
	else
	{
		table->triggers =
			keep_wanted(table->triggers, wanted != NULL ? wanted->triggers : NIL, search->triggers);
		table->policies =
			keep_wanted(table->policies, wanted != NULL ? wanted->policies : NIL, search->policies);
	}
	if (wanted != NULL)
		set_row_security(table, OidIsValid(copy) ? copy : relid);
	r->schema->outside = lappend(r->schema->outside, table);
}

char *
catalog_outside_name(CatalogReader *r, Oid relid)
{
	bool		copied = is_copy(relid);
	ListCell   *lc;

	foreach(lc, r->outside)
	{
		const SchemaObject *table = lfirst(lc);
		Oid			namespace = get_namespace_oid(table->schema, true);

		if (OidIsValid(namespace) && (copied ? find_copy(namespace, table->name)
											 : get_relname_relid(table->name, namespace)) == relid)
			return schema_identity(table);
	}
	return NULL;
}

void
catalog_read_outside(CatalogReader *r)
{
	OutsideSearch search = {r, NIL, NIL, NIL};
	ListCell   *lc;

	find_callers(&search);
	foreach(lc, r->outside)
	{
		const SchemaTable *table = lfirst(lc);
		Oid			namespace = get_namespace_oid(table->object.schema, true);
		Oid			relid =
			OidIsValid(namespace) ? get_relname_relid(table->object.name, namespace) : InvalidOid;

		if (!OidIsValid(relid) || catalog_find_namespace(r, namespace) != NULL ||
			!has_triggers(get_rel_relkind(relid)))
			continue;
		add_table(&search, relid, table);
		search.relids = list_delete_oid(search.relids, relid);
	}
	foreach(lc, search.relids)
		add_table(&search, lfirst_oid(lc), NULL);
}
