/*
 * expression.c
 *	  Comparing expressions as the server prints them, and finding names in them.
 *
 * The server prints an expression the same way however it was written, with one
 * exception.  status IN ('a', 'b') on a varchar column prints as
 *		(status)::text = ANY ((ARRAY['a'::character varying, ...])::text[])
 * and that text, reloaded from a dump, prints as
 *		(status)::text = ANY (ARRAY[('a'::character varying)::text, ...])
 * Both are brought to the second form before they are compared, and only when the
 * texts differ.
 */
#include "postgres.h"

#include "base/compat.h"
#include "lib/stringinfo.h"
#include "schema/model/expression.h"
#include "utils/builtins.h"

#define ARRAY_OPEN "(ARRAY["
#define ARRAY_CLOSE "])::text[]"

/* The position after the quoted string or identifier that begins at p. */
static const char *
skip_quoted(const char *p)
{
	char		quote = *p++;

	while (*p != '\0' && !(p[0] == quote && p[1] != quote))
		p += p[0] == quote ? 2 : 1;
	return *p != '\0' ? p + 1 : p;
}

/*
 * The end of the array element at p: a comma or closing bracket outside of quotes
 * and brackets.  NULL where brackets do not match.
 */
static const char *
find_element_end(const char *p)
{
	int			depth = 0;

	while (*p != '\0')
	{
		if (*p == '\'' || *p == '"')
		{
			p = skip_quoted(p);
			continue;
		}
		if (depth == 0 && (*p == ',' || *p == ']'))
			return p;
		if (*p == '(' || *p == '[')
			depth++;
		else if (*p == ')' || *p == ']')
			depth--;
		p++;
	}
	return NULL;
}

/*
 * Appends the array constructor at p (which points at ARRAY_OPEN) with the cast
 * moved to its elements.  Returns the position after it, or NULL where the cast
 * does not follow.
 */
static const char *
push_cast_down(StringInfo out, const char *p)
{
	int			start = out->len;

	appendStringInfoString(out, "ARRAY[");
	p += strlen(ARRAY_OPEN);
	for (;;)
	{
		const char *end = find_element_end(p);

		if (end == NULL)
			break;
		appendStringInfo(out, "(%.*s)::text", (int) (end - p), p);
		if (*end == ']')
		{
			if (strncmp(end, ARRAY_CLOSE, strlen(ARRAY_CLOSE)) != 0)
				break;
			appendStringInfoChar(out, ']');
			return end + strlen(ARRAY_CLOSE);
		}
		appendStringInfoString(out, ", ");
		p = end + 1;
		while (*p == ' ')
			p++;
	}
	out->len = start;
	out->data[start] = '\0';
	return NULL;
}

static char *
normalize(const char *text)
{
	StringInfoData out;
	const char *p = text;

	initStringInfo(&out);
	while (*p != '\0')
	{
		const char *next = NULL;

		if (*p == '\'' || *p == '"')
		{
			next = skip_quoted(p);
			appendBinaryStringInfo(&out, p, next - p);
		}
		else if (strncmp(p, ARRAY_OPEN, strlen(ARRAY_OPEN)) == 0)
			next = push_cast_down(&out, p);
		if (next == NULL)
		{
			appendStringInfoChar(&out, *p);
			next = p + 1;
		}
		p = next;
	}
	return out.data;
}

bool
expression_equal(const char *a, const char *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	if (strcmp(a, b) == 0)
		return true;
	if (strstr(a, ARRAY_OPEN) == NULL && strstr(b, ARRAY_OPEN) == NULL)
		return false;
	return strcmp(normalize(a), normalize(b)) == 0;
}

static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
		   c == '$' || IS_HIGHBIT_SET(c);
}

bool
expression_mentions(const char *text, const char *name)
{
	const char *wanted = quote_identifier(name);
	const char *p = text != NULL ? text : "";

	while (*p != '\0')
	{
		const char *end = p + 1;

		if (*p == '\'' || *p == '"')
			end = skip_quoted(p);
		else if (is_word(*p))
			while (is_word(*end))
				end++;
		if (end - p == strlen(wanted) && strncmp(p, wanted, end - p) == 0)
			return true;
		p = end;
	}
	return false;
}

/* As the server prints constants: standard_conforming_strings is on, so a backslash is itself. */
static char *
quote_constant(const char *value)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '\'');
	for (const char *p = value; *p != '\0'; p++)
	{
		if (*p == '\'')
			appendStringInfoChar(&out, '\'');
		appendStringInfoChar(&out, *p);
	}
	appendStringInfoChar(&out, '\'');
	return out.data;
}

bool
expression_has_constant(const char *text, const char *value, const char *type)
{
	const char *wanted = quote_constant(value);
	int			length = strlen(type);
	const char *p = text;

	while (*p != '\0')
	{
		const char *start = p;
		char	   *literal;

		p = *p == '\'' || *p == '"' ? skip_quoted(p) : p + 1;
		if (*start != '\'' || strncmp(p, "::", 2) != 0 || strncmp(p + 2, type, length) != 0 ||
			is_word(p[2 + length]))
			continue;
		literal = pnstrdup(start, p - start);
		if (p[2 + length] == '[' ? strstr(literal, value) != NULL : strcmp(literal, wanted) == 0)
			return true;
	}
	return false;
}
