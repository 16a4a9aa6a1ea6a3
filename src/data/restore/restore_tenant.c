/*
 * restore_tenant.c
 *	  Whose rows a restore may write, and who must wait for whom.
 *
 * A restore for one tenant is given the tenant by its caller and the backup schema
 * perhaps by the file, which is anybody's.  A file must not say that a table has no
 * tenants: its rows would then be whoever's they claim to be.  What a table has is
 * taken from this database instead: its tenant column as backupschema_derive() finds
 * it, or the foreign keys by which its rows belong to those of a table that has one.
 *
 * It never takes a file's word for whose rows a table holds; of a schema that the
 * caller has given nothing of the kind is asked.  Locks are advisory: a session that
 * writes by other means is kept out by the tables' own constraints alone.
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/depends.h"
#include "base/query.h"
#include "base/texts.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "data/backupschema/backupschemamatch.h"
#include "data/restore/restore_private.h"
#include "data/row/keyform.h"
#include "miscadmin.h"
#include "utils/syscache.h"

/* Of the advisory locks: ours, so that others' keys do not meet them. */
#define LOCK_SEED 0x64626164

/* --- a backup schema that the file brings */

pg_noreturn static void refuse(const BackupTable *table, const char *format, ...)
	pg_attribute_printf(2, 3);

/* The detail says which of the demands was not met. */
static void
refuse(const BackupTable *table, const char *format, ...)
{
	va_list		args;
	char	   *detail;

	va_start(args, format);
	detail = texts_format(format, args);
	va_end(args);
	ereport(
		ERROR,
		(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
		 errmsg("the backup's own schema does not keep table \"%s\" to one tenant", table->name),
		 errdetail_internal("%s", detail),
		 errhint("Pass a backup schema that you trust as backup_schema, or restore without "
				 "user_id.")));
}

/* Whether every row has to refer by it; one that may be NULL leads nowhere for some. */
static bool
is_required(const RelationInfo *rel, const RelationForeignKey *fk)
{
	for (int i = 0; i < fk->ncolumns; i++)
		if (!relation_column_by_number(rel, fk->columns[i])->not_null)
			return false;
	return true;
}

/* Whether each row of the relation is some tenant's; seen are those asked before. */
static bool
has_tenants(const RelationInfo *rel, List **seen)
{
	ListCell   *lc;

	check_stack_depth();
	if (backupschema_tenant_column(rel) != NULL)
		return true;
	/*
	 * Before its targets are asked: tables that refer to each other would be asked for
	 * ever.
	 */
	*seen = lappend_oid(*seen, rel->oid);
	foreach(lc, rel->foreign_keys)
	{
		RelationForeignKey *fk = lfirst(lc);

		if (is_required(rel, fk) && !list_member_oid(*seen, fk->target) &&
			has_tenants(relation_read(fk->target), seen))
			return true;
	}
	return false;
}

/* The reference that the schema declares for a foreign key, or NULL. */
static const BackupRef *
declared_reference(const BackupSchema *schema, const BackupTable *table,
				   const RelationForeignKey *fk)
{
	for (int i = 0; i < table->nrefs; i++)
	{
		const BackupRef *ref = &table->refs[i];
		AttrNumber *numbers = palloc(sizeof(AttrNumber) * ref->nfields);

		if (ref->kind != REF_COLUMNS ||
			schema->tables[ref->targets[0].index].rel->oid != fk->target)
			continue;
		for (int j = 0; j < ref->nfields; j++)
			numbers[j] = ref->columns[j]->attnum;
		if (relation_foreign_key_over(table->rel, numbers, ref->nfields, fk->target) == fk)
			return ref;
	}
	return NULL;
}

/* The tenant's own column needs no declaration: it is filled here. */
static bool
is_tenant_key(const BackupTable *table, const RelationForeignKey *fk)
{
	return table->user_column != NULL && fk->ncolumns == 1 &&
		   fk->columns[0] == table->user_column->attnum;
}

/* Whether a declared reference has a say in some column of the foreign key. */
static bool
touches_reference(const BackupTable *table, const RelationForeignKey *fk)
{
	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; j < table->refs[i].nfields; j++)
			for (int k = 0; k < fk->ncolumns; k++)
				if (table->refs[i].columns[j]->attnum == fk->columns[k])
					return true;
	return false;
}

