/*
 * settings.h
 *		The one table of everything that can be set, and values of it.
 *
 * A setting has one name, by which dba_set knows it, and may have a place in
 * db.toml and an environment variable ({prefix} of dba_config_load precedes it).
 * Later wins: default, db.toml, environment, dba_set.
 */
#ifndef DBA_SETTINGS_H
#define DBA_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

typedef enum SettingId
{
	/* of a client: [profiles.NAME.pool], or dba_set */
	SETTING_POOL_SIZE,
	SETTING_POOL_MAX_OVERFLOW,
	SETTING_POOL_RECYCLE,
	SETTING_POOL_PRE_PING,
	SETTING_POOL_PRE_PING_IDLE,
	SETTING_CONNECT_TIMEOUT,
	SETTING_CHECKOUT_TIMEOUT,
	SETTING_REQUEST_TIMEOUT,
	SETTING_STALL_TIMEOUT,
	SETTING_IDLE_TIMEOUT,
	SETTING_PIPELINE_DEPTH,
	SETTING_PREPARE,
	SETTING_PREPARED_MAX,
	SETTING_RESET,
	SETTING_KEEPALIVES_IDLE,
	SETTING_TCP_USER_TIMEOUT,
	SETTING_APPLICATION_NAME,
	SETTING_REST_PATH,
	SETTING_CA_FILE,
	SETTING_TRACE,
	SETTING_TRACE_VALUES,
	SETTING_CLIENT_COUNT,		/* those above belong to a client */

	/* of a profile: [profiles.NAME] */
	SETTING_URL = SETTING_CLIENT_COUNT,
	SETTING_DESCRIPTION,
	SETTING_PROVIDER,
	SETTING_DB_PASSWORD,
	SETTING_API_KEY,

	/* of the project */
	SETTING_SCHEMA_FILE,
	SETTING_VALIDATE_ON_CONNECT,
	SETTING_COLUMN_DEFS,
	SETTING_BACKUP_SCHEMA,
	SETTING_EXCLUDE,
	SETTING_IGNORE,
	SETTING_RECREATE_THRESHOLD,
	SETTING_SYNC_TABLES,
	SETTING_USER_ID_ENV,
	SETTING_TENANT_ENV,
	SETTING_LOCK_FILE,
	SETTING_COUNT
} SettingId;

typedef enum SettingType
{
	SETTING_TEXT,
	SETTING_PATH,				/* relative to the file it stands in */
	SETTING_INTEGER,
	SETTING_BOOLEAN,
	SETTING_SECONDS,			/* "5", "0.25" */
	SETTING_CHOICE,
	SETTING_LIST				/* of text; db.toml only */
} SettingType;

typedef struct Setting
{
	const char *name;
	SettingType type;
	const char *value;			/* the default; NULL: none */
	const char *key;			/* in db.toml; "*" stands for the profile's name; NULL: not there */
	const char *environment;	/* variable, without prefix; NULL: none */
	int64_t		min;			/* of integers, and of seconds */
	int64_t		max;
	const char *choices;		/* "auto, on, off" */
	const char *description;
} Setting;

/* the table, SETTING_COUNT long, by SettingId */
extern const Setting setting_table[SETTING_COUNT];

/* the setting of a client by name; -1 when there is none */
extern int setting_find(const char *name);

/* does value fit the type and the limits?  else DBA_CONFIG, naming `where` */
extern bool setting_check(const Setting *setting, const char *value, const char *where,
						  dba_error **err);

/* ---------------------------------------------------------------- values */

/* The values of one client.  Zeros: every one has its default. */
typedef struct Settings
{
	char	   *values[SETTING_CLIENT_COUNT];	/* NULL: the default */
} Settings;

/* by name, checked: DBA_INVALID with the nearest name as hint, or DBA_NO_MEMORY */
extern bool settings_set(Settings *settings, const char *name, const char *value, dba_error **err);

/* by id, checked; where: for the message ("db.toml:7:3", "environment variable X") */
extern bool settings_put(Settings *settings, SettingId id, const char *value, const char *where,
						 dba_error **err);

/* from the environment, those that are set there; prefix may be "" */
extern bool settings_read_environment(Settings *settings, const char *prefix, dba_error **err);
extern bool settings_copy(Settings *to, const Settings *from);
extern void settings_free(Settings *settings);

/* has it a value of its own? */
extern bool settings_given(const Settings *settings, SettingId id);

/* the value in force */
extern const char *settings_text(const Settings *settings, SettingId id);
extern int64_t settings_integer(const Settings *settings, SettingId id);
extern bool settings_boolean(const Settings *settings, SettingId id);
extern int64_t settings_milliseconds(const Settings *settings, SettingId id);

#endif							/* DBA_SETTINGS_H */
