/*
 * naturalrow.c
 *	  A row without its ids: what it references stands by its natural key.
 *
 * The key goes, the tenant column goes where one tenant is compared with its
 * like elsewhere, and in place of each reference stand the match key columns of
 * the row it leads to, called "field.column".  A reference that leads nowhere
 * counts as none: a restore would make it NULL.  A key inside a document is cut
 * out and stands the same way, unless its path can lead to several places: such
 * a document stays as it is and may differ by its ids alone.
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

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "data/backupschema/backupschemamatch.h"
#include "data/row/hash128.h"
#include "data/select/keylist.h"
#include "data/select/naturalrow.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/bitmapset.h"
#include "utils/builtins.h"

/* How far a match key that is unique only under its parent is followed. */
#define MAX_DEPTH 4
/* Bytes in UTF-8 that begin the name of a column whose own is too long. */
#define NAME_BEGINNING 40

typedef struct NaturalColumn
{
	char	   *name;
	char	   *expression;
	Oid			type;			/* of the expression */
	Oid			collation;
	bool		match;
	bool		linked;			/* of a row that the reference leads to */
} NaturalColumn;

/* What tells the rows of a table apart. */
typedef struct Identity
{
	Bitmapset  *columns;		/* indexes into rel->columns */
	bool		parents;		/* and the rows they belong to */
	bool		content;		/* all they hold */
	bool		key;			/* nothing but a key that is drawn */
} Identity;

typedef struct Builder
{
	Selection  *s;
	const BackupTable *table;
	List	   *items;
	StringInfoData joins;
	int			njoins;
	bool		content;		/* rows are told by all they hold */
} Builder;

/*
 * A name that the server would cut, perhaps to that of another column: its beginning and a
 * hash of the whole.  Two databases agree on it whatever their encodings.
 */
static char *
shorten(const char *name)
{
	char	   *utf8 = pg_server_to_any(name, strlen(name), PG_UTF8);
	Hash128		hash = hash128(utf8, strlen(utf8));
	int			len = pg_encoding_mbcliplen(PG_UTF8, utf8, strlen(utf8), NAME_BEGINNING);
	char	   *begin = pg_any_to_server(pnstrdup(utf8, len), len, PG_UTF8);

	return psprintf("%s~%08x%08x", strlen(begin) < NAMEDATALEN - 17 ? begin : "",
					(uint32) (hash.word[0] >> 32), (uint32) hash.word[0]);
}

/* Whether one of the first items is called so. */
static bool
name_is_taken(const List *items, int first, const char *name)
{
	for (int i = 0; i < first; i++)
		if (strcmp(((NaturalColumn *) list_nth(items, i))->name, name) == 0)
			return true;
	return false;
}

static NaturalColumn *
add_column(Builder *b, const char *name, char *expression, const RelationColumn *column, bool match)
{
	NaturalColumn *item = palloc0(sizeof(NaturalColumn));

	item->name = pstrdup(name);
	item->expression = expression;
	item->type = column->basetype;
	item->collation = column->collation;
	item->match = match;
	b->items = lappend(b->items, item);
	return item;
}

static bool
is_among(const RelationColumn *column, RelationColumn **columns, int count)
{
	for (int i = 0; i < count; i++)
		if (columns[i] == column)
			return true;
	return false;
}

static bool
is_reference(const BackupTable *table, const RelationColumn *column)
{
	for (int i = 0; i < table->nrefs; i++)
		if (table->refs[i].kind != REF_JSON &&
			is_among(column, table->refs[i].columns, table->refs[i].nfields))
			return true;
	return false;
}

/* A number that a restore draws anew. */
static bool
is_drawn(const BackupTable *table, const RelationColumn *column)
{
	return is_among(column, table->pk_columns, table->npk) && OidIsValid(column->sequence) &&
		   !is_reference(table, column) && column != table->user_column;
}

