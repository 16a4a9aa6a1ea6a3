/*
 * arena.c
 *		Memory that is released all at once.
 *
 * Values, which must be aligned, grow from the front of a block, texts from its end: no
 * byte is lost between them.  Blocks double up to a limit, then stay at that size.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <string.h>

#include "base/mem.h"

#define ARENA_FIRST_SIZE 512
#define ARENA_MAX_SIZE 65536

struct ArenaBlock
{
	ArenaBlock *next;
	size_t		size;
	size_t		used;			/* from the front: what must be aligned */
	size_t		end;			/* texts lie from here to the end */
	alignas(max_align_t) char data[];
};

static ArenaBlock *
arena_add_block(Arena *arena, size_t need)
{
	size_t		size = arena->blocks != NULL ? arena->blocks->size * 2 : ARENA_FIRST_SIZE;
	ArenaBlock *block;

	if (size > ARENA_MAX_SIZE)
		size = ARENA_MAX_SIZE;
	if (size < need)
		size = need;
	if (size > SIZE_MAX / 2)
		return NULL;
	block = mem_zalloc(sizeof(ArenaBlock) + size);
	if (block == NULL)
		return NULL;
	block->size = block->end = size;
	block->next = arena->blocks;
	arena->blocks = block;
	return block;
}

void *
arena_alloc(Arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	ArenaBlock *block = arena->blocks;
	void	   *memory;

	if (size > SIZE_MAX / 4)
		return NULL;
	size = (size + align - 1) / align * align;
	if (block == NULL || block->end - block->used < size)
	{
		block = arena_add_block(arena, size);
		if (block == NULL)
			return NULL;
	}
	memory = block->data + block->used;
	block->used += size;
	return memory;
}

char *
arena_strndup(Arena *arena, const char *text, size_t len)
{
	ArenaBlock *block = arena->blocks;
	char	   *copy;

	if (len > SIZE_MAX / 4)
		return NULL;
	if (block == NULL || block->end - block->used <= len)
	{
		block = arena_add_block(arena, len + 1);
		if (block == NULL)
			return NULL;
	}
	block->end -= len + 1;
	copy = block->data + block->end;
	if (len > 0)
		memcpy(copy, text, len);
	return copy;
}

void
arena_free(Arena *arena)
{
	ArenaBlock *next;

	for (ArenaBlock *block = arena->blocks; block != NULL; block = next)
	{
		next = block->next;
		mem_free(block);
	}
	arena->blocks = NULL;
}

void
arena_absorb(Arena *arena, Arena *from)
{
	ArenaBlock **last = &from->blocks;

	while (*last != NULL)
		last = &(*last)->next;
	*last = arena->blocks;
	arena->blocks = from->blocks;
	from->blocks = NULL;
}
