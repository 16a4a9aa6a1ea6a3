/*
 * catalog_constraints.c
 *	  Constraints of tables and domains: pg_constraint.
 *
 * The definition is the text of pg_get_constraintdef(), put together here for
 * keys and foreign keys on plain columns, of which there are many.
 *
 * It assumes that indexes have been read, because a key takes from its index what
 * pg_constraint does not have.  What a table has from a parent is listed and marked as
 * inherited; clones of a foreign key beside it on its own table are left out, since
 * making the original makes them.
 */
#include "postgres.h"

#include <ctype.h>

#include "base/compat.h"
#include "catalog/indexing.h"
#include "catalog/pg_constraint.h"
#include "commands/defrem.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/memutils.h"

/* The words of the document. */
static char *
kind_name(char contype)
{
	switch (contype)
	{
		case CONSTRAINT_PRIMARY:
			return "primary key";
		case CONSTRAINT_UNIQUE:
			return "unique";
		case CONSTRAINT_FOREIGN:
			return "foreign key";
		case CONSTRAINT_CHECK:
			return "check";
		default:
			return "exclude";
	}
}

/* NULL for NO ACTION, the default. */
static char *
action_name(char action)
{
	switch (action)
	{
		case FKCONSTR_ACTION_RESTRICT:
			return "restrict";
		case FKCONSTR_ACTION_CASCADE:
			return "cascade";
		case FKCONSTR_ACTION_SETNULL:
			return "set null";
		case FKCONSTR_ACTION_SETDEFAULT:
			return "set default";
		default:
			return NULL;
	}
}

/* In the order of the key. */
static List *
column_names(CatalogReader *r, Oid relation, HeapTuple tuple, TupleDesc desc, AttrNumber column)
{
	int			count;
	int16	   *numbers = catalog_int2_array(tuple, desc, column, &count);
	List	   *result = NIL;

	/* An expression, and the whole row, are no column. */
	for (int i = 0; i < count; i++)
		if (numbers[i] != 0)
			result = lappend(result, catalog_column_name(r, relation, numbers[i]));
	return result;
}

/*
 * Members by which foreign keys are compared and planned; the definition is put together
 * from them.
 */
static void
set_reference(CatalogReader *r, SchemaConstraint *constraint, Form_pg_constraint form,
			  HeapTuple tuple, TupleDesc desc)
{
	catalog_relation_parts(r, form->confrelid, &constraint->referenced_schema,
						   &constraint->referenced_table);
	constraint->referenced_columns =
		column_names(r, form->confrelid, tuple, desc, Anum_pg_constraint_confkey);
	if (form->confmatchtype != FKCONSTR_MATCH_SIMPLE)
		constraint->match = form->confmatchtype == FKCONSTR_MATCH_FULL ? "full" : "partial";
	constraint->on_update = action_name(form->confupdtype);
	constraint->on_delete = action_name(form->confdeltype);
	if (compat_delete_columns != InvalidAttrNumber)
		constraint->on_delete_columns =
			column_names(r, form->conrelid, tuple, desc, compat_delete_columns);
}

/* Nothing where there are none: a reference to a primary key may leave them out. */
static void
append_columns(StringInfo out, const char *before, List *columns)
{
	ListCell   *lc;

	if (columns == NIL)
		return;
	appendStringInfoString(out, before);
	foreach(lc, columns)
		appendStringInfo(out, "%s%s", lc == list_head(columns) ? "" : ", ",
						 quote_identifier(lfirst(lc)));
	appendStringInfoChar(out, ')');
}

static void
append_action(StringInfo out, const char *event, const char *action)
{
	char	   *upper;

	if (action == NULL)
		return;
	upper = asc_toupper(action, strlen(action));
	appendStringInfo(out, " ON %s %s", event, upper);
}

/*
 * As the server prints it under a search_path that has no schema of a user: the
 * referenced table is qualified always.
 */
static void
append_reference(StringInfo out, SchemaConstraint *c)
{
	append_columns(out, "FOREIGN KEY (", c->columns);
	appendStringInfo(out, " REFERENCES %s",
					 quote_qualified_identifier(c->referenced_schema, c->referenced_table));
	append_columns(out, "(", c->referenced_columns);
	if (c->match != NULL)
		appendStringInfo(out, " MATCH %s", asc_toupper(c->match, strlen(c->match)));
	append_action(out, "UPDATE", c->on_update);
	append_action(out, "DELETE", c->on_delete);
	append_columns(out, " (", c->on_delete_columns);
}

