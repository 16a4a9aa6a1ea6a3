/*
 * catalog_types.c
 *	  Types: enums, domains, composites, ranges and base types; pg_type, pg_enum,
 *	  pg_range.  Row types of tables, array and multirange types come with the
 *	  type they belong to and are left out.
 *
 * It assumes that relations have been read: a composite type's attributes are columns
 * of a relation of its own.  Settings of a base type are kept as "name=value" texts,
 * for comparing alone: no plan makes one.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_range.h"
#include "catalog/pg_type.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

/* A label on its way into order. */
typedef struct EnumLabel
{
	float4		order;
	char	   *label;
} EnumLabel;

static void
add_label(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_enum form = (Form_pg_enum) GETSTRUCT(tuple);
	List	  **labels = r->current;
	EnumLabel  *label = palloc(sizeof(EnumLabel));

	label->order = form->enumsortorder;
	label->label = pstrdup(NameStr(form->enumlabel));
	*labels = lappend(*labels, label);
}

/* By their place: a label put before another has a fraction, and its oid says nothing. */
static int
compare_labels(const ListCell *a, const ListCell *b)
{
	float4		x = ((EnumLabel *) lfirst(a))->order;
	float4		y = ((EnumLabel *) lfirst(b))->order;

	return (x > y) - (x < y);
}

static void
set_enum(CatalogReader *r, SchemaType *type, Oid oid)
{
	List	   *labels = NIL;
	ListCell   *lc;

	type->kind = "enum";
	r->current = &labels;
	catalog_scan_key(r, EnumRelationId, EnumTypIdSortOrderIndexId, Anum_pg_enum_enumtypid, oid,
					 add_label);
	list_sort(labels, compare_labels);
	foreach(lc, labels)
		type->labels = lappend(type->labels, ((EnumLabel *) lfirst(lc))->label);
}

/* A collation that the base type would have anyway is not the domain's. */
static void
set_domain(CatalogReader *r, SchemaType *type, Form_pg_type form, HeapTuple tuple, TupleDesc desc)
{
	char		storage;
	Oid			collation;

	type->kind = "domain";
	catalog_type_defaults(r, form->typbasetype, &storage, &collation);
	type->base_type = catalog_type(r, form->typbasetype, form->typtypmod);
	type->not_null = form->typnotnull;
	if (OidIsValid(form->typcollation) && form->typcollation != collation)
		type->collation = catalog_collation(r, form->typcollation);
	type->default_value =
		catalog_expression(r, tuple, desc, Anum_pg_type_typdefaultbin, InvalidOid);
	type->constraints = catalog_domain_constraints(r, form->oid);
}

/* Positions are counted anew: attributes that were dropped have left gaps. */
static void
set_composite(CatalogReader *r, SchemaType *type, CatalogRelation *rel)
{
	type->kind = "composite";
	for (int i = 0; i < rel->natts; i++)
	{
		SchemaColumn *column = rel->attrs[i].column;

		if (column == NULL)
			continue;
		column->position = list_length(type->attributes) + 1;
		type->attributes = lappend(type->attributes, column);
	}
}

static void
add_setting(SchemaType *type, const char *name, const char *value)
{
	type->settings = lappend(type->settings, psprintf("%s=%s", name, value));
}

static void
add_function_setting(CatalogReader *r, SchemaType *type, const char *name, Oid function)
{
	if (OidIsValid(function))
		add_setting(type, name, catalog_function(r, function));
}

/*
 * The collation and the operator class are what the subtype brings, unless said
 * otherwise.
 */
static void
add_range(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_range form = (Form_pg_range) GETSTRUCT(tuple);
	SchemaType *type = r->current;
	const char *opclass = catalog_operator_class(r, form->rngsubopc, form->rngsubtype);

	type->base_type = catalog_type(r, form->rngsubtype, -1);
	type->multirange = catalog_type(r, form->rngmultitypid, -1);
	if (OidIsValid(form->rngcollation) && form->rngcollation != get_typcollation(form->rngsubtype))
		type->collation = catalog_collation(r, form->rngcollation);
	if (opclass[0] != '\0')
		add_setting(type, "subtype_opclass", opclass + 1);
	add_function_setting(r, type, "canonical", form->rngcanonical);
	add_function_setting(r, type, "subtype_diff", form->rngsubdiff);
}

static void
set_range(CatalogReader *r, SchemaType *type, Oid oid)
{
	type->kind = "range";
	r->current = type;
	catalog_scan_key(r, RangeRelationId, RangeTypidIndexId, Anum_pg_range_rngtypid, oid, add_range);
}

