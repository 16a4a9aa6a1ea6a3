/*
 * plan_room.c
 *	  Steps by which what reads a column makes room while the column changes.
 *
 * PostgreSQL alters no type of a column that a policy, rule, trigger, generated
 * column, publication or SQL-standard function reads, and drops no column under
 * them.  All of it is taken out of the way in PHASE_DETACH, once however many
 * columns ask for it, and comes back as expected, or as it is where the expected
 * schema does not know it.  Views make room in planner.c.
 *
 * A function keeps its place: it gets an empty body for the time being, so that
 * nothing that calls it has to make room in turn.
 */
#include "postgres.h"

#include "base/compat.h"
#include "miscadmin.h"
#include "schema/ddl/ddl.h"
#include "schema/model/expression.h"
#include "schema/plan/plan_room.h"
#include "utils/builtins.h"
#include "utils/varlena.h"

#define REASON "a column it reads changes"

typedef struct Room
{
	Planner	   *p;
	const SchemaTable *actual;	/* the table of the column */
	const SchemaTable *expected;
	const char *column;
	bool		goes;			/* the column is dropped, and perhaps made again */
} Room;

/* True for the first who asks. */
static bool
take_away(Planner *p, const void *object)
{
	if (list_member_ptr(p->dropped, object))
		return false;
	p->dropped = lappend(p->dropped, unconstify(void *, object));
	return true;
}

/* A definition that reads a column has its name in it, and the table's. */
static bool
may_read(const Room *room, const char *definition)
{
	return expression_mentions(definition, room->column) &&
		   expression_mentions(definition, room->actual->object.name);
}

/* ---------- what hangs on a table ---------- */

/* Out of the way and back.  What is extra and may be dropped does not come back. */
static void
remake_child(Planner *p, const SchemaKind *kind, const SchemaTable *actual,
			 const SchemaTable *expected, const SchemaObject *child, List *expected_children)
{
	const SchemaObject *again = schema_find_child(expected_children, child->name);

	if (!plan_drop_child(p, kind, &schema_table_kind, actual, child, PHASE_DETACH, REASON))
		return;
	if (again != NULL || !p->options->allow_drop)
		plan_create_child(p, kind, &schema_table_kind, expected, again != NULL ? again : child,
						  REASON);
}

/* Policies and rules of any table may read a column. */
static void
remake_readers(const Room *room, const SchemaTable *reader)
{
	Planner	   *p = room->p;
	const SchemaTable *expected =
		schema_find_table(p->expected, reader->object.schema, reader->object.name);
	ListCell   *lc;

	if (expected == NULL)
		expected = reader;
	if (plan_is_rebuilt(p, expected))
		return;
	foreach(lc, reader->policies)
	{
		const SchemaPolicy *policy = lfirst(lc);

		if (reader == room->actual || may_read(room, policy->definition))
			remake_child(p, &schema_policy_kind, reader, expected, &policy->object,
						 expected->policies);
	}
	foreach(lc, reader->rules)
	{
		const SchemaRule *rule = lfirst(lc);

		if (may_read(room, rule->definition))
			remake_child(p, &schema_rule_kind, reader, expected, &rule->object, expected->rules);
	}
}

static void
remake_triggers(const Room *room)
{
	ListCell   *lc;

	foreach(lc, room->actual->triggers)
	{
		const SchemaTrigger *trigger = lfirst(lc);

		if (!trigger->inherited && (trigger->columns != NIL || trigger->condition != NULL))
			remake_child(room->p, &schema_trigger_kind, room->actual, room->expected,
						 &trigger->object, room->expected->triggers);
	}
}

/* Indexes and constraints go with a column unseen, and follow a change of its type. */
static void
remake_stored(const Room *room)
{
	ListCell   *lc;

	foreach(lc, room->actual->indexes)
	{
		const SchemaIndex *index = lfirst(lc);

		if (!plan_is_part(&schema_index_kind, index) &&
			expression_mentions(index->definition, room->column))
			remake_child(room->p, &schema_index_kind, room->actual, room->expected, &index->object,
						 room->expected->indexes);
	}
	foreach(lc, room->actual->constraints)
	{
		const SchemaConstraint *constraint = lfirst(lc);

		if (!plan_is_part(&schema_constraint_kind, constraint) &&
			expression_mentions(constraint->definition, room->column))
			remake_child(room->p, &schema_constraint_kind, room->actual, room->expected,
						 &constraint->object, room->expected->constraints);
	}
}

/* ---------- foreign keys ---------- */

