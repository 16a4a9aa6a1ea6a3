/*
 * expected_request.h
 *	  What a caller of expected asks for.
 */
#ifndef DB_ADAPTER_EXPECTED_REQUEST_H
#define DB_ADAPTER_EXPECTED_REQUEST_H

#include "nodes/pg_list.h"

typedef struct ExpectedRequest
{
	List	   *texts;			/* char * */
	bool		numbered;		/* they came as an array */
	bool		schemas_given;	/* else public */
	List	   *schemas;		/* char * */
	const char *search_path;	/* NULL: the schemas named, or public, then the caller's */
	bool		allow_do;
} ExpectedRequest;

#endif							/* DB_ADAPTER_EXPECTED_REQUEST_H */
