/*
 * preflight_keys.c
 *	  Keys that steps make: unique, exclusion, foreign.
 *
 * What they ask takes more than one row to tell, so each of them is a statement of its own,
 * like the one that the server itself would run: rows grouped by the key, or joined with
 * the rows that they refer to.  Here they are only noted; preflight_pairs.c asks, when all
 * rows have been asked one by one.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parser.h"
#include "schema/preflight/preflight_analyse.h"
#include "schema/preflight/preflight_steps.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static PreflightKey *
new_key(Preflight *pf, KeyKind kind, PreflightTable *table, char *problem, char *hint)
{
	PreflightKey *key = palloc0(sizeof(PreflightKey));

	key->kind = kind;
	key->step = pf->step;
	key->table = table;
	key->problem = problem;
	key->hint = hint;
	return key;
}

static void
note_unknown(Preflight *pf, const PreflightKey *key, const char *why)
{
	model_unknown(pf, psprintf(PREFLIGHT_UNKNOWN_TEXT, key->problem, why));
}

/* ---- what a key is made of ---- */

/* Text in the place of an enum orders otherwise, but is equal where the enum is. */
static Node *
analyse_element(Preflight *pf, PreflightTable *table, Node *raw, ParseExprKind place,
				bool		live_names, bool boolean, char **why)
{
	Analysis	a = {
		.pf = pf, .table = table, .place = place, .live_names = live_names, .boolean = boolean};

	if (!analyse_raw(&a, raw))
		a.unknown = a.error;
	else if (a.unknown == NULL && a.made != NIL && !IsA(raw, ColumnRef))
		a.unknown = psprintf("it reads a value of type %s, which the plan makes",
							 ((PreflightType *) linitial(a.made))->name);
	if (a.unknown == NULL)
		return a.result;
	*why = a.unknown;
	return NULL;
}

static Node *
column_reference(const char *name)
{
	ColumnRef  *ref = makeNode(ColumnRef);

	ref->fields = list_make1(makeString(pstrdup(name)));
	ref->location = -1;
	return (Node *) ref;
}

static Node *
raw_element(const IndexElem *element)
{
	Node	   *raw = element->name != NULL ? column_reference(element->name) : element->expr;

	if (element->collation != NIL)
	{
		CollateClause *collate = makeNode(CollateClause);

		collate->arg = raw;
		collate->collname = element->collation;
		collate->location = -1;
		raw = (Node *) collate;
	}
	return raw;
}

/* An index's expressions are computed for each row, whether it is unique or not. */
static void
ask_computed(Preflight *pf, PreflightTable *table, const IndexStmt *stmt, Node *raw,
			 bool live_names)
{
	char	   *why = NULL;
	Node	   *value =
		analyse_element(pf, table, raw, EXPR_KIND_INDEX_EXPRESSION, live_names, false, &why);
	Node	   *predicate = NULL;
	Node	   *condition;

	if (stmt->whereClause != NULL && why == NULL)
		predicate = analyse_element(pf, table, stmt->whereClause, EXPR_KIND_INDEX_PREDICATE,
									live_names, true, &why);
	if (why != NULL)
	{
		model_unknown(pf, psprintf("it is not known whether the index can be computed: %s", why));
		return;
	}
	if (IsA(value, Var) && predicate == NULL)
		return;
	condition =
		predicate == NULL
			? analyse_condition(pf, table, "($1 IS NOT DISTINCT FROM NULL) IS UNKNOWN", value, NULL)
			: analyse_condition(pf, table,
								"CASE WHEN $2 THEN ($1 IS NOT DISTINCT FROM NULL) IS "
								"UNKNOWN ELSE false END",
								value, predicate);
	(void) model_probe(pf, table, PREFLIGHT_FAILS, "the index cannot be computed",
					   "Change these rows before, or the index.", condition,
					   analyse_shown(table, value));
}

static void
ask_expressions(Preflight *pf, PreflightTable *table, const IndexStmt *stmt, bool live_names)
{
	ListCell   *lc;
	ListCell   *lct;

	foreach(lct, model_rows(pf, table, table->partitioned && stmt->relation->inh))
		foreach(lc, stmt->indexParams)
			if (lfirst_node(IndexElem, lc)->expr != NULL || stmt->whereClause != NULL)
				ask_computed(pf, lfirst(lct), stmt, raw_element(lfirst(lc)), live_names);
}

