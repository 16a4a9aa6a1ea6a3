/*
 * origin.h
 *	  What this database is called in backups.
 */
#ifndef DB_ADAPTER_ORIGIN_H
#define DB_ADAPTER_ORIGIN_H

/*
 * What the id of a set of rows born elsewhere is made of, as SQL: an origin, a table
 * as regclass, and a tenant or NULL, each an expression.
 */
#define ORIGIN_SET_ID(origin, table, tenant)                                                       \
	"encode(substr(sha256(convert_to(concat_ws('/', " origin "::text, " table "::text, " tenant    \
	"::text), 'UTF8')), 1, 16), 'hex')::uuid"

/*
 * The database's origin, for those who only read: NULL, with a warning, where it is a
 * copy that has none of its own yet.
 */
extern char *origin_read(void);
/* The same without the warning. */
extern char *origin_find(void);

/* The same for those who write: one is made where there is none. */
extern char *origin_ensure(void);

#endif							/* DB_ADAPTER_ORIGIN_H */
