/*
 * plan_describe.c
 *	  Steps for what describes an object: its owner, privileges and comment.
 *
 * None of these touches rows, so they come last, in a phase of their own.  But the owner of
 * a new object is set as soon as it is made: what is made on it later may need that.
 *
 * Privileges are compared as sets of grants and changed by the difference alone: a grantee
 * who is in both is never without his rights in between.  Grants that somebody else than
 * the owner has given cannot be made by a plan; they are noted, and left.  An object that is
 * made anew gets what the schema's default privileges have given it taken away again, as
 * far as it is not expected.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/plan/planner.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

static char *
describe_object(const SchemaKind *parent_kind, const void *parent, const void *object)
{
	return parent_kind != NULL ? planner_child(parent, object) : schema_identity(object);
}

/* What COMMENT ON takes after the keyword: a child is named with its parent. */
static char *
comment_target(const SchemaKind *kind, const SchemaKind *parent_kind, const void *parent,
			   const void *object)
{
	const char *name = ((const SchemaObject *) object)->name;

	if (parent_kind == NULL)
		return ddl_target(kind, object);
	if (kind == &schema_column_kind)
		return planner_child(parent, object);
	if (kind == &schema_index_kind)
		return quote_qualified_identifier(((const SchemaObject *) parent)->schema, name);
	return psprintf("%s ON %s%s", quote_identifier(name),
					parent_kind == &schema_type_kind ? "DOMAIN " : "", schema_identity(parent));
}

/* No comment at all is not what public has in a new database. */
static const char *
comment_of(const SchemaKind *kind, const SchemaObject *object)
{
	if (object->comment == NULL && kind == &schema_namespace_kind &&
		strcmp(object->name, "public") == 0)
		return SCHEMA_PUBLIC_COMMENT;
	return object->comment;
}

static void
set_comment(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind, const void *parent,
			const void *object, const char *reason)
{
	planner_step(p, PHASE_DESCRIBE, "comment", describe_object(parent_kind, parent, object),
				 parent != NULL ? parent : object,
				 ddl_comment(ddl_keyword(kind, object),
							 comment_target(kind, parent_kind, parent, object),
							 comment_of(kind, object)),
				 reason);
}

static void
set_owner(Planner *p, PlanPhase phase, const SchemaKind *kind, const void *object,
		  const char *reason)
{
	planner_step(p, phase, "alter_owner", schema_identity(object), object,
				 psprintf("ALTER %s %s OWNER TO %s", ddl_keyword(kind, object),
						  ddl_target(kind, object),
						  quote_identifier(((const SchemaObject *) object)->owner)),
				 reason);
}

/* object stands for what is granted on; a column's privileges are granted on its table. */
static void
set_privileges(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
			   const void *parent, const void *object, List *before, List *after, const char *owner,
			   const char *reason)
{
	bool		is_column = kind == &schema_column_kind;
	List *commands = ddl_privileges(is_column ? parent_kind : kind, is_column ? parent : object,
									is_column ? ((const SchemaObject *) object)->name : NULL, owner,
									before, after);
	ListCell   *lc;

	foreach(lc, commands)
	{
		PlanStep   *step = planner_step(p, PHASE_DESCRIBE,
										strncmp(lfirst(lc), "GRANT", 5) == 0 ? "grant" : "revoke",
										describe_object(parent_kind, parent, object),
										parent != NULL ? parent : object, lfirst(lc), reason);

		/* What is revoked of the table is revoked of all its columns. */
		if (is_column)
			planner_run_late(step);
	}
}

/* Of an object made anew, what its owner cannot give back. */
static void
note_others(Planner *p, const char *object, List *privileges)
{
	ListCell   *lc;

	foreach(lc, privileges)
		if (ddl_is_granted_on(lfirst(lc)))
			p->plan->notes =
				lappend(p->plan->notes,
						psprintf("%s is made anew, and somebody else than its owner granted %s: "
								 "only they can grant it again",
								 object, (char *) lfirst(lc)));
}

