/*
 * client.c
 *		A client: its settings, its facts, what is asked of it besides requests.
 *
 * Settings can change until the first request is submitted: from then on connections
 * exist that were made by them.
 */
#include <string.h>

#include "core/core.h"
#include "core/identity.h"
#include "base/mem.h"
#include "core/provider.h"
#include "core/trace.h"

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

/* --- settings */

static void
client_read_settings(Core *core)
{
	const Settings *s = &core->identity->profile->settings;
	CoreSettings *c = &core->settings;
	const char *prepare = settings_text(s, SETTING_PREPARE);
	const char *reset = settings_text(s, SETTING_RESET);

	c->pool_size = (int) settings_integer(s, SETTING_POOL_SIZE);
	c->pool_overflow = (int) settings_integer(s, SETTING_POOL_MAX_OVERFLOW);
	c->recycle = settings_milliseconds(s, SETTING_POOL_RECYCLE);
	c->pre_ping = settings_boolean(s, SETTING_POOL_PRE_PING);
	c->pre_ping_idle = settings_milliseconds(s, SETTING_POOL_PRE_PING_IDLE);
	c->connect_timeout = settings_milliseconds(s, SETTING_CONNECT_TIMEOUT);
	c->checkout_timeout = settings_milliseconds(s, SETTING_CHECKOUT_TIMEOUT);
	c->idle_timeout = settings_milliseconds(s, SETTING_IDLE_TIMEOUT);
	c->request_timeout = settings_milliseconds(s, SETTING_REQUEST_TIMEOUT);
	c->stall_timeout = settings_milliseconds(s, SETTING_STALL_TIMEOUT);
	c->pipeline_depth = (int) settings_integer(s, SETTING_PIPELINE_DEPTH);
	c->prepare = strcmp(prepare, "on") == 0 ? 1 : strcmp(prepare, "off") == 0 ? 0 : -1;
	c->reset = strcmp(reset, "always") == 0	 ? RESET_ALWAYS
			   : strcmp(reset, "never") == 0 ? RESET_NEVER
											 : RESET_SMART;
	c->keepalive_idle = settings_milliseconds(s, SETTING_KEEPALIVES_IDLE);
	c->tcp_user_timeout = settings_milliseconds(s, SETTING_TCP_USER_TIMEOUT);
	c->application_name = settings_text(s, SETTING_APPLICATION_NAME);
	core->stmts.limit = (int) settings_integer(s, SETTING_PREPARED_MAX);
}

bool
dba_set(dba_client *db, const char *name, const char *value, dba_error **err)
{
	Core	   *core = db->core;

	/* Connections and time limits that exist were made by the settings that held then. */
	if (db->tx != NULL || core->turn.used)
		return error_set(err, DBA_INVALID, "settings cannot change after the first request");
	if (!settings_set(&core->identity->profile->settings, name, value, err))
		return false;
	client_read_settings(core);
	if (trace_open(core, err))
		return true;
	settings_put(&core->identity->profile->settings, SETTING_TRACE, "", "dba_set", NULL);
	return false;
}

const char *
dba_setting(const dba_client *db, const char *name)
{
	int			id = setting_find(name);

	return id >= 0 ? settings_text(&db->core->identity->profile->settings, id) : NULL;
}

/* --- opening */

Core *
client_new(Identity *identity, const Provider *provider, dba_error **err)
{
	Core	   *core = core_new(err);

	if (core == NULL)
	{
		identity_free(identity);
		return NULL;
	}
	core->identity = identity;
	core->provider = provider;
	client_read_settings(core);
	if (trace_open(core, err) && (provider->open == NULL || provider->open(core, err)))
		return core;
	core_close(core);
	return NULL;
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
	db->core->notice.fn = notice;
	db->core->notice.arg = arg;
}

size_t
dba_in_flight(const dba_client *db)
{
	return db->core->requests.visible;
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
		{"waiting", (int64_t) core->requests.waiting.count},
		{"in_flight", (int64_t) core->requests.visible},
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

	/* Steps have numbers too, but they are not the caller's to cancel. */
	if (found != NULL && !found->internal)
		request_abort(found, DBA_CANCELLED);
}

void
dba_resume(dba_client *db, dba_request request)
{
	Request	   *found = request_find(db->core, request);

	if (found == NULL)
		return;
	if (found->kind == REQUEST_GROUP && found->group.resume != NULL)
		found->group.resume(found);
	else
		db->core->provider->resume(found);
}
