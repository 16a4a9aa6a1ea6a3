/*
 * plan_renames.c
 *	  Renames: told by the caller or by the text, and those that are suspected.
 *
 * A rename that was told becomes a step before all others, and the comparison
 * starts from the schema that this step leaves.  One whose new name is there
 * already has been done: a text keeps its "renamed from" comments.
 *
 * Constraints and indexes need not be told: one that differs from a missing one in
 * nothing but its name takes that name.
 *
 * It assumes that names are those of the live schema, or of what other renames of the
 * same plan leave.  It never guesses: a column that may have been renamed is told in a
 * note and planned as missing and extra, because a rename keeps values under a name and
 * a wrong one would keep the wrong values.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/ddl/ddl.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"

/* What a rename is about, found in the live schema. */
typedef struct RenameTarget
{
	SchemaTable *table;			/* or view, or type */
	SchemaView *view;
	SchemaType *type;
	char	   *part;			/* column, label or attribute; NULL: the whole */
} RenameTarget;

/* Relations and types share their names. */
static bool
find_whole(const Schema *schema, const char *nspname, const char *name, RenameTarget *target)
{
	target->table = schema_find_table(schema, nspname, name);
	target->view = target->table == NULL ? schema_find_view(schema, nspname, name) : NULL;
	target->type = target->table == NULL && target->view == NULL
					   ? schema_find(schema->types, nspname, name, NULL)
					   : NULL;
	return target->table != NULL || target->view != NULL || target->type != NULL;
}

/* The relation or type of that name in the first of the schemas that has one. */
static bool
search_whole(const Schema *schema, const char *name, RenameTarget *target)
{
	ListCell   *lc;

	foreach(lc, schema->schemas)
		if (find_whole(schema, lfirst(lc), name, target))
			return true;
	return false;
}

static const void *
target_whole(const RenameTarget *target)
{
	return target->table != NULL  ? (const void *) target->table
		   : target->view != NULL ? (const void *) target->view
								  : (const void *) target->type;
}

static bool
has_part(const RenameTarget *target, const char *name)
{
	if (target->type != NULL)
		return schema_lists(target->type->labels, name) ||
			   schema_find_child(target->type->attributes, name) != NULL;
	return schema_find_child(target->table != NULL ? target->table->columns : target->view->columns,
							 name) != NULL;
}

/*
 * Whether names, the last of them replaced by `last` where that is given, name
 * something.
 *
 * Two names are ambiguous: a table in the schemas planned and its column, or a schema
 * and its table.  The first reading that names something counts.
 */
static bool
find_target(const Schema *schema, List *names, const char *last, RenameTarget *target)
{
	int			count = list_length(names);
	const char *a = linitial(names);
	const char *b = count > 1 ? lsecond(names) : NULL;
	const char *c = count > 2 ? lthird(names) : NULL;

	target->part = NULL;
	if (count == 1)
		return search_whole(schema, last != NULL ? last : a, target);
	if (count == 3)
	{
		target->part = pstrdup(last != NULL ? last : c);
		return find_whole(schema, a, b, target) && has_part(target, target->part);
	}
	/* table.column comes first, then schema.table */
	if (search_whole(schema, a, target) && has_part(target, last != NULL ? last : b))
	{
		target->part = pstrdup(last != NULL ? last : b);
		return true;
	}
	return find_whole(schema, a, last != NULL ? last : b, target);
}

static char *
join_names(List *names)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, names)
		appendStringInfo(&out, "%s%s", out.len > 0 ? "." : "", (char *) lfirst(lc));
	return out.data;
}

/* A relation or type that another step renames first. */
typedef struct RenamedRelation
{
	const SchemaObject *relation;
	const char *to;
} RenamedRelation;

static const char *
renamed_to(List *renamed, const SchemaObject *relation)
{
	ListCell   *lc;

	foreach(lc, renamed)
	{
		const RenamedRelation *r = lfirst(lc);

		if (r->relation == relation)
			return r->to;
	}
	return relation->name;
}

static const SchemaKind *
target_kind(const RenameTarget *target)
{
	return target->table != NULL  ? &schema_table_kind
		   : target->view != NULL ? &schema_view_kind
								  : &schema_type_kind;
}

/*
 * RENAME with what it is of; values and attributes stay what they are under another
 * name.  CASCADE carries a renamed attribute on to tables that are of the type.
 */
