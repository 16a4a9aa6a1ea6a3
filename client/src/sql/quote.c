/*
 * quote.c
 *		Names and array elements in double quotes, so that nothing in them means
 *		anything.
 */
#include "sql/quote.h"

#include <string.h>

void
quote_write_identifier(Buf *buf, const char *name)
{
	const char *quote;

	buf_putc(buf, '"');
	for (; (quote = strchr(name, '"')) != NULL; name = quote + 1)
	{
		buf_append(buf, name, (size_t) (quote - name) + 1);
		buf_putc(buf, '"');
	}
	buf_puts(buf, name);
	buf_putc(buf, '"');
}

void
quote_write_element(Buf *buf, const char *text, size_t len)
{
	size_t		start = 0;

	buf_putc(buf, '"');
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] != '"' && text[i] != '\\')
			continue;
		buf_append(buf, text + start, i - start);
		buf_putc(buf, '\\');
		start = i;
	}
	buf_append(buf, text + start, len - start);
	buf_putc(buf, '"');
}
