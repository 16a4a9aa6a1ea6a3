/*
 * preflight_rows.c
 *	  One pass over the rows of a table, for all that steps ask of each row.
 *
 * The questions are conditions of one statement, which the server answers as fast as it
 * reads.  It is run for a range of pages at a time: where that raises, the range is
 * halved until the row that raises stands alone, and is asked each question by itself.
 * So rows that raise cost statements, and rows that do not cost nothing.
 *
 * It assumes that the table is read under one snapshot, the caller's.  It holds nothing
 * but counts and a few samples, however large the table is.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "base/compat.h"
#include "base/progress.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "schema/preflight/preflight_reader.h"
#include "schema/preflight/preflight_steps.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/* Pages that one statement reads. */
#define RANGE_PAGES 1024

/* Where so many rows have raised, further pages are not asked any more. */
#define RAISED_ROWS 10000

/* Places of rows as numbers: the page, and the line within it. */
#define PLACE(page, line) (((uint64) (page) << 16) | (line))

typedef struct Question
{
	PreflightProbe *probe;
	QueryPlan  *rows;			/* those for which it is true: the sample's values */
	QueryPlan  *raiser;			/* whatever row is there, without asking it */
} Question;

typedef struct Pass
{
	Preflight  *pf;
	PreflightTable *table;
	MemoryContext cxt;			/* of the results */
	MemoryContext own;			/* of the pass */
	MemoryContext work;			/* of a range */
	Reader		reader;
	List	   *questions;		/* Question * */
	List	   *key;			/* PreflightShown * */
	QueryPlan  *counts;
	ParamListInfo places;
	ItemPointerData lower;
	ItemPointerData upper;
	int64	   *counted;		/* of the range, one a question */
	/* of one statement of a question */
	Question   *asked;
	Blocker	   *blocker;
	char	   *error;
	int64		found;
	bool		retry;			/* a question has been left out */
	ErrorData  *failed;			/* what is no row's fault: nothing more is asked */
} Pass;

/* ---- statements ---- */

/* Indexes would be walked whole for each range, and compiling costs more than it gains. */
static void
pin_plans(void)
{
	query_set("enable_seqscan", "off");
	query_set("enable_indexscan", "off");
	query_set("enable_indexonlyscan", "off");
	query_set("enable_bitmapscan", "off");
	query_set("enable_tidscan", "on");
	query_set("jit", "off");
	query_set("plan_cache_mode", "force_generic_plan");
}

static Statement *
new_statement(void)
{
	Statement  *statement = palloc0(sizeof(Statement));

	statement->places = 2;
	return statement;
}

/* Each condition stands twice: rows that none of them meets are not counted at all. */
static void
prepare_counts(Pass *pass)
{
	Statement  *statement = new_statement();
	StringInfoData sql;
	StringInfoData any;
	ListCell   *lc;

	initStringInfo(&sql);
	initStringInfo(&any);
	appendStringInfoString(&sql, "SELECT ");
	foreach(lc, pass->questions)
	{
		const Question *question = lfirst(lc);
		int			number = reader_add(statement, question->probe->condition, 0);
		bool		first = lc == list_head(pass->questions);

		appendStringInfo(&sql, "%scount(*) FILTER (WHERE $%d)", first ? "" : ", ", number);
		appendStringInfo(&any, "%s$%d", first ? "" : " OR ", number);
	}
	appendStringInfo(&sql, " FROM %s WHERE (%s) AND ctid >= $1 AND ctid < $2",
					 reader_from(pass->table), any.data);
	pass->counts = reader_prepare(statement, sql.data);
	pass->counted = palloc0(sizeof(int64) * list_length(pass->questions));
}

static QueryPlan *
prepare_rows(Pass *pass, List *shown, Node *condition)
{
	Statement  *statement = new_statement();
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT true");
	foreach(lc, pass->key)
		appendStringInfo(&sql, ", $%d",
						 reader_add(statement, ((PreflightShown *) lfirst(lc))->value, 0));
	foreach(lc, shown)
		appendStringInfo(&sql, ", $%d",
						 reader_add(statement, ((PreflightShown *) lfirst(lc))->value, 0));
	appendStringInfo(&sql, " FROM %s WHERE ", reader_from(pass->table));
	if (condition != NULL)
		appendStringInfo(&sql, "$%d AND ", reader_add(statement, condition, 0));
	appendStringInfoString(&sql, "ctid >= $1 AND ctid < $2");
	return reader_prepare(statement, sql.data);
}

