/*
 * expected.h
 *	  The schema that DDL text declares, by executing it.
 */
#ifndef DB_ADAPTER_EXPECTED_H
#define DB_ADAPTER_EXPECTED_H

#include "nodes/pg_list.h"
#include "schema/schema.h"
#include "utils/jsonb.h"

typedef struct ExpectedRequest
{
	List *texts;			 /* char * */
	bool numbered;			 /* they came as an array */
	bool schemas_given;		 /* else public */
	List *schemas;			 /* char * */
	const char *search_path; /* NULL: the schemas named, or public, then the caller's */
	bool allow_do;
} ExpectedRequest;

/*
 * The schema document of a database built from the texts, from the cache or by
 * executing them in swapped-in schemas and rolling back.
 */
extern Jsonb *expected_document(const ExpectedRequest *request);

#endif /* DB_ADAPTER_EXPECTED_H */
