/*
 * text.c
 *		Text for people: how wide it is, where it breaks, how numbers are told.
 *
 * Widths are columns of a terminal, not bytes and not characters: a table with CJK names
 * or combining accents has to line up too.  Everything is printed in the locale's
 * encoding as it came; what the locale cannot decode counts as nothing and is left as
 * it is.
 */
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "print.h"

/* Columns of the terminal that the stream is; 0: it is none. */
size_t
text_terminal_width(int fd)
{
	struct winsize size;

	if (!isatty(fd))
		return 0;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

int
text_descriptor(FILE *stream)
{
	return stream == stdout ? STDOUT_FILENO : stream == stderr ? STDERR_FILENO : fileno(stream);
}

/* How many columns of a terminal the first `bytes` of the text take; a newline ends them. */
size_t
text_width(const char *text, size_t bytes)
{
	const char *end = text + bytes;
	size_t		width = 0;
	mbstate_t	state = {0};
	wchar_t		wide;
	size_t		n;

	while (text < end && *text != '\n' &&
		   (n = mbrtowc(&wide, text, (size_t) (end - text), &state)) != 0 && n <= MB_CUR_MAX)
	{
		width += wcwidth(wide) > 0 ? (size_t) wcwidth(wide) : 0;
		text += n;
	}
	return width;
}

/* No TERM at all is as dumb as "dumb". */
bool
text_terminal_moves(void)
{
	const char *term = getenv("TERM");

	return term != NULL && strcmp(term, "dumb") != 0;
}

bool
text_is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* Text breaks at spaces where a terminal would break it anywhere.  It begins at
 * `column` and goes on below at `indent`. */
void
text_print_lines(FILE *to, const char *text, size_t column, size_t indent)
{
	size_t		width = text_terminal_width(text_descriptor(to));

	while (*text != '\0')
	{
		size_t		spaces = strspn(text, " ");
		size_t		len = strcspn(text + spaces, " \n");
		size_t		columns = text_width(text + spaces, len);

		if (width > 0 && column > 0 && column + spaces + columns > width)
		{
			fprintf(to, "\n%*s", (int) indent, "");
			column = indent;
			text += spaces;
			spaces = 0;
		}
		fwrite(text, 1, spaces + len, to);
		column += spaces + columns;
		text += spaces + len;
		if (*text == '\n')
		{
			fputc(*text++, to);
			column = 0;
		}
	}
	fputc('\n', to);
}

void
text_print_value(const char *text, size_t column)
{
	text_print_lines(stdout, text, column, column);
}

void
text_list(char *list, size_t size, const char *const *words, const char *last)
{
	size_t		len = 0;

	*list = '\0';
	for (size_t i = 0; words[i] != NULL && len < size; i++)
	{
		if (i > 0 && words[i + 1] == NULL)
			len += (size_t) snprintf(list + len, size - len, " %s %s", last, words[i]);
		else
			len += (size_t) snprintf(list + len, size - len, "%s%s", i > 0 ? ", " : "", words[i]);
	}
}

/* An unknown style is none: a typing mistake here must not reach the terminal as text. */
const char *
text_style(const Cli *cli, const char *style)
{
	static const char *const styles[][2] = {
		{"bold", TERMINAL_BOLD},	 {"red", TERMINAL_RED}, {"green", TERMINAL_GREEN},
		{"yellow", TERMINAL_YELLOW}, {"off", TERMINAL_OFF},
	};

	for (size_t i = 0; cli->color && i < sizeof(styles) / sizeof(styles[0]); i++)
	{
		if (strcmp(styles[i][0], style) == 0)
			return styles[i][1];
	}
	return "";
}

/* ---------------------------------------------------------------- numbers */

/* Commas in every locale: output that scripts cut apart does not change with LANG. */
const char *
text_thousands(int64_t number)
{
	static char buffers[4][40];
	static int	next;
	char		digits[32];
	char	   *to = buffers[next = (next + 1) % 4];
	size_t		len = (size_t) snprintf(digits, sizeof(digits), "%lld",
										(long long) (number < 0 ? -number : number));

	if (number < 0)
		*to++ = '-';
	for (size_t i = 0; i < len; i++)
	{
		if (i > 0 && (len - i) % 3 == 0)
			*to++ = ',';
		*to++ = digits[i];
	}
	*to = '\0';
	return buffers[next];
}

/* Powers of 1,000, as disks are sold and dd counts. */
const char *
text_bytes(double bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	static char buffers[4][32];
	static int	next;
	size_t		unit = 0;

	next = (next + 1) % 4;
	for (; bytes >= 1000 && unit < 4; unit++)
		bytes /= 1000;
	snprintf(buffers[next], sizeof(buffers[next]), "%.*f %s", unit > 0 && bytes < 100 ? 1 : 0,
			 bytes, units[unit]);
	return buffers[next];
}
