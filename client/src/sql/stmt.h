/*
 * stmt.h
 *		SQL texts a client has run, with what the server said of them.
 *
 * A prepared statement's name is a 128-bit hash of its text, the same in every
 * client: behind a pooler a counter's name could run another client's SQL.  The
 * cache has a fixed number of slots; a connection remembers by slot what it has
 * prepared, and deallocates what a slot held before.
 */
#ifndef DBA_STMT_H
#define DBA_STMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libpq-fe.h>

#include "sql/guard.h"

#define STMT_BUCKETS 512
#define STMT_HASH_SIZE 16
#define STMT_NAME_SIZE 40

typedef struct Stmt Stmt;

struct Stmt
{
	char	   *sql;
	size_t		len;
	uint8_t		hash[STMT_HASH_SIZE];	/* its name on the server */
	unsigned	bucket;
	uint64_t	serial;			/* unique in its cache, not 0 */
	int			slot;			/* -1: not in the cache, run unnamed */
	int			refs;
	SqlGuard	guard;			/* what it may ask of its columns; none: zeroed */
	bool		described;
	int			nparams;
	Oid		   *params;			/* types, as the server infers them */
	int			ncolumns;
	Oid		   *columns;		/* of its rows */
	char *guarded; /* types of the guard's columns, as the server says; NULL: not known */
	char	   *run;			/* the guarded text, NULL: sql is run as it is */
	Stmt	   *bucket_next;
	Stmt	   *newer;			/* by last use */
	Stmt	   *older;
};

typedef struct StmtCache
{
	Stmt	  **slots;			/* `limit` of them */
	int			limit;
	Stmt	   *buckets[STMT_BUCKETS];
	Stmt	   *newest;
	Stmt	   *oldest;
	int			used;
	uint64_t	last_serial;
} StmtCache;

/* the statement of this text, with a reference for the caller; `cached` false
 * makes one that is forgotten after use; NULL: no memory */
extern Stmt *stmt_get(StmtCache *cache, const char *sql, size_t len, bool cached);
extern Stmt *stmt_ref(Stmt *stmt);
extern void stmt_unref(Stmt *stmt);

/* gives a new statement its guard, which is taken */
extern void stmt_set_guard(Stmt *stmt, SqlGuard *guard);

/* keep what a description says, and the types of the guard's columns (NULL: there can
 * be no guard); false: no memory */
extern bool stmt_describe(Stmt *stmt, const PGresult *description);
extern bool stmt_take_guard(Stmt *stmt, const char *answer);

/* all of it is here: what is run, and under which name.  changed: it is not what it was */
extern bool stmt_settle(StmtCache *cache, Stmt *stmt, bool *changed);

/* what is run */
static inline const char *
stmt_text(const Stmt *stmt)
{
	return stmt->run != NULL ? stmt->run : stmt->sql;
}

/* what is known may be wrong: describe it again */
extern void stmt_forget(Stmt *stmt);

/* the server-side name for a hash */
extern void stmt_name(const uint8_t *hash, char name[STMT_NAME_SIZE]);

extern void stmt_cache_free(StmtCache *cache);

/* SipHash-2-4 with 128 bits of result, exported for its test */
extern void stmt_hash(const void *data, size_t len, uint8_t out[STMT_HASH_SIZE]);

#endif							/* DBA_STMT_H */
