/*
 * backuptables.c
 *		The tables of a backup file, their keys, and who refers to whom.
 *
 * A reference is looked up when its row is read; where the key is not there yet
 * (rows of one table refer to each other, in any order) it is put aside until all
 * keys are known.  So each row is read once, and no row is kept.
 */
#include "backup/backuptables.h"

#include <string.h>

bool
backuptable_postpone(BackupRef *ref, uint64_t key, size_t line)
{
	PendingRef *pending = array_add(&ref->pending);

	if (pending == NULL)
		return false;
	*pending = (PendingRef){key, line};
	return true;
}

BackupTable *
backuptables_find(const BackupTables *tables, const char *name)
{
	BackupTable *table = tables->first;

	while (table != NULL && strcmp(table->name, name) != 0)
		table = table->next;
	return table;
}

BackupTable *
backuptables_get(BackupTables *tables, const char *name)
{
	BackupTable **tail = &tables->first;

	while (*tail != NULL && strcmp((*tail)->name, name) != 0)
		tail = &(*tail)->next;
	if (*tail == NULL)
	{
		BackupTable *table = arena_alloc(&tables->arena, sizeof(BackupTable));

		if (table == NULL)
			return NULL;
		table->name = arena_strndup(&tables->arena, name, strlen(name));
		if (table->name == NULL)
			return NULL;
		*tail = table;
	}
	return *tail;
}

void
backuptables_free(BackupTables *tables)
{
	for (BackupTable *table = tables->first; table != NULL; table = table->next)
	{
		hashset_free(&table->keys);
		array_free(&table->columns);
		for (BackupRef *ref = table->refs; ref != NULL; ref = ref->next)
			array_free(&ref->pending);
	}
	arena_free(&tables->arena);
	tables->first = NULL;
}

long
backuptable_column(const BackupTable *table, const char *name, size_t len, size_t from)
{
	for (size_t n = 0; n < table->columns.count; n++)
	{
		size_t i = from + n < table->columns.count ? from + n : from + n - table->columns.count;

		if (table->columns.items[i].len == len &&
			memcmp(table->columns.items[i].name, name, len) == 0)
			return (long) i;
	}
	return -1;
}

bool
backuptable_add_column(BackupTables *tables, BackupTable *table, const char *name, size_t len)
{
	const char *copy = arena_strndup(&tables->arena, name, len);
	BackupColumn *column = copy != NULL ? array_add(&table->columns) : NULL;

	if (column == NULL)
		return false;
	*column = (BackupColumn){copy, len, 0};
	return true;
}

/* ---------------------------------------------------------------- backup schema */

/* A member of the schema into columns: a string, an array of strings, null or nothing. */
static bool
read_key(Arena *arena, const JsonValue *value, const char *table, const char *member,
		 BackupKey *key, dba_error **err)
{
	bool		list = value->type == JSON_TYPE_ARRAY;
	const JsonValue *column = list ? value->first : value;

	key->count = 0;
	for (; column != NULL; column = list ? column->next : NULL)
	{
		if (column->type != JSON_TYPE_STRING || key->count == BACKUP_MAX_KEY)
			return error_set(err, DBA_INVALID,
							 "backup schema: \"%s\" of table \"%s\" must be a column or an array "
							 "of at most %d columns",
							 member, table, BACKUP_MAX_KEY);
		key->columns[key->count] = arena_strndup(arena, column->text, column->len);
		if (key->columns[key->count++] == NULL)
			return error_set_no_memory(err);
	}
	return true;
}

static bool
read_pk(BackupTables *tables, BackupTable *table, const JsonValue *object, dba_error **err)
{
	static const JsonValue id = {.type = JSON_TYPE_STRING, .text = "id", .len = 2};
	const JsonValue *pk = json_member(object, "pk");

	if (pk != NULL && pk->type == JSON_TYPE_NULL)
		return true;
	return read_key(&tables->arena, pk != NULL ? pk : &id, table->name, "pk", &table->pk, err);
}

