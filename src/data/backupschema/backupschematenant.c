/*
 * backupschematenant.c
 *	  How the rows of a backup schema's tables belong to tenants.
 *
 * Either tables have a column that says whose each row is, or the tenants are rows of a
 * table themselves, and a row is the tenant's to which its references lead.  Those that a
 * row must have come first, whatever their number; where none of them leads to a tenant,
 * those that may be NULL, and a row without is nobody's.  Of the ways that are left the
 * nearest is taken.  What is looked up is no tenant's, and leads to none.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/backupschema/backupschema_private.h"
#include "data/backupschema/backupschematenant.h"
#include "miscadmin.h"

typedef struct WaySearch
{
	BackupSchema *schema;
	List	  **children;		/* one list a table: those that must refer to it */
	int		   *queue;			/* tables that have a way, in the order found */
	int			count;
	int			next;
} WaySearch;

/* A place in json holds keys without a foreign key: it does not say whose a row is. */
static bool
leads_to_tenant(const BackupRef *ref, bool required)
{
	return ref->required == required && ref->kind != REF_JSON;
}

/* Whether rows of that table, which the schema may lack, can say whose others are. */
static BackupTable *
target_of(const BackupSchema *schema, const BackupRef *ref, int number)
{
	int			index = ref->targets[number].index;

	return index >= 0 && schema->tables[index].lookup == LOOKUP_NONE ? &schema->tables[index]
																	 : NULL;
}

/* The first reference of table that leads to a tenant by the fewest steps; or NULL. */
static BackupRef *
nearest(const BackupSchema *schema, const BackupTable *table, bool required, int *depth)
{
	BackupRef  *found = NULL;

	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; leads_to_tenant(&table->refs[i], required) && j < table->refs[i].ntargets;
			 j++)
		{
			const BackupTable *target = target_of(schema, &table->refs[i], j);

			if (target == NULL || target->tenant_depth < 0 || target == table ||
				(found != NULL && target->tenant_depth >= *depth))
				continue;
			found = &table->refs[i];
			*depth = target->tenant_depth;
		}
	return found;
}

static void
find_children(WaySearch *s)
{
	BackupSchema *schema = s->schema;

	s->children = palloc0(sizeof(List *) * Max(schema->ntables, 1));
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; schema->tables[i].lookup == LOOKUP_NONE && j < schema->tables[i].nrefs; j++)
		{
			const BackupRef *ref = &schema->tables[i].refs[j];

			for (int k = 0; leads_to_tenant(ref, true) && k < ref->ntargets; k++)
				if (target_of(schema, ref, k) != NULL)
					s->children[ref->targets[k].index] =
						lappend_int(s->children[ref->targets[k].index], i);
		}
}

static void
take_way(WaySearch *s, BackupTable *table, BackupRef *ref, int depth)
{
	table->tenant_depth = depth;
	table->tenant_parent = ref;
	s->queue[s->count++] = table->index;
}

/*
 * Nearest first, so that every way to the tenant is a shortest one and no circle of
 * parents is walked for ever.
 */
static void
follow_required(WaySearch *s)
{
	while (s->next < s->count)
	{
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		foreach(lc, s->children[s->queue[s->next]])
		{
			BackupTable *child = &s->schema->tables[lfirst_int(lc)];
			int			depth;
			BackupRef  *ref;

			if (child->tenant_depth >= 0)
				continue;
			ref = nearest(s->schema, child, true, &depth);
			take_way(s, child, ref, depth + 1);
		}
		s->next++;
	}
}

/* All that lead to a tenant by one that may be NULL: none of them by another of them. */
static bool
follow_optional(WaySearch *s)
{
	BackupSchema *schema = s->schema;
	BackupRef **refs = palloc0(sizeof(BackupRef *) * Max(schema->ntables, 1));
	int		   *depths = palloc(sizeof(int) * Max(schema->ntables, 1));
	int			before = s->count;

	CHECK_FOR_INTERRUPTS();
	for (int i = 0; i < schema->ntables; i++)
		if (schema->tables[i].tenant_depth < 0 && schema->tables[i].lookup == LOOKUP_NONE)
			refs[i] = nearest(schema, &schema->tables[i], false, &depths[i]);
	for (int i = 0; i < schema->ntables; i++)
		if (refs[i] != NULL)
			take_way(s, &schema->tables[i], refs[i], depths[i] + 1);
	pfree(refs);
	pfree(depths);
	return s->count > before;
}

