/*
 * restore_named.c
 *	  The row of the tenant whom the caller has named, where tenants are rows.
 *
 * The file has one such row.  It is found here by the name given, not by its own, and made
 * under that name where nobody is called so; all other rows follow it by their references.
 * A tenant named by other columns than the match key has to be here: those of a new one
 * would be the file's.  What names a tenant that was found stays as it is.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/backupschema/backupschematenant.h"
#include "data/restore/restore_private.h"
#include "data/select/tenant.h"

bool
restore_named_is(const RestoreTable *t)
{
	return t->table == t->restore->schema->tenant && t->restore->options.user_id != NULL;
}

/* The row here that is the tenant; NULL where it is to be made, or nobody is named. */
static const BackupTenant *
found_tenant(const RestoreTable *t)
{
	const BackupTenant *tenant = t->restore->schema->tenant_row;

	return restore_named_is(t) && tenant != NULL && tenant->found ? tenant : NULL;
}

bool
restore_named_found(const RestoreTable *t)
{
	return found_tenant(t) != NULL;
}

void
restore_named_find(Restore *restore)
{
	BackupSchema *schema = restore->schema;
	const char *user_id = restore->options.user_id;

	tenant_resolve_latest(schema, user_id);
	if (schema->tenant_row != NULL && !schema->tenant_row->found && tenant_is_object(user_id))
		tenant_refuse_missing(schema, user_id);
}

bool
restore_named_gives(const RestoreTable *t, const RelationColumn *column)
{
	for (int i = 0; restore_named_is(t) && i < t->table->nslug; i++)
		if (t->table->slug_columns[i] == column)
			return true;
	return false;
}

/* The first row of the table is the tenant; there must be no other. */
void
restore_named_count(RestoreTable *t, const RestoreRow *row)
{
	if (!restore_named_is(t) || row->index == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("the backup holds rows of several tenants"),
			 errdetail("Table \"%s\" has more than one row in it, and user_id names one tenant.",
					   t->table->name),
			 errhint("Restore without user_id, or back up one tenant.")));
}

static void
set_value(RestoreTable *t, RestoreRow *row, const RelationColumn *column, Datum value, bool isnull)
{
	int			at = column - t->rel->columns;

	row->nulls[at] = isnull;
	if (!isnull)
		row->values[at] = valuereader_copy(t->columns.readers[at], value);
}

/*
 * What the row refers to may be missing: a tenant that is here already keeps his own, and
 * is not changed.
 */
static void
fill_found(RestoreTable *t, RestoreRow *row, const BackupTenant *tenant)
{
	for (int i = 0; i < t->table->npk; i++)
		set_value(t, row, t->table->pk_columns[i], tenant->keys[0][i], tenant->nulls[0][i]);
	for (int i = 0; i < t->table->nslug; i++)
		set_value(t, row, t->table->slug_columns[i], tenant->slug[i], tenant->slug_nulls[i]);
	if (row->state == ROW_ORPHANED)
	{
		row->state = ROW_READ;
		row->match.superseded = true;
		t->counts.lookup_missing += restore_overwrites(t->restore);
	}
}

void
restore_named_fill(RestoreTable *t, RestoreRow *row)
{
	const BackupTenant *tenant = found_tenant(t);
	const char *user_id = t->restore->options.user_id;
	const RelationColumn *column;

	if (tenant != NULL)
		fill_found(t, row, tenant);
	else if (restore_named_is(t))
	{
		column = t->table->slug_columns[0];
		set_value(t, row, column,
				  valuereader_text(t->columns.readers[column - t->rel->columns], user_id,
								   strlen(user_id)),
				  false);
	}
}

/* Made or found; a file of several says so by its counts. */
void
restore_named_note(RestoreTable *t, const RestoreRow *row)
{
	if (t->table != t->restore->schema->tenant)
		return;
	if (row->state == ROW_INSERTED)
		t->counts.tenants_made++;
	else if (row->match.found)
		t->counts.tenants_found++;
}

const char *
restore_named_told(const RestoreTable *t)
{
	if (t->counts.tenants_made + t->counts.tenants_found != 1)
		return NULL;
	return t->counts.tenants_made > 0 ? "made" : "found";
}
