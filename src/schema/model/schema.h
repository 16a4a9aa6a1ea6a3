/*
 * schema.h
 *	  A database schema in memory: plain structs, and a table that describes them.
 *
 * Every struct begins with a SchemaObject and is described by a SchemaKind: the
 * list of its members with their JSON names, places and the way they compare.
 * Creating, writing, reading, fingerprinting and comparing all walk these
 * lists, so what is introspected cannot be forgotten in a comparison.
 *
 * A member that is false, NULL, NIL or SCHEMA_UNSET is absent from the document.
 * docs/schema-document.md explains each member to users.
 */
#ifndef DB_ADAPTER_SCHEMA_H
#define DB_ADAPTER_SCHEMA_H

#include "nodes/pg_list.h"

/* An integer member that does not apply. */
#define SCHEMA_UNSET PG_INT64_MIN

/* Every new database has a schema public with this comment; nobody's schema file says so. */
#define SCHEMA_PUBLIC_COMMENT "standard public schema"

typedef enum SchemaMemberType
{
	MEMBER_TEXT,				/* char *, NULL when absent */
	MEMBER_BOOL,				/* bool */
	MEMBER_INT,					/* int64, SCHEMA_UNSET when absent */
	MEMBER_STRINGS,				/* List of char *, in an order that counts */
	MEMBER_OBJECTS				/* List of structs of kind `child` */
} SchemaMemberType;

/* How a member takes part in comparisons. */
typedef enum SchemaCompare
{
	COMPARE_KEY,				/* tells which object it is: schema, name, signature */
	COMPARE_ALWAYS,				/* part of what the object is */
	COMPARE_SET,				/* the same, in whatever order its elements stand */
	COMPARE_DEFINITION, /* says in one text what other members say in parts: reported
						 * only where no other member of the object differs */
	COMPARE_OWNER,				/* unless owners are ignored */
	COMPARE_PRIVILEGES,			/* unless privileges are ignored */
	COMPARE_COMMENT,			/* unless comments are ignored */
	COMPARE_NAME,				/* a name without meaning: a warning, where one is expected */
	COMPARE_UPKEEP,				/* a mark that upkeep of rows leaves: a warning */
	COMPARE_ORDER,				/* position among columns: a warning, unless ignored */
	COMPARE_APART,				/* objects of the database: compared by name, in no fingerprint */
	COMPARE_NEVER				/* for the reader's information */
} SchemaCompare;

struct SchemaKind;

typedef struct SchemaMember
{
	const char *name;			/* in JSON and in differences */
	size_t		offset;
	SchemaMemberType type;
	SchemaCompare compare;
	const struct SchemaKind *child; /* of MEMBER_OBJECTS */
	bool		required;		/* a document is malformed without it */
} SchemaMember;

typedef struct SchemaKind
{
	const char *name;			/* "column", as differences call it */
	size_t		size;
	const SchemaMember *members;
	int			nmembers;
	bool		positional;		/* lists of it keep their order; all others are sorted by key */
} SchemaKind;

/* What all objects have; members a kind does not list stay NULL. */
typedef struct SchemaObject
{
	char	   *schema;			/* of top-level objects that live in one */
	char	   *name;			/* exactly as in the catalog, never quoted */
	char	   *signature;		/* of routines and operators: identity arguments; part of the key */
	char	   *owner;			/* role name */
	List	   *privileges;		/* "grantee=letters[/grantor]", sorted; see schema-document.md */
	char	   *comment;
	List *depends_on; /* schema_key() of what must exist before it; of a column: its default */
	Oid			oid;			/* of a live object, else InvalidOid; never written */
	struct GraphNode *node;		/* of a live object read with its dependents; see graph.h */
} SchemaObject;

/* A column of a table or view, or an attribute of a composite type. */
typedef struct SchemaColumn
{
	SchemaObject object;		/* name, privileges, comment */
	int64		position;		/* 1, 2, … without gaps */
	int64		attnum;			/* of a live column; never written */
	char	   *type;			/* short form: varchar(100), int4[], app.mood */
	bool		not_null;
	char	   *not_null_name;	/* of a live column: its own constraint; never written */
	char	   *not_null_constraint;	/* that name where it is not the default one */
	bool		not_null_not_valid;
	bool		not_null_no_inherit;
	char	   *default_value;
	char	   *identity;		/* "always" or "by default" */
	char	   *identity_options;	/* START WITH … as in CREATE SEQUENCE */
	char	   *identity_sequence;	/* qualified, where it is not table_column_seq */
	char	   *generated;		/* expression */
	char	   *generated_kind; /* "stored" or "virtual" */
	char	   *collation;		/* qualified, where not the type's own */
	char	   *storage;		/* where not the type's own */
	char	   *compression;
	int64		statistics;		/* target */
	List	   *options;		/* n_distinct=… */
	List	   *fdw_options;
	bool		inherited;		/* comes from a parent table and from there only */
} SchemaColumn;

