/*
 * relation.h
 *	  Facts about one relation: its columns, keys and foreign keys.
 *
 * Names given by people are resolved here, as SQL reads them: folded to lower case
 * unless in double quotes.  A bare one means public, whatever the search_path: the
 * same document asks two databases, and must mean the same table in both.  Everything
 * else in the extension works with oids and with the quoted, qualified name.
 */
#ifndef DB_ADAPTER_RELATION_H
#define DB_ADAPTER_RELATION_H

#include "access/attnum.h"
#include "nodes/parsenodes.h"
#include "nodes/pg_list.h"
#include "storage/block.h"
#include "utils/relcache.h"

/* Where a table is whose name says no schema. */
#define RELATION_BARE_SCHEMA "public"

typedef struct RelationColumn
{
	char	   *name;
	char	   *quoted;			/* quote_identifier(name) */
	AttrNumber	attnum;
	Oid			type;
	Oid			basetype;		/* type, or what its domains are over */
	int32		typmod;
	Oid			collation;
	bool		not_null;
	bool has_default; /* an expression, a sequence or an identity; not a generated column */
	bool		generated;
	char		identity;		/* ATTRIBUTE_IDENTITY_ALWAYS, ..._BY_DEFAULT or '\0' */
	Oid sequence;  /* identity's sequence, or s where the default is nextval('s') and no more */
	bool		made;			/* generated, or by default out of some sequence */
	bool		varies;			/* by default each row has a value of its own */
} RelationColumn;

/* A unique index that is in force.  Expressions stand as InvalidAttrNumber. */
typedef struct RelationKey
{
	Oid			index;
	char	   *name;
	bool		primary;
	bool		deferrable;
	bool		partial;		/* has a predicate */
	bool		expressions;	/* some column is an expression */
	bool		nulls_not_distinct; /* NULL equals NULL */
	int			ncolumns;
	AttrNumber *columns;
	Oid		   *equality;		/* operator of the index's operator family, one a column */
} RelationKey;

typedef struct RelationForeignKey
{
	Oid			constraint;
	char	   *name;
	Oid			target;
	bool		deferrable;
	bool		validated;
	bool		match_full;
	char		on_delete;		/* FKCONSTR_ACTION_… */
	int			ncolumns;
	AttrNumber *columns;
	AttrNumber *target_columns;
} RelationForeignKey;

typedef struct RelationInfo
{
	Oid			oid;
	Oid			namespace;
	char	   *schema;
	char	   *name;
	char	   *qualified;		/* "schema"."name" as SQL text, quoted where needed */
	char		kind;			/* pg_class.relkind */
	bool		has_children;
	bool		has_places;		/* a plain table whose rows can be asked for by their place */
	bool		has_triggers;
	int			ncolumns;		/* live columns, in order */
	RelationColumn *columns;
	RelationKey *primary_key;	/* NULL without one */
	List	   *keys;			/* RelationKey *, the primary key first */
	List	   *foreign_keys;	/* RelationForeignKey * */
	/* The same that its partitions alone have, in columns of the whole. */
	List	   *partition_keys;
} RelationInfo;

/*
 * The oid of the table, view or foreign table that name says, locked against
 * being dropped.  Raises 42P01 with the nearest name when there is none, 42809
 * for another kind and 42501 for the schemas nobody's data lives in.
 */
extern Oid relation_resolve(const char *name);
/* The same, but InvalidOid when there is none. */
extern Oid relation_find(const char *name);
/* Whether it is none of the system's, of a session's or of this extension's. */
extern bool relation_is_allowed(Oid relid);
/* Refuses relations of the system, of sessions and of this extension: 42501. */
extern void relation_check_allowed(Oid relid);

/*
 * Raises 42501 where reading it, or a table below it, runs what somebody wrote who
 * does not have the current user's rights: a view, or a foreign table.  Takes locks, so
 * that it stays what it is.  false: part of what is read belongs to others.
 */
extern bool relation_check_code(Oid relid);

/* The same of an analysed expression that the reader brings himself. */
extern void relation_check_expression(Node *expr);
/* The relation that it would raise for; or InvalidOid. */
extern Oid relation_find_code(Oid relid);

