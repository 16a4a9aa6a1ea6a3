/*
 * terminal.c
 *		What reaches a terminal: text as it is, but nothing that drives the terminal.
 *
 * Names, values and the server's messages are somebody else's text.  Printed as they are
 * they could move the cursor, rewrite a line that was read already, or turn the order of
 * characters around.  So where standard output or standard error is a terminal, the
 * program's stream is replaced by one that writes such characters as escapes; what the
 * program itself wants of the terminal goes through as marks, which no text has: a byte
 * that UTF-8 does not know, and a letter.  Files and pipes get every byte as it is.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "print.h"

#define PIECE 4096

typedef struct Guard
{
	int			fd;
	bool		utf8;
	unsigned char held[8];		/* a mark or character whose end has not come */
	size_t		count;
	size_t		need;			/* bytes it has */
	char		out[PIECE];
	size_t		len;
} Guard;

static const char *
sequence_of(unsigned char mark)
{
	static const char *const sequences[] = {"b\033[1m", "r\033[31m",  "g\033[32m", "y\033[33m",
											"o\033[0m", "d\033[0;2m", "e\r\033[K"};

	for (size_t i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
	{
		if ((unsigned char) sequences[i][0] == mark)
			return sequences[i] + 1;
	}
	return NULL;
}

/* C0 but for line ends and tabs, C1, separators of lines, and what sets the direction */
static bool
drives(uint32_t c)
{
	return (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7F && c <= 0x9F) || c == 0x61C ||
		   c == 0x200E || c == 0x200F || (c >= 0x2028 && c <= 0x202E) ||
		   (c >= 0x2066 && c <= 0x2069);
}

/* --- writing */

static bool
guard_flush(Guard *guard)
{
	const char *from = guard->out;

	while (guard->len > 0)
	{
		ssize_t		put = write(guard->fd, from, guard->len);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0 && errno == EAGAIN && signals_wait_writable(guard->fd))
			continue;
		if (put < 0)
		{
			guard->len = 0;
			return false;
		}
		from += put;
		guard->len -= (size_t) put;
	}
	return true;
}

static bool
guard_put(Guard *guard, const void *text, size_t len)
{
	if (guard->len + len > sizeof(guard->out) && !guard_flush(guard))
		return false;
	memcpy(guard->out + guard->len, text, len);
	guard->len += len;
	return true;
}

static bool
guard_escape(Guard *guard, const char *fmt, unsigned c)
{
	char		text[16];

	return guard_put(guard, text, (size_t) snprintf(text, sizeof(text), fmt, c));
}

/* --- reading */

/* How many bytes a character has that begins so; 1 also for what begins none. */
static size_t
length_of(const Guard *guard, unsigned char c)
{
	if (c == 0xFF)
		return 2;
	if (!guard->utf8 || c < 0xC2 || c > 0xF4)
		return 1;
	return c < 0xE0 ? 2 : c < 0xF0 ? 3 : 4;
}

static bool
guard_character(Guard *guard)
{
	const unsigned char *held = guard->held;
	const char *sequence = held[0] == 0xFF ? sequence_of(held[1]) : NULL;
	uint32_t	c = held[0];

	if (sequence != NULL)
		return guard_put(guard, sequence, strlen(sequence));
	if (guard->count > 1 && held[0] != 0xFF)
	{
		c &= 0x7Fu >> guard->count;
		for (size_t i = 1; i < guard->count; i++)
			c = c << 6 | (held[i] & 0x3Fu);
		return drives(c) ? guard_escape(guard, "\\u%04x", c) : guard_put(guard, held, guard->count);
	}
	for (size_t i = 0; i < guard->count; i++)
	{
		/* in UTF-8 a byte above that is no character's; in other encodings often one */
		if (drives(held[i]) || (guard->utf8 && held[i] >= 0x80))
		{
			if (!guard_escape(guard, "\\x%02x", held[i]))
				return false;
		}
		else if (!guard_put(guard, held + i, 1))
			return false;
	}
	return true;
}

static bool
guard_byte(Guard *guard, unsigned char c)
{
	/* a character cut off by what is no part of it: its bytes are none's */
	if (guard->count > 0 && guard->held[0] != 0xFF && (c & 0xC0) != 0x80)
	{
		for (size_t i = 0; i < guard->count; i++)
		{
			if (!guard_escape(guard, "\\x%02x", guard->held[i]))
				return false;
		}
		guard->count = 0;
	}
	if (guard->count == 0)
		guard->need = length_of(guard, c);
	guard->held[guard->count++] = c;
	if (guard->count < guard->need)
		return true;
	if (!guard_character(guard))
		return false;
	guard->count = 0;
	return true;
}

static ssize_t
guard_write(void *cookie, const char *data, size_t size)
{
	Guard	   *guard = cookie;

	for (size_t i = 0; i < size; i++)
	{
		if (!guard_byte(guard, (unsigned char) data[i]))
			return 0;
	}
	return guard_flush(guard) ? (ssize_t) size : 0;
}

static int
guard_close(void *cookie)
{
	free(cookie);
	return 0;
}

FILE *
terminal_open(int fd)
{
	Guard	   *guard = calloc(1, sizeof(Guard));
	FILE	   *stream;

	if (guard == NULL)
		return NULL;
	guard->fd = fd;
	guard->utf8 = text_is_utf8();
	stream = fopencookie(guard, "w",
						 (cookie_io_functions_t){.write = guard_write, .close = guard_close});
	if (stream == NULL)
		free(guard);
	return stream;
}

bool
terminal_guard(void)
{
	if (isatty(STDOUT_FILENO))
	{
		stdout = terminal_open(STDOUT_FILENO);
		if (stdout == NULL)
			return false;
		setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	}
	if (isatty(STDERR_FILENO))
	{
		stderr = terminal_open(STDERR_FILENO);
		if (stderr == NULL)
			return false;
		setvbuf(stderr, NULL, _IONBF, 0);
	}
	return true;
}
