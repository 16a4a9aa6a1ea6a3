/*
 * mem.h
 *		Every allocation of the client library goes through these five calls.
 *
 * They add nothing to malloc but one seam: a test that links its own mem.o
 * makes the n-th allocation fail.  NULL means no memory; callers answer it with
 * DBA_NO_MEMORY.  What mem_* returned is released by mem_free only.
 */
#ifndef DBA_MEM_H
#define DBA_MEM_H

#include <stddef.h>

extern void *mem_alloc(size_t size);
extern void *mem_zalloc(size_t size);
extern void *mem_realloc(void *ptr, size_t size);
extern char *mem_strdup(const char *text);
extern char *mem_strndup(const char *text, size_t len);
extern void mem_free(void *ptr);

#endif							/* DBA_MEM_H */
