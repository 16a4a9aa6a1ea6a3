/*
 * backupschemacheck.c
 *	  What could go wrong with a backup schema in this database.
 *
 * Binding stops at the first thing that is missing; this goes on and lists all
 * of them.  "error" is what makes a backup or a restore fail or lose rows,
 * "warning" what may, "info" what one should know.
 *
 * It changes nothing but the document's own structs in memory, and never raises for
 * what it finds, so that one call tells all.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/query.h"
#include "base/texts.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "data/backupschema/backupschemalookup.h"
#include "data/backupschema/backupschemaoutside.h"
#include "data/backupschema/backupschemamatch.h"
#include "data/backupschema/backupschematenant.h"
#include "data/select/selection.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

/* One finding is one row of the result; what is about no table has none. */
typedef struct Check
{
	BackupSchema *schema;
	ReturnSetInfo *result;
	BackupTable *table;			/* the one under scrutiny */
	LookupSearch *outside;
} Check;

static void say(Check *c, const char *severity, const char *format, ...) pg_attribute_printf(3, 4);

/* Severity is decided where the finding is: "error" only for what is sure. */
static void
say(Check *c, const char *severity, const char *format, ...)
{
	va_list		args;
	Datum		values[3];
	bool		nulls[3] = {false, c->table == NULL, false};
	char	   *message;

	va_start(args, format);
	message = texts_format(format, args);
	va_end(args);
	values[0] = CStringGetTextDatum(severity);
	values[1] = c->table != NULL ? CStringGetTextDatum(c->table->name) : (Datum) 0;
	values[2] = CStringGetTextDatum(message);
	tuplestore_putvalues(c->result->setResult, c->result->setDesc, values, nulls);
}

/* For people: quoted as in messages, not as in SQL. */
static char *
join_names(RelationColumn **columns, int count)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < count; i++)
		appendStringInfo(&names, "%s\"%s\"", i > 0 ? ", " : "", columns[i]->name);
	return names.data;
}

/* The columns of these names, or NULL once one that is missing was reported. */
static RelationColumn **
find_columns(Check *c, char **names, int count, const char *member)
{
	RelationColumn **columns = palloc0(sizeof(RelationColumn *) * (count + 1));
	bool		missing = false;

	for (int i = 0; i < count; i++)
	{
		columns[i] = relation_find_column(c->table->rel, names[i]);
		if (columns[i] == NULL)
			say(c, "error", "\"%s\" names column \"%s\", which the table does not have", member,
				names[i]);
		missing |= columns[i] == NULL;
	}
	return missing ? NULL : columns;
}

/* All that is wrong is told at once, so nothing here returns at the first. */
static bool
find_reference(Check *c, BackupRef *ref)
{
	bool		ok = true;

	for (int i = 0; i < ref->ntargets; i++)
	{
		BackupRefTarget *target = &ref->targets[i];

		if (target->index < 0)
		{
			say(c, "error", "%s table \"%s\" is not in the backup schema",
				ref->required ? "parent" : "referenced", target->table);
			ok = false;
		}
		else if (ref->nto == 0 && c->schema->tables[target->index].npk != ref->nfields)
		{
			say(c, "error", "the reference to \"%s\" has %d columns, its key has %d", target->table,
				ref->nfields, c->schema->tables[target->index].npk);
			ok = false;
		}
	}
	ref->columns = find_columns(c, ref->fields, ref->nfields, "field");
	if (ref->type_field != NULL)
	{
		RelationColumn **found = find_columns(c, &ref->type_field, 1, "type_field");

		ref->type_column = found != NULL ? found[0] : NULL;
		ok &= found != NULL;
	}
	return ok && ref->columns != NULL;
}

