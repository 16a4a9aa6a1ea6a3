/*
 * backupfile.c
 *		Backup files of both formats, read without a server: the public calls.
 *
 * A file may come in pieces cut anywhere, so nothing here looks ahead: the first
 * bytes are kept until they say which format it is, and from then on every piece goes
 * to that format's reader.  What is found wrong is counted and written down, and only
 * dba_backup_check_end says whether the file is valid: before its end none is.
 *
 * The tail is looked at apart (dba_backup_check_tail), because a restore from a file
 * wants to know that it is whole before it sends the first row.
 */
#include "backup/backupfile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"

/* ---------------------------------------------------------------- making one */

static bool
check_init(dba_backup_check *check, const char *backup_schema, dba_error **err)
{
	Arena		arena = {0};
	JsonValue  *schema;
	bool		ok;

	check->line = 1;
	check->crc = CRC32C_INIT;
	sha256_init(&check->sha256);
	check->builder = mem_zalloc(sizeof(JsonBuilder));
	if (check->builder == NULL)
		return error_set_no_memory(err);
	if (backup_schema == NULL)
		return true;
	check->schema_given = check->has_schema = true;
	schema = json_parse(&arena, backup_schema, strlen(backup_schema), "backup schema", err);
	ok = schema != NULL && backuptables_declare(&check->tables, schema, err);
	arena_free(&arena);
	return ok;
}

dba_backup_check *
dba_backup_check_new(const char *backup_schema, dba_error **err)
{
	dba_backup_check *check = mem_zalloc(sizeof(dba_backup_check));

	if (check == NULL)
	{
		error_set_no_memory(err);
		return NULL;
	}
	if (!check_init(check, backup_schema, err))
	{
		dba_backup_check_free(check);
		return NULL;
	}
	return check;
}

static void
messages_free(BackupMessages *messages)
{
	for (size_t i = 0; i < messages->kept; i++)
		mem_free(messages->texts[i]);
}

void
dba_backup_check_free(dba_backup_check *check)
{
	if (check == NULL)
		return;
	backuptables_free(&check->tables);
	json_reader_free(&check->reader);
	mem_free(check->builder);
	arena_free(&check->head_arena);
	messages_free(&check->errors);
	messages_free(&check->warnings);
	mem_free(check);
}

/* ---------------------------------------------------------------- feeding */

static void
feed_known(dba_backup_check *check, const char *data, size_t len)
{
	if (check->format == BACKUP_JSONL)
		backup_lines_feed(check, data, len);
	else
		backup_doc_feed(check, data, len);
}

/* The first bytes are there: which format is it? */
static void
choose_format(dba_backup_check *check)
{
	const size_t needed = sizeof(BACKUP_LINE_START) - 1;
	char		start[BACKUP_PREFIX_MAX];
	size_t		len = check->prefix_len;

	memcpy(start, check->prefix, len);
	check->prefix_len = 0;
	if (len == needed && memcmp(start, BACKUP_LINE_START, needed) == 0)
	{
		check->format = BACKUP_JSONL;
		backup_lines_begin(check);
	}
	else
	{
		check->format = BACKUP_JSON;
		backup_doc_begin(check);
	}
	feed_known(check, start, len);
}

bool
dba_backup_check_feed(dba_backup_check *check, const char *data, size_t size)
{
	if (check->format == BACKUP_UNKNOWN)
	{
		size_t		part = sizeof(BACKUP_LINE_START) - 1 - check->prefix_len;

		part = part < size ? part : size;
		memcpy(check->prefix + check->prefix_len, data, part);
		check->prefix_len += part;
		if (check->prefix_len < sizeof(BACKUP_LINE_START) - 1)
			return true;
		choose_format(check);
		data += part;
		size -= part;
	}
	feed_known(check, data, size);
	return !check->no_memory;
}

bool
dba_backup_check_end(dba_backup_check *check, dba_error **err)
{
	bool		valid;

	/* A file shorter than what tells the formats apart is judged as a document. */
	if (check->format == BACKUP_UNKNOWN)
		choose_format(check);
	if (check->format == BACKUP_JSONL)
		backup_lines_end(check);
	else
		backup_doc_end(check);
	if (!check->fatal)
		backup_rows_end(check);
	if (check->no_memory)
		return error_set_no_memory(err);
	valid = check->errors.count == 0;
	if (!valid)
		error_set(err, DBA_INVALID, "%zu error%s; the first: %s", check->errors.count,
				  check->errors.count == 1 ? "" : "s", check->errors.texts[0]);
	return valid;
}

/* ---------------------------------------------------------------- asking */

