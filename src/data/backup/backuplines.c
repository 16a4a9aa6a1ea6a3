/*
 * backuplines.c
 *	  The lines of a backup that are no rows, and the sums over all of them.
 *
 * Sums run over what the file will hold, UTF-8, line breaks included, but for the
 * trailer that names them.  The lines of both formats are put together here as text,
 * since a jsonb would not keep the order of members, and a stream must tell its format
 * first.  Rows themselves are the row writer's; they are only counted here.  Metadata
 * of the caller's never replaces a member that the backup writes itself.
 */
#include "postgres.h"

#include "access/xact.h"
#include "base/compat.h"
#include "base/json.h"
#include "base/origin.h"
#include "commands/dbcommands.h"
#include "common/sha2.h"
#include "data/backup/backuplines.h"
#include "data/backupschema/backupschemaoutside.h"
#include "data/row/columntype.h"
#include "data/select/selection.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* By the byte before it: nothing has to remember whether a member came. */
static void
put_key(StringInfo out, const char *key)
{
	char		last = out->data[out->len - 1];

	if (last != '{' && last != '[')
		appendStringInfoChar(out, ',');
	json_escape(out, key, strlen(key));
	appendStringInfoChar(out, ':');
}

static void
put_string(StringInfo out, const char *key, const char *value)
{
	put_key(out, key);
	json_escape(out, value, strlen(value));
}

static void
put_jsonb(StringInfo out, const char *key, Jsonb *value)
{
	put_key(out, key);
	JsonbToCString(out, &value->root, VARSIZE(value));
}

/* {"authors":1,"books":0}; with_zero leaves out what is none. */
static void
put_counts(const BackupLines *l, StringInfo out, const char *key, const int64 *counts,
		   bool with_zero)
{
	put_key(out, key);
	appendStringInfoChar(out, '{');
	for (int i = 0; i < l->schema->ntables; i++)
	{
		if (counts[i] == 0 && !with_zero)
			continue;
		put_key(out, l->schema->tables[i].name);
		appendStringInfo(out, INT64_FORMAT, counts[i]);
	}
	appendStringInfoChar(out, '}');
}

/* When the transaction began; in UTC, and not by the session's time zone. */
static char *
created_at(void)
{
	StringInfoData text;
	struct pg_tm tm;
	fsec_t		fsec;

	initStringInfo(&text);
	if (timestamp2tm(GetCurrentTransactionStartTimestamp(), NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "transaction timestamp out of range");
	appendStringInfo(&text, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", tm.tm_year, tm.tm_mon,
					 tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, (int) fsec);
	return text.data;
}

/* Refused, not left out: a caller who names such a member means something by it. */
static bool
put_own_metadata(const char *key, JsonbValue *value, void *arg)
{
	static const char *const reserved[] = {"created_at",	 "user_id",	 "backup_type", "provider",
										   "server_version", "database", "tables",		"version",
										   "complete",		 NULL};
	JsonbValue	copy = *value;

	for (const char *const *r = reserved; *r != NULL; r++)
		if (strcmp(*r, key) == 0)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("metadata cannot set \"%s\"", key),
							errdetail("The backup writes that member itself.")));
	put_jsonb(arg, key, JsonbValueToJsonb(&copy));
	return true;
}

/* Whether no row is left out of which a restore could take that it is gone. */
static bool
is_complete(const BackupLines *l)
{
	const BackupOptions *options = l->options;

	if (options->keys != NULL || JsonContainerSize(&options->filters->root) > 0)
		return false;
	for (int i = 0; i < l->schema->ntables; i++)
		if (l->schema->tables[i].filter != NULL ||
			(options->row_security && relation_hides_rows(l->schema->tables[i].rel->oid)))
			return false;
	return true;
}

/* The members that both formats share, into an open object. */
static void
put_metadata(const BackupLines *l, StringInfo out)
{
	put_string(out, "created_at", created_at());
	put_key(out, "user_id");
	if (l->schema->tenant_row != NULL)
		json_escape(out, l->schema->tenant_row->name, strlen(l->schema->tenant_row->name));
	else if (l->options->user_id != NULL)
		json_escape(out, l->options->user_id, strlen(l->options->user_id));
	else
		appendStringInfoString(out, "null");
	put_string(out, "backup_type", l->options->keys == NULL ? "full" : "partial");
	put_key(out, "complete");
	appendStringInfoString(out, is_complete(l) ? "true" : "false");
	put_string(out, "provider", "postgres");
	put_key(out, "server_version");
	appendStringInfo(out, "%d", PG_VERSION_NUM);
	/* For people alone: what a restore goes by is the origin. */
	put_string(out, "database", get_database_name(MyDatabaseId));
	put_key(out, "tables");
	appendStringInfoChar(out, '[');
	for (int i = 0; i < l->schema->ntables; i++)
	{
		if (i > 0)
			appendStringInfoChar(out, ',');
		json_escape(out, l->schema->tables[i].name, strlen(l->schema->tables[i].name));
	}
	appendStringInfoChar(out, ']');
	json_visit(&l->options->metadata->root, put_own_metadata, out);
}