/* A constraint of a table or of a domain. */
typedef struct SchemaConstraint
{
	SchemaObject object;		/* name, comment */
	char	   *kind;			/* "primary key", "unique", "check", "foreign key", "exclude" */
	List	   *columns;
	List	   *include;
	char	   *expression;		/* of a check */
	char	   *referenced_schema;
	char	   *referenced_table;
	List	   *referenced_columns;
	char	   *match;			/* "full" or "partial", where not simple */
	char *on_update; /* "cascade", "restrict", "set null", "set default", where not no action */
	char	   *on_delete;
	List	   *on_delete_columns;	/* of SET NULL (columns) */
	bool		deferrable;
	bool		initially_deferred;
	bool		not_valid;
	bool		not_enforced;
	bool		no_inherit;
	bool		nulls_not_distinct;
	bool		inherited;		/* follows from the parent's constraint */
	char	   *index;			/* its name where it is not the constraint's */
	char	   *definition;		/* pg_get_constraintdef */
} SchemaConstraint;

typedef struct SchemaIndex
{
	SchemaObject object;		/* name, comment */
	char	   *method;
	List *columns; /* keys: column names and expressions, with collation, class and order */
	List	   *include;
	char	   *predicate;
	bool		is_unique;
	bool		nulls_not_distinct;
	char *constraint; /* "primary key", "unique" or "exclude": it belongs to one of its name */
	bool		invalid;
	bool		clustered;
	bool		inherited;		/* part of a partitioned index */
	char	   *parent;			/* that index, qualified */
	List	   *options;
	List	   *statistics;		/* "column number=target" of expressions */
	char	   *tablespace;
	char	   *definition;		/* pg_get_indexdef */
} SchemaIndex;

typedef struct SchemaTrigger
{
	SchemaObject object;		/* name, comment */
	char	   *timing;			/* "before", "after", "instead of" */
	List	   *events;			/* "insert", "update", "delete", "truncate" */
	List	   *columns;		/* of UPDATE OF */
	char	   *level;			/* "row" or "statement" */
	char	   *function;		/* qualified */
	char	   *condition;		/* of WHEN */
	char	   *enabled;		/* "disabled", "replica", "always"; NULL is origin */
	bool		constraint;
	bool		deferrable;
	bool		initially_deferred;
	bool		inherited;		/* clone of the partitioned table's trigger */
	char	   *definition;		/* pg_get_triggerdef */
} SchemaTrigger;

typedef struct SchemaPolicy
{
	SchemaObject object;		/* name, comment */
	char	   *command;		/* "all", "select", "insert", "update", "delete" */
	bool		restrictive;
	List	   *roles;			/* sorted; "public" for everyone */
	char	   *using_expression;
	char	   *check_expression;
	char	   *definition;		/* CREATE POLICY … */
} SchemaPolicy;

typedef struct SchemaRule
{
	SchemaObject object;		/* name, comment */
	char	   *event;
	bool		instead;
	char	   *enabled;		/* as for triggers */
	char	   *definition;		/* pg_get_ruledef */
} SchemaRule;

/* An ordinary, partitioned or foreign table. */
typedef struct SchemaTable
{
	SchemaObject object;
	char	   *kind;			/* "table", "partitioned table", "foreign table" */
	bool		unlogged;
	char	   *of_type;		/* of a typed table, qualified */
	char	   *access_method;	/* where not heap */
	char	   *tablespace;
	List	   *options;		/* fillfactor=70, toast.… */
	List	   *inherits;		/* qualified, in order */
	char	   *partition_of;	/* qualified */
	char	   *partition_bound;	/* FOR VALUES … */
	char	   *partition_key;	/* RANGE (…) */
	char	   *replica_identity;	/* "full", "nothing" or "index NAME"; NULL is default */
	bool		row_security;
	bool		force_row_security;
	char	   *server;			/* of a foreign table */
	List	   *fdw_options;
	bool		managed;		/* of a live one: an extension makes and drops it; never written */
	List	   *columns;
	List	   *constraints;
	List	   *indexes;
	List	   *triggers;
	List	   *policies;
	List	   *rules;
} SchemaTable;

