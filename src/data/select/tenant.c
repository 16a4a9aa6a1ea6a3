/*
 * tenant.c
 *	  The row that is the tenant whom somebody has named.
 *
 * A tenant is named as people call it everywhere: by the match key of the table whose
 * rows are the tenants.  Where that has several columns, or somebody knows another thing
 * of the tenant, a JSON object says which columns have which values.  Either finds one
 * row or none; of two nobody could say which was meant.
 *
 * It reads as the caller, under the caller's policies: whoever may not see a tenant is
 * told that there is none.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_type.h"
#include "data/row/idkey.h"
#include "data/select/selection.h"
#include "data/select/tenant.h"
#include "utils/builtins.h"
#include "utils/datum.h"

bool
tenant_is_object(const char *user_id)
{
	return user_id[strspn(user_id, " \t\r\n")] == '{';
}

static JsonbContainer *
object_of(const char *user_id)
{
	Jsonb	   *document = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(user_id)));

	if (!JB_ROOT_IS_OBJECT(document) || JB_ROOT_COUNT(document) == 0)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("a tenant that is named by columns needs one at least")));
	return &document->root;
}

/* --- the statement that finds it */

static void
append_equal(Selection *s, const BackupTable *root, const RelationColumn *column, const char *text)
{
	char	   *equals = relation_equality(column->type);

	if (equals == NULL)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("column \"%s\" of table \"%s\" cannot name a tenant", column->name,
							   root->name),
						errdetail("Its type has no equality operator.")));
	appendStringInfo(&s->sql, " AND t.%s %s %s", column->quoted, equals,
					 selection_argument(s, column->type, text));
}

typedef struct ObjectArg
{
	Selection  *s;
	const BackupTable *root;
} ObjectArg;

static bool
append_member(const char *key, JsonbValue *value, void *arg)
{
	ObjectArg  *o = arg;
	const RelationColumn *column = relation_column(o->root->rel, quote_identifier(key));

	if (value->type == jbvNull)
		appendStringInfo(&o->s->sql, " AND t.%s IS NULL", column->quoted);
	else
		append_equal(o->s, o->root, column,
					 selection_text(o->root, column->name, column->basetype, value));
	return true;
}

static void
append_condition(Selection *s, const BackupTable *root, const char *user_id)
{
	ObjectArg	o = {s, root};

	if (tenant_is_object(user_id))
		json_visit(object_of(user_id), append_member, &o);
	else if (root->nslug == 1)
		append_equal(s, root, root->slug_columns[0], user_id);
	else
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("tenants in \"%s\" are named by several columns", root->name),
						errhint("Give a JSON object of them as user_id: {\"%s\": …, \"%s\": …}.",
								root->slug_columns[0]->name, root->slug_columns[1]->name)));
}

/* All its keys, the match key, and that once more as text. */
static void
append_columns(Selection *s, const BackupTable *root)
{
	appendStringInfoString(&s->sql, "SELECT 1");
	for (int i = 0; i < root->nkeys; i++)
		for (int j = 0; j < root->keys[i].count; j++)
			appendStringInfo(&s->sql, ", t.%s", root->keys[i].columns[j]->quoted);
	for (int i = 0; i < root->nslug; i++)
		appendStringInfo(&s->sql, ", t.%s", root->slug_columns[i]->quoted);
	for (int i = 0; i < root->nslug; i++)
		appendStringInfo(&s->sql, ", %s", selection_column_text("t", root->slug_columns[i]));
	selection_from(s, root);
	selection_where(s, root, NULL);
}

/* --- what it finds */

typedef struct Found
{
	const BackupTable *root;
	BackupTenant *tenant;
	int			count;
	MemoryContext cxt;
} Found;

static void
take_values(TupleTableSlot *slot, int *column, int count, Datum *values, bool *nulls)
{
	for (int i = 0; i < count; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(slot->tts_tupleDescriptor, *column);
		Datum		value = slot_getattr(slot, ++*column, &nulls[i]);

		if (!nulls[i])
			values[i] = datumCopy(value, attribute->attbyval, attribute->attlen);
	}
}

/* "acme", or {"slug": "acme", "region": "eu"} where several columns name tenants. */
static char *
take_name(TupleTableSlot *slot, int column, const BackupTable *root)
{
	StringInfoData name;
	bool		isnull;

	initStringInfo(&name);
	for (int i = 0; i < root->nslug; i++)
	{
		Datum		value = slot_getattr(slot, ++column, &isnull);
		char	   *part = isnull ? NULL : TextDatumGetCString(value);

		if (root->nslug == 1)
			return part != NULL ? part : "";
		appendStringInfoString(&name, i == 0 ? "{" : ", ");
		json_escape(&name, root->slug_columns[i]->name, strlen(root->slug_columns[i]->name));
		appendStringInfoString(&name, ": ");
		if (part == NULL)
			appendStringInfoString(&name, "null");
		else
			json_escape(&name, part, strlen(part));
	}
	appendStringInfoChar(&name, '}');
	return name.data;
}

