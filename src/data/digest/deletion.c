/*
 * deletion.c
 *	  Rows by match key, gone: the verb delete_rows.
 *
 * All tables are served by one statement: foreign keys are checked when it ends,
 * so rows that refer to each other may go in any order, circles too, and a match
 * key is read through parents that are still there.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_class.h"
#include "data/select/closure.h"
#include "data/digest/childindex.h"
#include "data/digest/deletion.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

typedef struct Deletion
{
	BackupSchema *schema;
	Closure	   *closure;
	Selection  *s;
	List	   *tables;			/* BackupTable *, those that keys name */
	ReturnSetInfo *result;
} Deletion;

/* Rows that no key leads to are named by where they lie. */
static void
append_by_place(Deletion *d, const BackupTable *table)
{
	if (!table->rel->has_places)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("cannot delete rows of table \"%s\" by match key", table->name),
						errdetail("It has no unique key and is no plain table."),
						errhint("Name a unique key as its \"pk\" in the backup schema.")));
	appendStringInfoString(&d->s->sql,
						   " WHERE t.ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT t.ctid");
	closure_from_chosen(d->closure, d->s, table);
	appendStringInfoString(&d->s->sql, "))");
}

static bool
append_table(const char *key, JsonbValue *value, void *arg)
{
	Deletion   *d = arg;
	BackupTable *table = backupschema_table(d->schema, key, "keys");
	int			number = list_length(d->tables);

	if (value->type == jbvBool)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid keys: member \"%s\" must be an array", key)));
	appendStringInfo(&d->s->sql, "%s d%d AS (DELETE FROM ", number == 0 ? "WITH" : ",", number);
	selection_table(d->s, table, "t");
	if (!closure_where_chosen(d->closure, d->s, table))
		append_by_place(d, table);
	appendStringInfoString(&d->s->sql, " RETURNING 1)");
	d->tables = lappend(d->tables, table);
	if (value->type == jbvBinary)
		childindex_notice(table->rel, JsonContainerSize(value->val.binary.data));
	return true;
}

static bool
take_counts(TupleTableSlot *slot, void *arg)
{
	Deletion   *d = arg;
	ListCell   *lc;

	foreach(lc, d->tables)
	{
		Datum		values[2];
		bool		nulls[2] = {false, false};

		values[0] = CStringGetTextDatum(((BackupTable *) lfirst(lc))->name);
		values[1] = slot_getattr(slot, foreach_current_index(lc) + 1, &nulls[1]);
		tuplestore_putvalues(d->result->setResult, d->result->setDesc, values, nulls);
	}
	return false;
}

void
deletion_run(Jsonb *backup_schema, Jsonb *keys, const char *user_id, ReturnSetInfo *result)
{
	Deletion	d = {backupschema_parse(&backup_schema->root, true)};
	Jsonb	   *none = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));

	if (!JB_ROOT_IS_OBJECT(keys))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid keys: it must be a JSON object")));
	d.result = result;
	backupschema_bind(d.schema);
	d.closure = closure_create(d.schema, user_id, &keys->root, &none->root, true, true);
	d.s = selection_create(d.schema, user_id);
	json_visit(&keys->root, append_table, &d);
	if (d.tables == NIL)
		return;
	appendStringInfoString(&d.s->sql, " SELECT");
	for (int i = 0; i < list_length(d.tables); i++)
		appendStringInfo(&d.s->sql, "%s (SELECT pg_catalog.count(*) FROM d%d)", i > 0 ? "," : "",
						 i);
	closure_run(d.s, false, true, take_counts, &d);
}
