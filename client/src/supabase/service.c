/*
 * service.c
 *		The service behind a client: its address, its key, what it says of itself.
 *
 * Made at the first request, when the settings are fixed.  The key travels in
 * headers only, and is checked to be one word before it becomes part of one.
 */
#include "supabase/supabase.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "core/identity.h"

Api *
service_api(Supabase *supa, const char *schema)
{
	Api		   *api;

	for (api = supa->apis; api != NULL; api = api->next)
		if (strcmp(api->schema, schema) == 0)
			return api;
	api = mem_zalloc(sizeof(Api));
	if (api == NULL || (api->schema = mem_strdup(schema)) == NULL)
	{
		mem_free(api);
		return NULL;
	}
	api->supa = supa;
	api->next = supa->apis;
	supa->apis = api;
	return api;
}

void
service_forget(Supabase *supa, Api *api)
{
	http_stop(&api->http);
	http_headers_free(supa->client, api->headers);
	api->headers = NULL;
	buf_free(&api->url);
}

/* apikey, and Authorization but for keys of the new form, which are no JWT */
bool
service_headers(Supabase *supa, struct curl_slist **headers, const char *accept,
				const char *profile_header, const char *schema)
{
	const char *key = supa->core->identity->profile->api_key;
	bool		ok = http_header(supa->client, headers, "Accept", accept) &&
			  http_header(supa->client, headers, "Expect", "");

	if (key != NULL)
		ok = ok && http_header(supa->client, headers, "apikey", key);
	if (supa->authorization.len > 0)
		ok = ok &&
			 http_header(supa->client, headers, "Authorization", buf_text(&supa->authorization));
	if (schema != NULL && *schema != '\0')
		ok = ok && http_header(supa->client, headers, profile_header, schema);
	return ok;
}

/* A key goes into a header: it must be one word. */
static bool
service_check_key(const char *key, dba_error **err)
{
	for (; *key != '\0'; key++)
		if (!isgraph((unsigned char) *key))
			return error_set(err, DBA_CONFIG,
							 "the service's key holds a blank or a character that "
							 "no key has");
	return true;
}

static bool
service_authorize(Supabase *supa, const char *key)
{
	/* Keys of the new form are no JWT: as Authorization they would be refused. */
	if (key == NULL || strncmp(key, "sb_publishable_", 15) == 0 ||
		strncmp(key, "sb_secret_", 10) == 0)
		return true;
	buf_printf(&supa->authorization, "Bearer %s", key);
	return buf_ok(&supa->authorization);
}

static bool
service_read_root(Supabase *supa)
{
	const dba_profile *profile = supa->core->identity->profile;
	const char *path = settings_text(&profile->settings, SETTING_REST_PATH);
	Buf			root = BUF_INIT;

	buf_puts(&root, profile->url);
	/* With or without slashes at the end: both are written that way. */
	while (root.len > 0 && root.data[root.len - 1] == '/')
		root.data[--root.len] = '\0';
	path += strspn(path, "/");
	if (*path != '\0')
		buf_printf(&root, "/%s", path);
	while (root.len > 0 && root.data[root.len - 1] == '/')
		root.data[--root.len] = '\0';
	supa->root = buf_take(&root);
	return supa->root != NULL;
}

void
service_free(Supabase *supa)
{
	while (supa->apis != NULL)
	{
		Api		   *api = supa->apis;

		supa->apis = api->next;
		service_forget(supa, api);
		arena_free(&api->arena);
		mem_free(api->schema);
		mem_free(api);
	}
	http_client_free(supa->client);
	buf_free(&supa->authorization);
	mem_free(supa->root);
	mem_free(supa);
}

Supabase *
service_get(Core *core, dba_error **err)
{
	const char *key = core->identity->profile->api_key;
	Supabase   *supa;

	if (core->state != NULL)
		return core->state;
	if (key != NULL && !service_check_key(key, err))
		return NULL;
	supa = mem_zalloc(sizeof(Supabase));
	if (supa == NULL)
	{
		error_set_no_memory(err);
		return NULL;
	}
	supa->core = core;
	supa->client = http_client_new(core, err);
	if (supa->client != NULL && service_read_root(supa) && service_authorize(supa, key))
		core->state = supa;
	else
	{
		error_set_no_memory(err);	/* an error that is there stays */
		service_free(supa);
	}
	return core->state;
}
