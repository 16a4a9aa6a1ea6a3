/*
 * jsonread.c
 *		A strict JSON reader that is fed text in pieces cut anywhere.
 *
 * Two small machines: `expect` knows the grammar between tokens, `lex` the token
 * we are inside of, so that a piece may end at any byte.  A string that lies
 * within one piece and has no escapes is handed on without a copy.
 */
#include "json/jsonread.h"

#include <string.h>

/* what the grammar allows next */
enum
{
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END,		/* just after [ */
	EXPECT_NAME,
	EXPECT_NAME_OR_END,			/* just after { */
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING				/* the value is complete */
};

/* the token we are inside of */
enum
{
	LEX_NONE,
	LEX_STRING,
	LEX_ESCAPE,					/* after a backslash */
	LEX_HEX,					/* the four digits of \u */
	LEX_NUMBER,
	LEX_LITERAL
};

/* where in a number we are (reader->step) */
enum
{
	NUMBER_SIGN,				/* after - */
	NUMBER_ZERO,				/* after a leading 0 */
	NUMBER_INTEGER,
	NUMBER_POINT,				/* after . */
	NUMBER_FRACTION,
	NUMBER_E,					/* after e */
	NUMBER_E_SIGN,				/* after e+ or e- */
	NUMBER_EXPONENT
};

/* token is called for each token as it comes; its texts are borrowed until it returns. */
void
json_reader_init(JsonReader *reader, JsonTokenFn token, void *arg)
{
	memset(reader, 0, sizeof(*reader));
	reader->token = token;
	reader->arg = arg;
	reader->max_text = SIZE_MAX;
	json_reader_reset(reader);
}

/* For the next text; what has been allocated is kept. */
void
json_reader_reset(JsonReader *reader)
{
	reader->problem = NULL;
	reader->no_memory = false;
	reader->odd = false;
	reader->line = 1;
	reader->column = 1;
	reader->depth = 0;
	reader->expect = EXPECT_VALUE;
	reader->lex = LEX_NONE;
	reader->utf8_need = 0;
	reader->surrogate = 0;
	buf_reset(&reader->text);
}

void
json_reader_free(JsonReader *reader)
{
	buf_free(&reader->text);
}

/* problem is a constant; line and column say where. */
static bool
reader_fail(JsonReader *reader, const char *problem)
{
	reader->problem = problem;
	return false;
}

/* One bit for each level, so that nesting costs no memory. */
static bool
reader_in_object(const JsonReader *reader)
{
	size_t		level = reader->depth - 1;

	return (reader->nesting[level / 8] & (1u << (level % 8))) != 0;
}

/* Hand a token on; text kept from earlier pieces is forgotten. */
static bool
reader_emit(JsonReader *reader, JsonToken token, const char *text, size_t len)
{
	bool		ok = reader->token(reader->arg, token, text, len);

	buf_reset(&reader->text);
	return ok;
}

