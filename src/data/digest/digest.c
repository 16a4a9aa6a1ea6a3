/*
 * digest.c
 *	  The content of a table as hashes by natural key: the verb digest.
 *
 * A row is hashed as the JSON text it would have in a backup, in UTF-8, without
 * ids (naturalrow.c): text is the one form that does not depend on server,
 * release, encoding or settings.  Rows fall into buckets by the hash of their
 * match key, and a bucket's digest is the sum of its rows', so that no order is
 * needed.  Two databases compare buckets first, then the rows of those that
 * differ.  To list the rows of few buckets the match keys alone are read first,
 * which tell where those rows lie; the others are never read whole.
 *
 * It assumes that both sides run the same release of this code, or one that writes the
 * same text, and says nothing where they do not: digests then differ.  It never holds
 * rows; memory is that of the buckets, or of the places of the rows that are asked
 * for.
 */
#include "postgres.h"

#include <math.h>

#include "base/argument.h"
#include "base/compat.h"
#include "base/json.h"
#include "catalog/pg_class.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "common/cryptohash.h"
#include "common/sha2.h"
#include "data/backupschema/backupschemaoutside.h"
#include "data/digest/digest.h"
#include "data/row/hash128.h"
#include "data/select/naturalrow.h"
#include "data/select/rowscan.h"
#include "data/select/tenant.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "port/pg_bswap.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/tuplesort.h"
#include "utils/tuplestore.h"

/* Buckets while the number of rows is not known: folded to fewer at the end. */
#define MAX_BUCKETS 65536
#define MAX_BUCKETS_ASKED (1 << 20)
#define FETCH_ROWS 1000
/* Listing up to one in so many buckets, a scan of the match keys comes first. */
#define FEW_BUCKETS 8
#define MAX_WORDS (PG_SHA256_DIGEST_LENGTH / sizeof(uint64))

typedef struct Sum
{
	int64		rows;
	uint64		word[MAX_WORDS];
} Sum;

typedef struct Digest
{
	RowScan	   *scan;
	NaturalRow *row;
	bool		formed;			/* the scan's writer knows the forms of row */
	pg_cryptohash_ctx *sha;		/* NULL for the fast hash */
	int			nwords;			/* of a digest */
	int			nbuckets;
	Sum		   *sums;			/* NULL when rows are listed */
	bool	   *wanted;			/* NULL: every bucket */
	int			nwanted;
	ItemPointerData *places;	/* where their rows lie; NULL: not known */
	int			nplaces;
	int			maxplaces;
	StringInfoData text;
	StringInfoData key;
	Tuplesortstate *twins;		/* digests of rows that may have any; or NULL */
	ReturnSetInfo *result;
} Digest;

/* Asks for memory that will be needed when the row is hashed: buckets come at random. */
static inline void
prefetch(const void *address)
{
#ifdef __GNUC__
	__builtin_prefetch(address, 1);
#endif
}

/* The text in UTF-8; what is not in that encoding is converted into the current context. */
static char *
utf8_text(StringInfo text, size_t *len)
{
	char	   *utf8 = pg_server_to_any(text->data, text->len, PG_UTF8);

	*len = utf8 == text->data ? text->len : strlen(utf8);
	return utf8;
}

static void
check_hash(int result)
{
	if (result < 0)
		elog(ERROR, "could not compute a SHA-256 hash");
}

/* The digest of the row whose text was written, as words. */
static void
hash_row(Digest *d, uint64 *words)
{
	size_t		len;
	char	   *text = utf8_text(&d->text, &len);

	if (d->sha == NULL)
	{
		Hash128		hash = hash128(text, len);

		memcpy(words, hash.word, sizeof(hash.word));
		return;
	}
	check_hash(pg_cryptohash_init(d->sha));
	check_hash(pg_cryptohash_update(d->sha, (uint8 *) text, len));
	check_hash(pg_cryptohash_final(d->sha, (uint8 *) words, PG_SHA256_DIGEST_LENGTH));
	for (int i = 0; i < d->nwords; i++)
		words[i] = pg_ntoh64(words[i]);
}

