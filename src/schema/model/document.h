/*
 * document.h
 *	  The schema document: a Schema as jsonb, and back.
 */
#ifndef DB_ADAPTER_DOCUMENT_H
#define DB_ADAPTER_DOCUMENT_H

#include "schema/model/schema.h"
#include "utils/jsonb.h"

#define DOCUMENT_FORMAT "db_adapter.schema"
#define DOCUMENT_VERSION 1

extern Jsonb *document_write(const Schema *schema);

/* The flat form: {"table": ["column", …], …}. */
extern Jsonb *document_write_columns(const Schema *schema);

/* True for an object that says it is a schema document, of whatever version. */
extern bool document_recognize(Jsonb *document);

/*
 * The Schema a document describes, sorted, in the current context.  Raises 22P02
 * where it is malformed, 0A000 where a newer version wrote it.
 */
extern Schema *document_read(Jsonb *document);

#endif							/* DB_ADAPTER_DOCUMENT_H */
