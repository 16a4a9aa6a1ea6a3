/*
 * diff.c
 *	  Two Schemas -> the differences between them.  Pure: no catalog, no I/O.
 *
 * Severity.  What is missing or changed is an error.  Extra objects, the order of
 * columns, owners, privileges and comments are warnings: they are reported, but a
 * schema that differs in nothing else is valid.
 *
 * It assumes that both sides are sorted (schema_sort()) and stay as they are while the
 * differences are in use, which point into both.  It never asks the catalog, even where
 * that could tell more: the same two documents compare alike anywhere.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "miscadmin.h"
#include "schema/model/diff.h"
#include "schema/model/expression.h"
#include "schema/model/leave.h"
#include "utils/builtins.h"

/* Names of the DIFF_IGNORE_* bits, in their order. */
static const char *const ignore_names[] = {"owners",	   "privileges",	"comments",
										   "column_order", "extra_objects", NULL};

typedef struct DiffState
{
	List	   *differences;
	int			ignore;
} DiffState;

/* Where in the two documents a comparison stands. */
typedef struct DiffPlace
{
	const void *expected;		/* the object whose members are compared */
	const void *actual;
	const SchemaKind *kind;		/* NULL above the document */
} DiffPlace;

static void compare_objects(DiffState *state, const SchemaKind *kind, const DiffPlace *parent,
							const void *expected, const void *actual);

/*
 * Words set bits; patterns of objects that are left alone are read elsewhere
 * (leave_parse()), so that one argument says both.
 */
int
diff_parse_ignore(List *names)
{
	int			bits = 0;
	ListCell   *lc;

	foreach(lc, names)
		if (!leave_is_pattern(lfirst(lc)))
			bits |= 1 << argument_choose(lfirst(lc), ignore_names, "element of argument ignore");
	return bits;
}

/*
 * Asked for each member, by what its description says of it; one that is always
 * compared cannot be ignored.
 *
 * A key is never compared, since it is what has brought the two together.
 */
static bool
is_ignored(const DiffState *state, SchemaCompare compare)
{
	switch (compare)
	{
		case COMPARE_OWNER:
			return state->ignore & DIFF_IGNORE_OWNERS;
		case COMPARE_PRIVILEGES:
			return state->ignore & DIFF_IGNORE_PRIVILEGES;
		case COMPARE_COMMENT:
			return state->ignore & DIFF_IGNORE_COMMENTS;
		case COMPARE_ORDER:
			return state->ignore & DIFF_IGNORE_COLUMN_ORDER;
		case COMPARE_KEY:
		case COMPARE_NEVER:
			return true;
		default:
			return false;
	}
}

/* Whether a change or an absence in a member of this class makes a schema invalid. */
static bool
is_error_class(SchemaCompare compare)
{
	return compare == COMPARE_ALWAYS || compare == COMPARE_SET || compare == COMPARE_DEFINITION;
}

/*
 * In the order of the description, and within a list in that of keys: the same two schemas
 * give the same list.
 */
static Difference *
add_difference(DiffState *state, DifferenceKind kind, bool is_error, const SchemaKind *object_kind,
			   const DiffPlace *parent)
{
	Difference *d = palloc0(sizeof(Difference));

	d->kind = kind;
	d->is_error = is_error;
	d->object_kind = object_kind;
	if (parent->kind != &schema_kind)
	{
		d->parent_kind = parent->kind;
		d->parent = parent->expected;
		d->parent_actual = parent->actual;
	}
	state->differences = lappend(state->differences, d);
	return d;
}

/* Of lists whose members are warnings (privileges, comments) what is missing is one too. */
static void
add_missing(DiffState *state, const SchemaMember *list, const DiffPlace *parent,
			const void *expected)
{
	bool		is_error = list->compare == COMPARE_ALWAYS || list->compare == COMPARE_APART;

	add_difference(state, DIFFERENCE_MISSING, is_error, list->child, parent)->expected = expected;
}

/* Never an error: a schema that has more than was asked for is valid. */
static void
add_extra(DiffState *state, const SchemaMember *list, const DiffPlace *parent, const void *actual)
{
	if (!(state->ignore & DIFF_IGNORE_EXTRA))
		add_difference(state, DIFFERENCE_EXTRA, false, list->child, parent)->actual = actual;
}