/* The owner once the plan is through: it stays unless owners are compared. */
static const char *
final_owner(const Planner *p, const void *expected, const void *actual)
{
	const SchemaObject *e = expected;
	const SchemaObject *a = actual;

	if (a != NULL && (p->options->ignore & DIFF_IGNORE_OWNERS))
		return a->owner;
	if (e->owner != NULL && !(p->options->ignore & DIFF_IGNORE_OWNERS))
		return e->owner;
	return a != NULL && a->owner != NULL ? a->owner : GetUserNameFromId(GetUserId(), false);
}

/* The owner of the table a sequence is to belong to, or NULL. */
static const char *
owner_above(const Planner *p, const SchemaSequence *sequence)
{
	const SchemaTable *table;
	List	   *parts;

	if (!SplitIdentifierString(pstrdup(sequence->owned_by), '.', &parts) || list_length(parts) != 3)
		return NULL;
	table = schema_find_table(p->expected, linitial(parts), lsecond(parts));
	return table != NULL
			   ? final_owner(p, table,
							 schema_find_table(p->actual, linitial(parts), lsecond(parts)))
			   : NULL;
}

static const SchemaSequence *
find_sequence(const Schema *schema, const SchemaSequence *sequence)
{
	return schema_find(schema->sequences, sequence->object.schema, sequence->object.name, NULL);
}

/* Whose it is has to be whose the table is: when both have got their owners. */
void
plan_own_sequence(Planner *p, const SchemaSequence *sequence, const char *reason)
{
	char	   *name = schema_identity(sequence);
	const SchemaSequence *live = find_sequence(p->actual, sequence);
	const char *owner = sequence->owned_by != NULL ? owner_above(p, sequence) : NULL;
	char	   *sql = psprintf("ALTER SEQUENCE %s OWNED BY %s", name,
							   sequence->owned_by != NULL ? sequence->owned_by : "NONE");

	if (sequence->owned_by == NULL)
	{
		/* The column that has it may go, and would take it along. */
		planner_run_first(
			planner_step(p, PHASE_DETACH, "alter_sequence", name, sequence, sql, reason));
		return;
	}
	/* It would go with the table that it leaves. */
	if (live != NULL && live->owned_by != NULL && strcmp(live->owned_by, sequence->owned_by) != 0)
		planner_step(p, PHASE_DETACH, "alter_sequence", name, sequence,
					 psprintf("ALTER SEQUENCE %s OWNED BY NONE", name), reason);
	if (owner != NULL && !p->options->shape_only &&
		strcmp(owner, final_owner(p, sequence, live)) != 0)
		planner_run_last(planner_step(
			p, PHASE_DESCRIBE, "alter_owner", name, sequence,
			psprintf("ALTER SEQUENCE %s OWNER TO %s", name, quote_identifier(owner)), reason));
	planner_run_last(
		planner_step(p, PHASE_DESCRIBE, "alter_sequence", name, sequence, sql, reason));
}

/* One that a column has all along changes its owner with the table. */
static bool
goes_with_table(const Planner *p, const Difference *d)
{
	const SchemaSequence *from = d->actual;
	const SchemaSequence *to = d->expected;
	const char *owner;

	if (d->object_kind != &schema_sequence_kind || from->owned_by == NULL || to->owned_by == NULL)
		return false;
	owner = owner_above(p, to);
	return owner != NULL && strcmp(owner, to->object.owner) == 0;
}

static bool
names_grantee(List *entries, const char *entry)
{
	int			length = strcspn(entry, "=") + 1;
	ListCell   *lc;

	foreach(lc, entries)
		if (strncmp(lfirst(lc), entry, length) == 0)
			return true;
	return false;
}

/*
 * Grants beyond the expected ones are extra, and extra things stay unless they may
 * be dropped.  An expectation that says nothing of privileges changes none.
 */
static List *
final_privileges(const Planner *p, const SchemaObject *expected, const SchemaObject *actual)
{
	List	   *result = list_copy(expected->privileges);
	ListCell   *lc;

	if (p->options->allow_drop)
		return result;
	if (result == NIL)
		return actual->privileges;
	foreach(lc, actual->privileges)
		if (!names_grantee(result, lfirst(lc)))
			result = lappend(result, lfirst(lc));
	return result;
}

