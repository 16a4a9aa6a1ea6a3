/*
 * deletion.c
 *	  Rows by match key, gone: the verb delete_rows.
 *
 * All tables are served by one statement: foreign keys are checked when it ends,
 * so rows that refer to each other may go in any order, circles too, and a match
 * key is read through parents that are still there.
 *
 * Foreign keys may take along what nobody named.  A row of a table in the backup
 * schema that stays must not lose what it refers to, whatever ON DELETE says: 23503.
 * Rows of other tables are counted, and go only where the caller has said so.  What
 * went is told by the counters that the server keeps of this transaction: the
 * triggers of foreign keys see rows that the caller may not.
 */
#include "postgres.h"

#include "base/compat.h"
#include "base/json.h"
#include "base/query.h"
#include "catalog/pg_class.h"
#include "catalog/pg_constraint.h"
#include "catalog/pg_type.h"
#include "data/digest/childindex.h"
#include "data/backupschema/backupschemaoutside.h"
#include "data/digest/deletion_private.h"
#include "data/select/tenant.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

/* What the transaction did so far to a table that deletions may reach. */
typedef struct Reached
{
	Oid			oid;			/* of a partitioned table's parts: the whole */
	int64		deleted;
	int64		updated;
} Reached;

/* A foreign key between tables of the schema that would change rows which stay. */
typedef struct Loosened
{
	const BackupTable *table;
	int64		rows;
} Loosened;

/* --- the statement */

/*
 * Rows that no key leads to are named by where they lie.  A place says which row only in
 * one plain table, and for the length of one statement.
 */
static void
append_by_place(Deletion *d, const BackupTable *table)
{
	if (table->rel->kind != RELKIND_RELATION || table->rel->has_children)
		ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
						errmsg("cannot delete rows of table \"%s\" by match key", table->name),
						errdetail("It has no unique key and is no plain table."),
						errhint("Name a unique key as its \"pk\" in the backup schema.")));
	appendStringInfoString(&d->s->sql,
						   " WHERE t.ctid OPERATOR(pg_catalog.=) ANY (ARRAY(SELECT t.ctid");
	closure_from_chosen(d->closure, d->s, table);
	appendStringInfoString(&d->s->sql, "))");
}

/* Whether the rows that refer by fk are not deleted with those they refer to, but changed. */
static bool
lets_go(const RelationForeignKey *fk)
{
	return fk->on_delete == FKCONSTR_ACTION_SETNULL || fk->on_delete == FKCONSTR_ACTION_SETDEFAULT;
}

/* Whether a table of the schema has such a foreign key to that column. */
static bool
is_let_go(const Deletion *d, const BackupTable *target, AttrNumber attnum)
{
	for (int i = 0; i < d->schema->ntables; i++)
	{
		ListCell   *lc;

		foreach(lc, d->schema->tables[i].rel->foreign_keys)
		{
			const RelationForeignKey *fk = lfirst(lc);

			for (int j = 0; fk->target == target->rel->oid && lets_go(fk) && j < fk->ncolumns; j++)
				if (fk->target_columns[j] == attnum)
					return true;
		}
	}
	return false;
}

/* Where a row lay and what others refer to: by attribute number, no name in the way. */
static void
append_returning(Deletion *d, const BackupTable *table)
{
	bool		stored =
		table->rel->kind == RELKIND_RELATION || table->rel->kind == RELKIND_PARTITIONED_TABLE;

	appendStringInfoString(&d->s->sql, stored ? " RETURNING t.tableoid, t.ctid" : " RETURNING 1");
	for (int i = 0; stored && i < table->rel->ncolumns; i++)
		if (is_let_go(d, table, table->rel->columns[i].attnum))
			appendStringInfo(&d->s->sql, ", t.%s AS c%d", table->rel->columns[i].quoted,
							 table->rel->columns[i].attnum);
	appendStringInfoChar(&d->s->sql, ')');
}

