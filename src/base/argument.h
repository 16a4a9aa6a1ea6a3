/*
 * argument.h
 *	  The arguments of a function of the script, read by their names.
 *
 * Where an argument stands, and what it is when nobody gives it, is said in the SQL
 * script alone.
 */
#ifndef DB_ADAPTER_ARGUMENT_H
#define DB_ADAPTER_ARGUMENT_H

#include "fmgr.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/* What a null means to the caller. */
typedef enum ArgumentNull
{
	ARGUMENT_REQUIRED,			/* it is refused */
	ARGUMENT_OPTIONAL,			/* nothing: NULL, NIL, 0 or InvalidOid */
	ARGUMENT_DEFAULT			/* the default, as if it had not been given */
} ArgumentNull;

extern bool argument_is_null(FunctionCallInfo fcinfo, const char *name);

extern char *argument_text(FunctionCallInfo fcinfo, const char *name, ArgumentNull null);
extern char *argument_name(FunctionCallInfo fcinfo, const char *name, ArgumentNull null);
extern bool argument_bool(FunctionCallInfo fcinfo, const char *name, ArgumentNull null);
extern int32 argument_int(FunctionCallInfo fcinfo, const char *name, ArgumentNull null);
extern int64 argument_bigint(FunctionCallInfo fcinfo, const char *name, ArgumentNull null);
extern Oid argument_oid(FunctionCallInfo fcinfo, const char *name, ArgumentNull null);
extern Jsonb *argument_jsonb(FunctionCallInfo fcinfo, const char *name, ArgumentNull null);
/* A text or bytea, which may be short; never null. */
extern struct varlena *argument_bytes(FunctionCallInfo fcinfo, const char *name);
extern Datum argument_datum(FunctionCallInfo fcinfo, const char *name);

/* name[] or text[] as char *, without nulls; oid[] and int[], whose nulls are passed over. */
extern List *argument_strings(FunctionCallInfo fcinfo, const char *name, ArgumentNull null);
extern List *argument_oids(FunctionCallInfo fcinfo, const char *name);
extern List *argument_ints(FunctionCallInfo fcinfo, const char *name);

/* An interval, a month being 30 days; from 0 to max, and absent for a null. */
extern int64 argument_milliseconds(FunctionCallInfo fcinfo, const char *name, int64 max,
								   int64 absent);

/*
 * An option of a few words, NULL-terminated and in the order of its enum: the index of
 * word among them; otherwise 22023: invalid <what>, with the nearest as HINT.
 */
extern int argument_choose(const char *word, const char *const *words, const char *what);

/* What a function's argument, counted from 0, is by default, in the current context. */
extern Datum argument_default(Oid function, int number, bool *isnull);

/* The same of a name[] or text[] of db_adapter.<verb>: char *, NIL for a null. */
extern List *argument_default_strings(const char *verb, const char *name);

#endif							/* DB_ADAPTER_ARGUMENT_H */
