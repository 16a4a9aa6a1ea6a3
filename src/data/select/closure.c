/*
 * closure.c
 *	  The rows of a backup of chosen rows: those, and those they refer to.
 *
 * A restore maps a reference by the row it leads to, so that row must come
 * before, if only to be looked up.  The chosen rows of all tables are read first,
 * with the keys they refer to; then, in rounds, the rows under keys that are
 * still wanted, until none is.  A row that is there for others brings its
 * parents, without which it could not be found or made, but not what it refers
 * to optionally: the closure stays as small as it can be.
 *
 * Keys are remembered by a hash of their values, so memory holds the keys of the
 * rows and no row.
 *
 * It assumes one snapshot over all its statements (they are read only, under the
 * caller's), so that no row comes or goes between two rounds.  It ends, because a key
 * is wanted once at most.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "data/select/closure.h"
#include "data/row/hash128.h"
#include "data/row/keyform.h"
#include "data/select/keylist.h"
#include "data/select/naturalrow.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

/* Rows that are wanted by another key than the pk. */
typedef struct ClosureOther
{
	KeyList	   *wanted;
	HTAB	   *known;
	KeyForm	  **forms;
} ClosureOther;

typedef struct ClosureTable
{
	const BackupTable *table;
	bool		all;			/* every row is chosen */
	JsonbContainer *keys;		/* else those with these match keys, if any */
	bool		by_key;			/* the key leads to one row */
	bool		content;		/* nothing but all they hold tells rows apart */
	KeyList	   *chosen;			/* keys of the chosen rows, where by_key */
	KeyList	   *referenced;
	KeyList	   *wanted;			/* to be read in the next round */
	KeyList	   *wanted_texts;	/* the same where documents name keys */
	HTAB	   *known;			/* KnownKey of rows in the backup, and of those wanted before */
	KeyForm	  **forms;			/* of the key's columns */
	KeyForm	   *text_form;
	ClosureOther *others;		/* one for each key of the table behind the first */
} ClosureTable;

typedef struct KnownKey
{
	Hash128		hash;
	bool		chosen;
} KnownKey;

struct Closure
{
	const BackupSchema *schema;
	const char *user_id;
	JsonbContainer *filters;
	bool		row_security;
	bool		exact;
	ClosureTable *tables;
};

/* A statement that reads keys and references of the rows of a table. */
typedef struct Reading
{
	Closure	   *closure;
	ClosureTable *t;
	bool		chosen;			/* else for others to refer to */
	StringInfoData image;
} Reading;

/* Such a key leads nowhere, and no row is found by it. */
static bool
has_null(const bool *nulls, int count)
{
	for (int i = 0; i < count; i++)
		if (nulls[i])
			return true;
	return false;
}

/* Equal arrays and the like may differ in their bytes. */
static bool
is_composed(Oid type)
{
	Oid			base = keylist_type(type);

	return OidIsValid(get_element_type(base)) || get_typtype(base) == TYPTYPE_COMPOSITE ||
		   get_typtype(base) == TYPTYPE_RANGE || get_typtype(base) == TYPTYPE_MULTIRANGE;
}

/* The other key that the list is of; NULL for the pk. */
static ClosureOther *
other_of(const ClosureTable *t, const KeyList *list)
{
	for (int i = 0; i < t->table->nkeys - 1; i++)
		if (t->others[i].wanted == list)
			return &t->others[i];
	return NULL;
}

/*
 * The key among those that are known, of which it is one from now on.  Under the form
 * that stands for all equal values where the type has several: 1.0 and 1.00 are one key.
 */
static KnownKey *
know(ClosureTable *t, StringInfo image, const KeyList *list, const Datum *values, bool *found)
{
	ClosureOther *other = other_of(t, list);
	KeyForm	  **forms = other != NULL ? other->forms : t->forms;
	Hash128		hash;
	KnownKey   *key;

	resetStringInfo(image);
	for (int i = 0; i < list->ncolumns; i++)
	{
		int16		length;
		bool		byval;
		KeyForm	   *form = list == t->wanted_texts ? t->text_form : forms[i];

		get_typlenbyval(keylist_type(list->columns[i].type), &length, &byval);
		if (keyform_kind(form) != KEYFORM_PLAIN || is_composed(list->columns[i].type))
			keyform_append(form, image, values[i]);
		else if (byval)
			appendBinaryStringInfo(image, (const char *) &values[i], sizeof(Datum));
		else if (length == -1)
		{
			struct varlena *value = PG_DETOAST_DATUM_PACKED(values[i]);
			uint32		size = VARSIZE_ANY_EXHDR(value);

			appendBinaryStringInfo(image, (const char *) &size, sizeof(size));
			appendBinaryStringInfo(image, VARDATA_ANY(value), size);
		}
		else
			appendBinaryStringInfo(image, DatumGetPointer(values[i]),
								   length > 0 ? length : strlen(DatumGetCString(values[i])) + 1);
	}
	hash = hash128(image->data, image->len);
	key = hash_search(other != NULL ? other->known : t->known, &hash, HASH_ENTER, found);
	if (!*found)
		key->chosen = false;
	return key;
}

