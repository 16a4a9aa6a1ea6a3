/*
 * expected_swap.c
 *	  Running DDL where the live schemas seem to be empty, and rolling it back.
 *
 * The rows of pg_namespace are renamed directly: ALTER SCHEMA would lock out
 * everyone who creates a table there.  What belongs to an extension moves along
 * into the new schema, because a file that says CREATE EXTENSION finds it there
 * in a new database.  None of these calls checks privileges, hence they are
 * checked first: whoever swaps a schema must have its owner's privileges and be
 * allowed to create schemas.  The swap then gives no power that renaming the
 * schema and creating another of its name would not; without the checks it would
 * put the caller's functions in front of SECURITY DEFINER functions that look in
 * that schema.
 *
 * The current user stays who he is.  Only the call that moves an extension's
 * member runs as the bootstrap superuser, since members may belong to anyone; no
 * function of a user can run in it.  SET ROLE is refused throughout.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/twophase.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/depends.h"
#include "base/query.h"
#include "catalog/catalog.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_database.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_init_privs.h"
#include "catalog/pg_namespace.h"
#include "commands/alter.h"
#include "commands/comment.h"
#include "commands/dbcommands.h"
#include "commands/event_trigger.h"
#include "commands/tablecmds.h"
#include "commands/typecmds.h"
#include "miscadmin.h"
#include "schema/expected/expected_hide.h"
#include "schema/expected/expected_swap.h"
#include "schema/model/schema.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

/* A foreign key to a live table locks it: wait for that no longer than this. */
#define LOCK_TIMEOUT_MS 5000

/*
 * A schema that was swapped.  Where the live one does not exist there is nothing to
 * rename, but what the text makes under the name is still its own.
 */
typedef struct SwapSchema
{
	const char *name;
	Oid			live;			/* its schema before, under another name now; or InvalidOid */
	bool		created;		/* the text creates it */
	List	   *members;		/* ObjectAddress *: what extensions have there */
	Oid			members_at;
} SwapSchema;

struct Swap
{
	const SwapRequest *request;
	SwapBody	body;
	void	   *arg;
	MemoryContext result_cxt;
	MemoryContext cxt;
	Guard	   *guard;
	List	   *schemas;		/* SwapSchema * */
	void	   *enums;			/* the transaction's own uncommitted enum values */
	int			nestlevel;		/* of its settings; 0 when they have ended */
	int64		done;
	int64		total;
};

MemoryContext
swap_result_context(Swap *swap)
{
	return swap->result_cxt;
}

Guard *
swap_guard(Swap *swap)
{
	return swap->guard;
}

bool
swap_allows_do(Swap *swap)
{
	return swap->request->allow_do;
}

/* For explain_locks() alone. */
void
swap_progress(Swap *swap, int64 done, int64 total)
{
	swap->done = done;
	swap->total = total;
}

/* ---- checks ---- */

/*
 * The server's schemas cannot be renamed without its own lookups failing, and in this
 * extension's own are the functions that are just running.
 */
static void
check_name(const char *name)
{
	if (IsReservedName(name) || strcmp(name, "information_schema") == 0 ||
		strcmp(name, "db_adapter") == 0)
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("schema \"%s\" cannot be derived from DDL text", name),
						errdetail("It belongs to the system or to this extension.")));
}

/*
 * The owner of a schema; the current user where there is none.  Who makes a schema owns
 * it: hence the current user for one that is not there.
 */
static Oid
schema_owner(Oid namespace)
{
	HeapTuple	tuple;
	Oid			owner = GetUserId();

	if (!OidIsValid(namespace))
		return owner;
	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(namespace));
	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_namespace) GETSTRUCT(tuple))->nspowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

static bool
may_act_as_owner(const char *name)
{
	return has_privs_of_role(GetUserId(), schema_owner(get_namespace_oid(name, true)));
}

static bool
may_create_schemas(void)
{
	return compat_database_aclcheck(MyDatabaseId, GetUserId(), ACL_CREATE) == ACLCHECK_OK;
}

static void
check_owner(const char *name)
{
	if (!may_act_as_owner(name))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("must have the privileges of the owner of schema \"%s\"", name),
				 errdetail("Deriving a schema puts an empty one in its place until it is rolled "
						   "back.")));
}

