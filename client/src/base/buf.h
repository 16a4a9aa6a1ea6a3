/*
 * buf.h
 *		A growing, always NUL-terminated byte string.
 *
 * An append that finds no memory sets `failed` and every later append is then
 * ignored, so that a caller checks once, at the end (buf_ok).  A Buf of zeros
 * is empty and valid.
 */
#ifndef DBA_BUF_H
#define DBA_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

typedef struct Buf
{
	char	   *data;			/* NULL until the first append */
	size_t		len;			/* bytes, without the final NUL */
	size_t		size;			/* bytes allocated */
	bool		failed;			/* an allocation failed; contents are cut */
} Buf;

#define BUF_INIT                                                                                   \
	{                                                                                              \
		NULL, 0, 0, false                                                                          \
	}

extern bool buf_reserve(Buf *buf, size_t more);
extern void buf_append(Buf *buf, const char *data, size_t len);
extern void buf_puts(Buf *buf, const char *text);
extern void buf_putc(Buf *buf, char c);
extern void buf_put_number(Buf *buf, size_t number);
extern void buf_printf(Buf *buf, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
extern void buf_vprintf(Buf *buf, const char *fmt, va_list args)
	__attribute__((format(printf, 2, 0)));

/* empties it, keeping the memory, and forgets a failure */
extern void buf_reset(Buf *buf);

/* releases the memory; the Buf is then empty and valid again */
extern void buf_free(Buf *buf);

/* the text, "" when empty; borrowed until the next change */
extern const char *buf_text(const Buf *buf);

/* hands the text (mem_free it) to the caller and empties buf; NULL if an
 * append had failed, and then the memory is released */
extern char *buf_take(Buf *buf);

static inline bool
buf_ok(const Buf *buf)
{
	return !buf->failed;
}

#endif							/* DBA_BUF_H */
