/*
 * syncdiff.c
 *		What differs between a table here and there, from digests of its rows.
 *
 * A bucket's sum is the sum of its rows' digests, so buckets of the finer side are
 * added up until both have as many.  Rows are compared by sorting both lists by
 * match key.  One row on each side under a key is the same or changed; where there
 * are several, they are the same or nobody knows which became which, and such rows
 * are counted and left alone.  Rows with a NULL in their match key a restore tells
 * apart by all they hold: those that came in addition to what is there are moved.
 */
#include "sync/syncdiff.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define MAX_BUCKETS 65536

size_t
sync_buckets(int64_t rows)
{
	size_t		buckets = 16;

	while (buckets < MAX_BUCKETS && (double) buckets * (double) buckets < 256.0 * (double) rows)
		buckets *= 2;
	return buckets;
}

/* --- base64 */

static int
base64_digit(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int) (at - digits) : -1;
}

/* The next `size` bytes of the text; false at its end.  Line breaks are passed over. */
typedef struct Base64
{
	const char *at;
	uint32_t	bits;
	int			have;
} Base64;

static bool
base64_take(Base64 *text, uint8_t *out, size_t size)
{
	for (size_t i = 0; i < size; i++)
	{
		while (text->have < 8)
		{
			int			digit;

			if (*text->at == '\n' || *text->at == '\r')
			{
				text->at++;
				continue;
			}
			if ((digit = base64_digit(*text->at)) < 0)
				return false;
			text->at++;
			text->bits = text->bits << 6 | (uint32_t) digit;
			text->have += 6;
		}
		text->have -= 8;
		out[i] = (uint8_t) (text->bits >> text->have);
		text->bits &= (1u << text->have) - 1;
	}
	return true;
}

/* --- buckets */

static uint64_t
read_big_endian(const uint8_t *bytes, size_t size)
{
	uint64_t	number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

bool
sync_take_sums(SyncTable *table, SyncWhere where, int64_t rows, const char *base64)
{
	SyncSide   *side = &table->sides[where];
	Base64		text = {base64 != NULL ? base64 : "", 0, 0};
	uint8_t		bytes[4 + SYNC_SUM_SIZE];

	side->total = rows;
	side->buckets = sync_buckets(rows);
	mem_free(side->sums);
	side->sums = mem_zalloc(side->buckets * sizeof(*side->sums));
	if (side->sums == NULL)
		return false;
	while (base64_take(&text, bytes, sizeof(bytes)))
	{
		size_t		bucket = (size_t) read_big_endian(bytes, 4);

		if (bucket >= side->buckets)
			return false;
		side->sums[bucket] = read_big_endian(bytes + 4, SYNC_SUM_SIZE);
	}
	return true;
}

static void
fold(SyncSide *side, size_t buckets)
{
	for (size_t i = buckets; i < side->buckets; i++)
		side->sums[i % buckets] += side->sums[i];
	side->buckets = buckets;
}

bool
sync_compare_sums(SyncTable *table, bool drop, Buf *list)
{
	SyncSide   *source = &table->sides[SYNC_SOURCE];
	SyncSide   *destination = &table->sides[SYNC_DESTINATION];
	const char *separator = "";

	table->buckets =
		source->buckets < destination->buckets ? source->buckets : destination->buckets;
	table->move_all = destination->total == 0 && source->total > 0;
	if (table->move_all || (source->total == 0 && !drop))
		return true;
	fold(source, table->buckets);
	fold(destination, table->buckets);
	for (size_t i = 0; i < table->buckets; i++)
	{
		if (source->sums[i] == destination->sums[i])
			continue;
		buf_puts(list, separator);
		buf_put_number(list, i);
		separator = ",";
		table->listed = true;
	}
	return buf_ok(list);
}

/* --- rows */

bool
sync_take_row(SyncTable *table, SyncWhere where, const char *key, const char *base64)
{
	SyncSide   *side = &table->sides[where];
	Base64		text = {base64, 0, 0};
	SyncRow	   *row;

	if (!array_reserve(&side->rows, 1))
		return false;
	row = &side->rows.items[side->rows.count];
	row->key = arena_strndup(&table->arena, key, strlen(key));
	if (row->key == NULL || !base64_take(&text, row->digest, SYNC_DIGEST_SIZE))
		return false;
	side->rows.count++;
	return true;
}

static int
compare_rows(const void *a, const void *b)
{
	const SyncRow *x = a;
	const SyncRow *y = b;
	int			order = strcmp(x->key, y->key);

	return order != 0 ? order : memcmp(x->digest, y->digest, SYNC_DIGEST_SIZE);
}

/* How many rows from i on have the same key. */
static size_t
group_size(const SyncSide *side, size_t i)
{
	size_t		end = i;

	while (end < side->rows.count &&
		   strcmp(side->rows.items[end].key, side->rows.items[i].key) == 0)
		end++;
	return end - i;
}

/* A key that lacks a column of the match key has NULL there, and NULL finds no row. */
static bool
key_finds_rows(SyncTable *table, const char *text)
{
	const JsonValue *key = table->slug != NULL
							   ? json_parse(&table->arena, text, strlen(text), "match key", NULL)
							   : NULL;

	if (key == NULL)
		return true;
	if (table->slug->type == JSON_TYPE_STRING)
		return json_member(key, table->slug->text) != NULL;
	json_foreach(column, table->slug)
	{
		if (column->type == JSON_TYPE_STRING && json_member(key, column->text) == NULL)
			return false;
	}
	return true;
}

static void
add_key(Buf *list, const char *key)
{
	if (list->len > 0)
		buf_putc(list, ',');
	buf_puts(list, key);
}

static bool
same_rows(const SyncRow *a, const SyncRow *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(a[i].digest, b[i].digest, SYNC_DIGEST_SIZE) != 0)
			return false;
	return true;
}