static char *
rename_clause(const RenameTarget *target, const char *to)
{
	if (target->part == NULL)
		return psprintf("RENAME TO %s", quote_identifier(to));
	if (target->type == NULL)
		return psprintf("RENAME COLUMN %s TO %s", quote_identifier(target->part),
						quote_identifier(to));
	if (target->type->labels != NIL)
		return psprintf("RENAME VALUE %s TO %s", quote_literal_cstr(target->part),
						quote_literal_cstr(to));
	return psprintf("RENAME ATTRIBUTE %s TO %s CASCADE", quote_identifier(target->part),
					quote_identifier(to));
}

static const char *
rename_action(const RenameTarget *target)
{
	if (target->type == NULL)
		return target->part != NULL ? "rename_column" : "rename_table";
	if (target->part == NULL)
		return "rename_type";
	return target->type->labels != NIL ? "rename_value" : "rename_attribute";
}

static PlanStep *
rename_step(const RenameTarget *target, const char *to, List *renamed)
{
	PlanStep   *step = palloc0(sizeof(PlanStep));
	const SchemaObject *whole = target_whole(target);
	char	   *identity = quote_qualified_identifier(whole->schema, renamed_to(renamed, whole));

	step->place.phase = PHASE_RENAME;
	step->place.band = BAND_NORMAL;
	step->rows = step->bytes = -1;
	step->action = rename_action(target);
	step->object = target->part != NULL
					   ? psprintf("%s.%s", identity, quote_identifier(target->part))
					   : identity;
	step->sql = psprintf("ALTER %s %s %s", ddl_keyword(target_kind(target), whole), identity,
						 rename_clause(target, to));
	step->reason = psprintf("it was renamed to %s", quote_identifier(to));
	if (target->type == NULL)
		planner_hazard(step, HAZARD_ACCESS_EXCLUSIVE_LOCK);
	return step;
}

/* The names of a column with its table's old name in place of the new one; NIL where it has none. */
static List *
with_old_name(List *parts, List *renamed)
{
	int			place = list_length(parts) - 2;
	ListCell   *lc;

	if (place < 0)
		return NIL;
	foreach(lc, renamed)
	{
		const RenamedRelation *r = lfirst(lc);
		List	   *result;

		if (strcmp(list_nth(parts, place), r->to) != 0 ||
			(place == 1 && strcmp(linitial(parts), r->relation->schema) != 0))
			continue;
		result = list_copy(parts);
		lfirst(list_nth_cell(result, place)) = r->relation->name;
		return result;
	}
	return NIL;
}

/* The names with the table's new name, where another rename, done long ago, gave it one. */
static List *
with_new_name(List *parts, List *renames)
{
	int			place = list_length(parts) - 2;
	ListCell   *lc;

	foreach(lc, renames)
	{
		const PlanRename *rename = lfirst(lc);
		List	   *result;

		if (place < 0 || list_length(rename->parts) != place + 1 ||
			strcmp(llast(rename->parts), list_nth(parts, place)) != 0 ||
			(place == 1 && strcmp(linitial(rename->parts), linitial(parts)) != 0))
			continue;
		result = list_copy(parts);
		lfirst(list_nth_cell(result, place)) = rename->to;
		return result;
	}
	return parts;
}

/* Finds what a rename is about, its table under its new name or the old one. */
static bool
find_renamed(const Schema *actual, List *parts, const char *last, List *renamed,
			 RenameTarget *target)
{
	List	   *old;

	if (find_target(actual, parts, last, target))
		return true;
	old = with_old_name(parts, renamed);
	return old != NIL && find_target(actual, old, last, target) && target->part != NULL;
}

/* Relations and types come first: their columns then go by their new names. */
static List *
rename_relations(const Schema *actual, List *renames, List **renamed)
{
	List	   *steps = NIL;
	ListCell   *lc;

	foreach(lc, renames)
	{
		PlanRename *rename = lfirst(lc);
		RenameTarget target;
		RenamedRelation *r;

		if (!find_target(actual, rename->parts, NULL, &target) || target.part != NULL)
			continue;
		steps = lappend(steps, rename_step(&target, rename->to, NIL));
		r = palloc(sizeof(RenamedRelation));
		r->relation = target_whole(&target);
		r->to = rename->to;
		*renamed = lappend(*renamed, r);
	}
	return steps;
}

/*
 * What was renamed before is no error, so that a document with its hints can be planned
 * with again and again; a hint that names nothing is not either, for the text does not
 * know how old a database is.  A rename of the caller's that names nothing is a slip.
 */