/* One difference a member, so that each tells one thing to do. */
static void
add_changed(DiffState *state, bool is_error, const SchemaKind *kind, const DiffPlace *parent,
			const void *expected, const void *actual, const SchemaMember *member)
{
	Difference *d = add_difference(state, DIFFERENCE_CHANGED, is_error, kind, parent);

	d->expected = expected;
	d->actual = actual;
	d->member = member;
}

/*
 * The order counts: for labels of an enum, columns of a key, arguments it has a meaning;
 * where it has none, lists are sorted before.
 */
static bool
equal_strings(List *a, List *b)
{
	ListCell   *la;
	ListCell   *lb;

	if (list_length(a) != list_length(b))
		return false;
	forboth(la, a, lb, b)
	{
		if (!expression_equal(lfirst(la), lfirst(lb)))
			return false;
	}
	return true;
}

/*
 * The same elements, of which none stands twice.
 *
 * Quadratic, on lists that have a handful of elements.
 */
static bool
equal_sets(List *a, List *b)
{
	ListCell   *lc;

	if (list_length(a) != list_length(b))
		return false;
	foreach(lc, a)
	{
		ListCell   *lcb;

		foreach(lcb, b)
			if (expression_equal(lfirst(lc), lfirst(lcb)))
				break;
		if (lcb == NULL)
			return false;
	}
	return true;
}

/*
 * Expressions are compared as such (expression.c): the server may print one in several
 * ways.
 */
static bool
equal_member(const SchemaMember *member, const void *a, const void *b)
{
	switch (member->type)
	{
		case MEMBER_TEXT:
			return expression_equal(SCHEMA_TEXT(a, member), SCHEMA_TEXT(b, member));
		case MEMBER_BOOL:
			return SCHEMA_BOOL(a, member) == SCHEMA_BOOL(b, member);
		case MEMBER_INT:
			return SCHEMA_INT(a, member) == SCHEMA_INT(b, member);
		case MEMBER_STRINGS:
			if (member->compare == COMPARE_SET)
				return equal_sets(SCHEMA_LIST(a, member), SCHEMA_LIST(b, member));
			return equal_strings(SCHEMA_LIST(a, member), SCHEMA_LIST(b, member));
		case MEMBER_OBJECTS:
			break;
	}
	return true;
}

/*
 * Whether one object may be renamed to be the other.  Owners, privileges and comments
 * do not count: they can be set after a rename.
 */
bool
diff_same_but_name(const SchemaKind *kind, const void *a, const void *b)
{
	for (int i = 0; i < kind->nmembers; i++)
		if ((kind->members[i].compare == COMPARE_ALWAYS ||
			 kind->members[i].compare == COMPARE_SET ||
			 kind->members[i].compare == COMPARE_UPKEEP) &&
			!equal_member(&kind->members[i], a, b))
			return false;
	return true;
}

/* Two sorted lists, walked side by side. */
static void
compare_sorted(DiffState *state, const SchemaMember *list, const DiffPlace *parent, List *expected,
			   List *actual)
{
	int			e = 0;
	int			a = 0;

	while (e < list_length(expected) || a < list_length(actual))
	{
		void	   *x = e < list_length(expected) ? list_nth(expected, e) : NULL;
		void	   *y = a < list_length(actual) ? list_nth(actual, a) : NULL;
		int			order = x == NULL ? 1 : y == NULL ? -1 : schema_compare_keys(x, y);

		CHECK_FOR_INTERRUPTS();
		if (order < 0)
			add_missing(state, list, parent, x);
		else if (order > 0)
			add_extra(state, list, parent, y);
		else
			compare_objects(state, list->child, parent, x, y);
		e += order <= 0;
		a += order >= 0;
	}
}

/*
 * Whether the objects on both sides stand in the same order.  What is only on one side
 * does not count: a column missing in the middle moves nobody.  Positions count among
 * those of the other side, so that one column too many moves nobody either.
 */
static bool
same_order(List *expected, List *actual)
{
	int			last = -1;
	ListCell   *lc;

	foreach(lc, expected)
	{
		const SchemaObject *x = lfirst(lc);
		void	   *y = schema_find_child(actual, x->name);
		int			position;

		if (y == NULL)
			continue;
		for (position = 0; list_nth(actual, position) != y; position++)
			;
		if (position < last)
			return false;
		last = position;
	}
	return true;
}

/*
 * Lists whose order is their own: columns.  By name and not by position: a column moved
 * is the same column.  The order is one difference of the table, not one for each
 * column.
 */
