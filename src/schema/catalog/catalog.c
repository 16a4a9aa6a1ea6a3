/*
 * catalog.c
 *	  pg_catalog -> Schema: the order of the passes, and what makes them agree.
 *
 * All passes read under one catalog snapshot.  The server's deparsers look
 * things up by the newest one; where an object changed in between, they fail to
 * find it.  The read therefore runs in a subtransaction and starts anew when
 * that happens, so callers never see "cache lookup failed".  Where DDL goes on and on,
 * the later reads lock the relations against it, by oid as a dump does, for as long
 * as they take.
 *
 * What it assumes: that whoever calls may read the catalogs, as everybody may; no
 * privilege is asked for and no row of a user's table is read.  What it never does: it
 * changes nothing, evaluates nothing that a user wrote, and hands out no half-read
 * schema.  A schema that does not exist is one without objects, not an error: a
 * comparison will say what is missing.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/query.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "schema/catalog/catalog.h"
#include "schema/catalog/catalog_reader.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

/*
 * Concurrent DDL must hit this many reads in a row to become an error.  Each
 * waits a little longer than the one before, in microseconds.
 */
#define CATALOG_ATTEMPTS 20
#define CATALOG_WAIT 1000

/* So many are made without locks; a read waits for its locks no more often than this. */
#define CATALOG_FREE_ATTEMPTS 8
#define CATALOG_LOCK_WAITS 200
#define CATALOG_LOCK_WAIT 5000
#define CATALOG_LOCK_ROUNDS 20

typedef struct CatalogRequest
{
	List	   *schemas;
	List	   *exclude;
	const Schema *wanted;		/* or NULL */
	bool		names_only;
	bool		comparable;		/* without depends_on */
	bool		graph;			/* with nodes */
	bool		locks;			/* relations are locked while it reads */
	MemoryContext result;
	Schema	   *schema;
} CatalogRequest;

/* A name that is not found stays in the document's list of schemas all the same. */
static void
load_namespaces(CatalogReader *r, List *schemas)
{
	HASHCTL		ctl = {.keysize = sizeof(Oid), .entrysize = sizeof(CatalogNamespace)};
	ListCell   *lc;

	ctl.hcxt = r->work;
	r->namespaces = hash_create("namespaces", 16, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	foreach(lc, schemas)
	{
		Oid			oid = get_namespace_oid(lfirst(lc), true);
		CatalogNamespace *namespace;

		if (!OidIsValid(oid))
			continue;
		namespace = hash_search(r->namespaces, &oid, HASH_ENTER, NULL);
		namespace->name = pstrdup(lfirst(lc));
	}
}

static List *
copy_names(List *names)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, names)
		result = lappend(result, pstrdup(lfirst(lc)));
	return result;
}

/*
 * Comments first, for all passes look them up; relations before whatever belongs to
 * them; indexes before constraints, since a key shows what its index has; dependencies
 * and the graph last, when every object is there.
 */
static void
read_all(CatalogReader *r, const CatalogRequest *request)
{
	catalog_load_comments(r);
	catalog_read_relations(r);
	catalog_read_sequences(r);
	catalog_read_indexes(r);
	catalog_read_constraints(r);
	catalog_read_triggers(r);
	catalog_read_functions(r);
	catalog_read_types(r);
	catalog_read_operators(r);
	catalog_read_others(r);
	catalog_read_database(r);
	/* Who compares asks for those that were expected. */
	if (!request->comparable || (request->wanted != NULL && request->wanted->outside != NIL))
		catalog_read_outside(r);
	if (!request->comparable)
		catalog_read_dependencies(r);
	if (request->graph)
		catalog_read_graph(r);
}

static int
compare_oids(const ListCell *a, const ListCell *b)
{
	return lfirst_oid(a) < lfirst_oid(b) ? -1 : lfirst_oid(a) > lfirst_oid(b);
}

/*
 * Relations of the snapshot that are not among those locked, a hash of oids, by oid.
 * Indexes are left out: who drops one locks its table as well.
 */