/* A value is complete: what may follow depends on where it stands. */
static void
reader_after_value(JsonReader *reader)
{
	reader->expect = reader->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

/* Keep part of a token for later, up to max_text. */
static bool
reader_keep(JsonReader *reader, const char *text, size_t len)
{
	size_t		room = reader->max_text - reader->text.len;

	buf_append(&reader->text, text, len < room ? len : room);
	if (buf_ok(&reader->text))
		return true;
	reader->no_memory = true;
	return reader_fail(reader, "out of memory");
}

/* A bit for each level says whether it is an object: depth costs no stack and no memory. */
static bool
reader_open(JsonReader *reader, bool object)
{
	size_t		level = reader->depth;
	uint8_t		bit = (uint8_t) (1u << (level % 8));

	if (level >= JSON_MAX_DEPTH)
		return reader_fail(reader, "nested too deeply");
	if (object)
		reader->nesting[level / 8] |= bit;
	else
		reader->nesting[level / 8] &= (uint8_t) ~bit;
	reader->depth++;
	reader->expect = object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
	return reader_emit(reader, object ? JSON_OBJECT_START : JSON_ARRAY_START, NULL, 0);
}

/* The bracket must be that of the level, and may not follow a comma or a colon. */
static bool
reader_close(JsonReader *reader, bool object)
{
	bool		allowed = reader->expect == EXPECT_COMMA_OR_END ||
				   reader->expect == (object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END);

	if (!allowed || reader->depth == 0 || reader_in_object(reader) != object)
		return reader_fail(reader, object ? "unexpected \"}\"" : "unexpected \"]\"");
	reader->depth--;
	reader_after_value(reader);
	return reader_emit(reader, object ? JSON_OBJECT_END : JSON_ARRAY_END, NULL, 0);
}

static bool
reader_comma(JsonReader *reader)
{
	if (reader->expect != EXPECT_COMMA_OR_END)
		return reader_fail(reader, "unexpected \",\"");
	reader->expect = reader_in_object(reader) ? EXPECT_NAME : EXPECT_VALUE;
	return true;
}

static bool
reader_colon(JsonReader *reader)
{
	if (reader->expect != EXPECT_COLON)
		return reader_fail(reader, "unexpected \":\"");
	reader->expect = EXPECT_VALUE;
	return true;
}

/* Where a name is expected the string is one; nothing else can be. */
static bool
reader_start_string(JsonReader *reader)
{
	switch (reader->expect)
	{
		case EXPECT_VALUE:
		case EXPECT_VALUE_OR_END:
			reader->is_name = false;
			break;
		case EXPECT_NAME:
		case EXPECT_NAME_OR_END:
			reader->is_name = true;
			break;
		default:
			return reader_fail(reader, "unexpected string");
	}
	reader->lex = LEX_STRING;
	return true;
}

/* What the reader was waiting for, in words. */
static const char *
reader_expected(const JsonReader *reader)
{
	switch (reader->expect)
	{
		case EXPECT_NAME:
			return "expected a member name in double quotes";
		case EXPECT_NAME_OR_END:
			return "expected a member name in double quotes or \"}\"";
		case EXPECT_COLON:
			return "expected \":\"";
		case EXPECT_COMMA_OR_END:
			return reader_in_object(reader) ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"";
		case EXPECT_NOTHING:
			return "expected the end of the text";
		default:
			return "expected a value";
	}
}

/*
 * The rest of the word is compared letter by letter, since it may come in the next piece.
 */
static bool
reader_start_literal(JsonReader *reader, const char *word)
{
	reader->lex = LEX_LITERAL;
	reader->literal = word;
	reader->step = 1;
	return true;
}

/* The first character of a number or word. */
static bool
reader_start_scalar(JsonReader *reader, char c)
{
	if (reader->expect != EXPECT_VALUE && reader->expect != EXPECT_VALUE_OR_END)
		return reader_fail(reader, reader_expected(reader));
	switch (c)
	{
		case 't':
			return reader_start_literal(reader, "true");
		case 'f':
			return reader_start_literal(reader, "false");
		case 'n':
			return reader_start_literal(reader, "null");
		case 'N':
			if (reader->allow_nan)
				return reader_start_literal(reader, "NaN");
			break;
		case 'I':
			if (reader->allow_nan)
				return reader_start_literal(reader, "Infinity");
			break;
		case '-':
			reader->lex = LEX_NUMBER;
			reader->step = NUMBER_SIGN;
			return true;
		default:
			if (c < '0' || c > '9')
				break;
			reader->lex = LEX_NUMBER;
			reader->step = c == '0' ? NUMBER_ZERO : NUMBER_INTEGER;
			return true;
	}
	return reader_fail(reader, reader_expected(reader));
}

/* One character between tokens; the first of a number is left for its reader. */
static bool
reader_structure(JsonReader *reader, const char **next)
{
	char		c = *(*next)++;

	switch (c)
	{
		case ' ':
		case '\t':
		case '\n':
		case '\r':
			return true;
		case '{':
		case '[':
			if (reader->expect != EXPECT_VALUE && reader->expect != EXPECT_VALUE_OR_END)
				break;
			return reader_open(reader, c == '{');
		case '}':
		case ']':
			return reader_close(reader, c == '}');
		case ',':
			return reader_comma(reader);
		case ':':
			return reader_colon(reader);
		case '"':
			return reader_start_string(reader);
		default:
			if (!reader_start_scalar(reader, c))
				return false;
			return reader->lex != LEX_NUMBER || reader_keep(reader, &c, 1);
	}
	return reader_fail(reader, reader_expected(reader));
}

/* A byte of 0x80 and above: what must follow it? */
static bool
reader_utf8_lead(JsonReader *reader, unsigned char c)
{
	reader->utf8_low = 0x80;
	reader->utf8_high = 0xBF;
	if (c >= 0xC2 && c <= 0xDF)
		reader->utf8_need = 1;
	else if (c >= 0xE0 && c <= 0xEF)
	{
		reader->utf8_need = 2;
		if (c == 0xE0)
			reader->utf8_low = 0xA0;	/* shorter forms exist */
		else if (c == 0xED)
			reader->utf8_high = 0x9F;	/* surrogates */
	}
	else if (c >= 0xF0 && c <= 0xF4)
	{
		reader->utf8_need = 3;
		if (c == 0xF0)
			reader->utf8_low = 0x90;
		else if (c == 0xF4)
			reader->utf8_high = 0x8F;	/* beyond U+10FFFF */
	}
	else
		return reader_fail(reader, "invalid UTF-8");
	return true;
}

/* A character may be cut between two pieces: what must follow is part of the state. */
static bool
reader_utf8_next(JsonReader *reader, unsigned char c)
{
	if (c < reader->utf8_low || c > reader->utf8_high)
		return reader_fail(reader, "invalid UTF-8");
	reader->utf8_low = 0x80;
	reader->utf8_high = 0xBF;
	reader->utf8_need--;
	return true;
}

/* Skip characters that need no thought, eight at a time. */
static const char *
skip_plain(const char *p, const char *end)
{
	const uint64_t ones = UINT64_C(0x0101010101010101);
	const uint64_t highs = UINT64_C(0x8080808080808080);

	while (end - p >= 8)
	{
		uint64_t	w;
		uint64_t	quote;
		uint64_t	slash;

		memcpy(&w, p, 8);
		quote = w ^ (ones * '"');
		slash = w ^ (ones * '\\');
		if ((((w - ones * 0x20) | (quote - ones) | (slash - ones) | w) & highs) != 0)
			break;
		p += 8;
	}
	while (p < end && (unsigned char) *p >= 0x20 && (unsigned char) *p < 0x80 && *p != '"' &&
		   *p != '\\')
		p++;
	return p;
}

/* The closing quote was read; [start, end) is the string's last part. */
static bool
reader_end_string(JsonReader *reader, const char *start, const char *end)
{
	JsonToken	token = reader->is_name ? JSON_NAME : JSON_STRING;

	reader->lex = LEX_NONE;
	if (reader->is_name)
		reader->expect = EXPECT_COLON;
	else
		reader_after_value(reader);
	if (reader->text.len == 0)
		return reader_emit(reader, token, start, (size_t) (end - start));
	if (!reader_keep(reader, start, (size_t) (end - start)))
		return false;
	return reader_emit(reader, token, buf_text(&reader->text), reader->text.len);
}

/* A NUL is kept as the two bytes C0 80: C would see its end in a zero. */
static bool
reader_keep_codepoint(JsonReader *reader, unsigned int c)
{
	char		utf8[4];
	size_t		len;

	if (c < 0x80 && c != 0)
	{
		utf8[0] = (char) c;
		len = 1;
	}
	else if (c < 0x800)
	{
		utf8[0] = (char) (0xC0 | c >> 6);
		utf8[1] = (char) (0x80 | (c & 0x3F));
		len = 2;
	}
	else if (c < 0x10000)
	{
		utf8[0] = (char) (0xE0 | c >> 12);
		utf8[1] = (char) (0x80 | (c >> 6 & 0x3F));
		utf8[2] = (char) (0x80 | (c & 0x3F));
		len = 3;
	}
	else
	{
		utf8[0] = (char) (0xF0 | c >> 18);
		utf8[1] = (char) (0x80 | (c >> 12 & 0x3F));
		utf8[2] = (char) (0x80 | (c >> 6 & 0x3F));
		utf8[3] = (char) (0x80 | (c & 0x3F));
		len = 4;
	}
	return reader_keep(reader, utf8, len);
}

/* What no UTF-8 has. */
static bool
reader_odd(JsonReader *reader, unsigned int c)
{
	if (!reader->any_escape)
		return reader_fail(reader,
						   c == 0 ? "\\u0000 cannot be stored" : "half of a surrogate pair");
	reader->odd = true;
	return reader_keep_codepoint(reader, c);
}

/* A \uD800 must be followed by \uDC00: nothing else may come between. */
static bool
reader_check_surrogate(JsonReader *reader)
{
	unsigned int half = reader->surrogate;

	reader->surrogate = 0;
	return half == 0 || reader_odd(reader, half);
}

/* Up to the next thing that needs a look: bytes between are copied at once. */
static bool
reader_string(JsonReader *reader, const char **next, const char *end)
{
	const char *start = *next;
	const char *p = start;

	if (p < end && *p != '\\' && !reader_check_surrogate(reader))
		return false;
	for (; p < end; p++)
	{
		unsigned char c;

		if (reader->utf8_need == 0)
			p = skip_plain(p, end);
		if (p == end)
			break;
		c = (unsigned char) *p;
		*next = p + 1;
		if (reader->utf8_need > 0)
		{
			if (!reader_utf8_next(reader, c))
				return false;
		}
		else if (c == '"')
			return reader_end_string(reader, start, p);
		else if (c == '\\')
		{
			reader->lex = LEX_ESCAPE;
			return reader_keep(reader, start, (size_t) (p - start));
		}
		else if (c < 0x20)
			return reader_fail(reader, "control character in a string");
		else if (!reader_utf8_lead(reader, c))
			return false;
	}
	*next = p;
	return reader_keep(reader, start, (size_t) (p - start));
}

/* Two halves of a pair may be in two escapes, and in two pieces. */
static bool
reader_escape(JsonReader *reader, const char **next)
{
	static const char names[] = "\"\\/bfnrt";
	static const char values[] = "\"\\/\b\f\n\r\t";
	char		c = *(*next)++;
	const char *found;

	if (c == 'u')
	{
		reader->lex = LEX_HEX;
		reader->step = 0;
		reader->escape = 0;
		return true;
	}
	if (!reader_check_surrogate(reader))
		return false;
	found = c != '\0' ? strchr(names, c) : NULL;
	if (found == NULL)
		return reader_fail(reader, "unknown escape in a string");
	reader->lex = LEX_STRING;
	return reader_keep(reader, values + (found - names), 1);
}

/* All four digits of a \u escape are there. */
static bool
reader_end_hex(JsonReader *reader)
{
	unsigned int c = reader->escape;
	bool		low = c >= 0xDC00 && c <= 0xDFFF;

	reader->lex = LEX_STRING;
	if (low && reader->surrogate != 0)
	{
		c = 0x10000 + ((reader->surrogate - 0xD800) << 10) + (c - 0xDC00);
		reader->surrogate = 0;
		return reader_keep_codepoint(reader, c);
	}
	if (!reader_check_surrogate(reader))
		return false;
	if (low || c == 0)
		return reader_odd(reader, c);
	if (c >= 0xD800 && c <= 0xDBFF)
	{
		reader->surrogate = c;
		return true;
	}
	return reader_keep_codepoint(reader, c);
}

static bool
reader_hex(JsonReader *reader, const char **next)
{
	char		c = *(*next)++;
	unsigned int digit;

	if (c >= '0' && c <= '9')
		digit = (unsigned int) (c - '0');
	else if (c >= 'a' && c <= 'f')
		digit = (unsigned int) (c - 'a') + 10;
	else if (c >= 'A' && c <= 'F')
		digit = (unsigned int) (c - 'A') + 10;
	else
		return reader_fail(reader, "\\u must be followed by four hexadecimal digits");
	reader->escape = reader->escape << 4 | digit;
	if (++reader->step < 4)
		return true;
	return reader_end_hex(reader);
}

/* The step after `c`, or -1 when the number ends before it. */
static int
number_step(int step, char c)
{
	bool		digit = c >= '0' && c <= '9';
	bool		e = c == 'e' || c == 'E';

	switch (step)
	{
		case NUMBER_SIGN:
			return c == '0' ? NUMBER_ZERO : digit ? NUMBER_INTEGER : -1;
		case NUMBER_ZERO:
			return c == '.' ? NUMBER_POINT : e ? NUMBER_E : -1;
		case NUMBER_INTEGER:
			return digit ? NUMBER_INTEGER : c == '.' ? NUMBER_POINT : e ? NUMBER_E : -1;
		case NUMBER_POINT:
			return digit ? NUMBER_FRACTION : -1;
		case NUMBER_FRACTION:
			return digit ? NUMBER_FRACTION : e ? NUMBER_E : -1;
		case NUMBER_E:
			return digit ? NUMBER_EXPONENT : c == '+' || c == '-' ? NUMBER_E_SIGN : -1;
		default:
			return digit ? NUMBER_EXPONENT : -1;
	}
}

/*
 * A number has no end of its own: what follows shows that it was one, or the end of the
 * text.
 */
static bool
reader_end_number(JsonReader *reader)
{
	switch (reader->step)
	{
		case NUMBER_ZERO:
		case NUMBER_INTEGER:
		case NUMBER_FRACTION:
		case NUMBER_EXPONENT:
			reader->lex = LEX_NONE;
			reader_after_value(reader);
			return reader_emit(reader, JSON_NUMBER, buf_text(&reader->text), reader->text.len);
		default:
			return reader_fail(reader, "incomplete number");
	}
}

/*
 * Kept as text: what it is a number of only the receiver knows, and a double would round
 * it.
 */
static bool
reader_number(JsonReader *reader, const char **next, const char *end)
{
	const char *start = *next;
	const char *p = start;

	while (p < end)
	{
		int			step = number_step(reader->step, *p);

		if (step < 0)
			break;
		reader->step = (unsigned char) step;
		p++;
	}
	*next = p;
	if (!reader_keep(reader, start, (size_t) (p - start)))
		return false;
	if (p == end)
		return true;
	if (reader->step == NUMBER_SIGN && *p == 'I' && reader->allow_nan)
	{
		buf_reset(&reader->text);
		reader->lex = LEX_LITERAL;
		reader->literal = "-Infinity";
		reader->step = 1;
		return true;
	}
	if (reader->step == NUMBER_ZERO && *p >= '0' && *p <= '9')
		return reader_fail(reader, "a number cannot begin with 0");
	return reader_end_number(reader);
}

static bool
reader_end_literal(JsonReader *reader)
{
	const char *word = reader->literal;

	reader->lex = LEX_NONE;
	reader_after_value(reader);
	switch (word[0])
	{
		case 't':
			return reader_emit(reader, JSON_TRUE, NULL, 0);
		case 'f':
			return reader_emit(reader, JSON_FALSE, NULL, 0);
		case 'n':
			return reader_emit(reader, JSON_NULL, NULL, 0);
		default:
			return reader_emit(reader, JSON_NUMBER, word, strlen(word));
	}
}

static bool
reader_literal(JsonReader *reader, const char **next)
{
	char		c = *(*next)++;

	if (c != reader->literal[reader->step])
		return reader_fail(reader, "expected a value");
	reader->step++;
	return reader->literal[reader->step] != '\0' || reader_end_literal(reader);
}

/* Move line and column over text that was read. */
static void
reader_count(JsonReader *reader, const char *p, const char *end)
{
	const char *newline;

	while (p < end && (newline = memchr(p, '\n', (size_t) (end - p))) != NULL)
	{
		reader->line++;
		reader->column = 1;
		p = newline + 1;
	}
	/* all but the bytes that go on with a character: 10xxxxxx */
	for (; end - p >= 8; p += 8)
	{
		uint64_t	w;

		memcpy(&w, p, 8);
		w &= ~(w << 1) & UINT64_C(0x8080808080808080);
		reader->column += 8 - (size_t) __builtin_popcountll(w);
	}
	for (; p < end; p++)
		reader->column += ((unsigned char) *p & 0xC0) != 0x80;
}

/*
 * Pieces may be cut anywhere, within a character too. false: problem or no_memory says why,
 * and the reader is not to be fed again.
 */
bool
json_reader_feed(JsonReader *reader, const char *data, size_t len)
{
	const char *p = data;
	const char *end = data + len;
	bool		ok = true;

	while (ok && p < end)
	{
		switch (reader->lex)
		{
			case LEX_NONE:
				ok = reader_structure(reader, &p);
				break;
			case LEX_STRING:
				ok = reader_string(reader, &p, end);
				break;
			case LEX_ESCAPE:
				ok = reader_escape(reader, &p);
				break;
			case LEX_HEX:
				ok = reader_hex(reader, &p);
				break;
			case LEX_NUMBER:
				ok = reader_number(reader, &p, end);
				break;
			default:
				ok = reader_literal(reader, &p);
				break;
		}
	}
	/* point at the character that was refused, not behind it */
	reader_count(reader, data, ok || p == data ? p : p - 1);
	return ok;
}

/* Whether the text was whole. */
bool
json_reader_finish(JsonReader *reader)
{
	if (reader->lex == LEX_NUMBER && !reader_end_number(reader))
		return false;
	if (reader->lex != LEX_NONE)
		return reader_fail(reader, reader->lex == LEX_LITERAL ? "unexpected end of the text"
															  : "string without an end");
	if (reader->expect != EXPECT_NOTHING)
		return reader_fail(reader, reader->depth == 0 ? "no value" : "unexpected end of the text");
	return true;
}

bool
json_valid_utf8(const char *text, size_t len)
{
	JsonReader	reader = {0};

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (reader.utf8_need > 0 ? !reader_utf8_next(&reader, c)
			: c >= 0x80			 ? !reader_utf8_lead(&reader, c)
								 : c == 0)
			return false;
	}
	return reader.utf8_need == 0;
}
