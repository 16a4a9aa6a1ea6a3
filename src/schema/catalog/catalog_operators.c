/*
 * catalog_operators.c
 *	  Operators, the operator classes and families that index methods use, and casts.
 *
 * Nothing in the server deparses these, so the CREATE statement is put together here, in
 * one order of its clauses, with every name qualified.  Members of a class are found by
 * what depends on it, since pg_amop and pg_amproc know only the family; they are sorted,
 * because the order in which they were added means nothing.  What an extension owns is
 * never read.
 */
#include "postgres.h"

#include "access/transam.h"
#include "base/compat.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_amop.h"
#include "catalog/pg_amproc.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_opclass.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_opfamily.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* The side of an operator without an argument is called NONE. */
static char *
argument_type(CatalogReader *r, Oid type)
{
	return OidIsValid(type) ? catalog_type(r, type, -1) : "NONE";
}

static void
append_function(CatalogReader *r, StringInfo out, const char *name, Oid function)
{
	if (OidIsValid(function))
		appendStringInfo(out, ", %s = %s", name, catalog_function(r, function));
}

static void
append_operator(CatalogReader *r, StringInfo out, const char *name, Oid operator)
{
	if (OidIsValid(operator))
		appendStringInfo(out, ", %s = %s", name, catalog_operator(r, operator));
}

static char *
operator_definition(CatalogReader *r, SchemaOther *object, Form_pg_operator form)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfo(&out, "CREATE OPERATOR %s.%s (FUNCTION = %s",
					 quote_identifier(object->object.schema), object->object.name,
					 catalog_function(r, form->oprcode));
	if (OidIsValid(form->oprleft))
		appendStringInfo(&out, ", LEFTARG = %s", catalog_type(r, form->oprleft, -1));
	if (OidIsValid(form->oprright))
		appendStringInfo(&out, ", RIGHTARG = %s", catalog_type(r, form->oprright, -1));
	append_operator(r, &out, "COMMUTATOR", form->oprcom);
	append_operator(r, &out, "NEGATOR", form->oprnegate);
	append_function(r, &out, "RESTRICT", form->oprrest);
	append_function(r, &out, "JOIN", form->oprjoin);
	if (form->oprcanhash)
		appendStringInfoString(&out, ", HASHES");
	if (form->oprcanmerge)
		appendStringInfoString(&out, ", MERGES");
	appendStringInfoChar(&out, ')');
	return out.data;
}

static void
add_operator(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_operator form = (Form_pg_operator) GETSTRUCT(tuple);
	SchemaOther *object;

	/* Without a function it is but announced, as another's commutator. */
	if (!OidIsValid(form->oprcode))
		return;
	object = catalog_add_other(r, OperatorRelationId, form->oid, "operator", form->oprnamespace,
							   &form->oprname, form->oprowner);
	if (object == NULL)
		return;
	object->object.signature =
		psprintf("%s, %s", argument_type(r, form->oprleft), argument_type(r, form->oprright));
	object->definition = operator_definition(r, object, form);
}

static char *
family_name(CatalogReader *r, Oid family)
{
	HeapTuple	tuple = SearchSysCache1(OPFAMILYOID, ObjectIdGetDatum(family));
	Form_pg_opfamily form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator family %u", family);
	form = (Form_pg_opfamily) GETSTRUCT(tuple);
	name = quote_qualified_identifier(catalog_namespace_name(r, form->opfnamespace),
									  NameStr(form->opfname));
	ReleaseSysCache(tuple);
	return name;
}

static char *
function_with_types(CatalogReader *r, Oid function)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	Form_pg_proc form;
	StringInfoData out;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	initStringInfo(&out);
	appendStringInfo(&out, "%s(", catalog_function(r, function));
	for (int i = 0; i < form->pronargs; i++)
		appendStringInfo(&out, "%s%s", i > 0 ? ", " : "",
						 catalog_type(r, form->proargtypes.values[i], -1));
	appendStringInfoChar(&out, ')');
	ReleaseSysCache(tuple);
	return out.data;
}