const char *
dba_backup_check_format(const dba_backup_check *check)
{
	return check->format == BACKUP_JSONL ? "jsonl" : check->format == BACKUP_JSON ? "json" : "";
}

const char *
dba_backup_check_error(const dba_backup_check *check, size_t index)
{
	return index < check->errors.kept ? check->errors.texts[index] : NULL;
}

const char *
dba_backup_check_warning(const dba_backup_check *check, size_t index)
{
	return index < check->warnings.kept ? check->warnings.texts[index] : NULL;
}

size_t
dba_backup_check_error_count(const dba_backup_check *check)
{
	return check->errors.count;
}

const char *
dba_backup_check_table(const dba_backup_check *check, size_t index)
{
	for (const BackupTable *table = check->tables.first; table != NULL; table = table->next)
	{
		if (table->seen && index-- == 0)
			return table->name;
	}
	return NULL;
}

int64_t
dba_backup_check_rows(const dba_backup_check *check, const char *table)
{
	int64_t		rows = 0;

	for (const BackupTable *t = check->tables.first; t != NULL; t = t->next)
	{
		if (table == NULL || strcmp(t->name, table) == 0)
			rows += (int64_t) t->rows;
	}
	return rows;
}

/* ---------------------------------------------------------------- the tail of a file */

/* Read size bytes at offset; false at an error or an earlier end. */
static bool
read_at(int fd, char *data, size_t size, off_t offset)
{
	while (size > 0)
	{
		ssize_t		got = pread(fd, data, size, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		data += got;
		size -= (size_t) got;
		offset += got;
	}
	return true;
}

/*
 * The last `len` bytes of the file are `tail`: do they hold the whole trailer?
 * 1: yes, and it is right; 0: no; -1: more is needed.
 */
static int
look_at_tail(char *tail, size_t len, off_t size)
{
	static const char prefix[] = "{\"end\":true";
	Arena		arena = {0};
	const JsonValue *trailer;
	const JsonValue *bytes;
	char	   *start;
	int			answer = 0;

	while (len > 0 && strchr("\r\n", tail[len - 1]) != NULL)
		len--, size--;
	start = len > 0 ? memrchr(tail, '\n', len) : NULL;
	if (start == NULL)
		return -1;
	start++;
	len -= (size_t) (start - tail);
	if (len < sizeof(prefix) - 1 || memcmp(start, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	trailer = json_parse(&arena, start, len, "trailer", NULL);
	bytes = json_member(trailer, "bytes");
	if (bytes != NULL && bytes->type == JSON_TYPE_NUMBER)
		answer = strtoll(bytes->text, NULL, 10) == (long long) size - (long long) len;
	arena_free(&arena);
	return answer;
}

/* A jsonl file of `size` bytes: read more and more of its end. */
static bool
check_tail(int fd, off_t size, dba_error **err)
{
	for (size_t len = 4096;; len *= 4)
	{
		bool		all = (off_t) len >= size;
		char	   *tail;
		int			answer;

		len = all ? (size_t) size : len;
		tail = mem_alloc(len);
		if (tail == NULL)
			return error_set_no_memory(err);
		if (!read_at(fd, tail, len, size - (off_t) len))
		{
			mem_free(tail);
			return error_set(err, DBA_INVALID, "could not read the end of the file: %s",
							 strerror(errno));
		}
		answer = look_at_tail(tail, len, size);
		mem_free(tail);
		if (answer == 1)
			return true;
		/* The last line may be longer than what was read; it has a limit as any head has. */
		if (answer == 0 || all || len >= BACKUP_MAX_HEAD)
			return error_set(
				err, DBA_INVALID,
				"the file does not end with its trailer: it is cut off or was changed");
	}
}

bool
dba_backup_check_tail(int fd, dba_error **err)
{
	const size_t needed = sizeof(BACKUP_LINE_START) - 1;
	off_t		size = lseek(fd, 0, SEEK_END);
	char		start[BACKUP_PREFIX_MAX];
	char		last;

	if (size < 0)
		return true;
	if (size >= (off_t) needed && read_at(fd, start, needed, 0) &&
		memcmp(start, BACKUP_LINE_START, needed) == 0)
	{
		bool		ok = check_tail(fd, size, err);

		(void) lseek(fd, 0, SEEK_SET);
		return ok;
	}
	/* a document ends with its brace */
	do
		size--;
	while (size >= 0 && read_at(fd, &last, 1, size) && strchr(" \t\r\n", last) != NULL);
	(void) lseek(fd, 0, SEEK_SET);
	if (size < 0 || last != '}')
		return error_set(err, DBA_INVALID,
						 "the file does not end as a backup does: it is cut off or is none");
	return true;
}
