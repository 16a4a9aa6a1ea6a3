/*
 * origin.c
 *	  What this database is called in backups.
 *
 * Ids mean something in one database only.  A backup names the one its ids are of by an
 * origin, a uuid that was made with the extension and lies in a table beside the cluster's
 * system identifier and the database's oid.  A copy has the table too, and another
 * identifier or oid: there the origin is somebody else's, and the first who writes makes
 * a new one.  A physical copy has the same two and cannot be told.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "base/compat.h"
#include "base/origin.h"
#include "base/query.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

typedef struct Found
{
	MemoryContext cxt;
	char	   *origin;
} Found;

static bool
take_origin(TupleTableSlot *slot, void *arg)
{
	Found	   *found = arg;
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);
	MemoryContext oldcxt = MemoryContextSwitchTo(found->cxt);

	found->origin = DatumGetCString(DirectFunctionCall1(uuid_out, value));
	MemoryContextSwitchTo(oldcxt);
	return false;
}

/* InvalidOid where the extension's script is older than its library. */
static Oid
find_table(void)
{
	Oid			namespace = get_namespace_oid("db_adapter", true);

	return OidIsValid(namespace) ? get_relname_relid("database_origin", namespace) : InvalidOid;
}

static char *
run(const char *sql, bool read_only)
{
	Oid			types[] = {INT8OID, OIDOID};
	Datum values[] = {Int64GetDatum((int64) GetSystemIdentifier()), ObjectIdGetDatum(MyDatabaseId)};
	Found		found = {CurrentMemoryContext};

	query_run_as_owner(sql, 2, types, values, NULL, read_only, take_origin, &found);
	return found.origin;
}

static char *
find(bool read_only)
{
	return run("SELECT origin FROM db_adapter.database_origin"
			   " WHERE system_identifier = $1 AND database = $2 ORDER BY made_at DESC LIMIT 1",
			   read_only);
}

static char *
make(void)
{
	return run("INSERT INTO db_adapter.database_origin (system_identifier, database)"
			   " VALUES ($1, $2) RETURNING origin",
			   false);
}

/* A parallel worker may not write either, whatever its leader may. */
static bool
may_write(void)
{
	return !XactReadOnly && !RecoveryInProgress() && !IsInParallelMode();
}

char *
origin_read(void)
{
	char	   *origin = OidIsValid(find_table()) ? find(true) : NULL;

	/*
	 * A warning, since a backup without an origin is whole: a restore only cannot tell
	 * whether ids are its own.
	 */
	if (origin == NULL && OidIsValid(find_table()))
		ereport(WARNING,
				(errmsg("this database is a copy and has no origin of its own yet"),
				 errdetail("The backup does not say which database its ids are of."),
				 errhint("SELECT db_adapter.origin() in a transaction that may write makes one.")));
	return origin;
}

/*
 * Two at a time make one: the second waits, and sees what the first has committed.  Under
 * REPEATABLE READ the second does not see it and makes another: the later one counts from
 * then on.
 */
char *
origin_ensure(void)
{
	Oid			table = find_table();
	char	   *origin = OidIsValid(table) ? find(false) : NULL;

	if (origin != NULL || !OidIsValid(table) || !may_write())
		return origin != NULL ? origin : origin_read();
	LockRelationOid(table, ShareUpdateExclusiveLock);
	/*
	 * Not read only: such a statement takes the snapshot of before the lock was waited
	 * for, and would not see what the other has committed.
	 */
	origin = find(false);
	return origin != NULL ? origin : make();
}

PG_FUNCTION_INFO_V1(db_adapter_origin);

Datum
db_adapter_origin(PG_FUNCTION_ARGS)
{
	char	   *origin = origin_ensure();

	if (origin == NULL)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(DirectFunctionCall1(uuid_in, CStringGetDatum(origin)));
}

PG_FUNCTION_INFO_V1(db_adapter_new_origin);

Datum
db_adapter_new_origin(PG_FUNCTION_ARGS)
{
	query_refuse_standby("db_adapter.new_origin()");
	PG_RETURN_DATUM(DirectFunctionCall1(uuid_in, CStringGetDatum(make())));
}
