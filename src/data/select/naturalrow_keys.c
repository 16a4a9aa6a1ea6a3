/*
 * naturalrow_keys.c
 *	  Match keys as a caller gives them, and the rows that have them.
 */
#include "postgres.h"

#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "data/select/keylist.h"
#include "data/select/naturalrow_private.h"
#include "miscadmin.h"

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
read_keys(const NaturalBuilder *b, JsonbContainer *keys)
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
	NaturalBuilder b;
	int			nestlevel;
	KeyList	   *list;

	naturalrow_build(&b, s, table);
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
	NaturalBuilder b;
	int			nestlevel;
	KeyList	   *list;

	naturalrow_build(&b, s, table);
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
