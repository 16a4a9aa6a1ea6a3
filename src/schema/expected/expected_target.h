/*
 * expected_target.h
 *	  What a statement is about: the text's own objects, or others.
 *
 * The guard would stop a statement that touches what the text did not make, but
 * only after the server has locked it.  Here it is found out by name, before.
 */
#ifndef DB_ADAPTER_EXPECTED_TARGET_H
#define DB_ADAPTER_EXPECTED_TARGET_H

#include "nodes/parsenodes.h"
#include "schema/expected/expected_guard.h"

/*
 * NULL if stmt may run, or the reason why it is passed over.  It may run changed:
 * left_out is then the reason why a part of it (a role, an object) was taken out.
 * Raises 0A000 where it drops or alters what the text did not make.
 */
extern const char *target_check(Guard *guard, Node *stmt, const char **left_out);

#endif							/* DB_ADAPTER_EXPECTED_TARGET_H */
