/*
 * expected_guard.h
 *	  What DDL text may touch while it runs in a swap: what it made itself.
 *
 * While a guard is on watch, the server's object access hook notes every object
 * that is created and refuses to alter, drop or truncate any other; it refuses
 * functions of roles that do not have the current user's rights, and volatile ones
 * unless they are allowed; and every statement, nested ones included, runs without
 * event triggers.
 */
#ifndef DB_ADAPTER_EXPECTED_GUARD_H
#define DB_ADAPTER_EXPECTED_GUARD_H

#include "catalog/objectaddress.h"

typedef struct Guard Guard;

/* Whether a nested utility statement is to be left out. */
typedef bool (*GuardSkips)(Node *stmt);

extern Guard *guard_create(bool allow_volatile);

/* Puts a guard on watch; there is one at a time. */
extern void guard_watch(Guard *guard, GuardSkips skips);
extern void guard_rest(void);
extern bool guard_is_watching(void);

/* Schemas (oids) that queries of the text do not find in the catalogs, nor what is in them. */
extern void guard_hide(Guard *guard, List *schemas);
/* When all is rolled back: forgets what was planned under it. */
extern void guard_end(Guard *guard);

/* Whether functions made from now on are copies of somebody else's: not to be called. */
extern void guard_distrust(Guard *guard, bool distrusts);

/* Counts an object as made by the text. */
extern void guard_adopt(Guard *guard, Oid class_id, Oid object_id);
extern bool guard_made(Guard *guard, Oid class_id, Oid object_id);
/* Tables of other schemas (oids) of which there is a copy: expected_copies.c. */
extern void guard_add_copy(Guard *guard, Oid relid);
extern List *guard_copies(Guard *guard);
/* Whether the text may create in a schema: it made it, or it is a temporary one. */
extern bool guard_made_schema(Guard *guard, Oid namespace);
/* The names of the schemas it made that exist now. */
extern List *guard_made_schemas(Guard *guard);
/* Whether it made anything that exists now in a schema. */
extern bool guard_schema_is_used(Guard *guard, Oid namespace);

/* Refuses what was created since the last call outside of the text's schemas. */
extern void guard_check_places(Guard *guard);

/* 0A000: the text drops or alters what it did not make. */
pg_noreturn extern void guard_refuse(Oid class_id, Oid object_id);

#endif							/* DB_ADAPTER_EXPECTED_GUARD_H */
