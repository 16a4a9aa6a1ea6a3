/*
 * expected_guard.c
 *	  What DDL text may touch while it runs in a swap: what it made itself.
 *
 * Functions are met by the watch of base/calls.c; the hooks here are installed on first
 * use and stay; without a guard on watch they only pass the call on.  The guard on watch
 * is the one piece of state here that is not in a struct, because hooks have no argument
 * of their own: whoever calls guard_watch() answers for guard_rest(), on error too.
 *
 * It assumes that the server announces each object when it is made, altered or dropped,
 * and errs on the side of refusing where it does not.  It never asks for privileges, which
 * the server does for the current user as ever, and it never decides which statements
 * run: it is what holds when a check before has missed something.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "base/calls.h"
#include "base/compat.h"
#include "base/depends.h"
#include "catalog/catalog.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_index.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "optimizer/planner.h"
#include "schema/expected/expected_filter.h"
#include "schema/expected/expected_guard.h"
#include "tcop/utility.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"

/*
 * What is not in this table is taken for somebody else's.  So an object that the server
 * does not announce when it makes it is refused later, rather than let through.
 */
typedef struct MadeObject
{
	Oid			class_id;
	Oid			object_id;
} MadeObject;

struct Guard
{
	MemoryContext cxt;
	HTAB	   *made;			/* MadeObject */
	List	   *fresh;			/* MadeObject *, since guard_check_places() */
	List	   *distrusted;		/* oids of functions it made out of somebody else's */
	bool		distrusts;		/* those it makes now are such */
	List	   *outdated;		/* oids of functions, see outdate_compiled() */
	bool		allow_volatile;
	List	   *copies;			/* oids of tables of other schemas that have a copy */
	List	   *hidden;			/* schemas (oids) that no query finds in the catalogs */
	bool		planned;		/* a query was planned that they are hidden from */
	CallWatch	calls;
	CallWatch  *calls_before;
	GuardSkips	skips;
};

static Guard *watching = NULL;
static object_access_hook_type next_access_hook = NULL;
static ProcessUtility_hook_type next_utility_hook = NULL;
static planner_hook_type next_planner_hook = NULL;

/* The list points into the hash: entries of a dynahash do not move when it grows. */
static void
remember(Guard *guard, Oid class_id, Oid object_id, bool is_fresh)
{
	MadeObject	key = {class_id, object_id};
	MadeObject *entry;
	MemoryContext oldcxt;
	bool		found;

	entry = hash_search(guard->made, &key, HASH_ENTER, &found);
	if (!is_fresh)
		return;
	oldcxt = MemoryContextSwitchTo(guard->cxt);
	guard->fresh = lappend(guard->fresh, entry);
	MemoryContextSwitchTo(oldcxt);
}

/*
 * For what the swap itself makes: it may be altered and dropped by the text, and its
 * place needs no check.
 */
void
guard_adopt(Guard *guard, Oid class_id, Oid object_id)
{
	remember(guard, class_id, object_id, false);
}

void
guard_add_copy(Guard *guard, Oid relid)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(guard->cxt);

	guard->copies = lappend_oid(guard->copies, relid);
	MemoryContextSwitchTo(oldcxt);
}

List *
guard_copies(Guard *guard)
{
	return guard->copies;
}

bool
guard_made(Guard *guard, Oid class_id, Oid object_id)
{
	MadeObject	key = {class_id, object_id};

	return hash_search(guard->made, &key, HASH_FIND, NULL) != NULL;
}

/*
 * Temporary tables belong to the session and go with the rollback, and a toast table is
 * made with its own table, so both places are the text's.
 */
bool
guard_made_schema(Guard *guard, Oid namespace)
{
	return guard_made(guard, NamespaceRelationId, namespace) || isTempNamespace(namespace) ||
		   isTempToastNamespace(namespace) || IsToastNamespace(namespace);
}

/*
 * With the object's description where there is one: what a failing statement has just
 * taken away has none any more.
 */
void
guard_refuse(Oid class_id, Oid object_id)
{
	ObjectAddress address;
	char	   *description;

	ObjectAddressSet(address, class_id, object_id);
	description = getObjectDescription(&address, true);
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("schema_sql drops or alters %s, which it did not make",
					description ? description : "an object"),
			 errhint("Leave the statement out, or name the object's schema in \"schemas\" if "
					 "schema_sql makes all that is in it.")));
}

