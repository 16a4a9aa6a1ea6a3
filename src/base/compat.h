/*
 * compat.h
 *	  Differences between the supported PostgreSQL majors.
 *
 * Every test of PG_VERSION_NUM in the extension stands in this file, so that
 * the rest of the source reads as if there were one server version.
 */
#ifndef DB_ADAPTER_COMPAT_H
#define DB_ADAPTER_COMPAT_H

#if PG_VERSION_NUM < 140000 || PG_VERSION_NUM >= 190000
#error "db_adapter supports PostgreSQL 14 to 18"
#endif

/* 15 renamed the call that reserves a setting prefix. */
#if PG_VERSION_NUM < 150000
#define MarkGUCPrefixReserved(prefix) EmitWarningsOnPlaceholders(prefix)
#endif

/* 15 brought the call that makes a set-returning function answer with a tuplestore. */
#if PG_VERSION_NUM < 150000
#include "funcapi.h"
#include "miscadmin.h"

static inline void
InitMaterializedSRF(FunctionCallInfo fcinfo, bits32 flags)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MemoryContext oldcontext;

	Assert(flags == 0);
	if (result == NULL || !IsA(result, ReturnSetInfo) ||
		(result->allowedModes & SFRM_Materialize) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("materialize mode required, but it is not allowed in this context")));

	oldcontext = MemoryContextSwitchTo(result->econtext->ecxt_per_query_memory);
	if (get_call_result_type(fcinfo, NULL, &result->setDesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	result->setResult = tuplestore_begin_heap((result->allowedModes & SFRM_Materialize_Random) != 0,
											  false, work_mem);
	result->returnMode = SFRM_Materialize;
	MemoryContextSwitchTo(oldcontext);
}
#endif

/* NULLS NOT DISTINCT came with 15. */
#if PG_VERSION_NUM < 150000
#define INDEX_NULLS_NOT_DISTINCT(form) false
#else
#define INDEX_NULLS_NOT_DISTINCT(form) ((form)->indnullsnotdistinct)
#endif

#endif /* DB_ADAPTER_COMPAT_H */
