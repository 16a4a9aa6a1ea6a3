/*
 * backupschema.h
 *	  The declaration of what a backup holds: tables, keys and references.
 *
 * backupschema_parse() reads the document alone; backupschema_bind() finds the
 * tables and columns in this database.  Restore and digest use the same.
 */
#ifndef DB_ADAPTER_BACKUPSCHEMA_H
#define DB_ADAPTER_BACKUPSCHEMA_H

#include "base/relation.h"
#include "funcapi.h"
#include "utils/jsonb.h"

typedef enum BackupRefKind
{
	REF_COLUMNS,				/* columns that hold the target's key */
	REF_POLYMORPHIC,			/* as well, but another column says which table is meant */
	REF_JSON					/* a place inside a json or jsonb column holds the key */
} BackupRefKind;

/* Whether rows are not a backup's own, but found where they are referred to. */
typedef enum BackupLookup
{
	LOOKUP_NONE,
	LOOKUP_FIND,				/* by their match key, and never made */
	LOOKUP_CREATE				/* made where they are not found */
} BackupLookup;

/* Columns by which others refer to rows of a table. */
typedef struct BackupKey
{
	int			count;
	char	  **names;
	RelationColumn **columns;	/* after backupschema_bind() */
} BackupKey;

/* A reference whose values are copied as they stand. */
typedef struct BackupRaw
{
	char	   *table;
	int			nfields;
	char	  **fields;
	RelationColumn **columns;	/* after backupschema_bind() */
} BackupRaw;

typedef struct BackupRefTarget
{
	char	   *value;			/* of the type column, for REF_POLYMORPHIC; else NULL */
	char	   *table;			/* as written */
	int			index;			/* into BackupSchema.tables; -1 when the schema has no such table */
} BackupRefTarget;

typedef struct BackupRef
{
	BackupRefKind kind;
	bool		required;		/* a parent: without it the row is skipped */
	bool		circular;		/* some target is in the table's own component, or is the table */
	int			nfields;
	char	  **fields;			/* in the order of the target's key */
	int			nto;
	char	  **to;				/* the key's names, where it is not the pk */
	int			key;			/* into the target's keys */
	char	   *type_field;
	char	   *json_path;
	int			ntargets;		/* one, but for REF_POLYMORPHIC */
	BackupRefTarget *targets;

	/* after backupschema_bind() */
	RelationColumn **columns;	/* one a field */
	RelationColumn *type_column;
	RelationColumn *user_column;	/* of the table that refers, where it has one */
} BackupRef;

typedef struct BackupTable
{
	char	   *name;			/* as written: what the file and the results call it */
	char	   *full_name;		/* what it means: with its schema, quoted where needed */
	int			index;
	int			npk;			/* 0 where switched off; the same for slug */
	char	  **pk;
	int			nslug;
	char	  **slug;
	char	   *user_field;		/* NULL where switched off */
	bool		match_parents;	/* the match key means one row only together with the parents */
	BackupLookup lookup;
	bool		remember;		/* rows are known by where they were born */
	int			nkeys;
	BackupKey  *keys;			/* the pk, and others that references mean by "to" */
	int			nrefs;
	BackupRef  *refs;			/* parents first, both in the order written */
	int			nraws;
	BackupRaw  *raws;
	char	   *filter;			/* backup and digest only; never from a file */
	List	   *exclude;		/* char *, column names as written */

	int			component;		/* tables that reference each other in a circle share one */
	bool		in_cycle;		/* more tables than this one are in its component */

	/*
	 * How its rows belong to a tenant: 0 by user_field, or as the tenants themselves; n
	 * through n references, the first of which is tenant_parent; -1 not at all.
	 */
	int			tenant_depth;
	BackupRef  *tenant_parent;

	/* after backupschema_bind() */
	RelationInfo *rel;
	char *source; /* what FROM, UPDATE and DELETE call it: its rows and no other table's */
	RelationColumn **pk_columns;
	RelationColumn **slug_columns;
	RelationColumn *user_column;
	bool		per_tenant;		/* the key means one row only together with the tenant */
	bool	   *excluded;		/* one for each of rel->columns */
	bool	   *ids;			/* the same: parts of keys that are drawn, or referred to */
} BackupTable;

