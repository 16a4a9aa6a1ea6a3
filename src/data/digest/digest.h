/*
 * digest.h
 *	  The content of a table as hashes by natural key: the verb digest.
 */
#ifndef DB_ADAPTER_DIGEST_H
#define DB_ADAPTER_DIGEST_H

#include "funcapi.h"
#include "utils/jsonb.h"

typedef struct DigestOptions
{
	Jsonb	   *backup_schema;
	char	   *table;
	char	   *user_id;		/* NULL: every tenant */
	bool		has_buckets;	/* else a power of two near 16 times the root of the rows */
	int			buckets;
	char	   *hash;			/* "fast" or "sha256" */
} DigestOptions;

/* One row a bucket that holds rows: bucket, rows, digest. */
extern void digest_buckets(const DigestOptions *options, ReturnSetInfo *result);
/* One row a row in the buckets given (every one when wanted is NIL): match_key, digest. */
extern void digest_rows(const DigestOptions *options, List *wanted, ReturnSetInfo *result);

#endif							/* DB_ADAPTER_DIGEST_H */
