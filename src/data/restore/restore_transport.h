/*
 * restore_transport.h
 *	  How a batch gets into a statement, by what the table is.
 */
#ifndef DB_ADAPTER_RESTORE_TRANSPORT_H
#define DB_ADAPTER_RESTORE_TRANSPORT_H

/* Defines db_adapter.restore_transport. */
extern void restore_transport_init(void);

#endif							/* DB_ADAPTER_RESTORE_TRANSPORT_H */
