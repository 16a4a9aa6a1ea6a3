/*
 * backuplines.c
 *		The lines of a jsonl backup: header, table lines, rows, trailer.
 *
 * A line is told by its first bytes: {"table": begins a table line and {"end":
 * the trailer; the writer spells a row's member of such a name with an escape.
 * A line that is wrong costs that line alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backup/backupfile.h"
#include "base/mem.h"

#define TABLE_PREFIX "{\"table\":"
#define TRAILER_PREFIX "{\"end\":"
#define PREFIX_NEEDED (sizeof(TABLE_PREFIX) - 1) /* the longer of the two */

/* ---------------------------------------------------------------- sums */

static void
add_sums(dba_backup_check *check, const char *data, size_t len)
{
	check->bytes += len;
	check->crc = crc32c_add(check->crc, data, len);
	/* The header is part of the sum that it announces: line 1 is summed up in any case. */
	if (check->with_sha256 || check->line == 1)
		sha256_add(&check->sha256, data, len);
}

static const char *
member_text(const JsonValue *object, const char *name, JsonType type)
{
	const JsonValue *member = json_member(object, name);

	return member != NULL && member->type == type ? member->text : NULL;
}

static void
check_bytes(dba_backup_check *check, const JsonValue *trailer)
{
	const char *given = member_text(trailer, "bytes", JSON_TYPE_NUMBER);
	char		found[32];

	snprintf(found, sizeof(found), "%llu", (unsigned long long) check->bytes);
	if (given == NULL)
		backup_error(check, "line %zu: the trailer does not say \"bytes\"", check->line);
	else if (strcmp(given, found) != 0)
		backup_error(check, "line %zu: %s bytes precede the trailer, which says %s", check->line,
					 found, given);
}

static void
check_crc(dba_backup_check *check, const JsonValue *trailer)
{
	const char *given = member_text(trailer, "crc32c", JSON_TYPE_STRING);
	char		found[16];

	snprintf(found, sizeof(found), "%08x", crc32c_finish(check->crc));
	if (given == NULL)
		backup_error(check, "line %zu: the trailer does not say \"crc32c\"", check->line);
	else if (strcmp(given, found) != 0)
		backup_error(check, "line %zu: the CRC-32C is %s, the trailer says %s", check->line, found,
					 given);
}

static void
check_sha256(dba_backup_check *check, const JsonValue *trailer)
{
	const char *given = member_text(trailer, "sha256", JSON_TYPE_STRING);
	unsigned char digest[SHA256_SIZE];
	char		found[2 * SHA256_SIZE + 1];

	if (given == NULL)
	{
		if (check->with_sha256)
			backup_error(check, "line %zu: the trailer does not say \"sha256\"", check->line);
		return;
	}
	/* What was not summed up from the first byte on cannot be checked any more. */
	if (!check->with_sha256)
	{
		backup_warning(
			check,
			"line %zu: the header does not announce the trailer's SHA-256: it was not checked",
			check->line);
		return;
	}
	sha256_finish(&check->sha256, digest);
	for (int i = 0; i < SHA256_SIZE; i++)
		snprintf(found + 2 * i, 3, "%02x", digest[i]);
	if (strcmp(given, found) != 0)
		backup_error(check, "line %zu: the SHA-256 is %s, the trailer says %s", check->line, found,
					 given);
}

static void
check_counts(dba_backup_check *check, const JsonValue *trailer)
{
	const JsonValue *counts = json_member(trailer, "record_counts");

	if (counts == NULL || counts->type != JSON_TYPE_OBJECT)
	{
		backup_error(check, "line %zu: the trailer does not say \"record_counts\"", check->line);
		return;
	}
	json_foreach(count, counts)
	{
		const BackupTable *table = backuptables_find(&check->tables, count->name);
		size_t		rows = table != NULL ? table->rows : 0;

		if (count->type != JSON_TYPE_NUMBER || strtoull(count->text, NULL, 10) != rows)
			backup_error(check, "line %zu: table \"%s\" has %zu rows, the trailer says %s",
						 check->line, count->name, rows,
						 count->type == JSON_TYPE_NUMBER ? count->text
														 : json_type_name(count->type));
	}
	for (const BackupTable *table = check->tables.first; table != NULL; table = table->next)
	{
		if (table->seen && json_member(counts, table->name) == NULL)
			backup_error(check, "line %zu: the trailer does not count table \"%s\"", check->line,
						 table->name);
	}
}

