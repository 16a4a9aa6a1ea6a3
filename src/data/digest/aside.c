/*
 * aside.c
 *	  Rows that are to go let others have their unique values: the verb set_aside.
 *
 * A row that comes may want the value of one that is to go, which cannot go before what
 * refers to it refers to the one that comes.  So it stays for now, under values that
 * nobody has.  What it is found by and referred to by does not change, so that it can
 * be deleted when all have come.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "data/digest/aside.h"
#include "data/select/closure.h"
#include "data/select/freevalue.h"
#include "data/select/tenant.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

typedef struct Aside
{
	const AsideOptions *options;
	BackupSchema *schema;
	Closure	   *closure;
	ReturnSetInfo *result;
} Aside;

/* One table's rows. */
typedef struct AsideTable
{
	const Aside *aside;
	const BackupTable *table;
	FreeValues	values;
	int64		rows;
} AsideTable;

/* What finds the row, or leads from it: not to be changed. */
static bool
is_fixed(const BackupTable *table, const RelationColumn *column)
{
	ListCell   *lc;

	if (column->generated || column->identity == ATTRIBUTE_IDENTITY_ALWAYS ||
		column == table->user_column)
		return true;
	for (int i = 0; i < table->npk; i++)
		if (table->pk_columns[i] == column &&
			(table->nslug == 0 || !backupschema_is_key_data(table, column)))
			return true;
	for (int i = 0; i < table->nslug; i++)
		if (table->slug_columns[i] == column)
			return true;
	for (int i = 0; i < table->nrefs; i++)
		for (int j = 0; j < table->refs[i].nfields; j++)
			if (table->refs[i].columns[j] == column)
				return true;
	foreach(lc, relation_references(table->rel))
	{
		const RelationForeignKey *fk = lfirst(lc);

		for (int j = 0; j < fk->ncolumns; j++)
			if (fk->columns[j] == column->attnum)
				return true;
	}
	return false;
}

static void
choose_columns(AsideTable *t)
{
	Bitmapset  *usable = NULL;
	ListCell   *lc;

	for (int i = 0; i < t->table->rel->ncolumns; i++)
		if (!is_fixed(t->table, &t->table->rel->columns[i]))
			usable = bms_add_member(usable, i);
	foreach(lc, freevalue_indexes(t->table->rel, NULL))
		(void) freevalue_choose(&t->values, lfirst(lc), usable);
}

static bool
take_row(TupleTableSlot *slot, void *arg)
{
	((AsideTable *) arg)->rows++;
	return true;
}

static void
set_aside(void *arg)
{
	AsideTable *t = arg;
	Selection  *s = selection_create(t->aside->schema, t->aside->options->user_id);

	t->rows = 0;
	appendStringInfoString(&s->sql, "UPDATE ");
	selection_table(s, t->table, "t");
	appendStringInfo(&s->sql,
					 " SET %s FROM (SELECT t.tableoid AS o, t.ctid AS p,"
					 " CAST(pg_catalog.row_number() OVER () AS pg_catalog.int4)"
					 " OPERATOR(pg_catalog.-) 1 AS n",
					 freevalue_assignments(&t->values));
	closure_from_chosen(t->aside->closure, s, t->table);
	appendStringInfoString(&s->sql, ") AS b WHERE t.ctid OPERATOR(pg_catalog.=) b.p"
									" AND t.tableoid OPERATOR(pg_catalog.=) b.o RETURNING 1");
	closure_run(s, false, true, take_row, t);
}

/* Above all others or below them; where a check likes neither the rows stay as they are. */
static void
try_to_set_aside(AsideTable *t)
{
	ErrorData  *error;

	if (bms_is_empty(t->values.columns))
		return;
	error = query_attempt(set_aside, t, true);
	if (error != NULL)
	{
		t->values.below = true;
		error = query_attempt(set_aside, t, true);
	}
	if (error == NULL)
		return;
	t->rows = 0;
	ereport(DEBUG1, (errmsg("rows of table \"%s\" could not step aside: %s", t->table->name,
							error->message)));
}

static bool
visit_table(const char *key, JsonbValue *value, void *arg)
{
	Aside	   *a = arg;
	AsideTable	t = {a, backupschema_table(a->schema, key, "keys")};
	Datum		values[2];
	bool		nulls[2] = {false, false};

	t.values.rel = t.table->rel;
	if (t.table->rel->kind == RELKIND_RELATION || t.table->rel->kind == RELKIND_PARTITIONED_TABLE)
	{
		choose_columns(&t);
		try_to_set_aside(&t);
	}
	values[0] = CStringGetTextDatum(t.table->name);
	values[1] = Int64GetDatum(t.rows);
	tuplestore_putvalues(a->result->setResult, a->result->setDesc, values, nulls);
	return true;
}

void
aside_run(const AsideOptions *options, ReturnSetInfo *result)
{
	Aside		a = {.options = options, .result = result};
	Jsonb	   *none = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));

	query_refuse_standby("db_adapter.set_aside()");
	if (!JB_ROOT_IS_OBJECT(options->keys))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid keys: it must be a JSON object")));
	a.schema = backupschema_parse(&options->backup_schema->root, true);
	backupschema_bind(a.schema);
	tenant_resolve(a.schema, options->user_id);
	a.closure =
		closure_create(a.schema, options->user_id, &options->keys->root, &none->root, true, true);
	json_visit(&options->keys->root, visit_table, &a);
}
