/*
 * preflight_recheck.c
 *	  What the server checks again when a column is converted.
 *
 * A value that is rounded may be the same as another, or not meet a check any more: live
 * checks, keys and indexes of the column are asked of the new values, unless a step before
 * has dropped them; the step that makes them again asks by itself.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "parser/parser.h"
#include "schema/preflight/preflight_steps.h"
#include "utils/builtins.h"

typedef struct Definition
{
	Oid			relid;
	char	   *name;
	char	   *text;
} Definition;

typedef struct Definitions
{
	MemoryContext cxt;
	List	   *list;
} Definitions;

static bool
take_definition(TupleTableSlot *slot, void *arg)
{
	Definitions *definitions = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(definitions->cxt);
	Definition *definition = palloc(sizeof(Definition));

	slot_getallattrs(slot);
	definition->relid = DatumGetObjectId(slot->tts_values[0]);
	definition->name = pstrdup(NameStr(*DatumGetName(slot->tts_values[1])));
	definition->text = TextDatumGetCString(slot->tts_values[2]);
	definitions->list = lappend(definitions->list, definition);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

static List *
read_definitions(Oid relid, AttrNumber attnum, const char *sql)
{
	Oid			types[] = {OIDOID, INT2OID};
	Datum		values[] = {ObjectIdGetDatum(relid), Int16GetDatum(attnum)};
	Definitions definitions = {.cxt = CurrentMemoryContext};
	int			nestlevel = query_pin(PIN_PATH);

	query_run(sql, 2, types, values, NULL, true, take_definition, &definitions);
	query_unpin(nestlevel);
	return definitions.list;
}

static bool
is_gone(const PreflightTable *table, const char *name)
{
	ListCell   *lc;

	foreach(lc, table->gone)
		if (strcmp(lfirst(lc), name) == 0)
			return true;
	return false;
}

static void
recheck_constraints(Preflight *pf, PreflightTable *table, AttrNumber attnum)
{
	ListCell   *lc;

	foreach(lc, read_definitions(table->relid, attnum,
								 "SELECT conrelid, conname, pg_get_constraintdef(oid)"
								 "  FROM pg_constraint"
								 " WHERE (conrelid = $1 AND $2 = ANY (conkey) AND convalidated"
								 "        AND contype IN ('c', 'f', 'x') AND conparentid = 0)"
								 "    OR (confrelid = $1 AND $2 = ANY (confkey) AND convalidated"
								 "        AND contype = 'f' AND conparentid = 0 AND conrelid <> $1)"
								 " ORDER BY conname, conrelid"))
	{
		const Definition *definition = lfirst(lc);
		PreflightTable *owner = model_table_of(pf, definition->relid, false);
		Constraint *constraint;

		if (is_gone(owner, definition->name))
			continue;
		constraint = constraints_read(definition->name, definition->text);
		/* Each of them is come to. */
		constraint->is_no_inherit = true;
		constraints_add(pf, owner, constraint, NULL, true);
	}
}

void
recheck_column(Preflight *pf, PreflightTable *table, AttrNumber attnum)
{
	ListCell   *lc;

	if (attnum == 0)
		return;
	recheck_constraints(pf, table, attnum);
	foreach(lc, read_definitions(
					table->relid, attnum,
					"SELECT i.indrelid, c.relname, pg_get_indexdef(i.indexrelid)"
					"  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
					" WHERE i.indrelid = $1 AND i.indisvalid AND NOT i.indisexclusion"
					"   AND (i.indisunique OR i.indexprs IS NOT NULL)"
					"   AND ($2 = ANY (i.indkey) OR EXISTS ("
					"        SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass"
					"           AND d.objid = i.indexrelid AND d.refclassid = 'pg_class'::regclass"
					"           AND d.refobjid = $1 AND d.refobjsubid = $2))"
					" ORDER BY c.relname"))
	{
		const Definition *definition = lfirst(lc);
		RawStmt	   *stmt = linitial_node(RawStmt, raw_parser(definition->text, RAW_PARSE_DEFAULT));

		if (!is_gone(table, definition->name))
			keys_index(pf, (IndexStmt *) stmt->stmt, table, true);
	}
}