/* ---- calls ---- */

/*
 * A function that the text made is the caller's own, unless it is the copy of somebody
 * else's that a trial has made: the code is still that other's, whoever owns the copy.
 */
static bool
function_is_foreign(Guard *guard, Oid function)
{
	return list_member_oid(guard->distrusted, function) ||
		   (!guard_made(guard, ProcedureRelationId, function) && calls_is_foreign(function));
}

/*
 * Languages keep what they have compiled until the row of the function is another
 * one, and what they compile here knows types that the rollback takes away.  So the
 * row is written anew before the first call: compiled for that one, it is found
 * outdated when the old row is back.
 */
static void
outdate_compiled(Guard *guard, Oid function)
{
	Relation	rel;
	HeapTuple	tuple;
	MemoryContext oldcxt;
	Oid			language;

	/*
	 * A function of the text's own goes with its row, and no catalog can be written in
	 * a parallel operation.  Internal functions and those in C keep nothing, see below.
	 */
	if (function < FirstNormalObjectId || list_member_oid(guard->outdated, function) ||
		guard_made(guard, ProcedureRelationId, function) || IsInParallelMode())
		return;
	oldcxt = MemoryContextSwitchTo(guard->cxt);
	guard->outdated = lappend_oid(guard->outdated, function);
	MemoryContextSwitchTo(oldcxt);
	tuple = SearchSysCacheCopy1(PROCOID, ObjectIdGetDatum(function));
	if (!HeapTupleIsValid(tuple))
		return;
	language = ((Form_pg_proc) GETSTRUCT(tuple))->prolang;
	if (language != INTERNALlanguageId && language != ClanguageId)
	{
		rel = table_open(ProcedureRelationId, RowExclusiveLock);
		CatalogTupleUpdate(rel, &tuple->t_self, tuple);
		table_close(rel, RowExclusiveLock);
		CommandCounterIncrement();
	}
	heap_freetuple(tuple);
}

/* All but those of the server: it is cheap here, where tables are empty. */
static bool
sees_function(Oid function, void *arg)
{
	return function >= FirstNormalObjectId;
}

typedef struct WrapperSearch
{
	Oid			extension;
	bool		found;
} WrapperSearch;

static bool
find_wrapper(const FormData_pg_depend *dependency, void *arg)
{
	WrapperSearch *search = arg;

	search->found =
		dependency->classid == ForeignDataWrapperRelationId &&
		getExtensionOfObject(dependency->classid, dependency->objid) == search->extension;
	return !search->found;
}

static bool
is_in_c(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		result =
		HeapTupleIsValid(tuple) && ((Form_pg_proc) GETSTRUCT(tuple))->prolang == ClanguageId;

	if (HeapTupleIsValid(tuple))
		ReleaseSysCache(tuple);
	return result;
}

/*
 * What a wrapper has its options checked by is volatile for no other reason than that
 * nobody says otherwise.  In C and out of the extension that the wrapper is of, it is
 * as trusted as that extension.
 */
static bool
is_validator(Oid function)
{
	WrapperSearch search = {getExtensionOfObject(ProcedureRelationId, function), false};

	/* Its handler has no arguments. */
	if (!OidIsValid(search.extension) || get_func_nargs(function) != 2 || !is_in_c(function))
		return false;
	depends_visit(ProcedureRelationId, function, find_wrapper, &search);
	return search.found;
}

/* What the server alone can call: its argument is of no type that SQL has values of. */
static bool
is_handler(Oid function)
{
	switch (get_func_rettype(function))
	{
		case TABLE_AM_HANDLEROID:
		case INDEX_AM_HANDLEROID:
		case FDW_HANDLEROID:
		case TSM_HANDLEROID:
			return true;
		default:
			return false;
	}
}

/*
 * allow_do is no answer to a function of somebody else's: it says that the caller
 * trusts the text, not what others have put in its way.  So that is asked first, and
 * always.  What is outdated is so for a call that will be made.
 */
static void
meet_function(Oid function, void *arg)
{
	Guard	   *guard = arg;

	if (function_is_foreign(guard, function))
		calls_refuse(function, true);
	if (!guard->allow_volatile && func_volatile(function) == PROVOLATILE_VOLATILE &&
		!calls_is_harmless(function) && !is_validator(function) && !is_handler(function))
		ereport(
			ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("schema_sql calls the volatile function %s", format_procedure(function)),
			 errdetail("What a volatile function does outside of the transaction cannot be rolled "
					   "back."),
			 errhint("Use allow_do => true if you trust schema_sql.")));
	outdate_compiled(guard, function);
}

