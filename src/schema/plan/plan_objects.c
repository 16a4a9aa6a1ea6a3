/*
 * plan_objects.c
 *	  Steps for what stands beside tables: views, routines, types, sequences,
 *	  statistics, schemas and the rest.
 *
 * For each kind the question is the same: which changes can ALTER or OR REPLACE make, and
 * which need the object dropped and made again.  The first keep what hangs on the object,
 * so they are taken wherever they give exactly what is expected.  For the second all that
 * needs it makes way first, and comes back (plan_dependents.c).
 *
 * A view in a circle of needs is made as a shell first, and filled when the others are
 * there.  Where the server might choose between routines nothing is left to its choice.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "parser/parser.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/model/graph.h"
#include "schema/plan/plan_dependents.h"
#include "schema/plan/plan_identity.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

static const SchemaObject *
either(const Difference *d)
{
	return d->expected != NULL ? d->expected : d->actual;
}

static PlanStep *
object_step(Planner *p, PlanPhase phase, const char *verb, const SchemaKind *kind,
			const void *object, char *sql, const char *reason)
{
	PlanStep   *step = planner_step(p, phase, psprintf("%s_%s", verb, kind->name),
									schema_identity(object), object, sql, reason);

	if (strcmp(verb, "create") == 0 || strcmp(verb, "replace") == 0)
		planner_make(step, kind, object, NULL);
	return step;
}

/* ---------- views ---------- */

/*
 * CREATE OR REPLACE VIEW keeps the columns there are, with their types, and may
 * only add more.
 */
static bool
is_prefix(List *old, List *new)
{
	if (list_length(old) > list_length(new))
		return false;
	for (int i = 0; i < list_length(old); i++)
	{
		SchemaColumn *a = list_nth(old, i);
		SchemaColumn *b = list_nth(new, i);

		if (strcmp(a->object.name, b->object.name) != 0 || !expression_equal(a->type, b->type) ||
			!expression_equal(a->collation, b->collation))
			return false;
	}
	return true;
}

static bool
view_must_recreate(const SchemaView *to, const SchemaView *from)
{
	return strcmp(to->kind, from->kind) != 0 || strcmp(to->kind, "view") != 0 ||
		   !is_prefix(from->columns, to->columns);
}

void
plan_view_default(Planner *p, const SchemaView *view, const SchemaColumn *column,
				  const char *reason)
{
	const char *value = column->default_value;

	planner_step(p, PHASE_ATTACH, "alter_view", planner_child(view, column), view,
				 psprintf("ALTER VIEW %s ALTER COLUMN %s %s%s", schema_identity(view),
						  quote_identifier(column->object.name),
						  value != NULL ? "SET DEFAULT " : "DROP DEFAULT",
						  value != NULL ? value : ""),
				 reason);
}

/* The view with its columns alone, of no rows: what needs it can be made. */
static char *
shell_of(const SchemaView *view)
{
	SchemaView	shell = *view;
	StringInfoData query;
	ListCell   *lc;

	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT ");
	foreach(lc, view->columns)
	{
		const SchemaColumn *column = lfirst(lc);

		appendStringInfo(&query, "%sNULL::%s%s%s AS %s", lc == list_head(view->columns) ? "" : ", ",
						 column->type, column->collation != NULL ? " COLLATE " : "",
						 column->collation != NULL ? column->collation : "",
						 quote_identifier(column->object.name));
	}
	shell.definition = query.data;
	shell.options = NIL;
	return ddl_create_view(&shell, false);
}

static void
alter_view_column(Planner *p, const SchemaView *view, const SchemaColumn *column,
				  const char *clause, const char *reason)
{
	planner_step(p, PHASE_ATTACH, "alter_view", planner_child(view, column), view,
				 psprintf("ALTER MATERIALIZED VIEW %s ALTER COLUMN %s %s", schema_identity(view),
						  quote_identifier(column->object.name), clause),
				 reason);
}