/* A key that is not declared would be copied, and may lead to anybody's row. */
static void
check_foreign_key(const BackupSchema *schema, const BackupTable *table,
				  const RelationForeignKey *fk)
{
	const BackupRef *ref = declared_reference(schema, table, fk);
	List	   *seen = NIL;

	if (is_tenant_key(table, fk))
		return;
	/* An optional reference is mapped too, but a row that loses it would be nobody's. */
	if (ref != NULL && (ref->required || !is_required(table->rel, fk)))
		return;
	if (!has_tenants(relation_read(fk->target), &seen))
		return;
	if (ref == NULL)
		refuse(table, "It does not declare foreign key \"%s\", which leads to rows of tenants.",
			   fk->name);
	refuse(table, "It declares foreign key \"%s\", by which rows are a tenant's, as optional.",
		   fk->name);
}

/* A tenant column of another table, as a key of its own, leads to the tenants. */
static bool
leads_by_tenant(Oid constraint, Oid target)
{
	Oid			relid = InvalidOid;
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	RelationInfo *rel;
	const RelationColumn *column;
	ListCell   *lc;

	if (HeapTupleIsValid(tuple))
	{
		if (((Form_pg_constraint) GETSTRUCT(tuple))->confrelid == target)
			relid = ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid;
		ReleaseSysCache(tuple);
	}
	if (!OidIsValid(relid))
		return false;
	rel = relation_read(relid);
	column = backupschema_tenant_column(rel);
	foreach(lc, rel->foreign_keys)
	{
		RelationForeignKey *fk = lfirst(lc);

		if (column != NULL && fk->target == target && fk->ncolumns == 1 &&
			fk->columns[0] == column->attnum)
			return true;
	}
	return false;
}

/*
 * Whether a table's rows are the tenants themselves: others lead to it by their tenant
 * columns.
 */
typedef struct TenantSearch
{
	Oid			table;
	bool		found;
} TenantSearch;

static bool
find_tenant_key(const FormData_pg_depend *dependency, void *arg)
{
	TenantSearch *search = arg;

	if (dependency->classid == ConstraintRelationId)
		search->found = leads_by_tenant(dependency->objid, search->table);
	return !search->found;
}

/* Whether the rows of the table are tenants themselves. */
static bool
holds_tenants(const RelationInfo *rel)
{
	TenantSearch search = {rel->oid};

	depends_visit(RelationRelationId, rel->oid, find_tenant_key, &search);
	return search.found;
}

/*
 * The file's word against this database's: each demand is one way in which rows of another
 * tenant could be written or read.
 */
static void
check_table(const BackupSchema *schema, const BackupTable *table, bool overwrites)
{
	const RelationColumn *column = backupschema_tenant_column(table->rel);
	List	   *seen = NIL;
	ListCell   *lc;

	if (column != NULL && table->user_column != column)
		refuse(table, "It does not name \"%s\" as the table's tenant column.", column->name);
	for (int i = 0; i < table->nslug; i++)
		if (table->slug_columns[i] == table->user_column)
			refuse(table, "It has the tenant column \"%s\" in the match key.",
				   table->user_column->name);
	if (table->tenant_depth < 0 && has_tenants(table->rel, &seen))
		refuse(table, "Its rows belong to no tenant there, and here they do.");
	if (overwrites && table->tenant_depth < 0 && holds_tenants(table->rel))
		refuse(table,
			   "Its rows are the tenants, and it names no tenant column by which to tell them.");
	foreach(lc, table->rel->foreign_keys)
		check_foreign_key(schema, table, lfirst(lc));
}

/*
 * That a table's rows are the tenants, and what they are called, nothing in this database
 * says: whoever wrote the file could name any table, and a row there that is called so.
 */
static void
check_root(const BackupSchema *schema)
{
	ereport(ERROR,
			(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
			 errmsg("the backup's own schema does not bind rows to a tenant"),
			 errdetail("It says that the tenants are the rows of table \"%s\", and a file could "
					   "say so of any table.",
					   schema->tenant->name),
			 errhint("Pass a backup schema that you trust as backup_schema, or restore without "
					 "user_id.")));
}

/* Only for a schema that came with the file: the caller's own is trusted. */
void
restore_tenant_check(Restore *restore)
{
	const BackupSchema *schema = restore->schema;

	if (restore->options.user_id == NULL || restore->options.backup_schema != NULL)
		return;
	if (schema->tenant != NULL)
		check_root(schema);
	for (int i = 0; i < schema->ntables; i++)
	{
		CHECK_FOR_INTERRUPTS();
		check_table(schema, &schema->tables[i], restore_overwrites(restore));
	}
}

/* --- references that nobody declares */

/* Whether a row that is found here has the same value in the column as the file's. */
static bool
is_matched(const BackupTable *table, const RelationColumn *column)
{
	RelationColumn **columns = table->nslug > 0 ? table->slug_columns : table->pk_columns;
	int			count = table->nslug > 0 ? table->nslug : table->npk;

	for (int i = 0; i < count; i++)
		if (columns[i] == column)
			return true;
	return column == table->user_column;
}

