/*
 * backupschemamatch.c
 *	  Whether a match key means the same row in every database.
 */
#include "postgres.h"

#include "data/backupschema/backupschemamatch.h"

static bool
is_among(const RelationColumn *column, RelationColumn **columns, int count)
{
	for (int i = 0; i < count; i++)
		if (columns[i] == column)
			return true;
	return false;
}

/* Whether rows of the table are found by this column of their key. */
static bool
is_matched(const BackupTable *table, const RelationColumn *column)
{
	if (OidIsValid(column->sequence))
		return false;
	return table->nslug > 0 ? is_among(column, table->slug_columns, table->nslug)
							: is_among(column, table->pk_columns, table->npk);
}

/* Whether the reference's part, a column of its table, is an id that others may have. */
static bool
is_mapped(const BackupSchema *schema, const BackupRef *ref, int part)
{
	for (int i = 0; i < ref->ntargets; i++)
	{
		const BackupTable *target =
			ref->targets[i].index < 0 ? NULL : &schema->tables[ref->targets[i].index];

		if (target != NULL && target->rel != NULL && target->pk_columns != NULL &&
			part < target->npk && target->pk_columns[part] != target->user_column &&
			!is_matched(target, target->pk_columns[part]))
			return true;
	}
	return false;
}

const RelationColumn *
backupschemamatch_circular(const BackupSchema *schema, const BackupTable *table)
{
	RelationColumn **columns = table->nslug > 0 ? table->slug_columns : table->pk_columns;
	int			count = table->nslug > 0 ? table->nslug : table->npk;

	for (int i = 0; i < table->nrefs; i++)
	{
		const BackupRef *ref = &table->refs[i];

		for (int j = 0; ref->circular && ref->kind != REF_JSON && j < ref->nfields; j++)
			if (is_among(ref->columns[j], columns, count) && is_mapped(schema, ref, j))
				return ref->columns[j];
	}
	return NULL;
}

void
backupschemamatch_check(const BackupSchema *schema, const BackupTable *table)
{
	const RelationColumn *column = backupschemamatch_circular(schema, table);

	if (column != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the match key of table \"%s\" holds reference \"%s\", which leads in a "
						"circle",
						table->name, column->name),
				 errdetail("Its values are keys that mean other rows in another database, so that "
						   "no row can be found by them."),
				 errhint("Choose another \"slug_field\", or null.")));
}
