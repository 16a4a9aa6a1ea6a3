/*
 * filter.c
 *		Conditions: read from JSON or from (column, operator, value), kept as a tree.
 *
 * A filter is checked as far as it can be without the table: operators, and the kind of
 * value each takes.  What a column's type makes of a value is the server's business.
 * An object without members holds for every row; it is accepted where it is the whole
 * filter, which says so plainly, and refused inside "or", where it would undo the rest.
 */
#include "sql/filter.h"

#include <stdio.h>
#include <string.h>

#include "config/settings.h"

typedef struct Operator
{
	const char *name;			/* in JSON */
	const char *sign;			/* for dba_query_where; NULL: none */
	FilterOp	op;
} Operator;

static const Operator operators[] = {
	{"eq", "=", FILTER_EQ},
	{"ne", "!=", FILTER_NE},
	{"ne", "<>", FILTER_NE},
	{"le", "<=", FILTER_LE},
	{"lt", "<", FILTER_LT},
	{"ge", ">=", FILTER_GE},
	{"gt", ">", FILTER_GT},
	{"in", NULL, FILTER_IN},
	{"is_null", NULL, FILTER_IS_NULL},
	{"like", NULL, FILTER_LIKE},
	{"ilike", NULL, FILTER_ILIKE},
	{"between", NULL, FILTER_BETWEEN},
	{"contains", NULL, FILTER_CONTAINS},
};

#define OPERATOR_COUNT (sizeof(operators) / sizeof(operators[0]))

static const Operator *
find_operator(const char *op, bool signs)
{
	for (size_t i = 0; i < OPERATOR_COUNT; i++)
	{
		if (strcmp(operators[i].name, op) == 0 ||
			(signs && operators[i].sign != NULL && strcmp(operators[i].sign, op) == 0))
			return &operators[i];
	}
	return NULL;
}

static Filter *
fail_unknown_operator(const char *column, const char *op, dba_error **err)
{
	const char *names[OPERATOR_COUNT];
	const char *nearest;
	dba_error  *error =
		error_new(DBA_INVALID, "filter: unknown operator \"%s\" for column \"%s\"", op, column);
	char		hint[160];

	for (size_t i = 0; i < OPERATOR_COUNT; i++)
		names[i] = operators[i].name;
	nearest = dba_nearest(op, names, OPERATOR_COUNT);
	if (nearest != NULL)
		snprintf(hint, sizeof(hint), "Perhaps you meant \"%s\".", nearest);
	else
		snprintf(hint, sizeof(hint),
				 "Operators are eq, ne, lt, le, gt, ge, in, is_null, like, ilike, between and "
				 "contains.");
	error_hint(error, hint);
	error_move(err, error);
	return NULL;
}

static Filter *
filter_new(Arena *arena, FilterOp op, dba_error **err)
{
	Filter	   *filter = arena_alloc(arena, sizeof(Filter));

	if (filter == NULL)
		error_set_no_memory(err);
	else
		filter->op = op;
	return filter;
}

/* Does the value suit the operator? */
static bool
check_value(const SqlName *column, const Operator *op, const JsonValue *value, dba_error **err)
{
	const char *name = column->parts[column->count - 1];
	const char *expected = NULL;

	switch (op->op)
	{
		case FILTER_IN:
			expected = value->type != JSON_TYPE_ARRAY ? "an array" : NULL;
			break;
		case FILTER_BETWEEN:
			if (value->type != JSON_TYPE_ARRAY || value->count != 2 ||
				value->first->type == JSON_TYPE_NULL || value->first->next->type == JSON_TYPE_NULL)
				expected = "an array of two values";
			break;
		case FILTER_IS_NULL:
			expected = value->type != JSON_TYPE_BOOL ? "true or false" : NULL;
			break;
		case FILTER_LIKE:
		case FILTER_ILIKE:
			expected = value->type != JSON_TYPE_STRING ? "a string" : NULL;
			break;
		case FILTER_EQ:
		case FILTER_NE:
			break;
		default:
			expected = value->type == JSON_TYPE_NULL ? "a value that is not null" : NULL;
			break;
	}
	if (expected == NULL)
		return true;
	return error_set(err, DBA_INVALID, "filter: operator \"%s\" of column \"%s\" takes %s, not %s",
					 op->name, name, expected, json_type_name(value->type));
}

