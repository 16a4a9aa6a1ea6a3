/*
 * trial_swap.c
 *	  A plan tried on empty copies of the tables it concerns.
 *
 * The copies are made by a plan of their own: from nothing to the live schema, in so
 * far as the differences concern it.  They stand in swapped-in schemas, under the names
 * of the live objects, so that the steps run as they are.  What came of them is then
 * compared with the same part of the expectation.
 *
 * It assumes that the caller may swap these schemas; else the plan is tried elsewhere
 * or not at all.  It never reads a live table, and the copies are empty: what depends
 * on rows, such as a value that does not cast, is not shown by a trial.  What it notes
 * of steps is made in the plan's context, since the swap's own goes with its rollback.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "schema/catalog/catalog.h"
#include "schema/catalog/validation.h"
#include "schema/expected/expected_statement.h"
#include "schema/expected/expected_swap.h"
#include "schema/plan/plan_document.h"
#include "schema/model/subset.h"
#include "schema/apply/trial_swap.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* Nothing but the shape of objects matters to a trial. */
#define TRIAL_IGNORE                                                                               \
	(DIFF_IGNORE_OWNERS | DIFF_IGNORE_PRIVILEGES | DIFF_IGNORE_COMMENTS | DIFF_IGNORE_COLUMN_ORDER)

typedef struct Trial
{
	SwapRequest request;
	SchemaPlan *plan;
	SchemaPlan *preparation;
	List	   *schemas;		/* char *: those planned */
	Schema	   *expected;		/* the part the plan is about */
	Subset	   *subset;
	List	   *foreign;		/* char *: functions of roles without the caller's rights */
	const TrialGoal *goal;
	MemoryContext cxt;
	bool		prepared;		/* the copies are made */
	char	   *reason;
} Trial;

static void
run_statement(Swap *swap, const char *sql)
{
	statement_run_all(swap, ddltext_read(list_make1(unconstify(char *, sql)), false));
}

static Oid
find_relation(const SchemaObject *relation)
{
	Oid namespace = relation != NULL ? get_namespace_oid(relation->schema, true) : InvalidOid;

	return OidIsValid(namespace) ? get_relname_relid(relation->name, namespace) : InvalidOid;
}

/*
 * The file a relation is stored in: another one after a step means it was rewritten.
 * InvalidOid for what is not there, and for what has no file, as a partitioned table.
 */
static Oid
storage_of(const SchemaObject *relation)
{
	Oid			relid = find_relation(relation);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			result = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		result = ((Form_pg_class) GETSTRUCT(tuple))->relfilenode;
		ReleaseSysCache(tuple);
	}
	return result;
}

static void
note_rewrite(Trial *trial, PlanStep *step, bool rewrites)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(trial->cxt);

	plan_set_hazard(step, HAZARD_TABLE_REWRITE, rewrites);
	MemoryContextSwitchTo(oldcxt);
}

/* Copies hold no values to move, all belong to one role, and nobody publishes them. */
static bool
is_beside_point(const PlanStep *step)
{
	return strcmp(step->action, "set_sequence") == 0 || strcmp(step->action, "alter_owner") == 0 ||
		   strcmp(step->action, "unpublish_table") == 0;
}

static void
run_step(Trial *trial, Swap *swap, PlanStep *step)
{
	Oid			before = storage_of(step->relation);
	Oid			after;

	CHECK_FOR_INTERRUPTS();
	if (is_beside_point(step))
		return;
	elog(DEBUG2, "plan: step %d is tried: %s", step->number, step->sql);
	/* There are no rows, but values that are not of the type do not pass. */
	if (strcmp(step->action, "copy_rows") == 0)
	{
		query_command(step->sql);
		return;
	}
	/* A copy's sequence stands where it began, wherever that of the live one does. */
	run_statement(swap, step->bounds && strstr(step->sql, " RESTART") == NULL
							? psprintf("%s RESTART", step->sql)
							: step->sql);
	after = storage_of(step->relation);
	/* Defaults are not evaluated in a swap, so what they would have done does not show. */
	if (strncmp(step->sql, "ALTER ", 6) == 0 && OidIsValid(before) && OidIsValid(after))
		note_rewrite(trial, step,
					 before != after ||
						 (strcmp(step->action, "add_column") == 0 &&
						  relation_fills_last_column(find_relation(step->relation))));
}

