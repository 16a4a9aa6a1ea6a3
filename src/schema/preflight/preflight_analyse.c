/*
 * preflight_analyse.c
 *	  Parse trees of a plan's steps to expressions over the live row.
 *
 * The server's own analysis does it, with three hooks in its way: the name of a column
 * stands for the value that steps before have given it, $1 for an expression of ours, and
 * a type that the plan makes for the one whose values are those of the new type as well:
 * text for an enum, the base type for a domain.
 *
 * Nothing is evaluated here.  What does not analyse is no error of the caller's: it is
 * told with the step as not known.
 */
#include "postgres.h"

#include "access/relation.h"
#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_relation.h"
#include "parser/parse_type.h"
#include "parser/parser.h"
#include "schema/preflight/preflight_analyse.h"
#include "schema/preflight/preflight_model.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* ---- what names mean ---- */

static Node *
value_of_column(Analysis *a, const char *name)
{
	PreflightColumn *column = a->live_names
								  ? model_live_column(a->table, get_attnum(a->table->relid, name))
								  : model_column(a->table, name);

	if (column == NULL)
		return NULL;
	if (column->value == NULL)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("%s", column->unknown)));
	if (column->made != NULL)
		a->made = list_append_unique_ptr(a->made, column->made);
	return copyObject(column->value);
}

/* column, or table.column: the last two parts are all that matters in a table's own step. */
static Node *
take_column(ParseState *pstate, ColumnRef *ref)
{
	Analysis   *a = pstate->p_ref_hook_state;
	Node	   *last = llast(ref->fields);

	if (!IsA(last, String))
		return NULL;
	if (a->value != NULL && list_length(ref->fields) == 1 && strcmp(strVal(last), "value") == 0)
		return copyObject(a->value);
	if (a->table == NULL)
		return NULL;
	if (list_length(ref->fields) > 1 &&
		strcmp(strVal(list_nth(ref->fields, list_length(ref->fields) - 2)), a->table->name) != 0)
		return NULL;
	return value_of_column(a, strVal(last));
}

static Node *
take_parameter(ParseState *pstate, ParamRef *ref)
{
	Analysis   *a = pstate->p_ref_hook_state;

	if (ref->number < 1 || ref->number > list_length(a->parameters))
		return NULL;
	return copyObject(list_nth(a->parameters, ref->number - 1));
}

/* ---- types that the plan makes ---- */

static void
stand_in(Analysis *a, TypeName *type)
{
	PreflightType *made = model_type(a->pf, type->names);

	if (made == NULL)
		return;
	a->made = list_append_unique_ptr(a->made, made);
	if (made->base != NULL)
	{
		type->names = copyObject(made->base->names);
		type->typmods = copyObject(made->base->typmods);
		type->arrayBounds = list_concat(copyObject(made->base->arrayBounds), type->arrayBounds);
	}
	else
		type->names = list_make2(makeString("pg_catalog"), makeString("text"));
}

static bool
stand_in_walker(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (IsA(node, TypeName))
		stand_in(arg, (TypeName *) node);
	return raw_expression_tree_walker(node, stand_in_walker, arg);
}

/* ---- functions that the plan makes anew ---- */

static bool
is_remade(Oid function, void *arg)
{
	Analysis   *a = arg;
	char	   *name = get_func_name(function);
	char	   *qualified;
	ListCell   *lc;

	if (name == NULL)
		return false;
	qualified = quote_qualified_identifier(get_namespace_name(get_func_namespace(function)), name);
	foreach(lc, a->pf->functions)
	{
		if (strcmp(lfirst(lc), qualified) != 0)
			continue;
		a->unknown = psprintf("function %s is made anew before", qualified);
		return true;
	}
	return false;
}

static bool
remade_walker(Node *node, void *arg)
{
	if (node == NULL)
		return false;
	if (check_functions_in_node(node, is_remade, arg))
		return true;
	return expression_tree_walker(node, remade_walker, arg);
}

/* ---- the analysis ---- */