static bool
is_circular(const BackupTable *table, const RelationColumn *column)
{
	for (int i = 0; i < table->nrefs; i++)
		if (table->refs[i].circular &&
			is_among(column, table->refs[i].columns, table->refs[i].nfields))
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

			usable = !backupschema_makes(table, column) && !is_circular(table, column);
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
static bool
shows_tenant(const Selection *s, const BackupTable *table, const RelationColumn *column)
{
	return column == table->user_column && s->user_id == NULL && !tenant_is_mapped(s, table);
}

static Identity
find_identity(const Selection *s, const BackupTable *table)
{
	Identity	id = {NULL};

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

	return find_identity(&s, table).content;
}

bool
naturalrow_is_key(const Selection *s, const BackupTable *table)
{
	return find_identity(s, table).key;
}

static bool
in_identity(const BackupTable *table, const Identity *id, const RelationColumn *column)
{
	return bms_is_member(column - table->rel->columns, id->columns);
}

/* Whether the row that the reference leads to takes part in telling rows apart. */
static bool
is_match_reference(const Selection *s, const BackupTable *table, const Identity *id,
				   const BackupRef *ref)
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

		if (in_identity(table, id, ref->columns[i]) &&
			(!tenant || (s->user_id == NULL && tenant_is_mapped(s, table))))
			return true;
	}
	return false;
}

/*
 * The path of a document reference as the text[] that #> takes; NULL for one that
 * is not made of members and indexes alone and can lead to several places.
 */