/* A view or materialized view. */
typedef struct SchemaView
{
	SchemaObject object;
	char	   *kind;			/* "view" or "materialized view" */
	List	   *options;		/* security_invoker=true, check_option=local, … */
	char	   *tablespace;		/* of a materialized view, as the next two */
	char	   *access_method;
	bool		not_populated;
	char	   *definition;		/* pg_get_viewdef */
	List	   *columns;
	List	   *indexes;
	List	   *triggers;
	List	   *rules;
} SchemaView;

typedef struct SchemaFunction
{
	SchemaObject object;		/* signature: identity arguments, types only */
	char	   *kind;			/* "function", "procedure", "aggregate", "window function" */
	char	   *arguments;		/* with names and defaults */
	char	   *result;			/* NULL for a procedure */
	char	   *language;
	char	   *volatility;		/* "immutable" or "stable"; NULL is volatile */
	char	   *parallel;		/* "safe" or "restricted"; NULL is unsafe */
	bool		strict;
	bool		security_definer;
	bool		leakproof;
	char	   *cost;			/* where not the language's own */
	char	   *rows;
	List	   *settings;		/* search_path=app */
	char	   *definition;		/* pg_get_functiondef; CREATE AGGREGATE … */
} SchemaFunction;

typedef struct SchemaType
{
	SchemaObject object;
	char	   *kind;			/* "enum", "domain", "composite", "range", "base", "shell" */
	List	   *labels;			/* of an enum, in order */
	List	   *attributes;		/* of a composite: columns */
	char	   *base_type;		/* of a domain; subtype of a range */
	bool		not_null;
	char	   *default_value;
	char	   *collation;
	List	   *constraints;
	char	   *multirange;		/* name of a range's multirange type */
	List	   *settings;		/* of ranges and base types: "subtype_diff=…", "input=…" */
} SchemaType;

typedef struct SchemaSequence
{
	SchemaObject object;
	char	   *type;
	bool		unlogged;
	int64		start;
	int64		increment;
	int64		minimum;
	int64		maximum;
	int64		cache;
	bool		cycle;
	char	   *owned_by;		/* schema.table.column */
} SchemaSequence;

/* Extended statistics. */
typedef struct SchemaStatistics
{
	SchemaObject object;
	char	   *table;			/* qualified */
	List	   *kinds;			/* "ndistinct", "dependencies", "mcv" */
	List	   *columns;		/* names and expressions */
	int64		target;
	char	   *definition;		/* pg_get_statisticsobjdef */
} SchemaStatistics;

/* Kinds of which only the whole matters: collation, operator, operator class, text search … */
typedef struct SchemaOther
{
	SchemaObject object;
	char	   *kind;			/* as in COMMENT ON: "collation", "operator" */
	char	   *definition;		/* a CREATE statement */
	Oid			class;			/* catalog of a live object; never written */
} SchemaOther;

/* A schema itself. */
typedef struct SchemaNamespace
{
	SchemaObject object;
} SchemaNamespace;

typedef struct SchemaDefaultPrivileges
{
	SchemaObject object;		/* name: "ROLE FOR tables"; schema: NULL for the whole database */
	char	   *role;
	char	   *object_type;	/* "tables", "sequences", "functions", "types", "schemas" */
} SchemaDefaultPrivileges;

typedef struct SchemaExtension
{
	SchemaObject object;		/* name, comment */
	char	   *schema;			/* not part of its key: it has one name in the database */
	char	   *version;
} SchemaExtension;

typedef struct SchemaPublication
{
	SchemaObject object;
	bool		all_tables;
	List	   *operations;		/* "insert", … */
	bool		via_root;
	List *tables; /* "schema.table (columns) WHERE …", sorted, of the schemas read */
	List	   *schemas;
} SchemaPublication;

/* What `expected` passed over. */
typedef struct SchemaIgnored
{
	SchemaObject object;		/* nothing of it */
	int64		file;			/* from 1, where there are several */
	int64		line;
	int64		count;			/* of its like in a row, where more than one */
	char	   *statement;
	char	   *reason;
} SchemaIgnored;