/* ---- objects ---- */

/*
 * Parts of a relation are announced by its oid when made or altered, by their own
 * when dropped; those go with their whole, which is checked.
 */
static bool
normalize(ObjectAccessType access, Oid *class_id)
{
	switch (*class_id)
	{
		case AttrDefaultRelationId:
		case InheritsRelationId:
		case IndexRelationId:
		case ForeignTableRelationId:
			*class_id = RelationRelationId;
			return access != OAT_DROP;
		default:
			return true;
	}
}

/* Whose code it is now: a function that is replaced has changed hands. */
static void
note_function(Guard *guard, Oid function)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(guard->cxt);

	if (guard->distrusts)
		guard->distrusted = list_append_unique_oid(guard->distrusted, function);
	else
		guard->distrusted = list_delete_oid(guard->distrusted, function);
	MemoryContextSwitchTo(oldcxt);
}

static void
watch_access(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	/*
	 * Another extension's hook is asked in any case, and first: it may refuse for
	 * reasons of its own.
	 */
	if (next_access_hook)
		next_access_hook(access, class_id, object_id, sub_id, arg);
	if (watching == NULL)
		return;
	if (!normalize(access, &class_id))
		return;
	switch (access)
	{
		case OAT_POST_CREATE:
			/*
			 * With a sub_id it is a part, announced by the oid of its whole: to add a
			 * column to somebody else's table is to alter that table.
			 */
			if (sub_id == 0)
				remember(watching, class_id, object_id, true);
			else if (!guard_made(watching, class_id, object_id))
				guard_refuse(class_id, object_id);
			if (class_id == ProcedureRelationId)
				note_function(watching, object_id);
			break;
		case OAT_DROP:
		case OAT_POST_ALTER:
			if (!guard_made(watching, class_id, object_id))
				guard_refuse(class_id, object_id);
			break;
		/*
		 * A function that the text runs may do it, where the statement itself is passed
		 * over.
		 */
		case OAT_TRUNCATE:
			if (!guard_made(watching, RelationRelationId, object_id))
				guard_refuse(RelationRelationId, object_id);
			break;
		default:
			break;
	}
}

/*
 * A subcommand fires no event trigger; statements inside functions come here too.  What
 * concerns the database is passed over within functions and DO blocks as it is in the
 * text.  As for the context: the server fires event triggers for complete commands
 * only, and a subcommand is none.
 */
static void
watch_utility(PlannedStmt *pstmt, const char *sql, bool read_only_tree,
			  ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *environment,
			  DestReceiver *dest, QueryCompletion *completion)
{
	if (watching != NULL && context != PROCESS_UTILITY_SUBCOMMAND)
	{
		if (watching->skips(pstmt->utilityStmt))
			return;
		context = PROCESS_UTILITY_SUBCOMMAND;
	}
	if (next_utility_hook)
		next_utility_hook(pstmt, sql, read_only_tree, context, params, environment, dest,
						  completion);
	else
		standard_ProcessUtility(pstmt, sql, read_only_tree, context, params, environment, dest,
								completion);
}

/* Statements of functions and DO blocks; those of the text itself ask no catalogs. */
static PlannedStmt *
plan_filtered(Query *query, const char *sql, int options, ParamListInfo params)
{
	if (watching != NULL && watching->hidden != NIL)
	{
		/*
		 * Such a plan may be kept with the condition in it: guard_end() has it
		 * forgotten.
		 */
		watching->planned = true;
		filter_query(query, watching->hidden);
	}
	return next_planner_hook ? next_planner_hook(query, sql, options, params)
							 : standard_planner(query, sql, options, params);
}

/* They are never taken out again: whoever has hooked in since holds pointers to them. */
static void
install_hooks(void)
{
	static bool installed = false;

	if (installed)
		return;
	next_access_hook = object_access_hook;
	object_access_hook = watch_access;
	next_utility_hook = ProcessUtility_hook;
	ProcessUtility_hook = watch_utility;
	next_planner_hook = planner_hook;
	planner_hook = plan_filtered;
	installed = true;
}

/*
 * All that it notes lives in the current context.  What the session has planned before
 * may have the bodies of functions in it, which would then not be met: it is forgotten.
 */
