/*
 * plan_report.c
 *	  A plan for people to read, with what rows have in its way.
 *
 * From the document, so that a plan that was stored can be shown.
 */
#include "postgres.h"

#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "schema/plan/plan_document.h"
#include "schema/plan/plan_report.h"

#define WHAT "blocker of a plan"

typedef struct PlanReport
{
	StringInfoData out;
	bool		markdown;
} PlanReport;

bool
plan_report_is_plan(Jsonb *document)
{
	JsonbValue	v;

	return JB_ROOT_IS_OBJECT(document) && json_get(&document->root, "format", &v) &&
		   v.type == jbvString && strcmp(json_value_string(&v), PLAN_FORMAT) == 0;
}

/* On one line, and within its cell. */
static void
put_text(PlanReport *report, const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
	{
		if (report->markdown && *c == '|')
			appendStringInfoChar(&report->out, '\\');
		appendStringInfoChar(&report->out, *c == '\n' || *c == '\r' ? ' ' : *c);
	}
}

static bool
put_blocker(const char *key, JsonbValue *value, void *arg)
{
	PlanReport *report = arg;
	JsonbContainer *blocker = value->val.binary.data;
	int64		rows;

	if (value->type != jbvBinary || !JsonContainerIsObject(blocker))
		return true;
	rows = json_get_int(blocker, "rows", -1, WHAT);
	appendStringInfoString(&report->out, report->markdown ? "| | " : "    ");
	put_text(report, json_get_string_or(blocker, "kind", "", WHAT));
	appendStringInfoString(&report->out, ": ");
	put_text(report, json_get_string_or(blocker, "problem", "", WHAT));
	if (rows >= 0)
		appendStringInfo(&report->out, ", " INT64_FORMAT " row%s", rows, rows == 1 ? "" : "s");
	appendStringInfoString(&report->out, report->markdown ? " |\n" : "\n");
	return true;
}

static void
put_step(PlanReport *report, const PlannedStep *step)
{
	appendStringInfo(&report->out, report->markdown ? "| %d | " : "%3d. ", step->number);
	put_text(report, step->sql);
	appendStringInfoString(&report->out, report->markdown ? " |\n" : "\n");
	if (step->blockers != NULL)
		json_visit(&step->blockers->root, put_blocker, report);
}

static bool
note_failing(const char *key, JsonbValue *value, void *arg)
{
	JsonbContainer *blocker = value->val.binary.data;

	if (value->type == jbvBinary && JsonContainerIsObject(blocker) &&
		strcmp(json_get_string_or(blocker, "kind", "", WHAT), "fails") == 0)
		*(bool *) arg = true;
	return true;
}

static int
count_failing(List *steps)
{
	int			count = 0;
	ListCell   *lc;

	foreach(lc, steps)
	{
		const PlannedStep *step = lfirst(lc);
		bool		fails = false;

		if (step->blockers != NULL)
			json_visit(&step->blockers->root, note_failing, &fails);
		count += fails ? 1 : 0;
	}
	return count;
}

char *
plan_report(Jsonb *document, const char *format)
{
	static const char *const formats[] = {"text", "markdown", NULL};
	PlanReport	report = {.markdown = argument_choose(format, formats, "format") == 1};
	PlanDocument *plan = plan_read(document);
	int			steps = list_length(plan->steps);
	int			failing = count_failing(plan->steps);
	ListCell   *lc;

	initStringInfo(&report.out);
	appendStringInfo(&report.out, "%sThe plan has %d step%s", report.markdown ? "## " : "", steps,
					 steps == 1 ? "" : "s");
	if (failing > 0)
		appendStringInfo(&report.out, ", and rows will make %d of them fail", failing);
	appendStringInfoChar(&report.out, '\n');
	if (report.markdown && steps > 0)
		appendStringInfoString(&report.out, "\n| step | what |\n|---|---|\n");
	foreach(lc, plan->steps)
		put_step(&report, lfirst(lc));
	return pnstrdup(report.out.data, report.out.len - 1);
}