/* Words are big-endian in it: a digest means the same on every machine. */
static Datum
digest_datum(const Digest *d, const uint64 *words)
{
	Size		size = d->nwords * sizeof(uint64);
	bytea	   *bytes = palloc(VARHDRSZ + size);

	SET_VARSIZE(bytes, VARHDRSZ + size);
	for (int i = 0; i < d->nwords; i++)
	{
		uint64		word = pg_hton64(words[i]);

		memcpy(VARDATA(bytes) + i * sizeof(uint64), &word, sizeof(word));
	}
	return PointerGetDatum(bytes);
}

static void
put_row(Digest *d, const uint64 *words)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};

	/* The match key as a restore or delete_rows() takes it. */
	values[0] = DirectFunctionCall1(jsonb_in, CStringGetDatum(d->key.data));
	values[1] = digest_datum(d, words);
	tuplestore_putvalues(d->result->setResult, d->result->setDesc, values, nulls);
}

/*
 * The writer is there once the first row has come.  From then on a value that has equals
 * is written as the one that stands for them all.
 */
static void
use_forms(Digest *d)
{
	if (d->formed)
		return;
	d->formed = true;
	for (int i = 0; i < d->row->ncolumns; i++)
		if (d->row->forms[i] != NULL)
			rowwriter_use_form(d->scan->writer, i, d->row->forms[i], d->row->linked[i]);
}

/* By the columns that both servers compare alike; what is opaque decides no bucket. */
static int
bucket_of(Digest *d, TupleTableSlot *slot)
{
	size_t		len;
	char	   *key;

	use_forms(d);
	resetStringInfo(&d->key);
	rowwriter_write_columns(d->scan->writer, &d->key, slot, d->row->shared, d->row->nshared);
	key = utf8_text(&d->key, &len);
	return hash128(key, len).word[0] % d->nbuckets;
}

/* The whole match key, of which the bucket need not have seen every column. */
static void
write_key(Digest *d, TupleTableSlot *slot)
{
	if (d->row->nshared == d->row->nmatch)
		return;
	resetStringInfo(&d->key);
	rowwriter_write_columns(d->scan->writer, &d->key, slot, d->row->match, d->row->nmatch);
}

static bool
visit_row(TupleTableSlot *slot, void *arg)
{
	Digest	   *d = arg;
	int			bucket = bucket_of(d, slot);
	uint64		words[MAX_WORDS];

	if (d->wanted != NULL && !d->wanted[bucket])
		return true;
	if (d->sums != NULL)
		prefetch(&d->sums[bucket]);

	resetStringInfo(&d->text);
	rowwriter_write(d->scan->writer, &d->text, slot);
	hash_row(d, words);
	if (d->sums == NULL)
	{
		write_key(d, slot);
		put_row(d, words);
		return true;
	}
	if (d->twins != NULL)
		tuplesort_putdatum(d->twins, Int64GetDatum((int64) words[0]), false);
	d->sums[bucket].rows++;
	/* A sum and no exclusive or: two rows alike would cancel each other out. */
	for (int i = 0; i < d->nwords; i++)
		d->sums[bucket].word[i] += words[i];
	return true;
}

/* A match key, and behind it where its row lies. */
static bool
visit_key(TupleTableSlot *slot, void *arg)
{
	Digest	   *d = arg;
	bool		isnull;

	if (!d->wanted[bucket_of(d, slot)])
		return true;
	if (d->nplaces == d->maxplaces)
	{
		d->maxplaces *= 2;
		d->places = repalloc_huge(d->places, sizeof(ItemPointerData) * d->maxplaces);
	}
	d->places[d->nplaces++] =
		*(ItemPointer) DatumGetPointer(slot_getattr(slot, d->row->ncolumns + 1, &isnull));
	return true;
}

static void
choose_hash(Digest *d, const char *hash)
{
	static const char *const hashes[] = {"fast", "sha256", NULL};

	d->nwords = sizeof(Hash128) / sizeof(uint64);
	if (argument_choose(hash, hashes, "hash") == 1)
	{
		d->nwords = MAX_WORDS;
		d->sha = pg_cryptohash_create(PG_SHA256);
	}
}

static void
scan(Digest *d, Selection *s, int extra, QueryRow visit)
{
	d->formed = false;
	d->scan = rowscan_open(s, ROW_EXACT, extra, false, NULL, visit, d);
	while (rowscan_advance(d->scan, FETCH_ROWS))
		CHECK_FOR_INTERRUPTS();
	rowscan_close(d->scan);
}

