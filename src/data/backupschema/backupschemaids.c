/*
 * backupschemaids.c
 *	  Which columns of a key are ids, and which are data.
 *
 * An id means something in its own database alone: another one draws its own, and what
 * refers to it is mapped.  A column of the key that nothing draws and nothing refers to,
 * as the number of an order's line, is data like any other: compared and written.
 *
 * It asks the catalog for foreign keys of tables that are in no backup schema, too: who
 * refers to a row from there must find it under the key that it has.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "base/compat.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "data/backupschema/backupschema_private.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/* A table below or of the schema that foreign keys may lead to. */
typedef struct Referred
{
	Oid			oid;
	BackupTable *table;
} Referred;

static int
place_of(const BackupTable *table, const RelationColumn *column)
{
	return column - table->rel->columns;
}

static bool
is_reference(const BackupTable *table, const RelationColumn *column)
{
	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; table->refs[i].kind != REF_JSON && j < table->refs[i].nfields; j++)
			if (table->refs[i].columns[j] == column)
				return true;
	return false;
}

bool
backupschema_is_id(const BackupTable *table, const RelationColumn *column)
{
	return table->ids[place_of(table, column)];
}

bool
backupschema_is_key_data(const BackupTable *table, const RelationColumn *column)
{
	if (column == table->user_column || is_reference(table, column) ||
		backupschema_is_id(table, column))
		return false;
	for (int i = 0; i < table->npk; i++)
		if (table->pk_columns[i] == column)
			return true;
	return false;
}

static bool
has_key_data(const BackupTable *table)
{
	for (int i = 0; i < table->npk; i++)
		if (backupschema_is_key_data(table, table->pk_columns[i]))
			return true;
	return false;
}

/* What is drawn, in any database; of views and foreign tables nobody knows. */
static void
mark_drawn(BackupTable *table)
{
	bool		known =
		table->rel->kind == RELKIND_RELATION || table->rel->kind == RELKIND_PARTITIONED_TABLE;

	table->ids = palloc0(sizeof(bool) * Max(table->rel->ncolumns, 1));
	for (int i = 0; i < table->npk; i++)
	{
		const RelationColumn *column = table->pk_columns[i];

		if (!known || OidIsValid(column->sequence) || column->made || column->varies)
			table->ids[place_of(table, column)] = true;
	}
}

/* What the schema's own references lead to, but for those whose values are copied. */
static void
mark_referred(BackupSchema *schema, const BackupRef *ref)
{
	for (int i = 0; i < ref->ntargets; i++)
	{
		BackupTable *target = &schema->tables[ref->targets[i].index];
		const BackupKey *key = &target->keys[ref->key];

		for (int j = 0; j < key->count; j++)
			target->ids[place_of(target, key->columns[j])] = true;
	}
}

static void
add_referred(HTAB *tables, Oid relid, BackupTable *table)
{
	bool		found;
	Referred   *referred = hash_search(tables, &relid, HASH_ENTER, &found);

	if (!found)
		referred->table = table;
}

/* Tables whose keys have columns of which it is still to be asked; NULL: none. */
static HTAB *
tables_to_ask(BackupSchema *schema)
{
	HASHCTL		control = {0};
	HTAB	   *tables = NULL;

	control.keysize = sizeof(Oid);
	control.entrysize = sizeof(Referred);
	control.hcxt = CurrentMemoryContext;
	for (int i = 0; i < schema->ntables; i++)
	{
		BackupTable *table = &schema->tables[i];
		ListCell   *lc;

		if (!has_key_data(table))
			continue;
		if (tables == NULL)
			tables = hash_create("db_adapter referred tables", 64, &control,
								 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		if (!table->rel->has_children && table->rel->kind != RELKIND_PARTITIONED_TABLE)
			add_referred(tables, table->rel->oid, table);
		else
			foreach(lc, find_all_inheritors(table->rel->oid, AccessShareLock, NULL))
				add_referred(tables, lfirst_oid(lc), table);
	}
	return tables;
}

/* A partition's columns may have other numbers than those of the whole. */
static void
mark_columns(const Referred *referred, const int16 *numbers, int count)
{
	for (int i = 0; i < count; i++)
	{
		const char *name = get_attname(referred->oid, numbers[i], true);

		for (int j = 0; name != NULL && j < referred->table->rel->ncolumns; j++)
			if (strcmp(referred->table->rel->columns[j].name, name) == 0)
				referred->table->ids[j] = true;
	}
}

/* No index leads from a table to the foreign keys that mean it: they are read once. */
static void
mark_foreign_keys(HTAB *tables)
{
	Relation	rel = table_open(ConstraintRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
		const Referred *referred;
		bool		isnull;
		Datum		key;
		ArrayType  *numbers;

		CHECK_FOR_INTERRUPTS();
		if (form->contype != CONSTRAINT_FOREIGN ||
			(referred = hash_search(tables, &form->confrelid, HASH_FIND, NULL)) == NULL)
			continue;
		key = heap_getattr(tuple, Anum_pg_constraint_confkey, RelationGetDescr(rel), &isnull);
		if (isnull)
			continue;
		numbers = DatumGetArrayTypeP(key);
		mark_columns(referred, (int16 *) ARR_DATA_PTR(numbers),
					 ArrayGetNItems(ARR_NDIM(numbers), ARR_DIMS(numbers)));
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

void
backupschema_bind_ids(BackupSchema *schema)
{
	HTAB	   *tables;

	for (int i = 0; i < schema->ntables; i++)
		mark_drawn(&schema->tables[i]);
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
			mark_referred(schema, &schema->tables[i].refs[j]);
	tables = tables_to_ask(schema);
	if (tables == NULL)
		return;
	mark_foreign_keys(tables);
	hash_destroy(tables);
}