/* The same difference among those that the plan began with, or NULL. */
static const Difference *
find_original(const Trial *trial, const Difference *d)
{
	char	   *key = difference_key(d);
	ListCell   *lc;

	foreach(lc, trial->plan->differences)
		if (strcmp(difference_key(lfirst(lc)), key) == 0)
			return lfirst(lc);
	return NULL;
}

static void
leave(Trial *trial, const Difference *original)
{
	PlanRemainder *remainder = palloc(sizeof(PlanRemainder));

	remainder->difference = original;
	remainder->reason = pstrdup("no step of a plan changes it");
	trial->plan->remaining = lappend(trial->plan->remaining, remainder);
}

/*
 * What still differs as it did before, though all steps ran, remains: the rest is worth
 * having.  What differs only now is a fault of the plan.
 */
static void
check_differences(Trial *trial, List *differences)
{
	ListCell   *lc;

	foreach(lc, differences)
	{
		Difference *d = lfirst(lc);
		const Difference *original;
		MemoryContext oldcxt;

		if (!d->is_error || plan_leaves(trial->plan, d))
			continue;
		oldcxt = MemoryContextSwitchTo(trial->cxt);
		original = find_original(trial, d);
		if (original != NULL)
			leave(trial, original);
		else if (trial->reason == NULL)
			trial->reason =
				psprintf("after all steps, %s %s%s%s still differs", difference_object_type(d),
						 difference_object(d), d->member != NULL ? ": " : "",
						 d->member != NULL ? difference_attribute(d) : "");
		MemoryContextSwitchTo(oldcxt);
	}
}

/*
 * Up to prepared, a failure says that the copies cannot be made, and nothing about the
 * plan.
 */
static void
try_in_swap(Swap *swap, void *arg)
{
	Trial	   *trial = arg;
	Schema	   *reached;
	Schema	   *expected;
	ListCell   *lc;

	foreach(lc, trial->preparation->steps)
	{
		const PlanStep *step = lfirst(lc);

		CHECK_FOR_INTERRUPTS();
		elog(DEBUG2, "plan: copy: %s", step->sql);
		guard_distrust(swap_guard(swap), schema_lists(trial->foreign, step->object));
		run_statement(swap, step->sql);
	}
	guard_distrust(swap_guard(swap), false);
	trial->prepared = true;
	foreach(lc, trial->plan->steps)
		run_step(trial, swap, lfirst(lc));
	swap_begin_reading(swap);
	reached = catalog_read_comparable(trial->schemas, NIL, trial->expected);
	expected = validation_leave_alone(trial->expected, reached, trial->goal->ignore);
	check_differences(
		trial, trial->goal->is_flat
				   ? diff_names(expected, reached)
				   : diff_schemas(expected, reached, diff_parse_ignore(trial->goal->ignore)));
}

static void
swap_body(void *arg)
{
	Trial	   *trial = arg;

	swap_run(&trial->request, try_in_swap, trial);
}

/* Schemas that are there are swapped; the plan makes the others. */
static void
choose_schemas(Trial *trial, const Schema *actual)
{
	ListCell   *lc;

	trial->schemas = actual->schemas;
	foreach(lc, actual->schemas)
	{
		if (OidIsValid(get_namespace_oid(lfirst(lc), true)))
			trial->request.schemas = lappend(trial->request.schemas, lfirst(lc));
		else
			trial->request.created = lappend(trial->request.created, lfirst(lc));
	}
}

