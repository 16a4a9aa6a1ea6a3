/*
 * funcs.c
 *	  SQL entry points of the schema wing: unpack the arguments, call one verb,
 *	  return its result.
 *
 * Nothing is decided here.  Arguments are read by name (base/argument.c), which also
 * knows their defaults; a null stands for the default where the function says
 * ARGUMENT_DEFAULT, and for nothing where it says ARGUMENT_OPTIONAL.  Results are
 * documents, or rows of a tuplestore.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/texts.h"
#include "catalog/pg_type.h"
#include "commands/event_trigger.h"
#include "fmgr.h"
#include "funcapi.h"
#include "schema/apply/apply.h"
#include "schema/catalog/catalog.h"
#include "schema/declare/declare.h"
#include "schema/model/diagram.h"
#include "schema/model/diff.h"
#include "schema/model/document.h"
#include "schema/expected/expected.h"
#include "schema/expected/expected_columns.h"
#include "schema/apply/apply_saved.h"
#include "schema/plan/plan_report.h"
#include "schema/preflight/preflight.h"
#include "schema/declare/touched.h"
#include "schema/apply/trial.h"
#include "schema/catalog/validation.h"
#include "schema/declare/watch.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

/* One row of texts into a materialised result. */
static void
put_texts(ReturnSetInfo *rsinfo, char **texts, int count)
{
	Datum		values[8];
	bool		nulls[8];

	Assert(count <= lengthof(values));
	for (int i = 0; i < count; i++)
	{
		nulls[i] = texts[i] == NULL;
		values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
	}
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* The arguments after the first that validate, validate_text and differences share. */
static List *
compare_live(FunctionCallInfo fcinfo, Jsonb *expected)
{
	Expectation *expectation =
		validation_expect(expected, argument_strings(fcinfo, "schemas", ARGUMENT_OPTIONAL),
						  argument_strings(fcinfo, "exclude", ARGUMENT_OPTIONAL));

	return validation_compare(expectation, argument_strings(fcinfo, "ignore", ARGUMENT_OPTIONAL));
}

/* The steps of a plan as rows. */
static void
put_plan_steps(ReturnSetInfo *rsinfo, Jsonb *document)
{
	PlanDocument *plan = plan_read(document);
	ListCell   *lc;

	foreach(lc, plan->steps)
	{
		PlannedStep *step = lfirst(lc);
		char *texts[] = {NULL, step->action, step->object, step->sql, NULL, step->reason, NULL};
		Datum		values[lengthof(texts)];
		bool		nulls[lengthof(texts)];

		for (int i = 0; i < lengthof(texts); i++)
		{
			nulls[i] = texts[i] == NULL;
			values[i] = nulls[i] ? (Datum) 0 : CStringGetTextDatum(texts[i]);
		}
		nulls[0] = nulls[4] = false;
		values[0] = Int32GetDatum(step->number);
		values[4] = texts_to_array(step->hazards);
		if (step->blockers != NULL)
		{
			nulls[6] = false;
			values[6] = JsonbPGetDatum(step->blockers);
		}
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
}

PG_FUNCTION_INFO_V1(db_adapter_introspect);

Datum
db_adapter_introspect(PG_FUNCTION_ARGS)
{
	Schema	   *schema = catalog_read(argument_strings(fcinfo, "schemas", ARGUMENT_DEFAULT),
									  argument_strings(fcinfo, "exclude", ARGUMENT_OPTIONAL), NULL);
	Jsonb	   *document = document_write(schema);

	/* What prints the document needs the memory. */
	schema_free(schema);
	PG_RETURN_JSONB_P(document);
}

PG_FUNCTION_INFO_V1(db_adapter_fingerprint);

Datum
db_adapter_fingerprint(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(cstring_to_text(
		catalog_fingerprint(argument_strings(fcinfo, "schemas", ARGUMENT_DEFAULT))));
}

PG_FUNCTION_INFO_V1(db_adapter_column_names);

Datum
db_adapter_column_names(PG_FUNCTION_ARGS)
{
	List	   *schemas = list_make1(argument_name(fcinfo, "schema", ARGUMENT_DEFAULT));
	List	   *exclude = argument_strings(fcinfo, "exclude", ARGUMENT_OPTIONAL);

	PG_RETURN_JSONB_P(document_write_columns(catalog_read_columns(schemas, exclude)));
}

PG_FUNCTION_INFO_V1(db_adapter_diagram);

Datum
db_adapter_diagram(PG_FUNCTION_ARGS)
{
	char	   *format = argument_text(fcinfo, "format", ARGUMENT_DEFAULT);
	List	   *schemas = argument_strings(fcinfo, "schemas", ARGUMENT_DEFAULT);

	PG_RETURN_TEXT_P(cstring_to_text(diagram_draw(catalog_read(schemas, NIL, NULL), format)));
}

static Datum
expected_of(FunctionCallInfo fcinfo, List *texts, bool numbered)
{
	ExpectedRequest request = {0};

	request.texts = texts;
	request.numbered = numbered;
	request.schemas_given = !argument_is_null(fcinfo, "schemas");
	request.schemas = argument_strings(fcinfo, "schemas", ARGUMENT_OPTIONAL);
	request.search_path = argument_text(fcinfo, "search_path", ARGUMENT_OPTIONAL);
	request.allow_do = argument_bool(fcinfo, "allow_do", ARGUMENT_DEFAULT);
	PG_RETURN_JSONB_P(expected_document(&request));
}

PG_FUNCTION_INFO_V1(db_adapter_expected);

Datum
db_adapter_expected(PG_FUNCTION_ARGS)
{
	char	   *text = argument_text(fcinfo, "schema_sql", ARGUMENT_OPTIONAL);

	if (text == NULL)
		PG_RETURN_NULL();
	return expected_of(fcinfo, list_make1(text), false);
}

PG_FUNCTION_INFO_V1(db_adapter_expected_files);

Datum
db_adapter_expected_files(PG_FUNCTION_ARGS)
{
	if (argument_is_null(fcinfo, "schema_sql"))
		PG_RETURN_NULL();
	return expected_of(fcinfo, argument_strings(fcinfo, "schema_sql", ARGUMENT_REQUIRED), true);
}

PG_FUNCTION_INFO_V1(db_adapter_expected_columns);

Datum
db_adapter_expected_columns(PG_FUNCTION_ARGS)
{
	char	   *text = argument_text(fcinfo, "schema_sql", ARGUMENT_OPTIONAL);

	if (text == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(expected_columns(text, argument_name(fcinfo, "schema", ARGUMENT_DEFAULT)));
}

PG_FUNCTION_INFO_V1(db_adapter_validate);

Datum
db_adapter_validate(PG_FUNCTION_ARGS)
{
	Jsonb	   *expected = argument_jsonb(fcinfo, "expected", ARGUMENT_REQUIRED);

	PG_RETURN_JSONB_P(validation_write(compare_live(fcinfo, expected)));
}

PG_FUNCTION_INFO_V1(db_adapter_validate_text);

Datum
db_adapter_validate_text(PG_FUNCTION_ARGS)
{
	ExpectedRequest request = {0};

	request.texts = list_make1(argument_text(fcinfo, "schema_sql", ARGUMENT_REQUIRED));
	request.schemas_given = !argument_is_null(fcinfo, "schemas");
	request.schemas = argument_strings(fcinfo, "schemas", ARGUMENT_OPTIONAL);
	PG_RETURN_JSONB_P(validation_write(compare_live(fcinfo, expected_document(&request))));
}

static void
put_differences(ReturnSetInfo *rsinfo, List *differences)
{
	ListCell   *lc;

	foreach(lc, differences)
	{
		Difference *d = lfirst(lc);
		char	   *texts[6] = {d->is_error ? "error" : "warning", NULL};

		texts[1] = unconstify(char *, difference_object_type(d));
		texts[2] = difference_object(d);
		texts[3] = unconstify(char *, difference_attribute(d));
		texts[4] = difference_expected(d);
		texts[5] = difference_actual(d);
		put_texts(rsinfo, texts, lengthof(texts));
	}
}

PG_FUNCTION_INFO_V1(db_adapter_differences);

Datum
db_adapter_differences(PG_FUNCTION_ARGS)
{
	Jsonb	   *expected = argument_jsonb(fcinfo, "expected", ARGUMENT_REQUIRED);

	InitMaterializedSRF(fcinfo, 0);
	put_differences((ReturnSetInfo *) fcinfo->resultinfo, compare_live(fcinfo, expected));
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_declared_differences);

Datum
db_adapter_declared_differences(PG_FUNCTION_ARGS)
{
	Declaration d = {.name = argument_text(fcinfo, "declaration", ARGUMENT_REQUIRED),
					 .document = argument_jsonb(fcinfo, "document", ARGUMENT_REQUIRED)};
	ErrorData  *error;

	InitMaterializedSRF(fcinfo, 0);
	put_differences((ReturnSetInfo *) fcinfo->resultinfo, watch_preview(&d, &error));
	if (error != NULL)
	{
		char	   *texts[6] = {"error", "declaration", d.name, "document", NULL, error->message};

		put_texts((ReturnSetInfo *) fcinfo->resultinfo, texts, lengthof(texts));
	}
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_report);

Datum
db_adapter_report(PG_FUNCTION_ARGS)
{
	Jsonb	   *validation = argument_jsonb(fcinfo, "validation", ARGUMENT_OPTIONAL);
	char	   *format = argument_text(fcinfo, "format", ARGUMENT_DEFAULT);

	if (validation == NULL)
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(plan_report_is_plan(validation)
										 ? plan_report(validation, format)
										 : validation_report(validation, format)));
}

PG_FUNCTION_INFO_V1(db_adapter_plan);

Datum
db_adapter_plan(PG_FUNCTION_ARGS)
{
	PlanRequest request = {0};

	request.expected = argument_jsonb(fcinfo, "expected", ARGUMENT_REQUIRED);
	request.definitions = argument_jsonb(fcinfo, "column_definitions", ARGUMENT_OPTIONAL);
	request.recreate_threshold = argument_int(fcinfo, "recreate_threshold", ARGUMENT_DEFAULT);
	request.allow_drop = argument_bool(fcinfo, "allow_drop", ARGUMENT_DEFAULT);
	request.verify = argument_bool(fcinfo, "verify", ARGUMENT_DEFAULT);
	request.schemas = argument_strings(fcinfo, "schemas", ARGUMENT_OPTIONAL);
	request.exclude = argument_strings(fcinfo, "exclude", ARGUMENT_OPTIONAL);
	request.ignore = argument_strings(fcinfo, "ignore", ARGUMENT_OPTIONAL);
	request.renames = argument_jsonb(fcinfo, "renames", ARGUMENT_OPTIONAL);
	request.online = argument_bool(fcinfo, "online", ARGUMENT_DEFAULT);
	request.preflight = argument_bool(fcinfo, "preflight", ARGUMENT_DEFAULT);
	PG_RETURN_JSONB_P(trial_make_plan(&request));
}

PG_FUNCTION_INFO_V1(db_adapter_plan_steps);

Datum
db_adapter_plan_steps(PG_FUNCTION_ARGS)
{
	Jsonb	   *plan = argument_jsonb(fcinfo, "plan", ARGUMENT_OPTIONAL);

	InitMaterializedSRF(fcinfo, 0);
	if (plan != NULL)
		put_plan_steps((ReturnSetInfo *) fcinfo->resultinfo, plan);
	return (Datum) 0;
}

static void
put_blocker(ReturnSetInfo *rsinfo, const Blocker *blocker)
{
	Jsonb	   *samples = blockers_write_samples(blocker);
	Datum		values[7] = {Int32GetDatum(blocker->step)};
	bool		nulls[7] = {false};
	const char *texts[] = {blocker->object, blockers_kind_name(blocker->kind), blocker->problem};

	for (int i = 0; i < lengthof(texts); i++)
		values[i + 1] = CStringGetTextDatum(texts[i]);
	values[4] = Int64GetDatum(blocker->rows);
	nulls[4] = blocker->rows < 0;
	values[5] = JsonbPGetDatum(samples);
	nulls[5] = samples == NULL;
	nulls[6] = blocker->hint == NULL;
	if (blocker->hint != NULL)
		values[6] = CStringGetTextDatum(blocker->hint);
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

PG_FUNCTION_INFO_V1(db_adapter_preflight);

Datum
db_adapter_preflight(PG_FUNCTION_ARGS)
{
	PlanDocument *plan = plan_read(argument_jsonb(fcinfo, "plan", ARGUMENT_REQUIRED));
	int			samples = argument_int(fcinfo, "samples", ARGUMENT_DEFAULT);
	ListCell   *lc;

	if (samples < 0 || samples > PREFLIGHT_SAMPLES)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("samples must be from 0 to %d", PREFLIGHT_SAMPLES)));
	preflight_check_plan(plan);
	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, preflight_run(plan, samples))
		put_blocker((ReturnSetInfo *) fcinfo->resultinfo, lfirst(lc));
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_apply);

