/*
 * queryowner.c
 *	  Statements on the extension's own tables, with the rights of its owner.
 *
 * On these tables nobody else has rights.  Each statement is ours, never a caller's text;
 * names in it are the server's while another's rights are in force.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/compat.h"
#include "base/query.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/memutils.h"
#include "utils/rel.h"

/* The owner of the extension, who owns its tables. */
static Oid
extension_owner(void)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			owner = InvalidOid;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
				CStringGetDatum("db_adapter"));
	scan = systable_beginscan(rel, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		owner = ((Form_pg_extension) GETSTRUCT(tuple))->extowner;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	if (!OidIsValid(owner))
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("extension \"db_adapter\" is not installed in this database"),
						errhint("Run CREATE EXTENSION db_adapter.")));
	return owner;
}

/* What a statement as the owner leaves behind: who ran it, and under which settings. */
typedef struct OwnerGuise
{
	int			nestlevel;
	Oid			user;
	int			context;
} OwnerGuise;

/*
 * Operators and functions must be the server's while another's rights are in force.
 * SECURITY_LOCAL_USERID_CHANGE keeps SET ROLE and the like from working meanwhile.
 */
static void
become_owner(OwnerGuise *guise)
{
	guise->nestlevel = query_pin(PIN_PATH);
	GetUserIdAndSecContext(&guise->user, &guise->context);
	SetUserIdAndSecContext(extension_owner(), guise->context | SECURITY_LOCAL_USERID_CHANGE);
}

/* On error the end of the (sub)transaction does the same. */
static void
cease_owner(const OwnerGuise *guise)
{
	SetUserIdAndSecContext(guise->user, guise->context);
	query_unpin(guise->nestlevel);
}

/*
 * For the extension's own tables, on which nobody else has rights.  The statement is ours,
 * never a caller's text.
 */
uint64
query_run_as_owner(const char *sql, int nargs, Oid *types, Datum *values, const char *nulls,
				   bool read_only, QueryRow row, void *arg)
{
	OwnerGuise	guise;
	uint64		processed;

	become_owner(&guise);
	processed = query_run(sql, nargs, types, values, nulls, read_only, row, arg);
	cease_owner(&guise);
	return processed;
}

/*
 * The plan is kept for the backend's life in *query, which is NULL before the first call.
 */
uint64
query_execute_as_owner(QueryPlan **query, const char *sql, int nargs, Oid *types, Datum *values,
					   const char *nulls, bool read_only, QueryRow row, void *arg)
{
	OwnerGuise	guise;
	uint64		processed;

	become_owner(&guise);
	if (*query == NULL)
		*query = query_prepare(TopMemoryContext, sql, nargs, types);
	processed = query_execute(*query, values, nulls, read_only, row, arg);
	cease_owner(&guise);
	return processed;
}

uint64
query_read_as_owner(QueryPlan **query, const char *sql, QueryRow row, void *arg)
{
	return query_execute_as_owner(query, sql, 0, NULL, NULL, NULL, true, row, arg);
}
