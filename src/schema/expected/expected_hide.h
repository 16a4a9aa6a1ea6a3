/*
 * expected_hide.h
 *	  What has no schema and yet would be absent from a new database.
 */
#ifndef DB_ADAPTER_EXPECTED_HIDE_H
#define DB_ADAPTER_EXPECTED_HIDE_H

/*
 * Takes default privileges of the whole database and publications out of the
 * catalogs, until the current subtransaction is rolled back.
 */
extern void hide_schemaless(void);

#endif							/* DB_ADAPTER_EXPECTED_HIDE_H */
