/*
 * trial.c
 *	  A plan made from the live schema, and tried before it is offered.
 *
 * The planner is pure: what it has to know of the database it asks by the callbacks of
 * PlanFacts, which are here.  They answer from the catalogs and read no rows, but for
 * whether a table has any, and where a sequence stands.
 *
 * A plan is a promise, so it is tried: on copies of the schemas where these can be made
 * (trial_swap.c), else on the live tables, in a subtransaction that is rolled back.  Renames
 * come first, since all that the planner compares has to bear the new names.  What a trial
 * cannot show is said with the plan ("verified": false and why); it is never left out.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "commands/tablecmds.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_type.h"
#include "utils/acl.h"
#include "utils/guc.h"
#include "utils/varlena.h"
#include "schema/apply/apply.h"
#include "schema/apply/apply_rights.h"
#include "schema/catalog/catalog.h"
#include "schema/model/fingerprint.h"
#include "schema/preflight/preflight.h"
#include "schema/plan/plan_command.h"
#include "schema/apply/trial.h"
#include "schema/apply/trial_swap.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/* ---------- facts about live relations ---------- */

static bool
live_has_rows(const SchemaTable *table, void *arg)
{
	return OidIsValid(table->object.oid) && relation_has_pages(table->object.oid);
}

/* Types that the plan makes itself are not there yet: nothing is known of them. */
static bool
parse_type(const char *name, Oid *type, int32 *typmod)
{
	*type = InvalidOid;
	return compat_parse_type(name, type, typmod) && OidIsValid(*type);
}

/* numeric(p, s): a new one must hold as many digits before the point, and after it. */
static bool
is_wider_numeric(int32 from, int32 to)
{
	int			from_scale = from < 0 ? 0 : (from - VARHDRSZ) & 0x7ff;
	int			to_scale = (to - VARHDRSZ) & 0x7ff;

	/* A negative scale rounds before the point. */
	return from >= 0 && from_scale < 0x400 && to_scale < 0x400 && to_scale >= from_scale;
}

/*
 * Between two modifiers of one type: texts that are too long raise, numbers are
 * rounded.  Unknown types may do anything with a modifier: what is not known to be
 * harmless is lossy.
 */
static PlanCast
modifier_cast(Oid type, int32 from, int32 to)
{
	if (to < 0 || from == to)
		return CAST_SAFE;
	switch (type)
	{
		case VARCHAROID:
		case BPCHAROID:
		case BITOID:
		case VARBITOID:
			return CAST_SAFE;
		case NUMERICOID:
			return is_wider_numeric(from, to) ? CAST_SAFE : CAST_LOSSY;
		case TIMEOID:
		case TIMETZOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return from >= 0 && to >= from ? CAST_SAFE : CAST_LOSSY;
		default:
			return CAST_LOSSY;
	}
}

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

/* Types whose assignment cast raises for whatever it cannot hold, and changes nothing. */
static bool
is_exact(Oid source, Oid target, int32 target_modifier)
{
	if (is_integer(source) && is_integer(target))
		return true;
	return is_integer(source) && target == NUMERICOID &&
		   (target_modifier < 0 || ((target_modifier - VARHDRSZ) & 0x7ff) < 0x400);
}

/* What ALTER COLUMN TYPE makes of a column's value, as far as the server sees that it does nothing. */
static Node *
strip_nothing(Node *node)
{
	for (;;)
	{
		if (IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, CoerceToDomain) &&
				 !DomainHasConstraints(((CoerceToDomain *) node)->resulttype))
			node = (Node *) ((CoerceToDomain *) node)->arg;
		else
			return node;
	}
}

/*
 * Whether values stay as they are, byte by byte: the server would not rewrite the
 * table.  By the server's own reckoning, as ALTER TABLE would ask it: an expression
 * that comes out as the bare column means that nothing is to be done.
 */
