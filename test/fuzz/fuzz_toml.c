/*
 * fuzz_toml.c
 *		db.toml: whatever is read can be asked for, whatever is refused says where.
 */
#include "config/config.h"
#include "fuzz.h"
#include "base/mem.h"

static void
ask(dba_config *config)
{
	dba_profile *profile;

	for (int i = 0; i < SETTING_COUNT; i++)
	{
		if (setting_table[i].key != NULL)
			(void) dba_config_value(config, setting_table[i].key);
	}
	for (size_t i = 0; dba_config_warning(config, i) != NULL; i++)
		CHECK(strstr(dba_config_warning(config, i), "db.toml:") != NULL);
	for (size_t i = 0; dba_config_profile(config, i) != NULL && i < 20; i++)
	{
		if (*dba_config_profile(config, i) == '\0')
			continue;
		profile = dba_resolve_profile(config, dba_config_profile(config, i), NULL);
		dba_profile_free(profile);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	dba_config *config = mem_zalloc(sizeof(dba_config));
	dba_error  *error = NULL;

	config->path = "db.toml";
	config->folder = "dir/";
	config->env_prefix = "";
	if (config_read(config, (const char *) data, size, &error))
		ask(config);
	else
		CHECK(strstr(dba_error_message(error), "db.toml:") == dba_error_message(error));
	dba_error_free(error);
	dba_config_free(config);
	return 0;
}
