/*
 * array.h
 *		An array that grows: the one there is, of any type of item.
 *
 *		ARRAY_OF(Name) names = {0};
 *		Name *name = array_add(&names);
 *
 * Items move when it grows; a pointer to one lives until the next array_add.
 */
#ifndef DBA_ARRAY_H
#define DBA_ARRAY_H

#include <stdbool.h>
#include <stddef.h>

#define ARRAY_OF(type)                                                                             \
	struct                                                                                         \
	{                                                                                              \
		type *items;                                                                               \
		size_t count;                                                                              \
		size_t size;                                                                               \
	}

/* room for so many more items; false: no memory, and everything is as it was */
#define array_reserve(array, more) array_make_room(array, sizeof(*(array)->items), more)

/* one more item, of zeros; NULL: no memory */
#define array_add(array) (array_reserve(array, 1) ? &(array)->items[(array)->count++] : NULL)

extern void array_free(void *array);

/* of array_reserve alone; `array` is an ARRAY_OF any type */
extern bool array_make_room(void *array, size_t item_size, size_t more);

#endif							/* DBA_ARRAY_H */
