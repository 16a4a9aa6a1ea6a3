/*
 * plan_enums.c
 *	  Steps that put a new enum in the place of an old one.
 *
 * ALTER TYPE adds labels, but takes none away and moves none, and what it adds
 * cannot be used before the transaction has been committed.  Where that is asked
 * for, the type is made anew under its name, and all columns of the old one are
 * converted by way of their text; a row that holds a label that is gone makes the
 * plan fail.  Which labels are used at once is known when all steps are planned: they
 * are then planned again.  Other types that are to be what no command makes of them are
 * made anew in the same way; a range goes before, since two cannot have functions of one
 * name.
 *
 * It assumes that values have a text that the new type reads, which is so of a label
 * that stays.  It never makes a type anew under which another type or a partition key
 * stands, and never one whose functions are in C: such a difference remains, with its
 * reason.  Without allow_drop no label goes.
 */
#include "postgres.h"

#include "base/compat.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/plan/plan_dependents.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#define REASON "its enum is made anew"

static int
label_position(List *labels, const char *label)
{
	for (int i = 0; i < list_length(labels); i++)
		if (strcmp(list_nth(labels, i), label) == 0)
			return i;
	return -1;
}

/*
 * Whether the labels there are stay, in their order.  A label that was renamed is one
 * that goes and one that comes: renames have to be told.
 */
static bool
labels_only_grow(List *to, List *from)
{
	int			last = -1;
	ListCell   *lc;

	foreach(lc, from)
	{
		int			position = label_position(to, lfirst(lc));

		if (position <= last)
			return false;
		last = position;
	}
	return true;
}

static bool
is_enum_change(const Difference *d)
{
	return d->kind == DIFFERENCE_CHANGED && difference_is(d, SchemaType, labels) &&
		   strcmp(((const SchemaType *) d->expected)->kind,
				  ((const SchemaType *) d->actual)->kind) == 0;
}

/* ---------- whether it must and can be ---------- */

/*
 * Attributes in another order: ALTER TYPE adds them at the end.  Values cannot be
 * converted by their text, which has no names.
 */
static bool
is_reordered(const Difference *d)
{
	return difference_is(d, SchemaType, attributes);
}

/* Whether a type is of another kind than expected, or a domain over another type. */
static bool
is_other_type(const Difference *d)
{
	const SchemaType *to = d->expected;

	return difference_is(d, SchemaType, kind) || is_reordered(d) ||
		   (strcmp(to->kind, "domain") == 0 &&
			(difference_is(d, SchemaType, base_type) || difference_is(d, SchemaType, collation)));
}

/*
 * The type that a difference makes narrower, as a difference of its own; or NULL. Each
 * difference of such a domain asks for the same, so a difference of the type as a whole
 * stands for it.
 */
static const Difference *
find_narrower(const Difference *d)
{
	Difference *result;

	if (d->parent_kind == &schema_type_kind && d->object_kind == &schema_constraint_kind &&
		d->kind != DIFFERENCE_EXTRA && plan_is_domain_held(d->parent_actual))
	{
		result = palloc0(sizeof(Difference));
		result->kind = DIFFERENCE_CHANGED;
		result->object_kind = &schema_type_kind;
		result->expected = d->parent;
		result->actual = d->parent_actual;
		return result;
	}
	if (d->kind == DIFFERENCE_CHANGED && difference_is(d, SchemaType, not_null) &&
		((const SchemaType *) d->expected)->not_null && plan_is_domain_held(d->actual))
		return d;
	return NULL;
}

/* used_enums is empty when a plan is made for the first time. */
static bool
must_recreate(const Planner *p, const Difference *d)
{
	const SchemaType *to = d->expected;
	const SchemaType *from = d->actual;

	if (is_other_type(d))
		return true;
	return !labels_only_grow(to->labels, from->labels) ||
		   schema_lists(p->used_enums, schema_identity(from));
}

static const char *
find_dependent(List *objects, const SchemaType *type)
{
	ListCell   *lc;

	foreach(lc, objects)
		if (planner_depends_on(lfirst(lc), type))
			return schema_identity(lfirst(lc));
	return NULL;
}

/* A table that has values of the type, or NULL. */
static const char *
find_stored(const Planner *p, const SchemaType *type)
{
	ListCell   *lc;

	foreach(lc, p->actual->tables)
	{
		const SchemaTable *table = lfirst(lc);

		if (planner_depends_on(&table->object, type))
			return schema_identity(table);
	}
	return NULL;
}

