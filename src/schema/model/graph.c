/*
 * graph.c
 *	  What needs what in a live schema, by the server's own account.
 */
#include "postgres.h"

#include "base/compat.h"
#include "schema/model/graph.h"

static List *
add_node(List *nodes, GraphNode *node)
{
	if (node == NULL)
		return nodes;
	nodes = lappend(nodes, node);
	if (node->default_value != NULL)
		nodes = lappend(nodes, node->default_value);
	if (node->rowtype != NULL)
		nodes = lappend(nodes, node->rowtype);
	return nodes;
}

/* The index of a key goes with it. */
static const SchemaIndex *
find_index(const SchemaConstraint *constraint, const void *parent)
{
	const char *name = constraint->index != NULL ? constraint->index : constraint->object.name;
	const SchemaIndex *index;

	if (parent == NULL || constraint->referenced_table != NULL ||
		strcmp(constraint->kind, "check") == 0)
		return NULL;
	index = schema_find_child(((const SchemaTable *) parent)->indexes, name);
	return index != NULL && index->constraint != NULL ? index : NULL;
}

List *
graph_nodes(const SchemaKind *kind, const void *object, const void *parent)
{
	List	   *nodes = add_node(NIL, ((const SchemaObject *) object)->node);

	if (kind == &schema_constraint_kind)
	{
		const SchemaIndex *index = find_index(object, parent);

		return index != NULL ? add_node(nodes, index->object.node) : nodes;
	}
	for (int i = 0; i < kind->nmembers; i++)
	{
		ListCell   *lc;

		if (kind->members[i].type == MEMBER_OBJECTS)
			foreach(lc, SCHEMA_LIST(object, &kind->members[i]))
				nodes = add_node(nodes, ((SchemaObject *) lfirst(lc))->node);
	}
	return nodes;
}

SchemaObject *
graph_top(const GraphNode *node)
{
	return node->parent != NULL ? node->parent : node->object;
}

const SchemaKind *
graph_top_kind(const GraphNode *node)
{
	return node->parent_kind != NULL ? node->parent_kind : node->kind;
}
