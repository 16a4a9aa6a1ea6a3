/*
 * idmap.c
 *	  Which key a row of the backup has here: source key -> destination key.
 *
 * Three tables stand behind one map.  Integer to integer is by far the most
 * frequent and takes 16 bytes an element in an open table that is between 53 and
 * 80 % full: 20 to 30 bytes an entry.  uuid to uuid has a table of its own too.
 * Every other pair is kept as text in an arena.  A source key looks in the table
 * of its kind and then among the texts, since its target may be of another kind.
 *
 * It assumes that keys come in the form that stands for all equal ones (keyform.h),
 * and never compares by a type's equality.  Entries are added and never removed: the
 * whole goes with its context.
 */
#include "postgres.h"

#include "base/compat.h"
#include "common/hashfn.h"
#include "data/row/idmap.h"
#include "utils/memutils.h"

/* No key: canonical integers have 18 digits at most. */
#define NO_NUMBER PG_INT64_MIN
#define ARENA_BLOCK (64 * 1024)
#define INTEGERS_START 64

typedef struct IntegerEntry
{
	int64		source;
	int64		target;
} IntegerEntry;

typedef struct UuidEntry
{
	pg_uuid_t	source;
	pg_uuid_t	target;
	char		status;
} UuidEntry;

/* Behind the struct stand the source's text and then the target's. */
typedef struct TextPair
{
	int			source_len;
	int			target_len;
} TextPair;

typedef struct TextEntry
{
	TextPair   *pair;
	uint32		hash;
	char		status;
} TextEntry;

#define PAIR_SOURCE(pair) ((char *) ((pair) + 1))
#define PAIR_TARGET(pair) (PAIR_SOURCE(pair) + (pair)->source_len)

#define SH_PREFIX uuids
#define SH_ELEMENT_TYPE UuidEntry
#define SH_KEY_TYPE pg_uuid_t
#define SH_KEY source
#define SH_HASH_KEY(tb, key) hash_bytes((key).data, UUID_LEN)
#define SH_EQUAL(tb, a, b) (memcmp((a).data, (b).data, UUID_LEN) == 0)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

#define SH_PREFIX texts
#define SH_ELEMENT_TYPE TextEntry
#define SH_KEY_TYPE TextPair *
#define SH_KEY pair
#define SH_HASH_KEY(tb, key) hash_bytes((unsigned char *) PAIR_SOURCE(key), (key)->source_len)
#define SH_EQUAL(tb, a, b)                                                                         \
	((a)->source_len == (b)->source_len &&                                                         \
	 memcmp(PAIR_SOURCE(a), PAIR_SOURCE(b), (a)->source_len) == 0)
#define SH_STORE_HASH
#define SH_GET_HASH(tb, entry) (entry)->hash
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct IdMap
{
	MemoryContext cxt;
	IntegerEntry *integers;
	uint64		nslots;
	uint64		nintegers;
	uuids_hash *uuids;
	texts_hash *texts;
	char	   *arena;
	size_t		arena_left;
};

IdMap *
idmap_create(MemoryContext cxt)
{
	IdMap	   *map = MemoryContextAllocZero(cxt, sizeof(IdMap));

	map->cxt = cxt;
	return map;
}

/* Every bit of the number in every bit of the result: ids come in runs. */
static inline uint64
spread(uint64 number)
{
	number ^= number >> 33;
	number *= UINT64CONST(0xff51afd7ed558ccd);
	number ^= number >> 33;
	number *= UINT64CONST(0xc4ceb9fe1a85ec53);
	return number ^ (number >> 33);
}

/* A slot for number: its own, or the free one where it belongs. */
static IntegerEntry *
find_integer(const IdMap *map, int64 number)
{
	uint64		hash = spread((uint64) number);
	uint64		at = ((hash >> 32) * map->nslots) >> 32;

	/* Ends, as the table always has free slots. */
	while (map->integers[at].source != number && map->integers[at].source != NO_NUMBER)
		at = at + 1 == map->nslots ? 0 : at + 1;
	return &map->integers[at];
}

/* By half: doubling would leave a table half empty that is to stay small beside the rows. */
static void
grow_integers(IdMap *map)
{
	IntegerEntry *old = map->integers;
	uint64		nold = map->nslots;

	if (nold >= PG_UINT32_MAX / 2)
		ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
						errmsg("too many rows in one table of a restore")));
	map->nslots = nold == 0 ? INTEGERS_START : nold + nold / 2;
	map->integers = MemoryContextAllocHuge(map->cxt, sizeof(IntegerEntry) * map->nslots);
	for (uint64 i = 0; i < map->nslots; i++)
		map->integers[i].source = NO_NUMBER;
	for (uint64 i = 0; i < nold; i++)
		if (old[i].source != NO_NUMBER)
			*find_integer(map, old[i].source) = old[i];
	if (old != NULL)
		pfree(old);
}

