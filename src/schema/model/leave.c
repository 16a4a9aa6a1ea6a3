/*
 * leave.c
 *	  What a comparison leaves alone, by kind and name.  Pure.
 *
 * Not the differences are sorted out but the expectation is changed: what is left alone
 * is expected as it is.  So nobody who makes a plan has to ask for it, and a view that is
 * left alone comes back when a column under it gets another type.
 *
 * It assumes that both sides are sorted, and keeps them so.  It never changes the
 * expectation that it is given, which may be shared: what differs is a copy, down to
 * where it differs.  Live objects are copied when they go into an expectation, because
 * the planner tells the two sides apart by their addresses.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "miscadmin.h"
#include "schema/model/leave.h"
#include "utils/builtins.h"

#define EXTRA "extra:"
#define FUNCTION "function "

/* What difference_object_type() says, but for *. */
static const char *const kinds[] = {"*",
									"schema",
									"table",
									"column",
									"constraint",
									"index",
									"trigger",
									"policy",
									"rule",
									"view",
									"function",
									"type",
									"sequence",
									"statistics",
									"default privileges",
									"extension",
									"publication",
									"cast",
									"collation",
									"conversion",
									"operator",
									"operator class",
									"operator family",
									"text search parser",
									"text search template",
									"text search dictionary",
									"text search configuration",
									NULL};

typedef struct Leaving
{
	List	   *patterns;
	List	   *needed;			/* char *: what top-level objects left alone depend on */
} Leaving;

/* Where a list stands: the objects it is of, either of which may be missing. */
typedef struct LeavePlace
{
	const SchemaKind *kind;
	const void *expected;
	const void *actual;
} LeavePlace;

/* ---------- patterns ---------- */

/* Words without a colon are diff.c's, so that one argument can say both. */
bool
leave_is_pattern(const char *element)
{
	return strchr(element, ':') != NULL;
}

/* The kind is checked at once: a slip in it would silently leave nothing alone. */
static LeavePattern *
parse_pattern(const char *element)
{
	LeavePattern *pattern = palloc0(sizeof(LeavePattern));
	char	   *colon;

	pattern->extra = strncmp(element, EXTRA, strlen(EXTRA)) == 0;
	pattern->kind = pstrdup(element + (pattern->extra ? strlen(EXTRA) : 0));
	colon = strchr(pattern->kind, ':');
	if (colon != NULL)
	{
		*colon = '\0';
		pattern->name = colon + 1;
	}
	(void) argument_choose(pattern->kind, kinds, "kind in argument ignore");
	return pattern;
}

List *
leave_parse(List *elements)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, elements)
		if (leave_is_pattern(lfirst(lc)))
			result = lappend(result, parse_pattern(lfirst(lc)));
	return result;
}

/*
 * Each * is tried at every place it could end: the last one alone has to be remembered.
 *
 * So a pattern of many stars does not take exponential time.
 */
static bool
matches(const char *pattern, const char *text)
{
	const char *star = NULL;
	const char *retry = NULL;

	while (*text != '\0')
	{
		if (*pattern == '*')
		{
			star = ++pattern;
			retry = text;
		}
		else if (*pattern == *text || *pattern == '?')
		{
			pattern++;
			text++;
		}
		else if (star != NULL)
		{
			pattern = star;
			text = ++retry;
		}
		else
			return false;
	}
	while (*pattern == '*')
		pattern++;
	return *pattern == '\0';
}

/* As differences show it, so that a user can copy what he reads into a pattern. */
static char *
shown_name(const LeavePlace *place, const void *object)
{
	if (place->kind == &schema_kind)
		return schema_identity(object);
	return psprintf("%s.%s",
					schema_identity(place->expected != NULL ? place->expected : place->actual),
					schema_identity(object));
}

/*
 * A pattern with a dot is of qualified names, one without is of names in any schema or
 * table.
 */
