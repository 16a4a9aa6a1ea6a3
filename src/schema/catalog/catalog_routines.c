/*
 * catalog_routines.c
 *	  Functions, procedures and aggregates: pg_proc, pg_aggregate.
 *
 * Only what CREATE FUNCTION would not fill in by itself is set, so that absent means
 * the default.  Constructors of range types, and what extensions own, are not read.
 * The body is never looked into: it is text, and compared as the server prints it.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_aggregate.h"
#include "catalog/pg_language.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/proclang.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* What CREATE FUNCTION fills in where nothing is said. */
#define DEFAULT_COST 100
#define DEFAULT_COST_INTERNAL 1
#define DEFAULT_ROWS 1000

static char *
kind_name(char prokind)
{
	switch (prokind)
	{
		case PROKIND_PROCEDURE:
			return "procedure";
		case PROKIND_AGGREGATE:
			return "aggregate";
		case PROKIND_WINDOW:
			return "window function";
		default:
			return "function";
	}
}

/* The types of the input arguments: what tells functions of one name apart. */
static char *
signature(CatalogReader *r, Form_pg_proc form)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < form->pronargs; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? ", " : "",
						 catalog_type(r, form->proargtypes.values[i], -1));
	return out.data;
}

/* Only what CREATE FUNCTION would not fill in itself; the cost depends on the language. */
static void
set_estimates(SchemaFunction *function, Form_pg_proc form)
{
	float4		cost = form->prolang == INTERNALlanguageId || form->prolang == ClanguageId
					  ? DEFAULT_COST_INTERNAL
					  : DEFAULT_COST;

	if (form->procost != cost)
		function->cost = psprintf("%g", form->procost);
	if (form->proretset && form->prorows != DEFAULT_ROWS)
		function->rows = psprintf("%g", form->prorows);
}

static void
set_behaviour(SchemaFunction *function, Form_pg_proc form)
{
	if (form->provolatile == PROVOLATILE_IMMUTABLE)
		function->volatility = "immutable";
	else if (form->provolatile == PROVOLATILE_STABLE)
		function->volatility = "stable";
	if (form->proparallel == PROPARALLEL_SAFE)
		function->parallel = "safe";
	else if (form->proparallel == PROPARALLEL_RESTRICTED)
		function->parallel = "restricted";
	function->strict = form->proisstrict;
	function->security_definer = form->prosecdef;
	function->leakproof = form->proleakproof;
}

static void
append_member(StringInfo out, const char *name, const char *value)
{
	if (value != NULL)
		appendStringInfo(out, ",\n    %s = %s", name, value);
}

static void
append_function(CatalogReader *r, StringInfo out, const char *name, Oid function)
{
	if (OidIsValid(function))
		append_member(out, name, catalog_function(r, function));
}

static void
append_literal(StringInfo out, const char *name, char *value)
{
	if (value != NULL)
		append_member(out, name, quote_literal_cstr(value));
}

static const char *
modify_name(char modify)
{
	switch (modify)
	{
		case AGGMODIFY_READ_WRITE:
			return "READ_WRITE";
		case AGGMODIFY_SHAREABLE:
			return "SHAREABLE";
		default:
			return "READ_ONLY";
	}
}

/* Without a forward function there is no moving state at all. */
static void
append_moving(CatalogReader *r, StringInfo out, Form_pg_aggregate form, HeapTuple tuple,
			  TupleDesc desc)
{
	if (!OidIsValid(form->aggmtransfn))
		return;
	append_function(r, out, "MSFUNC", form->aggmtransfn);
	append_function(r, out, "MINVFUNC", form->aggminvtransfn);
	append_member(out, "MSTYPE", catalog_type(r, form->aggmtranstype, -1));
	if (form->aggmtransspace != 0)
		append_member(out, "MSSPACE", psprintf("%d", form->aggmtransspace));
	append_function(r, out, "MFINALFUNC", form->aggmfinalfn);
	if (form->aggmfinalextra)
		appendStringInfoString(out, ",\n    MFINALFUNC_EXTRA");
	if (OidIsValid(form->aggmfinalfn))
		append_member(out, "MFINALFUNC_MODIFY", modify_name(form->aggmfinalmodify));
	append_literal(out, "MINITCOND", catalog_text(tuple, desc, Anum_pg_aggregate_aggminitval));
}

/*
 * How the final function treats its state prints whenever there is one: the default
 * differs between the kinds of aggregates.
 */
