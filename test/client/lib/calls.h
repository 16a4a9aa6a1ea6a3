/*
 * calls.h
 *		A plain call as data, for tables of cases.
 */
#ifndef TEST_CALLS_H
#define TEST_CALLS_H

#include <db_adapter.h>

typedef enum Verb
{
	SELECT,
	INSERT,
	MANY,
	UPDATE,
	DELETE,
	UPSERT,
	CALL
} Verb;

/* table: or the function; columns: of an upsert those of conflict; json: the row,
 * rows or arguments; what a verb does not take is left out */
extern dba_request call_verb(dba_client *db, Verb verb, const char *table, const char *columns,
							 const char *json, const char *filters, const char *order,
							 dba_callback cb, void *arg);

#endif							/* TEST_CALLS_H */
