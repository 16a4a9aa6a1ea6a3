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
#include "schema/expected_guard.h"

/*
 * NULL if stmt may run, possibly changed (roles that do not exist are taken out),
 * or the reason why it is passed over.  Raises 0A000 where it drops or alters what
 * the text did not make.
 */
extern const char *target_check(Guard *guard, Node *stmt);

#endif							/* DB_ADAPTER_EXPECTED_TARGET_H */
