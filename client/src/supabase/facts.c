/*
 * facts.c
 *		What dba_test_connection says of a service: read from its key and its
 *		description, for PostgREST cannot be asked.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/pgtypes.h"
#include "core/identity.h"
#include "supabase/supabase.h"

/* The role that the key's middle part names; "" when it is no JWT. */
static void
read_role(const char *key, char *role, size_t size)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *p = key != NULL ? strchr(key, '.') : NULL;
	const JsonValue *value;
	Arena		arena = {NULL};
	Buf			text = BUF_INIT;
	unsigned	bits = 0;
	int			count = 0;

	role[0] = '\0';
	for (p = p != NULL ? p + 1 : ""; *p != '\0' && *p != '.'; p++)
	{
		const char *digit = strchr(digits, *p);

		if (digit == NULL)
			break;
		bits = (bits << 6 | (unsigned) (digit - digits)) & 0xFFFF;
		count += 6;
		if (count >= 8)
			buf_putc(&text, (char) (bits >> (count -= 8) & 0xFF));
	}
	value = json_member(json_parse(&arena, buf_text(&text), text.len, "key", NULL), "role");
	if (value != NULL && value->type == JSON_TYPE_STRING)
		snprintf(role, size, "%s", value->text);
	buf_free(&text);
	arena_free(&arena);
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* What the description has, as a JSON array of names in order; false: no memory. */
static bool
put_tables(Buf *list, const JsonValue *description)
{
	const JsonValue *definitions = json_member(description, "definitions");
	size_t		count = definitions != NULL ? definitions->count : 0;
	const char **names = mem_zalloc(sizeof(char *) * (count + 1));
	size_t		i = 0;

	if (names == NULL)
		return false;
	for (const JsonValue *table = count > 0 ? definitions->first : NULL; table != NULL;
		 table = table->next)
		names[i++] = table->name != NULL ? table->name : "";
	qsort(names, count, sizeof(names[0]), compare_names);
	buf_putc(list, '[');
	for (i = 0; i < count; i++)
	{
		if (i > 0)
			buf_putc(list, ',');
		json_write_string(list, names[i], strlen(names[i]));
	}
	buf_putc(list, ']');
	mem_free(names);
	return buf_ok(list);
}

PGresult *
facts_of(const Exchange *x)
{
	static const char *const names[] = {
		"database",	   "username", "server_version", "extension_version",
		"in_recovery", "ssl",	   "tables"};
	static const Oid types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID, BOOLOID, BOOLOID, JSONBOID};
	const char *key = x->supa->core->identity->profile->api_key;
	const JsonValue *version = json_member(json_member(x->http.reply.value, "info"), "version");
	PGresult   *facts = NULL;
	Buf			tables = BUF_INIT;
	const char *values[7] = {NULL};
	char		role[64];
	char		server[80];

	read_role(key, role, sizeof(role));
	snprintf(server, sizeof(server), "PostgREST %s",
			 version != NULL && version->type == JSON_TYPE_STRING	? version->text
			 : strncmp(x->http.reply.server, "postgrest/", 10) == 0 ? x->http.reply.server + 10
																	: "of unknown version");
	values[1] = role[0] != '\0' ? role : NULL;
	values[2] = server;
	values[5] = strncmp(x->supa->root, "https:", 6) == 0 ? "t" : "f";
	if (put_tables(&tables, x->http.reply.value))
	{
		values[6] = buf_text(&tables);
		facts = result_make(7, names, types, 1, values);
	}
	buf_free(&tables);
	return facts;
}