static bool
take_tenant(TupleTableSlot *slot, void *arg)
{
	Found	   *found = arg;
	const BackupTable *root = found->root;
	BackupTenant *tenant = found->tenant;
	MemoryContext oldcxt = MemoryContextSwitchTo(found->cxt);
	int			column = 1;

	tenant->found = true;
	found->count++;
	tenant->keys = palloc(sizeof(Datum *) * root->nkeys);
	tenant->nulls = palloc(sizeof(bool *) * root->nkeys);
	for (int i = 0; i < root->nkeys; i++)
	{
		tenant->keys[i] = palloc0(sizeof(Datum) * root->keys[i].count);
		tenant->nulls[i] = palloc0(sizeof(bool) * root->keys[i].count);
		take_values(slot, &column, root->keys[i].count, tenant->keys[i], tenant->nulls[i]);
	}
	tenant->slug = palloc0(sizeof(Datum) * root->nslug);
	tenant->slug_nulls = palloc0(sizeof(bool) * root->nslug);
	take_values(slot, &column, root->nslug, tenant->slug, tenant->slug_nulls);
	tenant->name = take_name(slot, column, root);
	MemoryContextSwitchTo(oldcxt);
	return true;
}

static void
refuse_several(const BackupSchema *schema, const char *user_id)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("tenant \"%s\" is not one", user_id),
			 errdetail("Several rows of table \"%s\" are called so.", schema->tenant->name),
			 errhint("Give a JSON object of columns that are unique together.")));
}

static void
find(BackupSchema *schema, const char *user_id, bool latest)
{
	BackupTable root = *schema->tenant;
	Selection  *s = selection_create(schema, NULL);
	Found		found = {&root, palloc0(sizeof(BackupTenant)), 0, CurrentMemoryContext};

	/* Who is asked for is one tenant, whatever rows of the table are wanted. */
	root.filter = NULL;
	append_columns(s, &root);
	append_condition(s, &root, user_id);
	appendStringInfoString(&s->sql, " LIMIT 2");
	query_run(s->sql.data, s->nargs, s->types, s->values, s->nulls, !latest, take_tenant, &found);
	if (found.count > 1)
		refuse_several(schema, user_id);
	if (!found.tenant->found)
		found.tenant->name = pstrdup(user_id);
	schema->tenant_row = found.tenant;
}

void
tenant_resolve(BackupSchema *schema, const char *user_id)
{
	if (schema->tenant != NULL && user_id != NULL)
		find(schema, user_id, false);
}

void
tenant_resolve_latest(BackupSchema *schema, const char *user_id)
{
	if (schema->tenant != NULL && user_id != NULL)
		find(schema, user_id, true);
}

/* --- where there is none */

/* Whether the text is a value that the key may have. */
static bool
may_be_key(const RelationColumn *column, const char *text)
{
	IdKey		key = idkey_make(text, strlen(text));

	switch (column->basetype)
	{
		case INT2OID:
			return key.kind == ID_INTEGER && key.number == (int16) key.number;
		case INT4OID:
			return key.kind == ID_INTEGER && key.number == (int32) key.number;
		case INT8OID:
			return key.kind == ID_INTEGER;
		case UUIDOID:
			return key.kind == ID_UUID;
		default:
			return column->basetype == TEXTOID || column->basetype == VARCHAROID;
	}
}

/* Somebody who is used to say ids: the object that names the row by it; or NULL. */
static char *
named_by_key(const BackupSchema *schema, const char *user_id)
{
	const BackupTable *root = schema->tenant;
	const RelationColumn *column = root->pk_columns[0];
	StringInfoData object;
	Selection  *s;

	if (root->npk != 1 || tenant_is_object(user_id) || !may_be_key(column, user_id))
		return NULL;
	s = selection_create(schema, NULL);
	appendStringInfo(&s->sql, "SELECT 1 FROM %s AS t WHERE true", root->source);
	append_equal(s, root, column, user_id);
	if (query_run(s->sql.data, s->nargs, s->types, s->values, s->nulls, true, NULL, NULL) == 0)
		return NULL;
	initStringInfo(&object);
	appendStringInfoChar(&object, '{');
	json_escape(&object, column->name, strlen(column->name));
	appendStringInfoString(&object, ": ");
	if (column->basetype == INT2OID || column->basetype == INT4OID || column->basetype == INT8OID)
		appendStringInfoString(&object, user_id);
	else
		json_escape(&object, user_id, strlen(user_id));
	appendStringInfoChar(&object, '}');
	return object.data;
}

void
tenant_refuse_missing(const BackupSchema *schema, const char *user_id)
{
	char	   *object = named_by_key(schema, user_id);

	ereport(ERROR, (errcode(ERRCODE_NO_DATA_FOUND), errmsg("tenant \"%s\" does not exist", user_id),
					object != NULL
						? errhint("Tenants are named by \"%s\" of \"%s\". Perhaps you meant %s.",
								  schema->tenant->slug[0], schema->tenant->name, object)
						: 0));
}

void
tenant_need(BackupSchema *schema, const char *user_id)
{
	tenant_resolve(schema, user_id);
	if (schema->tenant_row != NULL && !schema->tenant_row->found)
		tenant_refuse_missing(schema, user_id);
}
