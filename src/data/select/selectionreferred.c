/*
 * selectionreferred.c
 *	  The rows that others in the backup refer to, as a condition.
 *
 * What is looked up travels as far as it is referred to, and no further.  The condition
 * asks the referring tables for their columns alone, all in one list, so that the server
 * joins once whatever the number of tables; it is part of the statement that reads the
 * rows, so that it sees what they are read with and nothing is kept here.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "catalog/pg_type.h"
#include "data/select/selection.h"
#include "miscadmin.h"

/* How the values of a reference are compared with the key they mean. */
typedef enum Comparison
{
	COMPARE_TYPED,				/* one type for all that refer */
	COMPARE_MIXED,				/* by the operator that takes both types */
	COMPARE_TEXT
} Comparison;

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static Comparison
comparison_of(const BackupTable *target, const BackupRef *ref)
{
	Comparison	comparison = COMPARE_TYPED;

	if (ref->kind == REF_JSON)
		return COMPARE_TEXT;
	for (int i = 0; i < ref->nfields; i++)
	{
		const RelationColumn *key = target->keys[ref->key].columns[i];
		const RelationColumn *column = ref->columns[i];

		if (key->basetype == column->basetype ||
			(is_integer(key->basetype) && is_integer(column->basetype)))
			continue;
		if (!relation_comparable(key->type, column->type))
			return COMPARE_TEXT;
		comparison = COMPARE_MIXED;
	}
	return comparison;
}

/* Integers are one type, the widest: an operator compares it with all. */
static char *
value_of(const RelationColumn *column, const char *expression, Comparison comparison)
{
	if (comparison == COMPARE_TEXT)
		return relation_text(expression, column->type);
	if (comparison == COMPARE_TYPED && is_integer(column->basetype))
		return psprintf("CAST(%s AS pg_catalog.int8)", expression);
	return psprintf("%s", expression);
}

/* The tenant's own row needs no table: every row that refers to it says the same. */
static bool
is_tenant_alone(const Selection *s, const BackupTable *table, const BackupRef *ref)
{
	return s->user_id != NULL && table->user_column != NULL && ref->kind == REF_COLUMNS &&
		   ref->nfields == 1 && ref->columns[0] == table->user_column;
}

static void
append_values(Selection *s, const BackupTable *table, const BackupRef *ref, Comparison comparison)
{
	if (ref->kind == REF_JSON)
	{
		appendStringInfoString(&s->sql, "SELECT k.v OPERATOR(pg_catalog.#>>) '{}' AS k1");
		return;
	}
	for (int i = 0; i < ref->nfields; i++)
		appendStringInfo(
			&s->sql, "%s%s AS k%d", i == 0 ? "SELECT " : ", ",
			value_of(ref->columns[i], psprintf("t.%s", ref->columns[i]->quoted), comparison),
			i + 1);
}

/* SELECT the values by which rows of the table in the backup refer. */
static void
append_referring(Selection *s, const BackupTable *table, const BackupRef *ref, int target,
				 Comparison comparison)
{
	SelectionOwner owner = s->owner;

	append_values(s, table, ref, comparison);
	selection_from(s, table);
	if (ref->kind == REF_JSON)
		appendStringInfo(
			&s->sql, ", pg_catalog.jsonb_path_query(t.%s::pg_catalog.jsonb, %s) AS k (v)",
			ref->columns[0]->quoted, selection_argument(s, JSONPATHOID, ref->json_path));
	s->owner = table->lookup == LOOKUP_NONE ? ROWS_OF_TENANT : ROWS_OR_OF_NONE;
	selection_where(
		s, table, s->filters != NULL ? json_get_object(s->filters, table->name, "filters") : NULL);
	if (ref->kind == REF_POLYMORPHIC)
	{
		appendStringInfoString(&s->sql, " AND ");
		selection_type_test(s, table, ref, target, "t");
		appendStringInfoString(&s->sql, "true");
	}
	if (table->lookup != LOOKUP_NONE)
		selection_referred(s, table);
	s->owner = owner;
}