static bool
append_table(const char *key, JsonbValue *value, void *arg)
{
	Deletion   *d = arg;
	BackupTable *table = backupschema_table(d->schema, key, "keys");
	int			number = list_length(d->tables);

	/* true chooses every row in a backup; that a whole table goes must not be a slip. */
	if (value->type == jbvBool)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid keys: member \"%s\" must be an array", key)));
	if (table->lookup != LOOKUP_NONE)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("rows of table \"%s\" are looked up and are not deleted", key)));
	appendStringInfo(&d->s->sql, "%s d%d AS (DELETE FROM ", number == 0 ? "WITH" : ",", number);
	selection_table(d->s, table, "t");
	if (!closure_where_chosen(d->closure, d->s, table))
		append_by_place(d, table);
	deletion_held_except(d, d->s, table);
	append_returning(d, table);
	d->tables = lappend(d->tables, table);
	if (value->type == jbvBinary && !d->holders_known)
		childindex_notice(table->rel, JsonContainerSize(value->val.binary.data));
	return true;
}

/* The place of that table among those that keys name; -1: none of them. */
static int
named_at(const Deletion *d, Oid relid)
{
	ListCell   *lc;

	foreach(lc, d->tables)
		if (((BackupTable *) lfirst(lc))->rel->oid == relid)
			return foreach_current_index(lc);
	return -1;
}

/* ", (how many rows that stay refer by fk to rows that go)" */
static void
append_loosened(Deletion *d, const BackupTable *table, const RelationForeignKey *fk)
{
	const BackupTable *target = list_nth(d->tables, named_at(d, fk->target));
	int			self = named_at(d, table->rel->oid);
	Loosened   *loosened = palloc0(sizeof(Loosened));

	appendStringInfo(&d->s->sql, ", (SELECT pg_catalog.count(*) FROM %s AS x JOIN d%d AS y ON true",
					 table->rel->qualified, named_at(d, fk->target));
	for (int i = 0; i < fk->ncolumns; i++)
		appendStringInfo(
			&d->s->sql, " AND y.c%d %s x.%s", fk->target_columns[i],
			relation_equality(relation_column_by_number(target->rel, fk->target_columns[i])->type),
			relation_column_by_number(table->rel, fk->columns[i])->quoted);
	/* Rows of the same table that go along lose nothing. */
	if (self >= 0)
		appendStringInfo(&d->s->sql,
						 " WHERE NOT EXISTS (SELECT FROM d%d AS z WHERE z.ctid"
						 " OPERATOR(pg_catalog.=) x.ctid AND z.tableoid OPERATOR(pg_catalog.=)"
						 " x.tableoid)",
						 self);
	appendStringInfoChar(&d->s->sql, ')');
	loosened->table = table;
	d->loosened = lappend(d->loosened, loosened);
}

/* ON DELETE CASCADE is seen by what went; this is for what is only let go. */
static void
append_all_loosened(Deletion *d)
{
	for (int i = 0; i < d->schema->ntables; i++)
	{
		const BackupTable *table = &d->schema->tables[i];
		ListCell   *lc;

		foreach(lc, table->rel->foreign_keys)
		{
			const RelationForeignKey *fk = lfirst(lc);

			if (lets_go(fk) && named_at(d, fk->target) >= 0)
				append_loosened(d, table, fk);
		}
	}
}

/* One row, whatever was deleted. */
static bool
take_counts(TupleTableSlot *slot, void *arg)
{
	Deletion   *d = arg;
	int			column = 0;
	bool		isnull;
	ListCell   *lc;

	for (int i = 0; i < list_length(d->tables); i++)
		d->counts[i] = DatumGetInt64(slot_getattr(slot, ++column, &isnull));
	foreach(lc, d->loosened)
		((Loosened *) lfirst(lc))->rows = DatumGetInt64(slot_getattr(slot, ++column, &isnull));
	return false;
}

/* --- what foreign keys take along */

static Reached *
find_reached(const Deletion *d, Oid oid)
{
	ListCell   *lc;

	foreach(lc, d->reached)
		if (((Reached *) lfirst(lc))->oid == oid)
			return lfirst(lc);
	return NULL;
}

