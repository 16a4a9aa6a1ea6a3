/*
 * plan_document.c
 *	  A plan as jsonb, and back as far as apply needs it.
 *
 * A plan carries the expectation it was made for, so that apply can compare what
 * came of its steps with what was wanted, wherever and whenever it is applied.
 *
 * It assumes that a plan read may have been edited: each member is checked for its
 * type, and one that is not known is refused.  It never reads a step's command
 * (plan_command.c), nor decides whether the plan fits the database (apply.c).
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "schema/model/document.h"
#include "schema/plan/plan_document.h"
#include "utils/builtins.h"

#define WHAT "plan"

static const char *const plan_members[] = {"format",
										   "version",
										   "schemas",
										   "fingerprint",
										   "verified",
										   "verify_error",
										   "missing_tables",
										   "missing_columns",
										   "tables_to_recreate",
										   "steps",
										   "remaining",
										   "notes",
										   "exclude",
										   "ignore",
										   "expected",
										   NULL};

static const char *const step_members[] = {"step",	  "action", "object",	"sql",
										   "hazards", "reason", "table",	"rows",
										   "bytes",	  "online", "blockers", NULL};

/* Columns of tables alone: a view's come with its query. */
static void
write_missing(JsonWriter *w, const SchemaPlan *plan, const SchemaKind *kind, const char *key)
{
	ListCell   *lc;

	json_key(w, key);
	json_begin_array(w);
	foreach(lc, plan->differences)
	{
		Difference *d = lfirst(lc);

		if (d->kind == DIFFERENCE_MISSING && d->object_kind == kind &&
			(d->parent_kind == NULL || d->parent_kind == &schema_table_kind))
			json_string(w, difference_object(d));
	}
	json_end_array(w);
}

static List *
hazard_names(const PlanStep *step)
{
	List	   *names = NIL;

	for (int i = 0; i < PLAN_HAZARDS; i++)
		if (step->hazards & PLAN_HAZARD(i))
			names = lappend(names, unconstify(char *, plan_hazard_name(i)));
	return names;
}

/* rows and bytes are below zero where nobody has measured the relation. */
static void
write_step(JsonWriter *w, const PlanStep *step)
{
	json_begin_object(w);
	json_put_int(w, "step", step->number);
	json_put_string(w, "action", step->action);
	json_put_string(w, "object", step->object);
	json_put_string(w, "sql", step->sql);
	json_put_strings(w, "hazards", hazard_names(step));
	json_put_string(w, "reason", step->reason);
	if (step->relation != NULL)
		json_put_string(w, "table", schema_identity(step->relation));
	if (step->rows >= 0)
		json_put_int(w, "rows", step->rows);
	if (step->bytes >= 0)
		json_put_int(w, "bytes", step->bytes);
	if (step->online)
		json_put_bool(w, "online", true);
	if (step->blockers != NULL)
	{
		json_key(w, "blockers");
		json_container(w, &step->blockers->root);
	}
	json_end_object(w);
}

static void
write_remaining(JsonWriter *w, const SchemaPlan *plan)
{
	ListCell   *lc;

	json_key(w, "remaining");
	json_begin_array(w);
	foreach(lc, plan->remaining)
	{
		PlanRemainder *remainder = lfirst(lc);

		json_begin_object(w);
		json_put_string(w, "object_type", difference_object_type(remainder->difference));
		json_put_string(w, "object", difference_object(remainder->difference));
		json_put_string(w, "attribute", difference_attribute(remainder->difference));
		json_put_string(w, "reason", remainder->reason);
		json_end_object(w);
	}
	json_end_array(w);
}

Jsonb *
plan_write(const SchemaPlan *plan, const PlanHeader *header)
{
	JsonWriter	w;
	ListCell   *lc;

	json_init(&w);
	json_begin_object(&w);
	json_put_string(&w, "format", PLAN_FORMAT);
	json_put_int(&w, "version", PLAN_VERSION);
	json_put_strings(&w, "schemas", header->expectation->schemas);
	json_put_string(&w, "fingerprint", header->fingerprint);
	json_put_bool(&w, "verified", header->verified);
	if (header->verify_error != NULL)
		json_put_string(&w, "verify_error", header->verify_error);
	write_missing(&w, plan, &schema_table_kind, "missing_tables");
	write_missing(&w, plan, &schema_column_kind, "missing_columns");
	json_put_strings(&w, "tables_to_recreate", plan->recreated);
	json_key(&w, "steps");
	json_begin_array(&w);
	foreach(lc, plan->steps)
		write_step(&w, lfirst(lc));
	json_end_array(&w);
	write_remaining(&w, plan);
	json_put_strings(&w, "notes", plan->notes);
	json_put_strings(&w, "exclude", header->expectation->exclude);
	json_put_strings(&w, "ignore", header->ignore);
	json_key(&w, "expected");
	json_container(&w, &header->expected->root);
	json_end_object(&w);
	return json_finish(&w);
}

