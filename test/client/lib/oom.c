/*
 * oom.c
 *		Allocations that fail on demand: the tests' own mem.c.
 *
 * Tests link the library's objects from an archive; because these calls are
 * defined here, its own mem.o is left out.  So are the operators new and delete of
 * the C++ library, by the names the compiler gives them.
 */
#include "oom.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static atomic_size_t left;		/* allocations until one fails; 0: never */
static atomic_int hit;
static atomic_int once;
static atomic_size_t outstanding;

void
oom_after(size_t n)
{
	atomic_store(&left, n);
	atomic_store(&hit, 0);
	atomic_store(&once, 0);
}

void
oom_once(size_t n)
{
	oom_after(n);
	atomic_store(&once, 1);
}

int
oom_hit(void)
{
	return atomic_load(&hit);
}

size_t
oom_outstanding(void)
{
	return atomic_load(&outstanding);
}

/* Is it this one's turn to fail? */
static int
fails(void)
{
	if (atomic_load(&left) == 0)
		return 0;
	if (atomic_load(&left) > 1)
	{
		atomic_fetch_sub(&left, 1);
		return 0;
	}
	atomic_store(&hit, 1);
	if (atomic_load(&once))
		atomic_store(&left, 0);
	return 1;
}

static void *
count(void *memory)
{
	if (memory != NULL)
		atomic_fetch_add(&outstanding, 1);
	return memory;
}

void *
mem_alloc(size_t size)
{
	return fails() ? NULL : count(malloc(size > 0 ? size : 1));
}

void *
mem_zalloc(size_t size)
{
	return fails() ? NULL : count(calloc(1, size > 0 ? size : 1));
}

void *
mem_realloc(void *ptr, size_t size)
{
	void	   *memory = fails() ? NULL : realloc(ptr, size > 0 ? size : 1);

	if (ptr == NULL)
		count(memory);
	return memory;
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
	if (ptr != NULL)
		atomic_fetch_sub(&outstanding, 1);
	free(ptr);
}

/* ---------------------------------------------------------------- C++ */

/* std::__throw_bad_alloc() */
extern void _ZSt17__throw_bad_allocv(void) __attribute__((noreturn));

/* new, delete and delete with a size; visible, for the C++ library calls them too */
#pragma GCC visibility push(default)
extern void *_Znwm(size_t size);
extern void _ZdlPv(void *memory);
extern void _ZdlPvm(void *memory, size_t size);
#pragma GCC visibility pop

void *
_Znwm(size_t size)
{
	void	   *memory = mem_alloc(size);

	if (memory == NULL)
		_ZSt17__throw_bad_allocv();
	return memory;
}

void
_ZdlPv(void *memory)
{
	mem_free(memory);
}

void
_ZdlPvm(void *memory, size_t size)
{
	(void) size;
	mem_free(memory);
}
