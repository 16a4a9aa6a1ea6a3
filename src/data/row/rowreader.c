/*
 * rowreader.c
 *	  Reading JSON objects in place: one row of a backup, member by member.
 *
 * A general parser spends its time on building what a flat row does not need.
 * This one walks the bytes once, 16 at a time inside strings, and leaves slices
 * behind.  Nested values are passed over with their brackets matched; whoever
 * wants them (jsonb's input function) parses them in full.
 *
 * The caller has verified that the bytes are UTF-8.
 *
 * It never allocates and never raises: an error is a constant in the scanner, for the
 * caller to tell with the line.  It writes into the buffer, so that no slice needs a
 * copy: strings are unescaped where they stand, and slices are ended by a NUL once the
 * byte behind them was read.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/row/rowreader.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* Deeper than any value the server takes, and small enough for the stack. */
#define MAX_DEPTH 16384

/*
 * The message is a constant: an error costs no memory, for a file may be nothing but
 * errors.
 */
static bool
fail(RowScanner *s, const char *message)
{
	s->error.message = message;
	return false;
}

/* The first byte that ends a run of plain characters: quote, backslash, control or the end. */
static inline char *
skip_plain(char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i control = _mm_set1_epi8(0x1f);

	while (end - p >= 16)
	{
		__m128i		v = _mm_loadu_si128((const __m128i *) p);
		__m128i		hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash));
		int			mask;

		hit = _mm_or_si128(hit, _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
		mask = _mm_movemask_epi8(hit);
		if (mask != 0)
			return p + __builtin_ctz(mask);
		p += 16;
	}
#endif
	while (p < end && *p != '"' && *p != '\\' && (unsigned char) *p >= 0x20)
		p++;
	return p;
}

static inline void
skip_space(RowScanner *s)
{
	while (s->at < s->end && (*s->at == ' ' || *s->at == '\t' || *s->at == '\r' || *s->at == '\n'))
		s->at++;
}

