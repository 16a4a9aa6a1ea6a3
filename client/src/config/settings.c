/*
 * settings.c
 *		The one table of everything that can be set, and values of it.
 *
 * The table is the only place that knows a setting: db.toml, the environment, dba_set
 * and the documents are read or checked against it.  A value is kept as the text it was
 * given as, checked when it is set, so reading one later cannot fail; a setting without
 * a value of its own has the table's, and nothing is copied for it.
 */
#include "config/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

#define POOL "profiles.*.pool."
#define ONE_DAY 86400

const Setting setting_table[SETTING_COUNT] = {
	[SETTING_POOL_SIZE] = {"pool_size", SETTING_INTEGER, "5", POOL "size", "DB_POOL_SIZE", 1, 10000,
						   NULL, "connections kept open"},
	[SETTING_POOL_MAX_OVERFLOW] = {"pool_max_overflow", SETTING_INTEGER, "10", POOL "max_overflow",
								   "DB_POOL_MAX_OVERFLOW", 0, 10000, NULL,
								   "connections beyond pool_size, closed when idle"},
	[SETTING_POOL_RECYCLE] = {"pool_recycle_seconds", SETTING_SECONDS, "300",
							  POOL "recycle_seconds", "DB_POOL_RECYCLE_SECONDS", 0, 365 * ONE_DAY,
							  NULL, "age at which a connection is replaced; 0: never"},
	[SETTING_POOL_PRE_PING] = {"pool_pre_ping", SETTING_BOOLEAN, "true", POOL "pre_ping",
							   "DB_POOL_PRE_PING", 0, 0, NULL,
							   "ask an idle connection whether it lives before using it"},
	[SETTING_POOL_PRE_PING_IDLE] = {"pre_ping_idle_seconds", SETTING_SECONDS, "1",
									POOL "pre_ping_idle_seconds", NULL, 0, ONE_DAY, NULL,
									"a connection idle for less is not asked"},
	[SETTING_CONNECT_TIMEOUT] = {"connect_timeout_seconds", SETTING_SECONDS, "5",
								 POOL "connect_timeout_seconds", "DB_CONNECT_TIMEOUT_SECONDS", 0,
								 ONE_DAY, NULL, "for one connection attempt; 0: none"},
	[SETTING_CHECKOUT_TIMEOUT] = {"checkout_timeout_seconds", SETTING_SECONDS, "30",
								  POOL "checkout_timeout_seconds", "DB_CHECKOUT_TIMEOUT_SECONDS", 0,
								  ONE_DAY, NULL, "for a request to get a connection; 0: none"},
	[SETTING_REQUEST_TIMEOUT] = {"request_timeout_seconds", SETTING_SECONDS, "0",
								 POOL "request_timeout_seconds", "DB_REQUEST_TIMEOUT_SECONDS", 0,
								 365 * ONE_DAY, NULL,
								 "for a request from its submission on; 0: none"},
	[SETTING_STALL_TIMEOUT] = {"stall_timeout_seconds", SETTING_SECONDS, "60",
							   POOL "stall_timeout_seconds", "DB_STALL_TIMEOUT_SECONDS", 0, ONE_DAY,
							   NULL,
							   "a service's answer that stops for so long is given up; 0: never"},
	[SETTING_IDLE_TIMEOUT] = {"idle_timeout_seconds", SETTING_SECONDS, "0",
							  POOL "idle_timeout_seconds", NULL, 0, 365 * ONE_DAY, NULL,
							  "idle time after which a connection is closed; 0: none"},
	[SETTING_PIPELINE_DEPTH] = {"pipeline_depth", SETTING_INTEGER, "64", POOL "pipeline_depth",
								NULL, 1, 10000, NULL, "requests in flight on one connection"},
	[SETTING_PREPARE] = {"prepare", SETTING_CHOICE, "auto", POOL "prepare", "DB_PREPARE", 0, 0,
						 "auto, on, off", "prepared statements; auto: not behind a pooler"},
	[SETTING_PREPARED_MAX] = {"prepared_max", SETTING_INTEGER, "256", POOL "prepared_max", NULL, 1,
							  100000, NULL, "prepared statements kept on one connection"},
	[SETTING_RESET] = {"reset", SETTING_CHOICE, "smart", POOL "reset", "DB_RESET", 0, 0,
					   "smart, always, never",
					   "undo what changed a session; smart: after your own SQL"},
	[SETTING_KEEPALIVES_IDLE] = {"keepalives_idle_seconds", SETTING_SECONDS, "60",
								 POOL "keepalives_idle_seconds", NULL, 0, ONE_DAY, NULL,
								 "silence after which TCP keepalives are sent; 0: the system's"},
	[SETTING_TCP_USER_TIMEOUT] =
		{"tcp_user_timeout_seconds", SETTING_SECONDS, "30", POOL "tcp_user_timeout_seconds", NULL,
		 0, ONE_DAY, NULL, "unacknowledged data closes the connection after this; 0: the system's"},
	[SETTING_APPLICATION_NAME] = {"application_name", SETTING_TEXT, "db_adapter",
								  POOL "application_name", NULL, 0, 0, NULL,
								  "shown in pg_stat_activity, unless the URL names one"},
	[SETTING_REST_PATH] = {"rest_path", SETTING_TEXT, "/rest/v1", "profiles.*.rest_path",
						   "SUPABASE_REST_PATH", 0, 0, NULL,
						   "where PostgREST is below a supabase profile's URL"},
	[SETTING_CA_FILE] = {"ca_file", SETTING_PATH, NULL, "profiles.*.ca_file", "SUPABASE_CA_FILE", 0,
						 0, NULL,
						 "certificates that a supabase profile trusts, instead of the system's"},
	[SETTING_TRACE] = {"trace", SETTING_TEXT, NULL, "profiles.*.trace", "DB_TRACE", 0, 0, NULL,
					   "file, or number of a descriptor, that gets a line for each event"},
	[SETTING_TRACE_VALUES] = {"trace_values", SETTING_BOOLEAN, "false", "profiles.*.trace_values",
							  "DB_TRACE_VALUES", 0, 0, NULL,
							  "with values of statements and messages of errors"},

	[SETTING_URL] = {"url", SETTING_TEXT, NULL, "profiles.*.url", NULL, 0, 0, NULL,
					 "postgres:// or https:// URL, or libpq key=value string"},
	[SETTING_DESCRIPTION] = {"description", SETTING_TEXT, NULL, "profiles.*.description", NULL, 0,
							 0, NULL, "shown in lists"},
	[SETTING_PROVIDER] = {"provider", SETTING_CHOICE, "postgres", "profiles.*.provider", NULL, 0, 0,
						  "postgres, supabase", "how to talk to the database"},
	[SETTING_DB_PASSWORD] = {"db_password", SETTING_TEXT, NULL, "profiles.*.db_password", NULL, 0,
							 0, NULL, "name of the environment variable that holds the password"},
	[SETTING_API_KEY] = {"api_key", SETTING_TEXT, NULL, "profiles.*.api_key", NULL, 0, 0, NULL,
						 "name of the environment variable that holds the service's key"},

	[SETTING_SCHEMA_FILE] = {"schema_file", SETTING_PATH, "schema.sql", "schema.file", NULL, 0, 0,
							 NULL, "the declared schema"},
	[SETTING_VALIDATE_ON_CONNECT] = {"validate_on_connect", SETTING_BOOLEAN, "true",
									 "schema.validate_on_connect", NULL, 0, 0, NULL,
									 "compare the database with the declared schema"},
	[SETTING_COLUMN_DEFS] = {"column_defs", SETTING_PATH, NULL, "schema.column_defs", NULL, 0, 0,
							 NULL, "types of columns for repairs"},
	[SETTING_BACKUP_SCHEMA] = {"backup_schema", SETTING_PATH, NULL, "schema.backup_schema", NULL, 0,
							   0, NULL, "tables, keys and references for backup, restore and sync"},
	[SETTING_EXCLUDE] = {"exclude", SETTING_LIST, NULL, "schema.exclude", NULL, 0, 0, NULL,
						 "relations that are not compared"},
	[SETTING_IGNORE] = {"ignore", SETTING_LIST, NULL, "schema.ignore", NULL, 0, 0, NULL,
						"what is no difference: owners, table:tmp_*, extra:index"},
	[SETTING_RECREATE_THRESHOLD] = {"recreate_threshold", SETTING_INTEGER, NULL,
									"schema.recreate_threshold", NULL, 0, 1000000, NULL,
									"missing columns from which on a table is rebuilt; 0: never"},
	[SETTING_SYNC_TABLES] = {"sync_tables", SETTING_LIST, NULL, "sync.tables", NULL, 0, 0, NULL,
							 "tables that sync compares"},
	[SETTING_USER_ID_ENV] = {"user_id_env", SETTING_TEXT, NULL, "defaults.user_id_env", NULL, 0, 0,
							 NULL,
							 "name of the environment variable that holds the default tenant"},
	[SETTING_TENANT_ENV] = {"tenant_env", SETTING_TEXT, NULL, "defaults.tenant_env", NULL, 0, 0,
							NULL, "the same as user_id_env, and goes before it"},
	[SETTING_LOCK_FILE] = {"lock_file", SETTING_TEXT, ".db-profile", "defaults.lock_file", NULL, 0,
						   0, NULL,
						   "file that holds the current profile's name, in the working directory"},
};