static Filter *
new_condition(Arena *arena, const SqlName *column, const Operator *op, const JsonValue *value,
			  dba_error **err)
{
	Filter	   *filter;

	if (!check_value(column, op, value, err))
		return NULL;
	filter = filter_new(arena, op->op, err);
	if (filter != NULL)
	{
		filter->column = *column;
		filter->value = value;
	}
	return filter;
}

Filter *
filter_condition(Arena *arena, const SqlName *column, const char *op, const JsonValue *value,
				 dba_error **err)
{
	const Operator *found = find_operator(op, true);

	if (found == NULL)
		return fail_unknown_operator(column->parts[column->count - 1], op, err);
	return new_condition(arena, column, found, value, err);
}

/* Append conditions to a group; the tail of the next one, NULL when filter is. */
static Filter **
append(Filter **tail, Filter *filter)
{
	*tail = filter;
	return filter != NULL ? &filter->next : NULL;
}

/* {"gt": 1, "le": 9}: all must hold */
static Filter **
read_operators(Arena *arena, Filter **tail, const SqlName *column, const JsonValue *object,
			   dba_error **err)
{
	if (object->count == 0)
	{
		error_set(err, DBA_INVALID, "filter: no operator for column \"%s\"", column->parts[0]);
		return NULL;
	}
	json_foreach(member, object)
	{
		const Operator *op = find_operator(member->name, false);

		if (op == NULL)
		{
			fail_unknown_operator(column->parts[0], member->name, err);
			return NULL;
		}
		tail = append(tail, new_condition(arena, column, op, member, err));
		if (tail == NULL)
			return NULL;
	}
	return tail;
}

/* {"or": [{…}, {…}]} */
static Filter *
read_group(Arena *arena, FilterOp op, const JsonValue *list, dba_error **err)
{
	Filter	   *group;
	Filter	  **tail;

	if (list->type != JSON_TYPE_ARRAY || list->count == 0)
	{
		error_set(err, DBA_INVALID, "filter: \"%s\" takes an array of at least one object, not %s",
				  list->name,
				  list->type == JSON_TYPE_ARRAY ? "an empty one" : json_type_name(list->type));
		return NULL;
	}
	group = filter_new(arena, op, err);
	if (group == NULL)
		return NULL;
	tail = &group->first;
	json_foreach(item, list)
	{
		Filter	   *filter = filter_read(arena, item, err);

		/* an empty object is true for every row: surely not what was meant */
		if (filter != NULL && filter->first == NULL)
		{
			error_set(err, DBA_INVALID, "filter: an empty object in \"%s\"", list->name);
			return NULL;
		}
		tail = append(tail, filter);
		if (tail == NULL)
			return NULL;
	}
	return group;
}

static Filter **
read_member(Arena *arena, Filter **tail, const JsonValue *member, dba_error **err)
{
	static const Operator eq = {"eq", "=", FILTER_EQ};
	SqlName		column = {1, {member->name, NULL, NULL}};

	if (strcmp(member->name, "and") == 0)
		return append(tail, read_group(arena, FILTER_AND, member, err));
	if (strcmp(member->name, "or") == 0)
		return append(tail, read_group(arena, FILTER_OR, member, err));
	if (*member->name == '\0')
	{
		error_set(err, DBA_INVALID, "filter: a column without a name");
		return NULL;
	}
	if (member->type == JSON_TYPE_OBJECT)
		return read_operators(arena, tail, &column, member, err);
	return append(tail, new_condition(arena, &column, &eq, member, err));
}

Filter *
filter_read(Arena *arena, const JsonValue *value, dba_error **err)
{
	Filter	   *filter;
	Filter	  **tail;

	if (value->type != JSON_TYPE_OBJECT)
	{
		error_set(err, DBA_INVALID, "filter: expected an object, found %s",
				  json_type_name(value->type));
		return NULL;
	}
	filter = filter_new(arena, FILTER_AND, err);
	if (filter == NULL)
		return NULL;
	tail = &filter->first;
	json_foreach(member, value)
	{
		tail = read_member(arena, tail, member, err);
		if (tail == NULL)
			return NULL;
	}
	return filter;
}
