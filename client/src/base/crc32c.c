/*
 * crc32c.c
 *		CRC-32C (Castagnoli), by the processor's instruction or eight bytes a step.
 */
#include "base/checksum.h"

#include <string.h>

#include "base/crc32c_table.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_SSE42 1
#include <nmmintrin.h>

__attribute__((target("sse4.2"))) static uint32_t
crc32c_sse42(uint32_t crc, const unsigned char *p, size_t len)
{
	uint64_t	wide = crc;

	for (; len >= 8; p += 8, len -= 8)
	{
		uint64_t	word;

		memcpy(&word, p, 8);
		wide = _mm_crc32_u64(wide, word);
	}
	crc = (uint32_t) wide;
	for (; len > 0; p++, len--)
		crc = _mm_crc32_u8(crc, *p);
	return crc;
}
#endif

uint32_t
crc32c_add_sliced(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (; len >= 8; p += 8, len -= 8)
	{
		uint32_t	low = crc ^ ((uint32_t) p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 |
								 (uint32_t) p[3] << 24);

		crc = table[7][low & 0xFF] ^ table[6][low >> 8 & 0xFF] ^ table[5][low >> 16 & 0xFF] ^
			  table[4][low >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^
			  table[0][p[7]];
	}
	for (; len > 0; p++, len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 0xFF];
	return crc;
}

uint32_t
crc32c_add(uint32_t crc, const void *data, size_t len)
{
#ifdef HAVE_SSE42
	if (__builtin_cpu_supports("sse4.2"))
		return crc32c_sse42(crc, data, len);
#endif
	return crc32c_add_sliced(crc, data, len);
}
