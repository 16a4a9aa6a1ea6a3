/*
 * output.c
 *		What the command prints: notes, tables, JSON, progress.
 */
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <libsmartcols.h>

#include "cli.h"

/* What --json is told where a command fails without a document of its own. */
static char last_error[4096];
static bool json_printed;

/* Columns of the terminal that the stream is; 0: it is none. */
static size_t
terminal_width(int fd)
{
	struct winsize size;

	if (!isatty(fd))
		return 0;
	return ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/* How many columns of a terminal the first `bytes` of the text take; a newline ends them. */
static size_t
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

bool
cli_terminal_moves(void)
{
	const char *term = getenv("TERM");

	return term != NULL && strcmp(term, "dumb") != 0;
}

void
cli_break_line(void)
{
	if (isatty(STDERR_FILENO))
		fputs(cli_terminal_moves() ? "\r\033[K" : "\n", stderr);
}

/* Text breaks at spaces where a terminal would break it anywhere.  It begins at
 * `column` and goes on below at `indent`. */
static void
print_lines(FILE *to, const char *text, size_t column, size_t indent)
{
	size_t		width = terminal_width(fileno(to));

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
cli_print_value(const char *text, size_t column)
{
	print_lines(stdout, text, column, column);
}

static void
print_message(const char *prefix, const char *fmt, va_list args)
{
	char		text[4096];
	size_t		len = strlen(prefix);

	fflush(stdout);
	memcpy(text, prefix, len);
	vsnprintf(text + len, sizeof(text) - len, fmt, args);
	if (len > 0)
		memcpy(last_error, text + len, sizeof(text) - len);
	print_lines(stderr, text, 0, 2);
}

void
cli_note(const Cli *cli, const char *fmt, ...)
{
	va_list		args;

	if (cli->quiet)
		return;
	va_start(args, fmt);
	print_message("", fmt, args);
	va_end(args);
}

void
cli_warn(const char *fmt, ...)
{
	va_list		args;

	va_start(args, fmt);
	print_message("db-adapter: ", fmt, args);
	va_end(args);
}

int
cli_usage(const char *fmt, ...)
{
	va_list		args;

	va_start(args, fmt);
	print_message("db-adapter: ", fmt, args);
	va_end(args);
	return CODE_USAGE;
}

void
cli_print_json(cJSON *document)
{
	char	   *text = cJSON_Print(document);

	if (text != NULL)
		puts(text);
	json_printed = true;
	cJSON_free(text);
	cJSON_Delete(document);
}

void
cli_print_failure(cJSON *error)
{
	cJSON	   *document = cJSON_CreateObject();

	if (error == NULL)
	{
		error = cJSON_CreateObject();
		cJSON_AddStringToObject(error, "message", last_error);
	}
	cJSON_AddItemToObject(document, "error", error);
	if (json_printed)
		cJSON_Delete(document);
	else
		cli_print_json(document);
}

const char *
cli_style(const Cli *cli, const char *style)
{
	static const char *const styles[][2] = {
		{"bold", "\033[1m"},	{"red", "\033[31m"}, {"green", "\033[32m"},
		{"yellow", "\033[33m"}, {"off", "\033[0m"},
	};

	for (size_t i = 0; cli->color && i < sizeof(styles) / sizeof(styles[0]); i++)
	{
		if (strcmp(styles[i][0], style) == 0)
			return styles[i][1];
	}
	return "";
}

/* ---------------------------------------------------------------- numbers */

const char *
cli_thousands(int64_t number)
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

const char *
cli_bytes(double bytes)
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

/* ---------------------------------------------------------------- tables */

struct CliTable
{
	const Cli  *cli;
	struct libscols_table *scols;
	size_t		columns;
};

CliTable *
cli_table_new(const Cli *cli, const char *columns)
{
	CliTable   *table = calloc(1, sizeof(CliTable));
	char		name[64];

	if (table == NULL)
	{
		cli_warn("out of memory");
		return NULL;
	}
	table->cli = cli;
	table->scols = scols_new_table();
	scols_table_set_column_separator(table->scols, "  ");
	if (terminal_width(STDOUT_FILENO) > 0)
	{
		scols_table_set_termforce(table->scols, SCOLS_TERMFORCE_ALWAYS);
		scols_table_set_termwidth(table->scols, terminal_width(STDOUT_FILENO));
	}
	while (*columns != '\0')
	{
		bool		right = *columns == '>';
		bool		broken = *columns == '~';
		size_t		len = strcspn(columns += right || broken, "|");

		snprintf(name, sizeof(name), "%.*s", (int) len, columns);
		scols_table_new_column(table->scols, name, 0,
							   right							? SCOLS_FL_RIGHT
							   : broken || columns[len] == '\0' ? SCOLS_FL_WRAP
																: 0);
		table->columns++;
		columns += len + (columns[len] == '|');
	}
	return table;
}

void
cli_table_add(CliTable *table, const char *const *texts)
{
	struct libscols_line *line = table != NULL ? scols_table_new_line(table->scols, NULL) : NULL;

	for (size_t i = 0; line != NULL && i < table->columns; i++)
		scols_line_set_data(line, i, texts[i] != NULL ? texts[i] : "");
}

static bool
is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* libsmartcols draws no rule under the head: put one between the lines. */
void
cli_table_print(CliTable *table)
{
	bool		utf8 = is_utf8();
	char	   *text = NULL;
	char	   *head_end;
	size_t		width = 0;

	if (table == NULL)
		return;
	scols_print_table_to_string(table->scols, &text);
	head_end = text != NULL ? strchr(text, '\n') : NULL;
	if (head_end != NULL)
	{
		for (const char *line = text; line != NULL && *line != '\0';
			 line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
			width = text_width(line, strlen(line)) > width ? text_width(line, strlen(line)) : width;
		printf("%s%.*s%s\n", cli_style(table->cli, "bold"), (int) (head_end - text), text,
			   cli_style(table->cli, "off"));
		for (size_t i = 0; i < width; i++)
			fputs(utf8 ? "\u2500" : "-", stdout);
		fputs(head_end, stdout);
		if (head_end[strlen(head_end) - 1] != '\n')
			putchar('\n');
	}
	free(text);
	scols_unref_table(table->scols);
	free(table);
}

/* ---------------------------------------------------------------- progress */

#define PROGRESS_INTERVAL 100 /* milliseconds */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
cli_progress_begin(CliProgress *progress, const Cli *cli, int64_t total)
{
	*progress = (CliProgress){.started = now_ms(), .total = total, .color = cli->color};
	progress->wanted = !cli->quiet && !cli->json && cli_terminal_moves() && isatty(STDERR_FILENO);
}

/* "3 s", "4:05", "1:02:03" */
static const char *
duration(double seconds)
{
	static char text[32];
	long		left = seconds < 0 ? 0 : seconds > 359999 ? 359999 : (long) (seconds + 0.5);

	if (left < 60)
		snprintf(text, sizeof(text), "%ld s", left);
	else if (left < 3600)
		snprintf(text, sizeof(text), "%ld:%02ld", left / 60, left % 60);
	else
		snprintf(text, sizeof(text), "%ld:%02ld:%02ld", left / 3600, left / 60 % 60, left % 60);
	return text;
}

/* " ███████░░░░░  58 %  12 s left" */
static void
draw_bar(const CliProgress *progress, int64_t done, double speed, size_t width)
{
	bool		utf8 = is_utf8();
	size_t		full = (size_t) ((double) width * (double) done / (double) progress->total);

	fputs("  ", stderr);
	fputs(progress->color ? "\033[32m" : "", stderr);
	for (size_t i = 0; i < width; i++)
	{
		if (i == full)
			fputs(progress->color ? "\033[0;2m" : "", stderr);
		fputs(i < full ? (utf8 ? "\u2588" : "#") : (utf8 ? "\u2591" : "."), stderr);
	}
	fputs(progress->color ? "\033[0m" : "", stderr);
	fprintf(stderr, " %3d %%", (int) (100 * done / progress->total));
	if (speed > 0)
		fprintf(stderr, "  %s left", duration((double) (progress->total - done) / speed));
}

/* One line that is written over again and again; what does not fit is left out. */
void
cli_progress(CliProgress *progress, const char *table, int64_t rows, int64_t bytes)
{
	int64_t		now = now_ms();
	double		seconds = (double) (now - progress->started) / 1000;
	double		speed = seconds > 0 ? (double) bytes / seconds : 0;
	size_t		width = terminal_width(STDERR_FILENO);
	bool		bar = progress->total > 0 && bytes <= progress->total && width >= 60;

	if (!progress->wanted || now - progress->last < PROGRESS_INTERVAL)
		return;
	progress->last = now;
	progress->shown = true;
	fputs("\r\033[K", stderr);
	if (*table != '\0')
		fprintf(stderr, "  %-*.*s", bar ? 12 : 20, width < 60 ? 12 : 30, table);
	fprintf(stderr, " %12s rows", cli_thousands(rows));
	if (bytes > 0)
		fprintf(stderr, "  %8s/s", cli_bytes(speed));
	if (bar)
		draw_bar(progress, bytes, speed, width < 100 ? 10 : width < 200 ? 30 : 60);
	fflush(stderr);
}

void
cli_progress_end(CliProgress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