/*
 * What pg_get_constraintdef() would print, without asking it ten thousand times.  In
 * the server's order of clauses, to the blank: the text is compared with that of other
 * servers, some of which were asked.
 */
static char *
plain_definition(CatalogReader *r, SchemaConstraint *c, char contype)
{
	StringInfoData out;

	catalog_begin_text(r, &out);
	switch (contype)
	{
		case CONSTRAINT_PRIMARY:
			append_columns(&out, "PRIMARY KEY (", c->columns);
			break;
		case CONSTRAINT_UNIQUE:
			append_columns(&out, c->nulls_not_distinct ? "UNIQUE NULLS NOT DISTINCT (" : "UNIQUE (",
						   c->columns);
			break;
		case CONSTRAINT_FOREIGN:
			append_reference(&out, c);
			break;
		default:
			appendStringInfo(&out, "CHECK (%s)", c->expression);
	}
	append_columns(&out, " INCLUDE (", c->include);
	if (c->no_inherit)
		appendStringInfoString(&out, " NO INHERIT");
	if (c->deferrable)
		appendStringInfoString(&out, " DEFERRABLE");
	if (c->initially_deferred)
		appendStringInfoString(&out, " INITIALLY DEFERRED");
	if (c->not_valid)
		appendStringInfoString(&out, " NOT VALID");
	return catalog_end_text(r, &out);
}

/*
 * A key shows what its index has beyond it.  The index may be missing where it is not
 * live any more.
 */
static void
set_key(CatalogReader *r, SchemaConstraint *constraint, Form_pg_constraint form)
{
	CatalogRelation *rel = catalog_find_relation(r, form->conindid);
	SchemaIndex *index = rel != NULL ? rel->object : NULL;

	if (index == NULL)
		return;
	index->constraint = constraint->kind;
	constraint->include = index->include;
	constraint->nulls_not_distinct = index->nulls_not_distinct;
	if (strcmp(index->object.name, constraint->object.name) != 0)
		constraint->index = index->object.name;
}

/* What cannot be said in full here the server says: it knows what a later release has added. */
static void
set_constraint(CatalogReader *r, SchemaConstraint *constraint, Form_pg_constraint form,
			   HeapTuple tuple, TupleDesc desc)
{
	constraint->object.name = pstrdup(NameStr(form->conname));
	constraint->object.oid = form->oid;
	constraint->object.comment = catalog_comment(r, ConstraintRelationId, form->oid, 0);
	constraint->kind = kind_name(form->contype);
	constraint->columns = column_names(r, form->conrelid, tuple, desc, Anum_pg_constraint_conkey);
	constraint->deferrable = form->condeferrable;
	constraint->initially_deferred = form->condeferred;
	constraint->not_enforced = !compat_is_enforced(form);
	constraint->not_valid = !form->convalidated && !constraint->not_enforced;
	/* Keys and foreign keys have the mark as well, where it means nothing. */
	constraint->no_inherit = form->contype == CONSTRAINT_CHECK && form->connoinherit;
	constraint->inherited = form->coninhcount > 0 && !form->conislocal;
	if (form->contype == CONSTRAINT_FOREIGN)
		set_reference(r, constraint, form, tuple, desc);
	else if (form->contype == CONSTRAINT_CHECK)
		constraint->expression =
			catalog_expression(r, tuple, desc, Anum_pg_constraint_conbin, form->conrelid);
	else
		set_key(r, constraint, form);
	/* Exclusion names operators, which only the server prints as it would read them. */
	if (form->contype == CONSTRAINT_EXCLUSION || !compat_is_plain(form))
		constraint->definition = catalog_deparse(r, pg_get_constraintdef, form->oid);
	else
		constraint->definition = plain_definition(r, constraint, form->contype);
}

/*
 * NOT NULL has rows of its own from 18 on; it is a member of the column here.  Triggers of
 * constraints are none of ours.
 */
static bool
is_read(char contype)
{
	return contype == CONSTRAINT_PRIMARY || contype == CONSTRAINT_UNIQUE ||
		   contype == CONSTRAINT_FOREIGN || contype == CONSTRAINT_CHECK ||
		   contype == CONSTRAINT_EXCLUSION;
}

/* A clone that waits until all constraints are known. */
typedef struct Clone
{
	SchemaConstraint *constraint;
	SchemaTable *table;
	Oid			parent;
} Clone;

