/*
 * calls.c
 *	  Whose functions may be called, with whose rights.
 *
 * Two hooks of the server meet a call.  The one on object access is asked when the
 * executor prepares a function in an expression, for those of the server too, but
 * not for what indexes, types and event triggers call by themselves.  The one of
 * the function manager is asked at each call of a function for which another hook
 * has said so before; and for such a function the planner's inline_function() does
 * not put its body in the place of the call, where no hook would see it again.
 * Both stay installed once they are; without a watch they only pass the call on.
 *
 * What was planned before the watch was set may hold bodies already: the relation
 * cache keeps index expressions so, the type cache the checks of domains.
 * calls_forget_plans() has them made anew.
 *
 * A function that runs as somebody else (SECURITY DEFINER, or where the server acts
 * as a table's owner) has no rights of the guarded user's, and is let alone.
 *
 * Within a function of a trusted author, what he calls is his to answer for, but for
 * functions of those who are not trusted.
 *
 * The watch is the one piece of state here that is in no struct, because hooks have
 * no argument of their own.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "base/calls.h"
#include "base/compat.h"
#include "base/depends.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_language.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_range.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/plancache.h"
#include "utils/regproc.h"
#include "utils/syscache.h"
#include "utils/typcache.h"

static CallWatch *watch = NULL;
static object_access_hook_type next_access_hook = NULL;
static needs_fmgr_hook_type next_needs_hook = NULL;
static fmgr_hook_type next_fmgr_hook = NULL;

/* ---- the mechanism ---- */

static void
meet_prepared(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void *arg)
{
	if (next_access_hook)
		next_access_hook(access, class_id, object_id, sub_id, arg);
	if (watch != NULL && access == OAT_FUNCTION_EXECUTE)
		watch->meets(object_id, watch->arg);
}

static bool
needs_meeting(Oid function)
{
	if (next_needs_hook && next_needs_hook(function))
		return true;
	return watch != NULL && watch->sees(function, watch->arg);
}

static void
meet_called(FmgrHookEventType event, FmgrInfo *flinfo, Datum *private)
{
	if (next_fmgr_hook)
		next_fmgr_hook(event, flinfo, private);
	if (watch == NULL)
		return;
	if (event == FHET_START)
	{
		watch->meets(flinfo->fn_oid, watch->arg);
		watch->depth++;
	}
	/*
	 * FHET_END and FHET_ABORT alike.  A watch set within a call sees an end whose start
	 * it has not: that must not bring its depth below none.
	 */
	else if (watch->depth > 0)
		watch->depth--;
}

static void
install_hooks(void)
{
	static bool installed = false;

	if (installed)
		return;
	next_access_hook = object_access_hook;
	object_access_hook = meet_prepared;
	next_needs_hook = needs_fmgr_hook;
	needs_fmgr_hook = needs_meeting;
	next_fmgr_hook = fmgr_hook;
	fmgr_hook = meet_called;
	installed = true;
}

CallWatch *
calls_set_watch(CallWatch *next)
{
	CallWatch  *before = watch;

	install_hooks();
	watch = next;
	return before;
}

/*
 * The watch is set back by hand: of PG_FINALLY, gcc believes here that a jump may spoil
 * it.  Watches nest: the one before may be a guard that is set around this one, and holds
 * again after it.
 */
static void
run_watched(CallWatch *next, void (*body)(void *arg), void *arg)
{
	CallWatch  *before = calls_set_watch(next);

	PG_TRY();
	{
		body(arg);
	}
	PG_CATCH();
	{
		watch = before;
		PG_RE_THROW();
	}
	PG_END_TRY();
	watch = before;
}

static bool
sees_all(Oid function, void *arg)
{
	return true;
}

static void
meets_none(Oid function, void *arg)
{
}

/* In the cache's own memory, as the type cache keeps it. */
static void
prepare_again(FmgrInfo *function)
{
	if (OidIsValid(function->fn_oid))
		fmgr_info_cxt(function->fn_oid, function, CacheMemoryContext);
}

