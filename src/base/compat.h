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

/* NULLS NOT DISTINCT came with 15. */
#if PG_VERSION_NUM < 150000
#define INDEX_NULLS_NOT_DISTINCT(form) false
#else
#define INDEX_NULLS_NOT_DISTINCT(form) ((form)->indnullsnotdistinct)
#endif

#endif /* DB_ADAPTER_COMPAT_H */