/* Of the whole where it is partitioned: equal rows are in one partition, but so are its others. */
static void
add_unique(Preflight *pf, PreflightTable *table, List *elements, Node *where, bool nulls_equal,
		   bool live_names)
{
	PreflightKey *key = new_key(pf, KEY_UNIQUE, table, "rows have the same key",
								"Keep one row of each key before, or make it of other columns.");
	char	   *why = NULL;
	ListCell   *lc;

	key->nulls_equal = nulls_equal;
	foreach(lc, elements)
	{
		const IndexElem *element = lfirst(lc);
		PreflightColumn *column =
			element->name != NULL && !live_names ? model_column(table, element->name) : NULL;

		/* Where one part is another in each row, so is the whole. */
		if (column != NULL && column->filled)
			return;
		key->values = lappend(key->values,
							  analyse_element(pf, table, raw_element(element),
											  EXPR_KIND_INDEX_EXPRESSION, live_names, false, &why));
	}
	if (where != NULL)
		key->predicate =
			analyse_element(pf, table, where, EXPR_KIND_INDEX_PREDICATE, live_names, true, &why);
	if (why != NULL)
		note_unknown(pf, key, why);
	else
		pf->keys = lappend(pf->keys, key);
}

void
keys_index(Preflight *pf, IndexStmt *stmt, PreflightTable *table, bool live_names)
{
	if (!OidIsValid(table->relid) || table->kind == RELKIND_FOREIGN_TABLE ||
		(table->partitioned && !stmt->relation->inh))
		return;
	ask_expressions(pf, table, stmt, live_names);
	if (stmt->unique)
		add_unique(pf, table, stmt->indexParams, stmt->whereClause,
				   compat_statement_nulls_equal(stmt), live_names);
}

static IndexElem *
element_of(const char *column)
{
	IndexElem  *element = makeNode(IndexElem);

	element->name = pstrdup(column);
	return element;
}

static List *
elements_of(const Constraint *constraint, const char *column)
{
	List	   *elements = NIL;
	ListCell   *lc;

	foreach(lc, constraint->keys)
		elements = lappend(elements, element_of(strVal(lfirst(lc))));
	return elements == NIL && column != NULL ? list_make1(element_of(column)) : elements;
}

/* ---- exclusion ---- */

static char *
operator_text(List *names)
{
	StringInfoData text;
	ListCell   *lc;

	initStringInfo(&text);
	appendStringInfoString(&text, "OPERATOR(");
	foreach(lc, names)
		appendStringInfo(&text, "%s%s", lc == list_head(names) ? "" : ".",
						 lc == list_tail(names) ? strVal(lfirst(lc))
												: quote_identifier(strVal(lfirst(lc))));
	appendStringInfoChar(&text, ')');
	return text.data;
}

static void
add_exclusion(Preflight *pf, PreflightTable *table, Constraint *constraint, bool live_names)
{
	PreflightKey *key = new_key(pf, KEY_EXCLUSION, table, "rows exclude each other",
								"Change or delete one of each two before.");
	char	   *why = NULL;
	ListCell   *lc;

	foreach(lc, constraint->exclusions)
	{
		List	   *pair = lfirst(lc);

		key->values = lappend(key->values,
							  analyse_element(pf, table, raw_element(linitial(pair)),
											  EXPR_KIND_INDEX_EXPRESSION, live_names, false, &why));
		key->operators = lappend(key->operators, operator_text(lsecond(pair)));
	}
	if (constraint->where_clause != NULL)
		key->predicate = analyse_element(pf, table, constraint->where_clause,
										 EXPR_KIND_INDEX_PREDICATE, live_names, true, &why);
	if (why != NULL)
		note_unknown(pf, key, why);
	else
		pf->keys = lappend(pf->keys, key);
}

/* ---- foreign keys ---- */

/* Those of the primary key, where the command says none. */
static List *
target_names(const Constraint *constraint, const PreflightTable *target)
{
	RelationInfo *rel;
	List	   *names = NIL;

	if (constraint->pk_attrs != NIL || !OidIsValid(target->relid))
		return constraint->pk_attrs;
	rel = relation_read(target->relid);
	for (int i = 0; rel->primary_key != NULL && i < rel->primary_key->ncolumns; i++)
	{
		PreflightColumn *column = model_live_column(target, rel->primary_key->columns[i]);

		if (column != NULL)
			names = lappend(names, makeString(column->name));
	}
	return names;
}

static void
add_values(Preflight *pf, PreflightTable *table, List *names, bool live_names, List **values,
		   char **why)
{
	ListCell   *lc;

	foreach(lc, names)
		*values =
			lappend(*values, analyse_element(pf, table, column_reference(strVal(lfirst(lc))),
											 EXPR_KIND_INDEX_EXPRESSION, live_names, false, why));
}