static bool
keeps_values(Oid source, int32 source_modifier, Oid target, int32 target_modifier)
{
	Var		   *value = makeVar(1, 1, source, source_modifier, get_typcollation(source), 0);
	Node	   *cast = coerce_to_target_type(NULL, (Node *) value, source, target, target_modifier,
											 COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);

	return cast != NULL && IsA(strip_nothing(eval_const_expressions(NULL, cast)), Var);
}

/*
 * How a value gets from one type to the other, in order of what is lost least.  An
 * assignment cast may round or cut, an explicit one may mean something else, and text works
 * where nothing else does.
 */
static PlanCast
cast_values(Oid source, int32 source_modifier, Oid target, int32 target_modifier)
{
	Oid			function;

	if (keeps_values(source, source_modifier, target, target_modifier))
		return CAST_SAFE;
	/* Element by element. */
	if (OidIsValid(get_element_type(source)) && OidIsValid(get_element_type(target)))
		return cast_values(get_element_type(source), source_modifier, get_element_type(target),
						   target_modifier);
	if (source == target)
		return modifier_cast(target, source_modifier, target_modifier);
	if (is_exact(source, target, target_modifier))
		return CAST_SAFE;
	if (find_coercion_pathway(target, source, COERCION_IMPLICIT, &function) != COERCION_PATH_NONE)
		return is_integer(source) ? CAST_SAFE : modifier_cast(target, -1, target_modifier);
	if (find_coercion_pathway(target, source, COERCION_ASSIGNMENT, &function) != COERCION_PATH_NONE)
		return CAST_LOSSY;
	if (find_coercion_pathway(target, source, COERCION_EXPLICIT, &function) != COERCION_PATH_NONE)
		return CAST_EXPLICIT;
	return CAST_BY_TEXT;
}

/*
 * Types that the database does not have yet are asked for as text: nothing is known of
 * them.
 */
static PlanCast
live_cast(const char *from, const char *to, void *arg)
{
	Oid			source;
	Oid			target;
	int32		source_modifier;
	int32		target_modifier;

	if (!parse_type(from, &source, &source_modifier) || !parse_type(to, &target, &target_modifier))
		return CAST_BY_TEXT;
	return cast_values(source, source_modifier, target, target_modifier);
}

/* Of a query that has one row. */
static bool
take_value(TupleTableSlot *slot, void *arg)
{
	bool		isnull;

	*(int64 *) arg = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	return true;
}

/*
 * Of a sequence that the caller may read.  Found by name without a lock.  Who may not
 * read it learns nothing, and the plan does without.
 */
