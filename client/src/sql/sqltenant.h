/*
 * sqltenant.h
 *		The tenant in the options of a backup, a restore or a sync.
 */
#ifndef DBA_SQLTENANT_H
#define DBA_SQLTENANT_H

#include "json/json.h"

/*
 * "tenant" is another name of "user_id", and may be an object of columns: from here on it is
 * that, as text.  False with DBA_INVALID where both are given.
 */
extern bool sqltenant_read(Arena *arena, JsonValue *options, const char *what, dba_error **err);

/* whether a user_id names the tenant by columns, not by his match key */
extern bool sqltenant_is_object(const JsonValue *user_id);

#endif							/* DBA_SQLTENANT_H */
