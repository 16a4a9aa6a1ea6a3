/*
 * hashset.h
 *		A set of words, or of names, by open addressing: the one there is.
 *
 * A set of zeros is an empty set of 64-bit words; one of HASHSET_OF_NAMES holds
 * pointers to texts, which it compares and does not own.  No item is 0 or NULL.
 * Eight bytes an item, filled to three quarters: nothing is ever taken out.
 */
#ifndef DBA_HASHSET_H
#define DBA_HASHSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct HashSet
{
	uint64_t   *slots;			/* 0: free */
	size_t		size;			/* 0, or a power of two */
	size_t		used;
	bool		names;			/* the words are pointers to texts */
} HashSet;

#define HASHSET_OF_NAMES ((HashSet){.names = true})

/* 1: new, 0: known already, -1: no memory.  Words must be hashes: they are taken for
 * their own. */
extern int hashset_add(HashSet *set, uint64_t word);
extern bool hashset_has(const HashSet *set, uint64_t word);
extern int hashset_add_name(HashSet *set, const char *name);
extern void hashset_free(HashSet *set);

#endif							/* DBA_HASHSET_H */
