/*
 * restore_constraints.c
 *	  When the constraints of restored tables are checked.
 *
 * constraints => 'revalidate': foreign keys are dropped for the time of a restore,
 * since checking one once for a whole table costs less than once a row.  Only a
 * table's owner may, and says so by name; what is added again is checked in full,
 * so that nothing is in the end that a foreign key would refuse.
 *
 * Constraints that are INITIALLY DEFERRED would fail at COMMIT and take everything
 * with them.  They are checked with each statement instead, where a row that fails
 * costs that row, and deferred again in the end.  Left deferred are those that a
 * later part of the restore may satisfy: foreign keys to tables still to come of
 * which the backup schema knows nothing, uniqueness where rows may trade their
 * values, and the triggers of people, whose demands nobody knows.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "data/restore/restore_private.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

/*
 * Commands, made before the first is dropped, since the catalog tells no more of it then.
 */
typedef struct DroppedKey
{
	char	   *drop;
	char	   *add;
	char	   *comment;		/* NULL without one */
} DroppedKey;

typedef struct DroppedKeys
{
	MemoryContext cxt;
	List	   *keys;
} DroppedKeys;

/* In the current context; the slot's memory goes with the query. */
static char *
copy_column(TupleTableSlot *slot, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(slot, column, &isnull);

	return isnull ? NULL : text_to_cstring(DatumGetTextPP(value));
}

/*
 * The definitions are the server's own (pg_get_constraintdef), so that what is added again
 * is what was there.
 */
static bool
take_key(TupleTableSlot *slot, void *arg)
{
	DroppedKeys *list = arg;
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
list_keys(DroppedKeys *list, const RelationInfo *rel)
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

/* Whether the backup schema has the reference. */
static bool
is_declared(const BackupTable *table, const RelationForeignKey *fk)
{
	for (int i = 0; i < table->nrefs; i++)
	{
		const BackupRef *ref = &table->refs[i];
		AttrNumber *numbers = palloc(sizeof(AttrNumber) * ref->nfields);

		for (int j = 0; j < ref->nfields; j++)
			numbers[j] = ref->columns[j]->attnum;
		if (ref->kind == REF_COLUMNS &&
			relation_foreign_key_over(table->rel, numbers, ref->nfields, fk->target) == fk)
			return true;
	}
	return false;
}

/* Whether all rows it may refer to are here before, or the row is held back for them. */
static bool
is_settled(const Restore *restore, const BackupTable *table, const RelationForeignKey *fk)
{
	for (int i = table->index; i < restore->schema->ntables; i++)
		if (restore->schema->tables[i].rel->oid == fk->target)
			return is_declared(table, fk);
	return true;
}

/* The deferred constraints of one table. */
typedef struct ImmediateList
{
	Restore	   *restore;
	const BackupTable *table;
} ImmediateList;

/* Left deferred where the backup schema does not know when the target's rows come. */
static bool
take_deferred(TupleTableSlot *slot, void *arg)
{
	ImmediateList *list = arg;
	Restore	   *restore = list->restore;
	MemoryContext oldcxt = MemoryContextSwitchTo(restore->cxt);
	bool		isnull;
	Oid			constraint = DatumGetObjectId(slot_getattr(slot, 1, &isnull));
	bool		settled = true;
	ListCell   *lc;

	foreach(lc, list->table->rel->foreign_keys)
	{
		RelationForeignKey *fk = lfirst(lc);

		if (fk->constraint == constraint)
			settled = is_settled(restore, list->table, fk);
	}
	if (settled)
		restore->immediate = lappend(restore->immediate, copy_column(slot, 2));
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/* SET CONSTRAINTS takes names alone, so all of that name must be alike. */
static void
list_deferred(Restore *restore, const BackupTable *table)
{
	static const char *const sql =
		"SELECT oid, format('%I.%I', connamespace::regnamespace::name, conname)"
		"  FROM pg_constraint AS c"
		" WHERE conrelid = $1 AND condeferred AND conparentid = 0 AND contype = ANY "
		"($2::\"char\"[])"
		"   AND NOT EXISTS (SELECT FROM pg_constraint AS other"
		"                    WHERE other.conname = c.conname"
		"                      AND other.connamespace = c.connamespace AND NOT other.condeferred)"
		" ORDER BY conname";
	ImmediateList list = {restore, table};
	Oid			types[] = {OIDOID, TEXTOID};
	const char *kinds = restore_overwrites(restore) ? "{f}" : "{f,u,p,x}";
	Datum		values[] = {ObjectIdGetDatum(table->rel->oid), CStringGetTextDatum(kinds)};
	int			nestlevel = query_pin(PIN_PATH);

	query_run(sql, 2, types, values, NULL, false, take_deferred, &list);
	query_unpin(nestlevel);
}

/* One command each: names are unique within their schema alone, and are qualified. */
static void
set_constraints(const Restore *restore, const char *when)
{
	ListCell   *lc;

	foreach(lc, restore->immediate)
		query_command(psprintf("SET CONSTRAINTS %s %s", (char *) lfirst(lc), when));
}

/* SET CONSTRAINTS lasts to the end of the transaction, so it is undone by name. */
void
restore_constraints_check(Restore *restore)
{
	for (int i = 0; i < restore->schema->ntables; i++)
		list_deferred(restore, &restore->schema->tables[i]);
	set_constraints(restore, "IMMEDIATE");
}

void
restore_constraints_defer(Restore *restore)
{
	set_constraints(restore, "DEFERRED");
}

/*
 * First the list, then the commands: dropping a key while its table is being read from the
 * catalog would change what is read.
 */
void
restore_constraints_drop(Restore *restore)
{
	DroppedKeys list = {restore->cxt, NIL};
	ListCell   *lc;

	for (int i = 0; i < restore->schema->ntables; i++)
		list_keys(&list, restore->schema->tables[i].rel);
	foreach(lc, list.keys)
		query_command(((DroppedKey *) lfirst(lc))->drop);
	restore->dropped_keys = list.keys;
}

/*
 * In full, with NOT VALID nowhere: the rows that were there before are checked again, too.
 */
void
restore_constraints_add(Restore *restore)
{
	ListCell   *lc;

	foreach(lc, restore->dropped_keys)
	{
		DroppedKey *key = lfirst(lc);

		query_command(key->add);
		if (key->comment != NULL)
			query_command(key->comment);
	}
}
