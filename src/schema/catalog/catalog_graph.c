/*
 * catalog_graph.c
 *	  Who needs whom among the objects read, down to columns, constraints and the like.
 *
 * Two passes over pg_depend: the first finds what stands for a column's default, a
 * view's query or an operator class's member; the second adds an edge for each row
 * whose both ends are known.  A row from something unknown that would keep its
 * target from being dropped is noted with the target: it is in another schema.
 *
 * Nodes live as long as the schema; the tables by which they are found do not.
 *
 * What it assumes: that relations, types and all the rest have been read under the same
 * snapshot.  What it never does: it decides nothing of an order and drops no edge
 * because it would close a circle; both are the planner's.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/dependency.h"
#include "catalog/objectaddress.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_language.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_publication_rel.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_trigger.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "schema/catalog/catalog_reader.h"
#include "schema/model/graph.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

typedef struct NodeKey
{
	Oid			class;
	Oid			oid;
	int32		subid;			/* a column's number, else 0 */
} NodeKey;

typedef struct NodeEntry
{
	NodeKey		key;			/* hash key */
	GraphNode  *node;
} NodeEntry;

/* NULL: not of the schemas read, or of a kind that has no node. */
static GraphNode *
find_node(CatalogReader *r, Oid class, Oid oid, int32 subid)
{
	NodeKey		key = {class, oid, subid};
	NodeEntry  *entry = hash_search(r->nodes, &key, HASH_FIND, NULL);

	return entry != NULL ? entry->node : NULL;
}

/* Another address by which a node is known. */
static void
alias_node(CatalogReader *r, Oid class, Oid oid, int32 subid, GraphNode *node)
{
	NodeKey		key = {class, oid, subid};
	NodeEntry  *entry = hash_search(r->nodes, &key, HASH_ENTER, NULL);

	entry->node = node;
}

static GraphNode *
add_node(CatalogReader *r, Oid class, Oid oid, int32 subid, const SchemaKind *kind,
		 SchemaObject *object, GraphNode *parent)
{
	GraphNode  *node = palloc0(sizeof(GraphNode));

	node->kind = kind;
	node->object = object;
	if (parent != NULL)
	{
		node->parent_kind = parent->kind;
		node->parent = parent->object;
	}
	object->node = node;
	alias_node(r, class, oid, subid, node);
	return node;
}

static void
add_columns(CatalogReader *r, GraphNode *parent, Oid relation, List *columns)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		SchemaColumn *column = lfirst(lc);

		add_node(r, RelationRelationId, relation, (int32) column->attnum, &schema_column_kind,
				 &column->object, parent);
	}
}

/*
 * By the description of the structs: a kind that gets a new list of objects has nodes
 * for them without a line here, if catalog_class_of_part() knows its catalog.
 */
static void
add_children(CatalogReader *r, GraphNode *parent)
{
	const SchemaKind *kind = parent->kind;

	for (int i = 0; i < kind->nmembers; i++)
	{
		const SchemaMember *list = &kind->members[i];
		ListCell   *lc;

		if (list->type != MEMBER_OBJECTS)
			continue;
		if (list->child == &schema_column_kind)
		{
			/* Those of a type hang on a relation of their own: add_attributes(). */
			if (kind != &schema_type_kind)
				add_columns(r, parent, parent->object->oid, SCHEMA_LIST(parent->object, list));
			continue;
		}
		foreach(lc, SCHEMA_LIST(parent->object, list))
		{
			SchemaObject *child = lfirst(lc);

			add_node(r, catalog_class_of_part(list->child), child->oid, 0, list->child, child,
					 parent);
		}
	}
}

/* The columns of a composite type hang on a relation of their own. */
static void
add_attributes(CatalogReader *r, GraphNode *node)
{
	Oid			relation = get_typ_typrelid(node->object->oid);

	if (!OidIsValid(relation))
		return;
	alias_node(r, RelationRelationId, relation, 0, node);
	add_columns(r, node, relation, ((SchemaType *) node->object)->attributes);
}

static void
add_objects(CatalogReader *r, const SchemaKind *kind, Oid class, List *objects)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		SchemaObject *object = lfirst(lc);
		GraphNode  *node;

		if (!OidIsValid(object->oid))
			continue;
		node = add_node(r, class, object->oid, 0, kind, object, NULL);
		add_children(r, node);
		if (kind == &schema_type_kind)
			add_attributes(r, node);
	}
}

