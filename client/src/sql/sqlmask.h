/*
 * sqlmask.h
 *		A statement's text without the values in it.
 */
#ifndef DBA_SQLMASK_H
#define DBA_SQLMASK_H

#include "base/buf.h"

/* Writes sql on one line: string constants as '...', numbers as ?, no comments. */
extern void sqlmask_write(Buf *out, const char *sql);

#endif							/* DBA_SQLMASK_H */
