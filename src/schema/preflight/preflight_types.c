/*
 * preflight_types.c
 *	  Types that a plan makes, and domains that change under columns that have them.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_type.h"
#include "schema/preflight/preflight_analyse.h"
#include "schema/preflight/preflight_steps.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static PreflightType *
make_type(Preflight *pf, List *names)
{
	PreflightType *type = palloc0(sizeof(PreflightType));

	model_split(names, &type->schema, &type->name);
	if (type->schema != NULL)
		pf->types = lcons(type, pf->types);
	return type;
}

void
types_make_enum(Preflight *pf, CreateEnumStmt *stmt)
{
	PreflightType *type = make_type(pf, stmt->typeName);
	ListCell   *lc;

	foreach(lc, stmt->vals)
		type->labels = lappend(type->labels, strVal(lfirst(lc)));
}

void
types_make_domain(Preflight *pf, CreateDomainStmt *stmt)
{
	PreflightType *type = make_type(pf, stmt->domainname);

	type->base = stmt->typeName;
	type->checks = stmt->constraints;
}

/* ---- columns of a domain ---- */

typedef struct Use
{
	Oid			relid;
	AttrNumber	attnum;
} Use;

typedef struct Uses
{
	MemoryContext cxt;
	List	   *list;			/* Use * */
} Uses;

static bool
take_use(TupleTableSlot *slot, void *arg)
{
	Uses	   *uses = arg;
	Use		   *use = MemoryContextAlloc(uses->cxt, sizeof(Use));
	MemoryContext oldcxt = MemoryContextSwitchTo(uses->cxt);

	slot_getallattrs(slot);
	use->relid = DatumGetObjectId(slot->tts_values[0]);
	use->attnum = DatumGetInt16(slot->tts_values[1]);
	uses->list = lappend(uses->list, use);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* Columns of it, and of domains over it, wherever they are: the server looks at all. */
static List *
find_uses(Oid domain)
{
	Oid			types[] = {OIDOID};
	Datum		values[] = {ObjectIdGetDatum(domain)};
	Uses		uses = {.cxt = CurrentMemoryContext};
	int			nestlevel = query_pin(PIN_PATH);

	query_run("WITH RECURSIVE d (oid) AS (SELECT $1 UNION"
			  " SELECT t.oid FROM d JOIN pg_type t ON t.typbasetype = d.oid AND t.typtype = 'd')"
			  " SELECT a.attrelid, a.attnum FROM d JOIN pg_attribute a ON a.atttypid = d.oid"
			  "   JOIN pg_class c ON c.oid = a.attrelid"
			  "  WHERE NOT a.attisdropped AND a.attnum > 0 AND c.relkind IN ('r', 'm')"
			  "  ORDER BY 1, 2",
			  1, types, values, NULL, true, take_use, &uses);
	query_unpin(nestlevel);
	return uses.list;
}

/* What VALUE is in a check: the base type's. */
static Node *
base_value(Node *value)
{
	int32		typmod = exprTypmod(value);
	Oid			base = getBaseTypeAndTypmod(exprType(value), &typmod);

	return (Node *) makeRelabelType((Expr *) value, base, typmod, exprCollation(value),
									COERCE_IMPLICIT_CAST);
}

static void
ask_column(Preflight *pf, PreflightTable *table, const PreflightColumn *column,
		   const Constraint *constraint, const char *domain)
{
	Analysis	a = {.pf = pf, .place = EXPR_KIND_DOMAIN_CHECK, .boolean = true};
	char	   *problem =
		psprintf("a value of column \"%s\" of table %s is not of domain %s", column->name,
				 quote_qualified_identifier(table->schema, table->name), domain);
	Node	   *condition = NULL;

	a.value = base_value(column->value);
	if (constraint == NULL || constraint->contype == CONSTR_NOTNULL)
		condition =
			analyse_condition(pf, table, "$1 IS NOT DISTINCT FROM NULL", column->value, NULL);
	else if (analyse_raw(&a, constraint->raw_expr) && a.unknown == NULL)
		condition = analyse_condition(pf, table, "$1 IS FALSE", a.result, NULL);
	if (condition == NULL)
		model_unknown(
			pf, psprintf(PREFLIGHT_UNKNOWN_TEXT, problem, a.unknown != NULL ? a.unknown : a.error));
	else
		(void) model_probe(pf, table, PREFLIGHT_FAILS, problem,
						   "Change these rows before, or the domain.", condition,
						   analyse_shown(table, column->value));
}

/* A column that a step before has made of another type is none of the domain any more. */
static void
ask_domain(Preflight *pf, Oid domain, const Constraint *constraint)
{
	ListCell   *lc;

	foreach(lc, find_uses(domain))
	{
		const Use  *use = lfirst(lc);
		PreflightTable *table;
		PreflightColumn *column;

		LockRelationOid(use->relid, AccessShareLock);
		if (get_rel_relkind(use->relid) == '\0')
			continue;
		table = model_table_of(pf, use->relid, false);
		column = model_live_column(table, use->attnum);
		if (column != NULL && column->value != NULL && IsA(column->value, Var))
			ask_column(pf, table, column, constraint, format_type_be(domain));
	}
}

/* ---- ALTER DOMAIN ---- */

static Constraint *
find_added(const Preflight *pf, const char *domain, const char *name)
{
	ListCell   *lc;

	foreach(lc, pf->domain_checks)
	{
		Constraint *constraint = lsecond(lfirst(lc));

		if (strcmp(strVal(linitial(lfirst(lc))), domain) == 0 && constraint->conname != NULL &&
			strcmp(constraint->conname, name) == 0)
			return constraint;
	}
	return NULL;
}

static Constraint *
find_live(Oid domain, const char *name)
{
	char	   *definition = constraints_live(InvalidOid, domain, name);

	return definition != NULL ? constraints_read(name, definition) : NULL;
}

static void
add_check(Preflight *pf, Oid domain, const char *name, Constraint *constraint)
{
	if (constraint->skip_validation)
		pf->domain_checks =
			lappend(pf->domain_checks, list_make2(makeString(pstrdup(name)), constraint));
	else
		ask_domain(pf, domain, constraint);
}

static void
validate(Preflight *pf, Oid domain, const char *name, const char *constraint_name)
{
	Constraint *constraint = find_added(pf, name, constraint_name);

	if (constraint == NULL)
		constraint = find_live(domain, constraint_name);
	if (constraint == NULL)
		model_unknown(pf, psprintf("constraint \"%s\" is not there yet", constraint_name));
	else
		ask_domain(pf, domain, constraint);
}

/* A domain that the plan makes has checks more; a live one is asked of all its columns. */
void
types_alter_domain(Preflight *pf, AlterDomainStmt *stmt)
{
	PreflightType *made = model_type(pf, stmt->typeName);
	TypeName   *type = makeTypeNameFromNameList(stmt->typeName);
	char	   *name = NameListToString(stmt->typeName);
	Oid			domain;

	if (made != NULL)
	{
		if (stmt->subtype == 'C')
			made->checks = lappend(made->checks, stmt->def);
		return;
	}
	if (strchr("COV", stmt->subtype) == NULL)
		return;
	domain = LookupTypeNameOid(NULL, type, true);
	if (!OidIsValid(domain))
		model_unknown(pf, psprintf("domain %s is not there yet", name));
	else if (stmt->subtype == 'C')
		add_check(pf, domain, name, (Constraint *) stmt->def);
	else if (stmt->subtype == 'O')
		ask_domain(pf, domain, NULL);
	else
		validate(pf, domain, name, stmt->name);
}
