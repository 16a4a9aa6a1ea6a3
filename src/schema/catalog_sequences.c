/*
 * catalog_sequences.c
 *	  Sequences: those of their own, those a serial column owns, and those behind
 *	  identity columns, which show as part of the column.
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/table.h"
#include "base/compat.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "catalog/pg_depend.h"
#include "catalog/pg_sequence.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "schema/catalog_reader.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"

/* The column a sequence belongs to. */
typedef struct SequenceOwner
{
	Oid table;
	int attnum;
	char deptype; /* DEPENDENCY_AUTO: serial, DEPENDENCY_INTERNAL: identity */
} SequenceOwner;

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

static bool
find_owner(CatalogReader *r, Relation depend, Oid sequence, SequenceOwner *owner)
{
	ScanKeyData keys[2];
	SysScanDesc scan;
	HeapTuple tuple;
	bool found = false;

	ScanKeyInit(&keys[0], Anum_pg_depend_classid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(RelationRelationId));
	ScanKeyInit(&keys[1], Anum_pg_depend_objid, BTEqualStrategyNumber, F_OIDEQ,
				ObjectIdGetDatum(sequence));
	scan = systable_beginscan(depend, DependDependerIndexId, true, r->snapshot, 2, keys);
	while (!found && HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_depend form = (Form_pg_depend) GETSTRUCT(tuple);

		if (form->refclassid != RelationRelationId || form->refobjsubid == 0 ||
			(form->deptype != DEPENDENCY_AUTO && form->deptype != DEPENDENCY_INTERNAL))
			continue;
		owner->table = form->refobjid;
		owner->attnum = form->refobjsubid;
		owner->deptype = form->deptype;
		found = true;
	}
	systable_endscan(scan);
	return found;
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
	int64 minimum = s->increment > 0 ? 1 : type_limit(s->type, false);
	int64 maximum = s->increment > 0 ? type_limit(s->type, true) : -1;

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
	char *usual = makeObjectName(table->name, column->object.name, "seq");

	column->identity_options = identity_options(sequence);
	if (strcmp(usual, sequence->object.name) != 0 ||
		strcmp(table->schema, sequence->object.schema) != 0)
		column->identity_sequence =
			quote_qualified_identifier(sequence->object.schema, sequence->object.name);
}

static bool
is_identity(CatalogReader *r, Relation depend, SchemaSequence *sequence)
{
	SequenceOwner owner;
	CatalogRelation *table;

	if (!find_owner(r, depend, sequence->object.oid, &owner))
		return false;
	table = catalog_find_relation(r, owner.table);
	if (owner.deptype == DEPENDENCY_AUTO)
	{
		sequence->owned_by = psprintf("%s.%s", catalog_relation_name(r, owner.table),
									  quote_identifier(catalog_column_name(r, owner.table,
																		   owner.attnum)));
		return false;
	}
	if (table != NULL && table->attrs != NULL)
		set_identity(table, table->attrs[owner.attnum - 1].column, sequence);
	return true;
}

void
catalog_read_sequences(CatalogReader *r)
{
	Relation depend;
	List *free_standing = NIL;
	ListCell *lc;

	if (r->schema->sequences == NIL)
		return;
	catalog_scan_relations(r, SequenceRelationId, SequenceRelidIndexId,
						   Anum_pg_sequence_seqrelid, add_sequence);
	depend = table_open(DependRelationId, AccessShareLock);
	foreach (lc, r->schema->sequences)
	{
		CHECK_FOR_INTERRUPTS();
		if (!is_identity(r, depend, lfirst(lc)))
			free_standing = lappend(free_standing, lfirst(lc));
	}
	table_close(depend, AccessShareLock);
	r->schema->sequences = free_standing;
}
