/*
 * message.c
 *		Notes, warnings and mistakes of usage, all to standard error.
 *
 * Standard output belongs to the answer.  What was said last is remembered, so that
 * --json can answer with it where a command fails without a document of its own.
 *
 * A message is told once, by who knows most of it: those above pass its exit code on and
 * stay silent.  Lines break at spaces where a terminal would break words.
 */
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "print.h"

/* What --json is told where a command fails without a document of its own. */
static char last_error[4096];

void
message_break_line(void)
{
	if (isatty(STDERR_FILENO))
		fputs(text_terminal_moves() ? TERMINAL_ERASE : "\n", stderr);
}

/* Standard output first, so that both streams in one terminal stay in order. */
static void
print_message(const char *prefix, const char *fmt, va_list args)
{
	char		text[4096];
	size_t		len = strlen(prefix);

	fflush(stdout);
	memcpy(text, prefix, len);
	vsnprintf(text + len, sizeof(text) - len, fmt, args);
	secrets_remove(text);
	if (len > 0)
		memcpy(last_error, text + len, sizeof(text) - len);
	text_print_lines(stderr, text, 0, 2);
}

/* For people: --quiet has none. */
void
message_note(const Cli *cli, const char *fmt, ...)
{
	va_list		args;

	if (cli->quiet)
		return;
	va_start(args, fmt);
	print_message("", fmt, args);
	va_end(args);
}

/* Always shown: what is a failure, or would be noticed too late. */
void
message_warn(const char *fmt, ...)
{
	va_list		args;

	va_start(args, fmt);
	print_message("db-adapter: ", fmt, args);
	va_end(args);
}

int
message_usage(const char *fmt, ...)
{
	va_list		args;

	va_start(args, fmt);
	print_message("db-adapter: ", fmt, args);
	va_end(args);
	return CODE_USAGE;
}

const char *
message_last(void)
{
	return last_error;
}