static void
check_privileges(List *schemas)
{
	ListCell   *lc;

	foreach(lc, schemas)
	{
		check_name(lfirst(lc));
		check_owner(lfirst(lc));
	}
	if (!may_create_schemas())
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for database \"%s\"", get_database_name(MyDatabaseId)),
				 errdetail("Deriving a schema needs the right to create schemas.")));
}

/*
 * The same without an error, for who has another way to go: the cache misses, a trial
 * runs elsewhere.  Names of the system's schemas are left to swap_check().
 */
bool
swap_may(List *schemas)
{
	ListCell   *lc;

	foreach(lc, schemas)
		if (!may_act_as_owner(lfirst(lc)))
			return false;
	return may_create_schemas();
}

/*
 * Asked before any lock is taken.  In a security-restricted operation it is code of one
 * role that another has set off, and which is not to change what names mean for the
 * rest of it; and one swap within another would take away what the first has put in
 * place.
 */
static void
check_state(void)
{
	if (XactReadOnly || RecoveryInProgress())
		ereport(ERROR,
				(errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
				 errmsg("DDL text cannot be executed in a read-only transaction"),
				 errhint("A result derived once in a read-write transaction is served from the "
						 "cache; expected_columns() works by parsing alone.")));
	if (IsInParallelMode())
		ereport(ERROR, (errcode(ERRCODE_INVALID_TRANSACTION_STATE),
						errmsg("DDL text cannot be executed during a parallel operation")));
	if (InSecurityRestrictedOperation())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("DDL text cannot be executed within a security-restricted "
							   "operation")));
	if (guard_is_watching())
		ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
						errmsg("DDL text that is being executed cannot have other DDL text "
							   "executed")));
}

/* ---- extension members ---- */

/*
 * Those without a schema (casts, languages, the like) stay where they are: nothing is
 * swapped there.
 */
static void
add_member(Swap *swap, const ObjectAddress *object)
{
	Oid			namespace;
	ListCell   *lc;

	if (!is_objectclass_supported(object->classId))
		return;
	namespace = get_object_namespace(object);
	if (!OidIsValid(namespace))
		return;
	foreach(lc, swap->schemas)
	{
		SwapSchema *schema = lfirst(lc);
		ObjectAddress *copy;

		if (schema->live != namespace)
			continue;
		copy = palloc(sizeof(ObjectAddress));
		*copy = *object;
		schema->members = lappend(schema->members, copy);
	}
}

static bool
note_member(const FormData_pg_depend *dependency, void *arg)
{
	ObjectAddress object;

	if (dependency->deptype != DEPENDENCY_EXTENSION)
		return true;
	ObjectAddressSet(object, dependency->classid, dependency->objid);
	add_member(arg, &object);
	return true;
}

/*
 * From the extensions and not from the schemas: pg_depend has an index by what is
 * referred to, and the members of an extension are few.
 */
static void
find_members(Swap *swap)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		depends_visit(ExtensionRelationId, ((Form_pg_extension) GETSTRUCT(tuple))->oid, note_member,
					  swap);
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * A relation with its row type, indexes and constraints.  The server's own way would
 * lock it against everyone until the end; its catalog rows need no such lock, because
 * nobody else will ever see them changed.
 *
 * Indexes and the row type are no members of the extension themselves, so nobody else
 * moves them.
 */
static void
move_relation(Oid relid, Oid from, Oid to, ObjectAddresses *moved)
{
	Relation	catalog = table_open(RelationRelationId, RowExclusiveLock);
	Relation	rel = relation_open(relid, AccessShareLock);
	ListCell   *lc;

	AlterRelationNamespaceInternal(catalog, relid, from, to, true, moved);
	if (OidIsValid(rel->rd_rel->reltype))
		compat_move_row_type(rel->rd_rel->reltype, to, moved);
	if (RELKIND_HAS_STORAGE(rel->rd_rel->relkind) && rel->rd_rel->relkind != RELKIND_SEQUENCE)
		foreach(lc, RelationGetIndexList(rel))
			AlterRelationNamespaceInternal(catalog, lfirst_oid(lc), from, to, false, moved);
	AlterConstraintNamespaces(relid, from, to, false, moved);
	relation_close(rel, NoLock);
	table_close(catalog, RowExclusiveLock);
}