void
plan_remake_reference(Planner *p, const SchemaTable *table, const SchemaConstraint *key,
					  const char *reason)
{
	const SchemaTable *expected =
		schema_find_table(p->expected, table->object.schema, table->object.name);
	const SchemaConstraint *again = NULL;

	if (expected != NULL)
		again = schema_find_child(expected->constraints, key->object.name);
	if (!plan_drop_child(p, &schema_constraint_kind, &schema_table_kind, table, key, PHASE_DETACH,
						 reason))
		return;
	if (again != NULL || !p->options->allow_drop)
		plan_create_child(p, &schema_constraint_kind, &schema_table_kind,
						  expected != NULL ? expected : table, again != NULL ? again : key, reason);
}

static bool
is_retyped(const Planner *p, const SchemaTable *actual, const char *name)
{
	const SchemaTable *expected =
		actual != NULL ? schema_find_table(p->expected, actual->object.schema, actual->object.name)
					   : NULL;
	const SchemaColumn *to = expected != NULL ? schema_find_child(expected->columns, name) : NULL;
	const SchemaColumn *from = actual != NULL ? schema_find_child(actual->columns, name) : NULL;

	return to != NULL && from != NULL &&
		   (!expression_equal(to->type, from->type) || plan_is_swapped(p, from->type));
}

/*
 * A foreign key is checked again whenever one of its columns changes.  Where both
 * sides change, it has to wait for the other: in between they do not compare.
 */
static bool
must_wait(const Room *room, const SchemaTable *table, const SchemaConstraint *key)
{
	const SchemaTable *other =
		schema_find_table(room->p->actual, key->referenced_schema, key->referenced_table);
	bool points = other == room->actual && schema_lists(key->referenced_columns, room->column);
	bool		pointed = table == room->actual && schema_lists(key->columns, room->column);

	if (!points && !pointed)
		return false;
	if (room->goes)
		return points;			/* its own go with remake_stored() */
	for (int i = 0; i < list_length(key->columns); i++)
		if (is_retyped(room->p, table, list_nth(key->columns, i)) &&
			is_retyped(room->p, other, list_nth(key->referenced_columns, i)))
			return true;
	return false;
}

static void
remake_references(const Room *room, const SchemaTable *table)
{
	ListCell   *lc;

	foreach(lc, table->constraints)
	{
		const SchemaConstraint *key = lfirst(lc);

		if (key->referenced_table != NULL && !key->inherited && must_wait(room, table, key))
			plan_remake_reference(room->p, table, key, REASON);
	}
}

/* ---------- statistics and publications ---------- */

/* They follow a change of type, but lose their target and their owner. */
static void
remake_statistics(const Room *room)
{
	Planner	   *p = room->p;
	char	   *table = schema_identity(room->actual);
	ListCell   *lc;

	foreach(lc, p->actual->statistics)
	{
		const SchemaStatistics *statistics = lfirst(lc);
		const SchemaStatistics *again;

		if (strcmp(statistics->table, table) != 0 ||
			!expression_mentions(statistics->definition, room->column) || !take_away(p, statistics))
			continue;
		again = schema_find(p->expected->statistics, statistics->object.schema,
							statistics->object.name, NULL);
		planner_step(p, PHASE_DETACH, "drop_statistics", schema_identity(statistics), statistics,
					 ddl_drop(&schema_statistics_kind, statistics), REASON);
		if (again != NULL || !p->options->allow_drop)
			plan_create_statistics(p, again != NULL ? again : statistics, statistics, REASON);
	}
}

/* The columns of a publication's entry, (a, b), NIL where it has none; *rest is what follows. */
static List *
published_columns(const char *entry, const char **rest)
{
	const char *p = *rest = entry;
	List	   *names;
	char	   *list;

	if (strncmp(p, " (", 2) != 0)
		return NIL;
	for (p += 2; *p != '\0' && *p != ')'; p++)
		if (*p == '"')
			while (*++p != '\0' && *p != '"')
				;
	list = pnstrdup(entry + 2, p - entry - 2);
	*rest = *p == ')' ? p + 1 : p;
	return SplitIdentifierString(list, ',', &names) ? names : NIL;
}

/*
 * The entry without the column; NULL where there would be nothing left of its
 * list, or where its condition needs the column.
 */