static char *
plain_path(const char *path)
{
	StringInfoData array;

	if (*path++ != '$')
		return NULL;
	initStringInfo(&array);
	while (*path != '\0')
	{
		bool		index = *path == '[';
		size_t		len;

		if (!index && *path != '.')
			return NULL;
		path++;
		len = index
				  ? strspn(path, "0123456789")
				  : strspn(path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		if (len == 0 || (index && path[len] != ']'))
			return NULL;
		appendStringInfo(&array, "%c%.*s", array.len == 0 ? '{' : ',', (int) len, path);
		path += index ? len + 1 : len;
	}
	appendStringInfoChar(&array, '}');
	return array.len > 1 ? array.data : NULL;
}

/* The column itself, or its document without the keys that stand in it. */
static char *
column_expression(Builder *b, const BackupTable *table, const char *alias,
				  const RelationColumn *column, bool *document)
{
	char	   *expression = psprintf("%s.%s", alias, column->quoted);

	*document = false;
	for (int i = 0; i < table->nrefs; i++)
	{
		const BackupRef *ref = &table->refs[i];
		char	   *path = ref->kind == REF_JSON ? plain_path(ref->json_path) : NULL;

		if (path == NULL || ref->columns[0] != column)
			continue;
		expression = psprintf("(%s::pg_catalog.jsonb OPERATOR(pg_catalog.#-) %s)", expression,
							  selection_argument(b->s, TEXTARRAYOID, path));
		*document = true;
	}
	return expression;
}

/* Whether the column is among all that a row told by it holds, beside its references. */
static bool
is_content(const Selection *s, const BackupTable *table, const RelationColumn *column)
{
	if (shows_tenant(s, table, column))
		return true;
	return selection_has_column(table, column) && !is_reference(table, column) &&
		   column != table->user_column && !is_among(column, table->pk_columns, table->npk);
}

/* Two databases agree on its bytes whatever their encodings. */
static char *
hash_expression(const char *text)
{
	bool		as_it_is = GetDatabaseEncoding() == PG_SQL_ASCII;

	return psprintf("pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(%s, '%s')), 'hex')",
					text, as_it_is ? "SQL_ASCII" : "UTF8");
}

/*
 * All that the row called alias holds itself, as one column: nothing else tells it from
 * others.  It may be wide, and such keys are remembered and sent.
 */
static void
add_content(Builder *b, const BackupTable *table, const char *alias, const char *prefix, bool match)
{
	static const RelationColumn hash = {.basetype = TEXTOID, .collation = C_COLLATION_OID};
	StringInfoData row;
	char	   *found;

	initStringInfo(&row);
	for (int i = 0; i < table->rel->ncolumns; i++)
	{
		const RelationColumn *column = &table->rel->columns[i];
		bool		document;

		if (is_content(b->s, table, column))
			appendStringInfo(&row, "%s%s", row.len > 0 ? ", " : "",
							 column_expression(b, table, alias, column, &document));
	}
	if (row.len == 0)
		return;
	/* no row at all has none, unlike one of NULLs alone */
	found = table->npk > 0 ? psprintf("%s.%s IS NOT NULL", alias, table->pk_columns[0]->quoted)
						   : psprintf("%s IS DISTINCT FROM NULL", alias);
	add_column(b, psprintf("%s.*", prefix),
			   psprintf("CASE WHEN %s THEN %s END", found,
						hash_expression(psprintf("ROW(%s)::pg_catalog.text", row.data))),
			   &hash, match);
}

/* Of one tenant it is left out, like the column: he may be called otherwise elsewhere. */
static bool
is_tenant_alone(const Selection *s, const BackupTable *table, const BackupRef *ref)
{
	return s->user_id != NULL && table->user_column != NULL && ref->kind == REF_COLUMNS &&
		   ref->nfields == 1 && ref->columns[0] == table->user_column &&
		   backupschema_is_lookup(s->schema, ref);
}

/* Whether what the reference leads to takes part in naming the row that has it. */
static bool
names_row(const Selection *s, const BackupTable *table, const Identity *id, const BackupRef *ref,
		  int depth)
{
	if (!backupschema_needs(table, ref) || !is_match_reference(s, table, id, ref))
		return false;
	/* All references do of a row that is told by all it holds; circles are followed one step. */
	return !id->content || (!is_tenant_alone(s, table, ref) && (!ref->circular || depth == 0));
}

static void add_reference(Builder *b, const BackupTable *table, const BackupRef *ref,
						  const char *alias, const char *prefix, bool match, int depth);

/* The columns that name the row called alias. */
static void
add_natural_key(Builder *b, const BackupTable *table, const char *alias, const char *prefix,
				bool		match, int depth)
{
	Identity	id = find_identity(b->s, table);
	int			before = list_length(b->items);

	if (id.content)
		add_content(b, table, alias, prefix, match);
	for (int i = 0; !id.content && i < table->rel->ncolumns; i++)
	{
		const RelationColumn *column = &table->rel->columns[i];

		if (in_identity(table, &id, column) &&
			(depth >= MAX_DEPTH || !is_reference(table, column) || is_circular(table, column) ||
			 shows_tenant(b->s, table, column)))
			add_column(b, psprintf("%s.%s", prefix, column->name),
					   psprintf("%s.%s", alias, column->quoted), column, match)
				->linked = true;
	}
	for (int i = 0; depth < MAX_DEPTH && i < table->nrefs; i++)
		if (names_row(b->s, table, &id, &table->refs[i], depth))
			add_reference(b, table, &table->refs[i], alias, prefix, match, depth + 1);
	if (list_length(b->items) > before)
		return;
	for (int i = 0; i < table->npk; i++)
		add_column(b, psprintf("%s.%s", prefix, table->pk_columns[i]->name),
				   psprintf("%s.%s", alias, table->pk_columns[i]->quoted), table->pk_columns[i],
				   match)
			->linked = true;
}

/* One target of a reference: joined, and its natural key among the columns. */
static void
add_target(Builder *b, const BackupTable *table, const BackupRef *ref, int target,
		   const char *alias, const char *prefix, bool match, int depth)
{
	const BackupTable *other = &b->s->schema->tables[ref->targets[target].index];
	char	   *joined = psprintf("j%d", ++b->njoins);
	StringInfoData sql = b->s->sql;

	/* The selection writes into its statement: let that be our joins for a while. */
	b->s->sql = b->joins;
	appendStringInfoString(&b->s->sql, " LEFT JOIN ");
	selection_table(b->s, other, joined);
	appendStringInfoString(&b->s->sql, " ON ");
	selection_type_test(b->s, table, ref, target, alias);
	selection_join(b->s, joined, other, alias, ref);
	b->joins = b->s->sql;
	b->s->sql = sql;

	if (ref->kind == REF_POLYMORPHIC)
		prefix = psprintf("%s.%s", prefix, ref->targets[target].value);
	add_natural_key(b, other, joined, prefix, match, depth);
}

/* The key inside a document: its row joined by the key's text. */
static void
add_document_reference(Builder *b, const BackupRef *ref, const char *path, bool match)
{
	const BackupTable *other = &b->s->schema->tables[ref->targets[0].index];
	const RelationColumn *column = ref->columns[0];
	char	   *joined = psprintf("j%d", ++b->njoins);
	char	   *argument = selection_argument(b->s, TEXTARRAYOID, path);

	appendStringInfo(&b->joins,
					 " LEFT JOIN %s AS %s ON %s OPERATOR(pg_catalog.=) "
					 "(t.%s::pg_catalog.jsonb OPERATOR(pg_catalog.#>>) %s)",
					 other->source, joined,
					 selection_column_text(joined, other->keys[ref->key].columns[0]),
					 column->quoted, argument);
	add_natural_key(b, other, joined, psprintf("%s%s", column->name, ref->json_path + 1), match, 0);
}

/*
 * References that begin with the same column, as those that carry the tenant do, would have
 * their columns called alike: the later ones are then called after all of theirs.
 */
static void
tell_apart(Builder *b, int before, const BackupRef *ref, const char *name)
{
	StringInfoData longer;
	bool		taken = false;

	for (int i = before; i < list_length(b->items); i++)
		taken |= name_is_taken(b->items, before, ((NaturalColumn *) list_nth(b->items, i))->name);
	if (!taken || ref->nfields < 2)
		return;
	initStringInfo(&longer);
	appendStringInfoString(&longer, name);
	for (int i = 1; i < ref->nfields; i++)
		appendStringInfo(&longer, ",%s", ref->fields[i]);
	for (int i = before; i < list_length(b->items); i++)
	{
		NaturalColumn *item = list_nth(b->items, i);

		item->name = psprintf("%s%s", longer.data, item->name + strlen(name));
	}
}

static void
add_reference(Builder *b, const BackupTable *table, const BackupRef *ref, const char *alias,
			  const char *prefix, bool match, int depth)
{
	char	   *name = psprintf("%s%s%s", prefix, *prefix ? "." : "", ref->fields[0]);
	int			before = list_length(b->items);

	check_stack_depth();
	if (ref->kind == REF_JSON && depth == 0 && plain_path(ref->json_path) != NULL)
		add_document_reference(b, ref, plain_path(ref->json_path), match);
	else if (ref->kind != REF_JSON)
		for (int i = 0; i < ref->ntargets; i++)
			add_target(b, table, ref, i, alias, name, match, depth);
	tell_apart(b, before, ref, name);
}

static void
add_columns(Builder *b, const Identity *id)
{
	const BackupTable *table = b->table;

	for (int i = 0; i < table->rel->ncolumns; i++)
	{
		const RelationColumn *column = &table->rel->columns[i];
		bool		slug = is_among(column, table->slug_columns, table->nslug);
		bool		match = in_identity(table, id, column);
		char	   *expression;
		bool		document;
		NaturalColumn *item;

		if (!selection_has_column(table, column) ||
			(is_reference(table, column) && !(slug && is_circular(table, column)) &&
			 !shows_tenant(b->s, table, column)) ||
			(column == table->user_column && b->s->user_id != NULL && !slug) ||
			(is_among(column, table->pk_columns, table->npk) && !match))
			continue;
		expression = column_expression(b, table, "t", column, &document);
		item = add_column(b, column->name, expression, column, match || id->content);
		if (document)
			item->type = JSONBOID;
	}
}

static int
compare_items(const ListCell *a, const ListCell *b)
{
	return strcmp(((NaturalColumn *) lfirst(a))->name, ((NaturalColumn *) lfirst(b))->name);
}

/* They become the members of match keys: none may be cut, or meet another. */
static void
name_apart(Builder *b)
{
	for (int i = 0; i < list_length(b->items); i++)
	{
		NaturalColumn *item = list_nth(b->items, i);
		const char *name = item->name;

		if (strlen(name) >= NAMEDATALEN)
			item->name = shorten(name);
		while (name_is_taken(b->items, i, item->name))
			item->name = shorten(name = psprintf("%s.", name));
	}
}

static void
build(Builder *b, Selection *s, const BackupTable *table)
{
	Identity	id = find_identity(s, table);

	backupschemamatch_check(s->schema, table);
	b->s = s;
	b->table = table;
	b->items = NIL;
	b->njoins = 0;
	b->content = id.content;
	initStringInfo(&b->joins);
	for (int i = 0; i < table->nrefs; i++)
		if (!is_tenant_alone(s, table, &table->refs[i]))
			add_reference(b, table, &table->refs[i], "t", "",
						  is_match_reference(s, table, &id, &table->refs[i]), 0);
	add_columns(b, &id);
	name_apart(b);
	list_sort(b->items, compare_items);
}

/*
 * Keys go by what their type calls equal.  What two servers need not write alike has no
 * part in choosing a bucket, and rows that are told by all they hold are told exactly.
 */
static void
add_form(NaturalRow *row, const NaturalColumn *item, bool content)
{
	KeyForm	   *form = keyform_create(item->type, item->collation);
	KeyFormKind kind = keyform_kind(form);

	row->linked[row->ncolumns] = item->linked;
	if (kind == KEYFORM_CHOSEN && (item->linked || (item->match && !content)))
		row->forms[row->ncolumns] = form;
	if (!item->match)
		return;
	row->match[row->nmatch++] = row->ncolumns;
	if (kind != KEYFORM_OPAQUE || content)
		row->shared[row->nshared++] = row->ncolumns;
}

static NaturalRow *
select_row(Selection *s, const BackupTable *table, bool keys)
{
	NaturalRow *row = palloc0(sizeof(NaturalRow));
	Builder		b;
	ListCell   *lc;

	build(&b, s, table);
	row->match = palloc(sizeof(int) * (list_length(b.items) + 1));
	row->shared = palloc(sizeof(int) * (list_length(b.items) + 1));
	row->forms = palloc0(sizeof(KeyForm *) * (list_length(b.items) + 1));
	row->linked = palloc0(sizeof(bool) * (list_length(b.items) + 1));
	appendStringInfoString(&s->sql, "SELECT ");
	foreach(lc, b.items)
	{
		NaturalColumn *item = lfirst(lc);

		if (!item->match && keys)
			continue;
		add_form(row, item, b.content);
		appendStringInfo(&s->sql, "%s%s AS %s", row->ncolumns++ > 0 ? ", " : "", item->expression,
						 quote_identifier(item->name));
	}
	if (keys)
		appendStringInfo(&s->sql, "%st.ctid", row->ncolumns > 0 ? ", " : "");
	selection_from(s, table);
	appendStringInfoString(&s->sql, b.joins.data);
	selection_where(s, table, NULL);
	return row;
}

NaturalRow *
naturalrow_select(Selection *s, const BackupTable *table)
{
	return select_row(s, table, false);
}

NaturalRow *
naturalrow_select_keys(Selection *s, const BackupTable *table)
{
	return select_row(s, table, true);
}

/* The member of that name, which may be null; false when there is none. */
static bool
get_member(JsonbContainer *key, const NaturalColumn *item, JsonbValue *value)
{
	return getKeyJsonValueFromContainer(key, item->name, strlen(item->name), value) != NULL;
}

/* One value of a key, as its column has it. */
static Datum
read_value(const BackupTable *table, const NaturalColumn *item, JsonbContainer *key, bool *isnull)
{
	Oid			type = keylist_type(item->type);
	JsonbValue	value;
	char	   *text;

	*isnull = !get_member(key, item, &value) || (value.type == jbvNull && item->type != JSONBOID);
	if (*isnull)
		return (Datum) 0;
	/* A value of type json stands as a string that holds its text. */
	text = item->type == JSONOID && value.type == jbvString
			   ? json_value_string(&value)
			   : selection_text(table, item->name, item->type, &value);
	return selection_datum(type, text);
}

static void
refuse_key(const BackupTable *table, List *items)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, items)
		appendStringInfo(&names, "%s\"%s\"", names.len > 0 ? ", " : "",
						 ((NaturalColumn *) lfirst(lc))->name);
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid keys: one of table \"%s\" has a member that is no part of its "
						   "match key",
						   table->name),
					errdetail("The match key is %s.", names.data)));
}

