/*
 * arena.h
 *		Memory that is released all at once.
 *
 * An Arena of zeros is empty and valid.
 */
#ifndef DBA_ARENA_H
#define DBA_ARENA_H

#include <stddef.h>

typedef struct ArenaBlock ArenaBlock;

typedef struct Arena
{
	ArenaBlock *blocks;			/* the newest first */
} Arena;

/* zeroed memory, aligned for anything; NULL when there is none */
extern void *arena_alloc(Arena *arena, size_t size);

/* a NUL-terminated copy */
extern char *arena_strndup(Arena *arena, const char *text, size_t len);

/* releases everything; the arena is then empty and valid again */
extern void arena_free(Arena *arena);

/* everything `from` holds belongs to `arena` from now on */
extern void arena_absorb(Arena *arena, Arena *from);

#endif							/* DBA_ARENA_H */