/*
 * Whether rows of that table may get keys that they did not have in the file.  With a
 * tenant given, rows that are here already are found under keys of their own.
 */
static bool
maps_target(const RestoreTable *t, const RelationForeignKey *fk, const BackupTable *target)
{
	if (t->restore->options.user_id != NULL)
		return true;
	for (int i = 0; i < fk->ncolumns; i++)
	{
		RelationColumn *column = relation_column_by_number(target->rel, fk->target_columns[i]);

		if (OidIsValid(column->sequence) || !is_matched(target, column))
			return true;
	}
	return false;
}

/* What a foreign key says is another table's would be mapped by the ids of the declared one. */
static void
check_reference(const BackupSchema *schema, const BackupTable *table, const BackupRef *ref)
{
	AttrNumber *numbers = palloc(sizeof(AttrNumber) * Max(ref->nfields, 1));
	const BackupTable *target = &schema->tables[ref->targets[0].index];
	RelationForeignKey *fk;

	if (ref->kind != REF_COLUMNS)
		return;
	for (int i = 0; i < ref->nfields; i++)
		numbers[i] = ref->columns[i]->attnum;
	fk = relation_foreign_key_over(table->rel, numbers, ref->nfields, InvalidOid);
	if (fk == NULL ||
		relation_foreign_key_over(table->rel, numbers, ref->nfields, target->rel->oid) != NULL)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("foreign key \"%s\" of table \"%s\" does not reference \"%s\"", fk->name,
					table->name, target->name),
			 errdetail("The backup schema declares that its columns do, so its values would be "
					   "mapped by the ids of another table."),
			 errhint("check_backup_schema() says what a backup schema has wrong.")));
}

/* Whether the columns that a generated one is made of hold a reference, which is mapped. */
static bool
follows_reference(const RestoreTable *t, const RelationColumn *column)
{
	Bitmapset  *from = relation_generated_from(t->rel, column);

	for (int i = 0; i < t->table->nrefs; i++)
	{
		const BackupRef *ref = &t->table->refs[i];

		for (int j = 0; ref->kind != REF_JSON && j < ref->nfields; j++)
			if (bms_is_member(ref->columns[j]->attnum - FirstLowInvalidHeapAttributeNumber, from))
				return true;
	}
	return false;
}

/* The column of the key that the table computes from what nobody maps; NULL without one. */
static const RelationColumn *
computed_column(const RestoreTable *t, const RelationForeignKey *fk, bool *follows)
{
	for (int i = 0; i < fk->ncolumns; i++)
	{
		RelationColumn *column = relation_column_by_number(t->rel, fk->columns[i]);

		if (!column->generated)
			continue;
		if (!follows_reference(t, column))
			return column;
		*follows = true;
	}
	return NULL;
}

static void
refuse_computed(const RestoreTable *t, const RelationForeignKey *fk, const RelationColumn *column)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("foreign key \"%s\" of table \"%s\" is over a generated column", fk->name,
					t->table->name),
			 errdetail("Column \"%s\" is computed from others that are no references, and would "
					   "lead to other rows than it did.",
					   column->name),
			 errhint("Declare the columns that it is computed from as a reference, or keep the ids "
					 "with ids => 'keep'.")));
}

/* Of rows that are only looked up nothing is read but what names them. */
static bool
is_read(const RestoreTable *t, const RelationForeignKey *fk)
{
	for (int i = 0; i < fk->ncolumns; i++)
		if (is_matched(t->table, relation_column_by_number(t->rel, fk->columns[i])))
			return true;
	return t->lookup != LOOKUP_FIND;
}

void
restore_tenant_check_keys(const RestoreTable *t)
{
	const BackupSchema *schema = t->restore->schema;
	ListCell   *lc;

	for (int i = 0; i < t->table->nrefs; i++)
		check_reference(schema, t->table, &t->table->refs[i]);

	if (restore_table_keeps_ids(t))
		return;
	backupschemamatch_check(schema, t->table);
	foreach(lc, t->rel->foreign_keys)
	{
		RelationForeignKey *fk = lfirst(lc);
		const BackupTable *target = NULL;
		const RelationColumn *computed;
		bool		follows = false;

		for (int i = 0; i < schema->ntables; i++)
			if (schema->tables[i].rel->oid == fk->target)
				target = &schema->tables[i];
		if (target == NULL || !maps_target(t, fk, target) || !is_read(t, fk) ||
			(t->restore->options.user_id != NULL && is_tenant_key(t->table, fk)))
			continue;
		computed = computed_column(t, fk, &follows);
		if (computed != NULL)
			refuse_computed(t, fk, computed);
		if (follows || touches_reference(t->table, fk))
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("foreign key \"%s\" of table \"%s\" to \"%s\" is not declared in the "
						"backup schema",
						fk->name, t->table->name, target->name),
				 errdetail("Its values would not be mapped, and lead to other rows than they did."),
				 errhint("Declare it under \"parents\" or \"optional_refs\", or keep the ids with "
						 "ids => 'keep'.")));
	}
}