/* How values of a materialized view's column are kept; from is NULL for a new one. */
static void
set_view_column(Planner *p, const SchemaView *view, const SchemaColumn *to,
				const SchemaColumn *from, const char *reason)
{
	static const SchemaColumn nothing = {.statistics = SCHEMA_UNSET};

	if (from == NULL)
		from = &nothing;
	if (to->statistics != from->statistics)
		alter_view_column(p, view, to,
						  psprintf("SET STATISTICS " INT64_FORMAT,
								   to->statistics != SCHEMA_UNSET ? to->statistics : -1),
						  reason);
	if (!expression_equal(to->storage, from->storage))
		alter_view_column(p, view, to,
						  psprintf("SET STORAGE %s", to->storage != NULL
														 ? to->storage
														 : plan_default_storage(p, to->type)),
						  reason);
	if (!expression_equal(to->compression, from->compression))
		alter_view_column(p, view, to,
						  psprintf("SET COMPRESSION %s", to->compression != NULL
															 ? quote_identifier(to->compression)
															 : "DEFAULT"),
						  reason);
	if (to->options != NIL || from->options != NIL)
		alter_view_column(p, view, to, ddl_change_parameters(to->options, from->options), reason);
}

void
plan_view_column(Planner *p, const Difference *d)
{
	const SchemaView *view = d->parent;

	if (d->kind != DIFFERENCE_CHANGED || planner_is_detached(p, view))
		return;
	if (difference_is(d, SchemaColumn, default_value))
		plan_view_default(p, view, d->expected, "its default differs");
	else if (strcmp(view->kind, "view") != 0 && !planner_was_handled(p, d->expected))
		set_view_column(p, view, d->expected, d->actual, "how its values are kept differs");
}

void
plan_create_view(Planner *p, const SchemaView *view, const char *reason)
{
	ListCell   *lc;
	bool		is_shell = strcmp(view->kind, "view") == 0 && planner_is_shell(p, view);
	PlanStep *step = object_step(p, PHASE_BUILD, "create", &schema_view_kind, view,
								 is_shell ? shell_of(view) : ddl_create_view(view, false), reason);

	step->relation = &view->object;
	/* Only then does it need what it reads. */
	if (is_shell)
	{
		step->needs = NIL;
		planner_run_last(object_step(p, PHASE_BUILD, "replace", &schema_view_kind, view,
									 ddl_create_view(view, true), "what it needs needs it"));
	}
	foreach(lc, view->columns)
	{
		if (((SchemaColumn *) lfirst(lc))->default_value != NULL)
			plan_view_default(p, view, lfirst(lc), reason);
		if (strcmp(view->kind, "view") != 0)
			set_view_column(p, view, lfirst(lc), NULL, reason);
		plan_describe_new(p, &schema_column_kind, &schema_view_kind, view, lfirst(lc));
	}
	plan_create_children(p, &schema_view_kind, view, false, reason);
	plan_describe_new(p, &schema_view_kind, NULL, NULL, view);
	/* One that was not populated stays so; of a new one that is not known. */
	if (strcmp(view->kind, "view") != 0 && !(OidIsValid(view->object.oid) && view->not_populated))
		planner_step(p, PHASE_CONSTRAIN, "refresh_view", schema_identity(view), view,
					 psprintf("REFRESH MATERIALIZED VIEW %s", schema_identity(view)), reason);
}

static void
change_view(Planner *p, const Difference *d)
{
	PlanStep   *step;

	if (planner_is_detached(p, d->expected) || planner_was_handled(p, d->expected))
		return;
	step = object_step(p, PHASE_BUILD, "replace", &schema_view_kind, d->expected,
					   ddl_create_view(d->expected, true), "its definition differs");
	planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
}

/* ---------- routines ---------- */

static bool
function_must_recreate(const SchemaFunction *to, const SchemaFunction *from)
{
	return strcmp(to->kind, from->kind) != 0 || !expression_equal(to->result, from->result) ||
		   !expression_equal(to->arguments, from->arguments);
}

