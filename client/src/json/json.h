/*
 * json.h
 *		JSON values in memory: read from text or cJSON, written as either.
 *
 * No digit passes through a double on the way in or out: a number is its
 * digits.  A name that comes twice in an object is refused, because nothing
 * says which of the two was meant.  Names are compared case by case.
 *
 * A value for a column of type json is somebody's document, and json takes a name
 * twice, "\u0000" and half surrogates: such values (json_parse_values) are kept as
 * they are, and marked `odd` where a text could not hold them.
 */
#ifndef DBA_JSON_H
#define DBA_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "json/jsonread.h"

typedef enum JsonType
{
	JSON_TYPE_NULL,
	JSON_TYPE_BOOL,
	JSON_TYPE_NUMBER,
	JSON_TYPE_STRING,
	JSON_TYPE_ARRAY,
	JSON_TYPE_OBJECT
} JsonType;

typedef struct JsonValue JsonValue;

struct JsonValue
{
	JsonType	type;
	bool		boolean;		/* a null: JSON's own, where the type has one */
	bool		odd;			/* it or what is in it has a \u0000 or half a surrogate pair */
	union
	{
		size_t		count;		/* elements or members */
		size_t		len;		/* of text */
	};
	const char *text;			/* a number's digits; a string, without NUL inside */
	const char *name;			/* of a member; else NULL */
	JsonValue  *first;			/* elements or members, in order */
	JsonValue  *next;			/* the sibling */
};

/* walks over elements or members */
#define json_foreach(item, value)                                                                  \
	for (const JsonValue *item = (value)->first; item != NULL; item = item->next)

/*
 * Reads text (valid as long as the arena).  NULL with DBA_INVALID, "WHAT: PROBLEM
 * at line L, column C", or DBA_NO_MEMORY.
 */
extern JsonValue *json_parse(Arena *arena, const char *text, size_t len, const char *what,
							 dba_error **err);

/* the same from a cJSON tree: numbers beyond +-2^53 and not finite are DBA_INVALID,
 * a cJSON_Raw is read as text, and one that is null is JSON's own */
extern JsonValue *json_from_cjson(Arena *arena, const cJSON *tree, const char *what,
								  dba_error **err);

/* the same two where what stands `depth` levels down (0: all) may be whatever json takes */
extern JsonValue *json_parse_values(Arena *arena, const char *text, size_t len, size_t depth,
									const char *what, dba_error **err);
extern JsonValue *json_values_from_cjson(Arena *arena, const cJSON *tree, size_t depth,
										 const char *what, dba_error **err);

/* for cJSON_Delete; NULL when there is no memory.  A number that a double cannot
 * hold exactly becomes a cJSON_Raw. */
extern cJSON *json_to_cjson(const JsonValue *value);
extern cJSON *json_number_to_cjson(const char *digits);

/* marks what is odd in what any_escape has read into a builder's tree */
extern void json_mark_odd(JsonValue *value);

/* a copy in another arena; NULL when there is no memory */
extern JsonValue *json_copy(Arena *arena, const JsonValue *value);

/* the member of that name, or NULL (also when value is no object) */
extern const JsonValue *json_member(const JsonValue *value, const char *name);

/* the name that comes twice in an object, or NULL; false: no memory to find out */
extern bool json_find_duplicate(const JsonValue *object, const char **name);

/* compact text; the digits of numbers as they were */
extern void json_write(Buf *buf, const JsonValue *value);
extern void json_write_string(Buf *buf, const char *text, size_t len);

/* "null", "a boolean", "a number", … for messages */
extern const char *json_type_name(JsonType type);

/*
 * Builds a value from a reader's tokens, for those who read a larger text and
 * want a part of it in memory.  A JsonBuilder of zeros with `arena` set is ready;
 * json_builder_token is a JsonTokenFn.  root is the value when `done`.
 */
typedef struct JsonLevel
{
	JsonValue  *open;
	JsonValue **tail;
	const JsonValue *last;		/* the newest element or member */
	const JsonValue *hint;		/* whose name is expected next: the sibling before had it */
	bool		alike;			/* every name so far was the one expected */
} JsonLevel;

typedef struct JsonBuilder
{
	Arena	   *arena;
	JsonValue  *root;
	bool		done;
	bool		no_memory;
	const char *duplicate;		/* the name that came twice, after a failure */
	bool		loose;			/* names may come twice in what stands loose_depth levels down */
	size_t		loose_depth;

	/* private */
	size_t		depth;
	const char *name;
	JsonLevel	levels[JSON_MAX_DEPTH];
} JsonBuilder;

extern bool json_builder_token(void *builder, JsonToken token, const char *text, size_t len);

#endif							/* DBA_JSON_H */