void
backupschema_find_tenants(BackupSchema *schema)
{
	WaySearch	s = {schema};

	find_children(&s);
	s.queue = palloc(sizeof(int) * Max(schema->ntables, 1));
	for (int i = 0; i < schema->ntables; i++)
	{
		BackupTable *table = &schema->tables[i];

		table->tenant_depth = -1;
		if (table->user_field != NULL || table == schema->tenant)
			take_way(&s, table, NULL, 0);
	}
	do
		follow_required(&s);
	while (follow_optional(&s));
}

/* Whether all that the reference leads to in its circle stands before, and waits for nothing. */
static bool
leads_back(const BackupSchema *schema, const BackupTable *table, const BackupRef *ref,
		   const bool *waits)
{
	for (int i = 0; i < ref->ntargets; i++)
	{
		int			target = ref->targets[i].index;

		if (target < 0 || (schema->tables[target].component == table->component &&
						   (target >= table->index || waits[target])))
			return false;
	}
	return ref->kind != REF_JSON;
}

/* Whether a row cannot go in before the one that it refers to. */
static bool
must_wait(const BackupRef *ref)
{
	bool		wait = ref->required || ref->kind == REF_JSON || ref->columns == NULL;

	for (int i = 0; !wait && i < ref->nfields; i++)
		wait = ref->columns[i]->not_null;
	return wait;
}

/*
 * Tables of tenants often lead in circles: an organisation has an owner among its users.  A
 * row is looked for under its tenant all the same, since those of tables that stand before
 * are there by then, unless they wait for others themselves.
 */
void
backupschematenant_settle(BackupSchema *schema)
{
	bool	   *waits;

	if (schema->tenant == NULL)
		return;
	waits = palloc0(sizeof(bool) * schema->ntables);
	for (int i = 0; i < schema->ntables; i++)
		for (int j = 0; j < schema->tables[i].nrefs; j++)
		{
			BackupRef  *ref = &schema->tables[i].refs[j];

			if (!ref->circular)
				continue;
			ref->circular = !leads_back(schema, &schema->tables[i], ref, waits);
			waits[i] |= ref->circular && must_wait(ref);
		}
}

const char *
backupschematenant_astray(const BackupSchema *schema, const BackupTable *table)
{
	if (schema->tenant == NULL || table->tenant_depth >= 0 || table->lookup != LOOKUP_NONE)
		return NULL;
	return psprintf("no reference leads from table \"%s\" to the tenants in \"%s\"", table->name,
					schema->tenant->name);
}

bool
backupschematenant_is_drawn(const BackupTable *table)
{
	return table->user_column != NULL && OidIsValid(table->user_column->sequence) &&
		   table->npk == 1 && table->pk_columns[0] == table->user_column;
}

/* Rows are looked for by their tenant, who must be known by then. */
static void
refuse_circular(const BackupTable *table)
{
	for (int i = 0; i < table->nrefs; i++)
	{
		const BackupRef *ref = &table->refs[i];

		if (ref->kind != REF_COLUMNS || ref->nfields > 1 || !ref->circular ||
			ref->columns[0] != table->user_column || ref->targets[0].index == table->index)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("tenant column \"%s\" of table \"%s\" leads in a circle",
						table->user_column->name, table->name),
				 errdetail("Table \"%s\" refers back to it, so that its rows have no tenant when "
						   "they are looked for.",
						   ref->targets[0].table),
				 errhint("Declare \"tenant\": {\"table\": \"%s\"} instead of \"user_field\".",
						 ref->targets[0].table)));
	}
}

void
backupschematenant_check(const BackupSchema *schema)
{
	for (int i = 0; i < schema->ntables; i++)
	{
		const BackupTable *table = &schema->tables[i];
		const char *astray = backupschematenant_astray(schema, table);

		if (astray != NULL)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("invalid backup schema: %s", astray),
							errhint("Declare its rows with \"lookup\": true, or the reference by "
									"which they belong to a tenant.")));
		refuse_circular(table);
		if (backupschematenant_is_drawn(table))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("\"user_field\" of table \"%s\" cannot be \"%s\", its own key",
							table->name, table->user_column->name),
					 errdetail("A sequence draws it, and rows that hold it as their tenant's would "
							   "be another tenant's in another database."),
					 errhint("Declare \"tenant\": {\"table\": \"%s\"} instead.", table->name)));
	}
}

bool
backupschematenant_is_optional_way(const BackupTable *table, const BackupRef *ref)
{
	return ref == table->tenant_parent && ref != NULL && !ref->required;
}

bool
backupschematenant_may_be_of_none(const BackupTable *table)
{
	const BackupRef *ref = table->tenant_parent;

	if (table->user_column != NULL)
		return !table->user_column->not_null;
	for (int i = 0; backupschematenant_is_optional_way(table, ref) && i < ref->nfields; i++)
		if (!ref->columns[i]->not_null)
			return true;
	return false;
}