/*
 * Remembers a key; false if it was known before.  Known before it is read: a circle of
 * references would go round for ever otherwise.
 */
static bool
learn(ClosureTable *t, StringInfo image, const KeyList *list, const Datum *values)
{
	bool		found;

	(void) know(t, image, list, values, &found);
	return !found;
}

/* Columns that lead to one row: the key, and the tenant where ids repeat over tenants. */
static int
count_key(const BackupTable *table)
{
	return table->npk + (table->per_tenant ? 1 : 0);
}

static const RelationColumn *
key_column(const BackupTable *table, int i)
{
	return i < table->npk ? table->pk_columns[i] : table->user_column;
}

/* The columns of the key that a reference means. */
static int
count_meant(const BackupTable *target, int key)
{
	return key == 0 ? count_key(target) : target->keys[key].count;
}

static const RelationColumn *
meant_column(const BackupTable *target, int key, int i)
{
	return key == 0 ? key_column(target, i) : target->keys[key].columns[i];
}

static KeyList *
create_key_list(const BackupTable *table, int key)
{
	KeyList	   *list = keylist_create(count_meant(table, key));

	for (int i = 0; i < list->ncolumns; i++)
	{
		const RelationColumn *column = meant_column(table, key, i);

		list->columns[i] =
			(KeyColumn){psprintf("t.%s", column->quoted), column->basetype, column->collation};
	}
	return list;
}

static KeyList *
create_list(const BackupTable *table)
{
	return create_key_list(table, 0);
}

/* A key inside a document has no type but text: it is compared with the key's. */
static KeyList *
create_text_list(const BackupTable *table)
{
	KeyList	   *list = keylist_create(1);

	list->columns[0] = (KeyColumn){selection_column_text("t", table->pk_columns[0]), TEXTOID,
								   DEFAULT_COLLATION_OID};
	return list;
}

static bool
has_unique_key(const BackupTable *table)
{
	AttrNumber *columns = palloc(sizeof(AttrNumber) * (table->npk + 1));

	for (int i = 0; i < table->npk; i++)
	{
		columns[i] = table->pk_columns[i]->attnum;
		/* A unique index lets many NULLs in. */
		if (!table->pk_columns[i]->not_null)
			return false;
	}
	return table->npk > 0 &&
		   (table->per_tenant || relation_key_over(table->rel, columns, table->npk) != NULL);
}

static HTAB *
create_known(void)
{
	HASHCTL		control = {
		.keysize = sizeof(Hash128), .entrysize = sizeof(KnownKey), .hcxt = CurrentMemoryContext};

	return hash_create("db_adapter keys", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

static void
init_others(ClosureTable *t, const BackupTable *table)
{
	t->others = palloc0(sizeof(ClosureOther) * table->nkeys);
	for (int i = 1; i < table->nkeys; i++)
	{
		ClosureOther *other = &t->others[i - 1];

		other->wanted = create_key_list(table, i);
		other->known = create_known();
		other->forms = palloc(sizeof(KeyForm *) * table->keys[i].count);
		for (int j = 0; j < table->keys[i].count; j++)
			other->forms[j] = keyform_create(keylist_type(table->keys[i].columns[j]->type),
											 table->keys[i].columns[j]->collation);
	}
}

static void
init_table(Closure *c, ClosureTable *t, const BackupTable *table, JsonbContainer *keys)
{
	JsonbValue	value;

	t->table = table;
	t->known = create_known();
	init_others(t, table);
	t->by_key = has_unique_key(table);
	t->content = naturalrow_is_content(c->schema, table);
	if (table->npk > 0)
	{
		t->chosen = create_list(table);
		t->referenced = create_list(table);
		t->wanted = create_list(table);
		t->wanted_texts = create_text_list(table);
		t->text_form = keyform_create(TEXTOID, DEFAULT_COLLATION_OID);
		t->forms = palloc(sizeof(KeyForm *) * count_key(table));
		for (int i = 0; i < count_key(table); i++)
			t->forms[i] = keyform_create(keylist_type(key_column(table, i)->type),
										 key_column(table, i)->collation);
	}
	/* Of this table no row is chosen; others may still refer to some. */
	if (!json_get(keys, table->name, &value))
		return;
	if (value.type == jbvBool && value.val.boolean)
		t->all = true;
	else if (value.type == jbvBinary && JsonContainerIsArray(value.val.binary.data))
		t->keys = value.val.binary.data;
	else
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid keys: member \"%s\" must be an array, or true for every row",
						table->name)));
}