/* Attributes that stay though they are not expected stand after those that are. */
static bool
keeps_attributes(const SchemaType *to, const SchemaType *from)
{
	ListCell   *lc;

	foreach(lc, from->attributes)
		if (schema_find_child(to->attributes, ((const SchemaObject *) lfirst(lc))->name) == NULL)
			return false;
	return true;
}

/* A partition key keeps its type. */
static const char *
find_partitioned(const Planner *p, const SchemaType *type)
{
	ListCell   *lc;

	foreach(lc, p->actual->tables)
	{
		const SchemaTable *table = lfirst(lc);
		ListCell   *lcc;

		foreach(lcc, table->columns)
		{
			const SchemaColumn *column = lfirst(lcc);

			if (strcmp(column->type, schema_identity(type)) == 0 &&
				expression_mentions(table->partition_key, column->object.name))
				return schema_identity(table);
		}
	}
	return NULL;
}

/*
 * Why a type cannot be made anew, or NULL. A reason for people, which stands in
 * "remaining".
 */
static const char *
find_obstacle(const Planner *p, const Difference *d)
{
	const SchemaType *to = d->expected;
	const SchemaType *from = d->actual;
	const char *dependent;
	ListCell   *lc;

	if (strcmp(from->kind, "range") == 0 || strcmp(to->kind, "range") == 0 ||
		strcmp(from->kind, "base") == 0 || strcmp(to->kind, "base") == 0)
		return psprintf("a %s type is not made anew", from->kind);
	foreach(lc, is_other_type(d) ? NIL : from->labels)
		if (label_position(to->labels, lfirst(lc)) < 0 && !p->options->allow_drop)
			return psprintf("its label %s goes only with allow_drop",
							quote_literal_cstr(lfirst(lc)));
	if ((dependent = find_dependent(p->actual->types, from)) == NULL &&
		(dependent = find_dependent(p->actual->others, from)) == NULL)
		dependent = is_reordered(d) ? find_stored(p, from) : find_partitioned(p, from);
	if (is_reordered(d) && !p->options->allow_drop && !keeps_attributes(to, from))
		return "attributes that are not expected go only with allow_drop";
	if (dependent != NULL)
		return psprintf("the %s would have to be made anew, and %s stands on it", from->kind,
						dependent);
	return NULL;
}

/*
 * Before all steps: what is planned for columns, defaults and views depends on which
 * types are made anew.
 */
void
plan_find_recreated(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);
		const Difference *narrower = find_narrower(d);

		if (narrower != NULL && !list_member_ptr(p->recreated, narrower->actual) &&
			find_obstacle(p, narrower) == NULL)
			p->recreated = lappend(p->recreated, unconstify(void *, narrower->actual));

		if (d->kind == DIFFERENCE_CHANGED && (is_enum_change(d) || is_other_type(d)) &&
			must_recreate(p, d) && !list_member_ptr(p->recreated, d->actual) &&
			find_obstacle(p, d) == NULL)
			p->recreated = lappend(p->recreated, unconstify(void *, d->actual));
	}
}

/* ---------- steps ---------- */

/* Added where it stands: AFTER the one before it, or BEFORE the first there is. */
static void
add_labels(Planner *p, const SchemaType *to, const SchemaType *from)
{
	const char *before = NULL;
	ListCell   *lc;

	foreach(lc, to->labels)
	{
		char	   *place = before != NULL ? psprintf(" AFTER %s", quote_literal_cstr(before))
					  : from->labels != NIL
						  ? psprintf(" BEFORE %s", quote_literal_cstr(linitial(from->labels)))
						  : "";

		if (label_position(from->labels, lfirst(lc)) < 0)
			planner_step(p, PHASE_BUILD, "alter_type", schema_identity(to), to,
						 psprintf("ALTER TYPE %s ADD VALUE %s%s", schema_identity(to),
								  quote_literal_cstr(lfirst(lc)), place),
						 psprintf("its label %s is missing", quote_literal_cstr(lfirst(lc))));
		before = lfirst(lc);
	}
}

/*
 * The old type is moved aside and dropped last, because columns are still of it until
 * they are converted; owner and privileges go over to the new one.
 */