/* A "-- renamed from" comment: as the argument `renames` of plan has it. */
typedef struct SchemaRename
{
	SchemaObject object;		/* nothing of it */
	char *from;			 /* schema.table of a table, schema.table.column of a column: the
										* column's old name in the table's new one; no "public." */
	char	   *to;				/* the new name */
} SchemaRename;

/* The document. */
typedef struct Schema
{
	SchemaObject object;		/* nothing of it */
	int64		server_version; /* 150018 */
	List	   *schemas;		/* names, as asked for */
	List	   *namespaces;
	List	   *tables;
	List	   *views;
	List	   *functions;
	List	   *types;
	List	   *sequences;
	List	   *statistics;
	List	   *others;
	List	   *default_privileges;
	List	   *extensions;
	List	   *publications;
	List	   *outside;		/* SchemaTable *, of other schemas: what is made on them */
	List	   *ignored;
	List	   *renames;
	List	   *ignore;			/* of a declaration: what of it is not compared, as in validate */
	MemoryContext context;		/* in which all of it lives, and nothing else; or NULL */
} Schema;

extern const SchemaKind schema_kind;
extern const SchemaKind schema_namespace_kind;
extern const SchemaKind schema_table_kind;
extern const SchemaKind schema_view_kind;
extern const SchemaKind schema_column_kind;
extern const SchemaKind schema_constraint_kind;
extern const SchemaKind schema_index_kind;
extern const SchemaKind schema_trigger_kind;
extern const SchemaKind schema_policy_kind;
extern const SchemaKind schema_rule_kind;
extern const SchemaKind schema_function_kind;
extern const SchemaKind schema_type_kind;
extern const SchemaKind schema_sequence_kind;
extern const SchemaKind schema_statistics_kind;
extern const SchemaKind schema_other_kind;
extern const SchemaKind schema_default_privileges_kind;
extern const SchemaKind schema_extension_kind;
extern const SchemaKind schema_publication_kind;
extern const SchemaKind schema_ignored_kind;
extern const SchemaKind schema_rename_kind;

/* Access to a member of an object by its description. */
#define SCHEMA_TEXT(object, member) (*(char **) ((char *) (object) + (member)->offset))
#define SCHEMA_BOOL(object, member) (*(bool *) ((char *) (object) + (member)->offset))
#define SCHEMA_INT(object, member) (*(int64 *) ((char *) (object) + (member)->offset))
#define SCHEMA_LIST(object, member) (*(List **) ((char *) (object) + (member)->offset))

/* Gives back the memory of a whole document now rather than with its parent. */
extern void schema_free(Schema *schema);

/* An object of a kind, empty, in the current context. */
extern void *schema_new(const SchemaKind *kind);
/* Whether the object has it: a default, a false and an empty list say nothing. */
extern bool schema_is_present(const SchemaMember *member, const void *object);
extern const SchemaMember *schema_find_member(const SchemaKind *kind, const char *name);

/* Order by schema, name and signature, bytewise, whatever the collation; NULL first. */
extern int schema_compare_keys(const void *a, const void *b);
/* Sorts every list of the document as its kind asks. */
extern void schema_sort(Schema *schema);

/*
 * An object of a sorted list by key, or NULL; O(log n).  signature is NULL but
 * for routines and operators.
 */
extern void *schema_find(List *objects, const char *schema, const char *name,
						 const char *signature);
extern SchemaTable *schema_find_table(const Schema *schema, const char *nspname,
									  const char *relname);
/* What a publication says of a table, by its quoted name; or NULL. */
extern const char *schema_publishes(const SchemaPublication *publication, const char *table);
/* The same of a table of another schema, on which the schemas have triggers or policies. */
extern SchemaTable *schema_find_outside(const Schema *schema, const char *nspname,
										const char *relname);
extern SchemaView *schema_find_view(const Schema *schema, const char *nspname, const char *relname);
/* A member of a table by name, sorted or not: columns, constraints, indexes, … */
extern void *schema_find_child(List *objects, const char *name);

/* Whether a List of char * has this text. */
extern bool schema_lists(List *texts, const char *text);

/* name, schema.name or schema.name(signature), quoted where SQL asks for it. */
extern char *schema_identity(const void *object);
/*
 * How depends_on names an object: "table public.items", "constraint public.items.items_pkey".
 * parent is NULL on top; an index stands in the schema of its table.
 */
extern char *schema_key(const SchemaKind *kind, const void *object, const void *parent);

#endif							/* DB_ADAPTER_SCHEMA_H */