/*
 * Whether rows of that kind take the rows along that the reference leads to.  A restore finds
 * a row that is told by all it holds when all that it refers to is found, but for circles.
 */
static bool
follows(const Reading *r, const BackupRef *ref)
{
	return (r->chosen || ref->required || r->t->table->lookup != LOOKUP_NONE ||
			(r->t->content && !ref->circular)) &&
		   backupschema_needs(r->t->table, ref);
}

/* Of a table that is in the backup whole nothing need be asked for. */
static bool
is_wanted_of(const Reading *r, int target)
{
	return target >= 0 && !r->closure->tables[target].all;
}

/*
 * A column's value as one of the type that a list has for a key, of any length:
 * character and bit alone would mean a length of 1.
 */
static char *
key_value(const RelationColumn *column, const RelationColumn *key)
{
	Oid			type = keylist_type(key->type);

	if (type == TEXTOID)
		return selection_column_text("t", column);
	return psprintf(
		"CAST(t.%s AS %s)", column->quoted,
		format_type_extended(type, -1, FORMAT_TYPE_TYPEMOD_GIVEN | FORMAT_TYPE_FORCE_QUALIFY));
}

/* CASE WHEN it is of that table THEN the key it names, as the key's type END, … */
static void
append_reference(const Reading *r, Selection *s, const BackupRef *ref, int target)
{
	const BackupTable *other = &r->closure->schema->tables[ref->targets[target].index];

	for (int i = 0; i < count_meant(other, ref->key); i++)
	{
		appendStringInfoString(&s->sql, ", CASE WHEN ");
		selection_type_test(s, r->t->table, ref, target, "t");
		appendStringInfo(&s->sql, "true THEN %s END",
						 key_value(i < ref->nfields ? ref->columns[i] : ref->user_column,
								   meant_column(other, ref->key, i)));
	}
}

static void
append_json_reference(Selection *s, const BackupRef *ref)
{
	appendStringInfo(&s->sql,
					 ", ARRAY(SELECT k.v OPERATOR(pg_catalog.#>>) '{}' FROM "
					 "pg_catalog.jsonb_path_query(t.%s::pg_catalog.jsonb, %s) AS k (v))",
					 ref->columns[0]->quoted, selection_argument(s, JSONPATHOID, ref->json_path));
}

/*
 * SELECT 1, the row's key, and the keys it refers to.  The columns come in the order in
 * which take_references() counts them: both walk the references alike.
 */
static void
append_targets(const Reading *r, Selection *s)
{
	const BackupTable *table = r->t->table;

	appendStringInfoString(&s->sql, "SELECT 1");
	for (int i = 0; i < count_key(table); i++)
		appendStringInfo(&s->sql, ", %s", key_value(key_column(table, i), key_column(table, i)));
	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; follows(r, &table->refs[i]) && j < table->refs[i].ntargets; j++)
		{
			if (!is_wanted_of(r, table->refs[i].targets[j].index))
				continue;
			if (table->refs[i].kind == REF_JSON)
				append_json_reference(s, &table->refs[i]);
			else
				append_reference(r, s, &table->refs[i], j);
		}
}

static void
want(Reading *r, int target, int key, const Datum *values, const bool *nulls)
{
	ClosureTable *other = &r->closure->tables[target];
	KeyList	   *list = key == 0 ? other->wanted : other->others[key - 1].wanted;

	if (!has_null(nulls, list->ncolumns) && learn(other, &r->image, list, values))
		keylist_add(list, values, nulls);
}

