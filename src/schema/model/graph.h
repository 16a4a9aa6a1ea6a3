/*
 * graph.h
 *	  What needs what in a live schema, by the server's own account.
 *
 * depends_on of a document names whole objects.  A plan has to know more of the
 * live side: which policy, check, index, default or column it is that keeps
 * something from being dropped or altered.  Each such thing is a node; the catalog
 * wing makes them from pg_depend, on request.
 */
#ifndef DB_ADAPTER_GRAPH_H
#define DB_ADAPTER_GRAPH_H

#include "schema/model/schema.h"

typedef enum GraphPart
{
	GRAPH_OBJECT,				/* the object or column itself */
	GRAPH_DEFAULT,				/* a column's default or generation expression */
	GRAPH_ROWTYPE				/* the type of a table's or view's rows, and arrays of it */
} GraphPart;

typedef struct GraphNode
{
	const SchemaKind *kind;
	SchemaObject *object;
	const SchemaKind *parent_kind;	/* NULL on top */
	SchemaObject *parent;		/* the table, view or type it is in */
	GraphPart	part;
	List	   *dependents;		/* GraphNode *: what needs it, and keeps it from being dropped */
	List	   *followers;		/* GraphNode *: what needs it, and goes along with it */
	List	   *outside;		/* char *: what needs it and is in no schema that was read */
	struct GraphNode *default_value;	/* of a column, or NULL */
	struct GraphNode *rowtype;	/* of a table or view, or NULL */
} GraphNode;

/*
 * All nodes that are there no more when an object is dropped: its own, those of its
 * rows' type, its columns with their defaults, its constraints, indexes and so on; for
 * a key, that of its index.  NIL where the schema was read without nodes.
 */
extern List *graph_nodes(const SchemaKind *kind, const void *object, const void *parent);

/* The top-level object a node belongs to. */
extern SchemaObject *graph_top(const GraphNode *node);
extern const SchemaKind *graph_top_kind(const GraphNode *node);

#endif							/* DB_ADAPTER_GRAPH_H */
