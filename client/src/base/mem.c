/*
 * mem.c
 *		Every allocation of the client library goes through these calls.
 */
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

void *
mem_alloc(size_t size)
{
	return malloc(size > 0 ? size : 1);
}

/*
 * glibc's calloc passes by what a thread keeps of freed blocks, up to this size, and
 * leaves them to pile up: a request's few small blocks would cost as much as parsing
 * its answer.
 */
#define CACHED_SIZE 1024

void *
mem_zalloc(size_t size)
{
	void	   *memory;

	if (size > CACHED_SIZE)
		return calloc(1, size);
	memory = mem_alloc(size);
	if (memory != NULL)
		memset(memory, 0, size);
	return memory;
}

void *
mem_realloc(void *ptr, size_t size)
{
	return realloc(ptr, size > 0 ? size : 1);
}

char *
mem_strndup(const char *text, size_t len)
{
	char	   *copy = mem_alloc(len + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}

char *
mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

void
mem_free(void *ptr)
{
	free(ptr);
}
