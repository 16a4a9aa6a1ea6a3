/*
 * json.h
 *	  Writing jsonb piece by piece, and reading option objects with care.
 *
 * The writer builds a Jsonb without an intermediate text.  The readers check
 * types and member names, so that a misspelt option is an error with a hint
 * and never a silent default.
 */
#ifndef DB_ADAPTER_JSON_H
#define DB_ADAPTER_JSON_H

#include "lib/stringinfo.h"
#include "nodes/pg_list.h"
#include "utils/jsonb.h"

/*
 * Writer.  A container opened with json_begin_* is closed with json_end_*.
 * Inside an object every value follows a json_key(); json_put_* do both.
 * Strings are copied by reference: they must live until json_finish().
 */
typedef struct JsonWriter
{
	JsonbParseState *state;
	JsonbValue *result;
} JsonWriter;

extern void json_init(JsonWriter *w);
extern void json_begin_object(JsonWriter *w);
extern void json_end_object(JsonWriter *w);
extern void json_begin_array(JsonWriter *w);
extern void json_end_array(JsonWriter *w);
extern void json_key(JsonWriter *w, const char *key);
extern void json_string(JsonWriter *w, const char *value);	/* NULL writes null */
extern void json_bool(JsonWriter *w, bool value);
extern void json_int(JsonWriter *w, int64 value);
extern void json_double(JsonWriter *w, double value, int decimals);
extern void json_null(JsonWriter *w);
extern void json_container(JsonWriter *w, JsonbContainer *container);
extern void json_value(JsonWriter *w, const JsonbValue *value);
extern void json_put_string(JsonWriter *w, const char *key, const char *value);
extern void json_put_bool(JsonWriter *w, const char *key, bool value);
extern void json_put_int(JsonWriter *w, const char *key, int64 value);
extern void json_put_strings(JsonWriter *w, const char *key, List *values);
extern Jsonb *json_finish(JsonWriter *w);

/*
 * Readers.  `what` names the document in messages ("backup schema").  A member
 * that is absent or JSON null gives false, NULL or NIL; one of another type
 * raises 22023.
 */
extern bool json_get(JsonbContainer *object, const char *key, JsonbValue *value);
/* The same, but JSON null is a value like any other. */
extern bool json_find(JsonbContainer *object, const char *key, JsonbValue *value);
extern char *json_get_string(JsonbContainer *object, const char *key, const char *what);
extern char *json_get_string_or(JsonbContainer *object, const char *key, const char *otherwise,
								const char *what);
extern bool json_get_bool(JsonbContainer *object, const char *key, bool otherwise,
						  const char *what);
extern int64 json_get_int(JsonbContainer *object, const char *key, int64 otherwise,
						  const char *what);
extern JsonbContainer *json_get_object(JsonbContainer *object, const char *key, const char *what);
extern JsonbContainer *json_get_array(JsonbContainer *object, const char *key, const char *what);
/* A string, or an array of strings, as a List of char *; NIL when absent. */
extern List *json_get_strings(JsonbContainer *object, const char *key, const char *what);
extern char *json_value_string(const JsonbValue *value);
extern const char *json_type_name(const JsonbValue *value);
extern bool json_is_array(const JsonbValue *value);

/* Iterating members of an object or elements of an array, in stored order. */
typedef bool (*JsonMember)(const char *key, JsonbValue *value, void *arg);
extern void json_visit(JsonbContainer *container, JsonMember visit, void *arg);

/* known ends with NULL. */
extern bool json_is_known(const char *key, const char *const *known);

/* Raises 22023 for a member not in known (NULL-terminated), naming the nearest. */
extern void json_check_members(JsonbContainer *object, const char *const *known, const char *what);

/* The nearest of candidates (NULL-terminated) to word, or NULL when none is near. */
extern const char *json_nearest(const char *word, const char *const *candidates);

/* Text output: `value` as a JSON string with its quotes. */
extern void json_escape(StringInfo out, const char *value, int len);

#endif							/* DB_ADAPTER_JSON_H */
