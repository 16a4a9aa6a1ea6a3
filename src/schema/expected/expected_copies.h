/*
 * expected_copies.h
 *	  Copies of tables of other schemas, for what DDL text makes on them.
 */
#ifndef DB_ADAPTER_EXPECTED_COPIES_H
#define DB_ADAPTER_EXPECTED_COPIES_H

#include "nodes/parsenodes.h"
#include "schema/expected/expected_guard.h"

/*
 * The copy that stands for a table (its oid), made when it is first asked for; NULL for
 * what is no table of a user.
 */
extern RangeVar *copies_make(Guard *guard, Oid relid);
/* The same where there is one already. */
extern RangeVar *copies_find(Guard *guard, Oid relid);
/* Names of the table itself in an expression, by its schema, become those of its copy. */
extern void copies_rename(Node *expression, const RangeVar *relation);
/* The tables that have one (SchemaTable *: their names alone). */
extern List *copies_list(Guard *guard);

#endif							/* DB_ADAPTER_EXPECTED_COPIES_H */
