/*
 * keymatch.h
 *	  Match keys of two databases that one of them calls equal: the verb match_keys.
 */
#ifndef DB_ADAPTER_KEYMATCH_H
#define DB_ADAPTER_KEYMATCH_H

#include "funcapi.h"
#include "utils/jsonb.h"

typedef struct KeyMatchOptions
{
	Jsonb	   *backup_schema;
	char	   *table;
	Jsonb	   *keys;			/* arrays of objects, as digest_rows() returns them */
	Jsonb	   *others;
	char	   *user_id;		/* NULL: every tenant */
} KeyMatchOptions;

/* One row a key that equals one of the others: key, other, both by their place from 0. */
extern void keymatch_run(const KeyMatchOptions *options, ReturnSetInfo *result);

#endif							/* DB_ADAPTER_KEYMATCH_H */