/* ---------------------------------------------------------------- whole lines */

static void
read_header(dba_backup_check *check, const JsonValue *header)
{
	const char *version = member_text(header, "version", JSON_TYPE_STRING);
	const JsonValue *schema = json_member(header, "backup_schema");
	const JsonValue *metadata = json_member(header, "metadata");
	const char *checksum = member_text(header, "checksum", JSON_TYPE_STRING);
	dba_error  *error = NULL;

	check->with_sha256 = checksum != NULL && strcmp(checksum, "sha256") == 0;
	if (version == NULL || strncmp(version, "2.", 2) != 0)
	{
		backup_error(check, "line 1: version \"%s\" is not known here",
					 version != NULL ? version : "");
		check->fatal = true;
	}
	if (metadata == NULL || metadata->type != JSON_TYPE_OBJECT)
		backup_error(check, "line 1: \"metadata\" is missing");
	if (schema == NULL || schema->type != JSON_TYPE_OBJECT)
		backup_error(check, "line 1: \"backup_schema\" is missing");
	else if (!check->schema_given)
	{
		check->has_schema = true;
		if (!backuptables_declare(&check->tables, schema, &error))
			backup_error(check, "line 1: %s", dba_error_message(error));
		check->no_memory |= dba_error_code(error) == DBA_NO_MEMORY;
		dba_error_free(error);
	}
}

static void
read_table(dba_backup_check *check, const JsonValue *line)
{
	const char *name = member_text(line, "table", JSON_TYPE_STRING);
	const JsonValue *columns = json_member(line, "columns");

	check->skip_rows = true;
	if (name == NULL || columns == NULL || columns->type != JSON_TYPE_OBJECT)
	{
		backup_error(
			check,
			"line %zu: a table line must have \"table\", a string, and \"columns\", an object",
			check->line);
		return;
	}
	if (!backup_table_begin(check, name))
		return;
	check->skip_rows = false;
	json_foreach(column, columns)
	{
		if (!backuptable_add_column(&check->tables, check->row.table, column->name,
									strlen(column->name)))
			check->no_memory = true;
	}
}

static void
read_trailer(dba_backup_check *check, const JsonValue *trailer)
{
	const JsonValue *end = json_member(trailer, "end");

	check->ended = true;
	if (end == NULL || end->type != JSON_TYPE_BOOL || !end->boolean)
		backup_error(check, "line %zu: the trailer's \"end\" must be true", check->line);
	check_counts(check, trailer);
	check_bytes(check, trailer);
	check_crc(check, trailer);
	check_sha256(check, trailer);
}

/* ---------------------------------------------------------------- pieces of lines */

static bool
line_token(void *arg, JsonToken token, const char *text, size_t len)
{
	dba_backup_check *check = arg;

	if (check->part == BACKUP_ROWS)
		return backup_row_token(check, token, text, len);
	return json_builder_token(check->builder, token, text, len);
}

static bool
has_prefix(const dba_backup_check *check, const char *prefix)
{
	size_t		len = strlen(prefix);

	return check->prefix_len >= len && memcmp(check->prefix, prefix, len) == 0;
}

/* The line's first bytes are there: what is it? */
static BackupPart
choose_part(dba_backup_check *check)
{
	if (check->line == 1)
		return BACKUP_HEADER;
	/* an editor or a shell may have ended the last line once more */
	if (check->ended && check->prefix_len == 0)
		return BACKUP_SKIP;
	if (check->ended)
	{
		backup_error(check, "line %zu: something follows the trailer", check->line);
		check->fatal = true;
		return BACKUP_SKIP;
	}
	if (has_prefix(check, TRAILER_PREFIX))
	{
		backup_table_end(check);
		return BACKUP_TRAILER;
	}
	if (has_prefix(check, TABLE_PREFIX))
	{
		backup_table_end(check);
		return BACKUP_TABLE;
	}
	if (check->row.table != NULL)
		return BACKUP_ROWS;
	if (!check->skip_rows)
		backup_error(check, "line %zu: a row stands before its table line", check->line);
	return BACKUP_SKIP;
}

