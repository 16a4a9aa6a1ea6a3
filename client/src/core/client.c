/*
 * client.c
 *		Opening a client: its profile, its settings, its facts.
 */
#include <string.h>

#include "core/core.h"
#include "core/identity.h"
#include "json/json.h"
#include "base/mem.h"
#include "core/provider.h"

const char *
dba_version(void)
{
	return DBA_VERSION;
}

void
dba_free(void *text)
{
	mem_free(text);
}

/* --- identity */

/* A JSON array of the names db.toml excludes; NULL in *out when it names none. */
static bool
identity_read_exclude(const dba_config *config, char **out)
{
	Buf			json = BUF_INIT;
	const char *name;

	*out = NULL;
	if (dba_config_element(config, "schema.exclude", 0) == NULL)
		return true;
	for (size_t i = 0; (name = dba_config_element(config, "schema.exclude", i)) != NULL; i++)
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
		!identity_read_exclude(config, &identity->exclude))
	{
		identity_free(identity);
		error_set_no_memory(err);
		return NULL;
	}
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
	mem_free(identity->lock_file);
	mem_free(identity);
}

const char *
identity_conninfo(const Identity *identity)
{
	return identity->profile->url;
}

/* --- settings */

static void
client_read_settings(Core *core)
{
	const Settings *s = &core->identity->profile->settings;
	CoreSettings *c = &core->settings;
	const char *prepare = settings_text(s, SETTING_PREPARE);

	c->pool_size = (int) settings_integer(s, SETTING_POOL_SIZE);
	c->pool_overflow = (int) settings_integer(s, SETTING_POOL_MAX_OVERFLOW);
	c->recycle = settings_milliseconds(s, SETTING_POOL_RECYCLE);
	c->pre_ping = settings_boolean(s, SETTING_POOL_PRE_PING);
	c->pre_ping_idle = settings_milliseconds(s, SETTING_POOL_PRE_PING_IDLE);
	c->connect_timeout = settings_milliseconds(s, SETTING_CONNECT_TIMEOUT);
	c->checkout_timeout = settings_milliseconds(s, SETTING_CHECKOUT_TIMEOUT);
	c->idle_timeout = settings_milliseconds(s, SETTING_IDLE_TIMEOUT);
	c->request_timeout = settings_milliseconds(s, SETTING_REQUEST_TIMEOUT);
	c->pipeline_depth = (int) settings_integer(s, SETTING_PIPELINE_DEPTH);
	c->prepare = strcmp(prepare, "on") == 0 ? 1 : strcmp(prepare, "off") == 0 ? 0 : -1;
	c->keepalive_idle = settings_milliseconds(s, SETTING_KEEPALIVES_IDLE);
	c->tcp_user_timeout = settings_milliseconds(s, SETTING_TCP_USER_TIMEOUT);
	c->application_name = settings_text(s, SETTING_APPLICATION_NAME);
	core->stmts.limit = (int) settings_integer(s, SETTING_PREPARED_MAX);
}

bool
dba_set(dba_client *db, const char *name, const char *value, dba_error **err)
{
	Core	   *core = db->core;

	if (db->tx != NULL || core->used)
		return error_set(err, DBA_INVALID, "settings cannot change after the first request");
	if (!settings_set(&core->identity->profile->settings, name, value, err))
		return false;
	client_read_settings(core);
	return true;
}

const char *
dba_setting(const dba_client *db, const char *name)
{
	int			id = setting_find(name);

	return id >= 0 ? settings_text(&db->core->identity->profile->settings, id) : NULL;
}

/* --- opening */

const Provider *
provider_find(const char *name, dba_error **err)
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
	provider = provider_find(profile->provider, err);
	core = provider != NULL ? core_new(err) : NULL;
	if (core == NULL)
	{
		identity_free(identity);
		return NULL;
	}
	core->identity = identity;
	core->provider = provider;
	client_read_settings(core);
	return &core->self;
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
client_close_cached(dba_config *config)
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
	config->close_clients = client_close_cached;
	return cached->db;
}

/* --- facts */

const char *
dba_profile_of(const dba_client *db)
{
	return dba_profile_name(db->core->identity->profile);
}

const char *
dba_provider(const dba_client *db)
{
	return dba_profile_provider(db->core->identity->profile);
}

const char *
dba_url(const dba_client *db)
{
	return dba_profile_url(db->core->identity->profile);
}

void
dba_set_data(dba_client *db, void *data)
{
	db->core->user_data = data;
}

void *
dba_data(const dba_client *db)
{
	return db->core->user_data;
}

void
dba_on_notice(dba_client *db, dba_notice_fn notice, void *arg)
{
	db->core->notice = notice;
	db->core->notice_arg = arg;
}

size_t
dba_in_flight(const dba_client *db)
{
	return db->core->visible;
}

/* --- statistics */

int64_t
dba_pool_stats(const dba_client *db, const char *name)
{
	const Core *core = db->core;
	PoolCounts	counts = core->provider->count(core);
	const struct
	{
		const char *name;
		int64_t		value;
	} stats[] = {
		{"connections", counts.connections},
		{"idle", counts.idle},
		{"busy", counts.busy},
		{"connecting", counts.connecting},
		{"waiting", (int64_t) core->waiting.count},
		{"in_flight", (int64_t) core->visible},
		{"opened", core->stats.opened},
		{"closed", core->stats.closed},
		{"failed", core->stats.failed},
		{"requests", core->stats.requests},
		{"errors", core->stats.errors},
		{"timeouts", core->stats.timeouts},
		{"cancelled", core->stats.cancelled},
		{"prepared", (int64_t) core->stmts.used},
		{"retried", core->stats.retried},
	};

	for (size_t i = 0; i < sizeof(stats) / sizeof(stats[0]); i++)
		if (strcmp(stats[i].name, name) == 0)
			return stats[i].value;
	return -1;
}

void
dba_cancel(dba_client *db, dba_request request)
{
	Request	   *found = request_find(db->core, request);

	if (found != NULL && !found->internal)
		request_abort(found, DBA_CANCELLED);
}

void
dba_resume(dba_client *db, dba_request request)
{
	Request	   *found = request_find(db->core, request);

	if (found == NULL)
		return;
	if (found->kind == REQUEST_GROUP && found->group_resume != NULL)
		found->group_resume(found);
	else
		db->core->provider->resume(found);
}
