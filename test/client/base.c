/*
 * base.c
 *		What stands below everything: the array that grows, the set.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <dlfcn.h>
#include <cmocka.h>

#include <db_adapter.h>

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

/* A program that loads the library at run time may let it go while its helper thread is
 * still in a look-up: the code stays. */
static void
test_dlclose(void **state)
{
	char		path[512];
	void	   *library;
	dba_client *(*open)(const char *, dba_error **);
	dba_request (*execute)(dba_client *, const char *, const char *, dba_callback, void *);
	bool (*wait)(dba_client *, dba_request, int64_t);
	void (*close)(dba_client *);

	(void) state;
	snprintf(path, sizeof(path), "%s/libdbadapter.so", getenv("BUILD"));
	for (int i = 0; i < 20; i++)
	{
		dba_client *db;

		library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		if (library == NULL)
			fail_msg("%s", dlerror());
		*(void **) &open = dlsym(library, "dba_open");
		*(void **) &execute = dlsym(library, "dba_execute");
		*(void **) &wait = dlsym(library, "dba_wait");
		*(void **) &close = dlsym(library, "dba_close");
		db = open("postgresql://db.invalid:1/x", NULL);
		assert_non_null(db);
		execute(db, "SELECT 1", NULL, NULL, NULL);
		wait(db, 1, 0);
		close(db);
		assert_int_equal(dlclose(library), 0);
		library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
		assert_non_null(library);
		dlclose(library);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_array),	cmocka_unit_test(test_array_full),
		cmocka_unit_test(test_words),	cmocka_unit_test(test_names),
		cmocka_unit_test(test_dlclose),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
