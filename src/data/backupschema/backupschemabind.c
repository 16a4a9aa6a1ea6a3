/*
 * backupschemabind.c
 *	  The tables and columns of a backup schema, found in this database.
 *
 * What is not there, or may not be read, is an error; what the database makes of it
 * (whose rows a table's name means, whether a key needs the tenant) is noted beside.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/backupschema/backupschema.h"
#include "data/backupschema/backupschema_private.h"
#include "data/backupschema/backupschematenant.h"
#include "catalog/pg_inherits.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"

/* A column of the table, with a hint where a default of the format named it. */
static RelationColumn *
bind_column(const BackupTable *table, const char *name, const BackupKeyMember *key)
{
	RelationColumn *column = relation_find_column(table->rel, name);

	if (column == NULL && strcmp(name, key->otherwise) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of table \"%s\" does not exist", name, table->rel->name),
				 errhint("\"%s\" is the default of \"%s\"; give null where the table has none.",
						 name, key->name)));
	return column != NULL ? column : relation_column(table->rel, name);
}

/* In the order of the names, which is that of keys in the file. */
static RelationColumn **
bind_columns(const BackupTable *table, char **names, int count, const BackupKeyMember *key)
{
	RelationColumn **columns = palloc(sizeof(RelationColumn *) * Max(count, 1));

	for (int i = 0; i < count; i++)
		columns[i] = bind_column(table, names[i], key);
	return columns;
}

/* Columns that are named, where the format has no default. */
static RelationColumn **
named_columns(const BackupTable *table, char **names, int count)
{
	RelationColumn **columns = palloc(sizeof(RelationColumn *) * Max(count, 1));

	for (int i = 0; i < count; i++)
		columns[i] = relation_column(table->rel, names[i]);
	return columns;
}

/*
 * Types need not be equal: a reference is mapped as text, and read by the type it has here.
 */
static void
bind_ref(const BackupSchema *schema, BackupTable *table, BackupRef *ref)
{
	for (int i = 0; i < ref->ntargets; i++)
	{
		BackupTable *target = backupschema_find_meant(schema, ref->targets[i].table);

		if (target == NULL)
			target = backupschema_table(
				schema, ref->targets[i].table,
				psprintf("a reference of table \"%s\" in the backup schema", table->name));
		if (ref->nto == 0 && target->npk != ref->nfields)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("reference of table \"%s\" to \"%s\" has %d columns, the key of "
							"\"%s\" has %d",
							table->name, target->name, ref->nfields, target->name, target->npk)));
		if (ref->nto > 0 && ref->key > 0 && ref->circular)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("reference of table \"%s\" to \"%s\" cannot have \"to\"", table->name,
							target->name),
					 errdetail("The tables refer to each other, and such references are mapped "
							   "by the key.")));
	}
	ref->columns = named_columns(table, ref->fields, ref->nfields);
	if (ref->type_field != NULL)
		ref->type_column = relation_column(table->rel, ref->type_field);
	if (ref->kind == REF_JSON && ref->columns[0]->basetype != JSONOID &&
		ref->columns[0]->basetype != JSONBOID)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("reference of table \"%s\" has a \"json_path\" but column \"%s\" is "
							   "not json",
							   table->name, ref->fields[0])));
}

/*
 * Without these the rows of a backup could not be found again, or would lose what they
 * refer to.
 */
static void
bind_keys(BackupTable *table)
{
	table->keys[0].columns = table->pk_columns;
	for (int i = 1; i < table->nkeys; i++)
		table->keys[i].columns = named_columns(table, table->keys[i].names, table->keys[i].count);
	for (int i = 0; i < table->nraws; i++)
		table->raws[i].columns =
			named_columns(table, table->raws[i].fields, table->raws[i].nfields);
}

static void
refuse_excluded(const BackupTable *table, RelationColumn **columns, int count)
{
	for (int i = 0; i < count; i++)
		if (table->excluded[columns[i] - table->rel->columns])
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("column \"%s\" of table \"%s\" cannot be excluded",
								   columns[i]->name, table->name),
							errdetail("It is part of a key or a reference.")));
}

static void
bind_excluded(BackupTable *table)
{
	ListCell   *lc;

	table->excluded = palloc0(sizeof(bool) * Max(table->rel->ncolumns, 1));
	foreach(lc, table->exclude)
		table->excluded[relation_column(table->rel, lfirst(lc)) - table->rel->columns] = true;
	for (int i = 0; i < table->nkeys; i++)
		refuse_excluded(table, table->keys[i].columns, table->keys[i].count);
	refuse_excluded(table, table->slug_columns, table->nslug);
	if (table->user_column != NULL)
		refuse_excluded(table, &table->user_column, 1);
	for (int i = 0; i < table->nrefs; i++)
	{
		refuse_excluded(table, table->refs[i].columns, table->refs[i].nfields);
		if (table->refs[i].type_column != NULL)
			refuse_excluded(table, &table->refs[i].type_column, 1);
	}
}

/*
 * The name is resolved once, under a lock that lasts to the end of the transaction: what is
 * read of it stays so.
 */
static void
bind_table(BackupSchema *schema, BackupTable *table)
{
	Oid			relid = relation_resolve(table->name);

	relation_check_code(relid);
	table->rel = relation_read(relid);
	table->pk_columns = bind_columns(table, table->pk, table->npk, &backupschema_pk);
	table->slug_columns = bind_columns(table, table->slug, table->nslug, &backupschema_slug);
	if (table->user_field != NULL)
		table->user_column = bind_column(table, table->user_field, &backupschema_user);
	bind_keys(table);
	for (int i = 0; i < table->nrefs; i++)
		bind_ref(schema, table, &table->refs[i]);
	bind_excluded(table);
}

