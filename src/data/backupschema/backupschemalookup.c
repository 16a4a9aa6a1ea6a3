/*
 * backupschemalookup.c
 *	  References that lead out of a backup schema: how their values are carried over.
 *
 * An id means something in one database only.  A foreign key that the schema does not
 * speak of leads to rows that a backup would not hold; so those its rows refer to become
 * lookups, found at the destination by what names them there.  Where nothing does, a uuid
 * or a text still means the same row everywhere, and whatever else is said to be raw.
 *
 * A row is named by the columns of a unique index that are never NULL.  Columns among them
 * that refer to other rows stand for those rows, if they can be looked up in turn.
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/pg_type.h"
#include "data/backupschema/backupschemalookup.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* A table that rows lead to, and what names its rows. */
typedef struct Lookup
{
	Oid			oid;
	RelationInfo *rel;			/* NULL where it may not be read */
	const RelationKey *key;		/* NULL where nothing names them */
	RelationColumn *tenant;
	bool		busy;			/* being looked at: it leads to itself */
	bool		used;
} Lookup;

struct LookupSearch
{
	List	   *inside;
	List	   *tenants;
	Oid			root;
	bool		row_security;
	const BackupSchema *only;
	List	   *lookups;		/* Lookup *, those looked at */
	List	   *used;			/* Lookup *, a table behind those it needs */
};

LookupSearch *
lookup_search(List *inside, List *tenants, Oid root, bool row_security, const BackupSchema *only)
{
	LookupSearch *search = palloc0(sizeof(LookupSearch));

	search->inside = inside;
	search->tenants = tenants;
	search->root = root;
	search->row_security = row_security;
	search->only = only;
	return search;
}

char *
lookup_table_name(const RelationInfo *rel)
{
	return strcmp(rel->schema, RELATION_BARE_SCHEMA) == 0 ? pstrdup(quote_identifier(rel->name))
														  : pstrdup(rel->qualified);
}

RelationKey *
lookup_reference_key(const RelationInfo *rel)
{
	ListCell   *lc;

	if (rel->primary_key != NULL)
		return rel->primary_key;
	foreach(lc, rel->keys)
	{
		RelationKey *key = lfirst(lc);
		bool		whole = !key->partial && !key->expressions;

		for (int i = 0; whole && i < key->ncolumns; i++)
			whole = relation_column_by_number(rel, key->columns[i])->not_null;
		if (whole)
			return key;
	}
	return NULL;
}

bool
lookup_is_surrogate(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID || type == UUIDOID;
}

bool
lookup_is_required(const RelationInfo *rel, const RelationForeignKey *fk)
{
	for (int i = 0; i < fk->ncolumns; i++)
		if (!relation_column_by_number(rel, fk->columns[i])->not_null)
			return false;
	return true;
}

int
lookup_rank(const RelationColumn *column)
{
	int			rank = column->not_null ? 0 : -4;

	rank += column->basetype == TEXTOID || column->basetype == VARCHAROID ? 2 : 0;
	rank += strcmp(column->name, "slug") == 0 ? 8 : 0;
	rank += column->basetype == UUIDOID || column->has_default ? -3 : 0;
	return rank;
}

void
lookup_write_names(JsonWriter *w, const char *member, List *names)
{
	if (list_length(names) > 1)
		json_put_strings(w, member, names);
	else
		json_put_string(w, member, names == NIL ? NULL : linitial(names));
}

List *
lookup_names_of(const RelationInfo *rel, const AttrNumber *numbers, int count)
{
	List	   *names = NIL;

	for (int i = 0; i < count; i++)
		names = lappend(names, relation_column_by_number(rel, numbers[i])->name);
	return names;
}

/* --- what names the rows of a table */

/* The foreign key by which a column of the key refers to another table; or NULL. */
static const RelationForeignKey *
reference_of(const RelationInfo *rel, AttrNumber attnum)
{
	ListCell   *lc;

	foreach(lc, relation_references(rel))
	{
		const RelationForeignKey *fk = lfirst(lc);

		for (int i = 0; i < fk->ncolumns; i++)
			if (fk->columns[i] == attnum)
				return fk;
	}
	return NULL;
}

static RelationColumn *
find_tenant(const LookupSearch *search, const RelationInfo *rel)
{
	ListCell   *lc;

	foreach(lc, relation_references(rel))
	{
		const RelationForeignKey *fk = lfirst(lc);

		if (OidIsValid(search->root) && fk->target == search->root && fk->ncolumns == 1)
			return relation_column_by_number(rel, fk->columns[0]);
	}
	foreach(lc, search->tenants)
	{
		RelationColumn *column = relation_find_column(rel, lfirst(lc));

		if (column != NULL && rel->oid != search->root)
			return column;
	}
	return NULL;
}

/*
 * Whether a column of a key may stand for the row it refers to, or for itself.  One that
 * leads into the schema cannot: the lookup stands before the tables there.
 */
