/*
 * backupschemaderive.c
 *	  A backup schema from what the catalog knows: keys, unique indexes and
 *	  foreign keys.
 *
 * It is a proposal for people to read: the comment of each table says what was
 * chosen and from which index or constraint.
 *
 * It assumes that it may name more than a caller may read: rights are asked when a
 * backup is made.  It never looks at a row, and nothing that it proposes is in force
 * before somebody passes it to a verb.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "data/backupschema/backupschema.h"
#include "data/backupschema/backupschemalookup.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#define TENANT_COLUMN "user_id"

typedef struct Derivation
{
	MemoryContext cxt;
	List	   *tables;			/* RelationInfo * */
	Oid			root;			/* the tenants' own table; or InvalidOid */
	bool		tenant;			/* which stands in the schema: no table has a tenant column */
	bool		ordering;		/* only the order is asked for: every foreign key counts */
	LookupSearch *lookups;		/* what leads out of the tables; NULL while ordering */
	JsonWriter	w;
	StringInfoData comment;
} Derivation;

static bool
take_table(TupleTableSlot *slot, void *arg)
{
	Derivation *d = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(d->cxt);
	bool		isnull;
	Oid			relid = DatumGetObjectId(slot_getattr(slot, 1, &isnull));

	relation_check_allowed(relid);
	d->tables = lappend(d->tables, relation_read(relid));
	MemoryContextSwitchTo(oldcxt);
	return true;
}

static void
read_tables(Derivation *d, const char *sql, Oid type, Datum argument)
{
	int			nestlevel = query_pin(PIN_PATH);

	query_run(sql, 1, &type, &argument, NULL, true, take_table, d);
	query_unpin(nestlevel);
}

/* root and all that references it, directly or through others. */
static void
read_below(Derivation *d, Oid root)
{
	read_tables(d,
				"WITH RECURSIVE below (oid) AS ("
				" SELECT $1 UNION"
				" SELECT coalesce(pg_partition_root(k.conrelid), k.conrelid)::oid"
				"   FROM pg_constraint k JOIN below b ON k.confrelid = b.oid"
				"  WHERE k.contype = 'f' AND k.conparentid = 0)"
				"SELECT c.oid FROM below b JOIN pg_class c ON c.oid = b.oid"
				" WHERE NOT c.relispartition ORDER BY c.relname, c.oid",
				OIDOID, ObjectIdGetDatum(root));
}

/* The schemas of these names as name[]; each has to be there. */
static Datum
schema_array(List *schemas)
{
	Datum	   *names = palloc(sizeof(Datum) * Max(list_length(schemas), 1));
	int			count = 0;
	ListCell   *lc;

	foreach(lc, schemas)
	{
		NameData   *name = palloc0(sizeof(NameData));

		(void) get_namespace_oid(lfirst(lc), false);
		namestrcpy(name, lfirst(lc));
		names[count++] = NameGetDatum(name);
	}
	return PointerGetDatum(
		construct_array(names, count, NAMEOID, NAMEDATALEN, false, TYPALIGN_CHAR));
}

/*
 * Every table that no extension brought, of all schemas that are people's own; of
 * those named, where some are.  The search_path has no say: a table that it hides
 * would be missing from a backup, and nobody would know.
 */
static void
read_schemas(Derivation *d, List *schemas)
{
	static const char *const sql =
		"SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
		" WHERE (n.nspname = ANY ($1) OR cardinality($1) = 0)"
		"   AND n.nspname NOT IN ('information_schema', 'db_adapter') AND n.nspname !~ '^pg_'"
		"   AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'"
		"   AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.deptype = 'e'"
		"        AND (e.classid = 'pg_class'::regclass AND e.objid = c.oid"
		"             OR e.classid = 'pg_namespace'::regclass AND e.objid = n.oid))"
		" ORDER BY n.nspname <> 'public', n.nspname, c.relname, c.oid";

	read_tables(d, sql, NAMEARRAYOID, schema_array(schemas));
}

