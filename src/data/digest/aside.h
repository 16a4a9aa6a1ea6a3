/*
 * aside.h
 *	  Rows that are to go let others have their unique values: the verb set_aside.
 */
#ifndef DB_ADAPTER_ASIDE_H
#define DB_ADAPTER_ASIDE_H

#include "funcapi.h"
#include "utils/jsonb.h"

typedef struct AsideOptions
{
	Jsonb	   *backup_schema;
	Jsonb	   *keys;			/* as digest_rows() returns them */
	char	   *user_id;		/* NULL: every tenant */
} AsideOptions;

/* One row a table that keys name: table, how many of its rows stepped aside. */
extern void aside_run(const AsideOptions *options, ReturnSetInfo *result);

#endif							/* DB_ADAPTER_ASIDE_H */
