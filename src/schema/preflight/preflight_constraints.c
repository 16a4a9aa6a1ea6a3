/*
 * preflight_constraints.c
 *	  Constraints, wherever they are said.
 *
 * One that goes down to partitions and heirs is taken for each of them: its expressions
 * name columns, and are read anew for every table.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "parser/parser.h"
#include "schema/preflight/preflight_analyse.h"
#include "schema/preflight/preflight_steps.h"
#include "utils/builtins.h"

/* ---- conditions on one row ---- */

void
constraints_not_null(Preflight *pf, PreflightTable *table, const char *name)
{
	PreflightColumn *column = model_column(table, name);
	Node	   *condition;

	if (column == NULL || column->filled)
		return;
	if (column->value == NULL)
	{
		model_unknown(pf, psprintf("it is not known whether column \"%s\" is null: %s", name,
								   column->unknown));
		return;
	}
	condition = analyse_condition(pf, table, "$1 IS NOT DISTINCT FROM NULL", column->value, NULL);
	(void) model_probe(pf, table, PREFLIGHT_FAILS, psprintf("column \"%s\" is null", name),
					   "Give these rows a value before.", condition,
					   analyse_shown(table, column->value));
}

/* Where an enum or domain that the plan makes is read as what stands for it, nothing is told. */
static void
check(Preflight *pf, PreflightTable *table, Constraint *constraint, bool live_names)
{
	Analysis	a = {.pf = pf,
				  .table = table,
				  .place = EXPR_KIND_CHECK_CONSTRAINT,
				  .boolean = true,
				  .live_names = live_names};
	char	   *what =
		constraint->conname != NULL ? psprintf("check \"%s\"", constraint->conname) : "the check";
	PreflightProbe *probe;

	if (!analyse_raw(&a, constraint->raw_expr))
		a.unknown = a.error;
	else if (a.unknown == NULL && a.made != NIL)
		a.unknown = psprintf("it reads a value of type %s, which the plan makes",
							 ((PreflightType *) linitial(a.made))->name);
	if (a.unknown != NULL)
	{
		model_unknown(pf, psprintf("it is not known whether rows meet %s: %s", what, a.unknown));
		return;
	}
	probe = model_probe(pf, table, PREFLIGHT_FAILS, psprintf("%s is not met", what),
						"Change these rows before, or the check.",
						analyse_condition(pf, table, "$1 IS FALSE", a.result, NULL),
						analyse_shown(table, a.result));
	probe->raised_problem = psprintf("%s cannot be evaluated", what);
}

static void
check_rows(Preflight *pf, PreflightTable *table, Constraint *constraint, bool live_names)
{
	ListCell   *lc;

	foreach(lc, model_rows(pf, table, !constraint->is_no_inherit))
		check(pf, lfirst(lc), constraint, live_names);
}

void
constraints_not_null_rows(Preflight *pf, PreflightTable *table, const char *column, bool inherits)
{
	ListCell   *lc;

	foreach(lc, model_rows(pf, table, inherits))
		constraints_not_null(pf, lfirst(lc), column);
}

/* ---- constraints ---- */

/* NOT NULL of 18 has its column among the keys. */
static const char *
not_null_column(const Constraint *constraint, const char *column)
{
	if (column == NULL && constraint->keys != NIL)
		return strVal(linitial(constraint->keys));
	return column;
}

static bool
is_later(const PreflightTable *table, const Constraint *constraint)
{
	if (table->definition != NULL)
		return true;
	return constraint->skip_validation && constraint->conname != NULL;
}

void
constraints_add(Preflight *pf, PreflightTable *table, Constraint *constraint, const char *column,
				bool live_names)
{
	ListCell   *lc;

	if (is_later(table, constraint) || constraint->skip_validation)
	{
		table->pending = lappend(table->pending, constraint);
		return;
	}
	switch (constraint->contype)
	{
		case CONSTR_CHECK:
			check_rows(pf, table, constraint, live_names);
			break;
		case CONSTR_NOTNULL:
			constraints_not_null_rows(pf, table, not_null_column(constraint, column), true);
			break;
		case CONSTR_PRIMARY:
			if (column != NULL && constraint->keys == NIL)
				constraints_not_null_rows(pf, table, column, true);
			foreach(lc, constraint->keys)
				constraints_not_null_rows(pf, table, strVal(lfirst(lc)), true);
			keys_constraint(pf, table, constraint, column, live_names);
			break;
		case CONSTR_UNIQUE:
		case CONSTR_EXCLUSION:
		case CONSTR_FOREIGN:
			keys_constraint(pf, table, constraint, column, live_names);
			break;
		default:
			break;
	}
}

typedef struct Found
{
	MemoryContext cxt;
	char	   *definition;
} Found;

static bool
take_definition(TupleTableSlot *slot, void *arg)
{
	Found	   *found = arg;
	bool		isnull;
	Datum		value = slot_getattr(slot, 1, &isnull);
	MemoryContext oldcxt = MemoryContextSwitchTo(found->cxt);

	found->definition = TextDatumGetCString(value);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

char *
constraints_live(Oid table, Oid domain, const char *name)
{
	Oid			types[] = {OIDOID, OIDOID, TEXTOID};
	Datum values[] = {ObjectIdGetDatum(table), ObjectIdGetDatum(domain), CStringGetTextDatum(name)};
	Found		found = {.cxt = CurrentMemoryContext};
	int			nestlevel = query_pin(PIN_PATH);

	query_run("SELECT pg_get_constraintdef(oid) FROM pg_constraint"
			  " WHERE conrelid = $1 AND contypid = $2 AND conname = $3",
			  3, types, values, NULL, true, take_definition, &found);
	query_unpin(nestlevel);
	return found.definition;
}

/* Whatever the catalog prints can be said in ALTER TABLE. */
Constraint *
constraints_read(const char *name, const char *definition)
{
	List	   *stmts = raw_parser(
			  psprintf("ALTER TABLE t ADD CONSTRAINT %s %s", quote_identifier(name), definition),
			  RAW_PARSE_DEFAULT);
	AlterTableStmt *stmt = (AlterTableStmt *) linitial_node(RawStmt, stmts)->stmt;
	Constraint *constraint = (Constraint *) linitial_node(AlterTableCmd, stmt->cmds)->def;

	constraint->skip_validation = false;
	return constraint;
}
