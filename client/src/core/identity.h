/*
 * identity.h
 *		What a client is: its profile, URL and settings, and what of the
 *		configuration it needs later.
 */
#ifndef DBA_IDENTITY_H
#define DBA_IDENTITY_H

#include "config/config.h"
#include "core/core.h"
#include "config/profile.h"

struct Identity
{
	dba_profile *profile;
	char	   *schema_file;	/* NULL: none */
	char	   *exclude;		/* JSON array of names, or NULL: the default */
	char	   *ignore;			/* the same of what is no difference */
	char	   *lock_file;		/* path of the lock file, or NULL */
	bool		validate_on_connect;
};

extern Identity *identity_new(dba_config *config, dba_profile *profile, dba_error **err);
extern void identity_free(Identity *identity);

/* what libpq is given, with the password: never shown */
extern const char *identity_conninfo(const Identity *identity);

#endif							/* DBA_IDENTITY_H */