int
setting_find(const char *name)
{
	for (int i = 0; i < SETTING_CLIENT_COUNT; i++)
	{
		if (strcmp(setting_table[i].name, name) == 0)
			return i;
	}
	return -1;
}

/* ---------------------------------------------------------------- checking */

static bool
parse_integer(const char *text, int64_t *value)
{
	char	   *end;

	*value = strtoll(text, &end, 10);
	/* strtoll takes blanks before a number, and stops without a word where it is too long. */
	return *text != '\0' && strspn(text, "0123456789+-") == strlen(text) && *end == '\0' &&
		   strlen(text) < 19;
}

/* Digits, perhaps a point and up to three more; the locale has no say in it. */
static bool
parse_milliseconds(const char *text, int64_t *value)
{
	size_t		whole = strspn(text, "0123456789");
	size_t		part = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	int64_t		thousandths = 0;

	if (whole == 0 || whole > 12 || (text[whole] == '.' && part == 0) ||
		text[whole + (part > 0 ? part + 1 : 0)] != '\0')
		return false;
	for (size_t i = 0; i < 3; i++)
		thousandths = thousandths * 10 + (i < part ? text[whole + 1 + i] - '0' : 0);
	*value = strtoll(text, NULL, 10) * 1000 + thousandths;
	return true;
}

