/*
 * restore_match.c
 *	  What makes a row of the file exist: the columns by which it is looked for.
 *
 * It assumes that the table's key is chosen, and looks at no row's values but the
 * tenant's.
 */
#include "postgres.h"

#include "base/compat.h"
#include "data/backupschema/backupschematenant.h"
#include "data/restore/restore_private.h"

/* Whether it refers to a row that may come after its own. */
static bool
is_circular(const RestoreTable *t, const RelationColumn *column)
{
	for (int i = 0; i < t->table->nrefs; i++)
		for (int j = 0; j < t->table->refs[i].nfields; j++)
			if (t->table->refs[i].circular && t->table->refs[i].columns[j] == column)
				return true;
	return false;
}

/* A column may be part of the key, the tenant and a reference at once, and counts once. */
static void
match_add(RestoreTable *t, const RelationColumn *column)
{
	int			index = restore_table_index(t, column);

	for (int i = 0; i < t->match.count; i++)
		if (t->match.columns[i] == index)
			return;
	if (relation_equality(column->basetype) == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("column \"%s\" of table \"%s\" cannot identify rows", column->name,
							   t->table->name),
						errdetail("Its type has no equality.")));
	t->match.columns[t->match.count++] = index;
}

/* The columns that make rows without a match key unique, but for a key that is drawn. */
static RelationKey *
other_key(const RestoreTable *t)
{
	ListCell   *lc;

	foreach(lc, t->rel->keys)
	{
		RelationKey *key = lfirst(lc);
		bool		usable = !key->partial && !key->expressions;

		for (int i = 0; usable && i < key->ncolumns; i++)
		{
			RelationColumn *column = relation_column_by_number(t->rel, key->columns[i]);
			int			index = restore_table_index(t, column);

			usable = !restore_table_is_drawn(t, index) && !is_circular(t, column) &&
					 !backupschema_makes(t->table, column) &&
					 (t->columns.fields[index] >= 0 || restore_table_is_tenant(t, index));
		}
		if (usable)
			return key;
	}
	return NULL;
}

/*
 * Whether one unique index would refuse a second row with the same match key.  Then the
 * table itself keeps out what was not looked for; else each row is looked for, and a batch
 * holds no two alike.  A drawn column makes each row unique, which says nothing.
 */
static bool
match_is_covered(const RestoreTable *t)
{
	AttrNumber *columns = palloc(sizeof(AttrNumber) * Max(t->match.count, 1));
	ListCell   *lc;

	for (int i = 0; i < t->match.count; i++)
	{
		columns[i] = t->rel->columns[t->match.columns[i]].attnum;
		if (restore_table_is_drawn(t, t->match.columns[i]))
			return false;
	}
	foreach(lc, t->rel->keys)
		if (relation_key_within(lfirst(lc), columns, t->match.count))
			return true;
	return false;
}

/*
 * Circular references cannot take part: they are not mapped yet when a row is looked for.
 * A place inside json is not one value to compare.  What may be NULL counts where a row is
 * the tenant's by it alone.
 */
static void
match_add_parents(RestoreTable *t)
{
	bool		optional = t->restore->options.user_id != NULL || !match_is_covered(t);

	for (int i = 0; i < t->table->nrefs; i++)
	{
		BackupRef  *ref = &t->table->refs[i];

		if (!(ref->required || (optional && backupschematenant_is_optional_way(t->table, ref))) ||
			ref->circular || ref->kind == REF_JSON ||
			backupschema_is_lookup(t->restore->schema, ref) || !backupschema_needs(t->table, ref))
			continue;
		for (int j = 0; j < ref->nfields; j++)
			match_add(t, ref->columns[j]);
		if (ref->type_column != NULL)
			match_add(t, ref->type_column);
	}
}

/* By what a row of the file is told to be here already: the first thing to ask of a restore. */
static void
trace_match(const RestoreTable *t)
{
	StringInfoData columns;

	if (!message_level_is_interesting(DEBUG1))
		return;
	initStringInfo(&columns);
	for (int i = 0; i < t->match.count; i++)
		appendStringInfo(&columns, "%s%s", i > 0 ? ", " : "",
						 t->rel->columns[t->match.columns[i]].name);
	if (t->match.count == 0)
		elog(DEBUG1, "restore: nothing tells rows of table \"%s\" apart, each is new",
			 t->table->name);
	else
		elog(DEBUG1, "restore: a row of table \"%s\" is here when its (%s) is%s", t->table->name,
			 columns.data, t->match.covered ? ", which is unique" : "");
}

/* A row that is found must be the tenant's: not where nobody can ask whose it is. */
static void
refuse_circular_way(const RestoreTable *t)
{
	const BackupRef *way = t->table->tenant_parent;

	if (t->restore->options.user_id == NULL || t->table->user_column != NULL || way == NULL ||
		!way->circular)
		return;
	ereport(
		ERROR,
		(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		 errmsg("rows of table \"%s\" cannot be kept to one tenant", t->table->name),
		 errdetail("The reference \"%s\", by which they belong to one, leads in a circle, so that "
				   "no row can be looked for by it.",
				   way->fields[0]),
		 errhint("Restore without user_id, or have the tables in the order in which rows must "
				 "refer to each other, with references back that may be NULL.")));
}