static RelationInfo *
find_relation(const Derivation *d, Oid relid)
{
	ListCell   *lc;

	foreach(lc, d->tables)
		if (((RelationInfo *) lfirst(lc))->oid == relid)
			return lfirst(lc);
	return NULL;
}

RelationColumn *
backupschema_tenant_column(const RelationInfo *rel)
{
	return relation_find_column(rel, TENANT_COLUMN);
}

/* The column that says whose a row is: the reference to the root, or user_id. */
static RelationColumn *
tenant_column(const Derivation *d, const RelationInfo *rel)
{
	ListCell   *lc;

	if (d->tenant)
		return NULL;
	foreach(lc, relation_references(rel))
	{
		RelationForeignKey *fk = lfirst(lc);

		if (OidIsValid(d->root) && fk->target == d->root && fk->ncolumns == 1)
			return relation_column_by_number(rel, fk->columns[0]);
	}
	return backupschema_tenant_column(rel);
}

/* Whether references lead from one table to the other. */
static bool
reaches(const Derivation *d, Oid from, Oid to, List **seen)
{
	RelationInfo *rel = find_relation(d, from);
	ListCell   *lc;

	check_stack_depth();
	if (from == to)
		return true;
	if (rel == NULL || list_member_oid(*seen, from))
		return false;
	*seen = lappend_oid(*seen, from);
	foreach(lc, rel->foreign_keys)
		if (reaches(d, ((RelationForeignKey *) lfirst(lc))->target, to, seen))
			return true;
	return false;
}

static bool leads_in_circle(const Derivation *d, const RelationInfo *rel,
							const RelationForeignKey *fk);

/* Whether rows of the table go in before those of their circle that they refer to. */
static bool
never_waits(const Derivation *d, const RelationInfo *rel)
{
	ListCell   *lc;

	check_stack_depth();
	foreach(lc, relation_references(rel))
		if (lookup_is_required(rel, lfirst(lc)) && leads_in_circle(d, rel, lfirst(lc)))
			return false;
	return true;
}

static int
place_of(const Derivation *d, Oid relid)
{
	ListCell   *lc;

	foreach(lc, d->tables)
		if (((RelationInfo *) lfirst(lc))->oid == relid)
			return foreach_current_index(lc);
	return -1;
}

/*
 * Whether the row that the key leads to may come after its own.  Where tenants are rows
 * those of tables that stand before are there, unless they wait for others.
 */
static bool
leads_in_circle(const Derivation *d, const RelationInfo *rel, const RelationForeignKey *fk)
{
	List	   *seen = NIL;

	if (!reaches(d, fk->target, rel->oid, &seen))
		return false;
	return !d->tenant || place_of(d, fk->target) >= place_of(d, rel->oid) ||
		   !never_waits(d, find_relation(d, fk->target));
}

/* What a column of a key is to the match key. */
typedef enum
{
	PART_PLAIN,					/* stands in it */
	PART_OPTIONAL, /* beside others: the row it refers to, where there is one,
								 * or one of a table outside */
	PART_PARENT,				/* takes part with the parents */
	PART_CIRCULAR,				/* known only when the circle is complete: tells nothing */
} KeyPart;

static KeyPart
part_of(const Derivation *d, const RelationInfo *rel, AttrNumber attnum)
{
	KeyPart		part = PART_PLAIN;
	ListCell   *lc;

	foreach(lc, relation_references(rel))
	{
		RelationForeignKey *fk = lfirst(lc);

		for (int i = 0; i < fk->ncolumns; i++)
			if (fk->columns[i] == attnum)
			{
				if (leads_in_circle(d, rel, fk))
					part = PART_CIRCULAR;
				else if (lookup_is_required(rel, fk) && find_relation(d, fk->target) != NULL)
					return PART_PARENT;
				else if (part == PART_PLAIN)
					part = PART_OPTIONAL;
				break;
			}
	}
	return part;
}

