/*
 * catalog_depends.c
 *	  What each object needs to exist before it can be made: depends_on.
 *
 * One pass over pg_depend.  An entry between parts (a default, a check, the query
 * of a view) counts for the objects they are parts of.  Parts that are made by
 * commands of their own, such as foreign keys, indexes and triggers, do not count:
 * they come after all tables, and tables may reference each other in circles.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/dependency.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_attrdef.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_type.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

typedef struct ObjectKey
{
	Oid			class;
	Oid			oid;
} ObjectKey;

/* An object that has a depends_on, or a part of one: the relation of a composite type. */
typedef struct Dependent
{
	ObjectKey	key;
	const SchemaKind *kind;
	SchemaObject *object;
} Dependent;

/* Between two rows of pg_depend whose parts are not known yet. */
typedef struct Edge
{
	ObjectKey	from;
	ObjectKey	to;
} Edge;

static Dependent *
find_dependent(CatalogReader *r, Oid class, Oid oid, HASHACTION action)
{
	ObjectKey	key = {class, oid};

	return hash_search(r->dependents, &key, action, NULL);
}

static void
add_dependents(CatalogReader *r, const SchemaKind *kind, Oid class, List *objects)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		SchemaObject *object = lfirst(lc);
		Dependent  *dependent;

		if (!OidIsValid(object->oid))
			continue;
		dependent = find_dependent(r, class, object->oid, HASH_ENTER);
		dependent->kind = kind;
		dependent->object = object;
	}
}

/* The attributes of a composite type hang on a relation. */
static void
add_composites(CatalogReader *r, List *types)
{
	ListCell   *lc;

	foreach(lc, types)
	{
		SchemaType *type = lfirst(lc);
		Oid			relation = get_typ_typrelid(type->object.oid);
		Dependent  *dependent;

		if (!OidIsValid(relation))
			continue;
		dependent = find_dependent(r, RelationRelationId, relation, HASH_ENTER);
		dependent->kind = &schema_type_kind;
		dependent->object = &type->object;
	}
}

/* A type without an entry stands for its table, its element or its range. */
static Dependent *
find_type(CatalogReader *r, Oid type)
{
	Dependent  *found = find_dependent(r, TypeRelationId, type, HASH_FIND);
	Oid			other;

	if (found != NULL)
		return found;
	if (OidIsValid(other = get_typ_typrelid(type)))
		return find_dependent(r, RelationRelationId, other, HASH_FIND);
	if (OidIsValid(other = get_element_type(type)))
		return find_type(r, other);
	if (get_typtype(type) == TYPTYPE_MULTIRANGE && OidIsValid(other = get_multirange_range(type)))
		return find_dependent(r, TypeRelationId, other, HASH_FIND);
	return NULL;
}

static Dependent *
find_target(CatalogReader *r, const ObjectKey *key)
{
	if (key->class == TypeRelationId && key->oid >= FirstNormalObjectId)
		return find_type(r, key->oid);
	return find_dependent(r, key->class, key->oid, HASH_FIND);
}

/* A default, check or view query belongs to its relation or domain. */
static void
adopt_part(CatalogReader *r, Form_pg_depend form)
{
	Dependent  *owner = find_dependent(r, form->refclassid, form->refobjid, HASH_FIND);
	Dependent  *part;

	if (owner == NULL || (form->classid == RewriteRelationId && owner->kind != &schema_view_kind))
		return;
	part = find_dependent(r, form->classid, form->objid, HASH_ENTER);
	part->kind = owner->kind;
	part->object = owner->object;
}

static bool
is_part(Oid class)
{
	return class == AttrDefaultRelationId || class == ConstraintRelationId ||
		   class == RewriteRelationId;
}

static bool
is_wanted(Form_pg_depend form)
{
	if (form->objid < FirstNormalObjectId || form->refobjid < FirstNormalObjectId)
		return false;
	/* What a constraint says of tables is a foreign key, or its own table. */
	if (form->classid == ConstraintRelationId && form->refclassid == RelationRelationId)
		return false;
	/* Members of operator classes are read with them. */
	return form->classid != AccessMethodOperatorRelationId &&
		   form->classid != AccessMethodProcedureRelationId;
}

static void
read_edge(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
	MemoryContext oldcxt;
	Edge	   *edge;

	if (is_part(form->classid) &&
		(form->deptype == DEPENDENCY_AUTO || form->deptype == DEPENDENCY_INTERNAL) &&
		(form->refclassid == RelationRelationId || form->refclassid == TypeRelationId))
		adopt_part(r, form);
	if (!is_wanted(form))
		return;
	oldcxt = MemoryContextSwitchTo(r->work);
	edge = palloc(sizeof(Edge));
	edge->from = (ObjectKey){form->classid, form->objid};
	edge->to = (ObjectKey){form->refclassid, form->refobjid};
	r->edges = lappend(r->edges, edge);
	MemoryContextSwitchTo(oldcxt);
}

/* A sequence comes before the table whose column owns it. */
static bool
is_backward(const Dependent *from, const Dependent *to)
{
	return from->object == to->object || from->kind == &schema_sequence_kind;
}

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static void
add_dependency(CatalogReader *r, const Dependent *from, const Dependent *to)
{
	StringInfoData text;

	catalog_begin_text(r, &text);
	appendStringInfo(&text, "%s %s", to->kind->name, schema_identity(to->object));
	from->object->depends_on = lappend(from->object->depends_on, catalog_end_text(r, &text));
}

static void
sort_dependencies(List *objects)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		SchemaObject *object = lfirst(lc);
		ListCell   *lcd;
		char	   *last = NULL;

		list_sort(object->depends_on, compare_strings);
		foreach(lcd, object->depends_on)
		{
			if (last != NULL && strcmp(last, lfirst(lcd)) == 0)
				object->depends_on = foreach_delete_current(object->depends_on, lcd);
			else
				last = lfirst(lcd);
		}
	}
}

void
catalog_read_dependencies(CatalogReader *r)
{
	HASHCTL		ctl = {.keysize = sizeof(ObjectKey), .entrysize = sizeof(Dependent)};
	Schema	   *schema = r->schema;
	ListCell   *lc;

	ctl.hcxt = r->work;
	r->dependents = hash_create("dependents", 4096, &ctl, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	add_dependents(r, &schema_table_kind, RelationRelationId, schema->tables);
	add_dependents(r, &schema_view_kind, RelationRelationId, schema->views);
	add_dependents(r, &schema_sequence_kind, RelationRelationId, schema->sequences);
	add_dependents(r, &schema_function_kind, ProcedureRelationId, schema->functions);
	add_dependents(r, &schema_type_kind, TypeRelationId, schema->types);
	add_composites(r, schema->types);
	foreach(lc, schema->others)
		add_dependents(r, &schema_other_kind, ((SchemaOther *) lfirst(lc))->class,
					   list_make1(lfirst(lc)));
	catalog_scan(r, DependRelationId, read_edge);
	foreach(lc, r->edges)
	{
		Edge	   *edge = lfirst(lc);
		Dependent  *from = find_dependent(r, edge->from.class, edge->from.oid, HASH_FIND);
		Dependent  *to = from != NULL ? find_target(r, &edge->to) : NULL;

		if (to != NULL && !is_backward(from, to))
			add_dependency(r, from, to);
	}
	sort_dependencies(schema->tables);
	sort_dependencies(schema->views);
	sort_dependencies(schema->functions);
	sort_dependencies(schema->types);
	sort_dependencies(schema->others);
}