/* A type without a node is that of rows, of elements or of a range's multirange. */
static GraphNode *
find_type(CatalogReader *r, Oid type)
{
	GraphNode  *node = find_node(r, TypeRelationId, type, 0);
	Oid			other;

	if (node != NULL)
		return node;
	if (OidIsValid(other = get_typ_typrelid(type)))
	{
		node = find_node(r, RelationRelationId, other, 0);
		if (node == NULL || node->kind == &schema_type_kind)
			return node;
		/*
		 * Made when somebody first refers to it: most tables' row types are used by
		 * nobody.
		 */
		if (node->rowtype == NULL)
		{
			node->rowtype = palloc0(sizeof(GraphNode));
			node->rowtype->kind = node->kind;
			node->rowtype->object = node->object;
			node->rowtype->part = GRAPH_ROWTYPE;
		}
		return node->rowtype;
	}
	if (OidIsValid(other = get_element_type(type)))
		return find_type(r, other);
	if (get_typtype(type) == TYPTYPE_MULTIRANGE && OidIsValid(other = get_multirange_range(type)))
		return find_type(r, other);
	return NULL;
}

/*
 * What stands for a part of something known: the functions that make values of a range,
 * too.  Only an automatic or internal dependency says that something is a part.  A
 * default is told by the column it belongs to; a view's query by its rule, which hangs
 * on the view internally; operators and functions of an operator class belong to it or
 * its family.
 */
static void
adopt_part(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
	bool		belongs = form->deptype == DEPENDENCY_AUTO || form->deptype == DEPENDENCY_INTERNAL;
	GraphNode  *owner;

	if (!belongs || form->objid < FirstNormalObjectId)
		return;
	owner = form->refclassid == TypeRelationId
				? find_type(r, form->refobjid)
				: find_node(r, form->refclassid, form->refobjid, form->refobjsubid);
	if (owner == NULL)
		return;
	if (form->classid == AttrDefaultRelationId && form->refobjsubid != 0)
	{
		/* A generated column's may read other columns of its table: those are not its own. */
		if (find_node(r, form->classid, form->objid, 0) != NULL)
			return;
		if (owner->default_value == NULL)
		{
			owner->default_value = palloc0(sizeof(GraphNode));
			*owner->default_value = (GraphNode){.kind = owner->kind,
												.object = owner->object,
												.parent_kind = owner->parent_kind,
												.parent = owner->parent,
												.part = GRAPH_DEFAULT};
		}
		alias_node(r, form->classid, form->objid, 0, owner->default_value);
	}
	else if ((form->classid == RewriteRelationId && owner->kind == &schema_view_kind &&
			  form->refobjsubid == 0 && form->deptype == DEPENDENCY_INTERNAL) ||
			 form->classid == AccessMethodOperatorRelationId ||
			 form->classid == AccessMethodProcedureRelationId ||
			 (form->classid == ProcedureRelationId && owner->kind == &schema_type_kind &&
			  form->deptype == DEPENDENCY_INTERNAL))
		alias_node(r, form->classid, form->objid, 0, owner);
}

static GraphNode *
find_target(CatalogReader *r, Form_pg_depend form)
{
	if (form->refclassid == TypeRelationId)
		return find_type(r, form->refobjid);
	return find_node(r, form->refclassid, form->refobjid, form->refobjsubid);
}

/*
 * Clones of keys and of triggers on partitions are the server's own affair.  True also
 * for one that is gone from the cache: it keeps nobody from anything.
 */
static bool
is_clone(CatalogReader *r, Oid constraint)
{
	HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));
	bool		result = true;

	if (HeapTupleIsValid(tuple))
	{
		result =
			catalog_find_relation(r, ((Form_pg_constraint) GETSTRUCT(tuple))->conrelid) != NULL;
		ReleaseSysCache(tuple);
	}
	return result;
}

/*
 * Functions of the name of a range or multirange, made with it.  By its source, the
 * name of the server's own C function: a user cannot make a function of the internal
 * language without being a superuser.
 */
static bool
is_constructor(Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		result = false;
	bool		isnull;

	if (!HeapTupleIsValid(tuple))
		return false;
	if (((Form_pg_proc) GETSTRUCT(tuple))->prolang == INTERNALlanguageId)
	{
		Datum		source = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);

		result = !isnull && strstr(TextDatumGetCString(source), "range_constructor") != NULL;
	}
	ReleaseSysCache(tuple);
	return result;
}

/* Parts that the plan finds by the name of their table, or that go with what they belong to. */
static bool
is_known_otherwise(CatalogReader *r, Form_pg_depend form)
{
	switch (form->classid)
	{
		case PublicationRelRelationId:
		case TypeRelationId:
		case TriggerRelationId:
		case AccessMethodOperatorRelationId:
		case AccessMethodProcedureRelationId:
			return true;
		case ConstraintRelationId:
			return is_clone(r, form->objid);
		case ProcedureRelationId:
			return is_constructor(form->objid);
		case RelationRelationId:
			/* The sequence of an identity shows with its column. */
			return catalog_find_relation(r, form->objid) != NULL;
		default:
			return false;
	}
}