/*
 * An object may have been moved with one before it; the list of those moved is the
 * server's own and tells.  If the call fails, the end of the subtransaction puts the
 * user back.
 */
static void
move_member(const ObjectAddress *member, Oid from, Oid to, ObjectAddresses *moved)
{
	Oid			user;
	int			context;

	if (member->classId == RelationRelationId)
	{
		if (!object_address_present(member, moved))
			move_relation(member->objectId, from, to, moved);
		return;
	}
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(BOOTSTRAP_SUPERUSERID, context | SECURITY_LOCAL_USERID_CHANGE);
	(void) AlterObjectNamespace_oid(member->classId, member->objectId, to, moved);
	SetUserIdAndSecContext(user, context);
}

/* The schema an extension says it is in.  It has to agree with where the members are. */
static void
move_extensions(Oid from, Oid to)
{
	Relation	rel = table_open(ExtensionRelationId, RowExclusiveLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		if (((Form_pg_extension) GETSTRUCT(tuple))->extnamespace != from)
			continue;
		tuple = heap_copytuple(tuple);
		((Form_pg_extension) GETSTRUCT(tuple))->extnamespace = to;
		CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	}
	systable_endscan(scan);
	table_close(rel, RowExclusiveLock);
}

static void
move_members(SwapSchema *schema, Oid to)
{
	ObjectAddresses *moved = new_object_addresses();
	ListCell   *lc;

	foreach(lc, schema->members)
		move_member(lfirst(lc), schema->members_at, to, moved);
	free_object_addresses(moved);
	move_extensions(schema->members_at, to);
	schema->members_at = to;
	CommandCounterIncrement();
}

/*
 * Also called when the text has made or renamed a schema: where it makes one that
 * extensions live in, they follow as soon as it is there.
 */
void
swap_place_members(Swap *swap)
{
	ListCell   *lc;

	foreach(lc, swap->schemas)
	{
		SwapSchema *schema = lfirst(lc);
		Oid			namespace = get_namespace_oid(schema->name, true);

		if (OidIsValid(schema->live) && schema->members_at == schema->live && OidIsValid(namespace))
			move_members(schema, namespace);
	}
}

/*
 * DROP SCHEMA … CASCADE must not take extensions along.  Back into the live schema, from
 * which swap_place_members() fetches them again if the text makes another of the name.
 */
void
swap_withdraw_members(Swap *swap, const char *name)
{
	Oid			namespace = get_namespace_oid(name, true);
	ListCell   *lc;

	foreach(lc, swap->schemas)
	{
		SwapSchema *schema = lfirst(lc);

		if (OidIsValid(schema->live) && OidIsValid(namespace) && schema->members_at == namespace &&
			namespace != schema->live)
			move_members(schema, schema->live);
	}
}

/* ---- schemas ---- */

/*
 * Directly, under the lock of lock_schemas().  A name or an ACL is replaced, or both; an
 * acl of 0 is the default, a null in the catalog.
 */
static void
update_schema_row(Oid namespace, const char *name, Datum acl, bool set_acl)
{
	Relation	rel = table_open(NamespaceRelationId, RowExclusiveLock);
	HeapTuple	tuple = SearchSysCacheCopy1(NAMESPACEOID, ObjectIdGetDatum(namespace));
	Datum		values[Natts_pg_namespace] = {0};
	bool		nulls[Natts_pg_namespace] = {0};
	bool		replace[Natts_pg_namespace] = {0};
	NameData	newname;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for schema %u", namespace);
	if (name != NULL)
	{
		namestrcpy(&newname, name);
		values[Anum_pg_namespace_nspname - 1] = NameGetDatum(&newname);
		replace[Anum_pg_namespace_nspname - 1] = true;
	}
	if (set_acl)
	{
		values[Anum_pg_namespace_nspacl - 1] = acl;
		nulls[Anum_pg_namespace_nspacl - 1] = acl == (Datum) 0;
		replace[Anum_pg_namespace_nspacl - 1] = true;
	}
	tuple = heap_modify_tuple(tuple, RelationGetDescr(rel), values, nulls, replace);
	CatalogTupleUpdate(rel, &tuple->t_self, tuple);
	table_close(rel, RowExclusiveLock);
	CommandCounterIncrement();
}

