/*
 * oom.h
 *		Allocations that fail on demand: the tests' own mem.c.
 */
#ifndef TEST_OOM_H
#define TEST_OOM_H

#include <stddef.h>

/* the n-th allocation from now on fails, and so does every later one; 0: none */
extern void oom_after(size_t n);

/* the n-th fails, those after it do not */
extern void oom_once(size_t n);

/* did one fail since oom_after? */
extern int oom_hit(void);

/* allocations not freed yet */
extern size_t oom_outstanding(void);

#endif							/* TEST_OOM_H */
