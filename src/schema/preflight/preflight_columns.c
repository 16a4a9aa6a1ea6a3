/*
 * preflight_columns.c
 *	  Columns that are added, converted or copied.
 *
 * A conversion is asked as the server will do it: by assignment, or as USING says.  Of a
 * value that comes through it is asked whether it is still the same: as a number where
 * both types are numbers, as a time where both are times, as a text where both are texts.
 * Between types of different kinds nobody can say what the same would be.
 */
#include "postgres.h"

#include "access/transam.h"
#include "base/compat.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "schema/preflight/preflight_analyse.h"
#include "schema/preflight/preflight_steps.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

/* ---- whether a value survives ---- */

/* The category of a type, or of the elements of an array. */
static char
category_of(Oid type, bool *array)
{
	char		category;
	bool		preferred;

	type = getBaseType(type);
	*array = OidIsValid(get_element_type(type));
	if (*array)
		type = getBaseType(get_element_type(type));
	get_type_category_preferred(type, &category, &preferred);
	return category;
}

static bool
is_float(Oid type)
{
	type = getBaseType(type);
	if (OidIsValid(get_element_type(type)))
		type = get_element_type(type);
	return type == FLOAT4OID || type == FLOAT8OID;
}

/* By what the shortest text of a floating-point number says: its cast to numeric rounds. */
static char *
compare_numbers(Oid from, Oid to, bool array)
{
	const char *brackets = array ? "[]" : "";
	const char *by_text = is_float(from) || is_float(to) ? "::pg_catalog.text" : "";

	return psprintf("$1%s%s::pg_catalog.numeric%s IS DISTINCT FROM $2%s%s::pg_catalog.numeric%s",
					by_text, *by_text ? brackets : "", brackets, by_text, *by_text ? brackets : "",
					brackets);
}

/* The condition under which the second is not what the first was; NULL where there is none. */
static Node *
loss_condition(Preflight *pf, PreflightTable *table, Node *from, Node *to)
{
	bool		from_array;
	bool		to_array;
	char		category = category_of(exprType(from), &from_array);
	Node	   *condition = NULL;

	if (category_of(exprType(to), &to_array) != category || from_array != to_array)
		return NULL;
	switch (category)
	{
		case TYPCATEGORY_NUMERIC:
			return analyse_condition(
				pf, table, compare_numbers(exprType(from), exprType(to), from_array), from, to);
		case TYPCATEGORY_DATETIME:
		case TYPCATEGORY_TIMESPAN:
			condition = analyse_condition(
				pf, table,
				psprintf("$2::%s IS DISTINCT FROM $1", format_type_be_qualified(exprType(from))),
				from, to);
			/* FALLTHROUGH */
		case TYPCATEGORY_STRING:
		case TYPCATEGORY_BITSTRING:
			if (condition == NULL)
				condition = analyse_condition(
					pf, table, "$2::pg_catalog.text IS DISTINCT FROM $1::pg_catalog.text", from,
					to);
			return condition;
		default:
			return NULL;
	}
}

/* As far as the server sees that a conversion does nothing. */
static Node *
strip_nothing(Node *node)
{
	for (;;)
	{
		if (IsA(node, RelabelType))
			node = (Node *) ((RelabelType *) node)->arg;
		else if (IsA(node, CoerceToDomain) &&
				 !DomainHasConstraints(((CoerceToDomain *) node)->resulttype))
			node = (Node *) ((CoerceToDomain *) node)->arg;
		else
			return node;
	}
}

static void
ask_label(Preflight *pf, PreflightTable *table, const char *name, Node *value,
		  const PreflightType *type)
{
	StringInfoData labels;
	char	   *condition;
	ListCell   *lc;

	initStringInfo(&labels);
	foreach(lc, type->labels)
		appendStringInfo(&labels, "%s%s", labels.len > 0 ? ", " : "",
						 quote_literal_cstr(lfirst(lc)));
	condition = OidIsValid(get_element_type(exprType(value)))
					? psprintf("NOT pg_catalog.array_remove($1, NULL) OPERATOR(pg_catalog.<@)"
							   " ARRAY[%s]::pg_catalog.text[]",
							   labels.data)
					: psprintf("NOT $1 OPERATOR(pg_catalog.=) ANY (ARRAY[%s]::pg_catalog.text[])",
							   labels.data);
	(void) model_probe(pf, table, PREFLIGHT_FAILS,
					   psprintf("column \"%s\" has a label that enum %s will not have", name,
								quote_qualified_identifier(type->schema, type->name)),
					   "Give these rows another label before.",
					   analyse_condition(pf, table, condition, value, NULL),
					   analyse_shown(table, value));
}

