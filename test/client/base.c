/*
 * base.c
 *		What stands below everything: the array that grows, the set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/array.h"
#include "base/hash.h"
#include "base/hashset.h"
#include "oom.h"

typedef struct Point
{
	int			x;
	char		y;
} Point;

static void
test_array(void **state)
{
	ARRAY_OF(Point) points = {0};
	const Point *before;

	(void) state;
	for (int i = 0; i < 1000; i++)
	{
		Point	   *point = array_add(&points);

		assert_non_null(point);
		assert_int_equal(point->x, 0);
		assert_int_equal(point->y, 0);
		*point = (Point){i, (char) i};
	}
	assert_int_equal(points.count, 1000);
	for (int i = 0; i < 1000; i++)
		assert_true(points.items[i].x == i && points.items[i].y == (char) i);
	assert_true(array_reserve(&points, 5000));
	before = points.items;
	for (int i = 0; i < 5000; i++)
		assert_non_null(array_add(&points));
	assert_ptr_equal(points.items, before);
	array_free(&points);
	assert_true(points.items == NULL && points.count == 0 && points.size == 0);
	assert_true(array_reserve(&points, 0));
	array_free(&points);
}

/* Nothing is lost where there is no memory, nor where the size has no number. */
static void
test_array_full(void **state)
{
	ARRAY_OF(Point) points = {0};

	(void) state;
	for (int i = 0; i < 8; i++)
		((Point *) array_add(&points))->x = i;
	oom_after(1);
	assert_null(array_add(&points));
	oom_after(0);
	assert_int_equal(points.count, 8);
	assert_int_equal(points.items[7].x, 7);
	assert_false(array_reserve(&points, SIZE_MAX / 2));
	assert_false(array_reserve(&points, SIZE_MAX));
	assert_int_equal(points.items[7].x, 7);
	assert_non_null(array_add(&points));
	array_free(&points);
}

static void
test_words(void **state)
{
	HashSet		set = {0};

	(void) state;
	assert_false(hashset_has(&set, 1));
	for (uint64_t i = 1; i <= 10000; i++)
		assert_int_equal(hashset_add(&set, hash_mix(i)), 1);
	for (uint64_t i = 1; i <= 10000; i++)
		assert_int_equal(hashset_add(&set, hash_mix(i)), 0);
	assert_int_equal(set.used, 10000);
	for (uint64_t i = 1; i <= 20000; i++)
		assert_int_equal(hashset_has(&set, hash_mix(i)), i <= 10000);
	hashset_free(&set);
	oom_after(1);
	assert_int_equal(hashset_add(&set, 7), -1);
	oom_after(0);
	assert_int_equal(hashset_add(&set, 7), 1);
	hashset_free(&set);
}

/* By what they say, not by where they stand. */
static void
test_names(void **state)
{
	HashSet		set = HASHSET_OF_NAMES;
	char		names[500][16];

	(void) state;
	for (int i = 0; i < 500; i++)
	{
		snprintf(names[i], sizeof(names[i]), "column %d", i);
		assert_int_equal(hashset_add_name(&set, names[i]), 1);
	}
	for (int i = 0; i < 500; i++)
	{
		char		copy[16];

		memcpy(copy, names[i], sizeof(copy));
		assert_int_equal(hashset_add_name(&set, copy), 0);
	}
	assert_int_equal(set.used, 500);
	assert_int_equal(hashset_add_name(&set, ""), 1);
	hashset_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array),
		cmocka_unit_test(test_array_full),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
