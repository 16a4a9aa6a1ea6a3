/*
 * childindex.c
 *	  Foreign keys that make deletions slow: no index finds the rows that refer.
 *
 * For each row deleted the server looks for rows that refer to it, and without an index
 * on the referring columns reads their whole table.  Nothing here can spare it that, so
 * whoever deletes is told which index would.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "data/digest/childindex.h"
#include "utils/builtins.h"

/* Rows deleted times rows read for each: about a second's work. */
#define FELT 1e7

/* Of the foreign keys to $1, with what they read; partitions have theirs of their own. */
static const char *const child_sql =
	"SELECT k.conname::text, format('%I.%I', n.nspname, c.relname),"
	"       (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY u.o)"
	"          FROM unnest(k.conkey) WITH ORDINALITY AS u (attnum, o)"
	"          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum)"
	"  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid"
	"  JOIN pg_namespace n ON n.oid = c.relnamespace"
	" WHERE k.contype = 'f' AND k.confrelid = $1 AND c.relkind = 'r' AND c.reltuples * $2 >= $3"
	"   AND NOT EXISTS (SELECT FROM pg_index i"
	"        WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL"
	"          AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)"
	" ORDER BY 2, 1";

typedef struct ChildNotice
{
	const RelationInfo *rel;
	MemoryContext cxt;
	List	   *notices;		/* char *, three each: constraint, table, columns */
} ChildNotice;

static bool
take_child(TupleTableSlot *slot, void *arg)
{
	ChildNotice *n = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(n->cxt);

	for (int i = 1; i <= 3; i++)
	{
		bool		isnull;
		Datum		value = slot_getattr(slot, i, &isnull);

		n->notices = lappend(n->notices, TextDatumGetCString(value));
	}
	MemoryContextSwitchTo(oldcxt);
	return true;
}

void
childindex_notice(const RelationInfo *rel, int64 rows)
{
	Oid			types[] = {OIDOID, FLOAT8OID, FLOAT8OID};
	Datum		values[] = {ObjectIdGetDatum(rel->oid), Float8GetDatum((double) rows),
					  Float8GetDatum(FELT)};
	ChildNotice n = {rel, CurrentMemoryContext, NIL};
	int			nestlevel = query_pin(PIN_PATH);

	query_run(child_sql, 3, types, values, NULL, true, take_child, &n);
	query_unpin(nestlevel);
	for (int i = 0; i + 2 < list_length(n.notices); i += 3)
		ereport(
			WARNING,
			(errmsg("foreign key \"%s\" of table %s has no index on (%s)",
					(char *) list_nth(n.notices, i), (char *) list_nth(n.notices, i + 1),
					(char *) list_nth(n.notices, i + 2)),
			 errdetail("For each row deleted of \"%s\" that table is read as a whole.", rel->name),
			 errhint("CREATE INDEX ON %s (%s);", (char *) list_nth(n.notices, i + 1),
					 (char *) list_nth(n.notices, i + 2))));
}