/*
 * Not remembered as known by their text: the same key may be wanted by its value, and the
 * row found tells which it is.
 */
static void
want_texts(Reading *r, int target, Datum array)
{
	Datum	   *texts;
	bool	   *nulls;
	int			count;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &texts, &nulls,
					  &count);
	for (int i = 0; i < count; i++)
		if (!nulls[i])
			keylist_add(r->closure->tables[target].wanted_texts, &texts[i], &nulls[i]);
}

static void
take_references(Reading *r, TupleTableSlot *slot, int column)
{
	const BackupTable *table = r->t->table;

	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; follows(r, &table->refs[i]) && j < table->refs[i].ntargets; j++)
		{
			const BackupRef *ref = &table->refs[i];
			int			target = ref->targets[j].index;

			if (!is_wanted_of(r, target))
				continue;
			if (ref->kind == REF_JSON)
				want_texts(r, target, slot->tts_values[column]);
			else
				want(r, target, ref->key, &slot->tts_values[column], &slot->tts_isnull[column]);
			column += ref->kind == REF_JSON
						  ? 1
						  : count_meant(&r->closure->schema->tables[target], ref->key);
		}
}

static bool
take_chosen(TupleTableSlot *slot, void *arg)
{
	Reading	   *r = arg;
	ClosureTable *t = r->t;
	bool		found;

	slot_getallattrs(slot);
	if (!t->all && !has_null(&slot->tts_isnull[1], count_key(t->table)) && t->table->npk > 0)
	{
		know(t, &r->image, t->chosen, &slot->tts_values[1], &found)->chosen = true;
		/*
		 * Without a key that leads to one row the rows are asked for again as the caller
		 * named them.
		 */
		if (t->by_key)
			keylist_add(t->chosen, &slot->tts_values[1], &slot->tts_isnull[1]);
	}
	take_references(r, slot, 1 + count_key(t->table));
	return true;
}

/* Rows under wanted keys: those keys are known already.  In a circle a key may have
 * been wanted before its row was chosen. */
static bool
take_wanted(TupleTableSlot *slot, void *arg)
{
	Reading	   *r = arg;
	ClosureTable *t = r->t;
	bool		found;

	slot_getallattrs(slot);
	if (t->by_key && know(t, &r->image, t->referenced, &slot->tts_values[1], &found)->chosen)
		return true;
	keylist_add(t->referenced, &slot->tts_values[1], &slot->tts_isnull[1]);
	take_references(r, slot, 1 + count_key(t->table));
	return true;
}

/* By a text or another key, of which nobody knows yet which row it means. */
static bool
take_wanted_otherwise(TupleTableSlot *slot, void *arg)
{
	Reading	   *r = arg;

	slot_getallattrs(slot);
	return learn(r->t, &r->image, r->t->referenced, &slot->tts_values[1]) ? take_wanted(slot, arg)
																		  : true;
}

void
closure_run(Selection *s, bool read_only, bool row_security, QueryRow row, void *arg)
{
	/*
	 * Without the caller's policies a statement that would meet one fails, rather than
	 * give fewer rows.
	 */
	int			nestlevel = query_pin(row_security ? PIN_PLAN : PIN_PLAN_ALL_ROWS);
	int			listed = s->listed ? query_pin(PIN_PLAN_LISTED) : 0;

	query_run(s->sql.data, s->nargs, s->types, s->values, s->nulls, read_only, row, arg);
	if (s->listed)
		query_unpin(listed);
	query_unpin(nestlevel);
}

static JsonbContainer *
filters_of(const Closure *c, const BackupTable *table)
{
	return json_get_object(c->filters, table->name, "filters");
}

/* Whether some row of the table could want one that is not chosen with its whole table. */
static bool
refers_to_others(const Reading *r)
{
	const BackupTable *table = r->t->table;

	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; j < table->refs[i].ntargets; j++)
			if (is_wanted_of(r, table->refs[i].targets[j].index))
				return true;
	return false;
}

static void
read_chosen(Closure *c, ClosureTable *t)
{
	Reading		r = {c, t, true};
	Selection  *s = selection_create(c->schema, c->user_id);

	if (t->all ? !refers_to_others(&r) : t->keys == NULL)
		return;
	s->filters = c->filters;
	initStringInfo(&r.image);
	append_targets(&r, s);
	if (t->all)
	{
		selection_from(s, t->table);
		selection_where(s, t->table, filters_of(c, t->table));
	}
	else
		naturalrow_from(s, t->table, t->keys, c->exact, filters_of(c, t->table));
	closure_run(s, true, c->row_security, take_chosen, &r);
}