/* Those of public in a new database, for who made it himself. */
static Datum
standard_privileges(Oid owner)
{
	Acl		   *acl = acldefault(OBJECT_SCHEMA, owner);
	AclItem		item = {.ai_grantee = ACL_ID_PUBLIC, .ai_grantor = owner};

	ACLITEM_SET_RIGHTS(item, compat_public_rights);
	return PointerGetDatum(aclupdate(acl, &item, ACL_MODECHG_ADD, owner, DROP_RESTRICT));
}

/*
 * The privileges the schema had in a new database, for this owner; or 0. initdb notes
 * them for its own owner, who grants the first entry: they are rewritten for the one
 * that the schema has now.
 */
static Datum
initial_privileges(Oid namespace, Oid owner)
{
	Relation	rel = table_open(InitPrivsRelationId, AccessShareLock);
	ScanKeyData keys[3];
	SysScanDesc scan;
	HeapTuple	tuple;
	Datum		result = (Datum) 0;

	ScanKeyInit(&keys[0], Anum_pg_init_privs_objoid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(namespace));
	ScanKeyInit(&keys[1], Anum_pg_init_privs_classoid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(NamespaceRelationId));
	ScanKeyInit(&keys[2], Anum_pg_init_privs_objsubid, BTEqualStrategyNumber, F_INT4EQ,
				Int32GetDatum(0));
	scan = systable_beginscan(rel, InitPrivsObjIndexId, true, NULL, 3, keys);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
	{
		bool		isnull;
		Datum		value =
			heap_getattr(tuple, Anum_pg_init_privs_initprivs, RelationGetDescr(rel), &isnull);
		Acl		   *acl = DatumGetAclPCopy(value);

		if (ACL_NUM(acl) > 0)
			result = PointerGetDatum(aclnewowner(acl, ACL_DAT(acl)[0].ai_grantor, owner));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return result;
}

/* Of a schema that is locked, so that it is there. */
static Datum
live_privileges(Oid namespace)
{
	HeapTuple	tuple = SearchSysCache1(NAMESPACEOID, ObjectIdGetDatum(namespace));
	Datum		value;
	bool		isnull;

	value = SysCacheGetAttr(NAMESPACEOID, tuple, Anum_pg_namespace_nspacl, &isnull);
	if (!isnull)
		value = PointerGetDatum(DatumGetAclPCopy(value));
	ReleaseSysCache(tuple);
	return isnull ? (Datum) 0 : value;
}

/*
 * A schema that the text expects to be there: public as it is in a new database,
 * any other as the live one is, without its content.
 */
static void
create_schema(Swap *swap, SwapSchema *schema)
{
	bool		is_public = strcmp(schema->name, "public") == 0;
	Oid			owner = schema_owner(schema->live);
	Oid			namespace = NamespaceCreate(schema->name, owner, false);
	Datum		acl = (Datum) 0;
	char	   *comment = NULL;

	/* The guard is not on watch while the swap itself makes something. */
	guard_adopt(swap->guard, NamespaceRelationId, namespace);
	CommandCounterIncrement();
	if (is_public)
		comment = SCHEMA_PUBLIC_COMMENT;
	else if (OidIsValid(schema->live))
		comment = GetComment(schema->live, NamespaceRelationId, 0);
	if (OidIsValid(schema->live))
		acl = is_public ? initial_privileges(schema->live, owner) : live_privileges(schema->live);
	if (is_public && acl == (Datum) 0)
		acl = standard_privileges(owner);
	if (comment != NULL)
		CreateComments(namespace, NamespaceRelationId, 0, comment);
	update_schema_row(namespace, NULL, acl, true);
}

/*
 * The first mention of a name decides: those that the text creates come first
 * (exchange_schemas()), since CREATE SCHEMA must not find one.
 */
static SwapSchema *
add_schema(Swap *swap, const char *name, bool created)
{
	SwapSchema *schema;
	ListCell   *lc;

	foreach(lc, swap->schemas)
	{
		schema = lfirst(lc);
		if (strcmp(schema->name, name) == 0)
			return schema;
	}
	schema = palloc0(sizeof(SwapSchema));
	schema->name = name;
	schema->created = created;
	schema->live = schema->members_at = get_namespace_oid(name, true);
	swap->schemas = lappend(swap->schemas, schema);
	return schema;
}

/* One order for all, so that two swaps of the same schemas wait and do not deadlock. */
static int
compare_live(const ListCell *a, const ListCell *b)
{
	Oid			left = ((SwapSchema *) lfirst(a))->live;
	Oid			right = ((SwapSchema *) lfirst(b))->live;

	return left < right ? -1 : left > right;
}

/*
 * Keeps others from renaming, dropping or swapping these schemas meanwhile.
 * Creating and altering what is in them does not conflict with this lock.
 */
static void
lock_schemas(Swap *swap)
{
	ListCell   *lc;

	list_sort(swap->schemas, compare_live);
	foreach(lc, swap->schemas)
	{
		SwapSchema *schema = lfirst(lc);

		if (!OidIsValid(schema->live))
			continue;
		LockDatabaseObject(NamespaceRelationId, schema->live, 0, ShareUpdateExclusiveLock);
		/*
		 * The wait may have been for one who renamed it: the name is looked up as of
		 * now.
		 */
		AcceptInvalidationMessages();
		if (get_namespace_oid(schema->name, true) != schema->live)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("schema \"%s\" was renamed or dropped meanwhile", schema->name)));
	}
}