/* The type cache looks a range's functions up once, for the session: again, to be met. */
static void
prepare_range(Oid type)
{
	TypeCacheEntry *entry = lookup_type_cache(type, TYPECACHE_RANGE_INFO);

	if (entry->rngelemtype == NULL)
		return;
	prepare_again(&entry->rng_subdiff_finfo);
	prepare_again(&entry->rng_canonical_finfo);
}

/* Ranges of the server are left out: their functions are its own. */
static void
prepare_ranges(void *arg)
{
	Relation	rel = table_open(RangeRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_range form = (Form_pg_range) GETSTRUCT(tuple);

		if (form->rngsubdiff >= FirstNormalObjectId || form->rngcanonical >= FirstNormalObjectId)
			prepare_range(form->rngtypid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/* Seen by a watch, and so not expanded, but met by none. */
static void
prepare_ranges_unmet(void)
{
	CallWatch	all = {sees_all, meets_none};

	run_watched(&all, prepare_ranges, NULL);
}

void
calls_forget_plans(void)
{
	/*
	 * Of all, with the relation cache and the plans: which of them hold expanded bodies
	 * nobody can tell.
	 */
	InvalidateSystemCaches();
	prepare_ranges_unmet();
}

/* ---- whose a function is ---- */

/*
 * InvalidOid for one that is gone: no role's, so that it counts as foreign, and the call
 * fails anyhow.
 */
static Oid
function_owner(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Oid			owner = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		owner = ((Form_pg_proc) GETSTRUCT(tuple))->proowner;
		ReleaseSysCache(tuple);
	}
	return owner;
}

/* The bootstrap superuser's are the server's own. */
static bool
owner_is_foreign(Oid owner)
{
	return owner != BOOTSTRAP_SUPERUSERID && owner != GetUserId() &&
		   !has_privs_of_role(owner, GetUserId());
}

bool
calls_is_foreign(Oid function)
{
	return owner_is_foreign(function_owner(function));
}

static bool
is_named(Oid function, const char *const *names)
{
	char	   *name = get_func_name(function);

	for (; name != NULL && *names != NULL; names++)
		if (strcmp(name, *names) == 0)
			return true;
	return false;
}

/*
 * nextval() is among them, though it changes something: defaults of serial columns call
 * it everywhere, and the sequence's own privileges are asked.
 */
bool
calls_is_harmless(Oid function)
{
	static const char *const names[] = {"now",
										"statement_timestamp",
										"transaction_timestamp",
										"nextval",
										"clock_timestamp",
										"timeofday",
										"gen_random_uuid",
										"random",
										"random_normal",
										"uuidv4",
										"uuidv7",
										NULL};

	return function < FirstNormalObjectId && is_named(function, names);
}

/* Where a sequence goes on: apply's own steps say it. */
static bool
is_step_function(Oid function)
{
	static const char *const names[] = {"setval", NULL};

	return function < FirstNormalObjectId && is_named(function, names);
}

/*
 * They say that they change nothing, and read, or run, what they are told to with their
 * caller's rights: of the server, and of modules that come with it.  By name in whatever
 * schema: one of somebody's own that is called so is taken for such a one.
 */
static bool
reads_by_name(Oid function)
{
	static const char *const names[] = {"table_to_xml",
										"table_to_xmlschema",
										"table_to_xml_and_xmlschema",
										"schema_to_xml",
										"schema_to_xmlschema",
										"schema_to_xml_and_xmlschema",
										"database_to_xml",
										"database_to_xmlschema",
										"database_to_xml_and_xmlschema",
										"crosstab",
										"crosstab2",
										"crosstab3",
										"crosstab4",
										"connectby",
										"xpath_table",
										NULL};

	return is_named(function, names);
}

/* InvalidOid for a constraint of a table, whose checks run when rows are written. */
static Oid
domain_of_constraint(Oid constraint)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	Oid			type = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		type = ((Form_pg_constraint) GETSTRUCT(tuple))->contypid;
		ReleaseSysCache(tuple);
	}
	return type;
}