static List *
find_unlocked(const CatalogReader *r, HTAB *locked)
{
	Relation	rel = table_open(RelationRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, r->snapshot, 0, NULL);
	List	   *relids = NIL;
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_class form = (Form_pg_class) GETSTRUCT(tuple);

		if (form->relkind != RELKIND_INDEX && form->relkind != RELKIND_PARTITIONED_INDEX &&
			hash_search(r->namespaces, &form->relnamespace, HASH_FIND, NULL) != NULL &&
			hash_search(locked, &form->oid, HASH_FIND, NULL) == NULL)
			relids = lappend_oid(relids, form->oid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	list_sort(relids, compare_oids);
	return relids;
}

/*
 * Not in the server's queue: whoever waits there with locks may be chosen, or have
 * another chosen, as the victim of a deadlock.
 */
static void
lock_relation(Oid relid, int *waits)
{
	while (!ConditionalLockRelationOid(relid, AccessShareLock))
	{
		if (++*waits > CATALOG_LOCK_WAITS)
			ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
							errmsg("relation %u could not be locked", relid)));
		CHECK_FOR_INTERRUPTS();
		pg_usleep(CATALOG_LOCK_WAIT);
	}
}

/*
 * Keeps relations from being altered or dropped, until all that a snapshot sees are
 * locked: that one is read.  Nothing but the catalogs is read of them, so no privilege
 * is asked for.
 *
 * A relation may be made between the snapshot and its lock.  So a new snapshot is taken
 * after each round, until one shows nothing that is not locked.
 */
static HTAB *
lock_relations(CatalogReader *r)
{
	HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(Oid), .hcxt = r->work};
	HTAB	   *locked =
		hash_create("relations locked", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	List	   *relids;
	ListCell   *lc;
	int			waits = 0;

	for (int round = 0; (relids = find_unlocked(r, locked)) != NIL; round++)
	{
		if (round == CATALOG_LOCK_ROUNDS)
			ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
							errmsg("relations are made faster than they can be locked")));
		foreach(lc, relids)
		{
			CHECK_FOR_INTERRUPTS();
			lock_relation(lfirst_oid(lc), &waits);
			(void) hash_search(locked, &lfirst_oid(lc), HASH_ENTER, NULL);
		}
		UnregisterSnapshot(r->snapshot);
		InvalidateCatalogSnapshot();
		r->snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	}
	return locked;
}

/*
 * At once and not with the transaction: a read must not keep others from altering what
 * it has seen.  After an error the subtransaction has let go of them.
 */
static void
unlock_relations(HTAB *locked)
{
	HASH_SEQ_STATUS scan;
	Oid		   *relid;

	if (locked == NULL)
		return;
	hash_seq_init(&scan, locked);
	while ((relid = hash_seq_search(&scan)) != NULL)
		UnlockRelationOid(*relid, AccessShareLock);
}

/*
 * A body of query_attempt().  What is made in the result context is all or nothing:
 * whoever calls deletes that context after an error, and everything of this read, the
 * work context included, with it.
 */
static void
read_schema(void *arg)
{
	CatalogRequest *request = arg;
	CatalogReader r = {0};
	MemoryContext oldcxt = MemoryContextSwitchTo(request->result);
	/*
	 * Settings that decide how the server prints are pinned: the document is the same
	 * for all.
	 */
	int			nestlevel = query_pin(PIN_VALUES);
	HTAB	   *locked = NULL;

	r.result = request->result;
	r.work = AllocSetContextCreate(r.result, "db_adapter catalog", ALLOCSET_DEFAULT_SIZES);
	r.scratch = AllocSetContextCreate(r.work, "db_adapter deparse", ALLOCSET_DEFAULT_SIZES);
	r.exclude = request->exclude;
	if (request->wanted != NULL)
	{
		r.outside = request->wanted->outside;
		r.publications = request->wanted->publications;
	}
	r.names_only = request->names_only;
	r.snapshot = RegisterSnapshot(GetCatalogSnapshot(RelationRelationId));
	r.schema = schema_new(&schema_kind);
	r.schema->server_version = PG_VERSION_NUM;
	r.schema->schemas = copy_names(request->schemas);

	load_namespaces(&r, request->schemas);
	if (request->locks)
		locked = lock_relations(&r);
	catalog_load_members(&r);
	if (r.names_only)
		catalog_read_relations(&r);
	else
		read_all(&r, request);
	schema_sort(r.schema);

	unlock_relations(locked);
	UnregisterSnapshot(r.snapshot);
	MemoryContextDelete(r.work);
	query_unpin(nestlevel);
	MemoryContextSwitchTo(oldcxt);
	request->schema = r.schema;
}