static char *
operator_name(CatalogReader *r, Oid operator)
{
	HeapTuple	tuple = SearchSysCache1(OPEROID, ObjectIdGetDatum(operator));
	Form_pg_operator form;
	char	   *name;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for operator %u", operator);
	form = (Form_pg_operator) GETSTRUCT(tuple);
	name = psprintf("%s.%s", quote_identifier(catalog_namespace_name(r, form->oprnamespace)),
					NameStr(form->oprname));
	ReleaseSysCache(tuple);
	return name;
}

static void
add_class_operator(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_amop form = (Form_pg_amop) GETSTRUCT(tuple);
	List	  **members = r->current;
	char	   *member =
		psprintf("OPERATOR %d %s (%s, %s)", form->amopstrategy, operator_name(r, form->amopopr),
				 catalog_type(r, form->amoplefttype, -1), catalog_type(r, form->amoprighttype, -1));

	if (form->amoppurpose == AMOP_ORDER)
		member = psprintf("%s FOR ORDER BY %s", member, family_name(r, form->amopsortfamily));
	*members = lappend(*members, member);
}

static void
add_class_function(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_amproc form = (Form_pg_amproc) GETSTRUCT(tuple);
	List	  **members = r->current;

	*members = lappend(*members, psprintf("FUNCTION %d (%s, %s) %s", form->amprocnum,
										  catalog_type(r, form->amproclefttype, -1),
										  catalog_type(r, form->amprocrighttype, -1),
										  function_with_types(r, form->amproc)));
}

/* Members of a class depend on it; those loose in a family, on the family. */
static void
add_member(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

	if (form->deptype != DEPENDENCY_INTERNAL && form->deptype != DEPENDENCY_AUTO)
		return;
	if (form->classid == AccessMethodOperatorRelationId)
		catalog_scan_key(r, AccessMethodOperatorRelationId, AccessMethodOperatorOidIndexId,
						 Anum_pg_amop_oid, form->objid, add_class_operator);
	else if (form->classid == AccessMethodProcedureRelationId)
		catalog_scan_key(r, AccessMethodProcedureRelationId, AccessMethodProcedureOidIndexId,
						 Anum_pg_amproc_oid, form->objid, add_class_function);
}

static int
compare_strings(const ListCell *a, const ListCell *b)
{
	return strcmp(lfirst(a), lfirst(b));
}

/*
 * before stands in front of the first: a class has a list in its own statement, a
 * family gets one by ALTER. r->current is the list while the rows are visited.
 */
static void
append_members(CatalogReader *r, StringInfo out, Oid class, Oid oid, const char *before)
{
	List	   *members = NIL;
	ListCell   *lc;

	r->current = &members;
	catalog_scan_key2(r, DependRelationId, DependReferenceIndexId, Anum_pg_depend_refclassid, class,
					  Anum_pg_depend_refobjid, oid, add_member);
	list_sort(members, compare_strings);
	foreach(lc, members)
		appendStringInfo(out, "%s\n    %s", lc == list_head(members) ? before : ",",
						 (char *) lfirst(lc));
}

/*
 * CREATE OPERATOR CLASS without FAMILY makes one of its own name; it is read like any
 * other, and the class names it.
 */
static void
add_family(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_opfamily form = (Form_pg_opfamily) GETSTRUCT(tuple);
	SchemaOther *object =
		catalog_add_other(r, OperatorFamilyRelationId, form->oid, "operator family",
						  form->opfnamespace, &form->opfname, form->opfowner);
	const char *method;
	StringInfoData out;

	if (object == NULL)
		return;
	method = quote_identifier(catalog_access_method(r, form->opfmethod));
	object->object.signature = psprintf("operator family using %s", method);
	initStringInfo(&out);
	appendStringInfo(&out, "CREATE OPERATOR FAMILY %s USING %s", catalog_other_name(object),
					 method);
	append_members(
		r, &out, OperatorFamilyRelationId, form->oid,
		psprintf(";\nALTER OPERATOR FAMILY %s USING %s ADD", catalog_other_name(object), method));
	object->definition = out.data;
}