/*
 * What makes a row exist: match key and tenant, and the parent where the backup
 * schema says so, where these are not unique or where the row is the tenant's by it.  Without a match key the
 * key itself, unless it is drawn; then another unique index.
 */
static void
choose_columns(RestoreTable *t)
{
	RelationKey *key;

	t->match.columns = palloc(sizeof(int) * Max(t->rel->ncolumns, 1));
	/* The tenant named was found, and is the row of that key. */
	for (int i = 0; restore_named_found(t) && i < t->key.count; i++)
		match_add(t, t->table->pk_columns[i]);
	if (restore_named_found(t))
		return;
	for (int i = 0; i < t->table->nslug; i++)
		match_add(t, t->table->slug_columns[i]);
	if (t->match.count == 0 && t->key.count > 0 && !restore_table_draws(t))
		for (int i = 0; i < t->key.count; i++)
			match_add(t, t->table->pk_columns[i]);
	else if (t->match.count == 0 && (key = other_key(t)) != NULL)
		for (int i = 0; i < key->ncolumns; i++)
			match_add(t, relation_column_by_number(t->rel, key->columns[i]));
	if (t->match.count == 0)
		return;
	if (t->table->user_column != NULL)
		match_add(t, t->table->user_column);
	if (t->table->match_parents || !match_is_covered(t) ||
		(t->restore->options.user_id != NULL && t->table->tenant_depth > 0))
		match_add_parents(t);
	t->match.covered = match_is_covered(t);
	refuse_circular_way(t);
	for (int i = 0; i < t->key.count; i++)
	{
		t->key.renamed[i] = restore_update_renames(t, i);
		t->key.data[i] = restore_update_data(t, i);
		t->key.written |= t->key.data[i] == KEY_DATA_WRITTEN;
	}
}

/* Whether the table has rows of that tenant; of any, where it has none. */
static bool
has_rows_of(RestoreTable *t, const RelationColumn *user, Datum tenant)
{
	Oid			type =
		user ? valuereader_type(t->columns.readers[restore_table_index(t, user)]) : InvalidOid;
	StringInfoData sql;

	initStringInfo(&sql);
	appendStringInfo(&sql, "SELECT 1 FROM %s AS x", t->rel->qualified);
	if (user != NULL)
		appendStringInfo(&sql, " WHERE x.%s %s $1", user->quoted,
						 relation_equality(user->basetype));
	appendStringInfoString(&sql, " LIMIT 1");
	return query_run(sql.data, user ? 1 : 0, &type, &tenant, NULL, t->restore->frozen, NULL, NULL) >
		   0;
}

/* Without a tenant of the caller's every row says whose it is. */
static bool
rows_tell_tenant(const RestoreTable *t)
{
	return t->table->user_column != NULL && t->restore->options.user_id == NULL;
}

void
restore_match_begin(RestoreTable *t)
{
	MemoryContext oldcxt = MemoryContextSwitchTo(t->cxt);

	choose_columns(t);
	trace_match(t);
	t->match.probing =
		t->match.count > 0 &&
		(!t->match.covered || t->lookup != LOOKUP_NONE || t->section->referenced > 0 ||
		 (!rows_tell_tenant(t) && has_rows_of(t, t->table->user_column, t->columns.tenant)));
	/* Nothing tells such rows from those that come. */
	t->notes.had_rows =
		t->match.count == 0 &&
		has_rows_of(t, t->restore->options.user_id != NULL ? t->table->user_column : NULL,
					t->columns.tenant);
	MemoryContextSwitchTo(oldcxt);
}

/*
 * A row of a tenant that had none here cannot exist, so long as a unique index
 * keeps the file from bringing it twice.
 */
bool
restore_match_may_exist(RestoreTable *t, const RestoreRow *row)
{
	int			column = t->table->user_column ? restore_table_index(t, t->table->user_column) : -1;
	RestoreTenant *tenant;
	const char *text;
	int			len;
	ListCell   *lc;
	MemoryContext oldcxt;

	if (t->match.count == 0 || t->match.probing || !rows_tell_tenant(t))
		return t->match.count > 0 && t->match.probing;
	if (!restore_table_field(t, row, column, &text, &len) || row->nulls[column])
		return false;
	foreach(lc, t->match.tenants)
	{
		tenant = lfirst(lc);
		if (tenant->len == len && memcmp(tenant->text, text, len) == 0)
			return tenant->has_rows;
	}
	/* Past what is remembered a row may exist, and is looked for. */
	if (list_length(t->match.tenants) == MAX_TENANTS)
		return true;
	oldcxt = MemoryContextSwitchTo(t->cxt);
	tenant = palloc(sizeof(RestoreTenant));
	tenant->text = pnstrdup(text, len);
	tenant->len = len;
	tenant->has_rows = has_rows_of(t, t->table->user_column, row->values[column]);
	t->match.tenants = lappend(t->match.tenants, tenant);
	MemoryContextSwitchTo(oldcxt);
	return tenant->has_rows;
}

/* References alone: two rows without a parent have the same one. */
bool
restore_match_nulls(const RestoreTable *t, int column)
{
	return restore_table_refers(t, &t->rel->columns[column]);
}