static char *
entry_without(const Room *room, const char *table, const char *entry)
{
	const char *rest;
	List	   *columns = published_columns(entry + strlen(table), &rest);
	List	   *left = NIL;
	ListCell   *lc;

	foreach(lc, columns)
		if (strcmp(lfirst(lc), room->column) != 0)
			left = lappend(left, lfirst(lc));
	if (expression_mentions(rest, room->column) || (columns != NIL && left == NIL))
		return NULL;
	return psprintf("%s%s%s", table, left != NIL ? psprintf(" (%s)", ddl_names(left)) : "", rest);
}

/* The table's entry of a publication where that names the column, else NULL. */
static const char *
find_entry(const Room *room, const SchemaPublication *publication, const char *table)
{
	int			length = strlen(table);
	ListCell   *lc;

	foreach(lc, publication->tables)
	{
		const char *entry = lfirst(lc);

		if (strncmp(entry, table, length) == 0 && entry[length] == ' ' &&
			expression_mentions(entry + length, room->column))
			return entry;
	}
	return NULL;
}

static void
remake_publications(const Room *room, bool stays)
{
	Planner	   *p = room->p;
	char	   *table = schema_identity(room->actual);
	ListCell   *lc;

	foreach(lc, p->actual->publications)
	{
		const SchemaPublication *publication = lfirst(lc);
		const char *name = quote_identifier(publication->object.name);
		const char *entry = find_entry(room, publication, table);

		if (entry == NULL || !take_away(p, entry))
			continue;
		planner_step(p, PHASE_DETACH, "unpublish_table", name, room->actual,
					 psprintf("ALTER PUBLICATION %s DROP TABLE %s", name, table), REASON)
			->relation = &room->actual->object;
		planner_step(p, PHASE_DESCRIBE, "alter_publication", name, room->actual,
					 psprintf("ALTER PUBLICATION %s ADD TABLE %s", name,
							  stays ? entry : entry_without(room, table, entry)),
					 REASON);
	}
}

const SchemaPublication *
plan_find_publication(const Planner *p, const SchemaTable *table, const char *column)
{
	Room		room = {.actual = table, .column = column};
	char	   *name = schema_identity(table);
	ListCell   *lc;

	foreach(lc, p->actual->publications)
	{
		const char *entry = find_entry(&room, lfirst(lc), name);

		if (entry != NULL && entry_without(&room, name, entry) == NULL)
			return lfirst(lc);
	}
	return NULL;
}

/* ---------- functions ---------- */

/* Where the body in SQL begins of a function that has one, parsed when it was made. */
static const char *
find_body(const SchemaFunction *function)
{
	const char *atomic = strstr(function->definition, "\nBEGIN ATOMIC\n");

	if (strcmp(function->language, "sql") != 0 || strstr(function->definition, "\nAS ") != NULL)
		return NULL;
	return atomic != NULL ? atomic : strstr(function->definition, "\nRETURN ");
}

void
plan_empty_function(Planner *p, const SchemaFunction *function, const char *reason)
{
	const char *body = find_body(function);
	const SchemaObject *o = &function->object;
	const SchemaFunction *again =
		schema_find(p->expected->functions, o->schema, o->name, o->signature);
	SchemaFunction *copy;

	if (body == NULL || list_member_ptr(p->emptied, function))
		return;
	p->emptied = lappend(p->emptied, unconstify(SchemaFunction *, function));
	/* Before the views that it reads go. */
	planner_step(p, PHASE_DETACH, "empty_function", schema_identity(function), function,
				 psprintf("%.*s\nAS ''", (int) (body - function->definition), function->definition),
				 reason)
		->rank = PG_INT32_MIN;
	if (list_member_ptr(p->dropped, function))
		return;
	if (again != NULL ? !expression_equal(again->definition, function->definition)
					  : p->options->allow_drop)
		return;					/* there is a step for it */
	copy = palloc(sizeof(SchemaFunction));
	*copy = *function;
	planner_rank_copy(p, copy, again != NULL ? again : function);
	planner_step(p, PHASE_BUILD, "replace_function", schema_identity(function), copy,
				 plan_create_function(function, true), reason);
}

static void
empty_functions(const Room *room)
{
	ListCell   *lc;

	foreach(lc, room->p->actual->functions)
	{
		const SchemaFunction *function = lfirst(lc);

		if (find_body(function) != NULL && may_read(room, function->definition))
			plan_empty_function(room->p, function, REASON);
	}
}

/* ---------- generated columns ---------- */

/*
 * A generated column takes a new expression only by being made again, and so it
 * does where a column it reads changes.
 */