/* One of these does, as a country's code: were it no match key, nobody would compare it. */
static bool
names_rows(Oid type)
{
	return !lookup_is_surrogate(type) && type != TEXTOID && type != VARCHAROID;
}

/* Whether the index holds some of the reference's columns other than the tenant's. */
static bool
shares_columns(const RelationKey *key, const RelationForeignKey *fk, const RelationColumn *tenant)
{
	for (int i = 0; i < fk->ncolumns; i++)
		for (int j = 0; j < key->ncolumns; j++)
			if (key->columns[j] == fk->columns[i] &&
				(tenant == NULL || key->columns[j] != tenant->attnum))
				return true;
	return false;
}

/* Whether the index holds all columns of the reference. */
static bool
holds(const RelationKey *key, const RelationForeignKey *fk)
{
	for (int i = 0; i < fk->ncolumns; i++)
	{
		bool		held = false;

		for (int j = 0; j < key->ncolumns; j++)
			held |= key->columns[j] == fk->columns[i];
		if (!held)
			return false;
	}
	return true;
}

/*
 * Whether the index names rows by some of their parents while others are just told, as
 * UNIQUE (page_id, position) beside author_id does: then the former stand in the match key
 * themselves.  With all parents in it a row of another author would be another row, which
 * that very index refuses.  Not where a parent is part of the primary key, which no restore
 * changes.
 */
static bool
names_by_some(const Derivation *d, const RelationInfo *rel, const RelationKey *key,
			  const RelationColumn *tenant)
{
	bool		some = false;
	bool		others = false;
	ListCell   *lc;

	foreach(lc, relation_references(rel))
	{
		RelationForeignKey *fk = lfirst(lc);
		bool		required = lookup_is_required(rel, fk);
		bool		parent = false;

		for (int i = 0; i < fk->ncolumns; i++)
			if (tenant == NULL || fk->columns[i] != tenant->attnum)
				parent |= part_of(d, rel, fk->columns[i]) == PART_PARENT;
		if (!required || !parent)
			continue;
		if (holds(key, fk))
			some = true;
		else if (shares_columns(key, fk, tenant) ||
				 (rel->primary_key != NULL && shares_columns(rel->primary_key, fk, tenant)))
			return false;
		else
			others = true;
	}
	return some && others;
}

static List *
whole_key(const RelationInfo *rel, const RelationKey *key, const RelationColumn *tenant)
{
	List	   *columns = NIL;

	for (int i = 0; i < key->ncolumns; i++)
		if (tenant == NULL || key->columns[i] != tenant->attnum)
			columns = lappend(columns, relation_column_by_number(rel, key->columns[i]));
	return columns;
}

/*
 * What a unique index says about rows beyond whose they are and what their parents are:
 * those columns, of which ids are none.  Its rank among others is higher the more
 * people would call it a name.
 */
static List *
natural_part(const Derivation *d, const RelationInfo *rel, const RelationKey *key,
			 const RelationColumn *tenant, int *rank)
{
	List	   *columns = NIL;
	bool		plain = false;

	*rank = 0;
	if (key->partial || key->expressions)
		return NIL;
	for (int i = 0; i < key->ncolumns; i++)
	{
		RelationColumn *column = relation_column_by_number(rel, key->columns[i]);
		KeyPart		part = part_of(d, rel, key->columns[i]);

		if (column == tenant || part == PART_PARENT)
			continue;
		if (part == PART_CIRCULAR ||
			(key->primary ? OidIsValid(column->sequence) || column->generated : column->made) ||
			(key->primary && key->ncolumns == 1 && lookup_is_surrogate(column->basetype)))
			return NIL;
		*rank += lookup_rank(column);
		*rank += key->primary && names_rows(column->basetype) ? 2 : 0;
		plain |= part == PART_PLAIN;
		columns = lappend(columns, column);
	}
	*rank -= 2 * list_length(columns);
	if (names_by_some(d, rel, key, tenant))
		return whole_key(rel, key, tenant);
	return plain ? columns : NIL;
}