static void
prepare_all(Pass *pass)
{
	ListCell   *lc;

	prepare_counts(pass);
	foreach(lc, pass->questions)
	{
		Question   *question = lfirst(lc);

		question->rows = prepare_rows(pass, question->probe->shown, question->probe->condition);
		question->raiser = prepare_rows(pass, question->probe->shown, NULL);
	}
}

/* ---- what a range has ---- */

static void
set_places(Pass *pass, uint64 from, uint64 to)
{
	ItemPointerSet(&pass->lower, (BlockNumber) (from >> 16), (OffsetNumber) (from & 0xFFFF));
	ItemPointerSet(&pass->upper, (BlockNumber) (to >> 16), (OffsetNumber) (to & 0xFFFF));
}

static bool
take_counts(TupleTableSlot *slot, void *arg)
{
	Pass	   *pass = arg;

	slot_getallattrs(slot);
	for (int i = 0; i < list_length(pass->questions); i++)
		pass->counted[i] = DatumGetInt64(slot->tts_values[i]);
	return true;
}

static void
count_range(void *arg)
{
	Pass	   *pass = arg;

	(void) query_read_hooked(pass->counts, pass->places, take_counts, pass);
}

static bool
take_sample(TupleTableSlot *slot, void *arg)
{
	Pass	   *pass = arg;
	MemoryContext oldcxt;
	Sample	   *sample;

	pass->found++;
	if (!pass->table->shown || pass->blocker == NULL ||
		list_length(pass->blocker->samples) >= pass->pf->samples)
		return true;
	oldcxt = MemoryContextSwitchTo(pass->cxt);
	sample = reader_sample(slot, 1, pass->key, pass->asked->probe->shown);
	sample->error = pass->error;
	pass->blocker->samples = lappend(pass->blocker->samples, sample);
	MemoryContextSwitchTo(oldcxt);
	return list_length(pass->blocker->samples) < pass->pf->samples;
}

static void
find_rows(void *arg)
{
	Pass	   *pass = arg;

	pass->found = 0;
	(void) query_read_hooked(pass->asked->rows, pass->places, take_sample, pass);
}

/* A probe's own until the pass has succeeded. */
static Blocker *
found_blocker(Pass *pass, Blocker **blocker)
{
	if (*blocker == NULL)
		*blocker = MemoryContextAllocZero(pass->cxt, sizeof(Blocker));
	return *blocker;
}

static bool
wants_samples(const Pass *pass)
{
	return pass->table->shown && list_length(pass->blocker->samples) < pass->pf->samples;
}

static void
note_met(Pass *pass, Question *question, int64 count)
{
	pass->asked = question;
	pass->blocker = found_blocker(pass, &question->probe->met);
	pass->blocker->rows += count;
	pass->error = NULL;
	if (wants_samples(pass))
		(void) query_attempt(find_rows, pass, false);
}

static void
note_range(Pass *pass)
{
	int			i = 0;
	ListCell   *lc;

	foreach(lc, pass->questions)
	{
		int64		count = pass->counted[i++];

		if (count > 0)
			note_met(pass, lfirst(lc), count);
	}
}

/* ---- rows that raise ---- */

static void
find_raiser(void *arg)
{
	Pass	   *pass = arg;

	pass->found = 0;
	(void) query_read_hooked(pass->asked->raiser, pass->places, take_sample, pass);
}

/*
 * Here a row is only read, as the owner of the table, and nothing may be changed: what
 * fails for that may go well when the step runs.
 */
static bool
is_of_asking(const ErrorData *error)
{
	return ERRCODE_TO_CATEGORY(error->sqlerrcode) ==
			   ERRCODE_TO_CATEGORY(ERRCODE_INVALID_TRANSACTION_STATE) ||
		   error->sqlerrcode == ERRCODE_INSUFFICIENT_PRIVILEGE;
}

/*
 * The row's values, and what it raises, where the caller may see them.  What is raised
 * where there is no row is no row's fault.
 */