static void
compare_positional(DiffState *state, const SchemaKind *kind, const SchemaMember *list,
				   const DiffPlace *grandparent, const DiffPlace *parent, List *expected,
				   List *actual)
{
	ListCell   *lc;

	foreach(lc, expected)
	{
		const SchemaObject *x = lfirst(lc);
		void	   *y = schema_find_child(actual, x->name);

		if (y == NULL)
			add_missing(state, list, parent, x);
		else
			compare_objects(state, list->child, parent, x, y);
	}
	foreach(lc, actual)
	{
		const SchemaObject *y = lfirst(lc);

		if (schema_find_child(expected, y->name) == NULL)
			add_extra(state, list, parent, y);
	}
	if (!is_ignored(state, COMPARE_ORDER) && !same_order(expected, actual))
		add_changed(state, false, kind, grandparent, parent->expected, parent->actual, list);
}

/*
 * Objects of the database, such as extensions, are compared only where the
 * expectation says something about them: DDL text mostly does not.
 */
static void
compare_list(DiffState *state, const SchemaKind *kind, const SchemaMember *list,
			 const DiffPlace *grandparent, const DiffPlace *parent)
{
	List	   *expected = SCHEMA_LIST(parent->expected, list);
	List	   *actual = SCHEMA_LIST(parent->actual, list);

	if (is_ignored(state, list->compare) || (list->compare == COMPARE_APART && expected == NIL))
		return;
	if (list->child->positional)
		compare_positional(state, kind, list, grandparent, parent, expected, actual);
	else
		compare_sorted(state, list, parent, expected, actual);
}

/* A name counts where the expectation gives one: most DDL leaves it to the server. */
static bool
is_named_alike(const SchemaMember *member, const void *expected)
{
	return member->compare == COMPARE_NAME && SCHEMA_TEXT(expected, member) == NULL;
}

/*
 * Members that tell the parts of an object come before its definition, which is
 * reported only when none of them differs.
 */
static void
compare_objects(DiffState *state, const SchemaKind *kind, const DiffPlace *parent,
				const void *expected, const void *actual)
{
	DiffPlace	place = {expected, actual, kind};
	const SchemaMember *definition = NULL;
	bool		changed = false;

	for (int i = 0; i < kind->nmembers; i++)
	{
		const SchemaMember *member = &kind->members[i];

		if (member->type == MEMBER_OBJECTS)
			compare_list(state, kind, member, parent, &place);
		else if (is_ignored(state, member->compare) || member->compare == COMPARE_ORDER ||
				 is_named_alike(member, expected))
			continue;
		else if (member->compare == COMPARE_DEFINITION)
			definition = member;
		else if (!equal_member(member, expected, actual))
		{
			bool		is_error = is_error_class(member->compare);

			changed |= is_error;
			add_changed(state, is_error, kind, parent, expected, actual, member);
		}
	}
	if (definition != NULL && !changed && !equal_member(definition, expected, actual))
		add_changed(state, true, kind, parent, expected, actual, definition);
}

/* Both must be sorted; the differences point into both, and live no longer than these. */
List *
diff_schemas(const Schema *expected, const Schema *actual, int ignore)
{
	DiffState	state = {NIL, ignore};
	DiffPlace	nowhere = {NULL, NULL, NULL};

	compare_objects(&state, &schema_kind, &nowhere, expected, actual);
	return state.differences;
}

/*
 * For the flat form: of tables and columns only whether they are there.
 *
 * Columns that are there beyond those named are none of its business: the flat form is
 * what a program needs, not what a table is.
 */
List *
diff_names(const Schema *expected, const Schema *actual)
{
	static const SchemaMember tables = {"tables", offsetof(Schema, tables), MEMBER_OBJECTS,
										COMPARE_ALWAYS, &schema_table_kind};
	static const SchemaMember columns = {"columns", offsetof(SchemaTable, columns), MEMBER_OBJECTS,
										 COMPARE_ALWAYS, &schema_column_kind};
	DiffState	state = {NIL, 0};
	DiffPlace	top = {expected, actual, &schema_kind};
	ListCell   *lc;

	foreach(lc, expected->tables)
	{
		const SchemaTable *x = lfirst(lc);
		const SchemaTable *y = schema_find_table(actual, x->object.schema, x->object.name);
		DiffPlace	place = {x, y, &schema_table_kind};
		ListCell   *lcc;

		CHECK_FOR_INTERRUPTS();
		if (y == NULL)
		{
			add_missing(&state, &tables, &top, x);
			continue;
		}
		foreach(lcc, x->columns)
		{
			const SchemaObject *column = lfirst(lcc);

			if (schema_find_child(y->columns, column->name) == NULL)
				add_missing(&state, &columns, &place, column);
		}
	}
	foreach(lc, actual->tables)
	{
		const SchemaTable *y = lfirst(lc);

		if (schema_find_table(expected, y->object.schema, y->object.name) == NULL)
			add_extra(&state, &tables, &top, y);
	}
	return state.differences;
}

