/*
 * declare.h
 *	  Declaring what a schema is to be, to have it watched.
 */
#ifndef DB_ADAPTER_DECLARE_H
#define DB_ADAPTER_DECLARE_H

#include "schema/expected/expected_request.h"
#include "utils/jsonb.h"

/* {"name", "mode", "schemas", "armed", "validation"} */
extern Jsonb *declare_schema(const char *name, const ExpectedRequest *request, const char *mode,
							 List *ignore);

extern void declare_undo(const char *name);

#endif							/* DB_ADAPTER_DECLARE_H */
