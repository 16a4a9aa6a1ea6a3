/*
 * relation_code.c
 *	  What reading a relation runs, and whose that is.
 *
 * A table is data.  A view is a program, which its owner may put in the place of a
 * table at any time; a foreign table asks where its owner says.  Their functions run
 * with the rights of whoever reads them, so a reader takes only those of owners who
 * have his rights anyway.
 *
 * It assumes a lock on the relation named, and takes AccessShareLock on what is below
 * and behind it: what was looked at must not be replaced before it is read.  It never
 * evaluates anything, but for what relation_fold_indexes() has folded as the owner.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "access/transam.h"
#include "base/calls.h"
#include "base/compat.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parse_coerce.h"
#include "rewrite/prs2lock.h"
#include "rewrite/rewriteHandler.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/syscache.h"

/* A superuser has everybody's rights: his code is nobody's danger. */
static bool
is_foreign(Oid owner)
{
	return owner != GetUserId() && !has_privs_of_role(owner, GetUserId());
}

typedef struct ViewWalk
{
	Oid			view;
	Oid			found;
	bool	   *others;
} ViewWalk;

static Oid find_code(Oid relid, bool *others);
static bool is_foreign_type(Oid type);

/* What a domain is one of, which may be another; InvalidOid for other types. */
static Oid
domain_over(Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Oid			base;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for type %u", type);
	base = ((Form_pg_type) GETSTRUCT(tuple))->typbasetype;
	ReleaseSysCache(tuple);
	return base;
}

static bool
has_foreign_columns(Oid relid)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	bool		found = false;

	for (int i = 0; i < RelationGetNumberOfAttributes(rel) && !found; i++)
	{
		Form_pg_attribute att = TupleDescAttr(RelationGetDescr(rel), i);

		found = !att->attisdropped && is_foreign_type(att->atttypid);
	}
	relation_close(rel, AccessShareLock);
	return found;
}

/* Whether a value of the type, once made, may have met checks of somebody else's domain. */
static bool
is_foreign_type(Oid type)
{
	Oid			part;

	/* The server's own types have no checks that people wrote. */
	if (type < FirstNormalObjectId)
		return false;
	/* Types nest as deep as their author likes. */
	check_stack_depth();
	if (is_foreign(relation_type_owner(type)))
		return true;
	if (OidIsValid(part = get_element_type(type)) || OidIsValid(part = get_range_subtype(type)))
		return is_foreign_type(part);
	if (OidIsValid(part = get_multirange_range(type)))
		return is_foreign_type(part);
	if (OidIsValid(part = get_typ_typrelid(type)))
		return has_foreign_columns(part);
	part = domain_over(type);
	return OidIsValid(part) && is_foreign_type(part);
}

/*
 * What a column holds was made before.  A function's or cast's result, a row or a
 * constant is made while the query runs or is planned, and meets the checks of a domain
 * then.
 */
static bool
makes_foreign_value(Node *node)
{
	switch (nodeTag(node))
	{
		case T_Var:
		case T_Param:
		case T_Query:
		case T_RangeTblEntry:
			return false;
		case T_OpExpr:
		case T_DistinctExpr:
		case T_NullIfExpr:
			return is_foreign(relation_operator_owner(((OpExpr *) node)->opno));
		case T_ScalarArrayOpExpr:
			return is_foreign(relation_operator_owner(((ScalarArrayOpExpr *) node)->opno));
		case T_FuncExpr:
		case T_CoerceToDomain:
		case T_CoerceViaIO:
		case T_ArrayCoerceExpr:
		case T_ConvertRowtypeExpr:
		case T_RowExpr:
		case T_Const:
			return is_foreign_type(exprType(node));
		default:
			return compat_is_json_query(node) && is_foreign_type(exprType(node));
	}
}

/* The relations that a view reads, in subqueries and others' views too. */
static bool
find_code_read(Node *node, void *arg)
{
	ViewWalk   *walk = arg;

	if (node == NULL)
		return false;
	/*
	 * Noted and walked on: it only says that the reader's own code is not all there is,
	 * which the guard is told (calls_name_relation()).
	 */
	if (makes_foreign_value(node))
		*walk->others = true;
	if (IsA(node, RangeTblEntry))
	{
		RangeTblEntry *entry = (RangeTblEntry *) node;

		/* Its rule names the view itself, as OLD and NEW. */
		if (entry->rtekind == RTE_RELATION && entry->relid != walk->view)
			walk->found = find_code(entry->relid, walk->others);
		return OidIsValid(walk->found);
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, find_code_read, arg, QTW_EXAMINE_RTES_BEFORE);
	return expression_tree_walker(node, find_code_read, arg);
}

/*
 * A relation of code that is not the reader's, or InvalidOid; and whether any is others'.
 * A table of somebody else's is data, and only makes the reader's set mixed; his view or
 * foreign table is refused.  The lock stays: what has been looked at must be what is
 * read.
 */
