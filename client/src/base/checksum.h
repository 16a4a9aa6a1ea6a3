/*
 * checksum.h
 *		CRC-32C and SHA-256 of bytes that come in pieces.
 */
#ifndef DBA_CHECKSUM_H
#define DBA_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* begin with CRC32C_INIT, pass it through crc32c_add, end with crc32c_finish */
#define CRC32C_INIT UINT32_C(0xFFFFFFFF)

extern uint32_t crc32c_add(uint32_t crc, const void *data, size_t len);

/* the same on any processor */
extern uint32_t crc32c_add_sliced(uint32_t crc, const void *data, size_t len);

static inline uint32_t
crc32c_finish(uint32_t crc)
{
	return crc ^ UINT32_C(0xFFFFFFFF);
}

#define SHA256_SIZE 32
#define SHA256_BLOCK 64

typedef struct Sha256
{
	uint32_t	state[8];
	uint64_t	bytes;
	unsigned char block[SHA256_BLOCK];	/* bytes % SHA256_BLOCK of it are filled */
} Sha256;

extern void sha256_init(Sha256 *sha);
extern void sha256_add(Sha256 *sha, const void *data, size_t len);
extern void sha256_finish(Sha256 *sha, unsigned char digest[SHA256_SIZE]);

#endif							/* DBA_CHECKSUM_H */
