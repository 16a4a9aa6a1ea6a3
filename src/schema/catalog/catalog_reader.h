/*
 * catalog_reader.h
 *	  What the catalog_*.c files share while one document is read.
 *
 * Each catalog is scanned once, in passes; rows are joined through hashes here
 * rather than by a cache lookup an object.  A pass keeps what a later one needs
 * in the work context; the document itself grows in the result context, which
 * is the current one.
 */
#ifndef DB_ADAPTER_CATALOG_READER_H
#define DB_ADAPTER_CATALOG_READER_H

#include "access/htup_details.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "schema/model/schema.h"
#include "utils/hsearch.h"
#include "utils/snapshot.h"

/* A schema to be read. */
typedef struct CatalogNamespace
{
	Oid			oid;			/* hash key */
	char	   *name;
} CatalogNamespace;

/* What is known of one column beside its SchemaColumn. */
typedef struct CatalogColumn
{
	SchemaColumn *column;		/* NULL for a dropped column */
	Oid			type;
	Oid			collation;
	char		generated;
	int64		statistics;		/* target of an index's column */
} CatalogColumn;

/* A row of pg_class: a table, view, sequence, index or composite type of a schema read. */
typedef struct CatalogRelation
{
	Oid			oid;			/* hash key */
	char		relkind;
	char	   *schema;
	char	   *name;
	void *object;	/* SchemaTable, SchemaView, SchemaSequence or SchemaIndex, or NULL */
	List	  **columns;		/* where its columns go, or NULL */
	int			natts;
	CatalogColumn *attrs;		/* by attnum - 1 */
	bool		has_rules;
	bool		has_triggers;
	bool		is_partition;
	bool		has_class_options;	/* an index whose operator classes have options */
	Oid			owner;
	Oid			access_method;
	Oid			tablespace;
	Oid			toast;
	Oid			owner_table;	/* of a sequence: to which column it belongs, and how */
	int			owner_column;
	bool		is_identity;
	List	   *options;
	List	   *parents;		/* CatalogParent * */
} CatalogRelation;

/* A row of pg_inherits. */
typedef struct CatalogParent
{
	Oid			parent;
	int			seqno;
} CatalogParent;

typedef struct CatalogReader
{
	Schema	   *schema;
	List	   *exclude;
	List	   *outside;		/* SchemaTable *: of other schemas, asked for */
	List	   *publications;	/* SchemaPublication *: asked for, whatever they publish */
	Snapshot	snapshot;
	MemoryContext result;
	MemoryContext work;			/* lives as long as the reader */
	MemoryContext scratch;		/* reset after each deparse */
	bool		selective;		/* few of the database's relations are wanted */
	bool		names_only;		/* of columns nothing but the name */
	HTAB	   *namespaces;		/* wanted schemas: Oid -> CatalogNamespace */
	HTAB	   *relations;		/* Oid -> CatalogRelation */
	Oid			last_oid;		/* asked for, and what was found */
	CatalogRelation *last_relation;
	List	   *relation_list;	/* the same, in the order found */
	HTAB	   *members;		/* (class, oid) of what belongs to extensions */
	HTAB	   *comments;		/* (class, oid, subid) -> text; NULL when there are none */
	HTAB	   *names;			/* (class, oid, typmod) -> how it prints */
	List	   *toast_options;	/* CatalogRelation * of toast tables that have options */
	List	   *clones;			/* foreign keys cloned from another */
	List	   *domain_constraints; /* of the domain being read */
	void	   *current;		/* the object whose further rows are being read */
	HTAB	   *dependents;		/* catalog_depends.c: objects and their parts */
	List	   *edges;			/* the same: rows of pg_depend between them */
	HTAB	   *nodes;			/* catalog_graph.c: objects, columns and their parts */
	int64		class_rows;
} CatalogReader;

/* catalog_scan.c: passes over catalogs */

typedef void (*CatalogRow)(CatalogReader *r, HeapTuple tuple, TupleDesc desc);

extern void catalog_scan(CatalogReader *r, Oid catalog, CatalogRow row);
extern void catalog_scan_key(CatalogReader *r, Oid catalog, Oid index, AttrNumber column, Oid key,
							 CatalogRow row);
extern void catalog_scan_key2(CatalogReader *r, Oid catalog, Oid index, AttrNumber column1,
							  Oid key1, AttrNumber column2, Oid key2, CatalogRow row);
/* The rows of the relations read, by index where they are few, else all rows there are. */
extern void catalog_scan_relations(CatalogReader *r, Oid catalog, Oid index, AttrNumber column,
								   CatalogRow row);