List *
plan_rename_steps(const Schema *actual, List *renames)
{
	List	   *renamed = NIL;
	List	   *steps = rename_relations(actual, renames, &renamed);
	ListCell   *lc;

	foreach(lc, renames)
	{
		PlanRename *rename = lfirst(lc);
		RenameTarget target;
		RenameTarget done;

		if (find_renamed(actual, rename->parts, NULL, renamed, &target))
		{
			if (target.part != NULL)
				steps = lappend(steps, rename_step(&target, rename->to, renamed));
		}
		else if (!rename->is_hint &&
				 !find_renamed(actual, rename->parts, rename->to, renamed, &done) &&
				 !find_target(actual, with_new_name(rename->parts, renames), rename->to, &done))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("invalid renames: there is neither \"%s\" nor its new name",
								   join_names(rename->parts)),
							errhint("Name the table, column, type or label as it is called now.")));
	}
	return steps;
}

/* An extra column of the same type as a missing one: perhaps it was renamed. */
static const SchemaColumn *
find_lookalike(const Difference *missing, List *differences)
{
	const SchemaColumn *column = missing->expected;
	ListCell   *lc;

	foreach(lc, differences)
	{
		const Difference *d = lfirst(lc);

		if (d->kind == DIFFERENCE_EXTRA && d->object_kind == &schema_column_kind &&
			d->parent == missing->parent && column->type != NULL &&
			strcmp(((const SchemaColumn *) d->actual)->type, column->type) == 0)
			return d->actual;
	}
	return NULL;
}

void
plan_suspect_renames(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);
		const SchemaColumn *lookalike;

		if (d->kind != DIFFERENCE_MISSING || d->object_kind != &schema_column_kind || p->is_flat ||
			(lookalike = find_lookalike(d, p->plan->differences)) == NULL)
			continue;
		p->plan->notes = lappend(
			p->plan->notes,
			psprintf("column %s is missing and column %s, of the same type, is not "
					 "expected: if it was renamed, plan with renames",
					 planner_child(d->parent, d->expected), planner_child(d->parent, lookalike)));
	}
}

/* ---------- constraints and indexes ---------- */

/*
 * The live child that is the missing one under another name, or NULL. A part of a
 * partitioned index, or a copy of a constraint, goes by its whole.
 */
static const SchemaObject *
find_namesake(const Planner *p, const SchemaKind *kind, const SchemaObject *missing, List *expected,
			  List *actual)
{
	ListCell   *lc;

	foreach(lc, actual)
	{
		const SchemaObject *child = lfirst(lc);

		if (schema_find_child(expected, child->name) == NULL && !planner_is_gone(p, child) &&
			!planner_is_part(kind, child) && diff_same_but_name(kind, missing, child))
			return child;
	}
	return NULL;
}

/* Both are gone as differences: neither is made, nor dropped. */
static void
rename_child(Planner *p, const Difference *d, const SchemaObject *child)
{
	const SchemaObject *object = d->expected;
	bool		is_index = d->object_kind == &schema_index_kind;
	const char *from = quote_identifier(child->name);
	const char *to = quote_identifier(object->name);
	char	   *table = schema_identity(d->parent);
	PlanStep   *step;

	planner_set_gone(p, child, NULL);
	planner_set_gone(p, object, NULL);
	step = planner_step(
		p, PHASE_BUILD, psprintf("rename_%s", d->object_kind->name),
		planner_child(d->parent, child), d->parent,
		is_index ? psprintf("ALTER INDEX %s RENAME TO %s",
							quote_qualified_identifier(((const SchemaObject *) d->parent)->schema,
													   child->name),
							to)
				 : psprintf("ALTER TABLE %s RENAME CONSTRAINT %s TO %s", table, from, to),
		"it differs in its name alone");
	step->relation = d->parent;
	planner_hazard(step,
				   is_index ? HAZARD_SHARE_UPDATE_EXCLUSIVE_LOCK : HAZARD_ACCESS_EXCLUSIVE_LOCK);
	plan_comment_renamed(p, d, child);
}

void
plan_rename_children(Planner *p)
{
	ListCell   *lc;

	foreach(lc, p->plan->differences)
	{
		const Difference *d = lfirst(lc);
		const SchemaTable *to = d->parent;
		const SchemaTable *from = d->parent_actual;
		bool		is_index = d->object_kind == &schema_index_kind;
		const SchemaObject *child;

		if (d->kind != DIFFERENCE_MISSING || d->parent_kind != &schema_table_kind ||
			(!is_index && d->object_kind != &schema_constraint_kind) || planner_is_rebuilt(p, to) ||
			planner_is_part(d->object_kind, d->expected))
			continue;
		child =
			find_namesake(p, d->object_kind, d->expected, is_index ? to->indexes : to->constraints,
						  is_index ? from->indexes : from->constraints);
		if (child != NULL)
			rename_child(p, d, child);
	}
}
