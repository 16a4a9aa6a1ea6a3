/*
 * rows.h
 *		From a PostgREST answer to rows or an error.
 */
#ifndef DBA_ROWS_H
#define DBA_ROWS_H

#include <libpq-fe.h>

#include "sql/query.h"
#include "supabase/api.h"
#include "supabase/http.h"

/*
 * Adds an array of objects to *rows, which is made of the first one (items: the
 * columns asked for, NULL all; they name those of no rows).  false with
 * DBA_SERVER when it is no such array, or DBA_NO_MEMORY.
 */
extern bool rows_read(PGresult **rows, const JsonValue *array, const SqlItem *items,
					  const ApiTable *table, dba_error **err);

/* the same in two steps, for those who take rows one by one: a result of no rows
 * (NULL: no memory), and a row more */
extern PGresult *rows_begin(const JsonValue *array, const SqlItem *items, const ApiTable *table);
extern bool rows_add(PGresult *rows, const JsonValue *object, Buf *scratch, dba_error **err);

/* What a function returned, as SELECT * FROM it would: rows, or one column of its
 * name.  set: how many rows the service counted, -1 unsaid. */
extern bool rows_of_call(PGresult **rows, const JsonValue *value, const char *function, int64_t set,
						 dba_error **err);

/* --- replyerror.c: the error an answer is; NULL when it is none.  Takes nothing. */
extern dba_error *reply_error(const HttpReply *reply);

/* an answer that no PostgREST gives */
extern bool reply_malformed(const HttpReply *reply, const char *what, dba_error **err);

#endif							/* DBA_ROWS_H */