/* Described now, by the server: the plan that names it as an obstacle asks no catalog. */
static void
note_outside(CatalogReader *r, GraphNode *target, Form_pg_depend form)
{
	ObjectAddress address = {form->classid, form->objid, form->objsubid};
	char	   *name;

	/* A multirange, an array and the like come and go with their type. */
	if (form->deptype != DEPENDENCY_NORMAL || is_known_otherwise(r, form))
		return;
	name = getObjectDescription(&address, true);
	if (name != NULL && !schema_lists(target->outside, name))
		target->outside = lappend(target->outside, name);
}

/* A default and its column are parts of one object: neither keeps the other. */
static bool
is_same(const GraphNode *a, const GraphNode *b)
{
	return a == b || (a->object == b->object && a->kind == b->kind);
}

/*
 * Up to 14 what a generation expression reads is what the column itself goes along
 * with; it depends on nothing else in that way.  Later it is as with a default, and
 * here it always is.
 */
static bool
is_generation(Form_pg_depend form, const GraphNode *from)
{
	return form->classid == RelationRelationId && form->objsubid != 0 &&
		   form->deptype == DEPENDENCY_AUTO && from != NULL && from->default_value != NULL;
}

/* The key of which one is a clone: a foreign key to a partitioned table has them for its parts. */
static GraphNode *
find_origin(CatalogReader *r, Oid constraint)
{
	GraphNode  *node = NULL;

	while (node == NULL && OidIsValid(constraint))
	{
		HeapTuple	tuple = SearchSysCache1(CONSTROID, ObjectIdGetDatum(constraint));

		if (!HeapTupleIsValid(tuple))
			break;
		constraint = ((Form_pg_constraint) GETSTRUCT(tuple))->conparentid;
		ReleaseSysCache(tuple);
		node = find_node(r, ConstraintRelationId, constraint, 0);
	}
	return node;
}

/*
 * An automatic dependency follows: what it is of goes along with its target and needs
 * no step.  Rows of one dependent come together, so comparing with the last one added
 * leaves few doubles.
 */
static void
add_edge(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
	bool		follows = form->deptype == DEPENDENCY_AUTO;
	GraphNode  *from;
	GraphNode  *to;

	if (form->objid < FirstNormalObjectId || form->refobjid < FirstNormalObjectId ||
		(form->deptype != DEPENDENCY_NORMAL && form->deptype != DEPENDENCY_AUTO) ||
		(to = find_target(r, form)) == NULL)
		return;
	from = find_node(r, form->classid, form->objid, form->objsubid);
	/* A part without a node, as a column of an index, speaks for its whole. */
	if (from == NULL && form->objsubid != 0)
		from = find_node(r, form->classid, form->objid, 0);
	if (is_generation(form, from))
	{
		from = from->default_value;
		follows = false;
	}
	if (from == NULL && form->classid == ConstraintRelationId)
		from = find_origin(r, form->objid);
	if (from == NULL)
		note_outside(r, to, form);
	else if (!is_same(from, to))
	{
		List	  **list = follows ? &to->followers : &to->dependents;

		if (*list == NIL || llast(*list) != from)
			*list = lappend(*list, from);
	}
}

void
catalog_read_graph(CatalogReader *r)
{
	HASHCTL		ctl = {.keysize = sizeof(NodeKey), .entrysize = sizeof(NodeEntry)};
	Schema	   *schema = r->schema;
	ListCell   *lc;

	ctl.hcxt = r->work;
	r->nodes = hash_create("nodes", 4096, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	add_objects(r, &schema_namespace_kind, NamespaceRelationId, schema->namespaces);
	add_objects(r, &schema_table_kind, RelationRelationId, schema->tables);
	add_objects(r, &schema_view_kind, RelationRelationId, schema->views);
	add_objects(r, &schema_sequence_kind, RelationRelationId, schema->sequences);
	add_objects(r, &schema_function_kind, ProcedureRelationId, schema->functions);
	add_objects(r, &schema_type_kind, TypeRelationId, schema->types);
	add_objects(r, &schema_statistics_kind, StatisticExtRelationId, schema->statistics);
	add_objects(r, &schema_table_kind, RelationRelationId, schema->outside);
	foreach(lc, schema->others)
		add_objects(r, &schema_other_kind, ((SchemaOther *) lfirst(lc))->class,
					list_make1(lfirst(lc)));
	catalog_scan(r, DependRelationId, adopt_part);
	catalog_scan(r, DependRelationId, add_edge);
}
