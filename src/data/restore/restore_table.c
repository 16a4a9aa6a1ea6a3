/*
 * restore_table.c
 *	  One table of a restore: what its rows bring, and where their keys come from.
 *
 * It assumes that the table has been bound, and so is locked.  It never looks at a
 * row's values.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "data/restore/restore_private.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/*
 * Everything about a table's columns is kept by this index, not by attribute number:
 * dropped columns have none.
 */
int
restore_table_index(const RestoreTable *t, const RelationColumn *column)
{
	return column - t->rel->columns;
}

/*
 * Whether the file's value of it is another row's key, and so means nothing here until it
 * is mapped.  The place inside a json value is mapped in the value.
 */
bool
restore_table_refers(const RestoreTable *t, const RelationColumn *column)
{
	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			if (t->table->refs[i].kind != REF_JSON && t->table->refs[i].columns[j] == column)
				return true;
	return false;
}

/* Whether the caller's tenant stands in the place of the file's. */
static bool
is_tenant(const RestoreTable *t, const RelationColumn *column)
{
	return t->restore->options.user_id != NULL && column == t->table->user_column;
}

bool
restore_table_is_tenant(const RestoreTable *t, int column)
{
	return is_tenant(t, &t->rel->columns[column]);
}

bool
restore_table_keeps_ids(const RestoreTable *t)
{
	return t->restore->options.ids == IDS_KEEP ||
		   (t->restore->options.ids == IDS_AUTO && t->section->keep_ids);
}

/* Where a key column that neither refers nor names the tenant gets its value. */
static KeySource
choose_source(const RestoreTable *t, const RelationColumn *column)
{
	bool		in_file = t->columns.fields[restore_table_index(t, column)] >= 0;

	if (in_file && restore_table_keeps_ids(t))
		return KEY_KEPT;
	if (in_file && t->restore->options.ids == IDS_AUTO && !OidIsValid(column->sequence))
		return KEY_KEPT;
	if (in_file && backupschema_is_key_data(t->table, column))
		return KEY_KEPT;
	if (OidIsValid(column->sequence))
		return KEY_SEQUENCE;
	return column->has_default ? KEY_DEFAULT : KEY_KEPT;
}

/* Whether rows get other keys than the file's: then nothing is found by the key. */
bool
restore_table_draws(const RestoreTable *t)
{
	for (int i = 0; i < t->key.count; i++)
		if (t->key.sources[i] == KEY_SEQUENCE || t->key.sources[i] == KEY_DEFAULT)
			return true;
	return false;
}

/*
 * A part that refers or names the tenant is mapped, whatever ids says.  New ids for a key
 * that nothing can draw would be the old ones: refused before the first row, rather than at
 * the first collision.
 */
static void
choose_key(RestoreTable *t)
{
	bool		mapped = false;

	t->key.count = t->table->npk;
	t->key.columns = palloc(sizeof(int) * Max(t->key.count, 1));
	t->key.sources = palloc(sizeof(KeySource) * Max(t->key.count, 1));
	t->key.defaults = palloc0(sizeof(QueryPlan *) * Max(t->key.count, 1));
	t->key.renamed = palloc0(sizeof(bool) * Max(t->key.count, 1));
	t->key.data = palloc0(sizeof(KeyData) * Max(t->key.count, 1));
	for (int i = 0; i < t->key.count; i++)
	{
		RelationColumn *column = t->table->pk_columns[i];

		t->key.columns[i] = restore_table_index(t, column);
		t->key.sources[i] = restore_table_refers(t, column) || is_tenant(t, column)
								? KEY_MAPPED
								: choose_source(t, column);
		mapped |= t->key.sources[i] == KEY_MAPPED;
	}
	if (t->restore->options.ids == IDS_NEW && t->key.count > 0 && !mapped &&
		t->lookup != LOOKUP_FIND && !restore_table_draws(t))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("table \"%s\" cannot be given new ids", t->table->name),
						errdetail("Its key has neither a sequence nor a default."),
						errhint("Use ids => 'auto'.")));
}

/* false for columns that are no part of the key, and for parts that the file gives. */
bool
restore_table_is_drawn(const RestoreTable *t, int column)
{
	for (int i = 0; i < t->key.count; i++)
		if (t->key.columns[i] == column)
			return t->key.sources[i] == KEY_SEQUENCE || t->key.sources[i] == KEY_DEFAULT;
	return false;
}