static void
add_aggregate(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_aggregate form = (Form_pg_aggregate) GETSTRUCT(tuple);
	SchemaFunction *function = r->current;
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE AGGREGATE %s(%s) (\n    SFUNC = %s,\n    STYPE = %s",
					 quote_qualified_identifier(function->object.schema, function->object.name),
					 function->arguments[0] != '\0' ? function->arguments : "*",
					 catalog_function(r, form->aggtransfn),
					 catalog_type(r, form->aggtranstype, -1));
	if (form->aggtransspace != 0)
		append_member(&out, "SSPACE", psprintf("%d", form->aggtransspace));
	append_function(r, &out, "FINALFUNC", form->aggfinalfn);
	if (form->aggfinalextra)
		appendStringInfoString(&out, ",\n    FINALFUNC_EXTRA");
	if (OidIsValid(form->aggfinalfn))
		append_member(&out, "FINALFUNC_MODIFY", modify_name(form->aggfinalmodify));
	append_function(r, &out, "COMBINEFUNC", form->aggcombinefn);
	append_function(r, &out, "SERIALFUNC", form->aggserialfn);
	append_function(r, &out, "DESERIALFUNC", form->aggdeserialfn);
	append_literal(&out, "INITCOND", catalog_text(tuple, desc, Anum_pg_aggregate_agginitval));
	append_moving(r, &out, form, tuple, desc);
	if (OidIsValid(form->aggsortop))
		append_member(&out, "SORTOP", catalog_operator(r, form->aggsortop));
	if (form->aggkind == AGGKIND_HYPOTHETICAL)
		appendStringInfoString(&out, ",\n    HYPOTHETICAL");
	if (function->parallel != NULL)
		append_member(&out, "PARALLEL", function->parallel);
	appendStringInfoString(&out, "\n)");
	function->definition = out.data;
	/* Ordered-set aggregates are named by direct and ordered arguments. */
	if (form->aggkind != AGGKIND_NORMAL)
		function->object.signature =
			catalog_deparse(r, pg_get_function_identity_arguments, function->object.oid);
	else if (function->object.signature[0] == '\0')
		function->object.signature = "*";
}

/* Of aggregates the server has no definition to give. */
static void
set_definition(CatalogReader *r, SchemaFunction *function, Form_pg_proc form)
{
	if (form->prokind != PROKIND_AGGREGATE)
	{
		function->definition = catalog_deparse(r, pg_get_functiondef, form->oid);
		return;
	}
	r->current = function;
	catalog_scan_key(r, AggregateRelationId, AggregateFnoidIndexId, Anum_pg_aggregate_aggfnoid,
					 form->oid, add_aggregate);
}

/*
 * A range type brings its constructors with it.  Making the type makes it: a command
 * for it would find it there.
 */
static bool
is_constructor(Form_pg_proc form, HeapTuple tuple, TupleDesc desc)
{
	char	   *source;

	if (form->prolang != INTERNALlanguageId)
		return false;
	source = catalog_text(tuple, desc, Anum_pg_proc_prosrc);
	return source != NULL && (strncmp(source, "range_constructor", 17) == 0 ||
							  strncmp(source, "multirange_constructor", 22) == 0);
}

static void
add_function(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_proc form = (Form_pg_proc) GETSTRUCT(tuple);
	const char *schema = catalog_find_namespace(r, form->pronamespace);
	SchemaFunction *function;

	if (schema == NULL || catalog_is_member(r, ProcedureRelationId, form->oid) ||
		is_constructor(form, tuple, desc))
		return;
	function = schema_new(&schema_function_kind);
	function->object.schema = unconstify(char *, schema);
	function->object.name = pstrdup(NameStr(form->proname));
	function->object.signature = signature(r, form);
	function->object.oid = form->oid;
	function->object.owner = catalog_role(r, form->proowner);
	function->object.privileges =
		catalog_privileges(r, tuple, desc, Anum_pg_proc_proacl, OBJECT_FUNCTION, form->proowner);
	function->object.comment = catalog_comment(r, ProcedureRelationId, form->oid, 0);
	function->kind = kind_name(form->prokind);
	function->arguments = catalog_deparse(r, pg_get_function_arguments, form->oid);
	if (form->prokind != PROKIND_PROCEDURE)
		function->result = catalog_deparse(r, pg_get_function_result, form->oid);
	function->language = get_language_name(form->prolang, false);
	set_behaviour(function, form);
	set_estimates(function, form);
	function->settings = catalog_text_array(tuple, desc, Anum_pg_proc_proconfig);
	set_definition(r, function, form);
	r->schema->functions = lappend(r->schema->functions, function);
}

void
catalog_read_functions(CatalogReader *r)
{
	catalog_scan(r, ProcedureRelationId, add_function);
}