/* Seen for the first time it is noted, then subtracted. */
static bool
take_reached(TupleTableSlot *slot, void *arg)
{
	Deletion   *d = arg;
	MemoryContext oldcxt = MemoryContextSwitchTo(d->cxt);
	bool		isnull;
	Oid			oid = DatumGetObjectId(slot_getattr(slot, 1, &isnull));
	Reached	   *reached = find_reached(d, oid);

	if (reached == NULL)
	{
		reached = palloc0(sizeof(Reached));
		reached->oid = oid;
		d->reached = lappend(d->reached, reached);
	}
	reached->deleted = DatumGetInt64(slot_getattr(slot, 2, &isnull)) - reached->deleted;
	reached->updated = DatumGetInt64(slot_getattr(slot, 3, &isnull)) - reached->updated;
	MemoryContextSwitchTo(oldcxt);
	return true;
}

/*
 * The tables that foreign keys lead to from those named, against the deletion.  Called
 * before and after: the server's counters are of the whole transaction.
 */
static void
count_reached(Deletion *d)
{
	static const char *const sql =
		"WITH RECURSIVE gone (oid) AS (SELECT unnest($1) UNION"
		" SELECT k.conrelid FROM pg_constraint k JOIN gone g ON k.confrelid = g.oid"
		"  WHERE k.contype = 'f' AND k.confdeltype = 'c'),"
		" reached AS (SELECT DISTINCT k.conrelid AS oid FROM gone g"
		"  JOIN pg_constraint k ON k.confrelid = g.oid"
		"  WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd'))"
		"SELECT coalesce(pg_partition_root(oid), oid)::oid,"
		" sum(pg_stat_get_xact_tuples_deleted(oid))::int8,"
		" sum(pg_stat_get_xact_tuples_updated(oid))::int8 FROM reached GROUP BY 1 ORDER BY 1";
	Datum	   *oids = palloc(sizeof(Datum) * list_length(d->tables));
	Oid			type = OIDARRAYOID;
	Datum		array;
	int			nestlevel = query_pin(PIN_PATH);
	ListCell   *lc;

	foreach(lc, d->tables)
		oids[foreach_current_index(lc)] = ObjectIdGetDatum(((BackupTable *) lfirst(lc))->rel->oid);
	array = PointerGetDatum(
		construct_array(oids, list_length(d->tables), OIDOID, sizeof(Oid), true, TYPALIGN_INT));
	query_run(sql, 1, &type, &array, NULL, true, take_reached, d);
	query_unpin(nestlevel);
}

static const BackupTable *
table_of(const Deletion *d, Oid relid)
{
	for (int i = 0; i < d->schema->ntables; i++)
		if (d->schema->tables[i].rel->oid == relid)
			return &d->schema->tables[i];
	return NULL;
}

static char *
qualified_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

/* Which other tables a deletion may reach, and by whose will rows there go with it. */
static void
trace_reached(const Deletion *d)
{
	ListCell   *lc;

	if (!message_level_is_interesting(DEBUG1))
		return;
	foreach(lc, d->reached)
	{
		Oid			oid = ((Reached *) lfirst(lc))->oid;

		elog(DEBUG1, "delete_rows: foreign keys may reach rows of table %s, which %s",
			 qualified_name(oid),
			 table_of(d, oid) != NULL ? "must not lose any that stay"
			 : d->options->cascade	  ? "go along"
									  : "refuse");
	}
}

static void
refuse_inside(const char *table, const char *action, int64 rows)
{
	ereport(ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("rows of table \"%s\" that stay refer to rows that would be deleted", table),
			 errdetail("ON DELETE %s would reach " INT64_FORMAT " of them.", action, rows)));
}

/* The rows of a table in the schema that went although nobody named them. */
static int64
taken_along(const Deletion *d, const BackupTable *table)
{
	const Reached *reached = find_reached(d, table->rel->oid);
	int			named = named_at(d, table->rel->oid);

	return reached == NULL ? 0 : Max(reached->deleted - (named >= 0 ? d->counts[named] : 0), 0);
}

