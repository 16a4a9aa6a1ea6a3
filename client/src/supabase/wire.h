/*
 * wire.h
 *		From the parts of a statement to a PostgREST request.
 *
 * Names, operators and values are quoted by PostgREST's rules and then encoded
 * for the URL, each in one place: no text of the caller's reaches either raw.
 */
#ifndef DBA_WIRE_H
#define DBA_WIRE_H

#include "sql/query.h"
#include "supabase/api.h"

typedef struct Wire
{
	const char *method;
	Buf			url;			/* path from the service's root, then ?name=value&… */
	bool		parameters;		/* it has some */
	Buf			body;
	bool		has_body;
	Buf			prefer;			/* "return=representation,count=exact" */
	const char *schema;			/* NULL: the service's default */
} Wire;

extern void wire_free(Wire *wire);

/* Does a select ask for count(*) alone?  PostgREST has that without aggregates. */
extern bool wire_is_count(const dba_query *query);

/*
 * Each fills an empty Wire.  table may be NULL (not described).  false with
 * DBA_INVALID, DBA_NOT_SUPPORTED (what PostgREST cannot say, and what to use
 * instead) or DBA_NO_MEMORY.
 */
extern bool wire_select(Wire *wire, const dba_query *query, const ApiTable *table, dba_error **err);
extern bool wire_count(Wire *wire, const dba_query *query, const ApiTable *table, dba_error **err);
extern bool wire_insert(Wire *wire, const dba_query *query, const ApiTable *table,
						const JsonValue *row, dba_error **err);
extern bool wire_insert_many(Wire *wire, const dba_query *query, const ApiTable *table,
							 const JsonValue *rows, const JsonValue *columns, bool even,
							 dba_error **err);
extern bool wire_update(Wire *wire, const dba_query *query, const ApiTable *table,
						const JsonValue *row, dba_error **err);
extern bool wire_delete(Wire *wire, const dba_query *query, const ApiTable *table, dba_error **err);
extern bool wire_call(Wire *wire, const SqlName *function, const JsonValue *args, dba_error **err);

/* --- pages of a select */

/* Can rows after a given one be asked for by their key?  Then the key's columns
 * are in every row. */
extern bool wire_has_key_order(const dba_query *query, const ApiTable *table);

/* does anything put all rows in order? */
extern bool wire_is_ordered(const dba_query *query, const ApiTable *table);

/* rows whose key is greater than that of `row` */
extern void wire_after_key(Wire *wire, const ApiTable *table, const JsonValue *row);
extern void wire_number(Wire *wire, const char *name, int64_t number);

/* adds ?name=value, both encoded */
extern void wire_parameter(Wire *wire, const char *name, const char *value, size_t len);
extern void wire_prefer(Wire *wire, const char *preference);

#endif							/* DBA_WIRE_H */