/* At 80 % a search in an open table still takes a few steps. */
static bool
put_integer(IdMap *map, int64 source, int64 target)
{
	IntegerEntry *entry;

	if (map->nintegers * 5 >= map->nslots * 4)
		grow_integers(map);
	entry = find_integer(map, source);
	/* The key came before: only with the same target is that no contradiction. */
	if (entry->source != NO_NUMBER)
		return entry->target == target;
	entry->source = source;
	entry->target = target;
	map->nintegers++;
	return true;
}

static bool
put_uuid(IdMap *map, const IdKey *source, const IdKey *target)
{
	bool		found;
	UuidEntry  *entry;

	if (map->uuids == NULL)
		map->uuids = uuids_create(map->cxt, 64, NULL);
	entry = uuids_insert(map->uuids, source->uuid, &found);
	if (!found)
		entry->target = target->uuid;
	return memcmp(entry->target.data, target->uuid.data, UUID_LEN) == 0;
}

/*
 * Small pieces share blocks, since a chunk's header would outweigh them; nothing is
 * freed alone.
 */
static void *
arena_alloc(IdMap *map, size_t size)
{
	void	   *result;

	size = MAXALIGN(size);
	if (size > ARENA_BLOCK / 8)
		return MemoryContextAlloc(map->cxt, size);
	if (size > map->arena_left)
	{
		map->arena = MemoryContextAlloc(map->cxt, ARENA_BLOCK);
		map->arena_left = ARENA_BLOCK;
	}
	result = map->arena;
	map->arena += size;
	map->arena_left -= size;
	return result;
}

static void
put_text(IdMap *map, const IdKey *source, const IdKey *target)
{
	char		source_buffer[IDKEY_BUFFER];
	char		target_buffer[IDKEY_BUFFER];
	int			source_len;
	int			target_len;
	const char *source_text = idkey_text(source, source_buffer, &source_len);
	const char *target_text = idkey_text(target, target_buffer, &target_len);
	TextPair   *pair = arena_alloc(map, sizeof(TextPair) + source_len + target_len);
	bool		found;

	pair->source_len = source_len;
	pair->target_len = target_len;
	memcpy(PAIR_SOURCE(pair), source_text, source_len);
	memcpy(PAIR_TARGET(pair), target_text, target_len);
	if (map->texts == NULL)
		map->texts = texts_create(map->cxt, 64, NULL);
	(void) texts_insert(map->texts, pair, &found);
}

static bool
get_text(const IdMap *map, const IdKey *source, IdKey *target)
{
	char		buffer[IDKEY_BUFFER];
	int			len;
	const char *text = idkey_text(source, buffer, &len);
	TextPair   *probe = palloc(sizeof(TextPair) + len);
	TextEntry  *entry;

	probe->source_len = len;
	memcpy(PAIR_SOURCE(probe), text, len);
	entry = texts_lookup(map->texts, probe);
	pfree(probe);
	if (entry == NULL)
		return false;
	*target = idkey_make(PAIR_TARGET(entry->pair), entry->pair->target_len);
	return true;
}

/* The table of its kind first, then the texts: its target may be of another kind. */
bool
idmap_get(const IdMap *map, const IdKey *source, IdKey *target)
{
	if (source->kind == ID_INTEGER && map->nslots > 0)
	{
		IntegerEntry *entry = find_integer(map, source->number);

		if (entry->source != NO_NUMBER)
		{
			*target = idkey_integer(entry->target);
			return true;
		}
	}
	else if (source->kind == ID_UUID && map->uuids != NULL)
	{
		UuidEntry  *entry = uuids_lookup(map->uuids, source->uuid);

		if (entry != NULL)
		{
			target->kind = ID_UUID;
			target->uuid = entry->target;
			return true;
		}
	}
	return map->texts != NULL && get_text(map, source, target);
}

/* A source whose target was of another kind stands in another table. */
bool
idmap_put(IdMap *map, const IdKey *source, const IdKey *target)
{
	bool		packed = source->kind != ID_TEXT && source->kind == target->kind;
	IdKey		before;

	if ((!packed || map->texts != NULL) && idmap_get(map, source, &before))
		return idkey_equal(&before, target);
	if (!packed)
		put_text(map, source, target);
	else if (source->kind == ID_INTEGER)
		return put_integer(map, source->number, target->number);
	else
		return put_uuid(map, source, target);
	return true;
}
