/*
 * selectionfilter.c
 *	  The filter of a backup schema's table, as SQL.
 *
 * It is somebody's text.  It is parsed and analysed as an expression, and what enters a
 * statement is what the server prints for that tree: nothing of the text itself does.
 */
#include "postgres.h"

#include "access/table.h"
#include "base/compat.h"
#include "base/query.h"
#include "data/select/selection.h"
#include "nodes/makefuncs.h"
#include "nodes/parsenodes.h"
#include "parser/parse_clause.h"
#include "parser/parse_collate.h"
#include "parser/parse_node.h"
#include "parser/parse_relation.h"
#include "parser/parser.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"

/* The only target of a SELECT that is nothing but one expression; or NULL. */
static Node *
lone_expression(const char *sql)
{
	List	   *statements = raw_parser(sql, RAW_PARSE_DEFAULT);
	SelectStmt *select;
	SelectStmt	bare = {.type = T_SelectStmt};
	ResTarget  *target;

	if (list_length(statements) != 1)
		return NULL;
	select = (SelectStmt *) linitial_node(RawStmt, statements)->stmt;
	if (!IsA(select, SelectStmt) || list_length(select->targetList) != 1)
		return NULL;
	target = linitial(select->targetList);
	bare.targetList = select->targetList;
	bare.limitOption = select->limitOption;
	/*
	 * Against a SELECT with nothing but a target list: FROM, WHERE, a set operation or a
	 * locking clause each make a difference.
	 */
	if (!equal(&bare, select) || target->name != NULL || target->indirection != NIL)
		return NULL;
	return target->val;
}

/*
 * The filter as an expression.  Alone and in parentheses it must be one: what
 * closes a parenthesis it did not open, or goes on with another clause, fails
 * one of the two.
 */
static Node *
parse_filter(const BackupTable *table)
{
	Node	   *expr = NULL;

	/* The line breaks end a comment of two dashes that the text may leave open. */
	if (lone_expression(psprintf("SELECT\n%s\n", table->filter)) != NULL)
		expr = lone_expression(psprintf("SELECT (\n%s\n)", table->filter));
	if (expr == NULL || IsA(expr, RowExpr))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the \"filter\" of table \"%s\" is not one expression", table->name)));
	return expr;
}

/* The filter as the server prints it, every name qualified and every column alias'. */
char *
selection_filter_text(const BackupTable *table, const char *alias)
{
	ParseState *pstate = make_parsestate(NULL);
	Relation	rel = table_open(table->rel->oid, AccessShareLock);
	ParseNamespaceItem *item =
		addRangeTableEntryForRelation(pstate, rel, AccessShareLock, NULL, true, true);
	Node	   *expr;
	char	   *text;
	int			nestlevel;

	addNSItemToQuery(pstate, item, true, true, true);
	expr = transformWhereClause(pstate, parse_filter(table), EXPR_KIND_WHERE, "filter");
	assign_expr_collations(pstate, expr);
	/*
	 * What it calls would run as the reader, while a schema in a file was written by
	 * anybody.
	 */
	relation_check_expression(expr);
	nestlevel = query_pin(PIN_PATH);
	text = deparse_expression(expr, deparse_context_for(alias, table->rel->oid), true, false);
	query_unpin(nestlevel);
	table_close(rel, NoLock);
	free_parsestate(pstate);
	return text;
}

/* The filter as the server prints it, about the alias t; NULL without one. */
char *
selection_filter(const BackupTable *table)
{
	return selection_filter_text(table, "t");
}