/* For who shows the plan: apply asks the rows themselves. */
static Jsonb *
read_blockers(JsonbContainer *step)
{
	JsonbValue	v;

	if (json_get_array(step, "blockers", WHAT) == NULL || !json_get(step, "blockers", &v))
		return NULL;
	return JsonbValueToJsonb(&v);
}

/*
 * What is not known here is refused, since a member that is passed over might have been
 * meant to hold a step back.  The text itself is checked when it is read as a command
 * (plan_command.c).
 */
static bool
read_step(const char *key, JsonbValue *value, void *arg)
{
	PlanDocument *plan = arg;
	PlannedStep *step = palloc0(sizeof(PlannedStep));
	JsonbContainer *object;

	if (value->type != jbvBinary || !JsonContainerIsObject(value->val.binary.data))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid plan: a step must be an object")));
	object = value->val.binary.data;
	json_check_members(object, step_members, "step of a plan");
	step->number = (int) json_get_int(object, "step", 0, WHAT);
	step->action = json_get_string(object, "action", WHAT);
	step->reason = json_get_string(object, "reason", WHAT);
	step->object = json_get_string_or(object, "object", "", WHAT);
	step->sql = json_get_string(object, "sql", WHAT);
	step->hazards = json_get_strings(object, "hazards", WHAT);
	step->table = json_get_string(object, "table", WHAT);
	step->online = json_get_bool(object, "online", false, WHAT);
	step->blockers = read_blockers(object);
	if (step->sql == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid plan: step %d has no member \"sql\"", step->number)));
	plan->steps = lappend(plan->steps, step);
	return true;
}

/* In the form of difference_key(), by which apply recognizes what was announced. */
static bool
read_remaining(const char *key, JsonbValue *value, void *arg)
{
	PlanDocument *plan = arg;
	JsonbContainer *object = value->val.binary.data;

	if (value->type != jbvBinary || !JsonContainerIsObject(object))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid plan: an element of \"remaining\" must be an object")));
	plan->remaining = lappend(
		plan->remaining, psprintf("%s %s %s", json_get_string_or(object, "object_type", "", WHAT),
								  json_get_string_or(object, "object", "", WHAT),
								  json_get_string_or(object, "attribute", "", WHAT)));
	return true;
}

/*
 * A plan of a later version may have steps that must be treated otherwise: refused as a
 * whole.
 */
static void
check_format(JsonbContainer *plan)
{
	char	   *format = json_get_string_or(plan, "format", "", WHAT);
	int64		version = json_get_int(plan, "version", 0, WHAT);

	if (strcmp(format, PLAN_FORMAT) != 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("invalid plan"),
						errdetail("Member \"format\" must be \"%s\".", PLAN_FORMAT),
						errhint("Give the result of db_adapter.plan().")));
	if (version > PLAN_VERSION)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("plan of version " INT64_FORMAT " is not supported", version),
				 errdetail("This version of db_adapter reads versions up to %d.", PLAN_VERSION)));
}

/* The member as a document of its own. */
static Jsonb *
get_document(JsonbContainer *plan, const char *key)
{
	JsonbValue	v;

	if (!json_get(plan, key, &v) || v.type != jbvBinary)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid plan: member \"%s\" must be an object", key)));
	return JsonbValueToJsonb(&v);
}

PlanDocument *
plan_read(Jsonb *document)
{
	PlanDocument *plan = palloc0(sizeof(PlanDocument));
	JsonbContainer *root = &document->root;
	JsonbContainer *list;

	if (!JB_ROOT_IS_OBJECT(document))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid plan: it must be a JSON object")));
	check_format(root);
	json_check_members(root, plan_members, WHAT);
	plan->header.fingerprint = json_get_string_or(root, "fingerprint", "", WHAT);
	plan->header.verified = json_get_bool(root, "verified", false, WHAT);
	plan->header.ignore = json_get_strings(root, "ignore", WHAT);
	plan->header.expected = get_document(root, "expected");
	plan->header.expectation =
		validation_expect(plan->header.expected, json_get_strings(root, "schemas", WHAT),
						  json_get_strings(root, "exclude", WHAT));
	if ((list = json_get_array(root, "steps", WHAT)) != NULL)
		json_visit(list, read_step, plan);
	if ((list = json_get_array(root, "remaining", WHAT)) != NULL)
		json_visit(list, read_remaining, plan);
	return plan;
}
