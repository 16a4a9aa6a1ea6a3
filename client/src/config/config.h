/*
 * config.h
 *		db.toml in memory.
 */
#ifndef DBA_CONFIG_H
#define DBA_CONFIG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/settings.h"

/* one value of the file, or one element of a list */
typedef struct ConfigItem ConfigItem;

struct ConfigItem
{
	SettingId	id;
	const char *profile;		/* the profile it belongs to; NULL: the project */
	size_t		index;			/* in a list */
	const char *value;			/* as written */
	const char *shown;			/* paths completed, secrets masked; NULL: not shown */
	size_t		line;
	size_t		column;
	ConfigItem *next;
};

typedef struct ConfigProfile ConfigProfile;

struct ConfigProfile
{
	const char *name;
	size_t		line;
	size_t		column;
	ConfigProfile *next;
};

typedef struct ConfigWarning ConfigWarning;

struct ConfigWarning
{
	const char *text;
	ConfigWarning *next;
};

struct dba_config
{
	Arena		arena;
	const char *path;			/* of the file; where it was looked for, when it is missing */
	bool		missing;
	const char *folder;			/* "" or "dir/": what relative paths stand on */
	const char *env_prefix;		/* "" by default */
	const char *defaults[SETTING_COUNT];	/* of paths, completed */
	ConfigItem *items;
	ConfigProfile *profiles;	/* in the file's order */
	ConfigWarning *warnings;

	/* the clients of dba_get: whoever keeps them says how to close them */
	void	   *clients;
	void (*close_clients)(dba_config *config);
};

/* the value of a setting in a profile (NULL: of the project), or NULL */
extern const ConfigItem *config_find(const dba_config *config, SettingId id, const char *profile);
extern const ConfigProfile *config_find_profile(const dba_config *config, const char *name);

/* what a setting of the project is: the file's value or the default; NULL: none */
extern const char *config_text(const dba_config *config, SettingId id);

/* appends "db.toml:7:3", for messages; item NULL: the file alone */
extern void config_write_where(Buf *buf, const dba_config *config, const ConfigItem *item);

/* does the text look like an environment variable's name? */
extern bool config_is_variable(const char *text);

/* the value of {prefix}name; NULL when it is not set or empty; *known is false when there
 * was no memory to ask */
extern const char *config_environment(const dba_config *config, const char *name, bool *known);

/* ---------------------------------------------------------------- configread.c */

/* Reads the file's text into an empty config; DBA_CONFIG or DBA_NO_MEMORY. */
extern bool config_read(dba_config *config, const char *text, size_t len, dba_error **err);

/* ---------------------------------------------------------------- lockfile.c */

/* dba_lock_write for those who know the file's path alone */
extern bool lockfile_write(const char *path, const char *profile, dba_error **err);

#endif							/* DBA_CONFIG_H */
