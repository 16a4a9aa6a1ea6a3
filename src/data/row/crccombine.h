/*
 * crccombine.h
 *	  The checksum of two pieces put together, from theirs.
 */
#ifndef DB_ADAPTER_CRCCOMBINE_H
#define DB_ADAPTER_CRCCOMBINE_H

#include "port/pg_crc32c.h"

/* first and second are finished, and second is of len bytes. */
extern pg_crc32c crc_combine(pg_crc32c first, pg_crc32c second, int64 len);

#endif							/* DB_ADAPTER_CRCCOMBINE_H */
