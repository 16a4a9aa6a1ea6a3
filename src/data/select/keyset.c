/*
 * keyset.c
 *	  A set of integers that takes little room where they lie close together.
 *
 * A hash of words, each the bits of 64 neighbours: serial keys cost less than a
 * bit's multiple, scattered ones a whole element.  Past its limit the set gives
 * up, and its user asks the database instead.
 */
#include "postgres.h"

#include "base/compat.h"
#include "common/hashfn.h"
#include "data/select/keyset.h"

/* About 32 MB at most. */
#define MAX_WORDS (1024 * 1024)

typedef struct KeyWord
{
	uint64		number;			/* key / 64 */
	uint64		bits;
	char		status;
} KeyWord;

#define SH_PREFIX keyword
#define SH_ELEMENT_TYPE KeyWord
#define SH_KEY_TYPE uint64
#define SH_KEY number
#define SH_HASH_KEY(table, key) murmurhash32((uint32) (key) ^ (uint32) ((key) >> 32))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct KeySet
{
	keyword_hash *words;
	KeyWord	   *last;			/* the word of the key before: neighbours come together */
	bool		complete;
};

KeySet *
keyset_create(void)
{
	KeySet	   *set = palloc0(sizeof(KeySet));

	set->words = keyword_create(CurrentMemoryContext, 1024, NULL);
	set->complete = true;
	return set;
}

bool
keyset_add(KeySet *set, int64 key)
{
	uint64		number = (uint64) key >> 6;
	bool		found;

	if (!set->complete)
		return false;
	if (set->last == NULL || set->last->number != number)
	{
		if (set->words->members >= MAX_WORDS)
		{
			set->complete = false;
			return false;
		}
		set->last = keyword_insert(set->words, number, &found);
		if (!found)
			set->last->bits = 0;
	}
	set->last->bits |= UINT64CONST(1) << (key & 63);
	return true;
}

bool
keyset_has(const KeySet *set, int64 key)
{
	KeyWord	   *word = keyword_lookup(set->words, (uint64) key >> 6);

	return word != NULL && (word->bits & (UINT64CONST(1) << (key & 63))) != 0;
}

bool
keyset_is_complete(const KeySet *set)
{
	return set->complete;
}