Datum
db_adapter_apply(PG_FUNCTION_ARGS)
{
	ApplyOptions options = {0};
	Jsonb	   *plan = argument_jsonb(fcinfo, "plan", ARGUMENT_REQUIRED);

	options.confirm = argument_bool(fcinfo, "confirm", ARGUMENT_DEFAULT);
	options.survey = !options.confirm;
	options.backup = argument_bool(fcinfo, "backup", ARGUMENT_DEFAULT);
	/* As the setting of that name has it: 0 is none. */
	options.lock_timeout_ms = argument_milliseconds(fcinfo, "lock_timeout", INT_MAX, 0);
	PG_RETURN_JSONB_P(apply_plan(plan, &options));
}

static void
put_chunk(const char *chunk, void *arg)
{
	char	   *texts[] = {unconstify(char *, chunk)};

	put_texts(arg, texts, 1);
}

PG_FUNCTION_INFO_V1(db_adapter_saved_document);

Datum
db_adapter_saved_document(PG_FUNCTION_ARGS)
{
	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	saved_read(argument_bigint(fcinfo, "id", ARGUMENT_REQUIRED), put_chunk, fcinfo->resultinfo);
	return (Datum) 0;
}

PG_FUNCTION_INFO_V1(db_adapter_purge_saved_rows);

