/*
 * expected.h
 *	  The schema that DDL text declares, by executing it.
 */
#ifndef DB_ADAPTER_EXPECTED_H
#define DB_ADAPTER_EXPECTED_H

#include "schema/expected/expected_request.h"
#include "utils/jsonb.h"

/*
 * The schema document of a database built from the texts, from the cache or by
 * executing them in swapped-in schemas and rolling back.
 */
extern Jsonb *expected_document(const ExpectedRequest *request);

#endif							/* DB_ADAPTER_EXPECTED_H */