bool
plan_must_recreate(const Planner *p, const Difference *d)
{
	if (d->object_kind == &schema_view_kind)
		return view_must_recreate(d->expected, d->actual);
	if (d->object_kind == &schema_function_kind)
		return function_must_recreate(d->expected, d->actual) ||
			   planner_stands_on_recreated(p, d->actual);
	return false;
}

/* The definition of a routine says OR REPLACE; that of an aggregate does not. */
char *
plan_create_function(const SchemaFunction *function, bool replace)
{
	const char *definition = function->definition;
	int			length;

	if (replace && strncmp(definition, "CREATE AGGREGATE", 16) == 0)
		return psprintf("CREATE OR REPLACE AGGREGATE%s", definition + 16);
	/* The server ends a definition with a line break. */
	length = strlen(definition);
	while (length > 0 && definition[length - 1] == '\n')
		length--;
	return pnstrdup(definition, length);
}

void
plan_recreate_function(Planner *p, const SchemaFunction *from, const SchemaFunction *to,
					   const char *reason)
{
	SchemaFunction *merged;
	PlanStep   *step;

	if (planner_is_gone(p, from))
		return;
	/* After what calls it. */
	step = planner_run_last(object_step(p, PHASE_DETACH, "drop", &schema_function_kind, from,
										ddl_drop(&schema_function_kind, from), reason));
	planner_take(p, step, &schema_function_kind, from, NULL);
	dependents_recreate_object(p, &schema_function_kind, from, NULL,
							   "the function it calls is made again");
	if (to == NULL)
	{
		planner_hazard(step, HAZARD_IRREVERSIBLE);
		return;
	}
	/* It is to run with nobody else's rights than before. */
	merged = palloc(sizeof(SchemaFunction));
	*merged = *to;
	plan_rank_copy(p, merged, to);
	plan_keep_description(p, &merged->object, &from->object);
	object_step(p, PHASE_BUILD, "create", &schema_function_kind, merged,
				plan_create_function(to, false), reason);
	plan_describe_new(p, &schema_function_kind, NULL, NULL, merged);
}

static void
change_function(Planner *p, const Difference *d)
{
	const char *reason = "its definition differs";

	if (planner_was_handled(p, d->expected) || planner_is_gone(p, d->actual))
		return;
	if (plan_must_recreate(p, d))
		plan_recreate_function(p, d->actual, d->expected, reason);
	else
		object_step(p, PHASE_BUILD, "replace", &schema_function_kind, d->expected,
					plan_create_function(d->expected, true), reason);
}

/* ---------- types ---------- */

static void
change_type(Planner *p, const Difference *d)
{
	const SchemaType *to = d->expected;

	if (plan_change_kind(p, d))
		return;
	if (difference_is(d, SchemaType, labels))
		plan_change_enum(p, d);
	else if (strcmp(to->kind, "domain") == 0)
		plan_change_domain(p, d);
	else if (strcmp(to->kind, "range") == 0)
		plan_change_range(p, d);
	else
		planner_remain(p, d, psprintf("no command changes %s of a type", d->member->name));
}

/* The first table of the type on a side, or NULL: it is to change along. */
static const SchemaTable *
find_typed_table(const Schema *schema, const SchemaType *type)
{
	char	   *name = schema_identity(type);
	ListCell   *lc;

	foreach(lc, schema->tables)
	{
		const SchemaTable *table = lfirst(lc);

		if (table->of_type != NULL && strcmp(table->of_type, name) == 0)
			return table;
	}
	return NULL;
}

