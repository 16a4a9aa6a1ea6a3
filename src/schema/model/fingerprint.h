/*
 * fingerprint.h
 *	  A hash of a schema's content.
 */
#ifndef DB_ADAPTER_FINGERPRINT_H
#define DB_ADAPTER_FINGERPRINT_H

#include "schema/model/schema.h"

/*
 * "sha256:…" in hex over every member that takes part in comparisons, but
 * neither owners nor objects of the database as a whole: equal for equal
 * schemas on any database.
 */
extern char *fingerprint_schema(const Schema *schema);

#endif							/* DB_ADAPTER_FINGERPRINT_H */
