/*
 * profile.h
 *		Which database: a profile resolved.
 */
#ifndef DBA_PROFILE_H
#define DBA_PROFILE_H

#include "config/config.h"
#include "config/settings.h"

struct dba_profile
{
	char	   *name;			/* "" for a URL */
	const char *source;			/* constant text */
	const char *provider;		/* "postgres" or "supabase", constant text */
	char	   *url;			/* with its password: never shown */
	char	   *masked_url;
	char	   *api_key;		/* supabase; never shown; or NULL */
	char	   *description;
	char	   *warning;		/* "" or one a line */
	Settings	settings;		/* defaults, db.toml, environment */
};

#endif							/* DBA_PROFILE_H */