/* Rows of tables in the schema are the caller's to name. */
static void
check_inside(const Deletion *d)
{
	ListCell   *lc;

	foreach(lc, d->loosened)
	{
		const Loosened *loosened = lfirst(lc);

		if (loosened->rows > 0)
			refuse_inside(loosened->table->name, "SET NULL or SET DEFAULT", loosened->rows);
	}
	/*
	 * A caller who brings rows again may have those deleted that it brings: it is asked
	 * to in that case.
	 */
	for (int i = 0; !d->options->brought_again && i < d->schema->ntables; i++)
	{
		int64		rows = taken_along(d, &d->schema->tables[i]);

		if (rows > 0)
			refuse_inside(d->schema->tables[i].name, "CASCADE", rows);
	}
}

static void
check_outside(const Deletion *d)
{
	StringInfoData names;
	ListCell   *lc;

	initStringInfo(&names);
	foreach(lc, d->reached)
	{
		const Reached *reached = lfirst(lc);

		if (table_of(d, reached->oid) == NULL && reached->deleted > 0)
			appendStringInfo(&names, "%s%s (" INT64_FORMAT ")", names.len > 0 ? ", " : "",
							 qualified_name(reached->oid), reached->deleted);
	}
	if (names.len > 0)
		ereport(
			ERROR,
			(errcode(ERRCODE_FOREIGN_KEY_VIOLATION),
			 errmsg("rows of tables outside of the backup schema would be deleted as well"),
			 errdetail("Foreign keys with ON DELETE CASCADE would delete rows of %s.", names.data),
			 d->options->replacing
				 ? errhint("Delete those rows first, or add the tables to the backup schema.")
				 : errhint("Pass cascade => true, or --cascade to the command, to have them "
						   "deleted.")));
}

/* --- the verb */

static void
delete_chosen(void *arg)
{
	Deletion   *d = arg;
	int			nestlevel = query_pin(PIN_COUNTED);

	count_reached(d);
	trace_reached(d);
	closure_run(d->s, false, true, take_counts, d);
	count_reached(d);
	query_unpin(nestlevel);
	/* A trial tells what would go, whoever's it is. */
	if (d->options->dry_run)
		return;
	/* Deferred constraints would be asked at COMMIT, when no row can be kept any more. */
	if (d->options->record)
		deletion_held_check(d);
	check_inside(d);
	if (!d->options->cascade)
		check_outside(d);
}