/* Whether each of these rows has one like it among the others; both in order. */
static bool
rows_within(const SyncRow *rows, size_t count, const SyncRow *others, size_t among)
{
	size_t		found = 0;

	for (size_t i = 0; i < among && found < count; i++)
		if (memcmp(rows[found].digest, others[i].digest, SYNC_DIGEST_SIZE) == 0)
			found++;
	return found == count;
}

/* The rows under one key: `here` in the source from i on, `there` in the destination from j. */
static void
compare_group(SyncTable *table, size_t i, size_t here, size_t j, size_t there, bool move_changed)
{
	const SyncRow *source = table->sides[SYNC_SOURCE].rows.items + i;
	const SyncRow *destination = table->sides[SYNC_DESTINATION].rows.items + j;

	if (there == 0)
	{
		table->fresh += (int64_t) here;
		add_key(&table->move, source->key);
	}
	else if (here == 0)
	{
		table->only_there += (int64_t) there;
		add_key(&table->drop, destination->key);
	}
	else if (here == there && same_rows(source, destination, here))
		return;
	else if (here == 1 && there == 1 && key_finds_rows(table, source->key))
	{
		table->changed++;
		if (move_changed)
			add_key(&table->move, source->key);
	}
	else if (here > there && !key_finds_rows(table, source->key) &&
			 rows_within(destination, there, source, here))
	{
		table->fresh += (int64_t) (here - there);
		add_key(&table->move, source->key);
	}
	else
		table->ambiguous += (int64_t) here;
}

static void
merge(SyncTable *table, bool move_changed)
{
	const SyncSide *source = &table->sides[SYNC_SOURCE];
	const SyncSide *destination = &table->sides[SYNC_DESTINATION];
	size_t		i = 0;
	size_t		j = 0;

	while (i < source->rows.count || j < destination->rows.count)
	{
		int			order = i == source->rows.count ? 1
					: j == destination->rows.count
						? -1
						: strcmp(source->rows.items[i].key, destination->rows.items[j].key);
		size_t		here = order <= 0 ? group_size(source, i) : 0;
		size_t		there = order >= 0 ? group_size(destination, j) : 0;

		compare_group(table, i, here, j, there, move_changed);
		i += here;
		j += there;
	}
}

static void
sort_rows(SyncTable *table)
{
	for (int where = 0; where < SYNC_SIDES; where++)
		if (table->sides[where].rows.count > 0)
			qsort(table->sides[where].rows.items, table->sides[where].rows.count, sizeof(SyncRow),
				  compare_rows);
}

/* Notes the keys that the other side lacks; both in order. */
static bool
find_lone(SyncSide *side, const SyncSide *other)
{
	size_t		j = 0;

	side->lone.count = 0;
	for (size_t i = 0; i < side->rows.count; i += group_size(side, i))
	{
		const char *key = side->rows.items[i].key;

		while (j < other->rows.count && strcmp(other->rows.items[j].key, key) < 0)
			j++;
		if (j < other->rows.count && strcmp(other->rows.items[j].key, key) == 0)
			continue;
		if (!array_reserve(&side->lone, 1))
			return false;
		side->lone.items[side->lone.count++] = i;
	}
	return true;
}

static void
add_lone_keys(const SyncSide *side, Buf *list)
{
	for (size_t i = 0; i < side->lone.count; i++)
		add_key(list, side->rows.items[side->lone.items[i]].key);
}

bool
sync_lone_keys(SyncTable *table, Buf *keys, Buf *others)
{
	SyncSide   *source = &table->sides[SYNC_SOURCE];
	SyncSide   *destination = &table->sides[SYNC_DESTINATION];

	if (source->rows.count == 0 || destination->rows.count == 0)
		return true;
	sort_rows(table);
	if (!find_lone(source, destination) || !find_lone(destination, source))
		return false;
	if (source->lone.count == 0 || destination->lone.count == 0)
		return true;
	add_lone_keys(source, keys);
	add_lone_keys(destination, others);
	return buf_ok(keys) && buf_ok(others);
}

/* The source's way to write the key is the one that both have from now on. */
bool
sync_take_match(SyncTable *table, int64_t key, int64_t other)
{
	SyncSide   *source = &table->sides[SYNC_SOURCE];
	SyncSide   *destination = &table->sides[SYNC_DESTINATION];
	size_t		begin;
	size_t		count;

	if (key < 0 || (size_t) key >= source->lone.count || other < 0 ||
		(size_t) other >= destination->lone.count)
		return false;
	begin = destination->lone.items[other];
	count = group_size(destination, begin);
	for (size_t i = 0; i < count; i++)
		destination->rows.items[begin + i].key = source->rows.items[source->lone.items[key]].key;
	return true;
}

bool
sync_compare_rows(SyncTable *table, bool move_changed)
{
	SyncSide   *source = &table->sides[SYNC_SOURCE];
	SyncSide   *destination = &table->sides[SYNC_DESTINATION];

	if (table->move_all)
		table->fresh = source->total;
	else if (source->total == 0 && !table->listed)
		table->only_there = destination->total;
	else
	{
		sort_rows(table);
		merge(table, move_changed);
	}
	table->same = source->total - table->fresh - table->changed - table->ambiguous;
	return buf_ok(&table->move) && buf_ok(&table->drop);
}

void
sync_table_free(SyncTable *table)
{
	for (int where = 0; where < SYNC_SIDES; where++)
	{
		mem_free(table->sides[where].sums);
		array_free(&table->sides[where].rows);
		array_free(&table->sides[where].lone);
	}
	arena_free(&table->arena);
	buf_free(&table->move);
	buf_free(&table->drop);
}