void
plan_keep_description(const Planner *p, SchemaObject *merged, const SchemaObject *actual)
{
	int			ignore = p->options->ignore;

	merged->oid = actual->oid;
	if (merged->owner == NULL || (ignore & DIFF_IGNORE_OWNERS))
		merged->owner = actual->owner;
	merged->privileges = (ignore & DIFF_IGNORE_PRIVILEGES) ? actual->privileges
														   : final_privileges(p, merged, actual);
	if ((ignore & DIFF_IGNORE_COMMENTS) || (merged->comment == NULL && !p->options->allow_drop))
		merged->comment = actual->comment;
}

/* Whether two lists differ in what others than the owner granted. */
static bool
differ_in_others(List *a, List *b)
{
	ListCell   *lc;

	foreach(lc, a)
		if (ddl_is_granted_on(lfirst(lc)) && !schema_lists(b, lfirst(lc)))
			return true;
	return false;
}

void
plan_default_privileges(Planner *p, const Difference *d)
{
	const SchemaDefaultPrivileges *to = d->expected;
	const SchemaDefaultPrivileges *from = d->actual;
	List	   *commands;
	ListCell   *lc;

	if (to == NULL && !p->options->allow_drop)
		return;
	if (to == NULL && from->object.schema != NULL &&
		planner_is_gone(p, schema_find(p->actual->namespaces, NULL, from->object.schema, NULL)))
		return;
	commands =
		ddl_default_privileges(to != NULL ? to : from, from != NULL ? from->object.privileges : NIL,
							   to != NULL ? to->object.privileges : NIL);
	foreach(lc, commands)
		planner_step(p, PHASE_DESCRIBE, "alter_default_privileges", difference_object(d),
					 to != NULL ? to : from, lfirst(lc), "the default privileges differ");
}

/* Columns keep what a change of their table's privileges would take along. */
static void
grant_columns_again(Planner *p, const Difference *d, List *before, List *after, const char *owner)
{
	const SchemaTable *to = d->expected;
	const SchemaTable *from = d->actual;
	bool		is_view = d->object_kind == &schema_view_kind;
	ListCell   *lc;

	foreach(lc, is_view ? ((const SchemaView *) d->actual)->columns : from->columns)
	{
		const SchemaObject *column = lfirst(lc);
		const SchemaObject *expected = schema_find_child(
			is_view ? ((const SchemaView *) d->expected)->columns : to->columns, column->name);
		List	   *stays = NIL;
		List *final = expected != NULL ? final_privileges(p, expected, column) : column->privileges;
		ListCell   *lcg;

		/* In another way, too: whether it may be granted on. */
		foreach(lcg, final)
			if (names_grantee(column->privileges, lfirst(lcg)))
				stays = lappend(stays, lfirst(lcg));
		foreach(lcg, ddl_column_grants_again(d->object_kind, d->expected, owner, before, after,
											 column, stays))
			planner_run_late(planner_step(p, PHASE_DESCRIBE, "grant",
										  planner_child(d->expected, column), d->expected,
										  lfirst(lcg), "revoking it of the table takes it along"));
	}
}

void
plan_describe(Planner *p, const Difference *d)
{
	const char *reason = psprintf("its %s differs", d->member->name);
	const SchemaObject *expected = d->expected;
	const SchemaObject *actual = d->actual;

	if (d->object_kind == &schema_view_kind && planner_is_detached(p, d->expected))
		return;
	if (d->member->compare == COMPARE_OWNER && goes_with_table(p, d))
		return;
	if (d->member->compare == COMPARE_OWNER)
		set_owner(p, PHASE_DESCRIBE, d->object_kind, d->expected, reason);
	else if (d->member->compare == COMPARE_COMMENT)
	{
		if (expected->comment != NULL || p->options->allow_drop)
			set_comment(p, d->object_kind, d->parent_kind, d->parent, d->expected, reason);
	}
	else
	{
		List	   *after = final_privileges(p, expected, actual);
		const char *owner = d->parent != NULL ? final_owner(p, d->parent, d->parent_actual)
											  : final_owner(p, d->expected, d->actual);

		set_privileges(p, d->object_kind, d->parent_kind, d->parent, d->expected,
					   actual->privileges, after, owner, reason);
		if (d->object_kind == &schema_table_kind || d->object_kind == &schema_view_kind)
			grant_columns_again(p, d, actual->privileges, after, owner);
		if (differ_in_others(actual->privileges, after) ||
			differ_in_others(after, actual->privileges))
			planner_remain(p, d,
						   "what others than the owner granted only they can grant or revoke");
	}
}

