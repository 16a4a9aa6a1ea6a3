/*
 * preflight_reader.c
 *	  Statements over the live rows, as the owner of their table.
 *
 * What a step evaluates is the table owner's or the planner's of the step, who may do as
 * the owner does: it runs with the owner's rights, in an operation that gives no others
 * back and changes nothing.  A superuser's tables call no functions of others, as in apply.
 *
 * Expressions reach a statement as trees and not as text: an assignment that raises would
 * be printed as a cast that cuts.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "base/relation.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "access/sysattr.h"
#include "parser/parse_node.h"
#include "rewrite/rewriteManip.h"
#include "schema/preflight/preflight_reader.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* A value is shown in so many bytes at most. */
#define SHOWN_BYTES 200

/* ---- statements ---- */

static int
depth_of(const ParseState *pstate)
{
	int			depth = 0;

	for (; pstate->parentParseState != NULL; pstate = pstate->parentParseState)
		depth++;
	return depth;
}

static Node *
take_parameter(ParseState *pstate, ParamRef *ref)
{
	const Statement *statement = pstate->p_ref_hook_state;
	int			number = ref->number - statement->places - 1;
	Node	   *expression;

	if (number < 0)
	{
		Param	   *place = makeNode(Param);

		place->paramkind = PARAM_EXTERN;
		place->paramid = ref->number;
		place->paramtype = TIDOID;
		place->paramtypmod = -1;
		place->location = -1;
		return (Node *) place;
	}
	expression = copyObject(list_nth(statement->expressions, number));
	IncrementVarSublevelsUp(expression, depth_of(pstate) - list_nth_int(statement->levels, number),
							0);
	return expression;
}

static void
set_hooks(ParseState *pstate, void *arg)
{
	pstate->p_paramref_hook = take_parameter;
	pstate->p_ref_hook_state = arg;
}

int
reader_add(Statement *statement, Node *expression, int level)
{
	statement->expressions = lappend(statement->expressions, expression);
	statement->levels = lappend_int(statement->levels, level);
	return statement->places + list_length(statement->expressions);
}

QueryPlan *
reader_prepare(Statement *statement, const char *sql)
{
	return query_prepare_hooked(CurrentMemoryContext, sql, set_hooks, statement);
}

/* ---- as whom ---- */

static void
run_guarded(void *arg)
{
	Reader	   *reader = arg;

	reader->guard.rule = superuser() ? CALLS_TRUSTED : CALLS_ANY;
	calls_run(&reader->guard, reader->body, reader->arg);
}

static void
run_as_owner(void *arg)
{
	Reader	   *reader = arg;

	query_read_as_other(reader->table->runner, run_guarded, reader);
}

/* Rolled back in any case: what was called may have left something all the same. */
ErrorData *
reader_run(Reader *reader)
{
	return query_attempt(run_as_owner, reader, false);
}

/* ---- what rows show ---- */

char *
reader_from(const PreflightTable *table)
{
	return psprintf("%s%s", table->partitioned ? "" : "ONLY ",
					quote_qualified_identifier(get_namespace_name(get_rel_namespace(table->relid)),
											   get_rel_name(table->relid)));
}

static PreflightShown *
show(char *name, Node *value)
{
	PreflightShown *shown = palloc(sizeof(PreflightShown));

	shown->name = name;
	shown->value = value;
	return shown;
}

List *
reader_key(const PreflightTable *table)
{
	RelationInfo *rel = relation_read(table->relid);
	const RelationKey *key = rel->primary_key;
	List	   *result = NIL;

	for (int i = 0; key != NULL && i < key->ncolumns; i++)
	{
		const RelationColumn *column = relation_column_by_number(rel, key->columns[i]);

		result = lappend(
			result, show(column->name, (Node *) makeVar(1, column->attnum, column->type,
														column->typmod, column->collation, 0)));
	}
	if (result == NIL)
		result = list_make1(show("ctid", (Node *) makeVar(1, SelfItemPointerAttributeNumber, TIDOID,
														  -1, InvalidOid, 0)));
	return result;
}

char *
reader_clip(char *text)
{
	int			length = strlen(text);

	if (length <= SHOWN_BYTES)
		return text;
	return psprintf("%.*s...", pg_mbcliplen(text, length, SHOWN_BYTES), text);
}

static bool
is_plain(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID || type == BOOLOID;
}

static SampleValue *
take_value(TupleTableSlot *slot, int column, const PreflightShown *shown)
{
	SampleValue *value = palloc0(sizeof(SampleValue));
	Oid			type = TupleDescAttr(slot->tts_tupleDescriptor, column)->atttypid;
	bool		isnull;
	Datum		datum = slot_getattr(slot, column + 1, &isnull);
	Oid			output;
	bool		varlena;

	value->name = pstrdup(shown->name);
	if (isnull)
		return value;
	getTypeOutputInfo(type, &output, &varlena);
	value->text = reader_clip(OidOutputFunctionCall(output, datum));
	value->plain = is_plain(getBaseType(type));
	return value;
}

Sample *
reader_sample(TupleTableSlot *slot, int column, List *key, List *shown)
{
	Sample	   *sample = palloc0(sizeof(Sample));
	ListCell   *lc;

	foreach(lc, key)
		sample->key = lappend(sample->key, take_value(slot, column++, lfirst(lc)));
	foreach(lc, shown)
		sample->values = lappend(sample->values, take_value(slot, column++, lfirst(lc)));
	return sample;
}
