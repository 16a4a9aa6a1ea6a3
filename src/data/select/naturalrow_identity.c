/*
 * naturalrow_identity.c
 *	  What tells the rows of a table apart, in whatever database.
 *
 * What tells rows apart, their match key, is what a restore goes by: the match
 * key declared, with the parents where the backup schema says so.  Both databases
 * must choose alike, so the indexes that one of them may lack have no part in it.
 * Without a match key it is a key or unique index that no sequence feeds; else,
 * without a parent, the key as it is.  Rows with none of these are told apart by
 * all they hold; where one is referred to, a hash of that stands for it, called
 * "field.*", beside the keys of the rows that it refers to itself.
 */
#include "postgres.h"

#include "data/select/naturalrow_private.h"

bool
naturalrow_is_among(const RelationColumn *column, RelationColumn **columns, int count)
{
	for (int i = 0; i < count; i++)
		if (columns[i] == column)
			return true;
	return false;
}

bool
naturalrow_is_reference(const BackupTable *table, const RelationColumn *column)
{
	for (int i = 0; i < table->nrefs; i++)
		if (table->refs[i].kind != REF_JSON &&
			naturalrow_is_among(column, table->refs[i].columns, table->refs[i].nfields))
			return true;
	return false;
}

/* A number that a restore draws anew. */
static bool
is_drawn(const BackupTable *table, const RelationColumn *column)
{
	return naturalrow_is_among(column, table->pk_columns, table->npk) &&
		   OidIsValid(column->sequence) && !naturalrow_is_reference(table, column) &&
		   column != table->user_column;
}

bool
naturalrow_is_circular(const BackupTable *table, const RelationColumn *column)
{
	for (int i = 0; i < table->nrefs; i++)
		if (table->refs[i].circular &&
			naturalrow_is_among(column, table->refs[i].columns, table->refs[i].nfields))
			return true;
	return false;
}

static Bitmapset *
set_of(const BackupTable *table, RelationColumn **columns, int count)
{
	Bitmapset  *set = NULL;

	for (int i = 0; i < count; i++)
		set = bms_add_member(set, columns[i] - table->rel->columns);
	return set;
}

static bool
key_is_drawn(const BackupTable *table)
{
	for (int i = 0; i < table->npk; i++)
		if (is_drawn(table, table->pk_columns[i]))
			return true;
	return false;
}

/* The columns of a unique index that no sequence feeds; NULL without one. */
static Bitmapset *
other_key(const BackupTable *table)
{
	ListCell   *lc;

	foreach(lc, table->rel->keys)
	{
		const RelationKey *key = lfirst(lc);
		bool		usable = !key->partial && !key->expressions;
		Bitmapset  *set = NULL;

		for (int i = 0; usable && i < key->ncolumns; i++)
		{
			RelationColumn *column = relation_column_by_number(table->rel, key->columns[i]);

			usable = !backupschema_makes(table, column) && !naturalrow_is_circular(table, column);
			set = bms_add_member(set, column - table->rel->columns);
		}
		if (usable)
			return set;
	}
	return NULL;
}

static bool
has_parent(const Selection *s, const BackupTable *table)
{
	for (int i = 0; i < table->nrefs; i++)
		if (table->refs[i].required && !table->refs[i].circular &&
			!backupschema_is_lookup(s->schema, &table->refs[i]))
			return true;
	return false;
}

/*
 * Whether the tenant column holds another row's id, which a restore maps, rather than
 * the tenant itself: a key over several columns may have the tenant among them.
 */
static bool
tenant_is_mapped(const Selection *s, const BackupTable *table)
{
	for (int i = 0; i < table->nrefs; i++)
	{
		const BackupRef *ref = &table->refs[i];
		const BackupTable *target = &s->schema->tables[ref->targets[0].index];

		if (ref->kind == REF_JSON)
			continue;
		for (int j = 0; j < ref->nfields; j++)
			if (ref->columns[j] == table->user_column &&
				target->keys[ref->key].columns[j] != target->user_column)
				return true;
	}
	return false;
}

/* Rows of every tenant: the column that says whose they are is one of their own. */
bool
naturalrow_shows_tenant(const Selection *s, const BackupTable *table, const RelationColumn *column)
{
	return column == table->user_column && s->user_id == NULL && !tenant_is_mapped(s, table);
}

NaturalIdentity
naturalrow_identity(const Selection *s, const BackupTable *table)
{
	NaturalIdentity id = {NULL};

	if (table->nslug > 0)
	{
		id.columns = set_of(table, table->slug_columns, table->nslug);
		id.parents = table->match_parents;
	}
	else if (table->npk > 0 && !key_is_drawn(table))
		id.columns = set_of(table, table->pk_columns, table->npk);
	else if ((id.columns = other_key(table)) == NULL)
	{
		id.key = table->npk > 0 && !has_parent(s, table);
		id.content = !id.key;
		if (id.key)
			id.columns = set_of(table, table->pk_columns, table->npk);
	}
	/* Of every tenant: the same match key may stand for one row each. */
	if (table->user_column != NULL && s->user_id == NULL)
		id.columns = bms_add_member(id.columns, table->user_column - table->rel->columns);
	return id;
}

bool
naturalrow_is_content(const BackupSchema *schema, const BackupTable *table)
{
	const Selection s = {.schema = schema};

	return naturalrow_identity(&s, table).content;
}

bool
naturalrow_is_key(const Selection *s, const BackupTable *table)
{
	return naturalrow_identity(s, table).key;
}

bool
naturalrow_in_identity(const BackupTable *table, const NaturalIdentity *id,
					   const RelationColumn *column)
{
	return bms_is_member(column - table->rel->columns, id->columns);
}

/* Whether the row that the reference leads to takes part in telling rows apart. */
bool
naturalrow_is_match_reference(const Selection *s, const BackupTable *table,
							  const NaturalIdentity *id, const BackupRef *ref)
{
	if (id->content)
		return true;
	if (ref->kind == REF_JSON || ref->circular)
		return false;
	if (id->parents && ref->required && !backupschema_is_lookup(s->schema, ref))
		return true;
	for (int i = 0; i < ref->nfields; i++)
	{
		bool		tenant = ref->columns[i] == table->user_column;

		if (naturalrow_in_identity(table, id, ref->columns[i]) &&
			(!tenant || (s->user_id == NULL && tenant_is_mapped(s, table))))
			return true;
	}
	return false;
}