/* Both scans are of one snapshot, so that no row moves in between. */
static void
find_places(Digest *d, const BackupSchema *schema, const BackupTable *table, const char *user_id)
{
	Selection  *s = selection_create(schema, user_id);

	d->maxplaces = FETCH_ROWS;
	d->places = palloc(sizeof(ItemPointerData) * d->maxplaces);
	d->row = naturalrow_select_keys(s, table);
	scan(d, s, 1, visit_key);
}

static bool
lists_few(const Digest *d, const BackupTable *table)
{
	return d->wanted != NULL && d->nwanted <= d->nbuckets / FEW_BUCKETS && table->rel->has_places;
}

static void
trace_scan(const Digest *d, const BackupTable *table)
{
	if (d->wanted == NULL)
		elog(DEBUG1, "digest: table \"%s\", %d buckets, every row is read", table->name,
			 d->nbuckets);
	else if (d->places == NULL)
		elog(DEBUG1, "digest: table \"%s\", rows of %d of %d buckets, every row is read",
			 table->name, d->nwanted, d->nbuckets);
	else
		elog(DEBUG1,
			 "digest: table \"%s\", rows of %d of %d buckets, whose match keys were read first: "
			 "%d rows are read whole",
			 table->name, d->nwanted, d->nbuckets, d->nplaces);
}

static void
scan_table(Digest *d, const DigestOptions *options)
{
	Jsonb	   *document = options->backup_schema;
	BackupSchema *schema = outside_bind(&document, true, false, NULL, NULL);
	Selection  *s = selection_create(schema, options->user_id);
	BackupTable *table = backupschema_table(schema, options->table, "argument \"table\"");

	outside_refuse_undeclared(schema, table);
	tenant_resolve(schema, options->user_id);
	if (d->sums != NULL && naturalrow_may_have_twins(schema, table))
		d->twins = tuplesort_begin_datum(INT8OID, Int8LessOperator, InvalidOid, false, work_mem,
										 NULL, false);
	choose_hash(d, options->hash);
	initStringInfo(&d->text);
	initStringInfo(&d->key);
	if (lists_few(d, table))
		find_places(d, schema, table, options->user_id);
	trace_scan(d, table);
	d->row = naturalrow_select(s, table);
	/* What is looked up is no part of what is compared. */
	if (table->lookup != LOOKUP_NONE)
		appendStringInfoString(&s->sql, " AND false");
	/* Still judged by bucket in visit_row(), so a list that is too long costs time alone. */
	if (d->places != NULL)
		selection_places(s, d->places, d->nplaces);
	scan(d, s, 0, visit_row);
	if (d->sha != NULL)
		pg_cryptohash_free(d->sha);
}

static bool
take_count(TupleTableSlot *slot, void *arg)
{
	bool		isnull;

	*(int64 *) arg = DatumGetInt64(slot_getattr(slot, 1, &isnull));
	return false;
}

/* Whether two rows have one digest: sorted, such stand side by side. */
static bool
has_twins(Tuplesortstate *sort)
{
	Datum		value;
	int64		before = 0;
	bool		isnull;
	bool		first = true;
	bool		found = false;

	tuplesort_performsort(sort);
	while (!found && compat_tuplesort_getdatum(sort, &value, &isnull))
	{
		found = !first && DatumGetInt64(value) == before;
		before = DatumGetInt64(value);
		first = false;
	}
	return found;
}

/*
 * What a digest cannot see is said, once for each table that has it.  To count it takes
 * another scan, which is made only where some rows hold the same.
 */
static void
warn_of_twins(Digest *d, const DigestOptions *options)
{
	Jsonb	   *document = options->backup_schema;
	BackupSchema *schema;
	Selection  *s;
	BackupTable *table;
	int64		rows = 0;
	bool		found = d->twins != NULL && has_twins(d->twins);

	if (d->twins != NULL)
		tuplesort_end(d->twins);
	if (!found)
		return;
	schema = outside_bind(&document, true, false, NULL, NULL);
	s = selection_create(schema, options->user_id);
	table = backupschema_table(schema, options->table, "argument \"table\"");
	tenant_resolve(schema, options->user_id);
	naturalrow_twins(s, table);
	query_run(s->sql.data, s->nargs, s->types, s->values, s->nulls, true, take_count, &rows);
	if (rows > 0)
		ereport(WARNING, (errmsg(INT64_FORMAT " rows of table \"%s\" hold the same as others, and "
											  "rows refer to them",
								 rows, table->name),
						  errdetail("To which of those that hold the same a row refers is not "
									"compared."),
						  errhint("Declare a match key that tells them apart.")));
}