/* Two names of one table stand together then. */
static int
compare_oids(const void *a, const void *b)
{
	Oid			x = (*(BackupTable *const *) a)->rel->oid;
	Oid			y = (*(BackupTable *const *) b)->rel->oid;

	return x < y ? -1 : x > y;
}

/* One table under two names would be saved and restored twice. */
static void
refuse_same_tables(const BackupSchema *schema)
{
	BackupTable **tables = palloc(sizeof(BackupTable *) * Max(schema->ntables, 1));

	memcpy(tables, schema->by_name, sizeof(BackupTable *) * schema->ntables);
	qsort(tables, schema->ntables, sizeof(BackupTable *), compare_oids);
	for (int i = 1; i < schema->ntables; i++)
		if (tables[i - 1]->rel->oid == tables[i]->rel->oid)
		{
			int			first = Min(tables[i - 1]->index, tables[i]->index);
			int			other = Max(tables[i - 1]->index, tables[i]->index);

			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("tables \"%s\" and \"%s\" of the backup schema are the same",
								   schema->tables[first].name, schema->tables[other].name)));
		}
	pfree(tables);
}

/*
 * Without ONLY a table's name means the rows of all that inherit from it too.  Those in
 * the schema are told apart: a row of theirs may have the same key and is another row.
 * Rows of an heir that no table of the schema has come through this one.
 */
static void
bind_source(const BackupSchema *schema, BackupTable *table)
{
	List	   *heirs;
	List	   *declared = NIL;

	table->source = table->rel->qualified;
	if (!table->rel->has_children)
		return;
	heirs = list_delete_oid(find_all_inheritors(table->rel->oid, AccessShareLock, NULL),
							table->rel->oid);
	for (int i = 0; i < schema->ntables; i++)
	{
		Oid			other = schema->tables[i].rel->oid;

		if (list_member_oid(heirs, other))
			declared =
				list_concat_unique_oid(declared, find_all_inheritors(other, AccessShareLock, NULL));
	}
	if (list_difference_oid(heirs, declared) == NIL)
		table->source = psprintf("ONLY %s", table->rel->qualified);
}

static bool
some_key_within(const RelationInfo *rel, const AttrNumber *columns, int count)
{
	ListCell   *lc;

	foreach(lc, rel->keys)
		if (relation_key_within(lfirst(lc), columns, count))
			return true;
	return false;
}

/* Whether the unique indexes make ids repeat over tenants, and not within one. */
static bool
key_needs_tenant(const BackupTable *table)
{
	AttrNumber *columns = palloc(sizeof(AttrNumber) * (table->npk + 1));

	if (table->user_column == NULL || !table->user_column->not_null)
		return false;
	for (int i = 0; i < table->npk; i++)
		columns[i] = table->pk_columns[i]->attnum;
	columns[table->npk] = table->user_column->attnum;
	return table->npk > 0 && !some_key_within(table->rel, columns, table->npk) &&
		   some_key_within(table->rel, columns, table->npk + 1);
}

/* Whether a row that refers says whose row it means: its own tenant's. */
static bool
tells_tenant(const BackupRef *ref, const BackupTable *target)
{
	return ref->kind != REF_JSON && ref->user_column != NULL &&
		   relation_comparable(target->user_column->type, ref->user_column->type);
}

/* A key is read together with the tenant where all that refers to it can. */
static void
bind_tenants(BackupSchema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
		schema->tables[i].per_tenant = key_needs_tenant(&schema->tables[i]);
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
		{
			BackupRef  *ref = &schema->tables[i].refs[j];

			ref->user_column = schema->tables[i].user_column;
			for (int k = 0; k < ref->ntargets; k++)
			{
				BackupTable *target = &schema->tables[ref->targets[k].index];

				target->per_tenant =
					target->per_tenant && (ref->key > 0 || tells_tenant(ref, target));
			}
		}
}

/* All tables first, then what one table's facts say of another: tenants, sources. */
void
backupschema_bind(BackupSchema *schema)
{
	char	   *misplaced = backupschema_misplaced(schema);

	if (misplaced != NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid backup schema: %s", misplaced),
						errhint("Tables stand after the tables they reference.")));
	for (int i = 0; i < schema->ntables; i++)
	{
		CHECK_FOR_INTERRUPTS();
		bind_table(schema, &schema->tables[i]);
	}
	refuse_same_tables(schema);
	for (int i = 0; i < schema->ntables; i++)
		bind_source(schema, &schema->tables[i]);
	bind_tenants(schema);
	backupschema_bind_ids(schema);
	backupschematenant_check(schema);
	backupschematenant_settle(schema);
}

bool
backupschema_makes(const BackupTable *table, const RelationColumn *column)
{
	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; table->refs[i].kind != REF_JSON && j < table->refs[i].nfields; j++)
			if (table->refs[i].columns[j] == column)
				return false;
	return column->made && column != table->user_column;
}

/*
 * How a row of the table would be found again by a unique index that the server has, in
 * order of trust.
 */
BackupFoundBy
backupschema_found_by(const RelationInfo *rel, const AttrNumber *references, int count)
{
	BackupFoundBy found = FOUND_BY_NOTHING;
	ListCell   *lc;

	foreach(lc, rel->keys)
	{
		RelationKey *key = lfirst(lc);
		bool		drawn = false;

		if (key->partial || key->expressions)
			continue;
		if (relation_key_within(key, references, count))
			return FOUND_BY_REFERENCES;
		for (int i = 0; i < key->ncolumns; i++)
		{
			RelationColumn *column = relation_column_by_number(rel, key->columns[i]);

			drawn |= key->primary ? OidIsValid(column->sequence) : column->made;
		}
		if (!drawn)
			found = FOUND_BY_KEY;
	}
	return found;
}