static void
check_hash(int result)
{
	if (result < 0)
		elog(ERROR, "could not compute a SHA-256 hash");
}

/* What the file holds is UTF-8 whatever the server's encoding: that is summed. */
void
backuplines_count(BackupLines *l, const char *data, int len)
{
	char	   *utf8 = pg_server_to_any(data, len, PG_UTF8);

	/*
	 * Such a database promises nothing of its bytes; what is no UTF-8 could not be
	 * restored anywhere.
	 */
	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		(void) pg_verify_mbstr(PG_UTF8, data, len, false);
	if (utf8 != data)
		len = strlen(utf8);
	l->bytes += len;
	COMP_CRC32C(l->crc, utf8, len);
	if (l->sha != NULL)
		check_hash(pg_cryptohash_update(l->sha, (uint8 *) utf8, len));
	if (utf8 != data)
		pfree(utf8);
}

/* Once: a context that was finished gives nothing more. */
static void
finish_hash(BackupLines *l)
{
	uint8		digest[PG_SHA256_DIGEST_LENGTH];

	if (l->sha == NULL)
		return;
	check_hash(pg_cryptohash_final(l->sha, digest, sizeof(digest)));
	l->sha256 = palloc0(2 * sizeof(digest) + 1);
	(void) hex_encode((char *) digest, sizeof(digest), l->sha256);
}

/* Whose values the file has as they stood. */
static void
put_raws(const BackupLines *l, StringInfo out)
{
	ListCell   *lc;
	ListCell   *lc2;

	put_key(out, "raw");
	appendStringInfoChar(out, '[');
	foreach(lc, l->raws)
	{
		const OutsideKey *raw = lfirst(lc);

		appendStringInfoString(out, lc == list_head(l->raws) ? "{" : ",{");
		put_string(out, "table", raw->table);
		put_key(out, "columns");
		appendStringInfoChar(out, '[');
		foreach(lc2, raw->columns)
		{
			appendStringInfoString(out, lc2 == list_head(raw->columns) ? "" : ",");
			json_escape(out, lfirst(lc2), strlen(lfirst(lc2)));
		}
		appendStringInfoChar(out, ']');
		put_string(out, "foreign_key", raw->name);
		put_string(out, "to", raw->target);
		appendStringInfoChar(out, '}');
	}
	appendStringInfoChar(out, ']');
}

/* To which rows refer by their place in the list. */
static void
put_origins(const BackupLines *l, StringInfo out)
{
	List	   *origins = l->homes != NULL ? backuphomes_origins(l->homes) : NIL;
	ListCell   *lc;

	if (origins == NIL)
		return;
	put_key(out, "origins");
	appendStringInfoChar(out, '[');
	foreach(lc, origins)
	{
		appendStringInfoString(out, lc == list_head(origins) ? "" : ",");
		json_escape(out, lfirst(lc), strlen(lfirst(lc)));
	}
	appendStringInfoChar(out, ']');
}

void
backuplines_header(const BackupLines *l, StringInfo out)
{
	char	   *origin;

	/* Version 1.1 has its metadata at the end. */
	if (l->options->format == BACKUP_JSON)
		return;
	appendStringInfo(out, "{\"format\":\"db_adapter.backup\",\"version\":\"%s\",\"metadata\":{",
					 l->newer ? "2.1" : "2.0");
	put_metadata(l, out);
	appendStringInfoChar(out, '}');
	put_jsonb(out, "backup_schema", l->options->backup_schema);
	/* Read, not made: a backup runs on a standby and in a transaction that may not write. */
	origin = origin_read();
	if (origin != NULL)
		put_string(out, "origin", origin);
	put_origins(l, out);
	if (l->raws != NIL)
		put_raws(l, out);
	/* A reader of the stream must know from the start what it will have to compare. */
	if (l->options->checksum == CHECKSUM_SHA256)
		put_string(out, "checksum", "sha256");
	appendStringInfoString(out, "}\n");
}

