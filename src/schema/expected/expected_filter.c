/*
 * expected_filter.c
 *	  Queries that ask the catalogs, and are not to find what was swapped away.
 *
 * Names that statements use are looked up by schema, and so lead to what the text has
 * made.  A DO block may also look into the catalogs before it makes something, mostly
 * for a name in any schema: IF NOT EXISTS (SELECT FROM pg_constraint WHERE conname =
 * ...).  Rows there could be renamed or deleted like others in the swap, but whoever
 * alters such an object meanwhile would wait for us.  So not the rows change but the
 * queries: each table of the catalogs that they read gets a condition, as row security
 * would give it one.  Views of the catalogs are opened by then.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/catalog.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "parser/parser.h"
#include "rewrite/rewriteManip.h"
#include "schema/expected/expected_filter.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"

/* Which schema a row is about: its own, or that of the row it refers to. */
typedef struct FilteredCatalog
{
	const char *name;
	const char *column;
	const char *refers_to;		/* NULL: column is the schema */
	const char *schema;			/* of the row referred to */
} FilteredCatalog;

#define OF_RELATION(name, column)                                                                  \
	{                                                                                              \
		name, column, "pg_class", "relnamespace"                                                   \
	}

static const FilteredCatalog filtered[] = {
	{"pg_namespace", "oid"},
	{"pg_class", "relnamespace"},
	{"pg_type", "typnamespace"},
	{"pg_proc", "pronamespace"},
	{"pg_constraint", "connamespace"},
	{"pg_operator", "oprnamespace"},
	{"pg_opclass", "opcnamespace"},
	{"pg_opfamily", "opfnamespace"},
	{"pg_collation", "collnamespace"},
	{"pg_conversion", "connamespace"},
	{"pg_statistic_ext", "stxnamespace"},
	{"pg_ts_config", "cfgnamespace"},
	{"pg_ts_dict", "dictnamespace"},
	{"pg_ts_parser", "prsnamespace"},
	{"pg_ts_template", "tmplnamespace"},
	{"pg_default_acl", "defaclnamespace"},
	OF_RELATION("pg_attribute", "attrelid"),
	OF_RELATION("pg_attrdef", "adrelid"),
	OF_RELATION("pg_index", "indrelid"),
	OF_RELATION("pg_trigger", "tgrelid"),
	OF_RELATION("pg_policy", "polrelid"),
	OF_RELATION("pg_rewrite", "ev_class"),
	OF_RELATION("pg_inherits", "inhrelid"),
	OF_RELATION("pg_sequence", "seqrelid"),
	OF_RELATION("pg_partitioned_table", "partrelid"),
	OF_RELATION("pg_foreign_table", "ftrelid"),
	OF_RELATION("pg_statistic", "starelid"),
	{"pg_enum", "enumtypid", "pg_type", "typnamespace"},
	{"pg_range", "rngtypid", "pg_type", "typnamespace"},
	{"pg_aggregate", "aggfnoid", "pg_proc", "pronamespace"},
};

/* Rows about objects of any catalog: column holds the object's oid, class its catalog's. */
static const struct
{
	const char *name;
	const char *column;
	const char *class;
} described[] = {
	{"pg_description", "objoid", "classoid"},
	{"pg_depend", "objid", "classid"},
};

typedef struct Filter
{
	const char *schemas;		/* as the array's literal */
} Filter;

/* By oid: the names are those of the swap, and go with it. */
static char *
schemas_literal(List *schemas)
{
	StringInfoData out;
	ListCell   *lc;

	initStringInfo(&out);
	foreach(lc, schemas)
		appendStringInfo(&out, "%s%u", out.len > 0 ? "," : "", lfirst_oid(lc));
	return psprintf("'{%s}'::pg_catalog.oid[]", out.data);
}