static void
add_class(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_opclass form = (Form_pg_opclass) GETSTRUCT(tuple);
	SchemaOther *object = catalog_add_other(r, OperatorClassRelationId, form->oid, "operator class",
											form->opcnamespace, &form->opcname, form->opcowner);
	const char *method;
	StringInfoData out;

	if (object == NULL)
		return;
	method = quote_identifier(catalog_access_method(r, form->opcmethod));
	object->object.signature = psprintf("operator class using %s", method);
	initStringInfo(&out);
	appendStringInfo(&out, "CREATE OPERATOR CLASS %s %sFOR TYPE %s USING %s FAMILY %s AS",
					 catalog_other_name(object), form->opcdefault ? "DEFAULT " : "",
					 catalog_type(r, form->opcintype, -1), method, family_name(r, form->opcfamily));
	append_members(r, &out, OperatorClassRelationId, form->oid, "");
	/*
	 * A class without members must still have something behind AS: the storage type,
	 * which says nothing new where it is the input type.
	 */
	if (OidIsValid(form->opckeytype) || out.data[out.len - 1] == 'S')
		appendStringInfo(
			&out, "%s\n    STORAGE %s", out.data[out.len - 1] == 'S' ? "" : ",",
			catalog_type(r, OidIsValid(form->opckeytype) ? form->opckeytype : form->opcintype, -1));
	object->definition = out.data;
}

/* Of a type, or InvalidOid where it is the server's or an extension's. */
static Oid
type_namespace(CatalogReader *r, Oid type)
{
	HeapTuple	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	Oid			place = InvalidOid;

	if (HeapTupleIsValid(tuple))
	{
		place = ((Form_pg_type) GETSTRUCT(tuple))->typnamespace;
		ReleaseSysCache(tuple);
	}
	return catalog_find_namespace(r, place) != NULL && !catalog_is_member(r, TypeRelationId, type)
			   ? place
			   : InvalidOid;
}

/* A cast is told by its two types and has no name of its own. */
static char *
cast_definition(CatalogReader *r, const SchemaOther *object, Form_pg_cast form)
{
	return psprintf(
		"CREATE CAST (%s) %s%s%s", object->object.name,
		form->castmethod == COERCION_METHOD_INOUT	 ? "WITH INOUT"
		: form->castmethod == COERCION_METHOD_BINARY ? "WITHOUT FUNCTION"
													 : "WITH FUNCTION ",
		form->castmethod == COERCION_METHOD_FUNCTION ? function_with_types(r, form->castfunc) : "",
		form->castcontext == COERCION_CODE_IMPLICIT		? " AS IMPLICIT"
		: form->castcontext == COERCION_CODE_ASSIGNMENT ? " AS ASSIGNMENT"
														: "");
}

/*
 * It has no schema of its own: that of its source type, or else of its target.  A range has one
 * to its multirange from the server.
 */
static void
add_cast(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_cast form = (Form_pg_cast) GETSTRUCT(tuple);
	NameData	name = {{0}};
	SchemaOther *object;
	Oid			place;

	if (form->oid < FirstNormalObjectId ||
		get_range_multirange(form->castsource) == form->casttarget)
		return;
	place = type_namespace(r, form->castsource);
	if (!OidIsValid(place))
		place = type_namespace(r, form->casttarget);
	if (!OidIsValid(place))
		return;
	object = catalog_add_other(r, CastRelationId, form->oid, "cast", place, &name, InvalidOid);
	if (object == NULL)
		return;
	object->object.name = psprintf("%s AS %s", catalog_type(r, form->castsource, -1),
								   catalog_type(r, form->casttarget, -1));
	object->definition = cast_definition(r, object, form);
}

void
catalog_read_operators(CatalogReader *r)
{
	catalog_scan(r, CastRelationId, add_cast);
	catalog_scan(r, OperatorRelationId, add_operator);
	catalog_scan(r, OperatorFamilyRelationId, add_family);
	catalog_scan(r, OperatorClassRelationId, add_class);
}