/* The reader met something wrong: say what, and pass over the rest of the line. */
static void
refuse_line(dba_backup_check *check)
{
	if (check->reader.no_memory || check->builder->no_memory)
		check->no_memory = true;
	else if (check->reader.problem != NULL)
		backup_error(check, "line %zu, column %zu: %s", check->line, check->reader.column,
					 check->reader.problem);
	else if (check->part != BACKUP_ROWS && check->builder->duplicate != NULL)
		backup_error(check, "line %zu: member \"%s\" comes twice", check->line,
					 check->builder->duplicate);
	/* a row that ends here was begun: it counts, and its key cannot be known */
	check->row.depth = 0;
	check->skip_rows |= check->part == BACKUP_TABLE;
	check->part = BACKUP_SKIP;
}

static void
read_piece(dba_backup_check *check, const char *data, size_t len)
{
	check->part_bytes += len;
	if (check->part != BACKUP_ROWS && check->part != BACKUP_SKIP &&
		check->part_bytes > BACKUP_MAX_HEAD)
	{
		backup_error(check, "line %zu: longer than %d bytes", check->line, BACKUP_MAX_HEAD);
		check->part = BACKUP_SKIP;
	}
	if (check->part != BACKUP_SKIP && !json_reader_feed(&check->reader, data, len))
		refuse_line(check);
}

static void
begin_line(dba_backup_check *check)
{
	check->part = choose_part(check);
	json_reader_reset(&check->reader);
	check->reader.max_text = check->part == BACKUP_ROWS ? BACKUP_MAX_TEXT : SIZE_MAX;
	if (check->part != BACKUP_ROWS && check->part != BACKUP_SKIP)
		backup_begin_head(check);
	check->row.depth = 0;
	check->part_bytes = 0;
	check->summed = check->part != BACKUP_TRAILER;
	if (check->summed)
		add_sums(check, check->prefix, check->prefix_len);
	read_piece(check, check->prefix, check->prefix_len);
}

/* Part of a line, without its newline. */
static void
feed_line(dba_backup_check *check, const char *data, size_t len)
{
	if (check->part == BACKUP_START)
	{
		size_t		part = PREFIX_NEEDED - check->prefix_len;

		part = part < len ? part : len;
		memcpy(check->prefix + check->prefix_len, data, part);
		check->prefix_len += part;
		if (check->prefix_len < PREFIX_NEEDED)
			return;
		begin_line(check);
		data += part;
		len -= part;
	}
	if (len == 0 || check->no_memory)
		return;
	if (check->summed)
		add_sums(check, data, len);
	read_piece(check, data, len);
}

static void
end_line(dba_backup_check *check, bool newline)
{
	const JsonValue *root;

	if (check->part == BACKUP_START)
		begin_line(check);
	if (newline && check->summed)
		add_sums(check, "\n", 1);
	if (check->part != BACKUP_SKIP && !check->no_memory && !json_reader_finish(&check->reader))
		refuse_line(check);
	root = check->builder->root;
	if (!check->no_memory && (check->part == BACKUP_HEADER || check->part == BACKUP_TABLE ||
							  check->part == BACKUP_TRAILER))
	{
		if (check->part == BACKUP_HEADER)
			read_header(check, root);
		else if (check->part == BACKUP_TABLE)
			read_table(check, root);
		else
			read_trailer(check, root);
	}
	if (check->line == 1 && check->part == BACKUP_SKIP)
		check->fatal = true;
	check->part = BACKUP_START;
	check->prefix_len = 0;
	check->line++;
}

void
backup_lines_begin(dba_backup_check *check)
{
	json_reader_init(&check->reader, line_token, check);
	check->part = BACKUP_START;
}

void
backup_lines_feed(dba_backup_check *check, const char *data, size_t len)
{
	const char *end = data + len;

	while (data < end && !check->no_memory && !check->fatal)
	{
		const char *newline = memchr(data, '\n', (size_t) (end - data));

		feed_line(check, data, (size_t) ((newline != NULL ? newline : end) - data));
		if (newline == NULL)
			break;
		if (!check->no_memory)
			end_line(check, true);
		data = newline + 1;
	}
}

void
backup_lines_end(dba_backup_check *check)
{
	if (!check->fatal && !check->no_memory &&
		(check->part != BACKUP_START || check->prefix_len > 0))
		end_line(check, false);
	if (!check->ended && !check->fatal)
		backup_error(check, "line %zu: the file ends without its trailer: it is cut off",
					 check->line);
}
