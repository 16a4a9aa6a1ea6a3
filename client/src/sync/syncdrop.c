/*
 * syncdrop.c
 *		Rows that are only at the destination, deleted.
 *
 * The server refuses to take along rows of the backup schema's tables that nobody
 * named, and those of other tables unless asked to.  Here the tables of the sync are
 * those chosen and those they refer to; all others are none of its business.
 */
#include <string.h>

#include "sync/sync.h"

static const char drop_sql[] =
	"SELECT * FROM db_adapter.delete_rows($1::pg_catalog.jsonb, $2::pg_catalog.jsonb,"
	" $3::pg_catalog.text, cascade => $4::pg_catalog.bool, brought_again => $5::pg_catalog.bool,"
	" dry_run => $6::pg_catalog.bool, on_error => 'record')";

static const char aside_sql[] =
	"SELECT * FROM db_adapter.set_aside($1::pg_catalog.jsonb, $2::pg_catalog.jsonb,"
	" $3::pg_catalog.text)";

/* Bare means public. */
static const char *
bare(const char *name)
{
	return strncmp(name, "public.", 7) == 0 ? name + 7 : name;
}

static bool
is_table(const JsonValue *value, const char *name)
{
	return value != NULL && value->type == JSON_TYPE_STRING &&
		   strcmp(bare(value->text), bare(name)) == 0;
}

static bool
reference_leads_to(const JsonValue *reference, const char *name)
{
	const JsonValue *map = json_member(reference, "map");

	if (is_table(json_member(reference, "table"), name))
		return true;
	if (map == NULL || map->type != JSON_TYPE_OBJECT)
		return false;
	json_foreach(target, map)
	{
		if (is_table(target, name))
			return true;
	}
	return false;
}

/* member: one reference or an array of them, or NULL */
static bool
member_leads_to(const JsonValue *member, const char *name)
{
	if (member == NULL)
		return false;
	if (member->type == JSON_TYPE_OBJECT)
		return reference_leads_to(member, name);
	if (member->type != JSON_TYPE_ARRAY)
		return false;
	json_foreach(reference, member)
	{
		if (reference->type == JSON_TYPE_OBJECT && reference_leads_to(reference, name))
			return true;
	}
	return false;
}

static bool
table_leads_to(const JsonValue *table, const char *name)
{
	return member_leads_to(json_member(table, "parent"), name) ||
		   member_leads_to(json_member(table, "parents"), name) ||
		   member_leads_to(json_member(table, "optional_refs"), name);
}

/* Marks what the tables that are marked refer to; false: nothing was to be added. */
static bool
mark_targets(const Sync *sync, bool *marked)
{
	const JsonValue *tables = json_member(sync->schema, "tables");
	bool		added = false;
	size_t		i = 0;

	json_foreach(table, tables)
	{
		for (size_t j = 0; marked[i] && j < sync->count; j++)
		{
			if (!marked[j] && table_leads_to(table, sync->tables[j].name))
				added = marked[j] = true;
		}
		i++;
	}
	return added;
}

/* Is it the table whose rows are the tenants?  It stands in whatever is asked of one of them. */
static bool
is_tenants(const Sync *sync, const char *name)
{
	const JsonValue *tenant = json_member(sync->schema, "tenant");
	const JsonValue *table = tenant != NULL ? json_member(tenant, "table") : NULL;

	return table != NULL && table->type == JSON_TYPE_STRING && strcmp(table->text, name) == 0;
}

/* The backup schema with the tables of this sync alone. */
static void
write_schema(Sync *sync, Buf *buf)
{
	const JsonValue *tables = json_member(sync->schema, "tables");
	bool	   *marked = arena_alloc(&sync->arena, sync->count + 1);
	const char *separator = "";
	size_t		i = 0;

	if (marked == NULL)
	{
		error_set_no_memory(&sync->group.error);
		return;
	}
	for (i = 0; i < sync->count; i++)
		marked[i] = sync->tables[i].chosen || is_tenants(sync, sync->tables[i].name);
	while (mark_targets(sync, marked))
		;
	buf_putc(buf, '{');
	json_foreach(member, sync->schema)
	{
		if (member == tables)
			continue;
		json_write_string(buf, member->name, strlen(member->name));
		buf_puts(buf, ": ");
		json_write(buf, member);
		buf_puts(buf, ", ");
	}
	buf_puts(buf, "\"tables\": [");
	i = 0;
	json_foreach(table, tables)
	{
		if (marked[i++])
		{
			buf_puts(buf, separator);
			json_write(buf, table);
			separator = ", ";
		}
	}
	buf_puts(buf, "]}");
}

/* --- which deletions wait */

static void
withhold(Sync *sync, bool sound, bool failed)
{
	for (size_t i = 0; i < sync->count; i++)
		sync->tables[i].withheld =
			sync_failures(sync->restored, sync->tables[i].name) > 0 ? failed : sound;
}

/* Marks the tables that refer to those withheld; false: nothing was to be added. */
static bool
withhold_below(Sync *sync)
{
	const JsonValue *tables = json_member(sync->schema, "tables");
	bool		added = false;
	size_t		i = 0;

	json_foreach(table, tables)
	{
		for (size_t j = 0; !sync->tables[i].withheld && j < sync->count; j++)
		{
			if (sync->tables[j].withheld && table_leads_to(table, sync->tables[j].name))
				added = sync->tables[i].withheld = true;
		}
		i++;
	}
	return added;
}

/* --- what is asked of the destination */

static bool
ask(Sync *sync, const char *sql, bool drop, bool brought_again, dba_callback done)
{
	Buf			params = BUF_INIT;
	bool		some;

	buf_puts(&params, "[");
	write_schema(sync, &params);
	buf_puts(&params, ", ");
	some = sync_write_keys(sync, &params, true);
	sync_write_user(sync, &params);
	if (drop)
		buf_printf(&params, ", %s, %s, %s", sync->cascade ? "true" : "false",
				   brought_again ? "true" : "false", sync->dry_run ? "true" : "false");
	buf_putc(&params, ']');
	if (!buf_ok(&params))
		error_set_no_memory(&sync->group.error);
	else if (some && sync->group.error == NULL)
	{
		sync->waiting = 1;
		sync_submitted(sync, dba_execute(sync->group.tx, sql, buf_text(&params), done, sync));
	}
	buf_free(&params);
	return some && !sync_failed(sync);
}

bool
sync_set_aside(Sync *sync, dba_callback done)
{
	if (!sync->marked)
		return false;
	withhold(sync, true, false);
	for (size_t i = 0; i < sync->count; i++)
	{
		SyncTable  *table = &sync->tables[i];

		table->withheld |= table->stuck;
		table->aside = !table->withheld && table->drop.len > 0;
	}
	return ask(sync, aside_sql, false, false, done);
}

bool
sync_drop_first(Sync *sync, dba_callback done)
{
	if (!sync->marked || sync->first != NULL)
		return false;
	withhold(sync, false, false);
	return ask(sync, drop_sql, true, true, done);
}

bool
sync_drop(Sync *sync, dba_callback done)
{
	if (!sync->drop || sync->dropped != NULL)
		return false;
	withhold(sync, false, true);
	while (withhold_below(sync))
		;
	return ask(sync, drop_sql, true, false, done);
}
