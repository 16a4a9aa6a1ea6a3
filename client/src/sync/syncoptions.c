/*
 * syncoptions.c
 *		What a sync is asked for, read from the caller's JSON.
 *
 * Unknown options are refused: a misspelt one would be a sync of something else.
 */
#include <string.h>

#include "sql/sqltenant.h"
#include "sync/sync.h"

const char *const sync_mode_names[] = {"overwrite", "skip", "fail", NULL};

static bool
sync_flag(const JsonValue *options, const char *name, bool *flag, dba_error **err)
{
	const JsonValue *value = json_member(options, name);

	if (value != NULL && value->type != JSON_TYPE_BOOL)
		return error_set(err, DBA_INVALID, "sync option \"%s\" must be true or false", name);
	*flag = value != NULL && value->boolean;
	return true;
}

static bool
sync_read_mode(Sync *sync, const JsonValue *value, dba_error **err)
{
	if (value == NULL)
		return true;
	for (int i = 0; value->type == JSON_TYPE_STRING && sync_mode_names[i] != NULL; i++)
		if (strcmp(value->text, sync_mode_names[i]) == 0)
		{
			sync->mode = (SyncMode) i;
			return true;
		}
	return error_set(err, DBA_INVALID, "sync mode must be \"overwrite\", \"skip\" or \"fail\"");
}

static bool
sync_read_tables(Sync *sync, dba_error **err)
{
	static const JsonValue slug = {.type = JSON_TYPE_STRING, .text = "slug", .len = 4};
	const JsonValue *tables = json_member(sync->schema, "tables");

	if (tables == NULL || tables->type != JSON_TYPE_ARRAY)
		return error_set(err, DBA_INVALID, "sync needs a backup_schema with \"tables\"");
	sync->tables = arena_alloc(&sync->arena, sizeof(SyncTable) * (tables->count + 1));
	if (sync->tables == NULL)
		return error_set_no_memory(err);
	json_foreach(table, tables)
	{
		const JsonValue *name = json_member(table, "name");
		const JsonValue *match = json_member(table, "slug_field");
		const JsonValue *lookup = json_member(table, "lookup");

		if (name == NULL || name->type != JSON_TYPE_STRING)
			return error_set(err, DBA_INVALID, "a table of the backup_schema has no name");
		/* Its rows are found where others refer to them, and not brought. */
		if (lookup != NULL && (lookup->type == JSON_TYPE_STRING ||
							   (lookup->type == JSON_TYPE_BOOL && lookup->boolean)))
			continue;
		sync->tables[sync->count].slug = match == NULL					 ? &slug
										 : match->type == JSON_TYPE_NULL ? NULL
																		 : match;
		sync->tables[sync->count++].name = name->text;
	}
	return true;
}

static bool
sync_choose(Sync *sync, const char *name)
{
	for (size_t i = 0; i < sync->count; i++)
		if (strcmp(sync->tables[i].name, name) == 0)
			return sync->tables[i].chosen = true;
	return false;
}

static bool
sync_no_such_table(Sync *sync, const char *name, dba_error **err)
{
	const char **names = arena_alloc(&sync->arena, sizeof(char *) * (sync->count + 1));
	const char *near = NULL;

	for (size_t i = 0; names != NULL && i < sync->count; i++)
		names[i] = sync->tables[i].name;
	if (names != NULL)
		near = dba_nearest(name, names, sync->count);
	return error_set(err, DBA_INVALID, "table \"%s\" is not in the backup schema%s%s%s", name,
					 near != NULL ? "; perhaps you meant \"" : "", near != NULL ? near : "",
					 near != NULL ? "\"" : "");
}

static bool
sync_choose_tables(Sync *sync, const JsonValue *list, dba_error **err)
{
	for (size_t i = 0; list == NULL && i < sync->count; i++)
		sync->tables[i].chosen = true;
	if (list == NULL)
		return true;
	if (list->type != JSON_TYPE_ARRAY)
		return error_set(err, DBA_INVALID, "sync option \"tables\" must be an array of names");
	json_foreach(name, list)
	{
		if (name->type != JSON_TYPE_STRING)
			return error_set(err, DBA_INVALID, "sync option \"tables\" must be an array of names");
		if (!sync_choose(sync, name->text))
			return sync_no_such_table(sync, name->text, err);
	}
	return true;
}

