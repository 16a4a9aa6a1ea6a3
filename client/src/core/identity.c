/*
 * identity.c
 *		What a client is: its profile, URL and settings, and what of the
 *		configuration it needs later.
 */
#include "core/identity.h"

#include <string.h>

#include "base/mem.h"
#include "json/json.h"

/* A JSON array of what db.toml lists under a key; NULL in *out when it lists nothing. */
static bool
identity_read_list(const dba_config *config, const char *key, char **out)
{
	Buf			json = BUF_INIT;
	const char *name;

	*out = NULL;
	if (dba_config_element(config, key, 0) == NULL)
		return true;
	for (size_t i = 0; (name = dba_config_element(config, key, i)) != NULL; i++)
	{
		buf_putc(&json, i == 0 ? '[' : ',');
		json_write_string(&json, name, strlen(name));
	}
	buf_putc(&json, ']');
	*out = buf_take(&json);
	return *out != NULL;
}

static bool
identity_copy(char **out, const char *text)
{
	*out = text != NULL ? mem_strdup(text) : NULL;
	return text == NULL || *out != NULL;
}

Identity *
identity_new(dba_config *config, dba_profile *profile, dba_error **err)
{
	Identity   *identity = mem_zalloc(sizeof(Identity));
	const char *validate = dba_config_value(config, "schema.validate_on_connect");

	if (identity == NULL ||
		!identity_copy(&identity->schema_file, dba_config_value(config, "schema.file")) ||
		!identity_copy(&identity->lock_file, dba_config_value(config, "defaults.lock_file")) ||
		!identity_read_list(config, "schema.exclude", &identity->exclude) ||
		!identity_read_list(config, "schema.ignore", &identity->ignore))
	{
		identity_free(identity);
		error_set_no_memory(err);
		return NULL;
	}
	/* The configuration may be freed before the client: what is needed later is copied. */
	identity->validate_on_connect = validate == NULL || strcmp(validate, "true") == 0;
	identity->profile = profile;
	return identity;
}

void
identity_free(Identity *identity)
{
	if (identity == NULL)
		return;
	dba_profile_free(identity->profile);
	mem_free(identity->schema_file);
	mem_free(identity->exclude);
	mem_free(identity->ignore);
	mem_free(identity->lock_file);
	mem_free(identity);
}

const char *
identity_conninfo(const Identity *identity)
{
	return identity->profile->url;
}
