/*
 * hash.h
 *		Hashes for tables in memory.  They are quick and not keyed: who chooses the
 *		texts can make them collide, which costs time and nothing else.
 */
#ifndef DBA_HASH_H
#define DBA_HASH_H

#include <stddef.h>
#include <stdint.h>

/* every bit of the input reaches every bit of the output */
extern uint64_t hash_mix(uint64_t x);
extern uint64_t hash_text(const char *text, size_t len);

#endif							/* DBA_HASH_H */
