/*
 * expected_cache.h
 *	  Documents derived before, kept in a table for all sessions.
 *
 * Deriving costs seconds for a large text, and every run leaves dead rows in the
 * catalogs.  A document is served again to the same role for the same text while
 * nothing has changed that the text may have seen outside of its own schemas.
 */
#ifndef DB_ADAPTER_EXPECTED_CACHE_H
#define DB_ADAPTER_EXPECTED_CACHE_H

#include "schema/ddl/ddltext.h"
#include "schema/expected/expected_request.h"
#include "utils/jsonb.h"

/* What is known before deriving, to be kept with the document. */
typedef struct CacheEntry
{
	bytea	   *key;
	List	   *schemas;		/* char *: those swapped */
	List	   *words;			/* char *: those in the text, sorted */
	bytea	   *fingerprint;	/* of what lies outside */
} CacheEntry;

/*
 * The document kept for this request, or NULL: also where the current user may not
 * swap its schemas any more, which deriving it will say.
 */
extern Jsonb *cache_find(const ExpectedRequest *request, const char *search_path);

extern CacheEntry *cache_prepare(const ExpectedRequest *request, const char *search_path,
								 const DdlText *ddl, List *schemas);
/* Keeps the document unless something outside changed since cache_prepare(). */
extern void cache_store(const CacheEntry *entry, const char *search_path, Jsonb *document);

#endif							/* DB_ADAPTER_EXPECTED_CACHE_H */