/* Tables of other schemas are there, without what is made on them. */
static List *
bare_tables(List *tables)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, tables)
	{
		SchemaTable *table = schema_new(&schema_table_kind);

		table->object = *(const SchemaObject *) lfirst(lc);
		table->object.node = NULL;
		table->kind = ((const SchemaTable *) lfirst(lc))->kind;
		result = lappend(result, table);
	}
	return result;
}

/*
 * From nothing but the schemas to the part of the live schema concerned.  By the
 * planner itself: it knows the order in which a schema can be made.
 */
static SchemaPlan *
plan_copies(const Schema *part)
{
	PlanOptions options = {.ignore = TRIAL_IGNORE, .shape_only = true};
	Schema	   *nothing = schema_new(&schema_kind);

	nothing->schemas = part->schemas;
	nothing->namespaces = part->namespaces;
	nothing->outside = bare_tables(part->outside);
	return plan_make(part, nothing, false, &options);
}

/*
 * Copies belong to the caller, whoever wrote the functions among them: those of
 * others must not come to run with the caller's rights.
 */
static List *
foreign_functions(const Schema *part)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, part->functions)
	{
		const SchemaObject *function = lfirst(lc);
		Oid owner = function->owner != NULL ? get_role_oid(function->owner, true) : InvalidOid;

		if (!OidIsValid(owner) || !has_privs_of_role(owner, GetUserId()))
			result = lappend(result, schema_identity(function));
	}
	return result;
}

/* Steps may reach tables that do not differ: their policies read one that does. */
static List *
touched_relations(const SchemaPlan *plan)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		const PlanStep *step = lfirst(lc);

		if (step->relation != NULL)
			result = lappend(result, unconstify(SchemaObject *, step->relation));
	}
	return result;
}

/*
 * With no schema of a user in the path: names in steps are qualified, and one that is
 * not would be found out here.
 */
static void
try_subset(Trial *trial, const Schema *actual, Subset *subset)
{
	Schema	   *part;
	ErrorData  *error;

	trial->reason = NULL;
	trial->subset = subset;
	trial->expected = subset_restrict(subset, trial->goal->wanted);
	part = subset_restrict(subset, actual);
	trial->foreign = foreign_functions(part);
	trial->preparation = plan_copies(part);
	elog(DEBUG1, "plan: tried on copies of %d of %d tables, with %d of %d views, by %d steps",
		 list_length(part->tables), list_length(actual->tables), list_length(part->views),
		 list_length(actual->views), list_length(trial->preparation->steps));
	trial->request.search_path = "pg_catalog, pg_temp";
	error = query_attempt_catching(swap_body, trial, false, ERRCODE_LOCK_NOT_AVAILABLE);
	if (error != NULL)
		trial->reason = error->detail != NULL ? psprintf("%s: %s", error->message, error->detail)
											  : error->message;
}

/*
 * A failure on the part is not believed: something may have been missing that the plan
 * needs.  The whole is tried before anything is said.
 */
TrialOutcome
trial_run(SchemaPlan *plan, const TrialGoal *goal, const Schema *actual, bool renames,
		  char **reason)
{
	Trial		trial = {.plan = plan, .goal = goal, .cxt = CurrentMemoryContext};

	/* The live schema was read for all that was asked for, also for what is no longer made. */
	choose_schemas(&trial, actual);
	if (!swap_may(trial.request.schemas))
		return TRIAL_IMPOSSIBLE;
	/* Differences name things as they are called after renames, the live schema before. */
	if (!renames)
		try_subset(&trial, actual,
				   subset_of_differences(goal->expected, actual, plan->differences,
										 touched_relations(plan), plan->concerned));
	/* Policies, rules and trigger conditions read tables without saying so: take all. */
	if (renames || trial.reason != NULL)
		try_subset(&trial, actual, subset_of_all());
	*reason = trial.reason;
	if (trial.reason == NULL)
		return TRIAL_PASSED;
	return trial.prepared ? TRIAL_FAILED : TRIAL_IMPOSSIBLE;
}