/* Such columns need not be in the file; what it says of them is not read. */
bool
restore_table_is_filled(const RestoreTable *t, int column)
{
	return restore_table_is_drawn(t, column) || is_tenant(t, &t->rel->columns[column]) ||
		   restore_named_gives(t, &t->rel->columns[column]);
}

/*
 * An expression of the type that the column's values have here.  What a statement
 * gives back is read as that type, whatever the table's owner makes of the column
 * while we are at it.
 */
char *
restore_table_cast(const RestoreTable *t, int column, const char *expression)
{
	return psprintf("CAST(%s AS %s)", expression,
					format_type_extended(valuereader_type(t->columns.readers[column]), -1,
										 FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

/* The text of a column as the file has it; false where it is NULL or not there. */
bool
restore_table_field(const RestoreTable *t, const RestoreRow *row, int column, const char **text,
					int *len)
{
	int			at = t->columns.fields[column];
	const RowField *field = at < 0 ? NULL : &row->fields[at];

	if (field == NULL || field->kind <= FIELD_NULL)
		return false;
	*text = field->data;
	*len = field->len;
	return true;
}

/* Without a reference to it nobody asks for its keys, and no map is kept. */
static bool
is_referenced(const BackupSchema *schema, const BackupTable *table)
{
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
			for (int k = 0; k < schema->tables[i].refs[j].ntargets; k++)
				if (schema->tables[i].refs[j].targets[k].index == table->index)
					return true;
	return false;
}

/*
 * At the table's line in the file, of what this database and the options say;
 * restore_table_begin() adds what the file says.
 */
RestoreTable *
restore_table_create(Restore *restore, BackupTable *table)
{
	RestoreTable *t = MemoryContextAllocZero(restore->cxt, sizeof(RestoreTable));
	MemoryContext oldcxt;
	bool		before;

	t->restore = restore;
	t->table = table;
	t->rel = table->rel;
	t->cxt =
		AllocSetContextCreate(restore->cxt, "db_adapter restore table", ALLOCSET_DEFAULT_SIZES);
	t->batch.cxt = AllocSetContextCreate(restore->cxt, "db_adapter restore batch", 0,
										 ALLOCSET_DEFAULT_INITSIZE * 8, ALLOCSET_DEFAULT_MAXSIZE);
	oldcxt = MemoryContextSwitchTo(t->cxt);
	if (is_referenced(restore->schema, table))
		t->map = idmap_create(t->cxt);
	t->others = palloc(sizeof(IdMap *) * table->nkeys);
	for (int i = 1; i < table->nkeys; i++)
		t->others[i - 1] = idmap_create(t->cxt);
	t->columns.readers = palloc(sizeof(ValueReader *) * Max(t->rel->ncolumns, 1));
	t->columns.narrowed = palloc0(sizeof(int64) * Max(t->rel->ncolumns, 1));
	t->columns.kept_min = palloc(sizeof(int64) * Max(t->rel->ncolumns, 1));
	t->columns.kept_max = palloc(sizeof(int64) * Max(t->rel->ncolumns, 1));
	for (int i = 0; i < t->rel->ncolumns; i++)
	{
		t->columns.readers[i] = valuereader_create(&t->rel->columns[i],
												   filereader_header(restore->reader)->is_document);
		t->columns.pinned |= valuereader_needs_pins(t->columns.readers[i]);
		t->columns.kept_min[i] = PG_INT64_MAX;
		t->columns.kept_max[i] = PG_INT64_MIN;
	}
	if (table->user_column != NULL && restore->options.user_id != NULL)
		t->columns.tenant =
			valuereader_text(t->columns.readers[restore_table_index(t, table->user_column)],
							 restore->options.user_id, strlen(restore->options.user_id));
	t->notes.triggers = relation_triggers(t->rel->oid, &before);
	t->notes.rules = relation_rules(t->rel->oid);
	t->sql.may_suppress = before || t->rel->kind != RELKIND_RELATION;
	/* RETURNING would send each row by itself, however many at once the server takes. */
	t->sql.confirms = t->rel->kind == RELKIND_FOREIGN_TABLE && !before;
	MemoryContextSwitchTo(oldcxt);
	return t;
}

/* Whether a restore writes the column at all. */
static bool
is_restored(const RestoreTable *t, const RelationColumn *column)
{
	return !column->generated && !t->table->excluded[restore_table_index(t, column)];
}

/*
 * Index of the column, or -1 for one that is not restored.  Generated columns and those
 * that the backup schema leaves out may be in the file; any other that is not here is
 * refused or noted, never passed over without a word.
 */
static int
place_file_column(RestoreTable *t, const FileSection *section, const FileColumn *given)
{
	for (int i = 0; i < t->rel->ncolumns; i++)
		if (strcmp(t->rel->columns[i].name, given->name) == 0)
			return is_restored(t, &t->rel->columns[i]) ? i : -1;
	if (!t->restore->options.drop_unknown)
		ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
						errmsg("invalid backup, line " INT64_FORMAT
							   ": table \"%s\" has no column \"%s\" here",
							   section->line, section->name, given->name),
						errhint("Leave such columns out with on_unknown => 'drop'.")));
	t->notes.dropped = lappend(t->notes.dropped, pstrdup(given->name));
	return -1;
}

/* The members that rows have: those of the table line, or in 1.1 the table's columns. */
static void
create_shape(RestoreTable *t, const FileSection *section)
{
	bool		plain = filereader_header(t->restore->reader)->is_document;
	/* The member that says where a row was born is no column. */
	bool		tells_home = !plain && section->home != NULL;
	int			ncolumns = plain ? t->rel->ncolumns : section->ncolumns;
	int			count = ncolumns + tells_home;
	const char **names = palloc(sizeof(char *) * Max(count, 1));
	int		   *lengths = palloc(sizeof(int) * Max(count, 1));

	t->columns.shape_columns = palloc(sizeof(int) * Max(count, 1));
	t->columns.fields = palloc(sizeof(int) * Max(t->rel->ncolumns, 1));
	memset(t->columns.fields, -1, sizeof(int) * t->rel->ncolumns);
	for (int i = 0; i < ncolumns; i++)
	{
		char	   *own = plain ? t->rel->columns[i].name : NULL;

		names[i] = plain ? pg_server_to_any(own, strlen(own), PG_UTF8) : section->columns[i].utf8;
		lengths[i] = strlen(names[i]);
		if (plain)
			t->columns.shape_columns[i] = is_restored(t, &t->rel->columns[i]) ? i : -1;
		else
			t->columns.shape_columns[i] = place_file_column(t, section, &section->columns[i]);
		if (t->columns.shape_columns[i] < 0)
			continue;
		t->columns.fields[t->columns.shape_columns[i]] = i;
		valuereader_from(t->columns.readers[t->columns.shape_columns[i]],
						 plain ? NULL : section->columns[i].type);
	}
	if (tells_home)
	{
		names[ncolumns] = section->home;
		lengths[ncolumns] = strlen(section->home);
		t->columns.shape_columns[ncolumns] = -1;
	}
	row_shape_init(&t->columns.shape, names, lengths, count,
				   palloc(sizeof(short) * row_shape_slots(count)));
	t->columns.shape.lenient = plain;
	t->columns.shape.drop_unknown = t->restore->options.drop_unknown;
}

/* Columns that the file does not have: rows get their defaults, which the report says. */
static void
note_defaulted(RestoreTable *t)
{
	for (int i = 0; t->lookup != LOOKUP_FIND && i < t->rel->ncolumns; i++)
	{
		RelationColumn *column = &t->rel->columns[i];

		if (t->columns.fields[i] < 0 && is_restored(t, column) && !restore_table_is_filled(t, i))
			t->notes.defaulted = lappend(t->notes.defaulted, column->name);
	}
}

/*
 * Where the file's numbers are kept, the sequence must go on behind them: their bounds are
 * noted with each row, and the sequence is set at the end.
 */
static void
note_serials(RestoreTable *t)
{
	for (int i = 0; i < t->rel->ncolumns; i++)
		if (t->columns.fields[i] >= 0 && OidIsValid(t->rel->columns[i].sequence) &&
			!restore_table_is_drawn(t, i))
			t->columns.serials = bms_add_member(t->columns.serials, i);
}

/* Called at the table's line in the file: the key's sources are known by what it brings. */
void
restore_table_begin(RestoreTable *t, const FileSection *section)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);

	t->section = section;
	create_shape(t, section);
	choose_key(t);
	note_defaulted(t);
	note_serials(t);
	MemoryContextSwitchTo(oldcxt);
}
