/*
 * sqltenant.c
 *		The tenant in the options of a backup, a restore or a sync.
 */
#include <string.h>

#include "sql/sqltenant.h"

static bool
read_object(Arena *arena, JsonValue *tenant, dba_error **err)
{
	Buf			text = BUF_INIT;

	json_write(&text, tenant);
	tenant->text = buf_ok(&text) ? arena_strndup(arena, buf_text(&text), text.len) : NULL;
	tenant->type = JSON_TYPE_STRING;
	tenant->len = text.len;
	tenant->first = NULL;
	buf_free(&text);
	return tenant->text != NULL || error_set_no_memory(err);
}

bool
sqltenant_read(Arena *arena, JsonValue *options, const char *what, dba_error **err)
{
	for (JsonValue *option = options->first; option != NULL; option = option->next)
	{
		if (strcmp(option->name, "tenant") != 0)
			continue;
		if (json_member(options, "user_id") != NULL)
			return error_set(err, DBA_INVALID, "%s: \"tenant\" and \"user_id\" are one option",
							 what);
		option->name = "user_id";
		return option->type != JSON_TYPE_OBJECT || read_object(arena, option, err);
	}
	return true;
}

bool
sqltenant_is_object(const JsonValue *user_id)
{
	return user_id != NULL && user_id->type == JSON_TYPE_STRING &&
		   user_id->text[strspn(user_id->text, " \t\r\n")] == '{';
}