/*
 * Errors by which the server's lookups tell that an object has just gone.  An internal
 * error is how most of the server's lookups say it ("cache lookup failed"), so it has
 * to be among these; raise_or_wait() keeps one that has another cause from going round
 * and round.
 */
static bool
is_torn(int sqlerrcode)
{
	switch (sqlerrcode)
	{
		case ERRCODE_INTERNAL_ERROR:
		case ERRCODE_UNDEFINED_OBJECT:
		case ERRCODE_UNDEFINED_TABLE:
		case ERRCODE_UNDEFINED_COLUMN:
		case ERRCODE_UNDEFINED_FUNCTION:
		case ERRCODE_UNDEFINED_SCHEMA:
		case ERRCODE_LOCK_NOT_AVAILABLE:
			return true;
		default:
			return false;
	}
}

/*
 * A cause that does not change from one read to the next is no concurrent DDL. The same
 * message twice in a row names the same object twice: a broken catalog, not one that is
 * being changed.  An undefined object and a lock that did not come bear the same text
 * whatever the object, so these are always tried again.
 */
static void
raise_or_wait(ErrorData *error, ErrorData *last, int attempt)
{
	if (!is_torn(error->sqlerrcode) ||
		(last != NULL && error->sqlerrcode != ERRCODE_UNDEFINED_OBJECT &&
		 error->sqlerrcode != ERRCODE_LOCK_NOT_AVAILABLE &&
		 strcmp(last->message, error->message) == 0))
		ReThrowError(error);
	if (attempt == CATALOG_ATTEMPTS)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not read the schema while it kept changing"),
						errdetail("%s", error->message)));
	pg_usleep(CATALOG_WAIT * attempt);
	CHECK_FOR_INTERRUPTS();
}

/*
 * The context of each attempt is a child of the caller's: the schema lives until
 * schema_free(), or until the caller's context goes.
 */
static Schema *
read_whole(CatalogRequest *request)
{
	MemoryContext parent = CurrentMemoryContext;
	ErrorData  *last = NULL;

	/* No subtransaction may begin while parallel workers run. */
	if (IsInParallelMode())
	{
		request->result = parent;
		read_schema(request);
		return request->schema;
	}
	for (int attempt = 1;; attempt++)
	{
		ErrorData  *error;

		request->result = compat_generation_context(parent, "db_adapter schema");
		/* Others may wait for a transaction that has changed something: it waits for nobody. */
		request->locks =
			attempt > CATALOG_FREE_ATTEMPTS && !TransactionIdIsValid(GetTopTransactionIdIfAny());
		/* Without locks of its own, a timeout of the caller's is the caller's. */
		error = query_attempt_catching(read_schema, request, true,
									   request->locks ? ERRCODE_LOCK_NOT_AVAILABLE : 0);
		if (error == NULL)
		{
			request->schema->context = request->result;
			return request->schema;
		}
		MemoryContextDelete(request->result);
		raise_or_wait(error, last, attempt);
		last = error;
	}
}

Schema *
catalog_read(List *schemas, List *exclude, const Schema *wanted)
{
	CatalogRequest request = {.schemas = schemas, .exclude = exclude, .wanted = wanted};

	return read_whole(&request);
}

Schema *
catalog_read_with_graph(List *schemas, const Schema *wanted)
{
	CatalogRequest request = {.schemas = schemas, .wanted = wanted, .graph = true};

	return read_whole(&request);
}

Schema *
catalog_read_comparable(List *schemas, List *exclude, const Schema *wanted)
{
	CatalogRequest request = {
		.schemas = schemas, .exclude = exclude, .wanted = wanted, .comparable = true};

	return read_whole(&request);
}

Schema *
catalog_read_columns(List *schemas, List *exclude)
{
	CatalogRequest request = {.schemas = schemas, .exclude = exclude, .names_only = true};

	return read_whole(&request);
}