/* Whether all of the values, or one of them, are null; with "NOT ", are there. */
static Node *
tests_of(Preflight *pf, PreflightTable *table, List *values, const char *negated, BoolExprType join)
{
	List	   *tests = NIL;
	ListCell   *lc;

	foreach(lc, values)
		tests = lappend(
			tests, analyse_condition(pf, table, psprintf("%s$1 IS NOT DISTINCT FROM NULL", negated),
									 lfirst(lc), NULL));
	return list_length(tests) == 1 ? linitial(tests) : (Node *) makeBoolExpr(join, tests, -1);
}

/* What the columns of one table that has rows are: a partition has them in places of its own. */
static List *
values_of(Preflight *pf, PreflightTable *table, List *names, bool live_names)
{
	List	   *values = NIL;
	char	   *why = NULL;

	add_values(pf, table, names, live_names, &values, &why);
	if (why != NULL)
		model_unknown(pf, psprintf("it is not known whether all of a reference is there: %s", why));
	return why != NULL ? NIL : values;
}

/* MATCH FULL: all are null or none.  Told of each row, so it needs no join. */
static void
ask_mixed_nulls(Preflight *pf, PreflightKey *key, List *names, bool live_names)
{
	ListCell   *lc;

	if (!key->match_full || list_length(names) < 2)
		return;
	foreach(lc, model_rows(pf, key->table, key->table->partitioned))
	{
		PreflightTable *table = lfirst(lc);
		List	   *values = values_of(pf, table, names, live_names);

		if (values == NIL)
			continue;
		(void) model_probe(
			pf, table, PREFLIGHT_FAILS, "a reference is null in part, which MATCH FULL refuses",
			"Set all of it to null, or none.",
			analyse_condition(pf, table, "$1 AND $2", tests_of(pf, table, values, "", OR_EXPR),
							  tests_of(pf, table, values, "NOT ", OR_EXPR)),
			analyse_shown(table, (Node *) values));
	}
}

/* Without a row there to refer to, each that refers to one is an orphan. */
static void
ask_references(Preflight *pf, PreflightKey *key, List *names, bool live_names)
{
	ListCell   *lc;

	foreach(lc, model_rows(pf, key->table, key->table->partitioned))
	{
		PreflightTable *table = lfirst(lc);
		List	   *values = values_of(pf, table, names, live_names);

		if (values != NIL)
			(void) model_probe(pf, table, PREFLIGHT_FAILS, key->problem, key->hint,
							   tests_of(pf, table, values, "NOT ", AND_EXPR),
							   analyse_shown(table, (Node *) values));
	}
}

static void
add_foreign(Preflight *pf, PreflightTable *table, Constraint *constraint, const char *column,
			bool live_names)
{
	PreflightKey *key = new_key(pf, KEY_FOREIGN, table, "a row refers to one that is not there",
								"Add the rows that are referred to before, or delete or change "
								"those that refer to them.");
	List	   *names = constraint->fk_attrs;
	char	   *why = NULL;
	ListCell   *lc;

	if (names == NIL && column != NULL)
		names = list_make1(makeString(pstrdup(column)));
	key->match_full = constraint->fk_matchtype == FKCONSTR_MATCH_FULL;
	key->target = model_table(pf, constraint->pktable);
	if (key->target == NULL)
		why = "the table that it refers to is not there yet";
	else
	{
		add_values(pf, table, names, live_names, &key->values, &why);
		if (OidIsValid(key->target->relid))
			add_values(pf, key->target, target_names(constraint, key->target), live_names,
					   &key->targets, &why);
	}
	if (why == NULL && compat_has_period(constraint))
		why = "a PERIOD is not looked at";
	foreach(lc, key->targets)
		key->operators = lappend(
			key->operators, why == NULL ? relation_equality(exprType(lfirst(lc))) : pstrdup(""));
	if (why == NULL && list_member_ptr(key->operators, NULL))
		why = "a type has no equality";
	if (why != NULL)
	{
		note_unknown(pf, key, why);
		return;
	}
	ask_mixed_nulls(pf, key, names, live_names);
	if (!OidIsValid(key->target->relid))
		ask_references(pf, key, names, live_names);
	else
		pf->keys = lappend(pf->keys, key);
}

void
keys_constraint(Preflight *pf, PreflightTable *table, Constraint *constraint, const char *column,
				bool live_names)
{
	if (!OidIsValid(table->relid) || table->kind == RELKIND_FOREIGN_TABLE ||
		constraint->indexname != NULL)
		return;
	if (compat_without_overlaps(constraint))
		model_unknown(pf, "it is not known whether ranges of one key overlap");
	else if (constraint->contype == CONSTR_FOREIGN)
		add_foreign(pf, table, constraint, column, live_names);
	else if (constraint->contype == CONSTR_EXCLUSION)
		add_exclusion(pf, table, constraint, live_names);
	else
		add_unique(pf, table, elements_of(constraint, column), NULL,
				   compat_statement_nulls_equal(constraint), live_names);
}
