/*
 * expected.c
 *	  The schema that DDL text declares, by executing it.
 *
 * The server is the parser: both sides of every comparison are catalog output of
 * the same server.  See expected_swap.c for where the text runs and
 * expected_statement.c for what of it runs.
 *
 * The order of what is asked: the cache, which needs no parsing; then the parser, so
 * that an error of syntax is reported to whoever made it; then rights and state, before
 * any lock is taken; then the swap.  Nothing of what the text makes outlives
 * expected_document(): the document is all that is copied out.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/namespace.h"
#include "miscadmin.h"
#include "schema/catalog/catalog.h"
#include "schema/ddl/ddltext.h"
#include "schema/model/document.h"
#include "schema/expected/expected.h"
#include "schema/expected/expected_cache.h"
#include "schema/expected/expected_copies.h"
#include "schema/expected/expected_statement.h"
#include "schema/expected/expected_swap.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

typedef struct Derivation
{
	const ExpectedRequest *request;
	SwapRequest swap;
	DdlText	   *ddl;
	bool		hide_public;	/* unless the text makes something there */
	Jsonb	   *document;
} Derivation;

/*
 * The schemas named, or public, then the caller's own path.  A text that does not say
 * where its objects go makes them in the first schema named; the caller's own path
 * follows, since the types of extensions may live there.
 */
static char *
default_path(const ExpectedRequest *request)
{
	StringInfoData path;
	ListCell   *lc;

	initStringInfo(&path);
	foreach(lc, request->schemas_given ? request->schemas : list_make1("public"))
		appendStringInfo(&path, "%s, ", quote_identifier(lfirst(lc)));
	if (namespace_search_path[0] != '\0')
		appendStringInfo(&path, "%s, ", namespace_search_path);
	/* Last, so that no temporary table of the session is taken for one of the text. */
	appendStringInfoString(&path, "pg_temp");
	return path.data;
}

/*
 * public is swapped with every text, since it is there in every new database; but
 * one who names other schemas may have no rights on it and no need of it.
 */
static void
choose_schemas(Derivation *derivation)
{
	const ExpectedRequest *request = derivation->request;

	derivation->swap.created = statement_created_schemas(derivation->ddl);
	derivation->swap.schemas = list_copy(request->schemas);
	if (schema_lists(request->schemas, "public"))
		return;
	if (request->schemas_given && !swap_may(list_make1("public")))
		return;
	derivation->hide_public = request->schemas_given;
	derivation->swap.schemas = lappend(derivation->swap.schemas, "public");
}

/* In the order of the text, which is not that of finding. */
static int
compare_ignored(const ListCell *a, const ListCell *b)
{
	const DdlIgnored *left = lfirst(a);
	const DdlIgnored *right = lfirst(b);

	if (left->file->number != right->file->number)
		return left->file->number - right->file->number;
	return left->line - right->line;
}

static List *
list_ignored(const DdlText *ddl)
{
	List	   *result = NIL;
	ListCell   *lc;

	list_sort(ddl->ignored, compare_ignored);
	foreach(lc, ddl->ignored)
	{
		DdlIgnored *source = lfirst(lc);
		SchemaIgnored *ignored = schema_new(&schema_ignored_kind);

		if (source->file->number > 0)
			ignored->file = source->file->number;
		ignored->line = source->line;
		if (source->count > 1)
			ignored->count = source->count;
		ignored->statement = source->statement;
		ignored->reason = source->reason;
		result = lappend(result, ignored);
	}
	return result;
}

/* schema.table or table, then the old name of the column or in place of the table's. */
static List *
list_renames(const DdlText *ddl)
{
	List	   *result = NIL;
	ListCell   *lc;

	foreach(lc, ddl->renames)
	{
		DdlRename  *source = lfirst(lc);
		SchemaRename *renamed = schema_new(&schema_rename_kind);
		StringInfoData from;

		initStringInfo(&from);
		if (source->schema != NULL && strcmp(source->schema, "public") != 0)
			appendStringInfo(&from, "%s.", quote_identifier(source->schema));
		if (source->column != NULL)
			appendStringInfo(&from, "%s.", quote_identifier(source->table));
		appendStringInfoString(&from, quote_identifier(source->old_name));
		renamed->from = from.data;
		renamed->to = source->column ? source->column : source->table;
		result = lappend(result, renamed);
	}
	return result;
}

/* Those that exist once the text has run, public only where it matters. */
static List *
list_schemas(Swap *swap, Derivation *derivation)
{
	List	   *names = swap_schemas(swap);
	ListCell   *lc;

	if (!derivation->hide_public)
		return names;
	foreach(lc, names)
		if (strcmp(lfirst(lc), "public") == 0 &&
			!guard_schema_is_used(swap_guard(swap), get_namespace_oid("public", false)))
			names = foreach_delete_current(names, lc);
	return names;
}

static bool
is_published(const Schema *schema, const SchemaTable *table)
{
	ListCell   *lc;

	foreach(lc, schema->publications)
		if (schema_publishes(lfirst(lc), schema_identity(table)) != NULL)
			return true;
	return false;
}

/* A text may do no more to such a table than drop what is not there. */
static List *
keep_used(const Schema *schema, List *outside)
{
	ListCell   *lc;

	foreach(lc, outside)
	{
		const SchemaTable *table = lfirst(lc);

		if (table->triggers == NIL && table->policies == NIL && !table->row_security &&
			!table->force_row_security && !is_published(schema, table))
			outside = foreach_delete_current(outside, lc);
	}
	return outside;
}

/* The document outlives the subtransaction, whose memory goes with everything that was made. */
static void
derive(Swap *swap, void *arg)
{
	Derivation *derivation = arg;
	MemoryContext oldcxt;
	Schema	   *schema;
	Schema		made = {0};
	Jsonb	   *document;

	statement_run_all(swap, derivation->ddl);
	swap_begin_reading(swap);
	made.outside = copies_list(swap_guard(swap));
	schema = catalog_read(list_schemas(swap, derivation), NIL, &made);
	schema->outside = keep_used(schema, schema->outside);
	schema->ignored = list_ignored(derivation->ddl);
	schema->renames = list_renames(derivation->ddl);
	document = document_write(schema);

	oldcxt = MemoryContextSwitchTo(swap_result_context(swap));
	derivation->document = (Jsonb *) PG_DETOAST_DATUM_COPY(PointerGetDatum(document));
	MemoryContextSwitchTo(oldcxt);
}

/* A text that runs code of its own may give another result each time: never kept. */
Jsonb *
expected_document(const ExpectedRequest *request)
{
	Derivation	derivation = {0};
	const char *path = request->search_path ? request->search_path : default_path(request);
	CacheEntry *entry = NULL;
	Jsonb	   *cached = request->allow_do ? NULL : cache_find(request, path);

	if (cached != NULL)
		return cached;
	derivation.request = request;
	derivation.ddl = ddltext_read(request->texts, request->numbered);
	choose_schemas(&derivation);
	derivation.swap.search_path = path;
	derivation.swap.allow_do = request->allow_do;
	swap_check(&derivation.swap);
	if (!request->allow_do)
		/* Before the swap: what lies outside is fingerprinted as it is for everybody. */
		entry = cache_prepare(request, path, derivation.ddl,
							  list_concat_copy(derivation.swap.created, derivation.swap.schemas));
	swap_run(&derivation.swap, derive, &derivation);
	if (entry != NULL)
		cache_store(entry, path, derivation.document);
	return derivation.document;
}
