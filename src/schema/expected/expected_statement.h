/*
 * expected_statement.h
 *	  Statements of DDL text: run, passed over or refused.
 */
#ifndef DB_ADAPTER_EXPECTED_STATEMENT_H
#define DB_ADAPTER_EXPECTED_STATEMENT_H

#include "schema/ddl/ddltext.h"
#include "schema/expected/expected_swap.h"

/* The schemas (char *) the text creates, public aside. */
extern List *statement_created_schemas(const DdlText *ddl);

/* Whether it concerns the database or the cluster and never runs in a swap. */
extern bool statement_is_of_database(Node *stmt);

/*
 * Runs the statements in order within a swap; what is passed over is noted in
 * ddl->ignored.  0A000 for what is refused, otherwise the server's own errors,
 * with the place in the text as their context.
 */
extern void statement_run_all(Swap *swap, DdlText *ddl);

#endif							/* DB_ADAPTER_EXPECTED_STATEMENT_H */
