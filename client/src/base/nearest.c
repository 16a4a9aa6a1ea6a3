/*
 * nearest.c
 *		The known word most like an unknown one, for hints.
 */
#include <stdbool.h>
#include <string.h>

#include "db_adapter.h"

#define NEAREST_MAX_LEN 63

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* Edits (a letter more, less, other, or two swapped) from a to b. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t		rows[3][NEAREST_MAX_LEN + 1];
	size_t		m = strlen(a);
	size_t		n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= m; i++)
	{
		size_t	   *now = rows[i % 3];
		const size_t *before = rows[(i - 1) % 3];
		const size_t *earlier = rows[(i + 1) % 3];

		now[0] = i;
		for (size_t j = 1; j <= n; j++)
		{
			bool		same = lower(a[i - 1]) == lower(b[j - 1]);
			size_t		best = before[j - 1] + !same;

			if (before[j] + 1 < best)
				best = before[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
				lower(a[i - 2]) == lower(b[j - 1]) && earlier[j - 2] + 1 < best)
				best = earlier[j - 2] + 1;
			now[j] = best;
		}
	}
	return rows[m % 3][n];
}

const char *
dba_nearest(const char *word, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	size_t		best = strlen(word) / 3 + 1;	/* farther is no likeness */

	if (strlen(word) > NEAREST_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < count; i++)
	{
		size_t		distance;

		if (words[i] == NULL || strlen(words[i]) > NEAREST_MAX_LEN)
			continue;
		distance = edit_distance(word, words[i]);
		if (distance <= best && distance < strlen(word) && (nearest == NULL || distance < best))
		{
			nearest = words[i];
			best = distance;
		}
	}
	return nearest;
}