static void
append_where(Selection *s, const BackupTable *table, const KeyList *list)
{
	selection_where(s, table, NULL);
	appendStringInfoString(&s->sql, " AND ");
	keylist_condition(list, s);
}

static void
append_rows(Selection *s, const BackupTable *table, const KeyList *list)
{
	selection_from(s, table);
	append_where(s, table, list);
}

/* Reads the rows under the keys of *list, which is empty then; false if there were none. */
static bool
read_wanted(Closure *c, ClosureTable *t, KeyList **list, QueryRow take)
{
	Reading		r = {c, t, false};
	Selection  *s = selection_create(c->schema, c->user_id);
	KeyList	   *keys = *list;

	if (keys == NULL || keys->nkeys == 0)
		return false;
	/*
	 * A new list before the rows are read: they may want more rows of the same table, in
	 * the next round.
	 */
	*list = keylist_empty(keys);
	s->owner = ROWS_OR_OF_NONE;
	initStringInfo(&r.image);
	append_targets(&r, s);
	append_rows(s, t->table, keys);
	closure_run(s, true, c->row_security, take, &r);
	return true;
}

static bool
read_round(Closure *c)
{
	bool		again = false;

	/* Parents stand first, so that from the end one round does unless there is a circle. */
	for (int i = c->schema->ntables - 1; i >= 0; i--)
	{
		ClosureTable *t = &c->tables[i];

		CHECK_FOR_INTERRUPTS();
		again |= read_wanted(c, t, &t->wanted, take_wanted);
		again |= read_wanted(c, t, &t->wanted_texts, take_wanted_otherwise);
		for (int j = 0; j < t->table->nkeys - 1; j++)
			again |= read_wanted(c, t, &t->others[j].wanted, take_wanted_otherwise);
	}
	return again;
}

static bool
check_table(const char *key, JsonbValue *value, void *arg)
{
	(void) backupschema_table(arg, key, "keys");
	return true;
}

Closure *
closure_create(const BackupSchema *schema, const char *user_id, JsonbContainer *keys,
			   JsonbContainer *filters, bool row_security, bool exact)
{
	Closure	   *c = palloc0(sizeof(Closure));

	c->schema = schema;
	c->user_id = user_id;
	c->filters = filters;
	c->row_security = row_security;
	c->exact = exact;
	c->tables = palloc0(sizeof(ClosureTable) * Max(schema->ntables, 1));
	/* All names first: a misspelt one must not be found out after many rows were read. */
	json_visit(keys, check_table, unconstify(BackupSchema *, schema));
	for (int i = 0; i < schema->ntables; i++)
		init_table(c, &c->tables[i], &schema->tables[i], keys);
	for (int i = 0; i < schema->ntables; i++)
		read_chosen(c, &c->tables[i]);
	while (read_round(c))
		CHECK_FOR_INTERRUPTS();
	return c;
}

int64
closure_referenced(const Closure *c, const BackupTable *table)
{
	const KeyList *list = c->tables[table->index].referenced;

	return list == NULL ? 0 : list->nkeys;
}

void
closure_from_referenced(const Closure *c, Selection *s, const BackupTable *table)
{
	s->owner = ROWS_OR_OF_NONE;
	append_rows(s, table, c->tables[table->index].referenced);
}

void
closure_from_chosen(const Closure *c, Selection *s, const BackupTable *table)
{
	const ClosureTable *t = &c->tables[table->index];

	s->filters = c->filters;
	if (t->keys == NULL || t->all)
	{
		selection_from(s, table);
		selection_where(s, table, filters_of(c, table));
		/* No row is chosen, yet the statement has to have its columns. */
		appendStringInfoString(&s->sql, t->all ? "" : " AND false");
	}
	else if (t->by_key)
		append_rows(s, table, t->chosen);
	else
		naturalrow_from(s, table, t->keys, c->exact, filters_of(c, table));
}

bool
closure_where_chosen(const Closure *c, Selection *s, const BackupTable *table)
{
	const ClosureTable *t = &c->tables[table->index];

	if (t->by_key)
		append_where(s, table, t->chosen);
	return t->by_key;
}
