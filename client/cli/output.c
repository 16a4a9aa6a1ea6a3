/*
 * output.c
 *		What the command prints: notes, tables, JSON, progress.
 */
#include <langinfo.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wchar.h>

#include <libsmartcols.h>

#include "cli.h"

static void
print_message(const char *fmt, va_list args)
{
	fflush(stdout);
	fputs("db-adapter: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

void
cli_note(const Cli *cli, const char *fmt, ...)
{
	va_list		args;

	if (cli->quiet)
		return;
	fflush(stdout);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

void
cli_warn(const char *fmt, ...)
{
	va_list		args;

	va_start(args, fmt);
	print_message(fmt, args);
	va_end(args);
}

int
cli_usage(const char *fmt, ...)
{
	va_list		args;

	va_start(args, fmt);
	print_message(fmt, args);
	va_end(args);
	return CODE_USAGE;
}

void
cli_print_json(cJSON *document)
{
	char	   *text = cJSON_Print(document);

	if (text != NULL)
		puts(text);
	cJSON_free(text);
	cJSON_Delete(document);
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
		abort();
	table->cli = cli;
	table->scols = scols_new_table();
	scols_table_set_column_separator(table->scols, "  ");
	while (*columns != '\0')
	{
		bool		right = *columns == '>';
		size_t		len = strcspn(columns += right, "|");

		snprintf(name, sizeof(name), "%.*s", (int) len, columns);
		scols_table_new_column(table->scols, name, 0,
							   right				  ? SCOLS_FL_RIGHT
							   : columns[len] == '\0' ? SCOLS_FL_TRUNC
													  : 0);
		table->columns++;
		columns += len + (columns[len] == '|');
	}
	return table;
}

void
cli_table_add(CliTable *table, const char *const *texts)
{
	struct libscols_line *line = scols_table_new_line(table->scols, NULL);

	for (size_t i = 0; i < table->columns; i++)
		scols_line_set_data(line, i, texts[i] != NULL ? texts[i] : "");
}

/* How many columns of a terminal the first line takes. */
static size_t
line_width(const char *text)
{
	size_t		width = 0;
	mbstate_t	state = {0};
	wchar_t		wide;
	size_t		n;

	while (*text != '\0' && *text != '\n' && (n = mbrtowc(&wide, text, MB_CUR_MAX, &state)) != 0 &&
		   n <= MB_CUR_MAX)
	{
		width += wcwidth(wide) > 0 ? (size_t) wcwidth(wide) : 0;
		text += n;
	}
	return width;
}

/* libsmartcols draws no rule under the head: put one between the lines. */
void
cli_table_print(CliTable *table)
{
	bool		utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	char	   *text = NULL;
	char	   *head_end;
	size_t		width = 0;

	scols_print_table_to_string(table->scols, &text);
	head_end = text != NULL ? strchr(text, '\n') : NULL;
	if (head_end != NULL)
	{
		for (const char *line = text; line != NULL && *line != '\0';
			 line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
			width = line_width(line) > width ? line_width(line) : width;
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
	*progress = (CliProgress){.started = now_ms(), .total = total};
	progress->wanted = !cli->quiet && !cli->json && isatty(STDERR_FILENO);
}

void
cli_progress(CliProgress *progress, const char *table, int64_t rows, int64_t bytes)
{
	int64_t		now = now_ms();
	double		seconds = (double) (now - progress->started) / 1000;
	double		speed = seconds > 0 ? (double) bytes / seconds : 0;

	if (!progress->wanted || now - progress->last < PROGRESS_INTERVAL)
		return;
	progress->last = now;
	progress->shown = true;
	fprintf(stderr, "\r\033[K  %s  %s rows  %s  %s/s", table, cli_thousands(rows),
			cli_bytes((double) bytes), cli_bytes(speed));
	if (progress->total > 0 && speed > 0 && bytes <= progress->total)
		fprintf(stderr, "  %d %%  %.0f s left", (int) (100 * bytes / progress->total),
				(double) (progress->total - bytes) / speed);
	fflush(stderr);
}

void
cli_progress_end(CliProgress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