/* Columns of the type keep it from changing in place; tables of the type change along. */
static void
plan_attribute(Planner *p, const Difference *d)
{
	const SchemaType *type = d->parent;
	const SchemaTable *table = find_typed_table(p->actual, type);
	const SchemaColumn *to = d->expected;
	const SchemaColumn *from = d->actual;
	const char *name = quote_identifier(either(d)->name);
	const char *cascade =
		table != NULL || find_typed_table(p->expected, type) != NULL ? " CASCADE" : "";
	PlanPhase	phase = PHASE_BUILD;
	const char *action = "alter_type";
	char	   *clause;
	PlanStep   *step;

	if (d->kind == DIFFERENCE_CHANGED && table != NULL &&
		plan_find_cast(p, from->type, to->type) < CAST_LOSSY)
	{
		planner_remain(p, d,
					   psprintf("values of table %s, which is of the type, could not be converted",
								schema_identity(table)));
		return;
	}
	if (d->kind == DIFFERENCE_MISSING)
		clause = psprintf("ADD ATTRIBUTE %s", ddl_column(to));
	else if (d->kind == DIFFERENCE_EXTRA)
	{
		clause = psprintf("DROP ATTRIBUTE %s", name);
		phase = PHASE_DROP;
		action = "drop_attribute";
	}
	else if (difference_is(d, SchemaColumn, type) || difference_is(d, SchemaColumn, collation))
		clause = psprintf("ALTER ATTRIBUTE %s TYPE %s%s%s", name, to->type,
						  to->collation != NULL ? " COLLATE " : "",
						  to->collation != NULL ? to->collation : "");
	else
	{
		planner_remain(p, d, psprintf("no command changes %s of an attribute", d->member->name));
		return;
	}
	step = planner_step(p, phase, action, schema_identity(type), type,
						psprintf("ALTER TYPE %s %s%s", schema_identity(type), clause, cascade),
						"the attribute differs");
	if (d->kind == DIFFERENCE_EXTRA)
		planner_take(p, step, &schema_column_kind, from, NULL);
	/* Columns of the type are of text by then, or gone. */
	if (d->kind == DIFFERENCE_CHANGED)
		step->takes = graph_nodes(&schema_type_kind, d->parent_actual, NULL);
	if (table != NULL)
	{
		step->relation = &table->object;
		planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	}
	if (table != NULL && d->kind != DIFFERENCE_MISSING)
		planner_hazard(step, HAZARD_DATA_LOSS);
	if (d->kind == DIFFERENCE_MISSING)
		plan_describe_new(p, d->object_kind, d->parent_kind, type, to);
}

/* A constraint of a domain, or an attribute of a composite type. */
static void
plan_type_child(Planner *p, const Difference *d)
{
	if (list_member_ptr(p->recreated, d->parent_actual))
	{
		plan_recreate_type(p, d->parent, d->parent_actual);
		return;
	}
	if (strcmp(((const SchemaType *) d->parent)->kind,
			   ((const SchemaType *) d->parent_actual)->kind) != 0)
	{
		if (d->is_error)
			planner_remain(p, d, "the type stays of the kind it is");
		return;
	}
	if (planner_was_handled(p, either(d)) ||
		(d->kind == DIFFERENCE_EXTRA && !p->options->allow_drop) ||
		(d->actual != NULL && planner_is_gone(p, d->actual)))
		return;
	if (d->object_kind == &schema_column_kind)
		plan_attribute(p, d);
	else
		plan_domain_constraint(p, d);
}

/* ---------- sequences ---------- */

static void
change_sequence(Planner *p, const Difference *d)
{
	const SchemaSequence *sequence = d->expected;
	const char *reason = psprintf("its %s differs", d->member->name);

	if (difference_is(d, SchemaSequence, owned_by))
		plan_own_sequence(p, sequence, reason);
	else if (difference_is(d, SchemaSequence, unlogged))
		object_step(p, PHASE_BUILD, "alter", &schema_sequence_kind, sequence,
					psprintf("ALTER SEQUENCE %s SET %s", schema_identity(sequence),
							 sequence->unlogged ? "UNLOGGED" : "LOGGED"),
					reason);
	else if (!planner_was_handled(p, sequence))
		object_step(
			p, PHASE_BUILD, "alter", &schema_sequence_kind, sequence,
			psprintf("%s%s", ddl_alter_sequence(sequence),
					 plan_sequence_is_outside(
						 p, schema_identity(sequence),
						 sequence->minimum != SCHEMA_UNSET ? sequence->minimum : PG_INT64_MIN,
						 sequence->maximum != SCHEMA_UNSET ? sequence->maximum : PG_INT64_MAX)
						 ? " RESTART"
						 : ""),
			reason)
			->bounds = true;
}

