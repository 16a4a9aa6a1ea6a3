/*
 * serverfile.h
 *	  Files of the server that a backup writes.
 */
#ifndef DB_ADAPTER_SERVERFILE_H
#define DB_ADAPTER_SERVERFILE_H

#include "lib/stringinfo.h"

typedef struct ServerFile
{
	char	   *path;
	int			fd;
} ServerFile;

/* Raises unless the current user may write a new file there, or replace an old one. */
extern void serverfile_check(const char *path, bool is_directory, bool overwrite);

/* Creates it for its owner alone; it must not be there.  It is closed with the transaction. */
extern ServerFile *serverfile_create(const char *path);
/* Appends text in the server's encoding as UTF-8. */
extern void serverfile_write(ServerFile *file, StringInfo text);
/* To the disk, and closed. */
extern void serverfile_finish(ServerFile *file);

#endif							/* DB_ADAPTER_SERVERFILE_H */