/* held: the table, where keys name it. */
static void
put_row(const Deletion *d, ReturnSetInfo *result, const char *table, int64 deleted, int64 changed,
		bool		outside, const BackupTable *held)
{
	Datum		values[] = {CStringGetTextDatum(table),
					  Int64GetDatum(deleted),
					  Int64GetDatum(changed),
					  BoolGetDatum(outside),
					  Int64GetDatum(held != NULL ? d->held[held->index].count : 0),
					  JsonbPGetDatum(deletion_held_details(d, held))};
	bool		nulls[lengthof(values)] = {false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
put_result(const Deletion *d, ReturnSetInfo *result)
{
	ListCell   *lc;

	foreach(lc, d->tables)
	{
		const BackupTable *table = lfirst(lc);

		put_row(d, result, table->name, d->counts[foreach_current_index(lc)], taken_along(d, table),
				false, table);
	}
	for (int i = 0; i < d->schema->ntables; i++)
	{
		const BackupTable *table = &d->schema->tables[i];
		int64		along = taken_along(d, table);

		if (along > 0 && named_at(d, table->rel->oid) < 0)
			put_row(d, result, table->name, 0, along, false, NULL);
	}
	foreach(lc, d->reached)
	{
		const Reached *reached = lfirst(lc);

		if (table_of(d, reached->oid) == NULL && reached->deleted + reached->updated > 0)
			put_row(d, result, qualified_name(reached->oid), reached->deleted, reached->updated,
					true, NULL);
	}
}

/*
 * The second is what ON DELETE RESTRICT says from PostgreSQL 18 on.  Any other error is
 * no foreign key's, and not ours to get round.
 */
bool
deletion_is_held(const ErrorData *error)
{
	return error->sqlerrcode == ERRCODE_FOREIGN_KEY_VIOLATION ||
		   error->sqlerrcode == ERRCODE_RESTRICT_VIOLATION;
}

/*
 * As a trial it tells why it would fail now, which need not be so once other rows came.
 * A caller who brings rows again has brought what he could: rows that stay and hold
 * others are no error of his, and nothing goes.
 */
static bool
try_to_delete(Deletion *d)
{
	ErrorData  *error = query_attempt(delete_chosen, d, !d->options->dry_run);

	if (error != NULL && !d->options->dry_run && !deletion_is_held(error))
		ReThrowError(error);
	if (error != NULL)
		ereport(WARNING,
				(errmsg("the rows could not be deleted as things stand: %s", error->message)));
	return error == NULL;
}

/* What each part of the statement has done. */
static void
append_counts(Deletion *d)
{
	d->counts = palloc0(sizeof(int64) * list_length(d->tables));
	appendStringInfoString(&d->s->sql, " SELECT");
	for (int i = 0; i < list_length(d->tables); i++)
		appendStringInfo(&d->s->sql, "%s (SELECT pg_catalog.count(*) FROM d%d)", i > 0 ? "," : "",
						 i);
	append_all_loosened(d);
}

/*
 * Without the rows that are held by now.  Written anew whenever more rows are known to be
 * held: they are named in it.
 */
static void
write_statement(Deletion *d)
{
	d->s = selection_create(d->schema, d->options->user_id);
	d->tables = d->loosened = d->reached = NIL;
	json_visit(&d->options->keys->root, append_table, d);
	if (d->tables == NIL)
		return;
	append_counts(d);
	elog(DEBUG2, "delete_rows: rows are deleted by: %s", d->s->sql.data);
}

/*
 * Rows that others hold stay, and are told; all others go.  Each round holds at least one
 * more row, or raises the error: so it ends.
 */
static void
delete_others(Deletion *d)
{
	ErrorData  *error;

	while ((error = query_attempt(delete_chosen, d, true)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		if (!deletion_is_held(error))
			ReThrowError(error);
		if (!deletion_held_find(d))
			deletion_held_by(d, error);
		write_statement(d);
	}
}

void
deletion_run(const DeletionOptions *options, ReturnSetInfo *result)
{
	Deletion	d = {options, CurrentMemoryContext};
	Jsonb	   *none = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum("{}")));
	Jsonb	   *document = options->backup_schema;

	query_refuse_standby("db_adapter.delete_rows()");
	d.schema = outside_bind(&document, true, false, NULL, NULL);
	if (!JB_ROOT_IS_OBJECT(options->keys))
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
						errmsg("invalid keys: it must be a JSON object")));
	tenant_need(d.schema, options->user_id);
	d.closure =
		closure_create(d.schema, options->user_id, &options->keys->root, &none->root, true, true);
	d.held = palloc0(sizeof(HeldTable) * Max(d.schema->ntables, 1));
	write_statement(&d);
	if (d.tables == NIL)
		return;
	if (options->dry_run || options->brought_again)
	{
		if (!try_to_delete(&d))
			return;
	}
	else if (options->record)
		delete_others(&d);
	else
		delete_chosen(&d);
	put_result(&d, result);
}

void
deletion_of_lists(BackupSchema *schema, KeyList *const *lists, int64 *counts)
{
	const DeletionOptions options = {.replacing = true};
	Deletion	d = {&options, CurrentMemoryContext, schema};
	ListCell   *lc;

	d.s = selection_create(schema, NULL);
	for (int i = 0; i < schema->ntables; i++)
	{
		BackupTable *table = &schema->tables[i];

		if (lists[i] == NULL || lists[i]->nkeys == 0)
			continue;
		appendStringInfo(&d.s->sql, "%s d%d AS (DELETE FROM ", d.tables == NIL ? "WITH" : ",",
						 list_length(d.tables));
		selection_table(d.s, table, "t");
		appendStringInfoString(&d.s->sql, " WHERE ");
		keylist_condition(lists[i], d.s);
		append_returning(&d, table);
		d.tables = lappend(d.tables, table);
		childindex_notice(table->rel, lists[i]->nkeys);
	}
	append_counts(&d);
	delete_chosen(&d);
	foreach(lc, d.tables)
		counts[((BackupTable *) lfirst(lc))->index] = d.counts[foreach_current_index(lc)];
}
