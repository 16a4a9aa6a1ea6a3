/*
 * progress.c
 *		Rows, speed and a bar on one line of standard error, where that is a terminal.
 *
 * The line is written over again and again, at most ten times a second, and wiped at
 * the end: nothing of it stays among the messages.
 */
#include <time.h>
#include <unistd.h>

#include "print.h"

#define PROGRESS_INTERVAL 100 /* milliseconds */

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Where nobody looks nothing is drawn: not with --json, not with -q, not into a file. */
void
progress_begin(CliProgress *progress, const Cli *cli, int64_t total)
{
	*progress = (CliProgress){.started = now_ms(), .total = total, .color = cli->color};
	progress->wanted = !cli->quiet && !cli->json && text_terminal_moves() && isatty(STDERR_FILENO);
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
	bool		utf8 = text_is_utf8();
	size_t		full = (size_t) ((double) width * (double) done / (double) progress->total);

	fputs("  ", stderr);
	fputs(progress->color ? TERMINAL_GREEN : "", stderr);
	for (size_t i = 0; i < width; i++)
	{
		if (i == full)
			fputs(progress->color ? TERMINAL_DIM : "", stderr);
		fputs(i < full ? (utf8 ? "\u2588" : "#") : (utf8 ? "\u2591" : "."), stderr);
	}
	fputs(progress->color ? TERMINAL_OFF : "", stderr);
	fprintf(stderr, " %3d %%", (int) (100 * done / progress->total));
	if (speed > 0)
		fprintf(stderr, "  %s left", duration((double) (progress->total - done) / speed));
}

/* One line that is written over again and again; what does not fit is left out. */
void
progress_show(CliProgress *progress, const char *table, int64_t rows, int64_t bytes)
{
	int64_t		now = now_ms();
	double		seconds = (double) (now - progress->started) / 1000;
	double		speed = seconds > 0 ? (double) bytes / seconds : 0;
	size_t		width = text_terminal_width(STDERR_FILENO);
	bool		bar = progress->total > 0 && bytes <= progress->total && width >= 60;

	if (!progress->wanted || now - progress->last < PROGRESS_INTERVAL)
		return;
	progress->last = now;
	progress->shown = true;
	fputs(TERMINAL_ERASE, stderr);
	if (*table != '\0')
		fprintf(stderr, "  %-*.*s", bar ? 12 : 20, width < 60 ? 12 : 30, table);
	fprintf(stderr, " %12s rows", text_thousands(rows));
	if (bytes > 0)
		fprintf(stderr, "  %8s/s", text_bytes(speed));
	if (bar)
		draw_bar(progress, bytes, speed, width < 100 ? 10 : width < 200 ? 30 : 60);
	fflush(stderr);
}

void
progress_end(CliProgress *progress)
{
	if (progress->shown)
		fputs(TERMINAL_ERASE, stderr);
	progress->shown = false;
}