static const char *
alignment_name(char align)
{
	switch (align)
	{
		case TYPALIGN_CHAR:
			return "char";
		case TYPALIGN_SHORT:
			return "int2";
		case TYPALIGN_INT:
			return "int4";
		default:
			return "double";
	}
}

/*
 * All that CREATE TYPE takes for a type with functions of its own.  Values that the
 * server would fill in by itself are written all the same: which they are depends on
 * the others.
 */
static void
set_base(CatalogReader *r, SchemaType *type, Form_pg_type form, HeapTuple tuple, TupleDesc desc)
{
	type->kind = "base";
	add_function_setting(r, type, "input", form->typinput);
	add_function_setting(r, type, "output", form->typoutput);
	add_function_setting(r, type, "receive", form->typreceive);
	add_function_setting(r, type, "send", form->typsend);
	add_function_setting(r, type, "typmod_in", form->typmodin);
	add_function_setting(r, type, "typmod_out", form->typmodout);
	add_function_setting(r, type, "analyze", form->typanalyze);
	add_function_setting(r, type, "subscript", form->typsubscript);
	add_setting(type, "internallength",
				form->typlen > 0 ? psprintf("%d", form->typlen) : "variable");
	if (form->typbyval)
		add_setting(type, "passedbyvalue", "true");
	add_setting(type, "alignment", alignment_name(form->typalign));
	add_setting(type, "storage", psprintf("%c", form->typstorage));
	add_setting(type, "category", psprintf("%c", form->typcategory));
	if (form->typispreferred)
		add_setting(type, "preferred", "true");
	add_setting(type, "delimiter", psprintf("%c", form->typdelim));
	if (OidIsValid(form->typelem))
		add_setting(type, "element", catalog_type(r, form->typelem, -1));
	if (OidIsValid(form->typcollation))
		add_setting(type, "collatable", "true");
	type->default_value = catalog_text(tuple, desc, Anum_pg_type_typdefault);
}

/*
 * True for a type that stands for itself.  Of composite types, those that CREATE TYPE
 * made: every table has one as well.
 */
static bool
is_read(CatalogReader *r, Form_pg_type form)
{
	CatalogRelation *rel;

	switch (form->typtype)
	{
		case TYPTYPE_COMPOSITE:
			rel = catalog_find_relation(r, form->typrelid);
			return rel != NULL && rel->relkind == RELKIND_COMPOSITE_TYPE;
		case TYPTYPE_MULTIRANGE:
			return false;
		default:
			return !IsTrueArrayType(form);
	}
}

static void
set_type(CatalogReader *r, SchemaType *type, Form_pg_type form, HeapTuple tuple, TupleDesc desc)
{
	switch (form->typtype)
	{
		case TYPTYPE_ENUM:
			set_enum(r, type, form->oid);
			break;
		case TYPTYPE_DOMAIN:
			set_domain(r, type, form, tuple, desc);
			break;
		case TYPTYPE_COMPOSITE:
			set_composite(r, type, catalog_find_relation(r, form->typrelid));
			break;
		case TYPTYPE_RANGE:
			set_range(r, type, form->oid);
			break;
		/* No user makes another pseudo-type than a shell, which waits for its functions. */
		case TYPTYPE_PSEUDO:
			type->kind = "shell";
			break;
		default:
			set_base(r, type, form, tuple, desc);
	}
}

static void
add_type(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_type form = (Form_pg_type) GETSTRUCT(tuple);
	const char *schema = catalog_find_namespace(r, form->typnamespace);
	SchemaType *type;

	if (schema == NULL || !is_read(r, form) || catalog_is_member(r, TypeRelationId, form->oid))
		return;
	type = schema_new(&schema_type_kind);
	type->object.schema = unconstify(char *, schema);
	type->object.name = pstrdup(NameStr(form->typname));
	type->object.oid = form->oid;
	type->object.owner = catalog_role(r, form->typowner);
	type->object.privileges = catalog_privileges(
		r, tuple, desc, Anum_pg_type_typacl,
		form->typtype == TYPTYPE_DOMAIN ? OBJECT_DOMAIN : OBJECT_TYPE, form->typowner);
	type->object.comment = catalog_comment(r, TypeRelationId, form->oid, 0);
	set_type(r, type, form, tuple, desc);
	r->schema->types = lappend(r->schema->types, type);
}

void
catalog_read_types(CatalogReader *r)
{
	catalog_scan(r, TypeRelationId, add_type);
}