void
plan_remake_generated(Planner *p, const SchemaTable *actual, const SchemaTable *expected,
					  const SchemaColumn *from, const SchemaColumn *to, const char *reason)
{
	Room		room = {p, actual, expected, from->object.name, true};
	char	   *object = planner_child(expected, from);
	SchemaColumn again;
	PlanStep   *step;
	ListCell   *lc;

	if (!take_away(p, from))
		return;
	remake_triggers(&room);
	remake_stored(&room);
	remake_statistics(&room);
	remake_publications(&room, true);
	foreach(lc, p->actual->tables)
	{
		remake_readers(&room, lfirst(lc));
		remake_references(&room, lfirst(lc));
	}
	empty_functions(&room);
	step =
		plan_alter_table(p, PHASE_DETACH, "drop_column", object, actual,
						 psprintf("DROP COLUMN %s", quote_identifier(from->object.name)), reason);
	if (from->generated == NULL)
		planner_hazard(step, "data_loss");
	if (to == NULL)
		return;
	again = *to;
	plan_keep_description(p, &again.object, &from->object);
	step = plan_alter_table(p, PHASE_BUILD, "add_column", object, expected,
							psprintf("ADD COLUMN %s", ddl_column(to)), reason);
	planner_run_late(step);
	planner_hazard(step, "table_rewrite");
	plan_column_extras(p, expected, &again, reason);
}

static void
remake_generated_columns(const Room *room)
{
	ListCell   *lc;

	foreach(lc, room->actual->columns)
	{
		const SchemaColumn *column = lfirst(lc);
		const SchemaColumn *to = schema_find_child(room->expected->columns, column->object.name);

		if (column->generated == NULL ||
			(column->inherited && plan_follows_parent(room->expected, room->actual)) ||
			!expression_mentions(column->generated, room->column))
			continue;
		if (to == NULL && !room->p->options->allow_drop)
			to = column;
		/* One that is to be plain becomes so before anything else. */
		if (to == NULL || to->generated != NULL)
			plan_remake_generated(room->p, room->actual, room->expected, column, to, REASON);
	}
}

/* ---------- all of them ---------- */

void
plan_make_room(Planner *p, const SchemaTable *actual, const SchemaTable *expected,
			   const char *column)
{
	Room		room = {p, actual, expected, column, false};
	ListCell   *lc;

	remake_triggers(&room);
	foreach(lc, p->actual->tables)
	{
		CHECK_FOR_INTERRUPTS();
		remake_readers(&room, lfirst(lc));
		remake_references(&room, lfirst(lc));
	}
	remake_statistics(&room);
	remake_publications(&room, true);
	remake_generated_columns(&room);
	empty_functions(&room);
}

/* ---------- types ---------- */

static void
remake_typed_children(Planner *p, const SchemaTable *actual, const char *cast)
{
	const SchemaTable *expected =
		schema_find_table(p->expected, actual->object.schema, actual->object.name);

	if (expected == NULL)
		expected = actual;
	if (plan_is_rebuilt(p, expected))
		return;
	for (int i = 0; i < schema_table_kind.nmembers; i++)
	{
		const SchemaMember *list = &schema_table_kind.members[i];
		const SchemaMember *definition;
		ListCell   *lc;

		if (list->type != MEMBER_OBJECTS || list->child == &schema_column_kind)
			continue;
		definition = schema_find_member(list->child, "definition");
		foreach(lc, SCHEMA_LIST(actual, list))
			if (!plan_is_part(list->child, lfirst(lc)) &&
				strstr(SCHEMA_TEXT(lfirst(lc), definition), cast) != NULL)
				remake_child(p, list->child, actual, expected, lfirst(lc),
							 SCHEMA_LIST(expected, list));
	}
}

void
plan_make_room_for_type(Planner *p, const char *type)
{
	char	   *key = psprintf("type %s", type);
	ListCell   *lc;

	foreach(lc, p->actual->tables)
	{
		CHECK_FOR_INTERRUPTS();
		remake_typed_children(p, lfirst(lc), psprintf("::%s", type));
	}
	foreach(lc, p->actual->functions)
	{
		const SchemaFunction *function = lfirst(lc);
		const SchemaObject *o = &function->object;
		const SchemaFunction *again =
			schema_find(p->expected->functions, o->schema, o->name, o->signature);

		if (schema_lists(o->depends_on, key) && (again != NULL || !p->options->allow_drop))
			plan_remake_function(p, function, again != NULL ? again : function, REASON);
	}
}

void
plan_leave_room(Planner *p, const SchemaTable *actual, const char *column)
{
	Room		room = {p, actual, NULL, column, true};

	remake_publications(&room, false);
}