/* The columns that other tables mean by "to", and those that are copied. */
static bool
find_others(Check *c)
{
	BackupTable *table = c->table;
	bool		ok = true;

	table->keys[0].columns = table->pk_columns;
	for (int i = 1; i < table->nkeys; i++)
	{
		table->keys[i].columns = find_columns(c, table->keys[i].names, table->keys[i].count, "to");
		ok &= table->keys[i].columns != NULL;
	}
	for (int i = 0; i < table->nraws; i++)
	{
		table->raws[i].columns =
			find_columns(c, table->raws[i].fields, table->raws[i].nfields, "field");
		ok &= table->raws[i].columns != NULL;
	}
	return ok;
}

/*
 * Goes on with those that are there, so that one wrong name does not hide what else there
 * is to say.
 */
static bool
find_excluded(Check *c)
{
	BackupTable *table = c->table;
	ListCell   *lc;
	bool		ok = true;

	table->excluded = palloc0(sizeof(bool) * Max(table->rel->ncolumns, 1));
	foreach(lc, table->exclude)
	{
		char	   *name = lfirst(lc);
		RelationColumn **found = find_columns(c, &name, 1, "exclude_columns");

		if (found != NULL)
			table->excluded[found[0] - table->rel->columns] = true;
		ok &= found != NULL;
	}
	return ok;
}

/* Binds the table as far as it goes; false when something is missing. */
static bool
find_table(Check *c)
{
	BackupTable *table = c->table;
	Oid			relid = relation_find(table->name);
	bool		ok = true;

	if (!OidIsValid(relid))
	{
		say(c, "error", "the table does not exist");
		return false;
	}
	if (OidIsValid(relation_find_code(relid)))
	{
		say(c, "error", "it is, or reads, a view or foreign table of a role without your rights");
		return false;
	}
	table->rel = relation_read(relid);
	for (int i = 0; i < table->index; i++)
		if (c->schema->tables[i].rel != NULL && c->schema->tables[i].rel->oid == relid)
			say(c, "error", "it is the same table as \"%s\"", c->schema->tables[i].name);
	table->pk_columns = find_columns(c, table->pk, table->npk, "pk");
	table->slug_columns = find_columns(c, table->slug, table->nslug, "slug_field");
	ok = table->pk_columns != NULL && table->slug_columns != NULL;
	if (table->user_field != NULL)
	{
		RelationColumn **found = find_columns(c, &table->user_field, 1, "user_field");

		table->user_column = found != NULL ? found[0] : NULL;
		ok &= found != NULL;
	}
	for (int i = 0; i < table->nrefs; i++)
		ok &= find_reference(c, &table->refs[i]);
	ok &= find_others(c);
	return find_excluded(c) && ok;
}

/*
 * What may be read is asked of the current user, who need not be the one that will back up.
 */