static bool
is_usable_reference(LookupSearch *search, const RelationKey *key, const RelationForeignKey *fk)
{
	bool		within = true;

	for (int i = 0; i < fk->ncolumns; i++)
	{
		bool		found = false;

		for (int j = 0; j < key->ncolumns; j++)
			found |= key->columns[j] == fk->columns[i];
		within &= found;
	}
	return within && !list_member_oid(search->inside, fk->target) &&
		   lookup_kind(search, fk) != OUTSIDE_RAW;
}

/* Whether the file, where it decides, has the column among what names rows. */
static bool
is_in_file(const LookupSearch *search, const Lookup *lookup, const RelationColumn *column)
{
	const BackupTable *table;

	if (search->only == NULL)
		return true;
	table = backupschema_find_meant(search->only, lookup_table_name(lookup->rel));
	for (int i = 0; table != NULL && i < table->nslug; i++)
		if (strcmp(table->slug[i], column->name) == 0 ||
			strcmp(table->slug[i], column->quoted) == 0)
			return true;
	return false;
}

/* The rank of a unique index among those that could name rows; false where it names none. */
static bool
names_rows(LookupSearch *search, const Lookup *lookup, const RelationKey *key, int *rank)
{
	bool		plain = false;
	int			count = 0;

	*rank = 0;
	if (key->partial || key->expressions)
		return false;
	for (int i = 0; i < key->ncolumns; i++)
	{
		const RelationColumn *column = relation_column_by_number(lookup->rel, key->columns[i]);
		const RelationForeignKey *fk = reference_of(lookup->rel, key->columns[i]);

		if (column == lookup->tenant)
			continue;
		if (!column->not_null || OidIsValid(column->sequence) || column->generated ||
			(!key->primary && column->made) || relation_equality(column->basetype) == NULL ||
			!is_in_file(search, lookup, column) ||
			(key->primary && key->ncolumns == 1 && lookup_is_surrogate(column->basetype)) ||
			(fk != NULL && !is_usable_reference(search, key, fk)))
			return false;
		plain |= fk == NULL;
		*rank += lookup_rank(column);
		count++;
	}
	*rank -= 2 * count;
	return plain;
}

/* Whether its rows may be read to save what names them, and all of them are there. */
static bool
is_readable(const LookupSearch *search, Oid relid)
{
	return relation_is_allowed(relid) &&
		   pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) == ACLCHECK_OK &&
		   (search->row_security || !relation_hides_rows(relid));
}

static bool
may_be_used(const LookupSearch *search, const RelationInfo *rel)
{
	BackupTable *table;

	if (search->only == NULL)
		return true;
	table = backupschema_find_meant(search->only, lookup_table_name(rel));
	return table != NULL && table->lookup != LOOKUP_NONE;
}

static void
find_key(LookupSearch *search, Lookup *lookup)
{
	int			best = 0;
	ListCell   *lc;

	foreach(lc, lookup->rel->keys)
	{
		int			rank;

		if (names_rows(search, lookup, lfirst(lc), &rank) && (lookup->key == NULL || rank > best))
		{
			lookup->key = lfirst(lc);
			best = rank;
		}
	}
}

static Lookup *
find_lookup(LookupSearch *search, Oid relid)
{
	Lookup	   *lookup;
	ListCell   *lc;

	foreach(lc, search->lookups)
		if (((Lookup *) lfirst(lc))->oid == relid)
			return lfirst(lc);
	check_stack_depth();
	lookup = palloc0(sizeof(Lookup));
	lookup->oid = relid;
	search->lookups = lappend(search->lookups, lookup);
	if (!is_readable(search, relid))
		return lookup;
	lookup->rel = relation_read(relid);
	lookup->tenant = find_tenant(search, lookup->rel);
	if (!may_be_used(search, lookup->rel))
		return lookup;
	lookup->busy = true;
	find_key(search, lookup);
	lookup->busy = false;
	return lookup;
}

/* --- what becomes of a foreign key */

static bool
in_key(const RelationKey *key, AttrNumber attnum)
{
	for (int i = 0; i < key->ncolumns; i++)
		if (key->columns[i] == attnum)
			return true;
	return false;
}

/* Whether the values of the reference are those that name the row. */
static bool
holds_match_key(const Lookup *lookup, const RelationForeignKey *fk)
{
	for (int i = 0; i < lookup->key->ncolumns; i++)
	{
		bool		found = false;

		for (int j = 0; j < fk->ncolumns; j++)
			found |= fk->target_columns[j] == lookup->key->columns[i];
		if (!found || reference_of(lookup->rel, lookup->key->columns[i]) != NULL)
			return false;
	}
	for (int j = 0; j < fk->ncolumns; j++)
		if (!in_key(lookup->key, fk->target_columns[j]))
			return false;
	return true;
}

/* Nobody draws such a value from a sequence: it was made for this row. */
static bool
is_universal(Oid relid, AttrNumber attnum)
{
	Oid			type = getBaseType(get_atttype(relid, attnum));
	char		category;
	bool		preferred;

	get_type_category_preferred(type, &category, &preferred);
	return type == UUIDOID || category == TYPCATEGORY_STRING;
}

