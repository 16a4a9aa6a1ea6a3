/*
 * ddl.h
 *	  Objects of a Schema -> the SQL commands that make them.  Pure.
 *
 * Every function returns one command, without a semicolon, in the current
 * context; names are qualified and quoted.  What belongs to an object but cannot
 * stand in its CREATE command (indexes, triggers, grants, …) has commands of its
 * own.
 */
#ifndef DB_ADAPTER_DDL_H
#define DB_ADAPTER_DDL_H

#include "schema/model/schema.h"

/* "TABLE", "FOREIGN TABLE", "MATERIALIZED VIEW", "PROCEDURE", …: after ALTER, DROP, COMMENT ON. */
extern const char *ddl_keyword(const SchemaKind *kind, const void *object);
/* The name after that keyword, with the argument types of a routine. */
extern char *ddl_target(const SchemaKind *kind, const void *object);

extern char *ddl_create_namespace(const SchemaNamespace *namespace);
extern char *ddl_create_table(const SchemaTable *table);
/* Whether that command makes the constraint too. */
extern bool ddl_is_in_create_table(const SchemaTable *table, const SchemaConstraint *constraint);
/* A key that not all partitions have: its index is not valid. */
extern bool ddl_is_of_whole_alone(const SchemaTable *table, const SchemaConstraint *constraint);
extern char *ddl_create_view(const SchemaView *view, bool or_replace);
extern char *ddl_create_type(const SchemaType *type);
extern char *ddl_create_sequence(const SchemaSequence *sequence);
extern char *ddl_alter_sequence(const SchemaSequence *sequence);
extern char *ddl_drop(const SchemaKind *kind, const void *object);

/* A column as in CREATE TABLE and ADD COLUMN. */
extern char *ddl_column(const SchemaColumn *column);
/* A constraint as after ADD. */
extern char *ddl_constraint(const SchemaConstraint *constraint);
/* The same for a NOT NULL, on servers that know such constraints. */
extern char *ddl_not_null(const SchemaColumn *column, const char *name);
/* definition of an index with another name in place of its own. */
extern char *ddl_index_as(const SchemaIndex *index, const char *name);

/* a, b, c: quoted identifiers. */
extern char *ddl_names(List *names);
/* 'a=b' strings of storage parameters as (a = b, c = d). */
extern char *ddl_parameters(List *options);
/*
 * The clause that leads from some of them to others: SET (…), RESET (…) or both.  What
 * does not differ is not named.
 */
extern char *ddl_change_parameters(List *to, List *from);
/* The same for the options of foreign objects: OPTIONS (SET …, ADD …, DROP …). */
extern char *ddl_change_fdw_options(List *to, List *from);
/* 'a=b' strings of a foreign object as OPTIONS (a 'b'). */
extern char *ddl_fdw_options(List *options);

extern char *ddl_comment(const char *keyword, const char *target, const char *comment);
/*
 * The GRANT and REVOKE commands from one list of privileges of an object to
 * another; column is NULL but for a column's own, owner is the role "$owner"
 * stands for.
 */
extern List *ddl_privileges(const SchemaKind *kind, const void *object, const char *column,
							const char *owner, List *before, List *after);

/*
 * What a column keeps of stays that goes along when its table's privileges change from
 * before to after: revoking a privilege on a table revokes it on all its columns.
 */
extern List *ddl_column_grants_again(const SchemaKind *kind, const void *object, const char *owner,
									 List *before, List *after, const SchemaObject *column,
									 List *stays);

/* Whether an entry was granted by somebody else than the owner: no command repeats it. */
extern bool ddl_is_granted_on(const char *entry);

/* A list of privileges with more of them granted; NIL stands for the default before. */
extern List *ddl_add_privileges(const SchemaKind *kind, const void *object, List *privileges,
								List *more);
/* The same for ALTER DEFAULT PRIVILEGES. */
extern List *ddl_default_privileges(const SchemaDefaultPrivileges *object, List *before,
									List *after);

#endif							/* DB_ADAPTER_DDL_H */