static void
ask_domain(Preflight *pf, PreflightTable *table, const char *name, Node *value,
		   const PreflightType *type)
{
	ListCell   *lc;

	foreach(lc, type->checks)
	{
		const Constraint *constraint = lfirst(lc);
		Analysis a = {.pf = pf, .value = value, .place = EXPR_KIND_DOMAIN_CHECK, .boolean = true};
		Node	   *condition = NULL;

		if (constraint->contype == CONSTR_NOTNULL)
			condition = analyse_condition(pf, table, "$1 IS NOT DISTINCT FROM NULL", value, NULL);
		else if (constraint->contype != CONSTR_CHECK)
			continue;
		else if (analyse_raw(&a, constraint->raw_expr) && a.unknown == NULL)
			condition = analyse_condition(pf, table, "$1 IS FALSE", a.result, NULL);
		if (condition == NULL)
			model_unknown(
				pf, psprintf("it is not known whether values of column \"%s\" are of domain %s: %s",
							 name, type->name, a.unknown != NULL ? a.unknown : a.error));
		else
			(void) model_probe(pf, table, PREFLIGHT_FAILS,
							   psprintf("a value of column \"%s\" is not of domain %s", name,
										quote_qualified_identifier(type->schema, type->name)),
							   "Change these rows before, or the domain.", condition,
							   analyse_shown(table, value));
	}
}

static void
ask_made_types(Preflight *pf, PreflightTable *table, const char *name, const Analysis *to,
			   const PreflightType *made)
{
	if (made == NULL)
		return;
	if (made->base != NULL)
		ask_domain(pf, table, name, to->result, made);
	else
		ask_label(pf, table, name, to->result, made);
}

static void
ask_type(Preflight *pf, PreflightTable *table, const char *name, Node *from, const Analysis *to,
		 const TypeName *type)
{
	Node	   *loss;
	Node	   *vanished;
	PreflightProbe *probe;
	char	   *target = format_type_with_typemod(exprType(to->result), exprTypmod(to->result));

	ask_made_types(pf, table, name, to, model_type(pf, type->names));
	if (equal(strip_nothing(to->result), from))
		return;
	vanished = analyse_condition(
		pf, table, "$2 IS NOT DISTINCT FROM NULL AND $1 IS DISTINCT FROM NULL", from, to->result);
	loss = loss_condition(pf, table, from, to->result);
	if (loss != NULL)
		vanished = (Node *) makeBoolExpr(
			OR_EXPR,
			list_make2(vanished, make_andclause(list_make2(
									 loss, analyse_condition(pf, table, "$1 IS DISTINCT FROM NULL",
															 from, NULL)))),
			-1);
	probe =
		model_probe(pf, table, PREFLIGHT_LOSES,
					psprintf("a value of column \"%s\" is not the same as %s", name, target),
					"Change these rows before, or the type.", vanished, analyse_shown(table, from));
	probe->value = to->result;
	probe->raised_problem = psprintf("a value of column \"%s\" cannot become %s", name, target);
}

/* ---- ALTER COLUMN TYPE ---- */

void
columns_convert(Preflight *pf, PreflightTable *table, const char *name, ColumnDef *def)
{
	PreflightColumn *column = model_column(table, name);
	Analysis	a = {
		.pf = pf, .table = table, .place = EXPR_KIND_ALTER_COL_TRANSFORM, .to = def->typeName};
	Node	   *raw = def->raw_default;
	Node	   *from = column != NULL ? column->value : NULL;

	if (column == NULL || !OidIsValid(table->relid))
		return;
	if (raw == NULL)
	{
		ColumnRef  *ref = makeNode(ColumnRef);

		ref->fields = list_make1(makeString(pstrdup(name)));
		ref->location = -1;
		raw = (Node *) ref;
	}
	if (!analyse_raw(&a, raw))
		a.unknown = a.error;
	column->value = a.unknown == NULL ? a.result : NULL;
	column->made = model_type(pf, def->typeName->names);
	column->filled = false;
	if (a.unknown != NULL)
	{
		column->unknown = psprintf("how it is converted is not known: %s", a.unknown);
		model_unknown(
			pf, psprintf("it is not known whether values of column \"%s\" can be converted: %s",
						 name, a.unknown));
		return;
	}
	if (table->kind != RELKIND_RELATION)
		return;
	ask_type(pf, table, name, from, &a, def->typeName);
	if (!equal(strip_nothing(a.result), from))
		recheck_column(pf, table, column->attnum);
}

/* ---- ADD COLUMN ---- */