/* {"table": "authors", "field": "author_id"} */
static bool
read_ref(BackupTables *tables, BackupTable *table, const JsonValue *object, bool optional,
		 dba_error **err)
{
	const JsonValue *name = json_member(object, "table");
	const JsonValue *field = json_member(object, "field");
	BackupTable *parent = name != NULL && name->type == JSON_TYPE_STRING
							  ? backuptables_find(tables, name->text)
							  : NULL;
	const JsonValue *raw = json_member(object, "raw");
	BackupRef  *ref;

	/* Copied as it stands: its table need not be here. */
	if (raw != NULL && raw->type == JSON_TYPE_BOOL && raw->boolean)
		return true;
	if (name == NULL || name->type != JSON_TYPE_STRING || field == NULL)
		return error_set(err, DBA_INVALID,
						 "backup schema: a reference of table \"%s\" needs \"table\" and \"field\"",
						 table->name);
	if (parent == NULL)
		return error_set(err, DBA_INVALID,
						 "backup schema: table \"%s\" refers to \"%s\", which is not in it",
						 table->name, name->text);
	/* By other columns than the key, of which no hashes are kept. */
	if (json_member(object, "to") != NULL)
		return true;
	ref = arena_alloc(&tables->arena, sizeof(BackupRef));
	if (ref == NULL)
		return error_set_no_memory(err);
	ref->table = parent;
	ref->optional = optional;
	if (!read_key(&tables->arena, field, table->name, "field", &ref->fields, err))
		return false;
	if (ref->fields.count != parent->pk.count)
		return error_set(err, DBA_INVALID,
						 "backup schema: table \"%s\" refers to \"%s\" by %zu columns, but that "
						 "has a key of %zu",
						 table->name, parent->name, ref->fields.count, parent->pk.count);
	parent->referenced = true;
	ref->next = table->refs;
	table->refs = ref;
	return true;
}

static bool
read_refs(BackupTables *tables, BackupTable *table, const JsonValue *object, dba_error **err)
{
	static const char *const lists[] = {"parents", "optional_refs"};
	const JsonValue *parent = json_member(object, "parent");

	if (parent != NULL && parent->type != JSON_TYPE_NULL &&
		!read_ref(tables, table, parent, false, err))
		return false;
	for (int i = 0; i < 2; i++)
	{
		const JsonValue *list = json_member(object, lists[i]);

		if (list == NULL || list->type == JSON_TYPE_NULL)
			continue;
		if (list->type != JSON_TYPE_ARRAY)
			return error_set(err, DBA_INVALID,
							 "backup schema: \"%s\" of table \"%s\" must be an array", lists[i],
							 table->name);
		json_foreach(ref, list)
		{
			if (!read_ref(tables, table, ref, i == 1, err))
				return false;
		}
	}
	return true;
}

static bool
declare_table(BackupTables *tables, const JsonValue *object, dba_error **err)
{
	const JsonValue *name = json_member(object, "name");
	BackupTable *table;

	if (name == NULL || name->type != JSON_TYPE_STRING || *name->text == '\0')
		return error_set(err, DBA_INVALID,
						 "backup schema: each table must be an object with a \"name\"");
	table = backuptables_get(tables, name->text);
	if (table == NULL)
		return error_set_no_memory(err);
	if (table->declared)
		return error_set(err, DBA_INVALID, "backup schema: table \"%s\" comes twice", name->text);
	table->declared = true;
	return read_pk(tables, table, object, err);
}

bool
backuptables_declare(BackupTables *tables, const JsonValue *schema, dba_error **err)
{
	const JsonValue *list = json_member(schema, "tables");

	if (list == NULL || list->type != JSON_TYPE_ARRAY)
		return error_set(err, DBA_INVALID,
						 "backup schema: expected an object with an array \"tables\"");
	json_foreach(object, list)
	{
		if (!declare_table(tables, object, err))
			return false;
	}
	json_foreach(object, list)
	{
		if (!read_refs(tables, backuptables_find(tables, json_member(object, "name")->text), object,
					   err))
			return false;
	}
	return true;
}
