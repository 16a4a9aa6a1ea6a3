/*
 * config.h
 *		db.toml in memory.
 */
#ifndef DBA_CONFIG_H
#define DBA_CONFIG_H

#include "arena.h"
#include "buf.h"
#include "error.h"
#include "settings.h"

/* one value of the file, or one element of a list */
typedef struct ConfigItem ConfigItem;

struct ConfigItem
{
	int			id;				/* SettingId */
	const char *profile;		/* the profile it belongs to; NULL: the project */
	size_t		index;			/* in a list */
	const char *value;
	size_t		line;
	size_t		column;
	ConfigItem *next;
};

typedef struct ConfigProfile ConfigProfile;

struct ConfigProfile
{
	const char *name;
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
	const char *path;			/* of the file, as given or found; NULL: there is none */
	const char *missing;		/* where it was looked for, when there is none */
	const char *folder;			/* "" or "dir/": what relative paths stand on */
	const char *env_prefix;		/* "" by default */
	ConfigItem *items;			/* in the file's order */
	ConfigProfile *profiles;
	ConfigWarning *warnings;

	/* the clients of dba_get: whoever keeps them says how to close them */
	void	   *clients;
	void		(*close_clients) (dba_config *config);
};

/* the value of a setting in a profile (NULL: of the project), or NULL */
extern const ConfigItem *config_find(const dba_config *config, SettingId id, const char *profile);

/* "db.toml:7:3", for messages */
extern void config_where(const dba_config *config, const ConfigItem *item, Buf *buf);

#endif							/* DBA_CONFIG_H */
