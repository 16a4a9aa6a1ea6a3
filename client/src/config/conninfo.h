/*
 * conninfo.h
 *		Connection strings: what kind, whether they parse, and where the secrets are.
 *
 * libpq reads them in the end; its messages however quote what they could not
 * read, and that may be a password.  So a string is checked here first, by
 * messages that name positions and keywords only, and shown with its secrets
 * masked.
 */
#ifndef DBA_CONNINFO_H
#define DBA_CONNINFO_H

#include "base/error.h"

typedef enum ConninfoKind
{
	CONNINFO_NONE,				/* no connection string: a profile's name, perhaps */
	CONNINFO_URL,				/* postgres://, postgresql:// */
	CONNINFO_KEYWORDS,			/* key=value … */
	CONNINFO_HTTP,				/* http://, https:// */
	CONNINFO_OTHER				/* another scheme:// */
} ConninfoKind;

extern ConninfoKind conninfo_kind(const char *text);

/* Will libpq (or, of an http URL, curl) understand it?  DBA_CONFIG, beginning with
 * `what` ("DATABASE_URL"), else. */
extern bool conninfo_check(const char *text, const char *what, dba_error **err);

/* the text with every secret as ***; NULL when there is no memory (mem_free) */
extern char *conninfo_mask(const char *text);

/* is there a [YOUR-PASSWORD] in it? */
extern bool conninfo_has_placeholder(const char *text);

/*
 * The text with the password in place of its placeholder or, without one, of its
 * own password.  It is encoded as its place needs.  NULL with DBA_NO_MEMORY, or
 * DBA_CONFIG when there is no place for it (mem_free).
 */
extern char *conninfo_set_password(const char *text, const char *password, const char *what,
								   dba_error **err);

#endif							/* DBA_CONNINFO_H */