/* ---------- all of them ---------- */

/* The domain without checks that come later. */
static const SchemaType *
without_later(const Planner *p, const SchemaType *type)
{
	SchemaType *copy = palloc(sizeof(SchemaType));
	ListCell   *lc;

	*copy = *type;
	copy->constraints = NIL;
	foreach(lc, type->constraints)
		if (!planner_is_later(p, lfirst(lc)))
			copy->constraints = lappend(copy->constraints, lfirst(lc));
	return copy;
}

/* The command that makes an object and the phase it belongs to; NULL where there is none. */
static char *
create_command(const Planner *p, const SchemaKind *kind, const void *object, PlanPhase *phase)
{
	*phase = PHASE_BUILD;
	if (kind == &schema_namespace_kind)
	{
		*phase = PHASE_SCHEMA;
		return ddl_create_namespace(object);
	}
	if (kind == &schema_type_kind)
		return ddl_create_type(without_later(p, object));
	if (kind == &schema_sequence_kind)
		return ddl_create_sequence(object);
	if (kind == &schema_function_kind)
		return plan_create_function(object, false);
	if (kind == &schema_statistics_kind)
	{
		*phase = PHASE_ATTACH;
		return pstrdup(((const SchemaStatistics *) object)->definition);
	}
	if (kind == &schema_other_kind && ((const SchemaOther *) object)->definition != NULL)
		return pstrdup(((const SchemaOther *) object)->definition);
	return NULL;
}

void
plan_describe_type_parts(Planner *p, const SchemaType *type)
{
	ListCell   *lc;

	foreach(lc, type->attributes)
		plan_describe_new(p, &schema_column_kind, &schema_type_kind, type, lfirst(lc));
	foreach(lc, type->constraints)
		plan_describe_new(p, &schema_constraint_kind, &schema_type_kind, type, lfirst(lc));
}

static void
add_constraint(Planner *p, const SchemaType *type, const SchemaConstraint *constraint,
			   const char *reason)
{
	planner_need(object_step(p, PHASE_BUILD, "alter", &schema_type_kind, type,
							 psprintf("ALTER DOMAIN %s ADD %s", schema_identity(type),
									  ddl_constraint(constraint)),
							 reason),
				 constraint);
}

/* Those that CREATE DOMAIN cannot say, and those that need what needs the domain. */
static void
add_constraints(Planner *p, const SchemaType *type, const char *reason)
{
	ListCell   *lc;

	foreach(lc, type->constraints)
		if (((const SchemaConstraint *) lfirst(lc))->not_valid || planner_is_later(p, lfirst(lc)))
			add_constraint(p, type, lfirst(lc), reason);
}

static void
set_statistics_target(Planner *p, const SchemaStatistics *statistics, const char *reason)
{
	if (statistics->target != SCHEMA_UNSET)
		object_step(p, PHASE_ATTACH, "alter", &schema_statistics_kind, statistics,
					psprintf("ALTER STATISTICS %s SET STATISTICS " INT64_FORMAT,
							 schema_identity(statistics), statistics->target),
					reason);
}

void
plan_create_statistics(Planner *p, const SchemaStatistics *statistics,
					   const SchemaStatistics *actual, const char *reason)
{
	SchemaStatistics *merged = palloc(sizeof(SchemaStatistics));

	*merged = *statistics;
	plan_rank_copy(p, merged, statistics);
	plan_keep_description(p, &merged->object, &actual->object);
	object_step(p, PHASE_ATTACH, "create", &schema_statistics_kind, merged,
				pstrdup(statistics->definition), reason);
	set_statistics_target(p, merged, reason);
	plan_describe_new(p, &schema_statistics_kind, NULL, NULL, merged);
}

