/*
 * hash128.h
 *	  A fast 128-bit hash of bytes, the same on every machine and release.
 */
#ifndef DB_ADAPTER_HASH128_H
#define DB_ADAPTER_HASH128_H

typedef struct Hash128
{
	uint64		word[2];
} Hash128;

extern Hash128 hash128(const char *data, size_t len);

#endif							/* DB_ADAPTER_HASH128_H */
