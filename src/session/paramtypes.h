/*
 * paramtypes.h
 *	  Refuses a prepared statement whose parameters would have other types today.
 */
#ifndef DB_ADAPTER_PARAMTYPES_H
#define DB_ADAPTER_PARAMTYPES_H

/* from now on, in this session; once is enough */
extern void paramtypes_watch(void);

#endif							/* DB_ADAPTER_PARAMTYPES_H */