/* What a DO block makes may depend on what it finds in the catalogs. */
static void
hide_live(Swap *swap)
{
	List	   *schemas = NIL;
	ListCell   *lc;

	foreach(lc, swap->schemas)
		if (OidIsValid(((SwapSchema *) lfirst(lc))->live))
			schemas = lappend_oid(schemas, ((SwapSchema *) lfirst(lc))->live);
	guard_hide(swap->guard, schemas);
}

/*
 * Locks before the last check of rights, names before new schemas, members after both:
 * each step counts on the one before.
 */
static void
exchange_schemas(Swap *swap)
{
	ListCell   *lc;

	foreach(lc, swap->request->created)
		add_schema(swap, lfirst(lc), true);
	foreach(lc, swap->request->schemas)
		add_schema(swap, lfirst(lc), false);
	lock_schemas(swap);
	/* Rights may have been taken away while we waited. */
	foreach(lc, swap->schemas)
		check_owner(((SwapSchema *) lfirst(lc))->name);
	find_members(swap);
	foreach(lc, swap->schemas)
	{
		SwapSchema *schema = lfirst(lc);

		/* Of a name that the server keeps for itself, so that nobody else can have taken it. */
		if (OidIsValid(schema->live))
			update_schema_row(schema->live, psprintf("pg_db_adapter_swapped_%u", schema->live),
							  (Datum) 0, false);
	}
	foreach(lc, swap->schemas)
		if (!((SwapSchema *) lfirst(lc))->created)
			create_schema(swap, lfirst(lc));
	swap_place_members(swap);
	hide_live(swap);
}

