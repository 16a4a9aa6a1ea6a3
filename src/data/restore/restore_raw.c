/*
 * restore_raw.c
 *	  References whose values mean other rows here than they meant there.
 *
 * A file has the rows that its references lead to, or what names them.  Where it has
 * neither, a reference holds nothing but an id of the database the file came from, and
 * here that is some other row's.  It is copied where the file came from this database,
 * where the backup schema says so, or where the caller does; otherwise nothing is restored.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/origin.h"
#include "data/backupschema/backupschemaoutside.h"
#include "data/restore/restore_private.h"
#include "utils/builtins.h"

/* What the file says of itself. */
typedef struct RawCheck
{
	Restore	   *restore;
	const BackupSchema *file;	/* NULL: it does not say which tables it has */
	List	   *raws;			/* OutsideKey *, those that are not to be copied as it is */
} RawCheck;

static BackupSchema *
schema_of_file(const FileHeader *header)
{
	static const BackupSchema none = {0};

	if (header->backup_schema == NULL)
		return unconstify(BackupSchema *, &none);
	return backupschema_parse(&header->backup_schema->root, false);
}

void
restore_raw_bind(Restore *restore, const FileHeader *header, Jsonb *document)
{
	restore->schema = outside_bind(&document, restore->options.backup_schema != NULL, true,
								   schema_of_file(header), &restore->raws);
}

static bool
is_in_file(const RawCheck *c, const char *table)
{
	return c->file != NULL && backupschema_find_meant(c->file, table) != NULL;
}

static bool
is_given(const RawCheck *c, const BackupTable *table, const RelationColumn *column)
{
	return c->restore->options.user_id != NULL && column == table->user_column;
}

static void
add_raw(RawCheck *c, const BackupTable *table, const char *name, const char *target)
{
	OutsideKey *raw = palloc0(sizeof(OutsideKey));

	raw->table = table->name;
	raw->name = pstrdup(name);
	raw->target = pstrdup(target);
	c->raws = lappend(c->raws, raw);
}

/* Foreign keys here that nothing speaks of. */
static void
check_here(RawCheck *c)
{
	ListCell   *lc;

	foreach(lc, c->restore->raws)
	{
		OutsideKey *raw = lfirst(lc);

		if (!(raw->tenant && c->restore->options.user_id != NULL) &&
			(c->file == NULL || is_in_file(c, raw->table)))
			c->raws = lappend(c->raws, raw);
	}
}

/* Whether the schema says what becomes of the column: mapped, or copied. */
static bool
is_declared(const RawCheck *c, const BackupTable *table, const RelationColumn *column)
{
	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; j < table->refs[i].nfields; j++)
			if (table->refs[i].columns[j] == column && !c->restore->copied[table->index][i])
				return true;
	for (int i = 0; i < table->nraws; i++)
		for (int j = 0; j < table->raws[i].nfields; j++)
			if (table->raws[i].columns[j] == column)
				return true;
	return false;
}

/* What the file says it has copied. */
static bool
check_said(const char *key, JsonbValue *value, void *arg)
{
	static const char *const what = "\"raw\" of the backup";
	RawCheck   *c = arg;
	JsonbContainer *raw = value->type == jbvBinary ? value->val.binary.data : NULL;
	char	   *name =
		raw != NULL && JsonContainerIsObject(raw) ? json_get_string(raw, "table", what) : NULL;
	BackupTable *table = name != NULL ? backupschema_find_meant(c->restore->schema, name) : NULL;
	ListCell   *lc;

	if (table == NULL)
		return true;
	foreach(lc, json_get_strings(raw, "columns", what))
	{
		RelationColumn *column = relation_find_column(table->rel, quote_identifier(lfirst(lc)));

		if (column == NULL || is_given(c, table, column) || is_declared(c, table, column))
			continue;
		add_raw(c, table, json_get_string_or(raw, "foreign_key", column->name, what),
				json_get_string_or(raw, "to", "another table", what));
		break;
	}
	return true;
}

/* Those of rows that are looked up, of which the file has nothing. */
static void
check_copied(RawCheck *c)
{
	const BackupSchema *schema = c->restore->schema;

	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
		{
			const BackupTable *table = &schema->tables[i];
			const BackupRef *ref = &table->refs[j];
			const BackupTable *target = &schema->tables[ref->targets[0].index];

			if (!c->restore->copied[i][j])
				continue;
			if ((c->file == NULL || is_in_file(c, table->name)) &&
				!is_given(c, table, ref->columns[0]))
				add_raw(c, table, ref->fields[0], target->name);
		}
}

/* Whether the ids of the file are this database's own. */
static bool
came_from_here(const FileHeader *header)
{
	char	   *origin = header->origin != NULL ? origin_ensure() : NULL;

	return origin != NULL && strcmp(origin, header->origin) == 0;
}

static void
refuse(const OutsideKey *raw, const FileHeader *header, bool said)
{
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		 said ? errmsg(
					"foreign key \"%s\" of table \"%s\" leads to \"%s\", whose rows have no match "
					"key",
					raw->name, raw->table, raw->target)
			  : errmsg("foreign key \"%s\" of table \"%s\" leads to \"%s\", whose rows the backup "
					   "does not name",
					   raw->name, raw->table, raw->target),
		 header->origin == NULL
			 ? errdetail("The backup does not say which database its ids are of, and its values "
						 "could mean other rows here.")
			 : errdetail("The backup is of another database, and its values mean other rows "
						 "here."),
		 errhint("Declare \"%s\" with \"lookup\": true and a \"slug_field\" in the backup schema "
				 "and back up again, declare the reference \"raw\": true, or have the values "
				 "copied with on_raw => 'copy'.",
				 raw->target)));
}

void
restore_raw_mark(Restore *restore, const FileHeader *header)
{
	RawCheck	c = {restore};
	const BackupSchema *schema = restore->schema;

	if (header->backup_schema != NULL)
		c.file = schema_of_file(header);
	restore->copied = palloc(sizeof(bool *) * Max(schema->ntables, 1));
	for (int i = 0; i < schema->ntables; i++)
	{
		const BackupTable *table = &schema->tables[i];

		restore->copied[i] = palloc0(sizeof(bool) * Max(table->nrefs, 1));
		for (int j = 0; table->lookup == LOOKUP_NONE && j < table->nrefs; j++)
			restore->copied[i][j] =
				backupschema_is_lookup(schema, &table->refs[j]) &&
				!is_in_file(&c, schema->tables[table->refs[j].targets[0].index].name);
	}
}

void
restore_raw_check(Restore *restore, const FileHeader *header)
{
	RawCheck	c = {restore};
	int			said;

	if (header->backup_schema != NULL)
		c.file = schema_of_file(header);
	if (header->raw != NULL && JB_ROOT_IS_ARRAY(header->raw))
		json_visit(&header->raw->root, check_said, &c);
	said = list_length(c.raws);
	check_copied(&c);
	check_here(&c);
	if (c.raws != NIL && !restore->options.copy_raw && !came_from_here(header))
		refuse(linitial(c.raws), header, said > 0);
}