static bool
parse_boolean(const char *text, bool *value)
{
	static const char *const words[] = {"false", "true", "off", "on", "no", "yes", "0", "1"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		if (strcmp(text, words[i]) == 0)
		{
			*value = i % 2 == 1;
			return true;
		}
	}
	return false;
}

/* Is value one of "a, b, c"? */
static bool
is_choice(const char *choices, const char *value)
{
	size_t		len = strlen(value);

	while (choices != NULL && *choices != '\0')
	{
		size_t		n = strcspn(choices, ",");

		if (n == len && memcmp(choices, value, n) == 0)
			return true;
		choices += n;
		choices += strspn(choices, ", ");
	}
	return false;
}

bool
setting_check(const Setting *setting, const char *value, const char *where, dba_error **err)
{
	int64_t		number;
	bool		boolean;

	switch (setting->type)
	{
		case SETTING_INTEGER:
			if (parse_integer(value, &number) && number >= setting->min && number <= setting->max)
				return true;
			return error_set(
				err, DBA_CONFIG, "%s: %s must be an integer between %lld and %lld, not \"%s\"",
				where, setting->name, (long long) setting->min, (long long) setting->max, value);
		case SETTING_SECONDS:
			if (parse_milliseconds(value, &number) && number >= setting->min * 1000 &&
				number <= setting->max * 1000)
				return true;
			return error_set(
				err, DBA_CONFIG, "%s: %s must be seconds between %lld and %lld, not \"%s\"", where,
				setting->name, (long long) setting->min, (long long) setting->max, value);
		case SETTING_BOOLEAN:
			if (parse_boolean(value, &boolean))
				return true;
			return error_set(err, DBA_CONFIG, "%s: %s must be true or false, not \"%s\"", where,
							 setting->name, value);
		case SETTING_CHOICE:
			if (is_choice(setting->choices, value))
				return true;
			return error_set(err, DBA_CONFIG, "%s: %s must be one of %s, not \"%s\"", where,
							 setting->name, setting->choices, value);
		default:
			return true;
	}
}