/* The row that is the tenant whose rows are meant, where tenants are rows. */
typedef struct BackupTenant
{
	bool		found;
	char	   *name;			/* by its match key, as people would call it */
	Datum	  **keys;			/* by each key of the table, one value a column */
	bool	  **nulls;
	Datum	   *slug;			/* by the match key */
	bool	   *slug_nulls;
} BackupTenant;

typedef struct BackupSchema
{
	int			ntables;
	BackupTable *tables;
	BackupTable **by_name;		/* the same, sorted */
	BackupTable **by_full_name;
	int			ncomponents;
	List	   *unknown;		/* char *, what a file's schema has and nobody knows here */
	char	   *tenant_name;	/* the table whose rows are the tenants, as written; or NULL */
	BackupTable *tenant;
	BackupTenant *tenant_row;	/* after tenant_resolve() */
	bool none_travels;		  /* rows that are nobody's come along with those that refer to them */
} BackupSchema;

/*
 * Raises 22023 for a document that is none.  strict refuses members it does not
 * know; without it, as for a schema inside a file, they are noted in unknown.
 */
extern BackupSchema *backupschema_parse(JsonbContainer *document, bool strict);

/*
 * Finds tables and columns, raising 42P01, 42703 or, for what contradicts
 * itself, 22023.
 */
extern void backupschema_bind(BackupSchema *schema);

/* The table called so, exactly as written; or NULL. */
extern BackupTable *backupschema_find(const BackupSchema *schema, const char *name);
/* The same, else the one that is meant, however the name is written: t is public.t. */
extern BackupTable *backupschema_find_meant(const BackupSchema *schema, const char *name);
/* The same, else 22023 with the nearest name; what says whose mention it was. */
extern BackupTable *backupschema_table(const BackupSchema *schema, const char *name,
									   const char *what);

/* The first reference to a table that stands too late, as an error's words; or NULL. */
extern char *backupschema_misplaced(const BackupSchema *schema);

/* Whether rows under a reference are looked up: those of its table, or of all its tables. */
extern bool backupschema_is_lookup(const BackupSchema *schema, const BackupRef *ref);
/* Whether the reference is saved with a row: of one that is looked up, if its match key needs it. */
extern bool backupschema_needs(const BackupTable *table, const BackupRef *ref);
/* The same of a column. */
extern bool backupschema_needs_column(const BackupTable *table, const RelationColumn *column);

/*
 * Whether the column of a key means something in its own database alone: one that is drawn
 * (a sequence, a volatile default), or that something refers to.
 */
extern bool backupschema_is_id(const BackupTable *table, const RelationColumn *column);
/* Whether it is a part of the primary key that is data: no id, no reference, no tenant. */
extern bool backupschema_is_key_data(const BackupTable *table, const RelationColumn *column);

/* What could go wrong with it in this database, one row each: severity, table, message. */
extern void backupschema_check(BackupSchema *schema, ReturnSetInfo *result);

/* The column that says whose a row is, where nobody says another; NULL without one. */
extern RelationColumn *backupschema_tenant_column(const RelationInfo *rel);

/* What tells rows without a match key to be here already, where restore keeps to the defaults. */
typedef enum
{
	FOUND_BY_NOTHING,			/* a sequence draws their key: each restore inserts them */
	FOUND_BY_KEY,				/* their ids: others may have the same */
	FOUND_BY_REFERENCES,		/* a unique index over references alone */
} BackupFoundBy;

/*
 * Whether the database makes the column's values by itself, out of a sequence or of other
 * columns: the same one may be another row's elsewhere.
 */
extern bool backupschema_makes(const BackupTable *table, const RelationColumn *column);
extern BackupFoundBy backupschema_found_by(const RelationInfo *rel, const AttrNumber *references,
										   int count);

/*
 * From the catalog's foreign keys: the tables named, or all those below root, or all
 * of these schemas (char *; NIL: every schema but those of the system and extensions).
 */
extern Jsonb *backupschema_derive(List *tables, Oid root, List *schemas);

#endif							/* DB_ADAPTER_BACKUPSCHEMA_H */
