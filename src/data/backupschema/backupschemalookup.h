/*
 * backupschemalookup.h
 *	  References that lead out of a backup schema: how their values are carried over.
 */
#ifndef DB_ADAPTER_BACKUPSCHEMALOOKUP_H
#define DB_ADAPTER_BACKUPSCHEMALOOKUP_H

#include "base/json.h"
#include "data/backupschema/backupschema.h"

/* What the values of a foreign key mean in another database. */
typedef enum OutsideKind
{
	OUTSIDE_LOOKUP,				/* the row with the same match key */
	OUTSIDE_SAME,				/* the same row */
	OUTSIDE_RAW					/* any row */
} OutsideKind;

typedef struct LookupSearch LookupSearch;

/*
 * inside: oids of the tables that are in the schema.  tenants: names of the columns that
 * say whose rows are, char *; root: the table of tenants, or InvalidOid.  row_security:
 * tables of which policies hide rows may be looked up too.  only: the lookups there are,
 * where no others may be; else NULL.
 */
extern LookupSearch *lookup_search(List *inside, List *tenants, Oid root, bool row_security,
								   const BackupSchema *only);
extern OutsideKind lookup_kind(LookupSearch *search, const RelationForeignKey *fk);
/* The table of a foreign key of the first kind is one of the lookups from now on. */
extern void lookup_use(LookupSearch *search, const RelationForeignKey *fk);
extern bool lookup_is_used(const LookupSearch *search);
/* A reference by it: the members of an object. */
extern void lookup_write_reference(JsonWriter *w, const RelationInfo *rel,
								   const RelationForeignKey *fk);
/* The lookups as tables of a backup schema, into its open list. */
extern void lookup_write_tables(LookupSearch *search, JsonWriter *w);

/* As a backup schema names a table: bare means public, for whoever reads it. */
extern char *lookup_table_name(const RelationInfo *rel);
/* The key that others reference: the primary key, else the first whole unique one; or NULL. */
extern RelationKey *lookup_reference_key(const RelationInfo *rel);
/* How much people would call the column a name. */
extern int lookup_rank(const RelationColumn *column);
/* A lone primary key of such a type numbers rows rather than naming them. */
extern bool lookup_is_surrogate(Oid type);
/* Whether a row always has a value in the columns of the key. */
extern bool lookup_is_required(const RelationInfo *rel, const RelationForeignKey *fk);
/* A name as a string, several as a list, none as null. */
extern void lookup_write_names(JsonWriter *w, const char *member, List *names);
extern List *lookup_names_of(const RelationInfo *rel, const AttrNumber *numbers, int count);

#endif							/* DB_ADAPTER_BACKUPSCHEMALOOKUP_H */