static bool
is_named(const char *pattern, const LeavePlace *place, const void *object)
{
	if (pattern == NULL || strcmp(pattern, "*") == 0)
		return true;
	if (strchr(pattern, '.') == NULL)
		return matches(pattern, ((const SchemaObject *) object)->name);
	return matches(pattern, shown_name(place, object));
}

static bool
is_of_kind(const char *name, const SchemaKind *kind, const void *object)
{
	return strcmp(name, "*") == 0 ||
		   strcmp(name, kind == &schema_other_kind ? ((const SchemaOther *) object)->kind
												   : kind->name) == 0;
}

/* As depends_on has it. */
static char *
depends_key(const SchemaKind *kind, const void *object)
{
	return psprintf("%s %s", kind->name, schema_identity(object));
}

/* Whether some pattern is of an object; extra says that it is not expected. */
static bool
is_left(const Leaving *leaving, const SchemaKind *kind, const LeavePlace *place, const void *object,
		bool extra)
{
	ListCell   *lc;

	foreach(lc, leaving->patterns)
	{
		const LeavePattern *pattern = lfirst(lc);

		if ((extra || !pattern->extra) && is_of_kind(pattern->kind, kind, object) &&
			is_named(pattern->name, place, object))
			return true;
	}
	if (extra && place->kind == &schema_kind && leaving->needed != NIL &&
		schema_lists(leaving->needed, depends_key(kind, object)))
		return true;
	/* What an extension makes and takes away by itself. */
	return extra && kind == &schema_table_kind && ((const SchemaTable *) object)->managed;
}

/* ---------- the expectation ---------- */

/* Of its own address, down to its columns: the planner tells objects apart by that. */
static void *
copy_object(const SchemaKind *kind, const void *object)
{
	SchemaObject *copy = palloc(kind->size);

	memcpy(copy, object, kind->size);
	copy->node = NULL;
	for (int i = 0; i < kind->nmembers; i++)
	{
		const SchemaMember *member = &kind->members[i];
		List	   *children = NIL;
		ListCell   *lc;

		if (member->type != MEMBER_OBJECTS)
			continue;
		foreach(lc, SCHEMA_LIST(object, member))
			children = lappend(children, copy_object(member->child, lfirst(lc)));
		SCHEMA_LIST(copy, member) = children;
	}
	return copy;
}

/* Positional lists are not sorted, so halving would miss. */
static void *
find_same(const SchemaKind *kind, List *objects, const SchemaObject *object)
{
	ListCell   *lc;

	if (!kind->positional)
		return schema_find(objects, object->schema, object->name, object->signature);
	foreach(lc, objects)
		if (strcmp(((const SchemaObject *) lfirst(lc))->name, object->name) == 0)
			return lfirst(lc);
	return NULL;
}

static void *leave_in_object(Leaving *leaving, const SchemaKind *kind, void *expected,
							 const void *actual);

/* Behind the one it follows in the live schema; other lists are sorted. */
static List *
add_left(const SchemaKind *kind, List *list, List *actual, const SchemaObject *object)
{
	SchemaObject *copy = copy_object(kind, object);
	int			place = 0;

	if (!kind->positional)
	{
		while (place < list_length(list) && schema_compare_keys(list_nth(list, place), copy) < 0)
			place++;
		return list_insert_nth(list, place, copy);
	}
	for (int i = 0; i < list_length(actual) && list_nth(actual, i) != object; i++)
	{
		void	   *before = find_same(kind, list, list_nth(actual, i));

		if (before != NULL)
			for (place = 0; list_nth(list, place++) != before;)
				;
	}
	return list_insert_nth(list, place, copy);
}

/* A view that stays needs its tables to stay, though no pattern names them. */
static void
note_needed(Leaving *leaving, const SchemaObject *object)
{
	ListCell   *lc;

	foreach(lc, object->depends_on)
		if (!schema_lists(leaving->needed, lfirst(lc)))
			leaving->needed = lappend(leaving->needed, lfirst(lc));
}