static bool
live_sequence_value(const char *sequence, int64 *value, void *arg)
{
	List	   *parts;
	Oid			namespace;
	Oid			relid = InvalidOid;

	if (SplitIdentifierString(pstrdup(sequence), '.', &parts) && list_length(parts) == 2 &&
		OidIsValid(namespace = get_namespace_oid(linitial(parts), true)))
		relid = get_relname_relid(lsecond(parts), namespace);
	if (!OidIsValid(relid) || get_rel_relkind(relid) != RELKIND_SEQUENCE ||
		pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		return false;
	return query_run(psprintf("SELECT last_value FROM %s", sequence), 0, NULL, NULL, NULL, true,
					 take_value, value) == 1;
}

/* The storage that a column of the type has by default; NULL: the type is not here. */
static const char *
live_storage(const char *type, void *arg)
{
	Oid			oid;
	int32		modifier;

	if (!parse_type(type, &oid, &modifier))
		return NULL;
	switch (get_typstorage(oid))
	{
		case TYPSTORAGE_PLAIN:
			return "PLAIN";
		case TYPSTORAGE_EXTERNAL:
			return "EXTERNAL";
		case TYPSTORAGE_MAIN:
			return "MAIN";
		default:
			return "EXTENDED";
	}
}

/* Leaves both as they are for what is not here. */
static void
live_measure(const SchemaObject *relation, int64 *rows, int64 *bytes, void *arg)
{
	Oid			namespace = get_namespace_oid(relation->schema, true);
	Oid relid = OidIsValid(namespace) ? get_relname_relid(relation->name, namespace) : InvalidOid;

	if (OidIsValid(relid))
		relation_measure(relid, rows, bytes);
}

static bool
live_has_server(const char *name, void *arg)
{
	return OidIsValid(get_foreign_server_oid(name, true));
}

/* A trigger is made by whoever has that right; all else is the owner's. */
static bool
live_may_alter(const SchemaTable *table, bool by_trigger, void *arg)
{
	Oid			relid = table->object.oid;

	return has_privs_of_role(GetUserId(), relation_owner(relid)) ||
		   (by_trigger && pg_class_aclcheck(relid, GetUserId(), ACL_TRIGGER) == ACLCHECK_OK);
}

/* ---------- the verb ---------- */

/* What the caller asks for, and where the planner may ask of the live database. */
static PlanOptions *
read_options(const PlanRequest *request)
{
	PlanOptions *options = palloc0(sizeof(PlanOptions));

	options->allow_drop = request->allow_drop;
	options->online = request->online;
	options->recreate_threshold = request->recreate_threshold;
	options->ignore = diff_parse_ignore(request->ignore);
	if (request->definitions != NULL)
		options->definitions = plan_read_definitions(request->definitions);
	options->facts.has_rows = live_has_rows;
	options->facts.measure = live_measure;
	options->facts.cast = live_cast;
	options->facts.storage = live_storage;
	options->facts.has_server = live_has_server;
	options->facts.may_alter = live_may_alter;
	options->facts.sequence_value = live_sequence_value;
	return options;
}

/* ---------- locks ---------- */

static const struct
{
	LOCKMODE	mode;
	PlanHazard	hazard;
} lock_hazards[] = {{ShareUpdateExclusiveLock, HAZARD_SHARE_UPDATE_EXCLUSIVE_LOCK},
					{ShareLock, HAZARD_SHARE_LOCK},
					{ShareRowExclusiveLock, HAZARD_SHARE_ROW_EXCLUSIVE_LOCK},
					{AccessExclusiveLock, HAZARD_ACCESS_EXCLUSIVE_LOCK}};

/*
 * The lock that the server takes for ALTER TABLE, instead of the worst it might take.
 * Of all lock hazards one stays set: the mode is one and not several.
 */
static void
set_lock_hazard(PlanStep *step)
{
	Node	   *stmt = plan_command_check(step);
	LOCKMODE	mode;

	if (!IsA(stmt, AlterTableStmt))
		return;
	mode = AlterTableGetLockLevel(((AlterTableStmt *) stmt)->cmds);
	for (int i = 0; i < lengthof(lock_hazards); i++)
		plan_set_hazard(step, lock_hazards[i].hazard, lock_hazards[i].mode == mode);
}

/*
 * On copies where they can be made, else on the live tables themselves: that takes
 * their locks, for as long as it lasts, and runs the functions in their checks and
 * generated columns as the caller.  A superuser who only asks for a plan does not
 * lend his rights to those.
 */
static void
try_steps(SchemaPlan *plan, const TrialGoal *goal, const Schema *live, const PlanOptions *options,
		  PlanHeader *header)
{
	TrialOutcome outcome =
		trial_run(plan, goal, live, options->rename_steps != NIL, &header->verify_error);

	if (outcome == TRIAL_IMPOSSIBLE && superuser())
		header->verify_error =
			psprintf("it could not be tried on copies: %s", header->verify_error);
	else if (outcome == TRIAL_IMPOSSIBLE)
		header->verify_error = apply_try_plan(plan_write(plan, header));
}

/*
 * An obstacle is known to stop the plan, so trying would show nothing new, and copies would
 * not show it at all.
 */
static void
verify(SchemaPlan *plan, const TrialGoal *goal, const Schema *live, const PlanOptions *options,
	   PlanHeader *header)
{
	/* Copies are made of the schemas planned alone: they have nothing that would show it. */
	if (plan->obstacles != NIL)
	{
		header->verify_error = linitial(plan->obstacles);
		return;
	}
	try_steps(plan, goal, live, options, header);
	header->verified = header->verify_error == NULL;
}

/* ---------- rows ---------- */

/* How many rows of each kind a plan shows. */
#define BLOCKER_SAMPLES 3

/* From the document, which is what apply will be given. */
static void
add_blockers(SchemaPlan *plan, const PlanHeader *header)
{
	List	   *blockers = preflight_run(plan_read(plan_write(plan, header)), BLOCKER_SAMPLES);
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		PlanStep   *step = lfirst(lc);

		step->blockers = blockers_write_step(blockers, step->number);
	}
}

