/*
 * expected_cache.c
 *	  Documents derived before, kept in a table for all sessions.
 *
 * Nobody has rights on the table; what is read and written here runs as the
 * extension's owner.  A document is found only by the role that derived it, by
 * the text itself, and only with the rights that deriving it would take.
 *
 * The cache only ever saves time.  A miss is no error, whatever its reason, and nothing
 * is kept of which it is not sure that deriving it again would give the same: a text
 * with code of its own, and one whose surroundings changed while it ran.  On a standby,
 * where nothing can be derived, it is the one source of documents.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/xact.h"
#include "base/compat.h"
#include "base/query.h"
#include "base/texts.h"
#include "catalog/pg_extension.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "schema/model/document.h"
#include "schema/expected/expected_cache.h"
#include "schema/expected/expected_outside.h"
#include "schema/expected/expected_swap.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/rel.h"

/* More than this is never kept: the oldest go. */
#define CACHE_MAX_ENTRIES 64
#define CACHE_MAX_BYTES (64 * 1024 * 1024)

/* Settings of the session that a document may depend on. */
static const char *const settings[] = {"default_tablespace",
									   "default_table_access_method",
									   "default_toast_compression",
									   "DateStyle",
									   "IntervalStyle",
									   "TimeZone",
									   "timezone_abbreviations",
									   "bytea_output",
									   "extra_float_digits",
									   "lc_monetary",
									   "lc_numeric",
									   "lc_time",
									   "xmloption",
									   "array_nulls",
									   "transform_null_equals",
									   "quote_all_identifiers",
									   "server_version_num"};

/* ---- the key ---- */

/* Lengths keep neighbours apart. */
static void
put(StringInfo out, const char *text)
{
	appendStringInfo(out, "%zu:", text ? strlen(text) : 0);
	if (text != NULL)
		appendStringInfoString(out, text);
}

/* In the order of the table, which changes when one is altered: that only misses. */
static void
put_extensions(StringInfo out)
{
	Relation	rel = table_open(ExtensionRelationId, AccessShareLock);
	SysScanDesc scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	HeapTuple	tuple;
	bool		isnull;

	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_extension form = (Form_pg_extension) GETSTRUCT(tuple);
		Datum		version =
			heap_getattr(tuple, Anum_pg_extension_extversion, RelationGetDescr(rel), &isnull);

		put(out, NameStr(form->extname));
		put(out, isnull ? "" : TextDatumGetCString(version));
		appendStringInfo(out, "%u ", form->extnamespace);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
}

/*
 * By the role's oid and by its name: one that was renamed prints otherwise, and one
 * that bears a name given up by another is another.  The caller's texts may be large, so
 * they go into the hash without being copied; each is preceded by its length, so that
 * no two lists of texts give the same bytes.
 */