void
backuplines_table(const BackupLines *l, StringInfo out, const BackupTable *table,
				  const BackupSection *section)
{
	if (l->options->format == BACKUP_JSON)
	{
		/* A line ends the list before and begins the next, so that chunks are whole lines. */
		appendStringInfoString(out, table->index == 0 ? "{" : "],");
		json_escape(out, table->name, strlen(table->name));
		appendStringInfoString(out, ":[\n");
		return;
	}
	appendStringInfoChar(out, '{');
	put_string(out, "table", table->name);
	put_key(out, "columns");
	appendStringInfoChar(out, '{');
	for (int i = 0; i < table->rel->ncolumns; i++)
	{
		RelationColumn *column = &table->rel->columns[i];

		if (selection_has_column(table, column))
			put_string(out, column->name, columntype_name(column->type, column->typmod));
	}
	appendStringInfoChar(out, '}');
	if (table->lookup == LOOKUP_CREATE)
		put_string(out, "lookup", "create");
	else if (table->lookup == LOOKUP_FIND)
	{
		put_key(out, "lookup");
		appendStringInfoString(out, "true");
	}
	if (section->referenced > 0)
	{
		put_key(out, "referenced");
		appendStringInfo(out, INT64_FORMAT, section->referenced);
	}
	if (section->keep_ids)
		put_string(out, "ids", "keep");
	if (l->homes != NULL && backuphomes_member(l->homes, table) != NULL)
		put_string(out, "home", backuphomes_member(l->homes, table));
	appendStringInfoString(out, "}\n");
}

/* Of a copy, so that a summary can be asked for in between. */
static char *
crc_text(const BackupLines *l)
{
	pg_crc32c	crc = l->crc;

	FIN_CRC32C(crc);
	return psprintf("%08x", crc);
}

static bool
has_leaks(const BackupLines *l)
{
	for (int i = 0; i < l->schema->ntables; i++)
		if (l->leaks[i] > 0)
			return true;
	return false;
}

static void
put_metadata_last(const BackupLines *l, StringInfo out)
{
	appendStringInfoString(out, l->schema->ntables > 0 ? "],\"metadata\":{" : "{\"metadata\":{");
	put_metadata(l, out);
	put_string(out, "version", "1.1");
	for (int i = 0; i < l->schema->ntables; i++)
	{
		put_key(out, psprintf("%s_count", l->schema->tables[i].name));
		appendStringInfo(out, INT64_FORMAT, l->rows[i]);
	}
	if (has_leaks(l))
		put_counts(l, out, "leaks", l->leaks, false);
	appendStringInfoString(out, "}}\n");
}

void
backuplines_trailer(BackupLines *l, StringInfo out)
{
	if (l->options->format == BACKUP_JSON)
	{
		put_metadata_last(l, out);
		return;
	}
	appendStringInfoString(out, "{\"end\":true");
	put_counts(l, out, "record_counts", l->rows, true);
	if (has_leaks(l))
		put_counts(l, out, "leaks", l->leaks, false);
	put_key(out, "bytes");
	appendStringInfo(out, INT64_FORMAT, l->bytes);
	put_string(out, "crc32c", crc_text(l));
	finish_hash(l);
	if (l->sha256 != NULL)
		put_string(out, "sha256", l->sha256);
	appendStringInfoString(out, "}\n");
}

static void
write_counts(const BackupLines *l, JsonWriter *w, const char *key, const int64 *counts,
			 bool with_zero)
{
	json_key(w, key);
	json_begin_object(w);
	for (int i = 0; i < l->schema->ntables; i++)
		if (counts[i] > 0 || with_zero)
			json_put_int(w, l->schema->tables[i].name, counts[i]);
	json_end_object(w);
}

void
backuplines_summary(const BackupLines *l, JsonWriter *w)
{
	write_counts(l, w, "record_counts", l->rows, true);
	write_counts(l, w, "leaks", l->leaks, false);
	json_put_int(w, "bytes", l->bytes);
	json_put_string(w, "crc32c", crc_text(l));
	if (l->sha256 != NULL)
		json_put_string(w, "sha256", l->sha256);
}

/*
 * While a transaction aborts its resource owner frees the hash; else it is ours.
 */
static void
free_hash(void *arg)
{
	if (IsTransactionState())
		pg_cryptohash_free(((BackupLines *) arg)->sha);
}

BackupLines *
backuplines_create(const BackupOptions *options, const BackupSchema *schema)
{
	BackupLines *l = palloc0(sizeof(BackupLines));

	l->options = options;
	l->schema = schema;
	l->rows = palloc0(sizeof(int64) * Max(schema->ntables, 1));
	l->leaks = palloc0(sizeof(int64) * Max(schema->ntables, 1));
	INIT_CRC32C(l->crc);
	if (options->checksum == CHECKSUM_SHA256)
	{
		l->sha = pg_cryptohash_create(PG_SHA256);
		l->on_reset.func = free_hash;
		l->on_reset.arg = l;
		MemoryContextRegisterResetCallback(CurrentMemoryContext, &l->on_reset);
		check_hash(pg_cryptohash_init(l->sha));
	}
	return l;
}
