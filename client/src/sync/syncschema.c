/*
 * syncschema.c
 *		What the source makes of the backup schema, before anything is compared.
 *
 * Foreign keys that the schema does not speak of are carried over as the source says: its
 * header has the lookups and references written out.  Both sides go by that, so that they
 * compare the same columns whatever foreign keys each of them has.
 *
 * It also says which references hold ids that nothing names.  They mean other rows at the
 * destination, unless that is the database they come from: a preview says so, too.
 */
#include <string.h>

#include "sync/sync.h"

/* The backup of no rows: its first line is the header. */
static const char schema_sql[] =
	"SELECT db_adapter.backup_document($1::pg_catalog.jsonb, user_id => $2::pg_catalog.text,"
	" keys => '{}'::pg_catalog.jsonb) AS document";

bool
sync_ask_schema(Sync *sync, dba_callback done)
{
	Buf			params = BUF_INIT;

	buf_putc(&params, '[');
	json_write(&params, sync->schema);
	sync_write_user(sync, &params);
	buf_putc(&params, ']');
	sync->waiting = 1;
	if (!buf_ok(&params))
		error_set_no_memory(&sync->group.error);
	else
		sync_source_submitted(
			sync, dba_execute(sync->source_tx, schema_sql, buf_text(&params), done, sync));
	buf_free(&params);
	return !sync_failed(sync);
}

static const char *
member_text(const JsonValue *object, const char *name)
{
	const JsonValue *value = json_member(object, name);

	return value != NULL && value->type == JSON_TYPE_STRING ? value->text : "";
}

/* The tenant is given by the sync itself. */
static bool
is_tenant(const Sync *sync, const JsonValue *raw)
{
	const JsonValue *tables = json_member(sync->schema, "tables");
	const JsonValue *columns = json_member(raw, "columns");
	const char *column =
		columns != NULL && columns->count == 1 && columns->first->type == JSON_TYPE_STRING
			? columns->first->text
			: NULL;

	if (sync->user_id == NULL || column == NULL)
		return false;
	json_foreach(table, tables)
	{
		const JsonValue *user = json_member(table, "user_field");

		if (strcmp(member_text(table, "name"), member_text(raw, "table")) == 0)
			return user == NULL ? strcmp(column, "user_id") == 0
								: user->type == JSON_TYPE_STRING && strcmp(user->text, column) == 0;
	}
	return false;
}

/* The first reference that is copied although it means other rows elsewhere. */
static const JsonValue *
find_raw(const Sync *sync, const JsonValue *header)
{
	const JsonValue *list = json_member(header, "raw");

	if (list == NULL || list->type != JSON_TYPE_ARRAY)
		return NULL;
	json_foreach(raw, list)
	{
		if (raw->type == JSON_TYPE_OBJECT && !is_tenant(sync, raw))
			return raw;
	}
	return NULL;
}

bool
sync_take_schema(Sync *sync, const dba_result *result)
{
	const char *text = dba_result_text(result, 0, "document");
	const char *end = text != NULL ? strchr(text, '\n') : NULL;
	const JsonValue *header = end != NULL ? json_parse(&sync->arena, text, (size_t) (end - text),
													   "header of a backup", &sync->group.error)
										  : NULL;
	const JsonValue *schema = header != NULL && header->type == JSON_TYPE_OBJECT
								  ? json_member(header, "backup_schema")
								  : NULL;

	if (schema == NULL || json_member(schema, "tables") == NULL)
		return error_set(&sync->group.error, DBA_SERVER,
						 "the backup schema of the source was not understood");
	sync->schema = schema;
	sync->raw = find_raw(sync, header);
	sync->origin = member_text(header, "origin");
	return true;
}

bool
sync_ask_origin(Sync *sync, dba_callback done)
{
	if (sync->raw == NULL)
		return false;
	sync->waiting = 1;
	sync_submitted(sync, dba_execute(sync->group.tx, "SELECT db_adapter.origin() AS origin", NULL,
									 done, sync));
	return !sync_failed(sync);
}

/* Ids of the source mean the same rows here only where this is the database they are of. */
bool
sync_take_origin(Sync *sync, const dba_result *result)
{
	const char *origin = dba_result_text(result, 0, "origin");

	if (origin != NULL && strcmp(origin, sync->origin) == 0)
		return true;
	error_set(
		&sync->group.error, DBA_SERVER,
		"source: foreign key \"%s\" of table \"%s\" leads to \"%s\", whose rows have no match "
		"key",
		member_text(sync->raw, "foreign_key"), member_text(sync->raw, "table"),
		member_text(sync->raw, "to"));
	if (sync->group.error != NULL)
		error_hint(
			sync->group.error,
			"Its values mean other rows in another database. Give those rows a unique index "
			"that is no number, or declare the reference \"raw\": true in the backup schema.");
	return false;
}