Datum
db_adapter_purge_saved_rows(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(saved_purge(argument_datum(fcinfo, "older_than")));
}

PG_FUNCTION_INFO_V1(db_adapter_declare);

Datum
db_adapter_declare(PG_FUNCTION_ARGS)
{
	char	   *name = argument_text(fcinfo, "name", ARGUMENT_REQUIRED);
	ExpectedRequest request = {0};

	request.texts = list_make1(argument_text(fcinfo, "schema_sql", ARGUMENT_REQUIRED));
	request.schemas_given = !argument_is_null(fcinfo, "schemas");
	request.schemas = argument_strings(fcinfo, "schemas", ARGUMENT_OPTIONAL);
	PG_RETURN_JSONB_P(declare_schema(
		name, &request, argument_text(fcinfo, "mode", ARGUMENT_DEFAULT),
		PG_NARGS() > 4 ? argument_strings(fcinfo, "ignore", ARGUMENT_OPTIONAL) : NIL));
}

PG_FUNCTION_INFO_V1(db_adapter_undeclare);

Datum
db_adapter_undeclare(PG_FUNCTION_ARGS)
{
	declare_undo(argument_text(fcinfo, "name", ARGUMENT_REQUIRED));
	PG_RETURN_VOID();
}

/* Of both event triggers: the end of a command, and what it has dropped. */
PG_FUNCTION_INFO_V1(db_adapter_note_ddl);

Datum
db_adapter_note_ddl(PG_FUNCTION_ARGS)
{
	EventTriggerData *data = (EventTriggerData *) fcinfo->context;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
						errmsg("db_adapter.note_ddl() can only be called by an event trigger")));
	if (strcmp(data->event, "ddl_command_start") == 0)
		watch_refuse_halfway(data->parsetree);
	else if (strcmp(data->event, "sql_drop") == 0)
		touched_note_drops();
	else
		touched_note_command(data->parsetree);
	PG_RETURN_VOID();
}
