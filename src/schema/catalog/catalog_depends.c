/*
 * catalog_depends.c
 *	  What each object, and each of its parts, needs to exist before it can be made: depends_on.
 *
 * One pass over pg_depend.  An entry of a part that may be made with its object (a
 * default, a check, the query of a view) counts for both.  What parts that are always made by
 * commands of their own need (foreign keys, indexes, triggers, policies, rules) counts for these
 * alone: they come after all tables, and tables may reference each other in circles.
 * A part is needed by its own name where it is a constraint or an index, which may come
 * later than their table; else its object is.
 *
 * It assumes that all objects have been read.  It never asks what a function's body
 * needs, beyond what the server has noted: a body in a string leaves no trace in
 * pg_depend.
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
#include "catalog/pg_policy.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_rewrite.h"
#include "catalog/pg_statistic_ext.h"
#include "catalog/pg_trigger.h"
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

/*
 * An object that has a depends_on, or what stands for one: the relation of a composite
 * type.  Of a part, part is what has one of its own; object is what the part is of, where
 * what it needs counts for that too, else owner alone is.
 */
typedef struct Dependent
{
	ObjectKey	key;
	const SchemaKind *kind;		/* of object */
	SchemaObject *object;		/* or NULL */
	const SchemaKind *part_kind;
	SchemaObject *part;			/* or NULL */
	SchemaObject *owner;
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

static Dependent *
enter(CatalogReader *r, Oid class, Oid oid)
{
	Dependent  *dependent = find_dependent(r, class, oid, HASH_ENTER);
	ObjectKey	key = dependent->key;

	*dependent = (Dependent){.key = key};
	return dependent;
}

Oid
catalog_class_of_part(const SchemaKind *kind)
{
	if (kind == &schema_constraint_kind)
		return ConstraintRelationId;
	if (kind == &schema_trigger_kind)
		return TriggerRelationId;
	if (kind == &schema_policy_kind)
		return PolicyRelationId;
	return kind == &schema_rule_kind ? RewriteRelationId : RelationRelationId;
}

/* Columns have no entry: their defaults are found with what they are of. */
static void
add_parts(CatalogReader *r, const SchemaKind *kind, SchemaObject *object)
{
	for (int i = 0; i < kind->nmembers; i++)
	{
		const SchemaMember *list = &kind->members[i];
		ListCell   *lc;

		if (list->type != MEMBER_OBJECTS || list->child == &schema_column_kind)
			continue;
		foreach(lc, SCHEMA_LIST(object, list))
		{
			SchemaObject *part = lfirst(lc);
			Dependent  *dependent;

			if (!OidIsValid(part->oid))
				continue;
			dependent = enter(r, catalog_class_of_part(list->child), part->oid);
			dependent->kind = kind;
			dependent->part_kind = list->child;
			dependent->part = part;
			dependent->owner = object;
		}
	}
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
		dependent = enter(r, class, object->oid);
		dependent->kind = kind;
		dependent->object = dependent->owner = object;
		add_parts(r, kind, object);
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
		dependent = enter(r, RelationRelationId, relation);
		dependent->kind = &schema_type_kind;
		dependent->object = dependent->owner = &type->object;
	}
}

/*
 * A type without an entry stands for its table, its element or its range.  An array is
 * as ready as its element, a multirange as its range.
 */
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

/* Types of the server are always there, and are not looked up. */
static Dependent *
find_target(CatalogReader *r, const ObjectKey *key)
{
	if (key->class == TypeRelationId && key->oid >= FirstNormalObjectId)
		return find_type(r, key->oid);
	return find_dependent(r, key->class, key->oid, HASH_FIND);
}

static SchemaObject *
find_column(const SchemaKind *kind, SchemaObject *object, int attnum)
{
	ListCell   *lc;

	if (kind == &schema_table_kind)
		foreach(lc, ((SchemaTable *) object)->columns)
			if (((SchemaColumn *) lfirst(lc))->attnum == attnum)
				return lfirst(lc);
	return NULL;
}

/*
 * A default, check or view query belongs to its relation or domain.  The rule of a view
 * is the view; any other rule is made by a command of its own, after all tables.  A
 * constraint that was not read is the clone of a foreign key, for a partition of the table
 * it points to: what that needs, the key's own table does not.
 */
