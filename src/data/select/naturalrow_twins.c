/*
 * naturalrow_twins.c
 *	  Rows that nothing tells apart, and that others refer to.
 *
 * A reference to a row that is told by all it holds stands by that.  Where several rows
 * hold the same, it leads to any of them: that a row has moved from one to another no digest
 * can see.  So they are counted, for people to know; the server does it, which spills what
 * does not fit its memory.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/select/naturalrow_private.h"

/* OR some row of from refers to t, by that reference. */
static void
append_referring(Selection *s, const BackupTable *from, const BackupRef *ref, int target)
{
	const BackupTable *table = &s->schema->tables[ref->targets[target].index];

	appendStringInfoString(&s->sql, " OR EXISTS (SELECT 1 FROM ");
	selection_table(s, from, "c");
	appendStringInfoString(&s->sql, " WHERE ");
	selection_type_test(s, from, ref, target, "c");
	selection_join(s, "t", table, "c", ref);
	appendStringInfoChar(&s->sql, ')');
}

/* A key in a document is passed over. */
static bool
refers_to(const BackupRef *ref, int target, const BackupTable *table)
{
	return ref->kind != REF_JSON && ref->targets[target].index == table->index;
}

bool
naturalrow_may_have_twins(const BackupSchema *schema, const BackupTable *table)
{
	if (!naturalrow_is_content(schema, table))
		return false;
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
			for (int k = 0; k < schema->tables[i].refs[j].ntargets; k++)
				if (refers_to(&schema->tables[i].refs[j], k, table))
					return true;
	return false;
}

static void
append_referred(Selection *s, const BackupTable *table)
{
	const BackupSchema *schema = s->schema;

	appendStringInfoString(&s->sql, "(false");
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
			for (int k = 0; k < schema->tables[i].refs[j].ntargets; k++)
				if (refers_to(&schema->tables[i].refs[j], k, table))
					append_referring(s, &schema->tables[i], &schema->tables[i].refs[j], k);
	appendStringInfoChar(&s->sql, ')');
}

void
naturalrow_twins(Selection *s, const BackupTable *table)
{
	NaturalBuilder b;
	ListCell   *lc;

	naturalrow_build(&b, s, table);
	appendStringInfoString(&s->sql, "SELECT pg_catalog.sum(g.n)::pg_catalog.int8 FROM"
									" (SELECT pg_catalog.count(*) AS n FROM"
									" (SELECT pg_catalog.hashtextextended(ROW(");
	foreach(lc, b.items)
		appendStringInfo(&s->sql, "%s%s", foreach_current_index(lc) > 0 ? ", " : "",
						 ((NaturalColumn *) lfirst(lc))->expression);
	appendStringInfoString(&s->sql, ")::pg_catalog.text COLLATE pg_catalog.\"C\", 0) AS h, ");
	append_referred(s, table);
	appendStringInfoString(&s->sql, " AS r");
	selection_from(s, table);
	appendStringInfoString(&s->sql, b.joins.data);
	selection_where(s, table, NULL);
	appendStringInfoString(&s->sql, ") AS w GROUP BY w.h HAVING pg_catalog.count(*)"
									" OPERATOR(pg_catalog.>) 1 AND pg_catalog.bool_or(w.r)) AS g");
}