Guard *
guard_create(bool allow_volatile)
{
	Guard	   *guard = palloc0(sizeof(Guard));
	HASHCTL		control = {0};

	install_hooks();
	control.keysize = sizeof(MadeObject);
	control.entrysize = sizeof(MadeObject);
	control.hcxt = CurrentMemoryContext;
	guard->cxt = CurrentMemoryContext;
	guard->made = hash_create("db_adapter objects made", 1024, &control,
							  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	guard->allow_volatile = allow_volatile;
	guard->calls = (CallWatch){sees_function, meet_function, guard};
	calls_forget_plans();
	return guard;
}

void
guard_hide(Guard *guard, List *schemas)
{
	guard->hidden = schemas;
}

void
guard_end(Guard *guard)
{
	/* Plans are kept by functions that were there before and stay. */
	if (guard->planned)
		ResetPlanCache();
}

void
guard_distrust(Guard *guard, bool distrusts)
{
	guard->distrusts = distrusts;
}

/* A verb that has a watch of calls of its own gets it back from guard_rest(). */
void
guard_watch(Guard *guard, GuardSkips skips)
{
	guard->skips = skips;
	guard->calls_before = calls_set_watch(&guard->calls);
	watching = guard;
}

void
guard_rest(void)
{
	if (watching != NULL)
		(void) calls_set_watch(watching->calls_before);
	watching = NULL;
}

bool
guard_is_watching(void)
{
	return watching != NULL;
}

/* The schema an object lives in; InvalidOid where it has none or is gone again. */
static Oid
namespace_of(const MadeObject *object)
{
	HeapTuple	tuple;
	Datum		value;
	bool		isnull;

	/* The server's lookups raise an internal error for classes they do not know. */
	if (!is_objectclass_supported(object->class_id) ||
		get_object_attnum_namespace(object->class_id) == InvalidAttrNumber ||
		get_object_catcache_oid(object->class_id) < 0)
		return InvalidOid;
	tuple = SearchSysCache1(get_object_catcache_oid(object->class_id),
							ObjectIdGetDatum(object->object_id));
	if (!HeapTupleIsValid(tuple))
		return InvalidOid;
	value = SysCacheGetAttr(get_object_catcache_oid(object->class_id), tuple,
							get_object_attnum_namespace(object->class_id), &isnull);
	ReleaseSysCache(tuple);
	return isnull ? InvalidOid : DatumGetObjectId(value);
}

bool
guard_schema_is_used(Guard *guard, Oid namespace)
{
	HASH_SEQ_STATUS scan;
	MadeObject *object;

	hash_seq_init(&scan, guard->made);
	while ((object = hash_seq_search(&scan)) != NULL)
		if (namespace_of(object) == namespace)
		{
			hash_seq_term(&scan);
			return true;
		}
	return false;
}

/* Those that are there now: the text may have dropped or renamed what it made. */
List *
guard_made_schemas(Guard *guard)
{
	HASH_SEQ_STATUS scan;
	MadeObject *object;
	List	   *names = NIL;

	hash_seq_init(&scan, guard->made);
	while ((object = hash_seq_search(&scan)) != NULL)
	{
		char	   *name =
			object->class_id == NamespaceRelationId ? get_namespace_name(object->object_id) : NULL;

		if (name != NULL && !isTempNamespace(object->object_id) &&
			!isTempToastNamespace(object->object_id))
			names = lappend(names, name);
	}
	return names;
}

/*
 * After the statement, not in the hook: the row of an object that is just announced
 * cannot be seen by a lookup yet.  It closes what a name in the parse tree does not
 * tell, such as the place of what a function makes.
 */
void
guard_check_places(Guard *guard)
{
	ListCell   *lc;

	foreach(lc, guard->fresh)
	{
		MadeObject *object = lfirst(lc);
		Oid			namespace = namespace_of(object);
		ObjectAddress address;

		if (!OidIsValid(namespace) || guard_made_schema(guard, namespace))
			continue;
		ObjectAddressSet(address, object->class_id, object->object_id);
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("schema_sql creates %s in schema \"%s\", which it does not make",
						getObjectDescription(&address, false), get_namespace_name(namespace)),
				 errhint("Name the schema in \"schemas\".")));
	}
	list_free(guard->fresh);
	guard->fresh = NIL;
}
