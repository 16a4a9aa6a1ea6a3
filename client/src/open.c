/*
 * open.c
 *		Opening a client: from a profile to the provider that serves it.
 *
 * The one file that knows every provider stands above them all: the core reaches
 * them through the table it is given here.
 */
#include <string.h>

#include "base/mem.h"
#include "core/identity.h"
#include "core/provider.h"
#include "postgres/postgres.h"
#ifdef WITH_SUPABASE
#include "supabase/supabase.h"
#endif

static const Provider *
open_provider(const char *name, dba_error **err)
{
	static const Provider *const providers[] = {
		&postgres_provider,
#ifdef WITH_SUPABASE
		&supabase_provider,
#endif
	};
	dba_error  *error;

	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++)
		if (strcmp(providers[i]->name, name) == 0)
			return providers[i];
	error = error_new(DBA_NOT_SUPPORTED, "this build has no provider \"%s\"", name);
	error_hint(error, "Build the library with WITH_SUPABASE=yes, which takes libcurl's headers.");
	error_move(err, error);
	return NULL;
}

dba_client *
dba_open_config(dba_config *config, const char *profile_or_url, dba_error **err)
{
	dba_profile *profile = dba_resolve_profile(config, profile_or_url, err);
	const Provider *provider;
	Identity   *identity;
	Core	   *core;

	if (profile == NULL)
		return NULL;
	identity = identity_new(config, profile, err);
	if (identity == NULL)
	{
		dba_profile_free(profile);
		return NULL;
	}
	provider = open_provider(profile->provider, err);
	if (provider == NULL)
	{
		identity_free(identity);
		return NULL;
	}
	core = client_new(identity, provider, err);
	return core != NULL ? &core->self : NULL;
}

dba_client *
dba_open(const char *profile_or_url, dba_error **err)
{
	dba_config *config = dba_config_load(NULL, NULL, err);
	dba_client *db;

	if (config == NULL)
		return NULL;
	db = dba_open_config(config, profile_or_url, err);
	dba_config_free(config);
	return db;
}

/* --- the clients of a configuration */

typedef struct CachedClient
{
	char	   *choice;			/* as given; "" for the resolved one */
	dba_client *db;
	struct CachedClient *next;
} CachedClient;

static void
open_close_cached(dba_config *config)
{
	CachedClient *cached = config->clients;

	config->clients = NULL;
	while (cached != NULL)
	{
		CachedClient *next = cached->next;

		dba_close(cached->db);
		mem_free(cached->choice);
		mem_free(cached);
		cached = next;
	}
}

dba_client *
dba_get(dba_config *config, const char *profile_or_url, dba_error **err)
{
	const char *choice = profile_or_url != NULL ? profile_or_url : "";
	CachedClient *cached;

	for (cached = config->clients; cached != NULL; cached = cached->next)
		if (strcmp(cached->choice, choice) == 0)
			return cached->db;
	cached = mem_zalloc(sizeof(CachedClient));
	if (cached == NULL || (cached->choice = mem_strdup(choice)) == NULL)
	{
		mem_free(cached);
		error_set_no_memory(err);
		return NULL;
	}
	cached->db = dba_open_config(config, profile_or_url, err);
	if (cached->db == NULL)
	{
		mem_free(cached->choice);
		mem_free(cached);
		return NULL;
	}
	cached->next = config->clients;
	config->clients = cached;
	/* The configuration closes them without knowing what a client is. */
	config->close_clients = open_close_cached;
	return cached->db;
}
