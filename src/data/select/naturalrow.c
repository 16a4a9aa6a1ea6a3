/*
 * naturalrow.c
 *	  A row without its ids: what it references stands by its natural key.
 *
 * The key goes but for what of it is data, the tenant column goes where one tenant is
 * compared with its like elsewhere, and in place of each reference stand the match key
 * columns of the row it leads to, called "field.column".  A reference that leads nowhere
 * counts as none: a restore would make it NULL.  A key inside a document is cut
 * out and stands the same way, unless its path can lead to several places: such
 * a document stays as it is and may differ by its ids alone.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "data/backupschema/backupschemamatch.h"
#include "data/row/hash128.h"
#include "data/select/keylist.h"
#include "data/select/naturalrow_private.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* How far a match key that is unique only under its parent is followed. */
#define MAX_DEPTH 4
/* Bytes in UTF-8 that begin the name of a column whose own is too long. */
#define NAME_BEGINNING 40

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
add_column(NaturalBuilder *b, const char *name, char *expression, const RelationColumn *column,
		   bool match)
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
column_expression(NaturalBuilder *b, const BackupTable *table, const char *alias,
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
	if (naturalrow_shows_tenant(s, table, column))
		return true;
	return selection_has_column(table, column) && !naturalrow_is_reference(table, column) &&
		   column != table->user_column &&
		   (!naturalrow_is_among(column, table->pk_columns, table->npk) ||
			backupschema_is_key_data(table, column));
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
add_content(NaturalBuilder *b, const BackupTable *table, const char *alias, const char *prefix,
			bool match)
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
		   ref->nfields == 1 && ref->columns[0] == table->user_column;
}

/* Whether what the reference leads to takes part in naming the row that has it. */
static bool
names_row(const Selection *s, const BackupTable *table, const NaturalIdentity *id,
		  const BackupRef *ref, int depth)
{
	if (!backupschema_needs(table, ref) || !naturalrow_is_match_reference(s, table, id, ref))
		return false;
	/* All references do of a row that is told by all it holds; circles are followed one step. */
	return !id->content || (!is_tenant_alone(s, table, ref) && (!ref->circular || depth == 0));
}

static void add_reference(NaturalBuilder *b, const BackupTable *table, const BackupRef *ref,
						  const char *alias, const char *prefix, bool match, int depth);

/* The columns that name the row called alias. */
static void
add_natural_key(NaturalBuilder *b, const BackupTable *table, const char *alias, const char *prefix,
				bool		match, int depth)
{
	NaturalIdentity id = naturalrow_identity(b->s, table);
	int			before = list_length(b->items);

	if (id.content)
		add_content(b, table, alias, prefix, match);
	for (int i = 0; !id.content && i < table->rel->ncolumns; i++)
	{
		const RelationColumn *column = &table->rel->columns[i];

		if (naturalrow_in_identity(table, &id, column) &&
			(depth >= MAX_DEPTH || !naturalrow_is_reference(table, column) ||
			 naturalrow_is_circular(table, column) || naturalrow_shows_tenant(b->s, table, column)))
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
add_target(NaturalBuilder *b, const BackupTable *table, const BackupRef *ref, int target,
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
add_document_reference(NaturalBuilder *b, const BackupRef *ref, const char *path, bool match)
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
tell_apart(NaturalBuilder *b, int before, const BackupRef *ref, const char *name)
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
add_reference(NaturalBuilder *b, const BackupTable *table, const BackupRef *ref, const char *alias,
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
add_columns(NaturalBuilder *b, const NaturalIdentity *id)
{
	const BackupTable *table = b->table;

	for (int i = 0; i < table->rel->ncolumns; i++)
	{
		const RelationColumn *column = &table->rel->columns[i];
		bool		slug = naturalrow_is_among(column, table->slug_columns, table->nslug);
		bool		match = naturalrow_in_identity(table, id, column);
		char	   *expression;
		bool		document;
		NaturalColumn *item;

		if (!selection_has_column(table, column) ||
			(naturalrow_is_reference(table, column) &&
			 !(slug && naturalrow_is_circular(table, column)) &&
			 !naturalrow_shows_tenant(b->s, table, column)) ||
			(column == table->user_column && b->s->user_id != NULL && !slug) ||
			(naturalrow_is_among(column, table->pk_columns, table->npk) && !match &&
			 !backupschema_is_key_data(table, column)))
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
name_apart(NaturalBuilder *b)
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

void
naturalrow_build(NaturalBuilder *b, Selection *s, const BackupTable *table)
{
	NaturalIdentity id = naturalrow_identity(s, table);

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
						  naturalrow_is_match_reference(s, table, &id, &table->refs[i]), 0);
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
	NaturalBuilder b;
	ListCell   *lc;

	naturalrow_build(&b, s, table);
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