static void
note_raised(Pass *pass, Question *question, ErrorData *error)
{
	PreflightProbe *probe = question->probe;
	bool		is_new = probe->raised == NULL;

	if (is_of_asking(error))
	{
		pass->failed = error;
		return;
	}
	pass->blocker = found_blocker(pass, &probe->raised);
	pass->error =
		wants_samples(pass) ? MemoryContextStrdup(pass->cxt, reader_clip(error->message)) : NULL;
	if (pass->error != NULL || is_new)
	{
		if (query_attempt(find_raiser, pass, false) != NULL || pass->found == 0)
		{
			pass->failed = error;
			return;
		}
	}
	pass->blocker->rows++;
	if (pass->blocker->rows >= RAISED_ROWS)
		pass->retry = true;
}

static bool
is_over(const Pass *pass)
{
	return pass->failed != NULL || OidIsValid(pass->reader.guard.stopped);
}

static bool
reads_value(Node *node, void *value)
{
	if (node == NULL)
		return false;
	return equal(node, value) || expression_tree_walker(node, reads_value, value);
}

/* Whether a probe asks for a value that could not be made for this row. */
static bool
is_of_value(const PreflightProbe *probe, List *raisers)
{
	ListCell   *lc;

	foreach(lc, raisers)
	{
		const PreflightProbe *raiser = lfirst(lc);

		if (raiser->value != NULL && raiser->step != probe->step &&
			reads_value(probe->condition, raiser->value))
			return true;
	}
	return false;
}

/* Each question by itself; what raises for want of an earlier step's value is told with that. */
static void
ask_row(Pass *pass)
{
	List	   *raisers = NIL;
	ListCell   *lc;

	foreach(lc, pass->questions)
	{
		Question   *question = lfirst(lc);
		ErrorData  *error;

		pass->asked = question;
		pass->blocker = NULL;
		error = query_attempt(find_rows, pass, false);
		if (is_over(pass))
			return;
		if (error == NULL && pass->found > 0)
			note_met(pass, question, pass->found);
		if (error == NULL || is_of_value(question->probe, raisers))
			continue;
		note_raised(pass, question, error);
		raisers = lappend(raisers, question->probe);
	}
}

static void ask_range(Pass *pass, uint64 from, uint64 to);

/* By pages, and then by the lines of one page. */
static void
halve(Pass *pass, uint64 from, uint64 to)
{
	uint64		pages = (to >> 16) - (from >> 16);
	uint64		middle;

	if (pages > 1)
		middle = PLACE((from >> 16) + pages / 2, 0);
	else
	{
		if ((to & 0xFFFF) == 0)
			to = PLACE(from >> 16, MaxHeapTuplesPerPage + 1);
		middle = from + (to - from) / 2;
	}
	ask_range(pass, from, middle);
	ask_range(pass, middle, to);
}

static void
ask_range(Pass *pass, uint64 from, uint64 to)
{
	ErrorData  *error;

	CHECK_FOR_INTERRUPTS();
	if (from >= to || is_over(pass))
		return;
	set_places(pass, from, to);
	error = query_attempt(count_range, pass, false);
	if (is_over(pass))
		return;
	if (error == NULL)
		note_range(pass);
	else if (to - from == 1)
		ask_row(pass);
	else
		halve(pass, from, to);
}

/* ---- the pass ---- */

/* Those whose rows are too many to be counted one by one are asked no more. */
static void
leave_out(Pass *pass)
{
	List	   *left = NIL;
	ListCell   *lc;

	foreach(lc, pass->questions)
	{
		PreflightProbe *probe = ((Question *) lfirst(lc))->probe;

		probe->limited = probe->raised != NULL && probe->raised->rows >= RAISED_ROWS;
		if (!probe->limited)
			left = lappend(left, lfirst(lc));
	}
	pass->questions = left;
	pass->retry = false;
	if (left != NIL)
		prepare_counts(pass);
}

