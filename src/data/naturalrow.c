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
 */
#include "postgres.h"

#include "base/compat.h"
#include "catalog/pg_type.h"
#include "data/naturalrow.h"
#include "miscadmin.h"
#include "utils/builtins.h"

/* How far a match key that is unique only under its parent is followed. */
#define MAX_DEPTH 4

typedef struct NaturalColumn
{
	char	   *name;
	char	   *expression;
	bool		match;
} NaturalColumn;

typedef struct Builder
{
	Selection  *s;
	const BackupTable *table;
	List	   *items;
	StringInfoData joins;
	int			njoins;
} Builder;

static void
add_column(Builder *b, const char *name, char *expression, bool match)
{
	NaturalColumn *item = palloc(sizeof(NaturalColumn));

	/* a longer one would be cut, and perhaps meet another */
	item->name =
		strlen(name) < NAMEDATALEN ? pstrdup(name) : psprintf("column %d", list_length(b->items));
	item->expression = expression;
	item->match = match;
	b->items = lappend(b->items, item);
}

static bool
is_among(const RelationColumn *column, RelationColumn **columns, int count)
{
	for (int i = 0; i < count; i++)
		if (columns[i] == column)
			return true;
	return false;
}

/* Whether tenant and match key alone tell the rows of the table apart. */
static bool
match_key_suffices(const BackupTable *table)
{
	AttrNumber *numbers = palloc(sizeof(AttrNumber) * (table->nslug + 1));
	int			count = 0;
	ListCell   *lc;

	for (int i = 0; i < table->nslug; i++)
		numbers[count++] = table->slug_columns[i]->attnum;
	if (table->user_column != NULL)
		numbers[count++] = table->user_column->attnum;
	foreach(lc, table->rel->keys)
		if (relation_key_within(lfirst(lc), numbers, count))
			return true;
	return false;
}

static void add_reference(Builder *b, const BackupTable *table, const BackupRef *ref,
						  const char *alias, const char *prefix, bool match, int depth);

/* The columns that name the row called alias. */
static void
add_natural_key(Builder *b, const BackupTable *table, const char *alias, const char *prefix,
				bool		match, int depth)
{
	bool		parents = depth < MAX_DEPTH && !match_key_suffices(table);

	for (int i = 0; i < table->nslug; i++)
		add_column(b, psprintf("%s.%s", prefix, table->slug_columns[i]->name),
				   psprintf("%s.%s", alias, table->slug_columns[i]->quoted), match);
	for (int i = 0; parents && i < table->nrefs; i++)
		if (table->refs[i].required && !table->refs[i].circular)
			add_reference(b, table, &table->refs[i], alias, prefix, match, depth + 1);
	if (table->nslug > 0 || (parents && table->nrefs > 0))
		return;
	for (int i = 0; i < table->npk; i++)
		add_column(b, psprintf("%s.%s", prefix, table->pk_columns[i]->name),
				   psprintf("%s.%s", alias, table->pk_columns[i]->quoted), match);
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

/* The key inside a document: its row joined by the key's text. */
static void
add_document_reference(Builder *b, const BackupRef *ref, const char *path)
{
	const BackupTable *other = &b->s->schema->tables[ref->targets[0].index];
	const RelationColumn *column = ref->columns[0];
	char	   *joined = psprintf("j%d", ++b->njoins);
	char	   *argument = selection_argument(b->s, TEXTARRAYOID, path);

	appendStringInfo(&b->joins,
					 " LEFT JOIN %s AS %s ON %s.%s::pg_catalog.text OPERATOR(pg_catalog.=) "
					 "(t.%s::pg_catalog.jsonb OPERATOR(pg_catalog.#>>) %s)",
					 other->rel->qualified, joined, joined, other->pk_columns[0]->quoted,
					 column->quoted, argument);
	add_natural_key(b, other, joined, psprintf("%s%s", column->name, ref->json_path + 1), false, 0);
}

static void
add_reference(Builder *b, const BackupTable *table, const BackupRef *ref, const char *alias,
			  const char *prefix, bool match, int depth)
{
	char	   *name = psprintf("%s%s%s", prefix, *prefix ? "." : "", ref->fields[0]);

	check_stack_depth();
	if (ref->kind == REF_JSON && depth == 0 && plain_path(ref->json_path) != NULL)
		add_document_reference(b, ref, plain_path(ref->json_path));
	else if (ref->kind != REF_JSON)
		for (int i = 0; i < ref->ntargets; i++)
			add_target(b, table, ref, i, alias, name, match, depth);
}

/* The column itself, or its document without the keys that stand in it. */
static char *
column_expression(Builder *b, const RelationColumn *column)
{
	char	   *expression = psprintf("t.%s", column->quoted);

	for (int i = 0; i < b->table->nrefs; i++)
	{
		const BackupRef *ref = &b->table->refs[i];
		char	   *path = ref->kind == REF_JSON ? plain_path(ref->json_path) : NULL;

		if (path != NULL && ref->columns[0] == column)
			expression = psprintf("(%s::pg_catalog.jsonb OPERATOR(pg_catalog.#-) %s)", expression,
								  selection_argument(b->s, TEXTARRAYOID, path));
	}
	return expression;
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

static void
add_columns(Builder *b, bool key_is_match)
{
	const BackupTable *table = b->table;

	for (int i = 0; i < table->rel->ncolumns; i++)
	{
		const RelationColumn *column = &table->rel->columns[i];
		bool		match = is_among(column, table->slug_columns, table->nslug);
		bool		key = is_among(column, table->pk_columns, table->npk);

		if (!selection_has_column(table, column) || (is_reference(table, column) && !match) ||
			(column == table->user_column && b->s->user_id != NULL && !match) ||
			(key && !match && !key_is_match))
			continue;
		add_column(b, column->name, column_expression(b, column), match || (key && key_is_match));
	}
}

static int
compare_items(const ListCell *a, const ListCell *b)
{
	return strcmp(((NaturalColumn *) lfirst(a))->name, ((NaturalColumn *) lfirst(b))->name);
}

static NaturalRow *
finish(Builder *b)
{
	NaturalRow *row = palloc0(sizeof(NaturalRow));
	ListCell   *lc;

	list_sort(b->items, compare_items);
	row->match = palloc(sizeof(int) * (list_length(b->items) + 1));
	appendStringInfoString(&b->s->sql, "SELECT ");
	foreach(lc, b->items)
	{
		NaturalColumn *item = lfirst(lc);

		if (item->match)
			row->match[row->nmatch++] = row->ncolumns;
		appendStringInfo(&b->s->sql, "%s%s AS %s", row->ncolumns++ > 0 ? ", " : "",
						 item->expression, quote_identifier(item->name));
	}
	selection_from(b->s, b->table);
	appendStringInfoString(&b->s->sql, b->joins.data);
	selection_where(b->s, b->table, NULL);
	return row;
}

NaturalRow *
naturalrow_select(Selection *s, const BackupTable *table)
{
	Builder		b = {s, table};
	bool		parents_match = !match_key_suffices(table);
	bool		has_match = table->nslug > 0;

	initStringInfo(&b.joins);
	for (int i = 0; i < table->nrefs; i++)
	{
		const BackupRef *ref = &table->refs[i];
		bool match = ref->required && !ref->circular && parents_match && ref->kind != REF_JSON;

		has_match |= match;
		add_reference(&b, table, ref, "t", "", match, 0);
	}
	add_columns(&b, !has_match);
	return finish(&b);
}