static void
check_kind(Check *c)
{
	RelationInfo *rel = c->table->rel;

	if (rel->kind == RELKIND_MATVIEW)
		say(c, "warning", "a materialized view can be saved but not restored into");
	else if (rel->kind == RELKIND_VIEW)
		say(c, "info", "it is a view: a restore needs it to be updatable");
	if (pg_class_aclcheck(rel->oid, GetUserId(), ACL_SELECT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(rel->oid, GetUserId(), ACL_SELECT, ACLMASK_ALL) != ACLCHECK_OK)
		say(c, "error", "the current user may not read it");
	if (relation_hides_rows(rel->oid))
		say(c, "warning", "row-level security hides rows of it from the current user");
	if (rel->has_triggers && c->table->lookup != LOOKUP_FIND)
		say(c, "info", "its triggers fire when rows are restored");
}

/* Whether keys or references are made of the column. */
static bool
holds_together(const BackupTable *table, const RelationColumn *column)
{
	bool		found = column == table->user_column;

	for (int i = 0; i < table->npk; i++)
		found |= table->pk_columns[i] == column;
	for (int i = 0; i < table->nslug; i++)
		found |= table->slug_columns[i] == column;
	for (int i = 0; i < table->nrefs; i++)
	{
		found |= table->refs[i].type_column == column;
		for (int j = 0; j < table->refs[i].nfields; j++)
			found |= table->refs[i].columns[j] == column;
	}
	return found;
}

/* Only what a restore of the table as it is now would meet. */
static void
check_columns(Check *c)
{
	BackupTable *table = c->table;

	for (int i = 0; i < table->rel->ncolumns; i++)
	{
		RelationColumn *column = &table->rel->columns[i];

		if (table->excluded[i] && column->not_null && !column->has_default && !column->generated)
			say(c, "error",
				"column \"%s\" is excluded, but NOT NULL and without a default: no row can be "
				"restored",
				column->name);
		if (table->excluded[i] && holds_together(table, column))
			say(c, "error", "column \"%s\" cannot be excluded: it is part of a key or a reference",
				column->name);
		if (selection_has_column(table, column) && selection_is_large_object(column))
			say(c, "error", "column \"%s\" refers to large objects: exclude it", column->name);
	}
}

/* Returns the end, so that several lists can be put behind one another. */
static AttrNumber *
numbers_of(RelationColumn **columns, int count, AttrNumber *numbers)
{
	for (int i = 0; i < count; i++)
		*numbers++ = columns[i]->attnum;
	return numbers;
}

/* Whether some unique index makes these columns unique. */
static bool
is_unique(const RelationInfo *rel, const AttrNumber *numbers, int count)
{
	ListCell   *lc;

	foreach(lc, rel->keys)
		if (relation_key_within(lfirst(lc), numbers, count))
			return true;
	return false;
}

/* A key without a unique index is allowed: people know things that the catalog does not. */
static void
check_key(Check *c)
{
	BackupTable *table = c->table;
	AttrNumber *numbers = palloc(sizeof(AttrNumber) * (table->npk + 1));

	numbers_of(table->pk_columns, table->npk, numbers);
	if (table->npk == 0)
		say(c, "info", "it has no key: no table can reference it");
	else if (!is_unique(table->rel, numbers, table->npk))
		say(c, "warning", "no unique index covers the key %s",
			join_names(table->pk_columns, table->npk));
	for (int i = 0; i < table->npk; i++)
		if (relation_equality(table->pk_columns[i]->type) == NULL)
			say(c, "error", "key column \"%s\" has a type without equality",
				table->pk_columns[i]->name);
}

/* All that takes part in finding a row again: match key, tenant, parents. */
static int
matching_columns(const BackupSchema *schema, const BackupTable *table, bool with_parents,
				 AttrNumber *numbers)
{
	AttrNumber *end = numbers_of(table->slug_columns, table->nslug, numbers);

	if (table->user_column != NULL)
		*end++ = table->user_column->attnum;
	for (int i = 0; with_parents && i < table->nrefs; i++)
		if (table->refs[i].required && !backupschema_is_lookup(schema, &table->refs[i]))
			end = numbers_of(table->refs[i].columns, table->refs[i].nfields, end);
	return end - numbers;
}

/* Rows that must have a parent can be told by it, too. */
static bool
has_parents(const BackupSchema *schema, const BackupTable *table)
{
	for (int i = 0; i < table->nrefs; i++)
		if (table->refs[i].required && !backupschema_is_lookup(schema, &table->refs[i]))
			return true;
	return false;
}

/* Views and foreign tables have no index: what they call their key has to do. */
static void
check_found_by(Check *c)
{
	BackupTable *table = c->table;
	AttrNumber *numbers =
		palloc(sizeof(AttrNumber) * (table->rel->ncolumns + 1) * (table->nrefs + 1));
	AttrNumber *end = numbers;
	BackupFoundBy found;

	for (int i = 0; i < table->nrefs; i++)
		end = numbers_of(table->refs[i].columns, table->refs[i].nfields, end);
	found = backupschema_found_by(table->rel, numbers, end - numbers);
	if (found == FOUND_BY_NOTHING && table->npk > 0 && table->rel->keys == NIL)
		found = FOUND_BY_KEY;
	if (table->remember)
		say(c, "info", "it has no match key: its rows are remembered by where they were born");
	else if (found == FOUND_BY_NOTHING)
		say(c, "warning", "it has no match key: each restore adds its rows again");
	else if (found == FOUND_BY_KEY)
		say(c, "warning", "it has no match key: rows are found again by their key alone");
}

/*
 * The columns by which a restore would look for a row, and whether they lead to one: here
 * it is said before rows are lost or doubled.
 */
static void
check_match_key(Check *c)
{
	BackupTable *table = c->table;
	AttrNumber *numbers =
		palloc(sizeof(AttrNumber) * (table->rel->ncolumns * 2 + 2) * (table->nrefs + 2));
	int			count = matching_columns(c->schema, table, false, numbers);
	const RelationColumn *circular = backupschemamatch_circular(c->schema, table);

	if (circular != NULL)
		say(c, "error",
			"match key column \"%s\" is a reference that leads in a circle: its values are keys "
			"that mean other rows in another database, and no row can be found by them",
			circular->name);
	if (table->nslug == 0)
	{
		check_found_by(c);
		return;
	}
	if (!is_unique(table->rel, numbers, count))
	{
		count = matching_columns(c->schema, table, true, numbers);
		if (!is_unique(table->rel, numbers, count))
			say(c, "warning",
				"no unique index stands behind the match key %s: one row may be found for another",
				join_names(table->slug_columns, table->nslug));
		else if (!table->match_parents)
			say(c, "warning",
				"the match key %s is unique only under its parents: declare \"match_parents\": "
				"true",
				join_names(table->slug_columns, table->nslug));
	}
	else if (table->match_parents && has_parents(c->schema, table))
		say(c, "warning",
			"the match key %s is unique without its parents: declare \"match_parents\": false, or "
			"a row under another parent counts as another row",
			join_names(table->slug_columns, table->nslug));
	for (int i = 0; i < table->nslug; i++)
		if (!table->slug_columns[i]->not_null)
			say(c, "warning",
				"match key column \"%s\" may be NULL: such a row is never found again",
				table->slug_columns[i]->name);
}

/* Unique keys that know nothing of tenants can refuse another tenant's copy. */
static void
check_other_keys(Check *c)
{
	BackupTable *table = c->table;
	ListCell   *lc;

	foreach(lc, table->rel->keys)
	{
		RelationKey *key = lfirst(lc);
		bool		harmless = key->primary || key->expressions || table->user_column == NULL ||
						table->lookup == LOOKUP_FIND;

		for (int i = 0; !harmless && i < key->ncolumns; i++)
			harmless = key->columns[i] == table->user_column->attnum;
		for (int i = 0; !harmless && i < table->nrefs; i++)
			for (int j = 0; table->refs[i].columns != NULL && j < table->refs[i].nfields; j++)
				for (int k = 0; k < key->ncolumns; k++)
					harmless |= key->columns[k] == table->refs[i].columns[j]->attnum;
		if (!harmless)
			say(c, "warning",
				"unique index \"%s\" spans tenants: rows of one may collide with another's",
				key->name);
	}
}

/* Of a way to the tenant that may be NULL, and of one that comes back to its own table. */
static void
check_way(Check *c)
{
	const BackupRef *ref = c->table->tenant_parent;

	if (c->table == c->schema->tenant)
		say(c, "info", "its rows are the tenants, called by %s",
			join_names(c->table->slug_columns, c->table->nslug));
	if (ref == NULL)
		return;
	if (backupschematenant_may_be_of_none(c->table))
		say(c, "info",
			"its rows belong to a tenant by %s alone: one that has NULL there is nobody's",
			join_names(ref->columns, ref->nfields));
	for (int i = 0; i < ref->ntargets; i++)
		if (ref->targets[i].index == c->table->index)
			say(c, "warning",
				"rows that refer to others of the table by %s belong to no tenant by them, and are "
				"not saved",
				join_names(ref->columns, ref->nfields));
}

/*
 * Tables without tenants are whole in every backup, which may be meant (currencies) or a
 * leak.
 */
static void
check_tenant(Check *c)
{
	const char *astray = backupschematenant_astray(c->schema, c->table);

	if (astray != NULL)
		say(c, "error", "%s: declare the reference, or \"lookup\": true", astray);
	else if (backupschematenant_is_drawn(c->table))
		say(c, "error",
			"tenant column \"%s\" is the table's own key, which a sequence draws: declare "
			"\"tenant\": {\"table\": \"%s\"} instead",
			c->table->user_column->name, c->table->name);
	else if (c->table->tenant_depth < 0 && c->table->lookup == LOOKUP_NONE)
		say(c, "warning", "its rows belong to no tenant: all of them are saved for every tenant");
	else if (c->table->user_column != NULL &&
			 relation_equality(c->table->user_column->type) == NULL)
		say(c, "error", "tenant column \"%s\" has a type without equality",
			c->table->user_column->name);
}

/*
 * Without a foreign key behind it nothing keeps the referred row from going; with another
 * target the ids would be mapped to the wrong table.
 */
static void
check_reference(Check *c, const BackupRef *ref)
{
	BackupTable *table = c->table;
	BackupTable *target = &c->schema->tables[ref->targets[0].index];
	AttrNumber *numbers = palloc(sizeof(AttrNumber) * ref->nfields);
	RelationForeignKey *fk;

	if (ref->kind != REF_COLUMNS || target->rel == NULL)
		return;
	numbers_of(ref->columns, ref->nfields, numbers);
	fk = relation_foreign_key_over(table->rel, numbers, ref->nfields, InvalidOid);
	if (fk == NULL)
		say(c, "warning", "no foreign key stands behind the reference %s to \"%s\"",
			join_names(ref->columns, ref->nfields), target->name);
	else if (relation_foreign_key_over(table->rel, numbers, ref->nfields, target->rel->oid) == NULL)
		say(c, "error",
			"%s is declared to reference \"%s\", its foreign key \"%s\" references \"%s\"",
			join_names(ref->columns, ref->nfields), target->name, fk->name,
			get_rel_name(fk->target));
	for (int i = 0; !ref->required && i < ref->nfields; i++)
		if (ref->columns[i]->not_null && target->lookup == LOOKUP_NONE)
			say(c, "warning",
				"optional reference \"%s\" is NOT NULL: a row whose reference cannot be mapped "
				"fails",
				ref->columns[i]->name);
}

/* One column in common is enough: such a foreign key is at least known of. */
static bool
is_declared(const BackupTable *table, const RelationForeignKey *fk)
{
	for (int i = 0; i < table->nrefs; i++)
	{
		const BackupRef *ref = &table->refs[i];
		AttrNumber *numbers = palloc(sizeof(AttrNumber) * ref->nfields);

		numbers_of(ref->columns, ref->nfields, numbers);
		for (int j = 0; j < fk->ncolumns; j++)
			for (int k = 0; k < ref->nfields; k++)
				if (fk->columns[j] == numbers[k])
					return true;
	}
	for (int i = 0; i < table->nraws; i++)
		for (int j = 0; j < fk->ncolumns; j++)
			for (int k = 0; k < table->raws[i].nfields; k++)
				if (fk->columns[j] == table->raws[i].columns[k]->attnum)
					return true;
	return false;
}

static bool
is_tenant(const BackupTable *table, const RelationForeignKey *fk)
{
	return table->user_column != NULL && fk->ncolumns == 1 &&
		   fk->columns[0] == table->user_column->attnum;
}

/* By number: columns of two lists may be different structs. */
static bool
is_among(RelationColumn **columns, int count, AttrNumber attnum)
{
	for (int i = 0; i < count; i++)
		if (columns[i]->attnum == attnum)
			return true;
	return false;
}

/* The column of that name and what follows it, "x" and "_id"; or NULL. */
static RelationColumn *
find_pair(const BackupTable *table, const char *name, int len, const char *suffix)
{
	return relation_find_column(table->rel,
								quote_identifier(psprintf("%.*s%s", len, name, suffix)));
}

/* Whether the column tells the kind of some polymorphic reference. */
static bool
has_type_field(const BackupTable *table, const RelationColumn *type)
{
	for (int i = 0; i < table->nrefs; i++)
		if (table->refs[i].type_column == type)
			return true;
	return false;
}

/*
 * x_type beside x_id: which table x_id means stands in each row, and no foreign key can
 * say so.  Where nobody declares it the ids are copied, and mean other rows.
 */
static void
check_pairs(Check *c)
{
	const BackupTable *table = c->table;

	for (int i = 0; i < table->rel->ncolumns; i++)
	{
		RelationColumn *type = &table->rel->columns[i];
		int			len = strlen(type->name) - strlen("_type");
		RelationColumn *id = len > 0 && strcmp(type->name + len, "_type") == 0
								 ? find_pair(table, type->name, len, "_id")
								 : NULL;

		if (id != NULL && !has_type_field(table, type) && !holds_together(table, id) &&
			relation_foreign_key_over(table->rel, &id->attnum, 1, InvalidOid) == NULL)
			say(c, "warning",
				"columns \"%s\" and \"%s\" look like a reference to several tables, which "
				"nothing declares: its values are copied as they stand",
				type->name, id->name);
	}
}

/* A foreign key that leads out of the schema, and what becomes of its values. */
static void
check_outside(Check *c, const RelationForeignKey *fk)
{
	const char *target = get_rel_name(fk->target);

	switch (lookup_kind(c->outside, fk))
	{
		case OUTSIDE_LOOKUP:
			say(c, "info",
				"foreign key \"%s\" leads to \"%s\", which is not in the backup schema: rows are "
				"looked up there by what names them",
				fk->name, target);
			break;
		case OUTSIDE_SAME:
			say(c, "info",
				"foreign key \"%s\" leads to \"%s\", which is not in the backup schema: its values "
				"mean the same everywhere and are copied",
				fk->name, target);
			break;
		default:
			say(c, is_tenant(c->table, fk) ? "warning" : "error",
				"foreign key \"%s\" leads to \"%s\", whose rows have no match key: %s", fk->name,
				target,
				is_tenant(c->table, fk) ? "a restore into another database needs the tenant named"
										: "a restore into another database is refused");
			break;
	}
}

/* Foreign keys of the database that the backup schema does not speak of. */
static void
check_foreign_keys(Check *c)
{
	BackupTable *table = c->table;
	ListCell   *lc;

	foreach(lc, relation_references(table->rel))
	{
		RelationForeignKey *fk = lfirst(lc);
		const BackupTable *inside = NULL;

		if (is_declared(table, fk) ||
			(table->lookup == LOOKUP_FIND &&
			 !is_among(table->slug_columns, table->nslug, fk->columns[0])))
			continue;
		for (int i = 0; i < c->schema->ntables; i++)
			if (c->schema->tables[i].rel != NULL && c->schema->tables[i].rel->oid == fk->target)
				inside = &c->schema->tables[i];
		if (inside != NULL && inside->lookup != LOOKUP_NONE)
			say(c, inside->index > table->index ? "error" : "info",
				"foreign key \"%s\": rows of \"%s\" are looked up%s", fk->name, inside->name,
				inside->index > table->index ? ", and have to stand before it" : "");
		else if (inside != NULL && is_tenant(table, fk))
			continue;
		else if (inside != NULL && outside_means_same(table, fk, inside))
			say(c, inside->index > table->index ? "error" : "info",
				"foreign key \"%s\" to \"%s\" leads not to its key: its values are copied%s",
				fk->name, inside->name,
				inside->index > table->index ? ", and the table has to stand after it" : "");
		else if (inside != NULL)
			say(c, "error",
				"foreign key \"%s\" to \"%s\" is not declared: its values would not be mapped",
				fk->name, inside->name);
		else
			check_outside(c, fk);
	}
}

/* What is looked up, and what is copied, because the schema says so. */
static void
check_choices(Check *c)
{
	const BackupTable *table = c->table;

	if (table->lookup != LOOKUP_NONE)
		say(c, "info", "its rows are looked up by %s%s",
			join_names(table->slug_columns, table->nslug),
			table->lookup == LOOKUP_CREATE ? ", and made where they are not found" : "");
	for (int i = 0; i < table->nraws; i++)
		say(c, "info", "%s is raw: its values are copied, and mean any row of \"%s\"",
			join_names(table->raws[i].columns, table->raws[i].nfields), table->raws[i].table);
}

static bool
take_child(TupleTableSlot *slot, void *arg)
{
	Check	   *c = arg;
	bool		isnull;
	Oid			child = DatumGetObjectId(slot_getattr(slot, 1, &isnull));

	for (int i = 0; i < c->schema->ntables; i++)
		if (c->schema->tables[i].rel != NULL && c->schema->tables[i].rel->oid == child)
			return true;
	say(c, "warning",
		"rows of \"%s\", which is not in the backup schema, are deleted with its rows: foreign key "
		"\"%s\" says ON DELETE CASCADE",
		get_rel_name(child), NameStr(*DatumGetName(slot_getattr(slot, 2, &isnull))));
	return true;
}

/* A sync that deletes rows, or a restore that replaces them, would take others along. */
static void
check_children(Check *c)
{
	static const char *const sql =
		"SELECT coalesce(pg_partition_root(conrelid), conrelid)::oid, conname FROM pg_constraint"
		" WHERE confrelid = $1 AND contype = 'f' AND confdeltype = 'c' AND conparentid = 0"
		" ORDER BY conname, conrelid";
	Oid			type = OIDOID;
	Datum		value = ObjectIdGetDatum(c->table->rel->oid);
	int			nestlevel;

	if (c->table->lookup != LOOKUP_NONE)
		return;
	nestlevel = query_pin(PIN_PATH);
	query_run(sql, 1, &type, &value, NULL, true, take_child, c);
	query_unpin(nestlevel);
}

/* As the body of an attempt: the filter is the user's text, and may be anything. */
static void
analyse_filter(void *arg)
{
	(void) selection_filter(arg);
}

static void
check_filter(Check *c)
{
	ErrorData  *error =
		c->table->filter != NULL ? query_attempt(analyse_filter, c->table, false) : NULL;

	if (error != NULL)
		say(c, "error", "filter: %s", error->message);
}

static LookupSearch *
search_outside(const BackupSchema *schema)
{
	List	   *inside = NIL;
	List	   *tenants = NIL;

	for (int i = 0; i < schema->ntables; i++)
	{
		const BackupTable *table = &schema->tables[i];

		if (table->rel == NULL)
			continue;
		inside = lappend_oid(inside, table->rel->oid);
		if (table->user_column != NULL)
			tenants = lappend(tenants, table->user_column->quoted);
	}
	return lookup_search(inside, tenants, InvalidOid, true, NULL);
}

/*
 * Binds what it can, table by table.  What asks two tables is asked only where both were
 * found.
 */
void
backupschema_check(BackupSchema *schema, ReturnSetInfo *result)
{
	Check		c = {schema, result};
	char	   *misplaced = backupschema_misplaced(schema);
	bool	   *found = palloc0(sizeof(bool) * Max(schema->ntables, 1));

	if (misplaced != NULL)
		say(&c, "error", "%s", misplaced);
	for (int i = 0; i < schema->ntables; i++)
	{
		CHECK_FOR_INTERRUPTS();
		c.table = &schema->tables[i];
		found[i] = find_table(&c);
	}
	backupschematenant_settle(schema);
	c.outside = search_outside(schema);
	for (int i = 0; i < schema->ntables; i++)
	{
		CHECK_FOR_INTERRUPTS();
		c.table = &schema->tables[i];
		if (!found[i])
			continue;
		check_kind(&c);
		check_columns(&c);
		check_key(&c);
		check_match_key(&c);
		check_other_keys(&c);
		check_tenant(&c);
		check_way(&c);
		for (int j = 0; j < c.table->nrefs; j++)
			check_reference(&c, &c.table->refs[j]);
		check_foreign_keys(&c);
		check_choices(&c);
		check_children(&c);
		check_pairs(&c);
		check_filter(&c);
	}
}
