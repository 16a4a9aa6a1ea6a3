/*
 * catalog_sequences.c
 *	  Sequences: those of their own, those a serial column owns, and those behind
 *	  identity columns, which show as part of the column.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "schema/catalog/catalog_reader.h"
#include "utils/builtins.h"

static void
add_sequence(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_sequence form = (Form_pg_sequence) GETSTRUCT(tuple);
	CatalogRelation *rel = catalog_find_relation(r, form->seqrelid);
	SchemaSequence *sequence;

	if (rel == NULL || rel->object == NULL)
		return;
	sequence = rel->object;
	sequence->type = catalog_type(r, form->seqtypid, -1);
	sequence->start = form->seqstart;
	sequence->increment = form->seqincrement;
	sequence->minimum = form->seqmin;
	sequence->maximum = form->seqmax;
	sequence->cache = form->seqcache;
	sequence->cycle = form->seqcycle;
}

/* Remembers the column a sequence belongs to, from a row of pg_depend. */
static void
add_owner(CatalogReader *r, HeapTuple tuple, TupleDesc desc)
{
	Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);
	CatalogRelation *rel;

	if (form->refobjsubid == 0 || form->classid != RelationRelationId ||
		form->refclassid != RelationRelationId ||
		(form->deptype != DEPENDENCY_AUTO && form->deptype != DEPENDENCY_INTERNAL))
		return;
	rel = catalog_find_relation(r, form->objid);
	if (rel == NULL || rel->relkind != RELKIND_SEQUENCE)
		return;
	rel->owner_table = form->refobjid;
	rel->owner_column = form->refobjsubid;
	rel->is_identity = form->deptype == DEPENDENCY_INTERNAL;
}

/* One by one where few are asked for: pg_depend is the largest catalog. */
static void
read_owners(CatalogReader *r)
{
	ListCell   *lc;

	if (!r->selective)
	{
		catalog_scan(r, DependRelationId, add_owner);
		return;
	}
	foreach(lc, r->schema->sequences)
		catalog_scan_key2(r, DependRelationId, DependDependerIndexId, Anum_pg_depend_classid,
						  RelationRelationId, Anum_pg_depend_objid,
						  ((SchemaSequence *) lfirst(lc))->object.oid, add_owner);
}

static int64
type_limit(const char *type, bool upper)
{
	if (strcmp(type, "int2") == 0)
		return upper ? PG_INT16_MAX : PG_INT16_MIN;
	if (strcmp(type, "int4") == 0)
		return upper ? PG_INT32_MAX : PG_INT32_MIN;
	return upper ? PG_INT64_MAX : PG_INT64_MIN;
}

/* What differs from CREATE SEQUENCE's own defaults; NULL when nothing does. */
static char *
identity_options(SchemaSequence *s)
{
	StringInfoData out;
	int64		minimum = s->increment > 0 ? 1 : type_limit(s->type, false);
	int64		maximum = s->increment > 0 ? type_limit(s->type, true) : -1;

	initStringInfo(&out);
	if (s->start != (s->increment > 0 ? s->minimum : s->maximum))
		appendStringInfo(&out, " START WITH " INT64_FORMAT, s->start);
	if (s->increment != 1)
		appendStringInfo(&out, " INCREMENT BY " INT64_FORMAT, s->increment);
	if (s->minimum != minimum)
		appendStringInfo(&out, " MINVALUE " INT64_FORMAT, s->minimum);
	if (s->maximum != maximum)
		appendStringInfo(&out, " MAXVALUE " INT64_FORMAT, s->maximum);
	if (s->cache != 1)
		appendStringInfo(&out, " CACHE " INT64_FORMAT, s->cache);
	if (s->cycle)
		appendStringInfoString(&out, " CYCLE");
	return out.len > 0 ? out.data + 1 : NULL;
}

/* An identity's sequence is named after its column unless it was given a name. */
static void
set_identity(CatalogRelation *table, SchemaColumn *column, SchemaSequence *sequence)
{
	char	   *usual = makeObjectName(table->name, column->object.name, "seq");

	column->identity_options = identity_options(sequence);
	if (strcmp(usual, sequence->object.name) != 0 ||
		strcmp(table->schema, sequence->object.schema) != 0)
		column->identity_sequence =
			quote_qualified_identifier(sequence->object.schema, sequence->object.name);
}

/* A sequence shows by itself unless an identity column shows it. */
static bool
set_owner(CatalogReader *r, SchemaSequence *sequence)
{
	CatalogRelation *rel = catalog_find_relation(r, sequence->object.oid);
	CatalogRelation *table;
	int			column = rel->owner_column;
	StringInfoData text;

	if (column == 0)
		return true;
	if (!rel->is_identity)
	{
		catalog_begin_text(r, &text);
		appendStringInfo(&text, "%s.%s", catalog_relation_name(r, rel->owner_table),
						 quote_identifier(catalog_column_name(r, rel->owner_table, column)));
		sequence->owned_by = catalog_end_text(r, &text);
		return true;
	}
	table = catalog_find_relation(r, rel->owner_table);
	if (table != NULL && table->attrs != NULL)
		set_identity(table, table->attrs[column - 1].column, sequence);
	return false;
}

void
catalog_read_sequences(CatalogReader *r)
{
	List	   *shown = NIL;
	ListCell   *lc;

	if (r->schema->sequences == NIL)
		return;
	catalog_scan_relations(r, SequenceRelationId, SequenceRelidIndexId, Anum_pg_sequence_seqrelid,
						   add_sequence);
	read_owners(r);
	foreach(lc, r->schema->sequences)
	{
		CHECK_FOR_INTERRUPTS();
		if (set_owner(r, lfirst(lc)))
			shown = lappend(shown, lfirst(lc));
	}
	r->schema->sequences = shown;
}