/*
 * What is expected and left alone is as it is live: where it is not there, it is not
 * expected either.
 */
static List *
leave_in_list(Leaving *leaving, const SchemaKind *kind, const LeavePlace *place, List *expected,
			  List *actual)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, expected)
	{
		void	   *object = lfirst(lc);
		const void *live = find_same(kind, actual, object);

		CHECK_FOR_INTERRUPTS();
		if (!is_left(leaving, kind, place, object, false))
			result = lappend(result,
							 live != NULL ? leave_in_object(leaving, kind, object, live) : object);
		else if (live != NULL)
			result = lappend(result, copy_object(kind, live));
	}
	foreach(lc, actual)
		if (find_same(kind, expected, lfirst(lc)) == NULL &&
			is_left(leaving, kind, place, lfirst(lc), true))
		{
			result = add_left(kind, result, actual, lfirst(lc));
			if (place->kind == &schema_kind)
				note_needed(leaving, lfirst(lc));
		}
	return result;
}

/* Objects of the database are compared only where some are expected. */
static bool
is_compared(const SchemaMember *member, const void *expected)
{
	return member->type == MEMBER_OBJECTS && member->compare != COMPARE_NEVER &&
		   (member->compare != COMPARE_APART || SCHEMA_LIST(expected, member) != NIL);
}

static void *
leave_in_object(Leaving *leaving, const SchemaKind *kind, void *expected, const void *actual)
{
	LeavePlace	place = {kind, expected, actual};
	void	   *copy = NULL;

	for (int i = 0; i < kind->nmembers; i++)
	{
		const SchemaMember *member = &kind->members[i];

		if (!is_compared(member, expected))
			continue;
		if (copy == NULL)
			copy = memcpy(palloc(kind->size), expected, kind->size);
		SCHEMA_LIST(copy, member) =
			leave_in_list(leaving, member->child, &place, SCHEMA_LIST(expected, member),
						  SCHEMA_LIST(actual, member));
	}
	return copy != NULL ? copy : expected;
}

static bool
has_managed(const Schema *schema)
{
	ListCell   *lc;

	foreach(lc, schema->tables)
		if (((const SchemaTable *) lfirst(lc))->managed)
			return true;
	return false;
}

/* ---------- tables of other schemas ---------- */

/* Whether a function is expected, by its quoted name alone. */
static bool
is_expected_function(const Schema *expected, const char *name)
{
	ListCell   *lc;

	foreach(lc, expected->functions)
	{
		const SchemaObject *function = lfirst(lc);

		if (strcmp(quote_qualified_identifier(function->schema, function->name), name) == 0)
			return true;
	}
	return false;
}

/*
 * Whether functions of the names that a policy needs are expected, as far as these are
 * known.  With other arguments too: made again, it may call that one.
 */
static bool
has_its_functions(const Schema *expected, const SchemaObject *policy)
{
	ListCell   *lc;

	foreach(lc, policy->depends_on)
	{
		const char *function = lfirst(lc);
		const char *end;

		if (strncmp(function, FUNCTION, strlen(FUNCTION)) != 0)
			continue;
		function += strlen(FUNCTION);
		end = strrchr(function, '(');
		if (end != NULL && !is_expected_function(expected, pnstrdup(function, end - function)))
			return false;
	}
	return true;
}

/*
 * A text that says nothing of other schemas' tables (a dump of one schema does not) means
 * to take nothing away from them; but nothing can call a function that goes.
 */
static bool
is_left_outside(const Schema *expected, const SchemaKind *kind, const void *object)
{
	if (expected->outside != NIL)
		return false;
	if (kind == &schema_trigger_kind)
		return is_expected_function(expected, ((const SchemaTrigger *) object)->function);
	return has_its_functions(expected, object);
}

