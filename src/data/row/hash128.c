/*
 * hash128.c
 *	  A fast 128-bit hash of bytes, the same on every machine and release.
 *
 * The 128-bit form of MurmurHash3 for 64-bit machines, by Austin Appleby, who
 * gave the algorithm to the public domain.  The server's own hash functions are
 * free to change between releases and differ by byte order; digests of two
 * servers must compare.  Two different rows meet with odds of 1 in 2^128; who
 * must fear an adversary asks for SHA-256.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/row/hash128.h"
#include "port/pg_bswap.h"

#define C1 UINT64CONST(0x87c37b91114253d5)
#define C2 UINT64CONST(0x4cf5ad432745937f)

static inline uint64
rotate(uint64 x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

static inline uint64
read_word(const char *p)
{
	uint64		word;

	memcpy(&word, p, sizeof(word));
#ifdef WORDS_BIGENDIAN
	word = pg_bswap64(word);
#endif
	return word;
}

static inline uint64
mix_first(uint64 k)
{
	return rotate(k * C1, 31) * C2;
}

static inline uint64
mix_second(uint64 k)
{
	return rotate(k * C2, 33) * C1;
}

static inline uint64
avalanche(uint64 k)
{
	k = (k ^ (k >> 33)) * UINT64CONST(0xff51afd7ed558ccd);
	k = (k ^ (k >> 33)) * UINT64CONST(0xc4ceb9fe1a85ec53);
	return k ^ (k >> 33);
}

Hash128
hash128(const char *data, size_t len)
{
	const char *end = data + len / 16 * 16;
	char		tail[16] = {0};
	uint64		h1 = 0;
	uint64		h2 = 0;
	Hash128		result;

	for (const char *p = data; p < end; p += 16)
	{
		h1 = (rotate(h1 ^ mix_first(read_word(p)), 27) + h2) * 5 + 0x52dce729;
		h2 = (rotate(h2 ^ mix_second(read_word(p + 8)), 31) + h1) * 5 + 0x38495ab5;
	}
	memcpy(tail, end, len % 16);
	h2 ^= mix_second(read_word(tail + 8));
	h1 ^= mix_first(read_word(tail));

	h1 ^= len;
	h2 ^= len;
	h1 += h2;
	h2 += h1;
	h1 = avalanche(h1);
	h2 = avalanche(h2);
	h1 += h2;
	h2 += h1;
	result.word[0] = h1;
	result.word[1] = h2;
	return result;
}