/* The definition of some kinds is several commands; the plan has one a step. */
static void
create_in_steps(Planner *p, PlanPhase phase, const SchemaKind *kind, const void *object,
				const char *definition, const char *reason)
{
	ListCell   *lc;

	foreach(lc, raw_parser(definition, RAW_PARSE_DEFAULT))
	{
		const RawStmt *command = lfirst(lc);
		const char *start = definition + command->stmt_location;

		while (*start == '\n')
			start++;
		object_step(p, phase, "create", kind, object,
					command->stmt_len > 0 ? pnstrdup(start, definition + command->stmt_location +
																command->stmt_len - start)
										  : pstrdup(start),
					reason);
	}
}

/* Whether a routine is not made because one that stays would make its calls ambiguous. */
static bool
has_ambiguous_calls(Planner *p, const Difference *d)
{
	const SchemaFunction *other;

	if (d->object_kind != &schema_function_kind || p->options->allow_drop ||
		(other = plan_find_ambiguous(p, d->expected)) == NULL)
		return false;
	planner_remain(p, d,
				   psprintf("calls would be ambiguous beside %s, which goes only with allow_drop",
							schema_identity(other)));
	return true;
}

static void
create_object(Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->object_kind;
	const SchemaSequence *sequence = d->expected;
	const char *reason = psprintf("the %s is missing", difference_object_type(d));
	PlanPhase	phase;
	char	   *sql;

	if (planner_has_name_conflict(p, d) || has_ambiguous_calls(p, d))
		return;
	if (kind == &schema_view_kind)
	{
		plan_create_view(p, d->expected, reason);
		return;
	}
	if (kind == &schema_publication_kind)
	{
		if (plan_may_publish(p, d))
			plan_create_publication(p, d->expected, reason);
		return;
	}
	sql = create_command(p, kind, d->expected, &phase);
	if (sql == NULL)
	{
		planner_remain(p, d, psprintf("a plan does not make a %s", difference_object_type(d)));
		return;
	}
	if (kind != &schema_sequence_kind || !plan_succeeds_identity(p, sequence, reason))
	{
		create_in_steps(p, phase, kind, d->expected, sql, reason);
		if (kind == &schema_sequence_kind)
			plan_continue_sequence(p, sequence);
	}
	if (kind == &schema_statistics_kind)
		set_statistics_target(p, d->expected, reason);
	if (kind == &schema_type_kind)
	{
		add_constraints(p, d->expected, reason);
		plan_describe_type_parts(p, d->expected);
	}
	if (kind == &schema_sequence_kind && sequence->owned_by != NULL)
		plan_own_sequence(p, sequence, reason);
	plan_describe_new(p, kind, NULL, NULL, d->expected);
}

/* One that others have something in stays; so does public, which every database has. */
static bool
is_schema_dropped(Planner *p, const SchemaObject *namespace)
{
	if (strcmp(namespace->name, "public") == 0)
		return false;
	if (namespace->node == NULL || namespace->node->outside == NIL)
		return true;
	p->plan->notes =
		lappend(p->plan->notes, psprintf("schema %s is not expected, but stays: %s is in it",
										 quote_identifier(namespace->name),
										 (char *) linitial(namespace->node->outside)));
	return false;
}

