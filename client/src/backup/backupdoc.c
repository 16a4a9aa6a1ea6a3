/*
 * backupdoc.c
 *		A json backup (version 1.1): one document, tables as members.
 *
 * The document is read in pieces, as a stream of tokens; only metadata is kept, to be
 * compared with what was counted.  depth says where a token stands: in the document, in
 * metadata, in a table's array, in a row.
 */
#include <stdlib.h>
#include <string.h>

#include "backup/backupfile.h"

/* The value of a member of the document begins. */
static bool
begin_member(dba_backup_check *check, JsonToken token)
{
	if (check->part == BACKUP_HEADER)
	{
		if (token != JSON_OBJECT_START)
			return backup_error(check, "line %zu: \"metadata\" must be an object",
								backup_line(check));
		return json_builder_token(check->builder, token, NULL, 0);
	}
	if (token != JSON_ARRAY_START)
		return backup_error(check, "line %zu: table \"%s\" must be an array of rows",
							backup_line(check), check->row.table->name);
	check->part = BACKUP_ROWS;
	return true;
}

/* The name of a member of the document. */
static bool
read_member_name(dba_backup_check *check, const char *text, size_t len)
{
	char		name[1024];

	if (len == strlen("metadata") && memcmp(text, "metadata", len) == 0)
	{
		if (check->metadata != NULL)
			return backup_error(check, "line %zu: \"metadata\" comes twice", backup_line(check));
		check->part = BACKUP_HEADER;
		check->part_bytes = 0;
		backup_begin_head(check);
		return true;
	}
	if (len >= sizeof(name))
		return backup_error(check, "line %zu: a table's name is longer than %zu bytes",
							backup_line(check), sizeof(name));
	memcpy(name, text, len);
	name[len] = '\0';
	check->part = BACKUP_TABLE;
	return backup_table_begin(check, name);
}

/* What stands in the document itself, outside rows and metadata. */
static bool
read_document(dba_backup_check *check, JsonToken token, const char *text, size_t len)
{
	if (check->doc_depth == 0)
	{
		if (token != JSON_OBJECT_START)
			return backup_error(check, "line %zu: a backup must be an object", backup_line(check));
		check->doc_depth = 1;
		return true;
	}
	if (token == JSON_NAME)
		return read_member_name(check, text, len);
	if (token == JSON_OBJECT_END && check->part == BACKUP_START)
	{
		check->ended = true;
		return true;
	}
	return begin_member(check, token);
}

static bool
read_metadata(dba_backup_check *check, JsonToken token, const char *text, size_t len)
{
	check->part_bytes += len;
	if (check->part_bytes > BACKUP_MAX_HEAD)
		return backup_error(check, "line %zu: \"metadata\" is longer than %d bytes",
							backup_line(check), BACKUP_MAX_HEAD);
	if (!json_builder_token(check->builder, token, text, len))
		return false;
	if (check->builder->done)
	{
		check->metadata = check->builder->root;
		check->part = BACKUP_START;
	}
	return true;
}

static bool
doc_token(void *arg, JsonToken token, const char *text, size_t len)
{
	dba_backup_check *check = arg;

	if (check->part == BACKUP_HEADER && check->builder->depth > 0)
		return read_metadata(check, token, text, len);
	if (check->part != BACKUP_ROWS)
		return read_document(check, token, text, len);
	if (token == JSON_ARRAY_END && check->row.depth == 0)
	{
		backup_table_end(check);
		check->part = BACKUP_START;
		return true;
	}
	return backup_row_token(check, token, text, len);
}

void
backup_doc_begin(dba_backup_check *check)
{
	json_reader_init(&check->reader, doc_token, check);
	check->reader.allow_nan = true;
	check->reader.max_text = BACKUP_MAX_TEXT;
	check->part = BACKUP_START;
}

static void
refuse_document(dba_backup_check *check)
{
	check->fatal = true;
	if (check->reader.no_memory || check->builder->no_memory)
		check->no_memory = true;
	else if (check->reader.problem != NULL)
		backup_error(check, "line %zu, column %zu: %s", check->reader.line, check->reader.column,
					 check->reader.problem);
	else if (check->builder->duplicate != NULL)
		backup_error(check, "line %zu: member \"%s\" comes twice", check->reader.line,
					 check->builder->duplicate);
}

void
backup_doc_feed(dba_backup_check *check, const char *data, size_t len)
{
	/* in pieces, so that the line a message names is near */
	while (len > 0 && !check->fatal && !check->no_memory)
	{
		const char *newline = memchr(data, '\n', len);
		size_t		part = newline != NULL ? (size_t) (newline - data) + 1 : len;

		if (!json_reader_feed(&check->reader, data, part))
			refuse_document(check);
		data += part;
		len -= part;
	}
}

/* "<table>_count" of the metadata against what was found. */
static void
check_counts(dba_backup_check *check)
{
	Buf			name = BUF_INIT;

	for (const BackupTable *table = check->tables.first; table != NULL; table = table->next)
	{
		const JsonValue *count;

		if (!table->seen)
			continue;
		buf_reset(&name);
		buf_printf(&name, "%s_count", table->name);
		check->no_memory |= !buf_ok(&name);
		count = json_member(check->metadata, buf_text(&name));
		if (count == NULL)
			backup_warning(check, "metadata: no \"%s\"", buf_text(&name));
		else if (count->type != JSON_TYPE_NUMBER || strtoull(count->text, NULL, 10) != table->rows)
			backup_error(check, "metadata: \"%s\" is %s, but there are %zu rows", buf_text(&name),
						 count->type == JSON_TYPE_NUMBER ? count->text
														 : json_type_name(count->type),
						 table->rows);
	}
	buf_free(&name);
}

void
backup_doc_end(dba_backup_check *check)
{
	const JsonValue *version;

	if (check->fatal || check->no_memory)
		return;
	if (!json_reader_finish(&check->reader))
	{
		backup_error(check, "line %zu, column %zu: %s: the file is cut off", check->reader.line,
					 check->reader.column, check->reader.problem);
		return;
	}
	if (check->metadata == NULL)
	{
		backup_error(check, "\"metadata\" is missing: this is not a backup");
		return;
	}
	version = json_member(check->metadata, "version");
	if (version == NULL || version->type != JSON_TYPE_STRING ||
		strncmp(version->text, "1.", 2) != 0)
		backup_error(check, "metadata: version \"%s\" is not known here",
					 version != NULL && version->type == JSON_TYPE_STRING ? version->text : "");
	check_counts(check);
}
