/*
 * buf.c
 *		A growing, always NUL-terminated byte string.
 *
 * An append that fails is remembered, and all later ones do nothing; so a writer writes
 * to the end and asks once, at the end, whether all of it is there (buf_ok).
 */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#define BUF_FIRST_SIZE 64

/* Make room for `more` bytes and a NUL; false when there is no memory. */
bool
buf_reserve(Buf *buf, size_t more)
{
	size_t		need = buf->len + more + 1;
	size_t		size = buf->size > 0 ? buf->size : BUF_FIRST_SIZE;
	char	   *data;

	if (buf->failed)
		return false;
	if (need <= buf->size)
		return true;
	if (need < more || need > SIZE_MAX / 2)
	{
		buf->failed = true;
		return false;
	}
	while (size < need)
		size *= 2;
	data = mem_realloc(buf->data, size);
	if (data == NULL)
	{
		buf->failed = true;
		return false;
	}
	if (buf->size == 0)
		data[0] = '\0';
	buf->data = data;
	buf->size = size;
	return true;
}

void
buf_append(Buf *buf, const char *data, size_t len)
{
	if (!buf_reserve(buf, len))
		return;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
buf_puts(Buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void
buf_putc(Buf *buf, char c)
{
	if (buf->failed || (buf->len + 1 >= buf->size && !buf_reserve(buf, 1)))
		return;
	buf->data[buf->len++] = c;
	buf->data[buf->len] = '\0';
}

void
buf_put_number(Buf *buf, size_t number)
{
	char		digits[24];
	size_t		at = sizeof(digits);

	do
		digits[--at] = (char) ('0' + number % 10);
	while ((number /= 10) > 0);
	buf_append(buf, digits + at, sizeof(digits) - at);
}

void
buf_vprintf(Buf *buf, const char *fmt, va_list args)
{
	va_list		copy;
	int			len;

	va_copy(copy, args);
	len = vsnprintf(NULL, 0, fmt, copy);
	va_end(copy);
	if (len < 0 || !buf_reserve(buf, (size_t) len))
	{
		buf->failed = true;
		return;
	}
	vsnprintf(buf->data + buf->len, (size_t) len + 1, fmt, args);
	buf->len += (size_t) len;
}

void
buf_printf(Buf *buf, const char *fmt, ...)
{
	va_list		args;

	va_start(args, fmt);
	buf_vprintf(buf, fmt, args);
	va_end(args);
}

void
buf_reset(Buf *buf)
{
	buf->len = 0;
	buf->failed = false;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void
buf_free(Buf *buf)
{
	mem_free(buf->data);
	*buf = (Buf) BUF_INIT;
}

const char *
buf_text(const Buf *buf)
{
	return buf->data != NULL ? buf->data : "";
}

char *
buf_take(Buf *buf)
{
	char	   *text = NULL;

	if (buf_ok(buf) && buf_reserve(buf, 0))
	{
		text = buf->data;
		buf->data = NULL;
	}
	buf_free(buf);
	return text;
}
