/*
 * paramtypes.h
 *	  Refuses a prepared statement whose parameters would have other types today.
 */
#ifndef DB_ADAPTER_PARAMTYPES_H
#define DB_ADAPTER_PARAMTYPES_H

/* From the call until the backend ends; a second call does nothing. */
extern void paramtypes_watch(void);

#endif							/* DB_ADAPTER_PARAMTYPES_H */
