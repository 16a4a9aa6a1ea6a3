/*
 * array.c
 *		An array that grows.
 */
#include "base/array.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define ARRAY_FIRST_SIZE 8

/* What every ARRAY_OF looks like: read and written by memcpy, for the pointer has
 * another type there. */
typedef struct Array
{
	void	   *items;
	size_t		count;
	size_t		size;
} Array;

bool
array_make_room(void *array, size_t item_size, size_t more)
{
	Array		a;
	size_t		size;
	char	   *items;

	memcpy(&a, array, sizeof(a));
	if (a.size - a.count >= more)
		return true;
	size = a.size > 0 ? a.size : ARRAY_FIRST_SIZE;
	while (size - a.count < more && size <= SIZE_MAX / 2 / item_size)
		size *= 2;
	if (size - a.count < more)
		return false;
	items = mem_realloc(a.items, size * item_size);
	if (items == NULL)
		return false;
	memset(items + a.size * item_size, 0, (size - a.size) * item_size);
	a.items = items;
	a.size = size;
	memcpy(array, &a, sizeof(a));
	return true;
}

void
array_free(void *array)
{
	Array		a;

	memcpy(&a, array, sizeof(a));
	mem_free(a.items);
	memset(array, 0, sizeof(a));
}