extern CatalogRelation *catalog_find_relation(CatalogReader *r, Oid oid);
extern const char *catalog_find_namespace(CatalogReader *r, Oid oid);
extern bool catalog_is_member(CatalogReader *r, Oid class, Oid oid);
extern void catalog_load_members(CatalogReader *r);
extern void catalog_load_comments(CatalogReader *r);
extern char *catalog_comment(CatalogReader *r, Oid class, Oid oid, int subid);
extern char *catalog_text(HeapTuple tuple, TupleDesc desc, AttrNumber column);
extern List *catalog_text_array(HeapTuple tuple, TupleDesc desc, AttrNumber column);
/* The elements of an int2[] or oid[] column; the count is 0 where it is null. */
extern int16 *catalog_int2_array(HeapTuple tuple, TupleDesc desc, AttrNumber column, int *count);
extern Oid *catalog_oid_array(HeapTuple tuple, TupleDesc desc, AttrNumber column, int *count);
/* Text put together piece by piece; nothing may be deparsed in between. */
extern void catalog_begin_text(CatalogReader *r, StringInfo text);
extern char *catalog_end_text(CatalogReader *r, StringInfo text);
/* Calls one of the server's pg_get_* functions; an error when the object is gone. */
extern char *catalog_call(CatalogReader *r, PGFunction function, FunctionCallInfo fcinfo);
extern char *catalog_deparse(CatalogReader *r, PGFunction function, Oid oid);
/* The expression in a pg_node_tree column, NULL where it is null. */
extern char *catalog_expression(CatalogReader *r, HeapTuple tuple, TupleDesc desc,
								AttrNumber	column, Oid relation);

/* catalog_names.c: how things print */

extern char *catalog_role(CatalogReader *r, Oid role);
extern char *catalog_type(CatalogReader *r, Oid type, int32 typmod);
extern char *catalog_collation(CatalogReader *r, Oid collation);
extern char *catalog_relation_name(CatalogReader *r, Oid relation);
extern void catalog_relation_parts(CatalogReader *r, Oid relation, char **schema, char **name);
extern char *catalog_namespace_name(CatalogReader *r, Oid namespace);
extern char *catalog_function(CatalogReader *r, Oid function);
extern char *catalog_operator(CatalogReader *r, Oid operator);
extern char *catalog_column_name(CatalogReader *r, Oid relation, AttrNumber attnum);
extern char *catalog_access_method(CatalogReader *r, Oid am);
/* What a type gives its columns. */
extern void catalog_type_defaults(CatalogReader *r, Oid type, char *storage, Oid *collation);
/* The name of an operator class with a leading blank; "" where it is the type's default. */
extern const char *catalog_operator_class(CatalogReader *r, Oid opclass, Oid type);
/* An ACL as strings of names, NIL where it says no more than the default. */
extern List *catalog_privileges(CatalogReader *r, HeapTuple tuple, TupleDesc desc,
								AttrNumber	column, ObjectType type, Oid owner);
extern List *catalog_acl_strings(CatalogReader *r, Datum acl, ObjectType type, Oid owner);

extern char *catalog_ts_parser(CatalogReader *r, Oid parser);
extern char *catalog_ts_template(CatalogReader *r, Oid template);
extern char *catalog_ts_dictionary(CatalogReader *r, Oid dictionary);
extern List *catalog_domain_constraints(CatalogReader *r, Oid type);

/* catalog_others.c: NULL for what is not read; the kind is its signature at first. */
extern SchemaOther *catalog_add_other(CatalogReader *r, Oid class, Oid oid, const char *kind,
									  Oid namespace, const NameData *name, Oid owner);
extern char *catalog_other_name(const SchemaOther *object);

/* The passes. */
extern void catalog_read_relations(CatalogReader *r);	/* catalog_relations.c */
extern void catalog_read_sequences(CatalogReader *r);	/* catalog_sequences.c */
extern void catalog_read_indexes(CatalogReader *r); /* catalog_indexes.c */
extern void catalog_read_constraints(CatalogReader *r); /* catalog_constraints.c */
extern void catalog_read_triggers(CatalogReader *r);	/* catalog_triggers.c */
extern void catalog_read_functions(CatalogReader *r);	/* catalog_routines.c */
extern void catalog_read_types(CatalogReader *r);	/* catalog_types.c */
extern void catalog_read_operators(CatalogReader *r);	/* catalog_operators.c */
extern void catalog_read_others(CatalogReader *r);	/* catalog_others.c */
extern void catalog_read_database(CatalogReader *r);
extern void catalog_read_dependencies(CatalogReader *r);	/* catalog_depends.c */
/* The catalog that holds parts of relations of this kind; pg_class for indexes. */
extern Oid catalog_class_of_part(const SchemaKind *kind);
extern void catalog_read_graph(CatalogReader *r);	/* catalog_graph.c */
extern void catalog_read_publications(CatalogReader *r);	/* catalog_publications.c */
extern void catalog_read_outside(CatalogReader *r); /* catalog_outside.c */
/* The quoted name of a table of another schema that was asked for, or of which this is the copy. */
extern char *catalog_outside_name(CatalogReader *r, Oid relid);

/* catalog_triggers.c: of one relation, among those read or put in their place */
extern void catalog_read_attached(CatalogReader *r, Oid relid);

#endif							/* DB_ADAPTER_CATALOG_READER_H */
