/*
 * crccombine.c
 *	  The checksum of two pieces put together, from theirs.
 *
 * A CRC is linear over GF(2): appending a zero byte is a matrix of 32 x 32 bits, and
 * appending n of them its n-th power, reached by squaring.  The checksum of the first
 * piece, moved on by the length of the second, and that of the second add up.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/row/crccombine.h"

#define CRC_BITS 32
#define CASTAGNOLI 0x82F63B78U /* with its bits reversed, as the checksum has them */

typedef struct Matrix
{
	uint32		columns[CRC_BITS];
} Matrix;

static uint32
multiply(const Matrix *m, uint32 vector)
{
	uint32		sum = 0;

	for (int i = 0; vector != 0; i++, vector >>= 1)
		if (vector & 1)
			sum ^= m->columns[i];
	return sum;
}

static void
square(Matrix *m)
{
	Matrix		copy = *m;

	for (int i = 0; i < CRC_BITS; i++)
		m->columns[i] = multiply(&copy, copy.columns[i]);
}

/* One zero bit. */
static void
set_shift(Matrix *m)
{
	m->columns[0] = CASTAGNOLI;
	for (int i = 1; i < CRC_BITS; i++)
		m->columns[i] = 1U << (i - 1);
}

pg_crc32c
crc_combine(pg_crc32c first, pg_crc32c second, int64 len)
{
	Matrix		m;

	set_shift(&m);
	/* From one bit to eight. */
	for (int i = 0; i < 3; i++)
		square(&m);
	for (; len > 0; len >>= 1)
	{
		if (len & 1)
			first = multiply(&m, first);
		square(&m);
	}
	return first ^ second;
}
