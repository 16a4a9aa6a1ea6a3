/*
 * keyset.h
 *	  A set of integers that takes little room where they lie close together.
 */
#ifndef DB_ADAPTER_KEYSET_H
#define DB_ADAPTER_KEYSET_H

typedef struct KeySet KeySet;

/* In the current memory context. */
extern KeySet *keyset_create(void);
/* False once the set has grown to its limit: it is incomplete from then on. */
extern bool keyset_add(KeySet *set, int64 key);
extern bool keyset_has(const KeySet *set, int64 key);
extern bool keyset_is_complete(const KeySet *set);

#endif							/* DB_ADAPTER_KEYSET_H */
