/*
 * hashset.c
 *		A set of words, or of names, by open addressing.
 */
#include "base/hashset.h"

#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

#define HASHSET_FIRST_SIZE 32

static const char *
hashset_name(uint64_t word)
{
	return (const char *) (uintptr_t) word;
}

static bool
hashset_same(const HashSet *set, uint64_t a, uint64_t b)
{
	return a == b || (set->names && strcmp(hashset_name(a), hashset_name(b)) == 0);
}

static uint64_t *
hashset_slot(const HashSet *set, uint64_t word)
{
	uint64_t hash = set->names ? hash_text(hashset_name(word), strlen(hashset_name(word))) : word;
	size_t		i = (size_t) hash & (set->size - 1);

	while (set->slots[i] != 0 && !hashset_same(set, set->slots[i], word))
		i = (i + 1) & (set->size - 1);
	return &set->slots[i];
}

static bool
hashset_grow(HashSet *set)
{
	HashSet		larger = *set;

	larger.size = set->size > 0 ? set->size * 2 : HASHSET_FIRST_SIZE;
	larger.slots = mem_zalloc(larger.size * sizeof(uint64_t));
	if (larger.slots == NULL)
		return false;
	for (size_t i = 0; i < set->size; i++)
		if (set->slots[i] != 0)
			*hashset_slot(&larger, set->slots[i]) = set->slots[i];
	mem_free(set->slots);
	*set = larger;
	return true;
}

int
hashset_add(HashSet *set, uint64_t word)
{
	uint64_t   *slot;

	/* Grown before it is looked for, so that there is always a free slot to end the search. */
	if (set->used * 4 >= set->size * 3 && !hashset_grow(set))
		return -1;
	slot = hashset_slot(set, word);
	if (*slot != 0)
		return 0;
	*slot = word;
	set->used++;
	return 1;
}

int
hashset_add_name(HashSet *set, const char *name)
{
	return hashset_add(set, (uint64_t) (uintptr_t) name);
}

bool
hashset_has(const HashSet *set, uint64_t word)
{
	return set->size > 0 && *hashset_slot(set, word) != 0;
}

void
hashset_free(HashSet *set)
{
	mem_free(set->slots);
	set->slots = NULL;
	set->size = set->used = 0;
}
