/*
 * depends.c
 *	  What depends on one object, as pg_depend has it.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/depends.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

/*
 * By the index on what is depended on, whose order says nothing. visit returns false to
 * stop.  What it is given lies in a page that is pinned during the call: it copies what
 * it keeps.
 */
void
depends_visit(Oid class_id, Oid object_id, DependsVisit visit, void *arg)
{
	Relation	rel = table_open(DependRelationId, AccessShareLock);
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple	tuple;

	ScanKeyInit(&keys[0], Anum_pg_depend_refclassid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(class_id));
	ScanKeyInit(&keys[1], Anum_pg_depend_refobjid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(object_id));
	scan = systable_beginscan(rel, DependReferenceIndexId, true, NULL, 2, keys);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		if (!visit((Form_pg_depend) GETSTRUCT(tuple), arg))
			break;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}