/* Those of a list that is expected, and of the live ones those that are left alone. */
static List *
leave_attached(const Schema *expected, const SchemaKind *kind, List *list, List *actual)
{
	List	   *result = list_copy(list);
	ListCell   *lc;

	foreach(lc, actual)
		if (find_same(kind, list, lfirst(lc)) == NULL &&
			is_left_outside(expected, kind, lfirst(lc)))
			result = add_left(kind, result, actual, lfirst(lc));
	return result;
}

/*
 * As expected, if it is, with what is left alone as it is live.  Row security may be asked
 * for; that it is not, nobody says of a table that is not his.
 */
static SchemaTable *
leave_table(const Schema *expected, const SchemaTable *actual)
{
	const SchemaTable *wanted =
		schema_find_outside(expected, actual->object.schema, actual->object.name);
	SchemaTable *table = palloc(sizeof(SchemaTable));

	*table = wanted != NULL ? *wanted : *actual;
	if (wanted == NULL)
	{
		table->object.oid = InvalidOid;
		table->object.node = NULL;
		table->triggers = table->policies = NIL;
	}
	table->row_security |= actual->row_security;
	table->force_row_security |= actual->force_row_security;
	table->triggers =
		leave_attached(expected, &schema_trigger_kind, table->triggers, actual->triggers);
	table->policies =
		leave_attached(expected, &schema_policy_kind, table->policies, actual->policies);
	return table;
}

static int
compare_texts(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/* What else of other schemas a publication publishes is for others to say. */
static List *
leave_published(const Schema *expected, const Schema *actual)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, expected->publications)
	{
		SchemaPublication *publication =
			memcpy(palloc(sizeof(SchemaPublication)), lfirst(lc), sizeof(SchemaPublication));
		const SchemaPublication *live =
			schema_find(actual->publications, NULL, publication->object.name, NULL);
		ListCell   *lct;

		publication->tables = list_copy(publication->tables);
		foreach(lct, live != NULL ? actual->outside : NIL)
		{
			char	   *table = schema_identity(lfirst(lct));
			const char *entry = schema_publishes(live, table);

			if (entry != NULL && schema_publishes(publication, table) == NULL)
				publication->tables = lappend(publication->tables, unconstify(char *, entry));
		}
		list_sort(publication->tables, compare_texts);
		result = lappend(result, publication);
	}
	return result;
}

static int
compare_cells(const ListCell *a, const ListCell *b)
{
	return schema_compare_keys(lfirst(a), lfirst(b));
}

/* Each live one has one beside it, so that no table of others is found to be too much. */
static Schema *
leave_outside(const Schema *expected, const Schema *actual)
{
	Schema	   *result = palloc(sizeof(Schema));
	ListCell   *lc;

	*result = *expected;
	result->outside = NIL;
	foreach(lc, expected->outside)
		if (find_same(&schema_table_kind, actual->outside, lfirst(lc)) == NULL)
			result->outside = lappend(result->outside, lfirst(lc));
	foreach(lc, actual->outside)
		result->outside = lappend(result->outside, leave_table(expected, lfirst(lc)));
	list_sort(result->outside, compare_cells);
	result->publications = leave_published(expected, actual);
	return result;
}

/*
 * Each round starts from the expectation itself and knows more of what is needed; the
 * list only grows, and not beyond the objects there are.
 */
Schema *
leave_alone(const Schema *expected, const Schema *actual, List *patterns)
{
	Leaving		leaving = {patterns, NIL};
	Schema	   *result;
	int			needed;

	if (actual->outside != NIL)
		expected = leave_outside(expected, actual);
	result = unconstify(Schema *, expected);
	if (patterns == NIL && !has_managed(actual))
		return result;
	/* What is left alone needs others, which need others in turn. */
	do
	{
		needed = list_length(leaving.needed);
		result = leave_in_object(&leaving, &schema_kind, unconstify(Schema *, expected), actual);
	} while (list_length(leaving.needed) > needed);
	return result;
}