/* Whether rows are named by their parents alone: a restore changes no key, but all the rest. */
static bool
links_parents(const Derivation *d, const RelationInfo *rel, const RelationColumn *tenant)
{
	const RelationKey *key = rel->primary_key;
	bool		parents = false;

	for (int i = 0; key != NULL && i < key->ncolumns; i++)
	{
		if (tenant != NULL && key->columns[i] == tenant->attnum)
			continue;
		if (part_of(d, rel, key->columns[i]) != PART_PARENT)
			return false;
		parents = true;
	}
	return parents;
}

/* The match key, and the index it stands on; NIL when nothing names rows. */
static List *
match_key(const Derivation *d, const RelationInfo *rel, const RelationColumn *tenant,
		  RelationKey **chosen)
{
	List	   *best = NIL;
	int			best_rank = 0;
	ListCell   *lc;

	*chosen = NULL;
	if (links_parents(d, rel, tenant))
		return NIL;
	foreach(lc, rel->keys)
	{
		int			rank;
		List	   *columns = natural_part(d, rel, lfirst(lc), tenant, &rank);

		if (columns != NIL && (best == NIL || rank > best_rank))
		{
			best = columns;
			best_rank = rank;
			*chosen = lfirst(lc);
		}
	}
	return best;
}

static List *
names_of_numbers(const RelationInfo *rel, const AttrNumber *numbers, int count)
{
	List	   *names = NIL;

	for (int i = 0; i < count; i++)
		names = lappend(names, relation_column_by_number(rel, numbers[i])->name);
	return names;
}

static void
comment(Derivation *d, const char *format, const char *a, const char *b)
{
	if (d->comment.len > 0)
		appendStringInfoString(&d->comment, "; ");
	appendStringInfo(&d->comment, format, a, b);
}

/* The referencing columns in the order of the target's key; NIL when it references another. */
static List *
reference_fields(const RelationInfo *rel, const RelationForeignKey *fk, const RelationInfo *target)
{
	RelationKey *key = lookup_reference_key(target);
	List	   *fields = NIL;

	for (int i = 0; key != NULL && key->ncolumns == fk->ncolumns && i < key->ncolumns; i++)
		for (int j = 0; j < fk->ncolumns; j++)
			if (fk->target_columns[j] == key->columns[i])
				fields = lappend(fields, relation_column_by_number(rel, fk->columns[j])->name);
	return list_length(fields) == fk->ncolumns ? fields : NIL;
}

static bool
is_tenant_reference(const RelationColumn *tenant, const RelationForeignKey *fk)
{
	return tenant != NULL && fk->ncolumns == 1 && fk->columns[0] == tenant->attnum;
}

/* Says of a foreign key that no reference is written for why that is so. */
static void
comment_left_out(Derivation *d, const RelationForeignKey *fk, bool outside)
{
	if (!outside)
		comment(d,
				"foreign key %s is left out: it leads not to the key of %s, "
				"and its values are copied",
				fk->name, get_rel_name(fk->target));
	else if (d->lookups == NULL || lookup_kind(d->lookups, fk) == OUTSIDE_RAW)
		comment(d, "foreign key %s is left out: it leads outside, to %s, where nothing names rows",
				fk->name, get_rel_name(fk->target));
	else
		comment(d, "foreign key %s is left out: it leads outside, to %s, by what names rows there",
				fk->name, get_rel_name(fk->target));
}

/* Whether its values are those that name the row: the same in every database. */
static bool
holds_match_key(const Derivation *d, const RelationInfo *target, const RelationForeignKey *fk)
{
	RelationKey *chosen;
	List	   *match = match_key(d, target, tenant_column(d, target), &chosen);

	for (int i = 0; i < fk->ncolumns; i++)
		if (!list_member_ptr(match, relation_column_by_number(target, fk->target_columns[i])))
			return false;
	return true;
}

