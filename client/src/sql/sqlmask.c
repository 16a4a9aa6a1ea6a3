/*
 * sqlmask.c
 *		A statement's text without the values in it.
 *
 * It reads as the server's scanner does with standard_conforming_strings, and knows
 * no more than where constants and comments end.  What it cannot make out is left
 * out rather than shown: a constant without its end goes to the end of the text.
 */
#include "sql/sqlmask.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static bool
mask_in_word(char c)
{
	return isalnum((unsigned char) c) || c == '_' || c == '$' || (unsigned char) c >= 0x80;
}

/* Behind the constant that begins at the quote; backslashes count in E'…' alone. */
static const char *
mask_end_of_string(const char *start, const char *sql)
{
	bool		escapes = start > sql && (start[-1] == 'E' || start[-1] == 'e') &&
				   (start - 1 == sql || !mask_in_word(start[-2]));

	for (const char *p = start + 1; *p != '\0'; p++)
	{
		if (escapes && *p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '\'' && p[1] == '\'')
			p++;
		else if (*p == '\'')
			return p + 1;
	}
	return start + strlen(start);
}

/* Behind $tag$ … $tag$; NULL: it is none. */
static const char *
mask_end_of_dollar(const char *start)
{
	size_t		len = 1;
	const char *end;

	while (mask_in_word(start[len]) && start[len] != '$')
		len++;
	if (start[len] != '$' || isdigit((unsigned char) start[1]))
		return NULL;
	len++;
	for (end = start + len; (end = strchr(end, '$')) != NULL; end++)
		if (strncmp(end, start, len) == 0)
			return end + len;
	return start + strlen(start);
}

/* Behind a comment; they nest. */
static const char *
mask_end_of_comment(const char *p)
{
	int			depth = 0;

	if (*p == '-')
		return p + strcspn(p, "\n");
	for (; *p != '\0'; p++)
	{
		if (p[0] == '/' && p[1] == '*')
		{
			depth++;
			p++;
		}
		else if (p[0] == '*' && p[1] == '/')
		{
			p++;
			if (--depth == 0)
				return p + 1;
		}
	}
	return p;
}

static const char *
mask_end_of_number(const char *p)
{
	while (mask_in_word(*p) || *p == '.' || ((*p == '+' || *p == '-') && tolower(p[-1]) == 'e'))
		p++;
	return p;
}

/* A name, or a quoted one, is copied. */
static const char *
mask_copy_word(Buf *out, const char *p)
{
	const char *end = p + 1;

	if (*p == '"')
	{
		end += strcspn(end, "\"");
		end += *end == '"';
	}
	else
		while (mask_in_word(*end))
			end++;
	buf_append(out, p, (size_t) (end - p));
	return end;
}

static const char *
mask_space(Buf *out, const char *p)
{
	if (out->len > 0 && out->data[out->len - 1] != ' ')
		buf_putc(out, ' ');
	return p;
}

static const char *
mask_next(Buf *out, const char *p, const char *sql)
{
	const char *end;

	if (*p == '\'')
	{
		buf_puts(out, "'...'");
		return mask_end_of_string(p, sql);
	}
	if (*p == '$' && (end = mask_end_of_dollar(p)) != NULL)
	{
		buf_puts(out, "'...'");
		return end;
	}
	if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*'))
		return mask_space(out, mask_end_of_comment(p));
	if (isdigit((unsigned char) *p) || (*p == '.' && isdigit((unsigned char) p[1])))
	{
		buf_putc(out, '?');
		return mask_end_of_number(p + 1);
	}
	if (isspace((unsigned char) *p))
		return mask_space(out, p + 1);
	if (*p == '"' || mask_in_word(*p))
		return mask_copy_word(out, p);
	buf_putc(out, *p);
	return p + 1;
}

void
sqlmask_write(Buf *out, const char *sql)
{
	const char *p = sql;

	while (*p != '\0')
		p = mask_next(out, p, sql);
}