/* Objects of the database are never dropped: other schemas may need them. */
static void
drop_object(Planner *p, const Difference *d)
{
	const SchemaKind *kind = d->object_kind;
	PlanPhase	phase;
	PlanStep   *step;

	if (!p->options->allow_drop || kind == &schema_extension_kind ||
		kind == &schema_publication_kind)
		return;
	if (kind == &schema_namespace_kind && !is_schema_dropped(p, d->actual))
		return;
	if (kind == &schema_sequence_kind && plan_goes_with_column(p, d->actual))
		return;
	if (planner_is_gone(p, d->actual) ||
		(kind == &schema_view_kind && planner_is_detached(p, d->actual)))
		return;
	/* The name of a type that is made anew means another one by then. */
	phase = kind == &schema_statistics_kind || planner_stands_on_recreated(p, d->actual)
				? PHASE_DETACH
				: planner_drop_phase(p, kind, d->actual);
	step = object_step(p, phase, "drop", kind, d->actual, ddl_drop(kind, d->actual),
					   psprintf("the %s is not expected", difference_object_type(d)));
	planner_take(p, step, kind, d->actual, NULL);
	if ((phase == PHASE_DETACH && kind != &schema_statistics_kind) ||
		kind == &schema_namespace_kind)
		planner_run_last(step);
	planner_hazard(step, HAZARD_IRREVERSIBLE);
	if (kind == &schema_sequence_kind)
		planner_hazard(step, HAZARD_DATA_LOSS);
}

/* Out of the way and, where to is not NULL, back. */
void
plan_recreate_other(Planner *p, const SchemaOther *from, const SchemaOther *to, const char *reason)
{
	PlanPhase	phase;
	char	   *sql;
	SchemaOther *merged;

	if (planner_is_gone(p, from))
		return;
	planner_take(p,
				 planner_run_last(object_step(p, PHASE_DETACH, "drop", &schema_other_kind, from,
											  ddl_drop(&schema_other_kind, from), reason)),
				 &schema_other_kind, from, NULL);
	dependents_recreate_object(p, &schema_other_kind, from, NULL, "what it uses is made again");
	if (to == NULL)
		return;
	sql = create_command(p, &schema_other_kind, to, &phase);
	merged = palloc(sizeof(SchemaOther));
	*merged = *to;
	plan_rank_copy(p, merged, to);
	plan_keep_description(p, &merged->object, &from->object);
	create_in_steps(p, phase, &schema_other_kind, merged, sql, reason);
	plan_describe_new(p, &schema_other_kind, NULL, NULL, merged);
}

/* Kinds without a command of their own for a change are dropped and made again. */
static void
recreate_object(Planner *p, const Difference *d)
{
	const char *reason = "its definition differs";

	if (planner_was_handled(p, d->expected) || planner_is_gone(p, d->actual))
		return;
	if (d->object_kind == &schema_other_kind &&
		((const SchemaOther *) d->expected)->definition != NULL)
		plan_recreate_other(p, d->actual, d->expected, reason);
	else if (d->object_kind == &schema_statistics_kind)
	{
		planner_take(p,
					 object_step(p, PHASE_DETACH, "drop", d->object_kind, d->actual,
								 ddl_drop(d->object_kind, d->actual), reason),
					 d->object_kind, d->actual, NULL);
		plan_create_statistics(p, d->expected, d->actual, reason);
	}
	else
		planner_remain(
			p, d,
			psprintf("no command changes %s of a %s", d->member->name, difference_object_type(d)));
}

static void
change_object(Planner *p, const Difference *d)
{
	if (d->object_kind == &schema_view_kind)
		change_view(p, d);
	else if (d->object_kind == &schema_function_kind)
		change_function(p, d);
	else if (d->object_kind == &schema_type_kind)
		change_type(p, d);
	else if (d->object_kind == &schema_sequence_kind)
		change_sequence(p, d);
	else if (d->object_kind == &schema_publication_kind)
		plan_change_publication(p, d);
	else
		recreate_object(p, d);
}

void
plan_object(Planner *p, const Difference *d)
{
	if (d->parent_kind == &schema_type_kind)
		plan_type_child(p, d);
	else if (d->kind == DIFFERENCE_MISSING)
		create_object(p, d);
	else if (d->kind == DIFFERENCE_EXTRA)
		drop_object(p, d);
	else
		change_object(p, d);
}