/* Whether a reference can be written for the foreign key. */
static bool
is_reference(const Derivation *d, const RelationInfo *rel, const RelationForeignKey *fk)
{
	RelationInfo *target = find_relation(d, fk->target);

	if (target == NULL)
		return d->lookups != NULL && lookup_kind(d->lookups, fk) == OUTSIDE_LOOKUP;
	return d->ordering || reference_fields(rel, fk, target) != NIL ||
		   !(holds_match_key(d, target, fk) || leads_in_circle(d, rel, fk));
}

static void
write_reference(Derivation *d, const RelationInfo *rel, const RelationForeignKey *fk)
{
	RelationInfo *target = find_relation(d, fk->target);
	List	   *fields = target != NULL ? reference_fields(rel, fk, target) : NIL;

	json_begin_object(&d->w);
	if (target == NULL)
		lookup_write_reference(&d->w, rel, fk);
	else
	{
		json_put_string(&d->w, "table", lookup_table_name(target));
		lookup_write_names(&d->w, "field",
						   fields != NIL ? fields
										 : names_of_numbers(rel, fk->columns, fk->ncolumns));
		if (fields == NIL)
			lookup_write_names(&d->w, "to",
							   names_of_numbers(target, fk->target_columns, fk->ncolumns));
	}
	json_end_object(&d->w);
}

/* The references of one kind as a list under member, which is left out when empty. */
static void
write_references(Derivation *d, const RelationInfo *rel, const RelationColumn *tenant,
				 const char *member, bool required)
{
	List	   *written = NIL;
	ListCell   *lc;

	foreach(lc, relation_references(rel))
	{
		RelationForeignKey *fk = lfirst(lc);

		if (lookup_is_required(rel, fk) != required || is_tenant_reference(tenant, fk))
			continue;
		if (is_reference(d, rel, fk))
			written = lappend(written, fk);
		else
			comment_left_out(d, fk, find_relation(d, fk->target) == NULL);
	}
	if (written == NIL)
		return;
	json_key(&d->w, member);
	json_begin_array(&d->w);
	foreach(lc, written)
		write_reference(d, rel, lfirst(lc));
	json_end_array(&d->w);
}

/* Whether the index the match key was taken from tells rows apart only by what they reference too. */
static bool
needs_parents(const RelationInfo *rel, const RelationKey *chosen, List *match,
			  const RelationColumn *tenant)
{
	AttrNumber *numbers = palloc(sizeof(AttrNumber) * (list_length(match) + 1));
	int			count = 0;
	ListCell   *lc;

	foreach(lc, match)
		numbers[count++] = ((RelationColumn *) lfirst(lc))->attnum;
	if (tenant != NULL)
		numbers[count++] = tenant->attnum;
	return !relation_key_within(chosen, numbers, count);
}

/*
 * Said where it is not the default, which is true without a tenant.  A key that stands by
 * itself must not take the parents in: a row whose parent has changed would be another
 * row, refused by that very index.
 */
static void
write_match_parents(Derivation *d, const RelationInfo *rel, const RelationKey *chosen, List *match,
					const RelationColumn *tenant)
{
	bool		needs = needs_parents(rel, chosen, match, tenant);
	bool		has_parents = false;
	ListCell   *lc;

	foreach(lc, relation_references(rel))
		has_parents |= lookup_is_required(rel, lfirst(lc)) &&
					   find_relation(d, ((RelationForeignKey *) lfirst(lc))->target) != NULL;
	if (needs != (tenant == NULL) && (needs || has_parents))
		json_put_bool(&d->w, "match_parents", needs);
}

/* How a restore finds rows again that have no match key. */
static BackupFoundBy
found_again_by(const RelationInfo *rel)
{
	AttrNumber *numbers = NULL;
	int			count = 0;
	ListCell   *lc;

	foreach(lc, relation_references(rel))
	{
		RelationForeignKey *fk = lfirst(lc);

		numbers = numbers ? repalloc(numbers, sizeof(AttrNumber) * (count + fk->ncolumns))
						  : palloc(sizeof(AttrNumber) * fk->ncolumns);
		memcpy(numbers + count, fk->columns, sizeof(AttrNumber) * fk->ncolumns);
		count += fk->ncolumns;
	}
	return backupschema_found_by(rel, numbers, count);
}