static void
pass_over(void *arg)
{
	Pass	   *pass = arg;
	BlockNumber pages = relation_pages(pass->table->relid);
	MemoryContext oldcxt;

	oldcxt = MemoryContextSwitchTo(pass->own);
	pin_plans();
	prepare_all(pass);
	MemoryContextSwitchTo(pass->work);
	for (BlockNumber page = 0; page < pages && pass->questions != NIL; page += RANGE_PAGES)
	{
		ask_range(pass, PLACE(page, 0), PLACE(Min(pages, page + RANGE_PAGES), 0));
		if (pass->failed != NULL)
			ReThrowError(pass->failed);
		if (is_over(pass) || pages - page <= RANGE_PAGES)
			break;
		MemoryContextSwitchTo(pass->own);
		if (pass->retry)
			leave_out(pass);
		MemoryContextSwitchTo(pass->work);
		MemoryContextReset(pass->work);
	}
	MemoryContextSwitchTo(oldcxt);
}

static ParamListInfo
make_places(Pass *pass)
{
	ParamListInfo places = makeParamList(2);

	for (int i = 0; i < 2; i++)
	{
		places->params[i].value = PointerGetDatum(i == 0 ? &pass->lower : &pass->upper);
		places->params[i].isnull = false;
		places->params[i].pflags = 0;
		places->params[i].ptype = TIDOID;
	}
	return places;
}

/* What has been asked of rows before it ended is not all of them: it is not told. */
static void
give_up(Preflight *pf, List *probes, const char *why)
{
	ListCell   *lc;

	foreach(lc, probes)
	{
		PreflightProbe *probe = lfirst(lc);

		(void) blockers_add(&pf->blockers, probe->step, PREFLIGHT_UNKNOWN,
							psprintf(PREFLIGHT_UNKNOWN_TEXT, probe->problem, why), NULL);
	}
}

static void
tell(Preflight *pf, const PreflightProbe *probe, PreflightKind kind, char *problem,
	 const Blocker *found)
{
	blockers_extend(blockers_add(&pf->blockers, probe->step, kind, problem, probe->hint), found,
					pf->samples);
}

static void
finish_probes(Preflight *pf, List *probes, bool passed)
{
	ListCell   *lc;

	foreach(lc, probes)
	{
		PreflightProbe *probe = lfirst(lc);

		if (!passed)
		{
			probe->met = probe->raised = NULL;
			probe->limited = false;
			continue;
		}
		if (probe->raised != NULL)
			tell(pf, probe, PREFLIGHT_FAILS,
				 probe->limited ? psprintf("%s (no more rows were counted)", probe->raised_problem)
								: probe->raised_problem,
				 probe->raised);
		if (probe->met != NULL)
			tell(pf, probe, probe->kind, probe->problem, probe->met);
	}
}

static ErrorData *
run_pass(Preflight *pf, PreflightTable *table, List *probes)
{
	Pass		pass = {.pf = pf, .table = table, .cxt = CurrentMemoryContext};
	ErrorData  *error;
	ListCell   *lc;

	pass.own =
		AllocSetContextCreate(CurrentMemoryContext, "db_adapter preflight", ALLOCSET_DEFAULT_SIZES);
	pass.work =
		AllocSetContextCreate(pass.own, "db_adapter preflight range", ALLOCSET_DEFAULT_SIZES);
	foreach(lc, probes)
	{
		Question   *question = palloc0(sizeof(Question));

		question->probe = lfirst(lc);
		pass.questions = lappend(pass.questions, question);
	}
	pass.key = reader_key(table);
	pass.places = make_places(&pass);
	pass.reader.table = table;
	pass.reader.body = pass_over;
	pass.reader.arg = &pass;
	error = reader_run(&pass.reader);
	MemoryContextDelete(pass.own);
	finish_probes(pf, probes, error == NULL);
	return error;
}

/*
 * One statement for all questions; where that cannot be made, or a function is not to be
 * called, each of them gets a pass of its own, so that one does not keep the others from
 * being told.
 */
void
rows_ask(Preflight *pf, PreflightTable *table)
{
	ErrorData  *error;
	ListCell   *lc;

	if (table->probes == NIL)
		return;
	if (table->unknown != NULL)
	{
		give_up(pf, table->probes, table->unknown);
		return;
	}
	progress_phase("asking rows", table->name);
	error = run_pass(pf, table, table->probes);
	if (error == NULL)
		return;
	if (list_length(table->probes) == 1)
	{
		give_up(pf, table->probes, error->message);
		return;
	}
	foreach(lc, table->probes)
	{
		List	   *alone = list_make1(lfirst(lc));

		error = run_pass(pf, table, alone);
		if (error != NULL)
			give_up(pf, alone, error->message);
	}
}