/* Whether the row is about what is in the schemas, as SQL. */
static char *
condition_of(const Filter *filter, const FilteredCatalog *c)
{
	if (c->refers_to == NULL)
		return psprintf("%s OPERATOR(pg_catalog.=) ANY (%s)", c->column, filter->schemas);
	return psprintf("%s OPERATOR(pg_catalog.=) ANY (SELECT r.oid FROM pg_catalog.%s r "
					"WHERE r.%s OPERATOR(pg_catalog.=) ANY (%s))",
					c->column, c->refers_to, c->schema, filter->schemas);
}

/*
 * One branch for each catalog whose rows tell their schema themselves; what is said
 * about parts of an object is kept under the whole's oid.
 */
static char *
description_condition(const Filter *filter, const char *column, const char *class)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < lengthof(filtered); i++)
	{
		const FilteredCatalog *c = &filtered[i];

		if (c->refers_to == NULL && strcmp(c->column, "oid") != 0)
			appendStringInfo(&out,
							 "%s%s OPERATOR(pg_catalog.=) 'pg_catalog.%s'::pg_catalog.regclass AND "
							 "%s OPERATOR(pg_catalog.=) ANY (SELECT r.oid FROM pg_catalog.%s r "
							 "WHERE r.%s OPERATOR(pg_catalog.=) ANY (%s))",
							 out.len > 0 ? " OR " : "", class, c->name, column, c->name, c->column,
							 filter->schemas);
	}
	return out.data;
}

/* The condition of a table of the catalogs, or NULL where none of its rows is filtered. */
static char *
find_condition(const Filter *filter, const char *name)
{
	for (int i = 0; i < lengthof(filtered); i++)
		if (strcmp(filtered[i].name, name) == 0)
			return condition_of(filter, &filtered[i]);
	for (int i = 0; i < lengthof(described); i++)
		if (strcmp(described[i].name, name) == 0)
			return description_condition(filter, described[i].column, described[i].class);
	return NULL;
}

/*
 * The same for the range table entry of that index.  Analyzed from SQL, in which every
 * name and operator is qualified: nothing in the text's search_path is found in the
 * place of the server's.  IS NOT TRUE keeps the rows of which the condition knows
 * nothing, such as those without a schema.
 */
static Node *
make_condition(const Filter *filter, Oid catalog, int index)
{
	const char *name = get_rel_name(catalog);
	char	   *condition = name != NULL ? find_condition(filter, name) : NULL;
	List	   *queries;
	char	   *sql;
	Node	   *result;

	if (condition == NULL)
		return NULL;
	sql = psprintf("SELECT FROM pg_catalog.%s WHERE (%s) IS NOT TRUE", name, condition);
	queries =
		compat_analyze_and_rewrite(linitial_node(RawStmt, raw_parser(sql, RAW_PARSE_DEFAULT)), sql);
	result = linitial_node(Query, queries)->jointree->quals;
	ChangeVarNodes(result, 1, index, 0);
	return result;
}

/* Inner queries first, so that conditions get none themselves. */
static bool
filter_walker(Node *node, void *arg)
{
	const Filter *filter = arg;
	Query	   *query = (Query *) node;
	int			index = 0;
	ListCell   *lc;

	if (node == NULL)
		return false;
	if (!IsA(node, Query))
		return expression_tree_walker(node, filter_walker, arg);
	query_tree_walker(query, filter_walker, arg, 0);
	foreach(lc, query->rtable)
	{
		RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
		Node	   *condition;

		index++;
		if (rte->rtekind != RTE_RELATION || !IsCatalogRelationOid(rte->relid))
			continue;
		condition = make_condition(filter, rte->relid, index);
		if (condition == NULL)
			continue;
		/*
		 * As a security barrier, so that no function of the query meets a row that is
		 * hidden.  The planner looks for subqueries only where the query says that it
		 * has some.
		 */
		rte->securityQuals = lappend(rte->securityQuals, condition);
		query->hasSubLinks = true;
	}
	return false;
}

void
filter_query(Query *query, List *schemas)
{
	Filter		filter = {schemas_literal(schemas)};

	filter_walker((Node *) query, &filter);
}
