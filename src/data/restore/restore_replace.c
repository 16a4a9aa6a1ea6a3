/*
 * restore_replace.c
 *	  Rows of the tenant that the file does not have, gone: what replacing does more than
 *	  overwriting.
 *
 * The file is read twice.  The first time it is compared, which tells the rows that go; all
 * of them, of all tables, are deleted by one statement.  That comes before anything is
 * written, for new rows may want their unique values; or last, where a row that stays still
 * refers to one of them and will be given another reference by the file.  Where neither will
 * do, all is as it was: there is no third way.
 *
 * It assumes that the tenant is locked against other restores from the comparison on.  What
 * others put in meanwhile stays.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "data/digest/deletion.h"
#include "data/restore/restore_private.h"

/* --- what is refused */

pg_noreturn static void
refuse(const char *detail, const char *hint)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("this backup cannot replace what is here"),
					errdetail_internal("%s", detail), errhint("%s", hint)));
}

/* Only the writer of the file knows that it left nothing out. */
static void
check_file(const FileHeader *header)
{
	JsonbContainer *metadata = header->metadata != NULL ? &header->metadata->root : NULL;
	JsonbValue	v;

	if (metadata != NULL && json_get(metadata, "backup_type", &v) && v.type == jbvString &&
		strcmp(json_value_string(&v), "partial") == 0)
		refuse("It holds chosen rows alone.", "Make one without keys.");
	if (metadata == NULL || !json_get(metadata, "complete", &v) || v.type != jbvBool)
		refuse("It does not say that it holds all rows: it is of an earlier release, or of "
			   "another program.",
			   "Make one with this release, or use mode => 'overwrite'.");
	if (!v.val.boolean)
		refuse("Its rows were filtered, or policies of row security hid some.",
			   "Make one without filters, as a role that sees all rows.");
}

void
restore_replace_check(const Restore *compared)
{
	check_file(filereader_header(compared->reader));
	for (int i = 0; i < compared->schema->ntables; i++)
		if (compared->tables[i] != NULL && relation_hides_rows(compared->tables[i]->rel->oid))
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("rows of table \"%s\" cannot be replaced",
								   compared->tables[i]->table->name),
							errdetail("Policies of row security may hide some of them."),
							errhint("Use a role that sees all rows.")));
}

/* --- the rows that go */

static void
delete_rows(void *arg)
{
	Restore	   *restore = arg;

	deletion_of_lists(restore->schema, restore->goes, restore->deleted);
}

static bool
is_any(const Restore *restore)
{
	for (int i = 0; restore->goes != NULL && i < restore->schema->ntables; i++)
		if (restore->goes[i] != NULL && restore->goes[i]->nkeys > 0)
			return true;
	return false;
}

/* Whatever else it is that holds them, trying again last will tell. */
void
restore_replace_before(Restore *restore)
{
	ErrorData  *error;

	if (!is_any(restore))
		return;
	error = query_attempt(delete_rows, restore, true);
	restore->gone = error == NULL;
	if (error == NULL)
		return;
	elog(DEBUG1, "restore: rows that the file does not have go last: %s", error->message);
}

void
restore_replace_after(Restore *restore)
{
	if (!is_any(restore))
		return;
	if (!restore->gone)
		delete_rows(restore);
	for (int i = 0; i < restore->schema->ntables; i++)
		if (restore->tables[i] != NULL)
			restore->tables[i]->counts.deleted = restore->deleted[i];
}