/* What tells the rows where nothing names them; whether they are remembered for that. */
static bool
comment_nameless(Derivation *d, const RelationInfo *rel, const RelationKey *key)
{
	BackupFoundBy found = found_again_by(rel);
	bool		remember = key != NULL && found != FOUND_BY_REFERENCES;
	const char *how = remember						 ? "remembered by where they were born"
					  : found == FOUND_BY_REFERENCES ? "found again by their references"
					  : found == FOUND_BY_KEY		 ? "found again by their key alone"
											  : "no match key, and each restore makes them anew";

	comment(d, "no unique index names its rows: %s%s", how, "");
	return remember;
}

static void
write_table(Derivation *d, const RelationInfo *rel)
{
	RelationColumn *tenant = tenant_column(d, rel);
	RelationKey *key = lookup_reference_key(rel);
	RelationKey *chosen;
	List	   *match = match_key(d, rel, tenant, &chosen);
	List	   *names = NIL;
	bool		remember = false;
	ListCell   *lc;

	resetStringInfo(&d->comment);
	foreach(lc, match)
		names = lappend(names, ((RelationColumn *) lfirst(lc))->name);
	if (chosen != NULL)
		comment(d, "match key from unique index %s%s", chosen->name,
				relation_key_over(rel, chosen->columns, chosen->ncolumns) ? "" : " in part");
	else
		remember = comment_nameless(d, rel, key);

	json_begin_object(&d->w);
	json_put_string(&d->w, "name", lookup_table_name(rel));
	lookup_write_names(&d->w, "pk", key ? names_of_numbers(rel, key->columns, key->ncolumns) : NIL);
	lookup_write_names(&d->w, "slug_field", names);
	lookup_write_names(&d->w, "user_field", tenant ? list_make1(tenant->name) : NIL);
	if (chosen != NULL)
		write_match_parents(d, rel, chosen, match, tenant);
	if (remember)
		json_put_bool(&d->w, "remember", true);
	write_references(d, rel, tenant, "parents", true);
	write_references(d, rel, tenant, "optional_refs", false);
	json_put_string(&d->w, "comment", pstrdup(d->comment.data));
	json_end_object(&d->w);
}

static Jsonb *
write_schema(Derivation *d)
{
	ListCell   *lc;

	json_init(&d->w);
	json_begin_object(&d->w);
	if (d->tenant)
	{
		json_key(&d->w, "tenant");
		json_begin_object(&d->w);
		json_put_string(&d->w, "table", lookup_table_name(find_relation(d, d->root)));
		json_end_object(&d->w);
	}
	json_key(&d->w, "tables");
	json_begin_array(&d->w);
	if (d->lookups != NULL)
		lookup_write_tables(d->lookups, &d->w);
	foreach(lc, d->tables)
	{
		CHECK_FOR_INTERRUPTS();
		write_table(d, lfirst(lc));
	}
	json_end_array(&d->w);
	json_end_object(&d->w);
	return json_finish(&d->w);
}

/* Whether all that rows of the table must refer to stands in the list, itself aside. */
static bool
may_follow(const Derivation *d, const RelationInfo *rel, List *rest)
{
	ListCell   *lc;

	foreach(lc, relation_references(rel))
	{
		const RelationForeignKey *fk = lfirst(lc);

		if (lookup_is_required(rel, fk) && fk->target != rel->oid &&
			list_member_ptr(rest, find_relation(d, fk->target)))
			return false;
	}
	return true;
}

