/*
 * trial.c
 *	  A plan made from the live schema, and tried before it is offered.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "schema/apply.h"
#include "schema/catalog.h"
#include "schema/fingerprint.h"
#include "schema/trial.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* ---------- facts about live relations ---------- */

static bool
live_has_rows(const SchemaTable *table, void *arg)
{
	return OidIsValid(table->object.oid) && relation_has_pages(table->object.oid);
}

static void
live_measure(const SchemaObject *relation, int64 *rows, int64 *bytes, void *arg)
{
	Oid			namespace = get_namespace_oid(relation->schema, true);
	Oid relid = OidIsValid(namespace) ? get_relname_relid(relation->name, namespace) : InvalidOid;

	if (OidIsValid(relid))
		relation_measure(relid, rows, bytes);
}

/* ---------- the verb ---------- */

static PlanOptions *
read_options(const PlanRequest *request)
{
	PlanOptions *options = palloc0(sizeof(PlanOptions));

	options->allow_drop = request->allow_drop;
	options->recreate_threshold = request->recreate_threshold;
	options->ignore = diff_parse_ignore(request->ignore);
	if (request->definitions != NULL)
		options->definitions = plan_read_definitions(request->definitions);
	if (request->renames != NULL)
		options->renames = plan_read_renames(request->renames);
	options->facts.has_rows = live_has_rows;
	options->facts.measure = live_measure;
	return options;
}

Jsonb *
trial_make_plan(const PlanRequest *request)
{
	PlanOptions *options = read_options(request);
	PlanHeader	header = {.expected = request->expected, .ignore = request->ignore};
	Expectation *expectation =
		expectation_read(request->expected, request->schemas, request->exclude);
	Schema	   *live = catalog_read(expectation->schemas, NIL);
	SchemaPlan *plan;
	Jsonb	   *document;

	header.expectation = expectation;
	header.fingerprint = fingerprint_schema(live);
	validation_filter(live, expectation->schemas, expectation->exclude);
	plan = plan_make(expectation->schema, live, expectation->is_flat, options);
	document = plan_write(plan, &header);
	if (request->verify)
	{
		header.verify_error = apply_try_plan(document);
		header.verified = header.verify_error == NULL;
		document = plan_write(plan, &header);
	}
	return document;
}
