/*
 * expected_hide.c
 *	  What has no schema and yet would be absent from a new database.
 *
 * Rows are deleted without what depends on them, since all comes back with the
 * rollback.  Nobody else sees it; who changes the same rows waits.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_default_acl.h"
#include "catalog/pg_event_trigger.h"
#include "catalog/pg_publication.h"
#include "catalog/pg_publication_rel.h"
#ifdef COMPAT_PUBLISHED_SCHEMAS
#include "catalog/pg_publication_namespace.h"
#endif
#include "schema/expected/expected_hide.h"
#include "utils/rel.h"

static void
delete_rows(Oid catalog, bool (*keep)(HeapTuple tuple))
{
	Relation	rel = table_open(catalog, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (keep == NULL || !keep(tuple))
			CatalogTupleDelete(rel, &tuple->t_self);
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

/* Those of a schema do not apply to the one that took its place. */
static bool
is_of_schema(HeapTuple tuple)
{
	return OidIsValid(((Form_pg_default_acl) GETSTRUCT(tuple))->defaclnamespace);
}

void
hide_schemaless(void)
{
	/* Within DDL of the caller's they would fire for what the text rewrites and drops. */
	delete_rows(EventTriggerRelationId, NULL);
	delete_rows(DefaultAclRelationId, is_of_schema);
	delete_rows(PublicationRelationId, NULL);
	delete_rows(PublicationRelRelationId, NULL);
#ifdef COMPAT_PUBLISHED_SCHEMAS
	delete_rows(PublicationNamespaceRelationId, NULL);
#endif
	CommandCounterIncrement();
}
