/*
 * jsonread.h
 *		A strict JSON reader that is fed text in pieces cut anywhere.
 *
 * Each value is handed to a function as tokens, in order.  Numbers arrive as
 * their digits and strings decoded, as valid UTF-8 without NUL: "\u0000", half
 * surrogates, control characters, comments, trailing commas and more than one
 * value are refused, as is nesting deeper than JSON_MAX_DEPTH.  Memory is
 * constant but for the longest name or string, which max_text can limit.
 *
 * PostgreSQL's type json takes "\u0000" and half surrogates.  With any_escape they
 * are read as the bytes that UTF-8 would have for them if it allowed it (C0 80, and
 * ED A0 80 to ED BF BF): no other text has those, and json_write writes them as
 * escapes again.
 *
 * Member names are not compared with each other here: whoever keeps them
 * decides (json.h refuses a name that comes twice).
 */
#ifndef DBA_JSONREAD_H
#define DBA_JSONREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define JSON_MAX_DEPTH 1000

typedef enum JsonToken
{
	JSON_OBJECT_START,
	JSON_OBJECT_END,
	JSON_ARRAY_START,
	JSON_ARRAY_END,
	JSON_NAME,					/* of the member whose value comes next */
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL
} JsonToken;

/*
 * Takes a token.  text is set for names, strings and numbers, is borrowed and
 * not NUL-terminated.  false stops the reader: json_reader_feed then returns
 * false with `problem` NULL.
 */
typedef bool (*JsonTokenFn)(void *arg, JsonToken token, const char *text, size_t len);

typedef struct JsonReader
{
	/* the caller's, set after json_reader_init */
	JsonTokenFn token;
	void	   *arg;
	size_t		max_text;		/* of a name or string only this much is kept */
	bool		allow_nan;		/* NaN, Infinity, -Infinity are numbers too */
	bool		any_escape;		/* \u0000 and half surrogates are taken */

	/* after a failure: what, and where (both from 1; columns count characters) */
	const char *problem;
	bool		no_memory;
	bool		odd;			/* an escape was read that only any_escape takes */
	size_t		line;
	size_t		column;

	/* private */
	size_t		depth;			/* open arrays and objects */
	unsigned char expect;		/* what may come next */
	unsigned char lex;			/* the token we are inside of */
	unsigned char step;			/* position inside an escape, number or literal */
	unsigned char utf8_need;	/* continuation bytes still to come */
	unsigned char utf8_low;		/* what the next one must be at least, */
	unsigned char utf8_high;	/* and at most */
	bool		is_name;		/* the string is a member's name */
	unsigned int escape;		/* the \u escape being read */
	unsigned int surrogate;		/* the high half that precedes it, or 0 */
	const char *literal;		/* the word being read */
	Buf			text;			/* a token cut by the end of a piece */
	uint8_t		nesting[(JSON_MAX_DEPTH + 7) / 8];	/* per level: is it an object? */
} JsonReader;

extern void json_reader_init(JsonReader *reader, JsonTokenFn token, void *arg);

/* forgets everything read, ready for the next value; keeps options and memory */
extern void json_reader_reset(JsonReader *reader);
extern void json_reader_free(JsonReader *reader);

/* false: problem (NULL when the token function refused), line and column say why */
extern bool json_reader_feed(JsonReader *reader, const char *data, size_t len);

/* the text ends here; false unless exactly one value was read */
extern bool json_reader_finish(JsonReader *reader);

/* is text valid UTF-8 without NUL? */
extern bool json_valid_utf8(const char *text, size_t len);

#endif							/* DBA_JSONREAD_H */