static Oid
view_of_rule(Oid rule)
{
	Relation	rel = table_open(RewriteRelationId, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	Oid			view = InvalidOid;

	ScanKeyInit(&key, Anum_pg_rewrite_oid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(rule));
	scan = systable_beginscan(rel, RewriteOidIndexId, true, NULL, 1, &key);
	if (HeapTupleIsValid(tuple = systable_getnext(scan)))
		view = ((Form_pg_rewrite) GETSTRUCT(tuple))->ev_class;
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return view;
}

typedef struct CallerSearch
{
	bool		views;			/* they count too */
	bool		found;
} CallerSearch;

/* Stops at the first: one is enough. */
static bool
find_foreign_caller(const FormData_pg_depend *dependency, void *arg)
{
	CallerSearch *search = arg;
	Oid			type = InvalidOid;
	Oid			view = InvalidOid;
	Oid			oper = InvalidOid;

	if (dependency->classid == ConstraintRelationId)
		type = domain_of_constraint(dependency->objid);
	else if (dependency->classid == TypeRelationId)
		type = dependency->objid;
	else if (dependency->classid == OperatorRelationId)
		oper = dependency->objid;
	else if (search->views && dependency->classid == RewriteRelationId)
		view = view_of_rule(dependency->objid);
	search->found = (OidIsValid(type) && owner_is_foreign(relation_type_owner(type))) ||
					(OidIsValid(oper) && owner_is_foreign(relation_operator_owner(oper))) ||
					(OidIsValid(view) && owner_is_foreign(relation_owner(view)));
	return !search->found;
}

/*
 * Whether a domain of somebody else's calls the function, or a view: in a table of
 * one's own, or in the place of one, it would do so with one's own rights.  It may do
 * so by an operator, of which the function itself does not tell who uses it.
 */
static bool
is_used_by_others(Oid function, bool views)
{
	CallerSearch search = {views};

	depends_visit(ProcedureRelationId, function, find_foreign_caller, &search);
	return search.found;
}

/* ---- the guard ---- */

/*
 * What is immutable reads nothing and tells nothing.  Of the rest, functions of the
 * server do as their caller says, with the rights of the current user: nobody can
 * know here who wrote the call.  Those that a trusted role wrote are trusted where
 * that role's objects are all there is, or who calls them is his as well.
 */
static bool
may_act(const CallGuard *guard, Oid function)
{
	char		volatility = func_volatile(function);

	if (volatility == PROVOLATILE_IMMUTABLE || calls_is_harmless(function) ||
		is_step_function(function))
		return false;
	/* Only a superuser makes an event trigger: who wrote that call is known. */
	if (get_func_rettype(function) == EVENT_TRIGGEROID)
		return false;
	/*
	 * Where a guard is pure nobody can be said to have written the call, so no trust in
	 * an author helps.
	 */
	if (guard->rule == CALLS_PURE)
		return true;
	if (function < FirstNormalObjectId)
	{
		/*
		 * Every relation read so far, with all it reads in turn, was written by roles
		 * with these rights: so were the calls.
		 */
		if (guard->rule == CALLS_READING && guard->reads_own && !guard->reads_others)
			return false;
		return volatility == PROVOLATILE_VOLATILE || reads_by_name(function);
	}
	return (volatility == PROVOLATILE_VOLATILE || reads_by_name(function)) &&
		   is_used_by_others(function, guard->rule == CALLS_READING);
}

/* Bodies that are trusted and say of themselves that they do nothing may be expanded. */
static bool
guard_sees(Oid function, void *arg)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	bool		result;

	if (!HeapTupleIsValid(tuple))
		return true;
	form = (Form_pg_proc) GETSTRUCT(tuple);
	if (form->prolang == INTERNALlanguageId || form->prolang == ClanguageId ||
		(form->prolang == SQLlanguageId && form->provolatile != PROVOLATILE_VOLATILE))
		result = form->proowner != BOOTSTRAP_SUPERUSERID && !superuser_arg(form->proowner);
	else
		result = true;
	ReleaseSysCache(tuple);
	return result;
}