/* ---------------------------------------------------------------- values */

static void
set_unknown(const char *name, dba_error **err)
{
	const char *names[SETTING_CLIENT_COUNT];
	dba_error  *error = error_new(DBA_INVALID, "unknown setting \"%s\"", name);
	const char *nearest;
	char		hint[128];

	for (int i = 0; i < SETTING_CLIENT_COUNT; i++)
		names[i] = setting_table[i].name;
	nearest = dba_nearest(name, names, SETTING_CLIENT_COUNT);
	if (nearest != NULL)
	{
		snprintf(hint, sizeof(hint), "Perhaps you meant \"%s\".", nearest);
		error_hint(error, hint);
	}
	error_move(err, error);
}

/* Give a client's setting a value that was checked. */
static bool
settings_store(Settings *settings, int id, const char *value, dba_error **err)
{
	char	   *copy = mem_strdup(value);

	if (copy == NULL)
		return error_set_no_memory(err);
	mem_free(settings->values[id]);
	settings->values[id] = copy;
	return true;
}

bool
settings_set(Settings *settings, const char *name, const char *value, dba_error **err)
{
	int			id = setting_find(name);
	dba_error  *error = NULL;

	if (id < 0)
	{
		set_unknown(name, err);
		return false;
	}
	if (!setting_check(&setting_table[id], value, "setting", &error))
	{
		/* an argument, not a file, is wrong */
		if (!error->constant)
			error->code = DBA_INVALID;
		error_move(err, error);
		return false;
	}
	return settings_store(settings, id, value, err);
}

bool
settings_put(Settings *settings, SettingId id, const char *value, const char *where,
			 dba_error **err)
{
	return setting_check(&setting_table[id], value, where, err) &&
		   settings_store(settings, id, value, err);
}

bool
settings_read_environment(Settings *settings, const char *prefix, dba_error **err)
{
	Buf			name = BUF_INIT;
	Buf			where = BUF_INIT;
	bool		ok = true;

	for (int i = 0; i < SETTING_CLIENT_COUNT && ok; i++)
	{
		const char *value;

		if (setting_table[i].environment == NULL)
			continue;
		buf_reset(&name);
		buf_printf(&name, "%s%s", prefix, setting_table[i].environment);
		buf_reset(&where);
		buf_printf(&where, "environment variable %s", buf_text(&name));
		if (!buf_ok(&name) || !buf_ok(&where))
			ok = error_set_no_memory(err);
		else if ((value = getenv(buf_text(&name))) != NULL && *value != '\0')
			ok = settings_put(settings, (SettingId) i, value, buf_text(&where), err);
	}
	buf_free(&name);
	buf_free(&where);
	return ok;
}

bool
settings_copy(Settings *to, const Settings *from)
{
	for (int i = 0; i < SETTING_CLIENT_COUNT; i++)
	{
		if (from->values[i] != NULL && !settings_store(to, i, from->values[i], NULL))
			return false;
	}
	return true;
}

void
settings_free(Settings *settings)
{
	for (int i = 0; i < SETTING_CLIENT_COUNT; i++)
	{
		mem_free(settings->values[i]);
		settings->values[i] = NULL;
	}
}

bool
settings_given(const Settings *settings, SettingId id)
{
	return settings->values[id] != NULL;
}

const char *
settings_text(const Settings *settings, SettingId id)
{
	return settings->values[id] != NULL ? settings->values[id] : setting_table[id].value;
}

int64_t
settings_integer(const Settings *settings, SettingId id)
{
	int64_t		value = 0;

	(void) parse_integer(settings_text(settings, id), &value);
	return value;
}

bool
settings_boolean(const Settings *settings, SettingId id)
{
	bool		value = false;

	(void) parse_boolean(settings_text(settings, id), &value);
	return value;
}

int64_t
settings_milliseconds(const Settings *settings, SettingId id)
{
	int64_t		value = 0;

	(void) parse_milliseconds(settings_text(settings, id), &value);
	return value;
}