/* ---------- renames ---------- */

/* The live schema, read between the renames and their end. */
typedef struct RenamedRead
{
	List	   *steps;
	List	   *schemas;
	const Schema *wanted;
	MemoryContext cxt;
	Schema	   *schema;
} RenamedRead;

/* A list of PlanStep *. */
static void
run_renames(void *arg)
{
	ListCell   *lc;

	foreach(lc, (List *) arg)
		query_command(((PlanStep *) lfirst(lc))->sql);
}

/* Names of dependent objects print anew once something is renamed: the server does it. */
static void
read_renamed(void *arg)
{
	RenamedRead *read = arg;
	int			nestlevel;
	MemoryContext oldcxt;

	nestlevel = query_pin(PIN_PATH);
	apply_set_timeouts(TRIAL_LOCK_TIMEOUT_MS);
	rights_run_guarded(run_renames, read->steps);
	query_unpin(nestlevel);
	oldcxt = MemoryContextSwitchTo(read->cxt);
	read->schema = apply_read_schema(read->schemas, read->wanted);
	MemoryContextSwitchTo(oldcxt);
}

/*
 * The live schema as it is after the renames, which are rolled back.  A rename
 * locks its table, for no longer than the catalogs take to be read.
 */
static Schema *
rename_live(Schema *live, const PlanRequest *request, const Expectation *expectation,
			PlanOptions *options)
{
	List	   *renames = plan_renames_of_document(expectation->schema->renames);
	RenamedRead read = {.schemas = expectation->schemas,
						.wanted = expectation->schema,
						.cxt = CurrentMemoryContext};
	ErrorData  *error;

	if (request->renames != NULL)
		renames = list_concat(renames, plan_read_renames(request->renames));
	read.steps = options->rename_steps = plan_rename_steps(live, renames);
	if (read.steps == NIL)
		return live;
	error = query_attempt(read_renamed, &read, false);
	if (error != NULL)
		ReThrowError(error);
	return read.schema;
}

/*
 * The order matters: the fingerprint is of the schema as it is, so that apply can tell
 * whether it has changed; renames come before anything is compared.
 */
Jsonb *
trial_make_plan(const PlanRequest *request)
{
	PlanOptions *options = read_options(request);
	PlanHeader	header = {.expected = request->expected, .ignore = request->ignore};
	Expectation *expectation =
		validation_expect(request->expected, request->schemas, request->exclude);
	Schema	   *live = catalog_read_with_graph(expectation->schemas, expectation->schema);
	Schema	   *renamed;
	TrialGoal	goal = {expectation->schema, NULL, expectation->is_flat, request->ignore};
	SchemaPlan *plan;
	ListCell   *lc;

	header.expectation = expectation;
	header.fingerprint = fingerprint_schema(live);
	validation_filter(live, expectation->schemas, expectation->exclude);
	renamed = rename_live(live, request, expectation, options);
	if (renamed != live)
		validation_filter(renamed, expectation->schemas, expectation->exclude);
	goal.expected = validation_leave_alone(goal.wanted, renamed, request->ignore);
	plan = plan_make(goal.expected, renamed, expectation->is_flat, options);
	foreach(lc, plan->steps)
		set_lock_hazard(lfirst(lc));
	if (request->verify)
		verify(plan, &goal, live, options, &header);
	if (request->preflight)
		add_blockers(plan, &header);
	return plan_write(plan, &header);
}