static Oid
find_code(Oid relid, bool *others)
{
	Relation	rel = relation_open(relid, AccessShareLock);
	char		kind = rel->rd_rel->relkind;
	Oid			found = InvalidOid;

	if (is_foreign(rel->rd_rel->relowner))
	{
		*others = true;
		if (kind == RELKIND_VIEW || kind == RELKIND_FOREIGN_TABLE)
			found = relid;
	}
	if (kind == RELKIND_VIEW && !OidIsValid(found))
	{
		ViewWalk	walk = {.view = relid, .others = others};

		check_stack_depth();
		(void) find_code_read((Node *) get_view_query(rel), &walk);
		found = walk.found;
	}
	relation_close(rel, NoLock);
	return found;
}

static Oid
find_code_below(Oid relid, bool *others)
{
	Oid			found = find_code(relid, others);
	ListCell   *lc;

	/* What is below a table may be a foreign table, and another role's. */
	if (OidIsValid(found) || !has_subclass(relid))
		return found;
	foreach(lc, find_all_inheritors(relid, AccessShareLock, NULL))
		if (lfirst_oid(lc) != relid && OidIsValid(found = find_code(lfirst_oid(lc), others)))
			return found;
	return InvalidOid;
}

Oid
relation_find_code(Oid relid)
{
	bool		others = false;

	return find_code_below(relid, &others);
}

/* The rows of a materialized view are data like a table's; only to fill it runs its query. */
bool
relation_fills_from_others(Oid matview)
{
	Relation	rel = relation_open(matview, AccessShareLock);
	bool		others = false;
	ViewWalk	walk = {.view = matview, .others = &others};

	if (rel->rd_rel->relkind == RELKIND_MATVIEW && rel->rd_rules != NULL)
		(void) find_code_read((Node *) linitial(rel->rd_rules->rules[0]->actions), &walk);
	relation_close(rel, NoLock);
	return OidIsValid(walk.found);
}

static void
refuse_code(Oid found)
{
	if (!OidIsValid(found))
		return;
	ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					errmsg("%s \"%s\" belongs to another role",
						   get_rel_relkind(found) == RELKIND_VIEW ? "view" : "foreign table",
						   get_rel_name(found)),
					errdetail("What it calls would run with the rights of role \"%s\", which its "
							  "owner does not have.",
							  GetUserNameFromId(GetUserId(), false)),
					errhint("Act as its owner, or as a role whose rights he has.")));
}

bool
relation_check_code(Oid relid)
{
	bool		others = false;
	Oid			found = find_code_below(relid, &others);

	/*
	 * Named before it is refused: the guard has to know it even where somebody catches
	 * the error.
	 */
	calls_name_relation(!others);
	refuse_code(found);
	if (get_rel_relkind(relid) == RELKIND_VIEW)
		calls_forget_plans_once();
	return !others;
}

void
relation_check_expression(Node *expr)
{
	bool		others = false;
	ViewWalk	walk = {.others = &others};

	(void) find_code_read(expr, &walk);
	calls_name_relation(!others);
	refuse_code(walk.found);
	calls_forget_plans_once();
}

/*
 * A cast is looked up among those that people have made, and who owns a type may make
 * one to text.  Those of the server stay, for what indexes know of them.
 */
char *
relation_text(const char *expression, Oid type)
{
	Oid			function = InvalidOid;
	CoercionPathType path = find_coercion_pathway(TEXTOID, type, COERCION_EXPLICIT, &function);

	if (path != COERCION_PATH_FUNC || function < FirstNormalObjectId)
		return psprintf("%s::pg_catalog.text", expression);
	return psprintf("CASE WHEN %s IS DISTINCT FROM NULL THEN pg_catalog.format('%%s', %s) END",
					expression, expression);
}

static bool
has_expressions(Relation index)
{
	return !heap_attisnull(index->rd_indextuple, Anum_pg_index_indexprs, NULL) ||
		   !heap_attisnull(index->rd_indextuple, Anum_pg_index_indpred, NULL);
}

/* With children it is taken for granted, and no child is looked at. */
bool
relation_index_evaluates(Oid relid)
{
	Relation	rel;
	bool		found = false;
	ListCell   *lc;

	if (has_subclass(relid))
		return true;
	rel = relation_open(relid, AccessShareLock);
	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		found = found || has_expressions(index);
		index_close(index, NoLock);
	}
	relation_close(rel, NoLock);
	return found;
}

static void
fold_indexes(Relation rel)
{
	ListCell   *lc;

	foreach(lc, RelationGetIndexList(rel))
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (has_expressions(index))
		{
			(void) RelationGetIndexExpressions(index);
			(void) RelationGetIndexPredicate(index);
		}
		index_close(index, NoLock);
	}
}

/*
 * The planner evaluates what is constant in the expressions of a table's indexes, and
 * keeps the result: done before as the owner, as the server does to build them, it
 * is not done as the reader.
 */
void
relation_fold_indexes(Relation rel)
{
	Oid			user;
	int			context;
	int			nestlevel;

	if (!is_foreign(rel->rd_rel->relowner))
		return;
	/*
	 * A function in SQL finds what it names by the path: under the owner's rights that
	 * must not be the caller's.
	 */
	nestlevel = query_pin(PIN_PATH);
	GetUserIdAndSecContext(&user, &context);
	SetUserIdAndSecContext(rel->rd_rel->relowner,
						   context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	fold_indexes(rel);
	SetUserIdAndSecContext(user, context);
	query_unpin(nestlevel);
}
