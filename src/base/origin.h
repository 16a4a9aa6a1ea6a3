/*
 * origin.h
 *	  What this database is called in backups.
 */
#ifndef DB_ADAPTER_ORIGIN_H
#define DB_ADAPTER_ORIGIN_H

/*
 * The database's origin, for those who only read: NULL, with a warning, where it is a
 * copy that has none of its own yet.
 */
extern char *origin_read(void);

/* The same for those who write: one is made where there is none. */
extern char *origin_ensure(void);

#endif							/* DB_ADAPTER_ORIGIN_H */