int
diff_count_errors(List *differences)
{
	int			errors = 0;
	ListCell   *lc;

	foreach(lc, differences)
		errors += ((Difference *) lfirst(lc))->is_error;
	return errors;
}

/* As the result's column "object" has it: quoted where SQL would quote it. */
char *
difference_object(const Difference *d)
{
	const void *object = d->expected != NULL ? d->expected : d->actual;
	const void *parent = d->parent != NULL ? d->parent : d->parent_actual;

	if (parent == NULL)
		return schema_identity(object);
	return psprintf("%s.%s", schema_identity(parent), schema_identity(object));
}

/* Kinds that only share a struct are told apart by the word that they bear. */
const char *
difference_object_type(const Difference *d)
{
	if (d->object_kind == &schema_other_kind)
		return ((const SchemaOther *) (d->expected != NULL ? d->expected : d->actual))->kind;
	return d->object_kind->name;
}

/* The one difference of a list as such; others are of its objects. */
static bool
is_order(const Difference *d)
{
	return d->member != NULL && d->member->type == MEMBER_OBJECTS;
}

/* NULL: the object as a whole is missing or extra. */
const char *
difference_attribute(const Difference *d)
{
	if (d->member == NULL)
		return NULL;
	return is_order(d) ? "column_order" : d->member->name;
}

static char *
join_strings(List *strings)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, strings)
		appendStringInfo(&out, "%s%s", out.len > 0 ? ", " : "", (char *) lfirst(lc));
	return out.data;
}

static char *
join_names(List *objects)
{
	List	   *names = NIL;
	ListCell   *lc;

	foreach(lc, objects)
		names = lappend(names, ((SchemaObject *) lfirst(lc))->name);
	return join_strings(names);
}

/* For people; a definition may be of any length, and is cut by who prints it. */
static char *
member_text(const SchemaMember *member, const void *object)
{
	switch (member->type)
	{
		case MEMBER_TEXT:
			return SCHEMA_TEXT(object, member);
		case MEMBER_BOOL:
			return SCHEMA_BOOL(object, member) ? "true" : "false";
		case MEMBER_INT:
			if (SCHEMA_INT(object, member) == SCHEMA_UNSET)
				return NULL;
			return psprintf(INT64_FORMAT, SCHEMA_INT(object, member));
		case MEMBER_STRINGS:
			if (SCHEMA_LIST(object, member) == NIL)
				return NULL;
			return join_strings(SCHEMA_LIST(object, member));
		case MEMBER_OBJECTS:
			return join_names(SCHEMA_LIST(object, member));
	}
	return NULL;
}

/*
 * One side of a difference: a member, or what describes a whole object best.  The first
 * that the kind has of a definition, a type, a kind.
 */
static char *
side_text(const Difference *d, const void *object)
{
	static const char *const telling[] = {"definition", "type", "kind", NULL};

	if (object == NULL)
		return NULL;
	if (d->member != NULL)
		return member_text(d->member, object);
	for (int i = 0; telling[i] != NULL; i++)
	{
		const SchemaMember *member = schema_find_member(d->object_kind, telling[i]);

		if (member != NULL && member_text(member, object) != NULL)
			return member_text(member, object);
	}
	return pstrdup(d->object_kind->name);
}

char *
difference_expected(const Difference *d)
{
	return side_text(d, d->expected);
}

char *
difference_actual(const Difference *d)
{
	return side_text(d, d->actual);
}

/*
 * What a difference is recognized by in another comparison of the same schema: its texts
 * may have changed, its place has not.
 */
char *
difference_key(const Difference *d)
{
	const char *attribute = difference_attribute(d);

	return psprintf("%s %s %s", difference_object_type(d), difference_object(d),
					attribute != NULL ? attribute : "");
}