static void
read_key(const BackupTable *table, List *items, KeyList *list, JsonbContainer *key)
{
	Datum	   *values = palloc(sizeof(Datum) * Max(list->ncolumns, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(list->ncolumns, 1));
	uint32		members = 0;
	JsonbValue	value;
	ListCell   *lc;

	foreach(lc, items)
	{
		NaturalColumn *item = lfirst(lc);
		int			i = foreach_current_index(lc);

		members += get_member(key, item, &value);
		values[i] = read_value(table, item, key, &nulls[i]);
	}
	if (members < JsonContainerSize(key))
		refuse_key(table, items);
	keylist_add(list, values, nulls);
}

static KeyList *
read_keys(const Builder *b, JsonbContainer *keys)
{
	List	   *items = NIL;
	KeyList	   *list;
	JsonbIterator *it;
	JsonbValue	value;
	JsonbIteratorToken token;
	ListCell   *lc;

	foreach(lc, b->items)
		if (((NaturalColumn *) lfirst(lc))->match)
			items = lappend(items, lfirst(lc));
	list = keylist_create(list_length(items));
	foreach(lc, items)
	{
		NaturalColumn *item = lfirst(lc);

		list->columns[foreach_current_index(lc)] =
			(KeyColumn){item->expression, item->type, item->collation};
	}
	it = JsonbIteratorInit(keys);
	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
	{
		CHECK_FOR_INTERRUPTS();
		if (token != WJB_ELEM)
			continue;
		if (value.type != jbvBinary || !JsonContainerIsObject(value.val.binary.data))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid keys: those of table \"%s\" must be objects", b->table->name),
					 errhint("Give them as digest_rows() returns them.")));
		read_key(b->table, items, list, value.val.binary.data);
	}
	return list;
}

KeyList *
naturalrow_keys(Selection *s, const BackupTable *table, JsonbContainer *keys)
{
	Builder		b;
	int			nestlevel;
	KeyList	   *list;

	build(&b, s, table);
	nestlevel = query_pin(PIN_VALUES);
	list = read_keys(&b, keys);
	list->exact = b.content;
	query_unpin(nestlevel);
	return list;
}

void
naturalrow_from(Selection *s, const BackupTable *table, JsonbContainer *keys, bool exact,
				JsonbContainer *filters)
{
	Builder		b;
	int			nestlevel;
	KeyList	   *list;

	build(&b, s, table);
	nestlevel = query_pin(PIN_VALUES);
	list = read_keys(&b, keys);
	list->exact = exact && b.content;
	query_unpin(nestlevel);
	selection_from(s, table);
	appendStringInfoString(&s->sql, b.joins.data);
	selection_where(s, table, filters);
	appendStringInfoString(&s->sql, " AND ");
	keylist_condition(list, s);
}