static const Constraint *
find_constraint(const ColumnDef *def, ConstrType type)
{
	ListCell   *lc;

	foreach(lc, def->constraints)
		if (lfirst_node(Constraint, lc)->contype == type)
			return lfirst(lc);
	return NULL;
}

static Node *
null_constant(void)
{
	A_Const	   *null = makeNode(A_Const);

	compat_set_null_constant(null);
	null->location = -1;
	return (Node *) null;
}

static bool
is_serial(const TypeName *type)
{
	static const char *const names[] = {"serial",  "serial4", "bigserial",
										"serial8", "serial2", "smallserial"};
	char	   *schema;
	char	   *name;

	model_split(type->names, &schema, &name);
	for (int i = 0; i < lengthof(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

/* A sequence, or what is random by design: each row has one, and no other has it. */
static bool
is_fresh(Node *value)
{
	static const char *const names[] = {"nextval", "gen_random_uuid", "uuidv4", "uuidv7", NULL};

	for (;;)
	{
		FuncExpr   *call;

		value = strip_nothing(value);
		if (!IsA(value, FuncExpr))
			return false;
		call = (FuncExpr *) value;
		for (int i = 0; names[i] != NULL; i++)
			if (call->funcid < FirstNormalObjectId &&
				strcmp(get_func_name(call->funcid), names[i]) == 0)
				return true;
		/* A sequence's number as another type of number. */
		if (call->funcformat != COERCE_IMPLICIT_CAST || call->args == NIL)
			return false;
		value = linitial(call->args);
	}
}

/* What the rows that are there get. */
static void
fill_column(Preflight *pf, PreflightTable *table, PreflightColumn *column, ColumnDef *def)
{
	const Constraint *generated = find_constraint(def, CONSTR_GENERATED);
	const Constraint *fallback = find_constraint(def, CONSTR_DEFAULT);
	Analysis	a = {.pf = pf,
				  .table = table,
				  .place =
					  generated != NULL ? EXPR_KIND_GENERATED_COLUMN : EXPR_KIND_COLUMN_DEFAULT,
				  .to = def->typeName};

	column->filled = find_constraint(def, CONSTR_IDENTITY) != NULL || is_serial(def->typeName);
	column->made = model_type(pf, def->typeName->names);
	column->unknown = "it is computed for each row";
	if (column->filled)
		return;
	if (generated == NULL)
		a.table = NULL;
	if (!analyse_raw(&a, generated != NULL	? generated->raw_expr
						 : fallback != NULL ? fallback->raw_expr
											: null_constant()))
		a.unknown = a.error;
	if (a.unknown != NULL)
	{
		column->unknown = a.unknown;
		if (generated != NULL)
			model_unknown(pf, psprintf("it is not known whether column \"%s\" can be computed: %s",
									   column->name, a.unknown));
	}
	else if (is_fresh(a.result))
		column->filled = true;
	else if (!contain_volatile_functions(a.result))
		column->value = a.result;
}

/* A value that is computed may raise, and so may one that is not of its domain. */
static void
ask_computed(Preflight *pf, PreflightTable *table, const PreflightColumn *column,
			 const ColumnDef *def)
{
	Analysis	a = {.result = column->value};
	char	   *problem =
		psprintf("column \"%s\" cannot be %s", column->name,
				 find_constraint(def, CONSTR_GENERATED) != NULL ? "computed" : "filled");

	if (column->value == NULL)
		return;
	ask_made_types(pf, table, column->name, &a, column->made);
	if (IsA(column->value, Const))
		return;
	model_probe(pf, table, PREFLIGHT_FAILS, problem, "Change these rows before, or the column.",
				analyse_condition(pf, table, "($1 IS NOT DISTINCT FROM NULL) IS UNKNOWN",
								  column->value, NULL),
				analyse_shown(table, column->value))
		->value = column->value;
}

void
columns_add(Preflight *pf, PreflightTable *table, ColumnDef *def)
{
	PreflightColumn *column;
	ListCell   *lc;

	if (model_column(table, def->colname) != NULL)
		return;
	column = model_add_column(table, def->colname);
	if (OidIsValid(table->relid))
		fill_column(pf, table, column, def);
	if (OidIsValid(table->relid) && table->kind == RELKIND_RELATION)
		ask_computed(pf, table, column, def);
	if (OidIsValid(table->relid) && table->kind != RELKIND_RELATION && !table->partitioned)
		return;
	if (def->is_not_null && table->kind == RELKIND_RELATION && OidIsValid(table->relid))
		constraints_not_null(pf, table, def->colname);
	foreach(lc, def->constraints)
	{
		Constraint *constraint = lfirst_node(Constraint, lc);

		/* What goes down to parts is asked when the command comes to them. */
		if (constraint->contype == CONSTR_NOTNULL && table->kind == RELKIND_RELATION &&
			OidIsValid(table->relid))
			constraints_not_null(pf, table, def->colname);
		else if (constraint->contype != CONSTR_NOTNULL && !table->part)
			constraints_add(pf, table, constraint, def->colname, false);
	}
}

/* ---- rows copied into a table that the plan has made ---- */

static ColumnDef *
find_definition(const CreateStmt *stmt, const char *name)
{
	ListCell   *lc;

	foreach(lc, stmt->tableElts)
		if (IsA(lfirst(lc), ColumnDef) && strcmp(((ColumnDef *) lfirst(lc))->colname, name) == 0)
			return lfirst(lc);
	return NULL;
}

static void
copy_column(Preflight *pf, PreflightTable *target, PreflightTable *source, ColumnDef *def,
			Node *raw)
{
	PreflightColumn *column = model_add_column(target, def->colname);
	Analysis	from = {.pf = pf, .table = source, .place = EXPR_KIND_SELECT_TARGET};
	Analysis	to = {
		.pf = pf, .table = source, .place = EXPR_KIND_SELECT_TARGET, .to = def->typeName};
	Node	   *plain = raw;

	while (IsA(plain, TypeCast))
		plain = ((TypeCast *) plain)->arg;
	if (!analyse_raw(&to, raw) || !analyse_raw(&from, plain) || to.unknown != NULL)
	{
		column->unknown = to.unknown != NULL ? to.unknown : to.error;
		if (column->unknown == NULL)
			column->unknown = from.error;
		model_unknown(
			pf, psprintf("it is not known whether values of column \"%s\" can be converted: %s",
						 def->colname, column->unknown));
		return;
	}
	column->value = to.result;
	column->made = model_type(pf, def->typeName->names);
	ask_type(pf, target, def->colname, from.result, &to, def->typeName);
}

/* All that the new table asks of its rows is asked of those that are copied. */
static void
ask_definition(Preflight *pf, PreflightTable *target, CreateStmt *definition, List *pending)
{
	ListCell   *lc;

	foreach(lc, definition->tableElts)
	{
		Node	   *element = lfirst(lc);
		ListCell   *lcc;

		if (IsA(element, Constraint))
			constraints_add(pf, target, (Constraint *) element, NULL, false);
		if (!IsA(element, ColumnDef))
			continue;
		if (model_column(target, ((ColumnDef *) element)->colname) == NULL)
			columns_add(pf, target, (ColumnDef *) element);
		else
			foreach(lcc, ((ColumnDef *) element)->constraints)
				constraints_add(pf, target, lfirst(lcc), ((ColumnDef *) element)->colname, false);
	}
	foreach(lc, pending)
	{
		Constraint *constraint = copyObject(lfirst(lc));

		/* Rows that come are checked, though those that were there are not. */
		constraint->skip_validation = false;
		constraints_add(pf, target, constraint, NULL, false);
	}
}

void
columns_copy(Preflight *pf, InsertStmt *stmt)
{
	SelectStmt *select = (SelectStmt *) stmt->selectStmt;
	PreflightTable *target = model_table(pf, stmt->relation);
	PreflightTable *source = NULL;
	CreateStmt *definition = target != NULL ? target->definition : NULL;
	List	   *pending;
	ListCell   *lc;
	ListCell   *lct;

	if (select != NULL && list_length(select->fromClause) == 1 &&
		IsA(linitial(select->fromClause), RangeVar))
		source = model_table(pf, linitial(select->fromClause));
	if (definition == NULL || source == NULL || source->partitioned ||
		list_length(stmt->cols) != list_length(select->targetList))
	{
		model_unknown(
			pf, "it is not known whether the rows that are copied meet what the new table asks");
		return;
	}
	if (definition->partspec != NULL)
		model_unknown(pf, "it is not known whether each row fits a partition of the new table");
	pending = target->pending;
	target->definition = NULL;
	target->pending = NIL;
	target->relid = source->relid;
	target->runner = source->runner;
	target->unknown = source->unknown;
	target->shown = source->shown;
	forboth(lc, stmt->cols, lct, select->targetList)
	{
		ColumnDef  *def = find_definition(definition, lfirst_node(ResTarget, lc)->name);

		if (def != NULL)
			copy_column(pf, target, source, def, lfirst_node(ResTarget, lct)->val);
	}
	ask_definition(pf, target, definition, pending);
}
