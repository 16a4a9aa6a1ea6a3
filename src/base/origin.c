/*
 * origin.c
 *	  What this database is called in backups.
 *
 * Ids mean something in one database only.  A backup names the one its ids are of by an
 * origin, a uuid that was made with the extension and lies in a table beside the cluster's
 * system identifier and the database's oid.  A copy has the table too, and another
 * identifier or oid: there the origin is somebody else's, and the first who writes makes
 * a new one.  A physical copy has the same two and cannot be told.
 *
 * A copy's rows were born in the database it was copied from, as far as the sequences of
 * their keys have come by the time the origin is made: this is said in sets of the ledger.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "base/compat.h"
#include "base/origin.h"
#include "base/query.h"
#include "base/sequence.h"
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

/* Tables whose primary key has a column that a sequence fills. */
typedef struct Drawn
{
	MemoryContext cxt;
	int			count;
	int			max;
	Oid		   *tables;
	Oid		   *sequences;
} Drawn;

static bool
take_drawn(TupleTableSlot *slot, void *arg)
{
	Drawn	   *drawn = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(drawn->cxt);
	bool		isnull;

	if (drawn->count == drawn->max)
	{
		drawn->max = Max(drawn->max * 2, 64);
		drawn->tables = drawn->tables == NULL ? palloc(sizeof(Oid) * drawn->max)
											  : repalloc(drawn->tables, sizeof(Oid) * drawn->max);
		drawn->sequences = drawn->sequences == NULL
							   ? palloc(sizeof(Oid) * drawn->max)
							   : repalloc(drawn->sequences, sizeof(Oid) * drawn->max);
	}
	drawn->tables[drawn->count] = DatumGetObjectId(slot_getattr(slot, 1, &isnull));
	drawn->sequences[drawn->count++] = DatumGetObjectId(slot_getattr(slot, 2, &isnull));
	MemoryContextSwitchTo(oldcxt);
	return true;
}

static void
keep_home(Oid table, int64 last, const char *former)
{
	Oid			types[] = {REGCLASSOID, TEXTOID, INT8OID};
	Datum values[] = {ObjectIdGetDatum(table), CStringGetTextDatum(former), Int64GetDatum(last)};

	query_run_as_owner(
		"INSERT INTO db_adapter.ledger_set (set, origin, \"table\", kept)"
		" SELECT " ORIGIN_SET_ID("$2", "$1",
								 "NULL") ", $2::uuid, $1, $3"
										 " ON CONFLICT (set) DO UPDATE SET kept = excluded.kept",
		3, types, values, NULL, false, NULL, NULL);
}

/*
 * The rows that are here go on to be the former origin's.  By tables with a sequence behind
 * a column of the primary key: other keys do not tell before from after.
 */
static void
keep_homes(void)
{
	static const char *const sql =
		"WITH sequence (oid, relation, attnum) AS ("
		" SELECT d.objid, d.refobjid, d.refobjsubid FROM pg_depend d"
		"  WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass"
		"    AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0"
		" UNION"
		" SELECT d.refobjid, a.adrelid, a.adnum FROM pg_attrdef a JOIN pg_depend d ON d.objid = "
		"a.oid"
		"  WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass)"
		" SELECT DISTINCT ON (c.oid) c.oid, q.seqrelid"
		"   FROM sequence s JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0"
		"   JOIN pg_class c ON c.oid = s.relation"
		"   JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary AND s.attnum = ANY (i.indkey)"
		"  WHERE c.relpersistence <> 't' AND NOT c.relispartition"
		"    AND c.relnamespace <> 'db_adapter'::regnamespace"
		"  ORDER BY c.oid, s.attnum";
	Drawn		drawn = {CurrentMemoryContext};
	Found		former = {CurrentMemoryContext};

	query_run_as_owner(
		"SELECT origin FROM db_adapter.database_origin ORDER BY made_at DESC LIMIT 1", 0, NULL,
		NULL, NULL, false, take_origin, &former);
	if (former.origin == NULL)
		return;
	query_run_as_owner(sql, 0, NULL, NULL, NULL, false, take_drawn, &drawn);
	for (int i = 0; i < drawn.count; i++)
	{
		int64		last = sequence_last(drawn.sequences[i]);

		CHECK_FOR_INTERRUPTS();
		if (last != PG_INT64_MIN)
			keep_home(drawn.tables[i], last, former.origin);
	}
}

static char *
make(void)
{
	keep_homes();
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
origin_find(void)
{
	return OidIsValid(find_table()) ? find(true) : NULL;
}

char *
origin_read(void)
{
	char	   *origin = origin_find();

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