/* Whether the query of a materialized view reads views or foreign tables of such roles. */
extern bool relation_fills_from_others(Oid matview);

/* Whether an index of the table, or of one below it, evaluates something. */
extern bool relation_index_evaluates(Oid relid);

/* Has the constants in index expressions evaluated as its owner, for plans to come. */
extern void relation_fold_indexes(Relation rel);

/* Its facts, in the current memory context. */
extern RelationInfo *relation_read(Oid relid);

/*
 * The column that name says: exactly, or else as SQL reads it.  relation_column
 * raises 42703 with the nearest name; relation_find_column returns NULL.
 */
extern RelationColumn *relation_column(const RelationInfo *rel, const char *name);
extern RelationColumn *relation_find_column(const RelationInfo *rel, const char *name);
extern RelationColumn *relation_column_by_number(const RelationInfo *rel, AttrNumber attnum);

/* The unique key over exactly these columns in any order, whole table; or NULL. */
/* The attribute numbers, as pull_varattnos() has them, of what a generated column is made of. */
extern Bitmapset *relation_generated_from(const RelationInfo *rel, const RelationColumn *column);
extern RelationKey *relation_key_over(const RelationInfo *rel, const AttrNumber *columns,
									  int ncolumns);
/* The foreign key from exactly these columns, to target unless InvalidOid; or NULL. */
extern RelationForeignKey *relation_foreign_key_over(const RelationInfo *rel,
													 const AttrNumber *columns, int ncolumns,
													 Oid target);
/* All that its rows refer by: its own foreign keys, and those of its partitions. */
extern List *relation_references(const RelationInfo *rel);
/* Whether the key reads only these columns, so that it makes them unique. */
extern bool relation_key_within(const RelationKey *key, const AttrNumber *columns, int ncolumns);

/* The default of a column as SQL text with all names qualified, or NULL. */
extern char *relation_default(const RelationInfo *rel, const RelationColumn *column);

/* InvalidOid where there is none of that oid any more. */
extern Oid relation_owner(Oid relid);
/* The owner of it and of all tables below it; InvalidOid where they are several. */
extern Oid relation_tree_owner(Oid relid);
extern Oid relation_type_owner(Oid type);
extern Oid relation_operator_owner(Oid oper);

/*
 * Whether its storage, or that of any table below it, holds a page: false means
 * certainly no rows.  True for a foreign table, of which nothing is known.
 */
extern bool relation_has_pages(Oid relid);

/* The rows the planner expects in it, and its bytes on disk with indexes. */
extern void relation_measure(Oid relid, int64 *rows, int64 *bytes);

/* The pages of its storage now. */
extern BlockNumber relation_pages(Oid relid);

/*
 * The names of the triggers of people that fire on INSERT and UPDATE, char *.
 * *before says that one of them may change a row or leave it out.
 */
extern List *relation_triggers(Oid relid, bool *before);
/* The names of the rules that rewrite an INSERT or an UPDATE of it, char *. */
extern List *relation_rules(Oid relid);
/* Raises 42501 unless the user may write to these columns of it: ACL_INSERT or ACL_UPDATE. */
extern void relation_check_privilege(const RelationInfo *rel, const AttrNumber *columns,
									 int ncolumns, AclMode mode);

/* Whether policies hide rows of it from the current user. */
extern bool relation_hides_rows(Oid relid);

/*
 * SQL for a value of type as text: what its output function writes, where a cast would
 * run somebody's function.  NULL is NULL.
 */
extern char *relation_text(const char *expression, Oid type);

/* "OPERATOR(schema.=)" for values of type, or NULL when it has no equality. */
extern char *relation_equality(Oid type);
/* Whether that operator of left takes a value of right on its other side. */
extern bool relation_comparable(Oid left, Oid right);
extern char *relation_operator_text(Oid operator);
/* The collation's name, qualified and quoted. */
extern char *relation_collation_text(Oid collation);

/*
 * Whether a relation's last column gets its values row by row when it is added: from
 * a volatile default, or through the checks of its domain.
 */
extern bool relation_fills_last_column(Oid relid);

#endif							/* DB_ADAPTER_RELATION_H */
