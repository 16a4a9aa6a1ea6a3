/*
 * paramtypes.c
 *	  Refuses a prepared statement whose parameters would have other types today.
 *
 * The server takes the types of parameters from a statement's text once, when it is
 * prepared, and keeps them when the statement is analyzed again because a table changed:
 * a comparison then runs on values read as what the column no longer is, without an
 * error.  A statement that ends with the comment below asks for another: whenever it is
 * analyzed again, its types are taken from the text anew, and if they are not those it
 * was prepared with, it fails before it has touched a row.
 *
 * The server forgets what it has planned for most changes, but of a function or type
 * only when the plan has that very one in it.  One that is new may be meant by the text
 * as well, so here every change of these counts.
 */
#include "postgres.h"

#include "base/compat.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "parser/parse_node.h"
#include "parser/parse_param.h"
#include "session/paramtypes.h"
#include "tcop/tcopprot.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/plancache.h"
#include "utils/syscache.h"

/* The client writes it: client/src/postgres/connsend.c. */
#define MARK "\n/* db_adapter: types as in the text */"

static post_parse_analyze_hook_type next_analyze_hook = NULL;
static bool inferring = false;

/* What the server takes types from the text with, at the first analysis. */
static ParseParamRefHook first_analysis;

typedef struct Inferred
{
	Oid		   *types;
	int			count;
} Inferred;

/* The name is what the client knows the refusal by. */
static void
paramtypes_refuse(const Param *param, Oid type)
{
	ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
					errmsg("the type of parameter $%d changed after the statement was prepared",
						   param->paramid),
					errdetail("It was %s and is %s.", format_type_be(param->paramtype),
							  OidIsValid(type) ? format_type_be(type) : "not known"),
					errhint("Begin the transaction again.")));
}

static bool
compare_params(Node *node, void *arg)
{
	const Inferred *inferred = arg;

	if (node == NULL)
		return false;
	if (IsA(node, Param))
	{
		const Param *param = (const Param *) node;
		Oid			type = InvalidOid;

		if (param->paramkind != PARAM_EXTERN)
			return false;
		if (param->paramid <= inferred->count)
			type = inferred->types[param->paramid - 1];
		if (type != param->paramtype)
			paramtypes_refuse(param, type);
		return false;
	}
	if (IsA(node, Query))
		return query_tree_walker((Query *) node, compare_params, arg, 0);
	return expression_tree_walker(node, compare_params, arg);
}

static void
compare_types(const char *sql, Query *query)
{
	List	   *statements = pg_parse_query(sql);
	Inferred	inferred = {NULL, 0};

	if (list_length(statements) != 1)
		return;
	inferring = true;
	PG_TRY();
	{
		(void) compat_analyze_inferring(linitial(statements), sql, &inferred.types,
										&inferred.count);
	}
	PG_FINALLY();
	{
		inferring = false;
	}
	PG_END_TRY();
	(void) compare_params((Node *) query, &inferred);
}

static bool
is_marked(const char *sql)
{
	size_t		len = sql != NULL ? strlen(sql) : 0;

	return len >= strlen(MARK) && strcmp(sql + len - strlen(MARK), MARK) == 0;
}

static void
check_analyzed(ParseState *pstate, Query *query, JumbleState *jumble)
{
	if (next_analyze_hook)
		next_analyze_hook(pstate, query, jumble);
	if (!inferring && pstate->p_paramref_hook != NULL &&
		pstate->p_paramref_hook != first_analysis && is_marked(pstate->p_sourcetext))
		compare_types(pstate->p_sourcetext, query);
}

static void
forget_plans(Datum arg, int cache, uint32 hash)
{
	ResetPlanCache();
}

void
paramtypes_watch(void)
{
	static bool watching = false;
	ParseState *pstate;
	Inferred	none = {NULL, 0};

	if (watching)
		return;
	pstate = make_parsestate(NULL);
	compat_infer_parameters(pstate, &none.types, &none.count);
	first_analysis = pstate->p_paramref_hook;
	free_parsestate(pstate);
	next_analyze_hook = post_parse_analyze_hook;
	post_parse_analyze_hook = check_analyzed;
	CacheRegisterSyscacheCallback(TYPEOID, forget_plans, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, forget_plans, (Datum) 0);
	CacheRegisterSyscacheCallback(CASTSOURCETARGET, forget_plans, (Datum) 0);
	watching = true;
}