static void
append_tenant(Selection *s, const BackupRef *ref, Comparison comparison)
{
	char	   *argument = selection_argument(s, ref->columns[0]->type, s->user_id);

	appendStringInfo(&s->sql, "SELECT %s AS k1", value_of(ref->columns[0], argument, comparison));
}

/* WHERE t has the key that the list called w names. */
static void
append_join(Selection *s, const BackupKey *key, Comparison comparison)
{
	for (int i = 0; i < key->count; i++)
	{
		const RelationColumn *column = key->columns[i];

		appendStringInfoString(&s->sql, i == 0 ? " WHERE " : " AND ");
		if (comparison == COMPARE_TEXT)
			appendStringInfo(&s->sql, "%s OPERATOR(pg_catalog.=) w.k%d",
							 selection_column_text("t", column), i + 1);
		else
			appendStringInfo(&s->sql, "t.%s %s w.k%d", column->quoted,
							 relation_equality(column->type), i + 1);
		if (comparison != COMPARE_TEXT && OidIsValid(column->collation))
			appendStringInfo(&s->sql, " COLLATE %s", relation_collation_text(column->collation));
	}
}

/* One list of those that refer by this key and are compared so. */
typedef struct ReferredList
{
	Selection  *s;
	const BackupTable *table;	/* they refer to */
	int			key;
	Comparison	comparison;
	bool		open;
	bool		tenant;			/* stands in it */
	bool	   *some;			/* a list stands before in the condition */
} ReferredList;

/* Mixed types have lists of their own, since a list has one. */
static void
begin_branch(ReferredList *l)
{
	if (l->open && l->comparison != COMPARE_MIXED)
	{
		appendStringInfoString(&l->s->sql, " UNION ALL ");
		return;
	}
	appendStringInfo(&l->s->sql, "%sEXISTS (SELECT 1 FROM (", *l->some ? " OR " : " AND (");
	*l->some = l->open = true;
}

static void
end_list(ReferredList *l)
{
	if (!l->open)
		return;
	appendStringInfoString(&l->s->sql, ") AS w");
	append_join(l->s, &l->table->keys[l->key], l->comparison);
	appendStringInfoChar(&l->s->sql, ')');
	l->open = false;
}

static void
append_reference(ReferredList *l, const BackupTable *from, const BackupRef *ref, int target)
{
	if (is_tenant_alone(l->s, from, ref))
	{
		if (l->tenant)
			return;
		begin_branch(l);
		append_tenant(l->s, ref, l->comparison);
		l->tenant = true;
	}
	else
	{
		begin_branch(l);
		append_referring(l->s, from, ref, target, l->comparison);
	}
	if (l->comparison == COMPARE_MIXED)
		end_list(l);
}

static void
append_list(ReferredList *l)
{
	const BackupSchema *schema = l->s->schema;

	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; i != l->table->index && j < schema->tables[i].nrefs; j++)
			for (int k = 0; k < schema->tables[i].refs[j].ntargets; k++)
			{
				const BackupRef *ref = &schema->tables[i].refs[j];

				if (ref->targets[k].index == l->table->index && ref->key == l->key &&
					backupschema_needs(&schema->tables[i], ref) &&
					comparison_of(l->table, ref) == l->comparison)
					append_reference(l, &schema->tables[i], ref, k);
			}
	end_list(l);
}

void
selection_referred(Selection *s, const BackupTable *table)
{
	bool		some = false;

	check_stack_depth();
	for (int key = 0; key < table->nkeys; key++)
		for (Comparison c = COMPARE_TYPED; c <= COMPARE_TEXT; c++)
		{
			ReferredList list = {s, table, key, c};

			list.some = &some;
			append_list(&list);
		}
	appendStringInfoString(&s->sql, some ? ")" : " AND false");
}
