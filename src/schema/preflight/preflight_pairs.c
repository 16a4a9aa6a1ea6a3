/*
 * preflight_pairs.c
 *	  What keys ask of rows together: groups, pairs, and rows that are referred to.
 *
 * The memory that the server would sort in to build the index is lent to each statement.
 * Rows that refer to none, and groups, are counted as they come; only samples are kept.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/progress.h"
#include "base/query.h"
#include "base/relation.h"
#include "executor/tuptable.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "schema/preflight/preflight_analyse.h"
#include "schema/preflight/preflight_reader.h"
#include "schema/preflight/preflight_steps.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Each row with each other: more rows than these are not compared. */
#define PAIRED_ROWS 5000

typedef struct Pairs
{
	Preflight  *pf;
	PreflightKey *key;
	MemoryContext cxt;
	List	   *identity;		/* PreflightShown *: the primary key */
	List	   *shown;
	Blocker		found;
	int64		groups;
	bool		unknown;		/* too many rows */
} Pairs;

static bool
take_row(TupleTableSlot *slot, void *arg)
{
	Pairs	   *pairs = arg;
	MemoryContext oldcxt;

	pairs->found.rows++;
	if (!pairs->key->table->shown || list_length(pairs->found.samples) >= pairs->pf->samples)
		return true;
	oldcxt = MemoryContextSwitchTo(pairs->cxt);
	pairs->found.samples =
		lappend(pairs->found.samples, reader_sample(slot, 1, pairs->identity, pairs->shown));
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* ", $1, $2 …" of what a sample shows; alias "c": with names c1, c2 … as well. */
static void
add_shown(const Pairs *pairs, Statement *statement, StringInfo sql, int level, bool alias)
{
	List	   *all = list_concat_copy(pairs->identity, pairs->shown);
	ListCell   *lc;

	foreach(lc, all)
	{
		appendStringInfo(sql, ", $%d",
						 reader_add(statement, ((PreflightShown *) lfirst(lc))->value, level));
		if (alias)
			appendStringInfo(sql, " AS c%d", foreach_current_index(lc) + 1);
	}
}

/* Rows that the key is about: of its predicate and, unless nulls are equal, without any. */
static void
add_where(const Pairs *pairs, Statement *statement, StringInfo sql, int level)
{
	const PreflightKey *key = pairs->key;
	ListCell   *lc;

	appendStringInfoString(sql, " WHERE true");
	if (key->predicate != NULL)
		appendStringInfo(sql, " AND $%d", reader_add(statement, key->predicate, level));
	if (key->nulls_equal)
		return;
	foreach(lc, key->values)
		appendStringInfo(sql, " AND $%d IS DISTINCT FROM NULL",
						 reader_add(statement, lfirst(lc), level));
}

static char *
values_list(const Pairs *pairs, Statement *statement, int level)
{
	StringInfoData list;
	ListCell   *lc;

	initStringInfo(&list);
	foreach(lc, pairs->key->values)
		appendStringInfo(&list, "%s$%d", list.len > 0 ? ", " : "",
						 reader_add(statement, lfirst(lc), level));
	return list.data;
}

/* ---- unique ---- */

static bool
take_groups(TupleTableSlot *slot, void *arg)
{
	Pairs	   *pairs = arg;

	slot_getallattrs(slot);
	pairs->groups = DatumGetInt64(slot->tts_values[0]);
	pairs->found.rows = slot->tts_isnull[1] ? 0 : DatumGetInt64(slot->tts_values[1]);
	return true;
}

/* Group after group: rows of one that is left out say nothing of the next. */
static void
sample_groups(Pairs *pairs)
{
	Statement  *statement = palloc0(sizeof(Statement));
	int64		rows = pairs->found.rows;
	int			columns = list_length(pairs->identity) + list_length(pairs->shown);
	StringInfoData sql;
	ListCell   *lc;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT true");
	for (int i = 1; i <= columns; i++)
		appendStringInfo(&sql, ", c%d", i);
	appendStringInfo(&sql, " FROM (SELECT ctid AS place, count(*) OVER (PARTITION BY %s) AS n",
					 values_list(pairs, statement, 1));
	add_shown(pairs, statement, &sql, 1, true);
	foreach(lc, pairs->key->values)
		appendStringInfo(&sql, ", $%d AS e%d", reader_add(statement, lfirst(lc), 1),
						 foreach_current_index(lc) + 1);
	appendStringInfo(&sql, " FROM %s", reader_from(pairs->key->table));
	add_where(pairs, statement, &sql, 1);
	appendStringInfoString(&sql, ") s WHERE n > 1 ORDER BY ");
	foreach(lc, pairs->key->values)
		appendStringInfo(&sql, "e%d, ", foreach_current_index(lc) + 1);
	appendStringInfo(&sql, "place LIMIT %d", pairs->pf->samples);
	(void) query_read_hooked(reader_prepare(statement, sql.data), NULL, take_row, pairs);
	pairs->found.rows = rows;
}

static void
ask_groups(Pairs *pairs)
{
	Statement  *statement = palloc0(sizeof(Statement));
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT count(*), sum(n)::bigint FROM (SELECT count(*) AS n FROM %s",
					 reader_from(pairs->key->table));
	add_where(pairs, statement, &sql, 1);
	appendStringInfo(&sql, " GROUP BY %s HAVING count(*) > 1) s", values_list(pairs, statement, 1));
	(void) query_read_hooked(reader_prepare(statement, sql.data), NULL, take_groups, pairs);
	if (pairs->groups > 0 && pairs->key->table->shown && pairs->pf->samples > 0)
		sample_groups(pairs);
}

/* ---- exclusion ---- */

/* Which of the operators is the && of ranges, if all others are equalities; or -1. */
static int
find_overlap(const PreflightKey *key)
{
	int			overlap = -1;

	for (int i = 0; i < list_length(key->values); i++)
	{
		const char *operator= list_nth(key->operators, i);
		Oid			type = getBaseType(exprType(list_nth(key->values, i)));
		char	   *equality = relation_equality(type);

		if (equality != NULL &&
			(strcmp(operator, equality) == 0 || strcmp(operator, "OPERATOR(=)") == 0))
			continue;
		if (overlap >= 0 || !OidIsValid(get_range_subtype(type)) || strstr(operator, "&&") == NULL)
			return -1;
		overlap = i;
	}
	return overlap;
}

/*
 * Of ranges in their order, if any two overlap, then two that stand side by side do.  What
 * is counted are rows that overlap with the one before.
 */
static void
ask_overlaps(Pairs *pairs, int overlap)
{
	Statement  *statement = palloc0(sizeof(Statement));
	Node	   *range = list_nth(pairs->key->values, overlap);
	StringInfoData sql;
	int			columns = list_length(pairs->identity) + list_length(pairs->shown);

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT true");
	for (int i = 1; i <= columns; i++)
		appendStringInfo(&sql, ", c%d", i);
	appendStringInfo(&sql, " FROM (SELECT $%d AS r, lag($%d) OVER (",
					 reader_add(statement, range, 1), reader_add(statement, range, 1));
	for (int i = 0, n = 0; i < list_length(pairs->key->values); i++)
		if (i != overlap)
			appendStringInfo(&sql, "%s$%d", n++ == 0 ? "PARTITION BY " : ", ",
							 reader_add(statement, list_nth(pairs->key->values, i), 1));
	appendStringInfo(&sql, " ORDER BY $%d) AS before", reader_add(statement, range, 1));
	add_shown(pairs, statement, &sql, 1, true);
	appendStringInfo(&sql, " FROM %s", reader_from(pairs->key->table));
	add_where(pairs, statement, &sql, 1);
	appendStringInfoString(&sql, ") s WHERE r && before");
	(void) query_read_hooked(reader_prepare(statement, sql.data), NULL, take_row, pairs);
}

/* One side of the join of the table with itself. */
static void
add_side(Pairs *pairs, Statement *statement, StringInfo sql, bool shown)
{
	ListCell   *lc;

	appendStringInfoString(sql, "(SELECT ctid AS place");
	foreach(lc, pairs->key->values)
		appendStringInfo(sql, ", $%d AS e%d", reader_add(statement, lfirst(lc), 1),
						 foreach_current_index(lc) + 1);
	if (shown)
		add_shown(pairs, statement, sql, 1, true);
	appendStringInfo(sql, " FROM %s", reader_from(pairs->key->table));
	add_where(pairs, statement, sql, 1);
	appendStringInfoChar(sql, ')');
}

static bool
are_too_many(const PreflightKey *key)
{
	int64		rows = 0;
	int64		bytes = 0;

	relation_measure(key->table->relid, &rows, &bytes);
	return rows > PAIRED_ROWS;
}

static void
ask_pairs(Pairs *pairs)
{
	Statement  *statement = palloc0(sizeof(Statement));
	StringInfoData sql;
	ListCell   *lc;

	if (are_too_many(pairs->key))
	{
		pairs->unknown = true;
		return;
	}
	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT true");
	for (int i = 1; i <= list_length(pairs->identity) + list_length(pairs->shown); i++)
		appendStringInfo(&sql, ", b.c%d", i);
	appendStringInfoString(&sql, " FROM ");
	add_side(pairs, statement, &sql, false);
	appendStringInfoString(&sql, " a JOIN ");
	add_side(pairs, statement, &sql, true);
	appendStringInfoString(&sql, " b ON a.place < b.place");
	foreach(lc, pairs->key->operators)
		appendStringInfo(&sql, " AND a.e%d %s b.e%d", foreach_current_index(lc) + 1,
						 (char *) lfirst(lc), foreach_current_index(lc) + 1);
	(void) query_read_hooked(reader_prepare(statement, sql.data), NULL, take_row, pairs);
}

/* ---- foreign keys ---- */

static void
ask_orphans(Pairs *pairs)
{
	const PreflightKey *key = pairs->key;
	Statement  *statement = palloc0(sizeof(Statement));
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfoString(&sql, "SELECT true");
	add_shown(pairs, statement, &sql, 0, false);
	appendStringInfo(&sql, " FROM %s", reader_from(key->table));
	add_where(pairs, statement, &sql, 0);
	appendStringInfo(&sql, " AND NOT EXISTS (SELECT 1 FROM %s WHERE true",
					 reader_from(key->target));
	for (int i = 0; i < list_length(key->targets); i++)
	{
		int			target = reader_add(statement, list_nth(key->targets, i), 1);
		int			value = reader_add(statement, list_nth(key->values, i), 0);

		appendStringInfo(&sql, " AND $%d %s $%d", target, (char *) list_nth(key->operators, i),
						 value);
	}
	appendStringInfoChar(&sql, ')');
	(void) query_read_hooked(reader_prepare(statement, sql.data), NULL, take_row, pairs);
}

/* ---- one key ---- */

static void
ask(void *arg)
{
	Pairs	   *pairs = arg;
	int			overlap;

	query_set("work_mem", GetConfigOption("maintenance_work_mem", false, false));
	query_set("jit", "off");
	/* Groups of keys that are all different are as many as rows: a sort is cheaper. */
	query_set("enable_hashagg", "off");
	switch (pairs->key->kind)
	{
		case KEY_UNIQUE:
			ask_groups(pairs);
			break;
		case KEY_FOREIGN:
			ask_orphans(pairs);
			break;
		case KEY_EXCLUSION:
			overlap = find_overlap(pairs->key);
			if (overlap >= 0)
				ask_overlaps(pairs, overlap);
			else
				ask_pairs(pairs);
			break;
	}
}

static void
tell_unknown(Preflight *pf, const PreflightKey *key, const char *why)
{
	(void) blockers_add(&pf->blockers, key->step, PREFLIGHT_UNKNOWN,
						psprintf(PREFLIGHT_UNKNOWN_TEXT, key->problem, why), NULL);
}

/* A value that raises here has been told with the step that converts it. */
static void
tell_error(Preflight *pf, const PreflightKey *key, const char *message)
{
	int			step = model_raised_before(key->table, key->step->number);

	if (step == 0 && key->target != NULL)
		step = model_raised_before(key->target, key->step->number);
	tell_unknown(pf, key,
				 step > 0 ? psprintf("it depends on step %d, which fails", step) : message);
}

void
pairs_ask(Preflight *pf, PreflightKey *key)
{
	Pairs		pairs = {.pf = pf, .key = key, .cxt = CurrentMemoryContext};
	Reader		reader = {.table = key->table, .body = ask, .arg = &pairs};
	ErrorData  *error;

	if (key->table->unknown != NULL)
	{
		tell_unknown(pf, key, key->table->unknown);
		return;
	}
	progress_phase("asking keys", key->table->name);
	pairs.identity = reader_key(key->table);
	pairs.shown = analyse_shown(key->table, (Node *) key->values);
	error = reader_run(&reader);
	if (error != NULL)
		tell_error(pf, key, error->message);
	else if (pairs.unknown)
		tell_unknown(pf, key,
					 psprintf("more than %d rows are not compared with each other", PAIRED_ROWS));
	else if (pairs.found.rows > 0)
		blockers_extend(
			blockers_add(&pf->blockers, key->step, PREFLIGHT_FAILS, key->problem, key->hint),
			&pairs.found, pf->samples);
}