/* Whole rows and system columns are the live table's, if that is what the step will meet. */
static Relation
open_table(ParseState *pstate, const PreflightTable *table)
{
	Relation	rel;

	if (table == NULL || !OidIsValid(table->relid))
		return NULL;
	rel = relation_open(table->relid, AccessShareLock);
	addNSItemToQuery(pstate,
					 addRangeTableEntryForRelation(pstate, rel, AccessShareLock, NULL, false, true),
					 false, true, true);
	return rel;
}

static Node *
convert(Analysis *a, ParseState *pstate, Node *value)
{
	TypeName   *to = copyObject(unconstify(TypeName *, a->to));
	Oid			type;
	int32		typmod;
	Node	   *result;

	stand_in(a, to);
	typenameTypeIdAndMod(pstate, to, &type, &typmod);
	result = coerce_to_target_type(pstate, value, exprType(value), type, typmod,
								   COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
	if (result == NULL)
		ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
						errmsg("type %s cannot be cast automatically to type %s",
							   format_type_be(exprType(value)), format_type_be(type))));
	return result;
}

/*
 * Text of an enum that the plan makes compares otherwise than the enum does, and casts
 * of a base type otherwise than those of its domain: a step that asks for more than a
 * value that is there or not is not told.
 */
static void
analyse(void *arg)
{
	Analysis   *a = *(Analysis **) arg;
	Node	   *raw = ((Node **) arg)[1];
	ParseState *pstate = make_parsestate(NULL);
	Relation	rel;
	Node	   *result;

	pstate->p_pre_columnref_hook = take_column;
	pstate->p_paramref_hook = take_parameter;
	pstate->p_ref_hook_state = a;
	rel = open_table(pstate, a->table);
	(void) stand_in_walker(raw, a);
	result = transformExpr(pstate, raw, a->place);
	if (a->boolean)
		result = coerce_to_boolean(pstate, result, "CHECK");
	if (a->to != NULL)
		result = convert(a, pstate, result);
	assign_expr_collations(pstate, result);
	if (rel != NULL)
		relation_close(rel, NoLock);
	(void) remade_walker(result, a);
	a->result = result;
}

bool
analyse_raw(Analysis *a, Node *raw)
{
	void	   *arg[] = {a, copyObject(raw)};
	int			nestlevel = query_pin(PIN_PATH);
	ErrorData  *error = query_attempt(analyse, arg, true);

	query_unpin(nestlevel);
	a->error = error != NULL ? error->message : NULL;
	if (error != NULL)
		a->result = NULL;
	return error == NULL;
}

bool
analyse_text(Analysis *a, const char *sql)
{
	RawStmt	   *stmt =
		linitial_node(RawStmt, raw_parser(psprintf("SELECT %s", sql), RAW_PARSE_DEFAULT));
	ResTarget  *target = linitial_node(ResTarget, ((SelectStmt *) stmt->stmt)->targetList);

	return analyse_raw(a, target->val);
}

Node *
analyse_condition(Preflight *pf, PreflightTable *table, const char *sql, Node *first, Node *second)
{
	Analysis	a = {.pf = pf, .place = EXPR_KIND_WHERE, .boolean = true};

	a.parameters = list_make2(first, second);
	(void) analyse_text(&a, sql);
	return a.result;
}

/* ---- what samples show ---- */

static bool
is_shown(const List *shown, const char *name)
{
	ListCell   *lc;

	foreach(lc, shown)
		if (strcmp(((PreflightShown *) lfirst(lc))->name, name) == 0)
			return true;
	return false;
}

List *
analyse_shown(PreflightTable *table, Node *expression)
{
	List	   *shown = NIL;
	ListCell   *lc;

	foreach(lc, pull_var_clause(expression, PVC_RECURSE_PLACEHOLDERS))
	{
		Var		   *var = lfirst_node(Var, lc);
		PreflightShown *one;
		char	   *name;

		if (var->varattno <= 0)
			continue;
		name = get_attname(table->relid, var->varattno, false);
		if (is_shown(shown, name))
			continue;
		one = palloc(sizeof(PreflightShown));
		one->name = name;
		one->value = (Node *) var;
		shown = lappend(shown, one);
	}
	return shown;
}