/* The server appends a number where the name is taken in the schema: no one's choice either. */
static bool
is_default_not_null(const char *table, const char *column, const char *name)
{
	const char *digits = name + strlen(name);
	char	   *label;
	char	   *given;
	bool		result;

	while (digits > name && isdigit((unsigned char) digits[-1]))
		digits--;
	label = psprintf("not_null%s", digits);
	given = makeObjectName(table, column, label);
	result = strcmp(given, name) == 0;
	pfree(label);
	pfree(given);
	return result;
}

/*
 * NOT NULL is its column's; what a parent passes on has the parent's name.  Its name is
 * kept where somebody gave one: the name that the server gives by itself says nothing,
 * and differs where a table was renamed.
 */
static void
set_not_null(CatalogReader *r, CatalogRelation *rel, Form_pg_constraint form, HeapTuple tuple,
			 TupleDesc desc)
{
	int			count;
	int16	   *numbers = catalog_int2_array(tuple, desc, Anum_pg_constraint_conkey, &count);
	SchemaColumn *column = rel->attrs[numbers[0] - 1].column;

	column->not_null_not_valid = !form->convalidated;
	if (form->coninhcount > 0)
		return;
	column->not_null_no_inherit = form->connoinherit;
	column->not_null_name = pstrdup(NameStr(form->conname));
	if (!is_default_not_null(rel->name, column->object.name, column->not_null_name))
		column->not_null_constraint = column->not_null_name;
}

/* Constraints of domains and of what is not read have no place in a table. */
static void
add_constraint(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	CatalogRelation *rel;
	SchemaTable *table;
	SchemaConstraint *constraint;

	if (!OidIsValid(form->conrelid) || (!is_read(form->contype) && !compat_is_not_null(form)))
		return;
	rel = catalog_find_relation(r, form->conrelid);
	if (rel == NULL || rel->object == NULL)
		return;
	if (compat_is_not_null(form))
	{
		set_not_null(r, rel, form, tuple, desc);
		return;
	}
	constraint = schema_new(&schema_constraint_kind);
	set_constraint(r, constraint, form, tuple, desc);
	table = rel->object;
	table->constraints = lappend(table->constraints, constraint);
	if (form->contype == CONSTRAINT_FOREIGN && OidIsValid(form->conparentid))
	{
		Clone	   *clone = MemoryContextAlloc(r->work, sizeof(Clone));

		*clone = (Clone){constraint, table, form->conparentid};
		r->clones = lappend(r->clones, clone);
	}
}

/*
 * A reference to a partitioned table has a clone for each of its partitions, beside it
 * on the same table.  These are the server's own business.
 *
 * Marked first and taken out then: a clone may have clones, which are found by it.
 */
static void
drop_clones(CatalogReader *r)
{
	ListCell   *lc;
	ListCell   *other;

	foreach(lc, r->clones)
	{
		Clone	   *clone = lfirst(lc);
		bool		beside = false;

		foreach(other, clone->table->constraints)
			if (((SchemaConstraint *) lfirst(other))->object.oid == clone->parent)
				beside = true;
		if (beside)
			clone->constraint->object.name = NULL;
	}
	foreach(lc, r->clones)
	{
		Clone	   *clone = lfirst(lc);

		if (clone->constraint->object.name == NULL)
			clone->table->constraints =
				list_delete_ptr(clone->table->constraints, clone->constraint);
	}
}

/* Read with the domain, for constraints of domains stand in no list of relations. */
static void
add_domain_constraint(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_constraint form = (Form_pg_constraint) GETSTRUCT(tuple);
	SchemaConstraint *constraint;

	if (form->contype != CONSTRAINT_CHECK)
		return;
	constraint = schema_new(&schema_constraint_kind);
	set_constraint(r, constraint, form, tuple, desc);
	r->domain_constraints = lappend(r->domain_constraints, constraint);
}

/* By index, one domain at a time: few types are domains. */
List *
catalog_domain_constraints(CatalogReader *r, Oid type)
{
	r->domain_constraints = NIL;
	catalog_scan_key(r, ConstraintRelationId, ConstraintTypidIndexId, Anum_pg_constraint_contypid,
					 type, add_domain_constraint);
	return r->domain_constraints;
}

/* Copies are dropped in the end: making the original makes them. */
void
catalog_read_constraints(CatalogReader *r)
{
	catalog_scan_relations(r, ConstraintRelationId, ConstraintRelidTypidNameIndexId,
						   Anum_pg_constraint_conrelid, add_constraint);
	drop_clones(r);
}
