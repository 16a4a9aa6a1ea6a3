/*
 * catalog.h
 *	  pg_catalog -> Schema: reading the live schema.
 *
 * Reads see one snapshot: the active one, with what the transaction itself has
 * done.  Nothing is locked beyond the catalogs while they are read.
 */
#ifndef DB_ADAPTER_CATALOG_H
#define DB_ADAPTER_CATALOG_H

#include "schema/model/schema.h"

/*
 * The schemas named (List of char *; a name that does not exist contributes
 * nothing), less the relations named in exclude, whatever their schema.  What
 * belongs to an extension is left out.  The result lives in the current context.
 *
 * wanted, or NULL, names what is read beside: of its tables of other schemas (outside) the
 * triggers and policies that it has, and those that call a function of the schemas; its
 * publications, whatever they publish.
 */
extern Schema *catalog_read(List *schemas, List *exclude, const Schema *wanted);

/* The same, each object with its node: what a plan begins with. */
extern Schema *catalog_read_with_graph(List *schemas, const Schema *wanted);

/* The same without depends_on, which takes no part in comparisons: cheaper. */
extern Schema *catalog_read_comparable(List *schemas, List *exclude, const Schema *wanted);

/* Tables with their columns' names alone: far cheaper. */
extern Schema *catalog_read_columns(List *schemas, List *exclude);

/*
 * The schema in which a copy of a table of another schema stands while DDL text that adds
 * to it runs; such a copy is read in the place of the table.
 */
extern char *catalog_outside_schema(Oid namespace);

/* Marks tables that an extension makes and drops by itself (SchemaTable.managed). */
extern void catalog_mark_managed(Schema *schema);

/*
 * Whether the schemas have at least so many relations, indexes counted, and constraints
 * of relations: what a document lists, the schema has, or it differs.
 */
extern bool catalog_has_objects(List *schemas, int64 relations, int64 constraints);

/*
 * fingerprint_schema() of the schemas, nothing excluded.  The backend remembers
 * it: a call that finds the catalogs unchanged does not read the schema again.
 */
extern char *catalog_fingerprint(List *schemas);

/* Raises 55000 unless that is the live schema's, for a plan that was made for it. */
extern void catalog_check_fingerprint(List *schemas, const char *fingerprint);

#endif							/* DB_ADAPTER_CATALOG_H */