/* Tables of a circle, those first that others must refer to. */
static List *
sort_circle(const Derivation *d, List *tables)
{
	List	   *sorted = NIL;

	while (tables != NIL)
	{
		RelationInfo *next = linitial(tables);
		ListCell   *lc;

		CHECK_FOR_INTERRUPTS();
		foreach(lc, tables)
			if (may_follow(d, lfirst(lc), tables))
			{
				next = lfirst(lc);
				break;
			}
		sorted = lappend(sorted, next);
		tables = list_delete_ptr(tables, next);
	}
	return sorted;
}

/* Parents first: components are numbered in that order. */
static void
sort_tables(Derivation *d, const BackupSchema *schema)
{
	List	   *sorted = NIL;

	for (int component = 0; component < schema->ncomponents; component++)
	{
		List	   *circle = NIL;

		for (int i = 0; i < schema->ntables; i++)
			if (schema->tables[i].component == component)
				circle = lappend(circle, list_nth(d->tables, i));
		sorted = list_concat(sorted, d->tenant ? sort_circle(d, circle) : circle);
	}
	d->tables = sorted;
}

/*
 * A root that is no tenant's is the table of tenants: others belong to its rows.  Where
 * nothing names these it is left out, and tenants are called by their keys.
 */
static void
take_tenants(Derivation *d, Oid root)
{
	RelationInfo *rel = find_relation(d, root);
	RelationKey *chosen;

	if (relation_find_column(rel, TENANT_COLUMN) != NULL)
		return;
	d->root = root;
	d->tables = list_delete_ptr(d->tables, rel);
	d->tenant = true;
	d->tables = lcons(rel, d->tables);
	if (lookup_reference_key(rel) != NULL && match_key(d, rel, NULL, &chosen) != NIL)
		return;
	d->tenant = false;
	d->tables = list_delete_first(d->tables);
}

/* What references out of the tables lead to, whose rows are looked up. */
static void
find_lookups(Derivation *d)
{
	List	   *inside = NIL;
	bool		tenants = OidIsValid(d->root) && !d->tenant;
	ListCell   *lc;
	ListCell   *lc2;

	foreach(lc, d->tables)
	{
		inside = lappend_oid(inside, ((RelationInfo *) lfirst(lc))->oid);
		tenants |= tenant_column(d, lfirst(lc)) != NULL;
	}
	d->lookups = lookup_search(inside, tenants ? list_make1(TENANT_COLUMN) : NIL,
							   tenants ? d->root : InvalidOid, false, NULL);
	foreach(lc, d->tables)
	{
		RelationInfo *rel = lfirst(lc);
		RelationColumn *tenant = tenant_column(d, rel);

		foreach(lc2, relation_references(rel))
		{
			RelationForeignKey *fk = lfirst(lc2);

			if (find_relation(d, fk->target) == NULL && !is_tenant_reference(tenant, fk))
				lookup_use(d->lookups, fk);
		}
	}
}

Jsonb *
backupschema_derive(List *tables, Oid root, List *schemas)
{
	Derivation	d = {CurrentMemoryContext};
	ListCell   *lc;

	if (schemas != NIL && (tables != NIL || OidIsValid(root)))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("schemas cannot be given beside tables or root")));
	if (tables != NIL && OidIsValid(root))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("tables and root cannot be given both")));
	initStringInfo(&d.comment);
	if (OidIsValid(root))
	{
		relation_check_allowed(root);
		read_below(&d, root);
		take_tenants(&d, root);
	}
	else if (tables != NIL)
		foreach(lc, tables)
		{
			relation_check_allowed(lfirst_oid(lc));
			if (find_relation(&d, lfirst_oid(lc)) == NULL)
				d.tables = lappend(d.tables, relation_read(lfirst_oid(lc)));
		}
	else
		read_schemas(&d, schemas);
	/* Once to learn the order, and once in that order. */
	d.ordering = true;
	sort_tables(&d, backupschema_parse(&write_schema(&d)->root, true));
	d.ordering = false;
	find_lookups(&d);
	return write_schema(&d);
}
