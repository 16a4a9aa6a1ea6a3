/*
 * preflight_bounds.c
 *	  Rows, and the bounds of the partitions that they are to be in.
 *
 * A table that becomes a partition may hold rows that are outside of its bounds, and the
 * default partition rows that belong to a new one.  The server's own condition is asked of
 * them.  Bounds are expressions, which are evaluated when they are read: as the owner of
 * the partitioned table.
 */
#include "postgres.h"

#include "access/table.h"
#include "base/compat.h"
#include "base/query.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_node.h"
#include "parser/parse_utilcmd.h"
#include "partitioning/partbounds.h"
#include "partitioning/partdesc.h"
#include "schema/preflight/preflight_analyse.h"
#include "schema/preflight/preflight_reader.h"
#include "schema/preflight/preflight_steps.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

typedef struct Bounds
{
	PreflightTable *parent;
	PartitionBoundSpec *spec;
	Node	   *condition;		/* over the parent's row: it fits */
	Oid			fallback;		/* the default partition, or InvalidOid */
} Bounds;

static void
read_bounds(void *arg)
{
	Bounds	   *bounds = arg;
	Relation	rel = table_open(bounds->parent->relid, AccessShareLock);
	PartitionBoundSpec *spec =
		transformPartitionBound(make_parsestate(NULL), rel, copyObject(bounds->spec));
	List	   *qual = compat_partition_qual(rel, rel, spec);

	bounds->fallback = get_default_oid_from_partdesc(RelationGetPartitionDesc(rel, true));
	bounds->condition = qual != NIL ? (Node *) make_ands_explicit(qual) : NULL;
	table_close(rel, AccessShareLock);
}

static bool
find_bounds(Preflight *pf, Bounds *bounds)
{
	Reader		reader = {.table = bounds->parent, .body = read_bounds, .arg = bounds};
	ErrorData  *error;

	if (bounds->parent->unknown != NULL)
	{
		model_unknown(pf, bounds->parent->unknown);
		return false;
	}
	if (bounds->parent->divided && bounds->spec->is_default)
	{
		model_unknown(
			pf,
			"it is not known which rows belong to the default partition is known when the others "
			"are there");
		return false;
	}
	error = reader_run(&reader);
	if (error != NULL)
		model_unknown(pf,
					  psprintf("it is not known whether rows fit the bounds: %s", error->message));
	return error == NULL;
}

/* ---- the condition for the rows of another table ---- */

typedef struct Move
{
	const PreflightTable *from;
	const PreflightTable *to;
	bool		failed;
} Move;

/* By the names that columns have when the step runs. */
static Node *
move_columns(Node *node, void *arg)
{
	Move	   *move = arg;

	if (node == NULL)
		return NULL;
	if (IsA(node, Var))
	{
		PreflightColumn *from = model_live_column(move->from, ((Var *) node)->varattno);
		PreflightColumn *to = from != NULL ? model_column(move->to, from->name) : NULL;

		if (to != NULL && to->value != NULL && exprType(to->value) == ((Var *) node)->vartype)
			return copyObject(to->value);
		move->failed = true;
		return node;
	}
	return expression_tree_mutator(node, move_columns, arg);
}

static void
ask_rows(Preflight *pf, const Bounds *bounds, PreflightTable *table, const char *condition,
		 char *problem, char *hint)
{
	ListCell   *lc;

	foreach(lc, model_rows(pf, table, true))
	{
		PreflightTable *part = lfirst(lc);
		Move		move = {.from = bounds->parent, .to = part};
		Node	   *fits = move_columns(bounds->condition, &move);

		if (move.failed)
			model_unknown(
				pf, "it is not known whether rows fit the bounds: a column of the key is converted "
					"before");
		else
			(void) model_probe(pf, part, PREFLIGHT_FAILS, problem, hint,
							   analyse_condition(pf, part, condition, fits, NULL),
							   analyse_shown(part, fits));
	}
}

/* Rows of the default partition that a new one takes. */
static void
ask_default(Preflight *pf, const Bounds *bounds)
{
	PreflightTable *table;

	if (!OidIsValid(bounds->fallback) || bounds->spec->is_default)
		return;
	LockRelationOid(bounds->fallback, AccessShareLock);
	table = model_table_of(pf, bounds->fallback, true);
	ask_rows(pf, bounds, table, "$1",
			 psprintf("a row of the default partition %s belongs to the new one",
					  quote_qualified_identifier(table->schema, table->name)),
			 "Move these rows out of the default partition before.");
}

void
bounds_attach(Preflight *pf, PreflightTable *parent, PartitionCmd *cmd)
{
	Bounds		bounds = {.parent = parent, .spec = cmd->bound};
	PreflightTable *table = model_table(pf, cmd->name);

	if (table == NULL || !OidIsValid(parent->relid))
	{
		model_unknown(pf,
					  "it is not known whether rows fit the bounds: the table is not there yet");
		return;
	}
	if (!OidIsValid(table->relid) && !find_bounds(pf, &bounds))
		return;
	if (OidIsValid(table->relid))
	{
		if (!find_bounds(pf, &bounds))
			return;
		if (bounds.condition != NULL)
			ask_rows(pf, &bounds, table, "$1 IS FALSE", "a row is outside of the bounds",
					 "Move these rows before, or change the bounds.");
	}
	if (bounds.condition != NULL && bounds.fallback != table->relid)
		ask_default(pf, &bounds);
	parent->divided = true;
}

void
bounds_create(Preflight *pf, CreateStmt *stmt)
{
	PreflightTable *parent = model_table(pf, linitial_node(RangeVar, stmt->inhRelations));
	Bounds		bounds = {.parent = parent, .spec = stmt->partbound};

	/* One that the plan makes has no rows to look at. */
	if (parent == NULL || !OidIsValid(parent->relid) || !parent->partitioned)
		return;
	parent->divided = true;
	if (stmt->partbound->is_default || !find_bounds(pf, &bounds))
		return;
	if (bounds.condition != NULL)
		ask_default(pf, &bounds);
}