static bytea *
make_key(const ExpectedRequest *request, const char *search_path)
{
	StringInfoData head;
	bytea	   *key = palloc(VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	ListCell   *lc;

	initStringInfo(&head);
	appendStringInfo(&head, "%d %u %d %d ", DOCUMENT_VERSION, GetUserId(), request->numbered,
					 request->schemas_given);
	put(&head, GetUserNameFromId(GetUserId(), false));
	/* As the text will run with it, which need not be the session's. */
	put(&head, search_path);
	for (int i = 0; i < lengthof(settings); i++)
		put(&head, GetConfigOption(settings[i], true, false));
	foreach(lc, request->schemas)
		put(&head, lfirst(lc));
	put_extensions(&head);

	if (hash == NULL || pg_cryptohash_init(hash) < 0)
		elog(ERROR, "could not compute a hash");
	foreach(lc, request->texts)
	{
		appendStringInfo(&head, "text %zu:", strlen(lfirst(lc)));
		if (pg_cryptohash_update(hash, (uint8 *) head.data, head.len) < 0 ||
			pg_cryptohash_update(hash, (uint8 *) lfirst(lc), strlen(lfirst(lc))) < 0)
			elog(ERROR, "could not compute a hash");
		resetStringInfo(&head);
	}
	if (pg_cryptohash_update(hash, (uint8 *) head.data, head.len) < 0 ||
		pg_cryptohash_final(hash, (uint8 *) VARDATA(key), PG_SHA256_DIGEST_LENGTH) < 0)
		elog(ERROR, "could not compute a hash");
	pg_cryptohash_free(hash);
	SET_VARSIZE(key, VARHDRSZ + PG_SHA256_DIGEST_LENGTH);
	return key;
}

/* ---- reading ---- */

typedef struct CacheRow
{
	MemoryContext cxt;
	CacheEntry	entry;
	Jsonb	   *document;		/* NULL: no row */
} CacheRow;

static bool
take_row(TupleTableSlot *slot, void *arg)
{
	CacheRow   *row = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(row->cxt);

	slot_getallattrs(slot);
	row->entry.schemas = texts_from_array(slot->tts_values[0]);
	row->entry.words = texts_from_array(slot->tts_values[1]);
	row->entry.fingerprint = DatumGetByteaPCopy(slot->tts_values[2]);
	row->document = DatumGetJsonbPCopy(slot->tts_values[3]);
	MemoryContextSwitchTo(oldcxt);
	return false;
}

static bool
same_bytes(const bytea *a, const bytea *b)
{
	return VARSIZE_ANY(a) == VARSIZE_ANY(b) &&
		   memcmp(VARDATA_ANY(a), VARDATA_ANY(b), VARSIZE_ANY_EXHDR(a)) == 0;
}

static Jsonb *
missed(const char *reason)
{
	elog(DEBUG1, "expected: not taken from the cache, %s", reason);
	return NULL;
}

/*
 * Several sessions may have stored one key at a time: the youngest row counts.  Rights
 * are asked for again at every hit, in the order in which they cost: who has lost them
 * since must not be shown what he could not derive.
 */
Jsonb *
cache_find(const ExpectedRequest *request, const char *search_path)
{
	CacheRow	row = {CurrentMemoryContext};
	Oid			types[] = {BYTEAOID};
	Datum		values[] = {PointerGetDatum(make_key(request, search_path))};

	query_run_as_owner("SELECT schemas, words, fingerprint, document"
					   "  FROM db_adapter.expected_cache"
					   " WHERE key = $1 ORDER BY id DESC LIMIT 1",
					   1, types, values, NULL, RecoveryInProgress(), take_row, &row);
	if (row.document == NULL)
		return missed("this text was not kept for this role, search path and settings");
	if (!swap_may(row.entry.schemas))
		return missed("the rights that deriving it takes are gone");
	if (!same_bytes(row.entry.fingerprint,
					outside_fingerprint(row.entry.schemas, row.entry.words, search_path)))
		return missed("what the text refers to outside of it has changed");
	elog(DEBUG1, "expected: taken from the cache");
	return row.document;
}

/* ---- writing ---- */

/*
 * Before the text runs: the fingerprint is of a state that nobody has swapped anything
 * in, and cache_store() asks whether it still holds.
 */
CacheEntry *
cache_prepare(const ExpectedRequest *request, const char *search_path, const DdlText *ddl,
			  List *schemas)
{
	CacheEntry *entry = palloc0(sizeof(CacheEntry));

	entry->key = make_key(request, search_path);
	entry->schemas = schemas;
	entry->words = ddltext_words(ddl);
	entry->fingerprint = outside_fingerprint(schemas, entry->words, search_path);
	return entry;
}

/*
 * Makes room for one more, and drops what it replaces.  Rows another session is about to
 * delete are its business: nobody waits here.  The limits hold but for sessions that
 * store at the same moment, which the next to come puts right.
 */
static void
make_room(const CacheEntry *entry, int size)
{
	Oid			types[] = {BYTEAOID, INT4OID, INT4OID};
	Datum		values[] = {PointerGetDatum(entry->key), Int32GetDatum(CACHE_MAX_ENTRIES - 1),
					  Int32GetDatum(CACHE_MAX_BYTES - size)};

	/* Elsewhere a row deleted meanwhile would be a serialization failure. */
	if (XactIsoLevel != XACT_READ_COMMITTED)
		return;
	query_run_as_owner(
		"DELETE FROM db_adapter.expected_cache WHERE id IN"
		" (SELECT id FROM db_adapter.expected_cache WHERE id IN"
		"  (SELECT id FROM"
		"    (SELECT id, key, row_number() OVER newest AS rank, sum(size) OVER newest AS total"
		"       FROM db_adapter.expected_cache WINDOW newest AS (ORDER BY id DESC)) ranked"
		"    WHERE key = $1 OR rank > $2 OR total > $3)"
		"  FOR UPDATE SKIP LOCKED)",
		3, types, values, NULL, false, NULL, NULL);
}

/*
 * What changed outside while the text ran may or may not show in the document, so such
 * a document is not kept.
 */
void
cache_store(const CacheEntry *entry, const char *search_path, Jsonb *document)
{
	int			size = VARSIZE(document);
	Oid			types[] = {BYTEAOID, TEXTARRAYOID, TEXTARRAYOID, BYTEAOID, INT4OID, JSONBOID};
	Datum		values[] = {PointerGetDatum(entry->key),	texts_to_array(entry->schemas),
					  texts_to_array(entry->words), PointerGetDatum(entry->fingerprint),
					  Int32GetDatum(size),			JsonbPGetDatum(document)};

	/* A reader and writer of one index would fail others that are serializable. */
	if (size > CACHE_MAX_BYTES / 2 || XactIsoLevel == XACT_SERIALIZABLE ||
		!same_bytes(entry->fingerprint,
					outside_fingerprint(entry->schemas, entry->words, search_path)))
	{
		elog(DEBUG1, "expected: not kept in the cache, it is %s",
			 size > CACHE_MAX_BYTES / 2			 ? "too large"
			 : XactIsoLevel == XACT_SERIALIZABLE ? "made in a serializable transaction"
												 : "outdated already");
		return;
	}
	make_room(entry, size);
	query_run_as_owner("INSERT INTO db_adapter.expected_cache"
					   " (key, schemas, words, fingerprint, size, document)"
					   " VALUES ($1, $2, $3, $4, $5, $6)",
					   6, types, values, NULL, false, NULL, NULL);
}