static void
recreate_type(Planner *p, const SchemaType *to, const SchemaType *from)
{
	const char *reason = strcmp(to->kind, from->kind) != 0 || strcmp(to->kind, "enum") != 0
							 ? "no command makes of it what is expected"
							 : "its labels differ in more than what ALTER TYPE adds";
	const char *keyword = ddl_keyword(&schema_type_kind, from);
	SchemaType *merged = palloc(sizeof(SchemaType));
	char	   *old = makeObjectName(from->object.name, NULL, "old");
	char	   *identity = schema_identity(to);

	planner_step(p, PHASE_BUILD, "rename_type", identity, to,
				 psprintf("ALTER %s %s RENAME TO %s", keyword, identity, quote_identifier(old)),
				 reason);
	planner_make(
		planner_step(p, PHASE_BUILD, "create_type", identity, to, ddl_create_type(to), reason),
		&schema_type_kind, to, NULL);
	planner_run_last(planner_step(
		p, PHASE_DROP, "drop_type", identity, NULL,
		psprintf("DROP %s %s", keyword, quote_qualified_identifier(from->object.schema, old)),
		reason));
	*merged = *to;
	plan_rank_copy(p, merged, to);
	plan_keep_description(p, &merged->object, &from->object);
	plan_describe_new(p, &schema_type_kind, NULL, NULL, merged);
	plan_describe_type_parts(p, merged);
}

/* ---------- ranges ---------- */

static bool
equal_strings(const List *a, const List *b)
{
	if (list_length(a) != list_length(b))
		return false;
	for (int i = 0; i < list_length(a); i++)
		if (strcmp(list_nth(a, i), list_nth(b, i)) != 0)
			return false;
	return true;
}

/* The parts of a qualified name. */
static List *
split(const char *name)
{
	List	   *parts = NIL;

	if (name == NULL || !SplitIdentifierString(pstrdup(name), '.', &parts))
		return NIL;
	return parts;
}

/* Functions that make its values would be in the way of a new one beside it: it goes first. */
static const char *
find_range_obstacle(const Planner *p, const SchemaType *range)
{
	const char *dependent = find_dependent(p->actual->types, range);

	if (dependent == NULL)
		dependent = find_dependent(p->actual->others, range);
	if (dependent == NULL)
		dependent = find_partitioned(p, range);
	return dependent == NULL
			   ? NULL
			   : psprintf("the range would have to be made anew, and %s stands on it", dependent);
}

static void
remake_range(Planner *p, const SchemaType *to, const SchemaType *from)
{
	const char *reason = "no command makes of it what is expected";
	char	   *identity = schema_identity(to);
	SchemaType *merged = palloc(sizeof(SchemaType));

	planner_take(p,
				 planner_run_last(planner_step(p, PHASE_DETACH, "drop_type", identity, from,
											   psprintf("DROP TYPE %s", identity), reason)),
				 &schema_type_kind, from, NULL);
	dependents_recreate_object(p, &schema_type_kind, from, NULL, "its range is made anew");
	*merged = *to;
	plan_rank_copy(p, merged, to);
	plan_keep_description(p, &merged->object, &from->object);
	planner_make(
		planner_step(p, PHASE_BUILD, "create_type", identity, merged, ddl_create_type(to), reason),
		&schema_type_kind, to, NULL);
	plan_describe_new(p, &schema_type_kind, NULL, NULL, merged);
}

/* The multirange by itself has a name and nothing else. */
static bool
is_renamed_multirange(const Difference *d, List *to, List *from)
{
	const SchemaType *x = d->expected;
	const SchemaType *y = d->actual;

	return difference_is(d, SchemaType, multirange) && list_length(to) == 2 &&
		   list_length(from) == 2 && strcmp(linitial(to), linitial(from)) == 0 &&
		   expression_equal(x->base_type, y->base_type) &&
		   expression_equal(x->collation, y->collation) && equal_strings(x->settings, y->settings);
}

void
plan_change_range(Planner *p, const Difference *d)
{
	const SchemaType *to = d->expected;
	const SchemaType *from = d->actual;
	List	   *name = split(to->multirange);
	List	   *old = split(from->multirange);
	const char *obstacle;

	if (planner_is_gone(p, from))
		return;
	if (is_renamed_multirange(d, name, old))
		planner_step(p, PHASE_BUILD, "rename_type", from->multirange, to,
					 psprintf("ALTER TYPE %s RENAME TO %s", from->multirange,
							  quote_identifier(lsecond(name))),
					 "its multirange has another name");
	else if ((obstacle = find_range_obstacle(p, from)) != NULL)
		planner_remain(p, d, obstacle);
	else
		remake_range(p, to, from);
}

/* Whichever difference asks for it first. */
void
plan_recreate_type(Planner *p, const SchemaType *to, const SchemaType *from)
{
	if (planner_is_gone(p, &to->labels))
		return;
	planner_set_gone(p, &to->labels, NULL);
	recreate_type(p, to, from);
}

bool
plan_change_kind(Planner *p, const Difference *d)
{
	const SchemaType *to = d->expected;
	const SchemaType *from = d->actual;

	if (list_member_ptr(p->recreated, from) && !is_enum_change(d))
	{
		plan_recreate_type(p, to, from);
		return true;
	}
	if (is_other_type(d))
		planner_remain(p, d, find_obstacle(p, d));
	else if (strcmp(to->kind, from->kind) != 0)
		planner_remain(p, d, "the type stays of the kind it is");
	else
		return false;
	return true;
}