static const JsonValue *
sync_tenant_table(const Sync *sync)
{
	const JsonValue *tenant = sync->schema != NULL ? json_member(sync->schema, "tenant") : NULL;
	const JsonValue *root = tenant != NULL ? json_member(tenant, "table") : NULL;
	const JsonValue *tables = root != NULL ? json_member(sync->schema, "tables") : NULL;

	if (tables == NULL || root->type != JSON_TYPE_STRING)
		return NULL;
	json_foreach(table, tables)
	{
		const JsonValue *name = json_member(table, "name");

		if (name != NULL && name->type == JSON_TYPE_STRING && strcmp(name->text, root->text) == 0)
			return table;
	}
	return NULL;
}

/* Is it part of the match key, "slug" where the table does not say? */
static bool
sync_names_tenant(const JsonValue *table, const char *column)
{
	const JsonValue *match = json_member(table, "slug_field");

	if (match == NULL)
		return strcmp(column, "slug") == 0;
	if (match->type == JSON_TYPE_STRING)
		return strcmp(match->text, column) == 0;
	for (const JsonValue *name = match->type == JSON_TYPE_ARRAY ? match->first : NULL; name != NULL;
		 name = name->next)
		if (name->type == JSON_TYPE_STRING && strcmp(name->text, column) == 0)
			return true;
	return false;
}

/* An id means another tenant in another database. */
static bool
sync_read_tenant(Sync *sync, dba_error **err)
{
	const JsonValue *table = sync_tenant_table(sync);
	const JsonValue *object;

	if (table == NULL || !sqltenant_is_object(sync->user_id))
		return true;
	object = json_parse(&sync->arena, sync->user_id->text, sync->user_id->len,
						"tenant of sync options", err);
	if (object == NULL)
		return false;
	json_foreach(member, object)
	{
		if (!sync_names_tenant(table, member->name))
			return error_set(err, DBA_INVALID,
							 "sync cannot name the tenant by column \"%s\", which may be another's "
							 "in the other database; name him by the match key",
							 member->name);
	}
	sync->tenant_by_columns = true;
	return true;
}

bool
sync_read_options(Sync *sync, const char *text, dba_error **err)
{
	static const char *const known[] = {"backup_schema", "tables",	"user_id", "tenant",
										"mode",			 "dry_run", "delete",  "cascade"};
	JsonValue  *options;

	if (text == NULL)
		return error_set(err, DBA_INVALID, "sync needs options with a backup_schema");
	options = json_parse(&sync->arena, text, strlen(text), "sync options", err);
	if (options == NULL)
		return false;
	if (options->type != JSON_TYPE_OBJECT)
		return error_set(err, DBA_INVALID, "sync options must be a JSON object");
	json_foreach(option, options)
	{
		const char *near = dba_nearest(option->name, known, sizeof(known) / sizeof(known[0]));

		if (near == NULL || strcmp(near, option->name) != 0)
			return error_set(err, DBA_INVALID, "unknown sync option \"%s\"", option->name);
	}
	if (!sqltenant_read(&sync->arena, options, "sync options", err))
		return false;
	sync->schema = json_member(options, "backup_schema");
	sync->user_id = json_member(options, "user_id");
	if (sync->user_id != NULL && sync->user_id->type == JSON_TYPE_NULL)
		sync->user_id = NULL;
	if (sync->user_id != NULL && sync->user_id->type != JSON_TYPE_STRING)
		return error_set(err, DBA_INVALID, "sync option \"user_id\" must be a string");
	return sync_read_tenant(sync, err) && sync_flag(options, "dry_run", &sync->dry_run, err) &&
		   sync_flag(options, "delete", &sync->drop, err) &&
		   sync_flag(options, "cascade", &sync->cascade, err) &&
		   sync_read_mode(sync, json_member(options, "mode"), err) && sync_read_tables(sync, err) &&
		   sync_choose_tables(sync, json_member(options, "tables"), err);
}