/* --- turns */

/* Of a query that has one value. */
static bool
take_bool(TupleTableSlot *slot, void *arg)
{
	bool		isnull;

	*(bool *) arg = DatumGetBool(slot_getattr(slot, 1, &isnull));
	return false;
}

/*
 * Whoever has waited must see what the other has committed, which a snapshot
 * taken before cannot show.
 */
static void
lock_key(uint64 key, bool shared)
{
	Oid			type = INT8OID;
	Datum		value = Int64GetDatum((int64) key);
	bool		locked = false;

	if (!IsolationUsesXactSnapshot())
	{
		query_run(shared ? "SELECT pg_catalog.pg_advisory_xact_lock_shared($1)"
						 : "SELECT pg_catalog.pg_advisory_xact_lock($1)",
				  1, &type, &value, NULL, false, NULL, NULL);
		return;
	}
	query_run(shared ? "SELECT pg_catalog.pg_try_advisory_xact_lock_shared($1)"
					 : "SELECT pg_catalog.pg_try_advisory_xact_lock($1)",
			  1, &type, &value, NULL, false, take_bool, &locked);
	/*
	 * An error and no wait: the snapshot is from before, and would not show what the
	 * other one does.
	 */
	if (!locked)
		ereport(ERROR, (errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
						errmsg("could not serialize with another restore of the same rows")));
}

static uint64
hash_tenant(const StringInfo bytes)
{
	return hash_bytes_extended((const unsigned char *) bytes->data, bytes->len, LOCK_SEED + 1);
}

/* A tenant as the column has it, whose equality says which spellings are one tenant. */
static uint64
tenant_key(const RelationColumn *column, const char *user_id)
{
	ValueReader *reader = valuereader_create(column, false);
	int			nestlevel = query_pin(PIN_VALUES);
	StringInfoData bytes;

	initStringInfo(&bytes);
	keyform_append(keyform_create(column->type, column->collation), &bytes,
				   valuereader_text(reader, user_id, strlen(user_id)));
	query_unpin(nestlevel);
	return hash_tenant(&bytes);
}

/* One that is a row by what names it here, by whatever else the caller has called it. */
static uint64
named_key(const BackupTable *table, const BackupTenant *tenant, const char *user_id)
{
	StringInfoData bytes;

	if (!tenant->found)
		return tenant_key(table->slug_columns[0], user_id);
	initStringInfo(&bytes);
	for (int i = 0; i < table->nslug; i++)
		if (!tenant->slug_nulls[i])
			keyform_append(
				keyform_create(table->slug_columns[i]->type, table->slug_columns[i]->collation),
				&bytes, tenant->slug[i]);
	return hash_tenant(&bytes);
}

/*
 * Locks are taken in one order by everybody, so that two restores of the same tenants wait
 * and do not deadlock.
 */
static int
compare_keys(const void *a, const void *b)
{
	uint64		x = *(const uint64 *) a;
	uint64		y = *(const uint64 *) b;

	return x < y ? -1 : x > y;
}

/*
 * Two restores of one tenant take turns, else each would insert what the other
 * has not committed yet.  One without a tenant may touch any of them.  Tables may
 * tell tenants apart in different ways: each way has a lock, all in one order.
 */
void
restore_tenant_lock(Restore *restore)
{
	const BackupSchema *schema = restore->schema;
	const char *user_id = restore->options.user_id;
	uint64	   *keys = palloc(sizeof(uint64) * (schema->ntables + 2));
	int			count = 0;

	/*
	 * Shared by those with a tenant, taken alone by one without: it waits for all, and
	 * all for it.
	 */
	lock_key(hash_bytes_extended((const unsigned char *) "", 0, LOCK_SEED), user_id != NULL);
	if (user_id == NULL)
		return;
	keys[count++] =
		hash_bytes_extended((const unsigned char *) user_id, strlen(user_id), LOCK_SEED + 1);
	if (schema->tenant != NULL)
		keys[count++] = named_key(schema->tenant, schema->tenant_row, user_id);
	for (int i = 0; i < schema->ntables; i++)
		if (schema->tables[i].user_column != NULL)
			keys[count++] = tenant_key(schema->tables[i].user_column, user_id);
	qsort(keys, count, sizeof(uint64), compare_keys);
	for (int i = 0; i < count; i++)
		if (i == 0 || keys[i] != keys[i - 1])
			lock_key(keys[i], false);
}