static void
adopt_part(CatalogReader *r, Form_pg_depend form)
{
	Dependent  *owner = find_dependent(r, form->refclassid, form->refobjid, HASH_FIND);
	Dependent  *part;
	bool		found;
	ObjectKey	key = {form->classid, form->objid};
	SchemaObject *object;
	const SchemaKind *kind;

	if (owner == NULL || owner->object == NULL ||
		(form->classid == RewriteRelationId && owner->kind != &schema_view_kind))
		return;
	object = owner->object;
	kind = owner->kind;
	if (form->classid == ConstraintRelationId &&
		find_dependent(r, form->classid, form->objid, HASH_FIND) == NULL)
		return;
	part = hash_search(r->dependents, &key, HASH_ENTER, &found);
	if (!found)
		*part = (Dependent){.key = key};
	part->kind = kind;
	part->object = part->owner = object;
	if (form->classid == AttrDefaultRelationId && part->part == NULL)
	{
		part->part_kind = &schema_column_kind;
		part->part = find_column(kind, object, form->refobjsubid);
	}
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
	/* Members of operator classes are read with them. */
	return form->classid != AccessMethodOperatorRelationId &&
		   form->classid != AccessMethodProcedureRelationId;
}

/*
 * Edges are gathered and resolved later: the row that says what a default belongs to
 * may come after the one that says what it needs.
 */
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

/*
 * A sequence comes before the table whose column owns it.  A serial's default needs the
 * sequence; that the sequence goes with the column is the other direction of the same
 * pair, and would close a circle.
 */
static bool
is_backward(const Dependent *from, const Dependent *to)
{
	return from->owner == to->owner || from->kind == &schema_sequence_kind;
}

/* What a constraint says of tables is a foreign key, or its own table. */
static bool
counts_for_object(const Edge *edge)
{
	return edge->from.class != ConstraintRelationId || edge->to.class != RelationRelationId;
}

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

static char *
name_target(CatalogReader *r, const Dependent *to, bool as_part)
{
	StringInfoData text;

	catalog_begin_text(r, &text);
	appendStringInfoString(&text, as_part ? schema_key(to->part_kind, to->part, to->owner)
										  : schema_key(to->kind, to->owner, NULL));
	return catalog_end_text(r, &text);
}

/* The constraint that an index belongs to goes by the name that both have. */
static bool
has_name(const Dependent *to)
{
	return to->part != NULL &&
		   (to->part_kind == &schema_constraint_kind || to->part_kind == &schema_index_kind);
}

static void
add_dependency(CatalogReader *r, const Edge *edge, const Dependent *from, const Dependent *to)
{
	if (from->object != NULL && to->object != NULL && counts_for_object(edge))
		from->object->depends_on = lappend(from->object->depends_on, name_target(r, to, false));
	if (from->part != NULL && (to->object != NULL || has_name(to)))
		from->part->depends_on = lappend(from->part->depends_on, name_target(r, to, has_name(to)));
	/* A view that groups by a key, a function whose query infers one. */
	else if (from->part == NULL && from->object != NULL && has_name(to))
		from->object->depends_on = lappend(from->object->depends_on, name_target(r, to, true));
}

/* A table with ten columns of a type has ten rows in pg_depend and needs the type once. */
static void
sort_one(SchemaObject *object)
{
	ListCell   *lc;
	char	   *last = NULL;

	list_sort(object->depends_on, compare_strings);
	foreach(lc, object->depends_on)
	{
		if (last != NULL && strcmp(last, lfirst(lc)) == 0)
			object->depends_on = foreach_delete_current(object->depends_on, lc);
		else
			last = lfirst(lc);
	}
}

/* Those of all objects of a list, and of their parts. */
static void
sort_dependencies(const SchemaKind *kind, List *objects)
{
	ListCell   *lc;

	foreach(lc, objects)
	{
		SchemaObject *object = lfirst(lc);

		sort_one(object);
		for (int i = 0; i < kind->nmembers; i++)
			if (kind->members[i].type == MEMBER_OBJECTS)
				sort_dependencies(kind->members[i].child, SCHEMA_LIST(object, &kind->members[i]));
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
	add_dependents(r, &schema_statistics_kind, StatisticExtRelationId, schema->statistics);
	add_composites(r, schema->types);
	/* The tables themselves are nobody's to make. */
	foreach(lc, schema->outside)
		add_parts(r, &schema_table_kind, lfirst(lc));
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
			add_dependency(r, edge, from, to);
	}
	sort_dependencies(&schema_kind, list_make1(schema));
}
