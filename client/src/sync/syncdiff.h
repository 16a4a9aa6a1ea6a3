/*
 * syncdiff.h
 *		What differs between a table here and there, from digests of its rows.
 *
 * No server takes part: sync.c brings the digests.  Buckets come first, and where
 * their sums differ the rows in them, each with its match key.
 */
#ifndef DBA_SYNCDIFF_H
#define DBA_SYNCDIFF_H

#include <stdint.h>

#include "base/array.h"
#include "json/json.h"

/* enough of a digest: to tell the rows of a bucket apart, and sums of buckets */
#define SYNC_DIGEST_SIZE 9
#define SYNC_SUM_SIZE 8

typedef enum SyncWhere
{
	SYNC_SOURCE,
	SYNC_DESTINATION,
	SYNC_SIDES
} SyncWhere;

typedef struct SyncRow
{
	const char *key;			/* JSON text as the server prints it */
	uint8_t		digest[SYNC_DIGEST_SIZE];
} SyncRow;

typedef struct SyncSide
{
	int64_t		total;			/* rows of the table */
	size_t		buckets;
	uint64_t   *sums;			/* one a bucket */
	ARRAY_OF(SyncRow) rows;		/* of the buckets that differ */
	ARRAY_OF(size_t) lone;		/* where the rows of each key begin that the other side lacks */
} SyncSide;

typedef struct SyncTable
{
	const char *name;
	const JsonValue *slug;		/* the columns of the match key declared, or NULL */
	Arena		arena;			/* of the keys */
	SyncSide	sides[SYNC_SIDES];
	size_t		buckets;		/* that both can be compared in */
	bool		chosen;			/* the others are there to be referred to */
	bool		listed;			/* some rows are to be listed */

	int64_t		fresh;			/* only in the source */
	int64_t		changed;
	int64_t		same;
	int64_t		only_there;		/* only in the destination */
	int64_t		ambiguous;		/* several rows under one match key, or one without: left alone */
	bool		move_all;		/* there are none there */
	Buf			move;			/* match keys, with commas between them */
	Buf			drop;			/* those of rows only there */
	bool		withheld;		/* these are left alone for now */
	bool		aside;			/* these have given up their unique values */
	bool		stuck;			/* that was of no use, or they did not go then */
} SyncTable;

/* how many buckets the server divides that many rows into */
extern size_t sync_buckets(int64_t rows);

/* Takes the sums of one side: base64 of an int4 and SYNC_SUM_SIZE bytes for each bucket with rows
 * (NULL: none).  false: not what was expected, or no memory. */
extern bool sync_take_sums(SyncTable *table, SyncWhere where, int64_t rows, const char *base64);

/*
 * Compares the sums of both sides.  Writes the buckets whose rows must be listed as
 * elements of a JSON array; with `drop` rows only there must be, in any case.
 */
extern bool sync_compare_sums(SyncTable *table, bool drop, Buf *buckets);

/* takes one row: its key and base64 of its digest */
extern bool sync_take_row(SyncTable *table, SyncWhere where, const char *key, const char *base64);

/*
 * Writes the keys that are on one side only, each side's as elements of a JSON array,
 * where there are some on both: one may be equal to another and yet be written in another
 * way.  false: no memory.
 */
extern bool sync_lone_keys(SyncTable *table, Buf *keys, Buf *others);

/* The destination says that these two, by their places in the arrays, are one key. */
extern bool sync_take_match(SyncTable *table, int64_t key, int64_t other);

/* Compares the rows: the counts, and the keys to be moved (with those of changed
 * rows if asked) and to be dropped.  false: no memory. */
extern bool sync_compare_rows(SyncTable *table, bool move_changed);

extern void sync_table_free(SyncTable *table);

#endif							/* DBA_SYNCDIFF_H */