static void
guard_meets(Oid function, void *arg)
{
	CallGuard  *guard = arg;
	bool		is_foreign;

	/*
	 * The guard keeps one role's rights: a function that runs as another has none of them
	 * to give away, unless that other one may do anything.
	 */
	if (GetUserId() != guard->user && !superuser())
		return;
	is_foreign = calls_is_foreign(function);
	/* Within a function that was let through, its author decides. */
	if (!is_foreign && (watch->depth > 0 || !may_act(guard, function)))
		return;
	/*
	 * Noted before the error: a handler of exceptions in PL/pgSQL may catch it, and
	 * calls_run_alone() raises it again.
	 */
	guard->stopped = function;
	calls_refuse(function, is_foreign);
}

/* Silent under another watch: it is no guard's business. */
void
calls_name_relation(bool own)
{
	CallGuard  *guard;

	if (watch == NULL || watch->meets != guard_meets)
		return;
	guard = watch->arg;
	if (own)
		guard->reads_own = true;
	else
		guard->reads_others = true;
}

void
calls_refuse(Oid function, bool is_foreign)
{
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("function %s would run with the rights of role \"%s\"",
						   format_procedure(function), GetUserNameFromId(GetUserId(), false)),
					is_foreign ? errdetail("Its owner does not have these rights.")
							   : errdetail("It may act with them, and what calls it may belong to "
										   "another role."),
					errhint("Act as the role that owns what calls the function.")));
}

/* The domains' checks, and plans; what was folded of indexes stays, as its owner did it. */
static void
forget_for_reading(void)
{
	CallSyscacheCallbacks(CONSTROID, 0);
	ResetPlanCache();
	prepare_ranges_unmet();
}

/* Once a guard: it costs every plan of the session. */
void
calls_forget_plans_once(void)
{
	CallGuard  *guard;

	if (watch == NULL || watch->meets != guard_meets)
		return;
	guard = watch->arg;
	if (guard->forgot)
		return;
	guard->forgot = true;
	forget_for_reading();
}

/*
 * For a guard that goes on with what an earlier call has begun.  What was let through for
 * one role is not met again, so no other may go on with it.  And who had the session in
 * between may have planned again what the guard has had forgotten.
 */
static void
resume_guard(const CallGuard *guard)
{
	if (OidIsValid(guard->user) && guard->user != GetUserId())
		ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
						errmsg("role \"%s\" cannot go on with what another role has begun",
							   GetUserNameFromId(GetUserId(), false)),
						errdetail("Functions were let through for the role that began it."),
						errhint("Stay with one role until the last row, or begin anew.")));
	if (guard->forgot)
		forget_for_reading();
}

void
calls_run_alone(CallGuard *guard, void (*body)(void *arg), void *arg)
{
	CallWatch	own = {guard_sees, guard_meets, guard};

	resume_guard(guard);
	/* Kept in the guard, for the verb that goes on in a later call. */
	guard->user = GetUserId();
	guard->stopped = InvalidOid;
	/* One that stops nothing must not take the place of one that does. */
	run_watched(guard->rule == CALLS_ANY ? watch : &own, body, arg);
	/* A handler of exceptions may have got past it. */
	if (OidIsValid(guard->stopped) && IsTransactionState())
		calls_refuse(guard->stopped, calls_is_foreign(guard->stopped));
}

void
calls_run(CallGuard *guard, void (*body)(void *arg), void *arg)
{
	int			nestlevel = NewGUCNestLevel();

	/* A parallel worker has no watch, and meets nothing that a function calls there. */
	if (guard->rule != CALLS_ANY)
		query_set("max_parallel_workers_per_gather", "0");
	calls_run_alone(guard, body, arg);
	/* On error the server closes the level with the (sub)transaction. */
	AtEOXact_GUC(false, nestlevel);
}

typedef struct FunctionRun
{
	PGFunction	body;
	FunctionCallInfo fcinfo;
	Datum		result;
} FunctionRun;

static void
run_function(void *arg)
{
	FunctionRun *run = arg;

	run->result = run->body(run->fcinfo);
}

Datum
calls_run_function(CallRule rule, PGFunction body, FunctionCallInfo fcinfo)
{
	CallGuard	guard = {rule};
	FunctionRun run = {body, fcinfo};

	calls_run(&guard, run_function, &run);
	return run.result;
}
