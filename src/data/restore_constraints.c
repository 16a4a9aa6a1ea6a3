/*
 * restore_constraints.c
 *	  constraints => 'revalidate': foreign keys dropped for the time of a restore.
 *
 * Checking a foreign key once for a whole table costs less than once a row.
 * Only a table's owner may, and says so by name; what is added again is checked
 * in full, so that nothing is in the end that a foreign key would refuse.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "data/restore_private.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

typedef struct DroppedKey
{
	char	   *drop;
	char	   *add;
	char	   *comment;		/* NULL without one */
} DroppedKey;

typedef struct KeyList
{
	MemoryContext cxt;
	List	   *keys;
} KeyList;

static char *
copy_column(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return isnull ? NULL : text_to_cstring(DatumGetTextPP(value));
}

static bool
take_key(TupleTableSlot *slot, void *arg)
{
	KeyList	   *list = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(list->cxt);
	DroppedKey *key = palloc(sizeof(DroppedKey));

	key->drop = copy_column(slot, 1);
	key->add = copy_column(slot, 2);
	key->comment = copy_column(slot, 3);
	list->keys = lappend(list->keys, key);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* A key that a partition has from its parent goes and comes with the parent's. */
static void
list_keys(KeyList *list, const RelationInfo *rel)
{
	static const char *const sql =
		"SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', $2, conname),"
		"       format('ALTER TABLE %s ADD CONSTRAINT %I %s', $2, conname,"
		"              pg_get_constraintdef(oid)),"
		"       CASE WHEN d IS NOT NULL"
		"            THEN format('COMMENT ON CONSTRAINT %I ON %s IS %L', conname, $2, d) END"
		"  FROM (SELECT *, obj_description(oid, 'pg_constraint') AS d FROM pg_constraint) AS c"
		" WHERE conrelid = $1 AND contype = 'f' AND conparentid = 0 ORDER BY conname";
	Oid			types[] = {OIDOID, TEXTOID};
	Datum		values[] = {ObjectIdGetDatum(rel->oid), CStringGetTextDatum(rel->qualified)};
	int			nestlevel = query_pin(PIN_PATH);

	query_run(sql, 2, types, values, NULL, false, take_key, list);
	query_unpin(nestlevel);
}

void
restore_constraints_drop(Restore *restore)
{
	KeyList		list = {restore->cxt, NIL};
	ListCell   *lc;

	for (int i = 0; i < restore->schema->ntables; i++)
		list_keys(&list, restore->schema->tables[i].rel);
	foreach(lc, list.keys)
		query_run(((DroppedKey *) lfirst(lc))->drop, 0, NULL, NULL, NULL, false, NULL, NULL);
	restore->dropped_keys = list.keys;
}

void
restore_constraints_add(Restore *restore)
{
	ListCell   *lc;

	foreach(lc, restore->dropped_keys)
	{
		DroppedKey *key = lfirst(lc);

		query_run(key->add, 0, NULL, NULL, NULL, false, NULL, NULL);
		if (key->comment != NULL)
			query_run(key->comment, 0, NULL, NULL, NULL, false, NULL, NULL);
	}
}
