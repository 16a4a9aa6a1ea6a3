/*
 * plan_overloads.c
 *	  Routines whose calls would be ambiguous beside a live one.
 *
 * f(int, text DEFAULT 'x') is another routine than f(int), so the old one is extra and
 * stays where nothing may be dropped.  With both of them there f(1) is an error, in every
 * view, policy and program that has it, and in a dump that is restored.
 */
#include "postgres.h"

#include "base/compat.h"
#include "parser/parser.h"
#include "schema/plan/planner.h"

/* The types a call gives, of which only the first `required` must be there. */
typedef struct CallShape
{
	List	   *types;			/* TypeName *, as the server prints them */
	int			required;
} CallShape;

static bool
is_given(const FunctionParameter *parameter)
{
	return parameter->mode != FUNC_PARAM_OUT && parameter->mode != FUNC_PARAM_TABLE;
}

static CallShape
call_shape(const SchemaFunction *function)
{
	CallShape	shape = {NIL, 0};
	char	   *sql = psprintf("CREATE PROCEDURE f(%s) LANGUAGE sql AS ''",
							   function->arguments != NULL ? function->arguments : "");
	List	   *raw = raw_parser(sql, RAW_PARSE_DEFAULT);
	ListCell   *lc;

	foreach(lc, ((CreateFunctionStmt *) linitial_node(RawStmt, raw)->stmt)->parameters)
	{
		FunctionParameter *parameter = lfirst_node(FunctionParameter, lc);

		if (!is_given(parameter))
			continue;
		shape.types = lappend(shape.types, parameter->argType);
		if (parameter->defexpr == NULL)
			shape.required = list_length(shape.types);
	}
	return shape;
}

/* Whether some call, with defaults left out, is one of both. */
static bool
shapes_meet(const CallShape *a, const CallShape *b)
{
	int			given = Max(a->required, b->required);

	if (given > list_length(a->types) || given > list_length(b->types))
		return false;
	for (int i = 0; i < given; i++)
		if (!equal(list_nth(a->types, i), list_nth(b->types, i)))
			return false;
	return true;
}

const SchemaFunction *
plan_find_ambiguous(const Planner *p, const SchemaFunction *function)
{
	CallShape	shape;
	bool		parsed = false;
	ListCell   *lc;

	foreach(lc, p->actual->functions)
	{
		const SchemaFunction *other = lfirst(lc);
		CallShape	other_shape;

		if (strcmp(other->object.name, function->object.name) != 0 ||
			strcmp(other->object.schema, function->object.schema) != 0 ||
			strcmp(other->kind, "aggregate") == 0 || strcmp(function->kind, "aggregate") == 0 ||
			schema_find(p->expected->functions, other->object.schema, other->object.name,
						other->object.signature) != NULL)
			continue;
		if (!parsed)
			shape = call_shape(function);
		parsed = true;
		other_shape = call_shape(other);
		if (shapes_meet(&shape, &other_shape))
			return other;
	}
	return NULL;
}