/* What ALTER DEFAULT PRIVILEGES calls the kinds; NULL where there are none. */
static const char *
defaults_name(const SchemaKind *kind)
{
	if (kind == &schema_table_kind || kind == &schema_view_kind)
		return "tables";
	if (kind == &schema_sequence_kind)
		return "sequences";
	if (kind == &schema_function_kind)
		return "functions";
	if (kind == &schema_type_kind)
		return "types";
	return kind == &schema_namespace_kind ? "schemas" : NULL;
}

/* The privileges that an object the current user makes has from the start. */
static List *
initial_privileges(const Planner *p, const SchemaKind *kind, const SchemaObject *object)
{
	const char *name = defaults_name(kind);
	const char *user = GetUserNameFromId(GetUserId(), false);
	List	   *result = NIL;
	ListCell   *lc;

	if (name == NULL)
		return NIL;
	foreach(lc, p->actual->default_privileges)
	{
		const SchemaDefaultPrivileges *defaults = lfirst(lc);
		const char *schema = defaults->object.schema;

		if (strcmp(defaults->role, user) == 0 && strcmp(defaults->object_type, name) == 0 &&
			(schema == NULL || (object->schema != NULL && strcmp(schema, object->schema) == 0)))
			result = ddl_add_privileges(kind, object, result, defaults->object.privileges);
	}
	return result;
}

void
plan_describe_new(Planner *p, const SchemaKind *kind, const SchemaKind *parent_kind,
				  const void *parent, const void *object)
{
	const SchemaObject *o = object;
	const SchemaObject *above = parent;
	const char *reason = "it is set with what it describes";
	/* In the place of a live object it is to be as that one was, whatever is compared. */
	bool		replaces = OidIsValid(o->oid) || (above != NULL && OidIsValid(above->oid));
	int			ignore = replaces ? 0 : p->options->ignore;
	List	   *before = NIL;

	if (p->options->shape_only)
		return;
	/* A table that is rebuilt has had its owner since before the rows were copied. */
	if (o->owner != NULL && !(ignore & DIFF_IGNORE_OWNERS) && parent == NULL &&
		!(kind == &schema_table_kind && planner_is_rebuilt(p, object)))
		set_owner(p,
				  kind == &schema_statistics_kind || kind == &schema_publication_kind
					  ? PHASE_DESCRIBE
					  : PHASE_BUILD,
				  kind, object, reason);
	if (parent == NULL && !(ignore & DIFF_IGNORE_PRIVILEGES))
		before = initial_privileges(p, kind, o);
	if ((o->privileges != NIL || before != NIL) && !(ignore & DIFF_IGNORE_PRIVILEGES))
		set_privileges(p, kind, parent_kind, parent, object, before, o->privileges,
					   replaces ? (above != NULL ? above : o)->owner
								: final_owner(p, parent != NULL ? parent : object, NULL),
					   reason);
	if (!(ignore & DIFF_IGNORE_PRIVILEGES))
		note_others(p, describe_object(parent_kind, parent, object), o->privileges);
	if (o->comment != NULL && !(ignore & DIFF_IGNORE_COMMENTS))
		set_comment(p, kind, parent_kind, parent, object, reason);
}

void
plan_comment_renamed(Planner *p, const Difference *d, const SchemaObject *actual)
{
	const SchemaObject *expected = d->expected;

	if (!(p->options->ignore & DIFF_IGNORE_COMMENTS) &&
		(expected->comment != NULL || p->options->allow_drop) &&
		!expression_equal(expected->comment, actual->comment))
		set_comment(p, d->object_kind, d->parent_kind, d->parent, expected, "its comment differs");
}
