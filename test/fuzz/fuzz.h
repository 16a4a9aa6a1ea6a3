/*
 * fuzz.h
 *		What the fuzz targets share.
 *
 * Each target is a libFuzzer program over one reader of foreign text; besides the
 * sanitizers' rules it checks that what was accepted means the same when written
 * and read again.  `make -C client fuzz` builds and runs all of them.
 */
#ifndef DBA_FUZZ_H
#define DBA_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(condition)                                                                           \
	do                                                                                             \
	{                                                                                              \
		if (!(condition))                                                                          \
		{                                                                                          \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                        \
			abort();                                                                               \
		}                                                                                          \
	} while (0)

/* the input as a string, cut at its first NUL */
static inline char *
fuzz_text(const uint8_t *data, size_t size)
{
	char	   *text = malloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	return text;
}

#endif							/* DBA_FUZZ_H */