void
plan_change_enum(Planner *p, const Difference *d)
{
	if (!must_recreate(p, d))
		add_labels(p, d->expected, d->actual);
	else if (list_member_ptr(p->recreated, d->actual))
		recreate_type(p, d->expected, d->actual);
	else
		planner_remain(p, d, find_obstacle(p, d));
}

/* The default would be of the old type: it goes first and comes last. */
static void
convert_column(Planner *p, const SchemaTable *actual, const SchemaTable *expected,
			   const SchemaColumn *from, const SchemaColumn *to)
{
	const char *name = quote_identifier(from->object.name);
	char	   *object = planner_child(actual, from);
	bool		is_array = strstr(from->type, "[]") != NULL;
	PlanStep   *step;

	if (from->default_value != NULL)
		planner_alter_table(p, PHASE_DETACH, "alter_column", object, actual,
							psprintf("ALTER COLUMN %s DROP DEFAULT", name), REASON);
	if (!from->inherited ||
		!planner_column_follows(p, expected, actual, from->object.name, DIFFERENCE_CHANGED))
	{
		step = planner_alter_table(
			p, PHASE_BUILD, "alter_column", object, expected,
			psprintf("ALTER COLUMN %s TYPE %s%s", name, to->type,
					 planner_using(
						 actual, psprintf("%s::text%s::%s", name, is_array ? "[]" : "", to->type))),
			REASON);
		planner_retype(step, actual);
		planner_hazard(step, HAZARD_TABLE_REWRITE);
	}
	if (to->default_value != NULL)
		planner_run_late(planner_alter_table(
			p, PHASE_BUILD, "alter_column", object, expected,
			psprintf("ALTER COLUMN %s SET DEFAULT %s", name, to->default_value), REASON));
}

/*
 * A table that is not expected goes with its columns of the old type where it may be
 * dropped.
 */
static void
convert_table(Planner *p, const SchemaTable *actual)
{
	const SchemaTable *expected =
		schema_find_table(p->expected, actual->object.schema, actual->object.name);
	ListCell   *lc;

	if (expected == NULL && p->options->allow_drop)
		return;
	if (expected == NULL)
	{
		/* It stays, and is altered when the new type is there. */
		SchemaTable *copy = palloc(sizeof(SchemaTable));

		*copy = *actual;
		plan_rank_copy(p, copy, actual);
		expected = copy;
	}
	foreach(lc, actual->columns)
	{
		const SchemaColumn *from = lfirst(lc);
		const SchemaColumn *to = schema_find_child(expected->columns, from->object.name);

		if (!planner_is_recreated(p, from->type) || (to == NULL && p->options->allow_drop))
			continue;
		if (to == NULL)
			to = from;
		if (strcmp(from->type, to->type) != 0)
			continue;			/* a change of its type, which makes of by itself */
		if (from->generated != NULL)
			dependents_recreate_generated(p, actual, expected, from, to, REASON);
		else
		{
			dependents_recreate(p, actual, expected, from, REASON);
			convert_column(p, actual, expected, from, to);
			plan_keep_storage(p, expected, to, REASON);
		}
	}
}

void
plan_recreate_enums(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->recreated)
		dependents_recreate_of_type(p, lfirst(lc), REASON);
	if (p->recreated == NIL)
		return;
	foreach(lc, p->actual->tables)
	{
		CHECK_FOR_INTERRUPTS();
		convert_table(p, lfirst(lc));
	}
}

/* ---------- labels that are used at once ---------- */

static bool
is_used(const SchemaPlan *plan, const SchemaType *type, const char *label)
{
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		const PlanStep *step = lfirst(lc);

		if (expression_has_constant(step->sql, label, schema_identity(type)))
			return true;
	}
	return false;
}

/*
 * Looked for in the texts of steps, where the server prints a constant with its type: a
 * default, a check, a predicate.
 */
List *
plan_used_enums(const SchemaPlan *plan)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, plan->differences)
	{
		const Difference *d = lfirst(lc);
		const SchemaType *to = d->expected;
		const SchemaType *from = d->actual;
		ListCell   *lcl;

		if (!is_enum_change(d) || !labels_only_grow(to->labels, from->labels))
			continue;
		foreach(lcl, to->labels)
			if (label_position(from->labels, lfirst(lcl)) < 0 && is_used(plan, to, lfirst(lcl)))
				result = lappend(result, schema_identity(to));
	}
	return result;
}
