/*
 * backupcheck.c
 *		A check under way: what it has found wrong, and where.
 *
 * The readers of both formats and of rows write down what they find and go on; so
 * one look at a file shows all that is wrong with it, up to a limit.
 */
#include "backup/backupfile.h"

#include <string.h>

static void
add_message(dba_backup_check *check, BackupMessages *messages, const char *fmt, va_list args)
{
	Buf			text = BUF_INIT;

	messages->count++;
	if (messages->kept == BACKUP_MAX_MESSAGES)
		return;
	buf_vprintf(&text, fmt, args);
	messages->texts[messages->kept] = buf_take(&text);
	if (messages->texts[messages->kept] == NULL)
		check->no_memory = true;
	else
		messages->kept++;
}

bool
backup_error(dba_backup_check *check, const char *fmt, ...)
{
	va_list		args;

	va_start(args, fmt);
	add_message(check, &check->errors, fmt, args);
	va_end(args);
	return false;
}

bool
backup_warning(dba_backup_check *check, const char *fmt, ...)
{
	va_list		args;

	va_start(args, fmt);
	add_message(check, &check->warnings, fmt, args);
	va_end(args);
	return false;
}

size_t
backup_line(const dba_backup_check *check)
{
	return check->format == BACKUP_JSONL ? check->line : check->reader.line;
}

void
backup_begin_head(dba_backup_check *check)
{
	arena_free(&check->head_arena);
	memset(check->builder, 0, sizeof(JsonBuilder));
	check->builder->arena = &check->head_arena;
}
