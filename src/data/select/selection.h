/*
 * selection.h
 *	  The rows of a table that belong to a backup, as one SELECT.
 *
 * Backup and digest read through it, so that both mean the same rows.
 */
#ifndef DB_ADAPTER_SELECTION_H
#define DB_ADAPTER_SELECTION_H

#include "data/backupschema/backupschema.h"
#include "lib/stringinfo.h"

/* Whose rows are meant, of a table that says whose each is. */
typedef enum SelectionOwner
{
	ROWS_OF_TENANT,
	ROWS_OR_OF_NONE,			/* and those that are nobody's */
	ROWS_OF_NONE
} SelectionOwner;

typedef struct Selection
{
	StringInfoData sql;
	int			nargs;
	int			maxargs;
	Oid		   *types;
	Datum	   *values;
	char	   *nulls;
	int			naliases;		/* subqueries so far */
	bool		listed;			/* joined with a list of keys: no nested loops */

	const BackupSchema *schema;
	const char *user_id;		/* NULL: of every tenant */
	SelectionOwner owner;
	JsonbContainer *filters;	/* the caller's {"table": {"column": value}}; or NULL */
	char	   *narrowed;		/* by table, where there are filters: NARROWED_… */
	bool	   *passing;		/* by table: the way to the tenant leads through it */
} Selection;

/* An empty statement over the tables of a bound schema. */
extern Selection *selection_create(const BackupSchema *schema, const char *user_id);

/*
 * The parts of the statement, appended in SQL's order.  The table is called t.
 * selection_where() ends with a complete WHERE clause or nothing: tenant, the
 * schema's filter, and filters, the caller's {"column": value} for this table
 * (may be NULL); and that the row's parents pass what s->filters says of them.
 */
extern void selection_columns(Selection *s, const BackupTable *table);
/* ", " and whether the reference of t leads to a row that is not the tenant's. */
extern void selection_leak(Selection *s, const BackupTable *table, const BackupRef *ref);
extern void selection_from(Selection *s, const BackupTable *table);
extern void selection_where(Selection *s, const BackupTable *table, JsonbContainer *filters);
/* AND only rows that rows of other tables in the backup refer to. */
extern void selection_referred(Selection *s, const BackupTable *table);
/* AND only rows of these pages, up to the end where `to` is InvalidBlockNumber. */
extern void selection_pages(Selection *s, BlockNumber from, BlockNumber to);
/* AND only the rows that lie there. */
extern void selection_places(Selection *s, ItemPointerData *places, int count);
extern void selection_order(Selection *s, const BackupTable *table);

/* Whether a backup holds the column: generated and excluded ones are left out. */
extern bool selection_has_column(const BackupTable *table, const RelationColumn *column);
/* Whether its type is lo, the number of a large object. */
extern bool selection_is_large_object(const RelationColumn *column);
/* The table's own filter as SQL over t with every name qualified; raises for what is none. */
extern char *selection_filter(const BackupTable *table);
/* The same over another alias. */
extern char *selection_filter_text(const BackupTable *table, const char *alias);
/* The references whose target may be another tenant's row, in order: BackupRef *. */
extern List *selection_leaking_refs(const Selection *s, const BackupTable *table);

/* A parameter of that value, read by the type's input function: its "$n". */
extern char *selection_argument(Selection *s, Oid type, const char *text);
/* A parameter of that value: its "$n". */
extern char *selection_add(Selection *s, Oid type, Datum value);
/* The value that text says for a base type; under pinned settings. */
extern Datum selection_datum(Oid base, const char *text);
/* What a JSON value says for a column of that type, as its input function reads it. */
extern char *selection_text(const BackupTable *table, const char *column, Oid basetype,
							const JsonbValue *value);
/* "a.x = b.y AND …" with qualified operators, for the key of target. */
extern void selection_join(Selection *s, const char *alias, const BackupTable *target,
						   const char *from, const BackupRef *ref);
/* "from.type_field = 'Value' AND " where a reference's target depends on that; else nothing. */
extern void selection_type_test(Selection *s, const BackupTable *table, const BackupRef *ref,
								int			target, const char *from);
/* Whether the row called alias belongs to the tenant. */
extern void selection_membership(Selection *s, const BackupTable *table, const char *alias);
/* Whether it is nobody's, of a table whose rows may be. */
extern void selection_of_none(Selection *s, const BackupTable *table, const char *alias);
/* "schema"."name" AS alias, without the rows that descendants in the schema hold. */
/* A column's value as text, by its type's output function rather than a cast of somebody's. */
extern char *selection_column_text(const char *alias, const RelationColumn *column);
extern void selection_table(Selection *s, const BackupTable *table, const char *alias);

#endif							/* DB_ADAPTER_SELECTION_H */