static void
check_buckets(const DigestOptions *options)
{
	if (options->has_buckets && (options->buckets < 1 || options->buckets > MAX_BUCKETS_ASKED))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid number of buckets %d", options->buckets),
						errhint("It lies between 1 and %d.", MAX_BUCKETS_ASKED)));
}

/*
 * A power of two near 16 times the root of the rows.  Both the list of buckets and the
 * rows of one that differs then grow with the root alone.
 */
static int
buckets_for(int64 rows)
{
	int			buckets = 16;

	while (buckets < MAX_BUCKETS && buckets < 16 * sqrt((double) rows))
		buckets *= 2;
	return buckets;
}

/* Powers of two divide one another: the buckets that become one are added. */
static void
fold_buckets(Digest *d)
{
	int64		rows = 0;
	int			nbuckets;

	for (int i = 0; i < d->nbuckets; i++)
		rows += d->sums[i].rows;
	nbuckets = buckets_for(rows);
	for (int i = nbuckets; i < d->nbuckets; i++)
	{
		Sum		   *sum = &d->sums[i % nbuckets];

		sum->rows += d->sums[i].rows;
		for (int j = 0; j < d->nwords; j++)
			sum->word[j] += d->sums[i].word[j];
	}
	d->nbuckets = Min(d->nbuckets, nbuckets);
}

void
digest_buckets(const DigestOptions *options, ReturnSetInfo *result)
{
	Digest		d = {.result = result};

	check_buckets(options);
	d.nbuckets = options->has_buckets ? options->buckets : MAX_BUCKETS;
	d.sums = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Sum) * d.nbuckets);
	memset(d.sums, 0, sizeof(Sum) * d.nbuckets);
	scan_table(&d, options);
	warn_of_twins(&d, options);
	if (!options->has_buckets)
		fold_buckets(&d);
	for (int i = 0; i < d.nbuckets; i++)
	{
		Datum		values[3];
		bool		nulls[3] = {false, false, false};

		if (d.sums[i].rows == 0)
			continue;
		values[0] = Int32GetDatum(i);
		values[1] = Int64GetDatum(d.sums[i].rows);
		values[2] = digest_datum(&d, d.sums[i].word);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/*
 * As many buckets as digest_buckets() makes of its own.  By the count of rows, which
 * digest_buckets() has at its end and this one needs at its beginning.
 */
static int
default_buckets(const DigestOptions *options)
{
	BackupSchema *schema = backupschema_parse(&options->backup_schema->root, true);
	Selection  *s = selection_create(schema, options->user_id);
	BackupTable *table = backupschema_table(schema, options->table, "argument \"table\"");
	int64		rows = 0;

	backupschema_bind(schema);
	tenant_resolve(schema, options->user_id);
	if (table->lookup != LOOKUP_NONE)
		return buckets_for(0);
	appendStringInfoString(&s->sql, "SELECT pg_catalog.count(*)");
	selection_from(s, table);
	selection_where(s, table, NULL);
	query_run(s->sql.data, s->nargs, s->types, s->values, s->nulls, true, take_count, &rows);
	return buckets_for(rows);
}

void
digest_rows(const DigestOptions *options, List *wanted, ReturnSetInfo *result)
{
	Digest		d = {.result = result};
	ListCell   *lc;

	check_buckets(options);
	d.nbuckets = options->has_buckets ? options->buckets : default_buckets(options);
	if (wanted != NIL)
		d.wanted = palloc0(sizeof(bool) * d.nbuckets);
	foreach(lc, wanted)
	{
		if (lfirst_int(lc) < 0 || lfirst_int(lc) >= d.nbuckets)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("bucket %d does not exist", lfirst_int(lc)),
							errdetail("There are %d, from 0.", d.nbuckets)));
		/* One that is named twice counts once. */
		d.nwanted += !d.wanted[lfirst_int(lc)];
		d.wanted[lfirst_int(lc)] = true;
	}
	scan_table(&d, options);
}