/* Four hexadecimal digits, or -1. */
static int
read_hex4(const char *p, const char *end)
{
	int			value = 0;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++)
	{
		unsigned char c = p[i];

		value <<= 4;
		if (c >= '0' && c <= '9')
			value += c - '0';
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			value += (c | 0x20) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

/* c is no half of a pair: those have been put together, or refused, before. */
static char *
put_utf8(char *out, int c)
{
	if (c < 0x80)
		*out++ = c;
	else if (c < 0x800)
	{
		*out++ = 0xC0 | (c >> 6);
		*out++ = 0x80 | (c & 0x3F);
	}
	else if (c < 0x10000)
	{
		*out++ = 0xE0 | (c >> 12);
		*out++ = 0x80 | ((c >> 6) & 0x3F);
		*out++ = 0x80 | (c & 0x3F);
	}
	else
	{
		*out++ = 0xF0 | (c >> 18);
		*out++ = 0x80 | ((c >> 12) & 0x3F);
		*out++ = 0x80 | ((c >> 6) & 0x3F);
		*out++ = 0x80 | (c & 0x3F);
	}
	return out;
}

/* s->at stands behind "\u"; writes the character, which is never longer than its escape. */
static bool
unescape_unicode(RowScanner *s, char **out)
{
	int			c = read_hex4(s->at, s->end);

	if (c < 0)
		return fail(s, "has an escape \\u without four hexadecimal digits");
	if (c == 0)
		return fail(s, "holds the character \\u0000, which no text can hold");
	s->at += 4;
	if (c >= 0xD800 && c < 0xE000)
	{
		int			low = -1;

		if (c < 0xDC00 && s->end - s->at >= 6 && s->at[0] == '\\' && s->at[1] == 'u')
			low = read_hex4(s->at + 2, s->end);
		if (low < 0xDC00 || low >= 0xE000)
			return fail(s, "holds half of a surrogate pair");
		s->at += 6;
		c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
	}
	*out = put_utf8(*out, c);
	return true;
}

/* s->at stands behind a backslash. */
static bool
unescape(RowScanner *s, char **out)
{
	static const char from[] = "\"\\/bfnrt";
	static const char to[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (s->at >= s->end)
		return fail(s, "is not closed by a quote");
	if (*s->at == 'u')
	{
		s->at++;
		return unescape_unicode(s, out);
	}
	found = *s->at != '\0' ? strchr(from, *s->at) : NULL;
	if (found == NULL)
		return fail(s, "has an invalid escape");
	s->at++;
	*(*out)++ = to[found - from];
	return true;
}

/* s->at stands behind the opening quote; afterwards behind the closing one. */
static bool
read_string(RowScanner *s, RowField *field)
{
	char	   *out;

	field->kind = FIELD_STRING;
	field->data = s->at;
	out = s->at = skip_plain(s->at, s->end);
	for (;;)
	{
		char	   *run;

		if (s->at >= s->end)
			return fail(s, "is not closed by a quote");
		if (*s->at == '"')
			break;
		if (*s->at != '\\')
			return fail(s, "holds a control character that is not escaped");
		s->at++;
		if (!unescape(s, &out))
			return false;
		run = skip_plain(s->at, s->end);
		memmove(out, s->at, run - s->at);
		out += run - s->at;
		s->at = run;
	}
	s->at++;
	field->len = out - field->data;
	*out = '\0';
	return true;
}

/*
 * Passes over a string inside a nested value.  Escapes are only passed over: whoever
 * parses the value judges them.
 */
static bool
skip_string(RowScanner *s)
{
	s->at++;
	for (;;)
	{
		s->at = skip_plain(s->at, s->end);
		if (s->at >= s->end)
			return fail(s, "is not closed");
		if (*s->at == '"')
			break;
		if (*s->at != '\\')
			return fail(s, "holds a control character that is not escaped");
		s->at += 2;
	}
	s->at++;
	return true;
}

/* Brackets alone decide where it ends; a bit a level tells what closes it. */
static bool
read_nested(RowScanner *s, RowField *field)
{
	uint8		is_object[MAX_DEPTH / 8];
	int			depth = 0;

	field->kind = FIELD_NESTED;
	field->data = s->at;
	do
	{
		char		c;

		if (s->at >= s->end)
			return fail(s, "is not closed");
		c = *s->at;
		if (c == '"')
		{
			if (!skip_string(s))
				return false;
			continue;
		}
		if (c == '{' || c == '[')
		{
			/* The bits lie on the stack, which a file must not be able to exhaust. */
			if (depth == MAX_DEPTH)
				return fail(s, "is nested too deeply");
			if (c == '{')
				is_object[depth / 8] |= 1 << (depth % 8);
			else
				is_object[depth / 8] &= ~(1 << (depth % 8));
			depth++;
		}
		else if (c == '}' || c == ']')
		{
			depth--;
			if ((c == '}') != ((is_object[depth / 8] >> (depth % 8)) & 1))
				return fail(s, "has brackets that do not match");
		}
		s->at++;
	} while (depth > 0);
	field->len = s->at - field->data;
	s->terminate = s->at;
	return true;
}

/* As JSON has it, which is stricter than numeric_in(): no sign, no point and no zero in front. */
bool
row_is_number(const char *p, int len)
{
	const char *end = p + len;
	const char *digits;

#define SKIP_DIGITS() for (digits = p; p < end && *p >= '0' && *p <= '9'; p++)

	if (p < end && *p == '-')
		p++;
	SKIP_DIGITS();
	if (p == digits || (*digits == '0' && p - digits > 1))
		return false;
	if (p < end && *p == '.')
	{
		p++;
		SKIP_DIGITS();
		if (p == digits)
			return false;
	}
	if (p < end && (*p == 'e' || *p == 'E'))
	{
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		SKIP_DIGITS();
		if (p == digits)
			return false;
	}
#undef SKIP_DIGITS
	return p == end;
}

/* Literals are as they stand in JSON, in lower case. */
static bool
is_word(const RowField *field, const char *word)
{
	return field->len == (int) strlen(word) && memcmp(field->data, word, field->len) == 0;
}

static inline bool
ends_literal(char c)
{
	return c == ',' || c == '}' || c == ']' || c == ' ' || c == '\t' || c == '\r' || c == '\n' ||
		   c == '\0';
}

/* Anything up to a delimiter, judged as a whole, so that the error can name all of it. */
static bool
read_literal(RowScanner *s, RowField *field)
{
	field->kind = FIELD_LITERAL;
	field->data = s->at;
	while (s->at < s->end && !ends_literal(*s->at))
		s->at++;
	field->len = s->at - field->data;
	s->terminate = s->at;
	if (row_is_number(field->data, field->len) || is_word(field, "true") || is_word(field, "false"))
		return true;
	if (is_word(field, "null"))
	{
		field->kind = FIELD_NULL;
		return true;
	}
	if (s->lenient &&
		(is_word(field, "NaN") || is_word(field, "Infinity") || is_word(field, "-Infinity")))
		return true;
	return fail(s, "has no valid JSON value");
}

/*
 * A slice of the buffer, unescaped in place where it is a string; it is terminated when the
 * byte behind it is no longer needed.
 */
static bool
read_value(RowScanner *s, RowField *field)
{
	if (s->at >= s->end)
		return fail(s, "has no value");
	if (*s->at == '"')
	{
		s->at++;
		return read_string(s, field);
	}
	if (*s->at == '{' || *s->at == '[')
		return read_nested(s, field);
	return read_literal(s, field);
}

/*
 * buffer is written to, and must stay until the slices have been used. lenient allows what
 * the older format has: blanks between members.
 */
void
row_scan_begin(RowScanner *s, char *buffer, int len, bool lenient)
{
	s->at = buffer;
	s->end = buffer + len;
	s->terminate = NULL;
	s->begun = false;
	s->lenient = lenient;
	s->error.message = NULL;
	s->error.member = NULL;
	s->error.member_len = 0;
}

/* Between members: a comma, or the end of the object and of the buffer. */
static bool
next_member(RowScanner *s)
{
	char		c;

	skip_space(s);
	if (s->at >= s->end)
		return fail(s, s->begun ? "the object is not closed" : "it is empty");
	c = *s->at++;
	if (s->terminate != NULL)
		*s->terminate = '\0';
	s->terminate = NULL;
	if (!s->begun)
	{
		if (c != '{')
			return fail(s, "it is not a JSON object");
		s->begun = true;
		skip_space(s);
		if (s->at >= s->end || *s->at != '}')
			return true;
		c = *s->at++;
	}
	if (c == ',')
	{
		skip_space(s);
		return true;
	}
	if (c != '}')
		return fail(s, "a comma or the end of the object is missing");
	skip_space(s);
	if (s->at < s->end)
		return fail(s, "something follows the object");
	return false;
}

/* false: there is no further member, or an error, which s->error then says. */
bool
row_scan_next(RowScanner *s, RowField *name, RowField *value)
{
	s->error.member = NULL;
	if (!next_member(s))
		return false;
	if (s->at >= s->end || *s->at != '"')
		return fail(s, "a member's name is missing");
	s->at++;
	if (!read_string(s, name))
		return false;
	s->error.member = name->data;
	s->error.member_len = name->len;
	skip_space(s);
	if (s->at >= s->end || *s->at != ':')
		return fail(s, "has no colon behind its name");
	s->at++;
	skip_space(s);
	return read_value(s, value);
}

/* FNV-1a: names are short, and nobody gains by making them collide but in his own file. */
static inline unsigned
hash_name(const char *name, int len)
{
	unsigned	h = 2166136261u;

	for (int i = 0; i < len; i++)
		h = (h ^ (unsigned char) name[i]) * 16777619u;
	return h ^ (h >> 15);
}

/* Twice as many as names, a power of two: what row_shape_init() needs for count of them. */
int
row_shape_slots(int count)
{
	int			size = 4;

	while (size < count * 2)
		size *= 2;
	return size;
}

/*
 * All memory is the caller's, since shapes are made in several places and live as long as
 * their tables do.
 */
void
row_shape_init(RowShape *shape, const char **names, int *lengths, int count, short *slots)
{
	memset(shape, 0, sizeof(RowShape));
	shape->count = count;
	shape->names = names;
	shape->lengths = lengths;
	shape->slots = slots;
	shape->mask = row_shape_slots(count) - 1;
	memset(slots, -1, sizeof(short) * (shape->mask + 1));
	for (int i = 0; i < count; i++)
	{
		unsigned	at = hash_name(names[i], lengths[i]) & shape->mask;

		while (slots[at] >= 0)
			at = (at + 1) & shape->mask;
		slots[at] = i;
	}
}

/* Names are compared as bytes of UTF-8, after their escapes. */
static inline bool
is_named(const RowShape *shape, int i, const RowField *name)
{
	return shape->lengths[i] == name->len && memcmp(shape->names[i], name->data, name->len) == 0;
}

/* The place of name, which is most often the one after the last. */
static inline int
find_name(const RowShape *shape, int expected, const RowField *name)
{
	unsigned	at;

	if (expected < shape->count && is_named(shape, expected, name))
		return expected;
	for (at = hash_name(name->data, name->len) & shape->mask; shape->slots[at] >= 0;
		 at = (at + 1) & shape->mask)
		if (is_named(shape, shape->slots[at], name))
			return shape->slots[at];
	return -1;
}

/*
 * Members mostly come in the order of the shape, so the expected one is tried before the
 * hash.  A member that comes twice is refused: which of them is meant nobody can tell.
 */
bool
row_read(const RowShape *shape, char *buffer, int len, RowField *fields, RowError *error)
{
	RowScanner	scanner;
	RowField	name;
	RowField	value;
	int			expected = 0;

	for (int i = 0; i < shape->count; i++)
		fields[i].kind = FIELD_ABSENT;
	row_scan_begin(&scanner, buffer, len, shape->lenient);
	while (row_scan_next(&scanner, &name, &value))
	{
		int			i = find_name(shape, expected, &name);

		if (i < 0 && shape->drop_unknown)
			continue;
		if (i < 0 || fields[i].kind != FIELD_ABSENT)
		{
			fail(&scanner, i < 0 ? "is no column of the table" : "stands in the row twice");
			break;
		}
		fields[i] = value;
		expected = i + 1;
	}
	*error = scanner.error;
	return scanner.error.message == NULL;
}
