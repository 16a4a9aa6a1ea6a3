/*
 * calls.c
 *		A plain call as data, for tables of cases.
 *
 * Faults must come out alike whatever was asked for.  With the verb in a struct a
 * suite lists cases instead of repeating itself, and a verb that is added is met by
 * every fault there is.
 */
#include "calls.h"

dba_request
call_verb(dba_client *db, Verb verb, const char *table, const char *columns, const char *json,
		  const char *filters, const char *order, dba_callback cb, void *arg)
{
	switch (verb)
	{
		case SELECT:
			return dba_select(db, table, columns, filters, order, cb, arg);
		case INSERT:
			return dba_insert(db, table, json, cb, arg);
		case MANY:
			return dba_insert_many(db, table, json, cb, arg);
		case UPDATE:
			return dba_update(db, table, json, filters, cb, arg);
		case DELETE:
			return dba_delete(db, table, filters, cb, arg);
		case UPSERT:
			return dba_upsert(db, table, json, columns, cb, arg);
		default:
			return dba_call(db, table, json, cb, arg);
	}
}
