/*
 * backuprows.c
 *		The rows of a backup file: columns known, keys unique, references there.
 *
 * A row is looked at column by column while it is read: only the hashes of the columns
 * that are part of a key or of a reference outlive it.
 */
#include <string.h>

#include "backup/backupfile.h"

/* Is `parent` declared after `table` without being reached back from it? */
static bool
comes_later(const BackupTable *table, const BackupTable *parent)
{
	for (; table != NULL; table = table->next)
	{
		if (table == parent)
			return true;
	}
	return false;
}

/* A parent must stand before its children, but for cycles, which the schema's own
 * order shows. */
static void
check_order(dba_backup_check *check, const BackupTable *table)
{
	for (const BackupRef *ref = table->refs; ref != NULL; ref = ref->next)
	{
		if (ref->table != table && !ref->table->seen && !comes_later(table, ref->table))
			backup_error(check, "line %zu: table \"%s\" stands before \"%s\", to which it refers",
						 table->line, table->name, ref->table->name);
	}
}

bool
backup_table_begin(dba_backup_check *check, const char *name)
{
	BackupTable *table = backuptables_get(&check->tables, name);

	if (table == NULL)
	{
		check->no_memory = true;
		return false;
	}
	if (table->seen)
		return backup_error(check, "line %zu: table \"%s\" comes twice", backup_line(check), name);
	table->seen = true;
	table->line = backup_line(check);
	table->columns.count = 0;
	check->row.table = table;
	check->row.depth = 0;
	if (check->has_schema && !table->declared)
		backup_warning(check, "line %zu: table \"%s\" is not in the backup schema", table->line,
					   name);
	check_order(check, table);
	return true;
}

void
backup_table_end(dba_backup_check *check)
{
	if (check->row.table != NULL)
		check->row.table->finished = true;
	check->row.table = NULL;
}

/* ---------------------------------------------------------------- one row */

/* The columns of the row before are forgotten: one that is absent is NULL. */
static void
row_begin(BackupRow *row, size_t line)
{
	row->table->rows++;
	row->next = 0;
	row->line = line;
	backupkey_clear(&row->table->pk);
	for (BackupRef *ref = row->table->refs; ref != NULL; ref = ref->next)
		backupkey_clear(&ref->fields);
}

/* A member's name: which column is it? */
static bool
row_name(dba_backup_check *check, const char *text, size_t len)
{
	BackupRow  *row = &check->row;
	BackupTable *table = row->table;
	BackupColumn *column;

	row->column = backuptable_column(table, text, len, row->next);
	/* a document does not name its columns beforehand: the rows do */
	if (row->column < 0 && check->format == BACKUP_JSON)
	{
		if (!backuptable_add_column(&check->tables, table, text, len))
		{
			check->no_memory = true;
			return false;
		}
		row->column = (long) table->columns.count - 1;
	}
	if (row->column < 0)
	{
		backup_error(check, "line %zu: member \"%.*s\" is not a column of table \"%s\"", row->line,
					 (int) (len < 64 ? len : 64), text, table->name);
		return true;
	}
	column = &table->columns.items[row->column];
	row->next = (size_t) row->column + 1 < table->columns.count ? (size_t) row->column + 1 : 0;
	if (column->row == table->rows)
		backup_error(check, "line %zu: member \"%s\" comes twice", row->line, column->name);
	column->row = table->rows;
	return true;
}

/* A member's value; text NULL: SQL NULL. */
static void
row_value(BackupRow *row, const char *text, size_t len)
{
	const char *name;

	if (row->column < 0)
		return;
	name = row->table->columns.items[row->column].name;
	backupkey_set(&row->table->pk, name, text, len);
	for (BackupRef *ref = row->table->refs; ref != NULL; ref = ref->next)
		backupkey_set(&ref->fields, name, text, len);
}

static void
row_check_key(dba_backup_check *check)
{
	BackupTable *table = check->row.table;
	uint64_t	hash;
	int			added;

	if (table->pk.count == 0)
		return;
	if (!backupkey_hash(&table->pk, &hash))
	{
		backup_error(check, "line %zu: table \"%s\": the row has no key \"%s\"", check->row.line,
					 table->name, table->pk.columns[0]);
		return;
	}
	/* Nobody refers to it: its keys would only take memory. */
	if (!table->referenced)
		return;
	added = hashset_add(&table->keys, hash);
	if (added < 0)
		check->no_memory = true;
	else if (added == 0)
		backup_error(check, "line %zu: table \"%s\": the row's key comes twice", check->row.line,
					 table->name);
}

static void
report_missing(dba_backup_check *check, const BackupTable *table, const BackupRef *ref, size_t line)
{
	if (ref->optional)
		backup_warning(
			check,
			"line %zu: table \"%s\": \"%s\" refers to a row of \"%s\" that is not in the file",
			line, table->name, ref->fields.columns[0], ref->table->name);
	else
		backup_error(
			check,
			"line %zu: table \"%s\": \"%s\" refers to a row of \"%s\" that is not in the file",
			line, table->name, ref->fields.columns[0], ref->table->name);
}

static void
row_check_refs(dba_backup_check *check)
{
	const BackupTable *table = check->row.table;

	for (BackupRef *ref = table->refs; ref != NULL; ref = ref->next)
	{
		uint64_t	hash;

		if (!backupkey_hash(&ref->fields, &hash) || hashset_has(&ref->table->keys, hash))
			continue;
		/* All keys of the other table are known: what is not among them never will be. */
		if (ref->table->finished)
			report_missing(check, table, ref, check->row.line);
		else if (!backuptable_postpone(ref, hash, check->row.line))
			check->no_memory = true;
	}
}

bool
backup_row_token(dba_backup_check *check, JsonToken token, const char *text, size_t len)
{
	BackupRow  *row = &check->row;

	if (row->depth == 0 && token != JSON_OBJECT_START)
		return backup_error(check, "line %zu: table \"%s\": a row must be an object",
							backup_line(check), row->table->name);
	switch (token)
	{
		case JSON_OBJECT_START:
		case JSON_ARRAY_START:
			if (row->depth == 0)
				row_begin(row, backup_line(check));
			/* A document is never a key, but it is there: not NULL. */
			else if (row->depth == 1)
				row_value(row, "", 0);
			row->depth++;
			break;
		case JSON_OBJECT_END:
		case JSON_ARRAY_END:
			if (--row->depth > 0)
				break;
			row_check_key(check);
			row_check_refs(check);
			break;
		case JSON_NAME:
			return row->depth != 1 || row_name(check, text, len);
		case JSON_STRING:
		case JSON_NUMBER:
			if (row->depth == 1)
				row_value(row, text, len);
			break;
		case JSON_TRUE:
		case JSON_FALSE:
			if (row->depth == 1)
				row_value(row, token == JSON_TRUE ? "t" : "f", 1);
			break;
		case JSON_NULL:
			if (row->depth == 1)
				row_value(row, NULL, 0);
			break;
	}
	return !check->no_memory;
}

/* ---------------------------------------------------------------- the end */

void
backup_rows_end(dba_backup_check *check)
{
	for (const BackupTable *table = check->tables.first; table != NULL; table = table->next)
	{
		if (table->declared && !table->seen)
			backup_warning(check, "table \"%s\" of the backup schema is not in the file",
						   table->name);
		for (const BackupRef *ref = table->refs; ref != NULL; ref = ref->next)
		{
			for (size_t i = 0; i < ref->pending.count; i++)
			{
				if (!hashset_has(&ref->table->keys, ref->pending.items[i].key))
					report_missing(check, table, ref, ref->pending.items[i].line);
			}
		}
	}
}