static int
compare_names(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

List *
swap_schemas(Swap *swap)
{
	List	   *names = guard_made_schemas(swap->guard);

	list_sort(names, compare_names);
	return names;
}

/* ---- surroundings ---- */

/*
 * Bodies of functions may name what the text makes further down, as in a dump, so they
 * are not checked.  Notices of the text are nobody's concern.  What a timeout of the
 * caller's allows is never exceeded.
 */
static void
begin_settings(Swap *swap)
{
	int			timeout = LockTimeout > 0 ? Min(LockTimeout, LOCK_TIMEOUT_MS) : LOCK_TIMEOUT_MS;

	swap->nestlevel = NewGUCNestLevel();
	query_set("check_function_bodies", "off");
	query_set("client_min_messages", "error");
	query_set("standard_conforming_strings", "on");
	query_set("lock_timeout", psprintf("%d", timeout));
	query_set("search_path", swap->request->search_path);
	/* The guard of calls watches this process alone. */
	query_set("max_parallel_workers_per_gather", "0");
	/* What is rolled back here must not be sent to other nodes. */
	if (GetConfigOption("citus.enable_ddl_propagation", true, false) != NULL)
		query_set("citus.enable_ddl_propagation", "off");
}

/*
 * From here on the server's deparsers run under the caller's settings again, as they do
 * for the live schema, or the same object would print in two ways.
 */
void
swap_begin_reading(Swap *swap)
{
	if (swap->nestlevel > 0)
		AtEOXact_GUC(false, swap->nestlevel);
	swap->nestlevel = 0;
	/* The server's deparsers read views through it; the rollback pops it. */
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
}

/*
 * The server forbids enum values added in this transaction to be used in it.
 * statement_run() lifts that for the text's own; the transaction's are put back.
 */
static void
save_enums(Swap *swap)
{
	Size		size = EstimateUncommittedEnumsSpace();

	swap->enums = MemoryContextAlloc(swap->cxt, size);
	SerializeUncommittedEnums(swap->enums, size);
}

/* Whatever came of the swap: a rollback to a savepoint does not touch the list. */
static void
restore_enums(Swap *swap)
{
	AtEOXact_Enum();
	RestoreUncommittedEnums(swap->enums);
}

static void
run_in_subtransaction(void *arg)
{
	Swap	   *swap = arg;
	Oid			user;
	int			context;

	/*
	 * Nobody else than the current user, for as long as this lasts: in such a context
	 * the server refuses SET ROLE and SET SESSION AUTHORIZATION. The end of the
	 * subtransaction ends it.
	 */
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(user, context | SECURITY_LOCAL_USERID_CHANGE);
	exchange_schemas(swap);
	hide_schemaless();
	begin_settings(swap);
	swap->body(swap, swap->arg);
}

/*
 * Names the setting that would do when the lock table was full: what is done of
 * the whole filled it, so the whole needs in proportion.
 */
static void
explain_locks(Swap *swap, ErrorData *error)
{
	double		share = (double) Max(swap->done, 1) / Max(swap->total, 1);
	int64		places = (int64) MaxBackends + max_prepared_xacts;
	int64		needed;

	if (error->sqlerrcode != ERRCODE_OUT_OF_MEMORY || error->hint == NULL ||
		strstr(error->hint, "max_locks_per_transaction") == NULL)
		return;
	/* The table grows somewhat beyond its nominal size, and others need places too. */
	needed = (int64) (max_locks_per_xact / share * 1.5) + 8;
	error->detail =
		psprintf("The locks ran out after %d percent of schema_sql.", (int) (share * 100));
	error->hint = psprintf("Set max_locks_per_transaction to about " INT64_FORMAT
						   " (room for " INT64_FORMAT " locks) or derive schema_sql in parts.",
						   needed, needed * places);
}

static Swap *
create_swap(const SwapRequest *request, SwapBody body, void *arg)
{
	MemoryContext cxt =
		AllocSetContextCreate(CurrentMemoryContext, "db_adapter swap", ALLOCSET_DEFAULT_SIZES);
	Swap	   *swap = MemoryContextAllocZero(cxt, sizeof(Swap));

	swap->request = request;
	swap->body = body;
	swap->arg = arg;
	swap->result_cxt = CurrentMemoryContext;
	swap->cxt = cxt;
	return swap;
}

/* For who wants to know before he does other work; swap_run() asks again. */
void
swap_check(const SwapRequest *request)
{
	check_privileges(request->created);
	check_privileges(request->schemas);
	check_state();
}

/*
 * Errors come by two ways: copied by query_attempt(), or past it, where nobody may
 * catch them (a cancel, a lock table that is full).  Both have to pass here, since the
 * guard, the enums and the event triggers' list are state of the process that no
 * rollback puts back; after that either is raised again.  The guard rests first: what is
 * undone then is not for it to judge.
 */
void
swap_run(const SwapRequest *request, SwapBody body, void *arg)
{
	Swap	   *swap;
	ErrorData  *error;

	swap_check(request);
	swap = create_swap(request, body, arg);
	MemoryContextSwitchTo(swap->cxt);
	swap->guard = guard_create(request->allow_do);
	save_enums(swap);
	/*
	 * DDL of the caller's, in which this may run, must not show the swap's commands to
	 * its own event triggers.
	 */
	EventTriggerInhibitCommandCollection();
	PG_TRY();
	{
		error = query_attempt(run_in_subtransaction, swap, false);
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(swap->cxt);
		error = CopyErrorData();
		FlushErrorState();
	}
	PG_END_TRY();
	guard_rest();
	guard_end(swap->guard);
	EventTriggerUndoInhibitCommandCollection();
	restore_enums(swap);
	MemoryContextSwitchTo(swap->result_cxt);
	if (error != NULL)
	{
		explain_locks(swap, error);
		ReThrowError(error);
	}
	MemoryContextDelete(swap->cxt);
}
