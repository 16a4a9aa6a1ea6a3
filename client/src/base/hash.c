/*
 * hash.c
 *		Hashes for tables in memory.
 */
#include "base/hash.h"

#include <string.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

/* splitmix64's finish */
uint64_t
hash_mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

uint64_t
hash_text(const char *text, size_t len)
{
	uint64_t	hash = hash_mix(len + GOLDEN);
	uint64_t	word;

	for (; len >= sizeof(word); text += sizeof(word), len -= sizeof(word))
	{
		memcpy(&word, text, sizeof(word));
		hash = hash_mix(hash ^ word) + GOLDEN;
	}
	word = 0;
	memcpy(&word, text, len);
	return hash_mix(hash ^ word);
}