OutsideKind
lookup_kind(LookupSearch *search, const RelationForeignKey *fk)
{
	Lookup	   *lookup = find_lookup(search, fk->target);

	if (lookup->key != NULL && !lookup->busy)
		return holds_match_key(lookup, fk) ? OUTSIDE_SAME : OUTSIDE_LOOKUP;
	for (int i = 0; i < fk->ncolumns; i++)
		if (!is_universal(fk->target, fk->target_columns[i]))
			return OUTSIDE_RAW;
	return OUTSIDE_SAME;
}

/* The foreign keys of what names a row and says whose it is, to rows looked up in turn. */
static List *
needed_references(LookupSearch *search, const Lookup *lookup)
{
	List	   *needed = NIL;

	for (int i = -1; i < lookup->key->ncolumns; i++)
	{
		AttrNumber	attnum = i >= 0					 ? lookup->key->columns[i]
							: lookup->tenant != NULL ? lookup->tenant->attnum
													 : InvalidAttrNumber;
		const RelationForeignKey *fk = reference_of(lookup->rel, attnum);

		if (fk != NULL && !list_member_oid(search->inside, fk->target) &&
			lookup_kind(search, fk) == OUTSIDE_LOOKUP)
			needed = list_append_unique_ptr(needed, unconstify(RelationForeignKey *, fk));
	}
	return needed;
}

static void
use(LookupSearch *search, Lookup *lookup)
{
	ListCell   *lc;

	if (lookup->used)
		return;
	lookup->used = true;
	foreach(lc, needed_references(search, lookup))
		lookup_use(search, lfirst(lc));
	search->used = lappend(search->used, lookup);
}

void
lookup_use(LookupSearch *search, const RelationForeignKey *fk)
{
	if (lookup_kind(search, fk) == OUTSIDE_LOOKUP)
		use(search, find_lookup(search, fk->target));
}

bool
lookup_is_used(const LookupSearch *search)
{
	return search->used != NIL;
}

/* --- as members of a backup schema */

/* Fields in the order of the target's key, where it is that key. */
static bool
refers_to_key(const RelationForeignKey *fk, const RelationKey *key, AttrNumber *fields)
{
	if (key == NULL || key->ncolumns != fk->ncolumns)
		return false;
	for (int i = 0; i < key->ncolumns; i++)
	{
		fields[i] = InvalidAttrNumber;
		for (int j = 0; j < fk->ncolumns; j++)
			if (fk->target_columns[j] == key->columns[i])
				fields[i] = fk->columns[j];
		if (fields[i] == InvalidAttrNumber)
			return false;
	}
	return true;
}

void
lookup_write_reference(JsonWriter *w, const RelationInfo *rel, const RelationForeignKey *fk)
{
	RelationInfo *target = relation_read(fk->target);
	AttrNumber *fields = palloc(sizeof(AttrNumber) * fk->ncolumns);

	json_put_string(w, "table", lookup_table_name(target));
	if (refers_to_key(fk, lookup_reference_key(target), fields))
	{
		lookup_write_names(w, "field", lookup_names_of(rel, fields, fk->ncolumns));
		return;
	}
	lookup_write_names(w, "field", lookup_names_of(rel, fk->columns, fk->ncolumns));
	lookup_write_names(w, "to", lookup_names_of(target, fk->target_columns, fk->ncolumns));
}

static void
write_parents(LookupSearch *search, JsonWriter *w, const Lookup *lookup)
{
	List	   *needed = needed_references(search, lookup);
	ListCell   *lc;

	if (needed == NIL)
		return;
	json_key(w, "parents");
	json_begin_array(w);
	foreach(lc, needed)
	{
		json_begin_object(w);
		lookup_write_reference(w, lookup->rel, lfirst(lc));
		json_end_object(w);
	}
	json_end_array(w);
}

static void
write_lookup(LookupSearch *search, JsonWriter *w, const Lookup *lookup)
{
	RelationKey *key = lookup_reference_key(lookup->rel);
	List	   *match = NIL;

	for (int i = 0; i < lookup->key->ncolumns; i++)
	{
		RelationColumn *column = relation_column_by_number(lookup->rel, lookup->key->columns[i]);

		if (column != lookup->tenant)
			match = lappend(match, column->name);
	}
	json_begin_object(w);
	json_put_string(w, "name", lookup_table_name(lookup->rel));
	lookup_write_names(w, "pk",
					   key ? lookup_names_of(lookup->rel, key->columns, key->ncolumns) : NIL);
	lookup_write_names(w, "slug_field", match);
	json_put_string(w, "user_field", lookup->tenant != NULL ? lookup->tenant->name : NULL);
	json_put_bool(w, "lookup", true);
	write_parents(search, w, lookup);
	json_put_string(w, "comment",
					psprintf("outside: its rows are found by unique index %s", lookup->key->name));
	json_end_object(w);
}

void
lookup_write_tables(LookupSearch *search, JsonWriter *w)
{
	ListCell   *lc;

	foreach(lc, search->used)
		write_lookup(search, w, lfirst(lc));
}
